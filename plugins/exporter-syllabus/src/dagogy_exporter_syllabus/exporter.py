"""The exporter `syllabus`: a run as the text that a course hands out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from dagogy.api.exporters import ExportContext, Exporter
from dagogy.api.rules import Field, Options

from dagogy_exporter_syllabus.words import WORDS

#: The characters that begin or end markup wherever they stand, and those that do at the head of a line.
_ACTIVE = re.compile(r"[\\`*_\[\]<>|#~&$]")
_OPENING = re.compile(r"^(?:(?=[-+=])|(\d{1,9})(?=[.)]))")


class Syllabus(Exporter):
    """What a teacher hands out, as Markdown: goal, audience and what is known before; a table of weeks; for
    each week what one can do afterwards, its tasks and when they are passed; and what to read. It speaks of
    no node and no id, and leaves out what nobody has written yet.

    The weeks are those of the plan; without a current plan the parts are the groups of the curriculum.
    `--set language=de` writes the headings in another language than English; the texts stay as they are.
    """

    class Options(Options):
        language: Annotated[
            Literal["en", "de", "fr", "es", "pt", "it", "ru", "zh", "ja"],
            Field(description="Of the headings: en, de, fr, es, pt, it, ru, zh or ja."),
        ] = "en"

    def export(self, context: ExportContext) -> str:
        words = WORDS[context.options.language]
        nodes = {node["id"]: node for node in reversed(context.document["nodes"])}
        parts = list(_parts(context, nodes, words))
        lines = [f"# {_text(context.document['topic'])}", "", *_head(context.spec or {}, words)]
        lines += _table(parts, words)
        for title, members in parts:
            lines += _part(title, members, words)
        return self.visible("\n".join([*lines, *_reading(list(nodes.values())[::-1], words)]).rstrip() + "\n")


def _parts(
    context: ExportContext, nodes: Mapping[str, Any], words: Mapping[str, str]
) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The title of each part of the course, with its concepts."""
    if context.plan is not None:
        for week in context.plan["weeks"]:
            about = "; ".join(week.get("groups", ()))
            name = f"{words['week']} {week['week']}"
            yield f"{name}: {about}" if about else name, [nodes[i] for i in week["nodes"] if i in nodes]
        return
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for node in context.document["nodes"]:
        groups.setdefault(node.get("group") or words["topics"], []).append(node)
    yield from groups.items()


def _head(spec: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    if spec.get("goal"):
        yield from (_text(spec["goal"]), "")
    if spec.get("audience"):
        yield from (f"**{words['audience']}**: {_text(spec['audience'])}", "")
    if spec.get("prerequisites"):
        yield from (f"**{words['known']}**: {'; '.join(map(_text, spec['prerequisites']))}", "")


def _table(
    parts: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], words: Mapping[str, str]
) -> Iterator[str]:
    yield f"| | {words['topics']} | {words['hours']} |"
    yield "|---|---|---|"
    for title, members in parts:
        hours = sum(node["estimate_minutes"] for node in members) / 60
        topics = "; ".join(_text(node["title"]) for node in members)
        yield f"| {_text(title)} | {topics} | {round(hours, 1):g} |"
    yield ""


def _part(title: str, members: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Iterator[str]:
    yield from (f"## {_text(title)}", "")
    for node in members:
        minutes = f"{round(node['estimate_minutes'], 1):g} {words['minutes']}"
        mark = f", {words['optional']}" if node.get("optional") else ""
        yield f"- **{_text(node['title'])}** ({minutes}{mark})"
    yield ""
    able = [node["capability"] for node in members if node["capability"]]
    if able:
        yield from (f"### {words['able']}", "", *(f"- {_text(text)}" for text in able), "")
    checks = [node["mastery_check"] for node in members if node["mastery_check"]["task"]]
    if checks:
        yield from (f"### {words['tasks']}", "")
        for check in checks:
            yield f"- {_text(check['task'])}"
            first, *points = check["pass_criteria"].split("\n")
            if first:
                yield f"  {words['passed']}: {_text(first)}"
            yield from (f"  - {_text(point.lstrip(' •-*'))}" for point in points if point.strip())
        yield ""


def _reading(nodes: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Iterator[str]:
    """The resources on the web, each once; the lines of the source are not to be handed out."""
    found: dict[str, str] = {}
    for node in nodes:
        for resource in node["resources"]:
            if re.match(r"https?://[^\s<>]+\Z", resource["url"]):
                found.setdefault(resource["url"], resource["title"])
    if found:
        yield from (f"## {words['reading']}", "")
        yield from (f"- {_text(title)}: <{url}>" for url, title in found.items())


def _text(text: str) -> str:
    """`text` on one line, with no character that is markup."""
    plain = _ACTIVE.sub(r"\\\g<0>", " ".join(text.split()))
    return _OPENING.sub(lambda found: f"{found[1] or ''}\\", plain)
