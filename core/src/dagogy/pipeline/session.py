"""One command at work on one run: opens it, infers its stage, holds its lock, and knows the rules and the
effective provider.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dagogy.api.errors import ConfigError, DagogyError, Locked, NotFound, StageConflict, StorageError
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.pipeline.ruleset import RuleConfig, rule_configs, ruleset_digest
from dagogy.workspace.events import last_lost
from dagogy.workspace.files import content_hash, read_regular, remove_temporaries
from dagogy.workspace.known_settings import CORE_SETTINGS
from dagogy.workspace.local_paths import LocalPaths
from dagogy.workspace.lock import locked, shared
from dagogy.workspace.provenance import recovery_account, sealed, sealed_event
from dagogy.workspace.runs import Metadata, Run, Runs
from dagogy.workspace.settings import Settings
from dagogy.workspace.stages import (
    CURRICULUM,
    EVENTS,
    FAILURES,
    READING,
    SCOPE,
    SCOPE_BLOCKS,
    SPEC,
    State,
    evidence_files,
    infer,
    mark,
    out_of_line,
    sync,
)

if TYPE_CHECKING:
    from dagogy.api.plugins import Setting
    from dagogy.api.providers import Provider
    from dagogy.api.scope import ScopeDocument, ScopeReading
    from dagogy.pipeline.corrections import Corrections
    from dagogy.pipeline.documents import Readers
    from dagogy.pipeline.judge import Judge
    from dagogy.pipeline.rule_context import RunContext
    from dagogy.workspace.circuits import Circuit

#: The bytes at the head of a document that may be its front matter.
_FRONT_MATTER = 64 * 1024
ScopeMode = Literal["full", "section", "seed-list"]
_SCOPE_MODES: tuple[ScopeMode, ...] = ("full", "section", "seed-list")

#: The folders of a run in which a killed command may have left a temporary file.
_WRITTEN = (
    "",
    *"inputs inputs/sources learners outputs/curriculum outputs/reviews outputs/plan logs".split(),
)


class Session:
    """The settings, the host and the runs dir of one command."""

    def __init__(
        self, settings: Settings, host: Host, clean: Callable[..., Any] = lambda value, shapes=True: value
    ) -> None:
        """`clean` takes the secrets out of what a provider says (text or JSON values)
        before it is shown or written.
        """
        self.settings = settings
        self.host = host
        self.clean = clean
        #: The files outside of the run that were read, each with the run whose `local_paths`
        #: name it; for the user to see.
        self.read_outside: dict[Path, str] = {}
        self.runs = Runs(settings.runs_dir, settings.environ)
        #: Who was asked in this command, if somebody was.
        self.asked: Circuit | None = None

    @cached_property
    def rule_configs(self) -> Mapping[str, RuleConfig]:
        return rule_configs(self.host, self.settings.rules)

    @cached_property
    def ruleset(self) -> str:
        return ruleset_digest(self.host, self.rule_configs)

    @cached_property
    def readers(self) -> Readers:
        from dagogy.pipeline.documents import Readers

        return Readers(self.host)

    @cached_property
    def judge(self) -> Judge:
        from dagogy.pipeline.judge import Judge

        return Judge(self.host, self.rule_configs)

    def provider_plugin(self, provider_id: str | None = None, setting: str = "AGENT_PROVIDER") -> Plugin:
        """The provider asked for. Raises `ConfigError` that names the variable when it is not installed."""
        wanted = provider_id or str(self.settings.get("AGENT_PROVIDER"))
        source = self.settings.raw(setting, peek=True)[1]
        try:
            return self.host.get("provider", wanted)
        except NotFound as error:
            installed = ", ".join(p.id for p in self.host.all("provider") if p.state != "disabled") or "none"
            raise ConfigError(
                f"{setting} is '{wanted}'; accepted: {installed}",
                hint=error.hint or f"install a distribution that brings the provider '{wanted}'",
                details={"setting": setting, "value": wanted, "source": source},
            ) from None

    def check_fallbacks(self) -> None:
        """Raises `ConfigError` when AGENT_FALLBACK_PROVIDERS names a provider that is not installed."""
        for wanted in str(self.settings.get("AGENT_FALLBACK_PROVIDERS")).split(","):
            if wanted.strip():
                self.provider_plugin(wanted.strip(), "AGENT_FALLBACK_PROVIDERS")

    @contextlib.contextmanager
    def asking(
        self, provider: Provider, note: Callable[[str], None] = lambda line: None
    ) -> Iterator[Callable[[], None]]:
        """Around whatever is asked of the provider; what it gives is to be called once there was an answer.

        Raises `ProviderError` (cause `circuit_open`) where the circuit breaker keeps it from being asked.
        `note` gets a line about breakers.
        """
        from dagogy.pipeline.asking import ask
        from dagogy.workspace.circuits import Breakers, Circuit, fingerprint

        endpoint = ask(
            provider, self.provider_plugin(provider.info.id).origin, lambda: str(provider.endpoint)
        )
        self.asked = Circuit(provider.info.id, endpoint, provider.settings.model)
        if not endpoint:
            yield lambda: None
            return
        self.asked = self.asked._replace(
            settings=fingerprint(provider.settings.values, self.settings.environ)
        )
        with Breakers(self.runs.base, note=note).asking(self.asked) as answered:
            yield answered

    def provider(self, provider_id: str | None = None) -> Provider:
        """The provider, created with the settings it declares. Raises `ConfigError` or `PluginError`."""
        from dagogy.api.providers import Provider, ProviderSettings

        plugin = self.provider_plugin(provider_id)
        info, get = plugin.info, self.settings.get
        timeout = get("AGENT_TIMEOUT_SECONDS")
        settings = ProviderSettings(
            model=get("AGENT_MODEL"),
            timeout_seconds=float(info.default_timeout_seconds if timeout is None else timeout),
            retry_budget=get("AGENT_RETRY_BUDGET"),
            scope_text_max_chars=get("AGENT_SCOPE_TEXT_MAX_CHARS"),
            concurrency=get("AGENT_CONCURRENCY"),
            values={s.name: str(self._given(s) or s.default) for s in info.settings},
        )
        kind = self.host.implementation(plugin)
        provider = plugin.call(lambda: kind(info, settings))
        if not isinstance(provider, Provider):
            plugin.fail(f"{info.impl} is not a dagogy.api.providers.Provider")
            raise plugin.error()
        return provider

    def _given(self, setting: Setting) -> Any:
        return (
            self.settings.command(setting.name)
            if setting.kind == "command"
            else self.settings.raw(setting.name)[0]
        )

    @property
    def default_provider_id(self) -> str:
        """The provider that reads scope documents for those that do not."""
        return str(CORE_SETTINGS["AGENT_PROVIDER"].default)

    @contextlib.contextmanager
    def reading(self, reference: str) -> Iterator[OpenRun]:
        """The run for a command that writes no artifact. Needs no lock; `run.json` is brought into
        line when nobody holds it.
        """
        run = self.runs.find(reference)
        with run.standing():
            opened, before = self._open(run)
            if out_of_line(run, opened.metadata, opened.state, before):
                # Somebody at work on the run, or a folder that cannot be written to, is
                # no reason not to read it.
                with contextlib.suppress(Locked, NotFound, StorageError), shared(run.path):
                    opened, before = self._open(run)
                    sync(run, opened.metadata, opened.state, before)
            yield opened

    @contextlib.contextmanager
    def writing(
        self, reference: str, command: str, wait_seconds: float = 0.0, words: Sequence[str] = ()
    ) -> Iterator[OpenRun]:
        """The run, locked, its stage in line. `words` are those of `command`. Raises `Locked`,
        `NotFound`, `StorageError`.
        """
        run = self.runs.find(reference)
        with locked(run.path, command, wait_seconds):
            for folder in _WRITTEN:
                remove_temporaries(run.file(folder))
            # failure records are written without the lock
            remove_temporaries(run.file(FAILURES), older_than=60)
            opened, before = self._open(run)
            sync(run, opened.metadata, opened.state, before)
            facts = {"command": command, "pid": os.getpid()}
            account = recovery_account(self.settings.environ)
            more = {
                "stage": opened.state.stage,
                "words": list(words),
                "folder": str(self.settings.folder),
                **({"recovery": account} if account else {}),
            }
            try:
                opened.lost_pid = last_lost(run.path / EVENTS)
                run.event("command_started", **sealed({**facts, **more}, run.path, self.settings.environ))
                yield opened
                if opened.failure is not None:
                    run.event("command_stopped", **facts)
                else:
                    ended = {**facts, "stage": opened.state.stage}
                    run.event(
                        "command_ended",
                        **sealed_event("command_ended", ended, run.path, self.settings.environ),
                    )
            except BaseException:
                # Still under the lock: a command without such a word was killed.
                with contextlib.suppress(DagogyError):
                    run.event("command_stopped", **facts)
                raise

    def local_paths(self, run: Run) -> LocalPaths:
        return LocalPaths(run, self.settings.root, self.settings.environ)

    def _open(self, run: Run) -> tuple[OpenRun, bytes]:
        """The run with its state inferred, and `run.json` as it was read."""
        before, metadata = run.metadata()
        return OpenRun(self, run, metadata, infer(run, metadata, self.ruleset, self.local_paths(run))), before


@dataclass(eq=False, repr=False)
class OpenRun:
    """A run that a command works on: what it says of itself and what was inferred."""

    session: Session
    run: Run
    metadata: Metadata
    state: State
    #: The process whose command, the one before on this run, died without a word; None where that one ended.
    lost_pid: int | None = None
    #: What the command fails with though it did its work: a validation with errors. Whoever asked for it is
    #: given the report first.
    failure: DagogyError | None = None
    #: What the user says of the reading in this command.
    given: Corrections | None = None
    #: The scope document that was kept or restored last, with the hashes of its text and of its blocks: what
    #: looks at it again and again shares one.
    _scope: tuple[tuple[str, str], ScopeDocument] | None = None

    def refresh(self, **hashes: str) -> None:
        """Infers the stage again after artifacts were written, and saves it. The marker comes last: it
        promises the rest.

        `hashes` are those of the artifacts that were written, by their name in `State.hashes`: under the lock
        all others are as they were when the command started, and need not be read again.
        """
        known = {**self.state.hashes, **hashes}
        self.state = infer(
            self.run, self.metadata, self.session.ruleset, self.session.local_paths(self.run), known
        )
        self.metadata.stage = self.state.stage
        self.run.save(self.metadata)
        mark(self.run, self.state)

    def require(self, artifact: str, command: str) -> None:
        """Raises `StageConflict` with the next command unless `artifact` is there and current."""
        if self.state.current.get(artifact):
            return
        from dagogy.pipeline.next_step import next_step

        step = next_step(self.run.id, self.state)
        raise StageConflict(
            f"run {self.run.id} is {self.state.stage}, '{command}' needs {artifact}: "
            f"{self.state.reasons.get(artifact, 'not current')}",
            hint=step.command,
            details={"run_id": self.run.id, "stage": self.state.stage, "artifact": artifact},
        )

    def context(
        self, curriculum: bytes | None = None, evidence: Callable[[], ScopeReading | None] | None = None
    ) -> RunContext:
        """What the rules look at: `curriculum`, or the one in the run; and the evidence of its edges, or what
        is kept of it in the run.
        """
        from dagogy.pipeline.authoring.pins import authored_fields
        from dagogy.pipeline.rule_context import RunContext

        if curriculum is None:
            if not self.run.exists(CURRICULUM):
                raise StageConflict(
                    f"run {self.run.id} has no curriculum yet",
                    hint=f"dagogy run {self.run.id}",
                    details={"run_id": self.run.id, "stage": self.state.stage},
                )
            curriculum = self.run.read(CURRICULUM)
        spec = self.run.read(SPEC) if self.run.exists(SPEC) else b""
        folders = (self.run.path, self.session.settings.root)
        made = RunContext(
            curriculum, spec, sources=self.sources, evidence=evidence or self._evidence, folders=folders
        )
        return made.authored_by(lambda: authored_fields(self.run))

    def _evidence(self) -> ScopeReading | None:
        if not evidence_files(self.run):
            return None
        from dagogy.pipeline.evidence import kept_reading

        return kept_reading(self.run)

    def sources(self) -> Sequence[ScopeDocument]:
        """The scope document, then those of `local_paths`; each file once. Raises `InvalidArgument` or
        `NotFound` for a bad path.
        """
        documents: list[ScopeDocument] = []
        seen: set[Path] = set()
        if self.run.exists(SCOPE):
            seen.add(self.run.file(SCOPE).resolve())
            documents.append(self._scope_document())
        local = self.session.local_paths(self.run)
        for name in self._local_paths():
            path = local.required(name)
            if path not in seen:
                from dagogy.api.readers import Source

                seen.add(path)
                if not local.is_own(path):
                    self.session.read_outside[path] = self.run.id
                location = _relative(path, (self.run.path, self.session.settings.root))
                documents.append(
                    self.session.readers.read(Source(name, read_regular(path)), location=location)
                )
        return documents

    def _scope_document(self) -> ScopeDocument:
        """The scope document as it is to be read: by the corrections in effect."""
        from dagogy.pipeline.corrections import apply

        document = self.kept_document()
        return apply(document, self.corrections_of(document))[0]

    def corrections_of(self, document: ScopeDocument) -> Corrections:
        """What is in effect for a scope document: what is given, what the run keeps, and
        what the document itself says.
        """
        from dagogy.pipeline.corrections import from_front_matter, merged

        return merged(self.corrections(), from_front_matter(document))

    def corrections(self) -> Corrections:
        """What is given and what the run keeps of the user's corrections. Raises `InvalidArgument`
        where that cannot be read.
        """
        from dagogy.pipeline.corrections import NONE, from_file, merged

        return merged(
            self.given or NONE,
            from_file(self.run.read(READING), READING) if self.run.exists(READING) else NONE,
        )

    def check_corrections(self) -> None:
        """Raises `InvalidArgument` where what the user says of the reading names nothing in the scope
        document: no rule that asks for it is at fault.
        """
        if self.run.exists(SCOPE) and (
            self.run.exists(READING) or b"reading" in self.run.read(SCOPE)[:_FRONT_MATTER]
        ):
            self._scope_document()

    def kept_document(self) -> ScopeDocument:
        """The scope document with the blocks that are kept of it; where these are of another text, it is read
        as the Markdown that it then is.
        """
        from dagogy.api.readers import Source
        from dagogy.pipeline.documents import restored

        source, mode = self._scope_stamp()
        data = self.run.read(SCOPE)
        blocks = self.run.read(SCOPE_BLOCKS) if self.run.exists(SCOPE_BLOCKS) else b""
        of = content_hash(data), content_hash(blocks)
        if self._scope is None or self._scope[0] != of:
            kept = restored(blocks, data) if blocks else None
            document = kept or self.session.readers.read(Source(f"{source.removesuffix('.md')}.md", data))
            self._scope = of, document
        return replace(self._scope[1], source=source, location=SCOPE, mode=mode)

    def keep(self, document: ScopeDocument) -> None:
        """Writes the scope document and its blocks into the run."""
        from dagogy.pipeline.documents import as_restored, kept_blocks

        text, blocks = document.text.encode(), kept_blocks(document)
        self.run.write(SCOPE_BLOCKS, blocks)
        self.run.write(SCOPE, text)
        self._scope = (content_hash(text), content_hash(blocks)), as_restored(document)

    def _scope_stamp(self) -> tuple[str, ScopeMode]:
        """How the scope document was named when it was given, and in which mode; one put
        there by hand is all meant.
        """
        stamp = self.metadata.stamps.get("scope", {})
        source = stamp.get("source")
        mode: ScopeMode = next((known for known in _SCOPE_MODES if known == stamp.get("mode")), "full")
        return source if isinstance(source, str) and source else SCOPE, mode

    def _local_paths(self) -> Sequence[str]:
        from dagogy.contracts.documents import decode_topic_spec
        from dagogy.contracts.types import ContextPack

        if not self.run.exists(SPEC):
            return ()
        spec = decode_topic_spec(self.run.read(SPEC)).value
        pack = spec.context_pack if spec else None
        return pack.local_paths if isinstance(pack, ContextPack) else ()

    def facts(self) -> dict[str, Any]:
        """Run id, stage and next command, for JSON output."""
        from dagogy.pipeline.next_step import next_step

        step = next_step(self.run.id, self.state)
        return {
            "run_id": self.run.id,
            "path": str(self.run.path),
            "stage": self.state.stage,
            "next": step.as_dict(),
        }


def _relative(path: Path, folders: Sequence[Path]) -> str:
    for folder in folders:
        with contextlib.suppress(ValueError):
            return path.relative_to(folder.resolve()).as_posix()
    return path.name
