"""dagogy incidents `network`."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, ProbeInfo, RecoveryInfo, hookimpl


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="network",
        summary="The way to the provider is broken: network, proxy or TLS.",
        api_version=1,
        impl="dagogy_incident_network.classifier:Network",
        incidents=("network_unreachable", "proxy_misconfigured", "tls_failure"),
        service=True,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="wait-for-network",
        summary="Waits up to a minute until the provider can be reached, and tries again.",
        api_version=1,
        impl="dagogy_incident_network.actions:WaitForNetwork",
        incidents=("network_unreachable",),
        safety="safe",
        order=10,
        times=2,
    )
    yield RecoveryInfo(
        id="reach-host",
        summary="Says how to find out why the provider's host cannot be reached.",
        api_version=1,
        impl="dagogy_incident_network.actions:ReachHost",
        incidents=("network_unreachable",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="mend-proxy",
        summary="Names the proxy variables that are set, and how to change them.",
        api_version=1,
        impl="dagogy_incident_network.actions:FixProxy",
        incidents=("proxy_misconfigured",),
        safety="manual",
        order=90,
    )
    yield RecoveryInfo(
        id="trust-authority",
        summary="Says how to make a certificate authority known.",
        api_version=1,
        impl="dagogy_incident_network.actions:TrustAuthority",
        incidents=("tls_failure",),
        safety="manual",
        order=90,
    )


@hookimpl
def dagogy_probes() -> Iterator[ProbeInfo]:
    yield ProbeInfo(
        id="network.connection",
        summary="Resolves the provider's host, connects, and checks its certificate.",
        api_version=1,
        impl="dagogy_incident_network.probes:Connection",
        incidents=("network_unreachable", "tls_failure"),
        seconds=15.0,
    )
    yield ProbeInfo(
        id="network.proxy",
        summary="Shows the proxy variables without credentials, and whether the proxies answer.",
        api_version=1,
        impl="dagogy_incident_network.probes:Proxy",
        incidents=("proxy_misconfigured",),
        seconds=10.0,
    )
