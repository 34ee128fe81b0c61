"""The classifier of the provider's own failures."""

from __future__ import annotations

from collections.abc import Iterable

from dagogy.api.failures import Diagnosis, FailureEvidence, Rank, Signature, SignatureClassifier

from dagogy_incident_provider_service.remedies import REMEDIES

_BUSY, _SLOW, _SERVER = "provider_overloaded", "provider_timeout", "model_server_failed"
_SDK = r"(?:openai|anthropic|litellm|groq|mistralai|together|cohere)\.(?:\w+\.)*"
#: The address of a model's API, as programs in Go and Rust name it beside the error.
_OF_A_MODEL = r"/(?:responses|completions|messages|embeddings|generate\w*|chat)\b"
_HTTP = r"(?:(?:httpx2?|httpcore2?|requests|urllib3|aiohttp|openai|anthropic|litellm|socket)\.(?:\w+\.)*)?"


#: What servers of models say of themselves.
_SERVER_SIGNATURES = (
    Signature(
        incident=_SERVER,
        exception=r"(?:\w+\.)*(?:Async|MQ)?LLM?Engine\w*Dead\w*|(?:\w+\.)*(?:Async|MQ)?EngineDeadError",
    ),
    Signature(
        incident=_SERVER,
        message=(
            r"\bllama runner\b.{0,40}\b(?:terminated|no longer running|exited|crashed|to start)\b"
            r"|\bmodel runner has unexpectedly stopped\b|\brequires more (?:system|GPU|video) memory\b"
            r"|\b(?:the )?model has (?:crashed|been unloaded)\b|^model (?:unloaded|crashed)\b"
            r"|\bmodel (?:\S+ )?(?:is )?not loaded\b"
        ),
    ),
    Signature(
        incident=_SERVER,
        message=(
            r"\b(?:EngineCore|engine (?:core|process|loop))\b.{0,60}"
            r"\b(?:encountered an issue|initialization failed|died|is dead|not running|has failed)\b"
            r"|\bless than desired GPU memory utilization\b"
            r"|\bNo available memory for the cache blocks\b|\bunable to load model\b"
            r"|\b(?:cudaMalloc|ggml_\w{1,40}) ?(?:failed|: (?:failed|error))\b"
            r"|\bunable to allocate (?:CUDA|Metal|ROCm|Vulkan)\S* buffer\b"
        ),
    ),
    Signature(
        incident=_SERVER,
        status="5xx",
        message=r"\b(?:CUDA|HIP|Metal|GPU)\b.{0,60}\b(?:out of memory|error)\b|\bfailed to load model\b",
    ),
)


class ProviderService(SignatureClassifier):
    """The provider is there, but does not do its work now.

    provider_overloaded:
        What: The provider, or a gateway before it, is down, overloaded or out of capacity for the model.
        Recognised by: HTTP `500`, `502`, `503`, `504`, `529`; "Overloaded"; "Bad Gateway"; codes such as
        `server_error` and `overloaded_error`; "Selected model is at capacity".
        What to do: Wait and run the command again, up to three times with growing pauses; then look at the
        provider's status page, keep the request id, and take another model or provider.
        Retry: Yes, with growing pauses.

    provider_timeout:
        What: No answer came within our time limit or the client's, and nothing points to the network: a long
        generation, a high reasoning effort, a stream that went silent, a codex that hangs.
        Recognised by: `TimeoutExpired`, `ReadTimeout`, `APITimeoutError`, "Request timed out", "timed out
        after", HTTP `408`; codex's "idle timeout waiting for SSE"; and that we ended the process ourselves,
        when what it had printed shows no other cause.
        What to do: Run once more with twice the time, `AGENT_TIMEOUT_SECONDS=600`, and with less
        effort; then split the scope.
        Retry: Once, after the limit is raised.

    model_server_failed:
        What: The server that runs the model, mostly one of your own, has not enough memory for it, lost the
        process that computes, or could not load the weights. It answers, and says so.
        Recognised by: "model requires more system memory", "llama runner process has terminated", "model
        runner has unexpectedly stopped", "unable to load model", `EngineDeadError`, "less than desired GPU
        memory utilization".
        What to do: Read the server's own log; take a smaller model, a smaller quantisation or a shorter
        context, or give the server more memory; start it again.
        Retry: Only after the server runs again, or the model is smaller.
    """

    about_the_provider = True
    said_by_any_service = True
    remedies = REMEDIES
    signatures = (
        *_SERVER_SIGNATURES,
        Signature(incident=_BUSY, cause="html", status="5xx"),
        # That we ended it says when it stopped; what it had printed until then may say why.
        Signature(incident=_SLOW, cause="timeout", rank=Rank.KILLED_BY),
        Signature(incident=_BUSY, status="5xx"),
        Signature(
            incident=_BUSY,
            machine=(
                "server_error server_is_overloaded overloaded_error overloaded engine_overloaded "
                "engine_overloaded_error service_unavailable service_unavailable_error "
                "serviceunavailableerror serviceunavailable service_unavailable_exception "
                "internal_server_error internalservererror server_overloaded unavailable unavailable_error "
                "modelnotreadyexception no_available_provider internalserverexception "
                "serviceunavailableexception"
            ),
        ),
        Signature(
            incident=_BUSY,
            exception=_SDK
            + r"(?:InternalServerError|ServiceUnavailableError|OverloadedError|BadGatewayError)",
        ),
        Signature(
            incident=_BUSY,
            message=(
                r"\bat capacity\b|\bexperiencing high (?:demand|traffic|load)\b"
                r"|\bcurrently overloaded\b|\bserver (?:is overloaded"
                r"|had an error (?:while )?processing your request)"
                r"|\bAn error occurred while processing your request\. You can retry\b"
                r"|^(?:API Error: )?Overloaded\.?$"
            ),
        ),
        Signature(
            incident=_BUSY,
            message=(
                r"\bno healthy upstream\b|\bupstream connect error\b"
                r"|\b(?:502 Bad Gateway|503 Service (?:Temporarily )?Unavailable"
                r"|504 Gateway Time-?out)\b|\bThe server is currently unavailable\b"
                r"|\bservice is temporarily unavailable\b"
                r"|\bservers are (?:currently )?(?:busy|overloaded)\b|\bLoading model$"
            ),
        ),
        Signature(incident=_SLOW, status="408"),
        Signature(
            incident=_SLOW,
            machine="timeout timeout_error timeouterror request_timeout deadline_exceeded requesttimeout",
        ),
        Signature(incident=_SLOW, exception=_SDK + r"(?:APITimeoutError|APIConnectionTimeoutError|Timeout)"),
        Signature(
            incident=_SLOW,
            exception=_HTTP + r"(?:ReadTimeout|WriteTimeout|ReadTimeoutError|ServerTimeoutError|timeout)",
        ),
        Signature(
            incident=_SLOW,
            exception=r"TimeoutError|asyncio\.(?:\w+\.)*TimeoutError",
            message=(
                r"^$|^(?:timed out|The (?:read|write|handshake) operation timed out"
                r"|The operation was aborted due to timeout)\.?$"
            ),
            unless=r"lock|connect",
        ),
        Signature(
            incident=_SLOW, exception=r"(?:\w+\.)*(?:HeadersTimeoutError|BodyTimeoutError|DeadlineExceeded)"
        ),
        Signature(incident=_SLOW, exception=r"URLError", message=r"^timed out$"),
        Signature(incident=_SLOW, exception=r"TimeoutExpired", unless=r"'(?:git|npm|pip|docker)'"),
        Signature(
            incident=_SLOW,
            message=(
                r"^(?:error: )?(?:stream disconnected before completion: )?"
                r"(?:idle timeout waiting for (?:SSE|websocket|stream)"
                r"|request timed out\.?|the request timed out\.?|operation timed out)$"
                r"|\bidle timeout waiting for (?:SSE|websocket)"
            ),
        ),
        Signature(
            incident=_SLOW,
            message=(
                r"\b(?:codex|codex_exec|remote_llm|provider|model|agent)"
                r"\b.{0,60}\b(?:timed out after|did not (?:answer|finish"
                r"|respond) (?:with)?in|exceeded AGENT_TIMEOUT_SECONDS)\b"
                r"|\bAPITimeoutError\b|\bRequest timed out\.$"
            ),
        ),
        Signature(
            incident=_SLOW,
            message=(
                rf"\bClient\.Timeout (?:exceeded|or context cancellation)\b.*{_OF_A_MODEL}"
                r"|\bsource: TimedOut\b"
            ),
            where=_OF_A_MODEL,
        ),
        Signature(incident=_SLOW, killed="timeout"),
    )

    def more(self, evidence: FailureEvidence) -> Iterable[Diagnosis]:
        """A time limit of asyncio: it cancels what it waits for, and raises from that. Who was stopped by
        someone else raises no `TimeoutError`.
        """
        raised = [c for c in evidence.clues if c.kind == "exception"]
        limit = next((c for c in raised if c.outer and c.exception.split(".")[-1] == "TimeoutError"), None)
        if limit is not None and any(c.exception.split(".")[-1] == "CancelledError" for c in raised):
            yield Diagnosis(
                incident_id=_SLOW, rank=Rank.EXCEPTION, confidence=0.8, evidence=limit.lines, weight=3
            )
