"""A service that answers what it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from torture.harness import Harness

_servers: dict[int, int] = {}


def service(harness: Harness) -> str:
    """The base URL of this worker's service, which answers every request with what
    `scratch/answer.json` says.
    """
    if os.getpid() not in _servers:
        answer_file = harness.scratch / "answer.json"

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                document = json.loads(answer_file.read_text())
                body = document["body"].encode("utf-8", "surrogatepass")
                self.send_response(document["status"])
                for name, value in document["headers"].items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815 (names of the library)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        parent = os.getpid()
        if os.fork() == 0:
            import ctypes

            ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
            with open(os.devnull, "w") as null:
                os.dup2(null.fileno(), 2)
            if os.getppid() == parent:
                server.serve_forever()
            os._exit(0)
        _servers[os.getpid()] = server.server_address[1]
        server.socket.close()
    return f"http://127.0.0.1:{_servers[os.getpid()]}/v1"


def failing(harness: Harness, status: int, message: str, random: Random) -> dict[str, str]:
    """The service answers with an error that says `message`; the environment in which it is asked."""
    kind = random.randrange(4)
    body = (
        json.dumps(
            {
                "error": {
                    "message": message,
                    "type": "invalid_request_error",
                    "code": message if kind == 1 else "bad",
                }
            },
            ensure_ascii=random.random() < 0.5,
        )
        if kind < 2
        else message
        if kind == 2
        else json.dumps({"detail": [message], "error": message})
    )
    headers = {
        "content-type": random.choice(("application/json", "text/html", "text/plain")),
        "x-request-id": re.sub(r"[^ -~]", "", message)[:40] or "r",
    }
    (harness.scratch / "answer.json").write_text(
        json.dumps({"status": status, "headers": headers, "body": body})
    )
    return {
        "OPENAI_BASE_URL": service(harness),
        "AGENT_PROVIDER": "remote_llm",
        "AGENT_RETRY_BUDGET": "0",
        "AGENT_TIMEOUT_SECONDS": "20",
    }
