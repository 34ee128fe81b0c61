"""The learned weights, and what they make of a text."""

from __future__ import annotations

import json
import sys
from array import array
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, sqrt
from typing import Any

from dagogy_incident_guess.features import features, speakers

WEIGHTS = "weights.bin"
#: The label of texts that are none of the incidents.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Guess:
    """The most likely label of a text, and its probability, from 0 to 1."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over hashed features. The script that trains it writes the file: a line of JSON, the
    hashes of features (4 bytes each, little-endian), their inverse document frequencies (4-byte floats), for
    each feature one signed byte a label, and the hashes of speakers.
    """

    labels: tuple[str, ...]
    threshold: float
    disowning: float
    temperature: float
    scales: tuple[float, ...]
    biases: tuple[float, ...]
    rows: dict[int, int]
    idf: array[float]
    weights: memoryview
    known: frozenset[int]

    @classmethod
    def read(cls, data: bytes) -> Model:
        """The model of a weights file."""
        line, _, body = data.partition(b"\n")
        head: dict[str, Any] = json.loads(line)
        count, labels = head["features"], head["labels"]
        hashes, idf, known = array("I"), array("f"), array("I")
        ends = 4 * count, 8 * count, (8 + len(labels)) * count
        hashes.frombytes(body[: ends[0]])
        idf.frombytes(body[ends[0] : ends[1]])
        known.frombytes(body[ends[2] :])
        if sys.byteorder == "big":
            for part in (hashes, idf, known):
                part.byteswap()
        return cls(
            labels=tuple(labels),
            threshold=head["threshold"],
            disowning=head["disowning"],
            temperature=head["temperature"],
            scales=tuple(head["scales"]),
            biases=tuple(head["biases"]),
            rows={key: row for row, key in enumerate(hashes)},
            idf=idf,
            weights=memoryview(body[ends[1] : ends[2]]).cast("b"),
            known=frozenset(known),
        )

    def guess(self, text: str) -> Guess:
        """The most likely label."""
        width = len(self.labels)
        hits = [(self.rows[key], value) for key, value in features(text).items() if key in self.rows]
        values = [(row, value * self.idf[row]) for row, value in hits]
        length = sqrt(sum(value * value for _, value in values)) or 1.0
        sums = [0.0] * width
        for row, value in values:
            weights = self.weights[row * width : (row + 1) * width]
            sums = [total + value * weight for total, weight in zip(sums, weights, strict=True)]
        scores = [
            (total / length * scale + bias) / self.temperature
            for total, scale, bias in zip(sums, self.scales, self.biases, strict=True)
        ]
        top = max(scores)
        best = scores.index(top)
        return Guess(self.labels[best], 1.0 / sum(exp(score - top) for score in scores))

    def knows_who_speaks(self, text: str) -> bool:
        """Whether whoever speaks in the text spoke in a failure of the training set that was an incident."""
        return speakers(text) <= self.known

    def disowns(self, text: str) -> bool:
        """Whether it is surely another's text: of a speaker that is not known, in words of no incident."""
        if self.knows_who_speaks(text):
            return False
        found = self.guess(text)
        return found.label == UNKNOWN and found.probability >= self.disowning

    def answer(self, text: str) -> Guess | None:
        """The guess, or None: it is another's text, or the model is not sure enough."""
        if not self.knows_who_speaks(text):
            return None
        found = self.guess(text)
        return found if found.label != UNKNOWN and found.probability >= self.threshold else None


@cache
def model() -> Model:
    """The model that is installed; read once."""
    return Model.read(files("dagogy_incident_guess").joinpath(WEIGHTS).read_bytes())
