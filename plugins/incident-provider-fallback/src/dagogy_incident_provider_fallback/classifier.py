"""The classifier of a provider that is not asked."""

from __future__ import annotations

from dagogy.api.failures import Remedy, Signature, SignatureClassifier


class ProviderFallback(SignatureClassifier):
    """The provider was not asked at all.

    provider_circuit_open:
        What: The provider failed a short while ago in a way that does not pass at once, so it is not asked
        before a time that is known or estimated; nothing was sent and nothing was spent.
        Recognised by: The provider error's own cause `circuit_open`.
        What to do: Wait until the time that the message names, or let another provider answer:
        `AGENT_FALLBACK_PROVIDERS=internal`. `dagogy incidents list` shows the circuit breakers that are open,
        and `dagogy incidents reset` closes them.
        Retry: Yes, after that time.
    """

    remedies = (
        Remedy(
            incident="provider_circuit_open",
            cause="the provider failed a short while ago and is not asked yet",
            steps="Wait until the time that the message names.",
            prevention="Name another provider in AGENT_FALLBACK_PROVIDERS.",
        ),
    )
    signatures = (Signature(incident="provider_circuit_open", cause="circuit_open"),)
