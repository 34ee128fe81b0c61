"""`dagogy validate`."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from dagogy import __version__
from dagogy.api.errors import InvalidArgument, PluginError
from dagogy.cli.app import App
from dagogy.cli.commands.export import exported, find_exporter
from dagogy.cli.options import common, complete_plugins, run_argument, wait_option
from dagogy.pipeline import operations
from dagogy.pipeline.report import SHOWN_A_RULE, plural, summary_line
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.stages import CURRICULUM, REPORT_MD, SPEC

_OWN_FORMATS = ("text", "json")
_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


@click.command("validate", epilog="\b\nExamples:\n  dagogy validate latest\n  dagogy validate latest --format sarif > findings.sarif")
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
def validate(app: App, reference: str, format_id: str, fix: bool, unsafe_fixes: bool, show_diff: bool, wait_seconds: float) -> None:
    """Checks the curriculum against every rule and writes outputs/reviews/validation_report.md and .json. Exit status 4 when it fails."""
    exporter = None if format_id in _OWN_FORMATS else find_exporter(app, format_id, ("report",), _OWN_FORMATS)
    if app.json and exporter is not None:
        raise InvalidArgument(f"--json and --format {format_id} ask for two documents", hint="leave one of the two out")
    app.json = app.json or format_id == "json"
    if show_diff and exporter is not None:
        raise InvalidArgument(f"--diff shows fixes, --format {format_id} findings", hint="leave one of the two out")
    if show_diff:
        with app.reading(reference) as opened:
            _show_fixes(app, opened, unsafe_fixes)
        return
    with app.writing(reference, wait_seconds) as opened:
        if not opened.run.exists(CURRICULUM):
            opened.require(CURRICULUM, "validate")
        done: list[str] | None = None
        if fix or unsafe_fixes:
            _, _, done, _ = operations.fix(opened, unsafe=unsafe_fixes, write=True)
        report = operations.validate(opened)
        if exporter is None:
            _print(app, opened, report, done)
        else:
            text = exported(app, exporter, _export_context(app, opened, report))
            if text:
                app.write_export(text, exporter.info.media_type)
        if not report["passed"]:
            raise operations.validation_failure(opened, report)


def _export_context(app: App, opened: OpenRun, report: dict[str, Any]) -> Any:
    from dagogy.api.exporters import ExportContext
    from dagogy.contracts.lines import lines_of_pointers

    pointers = {f["pointer"] for f in report["findings"] if f["document"] == "curriculum"}
    rules = {
        p.id: {
            "summary": p.info.summary,
            "severity": next((r["severity"] for r in report["rules"] if r["rule_id"] == p.id), p.info.severity),
            "help": _help(app, p),
        }
        for p in app.host.load("rule")
        if p.info is not None
    }
    artifact = os.path.relpath(opened.run.path / CURRICULUM)
    return ExportContext(
        document=report,
        artifact=artifact,
        files={"curriculum": artifact, "topic_spec": os.path.relpath(opened.run.path / SPEC)},
        lines=lines_of_pointers(opened.run.read(CURRICULUM), pointers) if pointers else {},
        rules=rules,
        version=__version__,
    )


def _help(app: App, plugin: Any) -> str:
    from inspect import cleandoc

    try:
        return cleandoc(app.host.implementation(plugin).__doc__ or "")
    except PluginError:
        return ""


def _print_fixed(app: App, done: list[str] | None) -> None:
    """On stdout: should the validation fail all the same, stderr has to begin with the failure."""
    if done is not None:
        for line in done:
            app.write(f"fixed {line}")
        app.write(f"{len(done)} fixed" if done else "nothing that could be fixed")


def _show_fixes(app: App, opened: OpenRun, unsafe: bool) -> None:
    before, after, done, hidden = operations.fix(opened, unsafe=unsafe, write=False)
    a, b = (text.decode("utf-8", "replace").splitlines(True) for text in (before, after))
    import difflib

    diff = "".join(difflib.unified_diff(a, b, f"a/{CURRICULUM}", f"b/{CURRICULUM}"))
    app.emit({"fixes": done, "hidden_unsafe_fixes": hidden, "diff": diff}, *(diff.rstrip("\n") or "no fix of this kind would change anything").split("\n"))
    if hidden:
        app.note(f"{plural(hidden, 'fix', 'fixes')} that would change the meaning not shown: --unsafe-fixes --diff shows them")


def _print(app: App, opened: OpenRun, report: dict[str, Any], done: list[str] | None) -> None:
    """The report as JSON or as text; `done`: the fixes that were carried out."""
    if app.json:
        app.emit(report)
    else:
        _print_fixed(app, done)
        _print_text(app, opened, report)


def _print_text(app: App, opened: OpenRun, report: dict[str, Any]) -> None:
    colour = sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    shown: dict[str, int] = {}
    for finding in report["findings"]:
        rule = finding["rule_id"]
        shown[rule] = shown.get(rule, 0) + 1
        if shown[rule] <= SHOWN_A_RULE:
            severity = f"{finding['severity']:<7}"
            shown_severity = click.style(severity, fg=_COLOURS[finding["severity"]]) if colour else severity
            app.write(_line(finding), styled=f"{shown_severity} ")
    for rule, count in shown.items():
        if count > SHOWN_A_RULE:
            app.write(f"… and {count - SHOWN_A_RULE} more of {rule}, in {opened.run.path / REPORT_MD}")
    for row in report["rules"]:
        if row["status"] in ("skipped", "failed"):
            app.write(f"{row['status']:<7} {row['rule_id']}: {row['reason']}")
    app.write(f"{opened.run.id} {summary_line(report)}")
    hidden = _hidden_fixes(report, opened.run.id)
    if hidden:
        app.write(hidden)


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
            else f"{plural(unsafe, 'finding')} can be fixed with --unsafe-fixes (they change the meaning; --unsafe-fixes --diff shows them)"
        )
    return "; ".join(parts)


COMMANDS = {"validate": validate}
