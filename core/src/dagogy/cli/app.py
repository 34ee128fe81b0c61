"""What the commands of one process share."""

from __future__ import annotations

import contextlib
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import Locked, NotFound, StorageError
from dagogy.cli.streams import Streams
from dagogy.host.calls import Heard

if TYPE_CHECKING:
    from dagogy.api.runs import Run, Workspace
    from dagogy.host.manager import Host
    from dagogy.host.plugin import Plugin
    from dagogy.pipeline.session import OpenRun, Session
    from dagogy.workspace.runs import Run as RunFolder
    from dagogy.workspace.settings import Settings

#: The built-in commands: module, and the line that the list of commands shows. Listing them imports none.
COMMANDS = {
    "init": ("init", "Make a new run, or restore one from an archive."),
    "run": ("run", "Compile: read, generate, validate, plan, iterate."),
    "read": ("read", "Show what would be read out of a document; makes no run."),
    "status": ("status", "Show where a run stands and which artifacts are current."),
    "next": ("status", "Show the next command for a run."),
    "validate": ("validate", "Check the curriculum against the rules; write the report."),
    "check": ("validate", "Check a curriculum file that is in no run."),
    "plan": ("plan", "Make the week plan of a validated curriculum."),
    "iterate": ("iterate", "Record what changed since the previous curriculum."),
    "diff": ("iterate", "Show what changed since the previous curriculum; writes nothing."),
    "show": ("show", "Show the curriculum as a tree, or one concept in full."),
    "gaps": ("gaps", "List what of the curriculum needs an author."),
    "edit": ("edit", "Edit the curriculum as one Markdown page; what is edited is kept."),
    "fill": ("fill", "Have a language model fill the gaps of the curriculum."),
    "calls": ("calls", "List what was asked of a model, and what it cost."),
    "why": ("why", "Tell on what evidence one concept comes before another."),
    "known": ("learn", "Note what a learner knows."),
    "ready": ("learn", "List what a learner can study next."),
    "path": ("learn", "Show the least that leads to a concept."),
    "list": ("list_runs", "List the runs."),
    "archive": ("archive", "Pack a run into one .tar.gz."),
    "export": ("export", "Write a curriculum or plan in another tool's format."),
    "diagnose": ("diagnose", "Say which incident a failure is, on what evidence, and what to do."),
    "recover": (
        "recover",
        "Carry out what helps against a run's last failure, and run the failed command again.",
    ),
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
    """What one command line has: its words, its streams, and the workspace, made when first asked for. It
    hears which run the work is on.
    """

    def __init__(self, arguments: list[str]) -> None:
        super().__init__()
        self.arguments = arguments
        self.third_party = "--no-third-party" not in arguments
        self.debug = "--debug" in arguments
        self.flags: dict[str, Any] = {}
        #: Whether the work has begun: on a run that was opened, or on an archive. Until then only what was
        #: typed can be wrong.
        self.at_work = False
        #: The run that the command is about, as the user named it, and as it was opened.
        self.reference = ""
        self.opened: OpenRun | None = None
        #: The run that the command reads; it may be archived away meanwhile.
        self.found: RunFolder | None = None
        #: What was taken for what on the command line; said at the end, since a failure comes first.
        self.remarks: list[str] = []
        #: The plugin whose command this is; None for a built-in one.
        self.plugin: Plugin | None = None
        #: What plugins print, and how they fail.
        self.heard = Heard()

    @cached_property
    def host(self) -> Host:
        from dagogy.host.manager import Host, Selection

        return Host(
            Selection.from_environment(os.environ, third_party=self.third_party),
            reserved={"command": frozenset(COMMANDS)},
        )

    @cached_property
    def workspace(self) -> Workspace:
        from dagogy.api.runs import Workspace

        return Workspace(self.flags, host=self.host, arguments=self.arguments, watcher=self)

    @property
    def loaded_settings(self) -> Settings:
        return self.workspace.loaded_settings

    @property
    def settings(self) -> Settings:
        return self.workspace.settings

    @property
    def session(self) -> Session:
        return self.workspace.session

    def command_line(self) -> str:
        """What was typed, for the lock, the events log and whoever reads them later; so without secrets."""
        return self.workspace.command_line(self.workspace.words())

    def open(self, reference: str, wait_seconds: float = 0.0) -> Run:
        """The run that is meant, which is looked for once it is needed."""
        from dagogy.api.runs import Run

        return Run(self.workspace, reference, wait_seconds)

    def run_found(self, run: RunFolder) -> None:
        """Remembers the run for the failure record, and records what a killed command could not."""
        self.found = run
        self.record_lost(run)

    def run_opened(self, opened: OpenRun) -> None:
        self.opened, self.at_work = opened, True

    def run_read(self) -> None:
        self.at_work = False

    def run_removed(self) -> None:
        self.found, self.opened, self.at_work, self.reference = None, None, False, ""
        self.remarks.clear()

    def find(self, reference: str) -> RunFolder:
        """The run that is meant."""
        self.found = self.session.runs.find(reference)
        return self.found

    def record_lost(self, run: RunFolder) -> None:
        """A command on the run that was killed, and so could report nothing, gets its failure record now."""
        from dagogy.workspace.events import unfinished
        from dagogy.workspace.stages import EVENTS

        if unfinished(run.path / EVENTS) is not None:
            from dagogy.incidents.record import record_lost

            # it is at work still, or somebody else may find it
            with contextlib.suppress(Locked, NotFound, StorageError):
                record_lost(run, self.workspace.secrets(load=False), os.environ)

    def report_heard(self) -> None:
        """What plugins printed, on stderr: after the failure, whose line comes first there."""
        self.report(*(str(self.workspace.clean(line)) for line in self.heard.take()))

    def report_ignored(self) -> None:
        """After the result, or after the failure: what the user should know of files
        that were read or ignored, and of what was taken for what.
        """
        self.report(*self.remarks)
        made = self.__dict__
        if "workspace" in made or ("host" in made and self.host.notes):
            self.report(*self.workspace.notices)
