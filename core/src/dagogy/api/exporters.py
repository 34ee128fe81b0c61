"""Exporters: a validation report, a curriculum, a plan or a whole run in the format of another tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dagogy.api.display import json_text, visible
from dagogy.api.plugins import ExporterInfo

__all__ = ["ExportContext", "Exporter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportContext:
    """What is exported: `document` has the shape of the artifact's JSON Schema
    (`dagogy schema NAME` shows it).

    `artifact` is the file the document's pointers speak of, relative to the current folder where it can be.
    `files` has, for a report, the file of each document that findings are about (`curriculum`, `topic_spec`).
    `lines` maps a JSON Pointer to its line in that file (counted from 1); it holds the pointers of the
    findings and is empty where the document has none. `rules` has, by rule id, what a report's rules say of
    themselves: `summary`, `severity`, `help`.

    `options`: an instance of the exporter's `Options`, None where it has none. `titles`: of a curriculum,
    plan or run, by node id.

    An exporter of a `run` is given the curriculum as `document` and what belongs to it, each None where it is
    missing or not current: `spec`, `plan`, `report`, and `diff` (None also where there is no curriculum to
    differ from). `evidence` has, with the ids of nodes, `concepts` (`node`, `location`, `lines`,
    `heading_path`, `quote`) and `edges` (`prerequisite`, `dependent`, `weight`, and `pieces`, each of `kind`,
    `weight`, `location`, `lines`, `quote`, `note`); both are empty where no evidence is kept. `revision`
    counts the plans that were made in the run, `made_at_utc` is the time of the last of them (ISO 8601; that
    of the run where there is none): both change with the plan and with nothing else.
    """

    document: Mapping[str, Any]
    artifact: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    version: str = ""
    options: Any = None
    titles: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    spec: Mapping[str, Any] | None = None
    plan: Mapping[str, Any] | None = None
    report: Mapping[str, Any] | None = None
    evidence: Mapping[str, Any] = field(default_factory=lambda: {"concepts": [], "edges": []})
    diff: Mapping[str, Any] | None = None
    revision: int = 0
    made_at_utc: str = ""


class Exporter:
    """Base of all exporters.

    One with options has a nested `class Options(dagogy.api.rules.Options)`, whose fields are text, numbers
    or booleans; the host builds it from `--set NAME=VALUE` and hands it over as `context.options`.
    """

    Options: ClassVar[type[Any] | None] = None

    def __init__(self, info: ExporterInfo) -> None:
        self.info = info

    def export(self, context: ExportContext) -> str | bytes:
        """The whole output: as text, ending in a newline unless it is empty, or as bytes where the format is
        binary. A report is always text.
        """
        raise NotImplementedError

    @staticmethod
    def visible(text: str) -> str:
        """`text` with every hidden character escaped; line feeds, CRLF and tabs stay."""
        return visible(text)

    @staticmethod
    def json_text(document: Any, *, ascii_only: bool = False) -> str:
        """`document` as indented JSON without a final newline, with `\\uXXXX` for what is hidden."""
        return json_text(document, ascii_only=ascii_only)
