"""What an operator reads and is left with: broken records, broken logs, what was fixed by hand, what is
offered and what is said at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from dagogy.api.errors import ProviderError
from dagogy.workspace.circuits import Breakers, Circuit
from support import CommandRunner, SitePackages, clean_environment, failed, put, run_with, valid_curriculum
from test_recover import BREAD, CURRICULUM, PROSE, action, events, failing, fragile, record, recovered

EVENTS = "logs/events.jsonl"


def conflict(runner: CommandRunner, name: str = "course") -> Path:
    run = runner.init(name)
    assert runner("run", run.name).status == 5
    return run


def unreadable_log(runner: CommandRunner, name: str = "course") -> Path:
    run = conflict(runner, name)
    (run / EVENTS).unlink()
    (run / EVENTS).mkdir()
    return run


def test_a_record_that_cannot_be_read_hides_no_failure_that_can(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    (run / "logs/failures/20990101T000000-000000Z-1-x.json").write_text("garbage")
    assert runner.ok("recover", run.name, "--json").json["steps"][-1]["action"] == "run-missing-stages"


def test_a_log_that_cannot_be_read_keeps_no_failure_from_its_bundle_and_its_report(
    runner: CommandRunner,
) -> None:
    run = unreadable_log(runner)
    assert runner.ok("postmortem", run.name, "--json").json["unreadable_records"] == [EVENTS]
    bundle = runner.ok("escalate", run.name, "--json").json["bundle"]
    with tarfile.open(bundle) as tar:
        message = tar.extractfile(f"escalation-{run.name}/redactions.json")
        assert message is not None
        assert json.load(message)["unreadable_records"] == [EVENTS]
    assert failed(runner("recover", run.name, "--dry-run"), "stage_conflict").status == 5


def test_one_run_that_cannot_be_read_hides_no_other_one(runner: CommandRunner) -> None:
    broken, linked = unreadable_log(runner, "broken"), conflict(runner, "linked")
    conflict(runner, "sound")
    shutil.move(linked / "logs", runner.folder / "elsewhere")
    (linked / "logs").symlink_to(runner.folder / "elsewhere")
    document = runner.ok("incidents", "list", "--json").json
    assert document["incidents"][0]["count"] == 3
    assert document["problems"] == [
        f"{run.name}: {EVENTS} cannot be read" for run in sorted((broken, linked))
    ]


def test_a_command_about_failures_that_fails_is_not_what_is_escalated(runner: CommandRunner) -> None:
    run = conflict(runner)
    record(run, "invalid_argument", "there is no option --fix", ("recover", run.name, "--fix"), 2)
    for command in ("escalate", "postmortem"):
        document = runner.ok(command, run.name, "--json").json
        assert document.get("manifest", document)["incident"] == "stage_conflict"


def test_a_fresh_run_has_nothing_to_recover_from(runner: CommandRunner) -> None:
    run = runner.init()
    for command in ("diagnose", "recover"):
        failed(runner(command, run.name), "not_found")


@pytest.mark.slow
def test_what_was_fixed_with_another_option_stands_no_longer(runner: CommandRunner) -> None:
    run = conflict(runner)
    runner.ok("run", run.name, "--scope-file", str(BREAD))
    before = (run / CURRICULUM).read_bytes()
    failed(runner("recover", run.name), "not_found")
    assert (run / CURRICULUM).read_bytes() == before


@pytest.mark.slow
def test_the_end_of_a_recovery_names_the_incident_that_was_healed_not_one_on_the_way(
    runner: CommandRunner,
) -> None:
    document = valid_curriculum()
    document["nodes"][1]["prerequisites"] = ["alpha", "alpha"]
    run = run_with(runner, document)
    assert runner("plan", run.name).status == 5
    output = runner.ok("recover", run.name).out
    assert "which meets another incident: validation_failure" in output
    assert f"stage_conflict: resolved: 'dagogy plan {run.name}'" in output
    (event,) = events(run, "recovered")
    assert event["incident"] == "stage_conflict"
    assert list(event["incidents"]) == ["stage_conflict", "validation_failure"]


@pytest.mark.slow
def test_fixes_that_change_the_meaning_come_before_a_costly_generation_and_keep_a_copy(
    runner: CommandRunner,
) -> None:
    document = valid_curriculum()
    document["nodes"][1]["prerequisites"] = ["alpha", "nowhere"]
    run = run_with(runner, document)
    before = (run / CURRICULUM).read_bytes()
    assert runner("validate", run.name).status == 4
    safe = runner("recover", run.name, "--json")
    assert safe.status == 4
    assert [h["action"] for h in safe.json["hidden"]] == ["fix-findings-unsafely", "regenerate"]
    assert (run / CURRICULUM).read_bytes() == before
    done = runner.ok("recover", run.name, "--unsafe", "--json")
    assert [s["action"] for s in done.json["steps"]] == ["fix-findings", "fix-findings-unsafely"]
    assert [p.read_bytes() for p in (run / "logs/kept").iterdir()] == [before]
    assert json.loads((run / CURRICULUM).read_bytes())["nodes"][1]["prerequisites"] == ["alpha"]
    assert not events(run, "provider_asked")


@pytest.mark.slow
def test_an_action_whose_own_setting_is_not_set_is_neither_offered_nor_carried_out(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, site = fragile(runner, f"raise ProviderError('{PROSE}')", monkeypatch)

    def offered(*options: str, **settings: str) -> list[str]:
        document = json.loads(
            site.run(
                "recover",
                run.name,
                "--dry-run",
                "--json",
                *options,
                cwd=runner.folder,
                AGENT_PROVIDER="fragile",
                **settings,
            ).stdout
        )
        return [p["action"] for p in (*document["planned"], *document["hidden"])]

    assert "fall-back-provider" not in offered()
    assert "fall-back-provider" not in offered("--unsafe")
    assert "fall-back-provider" in offered(AGENT_FALLBACK_PROVIDERS="internal")


@pytest.mark.slow
def test_what_a_probe_saw_is_reported_once_and_again_only_when_it_changed(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, site = fragile(runner, "raise ProviderError('OPENAI_API_KEY is required')", monkeypatch)
    output = site.run("recover", run.name, cwd=runner.folder, AGENT_PROVIDER="fragile").stdout
    assert "  again: dagogy run" in output
    assert output.count("OPENAI_API_KEY: not set") == 1


def test_what_did_not_help_ends_with_another_command_than_the_one_just_carried_out(
    runner: CommandRunner,
) -> None:
    run = conflict(runner)
    assert runner("recover", run.name).out.rstrip().endswith(f"next: dagogy run {run.name} --scope-file FILE")
    healed = runner("run", run.name, "--self-heal")
    assert healed.err.rstrip().splitlines()[-1].endswith(f"next: dagogy run {run.name} --scope-file FILE")


def test_after_self_heal_of_an_unknown_failure_the_last_command_shows_the_report_in_the_bundle(
    runner: CommandRunner,
) -> None:
    run = conflict(runner)
    (run / EVENTS).unlink()
    (run / EVENTS).mkdir()
    healed = failed(runner("run", run.name, "--self-heal"), "io_error")
    command = healed.err.rstrip().splitlines()[-1].partition("; next: ")[2]
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith(f"# Escalation: {run.name}")


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel tells a child of its parent's end on Linux only"
)
def test_a_recovery_that_is_killed_leaves_no_command_at_work(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = runner.folder / "held"
    os.mkfifo(pipe)
    body = f"""
        if os.environ.get('AGENT_TIMEOUT_SECONDS'):
            with open({str(pipe)!r}, 'w') as held:
                held.write('at work'); held.flush()
                import signal
                while True:
                    signal.pause()
        raise ProviderError('{PROSE}: timeout')"""
    run, site = fragile(runner, body, monkeypatch)
    recovery = subprocess.Popen(
        [sys.executable, "-m", "dagogy", "recover", run.name],
        cwd=runner.folder,
        env={**clean_environment([site.folder]), "AGENT_PROVIDER": "fragile"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with open(pipe) as held:
        assert held.read(7) == "at work"
        recovery.send_signal(signal.SIGKILL)
        recovery.wait()
        assert held.read() == ""  # it comes to its end only when nobody holds the other end any more
    put(run / "note", b"")
    assert runner.stage(run.name) == "spec_ready"


def test_what_to_do_names_the_run(runner: CommandRunner) -> None:
    run = conflict(runner)
    for command in ("diagnose", "triage"):
        output = runner(command, run.name).out
        assert f"`dagogy status {run.name}`" in output
        assert "RUN" not in output


def test_a_recovery_that_is_interrupted_says_so_in_the_log(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = conflict(runner)

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dagogy.incidents.recovery.rerun.run_command", interrupted)
    assert runner("recover", run.name).status == 130
    assert [e["reason"] for e in events(run, "recovery_stopped")] == ["cut short: KeyboardInterrupt"]


@pytest.mark.slow
def test_a_retry_that_our_own_time_limit_cut_short_before_it_could_say_anything_says_nothing(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, site = fragile(runner, f"raise ProviderError('{PROSE}')", monkeypatch)
    site.plugin(
        "x-late",
        entry_points={},
        modules={
            "sitecustomize": "import os, signal\nif 'DAGOGY_RECOVERY' in os.environ:\n    signal.pause()\n"
        },
    )
    done = site.run(
        "run",
        run.name,
        "--self-heal",
        "--heal-seconds",
        "0.1",
        "--json",
        cwd=runner.folder,
        AGENT_PROVIDER="fragile",
    )
    assert done.returncode == 8, done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "provider_error"
    assert json.loads(done.stdout)["healing"]["reason"] == "out of budget: 0.1 seconds"


def test_where_no_record_could_be_written_the_failed_command_itself_is_named(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = conflict(runner)
    shutil.rmtree(run / "logs/failures")
    (run / "logs/failures").write_text("in the way")
    line = ("run", run.name)
    plain, healed = runner(*line).err, runner(*line, "--self-heal")
    assert f"dagogy recover {run.name}" not in plain + healed.out + healed.err
    assert "record:" not in plain + healed.err


def test_a_recovery_with_another_provider_than_the_one_that_failed_says_so(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, site = fragile(runner, f"raise ProviderError('{PROSE}')", monkeypatch)
    output = site.run("recover", run.name, cwd=runner.folder).stdout
    assert "it failed with provider 'fragile'; AGENT_PROVIDER is 'internal' here" in output
    assert (
        "AGENT_PROVIDER is"
        not in site.run("recover", run.name, cwd=runner.folder, AGENT_PROVIDER="fragile").stdout
    )


def test_the_page_of_an_incident_lists_its_actions_in_their_order(runner: CommandRunner) -> None:
    message = runner.ok("explain", "validation_failure")
    places = [
        message.out.index(f" {action}: ")
        for action in ("fix-findings", "fix-findings-unsafely", "regenerate", "read-report")
    ]
    assert places == sorted(places)
    assert [
        a["safety"] for a in runner.ok("explain", "stage_conflict", "--json").json["incident"]["actions"]
    ] == ["safe", "safe", "manual"]


def test_a_model_that_has_to_be_named_is_an_incident_with_the_command_that_names_it(
    runner: CommandRunner,
) -> None:
    run = runner.init()
    record(
        run,
        "config_error",
        "AGENT_MODEL is required: localhost has no model of its own choice",
        ("run", run.name),
        7,
    )
    document = runner("recover", run.name, "--dry-run", "--no-probe", "--json").json
    assert document["incident"] == "model_unavailable"
    assert "export AGENT_MODEL='<model of that list>'" in document["manual"][0]["commands"]


def test_a_breaker_that_was_opened_in_the_future_lets_a_trial_through(tmp_path: Path) -> None:
    now = [2_000_000.0]
    breakers, circuit = Breakers(tmp_path, lambda: now[0]), Circuit("p", "h", "m")
    breakers.open(circuit, "provider_quota_exhausted", 3600.0, stated=True)
    with pytest.raises(ProviderError, match="is not asked before"), breakers.asking(circuit):
        pass
    now[0] -= 30 * 86_400  # the clock was a month ahead
    with breakers.asking(circuit) as answered:
        answered()
    assert breakers.opened() == []


def test_what_a_recovery_ended_is_its_merit_whichever_incident_it_met(runner: CommandRunner) -> None:
    run = run_with(runner)
    earlier = record(
        run,
        "provider_error",
        "something nobody knows",
        ("plan", run.name),
        8,
        at_utc="2020-01-01T00:00:00.000000Z",
    )
    earlier.rename(earlier.with_name(earlier.name.replace("2099", "2020")))
    assert runner("plan", run.name).status == 5
    runner.ok("recover", run.name, "--only", "run-missing-stages")
    rows = {
        row["incident"]: row["resolved_before"]
        for row in runner.ok("incidents", "list", "--json").json["incidents"]
    }
    assert rows == {"unknown": {"run-missing-stages": 1}, "stage_conflict": {"run-missing-stages": 1}}


@pytest.mark.slow
def test_what_was_valid_from_the_beginning_is_not_told_while_recovering_and_is_in_the_log(
    runner: CommandRunner,
) -> None:
    run = unreadable_log(runner)
    assert "  ok " not in runner("run", run.name, "--self-heal").out
    run = run_with(runner)
    record(run, "provider_error", "something nobody knows", ("validate", run.name), 8)
    assert "  ok " not in runner("recover", run.name).out
    (probed,) = events(run, "probed")
    assert "ok" in {p["state"] for p in probed["probes"]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('return RecoveryOutcome(changed=True, message="m", commands=None)', "other than texts"),
        pytest.param(
            'return RecoveryOutcome(changed=True, message="m", environment={"A": 1})',
            "other than texts",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            'return RecoveryOutcome(changed=True, message="m", environment={"A": "a\\0b"})',
            "other than texts",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            'return RecoveryOutcome(changed=True, message="m", run_id="../../etc")',
            "a run to go on with that is none",
            marks=pytest.mark.slow,
        ),
        (
            'return RecoveryOutcome(changed=True, message="m", run_id="20200101-000000-nowhere")',
            "a run to go on with that is none",
        ),
    ],
)
def test_an_outcome_that_cannot_be_worked_with_is_its_action_s_fault_and_the_rest_goes_on(
    site: SitePackages, runner: CommandRunner, body: str, expected: str
) -> None:
    action(site, "odd", body)
    run = failing(site, runner)
    done = recovered(site, runner, run.name, "--json")
    assert done.status == 4, done.err
    assert [s["action"] for s in done.json["steps"]] == ["odd", "fix-findings"]
    assert expected in done.json["steps"][0]["message"]


@pytest.mark.slow
def test_an_action_that_hangs_ends_with_the_time_of_the_recovery(
    site: SitePackages, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagogy.incidents.recovery.actions.GRACE_SECONDS", 0.0)
    body = "import signal\n        while True:\n            signal.pause()"
    action(site, "hangs", body.replace("\n        ", "\n" + " " * 8))
    source = (
        (site.folder / "mod_hangs.py").read_text().replace('("validation_failure",)', '("stage_conflict",)')
    )
    (site.folder / "mod_hangs.py").write_text(source)
    run = conflict(runner)
    done = runner("run", run.name, "--self-heal", "--heal-seconds", "0.3", "--json")
    assert done.status == 5
    assert [(s["action"], s["outcome"]) for s in done.json["healing"]["steps"]] == [("hangs", "failed")]
    assert "did not finish" in done.json["healing"]["steps"][0]["message"]
    assert done.json["healing"]["reason"] == "out of budget: 0.3 seconds"


def test_the_report_for_a_person_elsewhere_has_the_place_that_was_asked_and_the_versions(
    runner: CommandRunner,
) -> None:
    run = run_with(runner)
    record(
        run,
        "provider_error",
        "no",
        ("run", run.name),
        8,
        endpoint="api.example.org",
        versions={"dagogy": "9.9", "python": "3.11.7"},
    )
    with tarfile.open(runner.ok("escalate", run.name, "--json").json["bundle"]) as tar:
        report = tar.extractfile(f"escalation-{run.name}/report.md")
        assert report is not None
        message = report.read().decode()
    assert "| Endpoint | api.example.org |" in message
    assert "dagogy 9.9, python 3.11.7" in message
