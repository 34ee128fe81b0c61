"""What the documents say is true: links lead somewhere, examples run, names are those of the code."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
PLUGIN_PAGE = ROOT / "docs/writing-plugins.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:", "local://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def _blocks(page: Path) -> dict[str, str]:
    """The fenced blocks of a page whose first line is a comment that names a file."""
    out = {}
    for body in re.findall(r"```\w+\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        named = re.match(r"# ([\w./]+)", body)
        if named:
            out[named[1]] = body
    return out


@pytest.fixture
def documented_rule(tmp_path: Path) -> dict[str, str]:
    """The rule of the how-to, installed as a folder on the path; returns the environment that sees it."""
    blocks = _blocks(PLUGIN_PAGE)
    site = tmp_path / "site"
    for name, body in blocks.items():
        if name != "pyproject.toml":
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(body, encoding="utf-8")
    info = site / "acme_dagogy_rule_short_titles-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-dagogy-rule-short-titles\nVersion: 1.0.0\n")
    entry = re.search(r"(\[project\.entry-points.*)", blocks["pyproject.toml"], re.DOTALL)
    assert entry is not None
    lines = entry[1].replace('[project.entry-points."', "[").replace('"]', "]").replace('"', "")
    (info / "entry_points.txt").write_text(lines)
    return {**os.environ, "PYTHONPATH": str(site)}


def test_the_rule_of_the_how_to_judges_a_title(documented_rule: dict[str, str]) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "dagogy", "explain", "acme.short_titles", "--json"], env=documented_rule, capture_output=True, text=True, check=True
    )
    page = json.loads(shown.stdout)
    assert page["distribution"] == "acme-dagogy-rule-short-titles 1.0.0"
    assert page["options"] == [{"name": "max_chars", "type": "integer >= 1", "default": 60, "description": "longest title allowed"}]


def test_the_cases_of_the_how_to_pass_in_the_kit(documented_rule: dict[str, str], tmp_path: Path) -> None:
    body = next(b for b in re.findall(r"```python\n(.*?)```", PLUGIN_PAGE.read_text(encoding="utf-8"), re.DOTALL) if "load_cases" in b)
    (tmp_path / "test_acme.py").write_text(body, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme.py"], cwd=tmp_path, env=documented_rule, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout


def test_the_front_matter_keys_of_the_guide_are_those_that_are_read() -> None:
    from dagogy.pipeline import spec

    text = (ROOT / "docs/scope-documents.md").read_text(encoding="utf-8")
    section = text.split("## Front matter")[1].split("## ")[0]
    documented = set(re.findall(r"`(\w+)`", section))
    read = set(re.findall(r'front(?:\.get\(|, )"(\w+)"', Path(spec.__file__).read_text(encoding="utf-8"))) | set(spec._CONSTRAINTS) | {"title"}
    assert documented == read


def test_the_template_for_harnesses_is_the_one_in_the_package() -> None:
    packaged = (ROOT / "core/src/dagogy/workspace/topic_spec.template.json").read_bytes()
    assert (ROOT / "runs/templates/topic_spec.template.json").read_bytes() == packaged


def test_the_index_of_the_runbook_leads_where_a_diagnosis_leads() -> None:
    """A phrase alone may say too little, or mean the agent's file as well as one of ours; it may not be diagnosed as something else."""
    from dagogy.host.manager import Host, Selection
    from dagogy.incidents.diagnose import diagnose
    from dagogy.incidents.parsing import from_text

    host = Host(Selection(third_party=False))
    index = (ROOT / "docs/runbook.md").read_text(encoding="utf-8").split("## Find your error text")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `?(.+?)`? \| (\[.+)\|$", index, re.MULTILINE)
    assert len(rows) > 100
    found = {}
    for phrase, links in rows:
        incident = diagnose(host, from_text(f"ERROR: {phrase}", "1")).incident_id
        found[phrase] = incident
        assert incident in ("unknown", *re.findall(r"#(\w+)", links)), (phrase, incident)
    assert sum(incident != "unknown" for incident in found.values()) > len(rows) / 3


def test_every_command_of_the_runbook_exists_with_its_options() -> None:
    from dagogy.cli.app import App, cli

    text = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    lines = {line.split("  #")[0] for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line}
    for line in lines:
        words = shlex.split(line.split(" < ")[0])
        context = click.Context(cli, obj=App([]))
        command = cli.get_command(context, words[1])
        assert command is not None, line
        command.make_parser(click.Context(command, info_name=words[1], parent=context)).parse_args(words[2:])


def test_every_target_that_the_readme_names_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_hook_has_a_section_with_its_example() -> None:
    from dagogy.host import hookspecs
    from dagogy.host.discovery import GROUPS

    page = (ROOT / "docs/reference/plugins.md").read_text(encoding="utf-8")
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("dagogy_")}
    assert len(hooks) == len(GROUPS)
    for kind, group in GROUPS.items():
        section = re.split(rf"^## {kind}$", page, flags=re.MULTILINE)[1].split("\n## ")[0]
        (name,) = (n for n in hooks if f"Hook `{n}`" in section)
        assert f'[project.entry-points."{group}"]' in section
        assert f"def {name}():" in section
