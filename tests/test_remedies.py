"""Remedies by cause: the one that the evidence asks for, filled with what the evidence names."""

from __future__ import annotations

import io
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from dagogy.api.failures import Advice, Diagnosis, Failure, Rank, Remedy, advice_for
from dagogy.api.remedies import fact
from dagogy.host.manager import Host, Selection
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.parsing import from_text
from dagogy.testing import FakeRecoveryContext, check_action
from pattern_probe import GROWTH, call_growth
from support import CommandRunner

RUN = "20260131-120000-bread"
DEPLOYMENT = (
    "openai.NotFoundError: Error code: 404 - {'error': {'code': 'DeploymentNotFound', 'message': 'The API "
    "deployment for this resource does not exist.'}}"
)
CERTIFICATE = (
    "requests.exceptions.SSLError: HTTPSConnectionPool(host='llm.corp', port=443): Max retries exceeded with "
    "url: /v1 (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate "
    "verify failed: unable to get local issuer certificate (_ssl.c:1007)')))"
)
PIP = (
    "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: "
    "'/usr/lib/python3/dist-packages/acme'"
)
BY_CAUSE = [
    (DEPLOYMENT, ["deployment"], "az cognitiveservices account deployment list", ["$BASE_URL/models"]),
    (
        "PermissionError: [Errno 13] Permission denied: '/srv/a b/x'",
        ["/srv/a b/x"],
        "'/srv/a b/x'",
        ["runs/"],
    ),
    ("PermissionError: [Errno 13] Permission denied: '/etc/shadow'", ["/etc/shadow"], "ls -ld", ["chown"]),
    (PIP, ["pip installs into /usr/lib"], "python3 -m venv", ["chown", "npm"]),
    ("error: externally-managed-environment", ["PEP 668"], "pipx install", ["--break-system-packages"]),
    ("OSError: [Errno 7] Argument list too long: 'agent'", ["E2BIG"], "getconf ARG_MAX", ["ulimit"]),
    ("OSError: [Errno 24] Too many open files: 'a'", ["open"], "ulimit -n", ["ARG_MAX"]),
    ('{"error":"model \\"qwen3\\" not found, try pulling it first"}', ["qwen3"], "ollama pull qwen3", []),
    (CERTIFICATE, ["REQUESTS_CA_BUNDLE"], "export REQUESTS_CA_BUNDLE=", ["verify=False"]),
    ("OSError: Tunnel connection failed: 407 Proxy Authentication Required", ["user"], "USER:PASSWORD@", []),
    (
        "Not inside a trusted directory, no --skip-git-repo-check",
        [],
        "--skip-git-repo-check",
        [],
    ),
    ("getaddrinfo ENOTFOUND llm.acme.example", ["llm.acme.example"], "getent hosts llm.acme.example", []),
    (
        "Error: 400 {'error': {'message': \"Unknown parameter: 'seed'\", 'code': 'unsupported_parameter'}}",
        ["does not take seed"],
        "",
        [],
    ),
    ("Error: MCP client for `docs` failed to start: timeout", ["docs"], "codex mcp get docs", []),
    ("chmod: changing permissions of 'data/a': Read-only file system", ["data/a"], "findmnt -T data/a", []),
]


@cache
def host() -> Host:
    return Host(Selection(third_party=False))


def advice(text: str) -> Advice:
    failure = from_text(text, "1")
    verdict = diagnose(host(), failure)
    found = incident_help.advice(host(), verdict.best[0], failure)
    assert found is not None, verdict
    return found


@pytest.mark.parametrize(("text", "said", "command", "never"), BY_CAUSE, ids=[t[0][:40] for t in BY_CAUSE])
def test_the_remedy_is_that_of_the_cause(text: str, said: list[str], command: str, never: list[str]) -> None:
    found = advice(text)
    told = f"{found.cause} {found.steps}"
    assert all(part in told for part in said), found
    assert command in "\n".join(found.commands)
    assert not any(part in "\n".join(found.commands) for part in never)


def test_every_remedy_is_of_its_classifier_and_says_what_to_do() -> None:
    seen = 0
    for plugin in host().load("classifier"):
        for remedy in getattr(host().implementation(plugin), "remedies", ()):
            seen += 1
            assert remedy.incident in plugin.info.incidents
            assert remedy.cause
            assert remedy.steps
            groups = {name.rstrip("_") for name in re.compile(remedy.when).groupindex}
            assert remedy.names <= groups | {"path", "host", "model", "variable"}, remedy
    assert seen > 60


def test_what_the_evidence_names_is_quoted_for_a_shell() -> None:
    found = advice("ollama: model 'x;reboot' not found, try pulling it first")
    assert "reboot" not in "".join(found.commands) or all(
        "x;reboot" in shlex.split(c) for c in found.commands if "reboot" in c
    )
    found = advice("PermissionError: [Errno 13] Permission denied: '/srv/$(reboot)'")
    assert all("$(reboot)" not in c.replace("'/srv/$(reboot)'", "") for c in found.commands)


def test_one_whose_names_the_evidence_does_not_fill_is_passed_over() -> None:
    remedies = (
        Remedy(incident="a", cause="{path} is gone", steps="s", when="gone"),
        Remedy(incident="a", cause="something is gone", steps="s"),
    )
    diagnosis = Diagnosis(incident_id="a", rank=Rank.PROSE, confidence=1.0, evidence=("it is gone",))
    told = advice_for(remedies, Failure(), diagnosis)
    assert told is not None
    assert (told.cause, told.specific) == ("something is gone", False)
    told = advice_for(remedies, Failure(text="'/srv/x'"), diagnosis)
    assert told is not None
    assert (told.cause, told.specific) == ("/srv/x is gone", True)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("path", "cannot open '/srv/a b/c.json'", "/srv/a b/c.json"),
        ("path", "open ./data/x.csv: no such file", "./data/x.csv"),
        ("path", "GET https://llm.example/v1/models failed", ""),
        ("host", "for url: https://user:pw@llm.example:8443/v1", "llm.example"),
        ("model", "The model `gpt-x` does not exist", "gpt-x"),
        ("variable", "set ACME_API_KEY first", "ACME_API_KEY"),
        ("model", "the model of the course", ""),
    ],
)
def test_facts_of_the_evidence(name: str, text: str, value: str) -> None:
    assert fact(name, text) == value


@pytest.mark.parametrize("name", ["path", "host", "model", "variable"])
@pytest.mark.parametrize("piece", ["a/", "'a", "model ", "A_", "https://a", "host=", "../"])
def test_looking_for_facts_takes_time_that_grows_with_the_text(name: str, piece: str) -> None:
    assert call_growth(lambda text: fact(name, text), piece * 20_000, piece * 5_000) <= GROWTH


def read(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, text: str, *more: str) -> str:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))
    return runner.ok("diagnose", "-", *more).out


def test_for_a_text_the_steps_are_for_its_program(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = read(runner, monkeypatch, "OSError: [Errno 28] No space left on device: '/var/spool/x/y'")
    assert '    $ df -h "$(dirname /var/spool/x/y)"' in shown
    assert "ORCHESTRATION_BASE_DIR" not in shown
    assert "dagogy list" not in shown


def test_for_a_failure_of_our_own_the_page_is_told(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = read(
        runner, monkeypatch, "[io_error] cannot write runs/x/run.json: out of space: [Errno 28] full"
    )
    assert "next: See `df -h`" in shown


def test_a_secret_in_the_evidence_is_in_no_command(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-proj-abcdefgh1234567890abcdefgh1234567890"
    shown = read(
        runner, monkeypatch, f"PermissionError: [Errno 13] Permission denied: '/srv/{key}/x'", "--json"
    )
    assert key not in shown


@pytest.mark.parametrize(
    ("action", "incident", "text", "command"),
    [
        ("choose-model", "model_unavailable", DEPLOYMENT, "az cognitiveservices account deployment list"),
        ("choose-model", "model_unavailable", "model 'q' not found, try pulling it first", "ollama pull q"),
        ("mend-environment", "environment_incompatible", "error: externally-managed-environment", "pipx"),
        ("mend-agent-config", "coding_agent_misconfigured", "Not inside a trusted directory", "skip-git"),
        ("mend-proxy", "proxy_misconfigured", "407 Proxy Authentication Required", "USER:PASSWORD@"),
    ],
)
def test_the_actions_of_a_run_say_the_same(
    action: str, incident: str, text: str, command: str, tmp_path: Path
) -> None:
    plugin = host().get("recovery", action)
    (tmp_path / RUN).mkdir()
    diagnosis = Diagnosis(incident_id=incident, rank=Rank.PROSE, confidence=0.9, evidence=(text,))
    done = check_action(
        host().implementation(plugin),
        plugin.info,
        Failure(message=text, run_id=RUN),
        FakeRecoveryContext(tmp_path / RUN),
        diagnosis,
    )
    assert command in "\n".join(done.commands)
