"""pydantic models of every artifact that dagogy itself writes, and the JSON Schemas of all artifacts, those
of `types` among them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from dagogy.contracts.records import Event, FailureRecord, Open
from dagogy.contracts.types import Count, Curriculum, Share, TopicSpec

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Stage = Literal["initialized", "spec_ready", "generated", "validated", "planned", "iterated"]
SeverityName = Literal["error", "warning", "info"]


class HistoryEntry(Open):
    at_utc: str
    event_type: str
    stage: Stage
    message: str
    metadata: dict[str, Any]


class RunMetadata(Open):
    """`run.json`."""

    schema_version: Literal[1]
    run_id: str
    created_at_utc: str
    stage: Stage
    history: list[HistoryEntry]
    stamps: dict[str, dict[str, Any]] = Field(description="Content hashes: what each artifact was made from.")


class GapsModel(Open):
    """How much of a curriculum waits for an author."""

    nodes: int
    open_nodes: int
    fields: dict[str, int] = Field(description="In how many nodes each field is open; none that is nowhere.")
    skeleton: bool = Field(description="Whether nearly all that could be said of the concepts is open.")
    summary: str = Field(description="The same in words; empty without gaps.")


class Deliverable(Open):
    node_id: str
    title: str = Field(default="", description="Of the node.")
    task: str
    pass_criteria: str
    gap: str | None = Field(
        default=None,
        description=(
            "Why the task or its criterion still needs an author; the text that is missing is then the "
            "question to the author, in brackets."
        ),
    )


class Review(Open):
    node_id: str
    taught_in_week: int


class Week(Open):
    week: Count
    nodes: list[str] = Field(description="Node ids in the order of study.")
    minutes: float
    over_budget: bool = Field(description="True where a single node is larger than the weekly budget.")
    deliverables: list[Deliverable]
    review: list[Review] = Field(description="Nodes of earlier weeks to go over again, at growing intervals.")
    groups: list[str] = Field(default=[], description="The groups of its nodes, each once.")
    optional: list[str] = Field(
        default=[], description="Those of its nodes that a learner may leave out; they are scheduled too."
    )


class Plan(Open):
    """`outputs/plan/plan.json`; minutes throughout."""

    topic: str
    duration_weeks: int
    weekly_budget_minutes: float
    total_estimated_minutes: float
    critical_path: list[str]
    critical_path_minutes: float
    weeks: list[Week]
    gaps: GapsModel | None = None


class ChangedNode(Open):
    id: str
    changed_fields: list[str]


class RenamedNode(Open):
    previous_id: str
    current_id: str
    similarity: Share


class Diff(Open):
    """`outputs/reviews/diff_report.json`."""

    added_nodes: list[str]
    removed_nodes: list[str]
    changed_nodes: list[ChangedNode]
    renamed_nodes: list[RenamedNode] = Field(description="Neither in added_nodes nor in removed_nodes.")
    added_edges: int = Field(default=0, ge=0, description="How many prerequisite edges are new.")
    removed_edges: int = Field(default=0, ge=0, description="How many prerequisite edges are gone.")
    time_delta_minutes: float
    critical_path_changed: bool
    previous_critical_path: list[str]
    current_critical_path: list[str]


class PatchOperation(Open):
    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str


class FixModel(Open):
    safety: Literal["safe", "unsafe"]
    description: str
    patch: list[PatchOperation]


class FindingModel(Open):
    rule_id: str
    severity: SeverityName
    message: str
    document: Literal["curriculum", "topic_spec"]
    pointer: str = Field(description="RFC 6901 JSON Pointer into the document.")
    node_id: str | None
    fix: FixModel | None


class RuleOutcome(Open):
    rule_id: str
    severity: SeverityName
    status: Literal["clean", "findings", "skipped", "failed"]
    reason: str = Field(description="Why it was skipped or failed.")
    findings: int
    notes: list[str] = Field(
        default=[], description="What is odd about how it ran: it was slow, or changed what it was given."
    )
    slow_seconds: float | None = Field(default=None, description="What it took, where that was too long.")


class MeasureModel(Open):
    """How much of something the curriculum has."""

    rule_id: str
    name: str
    value: float | None = Field(
        description="The share that is met, 0 to 1; null where there is nothing to be met."
    )
    protected: bool = Field(description="Whether a repair that lowers it is refused.")


class ReportSummary(Open):
    errors: int
    warnings: int
    infos: int
    rules_run: int
    rules_skipped: int
    rules_failed: int
    safe_fixes: int
    unsafe_fixes: int


class ValidationReport(Open):
    """`outputs/reviews/validation_report.json`."""

    schema_version: Literal[1]
    run_id: str
    passed: bool
    score: float = Field(description="0 to 100.")
    nodes: int
    ruleset: Sha256 = Field(description="Hash of the rules, their versions, options and severities.")
    summary: ReportSummary
    rules: list[RuleOutcome]
    findings: list[FindingModel]
    measures: list[MeasureModel] = Field(
        default=[],
        description="What the rules measure, those of dagogy's own first; none of a rule that did not run.",
    )
    gaps: GapsModel | None = Field(
        default=None, description="Null where the curriculum does not meet its schema."
    )


class ConceptModel(Open):
    id: str
    title: str
    heading_path: list[str]
    lines: tuple[int, int]
    evidence: str
    location: str = Field(
        default="inputs/scope.md", description="The document, relative to the run or the workspace root."
    )
    merged: list[str] = Field(default=[], description="Titles of other concepts that went into it.")
    probability: Share | None = Field(
        default=None, description="How sure the provider is that it is a concept; null where it cannot tell."
    )
    locator: str = Field(
        default="",
        description="Where it stands in the file as given, where lines do not say it: slide 3, page 12.",
    )


class LeftOutModel(Open):
    text: str
    reason: str
    role: str = Field(
        default="",
        description="What it is instead: group, merged (the same as a concept), or a word of the provider's.",
    )
    probability: Share | None = Field(
        default=None,
        description="How sure the provider is that it is a concept after all; null where it cannot tell.",
    )
    lines: tuple[int, int] = Field(
        default=(0, 0), description="Of the document; 0 and 0 where they are not known."
    )
    locator: str = Field(
        default="",
        description="Where it stands in the file as given, where lines do not say it: slide 3, page 12.",
    )


class ScopeConcepts(Open):
    """`scope_concepts.json`."""

    schema_version: Literal[1]
    source: str
    mode: Literal["full", "section", "seed-list"]
    concepts: list[ConceptModel]
    skipped: list[LeftOutModel] = Field(description="Everything that could have been a concept and is none.")
    course: Share | None = Field(
        default=None,
        description="How probable it is that the document is a course; null where nobody doubted it.",
    )
    reading: dict[str, list[str]] = Field(
        default={}, description="What the user said of the reading: concepts_from, only, skip."
    )


class PieceModel(Open):
    kind: str
    weight: Share
    location: str = Field(
        description="The document, or the place in it where it has no lines; empty for a note."
    )
    lines: tuple[int, int] = Field(
        description="Of the document; 0 and 0 where the location names the place itself, and for a note."
    )
    quote: str
    note: str = Field(
        default="",
        description=(
            "What the evidence is where no statement of the source says so; then there is no quotation."
        ),
    )


class EdgeModel(Open):
    prerequisite: str
    dependent: str
    kind: str = Field(
        description=(
            "Of the strongest piece of evidence; lines and evidence are those of the strongest quotation, 0, "
            "0 and empty without."
        )
    )
    weight: Share = Field(description="Of all the evidence together.")
    lines: tuple[int, int]
    evidence: str
    pieces: list[PieceModel] = Field(
        default=[], description="The single pieces of evidence, strongest first."
    )


class DroppedModel(EdgeModel):
    """A pair of concepts that is no edge in spite of its evidence."""

    reason: Literal["weak", "opposed", "cycle", "rank", "complete", "limit", "implied"]


class ScopeDag(Open):
    """`scope_dag.json`."""

    schema_version: Literal[1]
    source: str
    nodes: list[str]
    edges: list[EdgeModel]
    dropped: list[DroppedModel] = Field(default=[])


class CurriculumEvidence(Open):
    """`outputs/curriculum/evidence.json`: the concepts and edges that the curriculum was made from; only
    where its provider can tell.
    """

    schema_version: Literal[1]
    provider: str
    concepts: list[ConceptModel]
    edges: list[EdgeModel]
    dropped: list[DroppedModel]


class TraceIteration(Open):
    iteration: int
    action: Literal["propose", "fix", "repair"]
    score: float
    errors: int
    warnings: int
    findings: list[dict[str, Any]]
    fixes: list[str]
    best: bool
    measures: list[MeasureModel] = Field(
        default=[], description="What the rules measure, by the evidence that the first draft had."
    )
    coverage: float | None = Field(
        default=None,
        description=(
            "The value of the measure of that name: the share of scope_in that is taught; null without one."
        ),
    )
    order: float | None = Field(
        default=None,
        description=(
            "The value of the measure of that name: the share of the evidenced edges that are kept; null "
            "without one."
        ),
    )
    asked: list[dict[str, Any]] = Field(
        default=[], description="The findings that a repair was asked to fix; empty for what is no repair."
    )
    rejected: str = Field(
        default="",
        description=(
            "Why the draft was not taken: it does not raise the score, or it lowers a protected measure."
        ),
    )
    notes: list[str]
    usage: dict[str, float] = Field(
        description="What the answer cost: calls, input_tokens, output_tokens, seconds."
    )
    model: str = Field(description="The model that answered; empty where the provider uses none.")


class OptimizationTrace(Open):
    """`outputs/reviews/optimization_trace.json`."""

    schema_version: Literal[1]
    provider: str
    model: str
    target_score: float
    max_iterations: int
    accepted: bool
    stop_reason: str
    best_iteration: int
    usage: dict[str, float] = Field(description="What all answers cost together, failed ones too.")
    recovery: dict[str, Any] | None = Field(
        description="Where a recovery started the run: its action, incident, record and environment."
    )
    iterations: list[TraceIteration]


ARTIFACTS: dict[str, type[Any]] = {
    "topic_spec": TopicSpec,
    "curriculum": Curriculum,
    "run": RunMetadata,
    "plan": Plan,
    "diff": Diff,
    "validation_report": ValidationReport,
    "optimization_trace": OptimizationTrace,
    "scope_concepts": ScopeConcepts,
    "scope_dag": ScopeDag,
    "evidence": CurriculumEvidence,
    "event": Event,
    "failure": FailureRecord,
}


class _Schema2020(GenerateJsonSchema):
    """JSON Schema 2020-12 with its `$schema`, without the generated titles and the
    defaults that mean "left out".
    """

    def generate(self, schema: Any, mode: Any = "validation") -> dict[str, Any]:
        return {"$schema": self.schema_dialect, **_tidy(super().generate(schema, mode))}


def _tidy(node: Any, named: bool = False) -> Any:
    if isinstance(node, dict):
        drop = () if named else ("title", "default")
        out = {k: _tidy(v, k in ("properties", "$defs")) for k, v in node.items() if k not in drop}
        if not named and str(out.get("pattern", "")).endswith("$"):
            # Python's `$` also matches before a final newline; the look-ahead makes every engine agree.
            out["pattern"] += r"(?!\n)"
        return out
    if isinstance(node, list):
        return [_tidy(x) for x in node]
    return node


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the artifact `name`, a key of `ARTIFACTS`."""
    return TypeAdapter(ARTIFACTS[name]).json_schema(schema_generator=_Schema2020)
