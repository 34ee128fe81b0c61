"""The reader `pdf`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from typing import Any

from dagogy.api.errors import InvalidArgument
from dagogy.api.readers import BlockWriter, Reader, Source
from dagogy.api.scope import ScopeDocument
from dagogy.api.text import one_line, shorten

from dagogy_reader_pdf.layout import Line, blocks_of

_BASE_SECONDS = 30
_BYTES_A_SECOND = 30_000
_MEMORY = 2 * 1024 * 1024 * 1024
_MAX_OUTPUT = 256 * 1024 * 1024


class PdfReader(Reader):
    """pdfminer.six reads the lines with their type, in a process of its own with bounds; what is larger or
    bolder than most of the text is a heading.
    """

    def recognises(self, source: Source) -> float:
        return 1.0 if source.data.startswith(b"%PDF-") else 0.0

    def read(self, source: Source) -> ScopeDocument:
        lines = [Line(**line) for line in _extracted(source)]
        if not lines:
            raise InvalidArgument(
                f"scope file '{source.name}' has no text, only pictures",
                hint="make its text readable first, for instance with ocrmypdf",
                details={"source": source.name},
            )
        text, blocks = BlockWriter.rendered(blocks_of(lines))
        return ScopeDocument(source.name, source.name, text, blocks, source.title(blocks))


def _extracted(source: Source) -> list[dict[str, Any]]:
    seconds = _BASE_SECONDS + len(source.data) // _BYTES_A_SECOND

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_OUTPUT, _MAX_OUTPUT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    command = [sys.executable, "-I", "-m", "dagogy_reader_pdf.extract"]
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(
                command,
                input=source.data,
                stdout=out,
                stderr=subprocess.DEVNULL,
                cwd=os.sep,
                env={"PATH": os.defpath},
                timeout=seconds * 20,
                check=False,
                preexec_fn=bounded,
            )
        except subprocess.TimeoutExpired:
            raise _unreadable(source, "it takes too long") from None
        out.seek(0)
        try:
            answer = json.loads(out.read() or b"{}")
        except ValueError:
            answer = {}
    if done.returncode or "lines" not in answer:
        reason = answer.get("error") or (
            f"it takes more than {seconds} seconds of processor time, or more than {_MEMORY // 2**30} "
            "GiB of memory"
        )
        raise _unreadable(source, shorten(one_line(str(reason)), 300))
    return answer["lines"]  # type: ignore[no-any-return]


def _unreadable(source: Source, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"scope file '{source.name}' cannot be read as PDF: {reason}",
        hint="print it anew as PDF without protection, or give the document that it was made from",
        details={"source": source.name, "reason": reason},
    )
