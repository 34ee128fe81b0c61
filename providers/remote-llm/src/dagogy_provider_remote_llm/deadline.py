"""The clock of one request. The SDK's timeout is per read, so a server that drips a byte now and then is
never too late for it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Any, Literal

import httpx2

#: A stream in which nothing comes for so long (or for half the time allowed, where that is more) is dead.
IDLE_SECONDS = 60.0


class RequestDeadline:
    """Ends a request when its time is up, or when nothing comes any more, by closing the connection under it.

    `seconds` bound the whole (what is left of the `allowed` ones), `idle` the time between two signs of life.
    `ended` then says which of the two it was. Used as a context; sockets are told by `httpcore2`'s trace
    extension, so proxies and TLS work as they always do.
    """

    def __init__(self, seconds: float, idle: float = IDLE_SECONDS, allowed: float | None = None) -> None:
        self.allowed = seconds if allowed is None else allowed
        self.started = self.last = time.monotonic()
        self.deadline = self.started + seconds
        self.idle = max(idle, seconds / 2)
        self.ended: Literal["", "total", "idle"] = ""
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, name="remote_llm watch", daemon=True)

    def __enter__(self) -> RequestDeadline:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def alive(self) -> None:
        """Something came."""
        self.last = time.monotonic()

    def timeout(self) -> httpx2.Timeout:
        """The client's own timeouts: an address that does not answer is told from a service that is slow."""
        left = max(0.001, self.deadline - time.monotonic())
        return httpx2.Timeout(left + 1.0, connect=min(left, 10.0))

    def hook(self, request: httpx2.Request) -> None:
        """An httpx2 request hook that tells the watch of the request's connection."""
        request.extensions = {**request.extensions, "trace": self._trace}

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._sockets.append(info["return_value"].get_extra_info("socket"))
                if self.ended:
                    self._close()

    def _run(self) -> None:
        while True:
            now = time.monotonic()
            left = min(self.deadline, self.last + self.idle) - now
            if left <= 0:
                break
            if self._done.wait(left):
                return
        with self._lock:
            self.ended = "total" if now >= self.deadline else "idle"
            self._close()

    def _close(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                # not a TLS socket's own, which takes its state apart while it is read from
                socket.socket.shutdown(each, socket.SHUT_RDWR)
