"""Reads a `.tar.gz` that a stranger may have made, within limits that are checked while it is read.

Not with `tarfile.open`, which reads the headers that it is given to their end into memory, follows them
recursively, parses PAX records in quadratic time (CVE-2024-6232) and takes an invalid header for the end of
the archive, in the Python 3.11.2 of Debian 12 at least. `TarInfo.frombuf` decodes a header block; what stands
around it is a loop.
"""

from __future__ import annotations

import math
import re
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

_BLOCK = tarfile.BLOCKSIZE
#: What is decompressed at a time: the most memory that a member costs.
_PIECE = 1 << 18
#: What is read from the file at a time.
_READ = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive of a run may hold. Sizes in bytes."""

    total: float
    ratio: float
    members: float
    headers: float
    depth: int
    name: int
    path: int


#: A run of 100,000 nodes with its previous curriculum, plan and evidence takes less than half of it.
_TOTAL = 2**30
#: The repetitive nodes of a generated curriculum (100,000 of them: 95 MiB) compress 18 to
#: 1; DEFLATE can do 1,032 to 1.
_RATIO = 200
#: A run has some twenty files, one more for each command that failed and one for each question to a model, of
#: which a curriculum of 100,000 nodes takes some thousands.
_MEMBERS = 20_000
#: Extension headers of all members together: more than a kilobyte for each of them.
_HEADERS = 32 * 2**20
#: Our own folders are 3 deep; sources that somebody copied into a run may bring some of their own.
_DEPTH = 32
#: What a folder entry can hold in ext4, XFS, Btrfs, APFS and NTFS; a longer name cannot be written anyway.
_NAME = 255
#: A quarter of Linux's PATH_MAX, which leaves the rest for the path of the runs dir.
_PATH = 1024
#: Deeper folders cannot be looked through by programs that recurse, ours among them in parts:
#: `--allow-large` goes so far.
_DEEPEST = 256
#: PATH_MAX less the path of a runs dir.
_LONGEST = 3072

LIMITS = Limits(_TOTAL, _RATIO, _MEMBERS, _HEADERS, _DEPTH, _NAME, _PATH)
#: With `--allow-large`: the disk and the file system are the limit.
LARGE = Limits(math.inf, math.inf, math.inf, math.inf, _DEEPEST, _NAME, _LONGEST)
#: So much is unpacked before the ratio counts: a small file of blanks is no bomb.
_RATIO_FREE = 16 * 2**20
#: An extension header holds a path or extended attributes, of which Linux keeps 64 KiB.
_EXTENSION = 2 * 64 * 2**10
#: A member has one of each kind at most.
_EXTENSIONS_OF_ONE = 8
_ALLOW = "'--allow-large' lifts this limit, for an archive whose maker you trust"

_RECORD = re.compile(rb"([1-9][0-9]{0,6}) ([^=\n]{1,256})=")
_CONTROLS = re.compile("[\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_KINDS = {
    tarfile.SYMTYPE: "a symlink",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


class NotAnArchive(ValueError):
    """What is wrong with it, in words that follow the name of the archive."""


class BeyondLimit(ValueError):
    """Which limit it goes beyond, in words that follow the name of the archive; `hint`: the way out."""

    def __init__(self, message: str, hint: str = _ALLOW) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Member:
    """A folder, or a file of `size` bytes. `parts` are the names in its path, none of
    which leads anywhere but down.
    """

    parts: tuple[str, ...]
    is_folder: bool
    size: int
    mtime: float
    _source: _Unzipped

    def pieces(self) -> Iterator[bytes]:
        """The file's bytes. To be read before the next member is asked for; what
        is not read is passed over.
        """
        return self._source.pieces()


class _Unzipped:
    """The bytes of a `.gz` file, in pieces, each counted before it is made."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file, self._limits = file, limits
        self._zlib = zlib.decompressobj(wbits=31)
        self._input = self._output = b""
        self._at = self._packed = self._unpacked = 0
        self._ended = False
        #: What is left of the member's data, and of the padding behind it.
        self.left = self.padding = 0

    def read(self, size: int) -> bytes:
        """`size` bytes, or less at the end. `size` is no more than a header can say of itself."""
        parts = []
        while size > 0 and (piece := self._piece(size)):
            parts.append(piece)
            size -= len(piece)
        return b"".join(parts)

    def pieces(self) -> Iterator[bytes]:
        while self.left:
            piece = self._piece(min(self.left, _PIECE))
            if not piece:
                raise NotAnArchive("ends in the middle of a file")
            self.left -= len(piece)
            yield piece

    def skip(self) -> None:
        """Passes over what is left of a member."""
        for _ in self.pieces():
            pass
        if len(self.read(self.padding)) < self.padding:
            raise NotAnArchive("ends in the middle of a file")
        self.padding = 0

    def drain(self) -> None:
        """Reads what stands behind the last member: at its end is the checksum, the only thing
        that notices a flipped bit.
        """
        while self._piece(_PIECE):
            pass

    def _piece(self, size: int) -> bytes:
        """At least one byte and `size` at most; none at the end. Raises `EOFError`
        for a file that is cut off.
        """
        while self._at == len(self._output):
            if self._ended:
                return b""
            self._fill()
        piece = self._output[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def _fill(self) -> None:
        at_end = False
        if not self._input:
            self._input = self._file.read(_READ)
            self._packed += len(self._input)
            at_end = not self._input
        self._output, self._at = self._zlib.decompress(self._input, _PIECE), 0
        self._input = self._zlib.unconsumed_tail
        if self._zlib.eof:
            self._end()
        elif at_end and not self._output:
            raise EOFError
        self._unpacked += len(self._output)
        # Headers and padding are no file's bytes, but they too cost time.
        if self._unpacked > self._limits.total * 1.25 + _RATIO_FREE:
            raise BeyondLimit(f"unpacks to more than {self._limits.total / 2**20:,.0f} MiB")
        if (
            self._unpacked > _RATIO_FREE
            and self._unpacked > (self._packed - len(self._input)) * self._limits.ratio
        ):
            raise BeyondLimit(f"unpacks to more than {self._limits.ratio:,.0f} times its size")

    def _end(self) -> None:
        """One gzip member is an archive; what `gzip` pads a tape with is none of it."""
        self._ended = True
        rest = self._zlib.unused_data
        while rest:
            if rest.strip(b"\0"):
                raise NotAnArchive("has more bytes behind its end, or several gzip members")
            rest = self._file.read(_PIECE)


def members(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The folders and files of an archive in order, then the check of its checksum.

    Raises `NotAnArchive` for anything else that it holds, `BeyondLimit`, `EOFError` and `zlib.error`.
    """
    source = _Unzipped(file, limits)
    named: dict[str, bytes] = {}
    count, total, headers, in_a_row = 0, 0, 0, 0
    while block := source.read(_BLOCK):
        if len(block) < _BLOCK:
            raise NotAnArchive("ends in the middle of a header")
        if not block.strip(b"\0"):
            source.drain()
            return
        header = _header(block)
        if header.type in (
            tarfile.XHDTYPE,
            tarfile.XGLTYPE,
            tarfile.SOLARIS_XHDTYPE,
            tarfile.GNUTYPE_LONGNAME,
            tarfile.GNUTYPE_LONGLINK,
        ):
            in_a_row += 1
            if in_a_row > _EXTENSIONS_OF_ONE:
                raise NotAnArchive("has too many headers for one member")
            data = _extension(source, header)
            headers += len(data)
            if headers > limits.headers:
                raise BeyondLimit(f"has extension headers of more than {limits.headers / 2**20:,.0f} MiB")
            _extend(named, header, data)
            continue
        count += 1
        if count > limits.members:
            raise BeyondLimit(f"has more than {limits.members:,.0f} members")
        member = _member(header, named, limits, source)
        named, in_a_row = {}, 0
        total += member.size
        if total > limits.total:
            raise BeyondLimit(f"unpacks to more than {limits.total / 2**20:,.0f} MiB")
        source.left, source.padding = member.size, -member.size % _BLOCK
        yield member
        source.skip()
    if named:
        raise NotAnArchive("ends in the middle of a header")


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise NotAnArchive(f"has an invalid header: {error}") from None
    if header.size < 0:
        raise NotAnArchive("has a member of a negative size")
    return header


def _extension(source: _Unzipped, header: tarfile.TarInfo) -> bytes:
    if header.size > _EXTENSION:
        raise NotAnArchive(f"has a header of {header.size:,} bytes; none is larger than {_EXTENSION:,}")
    data = source.read(header.size)
    if len(source.read(-header.size % _BLOCK)) < -header.size % _BLOCK or len(data) < header.size:
        raise NotAnArchive("ends in the middle of a header")
    return data


def _extend(named: dict[str, bytes], header: tarfile.TarInfo, data: bytes) -> None:
    """What an extension header says of the member behind it."""
    if header.type == tarfile.GNUTYPE_LONGNAME:
        named["path"] = data.rstrip(b"\0")
    elif header.type != tarfile.GNUTYPE_LONGLINK:
        records = _records(data)
        if header.type != tarfile.XGLTYPE:
            named.update(records)
        elif records.keys() & {"path", "size", "linkpath"}:
            raise NotAnArchive("names all its members in one header")


def _records(data: bytes) -> dict[str, bytes]:
    """The records of a PAX header: `length key=value\\n`. Raises `NotAnArchive`."""
    records = {}
    at = 0
    while at < len(data) and data[at]:
        found = _RECORD.match(data, at)
        end = at + int(found[1]) if found else 0
        if found is None or not found.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise NotAnArchive("has an invalid PAX header")
        key = found[2].decode("utf-8", "replace")
        if key.startswith("GNU.sparse"):
            raise NotAnArchive("holds a sparse file")
        records[key] = data[found.end() : end - 1]
        at = end
    return records


def _member(header: tarfile.TarInfo, named: dict[str, bytes], limits: Limits, source: _Unzipped) -> Member:
    name = named["path"].decode("utf-8", "surrogateescape") if "path" in named else header.name
    shown = ascii(name if len(name) <= 100 else name[:100] + "…")[1:-1]
    _check_name(name, shown)
    is_folder = header.type == tarfile.DIRTYPE
    if not is_folder and header.type not in _REGULAR:
        raise NotAnArchive(f"holds {_KINDS.get(header.type, 'an unknown kind of member')}, '{shown}'")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or not (is_folder or len(parts) > 1):
        raise NotAnArchive(f"holds '{shown}'")
    _check_lengths(name, shown, parts, limits)
    size = _size(named.get("size", b""), header.size, shown)
    return Member(parts, is_folder, 0 if is_folder else size, _time(named.get("mtime"), header.mtime), source)


def _check_lengths(name: str, shown: str, parts: tuple[str, ...], limits: Limits) -> None:
    """Raises `BeyondLimit` for a path that is nested too deeply or too long."""
    if len(parts) > limits.depth:
        raise BeyondLimit(f"is nested more than {limits.depth} folders deep", _way_out(limits))
    if len(name.encode()) > limits.path or any(len(part.encode()) > limits.name for part in parts):
        raise BeyondLimit(
            f"holds a path of more than {limits.path:,} bytes, or a name of more than {limits.name} in it: "
            f"'{shown}'",
            _way_out(limits),
        )


def _size(stated: bytes, in_header: int, shown: str) -> int:
    """The size of a member in bytes: that of the extended header, where it has one. Raises `NotAnArchive`."""
    if not stated:
        return in_header
    if not (stated.isdigit() and len(stated) < 20):
        raise NotAnArchive(f"holds '{shown}' of an invalid size")
    return int(stated)


def _way_out(limits: Limits) -> str:
    return _ALLOW if limits.depth < _DEEPEST else "no file system here holds it; pack it with shorter paths"


def _check_name(name: str, shown: str) -> None:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name) or _CONTROLS.search(name):
        raise NotAnArchive(f"holds a name that has control characters or is not UTF-8: '{shown}'")


def _time(record: bytes | None, otherwise: float) -> float:
    """The time of the last change in seconds since the epoch, within what a file system can hold."""
    try:
        seconds = float(record[:40]) if record else float(otherwise)
    except (ValueError, OverflowError):
        seconds = math.nan
    return seconds if 0 <= seconds < 2**33 else 0.0
