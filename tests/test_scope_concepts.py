"""Which concepts the provider `internal` finds in scope documents of many kinds, measured against what a reader finds in them.

`python tests/test_scope_concepts.py` prints precision and recall per document of `tests/data/scope`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from dagogy.api import ScopeDocument
from dagogy.pipeline.scope import read_scope

pytest.importorskip("dagogy_provider_internal")
from dagogy_provider_internal import dagogy_providers  # noqa: F401
from dagogy_provider_internal.lexicon import folded
from dagogy_provider_internal.reading import read

DATA = Path(__file__).parent / "data" / "scope"


class Score(NamedTuple):
    """What was found of the concepts that a document teaches, what was missed, and what was found besides."""

    found: list[str]
    missed: list[str]
    extra: list[str]

    @property
    def precision(self) -> float:
        return len(self.found) / max(len(self.found) + len(self.extra), 1)

    @property
    def recall(self) -> float:
        return len(self.found) / max(len(self.found) + len(self.missed), 1)


@cache
def gold() -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "gold.yaml").read_text(encoding="utf-8"))
    return documents


def document(text: str, source: str = "notes.md") -> ScopeDocument:
    return read_scope(text, source=source)


def score(name: str) -> Score:
    titles = [c.title for c in read(document((DATA / name).read_text(encoding="utf-8"), name)).concepts]
    wanted = [{folded(v) for v in c.split("|")} for c in gold()[name]["concepts"]]
    allowed = {folded(v) for c in gold()[name].get("optional", ()) for v in c.split("|")}
    keys = [folded(t) for t in titles]
    # Two titles for one concept: the second is one too many.
    first = [next((i for i, k in enumerate(keys) if k in names), -1) for names in wanted]
    extra = [t for i, t in enumerate(titles) if i not in first and keys[i] not in allowed]
    return Score([titles[i] for i in first if i >= 0], [c for c, i in zip(gold()[name]["concepts"], first, strict=True) if i < 0], extra)


def main() -> None:
    """Prints the table of all documents."""
    totals = []
    for name in gold():
        try:
            result = score(name)
        except Exception as error:
            print(f"{name:34} {error}")
            result = Score([], gold()[name]["concepts"], [])
        totals.append(result)
        print(f"{name:34} {result.precision:5.2f} {result.recall:5.2f}  missed {result.missed}  extra {result.extra}")
    found, missed, extra = (sum(len(r[i]) for r in totals) for i in range(3))
    exact = sum(not r.missed and not r.extra for r in totals)
    print(f"{len(totals)} documents, {exact} exact; precision {found / (found + extra):.3f}, recall {found / (found + missed):.3f} over all concepts")


if __name__ == "__main__":
    main()
