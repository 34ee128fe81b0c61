"""The recovery actions of runbook section 3E."""

from __future__ import annotations

import re
import shlex

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome
from dagogy.api.services import ApiRoot, Url

_NAME = "OPENAI_BASE_URL"
_PROBE = "remote-llm.models"
_ROOT = ApiRoot(
    default="https://api.openai.com/v1",
    endpoints=("responses", "chat/completions", "completions", "models"),
    keys=r"sk-[\w-]{8,}|[\w-]{24,}",
)


class TrimBaseUrl(RecoveryAction):
    """Takes white space, quotes and slashes at the end off the address for one
    attempt; it stays the same address.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME)
        wanted = Url(given).trimmed
        if not wanted or wanted == given:
            return RecoveryOutcome(changed=False, message=f"{_NAME} has nothing to trim")
        return RecoveryOutcome(
            changed=True, message=f"{_NAME} {given!r} -> {wanted!r}", environment={_NAME: wanted}
        )


class UseTestedBaseUrl(RecoveryAction):
    """Asks `GET /models` at the repaired address, and uses it for one attempt where an
    API lists its models there.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME)
        wanted = meant(failure, given)
        if same(wanted, Url(given).trimmed):
            return RecoveryOutcome(
                changed=False, message=f"{_NAME} is well formed: nothing is known that could be better"
            )
        answers, answer = tested(context, given, wanted)
        if not answers:
            return RecoveryOutcome(
                changed=False, message=f"{Url(wanted).shown} was probably meant, but {answer}"
            )
        return RecoveryOutcome(
            changed=True,
            message=f"{_NAME} -> {Url(wanted).shown} ({answer})",
            environment={_NAME: wanted},
        )


class RepairBaseUrl(RecoveryAction):
    """The repaired address, what it answered when it was tested, and the line that sets it."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        given = context.setting(_NAME) or _ROOT.default
        wanted = meant(failure, given)
        words = (
            "is well formed, but no API answers there"
            if same(wanted, given)
            else f"was probably meant to be {Url(wanted).shown}"
        )
        _, answer = tested(context, given, wanted)
        # The address that failed is no advice; which other one is meant, nobody here can know.
        setting = "'<root of the API>'" if same(wanted, given) else shlex.quote(Url(wanted).shown)
        return RecoveryOutcome(
            changed=False,
            message=f"{_NAME} {Url(given).shown!r} {words}; {answer}",
            commands=(
                (
                    f"curl -s -m 5 -o /dev/null -w '%{{http_code}} %{{content_type}}\\n' "
                    f"{shlex.quote(Url(wanted).shown + '/models')}"
                ),
                f"export {_NAME}={setting}",
                f"dagogy recover {context.run_id}",
            ),
        )


def same(wanted: str, given: str) -> bool:
    """Whether `given` was sound, and `wanted` is that very place, however it is written."""
    return not _ROOT.problem(given) and Url(wanted).endpoint == Url(given).endpoint


def meant(failure: Failure, given: str) -> str:
    """The provider's own repair where it told one, else ours."""
    repaired = failure.details.get("repaired")
    return _ROOT.repaired(repaired if isinstance(repaired, str) and repaired else given)


def tested(context: RecoveryContext, given: str, wanted: str) -> tuple[bool, str]:
    """Whether an API answers at `wanted`, and what was seen. The key goes along only where the host stays the
    one that was set.
    """
    same = host_of(given) == host_of(wanted)
    changes = {_NAME: wanted} | ({} if same else {"OPENAI_API_KEY": ""})
    found = next((f for f in context.probe(_PROBE, changes) if f.subject.startswith("GET ")), None)
    if found is None:
        return False, "it was not tested"
    # Asked without a key, an API says so; that it is one is what counts here.
    answers = found.state == "ok" or ("status 401" in found.message and "json" in found.message)
    return answers, f"tested: {found.message}"


def host_of(url: str) -> str:
    """Host and port as they were typed, whatever is wrong with the rest."""
    return re.split(r"[/?#]", re.sub(r"^[A-Za-z]+:/+", "", Url(url).trimmed))[0].rpartition("@")[2].lower()
