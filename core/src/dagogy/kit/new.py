"""`dagogy plugins new`: a distribution with one plugin, written from the templates beside this module.

The templates use copier's `{{ name }}` placeholders and nothing else of its language. What was written is
remembered in `.dagogy-template.json` with the hash of every file, so that a later dagogy can bring the
untouched ones up to date.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from dagogy import __version__
from dagogy.api.errors import InvalidArgument, StorageError
from dagogy.host.discovery import GROUPS, KINDS

ANSWERS = ".dagogy-template.json"
_ID = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*\Z")
_PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")
#: What the plugin of each kind is called in the title of a template's test.
_SUMMARIES = {
    "rule": "A title is one line of at most 60 characters.",
    "provider": "Orders the concepts of the default provider by title.",
    "reader": "Reads a list with one topic a line.",
    "classifier": "Recognises a tool that found no licence.",
    "dialect": "What the client of our gateway prints.",
    "recovery": "Says how a seat of the licence becomes free.",
    "probe": "Looks whether a licence is named.",
    "exporter": "One line for each concept, with its minutes.",
    "command": "Greets somebody.",
}


def answers(kind: str, plugin_id: str, *, prefix: str = "acme", summary: str = "") -> dict[str, str]:
    """What the templates ask for. Raises `InvalidArgument` for a kind or an id that cannot be used.

    `prefix` is whose plugin it is: it begins the names of distribution and module.
    """
    if kind not in KINDS:
        raise InvalidArgument(f"no plugin is of kind '{kind}'", hint=f"kinds: {', '.join(KINDS)}")
    for name, value in (("id", plugin_id), ("prefix", prefix)):
        if not _ID.match(value):
            raise InvalidArgument(
                f"the {name} '{value}' is not of the form word, word-word or word.word in lower case"
            )
    if prefix == "dagogy":
        raise InvalidArgument(
            "names that begin with 'dagogy-' are for dagogy's own",
            hint="put your own name first: --prefix acme",
        )
    words = re.split(r"[._-]", plugin_id)
    own = words[1:] if words[0] == prefix and len(words) > 1 else words
    if '"' in summary or "\\" in summary or not summary.isprintable():
        raise InvalidArgument(
            "the summary has a quotation mark, a backslash or a control character", hint="leave it out"
        )
    return {
        "kind": kind,
        "id": plugin_id,
        "group": GROUPS[kind],
        "distribution": f"{prefix}-dagogy-{kind}-{'-'.join(own)}",
        "module": f"{prefix.replace('-', '_').replace('.', '_')}_{'_'.join(own)}",
        "class": "".join(word.capitalize() for word in own),
        "first": words[0],
        "incident": "_".join(words),
        "summary": summary or _SUMMARIES[kind],
    }


def render(given: Mapping[str, str]) -> dict[str, str]:
    """The files of the distribution: path and text."""
    folder = files("dagogy.kit").joinpath("templates")
    found = {}
    for part in ("common", given["kind"]):
        for entry in sorted(folder.joinpath(part).iterdir(), key=lambda e: e.name):
            name = entry.name.removesuffix(".jinja")
            text = entry.read_text(encoding="utf-8")
            place = name if part == "common" else f"src/{given['module']}/{name}"
            if name == "test.py":
                place = f"tests/test_{given['module']}.py"
            found[place] = _PLACEHOLDER.sub(lambda m: given[m[1]], text)
    return found


def write(folder: Path, given: Mapping[str, str]) -> list[str]:
    """Writes the distribution into `folder`, which must not be there or be empty; returns the paths written.

    Raises `InvalidArgument`, `StorageError`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidArgument(
            f"{folder} is there already", hint="name another folder with --into, or update it with --update"
        )
    return _write(folder, given, render(given))


def update(folder: Path) -> tuple[list[str], list[str]]:
    """Brings what nobody touched up to date with the templates of this dagogy; returns the paths written and
    those left alone.

    Raises `InvalidArgument` for a folder that `write` did not make.
    """
    try:
        kept = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
        given, hashes = dict(kept["answers"]), dict(kept["files"])
        given = answers(
            given["kind"],
            given["id"],
            prefix=given["distribution"].partition("-dagogy-")[0],
            summary=given["summary"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidArgument(
            f"{folder} was not made by 'dagogy plugins new': {error}", hint=f"it has no readable {ANSWERS}"
        ) from None
    fresh, left = {}, []
    for name, text in render(given).items():
        path = folder / name
        if path.is_file() and _hash(path.read_bytes()) == hashes.get(name):
            fresh[name] = text
        else:
            left.append(name)
    fresh = {name: text for name, text in fresh.items() if _hash(text.encode()) != hashes[name]}
    return _write(
        folder, given, fresh, {name: value for name, value in hashes.items() if name not in fresh}
    ), left


def _write(
    folder: Path, given: Mapping[str, str], texts: Mapping[str, str], known: Mapping[str, str] | None = None
) -> list[str]:
    hashes = {**(known or {}), **{name: _hash(text.encode()) for name, text in texts.items()}}
    record = {"dagogy": __version__, "answers": dict(given), "files": hashes}
    try:
        for name, text in {**texts, ANSWERS: json.dumps(record, indent=2) + "\n"}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}") from error
    return sorted(texts)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
