"""Probes: each by itself, bounded and read only; what they settle, and what they leave alone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from dagogy.api import ProbeInfo
from dagogy.api.failures import Diagnosis, Failure, Rank
from dagogy.api.probes import Probe, ProbeResult
from dagogy.host.discovery import EntryPoint
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.incidents import probing
from dagogy.incidents.diagnose import ClassifierAnswer, Verdict, judge, settled
from dagogy.incidents.probing import ProbeObservation, ask
from dagogy.testing import FakeProbeContext, check_probe
from dagogy.workspace.settings import Settings
from support import HANGS, CommandRunner, Outcome, SitePackages, put, python, run_with

SECRET = "sk-canary0123456789abcdef"
SOURCE = '''
import os, time, threading
from pathlib import Path
from dagogy.api import ProbeInfo, hookimpl
from dagogy.api.probes import Probe, ProbeResult

class Mine(Probe):
    """Mine."""
    def look(self, failure, context):
        {body}

@hookimpl
def dagogy_probes():
    yield ProbeInfo(id="{name}", summary="s", api_version=1, impl="{module}:Mine", incidents=("a", "b", "stage_conflict"), seconds={seconds})
'''  # noqa: E501


def add(site: SitePackages, name: str, body: str, seconds: float = 5.0) -> None:
    source = SOURCE.format(name=name, module=f"mod_{name}", body=body, seconds=seconds)
    site.plugin(f"x-{name}", entry_points={"probe": {name: f"mod_{name}"}}, modules={f"mod_{name}": source})


def result(state: str = "ok", message: str = "seen", confirms: str = "()", refutes: str = "()") -> str:
    return (
        f'yield ProbeResult(subject="thing", state="{state}", message={message!r}, confirms={confirms}, '
        f"refutes={refutes})"
    )


def asked(site: SitePackages, **options: Any) -> list[ProbeObservation]:
    return ask(site.host(), Settings({}), Failure(message="x"), **options)


# --- how they are run ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_that_hangs_is_killed_with_all_that_it_started_and_the_others_answer(
    site: SitePackages, tmp_path: Path
) -> None:
    body = (
        'import subprocess; p = subprocess.Popen(["sleep", "1000"]); yield ProbeResult(subject="child", '
        'state="ok", message=str(p.pid)); time.sleep(1000)'
    )
    add(site, "hangs", body, seconds=0.5)
    add(site, "answers", result())
    started = time.monotonic()
    looks = asked(site)
    assert time.monotonic() - started < HANGS, "it was waited for"
    found = {look.result.subject: look for look in looks}
    assert (found["thing"].probe, found["thing"].result.state) == ("answers", "ok")
    assert found["hangs"].result.state == "unknown"
    assert "x-hangs 1.0: it did not finish within 0.5 s" in found["hangs"].result.message
    child = Path(f"/proc/{found['child'].result.message}/stat")
    assert not child.exists() or child.read_text().split(") ")[1].startswith("Z")


@pytest.mark.slow
def test_a_regular_expression_that_runs_away_is_ended_too(site: SitePackages) -> None:
    add(
        site,
        "runs",
        (
            'import re; yield ProbeResult(subject="s", state="ok", message=str(re.match("(a+)+$", "a" * 60 '
            '+ "b")))'
        ),
        seconds=0.5,
    )
    (look,) = asked(site)
    assert look.result.state == "unknown"
    assert "did not finish" in look.result.message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise RuntimeError('boom')\n        yield", "it raised RuntimeError: boom"),
        ("raise SystemExit(0)\n        yield", "it raised SystemExit"),
        ("os._exit(0)\n        yield", "it ended before it had reported everything"),
        ("os.kill(os.getpid(), 9)\n        yield", "it ended before it had reported everything"),
        ("yield 'fine'", "it answered with str, not with a ProbeResult"),
        ("for _ in range(60): " + result(), "it has more than 50 results"),
        (result(confirms="('other',)"), "it spoke of other, which is not one of its incidents"),
    ],
    ids=[
        "raises",
        "leaves",
        "exits",
        "is killed",
        "answers with a text",
        "has no end of results",
        "speaks of another incident",
    ],
)
def test_one_that_misbehaves_is_named_with_its_distribution_and_settles_nothing(
    site: SitePackages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    add(site, "bad", body)
    before = sorted(p.name for p in tmp_path.iterdir())
    look = asked(site)[-1]
    assert (look.result.state, look.result.confirms, look.result.refutes) == ("unknown", (), ())
    assert expected in look.result.message
    assert "probe bad of x-bad 1.0" in look.result.message
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.fixture
def read_only() -> None:
    """Skips the test where the kernel cannot keep a process from writing."""
    code = "import sys; from dagogy.incidents.readonly import forbid_changes; sys.exit(not forbid_changes())"
    if python(code).returncode:
        pytest.skip("this kernel has no Landlock (Linux 5.13 and later)")


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "Path('written').write_text('x')\n        yield",
            "it raised PermissionError: [Errno 13] Permission denied: 'written'",
        ),
        (
            "os.mkdir('made')\n        yield",
            "it raised PermissionError: [Errno 13] Permission denied: 'made'",
        ),
        ("os.remove(__file__)\n        yield", "it raised PermissionError: [Errno 13] Permission denied: "),
        (
            "os.close(os.open(__file__, os.O_WRONLY | os.O_TRUNC))\n        yield",
            "it raised PermissionError: [Errno 13] Permission denied: ",
        ),
        (
            "import subprocess; subprocess.run(['mkdir', 'made'], check=True)\n        yield",
            "it raised CalledProcessError",
        ),
    ],
    ids=["writes", "makes a folder", "removes", "empties", "starts what writes"],
)
def test_one_that_would_change_files_cannot_and_is_named(
    site: SitePackages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    add(site, "bad", body)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (look,) = asked(site)
    assert expected in look.result.message
    assert "probe bad of x-bad 1.0" in look.result.message
    found = {
        path: path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert found == {path: data for path, data in before.items() if "__pycache__" not in path.parts}


def test_what_was_said_before_the_failure_counts(site: SitePackages) -> None:
    add(site, "bad", result(message="first") + "\n        raise RuntimeError('boom')")
    assert asked(site)[0].result.message == "first"


def test_what_a_probe_prints_goes_to_stderr_with_its_name(
    site: SitePackages, capfd: pytest.CaptureFixture[str]
) -> None:
    add(
        site,
        "loud",
        (
            "print('noise'); os.system('echo more; echo wrong >&2'); os.write(1, b'an end without a line "
            f"end'); {result()}"
        ),
    )
    assert [look.result.state for look in asked(site)] == ["ok"]
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"probe 'loud' of x-loud 1.0: {line}"
        for line in ("noise", "more", "wrong", "an end without a line end")
    ]


@pytest.mark.slow
def test_what_a_probe_printed_before_it_was_killed_is_shown_and_names_no_secret(
    site: SitePackages, capfd: pytest.CaptureFixture[str]
) -> None:
    add(
        site,
        "loud",
        "print('with', context.setting('OPENAI_API_KEY'), end=''); time.sleep(1000)\n        yield",
        seconds=0.5,
    )
    ask(site.host(), Settings({"OPENAI_API_KEY": SECRET}), Failure())
    assert capfd.readouterr() == ("", "probe 'loud' of x-loud 1.0: with [OPENAI_API_KEY]\n")


@pytest.mark.slow
def test_a_probe_that_prints_without_end_is_stopped(
    site: SitePackages, capfd: pytest.CaptureFixture[str]
) -> None:
    add(site, "floods", "while True: print('x' * 10_000)\n        yield")
    (look,) = asked(site)
    assert "it raised OSError: [Errno 27] File too large" in look.result.message
    assert len(capfd.readouterr().err) < 2 * 2**20


def test_json_on_stdout_stays_whole_while_probes_print(site: SitePackages, runner: CommandRunner) -> None:
    add(site, "ready", "print('noise'); " + result(refutes="('stage_conflict',)"))
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    done = command(site, runner, "diagnose", run.name, "--json")
    assert done.json["refuted"] == "stage_conflict"
    assert "probe 'ready' of x-ready 1.0: noise" in done.err


def test_secrets_are_taken_out_of_what_they_say(site: SitePackages) -> None:
    add(
        site,
        "tells",
        (
            'yield ProbeResult(subject=context.setting("OPENAI_API_KEY"), state="ok", message="key " + '
            'context.setting("OPENAI_API_KEY"))'
        ),
    )
    (look,) = ask(site.host(), Settings({"OPENAI_API_KEY": SECRET}), Failure())
    assert SECRET not in json.dumps(look.as_dict())
    assert "[OPENAI_API_KEY]" in look.result.message


def test_only_probes_for_the_incidents_in_question_are_asked(site: SitePackages) -> None:
    add(site, "mine", result())
    assert len(asked(site, about={"a"})) == 1
    assert asked(site, about={"z"}) == []


def test_a_setting_can_be_changed_or_taken_out_for_one_look(site: SitePackages) -> None:
    add(
        site,
        "reads",
        (
            'yield ProbeResult(subject=context.setting("X"), state="ok", message=str("Y" in '
            "context.environ_names))"
        ),
    )
    (look,) = ask(site.host(), Settings({"X": "1", "Y": "2"}), Failure(), environment={"X": "3", "Y": ""})
    assert (look.result.subject, look.result.message) == ("3", "False")


# --- what they settle ---------------------------------------------------------------------------------------


def verdict_of(*incidents: str) -> Verdict:
    def plugin(name: str) -> Plugin:
        return Plugin(EntryPoint("classifier", name, "m", "d", "1"))

    return judge(
        [
            ClassifierAnswer(
                Diagnosis(incident_id=i, rank=Rank.PROSE, confidence=0.5, evidence=("line",), weight=1),
                plugin(i),
            )
            for i in incidents
        ]
    )


def seen(confirms: str = "", refutes: str = "") -> ProbeObservation:
    return ProbeObservation(
        "p",
        ProbeResult(
            subject="s",
            state="bad",
            message="m",
            confirms=tuple(confirms.split()),
            refutes=tuple(refutes.split()),
        ),
    )


def test_of_two_candidates_the_one_that_is_confirmed_holds() -> None:
    found = settled(verdict_of("a", "b"), [seen("b")])
    assert (found.outcome, found.incident_id) == ("diagnosed", "b")
    assert "probe p settles it" in found.reason
    assert [a.diagnosis.incident_id for a in found.others] == ["a"]


@pytest.mark.parametrize(
    "looks",
    [[], [seen("a b")], [seen("a"), seen("b")], [seen("c")], [seen("a"), seen("", "a")], [seen("", "a")]],
    ids=str,
)
def test_a_tie_that_is_not_settled_stays_one(looks: list[ProbeObservation]) -> None:
    found = settled(verdict_of("a", "b"), looks)
    assert (found.outcome, found.incident_id) == ("ambiguous", "unknown")


def test_a_diagnosis_that_is_refuted_is_not_acted_on_and_none_takes_its_place() -> None:
    found = settled(verdict_of("a"), [seen("b", "a")])
    assert (found.outcome, found.incident_id, found.refuted) == ("ambiguous", "unknown", "a")
    assert "probe p finds that it is not there now: s: m" in found.reason
    assert found.as_dict()["probes"][0]["refutes"] == ["a"]


def test_a_refutation_against_a_confirmation_counts_for_nothing() -> None:
    assert settled(verdict_of("a"), [seen("a"), seen("", "a")]).incident_id == "a"


def test_what_is_unknown_stays_unknown_whatever_is_found() -> None:
    found = settled(verdict_of(), [seen("a")])
    assert (found.outcome, len(found.observations)) == ("unknown", 1)


# --- in the commands ----------------------------------------------------------------------------------------


def refuted_run(site: SitePackages, runner: CommandRunner) -> Path:
    add(site, "ready", result(refutes="('stage_conflict',)"))
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    return run


def command(site: SitePackages, runner: CommandRunner, *arguments: str) -> Outcome:
    done = site.run(*arguments, cwd=runner.folder)
    return Outcome(done.returncode, done.stdout, done.stderr)


def probed(run: Path) -> list[dict[str, Any]]:
    lines = (run / "logs/events.jsonl").read_text().splitlines()
    return [e for e in map(json.loads, lines) if e["event"] == "probed"]


@pytest.mark.slow
def test_diagnose_looks_for_a_run_and_keeps_what_it_saw_for_the_bundle(
    site: SitePackages, runner: CommandRunner
) -> None:
    run = refuted_run(site, runner)
    found = command(site, runner, "diagnose", run.name, "--json").json
    assert (found["outcome"], found["refuted"]) == ("ambiguous", "stage_conflict")
    assert [p["probe"] for p in found["probes"]] == ["ready"]
    (event,) = probed(run)
    assert event["record"] == next((run / "logs/failures").iterdir()).name
    done = command(site, runner, "escalate", run.name, "--json").json
    import tarfile

    with tarfile.open(done["bundle"]) as bundle:
        report, diagnosis = (
            bundle.extractfile(f"escalation-{run.name}/{name}") for name in ("report.md", "diagnosis.json")
        )
        assert report is not None
        assert diagnosis is not None
        assert "## Probes" in report.read().decode()
        assert json.loads(diagnosis.read())[0]["probes"][0]["probe"] == "ready"


@pytest.mark.slow
def test_no_probe_goes_by_what_was_recorded_alone(site: SitePackages, runner: CommandRunner) -> None:
    run = refuted_run(site, runner)
    found = command(site, runner, "diagnose", run.name, "--no-probe", "--json").json
    assert (found["incident"], found["probes"]) == ("stage_conflict", [])
    assert (
        command(site, runner, "recover", run.name, "--no-probe", "--json").json["steps"][-1]["action"]
        == "run-missing-stages"
    )


@pytest.mark.slow
def test_a_record_from_elsewhere_and_a_text_are_looked_at_only_when_asked_for(
    site: SitePackages, runner: CommandRunner, tmp_path: Path
) -> None:
    run = refuted_run(site, runner)
    copy = tmp_path / "sent.json"
    put(copy, next((run / "logs/failures").iterdir()).read_bytes())
    assert command(site, runner, "diagnose", str(copy), "--json").json["probes"] == []
    assert len(command(site, runner, "diagnose", str(copy), "--probe", "--json").json["probes"]) == 1
    assert (
        len(
            command(site, runner, "diagnose", str(next((run / "logs/failures").iterdir())), "--json").json[
                "probes"
            ]
        )
        == 1
    )
    for options, count in ((("--probe",), 1), ((), 0)):
        done = site.run("diagnose", "-", *options, "--json", cwd=runner.folder)
        assert json.loads(done.stdout)["probes"] == [] or count
        assert sum(p["probe"] == "ready" for p in json.loads(done.stdout)["probes"]) == count
    assert len(probed(run)) == 1


@pytest.mark.slow
def test_recover_takes_no_action_on_what_is_refuted_and_lets_the_failed_command_decide(
    site: SitePackages, runner: CommandRunner
) -> None:
    run = refuted_run(site, runner)
    done = command(site, runner, "recover", run.name, "--unsafe", "--json")
    assert done.status == 5
    assert done.json["steps"] == []
    assert done.json["unaided_retry"]["exit_status"] == 5
    assert "probe ready finds" in done.json["reason"]
    runner.ok("validate", run.name)
    put(
        run / "logs/failures/20990101T000000-000000Z-1-stage_conflict.json",
        {
            "code": "stage_conflict",
            "message": "m",
            "command": ["dagogy", "plan", run.name],
            "exit_status": 5,
            "at_utc": "2099",
            "details": {},
        },
    )
    mended = command(site, runner, "recover", run.name, "--json")
    assert mended.status == 0, mended.out
    assert mended.json["resolved"] is True
    assert mended.json["steps"] == []


@pytest.mark.slow
def test_triage_shows_what_the_probes_saw(site: SitePackages, runner: CommandRunner) -> None:
    add(site, "ready", result("bad", confirms="('stage_conflict',)"))
    run = runner.init()
    done = command(site, runner, "triage", run.name, "--json")
    assert [p["probe"] for p in done.json["diagnosis"]["probes"]] == ["ready"]
    assert "bad     thing: seen" in command(site, runner, "triage", run.name).out
    assert command(site, runner, "triage", run.name, "--no-probe", "--json").json["diagnosis"]["probes"] == []


def test_a_dry_run_looks_and_writes_nothing(site: SitePackages, runner: CommandRunner) -> None:
    run = refuted_run(site, runner)
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    assert command(site, runner, "recover", run.name, "--dry-run", "--json").json["diagnosis"]["probes"]
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


def test_a_probe_has_a_page_of_its_own() -> None:
    from dagogy.cli.app import App
    from dagogy.cli.commands.explain import page

    host = Host()
    for plugin in host.load("probe"):
        assert page(App([]), plugin)["text"]


# --- the kit ------------------------------------------------------------------------------------------------

INFO = ProbeInfo(id="mine", summary="s", api_version=1, impl="x:y", incidents=("a",), seconds=0.5)


class Writes(Probe):
    def look(self, failure: Any, context: Any) -> Any:
        (context.runs_dir / "left").write_text("x")
        yield ProbeResult(subject="s", state="ok", message="m")


@pytest.mark.usefixtures("read_only")
def test_the_kit_names_a_probe_that_would_write(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Permission denied"):
        check_probe(Writes, INFO, "text", FakeProbeContext(tmp_path))


def test_the_kit_sees_what_a_probe_changed_where_the_kernel_lets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "forbid_changes", lambda: False)
    with pytest.raises(AssertionError, match="changed left"):
        check_probe(Writes, INFO, "text", FakeProbeContext(tmp_path))


@pytest.mark.slow
def test_the_kit_catches_what_breaks_a_promise(tmp_path: Path) -> None:
    class Hangs(Probe):
        def look(self, failure: Any, context: Any) -> Any:
            time.sleep(1000)
            yield ProbeResult(subject="s", state="ok", message="m")

    class Tells(Probe):
        def look(self, failure: Any, context: Any) -> Any:
            yield ProbeResult(subject="s", state="ok", message=context.setting("OPENAI_API_KEY"))

    class Strays(Probe):
        def look(self, failure: Any, context: Any) -> Any:
            yield ProbeResult(subject="s", state="bad", message="m", confirms=("z",))

    class Sound(Probe):
        def look(self, failure: Any, context: Any) -> Any:
            yield ProbeResult(subject="s", state="bad", message="m", confirms=("a",))

    context = FakeProbeContext(tmp_path, settings={"OPENAI_API_KEY": SECRET})
    for kind, message in ((Hangs, "did not finish"), (Tells, "shows a secret"), (Strays, "not one of")):
        with pytest.raises(AssertionError, match=message):
            check_probe(kind, INFO, "text", context)
    assert [found.confirms for found in check_probe(Sound, INFO, "text", context)] == [("a",)]
