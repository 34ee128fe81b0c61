"""Broken, hostile and odd documents: always a typed error and a report where there can
be one, and nothing is lost.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from dagogy.contracts.check import schema_problems
from dagogy.contracts.lines import lines_of_pointers
from support import (
    EXIT_STATUS,
    HANGS,
    VALID_SPEC,
    CommandRunner,
    clean_environment,
    curriculum_of,
    failed,
    put,
    run_with,
    some_fast,
    valid_curriculum,
)

CURRICULUM = "outputs/curriculum/curriculum.json"
GOOD = json.dumps(valid_curriculum())


def one(**part: Any) -> str:
    return json.dumps(curriculum_of({"id": "a", **part}))


#: What is no curriculum by its form: name, content, a word of the message.
MALFORMED: dict[str, tuple[str | bytes, str]] = {
    "duplicate key": (GOOD[:-1] + ', "topic": "x"}', "appears twice"),
    "duplicate key in a node": (
        GOOD.replace('"id": "alpha"', '"id": "alpha", "id": "alpha"'),
        "appears twice",
    ),
    "trailing comma": (GOOD[:-1] + ",}", "trailing comma"),
    "NaN": (one(estimate_minutes=float("nan")), "NaN is not a JSON number"),
    "infinity": (one(estimate_minutes=float("-inf")), "Infinity is not a JSON number"),
    "number out of range": (one(estimate_minutes=7).replace(": 7", ": 1e999"), "out of range"),
    "whole number of 5,000 digits": (
        one(estimate_minutes=7).replace(": 7", ": " + "9" * 5000),
        "out of range",
    ),
    "10,000 levels": ("[" * 10_000 + "]" * 10_000, "nested too deeply"),
    "10,000 levels below nodes": (
        '{"topic": "x", "nodes": ' + "[" * 10_000 + "]" * 10_000 + "}",
        "nested too deeply",
    ),
    "900 objects in each other": ('{"a":' * 900 + "1" + "}" * 900, "nested too deeply"),
    "300 levels in a title": (one(title="T").replace('"T"', "[" * 300 + "]" * 300, 1), "nested too deeply"),
    "truncated": (GOOD[: len(GOOD) // 2], "line 1"),
    "empty": ("", "empty"),
    "blank": (" \n\t", "empty"),
    "list": ("[]", "this is a list"),
    "text": ('"x"', "this is a string"),
    "null": ("null", "this is null"),
    "node a string": ('{"topic": "t", "nodes": ["x"]}', "an object is wanted, this is a string"),
    "node null": ('{"topic": "t", "nodes": [null]}', "an object is wanted"),
    "no nodes": ('{"topic": "t"}', "'nodes' is missing"),
    "nodes an object": ('{"topic": "t", "nodes": {}}', "a list is wanted"),
    "raw NUL": (GOOD.replace("Testing", "Tes\x00ting"), "NUL"),
    "lone surrogate": (GOOD.replace("Testing", "\\ud800"), "surrogate"),
    "raw control character": (GOOD.replace("Testing", "a\nb"), "control character"),
    "UTF-16": (GOOD.encode("utf-16"), "UTF-16"),
    "Latin-1": (GOOD.replace("Testing", "T\u00e9st").encode("latin1"), "not UTF-8"),
    "binary": (bytes(range(256)) * 20, ""),
    "unknown keys": (json.dumps({**valid_curriculum(), "nodez": []}), "unknown key 'nodez'"),
    "negative time": (one(estimate_minutes=-1), "more than 0"),
    "id with a line end": (one(id="a\n"), "does not match"),
    "id that is no ASCII": (one(id="e\u0301"), "does not match"),
}
#: What has the form of a curriculum, and at least one rule objects: name, content, rule.
OBJECTIONABLE: dict[str, tuple[str | bytes, str]] = {
    "no nodes at all": ('{"topic": "t", "nodes": []}', "graph.node_count"),
    "one enormous time": (one(estimate_minutes=1e308), "graph.total_hours"),
    "times beyond any sum": (
        json.dumps(curriculum_of(*({"id": f"n{i}", "estimate_minutes": 1.7e308} for i in range(3)))),
        "graph.total_hours",
    ),
    "whole number of 200 digits": (
        one(estimate_minutes=7).replace(": 7", ": " + "9" * 200),
        "graph.total_hours",
    ),
    "hardly any time": (one(estimate_minutes=5e-324), "graph.total_hours"),
    "escaped NUL": (one(title="a\x00b"), "quality.scope_coverage"),
    "ids that differ by case": (json.dumps(curriculum_of({"id": "Ab"}, {"id": "ab"})), "schema.unique_ids"),
    "titles that differ by Unicode form": (
        json.dumps(curriculum_of({"id": "a", "title": "Caf\u00e9"}, {"id": "b", "title": "Cafe\u0301"})),
        "schema.unique_titles",
    ),
    "the same id twice": (json.dumps(curriculum_of({"id": "a"}, {"id": "a"})), "schema.unique_ids"),
    "itself as prerequisite": (one(prerequisites=["a"]), "graph.prerequisite_integrity"),
    "5,000 unknown prerequisites": (
        one(prerequisites=[f"p{i}" for i in range(5_000)]),
        "graph.prerequisite_integrity",
    ),
    "circle": (
        json.dumps(curriculum_of({"id": "a", "prerequisites": ["b"]}, {"id": "b", "prerequisites": ["a"]})),
        "graph.acyclic",
    ),
    "a title of two million characters": (one(title="x" * 2_000_000), "quality.concept_title"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_curriculum_fails_the_validation_with_a_report(runner: CommandRunner, name: str) -> None:
    content, message = MALFORMED[name]
    run = run_with(runner, content)
    before = (run / CURRICULUM).read_bytes()
    shown = failed(runner("validate", "latest", "--json"), "validation_failed")
    assert message in shown.err
    report = shown.json
    assert report["passed"] is False
    assert {f["rule_id"] for f in report["findings"] if f["severity"] == "error"} == {"schema.curriculum"}
    assert report["summary"]["rules_failed"] == 0
    assert schema_problems("validation_report", report) == []
    assert report == json.loads((run / "outputs/reviews/validation_report.json").read_bytes())
    assert "schema.curriculum" in (run / "outputs/reviews/validation_report.md").read_text()
    assert (run / CURRICULUM).read_bytes() == before
    assert not (run / "logs/validation.ok").exists()


@pytest.mark.parametrize("name", some_fast(OBJECTIONABLE, *list(OBJECTIONABLE)[:3]))
def test_an_objectionable_curriculum_fails_the_validation_with_a_report(
    runner: CommandRunner, name: str
) -> None:
    content, rule = OBJECTIONABLE[name]
    run = run_with(runner, content)
    report = failed(runner("validate", "latest", "--json"), "validation_failed").json
    assert rule in {f["rule_id"] for f in report["findings"]}
    assert report["summary"]["rules_failed"] == 0, [r for r in report["rules"] if r["status"] == "failed"]
    assert schema_problems("validation_report", report) == []
    assert rule in (run / "outputs/reviews/validation_report.md").read_text()


#: One of each kind: what the decoder, the strict reader and a rule object to, what has
#: no nodes, and what is large.
_QUICK = (
    "duplicate key",
    "NaN",
    "10,000 levels",
    "truncated",
    "empty",
    "list",
    "UTF-16",
    "unknown keys",
    "no nodes at all",
    "escaped NUL",
    "circle",
)


@pytest.mark.parametrize("name", some_fast([*MALFORMED, *OBJECTIONABLE], *_QUICK))
def test_every_other_command_answers_with_a_typed_error_or_does_its_work(
    runner: CommandRunner, name: str
) -> None:
    content = (MALFORMED | OBJECTIONABLE)[name][0]
    run = run_with(runner, content)
    before = (run / CURRICULUM).read_bytes()
    failed(runner("plan", "latest"), "stage_conflict")
    failed(runner("iterate", "latest"), "stage_conflict")
    for line in (
        ("status",),
        ("next",),
        ("archive",),
        ("validate", "--diff"),
        ("validate", "--unsafe-fixes", "--diff"),
    ):
        runner.ok(line[0], "latest", *line[1:])
    for line in (("diff",), ("diff", "--json"), ("export", "--format", "mermaid")):
        shown = runner(line[0], "latest", *line[1:])
        if shown.status:
            failed(shown, shown.code)
            assert shown.code in ("validation_failed", "stage_conflict")
    assert (run / CURRICULUM).read_bytes() == before
    for line in (("--fix",), ("--unsafe-fixes",)):
        failed(runner("validate", "latest", *line), "validation_failed")


@pytest.mark.parametrize("name", some_fast([*MALFORMED, *OBJECTIONABLE], *_QUICK))
def test_every_format_of_a_failing_report_can_be_read(runner: CommandRunner, name: str) -> None:
    run_with(runner, (MALFORMED | OBJECTIONABLE)[name][0])
    sarif = json.loads(failed(runner("validate", "latest", "--format", "sarif"), "validation_failed").out)
    assert sarif["runs"][0]["results"]
    junit = ElementTree.fromstring(
        failed(runner("validate", "latest", "--format", "junit"), "validation_failed").out
    )
    assert junit.iter("failure")
    lines = failed(runner("validate", "latest", "--format", "github"), "validation_failed").out.splitlines()
    assert lines
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)


def test_a_byte_order_mark_and_escaped_pairs_are_no_fault(runner: CommandRunner) -> None:
    run_with(runner, b"\xef\xbb\xbf" + GOOD.replace("Testing", "\\ud83d\\ude00").encode())
    runner.ok("validate", "latest")
    runner.ok("plan", "latest")


def test_a_run_with_a_malformed_curriculum_can_be_generated_anew(runner: CommandRunner) -> None:
    run = run_with(runner, "[" * 10_000)
    Path("scope.md").write_text(
        "# Tea\n\n## Leaves\n\nA leaf is picked by hand and it wilts for 12 hours.\n\n## Water\n\n"
        "Water is heated to 80 degrees before use.\n"
    )
    shown = runner("run", "latest", "--scope-file", "scope.md")
    assert shown.status in (0, EXIT_STATUS["validation_failed"]), shown.err
    kept = run / "outputs/curriculum/unreadable_curriculum.json"
    assert kept.read_bytes() == b"[" * 10_000


def cycle_of(size: int) -> bytes:
    """One node after the other, the first after the last."""
    node = json.dumps(curriculum_of({"id": "n0", "prerequisites": ["p"]})["nodes"][0])
    return (
        '{"topic": "t", "nodes": ['
        + ",".join(
            node.replace('"n0"', f'"n{i}"').replace('"p"', f'"n{(i - 1) % size}"') for i in range(size)
        )
        + "]}"
    ).encode()


@pytest.mark.slow
def test_100_000_nodes_in_one_cycle_are_judged_in_bounded_time_and_memory(runner: CommandRunner) -> None:
    run_with(runner, cycle_of(100_000))
    megabytes = 2**20

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (1_200 * megabytes, 1_200 * megabytes))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    done = subprocess.run(
        [sys.executable, "-m", "dagogy", "validate", "latest"],
        capture_output=True,
        text=True,
        env=clean_environment(),
        preexec_fn=limit,
        check=False,
        timeout=HANGS,
    )
    assert done.returncode == EXIT_STATUS["validation_failed"], done.stderr[-600:]
    assert "graph.acyclic" in done.stdout
    assert len(done.stdout) < 200_000
    assert len(done.stderr.splitlines()[0]) < 2_000


@pytest.mark.slow
def test_a_cycle_of_3_000_nodes_is_reported_in_a_line(runner: CommandRunner) -> None:
    run_with(runner, cycle_of(3_000))
    shown = failed(runner("validate", "latest"), "validation_failed")
    assert "graph.acyclic" in shown.err
    assert len(shown.err.splitlines()[0]) < 2_000


SPEC_ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("no goal", {"goal": ...}, "'goal' is missing"),
    ("blank goal", {"goal": " \u3000"}, "/goal"),
    ("placeholder", {"audience": "<who>"}, "/audience: still holds the template's placeholder"),
    ("placeholder in a list", {"scope_in": ["Alpha", "TODO"]}, "/scope_in/1: still holds"),
    ("nothing to teach", {"scope_in": []}, "/scope_in: has 0, at least 1 wanted"),
    ("unknown key", {"gaol": "x"}, "unknown key 'gaol' (did you mean 'goal'?)"),
    ("wrong version", {"spec_version": "2.0"}, "/spec_version"),
    ("version a number", {"spec_version": 1.0}, "/spec_version"),
    ("unknown mode", {"evidence_mode": "strickt"}, "did you mean 'strict'"),
    ("list expected", {"prerequisites": "none"}, "/prerequisites: a list is wanted"),
    ("null", {"scope_out": None}, "/scope_out: a list is wanted"),
    ("no hours", {"constraints": {"hours_per_week": 0}}, "/constraints/hours_per_week"),
    ("yes as a number", {"constraints": {"hours_per_week": True}}, "/constraints/hours_per_week"),
    (
        "minimum above maximum",
        {"constraints": {"total_hours_min": 9, "total_hours_max": 3}},
        "total_hours_min 9 is more than total_hours_max 3",
    ),
    (
        "fewer nodes than fewest",
        {"constraints": {"node_count_min": 9, "node_count_max": 3}},
        "node_count_min 9 is more than node_count_max 3",
    ),
    (
        "no prerequisite allowed",
        {"constraints": {"max_prerequisites_per_node": 0}},
        "/constraints/max_prerequisites_per_node",
    ),
    ("half a node", {"constraints": {"node_count_min": 2.5}}, "/constraints/node_count_min"),
    ("unknown limit", {"constraints": {"hours_a_week": 3}}, "unknown key 'hours_a_week'"),
    (
        "unknown kind",
        {"context_pack": {"preferred_resource_kinds": ["blog"]}},
        "/context_pack/preferred_resource_kinds/0",
    ),
    ("unknown part of the pack", {"context_pack": {"local_path": []}}, "did you mean 'local_paths'"),
]


def spec_with(part: dict[str, Any]) -> dict[str, Any]:
    """A sound spec with `part` laid over it, key by key in objects; `...` takes a key out."""
    spec: dict[str, Any] = json.loads(json.dumps(VALID_SPEC))
    for key, value in part.items():
        spec[key] = {**spec.get(key, {}), **value} if isinstance(value, dict) else value
    return {key: value for key, value in spec.items() if value is not ...}


@pytest.mark.parametrize(("name", "part", "expected"), SPEC_ERRORS, ids=[name for name, _, _ in SPEC_ERRORS])
def test_each_error_of_a_topic_spec_is_named_and_nothing_is_generated(
    runner: CommandRunner, name: str, part: dict[str, Any], expected: str
) -> None:
    run = run_with(runner, None, spec_with(part))
    shown = failed(runner("run", "latest"), "stage_conflict")
    assert "topic spec not ready" in shown.err
    assert expected in shown.err
    assert json.loads((run / CURRICULUM).read_bytes()) == valid_curriculum()
    report = failed(runner("validate", "latest", "--json"), "validation_failed").json
    assert "schema.topic_spec" in {f["rule_id"] for f in report["findings"]}
    assert report["summary"]["rules_failed"] == 0


@pytest.mark.parametrize(
    "name",
    [
        "duplicate key",
        "10,000 levels",
        "empty",
        "list",
        "UTF-16",
        "binary",
        "trailing comma",
        "lone surrogate",
    ],
)
def test_a_malformed_topic_spec_is_reported_by_every_command(runner: CommandRunner, name: str) -> None:
    content = (
        json.dumps(VALID_SPEC)[:-1] + ', "goal": "x"}' if name == "duplicate key" else MALFORMED[name][0]
    )
    run = run_with(runner, None, content)
    assert "topic spec not ready" in failed(runner("run", "latest"), "stage_conflict").err
    failed(runner("validate", "latest"), "validation_failed")
    for command in ("status", "next", "diff"):
        runner.ok(command, "latest")
    failed(runner("plan", "latest"), "stage_conflict")
    assert (run / "inputs/topic_spec.json").exists()


def local(runner: CommandRunner, *paths: str) -> Path:
    return run_with(runner, None, spec_with({"context_pack": {"local_paths": list(paths)}}))


def test_local_paths_inside_the_workspace_are_read(runner: CommandRunner) -> None:
    put(runner.folder / "notes/a.md", "# Alpha\n\nAlpha has inputs of type 0.\n")
    local(runner, "notes/a.md", "./notes/../notes/a.md")
    runner.ok("validate", "latest")


@pytest.mark.slow
def test_local_paths_outside_the_workspace_are_refused(runner: CommandRunner, tmp_path: Path) -> None:
    outside = tmp_path / "secret.md"
    outside.write_text("# Secret\n\nText.\n")
    (runner.folder / "link.md").symlink_to(outside)
    (runner.folder / "folder").symlink_to(tmp_path)
    for path in ("../secret.md", str(outside), "link.md", "folder/secret.md", "notes/../../secret.md"):
        local(runner, path)
        shown = failed(runner("run", "latest"), "invalid_argument")
        assert f"local_paths names '{path}', which lies outside the workspace root" in shown.err
        assert "Secret" not in shown.out + shown.err


@pytest.mark.slow
def test_local_paths_that_cannot_be_read_are_named(runner: CommandRunner) -> None:
    put(runner.folder / "binary.md", bytes(range(256)))
    (runner.folder / "loop.md").symlink_to("loop.md")
    (runner.folder / "there").mkdir()
    for path, code in (
        ("missing.md", "not_found"),
        ("there", "not_found"),
        ("binary.md", "invalid_argument"),
    ):
        local(runner, path)
        assert path in failed(runner("run", "latest"), code).err
    for path in ("loop.md", "x" * 5_000, "a\x00b"):
        local(runner, path)
        shown = runner("run", "latest")
        failed(shown, shown.code)
        assert shown.code in ("invalid_argument", "not_found", "io_error")


def test_a_validation_with_a_local_path_that_cannot_be_read_fails_and_does_not_pass_in_silence(
    runner: CommandRunner,
) -> None:
    local(runner, "missing.md")
    shown = runner("validate", "latest")
    failed(shown, shown.code)
    assert "missing.md" in shown.err + shown.out


def test_a_deep_and_long_runs_dir_works(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = runner.folder.joinpath(*["d" * 200] * 12)
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", str(deep))
    run_with(runner)
    runner.ok("validate", "latest")
    monkeypatch.setenv("ORCHESTRATION_BASE_DIR", str(runner.folder / ("d" * 300)))
    shown = runner("init", "t")
    failed(shown, "io_error")


def test_lines_of_pointers_finds_the_nearest_thing_around_and_gives_up_on_what_is_no_json() -> None:
    text = b'\xef\xbb\xbf{\n "a~/b": [\n  1,\n  {"c": "}\\""}\n ],\n "z": 2\n}'
    pointers = ["", "/a~0~1b", "/a~0~1b/1", "/a~0~1b/1/c", "/a~0~1b/7", "/z", "/none/such"]
    assert lines_of_pointers(text, pointers) == dict(zip(pointers, [1, 2, 4, 4, 2, 6, 1], strict=True))
    for broken in (b"", b"{", b"[" * 5_000, b"\xff\xfe{", b"nope"):
        assert set(lines_of_pointers(broken, ["/a"])) <= {"/a"}


def test_a_pipe_in_the_place_of_the_curriculum_does_not_make_a_command_wait(runner: CommandRunner) -> None:
    run = run_with(runner)
    (run / CURRICULUM).unlink()
    os.mkfifo(run / CURRICULUM)
    for command in ("status", "validate", "diff"):
        failed(runner(command, "latest"), "io_error")
