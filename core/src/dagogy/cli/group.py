"""The command group, and one command line run from the first word to the exit status."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module

import click

from dagogy import __version__
from dagogy.api.display import one_line
from dagogy.api.errors import DagogyError, InvalidArgument
from dagogy.cli.app import COMMANDS, App
from dagogy.cli.failures import report, typed
from dagogy.cli.streams import escape_what_cannot_be_shown, flush
from dagogy.host.calls import listening

_COMPLETE = "_DAGOGY_COMPLETE"


class LazyGroup(click.Group):
    """Finds a command's module by its name; commands of plugins come after the built-in ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        # a wrong DAGOGY_DISABLE must not end completion; a command will tell
        with contextlib.suppress(DagogyError):
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
            # its stdout is the command's own, for the programs that it starts as well
            os.dup2(sys.stdout.fileno(), 1)
        found: click.Command = implementation
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and self.get_command(ctx, name) is None:
            from dagogy.contracts.suggest import did_you_mean

            known = self.list_commands(ctx)
            raise InvalidArgument(
                f"there is no command '{name}'",
                hint=did_you_mean(name, known) or f"commands: {', '.join(known)}",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        plugins = sorted(_app(ctx).host.entries("command"), key=lambda e: e.id)
        if plugins:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(
                    [(one_line(e.id), one_line(f"from {e.distribution} {e.version}")) for e in plugins]
                )


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
    epilog=(
        "\b\nExample:\n  dagogy init my-course && dagogy run my-course --scope-file notes.md && dagogy "
        "status my-course"
    ),
)
@click.version_option(__version__, prog_name="dagogy", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
@click.option("--no-third-party", is_flag=True, expose_value=False, help="Use only dagogy's own plugins.")
def cli() -> None:
    """A curriculum compiler: topic spec or course documents in, validated DAG of
    concepts, week plan and diff out.
    """


def run(arguments: list[str]) -> int:
    """Runs one command line; returns its exit status and leaves no traceback behind."""
    app = App(arguments)
    with listening(app.heard):
        status = _run(app)
        with contextlib.suppress(DagogyError):
            app.report_heard()
        return status


def _run(app: App) -> int:
    if asked := os.environ.get(_COMPLETE):
        return _complete(app, asked)
    try:
        escape_what_cannot_be_shown()
        status = _invoke(app)
        flush()
        app.report_ignored()
        return status
    except (
        BaseException
    ) as error:  # a plugin may raise anything, and its `sys.exit(0)` must not pass for success
        failure = typed(app, error)
        return 0 if failure is None else report(app, failure)


def _complete(app: App, asked: str) -> int:
    """Tells a shell how the words that somebody is typing may go on. Where it cannot be told,
    whatever the shell put into the environment, nothing is: a message would come out in the middle of
    the line that is being typed."""
    from click.shell_completion import shell_complete

    try:
        return shell_complete(cli, {"obj": app}, "dagogy", _COMPLETE, asked)
    except Exception:
        return 1


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
