"""The strict schema: what strict structured outputs accept, made of ours, and answers
to it turned back into ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
from dagogy.api.llm.strict import strict_schema, with_nulls, without_nulls
from dagogy.contracts.check import schema_problems, schema_text
from hypothesis import given, settings
from hypothesis import strategies as st

OURS = json.loads(schema_text("curriculum"))
STRICT = strict_schema(OURS)

#: "Structured model outputs", section "Supported schemas" of the OpenAI platform documentation. Only what
#: holds for fine-tuned models too.
KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}
MOST_LEVELS, MOST_PROPERTIES, MOST_ENUM_VALUES, MOST_CHARACTERS = 10, 5000, 1000, 120_000


def parts(schema: Mapping[str, Any], level: int = 1) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Every schema object in `schema` with its level of nesting."""
    yield schema, level
    for part in schema.get("properties", {}).values():
        yield from parts(part, level + 1)
    if "items" in schema:
        yield from parts(schema["items"], level + 1)


def strict_problems(schema: Mapping[str, Any]) -> list[str]:
    """Where `schema` breaks a rule of strict mode."""
    found = ["the root is no object"] if schema.get("type") != "object" or "anyOf" in schema else []
    properties = enum_values = characters = 0
    for part, level in parts(schema):
        found += [f"keyword {keyword}" for keyword in part.keys() - KEYWORDS]
        kinds = part.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if "object" in kinds:
            found += [] if part.get("additionalProperties") is False else ["an open object"]
            found += (
                []
                if part.get("required") == list(part.get("properties", ()))
                else ["a property that is not required"]
            )
        if level > MOST_LEVELS:
            found.append(f"{level} levels")
        properties += len(part.get("properties", ()))
        enum_values += len(part.get("enum", ()))
        characters += sum(map(len, part.get("properties", ()))) + sum(
            len(str(value)) for value in part.get("enum", ())
        )
    found += [f"{properties} properties"] if properties > MOST_PROPERTIES else []
    found += [f"{enum_values} enum values"] if enum_values > MOST_ENUM_VALUES else []
    return found + ([f"{characters} characters"] if characters > MOST_CHARACTERS else [])


def test_the_strict_schema_of_a_curriculum_keeps_every_rule_of_strict_mode() -> None:
    assert strict_problems(STRICT) == []
    jsonschema.Draft202012Validator.check_schema(STRICT)


def test_the_checker_of_this_test_sees_what_is_wrong_with_ours() -> None:
    found = strict_problems(OURS)
    assert {"keyword $defs", "keyword $schema", "a property that is not required"} <= set(found)


def test_what_strict_mode_cannot_say_is_said_in_the_description() -> None:
    node = STRICT["properties"]["nodes"]["items"]["properties"]
    assert node["core_ideas"]["description"] == "At least 2 items, unless `gaps` names the field"
    assert node["estimate_minutes"]["description"] == "Minutes of study; more than 0"
    assert (
        "at least 0; at most 1" in node["estimate_confidence"]["description"]
        or "at most 1; at least 0" in node["estimate_confidence"]["description"]
    )
    assert (
        "required in evidence mode strict"
        in node["resources"]["items"]["properties"]["citation"]["description"]
    )


def test_what_is_optional_may_be_null_and_nothing_else_may() -> None:
    node = STRICT["properties"]["nodes"]["items"]["properties"]
    nullable = {name for name, part in node.items() if "null" in part["type"]}
    assert nullable == {"estimate_confidence", "group", "optional", "gaps"}
    assert STRICT["properties"]["open_questions"]["type"] == ["array", "null"]


def test_an_optional_enum_may_be_null() -> None:
    made = strict_schema(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {"kind": {"type": "string", "enum": ["a", "b"]}},
        }
    )
    assert made["properties"]["kind"] == {
        "description": "null where there is none",
        "type": ["string", "null"],
        "enum": ["a", "b", None],
    }


@pytest.mark.parametrize(
    "part",
    [
        {"oneOf": [{"type": "string"}]},
        {"allOf": [{"type": "string"}]},
        {"not": {"type": "string"}},
        {"if": {"type": "string"}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "patternProperties": {"^a": {}}, "additionalProperties": False},
        {"type": "object"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#/$defs/Loop"},
    ],
)
def test_what_has_no_counterpart_is_refused_and_not_dropped(part: dict[str, Any]) -> None:
    loop = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"again": {"$ref": "#/$defs/Loop"}},
    }
    with pytest.raises(ValueError, match=r"strict mode|reference|contains itself"):
        strict_schema(
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {"x": part},
                "$defs": {"Loop": loop},
            }
        )
    with pytest.raises(ValueError, match="an object at the root"):
        strict_schema({"type": "array", "items": {}})


TEXT = st.text(min_size=1, max_size=8).filter(str.strip)
MAYBE_ID = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,5}\Z")
RESOURCE = st.fixed_dictionaries(
    {
        "title": TEXT,
        "url": TEXT,
        "kind": st.sampled_from(["doc", "paper", "video", "book", "spec", "other"]),
        "role": st.sampled_from(["definition", "other"]),
    },
    optional={"citation": TEXT},
)
NODE = st.fixed_dictionaries(
    {
        "id": MAYBE_ID,
        "title": TEXT,
        "capability": TEXT,
        "prerequisites": st.lists(TEXT, max_size=2),
        "core_ideas": st.lists(TEXT, min_size=2, max_size=3),
        "pitfalls": st.lists(TEXT, min_size=1, max_size=2),
        "mastery_check": st.fixed_dictionaries({"task": TEXT, "pass_criteria": TEXT}),
        "estimate_minutes": st.floats(min_value=0.5, max_value=1e6),
        "resources": st.lists(RESOURCE, max_size=2),
    },
    optional={"estimate_confidence": st.floats(min_value=0, max_value=1)},
)
QUESTION = st.fixed_dictionaries(
    {
        "question": TEXT,
        "related_nodes": st.lists(TEXT, max_size=2),
        "status": st.sampled_from(["open", "resolved"]),
    }
)
CURRICULUM = st.fixed_dictionaries(
    {"topic": TEXT, "nodes": st.lists(NODE, max_size=3)},
    optional={"open_questions": st.lists(QUESTION, max_size=2)},
)


@given(CURRICULUM)
@settings(max_examples=60, deadline=None)
@pytest.mark.slow
def test_a_curriculum_of_ours_is_one_of_strict_mode_and_comes_back_the_same(
    curriculum: dict[str, Any],
) -> None:
    assert schema_problems("curriculum", curriculum) == []
    there = with_nulls(curriculum, STRICT)
    jsonschema.Draft202012Validator(STRICT).validate(there)
    assert without_nulls(there, OURS) == curriculum


def test_a_null_that_is_not_optional_stays_and_is_a_problem() -> None:
    document = without_nulls({"topic": None, "nodes": [], "open_questions": None}, OURS)
    assert document == {"topic": None, "nodes": []}
    assert [problem.pointer for problem in schema_problems("curriculum", document)] == ["/topic"]
