"""The installed log dialects, each asked so that one that fails is named and
counts as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar, get_args

from dagogy.api.dialects import Kind, Line, LogDialect, Unit
from dagogy.api.errors import PluginError
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin

T = TypeVar("T")
_KINDS = frozenset(get_args(Kind))


def installed(host: Host) -> tuple[tuple[LogDialect, ...], list[str]]:
    """The dialects in the order of their ids, and the messages about those that cannot be used."""
    found: list[LogDialect] = []
    broken: list[str] = []
    for plugin in sorted(host.load("dialect"), key=lambda p: p.id):
        try:
            found.append(guarded(plugin, host.implementation(plugin)))
        except PluginError as error:
            broken.append(error.message)
    return tuple(found), broken


def guarded(plugin: Plugin, implementation: type[LogDialect]) -> LogDialect:
    """A dialect as the host asks it: what goes wrong in it is noted in `plugin`. Raises `PluginError` where
    it cannot be made, or its patterns are none.
    """
    return _Guarded(plugin, implementation)


class _Guarded(LogDialect):
    def __init__(self, plugin: Plugin, kind: type[LogDialect]) -> None:
        super().__init__(plugin.info)
        dialect = plugin.call(lambda: kind(plugin.info), typed=False)
        self._plugin, self._dialect = plugin, dialect
        for name in ("packages", "addresses", "names"):
            pattern = getattr(dialect, name)
            try:
                re.compile(pattern)
            except (re.error, TypeError) as error:
                plugin.fail(f"its {name} is no pattern: {error}")
                raise plugin.error() from None
        self.packages, self.addresses = dialect.packages, dialect.addresses  # type: ignore[misc]
        self.names = dialect.names  # type: ignore[misc]

    def kinds(self, raw: Sequence[str], kinds: Sequence[Kind]) -> Sequence[Kind]:
        answer = self._asked(lambda: list(self._dialect.kinds(list(raw), list(kinds))), list(kinds))
        if len(answer) != len(raw) or not _KINDS.issuperset(answer):
            self._plugin.fail("it answered with other than one kind for each line")
            return kinds
        return answer

    def wrote(self, text: str, lines: Sequence[Line]) -> bool:
        return self._asked(lambda: self._dialect.wrote(text, lines) is True, False)

    def reply(self, text: str, lines: Sequence[Line]) -> str | None:
        answer = self._asked(lambda: self._dialect.reply(text, lines), None)
        return answer if isinstance(answer, str) else None

    def last_words(self, units: Sequence[Unit]) -> Sequence[Unit] | None:
        answer = self._asked(lambda: self._dialect.last_words(units), None)
        return (
            answer
            if isinstance(answer, list | tuple) and all(isinstance(unit, Unit) for unit in answer)
            else None
        )

    def _asked(self, call: Callable[[], T], otherwise: T) -> T:
        if self._plugin.state == "failed":
            return otherwise
        try:
            return self._plugin.call(call, typed=False)
        except PluginError:
            return otherwise
