"""`dagogy schema`."""

from __future__ import annotations

import json

import click
from click.shell_completion import CompletionItem

from dagogy.api.errors import NotFound
from dagogy.cli.app import App
from dagogy.cli.options import common
from dagogy.contracts.check import schema_names, schema_text
from dagogy.contracts.suggest import did_you_mean


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in schema_names() if name.startswith(incomplete)]


@click.command("schema", epilog="\b\nExample:\n  dagogy schema curriculum > curriculum.schema.json")
@click.argument("name", required=False, shell_complete=_complete)
@common
def schema(app: App, name: str | None) -> None:
    """Prints the JSON Schema (2020-12) of an artifact; without NAME, the names."""
    names = schema_names()
    if name is None:
        app.emit({"schemas": names}, *names)
        return
    if name not in names:
        raise NotFound(
            f"there is no schema '{name}'", hint=did_you_mean(name, names) or f"schemas: {', '.join(names)}"
        )
    text = schema_text(name)
    app.emit(json.loads(text), *text.rstrip("\n").split("\n"))


COMMANDS = {"schema": schema}
