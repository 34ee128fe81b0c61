"""The check of sizes and import cycles finds what it is there for."""

from __future__ import annotations

import sys
from pathlib import Path

from support import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import structure

LIMITS = {"max-module-lines": 12, "max-class-lines": 5, "max-complexity": 2}
LONG = """
class Long:
    def simple(self, a):
        return a

    def branched(self, a, b):
        if a and b:
            return 1
        return 2


class Short:
    pass
"""


def test_what_exceeds_a_limit_is_named_and_boolean_operators_count() -> None:
    assert dict(structure.measured("m.py", LONG, LIMITS)) == {
        "m.py": 13,
        "m.py::class Long": 8,
        "m.py::Long.branched": 3,
    }
    assert dict(structure.measured("m.py", LONG, dict.fromkeys(LIMITS, 100))) == {}


def test_a_cycle_through_imports_for_types_and_inside_functions_is_found(tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p import b\n"
    )
    (package / "b.py").write_text("def f():\n    import p.c\n")
    (package / "c.py").write_text("from p.d import x\n")
    (package / "d.py").write_text("x = 1\n")
    assert structure.import_cycles(tmp_path) == []
    (package / "c.py").write_text("from p.a import b\n")
    assert structure.import_cycles(tmp_path) == [["p.a", "p.b", "p.c"]]
