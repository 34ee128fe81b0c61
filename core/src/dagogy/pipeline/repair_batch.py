"""What the next repair is asked for: all findings at once, and where that was refused, part by part, so that
one of them does not keep the others from being fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dagogy.api.plugins import SEVERITIES
from dagogy.api.rules import Finding

#: What a finding says, wherever in the document it stands by now.
_Key = tuple[str, str, str | None, str]


@dataclass(slots=True)
class RepairBatch:
    """The order of repairs. `most`: how many findings one repair may be asked for.

    A part that is refused is halved, between two rules where it is about several; findings that say the same
    stay together. A single finding that is refused is left until something else was fixed and nothing else is
    to be done: then it may go.
    """

    most: int
    parts: list[frozenset[_Key]] = field(default_factory=list)
    left: dict[_Key, tuple[int, str]] = field(default_factory=dict)
    taken: int = 0

    def next(self, findings: Sequence[Finding]) -> list[Finding]:
        """Which of a draft's findings are to be fixed now, worst first; none where all
        that could be done was tried.
        """
        ranked = sorted(findings, key=lambda f: SEVERITIES.index(f.severity))
        while self.parts:
            part = self.parts.pop(0)
            if found := [f for f in ranked if _key(f) in part]:
                now, rest = found[: self.most], found[self.most :]
                if later := frozenset(map(_key, rest)) - frozenset(map(_key, now)):
                    self.parts.insert(0, later)
                return now
        untried = [f for f in ranked if _key(f) not in self.left]
        return (untried or [f for f in ranked if self.left[_key(f)][0] < self.taken])[: self.most]

    def fixed(self) -> None:
        """The repair that was asked for was taken."""
        self.taken += 1

    def refused(self, part: Sequence[Finding], reason: str) -> None:
        """The repair of `part` was refused for `reason`: it comes again in
        halves, a single finding is left.
        """
        keys = list(dict.fromkeys(map(_key, part)))
        if len(keys) == 1:
            self.unfixed(part, reason)
            return
        rules = list(dict.fromkeys(rule_id for rule_id, *_ in keys))
        first = frozenset(key for key in keys if key[0] in rules[: len(rules) // 2]) or frozenset(
            keys[: len(keys) // 2]
        )
        self.parts[:0] = [first, frozenset(keys) - first]

    def unfixed(self, part: Sequence[Finding], reason: str) -> None:
        """Nothing can be done about any of `part`, for `reason`."""
        self.left |= {_key(f): (self.taken, reason) for f in part}

    def reason(self, findings: Sequence[Finding]) -> str:
        """Why the worst of the findings that are left is still there; "" where there is none."""
        worst = min(findings, key=lambda f: SEVERITIES.index(f.severity), default=None)
        return self.left[_key(worst)][1] if worst else ""


def _key(finding: Finding) -> _Key:
    return finding.rule_id, finding.document, finding.node_id, finding.message
