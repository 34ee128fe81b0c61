"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="openai_base_url_invalid",
        cause="the address that is asked is no API",
        steps=(
            "Write it with https://, host and path up to `/v1`, without the endpoint, which the client adds."
        ),
        commands=('curl -sS -i -m 10 "$BASE_URL/models"',),
        prevention="Check the address once when the program starts.",
    ),
)
