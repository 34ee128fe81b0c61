"""The operators' runbook, followed word for word: `python3.11 scripts/orchestration.py COMMAND …` from a Python without dagogy."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, SOUND_SPEC, Outcome, clean_environment, failed, put, sound_curriculum

CURRICULUM = "outputs/curriculum/curriculum.json"
BREAD = ROOT / "examples" / "sourdough-baking.md"


def other_python() -> str:
    """A `python3.11` on the PATH that is not the one of this environment, or ""."""
    own = os.path.realpath(os.path.dirname(sys.executable))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("python3.11", path=folder) if folder and os.path.realpath(folder) != own else None
        if found and subprocess.run([found, "-c", "pass"], capture_output=True, check=False).returncode == 0:
            return found
    return ""


PYTHON = other_python()
needs_python = pytest.mark.skipif(not PYTHON, reason="no python3.11 on the PATH other than the one that runs the tests")


class Project:
    """A clone of the project as far as the door can see: its script, and an environment whose Python is the one of these tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/orchestration.py", folder / "scripts")

    def environment(self, script: str = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n') -> Project:
        python = self.folder / ".venv/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(script)
        python.chmod(0o755)
        return self

    def __call__(self, line: str, *python: str) -> Outcome:
        """One line of the runbook, with the project as the current folder."""
        words = shlex.split(line)
        assert words[:2] == ["python3.11", "scripts/orchestration.py"]
        command = [*(python or (PYTHON,)), *words[1:]]
        done = subprocess.run(command, cwd=self.folder, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def ok(self, line: str) -> Outcome:
        done = self(line)
        assert done.status == 0, f"{line}: {done.status}\n{done.err}"
        return done

    def init(self, name: str = "course") -> Path:
        return Path(self.ok(f"python3.11 scripts/orchestration.py init {name} --json").json["path"])

    def stage(self, run: Path) -> Any:
        return self.ok(f"python3.11 scripts/orchestration.py status {run.name} --json").json["stage"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "my project").environment()


def filled(project: Project, curriculum: Any) -> Path:
    """A run whose topic spec and curriculum are written by hand."""
    run = project.init()
    put(run / "inputs/topic_spec.json", SOUND_SPEC)
    put(run / CURRICULUM, curriculum)
    return run


def broken() -> dict[str, Any]:
    document = sound_curriculum()
    document["nodes"][0]["prerequisites"] = ["gamma"]
    return document


@needs_python
def test_section_1_triage_of_a_sound_run_ends_resolved(project: Project) -> None:
    run = filled(project, sound_curriculum())
    door = "python3.11 scripts/orchestration.py"
    assert run.name in project.ok(f"{door} status {run.name}").out
    assert "passed" in project.ok(f"{door} validate {run.name}").out
    project.ok(f"{door} plan {run.name}")
    project.ok(f"{door} iterate {run.name}")
    assert project.stage(run) == "iterated"


@needs_python
def test_section_1_triage_of_a_failing_run_leads_over_the_report_and_a_fix(project: Project) -> None:
    run = filled(project, broken())
    door = "python3.11 scripts/orchestration.py"
    assert "[validation_failed]" in failed(project(f"{door} validate {run.name}"), "validation_failed").err
    report = (run / "outputs/reviews/validation_report.md").read_text()
    assert "graph.acyclic" in report
    assert f"dagogy validate {run.name}" in report
    put(run / CURRICULUM, sound_curriculum())
    for command in ("validate", "plan", "iterate"):
        project.ok(f"{door} {command} {run.name}")
    assert project.stage(run) == "iterated"


@needs_python
def test_section_3a_stage_conflict_is_resolved_with_a_scope_file(project: Project) -> None:
    run = project.init()
    shown = failed(project(f"python3.11 scripts/orchestration.py run {run.name}"), "stage_conflict")
    assert "topic spec not ready" in shown.err.splitlines()[0]
    assert "--scope-file" in shown.err
    assert project.stage(run) == "initialized"
    project.ok(f"python3.11 scripts/orchestration.py run {run.name} --scope-file {shlex.quote(str(BREAD))}")
    assert project.stage(run) == "iterated"


@needs_python
def test_section_3a_stage_conflict_is_resolved_by_filling_in_the_topic_spec(project: Project) -> None:
    run = project.init()
    failed(project(f"python3.11 scripts/orchestration.py run {run.name}"), "stage_conflict")
    put(run / "inputs/topic_spec.json", SOUND_SPEC)
    assert project.stage(run) == "spec_ready"
    shown = project(f"python3.11 scripts/orchestration.py run {run.name}")
    assert "topic spec not ready" not in shown.err
    assert shown.status == 0, shown.err
    assert project.stage(run) == "iterated"


@needs_python
def test_section_3b_a_validation_failure_is_resolved_by_the_report_and_the_commands_it_names(project: Project) -> None:
    run = filled(project, broken())
    door = "python3.11 scripts/orchestration.py"
    shown = failed(project(f"{door} validate {run.name}"), "validation_failed")
    assert "outputs/reviews/validation_report.md" in shown.err
    failed(project(f"{door} plan {run.name}"), "stage_conflict")
    put(run / CURRICULUM, sound_curriculum())
    project.ok(f"{door} validate {run.name}")
    project.ok(f"{door} plan {run.name}")
    project.ok(f"{door} iterate {run.name}")


@needs_python
@pytest.mark.parametrize("content", ["{", '{"schema_version": 99}'], ids=["corrupted", "of another version"])
def test_section_3f_invalid_run_metadata_is_resolved_by_an_archive_and_a_fresh_run(project: Project, content: str) -> None:
    door = "python3.11 scripts/orchestration.py"
    run = project.init()
    scope = project.folder / "scope.md"
    shutil.copy(BREAD, scope)
    (run / "run.json").write_text(content)
    for command in ("status", "run"):
        shown = failed(project(f"{door} {command} {run.name}"), "io_error")
        assert "invalid run metadata" in shown.err.splitlines()[0]
        assert f"archive {run.name}" in shown.err
    archive = Path(project.ok(f"{door} archive {run.name} --json").json["archive"])
    assert archive.is_file()
    assert (run / "run.json").read_text() == content
    fresh = project.init()
    assert fresh != run
    project.ok(f"{door} run {fresh.name} --scope-file scope.md")
    assert project.stage(fresh) == "iterated"


@needs_python
def test_section_4_stale_artifacts_are_resolved_by_validate_plan_and_iterate_in_sequence(project: Project) -> None:
    door = "python3.11 scripts/orchestration.py"
    run = filled(project, sound_curriculum())
    for command in ("validate", "plan", "iterate"):
        project.ok(f"{door} {command} {run.name}")
    edited = sound_curriculum()
    edited["nodes"][0]["estimate_minutes"] = 90
    put(run / CURRICULUM, edited)
    assert project.stage(run) == "generated"
    assert "validate" in project.ok(f"{door} next {run.name}").out
    for command in ("validate", "plan", "iterate"):
        project.ok(f"{door} {command} {run.name}")
    status = project.ok(f"{door} status {run.name} --json").json
    assert status["stage"] == "iterated"
    assert all(artifact["current"] for artifact in status["artifacts"])
    assert json.loads((run / "outputs/plan/plan.json").read_bytes())["total_estimated_minutes"] == 210


BARE = (sys.executable, "-S", "-E")


def test_a_python_without_dagogy_goes_on_in_the_environment_of_the_project(project: Project) -> None:
    assert project("python3.11 scripts/orchestration.py --version", *BARE).out.startswith("dagogy ")
    failed(project("python3.11 scripts/orchestration.py status missing", *BARE), "not_found")


def test_without_an_environment_the_door_says_which_command_makes_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    shown = failed(project("python3.11 scripts/orchestration.py list", *BARE), "config_error")
    assert f"hint: make -C {project.folder} install" in shown.err


NO_PROGRAM = "no program at all"
NO_DAGOGY = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S -E "$@"\n'


@pytest.mark.parametrize(("script", "told"), [(NO_PROGRAM, "cannot be started"), (NO_DAGOGY, "not finished")], ids=["broken", "not finished"])
def test_an_environment_that_is_broken_or_was_not_finished_is_named(tmp_path: Path, script: str, told: str) -> None:
    project = Project(tmp_path / "clone").environment(script)
    shown = failed(project("python3.11 scripts/orchestration.py list", *BARE), "config_error")
    assert told in shown.err
    assert "install" in shown.err


def test_without_an_environment_a_python_that_has_dagogy_does_the_work(tmp_path: Path) -> None:
    project = Project(tmp_path / "clone")
    assert project("python3.11 scripts/orchestration.py --version", sys.executable).out.startswith("dagogy ")


def test_arguments_reach_the_command_as_they_are(project: Project) -> None:
    shown = failed(project("python3.11 scripts/orchestration.py status 'a b*$HOME' --json", *BARE), "not_found")
    assert "'a b*$HOME'" in shown.json["error"]["message"]
