"""The hooks: one a kind. A plugin module implements the ones of the kinds it is registered for.

Every hook takes nothing and yields descriptions from `dagogy.api`. The host calls each implementation by
itself, so one that raises stops only its own module's plugins.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from dagogy.api.plugins import (
    ClassifierInfo,
    CommandInfo,
    DialectInfo,
    ExporterInfo,
    ProbeInfo,
    ProviderInfo,
    ReaderInfo,
    RecoveryInfo,
    RuleInfo,
)

hookspec = pluggy.HookspecMarker("dagogy")


@hookspec
def dagogy_providers() -> Iterable[ProviderInfo]:
    """Yields the providers of this module. Entry-point group: `dagogy.providers`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.providers"]  echo = "my_echo"
        from dagogy.api import ProviderInfo, Setting, hookimpl

        @hookimpl
        def dagogy_providers():
            yield ProviderInfo(
                id="echo", summary="Answers with a curriculum from a file.", api_version=1,
                impl="my_echo.provider:Echo", needs_network=False,
                settings=(Setting(name="ECHO_FILE", summary="the file to answer with"),),
            )
    """


@hookspec
def dagogy_readers() -> Iterable[ReaderInfo]:
    """Yields the readers of this module. Entry-point group: `dagogy.readers`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.readers"]  lines = "my_lines"
        from dagogy.api import ReaderInfo, hookimpl

        @hookimpl
        def dagogy_readers():
            yield ReaderInfo(
                id="lines", summary="Reads a list with one topic a line.", api_version=1,
                impl="my_lines.reader:Lines", suffixes=(".lst",), media_types=("text/plain",),
            )

        # my_lines/reader.py
        from dagogy.api.readers import BlockWriter, Inline, Reader
        from dagogy.api.scope import ScopeDocument

        class Lines(Reader):
            def read(self, source):
                text, blocks = source.text(), BlockWriter()
                blocks.open_list()
                for number, line in enumerate(text.split("\\n"), start=1):
                    if line.strip():
                        blocks.open_item(Inline(line.strip()), (number, number))
                        blocks.close_item()
                blocks.close_list()
                title = source.title(blocks.blocks)
                return ScopeDocument(source.name, source.name, text, tuple(blocks.blocks), title)
    """


@hookspec
def dagogy_rules() -> Iterable[RuleInfo]:
    """Yields the validation rules of this module. Entry-point group: `dagogy.rules`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.rules"]  "house.short_titles" = "my_rule"
        from dagogy.api import RuleInfo, hookimpl

        @hookimpl
        def dagogy_rules():
            yield RuleInfo(
                id="house.short_titles", summary="A title has at most 60 characters.", severity="warning",
                api_version=1, impl="my_rule.rule:ShortTitles", groups=("house",),
                requires=("schema.curriculum",),
            )
    """


@hookspec
def dagogy_classifiers() -> Iterable[ClassifierInfo]:
    """Yields the error classifiers of this module. Entry-point group: `dagogy.classifiers`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.classifiers"]  "house.vpn" = "my_incident"
        from dagogy.api import ClassifierInfo, hookimpl

        @hookimpl
        def dagogy_classifiers():
            yield ClassifierInfo(
                id="house.vpn", summary="The office VPN is down.", api_version=1,
                impl="my_incident.vpn:VpnClassifier", incidents=("vpn_down",),
            )
    """


@hookspec
def dagogy_dialects() -> Iterable[DialectInfo]:
    r"""Yields the log dialects of this module. Entry-point group: `dagogy.dialects`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.dialects"]  "house.gateway" = "my_gateway"
        from dagogy.api import DialectInfo, hookimpl

        @hookimpl
        def dagogy_dialects():
            yield DialectInfo(
                id="house.gateway", summary="What the client of our gateway prints.", api_version=1,
                impl="my_gateway.dialect:Gateway",
            )

        # my_gateway/dialect.py
        from dagogy.api.dialects import LogDialect

        class Gateway(LogDialect):
            packages = r"house_gateway\."
            addresses = r"gateway\.house\.example"
    """


@hookspec
def dagogy_recoveries() -> Iterable[RecoveryInfo]:
    """Yields the recovery actions of this module. Entry-point group: `dagogy.recoveries`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.recoveries"]  "house.vpn.reconnect" = "my_incident"
        from dagogy.api import RecoveryInfo, hookimpl

        @hookimpl
        def dagogy_recoveries():
            yield RecoveryInfo(
                id="house.vpn.reconnect", summary="Reconnects the VPN.", api_version=1,
                impl="my_incident.vpn:Reconnect", incidents=("vpn_down",), safety="unsafe",
                reason="it drops other connections for a second",
            )
    """


@hookspec
def dagogy_probes() -> Iterable[ProbeInfo]:
    """Yields the probes of this module. Entry-point group: `dagogy.probes`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.probes"]  "house.vpn.interface" = "my_incident"
        from dagogy.api import ProbeInfo, hookimpl

        @hookimpl
        def dagogy_probes():
            yield ProbeInfo(
                id="house.vpn.interface", summary="Looks whether the VPN's interface is up.", api_version=1,
                impl="my_incident.vpn:Interface", incidents=("vpn_down",), seconds=2.0,
            )

        # my_incident/vpn.py
        from pathlib import Path

        from dagogy.api.probes import Probe, ProbeResult

        class Interface(Probe):
            def look(self, failure, context):
                up = Path("/sys/class/net/vpn0").exists()
                yield ProbeResult(
                    subject="interface vpn0", state="ok" if up else "bad",
                    message="vpn0 is up" if up else "there is no vpn0",
                    confirms=() if up else ("vpn_down",), refutes=("vpn_down",) if up else (),
                )
    """


@hookspec
def dagogy_exporters() -> Iterable[ExporterInfo]:
    """Yields the exporters of this module. Entry-point group: `dagogy.exporters`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.exporters"]  csv = "my_csv"
        from dagogy.api import ExporterInfo, hookimpl

        @hookimpl
        def dagogy_exporters():
            yield ExporterInfo(
                id="csv", summary="The plan as a table.", api_version=1, impl="my_csv.exporter:PlanCsv",
                subject="plan", media_type="text/csv", suffix=".csv",
            )
    """


@hookspec
def dagogy_commands() -> Iterable[CommandInfo]:
    """Yields the commands of this module. Entry-point group: `dagogy.commands`.

    Example::

        # pyproject.toml: [project.entry-points."dagogy.commands"]  publish = "my_publish"
        from dagogy.api import CommandInfo, hookimpl

        @hookimpl
        def dagogy_commands():
            yield CommandInfo(
                id="publish", summary="Sends a plan to the wiki.", api_version=1,
                impl="my_publish.cli:publish",
            )
    """
