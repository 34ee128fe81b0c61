"""A configuration file can come from a stranger: what it says of programs, providers and keys counts only
once the user has trusted it.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dagogy.api.errors import ConfigError, StorageError
from dagogy.api.services import Url
from dagogy.workspace.known_settings import CORE_SETTINGS
from dagogy.workspace.settings import Settings, load_settings
from dagogy.workspace.state import privacy_problem, private_dir, state_dir
from dagogy.workspace.trust import TRUSTED, TrustStore, read_config
from support import CommandRunner

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
AGENT = 'agent_provider = "codex_exec"\ncoding_agent_cmd = "./agent.sh"\nagent_target_score = 50\n'


def hostile(folder: Path, text: str = AGENT, name: str = "dagogy.toml") -> Path:
    """A configuration file, and the program that it names, which leaves a file behind when it is started."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.sh").write_text(f"#!/bin/sh\ntouch '{folder}/started'\n")
    (folder / "agent.sh").chmod(0o755)
    (folder / name).write_text(text)
    return folder / name


def started(folder: Path) -> bool:
    return (folder / "started").exists()


def values(runner: CommandRunner, *names: str) -> list[Any]:
    rows = {row["name"]: row["value"] for row in runner.ok("config", "--json").json["settings"]}
    return [rows[name] for name in names]


@pytest.mark.parametrize(
    ("name", "text"), [("dagogy.toml", AGENT), ("pyproject.toml", f"[tool.dagogy]\n{AGENT}")]
)
def test_a_file_that_is_not_trusted_neither_starts_a_program_nor_chooses_a_provider(
    runner: CommandRunner, name: str, text: str
) -> None:
    file = hostile(runner.folder, text, name)
    message = (
        f"ignored agent_provider, coding_agent_cmd of {file}: the file is not trusted; 'dagogy trust' shows "
        "and trusts it"
    )
    runner.init()
    (runner.folder / "notes.md").write_text("# Sets\n\n- Sets\n- Maps: need sets\n- Relations: need maps\n")
    for command in (("doctor",), ("run", "latest", "--scope-file", "notes.md", "--json")):
        done = runner(*command)
        assert done.err.splitlines().count(message) == 1, done.err
        assert not started(runner.folder)
    assert message in runner.ok("doctor").out
    assert runner.ok("list").err == ""  # it asks for none of them
    assert values(runner, "AGENT_PROVIDER", "CODING_AGENT_CMD", "AGENT_TARGET_SCORE") == [
        "internal",
        "codex",
        50.0,
    ]


def test_a_failing_command_says_its_failure_before_what_was_ignored(runner: CommandRunner) -> None:
    hostile(runner.folder)
    (runner.folder / "runs").write_text("")
    lines = runner("doctor").err.splitlines()
    assert lines[0].startswith("[")
    assert sum(line.startswith("ignored agent_provider") for line in lines) == 1


@pytest.mark.slow
def test_trust_shows_what_it_lets_count_and_a_change_ends_it(runner: CommandRunner) -> None:
    file = hostile(runner.folder, AGENT + 'openai_api_key = "sk-verysecret0123456789"\n')
    trusted = runner.ok("trust")
    assert trusted.out.splitlines()[1:] == [
        'coding_agent_cmd = "./agent.sh"',
        'openai_api_key = "set, not shown"',
        trusted.out.splitlines()[-1],
    ]
    assert "sk-verysecret" not in trusted.err + trusted.out
    assert values(runner, "AGENT_PROVIDER", "CODING_AGENT_CMD", "OPENAI_API_KEY") == [
        "codex_exec",
        "./agent.sh",
        "set, not shown",
    ]
    assert runner("doctor").status == 8
    assert started(runner.folder)
    assert [row["state"] for row in runner.ok("trust", "--list", "--json").json["trusted"]] == ["trusted"]

    (runner.folder / "started").unlink()
    file.write_text(file.read_text() + "# one byte more\n")
    assert "the file has changed since it was trusted" in runner.ok("doctor").err
    assert not started(runner.folder)
    runner.ok("trust", "--json")
    assert values(runner, "AGENT_PROVIDER") == ["codex_exec"]
    runner.ok("trust", "--revoke")
    assert values(runner, "AGENT_PROVIDER") == ["internal"]
    assert runner("trust", "--revoke").status == 3
    assert runner.ok("trust", "--list", "--json").json == {"trusted": []}


def test_trust_remembers_path_owner_and_content_for_this_user_alone(runner: CommandRunner) -> None:
    file = hostile(runner.folder)
    shown = runner.ok("trust", "--json").json
    assert (shown["path"], shown["owner"], shown["settings"]) == (
        str(file),
        os.geteuid(),
        {"agent_provider": "codex_exec", "coding_agent_cmd": "./agent.sh"},
    )
    kept = state_dir(os.environ) / TRUSTED
    assert not kept.is_relative_to(runner.folder)
    assert [stat.S_IMODE(os.stat(path).st_mode) for path in (kept.parent, kept)] == [0o700, 0o600]
    (entry,) = json.loads(kept.read_text())["files"]
    assert (entry["path"], entry["owner"], entry["sha256"]) == (str(file), os.geteuid(), shown["sha256"])
    kept.chmod(0o666)  # now anybody could have written it
    assert values(runner, "AGENT_PROVIDER") == ["internal"]
    kept.chmod(0o600)
    kept.write_text("[[[")
    assert "not a valid list of trusted files" in runner.ok("doctor").err


def test_the_same_content_elsewhere_is_not_trusted(runner: CommandRunner) -> None:
    file = hostile(runner.folder)
    runner.ok("trust")
    copy = runner.folder / "clone"
    copy.mkdir()
    (copy / "dagogy.toml").write_bytes(file.read_bytes())
    os.chdir(copy)
    assert values(runner, "AGENT_PROVIDER") == ["internal"]


def test_relative_paths_in_a_trusted_command_count_from_its_file(runner: CommandRunner) -> None:
    hostile(runner.folder)
    runner.ok("trust")
    below = runner.folder / "vendor"
    hostile(below, name="other.toml")
    os.chdir(below)
    runner("doctor")
    assert (started(runner.folder), started(below)) == (True, False)
    settings = load_settings(os.environ, provider_keys=lambda: {"CODING_AGENT_CMD": True})
    settings.file = {"coding_agent_cmd": "python ./agent.sh --x=a/b 'a b' sub"}
    (runner.folder / "sub").mkdir()
    assert settings.command("CODING_AGENT_CMD") == f"python {runner.folder}/agent.sh --x=a/b 'a b' sub"
    settings.file = {"coding_agent_cmd": "bin/agent ../up sub/none"}
    assert settings.command("CODING_AGENT_CMD") == f"{runner.folder}/bin/agent {runner.folder}/../up sub/none"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda file: file.chmod(0o666), "it can be written to by others (mode 0666)"),
        (lambda file: file.chmod(0o664), "it can be written to by others (mode 0664)"),
        (lambda file: file.parent.chmod(0o777), "can be written to by others (mode 0777)"),
        (lambda file: file.parent.chmod(0o1777), "can be written to by others (mode 1777)"),
        pytest.param(
            lambda file: os.chown(file, 12345, -1), "it belongs to another user (uid 12345)", marks=AS_ROOT
        ),
        pytest.param(
            lambda file: os.chown(file.parent, 12345, -1),
            "belongs to another user (uid 12345)",
            marks=AS_ROOT,
        ),
    ],
)
def test_what_others_own_or_can_write_to_is_refused_though_it_was_trusted(
    runner: CommandRunner, change: Any, expected: str
) -> None:
    """The file stands in a folder above the current one, as one that somebody put into /tmp does."""
    file = hostile(runner.folder)
    runner.ok("trust")
    below = runner.folder / "mine"
    below.mkdir()
    os.chdir(below)
    assert values(runner, "AGENT_PROVIDER") == ["codex_exec"]
    change(file)
    done = runner.ok("doctor")
    assert expected in done.err
    assert not started(runner.folder)
    refused = runner("trust")
    assert refused.status == 7
    assert refused.err.startswith("[config_error]")
    assert expected in refused.err
    ignored = runner.ok("config", "--json").json["ignored"]
    assert ignored
    assert all(expected in row["reason"] for row in ignored)


@pytest.mark.parametrize(
    "change",
    [lambda file: file.chmod(0o666), pytest.param(lambda file: os.chown(file, 12345, -1), marks=AS_ROOT)],
    ids=["everybody's", "another user's"],
)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dagogy.toml", '[rules."graph.acyclic"]\nenabled = false\n'),
        ("dagogy.toml", 'agent_target_score = "x"\n'),
        ("dagogy.toml", "[" * 2000),
        ("dagogy.toml", "nonsense = 1\n"),
        ("pyproject.toml", "[tool.dagogy]\nagent_target_score = 1\n"),
    ],
)
def test_a_file_that_others_can_write_counts_for_nothing_and_every_command_says_so(
    runner: CommandRunner, change: Any, name: str, text: str
) -> None:
    """Outside of a home and a repository the search goes up to the root, so
    anybody's file in /tmp is found.
    """
    mine = runner.folder / "shared" / "mine"
    mine.mkdir(parents=True)
    file = mine.parent / name
    file.write_text(text)
    change(file)
    os.chdir(mine)
    done = runner.ok("init", "course")
    assert f"ignored {file}: it " in done.err
    rules = {
        row["id"]: row for row in runner.ok("plugins", "list", "--kind", "rule", "--json").json["plugins"]
    }
    assert rules["graph.acyclic"]["state"] == "ready"
    assert values(runner, "AGENT_TARGET_SCORE") == [82.0]


def test_what_others_put_where_no_file_can_be_read_stops_no_command(runner: CommandRunner) -> None:
    os.mkfifo(runner.folder / "dagogy.toml")
    (runner.folder / "dagogy.toml").chmod(0o666)
    (runner.folder / "pyproject.toml").write_text("[tool.other]\n")
    (runner.folder / "pyproject.toml").chmod(0o666)
    output = runner.ok("init", "course").err
    assert "dagogy.toml: it can be written to by others" in output
    assert "pyproject" not in output


def test_a_symlink_is_as_safe_as_both_its_ends(runner: CommandRunner) -> None:
    real = hostile(runner.folder / "real", 'agent_provider = "codex_exec"\n')
    link = runner.folder / "dagogy.toml"
    link.symlink_to(real)
    assert runner.ok("trust", "--json").json["path"] == str(real)
    assert values(runner, "AGENT_PROVIDER") == ["codex_exec"]
    runner.folder.chmod(0o777)  # whoever may replace the link decides what is read
    assert values(runner, "AGENT_PROVIDER") == ["internal"]
    runner.folder.chmod(0o755)
    real.parent.chmod(0o777)
    assert values(runner, "AGENT_PROVIDER") == ["internal"]


def test_the_environment_and_flags_count_without_trust(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile(runner.folder)
    monkeypatch.setenv("AGENT_PROVIDER", "internal")
    assert runner.ok("doctor").err == ""  # nothing that this command used was ignored
    assert values(runner, "AGENT_PROVIDER") == ["internal"]


def test_a_path_counts_without_trust_inside_the_folder_of_its_file_only(
    runner: CommandRunner, tmp_path: Path
) -> None:
    (runner.folder / "out").symlink_to(tmp_path)
    for text, counts in [
        ("here/runs", True),
        (".", True),
        ("../elsewhere", False),
        (str(tmp_path), False),
        ("~/x", False),
        ("out/x", False),
    ]:
        (runner.folder / "dagogy.toml").write_text(f'orchestration_base_dir = "{text}"\n')
        done = runner.ok("list", "--json")
        expected = runner.folder / text if counts else runner.folder / "runs"
        assert Path(done.json["runs_dir"]) == expected, text
        assert ("ignored orchestration_base_dir" in done.err) is not counts
    (runner.folder / "dagogy.toml").write_text('orchestration_base_dir = "../elsewhere"\n')
    runner.ok("trust")
    assert Path(runner.ok("list", "--json").json["runs_dir"]) == runner.folder / "../elsewhere"
    (runner.folder / "dagogy.toml").write_text('orchestration_base_dir = "~nosuchuser/x"\n')
    runner.ok("trust")
    assert "~nosuchuser" in runner("list").err


def test_which_settings_are_sensitive() -> None:
    sensitive = {name for name, known in CORE_SETTINGS.items() if known.sensitive}
    assert sensitive == {"AGENT_PROVIDER", "AGENT_MODEL", "AGENT_FALLBACK_PROVIDERS"}
    settings = Settings({}, {"house_api": "x", "house_url": "y", "rules": {}}, declared={"HOUSE_API": False})
    assert [settings.is_sensitive(key) for key in ("house_api", "house_url", "rules")] == [False, True, False]
    assert settings.raw("HOUSE_API") == ("x", "None")
    assert settings.raw("HOUSE_URL") == (None, "default")  # it was read from no file that could be trusted


def test_the_search_ends_at_the_root_of_a_repository(runner: CommandRunner) -> None:
    (runner.folder / "dagogy.toml").write_text("agent_target_score = 50\n")
    clone = runner.folder / "clone"
    (clone / "docs").mkdir(parents=True)
    os.chdir(clone / "docs")
    assert values(runner, "AGENT_TARGET_SCORE") == [50.0]
    (clone / ".git").write_text("gitdir: elsewhere\n")  # as in a worktree
    assert values(runner, "AGENT_TARGET_SCORE") == [82.0]
    (clone / "dagogy.toml").write_text("agent_target_score = 60\n")
    assert values(runner, "AGENT_TARGET_SCORE") == [60.0]


def test_the_search_ends_at_home(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    (runner.folder / "dagogy.toml").write_text("agent_target_score = 50\n")
    home = runner.folder / "home"
    (home / "course").mkdir(parents=True)
    os.chdir(home / "course")
    monkeypatch.setenv("HOME", str(home))
    assert values(runner, "AGENT_TARGET_SCORE") == [82.0]
    (home / "dagogy.toml").write_text("agent_target_score = 60\n")
    assert values(runner, "AGENT_TARGET_SCORE") == [60.0]


@pytest.mark.slow
def test_a_file_inside_the_runs_dir_is_never_read(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run can come out of an archive, with a file that is no user's own."""
    run = runner.init()
    (runner.folder / "dagogy.toml").write_text("agent_target_score = 50\n")
    for place in (run, run / "inputs", run.parent):
        (place / "dagogy.toml").write_text("agent_target_score = 60\n")
        os.chdir(place)
        assert values(runner, "AGENT_TARGET_SCORE") == [50.0]
        assert (
            f"ignored {place}/dagogy.toml: it is inside the runs dir {run.parent}" in runner.ok("doctor").out
        )
        assert runner("trust").status == 0  # the one above
    (run / "run.json").unlink()
    os.chdir(run)
    assert values(runner, "AGENT_TARGET_SCORE") == [50.0]
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", str(runner.folder / "mine"))
    hostile(runner.folder / "mine/sub")
    os.chdir(runner.folder / "mine/sub")
    assert values(runner, "AGENT_TARGET_SCORE") == [50.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x = " + "[" * 1200, "nested too deeply", marks=pytest.mark.slow),
        pytest.param("x = " + "[" * 60 + "]" * 60, "nested too deeply", marks=pytest.mark.slow),
        pytest.param("x = " + "{a = " * 1200 + "1" + "}" * 1200, "nested too deeply", marks=pytest.mark.slow),
        pytest.param("a" + ".a" * 60_000 + " = 1", "nested too deeply", marks=pytest.mark.slow),
        pytest.param("x = 1\n" * 200_000, "longer than", marks=pytest.mark.slow),
        ("x = " + "1" * 5000, "is not TOML"),
        pytest.param("x = \0", "is not TOML", marks=pytest.mark.slow),
    ],
)
def test_an_odd_file_is_a_config_error(runner: CommandRunner, text: str, expected: str) -> None:
    for name, content in [("dagogy.toml", text), ("pyproject.toml", f"[tool.dagogy]\n{text}")]:
        (runner.folder / name).write_text(content)
        for command in (("list",), ("trust",)):
            refused = runner(*command)
            assert (refused.status, refused.err.splitlines()[0].split("]")[0]) == (7, "[config_error"), (
                refused.err
            )
            assert expected in refused.err
            assert len(refused.err) < 2000
        (runner.folder / name).unlink()


@pytest.mark.slow
def test_what_is_no_regular_file_is_a_config_error(runner: CommandRunner) -> None:
    file = runner.folder / "dagogy.toml"
    os.mkfifo(file)
    assert "not a regular file" in runner("list").err
    file.unlink()
    file.mkdir()
    assert runner("list").status == 7
    file.rmdir()
    file.symlink_to("/dev/zero")
    assert (
        "can be written to by others (mode 0666); put a file of your own in its place" in runner("list").err
    )
    with pytest.raises(ConfigError):
        read_config(file)


def test_the_bytes_that_are_trusted_are_those_that_were_read(runner: CommandRunner) -> None:
    file = read_config(hostile(runner.folder, 'agent_provider = "codex_exec"\n'))
    hostile(runner.folder, 'agent_provider = "remote_llm"\n')
    TrustStore(os.environ).remember(file)
    assert values(runner, "AGENT_PROVIDER") == ["internal"]  # what was trusted is not what is there now


def test_a_list_that_a_repository_brings_along_trusts_nothing(runner: CommandRunner) -> None:
    file = read_config(hostile(runner.folder, 'agent_provider = "codex_exec"\n'))
    store = TrustStore(os.environ)
    store.remember(file)
    assert store.objection(file) == ("", "")
    path = store.folder / "trusted.json"
    ours = json.loads(path.read_bytes())
    for mac in ({"mac": "0" * 64}, {"mac": None}, {"mac": "é"}, {"trusted_at_utc": "2098"}):
        path.write_text(json.dumps({**ours, "files": [{**ours["files"][0], **mac}]}))
        assert store.objection(file)[0] == "the file is not trusted"
    path.write_text(json.dumps(ours))
    path.chmod(0o644)
    assert "can be used by others (mode 0644)" in store.objection(file)[0]
    path.chmod(0o600)
    (store.folder / "user.key").unlink()
    assert values(runner, "AGENT_PROVIDER") == ["internal"]


def test_what_a_private_group_can_write_to_is_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = SimpleNamespace(pw_name="ana", pw_gid=1000)
    group = SimpleNamespace(gr_name="ana", gr_mem=["ana"])
    monkeypatch.setattr("pwd.getpwuid", lambda uid: user)
    monkeypatch.setattr("grp.getgrgid", lambda gid: group)
    shared = os.stat_result((stat.S_IFREG | 0o664, 1, 1, 1, os.geteuid(), 1000, 0, 0, 0, 0))
    world = os.stat_result((stat.S_IFREG | 0o666, 1, 1, 1, os.geteuid(), 1000, 0, 0, 0, 0))
    assert privacy_problem(shared) == ""
    assert "0666" in privacy_problem(world)
    for other in ({"gr_mem": ["ana", "bob"]}, {"gr_name": "staff"}):
        with monkeypatch.context() as changed:
            changed.setattr(
                "grp.getgrgid", lambda gid, other=other: SimpleNamespace(**{**vars(group), **other})
            )
            assert "0664" in privacy_problem(shared)
    user.pw_gid = 100
    assert "0664" in privacy_problem(shared)


def test_all_modes_to_change_are_named_at_once(runner: CommandRunner) -> None:
    path = hostile(runner.folder, 'agent_provider = "codex_exec"\n')
    path.chmod(0o666)
    runner.folder.chmod(0o777)
    assert read_config(path).hint == f"'chmod go-w {path} {runner.folder}'"
    runner.folder.chmod(0o755)


def test_state_is_a_private_folder_outside_any_project(tmp_path: Path) -> None:
    assert state_dir({"XDG_STATE_HOME": "/x/state"}) == Path("/x/state/dagogy")
    assert state_dir({"XDG_STATE_HOME": "relative", "HOME": "/home/me"}) == Path(
        "/home/me/.local/state/dagogy"
    )
    folder = private_dir(tmp_path / "a/b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert private_dir(folder) == folder
    for broken in (
        lambda: folder.chmod(0o770),
        lambda: (folder.rmdir(), folder.symlink_to(tmp_path)),
        lambda: (folder.unlink(), folder.write_text("")),
    ):
        broken()
        with pytest.raises(StorageError):
            private_dir(folder)


def test_config_shows_each_value_with_its_source(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runner.folder / "dagogy.toml").write_text(
        'agent_target_score = 50\nagent_retry_budget = "many"\n[rules."graph.acyclic"]\nseverity = "error"\n'
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecret0123456789")
    document = runner.ok("config", "--json").json
    rows = {row["name"]: row for row in document["settings"]}
    assert rows["AGENT_TARGET_SCORE"]["source"] == document["file"] == str(runner.folder / "dagogy.toml")
    assert "a whole number" in rows["AGENT_RETRY_BUDGET"]["problem"]
    assert (rows["OPENAI_API_KEY"]["value"], rows["OPENAI_API_KEY"]["source"]) == (
        "set, not shown",
        "environment",
    )
    assert document["rules"] == {"graph.acyclic": {"severity": "error"}}
    text = runner.ok("config").out
    assert "verysecret" not in text
    assert f"AGENT_TARGET_SCORE: 50.0  (from {runner.folder}/dagogy.toml)" in text


# Where a key goes

KEY = "sk-test-0123456789abcdef"


@contextlib.contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that stands for a stranger's, by an address that is not loopback;
    the lines that it received.
    """
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_no_key_goes_to_the_address_of_a_file_that_is_not_trusted(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AGENT_PROVIDER", "remote_llm")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing of this test reaches a real service
    with elsewhere() as (url, received):
        (runner.folder / "dagogy.toml").write_text(f'openai_base_url = "{url}/v1"\nagent_model = "m"\n')
        assert "ignored openai_base_url, agent_model of" in runner("doctor").err
        assert received == []
        runner.ok("trust")
        runner("doctor")
        assert [KEY in request for request in received] == [True]


@pytest.mark.slow
def test_a_key_goes_over_plain_http_to_this_machine_alone(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner.init()
    (runner.folder / "notes.md").write_text("# Sets\n\n- Sets\n- Maps: need sets\n")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AGENT_PROVIDER", "remote_llm")
    monkeypatch.setenv("AGENT_MODEL", "m")
    with elsewhere() as (url, received):
        # The request for a host elsewhere would come to us, as to its proxy.
        monkeypatch.setenv("http_proxy", url)
        for base, host in [
            ("http://gateway.test/v1", "gateway.test"),
            ("http://10.0.0.1:8000/v1", "10.0.0.1"),
        ]:
            monkeypatch.setenv("OPENAI_BASE_URL", base)
            for command in (("doctor",), ("run", run.name, "--scope-file", "notes.md")):
                lines = runner(*command).err.splitlines()
                assert lines[0] == (
                    f"[config_error] the key would go over plain http to {host}, and anybody on the way "
                    "could read it"
                )
                assert "OPENAI_ALLOW_PLAIN_HTTP=1" in lines[1]
            runner("diagnose", run.name)  # its probes ask, but send no key
        assert not any(KEY in request for request in received)
        monkeypatch.setenv("OPENAI_ALLOW_PLAIN_HTTP", "1")
        runner("doctor")
        assert any(KEY in request for request in received)
        monkeypatch.setenv("OPENAI_ALLOW_PLAIN_HTTP", "perhaps")
        assert "accepted: 1 or 0" in runner("doctor").out


@pytest.mark.parametrize(
    ("url", "environ", "hop"),
    [
        ("https://api.x.test/v1", {"http_proxy": "http://proxy.test"}, ""),
        ("http://api.x.test/v1", {}, "api.x.test"),
        ("HTTP://API.x.test:80/v1", {}, "api.x.test"),
        ("http://localhost:8000/v1", {}, ""),
        ("http://127.1.2.3/v1", {}, ""),
        ("http://[::1]:8000/v1", {}, ""),
        ("http://localhost.evil.test/v1", {}, "localhost.evil.test"),
        ("http://127.0.0.1.evil.test/v1", {}, "127.0.0.1.evil.test"),
        ("http://2130706433/v1", {}, "2130706433"),
        ("http://localhost/v1", {"http_proxy": "http://proxy.test:3128"}, "proxy.test"),
        ("http://localhost/v1", {"http_proxy": "proxy.test:3128"}, "proxy.test"),
        ("http://localhost/v1", {"all_proxy": "http://proxy.test:3128"}, "proxy.test"),
        ("http://localhost/v1", {"http_proxy": "http://proxy.test", "no_proxy": "localhost"}, ""),
        ("http://localhost/v1", {"http_proxy": "http://127.0.0.1:3128"}, ""),
    ],
)
def test_who_could_read_a_request_on_its_way(
    url: str, environ: dict[str, str], hop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert Url(url).plain_http_hop == hop


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://API.x.test:443/v1/", "https://api.x.test/v1"),
        ("http://u:p@localhost:8000/v1?x=1", "http://localhost:8000/v1"),
        ("https://[::1]:8443/V1", "https://[::1]:8443/V1"),
        ("api.x.test/v1", ""),
        ("https://h:port/v1", ""),
    ],
)
def test_an_endpoint_has_one_spelling(url: str, endpoint: str) -> None:
    assert Url(url).endpoint == endpoint
