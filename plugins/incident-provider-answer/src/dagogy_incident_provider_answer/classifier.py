"""The classifier of what a provider says about a request, and of the shape of its answers."""

from __future__ import annotations

from collections.abc import Iterable

from dagogy.api.failures import Diagnosis, FailureEvidence, Rank, Signature, SignatureClassifier

_REFUSED, _CUT, _NOT_JSON, _SHAPE = (
    "provider_refusal",
    "provider_output_truncated",
    "provider_output_not_json",
    "provider_output_schema_mismatch",
)
_SCHEMA, _UNSUPPORTED, _CONTEXT = (
    "output_schema_rejected",
    "provider_request_unsupported",
    "context_window_exceeded",
)
_JSON = r"(?:\w+\.)*(?:JSONDecodeError|JsonDecodeError)|SyntaxError"
#: Libraries that read a model's answers for a program.
_PARSER = r"(?:\w+\.)*(?:OutputParserException|InstructorRetryException)"
_CUT_TEXT = (
    r"^Unterminated string|\bUnexpected end of JSON input|\bEOF while parsing"
    r"|\bunexpected end of (?:JSON|data|input)|\bUnexpected EOF\b"
)
_OF_MODEL = (
    r"^(?:remote_llm|llm|model|provider)$|\b(?:remote_llm|llm|model|provider"
    r"|completion|reply)\b.{0,60}\b(?:response|reply|output|answer|message|JSON)\b"
    r"|\bRAISED at\b|\bresponses?\b.{0,20}\bnot valid JSON"
    r"|\bresponses\.(?:create|parse)\b|\bparse (?:the )?(?:model"
    r"|provider|LLM)"
)
#: Modules that ask a model, or read what it answered, by their names.
_IN_MODEL = (
    r"(?:^|[\\/_ ])(?:llms?|chat_models?|output_pars\w+|openai|anthropic|litellm|langchain\w*|llama_index"
    r"|instructor|completions?|(?:model|llm|provider)_(?:client|reply|output|answer)s?)(?:[\\/._ ]|$)"
)
#: What stands before the exception names a file or our validator: then it is no reply of a model.
_FILE = r"^[^:]*(?:\.(?:jsonl?|md|toml|ya?ml|txt)\b|\bvalidation failed\b)"

_SIGNATURES = (
    # What the provider knows itself.
    Signature(incident=_REFUSED, cause="refusal content_filter"),
    Signature(incident=_CUT, cause="incomplete"),
    Signature(incident=_NOT_JSON, cause="empty prose not_json", where=r"^service"),
    Signature(incident=_SHAPE, cause="wrong_shape"),
    # Refused.
    Signature(
        incident=_REFUSED,
        machine=(
            "content_policy_violation content_filter content_filtered invalid_prompt "
            "responsibleaipolicyviolation contentfilter cyber_policy cyber_policy_violation "
            "moderation_blocked prompt_blocked prohibited_content safety refusal content_filter_error "
            "contentpolicyviolationerror policy_violation usage_policy bio_policy data_inspection_failed"
        ),
    ),
    Signature(
        incident=_REFUSED,
        exception=r"(?:\w+\.)*(?:ContentFilterFinishReasonError|ContentPolicyViolationError)",
    ),
    Signature(
        incident=_REFUSED,
        message=(
            r"\b(?:flagged as potentially violating"
            r"|violat\w+ (?:our|the|OpenAI's|Azure OpenAI's) (?:usage|content"
            r"|safety)\b.{0,30}\bpolic|content management policy"
            r"|rejected (?:as a result of|by) (?:our safety system"
            r"|the content filter)|blocked by (?:our )?(?:content filter|safety|moderation))"
        ),
    ),
    Signature(
        incident=_REFUSED,
        message=(
            r"\bOutput blocked by content filtering\b"
            r"|\brequires moderation\b.*\bflagged\b|\binput was flagged\b"
            r"|\breason: content_filter\b|\bviolation of our (?:usage )?policies\b|\bInvalid prompt: "
        ),
    ),
    Signature(
        incident=_REFUSED,
        message=(
            r"\bcontent: refusal ['\"]|['\"]type['\"]: ?['\"]refusal['\"]|\brefusal=['\"](?!['\"])"
            r"|['\"]refusal['\"]: ?['\"](?!['\"])|\bThe model refused\b"
            r"|\bmodel refused to (?:answer|respond|comply)\b"
        ),
    ),
    Signature(
        incident=_REFUSED,
        exception=r"(?:\w+\.)*(?:BlockedPromptException|StopCandidateException)",
        message=r"SAFETY|PROHIBITED|BLOCK|RECITATION",
    ),
    Signature(
        incident=_REFUSED,
        message=(
            r"\bpotentially suspicious activity\b"
            r"|\bblock_?reason['\"]?: ?['\"]?(?:SAFETY|PROHIBITED_CONTENT|BLOCKLIST)\b"
        ),
    ),
    Signature(incident=_REFUSED, status="403", message=r"\bflagged\b|\bmoderation\b"),
    # Cut off.
    Signature(incident=_CUT, machine="length max_tokens max_output_tokens"),
    Signature(incident=_CUT, exception=r"(?:\w+\.)*(?:LengthFinishReasonError|IncompleteOutputException)"),
    Signature(
        incident=_CUT,
        message=(
            r"\breason: max_output_tokens\b|\blength limit was reached\b"
            r"|\bfinish_reason ?(?:is|was|=|:) ?['\"]?length\b"
            r"|\b(?:response|output|answer|reply) was (?:truncated|cut off)\b"
            r"|\bmax_output_tokens\b.{0,20}\breached\b"
        ),
    ),
    Signature(incident=_CUT, exception=_JSON, message=_CUT_TEXT, where=_OF_MODEL),
    Signature(incident=_CUT, exception=_JSON, message=_CUT_TEXT, within=_IN_MODEL, unless=_FILE),
    Signature(
        incident=_CUT,
        exception=r"(?:\w+\.)*ValidationError",
        message=r"\bInvalid JSON: (?:EOF while parsing|unexpected end)",
        unless=_FILE,
    ),
    # No JSON.
    Signature(incident=_NOT_JSON, exception=_JSON, where=_OF_MODEL, unless=_CUT_TEXT),
    Signature(incident=_NOT_JSON, exception=_JSON, within=_IN_MODEL, unless=rf"{_FILE}|{_CUT_TEXT}"),
    Signature(
        incident=_NOT_JSON,
        exception=_PARSER,
        message=r"^(?:Invalid json output|Could not parse LLM output)\b",
    ),
    Signature(
        incident=_NOT_JSON,
        exception=r"(?:\w+\.)*ValidationError",
        message=r"\bInvalid JSON: (?!EOF|unexpected end)",
        unless=_FILE,
    ),
    Signature(
        incident=_NOT_JSON,
        message=r"^(?:error: )?(?:\w+: )*remote_llm\b.{0,60}\bnot (?:valid )?JSON\b",
        unless=_CUT_TEXT,
        rank=Rank.GENERIC,
    ),
    Signature(
        incident=_NOT_JSON,
        typed="provider_error",
        message=r"\bremote_llm\b.{0,60}\bnot (?:valid )?JSON\b",
        unless=_CUT_TEXT,
        rank=Rank.GENERIC,
    ),
    Signature(
        incident=_NOT_JSON,
        message=(
            r"\b(?:llm|model|provider|remote_llm)\b[^:]*: "
            r"(?:[\w.]+: )?Expecting (?:value|property name|',' delimiter)\b"
            r"|\bfailed to parse (?:the )?(?:structured output"
            r"|(?:model|llm|provider)(?:'s)? (?:output|response|reply|answer))\b"
            r"|\bNo object generated: could not parse\b|\b(?:llm|model|provider)"
            r"(?:'s)? (?:output|response|reply|answer) is not (?:valid )?JSON\b"
        ),
        unless=_CUT_TEXT,
    ),
    # Another shape.
    Signature(
        incident=_SHAPE, exception=r"(?:\w+\.)*UnexpectedModelBehavior", message=r"\boutput validation\b"
    ),
    Signature(
        incident=_SHAPE,
        exception=_PARSER,
        message=r"^Failed to parse \w+ from completion\b|\bvalidation errors? for \w+",
    ),
    Signature(
        incident=_SHAPE, exception=r"(?:\w+\.)*ValidationError", where=_OF_MODEL, unless=r"\bInvalid JSON\b"
    ),
    Signature(
        incident=_SHAPE,
        exception=r"pydantic\w*\.(?:\w+\.)*ValidationError",
        message=r"\bvalidation errors? for \w+.*\[type=",
        unless=(
            r"\bInvalid JSON\b|\bfor \w*(?:Settings|Config)\w*\b"
            rf"|\benvironment variable\b|\bapi_key\b|{_FILE}"
        ),
    ),
    Signature(incident=_SHAPE, message=r"\b(?:response|output|reply) did not match (?:the )?schema\b"),
    Signature(
        incident=_SHAPE,
        message=(
            r"\b(?:model|provider|remote_llm|LLM|codex\w*) "
            r"(?:reply|response|output|answer)\b.{0,40}\b(?:does not (?:match|meet"
            r"|conform to)|violates|failed) (?:the |its |our )?(?:output )?schema"
        ),
    ),
    # Our schema refused.
    Signature(incident=_SCHEMA, machine="invalid_json_schema invalid_schema json_schema_invalid"),
    Signature(
        incident=_SCHEMA,
        param=r"^(?:text\.format\.schema|response_format\.json_schema|response_format$|output_config\.format\.schema|text\.format$)",
        message=r"schema",
        unless=r"not supported with|does not support",
    ),
    Signature(
        incident=_SCHEMA,
        message=(
            r"\bInvalid schema for (?:response_format|text\.format|function|output)|\binvalid_json_schema\b"
            r"|\bUnknown name \"\w+\" at '?generation_?config\.response_?"
            r"(?:json_?)?schema|\bfailed to (?:parse|compile"
            r"|initialize) (?:the )?grammar\b|\bJSON schema "
            r"(?:conversion failed|contains features not supported)\b"
            r"|\bschema (?:is|was) too (?:complex|large|deep)\b"
            r"|\boutput_(?:config|format)\S*schema\b.{0,80}\b(?:not supported|invalid)"
        ),
    ),
    # A parameter refused.
    Signature(
        incident=_UNSUPPORTED,
        machine=(
            "unsupported_parameter unsupported_value unknown_parameter unsupportedparamserror "
            "unrecognized_parameter invalid_parameter_value"
        ),
    ),
    Signature(incident=_UNSUPPORTED, exception=r"(?:\w+\.)*UnsupportedParamsError"),
    Signature(
        incident=_UNSUPPORTED,
        message=(
            r"\bUnsupported (?:parameter|value)\b|\bUnknown parameter\b"
            r"|\bUnrecognized request arguments? supplied\b"
            r"|\bis not supported with this model\b|\bExtra inputs are not permitted\b"
            r"|\bThis response_format type is unavailable\b"
        ),
    ),
    Signature(
        incident=_UNSUPPORTED,
        message=(
            r"\bjson_schema['\"]?\b.{0,60}\b(?:is not|isn't|not) supported\b"
            r"|\bdoes not support (?:the )?(?:parameters?"
            r"|response_format|json_schema|structured outputs?|temperature|tools?|reasoning)\b"
            r"|\bresponse_format\b.{0,40}\b(?:must be|should be one of|not supported|unsupported)\b"
            r"|\bresponse_format\b.{0,40}\bnot one of the allowed values\b|\bmax_tokens is too large\b"
            r"|\b(?:this|the) model (?:does not support|is only supported in v1/)"
        ),
    ),
    # Too long.
    Signature(
        incident=_CONTEXT,
        machine=(
            "context_length_exceeded context_window_exceeded contextwindowexceedederror "
            "exceed_context_size_error string_above_max_length request_too_large prompt_too_long "
            "input_too_long max_context_length_exceeded context_too_long"
        ),
    ),
    Signature(incident=_CONTEXT, status="413"),
    Signature(
        incident=_CONTEXT,
        machine="rate_limit_exceeded tokens rate_limit_error requests",
        message=r"\bRequest too large\b|\bmust be reduced\b",
    ),
    Signature(incident=_CONTEXT, exception=r"(?:\w+\.)*ContextWindowExceededError"),
    Signature(
        incident=_CONTEXT,
        message=(
            r"\bmaximum context length\b|\bexceeds the (?:model's )?"
            r"(?:maximum )?(?:context|available context|input)"
            r"|\bran out of room in the model's context\b|\bprompt is too long\b"
            r"|\bRequest too large\b|\binput is too long\b"
            r"|\bcontext (?:window|length|size) (?:of \d+ tokens )?(?:is |was )?exceeded\b"
        ),
    ),
    Signature(
        incident=_CONTEXT,
        message=(
            r"\binput token count\b.{0,40}\bexceeds\b|\breduce the length of the (?:messages|prompt|input)"
            r"|\bcontext_length_exceeded\b|\btoo many (?:input )?tokens\b"
            r"|\bstring too long\b.*\bmaximum length\b"
            r"|\bRequest Entity Too Large\b|\bPayload Too Large\b"
        ),
        unless=r"\bwait before trying again\b",
    ),
)


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
    """

    about_the_provider = True
    signatures = _SIGNATURES

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
                incident_id=_SHAPE, rank=Rank.EXCEPTION, confidence=0.85, evidence=checked[-1].lines, weight=5
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
                incident_id=_NOT_JSON, rank=decoded, confidence=0.7, evidence=tuple(reply.split("\n")[:3])
            )
