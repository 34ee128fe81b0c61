"""The provider `internal`: concepts and text come out of the sources themselves, the order out of them and a
graded vocabulary; no model, no network, no chance.

The way of a proposal: `concepts` finds what is taught, `passages` what is said of it, `edges` what comes
first, `content` makes the text of the nodes, `compose` the document.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
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

from dagogy_provider_internal.compose import Bare, curriculum
from dagogy_provider_internal.content import Content
from dagogy_provider_internal.reading import Studied, chosen, read, scope_reading, study
from dagogy_provider_internal.repair import Own, repaired
from dagogy_provider_internal.repair_invalid import repaired_invalid


class Internal(Provider):
    """Reads a curriculum out of the sources of a run."""

    #: What was composed last, with what it was made of: a repair starts from the same
    #: as the proposal before it.
    _composed: (
        tuple[
            TopicSpec,
            bool,
            list[ScopeDocument],
            tuple[dict[str, Any], list[Content], list[str], Studied, Bare],
        ]
        | None
    ) = None

    def ready(self) -> Readiness:
        return Readiness(ready=True, message="internal needs no model, no network and no settings")

    def read_scope(self, document: ScopeDocument) -> ScopeReading:
        return read(document)

    def propose(self, request: ProposeRequest) -> Proposal:
        document, contents, notes, studied, _ = self._compose(request)
        weak = sum(c.silent for c in contents)
        if weak:
            notes.append(
                f"{weak} of {len(contents)} concepts {'is' if weak == 1 else 'are'} hardly more than named "
                "by the source; such nodes say so and have a low estimate_confidence: add a sentence or two "
                "on each to the scope document"
            )
        # What is decisive comes first: the command shows the first notes, the trace keeps all.
        notes[:0] = _without_example(document, request)
        return Proposal(curriculum=document, notes=notes, reading=scope_reading(studied, request.spec))

    def repair(self, request: RepairRequest) -> Proposal | None:
        draft = request.document
        done = repaired(draft, request.findings, self._own(request)[1], request.spec)
        return Proposal(curriculum=draft, notes=done) if done else None

    def repair_invalid(self, request: RepairInvalidRequest) -> Proposal | None:
        found = repaired_invalid(copy.deepcopy(request.document), *self._own(request))
        if found is None:
            proposal = self.propose(request)
            return replace(
                proposal, notes=["nothing of the draft could be read, so it was recreated", *proposal.notes]
            )
        curriculum, done = found
        return Proposal(curriculum=curriculum, notes=done)

    def _own(self, request: ProposeRequest) -> tuple[dict[str, Any], Own]:
        """The curriculum that it would propose now, and what a repair takes from it."""
        fresh, contents, _, studied, bare = self._compose(request)
        spare = {n["id"]: c.spare for n, c in zip(fresh["nodes"], contents, strict=True)}
        ids = [c.id for c in studied.concepts]
        weights = {(ids[e.before], ids[e.after]): e.weight for e in studied.arrangement.edges}
        return fresh, Own({n["id"]: n for n in fresh["nodes"]}, spare, weights, bare)

    def _compose(
        self, request: ProposeRequest
    ) -> tuple[dict[str, Any], list[Content], list[str], Studied, Bare]:
        spec, by_scope, sources = request.spec, request.reading is not None, list(request.sources)
        if (
            self._composed
            and self._composed[:2] == (spec, by_scope)
            and list(map(id, self._composed[2])) == list(map(id, sources))
        ):
            document, contents, notes, studied, bare = self._composed[3]
            return copy.deepcopy(document), contents, notes[:], studied, bare
        given = chosen(spec, sources, by_scope=by_scope)
        notes = given.notes
        request.progress(f"{len(given.concepts)} concepts")
        studied = study(given.concepts, given.limit, given.topic)
        count = len(studied.arrangement.edges)
        request.progress(f"{count} prerequisite edge{'s' * (count != 1)} with evidence")
        document, contents, bare = curriculum(given.topic, studied, spec)
        self._composed = spec, by_scope, sources, (copy.deepcopy(document), contents, notes[:], studied, bare)
        return document, contents, notes, studied, bare


def _without_example(document: Mapping[str, Any], request: ProposeRequest) -> list[str]:
    """What to do where the evidence mode wants an example for each node and the source has none."""
    if request.spec.evidence_mode == "minimal":
        return []
    count = sum(all(r["role"] != "example" for r in n["resources"]) for n in document["nodes"])
    if not count:
        return []
    have = "has" if count == 1 else "have"
    message = (
        f"{count} of {len(document['nodes'])} nodes {have} no example to cite, which evidence mode "
        f"{request.spec.evidence_mode} wants: "
    )
    if request.sources:
        return [f"{message}say more of these concepts in the scope document, or set evidence_mode minimal"]
    return [
        (
            f"{message}the topic spec only names its concepts; give a scope document (--scope-file), or set "
            "evidence_mode minimal"
        )
    ]
