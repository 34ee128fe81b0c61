"""A loopback server that answers, or fails, in one named way: what real services were seen to do and no
ready-made mock does.

It speaks the Responses API and chat completions, streamed and whole, and `/models`. The path
chooses the scenario: `http://127.0.0.1:PORT/s/SCENARIO/v1`. Every request is kept, without the key,
so that tests count what was sent.

Whatever the scenario, a strict schema is checked as the real service does before it asks a model, and a wrong
one is a 400. `flaky2-503` is the scenario `503` for the first two requests and `ok` after that;
`unsupported-NAME` rejects the parameter NAME.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from servers.strict_mode import conform, strict_problem

REQUEST_ID = "req_faulty_123"
REFUSAL = "I'm sorry, but I can't help with that request."
_PATH = re.compile(r"/s/([^/]+)(/.*)")
_PAGE = (
    "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr><center>nginx</center></"
    "body></html>"
)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `headers` in lower case, the key replaced by `present`; `body` as
    JSON, None where there was none.
    """

    method: str
    path: str
    scenario: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Error:
    """An HTTP answer that is no completion: `body` is the `error` object, or the text of a page."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says. `incomplete` is the reason why it stopped early; `failed` the error object that
    ends the stream instead of an answer.
    """

    text: str | None = None
    refusal: str = ""
    incomplete: str = ""
    failed: Mapping[str, Any] | None = None
    tool: str = ""


def _error(message: str, kind: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    return {"message": message, "type": kind, "param": param, "code": code}


_RATE = _error(
    "Rate limit reached for gpt-5.5 in organization org-x on requests per min (RPM): Limit 3, Used 3, "
    "Requested 1.",
    "requests",
    "rate_limit_exceeded",
)
_QUOTA = _error(
    "You exceeded your current quota, please check your plan and billing details. For more information on "
    "this error, read the docs.",
    "insufficient_quota",
    "insufficient_quota",
)
_CONTEXT = _error(
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "invalid_request_error",
    "context_length_exceeded",
    "input",
)
_SERVER = _error(
    "The server had an error while processing your request. Sorry about that!", "server_error", "server_error"
)

#: Answers with an error status, by scenario. A function is called at the time of the request.
ERRORS: dict[str, Error | Callable[[], Error]] = {
    "400schema": Error(
        400,
        _error(
            "Invalid schema for response_format 'curriculum': In context=(), 'additionalProperties' is "
            "required to be supplied and to be false.",
            "invalid_request_error",
            "invalid_json_schema",
            "text.format.schema",
        ),
    ),
    "400ctx": Error(400, _CONTEXT),
    "400prompt": Error(
        400,
        _error(
            "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
            "invalid_request_error",
            "invalid_prompt",
        ),
    ),
    "400detail": Error(
        400,
        '{"detail": "The model is not supported when using Codex with a ChatGPT account."}',
        {"Content-Type": "application/json"},
    ),
    "401": Error(
        401,
        _error(
            "Incorrect API key provided: sk-bad****3456. You can find your API key at https://platform.openai.com/account/api-keys.",
            "invalid_request_error",
            "invalid_api_key",
        ),
    ),
    "403": Error(
        403,
        _error(
            "Country, region, or territory not supported",
            "request_forbidden",
            "unsupported_country_region_territory",
        ),
    ),
    "404": Error(
        404,
        _error(
            "The model does not exist or you do not have access to it.",
            "invalid_request_error",
            "model_not_found",
        ),
    ),
    "404page": Error(404, _PAGE.format("404 Not Found")),
    "405": Error(
        405, '{"detail":"Method Not Allowed"}', {"Content-Type": "application/json", "Allow": "GET"}
    ),
    "408": Error(408, _error("Request timeout", "timeout")),
    "409": Error(409, _error("Conflict", "conflict")),
    "413": Error(413, _PAGE.format("413 Request Entity Too Large")),
    "429rate": Error(429, _RATE, {"Retry-After": "1"}),
    "429ms": Error(429, _RATE, {"retry-after-ms": "50"}),
    "429date": lambda: Error(429, _RATE, {"Retry-After": formatdate(time.time() + 2, usegmt=True)}),
    "429long": Error(429, _RATE, {"Retry-After": "86400"}),
    "429quota": Error(429, _QUOTA),
    "500": Error(500, _SERVER),
    "html502": Error(502, _PAGE.format("502 Bad Gateway")),
    "503": Error(
        503,
        _error(
            "The engine is currently overloaded, please try again later",
            "server_error",
            "server_is_overloaded",
        ),
    ),
    "529": Error(529, {"type": "overloaded_error", "message": "Overloaded"}),
    "html200": Error(200, "<html><body>Sign in to the corporate proxy</body></html>"),
    "error200": Error(200, _error("Upstream provider returned an error", "upstream_error", "upstream_error")),
    "empty200": Error(200, ""),
}

#: What the model says, by scenario; `answer` is the text that a good one would be.
REPLIES: dict[str, Callable[[str], Reply]] = {
    "ok": Reply,
    "fenced": lambda answer: Reply(f"```json\n{answer}\n```"),
    "embedded": lambda answer: Reply(
        f"Here is the curriculum you asked for:\n\n{answer}\n\nLet me know if you would like to change it."
    ),
    "prose": lambda answer: Reply("Sure! I would begin with the basics and go on from there."),
    "notjson": lambda answer: Reply("{'topic': 'bread', 'nodes': [,]}"),
    "badschema": lambda answer: Reply('{"wrong":true}'),
    "cutanswer": lambda answer: Reply(answer[: len(answer) // 2]),
    "emptyout": lambda answer: Reply(None),
    "emptytext": lambda answer: Reply(""),
    "refusal": lambda answer: Reply(refusal=REFUSAL),
    "incomplete": lambda answer: Reply(answer[: len(answer) // 3], incomplete="max_output_tokens"),
    "incomplete_filter": lambda answer: Reply(incomplete="content_filter"),
    "failedsse": lambda answer: Reply(failed=_SERVER),
    "quotasse": lambda answer: Reply(failed=_QUOTA),
    "ctxsse": lambda answer: Reply(failed=_CONTEXT),
    "toolthen": lambda answer: Reply(answer, tool="echo tool-ran"),
    "toolsleep": lambda answer: Reply(answer, tool="sleep 347"),
}

#: Scenarios that differ from `ok` in how the bytes go over the wire.
WIRE = ("hang", "stall", "drip", "rst", "cutsse", "dropsse", "badsse")
#: One that lacks the Responses API, one that has it and looks at no `text.format` (llama.cpp), and one that
#: prints the key that it was sent.
GATEWAYS = ("noresponses", "ignoresformat", "401echo")


class Faulty:
    """The server, running as long as the `with` block. `answer` is what a good model says: a text, or what
    makes it of the request's body.
    """

    def __init__(
        self,
        answer: str | Callable[[Any], str] = "{}",
        certificate: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", port), type("Handler", (_Handler,), {"faulty": self})
        )
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._scheme = "http"
        if certificate:
            self._scheme = "https"
            self._server.socket = certificate.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Faulty:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def root(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def url(self, scenario: str) -> str:
        """The base URL to give to a client."""
        return f"{self.root}/s/{scenario}/v1"

    @property
    def questions(self) -> list[Request]:
        """The requests that asked a model."""
        return [r for r in self.requests if r.method == "POST"]

    def text(self, body: Any) -> str:
        return self.answer if isinstance(self.answer, str) else self.answer(body)


class _Handler(BaseHTTPRequestHandler):
    """One request. Every answer ends its connection, so that no request depends on the one before."""

    faulty: Faulty
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Nothing is printed; `Faulty.requests` is the log."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(json.loads(data) if data else None)

    def _answer(self, body: Any) -> None:
        self.close_connection = True
        found = _PATH.fullmatch(self.path.partition("?")[0])
        scenario, path = (found[1], found[2]) if found else ("", self.path)
        headers = {
            k.lower(): ("present" if k.lower() == "authorization" else v) for k, v in self.headers.items()
        }
        self.faulty.requests.append(Request(self.command, path, scenario, headers, body))
        # The client may have had enough, which is its right.
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self._play(self._now(scenario), path, body)

    def _now(self, scenario: str) -> str:
        """The scenario that holds for this request."""
        if not (flaky := re.fullmatch(r"flaky(\d+)-(.+)", scenario)):
            return scenario
        so_far = sum(r.scenario == scenario and r.method == "POST" for r in self.faulty.requests)
        return flaky[2] if so_far <= int(flaky[1]) else "ok"

    def _play(self, scenario: str, path: str, body: Any) -> None:
        route = (self.command, path)
        if route == ("GET", "/v1/models"):
            return self._models(scenario)
        if route not in (("POST", "/v1/responses"), ("POST", "/v1/chat/completions")) or (
            scenario == "noresponses" and path == "/v1/responses"
        ):
            return self._error(
                Error(404, _error(f"Invalid URL ({self.command} {path})", "invalid_request_error"))
            )
        api = _Responses(body) if path == "/v1/responses" else _Chat(body)
        if problem := api.problem(scenario):
            return self._error(Error(400, problem))
        if found := ERRORS.get(scenario):
            return self._error(found() if callable(found) else found)
        if scenario == "401echo":
            key = self.headers.get("Authorization", "").removeprefix("Bearer ")
            return self._error(
                Error(
                    401,
                    _error(
                        f"Authentication Error, Invalid proxy server token passed. Received API Key = {key}",
                        "auth_error",
                        "401",
                    ),
                )
            )
        if scenario in WIRE:
            return self._on_the_wire(scenario, api, Reply(self.faulty.text(body)))
        if scenario == "ignoresformat":
            reply = REPLIES["prose" if path == "/v1/responses" else "ok"](self.faulty.text(body))
        elif scenario in REPLIES or scenario == "noresponses" or scenario.startswith("unsupported-"):
            reply = REPLIES.get(scenario, Reply)(self.faulty.text(body))
        else:
            return self._error(
                Error(404, _error(f"there is no scenario '{scenario}'", "invalid_request_error"))
            )
        if api.stream:
            self._stream(api.events(reply))
        elif reply.failed:
            self._error(Error(500, reply.failed))
        else:
            self._whole(200, json.dumps(api.whole(reply)).encode())
        return None

    def _models(self, scenario: str) -> None:
        found = ERRORS.get(scenario)
        error = found() if callable(found) else found
        if error and (error.status in (401, 403) or error.status >= 500 or scenario == "html200"):
            return self._error(error)
        if scenario in ("hang", "rst"):
            return self._on_the_wire(scenario, _Chat({}), Reply())
        models = [
            {"id": name, "object": "model", "created": 1, "owned_by": "faulty"}
            for name in ("gpt-fake", "gpt-small")
        ]
        return self._whole(200, json.dumps({"object": "list", "data": models}).encode())

    # ------------------------------------------------------------------------------------------------ writing

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"x-request-id": REQUEST_ID, "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _whole(self, status: int, data: bytes, **headers: str) -> None:
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers})
        self.wfile.write(data)

    def _error(self, error: Error) -> None:
        page = isinstance(error.body, str)
        data = error.body if isinstance(error.body, str) else json.dumps({"error": error.body})
        self._whole(
            error.status,
            data.encode(),
            **{"Content-Type": "text/html" if page else "application/json", **error.headers},
        )

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _stream(self, events: Iterator[str], pause: float = 0.0, end: bool = True) -> None:
        self._head(200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"})
        for event in events:
            self._chunk(event.encode())
            if pause and self.faulty.closing.wait(pause):
                return
        if end:
            self._chunk(b"")

    def _on_the_wire(self, scenario: str, api: _Responses | _Chat, reply: Reply) -> None:
        if scenario == "hang":
            self.faulty.closing.wait()
        elif scenario == "rst":
            # Closed with nothing sent and a linger of 0, which the kernel turns into a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        elif not api.stream:
            self._whole_on_the_wire(scenario, json.dumps(api.whole(reply)).encode())
        elif scenario == "drip":
            self._stream(api.events(reply, size=2), pause=0.2)
        else:
            events = list(api.events(reply, size=64))
            begun = events[: max(2, len(events) // 2 - 2)]
            self._stream(iter([*begun, *_BROKEN.get(scenario, ())]), end=scenario not in ("stall", "dropsse"))
            if scenario == "stall":
                self.faulty.closing.wait()

    def _whole_on_the_wire(self, scenario: str, data: bytes) -> None:
        half = data[: len(data) // 2]
        promised = len(data) if scenario in ("stall", "drip", "dropsse") else len(half)
        self._head(200, {"Content-Type": "application/json", "Content-Length": str(promised)})
        for start in range(0, len(data), 2) if scenario == "drip" else ():
            self.wfile.write(data[start : start + 2])
            if self.faulty.closing.wait(0.2):
                return
        if scenario != "drip":
            self.wfile.write(half)
        if scenario == "stall":
            self.faulty.closing.wait()


#: What follows the first half of a stream that goes wrong; nothing where it just ends, or stands still.
_BROKEN = {"badsse": ("data: {not json\n\n",)}


class _Api:
    """One request body, and the two ways to answer it."""

    schema_at: tuple[str, ...] = ()

    def __init__(self, body: Any) -> None:
        self.body = body if isinstance(body, dict) else {}
        self.stream = bool(self.body.get("stream"))
        self.model = self.body.get("model") or "gpt-fake"

    def format(self) -> Mapping[str, Any]:
        """The name, schema and strictness that were asked for."""
        raise NotImplementedError

    def problem(self, scenario: str) -> dict[str, Any] | None:
        """Why the service would not even ask the model."""
        if (name := scenario.removeprefix("unsupported-")) != scenario and name in self.body:
            return _error(
                f"Unsupported parameter: '{name}' is not supported with this model.",
                "invalid_request_error",
                "unsupported_parameter",
                name,
            )
        wanted = self.format()
        if wanted.get("strict") and (found := strict_problem(wanted.get("schema"))):
            message = f"Invalid schema for response_format '{wanted.get('name')}': {found}"
            return _error(message, "invalid_request_error", "invalid_json_schema", ".".join(self.schema_at))
        return None

    def tokens(self, reply: Reply) -> tuple[int, int]:
        return len(json.dumps(self.body)) // 4, len(reply.text or "") // 4


class _Responses(_Api):
    schema_at = ("text", "format", "schema")

    def format(self) -> Mapping[str, Any]:
        return (self.body.get("text") or {}).get("format") or {}

    def _tool(self, reply: Reply) -> str:
        """The command to run, until the client has answered with what it printed."""
        done = any(
            isinstance(item, dict) and item.get("type") == "function_call_output"
            for item in self.body.get("input") or ()
        )
        return "" if done else reply.tool

    def _item(self, reply: Reply) -> dict[str, Any] | None:
        if command := self._tool(reply):
            call = {"cmd": command, "login": False}
            return {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": "exec_command",
                "arguments": json.dumps(call),
                "status": "completed",
            }
        part: dict[str, Any] = {"type": "output_text", "text": reply.text, "annotations": []}
        if reply.refusal:
            part = {"type": "refusal", "refusal": reply.refusal}
        elif reply.text is None:
            return None
        return {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "incomplete" if reply.incomplete else "completed",
            "content": [part],
        }

    def whole(self, reply: Reply) -> dict[str, Any]:
        item, (spent, written) = self._item(reply), self.tokens(reply)
        status = "failed" if reply.failed else "incomplete" if reply.incomplete else "completed"
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": status,
            "model": self.model,
            "output": [item] if item else [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "error": {"code": reply.failed["code"], "message": reply.failed["message"]}
            if reply.failed
            else None,
            "incomplete_details": {"reason": reply.incomplete} if reply.incomplete else None,
            "usage": {
                "input_tokens": spent,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": written,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": spent + written,
            },
        }

    def events(self, reply: Reply, size: int = 512) -> Iterator[str]:
        for number, (kind, data) in enumerate(self._events(reply, size)):
            yield f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **data})}\n\n"

    def _events(self, reply: Reply, size: int) -> Iterator[tuple[str, dict[str, Any]]]:
        whole = self.whole(reply)
        begun = {
            **whole,
            "status": "in_progress",
            "output": [],
            "usage": None,
            "error": None,
            "incomplete_details": None,
        }
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        for item in whole["output"]:
            yield (
                "response.output_item.added",
                {
                    "output_index": 0,
                    "item": {**item, "status": "in_progress"}
                    | ({"content": []} if "content" in item else {}),
                },
            )
            for part in item.get("content", ()):
                name = {"output_text": "text", "refusal": "refusal"}[part["type"]]
                at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
                kind = f"response.{part['type']}"
                yield "response.content_part.added", {**at, "part": {**part, name: ""}}
                for start in range(0, len(part[name]), size):
                    yield f"{kind}.delta", {**at, "delta": part[name][start : start + size], "logprobs": []}
                yield f"{kind}.done", {**at, name: part[name], "logprobs": []}
                yield "response.content_part.done", {**at, "part": part}
            yield "response.output_item.done", {"output_index": 0, "item": item}
        yield f"response.{whole['status']}", {"response": whole}


class _Chat(_Api):
    schema_at = ("response_format", "json_schema", "schema")

    def format(self) -> Mapping[str, Any]:
        return (self.body.get("response_format") or {}).get("json_schema") or {}

    def _end(self, reply: Reply) -> str:
        return {"": "stop", "max_output_tokens": "length", "content_filter": "content_filter"}[
            reply.incomplete
        ]

    def _base(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": self.model}

    def _usage(self, reply: Reply) -> dict[str, int]:
        spent, written = self.tokens(reply)
        return {"prompt_tokens": spent, "completion_tokens": written, "total_tokens": spent + written}

    def whole(self, reply: Reply) -> dict[str, Any]:
        message = {"role": "assistant", "content": reply.text, "refusal": reply.refusal or None}
        choices = [{"index": 0, "message": message, "finish_reason": self._end(reply), "logprobs": None}]
        return {**self._base("chat.completion"), "choices": choices, "usage": self._usage(reply)}

    def events(self, reply: Reply, size: int = 512) -> Iterator[str]:
        for data in self._events(reply, size):
            yield f"data: {json.dumps(data)}\n\n"
        yield "data: [DONE]\n\n"

    def _events(self, reply: Reply, size: int) -> Iterator[dict[str, Any]]:
        base = self._base("chat.completion.chunk")

        def chunk(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
            return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}]}

        yield chunk({"role": "assistant", "content": "", "refusal": None})
        if reply.failed:
            yield {"error": dict(reply.failed)}
            return
        for name, text in (("refusal", reply.refusal), ("content", reply.text or "")):
            for start in range(0, len(text), size):
                yield chunk({name: text[start : start + size]})
        yield chunk({}, self._end(reply))
        if (self.body.get("stream_options") or {}).get("include_usage"):
            yield {**base, "choices": [], "usage": self._usage(reply)}


def answering(document: Any) -> Callable[[Any], str]:
    """For `Faulty.answer`: the document, in the shape that the request's schema asks for."""

    def answer(body: Any) -> str:
        schema = _Responses(body).format().get("schema") or _Chat(body).format().get("schema")
        return json.dumps(conform(document, schema) if schema else document)

    return answer


if __name__ == "__main__":
    with Faulty(port=18080) as server:
        print(f"{server.url('ok')}; other scenarios: {' '.join([*ERRORS, *REPLIES, *WIRE, *GATEWAYS])}")
        server.closing.wait()
