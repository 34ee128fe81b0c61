"""A small OpenAI-style server on the loopback: it answers each request with the next entry of a script, and
remembers what it was asked.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What answers a request: a function of the handler, which writes the response.
Answer = Callable[["Handler"], None]


@dataclass
class Service:
    """The server as a test sees it. `script`: answers in order, the last one again and again; `asked`: path
    and body of each POST.
    """

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    models: list[str] | None = None
    listed: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Answer:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service
    body: Any

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""

    def do_GET(self) -> None:
        models = self.service.models
        self.service.listed += 1
        send(404, {"error": {"message": "no such path"}})(self) if models is None else send(
            200, {"object": "list", "data": [{"id": m} for m in models]}
        )(self)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.service.keys.append(self.headers.get("authorization", ""))
        self.body = json.loads(body)
        self.service.asked.append((self.path, self.body))
        self.service.next()(self)

    def start(self, status: int, kind: str, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("x-request-id", "req_test_1")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is None:
            self.send_header("connection", "close")
            self.close_connection = True
        else:
            self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.flush()


@contextmanager
def serving(*script: Answer, models: list[str] | None = None) -> Iterator[Service]:
    """The server with this script, as long as the test runs."""
    service = Service(script=list(script), models=models)
    handler = type("Bound", (Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        service.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def send(status: int, body: Any, kind: str = "application/json", **headers: str) -> Answer:
    """One whole response; `body` as JSON, or text as it is."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    def answer(handler: Handler) -> None:
        handler.start(status, kind, len(data), **headers)
        handler.wfile.write(data)

    return answer


def events(*items: Any, end: Callable[[Handler], None] | None = None) -> Answer:
    """A stream of server-sent events; text goes out as it is. `end` is done before the connection closes."""

    def answer(handler: Handler) -> None:
        handler.start(200, "text/event-stream")
        for item in items:
            line = (
                item
                if isinstance(item, str)
                else f"event: {item.get('type', 'message')}\ndata: {json.dumps(item)}\n\n"
            )
            handler.wfile.write(line.encode())
            handler.wfile.flush()
        if end:
            end(handler)

    return answer


def response(text: str = "", status: str = "completed", **parts: Any) -> dict[str, Any]:
    """The `response` object of the Responses API around `text`."""
    content = [{"type": "output_text", "text": text, "annotations": []}] if text else []
    output = [{"type": "message", "id": "msg_1", "role": "assistant", "status": status, "content": content}]
    usage = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "test-model-1",
        "output": output,
        "usage": usage,
        **parts,
    }


def responses(text: str, *, pieces: int = 3, **parts: Any) -> Answer:
    """The Responses API streaming `text`."""
    size = max(1, len(text) // pieces + 1)
    deltas = [
        {
            "type": "response.output_text.delta",
            "delta": text[i : i + size],
            "item_id": "msg_1",
            "output_index": 0,
            "content_index": 0,
            "sequence_number": i,
        }
        for i in range(0, len(text), size)
    ]
    whole = response(text, **parts)
    kind = {
        "completed": "response.completed",
        "incomplete": "response.incomplete",
        "failed": "response.failed",
    }[whole["status"]]
    created = {
        "type": "response.created",
        "response": {**whole, "status": "in_progress", "output": [], "usage": None},
        "sequence_number": 0,
    }
    return events(created, *deltas, {"type": kind, "response": whole, "sequence_number": 99})


def chat(text: str, *, finish: str | None = "stop", refusal: str = "") -> Answer:
    """Chat completions streaming `text`."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "test-model-1"}
    half = len(text) // 2
    deltas = [{"role": "assistant", "content": text[:half]}, {"content": text[half:]}] if text else []
    deltas += [{"refusal": refusal}] if refusal else []
    chunks = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    if finish:
        chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        chunks.append(
            {
                **base,
                "choices": [],
                "usage": {"prompt_tokens": 90, "completion_tokens": 30, "total_tokens": 120},
            }
        )
    return events(
        *(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), *(["data: [DONE]\n\n"] if finish else [])
    )
