"""`dagogy calls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from dagogy.api.text import shorten
from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument
from dagogy.pipeline.report import plural


@click.command("calls", epilog="\b\nExamples:\n  dagogy calls latest\n  dagogy calls latest --json")
@run_argument
@common
def calls(app: App, reference: str) -> None:
    """Lists what was asked of a provider in the run: stage, nodes, model, tokens, seconds and outcome of each
    call, and the sums.
    """
    document = app.open(reference).calls()
    total = document["total"]
    lines = [_line(call) for call in document["calls"]]
    lines.append(
        f"{plural(total['requests'], 'request')}, {total['input_tokens']:,} tokens read, "
        f"{total['output_tokens']:,} written, {total['seconds']:.1f} seconds"
        if document["calls"]
        else "nothing was asked of a provider"
    )
    app.emit(document, *lines)


def _line(call: Mapping[str, Any]) -> str:
    outcome = "kept" if call["cached"] and call["outcome"] == "ok" else call["outcome"]
    cause = f" ({call['cause']})" if call["cause"] else ""
    nodes = f"; {shorten(', '.join(call['nodes']), 120)}" if call["nodes"] else ""
    model = f" {call['model']}" if call["model"] else ""
    return (
        f"{call['at_utc'][:19]}Z {call['stage']} {call['provider']}{model}: {outcome}{cause}, "
        f"{plural(call['requests'], 'request')}, {call['input_tokens']:,} + {call['output_tokens']:,} "
        f"tokens, {call['seconds']:.1f} s{nodes}"
    )


COMMANDS = {"calls": calls}
