"""A curriculum that is in no run, checked by the same rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import InvalidArgument, StorageError
from dagogy.contracts.documents import decode_curriculum
from dagogy.pipeline.report import report_document
from dagogy.pipeline.rule_context import RunContext
from dagogy.workspace.files import read_regular, to_json
from dagogy.workspace.stages import CURRICULUM

if TYPE_CHECKING:
    from dagogy.pipeline.results import Report
    from dagogy.pipeline.session import Session


def check_file(session: Session, file: Path, spec: Path | None) -> Report:
    """The report on the curriculum in `file`; nothing is written. `spec`: a topic spec; without one, the
    scope is what the curriculum teaches, and the evidence mode `minimal`.

    Raises `InvalidArgument` for a file that cannot be read.
    """
    from dagogy.pipeline.operations import failure_of
    from dagogy.pipeline.results import Report

    data = _read(file)
    given = _read(spec) if spec is not None else _assumed(data)
    context = RunContext(data, given, folders=_folders(file.resolve()))
    document = report_document(file.name, session.judge.judge(context))
    failure = None
    if not document["passed"]:
        failure = failure_of(session.host, document, str(file), f"correct it, then: dagogy check {file}")

    def export(format_id: str) -> str:
        raise InvalidArgument(
            f"format '{format_id}' shows the report of a run, and {file} is in none",
            hint="use --json, or put it into a run",
        )

    return Report(document, failure, export)


def _folders(file: Path) -> tuple[Path, ...]:
    """Where its `local://` addresses may lead: beside it, or, for the curriculum of a run, into the run."""
    return (file.parent, file.parents[2]) if file.as_posix().endswith(f"/{CURRICULUM}") else (file.parent,)


def _read(file: Path) -> bytes:
    try:
        return read_regular(file)
    except StorageError as error:
        raise InvalidArgument(error.message, hint="give a file that can be read") from None


def _assumed(curriculum: bytes) -> bytes:
    """A topic spec of what a curriculum teaches."""
    decoded = decode_curriculum(curriculum).value
    topic = decoded.topic if decoded else "the topic"
    spec: dict[str, Any] = {
        "spec_version": "1.0",
        "goal": f"Explain and apply the concepts of {topic}.",
        "audience": f"Learners who are new to {topic}.",
        "prerequisites": [],
        "scope_in": [node.title for node in decoded.nodes] if decoded and decoded.nodes else [topic],
        "scope_out": [],
        "constraints": {
            "hours_per_week": 5,
            "total_hours_min": 0.01,
            "total_hours_max": 1e6,
            "depth": "practical",
        },
        "domain_mode": "mature",
        "evidence_mode": "minimal",
    }
    return to_json(spec)
