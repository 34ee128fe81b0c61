"""What each command imports and opens: the price of its start, held to a list."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from dagogy.kit.cases import complete_spec
from support import HANGS, ROOT, clean_environment, curriculum_of

EXAMPLE = ROOT / "examples" / "sourdough-baking.md"
#: Runs a command and afterwards writes on fd 3, as JSON, which modules it imported and which files it opened
#: (by audit hook, below the workspace).
PROBE = """
import json, os, sys
before = set(sys.modules)
opened = []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
sys.addaudithook(hook)
from dagogy.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as done:
    status = done.code
os.write(3, json.dumps({"status": status, "modules": sorted(set(sys.modules) - before), "opened": opened}).encode())
"""  # noqa: E501
#: What no command may import but one that asks for it by name.
HEAVY = {
    "networkx",
    "pydantic",
    "openai",
    "jsonschema",
    "yaml",
    "rich",
    "markdown_it",
    "jsonpatch",
    "numpy",
    "importlib.metadata",
}

#: What reading a curriculum or a topic spec takes: pydantic, and what pydantic imports to look for plugins of
#: its own, which our command switches off.
TYPED = {"pydantic", "importlib.metadata"}


class Seen:
    """What a command imported and opened."""

    def __init__(self, status: int, modules: Iterable[str], opened: list[str]) -> None:
        self.status = status
        self.modules = set(modules)
        self.opened = opened

    def of(self, names: Iterable[str]) -> set[str]:
        """Those of the modules (or packages) `names` that were imported."""
        return {name for name in names if name in self.modules}

    @property
    def rules(self) -> set[str]:
        """Modules of rules beyond their descriptions."""
        return {m for m in self.modules if m.startswith("dagogy_rule_") and m.endswith(".rule")}

    def times(self, name: str) -> int:
        return sum(path.endswith(name) for path in self.opened)


def observe(folder: Path, *arguments: str) -> Seen:
    reader, writer = os.pipe()

    def third() -> None:
        os.dup2(writer, 3)

    with open(reader, "rb") as end:
        process = subprocess.Popen(
            [sys.executable, "-c", PROBE, *arguments],
            cwd=folder,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(3, writer) if writer != 3 else (3,),
            preexec_fn=third,
        )
        os.close(writer)
        data = end.read()
        _, errors = process.communicate(timeout=HANGS)
    assert data, errors.decode()[-2000:]
    return Seen(**json.loads(data))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run that was compiled from an example, and one with a
    curriculum and no scope document.
    """
    folder = tmp_path_factory.mktemp("imports")
    for line in (["init", "scoped"], ["run", "scoped", "--scope-file", str(EXAMPLE)], ["init", "plain"]):
        subprocess.run(
            [sys.executable, "-m", "dagogy", *line],
            cwd=folder,
            env=clean_environment(),
            check=True,
            capture_output=True,
        )
    run = next((folder / "runs").glob("*-plain"))
    (run / "inputs/topic_spec.json").write_text(json.dumps(complete_spec({"scope_in": ["Alpha", "Beta"]})))
    chain = curriculum_of(
        {"id": "alpha", "title": "Alpha"}, {"id": "beta", "title": "Beta", "prerequisites": ["alpha"]}
    )
    (run / "outputs/curriculum/curriculum.json").write_text(json.dumps(chain))
    return folder


@pytest.mark.slow
def test_version_imports_next_to_nothing(work: Path) -> None:
    seen = observe(work, "--version")
    assert seen.status == 0
    assert not seen.of(
        ["click", "pluggy", "importlib_metadata", "dagogy.cli.app", "dagogy.api", "json.tool", *HEAVY]
    )
    assert {m for m in seen.modules if m.startswith("dagogy")} == {"dagogy", "dagogy.cli", "dagogy.cli.main"}
    assert len(seen.modules) <= 5


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["list"], ["list", "--json"], ["status", "scoped"], ["next", "scoped"], ["schema"]],
)
def test_what_needs_no_document_imports_nothing_that_reads_one(work: Path, arguments: list[str]) -> None:
    seen = observe(work, *arguments)
    assert seen.status == 0
    assert not seen.of(
        [*HEAVY, "pydantic_core", "pluggy", "dagogy.pipeline.documents", "dagogy.pipeline.judge", "asyncio"]
    )
    assert not {m for m in seen.modules if m.startswith("dagogy_")}


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["schema"]])
def test_what_needs_no_plugin_does_not_look_for_any(work: Path, arguments: list[str]) -> None:
    assert not observe(work, *arguments).of(["importlib_metadata"])


@pytest.mark.usefixtures("fresh_interpreters")
def test_a_plugin_of_pydantic_has_no_part_in_a_command(work: Path, tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("print('loud'); raise SystemExit(3)")
    info = tmp_path / "loud-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pydantic]\nloud = loud:plugin\n")
    words = [sys.executable, "-m", "dagogy", "validate", "plain", "--json"]
    done = subprocess.run(
        words, cwd=work, env=clean_environment(PYTHONPATH=str(tmp_path)), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "loud" not in done.stdout + done.stderr


@pytest.mark.slow
def test_what_explains_a_broken_document_is_imported_only_for_one(work: Path, tmp_path: Path) -> None:
    assert not observe(work, "validate", "plain").of(["jsonschema"])
    shutil.copytree(work / "runs", tmp_path / "runs")
    path = next((tmp_path / "runs").glob("*-plain")) / "outputs/curriculum/curriculum.json"
    path.write_text(path.read_text().replace('"pitfalls"', '"pitfall"', 1))
    broken = observe(tmp_path, "validate", "plain")
    assert broken.status == 4
    assert broken.of(["jsonschema"])


def test_validate_without_a_scope_document_imports_no_parser_and_no_graph_library(work: Path) -> None:
    seen = observe(work, "validate", "plain")
    assert seen.status == 0
    assert not seen.of([*HEAVY - TYPED, "asyncio"])
    assert len(seen.rules) >= 20
    assert not {m for m in seen.modules if m.startswith(("dagogy_provider_", "dagogy_exporter_"))}


def test_validate_with_a_scope_document_reads_the_blocks_that_are_kept_and_imports_no_parser(
    work: Path,
) -> None:
    seen = observe(work, "validate", "scoped")
    assert seen.status == 0
    assert not seen.of(HEAVY - TYPED)
    assert "dagogy.pipeline.documents" in seen.modules
    assert not {m for m in seen.modules if m.startswith("dagogy_reader_")}


@pytest.mark.parametrize("command", ["plan", "iterate", "diff"])
def test_plan_iterate_and_diff_import_no_plugin(work: Path, command: str) -> None:
    seen = observe(work, command, "scoped")
    assert seen.status == 0
    assert not seen.of([*HEAVY - TYPED, "pluggy", "dagogy.pipeline.documents"])
    assert not {m for m in seen.modules if m.startswith("dagogy_")}


@pytest.mark.slow
def test_run_with_the_internal_provider_imports_no_sdk_and_no_graph_library(work: Path) -> None:
    seen = observe(work, "run", "scoped", "--scope-file", str(EXAMPLE))
    assert seen.status == 0
    # rich lays out the table of what was read.
    assert not seen.of(HEAVY - TYPED - {"markdown_it", "yaml", "rich"})
    assert "dagogy_provider_internal" in seen.modules
    assert not {
        m
        for m in seen.modules
        if m.startswith("dagogy_provider_") and not m.startswith("dagogy_provider_internal")
    }


@pytest.mark.slow
def test_run_with_json_in_a_pipe_needs_no_progress_display(work: Path) -> None:
    assert "rich" not in observe(work, "run", "scoped", "--json").modules


def test_list_opens_one_file_a_run(work: Path, tmp_path: Path) -> None:
    source = next((work / "runs").glob("*-plain")) / "run.json"
    counts = []
    for size in (1, 20):
        runs = tmp_path / str(size) / "runs"
        for i in range(size):
            (runs / f"20260101-0000{i:02d}-r").mkdir(parents=True)
            (runs / f"20260101-0000{i:02d}-r" / "run.json").write_bytes(source.read_bytes())
        seen = observe(runs.parent, "list")
        assert seen.status == 0
        counts.append(sum(path.startswith(str(runs.parent)) for path in seen.opened))
    assert counts[1] - counts[0] == 19


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (["status", "plain"], 4),
        (["validate", "plain"], 3),
        (["plan", "scoped"], 3),
        (["iterate", "scoped"], 3),
        (["diff", "scoped"], 3),
    ],
)
def test_the_curriculum_is_read_a_fixed_number_of_times(work: Path, arguments: list[str], most: int) -> None:
    assert 1 <= observe(work, *arguments).times("/curriculum.json") <= most
