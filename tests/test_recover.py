"""Recovery: what helps is done, the failed command decides, and nothing is done on a guess."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from dagogy.api import ClassifierInfo, RecoveryInfo
from dagogy.api.failures import Failure
from dagogy.api.recoveries import CommandResult, RecoveryAction, RecoveryOutcome
from dagogy.host.manager import Host
from dagogy.testing import FakeRecoveryContext, check_action, diagnosis_of
from dagogy.workspace.provenance import sealed
from support import (
    ROOT,
    VALID_SPEC,
    CommandRunner,
    Outcome,
    SitePackages,
    failed,
    put,
    run_with,
    some_fast,
    valid_curriculum,
)

CURRICULUM = "outputs/curriculum/curriculum.json"
SPEC = "inputs/topic_spec.json"
BREAD = ROOT / "examples" / "sourdough-baking.md"
KEY = "sk-canary0123456789abcdef"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands that a recovery starts see the environment of the test."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def events(run: Path, *names: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "logs/events.jsonl").read_text().splitlines()]
    return [e for e in found if not names or e["event"] in names]


def record(run: Path, code: str, message: str, command: Sequence[str], exit_status: int, **more: Any) -> Path:
    """A failure record as a command of ours would have left it."""
    path = run / f"logs/failures/20990101T000000-000000Z-1-{code}.json"
    document = {
        "schema_version": 1,
        "at_utc": "2099-01-01T00:00:00.000000Z",
        "code": code,
        "message": message,
        "hint": "",
        "details": {},
    }
    put(
        path,
        sealed(
            {
                **document,
                "exit_status": exit_status,
                "command": ["dagogy", *command],
                "run_id": run.name,
                **more,
            },
            run,
            os.environ,
        ),
    )
    return path


def rewritten(run: Path, **facts: Any) -> None:
    """The run's record with other facts, as the same command might have left it."""
    (path,) = (run / "logs/failures").iterdir()
    put(path, sealed({**json.loads(path.read_bytes()), **facts}, run, os.environ))


def planned_then_edited(runner: CommandRunner) -> Path:
    run = run_with(runner)
    for command in ("validate", "plan", "iterate"):
        runner.ok(command, run.name)
    edited = valid_curriculum()
    edited["nodes"][0]["estimate_minutes"] = 90
    put(run / CURRICULUM, edited)
    return run


# --- the runbook's sections ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_stage_conflict_is_recovered_by_the_stages_that_are_missing_and_the_command_again(
    runner: CommandRunner,
) -> None:
    run = run_with(runner)
    assert runner("plan", "latest").status == 5
    done = runner("recover", "latest", "--json")
    assert done.status == 0, done.err
    assert done.json["resolved"] is True
    assert done.json["steps"][-1]["action"] == "run-missing-stages"
    assert done.json["steps"][-1]["retry"]["exit_status"] == 0
    assert done.json["command"] == ["dagogy", "plan", run.name]
    assert runner.stage() == "planned"
    assert [e["incident"] for e in events(run, "recovered")] == ["stage_conflict"]
    assert runner("recover", "latest").status == 3  # nothing is left to recover from: no second plan


def test_stage_conflict_without_any_input_names_what_is_missing_and_changes_nothing(
    runner: CommandRunner,
) -> None:
    run = runner.init()
    spec = (run / SPEC).read_bytes()
    assert runner("run", run.name).status == 5
    done = failed(runner("recover", run.name), "stage_conflict")
    assert "/goal" in done.out
    assert f"dagogy run {run.name} --scope-file FILE" in done.out
    assert (run / SPEC).read_bytes() == spec
    assert not events(run, "recovered")


def test_stage_conflict_with_a_scope_document_in_the_run_reads_it_and_keeps_the_spec(
    runner: CommandRunner,
) -> None:
    run = runner.init()
    spec = (run / SPEC).read_bytes()
    assert runner("run", run.name).status == 5
    put(run / "inputs/scope.md", BREAD.read_bytes())
    done = runner("recover", run.name, "--json")
    assert done.status == 0, done.out
    assert runner.stage() == "iterated"
    assert [p.read_bytes() for p in (run / "logs/kept").iterdir()] == [spec]
    assert (run / "inputs/scope.md").read_bytes() == BREAD.read_bytes()


@pytest.mark.slow
def test_a_failure_met_on_the_way_is_recovered_from_first(runner: CommandRunner) -> None:
    document = valid_curriculum()
    document["nodes"][1]["prerequisites"] = ["alpha", "alpha"]
    run = run_with(runner, document)
    assert runner("plan", run.name).status == 5
    done = runner("recover", run.name, "--json")
    assert done.status == 0, done.out
    assert [s["action"] for s in done.json["steps"]] == ["run-missing-stages", "fix-findings"]
    assert runner.stage() == "planned"


def test_a_document_without_a_concept_says_what_was_left_out_and_no_fix_is_offered_for_it(
    runner: CommandRunner,
) -> None:
    run = runner.init()
    (runner.folder / "notes.md").write_text(
        "# Course\n\n## Introduction\n\nWelcome.\n\n## References\n\n- Smith 2001\n"
    )
    result = runner("run", run.name, "--scope-file", "notes.md")
    assert result.status == 4
    assert result.err.startswith(
        "[validation_failed] no concept found in 'notes.md': “Introduction” is a structural heading; "
        "“References” is a structural"
    )
    tried = runner("recover", run.name, "--unsafe")
    assert (
        tried.out.count("nothing to do: there is no curriculum: no concept was found in the scope document")
        == 3
    )
    assert f"dagogy run {run.name} --scope-file notes.md --scope-mode seed-list" in tried.out
    assert "validation_report" not in tried.out


def test_a_validation_failure_is_recovered_by_safe_fixes_with_a_copy_kept(runner: CommandRunner) -> None:
    document = valid_curriculum()
    document["nodes"][1]["prerequisites"] = ["alpha", "alpha"]
    run = run_with(runner, document)
    before = (run / CURRICULUM).read_bytes()
    assert runner("validate", run.name).status == 4
    done = runner("recover", run.name, "--json")
    assert done.status == 0, done.out
    assert [p.read_bytes() for p in (run / "logs/kept").iterdir()] == [before]
    assert runner.stage() == "validated"


def cyclic() -> dict[str, Any]:
    document = valid_curriculum()
    document["nodes"][0]["prerequisites"] = ["gamma"]
    return document


@pytest.mark.slow
def test_what_overwrites_is_counted_and_waits_for_consent(runner: CommandRunner) -> None:
    run = run_with(runner, cyclic())
    assert runner("validate", run.name).status == 4
    done = runner("recover", run.name, "--json")
    assert done.status == 4
    assert [h["action"] for h in done.json["hidden"]] == ["fix-findings-unsafely", "regenerate"]
    assert done.json["hidden"][0]["reason"]
    assert json.loads((run / CURRICULUM).read_bytes()) == cyclic()
    assert "graph.acyclic" in done.json["manual"][0]["message"]
    consented = runner("recover", run.name, "--unsafe", "--json")
    assert consented.status == 0, consented.out
    assert json.loads(next((run / "logs/kept").iterdir()).read_bytes()) == cyclic()


@pytest.mark.parametrize(
    "content", some_fast(["{", '{"schema_version": 99}'], "{"), ids=["corrupted", "of another version"]
)
def test_invalid_metadata_leads_to_an_archive_and_a_fresh_run_that_takes_its_place(
    runner: CommandRunner, content: str
) -> None:
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", str(BREAD))
    (run / "run.json").write_text(content)
    assert runner("status", run.name).status == 6
    alone = runner("recover", run.name, "--json")
    assert alone.status == 6
    assert [h["action"] for h in alone.json["hidden"]] == ["fresh-run", "rebuild-metadata"]
    assert f"dagogy archive {run.name}" in alone.json["manual"][0]["commands"]
    done = runner("recover", run.name, "--unsafe", "--json")
    assert done.status == 0, done.out
    fresh = runner.runs / done.json["run_id"]
    assert fresh != run
    assert (run / "run.json").read_text() == content
    assert list((runner.runs / "archives").glob(f"{run.name}*.tar.gz"))
    assert runner.stage(fresh.name) == "iterated"
    again = runner("recover", run.name, "--unsafe", "--json")
    assert again.json["run_id"] == fresh.name
    assert len([p for p in runner.runs.iterdir() if p.name != "archives"]) == 2


@pytest.mark.slow
def test_metadata_can_be_rebuilt_from_what_the_run_holds(runner: CommandRunner) -> None:
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", str(BREAD))
    curriculum = (run / CURRICULUM).read_bytes()
    (run / "run.json").write_text("{")
    assert runner("status", run.name).status == 6
    done = runner("recover", run.name, "--unsafe", "--only", "rebuild-metadata", "--json")
    assert done.status == 0, done.out
    assert done.json["run_id"] == run.name
    assert [p.read_text() for p in (run / "logs/kept").iterdir()] == ["{"]
    assert (run / CURRICULUM).read_bytes() == curriculum
    for command in ("validate", "plan", "iterate"):
        runner.ok(command, run.name)
    assert runner.stage() == "iterated"


def test_a_run_whose_id_was_misspelt_is_named(runner: CommandRunner) -> None:
    run = run_with(runner)
    result = failed(runner("plan", run.name + "x"), "not_found")
    document = {
        "code": "not_found",
        "message": result.err.splitlines()[0].partition("] ")[2],
        "command": ["dagogy", "plan", run.name + "x"],
    }
    put(runner.folder / "failure.json", document)
    found = runner.ok("diagnose", "failure.json", "--probe", "--json").json
    assert found["incident"] == "artifact_missing"
    assert any(run.name in p["message"] for p in found["probes"] if p["probe"] == "workspace.runs")


@pytest.mark.slow
def test_a_lock_that_was_let_go_of_meanwhile_is_recovered_from(runner: CommandRunner) -> None:
    from dagogy.workspace.lock import locked

    run = run_with(runner)
    with locked(run, "dagogy run other"):
        assert runner("validate", run.name).status == 9
        looked = runner.ok("diagnose", run.name, "--json").json
        assert [(p["probe"], p["confirms"]) for p in looked["probes"]] == [
            ("workspace.lock", ["workspace_locked"])
        ]
    done = runner("recover", run.name, "--json")
    assert done.status == 0, done.out
    assert [s["action"] for s in done.json["steps"]] == ["wait-for-lock"]


@pytest.mark.slow
def test_stale_artifacts_are_made_again_without_any_failure(runner: CommandRunner) -> None:
    run = planned_then_edited(runner)
    done = runner("recover", run.name, "--json")
    assert done.status == 0, done.out
    assert done.json["diagnosis"]["incident"] == "stale_artifacts"
    assert runner.stage() == "iterated"
    assert json.loads((run / "outputs/plan/plan.json").read_bytes())["total_estimated_minutes"] == 210


# --- settings for the attempt: a provider of the test that fails as codex_exec and remote_llm do ------------

PROVIDER = '''
import os
from dagogy.api import ProviderInfo, Setting, hookimpl
from dagogy.api.errors import ConfigError, ProviderError
from dagogy.api.providers import Provider

class Fragile(Provider):
    """Fails until the setting is as it wants it."""
    def propose(self, request):
        {body}
    def repair(self, request):
        raise NotImplementedError

@hookimpl
def dagogy_providers():
    yield ProviderInfo(id="fragile", summary="s", api_version=1, impl="fragile_mod:Fragile")
'''
PROSE = "codex_exec mode failed to return valid structured JSON"


def fragile(
    runner: CommandRunner, body: str, monkeypatch: pytest.MonkeyPatch, **settings: str
) -> tuple[Path, SitePackages]:
    site = SitePackages(runner.folder.parent / "site")
    site.plugin(
        "x-fragile",
        entry_points={"provider": {"fragile": "fragile_mod"}},
        modules={"fragile_mod": PROVIDER.format(body=body)},
    )
    run = runner.init()
    put(run / "inputs/topic_spec.json", VALID_SPEC)
    done = site.run("run", run.name, cwd=runner.folder, AGENT_PROVIDER="fragile", **settings)
    assert done.returncode == 8, done.stderr
    return run, site


@pytest.mark.slow
def test_a_longer_timeout_and_another_provider_hold_for_their_attempt_alone(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        f"raise ProviderError('{PROSE}: timeout ' + os.environ.get('AGENT_TIMEOUT_SECONDS', '') + ' model ' "
        "+ os.environ.get('AGENT_MODEL', 'none'))"
    )
    run, site = fragile(runner, body, monkeypatch, AGENT_MODEL="gpt-x", AGENT_TIMEOUT_SECONDS="40")
    settings = {"AGENT_PROVIDER": "fragile", "AGENT_MODEL": "gpt-x", "AGENT_TIMEOUT_SECONDS": "40"}
    safe = site.run("recover", run.name, "--json", cwd=runner.folder, **settings)
    assert safe.returncode == 8, safe.stderr
    report = json.loads(safe.stdout)
    assert [(s["action"], s["environment"]) for s in report["steps"]] == [
        ("longer-timeout", {"AGENT_TIMEOUT_SECONDS": "80"})
    ]
    assert "timeout 80 model gpt-x" in report["steps"][0]["retry"]["told"]
    assert {h["action"] for h in report["hidden"]} == {"ask-again", "without-model", "switch-provider"}
    done = site.run("recover", run.name, "--unsafe", "--json", cwd=runner.folder, **settings)
    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    found = {s["action"]: s["retry"]["told"] for s in report["steps"]}
    assert "timeout 40 model none" in found["without-model"]
    assert report["steps"][-1]["environment"] == {"AGENT_PROVIDER": "internal", "AGENT_MODEL": ""}
    assert report["permanent"] == ["export AGENT_PROVIDER=internal", "unset AGENT_MODEL"]


def test_a_rate_limit_is_waited_out_and_the_failed_command_decides(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = """import pathlib; told = pathlib.Path('told'); told.write_text(told.read_text() + 'x' if told.exists() else 'x')
        if len(told.read_text()) < 4:
            raise ProviderError('slow down', details={'http_status': 429, 'retry_after_seconds': 0.01, 'endpoint': 'api.x.test'})
        from dagogy.api.providers import Proposal
        import json
        return Proposal(curriculum=json.loads(pathlib.Path('answer.json').read_text()))"""  # noqa: E501
    put(runner.folder / "answer.json", valid_curriculum())
    run, site = fragile(runner, body, monkeypatch)
    done = site.run("recover", run.name, "--json", cwd=runner.folder, AGENT_PROVIDER="fragile")
    assert done.returncode == 0, done.stdout
    assert [(s["action"], s["retry"]["exit_status"]) for s in json.loads(done.stdout)["steps"]] == [
        ("wait-rate-limit", 8),
        ("wait-rate-limit", 8),
        ("wait-rate-limit", 0),
    ]
    assert (runner.folder / "told").read_text() == "xxxx"


@pytest.mark.slow
def test_a_missing_key_is_asked_for_by_name_and_nothing_else_is_done(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, site = fragile(runner, "raise ProviderError('OPENAI_API_KEY is required')", monkeypatch)
    done = site.run("recover", run.name, cwd=runner.folder, AGENT_PROVIDER="fragile")
    assert done.returncode == 8
    assert "export OPENAI_API_KEY=" in done.stdout
    assert "1 action left out" in done.stdout
    assert done.stdout.count("again:") == 1


def test_what_a_person_fixed_meanwhile_is_confirmed_by_the_failed_command(runner: CommandRunner) -> None:
    run = run_with(runner, cyclic())
    assert runner("validate", run.name).status == 4
    put(run / CURRICULUM, valid_curriculum())
    done = runner("recover", run.name, "--json")
    assert done.status == 0, done.out
    assert done.json["unaided_retry"]["exit_status"] == 0
    assert events(run, "recovered")[0]["by"] == ""


@pytest.mark.slow
def test_white_space_in_the_base_url_is_trimmed_for_the_attempt(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        "raise ProviderError('invalid OPENAI_BASE_URL') if os.environ['OPENAI_BASE_URL'].endswith(' ') else "
        "ProviderError('so far so good')"
    )
    run, site = fragile(runner, body, monkeypatch, OPENAI_BASE_URL="https://x.test/v1/ ")
    done = site.run(
        "recover",
        run.name,
        "--json",
        cwd=runner.folder,
        AGENT_PROVIDER="fragile",
        OPENAI_BASE_URL="https://x.test/v1/ ",
    )
    assert done.returncode == 8, "the second failure is another one"
    step = json.loads(done.stdout)["steps"][0]
    assert step["environment"] == {"OPENAI_BASE_URL": "https://x.test/v1"}
    assert "so far so good" in step["retry"]["told"]


def test_a_secret_is_in_no_output_and_no_event(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, site = fragile(runner, f"raise ProviderError('invalid OPENAI_BASE_URL {KEY}')", monkeypatch)
    settings = {
        "AGENT_PROVIDER": "fragile",
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"https://u:{KEY}@x.test/v1/ ",
    }
    for options in ((), ("--json",), ("--dry-run",), ("--unsafe", "--debug")):
        done = site.run("recover", run.name, *options, cwd=runner.folder, **settings)
        assert KEY not in done.stdout + done.stderr
    assert not [p for p in run.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]


# --- the loop -----------------------------------------------------------------------------------------------

ACTION = '''
from dagogy.api import RecoveryInfo, hookimpl
from dagogy.api.recoveries import RecoveryAction, RecoveryOutcome

class Mine(RecoveryAction):
    """Mine."""
    def recover(self, failure, diagnosis, context):
        {body}

@hookimpl
def dagogy_recoveries():
    yield RecoveryInfo(id="{name}", summary="s", api_version=1, impl="{module}:Mine", incidents=("validation_failure",),
                       safety="{safety}", reason="r", order={order}, times={times})
'''  # noqa: E501


def action(
    site: SitePackages, name: str, body: str, safety: str = "safe", order: int = 1, times: int = 1
) -> None:
    source = ACTION.format(
        name=name, module=f"mod_{name}", body=body, safety=safety, order=order, times=times
    )
    site.plugin(
        f"x-{name}", entry_points={"recovery": {name: f"mod_{name}"}}, modules={f"mod_{name}": source}
    )


def failing(site: SitePackages, runner: CommandRunner) -> Path:
    run = run_with(runner, cyclic())
    assert runner("validate", run.name).status == 4
    return run


def recovered(site: SitePackages, runner: CommandRunner, *arguments: str) -> Outcome:
    done = site.run("recover", *arguments, cwd=runner.folder)
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_the_same_failure_with_nothing_changed_ends_the_loop(
    site: SitePackages, runner: CommandRunner
) -> None:
    action(site, "liar", 'return RecoveryOutcome(changed=True, message="helped")')
    run = failing(site, runner)
    done = recovered(site, runner, run.name, "--json")
    assert done.status == 4
    assert done.json["reason"] == "the same failure again with nothing changed"
    assert len(done.json["steps"]) == 1


@pytest.mark.slow
def test_a_report_that_tells_of_another_duration_is_no_change(
    site: SitePackages, runner: CommandRunner
) -> None:
    action(site, "liar", 'return RecoveryOutcome(changed=True, message="helped")')
    run = failing(site, runner)
    report = run / "outputs/reviews/validation_report.md"
    report.write_text(report.read_text() + "\n- rule 'graph.acyclic' took 5.5 s\n")
    assert (
        recovered(site, runner, run.name, "--json").json["reason"]
        == "the same failure again with nothing changed"
    )


@pytest.mark.slow
def test_what_changes_by_the_time_that_passes_is_repeated_and_knows_how_often(
    site: SitePackages, runner: CommandRunner
) -> None:
    action(
        site,
        "patient",
        'context.wait(0.01); return RecoveryOutcome(changed=True, message=f"attempt {context.attempt}")',
        times=3,
    )
    run = failing(site, runner)
    done = recovered(site, runner, run.name, "--only", "patient", "--json")
    assert done.status == 4
    assert [(s["message"], s["retry"]["exit_status"]) for s in done.json["steps"]] == [
        ("attempt 0", 4),
        ("attempt 1", 4),
        ("attempt 2", 4),
    ]
    assert done.json["reason"] == "no action is left that may be carried out"


@pytest.mark.slow
def test_what_may_be_repeated_stops_once_there_is_nothing_to_do(
    site: SitePackages, runner: CommandRunner
) -> None:
    action(site, "patient", 'return RecoveryOutcome(changed=context.attempt == 0, message="m")', times=3)
    run = failing(site, runner)
    done = recovered(site, runner, run.name, "--only", "patient", "--json")
    assert [s["outcome"] for s in done.json["steps"]] == ["changed", "nothing to do"]


@pytest.mark.slow
def test_an_action_that_raises_is_named_and_the_next_one_goes_on(
    site: SitePackages, runner: CommandRunner
) -> None:
    action(site, "bad", 'raise RuntimeError("boom")')
    action(site, "good", 'return RecoveryOutcome(changed=False, message="seen")', order=2)
    run = failing(site, runner)
    done = recovered(site, runner, run.name, "--json")
    assert [(s["action"], s["outcome"]) for s in done.json["steps"][:2]] == [
        ("bad", "failed"),
        ("good", "nothing to do"),
    ]
    assert "boom" in done.json["steps"][0]["message"]
    assert "x-bad" in done.json["steps"][0]["message"]


def test_a_third_party_action_resolves_what_the_failed_command_confirms(
    site: SitePackages, runner: CommandRunner
) -> None:
    valid = json.dumps(valid_curriculum())
    action(
        site,
        "mend",
        (
            f'(context.run / "{CURRICULUM}").write_text({valid!r}); return RecoveryOutcome(changed=True, '
            'message="mended")'
        ),
    )
    run = failing(site, runner)
    done = recovered(site, runner, run.name, "--json")
    assert done.status == 0, done.out
    assert [s["action"] for s in done.json["steps"]] == ["mend"]
    assert events(run, "recovered")[0]["by"] == "mend"


def test_a_manual_action_that_says_it_changed_something_is_refused(
    site: SitePackages, runner: CommandRunner
) -> None:
    action(site, "fraud", 'return RecoveryOutcome(changed=True, message="did it")', safety="manual")
    run = failing(site, runner)
    done = recovered(site, runner, run.name, "--json")
    assert "it is manual but reports a change" in " ".join(done.json["broken_recoveries"])


def test_dry_run_changes_nothing_and_shows_what_would_be_done(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    done = runner("recover", run.name, "--dry-run", "--json")
    assert done.status == 5
    assert [p["action"] for p in done.json["planned"]] == ["run-missing-stages"]
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


def test_only_limits_the_recovery_to_one_action(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    done = runner("recover", run.name, "--only", "read-kept-scope", "--json")
    assert done.status == 5
    assert [s["action"] for s in done.json["steps"]] == ["read-kept-scope"]
    wrong = runner("recover", run.name, "--only", "read-kept-scop")
    assert wrong.status == 3
    assert "read-kept-scope" in wrong.err


def test_an_unknown_failure_leads_to_no_action(runner: CommandRunner) -> None:
    run = run_with(runner)
    record(run, "internal_error", "nobody has ever seen this", ["plan", run.name], 10)
    done = runner("recover", run.name, "--unsafe", "--json")
    assert done.status == 10
    assert done.json["steps"] == []
    assert "no action is taken" in done.json["reason"]
    assert runner.stage() == "generated"


def test_the_run_is_meant_that_failed_even_when_latest_is_another_one_by_now(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", "--wait", "2", "latest").status == 5
    other = runner.init("other")
    done = runner("recover", run.name, "--json")
    assert done.json["command"] == ["dagogy", "plan", "--wait", "2", run.name]
    assert done.status == 0
    assert runner.stage(other.name) == "initialized"


def test_a_command_whose_secret_was_not_recorded_is_not_run_again(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    rewritten(run, command=["dagogy", "plan", run.name, "--wait", "[redacted]"])
    done = runner("recover", run.name, "--json")
    assert done.status == 5
    assert "run it again yourself" in done.json["reason"]


def test_a_recorded_command_about_another_run_is_not_run(runner: CommandRunner) -> None:
    other, run = runner.init("other"), run_with(runner)
    assert runner("plan", run.name).status == 5
    for command in (["archive", other.name, "--remove"], ["run", other.name, "--scope-file", run.name]):
        rewritten(run, command=["dagogy", *command])
        done = runner("recover", run.name, "--unsafe", "--json")
        assert done.status == 5
        assert "names another run" in done.json["reason"]
        assert other.is_dir()


def test_a_failed_recovery_is_not_itself_the_failure_to_recover_from(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert runner("plan", run.name).status == 5
    assert runner("recover", run.name, "--only", "nonsense").status == 3
    assert runner("recover", run.name, "--json").json["command"] == ["dagogy", "plan", run.name]


# --- the kit, on every installed action ---------------------------------------------------------------------


def installed(kind: str) -> Iterator[Any]:
    host = Host()
    for plugin in host.load(kind):
        yield pytest.param(host.implementation(plugin), plugin.info, id=plugin.id)


@pytest.mark.parametrize(("kind", "info"), list(installed("recovery")))
def test_every_installed_action_keeps_what_its_safety_level_promises(
    kind: type[RecoveryAction], info: RecoveryInfo, tmp_path: Path
) -> None:
    run = tmp_path / "runs" / "20260131-120000-t"
    put(run / SPEC, VALID_SPEC)
    put(run / "inputs/scope.md", "# A\n")
    put(run / CURRICULUM, cyclic())
    put(run / "run.json", "{")

    def answer(arguments: Sequence[str]) -> CommandResult:
        """What the real commands would do to the folder."""
        if arguments[0] == "init":
            put(run.parent / "20260131-130000-t" / "run.json", "{}")
            (run.parent / "20260131-130000-t/inputs").mkdir(exist_ok=True)
            return CommandResult(exit_status=0, text="run 20260131-130000-t is initialized")
        if arguments[0] == "run":
            put(run.parent / arguments[1] / SPEC, {"made": "anew"})
        if arguments[0] == "validate":
            put(run / CURRICULUM, valid_curriculum())
        return CommandResult(exit_status=0)

    settings = {"AGENT_MODEL": "m", "AGENT_PROVIDER": "codex_exec", "OPENAI_BASE_URL": "api.x.test/v1/ "}
    context = FakeRecoveryContext(run, settings=settings, spec_problems=("goal is empty",), answer=answer)
    details = {"artifact": SPEC if info.id == "read-kept-scope" else "outputs/plan/plan.json"}
    fixture = Failure(
        code="x", message="m", command=("dagogy", "iterate", run.name), run_id=run.name, details=details
    )
    outcome = check_action(kind, info, fixture, context)
    assert outcome.message
    assert info.safety != "manual" or outcome.commands


def test_the_kit_catches_what_breaks_a_promise(tmp_path: Path) -> None:
    class Careless(RecoveryAction):
        def recover(self, failure: Any, diagnosis: Any, context: Any) -> RecoveryOutcome:
            path = context.run / "inputs/topic_spec.json"
            path.write_text(path.read_text() + "x")
            return RecoveryOutcome(changed=True, message="m")

    def info(safety: Any, reason: str = "r") -> RecoveryInfo:
        return RecoveryInfo(
            id="careless",
            summary="s",
            api_version=1,
            impl="x:y",
            incidents=("i",),
            safety=safety,
            reason=reason,
        )

    run = tmp_path / "20260131-120000"
    put(run / SPEC, "{}")
    for safety, message in (("safe", "lost"), ("manual", "is manual"), ("unsafe", "done twice")):
        with pytest.raises(AssertionError, match=message):
            check_action(Careless, info(safety), "text", FakeRecoveryContext(run))
    with pytest.raises(AssertionError, match="does not say why"):
        check_action(Careless, info("unsafe", ""), "text", FakeRecoveryContext(run))


def test_the_kit_takes_failures_of_every_form_and_refuses_unannounced_answers() -> None:
    plugin = Host().get("classifier", "stage-conflict")
    kind = Host().implementation(plugin)
    found = diagnosis_of(kind, plugin.info, {"code": "stage_conflict", "message": "topic spec not ready"})
    assert found is not None
    assert found.incident_id == "stage_conflict"
    assert diagnosis_of(kind, plugin.info, "all is well") is None
    narrow = ClassifierInfo(id="stage-conflict", summary="s", api_version=1, impl="x:y", incidents=("other",))
    with pytest.raises(AssertionError, match="not one of its incidents"):
        diagnosis_of(kind, narrow, Failure(code="stage_conflict", message="m"))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("api.openai.com/v1", "https://api.openai.com/v1"),
        ("https:/api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        ("localhost:8080/v1\n", "http://localhost:8080/v1"),
        ("", "https://api.openai.com/v1"),
        ("ftp://x", "https://api.openai.com/v1"),
        ("sk-test-0123456789abcdef", "https://api.openai.com/v1"),
        ("https://sk-test-0123456789abcdef/v1", "https://api.openai.com/v1"),
        ("0123456789abcdef0123456789abcdef", "https://api.openai.com/v1"),
        ("gateway:8080", "https://gateway:8080/v1"),
        ("https://gateway.test/openai/v1", "https://gateway.test/openai/v1"),
    ],
)
def test_the_base_url_that_was_probably_meant_is_offered(given: str, wanted: str) -> None:
    from dagogy_incident_remote_llm_config.actions import _ROOT
    from dagogy_provider_remote_llm.access import ROOT

    assert ROOT == _ROOT  # who refuses an address and who repairs it mean the same
    assert ROOT.repaired(given) == wanted
