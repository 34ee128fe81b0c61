"""LaTeX: what of a document pandoc cannot read, it gives back as it stands, or drops. Its commands are then
made transparent, and it is asked again.

Only their definitions are added to the text, so its words stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dagogy.api.errors import InvalidArgument

__all__ = ["latex_tree"]

Node = dict[str, Any]
_ROUNDS = 4
_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
_END_DOCUMENT = re.compile(r"\\end\s*\{document\}")
_TITLE = re.compile(r"\\(?:title|author|date)(?:\s*\[[^\]]{0,300}\])?\s*\{")
_COMMENT = re.compile(r"(?<!\\)%.*")
_ENVIRONMENT = re.compile(r"\s*\\begin\s*\{([A-Za-z]{1,60}\*?)\}")
_COMMAND = re.compile(r"\s*\\([A-Za-z]{1,60})\s*(\{)")
_SPECIFICATION = re.compile(
    r"(\\begin\{(?:longtable|tabular\*?|tabularx|tabulary)\}(?:\[[^\]\n]{0,40}\])?(?:(?<=[xy*]\})\{[^{}\n]{0,100}\})?)\{((?:[^{}\n]|\{[^{}\n]{0,100}\}){1,300})\}"
)
#: A column of a type that the document defines: with a width, or without.
_WIDE_COLUMN, _PLAIN_COLUMN = re.compile(r"[A-Z](?=\{)"), re.compile(r"\b[A-WYZ]\b")
_LONG_TABLE, _LONG_TABLE_ENDS = "\\begin{longtable}", "\\end{longtable}"
_PART_ENDS = re.compile(r"\\end(firsthead|head|foot|lastfoot)\b")
#: So many words after the end are no remark.
_APPENDIX = 50
_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{3,60}[\s,.;:~-]{1,20}[^\W\d_]{2}")
#: What holds no text of the document, whatever it says.
_NO_TEXT = frozenset(
    (
        "AtEndDocument AtBeginDocument addcontentsline addtocontents bibliography bibliographystyle "
        "hypersetup include includegraphics input label setlength lstset geometry tikzset usetikzlibrary "
        "definecolor newcommand renewcommand providecommand newenvironment def let tikzpicture tabular "
        "longtable tabularx tabulary array lstlisting verbatim minted comment thebibliography filecontents"
    ).split()
)


def latex_tree(text: str, parsed: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The syntax tree of a LaTeX document; `parsed` is pandoc with what it cannot read left in the tree.
    Raises what `parsed` raises.
    """
    text = _with_appendix(_plain_tables(text))
    try:
        tree = parsed(text)
    except InvalidArgument:
        text = without_preamble(text)
        tree = parsed(text)
    known: set[str] = set()
    for _ in range(_ROUNDS):
        found = {name for raw in _raw(tree["blocks"]) for name in _opaque(raw)} - known
        if not found:
            break
        known |= found
        try:
            tree = parsed(_defined(text, sorted(known)))
        except InvalidArgument:  # one of them was better left alone
            break
    return tree


def _plain_tables(text: str) -> str:
    """The text with tables in pandoc's terms: one header, no footers, and columns
    of the types that it knows.
    """
    text = _SPECIFICATION.sub(
        lambda m: m[1] + "{" + _PLAIN_COLUMN.sub("l", _WIDE_COLUMN.sub("p", m[2])) + "}", text
    )
    if not _PART_ENDS.search(text):
        return text
    before, *tables = text.split(_LONG_TABLE)
    return _LONG_TABLE.join((before, *map(_head_alone, tables)))


def _head_alone(table: str) -> str:
    """A long table, from its columns on, without what repeats at the breaks of pages but for its header; as
    it stands where it has no end.
    """
    columns, newline, rest = table.partition("\n")
    rows, end, after = rest.partition(_LONG_TABLE_ENDS)
    if not end:
        return table
    parts = _PART_ENDS.split(rows)
    named = dict(zip(parts[1::2], parts[::2], strict=False))
    head = named.get("firsthead", named.get("head", ""))
    mark = "\\endhead" if head.strip() else ""
    return f"{columns}{newline}{head}{mark}{parts[-1]}{end}{after}"


def _with_appendix(text: str) -> str:
    """The text with what stands after its end, where that is more than a remark: LaTeX leaves it out, whoever
    kept it there does not.
    """
    end = _END_DOCUMENT.search(text)
    if end is None or len(_COMMENT.sub("", text[end.end() :]).split()) < _APPENDIX:
        return text
    return f"{text[: end.start()]}\n\n{text[end.end() :]}\n\\end{{document}}\n"


def _raw(nodes: Any) -> Iterator[str]:
    """The LaTeX that is left in a tree."""
    open_nodes = [nodes]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, dict):
            if node.get("t") in ("RawInline", "RawBlock") and node["c"][0] in ("latex", "tex"):
                yield node["c"][1]
            else:
                open_nodes.append(node.get("c"))
        elif isinstance(node, list):
            open_nodes += node


def _opaque(raw: str) -> Iterator[str]:
    """The name of the command or environment (then with `begin` before it) that hides text."""
    if not _WORDS.search(raw):
        return
    environment, command = _ENVIRONMENT.match(raw), _COMMAND.match(raw)
    if environment and environment[1].rstrip("*") not in _NO_TEXT:
        yield f"begin {environment[1]}"
    elif command and command[1] not in _NO_TEXT and command[1] not in ("begin", "end"):
        yield command[1]


def _defined(text: str, names: Sequence[str]) -> str:
    """The text with definitions of these names, which give what they hold, at its beginning."""
    lines = []
    for name in names:
        kind, _, environment = name.rpartition(" ")
        lines.append(f"\\renewenvironment{{{environment}}}{{}}{{}}" if kind else f"\\def\\{name}#1{{#1}}")
    begin = _DOCUMENT.search(text)
    at = begin.end() if begin else 0
    return f"{text[:at]}{''.join(lines)}{text[at:]}"


def without_preamble(text: str) -> str:
    """The text without what stands before the document but its title, for a preamble that pandoc stops at."""
    begin = _DOCUMENT.search(text)
    if begin is None:
        return text
    head, body = _COMMENT.sub("", text[: begin.start()]), text[begin.end() :]
    end = _END_DOCUMENT.search(body)
    titles = [command for match in _TITLE.finditer(head) if (command := _balanced(head, match))]
    return "\n".join([*titles, "\\begin{document}", body[: end.start()] if end else body, "\\end{document}"])


def _balanced(text: str, opening: re.Match[str]) -> str:
    """The command that starts at `opening`, up to the brace that ends it; empty where none does."""
    depth = 0
    for at in range(opening.end() - 1, min(len(text), opening.end() + 2000)):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return text[opening.start() : at + 1]
    return ""
