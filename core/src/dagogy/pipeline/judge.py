"""Runs the rules and weighs what they say: the one mechanism behind `validate`, the generation loop and the score."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dagogy.api.errors import ConfigError, DagogyError, PluginError
from dagogy.api.plugins import SEVERITIES, RuleInfo
from dagogy.api.providers import Requirement
from dagogy.api.rules import Finding, Rule, Subject
from dagogy.contracts.suggest import did_you_mean
from dagogy.host.manager import Host, Plugin, is_stop
from dagogy.pipeline.ruleset import RuleConfig, ruleset_digest

Status = Literal["clean", "findings", "skipped", "failed"]

#: What one rule can take off the score of 100, by severity. A rule with findings costs a quarter of it at once and the rest in
#: proportion to the share of nodes it finds fault with, so that one slip in a large curriculum weighs less than a habit.
WEIGHT: Mapping[str, float] = {"error": 20.0, "warning": 6.0, "info": 1.0}


@dataclass(slots=True)
class Outcome:
    """What became of one rule. `findings` counts; the findings themselves are in the verdict."""

    rule_id: str
    severity: str
    status: Status
    reason: str = ""
    findings: int = 0


@dataclass(slots=True)
class Verdict:
    """All findings in the order of the rules, and what became of each rule."""

    findings: list[Finding]
    outcomes: list[Outcome]
    score: float
    nodes: int
    ruleset: str

    @property
    def failed_rules(self) -> list[Outcome]:
        return [o for o in self.outcomes if o.status == "failed"]

    @property
    def passed(self) -> bool:
        """No finding of severity `error`, and every rule could run."""
        return not self.failed_rules and not any(f.severity == "error" for f in self.findings)

    def count(self, severity: str) -> int:
        return sum(f.severity == severity for f in self.findings)


@dataclass(slots=True)
class _Active:
    plugin: Plugin
    config: RuleConfig
    severity: str
    rule: Rule | None = None
    options: Any = None


class Judge:
    """The rules of this host, configured, ready to run on any number of subjects."""

    def __init__(self, host: Host, configs: Mapping[str, RuleConfig]) -> None:
        self.host = host
        self.ruleset = ruleset_digest(host, configs)
        self._active: list[_Active] = []
        for plugin in host.load("rule"):
            config = configs.get(plugin.id, RuleConfig())
            if config.enabled:
                severity = config.severity or (plugin.info.severity if plugin.info else "error")
                self._active.append(_Active(plugin, config, severity))
        self._active = _in_order(self._active)

    def requirements(self) -> list[Requirement]:
        """Each rule that can run, with severity and options in force. Raises `ConfigError` as `prepare` does."""
        self.prepare()
        return [_requirement(active, active.plugin.info) for active in self._active if active.plugin.info and active.rule]

    def judge(self, subject: Subject) -> Verdict:
        """Runs every rule on `subject`. A rule that raises is `failed`; the others go on."""
        findings: list[Finding] = []
        outcomes: dict[str, Outcome] = {}
        for active in self._active:
            outcome = outcomes[active.plugin.id] = Outcome(active.plugin.id, active.severity, "clean")
            blocked = _blocked(active, outcomes)
            if blocked:
                outcome.status, outcome.reason = "skipped", blocked
                continue
            found = self._run(active, subject, outcome)
            outcome.findings = len(found)
            findings.extend(found)
        nodes = _node_count(subject)
        return Verdict(findings, list(outcomes.values()), _score(outcomes.values(), findings, nodes), nodes, self.ruleset)

    def _run(self, active: _Active, subject: Subject, outcome: Outcome) -> list[Finding]:
        try:
            self._prepare(active)
        except PluginError as error:
            outcome.status, outcome.reason = "failed", error.message
            return []
        found: list[Finding] = []
        rule_id, severity = active.plugin.id, active.severity
        try:
            assert active.rule is not None
            for finding in active.rule.check(subject, active.options):
                _require_sound(finding)
                finding.rule_id, finding.severity = rule_id, max(severity, finding.severity or severity, key=SEVERITIES.index)
                found.append(finding)
        except DagogyError as error:
            hint = f"; {' '.join(error.hint.split())}" if error.hint else ""
            outcome.status, outcome.reason = "failed", f"rule of {active.plugin.origin}: {error.message}{hint}"
        except BaseException as error:
            if is_stop(error):
                raise
            outcome.status, outcome.reason = "failed", f"rule of {active.plugin.origin} raised {type(error).__name__}: {' '.join(str(error).split())}"
        else:
            outcome.status = "findings" if found else "clean"
        return found

    def prepare(self) -> None:
        """Imports every rule and builds its options. Raises `ConfigError` for wrong ones; a broken rule is for the verdict to tell."""
        for active in self._active:
            with contextlib.suppress(PluginError):
                self._prepare(active)

    def _prepare(self, active: _Active) -> None:
        """Imports the rule and builds its options, once. Wrong options are the user's: `ConfigError` ends the command."""
        if active.rule is not None:
            return
        if active.plugin.state == "failed":
            raise active.plugin.error()
        kind = self.host.implementation(active.plugin)
        try:
            rule = kind(active.plugin.info)
            active.options = build_options(active.plugin.id, rule, active.config.options)
        except ConfigError:
            raise
        except BaseException as error:
            if is_stop(error):
                raise
            active.plugin.fail(f"{kind!r} cannot be created: {type(error).__name__}: {error}")
            raise active.plugin.error() from error
        active.rule = rule


def _requirement(active: _Active, info: RuleInfo) -> Requirement:
    if active.options is None:
        return Requirement(rule_id=info.id, summary=info.summary, severity=active.severity, options={})
    import msgspec

    fields: Any = msgspec.inspect.type_info(type(active.options))
    meanings = {f.name: (getattr(f.type, "extra_json_schema", None) or {}).get("description", "") for f in fields.fields}
    return Requirement(rule_id=info.id, summary=info.summary, severity=active.severity, options=msgspec.structs.asdict(active.options), meanings=meanings)


def _require_sound(finding: Finding) -> None:
    """Raises `TypeError` for what the report could not show: a rule that yields it has not run."""
    if not isinstance(finding, Finding) or not isinstance(finding.message, str) or not isinstance(finding.pointer, str):
        raise TypeError(f"it yielded {finding!r:.200}, which is not a Finding with a message and a pointer")
    if finding.severity and finding.severity not in SEVERITIES:
        raise TypeError(f"it yielded a finding of severity {finding.severity!r:.40}; known: {', '.join(SEVERITIES)}")
    if finding.fix is not None and not isinstance(finding.fix.patch, list):
        raise TypeError(f"the patch of its fix is a {type(finding.fix.patch).__name__}, not a list of operations")


def build_options(rule_id: str, rule: Rule, given: Mapping[str, Any]) -> Any:
    """The rule's `Options` from the configuration's values. Raises `ConfigError` for an unknown name or a value out of range."""
    if rule.Options is None:
        if given:
            raise ConfigError(f'rules."{rule_id}" has no options, the configuration sets {", ".join(given)}', hint="only 'enabled' and 'severity' can be set")
        return None
    import msgspec

    if not (isinstance(rule.Options, type) and issubclass(rule.Options, msgspec.Struct)):
        raise TypeError(f"its Options is {rule.Options!r}, not a subclass of dagogy.api.Options")
    if not given:
        return rule.Options()
    known = [f.name for f in msgspec.structs.fields(rule.Options)]
    for name in given:
        if name not in known:
            raise ConfigError(
                f"rules.\"{rule_id}\" has no option '{name}'", hint=did_you_mean(name, [*known, "enabled", "severity"]) or f"its options: {', '.join(known)}"
            )
    try:
        return msgspec.convert(dict(given), rule.Options)
    except msgspec.ValidationError as error:
        raise ConfigError(f'rules."{rule_id}": {error}', hint=f"'dagogy explain {rule_id}' shows its options") from None


def _blocked(active: _Active, outcomes: Mapping[str, Outcome]) -> str:
    """Why `active` cannot say anything yet, or an empty string. A required rule that is not installed or switched off does not block."""
    for required in active.plugin.info.requires if active.plugin.info else ():
        other = outcomes.get(required)
        if other is not None and other.status != "clean":
            return f"{required} {'has findings' if other.status == 'findings' else 'was ' + other.status if other.status == 'skipped' else 'could not run'}"
    return ""


def _in_order(active: Sequence[_Active]) -> list[_Active]:
    """By id, but each rule after those it requires; a circle of requirements is broken where it is met."""
    by_id = {a.plugin.id: a for a in sorted(active, key=lambda a: a.plugin.id)}
    out: dict[str, _Active] = {}

    def place(a: _Active, above: frozenset[str]) -> None:
        for required in a.plugin.info.requires if a.plugin.info else ():
            if required in by_id and required not in out and required not in above:
                place(by_id[required], above | {a.plugin.id})
        out.setdefault(a.plugin.id, a)

    for a in by_id.values():
        place(a, frozenset())
    return list(out.values())


def _node_count(subject: Subject) -> int:
    try:
        return len(subject.nodes)
    except DagogyError:
        return 0


def _score(outcomes: Collection[Outcome], findings: Iterable[Finding], nodes: int) -> float:
    lost = sum(WEIGHT["error"] for outcome in outcomes if outcome.status == "failed")
    failed = {outcome.rule_id for outcome in outcomes if outcome.status == "failed"}
    for (rule_id, severity), count in Counter((f.rule_id, f.severity) for f in findings).items():
        if rule_id not in failed:
            lost += WEIGHT[severity] * (0.25 + 0.75 * min(1.0, count / max(1, nodes)))
    return round(max(0.0, 100.0 - lost), 1)
