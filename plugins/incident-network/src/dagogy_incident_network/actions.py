"""What helps when the way to the provider is broken."""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

from dagogy.api.failures import Diagnosis, Failure
from dagogy.api.recoveries import RecoveryAction, RecoveryContext, RecoveryOutcome

_PROBE, _INCIDENT = "network.connection", "network_unreachable"
_PAUSE_SECONDS, _LONGEST_SECONDS = 5.0, 60.0
_DEFAULT = "https://api.openai.com/v1"
_PROXIES = tuple(
    spelt for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY") for spelt in (name, name.lower())
)


class WaitForNetwork(RecoveryAction):
    """Asks the probe of the connection every 5 s, for a minute at most. Once the host can be reached, or
    cannot be said not to be, it tries again.
    """

    rehearsable = True

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        waited = 0.0
        # it could be reached, and yet the request did not get through: a drop needs a pause
        if context.attempt:
            context.wait(_PAUSE_SECONDS)
            waited = _PAUSE_SECONDS
        while any(_INCIDENT in found.confirms for found in context.probe(_PROBE)):
            if waited >= _LONGEST_SECONDS:
                return RecoveryOutcome(
                    changed=False, message=f"after {waited:g} s the provider's host can still not be reached"
                )
            context.wait(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
        opening = f"after {waited:g} s the" if waited else "the"
        return RecoveryOutcome(changed=True, message=f"{opening} provider's host is not out of reach")


class ReachHost(RecoveryAction):
    """The commands that tell name resolution, route and service apart; for a host that is this
    machine: start the gateway.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        host, port, url = place(failure, context)
        again = f"dagogy recover {context.run_id}"
        if re.match(r"localhost$|127\.|::1$", host):
            listening = f"ss -ltn 'sport = :{port}'"
            return RecoveryOutcome(
                changed=False,
                message=f"{host}:{port} is this machine: start your gateway there",
                commands=(listening, again),
            )
        commands = (
            f"getent hosts {shlex.quote(host)}",
            f"curl -sS -m 5 -o /dev/null -w '%{{http_code}}\\n' {shlex.quote(url)}",
            again,
        )
        return RecoveryOutcome(
            changed=False,
            message=f"{host}:{port} cannot be reached: look at VPN, firewall and name service",
            commands=commands,
        )


class FixProxy(RecoveryAction):
    """Which variables are set (their values may hold a password, and are not shown), and the lines that unset
    them or go past the proxy.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        names = [name for name in _PROXIES if context.setting(name).strip()]
        host, _, _ = place(failure, context)
        seen = [f"{p.subject}: {p.message}" for p in context.probes if diagnosis.incident_id in p.confirms]
        message = "; ".join(seen) or (
            f"set: {', '.join(names)}"
            if names
            else "no proxy variable is set: something between here and the provider answers in its place"
        )
        socks = (
            ("pip install 'httpx[socks]'",)
            if "socks" in " ".join([*diagnosis.evidence, failure.message]).lower()
            else ()
        )
        past = (
            (
                (
                    "export NO_PROXY="
                    f"{shlex.quote(','.join(filter(None, (context.setting('NO_PROXY').strip(), host))))}"
                ),
            )
            if names
            else ()
        )
        unset = (f"unset {' '.join(names)}",) if names else ()
        login = _login(failure, diagnosis, names)
        if login:
            message = f"the proxy wants a user and a password; {message}"
        return RecoveryOutcome(
            changed=False,
            message=message,
            commands=(*login, *socks, *past, *unset, f"dagogy recover {context.run_id}"),
        )


def _login(failure: Failure, diagnosis: Diagnosis, names: list[str]) -> tuple[str, ...]:
    """The line that sets user and password, where the proxy asks for them."""
    said = " ".join([*diagnosis.evidence, failure.message, str(failure.http_status or "")])
    if re.search(r"\b407\b|authentication required", said, re.IGNORECASE) is None:
        return ()
    return (f"export {names[0] if names else 'HTTPS_PROXY'}='http://USER:PASSWORD@PROXY:PORT'",)


class TrustAuthority(RecoveryAction):
    """Who signed the certificate, and the variables that name an authority to trust.
    Verification is never switched off.
    """

    def recover(self, failure: Failure, diagnosis: Diagnosis, context: RecoveryContext) -> RecoveryOutcome:
        host, port, _ = place(failure, context)
        seen = [p.message for p in context.probes if diagnosis.incident_id in p.confirms]
        variables = (
            ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
            if failure.provider == "codex_exec"
            else ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        )
        show = (
            f"openssl s_client -connect {shlex.quote(f'{host}:{port}')} -servername {shlex.quote(host)} "
            "</dev/null | openssl x509 -noout -issuer -dates"
        )
        return RecoveryOutcome(
            changed=False,
            message=(
                f"the certificate of {host} is not trusted{f': {seen[0]}' if seen else ''}; ask for the "
                "authority's file, or set the clock"
            ),
            commands=(
                show,
                "date -u",
                *(f"export {name}=/path/to/authority.pem" for name in variables),
                f"dagogy recover {context.run_id}",
            ),
        )


def place(failure: Failure, context: RecoveryContext) -> tuple[str, int, str]:
    """Host, port and URL that the request went to."""
    endpoint = str(failure.details.get("endpoint") or "")
    base = context.setting("OPENAI_BASE_URL").strip() or _DEFAULT
    url = (
        base
        if not re.search(r"[.:]", endpoint) or endpoint in base
        else (endpoint if "://" in endpoint else f"https://{endpoint}")
    )
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return (
            host,
            parts.port or (80 if parts.scheme == "http" else 443),
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}",
        )
    except ValueError:
        return "the provider", 443, _DEFAULT
