"""`dagogy incidents list`: what has failed so far, across all runs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from dagogy.api.errors import InvalidArgument
from dagogy.cli.app import App
from dagogy.cli.options import common


@click.group("incidents", no_args_is_help=False, epilog="\b\nExample:\n  dagogy incidents list")
def incidents() -> None:
    """The incidents of all runs."""


@incidents.command("list", epilog="\b\nExample:\n  dagogy incidents list --json")
@common
def list_incidents(app: App) -> None:
    """Lists the incidents across all runs, the most frequent first: how often, in how many runs, last seen, and what resolved them before."""
    from dagogy.incidents.history import history
    from dagogy.incidents.redact import redacted

    found: dict[str, dict[str, Any]] = {}
    problems = []
    for run_id in app.session.runs.ids():
        try:
            told = history(app.host, app.session.runs.named(run_id))
        except InvalidArgument as error:
            problems.append(error.message)
            continue
        problems += [f"{run_id}: {name} is no failure record" for name in told.unreadable]
        for failure in told.failures:
            row = found.setdefault(failure.verdict.incident_id, {"count": 0, "runs": set(), "last_seen_utc": "", "by": Counter()})
            row["count"] += 1
            row["runs"].add(run_id)
            row["last_seen_utc"] = max(row["last_seen_utc"], failure.at_utc)
            resolved = told.resolved(failure)
            if resolved is not None:
                row["by"][str(resolved.get("action") or resolved.get("command") or resolved["event"])] += 1
    rows = [
        {"incident": name, "count": row["count"], "runs": sorted(row["runs"]), "last_seen_utc": row["last_seen_utc"], "resolved_before": dict(row["by"])}
        for name, row in sorted(found.items(), key=lambda item: (-item[1]["count"], item[0]))
    ]
    document = redacted({"runs_dir": str(app.session.runs.base), "incidents": rows, "problems": problems}, app.secrets())
    lines = [line for row in document["incidents"] for line in _lines(row)]
    app.emit(document, *(lines or ["no failures are recorded"]), *(f"not read: {problem}" for problem in document["problems"]))


def _lines(row: dict[str, Any]) -> list[str]:
    runs = len(row["runs"])
    head = f"{row['count']:>4}  {row['incident']}  (in {runs} run{'s' if runs != 1 else ''}, last {row['last_seen_utc'] or 'at an unknown time'})"
    return [head, *(f"      resolved before by: {what} ({times})" for what, times in row["resolved_before"].items())]


COMMANDS = {"incidents": incidents}
