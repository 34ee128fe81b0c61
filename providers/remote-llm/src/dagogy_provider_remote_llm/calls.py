"""One request over one of the two interfaces, and the answer put together from the stream."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
import openai
from dagogy.api.llm import Question
from dagogy.api.text import shorten

from dagogy_provider_remote_llm.deadline import RequestDeadline
from dagogy_provider_remote_llm.faults import Fault, body_fault, fault_of

Api = Literal["responses", "chat"]
#: More of an answer that is no good is not kept.
_TAIL = 20_000
_PROGRESS_CHARS = 4000
#: Variables that the HTTP library heeds, in lower case.
_CONNECTION = frozenset(
    {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir", "sslkeylogfile"}
)
#: What is longer is no answer: as text, and as bytes with all that a stream puts around the text, unpacked.
_MOST_CHARS, _MOST_BYTES = 2_000_000, 2**27


@dataclass(slots=True)
class Written:
    """What came so far. `finish`: how the service says that it ended; "" as long as it has not said so."""

    text: str = ""
    refusal: str = ""
    finish: str = ""
    error: Any = None
    model: str = ""
    request_id: str = ""
    usage: dict[str, float] = field(default_factory=dict)

    def count(self, usage: Any) -> None:
        """Takes the tokens, whichever interface counted them."""
        for name, keys in (
            ("input_tokens", ("input_tokens", "prompt_tokens")),
            ("output_tokens", ("output_tokens", "completion_tokens")),
        ):
            for key in keys:
                counted = usage.get(key) if isinstance(usage, Mapping) else None
                if isinstance(counted, int) and counted >= 0:
                    self.usage[name] = int(counted)

    def response(self, response: Mapping[str, Any]) -> None:
        """Takes a whole `response` object of the Responses API, which has the last word."""
        parts = [part for item in _objects(response.get("output")) for part in _objects(item.get("content"))]
        self.text = _joined(parts, "output_text", "text") or self.text
        self.refusal = _joined(parts, "refusal", "refusal") or self.refusal
        self.model = str(response.get("model") or self.model)
        self.count(response.get("usage"))
        self.error = response.get("error")
        self.finish = status = str(response.get("status") or "completed")
        details = response.get("incomplete_details")
        if status == "incomplete" and isinstance(details, Mapping):
            self.finish = str(details.get("reason") or status)

    def choice(self, completion: Mapping[str, Any], part: Literal["delta", "message"]) -> None:
        """Takes a chat completion, or a chunk of one."""
        self.model = str(completion.get("model") or self.model)
        self.count(completion.get("usage"))
        for choice in _objects(completion.get("choices"))[:1]:
            for message in _objects([choice.get(part)]):
                self.text += _text_of(message.get("content"))
                self.refusal += _text_of(message.get("refusal"))
            self.finish = str(choice.get("finish_reason") or self.finish)


def _joined(parts: Iterable[Mapping[str, Any]], kind: str, key: str) -> str:
    """What the parts of one type have under a key, as one text."""
    return "".join(str(part.get(key) or "") for part in parts if part.get("type") == kind)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list. A service may send anything in its place, in which there is none."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text_of(content: Any) -> str:
    """The text of a message, which some services send in parts."""
    return (
        content
        if isinstance(content, str)
        else "".join(_text_of(part.get("text")) for part in _objects(content))
    )


def load() -> None:
    """Imports what the SDK imports when a request is made, before anybody's clock runs."""
    import openai.resources.chat
    import openai.resources.models
    import openai.resources.responses  # noqa: F401


def client(base_url: str, key: str, deadline: RequestDeadline) -> openai.OpenAI:
    """The SDK without its own retries, watched by our clock. A redirect is not followed: the
    key goes where the user said.

    Raises `Fault` where the environment names a proxy or a file of certificates that cannot be used.
    """
    try:
        http = httpx2.Client(
            follow_redirects=False,
            timeout=deadline.timeout(),
            event_hooks={"request": [deadline.hook], "response": [_bounded]},
        )
    except (httpx2.InvalidURL, ImportError, OSError, ValueError) as error:
        named = ", ".join(
            sorted(name for name in os.environ if name.lower() in _CONNECTION and os.environ[name])
        )
        why = (
            "SOCKS proxies are not supported" if isinstance(error, ImportError) else shorten(str(error), 200)
        )
        raise Fault(
            f"no connection can be set up as the environment wants it ({named}): {why}",
            hint=f"correct or unset what is wrong of {named}",
        ) from error
    return openai.OpenAI(
        api_key=key, base_url=base_url, max_retries=0, timeout=deadline.timeout(), http_client=http
    )


def _bounded(response: httpx2.Response) -> None:
    """An httpx2 response hook: of a body that does not end no more is read than the memory has room for."""
    chunks = response.iter_bytes

    def counted(chunk_size: int | None = None) -> Iterator[bytes]:
        size = 0
        for chunk in chunks(chunk_size):
            size += len(chunk)
            if size > _MOST_BYTES:
                raise _too_long(response.url.netloc.decode(), _MOST_BYTES, "bytes")
            yield chunk

    response.iter_bytes = counted  # type: ignore[method-assign]


def _too_long(endpoint: str, most: int, unit: str) -> Fault:
    return Fault(
        f"{endpoint} sent more than the {most:,} {unit} that an answer may have, and was cut off",
        cause="incomplete",
    )


def ask(
    sdk: openai.OpenAI,
    deadline: RequestDeadline,
    endpoint: str,
    api: Api,
    model: str,
    question: Question,
    without: frozenset[str],
) -> Written:
    """Sends the question, and takes in the answer. Raises `Fault`, from what the SDK raised."""
    written = Written()
    try:
        with _sent(sdk, api, model, question, without) as response:
            deadline.alive()
            written.request_id = response.headers.get("x-request-id", "")
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                for event in response.parse():
                    deadline.alive()
                    _take(
                        written,
                        event.to_dict(warnings=False) if isinstance(event, openai.BaseModel) else {},
                        question,
                    )
                    if len(written.text) > _MOST_CHARS:
                        raise _too_long(endpoint, _MOST_CHARS, "characters")
            else:
                _take_whole(written, response, endpoint)
            if deadline.ended:  # a connection that is closed looks like a stream's end
                raise TimeoutError
    except Fault as fault:
        fault.facts.setdefault("request_id", written.request_id)
        raise
    except (
        openai.OpenAIError,
        httpx2.HTTPError,
        httpx2.StreamError,
        ValueError,
        RecursionError,
        TimeoutError,
    ) as error:
        message = fault_of(error, endpoint, deadline)
        message.facts = {
            "output": written.text[-_TAIL:],
            "request_id": written.request_id,
            "usage": written.usage,
            **message.facts,
        }
        raise message from error
    return _valid(written, endpoint)


def list_models(sdk: openai.OpenAI, deadline: RequestDeadline, endpoint: str) -> list[str]:
    """The ids of the models that the service lists. Raises `Fault`, from what the SDK raised."""
    try:
        with sdk.models.with_streaming_response.list() as response:
            data, headers = response.read(), response.headers
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as error:
        raise fault_of(error, endpoint, deadline) from error
    try:
        return [str(model["id"]) for model in json.loads(data)["data"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise body_fault(
            data.decode(errors="replace"), headers, None, f"{endpoint} answered, but not as an API does"
        ) from None


@contextlib.contextmanager
def _sent(
    sdk: openai.OpenAI, api: Api, model: str, question: Question, without: frozenset[str]
) -> Iterator[Any]:
    schema = {"name": question.schema_name, "strict": True, "schema": dict(question.schema)}
    text = question.text
    options: dict[str, Any] = {"stream": True}
    if {"text", "response_format"} & without:
        text += "\n\nThe JSON Schema of the answer:\n\n" + json.dumps(question.schema)
    if api == "responses":
        options |= {
            "instructions": question.instructions,
            "input": text,
            "store": False,
            "text": {"format": {"type": "json_schema", **schema}},
        }
        create: Any = sdk.responses.with_streaming_response.create
    else:
        messages = [{"role": "system", "content": question.instructions}, {"role": "user", "content": text}]
        options |= {
            "messages": messages,
            "stream_options": {"include_usage": True},
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
        create = sdk.chat.completions.with_streaming_response.create
    with create(
        model=model, **{name: value for name, value in options.items() if name not in without}
    ) as response:
        yield response


def _take(written: Written, event: Mapping[str, Any], question: Question) -> None:
    """One event of the stream, of either interface."""
    before = len(written.text) // _PROGRESS_CHARS
    kind = event.get("type")
    if kind == "response.output_text.delta":
        written.text += _text_of(event.get("delta"))
    elif kind == "response.refusal.delta":
        written.refusal += _text_of(event.get("delta"))
    elif kind in ("response.completed", "response.incomplete", "response.failed"):
        for response in _objects([event.get("response")]):
            written.response(response)
    elif kind == "error":
        written.error = event
        written.finish = "failed"
    elif event.get("object") == "chat.completion.chunk":
        written.choice(event, "delta")
    if len(written.text) // _PROGRESS_CHARS > before:
        question.progress(f"{len(written.text):,} characters of the answer so far")


def _take_whole(written: Written, response: Any, endpoint: str) -> None:
    """An answer in one piece: a server that does not stream, or something that is no answer."""
    data = response.read()
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        text = data.decode(errors="replace")
        if not text.strip():
            raise Fault(f"{endpoint} answered with nothing", retry=True, cause="empty") from None
        fault = body_fault(text, response.headers, None, f"{endpoint} answered, but not as an API does")
        if not fault.facts.get("cause"):
            fault.facts["cause"] = "incomplete" if text.lstrip()[:1] == "{" else "not_json"
            fault.retry = fault.facts["cause"] == "incomplete"
        raise fault from None
    if isinstance(body, dict) and _objects(body.get("choices")):
        written.choice(body, "message")
    elif isinstance(body, dict) and body.get("object") == "response":
        written.response(body)
    else:
        fault = body_fault(
            body,
            response.headers,
            None,
            f"{endpoint} answered with an error under a status that says success",
        )
        fault.facts["cause"] = "error_body"
        raise fault


def _valid(written: Written, endpoint: str) -> Written:
    """The answer, if it is whole and one. What the text says is for others to judge."""
    facts: dict[str, Any] = {
        "request_id": written.request_id,
        "output": (written.text or written.refusal)[-_TAIL:],
        "usage": written.usage,
        "answered_by": written.model,
    }
    if written.error or written.finish == "failed":
        fault = body_fault(
            {"error": written.error or {"message": "the response failed"}},
            {},
            None,
            f"{endpoint} failed while it answered",
        )
        fault.facts = {**facts, **fault.facts}
        raise fault
    if written.refusal:
        raise Fault(
            f"{endpoint}: the model declined: {shorten(written.refusal, 300)}",
            hint=(
                "word the topic spec or the scope document in another way, or choose another model or "
                "provider"
            ),
            cause="refusal",
            **facts,
        )
    if written.finish == "content_filter":
        raise Fault(
            f"{endpoint} withheld the answer (content_filter)",
            hint="word the topic spec or the scope document in another way",
            cause="content_filter",
            **facts,
        )
    if not written.finish:
        raise Fault(
            f"{endpoint} ended the stream before the answer was whole",
            retry=True,
            cause="incomplete",
            **facts,
        )
    if written.finish not in ("completed", "stop"):
        raise Fault(
            f"{endpoint} cut the answer off ({written.finish})",
            hint=(
                "ask for fewer nodes (constraints.node_count_max), a smaller scope, or a model that may "
                "write more"
            ),
            cause="incomplete",
            machine_code=written.finish,
            **facts,
        )
    if not written.text.strip():
        raise Fault(f"{endpoint} answered with nothing", retry=True, cause="empty", **facts)
    return written
