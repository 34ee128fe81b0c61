"""The forms in which programs print an error: what dresses it up, or stands beside it, does not change what
it is.
"""

from __future__ import annotations

from functools import cache

import pytest
from dagogy.api.failures import Failure, FailureEvidence
from dagogy.host.manager import Host, Selection
from dagogy.incidents.diagnose import Verdict, diagnose
from dagogy.incidents.parsing import from_text

FRAME = '  File "{}", line 41, in {}\n    return json.loads(text)\n'
DECODER = (
    '  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode\n'
    '    raise JSONDecodeError("Expecting value", s, err.value) from None\n'
)
NO_VALUE = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"


@cache
def host() -> Host:
    return Host(Selection(third_party=False))


def verdict(text: str, code: str = "1") -> Verdict:
    return diagnose(host(), from_text(text, code))


def traceback(file: str, function: str, error: str) -> str:
    return "Traceback (most recent call last):\n" + FRAME.format(file, function) + DECODER + error


DRESSED = {
    "[ERROR] httpx.ReadTimeout: The read operation timed out": "provider_timeout",
    "[ERROR] ReadTimeout: The read operation timed out": "provider_timeout",
    "ERROR:root:httpx.ConnectError: All connection attempts failed": "network_unreachable",
    "ERROR:shop.client:ConnectError: All connection attempts failed": "network_unreachable",
    "2026-03-01 10:00:00,123 - client - ERROR - ConnectError: All connection attempts failed": (
        "network_unreachable"
    ),
    "2026-03-01 10:00:00.123 | ERROR    | shop.client:ask:73 - ConnectError: no route": "network_unreachable",
    " 45%|████▌     | 45/100 [00:12<00:15,  3.62it/s]httpx.ConnectError: no route": "network_unreachable",
    "Batches: 45%|██▌  | 45/100 [00:12<00:15, 3.62it/s]\rhttpx.ReadTimeout: timed out": "provider_timeout",
    "Request failed (httpx.ConnectError) All connection attempts failed": "network_unreachable",
    "(sqlite3.OperationalError) database is locked\n[SQL: INSERT INTO answers]": "workspace_locked",
    "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) database is locked": "workspace_locked",
    "╭──── Error ────╮\n│ httpx.ConnectError: All connection │\n│ attempts failed │\n╰───────────────╯": (
        "network_unreachable"
    ),
    "┃ httpx.ReadTimeout: The read operation timed out ┃": "provider_timeout",
    "stderr: b'httpx.ConnectError: All connection attempts failed\\n'": "network_unreachable",
    'output: b"Traceback (most recent call last):\\n  File \\"x.py\\", line 3\\nhttpx.ReadTimeout: x\\n"': (
        "provider_timeout"
    ),
}


@pytest.mark.parametrize("text", DRESSED)
def test_an_error_is_known_behind_what_dresses_it_up(text: str) -> None:
    found = verdict(text)
    assert (found.outcome, found.incident_id) == ("diagnosed", DRESSED[text])


def test_the_frames_in_the_box_of_a_traceback_are_frames() -> None:
    text = (
        "╭─── Traceback (most recent call last) ───╮\n"
        "│ /srv/shop/ask.py:12 in main              │\n"
        "│ ❱ 12     raise RateLimitError: too many  │\n"
        "╰──────────────────────────────────────────╯\n"
        "ReadTimeout: The read operation timed out"
    )
    assert [c.exception for c in FailureEvidence(Failure(text=text)).clues if c.exception] == ["ReadTimeout"]
    assert verdict(text).incident_id == "provider_timeout"


def test_the_bytes_of_a_header_stay_as_they_are_quoted() -> None:
    text = "httpcore.LocalProtocolError: Illegal header value b'Bearer one two '"
    assert verdict(text).incident_id == "provider_auth_failed"


@pytest.mark.parametrize(
    ("text", "incident"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk_full",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/usr/lib/x'",
            "permission_denied",
        ),
        ("fatal: cannot mkdir /mnt/r: Read-only file system", "permission_denied"),
        ('rsync: [receiver] mkstemp "/mnt/x" failed: Read-only file system (30)', "permission_denied"),
        ("npm error code EACCES\nnpm error EACCES: open '/srv/package-lock.json'", "permission_denied"),
        ("remote: error: unable to write file: No space left on device", "unknown"),
        ("npm ERR! code ENOSPC\nnpm ERR! nospc ENOSPC: no space left on device, write", "disk_full"),
        (
            "npm error code EROFS\nnpm error rofs EROFS: read-only file system, open '/mnt/p'",
            "permission_denied",
        ),
        # What another program cannot reach is no concern of ours.
        ("npm error code ECONNREFUSED\nnpm error connect ECONNREFUSED 127.0.0.1:4873", "unknown"),
        ("npm error code ENOENT\nnpm error enoent Could not read package.json", "unknown"),
        ("fatal: Unable to create '/srv/x/.git/index.lock': File exists.", "unknown"),
    ],
)
def test_a_fault_of_the_machine_is_one_whichever_program_says_it(text: str, incident: str) -> None:
    assert verdict(text).told == incident


@pytest.mark.parametrize(
    "text",
    [
        "error: Tunnel connection failed: 403 Forbidden",
        "Connection failed: Tunnel connection failed: 407 Proxy Authentication Required",
        "httpcore.ProxyError: 403 Forbidden",
    ],
)
def test_a_tunnel_that_fails_is_the_proxys(text: str) -> None:
    assert verdict(text).incident_id == "proxy_misconfigured"


def test_a_connection_that_fails_is_the_networks() -> None:
    assert verdict("ERROR: Connection failed: error sending request").incident_id == "network_unreachable"


@pytest.mark.parametrize(
    ("text", "incident"),
    [
        ("ResourceExhausted: 429 Resource exhausted. Please try again later.", "provider_rate_limited"),
        (
            "google.api_core.exceptions.ResourceExhausted: 429 Resource has been exhausted",
            "provider_rate_limited",
        ),
        ("ServiceUnavailable: 503 The service is not there", "provider_overloaded"),
        ("<html>\n<head><title>403 Forbidden</title></head>\n<body></body></html>", "provider_auth_failed"),
        (
            "<html><head><title>llm.example | 522: Connection timed out</title></head></html>",
            "provider_overloaded",
        ),
    ],
)
def test_a_status_is_read_where_a_message_or_a_page_has_it(text: str, incident: str) -> None:
    found = verdict(text)
    assert (found.outcome, found.incident_id) == ("diagnosed", incident)


@pytest.mark.parametrize(
    ("file", "function"),
    [
        ("/srv/site-packages/langchain_core/output_parsers/json.py", "parse_result"),
        ("/srv/shop/llm/client.py", "complete"),
        ("/srv/shop/llm_client.py", "complete"),
    ],
)
def test_the_frames_of_a_traceback_say_whose_answer_it_was(file: str, function: str) -> None:
    found = verdict(traceback(file, function, NO_VALUE))
    assert (found.outcome, found.incident_id) == ("diagnosed", "provider_output_not_json")
    cut = "json.decoder.JSONDecodeError: Unterminated string starting at: line 1 column 800 (char 799)"
    assert verdict(traceback(file, function, cut)).incident_id == "provider_output_truncated"


def test_frames_of_others_say_nothing_of_a_model() -> None:
    assert verdict(traceback("/srv/weather/station.py", "fetch", NO_VALUE)).outcome != "diagnosed"


@pytest.mark.parametrize(
    ("text", "incident"),
    [
        ("stage_conflict: run 20260101-000000-x is initialized", "stage_conflict"),
        ("ERROR: stage_conflict: plan needs a validated curriculum", "stage_conflict"),
        ("StageConflictError: run 20260101-000000-x is initialized", "stage_conflict"),
        ("dagogy.api.errors.StageConflict: plan needs validated", "stage_conflict"),
        ("ValidationFailedError: 3 errors in curriculum.json", "validation_failure"),
        ("locked: run 20260101-000000-x is in use by process 4711", "workspace_locked"),
    ],
)
def test_our_own_codes_are_known_in_each_form(text: str, incident: str) -> None:
    found = verdict(text)
    assert (found.best[0].diagnosis.rank.name, found.incident_id) == ("TYPED_CODE", incident)


@pytest.mark.parametrize(
    ("text", "incident"),
    [
        (
            "FileExistsError: [Errno 17] File exists: '/srv/runs/20260101-000000-x/run.lock'",
            "workspace_locked",
        ),
        ("Error: EEXIST: file already exists, open '/home/u/.agent/session.lock'", "workspace_locked"),
        ("FileExistsError: [Errno 17] File exists: '/srv/data/out'", "unknown"),
        ("FileExistsError: [Errno 17] File exists: '/srv/x/.git/index.lock'", "unknown"),
        (
            "networkx.exception.NetworkXUnfeasible: Graph contains a cycle or graph changed",
            "validation_failure",
        ),
        (
            "graphlib.CycleError: ('nodes are in a cycle', ['loops', 'functions', 'loops'])",
            "validation_failure",
        ),
        ("chmod: changing permissions of 'runs/a': Read-only file system", "permission_denied"),
        ("chown: changing ownership of 'runs/a': Operation not permitted", "permission_denied"),
        ("tee: outputs/report.md: Permission denied", "permission_denied"),
    ],
)
def test_locks_cycles_and_tools_on_files(text: str, incident: str) -> None:
    assert verdict(text).told == incident
