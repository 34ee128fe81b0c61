"""The classifier, the probe and the two actions. `HOUSE_VPN_FOLDER` stands for /sys/class/net: an interface
is up when it is in it.
"""

from collections.abc import Iterator
from pathlib import Path

from dagogy.api.failures import Diagnosis, Failure, Signature, SignatureClassifier
from dagogy.api.probes import Probe, ProbeContext, ProbeResult
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_DOWN, _NAME = "vpn_down", "vpn0"


class Vpn(SignatureClassifier):
    """The way into the office.

    vpn_down:
        What: The VPN to the office is down, so that the model behind it cannot be asked.
        Recognised by: "vpn0: no such device".
        What to do: Bring it up with `dagogy recover RUN --unsafe`, or call the help desk.
        Retry: Once it is up.
    """

    signatures = (Signature(incident=_DOWN, message=r"\bvpn0: no such device\b"),)


class Interface(Probe):
    """Is there an interface `vpn0`?"""

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        up = (Path(context.setting("HOUSE_VPN_FOLDER")) / _NAME).exists()
        yield ProbeResult(
            subject=f"interface {_NAME}",
            state="ok" if up else "bad",
            message="it is up" if up else "it is not there",
            confirms=() if up else (_DOWN,),
            refutes=(_DOWN,) if up else (),
        )


class Reconnect(RecoveryAction):
    """Brings `vpn0` up, waits a moment, and looks whether it is there."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        (Path(context.setting("HOUSE_VPN_FOLDER")) / _NAME).touch()
        context.wait(0.01)
        up = not any(_DOWN in found.confirms for found in context.probe("house.vpn.interface"))
        return RecoveryOutcome(changed=up, message=f"{_NAME} is {'up' if up else 'still down'}")


class HelpDesk(RecoveryAction):
    """The number, and the command to repeat."""

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        return RecoveryOutcome(
            changed=False,
            message="the help desk is at extension 4711",
            commands=(f"dagogy recover {context.run_id}",),
        )
