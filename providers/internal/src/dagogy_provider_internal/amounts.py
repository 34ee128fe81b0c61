"""Amounts of time as course documents state them: hours and minutes, hours a week, weeks, sessions, and the
times at which a course meets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_NUMBER = r"(?P<{0}>\d{{1,4}}(?:[.,]\d+)?)(?:\s?(?:-|–|—|to|bis|à|a|до)\s?(?P<{0}_to>\d{{1,4}}(?:[.,]\d+)?))?"
_HOUR = (
    r"(?:h(?:rs?|ours?)?|std|stunden?|ue|unterrichtsstunden|lektionen|heures?|horas?|ore|uren|uur"
    r"|godzin\w*|godz|timmar|timer|tuntia|saat"
    r"|ч|час(?:а|ов)?|годин\w*|小时|小時|学时|課時|课时|時間|시간)"
)
_MINUTE = r"(?:m(?:in(?:ute)?s?)?|minuten|minutos?|minuti|minut|мин(?:ут\w*)?|хв|分钟?|分鐘|分|분)"
_WEEK = (
    r"(?:weeks?|wks?|wochen?|semaines?|semanas?|settiman[ae]|weken|tygodni\w*|veckor|uker|uger|viikkoa"
    r"|hafta|недел\w*|тижн\w*"
    r"|周|週間?|주)"
)
_A_WEEK = (
    r"(?:(?:per|a|each|every|/|pro|je|par|por|alla|per|na|в|i)\s?(?:week|wk|woche|semaine|semana|settimana"
    r"|week|tydzień|неделю|vecka|uke)"
    r"|weekly|wöchentlich|hebdomadaires?|semanales?|semanais|settimanali|/\s?w(?:ee)?k|/周|毎週|每周|주당)"
)
_SESSION = (
    r"(?:sessions?|meetings?|classes|lessons?|lectures?|workshops?|sitzungen|termine|lektionen|séances?"
    r"|sesiones|clases|sessões|aulas"
    r"|lezioni|incontri|bijeenkomsten|zajęć|spotkań|заняти\w+|пар|回|次课|회)"
)
_TOTAL = (
    r"(?:total|altogether|in all|overall|insgesamt|gesamt\w*|au total|en total|in totale|totaal|łącznie"
    r"|всего|итого|共|合計|총)"
)


def _number(name: str) -> str:
    return _NUMBER.format(name)


_PER_WEEK = re.compile(
    rf"{_number('n')}\s?-?\s?(?P<unit>{_HOUR}|{_MINUTE})\.?(?:\s(?:of )?[\w-]+){{0,2}}?\s?{_A_WEEK}(?!\w)"
    rf"|(?P<sws>\d{{1,2}})\s?SWS\b"
    rf"|{_A_WEEK}\s?[:：]?\s?{_number('m')}\s?(?P<unit2>{_HOUR}|{_MINUTE})(?!\w)",
    re.IGNORECASE,
)
_WEEKS = re.compile(rf"(?<![\d.,/-]){_number('n')}[\s-]?{_WEEK}(?!\w)", re.IGNORECASE)
_SESSIONS = re.compile(rf"(?<![\d.,/-]){_number('n')}\s(?:[\w-]+\s)?{_SESSION}(?!\w)", re.IGNORECASE)
_EACH = re.compile(
    rf"{_number('n')}\s?-?\s?(?P<unit>{_HOUR}|{_MINUTE})\.?\s?(?:each|per (?:session|class|meeting|lesson)"
    rf"|je(?:weils)?|chacune?|cada una|ciascun[ao]|каждое)"
    rf"|{_SESSION}\s(?:of|à|von|zu|de|da|по)\s{_number('m')}\s?-?\s?(?P<unit2>{_HOUR}|{_MINUTE})(?!\w)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    rf"(?<![\d.,:/-]){_number('n')}\s?-?\s?(?P<unit>{_HOUR}|{_MINUTE})(?!\w)\.?", re.IGNORECASE
)
#: What a line calls the time of a whole course or module: `Duration: 40 h`, `Zeitrichtwert: 60 Stunden`.
_LENGTH_LABEL = re.compile(
    r"^\W*(?:(?:total |course |estimated |study |contact |learning )*(?:duration|length|time|hours"
    r"|workload|effort|study time)"
    r"|zeitrichtwert|dauer|umfang|zeit(?:aufwand|bedarf)?|gesamtdauer|arbeitsaufwand|stundenumfang|durée"
    r"|volume horaire|duración|carga horaria|horas|"
    r"duração|carga horária|durata|monte ore|duur|omvang|czas trwania|wymiar|продолжительность"
    r"|длительность|объ[её]м|тривалість|süre"
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
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)s?\b|\b(?:lundi|mardi|mercredi"
    r"|jeudi|vendredi|samedi)s?\b"
    r"|\b(?:lunes|martes|miércoles|jueves|viernes|sábados?)\b|\b(?:segunda|terça|quarta|quinta"
    r"|sexta)s?(?:-feira)?\b"
    r"|\b(?:lunedì|martedì|mercoledì|giovedì|venerdì)\b|\b(?:понедельник|вторник|сред[уаы]|четверг"
    r"|пятниц[уаы])\w*",
    re.IGNORECASE,
)
_PACKED = {"mwf": 3, "tth": 2, "tr": 2, "mw": 2}
#: What states the hours of a whole course: `40 hours in total`, `a 40-hour course`.
_WHOLE = re.compile(
    rf"(?<!\w){_TOTAL}(?!\w)|-?\s?hours?\s(?:course|class|module|programme|program|training|workshop)\b",
    re.IGNORECASE,
)
#: What a statement of weeks is about, for it to be the length of the course.
_COURSE = re.compile(
    r"course|class(?:es)?\b|program|module|workshop|training|bootcamp|semester|term\b|curriculum|duration"
    r"|length"
    r"|lasts?\b|runs?\b|kurs|lehrgang|ausbildung|dauer|umfang|cours|formation|durée|curso|duración|duração"
    r"|formación|corso|durata|kurz|cursus|duur|szkoleni|czas|курс|длит|программ|обучени|课程|课时|コース|期間|과정|기간",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\bdue\b|\blate\b|deadline|\bexams?\b|\bquiz|\bmidterm|\bassignments?\b|\bhomework|\bwithin\b"
    r"|\bbefore\b|\bafter\b"
    r"|office hours?|by appointment|\blab hours|sprechstunde|klausur|abgabe|nachholen|permanence"
    r"|tutor[ií]as?\b|ricevimento"
    r"|horário de atendimento|консультац|экзамен|オフィスアワー|答疑",
    re.IGNORECASE,
)
_LONGEST_MEETING, _LONGEST_BARE = 8 * 60, 4 * 60
_LONGEST_LINE = 300
_MOST_WEEKS, _MOST_HOURS_A_WEEK = 110, 60


@dataclass(frozen=True, slots=True)
class Time:
    """The hours and weeks of a whole course as far as they are stated: hours a week, hours in all, weeks, and
    the words that say so. None: not stated.
    """

    hours_per_week: float | None = None
    total_hours: float | None = None
    weeks: float | None = None
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
    if not days or hours is None:
        return None
    start = int(hours["h"]) * 60 + int(hours["m"] or 0)
    end = int(hours["h2"]) * 60 + int(hours["m2"] or 0)
    as_clock = hours["m"] or hours["half"] or hours["half2"] or hours["m2"]
    if not as_clock and not (60 <= end - start <= _LONGEST_BARE and end <= 24 * 60):
        return None
    length = end - start if end > start else end + 12 * 60 - start
    count = sum(_PACKED.get(d, 1) for d in dict.fromkeys(days))
    return float(length * count) if 0 < length <= _LONGEST_MEETING else None


def stated_time(lines: Iterable[str]) -> Time:
    """What the lines, which speak of a course as a whole, say of its time; of two statements of one kind the
    first counts. A line that speaks of work that is due or of consulting hours says nothing of it.
    """
    found: dict[str, float] = {}
    quotes: list[str] = []
    for text in lines:
        line = " ".join(text.split())
        if len(line) > _LONGEST_LINE or not any(map(str.isdigit, line)) or _OTHER.search(line):
            continue
        new = {kind: value for kind, value in _of_line(line) if value and kind not in found}
        if new:
            found |= new
            quotes.append(line)
    total = found.get("total")
    if total is None and "sessions" in found and "each" in found:
        total = found["sessions"] * found["each"] / 60
    return Time(found.get("per_week", found.get("meets")), total, found.get("weeks"), tuple(quotes))


def _of_line(line: str) -> Iterator[tuple[str, float]]:
    """The amounts that a line states, each with its kind."""
    rest = line
    if match := _PER_WEEK.search(line):
        rest = rest.replace(match[0], " ")
        value = float(match["sws"]) if match["sws"] else _either(match) / 60
        if value <= _MOST_HOURS_A_WEEK:
            yield "per_week", value
    if match := _EACH.search(rest):
        yield "each", _either(match)
        if match := _SESSIONS.search(rest):
            yield "sessions", _value(match, "n")
    if (match := _WEEKS.search(rest)) and _COURSE.search(line) and 1 < _value(match, "n") <= _MOST_WEEKS:
        yield "weeks", _value(match, "n")
    amount = labelled_amount(rest)
    if amount is None and _WHOLE.search(rest):
        amount = stated_amount(_EACH.sub(" ", rest))
    yield "total", (amount or 0.0) / 60
    yield "meets", (meeting_minutes(line) or 0.0) / 60


def _either(match: re.Match[str]) -> float:
    """The minutes of a pattern that has its amount before or behind its cue."""
    name, unit = ("n", match["unit"]) if match["n"] else ("m", match["unit2"])
    return _in_minutes(_value(match, name), unit)
