"""`dagogy doctor`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from dagogy.api.errors import ConfigError, DagogyError, PluginError, ProviderError
from dagogy.api.secrets import redacted
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.contracts.suggest import did_you_mean
from dagogy.host.discovery import GROUPS, KINDS, strays
from dagogy.host.manager import Host
from dagogy.workspace.config_files import Ignored
from dagogy.workspace.files import storage_error


@click.command("doctor", epilog="\b\nExample:\n  dagogy doctor")
@common
def doctor(app: App) -> None:
    """Checks Python, settings, plugins, the runs dir and the provider, and leaves with the status of the
    first that fails.
    """
    checks: list[tuple[str, Callable[[App], str]]] = [
        ("python", _python),
        ("settings", _settings),
        ("plugins", _plugins),
        ("readers", _readers),
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
    rows = redacted(rows, app.workspace.secrets())
    lines = [f"{'ok  ' if row['ok'] else 'FAIL'}  {row['check']:<8}  {row['message']}" for row in rows]
    app.emit({"ok": first is None, "checks": rows}, *lines)
    if first is not None:
        raise first


def _python(app: App) -> str:
    """An older Python than the distribution allows only gets here by force; what else can
    be wrong is the environment.
    """
    if sys.prefix == sys.base_prefix:
        return f"{sys.version.split()[0]} of the system ({sys.prefix}); plugins are those installed there"
    if not os.access(sys.executable, os.X_OK):
        raise ConfigError(
            f"the interpreter {sys.executable} cannot be started any more", hint="recreate the environment"
        )
    return f"{sys.version.split()[0]} in {sys.prefix}"


def _settings(app: App) -> str:
    path, ignored = app.settings.path, app.settings.ignored
    source = f"from {path}" if path else "no configuration file; environment and defaults"
    return "; ".join([source, *ignored_lines(ignored)])


def ignored_lines(ignored: Iterable[Ignored]) -> list[str]:
    """For each file what of it does not count, why not, and the way out."""
    by_file: dict[tuple[Path, str, str], list[str]] = {}
    for one in ignored:
        by_file.setdefault((one.path, one.reason, one.hint), []).append(one.key)
    return [
        f"ignored {', '.join(keys)} of {path}: {reason}; {hint}"
        if keys[0]
        else f"ignored {path}: {reason}; {hint}"
        for (path, reason, hint), keys in by_file.items()
    ]


def _plugins(app: App) -> str:
    """Imports every plugin with its implementation, and looks for what nobody would ever load or meet."""
    for kind in KINDS:
        for plugin in app.host.load(kind):
            with contextlib.suppress(PluginError):
                app.host.implementation(plugin)
    found = app.host.all()
    failed = [p for p in found if p.state == "failed"]
    wrong = (
        [
            f"{len(failed)} of {len(found)} plugins cannot be used: "
            + "; ".join(f"{p.id} of {p.origin}: {p.reason}" for p in failed[:5])
        ]
        if failed
        else []
    )
    wrong += [*_unknown_groups(app.host), *_unknown_requires(app.host)]
    if wrong:
        hint = "'dagogy plugins list' shows them all; DAGOGY_DISABLE=ID or DISTRIBUTION leaves one out"
        raise PluginError("; ".join(wrong), hint=hint, details={"plugins": [p.name for p in failed]})
    return (
        f"{sum(p.state == 'ready' for p in found)} ready, {sum(p.state == 'disabled' for p in found)} "
        "disabled"
    )


def _unknown_groups(host: Host) -> list[str]:
    """The entry-point groups that are meant for dagogy and that this one does not know, so that nothing in
    them is ever loaded.
    """
    return [
        _with_guess(
            f"{stray.distribution} {stray.version} has plugins in the entry-point group '{stray.group}', "
            "which dagogy does not know",
            stray.group,
            GROUPS.values(),
        )
        for stray in strays()
        if not host.selection.verdict(stray.as_entry())
    ]


def _unknown_requires(host: Host) -> list[str]:
    """The rules that wait for one that is not installed: they run, but not behind what they asked for."""
    known = {p.id for p in host.all("rule")} | set(host.aliases.holders)
    return [
        _with_guess(f"{plugin.name} requires the rule '{required}', which is not installed", required, known)
        for plugin in host.all("rule")
        if plugin.state == "ready"
        for required in plugin.info.requires
        if required not in known
    ]


def _with_guess(text: str, name: str, known: Iterable[str]) -> str:
    guess = did_you_mean(name, list(known))
    return f"{text} ({guess})" if guess else text


def _readers(app: App) -> str:
    """That one is not ready is no fault: who has no such documents does not need what it takes."""
    found = app.session.readers.readiness()
    if not found:
        raise ConfigError("no reader of documents is installed", hint="pip install dagogy-standard")
    ready = ", ".join(sorted(p.id for p, r in found if r.ready)) or "none"
    return "; ".join([f"{ready} ready", *(f"{p.id}: {r.message}, {r.hint}" for p, r in found if not r.ready)])


def _rules(app: App) -> str:
    configured = app.session.rule_configs
    before = {p.id for p in app.host.all("rule") if p.state == "failed"}
    app.session.judge.prepare()
    broken = [p for p in app.host.all("rule") if p.state == "failed" and p.id not in before]
    if broken:
        raise PluginError("; ".join(p.error().message for p in broken), hint=broken[0].error().hint)
    off = sum(not c.enabled for c in configured.values())
    return f"{len(app.host.entries('rule')) - off} enabled, {off} disabled"


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
    from dagogy.api.providers import Readiness
    from dagogy.pipeline.asking import ask, blame

    provider = app.session.provider()
    origin = app.session.provider_plugin().origin
    readiness = ask(provider, origin, provider.ready)
    if not isinstance(readiness, Readiness) or not all(
        isinstance(text, str) for text in (readiness.message, readiness.hint)
    ):
        raise blame(
            provider, origin, f"answered ready() with {readiness!r:.100}, not with a Readiness of texts"
        )
    if not readiness.ready:
        raise ProviderError(
            f"provider '{provider.info.id}' is not ready: {readiness.message}", hint=readiness.hint
        )
    return f"{provider.info.id}: {readiness.message}"


COMMANDS = {"doctor": doctor}
