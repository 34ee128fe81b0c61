"""The public surface of dagogy for plugins: import from here and from nowhere else of ours.

Names are resolved on first use, so that a plugin's description costs no more than what it names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {
    "dagogy.api.plugins": (
        "API_VERSION SEVERITIES SUPPORTED_API_VERSIONS ClassifierInfo CommandInfo DialectInfo Escalation ExporterInfo PluginInfo ProbeInfo ProviderInfo "
        "ReaderInfo RecoveryInfo RuleInfo Setting Severity"
    ),
    "dagogy.api.hooks": "hookimpl",
    "dagogy.api.errors": (
        "ConfigError DagogyError InternalError Interrupted InvalidArgument Locked NotFound PluginError ProviderError StageConflict StorageError "
        "ValidationFailed"
    ),
    "dagogy.api.rules": "Finding Fix GraphIndex Rule RuleContext",
    "dagogy.api.options": "Field Options",
    "dagogy.api.scope": "GROUP MERGED READING_MAX Block EdgeEvidence LeftOut Link Place Refusal ScopeConcept ScopeDocument ScopeEdge ScopeReading",
    "dagogy.api.readers": "Reader Source document_title rendered",
    "dagogy.api._blocks": "LABEL_END SET_OFF BlockWriter Inline bare_links cell_text heading_title labelled tidy with_lines",
    "dagogy.api._decoding": "MAX_SCOPE_BYTES decode_text",
    "dagogy.api.providers": (
        "Budget ResponseCache Proposal ProposeRequest Provider ProviderSettings Readiness RepairRequest Requirement RepairInvalidRequest longer_timeout "
        "timeout_advice"
    ),
    "dagogy.api.llm": "Answer LanguageModelProvider Question",
    "dagogy.api.incidents": "Classifier Diagnosis Failure Rank",
    "dagogy.api._bodies": "Body read_body",
    "dagogy.api.probes": "Probe ProbeContext ProbeResult",
    "dagogy.api._clues": "Clue",
    "dagogy.api.failure_evidence": "FailureEvidence parses",
    "dagogy.api.signatures": "Signature SignatureClassifier strongest",
    "dagogy.api.recoveries": "CommandResult RecoveryAction RecoveryContext RecoveryOutcome",
    "dagogy.api.dialects": "LogDialect",
    "dagogy.api.exporters": "ExportContext Exporter",
    "dagogy.api.patterns": "lazy_pattern",
    "dagogy.api.display": "json_text one_line visible",
    "dagogy.api.text": "STOP_WORDS content_words match_form normalized sentences shorten stem match_keys words",
    "dagogy.api.urls": "ApiRoot endpoint_of is_loopback plain_http_hop shown_base_url split_url trimmed_base_url",
    "dagogy.contracts.types": "Constraints ContextPack Curriculum MasteryCheck Node OpenQuestion Resource TopicSpec",
    "dagogy.contracts.check": "Problem",
    "dagogy.contracts.documents": "json_values",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605

if TYPE_CHECKING:
    from dagogy.api._blocks import *  # noqa: F403
    from dagogy.api._bodies import *  # noqa: F403
    from dagogy.api._clues import *  # noqa: F403
    from dagogy.api._decoding import *  # noqa: F403
    from dagogy.api.dialects import LogDialect  # noqa: F401
    from dagogy.api.display import *  # noqa: F403
    from dagogy.api.errors import *  # noqa: F403
    from dagogy.api.exporters import *  # noqa: F403
    from dagogy.api.failure_evidence import *  # noqa: F403
    from dagogy.api.hooks import *  # noqa: F403
    from dagogy.api.incidents import *  # noqa: F403
    from dagogy.api.llm import *  # noqa: F403
    from dagogy.api.options import *  # noqa: F403
    from dagogy.api.patterns import *  # noqa: F403
    from dagogy.api.plugins import *  # noqa: F403
    from dagogy.api.probes import *  # noqa: F403
    from dagogy.api.providers import *  # noqa: F403
    from dagogy.api.readers import *  # noqa: F403
    from dagogy.api.recoveries import *  # noqa: F403
    from dagogy.api.rules import *  # noqa: F403
    from dagogy.api.scope import *  # noqa: F403
    from dagogy.api.signatures import *  # noqa: F403
    from dagogy.api.text import *  # noqa: F403
    from dagogy.api.urls import *  # noqa: F403
    from dagogy.contracts.check import Problem  # noqa: F401
    from dagogy.contracts.documents import json_values as json_values
    from dagogy.contracts.types import *  # noqa: F403


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'dagogy.api' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
