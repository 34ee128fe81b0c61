"""`docs/providers.md` is true: its settings, causes and code are those of the
providers, its configuration works.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from dagogy.api.errors import ProviderError
from dagogy.host.manager import Host, Selection
from dagogy.workspace.known_settings import CORE_SETTINGS
from servers.doubles import CODEX
from servers.faulty import Faulty
from servers.outcomes import SECRET, measure
from support import ROOT, CommandRunner

PAGE = (ROOT / "docs/providers.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples/provider-chat/src"


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_every_provider_is_named_and_no_other() -> None:
    table = PAGE.split("\n## ")[0]
    assert {re.findall(r"`(\w+)`", row[0])[0] for row in rows(table)} == {
        p.id for p in Host(Selection(third_party=False)).load("provider")
    }


def test_every_setting_is_there_with_its_default() -> None:
    found = {re.findall(r"`(\w+)`", row[0])[0]: row for row in rows(section("Settings"))}
    of_providers = {
        s.name: (p.id, s.default)
        for p in Host(Selection(third_party=False)).load("provider")
        for s in p.info.settings
    }
    agent = {name: str(known.default) for name, known in CORE_SETTINGS.items() if name.startswith("AGENT_")}
    assert set(found) == set(of_providers) | set(agent)
    for name, (provider, default) in of_providers.items():
        assert f"`{provider}`" in found[name][0]
        assert found[name][1] == (f"`{default}`" if default else "none")
    for name, default in agent.items():
        number = re.fullmatch(r"`([\d.]+|\w+)`", found[name][1])
        if number:
            assert float(number[1]) == float(default) if number[1].isdecimal() else number[1] == default


def test_every_default_timeout_is_there() -> None:
    message = next(row[1] for row in rows(section("Settings")) if "TIMEOUT" in row[0])
    assert message.endswith("else `30`")
    for plugin in Host(Selection(third_party=False)).load("provider"):
        assert (f"`{plugin.info.default_timeout_seconds:g}` for `{plugin.id}`" in message) is (
            plugin.info.default_timeout_seconds != 30
        )


def test_every_cause_is_there() -> None:
    found = [name for row in rows(section("When it fails")) for name in re.findall(r"`(\w+)`", row[0])]
    assert tuple(found) == ProviderError.CAUSES


def test_the_code_is_that_of_the_example() -> None:
    shown = [re.fullmatch(r"# ([\w./]+\.py)\n(.*?)\n", block, re.DOTALL) for block in blocks("python")]
    assert len(shown) == 2
    for found in shown:
        assert found is not None
        assert found[2] in (EXAMPLE / found[1]).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_configuration_of_codex_works(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good_faulty: Faulty, codex: Path
) -> None:
    (text,) = blocks("toml")
    base_url = tomllib.loads(text)["model_providers"]["local"]["base_url"]
    (tmp_path / "config.toml").write_text(text.replace(base_url, good_faulty.url("ok")))
    given = {"CODEX_HOME": str(tmp_path), "CODING_AGENT_CMD": str(CODEX), "LOCAL_KEY": SECRET}
    done = measure(
        runner, monkeypatch, "documented", "codex_exec", lambda: len(good_faulty.questions), **given
    )
    assert (done.outcome, done.requests, done.secret_bytes) == ("accepted", 1, 0), done.message
