"""Runs as objects: what a notebook, a script or another program does with
dagogy, without a word on stdout.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import dagogy
import pytest
from dagogy import api
from dagogy.api import runs
from dagogy.api.errors import ConfigError, InvalidArgument, Locked, NotFound, StageConflict, ValidationFailed
from dagogy.cli.replays import replayable
from dagogy.workspace.lock import locked
from support import (
    ROOT,
    VALID_SPEC,
    CommandRunner,
    clean_environment,
    curriculum_of,
    failed,
    put,
    run_with,
    valid_curriculum,
)

CURRICULUM = "outputs/curriculum/curriculum.json"


@pytest.fixture
def notes(runner: CommandRunner) -> Path:
    return Path(shutil.copy(ROOT / "examples/sourdough-baking.md", runner.folder / "notes.md"))


def events_of(run: runs.Run) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run.path / "logs/events.jsonl").read_text().splitlines()]


def test_three_lines_compile_plan_and_export_and_print_nothing(
    notes: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = dagogy.compile("notes.md")
    plan = run.plan()
    graph = run.export("mermaid")
    assert capfd.readouterr() == ("", "")
    assert run.id.endswith("-notes")
    assert run.stage == "iterated"
    assert run.report is not None
    assert run.report.passed
    assert [node.id for node in run.curriculum.nodes]
    assert run.spec.goal
    assert sorted(node for week in plan["weeks"] for node in week["nodes"]) == sorted(
        node.id for node in run.curriculum.nodes
    )
    assert graph.startswith("flowchart TD")
    assert repr(run) == f"<Run {run.id}: iterated>"


def test_importing_dagogy_imports_nothing_of_the_rest(tmp_path: Path) -> None:
    code = (
        "import dagogy, sys; print([m for m in sys.modules if m.startswith('dagogy.') or m in ('typing', "
        "'pydantic')], dir(dagogy).count('compile'))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=ROOT / "core/src",
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[] 1\n"
    with pytest.raises(AttributeError, match="module 'dagogy' has no attribute 'nonsense'"):
        dagogy.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_the_same_source_again_goes_on_with_its_run_and_the_diff_says_what_changed(
    notes: Path, runner: CommandRunner
) -> None:
    first = dagogy.compile("notes.md")
    assert first.diff().first
    again = dagogy.compile("notes.md")
    assert again.id == first.id
    assert (again.diff().first, again.diff().summary()) == (False, "nothing changed")
    text = notes.read_text()
    notes.write_text(
        text
        + (
            "\n## Rye sourdough\n\nRye sourdough is a sourdough of rye flour. It builds on the levain and on "
            "bulk fermentation.\n"
        )
    )
    assert dagogy.compile(notes.name).diff().counts()["added"] == 1
    assert dagogy.compile("notes.md", name="other").id != first.id
    shutil.copy(notes, runner.folder / "more.md")
    assert dagogy.compile("more.md").id.endswith("-more")


@pytest.mark.slow
def test_a_run_that_somebody_else_made_is_not_gone_on_with(notes: Path, runner: CommandRunner) -> None:
    first = dagogy.compile("notes.md")
    log = first.path / "logs/events.jsonl"
    log.write_text(
        "".join(line for line in log.read_text().splitlines(keepends=True) if '"made_here"' not in line)
    )
    assert dagogy.compile("notes.md").id != first.id


TASTES = """# Tastes

| Week | Topic | Room |
|---|---|---|
| 1 | Salt | A |
| 2 | Acid | B |
| 3 | Heat | A |

## Housekeeping

Bring an apron to each of the three evenings, and be there in time.
"""


def test_a_reading_is_shown_without_a_run_and_its_corrections_are_those_of_compile(
    runner: CommandRunner,
) -> None:
    Path("tastes.md").write_text(TASTES)
    workspace = runs.Workspace()
    reading = workspace.read("tastes.md", concepts_from=["column: Topic"], skip=["Housekeeping"])
    assert workspace.runs() == []
    assert [entry.text for entry in reading.entries if entry.fate == "taken"] == ["Salt", "Acid", "Heat"]
    assert [entry.role for entry in reading.entries if entry.text == "Housekeeping"] == ["excluded"]
    assert reading.refusal is None
    assert reading["counts"]["taken"] == 3
    assert "| Salt |" in reading._repr_markdown_()
    assert (
        json.loads(json.dumps(reading))
        == runner.ok(
            "read", "tastes.md", "--concepts-from", "column: Topic", "--skip", "Housekeeping", "--json"
        ).json
    )

    run = workspace.create("tastes")
    compilation = run.compile("tastes.md", concepts_from=["column: Topic"], skip=["Housekeeping"])
    assert compilation.reading is not None
    assert compilation.reading.entries == reading.entries
    assert compilation.as_dict()["reading"] == reading["counts"]
    words = [
        "run",
        run.id,
        "--scope-file",
        "tastes.md",
        "--concepts-from",
        "column: Topic",
        "--skip",
        "Housekeeping",
    ]
    assert [event["words"] for event in events_of(run) if "words" in event] == [words]
    again = run.compile().reading  # what the run keeps counts on
    assert again is not None
    assert (again["counts"], again["reading"]) == (reading["counts"], reading["reading"])
    with pytest.raises(InvalidArgument, match="has no column of that name"):
        dagogy.compile("tastes.md", concepts_from=["column: Spice"])
    with pytest.raises(InvalidArgument, match="there is no source to read"):
        workspace.read([])


def test_a_document_that_is_refused_is_read_and_says_so(runner: CommandRunner) -> None:
    Path("words.md").write_text("just words\n")
    reading = runs.Workspace().read("words.md")
    assert reading.refusal is not None
    assert reading["refused"]["message"] == reading.refusal.message
    assert "No run can be made of it" in reading._repr_markdown_()
    with pytest.raises(ValidationFailed, match="no concept found"):
        dagogy.compile("words.md")
    assert runs.Workspace().runs() == []
    failed(runner("run", "words.md"), "validation_failed")
    assert runs.Workspace().runs() == []


@pytest.mark.slow
def test_run_with_a_file_makes_its_run_and_finds_it_again_from_any_folder(
    notes: Path, runner: CommandRunner
) -> None:
    first = runner.ok("run", "notes.md")
    (run_id,) = [row["run_id"] for row in runs.Workspace().runs()]
    assert run_id.endswith("-notes")
    assert first.err.splitlines()[-1] == f"notes.md: run {run_id}"
    words = ["run", "--scope-file", "notes.md", run_id]
    assert [event["words"] for event in events_of(dagogy.open(run_id)) if "words" in event] == [words]
    rye = "Rye sourdough is a sourdough of rye flour. It builds on the levain and on bulk fermentation."
    notes.write_text(f"{notes.read_text()}\n## Rye sourdough\n\n{rye}\n")
    changed = runner.ok("run", str(notes.absolute()), "--json").json
    assert changed["run_id"] == run_id
    assert dagogy.open(run_id).diff().counts()["added"] == 1
    assert dagogy.compile("./notes.md").id == run_id
    (runner.folder / "week").mkdir()
    other = shutil.copy(
        notes, runner.folder / "week/notes.md"
    )  # the same name in another folder is no same file
    assert runner.ok("run", str(other), "--json").json["run_id"] != run_id
    assert runner.ok("run", "week", "--json").json["run_id"].endswith("-week")


@pytest.mark.slow
def test_a_name_that_a_run_and_a_file_have_means_the_run_and_says_so(
    notes: Path, runner: CommandRunner
) -> None:
    first = dagogy.compile("notes.md")
    lessons = runner.folder / "notes"
    lessons.mkdir()
    shutil.copy(notes, lessons / "one.md")
    done = runner.ok("run", "notes")
    assert done.err.splitlines()[-1] == f"'notes' is taken for run {first.id}; './notes' is the file"
    second = runner.ok("run", "./notes", "--json").json["run_id"]
    assert second != first.id
    both = failed(runner("run", "notes"), "invalid_argument")
    assert "means 2 runs" in both.err
    assert "'./notes' for the file" in both.err
    failed(runner("run", "./notes", "--scope-file", "notes.md"), "invalid_argument")
    failed(runner("run", str(first.path)), "invalid_argument")  # the folder of a run is no document
    gone = failed(runner("run", "gone.md"), "not_found")
    assert "and no such file" in gone.err


def test_a_prompt_is_shown_for_a_file_that_has_no_run_and_none_is_left(
    notes: Path, runner: CommandRunner
) -> None:
    shown = runner.ok("run", "notes.md", "--provider", "codex_exec", "--show-prompt", "--json").json
    assert shown["text"]
    assert runs.Workspace().runs() == []


@pytest.mark.slow
def test_what_failed_with_a_file_is_run_again_by_its_run(
    notes: Path, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record names the run that the file came to, so that `recover` can go on with it."""
    monkeypatch.setenv("AGENT_PROVIDER", "remote_llm")
    monkeypatch.setenv("AGENT_RETRY_BUDGET", "0")
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-a-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    failed(runner("run", "--max-iterations", "1", "--", "notes.md"), "provider_error")
    (row,) = runs.Workspace().runs()
    (record,) = (runner.runs / row["run_id"] / "logs/failures").glob("*.json")
    command = json.loads(record.read_text())["command"]
    assert command[1:] == ["run", "--scope-file", "notes.md", "--max-iterations", "1", "--", row["run_id"]]
    assert replayable(command[1:], row["run_id"]) == ("", ["notes.md"])


@pytest.mark.slow
def test_several_files_and_sections_are_taken(notes: Path, runner: CommandRunner) -> None:
    shutil.copy(ROOT / "examples/intro-statistics.md", runner.folder / "statistics.md")
    part = dagogy.compile("statistics.md", sections=["From sample to conclusion"], name="part")
    assert events_of(part)[2]["words"] == [
        "run",
        part.id,
        "--scope-file",
        "statistics.md",
        "--scope-section",
        "From sample to conclusion",
    ]
    whole = dagogy.compile(["statistics.md", notes], name="both")
    assert 0 < len(part.curriculum.nodes) < len(whole.curriculum.nodes)
    assert {n.id for n in dagogy.compile("notes.md").curriculum.nodes} <= {
        n.id for n in whole.curriculum.nodes
    }


def test_what_cannot_be_compiled_is_a_typed_error_and_leaves_no_run_behind(runner: CommandRunner) -> None:
    with pytest.raises(InvalidArgument):
        dagogy.compile("gone.md")
    with pytest.raises(InvalidArgument):
        dagogy.compile([])
    assert not runner.runs.exists()
    with pytest.raises(NotFound):
        dagogy.open("nothing")


def test_a_provider_that_is_not_installed_is_a_typed_error(notes: Path) -> None:
    with pytest.raises(ConfigError, match="AGENT_PROVIDER is 'nobody'"):
        dagogy.compile("notes.md", provider="nobody")


def test_a_curriculum_with_errors_is_a_report_and_the_log_tells_of_a_command_that_failed(
    runner: CommandRunner,
) -> None:
    folder = run_with(runner, curriculum_of({"id": "a", "title": "Alpha", "prerequisites": ["a"]}))
    run = dagogy.open(folder.name)
    report = run.check()
    assert not report.passed
    assert {f["severity"] for f in report.findings} >= {"error"}
    assert run.findings == report.findings
    with pytest.raises(ValidationFailed, match=f"validation of {run.id} failed"):
        report.raise_for_errors()
    assert [e["event"] for e in events_of(run)][-2:] == ["validated", "command_stopped"]
    with pytest.raises(StageConflict):
        run.plan()
    assert "<testsuites" in report.export("junit")


def test_fixes_are_shown_first_and_carried_out_when_asked_for(runner: CommandRunner) -> None:
    curriculum = valid_curriculum()
    curriculum["nodes"][2]["prerequisites"] = ["beta", "alpha"]
    run = dagogy.open(run_with(runner, curriculum).name)
    before = (run.path / CURRICULUM).read_bytes()
    fixes = run.fixes()
    assert fixes.done
    assert fixes.diff(CURRICULUM).startswith(f"--- a/{CURRICULUM}")
    assert (run.path / CURRICULUM).read_bytes() == before
    report = run.check(fix=True)
    assert (list(report.fixed), report.passed) == (list(fixes.done), True)
    assert (run.path / CURRICULUM).read_bytes() == fixes.after


def test_each_step_by_itself_ends_where_the_commands_end(runner: CommandRunner) -> None:
    run = dagogy.open(run_with(runner).name)
    run.check().raise_for_errors()
    assert (run.stage, run.facts()["next"]["command"]) == ("validated", f"dagogy plan {run.id}")
    run.plan()
    diff = run.iterate()
    assert diff.first
    assert diff["added_nodes"] == ["alpha", "beta", "gamma"]
    assert runner.stage(run.id) == run.stage == "iterated"
    status = run.status()
    assert status == runner.ok("status", run.id, "--json").json
    assert run.why("gamma") == runner.ok("why", run.id, "gamma", "--json").json
    assert dict(run.diff()) == runner.ok("diff", run.id, "--json").json
    path, problem = run.archive()
    assert (path.is_file(), problem) == (True, "")
    assert runs.Workspace().restore(path).stage == "iterated"


def test_an_export_goes_to_a_file_as_well(runner: CommandRunner) -> None:
    run = dagogy.open(run_with(runner).name)
    run.check()
    text = run.export("mermaid", "graph.mmd")
    assert (runner.folder / "graph.mmd").read_text() == text
    with pytest.raises(InvalidArgument, match="format 'junit' shows a report"):
        run.export("junit")
    with pytest.raises(InvalidArgument, match="format 'nonsense' is not one of"):
        run.export("nonsense")


def test_who_else_holds_the_lock_is_named(runner: CommandRunner) -> None:
    run = dagogy.open(run_with(runner).name)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'core/src')!r}); import dagogy; "
        f"dagogy.open({run.id!r}).check()"
    )
    with locked(run.path, "dagogy plan x"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=runner.folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        with pytest.raises(Locked, match="dagogy plan x"):
            run.check()
    assert "Locked" in done.stderr


def test_a_workspace_lists_and_makes_runs(runner: CommandRunner) -> None:
    workspace = runs.Workspace()
    made = workspace.create("Bread & butter")
    assert made.id.endswith("-bread-butter")
    assert made.stage == "initialized"
    assert workspace.runs() == runner.ok("list", "--json").json["runs"]
    assert made.report is None
    with pytest.raises(StageConflict):
        _ = made.curriculum
    with pytest.raises(StageConflict, match="topic spec not ready"):
        made.compile()
    put(made.path / "inputs/topic_spec.json", VALID_SPEC)
    result = made.compile()
    assert result.report["run_id"] == made.id
    assert result.facts["stage"] == made.stage


def test_a_notebook_shows_runs_reports_plans_and_diffs_and_their_texts_are_no_markup(
    runner: CommandRunner,
) -> None:
    run = dagogy.open(
        run_with(runner, valid_curriculum(topic="<img src=x onerror=alert(1)> | [x](http://x)")).name
    )
    run.check().raise_for_errors()
    shown = [
        run._repr_markdown_(),
        run.check()._repr_markdown_(),
        run.plan()._repr_markdown_(),
        run.diff()._repr_markdown_(),
    ]
    assert "| Alpha |  |" in shown[0]
    assert "| Gamma | Beta |" in shown[0]
    assert all(text.endswith("\n") for text in shown)
    assert "\\<img" in shown[0]
    assert not any("<img" in text.replace("\\<img", "") for text in shown)
    put(run.path / CURRICULUM, "{")
    assert run.id in run._repr_markdown_()
    put(run.path / "outputs/reviews/validation_report.json", "{}")
    with pytest.raises(ValidationFailed, match="does not meet its schema"):
        _ = run.report
    shutil.rmtree(run.path)
    assert (
        repr(run)
        == f"<Run {run.id}: run {run.id} is gone: it was removed or archived away from {run.path.parent}>"
        or "no run" in repr(run)
    )


def test_the_progress_of_a_compilation_can_be_watched(notes: Path) -> None:
    seen: list[str] = []
    dagogy.compile("notes.md", progress=lambda stage, line: seen.append(stage))
    assert list(dict.fromkeys(seen)) == ["scope", "generate", "validate", "plan", "iterate"]


def test_settings_that_are_given_stand_for_one_compilation(notes: Path) -> None:
    run = dagogy.compile("notes.md", max_iterations=1, target_score=0)
    trace = json.loads((run.path / "outputs/reviews/optimization_trace.json").read_text())
    assert len(trace["iterations"]) == 1
    with pytest.raises(ConfigError):
        dagogy.compile("notes.md", target_score=1e9)


@pytest.mark.slow
def test_the_page_about_python_runs_as_it_stands(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(blocks) == 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert capsys.readouterr().out.startswith("flowchart TD")


def test_what_is_public_is_there_and_is_imported_when_used() -> None:
    for module in ("dagogy.api", *(f"dagogy.api.{name}" for name in api.MODULES)):
        home = import_module(module)
        assert home.__doc__
        for name in home.__all__:
            assert getattr(home, name) is not None, f"{module}.{name}"
        with pytest.raises((AttributeError, ImportError)):
            exec(f"from {module} import Nonsense")


def test_each_public_name_has_one_door() -> None:
    doors = {m: import_module(m).__all__ for m in ("dagogy.api", *(f"dagogy.api.{m}" for m in api.MODULES))}
    doors["dagogy"] = ["compile", "open"]
    homes = Counter(name for names in doors.values() for name in names)
    assert [name for name, count in homes.items() if count > 1] == []


def test_a_mode_that_there_is_none_of_is_refused(notes: Path) -> None:
    with pytest.raises(InvalidArgument, match="'seed_list' is not one of full, section, seed-list"):
        dagogy.compile("notes.md", mode="seed_list")


def test_an_empty_name_is_no_source(notes: Path) -> None:
    with pytest.raises(InvalidArgument, match="no source"):
        dagogy.compile("")


def test_a_single_name_stands_for_a_list_of_one(notes: Path) -> None:
    with pytest.raises(InvalidArgument, match="'Nowhere'"):
        dagogy.compile("notes.md", skip="Nowhere")
    with pytest.raises(InvalidArgument, match="'Nowhere'"):
        dagogy.compile("notes.md", sections="Nowhere")
