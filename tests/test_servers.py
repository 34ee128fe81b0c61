"""The test doubles of the provider tests behave as the real services do; what the
other tests say rests on that.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers.doubles import NEEDS_NPM, call, none_left
from servers.faulty import ERRORS, REPLIES, Faulty, answering
from servers.outcomes import SECRET
from servers.strict_mode import conform, strict_problem
from support import HANGS, ROOT, clean_environment

SCHEMA = {
    "type": "object",
    "properties": {"topic": {"type": "string"}, "aim": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    "required": ["topic", "aim"],
    "additionalProperties": False,
}
RESPONSES = {
    "model": "m",
    "input": "?",
    "text": {"format": {"type": "json_schema", "name": "c", "strict": True, "schema": SCHEMA}},
}
CHAT = {
    "model": "m",
    "messages": [],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "c", "strict": True, "schema": SCHEMA},
    },
}
APIS = pytest.mark.parametrize(
    ("path", "body"), [("responses", RESPONSES), ("chat/completions", CHAT)], ids=["responses", "chat"]
)


def question(base: str, path: str, body: Any) -> urllib.request.Request:
    return urllib.request.Request(
        f"{base}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )


def ask(base: str, path: str, body: Any, timeout: float = 5.0) -> tuple[int, str]:
    """Status and body of one request."""
    try:
        with urllib.request.urlopen(question(base, path, body), timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def output_of(path: str, text: str, stream: bool) -> str:
    """What the model wrote, put together from a whole answer or from a stream."""
    if not stream:
        document = json.loads(text)
        return (
            document["output"][0]["content"][0]["text"]
            if path == "responses"
            else document["choices"][0]["message"]["content"]
        )
    events = [
        json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: {")
    ]
    if path == "responses":
        return "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
    return "".join(c["delta"].get("content", "") for e in events for c in e["choices"])


@APIS
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_good_model_answers_in_the_shape_that_was_asked_for(
    faulty: Faulty, path: str, body: dict[str, Any], stream: bool
) -> None:
    faulty.answer = answering({"topic": "Bread", "more": "than asked"})
    status, text = ask(faulty.url("ok"), path, {**body, "stream": stream})
    assert (status, json.loads(output_of(path, text, stream))) == (200, {"topic": "Bread", "aim": None})
    assert [(r.method, r.path, r.scenario) for r in faulty.requests] == [("POST", f"/v1/{path}", "ok")]


@APIS
@pytest.mark.parametrize("scenario", ERRORS)
def test_an_error_has_its_status(faulty: Faulty, scenario: str, path: str, body: dict[str, Any]) -> None:
    found = ERRORS[scenario]
    assert ask(faulty.url(scenario), path, body)[0] == (found() if callable(found) else found).status


@APIS
def test_the_first_requests_fail_and_the_next_one_is_answered(
    faulty: Faulty, path: str, body: dict[str, Any]
) -> None:
    assert [ask(faulty.url("flaky2-503"), path, body)[0] for _ in range(3)] == [503, 503, 200]


@APIS
def test_a_schema_that_strict_mode_rejects_is_rejected_before_a_model_is_asked(
    faulty: Faulty, path: str, body: dict[str, Any]
) -> None:
    open_schema = json.loads(
        json.dumps(body).replace('"additionalProperties": false', '"additionalProperties": true')
    )
    status, text = ask(faulty.url("ok"), path, open_schema)
    assert (status, json.loads(text)["error"]["code"]) == (400, "invalid_json_schema")


@APIS
def test_a_parameter_can_be_unsupported(faulty: Faulty, path: str, body: dict[str, Any]) -> None:
    status, text = ask(faulty.url("unsupported-stream"), path, {**body, "stream": True})
    assert (status, json.loads(text)["error"]["param"]) == (400, "stream")
    assert ask(faulty.url("unsupported-stream"), path, body)[0] == 200


@APIS
def test_the_wire_breaks_as_named(faulty: Faulty, path: str, body: dict[str, Any]) -> None:
    faulty.answer = "x" * 500
    streamed = {**body, "stream": True}
    with pytest.raises(ConnectionResetError):
        ask(faulty.url("rst"), path, body)
    with pytest.raises(http.client.IncompleteRead):
        ask(faulty.url("dropsse"), path, streamed)
    for scenario in ("hang", "stall"):
        with pytest.raises(TimeoutError):
            ask(faulty.url(scenario), path, streamed, timeout=0.3)
    # A drip never lets a single read time out; what it takes as a whole is what hurts.
    with urllib.request.urlopen(question(faulty.url("drip"), path, streamed), timeout=0.5) as answer:
        assert all(0 < len(answer.read1()) < 1500 for _ in range(3))
    whole = output_of(path, ask(faulty.url("ok"), path, streamed)[1], True)
    cut = output_of(path, ask(faulty.url("cutsse"), path, streamed)[1], True)
    assert whole.startswith(cut)
    assert 0 < len(cut) < len(whole)


def test_the_key_is_seen_and_not_kept(faulty: Faulty) -> None:
    request = urllib.request.Request(
        f"{faulty.url('ok')}/models", headers={"Authorization": "Bearer sk-very-secret"}
    )
    urllib.request.urlopen(request, timeout=HANGS).close()
    assert faulty.requests[0].headers["authorization"] == "present"
    assert "secret" not in repr(faulty.requests)


def test_a_careless_server_prints_the_key(faulty: Faulty) -> None:
    request = question(faulty.url("401echo"), "responses", RESPONSES)
    request.add_header("Authorization", f"Bearer {SECRET}")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=HANGS)
    assert SECRET in caught.value.read().decode()


def test_a_process_that_is_left_is_found_by_its_mark() -> None:
    mark = {"DAGOGY_TEST_MARK": "left"}
    with subprocess.Popen(["cat"], env=mark, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"up\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"up\n"  # before, the system may not yet show its environment
        assert none_left(mark, within=0) == ["cat"]
        process.kill()
    assert none_left(mark) == []


def test_a_counterpart_ends_with_the_tests_even_when_they_are_killed() -> None:
    mark = {"DAGOGY_TEST_MARK": uuid.uuid4().hex}
    code = (
        "from servers.doubles import started\nwith started(['sh', '-c', 'echo up; exec sleep 60'], 'up') as "
        "line: print(line, flush=True); input()"
    )
    environment = clean_environment([ROOT / "tests"], **mark)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as tests:
        assert tests.stdout is not None
        assert tests.stdout.readline() == b"up\n"
        assert any("sleep 60" in command for command in none_left(mark, within=0))
        tests.kill()
    assert none_left(mark) == []


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, None),
        ({"additionalProperties": True}, "'additionalProperties' is required"),
        ({"required": ["topic"]}, "'required' is required"),
        (
            {"properties": {"topic": {"type": "string", "minLength": 1}}, "required": ["topic"]},
            "'minLength' is not permitted",
        ),
        ({"properties": {"topic": {"oneOf": []}}, "required": ["topic"]}, "'oneOf' is not permitted"),
        ({"properties": {"topic": {"type": "array"}}, "required": ["topic"]}, "missing items"),
        ({"properties": {"topic": {}}, "required": ["topic"]}, "must have a 'type' key"),
        ({"type": ["object", "null"]}, "must be a JSON Schema of"),
        ({"anyOf": [], "type": "array"}, "must be a JSON Schema of"),
        (
            {"properties": {"topic": {"enum": list(map(str, range(1001)))}}, "required": ["topic"]},
            "too large",
        ),
    ],
)
def test_strict_mode(change: dict[str, Any], wanted: str | None) -> None:
    found = strict_problem({**SCHEMA, **change})
    assert found is None if wanted is None else wanted in (found or "")


def test_strict_mode_counts_levels() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(11):
        schema = {
            "type": "object",
            "properties": {"a": schema},
            "required": ["a"],
            "additionalProperties": False,
        }
    assert strict_problem(schema["properties"]["a"]) is None
    assert "levels of nesting" in (strict_problem(schema) or "")


def test_what_a_model_writes_under_a_schema() -> None:
    nested = {
        "type": "object",
        "properties": {"nodes": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        "$defs": {"node": SCHEMA},
    }
    assert conform({"nodes": [{"topic": "a"}], "else": 1}, nested) == {"nodes": [{"topic": "a", "aim": None}]}


def test_every_scenario_is_distinguished_by_name() -> None:
    assert not set(ERRORS) & set(REPLIES)


@pytest.mark.slow
def test_llmock_answers_and_fails_on_request(llmock: str) -> None:
    assert json.loads(
        output_of("responses", ask(f"{llmock}/v1", "responses", RESPONSES)[1], False)
    ).keys() == {"topic", "aim"}
    call(f"{llmock}/_llmock/scenario", {"behaviors": [{"type": "fail", "status": 503, "times": 1}]})
    assert [ask(f"{llmock}/v1", "responses", RESPONSES)[0] for _ in range(2)] == [503, 200]
    assert len(call(f"{llmock}/_llmock/requests")["requests"]) == 3


def test_aimock_answers_from_its_fixtures(aimock: Callable[..., str]) -> None:
    root = aimock([{"match": {}, "response": {"content": '{"topic": "Bread", "aim": null}'}}])
    assert (
        json.loads(output_of("responses", ask(f"{root}/v1", "responses", RESPONSES)[1], False))["topic"]
        == "Bread"
    )


def test_codex_is_the_version_that_the_evidence_was_made_with(codex: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [codex, "--version"],
        capture_output=True,
        text=True,
        env=clean_environment(CODEX_HOME=str(tmp_path)),
        check=True,
        timeout=HANGS,
    )
    assert (
        done.stdout.strip()
        == "codex-cli "
        + json.loads((ROOT / "tests/node/package.json").read_text())["dependencies"]["@openai/codex"]
    )


@pytest.mark.slow
def test_without_node_the_tests_are_skipped_by_name_and_the_summary_says_so(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        f"{ROOT}/tests/test_servers.py",
        "-k",
        "aimock_answers or codex_is",
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment(PATH=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = "test_aimock_answers_from_its_fixtures, test_codex_is_the_version_that_the_evidence_was_made_with"
    assert f"2 tests skipped, {NEEDS_NPM}node is not installed: {names}" in done.stdout.splitlines()
