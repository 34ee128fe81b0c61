"""`dagogy init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dagogy.api.errors import ConfigError, InvalidArgument, StorageError
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.workspace.events import append_event, utc_now
from dagogy.workspace.files import make_folder, read_bytes, to_json, write_atomic
from dagogy.workspace.local_paths import mark_made
from dagogy.workspace.runs import Metadata, Run, slugify
from dagogy.workspace.settings import Settings
from dagogy.workspace.stages import EVENTS, SPEC

_FOLDERS = ("inputs", "outputs/curriculum", "outputs/reviews", "outputs/plan", "logs/failures")


def template_bytes(settings: Settings) -> bytes:
    """The topic spec that a new run starts from: the file of ORCHESTRATION_TEMPLATE_FILE, or the one in the package."""
    path = settings.path_of("ORCHESTRATION_TEMPLATE_FILE")
    if path is None:
        from importlib.resources import files

        return files("dagogy.workspace").joinpath("topic_spec.template.json").read_bytes()
    if not path.is_file():
        raise ConfigError(f"ORCHESTRATION_TEMPLATE_FILE is '{path}', and there is no such file", hint="unset it to use the built-in template")
    return read_bytes(path)


@click.command("init", epilog="\b\nExamples:\n  dagogy init linear-algebra\n  dagogy init --from runs/archives/20260131-120000-linear-algebra.tar.gz")
@click.argument("name", required=False)
@click.option("--from", "archive", type=click.Path(path_type=Path), metavar="ARCHIVE", help="Restore a run from an archive instead.")
@click.option("--allow-large", is_flag=True, help="With --from: no limits but those of the disk; for an archive whose maker you trust.")
@common
def init(app: App, name: str | None, archive: Path | None, allow_large: bool) -> None:
    """Makes a new run, NAME becoming part of its id; then fill in its inputs/topic_spec.json, or give 'run' a scope file."""
    if archive is not None:
        if name:
            raise InvalidArgument("init takes a NAME or --from ARCHIVE, not both", hint="a restored run keeps its id")
    elif allow_large:
        raise InvalidArgument("--allow-large is about an archive: give it with --from", hint="dagogy init --from ARCHIVE --allow-large")
    # A configuration that no command can work with is told before there is a run, not after.
    app.session.ruleset  # noqa: B018
    problem = ""
    if archive is not None:
        run = _restore(app, archive, allow_large=allow_large)
    else:
        slug = slugify(name or "")
        if name and not slug:
            app.note(f"'{name}' has no letter or digit that can stand in a run id; the id is the time alone")
        template = template_bytes(app.settings)
        run = app.session.runs.create(lambda new: _fill(new, template, name or ""), slug=slug)
        mark_made(run, app.settings.environ)
    try:
        with app.reading(run.id) as opened:
            facts = opened.facts()
    except StorageError as error:
        # It is restored as it was archived: what cannot be read of it is no failure of this command.
        if archive is None:
            raise
        facts, problem = _unreadable(run), error.message
        app.note(f"warning: the run is restored as it was archived, and cannot be read: {problem}")
    message = f"run {run.id} is {facts['stage']}: {run.path}" if facts["stage"] else f"run {run.id} is restored: {run.path}"
    app.emit({**facts, **({"problem": problem} if archive is not None else {})}, message, f"next: {facts['next']['command']}")


def _unreadable(run: Run) -> dict[str, Any]:
    """`OpenRun.facts` of a run that cannot be opened."""
    step = {"command": f"dagogy triage {run.id}", "reason": "it shows what is wrong with the run and what can be done", "alternatives": []}
    return {"run_id": run.id, "path": str(run.path), "stage": None, "next": step}


def _fill(run: Run, template: bytes, name: str) -> None:
    for folder in _FOLDERS:
        make_folder(run.path / folder)
    write_atomic(run.path / SPEC, template)
    metadata = Metadata("", utc_now(), extra={"name": name} if name else {})
    metadata.note("initialized", "run created")
    write_atomic(run.path / "run.json", to_json(metadata.as_dict()))
    append_event(run.path / EVENTS, "initialized", name=name)


def _restore(app: App, archive: Path, *, allow_large: bool) -> Run:
    from dagogy.workspace.archive import restore_run
    from dagogy.workspace.provenance import RESTORED, sealed_event

    if not archive.is_file():
        raise InvalidArgument(f"there is no archive '{archive}'", hint=f"archives are in {app.settings.archive_dir}")

    app.at_work = True  # what is wrong from here on is wrong with the archive

    def finish(run: Run) -> None:
        # The run gets its folder once this is in it.
        run.event(RESTORED, **sealed_event(RESTORED, {"archive": str(archive)}, None, app.settings.environ))

    return restore_run(archive, app.session.runs, finish, allow_large=allow_large)


COMMANDS = {"init": init}
