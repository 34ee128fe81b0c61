"""What helps when a plugin fails: a newer one, or none."""

from __future__ import annotations

import re
import shlex
import sys
from typing import NamedTuple

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
#: Kinds without which a command does all the rest of its work.
_SPARED = ("rule", "classifier", "recovery", "probe")
_OURS = "dagogy-"


class _Culprit(NamedTuple):
    """The plugin that a failure names; each part "" where it does not."""

    id: str
    kind: str
    distribution: str


class LeaveOutPlugin(RecoveryAction):
    """Sets `DAGOGY_DISABLE` for one attempt, where the plugin is a rule. A provider, exporter or command is
    what was asked for: that is not left out.

    The validation counts only as long as the rule is left out: without `DAGOGY_DISABLE` the run
    asks to be validated again.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        culprit = _culprit(failure)
        if not culprit.id:
            return RecoveryOutcome(changed=False, message="the failure does not name the plugin")
        if culprit.kind not in _SPARED:
            return RecoveryOutcome(
                changed=False,
                message=f"the {culprit.kind or 'plugin'} '{culprit.id}' is what the command needs",
            )
        return RecoveryOutcome(
            changed=True,
            message=f"without the {culprit.kind} '{culprit.id}'",
            environment={"DAGOGY_DISABLE": _without(context, culprit.id)},
        )


class UpdatePlugin(RecoveryAction):
    """Names the plugin and its distribution, and gives the commands that show it, update it, or run the
    failed command without it.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        culprit = _culprit(failure)
        commands = [f"dagogy plugins show {culprit.id}"] if culprit.id else ["dagogy doctor"]
        if culprit.distribution:
            commands.append(
                shlex.join([sys.executable, "-m", "pip", "install", "--upgrade", culprit.distribution])
            )
        if culprit.id and culprit.kind in _SPARED and failure.command:
            commands.append(f"DAGOGY_DISABLE={_without(context, culprit.id)} {shlex.join(failure.command)}")
        to = "dagogy's own authors" if culprit.distribution.startswith(_OURS) else "its author"
        return RecoveryOutcome(
            changed=False,
            message=f"{failure.message}; if the newest version fails too, report it to {to}",
            commands=tuple(commands),
        )


def _culprit(failure: Failure) -> _Culprit:
    """Out of the details. What is no name comes from elsewhere, and stands in no command."""
    words = [failure.details.get(key) for key in ("plugin", "kind", "distribution")]
    # A provider's distribution comes with its version.
    given = [word.partition(" ")[0] if isinstance(word, str) else "" for word in words]
    return _Culprit(*(word if _NAME.fullmatch(word) else "" for word in given))


def _without(context: RecoveryContext, plugin_id: str) -> str:
    names = [name.strip() for name in context.setting("DAGOGY_DISABLE").split(",") if name.strip()]
    return ",".join(dict.fromkeys([*names, plugin_id]))
