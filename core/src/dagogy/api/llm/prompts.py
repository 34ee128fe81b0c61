"""Prompts: files with a version, filled in with what is to be taught.

Whatever a user, a document or a model wrote is put between fences that it cannot close, and is named as data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple

from dagogy.api.llm.strict import with_nulls
from dagogy.api.providers import ProposeRequest, RepairRequest, Requirement
from dagogy.api.scope import ScopeDocument
from dagogy.api.text import shorten
from dagogy.contracts.documents import json_values

#: A draft that takes more than this is shown without what the model writes anyway.
_DRAFT_CHARS = 60_000
_MOST_PROBLEMS = 20
_LONGEST_PROBLEM = 300
_MOST_LEFT_OUT = 30
_MOST_ITEMS = 8
_LONGEST_TITLE = 80


class Prompt(NamedTuple):
    """A prompt file: its version, which changes with every change of its text, and the text."""

    version: str
    text: str


@lru_cache(maxsize=16)
def prompt(name: str) -> Prompt:
    """The prompt file `name`. Raises `ValueError` for one without a version."""
    head, _, text = (
        files("dagogy.api.llm")
        .joinpath("prompts", f"{name}.md")
        .read_text(encoding="utf-8")
        .partition("\n\n")
    )
    if not head.startswith("version: "):
        raise ValueError(f"prompt file {name}.md has no version")
    return Prompt(head.removeprefix("version: ").strip(), text)


def versions(request: ProposeRequest) -> str:
    """Which prompts a question is made of, for the trace."""
    return ", ".join(f"{name} {prompt(name).version}" for name in ("instructions", _name(request)))


def _name(request: ProposeRequest) -> str:
    return "repair" if isinstance(request, RepairRequest) else "propose"


def task(request: ProposeRequest, schema: Mapping[str, Any], most_chars: int) -> str:
    """The text of the question: the spec, the material (at most `most_chars` of it), a draft, and what the
    answer is checked against.
    """
    parts = {
        "spec": fenced("SPEC", json_line(json_values(request.spec))),
        "material": _material(request.sources, most_chars),
        "requirements": "\n".join(requirement_lines(request.requirements)),
    }
    if not isinstance(request, RepairRequest):
        return filled("propose", draft=_seed_draft(request, schema), **parts)
    draft = fenced("DRAFT", json_line(with_nulls(json_values(request.draft), schema)))
    findings = fenced(
        "FINDINGS",
        "\n".join(
            f"{f.severity} {f.rule_id} at {f.document}{f.pointer}: {f.message}" for f in request.findings
        ),
    )
    return filled("repair", draft=draft, findings=findings, **parts)


#: What an answer was instead of a curriculum, in words that hold nothing of it.
_WAS = {
    "prose": "text without any JSON",
    "not_json": "text that is not JSON",
    "incomplete": "JSON that ends too early; say the same in fewer words",
    "wrong_shape": "JSON that does not meet the schema",
}


def ask_again(question: str, cause: str, findings: Sequence[str]) -> str:
    """The question once more, with what was wrong with an earlier answer. `cause` is
    one that can be asked again.
    """
    shown = [shorten(finding, _LONGEST_PROBLEM) for finding in findings[:_MOST_PROBLEMS]]
    if len(findings) > _MOST_PROBLEMS:
        shown.append(f"and {len(findings) - _MOST_PROBLEMS} more like these")
    return filled(
        "ask_again", question=question, was=_WAS[cause], problems=fenced("PROBLEMS", "\n".join(shown))
    )


def fenced(name: str, text: str) -> str:
    """`text` between two lines that it cannot hold: their mark is made of the text itself."""
    mark = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"<<<{name} {mark}\n{text}\n>>>{name} {mark}"


def filled(name: str, **parts: str) -> str:
    """The prompt file `name` with its parts in it."""
    return Template(prompt(name).text).substitute(parts).strip()


def json_line(value: Any) -> str:
    """`value` as JSON in one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def requirement_lines(requirements: Iterable[Requirement]) -> Iterator[str]:
    """What the rules want, with their options."""
    for rule in requirements:
        yield f"- {rule.rule_id} ({rule.severity}): {rule.summary}"
        for name, value in rule.options.items():
            # Long lists of words are about bad answers, not about good ones, and would take
            # more room than all the rest.
            if not isinstance(value, list | tuple) or len(value) <= _MOST_ITEMS:
                meaning = rule.meanings.get(name, "")
                yield f"  - {name} = {json_line(value)}{f': {meaning}' if meaning else ''}"


def _seed_draft(request: ProposeRequest, schema: Mapping[str, Any]) -> str:
    """A draft to start from: whole, or, where it is large, its graph and its evidence."""
    draft = request.seed_draft()
    if draft is None:
        return ""
    document = json_values(draft)
    text = json_line(with_nulls(document, schema))
    introduction = (
        "A program made this draft out of the material. Its concepts, order and resources are a start; its "
        "sentences may be better said."
    )
    if len(text) > _DRAFT_CHARS:
        kept = ("id", "title", "prerequisites", "estimate_minutes", "resources")
        text = json_line(
            {"nodes": [{key: node[key] for key in kept if key in node} for node in document["nodes"]]}
        )
        introduction += " It is shown without most of its text."
    if len(text) > _DRAFT_CHARS:
        text = json_line(
            {
                "nodes": [
                    {key: node[key] for key in ("id", "title", "prerequisites")} for node in document["nodes"]
                ]
            }
        )
    if len(text) > _DRAFT_CHARS:
        return f"A program found {len(document['nodes'])} concepts in the material, too many to show them."
    return f"{introduction}\n\n{fenced('DRAFT', text)}"


def place_of(location: str) -> str:
    """The place of a document as it stands in a prompt, in one line and without a backtick."""
    return " ".join(location.split()).replace("`", "'")


def _material(sources: Sequence[ScopeDocument], most_chars: int) -> str:
    parts, left = [], most_chars
    for source in sources:
        text, used = cut(source, left)
        left -= used
        place = place_of(source.location)
        parts.append(
            f"Material from `{place}`, to be cited as `local://{place}#Lfirst-Llast`:\n\n"
            f"{fenced('MATERIAL', text)}"
        )
    return "\n\n".join(parts)


class Section(NamedTuple):
    """A section of a document without those below it: its heading, its lines and their text."""

    title: str
    first: int
    last: int
    text: str


def cut(source: ScopeDocument, most_chars: int) -> tuple[str, int]:
    """The sections of `source` that fit into `most_chars`, each with its lines, and a
    line that names those left out.

    Returns the text and how many characters of the document are in it. As long as not even half of them are
    used, of a section that does not fit the lines (or words) that do are taken: a document may be one long
    section under its title.
    """
    kept: list[str] = []
    out: list[str] = []
    used = 0
    for section in sections(source):
        if used + len(section.text) <= most_chars:
            used += len(section.text)
            kept.append(f"[lines {section.first} to {section.last}]\n{section.text}")
        elif used < most_chars // 2 or not used:
            lines = _first_lines(section.text, most_chars - used)
            used += len(lines)
            out.append(f"the rest of {section.title}" if lines else section.title)
            if lines:
                kept.append(f"[lines {section.first} to {section.first + lines.count(chr(10))}]\n{lines}")
        else:
            out.append(section.title)
    if out:
        named = "; ".join(shorten(title, _LONGEST_TITLE) for title in out[:_MOST_LEFT_OUT])
        named += f"; and {len(out) - _MOST_LEFT_OUT} more" if len(out) > _MOST_LEFT_OUT else ""
        kept.append(f"[left out, {len(source.text) - used} of {len(source.text)} characters: {named}]")
    return "\n".join(kept), used


def sections(source: ScopeDocument) -> Iterator[Section]:
    """From one heading to the next, of whatever level; what stands before the first one is a section too."""
    lines = source.text.split("\n")
    starts = [(b.lines[0], b.text) for b in source.headings()]
    if not starts or starts[0][0] > 1:
        starts.insert(0, (1, source.title or source.location))
    for position, (first, title) in enumerate(starts):
        last = starts[position + 1][0] - 1 if position + 1 < len(starts) else len(lines)
        text = "\n".join(lines[first - 1 : last])
        if text.strip():
            yield Section(title, first, last, text)


def _first_lines(text: str, most_chars: int) -> str:
    """As many whole lines from the start as fit; of a text in one line, as many words."""
    if len(text) <= most_chars:
        return text
    end = max(text.rfind("\n", 0, most_chars + 1), 0) or text.rfind(" ", 0, most_chars + 1)
    return text[:end] if end > 0 else ""
