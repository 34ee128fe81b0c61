#!/usr/bin/env python3
"""Trains the judge of the wording of titles (`dagogy.api.wording`), and prints what it is worth.

  python scripts/train_titles.py DOCUMENTS… [--held-out DOCUMENTS…] [--folds 5] [--write]

Each of DOCUMENTS is a folder of cases with a teacher's reading in `NAME/gold.json`: its `concepts` are what
must not be flagged, its `never` what may be. What the rule is for is also written down by hand, in
`reading/titles.tsv`, with concepts that use the same words; dates are made
with Babel in the languages of the catalogues, and the terms of the vocabulary of `internal` are concepts.
Cross-validation is over documents. Needs scikit-learn. `--write` puts the weights where it reads them, and
the sources of the documents, with hashes of their bytes, into `reading/titles.jsonl`.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from babel.dates import format_date
from dagogy.api.wording import tokens
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ROOT / "scripts/reading/titles.tsv"
SOURCES = ROOT / "scripts/reading/titles.jsonl"
WEIGHTS = ROOT / "core/src/dagogy/api/title_words.tsv"
VOCABULARY = ROOT / "providers/internal/src/dagogy_provider_internal/language/vocabulary"
_LANGUAGES = "en de fr es pt it ru zh ja nl pl tr ko".split()
_FORMATS = (
    "short", "medium", "long", "full", "MMM d", "d MMM", "EEE d MMM", "MMMM d", "d MMMM", "EEEE", "MMMM",
    "MMMM y",
)  # fmt: skip
#: Of the vocabulary so many terms are taken: more teach nothing new, and outweigh the documents.
_MOST_TERMS, _TERM, _NEVER, _DATE, _OWN = 6_000, 0.3, 0.5, 1.0, 3.0
_OFTEN = 4  # titles that have a token of documents
_LEAST = 0.3  # weights below it are left out
#: What names administration, assessments, dates, people or structure in English; the other strings that
#: teachers say are no concepts are answers, tools, readings and code, which no wording gives away.
_ENGLISH = re.compile(
    r"(?i)polic|attend|grad(e|ing)|office|honou?r|contact|exam|midterm|homework|holiday|break|no class|"
    r"instructor|professor|syllabus|deadline|due\b|overview|introduction|summary|conclusion|references|"
    r"schedule|prerequisite|objective|outcome"
)


@dataclass(frozen=True, slots=True)
class Title:
    """`document`: the position of the document that it is of, -1 for none; `never`: whether it is none of a
    concept; `weight`: how much it counts in training."""

    document: int
    text: str
    never: bool
    weight: float
    name: str = ""


def golds(folders: Sequence[Path]) -> list[Path]:
    """The readings of all cases, in the order of their documents' positions."""
    return sorted(p for folder in folders for p in folder.glob("*/gold.json"))


def source_of(path: Path) -> str:
    """A line of `SOURCES`."""
    gold = json.loads(path.read_text(encoding="utf-8"))
    document = next((p for p in path.parent.iterdir() if p.stem == "doc"), path)
    digest = hashlib.sha256(document.read_bytes()).hexdigest()
    return json.dumps({"source": gold.get("source", ""), "sha256": digest}, ensure_ascii=False)


def of_documents(folders: Sequence[Path]) -> list[Title]:
    found = []
    for i, path in enumerate(golds(folders)):
        gold = json.loads(path.read_text(encoding="utf-8"))
        concepts = dict.fromkeys(c["title"].strip() for c in gold["concepts"])
        never = dict.fromkeys(n.strip() for n in gold.get("never", []) if n.strip() not in concepts)
        found += [Title(i, t, False, 1.0, path.parent.name) for t in concepts]
        found += [Title(i, t, True, _NEVER, path.parent.name) for t in never]
    return found


def others() -> Iterator[Title]:
    """Those that are of no document."""
    for line in WRITTEN.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            language, kind, titles = line.split("\t")
            for title in titles.split(" | "):
                yield Title(-1, title, kind != "concept", _OWN, language)
    yield from _dates()
    terms = [
        line.split("\t")[0].strip()
        for path in sorted(VOCABULARY.glob("*.tsv"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    random.Random(1).shuffle(terms)
    for term in terms[:_MOST_TERMS]:
        yield Title(-1, term, False, _TERM)


def _dates() -> Iterator[Title]:
    chance = random.Random(1)
    for language in _LANGUAGES:
        for form, month in product(_FORMATS, range(1, 13)):
            day = datetime.date(chance.randrange(2015, 2030), month, chance.randrange(1, 29))
            yield Title(-1, format_date(day, form, locale=language), True, _DATE, "date")
    for _ in range(15):
        hour = chance.randrange(8, 19)
        for text in (f"{hour}:00-{hour + 1}:30", f"{hour % 12 + 1}:15 pm", f"{hour}-{hour + 2} Uhr"):
            yield Title(-1, text, True, _DATE, "date")


def _known(titles: Sequence[Title], rows: Sequence[set[str]]) -> list[str]:
    """The tokens that count. Of the words of documents only those stay that several titles have: no name, and
    no title as such."""
    often = Counter(token for row in rows for token in row)
    ours = {token for row, t in zip(rows, titles, strict=True) if t.document < 0 for token in row}
    return sorted(t for t, n in often.items() if n >= _OFTEN or (t in ours and (n > 1 or t[0] == "=")))


class Learner:
    """Titles as rows of tokens."""

    def __init__(self, titles: Sequence[Title]) -> None:
        self.titles = titles
        rows = [tokens(t.text) for t in titles]
        known = _known(titles, rows)
        self.tokens, column = known, {token: i for i, token in enumerate(known)}
        columns, starts, values = [], [0], []
        for row in rows:
            inside = [column[token] for token in sorted(row) if token in column]
            columns += inside
            values += [len(row) ** -0.5] * len(inside)
            starts.append(len(columns))
        self.rows = csr_matrix((values, columns, starts), shape=(len(rows), len(known)))
        self.never = np.array([t.never for t in titles])
        self.weight = np.array([t.weight for t in titles])

    def fitted(self, chosen: np.ndarray) -> LogisticRegression:
        """Only weights that are written count."""
        model = LogisticRegression(C=6, solver="liblinear", random_state=1).fit(
            self.rows[chosen], self.never[chosen], sample_weight=self.weight[chosen]
        )
        model.coef_ = np.where(np.abs(model.coef_) < _LEAST, 0, np.round(model.coef_, 1))
        return model


def cross_validated(learner: Learner, folds: int) -> np.ndarray:
    """The log-odds of each title of a document, by a model that has seen nothing of that document."""
    of = np.array([t.document for t in learner.titles])
    order = np.random.RandomState(1).permutation(of.max() + 1)
    odds = np.zeros(len(of))
    for k in range(folds):
        unseen = np.isin(of, order[k::folds])
        odds[unseen] = learner.fitted(~unseen).decision_function(learner.rows[unseen])
    return odds


def report(name: str, titles: Sequence[Title], odds: np.ndarray) -> None:
    here = np.array([t.document >= 0 for t in titles])
    never = np.array([t.never for t in titles])
    plain = np.array([bool(_ENGLISH.search(t.text)) for t in titles])
    print(f"{name}: {(here & ~never).sum()} titles of concepts, {(here & never).sum()} strings that are none")
    print("log-odds   concepts flagged   never flagged   of those in plain English")
    for at in np.arange(0.5, 4.1, 0.25):
        print(
            f"{at:8.2f} {(odds[here & ~never] > at).mean():15.2%} {(odds[here & never] > at).mean():15.1%} "
            f"{(odds[here & never & plain] > at).mean():15.1%}"
        )
    of = np.array([t.document for t in titles])
    means = {
        kind: np.array(
            [
                odds[chosen].mean()
                for i in range(of.max() + 1)
                if (chosen := (of == i) & (never == kind)).sum() > 2
            ]
        )
        for kind in (False, True)
    }
    print("mean of a whole document's   concepts above   never above")
    for at in np.arange(-2.0, 1.1, 0.25):
        print(f"{at:8.2f} {(means[False] > at).mean():25.2%} {(means[True] > at).mean():15.1%}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", nargs="+", type=Path)
    parser.add_argument("--held-out", nargs="*", default=[], type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    a = parser.parse_args()
    titles = [*of_documents(a.documents), *others()]
    learner = Learner(titles)
    odds = cross_validated(learner, a.folds)
    report("cross-validated", titles, odds)
    concepts = [i for i, t in enumerate(titles) if t.document >= 0 and not t.never]
    worst = sorted((-odds[i], titles[i].text, titles[i].name) for i in concepts)
    print("the concepts most like administration:")
    for value, text, document in worst[:40]:
        print(f"{-value:8.2f}  {text}  ({document})")
    model = learner.fitted(np.ones(len(titles), dtype=bool))
    if a.write:
        kept = [(t, w) for t, w in zip(learner.tokens, model.coef_[0], strict=True) if w]
        WEIGHTS.write_text(
            "# token\tweight; made by scripts/train_titles.py\n"
            f"bias\t{model.intercept_[0]:.3f}\n"
            + "".join(f"{token}\t{weight:.1f}\n" for token, weight in kept),
            encoding="utf-8",
        )
        SOURCES.write_text("".join(f"{source_of(p)}\n" for p in golds(a.documents)), encoding="utf-8")
        print(f"{len(kept)} weights written to {WEIGHTS.relative_to(ROOT)}")
    if a.held_out:
        from dagogy.api import wording

        held = of_documents(a.held_out)
        report("held out", held, np.array([wording.unlike(t.text) for t in held]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
