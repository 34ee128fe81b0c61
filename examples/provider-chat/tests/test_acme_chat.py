"""The provider against a server of the test's own: what is sent, and what is made of what comes back."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from acme_dagogy_provider_chat import dagogy_providers
from acme_dagogy_provider_chat.provider import AcmeChat
from dagogy.api.errors import ConfigError, ProviderError
from dagogy.api.llm import Question
from dagogy.api.providers import ProviderSettings

QUESTION = Question(
    instructions="Be brief.",
    text="Name a bread.",
    schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
)


class Server(BaseHTTPRequestHandler):
    """Answers every request with `answer`, and keeps the last one."""

    answer: ClassVar[tuple[int, Any]] = (200, {})
    asked: ClassVar[dict[str, Any]] = {}

    def do_POST(self) -> None:
        Server.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, document = Server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def provider(url: str, model: str = "small", key: str = "") -> AcmeChat:
    return AcmeChat(
        next(dagogy_providers()),
        ProviderSettings(model=model, values={"ACME_CHAT_URL": url, "ACME_CHAT_KEY": key}),
    )


def test_the_text_of_the_one_choice_is_the_answer(url: str) -> None:
    Server.answer = (
        200,
        {
            "model": "small-1",
            "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7},
        },
    )
    answer = provider(url).complete(QUESTION)
    assert (answer.text, answer.model, answer.usage["input_tokens"]) == ("{}", "small-1", 7)
    assert [m["role"] for m in Server.asked["messages"]] == ["system", "user"]
    assert Server.asked["response_format"]["json_schema"]["schema"] == QUESTION.schema


@pytest.mark.parametrize(
    ("status", "document", "fact", "wanted"),
    [
        (
            429,
            {"error": {"message": "slow down", "code": "rate_limit_exceeded"}},
            "machine_code",
            "rate_limit_exceeded",
        ),
        (200, {"choices": [{"message": {"refusal": "no"}, "finish_reason": "stop"}]}, "cause", "refusal"),
        (200, {"choices": []}, "cause", "error_body"),
    ],
)
def test_a_failure_is_a_fact(url: str, status: int, document: Any, fact: str, wanted: str) -> None:
    Server.answer = (status, document)
    with pytest.raises(ProviderError) as caught:
        provider(url).complete(QUESTION)
    assert caught.value.details[fact] == wanted


def test_a_key_goes_over_plain_http_to_this_machine_alone() -> None:
    with pytest.raises(ConfigError, match=r"the key would go over plain http to gateway\.test"):
        provider("http://gateway.test/v1", key="sk-0123456789").complete(QUESTION)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="AGENT_MODEL"):
        provider("http://127.0.0.1:9/v1", model="").complete(QUESTION)
    with pytest.raises(ConfigError, match="ACME_CHAT_URL"):
        provider("no url").complete(QUESTION)
