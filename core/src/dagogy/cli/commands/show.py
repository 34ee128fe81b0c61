"""`dagogy show`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from dagogy.api.display import one_line
from dagogy.cli.app import App
from dagogy.cli.commands.why import complete_nodes
from dagogy.cli.options import common, run_argument
from dagogy.cli.scope import rendered, terminal_width
from dagogy.pipeline.report import hours, place, plural

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Concepts that the text shows; the JSON output has all.
_MOST = 2_000


@click.command("show", epilog="\b\nExamples:\n  dagogy show latest\n  dagogy show latest 'Outer joins'")
@run_argument
@click.argument("node", metavar="[NODE]", required=False, shell_complete=complete_nodes)
@common
def show(app: App, reference: str, node: str | None) -> None:
    """Shows the curriculum as a tree: by weeks where its plan is current, else by groups or layers. '?2' is
    a concept with two gaps.

    With NODE, one concept in full: an id, a title, or a part of one that only one concept has.
    """
    course = app.open(reference)
    if node is not None:
        document = course.concept(node)
        app.emit(document, *_drawn(app, _concept(document)))
        return
    document = course.overview()
    stale = [f"note: {document['stale']}"] if document["stale"] else []
    app.emit(document, *_drawn(app, _overview(document)), *stale)


def _drawn(app: App, parts: Iterator[RenderableType]) -> list[str]:
    return [] if app.json else rendered(parts, terminal_width())


def _overview(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    from rich.text import Text
    from rich.tree import Tree

    head = (
        f"{document['topic']}: {plural(document['concepts'], 'concept')}, "
        f"{plural(document['edges'], 'edge')}, {hours(document['minutes'])}"
    )
    yield Text(one_line(head))
    left = _MOST
    for section in document["sections"]:
        if left <= 0:
            yield Text(f"… {document['concepts'] - _MOST:,} concepts more; --json shows all")
            break
        tree = Tree(Text(one_line(f"{section['name']}  {_minutes(section['minutes'])}")))
        for concept in section["concepts"][:left]:
            tree.add(Text(one_line(_line(concept))))
        left -= len(section["concepts"])
        yield from _plain(tree)
    if document["gaps"]["summary"]:
        yield Text(one_line(document["gaps"]["summary"]))


def _plain(tree: Any) -> Iterator[RenderableType]:
    """A tree with lines that the encoding of stdout has."""
    encoding = (sys.stdout.encoding if sys.stdout is not None else None) or "ascii"
    try:
        "└├─│".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        from rich.text import Text

        yield tree.label
        for child in tree.children:
            yield Text(f"  {child.label}")
        return
    yield tree


def _line(concept: Mapping[str, Any]) -> str:
    marks = "".join(
        (" (optional)" if concept["optional"] else "", f" ?{len(concept['gaps'])}" if concept["gaps"] else "")
    )
    return f"{concept['title']}  {_minutes(concept['minutes'])}{marks}"


def _minutes(minutes: float) -> str:
    return f"{round(minutes, 1):g} min"


def _concept(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    node = document["node"]
    yield Text(one_line(f"{node['title']} ({node['id']})"))
    for line in _about(document):
        yield Padding(Text(one_line(line)), (0, 0, 0, 2))
    for heading, items in _parts(document):
        if items:
            yield Text(f"{heading}:")
        for item in items:
            yield Padding(Text(one_line(item)), (0, 0, 0, 2))


def _about(document: Mapping[str, Any]) -> Iterator[str]:
    """Group, minutes, place in the source, and neighbours."""
    node, source = document["node"], document["source"]
    about = (
        node.get("group"),
        _minutes(node["estimate_minutes"]),
        "optional" if node.get("optional") else "",
    )
    yield ", ".join(part for part in about if part)
    if source:
        yield place(source)
    for name, heading in (("before", "after"), ("after", "before")):
        if document[name]:
            yield f"{heading} {'; '.join(other['title'] for other in document[name])}"


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The headings, each with its lines."""
    node, check = document["node"], document["node"]["mastery_check"]
    yield "Capability", [node["capability"]] if node["capability"] else []
    yield "Core ideas", [f"- {idea}" for idea in node["core_ideas"]]
    yield "Pitfalls", [f"- {pitfall}" for pitfall in node["pitfalls"]]
    yield "Task", [line for line in check["task"].split("\n") if line]
    yield "Passed when", [line for line in check["pass_criteria"].split("\n") if line]
    yield "Resources", [f"- {r['title']} ({r['kind']}, {r['role']}) {r['url']}" for r in node["resources"]]
    yield "Open", [f"- {q['field']}: {q['question']} ({q['reason']})" for q in document["questions"]]


COMMANDS = {"show": show}
