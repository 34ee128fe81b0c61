"""Loads plugins kind by kind, and knows of each one whether it works, and if not, whose it is and why.

A plugin goes through `discovered -> ready`, or ends as `disabled` (by the user, before anything of it was
imported) or `failed`. A failure stays with its plugin: the others of its kind work on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from dagogy.api.errors import ConfigError, NotFound
from dagogy.host.calls import account, contained, is_stop
from dagogy.host.descriptions import unfit
from dagogy.host.discovery import KINDS, EntryPoint, discover, normalized
from dagogy.host.plugin import FIRST_PARTY, Plugin, close_coroutine, first_party

if TYPE_CHECKING:
    import pluggy

    from dagogy.api.plugins import PluginInfo
    from dagogy.host.aliases import Aliases

_HOOK = {
    "provider": "dagogy_providers",
    "reader": "dagogy_readers",
    "rule": "dagogy_rules",
    "classifier": "dagogy_classifiers",
    "dialect": "dagogy_dialects",
    "recovery": "dagogy_recoveries",
    "probe": "dagogy_probes",
    "exporter": "dagogy_exporters",
    "command": "dagogy_commands",
}
#: What `impl` must be a subclass of; that of a command, an instance.
_BASE = {
    "provider": "dagogy.api.providers.Provider",
    "reader": "dagogy.api.readers.Reader",
    "rule": "dagogy.api.rules.Rule",
    "classifier": "dagogy.api.failures.Classifier",
    "dialect": "dagogy.api.dialects.LogDialect",
    "recovery": "dagogy.api.recoveries.RecoveryAction",
    "probe": "dagogy.api.probes.Probe",
    "exporter": "dagogy.api.exporters.Exporter",
    "command": "click.Command",
}


class Selection(NamedTuple):
    """Which plugins may be used at all. `allow` None: every one that is not denied."""

    deny: frozenset[str] = frozenset()
    allow: frozenset[str] | None = None
    third_party: bool = True

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, third_party: bool = True) -> Selection:
        """`DAGOGY_DISABLE=a,b` and `DAGOGY_PLUGINS=<allow list>`; an empty allow list counts as unset."""
        return cls(_names(environ, "DAGOGY_DISABLE"), _names(environ, "DAGOGY_PLUGINS") or None, third_party)

    def verdict(self, entry: EntryPoint) -> str:
        """Why `entry` is left out, or an empty string. A list names plugins by id or by distribution."""
        names = {entry.id, entry.distribution, normalized(entry.distribution)}
        if not self.third_party and not normalized(entry.distribution).startswith(FIRST_PARTY):
            return "third party, left out by --no-third-party"
        if names & self.deny:
            return "left out by DAGOGY_DISABLE"
        if self.allow is not None and not names & self.allow:
            return "not on the list of DAGOGY_PLUGINS"
        return ""


class _Modules:
    """The modules of plugins as pluggy knows them, which is imported with the first of them."""

    def __init__(self) -> None:
        self._manager: pluggy.PluginManager | None = None
        self._modules: dict[str, tuple[Any, str]] = {}

    def implementation(self, module: Any, hook: str) -> Any:
        """What a registered module implements of `hook`; None where it does not."""
        return next(
            (i for i in self._pluggy().hook.__dict__[hook].get_hookimpls() if i.plugin is module), None
        )

    def _pluggy(self) -> pluggy.PluginManager:
        if self._manager is None:
            import pluggy

            from dagogy.host import hookspecs

            self._manager = pluggy.PluginManager("dagogy")
            self._manager.add_hookspecs(hookspecs)
        return self._manager

    def of(self, plugin: Plugin) -> tuple[Any, str]:
        """The imported and registered module of `plugin`, or None and why not. A misspelt
        hook unregisters it again.
        """
        name = plugin.entry.module.partition(":")[0].strip()
        if name not in self._modules:
            with contained(plugin.name):
                self._modules[name] = self._register(name)
        return self._modules[name]

    def _register(self, name: str) -> tuple[Any, str]:
        from pluggy import PluginValidationError

        manager = self._pluggy()
        try:
            module = import_module(name)
        except BaseException as error:
            if is_stop(error):
                raise
            return None, f"importing {name or 'a module without a name'} raised {account(error, name)}"
        try:
            manager.register(module, name)
            manager.check_pending()
        except Exception as error:
            if manager.has_plugin(name):
                manager.unregister(name=name)
            lines = (
                str(error).strip().splitlines()
                if isinstance(error, PluginValidationError)
                else [account(error, name)]
            )
            return None, lines[-1] if lines else "its hooks are not those of dagogy"
        return module, ""


def _not_installed(kind: str, plugin_id: str, known: list[str]) -> NotFound:
    from dagogy.contracts.suggest import did_you_mean

    return NotFound(
        f"no {kind} '{plugin_id}' is installed",
        hint=did_you_mean(plugin_id, known) or f"installed: {', '.join(known) or 'none'}",
    )


def _admitted(
    entries: Iterable[EntryPoint], selection: Selection, reserved: Mapping[str, frozenset[str]]
) -> tuple[dict[str, dict[str, Plugin]], list[Plugin]]:
    """By kind and id the plugins that hold their id, and those whose id was taken.

    A left-out plugin takes no id. Of those that claim one, ours comes first, then the first by distribution;
    the others fail.
    """
    plugins: dict[str, dict[str, Plugin]] = {kind: {} for kind in KINDS}
    conflicts: list[Plugin] = []
    for entry in sorted(entries, key=lambda e: (KINDS.index(e.kind), e.id, not first_party(e))):
        plugin, of_kind = Plugin(entry), plugins[entry.kind]
        is_reserved = plugin.id in reserved.get(entry.kind, ())
        left_out = selection.verdict(entry)
        if left_out:
            plugin.state, plugin.reason = "disabled", left_out
        holder = of_kind.get(plugin.id)
        if plugin.state == "disabled" and (holder is not None or is_reserved):
            conflicts.append(plugin)
        elif is_reserved or (holder is not None and holder.state != "disabled"):
            plugin.fail(
                f"the id '{plugin.id}' is taken by {'dagogy itself' if holder is None else holder.origin}"
            )
            conflicts.append(plugin)
        else:
            if holder is not None:
                conflicts.append(holder)
            of_kind[plugin.id] = plugin
    return plugins, conflicts


class Host:
    """All plugins of this process. The first question about them reads entry points only; `load` imports the
    modules of one kind.

    `reserved`: by kind, ids that no plugin can have because dagogy has them itself.
    """

    def __init__(
        self,
        selection: Selection | None = None,
        path: list[str] | None = None,
        reserved: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.selection = selection if selection is not None else Selection.from_environment(os.environ)
        self._path, self._reserved = path, reserved or {}
        self._modules = _Modules()
        #: What the user should know: that a rule was named by a former id.
        self.notes: list[str] = []
        if self.selection.deny or self.selection.allow:
            self._check_selection()

    @cached_property
    def _found(self) -> tuple[dict[str, dict[str, Plugin]], list[Plugin]]:
        return _admitted(discover(self._path), self.selection, self._reserved)

    @property
    def _plugins(self) -> dict[str, dict[str, Plugin]]:
        return self._found[0]

    @property
    def conflicts(self) -> list[Plugin]:
        """The plugins whose id was taken."""
        return self._found[1]

    def _check_selection(self) -> None:
        known = {
            name
            for p in self.all()
            for name in (p.id, p.entry.distribution, normalized(p.entry.distribution))
        }
        for variable, names in (
            ("DAGOGY_DISABLE", self.selection.deny),
            ("DAGOGY_PLUGINS", self.selection.allow or ()),
        ):
            for name in sorted(names):
                if name in known:
                    continue
                renamed = self._plugins["rule"].get(self.current_rule_id(name, variable))
                if renamed is not None and variable == "DAGOGY_DISABLE":
                    renamed.state, renamed.reason = "disabled", f"left out by DAGOGY_DISABLE, as '{name}'"
                elif renamed is not None:
                    renamed.state, renamed.reason = "discovered", ""
                else:
                    from dagogy.contracts.suggest import did_you_mean

                    raise ConfigError(
                        f"{variable} names '{name}', which is no installed plugin or distribution",
                        hint=did_you_mean(name, known) or "'dagogy plugins list' shows what is installed",
                    )

    @cached_property
    def aliases(self) -> Aliases:
        """The former ids of rules. Describes all rules that are used, and those of ours that DAGOGY_PLUGINS
        leaves out: an alias on that list may mean one.
        """
        from dagogy.host.aliases import rule_aliases

        used, left_out = self.load("rule"), []
        for plugin in self._plugins["rule"].values() if self.selection.allow else ():
            if plugin.state == "disabled" and plugin.ours:
                reason = plugin.reason
                self.describe(plugin)
                plugin.state, plugin.reason = "disabled", reason
                left_out.append(plugin)
        return rule_aliases([*used, *left_out], self.all("rule"))

    def current_rule_id(self, name: str, where: str) -> str:
        """The id of the rule that has `name` as a former id, which `notes` then tell of, with `where` it was
        used; else `name` itself.
        """
        renamed = (
            None
            if any(name in of_kind for of_kind in self._plugins.values())
            else self.aliases.holders.get(name)
        )
        if renamed is None:
            return name
        note = (
            f"{where} names rule '{name}', which is called '{renamed.id}' now ({renamed.origin}); the old "
            "name will go with its next major version"
        )
        if note not in self.notes:
            self.notes.append(note)
        return renamed.id

    def all(self, kind: str | None = None) -> list[Plugin]:
        """Every plugin that was found, of one kind or of all, with those whose id was taken."""
        kinds = KINDS if kind is None else (kind,)
        return [p for k in kinds for p in self._plugins[k].values()] + [
            p for p in self.conflicts if p.entry.kind in kinds
        ]

    def entries(self, kind: str) -> list[EntryPoint]:
        """The entry points of `kind` that are neither disabled nor in conflict,
        without importing anything.
        """
        return [p.entry for p in self._plugins[kind].values() if p.state not in ("disabled", "failed")]

    def load(self, kind: str, only: Iterable[str] | None = None) -> list[Plugin]:
        """Imports the plugins of `kind` (or the `only` ones) as far as their descriptions; returns those of
        them not disabled.
        """
        wanted = list(self._plugins[kind]) if only is None else [i for i in only if i in self._plugins[kind]]
        chosen = [self._plugins[kind][i] for i in wanted]
        for plugin in chosen:
            if plugin.state == "discovered":
                self.describe(plugin)
        return [p for p in chosen if p.state != "disabled"]

    def get(self, kind: str, plugin_id: str) -> Plugin:
        """One plugin, described and ready. Raises `NotFound` (with a did-you-mean) or, if
        it is broken, `PluginError`.
        """
        plugin = self._plugins[kind].get(plugin_id)
        if plugin is None and kind == "rule":
            plugin = self.aliases.holders.get(plugin_id)
        if plugin is None:
            raise _not_installed(kind, plugin_id, list(self._plugins[kind]))
        if plugin.state == "disabled":
            raise NotFound(
                f"{kind} '{plugin_id}' of {plugin.origin} is {plugin.reason}", hint="take it off that list"
            )
        self.load(kind, [plugin.id])
        if plugin.state == "failed":
            raise plugin.error()
        return plugin

    def implementation(self, plugin: Plugin) -> Any:
        """What `impl` names, imported now. Raises `PluginError` that names the plugin,
        its distribution and version.
        """
        if plugin.state == "failed":
            raise plugin.error()
        if plugin._impl is None:
            plugin._impl = _imported(plugin)
        return plugin._impl

    def slow(self) -> list[dict[str, Any]]:
        """The plugins that took too long for a call, with the seconds."""
        return [
            {"plugin": p.id, "kind": p.entry.kind, "distribution": p.origin, "seconds": p.slow_seconds}
            for p in self.all()
            if p.slow_seconds is not None
        ]

    def describe(self, plugin: Plugin) -> None:
        """Imports the module of a plugin and takes its description from it; afterwards
        it is `ready` or `failed`.
        """
        module, reason = self._modules.of(plugin)
        if reason:
            plugin.fail(reason)
            return
        hook = _HOOK[plugin.entry.kind]
        implementation = self._modules.implementation(module, hook)
        if implementation is None:
            plugin.fail(f"module {plugin.entry.module} does not implement {hook}")
            return
        with contained(plugin.name):
            try:
                answer = implementation.function()
                reason = unusable(answer, f"{_info_class(plugin.entry.kind).__name__}s")
                reason = f"{hook} {reason}" if reason else self._reason(plugin, list(answer))
            except BaseException as error:
                if is_stop(error):
                    raise
                reason = f"{hook} raised {plugin.account(error)}"
        if reason:
            plugin.fail(reason)

    def _reason(self, plugin: Plugin, infos: list[Any]) -> str:
        """Takes the one of `infos` that describes `plugin`, or says why that cannot be."""
        from dagogy.api.plugins import SUPPORTED_API_VERSIONS

        info = next((i for i in infos if getattr(i, "id", None) == plugin.id), None)
        wanted = _info_class(plugin.entry.kind)
        if info is None:
            ids = ", ".join(str(getattr(i, "id", i)) for i in infos) or "nothing"
            return f"{_HOOK[plugin.entry.kind]} describes {ids}, not '{plugin.id}'"
        if type(info) is not wanted:
            return f"its description is a {type(info).__name__}, not a {wanted.__name__}"
        if info.api_version not in list(SUPPORTED_API_VERSIONS):
            spoken = ", ".join(map(str, sorted(SUPPORTED_API_VERSIONS)))
            return f"it was written for API version {info.api_version}; this dagogy speaks {spoken}"
        reason = unfit(info)
        if not reason:
            plugin.info, plugin.state = info, "ready"
        return reason


def _imported(plugin: Plugin) -> Any:
    """What the `impl` of a plugin names. Raises `PluginError`."""
    module, _, attribute = plugin.info.impl.partition(":")
    with contained(plugin.name):
        try:
            found = getattr(import_module(module), attribute)
        except BaseException as error:
            if is_stop(error):
                raise
            plugin.fail(f"its implementation {plugin.info.impl} cannot be imported: {plugin.account(error)}")
            raise plugin.error() from error
    base_module, _, base = _BASE[plugin.entry.kind].rpartition(".")
    wanted = getattr(import_module(base_module), base)
    if not (
        isinstance(found, wanted)
        if plugin.entry.kind == "command"
        else isinstance(found, type) and issubclass(found, wanted)
    ):
        plugin.fail(f"{plugin.info.impl} is not a {_BASE[plugin.entry.kind]}")
        raise plugin.error()
    return found


def _names(environ: Mapping[str, str], variable: str) -> frozenset[str]:
    return frozenset(part.strip() for part in environ.get(variable, "").split(",") if part.strip())


def unusable(answer: Any, wanted: str) -> str:
    """Why what a plugin's function returned is no series of `wanted`, in words; an
    empty string where it is one.
    """
    if answer is None:
        return (
            f"returned None; it must yield {wanted} or return a list of them, an empty one where there are "
            "none"
        )
    if close_coroutine(answer) or hasattr(type(answer), "__aiter__") or hasattr(type(answer), "__await__"):
        return (
            f"is async and returned {type(answer).__name__}; plugins are called without an event loop: make "
            f"it a plain function that yields {wanted}"
        )
    if isinstance(answer, str | bytes) or not hasattr(type(answer), "__iter__"):
        return f"returned {type(answer).__name__}, not {wanted}"
    return ""


def _info_class(kind: str) -> type[PluginInfo]:
    from dagogy.api import plugins

    return getattr(plugins, f"{kind.capitalize()}Info")  # type: ignore[no-any-return]
