"""Amounts of time as course documents state them: hours and minutes, hours a week, weeks, sessions, and the
times at which a course meets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NUMBER = r"(?P<{0}>\d{{1,4}}(?:[.,]\d+)?)(?:\s?(?:-|–|—|to|bis|à|a|до)\s?(?P<{0}_to>\d{{1,4}}(?:[.,]\d+)?))?"
_HOUR = (
    r"(?:h(?:rs?|ours?)?|std|stunden?|ue|unterrichtsstunden|lektionen|heures?|horas?|ore|uren|uur|godzin\w*|godz|timmar|timer|tuntia|saat"
    r"|ч|час(?:а|ов)?|годин\w*|小时|小時|学时|課時|课时|時間|시간)"
)
_MINUTE = r"(?:m(?:in(?:ute)?s?)?|minuten|minutos?|minuti|minut|мин(?:ут\w*)?|хв|分钟?|分鐘|分|분)"
_WEEK = (
    r"(?:weeks?|wks?|wochen?|semaines?|semanas?|settiman[ae]|weken|tygodni\w*|veckor|uker|uger|viikkoa|hafta|недел\w*|тижн\w*"
    r"|周|週間?|주)"
)
_A_WEEK = (
    r"(?:(?:per|a|each|every|/|pro|je|par|por|alla|per|na|в|i)\s?(?:week|wk|woche|semaine|semana|settimana|week|tydzień|неделю|vecka|uke)"
    r"|weekly|wöchentlich|hebdomadaires?|semanales?|semanais|settimanali|/\s?w(?:ee)?k|/周|毎週|每周|주당)"
)
_SESSION = (
    r"(?:sessions?|meetings?|classes|lessons?|lectures?|workshops?|sitzungen|termine|lektionen|séances?|sesiones|clases|sessões|aulas"
    r"|lezioni|incontri|bijeenkomsten|zajęć|spotkań|заняти\w+|пар|回|次课|회)"
)
_TOTAL = r"(?:total|altogether|in all|overall|insgesamt|gesamt\w*|au total|en total|in totale|totaal|łącznie|всего|итого|共|合計|총)"


def _number(name: str) -> str:
    return _NUMBER.format(name)


_PER_WEEK = re.compile(
    rf"{_number('n')}\s?-?\s?(?P<unit>{_HOUR}|{_MINUTE})\.?(?:\s(?:of )?[\w-]+){{0,2}}?\s?{_A_WEEK}(?!\w)|(?P<sws>\d{{1,2}})\s?SWS\b"
    rf"|{_A_WEEK}\s?[:：]?\s?{_number('m')}\s?(?P<unit2>{_HOUR}|{_MINUTE})(?!\w)",
    re.IGNORECASE,
)
_WEEKS = re.compile(rf"(?<![\d.,/-]){_number('n')}[\s-]?{_WEEK}(?!\w)", re.IGNORECASE)
_SESSIONS = re.compile(rf"(?<![\d.,/-]){_number('n')}\s(?:[\w-]+\s)?{_SESSION}(?!\w)", re.IGNORECASE)
_EACH = re.compile(
    rf"{_number('n')}\s?-?\s?(?P<unit>{_HOUR}|{_MINUTE})\.?\s?(?:each|per (?:session|class|meeting|lesson)|je(?:weils)?|chacune?|cada una|ciascun[ao]|каждое)"
    rf"|{_SESSION}\s(?:of|à|von|zu|de|da|по)\s{_number('m')}\s?-?\s?(?P<unit2>{_HOUR}|{_MINUTE})(?!\w)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(rf"(?<![\d.,:/-]){_number('n')}\s?-?\s?(?P<unit>{_HOUR}|{_MINUTE})(?!\w)\.?", re.IGNORECASE)
#: What a line calls the time of a whole course or module: `Duration: 40 h`, `Zeitrichtwert: 60 Stunden`.
_LENGTH_LABEL = re.compile(
    r"^\W*(?:(?:total |course |estimated |study |contact |learning )*(?:duration|length|time|hours|workload|effort|study time)"
    r"|zeitrichtwert|dauer|umfang|zeit(?:aufwand|bedarf)?|gesamtdauer|arbeitsaufwand|stundenumfang|durée|volume horaire|duración|carga horaria|horas|"
    r"duração|carga horária|durata|monte ore|duur|omvang|czas trwania|wymiar|продолжительность|длительность|объ[её]м|тривалість|süre"
    r"|时长|课时|学时|時間数|所要時間|시간|기간)\b[^:：]{0,20}[:：|]\s*",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?P<h>\d{1,2})(?:[:.h](?P<m>[0-5]\d))?\s?(?P<half>[ap]\.?m\.?)?\s?(?:-|–|—|to|until|bis|à|a|до)\s?"
    r"(?P<h2>\d{1,2})(?:[:.h](?P<m2>[0-5]\d))?\s?(?P<half2>[ap]\.?m\.?|uhr|h\b)?",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:days?)?\b|\b(?:MWF|TTh|TR|MW)\b"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)s?\b|\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi)s?\b"
    r"|\b(?:lunes|martes|miércoles|jueves|viernes|sábados?)\b|\b(?:segunda|terça|quarta|quinta|sexta)s?(?:-feira)?\b"
    r"|\b(?:lunedì|martedì|mercoledì|giovedì|venerdì)\b|\b(?:понедельник|вторник|сред[уаы]|четверг|пятниц[уаы])\w*",
    re.IGNORECASE,
)
_PACKED = {"mwf": 3, "tth": 2, "tr": 2, "mw": 2}
_LONGEST_MEETING = 8 * 60
_MOST_WEEKS, _MOST_HOURS_A_WEEK = 110, 60


@dataclass(frozen=True, slots=True)
class Time:
    """The hours and weeks of a whole course as far as they are stated: hours a week, hours in all, weeks, sessions,
    minutes of a session, and the words that say so. None: not stated.
    """

    hours_per_week: float | None = None
    total_hours: float | None = None
    weeks: float | None = None
    sessions: float | None = None
    session_minutes: float | None = None
    quotes: tuple[str, ...] = ()


def _value(match: re.Match[str], name: str) -> float:
    low = float(match[name].replace(",", "."))
    high = match[f"{name}_to"]
    return (low + float(high.replace(",", "."))) / 2 if high else low


def _in_minutes(value: float, unit: str) -> float:
    return value * 60 if re.fullmatch(_HOUR, unit, re.IGNORECASE) else value


def stated_amount(text: str) -> float | None:
    """The minutes that a text states by a single amount of time (`40 Stunden`, `1,5 h`, `90 min`); None where
    there is none, or more than one.
    """
    found = list(_AMOUNT.finditer(text))
    return _in_minutes(_value(found[0], "n"), found[0]["unit"]) or None if len(found) == 1 else None


def labelled_amount(line: str) -> float | None:
    """The minutes of a line such as `Duration: 40 h`; None for any other."""
    match = _LENGTH_LABEL.match(line)
    if match is None or _PER_WEEK.search(line):
        return None
    return stated_amount(line[match.end() :])


def meeting_minutes(text: str) -> float | None:
    """The minutes a week that meeting times make (`Tuesdays and Thursdays 10:00-11:30`), or None."""
    days = [m[0].lower() for m in _DAY.finditer(text)]
    hours = _CLOCK.search(text)
    if not days or hours is None or not (hours["m"] or hours["half"] or hours["half2"] or hours["m2"]):
        if not days or hours is None or not 1 <= int(hours["h2"]) - int(hours["h"]) <= 4 or int(hours["h2"]) > 24:
            return None
    start = int(hours["h"]) * 60 + int(hours["m"] or 0)
    end = int(hours["h2"]) * 60 + int(hours["m2"] or 0)
    length = end - start if end > start else end + 12 * 60 - start
    count = sum(_PACKED.get(d, 1) for d in dict.fromkeys(days))
    return float(length * count) if 0 < length <= _LONGEST_MEETING else None


def stated_time(lines: Iterable[str]) -> Time:
    """What the lines, which speak of a course as a whole, say of its time; of two statements of one kind the
    first counts.
    """
    per_week = total = weeks = sessions = each = meets = None
    quotes: list[str] = []

    def told(line: str, known: float | None, value: float | None) -> float | None:
        if known is not None or not value:
            return known
        if line not in quotes:
            quotes.append(line)
        return value

    for text in lines:
        line = " ".join(text.split())
        if not any(map(str.isdigit, line)):
            continue
        rest = line
        if match := _PER_WEEK.search(line):
            if match["sws"]:
                value = float(match["sws"])
            else:
                name, unit = ("n", match["unit"]) if match["n"] else ("m", match["unit2"])
                value = _in_minutes(_value(match, name), unit) / 60
            if value <= _MOST_HOURS_A_WEEK:
                per_week = told(line, per_week, value)
            rest = rest.replace(match[0], " ")
        if match := _EACH.search(rest):
            name, unit = ("n", match["unit"]) if match["n"] else ("m", match["unit2"])
            each = told(line, each, _in_minutes(_value(match, name), unit))
        if match := _SESSIONS.search(rest):
            sessions = told(line, sessions, _value(match, "n"))
        if match := _WEEKS.search(rest):
            value = _value(match, "n")
            weeks = told(line, weeks, value if 1 < value <= _MOST_WEEKS else None)
        amount = labelled_amount(rest)
        if amount is None and re.search(rf"\b{_TOTAL}\b|-?\s?hours?\s(?:course|class|module|programme|program|training)\b", rest, re.IGNORECASE):
            amount = stated_amount(_EACH.sub(" ", rest))
        total = told(line, total, amount / 60 if amount else None)
        meets = told(line, meets, meeting_minutes(line))
    if sessions and each:
        total = total or sessions * each / 60
    if meets and per_week is None and meets <= _MOST_HOURS_A_WEEK * 60:
        per_week = meets / 60
    return Time(per_week, total, weeks, sessions, each, tuple(quotes))
