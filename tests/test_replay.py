"""`recover` and what strangers wrote: it runs again only what this user ran on this machine, and only what
goes on with that very run.
"""

from __future__ import annotations

import errno
import io
import json
import os
import pwd
import socket
import stat
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from dagogy.api.errors import StorageError
from dagogy.cli.app import COMMANDS, App
from dagogy.cli.group import LazyGroup, cli
from dagogy.cli.replays import COMMON, FILE, REPLAYS, SAFE
from dagogy.workspace.events import append_event
from dagogy.workspace.provenance import foreign, sealed
from dagogy.workspace.runs import Run
from dagogy.workspace.state import private_dir, state_dir, user_key
from hostile_support import SCOPE as TEA
from support import (
    VALID_SPEC,
    CommandRunner,
    Outcome,
    SitePackages,
    failed,
    forked,
    put,
    run_with,
    valid_curriculum,
)
from test_recover import (
    CURRICULUM,
    action,
    cyclic,
    events,
    failing,
    planned_then_edited,
    record,
    recovered,
    rewritten,
)

ID = "20260131-120000-gift"
#: A program that says that it was started.
PROGRAM = "#!/bin/sh\ntouch {mark}\n"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def started(words: Sequence[str], folder: Path | str, **more: Any) -> dict[str, Any]:
    """The event of a command that did not finish."""
    facts = {
        "command": " ".join(["dagogy", *words]),
        "pid": 4_000_000,
        "stage": "generated",
        "words": list(words),
        "folder": str(folder),
    }
    return {"at_utc": "2026-01-31T12:00:00.000000Z", "event": "command_started", **facts, **more}


def gift(
    runner: CommandRunner, words: Sequence[str], files: dict[str, str] | None = None, **more: Any
) -> Path:
    """The archive of a stranger's run, whose log tells of a command that did not
    finish; restored, its folder.
    """
    run = runner.runs / ID
    metadata = {
        "schema_version": 1,
        "run_id": ID,
        "created_at_utc": "2026-01-31T12:00:00Z",
        "stage": "generated",
        "stamps": {},
        "history": [],
    }
    content = {
        "run.json": json.dumps(metadata),
        "inputs/topic_spec.json": json.dumps(VALID_SPEC),
        CURRICULUM: json.dumps(valid_curriculum()),
        "logs/events.jsonl": json.dumps(started(words, run, **more)) + "\n",
        **(files or {}),
    }
    with tarfile.open(runner.folder / "x.tar.gz", "w:gz") as tar:
        for name, text in content.items():
            member = tarfile.TarInfo(f"{ID}/{name}")
            member.size, member.mode = len(text.encode()), 0o755 if name.endswith(".sh") else 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    runner.ok("init", "--from", "x.tar.gz")
    return run


def kept_from(runner: CommandRunner, run: Path, *options: str) -> Outcome:
    """`recover`, which does nothing at all to the run; the report as text and as JSON."""
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and "logs" not in p.parts}
    shown = runner("recover", run.name, *options)
    result = runner("recover", run.name, *options, "--json")
    assert result.status == shown.status != 0
    assert result.json["steps"] == []
    assert not events(run, "recovery_started", "recovery_retried", "recovery_action")
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and "logs" not in p.parts} == before
    return Outcome(result.status, result.out, shown.out)


# --- what came in with an archive ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--unsafe",)], ids=["", "with consent"])
def test_no_program_of_a_restored_run_is_started(runner: CommandRunner, options: tuple[str, ...]) -> None:
    mark = runner.folder / "started"
    files = {
        "dagogy.toml": 'agent_provider = "codex_exec"\ncoding_agent_cmd = "./a.sh"\n',
        "a.sh": PROGRAM.format(mark=mark),
    }
    run = gift(runner, ["run", ID], files)
    result = kept_from(runner, run, *options)
    assert "it came in with the archive that the run was restored from on 2" in result.json["reason"]
    assert (
        f"the recorded command (not shown to be yours; check it before you type it): dagogy run {ID}\n"
        in result.err
    )
    assert result.json["next"] == f"dagogy status {ID}"
    assert not mark.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("archive", ID, "--remove"),
        ("export", ID, "--format", "mermaid", "-o", "{victim}"),
        ("run", ID, "--scope-file", "/etc/hostname"),
        ("run", ID, "--provider", "codex_exec"),
        ("init", "--from", "{victim}", ID),
        ("validate", ID),
    ],
    ids=lambda words: " ".join(words[:1] + words[2:3]),
)
def test_no_command_of_a_restored_run_is_carried_out(runner: CommandRunner, words: tuple[str, ...]) -> None:
    victim = runner.folder / "victim"
    victim.write_text("mine")
    words = tuple(word.format(victim=victim) for word in words)
    run = gift(runner, words)
    for options in ((), ("--unsafe",), ("--dry-run",)):
        result = kept_from(runner, run, *options)
        assert " ".join(["dagogy", *words]) in result.err
        assert "archive" in result.json["not_run_again"]
    assert victim.read_text() == "mine"
    assert not (runner.runs / "archives").exists()
    assert not (run / "inputs/scope.md").exists()


def test_an_own_record_that_comes_back_in_an_archive_is_not_replayed(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    archive = runner.ok("archive", run.name, "--remove", "--json").json["archive"]
    runner.ok("init", "--from", archive)
    assert "it came in with the archive" in kept_from(runner, run).json["reason"]
    assert runner("plan", run.name).status == 5  # typed here and now
    runner.ok("recover", run.name)
    assert runner.stage(run.name) == "planned"


def test_a_strangers_record_does_not_hide_what_failed_here(runner: CommandRunner) -> None:
    run = run_with(runner)
    forged = record(run, "stage_conflict", "m", ["archive", run.name, "--remove"], 5)
    put(forged, {k: v for k, v in json.loads(forged.read_bytes()).items() if k != "seal"})
    assert "nothing shows that you ran it" in kept_from(runner, run).json["reason"]
    assert runner("plan", run.name).status == 5
    assert runner("recover", run.name, "--json").json["command"] == ["dagogy", "plan", run.name]
    assert runner.stage(run.name) == "planned"


def test_a_stranger_names_no_file_outside_the_run_by_the_time_or_process_of_a_lost_command(
    runner: CommandRunner,
) -> None:
    run = gift(runner, ["run", ID])
    outside = runner.folder / "outside"
    outside.mkdir()
    event = started(["run", ID], run, pid=f"/../../../../../{outside}/x") | {"at_utc": f"{outside}/t"}
    (run / "logs/events.jsonl").write_text(json.dumps(event) + "\n")
    runner("status", ID)
    assert {p.parent for p in runner.folder.rglob("*-interrupted.json")} == {run / "logs/failures"}


@pytest.mark.slow
def test_what_is_no_event_in_a_log_is_passed_over(runner: CommandRunner) -> None:
    run = run_with(runner)
    with (run / "logs/events.jsonl").open("a") as log:
        log.write('{"event": []}\n{"event": {"a": 1}}\n[1]\n{"at_utc": 3}\n')
    assert runner("plan", run.name).status == 5
    for command in ("recover", "postmortem", "incidents"):
        runner.ok(command, *(["list"] if command == "incidents" else [run.name]))


# --- from another user, host, run, or folder ----------------------------------------------------------------


def test_a_record_of_another_user_host_or_run_or_one_that_was_changed_is_not_replayed(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, other = run_with(runner), runner.init("other")
    path = record(run, "stage_conflict", "m", ["plan", run.name], 5)
    ours = json.loads(path.read_bytes())
    assert foreign(ours, run, os.environ) == ""
    for change in (
        {"command": ["dagogy", "run", run.name]},
        {"details": {"path": "/etc"}},
        {"code": "x"},
        {"at_utc": "2098"},
    ):
        assert "was changed" in foreign({**ours, **change}, run, os.environ)
    assert "another run" in foreign(ours, other, os.environ)
    with monkeypatch.context() as renamed:
        renamed.setattr(os, "uname", lambda: type("Name", (), {"nodename": "by-dhcp"}))
        assert foreign(ours, run, os.environ) == ""
        assert "another machine" in foreign({**ours, "code": "x"}, run, os.environ)
    assert "another machine, 'elsewhere\\x1b'" in foreign(
        {**ours, "seal": {**ours["seal"], "host": "elsewhere\x1b"}}, run, os.environ
    )
    assert "another user" in foreign(
        {**ours, "seal": {**ours["seal"], "uid": os.geteuid() + 1}}, run, os.environ
    )
    assert "nothing shows that you ran it" in foreign(
        {k: v for k, v in ours.items() if k != "seal"}, run, os.environ
    )
    for seal in ([], {}, {"mac": 3}, {"mac": "é", "at_utc": "9"}, {"mac": "x", "at_utc": []}):
        assert foreign({**ours, "seal": seal}, run, os.environ)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another user's"))
    assert "was changed, or comes from" in kept_from(runner, run).json["reason"]


def test_a_record_is_not_replayed_where_the_user_has_no_key(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = runner.folder / "state"
    place.write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(place))
    run = run_with(runner)
    assert runner("plan", run.name).status == 5  # all but the recovery works
    result = kept_from(runner, run)
    assert f"nothing shows who ran it: cannot create {place}/dagogy" in result.json["reason"]
    assert f"dagogy plan {run.name}" in result.err


def test_the_way_out_of_a_state_folder_that_cannot_be_used_is_reported(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    place = state_dir(os.environ)
    place.chmod(0o777)
    result = kept_from(runner, run)
    assert "mode 0777" in result.json["reason"]
    assert "set XDG_STATE_HOME to another folder" in result.json["next"]
    place.chmod(0o700)


def test_a_run_that_was_moved_is_reported_so_and_its_command_can_be_typed_again(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    (runner.folder / "other").mkdir()
    run.rename(runner.folder / "other" / run.name)
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", str(runner.folder / "other"))
    result = runner("recover", run.name, "--json")
    assert "or the run was moved or copied" in result.json["reason"]
    assert "run it again yourself" in result.json["next"]


@pytest.mark.parametrize("name", ["restored", "recovered", "command_ended", "recovery_action"])
def test_a_forged_event_does_not_hide_what_failed_here(runner: CommandRunner, name: str) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    (path,) = (run / "logs/failures").iterdir()
    facts = {
        "restored": {},
        "recovered": {"command": ["plan"]},
        "command_ended": {"command": "dagogy plan"},
        "recovery_action": {"records": [path.name]},
    }
    forged = {
        "at_utc": "2098-01-01T00:00:00.000000Z",
        "event": name,
        **facts[name],
        "seal": {"at_utc": "2098", "uid": 0, "host": "", "mac": "0"},
    }
    with (run / "logs/events.jsonl").open("a") as log:
        log.write(json.dumps(forged) + "\n")
    runner.ok("recover", run.name)
    assert runner.stage(run.name) == "planned"


def test_a_command_that_was_killed_is_ours_exactly_if_its_start_is(runner: CommandRunner) -> None:
    run = run_with(runner)
    facts = {
        k: v
        for k, v in started(["validate", run.name], runner.folder).items()
        if k not in ("at_utc", "event")
    }
    for ours in (False, True):
        (run / "logs/events.jsonl").unlink(missing_ok=True)
        sent = sealed(facts, run, os.environ) if ours else facts
        put(
            run / "logs/events.jsonl",
            json.dumps(
                {"at_utc": f"2026-01-31T12:00:0{int(ours)}.000000Z", "event": "command_started", **sent}
            )
            + "\n",
        )
        assert runner("recover", run.name, "--json").json["resolved"] is ours


@pytest.mark.slow
def test_the_folder_is_the_callers_and_a_relative_file_is_reported_with_the_way_there(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(runner)
    deep = runner.folder / "deep er"
    deep.mkdir()
    scope = deep / "notes.md"
    record(run, "stage_conflict", "m", ["run", run.name, "--scope-file", "notes.md"], 5, folder=str(deep))
    result = kept_from(runner, run)
    way = f"cd '{deep}' && ORCHESTRATION_BASE_DIR={runner.runs} dagogy recover {run.name}"
    assert result.json["next"] == way
    assert f"which counts from the folder in which it was run: {deep}" in result.json["reason"]
    scope.write_text(
        "# Tea\n\n## Leaves\nLeaves are picked.\n\n## Water\nWater is boiled, then poured on the leaves.\n"
    )
    done = subprocess.run(
        way.replace("dagogy", f"{sys.executable} -m dagogy"),
        shell=True,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert (run / "inputs/scope.md").exists()


def test_an_absolute_scope_file_that_this_user_typed_is_read_again(runner: CommandRunner) -> None:
    run = runner.init()
    scope = runner.folder / "notes.md"
    assert failed(runner("run", run.name), "stage_conflict")
    scope.write_text(
        "# Tea\n\n## Leaves\nLeaves are picked.\n\n## Water\nWater is boiled, then poured on the leaves.\n"
    )
    rewritten(run, command=["dagogy", "run", run.name, "--scope-file", str(scope)], folder="/somewhere/else")
    runner.ok("recover", run.name)
    assert runner.stage(run.name) == "iterated"


# --- the closed list ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["archive", "RUN", "--remove"], "it writes outside the run, and may remove the run"),
        (["export", "RUN", "--format", "mermaid", "-o/tmp/x"], "--output: it writes outside the run"),
        (
            ["run", "RUN", "--provider=internal", "--model", "m"],
            "--provider: it names a provider; --model: it names a model",
        ),
        (["validate", "RUN", "--unsafe-fixes"], "--unsafe-fixes: it changes what the curriculum means"),
        (["nonsense", "RUN"], "it is not a built-in dagogy command"),
        (["--no-third-party", "run", "RUN", "--new-option"], "it is not a built-in dagogy command"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_what_may_do_more_than_go_on_with_the_run_needs_consent(
    runner: CommandRunner, words: list[str], why: str
) -> None:
    run = run_with(runner)
    command = [run.name if word == "RUN" else word for word in words]
    record(run, "stage_conflict", "m", command, 5, details={"artifact": "outputs/plan/plan.json"})
    result = kept_from(runner, run)
    assert result.json["not_run_again"] == why
    assert result.json["next"] == f"dagogy recover {run.name} --unsafe"
    assert " ".join(["dagogy", *command]) in result.err
    assert runner.stage(run.name) == "generated"


def test_with_consent_the_whole_command_line_is_shown_first(runner: CommandRunner) -> None:
    run = run_with(runner)
    victim = runner.folder / "graph.mmd"
    command = ["export", run.name, "--format", "mermaid", "--output", str(victim)]
    assert runner(*command).status == 0
    victim.write_text("mine")
    record(run, "stage_conflict", "m", command, 5, details={"artifact": "outputs/plan/plan.json"})
    done = runner("recover", run.name, "--unsafe")
    assert (
        f"with your consent (--output: it writes outside the run): dagogy {' '.join(command)}\n" in done.out
    )
    assert done.out.index("with your consent") < done.out.index("again:")
    assert victim.read_text() != "mine"


def leaves(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        return [
            leaf for child, inner in command.commands.items() for leaf in leaves(inner, f"{name} {child}")
        ]
    return [(name, command)]


def test_every_command_and_every_option_is_in_the_list() -> None:
    assert set(REPLAYS) == set(COMMANDS), (
        "say in cli/replays.py whether 'recover' may run the command again by itself"
    )
    context = click.Context(cli, obj=App([]))
    assert isinstance(cli, LazyGroup)
    for name in COMMANDS:
        command, known = cli.get_command(context, name), REPLAYS[name]
        assert command is not None
        for label, leaf in leaves(command, name):
            names = {p.name for p in leaf.params} - set(COMMON)
            assert isinstance(known, str) or names == set(known), (
                f"'{label}': say in cli/replays.py of each option whether it is harmless"
            )
            for p in leaf.params:
                # Whatever takes a path is a file that is read, or needs consent.
                kind = known if isinstance(known, str) else {**COMMON, **known}[str(p.name)]
                assert not isinstance(p.type, click.Path) or kind != SAFE, f"'{label}' {p.name}"
                assert kind != FILE or isinstance(p.type, click.Path)


# --- the key ------------------------------------------------------------------------------------------------


def test_the_key_is_private_made_once_and_outside_any_project(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "a" / "state"), "HOME": str(tmp_path)}
    key = user_key(environ)
    assert user_key(environ) == key
    folder = state_dir(environ)
    assert folder == tmp_path / "a/state/dagogy"
    assert [(p.name, stat.S_IMODE(p.stat().st_mode)) for p in folder.iterdir()] == [("user.key", 0o600)]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for unset in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}):
        assert state_dir({"HOME": str(tmp_path), **unset}) == tmp_path / ".local/state/dagogy"


@pytest.mark.parametrize(("mode", "name"), [(0o640, "user.key"), (0o602, "user.key")])
def test_a_key_that_others_could_read_or_change_is_refused(tmp_path: Path, mode: int, name: str) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    user_key(environ)
    place = state_dir(environ) / name
    place.chmod(mode)
    with pytest.raises(StorageError, match="can be used by others") as caught:
        user_key(environ)
    assert caught.value.hint == f"chmod go= {place}"


def test_a_key_is_made_without_hard_links_and_beside_what_another_container_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    folder = private_dir(state_dir(environ))
    theirs = folder / f".user.key.{os.getpid()}.tmp"  # of a process with our number, that is writing its own
    theirs.write_text("theirs")

    def no_links(*names: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", no_links)
    assert user_key(environ) == user_key(environ)
    assert theirs.read_text() == "theirs"
    assert sorted(p.name for p in folder.iterdir()) == [theirs.name, "user.key"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in another user's home")
def test_root_in_the_home_of_another_user_keeps_its_state_in_its_own(tmp_path: Path) -> None:
    assert state_dir({"HOME": str(tmp_path)}) == tmp_path / ".local/state/dagogy"
    os.chown(tmp_path, 12345, 12345)
    own = Path(pwd.getpwuid(0).pw_dir) / ".local/state/dagogy"
    assert state_dir({"HOME": str(tmp_path)}) == own
    assert state_dir({"HOME": str(tmp_path / "none/yet")}) == own


def test_a_key_of_another_owner_a_link_or_half_a_key_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    user_key(environ)
    path = state_dir(environ) / "user.key"
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: 4242)
        with pytest.raises(StorageError, match="belongs to another user"):
            user_key(environ)
    path.write_bytes(b"short")
    with pytest.raises(StorageError, match="is not a valid dagogy key"):
        user_key(environ)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    with pytest.raises(StorageError):
        user_key(environ)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        private_dir(tmp_path / "file")


@pytest.mark.parametrize(
    "line", [("recover", ID, "--dry-run"), ("recover", ID), ("diagnose", ID), ("triage", ID)], ids=" ".join
)
def test_an_address_in_a_stranger_s_record_is_not_connected_to(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...]
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as theirs, socket.create_server(("127.0.0.1", 0)) as own:
        theirs.setblocking(False)
        own.setblocking(False)
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{own.getsockname()[1]}/v1")
        address = f"http://127.0.0.1:{theirs.getsockname()[1]}/v1"
        failure = {
            "at_utc": "2030-01-31T12:00:00.000000Z",
            "code": "provider_error",
            "message": f"cannot connect to {address}: Connection refused",
            "hint": "",
            "exit_status": 8,
            "command": ["dagogy", "run", ID],
            "run_id": ID,
            "provider": "remote_llm",
            "endpoint": address,
            "errno": 111,
            "details": {"endpoint": address, "base_url": address, "cause": "network"},
            "exception_chain": [{"type": "ConnectionRefusedError", "message": address}],
        }
        gift(
            runner,
            ["status", ID],
            {"logs/failures/20300131T120000Z-1-provider_error.json": json.dumps(failure)},
        )
        done = runner(*line)
        with pytest.raises(BlockingIOError):
            theirs.accept()
        if line[0] == "diagnose":  # it looked, where the settings point
            assert "incident" not in done.err
            own.accept()[0].close()


# --- what cannot be understood ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nonsense"], "invalid_argument"),
        (["plan"], "invalid_argument"),
        (["plan", "nope"], "not_found"),
        (["plan", "../x"], "invalid_argument"),
        (["archive", "nope"], "not_found"),
        (["plan", "RUN", "--nonsense"], "invalid_argument"),
        (["plan", "RUN", "--wait", "soon"], "invalid_argument"),
        (["explain", "nonsense"], "not_found"),
        (["schema", "nonsense"], "not_found"),
        (["diagnose", "nope.json"], "not_found"),
        (["run", "nope", "--scope-file", "nope.md"], "invalid_argument"),
        (["run", "RUN", "--scope-file", "nope.md"], "invalid_argument"),
        (["run", "RUN", "--self-heal", "--scope-file", "nope.md"], "invalid_argument"),
        (["run", "RUN", "--unsafe"], "invalid_argument"),
        (["run", "RUN", "--provider", "nonsense"], "config_error"),
        (["run", "RUN", "--self-heal", "--provider", "nonsense"], "config_error"),
        (["run", "RUN", "--max-iterations", "many"], "config_error"),
        (["init", "--from", "nope.tar.gz"], "invalid_argument"),
        (["init", "--allow-large"], "invalid_argument"),
        (["export", "RUN", "--format", "zz"], "invalid_argument"),
        (["recover", "RUN", "--only", "zzz"], "not_found"),
        (["recover", "RUN"], "not_found"),
        (["escalate", "RUN"], "not_found"),
    ],
    ids=" ".join,
)
def test_a_typo_writes_nothing_and_is_no_incident(runner: CommandRunner, words: list[str], code: str) -> None:
    failed(runner(*("course" if word == "RUN" else word for word in words)), code)
    assert list(runner.folder.iterdir()) == []
    run = runner.init("course")
    before = {p: p.read_bytes() if p.is_file() else b"" for p in runner.folder.rglob("*")}
    result = failed(runner(*(run.name if word == "RUN" else word for word in words)), code)
    assert {p: p.read_bytes() if p.is_file() else b"" for p in runner.folder.rglob("*")} == before
    assert "incident " not in result.err
    assert "\nrecord: " not in result.err
    assert runner.ok("incidents", "list", "--json").json["incidents"] == []


def test_a_node_that_is_not_there_is_a_typo_and_what_a_command_meets_at_work_is_not(
    runner: CommandRunner,
) -> None:
    run = run_with(runner)
    result = failed(runner("why", run.name, "nonode"), "not_found")
    assert "\nrecord: " not in result.err
    put(run / "inputs/topic_spec.json", {**VALID_SPEC, "context_pack": {"local_paths": ["gone.md"]}})
    assert "\nrecord: " in failed(runner("validate", run.name), "validation_failed").err
    (runner.folder / "hostile.tar.gz").write_bytes(b"no archive")
    assert "record: " in failed(runner("init", "--from", "hostile.tar.gz"), "invalid_argument").err
    (runner.folder / "binary.md").write_bytes(b"\0" * 100)
    assert "record: " in failed(runner("run", run.name, "--scope-file", "binary.md"), "invalid_argument").err


# --- a recovery that was killed, and what it leaves ---------------------------------------------------------


def killed_in_its_first_action(site: SitePackages, runner: CommandRunner) -> Path:
    action(site, "killed", "import os; context.dagogy('plan', context.run_id); os.kill(os.getpid(), 9)")
    run = failing(site, runner)
    assert recovered(site, runner, run.name).status == -9
    return run


@pytest.mark.slow
def test_a_recovery_that_was_killed_in_its_first_action_knows_what_it_was_to_recover(
    site: SitePackages, runner: CommandRunner
) -> None:
    run = killed_in_its_first_action(site, runner)
    assert len(list((run / "logs/failures").iterdir())) == 2, (
        "the action's command has failed and left a record"
    )
    put(run / CURRICULUM, valid_curriculum())
    done = site.run("recover", run.name, "--json", cwd=runner.folder, DAGOGY_DISABLE="killed")
    assert json.loads(done.stdout)["command"] == ["dagogy", "validate", run.name]
    assert done.returncode == 0, done.stdout


def test_a_command_of_a_recovery_that_was_killed_with_it_is_not_what_failed(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    (path,) = (run / "logs/failures").iterdir()
    facts = {
        k: v
        for k, v in started(["validate", run.name], runner.folder).items()
        if k not in ("at_utc", "event")
    }
    account = {
        "action": "run-missing-stages",
        "incident": "stage_conflict",
        "record": path.name,
        "role": "action",
    }
    append_event(run / "logs/events.jsonl", "recovery_started", failure=str(path), command=["plan", run.name])
    append_event(
        run / "logs/events.jsonl",
        "command_started",
        **sealed({**facts, "recovery": account}, run, os.environ),
    )
    done = runner("recover", run.name, "--json")
    assert len(list((run / "logs/failures").glob("*interrupted*"))) == 1
    assert done.json["command"] == ["dagogy", "plan", run.name]
    assert runner.stage(run.name) == "planned"


@pytest.mark.slow
def test_one_fault_is_one_incident_however_often_a_recovery_met_it(
    site: SitePackages, runner: CommandRunner
) -> None:
    action(site, "patient", 'return RecoveryOutcome(changed=True, message="m")', times=3)
    run = failing(site, runner)
    for _ in range(2):
        assert recovered(site, runner, run.name, "--only", "patient").status == 4
    assert len(list((run / "logs/failures").iterdir())) == 7
    assert [
        (row["incident"], row["count"]) for row in runner.ok("incidents", "list", "--json").json["incidents"]
    ] == [("validation_failure", 1)]
    assert not any(
        "deterministic" in criterion
        for criterion in runner.ok("postmortem", run.name, "--json").json["escalation_criteria"]
    )
    assert runner("validate", run.name).status == 4  # typed again: the same fault once more
    assert runner.ok("incidents", "list", "--json").json["incidents"][0]["count"] == 2


def test_a_run_that_was_replaced_leaves_its_name_to_the_fresh_one(runner: CommandRunner) -> None:
    run = runner.init("tea")
    put(run / "inputs/topic_spec.json", VALID_SPEC)
    (run / "run.json").write_text("{")
    fresh = runner.ok("recover", "tea", "--unsafe", "--only", "fresh-run", "--json").json["run_id"]
    assert fresh != run.name
    for name in ("tea", "latest"):
        assert runner.ok("status", name, "--json").json["run_id"] == fresh
    assert failed(runner("status", run.name), "io_error"), "its whole id still finds it"


def test_a_run_cannot_say_by_itself_that_another_one_took_its_place(runner: CommandRunner) -> None:
    victim = runner.init("tea")
    put(victim / "inputs/topic_spec.json", {**VALID_SPEC, "goal": "Mine"})
    run = runner.init("gift")
    (run / "run.json").write_text("{")
    put(run / "logs/replaced_by", victim.name + "\n")
    before = (victim / "inputs/topic_spec.json").read_bytes()
    done = runner("recover", run.name, "--unsafe", "--only", "fresh-run", "--json")
    assert done.json["run_id"] != victim.name
    assert (victim / "inputs/topic_spec.json").read_bytes() == before


@pytest.mark.parametrize(
    "place",
    [
        "dagogy.pipeline.operations.validate",
        "dagogy.pipeline.operations.iterate",
        "dagogy.workspace.runs.Run.event",
    ],
)
def test_a_rerun_after_a_kill_keeps_the_last_good_previous_curriculum(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    run = runner.init()
    put(runner.folder / "tea.md", TEA)
    put(runner.folder / "more.md", f"{TEA}\n## Cups\nCups hold the brewing, and keep it hot.\n")
    runner.ok("run", run.name, "--scope-file", "tea.md")
    first = (run / CURRICULUM).read_bytes()
    second = ("run", run.name, "--scope-file", "more.md")

    def killed() -> int:
        original = Run.event

        def at_the_end(self: Run, event: str, **facts: Any) -> None:
            if event == "generated":  # the draft is there, the loop is not over
                os._exit(9)
            original(self, event, **facts)

        monkeypatch.setattr(place, at_the_end if place.endswith("event") else lambda *a, **k: os._exit(9))
        return runner(*second).status

    for _ in range(2):
        assert forked(killed, runner.folder).status == 9
    assert (run / CURRICULUM).read_bytes() != first
    done = runner.ok(*second, "--json")
    assert (run / "outputs/curriculum/previous_curriculum.json").read_bytes() == first
    assert done.json["diff"]["added"] > 0
    runner.ok(*second)  # and a round that was closed is the previous one
    assert runner.ok("diff", run.name, "--json").json["added_nodes"] == []


@pytest.mark.slow
def test_a_recovery_goes_on_until_nothing_is_stale(runner: CommandRunner) -> None:
    run = planned_then_edited(runner)
    assert runner("plan", run.name).status == 5
    done = runner.ok("recover", run.name, "--json").json
    assert (done["command"][1], done["then"]["command"][1], done["resolved"]) == ("plan", "iterate", True)
    assert runner.stage(run.name) == "iterated"


def test_a_dry_run_promises_only_what_has_something_to_do(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    document = runner("recover", run.name, "--dry-run", "--json").json
    assert [p["action"] for p in document["planned"]] == ["run-missing-stages"]
    assert list(document["nothing_to_do"]) == ["read-kept-scope"]
    put(run / CURRICULUM, cyclic())
    assert runner("validate", run.name).status == 4
    document = runner("recover", run.name, "--dry-run", "--json").json
    assert document["planned"] == []
    assert document["nothing_to_do"] == {
        "fix-findings": "no finding can be fixed safely",
        "fix-findings-unsafely": "no finding can be fixed by a rule",
    }
    assert [h["action"] for h in document["hidden"]] == ["regenerate"]
    assert not [p for p in before if not p.exists()]
