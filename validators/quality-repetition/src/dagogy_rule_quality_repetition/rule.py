"""The rule `quality.repetition`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated

import dagogy.api
from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Rule, RuleContext
from dagogy.api.text import Words, shorten

from dagogy_rule_quality_repetition.slots import (
    NO_DIGITS,
    SAYING,
    SLOT,
    SLOTS,
    SPACELESS,
    Names,
    slotted,
    slotted_parts,
    title_words,
)

#: From this many nodes on the names of all the others are too many to be looked for.
_MANY = 5000
#: How many words an admission has beside the name of the concept.
_MOST_ADMITTED = 10
#: How many words at the beginning of a text are compared.
_OPENING = 5
#: How often a template at the limit is to be expected in the sample, and from which count on it is then
#: looked for everywhere: a template that is over the limit falls below that by chance in less than one of a
#: million documents (five standard deviations).
_EXPECTED, _SUSPICIOUS = 200, 130


class Repetition(Rule):
    """Text that is the same for every node but for the names in it was made by filling a template in. It
    looks like content and says nothing about the concept.

    The rule checks, each kind by itself, the capabilities, core ideas, pitfalls, mastery tasks and pass
    criteria, as whole texts and, where a text has several, as sentences of at least `min_sentence_words`
    words. In each the words of the node's own title (in singular or plural), the topic, the titles of other
    nodes and short quotations become slots, and case, punctuation, spaces and the digits of numbers are left
    out. What is left is a frame. Three things are findings:

    - one frame in more than `max_share` of the nodes, and in `min_nodes` at least (one more where it has
      fewer than three words beside the slots; one with other nodes' names has to have two). Text that is the
      same word for word counts as well;
    - several frames by turns: more than half of the nodes have a text of that kind from a frame that is in
      `min_nodes` nodes or more;
    - a warning: the same first five words, or the same words around a quotation of more than six, in a third
      of the nodes, and in four at least.

    A capability that is a verb and the concept ("Explain tides.", "Demonstrate how to tie a bowline.") says
    what it should and is no frame. A task that several concepts of one kind have in common is a warning:
    what tells them apart may stand in the criterion.

    A finding is a warning where so few of the nodes claim to know their concept: those with an
    `estimate_confidence` of 0.3 or less (in `strict` mode also with an open question that names them) say
    openly that there is little to say. All frames that only such nodes have, and pitfalls that only say that
    the sources name none (`admissions`), are one warning.

    In a large curriculum the frames are first looked for in a random sample (with a fixed seed) that is large
    enough to meet each of them some two hundred times, and what is frequent there is then counted in all
    nodes; so the counts are exact. With more than 5000 nodes only a node's own title makes slots, and the
    last two findings are not made.

    Bad:
        Capabilities `Explain the main ideas of Tides.`, `Explain the main ideas of Anchors.`, `Explain the
        main ideas of Knots.` … Core ideas `“Anchors” comes after “Tides”.`,
        `“Knots” comes after “Anchors”.` …

    Good:
        `Read high water off a tide table.`, `Choose an anchor for a sea bed.`, `Tie
        a bowline behind the back.`

    How to fix:
        Write for each node what holds for its concept alone. If a sentence is true of all nodes, it belongs
        in the goal of the topic spec, not in the nodes. If the sources say nothing about a concept, say so:
        give the node an `estimate_confidence` of 0.3 or less and ask an open question. If they only name no
        mistake, say that (`admissions`).
    """

    class Options(dagogy.api.rules.Options):
        max_share: Annotated[
            float,
            Field(description="The largest share of the nodes that may have the same frame.", ge=0.001, le=1),
        ] = 0.2
        min_nodes: Annotated[
            int,
            Field(description="In how many nodes a frame is found at least before it is a finding.", ge=2),
        ] = 3
        min_sentence_words: Annotated[
            int,
            Field(
                description="The least words of a sentence inside a longer text that is compared by itself.",
                ge=1,
            ),
        ] = 6
        admissions: Annotated[
            tuple[str, ...],
            Field(
                description=(
                    "What a pitfall begins with that admits that the sources name none; all such are one "
                    "warning."
                )
            ),
        ] = ("the source names no", "the sources name no", "no source names")

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding]:
        nodes = context.nodes
        limit = max(options.max_share * len(nodes), options.min_nodes - 1)
        if len(nodes) <= limit:
            return
        names = Names(
            [*(node.title for node in nodes), context.curriculum.topic] if len(nodes) <= _MANY else ()
        )
        found: list[_Template] = []
        for kind, texts in _KINDS.items():
            found += _templates(nodes, kind, texts, names, options, limit)
        found.sort(key=lambda t: (not t.exact, -len(t.at)))
        admissions = tuple(a.casefold() for a in options.admissions)
        openly = [t for t in found if context.tentative.issuperset(t.at) or _admits(t, nodes, admissions)]
        hidden = [t for t in found if t not in openly]
        for template in hidden:
            yield _finding(template, nodes, limit, context.tentative)
        if openly:
            yield _admitted(openly, nodes)


def _admits(template: _Template, nodes: Sequence[Node], admissions: tuple[str, ...]) -> bool:
    """Whether it is a pitfall that only says that the sources name none. Anything else there is to say of a
    concept, or the node is tentative.
    """
    i, at = next(iter(template.at.items()))
    text = nodes[i].pitfalls[at] if template.kind == "pitfall" else ""
    return (
        text.casefold().startswith(admissions)
        and len(Words.of(text)) - len(Words.of(nodes[i].title)) <= _MOST_ADMITTED
    )


def _admitted(templates: Sequence[_Template], nodes: Sequence[Node]) -> Finding:
    """One finding for all texts that admit that the sources are silent, or that only nodes have which say
    that nothing supports them.
    """
    count, pointer = len({j for t in templates for j in t.at}), next(templates[0].pointers())
    if all(t.kind == "mastery task" for t in templates):
        return Finding(
            message=(
                f"{count} of {len(nodes)} nodes share a plain task, but for the names: "
                f"'{shorten(templates[0].text)}'; write a task of its own for each"
            ),
            pointer=pointer,
            severity="warning",
            data={"template": templates[0].text, "nodes": count, "kind": "mastery task"},
        )
    return Finding(
        message=(
            f"{count} of {len(nodes)} nodes say openly that the sources are silent, with the same texts but "
            f"for the names, such as '{shorten(templates[0].text)}': say more of their concepts in the "
            "sources, or leave them out"
        ),
        pointer=pointer,
        severity="warning",
        data={"template": templates[0].text, "nodes": count, "kind": templates[0].kind},
    )


def _finding(template: _Template, nodes: Sequence[Node], limit: float, tentative: frozenset[int]) -> Finding:
    pointer, *others = template.pointers()
    doubtful = sum(j in tentative for j in template.at)
    mild = (
        not template.exact
        or template.kind == "mastery task"
        or (doubtful > 0 and len(template.at) - doubtful <= limit)
    )
    return Finding(
        message=(
            f"{len(template.at)} of {len(nodes)} nodes {template.habit}: '{shorten(template.text)}'; say "
            "what holds for each alone"
        ),
        pointer=pointer,
        others=tuple(others),
        severity="warning" if mild else "",
        data={"template": template.text, "nodes": len(template.at), "kind": template.kind},
        # What most nodes have in common weighs as if each had been named: the honest draft after it may have
        # a milder finding for each.
        nodes=1 if mild else len(template.at),
    )


#: Words of a capability beside the name of the concept: "explain", "demonstrate how to".
_VERB_WORDS = 3

_KINDS: dict[str, Callable[[Node], Sequence[str]]] = {
    "capability": lambda node: (node.capability,) if node.capability else (),
    "core idea": lambda node: node.core_ideas,
    "pitfall": lambda node: node.pitfalls,
    "mastery task": lambda node: (node.mastery_check.task,) if node.mastery_check.task else (),
    "pass criterion": lambda node: tuple(filter(None, [node.mastery_check.pass_criteria])),
}
_PLURALS = {
    "capability": "capabilities",
    "core idea": "core ideas",
    "pitfall": "pitfalls",
    "mastery task": "mastery tasks",
    "pass criterion": "pass criteria",
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
    #: What the nodes do, as the middle of a sentence.
    habit: str
    #: Whether nothing but names tells the texts apart; else they only begin alike.
    exact: bool = True
    #: The nodes, each with the position of the text in its list, by the order in which they were met.
    at: dict[int, int] = field(default_factory=dict)

    def pointers(self) -> Iterator[str]:
        """Where the texts stand, as JSON pointers."""
        return (f"/nodes/{i}/{_PATHS[self.kind].format(at)}" for i, at in self.at.items())


def _templates(
    nodes: Sequence[Node],
    kind: str,
    texts: Callable[[Node], Sequence[str]],
    names: Names,
    options: Repetition.Options,
    limit: float,
) -> list[_Template]:
    """The findings about one kind of text."""
    shortest = options.min_sentence_words
    size = int(_EXPECTED / (limit / len(nodes)))
    suspects = _suspects(nodes, texts, shortest, names, size) if size < len(nodes) else None
    if suspects is not None and not suspects:
        return []
    counted = list(_count(nodes, kind, texts, shortest, suspects, names))
    over = sorted(
        (t for t in counted if _is_habit(t, limit, len(nodes))), key=lambda t: (-len(t.at), -len(t.text))
    )
    # A sentence of a template that is reported is not reported once more.
    found = [
        t
        for n, t in enumerate(over)
        if not any(t.text in o.text and len(t.at) == len(o.at) for o in over[:n])
    ]
    if suspects is not None:
        return found
    return found or _by_turns(nodes, kind, counted, options.min_nodes) or _openings(nodes, kind, texts, names)


def _suspects(
    nodes: Sequence[Node],
    texts: Callable[[Node], Sequence[str]],
    shortest: int,
    names: Names,
    size: int,
) -> set[str]:
    """The templates that are frequent in a sample of `size` nodes."""
    sample: Counter[str] = Counter()
    for i in Random(1).sample(range(len(nodes)), size):  # noqa: S311 - a sample, not a secret
        sample.update(
            {t for text in texts(nodes[i]) for t in slotted_parts(text, nodes[i].title, shortest, names)}
        )
    return {t for t, n in sample.items() if n > _SUSPICIOUS}


def _is_habit(template: _Template, limit: float, nodes: int) -> bool:
    beside = sum(word not in SLOTS for word in template.text.split())
    if template.kind == "capability" and SLOT in template.text and beside <= _VERB_WORDS:
        return False
    if SAYING in template.text:
        return beside >= 3 and len(template.at) >= max(4, nodes / 3)
    several = template.text.count(SLOT) > 1
    if several and beside < 2:
        return False
    return len(template.at) > limit + (
        beside < 3 and SLOT in template.text and not SPACELESS.search(template.text)
    )


def _by_turns(
    nodes: Sequence[Node], kind: str, counted: Sequence[_Template], min_nodes: int
) -> list[_Template]:
    """One finding where most nodes have a text from one of several frames, none of which
    is over the limit by itself.
    """
    used = [
        t
        for t in counted
        if SLOT in t.text and _is_habit(t, min_nodes - 1, len(nodes)) and len(t.at) >= min_nodes
    ]
    at = {i: k for t in reversed(used) for i, k in t.at.items()}
    if len(used) < 2 or len(at) <= len(nodes) / 2:
        return []
    best = max(used, key=lambda t: len(t.at))
    return [
        _Template(
            kind,
            best.text,
            f"take their {_PLURALS[kind]} from {len(used)} templates, by turns, one of them",
            at=best.at | dict(sorted(at.items())),
        )
    ]


def _openings(
    nodes: Sequence[Node], kind: str, texts: Callable[[Node], Sequence[str]], names: Names
) -> list[_Template]:
    """Texts that begin with the same words, where a sentence was put into a frame."""
    counted: dict[str, _Template] = {}
    for i, node in enumerate(nodes):
        slots, title = title_words(node.title), node.title.casefold().strip()
        for at, text in enumerate(texts(node)):
            tokens = slotted(text, title, slots, names).split()
            opening = " ".join(tokens[:_OPENING])
            if len(tokens) > _OPENING + 1 and SLOT not in opening:
                template = counted.setdefault(
                    opening,
                    _Template(kind, f"{opening} …", f"have a {kind} that begins alike", exact=False),
                )
                template.at.setdefault(i, at)
    return [t for t in counted.values() if len(t.at) >= max(4, len(nodes) / 3)]


def _count(
    nodes: Sequence[Node],
    kind: str,
    texts: Callable[[Node], Sequence[str]],
    shortest: int,
    suspects: set[str] | None,
    names: Names,
) -> Iterable[_Template]:
    """Finds the nodes that each template is in; with `suspects`, only those."""
    counted: dict[str, _Template] = {}
    # Texts from one template are mostly equal once the whole title is out of them, and are then taken to
    # pieces only once.
    known: dict[str, list[str]] = {}
    # Of a suspected template the longest word stands as it is in each text that is made from it.
    signs = tuple({max(t.replace(SLOT, "").split(), key=len, default="") for t in suspects or ()})
    for i, node in enumerate(nodes):
        title = node.title.casefold()
        for at, text in enumerate(texts(node)):
            raw = text.casefold().replace(title, SLOT).translate(NO_DIGITS)
            parts = known.get(raw)
            if parts is None:
                if signs and not any(sign in raw for sign in signs):
                    continue
                parts = slotted_parts(text, node.title, shortest, names)
                if suspects is not None:
                    parts = [p for p in parts if p in suspects]
                    if parts:
                        known[raw] = parts
            for part in parts:
                _note(counted, kind, part, i, at)
    return counted.values()


def _note(counted: dict[str, _Template], kind: str, part: str, node: int, text: int) -> None:
    """Counts a node for the template `part`, once. `text`: the number of the text that has it."""
    template = counted.get(part)
    if template is None:
        template = counted[part] = _new(kind, part)
    template.at.setdefault(node, text)


def _new(kind: str, text: str) -> _Template:
    if SAYING in text:
        return _Template(kind, text, f"put a sentence into the same {kind}", exact=False)
    return _Template(kind, text, f"have the same {kind} but for the names")
