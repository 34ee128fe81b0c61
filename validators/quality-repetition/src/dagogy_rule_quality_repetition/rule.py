"""The rule `quality.repetition`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Annotated

import dagogy.api
from dagogy.api import STOP_WORDS, Finding, Meta, Node, Rule, Subject, sentences

_SLOT = "…"
_NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))
#: Longer texts are compared as a whole only.
_LONGEST = 4000
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,]\d+)*|[^\w\s.,;:!?'\"()…]|…")
#: How often a template at the limit is to be expected in the sample, and from which count on it is then looked for everywhere: a
#: template that is over the limit falls below that by chance in less than one of a million documents (five standard deviations).
_EXPECTED, _SUSPICIOUS = 200, 130


class Repetition(Rule):
    """Text that is the same for every node but for the title was made by filling a template in. It looks like content and says
    nothing about the concept.

    Judged are, each kind by itself, the capabilities, core ideas, pitfalls, mastery tasks and pass criteria, as whole texts and,
    where a text has several, as sentences of at least `min_sentence_words` words. In each the words of the node's own title (in
    singular or plural) become a slot, and case, punctuation, spaces and the digits of numbers are left out. What then is the same in
    more than `max_share` of the nodes, and in `min_nodes` at least, is a finding: one for each template, the most frequent
    first, at its first occurrence. Text that is the same word for word counts as well.

    In a large curriculum the templates are first looked for in a random sample (with a fixed seed) that is large enough to meet
    each of them some two hundred times, and what is frequent there is then counted in all nodes; so the counts are exact.

    Bad:
        Capabilities `Explain the main ideas of Tides.`, `Explain the main ideas of Anchors.`, `Explain the main ideas of Knots.` …

    Good:
        `Read high water off a tide table.`, `Choose an anchor for a sea bed.`, `Tie a bowline behind the back.`

    How to fix:
        Write for each node what holds for its concept alone. If a sentence is true of all nodes, it belongs in the goal of the
        topic spec, not in the nodes.
    """

    class Options(dagogy.api.Options):
        max_share: Annotated[float, Meta(description="The largest share of the nodes that may have the same template.", ge=0.001, le=1)] = 0.2
        min_nodes: Annotated[int, Meta(description="In how many nodes a template is found at least before it is a finding.", ge=2)] = 4
        min_sentence_words: Annotated[int, Meta(description="The least words of a sentence inside a longer text that is compared by itself.", ge=1)] = 6
        max_reported: Annotated[int, Meta(description="The most templates that are reported.", ge=1)] = 10

    def check(self, subject: Subject, options: Options) -> Iterator[Finding]:
        nodes = subject.nodes
        limit = max(options.max_share * len(nodes), options.min_nodes - 1)
        if len(nodes) <= limit:
            return
        found: list[_Template] = []
        for kind, texts in _KINDS.items():
            found += _templates(nodes, kind, texts, options, limit)
        found.sort(key=lambda t: -t.nodes)
        for template in found[: options.max_reported]:
            yield _finding(template, nodes, len(found) - options.max_reported)


def _finding(template: _Template, nodes: Sequence[Node], unreported: int) -> Finding:
    i, at = template.first
    text = template.text if len(template.text) <= 60 else template.text[:59] + "…"
    more = f" ({unreported} more such texts are not shown)" if unreported > 0 else ""
    return Finding(
        message=f"{template.nodes} of {len(nodes)} nodes have the same {template.kind} but for the title: '{text}'; say what holds for each alone{more}",
        pointer=f"/nodes/{i}/{_PATHS[template.kind].format(at)}",
        data={"template": template.text, "nodes": template.nodes, "kind": template.kind},
    )


_KINDS: dict[str, Callable[[Node], Sequence[str]]] = {
    "capability": lambda node: (node.capability,),
    "core idea": lambda node: node.core_ideas,
    "pitfall": lambda node: node.pitfalls,
    "mastery task": lambda node: (node.mastery_check.task,),
    "pass criterion": lambda node: (node.mastery_check.pass_criteria,),
}
_PATHS = {
    "capability": "capability",
    "core idea": "core_ideas/{}",
    "pitfall": "pitfalls/{}",
    "mastery task": "mastery_check/task",
    "pass criterion": "mastery_check/pass_criteria",
}


@dataclass(slots=True)
class _Template:
    kind: str
    text: str
    #: The node of the first occurrence, and the position of the text in its list.
    first: tuple[int, int]
    #: The node where it was seen last, since it counts once in each.
    last: int = -1
    nodes: int = 0


def _templates(nodes: Sequence[Node], kind: str, texts: Callable[[Node], Sequence[str]], options: Repetition.Options, limit: float) -> list[_Template]:
    """The templates of one kind of text that are in more than `limit` nodes."""
    shortest = options.min_sentence_words
    size = int(_EXPECTED / (limit / len(nodes)))
    suspects: set[str] | None = None
    if size < len(nodes):
        sample: Counter[str] = Counter()
        for i in Random(1).sample(range(len(nodes)), size):  # noqa: S311 - a sample, not a secret
            sample.update({t for text in texts(nodes[i]) for t in _slotted_parts(text, nodes[i].title, shortest)})
        suspects = {t for t, n in sample.items() if n > _SUSPICIOUS}
        if not suspects:
            return []
    counted = _count(nodes, kind, texts, shortest, suspects)
    over = sorted((t for t in counted if t.nodes > limit), key=lambda t: (-t.nodes, -len(t.text)))
    # A sentence of a template that is reported is not reported once more.
    return [t for n, t in enumerate(over) if not any(t.text in o.text and t.nodes == o.nodes for o in over[:n])]


def _count(nodes: Sequence[Node], kind: str, texts: Callable[[Node], Sequence[str]], shortest: int, suspects: set[str] | None) -> Iterable[_Template]:
    """Counts the nodes that each template is in; with `suspects`, only those."""
    counted: dict[str, _Template] = {}
    # Texts from one template are mostly equal once the whole title is out of them, and are then taken to pieces only once.
    known: dict[str, list[str]] = {}
    # Of a suspected template the longest word stands as it is in each text that is made from it.
    signs = tuple({max(t.replace(_SLOT, "").split(), key=len, default="") for t in suspects or ()})
    for i, node in enumerate(nodes):
        title = node.title.casefold()
        for at, text in enumerate(texts(node)):
            raw = text.casefold().replace(title, _SLOT).translate(_NO_DIGITS)
            parts = known.get(raw)
            if parts is None:
                if signs and not any(sign in raw for sign in signs):
                    continue
                parts = _slotted_parts(text, node.title, shortest)
                if suspects is not None:
                    parts = [p for p in parts if p in suspects]
                    if parts:
                        known[raw] = parts
            for part in parts:
                template = counted.get(part)
                if template is None:
                    template = counted[part] = _Template(kind, part, first=(i, at))
                if template.last != i:
                    template.last = i
                    template.nodes += 1
    return counted.values()


def _slotted_parts(text: str, title: str, shortest: int) -> list[str]:
    """The templates that a text may be made from: all of it and, where it has several sentences, each that is long enough."""
    slots, title = _title_words(title), title.casefold().strip()
    parts = [_slotted(text, title, slots)]
    if len(text) <= _LONGEST and (". " in text or "! " in text or "? " in text or "。" in text):
        parts += [_slotted(s, title, slots) for s in sentences(text) if s.count(" ") + 1 >= shortest]
    return [p for p in parts if p not in ("", _SLOT)]


@lru_cache(maxsize=4096)
def _title_words(title: str) -> frozenset[str]:
    found = [w for w in _TOKEN.findall(title.casefold()) if w[0].isalpha()]
    return frozenset(_singular(w) for w in found if w not in STOP_WORDS or len(found) == 1)


def _slotted(text: str, title: str, slots: frozenset[str]) -> str:
    """The text without case, punctuation, spaces and digits, and with `…` for what it has of the title; slots side by side
    are one."""
    folded = text.casefold()
    if title in folded:
        folded = folded.replace(title, " … ")
    out: list[str] = []
    for token in _TOKEN.findall(folded):
        if token == _SLOT or _singular(token) in slots:
            if out and out[-1] == _SLOT:
                continue
            out.append(_SLOT)
        else:
            out.append("#" if token[0].isdigit() else token)
    return " ".join(out)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word
