"""Asks the rules about what the nodes say, and takes the next sentence of the source, or a gap, for what they
refuse.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dagogy.api.rules import Finding

from dagogy_provider_internal.writing.node import Writer

#: The fields of a node that are written here.
FIELDS = ("capability", "core_ideas", "pitfalls", "mastery_check")
#: After so many rounds a field that is still refused is left open as a whole.
_ROUNDS = 6
_PLACE = re.compile(
    r"^/nodes/(\d+)/(capability|core_ideas|pitfalls|mastery_check)(?:/(\d+|task|pass_criteria))?$"
)


def checked(
    document: dict[str, Any], writers: Mapping[str, Writer], judged: Callable[[Any], Sequence[Finding]]
) -> int:
    """Changes `document` until the rules have no error left about a text of a node; how many texts were
    refused.

    `writers`: by the ids of the nodes what each can say.
    """
    count = 0
    for turn in range(2 * _ROUNDS):
        refused = refusals(document, judged(document))
        changed = [
            node
            for node in document["nodes"]
            for name, texts in refused.get(node["id"], {}).items()
            if node["id"] in writers
            and (
                writers[node["id"]].refuse(name, texts)
                if turn < _ROUNDS
                else writers[node["id"]].leave_open(name)
            )
        ]
        if not changed:
            break
        count += len(changed)
        for node in changed:
            rewrite(node, writers[node["id"]])
    return count


def refusals(document: Mapping[str, Any], findings: Iterable[Finding]) -> dict[str, dict[str, set[str]]]:
    """The texts that errors are about, by the ids of their nodes and their fields."""
    nodes = document["nodes"]
    out: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for finding in findings:
        place = _PLACE.match(finding.pointer) if finding.document == "curriculum" else None
        if finding.severity != "error" or place is None or int(place[1]) >= len(nodes):
            continue
        node, name, at = nodes[int(place[1])], place[2], place[3]
        several = finding.data.get(name)
        value = node[name]
        if name == "capability":
            texts = {value}
        elif name == "mastery_check":
            texts = {value[at]} if at else set(value.values())
        else:
            places = {k for k in several if isinstance(k, int)} if isinstance(several, list) else set()
            places |= {int(at)} if at else set()
            texts = {value[k] for k in places if k < len(value)} or set(value)
        out[node["id"]][name] |= {text for text in texts if text}
    return out


def rewrite(node: dict[str, Any], writer: Writer) -> None:
    """The fields of the node as its writer has them now; a gap of another field stays."""
    new = writer.fields()
    others = [gap for gap in node.get("gaps", []) if gap["field"] not in FIELDS]
    node.update({name: new[name] for name in FIELDS})
    node["gaps"] = [*new["gaps"], *others]
    node["estimate_confidence"] = writer.confidence
