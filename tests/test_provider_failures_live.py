"""Every failure of the evidence that a loopback server can cause, caused for real, through our providers with the real SDK and the real codex CLI.

A row is named after its file in `bench/provider_failures` (without `sdk-` or `codex-`) where it has one. `make bench-providers` prints what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest
from servers.faulty import Faulty
from servers.outcomes import SECRET, Measured, measure
from support import Desk


class Row(NamedTuple):
    """A run and what is expected of it. `cause` is one of `ProviderError.CAUSES` or ""; `requests` how many questions reach the server."""

    name: str
    scenario: str
    outcome: str
    cause: str
    incident: str
    requests: int
    settings: Mapping[str, str] = MappingProxyType({})
    slow: bool = False


def fails(name: str, scenario: str, cause: str, incident: str, requests: int = 1, **settings: str) -> Row:
    return Row(name, scenario, "provider_error", cause, incident, requests, settings)


def accepted(name: str, scenario: str, requests: int = 1, **settings: str) -> Row:
    return Row(name, scenario, "accepted", "", "", requests, settings)


def misconfigured(name: str, cause: str, incident: str, **settings: str) -> Row:
    return Row(name, "ok", "config_error", cause, incident, 0, settings)


#: remote_llm. The retry budget is 1 where nothing else is said, so that what is retried is asked twice.
REMOTE = [
    accepted("parse-ok", "ok"),
    accepted("parse-fenced", "fenced"),
    accepted("embedded", "embedded"),
    accepted("chat", "ok", AGENT_API="chat"),
    accepted("noresponses", "noresponses", 2),
    accepted("ignoresformat", "ignoresformat", 2),
    accepted("unsupported-stream", "unsupported-stream", 2),
    accepted("retry-flaky500", "flaky1-500", 2),
    accepted("retry-flaky429-retryafter", "flaky1-429rate", 2),
    accepted("retry-flaky429-httpdate", "flaky1-429date", 2),
    accepted("retry-flaky429-ms", "flaky1-429ms", 2),
    accepted("retry-flaky-rst", "flaky1-rst", 2),
    accepted("baseurl-userinfo", "ok", OPENAI_BASE_URL="http://user:pw@{host}/s/ok/v1"),
    fails("400ctx", "400ctx", "", "context_window_exceeded"),
    fails("400schema", "400schema", "", "output_schema_rejected"),
    fails("400prompt", "400prompt", "", "provider_refusal"),
    fails("401", "401", "", "provider_auth_failed"),
    fails("401echo", "401echo", "", "provider_auth_failed"),
    fails("403", "403", "", "provider_auth_failed"),
    fails("404", "404", "", "model_unavailable"),
    fails("404page", "404page", "", "openai_base_url_invalid", 2),
    fails("405", "405", "", "openai_base_url_invalid", 2),
    fails("413", "413", "", "context_window_exceeded"),
    fails("retry-default-408", "408", "", "provider_timeout", 2),
    fails("retry-default-409", "409", "", "provider_overloaded", 2),
    fails("429rate", "429rate", "", "provider_rate_limited", 2),
    fails("429long", "429long", "", "provider_rate_limited"),
    fails("429quota", "429quota", "", "provider_quota_exhausted"),
    fails("500", "500", "", "provider_overloaded", 2),
    fails("html502", "html502", "", "provider_overloaded", 2),
    fails("retry-default-503", "503", "", "provider_overloaded", 2),
    fails("no-retry-503", "503", "", "provider_overloaded", 1, AGENT_RETRY_BUDGET="0"),
    fails("529", "529", "", "provider_overloaded", 2),
    fails("html200", "html200", "html", "openai_base_url_invalid"),
    fails("error200", "error200", "error_body", "provider_overloaded"),
    fails("refusal", "refusal", "refusal", "provider_refusal"),
    fails("refusal-chat", "refusal", "refusal", "provider_refusal", AGENT_API="chat"),
    fails("incomplete", "incomplete", "incomplete", "provider_output_truncated"),
    fails("incomplete-chat", "incomplete", "incomplete", "provider_output_truncated", AGENT_API="chat"),
    fails("incomplete_filter", "incomplete_filter", "content_filter", "provider_refusal"),
    fails("emptyout", "emptyout", "empty", "provider_output_not_json"),
    fails("emptytext", "emptytext", "empty", "provider_output_not_json"),
    fails("notjson", "prose", "prose", "provider_output_not_json", 2),
    fails("pythonjson", "notjson", "not_json", "provider_output_not_json", 2),
    fails("badschema", "badschema", "wrong_shape", "provider_output_schema_mismatch", 2),
    fails("cutanswer", "cutanswer", "incomplete", "provider_output_truncated", 2),
    fails("stream-badsse", "badsse", "", "provider_output_not_json", 2),
    fails("stream-ctxsse", "ctxsse", "", "context_window_exceeded"),
    fails("stream-quotasse", "quotasse", "", "provider_quota_exhausted"),
    fails("stream-failedsse", "failedsse", "", "provider_overloaded", 2),
    fails("stream-failedsse-chat", "failedsse", "", "provider_overloaded", 2, AGENT_API="chat"),
    fails("stream-cutsse", "cutsse", "incomplete", "provider_output_truncated", 2),
    fails("stream-dropsse", "dropsse", "", "network_unreachable", 2),
    fails("rst", "rst", "", "network_unreachable", 2),
    fails("hang", "hang", "timeout", "provider_timeout", 1, AGENT_TIMEOUT_SECONDS="2"),
    fails("stall", "stall", "timeout", "provider_timeout", 1, AGENT_TIMEOUT_SECONDS="2"),
    fails("drip-timeout-total", "drip", "timeout", "provider_timeout", 1, AGENT_TIMEOUT_SECONDS="2"),
    fails("connrefused", "ok", "", "network_unreachable", 0, OPENAI_BASE_URL="http://127.0.0.1:9/v1"),
    fails("baseurl-full-endpoint", "ok", "", "openai_base_url_invalid", 2, OPENAI_BASE_URL="{root}/s/ok/v1/responses"),
    misconfigured("baseurl-trailing-newline", "base_url_malformed", "openai_base_url_invalid", OPENAI_BASE_URL="{root}/s/ok/v1\nx"),
    misconfigured("env-baseurl-noscheme", "base_url_malformed", "openai_base_url_invalid", OPENAI_BASE_URL="{host}/s/ok/v1"),
    misconfigured("key-embedded-crlf", "key_malformed", "provider_auth_failed", OPENAI_API_KEY=SECRET + "\r\nX-Evil: 1"),
    misconfigured("key-latin1", "key_malformed", "provider_auth_failed", OPENAI_API_KEY=SECRET + "é"),
    misconfigured("key-env-empty", "key_missing", "openai_api_key_missing", OPENAI_API_KEY=""),
]


def remote(desk: Desk, monkeypatch: pytest.MonkeyPatch, row: Row, server: Faulty, **more: str) -> Measured:
    root = server.root
    given = {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": server.url(row.scenario), "AGENT_TIMEOUT_SECONDS": "20", **more, **row.settings}
    filled = {name: value.replace("{root}", root).replace("{host}", root.partition("//")[2]) for name, value in given.items()}
    return measure(desk, monkeypatch, row.name, "remote_llm", lambda: len(server.questions), "--model", "gpt-fake", **filled)


def check(row: Row, done: Measured) -> None:
    told = (done.outcome, done.cause, done.incident, done.requests)
    assert told == (row.outcome, row.cause, row.incident, row.requests), f"{done.message}\n{done.details}"
    assert done.processes == ()
    assert done.secret_bytes == 0


@pytest.mark.parametrize("row", REMOTE, ids=lambda row: row.name)
def test_remote_llm(row: Row, desk: Desk, monkeypatch: pytest.MonkeyPatch, good_faulty: Faulty) -> None:
    check(row, remote(desk, monkeypatch, row, good_faulty))
