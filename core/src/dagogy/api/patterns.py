"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re
from typing import Any, cast

_MEMBERS = tuple(name for name in dir(re.Pattern) if not name.startswith("_"))


class _Lazy:
    """Stands for a compiled pattern."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern, self._options = pattern, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _MEMBERS:
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self._options)
        # From here on its methods are found without coming here.
        self.__dict__.update({member: getattr(compiled, member) for member in _MEMBERS})
        return self.__dict__[name]


def lazy_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The same as `re.compile`, at the price of compiling only once it is used.

    For constants of a module: a command imports all rules, and most of their patterns are for what is wrong.
    What is wrong with the pattern itself is raised when it is first used (`re.error`).
    """
    return cast("re.Pattern[str]", _Lazy(pattern, flags))
