"""Replays an incident: the failed command once more, on a copy of what it worked on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dagogy.host.manager import Host, Selection
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.intake import from_record
from dagogy.incidents.record import FAILURES_WITHOUT_RUN
from dagogy.incidents.regression import content_of, read_fixture, suspected
from dagogy.workspace.stages import FAILURES


@dataclass(frozen=True, slots=True)
class Replay:
    """How the command ended this time. `defect`: why it still looks like the defect that was recorded; empty when it does not."""

    exit_status: int
    text: str
    defect: str


def replay(fixture: Path, folder: Path, timeout_seconds: float = 300.0) -> Replay:
    """Runs the command of a fixture (`dagogy postmortem RUN --regression-test` writes one) in the empty `folder`, with the plugins installed here.

    No setting of the environment reaches it but the provider that failed. Raises `subprocess.TimeoutExpired` when it does not end in time.
    """
    document = read_fixture(fixture)
    runs = folder / "runs"
    run = runs / str(document["run_id"])
    _unpack(run, document["run_files"])
    _unpack(folder, document["configuration"])
    command = list(map(str, document["command"]))
    for number, (word, file) in enumerate(document["command_files"].items()):
        place = f"files/{number}/{Path(word).name}"
        _unpack(folder, {place: file})
        command = [place if w == word else f"{w.partition('=')[0]}={place}" if w.startswith("-") and w.endswith(f"={word}") else w for w in command]
    known = document["failure"].get("environment") or {}
    environment = {name: value for name, value in os.environ.items() if name not in known} | {"ORCHESTRATION_BASE_DIR": str(runs)}
    if document["failure"].get("provider"):
        environment["AGENT_PROVIDER"] = str(document["failure"]["provider"])
    done = subprocess.run(
        [sys.executable, "-m", "dagogy", *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout_seconds, check=False
    )
    return Replay(done.returncode, done.stdout + done.stderr, _defect(runs, run, str(document["failure"]["code"])) if done.returncode else "")


def _unpack(folder: Path, files: Mapping[str, Mapping[str, str]]) -> None:
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(file))


def _defect(runs: Path, run: Path, code: str) -> str:
    """A defect with another code is another one, for a test of its own."""
    records = sorted([*(run / FAILURES).glob("*.json"), *(runs / FAILURES_WITHOUT_RUN).glob("*.json")], key=lambda path: path.name)
    if not records:
        return "it ended without a failure record"
    record = json.loads(records[-1].read_bytes())
    if record.get("code") != code:
        return ""
    host = Host(Selection.from_environment(os.environ))
    return suspected(host, record, diagnose(host, from_record(record)))
