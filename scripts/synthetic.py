"""Writes a large, sound, made-up curriculum and the topic spec it fits: `python scripts/synthetic.py NODES
[--seed N] [--out DIR]`.

The benchmark and the speed measurements of the rules use it. Same number and seed, same bytes. The
graph is a layered random DAG without redundant prerequisites; titles are noun phrases, each unique, and
texts are drawn from some tens of sentence shapes a field that are filled from several hundred words, so
that no rule has cause to speak.
"""

from __future__ import annotations

import argparse
import json
import random
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def _words(text: str) -> list[str]:
    return text.split()


def _shapes(text: str) -> list[str]:
    return text.split("|")


_PROCESSES = _words(
    "scheduling routing caching indexing parsing encoding sampling filtering clustering calibration "
    "segmentation validation balancing compression replication migration partitioning ranking planning "
    "budgeting forecasting rotation irrigation fermentation drafting glazing tempering notation phrasing "
    "tuning bracing joinery surveying grading triage dosing pruning grafting blending weaving"
)

_OBJECTS = _words(
    "packet token kernel query ledger lattice tensor vector matrix graph tree heap queue stack buffer socket "
    "thread process signal channel frame layer vertex edge polygon surface mesh texture pixel shader voice "
    "chord melody rhythm cadence motif score stanza verse clause contract statute docket witness verdict "
    "treaty tariff invoice voucher asset portfolio option bond index currency dividend premium claim risk "
    "hazard barrier valve pump turbine rotor gear bearing shaft piston beam truss column girder slab footing "
    "mortar brick timber plank veneer dowel hinge bracket fabric yarn thread-count dye pigment canvas fresco "
    "ceramic kiln clay glass enzyme protein peptide cell tissue nerve muscle bone joint wound suture dose "
    "serum antigen vaccine culture colony spore seed root stem leaf petal pollen orchard pasture furrow "
    "harvest silo grain dough crust crumb broth stock sauce spice brine curd rind vintage cask barrel malt "
    "hop kettle oven skillet wok orbit comet crater stratum mineral crystal magma fault aquifer glacier "
    "estuary tide current reef trench dune canyon contour bearing-line map atlas compass beacon buoy hull "
    "keel sail rudder anchor cargo pallet container depot convoy timetable junction platform signal-box "
    "runway altimeter glider propeller sensor antenna relay diode resistor capacitor circuit battery "
    "inverter transformer lens prism mirror shutter spectrum photon neutron isotope reagent catalyst solvent "
    "polymer alloy casting weld rivet thread-form census cohort survey-panel interview archive manuscript "
    "folio glossary lexicon phoneme syllable morpheme idiom dialect script font margin caption storyboard "
    "puppet costume prop curtain spotlight rehearsal choreography tempo-map playlist microphone amplifier "
    "filter-bank waveform codec subtitle"
)

_MODIFIERS = _words(
    "adaptive lazy eager greedy local global static dynamic sparse dense linear nested recursive iterative "
    "parallel serial stable robust partial complete weighted balanced bounded relaxed strict implicit "
    "explicit incremental gradual seasonal nightly weekly regional coastal alpine urban rural manual "
    "automatic assisted guided blind paired grouped layered modular hybrid mixed pure raw refined coarse "
    "fine smooth abrupt early late delayed deferred cached shared private public open sealed dry wet cold "
    "warm slow rapid continuous discrete random ordered sorted inverse mutual reciprocal circular radial "
    "lateral vertical horizontal diagonal symmetric periodic transient steady elastic rigid thermal acoustic "
    "optical magnetic chemical digital analogue naïve cliché-free provisional tentative canonical informal "
    "formal portable embedded remote central peripheral"
)

_CAPABILITIES = _shapes(
    "Set up {t} for a given {o}|Trace {t} through one {o} by hand|Choose the right {o} for {t}|Repair a "
    "faulty case of {t}|Compare two kinds of {t} on one {o}|Predict how {t} reacts to a new {o}|Carry out "
    "{t} on a small {o}|Measure the effect of {t} on each {o}|Adapt {t} to a {m} {o}|Explain {t} to a "
    "colleague with one {o}|Sketch {t} as a diagram of {o} and {o2}|Estimate the cost of {t} before it "
    "starts|Tell {t} from {p} in a real {o}|Document one run of {t}|Derive the limits of {t} from a "
    "{o}|Detect a missing {o} during {t}|Combine {t} with {m} {p}|Order the steps of {t}|Test {t} against a "
    "known {o}|Rebuild {t} from its {o} records|Judge whether {t} suits a {m} {o}|Reduce the waste that {t} "
    "leaves in a {o}|Locate the {o} where {t} begins|Classify cases of {t} by their {o}|Transfer {t} from a "
    "{o} to a {o2}|Model {t} as a table of {o} values|Plan {t} for a week of {p}|Spot the first sign of "
    "failed {t}|Justify each parameter of {t}|Draw the boundary between {t} and {m} {p}"
)

_IDEAS = _shapes(
    "{T} turns one {o} into a {m} {o2}.|Every {o} passes through {t} exactly once.|The order of the {o} list "
    "decides what {t} returns.|A {m} {o} keeps its place while {t} runs.|What {t} saves in time it pays in "
    "{o} space.|Without a spare {o}, {t} stops at the first {o2}.|{T} compares neighbours and never looks "
    "beyond the next {o}.|The share of {m} {o} cases bounds how far {t} can go.|Each {o} carries a mark that "
    "only {t} may change.|Two rounds of {t} give the same {o} as one.|{T} was first used where {p} had "
    "failed on a {o}.|A change in the {o} shows up in {t} after {n} steps.|The cost of {t} grows with the "
    "square of the {o} count.|Half of the {o} budget goes to the start of {t}.|{T} needs a {m} {o} and at "
    "least {n} samples.|When the {o} is {m}, {t} behaves like plain {p}.|The inverse of {t} restores the {o} "
    "but not its {o2}.|A {o} outside the range is left alone by {t}.|Errors in {t} add up along the {o}.|The "
    "result of {t} depends on the {o} and on nothing else.|{T} separates the {o} from its {o2}.|A single {m} "
    "{o} can outweigh {n} ordinary ones.|Most of the gain from {t} comes from its first {n} {o} cases.|{T} "
    "keeps a record for each {o}.|The {o} with the largest value leads {t}.|In {t} a tie goes to the older "
    "{o}.|{T} assumes that no {o} depends on a {o2}.|Between two rounds the {o} rests for {n} minutes.|The "
    "{m} form of a {o} takes {n} times the room.|A {o2} replaces the {o} as soon as {t} ends.|{T} works on "
    "the {o} that {p} leaves behind.|No {o} may be counted twice during {t}.|The first {o} fixes the scale "
    "for all later ones.|{T} is fair when each {o} waits equally long.|Cutting a {o} in two doubles the work "
    "of {t}.|The {o} and the {o2} meet at one point only.|A log of {n} entries is enough to replay {t}.|{T} "
    "trades a {m} {o} for a shorter {o2}.|Where the {o} ends, {p} takes over.|The {o} must be {m} before {t} "
    "can begin."
)

_PITFALLS = _shapes(
    "Running {t} before the {o} is ready.|Mistaking {t} for {m} {p}.|Leaving the {o} out when {t} is "
    "repeated.|Reading the {o} backwards, which hides the {o2}.|Assuming that a {m} {o} needs no "
    "{p}.|Counting the same {o} in both halves.|Trusting a {o} that was never checked against a "
    "{o2}.|Stopping {t} at the first {m} {o}.|Using the {o} of last season for {t}.|Forgetting that the {o} "
    "shrinks under {t}.|Sizing {t} by the average {o} instead of the largest.|Mixing units between {o} and "
    "{o2}.|Tuning {t} on the very {o} it is judged by.|Taking a {m} {o} for proof that {t} worked.|Skipping "
    "the {o} because {p} looked fine.|Overlooking an empty {o}.|Changing {n} settings of {t} at "
    "once.|Treating the {o} as fixed although {p} moves it.|Copying {t} from a {o} of another size.|Rounding "
    "the {o} before {t} instead of after it.|Blaming {t} for what the {o2} did.|Letting {p} and {t} share "
    "one {o}.|Ignoring the {n} oldest {o} records.|Confusing the {o} with its label.|Believing that more {p} "
    "always helps {t}.|Starting {t} twice on one {o}.|Naming a {o} after what it replaced.|Keeping a {m} {o} "
    "long past its use.|Dropping the {o} that breaks a tie in {t}.|Drawing the {o} to scale but not the {o2}."
)

_TASKS = _shapes(
    "Run {t} on {n} samples of a {o}.|Write down each step of {t} for a {m} {o}.|Draw the {o} before and "
    "after {t}.|Compute the result of {t} for {n} given {o} values.|Build a small {o} that {t} can "
    "handle.|Repair the broken {o} in the handout by {t}.|Sort {n} cases of {t} by their {o}.|Label the {o} "
    "and the {o2} in a picture of {t}.|Measure how long {t} takes for {n} {o} units.|Rewrite a report on {p} "
    "so that it uses {t}.|Record {n} rounds of {t} in a table.|Predict the {o} that {t} leaves, then check "
    "it.|Translate a worked case of {t} from {o} to {o2}.|List {n} situations in which {t} beats "
    "{p}.|Construct a {o} on which {t} fails.|Time {t} with and without a {m} {o}.|Mark the {o} where {t} "
    "should stop.|Assemble the parts of {t} in order.|Reproduce the published figures for {t} on a {o}.|Plot "
    "the {o} against the {o2} during {t}.|Solve {n} exercises on {t} with a {m} {o}.|Outline a plan of {t} "
    "for one {o}.|Match {n} {o} cards to the steps of {t}.|Demonstrate {t} on a {o} of your choice.|Simulate "
    "{t} with {n} random {o} values.|Inspect a finished {o} for traces of {t}.|Calculate the share of {o} "
    "that {t} removes.|Design a check that catches bad {t}.|Edit the {o} sheet until {t} passes.|Diagram how "
    "{t} and {p} exchange a {o}."
)

_CRITERIA = _shapes(
    "At least {n} of {n2} results agree with the key.|All {n} steps are present and in order.|The deviation "
    "stays below {n} percent.|No more than {n} errors in {n2} cases.|The {o} comes out within {n} units of "
    "the reference.|Every {o} is named correctly, {n2} of {n2}.|It takes less than {n2} minutes without "
    "help.|The totals match to {n} decimal places.|{n} different cases are shown, each with its {o}.|A "
    "second person gets the same {o} in {n} tries.|The table has {n2} rows and no empty cell.|Exactly {n} "
    "{o} units are left over.|The check finds all {n} planted faults.|Both results differ by at most {n} "
    "percent.|The sum of all {o} values equals {n2}.|The plot shows {n} marked points and both axes.|{n} out "
    "of {n2} predictions come true.|The repaired {o} runs for {n2} minutes.|Each of the {n} answers cites "
    "its {o}.|The {o} fits into {n2} centimetres."
)

_DEFINITIONS = _shapes(
    "{T}: terms and definition|What {t} means|A definition of {t}|{T} explained|Principles of {t}|"
    "{T} in brief|Handbook entry on {t}|The theory of {t}|{T}, a primer|Notes on {t}|How {t} works|"
    "Glossary: {t}"
)
_EXAMPLES = _shapes(
    "{T} worked through|A worked case of {t}|{T} by example|{n} cases of {t}|Exercises in {t}|{T}: a solved "
    "{o}|{T} in practice|A {o} log with {t}|Case study: {t}|{T} for a {m} {o}|Lab on {t}|Sample run of {t}"
)
_SITES = _words(
    "example.org docs.example.org library.example.com wiki.example.net press.example.edu notes.example.io"
)
_KINDS = _words("doc paper video book spec other doc doc book")


class _Deck:
    """Deals the shapes of one field in shuffled rounds, so that each occurs equally often."""

    def __init__(self, shapes: Sequence[str], rng: random.Random) -> None:
        self._shapes, self._rng, self._left = shapes, rng, list[str]()

    def deal(self) -> str:
        if not self._left:
            self._left = self._rng.sample(self._shapes, len(self._shapes))
        return self._left.pop()

    def deal_different(self, count: int) -> list[str]:
        dealt: dict[str, None] = {}
        while len(dealt) < count:
            dealt[self.deal()] = None
        return list(dealt)


def _titles(count: int, areas: Sequence[str], rng: random.Random) -> list[str]:
    """`count` different noun phrases; the first ones go once through all areas."""
    objects = [o.replace("-", " ") for o in dict.fromkeys(_OBJECTS)]
    if count > len(objects) * len(areas) * len(_MODIFIERS) // 2:
        raise SystemExit(f"synthetic: there are not enough words for {count} titles")
    seen: set[str] = set()
    out: list[str] = []
    while len(out) < count:
        title = f"{rng.choice(objects)} {areas[len(out) % len(areas)]}"
        if title in seen or rng.random() < 0.7:
            title = f"{rng.choice(_MODIFIERS)} {title}"
        if title not in seen:
            seen.add(title)
            out.append(title[0].upper() + title[1:])
    return out


def _graph(count: int, rng: random.Random) -> list[list[int]]:
    """Prerequisites by position: layers of about the square root of `count`, each node with up to three from
    the layers just above.
    """
    width = max(2, int(count**0.5))
    prerequisites: list[list[int]] = [[]]
    depth = [0]
    waiting: list[int] = []  # later roots that nothing builds on yet
    above = range(1)
    while above.stop < count:
        layer = range(above.stop, min(count, above.stop + max(2, int(width * rng.uniform(0.7, 1.3)))))
        for i in layer:
            if count - i > width and rng.random() < 0.004:
                chosen = []
                waiting.append(i)
            else:
                chosen = _choose(above, waiting, prerequisites, depth, rng)
            prerequisites.append(chosen)
            depth.append(1 + max((depth[p] for p in chosen), default=-1))
        above = layer
    return prerequisites


def _choose(
    above: range,
    waiting: list[int],
    prerequisites: Sequence[Sequence[int]],
    depth: Sequence[int],
    rng: random.Random,
) -> list[int]:
    first = rng.choice(above)
    if first in waiting:
        first = 0  # so that a new root comes in beside one that is connected
    if waiting:
        return [first, waiting.pop()]
    if rng.random() < 0.04:
        return [rng.randrange(above.stop)]  # a single reference far back cannot be redundant
    chosen = [first]
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        p = (
            rng.randrange(max(0, above.start - len(above)), above.stop)
            if rng.random() < 0.3
            else rng.choice(above)
        )
        if all(
            p != q and not _reaches(p, q, prerequisites, depth) and not _reaches(q, p, prerequisites, depth)
            for q in chosen
        ):
            chosen.append(p)
    return chosen


def _reaches(low: int, high: int, prerequisites: Sequence[Sequence[int]], depth: Sequence[int]) -> bool:
    """Whether `high` builds on `low`; may say yes without being sure when that would take long."""
    floor, stack, seen = depth[low], [high], {high}
    while stack and depth[high] > floor:
        for p in prerequisites[stack.pop()]:
            if p == low or len(seen) > 300:
                return True
            if depth[p] > floor and p not in seen:
                seen.add(p)
                stack.append(p)
    return False


def _slug(title: str) -> str:
    return unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower().replace(" ", "-")


def _nodes(
    titles: Sequence[str], prerequisites: Sequence[Sequence[int]], rng: random.Random
) -> Iterator[dict[str, Any]]:
    capability, idea, pitfall, task, criterion = (
        _Deck(s, rng) for s in (_CAPABILITIES, _IDEAS, _PITFALLS, _TASKS, _CRITERIA)
    )
    definition, example = _Deck(_DEFINITIONS, rng), _Deck(_EXAMPLES, rng)
    ids = [_slug(t) for t in titles]
    objects = [o.replace("-", " ") for o in _OBJECTS]
    choice = rng.choice

    for i, title in enumerate(titles):
        lower = title[0].lower() + title[1:]

        def fill(shape: str, title: str = title, lower: str = lower) -> str:
            n = choice((3, 4, 5, 6, 7, 8, 9))
            text = shape.format(
                T=title,
                t=lower,
                o=choice(objects),
                o2=choice(objects),
                p=choice(_PROCESSES),
                m=choice(_MODIFIERS),
                n=n,
                n2=n + choice((3, 5, 11, 21)),
            )
            return text[0].upper() + text[1:]

        site, kind = choice(_SITES), choice(_KINDS)
        yield {
            "id": ids[i],
            "title": title,
            "capability": fill(capability.deal()),
            "prerequisites": [ids[p] for p in prerequisites[i]],
            "core_ideas": [fill(shape) for shape in idea.deal_different(3 if i % 5 == 0 else 2)],
            "pitfalls": [fill(pitfall.deal())],
            "mastery_check": {"task": fill(task.deal()), "pass_criteria": fill(criterion.deal())},
            "estimate_minutes": 5 * rng.randint(8, 30),
            "resources": [
                {
                    "title": fill(definition.deal()),
                    "url": f"https://{site}/{ids[i]}",
                    "kind": kind,
                    "role": "definition",
                },
                {
                    "title": fill(example.deal()),
                    "url": f"https://{site}/{ids[i]}/example",
                    "kind": "doc",
                    "role": "example",
                },
            ],
        }


def synthetic(nodes: int, seed: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
    """A curriculum of `nodes` nodes and the topic spec that it fits, as JSON values."""
    rng = random.Random(f"dagogy {nodes} {seed}")
    areas = rng.sample(_PROCESSES, min(len(_PROCESSES), max(1, nodes // 2)))
    listed = list(_nodes(_titles(nodes, areas, rng), _graph(nodes, rng), rng))
    hours = sum(n["estimate_minutes"] for n in listed) / 60
    curriculum = {"topic": "Crafts, systems and methods", "nodes": listed}
    spec = {
        "spec_version": "1.0",
        "goal": "Carry out each of the listed crafts on a small case of one's own.",
        "audience": "Practitioners who change their field and learn in the evening.",
        "prerequisites": ["School mathematics"],
        "scope_in": [area.capitalize() for area in areas],
        "scope_out": ["Quantum chromodynamics", "Heraldry"],
        "constraints": {
            "hours_per_week": 10,
            "total_hours_min": max(1, int(hours * 0.9)),
            "total_hours_max": int(hours * 1.1) + 2,
            "depth": "practical",
            "node_count_min": max(1, int(nodes * 0.8)),
            "node_count_max": int(nodes * 1.2) + 1,
            "max_prerequisites_per_node": 4,
        },
        "domain_mode": "mature",
        "evidence_mode": "standard",
    }
    return curriculum, spec


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write a made-up curriculum.json and the topic_spec.json it fits."
    )
    parser.add_argument("nodes", type=int, metavar="NODES", help="how many nodes, at least 1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to write (default: here)"
    )
    given = parser.parse_args()
    if given.nodes < 1:
        parser.error("NODES must be at least 1")
    given.out.mkdir(parents=True, exist_ok=True)
    for name, document in zip(("curriculum", "topic_spec"), synthetic(given.nodes, given.seed), strict=True):
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        (given.out / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
