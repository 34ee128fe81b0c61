"""Readers: the same content gives the same blocks in every format, with its place in the file, and a
stranger's file can do nothing else.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from dagogy.api.errors import ConfigError, InvalidArgument, PluginError
from dagogy.api.readers import Source
from dagogy.api.scope import Block, ScopeDocument
from dagogy.host.manager import Host, Selection
from dagogy.pipeline.documents import Readers, combined, kept_blocks, misplaced, restored
from dagogy.pipeline.sections import select_sections
from support import IMPORT_ALL, CommandRunner, SitePackages, failed, some_fast

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.md"))
READERS = Readers(Host(Selection()))


def pandoc() -> Path:
    from dagogy_reader_pandoc.process import pandoc_path

    found = pandoc_path()
    if found is None:
        pytest.skip("pypandoc_binary is not installed")
    return found


@pytest.fixture
def needs_pandoc() -> None:
    pandoc()


def read(name: str, data: bytes | str, format_id: str = "") -> ScopeDocument:
    document = READERS.read(Source(name, data.encode() if isinstance(data, str) else data), format_id)
    assert misplaced(document) == ""
    return document


def texts(document: ScopeDocument, kind: str = "") -> list[str]:
    return [b.text for b in document.blocks if kind in ("", b.kind)]


def brief(block: Block) -> tuple[str, str, tuple[int, int]]:
    return block.kind, block.text, block.lines


# ----------------------------------------------------------------------------------- the same in every format

FORMATS = {
    "docx": "docx",
    "odt": "odt",
    "html": "html",
    "epub": "epub",
    "rst": "rst",
    "org": "org",
    "adoc": "asciidoc",
    "ipynb": "ipynb",
    "tex": "latex",
    "typ": "typst",
    "mediawiki": "mediawiki",
    "opml": "opml",
}


def essence(document: ScopeDocument) -> Counter[object]:
    """What concepts are read from: headings with their level and path, items with their
    depth, cells under their headers.
    """
    straight = str.maketrans("“”‘’", "\"\"''")
    found: Counter[object] = Counter()
    for b in document.blocks:
        if b.kind in ("heading", "list_item"):
            found[b.kind, b.level, b.ordered, b.text.translate(straight), b.path] += 1
        elif b.kind == "table_row":
            found[b.kind, tuple(c.translate(straight) for c in b.cells), b.header] += 1
    return found


@pytest.mark.usefixtures("needs_pandoc")
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("example", some_fast(EXAMPLES, EXAMPLES[0]), ids=lambda p: p.stem)
def test_the_same_content_gives_the_same_blocks_in_every_format(
    example: Path, suffix: str, tmp_path: Path
) -> None:
    text = example.read_text(encoding="utf-8")
    made = tmp_path / f"course.{suffix}"
    subprocess.run(
        [pandoc(), "-f", "gfm", "-t", FORMATS[suffix], "-o", made], input=text.encode(), check=True
    )
    wanted, found = essence(read("course.md", text)), essence(read(str(made), made.read_bytes()))
    missing, more = wanted - found, found - wanted
    # A cell may lose what is markup in that format alone, such as an underscore.
    assert (sum(missing.values()), sum(more.values())) <= (1, 1), (missing, more)


# ----------------------------------------------------------------------------------------------------- places

RST = """Weaving
=======

Warp and weft are
set up first.

Plain weave
-----------

* over one, under one
* **Selvedge**: the edge

.. note::

   Mind the tension.

.. list-table::
   :header-rows: 1

   * - Week
     - Topic
   * - 1
     - Twill
"""


@pytest.mark.usefixtures("needs_pandoc")
def test_blocks_have_the_lines_of_the_source() -> None:
    document = read("weaving.rst", RST)
    assert document.text == RST
    assert [brief(b) for b in document.blocks] == [
        ("heading", "Weaving", (1, 1)),
        ("paragraph", "Warp and weft are set up first.", (4, 5)),
        ("heading", "Plain weave", (7, 7)),
        ("list_item", "over one, under one", (10, 10)),
        ("list_item", "Selvedge: the edge", (11, 11)),
        ("quote", "Mind the tension.", (15, 15)),
        ("table_row", "1 | Twill", (22, 23)),
    ]
    assert (document.blocks[4].lead, document.blocks[4].rest) == ("Selvedge", "the edge")
    assert (document.blocks[6].header, document.blocks[6].cells) == (("Week", "Topic"), ("1", "Twill"))


@pytest.mark.usefixtures("needs_pandoc")
def test_repeated_words_do_not_pull_a_block_from_its_place() -> None:
    text = "".join(f"Lesson {n}\n--------\n\n* Loops\n* Practice loops\n\n" for n in range(1, 40))
    document = read("l.rst", text)
    assert [b.lines[0] for b in document.blocks] == [
        line for n in range(39) for line in (n * 6 + 1, n * 6 + 4, n * 6 + 5)
    ]


def test_a_long_text_in_which_every_word_comes_again_keeps_its_places() -> None:
    from dagogy_reader_pandoc.places import spans

    chance = random.Random(1)
    words = [f"word{n}" for n in range(300)]
    lines = [" ".join(chance.choices(words, k=8)) for _ in range(2000)]
    # The source has marks between the words that no block has, and a stretch of
    # navigation that is read as nothing.
    source = (
        [line.replace(" ", " \\textbf ", 2) for line in lines[:200]]
        + ["home about log in"] * 60
        + [f"\\item {line}" for line in lines[200:]]
    )
    found = spans([Block("paragraph", line, (1, 1)) for line in lines], source)
    wanted = [(n if n <= 200 else n + 60,) * 2 for n in range(1, len(lines) + 1)]
    assert sum(f == w for f, w in zip(found, wanted, strict=True)) >= 0.97 * len(lines)


TEX = r"""\documentclass{article}
\newtheorem*{aim}{Aim}
\newcommand{\goal}[1]{\begin{framed}\aim{#1}\end{framed}}
\begin{document}
\section{Weaving}
\goal{Know how the warp is set up.}
\begin{longtable}{|M{2cm}|M{6cm}|}
\hline
\textbf{Week} & \textbf{Topic} \\
\endfirsthead
\multicolumn{2}{c}{\tablename\ -- \textit{Continued}} \\
\endhead
\hline
\endlastfoot
1 & Twill \\ \hline
\end{longtable}
\end{document}
"""


@pytest.mark.usefixtures("needs_pandoc")
def test_commands_and_tables_of_latex_that_pandoc_does_not_know_keep_their_text() -> None:
    document = read("w.tex", TEX)
    assert [brief(b) for b in document.blocks] == [
        ("heading", "Weaving", (5, 5)),
        ("paragraph", "Know how the warp is set up.", (6, 6)),
        ("table_row", "1 | Twill", (15, 15)),
    ]
    assert document.blocks[2].header == ("Week", "Topic")


@pytest.mark.usefixtures("needs_pandoc")
def test_a_notebook_has_its_cells() -> None:
    cells = [
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": ["# Loops\n", "\n", "- while\n", "- for <!-- not said -->"],
        },
        {
            "cell_type": "code",
            "metadata": {},
            "source": ["print('it \\\"runs\\\"')"],
            "outputs": [],
            "execution_count": None,
        },
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    document = read("loops.ipynb", text)
    assert [(b.kind, b.locator) for b in document.blocks] == [
        ("heading", "cell 1"),
        ("list_item", "cell 1"),
        ("list_item", "cell 1"),
        ("code", "cell 2"),
    ]
    assert texts(document)[:3] == ["Loops", "while", "for"]
    lines = text.split("\n")
    assert all(b.text.split()[0].split("(")[0] in lines[b.lines[0] - 1] for b in document.blocks)


@pytest.mark.usefixtures("needs_pandoc")
def test_a_binary_document_is_rendered_and_its_blocks_lie_in_that(tmp_path: Path) -> None:
    made = tmp_path / "a.docx"
    subprocess.run(
        [pandoc(), "-f", "gfm", "-o", made],
        input=b"# A\n\n- one\n- two\n\n| h | i |\n|---|---|\n| x | y |\n",
        check=True,
    )
    document = read(str(made), made.read_bytes())
    lines = document.text.split("\n")
    assert [lines[b.lines[0] - 1] for b in document.blocks] == ["# A", "-  one", "-  two", "| x | y |"]
    assert {b.locator for b in document.blocks} == {"A"}


# ----------------------------------------------------------------------------------------------------- tables

TABLE = """<table><thead><tr><th colspan=3>Spring</th></tr><tr><th>Week</th><th>Topic</th><th>Read</th></tr></thead>
<tr><td rowspan=2>1</td><td>Warp<br>Weft</td><td><ul><li>ch. 1</li><li>ch. 2</li></ul></td></tr>
<tr><td>Looms</td><td></td></tr>
<tr><td>2</td><td colspan=2>No class</td></tr></table>"""  # noqa: E501


@pytest.mark.usefixtures("needs_pandoc")
def test_cells_stand_under_their_headers_and_keep_their_parts() -> None:
    rows = [b for b in read("t.html", TABLE).blocks if b.kind == "table_row"]
    assert [b.cells for b in rows] == [
        ("Spring", "", ""),
        ("1", "Warp\nWeft", "ch. 1\nch. 2"),
        ("1", "Looms", ""),
        ("2", "No class", ""),
    ]
    assert {b.header for b in rows} == {("Week", "Topic", "Read")}
    assert rows[1].text == "1 | Warp Weft | ch. 1 ch. 2"


def test_a_table_in_markdown_keeps_the_parts_of_its_cells_and_empty_ones() -> None:
    text = (
        "| Week | Topic |\n|---|---|\n| 1 | Warp<br/>Weft |"
        "\n\n<table><tr><th>a</th><th>b</th></tr><tr><td></td><td>x<br>y\nz</td></tr></table>\n"
    )
    assert [b.cells for b in read("t.md", text).blocks] == [("1", "Warp\nWeft"), ("a", "b"), ("", "x\ny z")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separated_values_are_rows_whatever_separates_them(separator: str) -> None:
    rows = [["Week", "Topic"], ["1", f'"Warp{separator} weft"'], ["2", '"two\nlines"']]
    document = read("plan.csv", "".join(separator.join(row) + "\n" for row in rows))
    assert [(b.cells, b.lines) for b in document.blocks] == [
        (("1", f"Warp{separator} weft".replace("\t", "")), (2, 2)),
        (("2", "two\nlines"), (3, 4)),
    ]
    assert {b.header for b in document.blocks} == {("Week", "Topic")}


def test_a_quote_that_is_not_closed_in_a_table_is_refused_or_read_and_never_raises() -> None:
    assert texts(read("a.csv", 'a,b\n1,"x\n2,y\n'))


# ------------------------------------------------------------------------------------------------------ pages

PAGE = """<!doctype html><html><head><title>Weaving 1</title><script>var concept = 1;</script></head><body>
<nav><ul><li><a href=/>Home</a></li></ul></nav><div class="sidebar">Log in</div>
<main><h1>Weaving<a class="headerlink" href="#x">¶</a></h1><table><tr><th>Week<th>Topic<tr><td>1<td><a href=warp>Warp</a></table>
<ul><li><a href=weft>Weft</a></li><li><a href=loom>Looms</a></li></ul></main><footer>Powered by nothing</footer></body></html>"""  # noqa: E501


@pytest.mark.usefixtures("needs_pandoc")
def test_a_page_is_read_without_its_navigation_and_with_its_lists_of_links() -> None:
    document = read("p.html", PAGE)
    assert texts(document) == ["Weaving", "1 | Warp", "Weft", "Looms"]
    assert document.title == "Weaving 1"
    assert [b.lines for b in document.blocks] == [(3, 3), (3, 3), (4, 4), (4, 4)]


@pytest.mark.usefixtures("needs_pandoc")
def test_the_numbered_chapters_of_a_book_are_kept_where_they_are_navigation() -> None:
    chapters = "".join(
        f"<li><a href=c{n}.html>{n} {name}</a></li>"
        for n, name in enumerate(("Warp", "Weft", "Looms"), start=1)
    )
    document = read(
        "b.html",
        (
            f"<body><nav class=sidebar><ul>{chapters}</ul></nav><main><h1>Weaving</h1><p>Welcome to the "
            "book.</p></main></body>"
        ),
    )
    assert texts(document, "list_item") == ["1 Warp", "2 Weft", "3 Looms"]


# ----------------------------------------------------------------------------------------- a stranger's files


@pytest.mark.usefixtures("needs_pandoc")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.rst", "Title\n=====\n\n.. include:: {}\n\n.. csv-table::\n   :file: {}\n"),
        (
            "a.tex",
            (
                "\\documentclass{{article}}\\begin{{document}}Title \\input{{{}}} "
                "\\include{{{}}}\\end{{document}}"
            ),
        ),
        ("a.org", '* Title\n#+INCLUDE: "{}"\n#+SETUPFILE: {}\n'),
        ("a.adoc", "= Title\n\n== Part\n\ninclude::{}[]\n"),
        ("a.typ", '= Title\n#include "{}"\n'),
        ("a.html", "<h1>Title</h1><iframe src='{}'></iframe><object data='file://{}'></object>"),
    ],
)
def test_a_document_reads_no_other_file(name: str, text: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("xyzzy,plugh\n")
    try:
        document = read(name, text.format(secret, secret))
    except InvalidArgument as error:
        assert "xyzzy" not in error.message  # noqa: PT017
    else:
        assert not [b for b in document.blocks if "xyzzy" in b.text]
        assert texts(document)


def archive(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files:
            made.writestr(name, data)
    return out.getvalue()


@pytest.mark.usefixtures("needs_pandoc")
@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (
            "bomb.docx",
            lambda: archive(("[Content_Types].xml", b""), ("word/document.xml", b" " * 60_000_000)),
            "so much is not unpacked",
        ),
        (
            "many.docx",
            lambda: archive(("[Content_Types].xml", b""), *((f"word/{n}", b"") for n in range(10_001))),
            "so much is not unpacked",
        ),
        (
            "broken.docx",
            lambda: archive(("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<w:document")),
            "cannot be read as docx",
        ),
        (
            "cut.docx",
            lambda: archive(("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<a/>"))[:-30],
            "zip archive of another kind",
        ),
        ("photos.docx", lambda: archive(("a.jpg", b"x")), "zip archive of another kind"),
        ("deep.html", lambda: b"<div>" * 30_000 + b"x", ""),
        ("notes.ipynb", lambda: b"{}", "cannot be read as ipynb"),
    ],
)
def test_what_cannot_be_read_is_one_typed_line_with_the_way_out(
    name: str, data: Callable[[], bytes], expected: str
) -> None:
    try:
        read(name, data())
    except InvalidArgument as error:
        assert name in error.message  # noqa: PT017
        assert expected in error.message  # noqa: PT017
        assert "\n" not in error.message  # noqa: PT017
        assert error.hint  # noqa: PT017
    else:
        assert not expected


# ----------------------------------------------------------------------------------------- which reader it is


def reader_of(name: str, data: str, format_id: str = "") -> str:
    return READERS._chosen(Source(name, data.encode()), format_id)[0].id


@pytest.mark.usefixtures("needs_pandoc")
def test_the_name_says_who_reads_else_the_content_else_it_is_any_text() -> None:
    assert reader_of("a.md", "<html>") == "markdown"
    assert reader_of("a.RST", "x") == "pandoc"
    assert reader_of("SUMMARY.md", "x") == "toc"
    assert reader_of("a/_toc.yml", "x") == "toc"
    assert reader_of("-", "<!DOCTYPE html><p>x") == "pandoc"
    assert reader_of("-", "\\documentclass{article}") == "pandoc"
    assert reader_of("syllabus", "x\n") == "markdown"
    assert reader_of("a.md", "PK\x03\x04") == "pandoc"
    assert reader_of("a.md", "x", "csv") == "csv"


def test_without_pandoc_a_text_has_another_reader_and_what_has_none_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dagogy_reader_pandoc.reader.pandoc_path", lambda: None)
    monkeypatch.setattr("dagogy_reader_pandoc.process.pandoc_path", lambda: None)
    fresh = Readers(Host(Selection()))
    assert [b.text for b in fresh.read(Source("a.rst", b"Weft\n====\n\nx\n")).headings()] == ["Weft"]
    with pytest.raises(ConfigError, match="it takes pandoc") as caught:
        fresh.read(Source("a.org", b"* Weft\n"))
    assert caught.value.hint == "pip install pypandoc_binary"


def test_the_files_of_a_broken_reader_are_not_read_as_what_they_are_not(
    site: SitePackages, tmp_path: Path
) -> None:
    head = "from dagogy.api import *\n\n@hookimpl\ndef dagogy_readers():\n"
    info = (
        "    yield ReaderInfo(id='knit', summary='Reads patterns.', api_version=1, impl='knit_reader:Knit', "
        "suffixes=('.knit',))\n"
    )
    site.plugin(
        "knit",
        "3.1",
        entry_points={"reader": {"knit": "knit"}},
        modules={"knit": head + info, "knit_reader": "raise OSError('lost')"},
    )
    readers = Readers(site.host())
    for name in ("a.knit", "b.knit"):
        with pytest.raises(PluginError, match=r"reader 'knit' of knit 3\.1"):
            readers.read(Source(name, b"k2 p2"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 'text'", "as a str, not a ScopeDocument"),
        ("raise KeyError('x')", "it raised KeyError"),
        (
            "return ScopeDocument('', '', 'a', (Block('paragraph', 'a', (1, 9)),))",
            "block 0 has lines (1, 9) of 1",
        ),
        ("return ScopeDocument('', '', 'a', (Block('paragraph', 'a', (1, 1), parent=4),))", "parent 4"),
    ],
)
def test_a_reader_that_misbehaves_is_named(site: SitePackages, body: str, expected: str) -> None:
    head = "from dagogy.api import *\n\n@hookimpl\ndef dagogy_readers():\n"
    info = (
        "    yield ReaderInfo(id='knit', summary='Reads patterns.', api_version=1, impl='knit_reader:Knit', "
        "suffixes=('.knit',))\n"
    )
    code = f"{IMPORT_ALL}\n\nclass Knit(Reader):\n    def read(self, source):\n        {body}\n"
    site.plugin(
        "knit",
        "3.1",
        entry_points={"reader": {"knit": "knit"}},
        modules={"knit": head + info, "knit_reader": code},
    )
    with pytest.raises(PluginError) as caught:
        Readers(site.host()).read(Source("a.knit", b"k2 p2"))
    assert expected in caught.value.message
    assert "knit 3.1" in caught.value.message


def test_doctor_says_which_reader_is_not_ready_and_does_not_fail(
    runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagogy_reader_pandoc.reader.pandoc_path", lambda: None)
    shown = runner("doctor", "--json").json
    (row,) = [c for c in shown["checks"] if c["check"] == "readers"]
    assert row["ok"]
    assert "pandoc: pandoc is not installed, pip install pypandoc_binary" in row["message"]


# ----------------------------------------------------------------------------------------- tables of contents

MKDOCS = """site_name: Weaving
nav:
  - Home: index.md
  - Set-up:
      - Warp: a/warp.md
      - a/02-heddle_threading.md
  - Finishing: end.md
plugins: [search]
theme:
  custom: !!python/name:os.system x
"""


def test_the_entries_of_a_site_are_items_under_their_parts_with_their_files() -> None:
    document = read("mkdocs.yml", MKDOCS)
    assert [(b.kind, b.text, b.lines[0], b.path) for b in document.blocks] == [
        ("list_item", "Home", 3, ()),
        ("heading", "Set-up", 4, ("Set-up",)),
        ("list_item", "Warp", 5, ("Set-up",)),
        ("list_item", "heddle threading", 6, ("Set-up",)),
        ("list_item", "Finishing", 7, ("Set-up",)),
    ]
    assert [k.url for b in document.blocks for k in b.links] == [
        "index.md",
        "a/warp.md",
        "a/02-heddle_threading.md",
        "end.md",
    ]


def test_a_jupyter_book_and_a_summary_are_read() -> None:
    book = (
        "format: jb-book\nroot: intro\nparts:\n- caption: Looms\n  chapters:\n  - file: c/pyart-basics\n"
        "    sections:\n"
    )
    book += "    - file: c/warp\n      title: Warp\n"
    assert [(b.kind, b.text, b.level) for b in read("_toc.yml", book).blocks] == [
        ("heading", "Looms", 1),
        ("list_item", "pyart basics", 1),
        ("list_item", "Warp", 2),
    ]
    summary = "# Summary\n\n- [Looms](looms.md)\n  - [](warp-and-weft.md)\n"
    assert [(b.text, b.lines[0]) for b in read("SUMMARY.md", summary).blocks] == [
        ("Summary", 1),
        ("Looms", 3),
        ("warp and weft", 4),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [*x]\n",
        "a: [b\n",
        "- !!python/object/apply:os.system [x]\n",
        "{}\n",
        "a: &a [&b [x, y], *b, *b]\n" + "b: *a\n" * 50,
    ],
)
def test_a_strange_yaml_file_is_read_or_refused(text: str) -> None:
    try:
        read("x.yml", text)
    except InvalidArgument as error:
        assert error.hint  # noqa: PT017


# --------------------------------------------------------------------------------- several files, and folders


def lessons(runner: CommandRunner) -> None:
    for name, text in {
        "course/10-felting.md": "# Felting\n\nFelting mats the fibres.\n",
        "course/2-weft.md": "## Weft\n\nThe weft crosses the warp.\n\n# Beat\n\nThe beat packs it.\n",
        "course/README.md": "# Weaving\n\nA course.\n",
        "course/LICENSE.md": "All rights reserved.\n",
        "course/.hidden.md": "# Hidden\n",
        "course/data.bin": "x",
        "course/more/warp.md": "# Warp\n\nThe warp is set up first.\n",
    }.items():
        (runner.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (runner.folder / name).write_text(text)


def given(runner: CommandRunner, *names: str) -> ScopeDocument:
    from dagogy.pipeline.given import given_files

    files = given_files([Path(n) for n in names], READERS, str)
    document = combined([READERS.read(f) for f in files], ", ".join(names))
    assert misplaced(document) == ""
    return document


def test_a_folder_of_lessons_is_one_document_in_their_order(runner: CommandRunner) -> None:
    lessons(runner)
    document = given(runner, "course")
    assert [(b.text, b.level) for b in document.headings()] == [
        ("Weaving", 1),
        ("Beat", 1),
        ("Weft", 3),
        ("Beat", 2),
        ("Felting", 1),
        ("Warp", 1),
    ]
    lines = document.text.split("\n")
    for block in document.blocks:
        assert block.text in lines[block.lines[0] - 1]
        assert block.locator.startswith("course/")


def test_a_table_of_contents_orders_the_folder(runner: CommandRunner) -> None:
    lessons(runner)
    Path("course/_toc.yml").write_text(
        "root: README\nchapters:\n- file: more/warp\n- file: 2-weft\n- file: nowhere\n"
    )
    assert [b.text for b in given(runner, "course").headings() if b.level == 1] == ["Warp", "Beat"]


def test_a_link_does_not_lead_out_of_the_folder_and_no_run_is_read(runner: CommandRunner) -> None:
    lessons(runner)
    outside = runner.folder.parent / "outside.md"
    outside.write_text("# Outside\n")
    Path("course/link.md").symlink_to(outside)
    run = runner.init()
    (run / "inputs/scope.md").write_text("# In a run\n")
    assert not {"Outside", "In a run"} & {b.text for b in given(runner, ".").headings()}


# ------------------------------------------------------------------------------------------------------ a run


@pytest.mark.usefixtures("needs_pandoc")
@pytest.mark.slow
def test_a_run_keeps_the_file_as_given_the_text_and_its_blocks(runner: CommandRunner) -> None:
    text = EXAMPLES[2].read_bytes()
    made = runner.folder / "bread.docx"
    subprocess.run([pandoc(), "-f", "gfm", "-o", made], input=text, check=True)
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", "bread.docx")
    assert (run / "inputs/sources/bread.docx").read_bytes() == made.read_bytes()
    scope = (run / "inputs/scope.md").read_bytes()
    again = restored((run / "inputs/scope_blocks.json").read_bytes(), scope)
    assert again is not None
    assert essence(again) == essence(read(str(made), made.read_bytes()))
    assert runner.ok("validate", run.name)
    # Another document takes the place of the first, and its file too.
    runner.ok("run", run.name, "--scope-file", str(EXAMPLES[2]))
    assert [p.name for p in (run / "inputs/sources").iterdir()] == [EXAMPLES[2].name]


def test_blocks_of_another_text_do_not_count() -> None:
    document = read("a.md", "# A\n\n- b\n")
    kept = kept_blocks(document)
    assert restored(kept, document.text.encode()) is not None
    assert restored(kept, b"# A\n\n- c\n") is None
    assert restored(kept.replace(b'"parent":-1', b'"parent":7'), document.text.encode()) is None
    assert restored(kept.replace(b"[3,3]", b"[3,99]"), document.text.encode()) is None
    assert restored(b"[", document.text.encode()) is None


@pytest.mark.slow
def test_a_scope_that_was_edited_by_hand_is_read_as_it_stands(runner: CommandRunner) -> None:
    run = runner.init()
    runner.ok("run", run.name, "--scope-file", str(EXAMPLES[2]))
    (run / "inputs/scope.md").write_text(
        "# Bread\n\n## Proofing\n\nProofing is the last rise.\n\n## Baking\n\nBaking sets the crumb.\n"
    )
    runner("run", run.name)
    titles = [c["title"] for c in json.loads((run / "scope_concepts.json").read_text())["concepts"]]
    assert titles == ["Proofing", "Baking"]


@pytest.mark.slow
def test_standard_input_is_read_once(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runner.init()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(EXAMPLES[2].read_bytes())))
    runner.ok("run", run.name, "--scope-file", "-")
    assert (run / "inputs/scope.md").read_bytes() == EXAMPLES[2].read_bytes()
    failed(runner("run", run.name, "--scope-file", "-", "--self-heal"), "invalid_argument")


def test_a_format_that_is_none_is_named_with_those_that_are(runner: CommandRunner) -> None:
    runner.init()
    Path("a.md").write_text("# A\n")
    shown = failed(
        runner("run", "latest", "--scope-file", "a.md", "--scope-format", "markdwn"), "invalid_argument"
    )
    assert "readers: " in shown.err
    assert "markdown" in shown.err
    failed(runner("run", "latest", "--scope-format", "csv"), "invalid_argument")


@pytest.mark.usefixtures("needs_pandoc")
def test_a_section_of_any_format_is_its_lines_or_what_is_rendered_of_it() -> None:
    nothing = lambda document, kept: ("", "")  # noqa: E731
    chosen = select_sections(read("weaving.rst", RST), ["plain weave"], nothing)
    assert chosen.text.startswith("Weaving\n\nPlain weave\n-----------\n")
    assert [chosen.text.split("\n")[b.lines[0] - 1] for b in chosen.blocks[:3]] == [
        "Weaving",
        "Plain weave",
        "* over one, under one",
    ]
    page = select_sections(read("p.html", "<h1>A</h1><p>a</p><h1>B</h1><p>b</p>"), ["B"], nothing)
    assert page.text == "# B\n\nb\n"
    assert misplaced(page) == misplaced(chosen) == ""


# ------------------------------------------------------------------------ what is added to Markdown elsewhere


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (":::{note} Mind\n:class: dropdown\nthe *tension*\n:::\n", ["Mind", "the tension"]),
        ("::::::: challenge\n\n## Try it\n\n:::::::\n", ["Try it"]),
        ("::: {.callout-tip title='Beat'}\nevenly\n:::\n", ["Beat evenly"]),
        ("```{admonition} Warp\n:class: tip\nfirst\n```\n", ["Warp", "first"]),
        ("```{code-cell} python\nx = '{% a %}'\n```\n", ["x = '{% a %}'"]),
        ("```{toctree}\na\nb\n```\n\nx\n", ["x"]),
        ("{% include nav.html %}\n\nWarp {{ page.title }}and weft\n", ["Warp and weft"]),
        ("`{{ kept }}` and $\\frac{{a}}{{b}}$\n", ["{{ kept }} and $\\frac{{a}}{{b}}$"]),
        ("{% comment %}\nWarp\n\nnot said\n{% endcomment %}\nWeft\n", ["Weft"]),
        ("Warp <!-- and\n\nnothing\n\nelse --> weft\n", ["Warp", "weft"]),
        ("```\n<!-- kept\n\n-->\n```\n", ["<!-- kept\n\n-->"]),
        ("# Warp {#warp}\n{: .class}\n\n- weft {: .x}\n", ["Warp", "weft"]),
        (
            "(target)=\n# Warp\n\nSee {ref}`the weft <w>` and {term}`Loom`{cite}`a`.\n",
            ["Warp", "See the weft and Loom."],
        ),
    ],
)
def test_what_others_add_to_markdown_is_taken_off_and_its_content_read(text: str, wanted: list[str]) -> None:
    assert texts(read("a.md", text)) == wanted


def test_a_ticked_box_is_a_mark_of_its_item() -> None:
    assert [(b.text, b.marked) for b in read("quiz.md", "- [x] warp\n- [ ] weft\n- loom\n").blocks] == [
        ("warp", True),
        ("weft", False),
        ("loom", None),
    ]


# -------------------------------------------------------------------------------------------------------- PDF


def pdf(*pages: list[tuple[int, int, str, str]]) -> bytes:
    """A PDF whose pages have these lines: height on the page, size of the type,
    font (F1, or F2 in bold), text.
    """
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects += [
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} >>" for name in ("Helvetica", "Helvetica-Bold")
    ]
    kids = []
    for lines in pages:
        content = "".join(
            f"BT /{font} {size} Tf 72 {height} Td ({text}) Tj ET\n" for height, size, font, text in lines
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}endstream")
        fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R /Resources "
            f"{fonts} >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    out, offsets = "%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root "
        f"1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    )
    return (out + end).encode("latin-1")


def weaving_page(number: int, *more: tuple[int, int, str, str]) -> list[tuple[int, int, str, str]]:
    return [(815, 9, "F1", "Weaving for all"), *more, (20, 9, "F1", f"Page {number} of 3")]


def test_a_pdf_has_headings_by_their_type_and_the_page_of_each_block() -> None:
    data = pdf(
        weaving_page(
            1,
            (760, 24, "F1", "Weaving"),
            (700, 16, "F1", "Set-up"),
            (660, 11, "F1", "The warp is set up be-"),
            (647, 11, "F1", "fore the weft crosses it."),
        ),
        weaving_page(2, (760, 11, "F2", "Tools"), (700, 11, "F1", "- loom"), (650, 11, "F1", "- shuttle")),
        weaving_page(3, (760, 11, "F1", "A second paragraph says what else there is to know of it.")),
    )
    document = read("w.pdf", data)
    assert [(b.kind, b.text, b.level, b.locator) for b in document.blocks] == [
        ("heading", "Weaving", 1, "page 1"),
        ("heading", "Set-up", 2, "page 1"),
        ("paragraph", "The warp is set up before the weft crosses it.", 0, "page 1"),
        ("heading", "Tools", 3, "page 2"),
        ("list_item", "loom", 1, "page 2"),
        ("list_item", "shuttle", 1, "page 2"),
        ("paragraph", "A second paragraph says what else there is to know of it.", 0, "page 3"),
    ]
    assert reader_of("a.txt", "%PDF-1.4") == "pdf"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.4\n%%EOF", "cannot be read as PDF"),
        (b"%PDF-" + b"\xff" * 5000, "cannot be read as PDF"),
        (pdf([]), "only pictures"),
    ],
)
def test_a_pdf_that_cannot_be_read_is_refused_with_the_way_out(data: bytes, expected: str) -> None:
    with pytest.raises(InvalidArgument, match=expected) as caught:
        read("w.pdf", data)
    assert caught.value.hint
