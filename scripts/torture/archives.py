"""Hostile archives."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from torture.harness import Harness
from torture.hooks import quiet
from torture.inputs import judged
from torture.kinds import Case, build_initialized

ID = "20260131-120000-stranger"

#: What an archive may make of the disk, whatever it says of itself.
MOST_BYTES, MOST_FILES = 1100 << 20, 25_000

_RUN_JSON = {
    "schema_version": 1, "run_id": ID, "created_at_utc": "2026-01-31T12:00:00.000000Z",
    "stage": "initialized", "stamps": {}, "history": [],
}  # fmt: skip

Members = list[tuple[tarfile.TarInfo, bytes]]


def _member(
    name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, **parts: Any
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = kind, len(data) if kind == tarfile.REGTYPE else 0, 0o777
    for key, value in parts.items():
        setattr(info, key, value)
    return info, data


def _basis() -> Members:
    return [
        _member(ID, b"", tarfile.DIRTYPE),
        _member(f"{ID}/run.json", json.dumps(_RUN_JSON).encode()),
        _member(f"{ID}/inputs/x.sh", b"#!/bin/sh\nid\n"),
    ]


def _packed(members: Members, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=form, compresslevel=1) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return out.getvalue()


def _names(harness: Harness, random: Random) -> bytes:
    name = random.choice((
        f"{ID}/../../escaped", "../escaped", "/escaped", f"{harness.root}/escaped", f"{ID}/..",
        f"{ID}/./../../escaped", f"{ID}//x", f"{ID}/a/../../../escaped",
        "..", ".", "", "/", f"{ID}/\udcff", f"{ID}/a\nb", f"{ID}/\x1b[2J", f"{ID}/" + "x" * 300,
        f"{ID}/C:\\x", f"{ID}/..\\..\\escaped", "other/run.json",
        f"{ID}/.lock", f"{ID}/run.json/x", f"{ID}/inputs/x.sh/y", f"{ID}/nul\0x", f"./{ID}/x", f"{ID}/logs",
        f"{ID}/" + "é" * 200,
    ))  # fmt: skip
    members = _basis()
    members.insert(random.randrange(len(members) + 1), _member(name, random.choice((b"x", b""))))
    return _packed(members, random.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)))


def _links(harness: Harness, random: Random) -> bytes:
    kind = random.choice(
        (
            tarfile.SYMTYPE,
            tarfile.LNKTYPE,
            tarfile.CHRTYPE,
            tarfile.BLKTYPE,
            tarfile.FIFOTYPE,
            tarfile.CONTTYPE,
            b"7",
            b"Z",
            b"V",
            b"M",
        )
    )
    to = random.choice((str(harness.root), "/etc", "..", "../..", f"{ID}/run.json", "/dev/zero", ".", "x"))
    at = random.choice((f"{ID}/link", ID, f"{ID}/outputs", f"{ID}/run.json", f"{ID}/logs/events.jsonl"))
    members = [
        *_basis(),
        _member(at, b"", kind, linkname=to, devmajor=1, devminor=5),
        _member(f"{at}/escaped", b"x"),
    ]
    return _packed(members[: random.choice((len(members), len(members) - 1))])


def _sizes(harness: Harness, random: Random) -> bytes:
    """Bombs: zeros, many members, depth, sizes that lie, sparse files."""
    kind = random.choice(("zeros", "many", "deep", "deep", "liar", "sparse", "long name", "pax"))
    if kind == "zeros":
        info = _member(f"{ID}/zeros", b"")[0]
        info.size = 3 * 2**30
        block = gzip.compress(b"\0" * (64 << 20), 9)
        head = _packed(_basis())
        plain = gzip.decompress(head).rstrip(b"\0")
        plain += b"\0" * (-len(plain) % 512)
        return (
            gzip.compress(plain + info.tobuf(tarfile.GNU_FORMAT), 1)
            + block * 48
            + gzip.compress(b"\0" * 1024)
        )
    if kind == "many":
        return _packed(
            [*_basis(), *(_member(f"{ID}/inputs/{i}", b"") for i in range(100_000))], tarfile.USTAR_FORMAT
        )
    if kind == "deep":
        deep = random.choice((60, 500, 1020, 3000))
        return _packed([*_basis(), _member(f"{ID}/" + "d/" * deep + "x", b"x")])
    if kind == "liar":
        info, _ = _member(f"{ID}/liar", b"")
        info.size = random.choice((10**18, 2**33, 10**6, -1))
        plain = gzip.decompress(_packed(_basis())).rstrip(b"\0")
        plain += b"\0" * (-len(plain) % 512)
        return gzip.compress(plain + info.tobuf(tarfile.GNU_FORMAT) + b"x" * 700, 1)
    if kind == "sparse":
        pax = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": f"{ID}/sparse",
        "GNU.sparse.size": random.choice(("1000000000000", "99999999", "x")),
               "GNU.sparse.map": random.choice(("0,1", "999999999999,1", "0,x", "5", "0,-5"))}  # fmt: skip
        return _packed([*_basis(), _member(f"{ID}/sparse", b"x", pax_headers=pax)])
    if kind == "long name":
        return _packed(
            [*_basis(), _member(f"{ID}/" + "n" * random.choice((300, 70_000)), b"x")], tarfile.GNU_FORMAT
        )
    pax = {
        random.choice(
            ("path", "linkpath", "size", "mtime", "uid", "SCHILY.xattr.user.x", "hdrcharset")
        ): random.choice(("../escaped", "1e999", "-1", "x" * 70_000, "nan"))
    }
    return _packed([*_basis(), _member(f"{ID}/pax", b"x", pax_headers=pax)])


def _damaged(harness: Harness, random: Random) -> bytes:
    from torture.mutate import BYTES

    whole = _packed(_basis())
    return random.choice((
        lambda: whole[: random.randrange(len(whole))], lambda: whole + whole,
        lambda: random.choice(BYTES)(whole, random), lambda: gzip.compress(whole),
        lambda: gzip.compress(random.choice(BYTES)(gzip.decompress(whole), random), 1), lambda: b"",
        lambda: gzip.compress(b""), lambda: b"PK\3\4" + whole,
        lambda: gzip.decompress(whole), lambda: _packed([]), lambda: _packed(_basis()[:1]),
    ))()  # fmt: skip


def _contents(harness: Harness, random: Random) -> bytes:
    """A well-formed archive with files that lie."""
    from torture.mutate import value_changed

    bad = random.choice(
        (b"", b"null", b"[" * 99_999, value_changed(json.dumps(_RUN_JSON).encode(), random), b"\xff", b"{}")
    )
    members = [
        _member(ID, b"", tarfile.DIRTYPE),
        _member(f"{ID}/run.json", bad),
        _member(f"{ID}/dagogy.toml", b"agent_provider = 'x'\n"),
        _member(f"{ID}/a.sh", b"#!/bin/sh\n"),
    ]
    if random.random() < 0.3:
        members = [m for m in members if not m[0].name.endswith("run.json")]
    return _packed(members)


MAKERS: tuple[Callable[[Harness, Random], bytes], ...] = (
    _names,
    _names,
    _links,
    _links,
    _sizes,
    _damaged,
    _damaged,
    _contents,
)


def archives(harness: Harness, number: int, random: Random) -> Case:
    """A hostile archive is restored."""
    harness.restore("initialized", build_initialized)
    maker = random.choice(MAKERS)
    case = Case(f"archive: {maker.__name__.strip('_')}")
    try:
        data = maker(harness, random)
    except (
        OSError,
        ValueError,
        OverflowError,
        tarfile.TarError,
        UnicodeError,
    ):  # what cannot be packed cannot be sent either
        case.tried = 0
        return case
    (harness.work / "hostile.tar.gz").write_bytes(data)
    outside, runs = _outside(harness), set(os.listdir(harness.runs))
    ran = harness.run("init", "--from", "hostile.tar.gz", before=quiet)
    case.losses += judged(ran)
    if changed := _outside(harness) ^ outside:
        case.lost("outside", f"changed outside of the runs dir: {sorted(map(str, changed))[:3]}")
    made = {name for name in set(os.listdir(harness.runs)) - runs if name[:1].isdigit()}
    if made and ran.status:
        case.lost("half done", f"exit {ran.status}, and {sorted(made)} is there: {ran.summary}")
    if ran.status == 0 and not made:
        case.lost("half done", "exit 0, and no run was made")
    size, files = _judge_files(harness, case, made)
    if size > MOST_BYTES or files > MOST_FILES:
        case.lost("unbounded", f"{len(data)} bytes made {files} files of {size / 2**20:.0f} MiB")
    if made:
        name = min(made)
        for line in (("status", name), ("list",), ("archive", name)):
            case.losses += judged(harness.run(*line, before=quiet))
    return case


def _judge_files(harness: Harness, case: Case, made: set[str]) -> tuple[int, int]:
    """Judges every file of the runs dir; the bytes that they take on the disk, and how many they are."""
    size = files = 0
    for place, folders, names in os.walk(harness.runs):
        restored = any(part in made for part in Path(place).parts)
        for name in [*folders, *names]:
            path = os.path.join(place, name)
            about = os.lstat(path)
            size, files = size + about.st_blocks * 512, files + 1
            _judge_file(case, path, about, restored=restored)
    return size, files


def _judge_file(case: Case, path: str, about: os.stat_result, *, restored: bool) -> None:
    regular, folder = stat.S_ISREG(about.st_mode), stat.S_ISDIR(about.st_mode)
    if not restored:
        return
    if not regular and not folder:
        case.lost("no file", f"{path} is a link or a device")
    elif regular and about.st_mode & 0o111:
        case.lost("executable", f"{path} has the mode {about.st_mode & 0o7777:o}")
    elif about.st_mode & 0o077:
        case.lost("readable by others", f"{path} has the mode {about.st_mode & 0o7777:o}")
    if regular and about.st_nlink > 1:
        case.lost("no file", f"{path} is a second name of a file")


def _outside(harness: Harness) -> set[tuple[str, int, int]]:
    """What is there outside of the runs dir, of what these commands keep in the home, and
    of what we write ourselves.
    """
    found = set()
    for place, folders, names in os.walk(harness.root):
        folders[:] = [
            f
            for f in folders
            if Path(place, f) not in (harness.runs, harness.scratch, harness.root / "saved", harness.home)
        ]
        for name in [*folders, *names]:
            about = os.lstat(os.path.join(place, name))
            found.add(
                (
                    os.path.join(place, name),
                    about.st_mode,
                    about.st_size if stat.S_ISREG(about.st_mode) else 0,
                )
            )
    return found
