"""The rule `schema.topic_spec`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagogy.api.rules import Finding, Rule, RuleContext


class SchemaTopicSpec(Rule):
    """The topic spec says what the curriculum is for, and all other steps read it. A key that is missing or
    misspelt would silently change what they do, so the whole document is held against its JSON Schema
    (`dagogy schema topic_spec` prints it) and every departure is reported, each with its place. What the
    schema cannot say is checked too: a minimum above its maximum, a goal or audience that still holds the
    template's placeholder, JSON that cannot be parsed or has a key twice.

    Bad:
        `"constraints": {"hours_per_week": 0, "total_hour_min": 10, ...}`: no hours,
        and a key without its `s`.

    Good:
        `"constraints": {"hours_per_week": 5, "total_hours_min": 10, "total_hours_max":
        20, "depth": "practical"}`

    How to fix:
        Go to the place that the finding names and put there what it asks for. For an unknown key the nearest
        known one is named; keys of your own are not allowed.
    """

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        for problem in context.schema_problems("topic_spec"):
            key = problem.pointer.rpartition("/")[2]
            # Messages such as "must not be empty" do not say what; those about keys do.
            place = (
                problem.pointer[1:].replace("/", ".") + ": "
                if key and f"'{key}'" not in problem.message
                else ""
            )
            hint = f" ({problem.hint})" if problem.hint else ""
            yield Finding(
                message=f"{place:.80}{' '.join(problem.message.split()):.300}{hint}",
                pointer=problem.pointer,
                document="topic_spec",
                data={"keyword": problem.keyword},
            )
