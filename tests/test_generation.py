"""The generation loop, driven by providers that answer from a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from dagogy.api import ProviderInfo
from dagogy.api.errors import ConfigError, DagogyError, PluginError, ProviderError
from dagogy.api.providers import (
    Proposal,
    ProposeRequest,
    Provider,
    ProviderSettings,
    Readiness,
    RepairInvalidRequest,
    RepairRequest,
)
from dagogy.api.rules import Finding, Fix
from dagogy.api.scope import EdgeEvidence, ScopeConcept, ScopeEdge, ScopeReading
from dagogy.contracts.check import schema_problems
from dagogy.host.manager import Host, Selection
from dagogy.kit.cases import complete_spec
from dagogy.pipeline.judge import Judge, Outcome, ValidationResult
from dagogy.pipeline.repair_batch import RepairBatch
from dagogy.pipeline.rule_context import RunContext
from dagogy.pipeline.ruleset import RuleConfig
from dagogy.pipeline.stages.loop import Draft, DraftStore, Generation, Loop, LoopLimits
from dagogy.workspace.files import to_json
from support import CommandRunner, SitePackages, curriculum_of, failed

INFO = ProviderInfo(id="script", summary="s", api_version=1, impl="x:X")
ORIGIN = "dagogy-provider-script 1.2"


class Scripted(Provider):
    """Answers one call after the other from a list; an exception is raised, a callable is called."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(INFO, ProviderSettings())
        self.answers = list(answers)
        self.asked: list[ProposeRequest] = []

    def ready(self) -> Readiness:
        return Readiness(ready=True, message="")

    def propose(self, request: ProposeRequest) -> Proposal:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer  # type: ignore[no-any-return]

    repair = propose  # type: ignore[assignment]


class ByTopic:
    """A judge that finds what the topic says, `errors/warnings[/safe fixes]`, so that a
    script can choose its scores.
    """

    def judge(self, context: Any) -> ValidationResult:
        errors, warnings, fixes = (*map(int, context.curriculum.topic.split("/")), 0)[:3]
        findings = [Finding(f"e{i}", "/topic", rule_id=f"r{i}", severity="error") for i in range(errors)]
        findings += [Finding(f"w{i}", "/topic", rule_id=f"w{i}", severity="warning") for i in range(warnings)]
        if fixes:
            better = f"{max(errors - 1, 0)}/{warnings}/{fixes - 1}"
            findings[0].fix = Fix("safe", "one less", [{"op": "replace", "path": "/topic", "value": better}])
        score = max(0.0, 100.0 - 20 * errors - 5 * warnings)
        return ValidationResult(
            findings,
            [Outcome(f.rule_id, str(f.severity), "findings", "", 1) for f in findings],
            score,
            1,
            "rules",
        )


def draft(topic: str, **parts: Any) -> Proposal:
    return Proposal(curriculum=curriculum_of(topic=topic), **parts)


class Played(DraftStore):
    """One loop and what it handed on."""

    def __init__(self, *answers: Any, iterations: int = 4, actions: int = 4, target: float = 82.0) -> None:
        self.provider = Scripted(*answers)
        self.kept: list[str] = []
        self.lines: list[str] = []
        self.spec = to_json(complete_spec({}))
        self.loop = Loop(
            self.provider,
            ORIGIN,
            ByTopic(),  # type: ignore[arg-type]
            ProposeRequest(spec=self.context(b"", None).spec),
            LoopLimits(iterations, actions, target),
            self,
        )

    def context(self, data: bytes, reading: ScopeReading | None) -> RunContext:
        return RunContext(data, self.spec, evidence=lambda: reading)

    def keep(self, draft: Draft) -> None:
        self.kept.append(json.loads(draft.data)["topic"])

    def progress(self, line: str) -> None:
        self.lines.append(line)

    def run(self) -> Generation:
        result = self.loop.run()
        assert json.loads(result.best.data)["topic"] == self.kept[-1]
        assert result.trace["stop_reason"] == result.stop_reason
        assert schema_problems("optimization_trace", result.trace) == []
        return result


def actions_of(result: Generation) -> list[tuple[str, float, bool]]:
    return [(r["action"], r["score"], r["best"]) for r in result.trace["iterations"]]


def test_a_draft_that_reaches_the_target_is_accepted_at_once() -> None:
    played = Played(draft("0/1"))
    result = played.run()
    assert (result.accepted, result.trace["best_iteration"], len(played.provider.asked)) == (True, 1, 1)
    assert result.stop_reason.startswith("accepted: ")


def test_a_score_at_the_target_is_not_enough_while_there_is_an_error() -> None:
    result = Played(draft("1/0"), None, target=50).run()
    assert not result.accepted
    assert result.stop_reason == "no better: the provider has no repair for the findings left"


def test_a_draft_without_errors_below_the_target_is_repaired() -> None:
    result = Played(draft("0/8"), draft("0/2")).run()
    assert actions_of(result) == [("propose", 60, True), ("repair", 90, True)]
    assert result.accepted


def test_the_loop_ends_when_the_budget_is_used_up() -> None:
    played = Played(*(draft(f"{errors}/0") for errors in (4, 3, 2, 1)), iterations=3)
    result = played.run()
    assert (result.stop_reason, result.accepted, result.best.validation.score) == (
        "out of budget: 3 iterations",
        False,
        60,
    )
    assert len(played.provider.asked) == 3
    assert played.kept == ["4/0", "3/0", "2/0"]


def test_with_a_budget_of_one_nothing_is_repaired() -> None:
    played = Played(draft("1/0"), iterations=1)
    assert played.run().stop_reason == "out of budget: 1 iterations"
    assert len(played.provider.asked) == 1


@pytest.mark.parametrize("worse", ["3/0", "2/1", "2/0"])
def test_the_best_is_kept_when_a_repair_is_worse_or_no_better(worse: str) -> None:
    played = Played(draft("2/0"), *[draft(worse)] * 3, iterations=9)
    result = played.run()
    assert result.stop_reason == "no better: the repair did not raise the score"
    assert (played.kept, result.trace["best_iteration"]) == (["2/0"], 1)
    assert [(r["best"], r["rejected"]) for r in result.trace["iterations"]] == [
        (True, ""),
        *[(False, "it does not raise the score")] * 3,
    ]


class Mender(Scripted):
    """Mends what it is asked to, by rule; but what `spoils` goes wrong with it, as
    in a draft that scores less.
    """

    def __init__(self, topic: str, *, spoils: Collection[str] = (), beyond: Collection[str] = ()) -> None:
        super().__init__(draft(topic))
        self.spoils, self.beyond = spoils, beyond

    def repair(self, request: Any) -> Proposal | None:
        self.asked.append(request)
        rules = [f.rule_id for f in request.findings]
        if all(rule in self.beyond for rule in rules):
            return None
        left = [f for f in request.draft.topic.split() if f not in rules]
        return draft(
            " ".join(left if not set(rules) & set(self.spoils) else [*left, *rules, "spoilt"]) or "-"
        )


class ByWords:
    """A judge with an error for every word of the topic but a dash."""

    def judge(self, context: Any) -> ValidationResult:
        findings = [
            Finding(word, "/topic", rule_id=word, severity="error")
            for word in context.curriculum.topic.split()
            if word != "-"
        ]
        return ValidationResult(findings, [], 100.0 - 10 * len(findings), 1, "rules")


def fixed(
    topic: str, *, iterations: int = 20, actions: int = 10, **how: Any
) -> tuple[Generation, list[list[str]]]:
    """The loop with a `Mender`, and of each repair the rules whose findings it was asked to fix."""
    played = Played(iterations=iterations, actions=actions, target=100)
    played.provider = played.loop.provider = Mender(topic, **how)
    played.loop.judge = ByWords()  # type: ignore[assignment]
    result = played.run()
    return result, [[f.rule_id for f in request.findings] for request in played.provider.asked[1:]]


def test_a_refused_repair_is_tried_in_parts_until_only_what_cannot_be_fixed_is_left() -> None:
    result, asked = fixed("a b c d e", spoils=("d",))
    assert asked == [
        ["a", "b", "c", "d", "e"],
        ["a", "b"],
        ["c", "d", "e"],
        ["c"],
        ["d", "e"],
        ["d"],
        ["e"],
        ["d"],
    ]
    assert json.loads(result.best.data)["topic"] == "d"
    assert result.stop_reason == "no better: the repair did not raise the score"
    repairs = [
        ([f["rule_id"] for f in r["asked"]], r["best"], r["rejected"]) for r in result.trace["iterations"]
    ]
    low = "it does not raise the score"
    assert repairs[:4] == [
        ([], True, ""),
        (["a", "b", "c", "d", "e"], False, low),
        (["a", "b"], True, ""),
        (["c", "d", "e"], False, low),
    ]
    assert [taken for taken, best, _ in repairs if best] == [[], ["a", "b"], ["c"], ["e"]]


def test_findings_that_nothing_can_be_done_about_make_room_for_others() -> None:
    result, asked = fixed("a b c d", beyond=("a", "b"), actions=2)
    assert asked == [["a", "b"], ["c", "d"], ["a", "b"]]
    assert (json.loads(result.best.data)["topic"], result.stop_reason) == (
        "a b",
        "no better: the provider has no repair for the findings left",
    )


def test_parts_count_against_the_budget() -> None:
    result, asked = fixed("a b c d", spoils=("a",), iterations=4)
    assert asked == [["a", "b", "c", "d"], ["a", "b"], ["a"]]
    assert (json.loads(result.best.data)["topic"], result.stop_reason) == (
        "a b c d",
        "out of budget: 4 iterations",
    )


def test_findings_that_say_the_same_are_no_parts() -> None:
    result, asked = fixed("a a", spoils=("a",))
    assert asked == [["a", "a"]]
    assert result.stop_reason == "no better: the repair did not raise the score"


def findings_of(*messages: str) -> list[Finding]:
    return [
        Finding(message, f"/nodes/0/core_ideas/{k}", rule_id="r", severity="error")
        for k, message in enumerate(messages)
    ]


def letters(findings: list[Finding]) -> str:
    return "".join(f.message for f in findings)


def refusals(batch: RepairBatch, findings: list[Finding]) -> list[str]:
    """What is asked for, one repair after the other, where all of them are refused; at most nine."""
    asked: list[str] = []
    while len(asked) < 9 and (part := batch.next(findings)):
        asked.append(letters(part))
        batch.refused(part, "no")
    return asked


def test_a_part_is_halved_between_findings_that_say_different_things() -> None:
    assert refusals(RepairBatch(9), findings_of("a", "a", "b")) == ["aab", "aa", "b"]


def test_a_part_that_grew_is_asked_for_in_as_many_repairs_as_it_takes() -> None:
    batch = RepairBatch(2)
    batch.refused(batch.next(findings_of("a", "b")), "no")
    # Each comes once: that there are more that say the same is no reason to ask for what was refused.
    assert refusals(batch, findings_of("b", "a", "a", "a", "b", "c")) == ["aa", "bb", "c"]


def test_what_a_part_has_beyond_the_limit_comes_next() -> None:
    batch = RepairBatch(4)
    batch.refused(batch.next(findings_of("a", "b", "c", "d")), "no")
    assert letters(batch.next(findings_of("a", "a", "a", "a", "b", "c"))) == "aaaa"
    batch.fixed()
    assert letters(batch.next(findings_of("b", "c"))) == "b"
    assert letters(batch.next(findings_of("c"))) == "c"


UNREADABLE = [
    [],
    "text",
    7,
    {"topic": "t"},
    {"topic": "t", "nodes": [{"id": "a"}]},
    {"topic": "t", "nodes": [], "more": 1},
    {"topic": "\ud800", "nodes": []},
]


@pytest.mark.parametrize("document", UNREADABLE)
def test_a_draft_that_does_not_meet_the_schema_is_handed_to_repair_invalid_as_it_is(document: Any) -> None:
    class Salvor(Scripted):
        def repair_invalid(self, request: RepairInvalidRequest) -> Proposal:
            self.asked.append(request)
            return draft("1/1")

    played = Played(None, target=100)
    played.provider = played.loop.provider = Salvor(Proposal(curriculum=document), None)
    played.loop.judge = OrUnreadable()  # type: ignore[assignment]
    played.keep = lambda draft: None  # type: ignore[method-assign]
    result = played.loop.run()
    request = played.provider.asked[1]
    assert isinstance(request, RepairInvalidRequest)
    seen = {"topic": "?", "nodes": []} if document == UNREADABLE[-1] else document
    assert request.document == ({**seen, "schema_version": "1.1"} if isinstance(seen, dict) else seen)
    assert [f.rule_id for f in request.findings] == ["schema"]
    # It scores less than what cannot be read, about which the rules have less to say.
    assert actions_of(result)[:2] == [("propose", 80, True), ("repair", 75, True)]


class OrUnreadable(ByTopic):
    def judge(self, context: Any) -> ValidationResult:
        if context.schema_problems("curriculum"):
            return ValidationResult(
                [Finding("m", "", rule_id="schema", severity="error")], [], 80.0, 0, "rules"
            )
        return super().judge(context)


def test_a_provider_without_repair_invalid_ends_the_loop_with_the_draft_as_it_is() -> None:
    played = Played(Proposal(curriculum={"topic": "t"}))
    played.loop.judge = OrUnreadable()  # type: ignore[assignment]
    result = played.loop.run()
    assert (
        result.stop_reason
        == "no better: the draft does not meet the schema, so it cannot be repaired in place"
    )
    assert len(result.trace["iterations"]) == len(played.provider.asked) == 1


def test_below_a_score_of_nothing_fewer_errors_are_still_better() -> None:
    played = Played(draft("9/0"), draft("7/0"), draft("6/0"), None)
    assert played.run().best.validation.score == 0
    assert played.kept == ["9/0", "7/0", "6/0"]


def test_safe_fixes_go_in_before_a_repair_is_asked_for() -> None:
    played = Played(draft("2/1/2"))
    result = played.run()
    assert [r["action"] for r in result.trace["iterations"]] == ["propose", "fix", "fix"]
    assert result.trace["iterations"][1]["fixes"] == ["r0: one less"]
    assert (played.kept, result.accepted) == (["2/1/2", "1/1/1", "0/1/0"], True)


def test_a_repair_counts_with_its_safe_fixes_in_it() -> None:
    played = Played(draft("1/2"), draft("2/0/2"))
    result = played.run()
    assert [r["action"] for r in result.trace["iterations"]] == ["propose", "repair", "fix", "fix"]
    assert (played.kept, result.accepted) == (["1/2", "1/0/1", "0/0/0"], True)


def test_a_fix_that_makes_it_worse_is_not_kept() -> None:
    def worse() -> Proposal:
        return draft("1/0")

    class Misled(ByTopic):
        def judge(self, context: Any) -> ValidationResult:
            validation = super().judge(context)
            if context.curriculum.topic == "1/0":
                validation.findings[0].fix = Fix(
                    "safe", "it gets worse", [{"op": "replace", "path": "/topic", "value": "3/0"}]
                )
            return validation

    played = Played(worse, None)
    played.loop.judge = Misled()  # type: ignore[assignment]
    result = played.run()
    assert actions_of(result) == [("propose", 80, True), ("fix", 40, False)]
    assert played.kept == ["1/0"]


def test_the_worst_findings_are_handed_on_and_no_more_than_allowed() -> None:
    played = Played(draft("1/3"), None, actions=2)
    played.run()
    request = played.provider.asked[1]
    assert isinstance(request, RepairRequest)
    assert [f.severity for f in request.findings] == ["error", "warning"]
    assert request.draft.topic == "1/3"


def test_a_draft_without_findings_below_the_target_cannot_be_repaired() -> None:
    assert Played(draft("0/0"), target=100).run().accepted

    class Strict(ByTopic):
        def judge(self, context: Any) -> ValidationResult:
            return ValidationResult([], [], 90.0, 1, "rules")

    played = Played(draft("0/0"), target=95)
    played.loop.judge = Strict()  # type: ignore[assignment]
    assert played.run().stop_reason == "no better: the rules have no finding left that could be repaired"


def test_usage_and_notes_are_in_the_trace() -> None:
    result = Played(
        draft("1/0", usage={"calls": 1, "seconds": 0.5}, notes=["first"]), draft("0/0", usage={"calls": 2})
    ).run()
    assert result.trace["usage"] == {"calls": 3, "seconds": 0.5}
    assert [r["notes"] for r in result.trace["iterations"]] == [["first"], []]


@pytest.mark.parametrize("error", [ProviderError("no answer"), ConfigError("no key")])
def test_a_typed_failure_to_propose_is_passed_on(error: DagogyError) -> None:
    with pytest.raises(type(error)) as caught:
        Played(error).run()
    assert caught.value is error


def test_an_unexpected_failure_to_propose_is_the_plugins_and_names_it() -> None:
    with pytest.raises(
        PluginError, match=r"provider 'script' of dagogy-provider-script 1\.2 raised KeyError: 'x'"
    ) as caught:
        Played(KeyError("x")).run()
    assert isinstance(caught.value.__cause__, KeyError)


GARBAGE: list[tuple[Any, str]] = [
    (None, "proposed nothing"),
    ([], "answered with a list, not a Proposal"),
    ({"topic": "x"}, "answered with a dict"),
    (Proposal(curriculum={1, 2}), "something that is not JSON"),
    (Proposal(curriculum=float("nan")), "something that is not JSON"),
    (Proposal(curriculum={"topic": object()}), "something that is not JSON"),
    (draft("0/0", usage={"calls": "many"}), "whose notes"),
    (draft("0/0", usage={"calls": float("inf")}), "whose notes"),
    (draft("0/0", usage=3), "whose notes"),
    (draft("0/0", notes=[object()]), "whose notes"),
    (draft("0/0", notes="text"), "whose notes"),
]


@pytest.mark.parametrize(("answer", "expected"), GARBAGE)
def test_a_proposal_that_is_none_is_the_plugins_fault(answer: Any, expected: str) -> None:
    with pytest.raises(PluginError, match=expected):
        Played(answer).run()


def test_a_document_in_a_cycle_is_the_plugins_fault() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(PluginError, match="not JSON"):
        Played(Proposal(curriculum=cycle)).run()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *((a, t) for a, t in GARBAGE if a is not None),
        (ProviderError("no answer"), "no answer"),
        (ValueError("x"), "raised ValueError: x"),
    ],
)
def test_a_repair_that_fails_ends_the_loop_with_the_best_draft(answer: Any, expected: str) -> None:
    played = Played(draft("1/0"), answer)
    result = played.run()
    assert result.stop_reason.startswith("the provider failed: ")
    assert expected in result.stop_reason
    assert (played.kept, result.accepted) == (["1/0"], False)


def test_a_repair_that_finds_the_configuration_wrong_says_so() -> None:
    played = Played(draft("1/0"), ConfigError("the key was withdrawn"))
    with pytest.raises(ConfigError, match="withdrawn"):
        played.run()
    assert played.kept == ["1/0"]


def test_progress_tells_every_round() -> None:
    played = Played(draft("2/0/1"), draft("0/0"))
    played.run()
    assert [line.split(":")[0] for line in played.lines] == ["propose", "fix", "repair"]


PROVIDER = '''
    import json
    from pathlib import Path
    from dagogy.api import ProviderInfo, hookimpl
    from dagogy.api.errors import ProviderError
    from dagogy.api.providers import Proposal, Provider, Readiness

    @hookimpl
    def dagogy_providers():
        yield ProviderInfo(id="script", summary="s", api_version=1, impl="script_provider:Script")

    class Script(Provider):
        """Answers with the JSON documents in script.json, one after the other; a text is raised."""
        calls = 0
        def ready(self):
            return Readiness(ready=True, message="yes")
        def _next(self):
            answers = json.loads(Path("script.json").read_text())
            answer = answers[Script.calls]
            Script.calls += 1
            if answer == "typed":
                raise ProviderError("the service is down", hint="wait")
            if isinstance(answer, str):
                raise RuntimeError(answer)
            return None if answer is None else Proposal(curriculum=answer)
        def propose(self, request):
            return self._next()
        def repair(self, request):
            return self._next()
        def read_scope(self, document):
            if "RAISE" in document.text:
                raise RuntimeError("cannot read")
            if "PAIRS" in document.text:
                from dagogy.api.scope import ScopeReading
                return ScopeReading((), skipped=(("text", "reason"),))
            return ["x"] if "GARBAGE" in document.text else None
'''


@pytest.fixture
def scripted(runner: CommandRunner, site: SitePackages) -> Callable[..., Path]:
    """A run whose provider answers from a script."""
    site.plugin(
        "provider-script",
        "1.2",
        entry_points={"provider": {"script": "script_provider"}},
        modules={"script_provider": PROVIDER},
    )

    def make(*answers: Any) -> Path:
        (runner.folder / "script.json").write_text(json.dumps(answers))
        run = runner.init()
        (run / "inputs/topic_spec.json").write_text(json.dumps(complete_spec({"scope_in": ["Alpha"]})))
        return run

    return make


GOOD = curriculum_of({"id": "alpha", "title": "Alpha"})
BAD = curriculum_of({"id": "alpha", "title": "Alpha", "prerequisites": ["nowhere"]})
WORSE = curriculum_of({"id": "alpha", "title": "Alpha", "prerequisites": ["nowhere"], "core_ideas": []})


def curriculum_in(run: Path) -> Any:
    return json.loads((run / "outputs/curriculum/curriculum.json").read_bytes())


def test_the_curriculum_in_the_run_is_the_best_draft(
    runner: CommandRunner, scripted: Callable[..., Path]
) -> None:
    run = scripted(BAD, WORSE)
    result = failed(runner("run", "latest", "--provider", "script"), "validation_failed")
    assert "graph.prerequisite_integrity" in result.err
    assert curriculum_in(run) == {**BAD, "schema_version": "1.1"}
    trace = json.loads((run / "outputs/reviews/optimization_trace.json").read_bytes())
    assert (trace["best_iteration"], len(trace["iterations"]), trace["accepted"]) == (1, 2, False)
    assert runner.stage() == "generated"


def test_a_repaired_run_goes_on_to_the_end(runner: CommandRunner, scripted: Callable[..., Path]) -> None:
    run = scripted(BAD, GOOD)
    document = runner.ok("run", "latest", "--provider", "script", "--json").json
    assert (document["stage"], document["provider"], document["passed"]) == ("iterated", "script", True)
    assert curriculum_in(run) == {**GOOD, "schema_version": "1.1"}
    assert not (run / "outputs/curriculum/previous_curriculum.json").exists()


@pytest.mark.parametrize(
    ("answer", "code", "expected"),
    [
        ("typed", "provider_error", "the service is down"),
        ("boom", "plugin_error", "'script' of provider-script 1.2 raised"),
    ],
)
def test_a_provider_that_fails_leaves_the_last_curriculum(
    runner: CommandRunner, scripted: Callable[..., Path], answer: str, code: str, expected: str
) -> None:
    run = scripted(answer)
    (run / "outputs/curriculum/curriculum.json").write_text(json.dumps(GOOD))
    shown = failed(runner("run", "latest", "--provider", "script", "--json"), code)
    assert expected in shown.err
    assert shown.json["error"]["code"] == code
    assert curriculum_in(run) == GOOD


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("RAISE", "raised RuntimeError: cannot read"),
        ("GARBAGE", "read the scope document as a list"),
        ("PAIRS", "read the scope document with something in 'skipped' that is no LeftOut"),
    ],
)
def test_a_provider_that_cannot_read_a_scope_document_is_named(
    runner: CommandRunner, scripted: Callable[..., Path], word: str, expected: str
) -> None:
    scripted()
    Path("scope.md").write_text(f"# {word}\n\nText.\n")
    shown = failed(
        runner("run", "latest", "--provider", "script", "--scope-file", "scope.md"), "plugin_error"
    )
    assert f"provider 'script' of provider-script 1.2 {expected}" in shown.err


RULE = """
    from dagogy.api import RuleInfo, hookimpl
    from dagogy.api.rules import Finding, Fix, Rule
    from dagogy.api.scope import EdgeEvidence

    @hookimpl
    def dagogy_rules():
        yield RuleInfo(id="house.odd", summary="s", api_version=1, impl="odd_rule:Odd", severity="info")

    class Odd(Rule):
        '''Why.'''
        def check(self, context, options):
            yield FINDING
"""


def test_a_rule_that_fails_with_a_way_out_tells_it_in_one_line(
    runner: CommandRunner, site: SitePackages
) -> None:
    body = RULE.replace("yield FINDING", "raise StorageError('the ledger is gone', hint='put it\\n  back')")
    site.plugin(
        "rule-odd",
        "3.0",
        entry_points={"rule": {"house.odd": "odd_rule"}},
        modules={"odd_rule": "from dagogy.api.errors import StorageError\n" + dedent(body)},
    )
    run = runner.init()
    (run / "inputs/topic_spec.json").write_text(json.dumps(complete_spec({"scope_in": ["Alpha"]})))
    (run / "outputs/curriculum/curriculum.json").write_text(json.dumps(GOOD))
    message = "rule of rule-odd 3.0: the ledger is gone; put it back"
    assert (
        f"rule house.odd could not run: {message}"
        in failed(runner("validate", "latest"), "validation_failed").err
    )
    assert message in (run / "outputs/reviews/validation_report.md").read_text()


@pytest.mark.parametrize(
    "finding",
    [
        "None",
        "'text'",
        "Finding(None)",
        "Finding('m', 7)",
        "Finding('m', '', fix=Fix('safe', 'd', 'patch'))",
        "1/0",
    ],
)
def test_a_rule_whose_findings_are_none_fails_the_validation_and_is_named(
    runner: CommandRunner, site: SitePackages, finding: str
) -> None:
    site.plugin(
        "rule-odd",
        "3.0",
        entry_points={"rule": {"house.odd": "odd_rule"}},
        modules={"odd_rule": RULE.replace("FINDING", finding)},
    )
    run = runner.init()
    (run / "inputs/topic_spec.json").write_text(json.dumps(complete_spec({"scope_in": ["Alpha"]})))
    (run / "outputs/curriculum/curriculum.json").write_text(json.dumps(GOOD))
    shown = failed(runner("validate", "latest"), "validation_failed")
    reason = (
        "raised ZeroDivisionError: division by zero (odd_rule.py:"
        if finding == "1/0"
        else "cannot be used: it"
    )
    assert f"rule house.odd could not run: rule of rule-odd 3.0 {reason}" in shown.err
    assert not (run / "logs/validation.ok").exists()


# --- what a repair may not lower


class Measured:
    """The findings of `ByTopic`, with the measures of real rules, and what became of these."""

    def __init__(self, judge: Judge) -> None:
        self.rules = judge

    def judge(self, context: Any) -> ValidationResult:
        found, real = ByTopic().judge(context), self.rules.judge(context)
        return replace(found, outcomes=[*found.outcomes, *real.outcomes], measures=real.measures)


@cache
def installed() -> Judge:
    return Judge(Host(Selection(third_party=False)), {})


EDGES = ScopeReading(
    concepts=tuple(ScopeConcept(name, name.title(), (), (1, 1), "") for name in ("alpha", "beta")),
    edges=(ScopeEdge("alpha", "beta", "declared", 0.9, (1, 1), "Beta needs alpha."),),
)


def chained(topic: str, *names: str) -> Proposal:
    """A curriculum in which each node requires the one before, and the evidence that alpha comes first."""
    nodes = [
        {"id": n, "title": n.title(), "prerequisites": list(names[max(0, i - 1) : i])}
        for i, n in enumerate(names)
    ]
    return Proposal(curriculum=curriculum_of(*nodes, topic=topic), reading=EDGES)


def of_both(*answers: Any, iterations: int = 4, rules: Judge | None = None) -> Played:
    played = Played(*answers, iterations=iterations)
    played.loop.judge = Measured(rules or installed())  # type: ignore[assignment]
    written = to_json(complete_spec({"scope_in": ["Alpha", "Beta"]}))
    played.spec = written
    return played


def test_a_repair_that_raises_the_score_but_turns_the_evidenced_order_round_is_rejected() -> None:
    turned = chained("1/0", "beta", "alpha")
    result = of_both(chained("2/0", "alpha", "beta"), turned, turned, turned, iterations=9).run()
    first, second, *_ = result.trace["iterations"]
    assert (first["order"], second["order"], second["score"] > first["score"], second["best"]) == (
        1.0,
        0.0,
        True,
        False,
    )
    assert (
        second["rejected"] == "it lowers order (evidence.prerequisite_order) from 1 to 0 of 1: alpha -> beta"
    )
    assert result.stop_reason == f"no better: the repair was rejected: {second['rejected']}"
    assert result.best.reading is EDGES


def test_a_repair_that_raises_the_score_but_loses_an_item_of_the_scope_is_rejected() -> None:
    result = of_both(chained("2/0", "alpha", "beta"), chained("1/0", "beta")).run()
    second = result.trace["iterations"][1]
    assert (second["coverage"], second["best"], second["rejected"]) == (
        0.5,
        False,
        "it lowers coverage (quality.scope_coverage) from 2 to 1 of 2: Alpha",
    )


def test_a_repair_that_raises_all_three_is_taken() -> None:
    result = of_both(chained("2/0", "beta", "alpha"), chained("0/0", "alpha", "beta")).run()
    assert [(r["best"], r["order"], r["rejected"]) for r in result.trace["iterations"]] == [
        (True, 0.0, ""),
        (True, 1.0, ""),
    ]


def test_a_repair_that_reads_the_evidence_the_other_way_round_is_measured_by_what_the_first_draft_read() -> (
    None
):
    edge = EDGES.edges[0]
    turned = replace(EDGES, edges=(replace(edge, prerequisite=edge.dependent, dependent=edge.prerequisite),))
    second = (
        of_both(chained("2/0", "alpha", "beta"), replace(chained("1/0", "beta", "alpha"), reading=turned))
        .run()
        .trace["iterations"][1]
    )
    assert (second["order"], second["best"]) == (0.0, False)
    assert (
        second["rejected"] == "it lowers order (evidence.prerequisite_order) from 1 to 0 of 1: alpha -> beta"
    )


def test_without_evidence_there_is_no_order_to_lower() -> None:
    result = of_both(draft("2/0"), draft("0/0")).run()
    assert [(r["order"], r["rejected"], r["best"]) for r in result.trace["iterations"]] == [
        (None, "", True),
        (None, "", True),
    ]


def test_an_edge_that_no_statement_of_the_source_gives_may_be_turned_round() -> None:
    alone = replace(
        EDGES.edges[0],
        kind="level",
        lines=(0, 0),
        evidence="",
        pieces=(EdgeEvidence("level", 0.9, note="general knowledge: alpha is early"),),
    )
    first, second = (
        replace(p, reading=replace(EDGES, edges=(alone,)))
        for p in (chained("2/0", "alpha", "beta"), chained("1/0", "beta", "alpha"))
    )
    result = of_both(first, second).run()
    assert [(r["order"], r["rejected"], r["best"]) for r in result.trace["iterations"]] == [
        (None, "", True),
        (None, "", True),
    ]
    quoted = replace(alone, pieces=(*alone.pieces, EdgeEvidence("mention", 0.2, (1, 1), "Beta needs alpha.")))
    first, second = (replace(p, reading=replace(EDGES, edges=(quoted,))) for p in (first, second))
    assert (
        of_both(first, second).run().trace["iterations"][1]["rejected"]
        == "it lowers order (evidence.prerequisite_order) from 1 to 0 of 1: alpha -> beta"
    )


# --- measures of third parties

PICTURES = """
    from dagogy.api import RuleInfo, hookimpl
    from dagogy.api.rules import Measure, Rule
    @hookimpl
    def dagogy_rules():
        yield RuleInfo(id="RULE", summary="s", severity="info", api_version=1, impl="MODULE:Pictures", requires=("schema.curriculum",))
    class Pictures(Rule):
        '''Why.'''
        def check(self, context, options):
            if any(node.id == "bomb" for node in context.nodes):
                raise LookupError("a bomb")
            yield Measure("NAME", {node.id: "WORD" in node.capability for node in context.nodes}, protected=PROTECTED)
"""  # noqa: E501


def pictures(
    site: SitePackages,
    *,
    protected: bool = True,
    rule: str = "house.pictures",
    name: str = "illustrated",
    word: str = "picture",
    distribution: str = "house-rule",
) -> None:
    """A distribution with a rule that finds no fault with anything, and measures
    how many nodes have a picture.
    """
    module = distribution.replace("-", "_")
    body = dedent(PICTURES)
    for mark, text in {
        "RULE": rule,
        "MODULE": module,
        "NAME": name,
        "WORD": word,
        "PROTECTED": str(protected),
    }.items():
        body = body.replace(mark, text)
    site.plugin(distribution, "3.0", entry_points={"rule": {rule: module}}, modules={module: body})


def shown(topic: str, **pictured: bool) -> Proposal:
    """A curriculum of these nodes, some with a picture."""
    nodes = [
        {"id": n, "title": n.title(), "capability": "Draw a picture." if has else "Draw."}
        for n, has in pictured.items()
    ]
    return Proposal(curriculum=curriculum_of(*nodes, topic=topic))


def second_round(
    site: SitePackages, first: Proposal, second: Proposal, **configs: RuleConfig
) -> dict[str, Any]:
    """What the trace says of a repair that raises the score, under the rules of the site."""
    result = of_both(
        first,
        second,
        rules=Judge(site.host(), {name.replace("_", "."): config for name, config in configs.items()}),
    ).run()
    found: dict[str, Any] = result.trace["iterations"][1]
    assert found["score"] > result.trace["iterations"][0]["score"]
    return found


BOTH, ONE = shown("2/0", alpha=True, beta=True), shown("0/0", alpha=True, beta=False)
ILLUSTRATED = {
    "rule_id": "house.pictures",
    "name": "illustrated",
    "value": 0.5,
    "protected": True,
    "weight": 0.0,
}


def test_a_repair_that_lowers_a_protected_measure_of_a_third_party_is_rejected_with_its_rule_and_name(
    site: SitePackages,
) -> None:
    pictures(site)
    found = second_round(site, BOTH, ONE)
    assert (found["best"], found["rejected"]) == (
        False,
        "it lowers illustrated (house.pictures) from 2 to 1 of 2: beta",
    )
    assert found["measures"] == [ILLUSTRATED]


def test_a_measure_that_is_not_protected_is_in_the_trace_and_keeps_no_repair_back(site: SitePackages) -> None:
    pictures(site, protected=False)
    found = second_round(site, BOTH, ONE)
    assert (found["best"], found["rejected"], found["measures"]) == (
        True,
        "",
        [{**ILLUSTRATED, "protected": False}],
    )


def test_of_a_rule_that_is_switched_off_no_measure_is_protected(site: SitePackages) -> None:
    pictures(site)
    found = second_round(site, BOTH, ONE, house_pictures=RuleConfig(enabled=False))
    assert (found["best"], found["rejected"], found["measures"]) == (True, "", [])


def test_a_rule_of_a_milder_severity_protects_as_much(site: SitePackages) -> None:
    pictures(site)
    assert not second_round(site, BOTH, ONE, house_pictures=RuleConfig(severity="info"))["best"]


def test_what_only_one_of_two_drafts_has_is_not_compared(site: SitePackages) -> None:
    pictures(site)
    found = second_round(site, BOTH, shown("0/0", alpha=True, gamma=False, delta=False))
    assert (found["best"], found["rejected"]) == (True, "")
    assert found["measures"][0]["value"] == 0.3333


def test_a_repair_after_which_a_protected_measure_cannot_be_taken_is_rejected(site: SitePackages) -> None:
    pictures(site)
    found = second_round(site, BOTH, shown("0/0", alpha=True, beta=True, bomb=True))
    assert not found["best"]
    assert found["rejected"].startswith(
        "house.pictures can no longer measure illustrated: rule of house-rule 3.0 raised LookupError: a bomb"
    )
    assert found["measures"] == []


def test_a_safe_fix_that_lowers_a_protected_measure_is_rejected_too(site: SitePackages) -> None:
    pictures(site)
    played = of_both(shown("2/0/1", alpha=True, beta=True), iterations=1, rules=Judge(site.host(), {}))
    inner = played.loop.judge.judge

    def judge(context: RunContext) -> ValidationResult:
        found = inner(context)
        for finding in (f for f in found.findings if f.fix):
            finding.fix.patch.append({"op": "replace", "path": "/nodes/1/capability", "value": "Draw."})  # type: ignore[union-attr]
        return found

    played.loop.judge.judge = judge  # type: ignore[method-assign]
    first, fixed = played.run().trace["iterations"]
    assert (fixed["action"], fixed["score"] > first["score"], fixed["best"]) == ("fix", True, False)
    assert fixed["rejected"] == "it lowers illustrated (house.pictures) from 2 to 1 of 2: beta"


def test_a_measure_of_a_third_party_does_not_take_the_place_of_one_of_ours_in_the_trace(
    site: SitePackages,
) -> None:
    pictures(site, rule="a.pictures", name="coverage", distribution="a-rule")
    pictures(site, rule="own.drawings", name="coverage", distribution="dagogy-rule-own", word="Draw")
    found = second_round(site, BOTH, ONE)
    assert [(m["rule_id"], m["value"]) for m in found["measures"]] == [
        ("own.drawings", 1.0),
        ("a.pictures", 0.5),
    ]
    assert found["coverage"] == 1.0
    assert found["rejected"].startswith("it lowers coverage (a.pictures) ")
