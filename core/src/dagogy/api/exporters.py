"""Exporters: a validation report, a curriculum or a plan in the format of another tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    """

    document: Mapping[str, Any]
    artifact: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    version: str = ""


class Exporter:
    """Base of all exporters."""

    def __init__(self, info: ExporterInfo) -> None:
        self.info = info

    def export(self, context: ExportContext) -> str:
        """The whole output as text, ending in a newline unless it is empty."""
        raise NotImplementedError

    @staticmethod
    def visible(text: str) -> str:
        """`text` with every hidden character escaped; line feeds, CRLF and tabs stay."""
        return visible(text)

    @staticmethod
    def json_text(document: Any, *, ascii_only: bool = False) -> str:
        """`document` as indented JSON without a final newline, with `\\uXXXX` for what is hidden."""
        return json_text(document, ascii_only=ascii_only)
