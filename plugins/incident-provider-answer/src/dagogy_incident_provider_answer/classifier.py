"""The classifier of what a provider says about a request, and of the shape of its answers."""

from __future__ import annotations

from collections.abc import Iterable

from dagogy.api.failures import Diagnosis, FailureEvidence, Rank, SignatureClassifier

from dagogy_incident_provider_answer.remedies import REMEDIES
from dagogy_incident_provider_answer.signatures import NOT_JSON, SHAPE, SIGNATURES


class ProviderAnswer(SignatureClassifier):
    """The provider answered: with a refusal, with half an answer, with another form than asked for, or that
    it will not have the request so.

    provider_refusal:
        What: The provider's policy stopped the request or its answer, rightly or not.
        Recognised by: Codes such as `content_filter` and `invalid_prompt`; a finish reason of the content
        filter; a `refusal` in the answer.
        What to do: Read the refusal; say the topic in other words in the scope and the spec; or ask another
        provider, knowingly.
        Retry: No. The same request is refused again.

    provider_output_truncated:
        What: The answer was cut off: the limit of output tokens was reached, often eaten up by reasoning.
        Recognised by: `finish_reason: length`, `max_output_tokens`, "Unterminated string", "EOF while
        parsing"; JSON of the model that ends in the middle of a string or a value.
        What to do: Raise the output limit or split the scope, and run again. The half answer is evidence; it
        is not to be patched into an artifact.
        Retry: Once, after the limit or the scope is changed.

    provider_output_not_json:
        What: The model's reply is prose, fenced, or almost JSON.
        Recognised by: A JSON error whose document is the model's reply, or pydantic's `json_invalid`.
        What to do: Run again: if there is exactly one whole JSON value in the reply it is taken out and
        checked, else the model is asked once more.
        Retry: Once.

    provider_output_schema_mismatch:
        What: The reply is JSON, but not of the shape that was asked for.
        Recognised by: A schema error whose instance is the model's reply.
        What to do: Run again with the errors of each field fed back (at most twice), or take a stronger model
        with `AGENT_MODEL`.
        Retry: Twice at most, with the errors fed back.

    output_schema_rejected:
        What: The provider does not accept our output schema: its strict mode wants every property required
        and no others, and knows fewer keywords.
        Recognised by: `invalid_json_schema`; "Invalid schema for response_format"; an error about the
        parameter of the schema.
        What to do: Report it as a defect with the message: the schema has to be made strict before it is
        sent. Until then another provider or model may accept it.
        Retry: Only after the schema is changed.

    provider_request_unsupported:
        What: The model or the gateway does not know a parameter of the request, or not that value.
        Recognised by: `unsupported_parameter`, `unsupported_value`, `unknown_parameter`;
        gateways without `json_schema`.
        What to do: Leave out exactly the parameter that the error names, or take
        another model with `AGENT_MODEL`.
        Retry: Once, without that parameter.

    context_window_exceeded:
        What: The input is longer than the model takes, or than one request may have.
        Recognised by: `context_length_exceeded`; HTTP 413; "Request too large"; codex running out of room.
        What to do: Give less: `--scope-section`, a smaller `AGENT_SCOPE_TEXT_MAX_CHARS`, or a
        model with a larger window.
        Retry: Only after the input is shorter.

    provider_empty_answer:
        What: The model was asked, and its answer is empty: no text, no tool call, no choices. It is not cut
        off, as nothing had begun.
        Recognised by: The provider error's own cause `empty`; "returned an empty response"; "did not provide
        any assistant messages"; JSON that ends where it should begin.
        What to do: Run again once; then look at the finish reason (a filter, or a reasoning model that used
        up its output tokens), raise the output limit, or take another model with `AGENT_MODEL`.
        Retry: Once.

    conversation_malformed:
        What: The messages that were sent are no conversation to this model: a tool's answer without its call,
        two turns of one role, an empty message, a thought that was left out or changed.
        Recognised by: "`tool_use` ids were found without `tool_result` blocks", "roles must alternate",
        "messages with role 'tool' must be a response", "No tool output found for function call".
        What to do: Begin a new conversation, or go back to before the message that the error names. Whoever
        builds the messages has the defect: report it with the order of the roles, not with their text.
        Retry: No. The same messages are rejected again.

    request_rejected_opaque:
        What: The service, or a gateway before it, rejects the request and does not say why.
        Recognised by: "400 status code (no body)"; HTTP `400` whose body says no more than "Bad Request" or
        "Provider returned error".
        What to do: Send the same request with `curl -i` to see the body, and the smallest one that passes;
        then add back half of what was left out at a time: parameters, tools, schema, length. A gateway's own
        log names what it left out.
        Retry: Only after the request is changed.
    """

    about_the_provider = True
    remedies = REMEDIES
    signatures = SIGNATURES

    def more(self, evidence: FailureEvidence) -> Iterable[Diagnosis]:
        """A reply of the API that is there and does not parse; or, in a codex log, what a
        checker said of its last message.
        """
        reply = evidence.reply
        if reply is None:
            return
        checked = [
            c
            for c in evidence.clues
            if c.kind == "exception" and c.exception.endswith("ValidationError") and not c.outer
        ]
        if checked and self.parses(reply):
            yield Diagnosis(
                incident_id=SHAPE, rank=Rank.EXCEPTION, confidence=0.85, evidence=checked[-1].lines, weight=5
            )
        elif (
            evidence.is_transcript
            or "codex" in evidence.failure.text
            or "[last message]" in evidence.failure.text
        ):
            return
        elif reply.strip() and not self.parses(reply):
            decoded = Rank.GENERIC
            yield Diagnosis(
                incident_id=NOT_JSON, rank=decoded, confidence=0.7, evidence=tuple(reply.split("\n")[:3])
            )
