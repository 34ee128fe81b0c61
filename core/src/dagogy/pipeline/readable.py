"""What can be asked of a run, as an object."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import DagogyError, ValidationFailed
from dagogy.pipeline.workspace import BaseWorkspace
from dagogy.workspace.stages import ARTIFACTS, CURRICULUM, FAILURES, PREVIOUS, REPORT_JSON, VALID

if TYPE_CHECKING:
    from dagogy.contracts.types import Curriculum, TopicSpec
    from dagogy.pipeline.results import Diff, Fixes, Report
    from dagogy.pipeline.session import OpenRun
    from dagogy.workspace.runs import Run as RunFolder

_NO_OPTIONS: Mapping[str, Any] = {}


class ReadableRun:
    """What can be asked of a run; it takes no lock and writes no artifact."""

    def __init__(self, workspace: BaseWorkspace, reference: str, wait_seconds: float = 0.0) -> None:
        self.workspace = workspace
        self._reference, self._wait_seconds = reference, wait_seconds

    @cached_property
    def _folder(self) -> RunFolder:
        """Looked for when it is first needed: what else was given wrong is reported before that."""
        return self.workspace.session.runs.find(self._reference)

    @property
    def id(self) -> str:
        return self._folder.id

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self._folder.path

    @property
    def stage(self) -> str:
        """`initialized`, `spec_ready`, `generated`, `validated`, `planned` or `iterated`, inferred from the
        artifacts as they are now.
        """
        return str(self.facts()["stage"])

    def facts(self) -> dict[str, Any]:
        """`run_id`, `path`, `stage`, and the `next` command with its reason."""
        with self._reading() as opened:
            return opened.facts()

    def status(self) -> dict[str, Any]:
        """`facts`, and each artifact: whether it `exists`, is `current`, and if not, for which `reason`."""
        with self._reading() as opened:
            return {
                **opened.facts(),
                "created_at_utc": opened.metadata.created_at_utc,
                "validation_ok": opened.run.exists(VALID),
                "figures": _figures(opened),
                "gaps": _kept(opened, "validation", "gaps"),
                "artifacts": _artifacts(opened),
                "last_failure": _last_failure(opened),
            }

    @property
    def curriculum(self) -> Curriculum:
        """The curriculum. Raises `StageConflict` where there is none yet, `ValidationFailed` where it does
        not meet its schema.
        """
        with self._reading() as opened:
            return opened.context().curriculum

    @property
    def spec(self) -> TopicSpec:
        """The topic spec. Raises `ValidationFailed` where it does not meet its schema."""
        with self._reading() as opened:
            return opened.context(b"").spec

    @property
    def report(self) -> Report | None:
        """The report of the last validation, None where there was none; `check` makes one of today. Raises
        `ValidationFailed` for one that is no JSON.
        """
        from dagogy.pipeline.operations import kept_report

        with self._reading() as opened:
            return kept_report(opened) if opened.run.exists(REPORT_JSON) else None

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings of `report`."""
        report = self.report
        return report.findings if report is not None else []

    def fixes(self, *, unsafe: bool = False) -> Fixes:
        """What `check(fix=True)`, or with `unsafe` `check(unsafe_fixes=True)`,
        would change; writes nothing.
        """
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Fixes

        with self._reading() as opened:
            before, after, done, hidden = operations.fix(opened, unsafe=unsafe, write=False)
        return Fixes(before=before, after=after, done=done, hidden=hidden)

    def diff(self) -> Diff:
        """What changed since the previous curriculum, from the files as they are now; writes nothing. Raises
        `StageConflict` without a curriculum.
        """
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Diff

        with self._reading() as opened:
            return Diff(operations.difference(opened), first=not opened.run.exists(PREVIOUS))

    def why(self, node: str, prerequisite: str | None = None) -> dict[str, Any]:
        """On what evidence `node` has its prerequisites and its place, or why
        `prerequisite` comes before it or not.

        Both may be an id, a title, or a part of one that only one node has. Raises
        `NotFound` or `InvalidArgument` for a node that is not meant clearly. `stale`: why
        the curriculum is not current, or "".
        """
        from dagogy.pipeline.evidence import kept_evidence, kept_notes
        from dagogy.pipeline.why import Why

        with self._reading() as opened:
            asked = Why(opened.context().curriculum, kept_evidence(opened.run), kept_notes(opened.run))
            stale = opened.state.reasons.get(CURRICULUM, "")
        found = asked.find(node)
        document = asked.node(found) if prerequisite is None else asked.pair(found, asked.find(prerequisite))
        return {"run_id": self.id, **document, "stale": stale}

    def gaps(self) -> dict[str, Any]:
        """What of the curriculum needs an author: the counts, and under `gaps` each open field with its
        `node_id`, `title`, `field`, `reason`, the `question` to the author, and the `source` (`location`,
        `lines`, `quote`) of its concept, None where none is kept. Raises as `curriculum` does.
        """
        from dagogy.pipeline.evidence import kept_evidence
        from dagogy.pipeline.gaps import gap_list

        with self._reading() as opened:
            return {
                "run_id": self.id,
                **gap_list(opened.context().curriculum, kept_evidence(opened.run)),
                "stale": opened.state.reasons.get(CURRICULUM, ""),
            }

    def calls(self) -> dict[str, Any]:
        """What was asked of a provider in this run, from its log: the `calls`, oldest first, each with
        `at_utc`, `provider`, `model`, `stage`, `nodes`, `cached`, `outcome`, `cause` and what it cost
        (`requests`, `input_tokens`, `output_tokens`, `seconds`), and the sums of these under `total`.
        """
        from dagogy.pipeline.calls import call_list

        with self._reading() as opened:
            return {"run_id": self.id, **call_list(opened.run)}

    def __repr__(self) -> str:
        try:
            return f"<Run {self.id}: {self.stage}>"
        except DagogyError as error:
            return f"<Run {self.id}: {error.message}>"

    def _repr_markdown_(self) -> str:
        from dagogy.pipeline.operations import kept_report
        from dagogy.pipeline.results import overview

        with self._reading() as opened:
            try:
                curriculum = opened.context().curriculum if opened.run.exists(CURRICULUM) else None
            except ValidationFailed:
                curriculum = None
            report = kept_report(opened) if opened.state.current[REPORT_JSON] else None
            return overview(opened.facts(), curriculum, report)

    def export(
        self,
        format_id: str,
        output: str | Path | None = None,
        *,
        options: Mapping[str, str | int | float | bool] = _NO_OPTIONS,
    ) -> str | bytes:
        """The curriculum, the plan or the whole run in the format of an exporter (`mermaid`, ...): text, or
        bytes where the format is binary. With `output` it is written to that file as well.

        `options`: the exporter's own (`dagogy explain FORMAT` shows them). Raises `InvalidArgument` for an
        unknown format or option, `StageConflict` where what is to be exported is not current, `PluginError`,
        `StorageError`.
        """
        from dagogy.pipeline.exports import export_context, exported, options_of

        plugin = self.workspace.exporter(format_id)
        given = options_of(self.workspace.host, plugin, {k: str(v) for k, v in options.items()})
        with self._reading() as opened:
            context = export_context(opened, plugin, given)
        made = exported(self.workspace.host, plugin, context)
        if output is not None:
            from dagogy.workspace.files import export_atomic

            data = made if isinstance(made, bytes) else made.encode(errors="backslashreplace")
            export_atomic(Path(output).absolute(), data)
        return made

    def _reading(self) -> AbstractContextManager[OpenRun]:
        return self.workspace.reading(self._folder)


def _kept(opened: OpenRun, step: str, name: str) -> str:
    """What the last validation or plan of the curriculum that is there left behind, in words: reading the
    curriculum itself would cost more than all the rest.
    """
    stamp = opened.metadata.stamps.get(step) or {}
    told = stamp.get(name, "") if stamp.get("curriculum") == opened.state.hashes["curriculum"] else ""
    return told if isinstance(told, str) else ""


def _figures(opened: OpenRun) -> str:
    """`18 concepts, score 96.7; 2 weeks, 9.4 hours`, as far as it is known."""
    return "; ".join(filter(None, (_kept(opened, step, "figures") for step in ("validation", "plan"))))


def _artifacts(opened: OpenRun) -> list[dict[str, Any]]:
    rows = []
    for path, stage in ARTIFACTS.items():
        exists = opened.run.exists(path)
        reason = "" if opened.state.current[path] else opened.state.reasons.get(path, "not current")
        rows.append(
            {
                "path": path,
                "makes_stage": stage,
                "exists": exists,
                "current": opened.state.current[path],
                "reason": reason,
            }
        )
    return rows


def _last_failure(opened: OpenRun) -> str:
    folder = opened.run.path / FAILURES
    names = sorted(p.name for p in folder.glob("*.json")) if folder.is_dir() else []
    # A record's name begins with its time. What succeeded since stands in the history.
    since = max((str(entry.get("at_utc", "")) for entry in opened.metadata.history), default="")
    compact = since.replace("-", "").replace(":", "").replace(".", "-")
    return f"{FAILURES}/{names[-1]}" if names and names[-1] > compact else ""
