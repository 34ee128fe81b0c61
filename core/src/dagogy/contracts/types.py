"""The curriculum and the topic spec: the types that the program works with, and of
which the JSON Schemas are made.

A curriculum has nodes by the thousand, so these are dataclasses with slots: pydantic reads and writes them by
a `TypeAdapter` (`contracts.documents`), made when it is first needed, and each takes a third of the memory of
a `BaseModel`. An optional key that was not given is `None`; as a value in a document, `null` is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import CoreSchema, core_schema

__all__ = [
    "Constraints",
    "ContextPack",
    "Curriculum",
    "Gap",
    "MasteryCheck",
    "Node",
    "OpenQuestion",
    "Resource",
    "TopicSpec",
]


class _LeftOut:
    """Marks an optional key: absent where it is not given, and never null."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return handler(source)["schema"]  # type: ignore[no-any-return]


class _Filled:
    """Marks a text that is not blank."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        # As a function: each pattern with `\s` in it would take half a millisecond of every start.
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        # `\s` alone means one thing in Python and another in ECMA 262, which JSON Schema
        # follows: this names both.
        return {"type": "string", "pattern": r"[^\s\x1c-\x1f\x85\ufeff]"}

    @staticmethod
    def _check(text: str) -> str:
        if all(character.isspace() or character == "\ufeff" for character in text):
            raise ValueError("must not be blank")
        return text


class _Count:
    """Marks an `int` from 1 on. 4.0 is read as 4: JSON Schema calls both whole numbers."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            self._whole, core_schema.int_schema(strict=True, ge=1)
        )

    @staticmethod
    def _whole(value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value


class _Number:
    """Marks an `int | float` that is a JSON number within limits. It stays what it is, so
    that 60 is not written as 60.0.
    """

    def __init__(self, **limits: Any) -> None:
        self.limits = limits

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        whole = core_schema.int_schema(strict=True, **self.limits)
        return core_schema.union_schema(
            [whole, core_schema.float_schema(strict=True, allow_inf_nan=False, **self.limits)],
            mode="left_to_right",
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        keywords = {"gt": "exclusiveMinimum", "ge": "minimum", "le": "maximum"}
        return {**{keywords[name]: limit for name, limit in self.limits.items()}, "type": "number"}


Text = Annotated[str, Field(min_length=1)]
Filled = Annotated[str, _Filled()]
NodeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Positive = Annotated[int | float, _Number(gt=0)]
Share = Annotated[int | float, _Number(ge=0, le=1)]
Count = Annotated[int, _Count()]
ResourceKind = Literal["doc", "paper", "video", "book", "spec", "other"]
#: The fields of a node that may be left to an author.
GapField = Literal["capability", "core_ideas", "pitfalls", "mastery_check", "resources"]
GAP_FIELDS: tuple[GapField, ...] = get_args(GapField)
#: The version of the format that dagogy writes.
CURRICULUM_VERSION: Final = "1.1"


def _nothing() -> list[Any]:
    # Of `list` itself pydantic would parse the signature, at a price of several milliseconds.
    return []


def _is_none(value: Any) -> bool:
    return value is None


def _is_empty(value: str | list[Any]) -> bool:
    return not value


#: Ends the description of what a field has to be.
_UNLESS_GAP = ", unless `gaps` names the field."

#: Goes with `| None` and the default `None`.
_OPTIONAL = (_LeftOut(), Field(exclude_if=_is_none))


class Closed:
    """A shape that people write: unknown keys are errors."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(slots=True)
class MasteryCheck(Closed):
    """Where `gaps` names it the object stays, and one of its texts or both are empty."""

    task: Annotated[str, Field(description=f"What the learner does; not empty{_UNLESS_GAP}")]
    pass_criteria: Annotated[
        str, Field(description=f"How somebody else can tell that it was done well; not empty{_UNLESS_GAP}")
    ]


@dataclass(slots=True)
class Resource(Closed):
    title: Text
    url: Annotated[Text, Field(description="http(s):// or local://path#Lfirst-Llast")]
    kind: ResourceKind
    role: Literal["definition", "example", "reference", "other"]
    citation: Annotated[
        Text,
        Field(
            description="Where in the resource the evidence is found; required in evidence mode strict.",
            exclude_if=_is_empty,
        ),
    ] = ""


@dataclass(slots=True)
class Gap(Closed):
    """A field of a node that nobody has written yet, and why."""

    field: GapField
    reason: Annotated[Text, Field(description="Why it is open, such as what the source does not say.")]


#: What a field has to be, as JSON Schema, where no gap is declared for it. How many resources a node needs is
#: the evidence mode's to say.
_WITHOUT_GAP: dict[GapField, dict[str, Any]] = {
    "capability": {"minLength": 1},
    "core_ideas": {"minItems": 2},
    "pitfalls": {"minItems": 1},
    "mastery_check": {"properties": {"task": {"minLength": 1}, "pass_criteria": {"minLength": 1}}},
}


def _declared(name: str) -> dict[str, Any]:
    """The JSON Schema of a node in which a gap is declared for the field `name`."""
    gap = {"type": "object", "properties": {"field": {"const": name}}, "required": ["field"]}
    return {"properties": {"gaps": {"type": "array", "contains": gap}}, "required": ["gaps"]}


@dataclass(slots=True)
class Node(Closed):
    """A concept; each field of it says something, or `gaps` names it."""

    # The `allOf` says to JSON Schema what `_is_complete` says to pydantic.
    __pydantic_config__ = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "allOf": [
                {"if": _declared(name), "else": {"properties": {name: wanted}}}
                for name, wanted in _WITHOUT_GAP.items()
            ]
        },
    )

    id: NodeId
    title: Annotated[Text, Field(description="The concept, named as its field names it.")]
    capability: Annotated[
        str, Field(description=f"What the learner can do afterwards; not empty{_UNLESS_GAP}")
    ]
    prerequisites: Annotated[list[Text], Field(description="Ids of the nodes that come before.")]
    core_ideas: Annotated[list[Text], Field(description=f"At least 2 items{_UNLESS_GAP}")]
    pitfalls: Annotated[list[Text], Field(description=f"At least 1 item{_UNLESS_GAP}")]
    mastery_check: MasteryCheck
    estimate_minutes: Annotated[Positive, Field(description="Minutes of study.")]
    resources: list[Resource]
    estimate_confidence: Annotated[
        Share | None, *_OPTIONAL, Field(description="0 to 1; required in evidence mode strict.")
    ] = None
    group: Annotated[
        Text | None, *_OPTIONAL, Field(description="The module, week or unit that it belongs to; since 1.1.")
    ] = None
    optional: Annotated[
        bool | None,
        *_OPTIONAL,
        Field(strict=True, description="Whether a learner may leave it out; since 1.1."),
    ] = None
    gaps: Annotated[
        list[Gap],
        Field(
            description="The fields that are left open for an author, each with the reason; since 1.1.",
            exclude_if=_is_empty,
        ),
    ] = field(default_factory=_nothing)

    def gap(self, name: GapField) -> Gap | None:
        """The gap that is declared for the field `name`, or None."""
        for gap in self.gaps:
            if gap.field == name:
                return gap
        return None

    def lacks(self, name: GapField) -> bool:
        """Whether the field `name` has less than a whole node has there: no capability, fewer than two core
        ideas, no pitfall, no task or no criterion, no definition or no example among the resources.
        """
        if name == "capability":
            return not self.capability
        if name == "core_ideas":
            return len(self.core_ideas) < 2
        if name == "pitfalls":
            return not self.pitfalls
        if name == "mastery_check":
            return not (self.mastery_check.task and self.mastery_check.pass_criteria)
        return not {"definition", "example"} <= {resource.role for resource in self.resources}

    def open_gaps(self) -> list[Gap]:
        """The declared gaps that are open indeed, each field once, in the order of `GAP_FIELDS`."""
        if not self.gaps:
            return []
        return [gap for name in GAP_FIELDS if (gap := self.gap(name)) is not None and self.lacks(name)]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        # One comparison settles a whole node: there may be 100,000.
        if (
            self.capability
            and len(self.core_ideas) > 1
            and self.pitfalls
            and self.mastery_check.task
            and self.mastery_check.pass_criteria
        ):
            return self
        wrong = [name for name in _WITHOUT_GAP if self.lacks(name) and self.gap(name) is None]
        if wrong:
            from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

            kind = PydanticCustomError("empty", "is empty, and `gaps` does not name it")
            raise ValidationError.from_exception_data(
                "Node", [InitErrorDetails(type=kind, loc=(name,), input=None) for name in wrong]
            )
        return self


@dataclass(slots=True)
class OpenQuestion(Closed):
    question: Text
    related_nodes: list[Text]
    status: Literal["open", "resolved"]


@dataclass(slots=True)
class Curriculum(Closed):
    """A curriculum: a DAG of concepts."""

    topic: Text
    nodes: list[Node]
    open_questions: Annotated[
        list[OpenQuestion] | None, *_OPTIONAL, Field(description="Required in evidence mode strict.")
    ] = None
    schema_version: Annotated[
        Literal["1.0", "1.1"] | None,
        *_OPTIONAL,
        Field(
            description=(
                "The version that the writer followed; 1.0 where it is left out. What came with 1.1 is read "
                "whatever stands here."
            )
        ),
    ] = None


@dataclass(slots=True)
class Constraints(Closed):
    hours_per_week: Positive
    total_hours_min: Positive
    total_hours_max: Positive
    depth: Literal["survey", "practical", "mastery"]
    node_count_min: Annotated[Count | None, *_OPTIONAL] = None
    node_count_max: Annotated[Count | None, *_OPTIONAL] = None
    max_prerequisites_per_node: Annotated[Count | None, *_OPTIONAL] = None


@dataclass(slots=True)
class ContextPack(Closed):
    domain: str = ""
    focus_terms: list[Filled] = field(default_factory=_nothing)
    local_paths: Annotated[
        list[Filled], Field(description="Documents to read, inside the workspace root.")
    ] = field(default_factory=_nothing)
    preferred_resource_kinds: list[ResourceKind] = field(default_factory=_nothing)
    required_outcomes: list[Filled] = field(default_factory=_nothing)


@dataclass(slots=True)
class TopicSpec(Closed):
    """What is to be taught, to whom, within which limits."""

    spec_version: Literal["1.0"]
    goal: Filled
    audience: Filled
    prerequisites: Annotated[list[Filled], Field(description="What the learner knows already.")]
    scope_in: Annotated[list[Filled], Field(min_length=1)]
    scope_out: list[Filled]
    constraints: Constraints
    domain_mode: Literal["mature", "frontier"]
    evidence_mode: Literal["minimal", "standard", "strict"]
    misconceptions: list[Filled] = field(default_factory=_nothing)
    context_pack: Annotated[ContextPack | None, *_OPTIONAL] = None
