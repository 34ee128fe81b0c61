"""Key, address and interface, checked before anything is sent: the SDK notices a bad
one late, and then prints it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from dagogy.api.errors import ConfigError
from dagogy.api.secrets import redacted
from dagogy.api.services import ApiRoot, Url

ROOT = ApiRoot(
    default="https://api.openai.com/v1",
    endpoints=("responses", "chat/completions", "completions", "models"),
    keys=r"sk-[\w-]{8,}|[\w-]{24,}",
)
_APIS = ("auto", "responses", "chat")
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})


class PlainHttp(ConfigError):
    """The key would go over the network unencrypted."""


class Access(NamedTuple):
    """How the service is reached. `host`, with the port where one is named, is for people; `endpoint` says
    exactly who is asked.
    """

    key: str
    base_url: str
    api: str

    @property
    def host(self) -> str:
        return host_of(self.base_url)

    @property
    def endpoint(self) -> str:
        return Url(self.base_url).endpoint


def host_of(base_url: str) -> str:
    """`host[:port]` of a URL; "" where it has none."""
    try:
        return urlsplit(base_url.strip()).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def checked(values: Mapping[str, str]) -> Access:
    """The access that the settings give. Raises `ConfigError` that names the setting and what to set it to;
    no secret is in it.
    """
    url = values.get("OPENAI_BASE_URL", "")
    problem = ROOT.problem(url)
    if problem:
        wanted = ROOT.repaired(url)
        raise ConfigError(
            f"invalid OPENAI_BASE_URL: {Url(url).shown!r} {problem}",
            hint=f"export OPENAI_BASE_URL={shlex.quote(wanted)}",
            details={"setting": "OPENAI_BASE_URL", "cause": "base_url_malformed", "repaired": wanted},
        )
    key = values.get("OPENAI_API_KEY", "")
    if not key:
        raise ConfigError(
            f"OPENAI_API_KEY is required: remote_llm sends it to {host_of(url)}",
            hint=(
                "export OPENAI_API_KEY=…; a local server takes any that is not empty (OPENAI_API_KEY=local); "
                "or set AGENT_PROVIDER=internal, which needs none"
            ),
            details={"setting": "OPENAI_API_KEY", "cause": "key_missing", "endpoint": Url(url).endpoint},
        )
    problem = _key_problem(key)
    if problem:
        raise ConfigError(
            f"OPENAI_API_KEY {problem}, so no header can carry it",
            hint=(
                'copy the key once more; to cut off what is around it: export OPENAI_API_KEY="$(printf %s '
                '"$OPENAI_API_KEY" | tr -d \'[:space:]\\"\')"'
            ),
            details={"setting": "OPENAI_API_KEY", "cause": "key_malformed", "endpoint": Url(url).endpoint},
        )
    allowed = values.get("OPENAI_ALLOW_PLAIN_HTTP", "").strip().lower()
    if allowed not in _YES | _NO:
        raise ConfigError(
            f"OPENAI_ALLOW_PLAIN_HTTP is {allowed!r}; accepted: 1 or 0",
            details={"setting": "OPENAI_ALLOW_PLAIN_HTTP"},
        )
    hop = Url(url).plain_http_hop
    if hop and allowed in _NO:
        raise PlainHttp(
            f"the key would go over plain http to {hop}, and anybody on the way could read it",
            hint=(
                "set OPENAI_BASE_URL to an https:// address, or export OPENAI_ALLOW_PLAIN_HTTP=1 where that "
                "network is your own"
            ),
            details={"setting": "OPENAI_BASE_URL", "endpoint": Url(url).endpoint, "host": hop},
        )
    api = values.get("AGENT_API", "auto").strip().lower()
    if api not in _APIS:
        raise ConfigError(
            f"AGENT_API is {values['AGENT_API']!r}; accepted: {', '.join(_APIS)}",
            details={"setting": "AGENT_API"},
        )
    return Access(key, url, api)


def _key_problem(key: str) -> str:
    """What is wrong with the shape of a key; never the key itself."""
    if re.search(r"[\r\n]", key):
        return "holds a line end"
    if re.search(r"\s", key):
        return "holds white space"
    if not key.isascii():
        return "holds a character beyond ASCII"
    if not key.isprintable():
        return "holds a control character"
    return "has quotes around it" if key[0] in "\"'" or key[-1] in "\"'" else ""


def without_key(value: Any, key: str) -> Any:
    """Text (or JSON values) without the key, in whatever form: a message is put on one line before anybody
    looks for a key in it.
    """
    if isinstance(value, bytes):
        text = value.decode(errors="surrogateescape")
        clean = without_key(text, key)
        return value if clean == text else clean.encode(errors="surrogateescape")
    return redacted(value, {"OPENAI_API_KEY": key}, shapes=False)
