"""`dagogy explain`: the offline page of a rule, of another plugin, of an incident, or of an error code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

import click
from click.shell_completion import CompletionItem

from dagogy.api import errors
from dagogy.api.errors import DagogyError, NotFound
from dagogy.cli.app import App
from dagogy.cli.commands.plugins import find_plugins
from dagogy.cli.options import common, complete_plugins
from dagogy.contracts.suggest import did_you_mean
from dagogy.host.discovery import KINDS
from dagogy.host.plugin import Plugin
from dagogy.incidents import help as incident_help

#: Characters of a list that an option has.
_MOST_SHOWN = 160
_CODES: dict[str, type[DagogyError]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, DagogyError) and kind is not DagogyError
}


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return complete_plugins(*KINDS)(ctx, parameter, incomplete) + [
        CompletionItem(code) for code in _CODES if code.startswith(incomplete)
    ]


@click.command("explain", epilog="\b\nExample:\n  dagogy explain graph.acyclic")
@click.argument("identifier", metavar="ID", shell_complete=_complete)
@common
def explain(app: App, identifier: str) -> None:
    """Explains a rule (why, bad and good example, how to fix, options), another plugin, an
    incident, or an error code.
    """
    incidents = incident_help.incidents(app.host)
    incident, lines = None, []
    if identifier in incidents:
        help_page = incident_help.page(app.host, incidents[identifier], identifier)
        actions = _actions(app, identifier)
        incident, lines = {**help_page.as_dict(), "actions": actions}, _incident_lines(help_page, actions)
    if identifier in _CODES:
        document, about = _code_page(identifier)
        document |= {"incident": incident} if incident else {}
        app.emit(document, *about, *([""] if lines else []), *lines)
    elif incident:
        app.emit(incident, *lines)
    else:
        document = page(app, _plugin(app, identifier, incidents))
        app.emit(document, *_lines(document))


def _incident_lines(help_page: incident_help.Page, actions: Sequence[Mapping[str, Any]]) -> list[str]:
    plugin = help_page.plugin
    lines = [
        f"{help_page.incident_id} (incident, classifier {plugin.id} of {plugin.origin})",
        "",
        *help_page.text().split("\n"),
    ]
    if actions:
        lines.append("Actions, in their order:")
        lines += (f"  {a['safety']:<7} {a['action']}: {a['summary']}" for a in actions)
    return lines


def _code_page(identifier: str) -> tuple[dict[str, Any], list[str]]:
    """An error code as JSON values, and in lines."""
    kind = _CODES[identifier]
    text = cleandoc(kind.__doc__ or "")
    document = {"id": identifier, "kind": "error code", "exit_status": kind.exit_status, "text": text}
    return document, [f"{identifier} (error code, exit status {kind.exit_status})", "", *text.split("\n")]


def _plugin(app: App, identifier: str, incidents: Iterable[str]) -> Plugin:
    """The plugin of that id. Raises `NotFound`, with the ids of incidents and error codes as suggestions, or
    `PluginError`.
    """
    identifier = app.host.current_rule_id(identifier, "the command line")
    known = [p.id for p in app.host.all()]
    if identifier not in known:
        hint = (
            did_you_mean(identifier, [*known, *_CODES, *incidents]) or "'dagogy plugins list' shows the ids"
        )
        raise NotFound(f"nothing is known about '{identifier}'", hint=hint)
    plugin = find_plugins(app, identifier)[0]
    if plugin.state == "failed":
        raise plugin.error()
    return plugin


def _actions(app: App, incident: str) -> list[dict[str, Any]]:
    """The installed recovery actions for an incident, as `recover` tries them."""
    found = sorted(
        (p for p in app.host.load("recovery") if p.state == "ready" and incident in p.info.incidents),
        key=lambda p: (p.info.order, p.id),
    )
    return [
        {"action": p.id, "safety": p.info.safety, "summary": p.info.summary, "reason": p.info.reason}
        for p in found
    ]


def page(app: App, plugin: Plugin) -> dict[str, Any]:
    """What there is to say of a plugin: its description, its docstring and, of a rule or an exporter, its
    options; of a rule also what is in force.
    """
    kind = app.host.implementation(plugin) if plugin.state == "ready" else None
    document: dict[str, Any] = {
        "id": plugin.id,
        "kind": plugin.entry.kind,
        "distribution": plugin.origin,
        "summary": plugin.info.summary if plugin.info else "",
        "text": cleandoc(getattr(kind, "__doc__", None) or ""),
    }
    if plugin.entry.kind in ("rule", "exporter") and kind is not None:
        document["options"] = plugin.call(lambda: options_of(kind))
    if plugin.entry.kind == "rule" and kind is not None:
        config = app.session.rule_configs.get(plugin.id)
        document |= {
            "severity": (config.severity if config else "") or plugin.info.severity,
            "enabled": config.enabled if config else True,
            "requires": list(plugin.info.requires),
            "aliases": list(plugin.info.aliases),
            "configured": dict(config.options) if config else {},
        }
    return document


def options_of(kind: Any) -> list[dict[str, Any]]:
    """Name, type, default and description of each option of a rule or exporter class."""
    if kind.Options is None:
        return []
    from dagogy.pipeline.rule_options import require_options

    require_options(kind.Options)
    properties = kind.Options.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "type": _type(about),
            "default": about.get("default"),
            "description": about.get("description", ""),
        }
        for name, about in properties.items()
    ]


def _type(about: dict[str, Any]) -> str:
    if about.get("type") == "array":
        return f"list of {about.get('items', {}).get('type', 'values')}s"
    bounds = [
        f"{word} {about[key]}"
        for key, word in (
            ("minimum", ">="),
            ("exclusiveMinimum", ">"),
            ("maximum", "<="),
            ("exclusiveMaximum", "<"),
        )
        if key in about
    ]
    return " ".join([str(about.get("type", "value")), *bounds])


def _shown(value: Any) -> str:
    """A value of an option; of a long list as many of the first as a line has room for."""
    whole = repr(value)
    if not isinstance(value, list) or len(whole) <= _MOST_SHOWN:
        return whole
    shown, left = 0, _MOST_SHOWN
    while shown < len(value) and (left := left - len(repr(value[shown])) - 2) > 0:
        shown += 1
    first = ", ".join(map(repr, value[:shown]))
    return f"[{first}, … and {len(value) - shown:,} more]" if first else f"[… {len(value):,} values]"


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [f"{document['id']} ({document['kind']} of {document['distribution']})", document["summary"], ""]
    if document["text"]:
        lines += [*document["text"].split("\n"), ""]
    if "severity" in document:
        state = "" if document["enabled"] else "; switched off in the configuration"
        lines.append(f"Severity: {document['severity']}{state}")
        if document["requires"]:
            lines.append(f"Runs only when these are clean: {', '.join(document['requires'])}")
        if document["aliases"]:
            lines.append(f"Formerly: {', '.join(document['aliases'])}")
    configured = document.get("configured", {})
    values = {o["name"]: configured.get(o["name"], o["default"]) for o in document.get("options", ())}
    for option in document.get("options", ()):
        value = _shown(values[option["name"]])
        lines.append(f"Option {option['name']} ({option['type']}) = {value}: {option['description']}")
    if any(_shown(value) != repr(value) for value in values.values()):
        lines.append(f"Long lists are cut; all of each: dagogy explain {document['id']} --json")
    if "severity" in document:
        lines.append(f'Configure in dagogy.toml:  [rules."{document["id"]}"]  severity = "warning"')
    return lines


COMMANDS = {"explain": explain}
