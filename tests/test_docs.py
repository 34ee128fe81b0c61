"""What the documents say is true: links lead somewhere, examples run, names are those of the code."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from dagogy.host.discovery import GROUPS, KINDS
from support import clean_environment

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
PLUGIN_PAGE = ROOT / "docs/writing-plugins.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:", "local://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def _blocks(page: Path) -> dict[str, str]:
    """The fenced blocks of a page whose first line is a comment that names a file, without that line."""
    return dict(
        re.findall(
            r"^```\w+\n# ([\w./-]+/[\w.-]+)\n(.*?)^```",
            page.read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
    )


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The distributions of the how-to, written as they are printed and installed; their folder, and the
    environment that sees them.
    """
    folder = tmp_path_factory.mktemp("printed")
    for name, body in _blocks(PLUGIN_PAGE).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(body, encoding="utf-8")
    site = folder / "site"
    words = [
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--disable-pip-version-check",
        "--target",
        str(site),
    ]
    done = subprocess.run(
        [sys.executable, "-m", *words, *(str(p.parent) for p in folder.glob("*/pyproject.toml"))],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder, clean_environment([site])


def _python(printed: tuple[Path, dict[str, str]], *words: str) -> str:
    folder, environment = printed
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_plugins_of_the_how_to_are_one_of_each_kind_and_ready(
    printed: tuple[Path, dict[str, str]],
) -> None:
    found = json.loads(_python(printed, "dagogy", "plugins", "list", "--json"))["plugins"]
    theirs = {p["kind"]: p["state"] for p in found if p["distribution"].startswith("acme-")}
    assert theirs == dict.fromkeys(KINDS, "ready")
    page = json.loads(_python(printed, "dagogy", "explain", "acme.short_titles", "--json"))
    assert page["distribution"] == "acme-dagogy-rule-short-titles 1.0.0"
    assert page["options"] == [
        {"name": "max_chars", "type": "integer >= 1", "default": 60, "description": "longest title allowed"}
    ]
    assert "Free a seat" in _python(printed, "dagogy", "explain", "acme_licence")
    assert _python(printed, "dagogy", "acme-greet", "world") == "hello, world\n"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tests"), [("titles", 6), ("toolbox", 11)])
def test_a_distribution_of_the_how_to_keeps_what_is_asked_and_passes_its_own_tests(
    printed: tuple[Path, dict[str, str]], name: str, tests: int
) -> None:
    assert json.loads(_python(printed, "dagogy", "plugins", "check", name, "--json"))["passed"]
    assert f"{tests} passed" in _python(
        printed, "pytest", "-q", "--rootdir", name, "-p", "no:cacheprovider", name
    )


def test_the_how_to_has_every_hook_every_key_of_a_case_and_every_part_of_a_page() -> None:
    from dagogy.api.rules import Fix, Measure
    from dagogy.host import hookspecs
    from dagogy.incidents.help import PARTS
    from dagogy.kit import cases, kinds

    text, code = PLUGIN_PAGE.read_text(encoding="utf-8"), "".join(_blocks(PLUGIN_PAGE).values())
    for hook in (name for name in vars(hookspecs) if name.startswith("dagogy_")):
        assert f"def {hook}():" in code, hook
    for kind in KINDS:
        assert f'[project.entry-points."{GROUPS[kind]}"]' in code, kind
    table = dict(re.findall(r"^\| `(\w+)` \| .* \| `(.*)` \|$", text, re.MULTILINE))
    assert set(table) == cases._KEYS
    for key, example in table.items():
        assert list(yaml.safe_load(example)) == [key]
    for field in (f for part in (Fix, Measure) for f in dataclasses.fields(part) if f.name != "rule_id"):
        assert f"`{field.name}`" in text, field.name
    for part in (*kinds._RULE_PARTS, *(f"{part}:" for part in PARTS)):
        assert f"`{part}`" in text, part
        assert part in code, part


def test_the_front_matter_keys_of_the_guide_are_those_that_are_read() -> None:
    from dagogy.pipeline import spec

    text = (ROOT / "docs/scope-documents.md").read_text(encoding="utf-8")
    section = text.split("## Front matter")[1].split("## ")[0]
    documented = set(re.findall(r"`(\w+)`", section))
    read = (
        set(re.findall(r'front(?:\.get\(|, )"(\w+)"', Path(spec.__file__).read_text(encoding="utf-8")))
        | set(spec._CONSTRAINTS)
        | {"title", "reading"}
    )
    assert documented == read


def test_the_template_for_harnesses_is_the_one_in_the_package() -> None:
    packaged = (ROOT / "core/src/dagogy/workspace/topic_spec.template.json").read_bytes()
    assert (ROOT / "runs/templates/topic_spec.template.json").read_bytes() == packaged


@pytest.mark.slow
def test_the_index_of_the_runbook_leads_where_a_diagnosis_leads() -> None:
    """A phrase alone may say too little, or mean the agent's file as well as one of ours; it may not be
    diagnosed as something else.
    """
    from dagogy.host.manager import Host, Selection
    from dagogy.incidents.diagnose import diagnose
    from dagogy.incidents.parsing import from_text

    host = Host(Selection(third_party=False))
    index = (
        (ROOT / "docs/runbook.md")
        .read_text(encoding="utf-8")
        .split("## Find your error text")[1]
        .split("\n## ")[0]
    )
    rows = re.findall(r"^\| `?(.+?)`? \| (\[.+)\|$", index, re.MULTILINE)
    assert len(rows) > 100
    found = {}
    for phrase, links in rows:
        incident = diagnose(host, from_text(f"ERROR: {phrase}", "1")).incident_id
        found[phrase] = incident
        assert incident in ("unknown", *re.findall(r"#(\w+)", links)), (phrase, incident)
    assert sum(incident != "unknown" for incident in found.values()) > len(rows) / 3


def test_every_command_of_the_runbook_exists_with_its_options() -> None:
    from dagogy.cli.app import App
    from dagogy.cli.group import cli

    text = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    lines = {
        line.split("  #")[0]
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if line
    }
    for line in lines:
        words = shlex.split(line.split(" < ")[0])
        context = click.Context(cli, obj=App([]))
        command = cli.get_command(context, words[1])
        assert command is not None, line
        command.make_parser(click.Context(command, info_name=words[1], parent=context)).parse_args(words[2:])


def test_every_target_that_the_readme_names_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(
        r"(?:^|`)make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    ):
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
