"""The escalation bundle: what is in it, what is not, and what keeps it from being written."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from dagogy.api.secrets._forms import remains
from support import CommandRunner, Outcome, SitePackages, in_tmpfs, put, run_with
from test_failure_records import LOUD, SCOPE, SECRET, secret_forms


def unpacked(done: Outcome) -> dict[str, bytes]:
    """The files of a bundle by name, without the folder they are in."""
    with tarfile.open(done.json["bundle"]) as tar:
        members = tar.getmembers()
        tops = {m.name.split("/")[0] for m in members}
        assert len(tops) == 1
        return {m.name.split("/", 1)[1]: tar.extractfile(m).read() for m in members}  # type: ignore[union-attr]


def bundles(runner: CommandRunner) -> list[Path]:
    return sorted((runner.runs / "archives").glob("*")) if (runner.runs / "archives").exists() else []


def criteria(done: Outcome) -> str:
    return " / ".join(done.json["manifest"]["criteria"])


def add_failure(run: Path, number: int, **facts: Any) -> None:
    """A record as a provider of the future would leave it."""
    put(
        run / f"logs/failures/2030010{number}T000000-000000Z-1-{facts['code']}.json",
        {"at_utc": f"2030-01-0{number}T00:00:00.000000Z", **facts},
    )


@pytest.fixture
def failed(runner: CommandRunner) -> Path:
    run = run_with(runner, curriculum={"topic": "x", "nodes": []})
    assert runner("validate", "latest").code == "validation_failed"
    return run


def test_the_bundle_holds_what_the_runbook_asks_for(
    runner: CommandRunner, failed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_MODEL", "some-model")
    runner("plan", failed.name)
    done = runner.ok("escalate", "latest", "--json", "--note", "since Monday")
    files = unpacked(done)
    report = files["report.md"].decode()
    last = json.loads(max((failed / "logs/failures").glob("*.json")).read_text())
    for wanted in (
        f"`dagogy plan {failed.name}`",
        failed.name,
        f"[{last['code']}] {last['message']}",
        "| AGENT_MODEL | set, 10 characters |",
        "| OPENAI_API_KEY | unset |",
        "| Provider | internal, model some-model |",
        "outputs/curriculum/curriculum.json",
        last["artifacts"][0]["mtime_utc"][:13],
        "since Monday",
    ):
        assert wanted in report, wanted
    assert {
        "diagnosis.json",
        "artifacts.json",
        "redactions.json",
        "run/run.json",
        "run/logs/events.jsonl",
        "run/outputs/reviews/validation_report.md",
    } <= set(files)
    assert sum(name.startswith("failures/") for name in files) == 2
    assert json.loads(files["diagnosis.json"])[0]["diagnoses"][0]["evidence"]
    manifest = json.loads(files["manifest.json"])
    assert {f["path"]: (f["size"], f["sha256"]) for f in manifest["files"]} == {
        name: (len(data), hashlib.sha256(data).hexdigest())
        for name, data in files.items()
        if name != "manifest.json"
    }


def test_inputs_and_curriculum_leave_by_hash_alone_unless_they_are_asked_for(
    runner: CommandRunner, failed: Path
) -> None:
    without = unpacked(runner.ok("escalate", "latest", "--json"))
    assert not any("inputs/" in name or "curriculum" in name for name in without)
    data = (failed / "inputs/topic_spec.json").read_bytes()
    facts = {a["path"]: a for a in json.loads(without["artifacts.json"])}
    assert facts["inputs/topic_spec.json"]["sha256"] == hashlib.sha256(data).hexdigest()
    withal = unpacked(runner.ok("escalate", "latest", "--json", "--with-artifacts"))
    assert withal["run/inputs/topic_spec.json"] == data
    assert [p.name for p in bundles(runner)] == [
        f"{failed.name}.escalation-2.tar.gz",
        f"{failed.name}.escalation.tar.gz",
    ]


def test_seeded_secrets_are_in_no_file_of_the_bundle(
    runner: CommandRunner, site: SitePackages, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.plugin("x-loud", entry_points={"provider": {"loud": "mod_loud"}}, modules={"mod_loud": LOUD})
    run = runner.init()
    (runner.folder / "tea.md").write_text(SCOPE)
    monkeypatch.setenv("LOUD_PHRASE", "another phrase, of before")
    runner("run", "latest", "--scope-file", "tea.md", "--provider", "loud")
    monkeypatch.setenv("LOUD_PHRASE", SECRET)
    # What somebody else wrote into the run's log, or an older version did.
    with open(run / "logs/events.jsonl", "a") as log:
        log.write(
            json.dumps(
                {
                    "at_utc": "2026-01-01T00:00:00Z",
                    "event": "noted",
                    "text": f"{SECRET} and {SECRET[:9]}\n{SECRET[9:]}",
                }
            )
            + f"\ntorn {SECRET}\n"
        )
    files = unpacked(runner.ok("escalate", "latest", "--json", "--note", f"with {SECRET}"))
    everything = b"".join(files.values()).decode()
    assert not any(form in everything for form in secret_forms(SECRET))
    assert not remains(everything, {"LOUD_PHRASE": SECRET})
    document = json.loads(files["redactions.json"])
    assert "LOUD_PHRASE" in document["variables"]
    assert document["replaced"]["run/logs/events.jsonl"] >= 3
    assert SECRET not in (run / "logs/events.jsonl").read_text().splitlines()[-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_secret_that_is_left_keeps_the_bundle_from_being_written(
    runner: CommandRunner, failed: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    put(failed / "inputs/notes.md", f"use {SECRET[:5]}\n\n    {SECRET[5:]}\n".encode(encoding))
    runner.ok("escalate", "latest")
    before = bundles(runner)
    refused = runner("escalate", "latest", "--with-artifacts", "--json")
    assert (refused.status, refused.code) == (6, "io_error")
    assert "run/inputs/notes.md" in refused.err
    assert refused.json["error"]["details"]["files"] == ["run/inputs/notes.md"]
    assert SECRET not in refused.err + refused.out
    assert bundles(runner) == before


def test_a_second_look_finds_what_redaction_missed(
    runner: CommandRunner, failed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    monkeypatch.setattr("dagogy.incidents.escalation.redacted", lambda value, secrets: value)
    add_failure(failed, 1, code="io_error", message=f"with {SECRET}")
    refused = runner("escalate", "latest")
    assert refused.status == 6
    assert "failures/" in refused.err
    assert SECRET not in refused.err
    assert bundles(runner) == []


def test_a_run_without_failures_has_nothing_to_escalate(runner: CommandRunner) -> None:
    runner.init()
    assert runner("escalate", "latest").code == "not_found"
    assert bundles(runner) == []


def test_invalid_metadata_is_escalated_as_a_broken_core_contract(runner: CommandRunner) -> None:
    run = runner.init()
    (run / "run.json").write_text("{")
    assert runner("status", run.name).code == "io_error"
    done = runner.ok("escalate", run.name, "--json")
    assert "core contract cannot be parsed: invalid run metadata" in criteria(done)
    assert unpacked(done)["run/run.json"] == b"{"


@pytest.mark.parametrize("name", ["inputs/topic_spec.json", "outputs/curriculum/curriculum.json"])
def test_documents_that_are_not_json_are_a_criterion(runner: CommandRunner, failed: Path, name: str) -> None:
    assert "core contract" not in criteria(runner.ok("escalate", "latest", "--json"))
    (failed / name).write_text("{'a': 1}")
    assert f"core contract cannot be parsed: {name}" in criteria(runner.ok("escalate", "latest", "--json"))


def test_the_same_validation_failure_again_is_a_criterion(runner: CommandRunner, failed: Path) -> None:
    assert criteria(runner.ok("escalate", "latest", "--json")) == ""
    runner("validate", "latest")
    assert "deterministic validator failures" in criteria(runner.ok("escalate", "latest", "--json"))


def test_repeated_structured_output_failures_are_a_criterion_whatever_the_provider(
    runner: CommandRunner,
) -> None:
    run = runner.init()
    message = "codex_exec mode failed to return valid structured JSON"
    add_failure(run, 1, code="provider_error", message=message, command=["dagogy", "run", "latest"])
    assert "structured-output" not in criteria(runner.ok("escalate", "latest", "--json"))
    add_failure(
        run, 2, code="provider_error", message=message + " again", command=["dagogy", "run", "latest"]
    )
    done = runner.ok("escalate", "latest", "--json")
    assert "repeated structured-output failures" in criteria(done)
    assert "repeated structured-output failures" in unpacked(done)["report.md"].decode()


def test_records_and_files_that_cannot_be_read_do_not_stop_the_bundle(
    runner: CommandRunner, failed: Path
) -> None:
    put(failed / "logs/failures/20200101T000000-1-x.json", b"\xff not json")
    put(
        failed / "logs/failures/20200102T000000-1-x.json",
        {"command": 5, "code": None, "exception_chain": [1], "environment": [], "artifacts": 3},
    )
    (failed / "outputs/link").symlink_to("/etc/passwd")
    os.mkfifo(failed / "outputs/pipe")
    files = unpacked(runner.ok("escalate", "latest", "--json", "--with-artifacts"))
    assert json.loads(files["redactions.json"])["unreadable_records"] == ["20200101T000000-1-x.json"]
    assert not any(b"root:" in data for data in files.values())


@pytest.mark.slow
def test_a_full_disk_leaves_no_half_bundle(runner: CommandRunner, failed: Path, tmp_path: Path) -> None:
    def body(disk: Path) -> None:
        os.environ["ORCHESTRATION_ARCHIVE_DIR"] = str(disk)
        (disk / "filler").write_bytes(os.urandom(60_000))
        put(failed / "inputs/notes.bin", os.urandom(200_000))
        refused = runner("escalate", "latest", "--with-artifacts")
        assert refused.code == "io_error", refused.err
        assert [p.name for p in disk.iterdir()] == ["filler"]

    in_tmpfs("100k", tmp_path, body)


def test_a_bundle_is_no_run_archive(runner: CommandRunner, failed: Path) -> None:
    bundle = runner.ok("escalate", "latest", "--json").json["bundle"]
    assert runner("init", "--from", bundle).code == "invalid_argument"


def test_the_bundle_is_noted_in_the_events(runner: CommandRunner, failed: Path) -> None:
    name = Path(runner.ok("escalate", "latest", "--json").json["bundle"]).name
    last = json.loads((failed / "logs/events.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["bundle"]) == ("escalated", name)


MINE = """
from dagogy.api import ClassifierInfo, Escalation, hookimpl
from dagogy.api.failures import Classifier, Diagnosis, Rank

class Mine(Classifier):
    def classify(self, failure):
        return Diagnosis(incident_id="mine", rank=Rank.TYPED_CODE, confidence=1, evidence=("x",), weight=99) if "mine" in failure.message else None

@hookimpl
def dagogy_classifiers():
    yield ClassifierInfo(id="mine", summary="s", api_version=1, impl="mod_mine:Mine", incidents=("mine",), escalations={escalations})
"""  # noqa: E501


def test_a_third_party_classifier_declares_its_own_criteria(
    runner: CommandRunner, site: SitePackages
) -> None:
    source = MINE.format(escalations='(Escalation(summary="mine came", incidents=("mine",), times=1),)')
    site.plugin("x-mine", entry_points={"classifier": {"mine": "mod_mine"}}, modules={"mod_mine": source})
    add_failure(runner.init(), 1, code="provider_error", message="mine", command=["dagogy", "run", "latest"])
    done = runner.ok("escalate", "latest", "--json")
    assert done.json["manifest"]["incident"] == "mine"
    assert "mine came (1 time)" in criteria(done)


def test_escalations_that_are_none_make_the_plugin_fail_alone(site: SitePackages) -> None:
    site.plugin(
        "x-mine",
        entry_points={"classifier": {"mine": "mod_mine"}},
        modules={"mod_mine": MINE.format(escalations='("x",)')},
    )
    plugin = site.loaded("classifier")["mine@x-mine"]
    assert plugin.state == "failed"
    assert "escalations=('x',)" in plugin.reason
