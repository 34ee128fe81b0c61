"""What is secret, for the whole product: by the names of variables, options and fields; by what keys look
like; and by known values.

The providers, the host and the commands ask here and nowhere else. `secrets_of` gives the secret values of an
environment, `redacted` takes them, and what only looks like a secret, out of a text, `is_secret`
decides what a child process may know.
"""

from __future__ import annotations

from dagogy.api.secrets._forms import looks_secret, redacted, secrets_of
from dagogy.api.secrets._names import is_secret_name

__all__ = ["is_secret", "redacted", "secrets_of"]


def is_secret(name: str, value: str) -> bool:
    """Whether a variable is to be kept from a program that reads what strangers wrote: its name says that it
    holds a secret, or its value looks like one."""
    return is_secret_name(name) or looks_secret(value)
