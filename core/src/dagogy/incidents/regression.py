"""A code defect leaves a test behind: the failed command with what it worked on, as a fixture, and a test
that fails until the defect is fixed.

The fixture holds no secret: what is not free of them, or is too large, stays out and is named.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError, InternalError, InvalidArgument, PluginError
from dagogy.api.secrets import redacted
from dagogy.api.secrets._forms import remains
from dagogy.host.manager import Host
from dagogy.incidents.commands import plain, under
from dagogy.incidents.diagnose import UNKNOWN, Verdict
from dagogy.incidents.history import Happened
from dagogy.incidents.recovery.incident import on_run
from dagogy.workspace.files import export_atomic, from_json, read_regular, to_json, walk
from dagogy.workspace.runs import Run, is_run_id
from dagogy.workspace.settings import Settings
from dagogy.workspace.shapes import texts
from dagogy.workspace.stages import VALID

#: Codes that say that code is at fault, and not what it was given.
_DEFECTS = (InternalError.code, PluginError.code)
_LARGEST_FILE, _LARGEST_FIXTURE = 256 * 1024, 1024 * 1024
_TEST = '''"""The regression test of an incident. Its facts are in data/{fixture}.

Written by `dagogy postmortem --regression-test`. It fails as long as the defect is there. The command runs without keys and with a provider that asks
nobody; `replay(…, provider="ID")` lets it ask another one.
"""

from pathlib import Path

from dagogy.testing import replay


def test_{name}(tmp_path: Path) -> None:
    done = replay(Path(__file__).parent / "data/{fixture}", tmp_path)
    assert not done.defect, done.text
'''  # noqa: E501


def suspected(host: Host, document: Mapping[str, Any], verdict: Verdict) -> str:
    """Why the failure of a record looks like a defect in code of dagogy or of a plugin; an
    empty string when it does not.
    """
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
    if (
        verdict.incident_id == UNKNOWN
        and place.split(".", maxsplit=1)[0].split(":", maxsplit=1)[0] in own
        and "errno" not in leaf
    ):
        return f"{leaf.get('type')} was raised at {place}, and no classifier knows it"
    return ""


def replayed_words(failure: Happened, run_id: str) -> tuple[str, ...]:
    """The failed command (without `dagogy`) as a test runs it again: on that run, without the options that
    name a provider or recover.
    """
    words = [str(word) for word in failure.document.get("command") or []][1:]
    return on_run(under(plain(words), {"AGENT_PROVIDER": "", "AGENT_MODEL": ""}), run_id, run_id)


def write_regression_test(
    run: Run,
    failure: Happened,
    settings: Settings,
    secrets: Mapping[str, str],
    folder: Path,
    files: Collection[str],
) -> tuple[Path, Path]:
    """Writes `folder/data/incident-….json` and `folder/test_incident_….py`; returns their paths. The caller
    has seen that the record is the user's own.

    `files`: what the command names as files to read. No text of the record gets into the Python code, and
    into names only what is left of the time and the code. Raises `InvalidArgument` where another file has
    that name, and `StorageError`.
    """
    stamp = re.sub(r"[^0-9T]", "", failure.at_utc.split(".")[0])[:15] or "undated"
    name = f"incident_{stamp}_{_identifier(failure.code)}"
    fixture = folder / "data" / f"{name.replace('_', '-', 2)}.json"
    test = folder / f"test_{name}.py"
    document = _fixture(run, failure, settings, secrets, files)
    text = _TEST.format(name=name, fixture=fixture.name).encode()
    for path in (test, fixture):
        if os.path.lexists(path) and not (
            _same_failure(path, document) if path == fixture else read_regular(path) == text
        ):
            raise InvalidArgument(
                f"{path} is there and is not this test", hint="move it away, or name another folder"
            )
    export_atomic(fixture, to_json(document))
    export_atomic(test, text)
    return fixture, test


def _identifier(text: str) -> str:
    """What is left of a text in the name of a Python function and of a file."""
    return re.sub(r"[^a-z0-9_]", "", text.lower())[:40] or "unknown"


def _same_failure(fixture: Path, document: Mapping[str, Any]) -> bool:
    try:
        before = read_fixture(fixture)
    except DagogyError:
        return False
    return all(before[key] == document[key] for key in ("run_id", "command", "failure"))


def _fixture(
    run: Run, failure: Happened, settings: Settings, secrets: Mapping[str, str], files: Collection[str]
) -> dict[str, Any]:
    chest = _Chest(secrets)
    of_run = chest.take(_of_run(run))
    configuration = chest.take([(settings.path.name, settings.path)] if settings.path else [])
    # A file counts from the folder in which the command was typed.
    named = chest.take(
        (name, Path(failure.document.get("folder") or settings.folder) / name) for name in files
    )
    return {
        "schema_version": 1,
        "run_id": run.id,
        "command": list(replayed_words(failure, run.id)),
        "failure": redacted(dict(failure.document), secrets),
        "run_files": of_run,
        "configuration": configuration,
        "command_files": named,
        "changed_since": _changed(failure.document, of_run),
        "left_out": chest.left_out,
    }


class _Chest:
    """Takes files into a fixture, as text where they are text; `left_out` says
    why another one is not in it.
    """

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
        self.left_out.append(
            {"path": str(redacted(name, self._secrets)), "reason": str(redacted(reason, self._secrets))}
        )


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
        if (
            entry.is_file(follow_symlinks=False)
            and not entry.name.startswith(".")
            and (name == VALID or not name.startswith("logs/"))
        ):
            yield name, path


def _changed(document: Mapping[str, Any], files: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The artifacts that are no longer what they were when the command failed: the test
    may then not fail as it did.
    """
    was = {
        a.get("path"): a.get("sha256")
        for a in document.get("artifacts") or []
        if isinstance(a, dict) and a.get("sha256")
    }
    return [
        name
        for name, file in files.items()
        if name in was and hashlib.sha256(content_of(file)).hexdigest() != was[name]
    ]


def content_of(file: Mapping[str, str]) -> bytes:
    """The bytes of a file in a fixture."""
    return (
        file["text"].encode(errors="backslashreplace") if "text" in file else base64.b64decode(file["base64"])
    )


def read_fixture(path: Path) -> dict[str, Any]:
    """A fixture, checked as far as a replay needs it: anybody may have written it. Raises `InvalidArgument`
    and `StorageError`.
    """
    try:
        document = from_json(read_regular(path))
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("schema_version") != 1 or not _is_sound(document):
        raise InvalidArgument(
            f"{path} is no fixture of an incident",
            hint="'dagogy postmortem RUN --regression-test' writes one",
        )
    return document


def _is_sound(document: Mapping[str, Any]) -> bool:
    """Whether a fixture has what a replay reads, and names no file outside of the
    folder that it is unpacked into.
    """
    files = [document.get(key) for key in ("run_files", "configuration", "command_files")]
    if not all(isinstance(f, dict) and all(_is_content(c) for c in f.values()) for f in files):
        return False
    return (
        isinstance(document.get("run_id"), str)
        and is_run_id(document["run_id"])
        and texts(document.get("command"))
        and isinstance(document.get("failure"), dict)
        and all(map(_stays_inside, document["run_files"]))
        and set(document["configuration"]) <= {"dagogy.toml", "pyproject.toml"}
    )


def _is_content(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and all(k in ("text", "base64") and isinstance(v, str) for k, v in value.items())
    )


def _stays_inside(name: str) -> bool:
    parts = name.split("/")
    return "\0" not in name and "\\" not in name and not any(part in ("", ".", "..") for part in parts)
