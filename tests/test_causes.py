"""What a provider knows itself: causes as evidence, and how long a service said that it will not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dagogy.api import RecoveryInfo
from dagogy.api.errors import ProviderError
from dagogy.api.failures import Diagnosis, Failure, FailureEvidence
from dagogy.host.manager import Host
from dagogy.incidents import help as incident_help
from dagogy.incidents.diagnose import diagnose
from dagogy.incidents.parsing import from_record

HOST = Host()
SERVICE: dict[str, Any] = {"endpoint": "api.x.test"}
PROGRAM: dict[str, Any] = {"returncode": 0}
#: Told by whoever opens circuits, where that is installed.
CIRCUIT = "provider_circuit_open" if "provider_circuit_open" in incident_help.incidents(HOST) else "unknown"


def verdict(cause: str, message: str = "it did not work", **details: Any) -> tuple[str, str]:
    document = {"code": "provider_error", "message": message, "details": {"cause": cause, **details}}
    found = diagnose(HOST, from_record(document))
    return found.incident_id, found.best[0].diagnosis.rank.name if found.best else ""


@pytest.mark.parametrize(
    ("cause", "service", "program"),
    [
        ("refusal", "provider_refusal", "provider_refusal"),
        ("content_filter", "provider_refusal", "provider_refusal"),
        ("incomplete", "provider_output_truncated", "provider_output_truncated"),
        ("empty", "provider_empty_answer", "codex_structured_output"),
        ("prose", "provider_output_not_json", "codex_structured_output"),
        ("not_json", "provider_output_not_json", "codex_structured_output"),
        ("wrong_shape", "provider_output_schema_mismatch", "provider_output_schema_mismatch"),
        ("html", "openai_base_url_invalid", "codex_structured_output"),
        ("timeout", "provider_timeout", "provider_timeout"),
        ("key_missing", "openai_api_key_missing", "openai_api_key_missing"),
        ("key_malformed", "provider_auth_failed", "provider_auth_failed"),
        ("base_url_malformed", "openai_base_url_invalid", "openai_base_url_invalid"),
        ("binary_missing", "coding_agent_not_found", "coding_agent_not_found"),
        # What is under an error body says which incident it is; our own limits are no
        # incident of the provider's.
        ("error_body", "unknown", "unknown"),
        ("calls_spent", "unknown", "unknown"),
        ("tokens_spent", "unknown", "unknown"),
        ("circuit_open", CIRCUIT, CIRCUIT),
    ],
)
def test_a_cause_that_the_provider_knows_decides(cause: str, service: str, program: str) -> None:
    assert verdict(cause, **SERVICE)[0] == service
    assert verdict(cause, **PROGRAM)[0] == program


def test_every_cause_is_tested() -> None:
    marks = test_a_cause_that_the_provider_knows_decides.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {row[0] for row in marks} == set(ProviderError.CAUSES)


def test_a_cause_ranks_as_our_own_code_but_that_we_ended_it_leaves_the_word_to_what_was_printed() -> None:
    assert verdict("refusal")[1] == "TYPED_CODE"
    assert verdict("timeout")[1] == "KILLED_BY"
    found = verdict(
        "timeout", killed_by="timeout", returncode=-9, stderr="ERROR: stream error: waiting for network"
    )
    assert found[0] == "network_unreachable"


def test_an_error_body_under_a_status_that_says_success_is_reported_by_its_code() -> None:
    assert verdict("error_body", machine_code="insufficient_quota")[0] == "provider_quota_exhausted"


@pytest.mark.parametrize(
    ("status", "incident"),
    [(502, "provider_overloaded"), (403, "provider_auth_failed"), (407, "proxy_misconfigured")],
)
def test_a_web_page_under_a_status_of_its_own_is_reported_by_it(status: int, incident: str) -> None:
    assert verdict("html", http_status=status)[0] == incident


def test_a_page_with_a_riddle_is_a_proxy_s() -> None:
    assert (
        verdict("html", "api.x.test answered with a web page: Just a moment...")[0] == "proxy_misconfigured"
    )


def test_a_word_that_is_no_cause_is_no_evidence() -> None:
    assert verdict("because")[0] == "unknown"


# --- how long -----------------------------------------------------------------------------------------------

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def wait(text: str = "", **details: Any) -> float | None:
    return FailureEvidence(
        Failure(text=text, details=details, at_utc="2026-11-25T12:00:00.000000Z")
    ).retry_after_seconds


def local(after: timedelta, form: str) -> str:
    return (AT + after).astimezone().strftime(form)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Retry-After: 30", 30),
        ("'retry-after': '7'", 7),
        ("retry-after-ms: 1500", 1.5),
        ("Retry-After: Wed, 25 Nov 2026 12:02:00 GMT", 120),
        ("Rate limit reached. Please try again in 20s. Visit", 20),
        ("Please try again in 6m0s.", 360),
        ("Please try again in 1h2m3.5s.", 3723.5),
        ("Please try again in 100ms.", 0.1),
        ("try again in 3 days 4 hours 5 minutes.", 3 * 86_400 + 4 * 3600 + 300),
        ("Please retry after 2 minutes", 120),
        ("Please retry in 34.07s", 34.07),
        ('"retryDelay": "34s"', 34),
        ('{"resets_in_seconds": 7200}', 7200),
        ('{"resets_in_seconds":90,"resets_at":1}', 90),
        (f'"resets_at": {int(AT.timestamp()) + 600}', 600),
        (f'"resets_at": {(int(AT.timestamp()) + 600) * 1000}', 600),
        ('"resets_at": "2026-11-25T13:00:00Z"', 3600),
        ("your limit resets at 2026-11-25 12:30 UTC", 1800),
        (f"try again at {local(timedelta(days=4, hours=1), '%b %dth, %Y %I:%M %p')}.", 4 * 86_400 + 3600),
        (f"or try again at {local(timedelta(hours=2), '%I:%M %p')}.", 7200),
        ("Retry-After: Wed, 25 Nov 2026 11:00:00 GMT", 0),
        ("try again later", None),
        ("try again in 99999999999s", None),
        ("the run was made 20 s ago", None),
        ("it waits for 3 prerequisites", None),
        ("HTTP 429, retry-after=None", None),
    ],
)
def test_the_wait_is_read_in_every_form_that_services_give_it(text: str, seconds: float | None) -> None:
    found = wait(text)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_a_fact_of_the_provider_s_beats_the_text() -> None:
    assert wait("try again in 20s", retry_after_seconds=5.5) == 5.5
    assert wait("try again in 20s", retry_after_seconds="7") == 7
    assert wait(resets_at=AT.timestamp() + 60) == 60
    assert wait(retry_after_seconds=True) is None


def test_a_diagnosis_carries_the_wait_and_the_circuits_are_declared() -> None:
    found = diagnose(
        HOST,
        Failure(
            text=(
                "ERROR: unexpected status 429 Too Many Requests: Rate limit reached. Please try again in 20s."
            )
        ),
    )
    diagnosis: Diagnosis = found.best[0].diagnosis
    assert (found.incident_id, diagnosis.retry_after_seconds) == ("provider_rate_limited", 20)
    circuits = dict(c for plugin in HOST.load("classifier") for c in plugin.info.circuits)
    assert set(circuits) >= {"provider_quota_exhausted", "provider_rate_limited", "provider_overloaded"}


def test_only_what_takes_time_may_be_repeated() -> None:
    infos: list[RecoveryInfo] = [plugin.info for plugin in HOST.load("recovery")]
    assert {i.id: i.times for i in infos if i.times > 1}.items() >= {
        "wait-rate-limit": 3,
        "back-off": 3,
        "wait-for-network": 2,
        "less-scope-text": 3,
    }.items()
