"""An incident of a third party, in a distribution of its own that imports `dagogy.api`
alone, takes part in everything.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from dagogy.testing import FakeProbeContext, FakeRecoveryContext, check_action, check_probe, diagnosis_of
from support import PLUGINS, VALID_SPEC, CommandRunner, SitePackages, put, valid_curriculum

PROVIDER = '''
import json, os
from pathlib import Path
from dagogy.api import ProviderInfo, hookimpl
from dagogy.api.errors import ProviderError
from dagogy.api.providers import Proposal, Provider

class Office(Provider):
    """A model behind the VPN."""
    def propose(self, request):
        if not (Path(os.environ["HOUSE_VPN_FOLDER"]) / "vpn0").exists():
            raise ProviderError("the office model cannot be asked: vpn0: no such device")
        return Proposal(curriculum=json.loads(Path(os.environ["HOUSE_VPN_FOLDER"], "answer.json").read_text()))

@hookimpl
def dagogy_providers():
    yield ProviderInfo(id="office", summary="s", api_version=1, impl="office:Office")
'''  # noqa: E501


class Office:
    """A run whose provider stands behind the VPN, with the distribution `house-dagogy-vpn` installed."""

    def __init__(self, runner: CommandRunner) -> None:
        self.folder = runner.folder / "net"
        put(self.folder / "answer.json", valid_curriculum())
        self.site = SitePackages(runner.folder.parent / "site")
        ids = {
            "classifier": ["house.vpn"],
            "probe": ["house.vpn.interface"],
            "recovery": ["house.vpn.reconnect", "house.vpn.help-desk"],
        }
        self.site.copy(
            "house-dagogy-vpn",
            "1.2.3",
            "house_vpn",
            **{kind: dict.fromkeys(names, "house_vpn") for kind, names in ids.items()},
        )
        self.site.plugin(
            "x-office", entry_points={"provider": {"office": "office"}}, modules={"office": PROVIDER}
        )
        self.runner, self.run = runner, runner.init()
        put(self.run / "inputs/topic_spec.json", VALID_SPEC)
        assert self("run", self.run.name)[0] == 8

    def __call__(self, *arguments: str) -> tuple[int, Any]:
        done = self.site.run(
            *arguments,
            "--json",
            cwd=self.runner.folder,
            AGENT_PROVIDER="office",
            HOUSE_VPN_FOLDER=str(self.folder),
        )
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def office(runner: CommandRunner) -> Office:
    return Office(runner)


@pytest.mark.slow
def test_it_is_diagnosed_and_its_probe_confirms_it(office: Office) -> None:
    status, found = office("diagnose", office.run.name)
    assert (status, found["incident"], found["diagnoses"][0]["classifier"]) == (0, "vpn_down", "house.vpn")
    assert [(p["probe"], p["confirms"]) for p in found["probes"]] == [("house.vpn.interface", ["vpn_down"])]
    assert found["pages"][0]["retry"] == "Once it is up."
    assert office("explain", "house.vpn.interface")[1]["text"] == "Is there an interface `vpn0`?"


@pytest.mark.slow
def test_its_unsafe_action_waits_for_consent_and_then_the_failed_command_decides(office: Office) -> None:
    status, message = office("recover", office.run.name)
    assert (status, message["resolved"]) == (8, False)
    assert [(h["action"], h["reason"]) for h in message["hidden"]] == [
        ("house.vpn.reconnect", "it drops other connections for a second")
    ]
    assert message["manual"][0]["message"] == "the help desk is at extension 4711"
    status, message = office("recover", office.run.name, "--unsafe")
    assert (status, message["resolved"], [s["action"] for s in message["steps"]]) == (
        0,
        True,
        ["house.vpn.reconnect"],
    )
    assert office.runner.stage() == "iterated"


@pytest.mark.slow
def test_what_is_up_again_is_refuted_and_no_action_is_taken(office: Office) -> None:
    (office.folder / "vpn0").touch()
    status, message = office("recover", office.run.name, "--unsafe")
    assert (status, message["resolved"], message["steps"]) == (0, True, [])


@pytest.mark.slow
def test_it_counts_for_the_escalation_and_stands_in_the_bundle(office: Office) -> None:
    for _ in range(2):
        office("run", office.run.name)
    office("diagnose", office.run.name)
    result = office("escalate", office.run.name)[1]
    assert "the VPN goes down again and again (3 times)" in result["manifest"]["criteria"]


@pytest.mark.slow
def test_without_third_parties_it_is_not_there(office: Office) -> None:
    assert office("diagnose", office.run.name, "--no-third-party")[1]["incident"] != "vpn_down"


def test_it_keeps_its_promises_in_the_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLUGINS / "house_vpn"))
    import house_vpn
    import house_vpn_incident as incident

    text = "ERROR: vpn0: no such device"
    found = diagnosis_of(incident.Vpn, next(house_vpn.dagogy_classifiers()), text)
    assert found is not None
    run = tmp_path / "runs/20260131-120000"
    run.mkdir(parents=True)
    settings = {"HOUSE_VPN_FOLDER": str(tmp_path)}
    (look,) = check_probe(
        incident.Interface,
        next(house_vpn.dagogy_probes()),
        text,
        FakeProbeContext(run.parent, settings=settings),
    )
    assert look.confirms == ("vpn_down",)
    context = FakeRecoveryContext(run, settings=settings)
    reconnect, help_desk = house_vpn.dagogy_recoveries()
    assert check_action(incident.Reconnect, reconnect, text, context).changed
    assert context.looks[0] == ("house.vpn.interface", {})
    assert check_action(
        incident.HelpDesk, help_desk, text, FakeRecoveryContext(run, settings=settings)
    ).commands


def test_it_imports_nothing_of_ours_but_the_api() -> None:
    for path in (PLUGINS / "house_vpn").glob("*.py"):
        names = {
            n.module
            for n in ast.walk(ast.parse(path.read_text()))
            if isinstance(n, ast.ImportFrom) and n.module
        }
        assert all(n == "dagogy.api" or n.startswith("dagogy.api.") for n in names if n.startswith("dagogy"))
