"""Triage: the runbook's first flow, walked to its end."""

from __future__ import annotations

from support import Desk, failed, run_with, sound_curriculum

FLOW = ["status", "validate", "plan", "iterate"]


def test_a_sound_run_is_walked_to_the_end_and_is_resolved(desk: Desk) -> None:
    run = run_with(desk)
    done = desk.ok("triage", "latest", "--json")
    assert [s["command"][1] for s in done.json["steps"]] == FLOW
    assert all(s["exit_status"] == 0 and s["told"] for s in done.json["steps"])
    assert done.json["resolved"] is True
    assert desk.stage() == "iterated"
    assert "stage and outputs are current" in desk.ok("triage", run.name).out


def test_a_failed_validation_shows_the_report_the_diagnosis_and_the_next_command(desk: Desk) -> None:
    document = sound_curriculum()
    document["nodes"][0]["prerequisites"] = ["gamma"]
    run = run_with(desk, document)
    done = desk("triage", run.name, "--json")
    assert done.status == 4
    assert [s["command"][1] for s in done.json["steps"]] == FLOW[:2]
    assert done.json["report"] == str(run / "outputs/reviews/validation_report.md")
    assert done.json["diagnosis"]["incident"] == "validation_failure"
    assert done.json["next"] == f"dagogy recover {run.name}"
    shown = failed(desk("triage", run.name), "validation_failed")
    assert "validation_failure" in shown.out
    assert shown.out.rstrip().endswith(f"next: dagogy recover {run.name}")


def test_a_run_that_is_not_ready_is_a_stage_conflict(desk: Desk) -> None:
    run = desk.init()
    done = desk("triage", run.name, "--json")
    assert done.status == 5
    assert done.json["diagnosis"]["incident"] == "stage_conflict"
    assert done.json["report"] == ""


def test_invalid_metadata_is_diagnosed_at_the_first_step(desk: Desk) -> None:
    run = run_with(desk)
    (run / "run.json").write_text("{")
    done = desk("triage", run.name, "--json")
    assert done.status == 6
    assert done.json["diagnosis"]["incident"] == "invalid_run_metadata"


def test_the_failure_that_triage_met_is_what_recover_takes_up(desk: Desk) -> None:
    document = sound_curriculum()
    document["nodes"][1]["prerequisites"] = ["alpha", "alpha"]
    run = run_with(desk, document)
    assert desk("triage", run.name).status == 4
    assert desk("recover", run.name).status == 0
    assert desk("triage", run.name).status == 0
    assert desk.stage() == "iterated"


def test_an_unknown_run_is_named(desk: Desk) -> None:
    assert desk("triage", "nothing").status == 3
