"""One measure of nesting for everything that comes from outside, exact at its limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dagogy.api.errors import ConfigError
from dagogy.contracts.check import _MAX_DEPTH, schema_problems
from dagogy.contracts.depth import is_deeper_than
from dagogy.workspace import trust
from dagogy.workspace.files import _DEEPEST_JSON, TooDeep, from_json


def arrays(levels: int, inside: str = "") -> str:
    return "[" * levels + inside + "]" * levels


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "levels"),
    [("text", 0), (7, 0), ([], 1), ({}, 1), ([1, "a"], 1), ({"a": {"b": []}}, 3), (nested(60), 60)],
)
def test_scalars_are_no_level_and_an_empty_array_is_one(value: Any, levels: int) -> None:
    assert not is_deeper_than(value, levels)
    if levels:
        assert is_deeper_than(value, levels - 1)


@pytest.mark.parametrize("inside", ["", "1"])
def test_json_is_read_to_its_limit_and_no_further(inside: str) -> None:
    assert from_json(arrays(_DEEPEST_JSON, inside))
    with pytest.raises(TooDeep):
        from_json(arrays(_DEEPEST_JSON + 1, inside))


def test_a_document_is_checked_to_its_limit_and_no_further() -> None:
    def too_deep(levels: int) -> bool:
        return any("nested too deeply" in p.message for p in schema_problems("curriculum", nested(levels)))

    assert not too_deep(_MAX_DEPTH)
    assert too_deep(_MAX_DEPTH + 1)


@pytest.mark.parametrize("inside", ["", "1"])
def test_a_configuration_is_read_to_its_limit_and_no_further(inside: str) -> None:
    def file(levels: int) -> trust.ConfigFile:
        text = f"x = {arrays(levels - 1, inside)}\n"  # the file itself is a table: one level
        return trust.ConfigFile(Path("dagogy.toml"), Path("dagogy.toml"), text.encode(), 0, "", "")

    assert file(trust._DEEPEST).table()
    with pytest.raises(ConfigError, match="nested too deeply"):
        file(trust._DEEPEST + 1).table()
