"""The exporter `mermaid`: the prerequisite graph as a flowchart that Markdown viewers draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dagogy.api.exporters import ExportContext, Exporter
from dagogy.api.text import one_line

# What means something to Mermaid inside a quoted label: its own quotes, entities,
# tags, directives and Markdown.
_SPECIAL = re.compile(r"""["#&<>`%*_~{}|\\]|^[-+](?=\s)|(?<=^\d)\.|(?<=^\d\d)\.""")


class Mermaid(Exporter):
    """An arrow leads from a prerequisite to what builds on it. Unknown ids are left out; of two nodes with
    the same id the first has it.
    """

    def export(self, context: ExportContext) -> str:
        return "\n".join(["flowchart TD", *_lines(context.document)]) + "\n"


def _lines(curriculum: Mapping[str, Any]) -> Iterator[str]:
    # Names of our own, since an id such as "end" is a word of Mermaid's.
    names: dict[str, str] = {}
    for i, node in enumerate(curriculum["nodes"]):
        names.setdefault(node["id"], f"n{i}")
        remarks = _remarks(node)
        yield f'    n{i}["{_label(node["title"]) or node["id"]}{remarks}"]'
    for i, node in enumerate(curriculum["nodes"]):
        for before in dict.fromkeys(node["prerequisites"]):
            if before in names:
                yield f"    {names[before]} --> n{i}"


def _remarks(node: Mapping[str, Any]) -> str:
    """What sets a node apart, on lines of their own: its group, that it is optional, what needs an author."""
    gaps = ", ".join(dict.fromkeys(gap["field"].replace("_", " ") for gap in node.get("gaps", ())))
    parts = (
        _label(node.get("group", "")),
        "optional" if node.get("optional") else "",
        f"needs an author: {gaps}" if gaps else "",
    )
    return "".join(f"<br/>{part}" for part in parts if part)


def _label(title: str) -> str:
    text = " ".join(one_line(title).split())
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
