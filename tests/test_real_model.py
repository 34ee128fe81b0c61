"""A real model, small enough for any machine: what it writes is no good curriculum, and
the run ends well all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.llm.strict import strict_schema
from dagogy.contracts.check import schema_text
from servers.doubles import MODEL, codex_home, started
from servers.fixtures import url_in
from servers.outcomes import SECRET, Measured, measure
from support import ROOT, CommandRunner

pytestmark = pytest.mark.slow

#: Most tokens of one answer: about twice of what a bounded one takes.
TOKENS = 500
SCOPE = """# Bread

| Topic | What it is | Builds on | You can check it by |
|---|---|---|---|
| Flour | Flour is ground grain; its protein decides how strong a dough can be. | None | Naming the protein share of three flours from their labels. |
| Dough | A dough is flour and water, kneaded until it holds together. | Flour | Stretching a piece until light shines through without a tear. |
| Proofing | Proofing is the rest in which yeast fills a dough with gas. | Dough | Pressing a finger into the dough; the dent must come back slowly. |
"""  # noqa: E501


#: What the model may write where it must not be free: an id that is none would make the whole no curriculum.
CHOICES: dict[str, Any] = {
    "id": {"enum": ["flour", "dough", "proofing"]},
    "prerequisites": {"type": "array", "items": {"enum": ["flour", "dough", "proofing"]}, "maxItems": 1},
    "nodes": {"minItems": 2, "maxItems": 2},
    "core_ideas": {"minItems": 2, "maxItems": 2},
    "estimate_minutes": {"type": "integer", "minimum": 10, "maximum": 90},
    "estimate_confidence": {"type": "null"},
    "open_questions": {"type": "null"},
}


def bounded(schema: Any, name: str = "") -> Any:
    """The schema with an end to every text and list, so that a model with no plan comes to one."""
    part = {key: value for key, value in schema.items() if key != "description"}
    if "properties" in part:
        part["properties"] = {key: bounded(value, key) for key, value in part["properties"].items()}
    if "items" in part:
        part |= {"items": bounded(part["items"]), "minItems": 1, "maxItems": 1}
    if part.get("type") in ("string", ["string", "null"]) and "enum" not in part:
        part = {"type": "string", "pattern": "^[A-Z][a-z ]{4,16}[a-z]$"}
    chosen = CHOICES.get(name, {})
    return {**part, **chosen} if chosen.keys() <= {"minItems", "maxItems"} else chosen


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root URL of llama.cpp with SmolLM2-135M."""
    grammar = tmp_path_factory.mktemp("model") / "grammar.json"
    grammar.write_text(json.dumps(bounded(strict_schema(json.loads(schema_text("curriculum"))))))
    with started([MODEL, ROOT / "tests/servers/model.py", grammar, str(TOKENS)], "listening on http") as line:
        yield url_in(line)


def asked(
    provider: str,
    model: str,
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    **settings: str,
) -> tuple[Measured, Path]:
    """A run with the model, and its folder."""
    scope, short = folder / "bread.md", folder / "instructions.md"
    scope.write_text(SCOPE)
    # What codex tells a model of coding alone would fill this one.
    short.write_text("You answer with JSON.\n")
    home = codex_home(folder / "codex-home", f"{model}/v1")
    config = folder / "codex-home/config.toml"
    config.write_text(f"model_instructions_file = {json.dumps(str(short))}\n" + config.read_text())
    given = {
        "OPENAI_API_KEY": SECRET,
        "OPENAI_BASE_URL": f"{model}/v1",
        "AGENT_MODEL": "smollm2",
        **home,
        "LOCAL_KEY": SECRET,
        **settings,
    }
    limits = {
        "AGENT_TIMEOUT_SECONDS": "300",
        "AGENT_MAX_ITERATIONS": "2",
        "AGENT_MAX_CALLS": "2",
        "AGENT_RETRY_BUDGET": "0",
    }
    done = measure(runner, monkeypatch, "smollm2", provider, lambda: 0, scope=scope, **given, **limits)
    assert done.processes == ()
    assert done.secret_bytes == 0
    return done, next(runner.runs.glob("*course"))


@pytest.mark.parametrize("provider", ["remote_llm", "codex_exec"])
def test_the_run_ends_well(
    provider: str,
    model: str,
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Accepted as it is, mended by fixes or by the model, or refused by the rules: in each case the model's
    best draft is in the run.
    """
    if provider == "codex_exec":
        request.getfixturevalue("codex")
    done, run = asked(provider, model, runner, monkeypatch, tmp_path)
    assert done.outcome in ("accepted", "validation_failed"), done.message
    kept = json.loads((run / "outputs/curriculum/curriculum.json").read_text())
    assert {node["id"] for node in kept["nodes"]} <= {"flour", "dough", "proofing"}
    trace = json.loads((run / "outputs/reviews/optimization_trace.json").read_text())
    assert (trace["provider"], trace["iterations"][0]["model"]) == (provider, "smollm2")
    assert 1 <= trace["usage"]["calls"] <= 2
    assert trace["usage"]["output_tokens"] > 100
    assert trace["accepted"] is (done.outcome == "accepted")


def test_an_answer_that_never_ends_is_reported_as_one(
    model: str, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over chat completions the server heeds our own schema, which bounds no text."""
    done, run = asked("remote_llm", model, runner, monkeypatch, tmp_path, AGENT_API="chat")
    assert (done.outcome, done.cause, done.incident) == (
        "provider_error",
        "incomplete",
        "provider_output_truncated",
    ), done.message
    assert done.details["usage"]["output_tokens"] == TOKENS
    assert len((run / done.details["rejected"]).read_text()) > TOKENS
