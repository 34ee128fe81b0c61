"""What the tests of `codex_exec` share: the real codex, a loopback server that it asks, fake ones, and a look
at what is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from support import ROOT

#: What codex sends as its key; no test may find it anywhere but in a request.
KEY = "sk-loopback-0123456789abcdef"
SHORT_SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@pytest.fixture(scope="session")
def codex_command() -> str:
    """The real codex CLI, as `make test` installs it from npm."""
    named = os.environ.get("DAGOGY_TEST_CODEX", "")
    path = Path(named) if named else ROOT / ".venv/node/node_modules/.bin/codex"
    if not path.exists():
        reason = ROOT / ".venv/node/unavailable"
        pytest.skip(f"no codex CLI at {path}{f': {reason.read_text().strip()}' if reason.exists() else ''}")
    return str(path)


@dataclass(frozen=True)
class Reply:
    """What the server answers: with `status` 200 the `events` of a stream, and for `hang`
    nothing after them; else `body`.
    """

    events: tuple[tuple[str, dict[str, Any]], ...] = ()
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False


def _message(content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [content]}
    return "response.output_item.done", {"output_index": 0, "item": item}


_CREATED = ("response.created", {"response": {"id": "resp_1"}})
_USAGE = {
    "input_tokens": 120,
    "input_tokens_details": {"cached_tokens": 20},
    "output_tokens": 30,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 150,
}
_COMPLETED = ("response.completed", {"response": {"id": "resp_1", "usage": _USAGE}})
NOTHING = Reply((_CREATED, _COMPLETED))
HANG = Reply((_CREATED,), hang=True)


def answers_with(text: str) -> Reply:
    return Reply((_CREATED, _message({"type": "output_text", "text": text}), _COMPLETED))


def refuses(text: str) -> Reply:
    return Reply((_CREATED, _message({"type": "refusal", "refusal": text}), _COMPLETED))


def thinks(thought: str, text: str) -> Reply:
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": thought}],
        "content": None,
        "encrypted_content": None,
    }
    return Reply(
        (
            _CREATED,
            ("response.output_item.done", {"output_index": 0, "item": item}),
            *answers_with(text).events[1:],
        )
    )


def runs(command: str) -> Reply:
    """Lets the agent run a command before it goes on."""
    item = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "exec_command",
        "arguments": json.dumps({"cmd": command}),
    }
    return Reply((_CREATED, ("response.output_item.done", {"output_index": 0, "item": item}), _COMPLETED))


def stops(reason: str, text: str = '{"ans') -> Reply:
    response = {
        "id": "resp_1",
        "status": "incomplete",
        "incomplete_details": {"reason": reason},
        "usage": _USAGE,
    }
    return Reply(
        (
            _CREATED,
            _message({"type": "output_text", "text": text}),
            ("response.incomplete", {"response": response}),
        )
    )


def breaks(code: str, message: str) -> Reply:
    return Reply(
        (
            _CREATED,
            (
                "response.failed",
                {
                    "response": {
                        "id": "resp_1",
                        "status": "failed",
                        "error": {"code": code, "message": message},
                    }
                },
            ),
        )
    )


def fails(
    status: int,
    message: str,
    code: str | None = None,
    kind: str = "invalid_request_error",
    param: str | None = None,
) -> Reply:
    body = json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})
    return Reply(
        status=status, body=body, headers={"content-type": "application/json", "x-request-id": "req_42"}
    )


class Loopback:
    """A Responses API on loopback. It gives `replies` in turn, the last one again and again;
    `requests` holds what was asked.
    """

    def __init__(self, replies: tuple[Reply | Callable[[dict[str, Any]], Reply], ...]) -> None:
        self.replies = replies
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.asked, self.over = threading.Event(), threading.Event()
        handler = type("Handler", (_Handler,), {"loopback": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    @property
    def prompts(self) -> list[str]:
        """The last message of the user in each request."""
        return [
            next(i["content"][-1]["text"] for i in reversed(r["input"]) if i.get("role") == "user")
            for r in self.requests
        ]

    @property
    def outputs(self) -> list[str]:
        """What the commands of the agent printed, as it was sent back."""
        return [
            str(i.get("output"))
            for r in self.requests
            for i in r["input"]
            if i.get("type") == "function_call_output"
        ]


class _Handler(BaseHTTPRequestHandler):
    loopback: Loopback
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._send(404, "", {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        loopback = self.loopback
        loopback.requests.append(asked)
        loopback.keys.append(self.headers.get("authorization", ""))
        reply = loopback.replies[min(len(loopback.requests), len(loopback.replies)) - 1]
        reply = reply(asked) if callable(reply) else reply
        with contextlib.suppress(OSError):
            if reply.status != 200:
                self._send(reply.status, reply.body, reply.headers)
            else:
                self._stream(reply)

    def _send(self, status: int, body: str, headers: dict[str, str]) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for kind, data in reply.events:
            self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode())
            self.wfile.flush()
        self.loopback.asked.set()
        if reply.hang:
            self.loopback.over.wait()
        self.close_connection = True


def codex_home(
    folder: Path, url: str, *, retries: int = 0, env_key: str = "LOOPBACK_CREDENTIAL", more: str = ""
) -> Path:
    """A CODEX_HOME of its own, whose codex asks the server at `url` and nobody else."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(
        dedent(f"""\
        model = "gpt-loopback"
        model_provider = "loopback"
        check_for_update_on_startup = false
        {more}
        [analytics]
        enabled = false
        [features]
        plugins = false
        [model_providers.loopback]
        name = "loopback"
        base_url = "{url}"
        wire_api = "responses"
        env_key = "{env_key}"
        request_max_retries = 0
        stream_max_retries = {retries}
        """)
    )
    return folder


#: The start of every fake: it knows the flags of `codex exec` but for those in `lacks`, and puts what it says
#: where codex would.
_FAKE = """\
#!{python}
import json, os, signal, subprocess, sys, time
ALL = "--json --config --sandbox --skip-git-repo-check --ephemeral --color --output-schema --output-last-message --model"
FLAGS = [flag for flag in ALL.split() if flag not in {lacks!r}]
arguments = sys.argv[1:]
if "--help" in arguments:
    print("Usage: codex exec [OPTIONS] [PROMPT]\\n\\nOptions:\\n" + "\\n".join(f"      {{f}} <X>\\n          text" for f in FLAGS))
    sys.exit(0)
if "--version" in arguments:
    print("codex-cli 0.1.0-fake")
    sys.exit(0)
unknown = [a for a in arguments if a.startswith("--") and a not in FLAGS]
if unknown:
    sys.exit(f"error: unexpected argument '{{unknown[0]}}' found")
def value(flag):
    return arguments[arguments.index(flag) + 1] if flag in arguments else ""
def event(**parts):
    print(json.dumps(parts), flush=True)
def answer(text):
    if value("--output-last-message"):
        open(value("--output-last-message"), "w").write(text)
    elif "--json" not in arguments:
        print(text)
    if "--json" in arguments:
        event(type="item.completed", item={{"id": "item_1", "type": "agent_message", "text": text}})
        event(type="turn.completed", usage={{"input_tokens": 1, "output_tokens": 2}})
if "--json" in arguments:
    event(type="thread.started", thread_id="t")
    event(type="turn.started")
"""  # noqa: E501


def fake_codex(
    path: Path, body: str, *, lacks: tuple[str, ...] = (), python: str = "/usr/bin/env python3"
) -> str:
    """A command that behaves like codex up to the point where `body` begins; for what the real
    one cannot be brought to do.
    """
    path.write_text(_FAKE.format(python=python, lacks=lacks) + dedent(body))
    path.chmod(0o755)
    return str(path)


def alive(mark: str) -> list[int]:
    """The processes whose environment holds `mark`, this one left out."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark.encode() in environ.read_bytes() and int(environ.parent.name) != os.getpid():
                found.append(int(environ.parent.name))
    return found


def wait_for_end(pid: int, seconds: float = 20) -> bool:
    """Waits for the end of a process that need not be a child; whether it came."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def loopback(*replies: Reply | Callable[[dict[str, Any]], Reply]) -> Iterator[Loopback]:
    """A server that gives `replies` in turn."""
    with Loopback(replies) as server:
        yield server
