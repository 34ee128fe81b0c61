"""The provider `internal`: concepts and text come out of the sources themselves, the order out of them and a
graded vocabulary; no model, no network, no chance.

The way of a proposal: `concepts` finds what is taught, `passages` what is said of it, `ordering` what comes
first, `writing` chooses the text of the nodes.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dagogy.api.documents import TopicSpec
from dagogy.api.providers import (
    Proposal,
    ProposeRequest,
    Provider,
    Readiness,
    RepairInvalidRequest,
    RepairRequest,
)
from dagogy.api.scope import ScopeDocument, ScopeReading

from dagogy_provider_internal.study import Studied, chosen, read, scope_reading, study
from dagogy_provider_internal.writing.checked import checked
from dagogy_provider_internal.writing.curriculum import Written, open_questions, written
from dagogy_provider_internal.writing.repair import Own, repaired
from dagogy_provider_internal.writing.repair_invalid import repaired_invalid


class Internal(Provider):
    """Reads a curriculum out of the sources of a run."""

    #: What was made last, and of what: a repair goes on with the same sentences.
    _made: tuple[TopicSpec, bool, list[ScopeDocument], Made] | None = None

    def ready(self) -> Readiness:
        return Readiness(ready=True, message="internal needs no model, no network and no settings")

    def read_scope(self, document: ScopeDocument) -> ScopeReading:
        return read(document)

    def propose(self, request: ProposeRequest) -> Proposal:
        self._made = None
        made = self._make(request)
        document = made.written.document
        return Proposal(
            curriculum=copy.deepcopy(document), notes=made.notes, reading=made.reading(request.spec)
        )

    def repair(self, request: RepairRequest) -> Proposal | None:
        draft, made = request.document, self._make(request)
        done = repaired(draft, request.findings, made.own(), request.spec)
        return Proposal(curriculum=draft, notes=done, reading=made.reading(request.spec)) if done else None

    def repair_invalid(self, request: RepairInvalidRequest) -> Proposal | None:
        made = self._make(request)
        found = repaired_invalid(
            copy.deepcopy(request.document), copy.deepcopy(made.written.document), made.own()
        )
        if found is None:
            proposal = self.propose(request)
            return replace(
                proposal, notes=["nothing of the draft could be read, so it was recreated", *proposal.notes]
            )
        curriculum, done = found
        return Proposal(curriculum=curriculum, notes=done)

    def _make(self, request: ProposeRequest) -> Made:
        spec, by_scope, sources = request.spec, request.reading is not None, list(request.sources)
        if (
            self._made
            and self._made[:2] == (spec, by_scope)
            and list(map(id, self._made[2])) == list(map(id, sources))
        ):
            return self._made[3]
        given = chosen(spec, sources, by_scope=by_scope)
        request.progress(f"{len(given.concepts)} concepts")
        studied = study(given.concepts, given.limit, given.topic)
        count = len(studied.arrangement.edges)
        request.progress(f"{count} prerequisite edge{'s' * (count != 1)} with evidence")
        made = Made(studied, written(given.topic, studied, spec), [])
        document, writers = made.written.document, made.written.writers
        reading = made.reading(spec)
        refused = checked(document, writers, lambda draft: request.judged(draft, reading))
        if spec.evidence_mode == "strict":
            document["open_questions"] = open_questions(document, writers)
        # What is decisive comes first: the command shows the first notes, the trace keeps all.
        made.notes[:] = [*_hours(document, spec), *_open(document), *_refused(refused), *given.notes]
        self._made = spec, by_scope, sources, made
        return made


@dataclass(slots=True)
class Made:
    """A curriculum with what it was made of, and what there is to tell of it."""

    studied: Studied
    written: Written
    notes: list[str]

    def reading(self, spec: TopicSpec) -> ScopeReading:
        """Its evidence: edges and quotations with their places."""
        return replace(scope_reading(self.studied, spec), quotations=self.written.quotations())

    def own(self) -> Own:
        """What a repair takes from it."""
        ids = [c.id for c in self.studied.concepts]
        weights = {(ids[e.before], ids[e.after]): e.weight for e in self.studied.arrangement.edges}
        nodes = {n["id"]: n for n in copy.deepcopy(self.written.document["nodes"])}
        return Own(nodes, weights, self.written.writers)


def _hours(document: Mapping[str, Any], spec: TopicSpec) -> list[str]:
    """How far the sum of the estimates is from the hours of the spec, where it is outside of them."""
    hours = sum(n["estimate_minutes"] for n in document["nodes"]) / 60
    low, high = spec.constraints.total_hours_min, spec.constraints.total_hours_max
    if low <= hours <= high:
        return []
    outside = f"the estimates add up to {hours:.3g} h, the topic spec has {low:g} to {high:g} h"
    return [f"{outside}; they were not stretched to fill them"]


def _open(document: Mapping[str, Any]) -> list[str]:
    """How much is left to an author."""
    nodes = document["nodes"]
    fields = Counter(gap["field"] for node in nodes for gap in node["gaps"])
    if not fields:
        return []
    need = sum(bool(node["gaps"]) for node in nodes)
    told = ", ".join(f"{count} {name}" for name, count in fields.most_common())
    return [f"the source leaves something open in {need} of {len(nodes)} nodes ({told}): see their gaps"]


def _refused(count: int) -> list[str]:
    return (
        [f"the rules refused {count} text{'s' * (count != 1)} of the source; others stand in their place"]
        if count
        else []
    )
