"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="model_unavailable",
        cause="the Azure resource has no deployment of this name",
        steps=(
            "Ask with the name of the deployment, which is chosen where the model is deployed "
            "and need not be the model's; see that the endpoint is that of the same resource. "
            "`GET /models` lists models, not deployments. A new deployment takes some minutes."
        ),
        when=r"DeploymentNotFound|API deployment for this resource does not exist",
        commands=(
            (
                "az cognitiveservices account deployment list --name RESOURCE --resource-group GROUP "
                "--output table"
            ),
        ),
        prevention="Keep endpoint, deployment and API version together in the settings.",
    ),
    Remedy(
        incident="model_unavailable",
        cause="the model {model} was not pulled to this machine",
        steps="Pull it, or take one of those that are there.",
        when=(
            r"try pulling it first|ollama[\s\S]{0,400}?not found|model ['\"](?P<model>[\w./:@-]{1,100})"
            r"['\"] not found"
        ),
        commands=(
            "ollama list",
            "ollama pull {model}",
        ),
        prevention="Pull the models when the machine is set up.",
    ),
    Remedy(
        incident="model_unavailable",
        cause="no model is loaded in the local server",
        steps="Load one there, or by its command.",
        when=r"No models? (?:is |are )?loaded",
        commands=(
            "lms ls",
            "lms load",
        ),
        prevention="Have the server load the model when it starts.",
    ),
    Remedy(
        incident="model_unavailable",
        cause="the organization has to be verified for this model",
        steps="Verify it where the message links to, or take a model that needs no verification.",
        when=r"must be verified",
    ),
    Remedy(
        incident="model_unavailable",
        cause="the model was retired",
        steps="Take the one that the provider names in its place.",
        when=(
            r"deprecat|retired|decommission|no longer (?:available|supported)"
            r"|shut ?down"
        ),
        prevention="Take models by a name that the provider keeps, and read its notices of retirement.",
    ),
    Remedy(
        incident="model_unavailable",
        cause="the service does not have the model {model}, or not for this account",
        steps="Compare the name with the list of the service, for a gateway with its prefix.",
        commands=('curl -s "$BASE_URL/models" -H "Authorization: Bearer $API_KEY"',),
        prevention="Check the name when the settings are changed.",
    ),
    Remedy(
        incident="model_unavailable",
        cause="the service does not have this model, or not for this account",
        steps="Compare the name with the list of the service.",
        commands=('curl -s "$BASE_URL/models" -H "Authorization: Bearer $API_KEY"',),
        prevention="Check the name when the settings are changed.",
    ),
    Remedy(
        incident="model_capability_missing",
        cause="{model} cannot do what was asked of it",
        steps="Take a model that can: the list of the service says which call tools or see images.",
        commands=("ollama show {model}",),
        prevention="Choose the model by what the program asks of it.",
    ),
    Remedy(
        incident="model_capability_missing",
        cause="the model cannot do what was asked of it",
        steps="Take a model that can: the list of the service says which call tools or see images.",
        prevention="Choose the model by what the program asks of it.",
    ),
    Remedy(
        incident="provider_auth_failed",
        cause="the service is not offered where the request came from",
        steps="Use another way out to the network, or another service.",
        when=(
            r"unsupported_country|[Cc]ountry, region|not available in your"
            r"|location is not supported"
        ),
        commands=("curl -s https://ipinfo.io/country",),
    ),
    Remedy(
        incident="provider_auth_failed",
        cause="the session was renewed by another process, or has ended",
        steps="Log in again; let each process have a login of its own.",
        when=(
            r"refresh[_ ]token|session has ended|log ?in again|[Nn]ot (?:logged"
            r"|signed) in"
        ),
        commands=("codex logout && codex login",),
        prevention="Do not copy one auth.json to several machines.",
    ),
    Remedy(
        incident="provider_auth_failed",
        cause="the key has white space or characters that no header can carry",
        steps="Set it again without them.",
        when=(
            r"[Ii]llegal header|[Ii]nvalid (?:HTTP )?header|header (?:value"
            r"|content)|codec can"
        ),
        commands=("printenv | grep -c 'API_KEY.*[[:space:]]$'",),
    ),
    Remedy(
        incident="provider_auth_failed",
        cause="the key of {variable} is not accepted",
        steps=("See that it is the key of this service and not of another, and make a new one if in doubt."),
        commands=("printenv {variable} >/dev/null && echo set",),
        prevention="Keep one key for each service and purpose.",
    ),
    Remedy(
        incident="provider_auth_failed",
        cause="the service does not accept the key or the account",
        steps=(
            "See that the key is one of this service, of the right project, and not expired; "
            "make a new one if in doubt."
        ),
        prevention="Keep one key for each service and purpose.",
    ),
    Remedy(
        incident="provider_quota_exhausted",
        cause="the credit or the plan is used up",
        steps=(
            "Wait for the reset that the message names, or raise the limit on the billing page "
            "of the service. Trying again does not help."
        ),
        prevention="Watch the usage, and set a limit with a warning.",
    ),
    Remedy(
        incident="provider_rate_limited",
        cause="too many requests or tokens in a short time",
        steps=(
            "Wait as long as the answer says, then run the program again with fewer requests at "
            "the same time."
        ),
        prevention="Let the program wait for Retry-After and limit how many requests it has under way.",
    ),
)
