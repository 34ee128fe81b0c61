"""`dagogy read`."""

from __future__ import annotations

from pathlib import Path

import click

from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.cli.scope import counts, given_corrections, given_scope, headline, scope_options, table_lines, terminal_width


@click.command(
    "read",
    epilog="\b\nExamples:\n  dagogy read syllabus.docx\n  dagogy read syllabus.md --concepts-from 'column: Topic' --skip Grading",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
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

    Each text that is or could have been a concept: where it stands, what became of it (taken, grouped, left out, merged), how probable it is that it is
    a concept, what it is instead, and why. A document that 'run' would refuse is shown as well, with the reason.
    """
    from dagogy.pipeline.corrections import apply, from_front_matter, merged
    from dagogy.pipeline.evidence import reading_parts
    from dagogy.pipeline.reading import as_json, entries, read_concepts, refusal_of
    from dagogy.pipeline.stages.inputs import read_document

    request = given_scope(app, files, scope_mode, sections, scope_format)
    whole = read_document(app.session.readers, request)
    corrections = merged(given_corrections(concepts_from, only, skip), from_front_matter(whole))
    document, left_out = apply(whole, corrections)
    reading = read_concepts(app.session, app.session.provider(), document, left_out)
    told = entries(whole, reading)
    refused = refusal_of(document, reading)
    facts = {
        **as_json(whole, reading, corrections),
        "source": document.source,
        "title": document.title,
        "refused": None if refused is None else {"code": refused.code, "message": refused.message, "hint": refused.hint, "details": refused.details},
        "edges": reading_parts(reading, document.source)["edges"],
        "counts": counts(told),
    }
    if app.json:
        app.emit_json(app.clean(facts))
        return
    lines = [headline(document.source, told, len(reading.edges)), ""]
    if refused is not None:
        lines = [f"no run can be made of it: {refused.message}", *([f"hint: {refused.hint}"] if refused.hint else []), *lines]
    for line in app.clean([*lines, *table_lines(told, terminal_width())]):
        app.write(line)


COMMANDS = {"read": read}
