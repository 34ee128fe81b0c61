"""What came of a run against a test double, measured: one row of the table that
`make bench-providers` prints.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from dagogy.workspace.stages import FAILURES
from support import EXIT_STATUS, ROOT, CommandRunner

from servers.doubles import none_left

SCOPE = ROOT / "examples/intro-statistics.md"
#: Where the rows are written; `scripts/outcome_table.py` reads them.
TABLE = ROOT / ".cache/provider-outcomes"
#: A key that is looked for afterwards, whole and in parts, in whatever was written and printed.
SECRET = "sk-proj-S33DED0SECRET1N2THE3RUN4Q5W6E7"
_PARTS = (SECRET[:16], SECRET[8:24], SECRET[-16:])


@dataclass(frozen=True)
class Measured:
    """One row. `outcome` is the error code, or `accepted`; `cause` what the provider knew;
    `incident` what `diagnose` says.
    """

    row: str
    provider: str
    outcome: str
    cause: str
    incident: str
    requests: int
    seconds: float
    processes: tuple[str, ...]
    secret_bytes: int
    message: str
    details: dict[str, Any]


def measure(
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    row: str,
    provider: str,
    count: Callable[[], int],
    *options: str,
    scope: Path = SCOPE,
    **environment: str,
) -> Measured:
    """Runs `dagogy run` with `provider` on a real scope; `count` says how many questions the double received.
    `options` go to `run`.
    """
    mark = {"DAGOGY_TEST_MARK": uuid.uuid4().hex}
    for name, value in {**environment, **mark}.items():
        monkeypatch.setenv(name, value)
    runner.init("course")
    started = time.monotonic()
    ran = runner("run", "course", "--scope-file", str(scope), "--provider", provider, *options)
    seconds = time.monotonic() - started
    left = none_left(mark)
    run = next(runner.runs.glob("*course"))
    records = sorted((run / FAILURES).glob("*.json"))
    record = json.loads(records[-1].read_text()) if records else {}
    incident = runner("diagnose", "course", "--json").json["incident"] if record else ""
    assert (ran.status == 0) == (not record), ran.err
    assert ran.status == EXIT_STATUS.get(ran.code, 0), ran.err
    written = (
        b"".join(path.read_bytes() for path in sorted(runner.folder.rglob("*")) if path.is_file())
        + (ran.out + ran.err).encode()
    )
    done = Measured(
        row=row,
        provider=provider,
        outcome=ran.code or "accepted",
        cause=record.get("details", {}).get("cause", ""),
        incident=incident,
        requests=count(),
        seconds=round(seconds, 2),
        processes=tuple(left),
        secret_bytes=sum(written.count(part.encode()) * len(part) for part in _PARTS),
        message=ran.err.partition("\n")[0],
        details=record.get("details", {}),
    )
    TABLE.mkdir(parents=True, exist_ok=True)
    (TABLE / f"{provider}-{row}.json").write_text(json.dumps(asdict(done), indent=2))
    return done
