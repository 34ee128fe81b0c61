"""The command group, and the one place where failures become text and an exit status."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dagogy import __version__
from dagogy.api.errors import DagogyError, InternalError, Interrupted, InvalidArgument, StorageError

if TYPE_CHECKING:
    from dagogy.host.manager import Host
    from dagogy.pipeline.session import OpenRun, Session
    from dagogy.workspace.settings import Settings

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
    "list": ("list_runs", "List the runs."),
    "archive": ("archive", "Pack a run into one .tar.gz."),
    "export": ("export", "Write a curriculum or plan in another tool's format."),
    "explain": ("explain", "Explain a rule, another plugin or an error code."),
    "schema": ("schema", "Print the JSON Schema of an artifact."),
    "plugins": ("plugins", "List the plugins, or show one."),
    "doctor": ("doctor", "Check Python, plugins, runs dir and provider."),
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
        self.opened: OpenRun | None = None

    @cached_property
    def host(self) -> Host:
        from dagogy.host.manager import Host, Selection

        return Host(Selection.from_environment(os.environ, third_party=self.third_party), reserved={"command": frozenset(COMMANDS)})

    @cached_property
    def settings(self) -> Settings:
        from dagogy.workspace.settings import load_settings

        return load_settings(os.environ, self.flags, provider_keys=self._provider_keys)

    def _provider_keys(self) -> list[str]:
        return [setting.name for plugin in self.host.load("provider") if plugin.info for setting in plugin.info.settings]

    @cached_property
    def session(self) -> Session:
        from dagogy.pipeline.session import Session

        return Session(self.settings, self.host)

    def command_line(self) -> str:
        return " ".join(["dagogy", *self.arguments])

    @contextlib.contextmanager
    def reading(self, reference: str) -> Iterator[OpenRun]:
        """`Session.reading`, remembered for the failure record."""
        with self.session.reading(reference) as opened:
            self.opened = opened
            yield opened

    @contextlib.contextmanager
    def writing(self, reference: str, wait_seconds: float) -> Iterator[OpenRun]:
        """`Session.writing`, remembered for the failure record."""
        with self.session.writing(reference, self.command_line(), wait_seconds) as opened:
            self.opened = opened
            yield opened

    def emit(self, document: Any, *lines: str) -> None:
        """The result: `document` as JSON with `--json`, else `lines` of text."""
        self.emitted = True
        if self.json:
            self.write(json.dumps(document, indent=2, ensure_ascii=False, default=str))
        else:
            for line in lines:
                self.write(line)

    def write(self, text: str) -> None:
        """One line (or many) on stdout. A stdout that was closed before we started takes nothing."""
        self.emitted = True
        if sys.stdout is not None:
            sys.stdout.write(text + "\n")

    def note(self, text: str) -> None:
        """A line for people, on stderr; none with `--json`."""
        if not self.json and sys.stderr is not None:
            sys.stderr.write(text + "\n")


class LazyGroup(click.Group):
    """Finds a command's module by its name; commands of plugins come after the built-in ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        app = _app(ctx)
        return [*COMMANDS, *sorted(entry.id for entry in app.host.entries("command"))]

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
        if not isinstance(implementation, click.Command):
            plugin.fail(f"{plugin.info.impl} is not a click.Command")
            raise plugin.error()
        return implementation

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
                formatter.write_dl([(e.id, f"from {e.distribution} {e.version}") for e in plugins])


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
    epilog="Example:  dagogy init my-course && dagogy run my-course --scope-file notes.md && dagogy status my-course",
)
@click.version_option(__version__, prog_name="dagogy", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
@click.option("--no-third-party", is_flag=True, expose_value=False, help="Use only dagogy's own plugins.")
def cli() -> None:
    """A curriculum compiler: topic spec or Markdown scope in, validated DAG of concepts, week plan and diff out."""


def run(arguments: list[str]) -> int:
    """Runs one command line; returns its exit status and leaves no traceback behind."""
    # A command is short and keeps what it builds: the cyclic collector would only walk over it again and again.
    gc.disable()
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGTERM, _stop)
    app = App(arguments)
    try:
        status = _invoke(app)
        _flush()
        return status
    except BrokenPipeError:
        _abandon_stdout()
        return 0
    except DagogyError as error:
        return _report(app, error)
    except (KeyboardInterrupt, click.Abort) as error:
        return _report(app, _caused(Interrupted("stopped by a signal; what was written is whole", hint="run the same command again to go on"), error))
    except OSError as error:
        from dagogy.workspace.files import storage_error

        return _report(app, _caused(storage_error("use", error.filename or "standard output", error), error))
    except MemoryError as error:
        return _report(app, _caused(StorageError("out of memory", hint="a smaller document, or a machine with more"), error))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        return _report(app, _caused(InternalError(f"a bug in dagogy: {told}", hint="run again with --debug and report what it shows"), error))


def _caused(error: DagogyError, cause: BaseException) -> DagogyError:
    error.__cause__ = cause
    return error


def _stop(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _invoke(app: App) -> int:
    try:
        result = cli.main(args=app.arguments or ["--help"], prog_name="dagogy", standalone_mode=False, obj=app)
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
        sys.stdout.flush()


def _abandon_stdout() -> None:
    """The reader of our output is gone: nothing more is written, and nothing is said at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _report(app: App, error: DagogyError) -> int:
    """`[code] message` first, then the way out; a record in the run; with `--json` the failure as a document."""
    from dagogy.incidents.redact import redacted, secrets_of

    secrets = secrets_of(os.environ)
    lines = [redacted(f"[{error.code}] {error.message}", secrets)]
    if error.hint:
        lines.append(redacted(f"hint: {error.hint}", secrets))
    if app.opened is not None:
        from dagogy.incidents.record import write_failure

        record = write_failure(app.opened.run.path, error, ["dagogy", *app.arguments], os.environ, app.opened.state.stage)
        if record is not None:
            lines.append(f"record: {record}")
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write("\n".join(lines) + "\n")
            if app.debug:
                import traceback

                text = "".join(traceback.format_exception(error))
                sys.stderr.write(redacted(text, secrets))
            sys.stderr.flush()
    try:
        if (app.json or "--json" in app.arguments) and not app.emitted:
            app.write(json.dumps({"error": redacted(error.as_dict(), secrets)}, indent=2, ensure_ascii=False, default=str))
        _flush()
    except (OSError, ValueError):
        _abandon_stdout()
    return error.exit_status
