"""Whatever stands in an artifact, a log, a record or a lock: a typed failure or a result, never a crash."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from dagogy.workspace.events import append_event, read_events, unfinished
from dagogy.workspace.files import TooDeep, from_json, to_json
from hostile_support import VALUES, Change, Raw, artifacts, changes, finished, tried
from support import CommandRunner


def _try(runner: CommandRunner, choose: int, most: int) -> tuple[int, list[str]]:
    """Tries so many changes of every artifact, with so many commands each; the same ones each time."""
    run = finished(runner)
    saved = runner.folder / "saved"
    shutil.copytree(runner.runs, saved)
    chosen: list[Change] = []
    for path in artifacts(run):
        every = list(changes(path))
        chosen += random.Random(path.suffix).sample(every, min(len(every), choose))
    wrong = [line for change in chosen for line in tried(runner, run, saved, change, most)]
    return len(chosen), wrong


@pytest.mark.slow
def test_some_changes_of_every_artifact_crash_no_command(runner: CommandRunner) -> None:
    count, wrong = _try(runner, 1, 3)
    assert count > 15
    assert wrong == [], "\n".join(wrong)


@pytest.mark.slow
def test_many_changes_of_every_artifact_crash_no_command(runner: CommandRunner) -> None:
    """40 of each: 11,128 changes with 65,864 commands take hours."""
    count, wrong = _try(runner, 40, 100)
    assert count > 400
    assert wrong == [], "\n".join(wrong)


def test_an_event_of_another_type_is_none(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    append_event(log, "command_started", command="dagogy plan x", pid=7, words=["plan", "x"], folder="/")
    with open(log, "a") as file:
        file.write(
            '{"event": []}\n{"event": {}}\n{"event": null}\n{"event": "odd", "pid": [], "at_utc": 3, '
            '"words": [1], "incidents": 5, "x": [1]}\n'
        )
    events = list(read_events(log))
    assert [e["event"] for e in events] == ["command_started", "odd"]
    assert events[1] == {"event": "odd", "x": [1]}
    started = unfinished(log)
    assert started is not None
    assert started["words"] == ["plan", "x"]


@pytest.mark.parametrize("name", VALUES)
def test_json_that_is_read_can_be_written_again_or_is_refused(name: str) -> None:
    value = VALUES[name]
    text = value.text if isinstance(value, Raw) else to_json(value).decode()
    try:
        found = from_json(f'{{"a": {text}}}')
    except ValueError:
        assert name in ("NaN", "infinity", "10^400", "10^5000", "deep")
    else:
        assert from_json(to_json(found)) == found


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 150 + b"]" * 150])
def test_json_that_is_nested_too_deeply_is_refused(data: bytes) -> None:
    with pytest.raises(TooDeep):
        from_json(data)


def test_a_crash_for_lack_of_memory_is_out_of_memory_whoever_had_none(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagogy_provider_internal.provider import Internal

    def propose(self: Internal, request: object) -> None:
        try:
            raise MemoryError
        except MemoryError as error:
            raise RuntimeError("no room for the table") from error

    monkeypatch.setattr(Internal, "propose", propose)
    runner.init()
    (runner.folder / "tea.md").write_text(
        "# Tea\n\n## Water\nWater is wet.\n\n## Leaves\nLeaves need water.\n"
    )
    done = runner("run", "latest", "--scope-file", "tea.md")
    assert (done.status, done.code) == (6, "io_error")
    assert "out of memory (provider 'internal')" in done.err
    assert "incident out_of_memory" in done.err
    assert "report" not in done.err.splitlines()[0]


@pytest.mark.parametrize(
    "message",
    ["Invalid IPv6 URL", "invalid api key", "model 'x' not found", "context length exceeded", "timed out"],
)
def test_a_crash_of_who_asks_nobody_is_no_setting_of_another_provider(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    from dagogy.pipeline import plan
    from dagogy_provider_internal.provider import Internal

    def crash(*arguments: object, **options: object) -> None:
        raise ValueError(message)

    runner.init()
    (runner.folder / "tea.md").write_text(
        "# Tea\n\n## Water\nWater is wet.\n\n## Leaves\nLeaves need water.\n"
    )
    monkeypatch.setenv("OPENAI_BASE_URL", "https://127.0.0.1:1/v1")
    with monkeypatch.context() as patch:
        patch.setattr(Internal, "propose", crash)
        done = runner("run", "latest", "--scope-file", "tea.md")
    assert done.code == "plugin_error"
    assert "incident plugin_error" in done.err
    with monkeypatch.context() as patch:
        patch.setattr(plan, "make_plan", crash)
        done = runner("run", "latest", "--scope-file", "tea.md")
    assert done.code == "internal_error"
    assert "incident unknown" in done.err


@pytest.mark.slow
def test_half_a_character_in_the_log_reaches_a_bundle_escaped(runner: CommandRunner) -> None:
    run = finished(runner)
    with open(run / "logs/events.jsonl", "a") as file:
        file.write(
            '{"at_utc": "2026", "event": "recovery_retried", "told": "\\ud800", "environment": {"A": '
            '"\\udc00"}, "exit_status": 8}\n'
        )
    for command in ("escalate", "postmortem", "diagnose"):
        runner.ok(command, "latest")
    runner.ok("postmortem", "latest", "-o", "report.md")
