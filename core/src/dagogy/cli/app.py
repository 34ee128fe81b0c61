"""The command group, and the one place where failures become text and an exit status."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import click

from dagogy import __version__
from dagogy.api.display import json_text, one_line, printed, visible_export
from dagogy.api.errors import ConfigError, DagogyError, InternalError, Interrupted, InvalidArgument, Locked, NotFound, PluginError, ProviderError, StorageError
from dagogy.host.calls import Heard, listening, own_stdout

if TYPE_CHECKING:
    from pathlib import Path

    from dagogy.host.manager import Host, Plugin
    from dagogy.incidents.diagnose import Verdict
    from dagogy.incidents.record import Circumstances
    from dagogy.pipeline.session import OpenRun, Session
    from dagogy.workspace.runs import Run
    from dagogy.workspace.settings import Settings

#: How long a failing command may take to record its failure, and then to find out which incident it is.
_RECORD_SECONDS = 5.0
_DIAGNOSIS_SECONDS = 3.0

#: The built-in commands: module, and the line that the list of commands shows. Listing them imports none.
COMMANDS = {
    "init": ("init", "Make a new run, or restore one from an archive."),
    "run": ("run", "Compile: read, generate, validate, plan, iterate."),
    "status": ("status", "Show where a run stands and which artifacts are current."),
    "next": ("status", "Show the next command for a run."),
    "validate": ("validate", "Judge the curriculum by the rules; write the report."),
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


class App:
    """What the commands of one process share: settings, host and session, each made when first asked for."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments
        self.third_party = "--no-third-party" not in arguments
        self.json = False
        self.debug = "--debug" in arguments
        self.flags: dict[str, Any] = {}
        self.emitted = False
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
        with self.session.reading(self.find(reference).id) as opened:
            self.opened = opened
            self.at_work = True
            yield opened
        self.at_work = False  # the run was read without fault

    @contextlib.contextmanager
    def writing(self, reference: str, wait_seconds: float) -> Iterator[OpenRun]:
        """`Session.writing`, remembered for the failure record."""
        with self.session.writing(self.find(reference).id, self.command_line(), wait_seconds, self.clean(self.arguments)) as opened:
            self.opened = opened
            self.at_work = True
            yield opened

    def find(self, reference: str) -> Run:
        """The run that is meant. A command on it that was killed, and so could tell nobody, gets its failure record now."""
        from dagogy.workspace.events import unfinished
        from dagogy.workspace.stages import EVENTS

        run = self.found = self.session.runs.find(reference)
        if unfinished(run.path / EVENTS) is not None:
            from dagogy.incidents.record import record_lost

            with contextlib.suppress(Locked, NotFound, StorageError):  # it is at work still, or somebody else may find it
                record_lost(run, self.secrets(load=False), os.environ)
        return run

    def emit(self, document: Any, *lines: str) -> None:
        """The result: `document` as JSON with `--json`, else `lines` of text, each of them one line."""
        if self.json:
            self.emit_json(document)
        else:
            for line in lines:
                self.write(line)

    def emit_json(self, document: Any) -> None:
        """`document` on stdout. JSON is UTF-8; where stdout is not, in ASCII, which is the same JSON in any encoding."""
        stdout = own_stdout()
        encoding = (getattr(stdout, "encoding", None) or "").lower().replace("-", "").replace("_", "")
        self._put(json_text(document, ascii_only=encoding != "utf8"))

    def write(self, line: str, *, styled: str = "") -> None:
        """One line on stdout; see `dagogy.api.display` for what becomes of characters that are no text.

        `styled`: what stands before it as it is, colours included; nothing from elsewhere may be in it.
        """
        self._put(styled + printed(one_line(line)))

    def write_export(self, text: str, media_type: str) -> None:
        """What an exporter made, on stdout: workflow commands are its business, a terminal's are not."""
        self._put(visible_export(text.removesuffix("\n"), media_type))

    def _put(self, text: str) -> None:
        """Safe lines on stdout. A stdout that was closed takes nothing, and the command goes on to its own end."""
        stdout = own_stdout()
        if stdout is not None:
            try:
                stdout.write(text + "\n")
            except BrokenPipeError:
                _abandon(stdout)
        # Only now: who is interrupted before it still owes an answer.
        self.emitted = True

    def tell_heard(self) -> None:
        """What plugins printed, on stderr: after the failure, whose line comes first there."""
        self.tell(*(str(self.clean(line)) for line in self.heard.take()))

    def note(self, *lines: str) -> None:
        """Lines for people, on stderr; none with `--json`."""
        if not self.json:
            self.tell(*lines)

    def tell_ignored(self) -> None:
        """After the result, or after the failure: the documents outside of the run that were read, files that do not count, and settings that this
        command asked for and a file that is not trusted sets."""
        session = self.__dict__.get("session")
        for path, run_id in session.read_outside.items() if session is not None else ():
            self.tell(self.clean(f"read {path}, which context_pack.local_paths of {run_id} names"))
        with contextlib.suppress(DagogyError):
            settings = self.__dict__.get("loaded_settings")
            if settings is not None:
                self.tell(*settings.notices)

    def tell(self, *lines: str) -> None:
        """Lines on stderr. That nobody can read them is no reason to stop."""
        if sys.stderr is not None:
            try:
                sys.stderr.write("".join(printed(one_line(line)) + "\n" for line in lines))
                sys.stderr.flush()
            except (OSError, ValueError):
                _abandon(sys.stderr)


class LazyGroup(click.Group):
    """Finds a command's module by its name; commands of plugins come after the built-in ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        with contextlib.suppress(DagogyError):  # a wrong DAGOGY_DISABLE must not end completion; a command will tell
            return [*COMMANDS, *sorted(entry.id for entry in _app(ctx).host.entries("command"))]
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = import_module(f"dagogy.cli.commands.{COMMANDS[cmd_name][0]}")
            command: click.Command = module.COMMANDS[cmd_name]
            return command
        app = _app(ctx)
        if cmd_name not in {p.id for p in app.host.all("command")}:
            return None
        plugin = app.host.get("command", cmd_name)
        implementation = app.host.implementation(plugin)
        app.plugin = plugin
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(sys.stdout.fileno(), 1)  # its stdout is the command's own, for the programs that it starts as well
        found: click.Command = implementation
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and self.get_command(ctx, name) is None:
            from dagogy.contracts.suggest import did_you_mean

            known = self.list_commands(ctx)
            raise InvalidArgument(f"there is no command '{name}'", hint=did_you_mean(name, known) or f"commands: {', '.join(known)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        plugins = sorted(_app(ctx).host.entries("command"), key=lambda e: e.id)
        if plugins:
            with formatter.section("Commands of plugins"):
                formatter.write_dl([(one_line(e.id), one_line(f"from {e.distribution} {e.version}")) for e in plugins])


def _app(ctx: click.Context) -> App:
    """The app of this command; during shell completion nobody made one yet."""
    root = ctx.find_root()
    if root.obj is None:
        root.obj = App([])
    app: App = root.obj
    return app


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="\b\nExample:\n  dagogy init my-course && dagogy run my-course --scope-file notes.md && dagogy status my-course",
)
@click.version_option(__version__, prog_name="dagogy", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
@click.option("--no-third-party", is_flag=True, expose_value=False, help="Use only dagogy's own plugins.")
def cli() -> None:
    """A curriculum compiler: topic spec or course documents in, validated DAG of concepts, week plan and diff out."""


def run(arguments: list[str]) -> int:
    """Runs one command line; returns its exit status and leaves no traceback behind."""
    app = App(arguments)
    with listening(app.heard):
        status = _run(app)
        with contextlib.suppress(DagogyError):
            app.tell_heard()
        return status


def _run(app: App) -> int:
    arguments = app.arguments
    if "_DAGOGY_COMPLETE" in os.environ:
        cli.main(args=arguments, prog_name="dagogy", obj=app)
    try:
        _escape_what_cannot_be_shown()
        status = _invoke(app)
        _flush()
        app.tell_ignored()
        return status
    except BaseException as error:  # a plugin may raise anything, and its `sys.exit(0)` must not pass for success
        failure = typed(app, error)
        return 0 if failure is None else _report(app, failure)


def typed(app: App, error: BaseException) -> DagogyError | None:
    """The failure that an exception means; None when only whoever read our stdout went away."""
    failure: DagogyError
    if app.found is not None and not app.found.is_there() and not isinstance(error, KeyboardInterrupt | click.Abort | Interrupted):
        from dagogy.workspace.runs import gone

        # Whichever file of the run was missed first, and whatever came of it.
        failure = gone(app.found.path)
    elif _ran_out_of_memory(error):
        # Whoever's code it was: that is no defect to be reported to its author.
        where = "".join(f" {note}" for note in getattr(error, "__notes__", ())[:1])
        if isinstance(error, PluginError):
            where = f" ({error.details.get('kind')} '{error.details.get('plugin')}')"
        failure = StorageError(f"out of memory{where}", hint="a smaller document, or a machine with more")
    elif isinstance(error, DagogyError):
        return error
    elif isinstance(error, KeyboardInterrupt | click.Abort):
        failure = Interrupted("stopped by a signal; what was written is whole", hint="run the same command again to go on")
    elif isinstance(error, OSError):
        if isinstance(error, BrokenPipeError) and _stdout_is_gone():
            return None
        from dagogy.workspace.files import storage_error

        failure = storage_error("use", error.filename or "standard output", error)
    else:
        failure = _unexpected(app, error)
    failure.__cause__ = error
    return failure


def _ran_out_of_memory(error: BaseException) -> bool:
    """Whether a `MemoryError` is anywhere in what led to a crash. A failure that we foresaw says itself what it is."""
    if isinstance(error, DagogyError) and not isinstance(error, PluginError | InternalError):
        return False
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, MemoryError):
            return True
        seen.add(id(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return False


def _unexpected(app: App, error: BaseException) -> DagogyError:
    """Whose fault it is: that of the plugin whose command was running, or our own."""
    if app.plugin is None:
        told = f"{type(error).__name__}: {error}".rstrip(": ")
        return InternalError(f"a bug in dagogy: {told}", hint="run again with --debug and report what it shows")
    app.plugin.fail(f"it raised {app.plugin.account(error)}")
    return app.plugin.error()


def _escape_what_cannot_be_shown() -> None:
    """A title that the terminal's encoding does not have is shown in escapes; it is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _invoke(app: App) -> int:
    try:
        # Not `cli.main`: it writes to stderr when interrupted, and ends the process when a pipe breaks.
        with cli.make_context("dagogy", app.arguments[:] or ["--help"], obj=app) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        usage = error.ctx.command_path if error.ctx else "dagogy"
        raise InvalidArgument(error.format_message(), hint=f"'{usage} --help' shows how it is used") from None
    except click.ClickException as error:
        raise InvalidArgument(error.format_message()) from None
    return result if isinstance(result, int) else 0


def _flush() -> None:
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _abandon(sys.stdout)


def _stdout_is_gone() -> bool:
    """Whether a broken pipe is our own stdout's, and not, say, that of a program which a provider started."""
    import select

    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
        gone = any(events & select.POLLERR for _, events in poll.poll(0))
    except (OSError, ValueError, AttributeError):
        return False
    if gone:
        _abandon(sys.stdout)
    return gone


def _abandon(stream: TextIO) -> None:
    """Nobody reads this stream any more: what is still to be written goes nowhere, and nothing is said at exit."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Holds off the signals that stop a command, so that it can say that it failed."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = []
    with contextlib.suppress(ValueError):  # signals are the main thread's
        before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


def _report(app: App, error: DagogyError) -> int:
    """`[code] message` first, then the way out; a record; with `--json` the failure as a document; last, which incident it is."""
    with _undisturbed():
        from dagogy.api.secrets import redacted

        secrets = _secrets(app)
        app.tell(redacted(f"[{error.code}] {error.message}", secrets), *([redacted(f"hint: {error.hint}", secrets)] if error.hint else []))
        app.tell_ignored()
        app.tell_heard()
        recorded = None if is_typo(app, error) else _record(app, error, secrets)
        lines = [f"record: {recorded.path}"] if recorded is not None and recorded.path is not None else []
        if app.debug:
            import traceback

            for each in (error, *_other_faults(app, error)):
                lines += str(redacted("".join(traceback.format_exception(each)), secrets)).rstrip("\n").split("\n")
        app.tell(*lines)
        if (app.json or "--json" in app.arguments) and not app.emitted:
            with contextlib.suppress(OSError):
                app.emit_json({"error": redacted(error.as_dict(), secrets)})
        if sys.stdout is not None:
            try:
                sys.stdout.flush()
            except (OSError, ValueError):
                _abandon(sys.stdout)
        if recorded is not None:
            app.tell_heard()  # what classifiers printed: the incident is the last line
            app.tell(redacted(recorded.line, secrets))
    return error.exit_status


def _other_faults(app: App, error: DagogyError) -> list[BaseException]:
    """What plugins raised that is not in the chain of the failure: a validation tells of a rule that could not run, and is not caused by it."""
    chain: list[BaseException | None] = [error]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    return [fault for fault in app.heard.faults if fault not in chain]


def is_typo(app: App, error: DagogyError) -> bool:
    """Whether it is what was typed that is wrong: a word, an option, a name of something that is not there. Nothing is recorded then.

    What a command meets once it works on a run or an archive is a failure of it, and so is a setting that nobody typed just now.
    """
    if isinstance(error, ConfigError):
        return not app.at_work and error.details.get("source") == "flag"
    return not app.at_work and isinstance(error, InvalidArgument | NotFound)


class Recorded(NamedTuple):
    """A failure that was recorded: the record, where it is, the incident, and the line that a failing command ends with."""

    document: dict[str, Any]
    path: Path | None
    verdict: Verdict
    line: str


def record_failure(app: App, error: DagogyError) -> Recorded:
    """Records a failure that the command does not end with, as one is recorded that it does end with."""
    with _undisturbed():
        return _record(app, error, _secrets(app))


def _secrets(app: App) -> dict[str, str]:
    from dagogy.api.secrets import secrets_of
    from dagogy.incidents.budget import within

    secrets = secrets_of(os.environ)
    within(_DIAGNOSIS_SECONDS, lambda: secrets.update(app.secrets()))
    return secrets


def _record(app: App, error: DagogyError, secrets: Mapping[str, str]) -> Recorded:
    """The record goes into the run that the command was about, else into the runs dir if there is one; then it is diagnosed.

    Nothing that a classifier does can take longer or break it. The run's log tells of it, and the circuit breaker of whoever was asked opens.
    """
    from dagogy.incidents.brief import last_line
    from dagogy.incidents.budget import within
    from dagogy.incidents.diagnose import Verdict, diagnose
    from dagogy.incidents.intake import from_record
    from dagogy.incidents.record import FAILURES_WITHOUT_RUN, failure_document, write_failure
    from dagogy.workspace.stages import FAILURES

    document: dict[str, Any] = {**error.as_dict(), "command": ["dagogy", *app.arguments]}
    path: Path | None = None
    verdict = Verdict("unknown", reason="it could not be diagnosed")
    line = ""

    def written() -> None:
        nonlocal document, path
        at = _circumstances(app, error)
        folder = at.run / FAILURES if at.run else app.settings.runs_dir / FAILURES_WITHOUT_RUN
        document = failure_document(error, ["dagogy", *app.arguments], os.environ, at, secrets)
        if at.run:
            from dagogy.workspace.provenance import sealed

            document = sealed(document, at.run, os.environ)
        path = write_failure(folder, document)

    def diagnosed() -> None:
        nonlocal verdict, line
        verdict = diagnose(app.host, from_record(document, str(path or "this command")))
        line = last_line(app.host, verdict, document, str(path or ""))

    within(_RECORD_SECONDS, written)
    if not within(_DIAGNOSIS_SECONDS, diagnosed):
        verdict = Verdict("unknown", reason="it could not be diagnosed")
        line = last_line(None, verdict, document, str(path or ""))
    with contextlib.suppress(Exception):
        _note(app, verdict, document, path)
    return Recorded(document, path, verdict, line)


def _note(app: App, verdict: Verdict, document: Mapping[str, Any], path: Path | None) -> None:
    """The failure in the run's log, and in the circuit breaker of whoever was asked."""
    from dagogy.incidents.tripping import trip
    from dagogy.workspace.circuits import Breakers

    run = app.opened.run if app.opened is not None else app.session.runs.find(app.reference) if app.reference else None
    asked, told = app.session.asked, trip(verdict, document["details"]) if document["code"] == ProviderError.code else None
    if asked is not None and told is not None and asked.endpoint:
        Breakers(app.session.runs.base).open(asked, verdict.incident_id, told.seconds, told=told.told)
    if path is not None and run is not None:
        facts = {"code": document["code"], "message": document["message"], "incident": verdict.incident_id, "record": path.name}
        run.event("command_failed", command=app.command_line(), pid=os.getpid(), **facts)


def _circumstances(app: App, error: DagogyError) -> Circumstances:
    from dagogy.incidents.record import Circumstances

    run, stage, provider, endpoint, model, folder = None, "", "", "", "", ""
    plugins: dict[str, str] = {}
    if app.opened is not None:
        run, stage = app.opened.run.path, app.opened.state.stage
    elif app.reference:
        # It did not come so far as to open the run: locked, invalid metadata, a setting that cannot be parsed.
        with contextlib.suppress(Exception):
            from dagogy.workspace.runs import Runs

            found = Runs(app.loaded_settings.runs_dir).find(app.reference)
            run = found.path
            stage = found.metadata()[1].stage
    with contextlib.suppress(Exception):
        provider = str(app.loaded_settings.get("AGENT_PROVIDER", peek=True))
        model = str(app.loaded_settings.get("AGENT_MODEL", peek=True))
    with contextlib.suppress(Exception):
        if app.session.asked is not None:
            provider, endpoint, model, _ = app.session.asked
        endpoint = str(error.details.get("endpoint") or endpoint)
    with contextlib.suppress(Exception):
        folder = str(app.loaded_settings.folder)
        plugins = {p.entry.distribution: p.entry.version for p in app.host.all()}
    return Circumstances(run, stage, provider, endpoint, model, folder, app.declared(), dict(sorted(plugins.items())))
