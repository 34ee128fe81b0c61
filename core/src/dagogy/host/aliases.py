"""Former ids of rules. A rule that was renamed keeps them as `RuleInfo.aliases`, so that configurations and
command lines that name it go on working.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dagogy.host.plugin import Plugin


class Aliases(NamedTuple):
    """The rule that each alias means, and a line for each alias that does not count since
    another rule has that name.
    """

    holders: dict[str, Plugin]
    conflicts: list[str]


def rule_aliases(described: Iterable[Plugin], installed: Iterable[Plugin]) -> Aliases:
    """The aliases of the rules that were `described`; an id of an `installed` one comes before an alias, of
    two aliases ours, then the first by id.

    A rule whose alias does not count works, and says so in `Plugin.reason`.
    """
    ids = {p.id: p for p in installed}
    found = Aliases({}, [])
    for plugin in sorted((p for p in described if p.info is not None), key=lambda p: (not p.ours, p.id)):
        for alias in plugin.info.aliases:
            holder = ids[alias] if alias in ids else found.holders.setdefault(alias, plugin)
            if holder is not plugin:
                has = "is the id of" if alias in ids else "is an alias of"
                line = f"alias '{alias}' of {plugin.name} does not count: it {has} {holder.name}"
                found.conflicts.append(line)
                plugin.reason = "; ".join(filter(None, (plugin.reason, line)))
    return found
