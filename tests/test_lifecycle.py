"""Commands from start to end as users and machines start them: streams, settings, failures,
runs that vanish, many at once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import jsonschema
import pytest
from dagogy.api.errors import DagogyError, ProviderError
from dagogy.api.secrets import redacted, secrets_of
from dagogy.contracts.check import schema_text
from dagogy.incidents.record import failure_document
from dagogy.workspace.known_settings import CORE_SETTINGS, ENVIRONMENT_ONLY
from support import HANGS, CommandRunner, clean_environment, dagogy, make_plugin, some_fast

SCOPE = """# Überé 日本 😀

## Water
Water carries the taste. Soft water has few minerals, and it keeps the taste clear.

## Leaves
Leaves give water their colour. Green leaves are not oxidised, black leaves are.

## Brewing
Brewing needs water and leaves. Hot water draws the taste out of the leaves in minutes.
"""


@pytest.fixture
def done(runner: CommandRunner) -> Path:
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    runner.ok("run", "latest", "--scope-file", "tea.md")
    return run


def _shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `dagogy` is this interpreter's."""
    script = f'set -o pipefail; dagogy() {{ "{sys.executable}" -m dagogy "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env=clean_environment(**environment),
        timeout=HANGS,
        check=False,
    )


# ---------------------------------------------------------------------------------------------------- streams


@pytest.mark.parametrize("closed", some_fast(["<&-", ">&-", "2>&-", "<&- >&- 2>&-"], ">&-"))
def test_closed_streams_change_neither_work_nor_exit_status(
    runner: CommandRunner, done: Path, closed: str
) -> None:
    (done / "outputs/plan/plan.json").unlink()
    lines = [
        f"dagogy status latest {closed}",
        f"dagogy validate latest --json {closed}",
        f"dagogy status nope {closed}; echo $? >&3",
    ]
    ended = _shell(f"exec 3>status; {'; '.join(lines[:2])} && {lines[2]}")
    assert (runner.folder / "status").read_text() == "3\n"
    assert "Traceback" not in ended.stderr
    runner.ok("plan", "latest")
    for path in done.rglob("*.json"):
        json.loads(path.read_text())


@pytest.mark.parametrize("buffering", ["", "1"])
@pytest.mark.parametrize(
    "command",
    some_fast(
        ["--version", "--help", "status latest", "list --json", "validate latest --json"], "list --json"
    ),
)
def test_a_reader_that_is_gone_is_no_failure(
    runner: CommandRunner, done: Path, command: str, buffering: str
) -> None:
    ended = _shell(f"dagogy {command} | (exec <&-)", PYTHONUNBUFFERED=buffering)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_a_gate_that_fails_says_so_even_when_nobody_reads_its_report(
    runner: CommandRunner, done: Path
) -> None:
    curriculum = done / "outputs/curriculum/curriculum.json"
    curriculum.write_text(
        curriculum.read_text().replace('"prerequisites": []', '"prerequisites": ["nowhere"]', 1)
    )
    ended = _shell("dagogy validate latest | (exec <&-)", PYTHONUNBUFFERED="1")
    assert ended.returncode == 4
    assert ended.stderr.startswith("[validation_failed] ")


@pytest.mark.parametrize("command", ["--version", "--help", "status latest", "list --json"])
def test_a_stdout_that_is_full_is_an_io_error(runner: CommandRunner, done: Path, command: str) -> None:
    ended = _shell(f"dagogy {command} > /dev/full")
    assert ended.returncode == 6
    assert ended.stderr.startswith("[io_error] ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("broken", ["2>/dev/full", "2> >(exec <&-)"])
@pytest.mark.slow
def test_diagnostics_that_cannot_be_written_stop_nothing(
    runner: CommandRunner, done: Path, broken: str
) -> None:
    ended = _shell(f"dagogy run latest --scope-file tea.md {broken}")
    assert ended.returncode == 0
    assert f"run {done.name}: iterated" in ended.stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
@pytest.mark.slow
def test_text_that_the_terminal_cannot_show_is_escaped(
    runner: CommandRunner, done: Path, environment: dict[str, str]
) -> None:
    def started(*arguments: str) -> tuple[int, bytes, bytes]:
        ended = subprocess.run(
            [sys.executable, "-m", "dagogy", *arguments],
            capture_output=True,
            env=clean_environment(**environment),
            timeout=HANGS,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    status, out, err = started("plan", "latest")
    assert (status, err) == (0, b"")
    assert b"ber" in out.splitlines()[0]
    status, out, _ = started("plan", "latest", "--json")
    assert status == 0
    assert json.loads(out)["topic"] == "Überé 日本 😀"
    status, _, err = started("status", "日本")
    assert (status, err[:11]) == (3, b"[not_found]")


def test_a_path_that_is_not_utf_8_is_used_and_shown_in_escapes(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "odd\udcff.md"
    (runner.folder / name).write_text(SCOPE)
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", "runs\udcff")
    run = runner.init()
    runner.ok("run", "latest", "--scope-file", name, "--json")
    assert runner.stage() == "iterated"
    assert runner("run", "latest", "--scope-file", "no\udcff").code == "invalid_argument"
    assert run.is_dir()


# --------------------------------------------------------------------------------------------------- settings

_WRONG = {
    "AGENT_PROVIDER": ["nonesuch", "Internal"],
    "AGENT_TIMEOUT_SECONDS": ["soon", "0", "-1", "nan", "inf", "1e9", "1,5", "0x10"],
    "AGENT_CONCURRENCY": ["0", "-1", "2.5", "all", "257"],
    "AGENT_RETRY_BUDGET": ["-1", "1.5", "one", "101", "1e2"],
    "AGENT_MAX_ITERATIONS": ["0", "-4", "4.0", "many", "1001"],
    "AGENT_MAX_CALLS": ["0", "-1", "2.5", "few", "1000001"],
    "AGENT_MAX_TOKENS": ["0", "-1", "1e6", "many"],
    "AGENT_MAX_ACTIONS_PER_ITERATION": ["0", "x"],
    "AGENT_TARGET_SCORE": ["101", "-0.1", "nan", "high"],
    "AGENT_SCOPE_TEXT_MAX_CHARS": ["0", "12k"],
    "AGENT_HEAL_ATTEMPTS": ["-1", "1.5", "some"],
    "AGENT_HEAL_SECONDS": ["-1", "soon", "nan"],
    "AGENT_HEAL_CALLS": ["-1", "2.5", "few"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in _WRONG.items() for value in values]
)
def test_a_wrong_setting_is_named_with_its_value_and_what_is_accepted(
    runner: CommandRunner, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    monkeypatch.setenv(name, value)
    refused = runner("run", "latest", "--scope-file", "tea.md", "--json")
    assert (refused.status, refused.code) == (7, "config_error")
    first = refused.err.splitlines()[0]
    assert name in first
    assert f"'{value}'" in first
    assert "accepted: " in first
    records = list((run / "logs/failures").glob("*-config_error.json"))
    assert len(records) == 1
    monkeypatch.delenv(name)
    runner.ok("status", "latest")


def test_every_numeric_setting_of_the_core_is_tried_with_wrong_values() -> None:
    numeric = {known.name for known in CORE_SETTINGS.values() if known.kind in ("number", "integer")}
    assert numeric <= set(_WRONG)


@pytest.mark.parametrize("value", [[1], {"a": 1}, True, "x", 10**400])
def test_a_wrong_value_in_the_file_names_key_and_file(runner: CommandRunner, value: Any) -> None:
    text = {list: "[1]", dict: "{a = 1}", bool: "true", str: '"x"', int: str(10**400)}[type(value)]
    (runner.folder / "dagogy.toml").write_text(f"agent_timeout_seconds = {text}\n")
    refused = runner("doctor")
    assert (refused.status, refused.code) == (7, "config_error")
    assert f"agent_timeout_seconds in {runner.folder / 'dagogy.toml'}" in refused.err


@pytest.mark.slow
def test_flag_beats_environment_beats_file_beats_default(
    runner: CommandRunner, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used(*flags: str) -> int:
        runner.ok("run", "latest", *flags)
        return int(
            json.loads((done / "outputs/reviews/optimization_trace.json").read_text())["max_iterations"]
        )

    assert used() == 4
    (runner.folder / "pyproject.toml").write_text("[tool.dagogy]\nagent_max_iterations = 3\n")
    assert used() == 3
    (runner.folder / "dagogy.toml").write_text("agent_max_iterations = 2\n")
    assert used() == 2
    monkeypatch.setenv("AGENT_MAX_ITERATIONS", "7")
    assert used() == 7
    assert used("--max-iterations", "8") == 8
    monkeypatch.setenv("AGENT_MAX_ITERATIONS", "  ")
    assert used() == 2


def test_the_nearest_file_above_counts_and_its_paths_are_relative_to_it(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runner.folder / "dagogy.toml").write_text('orchestration_base_dir = "elsewhere"\n')
    (runner.folder / "a/b").mkdir(parents=True)
    monkeypatch.chdir(runner.folder / "a/b")
    assert runner.ok("list", "--json").json["runs_dir"] == str(runner.folder / "elsewhere")
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", "here")
    assert runner.ok("list", "--json").json["runs_dir"] == str(runner.folder / "a/b/here")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("dagogy.toml", "agent_modle = 'x'\n", "agent_model"),
        ("dagogy.toml", "this is not toml", "is not TOML"),
        ("dagogy.toml", "\xff", "is not TOML"),
        ("dagogy.toml", "rules = 5\n", "rules"),
        ("dagogy.toml", '[rules]\n"graph.acyclic" = 5\n', "graph.acyclic"),
        ("dagogy.toml", '[rules."graph.acylic"]\n', "graph.acyclic"),
        ("dagogy.toml", '[rules."graph.acyclic"]\nseverity = "fatal"\n', "error, warning"),
        ("dagogy.toml", "dagogy_disable = 'x'\n", "environment"),
        ("dagogy.toml", 'orchestration_base_dir = "a\\u0000b"\n', "orchestration_base_dir"),
        ("pyproject.toml", "[tool.dagogy]\nagent_modle = 'x'\n", "agent_model"),
        ("pyproject.toml", "[tool.dagogy\n", "is not TOML"),
    ],
)
def test_a_configuration_file_that_cannot_be_used_is_a_config_error(
    runner: CommandRunner, name: str, text: str, expected: str
) -> None:
    runner.init()
    (runner.folder / name).write_bytes(text.encode("latin-1"))
    refused = runner("status", "latest", "--json")
    assert (refused.status, refused.code) == (7, "config_error")
    assert expected in refused.err
    assert refused.json["error"]["code"] == "config_error"


def test_a_pyproject_of_somebody_else_is_not_our_business(runner: CommandRunner) -> None:
    (runner.folder / "pyproject.toml").write_text("[tool.other\nbroken")
    runner.init()


def test_a_home_that_is_not_there_is_reported(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", "~nosuchuser/runs")
    refused = runner("list")
    assert (refused.status, refused.code) == (7, "config_error")
    assert "ORCHESTRATION_BASE_DIR is '~nosuchuser/runs'" in refused.err
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("ORCHESTRATION_BASE_DIR")
    runner.init()


@pytest.mark.slow
def test_a_current_folder_that_was_removed_is_reported(runner: CommandRunner) -> None:
    ended = _shell(
        'mkdir gone && cd gone && rmdir ../gone && dagogy list --json; echo "$?" && dagogy --version && '
        "dagogy schema"
    )
    assert ended.stdout.startswith('{\n  "error": {\n    "code": "config_error"')
    assert "\n7\ndagogy " in ended.stdout
    assert ended.stderr.startswith("[config_error] the current folder cannot be used")


def test_a_template_that_is_not_there_makes_no_run(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRATION_TEMPLATE_FILE", "missing.json")
    refused = runner("init", "x")
    assert (refused.status, refused.code) == (7, "config_error")
    assert "ORCHESTRATION_TEMPLATE_FILE" in refused.err
    assert not runner.runs.exists()


def test_settings_that_act_before_a_file_is_read_are_known() -> None:
    assert set(CORE_SETTINGS) >= ENVIRONMENT_ONLY


# -------------------------------------------------------------------------------------------- failure records

_SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["run", "latest"], "stage_conflict"),
        (["validate", "latest"], "stage_conflict"),
        (["plan", "latest"], "stage_conflict"),
        (["run", "latest", "--scope-file", "tea.md", "AGENT_PROVIDER=nonesuch"], "config_error"),
        (
            [
                "run",
                "latest",
                "--model",
                _SECRET,
                "--scope-file",
                "tea.md",
                "AGENT_PROVIDER=https://user:pass@host/x",
            ],
            "config_error",
        ),
        (
            [
                "run",
                "latest",
                "--model",
                "Bearer abcdefgh12345",
                "--scope-file",
                "tea.md",
                "AGENT_PROVIDER=sk-abcdefghijk1",
            ],
            "config_error",
        ),
    ],
)
def test_a_failed_command_leaves_a_typed_record_without_secrets(
    runner: CommandRunner, command: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", _SECRET)
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    for setting in (word for word in command if word.startswith("AGENT_")):
        monkeypatch.setenv(*setting.split("=", 1))
    failed = runner(*(word for word in command if not word.startswith("AGENT_")), "--json")
    assert failed.code == code
    (path,) = (run / "logs/failures").glob("*.json")
    assert f"record: {path}" in failed.err
    record = json.loads(path.read_text())
    jsonschema.validate(record, json.loads(schema_text("failure")))
    assert (record["code"], record["exit_status"], record["run_id"], record["stage"]) == (
        code,
        failed.status,
        run.name,
        "initialized",
    )
    assert record["provider"]
    everything = failed.err + failed.out + "".join(p.read_text() for p in run.rglob("*") if p.is_file())
    for secret in (_SECRET, "user:pass", "abcdefgh12345", "sk-abcdefghijk1"):
        assert secret not in everything
    assert runner.ok("status", "latest", "--json").json["last_failure"] == f"logs/failures/{path.name}"


def test_secrets_in_the_command_line_stay_out_of_lock_and_events(
    runner: CommandRunner, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", _SECRET)
    runner.ok("run", "latest", "--model", _SECRET)
    for name in (".lock", "logs/events.jsonl"):
        assert _SECRET not in (done / name).read_text()
        assert "[MY_TOKEN]" in (done / name).read_text()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pa@ss@host/x", "https://[redacted]@host/x"),
        ("https://ghtoken@host/x", "https://[redacted]@host/x"),
        ("https://host/a@b and c@d", "https://host/a@b and c@d"),
        ("https://host?mail=a@b", "https://host?mail=a@b"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"),
        (f"key {_SECRET}!", "key [OPENAI_API_KEY]!"),
        ("a basic course for the bearer", "a basic course for the bearer"),
    ],
)
def test_redaction_takes_secrets_and_nothing_else(text: str, clean: str) -> None:
    assert redacted(text, secrets_of({"OPENAI_API_KEY": _SECRET, "AUTHOR": "nobody", "TOKEN": "x"})) == clean


def test_a_record_can_be_written_whatever_a_plugin_put_into_it() -> None:
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    for details in ({"raw": b"\xff"}, {"nan": float("nan")}, {1: {2}}, cycle, {"half": "\ud800"}):
        record = failure_document(ProviderError("x", details=details), ["dagogy"], {})
        json.dumps(record, allow_nan=False)
    nested: DagogyError = DagogyError("0")
    for number in range(100):
        try:
            raise DagogyError(str(number)) from nested
        except DagogyError as error:
            nested = error
    assert len(failure_document(nested, [], {})["exception_chain"]) == 20


def test_a_command_that_names_no_run_leaves_no_record(runner: CommandRunner) -> None:
    run = runner.init()
    for command in (["status", "nope"], ["schema", "nope"], ["validate"], ["nope"], ["status", "../x"]):
        assert runner(*command).status in (2, 3)
    assert list((run / "logs/failures").iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate"],
        ["nope"],
        ["status", "--nope"],
        ["status", "a", "b"],
        ["run", "x", "--scope-mode", "half"],
        ["run", "x", "--wait", "-1"],
    ],
)
def test_wrong_usage_is_an_invalid_argument_in_json_too(runner: CommandRunner, arguments: list[str]) -> None:
    refused = runner(*arguments, "--json")
    assert (refused.status, refused.code) == (2, "invalid_argument")
    assert refused.json["error"]["hint"]


# -------------------------------------------------------------------------------------------- a slow provider

_SLOW = """
from dagogy.api import ProviderInfo, Setting, hookimpl

@hookimpl
def dagogy_providers():
    yield ProviderInfo(
        id="slow", summary="Waits for a word.", api_version=1, impl="slow_provider:Slow",
        settings=(Setting(name="SLOW_PIPE", summary="the pipe it reads"),), needs_network=False,
    )
"""
_SLOW_IMPL = """
import os
from dagogy.api.providers import Proposal, Provider, Readiness

class Slow(Provider):
    def ready(self):
        return Readiness(ready=True, message="it is")

    def propose(self, request):
        with open(os.environ["SLOW_PIPE"]) as pipe:
            pipe.read()
        return Proposal(curriculum={"topic": "x", "nodes": []})
"""


class Working:
    """A `dagogy run` that has come to its provider, holds the lock, and waits for us."""

    def __init__(self, runner: CommandRunner) -> None:
        pipe = runner.folder / "pipe"
        os.mkfifo(pipe)
        packages = make_plugin(
            runner.folder / "site",
            "slow",
            entry_points={"provider": {"slow": "slow"}},
            modules={"slow": _SLOW, "slow_provider": _SLOW_IMPL},
        )
        environment = clean_environment([packages], AGENT_PROVIDER="slow", SLOW_PIPE=str(pipe))
        command = [sys.executable, "-m", "dagogy", "run", "latest", "--scope-file", "tea.md"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.word: IO[str] = open(pipe, "w")  # noqa: SIM115 - returns when the provider has opened the other end

    def go_on(self) -> tuple[int, str]:
        self.word.close()
        _, err = self.process.communicate(timeout=HANGS)
        return self.process.returncode, err


@pytest.fixture
def working(runner: CommandRunner, done: Path) -> Iterator[Working]:
    (runner.folder / "tea.md").write_text(SCOPE + "\n## Cups\nCups hold the brewing.\n")
    made = Working(runner)
    yield made
    made.word.close()
    made.process.kill()
    made.process.communicate()


@pytest.mark.slow
def test_a_second_run_is_reported_of_the_first(runner: CommandRunner, working: Working) -> None:
    refused = runner("run", "latest")
    assert (refused.status, refused.code) == (9, "locked")
    assert f"process {working.process.pid} ('dagogy run latest --scope-file tea.md'" in refused.err
    assert runner.stage() == "spec_ready"
    runner.ok("list")


def test_the_artifacts_of_before_are_there_until_the_provider_has_answered(
    runner: CommandRunner, done: Path, working: Working
) -> None:
    assert len(json.loads((done / "outputs/curriculum/curriculum.json").read_text())["nodes"]) == 3
    working.process.send_signal(signal.SIGKILL)
    working.process.wait()
    assert runner.stage() == "spec_ready"
    runner.ok("run", "latest")
    assert runner.stage() == "iterated"


def test_a_run_folder_that_is_deleted_under_a_command_is_not_made_again(
    runner: CommandRunner, done: Path, working: Working
) -> None:
    shutil.rmtree(done)
    status, err = working.go_on()
    assert status in (3, 6), err
    assert any(line.startswith(("[not_found] ", "[io_error] ")) for line in err.splitlines())
    assert done.name in err
    assert "Traceback" not in err
    assert not done.exists()


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_run_is_stopped_while_its_provider_works(
    runner: CommandRunner, done: Path, working: Working, which: signal.Signals
) -> None:
    working.process.send_signal(which)
    _, err = working.process.communicate(timeout=HANGS)
    assert working.process.returncode == 130
    assert "[interrupted] " in [line[:14] for line in err.splitlines()]
    assert "Traceback" not in err
    (path,) = (done / "logs/failures").glob("*-interrupted.json")
    record = json.loads(path.read_text())
    assert (record["signal"], record["killed_by"]) == (which, "user" if which == signal.SIGINT else "system")
    assert err.splitlines()[-1].startswith("incident interrupted: ")
    runner.ok("run", "latest")


@pytest.mark.slow
def test_many_looks_at_a_run_at_work_all_succeed(runner: CommandRunner, working: Working) -> None:
    children = []
    for _ in range(40):
        pid = os.fork()
        if pid == 0:
            status = 99
            try:
                status = runner("status", "latest", "--json").status
            finally:
                os._exit(status)
        children.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 40
    working.word.close()
    working.process.wait(HANGS)


@pytest.mark.slow
def test_looks_that_bring_a_run_into_line_do_not_make_a_writer_fail(
    runner: CommandRunner, done: Path
) -> None:
    """Each look finds a run that is out of line, and takes the lock for a moment."""
    plan, metadata = done / "outputs/plan/plan.json", (done / "run.json").read_bytes()
    plan.unlink()
    stop = runner.folder / "stop"
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            status = 99
            try:
                while not stop.exists():
                    status = runner("status", "latest").status
                    if status:
                        break
            finally:
                os._exit(status)
        children.append(pid)
    try:
        for _ in range(15):
            (done / "run.json").write_bytes(metadata)
            runner.ok("validate", "latest")
    finally:
        stop.touch()
        ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    assert set(ended) <= {0, 6}  # 6: it read `run.json` while the test itself wrote it, which is not atomic


@pytest.mark.parametrize(
    "body",
    [
        "raise LookupError('lost')",
        "import sys; sys.exit(0)",
        "raise type('Odd', (BaseException,), {})('lost')",
    ],
)
def test_a_plugin_command_that_ends_itself_does_not_pass_for_success(
    runner: CommandRunner, body: str
) -> None:
    imports = "from dagogy.api import CommandInfo, hookimpl\n@hookimpl\ndef dagogy_commands():\n"
    hook = imports + '    yield CommandInfo(id="odd", summary="x", api_version=1, impl="odd_impl:odd")\n'
    command = f"import click\n@click.command()\ndef odd():\n    {body}\n"
    packages = make_plugin(
        runner.folder / "site",
        "odd-one",
        "7.0",
        entry_points={"command": {"odd": "odd_hook"}},
        modules={"odd_hook": hook, "odd_impl": command},
    )
    done = dagogy("odd", cwd=runner.folder, path=[packages])
    assert done.returncode == 11
    assert done.stderr.startswith("[plugin_error] command 'odd' of odd-one 7.0 ")
