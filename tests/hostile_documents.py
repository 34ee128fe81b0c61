"""Documents of a given size that no author would write, each of one shape: what a reader must get through in
time that grows with the size.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Mapping

_CUES = (
    "requires", "needs", "builds on", "depends on", "see", "after", "is", "means", "for example", "Note:",
    "prerequisites:", "such as", "Common mistake:", "Practice:", "must", "because", "if you", "consists of",
    "once you know", "as shown in", "in order to", "also called", "unlike", "Do not",
)  # fmt: skip


#: Two sound concepts, the second of which goes on with whatever follows: so that it is
#: not refused for want of one.
HEAD = (
    "# Birds\n\n## Falcon\n\nA falcon is a bird that hunts in flight.\n\n## Heron\n\n"
    "The heron needs the falcon. "
)


def _filled(piece: str, size: int, head: str = HEAD) -> str:
    return (head + piece * (size // len(piece) + 1))[:size] + "\n"


def _numbered(line: Callable[[int], str], size: int, head: str = HEAD) -> str:
    out, length, n = [head], len(head), 0
    while length < size:
        out.append(line(n))
        length += len(out[-1])
        n += 1
    return "".join(out)


def _url(n: int, length: int = 300) -> str:
    return "https://host.example/" + "/".join(f"part-{n}-{i}_x.y" for i in range(length // 14))


def _random(size: int, alphabet: str) -> str:
    rng = random.Random(size)
    return HEAD + "".join(rng.choice(alphabet) for _ in range(size))


def _latin(size: int) -> str:
    rng = random.Random(size)
    # Control characters would be refused as binary.
    return HEAD + bytes(b if b >= 32 or b == 10 else 32 for b in rng.randbytes(size)).decode("latin-1")


def _json(size: int) -> str:
    rows = [
        {"id": i, "name": f"item {i}", "tags": ["alpha", "beta"], "at": {"x": i / 7, "y": None}}
        for i in range(size // 90)
    ]
    return json.dumps(rows, indent=None)


def _nested_json(size: int) -> str:
    return '{"a":[' * (size // 12) + "]}" * (size // 12) + "\n"


SHAPES: Mapping[str, Callable[[int], str]] = {
    "one word": lambda n: _filled("a", n),
    "one capital word": lambda n: _filled("A", n),
    "digits": lambda n: _filled("7", n),
    "one word in a heading": lambda n: _filled("a", n, "# "),
    "a word after each cue": lambda n: _numbered(
        lambda i: f"It {_CUES[i % len(_CUES)]} {'a' * (n // 24)}.\n\n", n
    ),
    "a URL after each cue": lambda n: _numbered(
        lambda i: f"Part {i} {_CUES[i % len(_CUES)]} {_url(i)}.\n\n", n
    ),
    "one long URL after each cue": lambda n: _numbered(
        lambda i: f"## Part {i}\n\nIt {_CUES[i % len(_CUES)]} {_url(i, n // 24)}.\n\n", n
    ),
    "one sentence": lambda n: _filled("falcon hunts and heron waits ", n),
    "one sentence of capitals": lambda n: _filled("Falcon Hunts And Heron Waits ", n),
    "one sentence of clauses": lambda n: _filled("it holds what it is, ", n),
    "one sentence after cues": lambda n: _numbered(
        lambda i: f"It {_CUES[i % len(_CUES)]} {'the old grey heron of it ' * (n // 600)}.\n\n", n
    ),
    "one word and a cue": lambda n: _filled("a is the a ", n),
    "spaces": lambda n: _filled(" ", n, HEAD + "word"),
    "spaces in lines": lambda n: _filled("word" + " " * 400 + "\n", n),
    "tabs": lambda n: _filled("\t", n, HEAD + "word"),
    "blank lines": lambda n: _filled("\n", n, HEAD + "word") + "word\n",
    "dashes": lambda n: _filled("-", n),
    "spaced dashes": lambda n: _filled("- ", n),
    "spaced long dashes": lambda n: _filled("— ", n, HEAD + "word "),
    "lines of spaced dashes": lambda n: _filled("- " * 30 + "\n\n", n),
    "spaced stars": lambda n: _filled("* ", n),
    "spaced arrows": lambda n: _filled("-> ", n),
    "arrows": lambda n: _filled("→ ", n),
    "equals": lambda n: _filled("=", n),
    "dots": lambda n: _filled(".", n),
    "spaced dots": lambda n: _filled(". ", n, HEAD + "word "),
    "decimals": lambda n: _numbered(
        lambda i: f"It {_CUES[i % len(_CUES)]} {'0.' * 60}, a and {'1.' * 60}.\n\n", n
    ),
    "commas": lambda n: _filled("a, ", n),
    "colons": lambda n: _filled("a: ", n),
    "semicolons": lambda n: _filled("a; ", n),
    "slashes": lambda n: _filled("a/", n),
    "hyphens": lambda n: _filled("a-", n),
    "apostrophes": lambda n: _filled("a'", n),
    "underscores": lambda n: _filled("a_", n),
    "open parentheses": lambda n: _filled("(", n),
    "open parentheses with words": lambda n: _filled("(a ", n),
    "nested parentheses": lambda n: _filled("(" * 50 + "word" + ")" * 50 + " ", n),
    "open brackets": lambda n: _filled("[", n),
    "open brackets with words": lambda n: _filled("[a ", n),
    "images": lambda n: _filled("![", n),
    "links": lambda n: _filled("[a](b) ", n),
    "half links": lambda n: _filled("[a](", n),
    "AsciiDoc links": lambda n: _filled("https://host.example[Label] ", n),
    "braces": lambda n: _filled("{", n),
    "quotes": lambda n: _filled('"', n),
    "spaced quotes": lambda n: _filled('"a ', n),
    "single quotes": lambda n: _filled("' ", n),
    "open curly quotes": lambda n: _filled("“a ", n),
    "pipes": lambda n: _filled("|", n),
    "lines of pipes": lambda n: _filled("|" * 80 + "\n", n),
    "backticks": lambda n: _filled("`", n, HEAD + "word "),
    "rising backticks": lambda n: (
        HEAD + "word " + " ".join("`" * i for i in range(1, int((2 * n) ** 0.5))) + "\n"
    ),
    "spaced backticks": lambda n: _filled("` a ", n),
    "less-than": lambda n: _filled("<", n, HEAD + "word "),
    "half tags": lambda n: _filled("<a ", n),
    "half tags in lines": lambda n: _filled("<a href='\n", n),
    "tags": lambda n: _filled("<b>", n),
    "blocks of HTML": lambda n: _filled("<div>\n", n),
    "lists of HTML": lambda n: _filled("<ul><li>a", n),
    "ampersands": lambda n: _filled("&", n),
    "entities": lambda n: _filled("&#38", n),
    "stars": lambda n: _filled("*", n, HEAD + "word "),
    "stars and underscores": lambda n: _filled("*_", n, HEAD + "word "),
    "openers of emphasis": lambda n: _filled("*a _a ", n),
    "closers of emphasis": lambda n: _filled("a* a_ ", n),
    "openers, then closers": lambda n: HEAD + "**a *b " * (n // 16) + " c* d**" * (n // 16) + "\n",
    "tildes": lambda n: _filled("~~a ", n),
    "nested quotes": lambda n: _filled("> " * 12 + "word\n", n),
    "falling quotes": lambda n: _numbered(lambda i: "> " * (i % 14) + "word\n", n),
    "nested lists": lambda n: _numbered(lambda i: "  " * (i % 14) + f"- item {i}\n", n),
    "link definitions": lambda n: _numbered(lambda i: f"[label {i}]: https://host.example/{i}\n", n),
    "link definitions, unfinished": lambda n: _filled("[a]:\n", n),
    "link definitions of one label": lambda n: _filled("[a]: <b\n", n),
    "open comments": lambda n: _filled("word <!-- ", n),
    "declarations": lambda n: _filled("<!A ", n),
    "CDATA": lambda n: _filled("<![CDATA[", n),
    "instructions": lambda n: _filled("a <? ", n),
    "footnotes": lambda n: _numbered(lambda i: f"word[^{i}]\n\n[^{i}]: note {i}\n\n", n),
    "a table of many cells": lambda n: HEAD + "\n\n" + "|a" * (n // 4) + "|\n" + "|-" * (n // 4) + "|\n",
    "a table of few columns": lambda n: _numbered(
        lambda i: f"| a{i} | b{i} |\n", n, HEAD + "\n\n| a | b |\n|---|---|\n"
    ),
    "a table of 50 columns": lambda n: _numbered(
        lambda i: "|a" * 50 + "|\n", n, HEAD + "\n\n" + "|a" * 50 + "|\n" + "|-" * 50 + "|\n"
    ),
    "a table with a wide header": lambda n: (
        HEAD + "\n\n" + "|a" * (n // 10) + "|\n" + "|-" * (n // 10) + "|\n" + "|a|\n" * (n // 20)
    ),
    "headings": lambda n: _numbered(lambda i: f"## h{i}\n\n", n),
    "headings of one letter": lambda n: _filled("# a\n", n),
    "headings without text": lambda n: _filled("#\n", n),
    "headings with text": lambda n: _numbered(
        lambda i: f"## Topic {i}\n\nTopic {i} needs topic {i // 2} and topic {i // 3}.\n\n", n
    ),
    "underlined headings": lambda n: _numbered(lambda i: f"Topic {i}\n=======\n\n", n),
    "nested headings": lambda n: _numbered(lambda i: f"{'#' * (1 + i % 6)} Topic {i}\n\nIt is one.\n\n", n),
    "numbered lines": lambda n: _numbered(lambda i: f"{i % 900}.{i % 7} topic\n", n),
    "leaders": lambda n: _numbered(lambda i: f"Topic {i} ........................ {i}\n", n),
    "one leader": lambda n: _filled(". . ", n, HEAD + "Topic "),
    "definition list": lambda n: _numbered(lambda i: f"term {i}\n: means {i}\n\n", n),
    "definitions": lambda n: _filled(": a\n", n, HEAD + "\n\nterm\n"),
    "AsciiDoc titles": lambda n: _numbered(lambda i: f"== Title {i}\n\nterm{i}:: it is one\n\n", n, ""),
    "AsciiDoc terms": lambda n: _filled("a:b ", n, "== One\n\nA word.\n\n== Two\n\n"),
    "directives": lambda n: _numbered(lambda i: f".. note:: a\n   b{i}\n\n", n, "Title\n~~~~~\n\n"),
    "a deep directive": lambda n: _numbered(
        lambda i: f"{' ' * (i % 300)}.. note:: a\n", n, "Title\n~~~~~\n\n"
    ),
    "Chinese": lambda n: _filled("学习数据结构", n // 3),
    "Chinese sentences": lambda n: _filled("学习数据，算法分析。需要先矩阵（向量）。", n // 3),
    "Chinese topics": lambda n: _numbered(lambda i: f"## 主题{i}\n\n需要先学习主题{i // 2}。\n\n", n // 3),
    "Arabic": lambda n: _filled("تعلم البيانات، الخوارزميات. ", n // 2),
    "combining marks": lambda n: _filled("a" + "\u0301" * 20, n // 2),
    "nothing but combining marks": lambda n: _filled("\u0301\u0323", n // 2),
    "emoji": lambda n: _filled("👩‍👩‍👧‍👦 ", n // 4),
    "bidi": lambda n: _filled("\u202e a", n),
    "zero width": lambda n: _filled("a\u200b", n),
    "Latin-1": lambda n: _latin(n // 2),
    "printable": lambda n: _random(n, "".join(map(chr, range(32, 127))) + "\n"),
    "punctuation": lambda n: _random(n, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \n"),
    "marks and words": lambda n: _random(n, "a b*_[](){}<>|`-#:.,;\n"),
    "JSON": _json,
    "nested JSON": _nested_json,
    "base64": lambda n: HEAD + base64.b64encode(random.Random(1).randbytes(n * 3 // 4)).decode() + "\n",
    "base64 in lines": lambda n: HEAD + base64.encodebytes(random.Random(1).randbytes(n * 3 // 4)).decode(),
    "minified": lambda n: _filled(
        "!function(e,t){for(var n=0;n<t.length;n++){e[n]=t[n]&&t[n](e)||{a:1,b:'x'}}}(window,[]);", n, ""
    ),
    "CSV": lambda n: _numbered(
        lambda i: f'{i},"name {i}",{i / 3:.3f},2024-01-{i % 28 + 1:02},"a, b"\n',
        n,
        "id,name,value,date,note\n",
    ),
    "log": lambda n: _numbered(
        lambda i: (
            f"2024-05-01T10:{i % 60:02}:00.{i:06} INFO [worker-{i % 9}] request id={i} path=/a/b/{i} took "
            f"{i % 97} ms\n"
        ),
        n,
        "",
    ),
    "XML": lambda n: _numbered(
        lambda i: f'<row id="{i}"><name>n {i}</name></row>\n', n, "<?xml version='1.0'?>\n<rows>\n"
    ),
    "LaTeX": lambda n: _numbered(
        lambda i: (
            f"\\section{{Topic {i}}} Let $x_{{{i}}} = \\frac{{a}}{{b}}$ hold. \\[ \\sum_{{i}} x_i \\]\n\n"
        ),
        n,
        "",
    ),
    "long items": lambda n: _numbered(lambda i: f"- topic {i} {'and the rest of it ' * 60}\n", n),
    "labels": lambda n: _numbered(
        lambda i: f"- **Topic {i}**: needs topic {i // 2}, (see topic {i // 3}) — it is one\n", n
    ),
    "abbreviations": lambda n: _filled("A. ", n, HEAD),
    "questions": lambda n: _filled("Why? ", n),
    "one mention": lambda n: (
        _numbered(lambda i: f"- alpha beta {i}\n", n // 2) + "\n" + "alpha beta " * (n // 22) + "\n"
    ),
}
