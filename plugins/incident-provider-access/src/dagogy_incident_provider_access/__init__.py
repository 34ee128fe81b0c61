"""dagogy incidents `provider-access`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="provider-access",
        summary="The provider answers, but not to this key, account, rate or model.",
        api_version=1,
        impl="dagogy_incident_provider_access.classifier:ProviderAccess",
        incidents=("provider_auth_failed", "provider_quota_exhausted", "provider_rate_limited", "model_unavailable"),
        circuits=(("provider_quota_exhausted", 3600.0), ("provider_rate_limited", 30.0)),
    )
