"""URLs that others wrote: one taken apart without an exception; and the base URL of an OpenAI-style API, what is wrong with it and what was meant."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from dagogy.api.patterns import lazy_pattern

__all__ = ["base_url_problem", "endpoint_of", "is_loopback", "plain_http_hop", "repaired_base_url", "shown_base_url", "split_url", "trimmed_base_url"]

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_PORTS = {"http": 80, "https": 443}
_LOCAL = lazy_pattern(r"(?:localhost|127\.|\[::1\]|10\.|192\.168\.)")
#: No host, but a key that was taken for the address; nobody shall be asked for the address of a host of that name.
_KEY_LIKE = lazy_pattern(r"(?:https?://)?(?:sk-[\w-]{8,}|[\w-]{24,})(?:/|$)")
_ENDPOINT = lazy_pattern(r"/(responses|chat/completions|completions|models)/*$")
#: Brackets belong to an IPv6 address alone. Python before 3.11.4 takes `host[Label]` for a host named `label`, later ones raise.
_BRACKETED = lazy_pattern(r"(?:[^\[\]@]*@)?\[[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\](?::[0-9]*)?")


def split_url(url: str) -> SplitResult | None:
    """The parts of `url`, whose `hostname` and `port` can be asked for; None where it is no URL, as `https://host[Label]` is none.

    For text that others wrote: `urllib.parse.urlsplit` raises ValueError for some of it, and so does the port of what it gives.
    """
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    bracketed = "[" in parts.netloc or "]" in parts.netloc
    return None if bracketed and not _BRACKETED.fullmatch(parts.netloc) else parts


def base_url_problem(url: str) -> str:
    """Why requests cannot go to `url`, as the end of a sentence about it; "" where it may be the root of an API."""
    if re.search(r"\s", url):
        return "holds white space or a line end"
    if not url.isascii() or not url.isprintable():
        return "holds a character that no URL can carry"
    if url[:1] in "\"'" or url[-1:] in "\"'":
        return "has quotes around it"
    if "@" in re.sub(r"^\w*:?/*", "", url).split("/")[0]:
        return "holds a user name or a password"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        # What should be the port may be half of a password.
        return "holds a user name or a password" if "@" in url else f"is no URL: {str(error).lower()}"
    if parts.scheme.lower() not in ("http", "https") or "://" not in url:
        return "has no http:// or https:// in front"
    if not host:
        return "names no host"
    if parts.query or parts.fragment:
        return "has something after the path"
    endpoint = _ENDPOINT.search(parts.path)
    if endpoint:
        return f"ends in /{endpoint[1]}, which is added to it"
    path = parts.path.rstrip("/")
    if not path:
        return "lacks /v1 at its end"
    return "ends in /v1 twice" if path.endswith("/v1/v1") else ""


def trimmed_base_url(url: str) -> str:
    """Without white space, quotes around it and slashes at its end: that changes no address."""
    return re.sub(r"\s+", "", url).strip("\"'").rstrip("/")


def repaired_base_url(url: str) -> str:
    """The root that was probably meant: with a scheme, `/v1` once, without user, query and endpoint; the default where nothing can be told."""
    url = re.sub(r"[?#].*", "", trimmed_base_url(url))
    url = re.sub(r"^(https?):/{0,2}(?=[^/])", r"\1://", url)
    if _KEY_LIKE.match(url):
        return DEFAULT_BASE_URL
    if "://" not in url and url:
        url = ("http://" if _LOCAL.match(url) else "https://") + url.lstrip("/:")
    url = re.sub(r"(?<=://)[^/]*@", "", url)
    url = _ENDPOINT.sub("", url).rstrip("/")
    url = re.sub(r"(?:/v1){2,}$", "/v1", url)
    if re.match(r"https?://[^/?#]+$", url):
        url += "/v1"
    return DEFAULT_BASE_URL if base_url_problem(url) else url


def shown_base_url(url: str) -> str:
    """The address as it was given, without user, password and the values of a query, for people to read."""
    address, mark, _ = url.partition("?")
    return re.sub(r"(?s)^(\w+:/+)?.*@", r"\1***@", address) + (mark and "?…")


def endpoint_of(url: str) -> str:
    """Scheme, host, port and path of a URL, one spelling for one place: in lower case but for the path, without the scheme's own port, user, query
    and slashes at the end. "" where it names no host.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    number = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{number}{parts.path.rstrip('/')}"


def plain_http_hop(url: str) -> str:
    """The host to which a request for `url` would go unencrypted, where that is not this machine: its own, or that of the proxy which the
    environment names for it. "" where what is sent can be read by nobody on the way.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme != "http" or not host:
        return ""
    if not is_loopback(host):
        return host
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    proxy = proxies.get("http") or proxies.get("all") or ""
    if not proxy or proxy_bypass(host):
        return ""
    try:
        hop = urlsplit(proxy if "://" in proxy else f"http://{proxy}").hostname or ""
    except ValueError:
        return ""  # whoever connects says that the proxy cannot be used
    return "" if is_loopback(hop) else hop


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address, without asking a name server."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
