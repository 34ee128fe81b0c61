"""Fills the gaps of the curriculum in a run, whoever made it, and changes nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dagogy.api.errors import InvalidArgument, NotFound
from dagogy.api.providers import Budget, Filled, FillPlan, FillRequest, ModelCall, OpenNode, Provider
from dagogy.contracts.types import GAP_FIELDS, GapField, Node
from dagogy.pipeline.accepting import Patch, patched, take
from dagogy.pipeline.asking import ask, blame
from dagogy.pipeline.evidence import kept_evidence
from dagogy.pipeline.judge import ValidationResult
from dagogy.pipeline.passages import PassageFinder
from dagogy.pipeline.report import plural
from dagogy.pipeline.session import OpenRun
from dagogy.pipeline.stages.compile import concluded
from dagogy.pipeline.stages.generate import begin_draft, write_draft
from dagogy.pipeline.stages.inputs import Progress, origin_of
from dagogy.pipeline.stages.loop import LoopLimits
from dagogy.pipeline.why import Why, find_node
from dagogy.workspace.answers import RunAnswers
from dagogy.workspace.files import to_json
from dagogy.workspace.stages import FILL_TRACE

if TYPE_CHECKING:
    from dagogy.pipeline.results import Filling

#: A node's share of the source text of one call: so many nodes fit into one.
_NODES_A_CALL = 5


def plan_fill(opened: OpenRun, provider: Provider, only: Sequence[str], *, fresh: bool = False) -> FillPlan:
    """What `fill` would ask; asks and writes nothing. Raises as `fill` does."""
    request = _request(opened, provider, only, lambda stage, line: None, fresh)
    plan: FillPlan = _asked(opened, provider, request, "fill_plan")
    return plan


def fill(
    opened: OpenRun, provider: Provider, only: Sequence[str], progress: Progress, *, fresh: bool = False
) -> Filling:
    """Fills the gaps that `only` names (all where it names none), judges, writes, validates and plans.

    A gap for which there is no answer, or whose answer the rules object to, stays. Raises `InvalidArgument`
    for a provider that fills no gaps and for an `only` that names none, `NotFound` for one that names no
    node, and what the provider raises where nothing at all could be asked.
    """
    from dagogy.pipeline.results import Filling

    session = opened.session
    session.judge.prepare()
    request = _request(opened, provider, only, progress, fresh)
    work = _Work(opened, provider, request)
    if request.nodes:
        with session.asking(provider, lambda line: progress("fill", line)) as answered:
            work.run()
            if work.usage.get("calls"):
                answered()
    before = opened.context()
    if work.patches:
        data = to_json(patched(before.document, work.patches))
        stamp = opened.metadata.stamps.get("curriculum") or {}
        begin_draft(opened, before.curriculum_bytes, data)
        # It is made from what the curriculum was made from, however the inputs have changed since.
        write_draft(opened, data, "fill", stamp.get("inputs") or opened.state.inputs)
        opened.metadata.note("filled", f"{plural(len(work.patches), 'gap')} by {provider.info.id}")
        opened.refresh()
    trace = session.clean(work.trace(), shapes=False)
    opened.run.write_json(FILL_TRACE, trace)
    opened.run.event(
        "filled", provider=provider.info.id, filled=len(work.patches), left=len(work.left), usage=work.usage
    )
    context = opened.context()
    report, plan, diff = concluded(opened, context, session.judge.judge(context), progress)
    return Filling(facts=opened.facts(), trace=trace, report=report, plan=plan, diff=diff)


def _asked(opened: OpenRun, provider: Provider, request: FillRequest, method: str) -> Any:
    """What the provider answers. Raises `InvalidArgument` for one that fills no gap."""
    kind = {"fill": Filled, "fill_plan": FillPlan}[method]
    origin = origin_of(opened, provider)
    answer = ask(provider, origin, lambda: getattr(provider, method)(request))
    if answer is None:
        raise InvalidArgument(
            f"provider '{provider.info.id}' asks no language model, so it fills no gap",
            hint="choose one that does with --provider; 'dagogy gaps' lists what needs an author",
        )
    if not isinstance(answer, kind):
        raise blame(provider, origin, f"answered with a {type(answer).__name__}, not a {kind.__name__}")
    return answer


@dataclass
class _Work:
    """The rounds of one command: ask, judge, and ask again about what the rules objected to."""

    opened: OpenRun
    provider: Provider
    request: FillRequest
    patches: list[Patch] = field(default_factory=list)
    left: dict[tuple[str, GapField], str] = field(default_factory=dict)
    usage: dict[str, float] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    model: str = ""

    def run(self) -> None:
        context = self.opened.context()
        document = context.document
        self.position = {node.id: i for i, node in reversed(list(enumerate(context.nodes)))}
        budget, wanted = self.request.budget, list(self.request.nodes)
        for attempt in range(self.provider.settings.retry_budget + 1):
            limits = LoopLimits(1, 1, 0, _whole(budget.calls), _whole(budget.tokens))
            request = replace(self.request, nodes=wanted, budget=limits.left(self.usage))
            filled: Filled = _asked(self.opened, self.provider, request, "fill")
            refused = self._take(document, filled)
            self.rounds.append({"round": attempt + 1, **self._told(filled, wanted, refused)})
            wanted = [
                replace(
                    node,
                    fields=fields,
                    objections=list(dict.fromkeys(refused[node.node.id, f] for f in fields)),
                )
                for node in wanted
                if (fields := [f for f in node.fields if (node.node.id, f) in refused])
            ]
            if not wanted or filled.stopped is not None:
                return

    def _take(self, document: Any, filled: Filled) -> dict[tuple[str, GapField], str]:
        """Takes what the rules do not object to; why each of the others was refused."""
        clean = self.opened.session.clean
        for name, value in filled.usage.items():
            self.usage[name] = self.usage.get(name, 0) + value
        self.model = filled.model or self.model
        # In the order of the document: the same bytes whoever answered first.
        new = sorted(
            (
                Patch(self.position[node], name, clean(value, shapes=False))
                for node, fields in filled.fields.items()
                for name, value in fields.items()
            ),
            key=lambda patch: (patch.position, GAP_FIELDS.index(patch.field)),
        )
        taken = take(patched(document, self.patches), new, self._judged)
        ids = {i: node for node, i in self.position.items()}
        refused = {(ids[position], name): why for (position, name), why in taken.refused.items()}
        self.patches += taken.patches
        for patch in taken.patches:
            self.left.pop((ids[patch.position], patch.field), None)
        for node, reasons in filled.left.items():
            for name, why in reasons.items():
                # What the rules said of an answer tells more than that there was no better one.
                self.left.setdefault((node, name), why)
        self.left |= {place: f"the rules refuse the answer: {why}" for place, why in refused.items()}
        return refused

    def _judged(self, document: Any) -> ValidationResult:
        opened = self.opened
        return opened.session.judge.judge(opened.context(to_json(document)))

    def _told(
        self, filled: Filled, wanted: Sequence[OpenNode], refused: Mapping[tuple[str, GapField], str]
    ) -> dict[str, Any]:
        return {
            "asked": [{"node_id": node.node.id, "fields": list(node.fields)} for node in wanted],
            "passages_left_out": {
                node.node.id: size for node in wanted if (size := sum(p.left_out for p in node.passages))
            },
            "refused": [
                {"node_id": node, "field": name, "reason": why} for (node, name), why in refused.items()
            ],
            "usage": dict(filled.usage),
            "model": filled.model,
            "notes": list(filled.notes),
            "stopped": filled.stopped.message if filled.stopped is not None else "",
        }

    def trace(self) -> dict[str, Any]:
        """The account of the command, as JSON values."""
        ids = {i: node for node, i in self.position.items()} if self.rounds else {}
        order = {node.node.id: i for i, node in enumerate(self.request.nodes)}
        left = sorted(self.left.items(), key=lambda item: (order[item[0][0]], GAP_FIELDS.index(item[0][1])))
        return {
            "schema_version": 1,
            "provider": self.provider.info.id,
            "model": self.model,
            "filled": [
                {"node_id": ids[p.position], "field": p.field}
                for p in sorted(self.patches, key=lambda p: (p.position, GAP_FIELDS.index(p.field)))
            ],
            "left": [{"node_id": node, "field": name, "reason": why} for (node, name), why in left],
            "usage": self.usage,
            "rounds": self.rounds,
        }


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)


def _request(
    opened: OpenRun, provider: Provider, only: Sequence[str], progress: Progress, fresh: bool
) -> FillRequest:
    """The open nodes with their passages, and what any request has."""
    session, context = opened.session, opened.context()
    settings, clean = session.settings, session.clean
    return FillRequest(
        spec=context.spec,
        topic=context.curriculum.topic,
        sources=opened.sources(),
        requirements=session.judge.requirements(),
        progress=lambda line: progress("fill", clean(line)),
        budget=Budget(calls=settings.get("AGENT_MAX_CALLS"), tokens=settings.get("AGENT_MAX_TOKENS")),
        answers=RunAnswers(opened.run, session.runs.base, clean, fresh=fresh),
        nodes=_open_nodes(opened, _wanted(context.nodes, only), provider.settings.scope_text_max_chars),
        called=lambda call: note_call(opened, provider, call),
    )


def _wanted(nodes: Sequence[Node], only: Sequence[str]) -> dict[str, list[GapField]]:
    """The open fields by node id that `only` names: a field, a node, or both as `NODE.FIELD`. Of several
    nodes with one id the first is meant.
    """
    gaps: dict[str, list[GapField]] = {}
    for node in nodes:
        gaps.setdefault(node.id, [gap.field for gap in node.open_gaps()])
    if not only:
        return {node: fields for node, fields in gaps.items() if fields}
    wanted: dict[str, set[GapField]] = {}
    for name in only:
        found = _named(nodes, name, gaps)
        if not any(found.values()):
            raise InvalidArgument(
                f"--only {name}: no gap is open there", hint="'dagogy gaps' lists the open ones"
            )
        for node_id, fields in found.items():
            wanted.setdefault(node_id, set()).update(fields)
    return {
        node_id: fields
        for node_id, open_fields in gaps.items()
        if (fields := [name for name in open_fields if name in wanted.get(node_id, ())])
    }


def _named(
    nodes: Sequence[Node], name: str, gaps: Mapping[str, Sequence[GapField]]
) -> dict[str, Sequence[GapField]]:
    """The open fields that one `--only` names, by node id. A node that is called like a field has its id."""
    if name in GAP_FIELDS and name not in gaps:
        return {node_id: [f for f in fields if f == name] for node_id, fields in gaps.items()}
    before, dot, last = name.rpartition(".")
    try:
        node = find_node(nodes, name)
        return {node.id: gaps[node.id]}
    except (NotFound, InvalidArgument):
        if not (dot and last in GAP_FIELDS):
            raise
    node = find_node(nodes, before)
    return {node.id: [f for f in gaps[node.id] if f == last]}


def _open_nodes(opened: OpenRun, wanted: Mapping[str, Sequence[GapField]], most_chars: int) -> list[OpenNode]:
    """Each wanted node with its passages and the titles of its neighbours, in the order of the curriculum."""
    context = opened.context()
    concepts = Why(context.curriculum, kept_evidence(opened.run)).concept_of
    finder = PassageFinder(opened.sources())
    nodes, index = context.nodes, context.index
    found = []
    for node_id, fields in wanted.items():
        i = index.position[node_id]
        found.append(
            OpenNode(
                node=nodes[i],
                fields=fields,
                passages=finder.of(nodes[i], concepts.get(node_id), max(1, most_chars // _NODES_A_CALL)),
                before=[nodes[p].title for p in index.prerequisites[i]],
                after=[nodes[d].title for d in index.dependents[i]],
            )
        )
    return found


def note_call(opened: OpenRun, provider: Provider, call: ModelCall) -> None:
    """Writes one call into the log of the run."""
    facts = {
        "provider": provider.info.id,
        "endpoint": provider.endpoint,
        "model": call.model or provider.settings.model,
        "action": call.stage,
        "nodes": list(call.nodes),
        "cached": call.cached,
        "outcome": call.outcome,
        "cause": call.cause,
        "usage": dict(call.usage) or {"calls": 0},
    }
    opened.run.event("provider_asked", **opened.session.clean(facts))
