"""Marks that an author sets beside a name: that it may be left out, that one of several is enough, that a day
is off; and the number of a part of a course that stands in letters.

These are the fixed words of such marks in the languages that course documents come in. What a text without
such a mark is, is not decided here.
"""

from __future__ import annotations

import re

from dagogy_provider_internal.language.cues import categories, shares

_OPTIONAL = (
    r"optional(?:ly)?|bonus|electives?|stretch(?: goals?)?|not required|if time (?:permits|allows)"
    r"|fakultativ|freiwillig|wahlweise|wahl(?:pflicht)?thema|optionale?[rs]?"
    r"|facultati(?:f|fs|ve|ves)|optionnel(?:le)?s?|en option"
    r"|opciona(?:l|is|les)|optativ[oa]s?|facultativ[oa]s?|facoltativ[oaie]|opzional[ei]"
    r"|optioneel|opcjonaln[aeiy]|dodatkow[aeoy]|nadobowiązkow[aey]|valfri[at]?|frivillig|valinnainen"
    r"|необязательн\w+|по желанию|факультативно|дополнительно|за бажанням|isteğe bağlı|seçmeli|volitelné"
    r"|选修|可选|选学|選修|任意|選択|オプション|선택|اختياري|רשות"
)
_ONE_OF = (
    r"(?:choose|pick|take|select) (?:any )?(?:one|1|two|2)|(?:any )?(?:one|1) of(?: the following)?|either"
    r"|alternatives?"
    r"|eine?s? (?:von|der|davon)|wähle(?:n sie)? eine?s?|un(?:e)? au choix|au choix|elige una?|elija una?"
    r"|una? de|"
    r"escolha uma?|uno a scelta|a scelta|один из|на выбор|任选|任選|いずれか|택일|중 하나"
)
#: What stands in brackets.
_WITHIN = r"[^()\[\]（）【】]"
#: `R basics (optional)`, `Optional: R basics`, `R basics – bonus`, `R basics*optional*`.
_BEHIND = re.compile(
    rf"\s?(?:[(\[（【*]{{1,3}}\s?(?:{_OPTIONAL})(?:[,;:]{_WITHIN}{{0,60}}|\s{_WITHIN}{{1,30}})?\s?[)\]）】*]{{1,3}}"
    rf"|\s[-–—]\s(?:{_OPTIONAL}))\s?$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"^(?:[(\[（【*]{{1,3}}\s?(?:{_OPTIONAL})\s?[)\]）】*]{{1,3}}\s?:?\s?|(?:{_OPTIONAL})\s?[:：–—]\s?)",
    re.IGNORECASE,
)
_OPTIONAL_HEADING = re.compile(
    rf"^(?:{_OPTIONAL})(?:$|\s*[:：(\[（–—-]|\s(?:topics?|modules?|units?|lessons?|sections?|parts?|material"
    rf"|contents?|courses?"
    rf"|extras?|work|activit(?:y|ies)|themen?|module?|inhalte?|temas?|contenidos?|módulos?|thèmes?|контент"
    rf"|темы)\b)"
    rf"|[(\[（](?:{_WITHIN}{{0,60}}\b)?(?:{_OPTIONAL})\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(rf"(?:^|[\s(\[（,:：–—])(?:{_ONE_OF})(?:\b|$)", re.IGNORECASE)

#: What says that nothing is taught, where it stands for a topic.
_OFF = re.compile(
    r"\bno (?:class(?:es)?|lectures?|meetings?|lessons?|school|sessions?|seminar|lab)\b"
    r"|\bclass(?:es)? (?:cancell?ed|suspended)\b|\b(?:public|bank|national|university|school) holiday\b"
    r"|\bday off\b"
    r"|\bentfällt\b|\bfällt aus\b|\bkeine? (?:unterricht|vorlesung|sitzung|schule|übung)\b|\b(?:feiertag"
    r"|ferien|vorlesungsfrei)\w*"
    r"|\bpas de (?:cours|classe|séance)\b|\b(?:jour )?férié\b"
    r"|\b(?:no hay|sin) clases?\b|\b(?:día )?feriado\b|\bfestivo\b|\bsem aulas?\b|\bnão há aula\b"
    r"|\bnon c['’]è lezione\b|\bniente lezione\b|\blezione sospesa\b|\bgeen (?:les|college)\b"
    r"|\bbrak zajęć\b|\bdzień wolny\b"
    r"|\bingen (?:undervisning|föreläsning|forelesning)\b|\bders yok\b|\b(?:resmî|resmi) tatil\b"
    r"|занятий нет|нет занятий|выходной|занять немає|вихідний"
    r"|休講|休课|停课|放假|假期|祝日|휴강|공휴일|عطلة|חופשה|אין שיעור",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
#: What a day off is named by besides: seasons, weather, the mark of a week.
_BESIDE = frozenset(
    (
        "the a of for and no nothing day days week fall autumn spring winter summer snow rain mid term "
        "midterm half reading study public bank national university school break due"
    ).split()
)
_FEW_WORDS = 4
_HOLIDAY, _TIME = categories().index("holiday"), categories().index("time")


def without_optional(title: str) -> tuple[str, bool]:
    """The title without a mark that it may be left out, and whether it had one."""
    title = " ".join(title.split())
    for mark in (_BEHIND, _BEFORE):
        bare = mark.sub("", title).strip()
        if bare != title.strip() and bare:
            return bare, True
    return title, False


def is_optional_group(heading: str) -> bool:
    """Whether all that stands under a heading may be left out (`Optional topics`, `Bonus`, `Wahlweise`)."""
    return bool(_OPTIONAL_HEADING.search(heading))


def is_choice(heading: str) -> bool:
    """Whether of what stands under a heading one is enough (`Choose one`, `One of`)."""
    return bool(_CHOICE.search(heading))


def is_day_off(title: str) -> bool:
    """Whether a title in a timetable says that nothing is taught: by the words that are said for it, or
    because each of its words is one of holidays and of time.
    """
    if _OFF.search(title):
        return True
    found = [w.casefold() for w in _WORD.findall(title)]
    if not found or len(found) > 8:
        return False
    off = [bool(shares(w)[_HOLIDAY]) for w in found]
    if not any(off) and len(found) <= _FEW_WORDS and shares(title)[_HOLIDAY]:
        return True  # a name of several words
    return any(off) and all(o or w in _BESIDE or shares(w)[_TIME] for w, o in zip(found, off, strict=True))


def says_no_topic(title: str) -> bool:
    """Whether the words of a title are all of time and of days off, as those of `Snow day` are: of a row
    that is empty besides it is no topic.
    """
    found = [w.casefold() for w in _WORD.findall(title)]
    return bool(found) and all(w in _BESIDE or shares(w)[_TIME] or shares(w)[_HOLIDAY] for w in found)


#: Names that a sentence of need says are alternatives, or are learned beside: `one of A or B`, `either A or
#: B`.
_SOFT = re.compile(
    r"\b(?:(?:at least )?one of|any of|either|one (?:or more|course) of|eine?s? (?:von|der)|entweder"
    r"|l['’]un(?:e)? (?:de|des)|soit"
    r"|una? de|uno (?:de|tra|fra)|один из|либо)\b[^.;:()]*|"
    r"\b(?:co-?requisites?|concurrently with|taken together with|parallel zu|begleitend zu|corequisitos?"
    r"|corequis|co-?requis)\b[^.;()]*",
    re.IGNORECASE,
)


def hard_part(sentence: str) -> str:
    """A sentence of need without what it says to be one of several that are enough, or to be taken beside."""
    return _SOFT.sub(" ", sentence)


def alternatives(sentence: str) -> str:
    """What `hard_part` leaves out."""
    return " ".join(m[0] for m in _SOFT.finditer(sentence))
