"""What kind of concept a node is about, and so what somebody who has mastered it can be asked to do.

The rule, first match wins; the name counts before the text, because a text on any concept may mention a
method or a theorem:

1. `judgement`: the name weighs one thing against another ("X vs Y", "when to …", "choosing …", "to X or not
   to X", "trade-offs").
2. `theorem`: the name says so (theorem, lemma, law, axiom, …).
3. `procedure`: the name begins with a verb ("Solve …", "Finding …"), or calls itself a method, rule or test;
   or the definition calls it a way, method, technique, process or the doing of something; or the source
   numbers its steps.
4. `tool`: there is code in the source, or it says what the concept lets somebody do or is used for.
5. `theorem`: the text says "if and only if" or "states that" of it.
6. `definition`: everything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from dagogy_provider_internal.lexicon import imperative_of
from dagogy_provider_internal.passages import Passage
from dagogy_provider_internal.phrasing import doing

Kind = Literal["judgement", "theorem", "procedure", "tool", "definition"]

_STEPS = 3
_JUDGEMENT = re.compile(
    r"\b(?:vs\.?|versus|or not to|when to|whether to|choos(?:e|ing)|deciding|selecting"
    r"|trade-?offs?|best practices?|ethics?)\b|^(?:comparing|comparison of)\b",
    re.IGNORECASE,
)
_THEOREM = re.compile(
    r"\b(?:theorems?|lemmas?|corollar(?:y|ies)|laws?|axioms?|postulates?|identit(?:y|ies)|inequalit(?:y|ies)|conjectures?|hypothesis|thesis)$|"
    r"\b(?:theorem|lemma|law|axiom|principle) of\b",
    re.IGNORECASE,
)
_METHOD = re.compile(
    r"\b(?:method|algorithm|procedure|technique|rule|test|process|recipe|protocol|proofs?)s?$", re.IGNORECASE
)
_METHOD_TEXT = re.compile(
    r"\b(?:is|are) (?:an? |the )?(?:\w+ )?(?:way|method|technique"
    r"|process|procedure|algorithm|act|practice|step)s? "
    r"(?:of|to|for|that|in)\b|\bis (?:\w+ly )?\w+ing the\b",
    re.IGNORECASE,
)
_TOOL_TEXT = re.compile(
    r"\b(?:lets?|allows?|enables?) (?:you|us|one|users|programs|people|developers)\b"
    r"|\b(?:is|are|can be) used (?:to|for|when|as)\b|\bcommand\b",
    re.IGNORECASE,
)
_THEOREM_TEXT = re.compile(
    r"\bif and only if\b|\b(?:theorem|lemma|law|principle|axiom) (?:states|says|asserts)\b", re.IGNORECASE
)


def kind_of(title: str, passages: Sequence[Passage]) -> Kind:
    """The kind of a concept, by the rule at the head of this module."""
    text = " ".join(p.text for p in passages[:12] if p.role != "code")
    opening = next((p.text for p in passages if p.first), "")
    if _JUDGEMENT.search(title):
        return "judgement"
    if _THEOREM.search(title):
        return "theorem"
    # A gerund alone is something to carry out, though no order can be made of it.
    gerund = title.lower().endswith("ing") and " " not in title and imperative_of(title)
    if (
        gerund
        or doing(title, (p.text for p in passages))
        or _METHOD.search(title)
        or _METHOD_TEXT.search(opening)
    ):
        return "procedure"
    if sum(p.step for p in passages) >= _STEPS:
        return "procedure"
    if any(p.role == "code" for p in passages) or _TOOL_TEXT.search(text):
        return "tool"
    return "theorem" if _THEOREM_TEXT.search(text) else "definition"
