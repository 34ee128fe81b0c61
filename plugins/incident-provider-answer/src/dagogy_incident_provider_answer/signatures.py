"""How what a provider says about a request and its answer is recognised."""

from __future__ import annotations

from dagogy.api.failures import Rank, Signature

_REFUSED, _CUT, NOT_JSON, SHAPE = (
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
_EMPTY, _CONVERSATION, _OPAQUE = (
    "provider_empty_answer",
    "conversation_malformed",
    "request_rejected_opaque",
)
_ANSWER = r"(?:response|reply|answer|content|message|output|completion)"
#: What says that there was nothing, and not half of something.
_NOTHING = (
    r"\bat line 1 column 0\b|\binput_value=''|\((?:the )?(?:reply|response|answer|body|output)"
    r" (?:is|was) empty\)"
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

SIGNATURES = (
    # What the provider knows itself.
    Signature(incident=_REFUSED, cause="refusal content_filter"),
    Signature(incident=_CUT, cause="incomplete"),
    Signature(incident=_EMPTY, cause="empty", where=r"^service"),
    Signature(incident=NOT_JSON, cause="prose not_json", where=r"^service"),
    Signature(incident=SHAPE, cause="wrong_shape"),
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
    Signature(incident=_CUT, exception=_JSON, message=_CUT_TEXT, where=_OF_MODEL, unless=_NOTHING),
    Signature(incident=_CUT, exception=_JSON, message=_CUT_TEXT, within=_IN_MODEL, unless=_FILE),
    Signature(
        incident=_CUT,
        exception=r"(?:\w+\.)*ValidationError",
        message=r"\bInvalid JSON: (?:EOF while parsing|unexpected end)",
        unless=rf"{_FILE}|{_NOTHING}",
    ),
    # Nothing.
    Signature(incident=_EMPTY, exception=_JSON, message=_NOTHING, where=_OF_MODEL),
    Signature(
        incident=_EMPTY,
        exception=r"(?:\w+\.)*ValidationError",
        message=rf"\bInvalid JSON: (?:EOF while parsing|unexpected end).*(?:{_NOTHING})",
        unless=_FILE,
    ),
    Signature(
        incident=_EMPTY,
        message=(
            r"\b(?:API|LLM|model|provider|assistant|AI|Gemini|OpenAI|Claude|GPT\S*|Ollama)\b.{0,40}"
            rf"\b(?:returned|gave|sent|produced|provided|generated) (?:an? )?(?:empty|blank|no) {_ANSWER}\b"
            rf"|\b(?:empty|blank) {_ANSWER} (?:was )?(?:received )?(?:from|returned by|by) (?:the )?"
            r"(?:API|LLM|model|provider|assistant|AI|Gemini|OpenAI|Claude|GPT\S*|Ollama)\b"
            r"|\bresponse body was empty\b|\bInvalid response from LLM call - None or empty\b"
        ),
    ),
    Signature(
        incident=_EMPTY,
        message=(
            r"\bmodel output must contain either output text or tool calls\b"
            r"|\blanguage model did not provide any assistant messages\b"
            r"|\bno (?:response|content|completion) (?:was )?(?:received |returned )?from (?:the )?"
            r"(?:LLM|model|AI)\b|\bcompletion has no choices\b"
            r"|\bNo (?:choices|candidates) (?:were )?(?:returned|in (?:the )?response)\b"
        ),
    ),
    # No JSON.
    Signature(incident=NOT_JSON, exception=_JSON, where=_OF_MODEL, unless=_CUT_TEXT),
    Signature(incident=NOT_JSON, exception=_JSON, within=_IN_MODEL, unless=rf"{_FILE}|{_CUT_TEXT}"),
    Signature(
        incident=NOT_JSON,
        exception=_PARSER,
        message=r"^(?:Invalid json output|Could not parse LLM output)\b",
    ),
    Signature(
        incident=NOT_JSON,
        exception=r"(?:\w+\.)*ValidationError",
        message=r"\bInvalid JSON: (?!EOF|unexpected end)",
        unless=_FILE,
    ),
    Signature(
        incident=NOT_JSON,
        message=r"^(?:error: )?(?:\w+: )*remote_llm\b.{0,60}\bnot (?:valid )?JSON\b",
        unless=_CUT_TEXT,
        rank=Rank.GENERIC,
    ),
    Signature(
        incident=NOT_JSON,
        typed="provider_error",
        message=r"\bremote_llm\b.{0,60}\bnot (?:valid )?JSON\b",
        unless=_CUT_TEXT,
        rank=Rank.GENERIC,
    ),
    Signature(
        incident=NOT_JSON,
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
        incident=SHAPE, exception=r"(?:\w+\.)*UnexpectedModelBehavior", message=r"\boutput validation\b"
    ),
    Signature(
        incident=SHAPE,
        exception=_PARSER,
        message=r"^Failed to parse \w+ from completion\b|\bvalidation errors? for \w+",
    ),
    Signature(
        incident=SHAPE, exception=r"(?:\w+\.)*ValidationError", where=_OF_MODEL, unless=r"\bInvalid JSON\b"
    ),
    Signature(
        incident=SHAPE,
        exception=r"pydantic\w*\.(?:\w+\.)*ValidationError",
        message=r"\bvalidation errors? for \w+.*\[type=",
        unless=(
            r"\bInvalid JSON\b|\bfor \w*(?:Settings|Config)\w*\b"
            rf"|\benvironment variable\b|\bapi_key\b|{_FILE}"
        ),
    ),
    Signature(incident=SHAPE, message=r"\b(?:response|output|reply) did not match (?:the )?schema\b"),
    Signature(
        incident=SHAPE,
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
            r"|response_format|json_schema|structured outputs?|temperature|reasoning)\b"
            r"|\bresponse_format\b.{0,40}\b(?:must be|should be one of|not supported|unsupported)\b"
            r"|\bresponse_format\b.{0,40}\bnot one of the allowed values\b|\bmax_tokens is too large\b"
            r"|\b(?:this|the) model (?:does not support"
            r"(?! (?:the )?(?:tool|function|image|vision|audio|multi))|is only supported in v1/)"
        ),
    ),
    # A conversation that is none.
    Signature(
        incident=_CONVERSATION,
        message=(
            r"\btool_use\b.{0,40}\bwithout\b.{0,20}\btool_result\b|\bunexpected .?tool_use_id.? found in\b"
            r"|\bmessages with role .?tool.? must be a response to\b"
            r"|\bmust be followed by tool messages responding to\b"
            r"|\bNo tool (?:call|output) found for function call\b"
            r"|\bfunction (?:call|response) turn comes immediately after\b"
            r"|\bnumber of function response parts\b"
        ),
    ),
    Signature(
        incident=_CONVERSATION,
        message=(
            r"\broles must alternate\b|\bUnexpected role .?\w+.? after role\b"
            r"|\b(?:Expected last|(?:first|last) message must (?:use|have)).{0,30}\brole\b"
            r"|\bwithout its required (?:following|preceding) item\b|\bmissing a .?thought_signature\b"
            r"|\bthinking.? blocks? in the latest assistant message cannot be modified\b"
            r"|\bExpected .?thinking.? or .?redacted_thinking\b"
        ),
    ),
    Signature(
        incident=_CONVERSATION,
        message=(
            r"\ball messages must have non-empty content\b|\btext content blocks must be non-empty\b"
            r"|\bfinal assistant content cannot end with trailing whitespace\b"
            r"|\bmessages: at least one message is required\b|\bcontents is not specified\b"
        ),
    ),
    # Rejected without a word.
    Signature(
        incident=_OPAQUE,
        message=r"\b4(?:00|22) status code \(no body\)",
        rank=Rank.GENERIC,
    ),
    Signature(
        incident=_OPAQUE,
        exception=r"(?:openai|anthropic|litellm)\.(?:\w+\.)*BadRequestError",
        message=r"^(?:\w+Exception - )?(?:Error code: )?400(?: -)?(?: Bad Request)?\.?$",
        rank=Rank.GENERIC,
    ),
    Signature(
        incident=_OPAQUE,
        status="400",
        message=(
            r"^(?:Bad Request|Provider returned error)\.?$"
            r"|\bunexpected status 400 Bad Request: Unknown error\b"
        ),
        rank=Rank.GENERIC,
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
