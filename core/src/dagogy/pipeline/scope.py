"""Reads a Markdown scope document: bytes to text, text to blocks with their lines and heading path, sections and seeds out of it.

The grammar is markdown-it-py's (CommonMark, tables, strikethrough, definition lists), into which `markup` translates other markups; what stands
here is the way from its tokens to `dagogy.api.scope`. Two promises shape the code. No text is lost without an error: what the parser would drop
(nesting beyond its limit, table cells beyond the header, the rest of a file after an unclosed comment) is kept or refused. And any text is read in
time that grows with its length: nesting is bounded, and a very long paragraph is read in pieces. The parser is imported when it is first needed.
"""

from __future__ import annotations

import codecs
import math
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from html import unescape
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from dagogy.api.errors import InvalidArgument
from dagogy.api.scope import Block, BlockKind, Link, ScopeDocument
from dagogy.api.text import normalized
from dagogy.contracts.suggest import nearest
from dagogy.pipeline.markup import as_markdown

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

__all__ = ["MAX_SCOPE_BYTES", "decode_scope", "read_scope", "seeds", "select_sections"]

MAX_SCOPE_BYTES = 16 * 1024 * 1024
_MAX_NESTING = 66  # levels of markdown-it tokens; a list takes two, a quote one
_MAX_LINKS = 20  # links in links cost time with their depth; beyond this one their brackets stay in the text
_MAX_INLINE = 8192  # characters of one paragraph that are read at once: some inline rules take quadratic time
_MAX_FRONT_MATTER = 64 * 1024
_MAX_LISTED_HEADINGS = 30
_QUOTE = -2  # marks a block quote on the stack of containers; list items stand there with their position

# ------------------------------------------------------------------------------------------------------------------ bytes to text

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KNOWN_FORMATS = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive (such as .docx, .odt or .epub)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"{\\rtf", "a rich text document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def decode_scope(data: bytes, source: str) -> str:
    """The text of a scope file, with `\\n` line ends and without a byte order mark.

    UTF-8 with or without a mark, and UTF-16 and UTF-32 with one, are read. Raises `InvalidArgument`, which names `source`, the finding
    with its offset or size, and the way out, for a file that is empty or blank, larger than `MAX_SCOPE_BYTES`, binary, or in
    another encoding.
    """
    if len(data) > MAX_SCOPE_BYTES:
        raise InvalidArgument(
            f"scope file '{source}' has {len(data):,} bytes; at most {MAX_SCOPE_BYTES:,} are read",
            hint="split the file, or copy the chapters you want to teach into a file of their own",
            details={"source": source, "size": len(data), "limit": MAX_SCOPE_BYTES},
        )
    for magic, name in _KNOWN_FORMATS:
        if data.startswith(magic):
            hint = "export it as Markdown or plain text first, for instance with pandoc"
            raise InvalidArgument(f"scope file '{source}' is {name}, not text ({len(data):,} bytes)", hint=hint, details={"source": source, "offset": 0})
    text = _decoded(data, source)
    if not text.strip():
        raise InvalidArgument(
            f"scope file '{source}' is {'blank' if data else 'empty'} ({len(data):,} bytes)",
            hint="write down what is to be taught, as prose with headings, a list or a table",
            details={"source": source, "size": len(data)},
        )
    _refuse_binary(text, source)
    return _unix_lines(text)


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, source: str) -> str:
    bom, encoding = next(((b, e) for b, e in _BOMS if data.startswith(b)), (b"", "utf-8"))
    try:
        return data[len(bom) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(bom) + error.start
        line = data.count(b"\n", 0, offset) + 1
        raise InvalidArgument(
            f"scope file '{source}' is not valid {encoding.upper()}: byte 0x{data[offset]:02x} at offset {offset:,} (line {line:,})",
            hint=_convert_hint(data, source),
            details={"source": source, "offset": offset, "line": line, "encoding": encoding},
        ) from None


def _convert_hint(data: bytes, source: str) -> str:
    sample = data[:4096]
    guess = "WINDOWS-1252"
    if sample.count(0) > len(sample) // 4:
        guess = "UTF-16LE" if sample[1::2].count(0) >= sample[0::2].count(0) else "UTF-16BE"
    return f"save it as UTF-8, for instance: iconv -f {guess} -t UTF-8 {shlex.quote(source)} > scope-utf8.md"


def _refuse_binary(text: str, source: str) -> None:
    nul = text.find("\0")
    # A stray form feed or escape is no reason to refuse a text; one control character in fifty is.
    share = len(_CONTROL.findall(text)) / len(text)
    if nul < 0 and share <= 0.02:
        return
    finding = f"a NUL character at offset {nul:,}" if nul >= 0 else f"{share:.0%} control characters"
    hint = "give a Markdown or plain text file in UTF-8"
    if nul >= 0 and text.count("\0") > len(text) // 4:
        hint = _convert_hint(text[:4096].encode("utf-8", "replace"), source)
    raise InvalidArgument(f"scope file '{source}' looks binary: it has {finding}", hint=hint, details={"source": source, "offset": nul})


# ------------------------------------------------------------------------------------------------------------------- front matter


def _front_matter(text: str, source: str) -> tuple[dict[str, Any], int]:
    """The metadata at the head of `text` and the number of lines it takes, fences included; `({}, 0)` when there is none."""
    fence = text[:3]
    if fence not in ("---", "+++"):
        return {}, 0
    head = text[:_MAX_FRONT_MATTER].split("\n")
    closers = (fence, "...") if fence == "---" else (fence,)
    if head[0].rstrip() != fence:
        return {}, 0
    end = next((i for i, line in enumerate(head) if i and line.rstrip() in closers), 0)
    if not end:
        return {}, 0  # a thematic break, or a paragraph
    load = _yaml_mapping if fence == "---" else _toml_mapping
    try:
        return load("\n".join(head[1:end]), source), end + 1
    except InvalidArgument:
        if fence == "---" and not head[1].strip():
            return {}, 0  # two thematic breaks: a blank line after the first says that no metadata follow
        raise


def _yaml_mapping(raw: str, source: str) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(raw)
    except Exception as error:  # its constructors let ValueError, OverflowError and RecursionError through
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        # Line 1 of the file is the fence.
        raise _bad_front_matter(source, "YAML", str(reason), 2 + mark.line if mark is not None else 2) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _bad_front_matter(source, "YAML", f"it must be a mapping (key: value), not {_kind_name(value)}", 2)
    return _plain_mapping(value, source, "YAML")


def _toml_mapping(raw: str, source: str) -> dict[str, Any]:
    import tomllib

    try:
        value = tomllib.loads(raw)
    except (ValueError, RecursionError) as error:
        place = re.search(r"at line (\d+)", str(error))
        raise _bad_front_matter(source, "TOML", str(error) or "nested too deeply", 1 + int(place[1]) if place else 2) from None
    return _plain_mapping(value, source, "TOML")


def _bad_front_matter(source: str, language: str, reason: str, line: int) -> InvalidArgument:
    return InvalidArgument(
        f"scope file '{source}', line {line}: its {language} front matter cannot be used: {reason}",
        hint="correct it, or remove it together with the lines that fence it",
        details={"source": source, "line": line},
    )


def _kind_name(value: object) -> str:
    return {"str": "text", "list": "a list", "int": "a number", "float": "a number"}.get(type(value).__name__, f"a {type(value).__name__}")


def _plain_mapping(value: Mapping[Any, Any], source: str, language: str) -> dict[str, Any]:
    """`value` in types that JSON knows. YAML aliases can make a value that is endless or huge when it is written out, hence the budget."""
    budget = 10_000

    def plain(item: Any, depth: int) -> Any:
        nonlocal budget
        budget -= 1
        if budget < 0 or depth > 50:
            raise _bad_front_matter(source, language, "it holds too many or too deeply nested values", 2)
        if isinstance(item, int) and item.bit_length() > 64:
            raise _bad_front_matter(source, language, "it holds a number of more than 64 bits", 2)
        if isinstance(item, str):
            return item.encode("utf-8", "replace").decode("utf-8")  # an escape can make half a surrogate pair, which no file can hold
        if isinstance(item, dict):
            return {str(plain(k, depth + 1)): plain(v, depth + 1) for k, v in item.items()}
        if isinstance(item, (list, tuple)):
            return [plain(v, depth + 1) for v in item]
        if isinstance(item, (set, frozenset)):
            return sorted(str(plain(v, depth + 1)) for v in item)
        if item is None or isinstance(item, int) or (isinstance(item, float) and math.isfinite(item)):
            return item
        return str(item)  # dates and times

    mapping: dict[str, Any] = plain(value, 0)
    return mapping


# --------------------------------------------------------------------------------------------------------- the parser and its limits


#: What a text has somewhere when there is anything for a rule of the grammar to find. All others are not tried on each of its lines.
_RULE_MARKS = {
    "table": re.compile(r"\|"),
    "fence": re.compile("```|~~~"),
    "blockquote": re.compile(">"),
    "hr": re.compile(r"([-*_])[ \t]*\1[ \t]*\1"),
    "reference": re.compile(r"\]:"),
    "html_block": re.compile("<"),
    "heading": re.compile("#"),
    "lheading": re.compile(r"[-=][ \t]*$", re.MULTILINE),
    "deflist": re.compile(r"[:~][ \t]"),
}


class _Parser:
    """markdown-it-py over one text. Block tokens are made at once, inline tokens when they are asked for."""

    def __init__(self, text: str, source: str) -> None:
        self.front_matter, self.front_lines = _front_matter(text, source)
        self.lines = text.split("\n")
        self.footnotes = _footnotes(self.lines)
        self._source = source
        self._env: dict[str, Any] = {}
        self._md = self._parser({"maxNesting": _MAX_NESTING})
        # Front matter becomes blank lines, so that line numbers stay those of the file.
        body = "\n" * self.front_lines + "\n".join(as_markdown(self.lines[self.front_lines :]))
        self._md.block.ruler.disable([rule for rule, mark in _RULE_MARKS.items() if not mark.search(body)])
        try:
            self.tokens: list[Token] = self._md.parse(body, self._env)
        except RecursionError:
            raise self._too_deep(1) from None
        self._refuse_unclosed_comment()
        self._md.options["maxNesting"] = _MAX_LINKS

    def _parser(self, options: Mapping[str, Any]) -> MarkdownIt:
        from markdown_it import MarkdownIt
        from mdit_py_plugins.deflist import deflist_plugin

        md = MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).use(deflist_plugin)
        md.block.ruler.before("table", "nesting_guard", self._guard_nesting)
        # Inline content is parsed by `inline`, in pieces of a bounded length.
        md.core.ruler.enableOnly(["normalize", "block"])
        return md

    @cached_property
    def _linkless(self) -> MarkdownIt:
        return self._parser({"maxNesting": _MAX_LINKS}).disable(["link", "image"])

    def _guard_nesting(self, state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
        # At its limit markdown-it drops the text without a word. A container adds one or two levels, so no text gets past this rule.
        if state.level >= _MAX_NESTING - 2:
            raise self._too_deep(start_line + 1)
        return False

    def _too_deep(self, line: int) -> InvalidArgument:
        return InvalidArgument(
            f"scope file '{self._source}', line {line:,}: lists or quotes are nested deeper than {_MAX_NESTING // 2 - 2} levels",
            hint="use headings, or fewer levels of '>' and '-'",
            details={"source": self._source, "line": line},
        )

    def _refuse_unclosed_comment(self) -> None:
        for token in self.tokens:
            if token.type == "html_block" and token.content.lstrip().startswith("<!--") and "-->" not in token.content:
                line = _first_line(token)
                raise InvalidArgument(
                    f"scope file '{self._source}', line {line:,}: the comment that starts here is not closed and hides the text after it",
                    hint="end the comment with '-->'",
                    details={"source": self._source, "line": line},
                )

    def is_plain(self, content: str) -> bool:
        """Whether there is no mark in `content`, which holds no link, bold text or line end then."""
        return 0 < len(content) <= _MAX_INLINE and not self._md.inline.terminator_re.search(content)

    def inline(self, content: str) -> list[Token]:
        """The inline tokens of one paragraph, heading or table cell, without footnote marks."""
        if self.is_plain(content):
            from markdown_it.token import Token

            return [Token("text", "", 0, content=content)]  # what the parser makes of it
        tokens: list[Token] = []
        # Each bracket that stays open makes the parser look through the rest of the piece.
        unclosed = content.count("[") - content.count("]")
        md = self._linkless if unclosed > 10_000 or "]" not in content else self._md  # without its end, or so many, they are no links
        for piece in _pieces(content, _MAX_INLINE if unclosed < 100 else _MAX_INLINE // 16):
            tokens += md.inline.parse(piece, md, self._env, [])
        if self.footnotes and "[^" in content:
            for token in tokens:
                if token.type == "text":
                    token.content = _FOOTNOTE_MARK.sub(lambda m: "" if m[1] in self.footnotes else m[0], token.content)
        return tokens

    def span(self, token: Token) -> tuple[int, int]:
        """First and last line of a block token, counted from 1, without trailing blank lines."""
        start, end = token.map or (0, 1)
        end = min(end, len(self.lines))
        while end > start + 1 and not self.lines[end - 1].strip():
            end -= 1
        return start + 1, max(end, start + 1)

    def references(self) -> Mapping[str, Mapping[str, Any]]:
        """The link reference definitions by their normalised label."""
        found: Mapping[str, Mapping[str, Any]] = self._env.get("references", {})
        return found


def _first_line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


_FOOTNOTE_MARK = re.compile(r"\[\^([^\]\s]{1,60})\](?::\s*)?")


def _footnotes(lines: Sequence[str]) -> dict[str, int]:
    """The labels of the footnotes and where their notes start. `[^1]` is a mark only in a document with a line that starts with `[^1]:`."""
    starts = ((m[1], n) for n, line in enumerate(lines) if "[^" in line and (m := re.match(r" {0,3}\[\^([^\]\s]{1,60})\]:", line)))
    return dict(starts)


def _pieces(content: str, size: int) -> Iterator[str]:
    """`content` in pieces of at most `size` characters, cut at white space where there is some."""
    start = 0
    while len(content) - start > size:
        cut = max(content.rfind(" ", start + 1, start + size), content.rfind("\n", start + 1, start + size))
        cut = cut + 1 if cut > start else start + size
        yield content[start:cut]
        start = cut
    yield content[start:] if start else content


# ----------------------------------------------------------------------------------------------------------- inline tokens to text


@dataclass(frozen=True, slots=True)
class _Inline:
    """Plain text of inline content, with the label it starts with."""

    text: str = ""
    lead: str = ""
    rest: str = ""
    links: tuple[Link, ...] = ()
    emphasised: tuple[str, ...] = ()


_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f-\x9f]+")
_BARE_URL = re.compile(r"(?<![\w.@/])https?://(?:\[[0-9a-fA-F:.]{2,45}\])?(?:[^\s<>\"\[\]]|\[\])*[^\s<>\"'.,;:!?)\[\]}*_]")
_HREF = re.compile(r"""<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_FUNCTIONS = frozenset("sin cos tan cot sec csc log chi exp".split())
_TASK = re.compile(r"^\[[ xX]\](?:\s+|$)")
_ALERT = re.compile(r"^\[!\w+\]\s*")
_HEADING_ATTRIBUTES = re.compile(r"(?:(?<!\s)\s+)?\{[#.][^{}]*\}$")
_SET_OFF = re.compile(r"\s{0,4}(?P<abbr>\([^()]{1,60}\))?\s{0,4}(?:[:：]|\.(?=\s|$)|(?<=\s)-{1,80}+(?=\s)|[–—]+|\n|$)\s*")
_LABEL_END = " :：.。–—"
_OPENS_LABEL = frozenset({"strong_open", "link_open"})


def _tidy(text: str) -> str:
    return " ".join((text if text.isprintable() else _CONTROL_OR_SPACE.sub(" ", text)).split())


def _render(tokens: Sequence[Token], links: list[Link]) -> str:
    """Plain text of `tokens`, a hard line break as a newline; links are appended to `links`."""
    parts: list[str] = []
    open_links: list[tuple[str, int]] = []
    for number, token in enumerate(tokens):
        kind = token.type
        if kind == "text" and _is_note_mark(tokens, number, parts):
            continue
        if kind in ("text", "text_special"):
            parts.append(token.content)
            if "://" in token.content and not open_links:
                links += (Link(m[0], m[0]) for m in _BARE_URL.finditer(token.content))
        elif kind == "code_inline":
            parts.append(token.content)
        elif kind == "softbreak":
            parts.append(" ")
        elif kind == "hardbreak":
            parts.append("\n")
        elif kind == "image":
            parts.append(_render(token.children or (), []))
        elif kind == "link_open":
            open_links.append((str(token.attrGet("href") or ""), len(parts)))
        elif kind == "html_inline":
            _render_tag(token.content, parts, open_links, links)
        elif kind == "link_close":
            _close_link(parts, open_links, links)
    return "".join(parts)


def _is_note_mark(tokens: Sequence[Token], at: int, parts: Sequence[str]) -> bool:
    """Whether the text is the raised number of a note (`jobs<sup>2</sup>`) and no exponent (`cm<sup>2</sup>`, `sin<sup>2</sup>`)."""
    if not tokens[at].content.isdecimal() or not 0 < at < len(tokens) - 1 or tokens[at - 1].content.lower() != "<sup>":
        return False
    before = re.search(r"(?:^|[^\W\d_]*\W)([^\W\d_]{3,}[.,;:)]?)$", " " + "".join(parts[-3:])[-40:])
    return before is not None and before[1].lower() not in _FUNCTIONS


def _render_tag(tag: str, parts: list[str], open_links: list[tuple[str, int]], links: list[Link]) -> None:
    lowered = tag[:4].lower()
    if lowered.startswith("<br"):
        parts.append("\n")
    elif lowered == "</a>":
        _close_link(parts, open_links, links)
    elif lowered.startswith("<a") and (href := _HREF.match(tag)):
        open_links[:] = [(_unescape(href[1] or href[2] or href[3] or ""), len(parts))]  # one at a time: they do not nest


def _close_link(parts: list[str], open_links: list[tuple[str, int]], links: list[Link]) -> None:
    if not open_links:
        return
    url, start = open_links.pop()
    text = _tidy("".join(parts[start:]))
    links.append(Link(text, url))
    if text.startswith("^"):  # a footnote mark whose note is a bare address
        del parts[start:]


def _read_inline(tokens: list[Token], *, labelled: bool = True) -> _Inline:
    """Text, links and label of inline `tokens`. A label is bold text or a link at the start that is set off from what follows, or stands alone."""
    links: list[Link] = []
    text = _render(tokens, links)
    found = _Inline(_tidy(text), links=tuple(links), emphasised=_emphasised(tokens))
    first = next((i for i, t in enumerate(tokens) if t.type not in ("text", "html_inline") or t.content.strip()), len(tokens))
    if not labelled or first == len(tokens) or tokens[first].type not in _OPENS_LABEL:
        return found
    opener = tokens[first]
    close = opener.type.replace("open", "close")
    last = next((i for i in range(first + 1, len(tokens)) if tokens[i].type == close and tokens[i].level == opener.level), None)
    if last is None or opener.info == "auto":
        return found
    label = _tidy(_render(tokens[first : last + 1], []))
    # One space or line break for each run, so that the pattern below cannot backtrack through long ones.
    after = re.sub(r"\s+", lambda m: "\n" if "\n" in m[0] else " ", _render(tokens[last + 1 :], []))
    return _labelled(found, label, after)


def _emphasised(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The phrases in bold or italics, the outermost marks of each."""
    found: list[str] = []
    start, level = -1, 0
    for position, token in enumerate(tokens):
        if start < 0 and token.type in ("strong_open", "em_open"):
            start, level = position, token.level
        elif start >= 0 and token.level == level and token.type in ("strong_close", "em_close"):
            found.append(_tidy(_render(tokens[start + 1 : position], [])))
            start = -1
    return tuple(phrase for phrase in found if phrase)


def _labelled(found: _Inline, label: str, after: str) -> _Inline:
    set_off = _SET_OFF.match(after)
    inside = label.removesuffix(" -").rstrip(_LABEL_END)
    if inside != label:
        lead, rest = inside, after
    elif label.endswith(("?", "？")):
        lead, rest = label, after
    elif set_off:
        lead, rest = _tidy(f"{label} {set_off['abbr'] or ''}"), after[set_off.end() :]
    else:
        return found
    return replace(found, lead=lead, rest=_tidy(rest)) if lead else found


# ------------------------------------------------------------------------------------------------------------------- HTML to text

_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:-]*+)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>""")
_RAW_TEXT_END = re.compile(r"</(?:script|style|template)\s*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
_DECLARATION = re.compile(r"<!--|<\?|<!(?=[A-Za-z])")
_INLINE_TAGS = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp small span strike strong sub sup time tt u var wbr".split()
)


def _unescape(text: str) -> str:
    """`text` with its HTML entities decoded. Unlike `html.unescape` it takes no number with thousands of digits, which Python refuses."""
    return _ENTITY.sub(lambda m: unescape(m[0]), text) if "&" in text else text


def _without_declarations(html: str) -> str:
    """`html` without comments, processing instructions and doctypes; each leaves its line ends behind, so that lines still count."""
    html = html.replace("<![CDATA[", "").replace("]]>", "")
    out: list[str] = []
    pos = 0
    while (found := _DECLARATION.search(html, pos)) is not None:
        closer = {"<!--": "-->", "<?": "?>"}.get(found[0], ">")
        end = html.find(closer, found.end())
        if end < 0:
            break  # not closed in this block: kept as text
        out += (html[pos : found.start()], "\n" * html.count("\n", found.start(), end))
        pos = end + len(closer)
    return "".join(out) + html[pos:]


@dataclass(frozen=True, slots=True)
class _HtmlPiece:
    """Text of one paragraph, item, heading or table row of an HTML block; lines count from 0 within the block."""

    text: str
    first: int
    last: int
    cells: tuple[str, ...]
    header: tuple[str, ...]
    links: tuple[Link, ...]
    heading: int = 0  # the level of a heading, else 0
    item: int = 0  # the depth of a list item, else 0
    lead: str = ""  # of a list item what it starts with in bold, or its term
    ordered: bool = False


class _HtmlReader:
    """Cuts an HTML block into pieces at its block-level tags. A scanner of our own, since `html.parser` takes quadratic time on broken tags
    and raises on unknown declarations."""

    def __init__(self) -> None:
        self.pieces: list[_HtmlPiece] = []
        self._parts: list[str] = []
        self._links: list[Link] = []
        self._open_links: list[tuple[str, int]] = []
        self._cells: list[str] | None = None
        self._all_th = True
        self._header: tuple[str, ...] = ()
        self._line = self._first = self._last = 0
        self._bold_at = 0  # where in the current piece the last bold text starts
        self._started = False  # has the current piece any text yet?
        self._heading = 0
        self._lists: list[bool] = []  # is it numbered? of the lists around the current piece
        self._item = False  # is the current piece the text of a list item?
        self._lead = ""

    def read(self, html: str) -> list[_HtmlPiece]:
        html = _without_declarations(html)
        pos = 0
        while (tag := _TAG.search(html, pos)) is not None:
            self._data(html[pos : tag.start()])
            self._tag(tag[0], tag[2].lower(), closing=bool(tag[1]))
            pos = tag.end()
            if tag[2].lower() in ("script", "style", "template") and not tag[1]:
                end = _RAW_TEXT_END.search(html, pos)
                skipped = end.end() if end else len(html)
                self._line += html.count("\n", pos, skipped)
                pos = skipped
        self._data(html[pos:])
        self._end_row()
        return self.pieces

    def _data(self, data: str) -> None:
        if data.strip() and not self._started:
            self._started = True
            self._first = self._line + data[: len(data) - len(data.lstrip())].count("\n")
        if data.strip():
            self._last = self._line + data.rstrip().count("\n")
        self._parts.append(_unescape(data))
        self._line += data.count("\n")

    def _tag(self, tag: str, name: str, *, closing: bool) -> None:
        if name in _INLINE_TAGS:
            if name == "img" and (alt := re.search(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)):
                self._data(alt[1] or alt[2] or "")
            if name in ("b", "strong") and closing and self._item and not self._lead:
                self._lead = self._bold_lead()
            if name in ("b", "strong") and not closing:
                self._bold_at = len(self._parts)
            _render_tag(tag if name == "a" else "", self._parts, self._open_links, self._links)
        elif name in ("td", "th"):
            if not closing:
                self._end_cell()
                self._cells = [] if self._cells is None else self._cells
                self._all_th = self._all_th and name == "th"
            else:
                self._end_cell()
        elif name in ("tr", "table", "thead", "tbody", "tfoot"):
            self._end_row()
            if name == "table":
                self._header = ()
        elif self._cells is not None:
            self._parts.append(" ")  # a paragraph or list inside a cell
        elif name == "dt" and closing:
            self._lead = _tidy("".join(self._parts))
            self._parts.append(": ")
        elif name == "dd" and not closing and self._lead:
            pass  # goes on with the term
        else:
            self._end_piece()
            if name in ("ul", "ol", "dl"):
                self._lists = self._lists[:-1] if closing else [*self._lists, name == "ol"]
            self._item = name in ("li", "dt") and not closing
            self._heading = int(name[1]) if not closing and len(name) == 2 and name[0] == "h" and name[1] in "123456" else 0
        self._line += tag.count("\n")

    def _bold_lead(self) -> str:
        return "" if "".join(self._parts[: self._bold_at]).strip() else _tidy("".join(self._parts[self._bold_at :]))

    def _end_cell(self) -> None:
        if self._cells is None:
            self._end_piece()
            return
        text = _tidy("".join(self._parts))
        self._parts.clear()
        self._open_links.clear()
        if text:
            self._cells.append(text)

    def _end_row(self) -> None:
        if self._cells is None:
            self._end_piece()
            return
        self._end_cell()
        cells = tuple(self._cells)
        if cells:
            self._emit(" | ".join(cells), cells, () if self._all_th else self._header)
            self._header = cells if self._all_th else self._header
        self._cells, self._all_th = None, True

    def _end_piece(self) -> None:
        text = _tidy("".join(self._parts)).removesuffix(":" if self._lead else "")
        if text:
            self._emit(text, (), ())
        self._parts.clear()
        self._open_links.clear()
        self._item, self._lead = False, ""

    def _emit(self, text: str, cells: tuple[str, ...], header: tuple[str, ...]) -> None:
        heading = self._heading if not cells else 0
        depth = max(len(self._lists), 1) if self._item and not cells else 0
        # Bold text is a label where something sets it off, or where it stands alone.
        rest = text[len(self._lead) :]
        lead = self._lead if depth and (not rest or ((mark := _SET_OFF.match(rest)) and mark.end())) else ""
        ordered = bool(self._lists) and self._lists[-1]
        self.pieces.append(_HtmlPiece(text, self._first, self._last, cells, header, tuple(self._links), heading, depth, lead.rstrip(_LABEL_END), ordered))
        self._links.clear()
        self._started = False


# --------------------------------------------------------------------------------------------------------------- tokens to blocks


class _BlockReader:
    """Walks the block tokens once and writes down the blocks."""

    def __init__(self, parser: _Parser) -> None:
        self._parser = parser
        self.blocks: list[Block] = []
        self._path: list[tuple[int, str]] = []
        self._titles: tuple[str, ...] = ()  # those of the path: all blocks under a heading share them
        self._containers: list[int] = []  # the open list items (their position) and quotes
        self._lists: list[bool] = []  # the open lists: is it ordered?
        self._done = -1  # the position of the inline token that has become part of a list item already
        self._term: tuple[_Inline, int] | None = None  # the term of a definition list that waits for its definition
        self._definition = -1
        self._row: list[_Inline] = []
        self._row_contents: list[str] = []
        self._header_row: list[_Inline] = []
        self._row_line = self._header_line = self._rows = 0

    def read(self) -> tuple[Block, ...]:
        handles: dict[str, Callable[[int, Token], None] | None] = {}
        for position, token in enumerate(self._parser.tokens):
            if token.type not in handles:
                handles[token.type] = getattr(self, f"_on_{token.type}", None)
            handle = handles[token.type]
            if handle is not None:
                handle(position, token)
        return tuple(self.blocks)

    # -- what every block needs

    def _add(self, kind: BlockKind, text: str, lines: tuple[int, int], **more: Any) -> None:
        parent = next((c for c in reversed(self._containers) if c != _QUOTE), -1) if self._containers else -1
        self.blocks.append(Block(kind, text, lines, self._titles, parent=parent, **more))

    def _inline_of(self, token: Token, *, item: bool = False, quote: bool = False, labelled: bool = True) -> _Inline:
        if self._parser.is_plain(token.content):
            return _Inline(_tidy(token.content))
        tokens = self._parser.inline(token.content)
        if tokens and tokens[0].type == "text":
            if item:
                tokens[0].content = _TASK.sub("", tokens[0].content)
            elif quote:
                tokens[0].content = _ALERT.sub("", tokens[0].content)
        return _read_inline(tokens, labelled=labelled)

    # -- headings and paragraphs

    def _on_inline(self, position: int, token: Token) -> None:
        if position == self._done:
            return
        opener = self._parser.tokens[position - 1]
        if opener.type in ("td_open", "th_open"):
            self._row.append(self._inline_of(token, labelled=False))
            self._row_contents.append(token.content)
        elif opener.type == "dt_open":
            self._term = (self._inline_of(token, labelled=False), _first_line(token))
        elif opener.type == "heading_open" and not self._containers:
            inline = self._inline_of(token, labelled=False)
            self._heading(inline.text, int(opener.tag[1]), self._parser.span(opener), inline.links)
        else:
            # A heading inside a quote or an item divides nothing: it is text of its container.
            quoted = bool(self._containers) and self._containers[-1] == _QUOTE
            inline = self._inline_of(token, quote=quoted)
            if inline.text:
                kind: BlockKind = "quote" if quoted else "paragraph"
                self._add(kind, inline.text, self._parser.span(opener), **_parts_of(inline))

    def _heading(self, text: str, level: int, lines: tuple[int, int], links: tuple[Link, ...]) -> None:
        title = _heading_title(text)
        if title:
            while self._path and self._path[-1][0] >= level:
                self._path.pop()
            self._path.append((level, title))
            self._titles = tuple(title for _, title in self._path)
            self._add("heading", title, lines, level=level, links=links)

    # -- containers

    def _on_blockquote_open(self, position: int, token: Token) -> None:
        self._containers.append(_QUOTE)

    def _on_blockquote_close(self, position: int, token: Token) -> None:
        self._containers.pop()

    def _on_bullet_list_open(self, position: int, token: Token) -> None:
        self._lists.append(False)

    def _on_ordered_list_open(self, position: int, token: Token) -> None:
        self._lists.append(True)

    def _on_bullet_list_close(self, position: int, token: Token) -> None:
        self._lists.pop()

    _on_ordered_list_close = _on_bullet_list_close
    _on_dl_open = _on_bullet_list_open
    _on_dl_close = _on_bullet_list_close

    def _on_list_item_open(self, position: int, token: Token) -> None:
        inline, lines = _Inline(), (_first_line(token), _first_line(token))
        opener, content = self._first_paragraph(position)
        if opener is not None and content is not None:
            inline = self._inline_of(content, item=True)
            lines = (lines[0], self._parser.span(opener)[1])
        self._item(inline, lines)

    def _first_paragraph(self, position: int) -> tuple[Token | None, Token | None]:
        """The paragraph (its opening and its inline token) that a list item or a definition starts with; it is then done with."""
        opener, content = self._parser.tokens[position + 1], self._parser.tokens[min(position + 2, len(self._parser.tokens) - 1)]
        if opener.type not in ("paragraph_open", "heading_open"):
            return None, None
        self._done = position + 2
        return opener, content

    def _item(self, inline: _Inline, lines: tuple[int, int]) -> None:
        self._add("list_item", inline.text, lines, level=len(self._lists), ordered=self._lists[-1], **_parts_of(inline))
        self._containers.append(len(self.blocks) - 1)

    def _on_list_item_close(self, position: int, token: Token) -> None:
        item = self._containers.pop()
        if item == len(self.blocks) - 1 and not self.blocks[item].text:
            self.blocks.pop()  # nothing in it, so nothing points to it

    def _on_dd_open(self, position: int, token: Token) -> None:
        if self._term is None:  # a further definition of the same term
            self._containers.append(self._definition)
            return
        (term, line), self._term = self._term, None
        opener, content = self._first_paragraph(position)
        inline, last = _Inline(), line
        if opener is not None and content is not None:
            inline, last = self._inline_of(content, labelled=False), self._parser.span(opener)[1]
        text = f"{term.text}: {inline.text}" if term.text and inline.text else term.text or inline.text
        self._item(_Inline(text, term.text, inline.text, term.links + inline.links), (line, last))
        self._definition = self._containers[-1]

    def _on_dd_close(self, position: int, token: Token) -> None:
        self._containers.pop()

    # -- tables

    def _on_table_open(self, position: int, token: Token) -> None:
        self._rows = 0

    def _on_tr_open(self, position: int, token: Token) -> None:
        self._row, self._row_contents, self._row_line = [], [], _first_line(token)

    def _on_tr_close(self, position: int, token: Token) -> None:
        if self._parser.tokens[position - 1].type == "th_close":
            self._header_row, self._header_line = self._row, self._row_line
            return
        extra = _extra_cells(self._parser.lines[self._row_line - 1], self._row_contents)
        row = self._row + [_read_inline(self._parser.inline(cell), labelled=False) for cell in extra]
        self._table_row(row, tuple(cell.text for cell in self._header_row), self._row_line)

    def _table_row(self, row: Sequence[_Inline], header: tuple[str, ...], line: int) -> None:
        cells = tuple(cell.text for cell in row)
        if any(cells):
            self._rows += 1
            links = tuple(link for cell in row for link in cell.links)
            self._add("table_row", " | ".join(c for c in cells if c), (line, line), cells=cells, header=header, links=links)

    def _on_table_close(self, position: int, token: Token) -> None:
        if not self._rows:  # a table of nothing but its header
            self._table_row(self._header_row, (), self._header_line)

    # -- code and HTML

    def _on_fence(self, position: int, token: Token) -> None:
        if token.content.strip():
            self._add("code", token.content.rstrip("\n"), self._parser.span(token))

    _on_code_block = _on_fence

    def _on_html_block(self, position: int, token: Token) -> None:
        start = _first_line(token)
        above: dict[int, int] = {}
        for piece in _HtmlReader().read(token.content):
            lines = (start + piece.first, start + piece.last)
            if piece.item and not self._containers:
                self._html_item(piece, lines, above)
            elif piece.heading and not self._containers:
                self._heading(piece.text, piece.heading, lines, piece.links)
            else:
                self._add("html", piece.text, lines, cells=piece.cells, header=piece.header, links=piece.links)

    def _html_item(self, piece: _HtmlPiece, lines: tuple[int, int], above: dict[int, int]) -> None:
        """`above`: the position of the last item of each depth in this block of HTML."""
        parent = above.get(piece.item - 1, -1)
        self._add("list_item", piece.text, lines, level=piece.item, ordered=piece.ordered, links=piece.links, lead=piece.lead)
        rest = _SET_OFF.sub("", piece.text[len(piece.lead) :], count=1) if piece.lead else ""
        self.blocks[-1] = replace(self.blocks[-1], parent=parent, rest=rest)
        above[piece.item] = len(self.blocks) - 1


def _parts_of(inline: _Inline) -> dict[str, Any]:
    return {"lead": inline.lead, "rest": inline.rest, "links": inline.links, "emphasised": inline.emphasised}


def _heading_title(text: str) -> str:
    return _HEADING_ATTRIBUTES.sub("", text) or text


def _extra_cells(line: str, contents: Sequence[str]) -> list[str]:
    """The cells of a table row that stand to the right of the last column. Markdown drops them; we do not."""
    bare = line.strip()
    if bare.count("|") <= len(contents) - 1 + bare.startswith("|") + bare.endswith("|"):
        return []
    from markdown_it.rules_block.table import escapedSplit

    cells, known = [cell.strip() for cell in escapedSplit(bare)], [cell.strip() for cell in contents]
    # What stands before the first pipe is the first cell, or nothing, or the marks of the quote or list around the table.
    first = 1 if cells[: len(known)] != known and cells[1 : 1 + len(known)] == known else 0
    return [cell for cell in cells[first + len(known) :] if cell]


# ----------------------------------------------------------------------------------------------------------------- public readers


def read_scope(
    text: str,
    *,
    source: str,
    location: str = "inputs/scope.md",
    mode: Literal["full", "section", "seed-list"] = "full",
) -> ScopeDocument:
    """The document as blocks, in the order of the text. `text` is what `decode_scope` or `select_sections` gave.

    `lines` of a list item are those of its own first paragraph; what else the item holds follows as blocks of their own whose `parent` is the
    item. Headings in quotes and list items are text of these and not in any path. Raises `InvalidArgument`, with the line, for broken front
    matter, a comment that is not closed, and lists or quotes nested beyond all reason.
    """
    return _read(_unix_lines(text), source, location, mode)


@lru_cache(maxsize=4)  # a command asks for the same document several times
def _read(text: str, source: str, location: str, mode: Literal["full", "section", "seed-list"]) -> ScopeDocument:
    parser = _Parser(text, source)
    blocks = _BlockReader(parser).read()
    parser.tokens.clear()  # the parser refers to itself, and a command runs without a collector of cycles
    return ScopeDocument(source, location, text, blocks, _title(parser.front_matter, blocks, source), mode, parser.front_matter)


def _title(front_matter: Mapping[str, Any], blocks: Sequence[Block], source: str) -> str:
    given = front_matter.get("title")
    if isinstance(given, (str, int, float)) and not isinstance(given, bool) and _tidy(str(given)):
        return _tidy(str(given))
    headings = [b for b in blocks if b.kind == "heading"]
    first = next((b for b in headings if b.level == 1), headings[0] if headings else None)
    if first is not None:
        return first.text
    stem = _tidy(re.sub(r"[-_\s]+", " ", PurePath(source).stem))
    return stem[:1].upper() + stem[1:] if stem else "Scope"


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading with the lines (from 0, end excluded) of its section, its own lines being the first of them."""

    path: tuple[str, ...]
    start: int
    heading_end: int
    end: int
    ancestors: tuple[int, ...]


def select_sections(text: str, wanted: Sequence[str], *, source: str) -> str:
    """The sections of `text` under the `wanted` headings, each with the headings above it, in the order of the text.

    A wanted heading is compared without regard to markup, case and punctuation (when one agrees to the letter, only that one counts);
    `Chapter > Section` names a heading by those above it. Of equal headings all are taken. Front matter is kept, and so are the link
    definitions and footnotes that are used. Raises `InvalidArgument` for every wanted heading that is not there, with a list of those that are.
    """
    parser = _Parser(_unix_lines(text), source)
    sections = _sections(parser)
    chosen: set[int] = set()
    unmatched: list[str] = []
    for want in wanted:
        matches = _matching(want, sections)
        chosen.update(matches)
        if not matches:
            unmatched.append(want)
    if unmatched or not wanted:
        raise _no_such_section(unmatched, sections, source)

    keep: set[int] = set()
    for index in chosen:
        keep.update(range(sections[index].start, sections[index].end))
        for above in sections[index].ancestors:
            keep.update(range(sections[above].start, sections[above].heading_end))
    body = _joined(parser.lines, sorted(keep))
    parts = ["\n".join(parser.lines[: parser.front_lines]), body, *_used_notes(parser, body, keep), _used_references(parser, body, keep)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(parser: _Parser) -> list[_Section]:
    found: list[tuple[int, str, int, int]] = []
    for position, token in enumerate(parser.tokens):
        if token.type == "heading_open" and token.level == 0:
            title = _heading_title(_read_inline(parser.inline(parser.tokens[position + 1].content), labelled=False).text)
            if title:
                start, end = token.map or (0, 1)
                found.append((int(token.tag[1]), title, start, end))
    ends = [len(parser.lines)] * len(found)
    stack: list[int] = []
    sections: list[_Section] = []
    for index, (level, title, start, heading_end) in enumerate(found):
        while stack and found[stack[-1]][0] >= level:
            ends[stack.pop()] = start
        path = (*(found[i][1] for i in stack), title)
        sections.append(_Section(path, start, heading_end, 0, tuple(stack)))
        stack.append(index)
    return [replace(section, end=end) for section, end in zip(sections, ends, strict=True)]


def _strict_key(text: str) -> str:
    return _tidy(normalized(normalized(text).casefold()))


def _loose_key(text: str) -> str:
    kept = (c if unicodedata.category(c)[0] in "LNM" else " " for c in _strict_key(text))
    return " ".join("".join(kept).split())


def _matching(want: str, sections: Sequence[_Section]) -> list[int]:
    """The sections that `want` names: by the whole of it as a heading, else as a path; each to the letter first, then loosely."""
    bare = re.sub(r"^\s*#{1,6}\s+", "", want)
    ways = [[want], [bare]]
    steps = [step.strip() for step in bare.split(">")]
    if len(steps) > 1 and all(steps):
        ways.append(steps)
    for way in ways:
        for key in (_strict_key, _loose_key):
            keys = [key(step) for step in way]
            if all(keys) and (matches := [i for i, s in enumerate(sections) if _is_named(s.path, keys, key)]):
                return matches
    return []


def _is_named(path: tuple[str, ...], keys: Sequence[str], key: Callable[[str], str]) -> bool:
    """Is the last heading of `path` the last of `keys`, and do the others come above it in that order?"""
    if key(path[-1]) != keys[-1]:
        return False
    above = iter(path[:-1])
    return all(any(key(title) == step for title in above) for step in keys[:-1])


def _no_such_section(unmatched: Sequence[str], sections: Sequence[_Section], source: str) -> InvalidArgument:
    titles = list(dict.fromkeys(s.path[-1] for s in sections))
    details = {"source": source, "unmatched": list(unmatched), "headings": titles[:1000]}
    if not titles:
        return InvalidArgument(f"scope file '{source}' has no headings to choose sections by", hint="read all of it: --scope-mode full", details=details)
    listed = ", ".join(f"'{_short(t)}'" for t in titles[:_MAX_LISTED_HEADINGS])
    more = f", … and {len(titles) - _MAX_LISTED_HEADINGS} more" if len(titles) > _MAX_LISTED_HEADINGS else ""
    if not unmatched:
        return InvalidArgument(f"no section of scope file '{source}' was named; its headings: {listed}{more}", hint="--scope-section HEADING", details=details)
    # A long document has too many headings to compare them all.
    near = dict.fromkeys(nearest(_short(u), (_short(t) for t in titles[:2000])) for u in unmatched)
    suggested = [f"'{n}'" for n in near if n is not None]
    return InvalidArgument(
        f"scope file '{source}' has no heading {', '.join(repr(_short(u)) for u in unmatched)}; its headings: {listed}{more}",
        hint=f"did you mean {' or '.join(suggested)}?" if suggested else "name one of its headings, or a path such as 'Chapter > Section'",
        details=details,
    )


def _short(text: str) -> str:
    text = _tidy(text)
    return text if len(text) <= 80 else text[:79] + "…"


def _joined(lines: Sequence[str], kept: Sequence[int]) -> str:
    """The kept lines, with a blank line wherever some were left out."""
    out: list[str] = []
    for previous, number in zip((-1, *kept), kept, strict=False):
        if out and number != previous + 1 and out[-1].strip():
            out.append("")
        out.append(lines[number])
    return "\n".join(out).strip("\n")


def _used_notes(parser: _Parser, body: str, keep: set[int]) -> Iterator[str]:
    """The notes to the footnote marks in `body` that stand elsewhere, each up to the next blank line or note."""
    starts, used = set(parser.footnotes.values()), {m[1] for m in _FOOTNOTE_MARK.finditer(body)}
    for label, start in parser.footnotes.items():
        if start not in keep and label in used and f"^{label}".upper() not in parser.references():
            end = start + 1
            while end < len(parser.lines) and end not in starts and parser.lines[end].strip():
                end += 1
            yield "\n".join(parser.lines[start:end])


def _used_references(parser: _Parser, body: str, keep: set[int]) -> str:
    """The definitions of the reference links in `body` that stand elsewhere in the document, often at its end."""
    elsewhere = {label: ref for label, ref in parser.references().items() if ref["map"][0] not in keep}
    if not elsewhere:
        return ""
    from markdown_it.common.utils import normalizeReference

    used = {normalizeReference(m) for m in re.findall(r"\[([^\[\]]{1,999})\]", body)}
    definitions = []
    for label, ref in elsewhere.items():
        if label in used:
            title = ref.get("title", "").replace("\\", "\\\\").replace('"', '\\"')
            definitions.append(f"[{label}]: <{ref['href']}>" + (f' "{title}"' if title and "\n\n" not in title else ""))
    return "\n".join(definitions)


_NUMBERING = re.compile(r"^(?:[•·▪◦‣*+–—-]\s+|\(?\d{1,3}[.):]\s+|\d{1,2}(?:\.\d{1,2})+[.):]?\s+|\(?[a-zA-Z]\)\s+)+")
_TRAILING = " \t.,;:!?…。、，；：！？"


def seeds(document: ScopeDocument) -> list[tuple[str, Block]]:
    """What a seed list names: pairs of a cleaned title and the block it comes from, in the order of the text.

    Each list item is a seed; without list items each heading (a single heading of level 1 at the top is the title of the list, not
    a seed); without these each line, and the first cell with a letter in it of each table row; and at last the title. A title is the
    `lead` of the block if it has one, else its text, without numbering in front and punctuation behind.
    """
    for group in _seed_groups(document):
        named = [(title, block) for block in group if (title := _seed_title(block))]
        if named:
            return named
    return []


def _seed_groups(document: ScopeDocument) -> Iterator[list[Block]]:
    """The groups of blocks that may be the seeds, the likeliest first."""
    yield [b for b in document.blocks if b.kind == "list_item"]
    headings = list(document.headings())
    has_title = bool(headings) and [h.level == 1 for h in headings] == [True] + [False] * (len(headings) - 1)
    yield headings[has_title:]
    lines = list(_line_blocks(document))
    yield [b for b in lines if b.kind != "code"]
    yield [b for b in lines if b.kind == "code"]
    yield headings


def _line_blocks(document: ScopeDocument) -> Iterator[Block]:
    """The blocks that are no headings, those of several lines cut into one for each line."""
    lines = document.text.split("\n")
    parser: _Parser | None = None
    for block in document.blocks:
        first, last = block.lines
        if block.kind in ("paragraph", "quote") and last > first:
            parser = parser or _Parser("", document.source)
            for number in range(first, last + 1):
                inline = _read_inline(parser.inline(re.sub(r"^[\s>]+", "", lines[number - 1])))
                yield replace(block, text=inline.text, lead=inline.lead, rest=inline.rest, links=inline.links, lines=(number, number))
        elif block.kind == "code":
            yield from (replace(block, text=line.strip(), lines=(first, last)) for line in block.text.split("\n") if line.strip())
        elif block.kind != "heading":
            yield block


def _seed_title(block: Block) -> str:
    title = next((c for c in block.cells if any(map(str.isalpha, c))), "") if block.cells else block.lead or block.text
    return _NUMBERING.sub("", title).rstrip(_TRAILING)
