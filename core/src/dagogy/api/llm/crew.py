"""Calls side by side: a few workers ask, and share a budget, a pause and the end.

Threads, since what a provider does is one blocking method, over an SDK or a child process, and the waiting is
all that is to be saved. What comes of a piece of work depends on that piece alone, so results are the same
whoever is answered first; only where a budget ends may it matter who asked before.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from dagogy.api.errors import ProviderError
from dagogy.api.providers import Budget, ResponseCache

Work = TypeVar("Work")

#: As many calls in a row have to fail, whatever for, until nobody is asked any more; with more workers as
#: many as there are of them, since what befalls a service befalls all calls under way.
_IN_A_ROW = 3
#: Status codes and causes with which the next call would fail as well.
_FOR_ALL_STATUS = frozenset({401, 402, 403, 404, 405, 501})
_FOR_ALL_CAUSES = frozenset(
    {
        "key_missing",
        "key_malformed",
        "base_url_malformed",
        "binary_missing",
        "calls_spent",
        "tokens_spent",
        "circuit_open",
    }
)
_FOR_ALL_CODES = frozenset({"insufficient_quota"})
#: Causes that are about what was asked or answered, and say nothing of the service.
ABOUT_THE_ANSWER = frozenset(
    {"refusal", "content_filter", "incomplete", "empty", "prose", "not_json", "wrong_shape"}
)
#: A service that asks for more patience than this is not waited for.
_LONGEST_HOLD = 120.0


class Spent(Exception):
    """Nothing is left of a budget: its setting, and the cause."""

    def __init__(self, setting: str, cause: str) -> None:
        super().__init__(setting)
        self.setting, self.cause = setting, cause


class Spending:
    """What one budget has left for all who ask: calls and tokens are set aside before a call, and booked
    after it.
    """

    def __init__(self, budget: Budget, calls_each: int) -> None:
        """`calls_each`: how many requests one call may come to with its retries."""
        self.usage: dict[str, float] = {}
        self._budget, self._calls_each = budget, calls_each
        self._calls_aside = self._tokens_aside = 0.0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def aside(self, tokens: float, stopped: Callable[[], bool]) -> Iterator[tuple[int | None, Booking]]:
        """Sets aside what a call may cost; gives the requests that it may send (None: no limit), and how to
        book what it did cost. Waits where only calls under way keep it from being granted. Raises `Spent`.
        """
        with self._changed:
            while True:
                calls = self._granted(tokens)
                if calls is None or calls > 0:
                    break
                self._changed.wait(0.2)
                if stopped():
                    raise Spent("", "stopped")
            self._calls_aside += calls or 0
            self._tokens_aside += tokens
        try:
            yield calls, self._book
        finally:
            with self._changed:
                self._calls_aside -= calls or 0
                self._tokens_aside -= tokens
                self._changed.notify_all()

    def _granted(self, tokens: float) -> int | None:
        """The requests that may be sent; 0 where that is to be waited for."""
        most = self._budget
        spent_tokens = self.usage.get("input_tokens", 0) + self.usage.get("output_tokens", 0)
        if most.tokens is not None and spent_tokens + self._tokens_aside + tokens > most.tokens:
            if not self._tokens_aside:
                raise Spent("AGENT_MAX_TOKENS", "tokens_spent")
            return 0
        if most.calls is None:
            return None
        left = int(most.calls - self.usage.get("calls", 0) - self._calls_aside)
        if left <= 0 and not self._calls_aside:
            raise Spent("AGENT_MAX_CALLS", "calls_spent")
        return max(0, min(left, self._calls_each))

    def _book(self, usage: Mapping[str, float]) -> None:
        with self._changed:
            for name, value in usage.items():
                self.usage[name] = self.usage.get(name, 0) + value


Booking = Callable[[Mapping[str, float]], None]


class Crew:
    """Up to `most` workers on one list of work. `stopped`: the failure for which no more is begun."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.stopped: ProviderError | None = None
        #: Around whatever is not made for several threads: progress, books, the cache.
        self.lock = threading.RLock()
        self._held_until = 0.0
        self._failed = 0
        self._ended = threading.Event()
        self._raised: BaseException | None = None

    def run(self, work: Sequence[Work], do: Callable[[Work], None]) -> None:
        """Does all of `work`. The first piece is done alone: what is learned of the service in it, and that
        it answers at all, all others need to know. Raises what `do` raises, the first of it.
        """
        if not work:
            return
        do(work[0])
        queue = iter(work[1:])
        workers = [
            # Daemons: an interrupted command does not wait for answers that nobody will read.
            threading.Thread(target=self._work, args=(queue, do), name=f"dagogy worker {i}", daemon=True)
            for i in range(min(self.most, len(work) - 1))
        ]
        if len(workers) == 1:
            self._work(queue, do)
        else:
            try:
                for worker in workers:
                    worker.start()
                for worker in workers:
                    worker.join()
            except BaseException:
                self._ended.set()
                raise
        if self._raised is not None:
            raise self._raised

    def _work(self, queue: Iterator[Work], do: Callable[[Work], None]) -> None:
        while not self._ended.is_set():
            with self.lock:
                piece = next(queue, None)
            if piece is None:
                return
            try:
                do(piece)
            except BaseException as error:
                with self.lock:
                    self._raised = self._raised or error
                self._ended.set()
                return

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self.stopped is not None or self._ended.is_set()

    def hold(self, seconds: float) -> None:
        """The service wants to be left alone for so long: no call is begun before."""
        with self.lock:
            self._held_until = max(self._held_until, time.monotonic() + min(seconds, _LONGEST_HOLD))

    def wait(self) -> None:
        """Returns when a call may be begun, or nothing more is to be asked."""
        while not self.is_over and (left := self._held_until - time.monotonic()) > 0:
            self._ended.wait(min(left, 0.2))

    def answered(self) -> None:
        """A call was answered, well or not: the service is there."""
        with self.lock:
            self._failed = 0

    def failed(self, error: ProviderError) -> None:
        """A call failed. Ends the work where the next one would fail as well."""
        facts = error.details
        if facts.get("cause") in ABOUT_THE_ANSWER:
            self.answered()
            return
        with self.lock:
            self._failed += 1
            wait = facts.get("retry_after_seconds")
            if isinstance(wait, int | float):
                self.hold(wait)
            if self._failed >= max(_IN_A_ROW, self.most) or _is_for_all(error):
                self.stop(error)

    def stop(self, error: ProviderError) -> None:
        """No more is begun, because of `error`."""
        with self.lock:
            self.stopped = self.stopped or error


def _is_for_all(error: ProviderError) -> bool:
    facts = error.details
    wait = facts.get("retry_after_seconds")
    return (
        facts.get("http_status") in _FOR_ALL_STATUS
        or facts.get("cause") in _FOR_ALL_CAUSES
        or facts.get("machine_code") in _FOR_ALL_CODES
        or (isinstance(wait, int | float) and wait > _LONGEST_HOLD)
    )


class SharedCache(ResponseCache):
    """A cache that several workers use, one at a time."""

    def __init__(self, cache: ResponseCache, lock: threading.RLock) -> None:
        super().__init__()
        self.memory = cache.memory
        self._cache, self._lock = cache, lock

    def find(self, key: str) -> Mapping[str, object] | None:
        with self._lock:
            return self._cache.find(key)

    def keep(self, key: str, answer: Mapping[str, object]) -> None:
        with self._lock:
            self._cache.keep(key, answer)

    def reject(self, text: str, cause: str) -> str:
        with self._lock:
            return self._cache.reject(text, cause)
