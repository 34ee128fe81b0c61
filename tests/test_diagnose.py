"""The diagnosis: isolation, precedence, ties, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dagogy.api.failures import Failure
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.parsing import from_record
from support import HANGS, CommandRunner, SitePackages, clean_environment

TEMPLATE = '''
from dagogy.api import ClassifierInfo, hookimpl
from dagogy.api.failures import Classifier, Diagnosis, Rank

class Mine(Classifier):
    """Mine."""
    def classify(self, failure):
        {body}

@hookimpl
def dagogy_classifiers():
    yield ClassifierInfo(id="{name}", summary="s", api_version=1, impl="{module}:Mine", incidents=("{incident}",))
'''  # noqa: E501


def answer(incident: str, rank: str = "PROSE", weight: int = 1) -> str:
    return (
        f'return Diagnosis(incident_id="{incident}", rank=Rank.{rank}, confidence=0.5, evidence=("line",), '
        f"weight={weight})"
    )


def add(site: SitePackages, name: str, incident: str, body: str) -> None:
    source = TEMPLATE.format(name=name, module=f"mod_{name}", incident=incident, body=body)
    site.plugin(
        f"x-{name}", entry_points={"classifier": {name: f"mod_{name}"}}, modules={f"mod_{name}": source}
    )


def test_one_that_raises_is_named_and_the_others_go_on(site: SitePackages) -> None:
    add(site, "bad", "a", "raise RuntimeError('boom')")
    add(site, "good", "b", answer("b"))
    verdict = diagnose(site.host(), Failure(text="x"))
    assert verdict.incident_id == "b"
    assert len(verdict.broken) == 1
    assert "boom" in verdict.broken[0]
    assert "x-bad" in verdict.broken[0]


def test_an_incident_that_was_not_announced_is_refused(site: SitePackages) -> None:
    add(site, "liar", "a", answer("z"))
    verdict = diagnose(site.host(), Failure(text="x"))
    assert verdict.outcome == "unknown"
    assert "not one of its incidents" in verdict.broken[0]


def test_the_better_rank_wins_whatever_the_weight(site: SitePackages) -> None:
    add(site, "one", "a", answer("a", "PROSE", 99))
    add(site, "two", "b", answer("b", "MACHINE_CODE", 0))
    assert diagnose(site.host(), Failure(text="x")).incident_id == "b"


def test_two_incidents_of_equal_strength_are_both_told_and_neither_is_acted_on(site: SitePackages) -> None:
    add(site, "one", "a", answer("a"))
    add(site, "two", "b", answer("b"))
    verdict = diagnose(site.host(), Failure(text="x"))
    assert (verdict.outcome, verdict.incident_id) == ("ambiguous", "unknown")
    assert {a.diagnosis.incident_id for a in verdict.best} == {"a", "b"}


def test_the_same_incident_twice_is_no_tie(site: SitePackages) -> None:
    add(site, "one", "a", answer("a"))
    add(site, "two", "a", answer("a"))
    assert diagnose(site.host(), Failure(text="x")).incident_id == "a"


def test_a_record_brings_its_facts() -> None:
    failure = from_record(
        {
            "code": "provider_error",
            "message": "m",
            "details": {"http_status": 429, "stderr": "ERROR: x"},
            "exception_chain": [{"type": "a.B", "message": "c"}],
        }
    )
    assert (failure.http_status, failure.text, failure.exception_chain) == (429, "ERROR: x", (("a.B", "c"),))


def run(*arguments: str, stdin: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dagogy", "diagnose", *arguments]
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(),
        timeout=HANGS,
        check=False,
    )


def test_the_command_reads_standard_input_and_ends_with_0_for_unknown_too(
    runner: CommandRunner, tmp_path: Path
) -> None:
    known = run("-", "--json", "--http-status", "401", stdin="ERROR: no", cwd=tmp_path)
    assert known.returncode == 0, known.stderr
    assert json.loads(known.stdout)["incident"] == "provider_auth_failed"
    unknown = run("-", "--json", stdin="nothing to see", cwd=tmp_path)
    assert unknown.returncode == 0
    assert json.loads(unknown.stdout)["outcome"] == "unknown"


def test_the_command_keeps_secrets_out(runner: CommandRunner, tmp_path: Path) -> None:
    message = run(
        "-",
        stdin="ERROR: unexpected status 401 Unauthorized: Incorrect API key provided: sk-abcdefgh12345678",
        cwd=tmp_path,
    )
    assert "sk-abcdefgh12345678" not in message.stdout + message.stderr
