"""The post-incident report and the list of incidents across runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import Desk, put, run_with, sound_curriculum


@pytest.fixture
def failed(desk: Desk) -> Path:
    run = run_with(desk, curriculum={"topic": "x", "nodes": []})
    assert desk("validate", "latest").code == "validation_failed"
    return run


def test_the_report_tells_what_was_known_when_and_what_to_do(desk: Desk, failed: Path) -> None:
    text = desk.ok("postmortem", "latest", "--owner", "ana").out
    for part in ("# Post-incident report", "| Owner | ana |", "## Timeline", "## Cause", "## Prevention", "## Actions", "- [ ] run make gate"):
        assert part in text
    assert "diagnosed as validation_failure" in text
    assert "- [ ] record the operational root cause" in text
    assert "regression test" not in text


def test_an_incident_is_resolved_by_the_failed_command_passing_and_by_nothing_else(desk: Desk, failed: Path) -> None:
    put(failed / "outputs/curriculum/curriculum.json", sound_curriculum())
    desk.ok("status", "latest")
    before = desk.ok("postmortem", "latest", "--json").json
    assert not before["resolved"]
    assert before["owner"] == "unassigned"
    assert before["actions"][0].startswith("resolve it: run 'dagogy validate latest'")
    desk.ok("validate", "latest")
    after = desk.ok("postmortem", "latest", "--json").json
    assert after["resolved"]
    assert after["resolved_at_utc"] > after["last_failed_at_utc"]
    assert after["resolved_by"] == "dagogy validate latest"


def test_the_timeline_is_in_order_and_names_each_failure_once(desk: Desk, failed: Path) -> None:
    desk("plan", "latest")
    timeline = desk.ok("postmortem", "latest", "--json").json["timeline"]
    times = [row["at_utc"] for row in timeline]
    assert times == sorted(times)
    assert [row["what"] for row in timeline if row["what"].startswith("failed: ")] == ["failed: dagogy validate latest", "failed: dagogy plan latest"]


def test_what_is_known_today_is_told_beside_what_was_known_then(desk: Desk, failed: Path) -> None:
    log = failed / "logs/events.jsonl"
    log.write_text(log.read_text().replace('"incident": "validation_failure"', '"incident": "unknown"'))
    (known,) = [row["known"] for row in desk.ok("postmortem", "latest", "--json").json["timeline"] if row["what"].startswith("failed")]
    assert "diagnosed as unknown (today: validation_failure)" in known


def test_a_code_defect_asks_for_a_regression_test(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run_with(desk)

    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("dagogy.pipeline.operations.validate", broken)
    assert desk("validate", "latest").code == "internal_error"
    report = desk.ok("postmortem", "latest", "--json").json
    assert report["code_defect_suspected"]
    assert any("regression test" in action for action in report["actions"])


def test_the_report_can_be_written_to_a_file(desk: Desk, failed: Path) -> None:
    assert "wrote pm.md" in desk.ok("postmortem", "latest", "-o", "pm.md").out
    assert (desk.folder / "pm.md").read_text().startswith("# Post-incident report")


def test_a_run_without_failures_has_no_report(desk: Desk) -> None:
    desk.init()
    assert desk("postmortem", "latest").code == "not_found"


def test_secrets_stay_out_of_report_and_list(desk: Desk, failed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(failed / "logs/failures/20300101T000000-000000Z-1-io_error.json", {"code": "io_error", "message": "with correct-horse-battery", "at_utc": "2030"})
    monkeypatch.setenv("MY_TOKEN", "correct-horse-battery")
    for line in (["postmortem", "latest"], ["postmortem", "latest", "--json"], ["incidents", "list"], ["incidents", "list", "--json"]):
        done = desk.ok(*line)
        assert "correct-horse-battery" not in done.out + done.err


def test_the_list_counts_incidents_across_runs_and_says_what_resolved_them(desk: Desk, failed: Path) -> None:
    put(failed / "outputs/curriculum/curriculum.json", sound_curriculum())
    desk.ok("validate", failed.name)
    other = desk.init("other")
    desk("run", other.name)
    desk("run", other.name)
    put(other / "logs/failures/20200101T000000-1-x.json", "no json")
    shown = desk.ok("incidents", "list", "--json").json
    rows = {row["incident"]: row for row in shown["incidents"]}
    assert [row["incident"] for row in shown["incidents"]] == ["stage_conflict", "validation_failure"]
    assert (rows["stage_conflict"]["count"], rows["stage_conflict"]["runs"]) == (2, [other.name])
    assert rows["stage_conflict"]["resolved_before"] == {}
    assert rows["validation_failure"]["resolved_before"] == {f"dagogy validate {failed.name}": 1}
    records = [json.loads(p.read_text())["at_utc"] for p in (other / "logs/failures").glob("2*-stage_conflict.json")]
    assert rows["stage_conflict"]["last_seen_utc"] == max(records)
    assert len(shown["problems"]) == 1


def test_a_workspace_without_failures_says_so(desk: Desk) -> None:
    assert "no failures are recorded" in desk.ok("incidents", "list").out
