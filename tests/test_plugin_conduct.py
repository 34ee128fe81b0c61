"""What a plugin may not do, and what happens when it does: print into our answer, change what others see,
take its time, answer with anything.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.rules import Finding
from dagogy.cli.app import COMMANDS
from dagogy.host import calls
from dagogy.host.calls import Heard, contained, listening, own_stdout
from dagogy.host.manager import Host, Selection
from dagogy.kit.cases import complete_spec
from dagogy.kit.kinds import promises
from dagogy.pipeline.judge import Judge, ValidationResult
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.ruleset import RuleConfig
from support import (
    IMPORT_ALL,
    CommandRunner,
    SitePackages,
    curriculum_of,
    dagogy,
    failed,
    forked,
    make_run,
    run_with,
)

HEAD = f"import os, subprocess, sys, time\n{IMPORT_ALL}\n"
CHECK = "def check(self, context, options):\n        "
#: Every way to write to stdout: two by Python, one by descriptor, one by a child process.
PRINTS = (
    "print('one'); sys.stdout.buffer.write(b'two\\n'); os.write(1, b'three\\n'); subprocess.run(['sh', '-c', "
    "'echo four'], check=True)"
)
SAID = {"one", "two", "three", "four"}


def rule(
    site: SitePackages,
    body: str,
    *,
    name: str = "house.rule",
    requires: str = "",
    head: str = "",
    impl_head: str = "",
) -> None:
    """The rule `name` of a distribution of its first word, 4.2; `body` is that of its class."""
    module = name.replace(".", "_")
    source = f"""{head or "from dagogy.api import RuleInfo, hookimpl"}

@hookimpl
def dagogy_rules():
    yield RuleInfo(id="{name}", summary="Does it.", severity="error", api_version=1, impl="{module}_impl:It", requires=({requires}))
"""  # noqa: E501
    implementing = f"{HEAD}{impl_head}\nclass It(Rule):\n    {body}\n"
    site.plugin(
        name.replace(".", "-"),
        "4.2",
        entry_points={"rule": {name: module}},
        modules={module: source, f"{module}_impl": implementing},
    )


def judged(
    site: SitePackages, *, curriculum: Any = None, **configs: RuleConfig
) -> tuple[ValidationResult, list[str]]:
    """The result of the site's rules for a valid curriculum, and what was heard."""
    context = RunContext(
        json.dumps(curriculum or curriculum_of({"id": "a"}, {"id": "b", "prerequisites": ["a"]})).encode(),
        json.dumps(complete_spec({})).encode(),
    )
    with listening(Heard()) as heard:
        validation = Judge(site.host(), configs).judge(context)
    return validation, heard.take()


def reason(site: SitePackages, body: str, **more: Any) -> str:
    rule(site, body)
    validation, _ = judged(site, **more)
    (outcome,) = validation.outcomes
    assert outcome.status == "failed"
    assert "house-rule 4.2" in outcome.reason
    return outcome.reason


# --------------------------------------------------------------------------------------------------- printing


def output_of(err: str, name: str) -> set[str]:
    return {line.removeprefix(f"{name}: ") for line in err.splitlines() if line.startswith(f"{name}: ")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_run(folder)
    return folder


def test_what_a_rule_prints_goes_to_stderr_with_its_name_and_never_before_the_json(
    site: SitePackages, made: Path
) -> None:
    rule(
        site,
        CHECK + PRINTS + "; sys.__stdout__.write('five\\n'); return []",
        head=f"{HEAD}print('at import')",
        impl_head="print('at import of impl')",
    )
    done = site.run("validate", "latest", "--json", cwd=made, DAGOGY_PLUGINS="house.rule")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passed"]
    assert output_of(done.stderr, "rule 'house.rule' of house-rule 4.2") == {
        *SAID,
        "five",
        "at import",
        "at import of impl",
    }


def test_the_failure_comes_first_on_stderr_and_what_plugins_print_after_it(
    site: SitePackages, made: Path
) -> None:
    rule(site, CHECK + "print('look here'); yield Finding('wrong')")
    for debug in ((), ("--debug",)):
        done = site.run("validate", "latest", "--json", *debug, cwd=made, DAGOGY_PLUGINS="house.rule")
        assert done.stderr.startswith("[validation_failed] ")
        assert done.stderr.count("\nrule 'house.rule' of house-rule 4.2: look here\n") == 1
        assert json.loads(done.stdout)["findings"]


def test_what_is_written_after_the_call_or_at_exit_does_not_reach_stdout_either(
    site: SitePackages, made: Path
) -> None:
    late = (
        "import atexit, threading; atexit.register(os.write, 1, b'late\\n'); kept = sys.stdout; "
        "atexit.register(lambda: kept.write('later\\n')); return []"
    )
    rule(site, CHECK + late)
    done = site.run("validate", "latest", "--json", cwd=made, DAGOGY_PLUGINS="house.rule")
    assert json.loads(done.stdout)["passed"]
    assert "late\n" in done.stderr
    assert "rule 'house.rule' of house-rule 4.2: later" in done.stderr


EXPORTER = """
from dagogy.api import *
@hookimpl
def dagogy_exporters():
    yield ExporterInfo(id="fax", summary="Sends it.", api_version=1, impl="fax_impl:It", subject="{subject}")
"""


def exporter(site: SitePackages, body: str, subject: str = "curriculum") -> None:
    implementing = f"{HEAD}class It(Exporter):\n    def export(self, context):\n        {body}\n"
    modules = {"fax": EXPORTER.replace("{subject}", subject), "fax_impl": implementing}
    site.plugin("fax", "2.0", entry_points={"exporter": {"fax": "fax"}}, modules=modules)


def test_what_an_exporter_prints_does_not_stand_in_what_it_exports(
    site: SitePackages, runner: CommandRunner
) -> None:
    run_with(runner)
    exporter(site, f"{PRINTS}; return 'the fax: ä\\n'")
    done = runner.ok("export", "latest", "--format", "fax")
    assert done.out == "the fax: ä\n"
    assert output_of(done.err, "exporter 'fax' of fax 2.0") == SAID


def test_what_a_provider_prints_is_heard_and_its_progress_still_reaches_stdout(
    site: SitePackages, tmp_path: Path
) -> None:
    source = HEAD + (
        "@hookimpl\ndef dagogy_providers():\n    yield ProviderInfo(id='echo', summary='Echoes.', "
        "api_version=1, impl='echo_impl:It', needs_network=False)\n"
    )
    body = f"""{HEAD}
class It(Provider):
    def ready(self):
        print('ready?')
        return Readiness(ready=True, message='yes')
    def propose(self, request):
        {PRINTS}
        request.progress('halfway there')
        return Proposal(curriculum=request.scaffold())
"""
    site.plugin(
        "echo",
        "1.0",
        entry_points={"provider": {"echo": "echo"}},
        modules={"echo": source, "echo_impl": body},
    )
    (tmp_path / "tea.md").write_text(
        "# Tea\n\n## Leaves\n\nLeaves are dried.\n\n## Water\n\n"
        "Water is boiled after the leaves are chosen.\n"
    )
    assert dagogy("init", "tea", cwd=tmp_path).returncode == 0
    done = site.run("run", "tea", "--scope-file", "tea.md", cwd=tmp_path, AGENT_PROVIDER="echo")
    assert "halfway there" in done.stdout, done.stderr
    assert not SAID & set(done.stdout.split())
    assert output_of(done.stderr, "provider 'echo' of echo 1.0") >= SAID


def test_what_a_classifier_prints_comes_between_the_failure_and_its_incident(
    site: SitePackages, runner: CommandRunner
) -> None:
    source = HEAD + (
        "@hookimpl\ndef dagogy_classifiers():\n    yield ClassifierInfo(id='loud', summary='Loud.', "
        "api_version=1, impl='loud_impl:It', incidents=('x',))\n"
    )
    site.plugin(
        "loud",
        entry_points={"classifier": {"loud": "loud"}},
        modules={
            "loud": source,
            "loud_impl": f"{HEAD}class It(Classifier):\n    def classify(self, failure):\n        {PRINTS}\n",
        },
    )
    runner.init("t")
    done = failed(runner("plan", "t", "--json"), "stage_conflict")
    assert done.json["error"]["code"] == "stage_conflict"
    assert output_of(done.err, "classifier 'loud' of loud 1.0") == SAID
    diagnosed = runner.ok("plugins", "list", "--json")
    assert diagnosed.json["plugins"]


COMMAND = """
from dagogy.api import *
print('import')
@hookimpl
def dagogy_commands():
    yield CommandInfo(id='publish', summary='P.', api_version=1, impl='wiki_impl:publish')
"""


def test_the_stdout_of_a_command_of_a_plugin_is_its_own_but_not_while_it_is_imported(
    site: SitePackages,
) -> None:
    head = "import click, os, subprocess, sys\nprint('import of impl')\n@click.command()\ndef publish():\n"
    body = f"{head}    click.echo('zero')\n    sys.stdout.flush()\n    {PRINTS}\n"
    site.plugin(
        "wiki",
        "7.0",
        entry_points={"command": {"publish": "wiki"}},
        modules={"wiki": COMMAND, "wiki_impl": body},
    )
    done = site.run("publish")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {"zero", *SAID}
    assert output_of(done.stderr, "command 'publish' of wiki 7.0") == {"import", "import of impl"}
    assert site.run("publish", "--help").stdout.startswith("Usage: ")


def test_a_contained_call_leaves_stdout_as_it_was_and_what_was_written_before_it_goes_there(
    capfd: pytest.CaptureFixture[str],
) -> None:
    os.write(1, b"before\n")
    stdout = sys.stdout
    with listening(Heard()) as heard, contextlib.suppress(LookupError), contained("outer"):
        print("o")
        with contained("inner"):
            print("no end", end="")
        os.write(1, "\x1b[31mé\n".encode())
        raise LookupError
    assert sys.stdout is stdout
    os.write(1, b"after\n")
    assert capfd.readouterr() == ("before\nafter\n", "")
    assert heard.take() == ["outer: o", "inner: no end", "outer: \x1b[31mé"]


def test_a_flood_is_cut_and_counted() -> None:
    with listening(Heard()) as heard, contained("loud"):
        for number in range(calls._MOST_LINES + 5):
            print(number)
    lines = heard.take()
    assert len(lines) == calls._MOST_LINES + 1
    assert lines[-1] == "… and 5 more lines of plugins"


def test_without_a_listener_a_plugin_is_heard_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with contained("rule 'x' of y 1"):
        print("hello")
    assert capfd.readouterr() == ("", "rule 'x' of y 1: hello\n")


# ----------------------------------------------------------------------------------- changing what others see

CHANGES = {
    "a title": ("context.nodes[0].title = ''", "curriculum"),
    "the list of nodes": ("context.nodes.clear()", "curriculum"),
    "a list in a node": ("context.nodes[1].prerequisites.append('zz')", "curriculum"),
    "the document": ("context.document['nodes'] = []", "document"),
    "the spec": ("context.spec.scope_in.clear()", "spec"),
    "the index": ("context.index.prerequisites[0].append(1)", "index"),
    "what the index works out": ("context.index.order.reverse()", "index"),
    "the graph": ("context.graph.remove_node('a')", "graph"),
    "where the concepts stand": ("context.concept_positions['a'] = 0", "concept_positions"),
    "the reading": ("context.reading = 3", "reading"),
    "the evidence": ("context.evidence[(0, 1)] = None", "evidence"),
    "an attribute": ("context.nodes = []", "nodes"),
    "one of its own": ("context.memory = 3", "memory"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_rule_that_changes_the_context_changes_its_own_view_and_is_named(
    site: SitePackages, change: str
) -> None:
    deed, name = CHANGES[change]
    rule(site, CHECK + f"{deed}; return []", name="a.vandal")
    seen = (
        "len(context.nodes) == len(context.document['nodes']) == len(context.graph) == 2 and "
        "context.nodes[0].title and context.spec.scope_in and context.index.prerequisites == [[], [0]] and "
        "context.index.order == [0, 1] and not context.evidence and not context.concept_positions and "
        "context.reading is None and not hasattr(context, 'memory')"
    )
    rule(site, CHECK + f"return [] if {seen} else [Finding('I see something else')]", name="b.witness")
    validation, heard = judged(site)
    vandal, witness = validation.outcomes
    assert (vandal.status, witness.status, witness.notes) == ("clean", "clean", [])
    (note,) = vandal.notes
    assert note.startswith(f"rule 'a.vandal' of a-vandal 4.2 changed what it was given (subject.{name}")
    assert heard == [note]


def test_the_rule_that_changed_its_view_is_named_in_every_report(
    site: SitePackages, runner: CommandRunner
) -> None:
    run = run_with(runner)
    rule(site, CHECK + "context.nodes.clear(); return []")
    done = runner.ok("validate", "latest", "--json")
    (row,) = [r for r in done.json["rules"] if r["rule_id"] == "house.rule"]
    assert row["notes"][0].startswith("rule 'house.rule' of house-rule 4.2 changed what it was given")
    assert row["notes"][0] in done.err
    assert (
        "Rules that did not keep to their part" in (run / "outputs/reviews/validation_report.md").read_text()
    )


def test_a_finding_is_the_host_s_own_once_it_was_yielded(site: SitePackages) -> None:
    body = (
        "f = Finding('first', pointer='/nodes/0'); yield f; f.message = 'second'; f.pointer = '/nodes/1'; "
        "yield f"
    )
    rule(site, CHECK + body)
    validation, _ = judged(site)
    assert [(f.message, f.pointer) for f in validation.findings] == [
        ("first", "/nodes/0"),
        ("second", "/nodes/1"),
    ]


def test_an_exporter_of_a_report_cannot_turn_its_verdict(site: SitePackages, runner: CommandRunner) -> None:
    run_with(runner, curriculum_of({"id": "a", "prerequisites": ["nobody"]}))
    exporter(site, "context.document['passed'] = True; return 'all is well\\n'", "report")
    done = failed(runner("validate", "latest", "--format", "fax"), "validation_failed")
    assert done.out == "all is well\n"


def test_no_built_in_rule_changes_what_it_is_given() -> None:
    """They look at the subject itself, for speed: so this holds them to it, on a view."""
    host = Host(Selection(third_party=False))
    nodes = [
        {"id": "a", "title": "A"},
        {"id": "b", "prerequisites": ["a", "a", "c"]},
        {"id": "c", "prerequisites": ["b", "a"]},
    ]
    data, spec = (
        json.dumps(curriculum_of(*nodes)).encode(),
        json.dumps(complete_spec({"evidence_mode": "strict"})).encode(),
    )
    context = RunContext(data, spec)
    judge = Judge(host, {})
    judge.prepare()
    for active in judge._active:
        view = context.view()
        assert active.rule is not None
        list(
            active.rule.check(view, active.options)
            if not active.plugin.info.requires or active.plugin.id.startswith("schema")
            else _sheltered(active, view)
        )
        assert view.altered() == [], active.plugin.id


def _sheltered(active: Any, view: RunContext) -> list[Finding]:
    """Its findings on a document that the rules it requires may object to; then it may raise."""
    try:
        return list(active.rule.check(view, active.options))
    except Exception:
        return []


# ------------------------------------------------------------------------------------------------------- slow


def test_a_slow_plugin_is_named_with_its_seconds(
    site: SitePackages, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_with(runner)
    monkeypatch.setattr(calls, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr("dagogy.pipeline.judge.SLOW_SECONDS", -1.0)
    exporter(site, "return ''")
    done = runner.ok("export", "latest", "--format", "fax", "--json")
    assert done.json["slow_plugins"] == [
        {"plugin": "fax", "kind": "exporter", "distribution": "fax 2.0", "seconds": 0.0}
    ]
    assert "exporter 'fax' of fax 2.0 took 0.0 s of processor time\n" in done.err
    rule(site, CHECK + "return []")
    done = runner.ok("validate", "latest", "--json")
    (row,) = [r for r in done.json["rules"] if r["rule_id"] == "house.rule"]
    assert row["slow_seconds"] == 0.0
    assert row["notes"] == ["rule 'house.rule' of house-rule 4.2 took 0.0 s of processor time"]
    assert row["notes"][0] in done.err


def test_what_all_rules_share_is_no_rule_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr("dagogy.pipeline.rule_context.processor_seconds", lambda: float(next(now)))
    context = RunContext(json.dumps(curriculum_of()).encode(), json.dumps(complete_spec({})).encode())
    assert context.index.ids == ["a"]
    assert context.built_seconds == 1.0
    assert context.curriculum.topic
    assert context.built_seconds == 1.0


def test_the_time_that_others_take_of_a_busy_machine_is_no_plugin_s(
    site: SitePackages, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(site, CHECK + "return []")
    clock = itertools.count(0.0, 1000.0)
    for name in ("perf_counter", "monotonic"):
        monkeypatch.setattr(time, name, lambda: next(clock))
    validation, heard = judged(site)
    assert (validation.outcomes[0].notes, validation.outcomes[0].slow_seconds, heard) == ([], None, [])


def test_a_healthy_run_of_rules_has_nothing_to_note(site: SitePackages) -> None:
    rule(site, CHECK + "return [Finding('x', pointer='/nodes/0/title')]")
    validation, heard = judged(site)
    assert (validation.outcomes[0].notes, validation.outcomes[0].slow_seconds, heard) == ([], None, [])


# ------------------------------------------------------------------------------------- what a rule may answer


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "return None",
            (
                "its check returned None; it must yield findings or return a list of them, an empty one "
                "where there are none"
            ),
        ),
        ("return 7", "its check returned int, not findings"),
        ("return 'clean'", "its check returned str, not findings"),
        (
            "yield Finding('x', pointer='nodes/0')",
            "its finding 'x' has the pointer 'nodes/0', which is no JSON Pointer (RFC 6901)",
        ),
        (
            "yield Finding('x', pointer='/nodes/0/ti~tle')",
            "which is no JSON Pointer (RFC 6901): ~ is written ~0",
        ),
        (
            "yield Finding('x', pointer='/nodes/99')",
            "its finding 'x' points to '/nodes/99', and there is nothing there in the curriculum",
        ),
        ("yield Finding('x', pointer='/nodes/00')", "points to '/nodes/00', and there is nothing there"),
        (
            "yield Finding('x', pointer='/nodes/0/titel')",
            "points to '/nodes/0/titel', and there is nothing there in the curriculum",
        ),
        (
            "yield Finding('x', pointer='/scope_in/7', document='topic_spec')",
            "there is nothing there in the topic spec",
        ),
        (
            "yield Finding('x', document='plan')",
            "is about the document 'plan'; known: curriculum, topic_spec",
        ),
        ("yield Finding('x', node_id=3)", "has the node_id 3, which is no text"),
        ("yield Finding('\\ud800')", "holds half of a surrogate pair"),
        (
            "yield Finding('x', fix=Fix('safe', 'd', [{'op': 'remove', 'path': '/nodes/9'}]))",
            "has a fix that cannot be applied: ",
        ),
        (
            "yield Finding('x', fix=Fix('safe', 'd', [{'op': 'remove', 'path': '/nodes/0/nope'}]))",
            "its paths: '/nodes/0/nope'",
        ),
        (
            "yield Finding('x', fix=Fix('safe', 'd', [{'op': 'remove', 'path': 'nodes'}]))",
            "has a fix with the path 'nodes', which is no JSON Pointer",
        ),
        (
            "yield Finding('x', fix=Fix('safe', 'd', [{'op': 'test', 'path': '/topic', 'value': 'no'}]))",
            "has a fix whose test does not hold",
        ),
        (
            "yield Finding('x', fix=Fix('safe', 'd', [{'op': 'erase', 'path': '/topic'}]))",
            "has a fix that cannot be applied: ",
        ),
        ("yield Finding('x', fix=Fix('safe', 'd', ['remove']))", "which is no operation of RFC 6902"),
        (
            "yield Finding('x', fix=Fix('safe', 'd', [{'op': 'replace', 'path': '/topic', 'value': {1}}]))",
            "has a fix that cannot be written as JSON",
        ),
        ("yield Finding('x', fix=Fix('maybe', 'd', []))", "has a fix with safety 'maybe'"),
        ("yield 3", "it yielded 3, which is neither a Measure nor a Finding with a message and a pointer"),
        (
            "yield Measure('', {})",
            "it yielded a measure with the name ''; a text that is not empty is wanted",
        ),
        ("yield Measure(7, {})", "it yielded a measure with the name 7"),
        ("yield from [Measure('m', {}), Measure('m', {})]", "its measure 'm' was yielded twice"),
        (
            "yield Measure('m', ['a'])",
            "its measure 'm' has something else in `met` than shares from 0 to 1 by text",
        ),
        ("yield Measure('m', {3: True})", "has something else in `met`"),
        ("yield Measure('m', {'a': 1.5})", "has something else in `met`"),
        ("yield Measure('m', {'a': float('nan')})", "has something else in `met`"),
        ("yield Measure('m', {'a': None})", "has something else in `met`"),
        (
            "yield Measure('m', {'a': 1, 'b': 1}, total=1)",
            "its measure 'm' has a total of 1 for 2 things in `met`",
        ),
        ("yield Measure('m', {}, total='all')", "its measure 'm' has a total of 'all' for 0 things in `met`"),
        (
            "yield Measure('m', {}, protected='yes')",
            "its measure 'm' has 'yes' in `protected`, which is neither True nor False",
        ),
        ("yield Measure('m', {'\\ud800': 1})", "its measure 'm' holds half of a surrogate pair"),
        (
            "yield Finding('x', fix='mend it')",
            "it yielded a finding in which the patch of its fix is a str, not a list of operations",
        ),
    ],
)
def test_what_a_rule_answers_wrongly_is_said_in_words(site: SitePackages, body: str, expected: str) -> None:
    assert expected in reason(site, CHECK + body)


def test_an_async_check_is_said_to_be_one(site: SitePackages, recwarn: pytest.WarningsRecorder) -> None:
    wanted = "plugins are called without an event loop: make it a plain function that yields findings"
    assert wanted in reason(site, "async def check(self, context, options):\n        return []")
    rule(site, "async def check(self, context, options):\n        yield Finding('x')", name="b.rule")
    validation, _ = judged(site)
    assert wanted in validation.outcomes[0].reason
    assert not [w for w in recwarn if "never awaited" in str(w.message)]


def test_what_a_rule_found_before_it_raised_is_kept(site: SitePackages) -> None:
    rule(site, CHECK + "yield Finding('kept', pointer='/nodes/0')\n        raise LookupError('lost')")
    validation, _ = judged(site)
    assert [f.message for f in validation.findings] == ["kept"]
    assert not validation.passed


def test_what_a_rule_measured_before_it_raised_does_not_count(site: SitePackages) -> None:
    rule(site, CHECK + "yield Measure('m', {'a': 1})\n        raise LookupError('lost')")
    validation, _ = judged(site)
    assert validation.measures == []


def test_a_measure_is_copied_so_that_its_rule_can_change_it_no_more(site: SitePackages) -> None:
    rule(
        site,
        CHECK
        + (
            "met = {'a': True, 'b': 0.5}\n        yield Measure('m', met, rule_id='somebody.else')\n"
            "        met['a'] = met['c'] = 0"
        ),
    )
    validation, _ = judged(site)
    (measure,) = validation.measures
    assert (measure.rule_id, measure.name, measure.met, measure.value, measure.protected) == (
        "house.rule",
        "m",
        {"a": True, "b": 0.5},
        0.75,
        False,
    )
    assert (validation.passed, validation.score, [o.status for o in validation.outcomes]) == (
        True,
        100,
        ["clean"],
    )


def test_measures_are_in_every_report(site: SitePackages, runner: CommandRunner) -> None:
    run = run_with(runner)
    rule(
        site,
        CHECK
        + (
            "return [Measure('kept', {'a': 1, 'b': 0}, 4, protected=True), Measure('loose', {'a': 1}), "
            "Measure('nothing', {})]"
        ),
    )
    report = runner.ok("validate", "latest", "--json").json
    theirs = [m for m in report["measures"] if m["rule_id"] == "house.rule"]
    assert [(m["name"], m["value"], m["protected"]) for m in theirs] == [
        ("kept", 0.25, True),
        ("loose", 1.0, False),
        ("nothing", None, False),
    ]
    lines = (
        (run / "outputs/reviews/validation_report.md")
        .read_text()
        .split("## Measures\n\n")[1]
        .split("\n\n")[0]
        .splitlines()
    )
    assert lines[-2:] == [
        "- kept: 0.25 of 1 (`house.rule`; no repair may lower it)",
        "- loose: 1 of 1 (`house.rule`)",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "yield Finding('x', pointer='')",
        "yield Finding('x', pointer='/open_questions')",  # is missing, and that may be the finding
        "yield Finding('x', pointer='/nodes/0/estimate_confidence', node_id='a')",
        (
            "yield Finding('x', fix=Fix('safe', 'd', [{'op': 'test', 'path': '/nodes/1/id', 'value': 'b'}, "
            "{'op': 'remove', 'path': '/nodes/1'}]))"
        ),
        (
            "yield Finding('x', fix=Fix('unsafe', 'd', [{'op': 'add', 'path': '/open_questions', 'value': "
            "[]}, {'op': 'remove', 'path': '/open_questions'}]))"
        ),
    ],
)
def test_a_sound_answer_is_taken_and_trying_its_fix_changes_nothing(site: SitePackages, body: str) -> None:
    rule(site, CHECK + body)
    rule(
        site,
        CHECK
        + (
            "return [] if len(context.document['nodes']) == 2 and 'open_questions' not in context.document "
            "else [Finding('changed')]"
        ),
        name="z.after",
    )
    validation, _ = judged(site)
    assert [o.status for o in validation.outcomes] == ["findings", "clean"], validation.outcomes


# ------------------------------------------------------------------------------------- whose fault, and where


def test_an_exception_is_reported_with_the_file_and_line_of_the_plugin_s_own_code(site: SitePackages) -> None:
    text = reason(site, CHECK + "import json\n        json.loads('{')")
    # Two lines of head, an empty one, the class, `def`, `import`, and the call: not the line of the json
    # module, where it was raised.
    assert text.startswith("rule of house-rule 4.2 raised JSONDecodeError: ")
    assert text.endswith("(house_rule_impl.py:7)")


def test_an_exception_that_cannot_be_shown_is_reported_all_the_same(site: SitePackages) -> None:
    rule(
        site,
        CHECK + "class Odd(Exception):\n            def __str__(self): raise LookupError\n        raise Odd",
    )
    validation, _ = judged(site)
    assert "raised Odd: (its message raised LookupError)" in validation.outcomes[0].reason


def test_debug_shows_the_plugin_s_frames(site: SitePackages, made: Path) -> None:
    rule(site, CHECK + "self.deeper()\n    def deeper(self):\n        raise LookupError('lost')")
    done = site.run("validate", "latest", cwd=made, DAGOGY_PLUGINS="house.rule")
    assert "Traceback" not in done.stderr
    assert "LookupError: lost (house_rule_impl.py:8)" in done.stderr
    done = site.run("validate", "latest", "--debug", cwd=made, DAGOGY_PLUGINS="house.rule")
    assert "Traceback" in done.stderr
    assert "in deeper\n" in done.stderr
    assert "LookupError: lost\n" in done.stderr


@pytest.mark.parametrize(
    "where",
    {
        "check": CHECK + "raise MemoryError",
        "init": "def __init__(self, info): raise MemoryError",
        "a kind of it": CHECK + "class Mine(MemoryError): pass\n        raise Mine('array')",
    }.items(),
    ids=lambda item: item[0],
)
def test_no_memory_left_in_a_rule_is_out_of_memory_and_not_its_author_s_fault(
    site: SitePackages, runner: CommandRunner, where: tuple[str, str]
) -> None:
    run_with(runner)
    rule(site, where[1])
    done = failed(runner("validate", "latest"), "io_error")
    assert done.err.startswith("[io_error] out of memory in rule 'house.rule' of house-rule 4.2\n")
    assert "author" not in done.err
    assert "incident out_of_memory: " in done.err


def test_no_memory_left_in_an_exporter_or_at_import_is_out_of_memory(
    site: SitePackages, runner: CommandRunner
) -> None:
    run_with(runner)
    exporter(site, "raise MemoryError")
    assert "incident out_of_memory: " in failed(runner("export", "latest", "--format", "fax"), "io_error").err
    rule(site, CHECK + "return []", impl_head="raise MemoryError")
    assert "incident out_of_memory: " in failed(runner("validate", "latest"), "io_error").err


PROVIDER = HEAD + (
    "@hookimpl\ndef dagogy_providers():\n    yield ProviderInfo(id='echo', summary='Echoes.', "
    "api_version=1, impl='echo_impl:It', needs_network=False)\n"
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise LookupError('lost')", "raised LookupError: lost (echo_impl.py:5)"),
        ("return True", "answered ready() with True, not with a Readiness of texts"),
        ("return None", "answered ready() with None, not with a Readiness of texts"),
        ("return Readiness(ready=True, message=None)", "not with a Readiness of texts"),
    ],
)
def test_a_ready_that_fails_is_the_provider_s_fault(
    site: SitePackages, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, body: str, expected: str
) -> None:
    modules = {
        "echo": PROVIDER,
        "echo_impl": f"{HEAD}class It(Provider):\n    def ready(self):\n        {body}\n",
    }
    site.plugin("echo", "1.5", entry_points={"provider": {"echo": "echo"}}, modules=modules)
    monkeypatch.setenv("AGENT_PROVIDER", "echo")
    done = failed(runner("doctor"), "plugin_error")
    assert "provider 'echo' of echo 1.5 " in done.err
    assert expected in done.err


def test_an_async_ready_is_said_to_be_one(
    site: SitePackages, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = {
        "echo": PROVIDER,
        "echo_impl": f"{HEAD}class It(Provider):\n    async def ready(self):\n        return True\n",
    }
    site.plugin("echo", "1.5", entry_points={"provider": {"echo": "echo"}}, modules=modules)
    monkeypatch.setenv("AGENT_PROVIDER", "echo")
    assert (
        "provider 'echo' of echo 1.5 answered with a coroutine"
        in failed(runner("doctor"), "plugin_error").err
    )


@pytest.mark.parametrize(
    "options",
    [
        "Options = dict",
        "Options = 7",
        "import pydantic\n    class Options(pydantic.BaseModel):\n        most: int = 3",
    ],
)
@pytest.mark.parametrize("command", [("explain", "house.rule"), ("doctor",)])
def test_an_options_class_that_is_none_is_the_rule_s_fault(
    site: SitePackages, runner: CommandRunner, options: str, command: tuple[str, ...]
) -> None:
    rule(site, options)
    done = failed(runner(*command), "plugin_error")
    assert "rule 'house.rule' of house-rule 4.2" in done.err
    assert "not a subclass of dagogy.api.rules.Options" in done.err


DEFAULTS = {
    "none at all": ("most: int", "option 'most' has no default", True),
    "out of range": ("most: Annotated[int, Field(ge=1)] = 0", "greater than or equal to 1", False),
    "of another type": ("most: tuple[str, ...] = 3", "valid tuple", False),
    "an unknown type": ("most: 'Nmuber' = 3", "Nmuber", False),
}


@pytest.mark.parametrize("how", DEFAULTS)
def test_the_kit_checks_the_defaults_of_options_and_one_that_is_missing_is_the_rule_s_fault(
    site: SitePackages, runner: CommandRunner, how: str
) -> None:
    declared, reason, fails = DEFAULTS[how]
    head = "from typing import Annotated\nfrom dagogy.api.rules import Field, Options"
    rule(site, f"class Options(Options):\n        {declared}\n    {CHECK}return []", impl_head=head)
    assert (runner("doctor").status == 11) is fails
    host = site.host()
    plugin = host.get("rule", "house.rule")
    assert reason in dict(promises(host, plugin, host.implementation(plugin)))["its options"]


WRONG = {
    "reader": ("order='first'", "order='first' is not of the type that ReaderInfo declares, int"),
    "provider": (
        "settings=('ECHO_KEY',)",
        "settings=('ECHO_KEY',) is not of the type that ProviderInfo declares, tuple[Setting, ...]",
    ),
    "rule": ("severity='error', groups=3", "groups=3 is not a tuple of texts"),
    "classifier": (
        "incidents=('x',), escalations=4",
        "escalations=4 is not of the type that ClassifierInfo declares, tuple[Escalation, ...]",
    ),
    "recovery": (
        "incidents=('x',), safety='safe', order='first'",
        "order='first' is not of the type that RecoveryInfo declares, int",
    ),
    "probe": (
        "incidents=('x',), seconds='2'",
        "seconds='2' is not of the type that ProbeInfo declares, float",
    ),
    "exporter": (
        "subject='plan', media_type=None",
        "media_type=None is not of the type that ExporterInfo declares, str",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_description_with_a_value_of_the_wrong_type_is_refused(site: SitePackages, kind: str) -> None:
    values, message = WRONG[kind]
    names = {"recovery": "recoveries"}
    described = f"{kind.capitalize()}Info(id='x', summary='S.', api_version=1, impl='a:b', {values})"
    source = f"{HEAD}@hookimpl\ndef dagogy_{names.get(kind, kind + 's')}():\n    yield {described}\n"
    site.plugin("odd", "1.1", entry_points={kind: {"x": "odd"}}, modules={"odd": source})
    (plugin,) = site.host().load(kind)
    assert plugin.state == "failed"
    assert message in plugin.reason


def test_a_timeout_of_a_provider_that_is_no_number_is_the_provider_s_fault(
    site: SitePackages, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.plugin(
        "echo",
        "1.5",
        entry_points={"provider": {"echo": "echo"}},
        modules={"echo": PROVIDER.replace("needs_network", "default_timeout_seconds='long', needs_network")},
    )
    monkeypatch.setenv("AGENT_PROVIDER", "echo")
    assert (
        "default_timeout_seconds='long' is not of the type that ProviderInfo declares, float"
        in failed(runner("doctor"), "plugin_error").err
    )


# ----------------------------------------------------------------------------------------------- its incident


def test_a_plugin_s_failure_is_an_incident_and_what_it_raised_may_say_which_other_one(
    site: SitePackages, runner: CommandRunner
) -> None:
    run_with(runner)
    exporter(site, "raise LookupError('lost')")
    done = failed(runner("export", "latest", "--format", "fax"), "plugin_error")
    assert "\nincident plugin_error: " in done.err
    assert runner.ok("explain", "plugin_error", "--json").json["incident"]["actions"]
    (site.folder / "fax_impl.py").write_text(
        f"{HEAD}class It(Exporter):\n    def export(self, context):\n        import not_there_at_all\n"
    )
    sys.modules.pop("fax_impl", None)
    done = failed(runner("export", "latest", "--format", "fax"), "plugin_error")
    assert "\nincident environment_incompatible: " in done.err


@pytest.mark.slow
def test_a_rule_that_could_not_run_is_a_plugin_s_incident_and_recover_can_leave_it_out(
    site: SitePackages, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_with(runner)
    rule(site, CHECK + "raise LookupError('lost')")
    done = failed(runner("validate", "latest"), "validation_failed")
    assert "\nincident plugin_error: " in done.err
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    refused = runner("recover", "latest", "--json")
    assert refused.status != 0
    assert "DAGOGY_DISABLE=house.rule dagogy validate" in refused.out
    recovered = runner("recover", "latest", "--unsafe", "--json")
    assert recovered.status == 0, recovered.err
    assert "leave-out-plugin" in recovered.out


# ----------------------------------------------------------------------------------------------------- doctor


def test_doctor_imports_every_implementation(site: SitePackages, runner: CommandRunner) -> None:
    assert runner.ok("doctor")
    rule(site, CHECK + "return []", impl_head="import not_there_at_all")
    exporter(site, "return ''")
    done = failed(runner("doctor"), "plugin_error")
    assert (
        "house.rule of house-rule 4.2: its implementation house_rule_impl:It cannot be imported: "
        "ModuleNotFoundError: No module named 'not_there_at_all'"
    ) in done.err
    assert "fax" not in done.err


def test_doctor_names_groups_that_nobody_loads_and_requires_that_nobody_meets(
    site: SitePackages, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.plugin(
        "stray",
        "3.1",
        entry_points={
            "dagogy.rule": {"x": "stray"},
            "dagogy.dreams": {"y": "stray"},
            "console_scripts": {"z": "stray"},
        },
        modules={},
    )
    rule(site, CHECK + "return []", requires="'schema.curriculm',")
    done = failed(runner("doctor"), "plugin_error")
    assert (
        "stray 3.1 has plugins in the entry-point group 'dagogy.rule', which dagogy does not know (did "
        "you mean 'dagogy.rules'?)"
    ) in done.err
    assert "'dagogy.dreams', which dagogy does not know" in done.err
    assert "console_scripts" not in done.err
    wanted = (
        "rule 'house.rule' of house-rule 4.2 requires the rule 'schema.curriculm', which is not installed "
        "(did you mean 'schema.curriculum'?)"
    )
    assert wanted in done.err
    monkeypatch.setenv("DAGOGY_DISABLE", "house.rule")
    assert wanted not in failed(runner("doctor"), "plugin_error").err


def test_every_command_has_stdout_for_itself_alone(runner: CommandRunner) -> None:
    """The list of commands still goes where it should, though descriptor 1 is stderr's."""
    done = dagogy("--help", cwd=runner.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(COMMANDS) <= set(done.stdout.split())


@pytest.mark.slow
def test_who_is_interrupted_where_a_plugin_s_call_begins_or_ends_still_finds_stdout(
    tmp_path: Path,
) -> None:
    """At each call of a function there, ours and the standard library's."""

    def child(number: int) -> int:
        left, reached = number, False

        def profile(frame: Any, event: str, argument: Any) -> None:
            nonlocal left, reached
            left -= event == "call"
            if left == 0:
                sys.setprofile(None)
                reached = True
                raise KeyboardInterrupt

        sys.stdout = sys.__stdout__ = io.TextIOWrapper(
            io.FileIO(1, "w", closefd=False), "utf-8", write_through=True
        )
        try:  # contextlib.suppress is a function more to be interrupted
            sys.setprofile(profile)
            with contained("a plugin"):
                pass
            sys.setprofile(None)
        except KeyboardInterrupt:
            pass
        stream = own_stdout()
        assert stream is not None
        stream.write("answer")
        stream.flush()
        return 0 if reached else 1

    for number in itertools.count(1):
        done = forked(lambda number=number: child(number), tmp_path)
        assert done.out == "answer", (number, done.err)
        if done.status == 1:
            break
        assert done.status == 0, done.err
    assert number > 10
