"""The rule `evidence.open_questions`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api.rules import Finding, Fix, Rule, RuleContext


class OpenQuestions(Rule):
    """A curriculum for a careful reader says what its author could not settle. In evidence mode `strict` the
    list `open_questions` must therefore be there; it may be empty, which says that nothing is open. In every
    mode the `related_nodes` of a question must be ids of nodes, or nobody finds what the question is about.

    Bad:
        `{"question": "Does hydration change the order of steps?", "related_nodes":
        ["hydratoin"], "status": "open"}`

    Good:
        `{"question": "Does hydration change the order of steps?", "related_nodes":
        ["hydration"], "status": "open"}`

    How to fix:
        In strict mode write `"open_questions": []`, or better the questions you have. Write the id of an
        existing node, or take the id out of the list (which is what the unsafe fix does).
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        questions = context.curriculum.open_questions
        if not isinstance(questions, list):
            if context.spec.evidence_mode == "strict":
                yield Finding(
                    "'open_questions' is missing; evidence mode strict wants the list, empty if nothing is "
                    "open"
                )
            return
        known = context.index.position
        by_fold: dict[str, str] | None = None
        for i, question in enumerate(questions):
            for j, wanted in enumerate(question.related_nodes):
                if wanted in known:
                    continue
                by_fold = by_fold or {_fold(node_id): node_id for node_id in known}
                near = by_fold.get(_fold(wanted))
                pointer = f"/open_questions/{i}/related_nodes/{j}"
                yield Finding(
                    message=(
                        f"open question {question.question!r:.60} relates to {wanted!r:.60}, the id of no "
                        "node; "
                    )
                    + (
                        f"did you mean '{near:.60}'?"
                        if near
                        else "name a node of the curriculum or remove the id"
                    ),
                    pointer=pointer,
                    fix=_fix(pointer, wanted, near if near not in question.related_nodes else None),
                )


def _fold(text: str) -> str:
    return text.casefold().replace("_", "").replace("-", "").replace(" ", "")


def _fix(pointer: str, wanted: str, instead: str | None) -> Fix:
    test = {"op": "test", "path": pointer, "value": wanted}
    if instead:
        return Fix(
            "unsafe",
            f"write '{instead:.60}' instead",
            [test, {"op": "replace", "path": pointer, "value": instead}],
        )
    return Fix(
        "unsafe", f"remove {wanted!r:.60} from the related nodes", [test, {"op": "remove", "path": pointer}]
    )
