"""`dagogy run`: the whole pipeline."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from dagogy.api.display import one_line
from dagogy.api.errors import InvalidArgument
from dagogy.api.text import shorten
from dagogy.cli.app import App
from dagogy.cli.commands.init import template_bytes
from dagogy.cli.options import common, complete_plugins, run_argument, wait_option
from dagogy.pipeline import inputs, operations
from dagogy.pipeline.report import cost_lines, hours, plural, summary_line
from dagogy.workspace.files import storage_error
from dagogy.workspace.stages import TRACE

_STAGES = ("scope", "generate", "validate", "plan", "iterate")


@click.command(
    "run",
    epilog="\b\nExamples:\n  dagogy run my-course --scope-file notes.md\n  dagogy run my-course --scope-file book.md --scope-section 'Chapter 2'",
)
@run_argument
@click.option("--scope-file", type=click.Path(path_type=Path), metavar="FILE", help="Markdown document to read concepts from; it is copied into the run.")
@click.option(
    "--scope-mode", type=click.Choice(["full", "section", "seed-list"]), help="Which part of it to use; default: full, or section with --scope-section."
)
@click.option("--scope-section", "sections", multiple=True, metavar="HEADING", help="A section to take, with all below it; may be repeated.")
@click.option("--provider", metavar="ID", help="Instead of AGENT_PROVIDER.", shell_complete=complete_plugins("provider"))
@click.option("--model", help="Instead of AGENT_MODEL.")
@click.option("--max-iterations", metavar="N", help="Instead of AGENT_MAX_ITERATIONS.")
@click.option("--target-score", metavar="SCORE", help="Instead of AGENT_TARGET_SCORE.")
@click.option("--no-cache", is_flag=True, help="Ask the provider again instead of reusing its cached answers.")
@click.option("--show-prompt", is_flag=True, help="Print what a language model would be asked, and do nothing else.")
@click.option("--self-heal", is_flag=True, help="When it fails, recover from the failure as 'recover' does, within limits; else leave an escalation bundle.")
@click.option("--unsafe", is_flag=True, help="With --self-heal: carry out the actions as well that overwrite, cost money or change the provider.")
@click.option("--heal-attempts", metavar="N", help="With --self-heal: instead of AGENT_HEAL_ATTEMPTS, how often it is run again at most.")
@click.option("--heal-seconds", metavar="SECONDS", help="With --self-heal: instead of AGENT_HEAL_SECONDS, how long recovering may take.")
@click.option("--heal-calls", metavar="N", help="With --self-heal: instead of AGENT_HEAL_CALLS, most requests to a service while recovering.")
@wait_option
@common
def run(
    app: App,
    reference: str,
    scope_file: Path | None,
    scope_mode: str | None,
    sections: tuple[str, ...],
    provider: str | None,
    model: str | None,
    max_iterations: str | None,
    target_score: str | None,
    no_cache: bool,
    show_prompt: bool,
    self_heal: bool,
    unsafe: bool,
    heal_attempts: str | None,
    heal_seconds: str | None,
    heal_calls: str | None,
    wait_seconds: float,
) -> int:
    """Compiles a run: reads the scope document or topic spec, generates a curriculum, validates it, plans it, and says what changed."""
    app.flags = {"AGENT_PROVIDER": provider, "AGENT_MODEL": model, "AGENT_MAX_ITERATIONS": max_iterations, "AGENT_TARGET_SCORE": target_score}
    healing = {"AGENT_HEAL_ATTEMPTS": heal_attempts, "AGENT_HEAL_SECONDS": heal_seconds, "AGENT_HEAL_CALLS": heal_calls}
    if not self_heal and (unsafe or any(healing.values())):
        raise InvalidArgument("--unsafe and the --heal- options need --self-heal", hint=f"dagogy run {reference} --self-heal")
    if self_heal and show_prompt:
        raise InvalidArgument("--show-prompt asks nobody, so there is nothing to heal", hint="leave one of the two out")
    app.flags |= healing

    def compiled() -> None:
        if provider:  # before the run is worked on: that it is not installed is no fault of the run
            app.session.provider_plugin(provider)
        _compile(app, reference, _scope(app, scope_file, scope_mode, sections), wait_seconds, fresh=no_cache)

    if show_prompt:
        _show_prompt(app, reference, _scope(app, scope_file, scope_mode, sections))
    elif self_heal:
        from dagogy.cli.heal import self_healing

        return self_healing(app, compiled, unsafe=unsafe)
    else:
        compiled()
    return 0


def _compile(app: App, reference: str, scope: inputs.ScopeRequest | None, wait_seconds: float, *, fresh: bool) -> None:
    """The whole pipeline on one run, and its result on stdout."""
    with app.writing(reference, wait_seconds) as opened:
        inputs.require_inputs(opened, scope)
        # What the configuration says of the rules has to be right before a provider is asked, which may cost money.
        app.session.judge.prepare()
        with display(app) as progress:
            template = template_bytes(app.settings)
            chosen = app.session.provider()
            with app.session.asking(chosen, lambda line: progress("generate", line)) as answered:
                reading = inputs.prepare_inputs(opened, scope, chosen, template, progress)
                result = inputs.generate(opened, chosen, reading, progress, fresh=fresh)
                if result.trace["usage"].get("calls", 1):  # an answer that was kept says nothing of the service
                    answered()
            progress("validate", "checking the best draft")
            report = operations.validate(opened, result.best.context, result.best.validation)
            progress("validate", summary_line(report))
            if not report["passed"]:
                operations.close_round(opened)
                raise operations.validation_failure(opened, report)
            plan = operations.plan(opened, result.best.context)
            progress("plan", _weeks(plan))
            diff = operations.iterate(opened, result.best.context)
            progress("iterate", _changes(diff))
        facts = opened.facts()
    document = {
        **facts,
        "provider": chosen.info.id,
        "nodes": report["nodes"],
        "passed": report["passed"],
        "score": report["score"],
        "summary": report["summary"],
        "stop_reason": result.stop_reason,
        "model": result.model,
        "usage": result.trace["usage"],
        "duration_weeks": plan["duration_weeks"],
        "total_estimated_minutes": plan["total_estimated_minutes"],
        "diff": {name: len(diff[f"{name}_nodes"]) for name in ("added", "removed", "changed", "renamed")},
    }
    app.emit(
        document,
        f"run {opened.run.id}: {facts['stage']}",
        f"  curriculum  {plural(report['nodes'], 'node')} by {chosen.info.id}; {result.stop_reason}",
        *_notes(result.trace),
        *cost_lines(result.trace["usage"], result.model),
        f"  validation  {summary_line(report)}",
        f"  plan        {_weeks(plan)}; critical path {plural(len(plan['critical_path']), 'node')}",
        f"  diff        {_changes(diff)}",
        f"  {opened.run.path}",
    )


_SHOWN_NOTES = 5


def _notes(trace: dict[str, Any]) -> list[str]:
    """The first of what the provider has to say of its answer, such as what it merged or left out, and where the rest stands."""
    notes: list[str] = next((r["notes"] for r in reversed(trace["iterations"]) if r["action"] == "propose"), [])
    lines = [f"  note        {shorten(note, 200)}" for note in notes[:_SHOWN_NOTES]]
    if len(notes) > _SHOWN_NOTES or any(len(note) > 200 for note in notes):
        lines.append(f"  notes       {plural(len(notes), 'note')} in full in {TRACE}")
    return lines


def _show_prompt(app: App, reference: str, scope: inputs.ScopeRequest | None) -> None:
    """What would be sent; nothing is, and nothing is written."""
    with app.reading(reference) as opened:
        question = inputs.preview(opened, scope, app.session.provider(), template_bytes(app.settings))
    document = app.clean({"instructions": question.instructions, "text": question.text, "schema_name": question.schema_name, "schema": question.schema})
    schema = json.dumps(document["schema"], indent=2, ensure_ascii=False)
    text = f"{document['instructions']}\n{document['text']}\n\n{document['schema_name']}: {schema}"
    app.emit(document, *text.split("\n"))


def _scope(app: App, path: Path | None, mode: str | None, sections: tuple[str, ...]) -> inputs.ScopeRequest | None:
    if path is None:
        if mode or sections:
            raise InvalidArgument("--scope-mode and --scope-section need --scope-file", hint="add --scope-file FILE")
        return None
    return inputs.scope_request(_scope_bytes(path), str(app.clean(str(path))), mode or ("section" if sections else "full"), sections)


def _scope_bytes(path: Path) -> bytes:
    """The document, which may come out of a pipe. One that is too large is left before it fills the memory."""
    from dagogy.pipeline.scope import MAX_SCOPE_BYTES

    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SCOPE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidArgument(f"--scope-file '{path}' does not exist", hint="relative paths count from the current folder") from None
    except IsADirectoryError:
        raise InvalidArgument(f"--scope-file '{path}' is a folder", hint="give one Markdown file") from None
    except OSError as error:
        raise storage_error("read the scope file", path, error) from error
    if len(data) > MAX_SCOPE_BYTES:
        raise InvalidArgument(
            f"--scope-file '{path}' is larger than the {MAX_SCOPE_BYTES // 2**20} MiB that are read",
            hint="split it, or cut out the part that is to be taught",
        )
    return data


def _weeks(plan: dict[str, Any]) -> str:
    return f"{plural(plan['duration_weeks'], 'week')}, {hours(plan['total_estimated_minutes'])}"


def _changes(diff: dict[str, Any]) -> str:
    counts = {name: len(diff[f"{name}_nodes"]) for name in ("added", "removed", "changed", "renamed")}
    if not any(counts.values()):
        return "nothing changed"
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n) + f"; {hours(diff['time_delta_minutes'], '+')}"


def display(app: App) -> AbstractContextManager[Callable[[str, str], None]]:
    """How progress is shown: a live display on a terminal, plain lines on stdout in a pipe, nothing with `--json`.

    Not on stderr, whose first line is the failure's when a command fails.
    """
    if app.json:
        return nullcontext(lambda stage, line: None)
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if terminal:
        return _Live()
    return nullcontext(lambda stage, line: _plain(app, f"{stage}: {line}"))


def _plain(app: App, line: str) -> None:
    """One line at once. That nobody reads any more is no reason to stop halfway; the result meets it again."""
    with suppress(OSError):
        app.write(line)
        if sys.stdout is not None:
            sys.stdout.flush()


class _Live:
    """The stages of a run with a spinner at the one under way (rich, on stderr)."""

    def __enter__(self) -> Callable[[str, str], None]:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        # Where the terminal is too narrow, only the line of text gives way.
        columns = (
            SpinnerColumn(finished_text="[green]✓[/]", table_column=Column(min_width=1)),
            TextColumn("{task.description}", table_column=Column(min_width=max(map(len, _STAGES)), no_wrap=True)),
            TextColumn("{task.fields[line]}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
            TimeElapsedColumn(table_column=Column(min_width=len("0:00:00"), no_wrap=True)),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), expand=True)
        self._tasks = {stage: self._progress.add_task(stage, total=1, start=False, visible=False, line="") for stage in _STAGES}
        self._now = ""
        self._progress.start()
        return self.show

    def show(self, stage: str, line: str) -> None:
        if stage != self._now:
            self._finish()
            self._now = stage
            self._progress.start_task(self._tasks[stage])
        self._progress.update(self._tasks[stage], visible=True, line=one_line(line))

    def _finish(self) -> None:
        if self._now:
            self._progress.update(self._tasks[self._now], completed=1)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()


COMMANDS = {"run": run}
