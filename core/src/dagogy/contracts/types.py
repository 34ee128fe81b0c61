"""The curriculum and the topic spec: the types that the program works with, and of
which the JSON Schemas are made.

A curriculum has nodes by the thousand, so these are dataclasses with slots: pydantic reads and writes them by
a `TypeAdapter` (`contracts.documents`), made when it is first needed, and each takes a third of the memory of
a `BaseModel`. An optional key that was not given is `None`; as a value in a document, `null` is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
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


def _nothing() -> list[Any]:
    # Of `list` itself pydantic would parse the signature, at a price of several milliseconds.
    return []


def _is_none(value: Any) -> bool:
    return value is None


def _is_empty(value: Any) -> bool:
    return not value


#: Goes with `| None` and the default `None`.
_OPTIONAL = (_LeftOut(), Field(exclude_if=_is_none))


class Closed:
    """A shape that people write: unknown keys are errors."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(slots=True)
class MasteryCheck(Closed):
    """Either text may be empty in a node that names `mastery_check` in its `gaps`."""

    task: Annotated[str, Field(description="What the learner does.")]
    pass_criteria: Annotated[str, Field(description="How somebody else can tell that it was done well.")]


GapField = Literal["capability", "core_ideas", "pitfalls", "mastery_check", "resources"]


@dataclass(slots=True)
class Gap(Closed):
    """What a node leaves to its author."""

    field: Annotated[GapField, Field(description="The field that is empty, or has less than it needs.")]
    reason: Annotated[Filled, Field(description="Why, in a sentence.")]


#: What each field of a node must hold unless `gaps` names it, as JSON Schema.
_NEEDED: dict[str, dict[str, Any]] = {
    "capability": {"minLength": 1},
    "core_ideas": {"minItems": 2},
    "pitfalls": {"minItems": 1},
    "mastery_check": {"properties": {"task": {"minLength": 1}, "pass_criteria": {"minLength": 1}}},
}


class _Whole:
    """Marks a node whose `gaps` name each field that has less than it needs."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        reference: dict[str, Any] = handler(schema)
        handler.resolve_ref_schema(reference)["allOf"] = [
            {
                "if": {
                    "required": ["gaps"],
                    "properties": {
                        "gaps": {
                            "contains": {"required": ["field"], "properties": {"field": {"const": name}}}
                        }
                    },
                },
                "else": {"properties": {name: needed}},
            }
            for name, needed in _NEEDED.items()
        ]
        return reference

    @staticmethod
    def _check(node: Node) -> Node:
        check = node.mastery_check
        if (
            node.capability
            and len(node.core_ideas) > 1
            and node.pitfalls
            and check.task
            and check.pass_criteria
        ):
            return node
        if missing := node.unnamed_gaps():
            raise ValueError(f"{', '.join(missing)}: too little, and not named in gaps")
        return node


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
class Node(Closed):
    id: NodeId
    title: Annotated[Text, Field(description="The concept, named as its field names it.")]
    capability: Annotated[
        str, Field(description="What the learner can do afterwards; not empty unless named in gaps.")
    ]
    prerequisites: Annotated[list[Text], Field(description="Ids of the nodes that come before.")]
    core_ideas: Annotated[list[Text], Field(description="At least 2 unless named in gaps.")]
    pitfalls: Annotated[list[Text], Field(description="At least 1 unless named in gaps.")]
    mastery_check: Annotated[MasteryCheck, Field(description="Its texts are not empty unless named in gaps.")]
    estimate_minutes: Annotated[Positive, Field(description="Minutes of study.")]
    resources: list[Resource]
    estimate_confidence: Annotated[
        Share | None, *_OPTIONAL, Field(description="0 to 1; required in evidence mode strict.")
    ] = None
    group: Annotated[
        Text,
        Field(description="The module, week or unit that it belongs to, by its title.", exclude_if=_is_empty),
    ] = ""
    optional: Annotated[
        bool, Field(description="Whether a learner may leave it out.", strict=True, exclude_if=_is_empty)
    ] = False
    gaps: Annotated[
        list[Gap],
        Field(description="Fields that are left to an author: they may be empty.", exclude_if=_is_empty),
    ] = field(default_factory=_nothing)

    def gap(self, name: str) -> Gap | None:
        """The gap that names the field `name`, if there is one."""
        return next((gap for gap in self.gaps if gap.field == name), None)

    def unnamed_gaps(self) -> list[str]:
        """The fields that hold less than a whole node needs, and that `gaps` does not name."""
        check = self.mastery_check
        short = {
            "capability": not self.capability,
            "core_ideas": len(self.core_ideas) < 2,
            "pitfalls": not self.pitfalls,
            "mastery_check": not (check.task and check.pass_criteria),
        }
        return [name for name, is_short in short.items() if is_short and not self.gap(name)]


@dataclass(slots=True)
class OpenQuestion(Closed):
    question: Text
    related_nodes: list[Text]
    status: Literal["open", "resolved"]


@dataclass(slots=True)
class Curriculum(Closed):
    """A curriculum: a DAG of concepts."""

    topic: Text
    nodes: list[Annotated[Node, _Whole()]]
    open_questions: Annotated[
        list[OpenQuestion] | None, *_OPTIONAL, Field(description="Required in evidence mode strict.")
    ] = None
    schema_version: Annotated[
        Literal["1.0", "1.1"] | None,
        *_OPTIONAL,
        Field(description="1.1 has group, optional and gaps of nodes; a document without it is 1.0."),
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
