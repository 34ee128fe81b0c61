"""Every failure of the evidence that a loopback server can cause, caused for real, through our providers with
the real SDK and the real codex CLI.

A row is named after its file in `bench/provider_failures` (without `sdk-` or `codex-`) where it has one.
`make bench-providers` prints what was measured.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from servers.doubles import CODEX, call, codex_home
from servers.faulty import Faulty
from servers.outcomes import SECRET, Measured, measure
from support import CommandRunner


class Row(NamedTuple):
    """A run and what is expected of it. `cause` is one of `ProviderError.CAUSES` or ""; `requests` how many
    questions reach the server.
    """

    name: str
    scenario: str
    outcome: str
    cause: str
    incident: str
    requests: int
    settings: Mapping[str, str] = MappingProxyType({})


def cases(rows: Sequence[Row], fast: str) -> pytest.MarkDecorator:
    """The rows as cases. The whole table takes minutes; those named in `fast` are run every time."""
    return pytest.mark.parametrize(
        "row",
        [
            pytest.param(row, id=row.name, marks=[pytest.mark.slow] * (row.name not in fast.split()))
            for row in rows
        ],
    )


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
    fails("retry-default-409", "409", "", "unknown", 2),
    fails("429rate", "429rate", "", "provider_rate_limited", 2),
    fails("429long", "429long", "", "provider_rate_limited"),
    fails("429quota", "429quota", "", "provider_quota_exhausted"),
    fails("500", "500", "", "provider_overloaded", 2),
    fails("html502", "html502", "", "provider_overloaded", 2),
    fails("retry-default-503", "503", "", "provider_overloaded", 2),
    fails("no-retry-503", "503", "", "provider_overloaded", 1, AGENT_RETRY_BUDGET="0"),
    fails("529", "529", "", "provider_overloaded", 2),
    fails("html200", "html200", "html", "openai_base_url_invalid"),
    fails("error200", "error200", "error_body", "unknown"),
    fails("refusal", "refusal", "refusal", "provider_refusal"),
    fails("refusal-chat", "refusal", "refusal", "provider_refusal", AGENT_API="chat"),
    fails("incomplete", "incomplete", "incomplete", "provider_output_truncated"),
    fails("incomplete-chat", "incomplete", "incomplete", "provider_output_truncated", AGENT_API="chat"),
    fails("incomplete_filter", "incomplete_filter", "content_filter", "provider_refusal"),
    fails("emptyout", "emptyout", "empty", "provider_empty_answer", 2),
    fails("emptytext", "emptytext", "empty", "provider_empty_answer", 2),
    fails("notjson", "prose", "prose", "provider_output_not_json", 2),
    fails("pythonjson", "notjson", "not_json", "provider_output_not_json", 2),
    fails("badschema", "badschema", "wrong_shape", "provider_output_schema_mismatch", 2),
    fails("cutanswer", "cutanswer", "incomplete", "provider_output_truncated", 2),
    fails("stream-badsse", "badsse", "incomplete", "provider_output_truncated", 2),
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
    misconfigured(
        "baseurl-full-endpoint",
        "base_url_malformed",
        "openai_base_url_invalid",
        OPENAI_BASE_URL="{root}/s/ok/v1/responses",
    ),
    misconfigured(
        "baseurl-userinfo",
        "base_url_malformed",
        "openai_base_url_invalid",
        OPENAI_BASE_URL="http://user:pw@{host}/s/ok/v1",
    ),
    misconfigured(
        "baseurl-trailing-newline",
        "base_url_malformed",
        "openai_base_url_invalid",
        OPENAI_BASE_URL="{root}/s/ok/v1\nx",
    ),
    misconfigured(
        "env-baseurl-noscheme",
        "base_url_malformed",
        "openai_base_url_invalid",
        OPENAI_BASE_URL="{host}/s/ok/v1",
    ),
    misconfigured(
        "key-embedded-crlf", "key_malformed", "provider_auth_failed", OPENAI_API_KEY=SECRET + "\r\nX-Evil: 1"
    ),
    misconfigured("key-latin1", "key_malformed", "provider_auth_failed", OPENAI_API_KEY=SECRET + "é"),
    misconfigured("key-env-empty", "key_missing", "openai_api_key_missing", OPENAI_API_KEY=""),
]


def remote(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, row: Row, server: Faulty, **more: str
) -> Measured:
    root = server.root
    given = {
        "OPENAI_API_KEY": SECRET,
        "OPENAI_BASE_URL": server.url(row.scenario),
        "AGENT_TIMEOUT_SECONDS": "20",
        **more,
        **row.settings,
    }
    filled = {
        name: value.replace("{root}", root).replace("{host}", root.partition("//")[2])
        for name, value in given.items()
    }
    return measure(
        runner,
        monkeypatch,
        row.name,
        "remote_llm",
        lambda: len(server.questions),
        "--model",
        "gpt-fake",
        **filled,
    )


def check(row: Row, done: Measured) -> None:
    message = (done.outcome, done.cause, done.incident, done.requests)
    assert message == (row.outcome, row.cause, row.incident, row.requests), f"{done.message}\n{done.details}"
    assert done.processes == ()
    assert done.secret_bytes == 0


@cases(
    REMOTE,
    fast=("parse-ok 401echo 429quota refusal"),
)
def test_remote_llm(
    row: Row, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, good_faulty: Faulty
) -> None:
    check(row, remote(runner, monkeypatch, row, good_faulty))


def test_remote_llm_over_a_certificate_that_nobody_vouches_for(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, faulty_tls: Faulty
) -> None:
    row = fails("tls-selfsigned", "ok", "", "tls_failure", 0)
    check(row, remote(runner, monkeypatch, row, faulty_tls))


#: codex_exec. codex itself tries again as its configuration says, here once (`request_max_retries`,
#: `stream_max_retries`).
CODEX_ROWS = [
    accepted("ok", "ok"),
    accepted("fenced", "fenced"),
    accepted("flaky", "flaky1-503", 2),
    accepted("flaky-rst", "flaky1-rst", 2),
    fails("400ctx", "400ctx", "", "context_window_exceeded"),
    fails("400detail", "400detail", "", "model_unavailable"),
    fails("400schema", "400schema", "", "output_schema_rejected"),
    fails("401", "401", "", "provider_auth_failed", 2),
    fails("401echo", "401echo", "", "provider_auth_failed", 2),
    fails("403", "403", "", "provider_auth_failed", 2),
    fails("404", "404", "", "model_unavailable"),
    fails("429rate", "429rate", "", "provider_rate_limited", 2),
    fails("429quota", "429quota", "", "provider_quota_exhausted"),
    fails("500", "500", "", "provider_overloaded", 4),
    fails("html502", "html502", "", "provider_overloaded", 4),
    fails("503", "503", "", "provider_overloaded", 2),
    fails("html200", "html200", "", "network_unreachable", 2),
    fails("refusal", "refusal", "empty", "codex_structured_output"),
    fails("incomplete", "incomplete", "incomplete", "provider_output_truncated"),
    fails("incomplete_filter", "incomplete_filter", "content_filter", "provider_refusal", 2),
    fails("emptyout", "emptyout", "empty", "codex_structured_output"),
    fails("emptytext", "emptytext", "empty", "codex_structured_output"),
    fails("notjson", "prose", "prose", "codex_structured_output", 2),
    fails("badschema", "badschema", "wrong_shape", "provider_output_schema_mismatch", 2),
    fails("cutanswer", "cutanswer", "incomplete", "provider_output_truncated", 2),
    fails("failedsse", "failedsse", "", "provider_overloaded", 2),
    fails("quotasse", "quotasse", "", "provider_quota_exhausted"),
    fails("ctxsse", "ctxsse", "", "context_window_exceeded"),
    fails("cutsse", "cutsse", "", "network_unreachable", 2),
    fails("rst", "rst", "", "network_unreachable", 4),
    fails("hang", "hang", "timeout", "provider_timeout", 1, AGENT_TIMEOUT_SECONDS="3"),
    fails("stall", "stall", "timeout", "provider_timeout", 1, AGENT_TIMEOUT_SECONDS="3"),
    accepted("toolsleep", "toolsleep", 2),
    fails("refused", "refused", "", "network_unreachable", 0, AGENT_TIMEOUT_SECONDS="4"),
    fails("baseurl-noscheme", "noscheme", "", "openai_base_url_invalid", 0, AGENT_TIMEOUT_SECONDS="8"),
    fails("baseurl-nohost", "nohost", "", "network_unreachable", 0, AGENT_TIMEOUT_SECONDS="4"),
    fails("envkey-missing", "ok", "", "openai_api_key_missing", 0, LOCAL_KEY=""),
    accepted("envkey-nonascii", "ok", LOCAL_KEY=SECRET + "é"),
    fails(
        "unknown-provider",
        "ok",
        "",
        "coding_agent_misconfigured",
        0,
        CODING_AGENT_CMD='{codex} -c model_provider="zzz"',
    ),
    fails("bad-flag", "ok", "", "coding_agent_misconfigured", 0, CODING_AGENT_CMD="{codex} --no-such-flag"),
    fails(
        "codexhome-nonexistent", "ok", "", "coding_agent_misconfigured", 0, CODEX_HOME="/no/such/codex-home"
    ),
    fails(
        "missing-binary",
        "ok",
        "binary_missing",
        "coding_agent_not_found",
        0,
        CODING_AGENT_CMD="/no/such/codex",
    ),
]


def through_codex(
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    row: Row,
    server: Faulty,
    **provider: int | str | None,
) -> Measured:
    """`provider`: settings of codex's model provider; None takes one away."""
    url = {"refused": "http://127.0.0.1:9/v1", "noscheme": "127.0.0.1:9/v1", "nohost": "http://"}.get(
        row.scenario
    ) or server.url(row.scenario)
    home = codex_home(
        folder / "codex-home", url, **{"request_max_retries": 1, "stream_max_retries": 1, **provider}
    )
    given = {**home, "LOCAL_KEY": SECRET, "AGENT_TIMEOUT_SECONDS": "30", **row.settings}
    filled = {name: value.replace("{codex}", str(CODEX)) for name, value in given.items()}
    return measure(runner, monkeypatch, row.name, "codex_exec", lambda: len(server.questions), **filled)


@cases(CODEX_ROWS, fast="ok 401 notjson missing-binary")
def test_codex_exec(
    row: Row,
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    good_faulty: Faulty,
    codex: Path,
) -> None:
    check(row, through_codex(runner, monkeypatch, tmp_path, row, good_faulty))


@pytest.mark.slow
def test_codex_exec_runs_no_command_that_a_service_asks_for(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good_faulty: Faulty, codex: Path
) -> None:
    row = accepted("sandbox-probe", "toolthen", 2)
    check(row, through_codex(runner, monkeypatch, tmp_path, row, good_faulty))
    outputs = [
        item["output"]
        for item in good_faulty.questions[1].body["input"]
        if item["type"] == "function_call_output"
    ]
    assert len(outputs) == 1
    assert "tool-ran" not in str(outputs)


@pytest.mark.slow
def test_codex_exec_whose_model_provider_names_no_key(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good_faulty: Faulty, codex: Path
) -> None:
    row = fails("noenvkey-401", "401", "", "provider_auth_failed", 2)
    check(row, through_codex(runner, monkeypatch, tmp_path, row, good_faulty, env_key=None))


@pytest.mark.slow
def test_codex_exec_with_codex_own_model_provider(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good_faulty: Faulty, codex: Path
) -> None:
    """It asks for a WebSocket first, which no loopback server of ours has, and goes on over HTTP."""
    command = f"{CODEX} -c model_provider=openai -c openai_base_url={good_faulty.url('ok')}"
    row = accepted("builtin-openai-cfgbase", "ok", CODING_AGENT_CMD=command, CODEX_API_KEY=SECRET)
    check(row, through_codex(runner, monkeypatch, tmp_path, row, good_faulty))


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [
        fails("401-retries", "401", "", "provider_auth_failed", 6),
        fails("html502-retries", "html502", "", "provider_overloaded", 30),
        fails("rst-retries", "rst", "", "network_unreachable", 30),
    ],
    ids=lambda row: row.name,
)
def test_codex_exec_with_the_retries_that_codex_has_by_default(
    row: Row,
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    good_faulty: Faulty,
    codex: Path,
) -> None:
    settings = {**row.settings, "AGENT_TIMEOUT_SECONDS": "60"}
    check(
        row,
        through_codex(
            runner,
            monkeypatch,
            tmp_path,
            row._replace(settings=settings),
            good_faulty,
            request_max_retries=None,
            stream_max_retries=None,
        ),
    )


def script(folder: Path, text: str) -> str:
    path = folder / "codex"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_codex_exec_whose_command_says_nothing_and_ends_well(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, faulty: Faulty
) -> None:
    row = fails(
        "binary-silent-exit0",
        "ok",
        "empty",
        "codex_structured_output",
        0,
        CODING_AGENT_CMD=script(tmp_path, "#!/bin/sh\n"),
    )
    check(row, through_codex(runner, monkeypatch, tmp_path, row, faulty))


def test_codex_exec_without_node_on_the_path(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, faulty: Faulty, codex: Path
) -> None:
    row = fails("wrapper-no-node", "ok", "binary_missing", "coding_agent_not_found", 0, PATH=str(tmp_path))
    check(row, through_codex(runner, monkeypatch, tmp_path, row, faulty))


@pytest.mark.slow
def test_codex_exec_without_the_package_for_this_platform(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, faulty: Faulty, codex: Path
) -> None:
    wrapper = codex.resolve()
    shutil.copytree(wrapper.parents[1], tmp_path / "node_modules/@openai/codex")
    command = tmp_path / "node_modules/@openai/codex/bin" / wrapper.name
    row = fails(
        "wrapper-no-platform-pkg",
        "ok",
        "binary_missing",
        "coding_agent_not_found",
        0,
        CODING_AGENT_CMD=str(command),
    )
    check(row, through_codex(runner, monkeypatch, tmp_path, row, faulty))


# ---------------------------------------------------------------------------------------- independent servers


def scripted(llmock: str, *behaviors: Mapping[str, Any]) -> Callable[[], int]:
    """Gives llmock its behaviours; counts the questions that it got."""
    call(f"{llmock}/_llmock/scenario", {"behaviors": list(behaviors)})
    return lambda: sum(
        r["path"].endswith(("/responses", "/chat/completions"))
        for r in call(f"{llmock}/_llmock/requests")["requests"]
    )


def always(good: Any) -> Mapping[str, Any]:
    """A model that knows the curriculum."""
    return {"type": "reply", "text": json.dumps(good), "times": None}


#: What llmock is told to do, and what comes of it.
LLMOCK_ROWS = [
    (accepted("llmock", ""), ()),
    (
        accepted("llmock-429-recovers", "", 2),
        ({"type": "fail", "status": 429, "retry_after": 1, "times": 1},),
    ),
    (
        accepted("llmock-malformed-recovers", "", 2),
        ({"type": "stream_fault", "kind": "malformed", "after_chunks": 3},),
    ),
    (
        accepted("llmock-truncate-recovers", "", 2),
        ({"type": "stream_fault", "kind": "truncate", "after_chunks": 3},),
    ),
    (
        accepted("llmock-disconnect-recovers", "", 2),
        ({"type": "stream_fault", "kind": "disconnect", "after_chunks": 3},),
    ),
    (
        fails("llmock-outage503", "", "", "provider_overloaded", 2),
        ({"type": "fail", "status": 503, "times": None},),
    ),
]
llmock_rows = pytest.mark.parametrize(
    ("row", "faults"),
    [
        pytest.param(
            row,
            faults,
            id=row.name,
            marks=[pytest.mark.slow] * (row.name not in ("llmock", "llmock-truncate-recovers")),
        )
        for row, faults in LLMOCK_ROWS
    ],
)
#: Where codex, which has its own mind about retries, sends another number of requests.
OF_CODEX = {"llmock-malformed-recovers": 1, "llmock-outage503": 4}


@llmock_rows
@pytest.mark.slow
def test_remote_llm_against_llmock(
    row: Row,
    faults: tuple[Any, ...],
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    llmock: str,
    good_curriculum: Any,
) -> None:
    count = scripted(llmock, *faults, always(good_curriculum))
    given = {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": f"{llmock}/v1", "AGENT_TIMEOUT_SECONDS": "20"}
    check(row, measure(runner, monkeypatch, row.name, "remote_llm", count, "--model", "gpt-fake", **given))
    # llmock grades its client, too. A probe that asks for the models once is no call that somebody gave up.
    assert [f for f in call(f"{llmock}/_llmock/verdict")["findings"] if f["path"] != "GET /v1/models"] == []


@llmock_rows
@pytest.mark.slow
def test_codex_exec_against_llmock(
    row: Row,
    faults: tuple[Any, ...],
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    llmock: str,
    good_curriculum: Any,
    codex: Path,
) -> None:
    count = scripted(llmock, *faults, always(good_curriculum))
    home = codex_home(tmp_path / "codex-home", f"{llmock}/v1", request_max_retries=1, stream_max_retries=1)
    row = row._replace(requests=OF_CODEX.get(row.name, row.requests))
    check(
        row,
        measure(
            runner,
            monkeypatch,
            row.name,
            "codex_exec",
            count,
            **home,
            LOCAL_KEY=SECRET,
            AGENT_TIMEOUT_SECONDS="30",
        ),
    )


@pytest.mark.parametrize(
    "flags",
    [(), pytest.param(("--latency", "20", "--chunk-size", "400"), marks=pytest.mark.slow)],
    ids=["aimock", "aimock-slow"],
)
@pytest.mark.parametrize("provider", ["remote_llm", "codex_exec"])
def test_against_aimock(
    provider: str,
    flags: tuple[str, ...],
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    aimock: Callable[..., str],
    good_curriculum: Any,
) -> None:
    root = aimock([{"match": {}, "response": {"content": json.dumps(good_curriculum)}}], *flags)
    home = codex_home(tmp_path / "codex-home", f"{root}/v1")
    given = {
        "OPENAI_API_KEY": SECRET,
        "OPENAI_BASE_URL": f"{root}/v1",
        "AGENT_TIMEOUT_SECONDS": "30",
        **home,
        "LOCAL_KEY": SECRET,
    }
    row = accepted("aimock-slow" if flags else "aimock", "")
    count = lambda: len([e for e in call(f"{root}/__aimock/journal") if e["method"] == "POST"])  # noqa: E731
    check(row, measure(runner, monkeypatch, row.name, provider, count, **given, AGENT_MODEL="gpt-fake"))
