"""How a scope document is read: bytes to text, text to blocks, sections out of it."""

from __future__ import annotations

import codecs
import subprocess
import sys
from pathlib import Path

import pytest
from dagogy.api._decoding import MAX_SCOPE_BYTES, decode_text
from dagogy.api.errors import InvalidArgument
from dagogy.api.scope import Block, Link, ScopeDocument
from dagogy.pipeline.sections import select_sections
from dagogy_reader_markdown import dagogy_readers
from dagogy_reader_markdown.reader import MarkdownReader, read_markdown
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pattern_probe import GROWTH, call_growth

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def read(text: str, source: str = "notes.md") -> ScopeDocument:
    return read_markdown(text, source=source)


def only(text: str) -> Block:
    (block,) = read(text).blocks
    return block


def texts(text: str, kind: str | None = None) -> list[str]:
    return [b.text for b in read(text).blocks if kind in (None, b.kind)]


def refused(text: str) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        read(text)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


# ---------------------------------------------------------------------------------------------- bytes to text


@pytest.mark.parametrize(
    "data",
    [
        "# Zür\n\nText 日本\n".encode(),
        codecs.BOM_UTF8 + "# Zür\r\n\r\nText 日本\r\n".encode(),
        codecs.BOM_UTF16_LE + "# Zür\n\nText 日本\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "# Zür\r\rText 日本\r".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "# Zür\n\nText 日本\n".encode("utf-32-le"),
        codecs.BOM_UTF32_BE + "# Zür\n\nText 日本\n".encode("utf-32-be"),
    ],
)
def test_known_encodings_and_line_ends_give_the_same_text(data: bytes) -> None:
    assert decode_text(data, "n.md") == "# Zür\n\nText 日本\n"


@pytest.mark.parametrize(
    ("data", "finding", "way_out"),
    [
        (b"", "empty (0 bytes)", "write down"),
        (b" \r\n\t\n", "blank (5 bytes)", "write down"),
        (codecs.BOM_UTF8, "blank (3 bytes)", "write down"),
        (b"# A\n\nCaf\xe9 noir\n", "byte 0xe9 at offset 8 (line 3)", "iconv -f WINDOWS-1252"),
        (b"# A\n\nhello \0 world", "NUL character at offset 11", "UTF-8"),
        ("# Topic".encode("utf-16-le"), "NUL character", "iconv -f UTF-16LE"),
        ("# Thé".encode("utf-16-be"), "not valid UTF-8", "iconv -f UTF-16BE"),
        (codecs.BOM_UTF16_LE + b"a\0b", "not valid UTF-16-LE", "iconv"),
        (b"ab\x01\x02\x03" * 20, "60% control characters", "UTF-8"),
        (b"%PDF-1.7 text", "a PDF document", "pandoc"),
        (b"PK\x03\x04rest", "a zip archive", "pandoc"),
        (b"a" * (MAX_SCOPE_BYTES + 1), "16,777,217 bytes", "split"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_the_finding_and_the_way_out(
    data: bytes, finding: str, way_out: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        decode_text(data, "my notes.md")
    assert "my notes.md" in caught.value.message
    assert finding in caught.value.message
    assert "\n" not in caught.value.message
    assert way_out in caught.value.hint


def test_a_stray_control_character_does_not_make_a_text_binary() -> None:
    assert "page" in decode_text(
        b"one page of text\x0c and then another page, \x1b with an escape in it " * 3, "n.md"
    )


def test_unusual_line_separators_do_not_shift_line_numbers() -> None:
    assert [b.lines for b in read("one\u2028two\x0cthree\x85four\n\nnext").blocks] == [(1, 1), (3, 3)]


# ----------------------------------------------------------------------------------------------- front matter


def test_yaml_front_matter_is_metadata_and_its_lines_count() -> None:
    document = read("---\ntitle: A course\nstart: 2024-05-01\ntags: [a, b]\n---\n\n# Chapter\n")
    assert document.front_matter == {"title": "A course", "start": "2024-05-01", "tags": ["a", "b"]}
    assert document.title == "A course"
    assert document.blocks == (Block("heading", "Chapter", (7, 7), ("Chapter",), level=1),)


def test_toml_front_matter_is_metadata() -> None:
    document = read("+++\ntitle = 'T'\nday = 2024-05-01\n[x]\ny = 1\n+++\nText\n")
    assert document.front_matter == {"title": "T", "day": "2024-05-01", "x": {"y": 1}}
    assert document.blocks[0].lines == (7, 7)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("---\na: 1\nb: [1\n---\nx", 3, "expected ',' or ']'"),
        ("---\njust words\n---\nx", 2, "not text"),
        ("---\n- a\n---\nx", 2, "not a list"),
        ("---\nday: 2024-13-45\n---\nx", 2, "month"),
        ("---\na: " + "9" * 5000 + "\n---\n", 2, "digits"),
        ("---\na: 0x" + "f" * 5000 + "\n---\n", 2, "64 bits"),
        ("---\na: " + "[" * 5000 + "\n---\n", 2, "recursion"),
        ("---\na: &x [*x]\n---\n", 2, "too many or too deeply"),
        (
            "---\na0: &a0 [1]\n"
            + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
            + "---\n",
            2,
            "too many",
        ),
        ("---\na: !!python/object:os.system x\n---\n", 2, "could not determine a constructor"),
        ("+++\na = 1\nb = = 2\n+++\n", 3, "Invalid value"),
        ("+++\na = " + "[" * 5000 + "\n+++\n", 2, "recursion"),
    ],
)
def test_broken_front_matter_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    error = refused(text)
    assert f"line {line}:" in error.message
    assert reason in error.message


@pytest.mark.parametrize(
    "text",
    ["---\n\nSome text.\n\n---\n", "---\n\ntitle: [\n\n---\n", "---\nnever: closed\n", "+++\nnever closed\n"],
)
def test_a_thematic_break_is_not_front_matter(text: str) -> None:
    document = read(text)
    assert document.front_matter == {}
    assert document.blocks


def test_the_title_is_that_of_the_metadata_or_of_the_first_heading_or_the_file_name() -> None:
    assert read("---\ntitle: 42\n---\n# H").title == "42"
    assert read("## Second\n\n# First *one*\n").title == "First one"
    assert read("## Second\n\n### Third\n").title == "Second"
    assert read("text", "dir/intro-to_graphs.v2.md").title == "Intro to graphs.v2"
    assert read("text", "-").title == "Scope"


# --------------------------------------------------------------------------------------------- text and lines


def test_text_is_free_of_markup() -> None:
    block = only(
        "A *b* __c__ `d  e` ~~f~~ [g](http://h) ![i](j.png)\n"
        "k &amp; l\\* <b>m</b><br>n<!-- gone --> o&nbsp;p\n"
    )
    assert block.text == "A b c d e f g i k & l* m n o p"
    assert block.lines == (1, 2)


def test_links_are_kept_with_their_addresses() -> None:
    text = (
        '[a](http://x/1 "t") <http://x/2> [b][r] [r] <a href="http://x/3?a&amp;b">c</a> see '
        "https://x.org/4.\n\n[r]: http://x/5\n"
    )
    assert only(text).links == (
        Link("a", "http://x/1"),
        Link("http://x/2", "http://x/2"),
        Link("b", "http://x/5"),
        Link("r", "http://x/5"),
        Link("c", "http://x/3?a&b"),
        Link("https://x.org/4", "https://x.org/4"),
    )


def test_headings_make_the_path() -> None:
    blocks = read(
        "Top\n===\n\nMore\n---\n\ntext\n\n#### Deep `x` #\n\nt2\n\n## Next\n\nt3\n\n##\n\nt4"
    ).blocks
    assert [(b.kind, b.text, b.level, b.lines) for b in blocks if b.kind == "heading"] == [
        ("heading", "Top", 1, (1, 2)),
        ("heading", "More", 2, (4, 5)),
        ("heading", "Deep x", 4, (9, 9)),
        ("heading", "Next", 2, (13, 13)),
    ]
    assert [b.path for b in blocks if b.kind == "paragraph"] == [
        ("Top", "More"),
        ("Top", "More", "Deep x"),
        ("Top", "Next"),
        ("Top", "Next"),
    ]


def test_headings_in_code_comments_quotes_and_items_are_not_headings() -> None:
    document = read(
        "```\n# code\n```\n\n<!--\n# comment\n-->\n\n> # quoted\n\n- # item\n\n    # indented\n\n# Real\n"
    )
    assert [b.text for b in document.headings()] == ["Real"]
    assert "comment" not in " ".join(b.text for b in document.blocks)


@pytest.mark.parametrize(
    ("text", "lead", "rest"),
    [
        ("**Concept**: a gloss", "Concept", "a gloss"),
        ("**Concept:** a gloss", "Concept", "a gloss"),
        ("**Concept** - a gloss", "Concept", "a gloss"),
        ("**Concept** – a gloss", "Concept", "a gloss"),
        ("**Concept**—a gloss", "Concept", "a gloss"),
        ("**Concept.** A gloss", "Concept", "A gloss"),
        ("**Concept**. A gloss", "Concept", "A gloss"),
        ("__Concept__: a *gloss*", "Concept", "a gloss"),
        ("**Con`cept`**: a gloss", "Concept", "a gloss"),
        ("[Concept](http://u): a gloss", "Concept", "a gloss"),
        ("**[Concept](http://u)**: a gloss", "Concept", "a gloss"),
        ("[**Concept**](http://u): a gloss", "Concept", "a gloss"),
        ("**Concept** (C): a gloss", "Concept (C)", "a gloss"),
        ("**What is it?** A gloss", "What is it?", "A gloss"),
        ("**概念**:定義", "概念", "定義"),
        ("**Concept**\\\na gloss", "Concept", "a gloss"),
        ("**Concept**", "Concept", ""),
        ("[Concept](http://u)", "Concept", ""),
        ("**C++**: a language", "C++", "a language"),
        ("**HTTP** is a protocol", "", ""),
        ("**Bold**-ish words", "", ""),
        ("The **concept**: a gloss", "", ""),
        ("<http://u>: a gloss", "", ""),
        ("****: nothing", "", ""),
    ],
)
def test_a_label_is_distinguished_from_its_gloss(text: str, lead: str, rest: str) -> None:
    for block in (only(text), only("- " + text.replace("\n", "\n  "))):
        assert (block.lead, block.rest) == (lead, rest)


# ------------------------------------------------------------------------------------------------------ lists


def test_list_items_know_their_depth_parent_and_kind_of_list() -> None:
    blocks = read("- one\n  wrapped\n  - two\n    1. three\n- four\n").blocks
    assert [(b.text, b.level, b.parent, b.ordered, b.lines) for b in blocks] == [
        ("one wrapped", 1, -1, False, (1, 2)),
        ("two", 2, 0, False, (3, 3)),
        ("three", 3, 1, True, (4, 4)),
        ("four", 1, -1, False, (5, 5)),
    ]


def test_what_else_an_item_holds_points_to_it() -> None:
    blocks = read(
        "- first\n\n  second\n\n  ```\n  code\n  ```\n\n  > quote\n\n  | a |\n  |---|\n  | b |\n\nafter\n"
    ).blocks
    assert [(b.kind, b.text, b.parent) for b in blocks] == [
        ("list_item", "first", -1),
        ("paragraph", "second", 0),
        ("code", "code", 0),
        ("quote", "quote", 0),
        ("table_row", "b", 0),
        ("paragraph", "after", -1),
    ]


def test_task_marks_are_removed_and_empty_items_left_out() -> None:
    assert [
        (b.text, b.lead)
        for b in read("- [ ] open\n- [x] **Done**: it\n-\n- <!-- nothing -->\n- [link]\n").blocks
    ] == [
        ("open", ""),
        ("Done: it", "Done"),
        ("[link]", ""),
    ]


def test_an_item_that_only_holds_a_list_stays_as_its_parent() -> None:
    blocks = read("- - inner\n").blocks
    assert [(b.text, b.level, b.parent) for b in blocks] == [("", 1, -1), ("inner", 2, 0)]


def test_a_definition_list_gives_items_with_term_and_definition() -> None:
    blocks = read("*Term*\n: Its meaning\n  goes on\n\n  More.\n: Also this\n\nOther\n: Else\n").blocks
    assert [(b.kind, b.text, b.lead, b.rest, b.parent, b.lines) for b in blocks] == [
        ("list_item", "Term: Its meaning goes on", "Term", "Its meaning goes on", -1, (1, 3)),
        ("paragraph", "More.", "", "", 0, (5, 5)),
        ("paragraph", "Also this", "", "", 0, (6, 6)),
        ("list_item", "Other: Else", "Other", "Else", -1, (8, 9)),
    ]


# --------------------------------------------------------------------------------- tables, quotes, code, HTML


def test_table_rows_have_cells_and_column_names() -> None:
    first, second = read("| *Topic* | Note |\n|---|:-:|\n| [A](http://a) | `x\\|y` |\n| B |\n").blocks
    assert first == Block(
        "table_row",
        "A | x|y",
        (3, 3),
        cells=("A", "x|y"),
        header=("Topic", "Note"),
        links=(Link("A", "http://a"),),
    )
    assert (second.cells, second.lines) == (("B", ""), (4, 4))


@pytest.mark.parametrize("row", ["| 1 | 2 | 3 | *4* |", "1 | 2 | 3 | 4", "1 | 2 | 3 | 4 |", "|1|2|3|4"])
@pytest.mark.parametrize("prefix", ["", "> "])
def test_cells_beyond_the_header_are_kept(prefix: str, row: str) -> None:
    block = only(f"{prefix}| a | b |\n{prefix}|---|---|\n{prefix}{row}\n")
    assert block.cells == ("1", "2", "3", "4")


def test_a_table_of_only_a_header_is_kept() -> None:
    assert only("| a | b |\n|---|---|\n").cells == ("a", "b")


def test_quotes_and_alerts() -> None:
    assert [(b.kind, b.text) for b in read("> [!NOTE]\n> **Mind** this\n>\n> - item\n").blocks] == [
        ("quote", "Mind this"),
        ("list_item", "item"),
    ]


def test_code_keeps_its_lines_and_an_unclosed_fence_loses_nothing() -> None:
    block = read("text\n\n```py\na = 1\n\n# b\n").blocks[1]
    assert (block.kind, block.text, block.lines) == ("code", "a = 1\n\n# b", (3, 6))


def test_html_blocks_are_read_piece_by_piece() -> None:
    text = (
        "# H\n\n<h2>Big <i>head</i></h2>\n<ul><li>One &eacute;\n<li><a href='http://u'>Two</a></ul>\n"
        "<script>var x = '<p>no</p>';</script>\n<p>a<br>b <b>c</b>"
    )
    assert [(b.kind, b.text, b.lines, b.path) for b in read(text).blocks[1:]] == [
        ("heading", "Big head", (3, 3), ("H", "Big head")),
        ("list_item", "One é", (4, 4), ("H", "Big head")),
        ("list_item", "Two", (5, 5), ("H", "Big head")),
        ("html", "a", (7, 7), ("H", "Big head")),
        ("html", "b c", (7, 7), ("H", "Big head")),
    ]


def test_html_tables_have_cells_and_column_names() -> None:
    blocks = read(
        "<table>\n<tr><th>Topic<th>Note</tr>\n<tr><td><p>A</p></td>\n<td>b</td></tr></table>\n"
    ).blocks
    assert [(b.kind, b.cells, b.header, b.lines) for b in blocks] == [
        ("html", ("Topic", "Note"), (), (2, 2)),
        ("html", ("A", "b"), ("Topic", "Note"), (3, 4)),
    ]


def test_comments_vanish_and_one_that_is_not_closed_is_refused() -> None:
    assert texts("a <!-- b\nc --> d\n\n<!-- x\n\n# y -->\nafter\n\n<div><!-- q -->z</div>") == [
        "a d",
        "after",
        "z",
    ]
    error = refused("# A\n\n<!-- draft\n\n# B\n")
    assert "line 3" in error.message


def test_footnote_marks_are_no_text_where_the_note_is_defined() -> None:
    assert texts("A[^1] b [^x].\n\n[^1]: The note.\n") == ["A b [^x].", "The note."]


# --------------------------------------------------------------------------------------------------- sections

BOOK = """\
---
title: Book
---
# Part *one*

Preface.

## C++: the language

Text [ref] and more.

```
## Not a heading
```

### Details

d

## C

c text

# Part two

## Details

d2

Summary
-------

s

[ref]: http://ref.example 'T "q"'
[unused]: http://unused.example
"""


READER = MarkdownReader(next(iter(dagogy_readers())))


def chosen_of(text: str, wanted: list[str], source: str = "x") -> ScopeDocument:
    return select_sections(read_markdown(text, source=source), wanted, READER.surroundings)


def select(text: str, wanted: list[str]) -> str:
    return chosen_of(text, wanted).text


def section(*wanted: str) -> str:
    return select(BOOK, list(wanted))


def test_a_section_comes_with_the_headings_above_it_and_what_is_below() -> None:
    assert section("c++ THE language!") == (
        "---\ntitle: Book\n---\n\n# Part *one*\n\n## C++: the language\n\nText [ref] and more.\n\n```\n"
        "## Not a heading\n```\n\n### Details\n\nd\n\n"
        '[REF]: <http://ref.example> "T \\"q\\""\n'
    )


def test_the_selection_reads_like_the_original() -> None:
    whole = [(b.kind, b.text, b.path, b.links) for b in read(BOOK).blocks]
    chosen = chosen_of(BOOK, ["Part two", "C++: the language"])
    assert chosen.mode == "section"
    assert chosen.front_matter == {"title": "Book"}
    assert [(b.kind, b.text, b.path, b.links) for b in chosen.blocks] == [
        b for b in whole if b[1] not in ("Preface.", "C", "c text")
    ]


def test_all_equal_headings_are_taken_in_document_order_and_never_twice() -> None:
    assert [b.path for b in read(section("Summary", "details", "Part two")).headings()] == [
        ("Part one",),
        ("Part one", "C++: the language"),
        ("Part one", "C++: the language", "Details"),
        ("Part two",),
        ("Part two", "Details"),
        ("Part two", "Summary"),
    ]


def test_an_exact_heading_beats_one_that_differs_in_punctuation() -> None:
    text = "# C\n\na\n\n# C++\n\nb\n\n# C#\n\nc\n"
    assert [select(text, [w]) for w in ("c", "C++", "c#")] == ["# C\n\na\n", "# C++\n\nb\n", "# C#\n\nc\n"]
    assert select(text, ["c!"]) == text


def test_a_path_names_a_heading_by_those_above_it() -> None:
    assert "d2" in section("part TWO > Details")
    assert "d2" not in section("Part one > details")
    assert select("# a > b\n\nx\n", ["A > B"]) == "# a > b\n\nx\n"


def test_markup_unicode_form_and_hash_marks_do_not_matter() -> None:
    text = "# `Caf\u00e9` and **Stra\u00dfe** {#id}\n\nx\n"
    assert select(text, ["## CAFE\u0301 and STRASSE"]) == text


def test_unmatched_headings_are_all_named_with_those_that_exist() -> None:
    with pytest.raises(InvalidArgument) as caught:
        section("Detials", "Not a heading", "C")
    error = caught.value
    assert "'Detials', 'Not a heading'" in error.message
    assert "its headings: 'Part one', 'C++: the language', 'Details'" in error.message
    assert "did you mean 'Details'" in error.hint
    assert error.details["unmatched"] == ["Detials", "Not a heading"]


def test_a_long_list_of_headings_is_cut() -> None:
    with pytest.raises(InvalidArgument) as caught:
        select("".join(f"# Heading {i}\n" for i in range(50)), ["zzz"])
    assert "'Heading 29', … and 20 more" in caught.value.message


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("no headings", ["A"]), ("# A", []), ("# A", [""]), ("# A", ["..."]), ("# A", [" > "])],
)
def test_nothing_to_choose_is_an_error(text: str, wanted: list[str]) -> None:
    with pytest.raises(InvalidArgument):
        select(text, wanted)


def test_footnotes_of_a_section_come_along() -> None:
    text = "# A[^x]\n\na[^1]\n\n# B\n\nb\n\n[^1]: Note one\n  goes on.\n[^2]: Note two.\n[^x]: http://x.example\n"
    selected = read(select(text, ["a"]))
    assert [b.text for b in selected.blocks] == ["A", "a", "Note one goes on."]
    assert selected.blocks[0].links == (Link("^x", "http://x.example"),)


# ------------------------------------------------------------------------------------------------- robustness

# fmt: off
MARKS = st.sampled_from([
    "\n", "\n\n", "# ", "- ", "1. ", "  ", "    ", "\t", "> ", "|", "|-|-|\n", "**", "*", "_", "`", "```\n",
    "~~", "[", "](", ")", "![", "[a]: b", "<", ">", "<!--", "-->", "<div>", "</td>", "<td>", "<tr>",
    "<table>", "<a href=x>", "</a>", "<script>", "<!X", "<![CDATA[", "<?", "&amp;", "&#xD800;", "\\",
    "---\n", "+++\n", "===\n", ": ", "a", "b c", "é", "日本", "שלום", "[ ] ", "[^1]", "[^1]: ", "{#x}",
    "http://x", "\u200f", "\x0c", "\u2028", "https://", "\r",
])
# fmt: on


@settings(
    max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
@given(st.one_of(st.lists(MARKS, max_size=40).map("".join), st.text(max_size=60)))
@pytest.mark.slow
def test_any_text_is_read_or_refused_with_a_typed_error(text: str) -> None:
    try:
        document = read(text)
    except InvalidArgument:
        return
    line_count = document.text.count("\n") + 1
    for position, block in enumerate(document.blocks):
        assert 1 <= block.lines[0] <= block.lines[1] <= line_count
        assert -1 <= block.parent < position
        assert block.parent < 0 or document.blocks[block.parent].kind == "list_item"
        assert block.text or block.kind == "list_item"
        block.text.encode()
    for heading in {b.text for b in document.headings()}:
        chosen = chosen_of(text, [heading])
        read(chosen.text)
        assert all(1 <= b.lines[0] <= b.lines[1] <= chosen.text.count("\n") + 1 for b in chosen.blocks)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["# ", "- ", "> ", "1. ", "  - ", "", "| ", ": ", "    ", "<p>", "**"]),
            st.sampled_from(["\n", "\n\n"]),
        ),
        max_size=25,
    )
)
def test_no_word_is_lost(lines: list[tuple[str, str]]) -> None:
    text = "".join(f"{prefix}word{i}x{end}" for i, (prefix, end) in enumerate(lines))
    found = "\n".join(b.text for b in read(text).blocks)
    assert [i for i in range(len(lines)) if f"word{i}x" not in found] == []


@pytest.mark.parametrize("mark", [">", "> ", "- ", "1. ", "* + "])
def test_nesting_beyond_reason_is_refused_with_its_line(mark: str) -> None:
    assert (
        "line 3: lists or quotes are nested deeper than 31 levels"
        in refused("a\n\n" + mark * 10_000 + "x").message
    )


@pytest.mark.parametrize("mark", ["> ", "- "])
def test_deep_but_bearable_nesting_keeps_its_text(mark: str) -> None:
    assert texts(mark * 31 + "word")[-1] == "word"


def test_nested_inline_markup_keeps_its_text() -> None:
    for text in (
        "[" * 3000 + "word" + "](u)" * 3000,
        "![" * 500 + "word" + "](u)" * 500,
        "*_" * 2000 + "word" + "_*" * 2000,
    ):
        assert "word" in only(text).text


def test_a_paragraph_of_any_length_is_read_whole() -> None:
    words = [f"word{i}" for i in range(20_000)]
    assert only(" ".join(words)).text.split() == words
    assert only("x" * 100_000).text == "x" * 100_000


@pytest.mark.parametrize(
    "text",
    [
        "`" * 30_000,
        "[" * 8_000,
        "<a " * 20_000,
        "<div>" + "<a <b " * 50_000,
        "<div>" + "<a href=x>y" * 10_000 + "</a>" * 10_000,
        "<div>" + "<!a" * 50_000,
        "**a** " + " " * 500_000 + "- b",
        "**" + "—" * 100_000 + "**",
        "|a|b|\n|-|-|\n" + "|x|y|z|\n" * 2_000,
        "a\n" * 5_000,
        "[a]: b 'c\n" * 3_000,
        "t\n" + ": d\n" * 2_000,
        "a\n" + "\n" * 200_000,
    ],
    ids=lambda text: text[:12],
)
def test_texts_that_hurt_parsers_are_read_quickly(text: str) -> None:
    assert call_growth(read, text, text[: len(text) // 4]) <= GROWTH


@pytest.mark.slow
def test_time_grows_with_the_length() -> None:
    text = (EXAMPLES / "sourdough-baking.md").read_text(encoding="utf-8")
    assert call_growth(read, text * 40, text * 10) <= GROWTH


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.md")), ids=lambda p: p.stem)
def test_the_words_of_the_examples_are_all_there_on_their_lines(path: Path) -> None:
    text = decode_text(path.read_bytes(), str(path))
    document = read(text, str(path))
    lines = text.split("\n")
    for block in document.blocks:
        first_word = block.text.split()[0].strip("():")
        assert first_word in "\n".join(lines[block.lines[0] - 1 : block.lines[1]])
    assert len(document.blocks) > 20
    assert document.front_matter or document.title == next(document.headings()).text


def test_the_parser_is_imported_when_it_is_first_needed() -> None:
    code = (
        "import sys, dagogy_reader_markdown.reader; print([m for m in ('markdown_it', 'yaml', "
        "'mdit_py_plugins', 'tomllib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_table_whose_rule_has_fewer_cells_than_its_header_is_one() -> None:
    text = (
        "# Web\n\n Week # | Topic\n -------------  |\n1 - 2 | Anatomy of the Web\n\n```\na | b\n---|\n```\n"
    )
    blocks = read_markdown(text, source="notes.md").blocks
    assert [b.cells for b in blocks if b.kind == "table_row"] == [("1 - 2", "Anatomy of the Web")]
    assert [b.text for b in blocks if b.kind == "code"] == ["a | b\n---|"]
