"""Texts that once ended in an exception: none may be a fault of ours or of a plugin, whatever they say."""

from __future__ import annotations

import unicodedata

import pytest
from dagogy.api.services import Url
from dagogy.api.text import Words
from dagogy_reader_markdown.reader import read_markdown
from support import CommandRunner

SOUND = (
    "# Birds\n\n## Falcon\n\nA falcon is a bird that hunts in flight.\n\n## Heron\n\n"
    "The heron needs the falcon.\n\n"
)


@pytest.mark.parametrize(
    "text",
    [
        "The https://host.example[Label] tells more.",
        "See [[https://host.example][Label]] for more.",
        "It stands at http://[placeholder]/ or https://[.",
        "[Label](http://[placeholder]/) and <http://[x]>",
        "[Label](https://host.example:port/) and https://host.example:99999/",
        "<a href='http://[x'>there</a>",
        "- - - - - - - - - - - -",
        "* * * * * * * * * * * *",
        "-> -> -> -> -> -> -> ->",
        "→ → → → → → → → → → → →",
        "— — — — — — — — — — — —",
        "The heron: - - - - - - - -",
        f"- Owl {'- ' * 90}",
        f"- Owl {'→ ' * 200}\n- Owl {'* ' * 200}",
        f"A falcon consists of {'0.' * 40}, a and {'0.' * 40} x.",
        "- → →\n- * *\n- -> ->\n- — —",
        "| - | * |\n|---|---|\n| - - - | * * * |\n| -> -> | → → |",
    ],
)
def test_a_readable_text_is_read(text: str, runner: CommandRunner) -> None:
    (runner.folder / "scope.md").write_text(f"{SOUND}{text}\n")
    (runner.folder / "alone.md").write_text(f"{text}\n")
    runner.init()
    for name in ("scope.md", "alone.md"):
        done = runner("run", "latest", "--scope-file", name)
        assert done.status in (0, 2, 4), done.err
        assert "could not run" not in done.err


@pytest.mark.parametrize(
    "title",
    [
        "- - - - - -",
        "* * * *",
        "-> -> ->",
        "→ → →",
        "https://host.example[Label]",
        "— —",
        "²",
        "½ ¼",
        "::",
        "()",
        "`",
        "\u0301",
    ],
)
def test_a_readable_title_is_read(title: str, runner: CommandRunner) -> None:
    (runner.folder / "scope.md").write_text(
        f"{SOUND}## {title}\n\n{title} is a bird.\n\n- {title}\n- **{title}**: needs {title}\n\n## Owl\n\n"
        f"The owl requires {title}.\n"
    )
    runner.init()
    for mode in ("full", "seed-list"):
        done = runner("run", "latest", "--scope-file", "scope.md", "--scope-mode", mode)
        assert done.status in (0, 2, 4), done.err
        assert "could not run" not in done.err


@pytest.mark.parametrize(
    "url",
    [
        "https://host[Label]",
        "http://[placeholder]/",
        "http://[",
        "https://host:port/",
        "https://host:99999",
        "http://[::1",
        "http://a]b/",
    ],
)
def test_what_is_no_url_has_no_parts(url: str) -> None:
    assert Url(url).parts is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://host/a", "host"),
        ("http://[::1]:80/", "::1"),
        ("https://u:p@host:1/", "host"),
        ("local://a#L1", "a"),
        ("", None),
    ],
)
def test_a_url_has_parts(url: str, host: str | None) -> None:
    parts = Url(url).parts
    assert parts is not None
    assert parts.hostname == host


def test_the_label_of_a_link_of_asciidoc_is_no_part_of_its_address() -> None:
    document = read_markdown(
        "See https://host.example/path[the manual], and https://host.example/?a[]=1.", source="a.md"
    )
    assert [link.url for block in document.blocks for link in block.links] == [
        "https://host.example/path",
        "https://host.example/?a[]=1",
    ]


def test_combining_marks_without_end_are_normalised_in_runs() -> None:
    marks = "\u0301\u0323"
    few = f"e{marks * 15}"
    assert Words.normalized(few) == unicodedata.normalize("NFKC", few)
    many = Words.normalized(f"e{marks * 50_000}")
    assert many.count("\u034f") == 3_333
    assert many.replace("\u034f", "").count("\u0323") >= 49_999
