"""The built-in probes, each against the real thing: programs, sockets, a web
server, certificates, disks, locks.
"""

from __future__ import annotations

import http.server
import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dagogy.api import ProbeInfo
from dagogy.api.failures import Failure
from dagogy.api.probes import ProbeResult
from dagogy.host.manager import Host
from dagogy.testing import FakeProbeContext, check_probe
from dagogy.workspace.lock import locked
from support import forked, in_tmpfs, put, remount_read_only

KEY = "sk-canary0123456789abcdef"
HOST = Host()


def found(
    probe_id: str, failure: Any, runs: Path, run: Path | None = None, **settings: str
) -> list[ProbeResult]:
    """What a built-in probe finds, checked for what every probe promises."""
    plugin = HOST.get("probe", probe_id)
    info: ProbeInfo = plugin.info
    runs.mkdir(parents=True, exist_ok=True)
    return check_probe(
        HOST.implementation(plugin), info, failure, FakeProbeContext(runs, run=run, settings=settings)
    )


def script(path: Path, text: str) -> Path:
    put(path, text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# --- the coding agent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "state", "confirms", "refutes", "expected"),
    [
        (
            "#!/bin/sh\necho codex-cli 0.169.0\n",
            "ok",
            (),
            ("coding_agent_not_found",),
            "answers --version: codex-cli 0.169.0",
        ),
        (
            "#!/usr/bin/env nodejs-of-nowhere\n",
            "bad",
            ("coding_agent_not_found",),
            (),
            "needs nodejs-of-nowhere, which is not there",
        ),
        ("#!/bin/sh\necho broken >&2\nexit 3\n", "bad", (), (), "broken (exit status 3)"),
        ("#!/bin/sh\nexit 127\n", "bad", ("coding_agent_not_found",), (), "exit status 127"),
        ("\x7fELF but not really", "bad", ("coding_agent_not_found",), (), "Exec format error"),
    ],
)
def test_a_coding_agent_is_started_with_version(
    tmp_path: Path, body: str, state: str, confirms: Any, refutes: Any, expected: str
) -> None:
    agent = script(tmp_path / "bin/codex", body)
    (look,) = found("coding-agent.command", Failure(), tmp_path / "runs", CODING_AGENT_CMD=f"{agent} --flag")
    assert (look.state, look.confirms, look.refutes) == (state, confirms, refutes), look
    assert expected in look.message


def test_a_coding_agent_that_is_nowhere_or_not_executable_is_distinguished(tmp_path: Path) -> None:
    put(tmp_path / "plain", "#!/bin/sh\n")
    for command, message in (
        ("codex-of-nowhere", "is not on the PATH"),
        (str(tmp_path / "plain"), "is there, but not executable"),
        ("'open", "quotation"),
    ):
        (look,) = found("coding-agent.command", Failure(), tmp_path / "runs", CODING_AGENT_CMD=command)
        assert look.confirms == ("coding_agent_not_found",)
        assert message in look.message


def test_a_coding_agent_that_hangs_settles_nothing(tmp_path: Path) -> None:
    from dagogy_incident_coding_agent import probes

    agent = script(tmp_path / "codex", "#!/bin/sh\nsleep 1000\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "_ANSWER_SECONDS", 0.2)
        (look,) = found("coding-agent.command", Failure(), tmp_path / "runs", CODING_AGENT_CMD=str(agent))
    assert (look.state, look.confirms, look.refutes) == ("unknown", (), ())


@pytest.mark.parametrize(
    ("body", "confirms", "refutes"),
    [
        ('[ "$*" = "sandbox true" ]', (), ("coding_agent_sandbox",)),
        (
            """[ "$*" = "sandbox linux true" ] || { echo "unrecognized subcommand 'true'" >&2; exit 2; }""",
            (),
            ("coding_agent_sandbox",),
        ),
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", ("coding_agent_sandbox",), ()),
        ("echo 'no login' >&2; exit 1", (), ()),
    ],
)
def test_the_sandbox_is_tried_alone(tmp_path: Path, body: str, confirms: Any, refutes: Any) -> None:
    agent = script(tmp_path / "codex", f"#!/bin/sh\n{body}\n")
    (look,) = found("coding-agent.sandbox", Failure(), tmp_path / "runs", CODING_AGENT_CMD=str(agent))
    assert (look.confirms, look.refutes) == (confirms, refutes), look


# --- the way to the provider --------------------------------------------------------------------------------


@contextmanager
def serving(
    answer: tuple[int, str, bytes],
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[tuple[str, list[Any]]]:
    """A web server on this machine that answers everything alike; its address, and what it was asked."""
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            status, kind, body = answer
            self.send_response(status)
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                **(headers or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}/v1", asked
        server.shutdown()
        thread.join()


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


MODELS = json.dumps({"object": "list", "data": [{"id": "gpt-a"}, {"id": "gpt-b"}]}).encode()
REMOTE = Failure(provider="remote_llm")


def test_a_list_of_models_is_well_and_the_key_goes_in_the_header_alone(tmp_path: Path) -> None:
    with serving((200, "application/json", MODELS)) as (url, asked):
        looks = found(
            "remote-llm.models",
            REMOTE,
            tmp_path,
            OPENAI_BASE_URL=f"{url}/",
            OPENAI_API_KEY=KEY,
            AGENT_MODEL="gpt-b",
        )
    assert [(look.state, look.confirms, look.refutes) for look in looks] == [("ok", (), ())]
    assert "2 models, 'gpt-b' among them" in looks[0].message
    assert asked == [("/v1/models", f"Bearer {KEY}")]


@pytest.mark.parametrize(
    ("answer", "state", "confirms"),
    [
        ((200, "text/html", b"<html>"), "bad", ("openai_base_url_invalid",)),
        ((404, "text/html; charset=utf-8", b"<html>"), "bad", ("openai_base_url_invalid",)),
        ((502, "text/html", b"<html>"), "bad", ("provider_overloaded",)),
        ((200, "application/json", b"{}"), "bad", ("openai_base_url_invalid",)),
        ((200, "application/json", b"{"), "bad", ("openai_base_url_invalid",)),
        ((401, "application/json", b"{}"), "bad", ("provider_auth_failed",)),
        ((404, "application/json", b"{}"), "unknown", ()),
        ((429, "application/json", b"{}"), "unknown", ()),
        ((503, "application/json", b"{}"), "bad", ("provider_overloaded",)),
        ((200, "application/json", b'{"data": [{"id": "other"}]}'), "bad", ("model_unavailable",)),
    ],
)
def test_what_the_api_answers_is_reported_by_status_and_type(
    tmp_path: Path, answer: Any, state: str, confirms: Any
) -> None:
    with serving(answer) as (url, _):
        (look,) = found(
            "remote-llm.models",
            REMOTE,
            tmp_path,
            OPENAI_BASE_URL=url,
            OPENAI_API_KEY=KEY,
            AGENT_MODEL="gpt-b",
        )
    assert (look.state, look.confirms) == (state, confirms), look
    assert f"status {answer[0]}" in look.message


def test_a_redirect_is_not_followed_so_that_the_key_stays_at_its_host(tmp_path: Path) -> None:
    with (
        serving((200, "application/json", MODELS)) as (other, asked_there),
        serving((307, "text/plain", b""), {"Location": other}) as (url, asked),
    ):
        (look,) = found("remote-llm.models", REMOTE, tmp_path, OPENAI_BASE_URL=url, OPENAI_API_KEY=KEY)
    assert (look.state, len(asked), asked_there) == ("unknown", 1, [])
    assert look.message == f"status 307, a redirect to {other}, which is not followed"


def test_no_key_goes_over_a_connection_without_tls_to_another_machine() -> None:
    from urllib.parse import urlsplit

    from dagogy_incident_remote_llm_config.probes import key_for

    context = FakeProbeContext(Path(), settings={"OPENAI_API_KEY": KEY})
    wanted = {
        "https://api.x.test/v1": KEY,
        "http://127.0.0.1:1/v1": KEY,
        "http://localhost/v1": KEY,
        "http://api.x.test/v1": "",
    }
    assert {url: key_for(urlsplit(url), context) for url in wanted} == wanted


@pytest.mark.parametrize(
    "url",
    ["api.x.test/v1", "https:///v1", "https://a b/v1", "https://x:99999/v1", "ftp://x/v1", "http://[::1/v1"],
)
def test_a_malformed_address_is_reported_without_asking_anybody(tmp_path: Path, url: str) -> None:
    (look,) = found("remote-llm.models", REMOTE, tmp_path, OPENAI_BASE_URL=url)
    assert (look.state, look.confirms) == ("bad", ("openai_base_url_invalid",))


def test_a_clock_that_is_off_is_reported(tmp_path: Path) -> None:
    with serving((200, "application/json", MODELS), {"Date": "Mon, 01 Jan 2001 00:00:00 GMT"}) as (url, _):
        looks = found("remote-llm.models", REMOTE, tmp_path, OPENAI_BASE_URL=url)
    # The server sends its own Date first; only one that is off counts.
    assert [look.subject for look in looks] in (
        ["GET " + url + "/models"],
        ["GET " + url + "/models", "clock"],
    )
    from dagogy_incident_remote_llm_config.probes import clock_off

    assert clock_off("Mon, 01 Jan 2001 00:00:00 GMT") > 1_000_000
    assert clock_off("nonsense") == 0


def test_a_port_that_refuses_is_a_network_out_of_reach_and_a_local_one_a_gateway_to_start(
    tmp_path: Path,
) -> None:
    looks = found(
        "network.connection", REMOTE, tmp_path, OPENAI_BASE_URL=f"http://127.0.0.1:{closed_port()}/v1"
    )
    assert [(look.subject.split()[0], look.state, look.confirms) for look in looks] == [
        ("DNS", "ok", ()),
        ("TCP", "bad", ("network_unreachable",)),
    ]
    assert "Connection refused; it is this machine's: start your gateway" in looks[1].message


def test_a_name_that_does_not_resolve_is_a_network_out_of_reach(tmp_path: Path) -> None:
    (look,) = found(
        "network.connection", REMOTE, tmp_path, OPENAI_BASE_URL="https://does-not-exist.invalid/v1"
    )
    assert look.subject in ("DNS does-not-exist.invalid", "network.connection")
    if look.subject.startswith("DNS"):
        assert look.confirms == ("network_unreachable",)


def test_a_port_that_answers_confirms_nothing_and_refutes_nothing(tmp_path: Path) -> None:
    with serving((200, "text/plain", b"")) as (url, asked):
        looks = found("network.connection", REMOTE, tmp_path, OPENAI_BASE_URL=url)
    assert [(look.state, look.confirms, look.refutes) for look in looks] == [("ok", (), ())] * 2
    assert asked == []


def test_a_certificate_that_is_not_trusted_is_reported_with_its_issuer_and_the_clock(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        "2",
    ]
    subprocess.run(
        [
            *map(str, command),
            "-subj",
            "/O=House of Mirrors/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving((200, "text/plain", b""), context=context) as (url, _):
        looks = found("network.connection", REMOTE, tmp_path / "runs", OPENAI_BASE_URL=url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(certificate))
            trusted = found("network.connection", REMOTE, tmp_path / "runs", OPENAI_BASE_URL=url)
    assert (looks[2].state, looks[2].confirms) == ("bad", ("tls_failure",))
    assert "issuer House of Mirrors / 127.0.0.1" in looks[2].message
    assert "the clock here shows" in looks[2].message
    assert (trusted[2].state, trusted[2].confirms, trusted[2].refutes) == ("ok", (), ())


def test_who_asks_nobody_has_no_connection_to_look_at(tmp_path: Path) -> None:
    for probe in (
        "coding-agent.command",
        "coding-agent.sandbox",
        "network.connection",
        "remote-llm.models",
        "remote-llm.key",
    ):
        assert found(probe, Failure(provider="internal"), tmp_path) == []


def test_proxies_are_shown_without_their_credentials(tmp_path: Path) -> None:
    with serving((200, "text/plain", b"")) as (url, _):
        port = url.split(":")[2].split("/")[0]
        looks = found(
            "network.proxy",
            Failure(),
            tmp_path,
            HTTPS_PROXY=f"http://me:{KEY}@127.0.0.1:{port}",
            http_proxy="socks9://nowhere",
            NO_PROXY="a.test",
        )
    states = {look.subject: (look.state, look.confirms) for look in looks}
    assert states == {"HTTPS_PROXY": ("ok", ()), "http_proxy": ("bad", ("proxy_misconfigured",))}
    assert f"http://127.0.0.1:{port} (with user and password); NO_PROXY a.test" in looks[0].message
    (refused,) = found("network.proxy", Failure(), tmp_path, ALL_PROXY=f"http://127.0.0.1:{closed_port()}")
    assert refused.confirms == ("proxy_misconfigured",)
    assert found("network.proxy", Failure(), tmp_path)[0].message == "none is set"


@pytest.mark.parametrize(
    ("key", "base", "confirms", "expected"),
    [
        (KEY, "", (), "of a shape that fits api.openai.com"),
        (f"{KEY}\n", "", ("provider_auth_failed",), "white space or a line end around it"),
        ("sk-ключ0123456789", "", ("provider_auth_failed",), "characters outside ASCII"),
        (
            "sk-or-v1-0123456789abcdef",
            "",
            ("provider_auth_failed",),
            "like a key for openrouter.ai, and requests go to api.openai.com",
        ),
        ("sk-or-v1-0123456789abcdef", "https://openrouter.ai/api/v1", (), "fits openrouter.ai"),
        ("sk-proj-0123456789abcdef", "http://127.0.0.1:4000/v1", (), "fits 127.0.0.1"),
        ("Bearer sk-0123456789abcdef", "", ("provider_auth_failed",), "begins with 'Bearer'"),
        ("<your key>", "", ("provider_auth_failed",), "placeholder"),
        ("", "", ("openai_api_key_missing",), "set, but empty"),
    ],
)
def test_of_a_key_only_the_shape_is_reported(
    tmp_path: Path, key: str, base: str, confirms: Any, expected: str
) -> None:
    (look,) = found("remote-llm.key", REMOTE, tmp_path, OPENAI_API_KEY=key, OPENAI_BASE_URL=base)
    assert look.confirms == confirms
    assert expected in look.message
    assert look.refutes == (("openai_api_key_missing",) if key.strip() else ())


def test_the_key_that_a_failure_asks_for_by_name_is_the_one_looked_at(tmp_path: Path) -> None:
    (look,) = found(
        "remote-llm.key",
        Failure(message="Missing environment variable: `HOUSE_API_KEY`."),
        tmp_path,
        OPENAI_API_KEY=KEY,
    )
    assert (look.subject, look.message, look.confirms) == (
        "HOUSE_API_KEY",
        "not set",
        ("openai_api_key_missing",),
    )


# --- the workspace ------------------------------------------------------------------------------------------


def test_a_full_disk_and_one_without_inodes_are_reported(tmp_path: Path) -> None:
    def inside(disk: Path) -> None:
        look = found("workspace.disk", Failure(), disk / "runs", TMPDIR=str(disk))[0]
        assert (look.state, look.confirms) == ("ok", ()), look
        (disk / "fill").write_bytes(b"x" * (4 * 2**20 - 200_000))
        full = found("workspace.disk", Failure(), disk / "runs", TMPDIR=str(disk))
        assert [(f.state, f.confirms) for f in full] == [("bad", ("disk_full",))], full

    in_tmpfs("4m", tmp_path, inside)


def test_a_disk_that_is_mounted_read_only_is_reported(tmp_path: Path) -> None:
    def inside(disk: Path) -> None:
        run = disk / "runs/20260131-120000"
        run.mkdir(parents=True)
        remount_read_only(disk)
        look = found("workspace.access", Failure(details={"path": str(run / "x.json")}), disk / "runs", run)[
            0
        ]
        assert (look.state, look.confirms) == ("bad", ("permission_denied",)), look
        assert "(ro)" in look.message

    in_tmpfs("1m", tmp_path, inside)


def test_a_folder_of_another_user_is_reported_with_owner_and_mode(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    place = Path(tempfile.mkdtemp(dir="/tmp"))  # the test's own folder is closed to others
    place.chmod(0o755)
    run = place / "20260131-120000"
    run.mkdir(mode=0o755)

    def child() -> int:
        os.setgroups([])
        os.setgid(65_534)
        os.setuid(65_534)
        (look,) = found(
            "workspace.access",
            Failure(message=f"cannot write '{run}/run.json': Permission denied"),
            place,
            run,
        )
        assert (look.state, look.confirms) == ("bad", ("permission_denied",)), look
        assert "owner root, mode 755" in look.message, look
        return 0

    done = forked(child, tmp_path)
    run.rmdir()
    place.rmdir()
    assert done.status == 0, done.err


def test_the_holder_of_a_lock_is_named_while_it_holds_it(tmp_path: Path) -> None:
    run = tmp_path / "20260131-120000"
    run.mkdir()
    code = "import sys; from pathlib import Path; from dagogy.workspace.lock import locked\n"
    code += "with locked(Path(sys.argv[1]), 'dagogy run x'): print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    (held,) = found("workspace.lock", Failure(), tmp_path, run)
    holder.communicate()
    (free,) = found("workspace.lock", Failure(), tmp_path, run)
    assert (held.state, held.confirms) == ("bad", ("workspace_locked",))
    assert f"process {holder.pid} ('dagogy run x'" in held.message
    assert "is alive" in held.message
    assert (free.state, free.confirms, free.refutes) == ("ok", (), ())
    with locked(run, "dagogy run y"):
        pass


def test_the_runs_like_the_one_that_is_missing_are_named_and_its_archive(tmp_path: Path) -> None:
    (tmp_path / "20260131-120000-linear-algebra").mkdir()
    put(tmp_path / "archives/20260101-120000-bread.tar.gz", b"x")
    near = found(
        "workspace.runs",
        Failure(message="no run 'linear-algebre'", details={"run": "linear-algebre"}),
        tmp_path,
    )
    assert near[0].confirms == ("artifact_missing",)
    assert "like it: 20260131-120000-linear-algebra" in near[0].message
    gone = found(
        "workspace.runs",
        Failure(command=("dagogy", "plan", "20260101-120000-bread"), message="no run"),
        tmp_path,
    )
    assert [look.subject.split()[0] for look in gone] == ["run", "archive"]
    assert "20260101-120000-bread.tar.gz" in gone[1].message


def test_a_file_that_is_missing_is_reported_with_the_folder_that_is_there(tmp_path: Path) -> None:
    run = tmp_path / "20260131-120000"
    run.mkdir()
    failure = Failure(
        command=("dagogy", "plan", run.name), details={"path": str(run / "inputs/topic_spec.json")}
    )
    (look,) = found("workspace.runs", failure, tmp_path, run)
    assert look.confirms == ("artifact_missing",)
    assert str(run) in look.message


# --- the machine --------------------------------------------------------------------------------------------


def test_the_python_that_runs_is_named_and_the_module_that_is_missing_is_looked_for(tmp_path: Path) -> None:
    looks = found(
        "environment.python",
        Failure(message="ModuleNotFoundError: No module named 'not_there_at_all'"),
        tmp_path,
    )
    assert sys.prefix in looks[0].message
    assert (looks[-1].subject, looks[-1].confirms) == (
        "module not_there_at_all",
        ("environment_incompatible",),
    )
    assert found("environment.python", Failure(message="No module named 'json'"), tmp_path)[-1].state == "ok"


def test_only_a_kernel_that_never_killed_refutes_and_only_a_silent_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagogy_incident_environment import probes

    record = tmp_path / "record.json"
    put(record, "{}")
    files = {"/proc/vmstat": "oom_kill 0\n", "/proc/stat": "btime 1000000000\n", "/proc/self/cgroup": ""}
    monkeypatch.setattr(probes, "_text", lambda path: files.get(str(path), ""))
    silent = Failure(signal=9, source=str(record))
    assert [look.refutes for look in found("environment.memory", silent, tmp_path)] == [("out_of_memory",)]
    assert [
        look.refutes
        for look in found("environment.memory", Failure(message="MemoryError", source=str(record)), tmp_path)
    ] == [()]
    files["/proc/stat"] = "btime 99999999999\n"
    assert [look.refutes for look in found("environment.memory", silent, tmp_path)] == [()]
    files["/proc/vmstat"] = "oom_kill 3\n"
    assert [
        (look.state, look.confirms, look.refutes) for look in found("environment.memory", silent, tmp_path)
    ] == [("unknown", (), ())]


def test_a_kill_that_a_cgroup_counted_confirms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagogy_incident_environment import probes

    group = tmp_path / "group"
    put(group / "memory.events", "low 0\noom 1\noom_kill 2\n")
    put(group / "memory.max", "1048576\n")
    monkeypatch.setattr(probes, "cgroups", lambda: [group])
    look = found("environment.memory", Failure(signal=9), tmp_path / "runs")[0]
    assert (look.confirms, look.message) == (("out_of_memory",), "oom_kill 2, limit 1048576")


@pytest.mark.parametrize("plugin", HOST.load("probe"), ids=lambda p: p.id)
def test_every_installed_probe_keeps_its_promises_on_this_machine_as_it_is(
    plugin: Any, tmp_path: Path
) -> None:
    run = tmp_path / "runs/20260131-120000"
    put(run / "run.json", "{}")
    settings = {
        "OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port()}/v1",
        "OPENAI_API_KEY": KEY,
        "CODING_AGENT_CMD": "true",
    }
    check_probe(
        HOST.implementation(plugin),
        plugin.info,
        REMOTE,
        FakeProbeContext(run.parent, run=run, settings=settings),
    )
