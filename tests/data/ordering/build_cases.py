#!/usr/bin/env python3
"""Writes a case of the ordering measure from a draft: the concepts in any order with their texts and prerequisites, shuffled so that the given order says nothing.

    build_cases.py DRAFT...        write the case folder of each draft beside this script

A draft is a text of blocks with an empty line between them. The first holds `key: value` lines (name, kind, style, title, intro, goal, audience, prerequisites,
scope_out, domain, and the source's notice); each other block is one concept:

    = Label | alias | alias
    < Label of a prerequisite; Label of another
    One or more lines of text. Lines that begin with "- " are skills.

`order: given` in the head says that the blocks stand in the order of a book, which is then the truth in place of prerequisites.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
#: The document of a case stays under this many bytes, as in the benchmark.
LARGEST = 48_000
NOTICE = ("source", "license", "attribution", "revision", "notes")


@dataclass(slots=True)
class Item:
    label: str
    text: str = ""
    aliases: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return re.sub(r"\W+", "-", self.label.lower()).strip("-")


def read_draft(text: str) -> tuple[dict[str, str], list[Item]]:
    """The head and the concepts of a draft."""
    head_text, *blocks = re.split(r"\n\s*\n(?==)", text.strip())
    head = dict(line.split(": ", 1) for line in head_text.splitlines())
    items = []
    for block in blocks:
        first, *rest = block.strip().splitlines()
        label, *names = [part.strip() for part in first.lstrip("= ").split(" | ")]
        needs = [part.strip() for line in rest if line.startswith("< ") for part in line[2:].split(";")]
        items.append(Item(label, "\n".join(line for line in rest if not line.startswith("< ")).strip(), names, needs))
    return head, items


def reachable(edges: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """The transitive closure of the edges. Raises `ValueError` when they hold a circle."""
    pairs = set(edges)
    while True:
        more = {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs
        if not more:
            break
        pairs |= more
    circle = sorted(a for a, b in pairs if a == b)
    if circle:
        raise ValueError(f"the prerequisites go round in a circle: {', '.join(circle)}")
    return pairs


def neutral_order(keys: list[str], pairs: set[tuple[str, str]], seed: int) -> tuple[int, list[str]]:
    """The first shuffle at or after `seed` that leaves 49 to 51 % of the true pairs in order (a few per cent more where there are few pairs)."""
    slack = max(0.01, 0.51 / len(pairs))
    for tried in range(seed, seed + 100_000):
        order = sorted(keys)
        random.Random(tried).shuffle(order)
        at = {key: i for i, key in enumerate(order)}
        if abs(sum(at[a] < at[b] for a, b in pairs) / len(pairs) - 0.5) <= slack:
            return tried, order
    raise ValueError("no neutral order found")


def scope(head: dict[str, str], items: list[Item]) -> str:
    """The scope document in the style of the head: `prose` and `skills` have headings, `gloss` and `labels` are lists."""
    lines = [f"# {head['title']}", "", head["intro"], ""]
    for item in items:
        if head["style"] in ("prose", "skills"):
            lines += [f"## {item.label}", "", item.text, ""]
        elif head["style"] == "gloss" and item.text:
            lines.append(f"- **{item.label}**: {item.text}")
        else:
            lines.append(f"- {item.label}" if head["style"] == "labels" else f"- **{item.label}**")
    return "\n".join(lines).rstrip() + "\n"


def spec(head: dict[str, str], labels: list[str]) -> dict[str, Any]:
    n = len(labels)
    return {
        "spec_version": "1.0",
        "goal": head["goal"],
        "audience": head["audience"],
        "prerequisites": head["prerequisites"].split("; "),
        "scope_in": labels,
        "scope_out": head["scope_out"].split("; "),
        "constraints": {
            "hours_per_week": 6,
            "total_hours_min": round(n * 0.75, 1),
            "total_hours_max": float(n * 2),
            "depth": head.get("depth", "practical"),
            "node_count_min": n,
            "node_count_max": n + 4,
            "max_prerequisites_per_node": 4,
        },
        "domain_mode": "mature",
        "evidence_mode": "minimal",
        "context_pack": {"domain": head["domain"], "focus_terms": [head["domain"]]},
    }


def write(head: dict[str, str], items: list[Item], folder: Path = ROOT) -> str:
    """Writes the three files of a case. Returns a line about it. Raises `ValueError` for an unknown prerequisite, a circle, or too long a document."""
    by_label = {item.label: item for item in items}
    if len(by_label) < len(items) or len({item.key for item in items}) < len(items):
        raise ValueError(f"{head['name']}: a label is there twice")
    unknown = sorted({need for item in items for need in item.needs if need not in by_label})
    if unknown:
        raise ValueError(f"{head['name']}: no such concept: {', '.join(unknown)}")
    keys = [item.key for item in items]
    given = head.get("order") == "given"
    edges = sorted((by_label[need].key, item.key) for item in items for need in item.needs)
    pairs = {(a, b) for i, a in enumerate(keys) for b in keys[i + 1 :]} if given else reachable(edges)
    start = int(hashlib.sha256(f"dagogy:{head['name']}".encode()).hexdigest()[:8], 16)
    seed, shuffled = neutral_order(keys, pairs, start)
    spec_seed, spec_order = neutral_order(keys, pairs, seed + 1)
    of = {item.key: item for item in items}
    document = scope(head, [of[key] for key in shuffled])
    if len(document.encode()) > LARGEST:
        raise ValueError(f"{head['name']}: the document has {len(document.encode())} bytes, {LARGEST} at most")
    truth: dict[str, Any] = {"name": head["name"], "kind": head["kind"], **{key: head[key] for key in NOTICE if key in head}}
    truth |= {"text_license": head["license"], "shuffle_seed": seed, "spec_shuffle_seed": spec_seed, "label_only": head["style"] == "labels"}
    truth["concepts"] = [{"key": item.key, "label": item.label, "aliases": item.aliases} for item in sorted(items, key=lambda i: i.key)]
    truth["edges"] = [] if given else edges
    if given:
        truth["order"] = keys
    target = folder / head["name"]
    target.mkdir(exist_ok=True)
    (target / "scope.md").write_text(document, encoding="utf-8")
    (target / "topic_spec.json").write_text(json.dumps(spec(head, [of[k].label for k in spec_order]), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (target / "truth.json").write_text(_one_a_line(truth), encoding="utf-8")
    return f"{head['name']}: {len(items)} concepts, {len(edges)} edges, {len(document.encode())} bytes"


def _one_a_line(truth: dict[str, Any]) -> str:
    """JSON with one concept or edge a line, which is readable and short."""
    parts = []
    for key, value in truth.items():
        if isinstance(value, list):
            inner = ",\n  ".join(json.dumps(v, ensure_ascii=False) for v in value)
            parts.append(f' "{key}": [\n  {inner}\n ]' if value else f' "{key}": []')
        else:
            parts.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drafts", nargs="+", type=Path, metavar="DRAFT")
    for draft in parser.parse_args().drafts:
        print(write(*read_draft(draft.read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
