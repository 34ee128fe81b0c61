"""What is done with a run as objects: reports, plans and diffs are the documents of their JSON Schemas, as
dictionaries that a notebook can show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from dagogy.api.errors import ValidationFailed
from dagogy.api.scope import StatedTime
from dagogy.pipeline.markdown import code, document, inline, table
from dagogy.pipeline.report import hours, plural, report_markdown, summary_line


class Report(dict[str, Any]):
    """A validation report (`dagogy schema validation_report`).

    `fixed`: the fixes that were carried out before it, one line each. `failure`: what `raise_for_errors`
    raises, None where it passed.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        failure: ValidationFailed | None,
        export: Callable[[str], str],
        fixed: Sequence[str] = (),
    ) -> None:
        super().__init__(document)
        self.failure, self._export, self.fixed = failure, export, fixed

    @property
    def passed(self) -> bool:
        """No finding of severity `error`, and every rule could run."""
        return bool(self["passed"])

    @property
    def score(self) -> float:
        """From 0 to 100."""
        return float(self["score"])

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What the rules found: `rule_id`, `severity`, `message`, `document`, `pointer`, `node_id`, `fix`."""
        return list(self["findings"])

    def raise_for_errors(self) -> None:
        """Raises `ValidationFailed` with the first error unless the validation passed."""
        if self.failure is not None:
            raise self.failure

    def export(self, format_id: str) -> str:
        """The report in another tool's format (`sarif`, `github`, `junit`, ...). Raises
        `InvalidArgument` or `PluginError`.
        """
        return self._export(format_id)

    def __repr__(self) -> str:
        return f"<Report of {self['run_id']}: {summary_line(self)}>"

    def _repr_markdown_(self) -> str:
        return report_markdown(self, self["run_id"])


#: A plan that differs less from the hours and weeks that a document states (share) follows them.
_ABOUT = 0.1


class Plan(dict[str, Any]):
    """A week plan (`dagogy schema plan`), minutes throughout."""

    def summary(self) -> str:
        """`5 weeks, 17.3 hours`."""
        return f"{plural(self['duration_weeks'], 'week')}, {hours(self['total_estimated_minutes'])}"

    def compared(self, time: StatedTime) -> str:
        """`stated: 14 weeks, 180 hours; planned: 9 weeks, 22 hours`; empty where the document states neither,
        or the plan is within a tenth of what it states.
        """
        stated, differs = [], False
        if time.weeks is not None:
            stated.append(f"{time.weeks:g} week{'' if time.weeks == 1 else 's'}")
            differs = abs(self["duration_weeks"] - time.weeks) > _ABOUT * time.weeks
        if time.total_hours is not None and not time.assumed:
            stated.append(hours(60 * time.total_hours))
            planned = self["total_estimated_minutes"] / 60
            differs = differs or abs(planned - time.total_hours) > _ABOUT * time.total_hours
        return f"stated: {', '.join(stated)}; planned: {self.summary()}" if differs else ""

    def __repr__(self) -> str:
        return f"<Plan: {self.summary()}>"

    def _repr_markdown_(self) -> str:
        rows = [
            (
                w["week"],
                ", ".join(w["nodes"]),
                f"{w['minutes']:g}",
                ", ".join(r["node_id"] for r in w["review"]),
            )
            for w in self["weeks"]
        ]
        return document(
            [
                f"**{inline(self['topic'])}**: {self.summary()}",
                "",
                *table(("Week", "Nodes", "Minutes", "Review"), rows),
            ]
        )


class Diff(dict[str, Any]):
    """What changed since the previous curriculum (`dagogy schema diff`). `first`: there is none, so
    everything is new.
    """

    def __init__(self, document: Mapping[str, Any], *, first: bool) -> None:
        super().__init__(document)
        self.first = first

    def counts(self) -> dict[str, int]:
        """How many nodes were `added`, `removed`, `changed` and `renamed`."""
        return {name: len(self[f"{name}_nodes"]) for name in ("added", "removed", "changed", "renamed")}

    def summary(self) -> str:
        """`first version: 18 concepts, 22 edges, 15.8 hours`; `2 added, 1 changed; +1.5 hours`; or `nothing
        changed`.
        """
        counts = self.counts()
        if self.first:
            parts = (plural(counts["added"], "concept"), plural(self["added_edges"], "edge"))
            return f"first version: {', '.join(parts)}, {hours(self['time_delta_minutes'])}"
        if not any(counts.values()):
            return "nothing changed"
        return (
            ", ".join(f"{n} {name}" for name, n in counts.items() if n)
            + f"; {hours(self['time_delta_minutes'], '+')}"
        )

    def __repr__(self) -> str:
        return f"<Diff: {self.summary()}>"

    def _repr_markdown_(self) -> str:
        rows = [("added", node, "") for node in self["added_nodes"]]
        rows += [("removed", node, "") for node in self["removed_nodes"]]
        rows += [("renamed", r["current_id"], f"was {r['previous_id']}") for r in self["renamed_nodes"]]
        rows += [("changed", c["id"], ", ".join(c["changed_fields"])) for c in self["changed_nodes"]]
        return document(
            [inline(self.summary()), *(["", *table(("Change", "Node", "What"), rows)] if rows else [])]
        )


#: What became of a text: it is a concept, stands above some, is none, or is the same as another.
Fate = Literal["taken", "grouped", "left out", "merged"]
_FATES: tuple[Fate, ...] = ("taken", "grouped", "left out", "merged")


class Entry(NamedTuple):
    """A text of the document, and what became of it. `lines`: its first and last; `locator`: where it stands,
    in a format without lines.

    `role`: what it is, in one word (`concept`, `group`, `administration`); `probability`: how sure the
    provider is that it is a concept, None where it cannot tell.
    """

    fate: Fate
    text: str
    role: str
    probability: float | None
    reason: str
    lines: tuple[int, int]
    locator: str


class Reading(dict[str, Any]):
    """What is read out of a document, as `dagogy read --json` prints it: `concepts`, `edges`, what was
    `skipped`, `counts`, `refused`, `course`.

    `entries`: all texts that are or could have been a concept, in the order of the document, with what became
    of each. `refusal`: what `compile` raises for the document, None where it takes it.
    """

    def __init__(
        self, document: Mapping[str, Any], entries: Sequence[Entry], refusal: ValidationFailed | None
    ) -> None:
        found = Counter(entry.fate for entry in entries)
        super().__init__({**document, "counts": {fate.replace(" ", "_"): found[fate] for fate in _FATES}})
        self.entries, self.refusal = entries, refusal

    def summary(self) -> str:
        """`notes.md: 12 taken, 3 grouped, 8 left out, 1 merged; 9 prerequisite edges`."""
        counted = ", ".join(f"{count} {fate.replace('_', ' ')}" for fate, count in self["counts"].items())
        return f"{self['source']}: {counted}; {plural(len(self['edges']), 'prerequisite edge')}"

    def __repr__(self) -> str:
        return f"<Reading of {self.summary()}>"

    def _repr_markdown_(self) -> str:
        shown = self.entries[:_SHOWN_ENTRIES]
        rows = [
            (
                e.locator or "-".join(map(str, dict.fromkeys(n for n in e.lines if n))),
                e.fate,
                e.text,
                e.role,
                e.reason,
            )
            for e in shown
        ]
        left = len(self.entries) - len(shown)
        lines = [inline(self.summary()), "", *table(("Where", "What", "Text", "Role", "Why"), rows)]
        lines += ["", f"… and {left:,} more"] if left else []
        return document(
            [
                *(
                    [f"No run can be made of it: {inline(self.refusal.message)}", ""]
                    if self.refusal is not None
                    else []
                ),
                *lines,
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What `Run.compile` did. `plan` and `diff` are there when the validation passed.

    `provider`, `model`: who made the curriculum. `stop_reason`: why the generation loop ended. `usage`:
    calls, tokens and seconds of a model.
    `notes`: what the provider remarked. `facts`: run id, path, stage and next step afterwards. `reading`:
    what was read out of the scope document, None where there is none.
    """

    facts: Mapping[str, Any]
    provider: str
    model: str
    stop_reason: str
    usage: Mapping[str, float]
    notes: Sequence[str]
    report: Report
    plan: Plan | None = None
    diff: Diff | None = None
    reading: Reading | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON values, with the counts of the report, the plan, the diff and the reading in place of the
        documents themselves.
        """
        report, plan, diff = self.report, self.plan, self.diff
        values = {
            **self.facts,
            "provider": self.provider,
            "nodes": report["nodes"],
            "passed": report["passed"],
            "score": report["score"],
        }
        values |= {
            "summary": report["summary"],
            "stop_reason": self.stop_reason,
            "model": self.model,
            "usage": dict(self.usage),
        }
        values |= (
            {} if plan is None else {key: plan[key] for key in ("duration_weeks", "total_estimated_minutes")}
        )
        values |= {} if diff is None else {"diff": diff.counts()}
        return values | {"reading": None if self.reading is None else self.reading["counts"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What `Run.fill` did. `plan` and `diff` are there when the validation passed.

    `trace`: what `fill_trace.json` holds: the fields that were `filled`, those `left` with the reason of
    each, what it cost (`usage`), and the `rounds`. `facts`: run id, path, stage and next step afterwards.
    """

    facts: Mapping[str, Any]
    trace: Mapping[str, Any]
    report: Report
    plan: Plan | None = None
    diff: Diff | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON values, with the counts of the report and the diff in place of the documents."""
        told = {key: self.trace[key] for key in ("provider", "model", "filled", "left", "usage")}
        return {
            **self.facts,
            **told,
            "nodes": self.report["nodes"],
            "passed": self.report["passed"],
            "score": self.report["score"],
            "summary": self.report["summary"],
            **({} if self.diff is None else {"diff": self.diff.counts()}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixes:
    """What fixes would change in the curriculum. `hidden`: how many more there are that change its meaning
    and were not asked for.
    """

    before: bytes
    after: bytes
    done: Sequence[str] = field(default_factory=tuple)
    hidden: int = 0

    def diff(self, path: str) -> str:
        """A unified diff of the curriculum, which is at `path`; empty where nothing would change."""
        import difflib

        a, b = (text.decode("utf-8", "replace").splitlines(True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(a, b, f"a/{path}", f"b/{path}"))


def overview(facts: Mapping[str, Any], curriculum: Any, report: Report | None) -> str:
    """A run as Markdown: where it stands, its findings in one line, and its nodes in
    order; long curricula are cut.
    """
    lines = [
        (
            f"**{inline(curriculum.topic if curriculum else facts['run_id'])}** ({code(facts['run_id'])}, "
            f"{facts['stage']})"
        ),
        "",
    ]
    if report is not None:
        lines += [f"Validation {summary_line(report)}", ""]
    if curriculum is not None:
        title = {node.id: node.title for node in curriculum.nodes}
        rows = [
            (n.title, ", ".join(title.get(p, p) for p in n.prerequisites), f"{n.estimate_minutes:g}")
            for n in curriculum.nodes[:_SHOWN_NODES]
        ]
        lines += table(("Node", "After", "Minutes"), rows)
        left = len(curriculum.nodes) - _SHOWN_NODES
        lines += ["", f"… and {plural(left, 'node')} more"] if left > 0 else []
        lines.append("")
    return document([*lines, f"Next: {code(facts['next']['command'])}"])


_SHOWN_NODES = 100
_SHOWN_ENTRIES = 300
