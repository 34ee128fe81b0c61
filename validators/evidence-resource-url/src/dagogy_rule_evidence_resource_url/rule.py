"""The rule `evidence.resource_url`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, unquote

from dagogy.api.documents import Node
from dagogy.api.rules import Field, Finding, Fix, Rule, RuleContext
from dagogy.api.rules import Options as BaseOptions
from dagogy.api.services import Url
from dagogy.api.text import lazy_pattern, shorten

_NEVER = ' <>"'
_NEVER_BYTES = bytes([*range(0x20), 0x7F]) + _NEVER.encode()
_WITH_HOST = frozenset({"http", "https", "ftp", "ftps"})
_LINES = lazy_pattern(r"L([0-9]{1,99})(?:-L?([0-9]{1,99}))?\Z")
_INDEX = lazy_pattern(r"(?:0|[1-9][0-9]{0,17})\Z")
_BAD_ESCAPE = lazy_pattern(r"~(?![01])")
# The largest JSON file that is parsed, in bytes.
_LARGE = 16_000_000
_SECRET = lazy_pattern(r"//[^/?#@]*@")


class ResourceUrl(Rule):
    """A resource that cannot be opened is no evidence. Each URL must have an allowed scheme. `http` and
    `https` need a host (RFC 3986, section 3.2) without user name and password, which would be published with
    the curriculum. `local://path` leads to a file of the run or the workspace, and that file must exist; a
    fragment `#L10-L24` names lines, and they must lie inside the file. In a `.json` file a fragment may be a
    JSON Pointer too (RFC 6901, section 6), and must lead to a value. A local file has no other fragments,
    since nobody could check them, and no empty one. White space, invisible characters, `<`, `>` and `"` never
    belong in a URL. Nothing is fetched.

    Bad:
        `https:/docs.python.org`, `www.example.org/page`, `https://me:secret@example.org/`,
        `local://inputs/scope.md#L90-L80`, `local://inputs/scope.md#a-heading`

    Good:
        `https://docs.python.org/3/tutorial/`, `local://inputs/scope.md#L10-L24`,
        `local://inputs/topic_spec.json#/scope_in/0`

    How to fix:
        Copy the address anew from the browser. For a local file give the path as seen from the run's folder
        or the workspace root, and count its lines again if it has changed. Further schemes, such as `urn`,
        can be allowed in the options.
    """

    class Options(BaseOptions):
        allowed_schemes: Annotated[
            tuple[str, ...],
            Field(description="The schemes that a resource may have, in lower case.", min_length=1),
        ] = (
            "http",
            "https",
            "local",
        )

    def check(self, context: RuleContext, options: Any) -> Iterator[Finding]:
        nodes = context.nodes
        judge = _Judge(context, options.allowed_schemes)
        if _all_plain(nodes, judge):
            return
        for i, node in enumerate(nodes):
            for j, resource in enumerate(node.resources):
                reason = judge.reason(resource.url)
                if reason:
                    shown = _SECRET.sub("//…@", resource.url)
                    pointer = f"/nodes/{i}/resources/{j}/url"
                    yield Finding(
                        f"URL {shown!r:.80} of '{node.id:.60}' {reason}",
                        pointer,
                        node.id,
                        fix=_fix(pointer, resource.url, judge),
                    )


def _fix(path: str, url: str, judge: _Judge) -> Fix | None:
    """Takes an empty fragment off, where the rest is sound: it names no place,
    and the file stays the same.
    """
    plain = url.removesuffix("#")
    if plain == url or judge.reason(plain):
        return None
    return Fix(
        "safe",
        "take off the '#'",
        [{"op": "test", "path": path, "value": url}, {"op": "replace", "path": path, "value": plain}],
    )


def _all_plain(nodes: Sequence[Node], judge: _Judge) -> bool:
    """Whether all URLs are sound, found from their beginnings up to the path, of which there are few, and one
    look at all the text.

    That settles a usual curriculum in a tenth of the time; False means only that each URL must be looked at.
    """
    urls = [resource.url for node in nodes for resource in node.resources]
    text = "".join(urls)
    if text.isascii():
        if len(text.encode().translate(None, _NEVER_BYTES)) != len(text):
            return False
    elif not text.isprintable() or any(c in text for c in _NEVER):
        return False
    heads = {url[: url.find("/", 8) + 1] for url in urls}
    # A URL without a slash after its host has the head "" and goes the long way.
    return all(head.startswith(("https://", "http://")) and not judge.reason(head) for head in heads)


def _wrong_host(parts: SplitResult) -> str:
    """What is wrong with the host of a URL that must have one; "" where nothing is."""
    host = parts.hostname
    if not host or parts.port == 0 or not _is_host(host):
        return f"has no valid host; wanted: {parts.scheme}://host/path"
    return "holds a user name or password; remove what stands before the '@'" if "@" in parts.netloc else ""


class _Judge:
    """Says what is wrong with a URL; remembers what it has seen."""

    def __init__(self, context: RuleContext, schemes: Sequence[str]) -> None:
        self._context, self._schemes = context, frozenset(schemes)
        self._known: dict[str, str] = {}
        self._lines: dict[Path, int] = {}
        self._parsed: dict[Path, tuple[Any, str]] = {}

    def reason(self, url: str) -> str:
        """What is wrong with `url`, or an empty string."""
        known = self._known.get(url)
        if known is None:
            known = self._known[url] = self._judge(url)
        return known

    def _judge(self, url: str) -> str:
        if not url.isprintable() or any(c in url for c in _NEVER):
            return "holds white space, an invisible character, '<', '>' or '\"'; percent-encode or remove it"
        parts = Url(url).parts
        if parts is None:
            return "cannot be taken apart: its host or port is invalid"
        scheme = parts.scheme
        if scheme not in self._schemes:
            found = f"has the scheme {scheme!r:.20}" if scheme else "has no scheme"
            return f"{found}; accepted: {', '.join(sorted(self._schemes))}"
        if scheme == "local":
            return self._local(url, parts.fragment)
        if scheme not in _WITH_HOST:
            return "" if parts.netloc or parts.path else f"has nothing after '{scheme}:'"
        return _wrong_host(parts)

    def _local(self, url: str, fragment: str) -> str:
        path = self._context.resolve_local(url)
        if path is None:
            return "leads to no file of the run or the workspace; wanted: local://path/of/an/existing/file"
        if not fragment:
            return (
                "ends in '#' and names no place; wanted: #L10 or #L10-L24, or none"
                if url.endswith("#")
                else ""
            )
        lines = _LINES.match(fragment)
        if lines:
            first, last = int(lines[1]), int(lines[2] or lines[1])
            count = self._count(path)
            return (
                ""
                if 1 <= first <= last <= count
                else (
                    f"names lines that are not there: the file has {count} line{'s' * (count != 1)}, counted "
                    "from 1"
                )
            )
        if path.suffix.lower() != ".json":
            return "has a fragment that names no lines; wanted: #L10 or #L10-L24, or none"
        if fragment[0] != "/" and not fragment.startswith(("%2F", "%2f")):
            return (
                "has a fragment that is neither a JSON Pointer nor lines; wanted: one such as #/key/0 or "
                "#L10-L24, or none"
            )
        value, broken = self._json(path)
        return broken or _misled(value, fragment)

    def _json(self, path: Path) -> tuple[Any, str]:
        """What the file holds, or what is wrong with it."""
        if path not in self._parsed:
            self._parsed[path] = _parse(path)
        return self._parsed[path]

    def _count(self, path: Path) -> int:
        if path not in self._lines:
            try:
                self._lines[path] = len(path.read_bytes().splitlines())
            except OSError:
                self._lines[path] = 0
        return self._lines[path]


def _parse(path: Path) -> tuple[Any, str]:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGE + 1)
        if len(data) > _LARGE:
            return (
                None,
                (
                    f"points into a file of more than {_LARGE // 1_000_000} MB, which is not parsed; name "
                    "lines: #L10-L24"
                ),
            )
        # Numbers stay text: their values do not matter, and a long one costs nothing.
        return json.loads(data, parse_int=str, parse_float=str), ""
    except OSError as error:
        return None, f"leads to a file that cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        return (
            None,
            (
                f"points into a file that is not valid JSON: {' '.join(str(error).split()):.80}; mend the "
                "file or name its lines"
            ),
        )


def _misled(value: Any, fragment: str) -> str:
    """Why the JSON Pointer `fragment` leads to nothing in `value`, or an empty string."""
    try:
        pointer = unquote(fragment, errors="strict")
    except UnicodeDecodeError:
        return "has a JSON Pointer that is not percent-encoded UTF-8"
    if _BAD_ESCAPE.search(pointer):
        return "has a JSON Pointer with a '~' that is not part of '~0' or '~1'"
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and _INDEX.match(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            kind = (
                "an object without it"
                if isinstance(value, dict)
                else f"a list of {len(value)}"
                if isinstance(value, list)
                else "a plain value"
            )
            return f"points to what is not in the file: '{shorten(key)}' is looked for in {kind}"
    return ""


def _is_host(host: str) -> bool:
    """A domain name of any script, `localhost`, an IPv4 address or, as `split_url` has
    checked it, an IPv6 address.
    """
    if ":" in host:
        return True
    labels = host.removesuffix(".").split(".")
    return all(
        label
        and label[0] != "-"
        and label[-1] != "-"
        and (label.replace("-", "").replace("_", "").isalnum() or not label.isascii())
        for label in labels
    )
