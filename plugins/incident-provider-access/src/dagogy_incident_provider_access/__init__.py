"""dagogy incidents `provider-access`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="provider-access",
        summary="The provider answers, but not to this key, account, rate or model.",
        api_version=1,
        impl="dagogy_incident_provider_access.classifier:ProviderAccess",
        incidents=(
            "provider_auth_failed",
            "provider_quota_exhausted",
            "provider_rate_limited",
            "model_unavailable",
            "model_capability_missing",
        ),
        circuits=(("provider_quota_exhausted", 3600.0), ("provider_rate_limited", 30.0)),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="wait-rate-limit",
        summary="Waits as long as the provider asked, then tries again.",
        api_version=1,
        impl="dagogy_incident_provider_access.actions:WaitRateLimit",
        incidents=("provider_rate_limited",),
        safety="safe",
        order=10,
        times=3,
    )
    yield RecoveryInfo(
        id="renew-session",
        summary="Tries once more, so that an expired session token is renewed.",
        api_version=1,
        impl="dagogy_incident_provider_access.actions:RenewSession",
        incidents=("provider_auth_failed",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="default-model",
        summary="Tries again without AGENT_MODEL.",
        api_version=1,
        impl="dagogy_incident_provider_access.actions:DefaultModel",
        incidents=("model_unavailable",),
        safety="safe",
        order=10,
    )
    yield RecoveryInfo(
        id="renew-credentials",
        summary="Says how this provider's credentials are renewed.",
        api_version=1,
        impl="dagogy_incident_provider_access.actions:RenewCredentials",
        incidents=("provider_auth_failed",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="await-quota",
        summary="Names the reset time and the page where the quota is raised.",
        api_version=1,
        impl="dagogy_incident_provider_access.actions:AwaitQuota",
        incidents=("provider_quota_exhausted",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="slow-down",
        summary="Says when the rate limit is over.",
        api_version=1,
        impl="dagogy_incident_provider_access.actions:SlowDown",
        incidents=("provider_rate_limited",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="choose-model",
        summary="Says how to list the models that this account may use.",
        api_version=1,
        impl="dagogy_incident_provider_access.actions:ChooseModel",
        incidents=("model_unavailable", "model_capability_missing"),
        safety="manual",
        order=90,
    )
