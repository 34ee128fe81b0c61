"""An incident of a third party, complete: how it is recognised, looked at and recovered from."""

from collections.abc import Iterator

from dagogy.api import ClassifierInfo, Escalation, ProbeInfo, RecoveryInfo, hookimpl

__version__ = "1.2.3"
_INCIDENTS = ("vpn_down",)


@hookimpl
def dagogy_classifiers() -> Iterator[ClassifierInfo]:
    yield ClassifierInfo(
        id="house.vpn",
        summary="The office VPN is down.",
        api_version=1,
        impl="house_vpn_incident:Vpn",
        incidents=_INCIDENTS,
        escalations=(Escalation(summary="the VPN goes down again and again", incidents=_INCIDENTS, times=3),),
        circuits=(("vpn_down", 30.0),),
    )


@hookimpl
def dagogy_probes() -> Iterator[ProbeInfo]:
    yield ProbeInfo(
        id="house.vpn.interface",
        summary="Looks whether the VPN's interface is up.",
        api_version=1,
        impl="house_vpn_incident:Interface",
        incidents=_INCIDENTS,
        seconds=2.0,
    )


@hookimpl
def dagogy_recoveries() -> Iterator[RecoveryInfo]:
    yield RecoveryInfo(
        id="house.vpn.reconnect",
        summary="Brings the VPN up again.",
        api_version=1,
        impl="house_vpn_incident:Reconnect",
        incidents=_INCIDENTS,
        safety="unsafe",
        reason="it drops other connections for a second",
        order=10,
    )
    yield RecoveryInfo(
        id="house.vpn.help-desk",
        summary="Says who can help with the VPN.",
        api_version=1,
        impl="house_vpn_incident:HelpDesk",
        incidents=_INCIDENTS,
        safety="manual",
        order=90,
    )
