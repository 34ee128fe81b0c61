"""The public surface of dagogy for plugins: what a plugin says of itself. All else
is in the module of its topic.

The modules that `MODULES` names are public as far as their `__all__` goes; `docs/api-stability.md` says what
that promises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagogy.api._lazy import lazily

if TYPE_CHECKING:
    from dagogy.api.hooks import hookimpl
    from dagogy.api.plugins import (
        ClassifierInfo,
        CommandInfo,
        DialectInfo,
        Escalation,
        ExporterInfo,
        ProbeInfo,
        ProviderInfo,
        ReaderInfo,
        RecoveryInfo,
        RuleInfo,
        Setting,
    )
else:
    _INFOS = (
        "ClassifierInfo CommandInfo DialectInfo Escalation ExporterInfo ProbeInfo ProviderInfo ReaderInfo "
        "RecoveryInfo RuleInfo Setting"
    )
    __getattr__ = lazily(__name__, {"dagogy.api.hooks": "hookimpl", "dagogy.api.plugins": _INFOS})

__all__ = [
    "ClassifierInfo",
    "CommandInfo",
    "DialectInfo",
    "Escalation",
    "ExporterInfo",
    "ProbeInfo",
    "ProviderInfo",
    "ReaderInfo",
    "RecoveryInfo",
    "RuleInfo",
    "Setting",
    "hookimpl",
]

#: The modules of a topic.
MODULES = tuple(
    (
        "rules documents providers llm services readers scope failures dialects recoveries probes exporters "
        "runs text wording secrets errors"
    ).split()
)
