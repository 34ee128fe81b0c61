"""The recovery action of runbook section 3D. Another provider is what `switch-provider` offers."""

from __future__ import annotations

import re
from pathlib import Path

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_NAME = re.compile(r"\b[A-Z][A-Z0-9]*_(?:API_KEY|KEY|TOKEN)\b")


class SetApiKey(RecoveryAction):
    """The exact variable, out of the message that asked for it; `OPENAI_API_KEY` where it named none."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        named = _NAME.search("\n".join([*diagnosis.evidence, failure.message]))
        name = named[0] if named else "OPENAI_API_KEY"
        blank = (
            " (it is set in your shell now: is it exported, and for this user?)"
            if context.setting(name).strip()
            else ""
        )
        return RecoveryOutcome(
            changed=False,
            message=f"{name} is not set{blank}; PowerShell: $env:{name} = '<your key>'",
            commands=(
                f"export {name}='<your key>'",
                *_from_file(name),
                f"dagogy recover {context.run_id}",
                f"AGENT_PROVIDER=internal dagogy recover {context.run_id}",
            ),
        )


def _from_file(name: str) -> tuple[str, ...]:
    """The line that exports what a `.env` in the current folder sets, where it sets this variable: nothing
    reads such a file by itself.
    """
    try:
        text = Path(".env").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return ("set -a; . ./.env; set +a",) if re.search(rf"^(?:export )?{name}=", text, re.MULTILINE) else ()
