"""The learner's part of a run as an object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dagogy.pipeline.authoring.runs import AuthoredRun
from dagogy.workspace.stages import CURRICULUM, PLAN

if TYPE_CHECKING:
    from dagogy.contracts.types import Curriculum
    from dagogy.pipeline.learner import Progress
    from dagogy.pipeline.results import Plan
    from dagogy.pipeline.session import OpenRun


class StudiedRun(AuthoredRun):
    """A run that can be looked at and learned from. `learner`: a name of letters, digits, `-` and `_`. All
    methods raise as `curriculum` does, and `InvalidArgument` or `NotFound` for a concept or a learner that is
    not meant clearly.
    """

    def overview(self) -> dict[str, Any]:
        """The curriculum by weeks where its plan is current, else by groups or layers; see
        `dagogy.pipeline.overview`. `stale`: why the curriculum is not current, or "".
        """
        from dagogy.pipeline.overview import overview
        from dagogy.workspace.files import from_json

        with self._reading() as opened:
            curriculum = opened.context().curriculum
            plan = from_json(opened.run.read(PLAN)) if opened.state.current[PLAN] else None
            return {
                "run_id": self.id,
                **overview(curriculum, plan),
                "stale": opened.state.reasons.get(CURRICULUM, ""),
            }

    def concept(self, name: str) -> dict[str, Any]:
        """One concept in full. `name`: its id, its title, or a part of one that only one concept has."""
        from dagogy.pipeline.evidence import kept_evidence
        from dagogy.pipeline.overview import concept
        from dagogy.pipeline.why import Why, find_node

        with self._reading() as opened:
            curriculum = opened.context().curriculum
            node = find_node(curriculum.nodes, name)
            read = Why(curriculum, kept_evidence(opened.run)).concept_of.get(node.id)
        source = None
        if read is not None:
            source = {"location": read.location, "lines": list(read.lines), "quote": read.evidence}
        return {"run_id": self.id, **concept(curriculum, node, source)}

    def known(
        self, names: Sequence[str] = (), *, learner: str = "me", forget: bool = False
    ) -> dict[str, Any]:
        """Notes that a learner knows the concepts `names` and what they build on, or with `forget` neither
        them nor what builds on them; without names, changes nothing. Returns what is `known` now, and what is
        `ready` to be learned.
        """
        from dagogy.pipeline.learner import learner_file
        from dagogy.pipeline.why import find_node

        path = learner_file(learner)
        if not names:
            with self._reading() as opened:
                return self._told(learner, self._progress(opened, learner)[1])
        words = ["known", self.id, *names, "--for", learner, *(["--forget"] if forget else [])]
        with self._writing(*words) as opened:
            curriculum, progress = self._progress(opened, learner)
            for node in [find_node(curriculum.nodes, name) for name in names]:
                (progress.forgotten if forget else progress.learned)(node)
            opened.run.write_json(path, progress.document())
        return self._told(learner, progress)

    def ready(self, *, learner: str = "me") -> dict[str, Any]:
        """What a learner can study next: all that builds on what is known alone."""
        with self._reading() as opened:
            return self._told(learner, self._progress(opened, learner)[1])

    def way(self, name: str, *, learner: str = "me") -> dict[str, Any]:
        """The least that a learner has to study for the concept `name`, in an order of study (`path`), and
        its `minutes`.
        """
        from dagogy.pipeline.why import find_node

        with self._reading() as opened:
            curriculum, progress = self._progress(opened, learner)
        node = find_node(curriculum.nodes, name)
        path = progress.path(node)
        return {
            "run_id": self.id,
            "learner": learner,
            "concept": {"id": node.id, "title": node.title},
            "path": [{"id": n.id, "title": n.title, "minutes": n.estimate_minutes} for n in path],
            "minutes": sum(n.estimate_minutes for n in path),
        }

    def plan_for(self, learner: str) -> Plan | None:
        """A week plan of what a learner does not know; None where that is nothing. Writes nothing."""
        from dagogy.pipeline.plan import make_plan
        from dagogy.pipeline.results import Plan

        with self._reading() as opened:
            opened.require(PLAN, "plan --for")
            curriculum, progress = self._progress(opened, learner)
            spec = opened.context(b"").spec
        rest = progress.rest(curriculum)
        return Plan(make_plan(rest, spec)) if rest is not None else None

    @staticmethod
    def _progress(opened: OpenRun, learner: str) -> tuple[Curriculum, Progress]:
        from dagogy.pipeline.learner import Progress, known_ids

        curriculum = opened.context().curriculum
        return curriculum, Progress(curriculum.nodes, known_ids(opened.run, learner))

    def _told(self, learner: str, progress: Progress) -> dict[str, Any]:
        ready = progress.ready()
        return {
            "run_id": self.id,
            "learner": learner,
            "concepts": len(progress.nodes),
            "known": [
                {"id": n.id, "title": n.title} for i, n in enumerate(progress.nodes) if i in progress.known
            ],
            "ready": [{"id": n.id, "title": n.title, "minutes": n.estimate_minutes} for n in ready],
        }
