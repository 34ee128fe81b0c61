"""Keeps secrets out of everything that dagogy prints or writes about a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)", re.IGNORECASE)
_IN_URL = re.compile(r"(?<=://)[^/?#\s\"'<>]+(?=@)")
_SHAPES = re.compile(r"\b(?:sk-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|AKIA[A-Z0-9]{12,})|(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{8,})")
_SHORTEST = 6


def secrets_of(environ: Mapping[str, str], declared: Iterable[str] = ()) -> dict[str, str]:
    """The secret values in `environ` by variable name: those that plugins declared, and those whose name says so."""
    names = set(declared)
    return {n: v for n, v in environ.items() if len(v.strip()) >= _SHORTEST and (n in names or _SECRET_NAME.search(n))}


def redacted(value: Any, secrets: Mapping[str, str]) -> Any:
    """`value` (text, or JSON values) with every secret replaced by the name of its variable, and key-like text by a mark."""
    if isinstance(value, str):
        for name, secret in sorted(secrets.items(), key=lambda item: -len(item[1])):
            value = value.replace(secret, f"[{name}]").replace(secret.strip(), f"[{name}]")
        return _SHAPES.sub("[redacted]", _IN_URL.sub("[redacted]", value))
    if isinstance(value, Mapping):
        return {k: redacted(v, secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(v, secrets) for v in value]
    return value
