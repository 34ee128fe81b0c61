"""What kind of thing a concept is, and so what somebody who has mastered it can be asked to do."""

from __future__ import annotations

from typing import Literal

from dagogy_provider_internal.concept import Concept
from dagogy_provider_internal.lexicon import imperative_of

#: `procedure`: something to carry out. `order`: the same, named by an order ("Choose a tool"). `tool`:
#: something to use. `term`: all else.
Kind = Literal["procedure", "order", "tool", "term"]

_STEPS = 3
_ORDERED = frozenset("a an the your one some to with from by in on and or up out".split())
_METHODS = frozenset(
    (
        "technique techniques method methods procedure procedures algorithm algorithms protocol protocols "
        "verfahren technik methode técnica técnicas método métodos procedimiento méthode méthodes procédure "
        "tecnica tecniche metodo procedimento метод методы процедура алгоритм"
    ).split()
)
_HOW_TO = "how to "


def kind_of(concept: Concept, language: str) -> Kind:
    """The kind by the name first, then by what stands under it: numbered steps, code."""
    words = concept.title.split()
    if language == "en" and (
        concept.title.lower().startswith(_HOW_TO)
        or (len(words) > 1 and imperative_of(words[0]) == words[0].lower() and words[1].lower() in _ORDERED)
    ):
        return "order"
    if words and words[-1].lower() in _METHODS:
        return "procedure"
    if language == "en" and words and words[0].lower().endswith("ing") and imperative_of(words[0]):
        return "procedure"
    blocks = [concept.document.blocks[at] for at in concept.blocks]
    if sum(b.ordered for b in blocks) >= _STEPS:
        return "procedure"
    return "tool" if any(b.kind == "code" for b in blocks) else "term"


def doing(title: str) -> str:
    """What an order asks for, as it stands behind "how to"."""
    rest = title[len(_HOW_TO) :] if title.lower().startswith(_HOW_TO) else title
    return rest[:1].lower() + rest[1:].rstrip("?!. ")
