"""What a module of the API takes from elsewhere, imported when it is first used: who needs one name of a
topic does not pay for the others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of `module`. `homes`: by the module that they are in, the
    names, separated by blanks.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def found(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module '{module}' has no attribute '{name}'")
        value = getattr(import_module(home), name)
        setattr(sys.modules[module], name, value)
        return value

    return found
