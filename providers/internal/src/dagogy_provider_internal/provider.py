"""The provider `internal`: concepts and text come out of the sources themselves, the order out of them and a graded
vocabulary; no model, no network, no chance.

The way of a proposal: `concepts` finds what is taught, `passages` what is said of it, `edges` what comes first, `content` makes the text of the
nodes, `compose` the document.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import msgspec
from dagogy.api import InvalidArgument, Proposal, ProposeRequest, Provider, Readiness, RepairRequest, ScopeDocument, ScopeReading, TopicSpec

from dagogy_provider_internal.compose import curriculum
from dagogy_provider_internal.concepts import Concept
from dagogy_provider_internal.content import Content
from dagogy_provider_internal.limits import fit
from dagogy_provider_internal.reading import DEFAULT_LIMIT, Studied, from_scope, from_spec, no_concept, read, study, told_of, untreated
from dagogy_provider_internal.repair import Own, repaired


class Internal(Provider):
    """Reads a curriculum out of the sources of a run."""

    #: What was composed last, with what it was made of: a repair starts from the same as the proposal before it.
    _composed: tuple[TopicSpec, bool, list[ScopeDocument], tuple[dict[str, Any], list[Content], list[str], Studied]] | None = None

    def ready(self) -> Readiness:
        return Readiness(ready=True, message="internal needs no model, no network and no settings")

    def read_scope(self, document: ScopeDocument) -> ScopeReading:
        return read(document)

    def propose(self, request: ProposeRequest) -> Proposal:
        document, contents, notes, studied = self._compose(request)
        weak = sum(c.unsaid for c in contents)
        if weak:
            notes.append(
                f"{weak} of {len(contents)} concepts {'is' if weak == 1 else 'are'} hardly more than named by the source; such nodes say so and have a low "
                "estimate_confidence: add a sentence or two on each to the scope document"
            )
        # What is decisive comes first: the command shows the first notes, the trace keeps all.
        notes[:0] = _without_example(document, request)
        return Proposal(curriculum=document, notes=notes, reading=told_of(studied, request.spec))

    def repair(self, request: RepairRequest) -> Proposal | None:
        draft = msgspec.to_builtins(request.draft) if not isinstance(request.draft, dict) else copy.deepcopy(request.draft)
        fresh, contents, _, studied = self._compose(request)
        spare = {n["id"]: c.spare for n, c in zip(fresh["nodes"], contents, strict=True)}
        ids = [c.id for c in studied.concepts]
        weights = {(ids[e.before], ids[e.after]): e.weight for e in studied.arrangement.edges}
        done = repaired(draft, request.findings, Own({n["id"]: n for n in fresh["nodes"]}, spare, weights), request.spec)
        return Proposal(curriculum=draft, notes=done) if done else None

    def _compose(self, request: ProposeRequest) -> tuple[dict[str, Any], list[Content], list[str], Studied]:
        spec, by_scope, sources = request.spec, request.reading is not None, list(request.sources)
        if self._composed and self._composed[:2] == (spec, by_scope) and list(map(id, self._composed[2])) == list(map(id, sources)):
            document, contents, notes, studied = self._composed[3]
            return copy.deepcopy(document), contents, notes[:], studied
        concepts, notes, topic = self._choose(request)
        limits = spec.constraints
        least, most = (v if isinstance(v, int) else 0 for v in (limits.node_count_min, limits.node_count_max))
        without_text = [c for c in concepts if c.anchor < 0] if sources else []
        concepts, fitted = fit(concepts, least, most)
        notes.extend([*untreated(without_text, concepts), *fitted])
        request.progress(f"{len(concepts)} concepts")
        limit = limits.max_prerequisites_per_node
        studied = study(concepts, limit if isinstance(limit, int) else DEFAULT_LIMIT, topic)
        count = len(studied.arrangement.edges)
        request.progress(f"{count} prerequisite edge{'s' * (count != 1)} with evidence")
        document, contents = curriculum(topic, studied, spec)
        self._composed = spec, by_scope, sources, (copy.deepcopy(document), contents, notes[:], studied)
        return document, contents, notes, studied

    def _choose(self, request: ProposeRequest) -> tuple[list[Concept], list[str], str]:
        """What to teach: the scope document's concepts where there is one, else the items of the spec."""
        if request.reading is not None and request.sources:
            scope = next((s for s in request.sources if s.location == "inputs/scope.md"), request.sources[0])
            concepts, notes = from_scope(scope, request.spec)
            if not concepts:
                raise no_concept(scope, notes)
            return concepts, notes, scope.title or request.spec.goal
        concepts, notes = from_spec(request.spec, request.sources)
        if not concepts:
            raise InvalidArgument("the topic spec asks for no concept: scope_in is empty", hint="list what is to be taught in 'scope_in'")
        return concepts, notes, request.spec.goal


def _without_example(document: Mapping[str, Any], request: ProposeRequest) -> list[str]:
    """What to do where the evidence mode wants an example for each node and the source has none."""
    if request.spec.evidence_mode == "minimal":
        return []
    count = sum(all(r["role"] != "example" for r in n["resources"]) for n in document["nodes"])
    if not count:
        return []
    have = "has" if count == 1 else "have"
    told = f"{count} of {len(document['nodes'])} nodes {have} no example to cite, which evidence mode {request.spec.evidence_mode} wants: "
    if request.sources:
        return [f"{told}say more of these concepts in the scope document, or set evidence_mode minimal"]
    return [f"{told}the topic spec only names its concepts; give a scope document (--scope-file), or set evidence_mode minimal"]
