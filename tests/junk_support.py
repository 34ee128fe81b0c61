"""Junk curricula and sound ones, and the judge that has to tell them apart.

`data/junk/*.yaml` with a `scope` are sound curricula with the document they were made from; those with
`cases` are junk: changes of a sound curriculum, each with the rule that must object. `chain_of_lines` makes
of any document what a careless program makes of it.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dagogy.api.documents import TopicSpec
from dagogy.api.providers import ProposeRequest, ProviderSettings
from dagogy.api.rules import Finding
from dagogy.host.manager import Host, Selection
from dagogy.kit.cases import complete_spec
from dagogy.pipeline.judge import Judge
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.spec import synthesise_spec
from dagogy_reader_markdown.reader import read_markdown
from pydantic import TypeAdapter

DATA = Path(__file__).parent / "data/junk"
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


class Run(NamedTuple):
    """A curriculum with what it was made from; `scope` is empty where there was no document."""

    curriculum: dict[str, Any]
    spec: dict[str, Any]
    scope: str


class Junk(NamedTuple):
    """A junk curriculum: what must be said of it (rule and severity; `rule` empty: any error)."""

    name: str
    kind: str
    run: Run
    rule: str
    severity: str


@lru_cache(maxsize=1)
def the_judge() -> Judge:
    return Judge(Host(Selection(third_party=False)), {})


def judged(run: Run) -> list[Finding]:
    """What all the rules say of the curriculum."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inputs").mkdir()
        (folder / "inputs/topic_spec.json").write_text(json.dumps(run.spec))
        (folder / "inputs/scope.md").write_text(run.scope, encoding="utf-8")
        sources = (
            (lambda: (read_markdown(run.scope, source="scope.md", location="inputs/scope.md"),))
            if run.scope
            else tuple
        )
        context = RunContext(
            json.dumps(run.curriculum).encode(),
            json.dumps(run.spec).encode(),
            sources=sources,
            folders=(folder,),
        )
        validation = the_judge().judge(context)
    assert not validation.failed_rules, validation.failed_rules
    return validation.findings


@cache
def _valid(name: str) -> Run:
    data = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    scope = str(data["scope"])
    nodes = [_node(part, scope) for part in data["nodes"]]
    hours = sum(n["estimate_minutes"] for n in nodes) / 60
    spec = {
        "goal": data["topic"],
        "scope_in": [n["title"] for n in nodes],
        "constraints": {"total_hours_min": hours / 2, "total_hours_max": hours * 2},
    }
    return Run({"topic": data["topic"], "nodes": nodes}, complete_spec(spec), scope)


def sound(name: str) -> Run:
    """A valid curriculum of ours, to be changed at will."""
    return copy.deepcopy(_valid(name))


SOUND = sorted(p.stem for p in DATA.glob("*.yaml") if not p.stem.startswith("junk"))


def _node(part: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """The node with its estimate and two resources: the lines of its section."""
    lines = scope.splitlines()
    start = next(
        (
            i
            for i, line in enumerate(lines)
            if line.startswith((f"## {part['title']}", f"- **{part['title']}"))
        ),
        0,
    )
    end = next(
        (i for i, line in enumerate(lines[start + 1 :], start + 1) if line.startswith(("## ", "- **"))),
        len(lines),
    )
    url = f"local://inputs/scope.md#L{start + 1}-L{end}"
    resources = [
        {"title": f"{part['title']}", "url": url, "kind": "doc", "role": role}
        for role in ("definition", "example")
    ]
    return {
        "prerequisites": [],
        "estimate_minutes": 60,
        "resources": resources,
        "estimate_confidence": 0.8,
        **part,
    }


def junk_cases(file: str) -> list[Junk]:
    """The junk in a file. An entry has `base`, and `change` (by node id, what is laid over the node) or `all`
    (laid over each node, with `{title}`, `{before}`, `{after}` and `{n}` filled in), `rule` and `severity`.
    """
    out = []
    for entry in yaml.safe_load((DATA / file).read_text(encoding="utf-8"))["cases"]:
        run = sound(entry["base"])
        nodes = run.curriculum["nodes"]
        if entry.get("without_scope"):
            run = run._replace(scope="")
            for node in nodes:
                node["resources"] = [
                    {**r, "url": f"https://example.org/{node['id']}"} for r in node["resources"]
                ]
        for i, node in enumerate(nodes):
            names = {
                "title": node["title"],
                "before": nodes[i - 1]["title"],
                "after": nodes[(i + 1) % len(nodes)]["title"],
                "n": i + 2,
            }
            node.update(_filled(entry.get("all", {}), names))
        by_id = {n["id"]: n for n in nodes}
        for node_id, change in entry.get("change", {}).items():
            if node_id in by_id:
                by_id[node_id].update(copy.deepcopy(change))
            else:
                like = copy.deepcopy(by_id[change.pop("like")])
                nodes.append({**like, "id": node_id, **change})
                run.spec["scope_in"].append(nodes[-1]["title"])
        out.append(Junk(entry["name"], entry["kind"], run, entry["rule"], entry.get("severity", "error")))
    return out


def _filled(template: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        for key, value in names.items():
            template = template.replace("{" + key + "}", str(value))
        return template
    if isinstance(template, list):
        return [_filled(t, names) for t in template]
    if isinstance(template, dict):
        return {k: _filled(v, names) for k, v in template.items()}
    return template


#: Phrases that programs fill with names: capability, two ideas, pitfall, task, criterion.
PHRASES: Mapping[str, Sequence[str]] = {
    "key ideas": (
        "Understand {t} and its role",
        "Key idea of {t}",
        "How {t} relates to {b}",
        "Confusing {t} with {b}",
        "Explain {t} in your own words",
        "Explanation covers {t}",
    ),
    "neighbours": (
        "Go on from “{b}” to “{t}”.",
        "“{t}” comes after “{b}”.",
        "“{t}” stands beside “{a}”.",
        "Starting on “{t}” before “{b}” is settled.",
        "Work one problem on “{t}” and mark each step that uses “{b}”.",
        "No marked step holds without “{b}”.",
    ),
    "empty": (
        "Learn {t}",
        "{t} is an important concept in this field.",
        "It is used in many places.",
        "Not practising enough.",
        "Read the section on {t}.",
        "The learner understands {t}.",
    ),
    "dressed up": (
        "Describe {t}, apply it and judge its limits",
        "{t} builds a bridge from {b} to {a} and deepens both.",
        "Working with {t} needs a clear view of {b}.",
        "Treating {t} as if it were {a}, which hides what sets them apart.",
        "Write a page on {t} that draws on {b} and looks ahead to {a}.",
        "The page names {t}, {b} and {a}.",
    ),
}


def chain_of_lines(scope: str, phrases: Sequence[str], limit: int = 12, strict_titles: bool = False) -> Run:
    """Headings, sentences and table rows of a document in their order, as a chain, with template text.

    With `strict_titles` only what looks like a name is taken, so that no rule about titles objects.
    """
    document = read_markdown(scope, source="scope.md", location="inputs/scope.md")
    titles: dict[str, tuple[int, int]] = {}
    for block in document.blocks:
        text = " | ".join(block.cells) if block.kind == "table_row" else block.text.split(". ")[0]
        if strict_titles:
            text = block.text if block.kind == "heading" else block.lead
        if text and 2 < len(text) <= 120 and block.kind != "code":
            titles.setdefault(text, block.lines)
    names = list(titles)[:limit]
    nodes = []
    for i, t in enumerate(names):
        filled = [
            p.replace("{t}", t).replace("{b}", names[i - 1]).replace("{a}", names[(i + 1) % len(names)])
            for p in phrases
        ]
        url = "local://inputs/scope.md#L{}-L{}".format(*titles[t])
        nodes.append(
            {
                "id": f"n{i}",
                "title": t,
                "capability": filled[0],
                "prerequisites": [f"n{i - 1}"] if i else [],
                "core_ideas": filled[1:3],
                "pitfalls": [filled[3]],
                "mastery_check": {"task": filled[4], "pass_criteria": filled[5]},
                "estimate_minutes": 60,
                "resources": [
                    {"title": t, "url": url, "kind": "doc", "role": role}
                    for role in ("definition", "example")
                ],
                "estimate_confidence": 0.8,
            }
        )
    spec = complete_spec(
        {
            "goal": document.title or "Learn it",
            "scope_in": names,
            "constraints": {"total_hours_min": 1, "total_hours_max": 100},
        }
    )
    return Run({"topic": document.title or "Document", "nodes": nodes}, spec, scope)


def documents() -> dict[str, str]:
    """Scope documents to make junk of: ours and the examples."""
    examples = {p.stem: p.read_text(encoding="utf-8") for p in sorted(EXAMPLES.glob("*.md"))}
    return {**{name: sound(name).scope for name in SOUND}, **examples}


def proposed(text: str) -> Run:
    """What the default provider proposes for a document, and the spec that is made of it."""
    host = Host(Selection(third_party=False))
    plugin = next(p for p in host.load("provider") if p.id == "internal")
    assert plugin.info is not None
    provider = host.implementation(plugin)(plugin.info, ProviderSettings())
    document = read_markdown(text, source="scope.md", location="inputs/scope.md")
    read = provider.read_scope(document)
    written = synthesise_spec(document, read, b"{}", b"{}")
    request = ProposeRequest(
        spec=TypeAdapter(TopicSpec).validate_json(written), sources=(document,), reading=read
    )
    return Run(provider.propose(request).curriculum, json.loads(written), text)


def generated_junk() -> list[Junk]:
    """Each document in each kind of phrases, as lines and as mere names."""
    out = []
    for name, scope in documents().items():
        for kind, phrases in PHRASES.items():
            out.append(
                Junk(f"{name}, lines, {kind}", "document order", chain_of_lines(scope, phrases), "", "error")
            )
            named = chain_of_lines(scope, phrases, strict_titles=True)
            if len(named.curriculum["nodes"]) >= 4:
                out.append(
                    Junk(f"{name}, names, {kind}", "document order", named, "quality.repetition", "error")
                )
    return out


def caught(junk: Junk, findings: Sequence[Finding]) -> bool:
    """Whether the rule that must object does, at least as severely."""
    order = ("error", "warning", "info")
    return any(
        f.rule_id == (junk.rule or f.rule_id) and order.index(str(f.severity)) <= order.index(junk.severity)
        for f in findings
    )
