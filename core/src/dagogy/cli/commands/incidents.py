"""`dagogy incidents`: what has failed so far, across all runs, and who is not asked for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from dagogy.api.errors import InvalidArgument, NotFound
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.workspace.circuits import Breakers


@click.group("incidents", no_args_is_help=False, epilog="\b\nExample:\n  dagogy incidents list")
def incidents() -> None:
    """The incidents of all runs."""


@incidents.command("list", epilog="\b\nExample:\n  dagogy incidents list --json")
@common
def list_incidents(app: App) -> None:
    """Lists the incidents across all runs, the most frequent first: how often, in how many runs, last seen,
    and what resolved them before.
    """
    from dagogy.incidents.history import history

    found: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for run_id in app.session.runs.ids():
        try:
            past = history(app.host, app.session.runs.named(run_id))
        except InvalidArgument as error:
            problems.append(error.message)
            continue
        except NotFound:  # archived away meanwhile
            continue
        problems += [f"{run_id}: {name} cannot be read" for name in past.unreadable]
        for failure in past.faults:
            row = found.setdefault(
                failure.verdict.incident_id, {"count": 0, "runs": set(), "last_seen_utc": "", "by": Counter()}
            )
            row["count"] += 1
            row["runs"].add(run_id)
            row["last_seen_utc"] = max(row["last_seen_utc"], failure.at_utc)
            resolved = past.resolved(failure)
            if resolved is not None:
                row["by"][_means(resolved, failure.verdict.incident_id)] += 1
    rows = [
        {
            "incident": name,
            "count": row["count"],
            "runs": sorted(row["runs"]),
            "last_seen_utc": row["last_seen_utc"],
            "resolved_before": dict(row["by"]),
        }
        for name, row in sorted(found.items(), key=lambda item: (-item[1]["count"], item[0]))
    ]
    breakers = Breakers(app.session.runs.base, note=problems.append).opened()
    document = {
        "runs_dir": str(app.session.runs.base),
        "incidents": rows,
        "circuits": [b.as_dict() for b in breakers],
        "problems": problems,
    }
    document = redacted(document, app.workspace.secrets())
    lines = [line for row in document["incidents"] for line in _lines(row)] or ["no failures are recorded"]
    lines += [_circuit_line(circuit) for circuit in document["circuits"]]
    app.emit(document, *lines, *(f"not read: {problem}" for problem in document["problems"]))


@incidents.command("reset", epilog="\b\nExample:\n  dagogy incidents reset PROVIDER")
@click.argument("provider", required=False, metavar="[PROVIDER]")
@common
def reset(app: App, provider: str | None) -> None:
    """Closes the circuit breakers, of one provider or of all, so that the next command asks it again."""
    closed = Breakers(app.session.runs.base, note=app.note).close(
        lambda circuit: provider in (None, circuit.provider)
    )
    rows = [b.as_dict() for b in closed]
    lines = [f"closed: {_circuit_line(row)}" for row in rows] or ["no circuit breaker is open"]
    app.emit(redacted({"closed": rows}, app.workspace.secrets()), *lines)


def _means(resolved: Mapping[str, Any], incident: str) -> str:
    """By what a failure was resolved: the action, or the command run again."""
    if resolved["event"] == "recovered":
        led_past = resolved.get("incidents")
        return str(
            (led_past.get(incident) if isinstance(led_past, dict) else "")
            or resolved.get("by")
            or "the same command again"
        )
    return str(resolved.get("command") or resolved["event"])


def _circuit_line(row: Mapping[str, Any]) -> str:
    where = f"{row['provider']} at {row['endpoint']}" + (f", model {row['model']}" if row["model"] else "")
    return (
        f"circuit breaker of {where}: open until {row['until_utc']} ({row['incident']} since "
        f"{row['since_utc']})"
    )


def _lines(row: dict[str, Any]) -> list[str]:
    runs = len(row["runs"])
    head = (
        f"{row['count']:>4}  {row['incident']}  (in {runs} run{'s' if runs != 1 else ''}, last "
        f"{row['last_seen_utc'] or 'at an unknown time'})"
    )
    return [
        head,
        *(f"      resolved before by: {what} ({times})" for what, times in row["resolved_before"].items()),
    ]


COMMANDS = {"incidents": incidents}
