"""The commands as a demanding user meets them: what they do, print and promise."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from dagogy.api import errors
from dagogy.cli.app import COMMANDS
from dagogy.contracts.check import schema_names, schema_problems
from dagogy.host.discovery import discover
from dagogy.workspace.stages import (
    CONCEPTS,
    CURRICULUM,
    DAG,
    DIFF,
    EVIDENCE,
    PLAN,
    PREVIOUS,
    REPORT_JSON,
    REPORT_MD,
    SCOPE,
    SPEC,
    TRACE,
)
from support import (
    EXIT_STATUS,
    HANGS,
    ROOT,
    CommandRunner,
    SitePackages,
    clean_environment,
    curriculum_of,
    dagogy,
    failed,
    make_run,
    run_with,
    valid_curriculum,
)

EXAMPLES = sorted((ROOT / "examples").glob("*.md"))
BREAD = ROOT / "examples" / "sourdough-baking.md"
NETWORK = ROOT / "examples" / "container-networking.md"
RULES = sorted(e.id for e in discover() if e.kind == "rule" and e.distribution.startswith("dagogy"))
SHAPE_OF = {
    SPEC: "topic_spec",
    CURRICULUM: "curriculum",
    TRACE: "optimization_trace",
    REPORT_JSON: "validation_report",
    PLAN: "plan",
    DIFF: "diff",
    CONCEPTS: "scope_concepts",
    DAG: "scope_dag",
    EVIDENCE: "evidence",
    "run.json": "run",
}


def document(run: Path, relative: str) -> Any:
    return json.loads((run / relative).read_bytes())


def compiled(runner: CommandRunner, *arguments: str) -> Path:
    run = runner.init()
    runner.ok("run", run.name, *arguments)
    return run


# --- run


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_compiles_without_an_error_under_all_rules(
    runner: CommandRunner, example: Path
) -> None:
    run = compiled(runner, "--scope-file", str(example))
    report = document(run, REPORT_JSON)
    assert report["passed"]
    assert report["summary"] | {"warnings": 0, "infos": 0, "safe_fixes": 0, "unsafe_fixes": 0} == {
        "errors": 0,
        "warnings": 0,
        "infos": 0,
        "rules_run": len(RULES),
        "rules_skipped": 0,
        "rules_failed": 0,
        "safe_fixes": 0,
        "unsafe_fixes": 0,
    }
    assert {r["rule_id"] for r in report["rules"]} >= set(RULES)
    for relative, name in SHAPE_OF.items():
        assert schema_problems(name, document(run, relative)) == [], relative
    assert (run / SCOPE).read_text() == example.read_text()
    assert runner.stage() == "iterated"


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path, example: Path) -> None:
    made: list[dict[str, bytes]] = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        (folder / "runs").mkdir(parents=True)
        shutil.copy(example, folder / "scope.md")
        assert dagogy("init", "same", cwd=folder).returncode == 0
        done = dagogy("run", "same", "--scope-file", "scope.md", cwd=folder, PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        run = next((folder / "runs").iterdir())
        files = (SPEC, SCOPE, CURRICULUM, PLAN, DIFF, CONCEPTS, DAG, TRACE)
        made.append({name: (run / name).read_bytes() for name in files})
        report = document(run, REPORT_JSON)
        made[-1]["report"] = json.dumps({**report, "run_id": ""}).encode()
    assert made[0] == made[1]


@pytest.mark.slow
def test_a_second_run_keeps_the_previous_curriculum_and_says_that_nothing_changed(
    runner: CommandRunner,
) -> None:
    run = compiled(runner, "--scope-file", str(BREAD))
    first = (run / CURRICULUM).read_bytes()
    shown = runner.ok("run", run.name, "--json").json
    assert shown["diff"] == {"added": 0, "removed": 0, "changed": 0, "renamed": 0}
    assert (run / PREVIOUS).read_bytes() == (run / CURRICULUM).read_bytes() == first
    assert "nothing changed" in runner.ok("diff", "latest").out


@pytest.mark.slow
def test_a_synthesised_spec_follows_a_changed_scope(runner: CommandRunner) -> None:
    run = compiled(runner, "--scope-file", str(BREAD))
    bread = document(run, SPEC)
    runner.ok("run", run.name, "--scope-file", str(NETWORK))
    network = document(run, SPEC)
    assert bread["goal"] != network["goal"]
    assert set(bread["scope_in"]).isdisjoint(network["scope_in"])
    (run / SCOPE).write_bytes(BREAD.read_bytes())
    runner.ok("run", run.name)
    assert document(run, SPEC) == bread


@pytest.mark.slow
def test_the_users_own_spec_is_kept_beside_a_scope_file(runner: CommandRunner) -> None:
    first = compiled(runner, "--scope-file", str(BREAD))
    own = {**document(first, SPEC), "goal": "Bake one good loaf a week."}
    run = runner.init("own")
    written = json.dumps(own, indent=3)
    (run / SPEC).write_text(written)
    runner.ok("run", run.name, "--scope-file", str(BREAD))
    assert (run / SPEC).read_text() == written
    runner.ok("run", run.name)
    assert (run / SPEC).read_text() == written


@pytest.mark.slow
def test_of_a_half_filled_template_the_users_parts_are_kept(runner: CommandRunner) -> None:
    run = runner.init()
    half = document(run, SPEC)
    half["goal"] = "Bake one good loaf a week."
    half["scope_out"] = ["Wholesale baking"]
    half["constraints"]["hours_per_week"] = 3
    (run / SPEC).write_text(json.dumps(half))
    runner.ok("run", run.name, "--scope-file", str(BREAD))
    spec = document(run, SPEC)
    assert (spec["goal"], spec["scope_out"], spec["constraints"]["hours_per_week"]) == (
        "Bake one good loaf a week.",
        ["Wholesale baking"],
        3,
    )
    assert "<" not in spec["audience"]
    assert len(spec["scope_in"]) > 5


def test_a_run_without_scope_and_spec_says_what_is_missing(runner: CommandRunner) -> None:
    runner.init()
    shown = failed(runner("run", "latest"), "stage_conflict")
    assert shown.err.startswith("[stage_conflict] topic spec not ready: ")
    assert "--scope-file FILE" in shown.err


UNUSABLE: list[tuple[list[str], str]] = [
    (["--scope-section", "x"], "needs a scope file"),
    (["--scope-mode", "full"], "needs a scope file"),
    (["--scope-file", "scope.md", "--scope-mode", "section"], "needs at least one heading"),
    (["--scope-file", "scope.md", "--scope-mode", "full", "--scope-section", "x"], "not full"),
    (["--scope-file", "scope.md", "--scope-mode", "half"], "'half' is not one of"),
    (["--scope-file", "missing.md"], "'missing.md' does not exist"),
    (["--scope-file", "scope.md/x"], "does not exist"),
    (["--scope-file", "bare"], "is a folder without documents"),
    (["--scope-file", "/dev/zero"], "larger than the 16 MiB"),
    (["--scope-file", "huge.md"], "larger than the 16 MiB"),
    (["--scope-file", "empty.md"], "is empty"),
    (["--scope-file", "nul.md"], "NUL"),
    (["--scope-file", "binary.md"], "binary.md"),
    (["--scope-file", "latin.md"], "not valid UTF-8"),
]


@pytest.mark.slow
def test_a_scope_that_cannot_be_used_is_refused_and_nothing_is_written(runner: CommandRunner) -> None:
    text = BREAD.read_bytes()
    with open("huge.md", "wb") as file:
        file.truncate(50 * 2**20)
    Path("bare").mkdir()
    bad = {
        "scope.md": text,
        "empty.md": b"",
        "nul.md": text[:100] + b"\0" + text[100:],
        "binary.md": bytes(range(256)) * 9,
        "latin.md": "Hände".encode("latin1"),
    }
    for name, data in bad.items():
        Path(name).write_bytes(data)
    run = compiled(runner, "--scope-file", "scope.md")
    artifacts = [SPEC, SCOPE, CURRICULUM, PLAN, DIFF, CONCEPTS, REPORT_JSON]
    before = [(run / name).read_bytes() for name in artifacts]
    for arguments, expected in UNUSABLE:
        shown = failed(runner("run", "latest", *arguments, "--json"), "invalid_argument")
        assert expected in shown.err, arguments
        assert shown.json["error"]["code"] == "invalid_argument", arguments
        assert [(run / name).read_bytes() for name in artifacts] == before, arguments
        assert runner.stage() == "iterated", arguments


def test_a_document_without_a_concept_says_how_one_is_written(runner: CommandRunner) -> None:
    run = runner.init()
    Path("words.md").write_text("just words\n")
    shown = failed(runner("run", "latest", "--scope-file", "words.md"), "validation_failed")
    assert "no concept" in shown.err
    assert "hint: " in shown.err
    assert not (run / SCOPE).exists()


def test_an_unmatched_section_lists_the_headings(runner: CommandRunner) -> None:
    runner.init()
    shown = failed(
        runner("run", "latest", "--scope-file", str(NETWORK), "--scope-section", "Weaving"),
        "invalid_argument",
    )
    for heading in ("Network namespace", "Routing and filtering", "Veth pair"):
        assert f"'{heading}'" in shown.err


def test_sections_are_found_by_any_heading_on_the_path_whatever_case_and_punctuation(
    runner: CommandRunner,
) -> None:
    run = compiled(runner, "--scope-file", str(NETWORK), "--scope-section", "routing AND filtering!")
    titles = {c["title"] for c in document(run, CONCEPTS)["concepts"]}
    assert "Routing table" in titles
    assert "Veth pair" not in titles
    assert document(run, CONCEPTS)["mode"] == "section"
    runner.ok(
        "run",
        run.name,
        "--scope-file",
        str(NETWORK),
        "--scope-section",
        "Veth pair",
        "--scope-section",
        "routing table",
    )
    assert len(document(run, CONCEPTS)["concepts"]) == 2


def test_a_seed_list_has_one_concept_a_line(runner: CommandRunner) -> None:
    Path("seeds.txt").write_text("Binary search\nHash table\n\nTopological sort\n")
    run = compiled(runner, "--scope-file", "seeds.txt", "--scope-mode", "seed-list")
    assert [c["title"] for c in document(run, CONCEPTS)["concepts"]] == [
        "Binary search",
        "Hash table",
        "Topological sort",
    ]
    assert document(run, CONCEPTS)["mode"] == "seed-list"


@pytest.mark.parametrize("name", ["sauer teig ü.md", "-dash.md", "no-suffix", "quote'\".md", "new\nline.md"])
def test_any_readable_path_is_accepted(runner: CommandRunner, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "else where" / name
    outside.parent.mkdir()
    shutil.copy(BREAD, outside)
    run = compiled(runner, "--scope-file", str(outside))
    outside.unlink()
    assert (run / SCOPE).read_bytes() == BREAD.read_bytes()
    runner.ok("run", run.name)
    runner.ok("validate", run.name)


@pytest.mark.slow
def test_a_pipe_and_stdin_are_accepted(runner: CommandRunner) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_bytes(BREAD.read_bytes()))
    writer.start()
    run = compiled(runner, "--scope-file", "pipe")
    writer.join()
    assert (run / SCOPE).read_bytes() == BREAD.read_bytes()
    with open(NETWORK, "rb") as stdin:
        command = [sys.executable, "-m", "dagogy", "run", run.name, "--scope-file", "/dev/stdin"]
        done = subprocess.run(
            command, stdin=stdin, capture_output=True, env=clean_environment(), check=False, timeout=HANGS
        )
    assert done.returncode == 0, done.stderr
    assert (run / SCOPE).read_bytes() == NETWORK.read_bytes()


@pytest.mark.parametrize("form", ["bom", "crlf", "utf-16"])
def test_marks_and_line_ends_of_other_systems_change_nothing_of_the_curriculum(
    runner: CommandRunner, form: str
) -> None:
    text = BREAD.read_text()
    data = {
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "crlf": text.replace("\n", "\r\n").encode(),
        "utf-16": text.encode("utf-16"),
    }[form]
    Path("scope.md").write_bytes(BREAD.read_bytes())
    run = compiled(runner, "--scope-file", "scope.md")
    curriculum = (run / CURRICULUM).read_bytes()
    Path("scope.md").write_bytes(data)
    runner.ok("run", run.name, "--scope-file", "scope.md")
    assert (run / CURRICULUM).read_bytes() == curriculum


def test_run_in_a_pipe_shows_its_stages_as_plain_lines(runner: CommandRunner) -> None:
    runner.init()
    shown = runner.ok("run", "latest", "--scope-file", str(BREAD))
    stages = [line.split(":")[0] for line in shown.out.splitlines()]
    assert [
        stage
        for stage in dict.fromkeys(stages)
        if stage in ("scope", "generate", "validate", "plan", "iterate")
    ] == [
        "scope",
        "generate",
        "validate",
        "plan",
        "iterate",
    ]
    assert "\x1b" not in shown.out + shown.err


def test_a_run_whose_validation_fails_says_so_first_on_stderr_and_has_its_report(
    runner: CommandRunner,
) -> None:
    Path("dagogy.toml").write_text(
        '[rules."quality.time_granularity"]\nseverity = "error"\nmin_minutes = 400\n'
    )
    run = runner.init()
    failed(runner("run", "latest", "--scope-file", str(BREAD)), "validation_failed")
    assert document(run, REPORT_JSON)["passed"] is False
    assert document(run, TRACE)["accepted"] is False
    assert runner.stage() == "generated"


class Terminal:
    """A command on a pseudo-terminal of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        leader, follower = pty.openpty()
        env = {**clean_environment(), "TERM": "xterm", **environment}
        process = subprocess.Popen(
            [sys.executable, "-m", "dagogy", *arguments],
            cwd=folder,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=env,
        )
        os.close(follower)
        data = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the last one closed the terminal
                break
            if not part:
                break
            data += part
        os.close(leader)
        self.status = process.wait(timeout=HANGS)
        self.text = data.decode()


@pytest.mark.slow
def test_run_on_a_terminal_shows_its_stages_live(runner: CommandRunner) -> None:
    runner.init()
    shown = Terminal(runner.folder, "run", "latest", "--scope-file", str(BREAD))
    assert shown.status == 0, shown.text
    assert "\x1b[" in shown.text
    for stage in ("scope", "generate", "validate", "plan", "iterate"):
        assert re.search(rf"✓ {stage}", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.text)), stage
    assert "iterated" in shown.text


def colours(text: str) -> list[str]:
    return re.findall(r"\x1b\[[0-9;]*m", text)


@pytest.mark.slow
def test_no_color_and_dumb_terminals_are_honoured(runner: CommandRunner) -> None:
    run_with(runner, curriculum_of({"id": "a", "prerequisites": ["a"]}))
    assert colours(Terminal(runner.folder, "validate", "latest").text)
    assert not colours(Terminal(runner.folder, "validate", "latest", NO_COLOR="1").text)
    runner.init("live")
    assert not [
        c
        for c in colours(
            Terminal(runner.folder, "run", "live", "--scope-file", str(BREAD), NO_COLOR="1").text
        )
        if re.search(r"[34][0-7]", c)
    ]
    assert "\x1b" not in Terminal(runner.folder, "run", "live", TERM="dumb").text


# --- validate, plan, iterate, export


def test_reports_for_people_and_machines_say_the_same(runner: CommandRunner) -> None:
    bad = valid_curriculum()
    bad["nodes"][0]["prerequisites"] = ["alpha", "*bold* `x`"]
    bad["nodes"][1]["core_ideas"] = ["same", "same"]
    run = run_with(runner, bad)
    failed(runner("validate", "latest"), "validation_failed")
    report, text = document(run, REPORT_JSON), (run / REPORT_MD).read_text()
    assert schema_problems("validation_report", report) == []
    assert f"# Validation of {run.name}" in text
    assert "**failed: " in text
    for rule in report["rules"]:
        assert rule["rule_id"] in text
        if rule["findings"]:
            assert f"### {rule['rule_id']} ({rule['findings']})" in text
    assert len(re.findall(r"^- `/", text, re.MULTILINE)) == sum(
        f["document"] == "curriculum" for f in report["findings"]
    )
    assert "*bold*" not in text.replace("\\*bold\\*", "")
    summary = report["summary"]
    counted = {s: sum(f["severity"] == s for f in report["findings"]) for s in ("error", "warning", "info")}
    assert (summary["errors"], summary["warnings"], summary["infos"]) == tuple(counted.values())
    assert f"{summary['errors']} error" in text


def test_the_formats_of_a_report_agree_on_the_findings(runner: CommandRunner) -> None:
    bad = valid_curriculum()
    bad["nodes"][2]["prerequisites"] = ["nowhere", "gamma"]
    run = run_with(runner, json.dumps(bad, indent=1))
    report = failed(runner("validate", "latest", "--format", "json"), "validation_failed").json
    sarif = failed(runner("validate", "latest", "--format", "sarif"), "validation_failed").json
    jsonschema.validate(
        sarif,
        json.loads((ROOT / "tests/data/sarif-2.1.0.schema.json").read_text()),
        cls=jsonschema.Draft7Validator,
    )
    assert sorted(r["ruleId"] for r in sarif["runs"][0]["results"]) == sorted(
        f["rule_id"] for f in report["findings"]
    )
    junit = ElementTree.fromstring(
        failed(runner("validate", "latest", "--format", "junit"), "validation_failed").out
    )
    assert len(list(junit.iter("testcase"))) >= len(report["rules"])
    github = failed(runner("validate", "latest", "--format", "github"), "validation_failed").out.splitlines()
    assert sum(line.startswith("::error ") for line in github) == len(report["findings"]) == 2
    line = next(i for i, t in enumerate((run / CURRICULUM).read_text().splitlines(), 1) if "nowhere" in t)
    assert f"line={line}," in github[0]


def test_a_clean_report_tells_github_that_all_is_well(runner: CommandRunner) -> None:
    run_with(runner)
    assert runner.ok("validate", "latest", "--format", "github").out.startswith("::notice title=dagogy::")


def test_two_documents_on_one_stdout_are_refused(runner: CommandRunner) -> None:
    run_with(runner)
    assert (
        "leave one of the two out"
        in failed(runner("validate", "latest", "--json", "--format", "sarif"), "invalid_argument").err
    )
    assert runner.ok("validate", "latest", "--json", "--format", "json").json["passed"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["validate", "latest", "--format", "sraif"], "did you mean 'sarif'"),
        (["validate", "latest", "--format", "mermaid"], "dagogy export RUN --format mermaid"),
        (["export", "latest", "--format", "sarif"], "dagogy validate RUN --format sarif"),
        (["export", "latest", "--format", "mermiad"], "did you mean 'mermaid'"),
        (["export", "latest"], "--format"),
    ],
)
def test_a_format_that_does_not_fit_leads_to_the_one_that_does(
    runner: CommandRunner, arguments: list[str], expected: str
) -> None:
    run_with(runner)
    assert expected in failed(runner(*arguments), "invalid_argument").err


EXPORTER = """
    from dagogy.api import ExporterInfo, hookimpl
    from dagogy.api.exporters import Exporter

    @hookimpl
    def dagogy_exporters():
        yield ExporterInfo(id="odd", summary="s", api_version=1, impl="odd_exporter:Odd", subject="SUBJECT", media_type="text/plain", suffix=".txt")

    class Odd(Exporter):
        def export(self, context):
            ANSWER
"""  # noqa: E501


@pytest.mark.parametrize(
    ("subject", "answer", "expected"),
    [
        ("report", "raise KeyError('x')", "raised KeyError"),
        ("curriculum", "raise KeyError('x')", "raised KeyError"),
        ("report", "return b'bytes'", "answered with a bytes"),
        ("curriculum", "return 3", "answered with a int"),
    ],
)
def test_an_exporter_that_misbehaves_is_named(
    runner: CommandRunner, site: SitePackages, subject: str, answer: str, expected: str
) -> None:
    source = EXPORTER.replace("SUBJECT", subject).replace("ANSWER", answer)
    site.plugin(
        "exporter-odd",
        "2.0",
        entry_points={"exporter": {"odd": "odd_exporter"}},
        modules={"odd_exporter": source},
    )
    run_with(runner)
    shown = failed(
        runner("validate" if subject == "report" else "export", "latest", "--format", "odd"), "plugin_error"
    )
    assert f"exporter 'odd' of exporter-odd 2.0 cannot be used: it {expected}" in shown.err


def test_export_writes_text_a_file_or_a_document(runner: CommandRunner) -> None:
    run = run_with(runner)
    text = runner.ok("export", "latest", "--format", "mermaid").out
    assert text.startswith(("graph", "flowchart"))
    runner.ok("export", "latest", "--format", "mermaid", "--output", "sub/graph.mmd")
    assert Path("sub/graph.mmd").read_text().strip() == text.strip()
    assert runner.ok("export", "latest", "--format", "mermaid", "--json").json == {
        "run_id": run.name,
        "format": "mermaid",
        "output": "",
        "text": text,
    }


WHOLE = """
    import json
    from typing import Annotated
    from dagogy.api import ExporterInfo, hookimpl
    from dagogy.api.exporters import Exporter
    from dagogy.api.options import Field, Options

    @hookimpl
    def dagogy_exporters():
        yield ExporterInfo(id="pack", summary="s", api_version=1, impl="pack_exporter:Pack", subject="run", media_type="application/x-pack", suffix=".pack")

    class Pack(Exporter):
        class Options(Options):
            title: Annotated[str, Field(description="Of the pack.")] = "none"
            copies: Annotated[int, Field(description="How many.", ge=1)] = 1
            cover: Annotated[bool, Field(description="Whether it has one.")] = False

        def export(self, context):
            there = {n: getattr(context, n) is not None for n in ("spec", "plan", "report", "diff")}
            facts = {**there, **context.options.model_dump(), "titles": context.titles, "revision": context.revision,
                     "evidence": context.evidence, "run_id": context.run_id, "made": context.made_at_utc}
            return b"\\xff" + json.dumps(facts).encode()
"""  # noqa: E501


@pytest.fixture
def packed(runner: CommandRunner, site: SitePackages) -> Path:
    site.plugin(
        "exporter-pack",
        "1.0",
        entry_points={"exporter": {"pack": "pack_exporter"}},
        modules={"pack_exporter": WHOLE},
    )
    return run_with(runner)


def test_a_whole_run_is_exported_as_bytes_to_a_file_named_after_it(
    runner: CommandRunner, packed: Path
) -> None:
    def made(path: str) -> dict[str, Any]:
        data = Path(path).read_bytes()
        assert data[:1] == b"\xff"
        return dict(json.loads(data[1:]))

    before = runner.ok("export", "latest", "--format", "pack").out
    name = f"{packed.name}.pack"
    assert before == f"written {name}\n"
    facts = made(name)
    assert [facts[key] for key in ("spec", "plan", "report", "diff", "revision")] == [True, *[False] * 3, 0]
    assert facts["titles"] == {n["id"]: n["title"] for n in valid_curriculum()["nodes"]}
    assert facts["run_id"] == packed.name
    runner.ok("validate", "latest")
    runner.ok("plan", "latest")
    Path("there").mkdir()
    shown = runner.ok("export", "latest", "--format", "pack", "-o", "there", "--json").json
    assert (shown["output"], shown["text"]) == (f"there/{name}", "")
    facts = made(f"there/{name}")
    # a first curriculum differs from nothing
    assert [facts[key] for key in ("spec", "plan", "report", "diff", "revision")] == [
        True,
        True,
        True,
        False,
        1,
    ]
    runner.ok("plan", "latest")
    runner.ok("export", "latest", "--format", "pack", "-o", "again.pack")
    assert made("again.pack") == facts  # the same plan, made again
    assert sorted(p.name for p in Path("there").iterdir()) == [name]


def test_options_of_an_exporter_are_typed_and_errors_lead_on(runner: CommandRunner, packed: Path) -> None:
    words = ("export", "latest", "--format", "pack", "-o", "x.pack")
    runner.ok(*words, "--set", "title=A = B", "--set", "copies=3", "--set", "cover=true")
    facts = json.loads(Path("x.pack").read_bytes()[1:])
    assert [facts[key] for key in ("title", "copies", "cover")] == ["A = B", 3, True]
    Path("x.pack").unlink()
    for given, expected in (
        (["titel=x"], "did you mean 'title'"),
        (["copies=0"], 'copies = "0": input should be greater than or equal to 1'),
        (["copies=many"], 'copies = "many": input should be a valid integer'),
        (["title"], "no NAME=VALUE"),
        (["title=a", "title=b"], "gives 'title' twice"),
    ):
        shown = failed(runner(*words, *(w for each in given for w in ("--set", each))), "invalid_argument")
        assert expected in shown.err
    assert not Path("x.pack").exists()
    shown = failed(runner("export", "latest", "--format", "mermaid", "--set", "a=b"), "invalid_argument")
    assert "format 'mermaid' has no options" in shown.err
    assert [o["name"] for o in runner.ok("explain", "pack", "--json").json["options"]] == [
        "title",
        "copies",
        "cover",
    ]
    assert "Option copies (integer >= 1) = 1: How many." in runner.ok("explain", "pack").out


def test_a_plan_that_somebody_changed_into_none_is_not_handed_on(runner: CommandRunner, packed: Path) -> None:
    runner.ok("validate", "latest")
    runner.ok("plan", "latest")
    plan = packed / "outputs/plan/plan.json"
    plan.write_text('{"weeks": 3}')
    metadata = json.loads((packed / "run.json").read_text())
    metadata["stamps"]["plan"]["sha256"] = hashlib.sha256(plan.read_bytes()).hexdigest()
    (packed / "run.json").write_text(json.dumps(metadata))
    shown = failed(runner("export", "latest", "--format", "pack"), "validation_failed")
    assert "plan.json does not meet its schema" in shown.err
    assert not list(Path().glob("*.pack"))


@pytest.mark.slow
def test_severity_options_and_off_change_the_verdict(runner: CommandRunner) -> None:
    bad = valid_curriculum()
    bad["nodes"][0]["prerequisites"] = ["nowhere"]
    run = run_with(runner, bad)
    rule = "graph.prerequisite_integrity"
    failed(runner("validate", "latest"), "validation_failed")
    for text, status in (
        (f'[rules."{rule}"]\nseverity = "warning"\n', "findings"),
        (f'[rules."{rule}"]\nenabled = false\n', None),
    ):
        Path("dagogy.toml").write_text(text)
        report = runner.ok("validate", "latest", "--json").json
        assert next((r["status"] for r in report["rules"] if r["rule_id"] == rule), None) == status
        assert (run / "logs/validation.ok").exists()
    Path("dagogy.toml").unlink()
    assert runner.ok("status", "latest", "--json").json["stage"] != "validated"
    assert not (run / "logs/validation.ok").exists()


def test_a_wrong_option_stops_a_run_before_anything_is_read_or_asked(runner: CommandRunner) -> None:
    run = runner.init()
    Path("dagogy.toml").write_text('[rules."quality.time_granularity"]\nmin_minuets = 3\n')
    assert (
        "did you mean 'min_minutes'"
        in failed(runner("run", "latest", "--scope-file", str(BREAD)), "config_error").err
    )
    assert not (run / SCOPE).exists()


@pytest.mark.slow
def test_options_of_a_rule_change_what_it_finds(runner: CommandRunner) -> None:
    run_with(runner)
    runner.ok("validate", "latest")
    Path("dagogy.toml").write_text('[rules."quality.concept_title"]\nmax_words = 0\n')
    shown = failed(runner("validate", "latest"), "config_error")
    assert "quality.concept_title" in shown.err
    options = [o for rule in RULES for o in runner.ok("explain", rule, "--json").json["options"]]
    assert options
    assert all(o["description"] and o["type"] for o in options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[rules."graph.acylic"]\nseverity = "error"\n', "did you mean 'graph.acyclic'"),
        ('[rules."graph.acyclic"]\nseverity = "eror"\n', "did you mean 'error'"),
        ('[rules."graph.acyclic"]\nenabled = "no"\n', "accepted: true, false"),
        ('[rules."graph.acyclic"]\nmax = 3\n', "has no options"),
        ('[rules."quality.repetition"]\nmax = 3\n', "has no option 'max'"),
        ("rules = 3\n", "a table by rule id is wanted"),
        ('[rules]\n"graph.acyclic" = 3\n', "a table is wanted"),
    ],
)
def test_a_wrong_rule_configuration_is_an_error_that_leads_on(
    runner: CommandRunner, text: str, expected: str
) -> None:
    run_with(runner)
    Path("dagogy.toml").write_text(text)
    assert expected in failed(runner("validate", "latest", "--json"), "config_error").err


BROKEN_RULE = """
    from dagogy.api import RuleInfo, hookimpl
    from dagogy.api.rules import Rule

    @hookimpl
    def dagogy_rules():
        yield RuleInfo(id="house.broken", summary="s", api_version=1, impl="broken_rule:MISSING", severity="info")
"""  # noqa: E501


@pytest.mark.slow
def test_a_rule_that_cannot_run_fails_the_validation_and_is_in_the_report(
    runner: CommandRunner, site: SitePackages
) -> None:
    site.plugin(
        "rule-broken",
        "4.0",
        entry_points={"rule": {"house.broken": "broken_rule"}},
        modules={"broken_rule": BROKEN_RULE},
    )
    run = run_with(runner)
    shown = failed(runner("validate", "latest", "--json"), "validation_failed")
    assert "rule house.broken could not run" in shown.err
    assert "rule-broken 4.0" in shown.err
    assert (shown.json["passed"], shown.json["summary"]["rules_failed"], shown.json["summary"]["errors"]) == (
        False,
        1,
        0,
    )
    assert "`house.broken` failed" in (run / REPORT_MD).read_text()
    failed(runner("plan", "latest"), "stage_conflict")
    for form in ("sarif", "github", "junit"):
        assert (
            "house.broken" in failed(runner("validate", "latest", "--format", form), "validation_failed").out
        )


def test_plan_and_iterate_name_the_step_before(runner: CommandRunner) -> None:
    run = run_with(runner)
    assert f"hint: dagogy validate {run.name}" in failed(runner("plan", "latest"), "stage_conflict").err
    runner.ok("validate", "latest")
    assert f"hint: dagogy plan {run.name}" in failed(runner("iterate", "latest"), "stage_conflict").err
    shown = runner.ok("plan", "latest", "--json").json
    assert shown == document(run, PLAN)
    assert schema_problems("plan", shown) == []
    assert runner.ok("iterate", "latest", "--json").json == document(run, DIFF)
    assert runner.stage() == "iterated"


def test_plan_and_iterate_print_lines_for_people(runner: CommandRunner) -> None:
    run_with(runner)
    runner.ok("validate", "latest")
    out = runner.ok("plan", "latest").out
    assert "critical path (3 hours): Alpha -> Beta -> Gamma" in out
    assert "first version: 3 concepts, 2 edges, 3 hours" in runner.ok("iterate", "latest").out


# --- explain, schema, plugins, doctor, help, completion


@pytest.mark.parametrize("rule", RULES)
def test_explain_tells_of_every_rule_why_and_how(runner: CommandRunner, rule: str) -> None:
    page = runner.ok("explain", rule, "--json").json
    assert page["kind"] == "rule"
    assert page["enabled"] is True
    for part in ("Bad:", "Good:", "How to fix:"):
        assert part in page["text"], part
    assert page["summary"] in runner.ok("explain", rule).out


CODES: list[type[errors.DagogyError]] = [
    k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.DagogyError)
]


def test_explain_tells_of_every_error_code(runner: CommandRunner) -> None:
    assert {k.code for k in CODES} == set(EXIT_STATUS)
    for code, status in EXIT_STATUS.items():
        page = runner.ok("explain", code, "--json").json
        assert page["exit_status"] == status
        assert page["text"]


def test_explain_shows_what_the_configuration_says(runner: CommandRunner) -> None:
    Path("dagogy.toml").write_text('[rules."graph.acyclic"]\nseverity = "info"\nenabled = false\n')
    page = runner.ok("explain", "graph.acyclic", "--json").json
    assert (page["severity"], page["enabled"]) == ("info", False)
    assert "switched off" in runner.ok("explain", "graph.acyclic").out


def test_explain_cuts_long_lists_and_says_where_all_of_them_stand(runner: CommandRunner) -> None:
    page = runner.ok("explain", "quality.mastery_check")
    assert max(len(line) for line in page.out.splitlines()) < 400
    (verbs,) = [line for line in page.out.splitlines() if line.startswith("Option vague_verbs")]
    default = next(
        option["default"]
        for option in runner.ok("explain", "quality.mastery_check", "--json").json["options"]
        if option["name"] == "vague_verbs"
    )
    assert f"= [{default[0]!r}, {default[1]!r}, " in verbs
    shown = verbs.partition("= [")[2].partition("]")[0].count("', ")
    assert f"… and {len(default) - shown:,} more]" in verbs
    assert page.out.splitlines()[-2].endswith("dagogy explain quality.mastery_check --json")
    assert "--json" not in runner.ok("explain", "graph.acyclic").out


def test_explain_of_something_unknown_leads_on(runner: CommandRunner) -> None:
    assert "did you mean 'graph.acyclic'" in failed(runner("explain", "graph.acylic"), "not_found").err
    assert "did you mean 'io_error'" in failed(runner("explain", "io_eror"), "not_found").err


def test_every_schema_is_printed_and_is_one(runner: CommandRunner) -> None:
    names = runner.ok("schema", "--json").json["schemas"]
    assert names == schema_names()
    for name in names:
        schema = runner.ok("schema", name).json
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "did you mean 'curriculum'" in failed(runner("schema", "curiculum"), "not_found").err
    failed(runner("schema", "../curriculum"), "not_found")


def test_plugins_are_listed_and_shown(runner: CommandRunner) -> None:
    listed = runner.ok("plugins", "list", "--kind", "rule", "--json").json["plugins"]
    assert {p["id"] for p in listed} >= set(RULES)
    assert all(p["state"] == "ready" and p["version"] for p in listed)
    shown = runner.ok("plugins", "show", "graph.acyclic", "--json").json["plugins"][0]
    assert shown["distribution"] == "dagogy-rule-graph-acyclic"
    assert "did you mean" in failed(runner("plugins", "show", "graph.acylic"), "not_found").err
    assert len(failed(runner("plugins"), "invalid_argument").err.splitlines()[0]) < 100


def test_doctor_is_content_with_a_sound_workspace(runner: CommandRunner) -> None:
    shown = runner.ok("doctor", "--json").json
    assert shown["ok"]
    assert [c["check"] for c in shown["checks"]] == [
        "python",
        "settings",
        "plugins",
        "readers",
        "rules",
        "runs dir",
        "provider",
    ]


@pytest.mark.parametrize(
    ("name", "value", "check", "code"),
    [
        ("AGENT_PROVIDER", "internl", "provider", "config_error"),
        ("AGENT_MAX_ITERATIONS", "four", "settings", "config_error"),
        ("ORCHESTRATION_BASE_DIR", "/dev/null", "runs dir", "io_error"),
    ],
)
def test_doctor_names_what_is_wrong(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str, code: str
) -> None:
    monkeypatch.setenv(name, value)
    shown = failed(runner("doctor", "--json"), code)
    assert check in [c["check"] for c in shown.json["checks"] if not c["ok"]]
    assert all(c["hint"] or c["ok"] for c in shown.json["checks"])


def test_every_command_has_an_example_and_json(runner: CommandRunner) -> None:
    lines = [[name] for name in COMMANDS if name not in ("plugins", "incidents")] + [
        ["plugins", "list"],
        ["plugins", "show"],
        ["incidents", "list"],
    ]
    for line in lines:
        text = runner.ok(*line, "--help").out
        assert re.search(rf"Examples?:\n +dagogy {line[0]}", text), line
        assert "--json" in text, line
        assert "\x1b" not in text
    assert "Example:\n" in runner.ok("--help").out


def complete(folder: Path, words: str, **environment: str) -> list[str]:
    """What bash would offer after `words`, which end where the cursor is."""
    count = len(words.split(" ")) - 1
    done = dagogy(
        cwd=folder, _DAGOGY_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count), **environment
    )
    assert "Traceback" not in done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def offered(folder: Path, words: str, wanted: Iterable[str], **environment: str) -> None:
    found = complete(folder, words, **environment)
    assert set(wanted) <= set(found), found


def test_the_shell_completes_commands_runs_rules_formats_and_codes(runner: CommandRunner) -> None:
    run = runner.init("bread")
    offered(runner.folder, "dagogy ", COMMANDS)
    assert complete(runner.folder, "dagogy val") == ["validate"]
    offered(runner.folder, "dagogy status ", ["latest", "bread", run.name])
    assert complete(runner.folder, "dagogy status br") == ["bread"]
    assert complete(runner.folder, "dagogy explain graph.ac") == ["graph.acyclic"]
    assert complete(runner.folder, "dagogy explain io_") == ["io_error"]
    offered(runner.folder, "dagogy validate bread --format ", ["sarif", "github", "junit"])
    assert complete(runner.folder, "dagogy schema curr") == ["curriculum"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "nonesuch", "", "bash_nothing"])
@pytest.mark.parametrize("place", ["one", "-1", "9" * 5000, "", " ", None])
@pytest.mark.parametrize("words", ["dagogy status ", "", "'", None])
def test_what_no_shell_puts_into_the_environment_completes_nothing(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, shell: str, place: str | None, words: str | None
) -> None:
    monkeypatch.setenv("_DAGOGY_COMPLETE", shell if "_" in shell or not shell else f"{shell}_complete")
    for name, value in (("COMP_WORDS", words), ("COMP_CWORD", place)):
        if value is not None:
            monkeypatch.setenv(name, value)
    done = runner("list")
    assert done.status in (0, 1)
    assert done.err == ""


def test_completion_survives_a_broken_configuration(runner: CommandRunner) -> None:
    runner.init("bread")
    Path("dagogy.toml").write_text("[[[")
    offered(runner.folder, "dagogy ", COMMANDS)
    assert complete(runner.folder, "dagogy status br") in ([], ["bread"])
    assert complete(runner.folder, "dagogy explain graph.ac") == ["graph.acyclic"]


@pytest.mark.parametrize(
    "line",
    [
        ["nope"],
        ["init", "a", "b"],
        ["run"],
        ["run", "latest", "--nope"],
        ["status", "missing"],
        ["next", "../x"],
        ["validate", "missing"],
        ["plan", "missing"],
        ["iterate", "missing"],
        ["diff", "missing"],
        ["archive", "missing"],
        ["export", "missing", "--format", "mermaid"],
        ["explain", "missing"],
        ["schema", "missing"],
        ["plugins", "show", "missing"],
        ["plugins", "list", "--kind", "x"],
        ["validate", "latest", "--wait", "soon"],
    ],
    ids=" ".join,
)
def test_every_failing_command_prints_one_error_document(runner: CommandRunner, line: list[str]) -> None:
    shown = runner(*line, "--json")
    failed(shown, shown.code)
    assert set(shown.json["error"]) == {"code", "message", "details", "hint"}
    assert shown.json["error"]["code"] == shown.code
    assert shown.err.startswith(f"[{shown.code}] {shown.json['error']['message']}")


def test_a_pipe_takes_an_export_and_stays_a_pipe(runner: CommandRunner) -> None:
    """Renamed over, it would be gone for whoever reads it; of a device, for the whole machine."""
    make_run(runner.folder, valid_curriculum())
    pipe = runner.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        runner.ok("export", "latest", "--format", "mermaid", "-o", str(pipe))
        assert stat.S_ISFIFO(pipe.lstat().st_mode)
        assert os.read(reader, 1 << 20).decode() == runner.ok("export", "latest", "--format", "mermaid").out
    finally:
        os.close(reader)
