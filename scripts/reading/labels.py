"""What a teacher's reading of a document says of its titles and of its blocks."""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dagogy.api.scope import Block, ScopeDocument
from dagogy_provider_internal.language.cues import categories, shares
from dagogy_provider_internal.reading.recognition.features import Described
from dagogy_provider_internal.reading.recognition.pieces import Piece, pieces
from dagogy_provider_internal.reading.recognition.roles import ROLES
from dagogy_provider_internal.reading.recognition.shape import SHAPE, shape

#: Titles from which on a name is taken for that of a concept, as the bench has it.
ALIKE, NEVER = 0.6, 0.9
AS_GOOD = 0.03  # less alike than the best name of a concept
_OF_COLUMN = {
    "time": "schedule", "resource": "resource", "assessment": "assessment", "exercise": "exercise",
    "person": "person", "tool": "tool", "objective": "objective", "group": "group",
}  # fmt: skip
_CUED = 0.12
_KEY = 24  # letters and digits by which a block is found in the file
_DERIVED = 0.6  # what a role weighs that only the names of the concepts tell


class RoleLabel(NamedTuple):
    """The role of a piece of a document (position in `ROLES`), what it weighs, and whether a teacher said so
    of its lines. Role -1: any but a concept or a group.
    """

    piece: Piece
    role: int
    weight: float
    said: bool


class TitleLabels(NamedTuple):
    """For each title the position of the concept that it names (-1 for none), how much alike
    the two are, and whether it must never be one.
    """

    concept: list[int]
    alike: list[float]
    never: list[bool]


def scorer(path: Path) -> Any:
    """The scorer of the bench, its costly functions remembering what they said."""
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.plain = functools.lru_cache(None)(module.plain)
    module.tokens = functools.lru_cache(None)(module.tokens)
    return module


def title_labels(score: Any, gold: dict[str, Any], titles: Sequence[str]) -> TitleLabels:
    """What `gold` says of the titles."""
    concepts = [[c["title"], *c.get("aliases", [])] for c in gold["concepts"]]

    @functools.cache
    def of(title: str) -> tuple[int, float, bool]:
        value, best = max(
            ((score.alike(title, name), k) for k, known in enumerate(concepts) for name in known),
            default=(0.0, -1),
        )
        worst = max((score.alike(title, name) for name in gold.get("never", [])), default=0.0)
        if worst >= NEVER and worst > value:
            return -1, worst, True
        return (best if value >= ALIKE else -1), value, False

    found = [of(t) for t in titles]
    return TitleLabels([c for c, _, _ in found], [v for _, v, _ in found], [n for _, _, n in found])


def named_best(concept: Sequence[int], alike: Sequence[float]) -> list[bool]:
    """For each title whether it is (one of) the best names that the document has for a concept."""
    best: dict[int, float] = {}
    for k, value in zip(concept, alike, strict=True):
        best[k] = max(value, best.get(k, 0.0))
    return [k >= 0 and value >= best[k] - AS_GOOD for k, value in zip(concept, alike, strict=True)]


def role_labels(
    document: ScopeDocument,
    raw: str,
    gold: dict[str, Any],
    found: Described,
    labelled: TitleLabels,
) -> list[RoleLabel]:
    """The roles of the pieces of a document: of its lines, where the teacher said so of them (`roles`), else
    what the names of its concepts, groups and what must never be one tell. `raw`: the file.
    """
    blocks = document.blocks
    concepts, nevers = _named(blocks, found, labelled)
    said = _roles_of_lines(document, raw, gold.get("roles", []))
    groups = {_letters(str(c.get("group"))) for c in gold["concepts"]} - {_letters("None"), ""}
    out = []
    for piece in pieces(blocks):
        of_block = said.get(piece.at)
        if of_block:
            role = of_block if piece.column < 0 else _of_cell(blocks[piece.at], piece, of_block, concepts)
            if role:
                out.append(RoleLabel(piece, ROLES.index(role), 1.0, piece.column < 0))
        elif piece in concepts:
            out.append(RoleLabel(piece, ROLES.index("concept"), _DERIVED, False))
        elif piece.column < 0 and _letters(blocks[piece.at].text) in groups:
            out.append(RoleLabel(piece, ROLES.index("group"), _DERIVED, False))
        elif piece in nevers:
            out.append(RoleLabel(piece, -1, _DERIVED / 2, False))
    return out


def _named(blocks: Sequence[Block], found: Described, labelled: TitleLabels) -> tuple[set[Piece], set[Piece]]:
    """The pieces that name a concept best, and those whose whole text must never be one."""
    concepts, nevers = set[Piece](), set[Piece]()
    for title, best, no in zip(
        found.titles, named_best(labelled.concept, labelled.alike), labelled.never, strict=True
    ):
        unit = found.units[title.unit]
        piece = Piece(unit.at, unit.column if len(blocks[unit.at].cells) > 1 else -1)
        if best:
            concepts |= {piece, Piece(unit.at, -1)}
        elif no and found.units[title.unit].readings[title.reading].way in ("whole", "lead"):
            nevers.add(piece)
    return concepts, nevers


def _of_cell(block: Block, piece: Piece, row: str, concepts: set[Piece]) -> str:
    """The role of a cell in a row with a role; "" where nothing tells."""
    if piece in concepts:
        return "concept"
    text = block.cells[piece.column]
    if not text.strip():
        return ""
    if shape(text)[SHAPE.index("date")]:
        return "schedule"
    if row != "concept":
        return row
    header = block.header[piece.column] if piece.column < len(block.header) else ""
    cued = [
        (share, role)
        for share, category in zip(shares(header), categories(), strict=True)
        if share >= _CUED and (role := _OF_COLUMN.get(category))
    ]
    return max(cued)[1] if cued else ""


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w", text.casefold())).replace("_", "")


def _roles_of_lines(document: ScopeDocument, raw: str, roles: Sequence[Sequence[Any]]) -> dict[int, str]:
    """For each block the role of its first line, where one is known."""
    if not roles:
        return {}
    role_at = {line: role for first, last, role in roles for line in range(first, last + 1)}
    out: dict[int, str] = {}
    if document.text.rstrip() == raw.rstrip():
        for at, block in enumerate(document.blocks):
            if role := next(
                (r for n in range(block.lines[0], block.lines[1] + 1) if (r := role_at.get(n))), ""
            ):
                out[at] = role
        return out
    return _found_by_text(document, raw, role_at)


def _found_by_text(document: ScopeDocument, raw: str, role_at: dict[int, str]) -> dict[int, str]:
    """As `_roles_of_lines`, where the lines of the blocks are not those of the file: each block is found by
    its text, from where the last one was found on.
    """
    out: dict[int, str] = {}
    lines, cursor = [_letters(line) for line in raw.splitlines()], 0
    for at, block in enumerate(document.blocks):
        key = _letters(block.cells[0] if block.cells else block.text)[:_KEY]
        if not key:
            continue
        line = next((n for n in range(cursor, len(lines)) if key in lines[n]), -1)
        if line >= 0 and (len(key) >= _KEY // 2 or line < cursor + _KEY):
            cursor = line
            if role := role_at.get(line + 1):
                out[at] = role
    return out
