"""The entry of the `dagogy` command. It imports nothing of ours at the top, so that Ctrl-C finds
a handler as early as can be.
"""

import os
import sys

#: Our own stdout, once plugins are kept off it: a call into one that is interrupted may
#: leave another one in its place.
_own: "list[object]" = []


def main(argv: "list[str] | None" = None) -> None:
    """Runs one command and leaves with its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        _reserve_streams()
        status = 0 if arguments == ["--version"] and _print_version() else _command(arguments)
    except KeyboardInterrupt:
        status = _interrupted(arguments)
    sys.exit(status)


def _reserve_streams() -> None:
    """Puts the null device where a standard stream was closed before we started, so that no file of ours
    takes its number.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _print_version() -> bool:
    """The version without the command line behind it; False when that has to see to it
    (completion, a stdout that fails).
    """
    # Whoever closed stdout does not want to know.
    if sys.stdout is None or os.environ.get("_DAGOGY_COMPLETE"):
        return False
    from dagogy import __version__

    try:
        print(f"dagogy {__version__}", flush=True)
    except OSError:
        return False
    return True


def _keep_stdout() -> None:
    """Moves stdout to a descriptor of its own and puts stderr behind 1: what a plugin, or a program that it
    starts, writes there never reaches our answer.
    """
    stdout = sys.__stdout__
    if stdout is None or stdout is not sys.stdout or stdout.fileno() != 1:
        return
    try:
        stdout.flush()
        own = os.dup(1)
    except OSError:  # nobody reads it any more; what waits in it must not come out at stderr
        return
    lines = stdout.line_buffering
    kept = open(own, "w", 1 if lines else -1, stdout.encoding, stdout.errors, closefd=False)  # noqa: SIM115 - as long as the process
    if stdout.write_through:
        kept.reconfigure(write_through=True)
    # In this order: whoever is interrupted in between still answers on stdout.
    sys.stdout = kept
    _own[:] = [kept]
    os.dup2(2, 1)


def _command(arguments: "list[str]") -> int:
    import gc
    import signal

    _keep_stdout()
    # A command is short and keeps what it builds: the cyclic collector would only
    # walk over it again and again.
    gc.disable()
    # pydantic would look through every installed distribution for plugins of its own, and what they print is
    # no part of our answer.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # These ask for the same as Ctrl-C: to stop and to leave everything whole. The record of the
    # failure says which it was. SIGALRM comes from whoever runs us under a time limit. One that is
    # ignored stays so, as under nohup.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _terminated)
    from dagogy.cli.group import run

    status = run(arguments)
    # What is left is Python's own way out, where an interrupt would only show a traceback.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    # Nor need the collector, which Python starts once more on that way, look at all
    # that goes with the process.
    gc.freeze()
    return status


def _terminated(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number)


def _interrupted(arguments: "list[str]") -> int:
    """Stopped where no command was at work yet, or none any more."""
    message, hint = "stopped by a signal; what was written is whole", "run the same command again to go on"
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"[interrupted] {message}\nhint: {hint}\n")
        stdout = _own[0] if _own else sys.stdout
        if stdout is not None and "--json" in arguments:
            import json

            document = {"error": {"code": "interrupted", "message": message, "details": {}, "hint": hint}}
            print(json.dumps(document, indent=2), file=stdout, flush=True)  # type: ignore[arg-type]
    except OSError:
        pass
    return 130
