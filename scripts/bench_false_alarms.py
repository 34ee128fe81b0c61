#!/usr/bin/env python3
"""How often the rules find fault with sentences of real textbooks: findings for 1,000 sentences, by rule.

  python scripts/bench_false_alarms.py LANGUAGE=FOLDER… [--most 3000] [--show RULE]

Each FOLDER has texts of one language in any format that a reader takes. Their paragraphs are cut into
sentences; whole ones of 5 to 40 words (15 to 150 characters where words are not set apart) become, in turn,
core ideas, pitfalls and pass criteria of nodes, three nodes from the same section. All else in a node is
sound, and only findings that point at such a sentence count. What a good sentence of a textbook says must
not be a finding: the aim is less than 1 in 1,000 for each rule.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dagogy.api.errors import DagogyError
from dagogy.api.readers import Source
from dagogy.api.text import sentences
from dagogy.host.manager import Host, Selection
from dagogy.kit.cases import complete_node
from dagogy.pipeline.documents import Readers
from dagogy.pipeline.judge import Judge
from dagogy.pipeline.rule_context import RunContext
from dagogy.workspace.files import to_json

SPEC = {
    "spec_version": "1.0",
    "goal": "Teach what the book says.",
    "audience": "Readers",
    "prerequisites": [],
    "scope_in": [],
    "scope_out": [],
    "constraints": {"hours_per_week": 5, "total_hours_min": 1, "total_hours_max": 100, "depth": "survey"},
    "domain_mode": "mature",
    "evidence_mode": "standard",
}
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_OURS = re.compile(r"/nodes/(\d+)/(core_ideas/\d+|pitfalls/\d+|mastery_check/pass_criteria)\Z")
#: What a reader left of markup, formulas and references makes no sentence of a curriculum.
_MARKUP = re.compile(r"[\\{}|<>\[\]^*_`$#=]|https?:|\(\)|\.\.\.|…|[:：]\Z|\(\s*[,;)]")
#: Where only one of a pair is there, the full stop of an abbreviation was taken for the end of the sentence.
_PAIRS = (("(", ")"), ("«", "»"), ("“", "”"), ("„", "“"), ("（", "）"))
_END = tuple(".!?。！？")
_EACH = 4  # sentences of a node
_NODES = 30  # of a curriculum


def usable(text: str) -> bool:
    if not text.endswith(_END) or _MARKUP.search(text) or not (text[0].isupper() or _EAST.match(text)):
        return False
    if any(text.count(a) != text.count(b) for a, b in _PAIRS) or text.count('"') % 2:
        return False
    return 15 <= len(text) <= 150 if _EAST.search(text) else 5 <= len(text.split()) <= 40


def of_texts(folder: Path, most: int) -> list[tuple[str, str]]:
    """Pairs of a section's heading and a sentence, of which no two are alike."""
    readers = Readers(Host(Selection(third_party=False)))
    found: dict[str, str] = {}
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    random.Random(1).shuffle(paths)
    for path in paths:
        try:
            document = readers.read(Source(path.name, path.read_bytes()), location="inputs/scope.md")
        except DagogyError as error:
            print(f"{path.name}: {error.message}", file=sys.stderr)
            continue
        for block in document.blocks:
            if block.kind == "paragraph":
                for sentence in sentences(" ".join(block.text.split())):
                    if usable(sentence):
                        found.setdefault(sentence, block.path[-1] if block.path else path.stem)
        if len(found) >= most:
            break
    return [(heading, sentence) for sentence, heading in found.items()][:most]


def curricula(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[bytes, list[list[str]]]]:
    """Documents of curricula, with the sentences of each node."""
    by_heading: dict[str, list[str]] = defaultdict(list)
    for heading, sentence in pairs:
        by_heading[heading].append(sentence)
    groups = [
        (heading, own[k : k + _EACH])
        for heading, own in by_heading.items()
        for k in range(0, len(own) - _EACH + 1, _EACH)
    ]
    for start in range(0, len(groups), _NODES):
        nodes, said = [], []
        for i, (heading, own) in enumerate(groups[start : start + _NODES]):
            nodes.append(
                complete_node(
                    {
                        "id": f"n{i}",
                        "title": f"{heading} {i}",
                        "core_ideas": own[:2],
                        "pitfalls": [own[2]],
                        "mastery_check": {
                            "task": f"Build case {i} of your own and compare it with its neighbours.",
                            "pass_criteria": own[3],
                        },
                    },
                    i,
                )
            )
            said.append(own)
        yield to_json({"schema_version": "1.1", "topic": "T", "nodes": nodes, "open_questions": []}), said


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", nargs="+", metavar="LANGUAGE=FOLDER")
    parser.add_argument("--most", type=int, default=3_000, help="sentences of a language")
    parser.add_argument("--show", default="", help="print the findings of the rules whose id begins so")
    a = parser.parse_args()
    judge = Judge(Host(Selection(third_party=False)), {})
    counts: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    for text in a.texts:
        language, _, folder = text.partition("=")
        counts[language] = Counter()
        for data, said in curricula(of_texts(Path(folder), a.most)):
            total[language] += sum(map(len, said))
            for rule, message, sentence in alarms(judge, data, said):
                counts[language][rule] += 1
                if a.show and rule.startswith(a.show):
                    print(f"{language} {message}\n    {sentence}")
    show(counts, total)
    return 0


def alarms(judge: Judge, data: bytes, said: Sequence[Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    """Rule, message and sentence of each finding that is about one of the sentences."""
    for finding in judge.judge(RunContext(data, to_json(SPEC))).findings:
        place = _OURS.match(finding.pointer)
        if place is not None:
            at = {"pit": 2, "mas": 3}.get(place[2][:3]) or int(place[2][-1])
            message = f"{finding.severity} {place[2]}: {finding.message}"
            yield finding.rule_id, message, said[int(place[1])][at]


def show(counts: Mapping[str, Counter[str]], total: Counter[str]) -> None:
    print(f"{'rule':28}" + "".join(f"{language:>9}" for language in counts) + f"{'all':>9}")
    print(f"{'sentences':28}" + "".join(f"{total[language]:9}" for language in counts) + f"{total.total():9}")
    for rule in sorted({rule for own in counts.values() for rule in own}):
        shares = [1000 * counts[language][rule] / max(1, total[language]) for language in counts]
        every = 1000 * sum(own[rule] for own in counts.values()) / max(1, total.total())
        print(f"{rule:28}" + "".join(f"{share:9.2f}" for share in shares) + f"{every:9.2f}")


if __name__ == "__main__":
    raise SystemExit(main())
