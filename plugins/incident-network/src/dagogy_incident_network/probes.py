"""Looks at the way to the provider: name, connection, certificate, proxies.
Nothing is sent but the handshake.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from dagogy.api.failures import Failure
from dagogy.api.probes import Probe, ProbeContext, ProbeResult
from dagogy.api.services import Url

_NET, _PROXY, _TLS = "network_unreachable", "proxy_misconfigured", "tls_failure"
_DEFAULT = "https://api.openai.com/v1"
_SECONDS = 4.0
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks5": 1080, "socks5h": 1080}


class Address(NamedTuple):
    """Where requests go."""

    host: str
    port: int
    tls: bool

    @property
    def local(self) -> bool:
        return Url.is_loopback(self.host)


def address(failure: Failure, context: ProbeContext) -> Address | None:
    """The host that the failed request went to; None where the provider asks
    nobody, or the address is none.
    """
    provider = failure.provider or context.setting("AGENT_PROVIDER") or "internal"
    if provider == "internal" and not context.setting("OPENAI_BASE_URL"):
        return None
    parts = Url(context.setting("OPENAI_BASE_URL").strip() or _DEFAULT).parts
    if parts is None:
        return None
    host = parts.hostname or ""
    stated = _stated_address(str(failure.details.get("endpoint") or ""))
    if stated is not None and stated[0] != host:
        return stated[1]
    if not host or parts.scheme not in ("http", "https"):
        return None
    return Address(host, parts.port or _PORTS[parts.scheme], parts.scheme == "https")


def _stated_address(endpoint: str) -> tuple[str, Address] | None:
    """The host that a failure names, as it is written, and its address; None where it names none."""
    match = re.fullmatch(r"(?:https?://)?([\w.-]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?(?:/.*)?", endpoint)
    if match is None or "." not in match[1]:
        return None
    port, is_tls = int(match[2] or 443), not endpoint.startswith("http://")
    return match[1], Address(match[1].strip("[]"), port, is_tls)


class Connection(Probe):
    """Does the provider's host resolve, accept a connection, and show a certificate that this Python trusts?

    The issuer is shown where the certificate is not trusted, with this machine's clock. A connection that
    works now refutes nothing: networks come back.
    """

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        at = address(failure, context)
        if at is None:
            return
        if any(context.setting(n) or context.setting(n.lower()) for n in _PROXIES) and not at.local:
            yield ProbeResult(
                subject=f"host {at.host}",
                state="unknown",
                message="a proxy is set, so this machine need not reach it itself",
            )
            return
        gateway = "; it is this machine's: start your gateway" if at.local else ""
        try:
            found = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
        except OSError as error:
            yield ProbeResult(
                subject=f"DNS {at.host}", state="bad", message=f"{error.strerror or error}", confirms=(_NET,)
            )
            return
        yield ProbeResult(
            subject=f"DNS {at.host}",
            state="ok",
            message=", ".join(dict.fromkeys(str(f[4][0]) for f in found[:4])),
        )
        try:
            with socket.create_connection((at.host, at.port), timeout=_SECONDS) as connection:
                yield ProbeResult(subject=f"TCP {at.host}:{at.port}", state="ok", message="connected")
                if at.tls:
                    yield self._handshake(at, connection)
        except OSError as error:
            message = f"{error.strerror or error}{gateway}"
            yield ProbeResult(
                subject=f"TCP {at.host}:{at.port}", state="bad", message=message, confirms=(_NET,)
            )

    def _handshake(self, at: Address, connection: socket.socket) -> ProbeResult:
        subject, clock = (
            f"TLS {at.host}",
            f"the clock here shows {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC",
        )
        try:
            with ssl.create_default_context().wrap_socket(connection, server_hostname=at.host) as secured:
                known = secured.getpeercert() or {}
                message = f"{secured.version()}, trusted until {known.get('notAfter', '?')}; {clock}"
                return ProbeResult(subject=subject, state="ok", message=message)
        except ssl.SSLCertVerificationError as error:
            message = f"{error.verify_message}; issuer {issuer(at) or 'unknown'}; {clock}"
            return ProbeResult(subject=subject, state="bad", message=message, confirms=(_TLS,))
        except ssl.SSLError as error:
            return ProbeResult(
                subject=subject,
                state="bad",
                message=f"the handshake fails: {error.reason or error}",
                confirms=(_TLS,),
            )
        except OSError as error:
            return ProbeResult(
                subject=subject, state="bad", message=f"the handshake breaks off: {error.strerror or error}"
            )


def issuer(at: Address) -> str:
    """Who signed the certificate that is not trusted. It is looked at and nothing
    is sent over that connection.
    """
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((at.host, at.port), timeout=_SECONDS) as connection,
            unverified.wrap_socket(connection, server_hostname=at.host) as secured,
        ):
            return _issuer(secured.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError, IndexError):
        return ""


def _issuer(certificate: bytes) -> str:
    """Organization and common name of the issuer of a DER certificate (RFC 5280, section 4.1)."""
    _, body, _ = _element(certificate, 0)
    _, fields, _ = _element(body, 0)
    at, parts = 0, list[bytes]()
    while len(parts) < 4:
        tag, value, at = _element(fields, at)
        if tag != 0xA0:  # the version, which may be left out
            parts.append(value)
    names = {oid: value.decode("utf-8", "replace") for oid, value in _names(parts[2])}
    return " / ".join(names[oid] for oid in (b"\x0a", b"\x03") if oid in names)[:120]


def _names(name: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(name):
        _, attribute_set, at = _element(name, at)
        _, attribute, _ = _element(attribute_set, 0)
        _, oid, after = _element(attribute, 0)
        _, value, _ = _element(attribute, after)
        if oid[:2] == b"\x55\x04":
            yield oid[2:], value


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Tag, value and end of the DER element at `at`."""
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    return tag, data[start : start + length], start + length


class Proxy(Probe):
    """Which proxies are set, without their credentials, and do they accept a connection?"""

    def look(self, failure: Failure, context: ProbeContext) -> Iterator[ProbeResult]:
        past = next((context.setting(n) for n in ("NO_PROXY", "no_proxy") if context.setting(n)), "")
        seen = set()
        for name in (spelt for variable in _PROXIES for spelt in (variable, variable.lower())):
            value = context.setting(name).strip()
            if not value:
                continue
            try:
                parts = urlsplit(value if "://" in value else f"http://{value}")
            except ValueError as error:
                yield ProbeResult(
                    subject=name,
                    state="bad",
                    message=f"it is no proxy's address: {error}",
                    confirms=(_PROXY,),
                )
                continue
            shown = masked(parts)
            if shown in seen:
                continue
            seen.add(shown)
            yield self._look_at(name, value, parts, f"{shown}{f'; NO_PROXY {past}' if past else ''}")
        if not seen:
            yield ProbeResult(
                subject="proxy variables",
                state="ok",
                message="none is set" + (f"; NO_PROXY {past}" if past else ""),
            )

    def _look_at(self, name: str, value: str, parts: SplitResult, shown: str) -> ProbeResult:
        try:
            host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            host, port = None, None
        if not host or port is None:
            return ProbeResult(
                subject=name, state="bad", message=f"{shown}: it is no proxy's address", confirms=(_PROXY,)
            )
        try:
            socket.create_connection((host, port), timeout=3.0).close()
        except OSError as error:
            return ProbeResult(
                subject=name, state="bad", message=f"{shown}: {error.strerror or error}", confirms=(_PROXY,)
            )
        if "://" not in value:
            return ProbeResult(
                subject=name,
                state="unknown",
                message=f"{shown}: it accepts connections, but has no scheme, which some clients want",
            )
        return ProbeResult(subject=name, state="ok", message=f"{shown}: it accepts connections")


def masked(parts: SplitResult) -> str:
    """A proxy's address without user and password, and whether it has them."""
    who, _, place = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{place}" + (
        " (with user and password)" if ":" in who else " (with a user)" if who else ""
    )
