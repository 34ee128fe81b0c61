"""Every failure of the runbook, and of each label that can be produced here, caused for real and left to `run --self-heal`.

A row says what was broken, which incident it was taken for, which actions changed something, and how it ended: healed, or in a bundle for a
person. In every row the inputs are the same before and after, byte for byte; where nothing was healed, the artifacts too.
`make bench-faults` prints what was measured.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from codex_support import fake_codex
from dagogy.workspace.lock import locked
from servers.counterparts import none_left
from servers.faulty import Faulty, answering
from support import ROOT, SOUND_SPEC, Desk, Yard, clean_environment, dagogy, in_tmpfs, put, remount_read_only, sound_curriculum
from test_recover import cyclic, events
from test_self_heal import SCRIPTED

#: Where the rows are written; `scripts/fault_table.py` reads them.
TABLE = ROOT / ".cache/fault-outcomes"
SCOPE = ROOT / "examples/intro-statistics.md"
KEY = "sk-proj-F4ULT0SU1TE2KEY3"
SPEC, NOTES, CURRICULUM, PLAN = "inputs/topic_spec.json", "inputs/scope.md", "outputs/curriculum/curriculum.json", "outputs/plan/plan.json"
FALLBACK = {"AGENT_FALLBACK_PROVIDERS": "internal"}
#: No failure here needs longer, and none of ours is a reason to wait long.
SHORT = ("--heal-seconds", "25")
HEAL = ("run", "course", "--self-heal")


@dataclass(frozen=True)
class Measured:
    """One row of the table. `actions`: those that changed something, in order; `left`: processes that were still there afterwards."""

    fault: str
    incident: str
    actions: tuple[str, ...]
    outcome: str
    exit_status: int
    untouched: bool
    left: int

    def healed(self, incident: str, *actions: str) -> None:
        assert (self.outcome, self.incident, self.actions) == ("healed", incident, actions)

    def escalated(self, incident: str, exit_status: int, *actions: str) -> None:
        assert (self.outcome, self.incident, self.exit_status, self.actions) == ("bundle", incident, exit_status, actions)


@dataclass
class Bench:
    """A workspace in which something is broken. `settings` hold for every command, `inputs` may not change, `before` runs in the child before it starts."""

    folder: Path
    run: Path
    fault: str
    settings: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = (SPEC, NOTES)
    before: Callable[[], None] | None = None
    user: Sequence[str] = ()

    def __call__(self, *options: str, command: Sequence[str] = HEAL, **settings: str) -> Measured:
        """Runs the command; what came of it. A recovery that is not `run --self-heal` escalates as a person would."""
        inputs, everything = self.hashes(*self.inputs), self.hashes(*self.inputs, CURRICULUM, PLAN)
        self.settings = {**self.settings, **settings, "DAGOGY_TEST_MARK": f"{self.fault}-{os.getpid()}", "OPENAI_API_KEY": KEY, **settings}
        done = self.dagogy(*command, *options, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        assert KEY not in done.stdout + done.stderr
        document = json.loads(done.stdout)
        report = document.get("healing", document)
        assert report["resolved"] is (done.returncode == 0), done.stderr
        if done.returncode:
            path = document.get("bundle") if command == HEAL else json.loads(self.dagogy("escalate", self.run.name, "--json").stdout)["bundle"]
            assert path, done.stderr
            self.check_bundle(Path(path))
        untouched = self.hashes(*self.inputs) == inputs if done.returncode == 0 else self.hashes(*self.inputs, CURRICULUM, PLAN) == everything
        incident = report["diagnosis"]["incident"]
        with contextlib.suppress(ValueError, OSError, IndexError):
            incident = events(self.run, "recovery_started")[-1]["incident"]
        actions = tuple(s["action"] for s in report["steps"] if s["outcome"] == "changed")
        left = len(none_left({"DAGOGY_TEST_MARK": self.settings["DAGOGY_TEST_MARK"]}))
        measured = Measured(self.fault, incident, actions, "bundle" if done.returncode else "healed", done.returncode, untouched, left)
        TABLE.mkdir(parents=True, exist_ok=True)
        (TABLE / f"{self.fault}.json").write_text(json.dumps(asdict(measured), indent=2))
        assert untouched, "an input or an artifact was changed"
        assert left == 0
        return measured

    def dagogy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.user, sys.executable, "-m", "dagogy", *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=clean_environment(**self.settings),
            timeout=300,
            check=False,
            preexec_fn=self.before,
        )

    def hashes(self, *names: str) -> dict[str, str]:
        paths = [self.folder / "notes.md", *(self.run / name for name in names)]
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "" for p in paths}

    def check_bundle(self, path: Path) -> None:
        """What section 5 of the runbook asks for is in it, and no secret."""
        with tarfile.open(path) as tar:
            files = {m.name.split("/", 1)[1]: tar.extractfile(m).read().decode(errors="replace") for m in tar.getmembers()}  # type: ignore[union-attr]
        for wanted in (self.run.name, "| Command |", "| Provider |", "## Error", "## Environment", "| OPENAI_API_KEY |", "## Artifacts"):
            assert wanted in files["report.md"], wanted
        assert KEY not in "".join(files.values())

    def scripted(self, *script: Any) -> None:
        """The provider `scripted`, which does what the script says, one line a call."""
        place = Yard(self.folder / "site")
        place.plugin("x-scripted", entry_points={"provider": {"scripted": "mod_scripted"}}, modules={"mod_scripted": SCRIPTED.format(name="scripted")})
        put(self.folder / "scripts/scripted.json", list(script))
        self.settings |= {"SCRIPTS": str(self.folder / "scripts"), "PYTHONPATH": str(place.folder), "AGENT_PROVIDER": "scripted"}


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
def bench(desk: Desk, course: Path, request: pytest.FixtureRequest) -> Bench:
    shutil.copytree(course, desk.folder, dirs_exist_ok=True)
    named = request.node.callspec.id if hasattr(request.node, "callspec") else request.node.name.removeprefix("test_").replace("_", "-")
    return Bench(desk.folder, next((desk.folder / "runs").glob("*-course")), named)


# --- the runbook's sections 3A, 3B, 3F and 4 -----------------------------------------------------------------------------


def unread(bench: Bench) -> None:
    """The run as `init` makes it: there is no input in it yet, and the template of the topic spec is nobody's."""
    shutil.rmtree(bench.run)
    bench.run = Path(json.loads(bench.dagogy("init", "course", "--json").stdout)["path"])
    bench.inputs = (NOTES,)


def test_3a_no_topic_spec_and_no_scope(bench: Bench) -> None:
    unread(bench)
    bench().escalated("stage_conflict", 5)


def test_3a_scope_document_is_in_the_run(bench: Bench) -> None:
    unread(bench)
    put(bench.run / NOTES, SCOPE.read_bytes())
    bench().healed("stage_conflict", "read-kept-scope")


def test_3a_plan_before_its_stage(bench: Bench) -> None:
    for stale in ("logs/validation.ok", "outputs/reviews/validation_report.json", PLAN):
        (bench.run / stale).unlink()
    bench.dagogy("plan", "course")
    bench(command=("recover", "course")).healed("stage_conflict", "run-missing-stages")


def test_3b_invalid_curriculum_then_a_better_one(bench: Bench) -> None:
    put(bench.run / SPEC, SOUND_SPEC)
    (bench.run / NOTES).unlink()
    bench.scripted({"curriculum": cyclic()}, {"curriculum": sound_curriculum()})
    bench("--unsafe").healed("validation_failure", "regenerate")


def test_3b_invalid_curriculum_each_time(bench: Bench) -> None:
    put(bench.run / SPEC, SOUND_SPEC)
    (bench.run / NOTES).unlink()
    bench.scripted({"curriculum": cyclic()})
    put(bench.run / CURRICULUM, cyclic())
    shutil.rmtree(bench.run / "outputs/plan")
    bench().escalated("validation_failure", 4)


@pytest.mark.parametrize("content", ["{", '{"schema_version": 99}'], ids=["3f-metadata-cut-off", "3f-metadata-of-another-schema"])
def test_3f(bench: Bench, content: str) -> None:
    put(bench.run / "run.json", content)
    bench("--unsafe").healed("invalid_run_metadata", "rebuild-metadata")


def test_3f_without_consent(bench: Bench) -> None:
    put(bench.run / "run.json", "{")
    bench().escalated("invalid_run_metadata", 6)


def test_4_stale_artifacts(bench: Bench) -> None:
    document = json.loads((bench.run / CURRICULUM).read_text())
    document["nodes"][0]["estimate_minutes"] += 5
    put(bench.run / CURRICULUM, document)
    bench(command=("recover", "course")).healed("stale_artifacts", "rerun-stages")


# --- the workspace -------------------------------------------------------------------------------------------------------


def test_disk_full(bench: Bench, tmp_path: Path) -> None:
    def body(disk: Path) -> None:
        shutil.copytree(bench.run, disk / bench.run.name)
        bench.run = disk / bench.run.name
        space = os.statvfs(disk)
        (disk / "filler").write_bytes(b"\0" * (space.f_bavail * space.f_frsize))
        bench(ORCHESTRATION_BASE_DIR=str(disk), ORCHESTRATION_ARCHIVE_DIR=str(tmp_path / "archives")).escalated("disk_full", 6)

    in_tmpfs("2M", tmp_path, body)


def test_read_only_disk(bench: Bench, tmp_path: Path) -> None:
    def body(disk: Path) -> None:
        shutil.copytree(bench.run, disk / bench.run.name)
        bench.run = disk / bench.run.name
        remount_read_only(disk)
        bench(ORCHESTRATION_BASE_DIR=str(disk), ORCHESTRATION_ARCHIVE_DIR=str(tmp_path / "archives")).escalated("permission_denied", 6)

    in_tmpfs("2M", tmp_path, body)


def test_files_of_another_user(bench: Bench, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    archives = tmp_path / "archives"
    archives.mkdir(mode=0o777)
    archives.chmod(0o777)
    for place in [bench.folder, *bench.folder.parents, *bench.folder.rglob("*")]:
        if place.stat().st_uid == 0 and (place.stat().st_mode & 0o055) != 0o055:
            place.chmod(place.stat().st_mode | (0o055 if place.is_dir() else 0o044))

    def nobody() -> None:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    bench.before = nobody
    bench(ORCHESTRATION_ARCHIVE_DIR=str(archives)).escalated("permission_denied", 6)


def holder(run: Path, until: Callable[[], None]) -> Iterator[None]:
    """Another process that holds the run; it lets go when `until` returns."""
    ready, pid = os.pipe(), os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException), locked(run, "dagogy validate course"):
            os.write(ready[1], b"x")
            until()
        os._exit(0)
    try:
        assert os.read(ready[0], 1) == b"x"
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_locked_for_a_moment(bench: Bench) -> None:
    def until() -> None:
        while not list((bench.run / "logs").glob("failures/*-locked.json")):
            signal.sigtimedwait([], 0.01)

    with contextlib.contextmanager(holder)(bench.run, until):
        bench().healed("workspace_locked", "wait-for-lock")


def test_locked_by_a_command_that_goes_on(bench: Bench) -> None:
    with contextlib.contextmanager(holder)(bench.run, lambda: signal.pause()):
        bench(*SHORT).escalated("workspace_locked", 9)


def test_topic_spec_cut_off(bench: Bench) -> None:
    (bench.run / NOTES).unlink()
    put(bench.run / SPEC, (bench.run / SPEC).read_bytes()[:-200])
    measured = bench()
    assert measured.outcome == "bundle"
    assert measured.incident in ("artifact_corrupt", "stage_conflict")


def test_curriculum_cut_off(bench: Bench) -> None:
    put(bench.run / CURRICULUM, (bench.run / CURRICULUM).read_bytes()[:-200])
    bench.dagogy("validate", "course")
    bench("--unsafe", command=("recover", "course")).healed("artifact_corrupt", "remake-artifact")


def stopped(bench: Bench, number: signal.Signals) -> None:
    """Starts a run, and stops it while its provider is at work."""
    fifo = bench.folder / "fifo"
    os.mkfifo(fifo)
    put(bench.run / SPEC, SOUND_SPEC)
    (bench.run / NOTES).unlink()
    bench.scripted({"block": str(fifo), "curriculum": sound_curriculum()}, {"curriculum": sound_curriculum()})
    process = subprocess.Popen(
        [sys.executable, "-m", "dagogy", "run", "course"],
        cwd=bench.folder,
        env=clean_environment(**bench.settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    writer = os.open(fifo, os.O_WRONLY)
    try:
        process.send_signal(number)
        process.wait(30)
    finally:
        os.close(writer)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: f"stopped-by-{number.name}")
def test_stopped(bench: Bench, number: signal.Signals) -> None:
    stopped(bench, number)
    bench(command=("recover", "course")).healed("interrupted", "resume")


def test_out_of_memory(bench: Bench) -> None:
    bench.scripted({"curriculum": {}})
    source = bench.folder / "site/mod_scripted.py"
    source.write_text(source.read_text().replace("place = Path", "bytearray(2**30)\n        place = Path"))
    bench.before = lambda: resource.setrlimit(resource.RLIMIT_AS, (700 * 2**20, 700 * 2**20))
    bench().escalated("out_of_memory", 6)


# --- remote_llm: sections 3D and 3E, and the labels of a service ---------------------------------------------------------


@pytest.fixture
def remote(bench: Bench, course: Path) -> Iterator[Faulty]:
    """A loopback service, which `bench` asks."""
    answer = answering(json.loads(next(course.rglob("curriculum.json")).read_text()))
    with Faulty(answer) as server:
        bench.settings |= {"AGENT_PROVIDER": "remote_llm", "AGENT_RETRY_BUDGET": "0", "OPENAI_BASE_URL": server.url("ok"), "AGENT_TIMEOUT_SECONDS": "30"}
        yield server


def test_3d_no_api_key(bench: Bench, remote: Faulty) -> None:
    bench(OPENAI_API_KEY="").escalated("openai_api_key_missing", 7)
    assert remote.questions == []


def test_3d_no_api_key_and_a_fallback(bench: Bench, remote: Faulty) -> None:
    bench(OPENAI_API_KEY="", **FALLBACK).healed("openai_api_key_missing", "fall-back-provider")


def test_3e_base_url_without_a_scheme(bench: Bench, remote: Faulty) -> None:
    bench("--unsafe", OPENAI_BASE_URL=remote.url("ok").removeprefix("http://")).healed("openai_base_url_invalid", "use-tested-base-url")


def test_3e_base_url_of_a_web_page(bench: Bench, remote: Faulty) -> None:
    bench(OPENAI_BASE_URL=remote.url("404page")).escalated("openai_base_url_invalid", 8)


#: Scenario of the server, incident, and which safe actions change something though the service stays as it is. Each has a row that
#: escalates and one in which the consented fallback heals it, unless that would be against the user's or the model's will.
SERVICE = {
    "401": ("provider_auth_failed", ()),
    "403": ("provider_auth_failed", ()),
    "404": ("model_unavailable", ()),
    "429long": ("provider_rate_limited", ()),
    "429quota": ("provider_quota_exhausted", ()),
    "html200": ("openai_base_url_invalid", ()),
}
UNWILLING = {
    "refusal": "provider_refusal",
    "incomplete_filter": "provider_refusal",
    "400schema": "output_schema_rejected",
}


@pytest.mark.parametrize("scenario", SERVICE, ids=lambda name: f"service-{name}")
def test_a_service_that_does_not_serve(bench: Bench, remote: Faulty, scenario: str) -> None:
    incident, actions = SERVICE[scenario]
    bench(*SHORT, OPENAI_BASE_URL=remote.url(scenario)).escalated(incident, 8, *actions)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SERVICE, ids=lambda name: f"service-{name}-fallback")
def test_a_service_that_does_not_serve_and_a_fallback(bench: Bench, remote: Faulty, scenario: str) -> None:
    incident, actions = SERVICE[scenario]
    bench(*SHORT, OPENAI_BASE_URL=remote.url(scenario), **FALLBACK).healed(incident, *actions, "fall-back-provider")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", UNWILLING, ids=lambda name: f"service-{name}-fallback")
def test_no_fallback_where_the_provider_is_not_at_fault(bench: Bench, remote: Faulty, scenario: str) -> None:
    bench(*SHORT, "--unsafe", OPENAI_BASE_URL=remote.url(scenario), **FALLBACK).escalated(UNWILLING[scenario], 8)
    assert not [q for q in remote.questions if q.scenario != scenario]


def test_service_rate_limit_that_passes(bench: Bench, remote: Faulty) -> None:
    bench(OPENAI_BASE_URL=remote.url("flaky1-429rate")).healed("provider_rate_limited", "wait-rate-limit")
    assert len(remote.questions) == 2


@pytest.mark.slow
@pytest.mark.parametrize("status", ["500", "503"], ids=lambda status: f"service-{status}-that-passes")
def test_an_outage_that_passes(bench: Bench, remote: Faulty, status: str) -> None:
    bench(OPENAI_BASE_URL=remote.url(f"flaky1-{status}")).healed("provider_overloaded", "back-off")
    assert len(remote.questions) == 2


@pytest.mark.slow
@pytest.mark.parametrize("status", ["500", "503"], ids=lambda status: f"service-{status}-fallback")
def test_an_outage_that_does_not_pass(bench: Bench, remote: Faulty, status: str) -> None:
    bench(OPENAI_BASE_URL=remote.url(status), **FALLBACK).healed("provider_overloaded", "back-off", "back-off", "back-off", "fall-back-provider")


@pytest.mark.slow
def test_service_503_that_stays(bench: Bench, remote: Faulty) -> None:
    bench(*SHORT, OPENAI_BASE_URL=remote.url("503")).escalated("provider_overloaded", 8, "back-off", "back-off")


def test_service_model_of_another_account(bench: Bench, remote: Faulty) -> None:
    """The one model is not there; without the setting the service's own choice answers."""
    remote_url = remote.url("404-but-default")
    assert remote_url
    bench(OPENAI_BASE_URL=remote.url("404"), AGENT_MODEL="gpt-none", **FALLBACK).healed("model_unavailable", "default-model", "fall-back-provider")


@pytest.mark.slow
def test_service_hangs(bench: Bench, remote: Faulty) -> None:
    settings = {"OPENAI_BASE_URL": remote.url("hang"), "AGENT_TIMEOUT_SECONDS": "2"}
    bench(**settings, **FALLBACK).escalated("provider_timeout", 8, "longer-timeout")


@pytest.mark.slow
def test_service_hangs_once(bench: Bench, remote: Faulty) -> None:
    bench(OPENAI_BASE_URL=remote.url("flaky1-hang"), AGENT_TIMEOUT_SECONDS="3").healed("provider_timeout", "longer-timeout")


# --- the way to the service ----------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.slow
def test_port_refused(bench: Bench, remote: Faulty) -> None:
    bench("--heal-seconds", "8", OPENAI_BASE_URL=f"http://127.0.0.1:{closed_port()}/v1").escalated("network_unreachable", 8)


@pytest.mark.slow
def test_port_refused_fallback(bench: Bench, remote: Faulty) -> None:
    bench(OPENAI_BASE_URL=f"http://127.0.0.1:{closed_port()}/v1", **FALLBACK).healed("network_unreachable", "fall-back-provider")


@pytest.mark.slow
def test_name_that_does_not_resolve(bench: Bench, remote: Faulty) -> None:
    bench("--heal-seconds", "8", OPENAI_BASE_URL="http://gateway.invalid/v1").escalated("network_unreachable", 8)


@pytest.mark.parametrize("settings", [{}, FALLBACK], ids=["tls-self-signed", "tls-self-signed-fallback"])
def test_tls_self_signed(bench: Bench, self_signed: ssl.SSLContext, settings: dict[str, str]) -> None:
    with Faulty(certificate=self_signed) as server:
        measured = bench(OPENAI_BASE_URL=server.url("ok"), AGENT_PROVIDER="remote_llm", AGENT_RETRY_BUDGET="0", **settings)
    if settings:
        measured.healed("tls_failure", "fall-back-provider")
    else:
        measured.escalated("tls_failure", 8)


# --- section 3C: codex ---------------------------------------------------------------------------------------------------


def codex(bench: Bench, body: str) -> None:
    bench.settings |= {"AGENT_PROVIDER": "codex_exec", "CODING_AGENT_CMD": fake_codex(bench.folder / "codex", body, python=sys.executable)}


PROSE = "answer('I would begin with the basics and go on from there.')"


def test_3c_codex_is_missing(bench: Bench) -> None:
    bench(AGENT_PROVIDER="codex_exec", CODING_AGENT_CMD=str(bench.folder / "no-codex")).escalated("coding_agent_not_found", 8)


def test_3c_codex_is_missing_fallback(bench: Bench) -> None:
    missing = str(bench.folder / "no-codex")
    bench(AGENT_PROVIDER="codex_exec", CODING_AGENT_CMD=missing, **FALLBACK).healed("coding_agent_not_found", "fall-back-provider")


def test_3c_codex_prints_prose(bench: Bench) -> None:
    codex(bench, PROSE)
    bench("--heal-attempts", "1").escalated("codex_structured_output", 8, "longer-timeout")


def test_3c_codex_prints_prose_fallback(bench: Bench) -> None:
    codex(bench, PROSE)
    bench(**FALLBACK).healed("codex_structured_output", "longer-timeout", "fall-back-provider")


def test_3c_codex_prints_prose_with_that_model_only(bench: Bench) -> None:
    good = (bench.run / CURRICULUM).read_text()
    codex(bench, f"{PROSE} if '--model' in arguments else answer({good!r})")
    bench("--unsafe", AGENT_MODEL="gpt-x").healed("codex_structured_output", "longer-timeout", "without-model")


def test_3c_codex_fails(bench: Bench) -> None:
    codex(bench, "sys.exit('Error: something that nobody has ever seen')")
    measured = bench()
    assert (measured.outcome, measured.exit_status) == ("bundle", 8)


@pytest.mark.slow
def test_3c_codex_hangs(bench: Bench) -> None:
    codex(bench, "time.sleep(600)")
    bench("--heal-attempts", "1", AGENT_TIMEOUT_SECONDS="3", **FALLBACK).escalated("provider_timeout", 8, "longer-timeout")
