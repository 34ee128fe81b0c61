"""The numbers of headings, parts of a course and cells (`Week 3`, `2.1`, `IV`, `第三章`), and the marks in
front of a title.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from dagogy.api.text import Words

from dagogy_provider_internal.language.lexicon import NUMBER_WORDS

CHAPTER = (
    r"chapter|module|unit|lesson|week|part|section|day|step|session|lecture|stage|phase|class|"
    r"kapitel|teil|abschnitt|woche|lektion|modul|einheit|sitzung|vorlesung|tag|schritt|chapitre|partie"
    r"|semaine|leçon|unité|séance|jour|étape|"
    r"capítulo|unidad|semana|lección|módulo|sección|sesión|día|paso|clase|tema|capitolo|unità|settimana"
    r"|lezione|modulo|parte|sezione|giorno|"
    r"unidade|aula|lição|seção|hoofdstuk|les|deel|rozdział|część|tydzień|lekcja|moduł|vecka|lektion|del"
    r"|uke|kapittel|luku|viikko|"
    r"bölüm|hafta|ders|ünite|kapitola|lekce|fejezet|hét|capitolul|κεφάλαιο|ενότητα|εβδομάδα|"
    r"глава|часть|раздел|неделя|урок|лекция|модуль|занятие|день|тема|розділ|тиждень|лекція|"
    r"الفصل|الوحدة|الدرس|الأسبوع|الباب|الجزء|المحاضرة|פרק|שיעור|יחידה|שבוע|חלק|הרצאה|فصل|بخش|درس|هفته"
    r"|अध्याय|chương|bài|bab"
)
_ORDINAL = (
    r"(?:الأول|الأولى|الثاني|الثانية|الثالث|الثالثة|الرابع|الرابعة|الخامس|"
    r"الخامسة|السادس|السادسة|السابع|السابعة|الثامن|الثامنة|التاسع|التاسعة|العاشر|العاشرة|[א-ת]['׳]?)"
)
_ROMAN = r"(?-i:[IVXLC]+)(?![\w])"
_HAN = r"[0-9０-９一二三四五六七八九十百]+"
_DATE = r"(?:\s*[(\[][^()\[\]]{1,40}[)\]])?"
NUMBERED_PART = re.compile(
    rf"^(?:(?:{CHAPTER}|topic|level|appendix|anhang|annexe|anexo)\s+(?:\d+(?:\s\d+)*|[ivxlc]+|[a-z]"
    rf"|{_ORDINAL})|第{_HAN}\w{{1,2}}|제?\s?\d+\w)$"
)
_NUMBERING = re.compile(
    rf"^\s*(?:(?:{CHAPTER})\s+(?:\d+(?:\.\d+)*|[IVXLC]+|{_ORDINAL}){_DATE}\s*(?:[:：.)|،,]|\s[-–—])\s*|"
    rf"(?:chapter|kapitel|chapitre|capítulo|capitolo|hoofdstuk|глава|розділ|week|woche|semaine|semana"
    rf"|lecture|lesson|unit|module|lektion|bölüm|الفصل|الدرس|פרק|שיעור)"
    rf"\s+(?:\d+(?:\.\d+)*|{_ORDINAL}){_DATE}\s+(?-i:(?=[^\W\d_a-z]))|"
    rf"第\s?{_HAN}\s?(?:[章节節课課讲講回週周部编編篇]|单元|單元|部分)\s*[:：、.．]?\s*|제\s?\d+\s?[장절과강부]\s*[:.]?\s*"
    rf"|\d+[장과강]\s*[:.]?\s+|"
    rf"(?-i:(?![23]d\b)\d{{1,2}}[a-h][.)]?(?:\t+|\s+(?=[^\W\d_a-z]))|[A-H]\.\s+(?=[^\W\d_a-z]\w))|"
    r"\d{1,2}[:h]\d{2}(?:\s?(?:am|pm|uhr))?(?:\s*[-–—]\s*\d{1,2}[:h]\d{2}(?:\s?(?:am|pm"
    r"|uhr))?)?\s*[:–—-]?\s+|"
    r"\d{4}-\d{2}-\d{2}\s*[:–—-]?\s+|"
    rf"\(?\d{{1,3}}[.):]\s+|\(?(?-i:[a-zA-Z])\)\s+|\d{{1,2}}(?:\.\d{{1,2}})+[.):]?\s+"
    rf"|(?-i:[IVX]+\.\d+(?:\.\d+)*[.):]?\s+)|"
    rf"(?-i:(?:[IVX]+|[LC][IVXLC]+)[.)]\s+(?=[^\W\d_a-z]))|{_HAN}[、．]\s*)",
    re.IGNORECASE,
)
_NUMBER_COLUMN = re.compile(
    rf"(?:{CHAPTER}|no|nr|number|num|nummer|lfd nr|numéro|número|numero|номер"
    r"|номер п п|п п|序号|编号|周|周次|第几周|週|回|番号|주|주차|번호|차시|"
    r"رقم|מספר|sıra|sıra no|order|position|pos|topic no|week no|week number|lecture no|session no)s?"
)
#: What a cell of such a column holds: `3`, `3.1`, `Week 3`, `W3`, `3–4`; not `3 September`.
_NUMBER_CELL = re.compile(
    rf"(?:(?:{CHAPTER}|[^\W\d_]|no|nr|wk)\.?\s?|#\s?)?(\d{{1,3}}(?:\.\d{{1,3}})*)\s{{0,3}}[.):]?"
    r"(?:\s?[-–—]\s?\d{1,3})?\s*",
    re.IGNORECASE,
)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_HAN_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")}
#: Titles whose findings are kept. More would take more memory than time: in a list of hundreds of
#: thousands none comes twice.
SEEN = 20_000
#: A mark such as an emoji in front of a title, or behind it, with white space in between.
_SYMBOLS = re.compile(r"^\S{1,12}(?=\s)|(?<=\s)\S{1,12}$")
_KEYCAP = re.compile("^[0-9#*]\ufe0f?\u20e3$")


def is_plain(title: str) -> bool:
    """Whether a title is nothing but Latin words and spaces: no number, mark or sign is in front of it or
    behind it. Most names are.
    """
    return title.isascii() and title.replace(" ", "").isalpha()


def without_symbols(title: str) -> str:
    """`title` without an emoji or another pictogram in front of it or behind it."""
    if title.isascii():
        return title
    bare = _SYMBOLS.sub(lambda m: "" if _is_symbol(m[0]) else m[0], title.strip()).strip()
    return bare or title


def _is_symbol(token: str) -> bool:
    return bool(_KEYCAP.match(token)) or all(
        unicodedata.category(c) in ("So", "Sk", "Cf", "Mn", "Me") for c in token
    )


def numbering(title: str) -> tuple[int, ...]:
    """The number in front of a title (`Chapter 3:`, `2.1`, `IV.`, `第三章`), or an empty tuple."""
    if is_plain(title):
        return ()
    match = _NUMBERING.match(without_symbols(title))
    if match is None or re.match(r"\s*\d+[:h]\d|\s*\d{4}-", match[0]):
        return ()
    found = re.sub(r"[(\[].*?[)\]]", "", match[0]) if match[0].strip()[:1] not in "([" else match[0]
    lettered = re.match(r"\s*(?:(?P<number>\d{1,2})(?P<letter>[a-h])|(?P<alone>[A-H])\.)\s*[.)]?\s*$", found)
    if lettered:
        letter = ord((lettered["letter"] or lettered["alone"]).lower()) - ord("a") + 1
        return (int(lettered["number"]), letter) if lettered["number"] else (letter,)
    numbers = re.findall(r"\d+|\b[IVXLC]+\b(?!\))|[一二三四五六七八九十百]+", found)
    return tuple(_value(n) for n in numbers)


def _value(number: str) -> int:
    if number.isdecimal():
        return int(number)
    if number[0] in _HAN_DIGITS or number[0] in "十百":
        return _han_value(number)
    values = [_ROMAN_VALUES[c] for c in number.lower()]
    return sum(-v if v < max(values[i + 1 :], default=0) else v for i, v in enumerate(values))


def _han_value(number: str) -> int:
    """The number that Chinese numerals below a thousand write: `三`, `十二`, `四十`, `一百零五`."""
    total, digit = 0, 0
    for c in number:
        if c in "十百":
            total, digit = total + (digit or 1) * (10 if c == "十" else 100), 0
        else:
            digit = _HAN_DIGITS.get(c, 0)
    return total + digit


def group_number(title: str) -> tuple[int, ...]:
    """The number of a heading that groups by place in a course (`Week 3`, `2. Basics`,
    `Unit two`), or an empty tuple.
    """
    key = Words.form(title)
    if not NUMBERED_PART.match(key):
        return numbering(title)
    last = re.findall(r"\d+", key) or [key.rsplit(" ", 1)[-1]]
    if all(n.isdecimal() for n in last):
        return tuple(map(int, last))
    return (
        (NUMBER_WORDS[last[0]],)
        if last[0] in NUMBER_WORDS
        else (_value(last[0]),)
        if set(last[0]) <= _ROMAN_VALUES.keys()
        else ()
    )


_HAN_CELL = re.compile(r"第?\s?([〇零一二三四五六七八九十百]{1,7})\s?[周週章节節回课課讲講日]?")


def is_number_column(header: str) -> bool:
    """Whether the column under `header` says at which place of a course its rows stand
    (`Week`, `No.`, `#`, `Semaine`).
    """
    return header.strip() in ("#", "№") or bool(_NUMBER_COLUMN.fullmatch(Words.form(header)))


def cell_number(cell: str) -> tuple[int, ...]:
    """The number in a cell of such a column (`3`, `Week 3`, `第三周`, `IV`), or an empty
    tuple; of a range the first.
    """
    match = _NUMBER_CELL.fullmatch(cell)
    if match:
        return tuple(map(int, match[1].split(".")))
    if match := _HAN_CELL.fullmatch(cell):
        return (_han_value(match[1]),)
    return (_value(cell),) if re.fullmatch("[IVXLC]+", cell) else group_number(cell)


def without_numbering(title: str) -> str:
    return title if is_plain(title) else _NUMBERING.sub("", title, count=1)


def is_chapter(title: str) -> bool:
    """Whether a title is numbered in words: `Week 3: …`, `Kapitel 2. …`, `第三章 …`."""
    return not is_plain(title) and _is_chapter(title)


@lru_cache(maxsize=SEEN)
def _is_chapter(title: str) -> bool:
    match = _NUMBERING.match(without_symbols(title))
    return (
        match is not None
        and any(c.isalpha() for c in re.sub(_ROMAN, "", match[0]))
        and not re.match(r"\s*(?:\(?[a-zA-Z]\)|\d+[h:])", match[0])
    )
