"""Amounts of time as course documents state them: hours and minutes, hours a week, weeks, sessions, and the
times at which a course meets.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_NUMBER = (
    r"(?P<{0}>\d{{1,4}}(?:[.,]\d{{1,4}})?)"
    r"(?:\s?(?:-|–|—|to|bis|à|a|до)\s?(?P<{0}_to>\d{{1,4}}(?:[.,]\d{{1,4}})?))?"
)
_HOUR = (
    r"(?:h(?:rs?|ours?)?|std|stunden?|ue|unterrichtsstunden|lektionen|heures?|horas?|ore|uren|uur"
    r"|godzin\w{0,6}|godz|timmar|timer|tuntia|saat"
    r"|ч|час(?:а|ов)?|годин\w{0,6}|小时|小時|学时|課時|课时|時間|시간)"
)
_MINUTE = r"(?:m(?:in(?:ute)?s?)?|minuten|minutos?|minuti|minut|мин(?:ут\w{0,6})?|хв|分钟?|分鐘|分|분)"
_WEEK = (
    r"(?:weeks?|wks?|wochen?|semaines?|semanas?|settiman[ae]|weken|tygodni\w{0,6}|veckor|uker|uger|viikkoa"
    r"|hafta|недел\w{0,6}|тижн\w{0,6}"
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
    r"|lezioni|incontri|bijeenkomsten|zajęć|spotkań|заняти\w{1,6}|пар|回|次课|회)"
)
_TOTAL = (
    r"(?:total|altogether|in all|overall|insgesamt|gesamt\w{0,6}|au total|en total|in totale|totaal|łącznie"
    r"|всего|итого|共|合計|총)"
)


def _number(name: str) -> str:
    return _NUMBER.format(name)


_PER_WEEK = re.compile(
    rf"{_number('n')}\s?-?\s?(?P<unit>{_HOUR}|{_MINUTE})\.?"
    rf"(?:\s(?:of )?[\w-]{{1,30}}){{0,2}}?\s?{_A_WEEK}(?!\w)"
    rf"|(?P<sws>\d{{1,2}})\s?SWS\b|\bSWS\)?\W{{1,4}}(?P<sws_behind>\d{{1,2}})(?!\w)"
    rf"|{_A_WEEK}\s?[:：]?\s?{_number('m')}\s?(?P<unit2>{_HOUR}|{_MINUTE})(?!\w)",
    re.IGNORECASE,
)
_WEEKS = re.compile(rf"(?<![\d.,/-]){_number('n')}[\s-]?{_WEEK}(?!\w)", re.IGNORECASE)
_SESSIONS = re.compile(rf"(?<![\d.,/-]){_number('n')}\s(?:[\w-]{{1,30}}\s)?{_SESSION}(?!\w)", re.IGNORECASE)
_UNIT = re.compile(rf"(?<!\w){_HOUR}(?!\w)", re.IGNORECASE)
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
_LABEL = (
    r"(?:(?:total |course |estimated |study |contact |learning )*(?:duration|length|time|hours"
    r"|workload|effort|study time)"
    r"|zeitrichtwert|dauer|umfang|aufwand|zeit(?:aufwand|bedarf)?|gesamt(?:dauer|aufwand)|arbeits(?:aufwand"
    r"|belastung)|stundenumfang|durée|volume horaire|charge de travail|duración|carga (?:horaria|de trabajo)"
    r"|horas|duração|carga horária|durata|monte ore|impegno(?: orario)?|duur|omvang|studiebelasting"
    r"|czas trwania|wymiar|nakład pracy|продолжительность|трудо[её]мкость"
    r"|длительность|объ[её]м|тривалість|süre|iş yükü"
    rf"|时长|课时|学时|時間数|所要時間|시간|기간|{_TOTAL})"
)
_LENGTH_LABEL = re.compile(rf"^\W*(?P<label>{_LABEL}\b[^:：]{{0,20}})[:：|]\s*", re.IGNORECASE)
#: The same without a colon, as headings have it: `Workload (6 ECTS = 180 hours)`, `Arbeitsaufwand 240 h`.
_LENGTH_HEADING = re.compile(rf"^\W*(?P<label>{_LABEL})\s?(?=[(\d])", re.IGNORECASE)
_LONGEST_HEADING = 60
#: The unit of a number that stands in its label: `Arbeitsaufwand (Stunden)`, `Workload in hours`.
_UNIT_IN_LABEL = re.compile(rf"(?:[(\[]|,|\b(?:in|en)\s)\s?(?P<unit>{_HOUR}|{_MINUTE})(?!\w)", re.IGNORECASE)
_BARE = re.compile(r"\W*(?P<value>\d{1,4}(?:[.,]\d+)?)\W*")
#: The words for the parts that a stated time may be one of: all of it, study outside class, and what is
#: taught, to be looked for in this order.
_PARTS = {
    "all": re.compile(rf"(?<!\w){_TOTAL}(?!\w)", re.IGNORECASE),
    "own": re.compile(
        r"\b(?:self|independent|private study|outside|out-of-class|home ?work|selbst|eigen(?:studium|arbeit)"
        r"|vor- und nach|travail personnel|autonom|autónom|estudo individual|studio individuale|zelfstudie"
        r"|самостоят|sınıf dışı|praca własna)",
        re.IGNORECASE,
    ),
    "taught": re.compile(
        r"\b(?:lectur|class|contact|in-person|seminar|tutorial|labs?\b|laborator|recitation|vorlesung|übung"
        r"|praktikum|präsenz|kontakt|cm\b|td\b|tp\b|cours magistr|travaux|présentiel|clases?\b|presencial"
        r"|teóric|práctic|lezion|frontal|esercitazion|hoorcollege|werkcollege|wykład|ćwicze|лекци|практическ"
        r"|лаборатор|ders\b)",
        re.IGNORECASE,
    ),
}
#: What stands between two parts of a time: `45 h Präsenz, 105 h Selbststudium`.
_BREAK = re.compile(r"[;+·•|(]|,(?!\d)|\b(?:and|und|et|y|e|plus)\b(?!\s\d+\s?m)")
#: Rows of a table of workload, by week: `Lectures: 14 x 3 hours`.
_TIMES = re.compile(
    rf"\b(?P<count>\d{{1,2}})\s?[x×*]\s?{_number('n')}\s?(?P<unit>{_HOUR})(?!\w)", re.IGNORECASE
)
_COUNT_COLUMN = re.compile(
    r"^(?:count|number|quantity|times|weeks?|anzahl|wochen|nombre|cantidad|semanas?|numero|liczba|sayı(?:sı)?)\b",
    re.IGNORECASE,
)
_TERM_WEEKS = range(8, 21)
#: Credits of the European transfer system and its national names; by convention one is 25 to 30 hours.
_CREDITS = re.compile(
    r"(?<![\w.,])(?P<n>\d{1,2}(?:[.,]\d)?)\s?(?:ECTS|LP|CP|CFU|Leistungspunkte|cr[eé]dit\w* ECTS)\b"
    r"|\bECTS\b[^\d.;]{0,12}(?P<m>\d{1,2}(?:[.,]\d)?)(?!\w)"
    r"|\b(?:LP|CP|CFU|Leistungspunkte)\b\W{0,6}[:=]\W{0,3}(?P<k>\d{1,2}(?:[.,]\d)?)(?!\w)"
)
_HOURS_A_CREDIT, _MOST_CREDITS = 30, 30
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
    the words that say so. None: not stated. `assumed`: what the hours in all are made of where only credits
    are stated.
    """

    hours_per_week: float | None = None
    total_hours: float | None = None
    weeks: float | None = None
    quotes: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


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
    """The minutes of a line such as `Duration: 40 h`, `Workload (hours): 150` or `Volume horaire : 24 h CM,
    24 h TD` (all parts together); None for any other.
    """
    match = _LENGTH_LABEL.match(line)
    if match is None and len(line) <= _LONGEST_HEADING:
        match = _LENGTH_HEADING.match(line)
    if match is None or _PER_WEEK.search(line):
        return None
    value, unit = _BARE.fullmatch(line, match.end()), _UNIT_IN_LABEL.search(match["label"])
    if value and unit:
        return _in_minutes(float(value["value"].replace(",", ".")), unit["unit"]) or None
    return _together(_parts(line[match.end() :])) or None


def _part(text: str) -> tuple[str, str]:
    """Which part of a time the text speaks of, and the word that says so; empty where it says nothing."""
    found = ((part, words.search(text)) for part, words in _PARTS.items())
    return next(((part, match[0].casefold()) for part, match in found if match), ("", ""))


def _pieces(text: str) -> Iterator[str]:
    """The text between breaks, each piece with an amount: `Vorlesung (2 SWS)` is one."""
    start = 0
    for end in (*(m.start() for m in _BREAK.finditer(text)), len(text)):
        if any(map(str.isdigit, text[start:end])):
            yield text[start:end]
            start = end


def _parts(text: str) -> list[tuple[float, str]]:
    """The minutes of each part of a text, each with what it is a part of."""
    out = []
    for piece in _pieces(text):
        found = [(_in_minutes(_value(m, "n"), m["unit"]), m["unit"]) for m in _AMOUNT.finditer(piece)]
        if found:
            hours_and_minutes = len(found) == 2 and found[1][0] < 60 <= found[0][0]
            out.append((found[0][0] + (found[1][0] if hours_and_minutes else 0), _part(piece)[0]))
    return out


def _together(amounts: Iterable[tuple[float, str]]) -> float:
    """The whole of which some amounts are stated: the one that is called the sum, else the first that is
    called no part, else all parts.
    """
    amounts = list(amounts)
    whole = [value for name in ("all", "") for value, part in amounts if part == name]
    return whole[0] if whole else sum(value for value, _ in amounts)


def _sum_in(text: str) -> float | None:
    """The minutes of a text that speaks of the hours in all: its only amount, or that which is called the
    sum."""
    amounts = _parts(text)
    sums = [value for value, part in amounts if part == "all"] or [value for value, _ in amounts]
    return sums[0] if len(sums) == 1 else None


def row_as_line(header: Sequence[str], cells: Sequence[str]) -> str:
    """A row of a table as a line: `label: value` where it has no more than these two, the sum of a column of
    hours (`Total (hours): 180`), how often so many hours are spent (`Lectures: 14 x 3 hours`); any other as
    it stands.
    """
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) == 1:
        filled = filled[0].splitlines()
        filled = [filled[0], " ".join(filled[1:])] if len(filled) > 1 else filled
    units = {k: m[0] for k, h in enumerate(header) if (m := _UNIT.search(h))}
    if len(cells) > 1 and units and _part(cells[0])[0]:
        numbers = {k: cell.strip("* ") for k, cell in enumerate(cells) if _BARE.fullmatch(cell)}
        timed = [k for k in numbers if k in units]
        counts = [k for k in numbers if k < len(header) and _COUNT_COLUMN.match(header[k].strip())]
        if _part(cells[0])[0] == "all":
            sums = [k for k in timed if _part(header[k])[0] == "all"] or timed or list(numbers)[-1:]
            if len(sums) == 1:
                return f"{cells[0]} ({units.get(sums[0], next(iter(units.values())))}): {numbers[sums[0]]}"
        elif len(counts) == 1 and timed:
            return f"{cells[0]}: {numbers[counts[0]]} x {numbers[timed[0]]} {units[timed[0]]}"
    return ": ".join(filled) if len(filled) <= 2 else " | ".join(cells)


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


#: `1,200`, `1.040` and, before a unit, `1 200`: no hours are stated to three places.
_THOUSANDS = re.compile(
    rf"(?<![\w.,:/-])(\d{{1,3}})(?:[.,\u00a0\u202f](\d{{3}})(?![.,]?\d)| (\d{{3}})(?=\s?{_HOUR}(?!\w)))",
    re.IGNORECASE,
)


def _plain_numbers(line: str) -> str:
    return _THOUSANDS.sub(lambda match: match[1] + (match[2] or match[3]), line)


def stated_time(lines: Iterable[str]) -> Time:
    """What the lines, which speak of a course as a whole, say of its time. Of two statements of one kind the
    first counts, but parts (`4 SWS Vorlesung`, `2 SWS Übung`) are added where no whole is stated. A line that
    speaks of work that is due or of consulting hours says nothing of it. Credits alone make hours by
    convention.
    """
    said: dict[str, list[_Said]] = defaultdict(list)
    read: list[str] = []
    for text in lines:
        line = " ".join(text.replace("**", "").split())
        if len(line) > _LONGEST_LINE or not any(map(str.isdigit, line)) or _OTHER.search(line):
            continue
        read.append(line)
        for kind, value, part in _of_line(_plain_numbers(line)):
            if value:
                said[kind].append(_Said(value, line, *part))
    _add_terms(said, read)
    weekly = _hours_a_week(said)
    total, each, sessions, weeks = ([*said[k], None][0] for k in ("total", "each", "sessions", "weeks"))
    used = [one for one in (*weekly, total, each, sessions, weeks) if one]
    if not used:
        return _by_credits(read)
    hours = total.value if total else None
    if hours is None and sessions and each:
        hours = sessions.value * each.value / 60
    saying = {one.line for one in used}
    quotes = [line for line in dict.fromkeys(read) if line in saying]
    if weekly and all(one.part == "own" for one in weekly):
        quotes = [f"{q} (the study outside class alone)" if q == weekly[0].line else q for q in quotes]
    per_week = sum(one.value for one in weekly) or None
    return Time(per_week, hours, weeks.value if weeks else None, tuple(quotes))


def _by_credits(lines: Iterable[str]) -> Time:
    """The hours that the first credits stand for; nothing where there are none."""
    for line in lines:
        match = _CREDITS.search(line) if len(line) <= _LONGEST_HEADING else None
        value = float(next(g for g in match.groups() if g).replace(",", ".")) if match else 0.0
        if 0 < value <= _MOST_CREDITS:
            how = f"{_HOURS_A_CREDIT} hours of work for each credit (“{line}”)"
            return Time(total_hours=value * _HOURS_A_CREDIT, assumed=(how,))
    return Time()


def _add_terms(said: Mapping[str, list[_Said]], lines: Iterable[str]) -> None:
    """Adds the weeks of a term, and their hours, where rows of a table of workload have as many lectures as
    times of study outside class.
    """
    rows = [
        (int(m["count"]), _Said(_value(m, "n"), m.string, *_part(m.string)))
        for m in map(_TIMES.search, lines)
        if m
    ]
    terms = [{n for n, one in rows if one.part == part} for part in ("taught", "own")]
    for count, one in rows:
        if count in _TERM_WEEKS and count in terms[0] & terms[1]:
            said["weeks"].append(_Said(count, one.line))
            said["per_week"].append(one)


@dataclass(frozen=True, slots=True)
class _Said:
    """An amount of time, which part it is ("": none) by which word, and the line that says so."""

    value: float
    line: str
    part: str = ""
    word: str = ""


def _hours_a_week(said: Mapping[str, Sequence[_Said]]) -> list[_Said]:
    """What makes the hours a week: the whole, else the parts, the meetings as what is taught where no hours
    of that are stated."""
    amounts = said["per_week"]
    if whole := [one for one in amounts if one.part in ("", "all")][:1]:
        return whole
    taught = [one for one in amounts if one.part == "taught"] or said["meets"][:1]
    own = [one for one in amounts if one.part == "own"]
    return list({(one.value, one.word): one for one in (*taught, *own)}.values())


def _of_line(line: str) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """The amounts that a line states, each with its kind, and what it is a part of."""
    rest = line
    if _PER_WEEK.search(line):
        pieces = list(_pieces(line))
        for piece in pieces if any(map(_PER_WEEK.search, pieces)) else [line]:
            part = _part(piece)
            if match := _PER_WEEK.search(piece):
                sws = match["sws"] or match["sws_behind"]
                value, said = float(sws) if sws else _either(match) / 60, match[0]
            elif part[0] in ("taught", "own") and (amount := stated_amount(piece)):
                value, said = amount / 60, piece
            else:
                continue
            rest = rest.replace(said, " ")
            if value <= _MOST_HOURS_A_WEEK:
                yield "per_week", value, part
    alone = rest
    if match := _EACH.search(rest):
        alone = _EACH.sub(" ", rest)
        yield "each", _either(match), ()
        if match := _SESSIONS.search(rest):
            yield "sessions", _value(match, "n"), ()
    if (match := _WEEKS.search(rest)) and _COURSE.search(line) and 1 < _value(match, "n") <= _MOST_WEEKS:
        yield "weeks", _value(match, "n"), ()
    total = labelled_amount(alone) or (_sum_in(alone) if _WHOLE.search(rest) else None)
    yield "total", (total or 0.0) / 60, ()
    yield "meets", (meeting_minutes(line) or 0.0) / 60, ("taught", "")


def _either(match: re.Match[str]) -> float:
    """The minutes of a pattern that has its amount before or behind its cue."""
    name, unit = ("n", match["unit"]) if match["n"] else ("m", match["unit2"])
    return _in_minutes(_value(match, name), unit)
