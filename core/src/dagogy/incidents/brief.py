"""A failure in one line: which incident it is, why, and what to type next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dagogy.host.manager import Host
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import UNKNOWN, Verdict

_LONGEST = 200
#: A command in a hint: at its beginning, or after `then:` and its like.
_COMMAND = re.compile(r"(?:^'?|\b(?:or|then|try):? '?)(dagogy [^,;'(]+)")


def brief(host: Host | None, verdict: Verdict) -> tuple[str, bool]:
    """The cause in one line, and whether a recovery action is installed for the incident."""
    if host is None or verdict.outcome != "diagnosed":
        return verdict.reason, False
    cause = incident_help.page(host, verdict.best[0].plugin, verdict.incident_id).summary
    helped = any(verdict.incident_id in p.info.incidents for p in host.load("recovery") if p.info is not None)
    return cause if len(cause) <= _LONGEST else cause[: _LONGEST - 1] + "…", helped


def last_line(host: Host | None, verdict: Verdict, document: Mapping[str, Any], record: str) -> str:
    """What a failing command ends with: incident, cause and the next command. `host` is None where there is
    none: its own settings are wrong.
    """
    cause, helped = brief(host, verdict)
    return closing(verdict, cause, next_command(document, verdict.incident_id, record, helped))


def closing(verdict: Verdict, cause: str, command: str) -> str:
    """That line."""
    return f"incident {verdict.incident_id}: {cause.rstrip('.')}; next: {command}"


def next_command(document: Mapping[str, Any], incident: str, record: str, helped: bool) -> str:
    """What to type next: the command that the hint begins with; else what recovers, or tells more. `helped`:
    whether some action recovers.

    Without a record no command about failures would find this one.
    """
    run = str(document.get("run_id") or "") if record else ""
    hinted = _COMMAND.search(str(document.get("hint") or ""))
    # The same again is no next step.
    if hinted and not set(hinted[1].split()) <= {*map(str, document.get("command") or ()), run}:
        return hinted[1].strip()
    if run and helped:
        return f"dagogy recover {run} --dry-run"
    if incident != UNKNOWN:
        return f"dagogy diagnose {run}" if run else f"dagogy explain {incident}"
    if run:
        return f"dagogy escalate {run}"
    return f"dagogy diagnose {record}" if record else "dagogy doctor"
