"""The classifier of runbook section 3C."""

from __future__ import annotations

from collections.abc import Iterable

from dagogy.api.failures import Diagnosis, FailureEvidence, Rank, Remedy, Signature, SignatureClassifier


class CodexExec(SignatureClassifier):
    """Runbook 3C: codex ended without an answer that can be used.

    codex_structured_output:
        What: codex came to its end, often with exit status 0, but its last message is empty, prose, or JSON
        in a fence, and nothing says why: no quota, no network, no refusal that it would admit to.
        Recognised by: The phrase `codex_exec mode failed to return valid structured JSON` with nothing more
        specific inside; or a finished transcript whose last message is not JSON, or that says there was none.
        What to do: Run again without `AGENT_MODEL`, so that the account's own model answers; then with a
        longer `AGENT_TIMEOUT_SECONDS`; check that `CODING_AGENT_CMD` names a codex that answers `--version`.
        If it fails again, escalate with the last message.
        Retry: Once, after one of these changes.
    """

    remedies = (
        Remedy(
            incident="codex_structured_output",
            cause="the last message of the agent was no JSON",
            steps="Run again without `AGENT_MODEL`.",
            prevention="Take a model that keeps to an output schema, and keep the agent up to date.",
        ),
    )
    signatures = (
        Signature(
            incident="codex_structured_output", cause="empty prose not_json html", where=r"^coding agent"
        ),
        Signature(
            incident="codex_structured_output",
            message=r"\bcodex_exec mode failed to return valid structured JSON",
            rank=Rank.GENERIC,
        ),
        Signature(
            incident="codex_structured_output",
            message=(
                r"\bcodex\b.{0,60}\b(?:returned|produced) "
                r"(?:invalid|malformed|no valid|non-)\s?(?:structured )?JSON"
            ),
            rank=Rank.GENERIC,
        ),
    )

    def more(self, evidence: FailureEvidence) -> Iterable[Diagnosis]:
        """A last message that is there and does not parse, when codex itself saw no error."""
        said_so = "codex_exec mode failed" in evidence.failure.text + evidence.failure.message
        finished = (
            evidence.is_transcript
            and evidence.exit_status in (0, None)
            and not any(c.kind != "exit" for c in evidence.clues if c.kind != "line")
        )
        if (
            evidence.reply is None
            or self.parses(evidence.reply)
            or evidence.failure.details.get("provider") == "remote_llm"
        ):
            return
        if finished or said_so:
            shown = (
                evidence.reply.split("\n")[:3] if evidence.reply.strip() else ["(the last message is empty)"]
            )
            yield Diagnosis(
                incident_id="codex_structured_output",
                rank=Rank.GENERIC,
                confidence=0.8,
                evidence=tuple(shown),
                weight=1,
            )
