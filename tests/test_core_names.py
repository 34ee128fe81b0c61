"""The core knows no provider, rule or incident by name; what it has to know of one, a plugin contributes."""

from __future__ import annotations

import re
from functools import cache

import pytest
from dagogy.api.errors import EXIT_STATUSES
from dagogy.host.manager import Host, Selection
from support import ROOT

SOURCES = sorted(
    p for p in (ROOT / "core/src").rglob("*") if p.suffix in (".py", ".jinja", ".json", ".md", ".toml")
)
#: Companies and programs that a provider or an incident is about.
BRANDS = (
    "codex",
    "openai",
    "anthropic",
    "ollama",
    "llama",
    "mistral",
    "huggingface",
    "groq",
    "claude",
    "gemini",
)
#: Where a name stands all the same, and why.
ALLOWED = {
    ("workspace/known_settings.py", "internal"): "the default of AGENT_PROVIDER that CONTRACT.md names",
    ("cli/commands/explain.py", "graph.acyclic"): "an example for people, in the help",
    ("cli/commands/plugins.py", "graph.acyclic"): "an example for people, in the help",
    ("host/hookspecs.py", "schema.curriculum"): "an example for authors of rules",
    (
        "kit/templates/rule/__init__.py.jinja",
        "schema.curriculum",
    ): "what the rule of a new distribution requires",
    (
        "pipeline/operations.py",
        "validation_failure",
    ): "a function that makes the error of a failed validation",
}
#: Rules as data: the shapes of the keys of all services, by the names that gitleaks gives them.
DATA = frozenset({"api/secrets/_gitleaks.py"})


@cache
def names() -> dict[str, bool]:
    """The ids of our plugins, the incidents, and the variables that providers read; true where it is looked
    for as a text of its own alone.

    That is so with an id of one English word. The codes of our own errors are the
    core's, whoever explains them.
    """
    host = Host(Selection(third_party=False))
    ids = {
        e.id
        for kind in ("provider", "rule", "classifier", "recovery", "probe", "dialect")
        for e in host.entries(kind)
    }
    ids |= {incident for plugin in host.load("classifier") for incident in plugin.info.incidents}
    variables = {setting.name for plugin in host.load("provider") for setting in plugin.info.settings}
    found = {name: False for name in ids | variables if re.search(r"[._-]", name)}
    found |= {
        name: True
        for name in {e.id for kind in ("provider", "rule") for e in host.entries(kind)}
        if name.isalpha()
    }
    return {name: quoted for name, quoted in found.items() if name not in EXIT_STATUSES}


@cache
def texts() -> dict[str, str]:
    return {
        path.relative_to(ROOT / "core/src/dagogy").as_posix(): path.read_text(encoding="utf-8")
        for path in SOURCES
    }


@cache
def known() -> list[tuple[str, str, str]]:
    # No name can begin inside another one, so that one pattern finds them all.
    bare, quoted = (
        "|".join(re.escape(name) for name, alone in names().items() if alone is wanted)
        for wanted in (False, True)
    )
    pattern = re.compile(rf"(?<![\w.-])(?P<bare>{bare})(?![\w-])|[\"'](?P<quoted>{quoted})(?=[\"'])")
    return [
        (
            place,
            name := found["bare"] or found["quoted"],
            f"{place}:{text.count(chr(10), 0, found.start()) + 1}: {name}",
        )
        for place, text in texts().items()
        for found in pattern.finditer(text)
    ]


def test_the_names_are_those_of_all_kinds() -> None:
    assert {"codex_exec", "graph.acyclic", "provider_auth_failed", "OPENAI_BASE_URL", "internal"} <= set(
        names()
    )
    assert len(SOURCES) > 150


def test_the_core_names_no_provider_rule_or_incident() -> None:
    assert [line for place, name, line in known() if (place, name) not in ALLOWED] == []


def test_what_is_allowed_is_there() -> None:
    assert {(place, name) for place, name, _ in known()} >= set(ALLOWED)


@pytest.mark.parametrize("brand", BRANDS)
def test_the_core_names_no_company_and_no_program_that_a_provider_asks(brand: str) -> None:
    pattern = re.compile(brand, re.IGNORECASE)
    found = [
        f"{place}:{n}: {line.strip()}"
        for place, text in texts().items()
        if place not in DATA and pattern.search(text)
        for n, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
