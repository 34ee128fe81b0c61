"""What a provider is asked about a curriculum that is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dagogy.pipeline.studied import StudiedRun

if TYPE_CHECKING:
    from dagogy.api.providers import FillPlan
    from dagogy.pipeline.results import Filling

#: Given the stage ("scope", "generate", "fill", "validate", "plan" or "iterate") and a line about it.
Progress = Callable[[str, str], None]


def silent(stage: str, line: str) -> None:
    """Shows nothing."""


class FillableRun(StudiedRun):
    """A run whose gaps can be filled."""

    def fill(self, only: Sequence[str] = (), *, fresh: bool = False, progress: Progress = silent) -> Filling:
        """Has the provider fill the gaps of the curriculum, and changes nothing else of it; then validates,
        plans and compares as `compile` does.

        `only`: the gaps to fill, as a field (`pitfalls`), a node (its id or title), or `NODE.FIELD`; all by
        default. `fresh`: answers that were kept are not used again. A gap that could not be filled stays, see
        `Filling.trace`. Raises `InvalidArgument` for a provider that fills no gaps, what `curriculum` raises,
        and what the provider raises where nothing could be asked.
        """
        from dagogy.pipeline.stages.fill import fill

        self.workspace.check_provider()
        words = [*(word for name in only for word in ("--only", name)), *(["--no-cache"] if fresh else [])]
        with self._writing("fill", self.id, *words) as opened:
            return fill(opened, self.workspace.session.provider(), only, progress, fresh=fresh)

    def fill_plan(self, only: Sequence[str] = (), *, fresh: bool = False) -> FillPlan:
        """What `fill` would ask: the calls with their nodes and an estimate of their tokens. Asks nothing and
        writes nothing.
        """
        from dagogy.pipeline.stages.fill import plan_fill

        with self._reading() as opened:
            return plan_fill(opened, self.workspace.session.provider(), only, fresh=fresh)
