"""Runs on disk: ids, metadata, events, locks, archives, and what a hostile run folder can and cannot do."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.errors import ConfigError, InvalidArgument, Locked, NotFound, StorageError
from dagogy.workspace.events import append_event, read_events
from dagogy.workspace.files import content_hash, read_regular, to_json, write_atomic
from dagogy.workspace.lock import alone, locked, shared
from dagogy.workspace.runs import Run, Runs, slugify
from dagogy.workspace.state import user_key
from dagogy.workspace.trust import read_config
from support import HANGS, CommandRunner, clean_environment, forked, some_fast

SCOPE = """# Tea

## Water
Water carries the taste. Soft water has few minerals, and it keeps the taste clear.

## Leaves
Leaves give water their colour. Green leaves are not oxidised, black leaves are.

## Brewing
Brewing needs water and leaves. Hot water draws the taste out of the leaves in minutes.
"""


def _made(base: Path, *ids: str) -> Runs:
    for run_id in ids:
        (base / run_id).mkdir(parents=True)
    return Runs(base, os.environ)


@pytest.fixture
def done(runner: CommandRunner) -> Path:
    """A run that went through all stages."""
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    runner.ok("run", "latest", "--scope-file", "tea.md")
    return run


# --------------------------------------------------------------------------------------------------- one file


@pytest.mark.parametrize(
    "place",
    [os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path)],
    ids=["folder", "pipe", "device"],
)
def test_what_is_no_regular_file_is_read_by_nobody_and_keeps_nobody_waiting(
    tmp_path: Path, place: Callable[[Path], None]
) -> None:
    path = tmp_path / "dagogy" / "user.key"
    path.parent.mkdir(mode=0o700)
    place(path)
    for read in (
        read_regular,
        lambda p: list(read_events(p)),
        read_config,
        lambda p: user_key({"XDG_STATE_HOME": str(p.parent.parent)}),
    ):
        with pytest.raises((StorageError, ConfigError)):
            read(path)


def test_one_at_a_time_has_a_file_that_all_runs_share(tmp_path: Path) -> None:
    lock = tmp_path / "shared.lock"
    with alone(lock):
        with pytest.raises(BlockingIOError), alone(lock, wait=False):
            pass
        with alone(tmp_path / "other.lock", wait=False):
            pass
    with alone(lock, wait=False):
        pass
    (tmp_path / "linked.lock").symlink_to(lock)
    with pytest.raises(StorageError), alone(tmp_path / "linked.lock"):
        pass


# ---------------------------------------------------------------------------------------------------- run ids


def test_a_run_is_found_by_id_prefix_slug_and_latest(tmp_path: Path) -> None:
    runs = _made(tmp_path, "20260101-120000-algebra", "20260102-120000-botany", "20260103-120000")
    assert runs.find("20260101-120000-algebra").id == "20260101-120000-algebra"
    assert runs.find("20260102").id == "20260102-120000-botany"
    assert runs.find("algebra").id == "20260101-120000-algebra"
    assert runs.find("latest").id == "20260103-120000"


def test_a_whole_id_is_meant_even_if_it_is_the_prefix_of_another(tmp_path: Path) -> None:
    runs = _made(tmp_path, "20260101-120000", "20260101-120000-2", "20260101-120000-x", "20260101-120000-x-2")
    assert runs.find("20260101-120000").id == "20260101-120000"
    assert runs.find("20260101-120000-x").id == "20260101-120000-x"


def test_an_ambiguous_reference_names_the_candidates(tmp_path: Path) -> None:
    runs = _made(tmp_path, "20260101-120000-a", "20260102-120000-a")
    for reference in ("a", "2026"):
        with pytest.raises(InvalidArgument, match="means 2 runs: 20260101-120000-a, 20260102-120000-a"):
            runs.find(reference)


def test_an_unknown_reference_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        _made(tmp_path, "20260101-120000-algebra").find("algbera")
    assert "algebra" in caught.value.hint


@pytest.mark.parametrize(
    "reference", ["", "..", ".", "../x", "a/b", "/etc", "a\\b", "a\x00b", ".lock", "archives/.."]
)
def test_a_reference_that_could_leave_the_runs_dir_is_refused(tmp_path: Path, reference: str) -> None:
    with pytest.raises(InvalidArgument, match="is not a run id"):
        _made(tmp_path, "20260101-120000").find(reference)


def test_a_symlink_out_of_the_runs_dir_is_refused_and_listed_with_its_problem(
    runner: CommandRunner, tmp_path: Path
) -> None:
    run = runner.init()
    outside = tmp_path / "outside"
    shutil.copytree(run, outside)
    (runner.runs / "20990101-000000-out").symlink_to(outside)
    for command in ("status", "next", "validate", "run", "archive", "diff"):
        done = runner(command, "out")
        assert (done.status, done.code) == (2, "invalid_argument")
        assert "leads out of" in done.err
    row = runner.ok("list", "--json").json["runs"][-1]
    assert row["stage"] is None
    assert "leads out of" in row["problem"]
    assert not (outside / "logs/failures").is_dir() or not list((outside / "logs/failures").iterdir())


def test_a_symlink_to_another_run_is_that_run(runner: CommandRunner) -> None:
    run = runner.init()
    (runner.runs / "20990101-000000-alias").symlink_to(run.name)
    assert runner.ok("status", "alias", "--json").json["run_id"] == run.name
    with tarfile.open(runner.ok("archive", "alias", "--json").json["archive"]) as tar:
        assert f"{run.name}/run.json" in tar.getnames()


def test_a_symlink_in_a_cycle_spoils_only_itself(runner: CommandRunner) -> None:
    run = runner.init()
    (runner.runs / "20990101-000000").symlink_to("20990101-000000")
    assert [row["run_id"] for row in runner.ok("list", "--json").json["runs"]] == [run.name]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Linear Algebra", "linear-algebra"),
        ("Überé", "ubere"),
        ("日本", ""),
        ("../../etc", "etc"),
        ("a" * 300, "a" * 60),
        ("--x--", "x"),
        ("a\nb", "a-b"),
    ],
)
def test_a_name_becomes_a_slug(name: str, slug: str) -> None:
    assert slugify(name) == slug


def test_a_name_without_letters_makes_a_run_without_slug_and_says_so(runner: CommandRunner) -> None:
    done = runner.ok("init", "日本")
    assert "no letter or digit" in done.err


@pytest.mark.slow
def test_inits_of_the_same_second_get_a_folder_each(runner: CommandRunner) -> None:
    code = "from dagogy.cli.main import main; print(flush=True); input(); main(['init', 'same', '--json'])"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": clean_environment()}
    started = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(8)]  # type: ignore[call-overload]
    for process in started:
        process.stdout.readline()
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    ids = [json.loads(process.communicate(timeout=HANGS)[0])["run_id"] for process in started]
    assert len(set(ids)) == 8
    assert sorted(ids) == Runs(runner.runs, os.environ).ids()
    assert all(
        json.loads((runner.runs / run_id / "run.json").read_text())["run_id"] == run_id for run_id in ids
    )


def test_many_creations_at_once_never_share_a_folder(tmp_path: Path) -> None:
    runs, made, start = Runs(tmp_path / "runs", os.environ), [], threading.Barrier(8)

    def build(run: Run) -> None:
        write_atomic(run.path / "run.json", to_json({}))

    def create() -> None:
        start.wait()
        made.extend(runs.create(build, run_id="20260101-120000").id for _ in range(5))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 40
    assert sorted(made) == runs.ids()


def test_latest_of_one_second_is_the_one_made_last(runner: CommandRunner) -> None:
    base = runner.runs
    for run_id, made in (("20260101-120000", "3"), ("20260101-120000-2", "1"), ("20260101-120000-10", "2")):
        (base / run_id).mkdir(parents=True)
        (base / run_id / "run.json").write_text(
            json.dumps(
                {
                    "schema_version": 1,
                    "run_id": run_id,
                    "created_at_utc": made,
                    "stage": "initialized",
                    "history": [],
                    "stamps": {},
                }
            )
        )
    assert Runs(base, os.environ).find("latest").id == "20260101-120000"


def test_a_creation_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def build(run: Run) -> None:
        (run.path / "x").write_text("x")
        raise StorageError("no")

    with pytest.raises(StorageError):
        Runs(tmp_path, os.environ).create(build, slug="x")
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_that_no_command_can_use_makes_no_run(runner: CommandRunner) -> None:
    (runner.folder / "dagogy.toml").write_text('[rules."no.such_rule"]\nenabled = false\n')
    assert runner("init", "x").code == "config_error"
    assert not runner.runs.exists()


# --------------------------------------------------------------------------------------------------- metadata


def _metadata(**changes: Any) -> bytes:
    document = {
        "schema_version": 1,
        "run_id": "x",
        "created_at_utc": "2026",
        "stage": "initialized",
        "history": [],
        "stamps": {},
    }
    return json.dumps({**document, **changes}).encode()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        pytest.param(b"  \n", "is empty", marks=pytest.mark.slow),
        (b"[]", "is not an object"),
        pytest.param(b"null", "is not an object", marks=pytest.mark.slow),
        (b"{", "is not JSON"),
        pytest.param(b"\xff\xfe{\x00", "is not JSON", marks=pytest.mark.slow),
        pytest.param(b"\x00\x01", "is not JSON", marks=pytest.mark.slow),
        (b'{"schema_version": NaN}', "NaN"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply", marks=pytest.mark.slow),
        (_metadata(schema_version=2), "newer than this dagogy"),
        (_metadata(schema_version=0), "incompatible"),
        pytest.param(_metadata(schema_version=True), "incompatible", marks=pytest.mark.slow),
        pytest.param(_metadata(schema_version="1"), "incompatible", marks=pytest.mark.slow),
        pytest.param(_metadata(schema_version=None), "incompatible", marks=pytest.mark.slow),
        (_metadata(run_id=5), "'run_id'"),
        (_metadata(stage="finished"), "unknown stage 'finished'"),
        pytest.param(_metadata(stage=None), "'stage'", marks=pytest.mark.slow),
        (_metadata(history={}), "'history'"),
        pytest.param(_metadata(history=[1]), "not objects", marks=pytest.mark.slow),
        pytest.param(_metadata(stamps=[]), "'stamps'", marks=pytest.mark.slow),
        (_metadata(stamps={"plan": 1}), "not objects"),
        pytest.param(
            _metadata(extra=json.loads("[" * 300 + "]" * 300)), "nested too deeply", marks=pytest.mark.slow
        ),
        (None, "is missing"),
    ],
)
def test_invalid_metadata_is_named_with_its_way_out_and_the_run_can_be_archived(
    runner: CommandRunner, data: bytes | None, why: str
) -> None:
    run = runner.init()
    (run / "run.json").unlink()
    if data is not None:
        (run / "run.json").write_bytes(data)
    for command in ("status", "validate", "run"):
        done = runner(command, "latest", "--json")
        assert (done.status, done.code) == (6, "io_error")
        assert done.err.startswith("[io_error] invalid run metadata: ")
        assert why in done.err.splitlines()[0]
        assert f"dagogy archive {run.name}" in done.json["error"]["hint"]
    assert why in runner.ok("list", "--json").json["runs"][0]["problem"]
    records = sorted((run / "logs/failures").glob("*.json"))
    assert [json.loads(p.read_text())["code"] for p in records] == ["io_error"] * 3
    archive = runner.ok("archive", "latest", "--json").json["archive"]
    shutil.rmtree(run)
    assert "invalid run metadata" in runner("init", "--from", archive).err
    restored = Runs(runner.runs, os.environ).find("latest").path
    assert (restored / "run.json").exists() is (data is not None)
    if data is not None:
        assert (restored / "run.json").read_bytes() == data


@pytest.mark.parametrize(
    "stamps",
    [
        {"topic_spec": {"sha256": 5, "ready": "yes", "judged_by": []}},
        {"topic_spec": {"sha256": None, "ready": False}},
        {"curriculum": {"sha256": [], "inputs": [], "problem": {}}},
        {"curriculum": {"inputs": 5}, "validation": {"inputs": [], "passed": "yes", "ruleset": 5}},
        {"validation": {"passed": True}, "plan": {"sha256": {}}, "iteration": {"plan": []}},
        {"scope": {"mode": "everything", "source": 5, "sections": 5}, "unknown": {}},
    ],
)
@pytest.mark.parametrize("keep_hash", some_fast([False, True], True))
def test_stamps_of_any_shape_do_no_harm(
    runner: CommandRunner, done: Path, stamps: dict[str, dict[str, Any]], keep_hash: bool
) -> None:
    document = json.loads((done / "run.json").read_text())
    for name, stamp in stamps.items():
        if keep_hash and "sha256" in document["stamps"].get(name, {}):
            stamp = {**stamp, "sha256": document["stamps"][name]["sha256"]}
        document["stamps"][name] = stamp
    (done / "run.json").write_text(json.dumps(document))
    runner.ok("status", "latest")
    runner.ok("validate", "latest")
    runner.ok("run", "latest")
    assert runner.stage() == "iterated"


def test_metadata_with_a_byte_order_mark_or_odd_text_is_read(runner: CommandRunner) -> None:
    run = runner.init()
    document = json.loads((run / "run.json").read_text())
    (run / "run.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps({**document, "name": "half \ud800", "note": "日本"}).encode()
    )
    assert runner.stage() == "initialized"
    runner.ok("list")
    (run / "inputs/topic_spec.json").unlink()
    runner.ok("status", "latest")
    assert json.loads((run / "run.json").read_bytes().decode("utf-8-sig"))["name"] == "half \ud800"


@pytest.mark.slow
def test_the_history_in_the_metadata_is_bounded(runner: CommandRunner) -> None:
    run = runner.init()
    document = json.loads((run / "run.json").read_text())
    document["history"] *= 5000
    (run / "run.json").write_text(json.dumps({**document, "stage": "planned"}))
    runner.ok("status", "latest")
    assert len(json.loads((run / "run.json").read_text())["history"]) == 200


# ----------------------------------------------------------------------------------------------------- events


def test_a_torn_last_line_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    append_event(log, "first")
    with open(log, "ab") as file:
        file.write(b'{"event": "torn')
    append_event(log, "second", path="no\udcff")
    assert [e["event"] for e in read_events(log)] == ["first", "second"]


def test_junk_between_events_is_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"\x00\xff\xfe\n[]\n5\n\n" + b"[" * 100_000 + b'\n{"event": "good"}\n' + b"x" * 1_000_000)
    append_event(log, "last")
    assert [e["event"] for e in read_events(log)] == ["good", "last"]


def test_no_log_has_no_events_and_is_made_by_the_next_command(runner: CommandRunner, done: Path) -> None:
    shutil.rmtree(done / "logs")
    assert list(read_events(done / "logs/events.jsonl")) == []
    runner.ok("validate", "latest")
    assert [e["event"] for e in read_events(done / "logs/events.jsonl")] == [
        "command_started",
        "validated",
        "command_ended",
    ]


def test_a_huge_log_is_only_appended_to(runner: CommandRunner, done: Path) -> None:
    with open(done / "logs/events.jsonl", "r+b") as file:
        file.truncate(2**33)
    runner.ok("validate", "latest")
    runner.ok("status", "latest")


def test_events_of_many_writers_do_not_mix(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"

    def write() -> None:
        for number in range(50):
            append_event(log, "event", number=number, padding="x" * 500)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(read_events(log))) == 300


# ------------------------------------------------------------------------------------------------------- lock


@pytest.mark.slow
def test_a_second_writer_is_reported_who_holds_the_run(runner: CommandRunner, done: Path) -> None:
    with locked(done, "dagogy run course"):
        for command in (
            ["run", "latest"],
            ["validate", "latest"],
            ["plan", "latest"],
            ["iterate", "latest"],
            ["archive", "latest"],
        ):
            refused = runner(*command, "--json")
            assert (refused.status, refused.code) == (9, "locked")
            assert f"process {os.getpid()} ('dagogy run course'" in refused.err
            assert "--wait" in refused.err
            assert refused.json["error"]["details"]["holder"]["pid"] == os.getpid()
        for command in (["status", "latest"], ["next", "latest"], ["list"], ["diff", "latest"]):
            runner.ok(*command)
    runner.ok("validate", "latest")


def test_status_of_a_locked_run_shows_its_stage_and_leaves_the_metadata_to_the_writer(
    runner: CommandRunner, done: Path
) -> None:
    (done / "outputs/plan/plan.json").unlink()
    before = (done / "run.json").read_bytes()
    with locked(done, "dagogy run course"):
        assert runner.stage() == "validated"
    assert (done / "run.json").read_bytes() == before
    assert runner.stage() == "validated"
    assert (done / "run.json").read_bytes() != before


@pytest.mark.slow
def test_wait_goes_on_when_the_holder_lets_go(runner: CommandRunner, done: Path) -> None:
    with locked(done, "dagogy run course"):
        waiting = subprocess.Popen(
            [sys.executable, "-m", "dagogy", "validate", "latest", "--wait", "60"],
            stdout=subprocess.DEVNULL,
            env=clean_environment(),
        )
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
    assert waiting.wait(HANGS) == 0


def test_wait_ends_with_locked(runner: CommandRunner, done: Path) -> None:
    with locked(done, "dagogy run course"):
        assert runner("validate", "latest", "--wait", "0.1").status == 9


def test_the_lock_of_a_killed_process_is_free(runner: CommandRunner, done: Path) -> None:
    def hold() -> int:
        with locked(done, "dagogy run course"):
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert forked(hold, runner.folder).status == -signal.SIGKILL
    runner.ok("validate", "latest")


def test_readers_at_work_make_no_writer_fail(tmp_path: Path) -> None:
    """A reader that brings `run.json` into line is nobody that a writer could be told about."""
    holding, release = threading.Event(), threading.Event()

    def read() -> None:
        with shared(tmp_path):
            holding.set()
            release.wait(HANGS)

    reader = threading.Thread(target=read)
    reader.start()
    holding.wait(HANGS)
    threading.Timer(0.2, release.set).start()
    with locked(tmp_path, "writer"):
        assert release.is_set()
        with pytest.raises(Locked), shared(tmp_path):
            pass
    reader.join()


def test_who_waited_for_a_run_that_is_gone_is_reported_so(tmp_path: Path) -> None:
    run = tmp_path / "20260101-120000"
    run.mkdir()
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            with locked(run, "second", 60):
                pass
        except NotFound as error:
            caught.append(error)

    with locked(run, "first"):
        second = threading.Thread(target=wait)
        second.start()
        second.join(0.2)
        shutil.rmtree(run)
    second.join(HANGS)
    assert "is gone" in str(caught[0])


@pytest.mark.parametrize("kind", ["junk", "folder", "symlink", "pipe", "binary"])
def test_a_lock_file_that_is_none_is_survived_or_named(runner: CommandRunner, done: Path, kind: str) -> None:
    lock, target = done / ".lock", runner.folder / "target"
    lock.unlink(missing_ok=True)
    make: dict[str, Callable[[], object]] = {
        "junk": lambda: lock.write_text("[1"),
        "binary": lambda: lock.write_bytes(b"\xff" * 100_000),
        "folder": lock.mkdir,
        "symlink": lambda: lock.symlink_to(target),
        "pipe": lambda: os.mkfifo(lock),
    }
    make[kind]()
    runner.ok("status", "latest")
    outcome = runner("validate", "latest")
    if kind in ("folder", "symlink"):
        assert (outcome.status, outcome.code) == (6, "io_error")
        assert str(done) in outcome.err
        assert not target.exists()
    else:
        assert outcome.status == 0, outcome.err
        if kind == "pipe":
            with locked(done, "x"):
                assert runner("validate", "latest").status == 9


# -------------------------------------------------------------------------------------------- hostile folders


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("outputs", "elsewhere"),
        ("outputs/curriculum", "elsewhere"),
        ("outputs/curriculum/curriculum.json", "/etc/passwd"),
        ("inputs/topic_spec.json", "/etc/passwd"),
        ("run.json", "/etc/passwd"),
        ("logs", "elsewhere"),
        ("logs/events.jsonl", "elsewhere/new"),
        ("inputs", "elsewhere"),
    ],
)
def test_a_symlink_out_of_the_run_is_neither_read_nor_written_through(
    runner: CommandRunner, done: Path, tmp_path: Path, path: str, target: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".mine.tmp").write_text("mine")
    place = done / path
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    place.symlink_to(target if target.startswith("/") else tmp_path / target)
    for command in ("validate", "run"):
        refused = runner(command, "latest")
        assert (refused.status, refused.code) == (6, "io_error")
        assert "leads out of" in refused.err
        assert "root:" not in refused.err
    runner("status", "latest")
    assert [p.name for p in elsewhere.iterdir()] == [".mine.tmp"]
    archive = runner.ok("archive", "latest", "--json").json["archive"]
    with tarfile.open(archive) as tar:
        assert all(m.isfile() or m.isdir() for m in tar.getmembers())


@pytest.mark.parametrize(
    "path",
    [
        "inputs/topic_spec.json",
        "outputs/curriculum/curriculum.json",
        "run.json",
        "logs/events.jsonl",
        "outputs/plan/plan.json",
    ],
)
def test_a_pipe_in_the_place_of_an_artifact_holds_nobody_up(
    runner: CommandRunner, done: Path, path: str
) -> None:
    (done / path).unlink()
    os.mkfifo(done / path)
    for command in ("status", "validate"):
        outcome = runner(command, "latest")
        if path != "logs/events.jsonl":
            assert (outcome.status, outcome.code) == (6, "io_error")
            assert path in outcome.err
    runner.ok("list")


def test_local_paths_never_reach_outside_the_workspace(
    runner: CommandRunner, done: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.md").write_text("# Secret")
    (runner.folder / "link.md").symlink_to(tmp_path / "secret.md")
    os.mkfifo(runner.folder / "pipe")
    spec = json.loads((done / "inputs/topic_spec.json").read_text())
    for name in (
        "/dev/zero",
        "../secret.md",
        "link.md",
        str(tmp_path / "secret.md"),
        "pipe",
        "no\0name",
        "missing.md",
        ".",
    ):
        (done / "inputs/topic_spec.json").write_text(
            json.dumps({**spec, "context_pack": {"local_paths": [name]}})
        )
        runner.ok("status", "latest")
        refused = runner("validate", "latest")
        assert refused.status in (2, 3, 4), (name, refused.err)
        assert "local_paths" in refused.err


# --------------------------------------------------------------------------------------------------- archives


def _content(run: Path) -> dict[str, str]:
    skipped = ("logs/events.jsonl", "run.json", ".lock")
    return {
        str(p.relative_to(run)): content_hash(p.read_bytes())
        for p in run.rglob("*")
        if p.is_file() and str(p.relative_to(run)) not in skipped
    }


def test_a_restored_run_has_the_same_content_and_stage(runner: CommandRunner, done: Path) -> None:
    archive = runner.ok("archive", "latest", "--json").json["archive"]
    before = _content(done)
    second = runner.ok("init", "--from", archive, "--json").json
    assert second["run_id"] == f"{done.name}-2"
    assert second["stage"] == "iterated"
    assert _content(Path(second["path"])) == before
    shutil.rmtree(done)
    assert runner.ok("init", "--from", archive, "--json").json["run_id"] == done.name
    assert _content(done) == before


def test_a_run_is_restored_where_tarfile_has_no_filters(
    runner: CommandRunner, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11.2 of Debian 12 has none."""
    for name in ("replace", "_get_filtered_attrs"):
        monkeypatch.delattr(tarfile.TarInfo, name, raising=False)
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    before, archive = _content(done), runner.ok("archive", "latest", "--json").json["archive"]
    assert _content(Path(runner.ok("init", "--from", archive, "--json").json["path"])) == before


def test_a_restored_file_is_private_and_nobody_can_execute_it(runner: CommandRunner, done: Path) -> None:
    (done / "outputs/notes.txt").write_text("x")
    (done / "outputs/notes.txt").chmod(0o4477)
    archive = runner.ok("archive", "latest", "--json").json["archive"]
    restored = Path(runner.ok("init", "--from", archive, "--json").json["path"])
    assert (restored / "outputs/notes.txt").stat().st_mode & 0o7777 == 0o600


def test_archive_remove_takes_the_run_away_once_its_archive_is_there(
    runner: CommandRunner, done: Path
) -> None:
    document = runner.ok("archive", "latest", "--remove", "--json").json
    assert document["removed"] is True
    assert Path(document["archive"]).is_file()
    assert [p.name for p in runner.runs.iterdir()] == ["archives"]


def test_an_archive_takes_no_other_ones_name(runner: CommandRunner, done: Path) -> None:
    paths = [Path(runner.ok("archive", "latest", "--json").json["archive"]).name for _ in range(3)]
    assert paths == [f"{done.name}{suffix}.tar.gz" for suffix in ("", "-2", "-3")]


def test_a_file_with_two_names_is_packed_as_two_files(runner: CommandRunner, done: Path) -> None:
    os.link(done / "outputs/plan/plan.json", done / "copy.json")
    before = _content(done)
    archive = runner.ok("archive", "latest", "--remove", "--json").json["archive"]
    runner.ok("init", "--from", archive)
    assert _content(done) == before


def test_an_archive_is_as_private_as_the_user_wants_files_to_be(runner: CommandRunner, done: Path) -> None:
    mask = os.umask(0o077)
    try:
        archive = Path(runner.ok("archive", "latest", "--json").json["archive"])
    finally:
        os.umask(mask)
    assert archive.stat().st_mode & 0o777 == 0o600


def test_an_archive_that_cannot_be_written_leaves_nothing(
    runner: CommandRunner, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runner.folder / "occupied").write_text("x")
    monkeypatch.setenv("ORCHESTRATION_ARCHIVE_DIR", "occupied")
    refused = runner("archive", "latest", "--remove")
    assert (refused.status, refused.code) == (6, "io_error")
    assert "occupied" in refused.err
    assert runner.stage() == "iterated"


def _tar(path: Path, *members: tuple[str, Any], mode: str = "w:gz") -> str:
    """Members are a name and content, or a name and a function that changes the member."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, what in members:
            member = tarfile.TarInfo(name)
            data = what if isinstance(what, bytes) else b""
            member.size = len(data)
            if callable(what):
                what(member)
            tar.addfile(member, io.BytesIO(data) if member.isfile() else None)
    return str(path)


def _is(kind: bytes, target: str = "") -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname = kind, target

    return change


TOP = "20260101-120000-x"


@pytest.mark.parametrize(
    "members",
    [
        [],
        [("/etc/evil", b"x")],
        [("../evil", b"x")],
        [(f"{TOP}/run.json", b"{}"), (f"{TOP}/../evil", b"x")],
        [(f"{TOP}/run.json", b"{}"), ("20260102-120000/run.json", b"{}")],
        [("x/run.json", b"{}")],
        [("..", _is(tarfile.DIRTYPE))],
        [(f"{TOP}/a", _is(tarfile.SYMTYPE, "/etc")), (f"{TOP}/a/evil", b"x")],
        [(f"{TOP}/a", _is(tarfile.LNKTYPE, "/etc/passwd"))],
        [(f"{TOP}/a", _is(tarfile.CHRTYPE))],
        [(f"{TOP}/a", _is(tarfile.FIFOTYPE))],
        [(TOP, b"a file")],
        [(TOP, _is(tarfile.SYMTYPE, "/etc"))],
        [(f"{TOP}/run.json", b"{}"), (".", b"x")],
    ],
    ids=lambda members: members[0][0] if members else "empty",
)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    runner: CommandRunner, tmp_path: Path, members: list[tuple[str, Any]]
) -> None:
    archive = _tar(tmp_path / "a.tar.gz", *members)
    refused = runner("init", "--from", archive, "--json")
    assert (refused.status, refused.code) == (2, "invalid_argument")
    assert archive in refused.json["error"]["message"]
    assert not runner.runs.exists() or list(runner.runs.iterdir()) == []
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.slow
def test_a_damaged_archive_is_refused(runner: CommandRunner, done: Path) -> None:
    archive = Path(runner.ok("archive", "latest", "--json").json["archive"])
    data = archive.read_bytes()
    shutil.rmtree(done)
    broken = runner.folder / "broken.tar.gz"
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    for bad in (
        b"",
        b"not a tar",
        data[: len(data) // 2],
        data[:-20],
        data[:11],
        bytes(flipped),
        b"\xfd7zXZ\x00" + data[:100],
        b"BZh9" + data[:100],
        b"\x00" * 10_240,
    ):
        broken.write_bytes(bad)
        refused = runner("init", "--from", str(broken))
        assert refused.status in (2, 6), bad[:20]
        assert refused.code in ("invalid_argument", "io_error")
        assert "broken.tar.gz" in refused.err
        assert Runs(runner.runs, os.environ).ids() == []
        assert sorted(p.name for p in runner.runs.iterdir()) == ["archives", "failures"]


def test_an_archive_that_unpacks_to_more_than_the_disk_holds_is_refused_before(
    runner: CommandRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = _tar(tmp_path / "a.tar.gz", (f"{TOP}/run.json", b"\0" * 5_000_000))
    real = os.statvfs
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((*real(path)[:4], 10, *real(path)[5:])))
    refused = runner("init", "--from", archive)
    assert (refused.status, refused.code) == (6, "io_error")
    assert "unpacks to 4.8 MiB" in refused.err


def test_archives_made_by_tar_itself_are_restored(runner: CommandRunner, done: Path) -> None:
    for number, folder in enumerate((".", f"./{done.name}")):
        archive = runner.folder / f"{number}.tgz"
        holder = runner.folder / f"holder{number}"
        shutil.copytree(done, holder / done.name)
        subprocess.run(["tar", "czf", str(archive), "-C", str(holder), folder], check=True)
        assert runner.ok("init", "--from", str(archive), "--json").json["stage"] == "iterated"


@pytest.mark.parametrize(
    "arguments",
    [
        ["init", "--from", "missing.tar.gz"],
        ["init", "x", "--from", "missing.tar.gz"],
        ["init", "--from", "."],
    ],
)
def test_init_from_nothing_is_refused(runner: CommandRunner, arguments: list[str]) -> None:
    assert runner(*arguments).code == "invalid_argument"


# ------------------------------------------------------------------------------------------------------- list


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_thousands_of_runs_are_listed_broken_ones_with_their_problem(
    runner: CommandRunner, count: int
) -> None:
    for number in range(count):
        folder = runner.runs / f"20260101-{number:06d}"
        folder.mkdir(parents=True)
        (folder / "run.json").write_bytes(_metadata() if number % 100 else b"{")
    rows = runner.ok("list", "--json").json["runs"]
    assert len(rows) == count
    assert sum(bool(row["problem"]) for row in rows) == count // 100
    assert rows[1] == {
        "run_id": "20260101-000001",
        "stage": "initialized",
        "created_at_utc": "2026",
        "problem": "",
    }
    assert runner("status", "2026", "--json").json["error"]["details"]["candidates"]
