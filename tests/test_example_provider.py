"""The provider in `examples/provider-chat`, which a third party could have written: installed beside dagogy
and run against the faulty server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from servers.faulty import Faulty
from servers.outcomes import SCOPE, SECRET
from support import HANGS, ROOT, SitePackages, clean_environment, make_plugin

EXAMPLE = ROOT / "examples/provider-chat"


@pytest.fixture
def chat(tmp_path: Path) -> SitePackages:
    """A place where the example is installed as its own pyproject.toml says."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    site = SitePackages(tmp_path / "site")
    kinds = {group: dict(entries) for group, entries in project["entry-points"].items()}
    make_plugin(site.folder, project["name"], project["version"], entry_points=kinds, modules={})
    (site.folder / "acme_dagogy_provider_chat").symlink_to(EXAMPLE / "src/acme_dagogy_provider_chat")
    return site


def run(
    chat: SitePackages, url: str, *options: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], Any]:
    """`dagogy run` with the example; what it printed, and the details of the failure record."""
    work = chat.folder.parent / "work"
    work.mkdir(exist_ok=True)
    given = {
        "ACME_CHAT_URL": url,
        "ACME_CHAT_KEY": SECRET,
        "AGENT_MODEL": "gpt-fake",
        "AGENT_RETRY_BUDGET": "0",
        **environment,
    }
    assert chat.run("init", "course", cwd=work).returncode == 0
    done = chat.run(
        "run", "course", "--scope-file", str(SCOPE), "--provider", "acme_chat", *options, cwd=work, **given
    )
    records = sorted(work.rglob("logs/failures/*.json"))
    written = (
        b"".join(path.read_bytes() for path in work.rglob("*") if path.is_file()).decode()
        + done.stdout
        + done.stderr
    )
    assert SECRET not in written
    return done, json.loads(records[-1].read_text())["details"] if records else {}


def test_it_makes_a_curriculum_that_the_rules_accept(chat: SitePackages, good_faulty: Faulty) -> None:
    done, _ = run(chat, good_faulty.url("ok"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passed"] is True
    (asked,) = good_faulty.questions
    assert (
        asked.path,
        asked.headers["authorization"],
        asked.body["response_format"]["json_schema"]["strict"],
    ) == ("/v1/chat/completions", "present", True)


@pytest.mark.parametrize(
    ("scenario", "fact", "wanted"),
    [
        ("refusal", "cause", "refusal"),
        pytest.param("drip", "cause", "timeout", marks=pytest.mark.slow),
        ("429rate", "retry_after_seconds", 1),
        pytest.param("html502", "http_status", 502, marks=pytest.mark.slow),
        pytest.param("incomplete", "cause", "incomplete", marks=pytest.mark.slow),
        pytest.param("incomplete_filter", "cause", "content_filter", marks=pytest.mark.slow),
        pytest.param("emptytext", "cause", "empty", marks=pytest.mark.slow),
        pytest.param("prose", "cause", "prose", marks=pytest.mark.slow),
        pytest.param("badschema", "cause", "wrong_shape", marks=pytest.mark.slow),
        pytest.param("html200", "cause", "html", marks=pytest.mark.slow),
        pytest.param("error200", "cause", "error_body", marks=pytest.mark.slow),
        pytest.param("hang", "cause", "timeout", marks=pytest.mark.slow),
        pytest.param("cutsse", "cause", "error_body", marks=pytest.mark.slow),
        pytest.param("401echo", "http_status", 401, marks=pytest.mark.slow),
        pytest.param("429quota", "machine_code", "insufficient_quota", marks=pytest.mark.slow),
    ],
)
def test_a_failure_is_reported_as_a_fact(
    chat: SitePackages, good_faulty: Faulty, scenario: str, fact: str, wanted: Any
) -> None:
    done, details = run(
        chat, good_faulty.url(scenario), AGENT_TIMEOUT_SECONDS="2" if scenario in ("hang", "drip") else "20"
    )
    assert done.returncode == 8, done.stderr
    assert details[fact] == wanted
    assert len(good_faulty.questions) == 1


@pytest.mark.parametrize(("scenario", "ready"), [("ok", True), ("401", False), ("html200", False)])
def test_doctor_looks_whether_it_could_work(
    chat: SitePackages, faulty: Faulty, scenario: str, ready: bool
) -> None:
    given = {"AGENT_PROVIDER": "acme_chat", "ACME_CHAT_URL": faulty.url(scenario), "ACME_CHAT_KEY": SECRET}
    done = chat.run("doctor", "--json", **given)
    (check,) = [c for c in json.loads(done.stdout)["checks"] if "acme_chat" in json.dumps(c)]
    assert check["ok"] is ready
    assert SECRET not in done.stdout
    assert faulty.questions == []


@pytest.mark.slow
def test_its_own_tests_pass(chat: SitePackages) -> None:
    environment = clean_environment([chat.folder], PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        str(EXAMPLE / "tests"),
    ]
    done = subprocess.run(
        command, cwd=chat.folder, env=environment, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert done.returncode == 0, done.stdout


def test_it_knows_nothing_of_ours_but_the_public_surface() -> None:
    for path in (EXAMPLE / "src").rglob("*.py"):
        imports = [
            line
            for line in path.read_text().splitlines()
            if "dagogy" in line and line.startswith(("from ", "import "))
        ]
        assert all(re.match(r"from (dagogy\.api[.\w]* import|acme_)", line) for line in imports), path
