"""`dagogy gaps`."""

from __future__ import annotations

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_or_latest
from dagogy.pipeline.report import place, plural


@click.command("gaps", epilog="\b\nExamples:\n  dagogy gaps latest\n  dagogy gaps latest --json")
@run_or_latest
@common
def gaps(app: App, reference: str) -> None:
    """Lists what of the curriculum needs an author: each open field with its reason, the
    lines of the source and the question to answer.

    To close a gap answer its question in the page that `dagogy edit` opens: what is written there is
    kept by every later `run`. Or say it in the source and run again.
    """
    document = app.open(reference).gaps()
    lines, node = [], None
    for gap in document["gaps"]:
        if gap["node_id"] != node:
            node, source = gap["node_id"], gap["source"]
            lines.append(f"{gap['title']} ({node}){f', {place(source)}' if source is not None else ''}")
        lines.append(f"  {gap['field']}: {gap['question']}")
        lines.append(f"    open because: {gap['reason']}")
    lines.append(document["summary"] or f"no gaps: {plural(document['nodes'], 'concept')} written in full")
    lines += [f"note: {document['stale']}"] if document["stale"] else []
    app.emit(document, *lines)


COMMANDS = {"gaps": gaps}
