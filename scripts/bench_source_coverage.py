#!/usr/bin/env python3
"""How often `quality.source_coverage` speaks of curricula that a teacher made of a document, and of the same
ones with the concepts of every second line dropped.

  python scripts/bench_source_coverage.py DOCUMENTS…

Each of DOCUMENTS is a folder of cases, `NAME/doc.*` with a teacher's reading in `NAME/gold.json`. Only the
titles are given to the rule, and no reading of a provider.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.api.readers import Source
from dagogy.api.rules import Finding, Measure
from dagogy.api.scope import ScopeDocument
from dagogy.host.manager import Host, Selection
from dagogy.kit.cases import complete_node
from dagogy.pipeline.documents import Readers
from dagogy.pipeline.rule_context import RunContext
from dagogy.workspace.files import to_json
from dagogy_rule_quality_source_coverage import dagogy_rules
from dagogy_rule_quality_source_coverage.rule import SourceCoverage

RULE = SourceCoverage(next(iter(dagogy_rules())))


def said(document: ScopeDocument, titles: Sequence[str]) -> list[Finding | Measure]:
    nodes = [complete_node({"title": title}, i) for i, title in enumerate(titles)]
    data = to_json({"topic": "T", "nodes": nodes, "open_questions": []})
    context = RunContext(data, b"{}", sources=lambda: (document,))
    return list(RULE.check(context, SourceCoverage.Options()))


def cases(folders: Sequence[str]) -> Iterator[tuple[str, ScopeDocument, list[Mapping[str, Any]]]]:
    """Name, document and concepts of each case with concepts whose document can be read."""
    readers = Readers(Host(Selection(third_party=False)))
    for gold in sorted(p for folder in folders for p in Path(folder).glob("*/gold.json")):
        concepts = json.loads(gold.read_text(encoding="utf-8"))["concepts"]
        path = next((p for p in gold.parent.iterdir() if p.stem == "doc"), None)
        if path is not None and concepts:
            try:
                source = Source(path.name, path.read_bytes())
                yield gold.parent.name, readers.read(source, location="inputs/scope.md"), concepts
            except DagogyError as error:
                print(f"{gold.parent.name}: {error.message}", file=sys.stderr)


def main() -> int:
    documents = applies = silent = fires = 0
    for name, document, concepts in cases(sys.argv[1:]):
        whole = said(document, [c["title"] for c in concepts])
        dropped = set(sorted({tuple(c["lines"]) for c in concepts})[1::2])
        half = said(document, [c["title"] for c in concepts if tuple(c["lines"]) not in dropped])
        found = [one.message for one in whole if isinstance(one, Finding)]
        documents, silent = documents + 1, silent + (not found)
        applies += any(isinstance(one, Measure) for one in whole)
        fires += any(isinstance(one, Finding) for one in half) and bool(whole)
        for message in found:
            print(f"{name}: {message[:300]}")
    print(
        f"{documents} documents: silent on {silent} whole curricula; of the {applies} with a main list it "
        f"finds the half curriculum of {fires}"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
