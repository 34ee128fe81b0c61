"""The recovery actions of runbook section 3E."""

from __future__ import annotations

import shlex

from dagogy.api import Diagnosis, Failure, RecoveryAction, RecoveryContext, RecoveryOutcome, repaired_base_url, trimmed_base_url

_NAME = "OPENAI_BASE_URL"


class TrimBaseUrl(RecoveryAction):
    """Takes white space, quotes and slashes at the end off the address for one attempt; it stays the same address."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME)
        wanted = trimmed_base_url(given)
        if not wanted or wanted == given:
            return RecoveryOutcome(changed=False, message=f"{_NAME} has nothing to trim")
        return RecoveryOutcome(changed=True, message=f"{_NAME} {given!r} -> {wanted!r}", environment={_NAME: wanted})


class RepairBaseUrl(RecoveryAction):
    """The repaired address, the command that tests it, and the line that sets it. Requests go to a new address only by a person's hand."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME)
        wanted = repaired_base_url(given)
        told = "is well formed, but no API answers there" if wanted == given else f"was probably meant to be {wanted}"
        return RecoveryOutcome(
            changed=False,
            message=f"{_NAME} {given!r} {told}",
            commands=(
                f"curl -s -m 5 -o /dev/null -w '%{{http_code}} %{{content_type}}\\n' {shlex.quote(wanted + '/models')}",
                f"export {_NAME}={shlex.quote(wanted)}",
                f"dagogy recover {context.run_id}",
            ),
        )
