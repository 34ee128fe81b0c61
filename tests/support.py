"""What tests of plugins share: fake distributions in a folder, and the `dagogy` command started beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from dagogy.host.discovery import GROUPS
from dagogy.host.manager import Host, Plugin, Selection
from dagogy.testing import complete_node
from dagogy.testing.cases import complete_spec

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = Path(__file__).resolve().parent / "plugins"


def make_plugin(folder: Path, name: str, version: str = "1.0", *, entry_points: Mapping[str, Mapping[str, str]], modules: Mapping[str, str]) -> Path:
    """A fake installed distribution in `folder`. `entry_points`: by kind (or group), id to module; `modules`: name to source."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n")
    lines = []
    for kind, entries in entry_points.items():
        lines += [f"[{GROUPS.get(kind, kind)}]", *(f"{plugin_id} = {module}" for plugin_id, module in entries.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(dedent(source))
    return folder


class Yard:
    """A folder of fake distributions, on `sys.path` as long as the test runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def plugin(self, name: str, version: str = "1.0", **parts: Any) -> None:
        make_plugin(self.folder, name, version, **parts)

    def copy(self, name: str, version: str, plugin: str, **entry_points: Mapping[str, str]) -> None:
        """A distribution of the modules in `tests/plugins/<plugin>`."""
        self.plugin(name, version, entry_points=entry_points, modules={p.stem: p.read_text() for p in (PLUGINS / plugin).glob("*.py")})

    def host(
        self, *, deny: set[str] | None = None, allow: set[str] | None = None, third_party: bool = True, path: list[str] | None = None, **reserved: set[str]
    ) -> Host:
        selection = Selection(frozenset(deny or ()), frozenset(allow) if allow else None, third_party)
        return Host(selection, path or [str(self.folder)], {kind: frozenset(ids) for kind, ids in reserved.items()})

    def loaded(self, kind: str, **options: Any) -> dict[str, Plugin]:
        host = self.host(**options)
        host.load(kind)
        return {f"{p.id}@{p.entry.distribution}": p for p in host.all(kind)}

    def run(self, *arguments: str, cwd: Path | None = None, path: list[Path] | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return dagogy(*arguments, cwd=cwd or self.folder.parent, path=path or [self.folder], **environment)


def clean_environment(path: list[Path] | None = None, **more: str) -> dict[str, str]:
    """The environment without any setting of ours, with `path` as PYTHONPATH."""
    ours = ("DAGOGY_", "AGENT_", "ORCHESTRATION_", "OPENAI_", "CODING_AGENT_", "COV_", "PYTHONPATH")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    extra = {"PYTHONPATH": os.pathsep.join(map(str, path))} if path else {}
    return {**kept, **extra, "PYTHONDONTWRITEBYTECODE": "1", **more}


def python(code: str, *arguments: str, path: list[Path] | None = None, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that runs `code`."""
    return subprocess.run(
        [sys.executable, "-c", dedent(code), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(path, **environment),
        timeout=60,
        check=False,
    )


def dagogy(*arguments: str, cwd: Path, path: list[Path] | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The `dagogy` command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "dagogy", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(path, **environment),
        timeout=60,
        check=False,
    )


def curriculum_of(*nodes: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A sound curriculum; what a node leaves out is filled in."""
    return {"topic": "Testing", "nodes": [complete_node(n, i) for i, n in enumerate(nodes or ({"id": "a"},))], **keys}


def make_run(folder: Path, curriculum: Any = None, spec: Mapping[str, Any] | None = None) -> str:
    """A run in `folder`/runs that holds a curriculum and a topic spec; its id."""
    done = dagogy("init", "yard", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    run = Path(document["path"])
    (run / "inputs/topic_spec.json").write_text(json.dumps(complete_spec(spec or {})))
    target = run / "outputs/curriculum/curriculum.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(curriculum if curriculum is not None else curriculum_of()))
    return str(document["run_id"])
