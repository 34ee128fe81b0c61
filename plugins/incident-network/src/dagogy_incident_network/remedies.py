"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="network_unreachable",
        cause="nothing listens at {host}, which is this machine",
        steps="Start the server there, or correct the port.",
        when=(
            r"(?:refused|ECONNREFUSED)[\s\S]{0,200}?\b(?P<host>localhost"
            r"|127\.0\.0\.1|\[?::1\]?)|\b(?P<host_>localhost|127\.0\.0\.1)[\s\S]{0,120}?(?:refused"
            r"|ECONNREFUSED|Couldn't connect)"
        ),
        commands=("ss -ltnp",),
        prevention="Start the server together with what asks it, and wait until it answers.",
    ),
    Remedy(
        incident="network_unreachable",
        cause="the name {host} cannot be resolved",
        steps=(
            "See that the name is right, and whether the name service knows it; in a container also its own."
        ),
        when=(
            r"ENOTFOUND|EAI_AGAIN|getaddrinfo|name resolution|Name or service"
            r"|resolve host|nodename|No such host|no such host|dns error"
        ),
        commands=(
            "getent hosts {host}",
            "cat /etc/resolv.conf",
        ),
        prevention="Take addresses from the settings, not from memory.",
    ),
    Remedy(
        incident="network_unreachable",
        cause="{host} cannot be reached, or drops the connection",
        steps=(
            "See whether it answers from here: VPN, firewall and proxy come first. Then run the "
            "program again."
        ),
        commands=(
            "getent hosts {host}",
            'curl -sS -m 10 -o /dev/null -w "%{http_code}\\n" https://{host}/',
        ),
        prevention="Let the program try again with growing pauses.",
    ),
    Remedy(
        incident="network_unreachable",
        cause="the host cannot be reached, or drops the connection",
        steps=(
            "See which host the program asks, and whether it answers from here: VPN, firewall "
            "and proxy come first. Then run the program again."
        ),
        commands=(
            "ip route",
            "getent hosts example.org",
        ),
        prevention="Let the program try again with growing pauses.",
    ),
    Remedy(
        incident="proxy_misconfigured",
        cause="the proxy wants a user and a password",
        steps=(
            "Put both into the address of the proxy, special characters percent-encoded, or ask "
            "whoever runs it for another way. A password in a variable can be read by every "
            "program that is started."
        ),
        when=r"\b407\b|Proxy Authentication Required",
        commands=(
            "export HTTPS_PROXY='http://USER:PASSWORD@PROXY:PORT'",
            'curl -sS -o /dev/null -w "%{http_connect}\\n" https://example.org/',
        ),
        prevention="Keep the credentials of the proxy out of scripts: a local proxy can add them.",
    ),
    Remedy(
        incident="proxy_misconfigured",
        cause="the client lacks support for a SOCKS proxy",
        steps="Install it, or use an HTTP proxy.",
        when=r"\bSOCKS\b|socksio",
        commands=(
            "pip install 'httpx[socks]'",
            "env | grep -i _proxy",
        ),
    ),
    Remedy(
        incident="proxy_misconfigured",
        cause="the address of the proxy is not one that the client takes",
        steps="Write it as http://HOST:PORT.",
        when=(
            r"[Uu]nknown scheme|had no scheme|check proxy URL|invalid proxy"
            r"|resolve proxy"
        ),
        commands=("env | grep -i _proxy",),
    ),
    Remedy(
        incident="proxy_misconfigured",
        cause="the proxy does not let the request through",
        steps=(
            "See which proxy is set; have the host allowed there, or leave the host out of what "
            "goes through it."
        ),
        commands=(
            "env | grep -i _proxy",
            'export NO_PROXY="$NO_PROXY,HOST"',
        ),
        prevention="Name in NO_PROXY what is reached without a proxy.",
    ),
    Remedy(
        incident="tls_failure",
        cause="the certificate has expired, or the clock is wrong",
        steps=(
            "Compare the clock with the dates of the certificate; whoever runs the server has to renew it."
        ),
        when=r"expired|not yet valid|NOT_YET_VALID",
        commands=("date -u",),
        prevention="Watch the dates of certificates, and keep the clock set.",
    ),
    Remedy(
        incident="tls_failure",
        cause="the certificate is for another name than was asked for",
        steps="Ask for the name that the certificate has.",
        when=r"hostname|ALTNAME|doesn't match|not valid for",
    ),
    Remedy(
        incident="tls_failure",
        cause="Python does not know who signed the certificate, mostly a proxy that reads along",
        steps=(
            "Name the file with the authority of your company to the client: requests reads "
            "REQUESTS_CA_BUNDLE, httpx and the SDKs SSL_CERT_FILE. Do not switch verification "
            "off."
        ),
        when=r"Traceback|requests|httpx|urllib3|_ssl\.c|ssl\.SSL",
        commands=(
            "export REQUESTS_CA_BUNDLE=/path/to/authority.pem",
            "export SSL_CERT_FILE=/path/to/authority.pem",
        ),
        prevention="Set the variables where all programs of the machine see them.",
    ),
    Remedy(
        incident="tls_failure",
        cause="Node does not know who signed the certificate, mostly a proxy that reads along",
        steps=(
            "Name the file with the authority of your company. Do not set NODE_TLS_REJECT_UNAUTHORIZED=0."
        ),
        when=r"SELF_SIGNED_CERT|UNABLE_TO_|node:|node_modules|at TLSSocket",
        commands=("export NODE_EXTRA_CA_CERTS=/path/to/authority.pem",),
        prevention="Set the variable where all programs of the machine see it.",
    ),
    Remedy(
        incident="tls_failure",
        cause="the connection to {host} cannot be trusted",
        steps=(
            "See who signed its certificate; make a company's authority known, or set the clock. "
            "Verification is never to be switched off."
        ),
        commands=(
            (
                "openssl s_client -connect {host}:443 -servername {host} </dev/null | openssl x509 "
                "-noout -issuer -dates"
            ),
            "date -u",
        ),
        prevention="Make the authority known on the whole machine.",
    ),
    Remedy(
        incident="tls_failure",
        cause="the connection cannot be trusted",
        steps=(
            "See who signed the certificate; make a company's authority known, or set the clock. "
            "Verification is never to be switched off."
        ),
        commands=(
            "export SSL_CERT_FILE=/path/to/authority.pem",
            "date -u",
        ),
        prevention="Make the authority known on the whole machine.",
    ),
)
