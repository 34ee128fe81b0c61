"""Runs the rules and weighs what they say: the one mechanism behind `validate`, the
generation loop and the score.
"""

from __future__ import annotations

import contextlib
import copy
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal

from dagogy.api.errors import ConfigError, DagogyError, PluginError
from dagogy.api.gaps import GapCount, count_gaps
from dagogy.api.plugins import SEVERITIES, RuleInfo
from dagogy.api.rules import Finding, Fix, Measure, Rule
from dagogy.host.calls import SLOW_SECONDS, contained, is_stop, report
from dagogy.host.manager import Host, unusable
from dagogy.host.plugin import Plugin
from dagogy.pipeline.measures import lowered, own_measure, unusable_measure
from dagogy.pipeline.rule_context import RunContext, View
from dagogy.pipeline.rule_options import build_options
from dagogy.pipeline.ruleset import RuleConfig, ruleset_digest

if TYPE_CHECKING:
    from dagogy.api.providers import Requirement

Status = Literal["clean", "findings", "skipped", "failed"]
#: A rule may take so much more than `SLOW_SECONDS` for each node before it is called slow.
_SECONDS_A_NODE = 50e-6

#: What one rule can take off the score of 100, by severity. A rule with findings costs a quarter of it at
#: once and the rest in proportion to the share of nodes it finds fault with, so that one slip in a large
#: curriculum weighs less than a habit. What makes a curriculum worth anything at all (that its titles are
#: concepts, that its fields are filled) rules measure, and give the measure a weight of its own.
WEIGHT: Mapping[str, float] = {"error": 20.0, "warning": 6.0, "info": 1.0}


@dataclass(slots=True)
class Outcome:
    """What became of one rule. `findings` counts; the findings themselves are in the verdict.

    `notes`: what is odd about how it ran, for people. `slow_seconds`: what it took, where that was too long.
    """

    rule_id: str
    severity: str
    status: Status
    reason: str = ""
    findings: int = 0
    notes: list[str] = field(default_factory=list)
    slow_seconds: float | None = None


@dataclass(slots=True)
class ValidationResult:
    """All findings in the order of the rules, and what became of each rule. `measures`: those of dagogy's own
    rules first; a rule that failed has none.
    """

    findings: list[Finding]
    outcomes: list[Outcome]
    score: float
    nodes: int
    ruleset: str
    measures: list[Measure] = field(default_factory=list)
    #: None where the curriculum does not meet its schema.
    gaps: GapCount | None = None

    @property
    def failed_rules(self) -> list[Outcome]:
        return [o for o in self.outcomes if o.status == "failed"]

    @property
    def passed(self) -> bool:
        """No finding of severity `error`, and every rule could run."""
        return not self.failed_rules and not any(f.severity == "error" for f in self.findings)

    def count(self, severity: str) -> int:
        return sum(f.severity == severity for f in self.findings)

    def lowers(self, before: ValidationResult) -> str:
        """Which protected measure of an earlier draft is lower here, in words; "" where none is. One that can
        no longer be taken, since its rule could not run, counts as lower; one that its rule found nothing to
        measure for does not."""
        measured = {(m.rule_id, m.name): m for m in self.measures}
        unrun = {o.rule_id: o for o in self.outcomes if o.status in ("skipped", "failed")}
        for old in (m for m in before.measures if m.protected):
            new = measured.get((old.rule_id, old.name))
            if new is not None and (loss := lowered(new, old)):
                return loss
            if old.rule_id in unrun:
                return f"{old.rule_id} can no longer measure {old.name}: {unrun[old.rule_id].reason}"
        return ""


@dataclass(slots=True)
class _Active:
    plugin: Plugin
    config: RuleConfig
    severity: str
    rule: Rule | None = None
    options: Any = None
    requires: tuple[str, ...] = ()


class Judge:
    """The rules of this host, configured, ready to run on any number of subjects."""

    def __init__(self, host: Host, configs: Mapping[str, RuleConfig]) -> None:
        self.host = host
        self.ruleset = ruleset_digest(host, configs)
        self._active: list[_Active] = []
        self._noted: set[str] = set()
        for plugin in host.load("rule"):
            config = configs.get(plugin.id, RuleConfig())
            if config.enabled:
                severity = config.severity or (plugin.info.severity if plugin.info else "error")
                self._active.append(_Active(plugin, config, severity, requires=_required(host, plugin)))
        for line in host.aliases.conflicts:
            report(line)
        self._active = _in_order(self._active)

    def requirements(self) -> list[Requirement]:
        """Each rule that can run, with severity and effective options. Raises
        `ConfigError` as `prepare` does.
        """
        self.prepare()
        return [
            _requirement(active, active.plugin.info)
            for active in self._active
            if active.plugin.info and active.rule
        ]

    def judge(self, context: RunContext) -> ValidationResult:
        """Runs every rule on `subject`. A rule that raises is `failed`; the others go on.

        Rules of third parties get a view of their own. As long as none of them changed it, the next one gets
        the same: that costs one more decoding of the curriculum for all of them, and a comparison for each.
        """
        findings: list[Finding] = []
        outcomes: dict[str, Outcome] = {}
        measures: dict[bool, list[Measure]] = {True: [], False: []}
        nodes, view = _node_count(context), None
        for active in self._active:
            outcome = outcomes[active.plugin.id] = Outcome(active.plugin.id, active.severity, "clean")
            blocked = _blocked(active, outcomes)
            if blocked:
                outcome.status, outcome.reason = "skipped", blocked
                continue
            if active.plugin.ours:
                found, measured = self._run(active, context, outcome, nodes)
            else:
                view = view or context.view()
                found, measured = self._run(active, view, outcome, nodes, context)
                view = self._unaltered(active, view, outcome)
            outcome.findings = len(found)
            findings.extend(found)
            measures[active.plugin.ours].extend(measured)
        measured_all = measures[True] + measures[False]
        score = _score(outcomes.values(), findings, measured_all, nodes)
        return ValidationResult(
            findings,
            list(outcomes.values()),
            score,
            nodes,
            self.ruleset,
            measured_all,
            _gaps(context),
        )

    def _run(
        self,
        active: _Active,
        shown: RunContext,
        outcome: Outcome,
        nodes: int,
        context: RunContext | None = None,
    ) -> tuple[list[Finding], Sequence[Measure]]:
        """The findings and measures of one rule, which looks at `shown`. With `context` each finding must
        point to something in it.
        """
        try:
            self._prepare(active)
        except PluginError as error:
            outcome.status, outcome.reason = "failed", error.message
            return [], ()
        found: list[Finding] = []
        measured: dict[str, Measure] = {}
        origin, built = active.plugin.origin, shown.built_seconds
        with contained(active.plugin.name) as call:
            try:
                _collect(active, shown, context, found, measured)
                wrong = ""
            except DagogyError as error:
                hint = f"; {' '.join(error.hint.split())}" if error.hint else ""
                wrong = f"rule of {origin}: {error.message}{hint}"
            except _Unsound as error:
                wrong = f"rule of {origin} cannot be used: {error}"
            except BaseException as error:
                if is_stop(error):
                    raise
                wrong = f"rule of {origin} raised {active.plugin.account(error)}"
        outcome.status, outcome.reason = "failed" if wrong else "findings" if found else "clean", wrong
        took, allowed = call.seconds - (shown.built_seconds - built), SLOW_SECONDS + nodes * _SECONDS_A_NODE
        if took > allowed:
            outcome.slow_seconds = round(took, 1)
            self._note(active, outcome, f"took {took:.1f} s of processor time", f"{active.plugin.id} is slow")
        # Of a rule that did not come to its end nobody knows what it has counted.
        return found, () if wrong else tuple(measured.values())

    def _unaltered(self, active: _Active, view: View, outcome: Outcome) -> View | None:
        """The view, if the rule that looked at it left it as it was; else it is named."""
        altered = view.altered()
        if not altered:
            return view
        what = ", ".join(f"subject.{name}" for name in altered)
        deed = (
            f"changed what it was given ({what}); no other rule sees that, but its own findings may point to "
            "the wrong place"
        )
        self._note(active, outcome, deed, f"{active.plugin.id} alters")
        return None

    def _note(self, active: _Active, outcome: Outcome, deed: str, once: str) -> None:
        """What is odd about how a rule ran goes into the verdict and, once in a
        command, to whoever listens.
        """
        line = f"{active.plugin.name} {deed}"
        outcome.notes.append(line)
        if once not in self._noted:
            self._noted.add(once)
            report(line)

    def prepare(self) -> None:
        """Imports every rule and builds its options. Raises `ConfigError` for wrong ones; a broken rule is
        for the verdict to tell.
        """
        for active in self._active:
            with contextlib.suppress(PluginError):
                self._prepare(active)

    def _prepare(self, active: _Active) -> None:
        """Imports the rule and builds its options, once. Wrong options are the user's:
        `ConfigError` ends the command.
        """
        if active.rule is not None:
            return
        if active.plugin.state == "failed":
            raise active.plugin.error()
        plugin, kind = active.plugin, self.host.implementation(active.plugin)
        with contained(plugin.name):
            try:
                rule = kind(plugin.info)
                active.options = build_options(plugin.id, rule, active.config.options)
            except ConfigError:
                raise
            except BaseException as error:
                if is_stop(error):
                    raise
                plugin.fail(f"{plugin.info.impl} cannot be created: {plugin.account(error)}")
                raise plugin.error() from error
        active.rule = rule


def _required(host: Host, plugin: Plugin) -> tuple[str, ...]:
    """The ids of the rules that it requires, which it may name by former ids."""
    names = plugin.info.requires if plugin.info else ()
    return tuple(host.aliases.holders[name].id if name in host.aliases.holders else name for name in names)


def _requirement(active: _Active, info: RuleInfo) -> Requirement:
    from dagogy.api.providers import Requirement

    if active.options is None:
        return Requirement(
            rule_id=info.id, summary=info.summary, severity=active.severity, options={}, groups=info.groups
        )
    meanings = {name: option.description or "" for name, option in type(active.options).model_fields.items()}
    return Requirement(
        rule_id=info.id,
        summary=info.summary,
        severity=active.severity,
        options=dict(active.options),
        meanings=meanings,
        groups=info.groups,
    )


class _Unsound(Exception):
    """What a rule answered cannot be shown; the message says what it is, and what was wanted."""


def _collect(
    active: _Active,
    shown: RunContext,
    context: RunContext | None,
    found: list[Finding],
    measured: dict[str, Measure],
) -> None:
    """Adds what one rule says of `shown`, until it raises. Raises `_Unsound` for what cannot be shown."""
    assert active.rule is not None
    answer = active.rule.check(shown, active.options)
    wrong = unusable(answer, "findings")
    if wrong:
        raise _Unsound(f"its check {wrong}")
    for item in answer:
        if isinstance(item, Measure):
            _require_usable(item, measured)
            measured[item.name] = own_measure(item, active.plugin.id)
        else:
            found.append(_own_finding(item, active, context))


def _require_sound(finding: Any) -> None:
    """Raises `_Unsound` for what the report could not show: a rule that yields it has not run."""
    if (
        not isinstance(finding, Finding)
        or not isinstance(finding.message, str)
        or not isinstance(finding.pointer, str)
    ):
        raise _Unsound(
            f"it yielded {finding!r:.200}, which is neither a Measure nor a Finding with a message and a "
            "pointer"
        )
    if finding.severity and finding.severity not in SEVERITIES:
        raise _Unsound(
            f"it yielded a finding of severity {finding.severity!r:.40}; known: {', '.join(SEVERITIES)}"
        )
    if finding.fix is not None and not (isinstance(finding.fix, Fix) and isinstance(finding.fix.patch, list)):
        raise _Unsound(
            "it yielded a finding in which the patch of its fix is a "
            f"{type(getattr(finding.fix, 'patch', finding.fix)).__name__}, not a list of operations"
        )


def _require_usable(measure: Measure, known: Mapping[str, Measure]) -> None:
    """Raises `_Unsound` for a measure that could not be compared or written."""
    wrong = unusable_measure(measure, known)
    if wrong:
        raise _Unsound(wrong)


def _own_finding(finding: Any, active: _Active, context: RunContext | None) -> Finding:
    """A finding with the id of its rule and the effective severity; a copy of it where `context` is given.
    Raises `_Unsound`.
    """
    _require_sound(finding)
    own: Finding = finding if context is None else _placed(finding, context)
    own.rule_id, own.severity = (
        active.plugin.id,
        max(active.severity, own.severity or active.severity, key=SEVERITIES.index),
    )
    return own


def _placed(finding: Finding, context: RunContext) -> Finding:
    """A copy of a third party's finding, which it can no longer change. Raises `_Unsound` for one that points
    nowhere, or cannot be written.
    """
    from dagogy.pipeline.pointers import misplaced

    own = replace(
        finding,
        fix=None if finding.fix is None else replace(finding.fix, patch=copy.deepcopy(finding.fix.patch)),
    )
    wrong = misplaced(own, context)
    if wrong:
        raise _Unsound(f"its finding '{' '.join(own.message.split())[:120]}' {wrong}")
    return own


def _blocked(active: _Active, outcomes: Mapping[str, Outcome]) -> str:
    """Why `active` cannot say anything yet, or an empty string. A required rule that is not installed or
    switched off does not block.
    """
    for required in active.requires:
        other = outcomes.get(required)
        if other is not None and other.status != "clean":
            said = {"findings": "has findings", "skipped": "was skipped"}
            return f"{required} {said.get(other.status, 'could not run')}"
    return ""


def _in_order(active: Sequence[_Active]) -> list[_Active]:
    """Each rule after those it requires, else by id; where rules require each other, one of the requirements
    is left out of account.
    """
    by_id = {a.plugin.id: a for a in active}
    required = {name: {r for r in a.requires if r in by_id} for name, a in sorted(by_id.items())}
    while True:
        order = TopologicalSorter(required)
        try:
            order.prepare()
        except CycleError as error:
            first, second = error.args[1][:2]
            required[second].discard(first)
        else:
            break
    names: list[str] = []
    while ready := sorted(order.get_ready()):
        order.done(*ready)
        names += ready
    return [by_id[name] for name in names]


def _node_count(context: RunContext) -> int:
    try:
        return len(context.nodes)
    except DagogyError:
        return 0


def _gaps(context: RunContext) -> GapCount | None:
    try:
        return count_gaps(context.nodes)
    except DagogyError:
        return None


def _score(
    outcomes: Collection[Outcome], findings: Iterable[Finding], measures: Iterable[Measure], nodes: int
) -> float:
    lost = sum(WEIGHT["error"] for outcome in outcomes if outcome.status == "failed")
    failed = {outcome.rule_id for outcome in outcomes if outcome.status == "failed"}
    counts: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        counts[finding.rule_id, finding.severity] += finding.nodes
    for (rule_id, severity), count in counts.items():
        if rule_id not in failed:
            lost += WEIGHT[severity] * (0.25 + 0.75 * min(1.0, count / max(1, nodes)))
    lost += sum(m.weight * (1 - m.value) for m in measures if m.weight and m.value is not None)
    return round(max(0.0, 100.0 - lost), 1)
