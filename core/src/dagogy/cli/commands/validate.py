"""`dagogy validate`."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagogy.api.errors import InvalidArgument
from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins, run_argument, wait_option
from dagogy.pipeline.report import plural, summary_line
from dagogy.workspace.stages import CURRICULUM, REPORT_MD

if TYPE_CHECKING:
    from dagogy.api.runs import Report
    from dagogy.pipeline.results import Fixes

_OWN_FORMATS = ("text", "json")
_ORDER = {"info": 0, "warning": 1, "error": 2}
#: As many findings as a terminal can hold are shown; of more, so many of each rule.
_MOST_LINES, _MOST_OF_A_RULE = 1_000, 100
_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


@click.command(
    "validate",
    epilog=(
        "\b\nExamples:\n  dagogy validate latest\n  dagogy validate latest --format sarif > findings.sarif"
    ),
)
@run_argument
@click.option(
    "--format",
    "format_id",
    default="text",
    metavar="FORMAT",
    help="text, json, or an exporter: sarif, github, junit, …",
    shell_complete=complete_plugins("exporter"),
)
@click.option("--fix", is_flag=True, help="Apply safe fixes to the curriculum.")
@click.option("--unsafe-fixes", is_flag=True, help="Apply the fixes that change its meaning as well.")
@click.option("--diff", "show_diff", is_flag=True, help="Only show what the fixes would change.")
@wait_option
@common
def validate(
    app: App,
    reference: str,
    format_id: str,
    fix: bool,
    unsafe_fixes: bool,
    show_diff: bool,
    wait_seconds: float,
) -> None:
    """Checks the curriculum against every rule and writes outputs/reviews/validation_report.md and .json.
    Exit status 4 when it fails.
    """
    exporter = (
        None if format_id in _OWN_FORMATS else app.workspace.exporter(format_id, ("report",), _OWN_FORMATS)
    )
    if app.json and exporter is not None:
        raise InvalidArgument(
            f"--json and --format {format_id} ask for two documents", hint="leave one of the two out"
        )
    app.json = app.json or format_id == "json"
    if show_diff and exporter is not None:
        raise InvalidArgument(
            f"--diff shows fixes, --format {format_id} findings", hint="leave one of the two out"
        )
    run = app.open(reference, wait_seconds)
    if show_diff:
        _show_fixes(app, run.fixes(unsafe=unsafe_fixes))
        return
    report = run.check(fix=fix, unsafe_fixes=unsafe_fixes)
    if exporter is not None:
        text = report.export(format_id)
        if text:
            app.write_export(text, exporter.info.media_type)
    elif app.json:
        app.emit(report)
    else:
        if fix or unsafe_fixes:
            _print_fixed(app, report.fixed)
        print_report(app, report, run.id, str(run.path / REPORT_MD))
        if hidden := _hidden_fixes(report, run.id):
            app.write(hidden)
    report.raise_for_errors()


@click.command("check", epilog="\b\nExample:\n  dagogy check curriculum.json --spec topic_spec.json")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--spec", type=click.Path(path_type=Path), metavar="FILE", help="Topic spec that it has to meet."
)
@common
def check(app: App, file: Path, spec: Path | None) -> None:
    """Checks a curriculum file against every rule, without a run. Exit status 4 when it fails.

    Without --spec its scope is what it teaches, in evidence mode 'minimal'.
    """
    report = app.workspace.check(file, spec)
    if app.json:
        app.emit(report)
    else:
        print_report(app, report, str(file), "--json")
    report.raise_for_errors()


def _print_fixed(app: App, done: Sequence[str]) -> None:
    """On stdout: should the validation fail all the same, stderr has to begin with the failure."""
    for line in done:
        app.write(f"fixed {line}")
    app.write(f"{len(done)} fixed" if done else "nothing that could be fixed")


def _show_fixes(app: App, fixes: Fixes) -> None:
    diff = fixes.diff(CURRICULUM)
    document = {"fixes": fixes.done, "hidden_unsafe_fixes": fixes.hidden, "diff": diff}
    app.emit(document, *(diff.rstrip("\n") or "no fix of this kind would change anything").split("\n"))
    if fixes.hidden:
        app.note(
            f"{plural(fixes.hidden, 'fix', 'fixes')} that would change the meaning not shown: --unsafe-fixes "
            "--diff shows them"
        )


def print_report(app: App, report: Report, name: str, all_of_it: str) -> None:
    """The findings and the summary of the validation of `name`; `all_of_it`: where every finding is."""
    colour = sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    # What has to be done stands next to the summary, below what is only said.
    findings = sorted(report["findings"], key=lambda finding: _ORDER[finding["severity"]])
    most = len(findings) if len(findings) <= _MOST_LINES else _MOST_OF_A_RULE
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding["rule_id"]] += 1
        if seen[finding["rule_id"]] > most:
            continue
        severity = f"{finding['severity']:<7}"
        shown_severity = click.style(severity, fg=_COLOURS[finding["severity"]]) if colour else severity
        app.write(_line(finding), styled=f"{shown_severity} ")
    for rule, count in seen.items():
        if count > most:
            app.write(f"{rule}: {plural(count - most, 'finding')} besides, in {all_of_it}")
    for row in report["rules"]:
        if row["status"] in ("skipped", "failed"):
            app.write(f"{row['status']:<7} {row['rule_id']}: {row['reason']}")
    app.write(f"{name} {summary_line(report)}")


def _line(finding: dict[str, Any]) -> str:
    place = f"{'topic_spec' if finding['document'] == 'topic_spec' else ''}{finding['pointer'] or '/'}"
    mark = f" [{finding['fix']['safety']} fix]" if finding["fix"] else ""
    return f"{finding['rule_id']} {place}: {' '.join(finding['message'].split())}{mark}"


def _hidden_fixes(report: dict[str, Any], run_id: str) -> str:
    safe, unsafe = report["summary"]["safe_fixes"], report["summary"]["unsafe_fixes"]
    parts = []
    if safe:
        parts.append(f"{plural(safe, 'finding')} can be fixed safely: dagogy validate {run_id} --fix")
    if unsafe:
        parts.append(
            f"{unsafe} more with --unsafe-fixes (they change the meaning; --unsafe-fixes --diff shows them)"
            if safe
            else (
                f"{plural(unsafe, 'finding')} can be fixed with --unsafe-fixes (they change the meaning; "
                "--unsafe-fixes --diff shows them)"
            )
        )
    return "; ".join(parts)


COMMANDS = {"validate": validate, "check": check}
