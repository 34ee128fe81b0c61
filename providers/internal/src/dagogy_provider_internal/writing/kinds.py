"""What kind of thing a concept is, and so what somebody who has mastered it can be asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dagogy_provider_internal.language.lexicon import imperative_of
from dagogy_provider_internal.reading.concept import Concept
from dagogy_provider_internal.writing.standing import is_question

#: `question`: the name asks one. `procedure`: something to carry out. `order`: the same, named by an order
#: ("Choose a tool"). `tool`: something to use. `term`: all else.
Kind = Literal["question", "procedure", "order", "tool", "term"]

_ORDERED = frozenset("a an the your one some to with from by in on and or up out".split())
#: Verbs of the lexicon that are no nouns as well.
_ONLY_VERBS = frozenset(
    (
        "identify explain describe define apply analyze analyse evaluate create solve compute calculate "
        "determine demonstrate recognize write choose install configure convert implement interpret "
        "formulate develop prove derive construct assess verify validate classify generate simplify"
    ).split()
)
_METHODS = frozenset(
    (
        "technique techniques method methods procedure procedures algorithm algorithms protocol protocols "
        "verfahren technik methode técnica técnicas método métodos procedimiento méthode méthodes procédure "
        "tecnica tecniche metodo procedimento метод методы процедура алгоритм"
    ).split()
)
_HOW_TO = "how to "
_SIGNS, _SIGNS_A_LINE = "=(){}[];<>|$&", 0.8


def kind_of(concept: Concept, language: str) -> Kind:
    """The kind by the name first, then by the code that stands under it."""
    words = concept.title.split()
    if is_question(concept.title):
        return "question"
    if language == "en" and (concept.title.lower().startswith(_HOW_TO) or _is_order(words)):
        return "order"
    if words and words[-1].lower() in _METHODS:
        return "procedure"
    if language == "en" and words and words[0].lower().endswith("ing") and imperative_of(words[0]):
        return "procedure"
    blocks = [concept.document.blocks[at] for at in concept.blocks]
    return "tool" if any(b.kind == "code" and _is_code(b.text) for b in blocks) else "term"


def _is_order(words: Sequence[str]) -> bool:
    return (
        len(words) > 1
        and imperative_of(words[0]) == words[0].lower()
        and (words[1].lower() in _ORDERED or words[0].lower() in _ONLY_VERBS)
    )


def _is_code(text: str) -> bool:
    """Whether a block of code holds code, and no words in columns."""
    return sum(c in _SIGNS for c in text) > _SIGNS_A_LINE * (text.count("\n") + 1)


def doing(title: str) -> str:
    """What an order asks for, as it stands behind "how to"."""
    rest = title[len(_HOW_TO) :] if title.lower().startswith(_HOW_TO) else title
    return rest[:1].lower() + rest[1:].rstrip("?!. ")
