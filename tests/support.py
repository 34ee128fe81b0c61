"""What tests of plugins share: fake distributions in a folder, and the `dagogy`
command started beside them.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from dagogy.host.discovery import GROUPS
from dagogy.host.manager import Host, Selection
from dagogy.host.plugin import Plugin
from dagogy.kit.cases import complete_spec
from dagogy.testing import complete_node

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = Path(__file__).resolve().parent / "plugins"
#: Seconds after which a process counts as one that never ends: no busy machine needs so long.
HANGS = 600
#: The names that plugins use, whatever their kind: what a plugin of a test begins with where what it imports
#: is not what is tested.
API_DOORS = (
    "",
    ".dialects",
    ".documents",
    ".errors",
    ".exporters",
    ".failures",
    ".llm",
    ".probes",
    ".providers",
    ".readers",
    ".recoveries",
    ".rules",
    ".scope",
    ".text",
)
IMPORT_ALL = "; ".join(f"from dagogy.api{door} import *" for door in API_DOORS)
#: Where modules are found without any fake distribution.
_OWN_PATH = list(sys.path)


def make_plugin(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    entry_points: Mapping[str, Mapping[str, str]],
    modules: Mapping[str, str],
) -> Path:
    """A fake installed distribution in `folder`. `entry_points`: by kind (or group), id to
    module; `modules`: name to source.
    """
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n"
    )
    lines = []
    for kind, entries in entry_points.items():
        lines += [
            f"[{GROUPS.get(kind, kind)}]",
            *(f"{plugin_id} = {module}" for plugin_id, module in entries.items()),
            "",
        ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(dedent(source))
    return folder


class SitePackages:
    """A folder of fake distributions, on `sys.path` as long as the test runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def plugin(self, name: str, version: str = "1.0", **parts: Any) -> None:
        make_plugin(self.folder, name, version, **parts)

    def copy(self, name: str, version: str, plugin: str, **entry_points: Mapping[str, str]) -> None:
        """A distribution of the modules in `tests/plugins/<plugin>`."""
        self.plugin(
            name,
            version,
            entry_points=entry_points,
            modules={p.stem: p.read_text() for p in (PLUGINS / plugin).glob("*.py")},
        )

    def host(
        self,
        *,
        deny: set[str] | None = None,
        allow: set[str] | None = None,
        third_party: bool = True,
        path: list[str] | None = None,
        **reserved: set[str],
    ) -> Host:
        selection = Selection(frozenset(deny or ()), frozenset(allow) if allow else None, third_party)
        return Host(
            selection, path or [str(self.folder)], {kind: frozenset(ids) for kind, ids in reserved.items()}
        )

    def loaded(self, kind: str, **options: Any) -> dict[str, Plugin]:
        host = self.host(**options)
        host.load(kind)
        return {f"{p.id}@{p.entry.distribution}": p for p in host.all(kind)}

    def run(
        self, *arguments: str, cwd: Path | None = None, path: list[Path] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return dagogy(*arguments, cwd=cwd or self.folder.parent, path=path or [self.folder], **environment)


def clean_environment(path: list[Path] | None = None, **more: str) -> dict[str, str]:
    """The environment without any setting of ours, with `path` as PYTHONPATH."""
    ours = ("DAGOGY_", "AGENT_", "ORCHESTRATION_", "OPENAI_", "CODING_AGENT_", "COV_", "PYTHONPATH")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    extra = {"PYTHONPATH": os.pathsep.join(map(str, path))} if path else {}
    return {**kept, **extra, "PYTHONDONTWRITEBYTECODE": "1", **more}


def python(
    code: str, *arguments: str, path: list[Path] | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that runs `code`."""
    return subprocess.run(
        [sys.executable, "-c", dedent(code), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(path, **environment),
        timeout=HANGS,
        check=False,
    )


def dagogy(
    *arguments: str, cwd: Path, path: list[Path] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The `dagogy` command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "dagogy", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(path, **environment),
        timeout=HANGS,
        check=False,
    )


def curriculum_of(*nodes: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A valid curriculum; what a node leaves out is filled in."""
    return {
        "topic": "Testing",
        "nodes": [complete_node(n, i) for i, n in enumerate(nodes or ({"id": "a"},))],
        **keys,
    }


def make_run(folder: Path, curriculum: Any = None, spec: Mapping[str, Any] | None = None) -> str:
    """A run in `folder`/runs that holds a curriculum and a topic spec; its id."""
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(clean_environment()):
            patch.delenv(name)
        patch.setattr(sys, "path", _OWN_PATH)
        patch.chdir(folder)
        document = CommandRunner(folder).ok("init", "course", "--json").json
    run = Path(document["path"])
    (run / "inputs/topic_spec.json").write_text(json.dumps(complete_spec(spec or {})))
    target = run / "outputs/curriculum/curriculum.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(curriculum if curriculum is not None else curriculum_of()))
    return str(document["run_id"])


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def code(self) -> str:
        """The error code in the first line of stderr; "" when it has none."""
        found = re.match(r"\[([a-z_]+)\] .", self.err)
        return found[1] if found else ""


class CommandRunner:
    """A workspace folder in which command lines run inside this process: fast, and
    with what the test patched.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"

    def __call__(self, *arguments: str) -> Outcome:
        from dagogy.cli.group import run

        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(list(arguments))
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
        assert "Traceback" not in texts[1]
        return Outcome(status, *texts)

    def ok(self, *arguments: str) -> Outcome:
        done = self(*arguments)
        assert done.status == 0, f"{arguments}: {done.status}\n{done.err}"
        return done

    def init(self, name: str = "course") -> Path:
        return Path(self.ok("init", name, "--json").json["path"])

    def stage(self, reference: str = "latest") -> str:
        return str(self.ok("status", reference, "--json").json["stage"])


def forked(function: Callable[[], int], folder: Path) -> Outcome:
    """Runs `function` in a process of its own, without the second that a fresh interpreter takes. A killing
    signal is a negative status.
    """
    out, err = folder / "forked.out", folder / "forked.err"
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            for number, path in ((1, out), (2, err)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
            sys.stdout, sys.stderr = (
                io.TextIOWrapper(io.FileIO(number, "w", closefd=False), "utf-8", write_through=True)
                for number in (1, 2)
            )
            status = function()
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)
    _, waited = os.waitpid(pid, 0)
    return Outcome(
        os.waitstatus_to_exitcode(waited), out.read_text(errors="replace"), err.read_text(errors="replace")
    )


def in_tmpfs(size: str, folder: Path, function: Callable[[Path], None]) -> None:
    """Runs `function` with a file system of `size` of its own, mounted where only a forked process sees it.
    Skips where that is not permitted.
    """

    def child() -> int:
        libc = ctypes.CDLL(None, use_errno=True)
        target = folder / "disk"
        target.mkdir()
        private, new_mounts = 0x44000, 0x20000
        if (
            libc.unshare(new_mounts)
            or libc.mount(b"none", b"/", None, private, None)
            or libc.mount(b"tmpfs", bytes(target), b"tmpfs", 0, f"size={size}".encode())
        ):
            print(os.strerror(ctypes.get_errno()))
            return 77
        function(target)
        return 0

    done = forked(child, folder)
    if done.status == 77:
        pytest.skip(f"no private mount namespace here: {done.out.strip()}")
    assert done.status == 0, done.out + done.err


def remount_read_only(target: Path) -> None:
    """Inside `in_tmpfs`: nothing can be written to the disk any more, not by root either."""
    remount_readonly = 0x21
    assert ctypes.CDLL(None).mount(b"tmpfs", bytes(target), b"tmpfs", remount_readonly, None) == 0


def some_fast(values: Iterable[Any], *fast: Any) -> list[Any]:
    """The parameters `values`, of which those in `fast` are tried in the quick tests; the others are slow."""
    of_all = list(values)
    assert set(map(str, fast)) <= set(map(str, of_all))
    return [value if value in fast else pytest.param(value, marks=pytest.mark.slow) for value in of_all]


#: Exit status of each error code (CONTRACT.md, section 2).
EXIT_STATUS = {
    "invalid_argument": 2,
    "not_found": 3,
    "validation_failed": 4,
    "stage_conflict": 5,
    "io_error": 6,
    "config_error": 7,
    "provider_error": 8,
    "locked": 9,
    "internal_error": 10,
    "plugin_error": 11,
    "interrupted": 130,
}


def failed(ran: Outcome, code: str) -> Outcome:
    """Checks what is promised of every failing command; `code` is the error code wanted."""
    assert ran.err.startswith(f"[{code}] "), f"{ran.status}: {ran.err or ran.out}"
    assert ran.status == EXIT_STATUS[code]
    assert "Traceback" not in ran.err + ran.out
    assert len(ran.err.splitlines()[0]) > len(f"[{code}] ")
    return ran


def put(path: Path, content: Any) -> None:
    """Writes bytes, text, or a document as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )


def run_with(runner: CommandRunner, curriculum: Any = None, spec: Any = None) -> Path:
    """The folder of a new run that holds a curriculum and a topic spec (bytes, text or a document each),
    valid ones by default.
    """
    run = runner.init("t")
    put(run / "inputs/topic_spec.json", VALID_SPEC if spec is None else spec)
    put(run / "outputs/curriculum/curriculum.json", valid_curriculum() if curriculum is None else curriculum)
    return run


#: A topic spec that `valid_curriculum` satisfies by every rule.
VALID_SPEC = complete_spec({"scope_in": ["Alpha", "Beta", "Gamma"]})


def valid_curriculum(**keys: Any) -> dict[str, Any]:
    """Three nodes in a chain that no rule objects to."""
    chain = (
        {"id": "alpha", "title": "Alpha"},
        {"id": "beta", "title": "Beta", "prerequisites": ["alpha"]},
        {"id": "gamma", "title": "Gamma", "prerequisites": ["beta"]},
    )
    return curriculum_of(*chain, **keys)
