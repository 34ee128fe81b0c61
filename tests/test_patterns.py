"""`lazy_pattern`: a regular expression that costs nothing until it is used."""

from __future__ import annotations

import re

import pytest
from dagogy.api.text import lazy_pattern


def test_a_lazy_pattern_is_compiled_once_and_only_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    plain = re.compile
    monkeypatch.setattr(re, "compile", lambda text, flags=0: compiled.append(text) or plain(text, flags))
    pattern = lazy_pattern(r"(?P<word>ab+)", re.IGNORECASE)
    assert pattern.pattern == r"(?P<word>ab+)"
    assert compiled == []
    assert [m["word"] for m in pattern.finditer("ABB x abb")] == ["ABB", "abb"]
    assert pattern.sub("-", "xab") == "x-"
    assert pattern.match("b") is None
    assert compiled == [r"(?P<word>ab+)"]
    assert (pattern.groups, dict(pattern.groupindex)) == (1, {"word": 1})
    assert pattern.flags & re.IGNORECASE


def test_a_lazy_pattern_has_what_a_pattern_has_and_nothing_more() -> None:
    pattern = lazy_pattern("a")
    assert all(hasattr(pattern, name) for name in dir(re.compile("a")) if not name.startswith("_"))
    with pytest.raises(AttributeError):
        pattern.serach("a")  # type: ignore[attr-defined]
    with pytest.raises(re.error):
        lazy_pattern("(").search("x")
