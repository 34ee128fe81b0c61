"""Fault injection: each failure of the runbook's sections 3 and 4, and each incident that can be brought
about here for real, goes in; what `run --self-heal` made of it comes out: the incident it saw, what it did,
how the failed command ended, and that the inputs are as they were.

What can be recovered without a person is recovered; the rest ends in a bundle.
`make bench-faults` prints the table.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dagogy.workspace.stages import EVENTS, FAILURES
from servers.doubles import codex_home, none_left
from servers.faulty import Faulty
from servers.outcomes import SCOPE, SECRET
from support import HANGS, ROOT, VALID_SPEC, clean_environment, put

#: Where the rows are written; `scripts/outcome_table.py` reads them.
TABLE = ROOT / ".cache/fault-rows"
NOBODY = 65534


@dataclass
class Harness:
    """A workspace with one run, and what a row breaks about it."""

    folder: Path
    server: Faulty
    environment: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    #: What has to be undone when the row is over.
    after: list[Callable[[], object]] = field(default_factory=list)
    #: How the command is started: as somebody else, with less memory.
    prefix: list[str] = field(default_factory=list)

    @property
    def run(self) -> Path:
        return next((self.folder / "runs").glob("2*-course"))

    def dagogy(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [*self.prefix, sys.executable, "-m", "dagogy", *arguments]
        given = clean_environment(**{**self.environment, **environment})
        return subprocess.run(
            command, cwd=self.folder, env=given, capture_output=True, text=True, timeout=HANGS, check=False
        )

    def remote(self, scenario: str, **more: str) -> None:
        """The run asks `remote_llm`, and the server behaves as the scenario says."""
        given = {
            "AGENT_PROVIDER": "remote_llm",
            "OPENAI_API_KEY": SECRET,
            "OPENAI_BASE_URL": self.server.url(scenario),
            "AGENT_MODEL": "gpt-fake",
        }
        self.environment |= {**given, "AGENT_TIMEOUT_SECONDS": "20", "AGENT_RETRY_BUDGET": "0", **more}

    def codex(self, text: str) -> None:
        """The run asks a command that only looks like codex."""
        script = self.folder / "fake-codex"
        script.write_text(
            "#!/bin/sh\n" + textwrap.dedent(text).replace("{answer}", str(self.folder / "answer.json"))
        )
        script.chmod(0o755)
        self.environment |= {
            "AGENT_PROVIDER": "codex_exec",
            "CODING_AGENT_CMD": str(script),
            "AGENT_TIMEOUT_SECONDS": "10",
        }

    def spec(self, **keys: Any) -> None:
        put(self.run / "inputs/topic_spec.json", {**VALID_SPEC, **keys})
        self.arguments = []


@dataclass(frozen=True)
class Fault:
    """`break_it` brings the failure about. `helped`: the action after which the failed command ended well; ""
    where a person is needed.
    """

    name: str
    incident: str
    helped: str
    break_it: Callable[[Harness], object]
    unsafe: bool = False
    every_time: bool = False


def fault(
    incident: str, helped: str = "", *, unsafe: bool = False, every_time: bool = False
) -> Callable[[Callable[[Harness], object]], Fault]:
    return lambda break_it: Fault(break_it.__name__, incident, helped, break_it, unsafe, every_time)


# ---------------------------------------------------------------------------------- runbook, sections 3 and 4


@fault("stage_conflict", every_time=True)
def spec_not_filled_in(harness: Harness) -> None:
    harness.arguments = []


@fault("stage_conflict", "read-kept-scope", every_time=True)
def spec_not_filled_in_but_a_scope_document_in_the_run(harness: Harness) -> None:
    shutil.copy(SCOPE, harness.run / "inputs/scope.md")
    harness.arguments = []


@fault("validation_failure")
def evidence_that_no_source_holds(harness: Harness) -> None:
    harness.spec(evidence_mode="strict")


@fault("codex_structured_output", "switch-provider", unsafe=True)
def a_codex_that_prints_prose(harness: Harness) -> None:
    harness.codex("""
        case "$*" in *--help*|*--version*) echo codex-cli 0.169.0; exit 0;; esac
        cat > /dev/null
        while [ $# -gt 0 ]; do [ "$1" = --output-last-message ] && echo "Here is your curriculum." > "$2"; shift; done
        echo '{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":1}}'
    """)  # noqa: E501


@fault("openai_api_key_missing", every_time=True)
def no_key(harness: Harness) -> None:
    harness.remote("ok", OPENAI_API_KEY="")


@fault("openai_api_key_missing", "fall-back-provider")
def no_key_and_another_provider_to_fall_back_on(harness: Harness) -> None:
    harness.remote("ok", OPENAI_API_KEY="", AGENT_FALLBACK_PROVIDERS="internal")


@fault("openai_base_url_invalid", "trim-base-url")
def a_line_end_in_the_address(harness: Harness) -> None:
    harness.remote("ok", OPENAI_BASE_URL=harness.server.url("ok") + "/\n")


@fault("openai_base_url_invalid", "use-tested-base-url", unsafe=True)
def an_address_without_scheme(harness: Harness) -> None:
    harness.remote("ok", OPENAI_BASE_URL=harness.server.url("ok").removeprefix("http://"))


@fault("openai_base_url_invalid")
def an_address_that_cannot_be_repaired(harness: Harness) -> None:
    harness.remote("ok", OPENAI_BASE_URL="http://:80/v1")


@fault("invalid_run_metadata", "fresh-run", unsafe=True)
def metadata_corrupted(harness: Harness) -> None:
    (harness.run / "run.json").write_text("{")


@fault("invalid_run_metadata")
def metadata_of_another_version(harness: Harness) -> None:
    put(harness.run / "run.json", {"schema_version": 99})


# ----------------------------------------------------------------------------------------------- the provider


@fault("provider_auth_failed")
def status_401(harness: Harness) -> None:
    harness.remote("401echo")


@fault("provider_auth_failed")
def status_403(harness: Harness) -> None:
    harness.remote("403")


@fault("model_unavailable")
def status_404_for_the_model(harness: Harness) -> None:
    harness.remote("404")


@fault("model_unavailable", "default-model")
def a_codex_whose_account_lacks_the_model(harness: Harness) -> None:
    harness.codex("""
        case "$*" in *--help*|*--version*) echo codex-cli 0.169.0; exit 0;; esac
        cat > /dev/null
        case "$*" in *--model*)
            echo '{"type":"turn.failed","error":{"message":"{\\"error\\":{\\"code\\":\\"model_not_found\\",\\"message\\":\\"The model does not exist\\"}}"}}'
            exit 1;;
        esac
        while [ $# -gt 0 ]; do [ "$1" = --output-last-message ] && cp "{answer}" "$2"; shift; done
        echo '{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":1}}'
    """)  # noqa: E501
    harness.environment["AGENT_MODEL"] = "gpt-not-for-you"


@fault("provider_rate_limited", "wait-rate-limit")
def status_429_that_clears(harness: Harness) -> None:
    harness.remote("flaky1-429rate")


@fault("provider_quota_exhausted")
def status_429_out_of_quota(harness: Harness) -> None:
    harness.remote("429quota")


@fault("provider_quota_exhausted", "fall-back-provider", every_time=True)
def out_of_quota_with_another_provider_to_fall_back_on(harness: Harness) -> None:
    harness.remote("429quota", AGENT_FALLBACK_PROVIDERS="internal")


@fault("provider_overloaded", "back-off")
def status_503_that_clears(harness: Harness) -> None:
    harness.remote("flaky1-503")


@fault("provider_overloaded")
def status_500_that_stays(harness: Harness) -> None:
    harness.remote("500")


@fault("provider_timeout")
def a_server_that_hangs(harness: Harness) -> None:
    harness.remote("hang", AGENT_TIMEOUT_SECONDS="1", AGENT_FALLBACK_PROVIDERS="internal")


@fault("provider_refusal")
def a_refusal(harness: Harness) -> None:
    harness.remote("refusal", AGENT_FALLBACK_PROVIDERS="internal")


@fault("output_schema_rejected")
def a_schema_that_is_rejected(harness: Harness) -> None:
    harness.remote("400schema", AGENT_FALLBACK_PROVIDERS="internal")


@fault("context_window_exceeded")
def a_prompt_that_is_too_long(harness: Harness) -> None:
    harness.remote("400ctx")


@fault("network_unreachable")
def a_port_that_refuses(harness: Harness) -> None:
    harness.remote("ok", OPENAI_BASE_URL="http://127.0.0.1:9/v1")


@fault("network_unreachable")
def a_name_that_does_not_resolve(harness: Harness) -> None:
    harness.remote("ok", OPENAI_BASE_URL="https://api.nowhere.invalid/v1")


@fault("tls_failure")
def a_certificate_that_nobody_vouches_for(harness: Harness) -> None:
    harness.remote("ok", OPENAI_BASE_URL=harness.environment["TLS_URL"])


@fault("coding_agent_not_found", every_time=True)
def a_codex_that_is_not_there(harness: Harness) -> None:
    harness.environment |= {"AGENT_PROVIDER": "codex_exec", "CODING_AGENT_CMD": "/no/such/codex"}


@fault("coding_agent_not_found", "switch-provider", unsafe=True)
def a_codex_that_is_not_there_and_consent(harness: Harness) -> None:
    harness.environment |= {"AGENT_PROVIDER": "codex_exec", "CODING_AGENT_CMD": "/no/such/codex"}


@fault("provider_timeout")
def a_codex_that_hangs(harness: Harness) -> None:
    harness.codex("""
        case "$*" in *--help*|*--version*) echo codex-cli 0.169.0; exit 0;; esac
        trap '' TERM
        while :; do sleep 60; done
    """)
    harness.environment["AGENT_TIMEOUT_SECONDS"] = "1"


@fault("coding_agent_misconfigured")
def a_codex_that_does_not_know_a_flag(harness: Harness) -> None:
    harness.environment |= {
        "AGENT_PROVIDER": "codex_exec",
        **codex_home(harness.folder / "home", harness.server.url("ok")),
        "LOCAL_KEY": SECRET,
    }
    harness.environment["CODING_AGENT_CMD"] += " --no-such-flag"


# ---------------------------------------------------------------------------------- workspace and environment


@fault("workspace_locked", "wait-for-lock")
def a_lock_that_is_let_go(harness: Harness) -> None:
    release = hold(harness)
    watcher = subprocess.Popen(
        [sys.executable, "-c", _WATCH, str(harness.run), str(release.pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    harness.after.append(lambda: end(watcher))


@fault("workspace_locked")
def a_lock_that_is_held(harness: Harness) -> None:
    hold(harness)


@fault("stage_conflict")
def a_topic_spec_with_conflict_markers(harness: Harness) -> None:
    (harness.run / "inputs/topic_spec.json").write_text(
        '<<<<<<< HEAD\n{"goal": "x"}\n=======\n{}\n>>>>>>> other\n'
    )
    harness.arguments = []


@fault("disk_full")
def a_disk_without_room(harness: Harness) -> None:
    mount(harness, harness.folder / "runs", "48k")


@fault("permission_denied")
def a_runs_dir_of_somebody_else(harness: Harness) -> None:
    as_nobody(harness)
    for path in [harness.run.parent, harness.run, *harness.run.rglob("*")]:
        os.chown(path, 0, 0)
        # runs are private: whom a run is shared with may read it
        path.chmod(0o755 if path.is_dir() else 0o644)


@fault("out_of_memory")
def too_little_memory(harness: Harness) -> None:
    harness.prefix = [sys.executable, "-c", _LESS_MEMORY]
    big = harness.folder / "big.md"
    big.write_text("# Big\n\n" + "\n".join(f"## Concept {n}\n\n{'Word ' * 300}\n" for n in range(4000)))
    harness.arguments = ["--scope-file", "big.md"]


FAULTS = sorted((f for f in list(globals().values()) if isinstance(f, Fault)), key=lambda f: f.name)

#: Ends the holder of the lock once the run has a failure record.
_WATCH = f"""
import os, pathlib, signal, sys
records = pathlib.Path(sys.argv[1]) / {FAILURES!r}
while not (records.is_dir() and any(records.iterdir())):
    os.sched_yield()
os.kill(int(sys.argv[2]), signal.SIGKILL)
"""
_HOLD = """
import pathlib, signal, sys
from dagogy.workspace.lock import locked
with locked(pathlib.Path(sys.argv[1]), "dagogy plan"):
    print(flush=True)
    signal.pause()
"""
#: The rest of the command line under a limit of the address space.
_LESS_MEMORY = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_AS, (125 * 2**20,) * 2); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def hold(harness: Harness) -> subprocess.Popen[bytes]:
    """A process that holds the run's lock."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(harness.run)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    harness.after.append(lambda: end(holder))
    return holder


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def mount(harness: Harness, folder: Path, size: str) -> None:
    """A small disk in place of `folder`, with what was in it."""
    kept = folder.with_name("kept")
    folder.rename(kept)
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting is not allowed here")
    harness.after.append(lambda: subprocess.run(["umount", folder], check=True))
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    harness.environment["ORCHESTRATION_ARCHIVE_DIR"] = str(harness.folder / "archives")


def as_nobody(harness: Harness) -> None:
    """The command is somebody else's, who may read and walk everything."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else, and that takes setpriv")
    harness.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    harness.environment["ORCHESTRATION_ARCHIVE_DIR"] = str(harness.folder / "archives")
    (harness.folder / "archives").mkdir()
    os.chown(harness.folder / "archives", NOBODY, NOBODY)
    for folder in (harness.folder, *harness.folder.parents):
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o055)


@pytest.fixture
def harness(
    tmp_path: Path, good_faulty: Faulty, faulty_tls: Faulty, good_curriculum: Any
) -> Iterator[Harness]:
    folder = tmp_path / "work"
    folder.mkdir()
    put(folder / "answer.json", good_curriculum)
    shutil.copy(SCOPE, folder / "notes.md")
    made = Harness(folder, good_faulty, {"TLS_URL": faulty_tls.url("ok")}, ["--scope-file", "notes.md"])
    assert made.dagogy("init", "course").returncode == 0
    yield made
    for undo in reversed(made.after):
        undo()


def inputs_of(harness: Harness) -> dict[str, str]:
    """What the user gave, wherever a recovery may have put it, by content."""
    paths = [
        *harness.folder.glob("*.md"),
        *(harness.folder / "runs").glob("2*/inputs/*"),
        *(harness.folder / "runs").glob("2*/logs/kept/*"),
    ]
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in paths if path.is_file()}


@pytest.mark.parametrize(
    "case", [pytest.param(f, id=f.name, marks=() if f.every_time else pytest.mark.slow) for f in FAULTS]
)
def test_a_fault_is_recovered_from_or_leaves_with_its_evidence(case: Fault, harness: Harness) -> None:
    template = set(inputs_of(harness)) - {hashlib.sha256(SCOPE.read_bytes()).hexdigest()}
    case.break_it(harness)
    # A spec that is still the template's is nobody's input: where there is a document, one is made from it.
    before, mark = set(inputs_of(harness)) - template, {"DAGOGY_TEST_MARK": str(harness.folder)}
    unsafe = ["--unsafe"] if case.unsafe else []
    # A failure that stays must not be waited for longer than it takes to see that it does.
    limit = [] if case.helped else ["--heal-seconds", "4"]
    done = harness.dagogy(
        "run", "course", *harness.arguments, "--self-heal", *unsafe, *limit, "--json", **mark
    )
    document = json.loads(done.stdout)
    healing = document["healing"]
    first = first_incident(harness, healing)
    helped = [
        step["action"] for step in healing["steps"] if step["retry"] and step["retry"]["exit_status"] == 0
    ]
    row = {
        "fault": case.name,
        "incident": first,
        "actions": [f"{s['action']}: {s['outcome']}" for s in healing["steps"]],
        "helped": helped[0] if helped else "",
        "exit_status": done.returncode,
        "outcome": "resolved" if healing["resolved"] else "bundle" if document.get("bundle") else "neither",
        "inputs_kept": before <= set(inputs_of(harness)),
        "left": none_left(mark),
        "secret": SECRET in done.stdout + done.stderr,
    }
    TABLE.mkdir(parents=True, exist_ok=True)
    (TABLE / f"{case.name}.json").write_text(json.dumps(row, indent=2))
    assert "Traceback" not in done.stderr
    assert (first, row["helped"], row["outcome"]) == (
        case.incident,
        case.helped,
        "resolved" if case.helped else "bundle",
    ), done.stdout + done.stderr
    assert (done.returncode == 0) == bool(case.helped), done.stderr
    assert row["inputs_kept"], row
    assert row["left"] == []
    assert not row["secret"]
    if document.get("bundle"):
        assert Path(document["bundle"]).is_file()


def first_incident(harness: Harness, healing: dict[str, Any]) -> str:
    """What the first failure was taken for: the log says so, and where none can
    be written, the last verdict.
    """
    for run in sorted((harness.folder / "runs").glob("2*-course")):
        if (run / EVENTS).is_file():
            for line in (run / EVENTS).read_text().splitlines():
                if json.loads(line)["event"] == "recovery_started":
                    return str(json.loads(line)["incident"])
    return str(healing["diagnosis"]["incident"])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_was_ended_from_outside_is_taken_up_again_by_recover(
    number: int, harness: Harness
) -> None:
    harness.remote("hang")
    command = [sys.executable, "-m", "dagogy", "run", "course", "--scope-file", "notes.md"]
    process = subprocess.Popen(
        command,
        cwd=harness.folder,
        env=clean_environment(**harness.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not harness.server.questions:
        os.sched_yield()
    process.send_signal(number)
    process.communicate()
    harness.remote("ok")
    document = json.loads(harness.dagogy("diagnose", "course", "--json").stdout)
    assert (
        document["incident"] == "interrupted"
        if number != signal.SIGKILL
        else document["incident"] in ("interrupted", "unknown")
    )
    done = harness.dagogy("recover", "course", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(harness.dagogy("status", "course", "--json").stdout)["stage"] == "iterated"
