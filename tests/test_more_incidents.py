"""What helps against incidents of servers of models, of conversations, of tools, and of our own settings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from dagogy.api.failures import Diagnosis, Failure, Rank
from dagogy.host.manager import Host, Selection
from dagogy.testing import FakeRecoveryContext, check_action

RUN = "20260131-120000-bread"


@cache
def host() -> Host:
    return Host(Selection(third_party=False))


@pytest.mark.parametrize(
    ("action", "text", "settings", "command"),
    [
        (
            "mend-model-server",
            "ollama: model requires more system memory (12 GiB)",
            {"AGENT_MODEL": "big"},
            "ollama ps",
        ),
        ("mend-mcp-server", "Error: MCP client for `docs` failed to start", {}, "codex mcp remove docs"),
        (
            "mend-setting",
            "AGENT_CONCURRENCY is 'many'",
            {"AGENT_CONCURRENCY": "many"},
            "unset AGENT_CONCURRENCY",
        ),
        ("report-conversation", "Error: roles must alternate", {}, f"dagogy escalate {RUN}"),
    ],
)
def test_what_helps_names_what_the_evidence_has(
    action: str, text: str, settings: dict[str, str], command: str, tmp_path: Path
) -> None:
    plugin = host().get("recovery", action)
    (tmp_path / RUN).mkdir()
    diagnosis = Diagnosis(
        incident_id=plugin.info.incidents[0], rank=Rank.PROSE, confidence=0.9, evidence=(text,)
    )
    done = check_action(
        host().implementation(plugin),
        plugin.info,
        Failure(message=text, run_id=RUN),
        FakeRecoveryContext(tmp_path / RUN, settings=settings),
        diagnosis,
    )
    assert command in done.commands
    assert not done.changed


def test_the_smallest_request_is_quoted_for_a_shell(tmp_path: Path) -> None:
    plugin = host().get("recovery", "see-rejection")
    (tmp_path / RUN).mkdir()
    diagnosis = Diagnosis(
        incident_id="request_rejected_opaque", rank=Rank.GENERIC, confidence=0.6, evidence=("400",)
    )
    done = check_action(
        host().implementation(plugin),
        plugin.info,
        Failure(message="400", run_id=RUN, model="m'; rm x"),
        FakeRecoveryContext(tmp_path / RUN, settings={"OPENAI_BASE_URL": "https://llm.example/v1/"}),
        diagnosis,
    )
    assert done.commands[0].startswith("curl -sS -i -m 30 https://llm.example/v1/chat/completions ")
    assert "'\"'\"'; rm x" in done.commands[0]
