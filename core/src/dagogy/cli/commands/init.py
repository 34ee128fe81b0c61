"""`dagogy init`."""

from __future__ import annotations

from pathlib import Path

import click

from dagogy.api.errors import ConfigError, InvalidArgument
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.workspace.events import append_event, utc_now
from dagogy.workspace.files import read_bytes, to_json, write_atomic
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
@common
def init(app: App, name: str | None, archive: Path | None) -> None:
    """Makes a new run, NAME becoming part of its id; then fill in its inputs/topic_spec.json, or give 'run' a scope file."""
    if archive is not None:
        if name:
            raise InvalidArgument("init takes a NAME or --from ARCHIVE, not both", hint="a restored run keeps its id")
        run = _restore(app, archive)
    else:
        # A configuration that no command can work with is told before there is a run, not after.
        app.session.ruleset  # noqa: B018
        slug = slugify(name or "")
        if name and not slug:
            app.note(f"'{name}' has no letter or digit that can stand in a run id; the id is the time alone")
        template = template_bytes(app.settings)
        run = app.session.runs.create(lambda new: _fill(new, template, name or ""), slug=slug)
    with app.reading(run.id) as opened:
        facts = opened.facts()
    app.emit(facts, f"run {run.id} is {facts['stage']}: {run.path}", f"next: {facts['next']['command']}")


def _fill(run: Run, template: bytes, name: str) -> None:
    for folder in _FOLDERS:
        (run.path / folder).mkdir(parents=True)
    write_atomic(run.path / SPEC, template)
    metadata = Metadata("", utc_now(), extra={"name": name} if name else {})
    metadata.note("initialized", "run created")
    write_atomic(run.path / "run.json", to_json(metadata.as_dict()))
    append_event(run.path / EVENTS, "initialized", name=name)


def _restore(app: App, archive: Path) -> Run:
    from dagogy.workspace.archive import restore_run

    if not archive.is_file():
        raise InvalidArgument(f"there is no archive '{archive}'", hint=f"archives are in {app.settings.archive_dir}")
    run = restore_run(archive, app.session.runs)
    run.event("restored", archive=str(archive))
    return run


COMMANDS = {"init": init}
