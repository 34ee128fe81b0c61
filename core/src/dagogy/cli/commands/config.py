"""`dagogy config`."""

from __future__ import annotations

from typing import Any

import click

from dagogy.api.errors import ConfigError
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.commands.doctor import ignored_lines
from dagogy.cli.options import common
from dagogy.workspace.known_settings import CORE_SETTINGS, ENVIRONMENT_ONLY
from dagogy.workspace.settings import Settings


@click.command("config", epilog="\b\nExample:\n  dagogy config --json")
@common
def config(app: App) -> None:
    """Shows every setting with its effective value and where that comes from, and what of a configuration
    file is ignored and why.

    Secrets are not shown. Nothing is changed and nobody is asked.
    """
    settings = app.loaded_settings
    rows = [_core_row(settings, name) for name in CORE_SETTINGS] + _provider_rows(app, settings)
    document = {
        "file": None if settings.path is None else str(settings.path),
        "trusted": None if settings.source is None else not settings.objection[0],
        "settings": rows,
        "rules": settings.rules,
        "ignored": [
            {"key": i.key, "path": str(i.path), "reason": i.reason, "hint": i.hint} for i in settings.ignored
        ],
    }
    document = redacted(document, app.workspace.secrets())
    lines = [_line(row) for row in document["settings"]]
    lines += [
        f"rules.{name}: {options}  (from {document['file']})" for name, options in document["rules"].items()
    ]
    app.emit(document, *lines, *redacted(ignored_lines(settings.ignored), app.workspace.secrets()))


def _core_row(settings: Settings, name: str) -> dict[str, Any]:
    problem = ""
    value, source = settings.raw(name, peek=True)
    if value is None:
        value = CORE_SETTINGS[name].default
    elif name not in ENVIRONMENT_ONLY:
        try:
            value = settings.get(name, peek=True)
        except ConfigError as error:
            problem = error.message
    return _row(name, value, source, problem)


def _provider_rows(app: App, settings: Settings) -> list[dict[str, Any]]:
    rows = []
    for plugin in app.host.load("provider"):
        for setting in plugin.info.settings if plugin.state == "ready" else ():
            value, source = settings.raw(setting.name, peek=True)
            shown = setting.default if value is None else "set, not shown" if setting.secret else value
            rows.append({**_row(setting.name, shown, source, ""), "provider": plugin.id})
    return rows


def _row(name: str, value: Any, source: str, problem: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": None if value == "" else value,
        "source": source,
        "problem": problem,
        "provider": "",
    }


def _line(row: dict[str, Any]) -> str:
    value = "not set" if row["value"] is None else row["value"]
    problem = f"; {row['problem']}" if row["problem"] else ""
    owner = f", provider {row['provider']}" if row["provider"] else ""
    return (
        f"{row['name']}: {value}  ("
        f"{row['source'] if row['source'] in ('flag', 'environment', 'default') else 'from ' + row['source']}"
        f"{owner}){problem}"
    )


COMMANDS = {"config": config}
