"""Mutated artifacts, mutated scope documents, mutated command lines and environments."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from torture.harness import Harness, Ran
from torture.hooks import quiet
from torture.kinds import ROOT, Case, build_failed, build_initialized, build_iterated, losses_of, the_run
from torture.mutate import document_damaged, file_damaged
from torture.oracle import Loss, ended, files_of, printed

#: Commands on a run that end soon; `{out}` is a file that the command may write.
ON_RUN: tuple[tuple[str, ...], ...] = (
    ("status", "latest"), ("next", "latest"), ("list",), ("validate", "latest"), ("validate", "latest",
    "--format", "sarif"),
    ("validate", "latest", "--format", "github"), ("validate", "latest", "--format", "junit"), ("validate",
    "latest", "--fix"),
    ("validate", "latest", "--unsafe-fixes", "--diff"), ("plan", "latest"), ("iterate", "latest"), ("diff",
    "latest"), ("why", "latest", "water"),
    ("why", "latest", "brewing", "leaves"), ("archive", "latest"), ("export", "latest", "--format",
    "mermaid"), ("diagnose", "latest", "--no-probe"),
    ("recover", "latest", "--dry-run", "--no-probe"), ("escalate", "latest"), ("escalate", "latest",
    "--with-artifacts"), ("postmortem", "latest"),
    ("incidents", "list"), ("run", "latest"), ("run", "latest", "--scope-file", "tea.md"),
    ("run", "latest", "--show-prompt"), ("doctor",),
)  # fmt: skip
#: These start a command as a process of its own, which takes a second: they come seldom.
SLOW_ON_RUN: tuple[tuple[str, ...], ...] = (
    ("recover", "latest", "--no-probe"),
    ("triage", "latest", "--no-probe"),
    ("triage", "latest", "--no-fix", "--no-probe"),
    ("run", "latest", "--self-heal", "--heal-seconds", "10"),
)
#: A document of 100 kB of anything ends within so many seconds of processor time.
SLOW_SECONDS = 5.0


def judged(ran: Ran, *, as_json: bool = False, slow: float = 0.0) -> list[Loss]:
    """What every command on hostile input is held to."""
    losses = losses_of(ended(ran, as_json=as_json), printed(ran))
    if slow and ran.cpu > slow and not ran.hung:
        losses.append(Loss("slow", f"dagogy {' '.join(ran.argv[:2])}: {ran.cpu:.1f} s of processor time"))
    return losses


def artifacts(harness: Harness, number: int, random: Random) -> Case:
    """Some files of a run are damaged, then several commands meet them."""
    workspace, build = random.choice((("iterated", build_iterated), ("failed", build_failed)))
    harness.restore(workspace, build)
    outside = harness.root / "outside.txt"
    outside.write_text("nobody may write here")
    run = the_run(harness)
    places = [*files_of(run), run / ".lock", harness.work / "dagogy.toml"]
    if random.random() < 0.1:
        places = [p for p in run.rglob("*") if p.is_dir()]
    chosen = random.sample(places, min(len(places), random.choice((1, 1, 1, 2, 3))))
    # One after the other: a folder that was replaced has no files any more.
    done = [
        f"{p.relative_to(harness.work)}: {file_damaged(p, random, outside)}"
        for p in chosen
        if p.parent.is_dir()
    ]
    case = Case(f"{workspace}; {'; '.join(done)}")
    lines = list(random.sample(ON_RUN, 4))
    if random.random() < 0.04:
        lines.append(random.choice(SLOW_ON_RUN))
    for line in lines:
        as_json = random.random() < 0.3 and "--format" not in line
        ran = harness.run(*line, *(["--json"] if as_json else []), before=quiet)
        case.losses += judged(ran, as_json=as_json)
        if ran.hung:
            break
    if outside.read_text() != "nobody may write here":
        case.lost("outside", "a file out of the run was written to through a symlink")
    return case


@cache
def _documents() -> tuple[tuple[str, str], ...]:
    folders = (ROOT / "examples", ROOT / "docs", ROOT / "tests/data/scope")
    paths = [p for f in folders for p in sorted(f.iterdir()) if p.suffix in (".md", ".txt", ".html", ".adoc")]
    return tuple((str(p.relative_to(ROOT)), p.read_text(encoding="utf-8")) for p in paths)


def scopes(harness: Harness, number: int, random: Random) -> Case:
    """A damaged document is compiled."""
    harness.restore("initialized", build_initialized)
    (name, text), (_, other) = random.choice(_documents()), random.choice(_documents())
    data = document_damaged(text, other, random)
    suffix = random.choice((Path(name).suffix, ".md", ".txt"))
    (harness.work / f"scope{suffix}").write_bytes(data)
    more = random.choice(
        (
            [],
            [],
            [],
            ["--scope-mode", "seed-list"],
            ["--scope-section", "Water"],
            ["--show-prompt"],
            ["--json"],
        )
    )
    case = Case(f"{name}, damaged to {len(data)} bytes; {' '.join(more)}")
    ran = harness.run("run", "latest", "--scope-file", f"scope{suffix}", *more, before=quiet)
    case.losses += judged(ran, as_json="--json" in more, slow=SLOW_SECONDS)
    if ran.status == 0 and random.random() < 0.3:
        case.losses += judged(harness.run(*random.choice(ON_RUN[:21]), before=quiet), slow=SLOW_SECONDS)
    return case


HOSTILE = (
    "", " ", "0", "-1", "1e999", "NaN", "inf", "-inf", "１２", "0x10", "1_000", "9" * 5000,
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\nb", "a\r::error::PLANTED",
    "\n::error::PLANTED", "\udcff\udcfe", "💥", "..", "../x", "-", "--", "--json", "%s%n%d", "${HOME}",
    "$(id)", "true", "null", "[]", "{}", "\u202egnp.exe",
    "\x9b31m", "a" * 300, "a" * 100_000, "latest", "course", "*", "?", "'", '"', "\\", "a b", "tea.md",
    "no-such", "/dev/null", "/dev/full", "/proc/self/mem",
    "runs", "course\u200b", "１", "\t", "\x7f", "graph.acyclic", "internal", "sarif", "NUL", "~", "1,2", ",",
    "0.1", "5", "ſ", "İ",
)  # fmt: skip
_PATHS = (
    "",
    " ",
    "nowhere",
    "tea.md",
    "tea.md/x",
    "runs",
    "/dev/null",
    "/dev/full",
    "/proc/self/x",
    "a\nb",
    "\udcff",
    "x" * 300,
    "loop",
    "../x",
    "\x1b[2J",
    "~",
)
#: For settings that would make a command wait, reach out or start something, values
#: that are hostile and harmless.
_SETTINGS: dict[str, tuple[str, ...]] = {
    "ORCHESTRATION_BASE_DIR": _PATHS,
    "ORCHESTRATION_ARCHIVE_DIR": _PATHS,
    "ORCHESTRATION_TEMPLATE_FILE": _PATHS,
    "CODING_AGENT_CMD": (
        "",
        "true",
        "false",
        "/no/such",
        "'",
        "sh -c",
        "\x1b[2J",
        "\udcff",
        "tea.md",
        ".",
        "x" * 200_00,
        "\n",
    ),
    "OPENAI_BASE_URL": (
        "",
        "x",
        "http://",
        "http://[",
        "http://[::1",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:1/\x1b[2J",
        "http://127.0.0.1:1/v1",
        "http://u:p@127.0.0.1:1/",
        "http://127.0.0.1:1/\udcff",
        "file:///etc/passwd",
        "HTTP://127.0.0.1:1",
        "\n",
    ),
    "AGENT_CONCURRENCY": ("1", "256", "0", "-1", "x", "", "257"),
    "AGENT_RETRY_BUDGET": ("0", "1", "-1", "x", "1e999", "", "101", "\u0661"),
    "AGENT_HEAL_SECONDS": ("1", "0.1", "x", "-1", "", "NaN"),
    "AGENT_HEAL_ATTEMPTS": ("1", "0", "x", "", "1.5"),
    "AGENT_PROVIDER": (
        "internal",
        "codex_exec",
        "remote_llm",
        "",
        "no-such",
        "\x1b[2J",
        "INTERNAL",
        "internal ",
        "\udcff",
        "a\nb",
    ),
    "AGENT_FALLBACK_PROVIDERS": ("internal", "remote_llm,internal", ",", "\x1b[2J", "no-such,internal", ""),
    "AGENT_API": ("responses", "chat", "auto", "x", "", "\x1b[2J"),
    "_DAGOGY_COMPLETE": ("bash_source", "zsh_source", "bash_complete", "zsh_complete", "fish_complete"),
}
_PLAIN = (
    "AGENT_MODEL", "AGENT_TIMEOUT_SECONDS", "AGENT_CONCURRENCY", "AGENT_MAX_ITERATIONS",
    "AGENT_MAX_ACTIONS_PER_ITERATION", "AGENT_TARGET_SCORE",
    "AGENT_MAX_CALLS", "AGENT_MAX_TOKENS", "AGENT_HEAL_CALLS", "AGENT_SCOPE_TEXT_MAX_CHARS", "DAGOGY_DISABLE",
    "DAGOGY_PLUGINS", "OPENAI_API_KEY",
    "DAGOGY_RECOVERY", "HOME", "TMPDIR", "TERM", "NO_COLOR", "COLUMNS", "LANG", "TZ", "XDG_STATE_HOME",
    "XDG_CONFIG_HOME", "COMP_WORDS", "COMP_CWORD",
)  # fmt: skip
#: What could write out of the workspace, or wait for long, is given from lists of its own.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "output": ("out.txt", "nowhere/x", "runs", "/dev/full", "\udcff", "x" * 300, "a\nb", "\x1b[2J", ""),
    "regression_test": ("tests", "tea.md", "\udcff", ""),
    "wait_seconds": ("0", "-1", "x", "1e999", "0.01", "NaN", ""),
    "heal_seconds": _SETTINGS["AGENT_HEAL_SECONDS"], "heal_attempts": ("1", "0", "x"),
    "provider": _SETTINGS["AGENT_PROVIDER"], "model": HOSTILE, "archive": ("tea.md", "runs", "no-such",
    "\udcff", "/dev/null", "/dev/full", "a\nb", "\x1b[2J"),
    "scope_file": ("tea.md", "tea.md", "no-such", "runs", "\udcff", "/dev/null", "/dev/full", "a\nb",
    "\x1b[2J", "x" * 300, ""),
}  # fmt: skip


@cache
def _commands() -> dict[tuple[str, ...], list[tuple[Any, bool]]]:
    """The parameters of each command, from the command itself, so that a new command or option
    is in as soon as it is there.
    """
    import importlib

    import click
    from dagogy.cli.app import COMMANDS

    found: dict[tuple[str, ...], list[tuple[Any, bool]]] = {}
    for name, (module, _) in COMMANDS.items():
        command = importlib.import_module(f"dagogy.cli.commands.{module}").COMMANDS[name]
        for path, one in [
            ((name,), command),
            *(((name, n), c) for n, c in getattr(command, "commands", {}).items()),
        ]:
            found[path] = [(p, isinstance(p, click.Option)) for p in one.params]
    return found


#: A server's command would wait for requests; an editor's for a person.
_WAITS = ("serve", "open", "edit", "mcp")


def _line(random: Random) -> list[str]:
    """A command line: mostly well formed, with hostile values."""
    if random.random() < 0.05:
        return [random.choice(HOSTILE) for _ in range(random.randrange(1, 5))]
    path = random.choice([p for p in _commands() if p[0] not in _WAITS])
    words = list(path)
    for parameter, option in _commands()[path]:
        words += _option(parameter, random) if option else _argument(parameter, random)
    if "--self-heal" in words:
        words += ["--heal-seconds", "5"]
    if random.random() < 0.1:
        words.insert(
            random.randrange(1, len(words) + 1),
            random.choice(
                ("--no-such", "-Z", "--no-such=\x1b[2J", "--\udcff", "-" * 300, "@file", "--json=1")
            ),
        )
    # A path of somebody else's machine is nothing for a test to write to.
    return [w for w in words if not w.startswith("/") or w.startswith(("/dev/", "/proc/"))]


def _argument(parameter: Any, random: Random) -> list[str]:
    """A value for an argument, mostly."""
    if random.random() >= 0.9:
        return []
    is_run = parameter.name in ("reference", "run")
    return ["latest" if is_run and random.random() < 0.6 else random.choice(HOSTILE)]


def _option(parameter: Any, random: Random) -> list[str]:
    """An option, now and then, with a value where it takes one."""
    if random.random() >= 0.25:
        return []
    name = random.choice(parameter.opts)
    values = _OPTIONS.get(parameter.name, HOSTILE)
    return [name] if parameter.is_flag else [name, random.choice(values)]


def lines(harness: Harness, number: int, random: Random) -> Case:
    """A hostile command line in a hostile environment."""
    harness.restore("iterated", build_iterated)
    (harness.work / "loop").symlink_to("loop")
    argv = _line(random)
    changes = _changes(argv, random)
    argv = [word for word in argv if "\0" not in word]
    case = Case(
        f"{' '.join(f'{k}={v[:80]!r}' for k, v in changes.items())} dagogy "
        f"{' '.join(repr(w[:80]) for w in argv)}"
    )
    environ = harness.environment(**changes)
    stdin = random.choice((b"", b"", b"\xff\xfe\0", b"429 Too Many Requests\n\x1b[2J", b"{" * 2000))
    before = _listing(harness)
    ran = (
        _for_real(harness, argv, environ, stdin, random)
        if random.random() < 0.03
        else harness.run(*argv, environ=environ, stdin=stdin, before=quiet)
    )
    # What completion prints is for a shell, and its status is click's.
    completing = "_DAGOGY_COMPLETE" in changes
    case.losses += (
        [loss for loss in judged(ran) if not (completing and loss.what in ("untyped", "exit 1"))]
        if "--debug" not in argv
        else losses_of(printed(ran))
    )
    if any(w in ran.summary for w in _UNMEANT) and _listing(harness) != before:
        case.lost(
            "written",
            f"a command line that cannot be understood wrote {sorted(_listing(harness) ^ before)[:3]}",
        )
    return case


def _changes(argv: list[str], random: Random) -> dict[str, str]:
    """Hostile values of a few variables, and what completion needs where they ask for it."""
    changes: dict[str, str] = {}
    for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
        name = random.choice((*_SETTINGS, *_PLAIN))
        changes[name] = random.choice(_SETTINGS.get(name, HOSTILE))
    if "_DAGOGY_COMPLETE" in changes:
        changes.setdefault("COMP_WORDS", "dagogy " + " ".join(argv))
        changes.setdefault("COMP_CWORD", "1")
    return {k: v for k, v in changes.items() if "\0" not in v}


#: How the message begins for an invalid command line; it writes nothing.
_UNMEANT = (
    "there is no command",
    "No such option",
    "No such command",
    "Missing argument",
    "Got unexpected extra argument",
    "] no run '",
)


def _listing(harness: Harness) -> set[str]:
    return {str(p.relative_to(harness.work)) for p in harness.work.rglob("*")}


def _for_real(
    harness: Harness, argv: list[str], environ: dict[str, str], stdin: bytes, random: Random
) -> Ran:
    """The command in an interpreter of its own, as a shell starts it, with what only that has: another
    encoding, closed streams.
    """
    more = random.choice(
        (
            {"LC_ALL": "C"},
            {"PYTHONIOENCODING": "ascii"},
            {"PYTHONIOENCODING": "utf-16"},
            {"LC_ALL": "no_SUCH"},
            {"PYTHONUTF8": "1"},
        )
    )
    began = time.monotonic()
    try:
        done = subprocess.run(
            [os.fsencode(w) for w in (sys.executable, "-m", "dagogy", *argv)], input=stdin,
            capture_output=True, cwd=harness.work,
            env={os.fsencode(k): os.fsencode(v) for k, v in {**environ, **more,
            "PYTHONDONTWRITEBYTECODE": "1"}.items()}, timeout=240, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Ran(tuple(argv), -9, b"", b"", 0.0, time.monotonic() - began, True)
    out, err = done.stdout, done.stderr
    if more.get("PYTHONIOENCODING") == "utf-16":
        out, err = (stream.decode("utf-16", "replace").encode() for stream in (out, err))
    return Ran(tuple(argv), done.returncode, out, err, 0.0, time.monotonic() - began, False)
