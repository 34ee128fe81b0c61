"""What a failing command leaves behind: the record with its facts, the last line on
stderr, and no secret anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from dagogy.api.errors import ProviderError
from dagogy.api.secrets import redacted, secrets_of
from dagogy.api.secrets._forms import remains
from dagogy.contracts.check import schema_text
from dagogy.incidents.parsing import last_record, read_record
from dagogy.incidents.record import FailureContext, failure_document
from pattern_probe import GROWTH, call_growth
from support import HANGS, CommandRunner, Outcome, SitePackages, dagogy, python, run_with

SECRET = "correct+horse/battery staple"
LOUD = '''
import base64, os, subprocess
from urllib.parse import quote
from dagogy.api import ProviderInfo, Setting, hookimpl
from dagogy.api.errors import ProviderError
from dagogy.api.providers import Provider

class Loud(Provider):
    """Fails and tells everything."""
    def propose(self, request):
        s = self.settings.values["LOUD_PHRASE"]
        request.progress("asking with " + s)
        cause = ValueError("the phrase is " + s + "\\nand " + repr({"Authorization": "Bearer " + "abcdefgh12345"}))
        raise ProviderError("HTTP 429 from https://ann:passw0rdpassw0rd@host/x?phrase=" + quote(s, safe=""), hint="try " + s, details={
            "http_status": 429, "machine_code": "slow_down", "request_id": "req-7", "returncode": -9, "killed_by": "timeout",
            "stderr": "x" * 9000 + base64.b64encode(("ann:" + s).encode()).decode() + "\\n" + s[:9] + "\\n  " + s[9:],
            "lines": [s[:12], s[12:]], "headers": {"x-api-key": "x-api-key: abcd1234efgh"},
        }) from cause
    def repair(self, request):
        return None

@hookimpl
def dagogy_providers():
    yield ProviderInfo(id="loud", summary="s", api_version=1, impl="mod_loud:Loud", settings=(Setting(name="LOUD_PHRASE", summary="s", secret=True),))
'''  # noqa: E501
CLASSIFIER = '''
import time
from dagogy.api import ClassifierInfo, hookimpl
from dagogy.api.failures import Classifier

class Mine(Classifier):
    """Mine."""
    def classify(self, failure):
        {body}

@hookimpl
def dagogy_classifiers():
    yield ClassifierInfo(id="mine", summary="s", api_version=1, impl="mod_mine:Mine", incidents=("mine",))
'''
SCOPE = (
    "# Tea\n\n## Leaves\nLeaves are picked and dried.\n\n## Water\n"
    "Water is boiled before it is poured on the leaves.\n"
)


def secret_forms(secret: str) -> list[str]:
    return [
        secret,
        base64.b64encode(secret.encode()).decode()[:24],
        secret[:9],
        "abcdefgh12345",
        "passw0rdpassw0rd",
        "abcd1234efgh",
        secret[12:],
    ]


@pytest.fixture
def loud(runner: CommandRunner, site: SitePackages, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Outcome]:
    """A run whose provider failed and told all its secrets."""
    site.plugin("x-loud", entry_points={"provider": {"loud": "mod_loud"}}, modules={"mod_loud": LOUD})
    monkeypatch.setenv("LOUD_PHRASE", SECRET)
    monkeypatch.setenv("AGENT_MODEL", "some-model")
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    return run, runner("run", "latest", "--scope-file", "tea.md", "--provider", "loud")


def the_record(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*.json")
    document: dict[str, Any] = json.loads(path.read_text())
    jsonschema.validate(document, json.loads(schema_text("failure")))
    return document


def test_the_facts_that_a_provider_gives_are_in_the_record(loud: tuple[Path, Outcome]) -> None:
    run, failed = loud
    assert failed.code == "provider_error"
    record = the_record(run / "logs/failures")
    assert (record["http_status"], record["machine_code"], record["request_id"]) == (
        429,
        "slow_down",
        "req-7",
    )
    assert (record["child_exit_status"], record["signal"], record["killed_by"]) == (-9, 9, "timeout")
    assert (record["provider"], record["model"]) == ("loud", "some-model")
    assert [link["type"] for link in record["exception_chain"]] == [
        "dagogy.api.errors.ProviderError",
        "builtins.ValueError",
    ]
    assert record["output_tails"]["stderr"].startswith("[")
    assert len(record["output_tails"]["stderr"]) < 8200
    assert record["environment"]["LOUD_PHRASE"] == {"set": True, "length": len(SECRET)}
    assert record["environment"]["OPENAI_API_KEY"] == {"set": False, "length": 0}
    assert record["plugins"]["x-loud"] == "1.0"
    failure = read_record(next((run / "logs/failures").iterdir()))
    assert (failure.http_status, failure.machine_code, failure.signal, failure.exit_status) == (
        429,
        "slow_down",
        9,
        -9,
    )
    assert "[LOUD_PHRASE]" in failure.text


@pytest.mark.slow
def test_no_secret_is_in_any_file_of_the_run_or_on_the_streams(
    loud: tuple[Path, Outcome], runner: CommandRunner, site: SitePackages
) -> None:
    run, failed = loud
    again = site.run(
        "run", "latest", "--provider", "loud", "--json", "--debug", cwd=runner.folder, LOUD_PHRASE=SECRET
    )
    assert "Traceback" in again.stderr
    (runner.folder / "dagogy.toml").write_text(
        json.dumps({"loud_phrase": SECRET})
        .replace(": ", " = ")
        .strip("{}")
        .replace('"loud_phrase"', "loud_phrase")
    )
    filed = site.run("run", "latest", "--provider", "loud", cwd=runner.folder)
    assert filed.stderr.startswith("[provider_error]"), filed.stderr
    everything = (
        failed.err
        + failed.out
        + again.stderr
        + again.stdout
        + filed.stderr
        + filed.stdout
        + "".join(p.read_text() for p in run.rglob("*") if p.is_file())
    )
    for form in secret_forms(SECRET):
        assert form not in everything
    assert not remains(everything, {"LOUD_PHRASE": SECRET})
    assert "[LOUD_PHRASE]" in everything


def test_no_secret_comes_into_the_trace_when_a_provider_fails_after_its_first_answer(
    runner: CommandRunner, site: SitePackages, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = LOUD.replace("def propose", "def told").replace(
        "    def repair(self, request):\n        return None",
        """    def propose(self, request):
        from dagogy.api.providers import Proposal
        s = self.settings.values["LOUD_PHRASE"]
        return Proposal(curriculum={"topic": "x", "nodes": []}, notes=["used " + s])
    def repair(self, request):
        self.told(request)""",
    )
    site.plugin("x-loud", entry_points={"provider": {"loud": "mod_loud"}}, modules={"mod_loud": source})
    monkeypatch.setenv("LOUD_PHRASE", SECRET)
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    done = runner("run", "latest", "--scope-file", "tea.md", "--provider", "loud")
    trace = (run / "outputs/reviews/optimization_trace.json").read_text()
    assert "the provider failed" in trace
    everything = done.err + done.out + "".join(p.read_text() for p in run.rglob("*") if p.is_file())
    assert not any(form in everything for form in secret_forms(SECRET))


def test_artifacts_are_reported_by_size_time_and_hash(runner: CommandRunner) -> None:
    run = run_with(runner, curriculum={"topic": "x", "nodes": []})
    assert runner("validate", "latest").code == "validation_failed"
    facts = {a["path"]: a for a in the_record(run / "logs/failures")["artifacts"]}
    data = (run / "outputs/curriculum/curriculum.json").read_bytes()
    about = facts["outputs/curriculum/curriculum.json"]
    assert (about["size"], about["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", about["mtime_utc"])
    assert "outputs/reviews/validation_report.json" in facts


def test_a_pipe_in_the_place_of_an_artifact_does_not_stop_the_report(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_PROVIDER", "nonesuch")
    run = run_with(runner)
    (run / "outputs/plan").mkdir(exist_ok=True)
    os.mkfifo(run / "outputs/plan/plan.json")
    assert runner("run", "latest").code in ("config_error", "io_error")
    assert "outputs/plan/plan.json" not in {a["path"] for a in the_record(run / "logs/failures")["artifacts"]}


def test_errno_and_the_end_of_a_child_come_from_the_exceptions() -> None:
    import subprocess

    def record(cause: BaseException) -> dict[str, Any]:
        error = ProviderError("x")
        error.__cause__ = cause
        return failure_document(error, [], {}, FailureContext())

    full = record(OSError(28, "No space left"))
    assert (full["errno"], full["exception_chain"][1]["errno"]) == (28, "ENOSPC")
    assert record(subprocess.CalledProcessError(3, "x"))["child_exit_status"] == 3
    assert record(subprocess.TimeoutExpired("x", 5))["killed_by"] == "timeout"
    stopped = record(KeyboardInterrupt(15))
    assert (stopped["signal"], stopped["killed_by"]) == (15, "system")
    assert record(KeyboardInterrupt())["killed_by"] == "user"


def test_a_failure_without_a_run_goes_to_the_runs_dir_if_there_is_one(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRATION_TEMPLATE_FILE", "nope.json")
    assert runner("init").status == 7
    assert not runner.runs.exists()
    runner.runs.mkdir()
    failed = runner("init")
    assert the_record(runner.runs / "failures")["code"] == "config_error"
    assert f"record: {runner.runs / 'failures'}" in failed.err
    assert [r["run_id"] for r in runner.ok("list", "--json").json["runs"]] != ["failures"]


def test_the_last_line_names_incident_cause_and_next_command(runner: CommandRunner) -> None:
    run = runner.init()
    lines = runner("run", "latest").err.splitlines()
    assert lines[0].startswith("[stage_conflict] topic spec not ready")
    assert re.fullmatch(
        rf"incident stage_conflict: .+; next: dagogy run {run.name} --scope-file FILE", lines[-1]
    )
    events = [json.loads(line) for line in (run / "logs/events.jsonl").read_text().splitlines()]
    assert (events[-1]["event"], events[-1]["incident"]) == ("command_failed", "stage_conflict")
    assert (run / "logs/failures" / events[-1]["record"]).is_file()


def test_the_same_command_is_no_next_step(runner: CommandRunner) -> None:
    run = run_with(runner, curriculum={"topic": "x", "nodes": []})
    last = runner("validate", run.name).err.splitlines()[-1]
    assert last.startswith("incident validation_failure: ")
    assert not last.endswith(f"next: dagogy validate {run.name}")
    assert "; next: dagogy " in last


@pytest.mark.parametrize(
    "body",
    [
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
        "print('noise')",
        "return 5",
        "import re; re.match('(a+)+b', 'a' * 60)",
        "time.sleep(1_000)",
    ],
)
def test_a_classifier_can_neither_break_nor_hold_up_the_error_report(
    runner: CommandRunner, site: SitePackages, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    monkeypatch.setattr("dagogy.cli.failures._DIAGNOSIS_SECONDS", 0.5)
    runner.init()
    site.plugin(
        "x-mine",
        entry_points={"classifier": {"mine": "mod_mine"}},
        modules={"mod_mine": CLASSIFIER.format(body=body)},
    )
    began = time.monotonic()
    failed = runner("run", "latest", "--json")
    assert time.monotonic() - began < HANGS
    assert (failed.status, failed.code) == (5, "stage_conflict")
    assert failed.json["error"]["code"] == "stage_conflict"
    assert failed.err.splitlines()[-1].startswith("incident ")


def test_a_command_that_only_looks_is_not_the_last_failure(runner: CommandRunner) -> None:
    run = runner.init()
    runner("run", "latest")
    (runner.folder / "not-a-folder").write_text("")
    looked = dagogy(
        "escalate", run.name, cwd=runner.folder, ORCHESTRATION_ARCHIVE_DIR=str(runner.folder / "not-a-folder")
    )
    assert looked.returncode == 6, looked.stderr
    path = last_record(run)
    assert path is not None
    assert path.name.endswith("-stage_conflict.json")


def test_a_failing_command_imports_no_heavy_library(tmp_path: Path) -> None:
    done = python(
        """
        import sys
        from dagogy.cli.group import run
        status = run(["status", "nope"])
        heavy = {"networkx", "pydantic", "openai", "jsonschema", "rich", "markdown_it", "numpy", "asyncio"}
        print(status, sorted(heavy & set(sys.modules)))
        """,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "3 []", done.stderr


# -------------------------------------------------------------------------------------------------- redaction

_B64 = base64.b64encode


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        _B64(SECRET.encode()).decode(),
        *(_B64(b"x" * n + SECRET.encode() + b"yz").decode() for n in range(4)),
        base64.urlsafe_b64encode(b"user:" + SECRET.encode()).decode(),
        "correct%2Bhorse%2Fbattery%20staple",
        "correct%2bhorse%2fbattery+staple",
        "correct+horse/\nbattery staple",
        "correct+hor\\nse/battery staple",
        '"correct+hor"\n    "se/battery staple"',
        "corr\r\n  ect+horse/bat\r\n  tery staple",
        SECRET.encode().hex(),
    ],
)
def test_a_secret_is_found_however_it_is_written(text: str) -> None:
    secrets = secrets_of({"MY_KEY": SECRET})
    clean = redacted(f"before {text} after", secrets)
    assert "[MY_KEY]" in clean
    assert not remains(clean, secrets)
    assert remains(f"before {text} after", secrets)
    assert redacted(clean, secrets) == clean


def test_a_secret_over_two_items_of_a_list_is_found() -> None:
    clean = redacted({"lines": ["a", SECRET[:10], SECRET[10:], "b"], "other": ["a", "b"]}, {"K": SECRET})
    assert clean == {"lines": ["a", "[K]", "b"], "other": ["a", "b"]}


@pytest.mark.parametrize("value", ["abcd1234efgh", 1234567890, "Basic abcd1234efgh"])
def test_what_only_its_name_shows_to_be_a_key_goes_too_and_nothing_remains(value: Any) -> None:
    clean = redacted({"details": {"access_token": value, "count": 1234567890, "path": "abcd1234efgh"}}, {})
    assert "[redacted]" in str(clean["details"]["access_token"])
    assert (clean["details"]["count"], clean["details"]["path"]) == (1234567890, "abcd1234efgh")
    assert not remains(json.dumps(clean), {})


def test_the_password_of_a_url_is_a_secret_wherever_it_is() -> None:
    secrets = secrets_of({"HTTPS_PROXY": "http://ann:hunter%40two22@proxy:8080"})
    assert redacted("login with hunter@two22 failed", secrets) == "login with [HTTPS_PROXY] failed"


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided",
        "password: required",
        "authorization: missing",
        "a key=value pair",
        "sha256 " + "ab12" * 16,
    ],
)
def test_words_about_secrets_are_no_secrets(text: str) -> None:
    assert redacted(text, {}) == text
    assert not remains(text, {})


def test_redaction_is_linear_in_the_text() -> None:
    long, short = ("c\n" * (4 * n) + "correct+" * n for n in (40_000, 10_000))
    assert call_growth(lambda text: redacted(text, {"K": SECRET}), long, short) <= GROWTH


def test_the_last_line_sends_nobody_to_recover_where_no_action_helps(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner.init()
    (runner.folder / "empty.md").touch()
    last = runner("run", "latest", "--scope-file", "empty.md").err.splitlines()[-1]
    assert last.endswith(f"next: dagogy recover {run.name} --dry-run")
    monkeypatch.setenv("DAGOGY_DISABLE", "nearest-command")
    last = runner("run", "latest", "--scope-file", "empty.md").err.splitlines()[-1]
    assert last.endswith(f"next: dagogy diagnose {run.name}")
