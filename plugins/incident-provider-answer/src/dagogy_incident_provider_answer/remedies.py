"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="provider_request_unsupported",
        cause="the model or gateway does not take {param}",
        steps="Leave it out, or take the one that the message names in its place.",
        when=(
            r"(?:[Uu]nsupported|[Uu]nknown|[Uu]nrecognized) (?:parameter"
            r"|value|request argument\w*(?: supplied)?):? ['\"]?(?P<param>[\w.\[\]]{1,60})"
            r"|['\"]param['\"]: ?['\"](?P<param_>[\w.]{1,60})"
        ),
        prevention="Send to each model only what it takes.",
    ),
    Remedy(
        incident="provider_request_unsupported",
        cause="the model or gateway does not take a part of the request",
        steps="Leave out the parameter that the message names, or take a model that has it.",
        prevention="Send to each model only what it takes.",
    ),
    Remedy(
        incident="output_schema_rejected",
        cause="the service does not take the JSON Schema of the answer",
        steps=(
            "Make every property required and allow no others (`additionalProperties: false`), "
            "leave out the keywords that the message names, and check the rest after the answer."
        ),
        prevention="Test the schema against the service whenever it changes.",
    ),
    Remedy(
        incident="context_window_exceeded",
        cause="the input is longer than the model takes",
        steps=("Send less: shorten or split it, drop old turns, or take a model with a larger window."),
        prevention="Count the tokens before a request is sent.",
    ),
    Remedy(
        incident="provider_refusal",
        cause="the policy of the service stopped the request or its answer",
        steps="Read what was refused, and say it in other words. The same request is refused again.",
    ),
    Remedy(
        incident="provider_output_truncated",
        cause="the answer was cut off at the limit of output",
        steps="Raise the limit of output tokens, or ask for less at once.",
        prevention="Look at the finish reason before the answer is parsed.",
    ),
    Remedy(
        incident="provider_output_not_json",
        cause="the answer of the model is no JSON",
        steps=(
            "Ask for JSON with the means of the service (structured output), take the one JSON "
            "value out of a fence, and ask once more if there is none."
        ),
        prevention="Ask for structured output, and check each answer before it is used.",
    ),
    Remedy(
        incident="provider_output_schema_mismatch",
        cause="the answer is JSON of another shape",
        steps=("Ask once more with the errors of each field; a stronger model keeps to a schema better."),
        prevention="Ask for structured output with the schema, and check each answer.",
    ),
    Remedy(
        incident="provider_empty_answer",
        cause="the answer is empty",
        steps=(
            "Run it once more; look at the finish reason and raise the limit of output, which "
            "reasoning may have used up."
        ),
        prevention="Treat an empty answer as one to ask again for, not as an answer.",
    ),
    Remedy(
        incident="conversation_malformed",
        cause="a tool was called, and its answer does not follow",
        steps=(
            "Send the answer of each tool call directly after it, with the id of the call; or "
            "begin a new conversation."
        ),
        when=(
            r"tool_use|tool_call|tool message|function (?:call|response)"
            r"|role .?tool"
        ),
        prevention=("Store a tool call and its answer together, and cut a conversation only between turns."),
    ),
    Remedy(
        incident="conversation_malformed",
        cause="the messages are not in an order that the model takes",
        steps=(
            "Join turns of one role, leave out empty ones, and end with a turn of the user; or "
            "begin a new conversation."
        ),
        prevention="Check the order of roles before a request is sent.",
    ),
    Remedy(
        incident="request_rejected_opaque",
        cause="the request is rejected without a reason",
        steps=(
            "Send the same request with `curl -i` to see the body; then the smallest one that "
            "passes, and add back half of what was left out at a time."
        ),
        commands=('curl -sS -i "$BASE_URL/models" -H "Authorization: Bearer $API_KEY"',),
        prevention="Log the body of each answer that is no success.",
    ),
)
