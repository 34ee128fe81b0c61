#!/usr/bin/env python3
"""Trains the weights of the plugin that guesses incidents, and prints what it is worth on unseen sources.

  python scripts/train_incidents.py TEXTS…

The repository's own weights are of `incidents/train.jsonl` of the benchmark and the two files
`tests/data/incident_public*.jsonl`; `train_incidents.tsv` lists source, SHA-256 and label of each text.
Cross-validation is over sources. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import scipy.sparse as sp
from dagogy.api.dialects import LogDialect
from dagogy.api.failures import Failure, FailureEvidence
from dagogy.host.manager import Host, Selection
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.dialects import installed
from dagogy.incidents.parsing import from_text
from dagogy_incident_guess.features import features, own_words, speakers
from dagogy_incident_guess.model import UNKNOWN, WEIGHTS, Model
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "plugins/incident-guess/src/dagogy_incident_guess"
LIST = ROOT / "scripts/train_incidents.tsv"
FOLDS = 5
#: A feature of fewer texts tells nothing of the next one.
RARE = 3
#: Of the guesses on unseen sources so many may be wrong.
MOST_WRONG = 0.12
#: The model is asked where others do not answer: those texts count so many times.
EMPHASIS = 3.0
_THREAD = re.compile(r"https?://[^/]+/[^/]+/[^/]+")


@dataclass(frozen=True, slots=True)
class Example:
    failure: Failure
    said: str
    label: str
    accepted: frozenset[str]
    source: str


def examples(path: Path, dialects: Sequence[LogDialect]) -> list[Example]:
    """The labelled texts of a file. The source is the program that was made to fail, or the repository of the
    thread; a message that was written out by hand is a source of its own, for each is of another program.
    """
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        given = str(item.get("program") or item.get("source") or item["id"])
        thread = _THREAD.match(given)
        source = thread[0] if thread else item["id"] if given.startswith("message of") else given
        code = item.get("exit_code")
        accepted = frozenset([item["label"], *item.get("also_ok", ())])
        failure = from_text(item["text"], "" if code is None else str(code))
        said = own_words(FailureEvidence.of(failure, dialects))
        found.append(Example(failure, said, item["label"], accepted, source))
    return found


class Corpus:
    """The texts as a matrix of the features that are in at least `RARE` of them."""

    def __init__(self, items: Sequence[Example]) -> None:
        self.items = items
        counted = [features(item.said) for item in items]
        often = Counter(key for one in counted for key in one)
        self.keys = np.array(sorted(key for key, n in often.items() if n >= RARE), dtype=np.uint32)
        column = {int(key): n for n, key in enumerate(self.keys)}
        cells = [
            (row, column[k], v) for row, one in enumerate(counted) for k, v in one.items() if k in column
        ]
        rows, columns, values = zip(*cells, strict=True)
        self.matrix = sp.csr_matrix((values, (rows, columns)), shape=(len(items), len(self.keys)))
        self.labels = np.array([item.label for item in items])
        self.names = sorted(set(self.labels))
        self.folds = np.array([crc32(item.source.encode()) % FOLDS for item in items])
        self.speakers = [speakers(item.said) for item in items]


@dataclass(frozen=True, slots=True)
class Fitted:
    chosen: Any
    idf: Any
    model: Any
    known: frozenset[int]

    def scores(self, matrix: Any, names: Sequence[str]) -> Any:
        """One row a text and one column for each of `names`; labels that were not learned are out."""
        given = self.model.decision_function(weighted(matrix[:, self.chosen], self.idf))
        scores = np.full((matrix.shape[0], len(names)), -1e9)
        scores[:, [names.index(name) for name in self.model.classes_]] = given
        return scores


def weighted(matrix: Any, idf: Any) -> Any:
    return normalize(matrix.multiply(idf).tocsr())


def fit(corpus: Corpus, rows: Any, asked: Any, options: argparse.Namespace) -> Fitted:
    """A model of the texts of `rows`, a mask."""
    matrix, labels = corpus.matrix[rows], corpus.labels[rows]
    chosen = np.sort(np.argsort(-np.nan_to_num(chi2(matrix, labels)[0]), kind="stable")[: options.features])
    frequency = np.asarray((matrix[:, chosen] > 0).sum(0)).ravel()
    idf = (np.log((1 + matrix.shape[0]) / (1 + frequency)) + 1).astype(np.float32)
    model = LogisticRegression(C=options.strength, max_iter=300, tol=1e-3)
    times = np.where(asked[rows], EMPHASIS, 1.0)
    model.fit(weighted(matrix[:, chosen], idf), labels, sample_weight=times)
    heard = (corpus.speakers[row] for row in np.flatnonzero(rows) if corpus.labels[row] != UNKNOWN)
    return Fitted(chosen, idf, model, frozenset().union(*heard))


def unseen(corpus: Corpus, options: argparse.Namespace, asked: Any, share: float = 1.0) -> tuple[Any, Any]:
    """The scores of each text by a model of other sources, and whether that one knows who speaks. `share`: of
    the other sources only so many are learned from.
    """
    scores = np.zeros((len(corpus.items), len(corpus.names)))
    knows = np.zeros(len(corpus.items), dtype=bool)
    kept = np.array([crc32(b"share " + i.source.encode()) % 1000 < 1000 * share for i in corpus.items])
    for fold in range(FOLDS):
        tested = corpus.folds == fold
        fitted = fit(corpus, ~tested & kept, asked, options)
        scores[tested] = fitted.scores(corpus.matrix[tested], corpus.names)
        for row in np.flatnonzero(tested):
            knows[row] = corpus.speakers[row] <= fitted.known
    return scores, knows


def probabilities(scores: Any, temperature: float) -> Any:
    raised = np.exp((scores - scores.max(1, keepdims=True)) / temperature)
    return raised / raised.sum(1, keepdims=True)


def cooled(corpus: Corpus, scores: Any) -> float:
    """The temperature at which the true labels are most likely."""
    truth = [corpus.names.index(label) for label in corpus.labels]
    rows = np.arange(len(truth))

    def loss(temperature: float) -> float:
        return float(-np.log(probabilities(scores, temperature)[rows, truth] + 1e-12).mean())

    return float(min(np.arange(0.3, 3.01, 0.05), key=loss))


@dataclass(frozen=True, slots=True)
class Answered:
    """What a guess would be for each text that it is asked about, surest first."""

    rows: list[tuple[float, bool, bool]]  # probability, right, misfire

    @classmethod
    def of(cls, corpus: Corpus, chances: Any, asked: Any) -> Answered:
        rows = []
        for row in np.flatnonzero(asked):
            best = int(chances[row].argmax())
            name, item = corpus.names[best], corpus.items[row]
            if name != UNKNOWN:
                rows.append((float(chances[row, best]), name in item.accepted, item.label == UNKNOWN))
        return cls(sorted(rows, reverse=True))

    def counts(self, threshold: float) -> tuple[int, int, int]:
        """Right, wrong, and of the wrong ones those where nothing should be said."""
        kept = [row for row in self.rows if row[0] >= threshold]
        right = sum(row[1] for row in kept)
        return right, len(kept) - right, sum(row[2] and not row[1] for row in kept)

    def threshold(self) -> float:
        """The lowest probability from which on no more than `MOST_WRONG` are wrong."""
        grid = [n / 100 for n in range(40, 100)]

        def holds(threshold: float) -> bool:
            right, wrong, _ = self.counts(threshold)
            return wrong <= MOST_WRONG * (right + wrong)

        return next((t for t in grid if holds(t)), 1.01)


def calibration(rows: Sequence[tuple[float, bool, bool]]) -> list[str]:
    lines = []
    edges = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
    for low, high in pairwise(edges):
        inside = [row for row in rows if low <= row[0] < high]
        if inside:
            said = sum(row[0] for row in inside) / len(inside)
            lines.append(
                f"  {low:.1f}-{min(high, 1):.1f} {len(inside):>5} said {said:.2f} "
                f"right {sum(row[1] for row in inside) / len(inside):.2f}"
            )
    return lines


def unanswered(host: Host, items: Sequence[Example]) -> Any:
    """Which texts no other classifier answers."""
    silent = [item.said and item.failure.exit_status != 0 for item in items]
    verdicts = [diagnose(host, item.failure).outcome for item in items]
    return np.array(
        [ok and v in ("unknown", "probable") for ok, v in zip(silent, verdicts, strict=True)], dtype=bool
    )


def packed(corpus: Corpus, fitted: Fitted, chosen: Mapping[str, float]) -> bytes:
    """The weights file, see `Model`."""
    scales = np.abs(fitted.model.coef_).max(1) / 127
    weights = np.rint(fitted.model.coef_ / scales[:, None]).astype(np.int8).T
    head = {
        "labels": list(fitted.model.classes_),
        "features": len(fitted.chosen),
        **chosen,
        "scales": [round(float(x), 6) for x in scales],
        "biases": [round(float(x), 4) for x in fitted.model.intercept_],
    }
    parts = (
        corpus.keys[fitted.chosen].astype("<u4"),
        fitted.idf.astype("<f4"),
        weights,
        np.array(sorted(fitted.known), dtype="<u4"),
    )
    return json.dumps(head).encode() + b"\n" + b"".join(part.tobytes() for part in parts)


def served(host: Host, items: Sequence[Example]) -> list[str]:
    """The incident that a classifier of a service gives a text; empty where none does."""
    verdicts = [diagnose(host, item.failure) for item in items]
    return [
        v.incident_id if v.outcome == "diagnosed" and v.best[0].plugin.info.service else "" for v in verdicts
    ]


def disowning(corpus: Corpus, others: Any, answers: Sequence[str]) -> float:
    """The lowest probability of `unknown` from which on no right answer would be disowned. `others`: that
    probability, 0 where who speaks is known.
    """
    given = [(p, a, i) for p, a, i in zip(others, answers, corpus.items, strict=True) if a and p]
    right = max((p for p, answer, item in given if answer in item.accepted), default=0.0)
    chosen = next((n / 100 for n in range(50, 100) if n / 100 > right), 1.01)
    wrong = sum(answer not in item.accepted for p, answer, item in given if p >= chosen)
    every = sum(a not in i.accepted for a, i in zip(answers, corpus.items, strict=True) if a)
    print(f"disowned from {chosen:.2f} on: {wrong} of {every} wrong answers about a service, no right one")
    return chosen


def report(
    corpus: Corpus, options: argparse.Namespace, asked: Any, answers: Sequence[str]
) -> dict[str, float]:
    """Prints the figures; the thresholds and the temperature."""
    scores, knows = unseen(corpus, options, asked)
    temperature = cooled(corpus, scores)
    chances = probabilities(scores, temperature)
    right = [corpus.names[c.argmax()] in i.accepted for c, i in zip(chances, corpus.items, strict=True)]
    print(
        f"{len(corpus.items)} texts, {len({i.source for i in corpus.items})} sources, {FOLDS} folds by source"
    )
    print(f"right on unseen sources, all texts, forced to answer: {sum(right)} of {len(right)}")
    spoken = Answered.of(corpus, chances, asked & knows)
    anyone = Answered.of(corpus, chances, asked)
    threshold = spoken.threshold()
    print(
        f"texts that no other classifier answers: {asked.sum()}; of a known speaker: {(asked & knows).sum()}"
    )
    print(f"temperature {temperature:.2f}, threshold {threshold:.2f}")
    print("from p on: right, wrong, misfires among the wrong; beside it without asking who speaks")
    for edge in sorted({0.4, 0.5, 0.6, 0.7, 0.8, 0.9, threshold}):
        print(f"  {edge:.2f}  {spoken.counts(edge)}  {anyone.counts(edge)}")
    print("calibration, all texts, each label's own probability")
    everything = [(float(c.max()), ok, False) for c, ok in zip(chances, right, strict=True)]
    print("\n".join(calibration(everything)))
    print("calibration of the guesses")
    print("\n".join(calibration(spoken.rows)))
    print(
        "learning curve: share of the sources, forced right, (right, wrong, misfires) from the threshold on"
    )
    for share in (0.25, 0.5, 1.0):
        some, known = (scores, knows) if share == 1.0 else unseen(corpus, options, asked, share)
        p = probabilities(some, temperature)
        hit = sum(corpus.names[c.argmax()] in i.accepted for c, i in zip(p, corpus.items, strict=True))
        print(f"  {share:.0%}  {hit}  {Answered.of(corpus, p, asked & known).counts(threshold)}")
    other = np.where(knows, 0.0, chances[:, corpus.names.index(UNKNOWN)])
    return {
        "threshold": threshold,
        "disowning": disowning(corpus, other, answers),
        "temperature": round(temperature, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("texts", nargs="+", type=Path, help="JSON lines with text, label and source")
    parser.add_argument("--features", type=int, default=6500, help="how many features are kept")
    parser.add_argument("--strength", type=float, default=30.0, help="the inverse of the regularisation")
    parser.add_argument("--out", type=Path, default=PLUGIN / WEIGHTS, help="the weights file to write")
    parser.add_argument("--list", type=Path, default=LIST, help="the list of what was learned from")
    options = parser.parse_args()
    # Its own answers must not decide what it learns.
    host = Host(Selection(deny=frozenset({"guess"}), third_party=False))
    dialects, _ = installed(host)
    given = (item for path in options.texts for item in examples(path, dialects))
    items = list({item.failure.text: item for item in given}.values())
    corpus = Corpus(items)
    asked = unanswered(host, items)
    chosen = report(corpus, options, asked, served(host, items))
    fitted = fit(corpus, np.ones(len(items), dtype=bool), asked, options)
    data = packed(corpus, fitted, chosen)
    options.out.write_bytes(data)
    rows = sorted({(i.source, hashlib.sha256(i.failure.text.encode()).hexdigest(), i.label) for i in items})
    options.list.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    started, model = time.perf_counter(), Model.read(data)
    read = time.perf_counter()
    for item in items:
        model.answer(item.said)
    spent = (time.perf_counter() - read) / len(items)
    print(f"{options.out.name}: {len(data)} bytes, read in {1000 * (read - started):.1f} ms")
    print(f"{1000 * spent:.2f} ms a text")
    return 0


if __name__ == "__main__":
    sys.exit(main())
