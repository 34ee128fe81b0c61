"""The descriptions of plugins: what is wrong with one that a plugin yields."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints


def unfit(info: Any) -> str:
    """What is wrong with a description's values, or an empty string."""
    return _unfit_words(info) or _of_wrong_type(info) or _unfit_parts(info) or _unfit_numbers(info)


def _unfit_words(info: Any) -> str:
    from dagogy.api.plugins import SEVERITIES

    module, _, attribute = info.impl.partition(":") if isinstance(info.impl, str) else ("", "", "")
    if not module or not attribute:
        return f"impl={info.impl!r} is not of the form 'module:Attribute'"
    if not isinstance(info.summary, str) or not info.summary.strip():
        return f"summary={info.summary!r} is not a line of text"
    choices = {
        "severity": SEVERITIES,
        "safety": ("safe", "unsafe", "manual"),
        "subject": ("report", "curriculum", "plan", "run"),
    }
    for name, accepted in choices.items():
        if hasattr(info, name) and getattr(info, name) not in accepted:
            return f"{name}={getattr(info, name)!r} is not one of {', '.join(accepted)}"
    for name in (
        "groups",
        "requires",
        "aliases",
        "incidents",
        "suffixes",
        "names",
        "media_types",
        "signatures",
    ):
        value = getattr(info, name, ())
        if not isinstance(value, tuple | list) or not all(isinstance(item, str) for item in value):
            return f"{name}={value!r} is not a tuple of texts"
    return ""


def _unfit_parts(info: Any) -> str:
    from dagogy.api.plugins import Escalation

    if not all(isinstance(item, Escalation) for item in getattr(info, "escalations", ())):
        return f"escalations={info.escalations!r} is not a tuple of Escalation"
    for item in getattr(info, "circuits", ()):
        if not (
            isinstance(item, tuple) and len(item) == 2 and item[0] in info.incidents and _positive(item[1])
        ):
            return f"circuits has {item!r}, which is not one of its incidents with a number of seconds"
    return ""


def _unfit_numbers(info: Any) -> str:
    if not (_positive(getattr(info, "times", 1)) and isinstance(getattr(info, "times", 1), int)):
        return f"times={info.times!r} is no whole number above 0"
    for name in ("seconds", "default_timeout_seconds"):
        if not _positive(getattr(info, name, 1)):
            return f"{name}={getattr(info, name)!r} is no number above 0"
    return ""


def _of_wrong_type(info: Any) -> str:
    """Which field of a description is not of the type that it is declared with, or an empty string."""
    for f in fields(info):
        value = getattr(info, f.name)
        if not _is_of(value, _declared(type(info))[f.name]):
            return f"{f.name}={value!r:.80} is not of the type that {type(info).__name__} declares, {f.type}"
    return ""


_TYPES: dict[type[Any], dict[str, Any]] = {}


def _declared(kind: type[Any]) -> dict[str, Any]:
    """The fields of a description or of a part of one, with their types. Reading them is cheap, and importing
    pydantic for a listing is not.
    """
    if kind not in _TYPES:
        hints = get_type_hints(kind)
        _TYPES[kind] = {f.name: hints[f.name] for f in fields(kind)}
    return _TYPES[kind]


def _is_of(value: Any, declared: Any) -> bool:
    kind, parts = get_origin(declared) or declared, get_args(declared)
    if kind is Literal:
        return value in parts
    if kind is tuple:
        wanted = parts[:1] * len(value) if parts[1:] == (...,) and isinstance(value, tuple | list) else parts
        return (
            isinstance(value, tuple | list) and len(value) == len(wanted) and all(map(_is_of, value, wanted))
        )
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    if not isinstance(value, kind):
        return False
    return not is_dataclass(kind) or all(
        _is_of(getattr(value, name), of) for name, of in _declared(type(value)).items()
    )


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
