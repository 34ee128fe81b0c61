"""The escalation bundle: the evidence of a failure in one `.tar.gz`, for whoever has to look further (section
5 of the runbook).

What dagogy wrote itself goes in redacted. Inputs and artifacts stay outside, told by size and hash, unless
they are asked for. Every file of the bundle is then searched once more: one that holds a secret after all
keeps the bundle from being written.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dagogy import __version__
from dagogy.api.display import printed, visible_json
from dagogy.api.errors import NotFound, StorageError
from dagogy.api.incidents import Failure
from dagogy.api.secrets import redacted
from dagogy.api.secrets._forms import remains
from dagogy.host.manager import Host
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import Verdict, diagnose
from dagogy.incidents.history import Happened, History, criteria, history
from dagogy.pipeline import markdown
from dagogy.pipeline.markdown import Markdown, code, fence, inline, prose, table
from dagogy.workspace.archive import write_archive
from dagogy.workspace.events import utc_now
from dagogy.workspace.files import PRIVATE_FILE, from_json, read_regular, to_json, walk
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import EVENTS, FAILURES, REPORT_JSON, REPORT_MD, TRACE

#: What dagogy itself wrote about the run; the rest are the user's inputs and what was made of them.
_TOLD = ("run.json", EVENTS, REPORT_MD, REPORT_JSON, TRACE)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on disk: its path, its manifest and the criteria that are met."""

    path: Path
    manifest: Mapping[str, Any]
    criteria: list[str]
    incident: str


class _Files:
    """The files of a bundle in the making, by name, and what was taken out of each."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.secrets = secrets
        self.files: dict[str, bytes] = {}
        self.redactions: dict[str, int] = {}

    def add(self, name: str, data: bytes) -> None:
        """A text, redacted. JSON is redacted value by value, so that it stays JSON."""
        text = data.decode("utf-8", "replace")
        clean = (
            _clean_lines(text, self.secrets)
            if name.endswith(".jsonl")
            else _clean_document(text, self.secrets)
            if name.endswith(".json")
            else None
        )
        clean = redacted(text, self.secrets) if clean is None else clean
        if clean != text:
            self.redactions[name] = (
                sum(
                    clean.count(f"[{mark}]") - text.count(f"[{mark}]") for mark in (*self.secrets, "redacted")
                )
                or 1
            )
        # Whoever reads it may do so on a terminal, and what is in the run may have come from anywhere.
        if name.endswith((".json", ".jsonl")):
            clean = visible_json(clean.replace("\r\n", "\n"))  # and what is no JSON after all, as any text
        self.files[name] = printed(clean).encode()

    def search(self) -> None:
        """Raises `StorageError` that names each file in which a secret is left, and never the secret."""
        found = [
            name
            for name, data in self.files.items()
            if _holds(data, self.secrets) or remains(name, self.secrets)
        ]
        if found:
            shown = redacted(", ".join(found[:5]), self.secrets) + (
                f" and {len(found) - 5} more" if len(found) > 5 else ""
            )
            raise StorageError(
                f"no bundle was written: a secret is left in {shown}",
                hint=(
                    "take it out of that file, or leave out --with-artifacts; and give the secret a new "
                    "value wherever it went"
                ),
                details={"files": [redacted(name, self.secrets) for name in found]},
            )


def _holds(data: bytes, secrets: Mapping[str, str]) -> bool:
    texts = [data.decode("utf-8", "replace")]
    if b"\0" in data:  # UTF-16, as some editors write
        texts += [data.decode("utf-16-le", "replace"), data.decode("utf-16-be", "replace")]
    return any(remains(text, secrets) for text in texts)


def _clean_document(text: str, secrets: Mapping[str, str]) -> str | None:
    try:
        document = from_json(text)
        clean = redacted(document, secrets)
        return text if clean == document else to_json(clean).decode(errors="replace")
    except ValueError:
        return None


def _clean_lines(text: str, secrets: Mapping[str, str]) -> str:
    lines = []
    for line in text.removesuffix("\n").split("\n"):
        try:
            document = from_json(line)
            clean = redacted(document, secrets)
            lines.append(line if clean == document else json.dumps(clean, ensure_ascii=False))
        except ValueError:
            lines.append(redacted(line, secrets))
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def escalate(
    host: Host,
    run: Run,
    folder: Path,
    secrets: Mapping[str, str],
    *,
    with_artifacts: bool = False,
    note: str = "",
    standing: Failure | None = None,
    unwritten: Mapping[str, Any] | None = None,
) -> Bundle:
    """Writes the bundle of `run` into `folder`, whole or not at all.

    `standing`: the failure that it is about, else the run's last; `unwritten`: the record of one that could
    not be written into the run. Raises `NotFound` when nothing failed on the run, `StorageError` when a
    secret is left in a file or the bundle cannot be written.
    """
    with run.standing():
        files, last, met = _collected(host, run, secrets, with_artifacts, note, standing, unwritten)
    manifest = {
        "schema_version": 1,
        "made_by": f"dagogy {__version__}",
        "at_utc": utc_now(),
        "run_id": run.id,
        "incident": last.verdict.incident_id,
        "criteria": redacted(met, secrets),
        "files": [{"path": name, **_about(data)} for name, data in sorted(files.files.items())],
    }
    files.files["manifest.json"] = to_json(manifest)
    files.search()
    path = write_archive(folder, f"{run.id}.escalation", _filler(f"escalation-{run.id}", files.files))
    return Bundle(path, manifest, manifest["criteria"], last.verdict.incident_id)


def _collected(
    host: Host,
    run: Run,
    secrets: Mapping[str, str],
    with_artifacts: bool,
    note: str,
    standing: Failure | None,
    unwritten: Mapping[str, Any] | None,
) -> tuple[_Files, Happened, list[str]]:
    """The files of the bundle, the failure that it is about, and the criteria that are met."""
    past, last = _escalated(host, run, standing, unwritten)
    met = criteria(host, past)
    files = _Files(secrets)
    for failure in past.failures:
        files.add(f"failures/{failure.record.name}", to_json(failure.document))
    files.add("diagnosis.json", to_json([{**f.as_dict(), **f.verdict.as_dict()} for f in past.failures]))
    artifacts = _collect_artifacts(run, files, with_artifacts)
    files.add("artifacts.json", to_json(artifacts))
    files.add(
        "report.md",
        markdown.document(_report(host, past, last, met, artifacts, note)).encode(errors="backslashreplace"),
    )
    files.files["redactions.json"] = to_json(
        {
            "variables": sorted(secrets),
            "replaced": files.redactions,
            "unreadable_records": list(past.unreadable),
        }
    )
    files.search()
    return files, last, met


def _escalated(
    host: Host, run: Run, standing: Failure | None, unwritten: Mapping[str, Any] | None
) -> tuple[History, Happened]:
    """The failures of the run, and the one that is escalated: `standing`, else the last. Raises `NotFound`
    where there is none.
    """
    past = history(host, run)
    if standing is None:
        last = past.last
    else:
        record = Path(standing.source).name
        last = next((f for f in past.failures if f.record.name == record), None)
        if last is None:
            facts = {**(unwritten or {}), **{key: value for key, value in asdict(standing).items() if value}}
            last = Happened(Path("unwritten.json"), facts, diagnose(host, standing))
            past = replace(past, failures=(*past.failures, last))
    if last is None:
        raise NotFound(
            f"run {run.id} has no failure record: there is nothing to escalate",
            hint=f"dagogy status {run.id}",
        )
    return past, last


def _collect_artifacts(run: Run, files: _Files, with_artifacts: bool) -> list[dict[str, Any]]:
    """What is known of each file of the run; those that belong into the bundle are put there."""
    artifacts = []
    for path in _regular(run.path):
        name = path.relative_to(run.path).as_posix()
        if name.startswith(f"{FAILURES}/"):
            continue
        data = read_regular(path)
        in_bundle = with_artifacts or name in _TOLD
        artifacts.append({"path": name, **_about(data), "mtime_utc": _time(path), "in_bundle": in_bundle})
        if name in _TOLD:
            files.add(f"run/{name}", data)
        elif with_artifacts:
            files.files[f"run/{name}"] = data
    return artifacts


def _filler(top: str, files: Mapping[str, bytes]) -> Callable[[tarfile.TarFile], None]:
    def fill(tar: tarfile.TarFile) -> None:
        for name, data in sorted(files.items(), key=lambda item: (item[0] != "manifest.json", item[0])):
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mtime, member.mode = len(data), int(time.time()), PRIVATE_FILE
            tar.addfile(member, io.BytesIO(data))

    return fill


def _regular(folder: Path) -> list[Path]:
    """The files below `folder`, but for locks, temporaries and what a symlink leads to."""
    return [
        Path(entry.path)
        for entry in walk(folder)
        if entry.is_file(follow_symlinks=False) and not entry.name.startswith(".")
    ]


def _about(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _time(path: Path) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime))


def _diagnosis_lines(host: Host, verdict: Verdict) -> list[str]:
    """What the classifiers said, on which evidence, and what the probes saw."""
    lines = ["## Diagnosis", "", *([prose(verdict.reason), ""] if verdict.reason else [])]
    for answer in verdict.best:
        page = incident_help.page(host, answer.plugin, answer.diagnosis.incident_id)
        found, rank = answer.diagnosis, answer.diagnosis.rank.name.lower()
        about = f"**{inline(found.incident_id)}** (classifier {inline(answer.plugin.id)}, {rank})"
        lines += [f"{about}: {prose(page.summary)}", "", *fence(found.evidence), ""]
        lines += [f"What to do: {prose(page.next_step)}", ""]
    if verdict.observations:
        lines += ["## Probes", "", "What the machine was like when the failure was looked at.", ""]
        lines += table(
            ("probe", "subject", "state", "what was seen"),
            ((k.probe, k.result.subject, k.result.state, k.result.message) for k in verdict.observations),
        )
        lines += [""]
    return lines


def _report(
    host: Host, past: History, last: Happened, met: list[str], artifacts: list[dict[str, Any]], note: str
) -> list[str]:
    """What section 5 of the runbook asks for: command, run id, provider mode and environment, the exact
    error, artifacts and their times.
    """
    lines = [f"# Escalation: {inline(past.run.id)}", "", *([inline(note), ""] if note else [])]
    lines += table(("what", "value"), _report_facts(past, last).items())
    lines += [
        "",
        "## Error",
        "",
        *fence([f"[{last.code}] {last.message}"]),
        "",
        "## Why this is escalated",
        "",
    ]
    lines += [f"- {prose(criterion)}" for criterion in met] or ["- no criterion of the runbook is met"]
    lines += ["", *_diagnosis_lines(host, last.verdict)]
    if recovery := _recovery_lines(past):
        lines += ["", *recovery] if lines[-1] else recovery
    lines += [*_setting_lines(last.document), "", "## Failures of this run", ""]
    lines += table(
        ("time", "command", "code", "incident"),
        ((f.at_utc, code(f.command), f.code, f.verdict.incident_id) for f in past.failures),
    )
    lines += [
        "",
        "## Artifacts",
        "",
        "As they are now; each failure record shows how they were when it was written.",
        "",
    ]
    lines += table(
        ("path", "size", "changed", "sha256"),
        ((a["path"], a["size"], a["mtime_utc"], a["sha256"]) for a in artifacts),
    )
    return [*lines, ""]


def _report_facts(past: History, last: Happened) -> dict[str, Any]:
    """The failure in a few words, by what they say."""
    document = last.document
    facts = {
        "Command": code(last.command),
        "Run": past.run.id,
        "Stage": document.get("stage") or "unknown",
        "Failed at": last.at_utc,
        "Provider": f"{document.get('provider') or 'unknown'}, model {document.get('model') or 'not set'}",
        "Incident": f"{last.verdict.incident_id} ({last.verdict.outcome})",
        "Exit status": document.get("exit_status"),
    }
    for key in ("endpoint", "signal", "killed_by", "http_status", "request_id"):
        if document.get(key) not in (None, ""):
            facts[key.replace("_", " ").capitalize().replace("Http", "HTTP")] = document[key]
    return facts


def _recovery_lines(past: History) -> list[str]:
    """What was done to recover; nothing where nothing was."""
    kinds = ("recovery_action", "recovery_retried", "recovery_stopped", "recovered")
    done = [e for e in past.events if e.get("event") in kinds]
    if not done:
        return []
    rows = table(("time", "what", "outcome"), ((e.get("at_utc"), *_carried_out(e)) for e in done))
    return ["## Recovery", "", *rows, ""]


def _setting_lines(document: Mapping[str, Any]) -> list[str]:
    """The versions and the environment that the record names."""
    lines: list[str] = []
    environment, versions = document.get("environment"), document.get("versions")
    if isinstance(versions, dict):
        listed = inline(", ".join(f"{name} {version}" for name, version in versions.items()))
        lines += ["## Versions", "", f"{listed}; those of the plugins are in the record", ""]
    if isinstance(environment, dict):
        lines += ["## Environment", ""]
        lines += table(("variable", "state"), ((name, _state(value)) for name, value in environment.items()))
    return lines


def _carried_out(event: Mapping[str, Any]) -> tuple[str, str | Markdown]:
    """A recovery's event in words: what was done, and what came of it."""
    settings = "".join(f"{name}={value} " for name, value in dict(event.get("environment") or {}).items())
    if event["event"] == "recovery_action":
        return (
            f"{event.get('safety')} action {event.get('action')}",
            f"{event.get('outcome')}: {event.get('message')}",
        )
    if event["event"] == "recovery_retried":
        return code(
            f"{settings}dagogy {' '.join(map(str, event.get('command') or ()))}"
        ), f"exit status {event.get('exit_status')}: {event.get('told')}"
    return "end", "resolved" if event["event"] == "recovered" else f"stopped: {event.get('reason')}"


def _state(value: Any) -> str:
    if not isinstance(value, dict) or not value.get("set"):
        return "unset"
    return f"set, {value.get('length')} characters"
