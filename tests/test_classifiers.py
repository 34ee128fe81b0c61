"""The installed classifiers: their pages, their data, and what they answer."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dagogy.host.manager import Host, Selection
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.parsing import from_text
from support import ROOT

DATA = ROOT / "tests/data"


@cache
def host() -> Host:
    return Host(Selection(third_party=False))


def items(name: str) -> list[Any]:
    found = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    miss = pytest.mark.xfail(reason="known miss: answered with unknown", strict=True)
    return [
        pytest.param(item, id=item["id"], marks=[miss] if item.get("known_miss") else []) for item in found
    ]


@pytest.mark.parametrize(
    "item",
    items("incident_paraphrases.jsonl") + items("incident_public.jsonl") + items("incident_public_2.jsonl"),
)
def test_a_text_gets_its_label(item: dict[str, Any]) -> None:
    code = item["exit_code"]
    verdict = diagnose(
        host(), from_text(item["text"], "" if code is None else str(code), item["http_status"])
    )
    assert verdict.incident_id in (item["label"], *item.get("also_ok", ())), verdict.as_dict()
    assert not verdict.broken


@pytest.mark.parametrize("incident", sorted(incident_help.incidents(host())))
def test_every_incident_has_a_whole_page(incident: str) -> None:
    page = incident_help.page(host(), incident_help.incidents(host())[incident], incident)
    assert all(page.parts.values()), page.parts
    assert page.summary


def test_every_signature_names_an_incident_of_its_classifier_and_compiles() -> None:
    for plugin in host().load("classifier"):
        for signature in getattr(host().implementation(plugin), "signatures", ()):
            assert signature.incident in plugin.info.incidents
            for pattern in (
                signature.message,
                signature.unless,
                signature.where,
                signature.path,
                signature.param,
                signature.exception,
            ):
                re.compile(pattern)


def test_no_incident_is_claimed_by_two_classifiers() -> None:
    claimed = [i for p in host().load("classifier") if not p.info.tentative for i in p.info.incidents]
    assert len(claimed) == len(set(claimed))


def sources() -> list[Path]:
    return [
        *(ROOT / "plugins").glob("incident-*/src/*/*.py"),
        *(ROOT / "core/src/dagogy/incidents").glob("*.py"),
        *(ROOT / "core/src/dagogy/api").glob("*.py"),
    ]


def test_nothing_in_the_product_knows_a_sample() -> None:
    cases = json.loads((DATA / "provider_failures_expected.json").read_text(encoding="utf-8"))["cases"]
    names = [n for n in cases if n.count("-") >= 2]
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert not [n for n in names if n in text], path
        assert not re.search(r"dev\.jsonl|provider_failures|fake\.py|gpt-fake|18080|HARNESS", text), path


def test_core_names_no_incident() -> None:
    ids = [
        i
        for i in incident_help.incidents(host())
        if i not in ("stage_conflict", "interrupted", "stale_artifacts")
    ]
    for path in (ROOT / "core/src/dagogy").rglob("*.py"):
        if path.parent.name == "incidents" or path.name in (
            "diagnose.py",
            "explain.py",
            "evidence.py",
            "signatures.py",
            "_lines.py",
            "_bodies.py",
        ):
            text = path.read_text(encoding="utf-8")
            assert not [i for i in ids if re.search(rf"\b{i}\b", text)], path
