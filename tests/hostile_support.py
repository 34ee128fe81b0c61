"""A finished run of which every artifact is there, and the ways in which a stranger may have changed one."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from dagogy.api.errors import ProviderError
from dagogy.incidents.record import FailureContext, failure_document, write_failure
from dagogy.workspace.circuits import CIRCUITS, Breakers, Circuit
from dagogy.workspace.runs import Run
from support import CommandRunner

SCOPE = """# Tea

## Water
Water carries the taste. Soft water has few minerals, and it keeps the taste clear.

## Leaves
Leaves give water their colour. Green leaves are not oxidised, black leaves are.

## Brewing
Brewing needs water and leaves. Hot water draws the taste out of the leaves in minutes.
"""


class Raw(NamedTuple):
    """JSON text that stands in the place of a value."""

    text: str


_DEEP = Raw("[" * 3_000 + "]" * 3_000)
#: What a value is replaced by, by name.
VALUES: Mapping[str, Any] = {
    "list": [],
    "list of lists": [[1], {"a": []}, None],
    "object": {},
    "object of objects": {"a": {"b": [None]}},
    "null": None,
    "true": True,
    "number": 7,
    "negative": -1,
    "float": 1e308,
    "NaN": Raw("NaN"),
    "infinity": Raw("-Infinity"),
    "10^400": Raw("1" + "0" * 400),
    "10^5000": Raw("1" + "0" * 5_000),
    "empty": "",
    "text": "x\x1b[31m\u202e\n::error::y",
    "half a character": Raw('"\\ud800"'),
    "NUL": "a\x00b",
    "path": "../../../etc/passwd",
    "deep": _DEEP,
}
#: What a whole file is replaced by, made of its bytes.
FILES: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "blank": lambda data: b" \n",
    "invalid UTF-8": lambda data: data.replace(b'"', b'"\xff\xfe', 1),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "cut off": lambda data: data[: len(data) // 2],
    "two documents": lambda data: data + data,
    "duplicate keys": lambda data: data.replace(
        b"{", b'{"event": [], "schema_version": [], "code": 1, "nodes": 3, ', 1
    ),
    "deep": lambda data: _DEEP.text.encode(),
    "unclosed": lambda data: b'{"a":' * 100_000,
    "null": lambda data: b"null",
    "number": lambda data: b"7",
    "10^5000": lambda data: b"1" + b"0" * 5_000,
    "list": lambda data: b"[[]]",
    "text": lambda data: b'"x"',
    "NUL": lambda data: b"\0" * 100,
}

READERS: Sequence[Sequence[str]] = (
    ("status", "latest"),
    ("next", "latest"),
    ("list",),
    ("diff", "latest"),
    ("why", "latest", "Brewing"),
    ("export", "latest", "--format", "mermaid"),
    ("diagnose", "latest", "--no-probe"),
    ("recover", "latest", "--dry-run", "--no-probe"),
    ("postmortem", "latest"),
    ("escalate", "latest"),
    ("incidents", "list"),
)
WRITERS: Sequence[Sequence[str]] = (("validate", "latest"), ("plan", "latest"), ("iterate", "latest"))
#: Commands that look at an artifact beyond its hash, for those that few look at.
_FEW = {
    "outputs/plan/plan.json": ("status", "export", "iterate", "postmortem"),
    "outputs/reviews/diff_report.json": ("status", "diff", "iterate"),
    "outputs/reviews/validation_report.json": ("status", "validate", "escalate"),
    "outputs/reviews/optimization_trace.json": ("status", "why", "escalate"),
    "outputs/curriculum/evidence.json": ("why", "validate"),
    "outputs/curriculum/previous_curriculum.json": ("diff", "iterate"),
    "scope_concepts.json": ("status", "why", "validate"),
    "scope_dag.json": ("status", "why", "validate"),
    "logs/events.jsonl": ("status", "diagnose", "recover", "postmortem", "escalate", "incidents"),
    "logs/failures": ("status", "diagnose", "recover", "postmortem", "escalate", "incidents"),
    CIRCUITS: ("incidents",),
}


def finished(runner: CommandRunner) -> Path:
    """The folder of a run that was compiled twice, failed, and was recovered."""
    run = Run(runner.init())
    (runner.folder / "tea.md").write_text(SCOPE)
    runner.ok("run", "latest", "--scope-file", "tea.md")
    (runner.folder / "tea.md").write_text(SCOPE + "\n## Cups\nCups hold the brewing.\n")
    runner.ok("run", "latest", "--scope-file", "tea.md")
    error = ProviderError(
        "429: quota",
        hint="wait",
        details={"cause": "quota", "retry_after_seconds": 30, "stderr": "exceeded your current quota"},
    )
    facts = {
        "provider": "remote_llm",
        "endpoint": "https://127.0.0.1/v1",
        "model": "m",
        "folder": str(runner.folder),
    }
    document = failure_document(
        error, ["dagogy", "run", run.id], os.environ, FailureContext(run.path, "iterated", **facts)
    )
    record = write_failure(run.path / "logs/failures", document)
    assert record is not None
    run.event(
        "command_failed",
        command=f"dagogy run {run.id}",
        pid=1,
        code="provider_error",
        message="429",
        incident="quota",
        record=record.name,
    )
    looks = [{"probe": "p", "subject": "s", "state": "ok", "message": "m", "confirms": [], "refutes": []}]
    run.event("probed", record=record.name, incident="quota", outcome="diagnosed", probes=looks)
    run.event(
        "provider_asked",
        provider="p",
        endpoint="e",
        model="m",
        outcome="failed",
        cause="quota",
        usage={"calls": 1, "seconds": 1.5},
    )
    run.event("recovery_started", incident="quota", failure=str(record), command=["run", run.id])
    run.event(
        "recovery_action",
        action="a",
        safety="safe",
        outcome="changed",
        message="m",
        environment={"A": "b"},
        ran=[{"command": ["x"]}],
        records=["x"],
    )
    run.event(
        "recovery_retried",
        action="a",
        command=["run", run.id],
        environment={"A": "b"},
        exit_status=8,
        told="t",
    )
    run.event(
        "recovery_stopped",
        reason="r",
        exit_status=8,
        incident="quota",
        incidents={"quota": "a"},
        actions=["a"],
        command=["run", run.id],
    )
    run.event(
        "recovered",
        by="a",
        run_id=run.id,
        incident="other",
        incidents={"other": "a"},
        actions=["a"],
        command=["plan", run.id],
    )
    run.event(
        "command_started",
        command="dagogy plan latest",
        pid=2**22 + 1,
        stage="planned",
        words=["plan", "latest"],
        folder=str(runner.folder),
    )
    Breakers(runner.runs).open(Circuit("remote_llm", "https://127.0.0.1/v1", "m"), "quota", 60.0, stated=True)
    return run.path


def artifacts(run: Path) -> list[Path]:
    """What a stranger may have changed."""
    found = [
        p
        for p in sorted(run.rglob("*"))
        if p.is_file() and p.suffix in (".json", ".jsonl", ".ok", ".md", ".txt")
    ]
    return [*found, run / ".lock", run.parent / CIRCUITS]


class Change(NamedTuple):
    """An artifact, what is changed in it, and what makes its bytes then."""

    path: Path
    label: str
    data: Callable[[], bytes]

    def commands(self, run: Path) -> list[Sequence[str]]:
        name = self.path.name if self.path.parent == run.parent else self.path.relative_to(run).as_posix()
        few = next((few for start, few in _FEW.items() if name.startswith(start)), None)
        return [c for c in (*READERS, *WRITERS) if few is None or c[0] in few]


def changes(path: Path) -> Iterator[Change]:
    """All changes of one artifact: as a whole, and for each key (of lists the last item) each of `VALUES`."""
    data = path.read_bytes()
    for label, change in FILES.items():
        yield Change(path, f"file: {label}", partial(change, data))
    if path.suffix == ".json":
        for label, make in _mutated(json.loads(data)):
            yield Change(path, label, make)
    elif path.suffix == ".jsonl":
        lines = data.splitlines()
        kinds: dict[str, int] = {}
        for number, line in enumerate(lines):
            kinds.setdefault(json.loads(line)["event"], number)
        for kind, number in kinds.items():
            for label, make in _mutated(json.loads(lines[number])):
                yield Change(path, f"{kind}: {label}", partial(_with_line, lines, number, make))


def _with_line(lines: list[bytes], number: int, make: Callable[[], bytes]) -> bytes:
    return b"\n".join([*lines[:number], make(), *lines[number + 1 :]]) + b"\n"


_MARK = "\ue000here\ue000"


def _mutated(document: Any) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for where in _places(document, ()):
        for name, value in VALUES.items():
            yield f"{'/'.join(map(str, where))} = {name}", partial(_with_value, document, where, value)
        yield f"{'/'.join(map(str, where))} missing", partial(_without, document, where)


def _with_value(document: Any, where: tuple[Any, ...], value: Any) -> bytes:
    text = value.text if isinstance(value, Raw) else json.dumps(value)
    return json.dumps(_replaced(document, where, _MARK)).replace(json.dumps(_MARK), text).encode()


def _without(document: Any, where: tuple[Any, ...]) -> bytes:
    return json.dumps(_replaced(document, where, None, remove=True)).encode()


def _places(value: Any, where: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if where:
        yield where
    if isinstance(value, dict):
        # A table with many entries of one kind is a list with names.
        for key in list(value)[: 8 if len(where) > 1 else 40]:
            yield from _places(value[key], (*where, key))
    elif isinstance(value, list) and value:
        yield from _places(value[-1], (*where, len(value) - 1))


def _replaced(document: Any, where: tuple[Any, ...], value: Any, *, remove: bool = False) -> Any:
    copy = json.loads(json.dumps(document))
    holder = copy
    for key in where[:-1]:
        holder = holder[key]
    if remove:
        del holder[where[-1]]
    else:
        holder[where[-1]] = value
    return copy


def tried(runner: CommandRunner, run: Path, saved: Path, change: Change, most: int = 100) -> list[str]:
    """Runs the commands that read the artifact, `most` of them; returns what went wrong."""
    wrong = []
    commands = change.commands(run)
    for command in random.Random(change.label).sample(commands, min(most, len(commands))):
        shutil.rmtree(runner.runs)
        shutil.copytree(saved, runner.runs)
        change.path.write_bytes(change.data())
        try:
            done = runner(
                *command, *(("--json",) if len(change.label) % 2 and command[0] != "export" else ())
            )
        except BaseException as error:
            wrong.append(
                f"{change.path.name}: {change.label}: {command[0]}: {type(error).__name__}: {error}"[:600]
            )
            continue
        if done.status in (10, 11):
            wrong.append(f"{change.path.name}: {change.label}: {command[0]}: {done.err[:400]}")
    return wrong
