"""Which recorded command lines `recover` runs again by itself, and which need consent: a closed list of
commands and their options.

A record says what was typed once. To run it again without being asked may do nothing but go on with that very
run: no other file is written, nothing is removed, and no provider or program is named. Whatever is not in
this list, such as a command or an option of a plugin, needs `--unsafe`.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dagogy.cli.app import COMMANDS, App
from dagogy.cli.group import LazyGroup, cli
from dagogy.incidents.recovery.incident import Incident

#: Carried out again by itself; and so where its value is a file to read, from the folder in
#: which the command was typed.
SAFE, FILE = "safe", "file"
_HEALING = "it recovers by itself"
_NO_RUN = "it does not go on with the run"

#: Of each command its arguments and options, by click's name for them: `SAFE`, `FILE`, or why they need
#: consent. Or why the command itself does.
REPLAYS: Mapping[str, Mapping[str, str] | str] = {
    "init": "it makes another run",
    "run": {
        "reference": SAFE,
        "scope_files": FILE,
        "scope_format": SAFE,
        "scope_mode": SAFE,
        "sections": SAFE,
        "concepts_from": SAFE,
        "only": SAFE,
        "skip": SAFE,
        "provider": "it names a provider",
        "model": "it names a model",
        "max_iterations": SAFE,
        "target_score": SAFE,
        "no_cache": SAFE,
        "show_prompt": SAFE,
        "self_heal": _HEALING,
        "unsafe": _HEALING,
        "heal_attempts": _HEALING,
        "heal_seconds": _HEALING,
        "heal_calls": _HEALING,
        "wait_seconds": SAFE,
    },
    "read": _NO_RUN,
    "check": _NO_RUN,
    "status": {"reference": SAFE},
    "next": {"reference": SAFE},
    "validate": {
        "reference": SAFE,
        "format_id": SAFE,
        "fix": SAFE,
        "unsafe_fixes": "it changes what the curriculum means",
        "show_diff": SAFE,
        "wait_seconds": SAFE,
    },
    "plan": {"reference": SAFE, "learner": SAFE, "wait_seconds": SAFE},
    "iterate": {"reference": SAFE, "wait_seconds": SAFE},
    "diff": {"reference": SAFE},
    "show": {"reference": SAFE, "node": SAFE},
    "gaps": {"reference": SAFE},
    "known": {
        "reference": SAFE,
        "nodes": SAFE,
        "learner": SAFE,
        "forget": "it takes back what was known",
        "wait_seconds": SAFE,
    },
    "ready": {"reference": SAFE, "learner": SAFE},
    "path": {"reference": SAFE, "node": SAFE, "learner": SAFE},
    "edit": "it takes over a file that may have changed since, or opens an editor",
    "fill": {
        "reference": SAFE,
        "only": SAFE,
        "dry_run": SAFE,
        "provider": "it names a provider",
        "model": "it names a model",
        "no_cache": SAFE,
        "wait_seconds": SAFE,
    },
    "calls": {"reference": SAFE},
    "why": {"reference": SAFE, "node": SAFE, "prerequisite": SAFE},
    "list": _NO_RUN,
    "archive": "it writes outside the run, and may remove the run",
    "export": {"reference": SAFE, "format_id": SAFE, "given": SAFE, "output": "it writes outside the run"},
    "diagnose": _NO_RUN,
    "recover": _HEALING,
    "triage": _HEALING,
    "escalate": "it writes outside the run",
    "postmortem": "it writes outside the run",
    "incidents": _NO_RUN,
    "explain": _NO_RUN,
    "schema": _NO_RUN,
    "plugins": _NO_RUN,
    "trust": "it makes a configuration file count",
    "config": _NO_RUN,
    "doctor": "it starts the provider's program, or asks its service",
}
#: What every command takes.
COMMON: Mapping[str, str] = {"json": SAFE, "debug": SAFE, "no_third_party": SAFE}


def reviewed(app: App, incident: Incident, run_id: str) -> Incident:
    """A recorded incident of the run with what keeps its command from being run again: `barred`, or the
    consent that it needs.

    The folder is the caller's: where the command names files that count from another one, it is barred, and
    the way there is told.
    """
    if incident.barred:
        return incident
    consent, files, about = _reviewed(incident.command, app)
    if not consent and about != run_id:
        return replace(
            incident,
            barred=f"it names another run, or a secret that was not recorded, in the place of {run_id}",
        )
    folder, here = incident.failure.folder, app.settings.folder
    relative = [name for name in files if not os.path.isabs(os.path.expanduser(name))]
    if relative and folder and os.path.realpath(folder) != os.path.realpath(here):
        gone = "" if os.path.isdir(folder) else ", which is gone"
        barred = f"it names '{relative[0]}', which counts from the folder in which it was run{gone}: {folder}"
        return replace(incident, barred=barred, way_out="" if gone else _from(Path(folder), app, run_id))
    return replace(incident, consent=consent)


def replayable(words: Sequence[str], run_id: str) -> tuple[str, list[str]]:
    """Why the command line (without `dagogy`) may do more than go on with the run, "" where it does not; and
    the files that it reads.
    """
    consent, files, about = _reviewed(words, App(list(words)))
    return consent or ("" if about == run_id else f"it names another run than {run_id}"), files


def takes_provider(words: Sequence[str]) -> bool:
    """Whether the command line is one of a command that asks a provider."""
    try:
        known = REPLAYS.get(_parsed(words, App(list(words)))[0])
    except (click.UsageError, ValueError):
        return False
    return isinstance(known, Mapping) and "provider" in known


def with_run(words: Sequence[str], app: App, run_id: str, file: str) -> list[str]:
    """The command line of `dagogy run FILE` (without `dagogy`), with the run that it came to and the file as
    an option: what can be run again, and what the run's log has."""
    command = list(words).index("run")
    for at in (i for i, word in enumerate(words) if word == file and i > command):
        named = [*words[:at], run_id, *words[at + 1 :]]
        with contextlib.suppress(click.UsageError, ValueError):
            if any(p.name == "reference" and value == run_id for p, value in _parsed(named, app)[1]):
                return [*named[: command + 1], "--scope-file", file, *named[command + 1 :]]
    return list(words)


def _from(folder: Path, app: App, run_id: str) -> str:
    """The recovery as it is typed in `folder`."""
    runs = app.settings.runs_dir.absolute()
    settings = "" if runs == folder / "runs" else f"ORCHESTRATION_BASE_DIR={shlex.quote(str(runs))} "
    return f"cd {shlex.quote(str(folder))} && {settings}dagogy recover {run_id}"


def _reviewed(words: Sequence[str], app: App) -> tuple[str, list[str], str]:
    """Why the command line (without `dagogy`) needs consent, "" where it does not; the files that it names;
    the run that it names.
    """
    try:
        name, given = _parsed(words, app)
    except (click.UsageError, ValueError):
        return "it is not a built-in dagogy command", [], ""
    known = REPLAYS.get(name, _NO_RUN)
    if isinstance(known, str):
        return known, [], ""
    kinds = [
        (option, {**COMMON, **known}.get(option.name or "", "it is not known to be harmless"), value)
        for option, value in given
    ]
    reasons = [
        f"{max(option.opts, key=len)}: {kind}" for option, kind, _ in kinds if kind not in (SAFE, FILE)
    ]
    files = [str(one) for _, kind, value in kinds if kind == FILE for one in _each(value)]
    if "-" in files:
        reasons.append("it reads standard input, which is gone")
    return (
        "; ".join(reasons),
        files,
        next((str(value) for option, _, value in kinds if option.name == "reference"), ""),
    )


def _each(value: Any) -> Sequence[Any]:
    """The values of an option, which may be given several times."""
    return () if value is None else value if isinstance(value, list | tuple) else (value,)


def _parsed(words: Sequence[str], app: App) -> tuple[str, list[tuple[click.Parameter, Any]]]:
    """The command's name, and what it was given. Nothing is converted, and no callback is called. Raises
    `UsageError` or `ValueError`.
    """
    top = click.Context(cli, info_name="dagogy", obj=app)
    options, rest, order = cli.make_parser(top).parse_args(list(words))
    given = [(p, options.get(p.name or "")) for p in order]
    if not rest or rest[0] not in COMMANDS:
        raise ValueError("no command")
    assert isinstance(cli, LazyGroup)
    command = cli.get_command(top, rest[0])
    assert command is not None
    context = click.Context(command, info_name=rest[0], parent=top)
    options, left, order = command.make_parser(context).parse_args(list(rest[1:]))
    if left and not isinstance(command, click.Group):
        raise ValueError("too many words")
    return rest[0], [*given, *((p, options.get(p.name or "")) for p in order)]
