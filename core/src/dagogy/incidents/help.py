"""The incident pages: what classifiers say of their incidents in their docstrings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from dagogy.api._clues import own_failure
from dagogy.api.errors import PluginError
from dagogy.api.incidents import Failure
from dagogy.api.remedies import Advice
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin

if TYPE_CHECKING:
    from dagogy.incidents.diagnose import ClassifierAnswer

#: Characters at the beginning of a text in which a failure of ours says that it is one.
_READ = 20_000
#: The parts of a page, in order.
PARTS = ("What", "Recognised by", "What to do", "Retry")


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one incident. A part that the docstring lacks is empty."""

    incident_id: str
    plugin: Plugin
    parts: dict[str, str]

    @property
    def summary(self) -> str:
        """The first sentence of what it is."""
        return re.split(r"(?<=[.:;]) ", self.parts["What"] or self.plugin.info.summary, maxsplit=1)[0].rstrip(
            ":;"
        )

    @property
    def next_step(self) -> str:
        return self.parts["What to do"]

    def next_step_of(self, run_id: str) -> str:
        """The same with the run filled into its commands, where one is known."""
        return re.sub(r"\bRUN\b", run_id, self.next_step) if run_id else self.next_step

    def text(self) -> str:
        return "\n".join(f"{name}: {text}" for name, text in self.parts.items() if text)

    def as_dict(self) -> dict[str, Any]:
        keys = {name: name.lower().replace(" ", "_") for name in PARTS}
        return {
            "id": self.incident_id,
            "kind": "incident",
            "classifier": self.plugin.id,
            **{keys[n]: text for n, text in self.parts.items()},
        }


def incidents(host: Host) -> dict[str, Plugin]:
    """Every incident that an installed classifier can answer with, and the first classifier that does: one
    that guesses only where there is no other.
    """
    known: dict[str, Plugin] = {}
    for plugin in sorted(host.load("classifier"), key=_guesses):
        if plugin.state == "ready":
            for incident in plugin.info.incidents:
                known.setdefault(incident, plugin)
    return known


def _guesses(plugin: Plugin) -> bool:
    return bool(getattr(plugin.info, "tentative", False))


def page(host: Host, plugin: Plugin, incident_id: str) -> Page:
    """The page of an incident, out of its classifier's docstring; what one that guesses names, another
    describes.
    """
    if _guesses(plugin):
        plugin = incidents(host).get(incident_id, plugin)
    try:
        docstring = cleandoc(host.implementation(plugin).__doc__ or "")
    except PluginError:
        docstring = ""
    return Page(incident_id, plugin, _parts(_section(docstring, incident_id)))


def advice(host: Host, answer: ClassifierAnswer, failure: Failure, *, general: bool = False) -> Advice | None:
    """What helps against this very failure, by the classifier that knows the incident; None where it has no
    remedy for it, or fails. The general remedies are for programs of others: for a failure of ours there is
    the page, unless they are wanted as well.
    """
    plugin = answer.plugin
    if _guesses(plugin):
        plugin = incidents(host).get(answer.diagnosis.incident_id, plugin)
    try:
        kind = host.implementation(plugin)
        found = plugin.call(lambda: kind(plugin.info).advice(failure, answer.diagnosis), typed=False)
    except PluginError:
        return None
    return (
        found if isinstance(found, Advice) and (found.specific or general or not is_ours(failure)) else None
    )


def is_ours(failure: Failure) -> bool:
    """Whether a command of ours failed: by its record, or by what its text begins a line with."""
    return bool(failure.code or failure.run_id) or any(
        own_failure(line)[0] for line in failure.text[:_READ].splitlines()
    )


def _section(docstring: str, incident_id: str) -> str:
    """What is indented below the line `incident_id:`."""
    found = re.search(rf"^{re.escape(incident_id)}:\n((?:[ \t]+.*\n?|\n)*)", docstring + "\n", re.MULTILINE)
    return cleandoc(found[1]) if found else ""


def _parts(section: str) -> dict[str, str]:
    names = "|".join(PARTS)
    pieces = re.split(rf"^({names}): ", section, flags=re.MULTILINE)
    parts = {name: " ".join(text.split()) for name, text in zip(pieces[1::2], pieces[2::2])}
    return {name: parts.get(name, "") for name in PARTS}
