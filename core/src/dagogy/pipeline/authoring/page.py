"""A curriculum as one Markdown page that an author can write in. `authoring.parse` reads it back; a page that
nobody touched changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dagogy.api.display import visible
from dagogy.api.gaps import gap_question
from dagogy.contracts.types import Node

#: What starts a line that is a question to the author, and no content.
QUESTION = "> To write:"
#: The headings of the sections of a concept, and the fields that they hold.
SECTIONS = {
    "Capability": "capability",
    "Core ideas": "core_ideas",
    "Pitfalls": "pitfalls",
    "Task": "task",
    "Passed when": "pass_criteria",
    "Resources": "resources",
}
#: A line of content that would be read as markup of the page stands behind a backslash.
_MARKUP = re.compile(r"\\|#{1,6}(?:\s|$)|>|<!--|-->|- ")
_ABOUT = """\
<!-- Write into this page what you want to change; `dagogy edit` reads it back.

Each concept is a section `## Title {#id}`; the sections stand in the order of study. Change a title, move,
delete or copy whole sections. A section without {#id} is a new concept. A concept that takes the place of a
deleted one says `- replaces: Title of that one`. `- after:` names what comes before, separated by `; `.
Lines that begin with "> To write:" are questions to you: put the answer in their place. -->"""


def page_of(curriculum: Mapping[str, Any], sha256: str, nodes: Iterable[Node]) -> str:
    """The page of a curriculum. `curriculum`: as JSON values that meet the schema; `sha256`: of its bytes;
    `nodes`: its nodes as objects, in the same order.
    """
    names = names_of(curriculum)
    lines = ["---", f"curriculum: {sha256}", "---", "", f"# {one_line(curriculum['topic'])}", "", _ABOUT, ""]
    for document, node in zip(curriculum["nodes"], nodes, strict=True):
        lines += _section(document, node, names)
    return "\n".join(lines)


def names_of(curriculum: Mapping[str, Any]) -> dict[str, str]:
    """How each concept is named in a line `after:`: by its title, or as `#id` where that is not clear."""
    titles = [one_line(node["title"]) for node in curriculum["nodes"]]
    often: dict[str, int] = {}
    for title in titles:
        often[title.casefold()] = often.get(title.casefold(), 0) + 1
    return {
        node["id"]: f"#{node['id']}"
        if ";" in title or title[:1] == "#" or often[title.casefold()] > 1
        else title
        for node, title in zip(curriculum["nodes"], titles, strict=True)
    }


def one_line(text: str) -> str:
    """The text as the page shows it where one line is all there is."""
    return " ".join(visible(text).split())


def _section(document: Mapping[str, Any], node: Node, names: Mapping[str, str]) -> Iterator[str]:
    yield f"## {one_line(document['title'])} {{#{document['id']}}}"
    yield ""
    if document.get("group"):
        yield f"- group: {one_line(document['group'])}"
    yield f"- minutes: {document['estimate_minutes']}"
    before = "; ".join(names.get(one, f"#{one}") for one in document["prerequisites"])
    yield f"- after: {before}".rstrip()
    if document.get("optional"):
        yield "- optional: yes"
    yield ""
    open_fields = {gap.field: gap.reason for gap in node.open_gaps()}
    check = document["mastery_check"]
    values = {**document, "task": check["task"], "pass_criteria": check["pass_criteria"]}
    for heading, name in SECTIONS.items():
        field = "mastery_check" if name in ("task", "pass_criteria") else name
        yield f"### {heading}"
        yield ""
        content = list(_content(name, values[name]))
        yield from content
        if content:
            yield ""
        if field in open_fields and (field != "mastery_check" or (name == "task") != bool(check["task"])):
            yield f"{QUESTION} {one_line(gap_question(node, field))} ({one_line(open_fields[field])})"
            yield ""


def _content(name: str, value: Any) -> Iterator[str]:
    if name == "resources":
        for resource in value:
            yield f"- {one_line(resource['title'])}"
            for key in ("url", "kind", "role", "citation"):
                if resource.get(key):
                    yield f"  {key}: {one_line(resource[key])}"
    elif isinstance(value, str):
        yield from _escaped(value)
    else:
        for item in value:
            first, *rest = [*_escaped(item), ""][:-1] or [""]
            yield f"- {first}"
            yield from (f"  {line}".rstrip() for line in rest)


def _escaped(text: str) -> list[str]:
    lines = [line.strip() for line in visible(text).replace("\r\n", "\n").split("\n")]
    return [f"\\{line}" if _MARKUP.match(line) else line for line in lines if line]
