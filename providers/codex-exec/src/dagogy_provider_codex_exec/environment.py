"""What the child may know: the environment without the secrets that codex does not need, and those taken out
of whatever it says.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dagogy.api.secrets import is_secret, redacted, secrets_of

_PROXY = re.compile(r"_PROXY$", re.IGNORECASE)
#: What codex itself reads: an API key, an access token. It does not read `OPENAI_API_KEY` unless a provider
#: in its configuration names it.
_OF_CODEX = frozenset({"CODEX_API_KEY", "CODEX_ACCESS_TOKEN"})
_OVERRIDE = re.compile(r"\benv_key\s*=\s*[\"']?(\w+)")


class CodexConfig:
    """The parts of codex's own configuration that decide what it needs from the
    environment. Read, never written.

    `tables`: every `config.toml` that codex may layer, profiles included; one that is not TOML counts as
    empty, since codex says so itself.
    """

    def __init__(self, environ: Mapping[str, str], words: Iterable[str] = ()) -> None:
        self.words = tuple(words)
        home = Path(environ.get("CODEX_HOME") or Path(environ.get("HOME") or "~").expanduser() / ".codex")
        self.tables = [
            _toml(path)
            for path in (
                Path("/etc/codex/config.toml"),
                home / "config.toml",
                *sorted(home.glob("*.config.toml")),
            )
        ]

    @property
    def provider(self) -> str:
        """The model provider that is set, or "" for codex's own."""
        return next(
            (
                str(t["model_provider"])
                for t in reversed(self.tables)
                if isinstance(t.get("model_provider"), str)
            ),
            "",
        )

    def provider_table(self, name: str) -> Mapping[str, Any] | None:
        """What the configuration says of the model provider `name`."""
        return next((known[name] for known in self._providers() if isinstance(known.get(name), dict)), None)

    def secret_names(self) -> Iterator[str]:
        """The variables that the configuration sends as keys or headers of model providers."""
        for known in self._providers():
            for table in known.values():
                if isinstance(table, dict):
                    headers = table.get("env_http_headers")
                    yield from (
                        str(name)
                        for name in (
                            table.get("env_key"),
                            *(headers.values() if isinstance(headers, dict) else ()),
                        )
                        if name
                    )
        for word in self.words:
            yield from _OVERRIDE.findall(word)

    def _providers(self) -> Iterator[Mapping[str, Any]]:
        return (
            table["model_providers"]
            for table in self.tables
            if isinstance(table.get("model_providers"), dict)
        )


def child_environment(environ: Mapping[str, str], config: CodexConfig) -> dict[str, str]:
    """`environ` without secrets: the agent reads text that others wrote, and a command
    that it runs sees what it sees.

    Left out is every variable whose name says that it holds a secret (`dagogy.api.secrets`), and every value
    that looks like one. Kept of these are codex's own (`CODEX_API_KEY`, `CODEX_ACCESS_TOKEN`), those that its
    configuration names for a model provider (`env_key`, `env_http_headers`), `AWS_*` where the model provider
    is Bedrock, and the proxies, without which it may reach nothing. All else goes through: a list of what is
    allowed would break wrappers, certificate bundles and language settings that nobody here knows of.
    """
    needed = _OF_CODEX | set(config.secret_names())
    bedrock = "bedrock" in config.provider or any("bedrock" in word for word in config.words)

    def kept(name: str, value: str) -> bool:
        if name in needed or (bedrock and name.startswith("AWS_")) or _PROXY.search(name):
            return True
        return not is_secret(name, value)

    return {name: value for name, value in environ.items() if kept(name, value)}


class Secrets:
    """The secrets of an environment, to be taken out of what is shown or recorded."""

    def __init__(self, environ: Mapping[str, str], config: CodexConfig) -> None:
        self._known = secrets_of(environ, config.secret_names())

    def known(self, text: str) -> str:
        """`text` with each secret replaced by the name of its variable."""
        return str(redacted(text, self._known, shapes=False))

    def without(self, text: str) -> str:
        """The same, and what only looks like a key replaced by a mark: right for what was printed, too much
        for what was written to be taught.
        """
        return str(redacted(text, self._known))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
