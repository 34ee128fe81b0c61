"""A run as an object: compiled, checked, planned, exported and compared, without printing. `dagogy.api.runs` is its public name.

The command line does the same by way of it: a command parses its options, calls one method and prints what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import DagogyError, InvalidArgument, NotFound, StorageError, ValidationFailed
from dagogy.pipeline.workspace import BaseWorkspace
from dagogy.workspace.stages import ARTIFACTS, CURRICULUM, FAILURES, PREVIOUS, REPORT_JSON, VALID

if TYPE_CHECKING:
    from dagogy.api.llm import Question
    from dagogy.contracts.types import Curriculum, TopicSpec
    from dagogy.pipeline.results import Compilation, Diff, Fixes, Plan, Report
    from dagogy.pipeline.session import OpenRun
    from dagogy.pipeline.stages.inputs import ScopeRequest
    from dagogy.workspace.runs import Run as RunFolder

_FOLDERS = ("inputs", "outputs/curriculum", "outputs/reviews", "outputs/plan", "logs/failures")
#: Given the stage ("scope", "generate", "validate", "plan" or "iterate") and a line about it.
Progress = Callable[[str, str], None]


def _silent(stage: str, line: str) -> None:
    pass


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
        """`initialized`, `spec_ready`, `generated`, `validated`, `planned` or `iterated`, inferred from the artifacts as they are now."""
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
                "artifacts": _artifacts(opened),
                "last_failure": _last_failure(opened),
            }

    @property
    def curriculum(self) -> Curriculum:
        """The curriculum. Raises `StageConflict` where there is none yet, `ValidationFailed` where it does not meet its schema."""
        with self._reading() as opened:
            return opened.context().curriculum

    @property
    def spec(self) -> TopicSpec:
        """The topic spec. Raises `ValidationFailed` where it does not meet its schema."""
        with self._reading() as opened:
            return opened.context(b"").spec

    @property
    def report(self) -> Report | None:
        """The report of the last validation, None where there was none; `check` makes one of today. Raises `ValidationFailed` for one that is no JSON."""
        from dagogy.pipeline.operations import kept_report

        with self._reading() as opened:
            return kept_report(opened) if opened.run.exists(REPORT_JSON) else None

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings of `report`."""
        report = self.report
        return report.findings if report is not None else []

    def fixes(self, *, unsafe: bool = False) -> Fixes:
        """What `check(fix=True)`, or with `unsafe` `check(unsafe_fixes=True)`, would change; writes nothing."""
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Fixes

        with self._reading() as opened:
            before, after, done, hidden = operations.fix(opened, unsafe=unsafe, write=False)
        return Fixes(before=before, after=after, done=done, hidden=hidden)

    def diff(self) -> Diff:
        """What changed since the previous curriculum, from the files as they are now; writes nothing. Raises `StageConflict` without a curriculum."""
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Diff

        with self._reading() as opened:
            return Diff(operations.difference(opened), first=not opened.run.exists(PREVIOUS))

    def why(self, node: str, prerequisite: str | None = None) -> dict[str, Any]:
        """On what evidence `node` has its prerequisites and its place, or why `prerequisite` comes before it or not.

        Both may be an id, a title, or a part of one that only one node has. Raises `NotFound` or `InvalidArgument` for a node that is not meant
        clearly. `stale`: why the curriculum is not current, or "".
        """
        from dagogy.pipeline.evidence import kept_evidence, kept_notes
        from dagogy.pipeline.why import Why

        with self._reading() as opened:
            asked = Why(opened.context().curriculum, kept_evidence(opened.run), kept_notes(opened.run))
            stale = opened.state.reasons.get(CURRICULUM, "")
        found = asked.find(node)
        document = asked.node(found) if prerequisite is None else asked.pair(found, asked.find(prerequisite))
        return {"run_id": self.id, **document, "stale": stale}

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

    def _reading(self) -> AbstractContextManager[OpenRun]:
        return self.workspace.reading(self._folder)


class Run(ReadableRun):
    """One run of a workspace. Made by `open`, `compile`, `Workspace.open` and `Workspace.create`.

    Methods that write hold the run's lock and raise `Locked` where another process does; all of them raise `NotFound` once the run is gone and
    `StorageError` for files that cannot be read or written.
    """

    def compile(
        self,
        source: str | Path | Sequence[str | Path] = (),
        *,
        sections: Sequence[str] = (),
        mode: str = "",
        reader: str = "",
        fresh: bool = False,
        progress: Progress = _silent,
    ) -> Compilation:
        """Reads `source`, generates a curriculum, checks it and, if it passes, plans it and compares it with the one before.

        `source`: a document, several, or a folder of lessons; without one, the document or topic spec that is in the run. `sections`: the headings to
        take of it. `mode`: `full`, `section` or `seed-list`. `reader`: its id, where name and content do not tell. `fresh`: answers of a model that
        were kept are not used again.

        A curriculum with errors is no exception: see `Compilation.report`. Raises `InvalidArgument` for a source that cannot be used,
        `StageConflict` where there is nothing to compile, `ConfigError`, and what the provider raises (`ProviderError`, `ValidationFailed`).
        """
        from dagogy.pipeline.stages.compile import compiled

        self.workspace.check_provider()
        scope = _scope(self.workspace, source, mode, sections, reader)
        words = ["run", self.id, *(word for path in _paths(source) for word in ("--scope-file", str(path)))]
        words += [word for heading in sections for word in ("--scope-section", heading)]
        words += [word for option, value in (("--scope-mode", mode), ("--scope-format", reader)) if value for word in (option, value)]
        with self._writing(*words, *(["--no-cache"] if fresh else [])) as opened:
            return compiled(opened, scope, self.workspace.template(), progress, fresh=fresh)

    def preview(self, source: str | Path | Sequence[str | Path] = (), *, sections: Sequence[str] = (), mode: str = "", reader: str = "") -> Question:
        """What a language model would be asked first by `compile`; nothing is asked and nothing written.

        Raises `InvalidArgument` for a provider that asks no model, and what `compile` raises.
        """
        from dagogy.pipeline.stages.generate import preview

        scope = _scope(self.workspace, source, mode, sections, reader)
        with self._reading() as opened:
            return preview(opened, scope, self.workspace.session.provider(), self.workspace.template())

    def check(self, *, fix: bool = False, unsafe_fixes: bool = False) -> Report:
        """Checks the curriculum against every rule and writes the report.

        `fix` first applies the safe fixes, `unsafe_fixes` also those that change what the curriculum means. Raises `StageConflict` where there
        is no curriculum; errors in one are in the report (`Report.raise_for_errors` raises them).
        """
        from dagogy.pipeline import operations

        options = [option for option, given in (("--fix", fix), ("--unsafe-fixes", unsafe_fixes)) if given]
        with self._writing("validate", self.id, *options) as opened:
            if not opened.run.exists(CURRICULUM):
                opened.require(CURRICULUM, "validate")
            fixed = operations.fix(opened, unsafe=unsafe_fixes, write=True)[2] if options else ()
            return operations.checked(opened, operations.validate(opened), fixed)

    def plan(self) -> Plan:
        """Makes the week plan of a validated curriculum and writes it. Raises `StageConflict` unless the last validation passed and is current."""
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Plan

        with self._writing("plan", self.id) as opened:
            return Plan(operations.plan(opened))

    def iterate(self) -> Diff:
        """Writes what changed since the previous curriculum, and closes the round. Raises `StageConflict` unless the plan is current."""
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Diff

        with self._writing("iterate", self.id) as opened:
            return Diff(operations.iterate(opened), first=not opened.run.exists(PREVIOUS))

    def export(self, format_id: str, output: str | Path | None = None) -> str:
        """The curriculum or the plan in the format of an exporter (`mermaid`, ...); with `output` it is written to that file as well.

        Raises `InvalidArgument` for an unknown format, `StageConflict` where what is to be exported is not current, `PluginError`, `StorageError`.
        """
        from dagogy.pipeline.exports import export_context, exported

        plugin = self.workspace.exporter(format_id)
        with self._reading() as opened:
            context = export_context(opened, plugin)
        text = exported(self.workspace.host, plugin, context)
        if output is not None:
            from dagogy.workspace.files import export_atomic

            export_atomic(Path(output).absolute(), text.encode(errors="backslashreplace"))
        return text

    def archive(self, *, remove: bool = False) -> tuple[Path, str]:
        """Packs the run into a .tar.gz in the archive dir, also one whose metadata is invalid; with `remove` the run itself goes.

        Returns the path, and why `Workspace.restore` would refuse it without `allow_large`, or "". Raises `StorageError`, also for a run that was to
        be removed and whose archive nothing could restore.
        """
        from dagogy.workspace.archive import archive_run, remove_run, restorable
        from dagogy.workspace.lock import locked

        self.workspace.announce(self._folder)
        words = self.workspace.words("archive", self.id)
        with locked(self.path, self.workspace.command_line(words), self._wait_seconds):
            path = archive_run(self._folder, self.workspace.settings.archive_dir)
            problem = restorable(path)
            if remove and problem and restorable(path, allow_large=True):
                raise StorageError(
                    f"the run is not removed, since its archive cannot be restored: {problem}",
                    hint=f"rename what it names and archive again; '{path}' can be unpacked by tar",
                    details={"run_id": self.id, "archive": str(path)},
                )
            if remove:
                remove_run(self._folder)
        return path, problem or ""

    def _writing(self, *words: str) -> AbstractContextManager[OpenRun]:
        return self.workspace.writing(self._folder, words, self._wait_seconds)


class Workspace(BaseWorkspace):
    """The runs dir of the current folder, with the settings in effect: flags, then the environment, then the configuration file.

    `flags`: settings by their variable names (`AGENT_PROVIDER`, ...), as options of the command line give them. Raises `ConfigError` for a
    setting that cannot be parsed, when it is first needed.
    """

    def runs(self) -> list[dict[str, Any]]:
        """The runs, oldest first: `run_id`, `created_at_utc`, the `stage` that the last command on it recorded, and the `problem` of one that
        cannot be read. Raises `StorageError`."""
        runs = self.session.runs
        rows = []
        for run_id in runs.ids():
            try:
                folder = runs.named(run_id)
                with folder.standing():
                    _, metadata = folder.metadata()
            except NotFound:  # it was archived away meanwhile
                continue
            except (InvalidArgument, StorageError) as error:
                rows.append({"run_id": run_id, "stage": None, "created_at_utc": None, "problem": error.message})
                continue
            rows.append({"run_id": run_id, "stage": metadata.stage, "created_at_utc": metadata.created_at_utc, "problem": ""})
        return rows

    def open(self, reference: str, *, wait_seconds: float = 0.0) -> Run:
        """The run that `reference` means: an id, a unique prefix, a slug, or `latest`.

        What writes waits up to `wait_seconds` for another process at work on the run, and then raises `Locked`.
        Raises `InvalidArgument` or `NotFound`.
        """
        run = Run(self, reference, wait_seconds)
        _ = run.id  # which has to be there
        return run

    def create(self, name: str = "") -> Run:
        """A new run, whose id has `name` as its slug, with the topic spec template in it. Raises `ConfigError` or `StorageError`."""
        from dagogy.workspace.provenance import mark_made
        from dagogy.workspace.runs import slugify

        _ = self.session.ruleset  # a configuration that no command can work with is reported before there is a run
        template = self.template()
        folder = self.session.runs.create(lambda new: _fill(new, template, name), slug=slugify(name))
        mark_made(folder.path, self.settings.environ)
        return self.open(folder.id)

    def restore(self, archive: Path, *, allow_large: bool = False) -> Run:
        """The run that is in an archive; one whose id is taken gets a suffix. `allow_large`: no limits but those of the disk.

        Raises `InvalidArgument` where there is no such file, and `StorageError` for an archive that cannot be restored.
        """
        from dagogy.workspace.archive import restore_run
        from dagogy.workspace.provenance import RESTORED, sealed_event

        _ = self.session.ruleset
        if not archive.is_file():
            raise InvalidArgument(f"there is no archive '{archive}'", hint=f"archives are in {self.settings.archive_dir}")

        def finish(run: RunFolder) -> None:
            # The run gets its folder once this is in it.
            run.event(RESTORED, **sealed_event(RESTORED, {"archive": str(archive)}, None, self.settings.environ))

        return self.open(restore_run(archive, self.session.runs, finish, allow_large=allow_large).id)


def open(reference: str = "latest") -> Run:  # noqa: A001 - as `gzip.open` has it
    """The run that `reference` means: an id, a unique prefix, a slug, or `latest`. Raises `InvalidArgument`, `NotFound` or `ConfigError`."""
    return Workspace().open(reference)


def compile(  # noqa: A001 - as `re.compile` has it
    source: str | Path | Sequence[str | Path],
    *,
    name: str = "",
    sections: Sequence[str] = (),
    mode: str = "",
    reader: str = "",
    provider: str | None = None,
    model: str | None = None,
    max_iterations: int | None = None,
    target_score: float | None = None,
    progress: Progress = _silent,
) -> Run:
    """Compiles a document, several, or a folder of lessons into a run: a curriculum, its report, a week plan and a diff.

    The newest run that was made of this source is compiled again, so that its diff says what changed; where there is none, a new one is made, whose id
    has `name`, or else the name of the file. `provider`, `model`, `max_iterations` and `target_score` stand for the settings of these names; the other
    arguments, and what is raised, are those of `Run.compile`. Look at `Run.report` for whether the curriculum passes.
    """
    flags = {"AGENT_PROVIDER": provider, "AGENT_MODEL": model, "AGENT_MAX_ITERATIONS": max_iterations, "AGENT_TARGET_SCORE": target_score}
    workspace = Workspace(flags)
    paths = _paths(source)
    if not paths:
        raise InvalidArgument("there is no source to compile", hint='give a document, as in compile("notes.md")')
    run = None if name else _made_of(workspace, ", ".join(map(str, paths)))
    if run is None:
        # A source that cannot be read leaves no empty run behind.
        _scope(workspace, source, mode, sections, reader)
        run = workspace.create(name or paths[0].absolute().stem)
    run.compile(source, sections=sections, mode=mode, reader=reader, progress=progress)
    return run


def _scope(workspace: BaseWorkspace, source: str | Path | Sequence[str | Path], mode: str, sections: Sequence[str], reader: str) -> ScopeRequest | None:
    """The scope document as it was given, its files read; None where none was. Raises `InvalidArgument` or `StorageError`."""
    paths = _paths(source)
    if not paths:
        if mode or sections or reader:
            raise InvalidArgument("a scope mode, section or format needs a scope file", hint="add --scope-file FILE")
        return None
    from dagogy.pipeline.given import given_files
    from dagogy.pipeline.stages.inputs import scope_request

    files = given_files(paths, workspace.session.readers, lambda name: str(workspace.clean(name)))
    named = str(workspace.clean(", ".join(map(str, paths))))
    return scope_request(files, named, mode or ("section" if sections else "full"), sections, reader)


def _paths(source: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(source)] if isinstance(source, str | Path) else [Path(path) for path in source]


def _made_of(workspace: Workspace, source: str) -> Run | None:
    """The newest run that this user made here and whose scope document is `source`, as it was named. A stranger's is never gone on with unasked."""
    from dagogy.workspace.provenance import is_made_here

    runs, named = workspace.session.runs, workspace.clean(source)
    for run_id in reversed(runs.ids()):
        try:
            folder = runs.named(run_id)
            stamp = folder.metadata()[1].stamps.get("scope", {})
        except DagogyError:
            continue
        if stamp.get("source") == named and is_made_here(folder.path, workspace.settings.environ):
            return workspace.open(run_id)
    return None


def _artifacts(opened: OpenRun) -> list[dict[str, Any]]:
    rows = []
    for path, stage in ARTIFACTS.items():
        exists = opened.run.exists(path)
        reason = "" if opened.state.current[path] else opened.state.reasons.get(path, "not current")
        rows.append({"path": path, "makes_stage": stage, "exists": exists, "current": opened.state.current[path], "reason": reason})
    return rows


def _last_failure(opened: OpenRun) -> str:
    folder = opened.run.path / FAILURES
    names = sorted(p.name for p in folder.glob("*.json")) if folder.is_dir() else []
    # A record's name begins with its time. What succeeded since stands in the history.
    since = max((str(entry.get("at_utc", "")) for entry in opened.metadata.history), default="")
    compact = since.replace("-", "").replace(":", "").replace(".", "-")
    return f"{FAILURES}/{names[-1]}" if names and names[-1] > compact else ""


def _fill(run: RunFolder, template: bytes, name: str) -> None:
    from dagogy.workspace.events import append_event, utc_now
    from dagogy.workspace.files import make_folder, to_json, write_atomic
    from dagogy.workspace.runs import Metadata
    from dagogy.workspace.stages import EVENTS, SPEC

    for folder in _FOLDERS:
        make_folder(run.path / folder)
    write_atomic(run.path / SPEC, template)
    metadata = Metadata("", utc_now(), extra={"name": name} if name else {})
    metadata.note("initialized", "run created")
    write_atomic(run.path / "run.json", to_json(metadata.as_dict()))
    append_event(run.path / EVENTS, "initialized", name=name)
