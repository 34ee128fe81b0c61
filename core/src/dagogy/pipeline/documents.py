"""Documents: which reader reads a file, several files as one document, and the
blocks that a run keeps of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dagogy.api._decoding import decode_text
from dagogy.api.errors import ConfigError, DagogyError, InvalidArgument, NotFound, PluginError
from dagogy.api.readers import Reader, Source
from dagogy.api.scope import Block, ScopeDocument
from dagogy.host.calls import report
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.workspace.files import content_hash

if TYPE_CHECKING:
    from dagogy.api.providers import Readiness

__all__ = ["Readers", "as_restored", "combined", "kept_blocks", "misplaced", "restored"]


class Readers:
    """The readers that are installed, and what they read in this command."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._read: dict[tuple[str, str, str], ScopeDocument] = {}

    def read(self, source: Source, format_id: str = "", location: str = "") -> ScopeDocument:
        """The document that the bytes are; `format_id` names its reader, where it is not to be
        found by name and content.

        Raises `InvalidArgument` for a file that no reader reads, `ConfigError` where what it takes is not
        installed, and `PluginError`.
        """
        key = (source.name, content_hash(source.data), format_id)
        if key not in self._read:
            plugin, reader = self._chosen(source, format_id)
            document = plugin.call(lambda: reader.read(source))
            if not isinstance(document, ScopeDocument) or not all(
                isinstance(b, Block) for b in document.blocks
            ):
                plugin.fail(
                    f"it read '{source.name}' as a {type(document).__name__}, not a ScopeDocument of Blocks"
                )
                raise plugin.error()
            if wrong := misplaced(document):
                plugin.fail(f"of '{source.name}' {wrong}")
                raise plugin.error()
            self._read[key] = document
        return replace(self._read[key], location=location or source.name)

    def surroundings(
        self, source: Source, format_id: str, document: ScopeDocument, kept: Sequence[int]
    ) -> tuple[str, str]:
        """What the reader of the file says that chosen lines need of the rest."""
        plugin, reader = self._chosen(source, format_id)
        return plugin.call(lambda: reader.surroundings(document, kept))

    def reads(self, name: str) -> bool:
        """Whether a reader claims files of this name."""
        source = Source(name, b"")
        return any(_by_name(p, source) or _by_suffix(p, source) for p in self._plugins())

    def claims(self, name: str) -> bool:
        """Whether a reader claims this very file name, as that of a table of contents."""
        return any(_by_name(p, Source(name, b"")) for p in self._plugins())

    def readiness(self) -> list[tuple[Plugin, Readiness]]:
        """Every reader with what it says of itself."""
        return [(p, p.call(self._reader(p).ready)) for p in self._plugins() if p.state == "ready"]

    def _plugins(self) -> list[Plugin]:
        """Those that said what they read: one whose code turns out to be broken keeps its files, so that no
        other reads them as what they are not.
        """
        return sorted(
            (p for p in self._host.load("reader") if p.info is not None), key=lambda p: (p.info.order, p.id)
        )

    def _reader(self, plugin: Plugin) -> Reader:
        kind = self._host.implementation(plugin)
        reader: Reader = plugin.call(lambda: kind(plugin.info))
        return reader

    def _chosen(self, source: Source, format_id: str) -> tuple[Plugin, Reader]:
        if format_id:
            plugin = self._named(format_id)
            return plugin, self._reader(plugin)
        candidates = self._candidates(source)
        if not candidates:
            raise self._unread(source)
        for plugin in candidates[:-1]:
            try:
                reader = self._reader(plugin)
                if plugin.call(reader.ready).ready:
                    return plugin, reader
            except PluginError as error:  # another one may read it
                report(error.message)
        # None is ready: what the likeliest says of that is the user's to know, unless
        # the last one can read it.
        last = candidates[-1], self._reader(candidates[-1])
        if len(candidates) == 1 or last[0].call(last[1].ready).ready or candidates[0].state == "failed":
            return last
        return candidates[0], self._reader(candidates[0])

    def _named(self, format_id: str) -> Plugin:
        try:
            return self._host.get("reader", format_id)
        except NotFound as error:
            known = ", ".join(p.id for p in self._plugins()) or "none is installed"
            raise InvalidArgument(
                f"--scope-format '{format_id}' is no reader; readers: {known}", hint=error.hint
            ) from None

    def _candidates(self, source: Source) -> list[Plugin]:
        """Those that could read the file, the likeliest first: by what it begins with, its whole name, its
        suffix, at last by its content.
        """
        plugins = self._plugins()
        signed = [
            p
            for p in plugins
            if any(source.data.startswith(s.encode("latin-1", "replace")) for s in p.info.signatures)
        ]
        if signed:
            return sorted(signed, key=lambda p: not _by_suffix(p, source))
        for claims in (_by_name, _by_suffix):
            found = [p for p in plugins if claims(p, source)]
            if found:
                return found
        plugins = [p for p in plugins if p.state == "ready"]
        sure = {p.id: p.call(lambda p=p: self._reader(p).recognises(source)) for p in plugins}  # type: ignore[misc]
        return sorted((p for p in plugins if sure[p.id] > 0), key=lambda p: -sure[p.id])

    def _unread(self, source: Source) -> DagogyError:
        if not self._plugins():
            return ConfigError("no reader of documents is installed", hint="pip install dagogy-standard")
        try:
            decode_text(source.data, source.name)
        except InvalidArgument as error:
            return error
        return InvalidArgument(
            f"no reader reads '{source.name}'",
            hint="'dagogy plugins list --kind reader' shows them; --scope-format ID names one",
        )


def _by_name(plugin: Plugin, source: Source) -> bool:
    return PurePath(source.name).name.lower() in plugin.info.names


def _by_suffix(plugin: Plugin, source: Source) -> bool:
    return bool(source.suffix) and source.suffix in plugin.info.suffixes


# --------------------------------------------------------------------------------------- several files as one


def combined(documents: Sequence[ScopeDocument], source: str) -> ScopeDocument:
    """Several documents as one, each a section under its own title, in this order.
    A single one stays as it is.
    """
    if len(documents) == 1:
        return documents[0]
    text: list[str] = []
    blocks: list[Block] = []
    for document in documents:
        if text and text[-1].strip():
            text.append("")
        own, lines = _as_section(document)
        offset, first = len(text), len(blocks)
        text += lines
        for block in own:
            parent = block.parent + first if block.parent >= 0 else -1
            moved = (block.lines[0] + offset, block.lines[1] + offset)
            locator = f"{document.source}: {block.locator}" if block.locator else document.source
            blocks.append(replace(block, lines=moved, parent=parent, locator=locator))
    return ScopeDocument(
        source, source, "\n".join(text).rstrip("\n") + "\n", tuple(blocks), _title_of(source)
    )


def _as_section(document: ScopeDocument) -> tuple[list[Block], list[str]]:
    """The blocks of a document under one heading of level 1, and its lines: its own where it begins with the
    only one, else its title.
    """
    lines = document.text.rstrip("\n").split("\n")
    tops = [i for i, b in enumerate(document.blocks) if b.kind == "heading" and b.level == 1]
    if tops == [0]:
        return list(document.blocks), lines
    down = 1 if tops else 0
    blocks = [Block("heading", document.title, (1, 1), (document.title,), level=1)]
    for block in document.blocks:
        level = min(block.level + down, 6) if block.kind == "heading" else block.level
        parent = block.parent + 1 if block.parent >= 0 else -1
        blocks.append(
            replace(
                block,
                level=level,
                parent=parent,
                path=(document.title, *block.path),
                lines=(block.lines[0] + 2, block.lines[1] + 2),
            )
        )
    return blocks, [f"# {document.title}", "", *lines]


def _title_of(source: str) -> str:
    name = PurePath(source).name.replace("-", " ").replace("_", " ").strip()
    return name[:1].upper() + name[1:] if name else "Scope"


# ------------------------------------------------------------------------------------------- what a run keeps


@dataclass(frozen=True, slots=True)
class _Kept:
    """The blocks of a run's scope document as its file of them has it; `text` is the hash of the text whose
    lines they count in.
    """

    schema_version: int
    text: str
    title: str
    front_matter: dict[str, Any]
    blocks: tuple[Block, ...]


def kept_blocks(document: ScopeDocument) -> bytes:
    """The document without its text, as JSON."""
    from pydantic import TypeAdapter

    kept = _Kept(
        1, content_hash(document.text.encode()), document.title, dict(document.front_matter), document.blocks
    )
    return TypeAdapter(_Kept).dump_json(kept) + b"\n"


def restored(blocks: bytes, data: bytes) -> ScopeDocument | None:
    """The document that `kept_blocks` wrote down, with its text; None where that was another text than
    `data`, or the blocks cannot be its blocks.
    """
    from pydantic import TypeAdapter

    try:
        kept, text = TypeAdapter(_Kept).validate_json(blocks, strict=True), data.decode()
    except (RecursionError, ValueError):
        return None
    if kept.text != content_hash(data) or not _valid(kept.blocks, text.count("\n") + 1):
        return None
    return ScopeDocument("", "", text, kept.blocks, kept.title, front_matter=kept.front_matter)


def as_restored(document: ScopeDocument) -> ScopeDocument:
    """What `restored` gives of a document that was kept, with the same blocks: its front matter as JSON has
    it.
    """
    from pydantic import TypeAdapter

    plain = TypeAdapter(dict[str, Any])
    front_matter = plain.validate_json(plain.dump_json(dict(document.front_matter)))
    return ScopeDocument("", "", document.text, document.blocks, document.title, front_matter=front_matter)


def misplaced(document: ScopeDocument) -> str:
    """Which block of the document does not lie in its text or points to what comes after
    it, in words; "" where all do.
    """
    last_line = document.text.count("\n") + 1
    wrong = next((i for i, b in enumerate(document.blocks) if not _sound_block(i, b, last_line)), None)
    if wrong is None:
        return ""
    block = document.blocks[wrong]
    return (
        f"block {wrong} has lines {block.lines} of {last_line}, level {block.level} and parent {block.parent}"
    )


def _valid(blocks: Iterable[Block], last_line: int) -> bool:
    """Whether parents come before their children, and lines are those of the text."""
    return all(_sound_block(i, b, last_line) for i, b in enumerate(blocks))


def _sound_block(position: int, block: Block, last_line: int) -> bool:
    return (
        -1 <= block.parent < position
        and 1 <= block.lines[0] <= block.lines[1] <= last_line
        and 0 <= block.level <= 1000
    )
