"""Remedies: what helps against one cause of an incident, filled with what the evidence names.

The page of an incident says what to do in general, in a run of dagogy. A remedy is narrower, and holds for
whichever program failed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

__all__ = ["Advice", "Remedy"]

#: Characters at the end of a text in which remedies look for what they are about.
_READ = 4_000

#: `${name}` is a shell's, `%{name}` curl's.
_PLACEHOLDER = re.compile(r"(?<![$%])\{(\w+)\}")
#: What is longer is no name.
_LONGEST = 200
_ADDRESS = re.compile(r"\b\w{1,20}://\S{0,400}")
#: What is quoted and has a folder or an extension, or stands by itself and has a folder.
_PATH = re.compile(
    r"['\"](?P<quoted>[^'\"\n]{0,150}?(?:[\\/][^'\"\n]{1,150}|\.\w{1,5}))['\"]"
    r"|(?<![\w./~<>-])(?P<bare>(?:~|\.{1,2})?/?(?:[\w.@+-]{1,80}/){1,20}[\w.@+-]{1,80})"
)
_FACTS = {
    "host": re.compile(
        r"\b(?:https?|wss?|socks5h?)://(?:[^\s/@'\"]{1,200}@)?(?P<a>[\w.-]{1,100})"
        r"|\b(?:ENOTFOUND|EAI_AGAIN|resolve (?:host|proxy):|host=)\s?['\"]?(?P<b>[\w.-]{1,100})"
        r"|\bhostname '(?P<c>[\w.-]{1,100})'|\bfor '(?P<d>[\w-]{1,60}(?:\.[\w-]{1,60}){1,5})'"
    ),
    "model": re.compile(
        r"\b(?:[Mm]odel|deployment|engine)s?(?: name| id)?[ :=]{1,3}\\{0,2}[`'\"]"
        r"(?P<a>[\w./:@-]{1,100})\\{0,2}[`'\"]"
        r"|\bmodel=(?P<b>[\w./:@-]{1,100})|[`'\"](?P<c>[\w./:@-]{1,100})[`'\"] is not a valid model"
    ),
    "variable": re.compile(r"\b(?P<a>[A-Z][A-Z0-9]{0,40}_(?:[A-Z0-9]{1,40}_){0,4}(?:KEY|TOKEN))\b"),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """A remedy for one failure: its cause in a few words, what to do, the commands as one types them, and
    what keeps it from coming again. `specific`: it was chosen by what the evidence says.
    """

    cause: str
    steps: str
    commands: Sequence[str] = ()
    prevention: str = ""
    specific: bool = False

    def as_dict(self) -> dict[str, object]:
        return {
            "cause": self.cause,
            "steps": self.steps,
            "commands": list(self.commands),
            "prevention": self.prevention,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What helps against one cause of an incident.

    `when`: a pattern for what the evidence says, whatever the case; "" for any. All texts but `incident` may
    have `{name}` where a group of `when` has that name (`name_` in another branch), and `{path}`, `{host}`,
    `{model}` or `{variable}`, for what the evidence names; in commands they are quoted for a shell. A remedy
    whose names the evidence does not fill is passed over. The table has the narrower ones first.
    """

    incident: str
    cause: str
    steps: str
    when: str = ""
    commands: tuple[str, ...] = ()
    prevention: str = ""
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        texts = (self.cause, self.steps, self.prevention, *self.commands)
        object.__setattr__(self, "names", frozenset(n for t in texts for n in _PLACEHOLDER.findall(t)))

    def advice(self, evidence: str, text: str) -> Advice | None:
        """The remedy for a failure, None where it is none. What the deciding lines name goes before what
        stands elsewhere in the text.
        """
        found = _compiled(self.when).search(evidence) or _compiled(self.when).search(text)
        if found is None:
            return None
        known = {name.rstrip("_"): value for name, value in found.groupdict().items() if value}
        for name in self.names - set(known):
            value = fact(name, evidence) or fact(name, text)
            if not value:
                return None
            known[name] = value
        if any(len(value) > _LONGEST for value in known.values()):
            return None
        return Advice(
            _filled(self.cause, known),
            _filled(self.steps, known),
            tuple(_filled(c, {n: shlex.quote(v) for n, v in known.items()}) for c in self.commands),
            _filled(self.prevention, known),
            specific=bool(self.when),
        )


def first_advice(remedies: Iterable[Remedy], incident: str, evidence: str, text: str) -> Advice | None:
    """What the first remedy of an incident that fits says; None where none does."""
    fitting = (r.advice(evidence, text[-_READ:]) for r in remedies if r.incident == incident)
    return next((advice for advice in fitting if advice is not None), None)


def fact(name: str, text: str) -> str:
    """What `text` names as its path, host, model or variable; "" where it names none."""
    if name == "path":
        paths = list(_PATH.finditer(_ADDRESS.sub(" ", text)))
        return (paths[-1]["quoted"] or paths[-1]["bare"]) if paths else ""
    match = _FACTS[name].search(text) if name in _FACTS else None
    return next((group for group in match.groups() if group), "") if match is not None else ""


def _filled(template: str, known: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda m: known.get(m[1], m[0]), template)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
