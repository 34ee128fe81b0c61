"""What an author changed in the page of a curriculum, and the curriculum with it.

A page is compared with the page of the curriculum as it stands, text by text: what nobody touched stays as it
is, to the last byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dagogy.api.text import shorten
from dagogy.contracts.documents import curriculum_problems, decode_curriculum
from dagogy.contracts.types import GAP_FIELDS
from dagogy.pipeline.authoring.page import names_of, one_line
from dagogy.pipeline.authoring.parse import Concept, Page, page_error
from dagogy.workspace.files import to_json
from dagogy.workspace.runs import slugify

#: The reason of a gap that an author made by taking out what stood there.
LEFT_OPEN = "its author left it open"

#: The fields of a concept of which nothing is written.
_NOTHING: Mapping[str, Any] = {
    "title": "",
    "capability": "",
    "core_ideas": [],
    "pitfalls": [],
    "mastery_check": {"task": "", "pass_criteria": ""},
    "resources": [],
}


@dataclass
class Changes:
    """What an author changed: `fields` by id of a concept the fields of it that are now the author's;
    `added`: ids of new concepts; `removed`: id of each concept that is gone, with its title and the id of the
    one that replaces it, or ""; `order`: whether the concepts stand in another order; `topic`: whether it is
    another.
    """

    fields: dict[str, list[str]] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    removed: dict[str, tuple[str, str]] = field(default_factory=dict)
    order: bool = False
    topic: bool = False

    def __bool__(self) -> bool:
        return bool(self.fields or self.added or self.removed or self.order or self.topic)

    def as_dict(self) -> dict[str, Any]:
        return {
            "fields": self.fields,
            "added": self.added,
            "removed": [{"id": i, "title": t, "replaced_by": by} for i, (t, by) in self.removed.items()],
            "order": self.order,
            "topic": self.topic,
        }


class _Reading:
    """One page against the curriculum that it was made of."""

    def __init__(
        self,
        curriculum: Mapping[str, Any],
        before: Page,
        page: Page,
        name: str,
        formerly: Mapping[str, str],
    ) -> None:
        self.formerly = formerly
        self.curriculum, self.before, self.page, self.name = curriculum, before, page, name
        self.nodes = {node["id"]: node for node in curriculum["nodes"]}
        self.old = {concept.id: concept for concept in before.concepts}
        self.problems: list[tuple[int, str]] = []
        self.changes = Changes()
        self.ids = self._ids()
        self.replaced = self._replaced()
        self.known = self._known()

    def result(self) -> dict[str, Any]:
        nodes = [self._node(node_id, concept) for node_id, concept in self.ids.items()]
        if self.problems:
            raise page_error(self.name, self.problems)
        changes = self.changes
        stay = [node_id for node_id in self.nodes if node_id in self.ids]
        changes.order = [node_id for node_id in self.ids if node_id in self.nodes] != stay
        changes.topic = self.page.topic != self.before.topic
        topic = self.page.topic if changes.topic else self.curriculum["topic"]
        document = {**self.curriculum, "topic": topic, "nodes": nodes}
        lines = [concept.line for concept in self.ids.values()]
        for problem in curriculum_problems(document) if changes else ():
            _, first, position, *_ = [*problem.pointer.split("/"), "", ""]
            line = lines[int(position)] if first == "nodes" and position.isdecimal() else 1
            self.problems.append((line, f"{problem.pointer} {problem.message}"))
        if self.problems:
            raise page_error(self.name, self.problems)
        return document

    def _ids(self) -> dict[str, Concept]:
        """The concepts of the page by id, those without one by a new one."""
        ids: dict[str, Concept] = {}
        for concept in self.page.concepts:
            if concept.id in ids:
                self.problems.append(
                    (
                        concept.line,
                        f"#{concept.id} stands twice; take it out of the copy that is a new concept",
                    )
                )
            elif concept.id and concept.id not in self.nodes:
                self.problems.append(
                    (concept.line, f"there is no concept #{concept.id}; take it out for a new concept")
                )
            node_id = concept.id or self._new_id(concept.title, ids)
            ids.setdefault(node_id, concept)
            if not concept.id:
                self.changes.added.append(node_id)
        return ids

    def _new_id(self, title: str, ids: Mapping[str, Concept]) -> str:
        name = slugify(title) or "concept"
        given = {*ids, *self.nodes}
        return next(i for i in (name, *(f"{name}-{n}" for n in range(2, len(given) + 3))) if i not in given)

    def _replaced(self) -> dict[str, str]:
        """The ids of concepts that are gone, with the id of the one that says to replace it, or ""."""
        gone = {i: "" for i in self.nodes if i not in self.ids}
        names = {one_line(self.nodes[i]["title"]).casefold(): i for i in gone}
        for node_id, concept in self.ids.items():
            for title in _names(concept.settings.get("replaces", "")):
                old = title[1:] if title.startswith("#") else names.get(title.casefold(), "")
                if old not in gone:
                    self.problems.append(
                        (concept.line, f"'replaces: {shorten(title)}' names no deleted concept")
                    )
                else:
                    gone[old] = node_id
        self.changes.removed = {i: (self.nodes[i]["title"], by) for i, by in gone.items()}
        return gone

    def _known(self) -> dict[str, str | None]:
        """The id behind each name that a line `after:` may use, None behind one that names several. A concept
        that was renamed is known by its old title as well, one that was replaced by its own.
        """
        known: dict[str, str | None] = {}
        for node_id, concept in self.ids.items():
            title = concept.title.casefold()
            known[title] = node_id if title not in known else None
        for node_id, name in names_of(self.curriculum).items():
            now = self.replaced.get(node_id, node_id)
            if now and not name.startswith("#"):
                known.setdefault(name.casefold(), now)
        for node_id, title in self.formerly.items():
            if node_id in self.ids:
                known.setdefault(one_line(title).casefold(), node_id)
        return known

    def _prerequisites(self, node_id: str, concept: Concept) -> list[str]:
        found: list[str] = []
        for name in _names(concept.settings.get("after", "")):
            given = name[1:] if name.startswith("#") else None
            if given is not None:
                one: str | None = self.replaced.get(given, given) or None
                one = one if one in self.ids else None
            else:
                one = self.known.get(name.casefold())
            if one is None:
                self.problems.append((concept.line, self._no_such(name)))
            elif one != node_id and one not in found:
                found.append(one)
        return found

    def _no_such(self, name: str) -> str:
        if name.casefold() in self.known:
            return f"'after' names “{shorten(name)}”, which several concepts are called; write #id"
        gone = next((i for i, by in self.replaced.items() if not by and self._is_called(i, name)), None)
        if gone is not None:
            return (
                f"'after' names “{shorten(name)}”, which was deleted; take it out, or write "
                f"'- replaces: {shorten(name)}' into the concept that takes its place"
            )
        return f"'after' names “{shorten(name)}”, which is no concept of the page"

    def _is_called(self, node_id: str, name: str) -> bool:
        return name in (f"#{node_id}", one_line(self.nodes[node_id]["title"]))

    def _node(self, node_id: str, concept: Concept) -> dict[str, Any]:
        node, old = self.nodes.get(node_id), self.old.get(node_id)
        values = self._values(node_id, concept, node, old)
        if node is not None:
            changed = [name for name, value in values.items() if value != node.get(name)]
            if not changed:
                return dict(node)
            self.changes.fields[node_id] = changed
        made = {
            key: value
            for key, value in {"id": node_id, **(node or {}), **values}.items()
            if value is not None
        }
        return with_gaps(made)

    def _values(
        self, node_id: str, concept: Concept, node: dict[str, Any] | None, old: Concept | None
    ) -> dict[str, Any]:
        """The fields of a node as the page says them; of what the page says as before, the node's own."""
        if node is None or old is None:
            node, old = dict(_NOTHING), Concept(0, "", "")
        values: dict[str, Any] = {}
        values["title"] = node["title"] if old.title == concept.title else concept.title
        for name, key in (("group", "group"), ("optional", "optional"), ("minutes", "estimate_minutes")):
            if name in old.settings and concept.settings.get(name) == old.settings[name]:
                values[key] = node.get(key)
            else:
                values[key] = self._setting(concept, name, concept.settings.get(name, ""))
        values["prerequisites"] = self._prerequisites(node_id, concept)
        for name in ("capability", "core_ideas", "pitfalls", "resources"):
            empty: Any = "" if name == "capability" else []
            now, before = concept.fields.get(name, empty), old.fields.get(name, empty)
            values[name] = node[name] if now == before else _merged(now, before, node[name])
        check = dict(node["mastery_check"])
        for name in ("task", "pass_criteria"):
            if concept.fields.get(name, "") != old.fields.get(name, ""):
                check[name] = concept.fields.get(name, "")
        values["mastery_check"] = check
        return values

    def _setting(self, concept: Concept, name: str, text: str) -> Any:
        if name == "group":
            return text or None
        if name == "optional":
            if text.casefold() not in ("", "yes", "no"):
                self.problems.append((concept.line, f"'optional' is yes or no, not '{shorten(text)}'"))
            return True if text.casefold() == "yes" else None
        try:
            minutes = float(text)
        except ValueError:
            minutes = 0.0
        if not 0 < minutes < 1e7:
            self.problems.append(
                (concept.line, f"“{shorten(concept.title)}” needs '- minutes: N', not '{shorten(text)}'")
            )
            return None
        return int(minutes) if minutes.is_integer() else minutes


def changed(
    curriculum: Mapping[str, Any],
    before: Page,
    page: Page,
    name: str,
    formerly: Mapping[str, str] = MappingProxyType({}),
) -> tuple[dict[str, Any], Changes]:
    """The curriculum as `page` has it, and what that changes. `before`: the page of `curriculum`, read back;
    `name`: of the page, for messages; `formerly`: titles that concepts had before they were renamed, by id.
    Raises `PageError`, with all problems at once.
    """
    reading = _Reading(curriculum, before, page, name, formerly)
    return reading.result(), reading.changes


def _names(text: str) -> list[str]:
    return [name for name in map(str.strip, text.split(";")) if name]


def _merged(now: Any, before: Any, values: Any) -> Any:
    """A list as the page has it now, each item that stood there before with the very value that it had."""
    if isinstance(now, str) or not values:
        return now
    kept = list(zip(before, values, strict=True))
    merged = []
    for item in now:
        at = next((i for i, (shown, _) in enumerate(kept) if shown == item), None)
        merged.append(item if at is None else kept.pop(at)[1])
    return merged


def _declared(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    gaps = node.get("gaps")
    return [gap for gap in gaps if isinstance(gap, dict) and "field" in gap] if isinstance(gaps, list) else []


def with_gaps(node: dict[str, Any]) -> dict[str, Any]:
    """A node that declares a gap for each field that lacks something, and for no other; one that is no node
    stays as it is. The gap of a field that has become empty is its author's.
    """
    every = [{"field": name, "reason": LEFT_OPEN} for name in GAP_FIELDS]
    typed = decode_curriculum(to_json({"topic": "-", "nodes": [{**node, "gaps": every}]})).value
    if typed is None:
        return node
    declared = {gap["field"]: gap for gap in _declared(node)}
    # How many resources a node needs is the evidence mode's to say.
    lacking = [name for name in GAP_FIELDS if typed.nodes[0].lacks(name)]
    gaps = [
        declared.get(name, {"field": name, "reason": LEFT_OPEN})
        for name in lacking
        if name in declared or name != "resources"
    ]
    return {
        **{key: value for key, value in node.items() if key != "gaps"},
        **({"gaps": gaps} if gaps else {}),
    }
