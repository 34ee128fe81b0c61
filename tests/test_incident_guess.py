"""The classifier that guesses by the wording: it is learned, it abstains, and others go before it."""

from __future__ import annotations

import io
import json
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from dagogy.api.failures import Failure
from dagogy.api.probes import ProbeResult
from dagogy.host.manager import Host, Selection
from dagogy.incidents.diagnose import diagnose, settled
from dagogy.incidents.parsing import from_text
from dagogy.incidents.probing import ProbeObservation
from dagogy_incident_guess import model as learned
from dagogy_incident_guess.features import normal, speakers
from support import CommandRunner, SitePackages

#: No classifier with a table knows these.
MODEL = "[worker] TypeError: Invalid URL"
TENTATIVE = '''
from dagogy.api import ClassifierInfo, hookimpl
from dagogy.api.failures import Classifier, Diagnosis, Rank

class Mine(Classifier):
    """Mine."""
    def classify(self, failure):
        return Diagnosis(incident_id="{incident}", rank=Rank.{rank}, confidence=0.5, evidence=("line",))

    def disowns(self, failure):
        return "{disowns}"

@hookimpl
def dagogy_classifiers():
    yield ClassifierInfo(id="{name}", summary="s", api_version=1, impl="mod_{name}:Mine", incidents=("{incident}",),
                         tentative={tentative}, service={service})
'''  # noqa: E501


def host() -> Host:
    return Host(Selection(third_party=False))


def add(
    site: SitePackages,
    name: str,
    incident: str,
    *,
    rank: str = "PROSE",
    tentative: bool = False,
    service: bool = False,
    disowns: str = "",
) -> None:
    source = TENTATIVE.format(
        name=name, incident=incident, rank=rank, tentative=tentative, service=service, disowns=disowns
    )
    site.plugin(
        f"x-{name}", entry_points={"classifier": {name: f"mod_{name}"}}, modules={f"mod_{name}": source}
    )


def test_a_guess_is_probable_and_nothing_to_act_on() -> None:
    verdict = diagnose(host(), from_text(MODEL, "1"))
    assert verdict.outcome == "probable"
    assert verdict.told == "openai_base_url_invalid"
    assert verdict.incident_id == "unknown"
    assert verdict.best[0].diagnosis.evidence == (MODEL,)
    document = verdict.as_dict()
    assert (document["incident"], document["diagnoses"][0]["tentative"]) == ("openai_base_url_invalid", True)


def test_it_is_silent_where_the_command_succeeded_and_where_our_own_code_says_what_it_is() -> None:
    assert diagnose(host(), from_text(MODEL, "0")).told == "unknown"
    assert diagnose(host(), Failure(code="config_error", message="x", text=MODEL)).told == "config_error"


def test_another_answer_goes_before_the_best_guess(site: SitePackages) -> None:
    add(site, "seer", "a", rank="TYPED_CODE", tentative=True)
    assert diagnose(site.host(), Failure(text="x")).told == "a"
    add(site, "table", "b", rank="GENERIC")
    verdict = diagnose(site.host(), Failure(text="x"))
    assert (verdict.outcome, verdict.incident_id, verdict.told) == ("diagnosed", "b", "b")
    assert not verdict.others  # it was not even asked


def test_what_speaks_for_another_service_outweighs_answers_about_services_alone(site: SitePackages) -> None:
    add(site, "seer", "a", tentative=True, disowns="a ship speaks")
    add(site, "service", "b", service=True)
    verdict = diagnose(site.host(), Failure(text="x"))
    assert (verdict.outcome, verdict.reason) == ("foreign_service", "a ship speaks")
    add(site, "machine", "c")
    assert diagnose(site.host(), Failure(text="x")).incident_id == "c"


def test_the_weights_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    model = learned.model()
    flat = replace(model, weights=memoryview(bytes(len(model.weights))).cast("b"))
    assert model.answer(MODEL)
    assert flat.answer(MODEL) is None
    label = model.labels.index("disk_full")
    biases = [0.0] * len(model.labels)
    biases[label] = 50.0
    pushed = replace(flat, biases=tuple(biases))
    assert pushed.guess(MODEL) == learned.Guess("disk_full", pytest.approx(1.0))


def test_it_abstains_below_its_threshold_and_where_it_does_not_know_who_speaks() -> None:
    model = learned.model()
    sure = model.guess(MODEL).probability
    assert replace(model, threshold=sure).answer(MODEL)
    assert replace(model, threshold=sure + 1e-6).answer(MODEL) is None
    assert model.answer(f"{MODEL}\nharbourmaster.berths.NoBerthError: x") is None
    for text in ("", "everything is fine", "the moon is in the wrong house", "x" * 10_000):
        assert model.answer(text) is None


def test_texts_of_other_software_are_left_alone() -> None:
    model = learned.model()
    others = [
        "error: unable to write frame 17: the encoder has been flushed",
        "harbourmaster.api.TooManyShips: 429 quota of berths is used up",
        'FATAL: role "app" is not permitted to log in',
        "Segmentation fault (core dumped)",
        "cannot find crate for `foo`",
    ]
    assert [text for text in others if model.answer(text)] == []


def test_who_speaks_is_read_by_its_grammar() -> None:
    def same(one: str, other: str) -> bool:
        return speakers(one) == speakers(other) != frozenset()

    assert same("a.b.FooError: x", "it was a.BarException: y")
    assert same("get https://x.example.org/a failed", "while reading http://example.org/b")
    assert same("tool[12]: no", "tool: yes")
    assert not speakers("ValueError")
    assert not speakers("builtins.AttributeError: x")


def test_names_of_the_machine_and_numbers_do_not_count() -> None:
    assert normal("at /home/me/project/a.py line 12") == normal("at  /srv/x/y/a.py line 34")


def test_the_labels_are_the_incidents_that_it_declares() -> None:
    (plugin,) = [p for p in host().load("classifier") if p.id == "guess"]
    assert set(learned.model().labels) == {*plugin.info.incidents, learned.UNKNOWN}
    known = {i for p in host().load("classifier") if not p.info.tentative for i in p.info.incidents}
    assert set(plugin.info.incidents) <= known


def test_the_file_is_small_and_its_parts_fit() -> None:
    model = learned.model()
    assert len(model.weights) == len(model.rows) * len(model.labels)
    assert isinstance(model.idf, array)
    assert len(model.idf) == len(model.rows)
    path = Path(learned.__file__).with_name(learned.WEIGHTS)
    assert path.stat().st_size <= 300_000


def test_people_are_told_that_it_is_probable(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    def given() -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MODEL.encode())))

    given()
    done = runner("diagnose", "-", "--exit-code", "1")
    assert done.out.startswith("probably openai_base_url_invalid  (standard input)")
    assert "nothing is to be done about it automatically" in done.out
    given()
    done = runner("diagnose", "-", "--exit-code", "1", "--json")
    document = json.loads(done.out)
    assert document["outcome"] == "probable"
    assert document["pages"][0]["classifier"] != "guess"  # what it means, the classifier with the page says


def test_a_probe_that_refutes_a_guess_leaves_nothing_of_it_and_one_that_confirms_it_does_not_make_it_sure(
    site: SitePackages,
) -> None:
    add(site, "seer", "a", tentative=True)
    verdict = diagnose(site.host(), Failure(text="x"))

    def seen(**found: tuple[str, ...]) -> ProbeObservation:
        return ProbeObservation("look", ProbeResult(subject="s", state="bad", message="m", **found))

    refuted = settled(verdict, [seen(refutes=("a",))])
    assert (refuted.outcome, refuted.told, refuted.refuted) == ("unknown", "unknown", "")
    confirmed = settled(verdict, [seen(confirms=("a",))])
    assert (confirmed.outcome, confirmed.told, confirmed.incident_id) == ("probable", "a", "unknown")
