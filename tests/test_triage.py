"""Triage: the runbook's first flow, walked to its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import CommandRunner, failed, run_with, valid_curriculum

FLOW = ["status", "validate", "plan", "iterate"]


def test_a_sound_run_is_walked_to_the_end_and_is_resolved(runner: CommandRunner) -> None:
    run = run_with(runner)
    done = runner.ok("triage", "latest", "--json")
    assert [s["command"][1] for s in done.json["steps"]] == FLOW
    assert all(s["exit_status"] == 0 and s["told"] for s in done.json["steps"])
    assert done.json["resolved"] is True
    assert runner.stage() == "iterated"
    assert "stage and outputs are current" in runner.ok("triage", run.name).out


@pytest.mark.slow
def test_a_validation_that_nothing_safe_mends_shows_the_report_the_diagnosis_and_the_next_command(
    runner: CommandRunner,
) -> None:
    document = valid_curriculum()
    document["nodes"][0]["prerequisites"] = ["gamma"]
    run = run_with(runner, document)
    done = runner("triage", run.name, "--json")
    assert done.status == 4
    assert [s["command"][1] for s in done.json["steps"]] == FLOW[:2]
    assert done.json["report"] == str(run / "outputs/reviews/validation_report.md")
    assert done.json["diagnosis"]["incident"] == "validation_failure"
    assert done.json["next"] == f"dagogy recover {run.name} --unsafe"
    shown = failed(runner("triage", run.name), "validation_failed")
    assert "validation_failure" in shown.out
    assert shown.out.rstrip().endswith(f"next: dagogy recover {run.name} --unsafe")


@pytest.mark.slow
def test_a_run_that_is_not_ready_is_a_stage_conflict(runner: CommandRunner) -> None:
    run = runner.init()
    done = runner("triage", run.name, "--json")
    assert done.status == 5
    assert done.json["diagnosis"]["incident"] == "stage_conflict"
    assert done.json["report"] == ""


def test_invalid_metadata_is_diagnosed_at_the_first_step(runner: CommandRunner) -> None:
    run = run_with(runner)
    (run / "run.json").write_text("{")
    done = runner("triage", run.name, "--json")
    assert done.status == 6
    assert done.json["diagnosis"]["incident"] == "invalid_run_metadata"


def with_a_doubled_prerequisite(runner: CommandRunner) -> Path:
    """A run that fails its validation by what a safe fix removes."""
    document = valid_curriculum()
    document["nodes"][1]["prerequisites"] = ["alpha", "alpha"]
    return run_with(runner, document)


@pytest.mark.slow
def test_what_is_safe_to_fix_is_fixed_and_the_flow_goes_on_to_its_end(runner: CommandRunner) -> None:
    run = with_a_doubled_prerequisite(runner)
    done = runner.ok("triage", run.name, "--json")
    assert done.json["resolved"] is True
    assert [s["command"][1] for s in done.json["steps"]] == FLOW
    assert [s.get("resolved_by") for s in done.json["steps"]] == [None, "fix-findings", None, None]
    assert runner.stage() == "iterated"
    assert list((run / "logs/kept").glob("curriculum-*.json")), "the curriculum as it was is kept"


@pytest.mark.slow
def test_no_fix_only_looks_and_recover_takes_up_what_it_met(runner: CommandRunner) -> None:
    run = with_a_doubled_prerequisite(runner)
    before = (run / "outputs/curriculum/curriculum.json").read_bytes()
    done = runner("triage", run.name, "--no-fix", "--json")
    assert done.status == 4
    assert done.json["next"] == f"dagogy recover {run.name}"
    assert [p["action"] for p in done.json["recoveries"][0]["planned"]] == ["fix-findings"]
    assert (run / "outputs/curriculum/curriculum.json").read_bytes() == before
    assert runner("recover", run.name).status == 0
    assert runner("triage", run.name).status == 0
    assert runner.stage() == "iterated"


def test_an_unknown_run_is_named(runner: CommandRunner) -> None:
    assert runner("triage", "nothing").status == 3
