"""The classifier of the way to the provider."""

from __future__ import annotations

from dagogy.api.failures import Signature, SignatureClassifier

from dagogy_incident_network.remedies import REMEDIES

_NET, _PROXY, _TLS = "network_unreachable", "proxy_misconfigured", "tls_failure"
#: A program in Go says so before what went wrong; what it called looks like the API of a model.
_GO = (
    r"\b(?:Get|Post) \"https?://[^\"\s]+/(?:responses|completions"
    r"|messages|embeddings|models|generate\w*|chat)[^\"\s]*\": "
)
_PROXY_ERROR = (
    r"(?:\w+\.)*"
    r"(?:ProxyError|ProxySchemeUnknown|InvalidProxyURL|ClientHttpProxyError|ProxyConnectionError)"
)
_HTTP = (
    r"(?:(?:httpx2?|httpcore2?|requests|urllib3|aiohttp|http"
    r"|h11|openai|anthropic|litellm|builtins)\.(?:\w+\.)*)?"
)

#: The host is not there, or went away.
_NET_SIGNATURES = (
    Signature(
        incident=_NET,
        errno=(
            "ECONNREFUSED ECONNRESET ECONNABORTED ENETUNREACH EHOSTUNREACH ENETDOWN ETIMEDOUT EAI "
            "EADDRNOTAVAIL"
        ),
    ),
    Signature(
        incident=_NET,
        exception=_HTTP
        + (
            r"(?:ConnectError|ConnectTimeout|ConnectTimeoutError|ReadError|WriteError|RemoteProtocolError|RemoteDisconnected"
            r"|IncompleteRead|ProtocolError|ChunkedEncodingError|NewConnectionError|NameResolutionError|ClientConnectorError"
            r"|ServerDisconnectedError|ClientPayloadError)"
        ),
    ),
    Signature(
        incident=_NET,
        exception=r"(?:openai|anthropic|litellm)\.(?:\w+\.)*APIConnectionError",
        # A gateway's name for whatever its own request ran into.
        unless=r"\b(?:BadRequest|Authentication|PermissionDenied|NotFound|RateLimit|ContextWindow\w*)Error\b",
    ),
    Signature(
        incident=_NET,
        exception=(
            r"requests\.exceptions\.ConnectionError|ConnectionRefusedError|ConnectionResetError|ConnectionAbortedError|socket\.gaierror|gaierror"
        ),
    ),
    Signature(
        incident=_NET,
        exception=r".+",
        message=(
            r"\bName or service not known\b|\bTemporary failure in name resolution\b"
            r"|\bnodename nor servname\b"
            r"|\bgetaddrinfo (?:failed|ENOTFOUND|EAI_AGAIN)|\bNo address associated with hostname\b"
            r"|\bNo such host is known\b|\bactively refused\b"
            r"|\bConnection (?:refused"
            r"|reset by peer)\b|\bNetwork is unreachable\b|\bNo route to host\b"
        ),
        unless=r"docker|git\b",
    ),
    Signature(
        incident=_NET,
        exception=r".+",
        message=(
            r"\b(?:Remote end closed connection|Server disconnected) without"
            r"|\bpeer closed connection without sending complete\b"
            r"|\bincomplete chunked read\b|\bConnection aborted\b"
        ),
        unless=r"docker",
    ),
    Signature(incident=_NET, exception=r"TypeError", message=r"^fetch failed$"),
    Signature(
        incident=_NET,
        message=_GO
        + (
            r"(?:dial tcp\b.*(?:connection refused|no such host|no route to host"
            r"|network is unreachable|i/o timeout)|EOF$|read tcp\b)"
        ),
    ),
    Signature(
        incident=_NET,
        message=(
            r"\bwaiting for network\b|(?<!tunnel )\bConnection failed: (?!tunnel )"
            r"|\bstream disconnected before completion: (?:stream closed before"
            r"|error sending request|error decoding response body"
            r"|websocket closed|Transport error|connection|failed to send"
            r"|IO error|response\.failed|unexpected EOF)|\bError while reading the server response\b"
        ),
        unless=r"\bcertificate\b",
    ),
    Signature(
        incident=_NET,
        message=(
            r"\berror sending request(?: for url|$)|\bdns error: "
            r"|\bfailed to lookup address information\b|\btcp connect error\b"
            r"|\bstream closed before response\.completed\b"
            r"|\bstream ended (?:unexpectedly|before)\b|\bsocket hang up\b"
            r"|\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN)|\bUND_ERR_(?:SOCKET|CONNECT_TIMEOUT)\b"
        ),
        unless=r"\bcertificate\b",
    ),
    Signature(
        incident=_NET,
        message=r"\bfailed to connect to (?:Responses )?websocket\b",
        rank=None,
        confidence=0.6,
    ),
)
_PROXY_SIGNATURES = (
    Signature(incident=_PROXY, cause="html", status="407"),
    Signature(incident=_PROXY, cause="html", message=r"Just a moment|captcha"),
    Signature(incident=_PROXY, status="407"),
    Signature(incident=_PROXY, exception=_PROXY_ERROR),
    Signature(incident=_PROXY, exception=_PROXY_ERROR, status="4xx 5xx"),
    Signature(
        incident=_PROXY,
        exception=r"(?:\w+\.)*ImportError|(?:\w+\.)*InvalidSchema|ModuleNotFoundError",
        message=r"\bSOCKS\b|\bsocksio\b",
    ),
    Signature(
        incident=_PROXY,
        exception=r".+",
        message=(
            r"\bTunnel connection failed\b|\bCannot connect to proxy\b|\bUnknown scheme for proxy URL\b"
            r"|\bProxy Authentication Required\b|\bUnable to determine SOCKS version\b"
            r"|\bMissing dependencies for SOCKS\b"
            r"|\bProxy URL had no scheme\b|\bcheck proxy URL\b"
        ),
    ),
    Signature(
        incident=_PROXY,
        errno="ECONNREFUSED ECONNRESET EAI ETIMEDOUT",
        message=r"\bproxy\b",
        unless=r"upstream",
    ),
    Signature(
        incident=_PROXY,
        message=(
            r"\bTunnel connection failed\b|\bproxy authentication required\b"
            r"|\b(?:invalid|unsupported|bad|unknown) proxy (?:URL"
            r"|scheme|configuration)\b|\bproxy\b.{0,40}\b"
            r"(?:CONNECT (?:aborted|failed|rejected)|tunnel\w* (?:failed|error"
            r"|unsuccessful))|\bunsuccessful tunnel\b"
            r"|\bSOCKS (?:error|connect)\b|\bJust a moment\.\.\.|\bcaptcha\b"
            r"|\bUsing SOCKS proxy, but\b|\bProxy response \(\d+\)"
        ),
    ),
)
_TLS_SIGNATURES = (
    Signature(
        incident=_TLS,
        exception=r".+",
        message=(
            r"\bCERTIFICATE_VERIFY_FAILED\b|\bcertificate verify failed\b"
            r"|\bHostname mismatch\b|\bhostname '.*' doesn't match\b"
            r"|\[SSL(?::|\])|\bSSLV3_ALERT\b|\bTLSV1_ALERT\b"
            r"|\bcertificate has expired\b|\bself[- ]signed certificate\b"
        ),
    ),
    Signature(
        incident=_TLS,
        exception=(
            r"(?:\w+\.)*(?:SSLCertVerificationError|SSLError|SSLZeroReturnError|SSLEOFError|CertificateError|ClientConnectorCertificateError)"
        ),
    ),
    Signature(incident=_TLS, message=_GO + r"(?:tls: |x509: )"),
    Signature(
        incident=_TLS,
        machine=(
            "depth_zero_self_signed_cert self_signed_cert_in_chain unable_to_verify_leaf_signature "
            "unable_to_get_issuer_cert_locally unable_to_get_issuer_cert cert_has_expired "
            "err_tls_cert_altname_invalid err_ssl_wrong_version_number cert_not_yet_valid"
        ),
    ),
    Signature(
        incident=_TLS,
        message=(
            r"\bCERTIFICATE_VERIFY_FAILED\b|\bcertificate verify failed\b|\binvalid peer certificate\b"
            r"|\bself[- ]signed certificate\b|\b(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN"
            r"|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT\w*"
            r"|CERT_HAS_EXPIRED|ERR_TLS_CERT_ALTNAME_INVALID)\b"
            r"|\bunable to (?:verify the first|get local issuer) certificate\b"
            r"|\bcertificate (?:has expired|is not valid for|unknown"
            r"|is not trusted)\b|\bUnknownIssuer\b"
        ),
    ),
)


class Network(SignatureClassifier):
    """The request did not get to the provider, or the answer not back.

    network_unreachable:
        What: The host cannot be found or reached, refuses the connection, or drops it in the middle: no
        network, a VPN, a firewall, a local gateway that is not running.
        Recognised by: `ECONNREFUSED`, "Connection refused"; `ECONNRESET`, "Connection reset by peer";
        "Network is unreachable"; "Name or service not known", "Temporary failure in name resolution",
        `ENOTFOUND`; `APIConnectionError`, `ConnectError`, "fetch failed", "socket hang up"; codex's "waiting
        for network" and "stream disconnected before completion".
        What to do: Look whether the host of the base URL resolves and accepts connections; start the local
        gateway if it is this machine's; then run the command again.
        Retry: Yes, with growing pauses, as long as the host cannot be reached.

    proxy_misconfigured:
        What: A proxy stands between, and does not let the request through or cannot be used: it
        wants a password, refuses the tunnel, shows a page of its own, or has an address or a kind
        that the client does not know.
        Recognised by: HTTP `407`, "Tunnel connection failed", "Cannot connect to proxy", `ProxyError`; "Using
        SOCKS proxy, but the 'socksio' package is not installed".
        What to do: Look at `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` and correct or unset them;
        for SOCKS: `pip install 'httpx[socks]'`.
        Retry: Only after the proxy's settings are changed.

    tls_failure:
        What: The server's certificate is not trusted: a company's own authority, a proxy that reads along, a
        wrong host name, a wrong clock.
        Recognised by: `CERTIFICATE_VERIFY_FAILED`, "certificate verify failed", "self-signed certificate",
        "unable to get local issuer certificate", "certificate has expired", "invalid peer certificate",
        `UnknownIssuer`, `SSLError`; broken handshakes.
        What to do: Name the authority's file in `SSL_CERT_FILE` (for Node: `NODE_EXTRA_CA_CERTS`), or set the
        clock. Verification is never to be switched off.
        Retry: Only after the certificate or the trust is changed.
    """

    about_the_provider = True
    remedies = REMEDIES
    signatures = (*_NET_SIGNATURES, *_PROXY_SIGNATURES, *_TLS_SIGNATURES)
