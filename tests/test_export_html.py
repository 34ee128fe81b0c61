"""The page of a run: in a real browser where there is one, and as text where there is none."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, Tab, browser
from dagogy.api.exporters import ExportContext
from dagogy.kit.check import check_plugin
from dagogy_exporter_html import dagogy_exporters
from dagogy_exporter_html.exporter import Page
from dagogy_exporter_html.layout import COLUMN, layout, ranks
from support import ROOT, CommandRunner, valid_curriculum

BREAD = ROOT / "examples/sourdough-baking.md"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=2'>@@DATA@@<!--"


def page(document: dict[str, Any], **more: Any) -> str:
    (info,) = dagogy_exporters()
    return Page(info).export(ExportContext(document=document, run_id="20260101-000000-x", **more))


def hostile() -> dict[str, Any]:
    document = valid_curriculum()
    document["topic"] = HOSTILE
    for node in document["nodes"]:
        node.update(title=HOSTILE + node["id"], capability=HOSTILE, core_ideas=[HOSTILE] * 2, group=HOSTILE)
        node["pitfalls"] = [HOSTILE]
        node["mastery_check"] = {"task": HOSTILE, "pass_criteria": HOSTILE}
        node["gaps"] = [{"field": "pitfalls", "reason": HOSTILE}]
        node["resources"] = [
            {"title": HOSTILE, "url": url, "kind": "doc", "role": "definition"}
            for url in (
                "javascript:window.hacked=3",
                "data:text/html,x",
                " javascript:1",
                "https://example.org/a",
            )
        ]
    return document


def chain(count: int) -> dict[str, Any]:
    node = valid_curriculum()["nodes"][0]
    nodes = [
        {**node, "id": f"n{i}", "title": f"Step {i}", "prerequisites": [f"n{i - 1}"] if i else []}
        for i in range(count)
    ]
    return {"topic": "A chain", "nodes": nodes}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_the_kit_finds_nothing_wrong() -> None:
    check_plugin("exporter", "html")
    check_plugin("command", "open")


def test_each_prerequisite_is_drawn_above_and_no_two_nodes_overlap() -> None:
    prerequisites = [[], [], [0], [0, 1], [2], [2, 3], [0], [4, 5, 6], *([7] for _ in range(40))]
    places = layout(prerequisites)
    assert all(places[p][1] < places[i][1] for i, before in enumerate(prerequisites) for p in before)
    for y in {y for _, y in places}:
        row = sorted(x for x, other in places if other == y)
        assert all(b - a >= COLUMN - 1 for a, b in itertools.pairwise(row))
    assert layout([]) == []


def test_a_cycle_has_a_place_as_well() -> None:
    assert ranks([[], [0, 3], [1], [2], [3]])[0] == 0
    assert len(set(layout([[2], [0], [1], [2]]))) == 4


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_text_of_a_stranger_becomes_no_element() -> None:
    text = page(hostile())
    plain = [tag for tag, _ in Elements(page(valid_curriculum())).found]
    assert [tag for tag, _ in Elements(text).found] == plain
    assert "hacked" not in re.sub(
        r"<script type=.*?</script>|<title>.*?</title>|<h1.*?</h1>", "", text, flags=re.DOTALL
    )
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data)["topic"] == HOSTILE
    addresses = [a.get("src") or a.get("href") for _, a in Elements(text).found if {"src", "href"} & set(a)]
    assert addresses == ["data:,"]


@pytest.mark.slow
def test_open_writes_the_page_into_the_run_and_prints_where(runner: CommandRunner) -> None:
    runner.ok("run", str(BREAD))
    path = Path(runner.ok("open", "--no-browser").out.strip())
    assert path.read_text().startswith("<!doctype html>")
    shown = runner.ok("open", "latest", "--no-browser", "--json").json
    assert (shown["path"], shown["opened"]) == (str(path), False)
    assert runner.ok("export", "latest", "--format", "html").out == path.read_text()
    assert runner.stage("latest") == "iterated"
    outputs = path.parent
    outputs.rename(runner.folder / "elsewhere")
    outputs.symlink_to(runner.folder / "elsewhere")
    (outputs / "page.html").unlink()
    assert runner("open", "--no-browser").status != 0
    assert not (runner.folder / "elsewhere/page.html").exists()


@needs_chromium
@pytest.mark.slow
def test_a_page_asks_for_nothing_and_can_be_used_by_keyboard(runner: CommandRunner, tab: Tab) -> None:
    runner.ok("run", str(BREAD))
    path = Path(runner.ok("open", "--no-browser").out.strip())
    tab.requests.clear()
    tab.errors.clear()
    tab.open(path)
    assert tab.requests == [path.as_uri()]
    assert tab.run("document.getElementById('canvas').dataset.drawn") == "18"
    # something was drawn, and not in one colour alone
    colours = """new Set(new Uint32Array(document.getElementById('canvas').getContext('2d')
        .getImageData(0, 0, document.getElementById('canvas').width, document.getElementById('canvas').height)
        .data.buffer)).size"""
    assert tab.run(colours) > 20
    tab.press("/")
    assert tab.run("document.activeElement.id") == "q"
    for letter in "levain":
        tab.press(letter)
    tab.press("Enter")
    assert tab.run("document.activeElement.id") == "canvas"
    assert tab.run("location.hash") == "#node=levain&q=levain"
    heading = "document.querySelector('#detail h2').textContent"
    assert tab.run(heading) == "Levain"
    assert "you can time this build" in tab.run("document.getElementById('detail').textContent")
    tab.press("ArrowUp")
    assert tab.run(heading) == "Peak activity"
    tab.press("ArrowDown")
    assert tab.run(heading) == "Levain"
    tab.press("f")
    assert "focus=2" in tab.run("location.hash")
    assert 1 < int(tab.run("document.getElementById('canvas').dataset.drawn")) < 18
    tab.press("Enter")
    assert tab.run("document.activeElement.id") == "detail"
    tab.press("Tab")
    tab.press("Enter")  # the first link there: what it builds on
    assert tab.run(heading) == "Peak activity"
    tab.press("Escape")
    assert tab.run("document.getElementById('detail').childElementCount") == 0
    assert tab.errors == []
    assert tab.requests == [path.as_uri()]


@needs_chromium
@pytest.mark.slow
def test_the_list_says_what_the_graph_shows_and_the_address_keeps_it(runner: CommandRunner, tab: Tab) -> None:
    runner.ok("run", str(BREAD))
    path = Path(runner.ok("open", "--no-browser").out.strip())
    tab.errors.clear()
    tab.open(path, "#view=list&critical=1&node=levain")
    shown = "[...document.querySelectorAll('#list li button')].map(b => b.textContent)"
    plan = json.loads((path.parent / "plan/plan.json").read_text())
    nodes = json.loads((path.parent / "curriculum/curriculum.json").read_text())["nodes"]
    titles = {n["id"]: n["title"] for n in nodes}
    assert sorted(tab.run(shown)) == sorted(titles[i] for i in plan["critical_path"])
    assert tab.run("document.querySelector('#detail h2').textContent") == "Levain"
    tab.open(path, "#view=weeks")
    assert tab.run("document.querySelectorAll('#weeks tbody tr').length") == plan["duration_weeks"]
    tab.open(path, "#view=open")
    assert "needs an author" in tab.run("document.getElementById('open').textContent")
    tab.run("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.run("document.querySelectorAll('#print article').length") == len(nodes)
    assert tab.errors == []


@needs_chromium
@pytest.mark.slow
def test_text_of_a_stranger_runs_nothing_and_only_web_addresses_are_links(tmp_path: Path, tab: Tab) -> None:
    path = tmp_path / "page.html"
    path.write_text(page(hostile()))
    tab.requests.clear()
    tab.errors.clear()
    for view in ("graph", "list", "weeks", "open"):
        tab.open(path, f"#view={view}&node=beta")
        assert tab.run("window.hacked") is None
        assert tab.run("document.querySelectorAll('img').length") == 0
        assert tab.run("[...document.links].map(a => a.href)") == ["https://example.org/a"]
        assert HOSTILE in tab.run("document.getElementById('detail').textContent")
    assert set(tab.requests) == {path.as_uri()}
    assert tab.errors == []
    # the policy holds: what somebody puts into the page all the same does not run
    tab.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked=4\">'), 1")
    tab.run(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.hacked=5'})), 1"
    )
    tab.drawn()
    assert tab.run("window.hacked") is None


@needs_chromium
@pytest.mark.parametrize(("count", "drawn"), [(300, 300), (301, 3)])
def test_a_large_graph_begins_with_a_neighbourhood(tmp_path: Path, tab: Tab, count: int, drawn: int) -> None:
    path = tmp_path / "page.html"
    path.write_text(page(chain(count)))
    tab.errors.clear()
    tab.open(path)
    assert int(tab.run("document.getElementById('canvas').dataset.drawn")) == drawn
    assert tab.errors == []
