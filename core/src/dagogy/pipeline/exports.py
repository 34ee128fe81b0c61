"""Exporters at work: which one is meant, and what it makes of a document."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import cleandoc
from typing import Any

from dagogy import __version__
from dagogy.api.errors import InvalidArgument, PluginError, ValidationFailed
from dagogy.api.exporters import ExportContext
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.pipeline.rule_options import parse_options
from dagogy.pipeline.session import OpenRun
from dagogy.workspace.files import content_hash, from_json
from dagogy.workspace.runs import Run
from dagogy.workspace.stages import CURRICULUM, DIFF, PLAN, PREVIOUS, REPORT_JSON, SPEC


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


def options_of(host: Host, plugin: Plugin, given: Mapping[str, str]) -> Any:
    """The exporter's options with what is given for them. Raises `InvalidArgument`, and `PluginError` for an
    exporter whose `Options` are none.
    """
    exporter = host.implementation(plugin)
    try:
        return parse_options(plugin.id, exporter.Options, given)
    except TypeError as error:
        plugin.fail(str(error))
        raise plugin.error() from error


def exported(host: Host, plugin: Plugin, context: ExportContext) -> str | bytes:
    """What the exporter makes of `context`. Whatever goes wrong in it is a `PluginError` that names it."""
    exporter = host.implementation(plugin)
    # A third party's may change what it is given; the verdict on it is still to come.
    shown = context if plugin.ours else copy.deepcopy(context)
    text = plugin.call(lambda: exporter(plugin.info).export(shown), timed=True)
    if isinstance(text, bytes) and plugin.info.subject != "report":
        return text
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


def export_context(opened: OpenRun, plugin: Plugin, options: Any = None) -> ExportContext:
    """What an exporter of a curriculum, plan or run is given. Raises `StageConflict` where it is not current,
    `ValidationFailed` for an invalid one.
    """
    artifact = PLAN if plugin.info.subject == "plan" else CURRICULUM
    opened.require(artifact, "export")
    context = opened.context()
    curriculum = context.curriculum  # exporters are promised one that meets its schema
    basis = ExportContext(
        document=_kept(opened, PLAN, "plan") if artifact == PLAN else context.document,
        artifact=artifact,
        version=__version__,
        options=options,
        titles={node.id: node.title for node in curriculum.nodes},
        run_id=opened.run.id,
    )
    if plugin.info.subject != "run":
        return basis
    from dagogy.pipeline.evidence import kept_evidence
    from dagogy.pipeline.why import evidence_by_node

    planned = opened.metadata.stamps.get("plan", {})
    current = opened.state.current
    return replace(
        basis,
        spec=from_json(context.topic_spec_bytes) if current[SPEC] else None,
        plan=_kept(opened, PLAN, "plan") if current[PLAN] else None,
        report=_kept(opened, REPORT_JSON, "validation_report") if current[REPORT_JSON] else None,
        diff=_kept(opened, DIFF, "diff") if current[DIFF] and opened.run.exists(PREVIOUS) else None,
        evidence=evidence_by_node(curriculum, kept_evidence(opened.run)),
        revision=revision if isinstance(revision := planned.get("revision"), int) else 0,
        made_at_utc=made
        if isinstance(made := planned.get("at_utc"), str)
        else opened.metadata.created_at_utc,
    )


#: The commands that make an artifact again.
_MADE_BY = {PLAN: "plan", REPORT_JSON: "validate", DIFF: "iterate"}


def _kept(opened: OpenRun, artifact: str, schema: str) -> Any:
    """An artifact of the run, which may be a stranger's. Raises `ValidationFailed`."""
    from pydantic import ValidationError

    from dagogy.contracts.check import pointer_of
    from dagogy.contracts.models import ARTIFACTS

    try:
        document = from_json(opened.run.read(artifact))
        ARTIFACTS[schema].model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        problem = f"does not meet its schema at {pointer_of(first['loc']) or '/'}: {first['msg']}"
    except ValueError as error:
        problem = f"is not JSON: {error}"
    else:
        return document
    raise ValidationFailed(f"{artifact} {problem}", hint=f"dagogy {_MADE_BY[artifact]} {opened.run.id}")


def exported_report(host: Host, format_id: str, run: Run, report: Mapping[str, Any], checked: str) -> str:
    """A validation report in another format. `checked`: the hash of the curriculum that it is about; of
    another one it names no lines.
    """
    from dagogy.contracts.lines import lines_of_pointers

    plugin = find_exporter(host, format_id, ("report",))
    options = options_of(host, plugin, {})
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
        options=options,
    )
    text = exported(host, plugin, context)
    assert isinstance(text, str)  # no report is exported as bytes
    return text


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
