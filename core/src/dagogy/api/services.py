"""Services that are asked over HTTP: their addresses, and what their answers hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from dagogy.api._bodies import read_body
from dagogy.api.patterns import lazy_pattern

__all__ = ["ApiRoot", "Url", "read_body"]

_PORTS = {"http": 80, "https": 443}
_LOCAL = lazy_pattern(r"(?:localhost|127\.|\[::1\]|10\.|192\.168\.)")
#: Brackets belong to an IPv6 address alone. Python before 3.11.4 takes `host[Label]` for a host named
#: `label`, later ones raise.
_BRACKETED = lazy_pattern(r"(?:[^\[\]@]*@)?\[[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\](?::[0-9]*)?")


class Url(str):
    """An address that somebody wrote, which need not be one: nothing here raises, and `urllib.parse.urlsplit`
    does for some text, as does the port of what it gives.
    """

    __slots__ = ()

    @property
    def parts(self) -> SplitResult | None:
        """The parts, whose `hostname` and `port` can be asked for; None where it is no URL, as
        `https://host[Label]` is none.
        """
        try:
            parts = urlsplit(str(self))
            _ = parts.hostname, parts.port
        except ValueError:
            return None
        bracketed = "[" in parts.netloc or "]" in parts.netloc
        return None if bracketed and not _BRACKETED.fullmatch(parts.netloc) else parts

    @property
    def trimmed(self) -> Url:
        """Without white space, quotes around it and slashes at its end: that changes no address."""
        return Url(re.sub(r"\s+", "", self).strip("\"'").rstrip("/"))

    @property
    def shown(self) -> str:
        """As it was given, without user, password and the values of a query, for people to read."""
        address, mark, _ = self.partition("?")
        return re.sub(r"(?s)^(\w+:/+)?.*@", r"\1***@", address) + (mark and "?…")

    @property
    def endpoint(self) -> str:
        """Scheme, host, port and path, one spelling for one place: in lower case but for the path, without
        the scheme's own port, user, query and slashes at the end. "" where it names no host.
        """
        try:
            parts = urlsplit(self.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return ""
        if not host:
            return ""
        host = f"[{host}]" if ":" in host else host
        number = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
        return f"{parts.scheme}://{host}{number}{parts.path.rstrip('/')}"

    @property
    def plain_http_hop(self) -> str:
        """The host to which a request would go unencrypted, where that is not this machine: its own, or that
        of the proxy which the environment names for it. "" where what is sent can be read by nobody on the
        way.
        """
        try:
            parts = urlsplit(self.strip())
            host = parts.hostname or ""
        except ValueError:
            return ""
        if parts.scheme != "http" or not host:
            return ""
        if not Url.is_loopback(host):
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
        return "" if Url.is_loopback(hop) else hop

    @staticmethod
    def is_loopback(host: str) -> bool:
        """Whether a host is this machine by its name or address, without asking a name server."""
        try:
            return host.lower() == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class ApiRoot:
    """How the root of an API is written: the address that stands where none is given, and what is wrong with
    another one, or was meant by it.

    `path`: what its path ends in. `endpoints`: those that are added to it by whoever asks, longer ones before
    those that they end in. `keys`: a pattern for a key that was taken for the address.
    """

    default: str
    path: str = "/v1"
    endpoints: tuple[str, ...] = ()
    keys: str = r"(?!)"

    def problem(self, url: str) -> str:
        """Why requests cannot go to `url`, as the end of a sentence about it; "" where it may be the root."""
        problem = _form_problem(url) or _address_problem(url)
        if problem:
            return problem
        path = urlsplit(url).path
        endpoint = self._endpoint.search(path)
        if endpoint:
            return f"ends in /{endpoint[1]}, which is added to it"
        path = path.rstrip("/")
        if not path:
            return f"lacks {self.path} at its end"
        return f"ends in {self.path} twice" if path.endswith(self.path * 2) else ""

    def repaired(self, url: str) -> str:
        """The root that was probably meant: with a scheme, the path once, without user, query and endpoint;
        the default where nothing can be told.
        """
        url = re.sub(r"[?#].*", "", Url(url).trimmed)
        url = re.sub(r"^(https?):/{0,2}(?=[^/])", r"\1://", url)
        # Nobody shall be asked for the address of a host whose name is a key.
        if re.match(rf"(?:https?://)?(?:{self.keys})(?:/|$)", url):
            return self.default
        if "://" not in url and url:
            url = ("http://" if _LOCAL.match(url) else "https://") + url.lstrip("/:")
        url = re.sub(r"(?<=://)[^/]*@", "", url)
        url = self._endpoint.sub("", url).rstrip("/")
        url = re.sub(rf"(?:{re.escape(self.path)}){{2,}}$", self.path, url)
        if re.match(r"https?://[^/?#]+$", url):
            url += self.path
        return self.default if self.problem(url) else url

    @property
    def _endpoint(self) -> re.Pattern[str]:
        return re.compile(rf"/({'|'.join(map(re.escape, self.endpoints)) or '(?!)'})/*$")


def _form_problem(url: str) -> str:
    """What is wrong with the characters of an address."""
    if re.search(r"\s", url):
        return "holds white space or a line end"
    if not url.isascii() or not url.isprintable():
        return "holds a character that no URL can carry"
    if url[:1] in "\"'" or url[-1:] in "\"'":
        return "has quotes around it"
    return "holds a user name or a password" if "@" in re.sub(r"^\w*:?/*", "", url).split("/")[0] else ""


def _address_problem(url: str) -> str:
    """What keeps an address from naming a host to connect to."""
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
    return "has something after the path" if parts.query or parts.fragment else ""
