"""The classifier of what a provider lets this account do."""

from __future__ import annotations

from dagogy.api.failures import Signature, SignatureClassifier

from dagogy_incident_provider_access.remedies import REMEDIES

_AUTH, _QUOTA, _RATE, _MODEL, _ABLE = (
    "provider_auth_failed",
    "provider_quota_exhausted",
    "provider_rate_limited",
    "model_unavailable",
    "model_capability_missing",
)
#: What a model may be unable to do.
_WORK = (
    r"(?:tools?(?:[ _](?:use|calls?|calling|choice))?|function(?:s|[ _]call(?:s|ing)?)|(?:multi ?)?images?"
    r"|image[ _](?:input|content|url)s?|vision|multimodal\b.{0,20}|audio|video|chat|embeddings?|generate)"
)
_SDK = r"(?:openai|anthropic|litellm|groq|mistralai|together|cohere)\.(?:\w+\.)*"
_AUTH_CODES = (
    "invalid_api_key incorrect_api_key incorrect_api_key_error invalid_authentication "
    "invalid_authentication_error authentication_error authenticationerror auth_error unauthorized "
    "unauthenticated api_key_invalid account_deactivated invalid_organization mismatched_organization "
    "ip_not_authorized ip_not_allowed unsupported_country_region_territory permission_error "
    "permission_denied permissiondenied insufficient_permissions missing_scope token_expired "
    "token_invalidated token_revoked invalid_token expired_api_key refresh_token_reused "
    "refresh_token_expired refresh_token_invalidated token_not_found_in_db accessdenied "
    "accessdeniedexception unrecognizedclientexception expiredtokenexception invalidsubscription no_api_key"
)
_QUOTA_CODES = (
    "insufficient_quota credit_balance_exhausted billing_hard_limit_reached billing_not_active "
    "usage_limit_reached usage_not_included billing_error quota_exceeded exceeded_current_quota_error "
    "budget_exceeded insufficient_balance insufficient_credits payment_required monthly_spend_limit_exceeded "
    "project_spend_limit_exceeded workspace_owner_credits_depleted workspace_member_credits_depleted "
    "usage_limit_exceeded account_suspended_billing"
)
_MODEL_CODES = (
    "model_not_found model_not_available model_not_supported unsupported_model deploymentnotfound "
    "invalid_model model_deprecated model_retired model_decommissioned model_terms_required "
    "operationnotsupported_model"
)

_SIGNATURES = (
    # Who asks.
    Signature(incident=_AUTH, cause="key_malformed"),
    Signature(incident=_AUTH, cause="html", status="401 403"),
    Signature(incident=_AUTH, machine=_AUTH_CODES),
    Signature(incident=_AUTH, status="401"),
    Signature(incident=_AUTH, status="403"),
    Signature(incident=_AUTH, machine="request_forbidden", general=True),
    Signature(incident=_AUTH, exception=_SDK + r"(?:AuthenticationError|PermissionDeniedError)"),
    Signature(
        incident=_AUTH,
        message=(
            r"\bIncorrect API key provided\b|\bInvalid (?:API key|Authentication|bearer token|x-api-key)\b"
            r"|\bNo auth credentials found\b|\bMissing (?:bearer|Authentication header)\b"
            r"|\bYou didn't provide an API key\b"
        ),
    ),
    Signature(
        incident=_AUTH,
        message=(
            r"\bAPI key (?:not valid|expired|has been (?:disabled|revoked))|\bUser not found\.?$"
            r"|\bAccess denied due to (?:invalid subscription key|Virtual Network)"
            r"|\bPrincipal does not have access\b"
        ),
    ),
    Signature(
        incident=_AUTH,
        message=(
            r"\bCountry, region, or territory not supported\b"
            r"|\bAccess blocked by Cloudflare\b|\bUnable to load site\b.*\bcountry\b"
            r"|\bIP address (?:is )?not (?:allowed|authorized)\b"
        ),
    ),
    Signature(
        incident=_AUTH,
        message=(
            r"\b(?:access|refresh) token (?:could not be refreshed"
            r"|was already used|has (?:expired|already been used)|was revoked"
            r"|is expired)|\bFailed to refresh token\b|\bToken refresh failed: 40[013]\b"
        ),
    ),
    Signature(
        incident=_AUTH,
        message=(
            r"\bNot (?:logged|signed) in\b|\b(?:log|sign)(?: ?out and (?:log|sign))? in again\b"
            r"|\bPlease (?:run|use) `?codex login`?"
            r"|\bauthentication token (?:has been invalidated|is expired|has expired)\b"
            r"|\bYour session has ended\b"
        ),
    ),
    Signature(
        incident=_AUTH,
        message=(
            r"\bYou must be a member of an organization\b|\borganization has been disabled\b"
            r"|\bYou do not have access to the organization\b|\binsufficient permissions for this operation\b"
        ),
    ),
    Signature(
        incident=_AUTH,
        message=(
            r"\bIllegal header value b['\"](?:Bearer|sk-|Basic)|\bInvalid header value b['\"](?:Bearer|sk-)"
            r"|\bfailed to parse header value\b|\binvalid HTTP header (?:value|parsed)\b"
            r"|\bInvalid character in header content \[\"[Aa]uthorization\"\]"
        ),
    ),
    Signature(incident=_AUTH, exception=r"LocalProtocolError", message=r"\bIllegal header value\b"),
    Signature(
        incident=_AUTH,
        exception=r"UnicodeEncodeError",
        message=r"'ascii' codec can't encode characters? .{0,40}in position",
        where=r"\bRAISED at\b|\b(?:openai|httpx2?|remote_llm|header|authorization|api[_ ]key)\b",
    ),
    # What was paid for.
    Signature(incident=_QUOTA, machine=_QUOTA_CODES),
    Signature(incident=_QUOTA, status="402"),
    Signature(incident=_QUOTA, exception=_SDK + r"BudgetExceededError|BudgetExceededError"),
    Signature(
        incident=_QUOTA,
        message=(
            r"\bexceeded your (?:current|monthly) (?:quota|included credits|spend)"
            r"|\bQuota exceeded\. Check your plan\b"
            r"|\binsufficient[_ ](?:quota|balance|credits?|funds)\b"
            r"|\bout of (?:credits?|quota)\b|\brun out of credits\b"
        ),
    ),
    Signature(
        incident=_QUOTA,
        message=(
            r"\byou'?(?:ve| have) hit your (?:usage|weekly|monthly|spend\w*) limit|\byou(?:'ve| have)? (?:hit"
            r"|reached) your (?:specified )?(?:API )?(?:usage|spend(?:ing)?)"
            r"(?: cap| limits?)|\busage limit (?:has been )?reached\b"
            r"|\bYou hit your spend cap\b"
        ),
    ),
    Signature(
        incident=_QUOTA,
        message=(
            r"\bcredit balance is too low\b|\brequires more credits\b"
            r"|\bnever purchased credits\b|\bbilling (?:hard limit|details)\b"
            r"|\baccount is not active, please check your billing\b|\bmonthly (?:spend(?:ing)?|usage) limit\b"
            r"|\bBudget has been exceeded\b|\bExceededBudget\b"
        ),
    ),
    Signature(
        incident=_QUOTA,
        message=(
            r"\bTo use Codex with your ChatGPT plan, upgrade\b"
            r"|\bfree-models-per-day\b|\bnot included in your plan\b"
            r"|\bUpgrade to (?:Plus|Pro) to continue\b|\bpurchase more credits\b|\bhigher monthly limit\b"
        ),
    ),
    Signature(
        incident=_QUOTA, machine="resource_exhausted", message=r"\bcurrent quota\b|\bbilling\b|\bper ?day\b"
    ),
    # How fast.
    Signature(
        incident=_RATE,
        machine=(
            "rate_limit_exceeded rate_limit_error rate_limit_reached_error too_many_requests toomanyrequests "
            "throttlingexception throttling_error rate_limited ratelimiterror ratelimitreached "
            "resource_exhausted requests tokens rate_limit"
        ),
        general=True,
    ),
    Signature(incident=_RATE, status="429"),
    Signature(incident=_RATE, exception=_SDK + r"RateLimitError", unless=r"quota|billing|credit"),
    Signature(incident=_RATE, exception=r"(?:\w+\.)*ThrottlingException"),
    Signature(
        incident=_RATE,
        message=(
            r"\brate limit (?:reached|exceeded|hit)\b(?!: free-models-per-day)"
            r"|\brate_limit_(?:exceeded|error)\b|\brate-limited\b"
            r"|\bTPM\): Limit|\bToo Many Requests\b"
            r"|\bexceeded (?:call |token )?rate limit\b|\brequests? per (?:minute"
            r"|second)\b.*\b(?:exceed|limit)"
        ),
        unless=r"too large|quota|billing|credits?\b|usage limit",
    ),
    # Which model.
    Signature(incident=_MODEL, typed="config_error", message=r"^AGENT_MODEL is required\b"),
    Signature(incident=_MODEL, machine=_MODEL_CODES),
    Signature(
        incident=_MODEL,
        machine="not_found_error notfounderror invalid_request_error",
        message=r"^model: |\bmodel\b.{0,120}\b(?:not found|does not exist|not supported|deprecated)\b",
    ),
    Signature(
        incident=_MODEL,
        message=(
            r"\b(?:The |requested )?(?:model|deployment|engine) "
            r"[`'\"]?[\w./:@-]*[`'\"]? ?(?:does not exist|not found"
            r"|is not available|was not found|is not found"
            r"|has been (?:deprecated|retired|decommissioned|shut ?down|removed)"
            r"|is deprecated|is no longer (?:available|supported))"
        ),
        unless=r"Model metadata|Model provider",
    ),
    Signature(
        incident=_MODEL,
        message=(
            r"\borganization must be verified\b|\bmodel is not supported when using Codex\b"
            r"|\bis not a valid model(?: ID)?\b"
            r"|\bNo endpoints found for\b|\bInvalid model name\b"
            r"|\bInvalid model:|\bUnknown model\b|\bunsupported model\b"
            r"|\btry pulling it first\b"
        ),
    ),
    Signature(
        incident=_MODEL,
        message=(
            r"\bdoes not have access to model\b|\bdo(?:es)? not have access to (?:the |this )?(?:model|it)\b"
            r"|\bmust provide a model parameter\b|\bmodel (?:field |parameter )?is required\b"
            r"|\bmodel requires a newer version of Codex\b|\bmodel_not_found\b"
            r"|^model_not_(?:available|supported)$|\bnot allowed to (?:access|use) model\b"
        ),
    ),
    Signature(
        incident=_MODEL,
        message=(
            r"\bThe API deployment for this resource does not exist\b"
            r"|\bmodel\b.{0,80}\bis not (?:available|allowed|enabled) (?:for"
            r"|on|in) (?:your|this)\b|\bThe provided model identifier is invalid\b"
            r"|\bmodels/\S+ is not found\b"
        ),
    ),
    # What the model can do.
    Signature(
        incident=_ABLE,
        message=(
            rf"\b(?:does not|doesn't) support (?:the (?:use of )?)?{_WORK}(?:$|[^\w-])"
            rf"|\bNo endpoints found that support\b|\b{_WORK} (?:is|are) not supported (?:by|with|for) "
            r"(?:the |this )?(?:\S+ )?(?:model|endpoint)\b"
        ),
        unless=r"prefill|parameters?:",
    ),
    Signature(
        incident=_ABLE,
        message=(
            r"\bimage_url is only supported by certain models\b|\bis not a multimodal model\b"
            r"|\bauto\b.{0,3} tool choice requires --enable-auto-tool-choice\b"
            r"|\bmodel (?:is not able to|cannot) (?:use tools|see images|process images)\b"
            r"|\b(?:Cannot|can't) (?:read|process) .{0,60}\bmodel does not support image input\b"
        ),
    ),
    Signature(
        incident=_MODEL,
        exception=_SDK + r"NotFoundError",
        message=r"\bmodel\b.{0,80}\b(?:not found|does not exist)\b",
    ),
)


class ProviderAccess(SignatureClassifier):
    """What the provider allows this key, account and plan.

    provider_auth_failed:
        What: The provider knows neither the key nor the account, or bars the place the request came from: a
        wrong, expired or foreign key, a session token used up by another process, a key with bytes that no
        header can carry, a country or address that is not served.
        Recognised by: HTTP `401` and `403` without another reason; "Incorrect API key provided"; "refresh
        token was already used"; codes such as `invalid_api_key` and `unsupported_country_region_territory`;
        codex's refresh-token messages; `Illegal header value b'Bearer …'`.
        What to do: Compare the key's prefix with the host without printing the key, and make a new one if in
        doubt; for a codex account: `codex logout && codex login`. Region and address blocks need another way
        out to the network.
        Retry: Only after the credentials are changed; one renewal of a session token is allowed.

    provider_quota_exhausted:
        What: The credit or the plan's usage window is used up. Waiting a moment does not help.
        Recognised by: HTTP `402`; "You exceeded your current quota"; "credit balance is too low"; codes such
        as `insufficient_quota` and `usage_limit_reached`; "You've hit your usage limit".
        What to do: Read the reset time or open the provider's billing page; until then use another provider
        with `AGENT_PROVIDER`.
        Retry: No, not before the reset time or a payment.

    provider_rate_limited:
        What: Too many requests or tokens in a short time. It clears by itself.
        Recognised by: HTTP `429`, "Too Many Requests", "Rate limit reached" without a quota's words; codes
        such as `rate_limit_exceeded`; "Please try again in 2s".
        What to do: Wait as long as the answer says (or some seconds), run the command again, and
        run fewer at the same time.
        Retry: Yes, with growing pauses and within a limit of time.

    model_unavailable:
        What: The model does not exist, is retired, or is not open to this account, plan or organization; or
        its name is empty or misspelt.
        Recognised by: Codes such as `model_not_found` and `DeploymentNotFound`; the messages of
        OpenAI, codex, Anthropic, OpenRouter, LiteLLM, vLLM and Ollama about an unknown model;
        "organization must be verified".
        What to do: Run again without `AGENT_MODEL`; else choose a model of the provider's list
        (`GET /models`), or verify the organization where the message links to it.
        Retry: Once without the override, else only after the model is changed.

    model_capability_missing:
        What: The model is there, but does not do this kind of work: it calls no tools, sees no images, or no
        endpoint that serves it does.
        Recognised by: "does not support tools", "No endpoints found that support tool use", "image_url is
        only supported by certain models".
        What to do: Choose a model that can do it, with `AGENT_MODEL`; at a gateway one of those that it lists
        with that capability. To drop the parameter would change what is asked for.
        Retry: Only after the model is changed.
    """

    about_the_provider = True
    said_by_any_service = True
    remedies = REMEDIES
    signatures = _SIGNATURES
