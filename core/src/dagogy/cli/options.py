"""Options and arguments that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from dagogy.cli.app import App


def _json(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.find_root().obj.json = value


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """What every command has: `--json`, `--debug`, `--no-third-party`. The latter two are read before a
    command is found.
    """
    for option in (
        click.option(
            "--no-third-party", is_flag=True, expose_value=False, help="Use only dagogy's own plugins."
        ),
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure."),
        click.option(
            "--json",
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_json,
            help="One JSON document on stdout.",
        ),
    ):
        function = option(function)
    return click.pass_obj(function)


def _complete_runs(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from dagogy.api.errors import DagogyError

    try:
        ids = App([]).session.runs.ids()
    except DagogyError:
        return []
    slugs = [i.split("-", 2)[2] for i in ids if i.count("-") >= 2]
    unique = [s for s in slugs if slugs.count(s) == 1]
    return [
        CompletionItem(name) for name in ("latest", *reversed(ids), *unique) if name.startswith(incomplete)
    ]


def complete_runs_and_files(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the runs, and leaves files to the shell."""
    return [*_complete_runs(ctx, parameter, incomplete), CompletionItem(incomplete, type="file")]


def about_run(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Remembers which run the command is about: however it fails, that run gets the failure record."""
    ctx.find_root().obj.reference = value
    return value


def _about_latest(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
    app = ctx.find_root().obj
    if value is None:
        app.remarks.append("no RUN was given: this is the latest")
    return about_run(ctx, parameter, value if value is not None else "latest")


#: For commands that write nothing.
run_or_latest = click.argument(
    "reference", metavar="[RUN]", required=False, shell_complete=_complete_runs, callback=_about_latest
)
run_argument = click.argument("reference", metavar="RUN", shell_complete=_complete_runs, callback=about_run)


def complete_plugins(*kinds: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Completes ids of installed plugins of the given kinds, without importing any."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from dagogy.api.errors import DagogyError

        try:
            host = App([]).host
        except DagogyError:
            return []
        return [
            CompletionItem(entry.id)
            for kind in kinds
            for entry in host.entries(kind)
            if entry.id.startswith(incomplete)
        ]

    return complete


wait_option = click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0, max=86_400),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long for another command to let go of the run.",
)

no_probe_option = click.option(
    "--no-probe", is_flag=True, help="Do not look at the machine: go by what was recorded alone."
)
