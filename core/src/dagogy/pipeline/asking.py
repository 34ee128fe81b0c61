"""A provider is asked: what it raises beyond the taxonomy, or answers against its interface, is blamed on it
by name and version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagogy.api.errors import DagogyError, PluginError
from dagogy.api.providers import Provider
from dagogy.host.calls import account, contained, is_stop
from dagogy.host.plugin import close_coroutine


def ask(provider: Provider, origin: str, call: Callable[[], Any]) -> Any:
    """A provider's answer; what it raises beyond the taxonomy is the plugin's fault, and is said so."""
    with contained(f"provider '{provider.info.id}' of {origin}"):
        try:
            answer = call()
        except DagogyError:
            raise
        except BaseException as error:
            if is_stop(error):
                raise
            raise blame(
                provider, origin, f"raised {account(error, provider.info.impl, type(provider).__module__)}"
            ) from error
    if close_coroutine(answer):
        raise blame(
            provider,
            origin,
            (
                "answered with a coroutine; plugins are called without an event loop: none of its methods "
                "can be async"
            ),
        )
    return answer


def blame(provider: Provider, origin: str, deed: str) -> PluginError:
    """The error for a provider that breaks its interface."""
    return PluginError(
        f"provider '{provider.info.id}' of {origin} {deed}",
        hint="report it to its author (--debug shows where), or choose another provider",
        details={"plugin": provider.info.id, "kind": "provider", "distribution": origin},
    )
