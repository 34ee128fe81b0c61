"""Fixtures that start the test doubles, and the summary line that names the
tests whose doubles are missing.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from support import dagogy

from servers.doubles import AIMOCK, CODEX, LLMOCK, NEEDS_NPM, missing_from_npm, started
from servers.faulty import Faulty, answering
from servers.outcomes import SCOPE


@pytest.fixture(scope="session")
def good_curriculum(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a good model would say of `outcomes.SCOPE`: the curriculum that `internal` makes of
    it, which the rules accept.
    """
    folder = tmp_path_factory.mktemp("good")
    for command in (("init", "good"), ("run", "good", "--scope-file", str(SCOPE))):
        done = dagogy(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
    return json.loads(next(folder.rglob("curriculum.json")).read_text())


@pytest.fixture
def good_faulty(faulty: Faulty, good_curriculum: Any) -> Faulty:
    """The faulty server, with a good model behind it."""
    faulty.answer = answering(good_curriculum)
    return faulty


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    """The faulty server, new for each test, so that what it counts is the test's own."""
    with Faulty() as server:
        yield server


@pytest.fixture(scope="session")
def self_signed() -> ssl.SSLContext:
    """A certificate for 127.0.0.1 that nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def faulty_tls(self_signed: ssl.SSLContext) -> Iterator[Faulty]:
    with Faulty(certificate=self_signed) as server:
        yield server


@pytest.fixture(scope="session")
def codex() -> Path:
    """The codex CLI; without npm the test is skipped."""
    if reason := missing_from_npm(CODEX):
        pytest.skip(reason)
    return CODEX


@pytest.fixture
def llmock() -> Iterator[str]:
    """The root URL of an llmock (PyPI), which answers by itself, in the shape that a schema asks for;
    `/_llmock/scenario` takes faults.
    """
    with started(
        [LLMOCK, "serve", "--port", "0", "--tool-mode", "off"], "Uvicorn running on", PYTHONUNBUFFERED="1"
    ) as line:
        yield url_in(line)


@pytest.fixture
def aimock(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts an aimock (npm): `aimock(fixtures, *flags)` gives its root URL.
    Without npm the test is skipped.
    """
    if reason := missing_from_npm(AIMOCK):
        pytest.skip(reason)
    with ExitStack() as stack:

        def start(fixtures: list[Any], *flags: str) -> str:
            file = tmp_path / "fixtures.json"
            file.write_text(json.dumps({"fixtures": fixtures}))
            return url_in(
                stack.enter_context(
                    started([AIMOCK, "--port", "0", "--fixtures", file, *flags], "listening on")
                )
            )

        yield start


def url_in(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[0]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line on the tests that had to do without npm, by name."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if NEEDS_NPM in str(r.longrepr)]
    if skipped:
        names = sorted({r.nodeid.rpartition("::")[2].partition("[")[0] for r in skipped})
        reason = str(skipped[0].longrepr[-1]).removeprefix("Skipped: ")
        terminalreporter.write_line(
            f"{len(skipped)} tests skipped, {reason}: {', '.join(names)}", yellow=True
        )
