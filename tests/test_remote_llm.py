"""The provider `remote_llm` against a server on the loopback: good answers over both interfaces, and what
each kind of bad one becomes.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import socket
import struct
import sys
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.errors import ConfigError, DagogyError, ProviderError
from dagogy.api.llm import Answer, Question
from dagogy.api.providers import ProposeRequest, ProviderSettings
from dagogy.kit.cases import complete_spec
from dagogy.pipeline.rule_context import RunContext
from dagogy.workspace.files import to_json
from dagogy_provider_remote_llm import dagogy_providers
from dagogy_provider_remote_llm.provider import RemoteLlm
from dagogy_provider_remote_llm.waits import backoff, retry_after
from loopback import Handler, chat, events, response, responses, send, serving
from support import CommandRunner, python, valid_curriculum


@pytest.fixture(autouse=True, scope="module")
def _imported() -> None:
    """The import of the SDK must not count against the seconds of a question."""
    import openai  # noqa: F401


KEY = "sk-test-0123456789abcdef"
GOOD = json.dumps({**valid_curriculum(), "open_questions": None})
INFO = next(iter(dagogy_providers()))
SCHEMA = {
    "type": "object",
    "properties": {"topic": {}, "nodes": {}, "open_questions": {}},
    "required": ["topic", "nodes", "open_questions"],
}
RESPONSES, CHAT = "/v1/responses", "/v1/chat/completions"


def provider(url: str, *, api: str = "auto", key: str = KEY, **settings: Any) -> RemoteLlm:
    values = {"OPENAI_API_KEY": key, "OPENAI_BASE_URL": url, "AGENT_API": api}
    made = RemoteLlm(INFO, ProviderSettings(values=values, **{"model": "m", "retry_budget": 1, **settings}))
    made.waits = []  # type: ignore[attr-defined]
    made.sleep = made.waits.append  # type: ignore[attr-defined, method-assign]
    return made


def question(**parts: Any) -> Question:
    return Question(**{"instructions": "how", "text": "what", "schema": SCHEMA, "seconds": 20.0, **parts})


class Played:
    """One question asked of a server with a script, and what came of it."""

    def __init__(self, *script: Any, asks: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.answer: Answer | None = None
        self.error: DagogyError | None = None
        with serving(*script) as service:
            made = provider(service.url, **settings)
            try:
                self.answer = made.complete(question(**(asks or {})))
            except DagogyError as error:
                self.error = error
        self.paths = [path for path, _ in service.asked]
        self.bodies = [body for _, body in service.asked]
        self.keys = service.keys
        self.waits: list[float] = made.waits  # type: ignore[attr-defined]

    @property
    def good(self) -> Answer:
        assert self.answer is not None, self.error and (self.error.message, self.error.details)
        return self.answer

    @property
    def failed(self) -> ProviderError:
        assert isinstance(self.error, ProviderError), self.answer or self.error
        return self.error

    def fact(self, name: str) -> Any:
        return self.failed.details.get(name)


def fault(code: str, message: str = "no", **parts: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "some_error", "param": None, "code": code, **parts}}


def hang(handler: Handler) -> None:
    handler.service.stop.wait(30)


def drip(handler: Handler) -> None:
    """Comments, which are a sign of life and no event."""
    try:
        while not handler.service.stop.wait(0.05):
            handler.wfile.write(b": still here\n\n")
    except OSError:
        return


def reset(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())


# Good answers


def test_an_answer_over_responses_is_streamed_with_a_strict_schema() -> None:
    played = Played(responses(GOOD))
    answer = played.good
    assert (answer.text, answer.model, answer.request_id) == (GOOD, "test-model-1", "req_test_1")
    assert {name: answer.usage[name] for name in ("calls", "input_tokens", "output_tokens")} == {
        "calls": 1,
        "input_tokens": 100,
        "output_tokens": 20,
    }
    body = played.bodies[0]
    assert (played.paths, body["stream"], body["store"], body["instructions"], body["input"]) == (
        [RESPONSES],
        True,
        False,
        "how",
        "what",
    )
    assert body["text"]["format"] == {
        "type": "json_schema",
        "name": "curriculum",
        "strict": True,
        "schema": SCHEMA,
    }
    assert played.keys == [f"Bearer {KEY}"]


def test_an_answer_over_chat_completions_is_streamed_with_a_strict_schema() -> None:
    played = Played(chat(GOOD), api="chat")
    answer = played.good
    assert (answer.text, answer.usage["input_tokens"], answer.usage["output_tokens"]) == (GOOD, 90, 30)
    body = played.bodies[0]
    assert played.paths == [CHAT]
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "curriculum", "strict": True, "schema": SCHEMA},
    }
    assert [m["role"] for m in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("api", "whole"),
    [
        ("responses", response(GOOD)),
        (
            "chat",
            {
                "object": "chat.completion",
                "model": "x",
                "choices": [{"message": {"content": GOOD}, "finish_reason": "stop"}],
            },
        ),
    ],
)
def test_a_server_that_does_not_stream_is_understood(api: str, whole: dict[str, Any]) -> None:
    assert Played(send(200, whole), api=api).good.text == GOOD


@pytest.mark.parametrize(
    "missing",
    [
        send(404, "404 page not found", "text/plain"),
        send(405, {}),
        send(501, fault("x")),
        send(404, fault("unknown_url")),
    ],
)
def test_auto_goes_over_to_chat_where_responses_is_missing(missing: Any) -> None:
    played = Played(missing, chat(GOOD))
    assert played.paths == [RESPONSES, CHAT]
    assert (played.good.text, played.good.usage["calls"], played.waits) == (GOOD, 2, [])


def test_a_model_that_does_not_exist_is_no_missing_interface() -> None:
    played = Played(send(404, fault("model_not_found")))
    assert (played.paths, played.fact("http_status"), played.fact("machine_code")) == (
        [RESPONSES],
        404,
        "model_not_found",
    )


def test_auto_remembers_by_host_and_model_what_it_learned() -> None:
    memory: dict[str, str] = {}
    with serving(send(404, {}), chat(GOOD)) as service:
        for model in ("m", "m", "n"):
            provider(service.url, model=model).complete(question(memory=memory))
        assert [path for path, _ in service.asked] == [RESPONSES, CHAT, CHAT, RESPONSES]


@pytest.mark.parametrize("written", ["Sure! Here it is.", '{"topic": "t"}', "[]"])
def test_auto_learns_from_an_answer_that_does_not_keep_to_the_format(written: str) -> None:
    memory: dict[str, str] = {}
    with serving(responses(written), chat(GOOD)) as service:
        first = provider(service.url).complete(question(memory=memory))
        assert first.text == written
        assert "does not keep to text.format" in first.notes[0]
        assert provider(service.url).complete(question(memory=memory)).text == GOOD
        assert [path for path, _ in service.asked] == [RESPONSES, CHAT]


def test_a_fixed_interface_is_never_left() -> None:
    assert Played(send(404, {}), chat(GOOD), api="responses").paths == [RESPONSES]


@pytest.mark.parametrize(
    ("param", "api", "gone"),
    [
        ("store", "responses", "store"),
        ("stream_options", "chat", "stream_options"),
        ("response_format.json_schema", "chat", "response_format"),
    ],
)
def test_a_parameter_that_is_not_supported_is_dropped_once_and_remembered(
    param: str, api: str, gone: str
) -> None:
    memory: dict[str, str] = {}
    good = responses(GOOD) if api == "responses" else chat(GOOD)
    with serving(send(400, fault("unsupported_parameter", param=param)), good) as service:
        for _ in range(2):
            assert provider(service.url, api=api).complete(question(memory=memory)).text == GOOD
        assert [gone in body for _, body in service.asked] == [True, False, False]
        assert [body.keys() ^ service.asked[0][1].keys() for _, body in service.asked[1:]] == [{gone}, {gone}]


def test_without_the_format_the_schema_goes_into_the_text() -> None:
    played = Played(
        send(400, fault("unsupported_parameter", param="response_format")), chat(GOOD), api="chat"
    )
    assert json.dumps(SCHEMA) in played.bodies[1]["messages"][1]["content"]
    assert json.dumps(SCHEMA) not in played.bodies[0]["messages"][1]["content"]


def test_a_parameter_that_is_refused_again_is_a_failure() -> None:
    played = Played(send(400, fault("unsupported_parameter", param="store")))
    assert (len(played.paths), played.fact("http_status")) == (2, 400)


# Trying again


@pytest.mark.parametrize(
    "first",
    [
        send(503, fault("server_is_overloaded")),
        send(500, "Internal Server Error", "text/plain"),
        send(408, {}),
        send(429, fault("rate_limit_exceeded")),
        responses("", status="failed", error={"code": "server_error", "message": "sorry"}),
        responses(""),
        reset,
        events("data: {nope\n\n"),
        events(
            {
                "type": "response.output_text.delta",
                "delta": "{",
                "item_id": "a",
                "output_index": 0,
                "content_index": 0,
                "sequence_number": 1,
            }
        ),
        send(200, '{"id": "resp'),
    ],
    ids=["503", "500", "408", "429", "failed", "empty", "reset", "bad event", "cut", "cut json"],
)
def test_what_may_pass_is_tried_again_within_the_budget(first: Any) -> None:
    played = Played(first, responses(GOOD))
    assert (played.good.text, played.good.usage["calls"], len(played.waits)) == (GOOD, 2, 1)
    again = Played(first, retry_budget=2)
    assert (again.fact("usage")["calls"], len(again.paths), len(again.waits)) == (3, 3, 2)
    assert Played(first, responses(GOOD), retry_budget=0).fact("usage")["calls"] == 1


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (401, "invalid_api_key", "no"),
        (403, "unsupported_country_region_territory", "no"),
        (402, "", "pay first"),
        (429, "insufficient_quota", "no"),
        (429, "", "You exceeded your current quota, please check your plan and billing details."),
        (429, "rate_limit_exceeded", "Request too large for model m"),
        (400, "context_length_exceeded", "no"),
        (400, "invalid_json_schema", "no"),
        (400, "content_policy_violation", "no"),
    ],
)
def test_what_cannot_pass_is_not_tried_again(status: int, code: str, message: str) -> None:
    played = Played(send(status, fault(code, message)), responses(GOOD), retry_budget=5, api="responses")
    assert (len(played.paths), played.waits, played.fact("http_status")) == (1, [], status)


def test_a_gateway_is_unwrapped_to_the_innermost_code() -> None:
    inner = json.dumps(
        {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}
    )
    played = Played(
        send(502, {"error": {"message": f"gateway: {inner}", "code": "502", "type": "api_error"}}),
        retry_budget=3,
    )
    assert (played.fact("machine_code"), len(played.paths)) == ("context_length_exceeded", 1)


def test_a_service_that_says_how_long_is_waited_for_that_long() -> None:
    (wait,) = Played(send(429, fault("rate_limit_exceeded"), retry_after="3"), responses(GOOD)).waits
    assert 3 <= wait <= 4
    (wait,) = Played(send(429, fault("rate_limit_exceeded"), retry_after_ms="1500"), responses(GOOD)).waits
    assert 1.5 <= wait <= 2.5


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [("3600", 20_000.0), ("30", 20.0)],
    ids=["beyond the cap", "beyond the time left"],
)
def test_a_wait_that_is_too_long_is_reported_instead(expected: str, seconds: float) -> None:
    played = Played(
        send(429, fault("rate_limit_exceeded"), retry_after=expected),
        responses(GOOD),
        asks={"seconds": seconds},
    )
    assert (played.fact("retry_after_seconds"), played.waits, len(played.paths)) == (float(expected), [], 1)


def test_retry_after_is_read_as_seconds_milliseconds_and_date() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    assert retry_after({"retry-after": formatdate(1_000_010, usegmt=True)}, now=1_000_000) == 10
    assert retry_after({"retry-after": formatdate(999_990, usegmt=True)}, now=1_000_000) == 0
    assert [retry_after({"retry-after": text}) for text in ("", "soon", "Mon, 99 Foo")] == [None, None, None]


def test_backoff_is_drawn_from_a_range_that_doubles_up_to_a_cap() -> None:
    draw = random.Random(4)
    tops = [max(backoff(attempt, None, draw) for _ in range(2000)) for attempt in range(8)]
    assert [round(top) for top in tops] == [1, 2, 4, 8, 16, 20, 20, 20]
    assert min(backoff(7, None, draw) for _ in range(2000)) < 1


def test_no_more_requests_are_sent_than_are_left() -> None:
    played = Played(send(503, {}), retry_budget=5, asks={"calls_left": 2})
    assert (len(played.paths), played.fact("usage")["calls"]) == (2, 2)


# Bad weather, each its own cause


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (
            responses(
                "",
                output=[
                    {
                        "type": "message",
                        "id": "m",
                        "content": [{"type": "refusal", "refusal": "I cannot help with that."}],
                    }
                ],
            ),
            "refusal",
        ),
        (
            responses("", status="incomplete", incomplete_details={"reason": "content_filter"}),
            "content_filter",
        ),
        (
            responses('{"to', status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "incomplete",
        ),
        (send(200, "<html><body>Sign in</body></html>", "text/html"), "html"),
        (send(200, fault("boom")), "error_body"),
        (send(200, ""), "empty"),
        (send(200, "OK", "text/plain"), "not_json"),
    ],
    ids=["refusal", "filter", "length", "html", "error", "nothing", "text"],
)
def test_each_bad_answer_over_responses_has_its_cause(script: Any, cause: str) -> None:
    played = Played(script, retry_budget=0)
    assert played.fact("cause") == cause
    assert played.fact("request_id") == "req_test_1"
    assert played.failed.message.startswith("remote_llm: 127.0.0.1:")


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (chat("", refusal="I cannot help with that."), "refusal"),
        (chat("", finish="content_filter"), "content_filter"),
        (chat('{"to', finish="length"), "incomplete"),
        (chat('{"to', finish=None), "incomplete"),
        (chat(""), "empty"),
    ],
)
def test_each_bad_answer_over_chat_has_its_cause(script: Any, cause: str) -> None:
    assert Played(script, api="chat", retry_budget=0).fact("cause") == cause


def test_what_was_spent_on_a_bad_answer_is_reported() -> None:
    usage = Played(
        responses("{", status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    ).fact("usage")
    assert (usage["calls"], usage["input_tokens"], usage["output_tokens"]) == (1, 100, 20)


def test_an_error_event_keeps_its_code() -> None:
    played = Played(
        events(
            {
                "type": "error",
                "code": "context_length_exceeded",
                "message": "too long",
                "param": None,
                "sequence_number": 1,
            }
        )
    )
    assert (played.fact("machine_code"), len(played.paths)) == ("context_length_exceeded", 1)


@pytest.mark.parametrize(
    "script", [hang, events(end=drip), events(end=hang)], ids=["before headers", "drip feed", "after headers"]
)
def test_the_clock_bounds_the_whole_answer(script: Any) -> None:
    played = Played(script, asks={"seconds": 0.4}, retry_budget=0)
    assert (played.fact("cause"), played.fact("killed_by"), played.fact("usage")["calls"]) == (
        "timeout",
        "timeout",
        1,
    )
    assert "AGENT_TIMEOUT_SECONDS" in played.failed.hint


@pytest.mark.slow
def test_a_stream_that_falls_silent_is_distinguished_from_one_that_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dagogy_provider_remote_llm.deadline import RequestDeadline

    plain = RequestDeadline.__init__
    monkeypatch.setattr(
        RequestDeadline,
        "__init__",
        lambda self, seconds, idle=0.0, **options: plain(self, seconds, idle, **options),
    )
    begun = {
        "type": "response.output_text.delta",
        "delta": '{"topic',
        "item_id": "a",
        "output_index": 0,
        "content_index": 0,
        "sequence_number": 1,
    }
    played = Played(events(begun, end=hang), asks={"seconds": 3.0}, retry_budget=0)
    assert "went silent" in played.failed.message
    assert (played.fact("cause"), played.fact("output")) == ("timeout", '{"topic')


def test_an_address_where_nobody_listens_keeps_the_chain_down_to_the_errno() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        provider(f"http://127.0.0.1:{port}/v1", retry_budget=0).complete(question())
    chain, link = [], caught.value.__cause__
    while link is not None:
        chain.append(type(link).__name__)
        link = link.__cause__ or link.__context__
    assert chain[0] == "APIConnectionError"
    assert chain[-1] == "ConnectionRefusedError"


def test_a_redirect_is_not_followed() -> None:
    with serving(responses(GOOD)) as other:
        played = Played(send(307, "", location=f"{other.url}/responses"), retry_budget=0)
        assert (played.fact("http_status"), other.asked) == (307, [])
        assert f"a redirect to {other.url}/responses; it is not followed" in played.failed.message


# Secrets


def test_the_key_is_in_no_message_detail_or_link_of_the_chain() -> None:
    message = f"Incorrect API key provided: {KEY}. Try another."
    for script in (
        send(401, fault("invalid_api_key", message)),
        send(500, message, "text/plain"),
        events({"type": "error", "code": "x", "message": message}),
    ):
        error: BaseException | None = Played(script, retry_budget=0).failed
        assert isinstance(error, ProviderError)
        assert KEY not in json.dumps(error.as_dict())
        while error is not None:
            assert KEY not in f"{error} {error.args!r} {getattr(error, 'body', '')}"
            error = error.__cause__ or error.__context__


# Key and address


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("", "OPENAI_API_KEY is required"),
        ("sk-abc\n", "line end"),
        ("sk abc", "white space"),
        ("sk-\u00e9", "beyond ASCII"),
        ('"sk-abc"', "quotes"),
        ("sk-\x07a", "control"),
    ],
)
def test_a_bad_key_is_refused_before_anything_is_sent(key: str, expected: str) -> None:
    with serving(responses(GOOD)) as service:
        made = provider(service.url, key=key)
        with pytest.raises(ConfigError, match=expected) as caught:
            made.complete(question())
        assert service.asked == []
        assert not made.ready().ready
    assert caught.value.details["cause"] == ("key_malformed" if key else "key_missing")
    assert not key or key not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("url", "repaired"),
    [
        ("api.openai.com/v1", "https://api.openai.com/v1"),
        ("https:///v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1\n", "https://api.openai.com/v1"),
        ("https://api.openai.com/ v1", "https://api.openai.com/v1"),
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/v1", "https://api.openai.com/v1"),
        ("https://gateway.test/openai/v1/chat/completions", "https://gateway.test/openai/v1"),
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("https://user:hunter22@gateway.test/v1", "https://gateway.test/v1"),
        ("https://gateway.test:port/v1", "https://api.openai.com/v1"),
        ("https://gateway.test/v1?key=1", "https://gateway.test/v1"),
        ("https://g\u00e4teway.test/v1", "https://api.openai.com/v1"),
        ("", "https://api.openai.com/v1"),
    ],
)
def test_a_bad_base_url_is_refused_with_the_one_to_copy(url: str, repaired: str) -> None:
    with pytest.raises(ConfigError, match=r"^invalid OPENAI_BASE_URL: ") as caught:
        provider(url).complete(question())
    assert caught.value.details["cause"] == "base_url_malformed"
    assert caught.value.hint == f"export OPENAI_BASE_URL={repaired}"
    assert "hunter22" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://u:hunter22/x@h.test/v1",
        "https://u:12@hunter22@h.test/v1",
        "u:hunter22/@h.test/v1",
        "https://h.test/v1?code=hunter22",
    ],
)
def test_no_part_of_a_password_in_an_address_is_reported(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        provider(url).complete(question())
    assert "hunter22" not in json.dumps(caught.value.as_dict())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("http_proxy", "foo://u:hunter22@127.0.0.1:9", "Unknown scheme"),
        ("HTTP_PROXY", "http://127.0.0.1:notaport", "Invalid port"),
        ("ALL_PROXY", "socks5://127.0.0.1:9", "SOCKS proxies are not supported"),
        ("SSL_CERT_FILE", "/no/such/file.pem", "No such file"),
    ],
)
def test_a_proxy_or_certificate_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    with (
        serving(responses(GOOD)) as service,
        pytest.raises(
            ProviderError, match=r"no connection can be set up as the environment wants it"
        ) as caught,
    ):
        provider(service.url).complete(question())
    assert (name in caught.value.message, expected in caught.value.message) == (True, True)
    assert name in caught.value.hint
    assert service.asked == []
    assert not provider(service.url).ready().ready


def test_the_time_to_import_the_sdk_is_not_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Watched(RemoteLlm):
        def prepare(self) -> None:
            super().prepare()
            order.append("prepared")

        def complete(self, question: Question) -> Answer:
            order.append("asked")
            raise ProviderError("no", details={"started": question.started})

    monkeypatch.setattr("dagogy.api.llm.time.monotonic", lambda: float(len(order)))
    made = Watched(INFO, ProviderSettings(values={"OPENAI_BASE_URL": "https://h.test/v1"}, model="m"))
    with pytest.raises(ProviderError) as caught:
        made.propose(ProposeRequest(spec=RunContext(b"", to_json(complete_spec({}))).spec))
    assert (order, caught.value.details["started"]) == (["prepared", "asked"], 1.0)
    assert "openai.resources.responses" in sys.modules


def test_the_advice_on_time_is_computed_from_the_limit_in_effect() -> None:
    played = Played(hang, asks={"seconds": 0.3}, retry_budget=0)
    assert "export AGENT_TIMEOUT_SECONDS=0.6" in played.failed.hint
    assert played.fact("timeout_seconds") == 0.3
    assert "the most that it may be" in ProviderSettings.timeout_advice(86_400)
    assert INFO.default_timeout_seconds == 120.0  # CONTRACT.md


def test_an_interface_that_does_not_exist_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="AGENT_API is 'soap'; accepted: auto, responses, chat"):
        provider("http://127.0.0.1:1/v1", api="soap").complete(question())


def test_without_a_model_the_only_one_of_the_service_is_asked() -> None:
    with serving(responses(GOOD), models=["llama"]) as service:
        made = provider(service.url, model="")
        made.complete(question())
        made.complete(question())
        assert [body["model"] for _, body in service.asked] == ["llama", "llama"]
        assert service.listed == 1
    with (
        serving(responses(GOOD), models=["a", "b"]) as service,
        pytest.raises(ConfigError, match=r"AGENT_MODEL is required: .* has a, b"),
    ):
        provider(service.url, model="").complete(question())


# Doctor


def test_ready_asks_for_the_models_and_changes_nothing() -> None:
    with serving(responses(GOOD), models=["m", "n"]) as service:
        readiness = provider(service.url).ready()
        assert (readiness.ready, service.asked) == (True, [])
        assert "answered 200 and lists 2 models" in readiness.message
        other = provider(service.url, model="q").ready()
        assert (other.ready, other.hint) == (False, "AGENT_MODEL may be: m, n")
    with serving(responses(GOOD)) as service:
        assert "does not list its models (status 404)" in provider(service.url).ready().message
    down = provider(service.url).ready()
    assert (down.ready, KEY in down.message) == (False, False)
    assert "cannot be reached" in down.message


# End to end

SCOPE = """# Sorting

## Comparison
A comparison is a test that says which of two values comes first. For example, 3 comes before 5.

## Swap
A swap is an exchange of two values in a list. It requires comparison. For example, swapping the first and the last value.

## Bubble sort
Bubble sort is a method that swaps neighbours until no comparison finds a pair in the wrong order. It builds on swap. For example, a list of five cards.
"""  # noqa: E501


@pytest.fixture
def scoped(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A run compiled by the default provider, and its curriculum as text."""
    Path("notes.md").write_text(SCOPE)
    run = runner.init()
    runner.ok("run", "latest", "--scope-file", "notes.md")
    for name, value in {"AGENT_PROVIDER": "remote_llm", "AGENT_MODEL": "m", "OPENAI_API_KEY": KEY}.items():
        monkeypatch.setenv(name, value)
    return run, (run / "outputs/curriculum/curriculum.json").read_text()


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_a_run_with_remote_llm_goes_from_scope_to_an_accepted_curriculum(
    runner: CommandRunner, scoped: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    run, curriculum = scoped
    with serving(responses(curriculum) if api == "responses" else chat(curriculum)) as service:
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        monkeypatch.setenv("AGENT_API", api)
        done = runner.ok("run", "latest", "--json").json
    assert (done["stage"], done["passed"], done["provider"], done["model"]) == (
        "iterated",
        True,
        "remote_llm",
        "test-model-1",
    )
    assert (done["usage"]["calls"], len(service.asked)) == (1, 1)
    trace = json.loads((run / "outputs/reviews/optimization_trace.json").read_text())
    assert (trace["provider"], trace["usage"]["calls"], trace["iterations"][0]["model"]) == (
        "remote_llm",
        1,
        "test-model-1",
    )
    assert all(KEY not in path.read_text(errors="replace") for path in run.rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_failure_of_the_service_ends_in_a_record_with_its_facts(
    runner: CommandRunner, scoped: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = scoped
    with serving(
        send(429, fault("insufficient_quota", f"You exceeded your current quota, {KEY}."))
    ) as service:
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        failed = runner("run", "latest")
    assert (failed.status, failed.code) == (8, "provider_error")
    record = json.loads(next((run / "logs/failures").glob("*.json")).read_text())
    assert (record["http_status"], record["machine_code"], record["request_id"]) == (
        429,
        "insufficient_quota",
        "req_test_1",
    )
    assert KEY not in json.dumps(record) + failed.err
    asked = [
        json.loads(line)
        for line in (run / "logs/events.jsonl").read_text().splitlines()
        if '"provider_asked"' in line
    ][-1]
    assert (asked["outcome"], asked["usage"]["calls"], asked["provider"]) == ("failed", 1, "remote_llm")


def test_the_sdk_is_imported_only_when_a_question_is_asked() -> None:
    done = python(
        """
        import sys
        from dagogy.api.providers import ProviderSettings
        from dagogy_provider_remote_llm import dagogy_providers
        from dagogy_provider_remote_llm.provider import RemoteLlm
        made = RemoteLlm(next(iter(dagogy_providers())), ProviderSettings(values={"OPENAI_BASE_URL": "https://h/v1"}))
        made.endpoint, made.ready()
        print([name for name in ("openai", "httpx2", "pydantic") if name in sys.modules])
        """
    )
    assert done.stdout.strip() == "[]", done.stderr


# Hostile servers


def event(line: str) -> Any:
    return events(f"data: {line}\n\n")


@pytest.mark.parametrize(
    "script",
    [
        *(
            send(200, {"choices": choices})
            for choices in (5, "x", ["x"], {"a": 1}, [{"message": "x"}], [{"message": {"content": 5}}])
        ),
        *(
            send(200, {"object": "response", "output": output})
            for output in (
                5,
                "xy",
                [5],
                [{"content": 5}],
                [{"content": [{"type": "output_text", "text": {}}]}],
            )
        ),
        send(200, {"object": "response", "status": "incomplete", "incomplete_details": "x"}),
        *(
            event(json.dumps({"type": "response.output_text.delta", **parts}))
            for parts in ({}, {"delta": 5}, {"delta": None})
        ),
        *(
            event(json.dumps({"type": "response.completed", **parts}))
            for parts in ({}, {"response": "x"}, {"response": {"output": "xy"}})
        ),
        *(
            event(json.dumps({"object": "chat.completion.chunk", "choices": choices}))
            for choices in ("x", ["x"], [{"delta": "x"}])
        ),
        *(event(line) for line in ("[1, 2]", '"x"', "null", "[" * 100_000, "\0")),
    ],
)
def test_whatever_shape_a_service_answers_in_the_failure_is_typed(script: Any) -> None:
    assert Played(script, retry_budget=0).fact("cause") in ("empty", "error_body", "incomplete")


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -5, "completion_tokens": -1}, "x", {"prompt_tokens": "5"}]
)
def test_what_a_service_counts_never_lowers_what_was_spent(usage: Any) -> None:
    answer = Played(
        send(200, {"choices": [{"message": {"content": GOOD}, "finish_reason": "stop"}], "usage": usage})
    ).good
    assert not {"input_tokens", "output_tokens"} & answer.usage.keys()


def test_a_message_in_parts_is_put_together() -> None:
    parts = [{"type": "text", "text": GOOD[:9]}, {"type": "image"}, {"type": "text", "text": GOOD[9:]}]
    assert (
        Played(send(200, {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]})).good.text
        == GOOD
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_stream_may_end_its_lines_in_any_way_and_spread_an_event_over_several(line_end: str) -> None:
    data = json.dumps({"type": "response.completed", "response": response(GOOD)}, indent=1).split("\n")
    lines = [": a comment", "", "event: response.completed", *(f"data: {line}" for line in data), "", ""]
    assert Played(events(line_end.join(lines))).good.text == GOOD


def zipped(size: int) -> Any:
    """`size` bytes of white space, packed."""

    def answer(handler: Handler) -> None:
        data = gzip.compress(b" " * size)
        handler.start(200, "application/json", len(data), content_encoding="gzip")
        handler.wfile.write(data)

    return answer


@pytest.mark.slow
def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagogy_provider_remote_llm.calls._MOST_BYTES", 20_000)
    monkeypatch.setattr("dagogy_provider_remote_llm.calls._MOST_CHARS", 10_000)
    bodies = [zipped(20_001), send(500, "x" * 20_001), event(f'"{"x" * 20_000}"'), responses("x" * 10_001)]
    for body in bodies:
        played = Played(body, retry_budget=3)
        assert "sent more than the" in played.failed.message
        assert (played.fact("cause"), len(played.paths)) == ("incomplete", 1)
    assert Played(zipped(19_000)).fact("cause") == "empty"


@pytest.mark.parametrize("key", ["e", "local"])
def test_a_key_too_short_to_be_a_secret_takes_no_letter_out_of_a_message(key: str) -> None:
    played = Played(
        send(401, {"error": {"message": "the local key is no good", "code": "invalid_api_key"}}), key=key
    )
    assert played.failed.message.endswith("answered 401 (invalid_api_key): the local key is no good")
    assert played.failed.__cause__ is not None


def test_a_key_that_a_service_wraps_is_taken_out_whole() -> None:
    played = Played(send(500, f"your key\n{KEY[:10]}\r\n  {KEY[10:]}", kind="text/plain"), retry_budget=0)
    assert played.failed.message.endswith("answered 500: your key [OPENAI_API_KEY]")
    assert KEY[10:] not in json.dumps(played.failed.details)


def test_a_key_in_the_answer_itself_is_taken_out() -> None:
    answer = Played(responses(GOOD.replace("Testing", f"Testing with {KEY}"))).good
    assert (KEY in answer.text, "Testing with [OPENAI_API_KEY]" in answer.text) == (False, True)


@pytest.mark.parametrize("expected", ["inf", "nan", "1e999", "9" * 400])
def test_a_wait_that_is_no_number_is_none(expected: str) -> None:
    assert (retry_after({"retry-after": expected}), retry_after({"retry-after-ms": expected})) == (None, None)
    played = Played(send(429, {"error": {"message": "slow down"}}, retry_after=expected), responses(GOOD))
    assert played.good.text == GOOD
    assert all(map(math.isfinite, played.waits))


def test_an_answer_that_breaks_off_is_not_told_as_a_service_that_cannot_be_reached() -> None:
    def broken(handler: Handler) -> None:
        handler.start(200, "text/event-stream", 1000)
        handler.wfile.write(b": hello\n\n")
        handler.close_connection = True

    assert "broke off its answer" in Played(broken, retry_budget=0).failed.message
    assert "cannot be reached" in Played(reset, retry_budget=0).failed.message


def test_an_answer_that_was_kept_is_not_that_of_another_path_of_the_same_gateway() -> None:
    keys = {provider(f"https://gateway.test/{path}/v1").answer_key(question()) for path in ("small", "large")}
    assert len(keys) == 2


def test_a_pause_that_the_service_asks_for_is_told_to_whoever_else_would_ask_it() -> None:
    held: list[float] = []
    busy = send(429, fault("rate_limit_exceeded"), retry_after="7")
    played = Played(busy, responses(GOOD), asks={"hold": held.append})
    assert played.good.text == GOOD
    assert held == played.waits
    assert 7 <= held[0] <= 8
    held.clear()
    played = Played(send(503, fault("overloaded")), responses(GOOD), asks={"hold": held.append})
    assert (len(played.waits), held) == (1, [])
