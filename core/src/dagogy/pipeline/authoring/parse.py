"""The page of a curriculum, read back: grammar only. What was changed is `authoring.changes`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dagogy.api.errors import InvalidArgument
from dagogy.api.text import shorten
from dagogy.contracts.suggest import did_you_mean
from dagogy.pipeline.authoring.page import QUESTION, SECTIONS

_ID = re.compile(r"\{#([A-Za-z0-9][A-Za-z0-9_-]*)\}\Z")
_SETTING = re.compile(r"- ([a-z]+):(.*)$")
_SETTINGS = ("group", "minutes", "after", "optional", "replaces")
#: Problems in the message of an error, and in its details.
_MOST_TOLD, _MOST_KEPT = 8, 100
_OPTIONS = ("url", "kind", "role", "citation")


@dataclass
class Concept:
    """One section of a page. `line`: of its heading, from 1; `id`: "" of a new concept. `settings`: texts by
    name; `fields`: by name a text, a list of texts, or a list of resources.
    """

    line: int
    id: str
    title: str
    settings: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class Page:
    """What stands in a page. `sha256`: of the curriculum that it was made of; "" where it does not say."""

    topic: str = ""
    sha256: str = ""
    concepts: list[Concept] = field(default_factory=list)


class PageError(InvalidArgument):
    """A page that cannot be read; one message with its problems, each with its line."""


def page_error(name: str, problems: list[tuple[int, str]]) -> PageError:
    """The error for `problems`, each a line number and a sentence, in the page `name`: as many as one line
    holds, and in `details` as many as anybody corrects in one go.
    """
    ordered = sorted(problems)
    told = "; ".join(f"line {line}: {text}" for line, text in ordered[:_MOST_TOLD])
    more = f"; in all {len(ordered)}" if len(ordered) > _MOST_TOLD else ""
    return PageError(
        f"{name} cannot be taken over: {told}{more}",
        hint="correct these lines; nothing was changed",
        details={"problems": [{"line": line, "message": text} for line, text in ordered[:_MOST_KEPT]]},
    )


def parse_page(text: str, name: str) -> Page:
    """Reads a page. Raises `PageError`."""
    parser = _Parser()
    for number, line in parser.front_matter(list(_content(text))):
        parser.line(number, line)
    parser.close()
    page, problems = parser.page, parser.problems
    if not page.topic:
        problems.append((1, "the page has no '# Topic'"))
    if not page.concepts:
        problems.append((1, "the page has no concept ('## Title')"))
    if problems:
        raise page_error(name, problems)
    return page


class _Parser:
    """Takes the lines of a page one by one."""

    def __init__(self) -> None:
        self.page = Page()
        self.problems: list[tuple[int, str]] = []
        self.concept: Concept | None = None
        #: The part of the concept that is read; "" for its settings.
        self.part = ""
        self.body: list[tuple[int, str]] = []

    def front_matter(self, lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """Reads what stands between `---` and `---` at the top, and returns the lines below."""
        if not lines or lines[0][1].rstrip() != "---":
            return lines
        end = next((i for i, (_, line) in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
        for _, line in lines[1:end]:
            if line.startswith("curriculum:"):
                self.page.sha256 = line.partition(":")[2].strip()
        return lines[end + 1 :]

    def line(self, number: int, line: str) -> None:
        if line.startswith("### "):
            self._part(number, line[4:].strip())
        elif line.startswith("## "):
            self._concept(number, line)
        elif line.startswith("# ") and self.concept is None and not self.page.topic:
            self.page.topic = line[2:].strip()
        elif line.startswith(QUESTION):
            pass
        elif self.concept is not None:
            self.body.append((number, line))
        elif line.strip():
            self.problems.append((number, f"'{shorten(line)}' stands before the first concept"))

    def close(self) -> None:
        """Ends the part that is read."""
        if self.concept is None:
            return
        if self.part:
            self.concept.fields[self.part] = _value(self.part, self.body, self.problems)
        else:
            _settings(self.concept, self.body, self.problems)

    def _part(self, number: int, heading: str) -> None:
        self.close()
        self.part, self.body = SECTIONS.get(heading, ""), []
        if self.concept is None or not self.part:
            known = did_you_mean(heading, list(SECTIONS)) or f"known: {', '.join(SECTIONS)}"
            self.problems.append((number, f"'{shorten(heading)}' is no part of a concept; {known}"))
            self.part = "capability"
        elif self.part in self.concept.fields:
            self.problems.append((number, f"'{heading}' stands twice in “{shorten(self.concept.title)}”"))

    def _concept(self, number: int, line: str) -> None:
        self.close()
        title = line[3:].strip()
        found = _ID.search(title, title.rfind("{#")) if "{#" in title else None
        if found:
            title = title[: found.start()].rstrip()
        self.concept, self.part, self.body = Concept(number, found[1] if found else "", title), "", []
        if not self.concept.title:
            self.problems.append((number, "a concept needs a title"))
        self.page.concepts.append(self.concept)


def _content(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, without comments of HTML."""
    comment = False
    for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), 1):
        comment = comment or line.startswith("<!--")
        if not comment:
            yield number, line
        elif "-->" in line:
            comment = False


def _settings(concept: Concept, body: list[tuple[int, str]], problems: list[tuple[int, str]]) -> None:
    for number, line in body:
        found = _SETTING.match(line)
        if not found:
            if line.strip():
                problems.append(
                    (
                        number,
                        f"'{shorten(line)}' stands above the first part of the concept",
                    )
                )
        elif found[1] not in _SETTINGS:
            known = did_you_mean(found[1], list(_SETTINGS)) or f"known: {', '.join(_SETTINGS)}"
            problems.append((number, f"a concept has no '{found[1]}'; {known}"))
        elif found[1] in concept.settings:
            problems.append((number, f"'{found[1]}' stands twice in “{shorten(concept.title)}”"))
        else:
            concept.settings[found[1]] = found[2].strip()


def _value(name: str, body: list[tuple[int, str]], problems: list[tuple[int, str]]) -> Any:
    if name in ("capability", "task", "pass_criteria"):
        return _text(body)
    items = _items(body, problems)
    if name == "resources":
        return [_resource(item, problems) for item in items]
    return [text for text in map(_text, items) if text]


def _text(lines: list[tuple[int, str]]) -> str:
    return "\n".join(_plain(line) for _, line in lines if line.strip())


def _items(body: list[tuple[int, str]], problems: list[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    items = list[list[tuple[int, str]]]()
    for number, line in body:
        if line.startswith(("- ", "* ")):
            items.append([(number, line[2:])])
        elif items and line.startswith((" ", "\t")):
            items[-1].append((number, line))
        elif line.strip():
            problems.append(
                (number, f"'{shorten(line)}' is no item; begin it with '- ', or indent it to go on")
            )
    return items


def _resource(item: list[tuple[int, str]], problems: list[tuple[int, str]]) -> dict[str, str]:
    resource = {"title": item[0][1].strip()}
    for number, line in item[1:]:
        key, colon, value = line.strip().partition(":")
        if colon and key in _OPTIONS:
            resource[key] = value.strip()
        elif line.strip():
            problems.append((number, f"'{shorten(line)}' is none of {', '.join(_OPTIONS)} of a resource"))
    if not resource.get("url"):
        problems.append((item[0][0], f"resource '{shorten(resource['title'])}' needs a line '  url: ...'"))
    return {"kind": "other", "role": "reference", **resource}


def _plain(line: str) -> str:
    return line.strip().removeprefix("\\")
