"""The kit for classifiers, recovery actions and probes: failure fixtures in, diagnosis out; actions and
probes checked for what they promise.

Example::

    from dagogy.testing import FakeRecoveryContext, check_action, diagnosis_of

    FAILURE = {"code": "provider_error", "message": "vpn0: no such device"}

    def test_the_vpn_is_recognised():
        assert diagnosis_of(VpnClassifier, INFO, FAILURE).incident_id == "vpn_down"

    def test_reconnecting_keeps_its_promises(tmp_path):
        check_action(Reconnect, RECOVERY_INFO, FAILURE, FakeRecoveryContext(tmp_path))

    def test_the_look_at_the_interface_keeps_its_promises(tmp_path):
        (found,) = check_probe(Interface, PROBE_INFO, "vpn0: no such device", FakeProbeContext(tmp_path))
        assert found.confirms == ("vpn_down",)
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from dagogy.api.dialects import LogDialect
from dagogy.api.errors import DagogyError
from dagogy.api.incidents import Classifier, Diagnosis, Failure, Rank
from dagogy.api.plugins import ClassifierInfo, ProbeInfo, RecoveryInfo
from dagogy.api.probes import Probe, ProbeContext, ProbeResult
from dagogy.api.recoveries import CommandResult, RecoveryAction, RecoveryContext, RecoveryOutcome
from dagogy.api.secrets import secrets_of
from dagogy.host.discovery import EntryPoint
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.incidents.dialects import installed
from dagogy.incidents.parsing import from_record, from_text
from dagogy.incidents.probing import observe
from dagogy.workspace.files import content_hash, read_regular, unlinked, write_atomic
from dagogy.workspace.known_settings import CORE_SETTINGS
from dagogy.workspace.runs import REPLACED_BY, REPLACES

#: A failure to test with: a `Failure`, a record's document, or any text.
FailureLike = Failure | Mapping[str, Any] | str


def failure_of(fixture: FailureLike) -> Failure:
    """The failure that a fixture tells of, read the way `dagogy diagnose` reads a record or a text."""
    if isinstance(fixture, Failure):
        return fixture
    return from_text(fixture) if isinstance(fixture, str) else from_record(fixture, "a fixture")


def diagnosis_of(
    classifier: type[Classifier], info: ClassifierInfo, fixture: FailureLike
) -> Diagnosis | None:
    """What the classifier makes of the failure. Raises `AssertionError` for an answer
    that the host would refuse.
    """
    asked = classifier(info)
    asked.dialects = _dialects()
    found = asked.classify(failure_of(fixture))
    if found is None:
        return None
    assert isinstance(found, Diagnosis), (
        f"{info.id} answered with {type(found).__name__}, not with a Diagnosis"
    )
    assert found.incident_id in info.incidents, (
        f"{info.id} answered '{found.incident_id}', which is not one of its incidents"
    )
    assert found.evidence, f"{info.id} answered '{found.incident_id}' without evidence"
    assert isinstance(found.rank, Rank), f"{info.id} answered '{found.incident_id}' without a rank"
    assert 0 <= found.confidence <= 1, f"{info.id} is sure to {found.confidence}; wanted: 0 to 1"
    return found


@cache
def _dialects() -> Sequence[LogDialect]:
    return installed(Host())[0]


class FakeRecoveryContext(RecoveryContext):
    """A context without a host. `commands` has every `dagogy` command an action asked for.

    `answer` says how each of them ends and may do to the folder what the real one would; without it all end
    well. `waits` has the seconds that it wanted to wait, which pass at once; `looks` the probes that it asked
    again, with their settings; `look` answers them.
    """

    def __init__(
        self,
        run: Path,
        *,
        settings: Mapping[str, str] | None = None,
        file: Mapping[str, str] | None = None,
        providers: Sequence[str] = (CORE_SETTINGS["AGENT_PROVIDER"].default,),
        failed_providers: Sequence[str] = (),
        spec_problems: Sequence[str] = (),
        answer: Callable[[Sequence[str]], CommandResult] | None = None,
        look: Callable[[str, Mapping[str, str]], Sequence[ProbeResult]] | None = None,
        probes: Sequence[ProbeResult] = (),
        attempt: int = 0,
    ) -> None:
        self.run, self.run_id, self.probes, self.attempt = run, run.name, tuple(probes), attempt
        self.providers, self.failed_providers = tuple(providers), tuple(failed_providers)
        self.waits: list[float] = []
        self.looks: list[tuple[str, dict[str, str]]] = []
        self._look = look
        self.commands: list[tuple[str, ...]] = []
        self.environments: list[dict[str, str]] = []
        self._settings, self._file = dict(settings or {}), dict(file or {})
        self._problems, self._answer = tuple(spec_problems), answer

    def setting(self, name: str) -> str:
        return self._settings.get(name) or self._file.get(name, "")

    def in_file(self, name: str) -> bool:
        return bool(self._file.get(name))

    def dagogy(self, *arguments: str, environment: Mapping[str, str] | None = None) -> CommandResult:
        self.commands.append(arguments)
        self.environments.append(dict(environment or {}))
        return self._answer(arguments) if self._answer else CommandResult(exit_status=0)

    def read(self, relative: str) -> bytes | None:
        path = self.run / relative
        return read_regular(unlinked(path, self.run)) if os.path.lexists(path) else None

    def write(self, relative: str, data: bytes, run_id: str = "") -> None:
        run = self.run.parent / (run_id or self.run_id)
        write_atomic(unlinked(run / relative, run), data, inside=run)

    def replacement(self) -> str:
        message = self.read(REPLACED_BY)
        return "" if message is None else message.decode().strip()

    def replace_by(self, run_id: str) -> None:
        self.write(REPLACES, f"{self.run_id}\n".encode(), run_id)
        self.write(REPLACED_BY, f"{run_id}\n".encode())

    def keep(self, relative: str) -> Path | None:
        path, data = self.run / relative, self.read(relative)
        if data is None:
            return None
        kept = self.run / "logs/kept" / f"{path.stem}-{content_hash(data)[:12]}{path.suffix}"
        self.write(kept.relative_to(self.run).as_posix(), data)
        return kept

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def probe(self, probe_id: str, environment: Mapping[str, str] | None = None) -> Sequence[ProbeResult]:
        self.looks.append((probe_id, dict(environment or {})))
        return self._look(probe_id, dict(environment or {})) if self._look else ()

    def spec_problems(self) -> Sequence[str]:
        return self._problems


class _Rehearsed(DagogyError):
    """An action that is only asked would begin to change something."""


class _IdleContext(FakeRecoveryContext):
    """The context of an action that is only asked. It stops at a probe as well, whose answers may be meant
    for the real thing.
    """

    def __init__(self, context: FakeRecoveryContext) -> None:
        self.__dict__.update(context.__dict__)

    def _stop(self, *arguments: object, **options: object) -> NoReturn:
        raise _Rehearsed("it would change something")

    dagogy = keep = write = replace_by = wait = probe = _stop


class FakeProbeContext(ProbeContext):
    """A context without a host: the folder of a run, and settings."""

    def __init__(
        self, runs_dir: Path, *, run: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.runs_dir, self.run = runs_dir, run
        self._settings = dict(settings or {})
        self.environ_names = frozenset(self._settings)

    def setting(self, name: str) -> str:
        return self._settings.get(name, "")


def check_probe(
    probe: type[Probe], info: ProbeInfo, fixture: FailureLike, context: FakeProbeContext
) -> list[ProbeResult]:
    """Runs the probe as the host does and returns what it found. Raises
    `AssertionError` when it breaks a promise.

    It comes to its end within `info.seconds`, writes nothing (no file of its own, and none in the folder of
    the runs), answers with nothing but its own incidents, and shows no value of a setting whose name says
    that it is secret.
    """
    before = _files(context.runs_dir)
    plugin = Plugin(EntryPoint("probe", info.id, info.impl, "the kit", ""), "ready", info=info)
    failure = failure_of(fixture)
    secrets = secrets_of({name: context.setting(name) for name in context.environ_names})
    results = observe([(plugin, lambda: probe(info).look(failure, context))], secrets)
    after = _files(context.runs_dir)
    assert after == before, f"{info.id} changed {_differing(before, after)}"
    for observation in results:
        result = observation.result
        assert not result.message.startswith(f"probe {info.id} of the kit"), result.message
        assert result.subject, f"{info.id} does not say what it looked at"
        assert result.message, f"{info.id} says nothing about {result.subject}"
        marks = [
            f"[{mark}]"
            for mark in (*secrets, "redacted")
            if f"[{mark}]" in f"{result.subject} {result.message}"
        ]
        assert not marks, f"{info.id} shows a secret: {', '.join(marks)}"
    return [observation.result for observation in results]


def check_action(
    action: type[RecoveryAction],
    info: RecoveryInfo,
    fixture: FailureLike,
    context: FakeRecoveryContext,
    diagnosis: Diagnosis | None = None,
) -> RecoveryOutcome:
    """Runs the action twice and returns its first outcome. Raises `AssertionError` when it breaks a promise.

    Done twice it leaves the run's folder (and the folders beside it) as done once, but for copies in
    `logs/kept/`. A `safe` one leaves every file in `inputs/` as it is, or a copy of it in `logs/kept/`; a
    `manual` one changes nothing, runs no command and says something; an `unsafe` one says why.
    """
    failure = failure_of(fixture)
    found = diagnosis or Diagnosis(
        incident_id=info.incidents[0],
        rank=Rank.PROSE,
        confidence=1.0,
        evidence=(failure.message or failure.text or "-",),
    )
    assert found.incident_id in info.incidents, f"{info.id} is no action for '{found.incident_id}'"
    assert info.safety != "unsafe" or info.reason, f"{info.id} is unsafe and does not say why"
    before = _files(context.run.parent)
    if info.safety != "manual" and action.rehearsable:
        _assert_rehearsed(action, info, failure, found, context)
    first = _done(action, info, failure, found, context)
    once = _files(context.run.parent)
    if info.safety == "manual":
        _assert_only_words(info, first, context, _differing(before, once) if once != before else "")
    if info.safety == "safe":
        _assert_nothing_lost(info, context.run.name, before, once)
    _done(action, info, failure, found, context)
    _assert_same(info, once, _files(context.run.parent))
    return first


def _assert_same(info: RecoveryInfo, once: Mapping[str, str], twice: Mapping[str, str]) -> None:
    """Done twice is as done once, but for copies in `logs/kept/`."""
    twice = {name: digest for name, digest in twice.items() if name in once or "/logs/kept/" not in name}
    assert twice == once, f"{info.id} done twice changed {_differing(once, twice)}"


def _assert_rehearsed(
    action: type[RecoveryAction],
    info: RecoveryInfo,
    failure: Failure,
    found: Diagnosis,
    context: FakeRecoveryContext,
) -> None:
    """Nothing is changed by an action that is only asked."""
    before = _files(context.run.parent)
    with contextlib.suppress(_Rehearsed):
        action(info).recover(failure, found, _IdleContext(context))
    rehearsed = _files(context.run.parent)
    assert rehearsed == before, (
        f"{info.id} is rehearsable and changed {_differing(before, rehearsed)} when it was only asked"
    )


def _assert_only_words(
    info: RecoveryInfo, outcome: RecoveryOutcome, context: FakeRecoveryContext, changed: str
) -> None:
    """What a manual action may do. `changed`: the files that it changed."""
    claims = outcome.changed or outcome.environment or outcome.run_id
    assert not claims, f"{info.id} is manual but reports a change"
    assert not changed, f"{info.id} is manual and changed {changed}"
    assert not context.commands, f"{info.id} is manual and ran {context.commands}"
    assert outcome.message or outcome.commands, (
        f"{info.id} is manual and gives neither a message nor commands"
    )


def _assert_nothing_lost(
    info: RecoveryInfo, run_id: str, before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    """Each input is as it was, or there is a copy of it."""
    inputs = f"{run_id}/inputs/"
    kept = {digest for name, digest in after.items() if name.startswith((f"{run_id}/logs/kept/", inputs))}
    lost = [name for name, digest in before.items() if name.startswith(inputs) and digest not in kept]
    assert not lost, f"{info.id} is safe and lost {', '.join(lost)}"


def _done(
    action: type[RecoveryAction],
    info: RecoveryInfo,
    failure: Failure,
    diagnosis: Diagnosis,
    context: FakeRecoveryContext,
) -> RecoveryOutcome:
    outcome: Any = RecoveryOutcome(changed=False, message="")
    try:
        outcome = action(info).recover(failure, diagnosis, context)
    except DagogyError as error:
        outcome = RecoveryOutcome(changed=False, message=error.message)
    assert isinstance(outcome, RecoveryOutcome), (
        f"{info.id} answered with {type(outcome).__name__}, not with a RecoveryOutcome"
    )
    json.dumps([dict(outcome.environment), list(outcome.commands), outcome.message])
    return outcome


def _files(folder: Path) -> dict[str, str]:
    """The content of every file below, by name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                found[path.relative_to(folder).as_posix()] = content_hash(path.read_bytes())
    return found


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    return ", ".join(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))
