"""Another provider, or the same one when its time has come."""

from __future__ import annotations

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

#: Longer than that nobody wants to sit and watch.
_LONGEST_SECONDS = 120.0
#: After the time has come: the other clock may be a little slow.
_MARGIN_SECONDS = 0.5
#: What the user's consent does not cover, whichever incident the failure is taken for: the model's own no,
#: and our own wall clock.
_OWN_CAUSES = frozenset({"refusal", "content_filter", "timeout", "calls_spent", "tokens_spent"})
_SCHEMA_CODES = frozenset({"invalid_json_schema", "invalid_schema"})


class FallBack(RecoveryAction):
    """Lets the next provider of `AGENT_FALLBACK_PROVIDERS` answer that has not failed yet in this recovery.

    Never after a refusal, a rejected schema or our own timeout: asking around until somebody agrees is not
    what the user consented to, and the other two are not the provider's fault.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        if (
            failure.details.get("cause") in _OWN_CAUSES
            or failure.killed_by == "timeout"
            or failure.machine_code in _SCHEMA_CODES
        ):
            return RecoveryOutcome(
                changed=False,
                message="no other provider is asked after a refusal, a rejected schema or our own time limit",
            )
        listed = [
            word.strip() for word in context.setting("AGENT_FALLBACK_PROVIDERS").split(",") if word.strip()
        ]
        now = failure.provider or context.setting("AGENT_PROVIDER").strip()
        chosen = next(
            (p for p in listed if p in context.providers and p != now and p not in context.failed_providers),
            "",
        )
        if not chosen:
            return RecoveryOutcome(
                changed=False,
                message=f"no provider of AGENT_FALLBACK_PROVIDERS is left ({', '.join(listed)})",
            )
        # The model of one provider means nothing to another.
        changes = {"AGENT_PROVIDER": chosen, "AGENT_MODEL": ""}
        return RecoveryOutcome(
            changed=True, message=f"provider {now or 'of the default'} -> {chosen}", environment=changes
        )


class AwaitCircuit(RecoveryAction):
    """Waits for the time that the circuit breaker names; at most two minutes."""

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        left = failure.details.get("retry_after_seconds")
        until = failure.details.get("until_utc")
        if not isinstance(left, int | float) or left > _LONGEST_SECONDS:
            return RecoveryOutcome(
                changed=False, message=f"it is open until {until}; that is too long to wait here"
            )
        context.wait(left + _MARGIN_SECONDS)
        return RecoveryOutcome(changed=True, message=f"waited until {until}")


class CloseCircuit(RecoveryAction):
    """The command that closes the breaker, for who knows that the cause is gone."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        until = failure.details.get("until_utc")
        provider = str(failure.details.get("provider") or "")
        commands = (f"dagogy incidents reset {provider}".strip(), f"dagogy recover {context.run_id}")
        return RecoveryOutcome(
            changed=False,
            message=f"the provider may be asked again from {until} on; if the cause is gone already:",
            commands=commands,
        )
