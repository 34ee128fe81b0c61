"""Which rules are effective, with which severity and options: from the
configuration and the entry points alone.

Apart from the judge, because `status` needs to know whether a validation is current and
must not import a rule for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from dagogy.api.errors import ConfigError
from dagogy.host.manager import Host


class RuleConfig(NamedTuple):
    """What the configuration says of one rule."""

    enabled: bool = True
    severity: str = ""
    options: Mapping[str, Any] = MappingProxyType({})


def rule_configs(host: Host, tables: Mapping[str, Any]) -> dict[str, RuleConfig]:
    """The `rules` table of the configuration, checked as far as that goes without importing a rule."""
    if not tables:
        return {}
    from dagogy.api.plugins import SEVERITIES
    from dagogy.contracts.suggest import did_you_mean

    known = [p.id for p in host.all("rule")]
    out: dict[str, RuleConfig] = {}
    for name, table in tables.items():
        rule_id = host.current_rule_id(name, "the configuration")
        if rule_id in out:
            raise ConfigError(
                f"the configuration has both rules.\"{name}\" and another table of rule '{rule_id}'",
                hint=f'keep rules."{rule_id}" alone',
            )
        if rule_id not in known:
            raise ConfigError(
                f"the configuration names rule '{rule_id}', which is not installed",
                hint=did_you_mean(rule_id, known) or "'dagogy plugins list --kind rule' shows them",
            )
        if not isinstance(table, dict):
            raise ConfigError(
                f'rules."{rule_id}" is {table!r}; a table is wanted',
                hint='for example  [rules."' + rule_id + '"]  severity = "warning"',
            )
        options = dict(table)
        enabled, severity = options.pop("enabled", True), options.pop("severity", "")
        if not isinstance(enabled, bool):
            raise ConfigError(f'rules."{rule_id}".enabled is {enabled!r}; accepted: true, false')
        if severity and severity not in SEVERITIES:
            raise ConfigError(
                f'rules."{rule_id}".severity is {severity!r}; accepted: {", ".join(SEVERITIES)}',
                hint=did_you_mean(str(severity), SEVERITIES),
            )
        out[rule_id] = RuleConfig(enabled, severity, options)
    return out


def ruleset_digest(host: Host, configs: Mapping[str, RuleConfig]) -> str:
    """A hash of which rules judge, in which versions, with which options: what makes a
    validation current. Imports no rule.
    """
    from dagogy import __version__

    rules = []
    for entry in host.entries("rule"):
        config = configs.get(entry.id, RuleConfig())
        if config.enabled:
            rules.append([entry.id, entry.distribution, entry.version, config.severity, dict(config.options)])
    text = json.dumps([__version__, rules], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
