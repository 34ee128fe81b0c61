"""What every installed plugin must keep, whatever is installed: run over all
kinds, on the real environment.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import importlib_metadata
import pytest
from dagogy import api
from dagogy.api.dialects import LogDialect
from dagogy.api.exporters import Exporter
from dagogy.api.failures import Classifier
from dagogy.api.plugins import API_VERSION
from dagogy.api.probes import Probe
from dagogy.api.providers import Provider
from dagogy.api.readers import Reader
from dagogy.api.recoveries import RecoveryAction
from dagogy.api.rules import Options, Rule
from dagogy.cli.app import App
from dagogy.cli.commands.explain import options_of, page
from dagogy.host.discovery import EntryPoint, discover, normalized
from dagogy.host.manager import Host, Selection
from dagogy.host.plugin import Plugin
from dagogy.testing import Case, load_cases
from support import ROOT, clean_environment, dagogy, python

BASE = {
    "provider": Provider,
    "rule": Rule,
    "classifier": Classifier,
    "dialect": LogDialect,
    "recovery": RecoveryAction,
    "probe": Probe,
    "exporter": Exporter,
    "reader": Reader,
    "command": click.Command,
}
#: By module, the names that are public.
PUBLIC = {
    name: set(import_module(name).__all__)
    for name in ("dagogy.api", "dagogy.testing", *(f"dagogy.api.{m}" for m in api.MODULES))
}
ENTRIES = [e for e in discover() if normalized(e.distribution).startswith("dagogy-")]
RULES = [e for e in ENTRIES if e.kind == "rule"]
PROJECTS = sorted(
    p.parent
    for folder in ("providers", "validators", "plugins")
    for p in (ROOT / folder).glob("*/pyproject.toml")
)
every_plugin = pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.kind}-{e.id}")
every_rule = pytest.mark.parametrize("entry", RULES, ids=lambda e: e.id)
every_project = pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.name)


@cache
def host() -> Host:
    return Host(Selection())


def ready(entry: EntryPoint) -> Plugin:
    return host().get(entry.kind, entry.id)


def rule_class(entry: EntryPoint) -> Any:
    return host().implementation(ready(entry))


def cases_of(entry: EntryPoint) -> list[Case]:
    return load_cases(entry.id, entry.module)


@cache
def pyproject(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "pyproject.toml").read_text())


def sources(project: Path) -> list[Path]:
    return sorted((project / "src").rglob("*.py"))


def test_something_of_ours_is_installed() -> None:
    assert {e.kind for e in ENTRIES} >= {"provider", "rule", "exporter"}


# ----------------------------------------------------------------------------------------------- every plugin


@every_plugin
def test_it_loads_and_is_what_its_entry_point_says(entry: EntryPoint) -> None:
    plugin = ready(entry)
    assert (plugin.state, plugin.reason) == ("ready", "")
    assert plugin.info.id == entry.id
    assert plugin.info.api_version == API_VERSION
    assert re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", entry.id)


def test_no_two_plugins_want_the_same_id() -> None:
    assert [f"{p.entry.kind} {p.id} of {p.origin}: {p.reason}" for p in host().conflicts] == []


@every_plugin
def test_its_summary_is_one_sentence_on_one_line(entry: EntryPoint) -> None:
    summary = ready(entry).info.summary
    assert summary == " ".join(summary.split())
    assert summary.endswith(".")
    assert not summary.endswith("..")
    assert 10 <= len(summary) <= 120
    assert summary[0] == summary[0].upper()


@every_plugin
def test_its_implementation_can_be_imported_and_is_of_its_kind(entry: EntryPoint) -> None:
    implementation = host().implementation(ready(entry))
    if entry.kind == "command":
        assert isinstance(implementation, click.Command)
    else:
        assert issubclass(implementation, BASE[entry.kind])
        assert implementation is not BASE[entry.kind]
        assert (implementation.__doc__ or "").strip()
        assert implementation.__doc__ != BASE[entry.kind].__doc__


@every_plugin
def test_it_overrides_what_its_base_leaves_open(entry: EntryPoint) -> None:
    wanted = {
        "provider": ("ready", "propose"),
        "rule": ("check",),
        "classifier": ("classify",),
        "recovery": ("recover",),
        "probe": ("look",),
        "exporter": ("export",),
        "reader": ("read",),
    }
    implementation = host().implementation(ready(entry))
    for method in wanted.get(entry.kind, ()):
        assert getattr(implementation, method) is not getattr(BASE[entry.kind], method), method


def test_entry_modules_import_nothing_heavy() -> None:
    """One process for all; which module it was that imported it is said."""
    code = """
        import json, sys
        from importlib import import_module
        heavy = ("pydantic", "pydantic_core", "networkx", "jsonschema", "openai", "httpx", "requests", "markdown_it", "yaml")
        import dagogy.host.manager, pluggy, dagogy.host.hookspecs
        found, before = {}, {m for m in heavy if m in sys.modules}
        for name in json.loads(sys.argv[1]):
            import_module(name)
            new = sorted(m for m in heavy if m in sys.modules and m not in before)
            if new:
                found[name] = new
                before |= set(new)
        print(json.dumps(found))
    """  # noqa: E501
    modules = sorted({e.module.partition(":")[0] for e in ENTRIES})
    done = python(code, json.dumps(modules))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


def test_loading_every_description_imports_no_implementation() -> None:
    code = """
        import sys
        from dagogy.host.discovery import KINDS
        from dagogy.host.manager import Host
        host = Host()
        infos = [p.info for kind in KINDS for p in host.load(kind) if p.info]
        entries = {p.entry.module for p in host.all()}
        print(len(infos), sorted({i.impl.partition(":")[0] for i in infos} & set(sys.modules) - entries))
    """
    done = python(code)
    assert done.stdout == f"{len(host().all())} []\n", done.stderr


# ------------------------------------------------------------------------------------------------- every rule


@every_rule
def test_a_rule_s_docstring_says_why_and_has_a_bad_and_a_good_example_and_the_way_out(
    entry: EntryPoint,
) -> None:
    text = inspect.cleandoc(rule_class(entry).__doc__ or "")
    parts = re.split(r"^(Bad|Good|How to fix):$", text, flags=re.MULTILINE)
    assert parts[1::2] == ["Bad", "Good", "How to fix"]
    for part in parts[::2]:
        assert part.strip(), "one part says nothing"


@every_rule
def test_a_rule_s_options_are_typed_described_and_have_names_of_their_own(entry: EntryPoint) -> None:
    options = rule_class(entry).Options
    if options is None:
        return
    assert issubclass(options, Options)
    assert options is not Options
    assert options.model_fields, "a class of options without one"
    # What nobody configured is not checked, so the defaults are checked here.
    assert options.model_validate(dict(options())) == options() == options.model_construct()
    for option in options_of(rule_class(entry)):
        assert option["description"].strip(), f"{option['name']} has no description"
        assert option["name"] not in ("enabled", "severity")
        assert re.fullmatch(r"[a-z][a-z0-9_]*", option["name"])


@every_rule
def test_every_option_of_a_rule_occurs_in_a_case(entry: EntryPoint) -> None:
    options = rule_class(entry).Options
    known = set(options.model_fields) if options else set()
    used = {name for case in cases_of(entry) for name in case.data.get("options", {})}
    assert known - used == set()


@every_rule
def test_a_rule_has_cases_that_pass_and_cases_that_fail(entry: EntryPoint) -> None:
    cases = cases_of(entry)
    assert {c.expect for c in cases} == {"pass", "fail"}
    names = [(c.expect, c.name) for c in cases]
    assert len(set(names)) == len(names)
    for case in cases:
        assert case.name != "unnamed"
        if case.expect == "fail":
            assert case.data.get("findings"), f"{case} does not say which findings it wants"


@every_rule
def test_what_a_rule_requires_is_installed_and_leads_in_no_cycle(entry: EntryPoint) -> None:
    known = {e.id for e in RULES}
    info = ready(entry).info
    assert set(info.requires) <= known
    assert info.groups == (entry.id.split(".")[0], *info.groups[1:])
    seen: set[str] = set()
    waiting = list(info.requires)
    while waiting:
        name = waiting.pop()
        assert name != entry.id
        if name not in seen:
            seen.add(name)
            waiting += host().get("rule", name).info.requires


@every_rule
def test_explain_has_a_page_for_the_rule(
    entry: EntryPoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = App([])
    document = page(app, app.host.get("rule", entry.id))
    assert document["id"] == entry.id
    assert "How to fix:" in document["text"]
    assert document["summary"] == ready(entry).info.summary
    assert (
        {o["name"] for o in document["options"]} == set(rule_class(entry).Options.model_fields)
        if rule_class(entry).Options
        else True
    )


@pytest.mark.slow
def test_the_explain_command_prints_a_rule_s_page(tmp_path: Path) -> None:
    done = dagogy("explain", "graph.max_prerequisites", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for part in (
        "graph.max_prerequisites (rule of dagogy-rule-graph-max-prerequisites",
        "Bad:",
        "Good:",
        "How to fix:",
        "Severity: ",
        "Option ",
    ):
        assert part in done.stdout


# ---------------------------------------------------------------------------------------------- every project


@every_project
def test_a_plugin_s_source_imports_of_ours_the_api_alone(project: Path) -> None:
    packages = {p.name for p in (project / "src").iterdir()}
    for path in sources(project):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            for name in names:
                top = name.split(".")[0]
                if top == "dagogy":
                    assert name in PUBLIC, f"{path.name}:{node.lineno} imports {name}"
                    imported = {a.name for a in node.names} if isinstance(node, ast.ImportFrom) else set()
                    assert imported <= PUBLIC[name], (
                        f"{path.name}:{node.lineno} imports {', '.join(imported - PUBLIC[name])} of {name}"
                    )
                elif top.startswith("dagogy_"):
                    assert top in packages, f"{path.name}:{node.lineno} imports {name}, another plugin"


@every_project
def test_a_module_of_a_plugin_says_what_it_is(project: Path) -> None:
    for path in sources(project):
        assert ast.get_docstring(ast.parse(path.read_text())), path.name


@every_project
def test_a_pyproject_is_complete_and_bounds_its_dependency_on_dagogy(project: Path) -> None:
    about = pyproject(project)["project"]
    for key in ("name", "version", "description", "requires-python", "license", "dependencies"):
        assert about.get(key), f"{key} is missing"
    assert about["requires-python"] == ">=3.11"
    assert about["license"] == "MIT"
    assert about["name"].startswith("dagogy-")
    ours = [d for d in about["dependencies"] if re.split(r"[<>=!~ \[;]", d)[0] == "dagogy"]
    if about["name"] != "dagogy-standard":
        assert len(ours) == 1, "dagogy is no dependency"
    for dependency in about["dependencies"]:
        assert "<" in dependency or "==" in dependency, f"{dependency} has no ceiling"
        assert ">=" in dependency or "==" in dependency, f"{dependency} has no floor"


@every_project
def test_an_installed_distribution_is_the_one_of_its_pyproject(project: Path) -> None:
    about = pyproject(project)["project"]
    try:
        installed = importlib_metadata.distribution(about["name"])
    except importlib_metadata.PackageNotFoundError:
        pytest.skip(f"{about['name']} is not installed")
    assert (normalized(installed.name), installed.version) == (normalized(about["name"]), about["version"])
    declared = {
        (group, name, value)
        for group, entries in about.get("entry-points", {}).items()
        for name, value in entries.items()
    }
    declared |= {("console_scripts", name, value) for name, value in about.get("scripts", {}).items()}
    assert {(e.group, e.name, e.value) for e in installed.entry_points} == declared
    for _, _, value in declared:
        version = getattr(import_module(value.partition(":")[0]), "__version__", about["version"])
        assert version == about["version"]


@every_project
def test_a_rule_s_distribution_is_named_after_the_rule(project: Path) -> None:
    about = pyproject(project)["project"]
    for rule_id in about.get("entry-points", {}).get("dagogy.rules", {}):
        assert about["name"] == "dagogy-rule-" + re.sub(r"[._]", "-", rule_id)
        assert project.name == re.sub(r"[._]", "-", rule_id)


def test_every_project_with_entry_points_is_installed() -> None:
    """So that what is written here is also tested here."""
    installed = {normalized(e.distribution) for e in ENTRIES}
    assert {
        pyproject(p)["project"]["name"] for p in PROJECTS if pyproject(p)["project"].get("entry-points")
    } - installed == set()


def test_the_standard_distribution_brings_every_other_one() -> None:
    standard = ROOT / "plugins/standard"
    if not (standard / "pyproject.toml").exists():
        pytest.fail("plugins/standard has no pyproject.toml")
    wanted = {re.split(r"[<>=!~ \[;]", d)[0] for d in pyproject(standard)["project"]["dependencies"]}
    assert wanted - {"dagogy"} == {pyproject(p)["project"]["name"] for p in PROJECTS} - {"dagogy-standard"}


def test_the_host_starts_on_what_is_installed_without_a_word_on_stderr() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "dagogy", "plugins", "list"],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
