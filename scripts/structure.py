#!/usr/bin/env python3
"""Checks the sizes and the shape of the sources against `[tool.structure]` of pyproject.toml: lines of a
module and of a class, cyclomatic complexity of a function with boolean operators counted, and import cycles,
imports for types and inside functions included.

What is listed there as allowed may stay, but may not grow; what is listed and no longer needed is reported,
so that the list only shrinks.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import networkx as nx
from radon.complexity import cc_visit

ROOT = Path(__file__).resolve().parents[1]


def sources() -> Iterator[Path]:
    """The modules of every distribution, and the scripts."""
    for pattern in (
        "core/src/**/*.py",
        "providers/*/src/**/*.py",
        "validators/*/src/**/*.py",
        "plugins/*/src/**/*.py",
        "examples/*/src/**/*.py",
        "scripts/**/*.py",
    ):
        yield from sorted(ROOT.glob(pattern))


def measured(name: str, text: str, limits: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """What exceeds a limit in the module `name`: what it is called in pyproject.toml, and how large it is."""
    lines = text.count("\n")
    if lines > limits["max-module-lines"]:
        yield name, lines
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and node.end_lineno is not None:
            height = node.end_lineno - node.lineno + 1
            if height > limits["max-class-lines"]:
                yield f"{name}::class {node.name}", height
    for block in cc_visit(text):
        # A class counts as the sum of its methods there; each of them is measured by itself.
        if block.letter in "FM" and block.complexity > limits["max-complexity"]:
            yield f"{name}::{block.fullname}", block.complexity


def import_cycles(root: Path) -> list[list[str]]:
    """The strongly connected components of more than one module below one `src` folder."""
    paths = {
        ".".join(p.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): p
        for p in root.rglob("*.py")
    }
    graph = nx.DiGraph()
    for module, path in paths.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [
                    f"{node.module}.{alias.name}"
                    if f"{node.module}.{alias.name}" in paths
                    else str(node.module)
                    for alias in node.names
                ]
            else:
                continue
            graph.add_edges_from((module, name) for name in names if name in paths and name != module)
    return [sorted(component) for component in nx.strongly_connected_components(graph) if len(component) > 1]


def problems() -> Iterator[str]:
    """Everything that is against the limits, one line each."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        limits = tomllib.load(file)["tool"]["structure"]
    allowed = dict(limits["allowed"])
    for path in sources():
        module = path.relative_to(ROOT).as_posix()
        for name, size in measured(module, path.read_text(encoding="utf-8"), limits):
            most = allowed.pop(name, 0)
            if size > most:
                yield f"{name}: {size}" + (
                    f", more than the {most} that pyproject.toml allows it" if most else ""
                )
            elif size < most:
                yield f"{name}: {size} now; lower it from {most} in [tool.structure.allowed]"
    for name in allowed:
        yield f"{name}: within the limits; remove it from [tool.structure.allowed]"
    for root in (ROOT / "core/src", *sorted(ROOT.glob("[pve]*/*/src"))):
        for cycle in import_cycles(root):
            yield f"{root.relative_to(ROOT)}: import cycle of {', '.join(cycle)}"


def main() -> int:
    found = list(problems())
    print("\n".join(found) or "structure: all within the limits")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
