"""What becomes of text from elsewhere: on a terminal, in a CI log, in JSON, in Markdown."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from html import unescape

import pytest
from dagogy.api.display import json_text, one_line, printed, visible, visible_export
from dagogy.cli.app import App
from dagogy.pipeline.markdown import Markdown, code, document, fence, inline, prose, table
from markdown_it import MarkdownIt
from pattern_probe import GROWTH, call_growth
from support import some_fast

#: Format characters that have a glyph of their own, or that only hieroglyphs are joined by.
WITH_A_GLYPH = {
    *range(0x600, 0x606),
    0x6DD,
    0x70F,
    0x890,
    0x891,
    0x8E2,
    0x110BD,
    0x110CD,
    *range(0x13430, 0x13440),
}
#: Invisible, though not of a category that says so (Default_Ignorable_Code_Point).
IGNORABLE = {
    0x34F,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    *range(0x180B, 0x1810),
    0x3164,
    *range(0xFE00, 0xFE10),
    0xFFA0,
    *range(0xE0000, 0xE1000),
}
CONTROLS = "\x1b[31m\x9b31m\x07\x08\x7f\u202e\u2066\u200b\u2028\u2029\x85\v\f\r\x1b]0;title\x07"


@pytest.mark.slow
def test_every_character_that_is_hidden_is_escaped_and_no_other() -> None:
    hidden = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    wanted = {n for n in range(0x110000) if unicodedata.category(chr(n)) in hidden} - WITH_A_GLYPH - {
        0x9,
        0xA,
    } | IGNORABLE
    found = {n for n in range(0x110000) if visible(chr(n)) != chr(n)}
    unassigned = {*range(0x2060, 0x2070), *range(0xFFF0, 0xFFFC), 0xFFFE, 0xFFFF}
    assert found - unassigned == wanted - unassigned
    assert all(visible(chr(n)).isascii() for n in found)


def test_the_escape_names_the_character() -> None:
    assert visible("\x1b[0m\x9b\u202e\U000e0041\ud800") == r"\x1b[0m\x9b\u202e\U000e0041\ud800"
    assert one_line("a\u2028b\x85c\r\nd\re\n") == r"a b c d\x0de"
    assert one_line(12) == "12"
    assert visible("a\tb\r\nc\n") == "a\tb\r\nc\n"


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian needs the non-joiner
        "क्\u200dष र्\u200cक",  # Devanagari both, after a virama
        "ශ්\u200dරී",
        (
            "\U0001f469\u200d\U0001f4bb \U0001f3f3\ufe0f\u200d\U0001f308 "
            "\U0001f9d1\U0001f3fd\u200d\U0001f680 \u2764\ufe0f 1\ufe0f\u20e3"
        ),
        "葛\U000e0100",
        "ᠨᠠ\u180b",
        "naïve – “quoted” ½ \u00a0 \ufffd \ufffc ﷽ 日本",
    ],
)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert visible(text) == one_line(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a\u200db",
        "\u200c",
        "\ufe0f",
        "a\ufe0f\ufe0f",
        "ی\u200c\u200c",
        "\U0001f469\u200d",
        "\u061c\u200d",
        " \U000e0100",
    ],
)
def test_what_joins_nothing_is_escaped(text: str) -> None:
    assert visible(text) != text


@pytest.mark.parametrize("function", [visible, one_line, printed])
def test_what_is_safe_already_stays_as_it_is(function: object) -> None:
    assert callable(function)
    once = function(f"::error::{CONTROLS}\n \t::warning::x ###[a] ##vso[b]")
    assert function(once) == once


def test_no_line_is_a_command_to_a_ci_runner() -> None:
    assert (
        printed("::error::a\n\u3000 ::set-output::b\nx ::c")
        == "\\x3a:error::a\n\u3000 \\x3a:set-output::b\nx ::c"
    )
    for mark in ("##[error]", "##vso[task.complete]", "##teamcity[x]", "###[x]"):
        for text in (one_line(f"x {mark}"), printed(f"x {mark}"), json_text({"a": mark})):
            assert mark not in text
            assert "##[" not in text
    assert one_line("## a heading #[x] C##") == "## a heading #[x] C##"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_is_the_same_json(ascii_only: bool) -> None:
    value = {CONTROLS: [f"{CONTROLS}\\##[x] \\\\{chr(0xE0041)} \ud800 日本 \\"], "n": 1.5}
    text = json_text(value, ascii_only=ascii_only)
    assert json.loads(text) == value
    assert visible(text) == text
    assert "##[" not in text
    assert ("日本" in text) is not ascii_only


def test_an_export_keeps_its_format() -> None:
    assert json.loads(visible_export('{"a": "\x9b\u202e"}', "application/vnd.acme+json; charset=utf-8")) == {
        "a": "\x9b\u202e"
    }
    assert (
        visible_export("BEGIN:VCALENDAR\r\n::notice::\x1b", "text/calendar")
        == "BEGIN:VCALENDAR\r\n::notice::\\x1b"
    )


def test_the_boundary_flattens_what_a_line_was_not_flattened_of(monkeypatch: pytest.MonkeyPatch) -> None:
    app, out, err = App([]), io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    app.write(f"title: {CONTROLS}\n::error::x", styled="\x1b[31merror\x1b[0m ")
    app.write("::error::y")
    app.emit({}, "a\nb", "c")
    app.report("one\n::error::", f"two{CONTROLS}")
    app.json = True
    app.emit({CONTROLS: CONTROLS})
    first, *rest = out.getvalue().split("\n")
    assert first.startswith("\x1b[31merror\x1b[0m title: \\x1b[31m")
    assert rest[:3] == ["\\x3a:error::y", "a b", "c"]
    assert "\x1b" not in first.removeprefix("\x1b[31merror\x1b[0m")
    assert visible("\n".join(rest)) == "\n".join(rest)
    assert len(err.getvalue().splitlines()) == 2
    assert visible(err.getvalue()) == err.getvalue()


HOSTILE = [
    "# heading",
    "- item",
    "+ item",
    "1. item",
    "2) item",
    "> quotation",
    "===",
    "---",
    "***",
    "___",
    "    code",
    "```",
    "~~~",
    "| a | b |",
    "a | b",
    "\\| a",
    "[text](javascript:x)",
    "![image](http://h/i.png)",
    "[ref]: http://h",
    "[x][ref]",
    "<b>html</b>",
    "<!-- hidden -->",
    "<http://h>",
    "&lt;&#35;",
    "*a* **b** _c_ __d__ ~~e~~ `f`",
    "a\\",
    "a  \nb",
    "- [ ] task",
    "\n\n# heading",
    "a\r\n\r\n<script>",
    "`",
    "``",
    "a`b``c",
    "\\`x`",
    "$x$",
]


def rendered(text: str) -> str:
    """The tags of the HTML of `text`, without its words."""
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    return re.sub(r">[^<]+<", "><", html)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_in_markdown_stays_text(hostile: str) -> None:
    assert rendered(inline(hostile)) == rendered("words")
    assert rendered(f"- {inline(hostile)}") == rendered("- words")
    assert rendered(f"# {inline(hostile)}") == rendered("# words")
    assert rendered(f"a {inline(hostile)} b") == rendered("words")
    assert rendered(f"**{inline('x' + hostile + 'x')}**") == rendered("**words**")
    assert rendered(f"a {code(hostile)} b") == rendered("a `words` b")
    rows = [(hostile, code(hostile), "end")]
    assert rendered("\n".join(table(("a", "b", "c"), rows))) == rendered(
        "\n".join(table(("a", "b", "c"), [("x", code("x"), "end")]))
    )
    assert rendered("\n".join([*fence([hostile, hostile]), "after"])) == rendered("```text\nx\n```\nafter")


def test_inline_text_shows_what_was_written() -> None:
    for text in HOSTILE:
        html = MarkdownIt("commonmark").renderInline(inline(text))
        assert unescape(html) == " ".join(text.split())
    assert inline("a snake_case name, 3 - 1 = 2 (really)") == "a snake_case name, 3 - 1 = 2 (really)"
    assert inline("https://h.example www.h.example a@b") == r"https\://h.example www\.h.example a\@b"


def test_markdown_of_our_own_stays() -> None:
    assert inline(Markdown("**x**")) == "**x**"
    assert prose("run `dagogy *x*` and *wait*, then `") == r"run `dagogy *x*` and \*wait\*, then \`"
    assert document(["# x", "```", "\x1b::", "::error::", "```"]) == "# x\n```\n\\x1b::\n\\x3a:error::\n```\n"


@pytest.mark.parametrize(
    "unit",
    some_fast(
        ["`", "#", "\\", "|", "\u3000", "\n", "\x1b", "::", "\u200d", "##a", "www.", "\\|"], "`", "::", "\\|"
    ),
)
def test_the_time_grows_with_the_text_alone(unit: str) -> None:
    """A pattern that backtracked would take sixteen times as long, or more, for text
    that is four times as long.
    """
    long, short = (unit * (size // len(unit)) for size in (20_000, 5_000))
    for function in (
        visible,
        one_line,
        printed,
        inline,
        code,
        prose,
        lambda t: table(("a",), [(t, code(t))]),
        lambda t: fence([t]),
    ):
        assert call_growth(function, long, short) <= GROWTH, function
