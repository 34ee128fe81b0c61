"""In which stage a run is, inferred from the content of its artifacts each time a command starts (the
runbook's stage auto-sync).

An artifact is current when it was made from what is there now; "what" is a content hash, never a time. The
stamps in `run.json` remember what each artifact was made from. Content that changed by hand is adopted: the
user is allowed to edit.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import Any

from dagogy.api.errors import StorageError
from dagogy.workspace.files import from_json, hash_file
from dagogy.workspace.local_paths import LocalPaths
from dagogy.workspace.runs import Metadata, Run

SPEC = "inputs/topic_spec.json"
SCOPE = "inputs/scope.md"
SCOPE_BLOCKS = "inputs/scope_blocks.json"
SCOPE_SOURCES = "inputs/sources"
READING = "inputs/reading.yml"
CURRICULUM = "outputs/curriculum/curriculum.json"
PREVIOUS = "outputs/curriculum/previous_curriculum.json"
UNREADABLE = "outputs/curriculum/unreadable_curriculum.json"
TRACE = "outputs/reviews/optimization_trace.json"
FILL_TRACE = "outputs/reviews/fill_trace.json"
REPORT_MD = "outputs/reviews/validation_report.md"
REPORT_JSON = "outputs/reviews/validation_report.json"
PLAN = "outputs/plan/plan.json"
DIFF = "outputs/reviews/diff_report.json"
EVENTS = "logs/events.jsonl"
FAILURES = "logs/failures"
VALID = "logs/validation.ok"
CONCEPTS = "scope_concepts.json"
DAG = "scope_dag.json"
EVIDENCE = "outputs/curriculum/evidence.json"

#: The artifacts that `status` speaks of, with the stage each one makes.
ARTIFACTS = {
    SPEC: "spec_ready",
    CURRICULUM: "generated",
    REPORT_JSON: "validated",
    PLAN: "planned",
    DIFF: "iterated",
}


@dataclass(eq=False, repr=False)
class State:
    """What was inferred. `current` tells of each artifact whether it is there and up to
    date; `reasons` why one is not.
    """

    stage: str
    hashes: dict[str, str]
    current: dict[str, bool] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, str]:
        """The hashes of what a curriculum is made from."""
        # What the user says of the reading is there in few runs, and was in none that is older.
        more = {"reading": self.hashes["reading"]} if self.hashes.get("reading") else {}
        return {key: self.hashes[key] for key in ("topic_spec", "scope", "sources")} | more


def infer(
    run: Run, metadata: Metadata, ruleset: str, local: LocalPaths, known: dict[str, str] | None = None
) -> State:
    """The state of `run`; brings `metadata.stamps` into line, but writes nothing. Raises `StorageError`.

    `ruleset` is the digest of the effective rules; `local` what the spec's `local_paths` may name; `known`
    the hashes of all artifacts, where the caller has them.
    """
    state = State("initialized", {**(known or _hashes(run, local)), "ruleset": ruleset})
    stamps, hashes = metadata.stamps, state.hashes
    ready = _spec_stamp(run, stamps, hashes["topic_spec"])
    state.current[SPEC] = ready["ready"]
    if not ready["ready"]:
        state.reasons[SPEC] = str(ready.get("problem", "not filled in"))
    state.current[CURRICULUM] = _curriculum_current(run, state, stamps)
    state.current[REPORT_JSON] = _validation_current(state, stamps)
    if state.current[REPORT_JSON] and not state.current[CURRICULUM]:
        # It passes with the inputs as they are now: whatever it was made from, it is theirs.
        state.current[CURRICULUM] = True
        state.reasons.pop(CURRICULUM, None)
    _derived(
        state, stamps, "plan", PLAN, {"curriculum": hashes["curriculum"], "topic_spec": hashes["topic_spec"]}
    )
    _derived(
        state,
        stamps,
        "iteration",
        DIFF,
        {"curriculum": hashes["curriculum"], "previous": hashes["previous"], "plan": hashes["plan"]},
    )
    for artifact, stage in ARTIFACTS.items():
        if not state.current[artifact]:
            break
        state.stage = stage
    return state


def _hashes(run: Run, local: LocalPaths) -> dict[str, str]:
    files = {
        "topic_spec": SPEC,
        "scope": SCOPE,
        "curriculum": CURRICULUM,
        "previous": PREVIOUS,
        "plan": PLAN,
        "diff": DIFF,
        "reading": READING,
    }
    hashes = {
        name: hash_file(run.file(relative)) if run.exists(relative) else ""
        for name, relative in files.items()
    }
    hashes["sources"] = _sources_hash(run, local)
    hashes["evidence"] = evidence_hash(run)
    return hashes


def evidence_files(run: Run) -> tuple[str, ...]:
    """Where the evidence of the curriculum's edges is kept: with the curriculum, else with the reading of the
    scope document; empty where nowhere.
    """
    return next((files for files in ((EVIDENCE,), (CONCEPTS, DAG)) if all(map(run.exists, files))), ())


def evidence_hash(run: Run) -> str:
    """One hash of what `evidence_files` names, with `unreadable` for a file that cannot be
    read; "" where there is none.
    """
    hashes = []
    for relative in evidence_files(run):
        try:
            hashes.append(hash_file(run.file(relative)))
        except StorageError:  # that it cannot be read is said by who needs to read it
            hashes.append("unreadable")
    return " ".join(hashes)


def local_names(run: Run) -> list[str]:
    """The `local_paths` of the run's topic spec, as they stand there. Raises `StorageError`."""
    data = run.read(SPEC) if run.exists(SPEC) else b""
    if b"local_paths" not in data and b"\\u" not in data:
        return []
    try:
        paths = from_json(data).get("context_pack", {}).get("local_paths", [])
        return [p for p in paths if isinstance(p, str)]
    except (ValueError, AttributeError, TypeError):
        return []


def _sources_hash(run: Run, local: LocalPaths) -> str:
    """One hash of all documents that the spec's `local_paths` name; "" when it names none."""
    names = local_names(run)
    if not names:
        return ""
    total = hashlib.sha256()
    for name in names:
        path, digest = local.path(name), ""
        if path is not None:
            with contextlib.suppress(StorageError):  # that it cannot be read is said by who needs to read it
                digest = hash_file(path)
        total.update(f"{name}\0{digest}\0".encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def _spec_stamp(run: Run, stamps: dict[str, dict[str, Any]], sha: str) -> dict[str, Any]:
    """Whether the topic spec is ready, and if not the first reason; judged once for each content."""
    from dagogy import __version__

    stamp = stamps.get("topic_spec", {})
    if (
        stamp.get("sha256") == sha
        and stamp.get("judged_by") == __version__
        and isinstance(stamp.get("ready"), bool)
    ):
        return stamp
    if not sha:
        problems = [f"{SPEC} is missing"]
    else:
        from dagogy.contracts.documents import decode_topic_spec

        problems = [str(p) for p in decode_topic_spec(run.read(SPEC)).problems]
    stamps["topic_spec"] = {
        **stamp,
        "sha256": sha,
        "ready": not problems,
        "problem": "; ".join(problems),
        "judged_by": __version__,
    }
    return stamps["topic_spec"]


def _curriculum_current(run: Run, state: State, stamps: dict[str, dict[str, Any]]) -> bool:
    sha = state.hashes["curriculum"]
    if not sha:
        stamps.pop("curriculum", None)
        state.reasons[CURRICULUM] = "not made yet"
        return False
    stamp = stamps.get("curriculum", {})
    if stamp.get("sha256") != sha:
        problem = _unreadable(run)
        # Nobody but the user changes it without leaving a stamp, so it is meant for the inputs of today.
        stamp = stamps["curriculum"] = {
            "sha256": sha,
            "inputs": state.inputs,
            "made_by": "edit",
            "problem": problem,
        }
    if stamp.get("problem"):
        state.reasons[CURRICULUM] = f"cannot be read: {stamp['problem']}"
        return False
    made_from = stamp["inputs"] if isinstance(stamp.get("inputs"), dict) else {}
    changed = [name for name in state.inputs | made_from if made_from.get(name) != state.inputs.get(name)]
    if changed:
        words = {
            "topic_spec": "the topic spec",
            "scope": "the scope document",
            "sources": "a document of local_paths",
            "reading": READING,
        }
        state.reasons[CURRICULUM] = (
            f"{' and '.join(words.get(name, name) for name in changed)} changed since it was made"
        )
    return not changed


def _unreadable(run: Run) -> str:
    """Why the curriculum is not even a JSON object with nodes, or an empty string. Its
    rules are `validate`'s business.
    """
    from dagogy.contracts.documents import MalformedJson, outline

    try:
        document = outline(run.read(CURRICULUM))
    except MalformedJson as error:
        return str(error)
    return (
        ""
        if isinstance(document, dict) and isinstance(document.get("nodes"), list)
        else "it is no object with a list of nodes"
    )


def _validation_current(state: State, stamps: dict[str, dict[str, Any]]) -> bool:
    stamp = stamps.get("validation", {})
    if not stamp:
        state.reasons[REPORT_JSON] = "not validated yet"
        return False
    if stamp.get("curriculum") != state.hashes["curriculum"]:
        state.reasons[REPORT_JSON] = "the curriculum changed since it was validated"
    elif stamp.get("inputs") != state.inputs:
        state.reasons[REPORT_JSON] = "the inputs changed since it was validated"
    elif "evidence" not in stamp:
        state.reasons[REPORT_JSON] = "it was validated before the evidence of its edges counted"
    elif stamp["evidence"] != state.hashes["evidence"]:
        state.reasons[REPORT_JSON] = "the evidence of its edges changed since it was validated"
    elif stamp.get("ruleset") != state.hashes["ruleset"]:
        state.reasons[REPORT_JSON] = (
            "the rules, their versions or their options changed since it was validated"
        )
    elif not stamp.get("passed"):
        state.reasons[REPORT_JSON] = "the last validation failed"
    else:
        return True
    return False


def _derived(
    state: State, stamps: dict[str, dict[str, Any]], name: str, artifact: str, made_from: dict[str, str]
) -> None:
    stamp = stamps.get(name, {})
    sha = state.hashes["plan" if artifact == PLAN else "diff"]
    if not sha or not stamp:
        state.reasons[artifact] = "not made yet"
    elif stamp.get("sha256") != sha:
        state.reasons[artifact] = "it was changed since it was made"
    elif any(stamp.get(key) != value for key, value in made_from.items()):
        state.reasons[artifact] = (
            f"{' and '.join(k.replace('_', ' ') for k, v in made_from.items() if stamp.get(k) != v)} changed "
            "since it was made"
        )
    state.current[artifact] = artifact not in state.reasons


def out_of_line(run: Run, metadata: Metadata, state: State, before: bytes) -> bool:
    """Whether `sync` has anything to write. `before` is `run.json` as it was read."""
    return (
        metadata.stage != state.stage
        or _recorded(before) != metadata.as_dict()
        or run.exists(VALID) != state.current[REPORT_JSON]
    )


def sync(run: Run, metadata: Metadata, state: State, before: bytes) -> None:
    """Brings `run.json` and the marker `logs/validation.ok` into line with `state`, if they are not. Only for
    who holds the lock.
    """
    if metadata.stage != state.stage:
        was, metadata.stage = metadata.stage, state.stage
        metadata.note(
            "stage_sync",
            f"stage brought into line with the artifacts: {was} -> {state.stage}",
            previous_stage=was,
        )
    if _recorded(before) != metadata.as_dict():
        run.save(metadata)
    mark(run, state)


def _recorded(before: bytes) -> Any:
    try:
        return from_json(before)
    except ValueError:
        return None


def mark(run: Run, state: State) -> None:
    """Makes `logs/validation.ok` present exactly when the last validation passed and is current."""
    wanted, there = state.current.get(REPORT_JSON, False), run.exists(VALID)
    if wanted and not there:
        run.write(VALID, (state.hashes["curriculum"] + "\n").encode())
    elif there and not wanted:
        run.remove(VALID)
