"""Trains the models that say which titles of a document are concepts, and prints what they are worth.

  python scripts/train_reading.py DOCUMENTS… --scorer SCORE.PY [--held-out DOCUMENTS…] [--courses TEXTS…]
  [--folds 5] [--write]

Each of DOCUMENTS is a folder of cases, `NAME/doc.*` with a teacher's reading in `NAME/gold.json` (its
format: `FORMAT.md` of the reading bench, whose `score.py` says when two names are alike). The documents
of this repository that are written for dagogy are trained on as well. What tells courses from other texts
is trained on these, on `providers/internal/training/course` and on the TEXTS, folders where a file's name
says what it is (`yes-…`, `no-…`, `not-…`). Needs scikit-learn. `--write` puts the weights where the
provider `internal` reads them, and the sources of the documents, with hashes of their bytes and labels,
into `providers/internal/training/sources.jsonl`. Cross-validation is over documents: no document is
judged by a model that has seen any of it. `--leave-out N/M` keeps every document of DOCUMENTS whose name
falls into that part of M unseen.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dagogy_provider_internal.reading import recognition
from dagogy_provider_internal.reading.recognition import agreement
from dagogy_provider_internal.reading.recognition.features import FIRST, names
from reading import courses, roles, titles, words
from reading.cases import ROOT, collected, parted, source_of
from reading.trees import exported

WEIGHTS = Path(recognition.__file__).parent
SOURCES = ROOT / "providers/internal/training/sources.jsonl"
COURSES = ROOT / "providers/internal/training/course"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", nargs="+", type=Path)
    parser.add_argument("--scorer", type=Path, required=True)
    parser.add_argument("--held-out", nargs="*", default=[], type=Path)
    parser.add_argument("--courses", nargs="*", default=[], type=Path)
    parser.add_argument("--leave-out", help="N/M: keep every document in the Nth of M parts unseen")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--cache", type=Path, help="keep the features in this file from one call to the next")
    a = parser.parse_args()
    cases, held = collected(a.documents, a.held_out, a.scorer, a.cache)
    if a.leave_out:
        cases, left_out = parted(cases, a.leave_out)
        held = [*held, *left_out]
    taught, others = [c for c in cases if c.is_course], [c for c in cases if not c.is_course]
    unseen = [*others, *held]
    of_roles, _ = roles.trained(cases)
    weights = {"roles": of_roles, "wording": words.worded(taught, unseen)}
    if a.folds > 1:
        titles.report("cross-validated", taught, titles.cross_validated(taught, a.folds))
    first, second = titles.two_looks(taught, unseen)
    if held:
        titles.report("held out", held, titles.judged(held, second))
    # Those of the repository are short texts on any subject, written for tests: they say
    # nothing of what a course is like.
    known = [courses.as_text(c) for c in cases if not c.is_own]
    weights["course"] = courses.judge_of_courses(
        [*known, *courses.course_texts([COURSES, *a.courses], first)]
    )
    courses.tell_courses(weights["course"], held)
    if a.write:
        weights["model"] = {
            "first": exported(first, names()),
            "second": exported(second, [*agreement.names(), *names()[:FIRST]]),
        }
        for name, of in weights.items():
            written(WEIGHTS / f"{name}.json", of)
        SOURCES.write_text(
            "".join(json.dumps(source_of(c), ensure_ascii=False) + "\n" for c in cases), encoding="utf-8"
        )
    return 0


def written(path: Path, weights: dict[str, Any]) -> None:
    path.write_text(json.dumps(weights, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size:,} bytes written")


if __name__ == "__main__":
    sys.exit(main())
