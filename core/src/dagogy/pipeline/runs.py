"""A run as an object: compiled, checked, planned, exported and compared, without printing. `dagogy.api.runs`
is its public name.

The command line does the same by way of it: a command parses its options, calls one
method and prints what it returns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import (
    DagogyError,
    InternalError,
    InvalidArgument,
    Locked,
    NotFound,
    PluginError,
    ProviderError,
    StorageError,
)
from dagogy.pipeline.fillable import FillableRun, Progress, silent
from dagogy.pipeline.sources import absolute, paths_of, scope_of, several
from dagogy.pipeline.workspace import BaseWorkspace
from dagogy.workspace.stages import CURRICULUM, FAILURES, PREVIOUS, SCOPE

if TYPE_CHECKING:
    from dagogy.api.llm import Question
    from dagogy.pipeline.results import Compilation, Diff, Plan, Reading, Report
    from dagogy.workspace.runs import Run as RunFolder

_FOLDERS = ("inputs", "outputs/curriculum", "outputs/reviews", "outputs/plan", "logs/failures")


class Run(FillableRun):
    """One run of a workspace. Made by `open`, `compile`, `Workspace.open` and `Workspace.create`.

    Methods that write hold the run's lock and raise `Locked` where another process does; all of them raise
    `NotFound` once the run is gone and `StorageError` for files that cannot be read or written.
    """

    def compile(
        self,
        source: str | Path | Sequence[str | Path] = (),
        *,
        sections: Sequence[str] = (),
        mode: str = "",
        reader: str = "",
        concepts_from: Sequence[str] = (),
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        fresh: bool = False,
        progress: Progress = silent,
    ) -> Compilation:
        """Reads `source`, generates a curriculum, checks it and, if it passes, plans it and
        compares it with the one before.

        `source`: a document, several, or a folder of lessons; without one, the document or topic spec that is
        in the run. `sections`: the headings to take of it. `mode`: `full`, `section` or `seed-list`.
        `reader`: its id, where name and content do not tell. `concepts_from`: what names the concepts
        (`column: Topic`, `heading: 2`); `only`, `skip`: headings of what is to be read alone, or not; these
        three are kept with the run. `fresh`: answers of a model that were kept are not used again.

        A curriculum with errors is no exception: see `Compilation.report`. Raises `InvalidArgument` for a
        source that cannot be used, `StageConflict` where there is nothing to compile, `ConfigError`, and what
        the provider raises (`ProviderError`, `ValidationFailed`).
        """
        from dagogy.pipeline.corrections import from_flags
        from dagogy.pipeline.stages.compile import compiled

        self.workspace.check_provider()
        sections = several(sections)
        scope = scope_of(self.workspace, source, mode, sections, reader)
        given = from_flags(concepts_from, only, skip)
        repeated = {"--scope-file": map(str, paths_of(source)), "--scope-section": sections}
        repeated |= {"--scope-mode": [mode] if mode else [], "--scope-format": [reader] if reader else []}
        repeated |= {given.origins[key]: values for key, values in given.texts.items()}
        words = [
            "run",
            self.id,
            *(word for option, values in repeated.items() for value in values for word in (option, value)),
        ]
        with self._writing(*words, *(["--no-cache"] if fresh else [])) as opened:
            opened.given = given
            return compiled(opened, scope, self.workspace.template(), progress, fresh=fresh)

    def preview(
        self,
        source: str | Path | Sequence[str | Path] = (),
        *,
        sections: Sequence[str] = (),
        mode: str = "",
        reader: str = "",
        concepts_from: Sequence[str] = (),
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
    ) -> Question:
        """What a language model would be asked first by `compile`; nothing is asked and nothing written.

        Raises `InvalidArgument` for a provider that asks no model, and what `compile` raises.
        """
        from dagogy.pipeline.corrections import from_flags
        from dagogy.pipeline.stages.generate import preview

        sections = several(sections)
        scope = scope_of(self.workspace, source, mode, sections, reader)
        with self._reading() as opened:
            opened.given = from_flags(concepts_from, only, skip)
            return preview(opened, scope, self.workspace.session.provider(), self.workspace.template())

    def check(self, *, fix: bool = False, unsafe_fixes: bool = False) -> Report:
        """Checks the curriculum against every rule and writes the report.

        `fix` first applies the safe fixes, `unsafe_fixes` also those that change what the curriculum means.
        Raises `StageConflict` where there is no curriculum; errors in one are in the report
        (`Report.raise_for_errors` raises them).
        """
        from dagogy.pipeline import operations

        options = [option for option, given in (("--fix", fix), ("--unsafe-fixes", unsafe_fixes)) if given]
        with self._writing("validate", self.id, *options) as opened:
            if not opened.run.exists(CURRICULUM):
                opened.require(CURRICULUM, "validate")
            fixed = operations.fix(opened, unsafe=unsafe_fixes, write=True)[2] if options else ()
            return operations.checked(opened, operations.validate(opened), fixed)

    def plan(self) -> Plan:
        """Makes the week plan of a validated curriculum and writes it. Raises `StageConflict` unless the last
        validation passed and is current.
        """
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Plan

        with self._writing("plan", self.id) as opened:
            return Plan(operations.plan(opened))

    def iterate(self) -> Diff:
        """Writes what changed since the previous curriculum, and closes the round. Raises `StageConflict`
        unless the plan is current.
        """
        from dagogy.pipeline import operations
        from dagogy.pipeline.results import Diff

        with self._writing("iterate", self.id) as opened:
            return Diff(operations.iterate(opened), first=not opened.run.exists(PREVIOUS))

    def archive(self, *, remove: bool = False) -> tuple[Path, str]:
        """Packs the run into a .tar.gz in the archive dir, also one whose metadata is invalid; with `remove`
        the run itself goes.

        Returns the path, and why `Workspace.restore` would refuse it without `allow_large`, or "". Raises
        `StorageError`, also for a run that was to be removed and whose archive nothing could restore.
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


class Workspace(BaseWorkspace):
    """The runs dir of the current folder, with the settings in effect: flags, then the environment, then the
    configuration file.

    `flags`: settings by their variable names (`AGENT_PROVIDER`, ...), as options of the command line give
    them. Raises `ConfigError` for a setting that cannot be parsed, when it is first needed.
    """

    def runs(self) -> list[dict[str, Any]]:
        """The runs, oldest first: `run_id`, `created_at_utc`, the `stage` that the last command on it
        recorded, and the `problem` of one that cannot be read. Raises `StorageError`."""
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
                rows.append(
                    {"run_id": run_id, "stage": None, "created_at_utc": None, "problem": error.message}
                )
                continue
            rows.append(
                {
                    "run_id": run_id,
                    "stage": metadata.stage,
                    "created_at_utc": metadata.created_at_utc,
                    "problem": "",
                }
            )
        return rows

    def open(self, reference: str, *, wait_seconds: float = 0.0) -> Run:
        """The run that `reference` means: an id, a unique prefix, a slug, or `latest`.

        What writes waits up to `wait_seconds` for another process at work on the run, and then raises
        `Locked`. Raises `InvalidArgument` or `NotFound`."""
        run = Run(self, reference, wait_seconds)
        _ = run.id  # which has to be there
        return run

    def read(
        self,
        source: str | Path | Sequence[str | Path],
        *,
        sections: Sequence[str] = (),
        mode: str = "",
        reader: str = "",
        concepts_from: Sequence[str] = (),
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
    ) -> Reading:
        """What `compile` would read out of `source`, with all that could have been a concept and is none;
        makes no run and writes nothing.

        The arguments are those of `Run.compile`. A document that `compile` refuses is read as well, see
        `Reading.refusal`. Raises `InvalidArgument` for a source that cannot be used or a correction that
        names nothing in it, `ConfigError`, and what the provider raises.
        """
        from dagogy.pipeline.corrections import from_flags
        from dagogy.pipeline.stages.inputs import read_alone

        scope = scope_of(self, source, mode, several(sections), reader)
        if scope is None:
            raise InvalidArgument(
                "there is no source to read", hint='give a document, as in read("notes.md")'
            )
        return read_alone(self.session, scope, from_flags(concepts_from, only, skip))

    def check(self, file: str | Path, spec: str | Path | None = None) -> Report:
        """Checks a curriculum file against `spec`, a topic spec, or else what it teaches in evidence mode
        `minimal`. Raises `InvalidArgument` for a file that cannot be read."""
        from dagogy.pipeline.outside import check_file

        return check_file(self.session, Path(file), Path(spec) if spec is not None else None)

    def create(self, name: str = "") -> Run:
        """A new run, whose id has `name` as its slug, with the topic spec template in it. Raises
        `ConfigError` or `StorageError`.
        """
        from dagogy.workspace.provenance import mark_made
        from dagogy.workspace.runs import slugify

        # a configuration that no command can work with is reported before there is a run
        _ = self.session.ruleset
        template = self.template()
        folder = self.session.runs.create(lambda new: _fill(new, template, name), slug=slugify(name))
        mark_made(folder.path, self.settings.environ)
        return self.open(folder.id)

    def made_of(self, source: str | Path | Sequence[str | Path]) -> Run | None:
        """The newest run that this user made here of these files; None where there is none. A stranger's run
        is never gone on with unasked.
        """
        from dagogy.workspace.provenance import is_made_here

        runs, paths = self.session.runs, self.clean(absolute(source))
        for run_id in reversed(runs.ids()):
            try:
                folder = runs.named(run_id)
                stamp = folder.metadata()[1].stamps.get("scope", {})
            except DagogyError:
                continue
            if stamp.get("paths") == paths and is_made_here(folder.path, self.settings.environ):
                return self.open(run_id)
        return None

    @contextlib.contextmanager
    def run_of(
        self,
        source: str | Path | Sequence[str | Path],
        *,
        name: str = "",
        sections: Sequence[str] = (),
        mode: str = "",
        reader: str = "",
        wait_seconds: float = 0.0,
    ) -> Iterator[Run]:
        """The run to compile `source` in: the newest that was made of it (`made_of`), or a new one, whose id
        has `name`, or else the name of the file. With a `name` it is always a new one.

        A new one that got no document by the end is removed again, whatever refused it; only where a provider
        or another plugin failed it stays, with the record of that. Raises what `create` raises, and
        `InvalidArgument` or `StorageError` for a source that cannot be used.
        """
        paths = paths_of(source)
        if not paths:
            raise InvalidArgument(
                "there is no source to compile", hint='give a document, as in compile("notes.md")'
            )
        found = None if name else self.made_of(source)
        if found is not None:
            yield Run(self, found.id, wait_seconds)
            return
        # What cannot be read makes no run in the first place.
        scope_of(self, source, mode, several(sections), reader)
        run = Run(self, self.create(name or paths[0].absolute().stem).id, wait_seconds)
        try:
            yield run
        except (ProviderError, PluginError, InternalError):
            raise
        except DagogyError:
            self._discard_empty(run)
            raise
        self._discard_empty(run)

    def _discard_empty(self, run: Run) -> None:
        """Removes a run that has neither a document nor a failure to tell of, unless somebody works on it."""
        from dagogy.workspace.archive import remove_run
        from dagogy.workspace.lock import locked
        from dagogy.workspace.runs import Run as RunFolder

        folder = RunFolder(run.path)
        with contextlib.suppress(Locked, NotFound, StorageError), locked(run.path, "dagogy run"):
            if not folder.exists(SCOPE) and not any((run.path / FAILURES).glob("*")):
                remove_run(folder)
                self.withdraw()

    def restore(self, archive: Path, *, allow_large: bool = False) -> Run:
        """The run that is in an archive; one whose id is taken gets a suffix. `allow_large`: no limits but
        those of the disk.

        Raises `InvalidArgument` where there is no such file, and `StorageError` for an
        archive that cannot be restored.
        """
        from dagogy.workspace.archive import restore_run
        from dagogy.workspace.provenance import RESTORED, sealed_event

        _ = self.session.ruleset
        if not archive.is_file():
            raise InvalidArgument(
                f"there is no archive '{archive}'", hint=f"archives are in {self.settings.archive_dir}"
            )

        def finish(run: RunFolder) -> None:
            # The run gets its folder once this is in it.
            run.event(
                RESTORED, **sealed_event(RESTORED, {"archive": str(archive)}, None, self.settings.environ)
            )

        return self.open(restore_run(archive, self.session.runs, finish, allow_large=allow_large).id)


def open(reference: str = "latest") -> Run:  # noqa: A001 - as `gzip.open` has it
    """The run that `reference` means: an id, a unique prefix, a slug, or `latest`. Raises `InvalidArgument`,
    `NotFound` or `ConfigError`.
    """
    return Workspace().open(reference)


def compile(  # noqa: A001 - as `re.compile` has it
    source: str | Path | Sequence[str | Path],
    *,
    name: str = "",
    sections: Sequence[str] = (),
    mode: str = "",
    reader: str = "",
    concepts_from: Sequence[str] = (),
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    provider: str | None = None,
    model: str | None = None,
    max_iterations: int | None = None,
    target_score: float | None = None,
    progress: Progress = silent,
) -> Run:
    """Compiles a document, several, or a folder of lessons into a run: a curriculum, its
    report, a week plan and a diff.

    The newest run that was made of this source is compiled again, so that its diff says what changed; where
    there is none, a new one is made, whose id has `name`, or else the name of the file. `provider`, `model`,
    `max_iterations` and `target_score` stand for the settings of these names; the other arguments, and what
    is raised, are those of `Run.compile`. Look at `Run.report` for whether the curriculum passes.
    """
    flags = {
        "AGENT_PROVIDER": provider,
        "AGENT_MODEL": model,
        "AGENT_MAX_ITERATIONS": max_iterations,
        "AGENT_TARGET_SCORE": target_score,
    }
    workspace = Workspace(flags)
    with workspace.run_of(source, name=name, sections=sections, mode=mode, reader=reader) as run:
        run.compile(
            source,
            sections=sections,
            mode=mode,
            reader=reader,
            concepts_from=concepts_from,
            only=only,
            skip=skip,
            progress=progress,
        )
    return run


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
