"""Chooses what a node says out of what the source says of its concept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dagogy_provider_internal.language.frames import Frames
from dagogy_provider_internal.language.keys import content_tokens
from dagogy_provider_internal.language.naming import running_name
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.writing.kinds import doing, kind_of
from dagogy_provider_internal.writing.material import Quote

#: How many core ideas and pitfalls a node has where the source has them; of parts that are only named there
#: may be more.
_IDEAS = {"survey": 3, "practical": 4, "mastery": 5}
_PITFALLS = {"survey": 1, "practical": 2, "mastery": 3}
_MOST_PARTS, _LEAST_IDEAS = 8, 2
#: Ranks from here on only fill up what is too little.
_FILLING = 4
#: The confidence of a node with no, one and more ideas, and what each field in the source's own words adds.
_CONFIDENCE, _OWN = (0.2, 0.3, 0.6), 0.1
_ANYTHING = "*"
_ASKING = frozenset("when how why what where which who whether".split())
_WORD = re.compile(r"[^\W\d_]+")


class Said(NamedTuple):
    """A text of a node; `quote`: where it stands, None for a frame."""

    text: str
    quote: Quote | None = None


@dataclass(slots=True)
class Writer:
    """What one node can say, the best first. `refused`: texts that the rules refuse, which it no longer says.

    `quotes`: what is said of the concept. `asked`: objectives and exercises that stand elsewhere. `warned`:
    misconceptions that the author of the spec names. `near`: the concept that it is most easily taken for.
    `small`, `names`: words that the source writes small and with a capital within its sentences.
    """

    concept: Concept
    quotes: Sequence[Quote]
    asked: Sequence[Quote]
    warned: Sequence[str]
    near: str
    frames: Frames
    small: Collection[str]
    names: Collection[str]
    depth: str
    refused: set[str] = field(default_factory=set)

    def fields(self) -> dict[str, Any]:
        """The fields of the node that are text, with its gaps."""
        ideas, pitfalls = self.ideas(), self.pitfalls()
        capability, task, criteria = self.capability(), self.task(), self.criteria()
        gaps = self._gaps(len(ideas), len(pitfalls), capability, task, criteria)
        return {
            "capability": capability.text if capability else "",
            "core_ideas": [s.text for s in ideas],
            "pitfalls": [s.text for s in pitfalls],
            "mastery_check": {
                "task": task.text if task else "",
                "pass_criteria": criteria.text if criteria else "",
            },
            "gaps": [{"field": name, "reason": self.frames.reason(why)} for name, why in gaps.items()],
        }

    def said(self) -> Mapping[str, Quote]:
        """The quotations of the node by their places in it."""
        single = {
            "capability": self.capability(),
            "mastery_check/task": self.task(),
            "mastery_check/pass_criteria": self.criteria(),
        }
        several = {"core_ideas": self.ideas(), "pitfalls": self.pitfalls()}
        out = {place: s.quote for place, s in single.items() if s and s.quote}
        for place, many in several.items():
            out |= {f"{place}/{k}": s.quote for k, s in enumerate(many) if s.quote}
        return out

    def refuse(self, name: str, texts: Collection[str]) -> bool:
        """Says other texts than these in a field from now on; whether anything changes."""
        new = {f"{name}: {text}" for text in texts} - self.refused
        self.refused |= new
        return bool(new)

    def leave_open(self, name: str) -> bool:
        """Says nothing in a field from now on; whether anything changes."""
        return self.refuse(name, [_ANYTHING])

    @property
    def confidence(self) -> float:
        """How well the source supports the node, by what it says of the concept."""
        ideas, task, capability = self.ideas(), self.task(), self.capability()
        base = _CONFIDENCE[min(len(ideas), 2)]
        if len(ideas) < _LEAST_IDEAS:
            return base
        own = (bool(self.pitfalls()), bool(task and task.quote), bool(capability and capability.quote))
        return round(base + _OWN * sum(own), 2)

    # ------------------------------------------------------------------------------------------------ fields

    def ideas(self) -> list[Said]:
        """Core ideas in the order of the document."""
        ranked = [(rank, i, q) for i, q in enumerate(self.quotes) if (rank := self._rank(q)) >= 0]
        ranked = [
            (rank, i, q)
            for rank, i, q in sorted(ranked, key=lambda r: r[:2])
            if self._sayable("core_ideas", q.text)
        ]
        parts = [q for _, _, q in ranked if q.role == "topic"]
        most = _MOST_PARTS if 2 * len(parts) > len(ranked) else _IDEAS.get(self.depth, _LEAST_IDEAS)
        chosen = [r for k, r in enumerate(ranked) if k < most and (r[0] < _FILLING or k < _LEAST_IDEAS)]
        return [Said(q.text, q) for _, _, q in sorted(chosen, key=lambda r: r[1])]

    def _rank(self, quote: Quote) -> int:
        """How well a quotation serves as a core idea, the best 0; -1 for none."""
        match quote.role:
            case "definition":
                return 0
            case "statement":
                return (
                    1
                    if quote.named and quote.first
                    else 2
                    if quote.named
                    else 3
                    if quote.first
                    else _FILLING + 1
                )
            case "topic":
                return 3
            case "example":
                return _FILLING
            case _:
                return -1

    def pitfalls(self) -> list[Said]:
        found = [Said(text) for text in self.warned]
        found += [Said(q.text, q) for q in self.quotes if q.role == "warning"]
        return [s for s in found if self._sayable("pitfalls", s.text)][: _PITFALLS.get(self.depth, 1)]

    def capability(self) -> Said | None:
        """The source's own objective, else a verb that fits the kind, and the name."""
        own = [q for q in (*self.quotes, *self.asked) if q.role == "objective"]
        framed = Said(self.frames(_CAPABILITIES[self._kind], name=self._name()))
        return self._first("capability", [*(Said(q.text, q) for q in own), framed])

    def task(self) -> Said | None:
        """An exercise or question of the source, else a plain task for the kind."""
        own = [Said(q.text, q) for q in self._tasks()]
        other = self.near and self.frames.quoted(_running(self.near, self))
        frame = _TASKS[self._kind] if self._kind != "term" or not other else _TELL_APART
        capability = self.capability()
        framed = Said(self.frames(frame, name=self._name(), other=other) if frame else self.concept.title)
        found = [s for s in [*own, framed] if not capability or s.text != capability.text]
        return self._first("mastery_check", found)

    def _tasks(self) -> list[Quote]:
        found = [*self.quotes, *self.asked]
        return [q for role in ("exercise", "question") for q in found if q.role == role]

    def criteria(self) -> Said | None:
        """The solution that stands behind the task, else, unless the task is an exercise of the source, the
        ideas as a list of points."""
        task = self.task()
        if task is None:
            return None
        found = []
        if task.quote is not None:
            later = [q for q in self.quotes if q.role == "solution" and q.at >= task.quote.at]
            between = {q.at for q in self._tasks() if q.at > task.quote.at}
            found = [Said(q.text, q) for q in later if not any(at <= q.at for at in between)][:1]
        if task.quote is None or task.quote.role == "question":
            points = "".join(f"\n• {s.text}" for s in self.ideas())
            head = self.frames(_POINTS)
            found += [Said(f"{head}{points}")] if head and points else []
        return self._first("mastery_check", found)

    # ------------------------------------------------------------------------------------------------ details

    def _first(self, name: str, found: Sequence[Said]) -> Said | None:
        return next((s for s in found if s.text and self._sayable(name, s.text)), None)

    def _sayable(self, name: str, text: str) -> bool:
        return self.refused.isdisjoint((f"{name}: {text}", f"{name}: {_ANYTHING}"))

    @property
    def _kind(self) -> str:
        return kind_of(self.concept, self.frames.language)

    def _name(self) -> str:
        if self._kind == "order":
            return doing(self.concept.title)
        if self._kind == "question":
            return (
                self.frames.quoted(self.concept.title)
                if self.frames.language != "en"
                else f"“{self.concept.title}”"
            )
        return self.frames.quoted(_running(self.concept.title, self))

    def _gaps(
        self, ideas: int, pitfalls: int, capability: Said | None, task: Said | None, criteria: Said | None
    ) -> dict[str, str]:
        gaps = {}
        if capability is None:
            gaps["capability"] = "The source states no objective for it."
        if ideas < _LEAST_IDEAS:
            said = any(self._rank(q) >= 0 for q in self.quotes)
            gaps["core_ideas"] = (
                "The source says nothing more about it."
                if ideas or said
                else "The source names it and does not explain it."
            )
        if not pitfalls:
            gaps["pitfalls"] = "The source warns of no mistake."
        if task is None:
            gaps["mastery_check"] = "The source has no exercise on it."
        elif criteria is None:
            gaps["mastery_check"] = "The source does not say how the task is judged."
        return gaps


#: Frames by the kind of concept.
_CAPABILITIES = {
    "question": "Answer the question {name}.",
    "term": "Explain {name}.",
    "procedure": "Demonstrate {name}.",
    "order": "Demonstrate how to {name}.",
    "tool": "Use {name}.",
}
_TASKS = {
    "question": "",
    "term": "Explain {name} in your own words, and give an example.",
    "procedure": "Demonstrate {name} on a given case.",
    "order": "Show on a given case how to {name}.",
    "tool": "Make a small example with {name}, and explain each step.",
}
_TELL_APART = "Define {name}, and name one difference from {other}."
_POINTS = "Points to check:"


def nearest(title: str, others: Sequence[str]) -> str:
    """Of the titles beside it the one that shares most telling words with `title`; "" where none shares
    any.
    """
    words = set(content_tokens(title))

    def shared(other: str) -> float:
        theirs = set(content_tokens(other))
        return len(words & theirs) / len(words | theirs) if words | theirs else 0.0

    best = max(others, key=shared, default="")
    return best if best and 0 < shared(best) < 1 else ""


def _running(title: str, writer: Writer) -> str:
    """A title as it stands within a sentence: without its capitals where the source writes all its words
    small elsewhere. One that has a name in it keeps them, for half of them would be neither title nor
    sentence."""
    if writer.frames.language != "en":
        return title
    title = running_name(title)
    first = title.partition(" ")[0]
    # A name of its own keeps its capital: small words beside it do not tell it from that of a sentence.
    if (
        first.istitle()
        and first.lower() not in writer.names
        and (first.lower() in _ASKING or first.endswith("ing"))
    ):
        title = title[:1].lower() + title[1:]
    capitals = [w for w in _WORD.findall(title) if w[:1].isupper()]
    if all(len(w) > 1 and w.istitle() and w.lower() in writer.small for w in capitals):
        return _WORD.sub(lambda w: w[0].lower(), title)
    return title
