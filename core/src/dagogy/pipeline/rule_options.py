"""The options of rules and exporters: what one may declare, and the values that are given for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dagogy.api.errors import ConfigError, InvalidArgument
from dagogy.api.rules import Rule
from dagogy.contracts.suggest import did_you_mean


def build_options(rule_id: str, rule: Rule, given: Mapping[str, Any]) -> Any:
    """The rule's `Options` from the configuration's values. Raises `ConfigError` for an unknown name or a
    value out of range.
    """
    if rule.Options is None:
        if given:
            raise ConfigError(
                f'rules."{rule_id}" has no options, the configuration sets {", ".join(given)}',
                hint="only 'enabled' and 'severity' can be set",
            )
        return None
    require_options(rule.Options)
    if not given:
        return rule.Options.model_construct()
    known = list(rule.Options.model_fields)
    for name in given:
        if name not in known:
            raise ConfigError(
                f"rules.\"{rule_id}\" has no option '{name}'",
                hint=did_you_mean(name, [*known, "enabled", "severity"])
                or f"its options: {', '.join(known)}",
            )
    from pydantic import ValidationError

    try:
        # As JSON, in which a list is the way to write a tuple.
        return rule.Options.model_validate_json(json.dumps(given, default=str))
    except ValidationError as error:
        wrong = "; ".join(map(_wrong_option, error.errors(include_url=False, include_context=False)))
        raise ConfigError(
            f'rules."{rule_id}": {wrong}', hint=f"'dagogy explain {rule_id}' shows its options"
        ) from None


def parse_options(format_id: str, options: Any, given: Mapping[str, str]) -> Any:
    """An exporter's `Options` from the texts that are given for them. Raises `InvalidArgument` for an unknown
    name, or a value that is not of its option's type or out of range.
    """
    if options is None:
        if given:
            raise InvalidArgument(
                f"format '{format_id}' has no options, --set gives {', '.join(given)}", hint="leave --set out"
            )
        return None
    require_options(options)
    known = list(options.model_fields)
    for name in given:
        if name not in known:
            raise InvalidArgument(
                f"format '{format_id}' has no option '{name}'",
                hint=did_you_mean(name, known) or f"its options: {', '.join(known)}",
            )
    from pydantic import ValidationError

    try:
        return options.model_validate_strings(dict(given), strict=False)
    except ValidationError as error:
        wrong = "; ".join(map(_wrong_option, error.errors(include_url=False, include_context=False)))
        raise InvalidArgument(
            f"format '{format_id}': {wrong}", hint=f"'dagogy explain {format_id}' shows its options"
        ) from None


def _wrong_option(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors as `max_chars = 0: input should be greater than or equal to 1`."""
    name, *inside = error["loc"]
    message: str = error["msg"]
    return (
        f"{name}{''.join(f'[{part}]' for part in inside)} = "
        f"{json.dumps(error['input'], ensure_ascii=False):.80}: {message[0].lower()}{message[1:]}"
    )


def require_options(options: Any) -> None:
    """Raises `TypeError` for an `Options` that is none, or has one without a default."""
    from dagogy.api.options import Options

    if not (isinstance(options, type) and issubclass(options, Options)):
        raise TypeError(f"its Options is {options!r:.100}, not a subclass of dagogy.api.rules.Options")
    for name, option in options.model_fields.items():
        if option.is_required():
            raise TypeError(f"its option '{name}' has no default")
