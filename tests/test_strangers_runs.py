"""A run that came from a stranger reads nothing of the user's, writes nowhere
else, and configures nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.secrets import redacted
from dagogy.workspace.config_files import find_file
from dagogy.workspace.runs import Run
from dagogy.workspace.settings import Settings
from support import ROOT, CommandRunner, failed, forked, put, run_with

SPEC = "inputs/topic_spec.json"


def naming(runner: CommandRunner, *paths: str) -> Path:
    run = run_with(runner)
    spec = json.loads((run / SPEC).read_bytes())
    put(run / SPEC, {**spec, "context_pack": {"local_paths": list(paths)}})
    return run


def restored(runner: CommandRunner, run: Path) -> Path:
    runner.ok("archive", run.name, "--remove")
    packed = next((runner.runs / "archives").glob("*.tar.gz"))
    return Path(runner.ok("init", "--from", str(packed), "--json").json["path"])


def test_a_restored_run_reads_files_outside_of_itself_only_with_consent(runner: CommandRunner) -> None:
    put(runner.folder / "notes.md", "# Tea\n\nTea is a drink.\n")
    run = restored(runner, naming(runner, "notes.md"))
    refused = failed(runner("run", run.name), "invalid_argument")
    assert "not made here by you" in refused.err
    assert f"dagogy trust {run.name}" in refused.err
    assert runner.ok("trust", run.name, "--json").json["local_paths"] == ["notes.md"]
    shown = runner("run", run.name)
    assert "not made here" not in shown.err
    assert (
        shown.err.count(
            f"read {runner.folder / 'notes.md'}, which context_pack.local_paths of {run.name} names"
        )
        == 1
    )
    put(runner.folder / "more.md", "# More\n")
    spec = json.loads((run / SPEC).read_bytes())
    put(run / SPEC, {**spec, "context_pack": {"local_paths": ["more.md"]}})
    assert "not made here by you" in failed(runner("run", run.name), "invalid_argument").err


def test_local_paths_never_read_dot_files_nor_the_home_folder(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(runner.folder / ".secret/notes.md", "# Secret\n")
    put(runner.folder / "notes.md", "# Tea\n")
    assert (
        "begin with a dot"
        in failed(runner("run", naming(runner, ".secret/notes.md").name), "invalid_argument").err
    )
    monkeypatch.setenv("HOME", str(runner.folder))
    assert (
        "your home folder" in failed(runner("run", naming(runner, "notes.md").name), "invalid_argument").err
    )


@pytest.mark.parametrize("name", ["run.json", "logs/kept"])
def test_rebuilding_the_metadata_writes_through_no_symlink(
    runner: CommandRunner, tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    put(victim / "run.json", "mine")
    run = runner.init()
    put(run / "run.json", "{")
    (run / ".run.json.rebuilt").symlink_to(victim / "run.json")
    if name == "run.json":
        (run / "run.json").unlink()
        (run / "run.json").symlink_to(victim / "run.json")
    else:
        (run / "logs/kept").symlink_to(victim)
    runner("recover", run.name, "--unsafe", "--no-probe")
    assert (victim / "run.json").read_text() == "mine"
    assert os.listdir(victim) == ["run.json"]


def test_a_configuration_inside_a_run_is_not_even_read(runner: CommandRunner) -> None:
    run = runner.init()
    put(run / "dagogy.toml", "this is no TOML [")
    (run / ".git").mkdir()
    put(runner.folder / "dagogy.toml", "agent_max_iterations = 3\n")
    os.chdir(run)
    source, table, skipped = find_file(run, os.environ)
    assert source is not None
    assert table == {"agent_max_iterations": 3}
    assert [found.path for found in skipped] == [run / "dagogy.toml"]
    runner.ok("list")


COSTLY = (
    "retry_budget",
    "max_iterations",
    "max_actions_per_iteration",
    "scope_text_max_chars",
    "heal_attempts",
    "heal_seconds",
    "heal_calls",
    "timeout_seconds",
)


@pytest.mark.parametrize("name", [f"AGENT_{name.upper()}" for name in COSTLY])
def test_an_untrusted_file_may_lower_what_is_spent_and_not_raise_it(name: str, tmp_path: Path) -> None:
    for value, counts in ((0, True), (1, True), (90_000, False)):
        settings = Settings({}, {name.lower(): value}, tmp_path / "dagogy.toml", folder=tmp_path)
        assert settings.in_file(name) is counts
        assert [found.key for found in settings.ignored] == ([] if counts else [name.lower()])


@pytest.mark.parametrize(
    "text",
    ["https:/ann:S3cr3tWord@host/x", "HTTPS:/ann:S3cr3tWord@host", "scope file https:/S3cr3tWord@host"],
)
def test_a_url_that_was_taken_for_a_path_shows_no_password(text: str) -> None:
    assert "S3cr3tWord" not in str(redacted(text, {}))


def test_a_record_with_an_unknown_code_is_none_of_ours(runner: CommandRunner) -> None:
    run = run_with(runner, {"topic": "T", "nodes": []})
    assert runner("validate", run.name).status == 4
    (record,) = (run / "logs/failures").glob("*.json")
    put(record, {**json.loads(record.read_bytes()), "code": "validati\x7fon_failed"})
    shown = runner("recover", run.name, "--dry-run", "--no-probe")
    assert "validati" not in shown.err.splitlines()[0].replace("validation", "")
    assert shown.code in ("not_found", "stage_conflict")


def test_a_pipe_in_place_of_the_report_keeps_nobody_waiting(runner: CommandRunner) -> None:
    run = run_with(runner, {"topic": "T", "nodes": []})
    assert runner("validate", run.name).status == 4
    (run / "outputs/reviews/validation_report.json").unlink()
    os.mkfifo(run / "outputs/reviews/validation_report.json")
    assert runner("recover", run.name, "--dry-run", "--no-probe").status == 4


@pytest.mark.slow
def test_a_command_killed_after_its_work_loses_no_diff_when_it_is_run_again(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", str(ROOT / "examples/sourdough-baking.md"))
    second = ("run", run.name, "--scope-file", str(ROOT / "examples/intro-statistics.md"))

    def killed() -> int:
        original = Run.event

        def at_the_end(self: Run, event: str, **facts: Any) -> None:
            if event == "command_ended":
                os._exit(9)
            original(self, event, **facts)

        monkeypatch.setattr(Run, "event", at_the_end)
        return runner(*second).status

    assert forked(killed, runner.folder).status == 9
    diff = json.loads((run / "outputs/reviews/diff_report.json").read_bytes())
    assert diff["added_nodes"]
    runner.ok("recover", run.name, "--no-probe")
    again = json.loads((run / "outputs/reviews/diff_report.json").read_bytes())
    assert again["added_nodes"] == diff["added_nodes"]
    runner.ok(*second)  # that one ended: now nothing changes
    assert json.loads((run / "outputs/reviews/diff_report.json").read_bytes())["added_nodes"] == []


@pytest.mark.parametrize("name", ["inputs", "logs"])
def test_a_fresh_run_is_taken_only_where_this_user_made_it(runner: CommandRunner, name: str) -> None:
    """Both runs are a stranger's, agree about each other, and one leads out through a symlink."""
    fresh, old = restored(runner, runner.init("fresh")), runner.init("old")
    outside = runner.folder / "outside"
    outside.mkdir()
    put(old / "logs/replaced_by", fresh.name + "\n")
    put(fresh / "logs/replaces", old.name + "\n")
    (fresh / name).rename(fresh / f"{name}-before")
    (fresh / name).symlink_to(outside)
    if name == "logs":
        put(outside / "replaces", old.name + "\n")
    before = sorted(p.name for p in outside.iterdir())
    put(old / "run.json", "{")
    done = runner("recover", old.name, "--unsafe", "--no-probe", "--only", "fresh-run", "--json")
    assert fresh.name not in (done.json.get("run_id"), *(s.get("run_id") for s in done.json.get("steps", [])))
    assert sorted(p.name for p in outside.iterdir()) == before


def test_runs_of_a_stranger_give_no_name_to_one_another(runner: CommandRunner) -> None:
    """Their two ends agree; only where this user made the run that takes the place is the name its own."""
    fresh, old = runner.init("fresh"), runner.init("tea")
    for run, name, other in ((old, "replaced_by", fresh), (fresh, "replaces", old)):
        put(run / "logs" / name, other.name + "\n")
    assert runner.ok("status", "tea", "--json").json["run_id"] == fresh.name, "both are this user's"
    restored(runner, fresh)
    assert runner.ok("status", "tea", "--json").json["run_id"] == old.name


@pytest.mark.parametrize("linked", ["inputs", "logs"])
def test_an_action_reads_and_writes_through_no_symlinked_folder(tmp_path: Path, linked: str) -> None:
    from dagogy.api.errors import DagogyError
    from dagogy.api.failures import Diagnosis, Rank
    from dagogy.testing import FakeRecoveryContext, failure_of
    from dagogy_incident_workspace.actions import StripBom

    run, outside = tmp_path / "20260101-000000-t", tmp_path / "outside"
    put(run / "inputs/scope.md", b"\xef\xbb\xbf# Tea\n")
    put(outside / "scope.md", b"\xef\xbb\xbf# Mine\n")
    if linked == "inputs":
        (run / "inputs/scope.md").unlink()
        (run / "inputs").rmdir()
    (run / linked).symlink_to(outside)
    failure = failure_of({"code": "io_error", "message": "inputs/scope.md has a byte order mark"})
    found = Diagnosis(incident_id="x", rank=Rank.PROSE, confidence=1.0, evidence=("-",))
    with pytest.raises(DagogyError, match="symlink"):
        StripBom(None).recover(failure, found, FakeRecoveryContext(run))  # type: ignore[arg-type]
    assert (outside / "scope.md").read_bytes() == b"\xef\xbb\xbf# Mine\n"
    assert sorted(p.name for p in outside.iterdir()) == ["scope.md"]
