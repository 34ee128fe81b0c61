"""The operators' page, `docs/runbook.md`: the sections of the runbook, each filled with what the installed
plugins say of themselves.

What stands here is the frame: headings, and how one section leads to the next. Causes, signatures, remedies,
actions and criteria are the plugins'; the flows are those that `triage` and `postmortem` walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from inspect import cleandoc

from dagogy.api.failures import Rank
from dagogy.api.recoveries import RecoveryAction
from dagogy.cli.commands.triage import FLOW
from dagogy.host.discovery import KINDS
from dagogy.host.manager import Host
from dagogy.host.plugin import Plugin
from dagogy.incidents import help as incident_help
from dagogy.incidents.history import CRITERIA
from dagogy.incidents.postmortem import FOR_A_DEFECT, FOR_OPERATIONS, STEPS
from dagogy.incidents.recovery import loop
from dagogy.pipeline.markdown import Markdown, table

#: A classifier of the original runbook says in the first words of its docstring which section it is.
_SECTION = re.compile(r"^Runbook (\d)([A-Z]?): *")
#: What an operator has on the screen: quoted words and code in "Recognised by".
_SHOWN = re.compile(r"\"([^\"]{3,})\"|`([^`]{3,})`")


def runbook_page(host: Host) -> str:
    """The page as Markdown."""
    classifiers = sorted(
        (p for p in host.load("classifier") if p.info.incidents and not p.info.tentative),
        key=lambda p: (*_place(host, p), p.id),
    )
    common = [p for p in classifiers if _place(host, p)[0] <= "3"]
    other = [p for p in classifiers if _place(host, p)[0] == "9"]
    stale = [p for p in classifiers if _place(host, p)[0] == "4"]
    lines = ["# Runbook", "", *_first(), *_index(host, classifiers), *_overview(host, classifiers)]
    lines += ["## 1. First triage", "", _help("triage"), "", *_triage_flow()]
    lines += ["## 2. Which failure is it", "", _help("diagnose"), "", *_classification(classifiers)]
    lines += ["## 3. Failures and how to recover", "", *_recovery()]
    for plugin in (*common, *other):
        lines += _class(host, plugin)
    lines += ["## 4. Stale artifacts", ""]
    for plugin in stale:
        lines += _class(host, plugin)
    lines += ["## 5. Escalation", "", *_escalation(classifiers)]
    lines += ["## 6. After the incident", "", *_afterwards()]
    lines += ["## 7. What each action does", "", *_actions(host)]
    lines += ["## 8. What each probe looks at", "", *_probes(host)] if "probe" in KINDS else []
    return "\n".join(lines).rstrip() + "\n"


def _place(host: Host, plugin: Plugin) -> tuple[str, str]:
    """Section and letter of the original runbook; classes that it does not have
    come after those that it has.
    """
    found = _SECTION.match(_docstring(host, plugin))
    return (found[1], found[2]) if found else ("9", "")


def _docstring(host: Host, plugin: Plugin) -> str:
    return cleandoc(host.implementation(plugin).__doc__ or "")


def _help(command: str) -> str:
    """What the command's own `--help` says."""
    return " ".join(cleandoc(import_module(f"dagogy.cli.commands.{command}").COMMANDS[command].help).split())


def _command(*lines: tuple[str, str]) -> list[str]:
    width = max(len(command) for command, _ in lines)
    return [
        "```sh",
        *(f"{command:<{width}}  # {why}" if why else command for command, why in lines),
        "```",
        "",
    ]


def _mermaid(kind: str, lines: Iterable[str]) -> list[str]:
    return ["```mermaid", f"flowchart {kind}", *(f"    {line}" for line in lines), "```", ""]


def _label(text: str) -> str:
    """A Mermaid label: quoted, so that brackets and colons are text."""
    return '"' + text.replace('"', "#quot;").replace("`", "") + '"'


def _first() -> list[str]:
    return [
        "Something failed. Begin here; `RUN` is the run's id, its slug, or `latest`.",
        "",
        *_command(
            ("dagogy triage RUN", "walk the run through its stages and see where it stops"),
            ("dagogy diagnose RUN", "which failure it was, and the lines that say so"),
            ("dagogy recover RUN --dry-run", "what could be done about it"),
            ("dagogy recover RUN", "do what is safe, and run the failed command again"),
            ("dagogy escalate RUN", "pack the evidence for somebody else"),
        ),
        (
            "No run, only a log? `dagogy diagnose - < log.txt`. Every failing command ends with a line "
            "`incident NAME: cause; next: COMMAND`: type that command, or look NAME up below. `dagogy "
            "explain NAME` shows the same offline. `python3.11 scripts/orchestration.py COMMAND` does what "
            "`dagogy COMMAND` does. What the exit status means: [error codes](reference/errors.md)."
        ),
        "",
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table of what our own docstrings say, which is Markdown."""
    return table(head, ([Markdown(cell) for cell in row] for row in rows))


def _index(host: Host, classifiers: Sequence[Plugin]) -> list[str]:
    """From what is on the screen to the incident."""
    rows: dict[str, list[str]] = {}
    for plugin in classifiers:
        for incident in plugin.info.incidents:
            recognised = incident_help.page(host, plugin, incident).parts["Recognised by"]
            for quoted, code in _SHOWN.findall(recognised):
                links = rows.setdefault(quoted or f"`{code}`", [])
                if f"[{incident}](#{incident})" not in links:
                    links.append(f"[{incident}](#{incident})")
    ordered = sorted(rows.items(), key=lambda row: row[0].strip("`").lower())
    return [
        "## Find your error text",
        "",
        *_table(("on the screen", "incident"), ((text, ", ".join(links)) for text, links in ordered)),
        "",
    ]


def _overview(host: Host, classifiers: Sequence[Plugin]) -> list[str]:
    rows = []
    for plugin in classifiers:
        for incident in plugin.info.incidents:
            page = incident_help.page(host, plugin, incident)
            rows.append(
                (
                    f"[{incident}](#{incident})",
                    page.summary,
                    page.parts["Retry"],
                    _helps(_actions_for(host, incident)),
                )
            )
    return [
        "## All incidents",
        "",
        *_table(("incident", "what it is", "run it again?", "`recover` helps"), rows),
        "",
    ]


def _helps(actions: Sequence[Plugin]) -> str:
    kinds = {p.info.safety for p in actions}
    ways = [
        word
        for kind, word in (
            ("safe", "by itself"),
            ("unsafe", "with `--unsafe`"),
            ("manual", "with commands to type"),
        )
        if kind in kinds
    ]
    return ", ".join(ways) or "no: by hand"


def _actions_for(host: Host, incident: str) -> list[Plugin]:
    return sorted(
        (p for p in host.load("recovery") if incident in p.info.incidents), key=lambda p: (p.info.order, p.id)
    )


def _triage_flow() -> list[str]:
    steps = [f"{name}[dagogy {name} RUN]" for name in FLOW]
    flow = [
        "failed[incident detected] --> "
        + " --> ".join(steps)
        + " --> resolved[stage and outputs are current]"
    ]
    flow += [f"{name} -- fails --> diagnose" for name in FLOW]
    flow += [
        (
            "diagnose[report, diagnosis and the next command are shown] --> mend[apply the fix: dagogy "
            "recover RUN, or by hand]"
        ),
        "mend --> validate",
    ]
    return [
        *_command(("dagogy triage RUN", "")),
        "By hand, one after the other:",
        "",
        *_command(*((f"dagogy {c} RUN", "") for c in FLOW)),
        *_mermaid("TD", flow),
    ]


def _classification(classifiers: Sequence[Plugin]) -> list[str]:
    flow = ["failed[command failed] --> signature{error signature}"]
    for number, plugin in enumerate(classifiers):
        flow.append(f"signature --> c{number}[{_label(plugin.info.summary)}]")
        flow += [f"c{number} --> {incident}[{incident}]" for incident in plugin.info.incidents]
    flow.append(
        "signature -- nothing, or two equally strong answers --> unknown[no action: dagogy escalate RUN]"
    )
    generic = " ".join(cleandoc(Rank.__doc__ or "").split("\n\n")[-1].split())
    ranks = ", ".join(rank.name.lower().replace("_", " ") for rank in Rank)
    return [
        *_command(
            ("dagogy diagnose RUN", "the run's last failure"),
            ("dagogy diagnose - --exit-code 1 < log.txt", "any text"),
        ),
        *_mermaid("LR", flow),
        f"The strongest evidence decides, in this order: {ranks}. {generic}",
        "",
    ]


def _recovery() -> list[str]:
    paragraphs = cleandoc(loop.__doc__ or "").split("\n\n")
    flow = [
        "failed[command failed] --> known{one incident?}",
        "known -- no --> escalate[dagogy escalate RUN]",
        "known -- yes --> action[next action: safe ones, unsafe ones only with consent]",
        "action --> again[the failed command again]",
        "again -- exit status 0 --> resolved[resolved]",
        "again -- another failure --> known",
        "action -- none left, or nothing changed --> manual[commands to type are shown] --> escalate",
    ]
    return [
        *(" ".join(p.split()) + "\n" for p in paragraphs),
        " ".join(cleandoc(RecoveryAction.__doc__ or "").split("\n\n")[-1].split())
        + " An `unsafe` one waits for `--unsafe` and says why.",
        "",
        *_mermaid("TD", flow),
    ]


def _class(host: Host, plugin: Plugin) -> list[str]:
    """The section of one classifier: a page for each of its incidents."""
    section, letter = _place(host, plugin)
    lines = (
        []
        if section == "4"
        else [f"### {letter + '. ' if letter else ''}{plugin.info.summary.rstrip('.')}", ""]
    )
    opening = " ".join(_SECTION.sub("", _docstring(host, plugin).split("\n\n")[0]).split())
    lines += [opening[:1].upper() + opening[1:], ""]
    for incident in plugin.info.incidents:
        lines += _incident(host, plugin, incident)
    return lines


def _incident(host: Host, plugin: Plugin, incident: str) -> Iterator[str]:
    yield from (f"#### {incident}", "")
    for name, text in incident_help.page(host, plugin, incident).parts.items():
        if text:
            yield from (f"**{name}.** {text}", "")
    actions = _actions_for(host, incident)
    kinds = {p.info.safety for p in actions}
    commands = [("dagogy recover RUN --dry-run", "what it would do")] if kinds else []
    done = (
        "the safe actions, then the failed command again"
        if "safe" in kinds
        else "the commands to type, filled in"
        if kinds
        else ""
    )
    commands.append(("dagogy recover RUN", done or "once it is fixed: the failed command again"))
    commands += [("dagogy recover RUN --unsafe", "the others as well")] if "unsafe" in kinds else []
    commands.append(("dagogy escalate RUN", "when that does not help"))
    yield from _command(*commands)
    if actions:
        rows = (
            (
                p.info.order,
                f"[{p.id}](#{p.id})",
                p.info.safety,
                p.info.summary + (f" Unsafe: {p.info.reason}." if p.info.reason else ""),
            )
            for p in actions
        )
        yield from (*_table(("order", "action", "safety", "what it does"), rows), "")


def _escalation(classifiers: Sequence[Plugin]) -> list[str]:
    criteria = [
        (e.summary, f"{e.times} times", ", ".join(f"[{i}](#{i})" for i in e.incidents))
        for p in classifiers
        for e in p.info.escalations
    ]
    criteria += [(text, "once", "") for text in CRITERIA]
    flow = [
        (
            "unresolved[not resolved after recover] --> bundle[dagogy escalate RUN] --> read[read report.md "
            "in it] --> file[send the bundle]"
        )
    ]
    return [
        "Escalate when one of these is met; `dagogy escalate` finds out by itself and says so in its report:",
        "",
        *_table(("criterion", "when it happened", "incidents"), criteria),
        "",
        *_command(("dagogy escalate RUN --note 'what you saw'", "")),
        _help("escalate"),
        "",
        *_mermaid("TD", flow),
    ]


def _afterwards() -> list[str]:
    flow = [
        "resolved[incident resolved] --> defect{code defect identified}",
        "defect -- yes --> test[" + _label(FOR_A_DEFECT) + "]",
    ]
    flow.append("defect -- no --> cause[" + _label(FOR_OPERATIONS) + "]")
    names = [f"s{i}" for i in range(len(STEPS))]
    flow += [f"{before} --> {names[0]}" for before in ("test", "cause")]
    flow.append(" --> ".join(f"{name}[{_label(step)}]" for name, step in zip(names, STEPS)))
    return [
        _help("postmortem"),
        "",
        *_command(
            ("dagogy postmortem RUN --owner NAME -o postmortem.md", "the report, with this list to tick off"),
            (
                "dagogy postmortem RUN --regression-test tests",
                "for a code defect: a test that fails until it is fixed",
            ),
        ),
        *_mermaid("TD", flow),
    ]


def _actions(host: Host) -> Iterator[str]:
    for plugin in host.load("recovery"):
        info = plugin.info
        why = f": {info.reason}" if info.reason else ""
        yield from (
            f"### {plugin.id}",
            "",
            f"*{info.safety}{why}*; for {', '.join(f'[{i}](#{i})' for i in info.incidents)}.",
            "",
        )
        yield from (_docstring(host, plugin) or info.summary, "")


def _probes(host: Host) -> Iterator[str]:
    for plugin in host.load("probe"):
        incidents = ", ".join(f"[{i}](#{i})" for i in getattr(plugin.info, "incidents", ()))
        yield from (
            f"### {plugin.id}",
            "",
            plugin.info.summary + (f" For {incidents}." if incidents else ""),
            "",
        )
        yield from (_docstring(host, plugin), "")
