"""What a plugin says of itself before any of its code is needed.

A hook yields these light descriptions. `impl` is `"module:Attribute"`; the host imports that module when the
plugin first runs, so a description may never import pydantic, networkx or an SDK. The entry point's name is
the plugin's id, and a description whose `id` is not the name of one of its module's entry points is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The version of `dagogy.api` that this host speaks. A description names the version it was written for.
API_VERSION = 1
SUPPORTED_API_VERSIONS = frozenset({1})

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """What every description has.

    `id`: the entry point's name. `summary`: one line for lists. `api_version`: the `API_VERSION` it was
    written for, as a literal. `impl`: `"module:Attribute"`, imported on first use.
    """

    id: str
    summary: str
    api_version: int
    impl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo(PluginInfo):
    """A validation rule; `impl` names a subclass of `dagogy.api.rules.Rule`.

    `severity`: what its findings weigh unless the configuration says otherwise (only `error` fails a
    validation). `groups`: words to find it by. `requires`: ids of rules that must be clean first, else this
    one is skipped. `aliases`: ids that it had before it was renamed; configurations and command lines may go
    on naming it so. One that is the id of another rule does not count.
    """

    severity: Severity
    groups: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting that a provider reads, by the name of its environment variable.

    In a configuration file its key is the same name in lower case. A `secret` is never printed,
    logged or recorded. `sensitive`: from a file it counts only when the user has trusted that file;
    say False only of a setting that can neither start a program, nor choose who is asked, nor say
    where text or a key goes, whatever its value. `kind`: `"command"` for words that are run, in which
    relative paths count from the file.
    """

    name: str
    summary: str
    default: str = ""
    secret: bool = False
    sensitive: bool = True
    kind: Literal["text", "command"] = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderInfo(PluginInfo):
    """A provider; `impl` names a subclass of `dagogy.api.providers.Provider`.

    `default_timeout_seconds` holds when `AGENT_TIMEOUT_SECONDS` is not set. `settings` are those it reads on
    top of the common ones; no other setting reaches it. `needs_network` is what `doctor` tells the user.
    """

    default_timeout_seconds: float = 30.0
    settings: tuple[Setting, ...] = ()
    needs_network: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderInfo(PluginInfo):
    """A reader of documents; `impl` names a subclass of `dagogy.api.readers.Reader`.

    `suffixes`: the ends of file names it reads, in lower case with their dot. `names`: whole file names, in
    lower case, which count more than a suffix.
    `media_types`: what it reads, in words of the network. `signatures`: the bytes (as Latin-1 text) that its
    binary formats begin with; a file that begins so is never read as text. `order`: of several readers of one
    suffix the lowest is taken first, the next where that one is not ready.
    """

    suffixes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    order: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """When an incident is to be escalated: once it came `times` times in a run,
    whichever of `incidents` it was.

    `same`: only failures with the same message count, as when a deterministic check fails again after a
    change. `summary` says so in the escalation report.
    """

    summary: str
    incidents: tuple[str, ...]
    times: int = 2
    same: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierInfo(PluginInfo):
    """An error classifier; `impl` names a subclass of `dagogy.api.failures.Classifier`.

    `incidents`: ids it can answer with. `escalations`: when they leave the hands of the operator. `circuits`:
    those that open the circuit breaker of the provider, host and model that failed, each with the seconds it
    stays open where no reset time was given.
    `service`: they are about a service or program that a provider asks, or the way to it. Such a classifier
    is not asked about a crash of code that asked nobody: a document with `https://[x]/` in it may raise what
    a wrong base URL raises.
    `tentative`: its answers are guesses. It is asked only where no other classifier answers; what it says is
    told as probable, and nothing acts on it.
    """

    incidents: tuple[str, ...] = ()
    service: bool = False
    tentative: bool = False
    escalations: tuple[Escalation, ...] = ()
    circuits: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectInfo(PluginInfo):
    """A log dialect; `impl` names a subclass of `dagogy.api.dialects.LogDialect`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryInfo(PluginInfo):
    """A recovery action; `impl` names a subclass of `dagogy.api.recoveries.RecoveryAction`.

    `incidents`: the incident ids it helps with. `safety`: `safe` runs by itself, `unsafe` needs consent and
    `reason` says why, `manual` prints exact commands for a person. `order`: lower is tried first. `consent`:
    the setting with which the user consents to this very action: while it is set, an `unsafe` action needs no
    further consent; while it is not, it is not offered. `times`: how often it may be carried out in one
    recovery; more than once only for what changes by the time that passes, such as a growing pause.
    """

    incidents: tuple[str, ...]
    safety: Literal["safe", "unsafe", "manual"]
    reason: str = ""
    order: int = 100
    consent: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeInfo(PluginInfo):
    """A probe; `impl` names a subclass of `dagogy.api.probes.Probe`.

    `incidents`: those whose presence it can confirm or refute; it is asked when one of them is in question.
    `seconds`: it is abandoned after so long.
    """

    incidents: tuple[str, ...]
    seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterInfo(PluginInfo):
    """An exporter; `impl` names a subclass of `dagogy.api.exporters.Exporter`.

    `subject`: what it renders; a `run` is the curriculum with all that belongs to it. Exporters of a `report`
    are the formats of `validate --format`; the others those of `dagogy export`. `media_type` and `suffix`
    describe the output.
    """

    subject: Literal["report", "curriculum", "plan", "run"]
    media_type: str = "text/plain"
    suffix: str = ".txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandInfo(PluginInfo):
    """A command of its own: `dagogy ID …`; `impl` names a `click.Command`."""
