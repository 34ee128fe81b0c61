"""What the user says of the reading of a document: where its concepts stand, which sections to read alone,
and which to leave out.

It comes from the command line, from `inputs/reading.yml` of the run and from the section `reading:` of the
document's front matter; of each key the first of these that has it counts. It is applied before any provider
sees the document, so that it holds for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from dagogy.api._blocks import tidy
from dagogy.api.errors import InvalidArgument
from dagogy.api.scope import Block, LeftOut, Place, ScopeDocument
from dagogy.contracts.suggest import nearest
from dagogy.pipeline.concept_places import places_of
from dagogy.pipeline.sections import (
    Section,
    loose_key,
    matching,
    no_such_section,
    sections_of,
    short,
    strict_key,
)

__all__ = [
    "KEYS",
    "NONE",
    "Corrections",
    "apply",
    "as_yaml",
    "from_file",
    "from_flags",
    "from_front_matter",
    "merged",
    "united",
]

#: The keys of a `reading:` section.
KEYS = ("concepts_from", "only", "skip")
_SECTION = "reading"
_MOST_BYTES = 64 * 1024
#: Names of one key. Each is looked for in all of a document, and either may be a stranger's.
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class Corrections:
    """For each key of `KEYS` that was given its texts, and where they were given (`--skip`,
    `inputs/reading.yml`).
    """

    texts: Mapping[str, tuple[str, ...]]
    origins: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.texts)

    def of(self, key: str) -> tuple[str, ...]:
        """The texts of a key; none where it was not given."""
        return self.texts.get(key, ())

    def as_dict(self) -> dict[str, list[str]]:
        """The keys that were given, as JSON values."""
        return {key: list(self.texts[key]) for key in KEYS if key in self.texts}


NONE = Corrections({}, {})


def from_flags(concepts_from: Sequence[str], only: Sequence[str], skip: Sequence[str]) -> Corrections:
    """Those of the command line, or of a call from Python, where one name may stand alone."""
    named = {"concepts_from": concepts_from, "only": only, "skip": skip}
    given = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in named.items()}
    texts = {key: values for key, values in given.items() if values}
    return Corrections(texts, {key: "--" + key.replace("_", "-") for key in texts})


def merged(*by_precedence: Corrections) -> Corrections:
    """Of each key what the first has that has it."""
    texts: dict[str, tuple[str, ...]] = {}
    origins: dict[str, str] = {}
    for one in by_precedence:
        for key, values in one.texts.items():
            if key not in texts:
                texts[key], origins[key] = values, one.origins[key]
    return Corrections(texts, origins)


def from_front_matter(document: ScopeDocument) -> Corrections:
    """Those of the document itself. Front matter may have a key `reading` of another meaning: what is no
    mapping with one of our keys is none of ours.
    """
    section = document.front_matter.get(_SECTION)
    if not isinstance(section, Mapping) or not any(_spelled(key) in KEYS for key in section):
        return NONE
    return _parsed(section, f"front matter of {document.source}")


def united(documents: Sequence[ScopeDocument]) -> dict[str, Any]:
    """The front matter of several documents that are read as one: what each says of the
    reading holds for all of them.
    """
    found = [from_front_matter(document) for document in documents]
    texts = {key: list(dict.fromkeys(text for one in found for text in one.of(key))) for key in KEYS}
    return {_SECTION: {key: values for key, values in texts.items() if values}} if any(found) else {}


def from_file(data: bytes, name: str) -> Corrections:
    """Those of a file with a section `reading:`. Raises `InvalidArgument` that names the file."""
    import yaml

    hint = f"correct {name}, or remove it; 'dagogy run --help' shows the options that write it"
    if len(data) > _MOST_BYTES:
        raise InvalidArgument(f"{name} is larger than {_MOST_BYTES // 1024} KiB", hint=hint)
    try:
        # The base loader makes texts alone, and merges no mappings, which could
        # multiply what a stranger wrote.
        document = yaml.load(data.decode(), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or str(error)
        raise InvalidArgument(f"{name} cannot be read: {tidy(str(reason))}", hint=hint) from None
    section = document.get(_SECTION) if isinstance(document, dict) else None
    if section in (None, ""):
        if document in (None, "", {}) or (isinstance(document, dict) and set(document) == {_SECTION}):
            return NONE
        raise InvalidArgument(f"{name} has no section '{_SECTION}:'", hint=hint)
    if not isinstance(section, dict) or set(document) != {_SECTION}:
        raise InvalidArgument(
            f"{name}: it must hold one section '{_SECTION}:' with the keys {', '.join(KEYS)}", hint=hint
        )
    return _parsed(section, name)


def as_yaml(corrections: Corrections) -> bytes:
    """The file that `from_file` reads."""
    import yaml

    text = yaml.safe_dump(
        {_SECTION: corrections.as_dict()}, allow_unicode=True, sort_keys=False, width=1_000_000
    )
    return text.encode()


def _spelled(key: object) -> str:
    return str(key).strip().casefold().replace("-", "_")


def _parsed(section: Mapping[Any, Any], where: str) -> Corrections:
    texts: dict[str, tuple[str, ...]] = {}
    for key, value in section.items():
        name = _spelled(key)
        if name not in KEYS:
            near = nearest(name, KEYS)
            hint = f"did you mean '{near}'?" if near else f"known keys: {', '.join(KEYS)}"
            raise InvalidArgument(f"{where}: '{_SECTION}' has no key '{short(str(key))}'", hint=hint)
        values = tuple(islice(_texts(value, f"{where}: '{_SECTION}: {name}'"), _MOST_NAMES + 1))
        if len(values) > _MOST_NAMES:
            raise InvalidArgument(
                f"{where}: '{_SECTION}: {name}' has more than {_MOST_NAMES} texts",
                hint="name sections instead of single items",
            )
        if values:
            texts[name] = values
    return Corrections(texts, {key: f"{where}: {key}" for key in texts})


def _texts(value: Any, where: str) -> Iterator[str]:
    """One text or several. `column: Topic` without quotation marks is a mapping
    in YAML, and means the same.
    """
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            for name, inner in one.items():
                yield from (f"{name}: {text}" for text in _texts(inner, where))
        elif isinstance(one, (str, int, float)) and not isinstance(one, bool):
            if text := tidy(str(one)):
                yield text
        elif one is not None:
            raise InvalidArgument(
                f"{where} must be a text or a list of texts", hint="put the texts into quotation marks"
            )


# ---------------------------------------------------------------------------------------------- applying them


@dataclass(slots=True)
class _Dropped:
    """What is not to be read, with the reason: whole blocks by their position, and parts of table cells,
    which are lines of them.
    """

    blocks: dict[int, str] = field(default_factory=dict)
    parts: dict[Place, dict[str, str]] = field(default_factory=dict)

    def told(self, document: ScopeDocument) -> Iterator[LeftOut]:
        """All of it that could have been a concept, in the order of the document."""
        for at in sorted(self.blocks.keys() | {place.block for place in self.parts}):
            block = document.blocks[at]
            if at not in self.blocks:
                for place in sorted(p for p in self.parts if p.block == at):
                    yield from (
                        LeftOut(short(part), why, "excluded", None, block.lines)
                        for part, why in self.parts[place].items()
                    )
            elif block.lead or block.kind in ("heading", "list_item", "table_row"):
                yield LeftOut(short(block.lead or block.text), self.blocks[at], "excluded", None, block.lines)


def apply(document: ScopeDocument, corrections: Corrections) -> tuple[ScopeDocument, tuple[LeftOut, ...]]:
    """The document as it is to be read, and what of it is not to be read. Lines stay what they are: the text
    of what is left out becomes blank.

    Raises `InvalidArgument` for a name that matches nothing, with those that there are.
    """
    sections = sections_of(document)
    dropped = _Dropped()
    if corrections.of("only"):
        kept = _only(document, sections, corrections)
        why = f"stands in no section that is to be read ({corrections.origins['only']})"
        dropped.blocks |= {i: why for i in range(len(document.blocks)) if i not in kept}
    for name in corrections.of("skip"):
        _skip(document, sections, name, corrections.origins["skip"], dropped)
    left_out = tuple(dropped.told(document))
    if left_out:
        read = _without(document, dropped)
        if not any(block.kind != "heading" for block in read.blocks):
            origins = " and ".join(
                corrections.origins[key] for key in ("only", "skip") if key in corrections.texts
            )
            raise InvalidArgument(
                f"nothing of '{document.source}' is left to be read but headings, with {origins}",
                hint="leave out less of it",
            )
        document = read
    places = {
        place
        for selector in corrections.of("concepts_from")
        for place in places_of(document, selector, corrections.origins["concepts_from"])
    }
    return replace(document, concepts_at=tuple(sorted(places))), left_out


def _only(document: ScopeDocument, sections: Sequence[Section], corrections: Corrections) -> set[int]:
    """The blocks of the sections that alone are to be read, and the headings above them."""
    kept: set[int] = set()
    for name in corrections.of("only"):
        found = matching(name, sections)
        if not found:
            raise no_such_section([name], sections, document.source, corrections.origins["only"])
        for section in (sections[i] for i in found):
            kept.update(range(section.start, section.end))
            kept.update(sections[above].start for above in section.ancestors)
    return kept


def _skip(
    document: ScopeDocument, sections: Sequence[Section], name: str, origin: str, dropped: _Dropped
) -> None:
    """Notes a section of this name; where there is none, the list items, labelled paragraphs and table cells
    that are called so.
    """
    why = f"is not to be read ({origin} '{short(name)}')"
    found = matching(name, sections)
    if found:
        for at in found:
            dropped.blocks |= dict.fromkeys(range(sections[at].start, sections[at].end), why)
        return
    for key in (strict_key, loose_key):
        own, parts = _called(document, key(name), key)
        if own or parts:
            dropped.blocks |= dict.fromkeys(own, why)
            for place, part in parts:
                dropped.parts.setdefault(place, {})[part] = why
            return
    raise no_such_section(
        [name], sections, document.source, origin, "nor a list item or table cell of that text"
    )


def _called(
    document: ScopeDocument, wanted: str, key: Callable[[str], str]
) -> tuple[set[int], list[tuple[Place, str]]]:
    """The items and labelled paragraphs that are called so, with what they hold;
    and the parts of table cells.
    """
    own: set[int] = set()
    parts: list[tuple[Place, str]] = []
    for at, block in enumerate(document.blocks if wanted else ()):
        if block.parent in own:
            own.add(at)
        elif block.kind == "table_row":
            parts += [
                (Place(at, k), part)
                for k, cell in enumerate(block.cells)
                for part in cell.split("\n")
                if key(part) == wanted
            ]
        elif key(block.lead) == wanted or (block.kind == "list_item" and key(block.text) == wanted):
            own.add(at)
    return own, parts


def _without(document: ScopeDocument, dropped: _Dropped) -> ScopeDocument:
    """The document without what is dropped, and without the lines that hold nothing else."""
    rows: dict[int, Block] = {}
    for place, parts in dropped.parts.items():
        rows[place.block] = _with_less(rows.get(place.block, document.blocks[place.block]), place.cell, parts)
    out = dropped.blocks.keys() | {at for at, row in rows.items() if not row.text}
    positions = [i for i in range(len(document.blocks)) if i not in out]
    place_of = {old: new for new, old in enumerate(positions)}
    blocks = tuple(
        replace(rows.get(i, document.blocks[i]), parent=place_of.get(document.blocks[i].parent, -1))
        for i in positions
    )
    blank = _lines(document.blocks[i] for i in out) - _lines(blocks)
    text = "\n".join("" if n in blank else line for n, line in enumerate(document.text.split("\n"), 1))
    return replace(document, blocks=blocks, text=text)


def _with_less(row: Block, cell: int, parts: Container[str]) -> Block:
    """A table row without these parts of a cell."""
    cells = list(row.cells)
    cells[cell] = "\n".join(part for part in cells[cell].split("\n") if part not in parts)
    return replace(row, cells=tuple(cells), text=" | ".join(tidy(text) for text in cells if text))


def _lines(blocks: Iterable[Block]) -> set[int]:
    return {n for block in blocks for n in range(block.lines[0], block.lines[1] + 1)}
