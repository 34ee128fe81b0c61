"""`dagogy known`, `ready` and `path`: what a learner knows, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from dagogy.cli.app import App
from dagogy.cli.commands.why import complete_nodes
from dagogy.cli.options import common, run_argument, run_or_latest, wait_option
from dagogy.pipeline.report import hours, plural


def learner_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--for",
        "learner",
        default="me",
        metavar="LEARNER",
        help="The learner, by a name of your choice; else 'me'.",
    )(function)


@click.command(
    "known",
    epilog="\b\nExamples:\n  dagogy known latest\n  dagogy known latest Joins 'Group by' --for ada",
)
@run_argument
@click.argument("nodes", metavar="[NODE]...", nargs=-1, shell_complete=complete_nodes)
@learner_option
@click.option("--forget", is_flag=True, help="The learner does not know them, nor what builds on them.")
@wait_option
@common
def known(
    app: App, reference: str, nodes: tuple[str, ...], learner: str, forget: bool, wait_seconds: float
) -> None:
    """Notes what a learner knows; without NODE, shows it. Whoever knows a concept knows what it builds on.

    It is kept in learners/LEARNER.json of the run; no curriculum, plan or validation depends on it.
    """
    document = app.open(reference, wait_seconds).known(nodes, learner=learner, forget=forget)
    app.emit(
        document,
        f"{learner} knows {len(document['known'])} of {plural(document['concepts'], 'concept')}",
        *(f"  {node['title']}" for node in document["known"]),
        *_next_line(document),
    )


def _next_line(document: Mapping[str, Any]) -> list[str]:
    titles = [node["title"] for node in document["ready"]]
    more = f" and {len(titles) - 5} more" if len(titles) > 5 else ""
    return [f"next: {'; '.join(titles[:5])}{more}"] if titles else ["all is known"]


@click.command("ready", epilog="\b\nExample:\n  dagogy ready latest --for ada")
@run_or_latest
@learner_option
@common
def ready(app: App, reference: str, learner: str) -> None:
    """Lists what a learner can study next: every concept that builds on known ones alone."""
    document = app.open(reference).ready(learner=learner)
    lines = [f"{node['title']}  {node['minutes']:g} min" for node in document["ready"]]
    app.emit(document, *(lines or ["all is known"]))


@click.command("path", epilog="\b\nExample:\n  dagogy path latest 'Outer joins'")
@run_argument
@click.argument("node", metavar="NODE", shell_complete=complete_nodes)
@learner_option
@common
def path(app: App, reference: str, node: str, learner: str) -> None:
    """Shows the least that leads to NODE, in an order of study, without what the learner knows."""
    document = app.open(reference).way(node, learner=learner)
    steps = document["path"]
    lines = [f"{i:>3}  {step['title']}  {step['minutes']:g} min" for i, step in enumerate(steps, 1)]
    lines.append(
        f"{plural(len(steps), 'concept')}, {hours(document['minutes'])}"
        if steps
        else f"{learner} knows “{document['concept']['title']}”"
    )
    app.emit(document, *lines)


COMMANDS = {"known": known, "ready": ready, "path": path}
