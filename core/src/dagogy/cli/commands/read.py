"""`dagogy read`."""

from __future__ import annotations

from pathlib import Path

import click

from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.cli.scope import scope_options, table_lines, terminal_width


@click.command(
    "read",
    epilog=(
        "\b\nExamples:\n  dagogy read syllabus.docx\n  dagogy read syllabus.md --concepts-from 'column: "
        "Topic' --skip Grading"
    ),
)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True)
)
@scope_options
@common
def read(
    app: App,
    files: tuple[Path, ...],
    scope_format: str | None,
    scope_mode: str | None,
    sections: tuple[str, ...],
    concepts_from: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
) -> None:
    """Shows what 'run --scope-file FILE' would read out of a document, and makes no run.

    Each text that is or could have been a concept: where it stands, what became of it (taken, grouped, left
    out, merged), how probable it is that it is a concept, what it is instead, and why. A document that 'run'
    would refuse is shown as well, with the reason.
    """
    reading = app.workspace.read(
        files,
        mode=scope_mode or "",
        sections=sections,
        reader=scope_format or "",
        concepts_from=concepts_from,
        only=only,
        skip=skip,
    )
    clean = app.workspace.clean
    if app.json:
        app.emit_json(clean(reading))
        return
    lines = [reading.summary(), ""]
    if (refused := reading.refusal) is not None:
        lines = [
            f"no run can be made of it: {refused.message}",
            *([f"hint: {refused.hint}"] if refused.hint else []),
            *lines,
        ]
    for line in clean([*lines, *table_lines(reading.entries, terminal_width())]):
        app.write(line)


COMMANDS = {"read": read}
