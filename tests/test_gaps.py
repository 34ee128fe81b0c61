"""A node may leave fields to its author: what the schema, the models and the rules make of that."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from dagogy.contracts.check import schema_problems
from dagogy.contracts.documents import decode_curriculum, json_values

FIELDS = {
    "capability": "",
    "core_ideas": [],
    "pitfalls": [],
    "mastery_check": {"task": "", "pass_criteria": ""},
    "resources": [],
}
WHOLE: dict[str, Any] = {
    "id": "a",
    "title": "Osmosis",
    "capability": "Explain osmosis.",
    "prerequisites": [],
    "core_ideas": ["Water passes a membrane.", "The flow stops at equal pressures."],
    "pitfalls": ["Counting the solute."],
    "mastery_check": {"task": "Draw the flow.", "pass_criteria": "The arrow points to the solute."},
    "estimate_minutes": 30,
    "resources": [],
}


def _document(**node: Any) -> dict[str, Any]:
    return {"topic": "Cells", "nodes": [{**copy.deepcopy(WHOLE), **node}], "schema_version": "1.1"}


def _gap(field: str) -> dict[str, str]:
    return {"field": field, "reason": "The source says nothing of it."}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_a_gap_names_may_be_empty(field: str) -> None:
    document = _document(**{field: FIELDS[field]}, gaps=[_gap(field)])
    decoded = decode_curriculum(json.dumps(document).encode())
    assert not decoded.problems
    assert decoded.value is not None
    assert decoded.value.nodes[0].gap(field) is not None
    assert json_values(decoded.value) == document
    assert schema_problems("curriculum", document) == []


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "resources"])
def test_an_empty_field_that_no_gap_names_is_refused_with_the_way_out(field: str) -> None:
    other = "pitfalls" if field != "pitfalls" else "core_ideas"
    document = _document(**{field: FIELDS[field]}, gaps=[_gap(other)])
    decoded = decode_curriculum(json.dumps(document).encode())
    assert decoded.value is None
    assert {p.pointer.split("/")[3] for p in decoded.problems} == {field}
    assert all("gaps" in p.hint for p in decoded.problems)


@pytest.mark.parametrize(
    "gaps",
    [
        [{"field": "title", "reason": "r"}],
        [{"field": "pitfalls"}],
        [{"field": "pitfalls", "reason": " "}],
        None,
    ],
)
def test_a_gap_names_a_field_that_may_be_open_and_a_reason(gaps: Any) -> None:
    decoded = decode_curriculum(json.dumps(_document(gaps=gaps)).encode())
    assert decoded.value is None
    assert decoded.problems[0].pointer.startswith("/nodes/0/gaps")


def test_group_and_optional_are_kept_and_left_out_where_not_given() -> None:
    document = _document(group="Week 1", optional=True)
    assert json_values(decode_curriculum(json.dumps(document).encode()).value) == document
    bare = {"topic": "Cells", "nodes": [WHOLE]}
    assert json_values(decode_curriculum(json.dumps(bare).encode()).value) == bare


def test_a_repeated_key_is_seen_beside_gaps() -> None:
    text = json.dumps(_document(gaps=[_gap("resources")], group="G", optional=True), separators=(",", ":"))
    assert decode_curriculum(text.encode()).problems == []
    twice = text.replace('"group":"G"', '"group":"G","group":"G"')
    assert "appears twice" in decode_curriculum(twice.encode()).problems[0].message
