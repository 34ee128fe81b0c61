"""Who speaks is asked before what is said: what any service says in the same words is no answer where another
one says it.
"""

from __future__ import annotations

import io
from functools import cache

import pytest
from dagogy.api._speakers import speaker_in
from dagogy.api.failures import Failure
from dagogy.host.manager import Host, Selection
from dagogy.incidents.diagnose import Verdict, diagnose
from dagogy.incidents.parsing import from_text
from pattern_probe import GROWTH, call_growth
from support import CommandRunner


@cache
def host() -> Host:
    return Host(Selection(third_party=False))


def verdict(text: str) -> Verdict:
    return diagnose(host(), from_text(text, "1"))


#: Services and programs that no list of ours names.
FOREIGN = [
    "BrevoRateLimitError: Too Many Requests. Try again later.",
    "['^X']: QuandlRateLimitError('Too Many Requests. Rate limited.')",
    "Crm::Api::AuthenticationError - No API key provided. (HINT: set your API key)",
    "Acme.Storage.RequestFailedException: Service request failed.\nStatus: 403 (not authorized)",
    "exception 'Acme\\Store\\StoreException' with message 'HTTP status 503'",
    'Client("feed::StartError: Invalid authentication token, HTTP status 401")',
    "FATAL Wikibase API returned unexpected status: 401 (Unauthorized)",
    "Error pushing to Forgejo: Request failed with status code 403",
    "error: quota exceeded for service 'maps.acmeapis.com', status code 429",
    "Request to https://api.acme-pay.com/charges failed with HTTP 401",
    "PlacesQuotaExceeded: HTTP Error 429: Too Many Requests",
    "Error Code: 429\n#0      Base.handle (package:acme_music/src/base.dart:279)\nHTTP 429",
]
#: The same words where a model's service speaks, or where nobody is named.
OURS = {
    "OpenAIRateLimitError: Too Many Requests. Try again later.": "provider_rate_limited",
    "Error: the model endpoint answered 503 Service Unavailable": "provider_overloaded",
    "AcmeGatewayError: LLM request failed with HTTP status 429": "provider_rate_limited",
    "Error: Request to https://gw.acme.com/v1/chat/completions failed with HTTP 401": "provider_auth_failed",
    "System.Net.Http.HttpRequestException: Response status code does not indicate success: 401": (
        "provider_auth_failed"
    ),
    "RequestError: HTTP status 429 Too Many Requests": "provider_rate_limited",
    'net/http/response.rb:124:in `error!\': 429 "Too Many Requests" (Net::HTTPServerException)': (
        "provider_rate_limited"
    ),
}


@pytest.mark.parametrize("text", FOREIGN)
def test_another_service_is_named_and_nothing_is_to_be_done(text: str) -> None:
    found = verdict(text)
    assert (found.outcome, found.incident_id, found.told) == ("foreign_service", "unknown", "unknown")
    assert found.reason.startswith("who speaks is ")
    assert not found.best


@pytest.mark.parametrize("text", OURS)
def test_a_service_of_ours_is_no_other_one(text: str) -> None:
    assert verdict(text).incident_id == OURS[text]


def test_no_guess_is_made_of_anothers_words() -> None:
    found = verdict("[acme_cloud_api] Error 401: {'message': 'Unauthorized'}")
    assert (found.told, found.best) == ("unknown", ())


def test_what_concerns_the_machine_or_the_way_is_told_whoever_speaks() -> None:
    assert verdict("com.acme.store.AcmeStoreException: No space left on device").incident_id == "disk_full"
    full = "Request to https://api.acme-pay.com/charges failed: [Errno 28] No space left on device"
    assert verdict(full).incident_id == "disk_full"


def test_a_failure_of_our_own_is_never_anothers() -> None:
    failure = Failure(
        code="provider_error", message="AcmeRateLimitError: HTTP status 429", http_status=429, provider="acme"
    )
    assert diagnose(host(), failure).incident_id == "provider_rate_limited"


def test_without_a_dialect_that_knows_names_nobody_is_taken_for_another() -> None:
    only = Host(Selection(deny=frozenset({"llm-clients", "codex-exec"}), third_party=False))
    assert diagnose(only, from_text(FOREIGN[6], "1")).outcome != "foreign_service"


def test_the_command_says_who_speaks(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FOREIGN[6].encode()), "utf-8"))
    document = runner.ok("diagnose", "-", "--json").json
    assert (document["outcome"], document["incident"]) == ("foreign_service", "unknown")
    assert "Wikibase" in document["reason"]


@pytest.mark.parametrize(
    "piece", ["AcmeRate", "A.b", "com.a.b", "x::", "https://a.", "Acme AP", "service 'a."]
)
def test_looking_for_a_speaker_takes_time_that_grows_with_the_text(piece: str) -> None:
    assert call_growth(speaker_in, piece * 40_000, piece * 10_000) <= GROWTH
