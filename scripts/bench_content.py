#!/usr/bin/env python3
"""`make bench-content`: what the nodes of the default provider say, measured against the very source.

Measured are the examples (the demo's document is one of them) and the dev cases of the ordering benchmark,
with the scope document (`scope`) and with the topic spec alone (`spec`). Whose text a sentence of the source
is, is decided here and not by the provider: by its heading, its label, its row, or by the concept's name in
it. So any provider's curriculum can be measured, and a made-up one fares badly.

The columns, each over all nodes of a document:

- `unsaid`: nodes whose concept the source only names.
- `ideas`: core ideas found in the source about that concept: `_FOUND` of their content words, the concept's
  name left out, stand in one sentence about it or in two neighbouring ones.
- `task`, `crit`, `pit`, `cap`: share of mastery tasks, criteria, pitfalls and capabilities that differ from
  those of all other nodes in more than names and numbers.
- `filler`: sentences that would fit another node: once the names of the concept and its neighbours and all
  quotations are out, several nodes have what is left, or it has no content word of what the source says of
  the concept. A node of an unsaid concept is excused if it says so: a confidence of `_HONEST` at most, and no
  more sentences than the contract asks for.
- `cut`: texts that are cut off ("…"), hang on a pronoun without a noun, or have an unbalanced bracket,
  quotation or backtick; in per cent of all.
- `idea`, `task`, `crit`: median words of a core idea, a task and a criterion.
- `flesch`: reading ease of the core ideas (Flesch 1948): 206.835 - 1.015 words a sentence - 84.6 syllables a
  word; above 60 is plain English. Syllables are groups of vowels, a silent e left out; libraries for it fetch
  data of their own when they run. Code and other scripts say nothing here.
- `conf`: median `estimate_confidence`. `score`: that of the rules for the first proposal.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagogy.api.providers import ProposeRequest, ProviderSettings
from dagogy.api.scope import Block, ScopeDocument
from dagogy.api.text import Words, sentences
from dagogy.contracts.documents import decode_topic_spec, json_values
from dagogy.host.manager import Host, Selection
from dagogy.pipeline.judge import Judge
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.spec import synthesise_spec
from dagogy.workspace.files import to_json
from dagogy_reader_markdown.reader import read_markdown

ROOT = Path(__file__).resolve().parents[1]
LOCATION = "inputs/scope.md"
#: The share of an idea's content words that one place of the source must have.
_FOUND = 0.7
#: The confidence by which a node says that the source has nothing on its concept.
_HONEST = 0.3
#: Texts a node must have: a capability, two ideas, a pitfall, a task and a criterion; the last two may take
#: two sentences each.
_LEAST_SENTENCES = 8
_KINDS = ("task", "criterion", "pitfall", "capability")

_QUOTATION = re.compile(r"“[^”]*”|\"[^\"]*\"|`[^`]*`")
_PRONOUN = re.compile(
    r"^(?:this|that|these|those|it|they|such|he|she|its|their) "
    r"(?!is (?:no|an?)\b|are (?:no|two|three)\b|that\b)",
    re.IGNORECASE,
)
_VERB = r"(?:is|are|was|were|has|have|can|may|will|does|do|means?|allows?|makes?)"
_EXPLETIVE = re.compile(
    r"^It (?:is|was|can be|has been)(?: \w+)? (?:\w+ that|(?!used|designed|needed|meant)\w+ (?:to|for))\b"
)
_NOUN_AFTER = re.compile(rf"^(?:this|that|these|those|such|its|their) (?!{_VERB}\b)\w+", re.IGNORECASE)


def tokens(text: str) -> list[str]:
    """What the content words are compared by."""
    return [key for word in Words.of(text) if word not in Words.STOP for key in Words.keys(word)]


def _forms(text: str) -> list[str]:
    """Words with the plural s off, for looking names up."""
    return [w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in Words.of(text)]


def _names(title: str) -> list[tuple[str, ...]]:
    """The names in a title: itself, and both of `X (Y)`."""
    found = re.match(r"^(.*\S)\s*\(([^()]+)\)$", title)
    return [n for n in (tuple(_forms(t)) for t in ([title, found[1], found[2]] if found else [title])) if n]


class Names:
    """Finds the names of concepts in texts, each text once from left to right."""

    def __init__(self, titles: Sequence[str]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        self.of_name: dict[tuple[str, ...], int] = {}
        for i, title in enumerate(titles):
            for name in _names(title):
                self._by_first[name[0]].append((name, i))
                self.of_name.setdefault(name, i)

    def within(self, text: str) -> set[int]:
        forms = _forms(text)
        return {
            i
            for k, form in enumerate(forms)
            for name, i in self._by_first.get(form, ())
            if tuple(forms[k : k + len(name)]) == name
        }


@dataclass(slots=True)
class Source:
    """What a document says of each concept: sentences as sets of tokens, in order."""

    passages: list[list[frozenset[str]]]
    all: list[frozenset[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.all = [frozenset().union(*s) for s in self.passages]


def source_of(document: ScopeDocument | None, titles: Sequence[str]) -> Source:
    """The sentences of `document` about each of the concepts: those below its heading, label or row and not
    below that of another one, and those elsewhere that name it."""
    passages: list[list[frozenset[str]]] = [[] for _ in titles]
    if document is None:
        return Source(passages)
    names = Names(titles)
    owner: list[int] = []
    for block in document.blocks:
        owner.append(_owner(block, names, owner))
        if block.kind == "heading":
            continue
        for sentence in _parts(block):
            found = frozenset(tokens(sentence))
            for i in names.within(sentence) | ({owner[-1]} if owner[-1] >= 0 else set()):
                if found - frozenset(tokens(titles[i])):
                    passages[i].append(found)
    return Source(passages)


def _owner(block: Block, names: Names, owners: Sequence[int]) -> int:
    """The concept that a block is about, -1 for none: its label or first cells, that of the item it stands
    in, or the last heading that is one.
    """
    labels = [block.lead, *block.cells[:2]]
    if block.kind == "list_item" or (block.kind == "paragraph" and block.lead):
        labels += [block.text, re.split(r"\s*[:：]\s|\s[–—-]\s", block.text, maxsplit=1)[0]]
    for text in labels:
        if text and tuple(_forms(text)) in names.of_name:
            return names.of_name[tuple(_forms(text))]
    if block.parent >= 0 and owners[block.parent] >= 0:
        return owners[block.parent]
    for heading in reversed(block.path):
        if (key := tuple(_forms(re.sub(r"^[\d.]+\s+", "", heading)))) in names.of_name:
            return names.of_name[key]
    return -1


def _parts(block: Block) -> Iterator[str]:
    if block.kind == "code":
        yield from block.text.splitlines()
    elif block.cells:
        for cell in block.cells:
            yield from sentences(cell)
    else:
        yield from sentences(block.text)


def found_in(idea: str, title: str, passages: Sequence[frozenset[str]]) -> bool:
    """Whether enough of the idea's own words stand together in what is said of the concept."""
    own = set(tokens(idea)) - set(tokens(title))
    pairs = [a | b for a, b in zip(passages, [*passages[1:], frozenset()], strict=False)]
    return bool(own) and any(len(own & pair) >= _FOUND * len(own) for pair in pairs)


# --------------------------------------------------------------------------------------------- one curriculum


@dataclass(slots=True)
class Judged:
    """A node with what was found out about it. `texts` by kind; `filler` are the sentences
    that would fit another node.
    """

    node: dict[str, Any]
    texts: dict[str, list[str]]
    silent: bool
    honest: bool
    found: int
    filler: list[str] = field(default_factory=list)
    count: int = 0
    broken: list[str] = field(default_factory=list)
    alike: Counter[str] = field(default_factory=Counter)

    @property
    def badness(self) -> float:
        ideas = len(self.texts["idea"])
        return (
            len(self.filler) / max(1, self.count)
            + (ideas - self.found) / max(1, ideas) * (not self.honest)
            + len(self.broken) / max(1, self.count)
        )


def judged(curriculum: dict[str, Any], document: ScopeDocument | None) -> list[Judged]:
    """Every node of `curriculum` against `document` (None: there is no source but the spec)."""
    nodes: list[dict[str, Any]] = curriculum["nodes"]
    source = source_of(document, [n["title"] for n in nodes])
    out = []
    for i, node in enumerate(nodes):
        check = node["mastery_check"]
        texts = {
            "idea": node["core_ideas"],
            "pitfall": node["pitfalls"],
            "task": [check["task"]],
            "criterion": [check["pass_criteria"]],
            "capability": [node["capability"]],
        }
        own = [text for some in texts.values() for text in some]
        silent = not source.passages[i]
        count = sum(len(sentences(text)) for text in own)
        honest = silent and node.get("estimate_confidence", 1) <= _HONEST and count <= _LEAST_SENTENCES
        found = sum(found_in(t, node["title"], source.passages[i]) for t in node["core_ideas"])
        broken = list(filter(is_broken, own))
        out.append(Judged(node, texts, silent, honest, found, count=count, broken=broken))
    frames = _Frames(nodes)
    _mark_filler(out, frames, source)
    _mark_alike(out, frames)
    return out


def _mark_alike(nodes: Sequence[Judged], frames: _Frames) -> None:
    """Counts of each kind of text those that say the same of several nodes."""
    for kind in _KINDS:
        heads = [[frames.of(i, t) for t in one.texts[kind]] for i, one in enumerate(nodes)]
        shared = Counter(f for few in heads for f in few)
        for one, few in zip(nodes, heads, strict=True):
            one.alike[kind] = sum(shared[f] > 1 for f in few)


class _Frames:
    """What is left of a text without names, quotations and numbers."""

    def __init__(self, nodes: Sequence[dict[str, Any]]) -> None:
        at = {n["id"]: i for i, n in enumerate(nodes)}
        near: list[set[int]] = [
            {i, *(at[p] for p in n["prerequisites"] if p in at)} for i, n in enumerate(nodes)
        ]
        for i, few in enumerate([*map(set, near)]):
            for j in few:
                near[j].add(i)
        names = [sorted(_names(n["title"]), key=len, reverse=True) for n in nodes]
        self._names = [
            [name for j in (i, *sorted(few - {i})) for name in names[j]] for i, few in enumerate(near)
        ]

    def of(self, i: int, text: str, *, quotations: bool = True) -> tuple[str, ...]:
        forms = _forms(_QUOTATION.sub(" ", text) if quotations else text)
        for name in self._names[i]:
            k = 0
            while k <= len(forms) - len(name):
                if tuple(forms[k : k + len(name)]) == name:
                    forms[k : k + len(name)] = ["…"]
                k += 1
        return tuple(f for f in forms if not f.isdigit())


def _mark_filler(nodes: Sequence[Judged], frames: _Frames, source: Source) -> None:
    found = [
        [(s, frames.of(i, s)) for ts in one.texts.values() for t in ts for s in sentences(t)]
        for i, one in enumerate(nodes)
    ]
    users: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for i, few in enumerate(found):
        for _, frame in few:
            users[frame].add(i)
    for i, (one, few) in enumerate(zip(nodes, found, strict=True)):
        if one.honest:
            continue
        for sentence, frame in few:
            own = set(tokens(" ".join(f for f in frame if f != "…")))
            if len(users[frame]) > 1 or not own & source.all[i]:
                one.filler.append(sentence)


def is_broken(text: str) -> bool:
    """Cut off, hanging on a pronoun, or with a bracket, quotation or backtick that has no partner."""
    if "…" in text or text.rstrip(" .").endswith("..") or text.count("`") % 2 or text.count('"') % 2:
        return True
    if any(text.count(a) != text.count(b) for a, b in ("“”", "[]", "{}")) or len(
        re.findall(r"\(", text)
    ) != len(re.findall(r"\)", text)):
        return True
    return bool(_PRONOUN.match(text)) and not _NOUN_AFTER.match(text) and not _EXPLETIVE.match(text)


def flesch(text: str) -> float | None:
    """Flesch reading ease; None for a text that is hardly English words."""
    found = re.findall(r"[A-Za-z]+(?:'[a-z]+)?", text)
    if len(found) < 5 or sum(map(len, found)) < 0.6 * len(re.sub(r"\s", "", text)):
        return None
    syllables = sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeioul])e$", "", w.lower())))) for w in found
    )
    return 206.835 - 1.015 * len(found) / max(1, len(sentences(text))) - 84.6 * syllables / len(found)


# -------------------------------------------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Row:
    """The measures of a curriculum; shares in [0, 1], None where there is nothing to take a share of."""

    name: str
    nodes: int
    values: dict[str, float | None]


_COLUMNS = (
    "unsaid",
    "ideas",
    "task",
    "crit",
    "pit",
    "cap",
    "filler",
    "cut",
    "w.idea",
    "w.task",
    "w.crit",
    "flesch",
    "conf",
    "score",
)
_SHARES = frozenset(_COLUMNS[:8])


def row_of(name: str, nodes: Sequence[Judged], score: float | None = None) -> Row:
    covered = [n for n in nodes if not n.silent]
    values: dict[str, float | None] = {
        "unsaid": _share(len(nodes) - len(covered), len(nodes)),
        "ideas": _share(sum(n.found for n in covered), len(_texts(covered, "idea"))),
        "filler": _share(sum(len(n.filler) for n in nodes), sum(n.count for n in nodes if not n.honest)),
        "cut": _share(
            sum(len(n.broken) for n in nodes), sum(len(_texts(nodes, k)) for k in ("idea", *_KINDS))
        ),
        "flesch": _median(f for f in map(flesch, _texts(nodes, "idea")) if f is not None),
        "conf": _median(n.node["estimate_confidence"] for n in nodes if "estimate_confidence" in n.node),
        "score": score,
    }
    for column, kind in zip(("task", "crit", "pit", "cap"), _KINDS, strict=True):
        total = len(_texts(nodes, kind))
        values[column] = _share(total - sum(n.alike[kind] for n in nodes), total)
    for column, kind in (("w.idea", "idea"), ("w.task", "task"), ("w.crit", "criterion")):
        values[column] = _median(len(text.split()) for text in _texts(nodes, kind))
    return Row(name, len(nodes), values)


def _texts(nodes: Sequence[Judged], kind: str) -> list[str]:
    return [text for n in nodes for text in n.texts[kind]]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None


def table(rows: Sequence[Row]) -> Iterator[str]:
    yield f"{'':<36}{'nodes':>6}" + "".join(f"{c:>8}" for c in _COLUMNS)
    for row in rows:
        yield f"{row.name:<36}{row.nodes:>6}" + "".join(f"{_shown(c, row.values[c]):>8}" for c in _COLUMNS)


def _shown(column: str, value: float | None) -> str:
    return (
        "-"
        if value is None
        else f"{value:.1%}"
        if column in _SHARES
        else f"{value:.2f}"
        if column == "conf"
        else f"{value:.1f}"
    )


def medians(rows: Sequence[Row], name: str) -> Row:
    values = {c: _median(v for r in rows if (v := r.values[c]) is not None) for c in _COLUMNS}
    return Row(name, sum(r.nodes for r in rows), values)


# ------------------------------------------------------------------------------------------------- the corpus


@dataclass(slots=True)
class Made:
    """A curriculum of the default provider with what it was made from."""

    name: str
    document: ScopeDocument | None
    curriculum: dict[str, Any]
    score: float


class Maker:
    """Makes curricula as `dagogy run` does, without a run: one proposal, judged by the built-in rules. In
    `folder` the inputs lie while that is done.
    """

    def __init__(self, folder: Path, changes: Callable[[dict[str, Any]], None] = lambda spec: None) -> None:
        host = Host(Selection(third_party=False))
        plugin = next(p for p in host.load("provider") if p.id == "internal")
        assert plugin.info is not None
        self.provider = host.implementation(plugin)(plugin.info, ProviderSettings())
        self.judge = Judge(host, {})
        self.template = (ROOT / "runs/templates/topic_spec.template.json").read_bytes()
        self.changes = changes
        self.folder = folder
        (folder / "inputs").mkdir()

    def from_scope(self, name: str, text: str) -> Made:
        document = read_markdown(text, source=f"{name}.md", location=LOCATION)
        reading = self.provider.read_scope(document)
        return self._made(name, document, synthesise_spec(document, reading, b"", self.template), reading)

    def from_spec(self, name: str, spec: bytes) -> Made:
        return self._made(name, None, spec, None)

    def _made(self, name: str, document: ScopeDocument | None, written: bytes, reading: Any) -> Made:
        wanted = json.loads(written)
        self.changes(wanted)
        data = to_json(wanted)
        spec = decode_topic_spec(data).value
        if spec is None:
            raise SystemExit(f"{name}: {decode_topic_spec(data).problems[0]}")
        sources = (document,) if document else ()
        curriculum = self.provider.propose(
            ProposeRequest(spec=spec, sources=sources, reading=reading)
        ).curriculum
        (self.folder / "inputs/topic_spec.json").write_bytes(data)
        if document:
            (self.folder / LOCATION).write_text(document.text, encoding="utf-8")
        validation = self.judge.judge(
            RunContext(to_json(curriculum), data, sources=lambda: sources, folders=(self.folder,))
        )
        return Made(name, document, json_values(curriculum), validation.score)


def corpus(maker: Maker, cases: Path, extra: Sequence[Path], modes: Sequence[str]) -> Iterator[Made]:
    """The examples, the documents of runs and tests, `extra` ones, and the cases in each of `modes`."""
    own = [
        *(ROOT / "examples").glob("*.md"),
        *(ROOT / "runs").glob("*/inputs/scope.md"),
        *(ROOT / "tests/data").glob("**/*scope*.md"),
        *extra,
    ]
    if "scope" in modes:
        for path in sorted(own):
            yield maker.from_scope(
                path.stem
                if path.name != "scope.md"
                else path.parents[1].name
                if path.parent.name == "inputs"
                else path.parent.name,
                path.read_text(encoding="utf-8"),
            )
    for mode in modes:
        for case in sorted(p for p in cases.glob("*") if (p / "scope.md").is_file()):
            name = f"{case.name} ({mode})"
            if mode == "scope":
                yield maker.from_scope(name, (case / "scope.md").read_text(encoding="utf-8"))
            else:
                yield maker.from_spec(name, (case / "topic_spec.json").read_bytes())


def show_worst(rated: Sequence[tuple[str, Judged]], count: int) -> None:
    for name, one in sorted(rated, key=lambda r: -r[1].badness)[:count]:
        print(f"\n{name}: {one.node['title']} (badness {one.badness:.2f})")
        for kind, texts in one.texts.items():
            for text in texts:
                marks = "broken " * (text in one.broken) + "filler" * any(
                    s in one.filler for s in sentences(text)
                )
                print(f"  {kind:<11}{marks:<15}{text}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Measure what the nodes say; the columns are explained at the head of this script."
    )
    default = Path(os.environ.get("DAGOGY_BENCH", ROOT.parent / "shared/bench"))
    parser.add_argument(
        "--bench", type=Path, default=default, help="the folder of the benchmark (or DAGOGY_BENCH)"
    )
    parser.add_argument("--mode", choices=("scope", "spec"), action="append", help="only this mode")
    parser.add_argument(
        "--also", type=Path, action="append", default=[], metavar="FILE", help="a scope document more"
    )
    parser.add_argument("--depth", choices=("survey", "practical", "mastery"), help="ask for this depth")
    parser.add_argument(
        "--evidence", choices=("minimal", "standard", "strict"), help="ask for this evidence mode"
    )
    parser.add_argument("--worst", action="store_true", help="also print the ten worst nodes")
    parser.add_argument(
        "--node", metavar="TEXT", help="print the nodes whose document or title has TEXT in it"
    )
    options = parser.parse_args()
    cases = options.bench / "ordering/cases"
    if not cases.is_dir():
        print(
            f"no benchmark at {options.bench}: {cases} is missing, so only the examples are measured; give "
            "its folder with --bench",
            file=sys.stderr,
        )

    def changes(spec: dict[str, Any]) -> None:
        if options.depth:
            spec["constraints"]["depth"] = options.depth
        if options.evidence:
            spec["evidence_mode"] = options.evidence

    rated, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for made in corpus(
            Maker(Path(folder), changes), cases, options.also, options.mode or ("scope", "spec")
        ):
            nodes = judged(made.curriculum, made.document)
            rated += [(made.name, n) for n in nodes]
            rows.append(row_of(made.name, nodes, made.score))
    print("\n".join(table([*rows, medians(rows, "median"), row_of("all nodes", [n for _, n in rated])])))
    if options.worst:
        show_worst(rated, 10)
    if options.node:
        wanted = options.node.lower()
        show_worst([r for r in rated if wanted in f"{r[0]} {r[1].node['title']}".lower()], len(rated))
    return 0


if __name__ == "__main__":
    sys.exit(main())
