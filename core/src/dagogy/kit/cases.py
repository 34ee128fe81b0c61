"""Rule cases: `cases.yaml` beside a rule says what passes, what fails with which findings,
and what a fix must produce.

Shape of the file::

    pass:
      - name: two nodes in a chain
        curriculum: {nodes: [{id: a}, {id: b, prerequisites: [a]}]}
    fail:
      - name: two nodes in a cycle
        curriculum: {nodes: [{id: a, prerequisites: [b]}, {id: b, prerequisites: [a]}]}
        findings:
          - {pointer: /nodes/0/prerequisites/0, node_id: a, message: a -> b -> a}
        fixed: {nodes: [...]}          # what applying every offered fix must produce (a part of the document)

A case may also have `options`, `spec` (keys laid over a sound topic spec), `scope` (Markdown text), `files`
(path: content, for `local://`), `evidence` (a list of edges, each `prerequisite` and `dependent` by id with
`weight` and optionally `kind`, `quote` and its `line`, `note`, and the reason why it was `dropped`), `raw`
(the very text of the curriculum, instead of `curriculum`) and `raw_spec`. What a node leaves out is filled in
with something sound, so that a case shows only what it is about; `complete: false` leaves nodes as they are.
In `findings` the message is a part of the real one; every finding of the rule must be listed. `measures` are
those that the rule yields, all of them in order, each with as many of its attributes (`name`, `value`, `met`,
`total`, `protected`) as matter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from dagogy.api.errors import DagogyError
from dagogy.api.plugins import SEVERITIES
from dagogy.api.readers import Source
from dagogy.api.rules import Finding, Measure, Rule
from dagogy.api.scope import EdgeEvidence, ScopeConcept, ScopeEdge, ScopeReading
from dagogy.pipeline.measures import unusable_measure
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.rule_options import build_options


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of a `cases.yaml`."""

    rule_id: str
    name: str
    expect: Literal["pass", "fail"]
    data: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.name}"


_KEYS = {
    "name",
    "curriculum",
    "spec",
    "scope",
    "files",
    "evidence",
    "authored",
    "options",
    "findings",
    "measures",
    "fixed",
    "raw",
    "raw_spec",
    "complete",
    "note",
}


def load_cases(rule_id: str, package: str, text: str | None = None) -> list[Case]:
    """The cases in `cases.yaml` of the Python package `package`, or in `text`. Raises `ValueError` for an
    unknown key or an empty half.
    """
    import yaml

    # libyaml's, where there is one, takes a tenth of the time
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    source = files(package).joinpath("cases.yaml").read_text(encoding="utf-8") if text is None else text
    document = yaml.load(source, loader)  # noqa: S506 (both are safe)
    if not isinstance(document, dict):
        raise ValueError(f"{package}/cases.yaml is not a table with 'pass' and 'fail'")
    out: list[Case] = []
    for expect in ("pass", "fail"):
        entries = document.get(expect) or []
        if not entries:
            raise ValueError(f"{package}/cases.yaml has no '{expect}' case")
        for entry in entries:
            unknown = set(entry) - _KEYS
            if unknown:
                raise ValueError(f"{package}/cases.yaml, {entry.get('name')}: unknown keys {sorted(unknown)}")
            out.append(Case(rule_id, str(entry.get("name", "unnamed")), expect, entry))
    return out


#: Capability, two core ideas, pitfall, task and criterion, by turns: the same words in
#: three nodes would be a template.
_WORDINGS = (
    (
        "Apply {name} to a case of one's own.",
        "{name} has inputs of type {n}.",
        "{name} has outputs of type {n}.",
        "Taking {name} for its neighbour {n}.",
        "Build {name} from {n} given parts.",
        "All {n} parts are used and the result runs.",
    ),
    (
        "Choose between {name} and its rival for a given load.",
        "Under load {n} the cost of {name} doubles.",
        "Without memory {name} forgets what came {n} steps before.",
        "Measuring {name} before it is warm.",
        "Time {name} under {n} loads and plot them.",
        "The plot shows {n} points on a straight line.",
    ),
    (
        "Repair {name} after a fault in the field.",
        "A fault in {name} shows up as noise of kind {n}.",
        "Heat above {n} degrees makes {name} drift.",
        "Replacing {name} where a clean contact would do.",
        "Find the {n} faults that were planted in {name}.",
        "A second tester finds the same {n} faults.",
    ),
)


def complete_node(part: Mapping[str, Any], position: int = 0) -> dict[str, Any]:
    """A node that no rule objects to, with `part` laid over it."""
    name = str(part.get("title", part.get("id", f"n{position}")))
    wording = _WORDINGS[position % len(_WORDINGS)]
    base = {
        "id": f"n{position}",
        "title": name,
        "capability": wording[0].format(name=name),
        "prerequisites": [],
        "core_ideas": [wording[1].format(name=name, n=position), wording[2].format(name=name, n=position)],
        "pitfalls": [wording[3].format(name=name, n=position)],
        "mastery_check": {
            "task": wording[4].format(name=name, n=position + 2),
            "pass_criteria": wording[5].format(n=position + 2),
        },
        "estimate_minutes": 60,
        "resources": [
            {
                "title": f"{name}, defined",
                "url": f"https://example.org/{position}/definition",
                "kind": "doc",
                "role": "definition",
            },
            {
                "title": f"{name}, an example",
                "url": f"https://example.org/{position}/example",
                "kind": "doc",
                "role": "example",
            },
        ],
    }
    return {**base, **part}


def complete_spec(part: Mapping[str, Any]) -> dict[str, Any]:
    """A sound topic spec, with `part` laid over it (`constraints` key by key)."""
    base: dict[str, Any] = {
        "spec_version": "1.0",
        "goal": "Build small working examples.",
        "audience": "Newcomers with a computer.",
        "prerequisites": [],
        "scope_in": ["Basics"],
        "scope_out": [],
        "constraints": {
            "hours_per_week": 5,
            "total_hours_min": 1,
            "total_hours_max": 100,
            "depth": "practical",
        },
        "domain_mode": "mature",
        "evidence_mode": "minimal",
    }
    constraints = {**base["constraints"], **part.get("constraints", {})}
    return {**base, **part, "constraints": constraints}


def _curriculum(case: Case) -> bytes:
    if "raw" in case.data:
        return str(case.data["raw"]).encode()
    part = case.data.get("curriculum", {})
    if not isinstance(part, Mapping) or case.data.get("complete") is False:
        return json.dumps(part).encode()
    nodes = [
        complete_node(n, i) if isinstance(n, Mapping) else n
        for i, n in enumerate(part.get("nodes", [{"id": "a"}]))
    ]
    return json.dumps({"topic": "Testing", **part, "nodes": nodes}).encode()


def context_of(case: Case, folder: Path) -> RunContext:
    """What the rule is shown; `folder` takes the files of the case."""
    for name, content in case.data.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    scope = case.data.get("scope")

    def sources() -> Sequence[Any]:
        return (
            ()
            if scope is None
            else (_readers().read(Source("scope.md", scope.encode()), location="inputs/scope.md"),)
        )

    spec = (
        str(case.data["raw_spec"]).encode()
        if "raw_spec" in case.data
        else json.dumps(complete_spec(case.data.get("spec", {}))).encode()
    )
    made = RunContext(
        _curriculum(case), spec, sources=sources, evidence=lambda: _evidence(case), folders=(folder,)
    )
    return made.authored_by(
        lambda: [(node, name) for node, names in case.data.get("authored", {}).items() for name in names]
    )


@cache
def _readers() -> Any:
    from dagogy.host.manager import Host
    from dagogy.pipeline.documents import Readers

    return Readers(Host())


def _evidence(case: Case) -> ScopeReading | None:
    """The evidence that a provider would have kept; None where the case has none."""
    if "evidence" not in case.data:
        return None
    edges = []
    for edge in case.data["evidence"]:
        kind, weight, line, quote = (
            edge.get("kind", "mention"),
            edge["weight"],
            edge.get("line", 0),
            edge.get("quote", ""),
        )
        piece = EdgeEvidence(kind, weight, (line, line), quote, note=edge.get("note", ""))
        edges.append(
            ScopeEdge(
                edge["prerequisite"],
                edge["dependent"],
                kind,
                weight,
                (line, line),
                quote,
                (piece,),
                edge.get("dropped", ""),
            )
        )
    concepts = tuple(
        ScopeConcept(name, name, (), (0, 0), "")
        for name in dict.fromkeys(n for e in edges for n in (e.prerequisite, e.dependent))
    )
    return ScopeReading(
        concepts, tuple(e for e in edges if not e.dropped), dropped=tuple(e for e in edges if e.dropped)
    )


def run_case(rule: Rule, case: Case, folder: Path) -> list[Finding]:
    """Runs one case; raises `AssertionError` that says what differs, else returns the findings."""
    options = build_options(case.rule_id, rule, case.data.get("options", {}))
    context = context_of(case, folder)
    try:
        answer = list(rule.check(context, options))
    except DagogyError as error:
        raise AssertionError(f"{case}: the rule could not run: {error.message}") from error
    found = [item for item in answer if not isinstance(item, Measure)]
    for finding in found:
        _require_complete(case, finding)
    _compare_measures(case, [item for item in answer if isinstance(item, Measure)])
    if case.expect == "pass":
        assert not found, f"{case}: {[f.message for f in found]}"
        return found
    assert found, f"{case}: no finding"
    _compare(case, found)
    if "fixed" in case.data:
        _compare_fixed(case, context.document, found)
    return found


def _require_complete(case: Case, finding: Finding) -> None:
    assert finding.message.strip(), f"{case}: a finding without a message"
    pointed = finding.pointer == "" or finding.pointer.startswith("/")
    assert pointed, f"{case}: '{finding.pointer}' is no JSON Pointer"
    assert finding.rule_id == "", f"{case}: the rule id is filled in by the host"
    assert finding.severity in ("", *SEVERITIES), (
        f"{case}: the severity '{finding.severity}' is not one of {', '.join(SEVERITIES)}"
    )


def _compare(case: Case, found: Sequence[Finding]) -> None:
    wanted = case.data.get("findings", [])
    assert len(found) == len(wanted), (
        f"{case}: {len(wanted)} findings wanted, got {[(f.pointer, f.message) for f in found]}"
    )
    for want, have in zip(wanted, found, strict=True):
        for key, value in want.items():
            real = getattr(have, key)
            same = str(value) in real if key == "message" else real == value
            assert same, f"{case}: {key} is {real!r}, wanted {value!r}"


def _compare_measures(case: Case, measures: Sequence[Measure]) -> None:
    names: list[str] = []
    for measure in measures:
        wrong = unusable_measure(measure, names)
        assert not wrong, f"{case}: {wrong}"
        assert measure.rule_id == "", f"{case}: the rule id is filled in by the host"
        names.append(measure.name)
    if "measures" not in case.data:
        return
    wanted = case.data["measures"]
    assert len(measures) == len(wanted), f"{case}: {len(wanted)} measures wanted, got {names}"
    for want, have in zip(wanted, measures, strict=True):
        for key, value in want.items():
            real = getattr(have, key)
            assert real == value, f"{case}: {key} of measure '{have.name}' is {real!r}, wanted {value!r}"


def _compare_fixed(case: Case, document: Any, found: Sequence[Finding]) -> None:
    from dagogy.pipeline.fixes import apply_fixes

    fixed, _ = apply_fixes(document, found, unsafe=True)
    assert _is_part(case.data["fixed"], fixed), f"{case}: the fixes produce {json.dumps(fixed)[:600]}"


def _is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, Mapping):
        return isinstance(whole, dict) and all(k in whole and _is_part(v, whole[k]) for k, v in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(_is_part, part, whole))
    return bool(part == whole)
