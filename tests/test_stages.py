"""The stage of a run follows from the content of its artifacts, and from nothing else."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagogy.kit.cases import complete_spec
from dagogy.workspace.stages import CURRICULUM, DIFF, PLAN, REPORT_JSON, SCOPE, SPEC, VALID
from support import CommandRunner, SitePackages, curriculum_of

SCOPE_TEXT = """# Tea

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
    (runner.folder / "tea.md").write_text(SCOPE_TEXT)
    runner.ok("run", "latest", "--scope-file", "tea.md")
    return run


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=2))


def _rows(runner: CommandRunner) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in runner.ok("status", "latest", "--json").json["artifacts"]}


def _recorded(run: Path) -> str:
    return str(json.loads((run / "run.json").read_text())["stage"])


# --------------------------------------------------------------------------------------- what changes nothing


def _touch(run: Path) -> None:
    for path in run.rglob("*"):
        os.utime(path, (1, 1))


def _copy(run: Path) -> None:
    shutil.copytree(run, run.parent / "copy")
    shutil.rmtree(run)
    (run.parent / "copy").rename(run)


def _crlf(run: Path) -> None:
    """What a checkout with `core.autocrlf` does."""
    for path in run.rglob("*"):
        if path.suffix in (".json", ".md", ".jsonl"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("harmless", [_touch, _copy, _crlf])
def test_what_leaves_the_content_leaves_the_stage(
    runner: CommandRunner, done: Path, harmless: Callable[[Path], None]
) -> None:
    harmless(done)
    before = (done / "run.json").read_bytes()
    assert runner.stage() == "iterated"
    assert all(row["current"] for row in _rows(runner).values())
    assert (done / "run.json").read_bytes() == before


@pytest.mark.parametrize("jump", [-10 * 365 * 86_400, 10 * 365 * 86_400])
def test_a_clock_that_jumps_leaves_the_stage(
    runner: CommandRunner, done: Path, jump: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + jump * 1_000_000_000)
    assert runner.stage() == "iterated"
    runner.ok("validate", "latest")
    assert runner.stage() == "iterated"


def test_a_run_folder_under_another_name_keeps_its_stage(runner: CommandRunner, done: Path) -> None:
    done.rename(runner.runs / "20200101-000000-moved")
    assert runner.stage("moved") == "iterated"
    assert (
        json.loads((runner.runs / "20200101-000000-moved/run.json").read_text())["run_id"]
        == "20200101-000000-moved"
    )


def test_looking_writes_nothing_when_all_is_in_line(runner: CommandRunner, done: Path) -> None:
    def stamps() -> dict[str, tuple[int, int]]:
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_ino) for p in done.rglob("*")}

    before = stamps()
    for command in ("status", "next", "diff"):
        runner.ok(command, "latest")
    assert stamps() == before


# ----------------------------------------------------------------------------------------------- what matters


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        (SPEC, "spec_ready"),
        (SCOPE, "spec_ready"),
        (CURRICULUM, "generated"),
        (PLAN, "validated"),
        (DIFF, "planned"),
    ],
)
def test_one_changed_byte_takes_the_stage_back(
    runner: CommandRunner, done: Path, path: str, stage: str
) -> None:
    data = bytearray((done / path).read_bytes())
    position = (
        data.index(b"Tea") if b"Tea" in data else data.index(b"0") if b"0" in data else data.index(b"a")
    )
    data[position] = ord("1") if data[position : position + 1] == b"0" else ord("B")
    stat = (done / path).stat()
    (done / path).write_bytes(data)
    os.utime(done / path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert runner.stage() == stage
    assert _recorded(done) == stage
    assert (done / VALID).exists() is (path in (PLAN, DIFF))


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        (SPEC, "initialized"),
        (CURRICULUM, "spec_ready"),
        (PLAN, "validated"),
        (DIFF, "planned"),
        (SCOPE, "spec_ready"),
    ],
)
def test_a_removed_artifact_takes_the_stage_back(
    runner: CommandRunner, done: Path, path: str, stage: str
) -> None:
    (done / path).unlink()
    assert runner.stage() == stage


def test_a_removed_report_is_no_reason_to_judge_again(runner: CommandRunner, done: Path) -> None:
    """The stamp says that these bytes passed these rules; the report is for people."""
    (done / REPORT_JSON).unlink()
    assert runner.stage() == "iterated"


@pytest.mark.parametrize(
    "table",
    ['severity = "warning"', "enabled = false", "max_length = 61"],
    ids=["severity", "off", "option"],
)
def test_a_changed_rule_configuration_makes_a_validation_stale_and_changing_it_back_current(
    runner: CommandRunner, done: Path, table: str
) -> None:
    (runner.folder / "dagogy.toml").write_text(f'[rules."quality.concept_title"]\n{table}\n')
    assert runner.stage() == "generated"
    assert "rules" in _rows(runner)[REPORT_JSON]["reason"]
    assert not (done / VALID).exists()
    (runner.folder / "dagogy.toml").unlink()
    assert runner.stage() == "iterated"
    assert (done / VALID).exists()


def test_a_rule_that_is_installed_or_updated_makes_a_validation_stale(
    site: SitePackages, runner: CommandRunner, done: Path
) -> None:
    site.copy("house-titles", "1.0", "house_titles", rule={"house.titles": "house_titles"})
    assert runner.stage() == "generated"


@pytest.mark.parametrize("variable", ["DAGOGY_DISABLE"])
def test_a_disabled_rule_makes_a_validation_stale(
    runner: CommandRunner, done: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "graph.acyclic")
    assert runner.stage() == "generated"


def test_a_document_of_local_paths_counts_as_an_input(runner: CommandRunner, done: Path) -> None:
    (runner.folder / "more.md").write_text("# More\n\nWater and leaves.\n")
    _edit(done / SPEC, lambda spec: spec.update(context_pack={"local_paths": ["more.md"]}))
    runner.ok("run", "latest")
    assert runner.stage() == "iterated"
    (runner.folder / "more.md").write_text("# More\n\nWater, leaves and pots.\n")
    assert runner.stage() == "spec_ready"
    assert "local_paths" in _rows(runner)[CURRICULUM]["reason"]


# -------------------------------------------------------------------------- the marker of a passed validation


def test_the_marker_is_there_exactly_while_the_validation_is_current(
    runner: CommandRunner, done: Path
) -> None:
    original = (done / CURRICULUM).read_bytes()
    assert (done / VALID).exists()
    (done / CURRICULUM).write_bytes(original.replace(b"Water", b"Waters", 1))
    runner.ok("status", "latest")
    assert not (done / VALID).exists()
    (done / CURRICULUM).write_bytes(original)
    runner.ok("status", "latest")
    assert (done / VALID).exists()
    (done / VALID).unlink()
    runner.ok("next", "latest")
    assert (done / VALID).exists()


def test_a_failed_validation_leaves_no_marker_and_says_what_to_do(runner: CommandRunner, done: Path) -> None:
    _edit(done / CURRICULUM, lambda c: c["nodes"][0].update(prerequisites=["nowhere"]))
    failed = runner("validate", "latest", "--json")
    assert (failed.status, failed.code) == (4, "validation_failed")
    assert failed.json["passed"] is False
    assert not (done / VALID).exists()
    assert runner.stage() == "generated"
    assert _rows(runner)[REPORT_JSON] == {
        "path": REPORT_JSON,
        "makes_stage": "validated",
        "exists": True,
        "current": False,
        "reason": "the last validation failed",
    }
    step = runner.ok("next", "latest", "--json").json["next"]
    assert step["command"] == f"dagogy validate {done.name}"
    assert "first edit" in step["reason"]
    assert "validation_report.md" in step["reason"]
    for command in ("plan", "iterate"):
        refused = runner(command, "latest")
        assert (refused.status, refused.code) == (5, "stage_conflict")


# ------------------------------------------------------------------------------------------------ the runbook


def test_runbook_3a_a_run_without_spec_or_scope_is_a_stage_conflict(runner: CommandRunner) -> None:
    run = runner.init()
    refused = runner("run", "latest", "--json")
    assert (refused.status, refused.code) == (5, "stage_conflict")
    assert "topic spec not ready" in refused.err.splitlines()[0]
    assert "--scope-file" in refused.json["error"]["hint"]
    (run / SPEC).write_text(json.dumps(complete_spec({})))
    assert runner.stage() == "spec_ready"


def test_runbook_3b_a_failed_validation_is_fixed_by_hand_and_then_planned(runner: CommandRunner) -> None:
    run = runner.init()
    (run / SPEC).write_text(json.dumps(complete_spec({})))
    (run / CURRICULUM).write_text(
        json.dumps(
            curriculum_of(
                {"id": "a", "title": "Basics", "prerequisites": ["b"]}, {"id": "b", "prerequisites": ["a"]}
            )
        )
    )
    assert runner.stage() == "generated"
    failed = runner("validate", "latest")
    assert failed.status == 4
    assert "graph.acyclic" in (run / "outputs/reviews/validation_report.md").read_text()
    _edit(run / CURRICULUM, lambda c: c["nodes"][0].update(prerequisites=[]))
    for command, stage in (("validate", "validated"), ("plan", "planned"), ("iterate", "iterated")):
        runner.ok(command, "latest")
        assert runner.stage() == stage


def test_runbook_4_an_edited_curriculum_goes_through_validate_plan_iterate(
    runner: CommandRunner, done: Path
) -> None:
    _edit(
        done / CURRICULUM,
        lambda c: c["nodes"][0].update(estimate_minutes=c["nodes"][0]["estimate_minutes"] + 15),
    )
    assert runner.stage() == "generated"
    for command, stage in (("validate", "validated"), ("plan", "planned"), ("iterate", "iterated")):
        runner.ok(command, "latest")
        assert runner.stage() == stage
    assert all(row["current"] for row in _rows(runner).values())


def test_an_edited_spec_that_the_curriculum_still_meets_needs_no_new_generation(
    runner: CommandRunner, done: Path
) -> None:
    curriculum = (done / CURRICULUM).read_bytes()
    _edit(done / SPEC, lambda spec: spec["constraints"].update(hours_per_week=2))
    assert runner.stage() == "spec_ready"
    for command, stage in (("validate", "validated"), ("plan", "planned"), ("iterate", "iterated")):
        runner.ok(command, "latest")
        assert runner.stage() == stage
    assert (done / CURRICULUM).read_bytes() == curriculum
    assert json.loads((done / PLAN).read_text())["weekly_budget_minutes"] == 120


def test_a_recorded_stage_that_is_wrong_is_put_right_with_a_note(runner: CommandRunner, done: Path) -> None:
    _edit(done / "run.json", lambda m: m.update(stage="initialized"))
    assert runner.stage() == "iterated"
    assert _recorded(done) == "iterated"
    assert json.loads((done / "run.json").read_text())["history"][-1]["event_type"] == "stage_sync"


_UNREADABLE = [
    b"",
    b"[]",
    b"5",
    b"{",
    b'{"nodes": 5}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"nodes": [' + b"[" * 100_000,
]


@pytest.mark.parametrize("data", _UNREADABLE)
def test_a_curriculum_that_cannot_be_read_is_not_generated(
    runner: CommandRunner, done: Path, data: bytes
) -> None:
    (done / CURRICULUM).write_bytes(data)
    assert runner.stage() == "spec_ready"
    assert "cannot be read" in _rows(runner)[CURRICULUM]["reason"]
    assert runner("validate", "latest").status == 4


def test_a_curriculum_that_cannot_be_read_is_generated_anew(runner: CommandRunner, done: Path) -> None:
    (done / CURRICULUM).write_bytes(b"{")
    runner.ok("run", "latest")
    assert runner.stage() == "iterated"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"5",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"context_pack": {"local_paths": 5}}',
        b'{"context_pack": 5}',
    ],
)
def test_a_spec_that_cannot_be_read_is_not_ready(runner: CommandRunner, done: Path, data: bytes) -> None:
    (done / SPEC).write_bytes(data)
    assert runner.stage() == "initialized"
    assert _rows(runner)[SPEC]["reason"]
    assert runner("validate", "latest").status == 4
