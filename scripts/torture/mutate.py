"""Damages bytes, JSON values, documents and files, in ways that readers have to bear."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

#: One character of each class that a pattern may run over.
CLASSES = ("a", "Z", "0", " ", "\t", "\n", "-", "*", "_", "#", ">", "|", "`", "[", "]", "(", ")", "<", "&",
    "\\", "/", ":", ".", ",", "'", '"',
           "=", "~", "é", "字", "\u200b", "\u202e", "🙂", "́", "\x00", "\x1b", "\ufffd")  # fmt: skip
_TOKENS = (
    "https://host[Label]", "[[https://host][Label]]", "http://[placeholder]/", "- - - - - - - - -", "* * *",
    "→ → → ←", "{#id .class}",
    "<!-- ", "-->", "```", "~~~~", "$$", "\\begin{x}", "| a | b |\n|---|---|\n| 1 |", "1. 1. 1. ", "> > > > ",
    "::: note", "[x]: <", "![](",
    "&#x110000;", "&lt;&amp;&nosuch;", "\ufeff", "\u2028", "--- \ntitle: x\n---\n", "{{ x }}",
    "Term\n: definition\n", "needs Water and needs Leaves",
    "requires " + "https://example.org/" + "ab/" * 60, "Week 1:", "Q: why? A: so.", "==", "--", "\r",
    "\r\n\r\n", "# " * 30, "######## deep",
    "<table><tr><td>", "</td></tr></table>", "<svg onload=x>", "file:///etc/passwd", "%00%0a",
    "=cmd|' /C calc'!A0",
)  # fmt: skip
#: JSON values that a reader may not expect.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, 1e308, -0.0, 10**30, 10**400, "", " ", "x" * 5000, "\x00", "\ud800",
    "\u202e", "latest", "../..", [], {}, [[]],
    [None], {"": None}, {"x": []}, ["a"] * 300, [1, "a", {}], "2026-13-45T99:99:99Z", {"__proto__": 1}, "-h",
    "1" * 400,
)  # fmt: skip


def flipped(data: bytes, random: Random) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(random.choice((1, 1, 3, 20))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def truncated(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def spliced(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    piece = random.choice(
        (
            b"\0" * 40,
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            os.fsencode(random.choice(CLASSES)) * 999,
            b"}" * 9,
            b'"',
            b",",
            b"\r\n",
            data[:at],
        )
    )
    return data[:at] + piece + data[at:]


def _nested(data: bytes, random: Random) -> bytes:
    deep = random.choice((60, 1200, 100_000))
    return random.choice((b"[" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b"[" * deep + b"]" * deep))


def _whole(data: bytes, random: Random) -> bytes:
    return random.choice(
        (b"", b"null", b"[]", b"{}", b"0", b'"x"', b"NaN", b"\n" * 999, data + data,
        data.decode("latin-1").encode("utf-16"), b"\xef\xbb\xbf" + data,
         b'{"a":1,"a":2}', b"1" * 5000, b"{" + b'"k":1e999,' * 50 + b'"k":1}', random.randbytes(300))
    )  # fmt: skip


def value_changed(data: bytes, random: Random) -> bytes:
    """A JSON document (or one line of JSON Lines) with values of a wrong type or size in
    it; other bytes come flipped.
    """
    lines = data.split(b"\n")
    try:
        document = json.loads(data)
        put: Callable[[bytes], bytes] = lambda changed: changed  # noqa: E731
    except ValueError:
        at = random.randrange(len(lines))
        try:
            document = json.loads(lines[at])
        except ValueError:
            return flipped(data, random)
        put = lambda changed: b"\n".join([*lines[:at], changed, *lines[at + 1 :]])  # noqa: E731
    for _ in range(random.choice((1, 1, 2, 6))):
        document = _changed(document, random)
    return put(json.dumps(document, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass"))


def _changed(value: Any, random: Random) -> Any:
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(list(value))
        act = random.random()
        if act < 0.1:
            return {k: v for k, v in value.items() if k != key}
        if act < 0.15:
            return {
                **value,
                random.choice(("", "x", "__class__", "\x1b[2J", "schema_version")): random.choice(VALUES),
            }
        return {**value, key: _changed(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.9:
        at = random.randrange(len(value))
        if random.random() < 0.1:
            return value + value
        return [*value[:at], _changed(value[at], random), *value[at + 1 :]]
    return random.choice(VALUES)


BYTES = (flipped, truncated, spliced, _nested, _whole, value_changed, value_changed, value_changed)


def file_damaged(path: Path, random: Random, outside: Path) -> str:
    """Damages the file (or folder) at `path`; says how. `outside` is a file that nobody may write to."""
    if random.random() < 0.72 and path.is_file() and not path.is_symlink():
        how = random.choice(BYTES)
        path.write_bytes(how(path.read_bytes(), random))
        return how.__name__.strip("_")
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
    kind = random.choice(
        (
            "gone",
            "folder",
            "full folder",
            "fifo",
            "socket",
            "loop",
            "dangling",
            "outside",
            "device",
            "tty",
            "itself",
            "unreadable",
        )
    )
    if kind == "folder":
        path.mkdir()
    elif kind == "full folder":
        path.mkdir()
        (path / "x").write_text("x")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            here = os.getcwd()
            os.chdir(path.parent)
            try:
                made.bind(path.name[:90])
            finally:
                os.chdir(here)
    elif kind == "unreadable":
        path.write_bytes(b"x")
        path.chmod(0)
    elif kind != "gone":
        to = {
            "loop": path.name,
            "dangling": "no/such",
            "outside": str(outside),
            "device": "/dev/zero",
            "tty": "/dev/full",
            "itself": ".",
        }[kind]
        path.symlink_to(to)
    return kind


def document_damaged(text: str, other: str, random: Random, most: int = 100_000) -> bytes:
    """A scope document that was damaged; `other` is one to take pieces from."""
    for _ in range(random.choice((1, 2, 4))):
        act = random.randrange(9)
        at = random.randrange(len(text) + 1)
        lines = text.split("\n")
        if act == 0:
            text = text[:at] + random.choice(CLASSES) * random.choice((3, 70, 900, 9000)) + text[at:]
        elif act == 1:
            text = text[:at] + random.choice(_TOKENS) + text[at:]
        elif act == 2:
            random.shuffle(lines)
            text = "\n".join(lines)
        elif act == 3:
            start = random.randrange(len(other) + 1)
            text = text[:at] + other[start : start + 2000] + text[at:]
        elif act == 4:
            text = text.replace(random.choice(CLASSES[:24]), random.choice(_TOKENS[:20] + CLASSES))[
                : 2 * most
            ]
        elif act == 5:
            piece = text[at : at + random.choice((10, 400))]
            text = text[:at] + piece * random.choice((2, 30)) + text[at:]
        elif act == 6:
            text = " ".join(lines) if random.random() < 0.5 else text.replace("\n", "\r")
        elif act == 7:
            nested = random.choice(("  - ", "> ", "[", "<div>", "*", "    ", "1. ", "#", "(", "{"))
            text = text[:at] + "\n" + nested * random.choice((20, 300, 2000)) + "x\n" + text[at:]
        else:
            row = (
                random.choice(
                    (
                        random.choice(_TOKENS),
                        random.choice(CLASSES) * random.randrange(1, 300),
                        "needs " + random.choice(CLASSES) * 200,
                    )
                )
                + "\n"
            )
            text = text[:at] + row * random.choice((3, 200)) + text[at:]
    data = text.encode("utf-8", "surrogatepass")[:most]
    if random.random() < 0.1:
        data = random.choice((flipped, truncated, spliced))(data, random)[:most]
    return data
