"""Starts `python -m dagogy` as a process forked from one that has imported everything,
instead of as a fresh interpreter.

A fresh interpreter spends most of its time on importing and on compiling patterns. Whoever starts the process
sees no difference: it is a child of its own, with its own pid, streams, folder, environment and exit status.
Nothing that a test changed in its own process is in it: the server has only ever imported, and compiled a
document of its own. What depends on how an interpreter starts (its variables, the locale) gets a fresh one,
and so does what asks for it (the fixture `fresh_interpreters`).

The server's child forks the process and ends, so that the process goes to the nearest ancestor that takes
orphans: to who asked. That is for Linux and the Pythons whose `subprocess` is known here; elsewhere every
process is a fresh interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_SIGKILL = 9
#: Bytes of one request: of command line, environment and folder.
_LARGEST = 100_000
#: Variables whose value may be another one than the server's though their names look as if an interpreter
#: read them when it starts.
_FREE = frozenset({"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"})
_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "TZ")
#: A variable of the server whose place in memory is for the environments of the processes that it forks.
_ROOM = "FORKSERVER_ROOM"
#: Words of commands that start others. Such a command gets a server of its own, forked before it begins.
_STARTERS = frozenset({"recover", "triage", "--self-heal"})

_fork_exec: Callable[..., int] = subprocess._fork_exec  # type: ignore[attr-defined]
supported = sys.platform == "linux" and sys.version_info[:2] in {(3, 11), (3, 12), (3, 13)}


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environment.items() if name.startswith(_AT_START) and name not in _FREE
    }


# --------------------------------------------------------------------------------------------------- who asks


class ForkServer:
    """The process that forks, seen from the process that made it, which alone can ask it."""

    def __init__(self, environment: Mapping[str, str], connection: socket.socket | None = None) -> None:
        self._started_with, self._at_start = dict(environment), _at_start(environment)
        self._connection = connection
        self._owner = (os.getpid(), os.geteuid())
        self._lock = threading.Lock()
        #: How many processes it has forked.
        self.forked = 0

    def _start(self) -> socket.socket:
        """The server in a fresh interpreter, on first use."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {k: v for k, v in self._started_with.items() if k not in _FREE} | {
            _ROOM: "x" * _LARGEST
        }
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(its.fileno())],
                pass_fds=[its.fileno()],
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        assert ours.recv(16) == b"ready"
        return ours

    def install(self) -> None:
        """From now on, `subprocess` in this process asks the server where that makes no difference."""

        def fork_exec(*arguments: Any) -> int:
            request = self._request(*arguments)
            return _fork_exec(*arguments) if request is None else self._fork(*request)

        subprocess._fork_exec = fork_exec  # type: ignore[attr-defined]

    def _request(
        self,
        args: Sequence[Any],
        executables: Sequence[bytes],
        close_fds: bool,
        kept: Sequence[int],
        folder: Any,
        environment: Sequence[bytes] | None,
        *others: Any,
    ) -> tuple[bytes, list[int]] | None:
        """What the server is sent: a text, and the three streams. None for a
        process that has to be executed.
        """
        stdin, _, _, stdout, _, stderr, _, _, *options, preexec, _ = others
        words = _dagogy_words(args)
        variables = (
            dict(v.split("=", 1) for v in map(os.fsdecode, environment))
            if environment is not None
            else dict(os.environ)
        )
        if (
            words is None
            or not close_fds
            or len(kept) > 1  # of which one is for the error of a program that cannot be executed
            or options != [True, False, -1, None, None, None, -1]
            or (os.getpid(), os.geteuid()) != self._owner
            or _at_start(variables) != self._at_start
            or not (preexec is None or preexec.__name__ == "_end_with_us")
        ):
            return None
        place = os.path.abspath(os.fsdecode(folder) if folder is not None else os.getcwd())
        streams = [own if given == -1 else given for own, given in enumerate((stdin, stdout, stderr))]
        document = {
            "parent": os.getpid(),
            "arguments": list(map(os.fsdecode, args)),
            "words": words,
            "environment": variables,
            "folder": place,
        }
        request = json.dumps({**document, "umask": _umask(), "ends_with_us": preexec is not None}).encode()
        if len(request) > _LARGEST or not os.access(place, os.X_OK) or any(map(_is_closed, streams)):
            return None
        return request, streams

    def _fork(self, request: bytes, streams: list[int]) -> int:
        with self._lock:
            self._connection = self._connection or self._start()
            _prctl(_PR_SET_CHILD_SUBREAPER, 1)
            try:
                socket.send_fds(self._connection, [request], streams)
                pid = int(self._connection.recv(16))
            finally:
                _prctl(_PR_SET_CHILD_SUBREAPER, 0)
            self.forked += 1
        return pid


def _dagogy_words(args: Sequence[Any]) -> list[str] | None:
    """The words of a `dagogy` command that this interpreter is to run; None for another program."""
    words = list(map(os.fsdecode, args))
    for start in ([sys.executable, "-m", "dagogy"], [sys.executable, "-P", "-m", "dagogy"]):
        if words[: len(start)] == start:
            return words[len(start) :]
    return None


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def fresh_interpreters() -> Iterator[None]:
    """Inside, every process is executed."""
    installed = subprocess._fork_exec  # type: ignore[attr-defined]
    subprocess._fork_exec = _fork_exec  # type: ignore[attr-defined]
    try:
        yield
    finally:
        subprocess._fork_exec = installed  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------- the server


def _import_all() -> None:
    """What a command may import, as far as it is there before any command begins."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # as the command does
    names = [m.name for m in pkgutil.iter_modules() if m.name == "dagogy" or m.name.startswith("dagogy_")]
    for name in names:
        module = importlib.import_module(name)
        for inner in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
            if not inner.name.startswith(
                ("dagogy.testing", "dagogy.pytest_plugin")
            ) and not inner.name.endswith("__main__"):
                importlib.import_module(inner.name)


def _warm_up() -> None:
    """Compiles a small document, so that the models, the patterns and the parsers that are made when first
    used are made once.
    """
    from dagogy.cli.group import run

    for name in [
        n
        for n in os.environ
        if n.startswith(("DAGOGY_", "AGENT_", "ORCHESTRATION_", "OPENAI_", "CODING_AGENT_"))
    ]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), open(os.devnull, "w") as nothing:
        os.environ["XDG_STATE_HOME"] = folder
        Path("tea.md").write_text("# Tea\n\n## Water\n\nWater is wet.\n\n## Leaves\n\nLeaves need water.\n")
        with contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
            for command in (["init", "tea"], ["run", "tea", "--scope-file", "tea.md"], ["status", "tea"]):
                run(command)
    assert threading.active_count() == 1


def _serve(connection: socket.socket) -> dict[str, Any] | None:
    """Forks for each request. Returns the request in the process that was forked, and None
    where nobody asks any more.
    """
    while True:
        text, streams, _, _ = socket.recv_fds(connection, _LARGEST, 3)
        if not text:
            return None
        between = os.fork()
        if between:
            os.waitpid(between, 0)
            for number in streams:
                os.close(number)
            continue
        if os.fork():
            os._exit(0)
        request: dict[str, Any] = json.loads(text)
        while os.getppid() != request["parent"]:  # until the one between has ended
            time.sleep(0)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        return request


def _become(request: Mapping[str, Any], connection: socket.socket) -> None:
    """Makes this process what an executed one would be."""
    if request["ends_with_us"]:
        _prctl(_PR_SET_PDEATHSIG, 15)
    os.environ.clear()
    os.environ.update(request["environment"])
    _show_environment()
    os.umask(request["umask"])
    os.chdir(request["folder"])
    connection.send(str(os.getpid()).encode())
    connection.close()
    os.closerange(3, 1 << 16)
    found = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    first = ([] if "-P" in request["arguments"][:2] else [os.getcwd()]) + found
    if any(_shadows(Path(folder)) for folder in first):
        os.execv(sys.executable, request["arguments"])
    sys.path[:0] = first
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.argv[:] = [
        str(Path(sys.modules["dagogy"].__file__ or "").with_name("__main__.py")),
        *request["words"],
    ]
    sys.orig_argv[:] = request["arguments"]
    importlib.invalidate_caches()
    tempfile.tempdir = None  # TMPDIR is another one now
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, f"__{name}__")
        mode = "r" if number == 0 else "w"
        new = open(number, mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        # as PYTHONUNBUFFERED has it, which is the server's
        by_line = not old.write_through and (number == 2 or os.isatty(number))
        new.reconfigure(line_buffering=by_line, write_through=old.write_through)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    if _STARTERS & set(request["words"]):
        _start_forked()


def _show_environment() -> None:
    """Puts the environment where the system, and who looks for processes by what is in it, reads it: over the
    one of the server.
    """
    start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[47:49])
    shown = b"".join(name + b"=" + value + b"\0" for name, value in os.environb.items())
    ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)


def _shadows(folder: Path) -> bool:
    """Whether a module of this folder would have been imported instead of one that is imported already."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return False
    modules = [
        e.name
        for e in entries
        if e.name.endswith((".py", ".pyc", ".so")) or os.path.exists(f"{e.path}/__init__.py")
    ]
    return any(
        (name := module.partition(".")[0]) in sys.modules or name in ("sitecustomize", "usercustomize")
        for module in modules
    )


def _start_forked() -> None:
    """A server for the commands that this process is going to start: itself as it is now, before it began."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent = os.getpid()
    if os.fork():
        its.close()
        ForkServer(os.environ, ours).install()
        return
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    os.environ.clear()
    _show_environment()  # it is none of the processes that somebody started
    ours.close()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    main(its)


def main(connection: socket.socket) -> NoReturn:
    """Serves; in the process that was forked, runs the command."""
    request = _serve(connection)
    if request is None:
        os._exit(0)
    _become(request, connection)
    from dagogy.cli.main import main as command

    status = 1
    try:
        command()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    # An interpreter leaves this way, but for taking its modules apart, which would copy all the
    # memory that is shared here.
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = 120
    os._exit(status)


if __name__ == "__main__":
    _import_all()
    _warm_up()
    gc.collect()
    gc.freeze()
    its_end = socket.socket(fileno=int(sys.argv[1]))
    its_end.send(b"ready")
    main(its_end)
