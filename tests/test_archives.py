"""Archives from strangers: what they may hold, how much, and what becomes of them when they are restored."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dagogy.workspace import untar
from dagogy.workspace.files import remove_tree
from support import CommandRunner

TOP = "20260101-120000-x"
Member = tuple[str, Any]


def packed(path: Path, *members: Member, format: int = tarfile.PAX_FORMAT, raw: bytes = b"") -> str:  # noqa: A002
    """A .tar.gz. A member is a name, and content or a function that changes its header;
    `raw` is a whole tar instead.
    """
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=format) as tar:
        for name, what in members:
            member = tarfile.TarInfo(name)
            content = what if isinstance(what, bytes) else b""
            member.size = len(content)
            if callable(what):
                what(member)
            tar.addfile(member, io.BytesIO(content) if isinstance(what, bytes) else None)
    path.write_bytes(gzip.compress(raw or data.getvalue()))
    return str(path)


def of_kind(kind: bytes, **facts: Any) -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type = kind
        for name, value in facts.items():
            setattr(member, name, value)

    return change


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def extended(**records: bytes) -> bytes:
    """A PAX header."""
    data = b""
    for key, value in records.items():
        body = b" " + key.replace("__", ".").encode() + b"=" + value + b"\n"
        length = len(body)
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        data += str(length).encode() + body
    return header("PaxHeader", len(data), tarfile.XHDTYPE) + data + bytes(-len(data) % 512)


def refused(runner: CommandRunner, archive: str, *options: str) -> str:
    """The message of a refusal that leaves nothing behind."""
    done = runner("init", "--from", archive, "--json", *options)
    assert (done.status, done.code) == (2, "invalid_argument"), done.err
    message = str(done.json["error"]["message"])
    assert archive in message
    # A typed failure is recorded; no run, and nothing hidden, is left.
    assert not runner.runs.exists() or [p.name for p in runner.runs.iterdir() if p.name != "failures"] == []
    return message


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> untar.Limits:
    """Limits that a test reaches in no time."""
    from dagogy.workspace import archive

    limits = untar.Limits(total=2**20, ratio=200, members=50, headers=2**16, depth=8, name=255, path=1024)
    monkeypatch.setattr(archive, "LIMITS", limits)
    return limits


RUN = (f"{TOP}/run.json", b"{}")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([RUN, (f"{TOP}/a", of_kind(tarfile.LNKTYPE, linkname=f"{TOP}/run.json"))], "a hard link"),
        ([RUN, (f"{TOP}/a", of_kind(tarfile.SYMTYPE, linkname="run.json"))], "a symlink"),
        ([RUN, (f"{TOP}/a", of_kind(tarfile.BLKTYPE))], "a device"),
        ([RUN, (f"{TOP}/a", of_kind(tarfile.FIFOTYPE))], "a pipe"),
        ([RUN, (f"{TOP}/a", of_kind(tarfile.GNUTYPE_SPARSE))], "a sparse file"),
        ([RUN, (f"{TOP}/a", of_kind(b"Z"))], "an unknown kind"),
        ([RUN, RUN], "in the place of another member"),
        ([RUN, (f"{TOP}/run.json/below", b"x")], "in the place of another member"),
        ([RUN, (f"{TOP}/run.json", of_kind(tarfile.DIRTYPE))], "in the place of another member"),
        ([(f"{TOP}/a/b", b"x"), (f"{TOP}/a", b"x")], "in the place of another member"),
        ([RUN, (f"{TOP}/a\x1b[2J", b"x")], r"a\\x1b[2J"),
        ([RUN, (f"{TOP}/a\nb", b"x")], r"a\\nb"),
        ([RUN, (f"{TOP}/a\u202egpj", b"x")], r"a\\u202egpj"),
        ([RUN, (f"{TOP}/a\udcff", b"x")], "not UTF-8"),
        ([RUN, ("20260102-120000/run.json", b"{}")], "holds two runs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_run_has_is_refused_and_leaves_nothing(
    runner: CommandRunner, tmp_path: Path, members: list[Member], expected: str
) -> None:
    message = refused(runner, packed(tmp_path / "a.tar.gz", *members))
    assert expected.replace(r"\\", "\\") in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (header(f"{TOP}/a", 2**33), "more than 1,024 MiB"),
        (header(f"{TOP}/a", 10_000) + b"x" * 512, "ends in the middle of a file"),
        (header(f"{TOP}/a", 10) + b"x" * 10, "ends in the middle of a file"),
        (header(f"{TOP}/a")[:300], "ends in the middle of a header"),
        (extended(size=b"9" * 400) + header(f"{TOP}/a"), "invalid size"),
        (extended(size=b"-1") + header(f"{TOP}/a"), "invalid size"),
        (extended(GNU__sparse__major=b"1") + header(f"{TOP}/a"), "a sparse file"),
        (extended(path=b"x" * 200_000) + header(f"{TOP}/a"), "has a header of"),
        (extended(path=f"{TOP}/../../x".encode()) + header(f"{TOP}/a"), "holds"),
        (header("PaxHeader", 2**33, tarfile.XHDTYPE), "has a header of"),
        (header("L", 2**33, tarfile.GNUTYPE_LONGNAME), "has a header of"),
        (extended(comment=b"x") * 20 + header(f"{TOP}/a"), "too many headers"),
        (header("P", 512, tarfile.XHDTYPE) + b"9" * 512 + header(f"{TOP}/a"), "invalid PAX header"),
        (
            header("P", 512, tarfile.XHDTYPE) + b"99 a=b\n" + bytes(505) + header(f"{TOP}/a"),
            "invalid PAX header",
        ),
        (extended(path=f"{TOP}/y".encode()), "ends in the middle of a header"),
        (header(f"{TOP}/run.json") + b"\xff" * 512, "invalid header"),
        (b"x" * 512, "invalid header"),
    ],
    ids=range(17),
)
def test_a_tar_that_lies_is_refused(runner: CommandRunner, tmp_path: Path, raw: bytes, expected: str) -> None:
    assert expected in refused(runner, packed(tmp_path / "a.tar.gz", raw=raw))


def test_a_lying_size_costs_no_more_with_allow_large(runner: CommandRunner, tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar.gz", raw=header(f"{TOP}/a", 2**33) + b"x" * 512)
    done = runner("init", "--from", archive, "--allow-large")
    # Either the disk has no room for what the header claims, or the file ends before.
    assert done.code in ("invalid_argument", "io_error")
    assert not runner.runs.exists() or [p.name for p in runner.runs.iterdir() if p.name != "failures"] == []


@pytest.mark.parametrize("depth", [33, 257, 1_020])
@pytest.mark.parametrize("options", [(), ("--allow-large",)])
def test_folders_in_one_another_end_in_a_typed_error(
    runner: CommandRunner, tmp_path: Path, depth: int, options: tuple[str, ...]
) -> None:
    archive = packed(tmp_path / "a.tar.gz", RUN, ("/".join([TOP, *"d" * depth, "f"]), b"x"))
    if depth == 33 and options:
        assert runner.ok("init", "--from", archive, "--json", *options).json["run_id"] == TOP
    else:
        assert "deep" in refused(runner, archive, *options)


@pytest.mark.slow
def test_what_is_in_a_run_a_thousand_folders_deep_is_no_crash(runner: CommandRunner) -> None:
    run = runner.init()
    place = run
    for _ in range(1_020):
        place = place / "d"
        os.mkdir(place)
    try:
        for command in (
            ["status", "latest"],
            ["archive", "latest"],
            ["diagnose", "latest", "--no-probe"],
            ["escalate", "latest"],
        ):
            assert runner(*command).status not in (10, 11), command
        kept = runner("archive", "latest", "--remove")
        assert (kept.status, kept.code) == (6, "io_error")
        assert run.is_dir()
        assert "cannot be restored" in kept.err
    finally:
        remove_tree(run / "d")  # pytest's own removal recurses


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([(f"{TOP}/a", b"x" * (2**20 + 1))], "more than 1 MiB"),
        ([(f"{TOP}/{n}", b"") for n in range(51)], "more than 50 members"),
        ([(f"{TOP}/{'n' * 256}", b"")], "a name of more than 255"),
        ([("/".join([TOP, *["n" * 200] * 6]), b"")], "a path of more than 1,024 bytes"),
    ],
    ids=["size", "members", "name", "path"],
)
def test_each_limit_is_named(
    runner: CommandRunner, tmp_path: Path, small_limits: untar.Limits, members: list[Member], expected: str
) -> None:
    assert expected in refused(runner, packed(tmp_path / "a.tar.gz", *members))


def test_extension_headers_have_a_limit_together(
    runner: CommandRunner, tmp_path: Path, small_limits: untar.Limits
) -> None:
    raw = b"".join(extended(comment=b"x" * 10_000) + header(f"{TOP}/{n}") for n in range(10))
    assert "extension headers" in refused(runner, packed(tmp_path / "a.tar.gz", raw=raw))
    assert runner.ok(
        "init", "--from", packed(tmp_path / "a.tar.gz", raw=raw), "--allow-large", "--json"
    ).json["problem"]


def test_allow_large_lifts_the_limits(
    runner: CommandRunner, tmp_path: Path, small_limits: untar.Limits
) -> None:
    archive = packed(
        tmp_path / "a.tar.gz", RUN, *((f"{TOP}/{n}/{'d/' * 20}f", b"x" * 40_000) for n in range(60))
    )
    assert "--allow-large" in runner("init", "--from", archive).err
    done = runner.ok("init", "--from", archive, "--allow-large", "--json")
    assert len(list(Path(done.json["path"]).rglob("f"))) == 60


def test_allow_large_alone_is_refused(runner: CommandRunner) -> None:
    assert runner("init", "x", "--allow-large").code == "invalid_argument"
    assert not runner.runs.exists()


def _zeros(size: int, level: int = 9) -> Iterator[bytes]:
    """`size` zero bytes, compressed, in pieces."""
    packer = zlib.compressobj(level, wbits=31)
    piece = bytes(2**20)
    for _ in range(size // len(piece)):
        yield packer.compress(piece)
    yield packer.flush()


@pytest.mark.slow
def test_a_bomb_costs_neither_memory_nor_disk(runner: CommandRunner, tmp_path: Path) -> None:
    """10 GiB of zeros in 10 MB. With the limit of the ratio it ends after some 16 MiB."""
    bomb = tmp_path / "a.tar.gz"
    packer = zlib.compressobj(9, wbits=31)
    with open(bomb, "wb") as file:
        file.write(packer.compress(header(f"{TOP}/run.json", 10 * 2**30)))
        file.writelines(packer.compress(bytes(2**20)) for _ in range(64))
        file.write(packer.flush())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "more than 1,024 MiB" in refused(runner, str(bomb))
    # The same bytes behind the end of a small tar, where no header claims them.
    with open(bomb, "wb") as file:
        file.writelines(_zeros(64 * 2**20))
    assert "times its size" in refused(runner, str(bomb))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_what_is_unpacked_before_the_ratio_ends_a_bomb_is_little(tmp_path: Path) -> None:
    with open(tmp_path / "bomb", "wb") as file:
        file.writelines(_zeros(64 * 2**20))
    with open(tmp_path / "bomb", "rb") as file, pytest.raises(untar.BeyondLimit):
        list(untar.members(file, untar.LIMITS))
    with open(tmp_path / "bomb", "rb") as file:
        source = untar._Unzipped(file, untar.LIMITS)
        with pytest.raises(untar.BeyondLimit):
            source.drain()
        assert source._unpacked < 20 * 2**20


@pytest.mark.parametrize(
    "behind",
    [gzip.compress(b"") * 1_000, gzip.compress(bytes(512)), b"PK\x03\x04"],
    ids=["empty streams", "zeros", "zip"],
)
def test_bytes_behind_the_end_are_refused_but_for_padding(
    runner: CommandRunner, tmp_path: Path, behind: bytes
) -> None:
    archive = Path(packed(tmp_path / "a.tar.gz", RUN))
    data = archive.read_bytes()
    archive.write_bytes(data + behind)
    assert "behind its end" in refused(runner, str(archive))
    archive.write_bytes(data + bytes(10_240))
    runner.ok("init", "--from", str(archive))


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_every_form_of_tar_is_read_to_the_last_byte(
    runner: CommandRunner, tmp_path: Path, form: int, level: int
) -> None:
    names = [
        f"{TOP}/run.json",
        f"{TOP}/inputs/{'ä' * 40}.md",
        f"{TOP}/inputs/{'long/' * 10}{'n' * 90}.md",
        f"{TOP}/empty",
    ]
    contents = [os.urandom(size) for size in (0, 1, 511, 512)] + [os.urandom(700_001), bytes(300_000)]
    members = [
        *zip(names, contents, strict=False),
        (f"{TOP}/large", contents[4]),
        (f"{TOP}/zeros", contents[5]),
    ]
    archive = Path(packed(tmp_path / "a.tar.gz", *members, format=form))
    archive.write_bytes(gzip.compress(gzip.decompress(archive.read_bytes()), level))
    with open(archive, "rb") as file:
        read = {"/".join(m.parts): b"".join(m.pieces()) for m in untar.members(file, untar.LIMITS)}
    assert read == dict(members)


def test_every_cut_of_an_archive_is_refused(tmp_path: Path) -> None:
    whole = Path(packed(tmp_path / "a.tar.gz", RUN, (f"{TOP}/a", os.urandom(3_000)))).read_bytes()
    for end in range(0, len(whole), 7):
        (tmp_path / "cut").write_bytes(whole[:end])
        with open(tmp_path / "cut", "rb") as file, pytest.raises((EOFError, zlib.error, untar.NotAnArchive)):
            list(untar.members(file, untar.LIMITS))


def test_restored_files_and_folders_are_private_whatever_the_archive_says(
    runner: CommandRunner, tmp_path: Path
) -> None:
    def everything(member: tarfile.TarInfo) -> None:
        member.mode = 0o7777

    folder = (f"{TOP}/inputs", of_kind(tarfile.DIRTYPE, mode=0o7777))
    archive = packed(
        tmp_path / "a.tar.gz", folder, (f"{TOP}/run.json", everything), (f"{TOP}/a.sh", everything)
    )
    mask = os.umask(0)
    try:
        run = Path(runner.ok("init", "--from", archive, "--json").json["path"])
    finally:
        os.umask(mask)
    for path in (run, *run.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


# ---------------------------------------------------------------------------- what was done, and what is said


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"schema_version": 99}', None], ids=repr)
def test_a_run_with_invalid_metadata_is_restored_and_says_so(
    runner: CommandRunner, tmp_path: Path, data: bytes | None
) -> None:
    members = [(f"{TOP}/inputs/scope.md", b"# x"), *([(f"{TOP}/run.json", data)] if data is not None else [])]
    done = runner.ok("init", "--from", packed(tmp_path / "a.tar.gz", *members), "--json")
    assert done.json["run_id"] == TOP
    assert done.json["stage"] is None
    assert done.json["problem"].startswith(f"invalid run metadata: {TOP}/run.json")
    assert done.json["next"]["command"] == f"dagogy triage {TOP}"
    assert (runner.runs / TOP / "inputs/scope.md").is_file()
    message = runner.ok("init", "--from", str(tmp_path / "a.tar.gz"))
    assert (
        "warning: the run is restored as it was archived, and cannot be read: invalid run metadata"
        in message.err
    )
    assert f"next: dagogy triage {TOP}-2" in message.out
    assert runner("triage", TOP, "--no-fix", "--json").json["diagnosis"]["incident"] != "unknown"


def test_a_sound_run_has_no_problem(runner: CommandRunner) -> None:
    runner.init()
    archive = runner.ok("archive", "latest", "--json").json["archive"]
    assert runner.ok("init", "--from", archive, "--json").json["problem"] == ""


def test_a_wrong_configuration_restores_nothing(runner: CommandRunner) -> None:
    run = runner.init()
    archive = runner.ok("archive", "latest", "--remove", "--json").json["archive"]
    (runner.folder / "dagogy.toml").write_text("[rules]\nno_such_rule = 'off'\n")
    assert runner("init", "--from", archive).code == "config_error"
    assert not run.exists()


def test_a_restored_run_has_the_event_from_the_beginning(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds the run finds the event too: it is there before the run has its name."""
    run = runner.init()
    archive = runner.ok("archive", "latest", "--remove", "--json").json["archive"]
    real, seen = os.rename, []

    def rename(source: Any, target: Any) -> None:
        if Path(target).name == run.name:
            seen.append((Path(source) / "logs/events.jsonl").read_text())
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    runner.ok("init", "--from", archive)
    assert json.loads(seen[0].splitlines()[-1])["event"] == "restored"


def test_archive_says_what_could_not_be_restored(runner: CommandRunner) -> None:
    run = runner.init()
    (run / "inputs/a\x07.md").write_text("x")
    done = runner.ok("archive", "latest")
    assert "'dagogy init --from' would refuse it" in done.err
    kept = runner("archive", "latest", "--remove", "--json")
    assert (kept.status, kept.code) == (6, "io_error")
    assert Path(kept.json["error"]["details"]["archive"]).is_file()
    assert run.is_dir()
