"""The pytest plugin of dagogy: every `cases.yaml` beside an installed rule is collected as
the tests that it describes.

`pytest validators/graph-acyclic` runs the cases of that rule, `pytest` those of every rule below. Files of
the same name that belong to no rule are left alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects a `cases.yaml` whose folder is the module of a rule in the nearest `pyproject.toml`."""
    if file_path.name != "cases.yaml":
        return None
    rule_id = _rule_of(file_path.parent)
    if not rule_id:
        return None
    collected: RuleCases = RuleCases.from_parent(parent, path=file_path)
    collected.rule_id = rule_id
    return collected


def _rule_of(folder: Path) -> str:
    for above in folder.parents[:3]:
        project = above / "pyproject.toml"
        if project.is_file():
            try:
                groups = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]
            except (KeyError, ValueError, OSError):
                return ""
            return next(
                (id_ for id_, module in groups.get("dagogy.rules", {}).items() if module == folder.name), ""
            )
    return ""


class RuleCases(pytest.File):
    """One `cases.yaml`."""

    rule_id: str

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each case."""
        from dagogy.kit.cases import load_cases

        for case in load_cases(self.rule_id, self.path.parent.name, self.path.read_text(encoding="utf-8")):
            item: RuleCase = RuleCase.from_parent(self, name=f"{self.rule_id}: {case.name}")
            item.case = case
            yield item


class RuleCase(pytest.Item):
    """One case: the rule on the document that it describes, and what comes of it."""

    case: Any

    def runtest(self) -> None:
        """Raises `AssertionError` that says what differs, and `DagogyError` where the rule
        is not installed or broken.
        """
        from tempfile import TemporaryDirectory

        from dagogy.kit.cases import run_case

        plugin = _host().get("rule", self.case.rule_id)
        with TemporaryDirectory() as folder:
            run_case(_host().implementation(plugin)(plugin.info), self.case, Path(folder))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What differs, without the traceback of the kit; that of a rule that raised is shown."""
        from dagogy.api.errors import DagogyError

        if excinfo.errisinstance((AssertionError, DagogyError)):
            hint = getattr(excinfo.value, "hint", "")
            return f"{excinfo.value}{'; ' + hint if hint else ''}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File, line and title of the case."""
        return self.path, None, self.name


@cache
def _host() -> Any:
    from dagogy.host.manager import Host, Selection

    return Host(Selection())
