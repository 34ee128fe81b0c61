"""`dagogy doctor`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from dagogy.api.errors import ConfigError, DagogyError, PluginError, ProviderError
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.host.discovery import KINDS
from dagogy.workspace.files import storage_error


@click.command("doctor", epilog="\b\nExample:\n  dagogy doctor")
@common
def doctor(app: App) -> None:
    """Checks Python, settings, plugins, the runs dir and the provider, and leaves with the status of the first that fails."""
    checks: list[tuple[str, Callable[[App], str]]] = [
        ("python", _python),
        ("settings", _settings),
        ("plugins", _plugins),
        ("rules", _rules),
        ("runs dir", _runs_dir),
        ("provider", _provider),
    ]
    rows: list[dict[str, Any]] = []
    first: DagogyError | None = None
    for name, check in checks:
        try:
            rows.append({"check": name, "ok": True, "message": check(app), "hint": ""})
        except DagogyError as error:
            first = first or error
            rows.append({"check": name, "ok": False, "message": error.message, "hint": error.hint})
    rows = redacted(rows, app.secrets())
    lines = [f"{'ok  ' if row['ok'] else 'FAIL'}  {row['check']:<8}  {row['message']}" for row in rows]
    app.emit({"ok": first is None, "checks": rows}, *lines)
    if first is not None:
        raise first


def _python(app: App) -> str:
    """An older Python than the distribution allows only gets here by force; what else can be wrong is the environment."""
    if sys.prefix == sys.base_prefix:
        return f"{sys.version.split()[0]} of the system ({sys.prefix}); plugins are those installed there"
    if not os.access(sys.executable, os.X_OK):
        raise ConfigError(f"the interpreter {sys.executable} cannot be started any more", hint="make the environment anew")
    return f"{sys.version.split()[0]} in {sys.prefix}"


def _settings(app: App) -> str:
    path = app.settings.path
    return f"from {path}" if path else "no configuration file; environment and defaults"


def _plugins(app: App) -> str:
    for kind in KINDS:
        app.host.load(kind)
    failed = [p for p in app.host.all() if p.state == "failed"]
    if failed:
        raise PluginError(
            f"{len(failed)} of {len(app.host.all())} plugins cannot be used: " + "; ".join(f"{p.id} of {p.origin}: {p.reason}" for p in failed[:5]),
            hint="'dagogy plugins list' shows them all",
        )
    return f"{sum(p.state == 'ready' for p in app.host.all())} ready, {sum(p.state == 'disabled' for p in app.host.all())} disabled"


def _rules(app: App) -> str:
    configured = app.session.rule_configs
    app.session.judge.prepare()
    off = sum(not c.enabled for c in configured.values())
    return f"{len(app.host.entries('rule')) - off} in force, {off} switched off"


def _runs_dir(app: App) -> str:
    """Looks for the nearest folder that exists; nothing is created."""
    base = app.session.runs.base
    place = base
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise storage_error("use the runs dir", base, NotADirectoryError(20, os.strerror(20)))
    if not os.access(place, os.W_OK | os.X_OK):
        raise storage_error("write to the runs dir", place, PermissionError(13, os.strerror(13)))
    space = os.statvfs(place)
    free = space.f_bavail * space.f_frsize / 2**20
    if free < 16:
        raise storage_error("write to the runs dir", place, OSError(28, f"only {free:.1f} MiB are free"))
    return f"{base} ({free / 1024:.1f} GiB free, {len(app.session.runs.ids())} runs)"


def _provider(app: App) -> str:
    provider = app.session.provider()
    readiness = provider.ready()
    if not readiness.ready:
        raise ProviderError(f"provider '{provider.info.id}' is not ready: {readiness.message}", hint=readiness.hint)
    return f"{provider.info.id}: {readiness.message}"


COMMANDS = {"doctor": doctor}
