"""A bound on what is done while a command is failing already: it may not take long, and
it may not make things worse.
"""

from __future__ import annotations

import contextlib
import io
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from dagogy.host.calls import OutOfTime

#: A plugin may swallow the first interruption; it gets another one this often.
_AGAIN_SECONDS = 0.05


@contextlib.contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raises `OutOfTime` in the middle of the body once `seconds` are over; without them, or outside the main
    thread, there is no end.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime(f"it did not finish within {seconds:.0f} s")

    handler = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, _AGAIN_SECONDS), _AGAIN_SECONDS)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)


def within(seconds: float, body: Callable[[], None]) -> bool:
    """Calls `body`, for at most so long; what it prints on stdout goes nowhere (but for plugins, who are
    heard). Whether it came to its end.

    A signal ends it, since a thread could not: a regular expression that runs away keeps all other threads
    waiting. Signals are the main thread's; in another one `body` takes the time it takes.
    """
    if threading.current_thread() is not threading.main_thread():
        try:
            body()
        except BaseException:
            return False
        return True

    running = True

    def stop(number: int, frame: FrameType | None) -> None:
        if running:
            raise OutOfTime

    handler = signal.signal(signal.SIGALRM, stop)
    timer = (0.0, 0.0)
    try:
        timer = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        with contextlib.redirect_stdout(io.StringIO()):
            body()
        running = False
        return True
    except BaseException:  # whatever it was: the failure that is being reported is the one that counts
        running = False
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
