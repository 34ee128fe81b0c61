"""`dagogy plugins list`, `show`, `new` and `check`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dagogy.api.errors import NotFound, PluginError
from dagogy.cli.app import App
from dagogy.cli.options import common, complete_plugins
from dagogy.contracts.suggest import did_you_mean
from dagogy.host.discovery import KINDS
from dagogy.host.plugin import Plugin


@click.group("plugins", no_args_is_help=False, epilog="\b\nExample:\n  dagogy plugins list --kind rule")
def plugins() -> None:
    """Lists the plugins that were found, shows one, writes a new one, or checks one."""


@plugins.command("list", epilog="\b\nExample:\n  dagogy plugins list --json")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@common
def list_plugins(app: App, kind: str | None) -> None:
    """Lists every plugin with its distribution, version and state: ready, disabled or failed, and why."""
    for each in KINDS if kind is None else (kind,):
        app.host.load(each)
    if kind in (None, "rule"):
        _ = app.host.aliases  # those that do not count are told with their plugins
    found = app.host.all(kind)
    width = max((len(p.id) for p in found), default=0)
    lines = [
        f"{p.state:<8}  {p.entry.kind:<10}  {p.id:<{width}}  {p.origin}{': ' + p.reason if p.reason else ''}"
        for p in found
    ]
    app.emit(
        {"plugins": [p.as_dict() for p in found]},
        *(lines or ["no plugins are installed; 'pip install dagogy-standard' brings the built-in ones"]),
    )


@plugins.command("show", epilog="\b\nExample:\n  dagogy plugins show graph.acyclic")
@click.argument("plugin_id", metavar="ID", shell_complete=complete_plugins(*KINDS))
@common
def show(app: App, plugin_id: str) -> None:
    """Shows one plugin: what it is, whose it is, and what its distribution says of itself."""
    found = find_plugins(app, plugin_id)
    documents = [_document(p) for p in found]
    lines = [
        line
        for d in documents
        for line in (
            f"{d['id']} ({d['kind']}), {d['state']}",
            *(
                f"  {k}: {_plain(v)}"
                for k, v in d.items()
                if k not in ("id", "kind", "state") and v not in ("", [], None)
            ),
        )
    ]
    app.emit({"plugins": documents}, *lines)


def find_plugins(app: App, plugin_id: str) -> list[Plugin]:
    """Every plugin of that id, of whatever kind, described. Raises `NotFound`."""
    found = [p for p in app.host.all() if p.id == plugin_id]
    if not found:
        plugin_id = app.host.current_rule_id(plugin_id, "the command line")
        found = [p for p in app.host.all("rule") if p.id == plugin_id]
    if not found:
        known = [p.id for p in app.host.all()]
        raise NotFound(
            f"no plugin '{plugin_id}' is installed",
            hint=did_you_mean(plugin_id, known) or "'dagogy plugins list' shows them",
        )
    for plugin in found:
        app.host.load(plugin.entry.kind, [plugin_id])
    return found


def _document(plugin: Plugin) -> dict[str, Any]:
    import importlib_metadata

    document: dict[str, Any] = {**plugin.as_dict(), "module": plugin.entry.module}
    if plugin.info is not None:
        document |= {k: v for k, v in asdict(plugin.info).items() if k not in document}
    try:
        metadata = importlib_metadata.metadata(plugin.entry.distribution)
        document |= {
            "license": metadata.get("License-Expression") or metadata.get("License") or "",
            "requires_dist": metadata.get_all("Requires-Dist") or [],
        }
    except importlib_metadata.PackageNotFoundError:
        pass
    return document


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@plugins.command(
    "new",
    epilog=(
        "\b\nExample:\n  dagogy plugins new rule acme.short-titles && pip install -e "
        "acme-dagogy-rule-short-titles"
    ),
)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("plugin_id", metavar="ID")
@click.option(
    "--prefix",
    default="",
    help=(
        "Whose it is: begins the names of distribution and module. Default: the id's first word, else 'acme'."
    ),
)
@click.option("--summary", default="", help="What it does, in one line.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="The folder to write. Default: named after the distribution.",
)
@click.option("--update", is_flag=True, help="Bring the untouched files of such a folder up to date.")
@common
def new(
    app: App, kind: str, plugin_id: str, prefix: str, summary: str, into: Path | None, update: bool
) -> None:
    """Writes a distribution with one plugin that installs, passes its own tests and is found."""
    from dagogy.kit import new as templates

    owner = prefix or (plugin_id.partition(".")[0] if "." in plugin_id else "acme")
    given = templates.answers(kind, plugin_id, prefix=owner, summary=summary)
    folder = into or Path(given["distribution"])
    written, left = templates.update(folder) if update else (templates.write(folder, given), [])
    document = {
        "folder": str(folder),
        "distribution": given["distribution"],
        "written": written,
        "left_alone": left,
    }
    lines = [f"wrote {folder / name}" for name in written] + [
        f"left alone, since it was changed: {folder / name}" for name in left
    ]
    app.emit(document, *lines, f"next: pip install -e {folder} && dagogy plugins check {folder}")


@plugins.command("check", epilog="\b\nExample:\n  dagogy plugins check acme-dagogy-rule-short-titles")
@click.argument("path", type=click.Path(path_type=Path))
@common
def check(app: App, path: Path) -> None:
    """Checks a distribution that is installed here: its metadata, and what dagogy
    asks of plugins of its kinds.
    """
    from dagogy.kit.check import check as run_kit

    found = run_kit(path)
    wrong = [c for c in found if c.reason]
    lines = [
        f"{'ok ' if not c.reason else 'NOT'} {c.what}{': ' + c.reason if c.reason else ''}" for c in found
    ]
    app.emit(
        {
            "passed": not wrong,
            "checks": [{"what": c.what, "passed": not c.reason, "reason": c.reason} for c in found],
        },
        *lines,
    )
    if wrong:
        raise PluginError(
            f"{len(wrong)} of {len(found)} checks failed for {path}", hint="fix what is marked NOT above"
        )


COMMANDS = {"plugins": plugins}
