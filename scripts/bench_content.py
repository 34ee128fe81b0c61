#!/usr/bin/env python3
"""`make bench-content`: what the nodes of the default provider say, measured against the very source.

Measured are the documents of the benchmark (`realdocs`, `ordering`, `failing`) and the examples. Each is
read, proposed of and judged as `dagogy run` does it, without a run. Whether a text stands in the source is
decided here and not by the provider: a text is quoted if the source has it, character by character but for
case, spaces and a full stop at its end.

The columns, each over all nodes of a document:

- `ideas`: core ideas a node; `quoted`: the share of them that the source has; `own`: the share of all that
  stand under the heading, in the item or in the row of their concept, or name it.
- `task`, `cap`: the share of mastery tasks and capabilities that are quoted; `distinct`: the share of the
  tasks that differ from all others.
- `gaps`: open gaps a node, and of these by field (capability, core ideas, pitfalls, mastery check,
  resources).
- `mixed`: texts that are not quoted, names left out, and read as another language than the document.
- `errors`: findings of severity `error` of the rules; a document that has any ends with exit status 4.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagogy.api.errors import DagogyError
from dagogy.api.providers import ProposeRequest, ProviderSettings
from dagogy.api.readers import Source
from dagogy.api.rules import Finding
from dagogy.api.scope import ScopeDocument
from dagogy.api.text import Words
from dagogy.contracts.documents import decode_topic_spec
from dagogy.host.manager import Host, Selection
from dagogy.pipeline.documents import Readers
from dagogy.pipeline.judge import Judge
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.spec import synthesise_spec
from dagogy.workspace.files import to_json
from dagogy_provider_internal.language.frames import LANGUAGES, language_of
from dagogy_provider_internal.language.naming import core_name

ROOT = Path(__file__).resolve().parents[1]
LOCATION = "inputs/scope.md"
GAP_FIELDS = ("capability", "core_ideas", "pitfalls", "mastery_check", "resources")
FOLDERS = ("realdocs/cases", "realdocs/train", "ordering/cases", "failing")
_FEWEST = 3  # words that a language is told by


@dataclass(slots=True)
class Made:
    """A curriculum of the default provider, with what it was made from and what the rules say of it."""

    name: str
    document: ScopeDocument
    curriculum: Mapping[str, Any]
    errors: Sequence[Finding]


@dataclass(slots=True)
class Told:
    """What is counted in one document."""

    nodes: int = 0
    ideas: int = 0
    quoted: int = 0
    own: int = 0
    tasks: list[str] = field(default_factory=list)
    quoted_tasks: int = 0
    capabilities: int = 0
    quoted_capabilities: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    mixed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def row(self) -> list[str]:
        def share(part: int, whole: int) -> str:
            return f"{part / whole:.2f}" if whole else "-"

        nodes = max(1, self.nodes)
        return [
            str(self.nodes),
            f"{self.ideas / nodes:.1f}",
            share(self.quoted, self.ideas),
            share(self.own, self.ideas),
            share(self.quoted_tasks, len(self.tasks)),
            share(self.quoted_capabilities, self.capabilities),
            share(len(set(self.tasks)), len(self.tasks)),
            f"{sum(self.gaps.values()) / nodes:.1f}",
            *(f"{self.gaps[name] / nodes:.2f}" for name in GAP_FIELDS),
            str(len(self.mixed)),
            str(len(self.errors)),
        ]

    def add(self, other: Told) -> None:
        for name in (
            "nodes",
            "ideas",
            "quoted",
            "own",
            "quoted_tasks",
            "capabilities",
            "quoted_capabilities",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.gaps += other.gaps
        for name in ("tasks", "mixed", "errors"):
            getattr(self, name).extend(getattr(other, name))


HEADER = ("document", "nodes", "ideas", "quoted", "own", "task", "cap", "distinct", "gaps", "cap.", "idea",
          "pit", "check", "res", "mixed", "errors")  # fmt: skip


class Maker:
    """Makes curricula as `dagogy run` does: one proposal that was asked of the rules, and their verdict."""

    def __init__(self, folder: Path, evidence: str) -> None:
        self.host = Host(Selection(third_party=False))
        plugin = next(p for p in self.host.load("provider") if p.id == "internal")
        assert plugin.info is not None
        self.provider = self.host.implementation(plugin)(plugin.info, ProviderSettings())
        self.judge = Judge(self.host, {})
        self.readers = Readers(self.host)
        self.template = (ROOT / "runs/templates/topic_spec.template.json").read_bytes()
        self.folder, self.evidence = folder, evidence
        (folder / "inputs").mkdir()

    def made(self, path: Path) -> Made | str:
        """The curriculum of a document, or why there is none."""
        try:
            document = self.readers.read(Source(path.name, path.read_bytes()), location=LOCATION)
            reading = self.provider.read_scope(document)
        except DagogyError as error:
            return error.message
        if reading.refusal:
            return str(reading.refusal.message)
        data = synthesise_spec(document, reading, b"", self.template)
        if self.evidence:
            data = data.replace(b'"evidence_mode": "minimal"', f'"evidence_mode": "{self.evidence}"'.encode())
        spec = decode_topic_spec(data).value
        assert spec is not None
        (self.folder / "inputs/topic_spec.json").write_bytes(data)
        (self.folder / LOCATION).write_text(document.text, encoding="utf-8")

        def judged(curriculum: Any, made_from: Any) -> Sequence[Finding]:
            context = RunContext(
                to_json(curriculum),
                data,
                sources=lambda: (document,),
                evidence=lambda: made_from or reading,
                folders=(self.folder,),
            )
            return self.judge.judge(context).findings

        request = ProposeRequest(
            spec=spec,
            sources=[document],
            reading=reading,
            requirements=self.judge.requirements(),
            judged=judged,
        )
        proposal = self.provider.propose(request)
        errors = [f for f in judged(proposal.curriculum, proposal.reading) if f.severity == "error"]
        name = path.parent.name if path.stem in ("doc", "scope") else path.name
        return Made(name, document, proposal.curriculum, errors)


def told(made: Made) -> Told:
    """What the curriculum says, against its document."""
    texts = [cell for b in made.document.blocks for cell in (b.text, *b.cells)]
    source = "\n".join(map(_flat, texts))
    language = language_of(made.document)
    out = Told(
        nodes=len(made.curriculum["nodes"]),
        errors=[f"{f.rule_id} {f.pointer}: {f.message}" for f in made.errors],
    )
    names = [n["title"] for n in made.curriculum["nodes"]]
    for node in made.curriculum["nodes"]:
        near = _near(made.document, node["title"])
        ideas = [_flat(idea) for idea in node["core_ideas"]]
        out.ideas += len(ideas)
        out.quoted += sum(idea in source for idea in ideas)
        out.own += sum(idea in near for idea in ideas)
        gaps = node.get("gaps", [])
        unquoted = [*_unquoted(node, source, out), *(gap["reason"] for gap in gaps)]
        out.mixed += [text for text in unquoted if _is_other(text, names, language)]
        out.gaps.update(gap["field"] for gap in gaps)
    return out


def _unquoted(node: Mapping[str, Any], source: str, out: Told) -> Iterator[str]:
    """The texts of a node besides its ideas that the source does not have; `out` counts the others."""
    check = node["mastery_check"]
    if capability := node["capability"]:
        out.capabilities += 1
        out.quoted_capabilities += _flat(capability) in source
    if task := check["task"]:
        out.tasks.append(task)
        out.quoted_tasks += _flat(task) in source
    criteria = [line.lstrip("• ") for line in check["pass_criteria"].splitlines()]
    for text in (capability, task, *node["pitfalls"], *criteria):
        if text and _flat(text) not in source:
            yield text


def _flat(text: str) -> str:
    return "".join(text.casefold().split()).rstrip(".;。；,，")


def _near(document: ScopeDocument, title: str) -> str:
    """What stands under the title, in its item or row, or names it."""
    wanted, words = _flat(title), set(Words.stems(title))
    inside: set[int] = set()
    out = []
    for at, block in enumerate(document.blocks):
        named = any(
            wanted in _flat(name) or _flat(name) in wanted for name in (*block.path, block.lead) if name
        )
        named = named or wanted in _flat(block.text) or block.parent in inside
        if named or words & set(Words.stems(block.text)):
            out += [_flat(t) for t in (block.text, *block.cells)]
        if named:
            inside.add(at)
    return "\n".join(out)


def _is_other(text: str, names: Sequence[str], language: str) -> bool:
    """Whether a text, the names left out, is in another language than `language` (English, where there are no
    frames for that)."""
    from gcld3 import NNetLanguageIdentifier

    # In a frame a name may have lost its capitals, and an opener such as "What is".
    text = text.casefold()
    for name in sorted({n for title in names for n in (title, core_name(title))}, key=len, reverse=True):
        text = text.replace(name.casefold(), " ")
    if len(text.split()) < _FEWEST and text.isascii():
        return False
    wanted = language if language in LANGUAGES else "en"
    if wanted == "en":
        return not text.isascii() and any(c.isalpha() and not c.isascii() for c in text)
    found = NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=3000).FindLanguage(text=text)
    return bool(found.is_reliable and found.language == "en")


def documents(bench: Path, folders: Sequence[str]) -> Iterator[Path]:
    """The documents of the benchmark, and the examples."""
    yield from sorted((ROOT / "examples").glob("*.md"))
    for name in folders:
        folder = bench / name
        if folder.is_dir():
            inside = [p for p in folder.glob("*/*") if p.stem in ("doc", "scope")] or [
                p for p in folder.glob("*") if p.is_file() and p.name != "README.md"
            ]
            yield from sorted(inside)
        else:
            print(f"no benchmark at {folder}: give its folder with --bench", file=sys.stderr)


def show(made: Made, node: Mapping[str, Any]) -> None:
    check = node["mastery_check"]
    print(
        f"\n{made.name}: {node['title']}  "
        f"({node['estimate_minutes']} min, confidence {node['estimate_confidence']})"
    )
    print(f"  capability  {node['capability']}")
    for kind in ("core_ideas", "pitfalls"):
        for text in node[kind]:
            print(f"  {kind[:10]:<11} {text}")
    print(f"  task        {check['task']}")
    print(f"  criteria    {check['pass_criteria']}")
    for gap in node["gaps"]:
        print(f"  gap         {gap['field']}: {gap['reason']}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what the nodes say; see the head of this script.")
    default = Path(os.environ.get("DAGOGY_BENCH", ROOT.parent / "shared/bench"))
    parser.add_argument(
        "--bench", type=Path, default=default, help="the folder of the benchmark (or DAGOGY_BENCH)"
    )
    parser.add_argument("--folder", action="append", help=f"only this folder of it (of {', '.join(FOLDERS)})")
    parser.add_argument(
        "--evidence", choices=("standard", "strict"), default="", help="ask for this evidence mode"
    )
    parser.add_argument(
        "--node", metavar="TEXT", help="print the nodes whose document or title has TEXT in it"
    )
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="print N nodes, chosen at random")
    parser.add_argument("--errors", action="store_true", help="print what the rules refuse")
    return parser.parse_args()


def _table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(r[k]) for r in [HEADER, *rows]) for k in range(len(HEADER))]
    for row in [HEADER, *rows]:
        print(
            "  ".join(
                cell.ljust(w) if k == 0 else cell.rjust(w)
                for k, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
        )


def _nodes(shown: Sequence[tuple[Made, Mapping[str, Any]]], wanted: str, sample: int) -> None:
    """Prints the nodes in whose document or title `wanted` occurs, and `sample` others at random."""
    for made, node in shown:
        if wanted and wanted.lower() in f"{made.name} {node['title']}".lower():
            show(made, node)
    for made, node in random.Random(1).sample(list(shown), min(sample, len(shown))):
        show(made, node)


def main() -> int:
    options = _options()
    total, rows, shown, refused = Told(), [], [], []
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(Path(folder), options.evidence)
        for path in documents(options.bench, options.folder or FOLDERS):
            made = maker.made(path)
            if isinstance(made, str):
                refused.append(f"{path.parent.name}/{path.name}: {made}")
                continue
            one = told(made)
            rows.append([made.name[:30], *one.row()])
            total.add(one)
            shown += [(made, node) for node in made.curriculum["nodes"]]
            if options.errors:
                print(*(f"{made.name}: {e}" for e in one.errors), sep="\n", end="\n" if one.errors else "")
    _table([*rows, ["all", *total.row()]])
    bad = sum(row[-1] != "0" for row in rows)
    print(
        f"{len(rows)} documents; {bad} with a draft that the rules refuse; {len(refused)} no course or not "
        "readable"
    )
    print(*(f"mixed: {text}" for text in total.mixed), sep="\n", end="\n" if total.mixed else "")
    print(f"median nodes a document {statistics.median(int(r[1]) for r in rows):g}")
    _nodes(shown, options.node or "", options.sample)
    return 0


if __name__ == "__main__":
    sys.exit(main())
