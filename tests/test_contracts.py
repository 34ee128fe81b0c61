"""The contracts: schemas are those of the models, pydantic and the published schemas say the same, and no
bytes get past them in silence.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from dagogy.api import errors
from dagogy.contracts import documents, models, types
from dagogy.contracts.check import Problem, schema_names, schema_problems, schema_text
from dagogy.contracts.documents import (
    MalformedJson,
    curriculum_problems,
    decode_curriculum,
    decode_topic_spec,
    is_placeholder,
    json_values,
    parse_json,
)
from dagogy.kit.cases import complete_spec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support import EXIT_STATUS, curriculum_of, python, some_fast

FULL_NODE = {"id": "b", "prerequisites": ["a"], "estimate_confidence": 0.5, "estimate_minutes": 12.5}
RESOURCE = {
    "title": "T",
    "url": "https://example.org",
    "kind": "paper",
    "role": "reference",
    "citation": "p. 3",
}
ALL_GAPS = {
    "capability": "",
    "core_ideas": [],
    "pitfalls": [],
    "mastery_check": {"task": "", "pass_criteria": ""},
    "resources": [],
    "gaps": [{"field": name, "reason": "The source says nothing of it."} for name in types.GAP_FIELDS],
}
CURRICULUM = curriculum_of(
    {"id": "a"},
    {**FULL_NODE, "resources": [RESOURCE]},
    {"id": "c", "group": "Week 1", "optional": True, **ALL_GAPS},
    open_questions=[{"question": "Why?", "related_nodes": ["a"], "status": "open"}],
    schema_version="1.1",
)
LIMITS = {"node_count_min": 2, "node_count_max": 30, "max_prerequisites_per_node": 3}
PACK = {
    "domain": "d",
    "focus_terms": ["f"],
    "local_paths": ["x.md"],
    "preferred_resource_kinds": ["doc"],
    "required_outcomes": ["o"],
}
SPEC = complete_spec(
    {
        "misconceptions": ["It rises by itself."],
        "scope_out": ["Cakes"],
        "prerequisites": ["Water"],
        "constraints": LIMITS,
        "context_pack": PACK,
    }
)
GOOD = {"curriculum": CURRICULUM, "topic_spec": SPEC}


def data_of(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def described(problems: list[Problem]) -> list[tuple[str, str, str, str]]:
    return [(p.pointer, p.keyword, p.message, p.hint) for p in problems]


def decode(name: str, data: bytes) -> Any:
    return decode_curriculum(data) if name == "curriculum" else decode_topic_spec(data)


def agree(name: str, document: Any) -> list[Problem]:
    """The problems of `document`, on which the published schema, asked of the
    whole of it, and pydantic agree.
    """
    published = schema_problems(name, document)
    decoded = decode(name, data_of(document))
    # Placeholders and minima above maxima are no business of the schema.
    of_schema = [p for p in decoded.problems if p.keyword not in ("placeholder", "range")]
    assert described(of_schema) == described(published)
    assert (decoded.value is None) == bool(decoded.problems)
    if name == "curriculum":
        assert described(curriculum_problems(document)) == described(published)
    return published


# ------------------------------------------------------------------------------------------------ the schemas


def test_the_shipped_schemas_are_those_of_the_models() -> None:
    assert schema_names() == sorted(models.ARTIFACTS)
    for name in schema_names():
        assert schema_text(name) == json.dumps(models.schema_of(name), indent=2, ensure_ascii=False) + "\n", (
            f"{name}: run 'make schemas'"
        )


@pytest.mark.slow
def test_generating_a_schema_twice_gives_the_same_bytes_in_any_process() -> None:
    code = (
        "import json; from dagogy.contracts import models; print(json.dumps({n: models.schema_of(n) for n in "
        "models.ARTIFACTS}))"
    )
    one, two = (python(code, PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))
    assert one == two
    assert json.loads(one) == {name: json.loads(schema_text(name)) for name in schema_names()}


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_is_a_valid_2020_12_schema(name: str) -> None:
    schema = json.loads(schema_text(name))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.validators.validator_for(schema) is jsonschema.Draft202012Validator


@pytest.mark.parametrize("name", ["curriculum", "topic_spec"])
def test_what_people_write_is_closed_in_every_object(name: str) -> None:
    schema = json.loads(schema_text(name))
    for shape in (schema, *schema["$defs"].values()):
        assert shape["additionalProperties"] is False


@pytest.mark.parametrize("name", ["", "nope", "../check", "curriculum.schema", "Curriculum"])
def test_an_unknown_schema_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        schema_text(name)


BEFORE = {
    "scope_concepts": {
        "schema_version": 1,
        "source": "notes.md",
        "mode": "full",
        "concepts": [
            {"id": "a", "title": "A", "heading_path": [], "lines": [1, 2], "evidence": "A is first."}
        ],
        "skipped": [],
    },
    "scope_dag": {
        "schema_version": 1,
        "source": "notes.md",
        "nodes": ["a", "b"],
        "edges": [
            {
                "prerequisite": "a",
                "dependent": "b",
                "kind": "declared",
                "weight": 0.9,
                "lines": [4, 4],
                "evidence": "B requires A.",
            }
        ],
    },
    "optimization_trace": {
        "schema_version": 1,
        "provider": "internal",
        "model": "",
        "target_score": 95.0,
        "max_iterations": 4,
        "accepted": True,
        "stop_reason": "accepted",
        "best_iteration": 1,
        "usage": {},
        "recovery": None,
        "iterations": [
            {
                "iteration": 1,
                "action": "propose",
                "score": 100.0,
                "errors": 0,
                "warnings": 0,
                "findings": [],
                "fixes": [],
                "best": True,
                "notes": [],
                "usage": {},
                "model": "",
            }
        ],
    },
}


@pytest.mark.parametrize("name", BEFORE)
def test_what_was_written_before_a_key_was_added_still_fits_schema_and_model(name: str) -> None:
    assert schema_problems(name, BEFORE[name]) == []
    models.ARTIFACTS[name].model_validate(BEFORE[name])
    without = {key: value for key, value in BEFORE[name].items() if key != "schema_version"}
    assert schema_problems(name, without)
    with pytest.raises(ValidationError):
        models.ARTIFACTS[name].model_validate(without)


# ---------------------------------------------------------------------------- the typed shapes and the schema


def shapes(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = json.loads(schema_text(name))
    yield {"curriculum": "Curriculum", "topic_spec": "TopicSpec"}[name], schema
    yield from schema["$defs"].items()


def test_every_typed_shape_is_in_a_schema_and_has_no_dict_of_its_own() -> None:
    assert set(types.__all__) == {shape for name in GOOD for shape, _ in shapes(name)}
    for shape in map(types.__dict__.__getitem__, types.__all__):
        assert not any("__dict__" in vars(kind) for kind in shape.__mro__[:-1])
        assert shape.__slots__ == tuple(f.name for f in dataclasses.fields(shape))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_document_has_no_problem_and_comes_back_as_it_was(name: str) -> None:
    assert agree(name, GOOD[name]) == []
    assert json.dumps(json_values(decode(name, data_of(GOOD[name])).value)) == json.dumps(GOOD[name])


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


def changed(name: str, path: tuple[Any, ...], value: Any = ..., *, add: str | None = None) -> Any:
    """A good document with one place replaced, removed (no value) or given a key more."""
    document = copy.deepcopy(GOOD[name])
    if not path and add is None:
        return value
    holder = at(document, path if add is not None else path[:-1])
    if add is not None:
        holder[add] = value
    elif value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return document


BROKEN = [
    ("curriculum", (), [], "", "type", "an object is wanted, this is a list"),
    ("curriculum", (), "x", "", "type", 'an object is wanted, this is a string: "x"'),
    ("curriculum", (), None, "", "type", "an object is wanted, this is null: null"),
    ("curriculum", ("topic",), ..., "/topic", "required", "'topic' is missing"),
    ("curriculum", ("topic",), "", "/topic", "minLength", "must not be empty"),
    ("curriculum", ("nodes",), {}, "/nodes", "type", "a list is wanted, this is an object"),
    ("curriculum", ("nodes", 1), "a", "/nodes/1", "type", 'an object is wanted, this is a string: "a"'),
    (
        "curriculum",
        ("nodes", 0, "id"),
        "-x",
        "/nodes/0/id",
        "pattern",
        '"-x" does not match ^[A-Za-z0-9][A-Za-z0-9_-]*$',
    ),
    (
        "curriculum",
        ("nodes", 0, "id"),
        "x\n",
        "/nodes/0/id",
        "pattern",
        '"x\\n" does not match ^[A-Za-z0-9][A-Za-z0-9_-]*$',
    ),
    (
        "curriculum",
        ("nodes", 0, "id"),
        "ä",
        "/nodes/0/id",
        "pattern",
        '"ä" does not match ^[A-Za-z0-9][A-Za-z0-9_-]*$',
    ),
    (
        "curriculum",
        ("nodes", 0, "core_ideas"),
        ["one"],
        "/nodes/0/core_ideas",
        "minItems",
        "has 1, at least 2 wanted",
    ),
    ("curriculum", ("nodes", 0, "pitfalls"), [], "/nodes/0/pitfalls", "minItems", "has 0, at least 1 wanted"),
    ("curriculum", ("nodes", 0, "pitfalls", 0), "", "/nodes/0/pitfalls/0", "minLength", "must not be empty"),
    (
        "curriculum",
        ("nodes", 0, "estimate_minutes"),
        0,
        "/nodes/0/estimate_minutes",
        "exclusiveMinimum",
        "0 must be more than 0",
    ),
    (
        "curriculum",
        ("nodes", 0, "estimate_minutes"),
        True,
        "/nodes/0/estimate_minutes",
        "type",
        "a number is wanted, this is a boolean: true",
    ),
    (
        "curriculum",
        ("nodes", 0, "estimate_minutes"),
        "60",
        "/nodes/0/estimate_minutes",
        "type",
        'a number is wanted, this is a string: "60"',
    ),
    (
        "curriculum",
        ("nodes", 1, "estimate_confidence"),
        1.1,
        "/nodes/1/estimate_confidence",
        "maximum",
        "1.1 must be at most 1",
    ),
    (
        "curriculum",
        ("nodes", 1, "estimate_confidence"),
        None,
        "/nodes/1/estimate_confidence",
        "type",
        "a number is wanted, this is null: null",
    ),
    (
        "curriculum",
        ("nodes", 0, "mastery_check", "task"),
        ...,
        "/nodes/0/mastery_check/task",
        "required",
        "'task' is missing",
    ),
    (
        "curriculum",
        ("nodes", 1, "resources", 0, "kind"),
        "papers",
        "/nodes/1/resources/0/kind",
        "enum",
        '"papers" is not one of doc, paper, video, book, spec, other',
    ),
    (
        "curriculum",
        ("open_questions",),
        None,
        "/open_questions",
        "type",
        "a list is wanted, this is null: null",
    ),
    ("topic_spec", ("spec_version",), "2.0", "/spec_version", "const", '"2.0" must be "1.0"'),
    ("topic_spec", ("goal",), " \n", "/goal", "pattern", "must not be blank"),
    ("topic_spec", ("scope_in",), [], "/scope_in", "minItems", "has 0, at least 1 wanted"),
    (
        "topic_spec",
        ("constraints", "hours_per_week"),
        -1,
        "/constraints/hours_per_week",
        "exclusiveMinimum",
        "-1 must be more than 0",
    ),
    (
        "topic_spec",
        ("constraints", "node_count_min"),
        0,
        "/constraints/node_count_min",
        "minimum",
        "0 must be at least 1",
    ),
    (
        "topic_spec",
        ("constraints", "node_count_min"),
        2.5,
        "/constraints/node_count_min",
        "type",
        "a whole number is wanted, this is a number: 2.5",
    ),
    (
        "topic_spec",
        ("evidence_mode",),
        "Strict",
        "/evidence_mode",
        "enum",
        '"Strict" is not one of minimal, standard, strict',
    ),
]


@pytest.mark.parametrize(("name", "path", "value", "pointer", "keyword", "message"), BROKEN)
def test_one_broken_place_is_one_problem_with_pointer_keyword_and_message(
    name: str, path: tuple[Any, ...], value: Any, pointer: str, keyword: str, message: str
) -> None:
    (problem,) = agree(name, changed(name, path, value))
    assert (problem.pointer, problem.keyword, problem.message) == (pointer, keyword, message)


EMPTY = [
    ("capability", "", "/capability", "must not be empty"),
    ("core_ideas", ["One."], "/core_ideas", "has 1, at least 2 wanted"),
    ("core_ideas", [], "/core_ideas", "has 0, at least 2 wanted"),
    ("pitfalls", [], "/pitfalls", "has 0, at least 1 wanted"),
    ("mastery_check", {"task": "", "pass_criteria": "x"}, "/mastery_check/task", "must not be empty"),
    (
        "mastery_check",
        {"task": "x", "pass_criteria": ""},
        "/mastery_check/pass_criteria",
        "must not be empty",
    ),
]


@pytest.mark.parametrize(("field", "value", "pointer", "message"), EMPTY)
@pytest.mark.parametrize("version", [None, "1.0", "1.1"])
def test_a_field_may_be_empty_where_a_gap_names_it_and_nowhere_else(
    field: str, value: Any, pointer: str, message: str, version: str | None
) -> None:
    keys = {} if version is None else {"schema_version": version}
    for gaps in (None, [], [{"field": other, "reason": "r"} for other in types.GAP_FIELDS if other != field]):
        node = {"id": "a", field: value} | ({} if gaps is None else {"gaps": gaps})
        (problem,) = agree("curriculum", curriculum_of(node, **keys))
        assert (problem.pointer, problem.message) == (f"/nodes/0{pointer}", message)
    node = {"id": "a", field: value, "gaps": [{"field": field, "reason": "r"}]}
    assert agree("curriculum", curriculum_of(node, **keys)) == []


@pytest.mark.parametrize(
    ("gaps", "pointer", "keyword"),
    [
        (None, "/nodes/0/gaps", "type"),
        ({}, "/nodes/0/gaps", "type"),
        (["pitfalls"], "/nodes/0/gaps/0", "type"),
        ([{"field": "pitfalls"}], "/nodes/0/gaps/0/reason", "required"),
        ([{"field": "pitfalls", "reason": ""}], "/nodes/0/gaps/0/reason", "minLength"),
        ([{"field": "title", "reason": "r"}], "/nodes/0/gaps/0/field", "enum"),
        (
            [{"field": "pitfalls", "reason": "r", "why": "w"}],
            "/nodes/0/gaps/0/why",
            "additionalProperties",
        ),
    ],
)
def test_a_gap_has_a_field_and_a_reason(gaps: Any, pointer: str, keyword: str) -> None:
    (problem,) = agree("curriculum", curriculum_of({"id": "a", "gaps": gaps}))
    assert (problem.pointer, problem.keyword) == (pointer, keyword)


@pytest.mark.parametrize(
    ("key", "value"), [("group", ""), ("group", 1), ("optional", 1), ("optional", "true"), ("optional", None)]
)
def test_group_is_a_text_and_optional_true_or_false(key: str, value: Any) -> None:
    (problem,) = agree("curriculum", curriculum_of({"id": "a", key: value}))
    assert problem.pointer == f"/nodes/0/{key}"


def test_a_version_that_nobody_knows_is_refused() -> None:
    (problem,) = agree("curriculum", curriculum_of({"id": "a"}, schema_version="1.2"))
    assert (problem.pointer, problem.keyword) == ("/schema_version", "enum")


def test_an_open_gap_is_one_whose_field_is_not_whole() -> None:
    stale = [{"field": name, "reason": "r"} for name in types.GAP_FIELDS]
    node = decode("curriculum", data_of(curriculum_of({"id": "a", "gaps": stale}))).value.nodes[0]
    assert node.open_gaps() == []
    node = decode("curriculum", data_of(curriculum_of({"id": "a", **ALL_GAPS}))).value.nodes[0]
    assert [gap.field for gap in node.open_gaps()] == list(types.GAP_FIELDS)
    assert node.gap("pitfalls").reason == "The source says nothing of it."


@pytest.mark.parametrize(
    ("name", "path", "key", "hint"),
    [
        ("curriculum", ("nodes", 0), "prerequisite", "did you mean 'prerequisites'?"),
        ("curriculum", ("nodes", 0), "a/b~c", ""),
        ("curriculum", ("nodes", 1, "resources", 0), "Citation", "did you mean 'citation'?"),
        ("topic_spec", ("constraints",), "hours_a_week", "did you mean 'hours_per_week'?"),
        ("topic_spec", (), "", ""),
    ],
)
def test_an_unknown_key_is_a_problem_that_names_the_nearest(
    name: str, path: tuple[Any, ...], key: str, hint: str
) -> None:
    (problem,) = agree(name, changed(name, path, 1, add=key))
    assert (problem.keyword, problem.message, problem.hint) == (
        "additionalProperties",
        f"unknown key '{key}'",
        hint,
    )
    assert problem.pointer == "".join(f"/{p}" for p in path) + "/" + key.replace("~", "~0").replace("/", "~1")


def test_all_problems_are_reported_at_once_in_document_order() -> None:
    document = changed("curriculum", ("nodes", 1, "id"), "!")
    document["nodes"] = [document["nodes"][0]] * 9 + [{}, document["nodes"][1]]
    document["zeta"] = 1
    del document["topic"]
    problems = agree("curriculum", document)
    pointers = [p.pointer for p in problems]
    required = json.loads(schema_text("curriculum"))["$defs"]["Node"]["required"]
    assert sorted(pointers) == sorted(
        ["/topic", "/zeta", "/nodes/10/id", *(f"/nodes/9/{key}" for key in required)]
    )
    assert pointers.index("/nodes/9/id") < pointers.index("/nodes/10/id")


@pytest.mark.parametrize(
    "blank",
    [
        " ",
        "\t\r\n",
        "\x0b\x0c",
        "\x1c",
        "\x1f",
        "\x85",
        "\xa0",
        "\u1680",
        "\u2003",
        "\u2028",
        "\u202f",
        "\u205f",
        "\u3000",
        "\ufeff",
    ],
)
def test_every_kind_of_white_space_is_blank_to_schema_and_model(blank: str) -> None:
    (problem,) = agree("topic_spec", changed("topic_spec", ("goal",), blank))
    assert (problem.pointer, problem.message) == ("/goal", "must not be blank")
    assert agree("topic_spec", changed("topic_spec", ("goal",), f"{blank}x{blank}")) == []


@pytest.mark.parametrize("value", [4.0, 1e3, 1e300, 10**30, 2**64])
def test_a_whole_number_may_be_written_as_any_json_number(value: float) -> None:
    assert agree("topic_spec", changed("topic_spec", ("constraints", "node_count_max"), value)) == []
    decoded = decode_topic_spec(data_of(changed("topic_spec", ("constraints", "node_count_max"), value)))
    assert decoded.value is not None
    assert decoded.value.constraints.node_count_max == int(value)
    assert isinstance(decoded.value.constraints.node_count_max, int)


@pytest.mark.parametrize("levels", [198, 199, 200, 201, 254, 255, 256, 257, 300, 900])
def test_schema_and_model_say_the_same_of_deep_nesting(levels: int) -> None:
    deep: Any = "x"
    for _ in range(levels):
        deep = [deep]
    for document in (changed("curriculum", ("topic",), deep), deep):
        (problem, *_) = agree("curriculum", document)
        assert (problem.message == "the document is nested too deeply") == (
            levels > (200 if document is deep else 199)
        )


# Values of every type, near misses of what is wanted among them.
STRANGE = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        2.0,
        2.5,
        0.0,
        -0.0,
        1e300,
        5e-324,
        10**20,
        "",
        " ",
        "x",
        "a",
        "\u3000",
        "ä\n",
        "doc",
        "open",
        "1.0",
        "strict",
        [],
        ["x"],
        ["x", "y"],
        [""],
        [1],
        {},
        {"task": "t"},
        {"task": "t", "pass_criteria": "p"},
        [{}],
        [[]],
        "a" * 100,
        "\U0001f600",
    ]
).map(copy.deepcopy)
KEYS = st.sampled_from(
    [
        "id",
        "title",
        "task",
        "kind",
        "citation",
        "estimate_confidence",
        "open_questions",
        "topicc",
        "",
        "a/b",
        "~",
        "misconceptions",
        "ü",
    ]
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, value in items:
        yield from places(value, (*path, key))


@st.composite
def mutated(draw: st.DrawFn, name: str) -> Any:
    document = copy.deepcopy(GOOD[name])
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(list(places(document))))
        here = at(document, path)
        action = draw(st.sampled_from(["replace", "delete", "add"]))
        if action == "add" and isinstance(here, dict):
            here[draw(KEYS)] = draw(STRANGE)
        elif action == "add" and isinstance(here, list):
            here.append(draw(STRANGE))
        elif not path:
            document = draw(STRANGE) if draw(st.integers(0, 9)) == 0 else document
        elif action == "delete":
            del at(document, path[:-1])[path[-1]]
        else:
            at(document, path[:-1])[path[-1]] = draw(STRANGE)
        if not isinstance(document, dict | list):
            break
    return document


QUICK = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@QUICK
@given(mutated("curriculum"))
def test_schema_and_model_agree_on_every_mutated_curriculum(document: Any) -> None:
    agree("curriculum", document)


@QUICK
@given(mutated("topic_spec"))
@pytest.mark.slow
def test_schema_and_model_agree_on_every_mutated_topic_spec(document: Any) -> None:
    agree("topic_spec", document)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(mutated("curriculum"), st.sampled_from([None, 2]), st.booleans())
@pytest.mark.slow
def test_the_way_of_large_documents_says_what_the_plain_way_says(
    document: Any, indent: int | None, twice: bool
) -> None:
    data = json.dumps(document, indent=indent, ensure_ascii=False).encode()
    if twice:
        data = data.replace(b'"title": ', b'"title": "x", "title": ', 1)
    plain = decode_curriculum(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_LARGE", 0)
        large = decode_curriculum(data)
    assert described(large.problems) == described(plain.problems)
    assert large.value == plain.value


# ---------------------------------------------------------------------------------------------- bytes to JSON

SMALL = data_of(curriculum_of())
SMALL_SPEC = data_of(complete_spec({}))
HUGE_INTEGER = b"7" * 5000

MALFORMED = {
    "empty": (lambda d: b"", "the file is empty"),
    "white space alone": (lambda d: b" \n\t", "the file is empty"),
    "a BOM alone": (lambda d: b"\xef\xbb\xbf", "the file is empty"),
    "two BOMs": (lambda d: b"\xef\xbb\xbf\xef\xbb\xbf" + d, "line 1, column 1: unexpected UTF-8 BOM"),
    "UTF-16": (lambda d: d.decode().encode("utf-16"), "the file is UTF-16"),
    "UTF-16 big endian": (lambda d: b"\xfe\xff" + d.decode().encode("utf-16-be"), "the file is UTF-16"),
    "UTF-16 without a mark": (lambda d: d.decode().encode("utf-16-le"), "there is a NUL byte at offset 1"),
    "a NUL": (lambda d: d[:9] + b"\x00" + d[9:], "there is a NUL byte at offset 9"),
    "no UTF-8": (lambda d: d[:3] + b"\xff" + d[3:], "byte 0xff at offset 3 is not UTF-8"),
    "a surrogate as UTF-8": (lambda d: d[:3] + b"\xed\xa0\x80" + d[3:], "byte 0xed at offset 3 is not UTF-8"),
    "cut off": (lambda d: d[:-1], "the document ends too early"),
    "cut off in the middle": (lambda d: d[: d.index(b":") + 1], "the document ends too early"),
    "something behind": (lambda d: d + b" {}", "extra data"),
    "cut off after a comma": (lambda d: d[: d.rindex(b",") + 1], "ends too early"),
    "a trailing comma in the object": (lambda d: d[:-1] + b",\n}", "trailing comma"),
    "a trailing comma in a list": (
        lambda d: d.replace(b'"]', b'" , ]', 1).replace(b"[]", b"[1,]", 1),
        "trailing comma",
    ),
    "a comment": (lambda d: b"// so\n" + d, "line 1, column 1: expecting value"),
    "single quotes": (lambda d: d.replace(b'"', b"'"), "expecting property name"),
    "a raw control character": (
        lambda d: d[:3] + b"\x01" + d[3:],
        "line 1, column 4: invalid control character",
    ),
    "a list of 10,000 levels": (lambda d: b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
    "10,000 objects in each other": (lambda d: b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply"),
    "10,000 levels in a place where anything is wrong": (
        lambda d: d[:-1] + b', "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        "nested too deeply",
    ),
    "half a surrogate": (lambda d: d[:-1] + b', "x": "\\ud800"}', "half of a surrogate pair"),
    "the other half": (lambda d: d[:-1] + b', "x": "\\uDFFF x"}', "half of a surrogate pair"),
    "NaN": (lambda d: d[:-1] + b', "x": NaN}', "NaN is not a JSON number"),
    "Infinity": (lambda d: d[:-1] + b', "x": Infinity}', "Infinity is not a JSON number"),
    "minus Infinity": (lambda d: d[:-1] + b', "x": -Infinity}', "-Infinity is not a JSON number"),
    "1e309": (lambda d: d[:-1] + b', "x": 1e309}', "the number 1e309 is out of range"),
    "an integer of 5,000 digits": (lambda d: d[:-1] + b', "x": ' + HUGE_INTEGER + b"}", "is out of range"),
    "a key twice": (lambda d: d[:-1] + b', "x": 1, "x": 1}', "the key 'x' appears twice in the same object"),
}


@pytest.mark.parametrize("document", [SMALL, SMALL_SPEC], ids=["curriculum", "topic spec"])
@pytest.mark.parametrize("how", MALFORMED)
def test_what_is_no_json_is_one_problem_that_says_where_and_why(how: str, document: bytes) -> None:
    broken, message = MALFORMED[how]
    data = broken(document)
    with pytest.raises(MalformedJson) as caught:
        parse_json(data)
    assert message in str(caught.value)
    for decoded in (decode_curriculum(data), decode_topic_spec(data)):
        assert decoded.value is None
        (problem,) = decoded.problems
        assert (problem.pointer, problem.keyword) == ("", "json")
        assert message in problem.message
        assert len(problem.message) < 200


def minutes(text: bytes) -> bytes:
    data = SMALL.replace(b'"estimate_minutes": 60', b'"estimate_minutes": ' + text)
    assert data != SMALL
    return data


@pytest.mark.parametrize(
    "text",
    [
        HUGE_INTEGER,
        b"9" * 400,
        b"1" + b"0" * 309,
        b"1e309",
        b"-1e400",
        b"NaN",
        b"Infinity",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"0x10",
        b"1_0",
    ],
)
def test_a_number_that_json_has_not_or_nobody_can_count_with_is_refused_where_a_number_is_wanted(
    text: bytes,
) -> None:
    decoded = decode_curriculum(minutes(text))
    assert decoded.value is None
    (problem,) = decoded.problems
    assert problem.keyword == "json"
    assert len(problem.message) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1e2", 100.0),
        (b"1E+2", 100.0),
        (b"0.5", 0.5),
        (b"1e308", 1e308),
        (b"1" + b"0" * 30, 10**30),
        (b"6e1", 60.0),
    ],
)
def test_every_json_number_in_range_is_taken(text: bytes, value: float) -> None:
    decoded = decode_curriculum(minutes(text))
    assert decoded.value is not None
    assert decoded.value.nodes[0].estimate_minutes == value


@pytest.mark.parametrize(
    "wrap",
    [
        lambda d: b"\xef\xbb\xbf" + d,
        lambda d: b"\n\t " + d + b"\r\n",
        lambda d: d.replace(b', "', b'\r\n , "'),
    ],
    ids=["BOM", "white space", "CRLF"],
)
def test_a_byte_order_mark_and_white_space_are_tolerated(wrap: Any) -> None:
    assert decode_curriculum(wrap(SMALL)).value == decode_curriculum(SMALL).value is not None
    assert decode_topic_spec(wrap(SMALL_SPEC)).value == decode_topic_spec(SMALL_SPEC).value is not None


TWICE = {
    "topic": (b'"topic": ', b'"topic": "x", "topic": ', "topic"),
    "the list of nodes": (b'"nodes": ', b'"nodes": [], "nodes": ', "nodes"),
    "in a node": (b'"title": ', b'"title": "x", "title": ', "title"),
    "in a mastery check": (b'"task": ', b'"task": "x", "task": ', "task"),
    "in a resource": (b'"role": ', b'"role": "example", "role": ', "role"),
    "with another value of a wrong type": (
        b'"capability": ',
        b'"capability": 7, "capability": ',
        "capability",
    ),
    "written with an escape": (b'"pitfalls": ', b'"pitfall\\u0073": ["x"], "pitfalls": ', "pitfalls"),
    "an optional one": (
        b'"estimate_minutes": ',
        b'"estimate_confidence": 1, "estimate_confidence": 1, "estimate_minutes": ',
        "estimate_confidence",
    ),
}
SPACING = {
    "as usual": b": ",
    "none": b":",
    "before": b" : ",
    "before alone": b" :",
    "a line end before": b"\n: ",
    "a tab before": b"\t:",
    "a CR before": b"\r:",
}


@pytest.mark.parametrize("spacing", SPACING)
@pytest.mark.parametrize("where", TWICE)
def test_a_key_that_stands_twice_is_found_however_it_is_spaced(where: str, spacing: str) -> None:
    once, twice, key = TWICE[where]
    assert once in SMALL
    space = SPACING[spacing]
    sound = SMALL.replace(b'": ', b'"' + space)
    assert decode_curriculum(sound).value == decode_curriculum(SMALL).value is not None
    decoded = decode_curriculum(SMALL.replace(once, twice, 1).replace(b'": ', b'"' + space))
    assert decoded.value is None
    (problem,) = decoded.problems
    assert problem.message == f"the key '{key}' appears twice in the same object"


def test_the_order_of_keys_and_colons_inside_texts_do_not_matter() -> None:
    odd = 'say "title": now, and \\": and \\\\": too : "'
    document = changed("curriculum", ("nodes", 0, "title"), odd)
    document = dict(reversed(document.items())) | {
        "nodes": [dict(reversed(n.items())) for n in document["nodes"]]
    }
    document["nodes"][1]["resources"] = [
        RESOURCE,
        {k: v for k, v in RESOURCE.items() if k != "citation"},
        {**RESOURCE, "title": '":'},
    ]
    decoded = decode_curriculum(data_of(document))
    assert decoded.value is not None
    assert decoded.value.nodes[0].title == odd


@QUICK
@given(mutated("curriculum"), st.integers(0, 2**32), st.integers(0, 255))
@pytest.mark.slow
def test_no_damaged_byte_raises_anything_or_gives_a_value_with_problems(
    document: Any, place: int, byte: int
) -> None:
    data = bytearray(data_of(document))
    data[place % len(data)] = byte
    for decoded in (
        decode_curriculum(bytes(data)),
        decode_topic_spec(bytes(data)),
        decode_curriculum(bytes(data[: place % len(data)])),
    ):
        assert (decoded.value is None) == bool(decoded.problems)


@QUICK
@given(mutated("curriculum"), st.integers(0, 2**32), st.integers(0, 255))
@pytest.mark.slow
def test_the_typed_decoder_takes_nothing_that_strict_json_refuses(
    document: Any, place: int, byte: int
) -> None:
    data = bytearray(data_of(document))
    data[place % len(data)] = byte
    decoded = decode_curriculum(bytes(data))
    try:
        problems = schema_problems("curriculum", parse_json(bytes(data)))
    except MalformedJson as malformed:
        problems = [malformed.problem]
    assert described(decoded.problems) == described(problems)


# -------------------------------------------------------------------------------------------- large documents


@pytest.fixture(scope="module", params=some_fast((700, 7000), 700), ids="{} nodes".format)
def large(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """A document with 70 broken nodes that counts as a large one: more than 4 MB, or a tenth of that where a
    tenth is called large.
    """
    count: int = request.param
    document = curriculum_of(
        *({"id": f"n{i}", "prerequisites": [f"n{i - 1}"] if i else []} for i in range(count))
    )
    breakages = [
        {"id": "!"},
        {"title": 7},
        {"estimate_minutes": -1},
        {"titel": "x"},
        {"resources": [{}]},
        {"prerequisites": None},
        {"core_ideas": ["x", ""]},
    ]
    step = count // 70
    for i in range(step // 2, count, step):
        document["nodes"][i].update(breakages[i // step % len(breakages)])
    with pytest.MonkeyPatch.context() as patch:
        if count < 7000:
            patch.setattr(documents, "_LARGE", documents._LARGE // 10)
        yield document


def test_a_large_document_has_the_problems_that_the_plain_way_finds(large: dict[str, Any]) -> None:
    data = data_of(large)
    assert len(data) > documents._LARGE
    decoded = decode_curriculum(data)
    assert decoded.value is None
    assert described(decoded.problems) == described(schema_problems("curriculum", large))
    assert len(decoded.problems) >= 70


def test_what_is_wrong_around_the_nodes_of_a_large_document_is_reported_with_them(
    large: dict[str, Any],
) -> None:
    document = {**large, "topic": "", "extra": 1, "open_questions": [{"question": "Why?"}]}
    assert described(decode_curriculum(data_of(document)).problems) == described(
        schema_problems("curriculum", document)
    )
    document = {k: v for k, v in large.items() if k != "topic"} | {
        "nodes": [n for n in large["nodes"] if n["id"] == "n0"] * len(large["nodes"])
    }
    assert [p.pointer for p in decode_curriculum(data_of(document)).problems] == ["/topic"]


@pytest.mark.parametrize("place", ["in a sound node", "in a broken node", "in the last node"])
def test_a_key_that_stands_twice_in_a_large_document_is_found(large: dict[str, Any], place: str) -> None:
    where = {"in a sound node": 1, "in a broken node": len(large["nodes"]) // 140, "in the last node": -1}[
        place
    ]
    mark = f'"title": {json.dumps(large["nodes"][where]["title"])}'.encode()
    data = data_of(large).replace(mark, mark + b", " + mark, 1)
    (problem,) = decode_curriculum(data).problems
    assert problem.message == "the key 'title' appears twice in the same object"


def test_a_large_document_that_is_cut_off_or_holds_nan_is_reported_with_the_line_of_the_whole(
    large: dict[str, Any],
) -> None:
    data = json.dumps(large, indent=1).encode()
    (problem,) = decode_curriculum(data[:-1]).problems
    assert "the document ends too early" in problem.message
    assert f"line {data.count(10) + 1}," in problem.message
    (problem,) = decode_curriculum(
        data.replace(b'"estimate_minutes": -1', b'"estimate_minutes": NaN', 1)
    ).problems
    assert problem.message == "NaN is not a JSON number"


def test_a_mistyped_key_in_every_node_is_reported_for_each(large: dict[str, Any]) -> None:
    document = {**large, "nodes": [{**n, "estimate_minute": 1} for n in large["nodes"]]}
    problems = decode_curriculum(data_of(document)).problems
    assert sum(
        p.message == "unknown key 'estimate_minute'" and p.hint == "did you mean 'estimate_minutes'?"
        for p in problems
    ) == len(large["nodes"])


# ------------------------------------------------------------------------- what a schema cannot say of a spec


@pytest.mark.parametrize(
    "text",
    [
        "<your goal>",
        "{{ goal }}",
        "TODO",
        "tbd: later",
        "...",
        "…",
        "n/a",
        "XXX",
        "Replace me",
        "Lorem ipsum dolor",
        "your goal here",
        "[[x]]",
        "fill in",
    ],
)
def test_a_placeholder_of_a_template_is_a_problem(text: str) -> None:
    assert is_placeholder(text)
    for key in ("goal", "audience"):
        decoded = decode_topic_spec(data_of({**SPEC, key: text}))
        assert decoded.value is None
        assert [(p.pointer, p.keyword) for p in decoded.problems] == [(f"/{key}", "placeholder")]
    decoded = decode_topic_spec(data_of({**SPEC, "scope_in": ["Bread", text]}))
    assert [(p.pointer, p.keyword) for p in decoded.problems] == [("/scope_in/1", "placeholder")]


@pytest.mark.parametrize(
    "text",
    [
        "Bake bread.",
        "Use a todo list well",
        "Placing <div> elements",
        "Fillings",
        "Explain what N/A means in R",
        "Goal setting",
    ],
)
def test_what_only_looks_like_a_placeholder_is_none(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    ("limits", "pointers"),
    [
        ({"total_hours_min": 5, "total_hours_max": 5, "node_count_min": 3, "node_count_max": 3}, []),
        ({"total_hours_min": 6, "total_hours_max": 5}, ["/constraints/total_hours_min"]),
        ({"node_count_min": 31}, ["/constraints/node_count_min"]),
        (
            {"total_hours_min": 6, "total_hours_max": 5.5, "node_count_min": 10**300},
            ["/constraints/total_hours_min", "/constraints/node_count_min"],
        ),
        ({"total_hours_min": "6", "total_hours_max": 5}, ["/constraints/total_hours_min"]),
    ],
)
def test_limits_that_contradict_each_other_are_problems(limits: dict[str, Any], pointers: list[str]) -> None:
    decoded = decode_topic_spec(data_of({**SPEC, "constraints": {**SPEC["constraints"], **limits}}))
    assert [p.pointer for p in decoded.problems] == pointers
    assert (decoded.value is None) == bool(pointers)


def test_the_problems_of_schema_and_sense_are_reported_together() -> None:
    decoded = decode_topic_spec(data_of({**SPEC, "goal": "TODO", "domain_mode": "wild"}))
    assert {(p.pointer, p.keyword) for p in decoded.problems} == {
        ("/goal", "placeholder"),
        ("/domain_mode", "enum"),
    }


# ----------------------------------------------------------------------------------------- the error taxonomy


def test_the_codes_and_exit_statuses_are_those_of_the_contract() -> None:
    kinds = [
        k
        for _, k in inspect.getmembers(errors, inspect.isclass)
        if issubclass(k, errors.DagogyError) and k is not errors.DagogyError
    ]
    assert {k.code: k.exit_status for k in kinds} == EXIT_STATUS
    assert len(kinds) == len(EXIT_STATUS)
    assert (errors.DagogyError.code, errors.DagogyError.exit_status) == ("internal_error", 10)


def test_a_failure_is_four_things_and_its_message_is_one_line() -> None:
    error = errors.NotFound("no\n run  'x'", hint="try y", details={"run_id": "x"})
    assert error.as_dict() == {
        "code": "not_found",
        "message": "no run 'x'",
        "details": {"run_id": "x"},
        "hint": "try y",
    }
    assert error.as_dict()["message"] == error.message
