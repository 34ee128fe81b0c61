"""The post-incident report, the regression test of a code defect, and the list of incidents across runs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.errors import InvalidArgument
from dagogy.testing import replay
from dagogy.workspace.provenance import sealed
from support import (
    HANGS,
    VALID_SPEC,
    CommandRunner,
    SitePackages,
    clean_environment,
    curriculum_of,
    make_run,
    put,
    run_with,
    valid_curriculum,
)


@pytest.fixture
def failed(runner: CommandRunner) -> Path:
    run = run_with(runner, curriculum={"topic": "x", "nodes": []})
    assert runner("validate", "latest").code == "validation_failed"
    return run


def test_the_report_tells_what_was_known_when_and_what_to_do(runner: CommandRunner, failed: Path) -> None:
    text = runner.ok("postmortem", "latest", "--owner", "ana").out
    for part in (
        "# Post-incident report",
        "| Owner | ana |",
        "## Timeline",
        "## Cause",
        "## Prevention",
        "## Actions",
        "- [ ] run make gate",
    ):
        assert part in text
    assert "diagnosed as validation_failure" in text
    assert "- [ ] record the operational root cause" in text
    assert "regression test" not in text


def test_an_incident_is_resolved_by_the_failed_command_passing_and_by_nothing_else(
    runner: CommandRunner, failed: Path
) -> None:
    put(failed / "outputs/curriculum/curriculum.json", valid_curriculum())
    runner.ok("status", "latest")
    before = runner.ok("postmortem", "latest", "--json").json
    assert not before["resolved"]
    assert before["owner"] == "unassigned"
    assert before["actions"][0].startswith("resolve it: run 'dagogy validate latest'")
    runner.ok("validate", "latest")
    after = runner.ok("postmortem", "latest", "--json").json
    assert after["resolved"]
    assert after["resolved_at_utc"] > after["last_failed_at_utc"]
    assert after["resolved_by"] == "dagogy validate latest"


def test_the_timeline_is_in_order_and_names_each_failure_once(runner: CommandRunner, failed: Path) -> None:
    runner("plan", "latest")
    timeline = runner.ok("postmortem", "latest", "--json").json["timeline"]
    times = [row["at_utc"] for row in timeline]
    assert times == sorted(times)
    assert [row["what"] for row in timeline if row["what"].startswith("failed: ")] == [
        "failed: dagogy validate latest",
        "failed: dagogy plan latest",
    ]


def test_what_is_known_today_is_reported_beside_what_was_known_then(
    runner: CommandRunner, failed: Path
) -> None:
    log = failed / "logs/events.jsonl"
    log.write_text(log.read_text().replace('"incident": "validation_failure"', '"incident": "unknown"'))
    (known,) = [
        row["known"]
        for row in runner.ok("postmortem", "latest", "--json").json["timeline"]
        if row["what"].startswith("failed")
    ]
    assert "diagnosed as unknown (today: validation_failure)" in known


def test_the_root_cause_is_what_decided_and_prevention_is_for_that_cause(runner: CommandRunner) -> None:
    runner.init()
    assert runner("run", "latest").code == "stage_conflict"
    report = runner.ok("postmortem", "latest", "--json").json
    assert report["cause"]["what"].startswith("topic spec not ready: /goal: ")
    assert len(report["cause"]["what"]) <= 300
    assert report["cause"]["about"].startswith("The command starts from a stage")
    assert report["prevention"][0].startswith("Give the scope document with the first command")
    text = runner.ok("postmortem", "latest").out
    notes = text.partition("## PR notes")[2]
    assert "Root cause: topic spec not ready" in notes
    assert "Prevention: Give the scope document" in notes


def test_a_cycle_is_told_and_prevented_as_one(runner: CommandRunner) -> None:
    document = valid_curriculum()
    first, second = (node["id"] for node in document["nodes"][:2])
    document["nodes"][0]["prerequisites"], document["nodes"][1]["prerequisites"] = [second], [first]
    run_with(runner, curriculum=document)
    assert runner("validate", "latest").code == "validation_failed"
    report = runner.ok("postmortem", "latest", "--json").json
    assert report["cause"]["what"].startswith("the prerequisites form a cycle: ")
    assert "which comes first" in report["prevention"][0]


def test_the_first_failure_is_the_first_of_that_incident(runner: CommandRunner) -> None:
    run = runner.init()
    assert runner("run", "latest").code == "stage_conflict"
    put(run / "outputs/curriculum/curriculum.json", {"topic": "x", "nodes": []})
    put(run / "inputs/topic_spec.json", VALID_SPEC)
    for _ in range(2):
        assert runner("validate", "latest").code == "validation_failed"
    report = runner.ok("postmortem", "latest", "--json").json
    failed = [row for row in report["timeline"] if row["what"].startswith("failed: ")]
    assert [row["what"] for row in failed] == [
        "failed: dagogy run latest",
        *["failed: dagogy validate latest"] * 2,
    ]
    assert report["started_at_utc"] == failed[1]["at_utc"]
    assert (report["failures"], report["attempts"]) == (2, 0)
    assert "| Failed | 2 times |" in runner.ok("postmortem", "latest").out


def test_an_attempt_to_recover_is_no_failure_of_its_own(runner: CommandRunner, failed: Path) -> None:
    runner("recover", "latest", "--unsafe")
    report = runner.ok("postmortem", "latest", "--json").json
    assert report["failures"] == 1
    if report["attempts"]:
        assert "to recover |" in runner.ok("postmortem", "latest").out


def test_commands_are_printed_as_one_types_them_and_no_field_is_empty(
    runner: CommandRunner, failed: Path
) -> None:
    (record,) = (failed / "logs/failures").glob("*.json")
    put(record, json.loads(record.read_text()) | {"command": ["dagogy", "validate", "my run"]})
    text = runner.ok("postmortem", "latest").out
    assert "`dagogy validate 'my run'`" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if re.search(r"\|\s*\|", row)]


def test_a_code_defect_asks_for_a_regression_test(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_with(runner)

    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("dagogy.pipeline.operations.validate", broken)
    assert runner("validate", "latest").code == "internal_error"
    report = runner.ok("postmortem", "latest", "--json").json
    assert report["code_defect_suspected"]
    assert any("regression test" in action for action in report["actions"])


#: A rule that raises on titles of one word, and a provider that raises on a scope that mentions rye.
DEFECTIVE = {
    "acme_rule": """
        from dagogy.api import RuleInfo, hookimpl
        from dagogy.api.rules import Rule

        @hookimpl
        def dagogy_rules():
            yield RuleInfo(id="acme.second_word", summary="Titles have two words.", api_version=1, impl="acme_rule:SecondWord", severity="warning")

        class SecondWord(Rule):
            "Titles have two words."

            def check(self, context, options):
                for node in context.document["nodes"]:
                    node["title"].split()[1]
                return ()
        """,  # noqa: E501
    "acme_provider": """
        import json
        from dagogy.api import ProviderInfo, hookimpl
        from dagogy.api.providers import Proposal, Provider, Readiness

        @hookimpl
        def dagogy_providers():
            yield ProviderInfo(id="baker", summary="Answers with a curriculum.", api_version=1, impl="acme_provider:Baker")

        class Baker(Provider):
            "Answers with one curriculum."
            def ready(self):
                return Readiness(ready=True, message="yes")
            def read_scope(self, document):
                if "rye" in document.text:
                    raise LookupError("no flour")
                return None
            def propose(self, request):
                return Proposal(curriculum=json.loads(CURRICULUM))

        CURRICULUM = ANSWER
        """.replace("ANSWER", repr(json.dumps(valid_curriculum()))),  # noqa: E501
}


@pytest.fixture
def acme(tmp_path: Path) -> SitePackages:
    site = SitePackages(tmp_path / "site")
    site.plugin(
        "acme-defects",
        entry_points={"rule": {"acme.second_word": "acme_rule"}, "provider": {"baker": "acme_provider"}},
        modules=DEFECTIVE,
    )
    return site


def mend(site: SitePackages, module: str, wrong: str, right: str) -> None:
    path = site.folder / f"{module}.py"
    assert wrong in path.read_text()
    path.write_text(path.read_text().replace(wrong, right))


def titles_of_one_word(folder: Path) -> str:
    """A run that `acme.second_word` raises on, and no other rule objects to."""
    return make_run(folder, valid_curriculum(), {"scope_in": ["Alpha", "Beta", "Gamma"]})


def pytest_of(test: Path, site: SitePackages) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
        test.name,
    ]
    return subprocess.run(
        command,
        cwd=test.parent,
        env=clean_environment([site.folder]),
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )


def written(site: SitePackages, work: Path, reference: str) -> tuple[Path, dict[str, Any]]:
    """The regression test of a run's last failure, and its fixture."""
    done = site.run("postmortem", reference, "--regression-test", "regression", "--json", cwd=work)
    assert done.returncode == 0, done.stderr
    fixture, test = (work / path for path in json.loads(done.stdout)["regression_test"])
    return test, json.loads(fixture.read_bytes())


@pytest.mark.slow
def test_a_rule_that_raises_leaves_a_test_that_fails_until_it_is_fixed(
    acme: SitePackages, tmp_path: Path
) -> None:
    run = titles_of_one_word(tmp_path)
    assert "acme.second_word could not run" in acme.run("validate", "latest").stderr
    test, fixture = written(acme, tmp_path, run)
    assert fixture["command"] == ["validate", run]
    assert fixture["left_out"] == fixture["changed_since"] == []
    before = pytest_of(test, acme)
    assert before.returncode == 1, before.stdout
    assert "a rule could not run" in before.stdout
    mend(acme, "acme_rule", "[1]", "[-1]")
    after = pytest_of(test, acme)
    assert after.returncode == 0, after.stdout
    assert "1 passed" in after.stdout


@pytest.mark.slow
def test_a_provider_that_raises_on_a_scope_file_is_replayed_with_that_file(
    acme: SitePackages, tmp_path: Path
) -> None:
    put(tmp_path / "notes.md", "# Bread\n\n## Baking\n\nBake rye bread at once.\n")
    run = json.loads(acme.run("init", "bread", "--json").stdout)["run_id"]
    shown = acme.run("run", "bread", "--scope-file", "notes.md", AGENT_PROVIDER="baker")
    assert shown.stderr.startswith("[plugin_error]"), shown.stderr
    test, fixture = written(acme, tmp_path, run)
    assert list(fixture["command_files"]) == ["notes.md"]
    with pytest.raises(InvalidArgument, match="not known to need no network"):
        replay(
            tmp_path / "regression/data" / f"{test.stem.removeprefix('test_').replace('_', '-', 2)}.json",
            tmp_path / "refused",
        )
    test.write_text(test.read_text().replace(", tmp_path)", ', tmp_path, provider="baker")'))
    before = pytest_of(test, acme)
    assert before.returncode == 1, before.stdout
    assert "the code is plugin_error" in before.stdout
    (tmp_path / "notes.md").unlink()
    mend(acme, "acme_provider", 'raise LookupError("no flour")', "return None")
    after = pytest_of(test, acme)
    assert after.returncode == 0, after.stdout


# --- records and fixtures of strangers ----------------------------------------------------------------------


def defect(run: Path, *, own: bool = True, **facts: Any) -> Path:
    """The record of a defect in code, as this user's command left it, or as anybody can write it."""
    document = {
        "schema_version": 1,
        "at_utc": "2099-01-01T00:00:00.000000Z",
        "code": "internal_error",
        "message": "m",
        "command": ["dagogy", "validate", run.name],
        "exit_status": 10,
        **facts,
    }
    path = run / "logs/failures/20990101T000000-000000Z-1-internal_error.json"
    put(path, sealed(document, run, os.environ) if own else document)
    return path


INJECTED = 'x"""\nimport os\nos.system("touch PWNED")\n"""'


def test_no_test_is_written_from_a_strangers_record(runner: CommandRunner) -> None:
    run = run_with(runner)
    path = defect(run, own=False, at_utc=INJECTED)
    shown = runner("postmortem", run.name, "--regression-test", "t")
    assert shown.code == "invalid_argument"
    assert f"no regression test is written from {path}: nothing shows that you ran it" in shown.err
    assert "run it again yourself" in shown.err
    assert not (runner.folder / "t").exists()


def test_no_text_of_a_record_gets_into_the_code_or_out_of_the_folder(runner: CommandRunner) -> None:
    run = run_with(runner)
    (plain,) = [
        defect(
            run,
            at_utc=INJECTED,
            message=INJECTED,
            details={"rules_failed": [INJECTED]},
            code="../../" + INJECTED,
        )
    ]
    fixture, test = map(
        Path, runner.ok("postmortem", run.name, "--regression-test", "t", "--json").json["regression_test"]
    )
    assert (fixture.parent, test.parent) == (Path("t/data"), Path("t"))
    assert re.fullmatch(
        r"test_incident_[0-9T]{1,15}_[a-z0-9_]{1,40}\.py|test_incident_undated_[a-z0-9_]{1,40}\.py", test.name
    )
    code = test.read_text()
    assert "PWNED" not in code.replace(test.stem, "")
    assert [type(n).__name__ for n in ast.parse(code).body] == [
        "Expr",
        "ImportFrom",
        "ImportFrom",
        "FunctionDef",
    ]
    assert INJECTED in json.loads(fixture.read_bytes())["failure"]["message"]
    assert plain.exists()


def test_no_other_file_is_overwritten(runner: CommandRunner) -> None:
    run = run_with(runner)
    defect(run)
    first = runner.ok("postmortem", run.name, "--regression-test", "t", "--json").json["regression_test"]
    assert (
        runner.ok("postmortem", run.name, "--regression-test", "t", "--json").json["regression_test"] == first
    )
    for path in map(Path, first):
        before = path.read_bytes()
        path.write_text("mine")
        shown = runner("postmortem", run.name, "--regression-test", "t")
        assert shown.code == "invalid_argument"
        assert f"{path} is there and is not this test" in shown.err
        assert path.read_text() == "mine"
        path.write_bytes(before)


def test_only_what_the_command_reads_as_a_file_gets_into_the_fixture(runner: CommandRunner) -> None:
    run = run_with(runner)
    put(runner.folder / "notes.md", "# Tea")
    put(runner.folder / "alpha", "mine")
    defect(run, command=["dagogy", "why", run.name, "alpha"])
    fixture, _ = runner.ok("postmortem", run.name, "--regression-test", "a", "--json").json["regression_test"]
    assert json.loads(Path(fixture).read_bytes())["command_files"] == {}
    defect(run, command=["dagogy", "run", run.name, "--scope-file", "notes.md", "--provider", "codex_exec"])
    fixture, _ = runner.ok("postmortem", run.name, "--regression-test", "b", "--json").json["regression_test"]
    document = json.loads(Path(fixture).read_bytes())
    assert (list(document["command_files"]), document["command"]) == (
        ["notes.md"],
        ["run", run.name, "--scope-file", "notes.md"],
    )
    defect(run, command=["dagogy", "archive", run.name, "--remove"])
    shown = runner("postmortem", run.name, "--regression-test", "c")
    assert "it writes outside the run" in shown.err
    assert not (runner.folder / "c").exists()


FIXTURE: dict[str, Any] = {
    "schema_version": 1,
    "run_id": "20260131-120000-x",
    "command": ["status", "20260131-120000-x"],
    "failure": {"code": "internal_error"},
    "run_files": {},
    "configuration": {},
    "command_files": {},
}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"run_id": "../x"}, "is no fixture"),
        ({"run_files": {"../../x": {"text": ""}}}, "is no fixture"),
        ({"run_files": {"/tmp/x": {"text": ""}}}, "is no fixture"),
        ({"run_files": {"x": {"text": 3}}}, "is no fixture"),
        ({"configuration": {"sitecustomize.py": {"text": ""}}}, "is no fixture"),
        ({"command": ["archive", "20260131-120000-x", "--remove"]}, "it writes outside the run"),
        ({"command": ["run", "20260131-120000-x", "--provider", "codex_exec"]}, "it names a provider"),
        (
            {"command": ["run", "20260131-120000-x", "--scope-file", "/etc/hostname"]},
            "a file that the fixture does not hold",
        ),
        ({"command": ["status", "another"]}, "it names another run"),
        (
            {"command": ["run", "20260131-120000-x"], "failure": {"code": "x", "provider": "codex_exec"}},
            "no network and no program",
        ),
    ],
)
def test_a_strangers_fixture_is_refused_before_anything_is_written_or_run(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    put(tmp_path / "f.json", {**FIXTURE, **change})
    with pytest.raises(InvalidArgument, match=why):
        replay(tmp_path / "f.json", tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_replay_gets_no_key_no_provider_and_no_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "CODING_AGENT_CMD",
        "AGENT_PROVIDER",
        "AGENT_MODEL",
        "MY_TOKEN",
        "DAGOGY_RECOVERY",
    ):
        monkeypatch.setenv(name, "correct-horse-battery")
    monkeypatch.setenv("PYTHONPATH", f":{tmp_path}")
    seen: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        seen.update(options, command=command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    put(
        tmp_path / "f.json",
        {
            **FIXTURE,
            "failure": {"code": "x", "provider": "codex_exec"},
            "run_files": {"run.json": {"text": "{}"}},
        },
    )
    assert replay(tmp_path / "f.json", tmp_path / "work").defect == ""
    assert "correct-horse-battery" not in seen["env"].values()
    assert "AGENT_PROVIDER" not in seen["env"]
    assert seen["env"]["XDG_STATE_HOME"] == str(tmp_path / "work/state")
    assert "-P" in seen["command"]
    assert all(map(os.path.isabs, seen["env"]["PYTHONPATH"].split(os.pathsep)))


def test_an_innermost_frame_of_ours_that_nobody_knows_is_a_suspected_defect(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagogy.api.errors import ProviderError

    run = run_with(runner)

    def broken(*arguments: object, **options: object) -> None:
        try:
            {}["missing"]
        except KeyError as error:
            raise ProviderError("the provider stumbled") from error

    monkeypatch.setitem(broken.__globals__, "__name__", "dagogy.pipeline.operations")
    monkeypatch.setattr("dagogy.pipeline.operations.validate", broken)
    assert runner("validate", "latest").code == "provider_error"
    (record,) = (run / "logs/failures").glob("*.json")
    assert re.fullmatch(
        r"dagogy\.pipeline\.operations:broken:\d+",
        json.loads(record.read_bytes())["exception_chain"][-1]["raised_at"],
    )
    report = runner.ok("postmortem", "latest", "--json").json
    assert "KeyError was raised at dagogy.pipeline.operations:broken" in report["defect"]


def test_what_was_given_wrongly_is_no_defect_and_leaves_no_test(runner: CommandRunner, failed: Path) -> None:
    assert runner.ok("postmortem", "latest", "--json").json["defect"] == ""
    shown = runner("postmortem", "latest", "--regression-test", "tests")
    assert shown.code == "invalid_argument"
    assert not (runner.folder / "tests").exists()


@pytest.mark.slow
def test_a_fixture_holds_no_secret_and_says_what_it_left_out(acme: SitePackages, tmp_path: Path) -> None:
    run = titles_of_one_word(tmp_path)
    put(tmp_path / "runs" / run / "inputs/scope.md", "the key is correct-horse-battery")
    put(tmp_path / "runs" / run / "outputs/large.bin", b"x" * 300_000)
    put(tmp_path / "dagogy.toml", "agent_target_score = 50")
    assert acme.run("validate", "latest", MY_TOKEN="correct-horse-battery").returncode == 4
    done = acme.run(
        "postmortem", run, "--regression-test", "regression", "--json", MY_TOKEN="correct-horse-battery"
    )
    assert done.returncode == 0, done.stderr
    paths = json.loads(done.stdout)["regression_test"]
    assert all("correct-horse-battery" not in (tmp_path / path).read_text() for path in paths)
    fixture = json.loads((tmp_path / paths[0]).read_bytes())
    assert {row["path"]: row["reason"] for row in fixture["left_out"]} == {
        "inputs/scope.md": "a secret is in it",
        "outputs/large.bin": "its 300000 bytes are too many",
    }
    assert fixture["configuration"]["dagogy.toml"] == {"text": "agent_target_score = 50"}


def test_an_artifact_that_changed_since_is_named(acme: SitePackages, tmp_path: Path) -> None:
    run = titles_of_one_word(tmp_path)
    acme.run("validate", "latest")
    put(
        tmp_path / "runs" / run / "outputs/curriculum/curriculum.json",
        curriculum_of({"id": "b", "title": "Also"}),
    )
    _, fixture = written(acme, tmp_path, run)
    assert fixture["changed_since"] == ["outputs/curriculum/curriculum.json"]


def test_the_report_can_be_written_to_a_file(runner: CommandRunner, failed: Path) -> None:
    assert "wrote pm.md" in runner.ok("postmortem", "latest", "-o", "pm.md").out
    assert (runner.folder / "pm.md").read_text().startswith("# Post-incident report")


def test_a_run_without_failures_has_no_report(runner: CommandRunner) -> None:
    runner.init()
    assert runner("postmortem", "latest").code == "not_found"


def test_secrets_stay_out_of_report_and_list(
    runner: CommandRunner, failed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        failed / "logs/failures/20300101T000000-000000Z-1-io_error.json",
        {"code": "io_error", "message": "with correct-horse-battery", "at_utc": "2030"},
    )
    monkeypatch.setenv("MY_TOKEN", "correct-horse-battery")
    for line in (
        ["postmortem", "latest"],
        ["postmortem", "latest", "--json"],
        ["incidents", "list"],
        ["incidents", "list", "--json"],
    ):
        done = runner.ok(*line)
        assert "correct-horse-battery" not in done.out + done.err


def test_the_list_counts_incidents_across_runs_and_says_what_resolved_them(
    runner: CommandRunner, failed: Path
) -> None:
    put(failed / "outputs/curriculum/curriculum.json", valid_curriculum())
    runner.ok("validate", failed.name)
    other = runner.init("other")
    runner("run", other.name)
    runner("run", other.name)
    put(other / "logs/failures/20200101T000000-1-x.json", "no json")
    shown = runner.ok("incidents", "list", "--json").json
    rows = {row["incident"]: row for row in shown["incidents"]}
    assert [row["incident"] for row in shown["incidents"]] == ["stage_conflict", "validation_failure"]
    assert (rows["stage_conflict"]["count"], rows["stage_conflict"]["runs"]) == (2, [other.name])
    assert rows["stage_conflict"]["resolved_before"] == {}
    assert rows["validation_failure"]["resolved_before"] == {f"dagogy validate {failed.name}": 1}
    records = [
        json.loads(p.read_text())["at_utc"] for p in (other / "logs/failures").glob("2*-stage_conflict.json")
    ]
    assert rows["stage_conflict"]["last_seen_utc"] == max(records)
    assert len(shown["problems"]) == 1


def test_a_workspace_without_failures_says_so(runner: CommandRunner) -> None:
    assert "no failures are recorded" in runner.ok("incidents", "list").out
