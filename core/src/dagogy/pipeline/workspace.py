"""A folder with runs, and the settings, plugins and secrets that every command on them shares. Nothing here
prints or ends the process.

What one call alone needs is imported where it is used: `list` and `status` read no document.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from dagogy.api.errors import ConfigError, DagogyError

if TYPE_CHECKING:
    from dagogy.host.manager import Host
    from dagogy.host.plugin import Plugin
    from dagogy.pipeline.session import OpenRun, Session
    from dagogy.workspace.runs import Run as RunFolder
    from dagogy.workspace.settings import Settings


class Watcher(Protocol):
    """Who wants to know what the work is on: the command line, for its failure records."""

    def run_found(self, run: RunFolder) -> None:
        """The run is there; it is about to be opened."""

    def run_opened(self, opened: OpenRun) -> None:
        """The run was opened; what fails from here on is a failure of the work on it."""

    def run_read(self) -> None:
        """The run was read without fault."""

    def run_removed(self) -> None:
        """The run is gone: it was made for this work, and nothing came of it."""


class BaseWorkspace:
    """The settings in effect, the plugins that are used, what is secret, and the way into a run; each is made
    when first asked for.
    """

    def __init__(
        self,
        flags: Mapping[str, Any] | None = None,
        *,
        host: Host | None = None,
        arguments: Sequence[str] = (),
        watcher: Watcher | None = None,
    ) -> None:
        """`arguments`: the command line, for the run's log; without one each call is logged as the command
        that does the same.
        """
        self._flags, self._host, self._arguments, self._watcher = flags or {}, host, arguments, watcher

    @cached_property
    def host(self) -> Host:
        from dagogy.host.manager import Host, Selection

        return self._host or Host(Selection.from_environment(os.environ, third_party=True))

    @cached_property
    def loaded_settings(self) -> Settings:
        """The settings as they were given. A failure record needs the runs dir, though
        another setting may be wrong.
        """
        from dagogy.workspace.settings import load_settings

        return load_settings(os.environ, self._flags, provider_keys=self.provider_settings)

    @cached_property
    def settings(self) -> Settings:
        """The settings, all of them valid; `ConfigError` otherwise, whether the
        wrong one is needed or not.
        """
        self.loaded_settings.check()
        return self.loaded_settings

    @cached_property
    def session(self) -> Session:
        from dagogy.pipeline.session import Session

        return Session(self.settings, self.host, self.clean)

    def provider_settings(self) -> dict[str, bool]:
        """The settings that providers declare, and whether they are sensitive: one that two
        declare is, if either says so.
        """
        declared: dict[str, bool] = {}
        for plugin in self.host.load("provider"):
            for setting in plugin.info.settings if plugin.info else ():
                declared[setting.name] = declared.get(setting.name, False) or setting.sensitive
        return declared

    def declared(self, load: bool = True) -> dict[str, bool]:
        """The variables that providers read, and whether they are secret; none when the
        providers cannot be asked.

        Without `load` those of the chosen provider and of those that are loaded already.
        """
        with contextlib.suppress(Exception):
            chosen, source = self.loaded_settings.raw("AGENT_PROVIDER", peek=True)
            self.host.load("provider", None if load else [str(chosen)] if source != "default" else [])
        with contextlib.suppress(Exception):
            return {
                s.name: s.secret
                for plugin in self.host.all("provider")
                if plugin.info
                for s in plugin.info.settings
            }
        return {}

    def secrets(self, load: bool = True) -> dict[str, str]:
        """What may not be shown, from the environment and the configuration file, by variable name."""
        from dagogy.api.secrets import secrets_of

        values: dict[str, str] = {}
        with contextlib.suppress(Exception):
            values = {
                key.upper(): value for key, value in self.settings.file.items() if isinstance(value, str)
            }
        names = [name for name, secret in self.declared(load).items() if secret]
        return secrets_of({**values, **os.environ}, names)

    def clean(self, value: Any, shapes: bool = True) -> Any:
        """A value without secrets. Of those that providers declare the ones of the chosen provider are known;
        no other one is imported for it.

        Without `shapes` only what is certain: no text that merely looks like a key, and no
        value that could be a word.
        """
        from dagogy.api.secrets import redacted

        secrets = self.secrets(load=False)
        return redacted(
            value,
            secrets if shapes else {name: secret for name, secret in secrets.items() if not secret.isalpha()},
            shapes=shapes,
        )

    @property
    def notices(self) -> list[str]:
        """What the user should know: the documents outside of the run that were read, files that do not
        count, settings that were asked for and that a file sets which is not trusted, and rules that were
        named by former ids."""
        session = self.__dict__.get("session")
        lines = [
            self.clean(f"read {path}, which context_pack.local_paths of {run_id} names")
            for path, run_id in (session.read_outside.items() if session is not None else ())
        ]
        with contextlib.suppress(DagogyError):
            settings = self.__dict__.get("loaded_settings")
            lines += settings.notices if settings is not None else []
        host = self.__dict__.get("host", self._host)
        return lines + [self.clean(note) for note in (host.notes if host is not None else ())]

    def template(self) -> bytes:
        """The topic spec that a new run starts from: the file of ORCHESTRATION_TEMPLATE_FILE, or the one in
        the package. Raises `ConfigError`.
        """
        path = self.settings.path_of("ORCHESTRATION_TEMPLATE_FILE")
        if path is None:
            from importlib.resources import files

            return files("dagogy.workspace").joinpath("topic_spec.template.json").read_bytes()
        if not path.is_file():
            raise ConfigError(
                f"ORCHESTRATION_TEMPLATE_FILE is '{path}', and there is no such file",
                hint="unset it to use the built-in template",
            )
        from dagogy.workspace.files import read_bytes

        return read_bytes(path)

    def check_provider(self) -> None:
        """Raises `ConfigError` where the provider that the flags name is not installed: no run is at fault
        then, and none is to be opened for it.
        """
        if chosen := self._flags.get("AGENT_PROVIDER"):
            self.session.provider_plugin(chosen)

    def exporter(
        self, format_id: str, subjects: Sequence[str] = ("curriculum", "plan", "run"), own: Sequence[str] = ()
    ) -> Plugin:
        """The exporter `format_id`, which must be one for `subjects`; `own` are formats that need none.
        Raises `InvalidArgument` or `PluginError`.
        """
        from dagogy.pipeline.exports import find_exporter

        return find_exporter(self.host, format_id, subjects, own)

    @contextlib.contextmanager
    def reading(self, run: RunFolder) -> Iterator[OpenRun]:
        """`Session.reading`, which the watcher hears of."""
        self.announce(run)
        with self.session.reading(run.id) as opened:
            self._opened(opened)
            yield opened
        if self._watcher is not None:
            self._watcher.run_read()

    @contextlib.contextmanager
    def writing(self, run: RunFolder, words: Sequence[str], wait_seconds: float = 0.0) -> Iterator[OpenRun]:
        """`Session.writing`, which the watcher hears of. `words`: the command that does the same, where no
        command line was given.
        """
        words = self.words(*words)
        self.announce(run)
        with self.session.writing(run.id, self.command_line(words), wait_seconds, words) as opened:
            self._opened(opened)
            yield opened

    def words(self, *words: str) -> list[str]:
        """The command line that was given, or else `words`; without secrets."""
        return list(self.clean(list(self._arguments or words)))

    def command_line(self, words: Sequence[str]) -> str:
        """A command for the lock, the events log and whoever reads them later; so without secrets."""
        return str(self.clean(" ".join(["dagogy", *words])))

    def announce(self, run: RunFolder) -> None:
        """Lets the watcher know which run the work is on."""
        if self._watcher is not None:
            self._watcher.run_found(run)

    def withdraw(self) -> None:
        """Lets the watcher know that the run is no more."""
        if self._watcher is not None:
            self._watcher.run_removed()

    def _opened(self, opened: OpenRun) -> None:
        if self._watcher is not None:
            self._watcher.run_opened(opened)
