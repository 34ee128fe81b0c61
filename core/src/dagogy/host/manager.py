"""Loads plugins kind by kind, and knows of each one whether it works, and if not, whose it is and why.

A plugin goes through `discovered -> ready`, or ends as `disabled` (by the user, before anything of it was imported) or `failed`.
A failure stays with its plugin: the others of its kind work on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from dagogy.api.errors import ConfigError, DagogyError, NotFound, PluginError
from dagogy.contracts.suggest import did_you_mean
from dagogy.host.calls import account, contained, is_stop
from dagogy.host.descriptions import unfit
from dagogy.host.discovery import KINDS, EntryPoint, discover, normalized

if TYPE_CHECKING:
    import pluggy

    from dagogy.api.plugins import PluginInfo

T = TypeVar("T")
State = Literal["discovered", "ready", "disabled", "failed"]
#: Distributions whose name starts so are ours; `--no-third-party` keeps only them.
FIRST_PARTY = "dagogy-"
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
    "provider": "dagogy.api.Provider",
    "reader": "dagogy.api.Reader",
    "rule": "dagogy.api.Rule",
    "classifier": "dagogy.api.Classifier",
    "dialect": "dagogy.api.LogDialect",
    "recovery": "dagogy.api.RecoveryAction",
    "probe": "dagogy.api.Probe",
    "exporter": "dagogy.api.Exporter",
    "command": "click.Command",
}


@dataclass(eq=False, repr=False)
class Plugin:
    """One plugin: where it comes from, what state it is in, and why."""

    entry: EntryPoint
    state: State = "discovered"
    reason: str = ""
    info: Any = None
    #: How long it took for a call, where that was too long.
    slow_seconds: float | None = None
    _impl: Any = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def origin(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.entry.distribution} {self.entry.version}".strip()

    @property
    def name(self) -> str:
        """Kind, id, distribution and version, for messages."""
        return f"{self.entry.kind} '{self.id}' of {self.origin}"

    @property
    def ours(self) -> bool:
        """Whether it is one of dagogy's own."""
        return _first_party(self.entry)

    def fail(self, reason: str) -> None:
        self.state, self.reason = "failed", " ".join(reason.split())

    def account(self, error: BaseException) -> str:
        """What it raised, with the file and line of its own code."""
        return account(error, self.entry.module, getattr(self.info, "impl", ""))

    def call(self, function: Callable[[], T], *, typed: bool = True, timed: bool = False) -> T:
        """What `function`, which runs code of this plugin, returns. Whatever goes wrong in it is a `PluginError`.

        `typed`: it may raise a `DagogyError` of its own, which passes. `timed`: it has nobody to wait for, and is named where it is slow.
        """
        with contained(self.name) as call:
            try:
                answer = function()
            except BaseException as error:
                if is_stop(error) or (typed and isinstance(error, DagogyError)):
                    raise
                self.fail(f"it raised {self.account(error)}")
                raise self.error() from error
        if timed:
            self.slow_seconds = call.slow_seconds()
        close_coroutine(answer)
        return answer

    def error(self) -> PluginError:
        return PluginError(
            f"{self.name} cannot be used: {self.reason}",
            hint=f"update or remove {self.entry.distribution}, or leave it out with DAGOGY_DISABLE={self.id}",
            details={"plugin": self.id, "kind": self.entry.kind, "distribution": self.entry.distribution, "version": self.entry.version},
        )

    def as_dict(self) -> dict[str, str]:
        return {
            "id": self.id,
            "kind": self.entry.kind,
            "distribution": self.entry.distribution,
            "version": self.entry.version,
            "state": self.state,
            "reason": self.reason,
            "summary": self.info.summary if self.info else "",
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


class Host:
    """All plugins of this process. The first question about them reads entry points only; `load` imports the modules of one kind.

    `reserved`: by kind, ids that no plugin can have because dagogy has them itself.
    """

    def __init__(self, selection: Selection | None = None, path: list[str] | None = None, reserved: Mapping[str, frozenset[str]] | None = None) -> None:
        self.selection = selection if selection is not None else Selection.from_environment(os.environ)
        self._path, self._reserved = path, reserved or {}
        self._manager: pluggy.PluginManager | None = None
        self._modules: dict[str, tuple[Any, str]] = {}
        if self.selection.deny or self.selection.allow:
            self._check_selection()

    @cached_property
    def _found(self) -> tuple[dict[str, dict[str, Plugin]], list[Plugin]]:
        """By kind and id the plugins that hold their id, and those whose id was taken."""
        plugins: dict[str, dict[str, Plugin]] = {kind: {} for kind in KINDS}
        conflicts: list[Plugin] = []
        for entry in sorted(discover(self._path), key=lambda e: (KINDS.index(e.kind), e.id, not _first_party(e))):
            self._admit(Plugin(entry), plugins[entry.kind], conflicts)
        return plugins, conflicts

    @property
    def _plugins(self) -> dict[str, dict[str, Plugin]]:
        return self._found[0]

    @property
    def conflicts(self) -> list[Plugin]:
        """The plugins whose id was taken."""
        return self._found[1]

    def _admit(self, plugin: Plugin, of_kind: dict[str, Plugin], conflicts: list[Plugin]) -> None:
        """A left-out plugin takes no id. Of those that claim one, ours comes first, then the first by distribution; the others fail."""
        reserved = plugin.id in self._reserved.get(plugin.entry.kind, ())
        left_out = self.selection.verdict(plugin.entry)
        if left_out:
            plugin.state, plugin.reason = "disabled", left_out
        holder = of_kind.get(plugin.id)
        if plugin.state == "disabled" and (holder is not None or reserved):
            conflicts.append(plugin)
        elif reserved or (holder is not None and holder.state != "disabled"):
            plugin.fail(f"the id '{plugin.id}' is taken by {'dagogy itself' if holder is None else holder.origin}")
            conflicts.append(plugin)
        else:
            if holder is not None:
                conflicts.append(holder)
            of_kind[plugin.id] = plugin

    def _check_selection(self) -> None:
        known = {name for p in self.all() for name in (p.id, p.entry.distribution, normalized(p.entry.distribution))}
        for variable, names in (("DAGOGY_DISABLE", self.selection.deny), ("DAGOGY_PLUGINS", self.selection.allow or ())):
            for name in sorted(names):
                if name not in known:
                    raise ConfigError(
                        f"{variable} names '{name}', which is no installed plugin or distribution",
                        hint=did_you_mean(name, known) or "'dagogy plugins list' shows what is installed",
                    )

    def all(self, kind: str | None = None) -> list[Plugin]:
        """Every plugin that was found, of one kind or of all, with those whose id was taken."""
        kinds = KINDS if kind is None else (kind,)
        return [p for k in kinds for p in self._plugins[k].values()] + [p for p in self.conflicts if p.entry.kind in kinds]

    def entries(self, kind: str) -> list[EntryPoint]:
        """The entry points of `kind` that are neither disabled nor in conflict, without importing anything."""
        return [p.entry for p in self._plugins[kind].values() if p.state not in ("disabled", "failed")]

    def load(self, kind: str, only: Iterable[str] | None = None) -> list[Plugin]:
        """Imports the plugins of `kind` (or the `only` ones) as far as their descriptions; returns those of them not disabled."""
        wanted = list(self._plugins[kind]) if only is None else [i for i in only if i in self._plugins[kind]]
        chosen = [self._plugins[kind][i] for i in wanted]
        for plugin in chosen:
            if plugin.state == "discovered":
                self._describe(plugin)
        return [p for p in chosen if p.state != "disabled"]

    def get(self, kind: str, plugin_id: str) -> Plugin:
        """One plugin, described and ready. Raises `NotFound` (with a did-you-mean) or, if it is broken, `PluginError`."""
        plugin = self._plugins[kind].get(plugin_id)
        if plugin is None:
            known = list(self._plugins[kind])
            raise NotFound(
                f"no {kind} '{plugin_id}' is installed",
                hint=did_you_mean(plugin_id, known) or f"installed: {', '.join(known) or 'none'}",
            )
        if plugin.state == "disabled":
            raise NotFound(f"{kind} '{plugin_id}' of {plugin.origin} is {plugin.reason}", hint="take it off that list")
        self.load(kind, [plugin_id])
        if plugin.state == "failed":
            raise plugin.error()
        return plugin

    def implementation(self, plugin: Plugin) -> Any:
        """What `impl` names, imported now. Raises `PluginError` that names the plugin, its distribution and version."""
        if plugin.state == "failed":
            raise plugin.error()
        if plugin._impl is None:
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
            if not (isinstance(found, wanted) if plugin.entry.kind == "command" else isinstance(found, type) and issubclass(found, wanted)):
                plugin.fail(f"{plugin.info.impl} is not a {_BASE[plugin.entry.kind]}")
                raise plugin.error()
            plugin._impl = found
        return plugin._impl

    def slow(self) -> list[dict[str, Any]]:
        """The plugins that took too long for a call, with the seconds."""
        return [{"plugin": p.id, "kind": p.entry.kind, "distribution": p.origin, "seconds": p.slow_seconds} for p in self.all() if p.slow_seconds is not None]

    def _describe(self, plugin: Plugin) -> None:
        module, reason = self._module(plugin)
        if reason:
            plugin.fail(reason)
            return
        hook = _HOOK[plugin.entry.kind]
        implementation = next((i for i in self._pluggy().hook.__dict__[hook].get_hookimpls() if i.plugin is module), None)
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

    def _pluggy(self) -> pluggy.PluginManager:
        if self._manager is None:
            import pluggy

            from dagogy.host import hookspecs

            self._manager = pluggy.PluginManager("dagogy")
            self._manager.add_hookspecs(hookspecs)
        return self._manager

    def _module(self, plugin: Plugin) -> tuple[Any, str]:
        """The imported and registered module of `plugin`, or None and why not. A misspelt hook unregisters it again."""
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
            lines = str(error).strip().splitlines() if isinstance(error, PluginValidationError) else [account(error, name)]
            return None, lines[-1] if lines else "its hooks are not those of dagogy"
        return module, ""


def _names(environ: Mapping[str, str], variable: str) -> frozenset[str]:
    return frozenset(part.strip() for part in environ.get(variable, "").split(",") if part.strip())


def close_coroutine(answer: Any) -> bool:
    """Whether a plugin's function is async and gave a coroutine. It is closed: nobody is going to wait for it."""
    found = isinstance(answer, CoroutineType)
    if found:
        answer.close()
    return found


def unusable(answer: Any, wanted: str) -> str:
    """Why what a plugin's function returned is no series of `wanted`, in words; an empty string where it is one."""
    if answer is None:
        return f"returned None; it must yield {wanted} or return a list of them, an empty one where there are none"
    if close_coroutine(answer) or hasattr(type(answer), "__aiter__") or hasattr(type(answer), "__await__"):
        return f"is async and returned {type(answer).__name__}; plugins are called without an event loop: make it a plain function that yields {wanted}"
    if isinstance(answer, str | bytes) or not hasattr(type(answer), "__iter__"):
        return f"returned {type(answer).__name__}, not {wanted}"
    return ""


def _first_party(entry: EntryPoint) -> bool:
    return normalized(entry.distribution).startswith(FIRST_PARTY)


def _info_class(kind: str) -> type[PluginInfo]:
    from dagogy.api import plugins

    return getattr(plugins, f"{kind.capitalize()}Info")  # type: ignore[no-any-return]
