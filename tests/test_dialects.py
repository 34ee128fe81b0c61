"""Log dialects: what they add to the evidence, and that one which fails is named and changes nothing."""

from __future__ import annotations

import pytest
from dagogy.api import ClassifierInfo
from dagogy.api.failures import Failure, FailureEvidence, Signature, SignatureClassifier
from dagogy.host.manager import Host
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.dialects import installed
from support import SitePackages

TEXT = "gateway> ERROR: echoed\nERROR: unexpected status 503 Service Unavailable\n"
MODULE = """
from dagogy.api import DialectInfo, hookimpl
from dagogy.api.dialects import LogDialect

class Gateway(LogDialect):
    {body}

@hookimpl
def dagogy_dialects():
    yield DialectInfo(id="house.gateway", summary="S.", api_version=1, impl="house_gateway:Gateway")
"""


def host_with(site: SitePackages, body: str) -> Host:
    site.plugin(
        "house-gateway",
        "2.1",
        entry_points={"dialect": {"house.gateway": "house_gateway"}},
        modules={"house_gateway": MODULE.format(body=body)},
    )
    return site.host()


def test_a_dialect_says_which_lines_are_no_evidence(site: SitePackages) -> None:
    echoed = (
        "def kinds(self, raw, kinds): return ['prompt' if line.startswith('gateway> ') else kind for line, "
        "kind in zip(raw, kinds)]"
    )
    dialects, broken = installed(host_with(site, echoed))
    assert broken == []
    assert not any("echoed" in c.text for c in FailureEvidence(Failure(text=TEXT), dialects).clues)
    assert any("echoed" in c.text for c in FailureEvidence(Failure(text=TEXT)).clues)


class Refused(SignatureClassifier):
    """Recognises a refused connection to the provider."""

    signatures = (Signature(incident="refused", errno="ECONNREFUSED"),)
    about_the_provider = True


def test_an_exception_of_a_package_that_a_dialect_names_speaks_of_the_provider(site: SitePackages) -> None:
    failure = Failure(text="housegateway.errors.ConnectError: [Errno 111] Connection refused")
    classifier = Refused(
        ClassifierInfo(id="refused", summary="S.", api_version=1, impl="x:X", incidents=("refused",))
    )
    assert classifier.classify(failure) is None
    classifier.dialects, _ = installed(host_with(site, "packages = r'housegateway\\.'"))
    found = classifier.classify(failure)
    assert found is not None
    assert found.incident_id == "refused"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def kinds(self, raw, kinds): return 1 / 0", "it raised ZeroDivisionError"),
        ("def kinds(self, raw, kinds): return kinds[1:]", "other than one kind for each line"),
        ("def kinds(self, raw, kinds): return ['loud'] * len(raw)", "other than one kind for each line"),
        ("def wrote(self, text, lines): raise SystemExit(0)", "it raised SystemExit"),
        ("def reply(self, text, lines): raise ValueError", "it raised ValueError"),
        ("def __init__(self, info): raise KeyError('x')", "it raised KeyError"),
        ("packages = '('", "its packages is no pattern"),
        ("addresses = 7", "its addresses is no pattern"),
    ],
)
def test_a_dialect_that_fails_is_named_and_changes_nothing(
    site: SitePackages, body: str, reason: str
) -> None:
    failure = Failure(text=TEXT, exit_status=0 if "kinds" not in body else None)
    wanted = diagnose(site.host(), failure)
    host = host_with(site, body)
    found = diagnose(host, failure)
    assert (found.outcome, found.incident_id) == (wanted.outcome, wanted.incident_id)
    (plugin,) = [p for p in host.load("dialect") if p.id == "house.gateway"]
    assert reason in plugin.reason
    assert any("dialect 'house.gateway' of house-gateway 2.1" in line for line in found.broken)


def test_what_a_transcript_says_last_is_read_in_the_dialect_of_the_program() -> None:
    text = "OpenAI Codex v0.1.0\n--------\nuser\nError: invalid_api_key\ncodex\nnot json\n"
    dialects, _ = installed(Host())
    assert FailureEvidence(Failure(text=text), dialects).reply == "not json"
    assert FailureEvidence(Failure(text=text)).reply is None
