"""`run --self-heal`: one command that ends in a result or in a bundle, within its limits; and the record of a
command that was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.failures import Failure
from dagogy.host.manager import Host
from dagogy.incidents.commands import plain, under
from dagogy.incidents.limits import Limits
from dagogy.testing import FakeRecoveryContext
from support import (
    HANGS,
    VALID_SPEC,
    CommandRunner,
    Outcome,
    SitePackages,
    clean_environment,
    failed,
    put,
    run_with,
    valid_curriculum,
)
from test_recover import CURRICULUM, cyclic, events

KEY = "sk-canary0123456789abcdef"
#: A provider that does what the `n`-th line of its script says; it costs three requests each time.
SCRIPTED = '''
import json, os, time
from pathlib import Path
from dagogy.api import ProviderInfo, hookimpl
from dagogy.api.errors import ProviderError
from dagogy.api.providers import Proposal, Provider

class Scripted(Provider):
    """Fails and answers by a script."""
    endpoint = "{name}.test"
    def propose(self, request):
        place = Path(os.environ["SCRIPTS"]) / "{name}"
        script = json.loads((place.with_suffix(".json")).read_text())
        place.open("a").write("x")
        line = script[min(place.stat().st_size, len(script)) - 1]
        if "block" in line:
            open(line["block"]).read()
        if "curriculum" in line:
            return Proposal(curriculum=line["curriculum"], usage={{"calls": 3}})
        raise ProviderError(line["message"], details={{"usage": {{"calls": 3}}, **line["details"]}})

@hookimpl
def dagogy_providers():
    yield ProviderInfo(id="{name}", summary="s", api_version=1, impl="mod_{name}:Scripted")
'''
ACTION = '''
from dagogy.api import RecoveryInfo, hookimpl
from dagogy.api.recoveries import RecoveryAction, RecoveryOutcome

class Mine(RecoveryAction):
    """Mine."""
    def recover(self, failure, diagnosis, context):
        {body}

@hookimpl
def dagogy_recoveries():
    yield RecoveryInfo(id="{name}", summary="s", api_version=1, impl="mod_{name}:Mine", incidents={incidents}, safety="{safety}", reason="r",
                       order=1, {more})
'''  # noqa: E501
RATE = {
    "message": "HTTP 429: slow down",
    "details": {"http_status": 429, "machine_code": "rate_limit_exceeded", "retry_after_seconds": 0.1},
}
QUOTA = {
    "message": "the quota is used up",
    "details": {"http_status": 429, "machine_code": "insufficient_quota", "retry_after_seconds": 7200},
}
DENIED = {"message": "HTTP 401", "details": {"http_status": 401, "machine_code": "invalid_api_key"}}
GOOD = {"curriculum": valid_curriculum()}


class Stage:
    """A workspace with scripted providers, in which `dagogy` runs as a process of its own."""

    def __init__(self, runner: CommandRunner, site: SitePackages) -> None:
        self.runner, self.site = runner, site
        self.scripts = runner.folder / "scripts"
        self.scripts.mkdir()
        self.run = runner.init()
        put(self.run / "inputs/topic_spec.json", VALID_SPEC)

    def provider(self, name: str, *script: Any) -> None:
        self.site.plugin(
            f"x-{name}",
            entry_points={"provider": {name: f"mod_{name}"}},
            modules={f"mod_{name}": SCRIPTED.format(name=name)},
        )
        (self.scripts / f"{name}.json").write_text(json.dumps(script))

    def action(
        self,
        name: str,
        body: str,
        incidents: tuple[str, ...] = ("validation_failure",),
        safety: str = "safe",
        more: str = "",
    ) -> None:
        source = ACTION.format(name=name, body=body, incidents=incidents, safety=safety, more=more)
        self.site.plugin(
            f"x-{name}", entry_points={"recovery": {name: f"mod_{name}"}}, modules={f"mod_{name}": source}
        )

    def asked(self, name: str) -> int:
        path = self.scripts / name
        return path.stat().st_size if path.exists() else 0

    def __call__(self, *options: str, cwd: Path | None = None, **settings: str) -> Outcome:
        done = self.site.run(
            "run",
            self.run.name,
            *options,
            cwd=cwd or self.runner.folder,
            SCRIPTS=str(self.scripts),
            **settings,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    @property
    def trace(self) -> Any:
        return json.loads((self.run / "outputs/reviews/optimization_trace.json").read_text())


@pytest.fixture
def stage(runner: CommandRunner, site: SitePackages) -> Stage:
    return Stage(runner, site)


def bundle(path: str) -> dict[str, str]:
    with tarfile.open(path) as tar:
        return {m.name.split("/", 1)[1]: tar.extractfile(m).read().decode() for m in tar.getmembers()}  # type: ignore[union-attr]


# --- healed -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_works_at_once_is_not_healed(stage: Stage) -> None:
    stage.provider("good", GOOD)
    done = stage("--provider", "good", "--self-heal", "--json")
    assert done.status == 0, done.err
    assert "healing" not in done.json
    assert stage.asked("good") == 1


@pytest.mark.slow
def test_a_rate_limit_is_waited_out_and_the_result_is_that_of_the_command(stage: Stage) -> None:
    stage.provider("busy", RATE, GOOD)
    done = stage("--provider", "busy", "--self-heal", "--json")
    assert done.status == 0, done.err
    assert (done.json["stage"], done.json["provider"], done.json["passed"]) == ("iterated", "busy", True)
    healing = done.json["healing"]
    assert healing["resolved"] is True
    assert [s["action"] for s in healing["steps"]] == ["wait-rate-limit"]
    assert healing["command"] == ["dagogy", "run", stage.run.name, "--provider", "busy", "--json"]
    assert stage.asked("busy") == 2
    recorded = [json.loads(p.read_text()) for p in sorted((stage.run / "logs/failures").iterdir())]
    assert [(r["code"], r["provider"], r["endpoint"]) for r in recorded] == [
        ("provider_error", "busy", "busy.test")
    ]
    assert [e["by"] for e in events(stage.run, "recovered")] == ["wait-rate-limit"]


@pytest.mark.slow
def test_the_summary_says_what_was_wrong_what_helped_and_what_makes_it_permanent(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    done = stage("--self-heal", AGENT_PROVIDER="denied", AGENT_MODEL="m", AGENT_FALLBACK_PROVIDERS="internal")
    assert done.status == 0, done.err
    assert done.err == ""
    for wanted in (
        "failed: [provider_error] HTTP 401",
        "healed: provider_error: HTTP 401",
        "what helped: fall-back-provider: provider denied -> internal",
        "export AGENT_PROVIDER=internal",
        "unset AGENT_MODEL",
        f"run {stage.run.name}: iterated",
    ):
        assert wanted in done.out, wanted


@pytest.mark.slow
def test_the_options_of_the_command_give_way_to_the_settings_of_the_attempt(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    options = ("--provider", "denied", "--model=m", "--target-score", "50", "--self-heal", "--json")
    done = stage(*options, AGENT_FALLBACK_PROVIDERS="internal")
    assert done.status == 0, done.err
    assert done.json["provider"] == "internal"
    assert done.json["healing"]["permanent"] == [
        f"dagogy run {stage.run.name} --target-score 50 --json --provider internal"
    ]
    assert stage.trace["target_score"] == 50


def test_the_provenance_of_a_fallback_reaches_the_trace_without_secrets(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    stage.provider("spare", GOOD)
    done = stage("--self-heal", AGENT_PROVIDER="denied", AGENT_FALLBACK_PROVIDERS="spare", OPENAI_API_KEY=KEY)
    assert done.status == 0, done.err
    message = stage.trace["recovery"]
    (record,) = (stage.run / "logs/failures").iterdir()
    assert message == {
        "action": "fall-back-provider",
        "incident": "provider_auth_failed",
        "record": record.name,
        "environment": {"AGENT_PROVIDER": "spare", "AGENT_MODEL": ""},
    }
    assert stage.trace["provider"] == "spare"


@pytest.mark.slow
def test_the_next_provider_is_one_that_has_not_failed_yet_and_a_new_incident_keeps_it(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    stage.provider("poor", QUOTA)
    stage.provider("busy", RATE, GOOD)
    done = stage(
        "--self-heal", "--json", AGENT_PROVIDER="denied", AGENT_FALLBACK_PROVIDERS="denied, poor,busy"
    )
    assert done.status == 0, done.err
    steps = [(s["action"], s["settings"].get("AGENT_PROVIDER")) for s in done.json["healing"]["steps"]]
    assert steps == [
        ("renew-session", None),
        ("fall-back-provider", "poor"),
        ("fall-back-provider", "busy"),
        ("wait-rate-limit", "busy"),
    ]
    assert [stage.asked(name) for name in ("denied", "poor", "busy")] == [1, 1, 2]
    assert events(stage.run, "recovered")[0]["incidents"] == {
        "provider_auth_failed": "fall-back-provider",
        "provider_quota_exhausted": "fall-back-provider",
        "provider_rate_limited": "wait-rate-limit",
    }


@pytest.mark.slow
def test_an_open_circuit_leads_to_the_fallback_without_asking(stage: Stage) -> None:
    stage.provider("poor", QUOTA)
    stage("--provider", "poor")
    done = stage("--provider", "poor", "--self-heal", "--json", AGENT_FALLBACK_PROVIDERS="internal")
    assert done.status == 0, done.err
    assert [s["action"] for s in done.json["healing"]["steps"]] == ["await-circuit", "fall-back-provider"]
    assert stage.asked("poor") == 1


@pytest.mark.slow
def test_a_validation_failure_is_healed_by_what_recover_does(stage: Stage) -> None:
    loop = cyclic()
    stage.provider("loop", {"curriculum": loop})
    stage.action(
        "mend",
        f'(context.run / "inputs/topic_spec.json").touch(); from pathlib import Path; '
        f"Path({str(stage.scripts / 'loop.json')!r}).write_text({json.dumps(json.dumps([GOOD]))}); "
        'return RecoveryOutcome(changed=True, message="mended", environment={"AGENT_TARGET_SCORE": "70"})',
    )
    done = stage("--provider", "loop", "--self-heal", "--json")
    assert done.status == 0, done.err
    assert [s["action"] for s in done.json["healing"]["steps"]] == ["mend"]


@pytest.mark.slow
def test_incidents_list_tells_what_resolved_each_class(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    stage.provider("busy", RATE, GOOD)
    done = stage("--self-heal", AGENT_PROVIDER="denied", AGENT_FALLBACK_PROVIDERS="busy")
    assert done.status == 0, done.err
    listed = json.loads(stage.site.run("incidents", "list", "--json", cwd=stage.runner.folder).stdout)[
        "incidents"
    ]
    assert {row["incident"]: row["resolved_before"] for row in listed} == {
        "provider_auth_failed": {"fall-back-provider": 1},
        "provider_rate_limited": {"wait-rate-limit": 1},
    }


# --- given up -----------------------------------------------------------------------------------------------


def test_what_cannot_be_healed_ends_in_a_bundle_and_the_failures_exit_status(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    done = failed(
        stage("--provider", "denied", "--self-heal", "--json", OPENAI_API_KEY=KEY), "provider_error"
    )
    lines = done.err.splitlines()
    assert lines[0] == "[provider_error] HTTP 401"
    assert lines[-1].startswith("incident provider_auth_failed: ")
    assert f"bundle: {done.json['bundle']}" in lines
    assert done.json["error"]["code"] == "provider_error"
    assert done.json["healing"]["resolved"] is False
    files = bundle(done.json["bundle"])
    assert "dagogy run --self-heal could not recover from it: no action is left" in files["report.md"]
    assert "renew-session" in files["report.md"]
    assert KEY not in "".join(files.values()) + done.out + done.err
    assert stage.asked("denied") == 1  # nothing had changed: no reason to ask again


@pytest.mark.slow
def test_an_unknown_failure_is_escalated_and_nothing_is_done(stage: Stage) -> None:
    stage.provider("odd", {"message": "the moon is in the wrong house", "details": {}})
    done = failed(stage("--provider", "odd", "--self-heal", "--unsafe"), "provider_error")
    assert "unknown" in done.err.splitlines()[-1]
    assert "bundle: " in done.err
    assert stage.asked("odd") == 1


GUESS = '''
from dagogy.api import ClassifierInfo, hookimpl
from dagogy.api.failures import Classifier, Diagnosis, Rank

class Mine(Classifier):
    """Mine.

    moonstruck:
        What: W.
    """
    def classify(self, failure):
        return Diagnosis(incident_id="moonstruck", rank=Rank.GENERIC, confidence=0.99, evidence=("line",))

@hookimpl
def dagogy_classifiers():
    yield ClassifierInfo(id="seer", summary="s", api_version=1, impl="mod_seer:Mine", incidents=("moonstruck",), tentative={tentative})
'''  # noqa: E501


@pytest.mark.parametrize("tentative", [True, False])
def test_a_guess_is_told_and_no_action_follows_from_it(stage: Stage, tentative: bool) -> None:
    stage.provider("odd", {"message": "the moon is in the wrong house", "details": {}}, GOOD)
    stage.site.plugin(
        "x-seer",
        entry_points={"classifier": {"seer": "mod_seer"}},
        modules={"mod_seer": GUESS.format(tentative=tentative)},
    )
    body = 'return RecoveryOutcome(changed=True, message="sky cleared")'
    stage.action("clear-sky", body, incidents=("moonstruck",))
    done = stage("--provider", "odd", "--self-heal", "--unsafe", "--json")
    # What is known for sure is healed by that very action.
    assert (done.status == 0) is not tentative
    assert stage.asked("odd") == (1 if tentative else 2)
    assert [s["action"] for s in done.json["healing"]["steps"]] == ([] if tentative else ["clear-sky"])
    if tentative:
        assert "probably moonstruck" in done.err


@pytest.mark.parametrize("cause", ["refusal", "content_filter", "timeout"])
def test_no_other_provider_is_asked_after_a_refusal_or_our_own_timeout(stage: Stage, cause: str) -> None:
    more = {"killed_by": "timeout"} if cause == "timeout" else {}
    stage.provider("no", {"message": "no answer", "details": {"cause": cause, **more}})
    stage.provider("spare", GOOD)
    failed(
        stage("--provider", "no", "--self-heal", "--unsafe", AGENT_FALLBACK_PROVIDERS="spare"),
        "provider_error",
    )
    assert stage.asked("spare") == 0


def test_no_other_provider_is_asked_after_a_schema_was_rejected(stage: Stage) -> None:
    details = {"http_status": 400, "machine_code": "invalid_json_schema"}
    stage.provider(
        "strict", {"message": "Invalid schema for response_format 'curriculum'", "details": details}
    )
    stage.provider("spare", GOOD)
    done = failed(
        stage("--provider", "strict", "--self-heal", "--unsafe", "--json", AGENT_FALLBACK_PROVIDERS="spare"),
        "provider_error",
    )
    assert done.json["healing"]["diagnosis"]["incident"] == "output_schema_rejected"
    assert stage.asked("spare") == 0


def test_a_provider_that_is_not_installed_is_no_fallback_and_is_named(stage: Stage) -> None:
    stage.provider("spare", GOOD)
    done = failed(
        stage("--provider", "spare", "--self-heal", AGENT_FALLBACK_PROVIDERS="internal,spar"), "config_error"
    )
    assert "AGENT_FALLBACK_PROVIDERS is 'spar'" in done.err
    assert "spare" in done.err.splitlines()[1]
    assert stage.asked("spare") == 0


@pytest.mark.slow
def test_consent_beforehand_covers_the_one_action_that_it_is_for(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    stage.action(
        "bold", 'return RecoveryOutcome(changed=False, message="seen")', ("provider_auth_failed",), "unsafe"
    )
    done = stage("--provider", "denied", "--self-heal", "--json", AGENT_FALLBACK_PROVIDERS="internal")
    assert [s["action"] for s in done.json["healing"]["steps"]] == ["renew-session", "fall-back-provider"]
    without = stage("--provider", "denied", "--self-heal", "--json")
    assert {h["action"] for h in without.json["healing"]["hidden"]} == {"bold"}


# --- limits -------------------------------------------------------------------------------------------------


def again(stage: Stage) -> None:
    """An action that always hopes for the best."""
    stage.action(
        "hope",
        'return RecoveryOutcome(changed=True, message="hoped")',
        ("provider_auth_failed",),
        more="times=9",
    )


@pytest.mark.slow
def test_attempts_are_limited(stage: Stage) -> None:
    stage.provider("denied", *({**DENIED, "message": f"HTTP 401, the {n}th"} for n in range(9)))
    again(stage)
    done = failed(
        stage("--provider", "denied", "--self-heal", "--heal-attempts", "2", "--json"), "provider_error"
    )
    assert done.json["healing"]["reason"] == "out of budget: 2 attempts"
    assert stage.asked("denied") == 3
    assert "HTTP 401, the 2th" in done.err.splitlines()[0]


@pytest.mark.slow
def test_requests_to_a_service_are_limited_and_the_child_knows_the_rest(stage: Stage) -> None:
    stage.provider("denied", *({**DENIED, "message": f"HTTP 401, the {n}th"} for n in range(9)))
    stage.action(
        "hope",
        'return RecoveryOutcome(changed=True, message="hoped")',
        ("provider_auth_failed",),
        more="times=9",
    )
    source = (stage.site.folder / "mod_denied.py").read_text()
    spy = (
        'place.open("a")\n        (place.parent / "allowed").open("a").write(f"{request.budget.calls} ")\n'
        '        place.open("a")'
    )
    (stage.site.folder / "mod_denied.py").write_text(source.replace('place.open("a")', spy))
    done = failed(
        stage("--provider", "denied", "--self-heal", "--heal-calls", "7", "--json", AGENT_MAX_CALLS="5"),
        "provider_error",
    )
    assert done.json["healing"]["reason"] == "out of budget: 7 requests to a service"
    # the first one is not the recovery's
    assert (stage.scripts / "allowed").read_text().split() == ["5", "5", "4", "1"]


@pytest.mark.slow
def test_the_time_is_limited_and_ends_the_attempt_under_way(stage: Stage) -> None:
    fifo = stage.scripts / "fifo"
    os.mkfifo(fifo)
    stage.provider("denied", DENIED, {"block": str(fifo), **GOOD})
    again(stage)
    done = failed(
        stage("--provider", "denied", "--self-heal", "--heal-seconds", "3", "--json"), "provider_error"
    )
    assert done.json["healing"]["reason"] == "out of budget: 3 seconds"
    assert done.err.splitlines()[0] == "[provider_error] HTTP 401"
    records = [json.loads(p.read_text()) for p in sorted((stage.run / "logs/failures").iterdir())]
    assert [(r["code"], r["signal"], r["killed_by"]) for r in records] == [
        ("provider_error", None, ""),
        ("interrupted", int(signal.SIGALRM), "timeout"),
    ]
    assert "| Incident | provider_auth_failed" in bundle(done.json["bundle"])["report.md"]


@pytest.mark.slow
def test_the_same_failure_with_nothing_changed_stops(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    stage.action("liar", 'return RecoveryOutcome(changed=True, message="helped")', ("provider_auth_failed",))
    done = failed(stage("--provider", "denied", "--self-heal", "--json"), "provider_error")
    assert done.json["healing"]["reason"] == "the same failure again with nothing changed"
    assert stage.asked("denied") == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("AGENT_HEAL_ATTEMPTS", "0"), ("AGENT_HEAL_SECONDS", "soon"), ("AGENT_HEAL_CALLS", "-1")],
)
def test_a_limit_that_cannot_be_meant_is_named(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    runner.init()
    monkeypatch.setenv(name, value)
    assert name in failed(runner("run", "latest", "--self-heal"), "config_error").err


def test_limits_count_from_when_they_are_made() -> None:
    now = [100.0]
    limits = Limits(4, 60, 12, clock=lambda: now[0])
    assert (limits.spent(3, 11), limits.seconds_left) == ("", 60)
    now[0] = 159
    assert (limits.spent(0, 0), limits.seconds_left) == ("", 1)
    now[0] = 161
    assert (limits.spent(0, 0), limits.seconds_left) == ("out of budget: 60 seconds", 0)
    assert Limits().spent(10**6, 10**6) == ""


@pytest.mark.parametrize(
    "options", [["--unsafe"], ["--heal-attempts", "3"], ["--self-heal", "--show-prompt"]]
)
def test_options_that_would_do_nothing_are_refused(runner: CommandRunner, options: list[str]) -> None:
    runner.init()
    failed(runner("run", "latest", *options), "invalid_argument")


# --- the command --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("run x --self-heal --scope-file a --unsafe", "run x --scope-file a"),
        ("run --heal-attempts 3 x --heal-calls=2 --self-heal --wait 5", "run x --wait 5"),
        ("run x --self-heal -- --unsafe", "run x -- --unsafe"),
        ("recover x --unsafe", "recover x --unsafe"),
    ],
)
def test_the_command_that_is_run_again_does_not_heal_itself_and_keeps_its_other_words(
    given: str, wanted: str
) -> None:
    assert plain(given.split()) == tuple(wanted.split())


def test_only_the_options_that_a_setting_stands_for_are_left_out() -> None:
    command = "run x --provider p --model=m --scope-file a --target-score 5 -- --model".split()
    assert under(command, {"AGENT_MODEL": "", "AGENT_TARGET_SCORE": "1", "OPENAI_BASE_URL": "x"}) == tuple(
        "run x --provider p --scope-file a -- --model".split()
    )


@pytest.mark.slow
def test_the_retry_runs_in_the_folder_of_the_caller(stage: Stage, tmp_path: Path) -> None:
    stage.provider("internal2", DENIED, GOOD)
    place = stage.runner.folder / "deep"
    place.mkdir()
    (place / "notes.md").write_text(
        "# Tea\n\n## Leaves\nLeaves are picked and dried.\n\n## Water\n"
        "Water is boiled, then poured on the leaves.\n"
    )
    runs = {"ORCHESTRATION_BASE_DIR": "../runs", "AGENT_PROVIDER": "internal2"}
    failed(stage("--scope-file", "notes.md", cwd=place, **runs), "provider_error")
    (record,) = (stage.run / "logs/failures").iterdir()
    assert json.loads(record.read_text())["folder"] == str(place)
    elsewhere = {"SCRIPTS": str(stage.scripts), "AGENT_PROVIDER": "internal2"}
    done = stage.site.run("recover", stage.run.name, "--json", cwd=stage.runner.folder, **elsewhere)
    assert json.loads(done.stdout)["next"].startswith(
        f"cd {place} && ORCHESTRATION_BASE_DIR={stage.runner.runs} dagogy recover "
    )
    assert stage.asked("internal2") == 1
    done = stage.site.run("recover", stage.run.name, "--json", cwd=place, **{**runs, **elsewhere})
    report = json.loads(done.stdout)
    assert "notes.md" in report["command"]
    assert report["unaided_retry"]["told"] != ""
    assert "does not exist" not in report["unaided_retry"]["told"]
    assert (stage.run / "inputs/scope.md").exists()
    assert stage.asked("internal2") == 2


def test_a_folder_that_is_gone_is_reported_and_nothing_is_run(stage: Stage) -> None:
    stage.provider("denied", DENIED)
    place = stage.runner.folder / "deep"
    place.mkdir()
    (place / "notes.md").write_text(
        "# Tea\n\n## Leaves\nLeaves are picked and dried.\n\n## Water\n"
        "Water is boiled, then poured on the leaves.\n"
    )
    settings = {"SCRIPTS": str(stage.scripts), "AGENT_PROVIDER": "denied"}
    failed(
        stage(
            "--scope-file", "notes.md", cwd=place, ORCHESTRATION_BASE_DIR="../runs", AGENT_PROVIDER="denied"
        ),
        "provider_error",
    )
    (place / "notes.md").unlink()
    place.rmdir()
    done = stage.site.run("recover", stage.run.name, "--json", cwd=stage.runner.folder, **settings)
    assert (
        f"counts from the folder in which it was run, which is gone: {place}"
        in json.loads(done.stdout)["reason"]
    )
    assert stage.asked("denied") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.slow
def test_a_signal_stops_everything(stage: Stage, number: signal.Signals) -> None:
    fifo, started = stage.scripts / "fifo", stage.scripts / "denied"
    os.mkfifo(fifo)
    stage.provider("denied", DENIED, {"block": str(fifo), **GOOD})
    again(stage)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dagogy",
            "run",
            stage.run.name,
            "--provider",
            "denied",
            "--self-heal",
            "--json",
        ],
        cwd=stage.runner.folder,
        env=clean_environment([stage.site.folder], SCRIPTS=str(stage.scripts), MARK=str(fifo)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    writer = os.open(fifo, os.O_WRONLY)  # returns when the second attempt has opened it
    try:
        assert started.stat().st_size == 2
        process.send_signal(number)
        out, err = process.communicate(timeout=HANGS)
    finally:
        os.close(writer)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert err.startswith("[interrupted] ")
    assert not [
        p for p in Path("/proc").iterdir() if p.name.isdigit() and f"MARK={fifo}".encode() in _environment(p)
    ]
    last = json.loads(max((stage.run / "logs/failures").iterdir()).read_text())
    assert (last["signal"], last["killed_by"]) == (
        int(number),
        "user" if number == signal.SIGINT else "system",
    )
    assert stage.runner.stage() == "spec_ready"


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


# --- killed -------------------------------------------------------------------------------------------------


def killed(stage: Stage) -> int:
    """Kills a run in the middle; returns its process id."""
    fifo = stage.scripts / "fifo"
    os.mkfifo(fifo)
    stage.provider("slow", {"block": str(fifo), **GOOD}, GOOD)
    process = subprocess.Popen(
        [sys.executable, "-m", "dagogy", "run", stage.run.name, "--target-score", "70"],
        cwd=stage.runner.folder,
        env=clean_environment([stage.site.folder], SCRIPTS=str(stage.scripts), AGENT_PROVIDER="slow"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    writer = os.open(fifo, os.O_WRONLY)
    try:
        assert stage.runner.ok("status", stage.run.name)
        assert not list((stage.run / "logs").glob("failures/*")), "it is at work still"
        process.kill()
        process.wait(HANGS)
    finally:
        os.close(writer)
    return process.pid


@pytest.mark.slow
def test_a_command_that_was_killed_gets_its_record_from_the_next_one_and_is_recovered(stage: Stage) -> None:
    pid = killed(stage)
    assert stage.runner.stage(stage.run.name) == "spec_ready"
    (record,) = (stage.run / "logs/failures").iterdir()
    document = json.loads(record.read_text())
    assert (document["code"], document["killed_by"], document["signal"]) == ("interrupted", "unknown", None)
    assert document["command"] == ["dagogy", "run", stage.run.name, "--target-score", "70"]
    assert (document["folder"], document["environment"]) == (str(stage.runner.folder), {})
    assert f"process {pid} ended without recording why" in document["message"]
    assert f"-{pid}-interrupted" in record.name
    stage.runner.ok("status", stage.run.name)
    assert len(list((stage.run / "logs/failures").iterdir())) == 1
    done = stage.site.run(
        "recover",
        stage.run.name,
        "--json",
        cwd=stage.runner.folder,
        SCRIPTS=str(stage.scripts),
        AGENT_PROVIDER="slow",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["diagnosis"]["incident"] == "interrupted"
    assert stage.runner.stage(stage.run.name) == "iterated"


def test_a_command_that_failed_or_ended_is_not_taken_for_killed(runner: CommandRunner) -> None:
    run = run_with(runner, cyclic())
    runner("validate", run.name)
    put(run / CURRICULUM, valid_curriculum())
    for command in ("validate", "plan", "status"):
        runner.ok(command, run.name)
    assert [p.name.rpartition("-")[2] for p in (run / "logs/failures").iterdir()] == [
        "validation_failed.json"
    ]
    assert not events(run, "command_lost")


# --- the fallback action ------------------------------------------------------------------------------------


def fall_back(context: FakeRecoveryContext, **facts: Any) -> Any:
    plugin = Host().get("recovery", "fall-back-provider")
    return (
        Host()
        .implementation(plugin)(plugin.info)
        .recover(Failure(code="provider_error", **facts), None, context)
    )


def test_the_fallback_goes_through_the_list_in_order(tmp_path: Path) -> None:
    settings = {"AGENT_FALLBACK_PROVIDERS": "a, b ,gone,c"}
    for failed_ones, now, wanted in (
        ((), "x", "a"),
        (("x", "a"), "a", "b"),
        (("x", "a", "b"), "b", "c"),
        (("x", "a", "b", "c"), "c", ""),
    ):
        context = FakeRecoveryContext(
            tmp_path, settings=settings, providers=("a", "b", "c", "x"), failed_providers=failed_ones
        )
        outcome = fall_back(context, provider=now)
        assert outcome.environment.get("AGENT_PROVIDER", "") == wanted
        assert outcome.changed is bool(wanted)


def test_the_fallback_is_offered_for_no_refusal_no_rejected_schema_and_no_timeout() -> None:
    info = Host().get("recovery", "fall-back-provider").info
    assert not set(info.incidents) & {
        "provider_refusal",
        "output_schema_rejected",
        "provider_timeout",
        "provider_request_unsupported",
    }
    assert (info.safety, info.consent) == ("unsafe", "AGENT_FALLBACK_PROVIDERS")
