"""`dagogy trust`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from dagogy.api.errors import ConfigError, InvalidArgument, NotFound
from dagogy.api.secrets import redacted, secrets_of
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.pipeline.report import plural
from dagogy.workspace.config_files import Ignored, config_in, find_file, table_of
from dagogy.workspace.local_paths import agree
from dagogy.workspace.lock import locked
from dagogy.workspace.runs import is_run_id
from dagogy.workspace.settings import Settings
from dagogy.workspace.stages import local_names
from dagogy.workspace.trust import ConfigFile, Trusted, TrustStore, read_config


@click.command(
    "trust",
    epilog=(
        "\b\nExample:\n  dagogy trust            the configuration file that counts here\n"
        "  dagogy trust --list\n  dagogy trust RUN_ID"
    ),
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="List the files that are trusted; change nothing.")
@click.option("--revoke", is_flag=True, help="Trust the file no more.")
@common
def trust(app: App, path: Path | None, listing: bool, revoke: bool) -> None:
    """Trusts the configuration file PATH, or the one that counts in the current folder: what it says of
    programs, providers and where keys go counts from then on, for this user. Those settings are shown first.

    A file that changes has to be trusted again. One that belongs to somebody else, or that others can write
    to, cannot be trusted.

    With the id or the folder of a run as PATH: agrees to the documents outside of the run that its
    topic spec names (context_pack.local_paths). They are shown first. A run that you made with 'dagogy
    init' needs no such consent.
    """
    store = TrustStore(os.environ)
    if listing and (revoke or path is not None):
        raise InvalidArgument(
            "--list takes neither --revoke nor a path", hint="'dagogy trust --help' shows how it is used"
        )
    if listing:
        rows = [_state(store, entry) for entry in store.entries()]
        app.emit(
            {"trusted": rows},
            *([f"{row['path']}: {row['state']}" for row in rows] or ["no configuration file is trusted"]),
        )
    elif revoke:
        _revoke(app, store, path)
    elif path is not None and is_run_id(path.name) and not path.is_file():
        _trust_run(app, path)
    else:
        _trust(app, store, _named(path))


def _trust(app: App, store: TrustStore, file: ConfigFile) -> None:
    table = table_of(file)
    if table is None:
        raise NotFound(
            f"{file.path} has no [tool.dagogy] table",
            hint="name the dagogy.toml or the pyproject.toml that holds the settings",
        )
    settings = Settings(os.environ, table, file.path, source=file, declared=app.workspace.provider_settings())
    sensitive = {key: value for key, value in table.items() if settings.is_sensitive(key)}
    shown = _shown(app, sensitive)
    if not app.json:
        for key, value in shown.items():
            # Escaped: the file may be a stranger's, and this is where it is looked at.
            app.write(f"{key} = {json.dumps(value, default=str)}")
    entry = store.remember(file)
    count = f"{len(shown)} of its settings start" if len(shown) != 1 else "1 of its settings starts"
    line = (
        f"trusted {entry.path}; {count} a program, choose a provider, say where text and keys go, or raise "
        "what may be spent"
    )
    app.emit(
        {"path": entry.path, "sha256": entry.sha256, "owner": entry.owner, "settings": shown},
        line if shown else f"trusted {entry.path}",
    )


def _trust_run(app: App, path: Path) -> None:
    folder = app.session.runs.base
    if path.parent != Path(".") and os.path.realpath(path.parent) != os.path.realpath(folder):
        raise NotFound(
            f"there is no run {path} in the runs dir {folder}",
            hint="set ORCHESTRATION_BASE_DIR to the folder that the run lies in",
        )
    run = app.session.runs.find(path.name)
    names = local_names(run)
    if not app.json:
        for name in names:
            app.write(f"local_paths: {json.dumps(name)}")
    with locked(run.path, app.command_line(), 0.0):
        agree(run, names, app.settings.environ)
    local = app.session.local_paths(run)
    left = {name: local.objection(name)[0] for name in names if local.path(name) is None}
    app.note(*(f"'{name}' is still not read: {reason}" for name, reason in left.items()))
    line = f"{run.id} may read the {plural(len(names), 'document')} that its topic spec names"
    app.emit({"run_id": run.id, "path": str(run.path), "local_paths": names, "refused": left}, line)


def _shown(app: App, settings: dict[str, Any]) -> dict[str, Any]:
    secret = [name for name, is_secret in app.workspace.declared().items() if is_secret]
    texts = {key.upper(): value for key, value in settings.items() if isinstance(value, str)}
    shown: dict[str, Any] = redacted(
        {key: "set, not shown" if key.upper() in secret else value for key, value in settings.items()},
        secrets_of(texts, secret),
    )
    return shown


def _revoke(app: App, store: TrustStore, path: Path | None) -> None:
    target = _named(None).real if path is None else path
    if not store.forget(target):
        raise NotFound(f"{target} is not trusted", hint="'dagogy trust --list' shows the files that are")
    app.emit(
        {"path": os.path.realpath(target), "revoked": True},
        f"{os.path.realpath(target)} is not trusted any more",
    )


def _named(path: Path | None) -> ConfigFile:
    """The file that is meant: PATH, the one in the folder PATH, or the one that counts here."""
    if path is not None and not path.is_dir():
        if not os.path.lexists(path):
            raise NotFound(f"there is no file {path}", hint="name a dagogy.toml or a pyproject.toml")
        return read_config(Path(os.path.abspath(path)))
    passed: tuple[Ignored, ...] = ()
    if path is not None:
        file, _ = config_in(Path(os.path.abspath(path)))
    else:
        file, _, passed = find_file(Path.cwd(), os.environ)
    if file is None:
        for one in passed:
            if one.loud:
                raise ConfigError(f"{one.path} cannot be trusted: {one.reason}", hint=one.hint)
        skipped = [f"{one.path} is ignored: {one.reason}" for one in passed]
        hint = (
            "; ".join(skipped) or "a dagogy.toml, or a pyproject.toml with a [tool.dagogy] table, is wanted"
        )
        raise NotFound(f"no configuration file counts in {path or Path.cwd()}", hint=hint)
    return file


def _state(store: TrustStore, entry: Trusted) -> dict[str, Any]:
    try:
        file = read_config(Path(entry.path))
    except ConfigError as error:
        state = error.message if os.path.lexists(entry.path) else "it is gone"
    else:
        state = store.objection(file)[0] or "trusted"
    return {
        "path": entry.path,
        "sha256": entry.sha256,
        "owner": entry.owner,
        "trusted_at_utc": entry.trusted_at_utc,
        "state": state,
    }


COMMANDS = {"trust": trust}
