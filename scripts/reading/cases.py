"""Documents with a teacher's reading, as the models see them."""

from __future__ import annotations

import hashlib
import json
import pickle
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dagogy.api.readers import Source
from dagogy.api.scope import Block, ScopeDocument
from dagogy.host.manager import Host
from dagogy.pipeline.documents import Readers
from dagogy_provider_internal.reading.concepts import structural_reading
from dagogy_provider_internal.reading.recognition import course
from dagogy_provider_internal.reading.recognition.features import FIRST, Described, described

from reading.labels import RoleLabel, named_best, role_labels, scorer, title_labels

ROOT = Path(__file__).resolve().parent.parent.parent
OWN, _OWN_WEIGHT = ("examples/", "tests/"), 0.25


@dataclass
class Case:
    name: str
    gold: dict[str, Any]
    found: Described
    #: What the judge of courses sees.
    text: str
    blocks: Sequence[Block]
    #: For each title the position of the concept that it names, -1 for none, how much alike the two are, and
    #: whether it must never be one.
    concept: list[int]
    alike: list[float]
    never: list[bool]
    #: What is known of the roles of its pieces.
    roles: list[RoleLabel]
    source: str
    sha256: str
    #: Of each title what is seen of it; what the first look makes of it, and the features of the second.
    features: np.ndarray
    chances: np.ndarray | None = None
    agreement: np.ndarray | None = None

    @property
    def is_course(self) -> bool:
        return bool(self.gold.get("is_course", True))

    @property
    def is_own(self) -> bool:
        return self.name.startswith(OWN)


def made(name: str, gold: dict[str, Any], document: ScopeDocument, data: bytes, score: Any) -> Case | None:
    """None where the document has no title."""
    found = described(document.blocks)
    if not found.titles:
        return None
    labelled = title_labels(score, gold, [t.text for t in found.titles])
    features = np.array([t.features for t in found.titles], dtype=np.float32)
    for title in found.titles:
        title.features = title.features[:FIRST]
    return Case(
        name,
        gold,
        found,
        course.text_of(document.blocks),
        document.blocks,
        *labelled,
        role_labels(document, data.decode("utf-8", "replace"), gold, found, labelled),
        gold.get("source", ""),
        hashlib.sha256(data).hexdigest(),
        features,
    )


def load(folders: Sequence[Path], score: Any) -> list[Case]:
    """The cases in the folders, `NAME/doc.*` with `NAME/gold.json`."""
    readers, cases = Readers(Host()), []
    for path in sorted(p for folder in folders for p in folder.glob("*/gold.json")):
        gold = json.loads(path.read_text(encoding="utf-8"))
        file = next(path.parent.glob("doc.*"))
        data = file.read_bytes()
        document = readers.read(Source(str(file), data))
        cases.append(made(path.parent.name, gold, document, data, score))
    return [case for case in cases if case]


def own_cases(score: Any) -> list[Case]:
    """The documents of this repository that are written for dagogy. Their structure says what they teach, and
    tests hold that it is read right.
    """
    cases, readers = [], Readers(Host())
    for path in sorted([*(ROOT / "examples").glob("*.md"), *(ROOT / "tests/data/scope").glob("*.md")]):
        data = path.read_bytes()
        document = readers.read(Source(str(path), data))
        if structure := structural_reading(document).concepts:
            name = str(path.relative_to(ROOT))
            gold = {"source": name, "concepts": [{"title": c.title} for c in structure]}
            cases.append(made(name, gold, document, data, score))
    return [case for case in cases if case]


def collected(
    documents: Sequence[Path], held_out: Sequence[Path], score: Path, cache: Path | None
) -> tuple[list[Case], list[Case]]:
    """The cases to train on and those to measure by."""
    if cache and cache.exists():
        known: tuple[list[Case], list[Case]] = pickle.loads(cache.read_bytes())
        return known
    module = scorer(score)
    cases = [*load(documents, module), *own_cases(module)], load(held_out, module)
    if cache:
        cache.write_bytes(pickle.dumps(cases))
    return cases


def parted(cases: Sequence[Case], part_of: str) -> tuple[list[Case], list[Case]]:
    """The documents outside and inside of part N of M (`N/M`), by their names; those of the
    repository are never left out.
    """
    part, parts = map(int, part_of.split("/"))
    inside = {c.name for c in cases if zlib.crc32(c.name.encode()) % parts == part and not c.is_own}
    return [c for c in cases if c.name not in inside], [c for c in cases if c.name in inside]


def targets(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """For each title whether it is the best name that the document has for a concept, and what
    that weighs. Another name of the same concept is none, but says less: a reader who takes it has
    not read wrong, only twice."""
    target, weight = np.zeros(len(case.concept)), np.ones(len(case.concept))
    for i, (concept, best) in enumerate(zip(case.concept, named_best(case.concept, case.alike), strict=True)):
        if best:
            target[i] = 1
            weight[i] = 1.0 if case.gold["concepts"][concept].get("weight", 1) >= 1 else 0.6
        elif concept >= 0:
            weight[i] = 0.3
    # What was written for dagogy is easy, and there is much of it.
    share = _OWN_WEIGHT if case.is_own else 1.0
    # A long document has many titles; it speaks louder than a short one, but not as
    # much louder as it is longer.
    return target, share * weight * len(target) ** -0.5


def source_of(case: Case) -> dict[str, Any]:
    """Where a document comes from and what its labels are, by hashes: whoever has the same bytes can rebuild
    the training set.
    """
    seen: dict[str, int] = {}
    for title, concept, never in zip(case.found.titles, case.concept, case.never, strict=True):
        if concept >= 0 or never:
            seen.setdefault(
                hashlib.sha256(title.text.casefold().encode()).hexdigest()[:12], -2 if never else concept
            )
    return {"source": case.source, "sha256": case.sha256, "course": case.is_course, "concepts": seen}
