"""From blocks to texts that may name concepts ("units"), and from each text to the titles that
it may stand for ("readings").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dagogy.api.scope import Block
from dagogy.api.text import sentences

from dagogy_provider_internal.language.clauses import is_clause, without_trail

#: The longest title, in characters.
LONGEST = 160
#: A paragraph of at most so many characters may be a title as a whole.
_SHORT = 120
_MOST_PARTS = 25
_LEAST_LISTED = 3  # members that make an enumeration within a sentence

_NUMBER = r"(?:\d+(?:\.\d+)*|[ivxlcIVXLC]+|[一二三四五六七八九十百]+)"
#: What a division of a course is called before its number.
DIVISION = (
    r"(?:week|wk|day|session|lesson|lecture|module|unit|chapter|part|section|topic|class|lab|step|meeting|seminar|workshop|tutorial|exercise|phase|"
    r"block|level|episode|semana|sesi[oó]n|tema|unidad|m[oó]dulo|aula|cap[ií]tulo|clase|lecci[oó]n|semaine|s[eé]ance|chapitre|partie|cours|le[cç]on|"
    r"woche|lernfeld|lektion|kapitel|modul|teil|einheit|abschnitt|vorlesung|sitzung|thema|lezione|capitolo|modulo|settimana|урок|тема|лекция|неделя|"
    r"модуль|раздел|глава|занятие|часть|лекція|тиждень|розділ|tydzień|temat|lekcja|rozdział|moduł|wykład|zajęcia|hafta|ders|bölüm|ünite)"
)
#: Numbers and marks that stand before a title: `Week 3:`, `第三章`, `3주차`, `(b)`, `2.1`, `IV.`, `[x]`.
_NUMBERING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^{DIVISION}\s?(?:no\.?|nr\.?|#|№)?\s?{_NUMBER}[a-z]?(?:\s?[-–—/&]\s?{_NUMBER})?(?:\s?[:.)\-–—|,/]+\s?|\s(?=\S)|$)",
        rf"^第\s?{_NUMBER}\s?(?:章|节|節|回|周|週|课|課|讲|講|部分|单元|單元|日|部|編|篇)\s?[:：、.．]{{0,2}}\s?",
        rf"^(?:제\s?)?{_NUMBER}\s?(?:장|강|주차|주|과|단원|회)\s?[:.]{{0,2}}\s",
        r"^[一二三四五六七八九十百]+\s?[、.．)）]\s?",
        r"^[(（](?:\d+(?:\.\d+)*|[a-zA-Z]|[ivx]+|[一二三四五六七八九十]+)[)）]\s?",
        r"^\d+(?:\.\d+)+\.?\s?[:)\-–—]?\s?(?=\D)",
        r"^\d{1,3}\s?[.:)\]\-–—、．]\s?(?=\D)",
        r"^[IVXLC]+\s?[.:)\-–—]\s",
        r"^[a-zA-Z][.)]\s",
        r"^[#§№]\s?\d*\.?\s?",
        r"^\[[ xX]?\]\s?",
    )
)
_LENGTH = re.compile(
    r"\s?[(\[（]\s?(?:~|ca\.?|approx\.?)?\s?\d+(?:[.,]\d+)?\s?(?:[-–]\s?\d+\s?)?(?:h|hrs?|hours?|min(?:ute)?s?|mins?|stunden|std\.?|ue|horas?|heures?|"
    r"ore|ч|час(?:ов|а)?|мин|days?|weeks?|points?|pts?|marks?|%)\.?\s?[)\]）]\s?",
    re.IGNORECASE,
)
#: What says that a text is still to come.
_PENDING = re.compile(r"\s?[(\[](?:tb[acd]|todo)[)\]]", re.IGNORECASE)
#: A piece of a formula, or what somebody is still to decide on.
_NO_TITLE = re.compile(r"\}\{|\\(?:begin|end)\{|\$\$|(?:^|:\s)TB[ACD]$")
_URL = re.compile(r"https?://\S+|www\.\S+")
_PICTURE = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]")
_MARKS = re.compile(r"[`*_]{1,3}(?=\S)|(?<=\S)[`*_]{1,3}")
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

#: What separates several topics in one text, by the name of the reading.
SEPARATORS = {
    "semicolon": re.compile(r"\s?(?:;|；|\n|•|·| \| )\s?"),
    "comma": re.compile(
        # "Sozial- und Geisteswissenschaften" and "Dateneingabe, -aufbereitung" leave out half of a word.
        r"\s?[,，、]\s?(?:(?:and|und|et|y|e|и|та|oraz|i|ve)\s)?(?!-\w)"
        r"|(?<!\w-)\s(?:and|und|et|y|и|oraz|ve|&)\s(?!-\w)"
    ),
    # A single letter and a full stop are no end of a sentence: "z. B.", "e.g. ".
    "dash": re.compile(r"\s[-–—/]\s|(?<=\w)(?<!\band)/(?=\w\w)|(?<!\b[^\W\d_])\.\s|。\s"),
}
_COLON = re.compile(r"^([^:：]{2,80}?)\s?(?::\s|：|\s[–—-]\s)(.+)$", re.DOTALL)
_BRACKETS = re.compile(r"^([^(（]{2,80}?)\s?[(（]([^()（）]+)[)）]\s?$")
#: Numbers of sections that stand within a text: "1.1 Moles 1.2 Spectra".
_NUMBERS_WITHIN = re.compile(r"(?:^|\s)\d{1,2}[.\-]\d{1,2}\.?\s(?=\D)")
_LEAST_LABELS = 2  # labels that make a paragraph one of fields
_LONGEST_LABEL = 40  # characters
_LAST_COLON = re.compile(r"[:：]\s?([^:：]+)$")


@dataclass(slots=True)
class Reading:
    """The titles that a text stands for when it is read in one way (`way`: `whole`, `before` a
    colon, parted at `comma` …).
    """

    way: str
    titles: list[str]


@dataclass(slots=True)
class Unit:
    """A text that may name concepts: the block it stands in, the column of a table row (else -1), what it is,
    and its readings.
    """

    at: int
    column: int
    kind: str
    readings: list[Reading] = field(default_factory=list)
    #: What the text is called where it stands, as in "**Topic:** Loops"; of a `field` only.
    label: str = ""


def has_word(text: str) -> bool:
    """Whether there is anything in the text that could be a name."""
    return sum(map(str.isalpha, text)) > 1 or bool(_EAST.search(text))


def unnumbered(text: str) -> str:
    """The text in NFKC without addresses, pictures, stated lengths and the numbering before it."""
    text = unicodedata.normalize("NFKC", text)
    text = _PICTURE.sub("", _URL.sub("", text))
    text = _LENGTH.sub(" ", _PENDING.sub("", text)).strip()
    for _ in range(3):
        for pattern in _NUMBERING:
            left = pattern.sub("", text, count=1)
            if left != text and has_word(left):
                text = left.strip()
                break
        else:
            break
    return text


def titled(text: str) -> str:
    """The text as a title: `unnumbered`, without markup, outer marks, a final full stop and the words that
    show where it was cut off, on one line.
    """
    text = unnumbered(_MARKS.sub("", text) if "`" in text or "**" in text else text)
    return without_trail(" ".join(text.strip(" \t\n:;,|•·–—-→>*_#").rstrip(".。").split()))


def parted(text: str, separator: re.Pattern[str]) -> list[str]:
    """The text cut at the separators that stand in no brackets or quotation marks."""
    depth, depths = 0, []
    for c in text:
        depth = depth + 1 if c in "([（「“" else max(0, depth - 1) if c in ")]）」”" else depth
        depths.append(depth)
    out, last = [], 0
    for found in separator.finditer(text):
        if found.end() > found.start() and not depths[found.start()]:
            out.append(text[last : found.start()])
            last = found.end()
    return [*out, text[last:]]


def _readings(text: str, lead: str = "", rest: str = "") -> list[Reading]:
    text = text[:2000]
    if not has_word(titled(text)):
        return []
    out: list[Reading] = []
    seen: set[tuple[str, ...]] = set()

    def add(way: str, parts: Sequence[str]) -> None:
        found = (t for t in dict.fromkeys(map(titled, parts)) if len(t) <= LONGEST)
        titles = [t for t in found if has_word(t) and not _NO_TITLE.search(t)]
        key = tuple(t.casefold() for t in titles)
        if titles and key not in seen:
            seen.add(key)
            out.append(Reading(way, titles))

    add("whole", [text])
    if lead:
        add("lead", [lead])
        if rest:
            add("rest", [rest])
    plain = unnumbered(text)
    if named := _COLON.match(plain):
        add("before", [named[1]])
        add("after", [named[2]])
        for way in ("semicolon", "comma"):
            if 1 < len(parts := parted(named[2], SEPARATORS[way])) <= _MOST_PARTS:
                add(f"after-{way}", parts)
    if aside := _BRACKETS.match(plain):
        add("outside", [aside[1]])
        if 1 < len(parts := parted(aside[2], SEPARATORS["comma"])) <= _MOST_PARTS // 2:
            add("inside", parts)
    for way, separator in SEPARATORS.items():
        if 1 < len(parts := parted(plain, separator)) <= _MOST_PARTS:
            add(way, parts)
    return out


def units(blocks: Sequence[Block]) -> list[Unit]:
    """The texts of the blocks that may name concepts, in document order, each with at least one reading."""
    return list(_units(blocks))


def _units(blocks: Sequence[Block]) -> Iterator[Unit]:
    for at in _unasked(blocks):
        block = blocks[at]
        if block.kind == "table_row":
            for column, cell in enumerate(block.cells):
                if found := _readings(cell):
                    yield Unit(at, column, "cell", found)
            continue
        fields = _fields(at, block) if block.kind in ("paragraph", "quote", "list_item") else []
        yield from fields
        if not fields or block.lead:
            yield from _of_block(at, block)


def _unasked(blocks: Sequence[Block]) -> Iterator[int]:
    """The positions of the blocks that are no options of a question, right or wrong."""
    asked = False
    for at, block in enumerate(blocks):
        if block.kind != "list_item" or block.marked is None:
            asked = block.text.rstrip().endswith(("?", "？"))
        elif asked:
            continue
        yield at


def is_contents(block: Block) -> bool:
    """Whether an item only links to a section of its own document."""
    links = block.links if block.kind == "list_item" else ()
    return len(links) == 1 and links[0].url.startswith("#") and links[0].text.strip() == block.text.strip()


def _of_block(at: int, block: Block) -> Iterator[Unit]:
    if (
        block.kind in ("paragraph", "quote")
        and not (block.lead and len(block.lead) < 100)
        and len(block.text) >= _SHORT
    ):
        yield from _enumerations(at, block)
        return
    kind, found = "", []
    if block.kind == "heading":
        kind, found = "heading", _readings(block.text)
    elif block.kind == "list_item":
        kind, found = "item", _readings(block.text, block.lead, block.rest)
    elif block.kind in ("paragraph", "quote"):
        kind, found = ("lead", _readings(block.lead)) if block.lead else ("short", _readings(block.text))
    if found:
        yield Unit(at, -1, kind, found)


def _fields(at: int, block: Block) -> list[Unit]:
    """What stands after each of the labels in bold or italics that the text sets before colons; nothing where
    there are not several.
    """
    text, starts = block.text[:3000], []
    last = 0
    for label in block.emphasised[:30]:
        start = text.find(label, last) if len(label) <= _LONGEST_LABEL else -1
        end = start + len(label)
        after = text[end : end + 2].lstrip()[:1]
        if start >= 0 and (label.rstrip().endswith((":", "：")) or after in tuple(":：")):
            starts.append((start, end, label.strip(" :：")))
            last = end
    if len(starts) < _LEAST_LABELS:
        return []
    ends = [start for start, _, _ in starts[1:]] + [len(text)]
    return [
        Unit(at, -1, "field", found, label)
        for (_, end, label), stop in zip(starts, ends, strict=True)
        if (found := _readings(text[end:stop].strip(" :：\n")))
    ]


def _enumerations(at: int, block: Block) -> Iterator[Unit]:
    """What the sentences of a paragraph enumerate, and what is set off in it."""
    numbered = [t for t in map(titled, _NUMBERS_WITHIN.split(block.text[:3000])) if has_word(t)]
    if len(numbered) >= _LEAST_LISTED and all(len(t) < LONGEST / 2 for t in numbered):
        yield Unit(at, -1, "enumeration", [Reading("enumeration", numbered[:30])])
        return
    for sentence in sentences(block.text[:3000]):
        after = _LAST_COLON.search(sentence)
        for text in ([after[1]] if after else []) + [sentence]:
            parts = parted(text, SEPARATORS["comma"])
            if len(parts) < _LEAST_LISTED:
                parts = parted(text, SEPARATORS["semicolon"])
            titles = [t for t in map(titled, parts) if len(t) < LONGEST / 2 and has_word(t)]
            if len(titles) >= _LEAST_LISTED and (titles := [t for t in titles if not is_clause(t)]):
                yield Unit(at, -1, "enumeration", [Reading("enumeration", titles[:30])])
                break
    for text in list(dict.fromkeys(block.emphasised))[:12]:
        if len(text) < LONGEST / 2 and (found := _readings(text)):
            yield Unit(at, -1, "emphasis", found[:1])
