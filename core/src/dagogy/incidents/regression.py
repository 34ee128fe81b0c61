"""A code defect leaves a test behind: the failed command with what it worked on, as a fixture, and a test that fails until the defect is mended.

The fixture holds no secret: what is not free of them, or is too large, stays out and is named.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dagogy.api.display import one_line
from dagogy.api.errors import DagogyError, InternalError, InvalidArgument, PluginError
from dagogy.api.secrets import redacted, remains
from dagogy.host.manager import Host
from dagogy.incidents.diagnose import UNKNOWN, Verdict
from dagogy.incidents.history import Happened
from dagogy.incidents.recover import on_run
from dagogy.workspace.files import export_atomic, read_regular, to_json, walk
from dagogy.workspace.runs import Run
from dagogy.workspace.settings import Settings
from dagogy.workspace.stages import VALID

#: Codes that say that code is at fault, and not what it was given.
_DEFECTS = (InternalError.code, PluginError.code)
_LARGEST_FILE, _LARGEST_FIXTURE = 256 * 1024, 1024 * 1024
_TEST = '''"""The regression test of {incident} on {at}: {error}

Written by `dagogy postmortem --regression-test`. It fails as long as the defect is there.
"""

from pathlib import Path

from dagogy.testing import replay


def test_{name}(tmp_path: Path) -> None:
    done = replay(Path(__file__).parent / "data/{fixture}", tmp_path)
    assert not done.defect, done.text
'''


def suspected(host: Host, document: Mapping[str, Any], verdict: Verdict) -> str:
    """Why the failure of a record looks like a defect in code of dagogy or of a plugin; an empty string when it does not."""
    code = str(document.get("code") or "")
    if code in _DEFECTS:
        return f"the code is {code}"
    details = document.get("details")
    if isinstance(details, dict) and details.get("rules_failed"):
        return "a rule could not run"
    chain = document.get("exception_chain")
    leaf = chain[-1] if isinstance(chain, list) and len(chain) > 1 and isinstance(chain[-1], dict) else {}
    place = str(leaf.get("raised_at") or "")
    own = {"dagogy", *(entry.module.split(".")[0] for entry in (p.entry for p in host.all()))}
    if verdict.incident_id == UNKNOWN and place.split(".", maxsplit=1)[0].split(":", maxsplit=1)[0] in own and "errno" not in leaf:
        return f"{leaf.get('type')} was raised at {place}, and no classifier knows it"
    return ""


def write_regression_test(run: Run, failure: Happened, settings: Settings, secrets: Mapping[str, str], folder: Path) -> tuple[Path, Path]:
    """Writes `folder/data/incident-….json` and `folder/test_incident_….py`; returns their paths. Raises `StorageError`."""
    stamp = re.sub(r"[^0-9T]", "", failure.at_utc.split(".")[0]) or "undated"
    name = f"incident_{stamp}_{failure.code}"
    fixture = folder / "data" / f"{name.replace('_', '-', 2)}.json"
    test = folder / f"test_{name}.py"
    export_atomic(fixture, to_json(_fixture(run, failure, settings, secrets)))
    error = redacted(f"[{failure.code}] {failure.message}", secrets)
    text = _TEST.format(incident=failure.verdict.incident_id, at=failure.at_utc, error=_prose(error), name=name, fixture=fixture.name)
    export_atomic(test, text.encode(errors="backslashreplace"))
    return fixture, test


def _prose(text: str) -> str:
    """Text that a docstring can hold."""
    return one_line(text)[:300].replace("\\", "/").replace('"', "'")


def _fixture(run: Run, failure: Happened, settings: Settings, secrets: Mapping[str, str]) -> dict[str, Any]:
    chest = _Chest(secrets)
    of_run = chest.take(_of_run(run))
    configuration = chest.take([(settings.path.name, settings.path)] if settings.path else [])
    command = [str(word) for word in failure.document.get("command") or []][1:]
    words = [word.partition("=")[2] if word.startswith("-") else word for word in command]
    named = chest.take((word, settings.folder / word) for word in words if word and (settings.folder / word).is_file())
    return {
        "schema_version": 1,
        "run_id": run.id,
        "command": list(on_run(command, run.id, run.id)),
        "failure": redacted(dict(failure.document), secrets),
        "run_files": of_run,
        "configuration": configuration,
        "command_files": named,
        "changed_since": _changed(failure.document, of_run),
        "left_out": chest.left_out,
    }


class _Chest:
    """Takes files into a fixture, as text where they are text; `left_out` says why another one is not in it."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.left_out: list[dict[str, str]] = []
        self._secrets = secrets
        self._size = 0

    def take(self, files: Iterable[tuple[str, Path]]) -> dict[str, dict[str, str]]:
        """What is taken, by name."""
        taken: dict[str, dict[str, str]] = {}
        for name, path in files:
            try:
                size = path.stat().st_size
                data = read_regular(path) if size <= _LARGEST_FILE else b""
            except (OSError, DagogyError) as error:
                self._leave(name, f"it cannot be read: {error}")
                continue
            if size > _LARGEST_FILE or self._size + size > _LARGEST_FIXTURE:
                self._leave(name, f"its {size} bytes are too many")
            elif remains(f"{name}\n{data.decode('utf-8', 'replace')}", self._secrets):
                self._leave(name, "a secret is in it")
            else:
                self._size += size
                taken[name] = _as_json(data)
        return taken

    def _leave(self, name: str, reason: str) -> None:
        self.left_out.append({"path": str(redacted(name, self._secrets)), "reason": str(redacted(reason, self._secrets))})


def _as_json(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _of_run(run: Run) -> Iterator[tuple[str, Path]]:
    """The run's files but for its logs; the mark of a passed validation stands among those."""
    for entry in walk(run.path):
        path = Path(entry.path)
        name = path.relative_to(run.path).as_posix()
        if entry.is_file(follow_symlinks=False) and not entry.name.startswith(".") and (name == VALID or not name.startswith("logs/")):
            yield name, path


def _changed(document: Mapping[str, Any], files: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The artifacts that are no longer what they were when the command failed: the test may then not fail as it did."""
    was = {a.get("path"): a.get("sha256") for a in document.get("artifacts") or [] if isinstance(a, dict) and a.get("sha256")}
    return [name for name, file in files.items() if name in was and hashlib.sha256(content_of(file)).hexdigest() != was[name]]


def content_of(file: Mapping[str, str]) -> bytes:
    """The bytes of a file in a fixture."""
    return file["text"].encode(errors="backslashreplace") if "text" in file else base64.b64decode(file["base64"])


def read_fixture(path: Path) -> dict[str, Any]:
    """A fixture, checked as far as a replay needs it. Raises `InvalidArgument`."""
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict) or document.get("schema_version") != 1 or not isinstance(document.get("command"), list):
        raise InvalidArgument(f"{path} is no fixture of an incident", hint="'dagogy postmortem RUN --regression-test' writes one")
    return document
