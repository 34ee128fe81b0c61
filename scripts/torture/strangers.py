"""Hostile archives, and run folders and configuration files that try to give commands."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shutil
import socket
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from torture.harness import Harness
from torture.hooks import quiet
from torture.inputs import judged
from torture.kinds import Case, build_failed, build_initialized, the_run
from torture.oracle import leaked

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
    size = files = 0
    for place, folders, names in os.walk(harness.runs):
        for name in [*folders, *names]:
            about = os.lstat(os.path.join(place, name))
            size, files = size + about.st_blocks * 512, files + 1
            _judge_file(
                case,
                os.path.join(place, name),
                about,
                restored=any(part in made for part in Path(place).parts),
            )
    if size > MOST_BYTES or files > MOST_FILES:
        case.lost("unbounded", f"{len(data)} bytes made {files} files of {size / 2**20:.0f} MiB")
    if made:
        name = min(made)
        for line in (("status", name), ("list",), ("archive", name)):
            case.losses += judged(harness.run(*line, before=quiet))
    return case


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


# --- run folders and configuration files that would give commands

KEY = "sk-proj-T0rtureKeyZq81mWv03LxTn5RbYk27HdPc"
_SCRIPT = "#!/bin/sh\necho ran >> {marker}\n"


def orders(harness: Harness, number: int, random: Random) -> Case:
    """A restored run, or a configuration file that is found, says what is to be started, written, removed or
    sent: nothing of it may happen.
    """
    harness.restore("failed", build_failed)
    marker = harness.root / "marker"
    marker.unlink(missing_ok=True)
    victim = harness.work / "victim.txt"
    victim.write_text("keep me")
    with socket.socket() as ear:
        ear.bind(("127.0.0.1", 0))
        ear.listen(16)
        ear.settimeout(0.05)
        port = ear.getsockname()[1]
        case = (
            _configured(harness, random, marker, port)
            if number % 2
            else _restored(harness, random, marker, victim)
        )
        heard = b""
        try:
            connection, _ = ear.accept()
            connection.settimeout(0.2)
            heard = connection.recv(65_536) or b"(a connection)"
            connection.close()
        except TimeoutError:
            pass
    if marker.exists():
        case.lost("executed", f"a program of the stranger's was started: {marker.read_text()!r}")
    if victim.read_text() != "keep me":
        case.lost("overwritten", "a file out of the run was written to")
    if heard:
        case.lost(
            "sent",
            (
                f"an address that a file names was asked{', with the key' if KEY.encode() in heard else ''}:"
                f" {heard[:60]!r}"
            ),
        )
    return case


def _script(path: Path, marker: Path) -> None:
    path.write_text(_SCRIPT.format(marker=marker))
    path.chmod(0o755)


def _configured(harness: Harness, random: Random, marker: Path, port: int) -> Case:
    """A configuration file in the current folder or above it."""
    _script(harness.work / "a.sh", marker)
    settings = random.choice(
        (
            f'agent_provider = "codex_exec"\ncoding_agent_cmd = "{harness.work}/a.sh"\n',
            'agent_provider = "codex_exec"\ncoding_agent_cmd = "./a.sh"\n',
            f'agent_provider = "remote_llm"\nopenai_base_url = "http://127.0.0.1:{port}/v1"\n',
            f'openai_base_url = "http://127.0.0.1:{port}/v1"\n',
            (
                'agent_fallback_providers = "codex_exec"\ncoding_agent_cmd = "./a.sh"\n'
                'agent_provider = "remote_llm"\n'
            ),
        )
    )
    name = random.choice(("dagogy.toml", "pyproject.toml"))
    place = random.choice((harness.work, harness.work, harness.root))
    text = settings if name == "dagogy.toml" else "[tool.dagogy]\n" + settings
    (place / name).write_text(text)
    if random.random() < 0.3:
        os.chmod(place / name, 0o666)
    run = ("run", "latest", "--scope-file", "tea.md")
    line = random.choice((("doctor",), ("doctor",), run, run, run, ("status", "latest"), ("validate",
    "latest"), ("recover", "latest", "--no-probe"),
                          (*run, "--self-heal", "--heal-seconds", "5"), ("triage", "latest", "--no-probe"),
                          (*run, "--show-prompt")))  # fmt: skip
    # Nothing of the torture asks the network. Where the file is not heeded, a provider that is asked
    # for has no other address than a proxy that refuses; what else would look for the provider's own
    # address gets one of this machine.
    more = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    if line == run and "openai_base_url" in settings:
        more["AGENT_PROVIDER"] = "remote_llm"
    elif "openai_base_url" not in settings:
        more |= {
            "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
            **random.choice(({}, {"AGENT_PROVIDER": "remote_llm"}, {"AGENT_PROVIDER": "codex_exec"})),
        }
    case = Case(
        f"{name} in {place.relative_to(harness.root) / '.'}: {settings!r}; {more}; dagogy {' '.join(line)}"
    )
    environ = harness.environment(
        OPENAI_API_KEY=KEY, AGENT_RETRY_BUDGET="0", AGENT_TIMEOUT_SECONDS="5", **more
    )
    ran = harness.run(*line, environ=environ, before=quiet, cpu=60)
    (place / name).unlink()
    case.losses += judged(ran)
    case.losses += leaked(ran.out + ran.err, {"the key": KEY}, "what was printed")
    return case


def _restored(harness: Harness, random: Random, marker: Path, victim: Path) -> Case:
    """An archive whose log or record names a command to run again."""
    source = the_run(harness)
    run_id = source.name
    other = "20260101-000000-mine"
    words: list[str] = random.choice((
        ["run", run_id], ["run", run_id, "--provider", "codex_exec"], ["archive", run_id, "--remove"],
        ["archive", other, "--remove"],
        ["export", run_id, "--format", "mermaid", "-o", str(victim)], ["export", other, "--format", "mermaid",
        "-o", "victim.txt"],
        ["postmortem", run_id, "-o", str(victim)], ["run", run_id, "--scope-file", "/etc/hostname"], ["run",
        other, "--scope-file", str(victim)],
        ["validate", run_id, "--fix"], ["init", "made-by-a-stranger"], ["incidents", "reset"], ["run", run_id,
        "--self-heal", "--unsafe"], ["trust"],
        ["postmortem", run_id, "--regression-test", str(harness.work / "tests")], ["plan", other],
    ))  # fmt: skip
    folder = random.choice((str(harness.runs / run_id), str(harness.work), "/", "."))
    started = {"at_utc": "2030-01-01T00:00:00.000000Z", "event": "command_started",
    "command": "dagogy " + " ".join(words), "words": words, "pid": 2**22 + 7,
               "folder": folder, "stage": "generated"}  # fmt: skip
    as_log = random.random() < 0.5
    shutil.copytree(source, harness.runs / other)
    if as_log:
        with open(source / "logs/events.jsonl", "a") as log:
            log.write(json.dumps(started) + "\n")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    code, message_text = random.choice(
        (("interrupted", ""), ("provider_error", f"cannot connect to {address}: Connection refused"))
    )
    for record in [] if as_log else sorted((source / "logs/failures").glob("*.json")):
        document = json.loads(record.read_bytes())
        document.update(
            command=["dagogy", *words],
            folder=folder,
            code=code,
            message=message_text or document["message"],
            exit_status=130 if code == "interrupted" else 8,
            provider="remote_llm",
            endpoint=address,
            details={"endpoint": address},
            at_utc="2030-01-01T00:00:00.000000Z",
        )
        record.write_text(json.dumps(document))
    (source / "dagogy.toml").write_text('coding_agent_cmd = "./a.sh"\nagent_provider = "codex_exec"\n')
    _script(source / "a.sh", marker)
    packed = harness.work / "stranger.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(source, run_id)
    shutil.rmtree(source)
    kept = _runs_of(harness)
    recover = ("recover", run_id)
    line = random.choice(
        (
            recover,
            recover,
            recover,
            ("triage", run_id),
            (*recover, "--dry-run"),
            ("diagnose", run_id),
        )
    )
    case = Case(
        f"{'log' if as_log else 'record'} of a restored run, made in {folder}: {' '.join(words)}; dagogy "
        f"{' '.join(line)}"
    )
    case.losses += judged(harness.run("init", "--from", "stranger.tar.gz", before=quiet))
    after = _runs_of(harness)
    # A probe looks where the settings point: at a port of this machine where nobody listens, and not where
    # the record points.
    environ = harness.environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL="http://127.0.0.1:1/v1")
    ran = harness.run(*line, before=quiet, cpu=60, environ=environ)
    case.losses += judged(ran)
    with listener, contextlib.suppress(BlockingIOError):
        listener.accept()[0].close()
        case.lost("connected", f"to {address}, which only the record names")
    now = _runs_of(harness)
    if not set(after) <= set(now):
        case.lost("removed", f"gone: {sorted(set(after) - set(now))}")
    if set(now) - set(after):
        case.lost("made", f"made by a stranger's word: {sorted(set(now) - set(after))}")
    if now.get(other) != kept.get(other):
        case.lost("another run", "a run that the command was not about was changed")
    scope = harness.runs / run_id / "inputs/scope.md"
    if (
        "/etc/hostname" in words
        and scope.exists()
        and scope.read_bytes() == Path("/etc/hostname").read_bytes()
    ):
        case.lost("read", "a file that the stranger named was taken into the run")
    if (harness.work / "tests").exists():
        case.lost("made", "a folder that the stranger named was made")
    return case


def _runs_of(harness: Harness) -> dict[str, tuple[tuple[str, bytes], ...]]:
    """The runs, each with what its artifacts and inputs hold."""
    found = {}
    for run in sorted(p for p in harness.runs.iterdir() if p.name[:1].isdigit()):
        files = (
            run / "outputs/curriculum/curriculum.json",
            run / "inputs/topic_spec.json",
            run / "inputs/scope.md",
            run / "outputs/plan/plan.json",
        )
        found[run.name] = tuple((p.name, p.read_bytes()) for p in files if p.exists())
    return found
