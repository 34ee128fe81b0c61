"""Replays an incident: the failed command once more, on a copy of what it worked on."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagogy.api.display import one_line
from dagogy.api.errors import InvalidArgument
from dagogy.api.plugins import ProviderInfo
from dagogy.api.secrets import is_secret, secrets_of
from dagogy.cli.replays import replayable, takes_provider
from dagogy.host.manager import Host
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.parsing import from_record
from dagogy.incidents.record import FAILURES_WITHOUT_RUN
from dagogy.incidents.regression import content_of, read_fixture, suspected
from dagogy.workspace.known_settings import CORE_SETTINGS
from dagogy.workspace.stages import FAILURES


@dataclass(frozen=True, slots=True)
class Replay:
    """How the command ended this time. `defect`: why it still looks like the defect that was recorded; empty
    when it does not.
    """

    exit_status: int
    text: str
    defect: str


def replay(fixture: Path, folder: Path, timeout_seconds: float = 300.0, *, provider: str = "") -> Replay:
    """Runs the command of a fixture (`dagogy postmortem RUN --regression-test` writes one) in the empty
    `folder`, with the plugins installed here.

    A fixture may be a stranger's: only commands that go on with its own run are carried out, on its own
    files. No setting, no variable that a provider reads and no secret of the environment reaches the command,
    and nothing that this user trusts counts. The provider that failed is asked again only where it needs no
    network and starts no program; `provider` names another one (with the settings that it has then: none).

    Raises `InvalidArgument` for a fixture that is none or may do more than that, and
    `subprocess.TimeoutExpired` when it does not end in time.
    """
    document = read_fixture(fixture)
    runs = folder / "runs"
    run_id, command = document["run_id"], list(document["command"])
    command, files = _with_own_files(command, document["command_files"])
    _check(fixture, command, run_id, files)
    host = Host()
    infos = [p.info for p in host.load("provider") if isinstance(p.info, ProviderInfo)]
    wanted = provider or _provider_of(fixture, document, command, infos)
    environment = _environment(infos) | {
        "ORCHESTRATION_BASE_DIR": str(runs),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    if wanted:
        environment["AGENT_PROVIDER"] = wanted
    _unpack(runs / run_id, document["run_files"])
    _unpack(folder, document["configuration"])
    _unpack(folder, files)
    done = subprocess.run(
        # -P: what lies in the folder is none of our modules
        [sys.executable, "-P", "-m", "dagogy", *command],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_seconds,
        check=False,
    )
    code = str(document["failure"].get("code") or "")
    return Replay(
        done.returncode,
        done.stdout + done.stderr,
        _defect(host, runs, runs / run_id, code) if done.returncode else "",
    )


def _with_own_files(
    command: Sequence[str], given: Mapping[str, Mapping[str, str]]
) -> tuple[list[str], dict[str, Mapping[str, str]]]:
    """The command with places in `files/` for the files that it names, and those files by place."""
    files: dict[str, Mapping[str, str]] = {}
    words = list(command)
    for number, (word, file) in enumerate(given.items()):
        name = re.sub(r"[^A-Za-z0-9._-]", "_", word.rpartition("/")[2])[-100:].lstrip(".")
        place = f"files/{number}/{name or 'file'}"
        files[place] = file
        words = [_replaced(w, word, place) for w in words]
    return words, files


def _replaced(argument: str, word: str, place: str) -> str:
    """An argument that is `word`, or an option with it as value, with `place` instead."""
    if argument == word:
        return place
    if argument.startswith("-") and argument.endswith(f"={word}"):
        return f"{argument.partition('=')[0]}={place}"
    return argument


def _provider_of(
    fixture: Path, document: Mapping[str, Any], command: Sequence[str], infos: Sequence[ProviderInfo]
) -> str:
    """The provider that failed, where it needs no network and starts no program; "" where the command asks
    none. Raises `InvalidArgument` where it would ask another one.
    """
    wanted = str(document["failure"].get("provider") or "")
    if any(info.id == wanted and _is_local(info) for info in infos):
        return wanted
    if wanted and takes_provider(command):
        raise InvalidArgument(
            f"{fixture} failed with the provider {one_line(wanted)!r}, which is not known to need no "
            "network and no program",
            hint=f"if it may be asked, pass it in the test: replay(…, provider={one_line(wanted)!r})",
        )
    return ""


def _check(fixture: Path, command: Sequence[str], run_id: str, files: Mapping[str, object]) -> None:
    """Raises `InvalidArgument` unless the command only goes on with the run, and
    reads only files of the fixture.
    """
    reason, named = replayable(command, run_id)
    missing = [name for name in named if name not in files]
    if not reason and missing:
        reason = f"it names {one_line(missing[0])!r}, a file that the fixture does not hold"
    if reason:
        line = one_line(shlex.join(["dagogy", *command]))
        raise InvalidArgument(
            f"{fixture} is not replayed: {line}: {reason}",
            hint="only commands that go on with the fixture's own run are",
        )


def _is_local(info: ProviderInfo) -> bool:
    return not info.needs_network and all(setting.kind != "command" for setting in info.settings)


def _environment(infos: Iterable[ProviderInfo]) -> dict[str, str]:
    """The environment without our settings, without what providers read, and without secrets; no module is
    looked for in the new folder.
    """
    declared = {setting.name for info in infos for setting in info.settings}
    ours = {*CORE_SETTINGS, *declared, *secrets_of(os.environ, declared), "DAGOGY_RECOVERY"}
    kept = {k: v for k, v in os.environ.items() if k not in ours and not is_secret(k, v)}
    if "PYTHONPATH" in kept:
        kept["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, kept["PYTHONPATH"].split(os.pathsep)))
    return kept


def _unpack(folder: Path, files: Mapping[str, Mapping[str, str]]) -> None:
    """Writes new files; none that is there is written over."""
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as target:
            target.write(content_of(file))


def _defect(host: Host, runs: Path, run: Path, code: str) -> str:
    """A defect with another code is another one, for a test of its own."""
    records = sorted(
        [*(run / FAILURES).glob("*.json"), *(runs / FAILURES_WITHOUT_RUN).glob("*.json")],
        key=lambda path: path.name,
    )
    if not records:
        return "it ended without a failure record"
    record = json.loads(records[-1].read_bytes())
    if record.get("code") != code:
        return ""
    return suspected(host, record, diagnose(host, from_record(record)))
