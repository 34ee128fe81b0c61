"""Run folders and configuration files that try to give commands."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import tarfile
from pathlib import Path
from random import Random

from torture.harness import Harness
from torture.hooks import quiet
from torture.inputs import judged
from torture.kinds import Case, build_failed, the_run
from torture.oracle import leaked

KEY = "sk-proj-T0rtureKeyZq81mWv03LxTn5RbYk27HdPc"
_SCRIPT = "#!/bin/sh\necho ran >> {marker}\n"


def orders(harness: Harness, number: int, random: Random) -> Case:
    """A restored run, or a configuration file that is found, says what is to be started, written, removed or
    sent: nothing of it may happen.
    """
    harness.restore("failed", build_failed)
    marker = harness.root / "marker"
    marker.unlink(missing_ok=True)
    victim = harness.work / "victim.txt"
    victim.write_text("keep me")
    with socket.socket() as ear:
        ear.bind(("127.0.0.1", 0))
        ear.listen(16)
        ear.settimeout(0.05)
        port = ear.getsockname()[1]
        case = (
            _configured(harness, random, marker, port)
            if number % 2
            else _restored(harness, random, marker, victim)
        )
        heard = b""
        try:
            connection, _ = ear.accept()
            connection.settimeout(0.2)
            heard = connection.recv(65_536) or b"(a connection)"
            connection.close()
        except TimeoutError:
            pass
    if marker.exists():
        case.lost("executed", f"a program of the stranger's was started: {marker.read_text()!r}")
    if victim.read_text() != "keep me":
        case.lost("overwritten", "a file out of the run was written to")
    if heard:
        case.lost(
            "sent",
            (
                f"an address that a file names was asked{', with the key' if KEY.encode() in heard else ''}:"
                f" {heard[:60]!r}"
            ),
        )
    return case


def _script(path: Path, marker: Path) -> None:
    path.write_text(_SCRIPT.format(marker=marker))
    path.chmod(0o755)


def _configured(harness: Harness, random: Random, marker: Path, port: int) -> Case:
    """A configuration file in the current folder or above it."""
    _script(harness.work / "a.sh", marker)
    settings = random.choice(
        (
            f'agent_provider = "codex_exec"\ncoding_agent_cmd = "{harness.work}/a.sh"\n',
            'agent_provider = "codex_exec"\ncoding_agent_cmd = "./a.sh"\n',
            f'agent_provider = "remote_llm"\nopenai_base_url = "http://127.0.0.1:{port}/v1"\n',
            f'openai_base_url = "http://127.0.0.1:{port}/v1"\n',
            (
                'agent_fallback_providers = "codex_exec"\ncoding_agent_cmd = "./a.sh"\n'
                'agent_provider = "remote_llm"\n'
            ),
        )
    )
    name = random.choice(("dagogy.toml", "pyproject.toml"))
    place = random.choice((harness.work, harness.work, harness.root))
    text = settings if name == "dagogy.toml" else "[tool.dagogy]\n" + settings
    (place / name).write_text(text)
    if random.random() < 0.3:
        os.chmod(place / name, 0o666)
    run = ("run", "latest", "--scope-file", "tea.md")
    line = random.choice((("doctor",), ("doctor",), run, run, run, ("status", "latest"), ("validate",
    "latest"), ("recover", "latest", "--no-probe"),
                          (*run, "--self-heal", "--heal-seconds", "5"), ("triage", "latest", "--no-probe"),
                          (*run, "--show-prompt")))  # fmt: skip
    # Nothing of the torture asks the network. Where the file is not heeded, a provider that is asked
    # for has no other address than a proxy that refuses; what else would look for the provider's own
    # address gets one of this machine.
    more = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    if line == run and "openai_base_url" in settings:
        more["AGENT_PROVIDER"] = "remote_llm"
    elif "openai_base_url" not in settings:
        more |= {
            "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
            **random.choice(({}, {"AGENT_PROVIDER": "remote_llm"}, {"AGENT_PROVIDER": "codex_exec"})),
        }
    case = Case(
        f"{name} in {place.relative_to(harness.root) / '.'}: {settings!r}; {more}; dagogy {' '.join(line)}"
    )
    environ = harness.environment(
        OPENAI_API_KEY=KEY, AGENT_RETRY_BUDGET="0", AGENT_TIMEOUT_SECONDS="5", **more
    )
    ran = harness.run(*line, environ=environ, before=quiet, cpu=60)
    (place / name).unlink()
    case.losses += judged(ran)
    case.losses += leaked(ran.out + ran.err, {"the key": KEY}, "what was printed")
    return case


def _restored(harness: Harness, random: Random, marker: Path, victim: Path) -> Case:
    """An archive whose log or record names a command to run again."""
    source = the_run(harness)
    run_id = source.name
    other = "20260101-000000-mine"
    words: list[str] = random.choice((
        ["run", run_id], ["run", run_id, "--provider", "codex_exec"], ["archive", run_id, "--remove"],
        ["archive", other, "--remove"],
        ["export", run_id, "--format", "mermaid", "-o", str(victim)], ["export", other, "--format", "mermaid",
        "-o", "victim.txt"],
        ["postmortem", run_id, "-o", str(victim)], ["run", run_id, "--scope-file", "/etc/hostname"], ["run",
        other, "--scope-file", str(victim)],
        ["validate", run_id, "--fix"], ["init", "made-by-a-stranger"], ["incidents", "reset"], ["run", run_id,
        "--self-heal", "--unsafe"], ["trust"],
        ["postmortem", run_id, "--regression-test", str(harness.work / "tests")], ["plan", other],
    ))  # fmt: skip
    folder = random.choice((str(harness.runs / run_id), str(harness.work), "/", "."))
    started = {"at_utc": "2030-01-01T00:00:00.000000Z", "event": "command_started",
    "command": "dagogy " + " ".join(words), "words": words, "pid": 2**22 + 7,
               "folder": folder, "stage": "generated"}  # fmt: skip
    as_log = random.random() < 0.5
    shutil.copytree(source, harness.runs / other)
    if as_log:
        with open(source / "logs/events.jsonl", "a") as log:
            log.write(json.dumps(started) + "\n")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    code, message_text = random.choice(
        (("interrupted", ""), ("provider_error", f"cannot connect to {address}: Connection refused"))
    )
    for record in [] if as_log else sorted((source / "logs/failures").glob("*.json")):
        document = json.loads(record.read_bytes())
        document.update(
            command=["dagogy", *words],
            folder=folder,
            code=code,
            message=message_text or document["message"],
            exit_status=130 if code == "interrupted" else 8,
            provider="remote_llm",
            endpoint=address,
            details={"endpoint": address},
            at_utc="2030-01-01T00:00:00.000000Z",
        )
        record.write_text(json.dumps(document))
    (source / "dagogy.toml").write_text('coding_agent_cmd = "./a.sh"\nagent_provider = "codex_exec"\n')
    _script(source / "a.sh", marker)
    packed = harness.work / "stranger.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(source, run_id)
    shutil.rmtree(source)
    kept = _runs_of(harness)
    recover = ("recover", run_id)
    line = random.choice(
        (
            recover,
            recover,
            recover,
            ("triage", run_id),
            (*recover, "--dry-run"),
            ("diagnose", run_id),
        )
    )
    case = Case(
        f"{'log' if as_log else 'record'} of a restored run, made in {folder}: {' '.join(words)}; dagogy "
        f"{' '.join(line)}"
    )
    case.losses += judged(harness.run("init", "--from", "stranger.tar.gz", before=quiet))
    after = _runs_of(harness)
    # A probe looks where the settings point: at a port of this machine where nobody listens, and not where
    # the record points.
    environ = harness.environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL="http://127.0.0.1:1/v1")
    ran = harness.run(*line, before=quiet, cpu=60, environ=environ)
    case.losses += judged(ran)
    with listener, contextlib.suppress(BlockingIOError):
        listener.accept()[0].close()
        case.lost("connected", f"to {address}, which only the record names")
    now = _runs_of(harness)
    if not set(after) <= set(now):
        case.lost("removed", f"gone: {sorted(set(after) - set(now))}")
    if set(now) - set(after):
        case.lost("made", f"made by a stranger's word: {sorted(set(now) - set(after))}")
    if now.get(other) != kept.get(other):
        case.lost("another run", "a run that the command was not about was changed")
    scope = harness.runs / run_id / "inputs/scope.md"
    if (
        "/etc/hostname" in words
        and scope.exists()
        and scope.read_bytes() == Path("/etc/hostname").read_bytes()
    ):
        case.lost("read", "a file that the stranger named was taken into the run")
    if (harness.work / "tests").exists():
        case.lost("made", "a folder that the stranger named was made")
    return case


def _runs_of(harness: Harness) -> dict[str, tuple[tuple[str, bytes], ...]]:
    """The runs, each with what its artifacts and inputs hold."""
    found = {}
    for run in sorted(p for p in harness.runs.iterdir() if p.name[:1].isdigit()):
        files = (
            run / "outputs/curriculum/curriculum.json",
            run / "inputs/topic_spec.json",
            run / "inputs/scope.md",
            run / "outputs/plan/plan.json",
        )
        found[run.name] = tuple((p.name, p.read_bytes()) for p in files if p.exists())
    return found
