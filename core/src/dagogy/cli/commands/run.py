"""`dagogy run`: the whole pipeline."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagogy.api.errors import InvalidArgument, NotFound
from dagogy.api.text import shorten
from dagogy.cli.app import App
from dagogy.cli.options import about_run, common, complete_plugins, complete_runs_and_files, wait_option
from dagogy.cli.progress import display
from dagogy.cli.replays import with_run
from dagogy.cli.scope import scope_options, summary_lines, terminal_width
from dagogy.pipeline.given import STDIN
from dagogy.pipeline.report import cost_lines, plural, summary_line
from dagogy.workspace.stages import CONCEPTS, TRACE

if TYPE_CHECKING:
    from dagogy.api.llm import Question
    from dagogy.api.runs import Reading, Run


@click.command(
    "run",
    epilog=(
        "\b\nExamples:\n  dagogy run notes.md\n  dagogy run my-course --scope-file notes.md\n"
        "  dagogy run my-course --scope-file book.md --scope-section 'Chapter 2'"
    ),
)
@click.argument("reference", metavar="RUN|FILE", shell_complete=complete_runs_and_files, callback=about_run)
@click.option(
    "--scope-file",
    "scope_files",
    type=click.Path(path_type=Path, allow_dash=True),
    multiple=True,
    metavar="FILE",
    help=(
        "Document to read concepts from; it is copied into the run. A folder of lessons, '-' for standard "
        "input; may be repeated."
    ),
)
@scope_options
@click.option(
    "--provider", metavar="ID", help="Instead of AGENT_PROVIDER.", shell_complete=complete_plugins("provider")
)
@click.option("--model", help="Instead of AGENT_MODEL.")
@click.option("--max-iterations", metavar="N", help="Instead of AGENT_MAX_ITERATIONS.")
@click.option("--target-score", metavar="SCORE", help="Instead of AGENT_TARGET_SCORE.")
@click.option(
    "--no-cache", is_flag=True, help="Ask the provider again instead of reusing its cached answers."
)
@click.option(
    "--show-prompt", is_flag=True, help="Print what a language model would be asked, and do nothing else."
)
@click.option(
    "--self-heal",
    is_flag=True,
    help=(
        "When it fails, recover from the failure as 'recover' does, within limits; else leave an escalation "
        "bundle."
    ),
)
@click.option(
    "--unsafe",
    is_flag=True,
    help="With --self-heal: carry out the actions as well that overwrite, cost money or change the provider.",
)
@click.option(
    "--heal-attempts",
    metavar="N",
    help="With --self-heal: instead of AGENT_HEAL_ATTEMPTS, how often it is run again at most.",
)
@click.option(
    "--heal-seconds",
    metavar="SECONDS",
    help="With --self-heal: instead of AGENT_HEAL_SECONDS, how long recovering may take.",
)
@click.option(
    "--heal-calls",
    metavar="N",
    help="With --self-heal: instead of AGENT_HEAL_CALLS, most requests to a service while recovering.",
)
@wait_option
@common
def run(
    app: App,
    reference: str,
    scope_files: tuple[Path, ...],
    scope_format: str | None,
    scope_mode: str | None,
    sections: tuple[str, ...],
    concepts_from: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
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
    """Compiles a run: reads the scope document or topic spec, generates a curriculum, validates it, plans it,
    and says what changed.

    With a FILE, or a folder of lessons, it is the newest run made of that, or a new one. A name that is both
    a run's and a file's means the run; './notes' is the file.
    """
    app.flags = {
        "AGENT_PROVIDER": provider,
        "AGENT_MODEL": model,
        "AGENT_MAX_ITERATIONS": max_iterations,
        "AGENT_TARGET_SCORE": target_score,
    }
    healing = {
        "AGENT_HEAL_ATTEMPTS": heal_attempts,
        "AGENT_HEAL_SECONDS": heal_seconds,
        "AGENT_HEAL_CALLS": heal_calls,
    }
    if not self_heal and (unsafe or any(healing.values())):
        raise InvalidArgument(
            "--unsafe and the --heal- options need --self-heal", hint=f"dagogy run {reference} --self-heal"
        )
    if self_heal and show_prompt:
        raise InvalidArgument(
            "--show-prompt asks nobody, so there is nothing to heal", hint="leave one of the two out"
        )
    if self_heal and STDIN in scope_files:
        raise InvalidArgument(
            "--self-heal runs the command again, and standard input can be read once",
            hint="give --scope-file a file",
        )
    app.flags |= healing
    source: dict[str, Any] = {"mode": scope_mode or "", "sections": sections, "reader": scope_format or ""}
    source |= {"concepts_from": concepts_from, "only": only, "skip": skip}
    file = _file_meant(app, reference)
    if file is None:
        return _carried_out(
            app,
            app.open(reference, wait_seconds),
            scope_files,
            source,
            show_prompt,
            self_heal,
            unsafe=unsafe,
            fresh=no_cache,
        )
    if scope_files:
        raise InvalidArgument(
            f"'{reference}' is a document, and --scope-file gives another",
            hint=f"dagogy init NAME, then: dagogy run NAME --scope-file {reference} --scope-file ...",
        )
    how = {key: source[key] for key in ("mode", "sections", "reader")}
    with app.workspace.run_of(file, **how, wait_seconds=wait_seconds) as course:
        app.reference = course.id
        app.arguments[:] = with_run(app.arguments, app, course.id, reference)
        app.remarks.append(f"{reference}: run {course.id}")
        return _carried_out(
            app, course, (file,), source, show_prompt, self_heal, unsafe=unsafe, fresh=no_cache
        )


def _file_meant(app: App, reference: str) -> Path | None:
    """The document or folder that was named in place of a run; None where it is a run that is meant."""
    path = Path(reference)
    there = os.path.exists(reference) and path.name != ".." and not (path / "run.json").exists()
    if not there and not path.suffix:
        return None
    try:
        run = app.session.runs.find(reference)
    except NotFound as error:
        if there:
            return path
        raise NotFound(f"{error.message}, and no such file", hint=error.hint, details=error.details) from None
    except InvalidArgument as error:
        if not there:
            return None
        if "candidates" not in error.details:  # no name that a run could have
            return path
        raise InvalidArgument(
            error.message,
            hint=f"give the whole id, or './{reference}' for the file",
            details=error.details,
        ) from None
    if there:
        app.remarks.append(f"'{reference}' is taken for run {run.id}; './{reference}' is the file")
    return None


def _carried_out(
    app: App,
    course: Run,
    files: Sequence[Path],
    source: Mapping[str, Any],
    show_prompt: bool,
    self_heal: bool,
    *,
    unsafe: bool,
    fresh: bool,
) -> int:
    """What the options ask of the run. Returns the exit status."""
    if show_prompt:
        _show_prompt(app, course.preview(files, **source))
    elif self_heal:
        from dagogy.cli.heal import self_healing

        return self_healing(app, lambda: _compile(app, course, files, source, fresh=fresh), unsafe=unsafe)
    else:
        _compile(app, course, files, source, fresh=fresh)
    return 0


def _compile(app: App, course: Run, files: Sequence[Path], source: Mapping[str, Any], *, fresh: bool) -> None:
    """The whole pipeline on one run, and its result on stdout."""
    with display(app) as progress:
        result = course.compile(files, **source, fresh=fresh, progress=progress)
        result.report.raise_for_errors()
    report, plan, diff = result.report, result.plan, result.diff
    assert plan is not None
    assert diff is not None
    app.emit(
        result.as_dict(),
        *_reading_lines(app, result.reading),
        f"run {course.id}: {result.facts['stage']}",
        f"  curriculum  {plural(report['nodes'], 'node')} by {result.provider}; {result.stop_reason}",
        *_notes(result.notes),
        *cost_lines(result.usage, result.model),
        f"  validation  {summary_line(report)}",
        f"  plan        {plan.summary()}; critical path {plural(len(plan['critical_path']), 'node')}",
        f"  diff        {diff.summary()}",
        f"  {course.path}",
    )


def _reading_lines(app: App, reading: Reading | None) -> list[str]:
    """The table of what was read, where there was a document; `--json` takes its counts alone."""
    if app.json or reading is None:
        return []
    return [
        *(str(line) for line in app.workspace.clean(summary_lines(reading.entries, terminal_width()))),
        f"each with its place and the reason: {CONCEPTS}",
        "",
    ]


_SHOWN_NOTES = 5


def _notes(notes: Sequence[str]) -> list[str]:
    """The first of what the provider has to say of its answer, such as what it merged or left
    out, and where the rest stands.
    """
    lines = [f"  note        {shorten(note, 200)}" for note in notes[:_SHOWN_NOTES]]
    if len(notes) > _SHOWN_NOTES or any(len(note) > 200 for note in notes):
        lines.append(f"  notes       {plural(len(notes), 'note')} in full in {TRACE}")
    return lines


def _show_prompt(app: App, question: Question) -> None:
    """What would be sent; nothing is, and nothing is written."""
    parts = {
        "instructions": question.instructions,
        "text": question.text,
        "schema_name": question.schema_name,
        "schema": question.schema,
    }
    document = app.workspace.clean(parts)
    schema = json.dumps(document["schema"], indent=2, ensure_ascii=False)
    text = f"{document['instructions']}\n{document['text']}\n\n{document['schema_name']}: {schema}"
    app.emit(document, *text.split("\n"))


COMMANDS = {"run": run}
