"""What the evidence reads out of texts."""

from __future__ import annotations

import pytest
from dagogy.api.failures import Failure, FailureEvidence
from dagogy.host.manager import Host
from dagogy.incidents.dialects import installed
from pattern_probe import GROWTH, call_growth

DIALECTS, _ = installed(Host())

BANNER = "OpenAI Codex v0.1.0\n--------\nworkdir: /w\nmodel: m\n--------\nuser\n"


def clues(text: str, **facts: object) -> list[object]:
    return list(FailureEvidence(Failure(text=text, **facts), DIALECTS).clues)  # type: ignore[arg-type]


def errors_of(text: str) -> str:
    return " | ".join(c.text for c in FailureEvidence(Failure(text=text), DIALECTS).clues)


def test_colours_and_typographic_quotes_are_taken_off() -> None:
    assert "You've hit" in errors_of("\x1b[31mERROR:\x1b[0m You\u2019ve hit it")


def test_a_message_broken_at_the_terminals_edge_is_read_as_one() -> None:
    tight = [
        c.tight
        for c in FailureEvidence(
            Failure(text="ERROR: unexpected thing: Incorrect API ke\ny provided by you"), DIALECTS
        ).clues
    ]
    assert any("Incorrect API key provided" in t for t in tight)


def test_warnings_banner_and_echoed_prompt_are_no_clues() -> None:
    text = BANNER + "Explain\nError: invalid_api_key\nwarning: rate limit\nERROR: the real one\n"
    assert errors_of(text) == "ERROR: the real one"


def test_other_programs_errors_are_no_clues() -> None:
    assert clues("fatal: unable to access 'x': Could not resolve host: github.com") == []


def test_the_innermost_error_decides() -> None:
    outer = '{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":'
    raw = outer + '"{\\"error\\":{\\"message\\":\\"in\\",\\"code\\":\\"context_length_exceeded\\"}}"}}}'
    (body,) = [c for c in FailureEvidence(Failure(text=raw), DIALECTS).clues if c.kind == "body"]
    assert (body.codes, body.text, body.status) == (frozenset({"context_length_exceeded"}), "in", 429)


def test_a_python_dict_of_the_sdk_is_read() -> None:
    text = "X: Error code: 400 - {'error': {'message': \"it's\", 'code': 'c_x', 'param': 'p'}}"
    (body,) = [c for c in FailureEvidence(Failure(text=text), DIALECTS).clues if c.kind == "body"]
    assert (body.codes, body.param, body.status) == (frozenset({"c_x"}), "p", 400)


def test_the_leaf_of_a_traceback_is_not_outer() -> None:
    head = "Traceback (most recent call last):\nhttpcore.ConnectError: inner\n\n"
    text = head + (
        "The above exception was the direct cause of the following exception:\n\n"
        "openai.APIConnectionError: outer"
    )
    found = {
        c.exception: c.outer
        for c in FailureEvidence(Failure(text=text), DIALECTS).clues
        if c.kind == "exception"
    }
    assert found == {
        "httpcore.ConnectError": False,
        "openai.APIConnectionError": True,
    }


def test_errno_is_known_by_number_in_any_language_and_system() -> None:
    for text, name in (
        ("OSError: [Errno 28] Kein Platz", "ENOSPC"),
        ("OSError: [WinError 32] x", "ELOCKED"),
        ("Error: x (os error 13)", "EACCES"),
        ("E: [Errno 61] x", ""),
    ):
        found = {c.errno for c in FailureEvidence(Failure(text=text), DIALECTS).clues} - {""}
        assert found == ({name} if name else set())


def test_only_our_own_codes_are_typed() -> None:
    assert [
        c.typed for c in FailureEvidence(Failure(text="[locked] held"), DIALECTS).clues if c.kind == "typed"
    ] == ["locked"]
    assert [
        c
        for c in FailureEvidence(Failure(text="error[E0308]: mismatched types"), DIALECTS).clues
        if c.kind == "typed"
    ] == []


def test_exit_0_with_a_reply_that_parses_is_a_success() -> None:
    assert FailureEvidence(
        Failure(text=BANNER + 'x\nwarning: w\ncodex\n{"a": 1}\ntokens used\n1', exit_status=0), DIALECTS
    ).succeeded
    assert not FailureEvidence(
        Failure(text=BANNER + "x\nwarning: w\ncodex\nno\ntokens used\n1", exit_status=0), DIALECTS
    ).succeeded


def test_every_clue_has_lines() -> None:
    text = BANNER + "x\nERROR: unexpected status 503 Service Unavailable: no\n"
    assert all(
        c.lines and all(c.lines)
        for c in FailureEvidence(Failure(text=text, exit_status=-9, http_status=503), DIALECTS).clues
    )


@pytest.mark.parametrize(
    ("once", "repeated", "times"),
    [
        ("", "{", 100_000),
        ("ERROR: ", "(", 100_000),
        ("", "a.b.", 50_000),
        ("", "{'a': '" + "x" * 50 + "\n", 3_000),
        ("", "ERROR: x\n", 20_000),
    ],
)
def test_the_time_for_a_long_or_hostile_text_grows_with_its_length(
    once: str, repeated: str, times: int
) -> None:
    assert call_growth(clues, once + repeated * times, once + repeated * (times // 4)) <= GROWTH
