"""dagogy incidents `network`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, hookimpl

__version__ = "0.1.0"


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="network",
        summary="The way to the provider is broken: network, proxy or TLS.",
        api_version=1,
        impl="dagogy_incident_network.classifier:Network",
        incidents=("network_unreachable", "proxy_misconfigured", "tls_failure"),
    )
