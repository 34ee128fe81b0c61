"""Exporters at work: which one is meant, and what it makes of a document."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from inspect import cleandoc
from typing import Any

from dagogy import __version__
from dagogy.api.errors import InvalidArgument, PluginError, ValidationFailed
from dagogy.api.exporters import ExportContext
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.files import content_hash, from_json
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import CURRICULUM, PLAN, SPEC


def find_exporter(host: Host, format_id: str, subjects: Sequence[str], own: Sequence[str] = ()) -> Plugin:
    """The exporter `format_id`, which must be one for `subjects`; `own` are formats that need none. Raises
    `InvalidArgument` or `PluginError`.
    """
    plugins = {p.id: p for p in host.load("exporter")}
    plugin = plugins.get(format_id)
    if plugin is None:
        from dagogy.contracts.suggest import did_you_mean

        known = [*own, *(p.id for p in plugins.values() if p.info is not None and p.info.subject in subjects)]
        message = (
            f"format '{format_id}' is not one of "
            f"{', '.join(known) or 'the installed exporters (there are none)'}"
        )
        raise InvalidArgument(
            message,
            hint=did_you_mean(format_id, known)
            or "'dagogy plugins list --kind exporter' shows the exporters",
        )
    if plugin.state == "failed":
        raise plugin.error()
    if plugin.info.subject not in subjects:
        command = "validate" if plugin.info.subject == "report" else "export"
        raise InvalidArgument(
            f"format '{format_id}' shows a {plugin.info.subject}, not a {' or a '.join(subjects)}",
            hint=f"dagogy {command} RUN --format {format_id}",
        )
    return plugin


def exported(host: Host, plugin: Plugin, context: ExportContext) -> str:
    """What the exporter makes of `context`. Whatever goes wrong in it is a `PluginError` that names it."""
    exporter = host.implementation(plugin)
    # A third party's may change what it is given; the verdict on it is still to come.
    shown = context if plugin.ours else copy.deepcopy(context)
    text = plugin.call(lambda: exporter(plugin.info).export(shown), timed=True)
    if not isinstance(text, str):
        plugin.fail(f"it answered with a {type(text).__name__}, not with text")
        raise plugin.error()
    try:
        text.encode()
    except UnicodeEncodeError as error:
        plugin.fail(
            f"its text holds half of a surrogate pair at character {error.start}, which no file can hold"
        )
        raise plugin.error() from error
    return text


def export_context(opened: OpenRun, plugin: Plugin) -> ExportContext:
    """What an exporter of a curriculum or plan is given of a run. Raises `StageConflict` where it is not
    current, `ValidationFailed` for an invalid one.
    """
    artifact = CURRICULUM if plugin.info.subject == "curriculum" else PLAN
    opened.require(artifact, "export")
    document: Any
    if artifact == CURRICULUM:
        context = opened.context()
        _ = context.curriculum  # exporters are promised one that meets its schema
        document = context.document
    else:
        try:
            document = from_json(opened.run.read(PLAN))
        except ValueError as error:
            raise ValidationFailed(
                f"{PLAN} is not JSON: {error}", hint=f"dagogy plan {opened.run.id}"
            ) from None
    return ExportContext(document=document, artifact=artifact, version=__version__)


def exported_report(host: Host, format_id: str, run: Run, report: Mapping[str, Any], checked: str) -> str:
    """A validation report in another format. `checked`: the hash of the curriculum that it is about; of
    another one it names no lines.
    """
    from dagogy.contracts.lines import lines_of_pointers

    plugin = find_exporter(host, format_id, ("report",))
    pointers = {f["pointer"] for f in report["findings"] if f["document"] == "curriculum"}
    data = run.read(CURRICULUM) if pointers else b""
    artifact = os.path.relpath(run.path / CURRICULUM)
    context = ExportContext(
        document=dict(report),
        artifact=artifact,
        files={"curriculum": artifact, "topic_spec": os.path.relpath(run.path / SPEC)},
        lines=lines_of_pointers(data, pointers) if pointers and content_hash(data) == checked else {},
        rules=_rule_texts(host, report),
        version=__version__,
    )
    return exported(host, plugin, context)


def _rule_texts(host: Host, report: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What the rules say of themselves, by id: `summary`, effective `severity`, and `help`."""
    severities = {r["rule_id"]: r["severity"] for r in report["rules"]}
    return {
        p.id: {
            "summary": p.info.summary,
            "severity": severities.get(p.id, p.info.severity),
            "help": _help(host, p),
        }
        for p in host.load("rule")
        if p.info is not None
    }


def _help(host: Host, plugin: Plugin) -> str:
    try:
        return cleandoc(host.implementation(plugin).__doc__ or "")
    except PluginError:
        return ""
