"""Reading what may be a pipe: a signal is heard, whenever it comes."""

from __future__ import annotations

import io
import os
import signal
import threading
from pathlib import Path

import pytest
from dagogy.workspace import files
from dagogy.workspace.files import open_stream, read_stream


def test_a_signal_just_before_a_read_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other thread takes the signal from the process, so that no system call of this one is broken off:
    the same as a signal between Python's last look at signals and the call."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(files, "_WAIT_MS", 5)

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, stop)
    sender = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1))

    def read() -> None:
        with open_stream(tmp_path / "pipe") as stream:
            sender.start()
            read_stream(stream)

    try:
        with pytest.raises(KeyboardInterrupt):
            read()
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_pipe_is_read_to_its_end_and_a_limit_holds(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = b"x" * 200_000
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(data))
    writer.start()
    with open_stream(tmp_path / "pipe") as stream:
        assert read_stream(stream) == data
    writer.join()
    (tmp_path / "file").write_bytes(data)
    with open_stream(tmp_path / "file") as stream:
        assert read_stream(stream, 1000) == data[:1000]
    assert read_stream(io.BytesIO(data), 3) == b"xxx"
