"""Faults in a run that was compiled before: what a recovery may touch of it, and what comes of each where
another provider may answer.

In every test the inputs are the same before and after, byte for byte; where nothing was healed, the artifacts
too, and there is a bundle.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from codex_support import fake_codex
from dagogy.workspace.events import read_events
from servers.doubles import none_left
from servers.faulty import Faulty, answering
from support import (
    HANGS,
    ROOT,
    VALID_SPEC,
    CommandRunner,
    SitePackages,
    clean_environment,
    dagogy,
    in_tmpfs,
    put,
    remount_read_only,
    valid_curriculum,
)
from test_recover import cyclic
from test_self_heal import SCRIPTED

SCOPE = ROOT / "examples/intro-statistics.md"
KEY = "sk-proj-F4ULT0SU1TE2KEY3"
SPEC, NOTES, CURRICULUM, PLAN = (
    "inputs/topic_spec.json",
    "inputs/scope.md",
    "outputs/curriculum/curriculum.json",
    "outputs/plan/plan.json",
)
FALLBACK = {"AGENT_FALLBACK_PROVIDERS": "internal"}
HEAL = ("run", "course", "--self-heal")


@dataclass(frozen=True)
class Outcome:
    """What came of it: the incident that it began with, the actions that changed something, and the exit
    status, 0 where it was healed.
    """

    incident: str
    actions: tuple[str, ...]
    status: int


@dataclass
class Harness:
    """A workspace in which something is broken. `settings` hold for every command; `before` runs in the child
    before it starts.
    """

    folder: Path
    run: Path
    settings: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] | None = None

    def __call__(self, *options: str, command: Sequence[str] = HEAL, **settings: str) -> Outcome:
        """Runs the command, and checks what holds of every fault. One that is no `run --self-heal` is
        escalated as a person would.
        """
        inputs, everything = self.hashes(SPEC, NOTES), self.hashes(SPEC, NOTES, CURRICULUM, PLAN)
        mark = {"DAGOGY_TEST_MARK": str(self.folder)}
        self.settings |= {"OPENAI_API_KEY": KEY, **settings, **mark}
        log = self.run / "logs/events.jsonl"
        known = sum(e["event"] == "recovery_started" for e in read_events(log))
        done = self.dagogy(*command, *options, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        assert KEY not in done.stdout + done.stderr
        document = json.loads(done.stdout)
        report = document.get("healing", document)
        assert report["resolved"] is (done.returncode == 0), done.stderr
        if done.returncode:
            path = (
                document.get("bundle")
                if command == HEAL
                else json.loads(self.dagogy("escalate", self.run.name, "--json").stdout)["bundle"]
            )
            assert path, done.stderr
            check_bundle(Path(path), self.run.name)
            assert self.hashes(SPEC, NOTES, CURRICULUM, PLAN) == everything
        assert self.hashes(SPEC, NOTES) == inputs
        assert none_left(mark) == []
        # The first one: a recovery that helped goes on to the artifacts that are stale then.
        began = [e["incident"] for e in read_events(log) if e["event"] == "recovery_started"][known:]
        incident = began[0] if began else report["diagnosis"]["incident"]
        return Outcome(
            incident,
            tuple(s["action"] for s in report["steps"] if s["outcome"] == "changed"),
            done.returncode,
        )

    def dagogy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dagogy", *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=clean_environment(**self.settings),
            timeout=HANGS,
            check=False,
            preexec_fn=self.before,
        )

    def hashes(self, *names: str) -> dict[str, str]:
        paths = [self.folder / "notes.md", *(self.run / name for name in names)]
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "" for p in paths}

    def scripted(self, *script: Any) -> None:
        """The provider `scripted`, which does what the script says, one line a call; the topic spec is one
        that its curricula are for.
        """
        place = SitePackages(self.folder / "site")
        place.plugin(
            "x-scripted",
            entry_points={"provider": {"scripted": "mod_scripted"}},
            modules={"mod_scripted": SCRIPTED.format(name="scripted")},
        )
        put(self.folder / "scripts/scripted.json", list(script))
        put(self.run / SPEC, VALID_SPEC)
        (self.run / NOTES).unlink()
        self.settings |= {
            "SCRIPTS": str(self.folder / "scripts"),
            "PYTHONPATH": str(place.folder),
            "AGENT_PROVIDER": "scripted",
        }

    def codex(self, body: str) -> None:
        """A command that only looks like codex."""
        self.settings |= {
            "AGENT_PROVIDER": "codex_exec",
            "CODING_AGENT_CMD": fake_codex(self.folder / "codex", body, python=sys.executable),
        }


def check_bundle(path: Path, run_id: str) -> None:
    """What section 5 of the runbook asks for is in it, and no secret."""
    with tarfile.open(path) as tar:
        files = {
            m.name.split("/", 1)[1]: tar.extractfile(m).read().decode(errors="replace")
            for m in tar.getmembers()
        }  # type: ignore[union-attr]
    for wanted in (
        run_id,
        "| Command |",
        "| Provider |",
        "## Error",
        "## Environment",
        "| OPENAI_API_KEY |",
        "## Artifacts",
    ):
        assert wanted in files["report.md"], wanted
    assert KEY not in "".join(files.values())


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one compiled run; each test breaks a copy of it."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copy(SCOPE, folder / "notes.md")
    for command in (("init", "course"), ("run", "course", "--scope-file", "notes.md")):
        done = dagogy(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def harness(runner: CommandRunner, course: Path) -> Harness:
    shutil.copytree(course, runner.folder, dirs_exist_ok=True)
    return Harness(runner.folder, next((runner.folder / "runs").glob("*-course")))


@pytest.fixture
def remote(harness: Harness, course: Path) -> Iterator[Faulty]:
    """A loopback service, which `bench` asks."""
    with Faulty(answering(json.loads(next(course.rglob("curriculum.json")).read_text()))) as server:
        harness.settings |= {
            "AGENT_PROVIDER": "remote_llm",
            "AGENT_RETRY_BUDGET": "0",
            "AGENT_MODEL": "gpt-fake",
            "OPENAI_BASE_URL": server.url("ok"),
        }
        yield server


# --- the run and its folder ---------------------------------------------------------------------------------


def edited(harness: Harness) -> None:
    """The user changed the curriculum since it was planned."""
    document = json.loads((harness.run / CURRICULUM).read_text())
    document["nodes"][0]["estimate_minutes"] += 5
    put(harness.run / CURRICULUM, document)


@pytest.mark.slow
def test_a_plan_before_its_stage_is_made_after_the_stages_that_are_missing(harness: Harness) -> None:
    edited(harness)
    assert harness.dagogy("plan", "course").returncode == 5
    assert harness(command=("recover", "course")) == Outcome("stage_conflict", ("run-missing-stages",), 0)


@pytest.mark.slow
def test_stale_artifacts_are_brought_into_line(harness: Harness) -> None:
    edited(harness)
    assert harness(command=("recover", "course")) == Outcome("stale_artifacts", ("rerun-stages",), 0)


def test_a_better_answer_the_second_time_heals_a_validation_failure(harness: Harness) -> None:
    harness.scripted({"curriculum": cyclic()}, {"curriculum": valid_curriculum()})
    assert harness("--unsafe") == Outcome("validation_failure", ("regenerate",), 0)


@pytest.mark.slow
def test_a_read_only_disk_leaves_a_bundle_elsewhere(harness: Harness, tmp_path: Path) -> None:
    def body(disk: Path) -> None:
        shutil.copytree(harness.run, disk / harness.run.name)
        harness.run = disk / harness.run.name
        remount_read_only(disk)
        harness.settings |= {
            "ORCHESTRATION_BASE_DIR": str(disk),
            "ORCHESTRATION_ARCHIVE_DIR": str(tmp_path / "archives"),
        }
        assert harness() == Outcome("permission_denied", (), 6)

    in_tmpfs("2M", tmp_path, body)


@pytest.mark.slow
def test_files_of_another_user_leave_a_bundle_elsewhere(harness: Harness, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    for path in [harness.run, *harness.run.rglob("*")]:
        os.chown(path, 65534, 65534)
        path.chmod(0o755 if path.is_dir() else 0o644)

    def minding_modes() -> None:
        """What is root for the programs that it starts, but for passing over modes: CAP_DAC_OVERRIDE and
        CAP_DAC_READ_SEARCH go for good.
        """
        drop_from_bounding_set = 24
        for capability in (1, 2):
            if ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0):
                raise OSError("capabilities cannot be dropped")

    harness.before = minding_modes
    assert harness(ORCHESTRATION_ARCHIVE_DIR=str(tmp_path / "archives")) == Outcome(
        "permission_denied", (), 6
    )


@pytest.mark.parametrize("number", [signal.SIGHUP, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_is_resumed(harness: Harness, number: signal.Signals) -> None:
    fifo = harness.folder / "fifo"
    os.mkfifo(fifo)
    harness.scripted(
        {"block": str(fifo), "curriculum": valid_curriculum()}, {"curriculum": valid_curriculum()}
    )
    command = [sys.executable, "-m", "dagogy", "run", "course"]
    process = subprocess.Popen(
        command,
        cwd=harness.folder,
        env=clean_environment(**harness.settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    writer = os.open(fifo, os.O_WRONLY)  # returns when the provider is at work
    try:
        process.send_signal(number)
        process.wait(HANGS)
    finally:
        os.close(writer)
    assert harness(command=("recover", "course")) == Outcome("interrupted", ("resume",), 0)


# --- another provider may answer ----------------------------------------------------------------------------

#: Scenarios that stay as they are: the incident, and the actions that change something before the fallback.
FALLS_BACK = {
    "401": ("provider_auth_failed", ()),
    "403": ("provider_auth_failed", ()),
    "404": ("model_unavailable", ("default-model",)),
    "404page": ("openai_base_url_invalid", ()),
    "429long": ("provider_rate_limited", ()),
    "503": ("provider_overloaded", ("back-off", "back-off", "back-off")),
}


@pytest.mark.parametrize(
    "scenario", [pytest.param(s, marks=[] if s == "429long" else pytest.mark.slow) for s in FALLS_BACK]
)
def test_a_service_that_does_not_serve_is_replaced_with_consent(
    harness: Harness, remote: Faulty, scenario: str
) -> None:
    incident, before = FALLS_BACK[scenario]
    assert harness(OPENAI_BASE_URL=remote.url(scenario), **FALLBACK) == Outcome(
        incident, (*before, "fall-back-provider"), 0
    )
    trace = json.loads((harness.run / "outputs/reviews/optimization_trace.json").read_text())
    assert (trace["provider"], trace["recovery"]["action"]) == ("internal", "fall-back-provider")


@pytest.mark.slow
def test_a_model_that_cuts_its_answer_off_is_replaced_with_consent(harness: Harness, remote: Faulty) -> None:
    outcome = harness(OPENAI_BASE_URL=remote.url("incomplete"), **FALLBACK)
    assert (outcome.incident, outcome.actions[-1], outcome.status) == (
        "provider_output_truncated",
        "fall-back-provider",
        0,
    )


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["incomplete_filter", "refusal"])
def test_no_consent_covers_a_model_that_does_not_want_to(
    harness: Harness, remote: Faulty, scenario: str
) -> None:
    assert harness("--unsafe", OPENAI_BASE_URL=remote.url(scenario), **FALLBACK) == Outcome(
        "provider_refusal", (), 8
    )


@pytest.mark.slow
def test_a_service_that_hangs_once_gets_more_time(harness: Harness, remote: Faulty) -> None:
    assert harness(OPENAI_BASE_URL=remote.url("flaky1-hang"), AGENT_TIMEOUT_SECONDS="3") == Outcome(
        "provider_timeout", ("longer-timeout",), 0
    )


@pytest.mark.slow
def test_a_port_that_refuses_is_replaced_with_consent(harness: Harness, remote: Faulty) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome = harness(OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1", **FALLBACK)
    assert (outcome.incident, outcome.actions[-1:], outcome.status) == (
        "network_unreachable",
        ("fall-back-provider",),
        0,
    )


@pytest.mark.slow
def test_a_certificate_that_nobody_vouches_for_is_no_reason_to_trust_it(
    harness: Harness, self_signed: ssl.SSLContext
) -> None:
    settings = {
        "AGENT_PROVIDER": "remote_llm",
        "AGENT_RETRY_BUDGET": "0",
        "AGENT_MODEL": "gpt-fake",
        **FALLBACK,
    }
    with Faulty(certificate=self_signed) as server:
        assert harness(OPENAI_BASE_URL=server.url("ok"), **settings) == Outcome(
            "tls_failure", ("fall-back-provider",), 0
        )
        assert server.questions == []


@pytest.mark.slow
def test_a_codex_that_prints_prose_is_replaced_with_consent(harness: Harness) -> None:
    harness.codex("answer('I would begin with the basics and go on from there.')")
    outcome = harness(**FALLBACK)
    assert (outcome.actions[-1], outcome.status) == ("fall-back-provider", 0)
    assert outcome.incident in ("codex_structured_output", "provider_output_not_json")


@pytest.mark.slow
def test_a_codex_that_fails_each_time_is_escalated(harness: Harness) -> None:
    harness.codex("sys.exit('Error: something that nobody has ever seen')")
    outcome = harness("--heal-attempts", "1")
    assert (outcome.incident, outcome.status) == ("codex_structured_output", 8)
