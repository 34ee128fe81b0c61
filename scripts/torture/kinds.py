"""What a kind of torture is: it numbers its cases, and each case can be done
again from seed and number alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from torture.harness import Harness, Ran
from torture.oracle import Loss

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Case:
    """One case: what was tried, in words that can be typed or found again, and what was lost. `tried` is 0
    where nothing came about.
    """

    what: str = ""
    tried: int = 1
    losses: list[Loss] = field(default_factory=list)

    def lost(self, what: str, seen: str) -> None:
        self.losses.append(Loss(what, seen))


class Kind(Protocol):
    """A kind of torture. `share`: its cases for each one of `--size`; `most` bounds the cases
    where there are only so many.
    """

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...

    @property
    def share(self) -> float: ...

    def most(self, harness: Harness) -> int | None: ...

    def case(self, harness: Harness, seed: int, number: int, random: Random) -> Case: ...


@dataclass(frozen=True, slots=True)
class Simple:
    """A kind that is one function."""

    name: str
    summary: str
    share: float
    function: Callable[[Harness, int, Random], Case]

    def most(self, harness: Harness) -> int | None:
        return None

    def case(self, harness: Harness, seed: int, number: int, random: Random) -> Case:
        return self.function(harness, number, random)


def random_of(seed: int, kind: str, number: int) -> Random:
    """The random numbers of one case, the same on every machine."""
    return Random(f"{seed}/{kind}/{number}")


# --- workspaces that cases start from

TEA = """# Tea

## Water
Water carries the taste. Soft water has few minerals, and it keeps the taste clear.

## Leaves
Leaves give water their colour. Green leaves are not oxidised, black leaves are.

## Brewing
Brewing needs water and leaves. Hot water draws the taste out of the leaves in minutes.
"""
MORE_TEA = (
    TEA
    + """
## Tasting
Tasting needs brewing. A taster compares cups that were brewed in the same way.
"""
)


def ok(harness: Harness, *argv: str) -> Ran:
    """Runs a command that has to end well; what a workspace is made with."""
    ran = harness.run(*argv)
    if ran.status:
        raise AssertionError(f"dagogy {' '.join(argv)}: {ran.status}: {ran.err.decode('utf-8', 'replace')}")
    return ran


def the_run(harness: Harness) -> Path:
    """The folder of the only (or newest) run."""
    return max(p for p in harness.runs.iterdir() if p.name[:1].isdigit())


def build_initialized(harness: Harness) -> None:
    (harness.work / "tea.md").write_text(TEA)
    (harness.work / "more.md").write_text(MORE_TEA)
    ok(harness, "init", "course")


def build_iterated(harness: Harness) -> None:
    """A run that has been through the pipeline twice, so that it has a previous curriculum and a diff."""
    build_initialized(harness)
    ok(harness, "run", "latest", "--scope-file", "tea.md")
    ok(harness, "run", "latest", "--scope-file", "more.md")


def build_failed(harness: Harness) -> None:
    """`build_iterated`, and then a validation that failed, with its record."""
    build_iterated(harness)
    _spoil(harness)
    harness.run("validate", "latest")


def build_edited(harness: Harness) -> None:
    """`build_iterated`, with a topic spec that was edited since: everything made from it is stale."""
    build_iterated(harness)
    spec = the_run(harness) / "inputs/topic_spec.json"
    spec.write_text(spec.read_text().replace("Tea", "Green Tea"))


def build_spoilt(harness: Harness) -> None:
    """`build_iterated`, with a curriculum that no longer passes."""
    build_iterated(harness)
    _spoil(harness)


def _spoil(harness: Harness) -> None:
    path = the_run(harness) / "outputs/curriculum/curriculum.json"
    document = json.loads(path.read_text())
    document["nodes"][0]["prerequisites"] = [document["nodes"][-1]["id"]]
    path.write_text(json.dumps(document))


def build_fixable(harness: Harness) -> None:
    """A curriculum that a safe fix makes better: an edge that another path makes redundant."""
    build_iterated(harness)
    path = the_run(harness) / "outputs/curriculum/curriculum.json"
    document = json.loads(path.read_text())
    nodes: list[dict[str, Any]] = document["nodes"]
    by_id = {n["id"]: n for n in nodes}
    for node in nodes:
        far = [
            q
            for p in node["prerequisites"]
            for q in by_id[p]["prerequisites"]
            if q not in node["prerequisites"]
        ]
        if far:
            node["prerequisites"] = [*node["prerequisites"], far[0]]
            break
    path.write_text(json.dumps(document))


def build_unplanned(harness: Harness) -> None:
    build_iterated(harness)
    (the_run(harness) / "outputs/plan/plan.json").unlink()


def build_archived(harness: Harness) -> None:
    """An archive of a run, outside of the runs dir, and no run."""
    build_iterated(harness)
    ok(harness, "archive", "latest", "--remove")
    packed = next((harness.runs / "archives").glob("*.tar.gz"))
    packed.rename(harness.work / "packed.tar.gz")


def build_defect(harness: Harness) -> None:
    """`build_failed`, whose record is that of a bug in dagogy."""
    build_failed(harness)
    for path in (the_run(harness) / "logs/failures").glob("*.json"):
        document = json.loads(path.read_text())
        document |= {
            "code": "internal_error",
            "exit_status": 10,
            "message": "a bug in dagogy: KeyError: 'node'",
            "details": {},
        }
        path.write_text(json.dumps(document))


def build_tripped(harness: Harness) -> None:
    """`build_iterated`, and two circuit breakers that are open."""
    from dagogy.workspace.circuits import Breakers, Circuit

    build_iterated(harness)
    for model in ("small", "large"):
        Breakers(harness.runs).open(
            Circuit("remote_llm", "http://127.0.0.1:1/v1", model), "network_unreachable", 3600, stated=False
        )


def build_configured(harness: Harness) -> None:
    """`build_iterated`, with a configuration file that has to be trusted."""
    build_iterated(harness)
    (harness.work / "dagogy.toml").write_text('agent_provider = "internal"\n')


BUILDERS: dict[str, Callable[[Harness], None]] = {
    name.removeprefix("build_"): builder
    for name, builder in list(globals().items())
    if name.startswith("build_")
}


def losses_of(*sources: Iterator[Loss]) -> list[Loss]:
    return [loss for source in sources for loss in source]
