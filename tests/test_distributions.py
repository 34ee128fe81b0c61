"""The distributions: what each says of itself, and that the wheels work without this repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("core", "providers", "validators", "plugins")
PROJECTS = sorted(
    p
    for folder in FOLDERS
    for p in (ROOT / folder).glob("pyproject.toml" if folder == "core" else "*/pyproject.toml")
)


def project(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"]


def test_the_standard_distribution_depends_on_every_other_one() -> None:
    standard = project(ROOT / "plugins/standard/pyproject.toml")
    wanted = {project(p)["name"] for p in PROJECTS} - {"dagogy-standard"}
    assert {d.split(">")[0] for d in standard["dependencies"]} == wanted


@pytest.mark.parametrize(
    "path", [p for p in PROJECTS if p.parent.parent.name == "validators"], ids=lambda p: p.parent.name
)
def test_a_rule_is_named_after_its_id_everywhere(path: Path) -> None:
    data = project(path)
    (rule_id,) = data["entry-points"]["dagogy.rules"]
    dashed = rule_id.replace(".", "-").replace("_", "-")
    assert path.parent.name == dashed
    assert data["name"] == f"dagogy-rule-{dashed}"
    assert data["entry-points"]["dagogy.rules"][rule_id] == f"dagogy_rule_{dashed.replace('-', '_')}"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, str(ROOT / "scripts/build_wheels.py"), str(folder)], check=True, capture_output=True
    )
    return folder


def clean_environment(folder: Path, wheels: Path, *requirements: str) -> Path:
    """A virtual environment with the given distributions from `wheels`; what they need
    beyond comes from the registry.
    """
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    command = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "-c",
        ROOT / "constraints.txt",
        "--find-links",
        wheels,
        *requirements,
    ]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return python


def dagogy(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("DAGOGY_", "ORCHESTRATION_", "AGENT_", "PYTHON"))
    }
    return subprocess.run(
        [str(python), "-m", "dagogy", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
def test_the_core_with_one_provider_and_two_rules_works_with_just_those(wheels: Path, tmp_path: Path) -> None:
    alone = (
        "dagogy-provider-internal",
        "dagogy-reader-markdown",
        "dagogy-rule-graph-acyclic",
        "dagogy-rule-schema-curriculum",
    )
    python = clean_environment(tmp_path / "env", wheels, "dagogy", *alone)
    listed = json.loads(dagogy(python, tmp_path, "plugins", "list", "--json").stdout)["plugins"]
    assert {(p["id"], p["state"]) for p in listed} == {
        ("internal", "ready"),
        ("markdown", "ready"),
        ("graph.acyclic", "ready"),
        ("schema.curriculum", "ready"),
    }
    assert dagogy(python, tmp_path, "init", "small").returncode == 0
    result = dagogy(
        python, tmp_path, "run", "small", "--json", "--scope-file", str(ROOT / "examples/intro-statistics.md")
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["summary"]["rules_run"] == 2


@pytest.mark.slow
def test_the_standard_distribution_brings_everything(wheels: Path, tmp_path: Path) -> None:
    python = clean_environment(tmp_path / "env", wheels, "dagogy-standard")
    listed = json.loads(dagogy(python, tmp_path, "plugins", "list", "--json").stdout)["plugins"]
    wanted = {
        entry
        for p in PROJECTS
        for group, entries in project(p).get("entry-points", {}).items()
        if group.startswith("dagogy.")
        for entry in entries
    }
    assert {p["id"] for p in listed if p["state"] == "ready"} == wanted
    assert dagogy(python, tmp_path, "doctor").returncode == 0
