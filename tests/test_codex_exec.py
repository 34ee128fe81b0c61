"""The provider `codex_exec`: against the real codex CLI and a loopback server, and against fakes for what
that cannot be brought to do.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from codex_support import (
    HANG,
    KEY,
    NOTHING,
    SHORT_SCHEMA,
    Loopback,
    Reply,
    alive,
    answers_with,
    breaks,
    codex_home,
    fails,
    fake_codex,
    loopback,
    refuses,
    runs,
    stops,
    thinks,
    wait_for_end,
)
from dagogy.api.errors import ConfigError, DagogyError, ProviderError
from dagogy.api.llm import Answer, Question
from dagogy.api.providers import ProviderSettings
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.parsing import from_record
from dagogy.incidents.record import failure_document
from support import HANGS, ROOT, CommandRunner, SitePackages, clean_environment, some_fast

pytest.importorskip("dagogy_provider_codex_exec")
from dagogy_provider_codex_exec import command, dagogy_providers, process
from dagogy_provider_codex_exec.environment import CodexConfig, Secrets, child_environment
from dagogy_provider_codex_exec.events import Transcript, facts
from dagogy_provider_codex_exec.provider import CodexExec

FAILURE_SIGNATURE = "codex_exec mode failed to return valid structured JSON: "
#: In the environment of dagogy, and of no use to codex.
UNNEEDED = {
    "DEPLOY_TOKEN": "deploy-0123456789",
    "DATABASE_URL": "postgres://user:hunter2hunter2@db/x",
    "SSH_AUTH_SOCK": "/run/agent.sock",
}


@dataclass
class Harness:
    """A place to ask from: a home folder for codex, a folder for temporary files, and a mark by which its
    processes are known.
    """

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    setting: str = ""

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def provider(self, **settings: Any) -> CodexExec:
        return CodexExec(
            next(dagogy_providers()), ProviderSettings(values={"CODING_AGENT_CMD": self.setting}, **settings)
        )

    def ask(
        self,
        text: str = "What is 6*7?",
        seconds: float = 60.0,
        progress: Callable[[str], None] = lambda line: None,
        **settings: Any,
    ) -> Answer:
        question = Question(
            instructions="Answer as JSON.", text=text, schema=SHORT_SCHEMA, seconds=seconds, progress=progress
        )
        try:
            return self.provider(**settings).complete(question)
        finally:
            assert list(self.temporary.iterdir()) == []
            assert alive(f"BENCH={self.folder}") == []

    def refused(self, *arguments: Any, **keywords: Any) -> ProviderError:
        """The error of an ask that must fail, with no secret in it."""
        with pytest.raises(ProviderError) as caught:
            self.ask(*arguments, **keywords)
        message = f"{caught.value.message} {caught.value.hint} {json.dumps(caught.value.details)}"
        for secret in (KEY, *UNNEEDED.values()):
            assert secret not in message
        assert caught.value.details.get("cause", "empty") in ProviderError.CAUSES
        return caught.value


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    made = Harness(tmp_path, monkeypatch)
    made.temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made.temporary))
    for name in [n for n in os.environ if n.startswith(("CODEX_", "OPENAI_", "AGENT_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        **UNNEEDED,
        "LOOPBACK_CREDENTIAL": KEY,
        "BENCH": str(tmp_path),
        "CODEX_HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)
    yield made
    for pid in alive(f"BENCH={tmp_path}"):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def real(harness: Harness, codex_command: str) -> Harness:
    """The bench with the real codex."""
    harness.setting = codex_command
    return harness


def faked(harness: Harness, body: str, **options: Any) -> Harness:
    harness.setting = fake_codex(harness.folder / "codex", body, **options)
    return harness


def incident(error: DagogyError) -> str:
    """What the installed classifiers make of the failure, as it is recorded."""
    from dagogy.host.manager import Host, Selection

    return diagnose(
        Host(Selection()), from_record(failure_document(error, ["dagogy", "run"], {}))
    ).incident_id


# The real codex, and a server that answers.


@pytest.mark.slow
def test_the_answer_of_the_real_codex_comes_with_what_it_cost(real: Harness) -> None:
    with loopback(answers_with('{"answer": 42}')) as server:
        codex_home(real.folder / "home", server.url)
        answer = real.ask("What is 6*7?")
    assert answer.text == '{"answer": 42}'
    assert {k: v for k, v in answer.usage.items() if k != "seconds"} == {
        "calls": 1,
        "input_tokens": 120,
        "cached_input_tokens": 20,
        "output_tokens": 30,
        "reasoning_output_tokens": 5,
    }
    assert answer.usage["seconds"] > 0
    assert server.keys == [f"Bearer {KEY}"]
    assert server.prompts == ["Answer as JSON.\n\nWhat is 6*7?\n"]
    (request,) = server.requests
    assert (request["text"]["format"]["strict"], request["text"]["format"]["schema"]) == (True, SHORT_SCHEMA)


@pytest.mark.parametrize(
    ("setting", "asked"), [("gpt-other", "gpt-other"), ("", "gpt-loopback"), ("  ", "gpt-loopback")]
)
def test_the_model_is_named_only_where_it_is_set(real: Harness, setting: str, asked: str) -> None:
    with loopback(answers_with("{}")) as server:
        codex_home(real.folder / "home", server.url)
        assert real.ask(model=setting).model == setting.strip()
    assert server.requests[0]["model"] == asked


@pytest.mark.slow
def test_a_prompt_of_a_megabyte_in_any_script_arrives_whole(real: Harness) -> None:
    text = "Δ “quoted” \u202e 面 \x00 end\n" * 40_000
    with loopback(answers_with("{}")) as server:
        codex_home(real.folder / "home", server.url)
        real.ask(text)
    assert server.prompts == [f"Answer as JSON.\n\n{text}\n"]


@pytest.mark.slow
def test_what_codex_does_is_shown_in_short_lines(real: Harness) -> None:
    lines: list[str] = []
    with loopback(thinks("**Weighing\x1b[2J it**\n\nmore", '{"answer": 1}')) as server:
        codex_home(real.folder / "home", server.url)
        real.ask("a prompt that is not to be shown", progress=lines.append)
    assert lines[-4:] == [
        "codex works",
        "codex thinks: Weighing [2J it",
        "codex answers with 13 characters",
        "codex is done: 120 tokens read, 30 written",
    ]
    assert not any("not to be shown" in line or len(line) > 130 for line in lines)


@pytest.mark.slow
def test_codex_gets_no_secret_that_it_does_not_need(real: Harness) -> None:
    seen: list[bytes] = []

    def look(asked: dict[str, Any]) -> Reply:
        seen.extend(Path(f"/proc/{pid}/environ").read_bytes() for pid in alive(f"BENCH={real.folder}"))
        return answers_with("{}")

    with loopback(look) as server:
        codex_home(real.folder / "home", server.url)
        real.ask()
    assert len(seen) >= 2  # the npm wrapper and the program
    for environ in seen:
        assert f"LOOPBACK_CREDENTIAL={KEY}".encode() in environ
        assert f"PWD={real.temporary}".encode() in environ
        assert not any(secret.encode() in environ for secret in UNNEEDED.values())


@pytest.mark.slow
def test_the_agent_can_run_nothing_and_keeps_no_session(real: Harness) -> None:
    (real.folder / "mine").mkdir()
    real.monkeypatch.chdir(real.folder / "mine")
    with loopback(runs(f"touch here {real.folder}/mine/there"), answers_with('{"answer": 1}')) as server:
        codex_home(real.folder / "home", server.url)
        assert real.ask().text == '{"answer": 1}'
    offered = {
        str(tool.get("name") or tool.get("type")) for request in server.requests for tool in request["tools"]
    }
    assert not {"exec_command", "write_stdin", "shell", "shell_command", "local_shell"} & offered
    assert server.outputs == ["unsupported call: exec_command"]
    assert list((real.folder / "mine").iterdir()) == []
    assert [path for path in (real.folder / "home").rglob("*.jsonl") if "session" in str(path)] == []


@pytest.mark.slow
def test_a_feature_that_this_version_does_not_know_does_not_stop_it(real: Harness) -> None:
    real.setting += " -c features.no_such_feature=false"
    with loopback(answers_with('{"answer": 1}')) as server:
        codex_home(real.folder / "home", server.url)
        assert real.ask().text == '{"answer": 1}'


FAILURES: dict[str, tuple[Reply, dict[str, Any], str]] = {
    "401": (
        fails(401, f"Incorrect API key provided: {KEY}.", "invalid_api_key"),
        {"http_status": 401, "request_id": "req_42"},
        "provider_auth_failed",
    ),
    "403": (
        fails(403, "Country, region, or territory not supported", "unsupported_country_region_territory"),
        {"http_status": 403},
        "provider_auth_failed",
    ),
    "404": (
        fails(404, "The model `nope` does not exist or you do not have access to it.", "model_not_found"),
        {},
        "model_unavailable",
    ),
    "429 quota": (
        fails(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
        {},
        "provider_quota_exhausted",
    ),
    "429 rate": (
        fails(429, "Rate limit reached.", "rate_limit_exceeded", "tokens"),
        {"http_status": 429, "request_id": "req_42"},
        "provider_rate_limited",
    ),
    "500": (
        fails(500, "The server had an error.", "server_error", "server_error"),
        {},
        "provider_overloaded",
    ),
    "502 html": (
        Reply(status=502, body="<html><body>Bad Gateway</body></html>"),
        {"http_status": 502},
        "provider_overloaded",
    ),
    "schema": (
        fails(
            400,
            "Invalid schema for response_format 'codex_output_schema'",
            "invalid_json_schema",
            param="text.format.schema",
        ),
        {"machine_code": "invalid_json_schema"},
        "output_schema_rejected",
    ),
    "account": (
        Reply(
            status=400,
            body='{"detail": "The \'x\' model is not supported when using Codex with a ChatGPT account."}',
        ),
        {},
        "model_unavailable",
    ),
    "context": (
        fails(400, "Your input exceeds the context window", "context_length_exceeded"),
        {},
        "context_window_exceeded",
    ),
    "context in the stream": (
        breaks("context_length_exceeded", "Your input exceeds the context window"),
        {},
        "context_window_exceeded",
    ),
    "quota in the stream": (
        breaks("insufficient_quota", "You exceeded your current quota"),
        {},
        "provider_quota_exhausted",
    ),
    "refusal": (
        refuses("I can't help with that."),
        {"cause": "empty", "returncode": 0},
        "codex_structured_output",
    ),
    "nothing": (NOTHING, {"cause": "empty", "returncode": 0}, "codex_structured_output"),
    "empty text": (answers_with(""), {"cause": "empty", "returncode": 0}, "codex_structured_output"),
    "cut": (
        stops("max_output_tokens"),
        {"cause": "incomplete", "returncode": 1},
        "provider_output_truncated",
    ),
    "filtered": (stops("content_filter"), {"cause": "content_filter"}, "provider_refusal"),
}


@pytest.mark.parametrize("name", some_fast(FAILURES, "401", "429 rate", "quota in the stream", "cut"))
def test_each_failure_of_the_service_is_reported_as_facts_and_diagnosed(real: Harness, name: str) -> None:
    reply, known, label = FAILURES[name]
    with loopback(reply) as server:
        codex_home(real.folder / "home", server.url)
        error = real.refused()
    assert error.message.startswith(FAILURE_SIGNATURE)
    assert {key: error.details.get(key) for key in known} == known
    assert error.details["returncode"] in (0, 1)
    assert error.details["usage"]["calls"] == 1
    assert "killed_by" not in error.details
    assert incident(error) == label


def test_what_was_spent_is_reported_although_there_is_no_answer(real: Harness) -> None:
    with loopback(NOTHING) as server:
        codex_home(real.folder / "home", server.url)
        usage = real.refused().details["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (120, 30)


@pytest.mark.slow
def test_a_failure_that_codex_gets_over_is_no_failure(real: Harness) -> None:
    lines: list[str] = []
    with loopback(
        fails(500, "The server had an error.", "server_error"), answers_with('{"answer": 1}')
    ) as server:
        codex_home(real.folder / "home", server.url, retries=2)
        assert real.ask(progress=lines.append).text == '{"answer": 1}'
    assert any(line.startswith("codex reports: Reconnecting... 1/2") for line in lines)


@pytest.mark.slow
def test_a_key_that_the_service_repeats_is_in_no_line_and_no_detail(real: Harness) -> None:
    lines: list[str] = []
    with loopback(fails(401, f"Incorrect API key provided: {KEY}.", "invalid_api_key")) as server:
        codex_home(real.folder / "home", server.url, retries=1)
        error = real.refused(progress=lines.append)
    assert KEY not in "".join(lines)
    assert "[LOOPBACK_CREDENTIAL]" in error.message


@pytest.mark.slow
def test_a_codex_that_says_nothing_is_ended_by_our_clock(real: Harness) -> None:
    with loopback(HANG) as server:
        codex_home(real.folder / "home", server.url)
        error = real.refused("ERROR: Quota exceeded. Check your plan and billing details.\n" * 3, seconds=3)
    assert error.message == "codex_exec did not answer within 3 s and was ended"
    known = {"cause": "timeout", "killed_by": "timeout", "returncode": -15, "signal": 15}
    assert {key: error.details.get(key) for key in known} == known
    assert incident(error) == "provider_timeout"


@pytest.mark.slow
def test_a_codex_that_waits_for_the_network_was_not_slow(real: Harness) -> None:
    codex_home(real.folder / "home", "http://127.0.0.1:9/v1")
    lines: list[str] = []
    error = real.refused(seconds=5, progress=lines.append)
    assert "waiting for network" in error.message
    assert "cause" not in error.details
    assert error.details["killed_by"] == "timeout"
    assert any("waiting for network" in line for line in lines)
    assert incident(error) == "network_unreachable"


@pytest.mark.parametrize(
    ("words", "home", "expected"),
    [
        (" -c model_provider=nobody", "home", "Error: Model provider `nobody` not found"),
        (
            "",
            "gone",
            'Error finding codex home: CODEX_HOME points to "{folder}/gone", but that path does not exist',
        ),
    ],
)
def test_a_wrong_configuration_is_reported_in_codex_own_words(
    real: Harness, words: str, home: str, expected: str
) -> None:
    codex_home(real.folder / "home", "http://127.0.0.1:9/v1")
    real.monkeypatch.setenv("CODEX_HOME", str(real.folder / home))
    real.setting += words
    error = real.refused()
    assert (
        error.message
        == f"{FAILURE_SIGNATURE}codex ended with exit status 1: {expected.format(folder=real.folder)}"
    )
    assert incident(error) == "coding_agent_misconfigured"


@pytest.mark.slow
def test_a_key_that_is_not_there_is_reported_by_its_name(real: Harness) -> None:
    real.monkeypatch.delenv("LOOPBACK_CREDENTIAL")
    codex_home(real.folder / "home", "http://127.0.0.1:9/v1")
    assert "Missing environment variable: `LOOPBACK_CREDENTIAL`" in real.refused().message


# Whether it could work.


@pytest.mark.slow
def test_doctor_is_reported_which_codex_there_is_and_that_its_provider_has_a_key(real: Harness) -> None:
    codex_home(real.folder / "home", "http://127.0.0.1:9/v1")
    found = real.provider().ready()
    assert found.ready
    assert found.message.startswith(f"{real.setting} is codex-cli ")
    assert "exit status 1, Not logged in; its model provider 'loopback' needs no login" in found.message
    real.monkeypatch.delenv("LOOPBACK_CREDENTIAL")
    found = real.provider().ready()
    assert (found.ready, found.hint) == (False, "export LOOPBACK_CREDENTIAL=…")


@pytest.mark.slow
def test_doctor_is_reported_of_a_login_without_any_part_of_its_key(real: Harness) -> None:
    home = real.folder / "home"
    home.mkdir()
    assert not real.provider().ready().ready
    subprocess.run(
        [real.setting, "login", "--with-api-key"], input=KEY, text=True, check=True, capture_output=True
    )
    before = {path: path.read_bytes() for path in home.rglob("*.json")}
    found = real.provider().ready()
    assert found.ready
    assert "API key" in found.message
    assert KEY[:10] not in found.message
    assert KEY[-5:] not in found.message
    assert {path: path.read_bytes() for path in home.rglob("*.json")} == before


@pytest.mark.slow
def test_doctor_is_reported_of_a_command_that_never_answers(harness: Harness) -> None:
    harness.monkeypatch.setattr(command, "LOOK_SECONDS", 0.5)
    path = harness.folder / "codex"
    path.write_text("#!/bin/sh\nsleep 300\n")
    path.chmod(0o755)
    harness.setting = str(path)
    found = harness.provider().ready()
    assert not found.ready
    assert found.message == f"'{path} --version' does not answer"
    assert alive(f"BENCH={harness.folder}") == []


# A command that cannot be started.


@pytest.mark.parametrize(
    ("setting", "errno", "why"),
    [
        ("no-such-codex", 2, "'no-such-codex' is not on the PATH"),
        ("{folder}/gone", 2, "there is no {folder}/gone"),
        ("{folder}/plain", 13, "{folder}/plain is not executable"),
        ("{folder}", 13, "{folder} is a folder"),
        ("{folder}/noise", 8, "Exec format error"),
        ("{folder}/orphan", 2, "the interpreter that its first line names is not there"),
        ("{folder}/nodeless", 2, "it needs 'no-such-node', which is not there"),
    ],
)
def test_a_command_that_cannot_be_started_is_reported_with_the_way_out(
    harness: Harness, setting: str, errno: int, why: str
) -> None:
    for name, text, mode in (
        ("plain", "#!/bin/sh\n", 0o644),
        ("noise", "\x7fELF", 0o755),
        ("orphan", "#!/no/such/node\n", 0o755),
        ("nodeless", "#!/usr/bin/env no-such-node\n", 0o755),
    ):
        (harness.folder / name).write_text(text)
        (harness.folder / name).chmod(mode)
    harness.setting = setting.format(folder=harness.folder)
    error = harness.refused()
    message = (
        f"CODING_AGENT_CMD is '{harness.setting}', which cannot be started: "
        f"{why.format(folder=harness.folder)}"
    )
    assert error.message == f"{message} ('npm install -g @openai/codex' installs codex)"
    assert (error.details["cause"], error.details["errno"]) == ("binary_missing", errno)
    assert error.details["path"]
    assert incident(error) == "coding_agent_not_found"


def test_a_codex_without_the_package_for_this_platform_is_reported(real: Harness) -> None:
    script = real.folder / "alone" / "codex.js"
    script.parent.mkdir()
    script.write_text(Path(real.setting).resolve().read_text())
    (script.parent / "package.json").write_text('{"type": "module"}')
    real.setting = f"node {script}"
    error = real.refused()
    assert "Missing optional dependency @openai/codex" in error.message
    assert error.details["cause"] == "binary_missing"
    assert incident(error) == "coding_agent_not_found"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("codex 'exec", "which cannot be split into words: No closing quotation"),
        ("''", "which names no command"),
    ],
)
def test_a_setting_that_is_no_command_is_a_configuration_error(
    harness: Harness, setting: str, expected: str
) -> None:
    harness.setting = setting
    with pytest.raises(ConfigError, match=expected):
        harness.ask()


def test_the_words_of_the_command_are_split_as_a_shell_does_and_relative_paths_still_lead_there(
    harness: Harness,
) -> None:
    folder = harness.folder / "with space"
    folder.mkdir()
    harness.monkeypatch.chdir(harness.folder)
    fake_codex(folder / "codex.py", 'answer("{}")')
    harness.setting = f"{sys.executable} './with space/codex.py'"
    assert harness.ask().text == "{}"
    assert harness.provider().endpoint == Path(sys.executable).name


# Fakes: what the real one does not do.


@pytest.mark.parametrize(
    "lacks",
    [
        ("--ephemeral",),
        ("--output-schema", "--color"),
        ("--output-last-message",),
        ("--json",),
        ("--config",),
        ("--json", "--output-last-message", "--sandbox", "--skip-git-repo-check"),
    ],
)
def test_a_flag_that_this_version_does_not_know_is_left_out(harness: Harness, lacks: tuple[str, ...]) -> None:
    faked(harness, 'answer(json.dumps({"read": sys.stdin.read(), "arguments": arguments}))', lacks=lacks)
    answer = harness.ask("the task")
    document = json.loads(answer.text)
    assert not set(lacks) & set(document["arguments"])
    assert ("The JSON Schema of the answer" in document["read"]) == ("--output-schema" in lacks)
    assert ('sandbox_mode="read-only"' in document["arguments"]) == ("--sandbox" in lacks)
    assert ("-c" in document["arguments"]) == ("--config" not in lacks)
    assert sorted(answer.notes) == sorted(
        f"this codex does not know {flag}: left out" for flag in lacks if flag != "--config"
    )


@pytest.mark.slow
def test_the_help_is_asked_for_once_until_the_file_changes(harness: Harness) -> None:
    count = f"open({str(harness.folder / 'helped')!r}, 'a').write('x')"
    faked(harness, 'answer("{}")')
    path = Path(harness.setting)
    path.write_text(
        path.read_text().replace('if "--help" in arguments:', f'if "--help" in arguments:\n    {count}')
    )
    harness.ask()
    harness.ask()
    assert (harness.folder / "helped").read_text() == "x"
    os.utime(path, ns=(1, 1))
    harness.ask()
    assert (harness.folder / "helped").read_text() == "xx"


def test_a_command_without_such_a_help_is_taken_for_the_codex_of_today(harness: Harness) -> None:
    path = harness.folder / "agent"
    path.write_text(
        '#!/bin/sh\ncase "$*" in *--help*) exit 3;; esac\nwhile [ "$1" != --output-last-message ]; do shift; '
        'done\ncat >/dev/null; echo "{}" >"$2"\n'
    )
    path.chmod(0o755)
    harness.setting = str(path)
    assert harness.ask().text.strip() == "{}"


STUBBORN = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)'
subprocess.Popen([sys.executable, '-c', child])
subprocess.Popen([sys.executable, '-c', child], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
subprocess.run([sys.executable, '-c', 'import subprocess, sys; subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True)', child])
"""  # noqa: E501


@pytest.mark.slow
def test_nothing_stays_alive_of_a_command_that_heeds_no_sigterm(harness: Harness) -> None:
    harness.monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    message = (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nevent(type='item.started', item={'type': "
        "'command_execution', 'command': 'x'})"
    )
    faked(harness, message + STUBBORN + "time.sleep(300)")
    error = harness.refused(seconds=4)
    assert (error.details["returncode"], error.details["killed_by"]) == (-9, "timeout")
    assert "command_execution" in error.details["events"]


@pytest.mark.slow
def test_nothing_stays_alive_of_a_command_that_leaves_children_behind(harness: Harness) -> None:
    faked(harness, STUBBORN + 'answer("{}")')
    assert harness.ask().text == "{}"


@pytest.mark.slow
def test_an_interruption_ends_the_child_and_goes_on(harness: Harness) -> None:
    harness.monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    faked(
        harness,
        STUBBORN + "event(type='item.started', item={'type': 'web_search', 'query': 'now'})\ntime.sleep(300)",
    )

    def interrupt(line: str) -> None:
        if "searches" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        harness.ask(progress=interrupt)


def test_commands_of_an_agent_that_has_a_shell_all_the_same_are_noted(harness: Harness) -> None:
    lines: list[str] = []
    faked(
        harness,
        "event(type='item.started', item={'type': 'command_execution', 'command': 'ls'})\nanswer('{}')",
    )
    assert harness.ask(progress=lines.append).notes == ("the agent started 1 commands in its sandbox",)
    assert "codex runs ls" in lines


@pytest.mark.slow
def test_an_answer_counts_although_the_command_does_not_end_after_it(harness: Harness) -> None:
    harness.monkeypatch.setattr(process, "LINGER_SECONDS", 0.2)
    faked(harness, 'answer("{}")\ntime.sleep(300)')
    answer = harness.ask()
    assert (answer.text, answer.notes) == (
        "{}",
        ("codex did not end by itself after its answer, and was ended",),
    )


@pytest.mark.parametrize(
    "made",
    [
        "os.mkfifo(path)",
        "os.mkdir(path)",
        "os.symlink('/etc/passwd', path)",
        "shutil.rmtree(os.path.dirname(path))",
    ],
)
def test_what_is_no_file_is_no_answer_and_nothing_waits_for_it(harness: Harness, made: str) -> None:
    error = faked(
        harness, f"import shutil\npath = value('--output-last-message')\n{made}\nevent(type='turn.completed')"
    ).refused()
    assert error.message == f"{FAILURE_SIGNATURE}the last message is empty"
    assert error.details["last_message"] == ""


def test_an_event_nested_beyond_all_measure_is_one_like_any_other(harness: Harness) -> None:
    faked(
        harness, "print('{\"type\": \"item.started\", \"a\": ' + '[' * 900 + ']' * 900 + '}')\nanswer('{}')"
    )
    assert harness.ask().text == "{}"


def test_a_secret_in_the_answer_itself_is_taken_out_and_what_is_taught_of_keys_is_not(
    harness: Harness,
) -> None:
    written = json.dumps(
        {"title": f"A key such as {UNNEEDED['DEPLOY_TOKEN']}", "example": "sk-example-000000000"}
    )
    faked(harness, f"answer({written!r})")
    assert json.loads(harness.ask().text) == {
        "title": "A key such as [DEPLOY_TOKEN]",
        "example": "sk-example-000000000",
    }


def test_an_answer_that_was_kept_is_not_that_of_a_command_with_other_flags(harness: Harness) -> None:
    faked(harness, "answer('{}')")
    question, keys = Question(instructions="i", text="t", schema=SHORT_SCHEMA), set()
    for harness.setting in ("codex -c model=a", "codex -c model=b", "codex"):
        keys.add(harness.provider().answer_key(question))
    assert len(keys) == 3


@pytest.mark.slow
def test_a_turn_that_goes_on_after_another_is_waited_for(harness: Harness) -> None:
    harness.monkeypatch.setattr(process, "LINGER_SECONDS", 0.2)
    faked(
        harness,
        "answer('{\"first\": 1}')\nevent(type='turn.started')\ntime.sleep(0.6)\nanswer('{\"second\": 2}')",
    )
    assert harness.ask().text == '{"second": 2}'


@pytest.mark.slow
def test_output_without_end_takes_bounded_memory_and_no_deadlock(harness: Harness) -> None:
    faked(
        harness,
        """
        block = b"x" * 2**20
        for _ in range(60):
            os.write(2, block)
            os.write(1, block)
        os.write(1, b"\\n\\xff\\xfe not utf-8\\n")
        answer('{"read": %d}' % len(sys.stdin.read()))
        """,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = harness.ask("y" * 3_000_000)
    assert json.loads(answer.text)["read"] > 3_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120 * 1024


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ("sys.exit(0)", {"cause": "empty", "returncode": 0}),
        ("answer('  ')", {"cause": "empty", "returncode": 0}),
        ("sys.exit(7)", {"returncode": 7}),
        ("os.kill(os.getpid(), signal.SIGKILL)", {"returncode": -9, "signal": 9}),
        ("event(type='error', message='stream closed'); sys.exit(0)", {"returncode": 0}),
        ("answer('{}'); event(type='turn.failed', error={'message': 'no'}); sys.exit(0)", {"returncode": 0}),
        (
            (
                "event(type='error', message=json.dumps({'error': json.dumps({'error': {'code': 'deep', "
                "'type': 't'}})})); sys.exit(1)"
            ),
            {"machine_code": "deep", "returncode": 1},
        ),
        (
            (
                "event(type='turn.failed', error={'message': \"You've hit your usage limit. Try again in 1 "
                'day 2 hours 30 minutes."})'
            ),
            {"retry_after_seconds": 95400.0},
        ),
    ],
)
def test_each_end_without_an_answer_is_reported_as_it_is(
    harness: Harness, body: str, known: dict[str, Any]
) -> None:
    error = faked(harness, body).refused()
    assert error.message.startswith(FAILURE_SIGNATURE)
    assert {key: error.details.get(key) for key in known} == known
    assert "killed_by" not in error.details


def test_a_prompt_that_an_old_version_echoes_is_no_evidence(harness: Harness) -> None:
    faked(harness, "sys.stderr.write('user\\n' + sys.stdin.read())\nsys.exit(1)", lacks=("--json",))
    error = harness.refused(
        "ERROR: Quota exceeded. Check your plan and billing details.\n"
        "/usr/bin/env: 'node': No such file or directory"
    )
    assert error.message == f"{FAILURE_SIGNATURE}codex ended with exit status 1 before its turn did"
    assert "Quota" not in json.dumps(error.details)


def test_the_folder_for_the_files_of_a_run_is_private(harness: Harness) -> None:
    faked(
        harness,
        (
            "folder = os.path.dirname(value('--output-last-message'))\n"
            "answer(json.dumps([os.stat(folder).st_mode, os.listdir('.'), os.getcwd()]))"
        ),
    )
    mode, found, work = json.loads(harness.ask().text)
    assert (stat.S_IMODE(mode), found) == (0o700, [])
    assert Path(work).is_relative_to(harness.temporary)


# What the child may know.


def test_the_child_gets_no_secret_but_those_that_its_configuration_names(tmp_path: Path) -> None:
    codex_home(tmp_path, "http://127.0.0.1:9/v1", env_key="MY_GATEWAY_KEY")
    with (tmp_path / "config.toml").open("a") as file:
        file.write(
            'env_http_headers = { "X-Tenant" = "TENANT_TOKEN" }\n[model_providers.other]\nname = "o"\n'
            'env_key = "OTHER_KEY"\n'
        )
    (tmp_path / "work.config.toml").write_text('[model_providers.third]\nenv_key = "THIRD_KEY"\n')
    (tmp_path / "broken.config.toml").write_text("= no toml")
    kept = {
        "PATH": "/bin",
        "CODEX_HOME": str(tmp_path),
        "CODEX_API_KEY": "a",
        "MY_GATEWAY_KEY": "b",
        "OTHER_KEY": "c",
        "THIRD_KEY": "d",
        "FOURTH_KEY": "e",
        "TENANT_TOKEN": "f",
        "HTTPS_PROXY": "http://user:password@proxy:3128",
        "no_proxy": "localhost",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "NODE_EXTRA_CA_CERTS": "/etc/ca.pem",
        "GIT_AUTHOR_NAME": "A",
        "PWD": "/x",
        "LANG": "C.UTF-8",
    }
    dropped = {
        **UNNEEDED,
        "OPENAI_API_KEY": "g",
        "AWS_SECRET_ACCESS_KEY": "h",
        "GH_PAT": "i",
        "MYSQL_PWD": "j",
        "PGPASSWORD": "k",
        "GOOGLE_APPLICATION_CREDENTIALS": "l",
        "NPM_CONFIG__AUTH": "m",
        "INNOCENT": "sk-0123456789abcdef",
    }
    environ = {**kept, **dropped}
    config = CodexConfig(environ, ["codex", "-c", 'model_providers.x.env_key="FOURTH_KEY"'])
    assert child_environment(environ, config) == kept


def test_a_provider_on_bedrock_keeps_its_account(tmp_path: Path) -> None:
    environ = {"CODEX_HOME": str(tmp_path), "AWS_SECRET_ACCESS_KEY": "h"}
    assert "AWS_SECRET_ACCESS_KEY" not in child_environment(environ, CodexConfig(environ))
    (tmp_path / "config.toml").write_text('model_provider = "amazon-bedrock"\n')
    assert "AWS_SECRET_ACCESS_KEY" in child_environment(environ, CodexConfig(environ))


def test_what_is_shown_holds_no_secret(tmp_path: Path) -> None:
    environ = {"CODEX_HOME": str(tmp_path), "MY_TOKEN": "abcdef", "SHORT_KEY": "x"}
    clean = Secrets(environ, CodexConfig(environ)).without
    assert clean("x abcdef http://u:p@h/ sk-0123456789 y") == "x [MY_TOKEN] http://[redacted]@h/ [redacted] y"


def test_lines_that_are_no_events_are_let_go() -> None:
    shown: list[str] = []
    transcript = Transcript(lambda text: text, shown.append)
    lines = [
        b"",
        b"Reading prompt",
        b"[1]",
        b'{"type": 3}',
        b'{"type": "item.completed", "item": 4}',
        b'{"type": "turn.completed", "usage": []}',
        b"[" * 100_000,
    ]
    for line in lines:
        transcript.read(line)
    assert (transcript.message, transcript.usage, shown) == ("", {}, [])
    assert facts("{" * 50_000) == {}


# The whole way.


def curriculum_answer(runner: CommandRunner) -> str:
    """What `internal` makes of the example, in the shape that the strict schema asks a model for."""
    from dagogy.api.llm.prompts import with_nulls
    from dagogy.api.llm.strict import strict_schema
    from dagogy.contracts.check import schema_text

    run = runner.init("first")
    runner.ok("run", run.name, "--scope-file", str(ROOT / "examples/intro-statistics.md"))
    document = json.loads((run / "outputs/curriculum/curriculum.json").read_text())
    return json.dumps(with_nulls(document, strict_schema(json.loads(schema_text("curriculum")))))


@pytest.fixture
def working(runner: CommandRunner, real: Harness) -> Harness:
    """The real codex as the provider of a workspace."""
    real.monkeypatch.setenv("AGENT_PROVIDER", "codex_exec")
    real.monkeypatch.setenv("CODING_AGENT_CMD", real.setting)
    real.monkeypatch.chdir(runner.folder)
    return real


def left_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_run_comes_from_the_scope_to_an_accepted_curriculum(
    runner: CommandRunner, working: Harness
) -> None:
    working.monkeypatch.setenv("AGENT_PROVIDER", "internal")
    answer = curriculum_answer(runner)
    working.monkeypatch.setenv("AGENT_PROVIDER", "codex_exec")
    with loopback(answers_with(answer)) as server:
        codex_home(working.folder / "home", server.url)
        run = runner.init("second")
        document = runner.ok(
            "run", run.name, "--scope-file", str(ROOT / "examples/intro-statistics.md"), "--json"
        ).json
        assert document["passed"]
        assert document["stop_reason"].startswith("accepted")
        trace = json.loads((run / "outputs/reviews/optimization_trace.json").read_text())
        assert (
            trace["provider"],
            trace["accepted"],
            trace["usage"]["calls"],
            trace["usage"]["input_tokens"],
        ) == ("codex_exec", True, 1, 120)
        assert "Introduction to Statistics" in server.prompts[0] or "statistics" in server.prompts[0].lower()
        asked = len(server.requests)
        runner.ok("run", run.name, "--json")
        assert len(server.requests) == asked
    written = left_in(runner.folder)
    assert KEY.encode() not in written
    assert list(working.temporary.iterdir()) == []


@pytest.mark.slow
def test_prose_twice_is_a_failure_with_the_answer_kept(runner: CommandRunner, working: Harness) -> None:
    with loopback(answers_with("Sure! The answer is forty-two.")) as server:
        codex_home(working.folder / "home", server.url)
        run = runner.init("prose")
        done = runner("run", run.name, "--scope-file", str(ROOT / "examples/intro-statistics.md"))
    assert (done.status, done.code) == (8, "provider_error")
    assert f"{FAILURE_SIGNATURE}codex answered with text that holds no JSON" in done.err
    assert len(server.requests) == 2
    assert "An earlier answer to this could not be used" in server.prompts[1]
    (record,) = [json.loads(p.read_text()) for p in (run / "logs/failures").glob("*.json")]
    assert record["details"]["cause"] == "prose"
    assert b"forty-two" in left_in(run)


@pytest.mark.slow
def test_doctor_asks_the_real_codex(runner: CommandRunner, working: Harness) -> None:
    codex_home(working.folder / "home", "http://127.0.0.1:9/v1")
    assert "codex_exec: " in runner("doctor").out


def start(harness: Harness, server: Loopback, runner: CommandRunner) -> subprocess.Popen[str]:
    """`dagogy run` as a process, at the point where codex waits for its answer."""
    codex_home(harness.folder / "home", server.url)
    run = runner.init("stopped")
    environ = {
        **clean_environment(),
        **{n: os.environ[n] for n in ("AGENT_PROVIDER", "CODING_AGENT_CMD")},
        "TMPDIR": str(harness.temporary),
    }
    words = [
        sys.executable,
        "-m",
        "dagogy",
        "run",
        run.name,
        "--scope-file",
        str(ROOT / "examples/intro-statistics.md"),
    ]
    child = subprocess.Popen(
        words, cwd=runner.folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.asked.wait(HANGS), child.communicate()
    return child


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_signal_to_dagogy_ends_codex_too(
    runner: CommandRunner, working: Harness, number: signal.Signals
) -> None:
    with loopback(HANG) as server:
        child = start(working, server, runner)
        child.send_signal(number)
        _, err = child.communicate(timeout=HANGS)
    assert (child.returncode, err.split("]")[0]) == (130, "[interrupted")
    assert alive(f"BENCH={working.folder}") == []
    assert list(working.temporary.iterdir()) == []


@pytest.mark.slow
def test_codex_does_not_outlive_a_dagogy_that_is_killed(runner: CommandRunner, working: Harness) -> None:
    with loopback(HANG) as server:
        child = start(working, server, runner)
        of_codex = [
            p
            for p in alive(f"BENCH={working.folder}")
            if b"\0exec\0-\0" in Path(f"/proc/{p}/cmdline").read_bytes()
        ]
        assert len(of_codex) == 2  # the npm wrapper and the program
        child.kill()
        child.communicate(timeout=HANGS)
        assert all(wait_for_end(pid) for pid in of_codex)
    assert len(list(working.temporary.iterdir())) == 1  # the folder is what remains


def test_the_plugin_is_found_by_its_id(site: SitePackages) -> None:
    assert site.run("plugins", "list", cwd=ROOT).stdout.count("dagogy-provider-codex-exec") == 1
