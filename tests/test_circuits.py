"""Circuit breakers: opened by a diagnosis, kept over processes, one trial when their time has come."""

from __future__ import annotations

import json
import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.errors import ProviderError
from dagogy.incidents.breaker_trigger import trip
from dagogy.workspace.circuits import CIRCUITS, LONGEST_SECONDS, Breakers, Circuit, fingerprint
from support import HANGS, CommandRunner, Outcome, SitePackages, failed, put

ASKED = Circuit("remote", "api.x.test", "m")
OTHER = Circuit("remote", "api.x.test", "n")


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breakers(tmp_path: Path, clock: Clock) -> Breakers:
    return Breakers(tmp_path, clock)


def refused(breakers: Breakers, circuit: Circuit = ASKED) -> dict[str, Any]:
    with pytest.raises(ProviderError) as raised, breakers.asking(circuit):
        pytest.fail("it was let through")
    assert raised.value.details["cause"] == "circuit_open"
    return raised.value.details


def test_an_open_breaker_refuses_at_once_and_says_until_when_and_why(
    breakers: Breakers, clock: Clock
) -> None:
    breakers.open(ASKED, "quota", 90, stated=True)
    clock.time += 30
    with pytest.raises(
        ProviderError,
        match=(
            r"provider 'remote' at api\.x\.test, model m is not"
            r" asked before 1970-01-12T13:48:10Z: quota since"
        ),
    ) as raised:
        breakers.asking(ASKED).__enter__()
    assert raised.value.details["retry_after_seconds"] == 60
    assert raised.value.details["incident"] == "quota"
    assert "dagogy incidents reset" in raised.value.hint


def test_a_breaker_is_for_one_provider_endpoint_and_model(breakers: Breakers) -> None:
    breakers.open(ASKED, "quota", 90, stated=True)
    for circuit in (OTHER, Circuit("remote", "api.y.test", "m"), Circuit("codex", "api.x.test", "m")):
        with breakers.asking(circuit):
            pass
    refused(breakers)


def test_a_change_of_the_providers_settings_is_another_circuit(tmp_path: Path, breakers: Breakers) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    here = {"KEY": "sk-one-0123456789", "URL": "https://api.x.test/v1"}
    mine = fingerprint(here, environ)
    assert mine == fingerprint(dict(reversed(here.items())), environ)
    others = [
        fingerprint({**here, **change}, environ)
        for change in ({"KEY": "sk-two-0123456789"}, {"URL": "https://api.x.test/v2"})
    ]
    assert len({mine, *others}) == 3
    breakers.open(ASKED._replace(settings=mine), "quota", 90, stated=True)
    for other in others:
        with breakers.asking(ASKED._replace(settings=other)):
            pass
    refused(breakers, ASKED._replace(settings=mine))
    assert "sk-one" not in (tmp_path / CIRCUITS).read_text()
    # Who sees the fingerprint and guesses the key cannot check the guess without the secret of this user.
    assert mine != fingerprint(here, {"XDG_STATE_HOME": str(tmp_path / "of another user")})
    secret = tmp_path / "state/dagogy/user.key"
    assert secret.stat().st_mode & 0o777 == 0o600
    secret.chmod(0o666)
    assert fingerprint(here, environ) == ""


def test_after_its_time_one_trial_is_let_through_and_its_success_closes_it(
    breakers: Breakers, clock: Clock, tmp_path: Path
) -> None:
    breakers.open(ASKED, "overloaded", 60, stated=False)
    clock.time += 61
    with breakers.asking(ASKED) as answered:
        assert "being tried by another process" in str(_caught(breakers))
        answered()
    with breakers.asking(ASKED), breakers.asking(ASKED):
        pass
    assert breakers.opened() == []


def _caught(breakers: Breakers) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        breakers.asking(ASKED).__enter__()
    return raised.value


def test_a_trial_that_fails_opens_it_again(breakers: Breakers, clock: Clock) -> None:
    breakers.open(ASKED, "overloaded", 60, stated=False)
    clock.time += 61
    with pytest.raises(ValueError, match="no luck"), breakers.asking(ASKED):
        raise ValueError("no luck")
    breakers.open(ASKED, "overloaded", 60, stated=False)
    assert refused(breakers)["retry_after_seconds"] == 60


def test_a_trial_without_an_answer_leaves_it_half_open(breakers: Breakers, clock: Clock) -> None:
    breakers.open(ASKED, "overloaded", 60, stated=False)
    clock.time += 61
    with breakers.asking(ASKED):
        pass
    assert [e.circuit for e in breakers.opened()] == [ASKED]
    with breakers.asking(ASKED):
        pass


def test_a_trial_ends_with_its_process_and_another_one_takes_its_place(
    breakers: Breakers, clock: Clock, tmp_path: Path
) -> None:
    breakers.open(ASKED, "overloaded", 60, stated=False)
    clock.time += 61
    context = multiprocessing.get_context("fork")
    ready = context.Event()

    def hold() -> None:
        with breakers.asking(ASKED):
            ready.set()
            threading.Event().wait()

    child = context.Process(target=hold)
    child.start()
    try:
        assert ready.wait(HANGS)
        assert "being tried" in str(_caught(breakers))
    finally:
        child.kill()
        child.join()
    with breakers.asking(ASKED) as answered:
        answered()
    assert breakers.opened() == []


def test_breakers_that_many_processes_open_at_once_are_all_kept(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    circuits = [Circuit("p", "e", str(n)) for n in range(8)]
    children = [
        context.Process(target=Breakers(tmp_path).open, args=(c, "quota", 600.0), kwargs={"stated": True})
        for c in circuits
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert sorted(e.circuit for e in Breakers(tmp_path).opened()) == circuits


def test_an_action_makes_way_for_its_retry_unless_the_service_named_the_time(breakers: Breakers) -> None:
    breakers.open(ASKED, "overloaded", 60, stated=False)
    breakers.open(OTHER, "quota", 60, stated=True)
    breakers.half_open("remote", "api.x.test")
    with breakers.asking(ASKED):
        pass
    refused(breakers, OTHER)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"circuits": [{}]}',
        '{"circuits": 5}',
        b"\xff\xfe",
        (
            '{"circuits": [{"circuit": {"provider": "remote", "endpoint": "api.x.test", "model": "m"}, '
            '"incident": "q", "since": 0, "until": 1e99, "told": true}]}'
        ),
    ],
)
def test_a_file_that_is_none_is_ignored_with_a_note_and_written_anew(tmp_path: Path, content: Any) -> None:
    notes: list[str] = []
    put(tmp_path / CIRCUITS, content)
    breakers = Breakers(tmp_path, note=notes.append)
    with breakers.asking(ASKED):
        pass
    assert str(tmp_path / CIRCUITS) in notes[0]
    breakers.open(ASKED, "quota", 60, stated=True)
    assert len(breakers.opened()) == 1


def test_no_breaker_is_open_for_ever(breakers: Breakers, clock: Clock) -> None:
    breakers.open(ASKED, "quota", 1e12, stated=True)
    (entry,) = breakers.opened()
    assert entry.until == clock.time + LONGEST_SECONDS


# --- in commands --------------------------------------------------------------------------------------------

PROVIDER = '''
from pathlib import Path
from dagogy.api import ProviderInfo, hookimpl
from dagogy.api.errors import ProviderError
from dagogy.api.providers import Provider

class Busy(Provider):
    """Counts how often it is asked."""
    endpoint = "api.busy.test"
    def propose(self, request):
        asked = Path("asked")
        asked.write_text(str(int(asked.read_text() if asked.exists() else 0) + 1))
        raise ProviderError("HTTP 503", details={"http_status": 503, "machine_code": "busy", %s})

@hookimpl
def dagogy_providers():
    yield ProviderInfo(id="busy", summary="s", api_version=1, impl="mod_busy:Busy")
'''
CLASSIFIER = '''
from dagogy.api import ClassifierInfo, hookimpl
from dagogy.api.failures import Classifier, Diagnosis, Rank

class Mine(Classifier):
    """Mine."""
    def classify(self, failure):
        if failure.machine_code == "busy" and failure.details.get("cause") != "circuit_open":
            return Diagnosis(incident_id="busy", rank=Rank.TYPED_CODE, confidence=1, evidence=("busy",), weight=50,
                             retry_after_seconds=failure.details.get("retry_after_seconds"))

@hookimpl
def dagogy_classifiers():
    yield ClassifierInfo(id="mine", summary="s", api_version=1, impl="mod_mine:Mine", incidents=("busy",), circuits=(("busy", 300.0),))
'''  # noqa: E501


def busy(runner: CommandRunner, site: SitePackages, facts: str = "") -> Path:
    site.plugin(
        "x-busy", entry_points={"provider": {"busy": "mod_busy"}}, modules={"mod_busy": PROVIDER % facts}
    )
    site.plugin("x-mine", entry_points={"classifier": {"mine": "mod_mine"}}, modules={"mod_mine": CLASSIFIER})
    run = runner.init()
    (runner.folder / "tea.md").write_text(
        "# Tea\n\n## Leaves\nLeaves are picked and dried.\n\n## Water\n"
        "Water is boiled, then poured on the leaves.\n"
    )
    return run


def asked(runner: CommandRunner) -> int:
    return int((runner.folder / "asked").read_text())


def ran(runner: CommandRunner, *options: str) -> Outcome:
    return runner("run", "latest", "--scope-file", "tea.md", "--provider", "busy", *options, "--json")


def test_a_failure_of_a_declared_incident_opens_it_and_the_next_command_asks_nobody(
    runner: CommandRunner, site: SitePackages
) -> None:
    busy(runner, site)
    assert "HTTP 503" in failed(ran(runner), "provider_error").err
    again = failed(ran(runner), "provider_error")
    assert "is not asked before" in again.err
    assert again.json["error"]["details"]["cause"] == "circuit_open"
    assert again.err.splitlines()[-1].startswith("incident provider_circuit_open: ")
    assert asked(runner) == 1
    assert 0 < again.json["error"]["details"]["retry_after_seconds"] <= 300
    listed = runner.ok("incidents", "list", "--json").json["circuits"]
    assert [(c["provider"], c["endpoint"], c["model"], c["incident"]) for c in listed] == [
        ("busy", "api.busy.test", "", "busy")
    ]
    # another model is another circuit
    assert "HTTP 503" in failed(ran(runner, "--model", "other"), "provider_error").err
    assert len(runner.ok("incidents", "reset", "busy", "--json").json["closed"]) == 2
    assert "HTTP 503" in failed(ran(runner), "provider_error").err
    assert asked(runner) == 3


def test_another_key_address_or_path_is_asked_though_the_last_one_is_not(
    runner: CommandRunner, site: SitePackages, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(runner, site)
    module = (PROVIDER % "").replace(
        'impl="mod_busy:Busy")',
        'impl="mod_busy:Busy", settings=(Setting(name="BUSY_KEY", summary="s", secret=True),))',
    )
    (site.folder / "mod_busy.py").write_text(
        module.replace("import ProviderInfo,", "import ProviderInfo, Setting,")
    )
    for number, key in enumerate(["one-0123456789", "two-0123456789", "two-0123456789", "one-0123456789"]):
        monkeypatch.setenv("BUSY_KEY", key)
        output = failed(ran(runner), "provider_error").err
        assert ("is not asked before" in output) is (number > 1)
    assert asked(runner) == 2


def test_the_time_that_the_service_named_counts_and_a_refusal_does_not_extend_it(
    runner: CommandRunner, site: SitePackages
) -> None:
    busy(runner, site, '"retry_after_seconds": 3600')
    ran(runner)
    before = json.loads((runner.runs / CIRCUITS).read_text())["circuits"]
    assert before[0]["until"] - before[0]["since"] == 3600
    ran(runner)
    assert json.loads((runner.runs / CIRCUITS).read_text())["circuits"] == before


def test_another_incident_opens_nothing(runner: CommandRunner, site: SitePackages) -> None:
    busy(runner, site, '"cause": "refusal"')
    (site.folder / "mod_mine.py").write_text(CLASSIFIER.replace('circuits=(("busy", 300.0),)', "circuits=()"))
    ran(runner)
    assert not (runner.runs / CIRCUITS).exists()


def test_a_provider_that_nobody_stands_behind_has_no_breaker(
    runner: CommandRunner, site: SitePackages
) -> None:
    busy(runner, site)
    (site.folder / "mod_busy.py").write_text(
        (PROVIDER % "").replace('endpoint = "api.busy.test"', 'endpoint = ""')
    )
    ran(runner)
    assert not (runner.runs / CIRCUITS).exists()


def test_an_endpoint_that_cannot_be_told_is_the_providers_fault(
    runner: CommandRunner, site: SitePackages
) -> None:
    busy(runner, site)
    body = "@property\n    def endpoint(self):\n        raise KeyError('x')"
    (site.folder / "mod_busy.py").write_text((PROVIDER % "").replace('endpoint = "api.busy.test"', body))
    assert "x-busy 1.0 raised KeyError" in failed(ran(runner), "plugin_error").err


def test_a_classifiers_word_on_the_time_is_checked() -> None:
    from dagogy.api.failures import Diagnosis, Rank
    from dagogy.host.manager import Host
    from dagogy.incidents.diagnose import ClassifierAnswer, Verdict

    plugin = Host().get("classifier", "provider-service")

    def verdict(message: Any) -> Verdict:
        found = Diagnosis(
            incident_id="provider_overloaded",
            rank=Rank.HTTP_STATUS,
            confidence=1,
            evidence=("x",),
            retry_after_seconds=message,
        )
        return Verdict("diagnosed", (ClassifierAnswer(found, plugin),))

    declared = dict(plugin.info.circuits)["provider_overloaded"]
    assert trip(verdict(7), {}) == (7.0, True)
    for wrong in (None, float("nan"), float("inf"), -3, 0, "soon"):
        assert trip(verdict(wrong), {}) == (declared, False)
    assert trip(verdict(7), {"cause": "circuit_open"}) is None
    assert trip(Verdict("unknown"), {}) is None
