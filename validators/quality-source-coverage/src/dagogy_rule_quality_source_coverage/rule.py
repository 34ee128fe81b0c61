"""The rule `quality.source_coverage`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import dagogy.api
from dagogy.api.rules import Field, Finding, Measure, Rule, RuleContext
from dagogy.api.scope import Block, LeftOut
from dagogy.api.text import Words, shorten
from dagogy.api.wording import unlike

#: Words from which on an entry is a text and names nothing.
_LONGEST = 25
#: Nodes from which on a word tells nothing of which node is meant.
_MANY = 50
#: A title stands for an entry that has so much of its words, or of which it has half.
_OF_TITLE, _OF_ENTRY = 0.6, 0.5
#: Log-odds from which on an entry is taken for an exam, a date or administration.
_NO_TOPIC = 0.75


class SourceCoverage(Rule):
    """A course document mostly has one table or list of what is taught. A curriculum that takes a part of it
    and leaves the rest out, or takes its nodes from elsewhere, has lost most of the course.

    The main list is a column of a table, the items of one list, or the headings of one level that share a
    parent, with at least `min_entries` entries, in which at least `min_nodes` of the nodes have their title;
    of several, the one that most nodes come from. Where no list is, each table with a column called by one
    of `topic_headers` is one. At least `min_share` of its entries must be used, of such a table
    `min_share_of_topics`. An entry is used when a title has half of its words or consists of them to 60 %,
    when the concept of a node stands in its lines, or when the reading put it into another concept or took
    it for a group. Not counted are entries of more than 25 words, those worded like an exam, a date or
    administration (as in `quality.concept_title`), and what the user said is not to be read.

    The measure `source_used` is the share of the entries that are used, with the weight 10.

    Bad:
        The document has a table of fourteen weeks, `Tides`, `Currents`, `Waves`, …; the nodes are `Tides`,
        `Waves` and three more.

    Good:
        Each topic of the table is a node or part of one, or the document names it as not in this course.

    How to fix:
        Add nodes for the entries that the finding names, with their lines. Where they were left out on
        purpose, take them out of the source, or run with `--skip SECTION`. Where another list has the
        concepts, say so: `--concepts-from "column: Topic"`.
    """

    class Options(dagogy.api.rules.Options):
        min_share: Annotated[
            float, Field(description="The share of the main list that must be used.", gt=0, le=1)
        ] = 0.72
        min_share_of_topics: Annotated[
            float,
            Field(
                description="As min_share, of a table of topics where the nodes are from elsewhere.",
                gt=0,
                le=1,
            ),
        ] = 0.3
        min_nodes: Annotated[
            float, Field(description="The share of the nodes that make a list the main one.", gt=0, le=1)
        ] = 0.7
        min_entries: Annotated[int, Field(description="The fewest entries of a main list.", ge=2)] = 5
        topic_headers: Annotated[
            tuple[str, ...], Field(description="What the column of a table of topics is called.")
        ] = (
            "topic", "topics", "lecture topic", "theme", "subject", "concepts", "thema", "themen", "inhalt",
            "lerninhalt", "lerninhalte", "thème", "thèmes", "sujet", "contenu", "tema", "temas", "contenido",
            "contenidos", "tópico", "tópicos", "conteúdo", "conteúdos", "assunto", "argomento", "argomenti",
            "тема", "темы", "содержание", "主题", "内容", "教学内容", "课程内容", "主題", "授業内容",
            "テーマ", "onderwerp", "temat", "tematy", "konu", "konular", "주제", "내용",
        )  # fmt: skip

    def check(self, context: RuleContext, options: Options) -> Iterator[Finding | Measure]:
        if context.scope is None or not context.nodes:
            return
        main, share = _main_lists(context, context.scope.blocks, options)
        met: dict[str, bool] = {}
        for one in main:
            met |= {f"{shorten(e.text)} ({e.lines[0]})": e in one.used for e in one.entries}
            if len(one.used) < share * len(one.entries):
                yield _finding(one, len(context.nodes))
        if main:
            yield Measure("source_used", met, weight=10)


@dataclass(frozen=True, slots=True)
class _Entry:
    text: str
    lines: tuple[int, int]
    place: str


@dataclass(slots=True)
class _List:
    """A column, a list, or headings of one level. `nodes`: the positions of the nodes that it has; `used`:
    the entries that some node has."""

    kind: str
    column: str
    entries: list[_Entry]
    nodes: frozenset[int] = frozenset()
    used: frozenset[_Entry] = frozenset()


class _Titles:
    """The titles of the nodes by their words, and the lines that nodes stand for."""

    def __init__(self, titles: Sequence[str], lines: Mapping[int, int], groups: frozenset[int]) -> None:
        self.keys = [_keys(title) for title in titles]
        self.lines, self.groups = lines, groups
        self.holders: dict[str, list[int]] = {}
        for i, keys in enumerate(self.keys):
            for key in keys:
                self.holders.setdefault(key, []).append(i)

    def of(self, entry: _Entry, keys: frozenset[str]) -> set[int]:
        """The positions of the nodes that stand for an entry."""
        near = {i for key in keys for i in self.holders.get(key, ())[:_MANY]}
        found = {
            i
            for i in near
            if (common := len(keys & self.keys[i])) >= _OF_ENTRY * len(keys)
            or common >= _OF_TITLE * len(self.keys[i])
        }
        first, last = entry.lines
        if last - first < _LONGEST:
            found |= {self.lines[line] for line in range(first, last + 1) if line in self.lines}
        return found


def _keys(text: str) -> frozenset[str]:
    return frozenset(
        k for word in Words.of(text.casefold()) if word not in Words.STOP for k in Words.keys(word)
    )


def _taken(context: RuleContext) -> Mapping[int, int]:
    """By line the position of the node whose concept stands there."""
    if context.reading is None or context.scope is None:
        return {}
    where = context.concept_positions
    return {
        c.lines[0]: where[c.id]
        for c in context.reading.concepts
        if c.id in where and c.location in ("", context.scope.location)
    }


def _grouped(context: RuleContext) -> frozenset[int]:
    """The lines of what the reading took for a group, or put into another concept."""
    skipped = context.reading.skipped if context.reading is not None else ()
    return frozenset(one.lines[0] for one in skipped if one.role in (LeftOut.GROUP, LeftOut.MERGED))


def _lists(blocks: Iterable[Block], fewest: int) -> Iterator[_List]:
    """The lists of a document that have so many entries."""
    found: dict[tuple[object, ...], _List] = {}
    tables: dict[tuple[object, ...], int] = {}

    def add(key: tuple[object, ...], kind: str, column: str, text: str, block: Block) -> None:
        one = found.setdefault(key, _List(kind, column, []))
        one.entries.append(_Entry(text, block.lines, block.locator))

    for block in blocks:
        if block.kind == "table_row":
            # The hash of a header takes as long as it is wide: once for a row, not for each of its cells.
            table = tables.setdefault((block.path, block.header), len(tables))
            for c, cell in enumerate(block.cells):
                column = block.header[c] if c < len(block.header) else ""
                add(("row", table, c), "rows of the table", column, " ".join(cell.split()), block)
        elif block.kind == "list_item" and block.marked is None:
            key = ("item", block.path, block.level, block.ordered)
            add(key, "items of the list", "", block.lead or block.text, block)
        elif block.kind == "heading":
            add(("heading", block.path[:-1], block.level), "headings", "", block.text, block)
    return (one for one in found.values() if len(one.entries) >= fewest)


def _compared(one: _List, titles: _Titles) -> _List:
    """The list without what names no topic, and with what the nodes have of it."""
    kept, nodes, used = [], set(), set()
    for entry in dict.fromkeys(one.entries):
        keys = _keys(entry.text)
        if not keys or len(keys) > _LONGEST or unlike(entry.text) >= _NO_TOPIC:
            continue
        kept.append(entry)
        own = titles.of(entry, keys)
        nodes |= own
        if own or entry.lines[0] in titles.groups:
            used.add(entry)
    return _List(one.kind, one.column, kept, frozenset(nodes), frozenset(used))


def _main_lists(
    context: RuleContext, blocks: Iterable[Block], options: SourceCoverage.Options
) -> tuple[list[_List], float]:
    """The list that most nodes come from, or else the tables of topics, and the share that must be used."""
    titles = _Titles([node.title for node in context.nodes], _taken(context), _grouped(context))
    lists = [_compared(one, titles) for one in _lists(blocks, options.min_entries)]
    lists = [one for one in lists if len(one.entries) >= options.min_entries]
    main = [one for one in lists if len(one.nodes) >= options.min_nodes * len(context.nodes)]
    if main:
        return [max(main, key=lambda one: (len(one.nodes), len(one.used)))], options.min_share
    headers = frozenset(options.topic_headers)
    tables = [one for one in lists if one.column.casefold().strip(" :*") in headers]
    return tables, options.min_share_of_topics


def _finding(one: _List, nodes: int) -> Finding:
    unused = [entry for entry in one.entries if entry not in one.used]
    first, last = one.entries[0].lines[0], one.entries[-1].lines[1]
    column = f", column '{shorten(one.column)}'" if one.column else ""
    named = "; ".join(f"'{shorten(e.text)}' ({e.place or f'line {e.lines[0]}'})" for e in unused)
    return Finding(
        message=(
            f"the curriculum uses {len(one.used)} of the {len(one.entries)} {one.kind} in lines {first} to "
            f"{last} of the source{column}; add nodes for what is not used, or leave the section out with "
            f"--skip: {named}"
        ),
        data={"lines": [list(e.lines) for e in unused]},
        nodes=min(len(unused), nodes),
    )
