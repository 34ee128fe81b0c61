"""`dagogy plugins check PATH`: what dagogy asks of every plugin, asked of the distribution in a folder."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dagogy.api.errors import DagogyError, InvalidArgument
from dagogy.contracts.suggest import did_you_mean
from dagogy.host.discovery import GROUPS, normalized
from dagogy.host.manager import Host, Selection
from dagogy.host.plugin import Plugin
from dagogy.kit.kinds import promises

#: What a description may not import: listings read every one of them. The SDKs of services all bring asyncio.
HEAVY = ("pydantic", "networkx", "jsonschema", "asyncio", "dagogy.pipeline")
_KIND_OF = {group: kind for kind, group in GROUPS.items()}


class Checked(NamedTuple):
    """One thing that was looked at. `reason` is empty where it is as it should be."""

    what: str
    reason: str = ""


def check(folder: Path) -> list[Checked]:
    """Checks the distribution whose `pyproject.toml` is in `folder`, which must be installed here.

    Raises `InvalidArgument` where there is no such file or it cannot be read.
    """
    project = _project(folder)
    return [*_metadata(project), *_plugins(project, folder)]


def check_plugin(kind: str, plugin_id: str) -> None:
    """Asks one installed plugin what `check` asks of it. Raises `AssertionError` that names
    whatever is not as it should be.
    """
    host = Host(Selection())
    found = {plugin.id: plugin for plugin in host.load(kind)}
    assert plugin_id in found, f"no {kind} '{plugin_id}' is installed here"
    wrong = [
        f"{c.what}: {c.reason}" for c in _one(host, found[plugin_id], f"{kind} '{plugin_id}'") if c.reason
    ]
    assert not wrong, "; ".join(wrong)


def _project(folder: Path) -> dict[str, Any]:
    path = folder / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"{path} cannot be read: {error}", hint="name the folder of a distribution"
        ) from None
    if not isinstance(document.get("project"), dict) or not isinstance(document["project"].get("name"), str):
        raise InvalidArgument(
            f"{path} has no [project] with a name", hint="'dagogy plugins new' writes one that has"
        )
    return document


def _metadata(project: dict[str, Any]) -> Iterator[Checked]:
    about = project["project"]
    yield Checked(
        "[build-system]",
        "" if project.get("build-system") else "it is missing, so no tool can build the distribution",
    )
    mine = normalized(about["name"]).startswith("dagogy-")
    yield Checked(
        "name",
        "names that begin with 'dagogy-' are for dagogy's own; put your own name first" if mine else "",
    )
    needs = any(normalized(str(need)).startswith("dagogy") for need in about.get("dependencies", ()))
    yield Checked(
        "dependencies",
        "" if needs else "dagogy is not among them, with the range of versions that it works with",
    )
    for group in about.get("entry-points", {}):
        if group.startswith("dagogy.") and group not in _KIND_OF:
            yield Checked(
                f"entry points '{group}'",
                f"dagogy has no such group; {did_you_mean(group, _KIND_OF) or ', '.join(_KIND_OF)}",
            )


def _plugins(project: dict[str, Any], folder: Path) -> Iterator[Checked]:
    groups = project["project"].get("entry-points", {})
    declared = [
        (_KIND_OF[group], name) for group, entries in groups.items() if group in _KIND_OF for name in entries
    ]
    if not declared:
        yield Checked("entry points", f"it declares none of {', '.join(_KIND_OF)}")
    host = Host(Selection())
    for kind, plugin_id in declared:
        what = f"{kind} '{plugin_id}'"
        plugin = next((p for p in host.all(kind) if p.id == plugin_id and _is_of(p, project)), None)
        if plugin is None:
            yield Checked(what, f"it is not installed here: pip install -e {folder}")
            continue
        host.load(kind, [plugin_id])
        yield from _one(host, plugin, what)


def _is_of(plugin: Plugin, project: dict[str, Any]) -> bool:
    return normalized(plugin.entry.distribution) == normalized(project["project"]["name"])


def _one(host: Host, plugin: Plugin, what: str) -> Iterator[Checked]:
    if plugin.state != "ready":
        yield Checked(what, plugin.reason)
        return
    yield Checked(f"{what}: its description is light", _heavy_imports(plugin.entry.module))
    try:
        implementation = host.implementation(plugin)
    except DagogyError as error:
        yield Checked(f"{what}: {plugin.info.impl}", error.message)
        return
    yield Checked(f"{what}: {plugin.info.impl}")
    yield from (
        Checked(f"{what}: {about}", reason) for about, reason in promises(host, plugin, implementation)
    )


def _heavy_imports(module: str) -> str:
    """What importing the module with the description brings in that it should
    not; in a process of its own.
    """
    code = f"import sys, {module}; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    found = done.stdout.split()
    if done.returncode:
        return f"it cannot be imported: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
    return f"{module} imports {', '.join(found)}; import that inside the implementation" if found else ""
