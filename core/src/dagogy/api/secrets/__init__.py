"""What is secret, for the whole product: by the names of variables, options and fields; by what keys look
like; and by known values.

The providers, the host and the commands ask here and nowhere else. `secrets_of` gives the secret values of an
environment, `redacted` takes them, and what only looks like a secret, out of a text, `is_secret`
decides what a child process may know.
"""

from __future__ import annotations

from dagogy.api.secrets._forms import is_secret, redacted, secrets_of

__all__ = ["is_secret", "redacted", "secrets_of"]
