"""`dagogy why`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from dagogy.api.display import one_line
from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument
from dagogy.pipeline.report import place
from dagogy.workspace.files import from_json
from dagogy.workspace.stages import CURRICULUM

#: Pieces of evidence that the text shows for an edge, and its longest quotation; the JSON output has all.
_PIECES, _QUOTE = 3, 160


def complete_nodes(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from dagogy.api.errors import DagogyError

    try:
        run = App([]).session.runs.find(ctx.params["reference"])
        nodes = from_json(run.read(CURRICULUM))["nodes"]
        ids = [
            (n["id"], one_line(n["title"]))
            for n in nodes
            if n["id"].startswith(incomplete) and n["id"] == one_line(n["id"])
        ]
        return [CompletionItem(node_id, help=title) for node_id, title in ids]
    except (DagogyError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


@click.command(
    "why", epilog="\b\nExamples:\n  dagogy why latest joins\n  dagogy why latest 'Outer joins' Joins"
)
@run_argument
@click.argument("node", metavar="NODE", shell_complete=complete_nodes)
@click.argument("prerequisite", metavar="[PREREQUISITE]", required=False, shell_complete=complete_nodes)
@common
def why(app: App, reference: str, node: str, prerequisite: str | None) -> None:
    """Tells on what evidence NODE has its prerequisites and its place, or why
    PREREQUISITE comes before it or not.

    Both may be an id, a title, or a part of one that only one node has.
    """
    document = app.open(reference).why(node, prerequisite)
    stale = document["stale"]
    lines = _pair_lines(document) if prerequisite is not None else _node_lines(document)
    remark = [f"note: {stale}"] if stale else []
    if not document["evidence_in"]:
        remark.append(
            "note: no evidence was kept: the provider reported none, and there is no scope document"
        )
    app.emit(document, *lines, *remark)


def _node_lines(document: Mapping[str, Any]) -> list[str]:
    lines = [f"{document['node']['title']} ({document['node']['id']})", f"  {document['place']}"]
    if len(document["chain"]) > 1:
        lines.append(f"  {' -> '.join(n['title'] for n in document['chain'])}")
    if document["source"]:
        source = document["source"]
        lines.append(
            f"  {'treated' if source['lines'][0] else 'named'} in {place(source)}: {_cut(source['quote'])}"
        )
    lines += [f"  merged into it: {', '.join(document['merged'])}"] if document["merged"] else []
    lines += [f"  remark of the provider: {note}" for note in document["notes"]]
    lines += ["", "Prerequisites:" if document["prerequisites"] else "No prerequisites."]
    lines += _edges(document["prerequisites"])
    lines += [
        f"  {unknown}: the curriculum has no such node" for unknown in document["unknown_prerequisites"]
    ]
    lines += ["", "Nodes that depend on it:" if document["dependents"] else "Nothing depends on it."]
    lines += [f"  {d['title']} ({d['id']}): {d['told']}" for d in document["dependents"]]
    if document["not_prerequisites"]:
        lines += ["", "With evidence, but no prerequisites:"]
        lines += [
            f"  {n['title']} ({n['id']}), weight {n['weight']:g}: {n['told']}"
            for n in document["not_prerequisites"]
        ]
    return lines


def _pair_lines(document: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{document['prerequisite']['title']} before {document['node']['title']}?",
        f"  {document['told']}",
    ]
    for step in document["path"]:
        lines.append(f"  {step['prerequisite']['title']} -> {step['dependent']['title']}: {step['told']}")
        lines += _quotes(step["evidence"][:1])
    if document["evidence"]:
        if document["path"]:
            lines.append(
                f"Evidence for an edge of its own, weight {document['weight']:g}"
                + (f" ({document['reason_told']}):" if document["reason"] else ":")
            )
        lines += _quotes(document["evidence"])
    return lines


def _edges(edges: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for edge in edges:
        lines.append(f"  {edge['title']} ({edge['id']}): {edge['told']}")
        lines += _quotes(edge["evidence"][:_PIECES])
    return lines


def _quotes(pieces: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"    {p['kind']} {p['weight']:g}"
        + (f": {p['note']}" if p["note"] else f", {place(p)}: {_cut(p['quote'])}")
        for p in pieces
    ]


def _cut(quote: str) -> str:
    text = " ".join(quote.split())
    return f"“{text}”" if len(text) <= _QUOTE else f"“{text[: _QUOTE - 1].rstrip()}…”"


COMMANDS = {"why": why}
