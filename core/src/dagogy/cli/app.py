"""What the commands of one process share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import DagogyError, Locked, NotFound, StorageError
from dagogy.cli.streams import Streams
from dagogy.host.calls import Heard

if TYPE_CHECKING:
    from dagogy.host.manager import Host, Plugin
    from dagogy.pipeline.session import OpenRun, Session
    from dagogy.workspace.runs import Run
    from dagogy.workspace.settings import Settings

#: The built-in commands: module, and the line that the list of commands shows. Listing them imports none.
COMMANDS = {
    "init": ("init", "Make a new run, or restore one from an archive."),
    "run": ("run", "Compile: read, generate, validate, plan, iterate."),
    "read": ("read", "Show what would be read out of a document; makes no run."),
    "status": ("status", "Show where a run stands and which artifacts are current."),
    "next": ("status", "Show the next command for a run."),
    "validate": ("validate", "Check the curriculum against the rules; write the report."),
    "plan": ("plan", "Make the week plan of a validated curriculum."),
    "iterate": ("iterate", "Record what changed since the previous curriculum."),
    "diff": ("iterate", "Show what changed since the previous curriculum; writes nothing."),
    "why": ("why", "Tell on what evidence one concept comes before another."),
    "list": ("list_runs", "List the runs."),
    "archive": ("archive", "Pack a run into one .tar.gz."),
    "export": ("export", "Write a curriculum or plan in another tool's format."),
    "diagnose": ("diagnose", "Say which incident a failure is, on what evidence, and what to do."),
    "recover": ("recover", "Carry out what helps against a run's last failure, and run the failed command again."),
    "triage": ("triage", "Walk a run through status, validate, plan and iterate, and diagnose what fails."),
    "escalate": ("escalate", "Pack the evidence of a failure into one .tar.gz, without secrets."),
    "postmortem": ("postmortem", "Write the post-incident report: timeline, cause, prevention, actions."),
    "incidents": ("incidents", "List the incidents across all runs."),
    "explain": ("explain", "Explain a rule, another plugin or an error code."),
    "schema": ("schema", "Print the JSON Schema of an artifact."),
    "plugins": ("plugins", "List the plugins, or show one."),
    "doctor": ("doctor", "Check Python, plugins, runs dir and provider."),
    "config": ("config", "Show the effective settings, where each comes from, and what is ignored."),
    "trust": ("trust", "Let a configuration file choose programs, providers and where keys go."),
}


class App(Streams):
    """What the commands of one process share: settings, host and session, each made when first asked for."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__()
        self.arguments = arguments
        self.third_party = "--no-third-party" not in arguments
        self.debug = "--debug" in arguments
        self.flags: dict[str, Any] = {}
        #: Whether the work has begun: on a run that was opened, or on an archive. Until then only what was typed can be wrong.
        self.at_work = False
        #: The run that the command is about, as the user named it, and as it was opened.
        self.reference = ""
        self.opened: OpenRun | None = None
        #: The run that the command reads; it may be archived away meanwhile.
        self.found: Run | None = None
        #: The plugin whose command this is; None for a built-in one.
        self.plugin: Plugin | None = None
        #: What plugins print, and how they fail.
        self.heard = Heard()

    @cached_property
    def host(self) -> Host:
        from dagogy.host.manager import Host, Selection

        return Host(Selection.from_environment(os.environ, third_party=self.third_party), reserved={"command": frozenset(COMMANDS)})

    @cached_property
    def loaded_settings(self) -> Settings:
        """The settings as they were given. A failure record needs the runs dir, though another setting may be wrong."""
        from dagogy.workspace.settings import load_settings

        return load_settings(os.environ, self.flags, provider_keys=self.provider_settings)

    @cached_property
    def settings(self) -> Settings:
        """The settings, every one of them sound; `ConfigError` otherwise, whether this command needs the wrong one or not."""
        self.loaded_settings.check()
        return self.loaded_settings

    def provider_settings(self) -> dict[str, bool]:
        """The settings that providers declare, and whether they are sensitive: one that two declare is, if either says so."""
        declared: dict[str, bool] = {}
        for plugin in self.host.load("provider"):
            for setting in plugin.info.settings if plugin.info else ():
                declared[setting.name] = declared.get(setting.name, False) or setting.sensitive
        return declared

    @cached_property
    def session(self) -> Session:
        from dagogy.pipeline.session import Session

        return Session(self.settings, self.host, self.clean)

    def command_line(self) -> str:
        """What was typed, for the lock, the events log and whoever reads them later; so without secrets."""
        return str(self.clean(" ".join(["dagogy", *self.clean(self.arguments)])))

    def clean(self, value: Any, shapes: bool = True) -> Any:
        """A value without secrets. Of those that providers declare the ones of the chosen provider are known; no other one is imported for it.

        Without `shapes` only what is certain: no text that merely looks like a key, and no value that could be a word.
        """
        from dagogy.api.secrets import redacted

        secrets = self.secrets(load=False)
        return redacted(value, secrets if shapes else {name: secret for name, secret in secrets.items() if not secret.isalpha()}, shapes=shapes)

    def declared(self, load: bool = True) -> dict[str, bool]:
        """The variables that providers read, and whether they are secret; none when the providers cannot be asked.

        Without `load` those of the chosen provider and of those that are loaded already.
        """
        with contextlib.suppress(Exception):
            chosen, source = self.loaded_settings.raw("AGENT_PROVIDER", peek=True)
            self.host.load("provider", None if load else [str(chosen)] if source != "default" else [])
        with contextlib.suppress(Exception):
            return {s.name: s.secret for plugin in self.host.all("provider") if plugin.info for s in plugin.info.settings}
        return {}

    def secrets(self, load: bool = True) -> dict[str, str]:
        """What may not be shown, from the environment and the configuration file, by variable name."""
        from dagogy.api.secrets import secrets_of

        values: dict[str, str] = {}
        with contextlib.suppress(Exception):
            values = {key.upper(): value for key, value in self.settings.file.items() if isinstance(value, str)}
        names = [name for name, secret in self.declared(load).items() if secret]
        return secrets_of({**values, **os.environ}, names)

    @contextlib.contextmanager
    def reading(self, reference: str) -> Iterator[OpenRun]:
        """`Session.reading`, remembered for the failure record."""
        run = self.find(reference)
        self.record_lost(run)
        with self.session.reading(run.id) as opened:
            self.opened = opened
            self.at_work = True
            yield opened
        self.at_work = False  # the run was read without fault

    @contextlib.contextmanager
    def writing(self, reference: str, wait_seconds: float) -> Iterator[OpenRun]:
        """`Session.writing`, remembered for the failure record."""
        run = self.find(reference)
        self.record_lost(run)
        with self.session.writing(run.id, self.command_line(), wait_seconds, self.clean(self.arguments)) as opened:
            self.opened = opened
            self.at_work = True
            yield opened

    def find(self, reference: str) -> Run:
        """The run that is meant."""
        self.found = self.session.runs.find(reference)
        return self.found

    def record_lost(self, run: Run) -> None:
        """A command on the run that was killed, and so could report nothing, gets its failure record now."""
        from dagogy.workspace.events import unfinished
        from dagogy.workspace.stages import EVENTS

        if unfinished(run.path / EVENTS) is not None:
            from dagogy.incidents.record import record_lost

            with contextlib.suppress(Locked, NotFound, StorageError):  # it is at work still, or somebody else may find it
                record_lost(run, self.secrets(load=False), os.environ)

    def report_heard(self) -> None:
        """What plugins printed, on stderr: after the failure, whose line comes first there."""
        self.report(*(str(self.clean(line)) for line in self.heard.take()))

    def report_ignored(self) -> None:
        """After the result, or after the failure: the documents outside of the run that were read, files that do not count, and settings that this
        command asked for and a file that is not trusted sets."""
        session = self.__dict__.get("session")
        for path, run_id in session.read_outside.items() if session is not None else ():
            self.report(self.clean(f"read {path}, which context_pack.local_paths of {run_id} names"))
        with contextlib.suppress(DagogyError):
            settings = self.__dict__.get("loaded_settings")
            if settings is not None:
                self.report(*settings.notices)
