"""`make torture`: that its oracle sees what it is there to see, and a short run of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, clean_environment, forked

sys.path.insert(0, str(ROOT / "scripts"))

from torture.all import KINDS
from torture.harness import Ran
from torture.hooks import kill_at, record, recorded
from torture.oracle import clean, ended, whole
from torture.planted_secrets import found


def ran(status: int = 0, out: bytes = b"", err: bytes = b"", hung: bool = False) -> Ran:
    return Ran(("status", "latest"), status, out, err, 0.1, 0.1, hung)


@pytest.mark.parametrize(
    ("expected", "promise"),
    [
        (ran(10, err=b"[internal_error] a bug\n"), "exit 10"),
        (ran(11, err=b"[plugin_error] a plugin\n"), "exit 11"),
        (ran(1, err=b"[x] y"), "exit 1"),
        (ran(-signal.SIGSEGV), "exit -11"),
        (ran(6, err=b"cannot read\n"), "untyped"),
        (ran(6, err=b"[not_found] no\n"), "untyped"),
        (ran(0, err=b"Traceback (most recent call last):\n  x\nValueError: y\n"), "traceback"),
        (ran(hung=True), "hang"),
    ],
)
def test_an_end_that_no_command_may_have_is_a_loss(expected: Ran, promise: str) -> None:
    assert promise in [loss.what for loss in ended(expected)]


def test_typed_ends_are_none() -> None:
    assert list(ended(ran(6, err=b"[io_error] cannot read\n"))) == []
    assert list(ended(ran(0, out=b"{}\n"), as_json=True)) == []
    assert [loss.what for loss in ended(ran(0, out=b"{} {}"), as_json=True)] == ["not JSON"]


@pytest.mark.parametrize(
    "text",
    [
        "a\x1b[2J",
        "a\x07",
        "\x9b31m",
        "\u202e",
        "a\rb",
        "a\x00",
        "\n::error::PLANTED",
        "  ::warning file=x::PLANTED",
    ],
)
def test_what_steers_a_terminal_or_a_ci_service_is_a_loss(text: str) -> None:
    assert list(clean(text.encode(), "stdout"))


def test_plain_text_is_clean() -> None:
    assert list(clean("Ä → 字 🙂\tb\r\n\\x1b[2J no ::error::PLANTED here\n".encode(), "stdout")) == []


@pytest.mark.parametrize(
    "data",
    [
        "Zq8abcdefghijk",
        "Zq8ab\x1b[1mcdefghijk",
        "Zq8ab\\u001b[1mcdef\\nghijk",
        "Zq8abcd\n  efghijk",
        "ZQ8ABCDEFGHIJK",
        "WnE4YWJjZGVmZ2hpams=",
        "5a713861626364656667 68696a6b",
    ],
)
def test_a_secret_is_found_however_it_is_written(data: str) -> None:
    assert found(b"key: " + data.encode(), "Zq8abcdefghijk")
    assert not found(b"key: [OPENAI_API_KEY]", "Zq8abcdefghijk")


def test_each_change_of_the_file_system_has_a_number_and_can_be_the_last(tmp_path: Path) -> None:
    def body() -> int:
        (tmp_path / "folder").mkdir(exist_ok=True)
        with open(tmp_path / "folder/file", "w") as file:
            file.write("0123456789")
        os.replace(tmp_path / "folder/file", tmp_path / "folder/kept")
        os.unlink(tmp_path / "folder/kept")
        return 0

    def whole_body() -> int:
        record(tmp_path / "note")()
        body()
        os._exit(0)

    forked(whole_body, tmp_path)
    names, versions, removed = recorded(tmp_path / "note")
    assert names == ["mkdir", "open", "file write", "replace", "unlink"]
    assert versions == {str(tmp_path / "folder/kept"): [b"0123456789"]}
    assert removed == {str(tmp_path / "folder/kept")}

    def cut() -> int:
        kill_at(3)()
        return body()

    assert forked(cut, tmp_path).status == -signal.SIGKILL
    assert (tmp_path / "folder/file").read_text() == "01234"


def test_a_torn_file_is_a_loss(tmp_path: Path) -> None:
    (tmp_path / "whole.json").write_text("{}")
    (tmp_path / ".new-x").mkdir()
    (tmp_path / ".new-x/half.json").write_text("{")
    assert list(whole(tmp_path)) == []
    (tmp_path / "half.json").write_text("{")
    assert [loss.what for loss in whole(tmp_path)] == ["torn file"]


@pytest.mark.slow
def test_a_short_torture_loses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/torture"), "--size", "6", "--seed", "1", "--json"],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )
    assert done.stdout, done.stderr
    kinds: dict[str, Any] = json.loads(done.stdout)["kinds"]
    assert kinds.keys() == KINDS.keys()
    assert done.returncode == int(any(tally["lost"] for tally in kinds.values()))
    for kind, tally in kinds.items():
        assert tally["tried"] or kind == "disks", kind  # where no file system can be mounted
        assert "torture broke" not in tally["promises"], done.stderr
        assert not tally["losses"], done.stderr
