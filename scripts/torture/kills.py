"""`kill -9` at every change that a command makes to the file system, and at random moments."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from torture.harness import Harness, Ran
from torture.hooks import kill_at, quiet, record, recorded
from torture.kinds import BUILDERS, Case, the_run
from torture.oracle import Loss, ended, files_of, whole


class Scenario(NamedTuple):
    """A workspace and a command on it. `gone`: the run may be missing afterwards, either
    not made yet or archived away.

    `starts`: it starts commands as processes of their own, so that not every version which a file has on the
    way is known here.
    """

    name: str
    workspace: str
    argv: tuple[str, ...]
    gone: bool = False
    starts: bool = False


SCENARIOS = (
    Scenario("init", "empty", ("init", "course"), gone=True),
    Scenario("init --from", "archived", ("init", "--from", "packed.tar.gz"), gone=True),
    Scenario("run, first", "initialized", ("run", "latest", "--scope-file", "tea.md")),
    Scenario("run, again", "iterated", ("run", "latest", "--scope-file", "tea.md")),
    Scenario("run, spec edited", "edited", ("run", "latest")),
    Scenario(
        "run, one section",
        "iterated",
        ("run", "latest", "--scope-file", "tea.md", "--scope-section", "Water"),
    ),
    Scenario("validate", "edited", ("validate", "latest")),
    Scenario("validate, failing", "spoilt", ("validate", "latest")),
    Scenario("validate --fix", "fixable", ("validate", "latest", "--fix")),
    Scenario("plan", "unplanned", ("plan", "latest")),
    Scenario("iterate", "iterated", ("iterate", "latest")),
    Scenario("status", "edited", ("status", "latest")),
    Scenario("archive", "iterated", ("archive", "latest")),
    Scenario("archive --remove", "iterated", ("archive", "latest", "--remove"), gone=True),
    Scenario("export", "iterated", ("export", "latest", "--format", "mermaid", "-o", "graph.mmd")),
    Scenario("recover, stale", "edited", ("recover", "latest", "--no-probe"), starts=True),
    Scenario("recover, failed", "failed", ("recover", "latest", "--no-probe", "--unsafe"), starts=True),
    Scenario(
        "run --self-heal",
        "spoilt",
        ("run", "latest", "--self-heal", "--scope-file", "tea.md", "--scope-section", "Water"),
        starts=True,
    ),
    Scenario("triage", "edited", ("triage", "latest", "--no-probe"), starts=True),
    Scenario("diagnose", "failed", ("diagnose", "latest", "--no-probe")),
    Scenario("escalate", "failed", ("escalate", "latest")),
    Scenario("postmortem", "failed", ("postmortem", "latest", "-o", "postmortem.md")),
    Scenario(
        "postmortem --regression-test", "defect", ("postmortem", "latest", "--regression-test", "regressions")
    ),
    Scenario("incidents reset", "tripped", ("incidents", "reset")),
    Scenario("trust", "configured", ("trust",)),
)
#: The files of a run whose content is its result.
ARTIFACTS = (
    "run.json", "inputs/topic_spec.json", "inputs/scope.md", "outputs/curriculum/curriculum.json",
    "outputs/curriculum/previous_curriculum.json",
    "outputs/curriculum/evidence.json", "outputs/reviews/validation_report.md",
    "outputs/reviews/validation_report.json", "outputs/plan/plan.json",
    "outputs/reviews/diff_report.json", "scope_concepts.json", "scope_dag.json",
)  # fmt: skip
_DIFF = "outputs/reviews/diff_report.json"
_PREVIOUS = "outputs/curriculum/previous_curriculum.json"
#: What differs from one time to the next: times, durations, process numbers, and the names
#: of runs and records made now.
_VOLATILE = re.compile(
    rb"\d{4}-\d\d-\d\dT[\d:.]+Z|\d{8}T\d{6}[\d-]*Z?-\d+|\d{8}-\d{6}"
    rb'|"(?:seconds|pid|duration_ms)": [\d.e-]+|\b\d+(?:\.\d+)? s\b|\.\d+\.tmp'
)


@dataclass(slots=True)
class Reference:
    """The command left alone: how it ended, what it changed, and which content each
    file of the run had on the way.
    """

    status: int
    seconds: float
    changes: list[str]
    before: dict[str, bytes]
    versions: dict[str, set[bytes]]
    removed: set[str]
    stage: str
    diff: Any


#: By scenario. They are made before the workers are forked, which have them then; nothing
#: in them tells of one stand.
_references: dict[str, Reference] = {}
_RUN_ID = re.compile(r"\d{8}-\d{6}(?:-[a-z0-9-]+)?")


def _name(path: Path | str, harness: Harness) -> str:
    """A path below the workspace, the same on each stand: without the run's id."""
    return _RUN_ID.sub("RUN", os.path.relpath(path, harness.work))


def reference(harness: Harness, scenario: Scenario) -> Reference:
    """The scenario carried out once, with its changes recorded."""
    key = scenario.name
    if key not in _references:
        harness.restore(scenario.workspace, BUILDERS.get(scenario.workspace, lambda s: None))
        before = _contents(harness)
        note = harness.scratch / "recorded"
        first = harness.run(*scenario.argv, before=record(note), cpu=60)
        names, versions, removed = recorded(note)
        states: dict[str, set[bytes]] = {}
        for path, contents in versions.items():
            states.setdefault(_name(path, harness), set()).update(_steady(c, harness) for c in contents)
        # what a process of its own wrote, as recover's commands do
        for path, content in _contents(harness).items():
            states.setdefault(path, set()).add(content)
        stage, _ = _stage(harness)
        _references[key] = Reference(
            first.status,
            first.seconds,
            names,
            before,
            states,
            {_name(p, harness) for p in removed},
            stage,
            _diff(harness),
        )
    return _references[key]


def _steady(data: bytes, harness: Harness) -> bytes:
    """The same on each stand and at any time."""
    return _VOLATILE.sub(b"?", data.replace(os.fsencode(harness.work), b"WORK"))


def _contents(harness: Harness) -> dict[str, bytes]:
    """The artifacts of all runs, by path below the workspace, without what
    differs from one time to the next.
    """
    found = {}
    for path in files_of(harness.work):
        if any(str(path).endswith("/" + name) for name in ARTIFACTS) and "/.new-" not in str(path):
            found[_name(path, harness)] = _steady(path.read_bytes(), harness)
    return found


def _stage(harness: Harness) -> tuple[str, Ran]:
    """The stage of the newest run as `status` tells it; "none" where there is no
    run, "" where it could not say.
    """
    ran = harness.run("status", "latest", "--json", before=quiet)
    if ran.status == 3:
        return "none", ran
    try:
        return str(json.loads(ran.out)["stage"]), ran
    except (ValueError, KeyError, TypeError):
        return "", ran


def _diff(harness: Harness) -> Any:
    """What the diff of the newest run says, and the curriculum that it was made against (b"" for none); None
    where there is no diff.
    """
    try:
        run = the_run(harness)
        document = json.loads((run / _DIFF).read_bytes())
        previous = run / _PREVIOUS
        diff = {k: document.get(k) for k in ("added_nodes", "removed_nodes", "changed_nodes")}
        return diff, _steady(previous.read_bytes(), harness) if previous.exists() else b""
    except (OSError, ValueError, IndexError):
        return None


def _after_kill(harness: Harness, scenario: Scenario, known: Reference) -> Iterator[Loss]:
    """What must hold at once, before any other command."""
    yield from whole(harness.work)
    now = _contents(harness)
    if scenario.gone and scenario.argv[0] == "archive" and not _ids(harness):
        if not list((harness.runs / "archives").glob("*.tar.gz")):
            yield Loss("run lost", "neither the run nor an archive of it is there")
        return
    for path, content in now.items():
        versions = {known.before.get(path), *known.versions.get(path, ())}
        # A command that makes the run writes its run.json more than once; that each of them is whole was
        # looked at above.
        first = path.endswith("/run.json") and path not in known.before
        if content not in versions and not scenario.starts and not first:
            yield Loss("artifact", f"{path} is neither as before nor as the command writes it")
    for path in known.before.keys() - now.keys():
        if path not in known.removed:
            yield Loss("artifact lost", path)


def _ids(harness: Harness) -> list[str]:
    return (
        sorted(p.name for p in harness.runs.iterdir() if p.name[:1].isdigit())
        if harness.runs.is_dir()
        else []
    )


def _judge(harness: Harness, scenario: Scenario, known: Reference, random: Random) -> Iterator[Loss]:
    yield from _after_kill(harness, scenario, known)
    existed = bool(_ids(harness))
    stage, ran = _stage(harness)
    yield from ended(ran, as_json=True)
    if stage == "none" and (existed or not scenario.gone):
        yield Loss("status", f"status says {ran.summary} though the run is there")
    elif ran.status not in (0, 3):
        yield Loss("status", f"exit {ran.status}: {ran.summary}")
    # What has ended, as its log says, is not gone on with: the same command is a new round
    # then, in which nothing changes.
    through = existed and _has_ended(harness)
    # the planted failure stands: recover ends with its exit status, 10
    if existed and scenario.workspace != "defect":
        recovered = yield from _recovering(harness, scenario, known, random, through)
        through = through or recovered
    yield from _again(harness, scenario, known, existed, through)


def _has_ended(harness: Harness) -> bool:
    names = [str(e.get("event")) for e in events_of(the_run(harness) / "logs/events.jsonl")]
    return "command_ended" in names[-1:]


def _carried_out(harness: Harness, known: Reference, through: bool) -> Iterator[Loss]:
    """The command that died, carried out by `recover`, ends as it would have."""
    done = harness.run("recover", "latest", "--no-probe", cpu=60)
    yield from ended(done)
    if done.status or _stage(harness)[0] != known.stage:
        yield Loss("recover failed", f"exit {done.status}, stage {_stage(harness)[0]}: {done.summary}")
    elif not through and _diff(harness) != known.diff:
        yield Loss("diff lost", f"by recover: {_short(_diff(harness))} instead of {_short(known.diff)}")


def _still_known(harness: Harness, known: Reference) -> Iterator[Loss]:
    """Unless the failed command has ended well meanwhile, the failure still stands, and a recovery that was
    killed must not forget it."""
    if _stage(harness)[0] != known.stage:
        yield Loss(
            "recover forgot",
            "the failure that was being recovered from no longer stands, though nothing fixed it",
        )


def _recovering(
    harness: Harness, scenario: Scenario, known: Reference, random: Random, through: bool
) -> Generator[Loss, None, bool]:
    """Whether `recover` knows of the command that died, where it had begun on the run (the log says so).

    Now and then it is carried out; whether the command is through then is returned.
    """
    log = the_run(harness) / "logs/events.jsonl"
    events = list(events_of(log))
    names = [str(e.get("event")) for e in events]
    dry = harness.run("recover", "latest", "--dry-run", "--no-probe", "--json", before=quiet)
    yield from ended(dry, as_json=True)
    if scenario.argv[0] == "recover":
        if dry.status == 3 and "recovered" not in names:
            yield from _still_known(harness, known)
        return False
    if "command_lost" not in names or names[-1] == "command_ended":
        return False
    died = events[len(names) - 1 - names[::-1].index("command_lost")]
    try:
        command = json.loads(dry.out).get("command", [])
    except ValueError:
        return False
    if dry.status == 3 or list(command[1:2]) != [scenario.argv[0]]:
        yield Loss(
            "recover forgot",
            (
                f"'{died.get('command')}' was lost, and recover says: exit {dry.status}, "
                f"{command or dry.summary}"
            ),
        )
    elif scenario.argv[0] in _RUN_AGAIN and known.status == 0 and random.random() < 0.15:
        yield from _carried_out(harness, known, through)
        return True
    return False


def events_of(log: Path) -> Iterator[dict[str, Any]]:
    """The events of a log; a torn line is passed over."""
    for line in log.read_bytes().splitlines() if log.exists() else ():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


#: Commands that are carried out by `recover`, now and then.
_RUN_AGAIN = ("run", "plan", "iterate")
#: Statuses with which these may end the second time: the killed one may have been through with it.
_ALSO_WELL = {"recover": (0, 3), "triage": (0,)}


def _restoring(harness: Harness) -> tuple[str, ...]:
    """The command that restores the run that was archived; empty where there is no archive."""
    archives = sorted((harness.runs / "archives").glob("*.tar.gz"))
    return ("init", "--from", str(archives[0])) if archives else ()


def _left_over(harness: Harness) -> list[Path]:
    """Temporary files; records of failures are written without the lock, so theirs may be at work."""
    return [
        path
        for path in files_of(harness.runs)
        if path.name.startswith(".") and path.name.endswith(".tmp") and path.parent.name != "failures"
    ]


def _again(
    harness: Harness, scenario: Scenario, known: Reference, existed: bool, through: bool
) -> Iterator[Loss]:
    """The same command once more ends as it would have, and makes the same; what was
    `through` finds nothing new.
    """
    is_removed = scenario.name == "archive --remove" and not existed
    argv = _restoring(harness) or scenario.argv if is_removed else scenario.argv
    again = harness.run(*argv, before=quiet, cpu=60)
    yield from ended(again)
    if again.status not in {known.status, *_ALSO_WELL.get(argv[0], ())} and argv == scenario.argv:
        yield Loss("rerun", f"exit {again.status} instead of {known.status}: {again.summary}")
        return
    stage, _ = _stage(harness)
    known_stage = known.stage
    if scenario.name == "archive --remove":
        known_stage = "none" if existed else "iterated"
    if stage != known_stage:
        yield Loss("rerun", f"stage {stage!r} instead of {known_stage!r}")
    if argv[0] == "run" and not through and _diff(harness) != known.diff:
        yield Loss("diff lost", f"{_short(_diff(harness))} instead of {_short(known.diff)}")
    if argv[0] in ("run", "validate", "plan", "iterate", "archive"):
        yield from (Loss("left over", f"{path}") for path in _left_over(harness)[:1])
    yield from whole(harness.work)


def _short(diff: Any) -> str:
    return "no diff" if diff is None else " ".join(f"{len(v or ())} {k}" for k, v in diff[0].items())


def points(harness: Harness) -> list[tuple[Scenario, int, str]]:
    """Every change of every scenario, with its number and its name."""
    return [(s, n, name) for s in SCENARIOS for n, name in enumerate(reference(harness, s).changes, 1)]


class KillPoints:
    """A kill at the change; the size picks so many of all of them, and from some 1,200 on all are done."""

    name = "kill-changes"
    summary = "kill -9 at every write, rename, fsync, link, unlink of every command that writes"
    share = 1.0

    def __init__(self) -> None:
        self._points: list[tuple[str, int, str]] = []

    def most(self, harness: Harness) -> int | None:
        self._points = [(s.name, n, name) for s, n, name in points(harness)]
        return len(self._points)

    def case(self, harness: Harness, seed: int, number: int, random: Random) -> Case:
        order = list(self._points)
        Random(f"{seed}/order").shuffle(order)
        name, change, call = order[number % len(order)]
        scenario = next(s for s in SCENARIOS if s.name == name)
        known = reference(harness, scenario)
        case = Case(f"[{name}] dagogy {' '.join(scenario.argv)}: killed at change {change} ({call})")
        harness.restore(scenario.workspace, BUILDERS.get(scenario.workspace, lambda s: None))
        ran = harness.run(*scenario.argv, before=kill_at(change), cpu=60)
        if ran.status != -signal.SIGKILL:  # it may make a change less than the last time
            case.tried = 0
            case.losses += ended(ran)
            return case
        case.losses += _judge(harness, scenario, known, random)
        return case


class KillTimes:
    name = "kill-times"
    summary = "kill -9 from outside at a random moment"
    share = 1.0

    def most(self, harness: Harness) -> int | None:
        points(harness)
        return None

    def case(self, harness: Harness, seed: int, number: int, random: Random) -> Case:
        scenario = random.choice(SCENARIOS)
        known = reference(harness, scenario)
        fraction = random.uniform(0.02, 1.0)
        for _ in range(4):
            case = Case(
                f"[{scenario.name}] dagogy {' '.join(scenario.argv)}: killed after {fraction:.3f} of "
                f"{known.seconds:.2f} s"
            )
            harness.restore(scenario.workspace, BUILDERS.get(scenario.workspace, lambda s: None))
            ran = harness.run(*scenario.argv, kill_after=fraction * known.seconds, cpu=60)
            if ran.status == -signal.SIGKILL:
                case.losses += _judge(harness, scenario, known, random)
                return case
            fraction *= 0.6  # it was through before; sooner, then
        case.tried = 0
        return case
