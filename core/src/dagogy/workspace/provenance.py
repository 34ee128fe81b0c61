"""Who wrote a record of a command: this user on this machine, or somebody else.

What stands in a run folder may come from a stranger: out of an archive, a checkout, another user's hands. A
record whose command may be run again bears a seal, a MAC over all of it, made with a key that no project
holds (`workspace.state`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dagogy.api.errors import StorageError
from dagogy.workspace.events import append_event, read_events, utc_now
from dagogy.workspace.state import user_key

#: The key under which a record has its seal: `at_utc`, `uid`, `host` and `mac`.
SEAL = "seal"
#: The event of a run that was unpacked from an archive.
RESTORED = "restored"
#: The event of a run that this user made here.
MADE = "made_here"
_EVENTS = "logs/events.jsonl"
#: What the log adds to the facts of an event, and under which key the seal covers its name.
_OF_LOG = frozenset({"at_utc", "event"})
_NAME = "sealed_event"
_TIME = re.compile(r"[0-9TZ:.-]{1,40}")


def sealed(
    facts: Mapping[str, Any], run: Path | None, environ: Mapping[str, str], at_utc: str = ""
) -> dict[str, Any]:
    """`facts` (JSON values) about a command on the run, with a seal. Without one where this user has no key;
    then nobody runs it again.

    `at_utc`: when the command was started, where that was earlier than now.
    """
    plain = {k: v for k, v in facts.items() if k != SEAL}
    seal = {"at_utc": at_utc or utc_now(), "uid": os.geteuid(), "host": os.uname().nodename}
    try:
        seal["mac"] = _mac(user_key(environ), plain, seal, run)
    except (StorageError, ValueError, RecursionError):
        return plain
    return {**plain, SEAL: seal}


def sealed_event(
    event: str, facts: Mapping[str, Any], run: Path | None, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The facts of an event that decides whether a failure still stands, with a seal
    over its name and over them.

    `run` is None for one that is written before the run has its folder.
    """
    return {k: v for k, v in sealed({**facts, _NAME: event}, run, environ).items() if k != _NAME}


def sealed_at(event: Mapping[str, Any], run: Path | None, environ: Mapping[str, str]) -> str:
    """When this user wrote the event, by its seal; "" where nothing shows that they did.
    Anybody can write into a log.
    """
    facts = {k: v for k, v in event.items() if k not in _OF_LOG} | {_NAME: event.get("event")}
    seal = facts.get(SEAL)
    try:
        return str(seal["at_utc"]) if isinstance(seal, dict) and _verified(facts, run, environ) else ""
    except StorageError:
        return ""


def foreign(facts: Mapping[str, Any], run: Path, environ: Mapping[str, str]) -> str:
    """Why a record, or the facts of an event, cannot be relied on to be this user's own; "" when they can."""
    return objection(facts, run, environ)[0]


def objection(facts: Mapping[str, Any], run: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Why a record, or the facts of an event, cannot be relied on to be this user's own, and the way out; two
    empty texts when they can.

    The seal alone decides: its key is this user's on this machine. What else is in it says
    in words why it is not valid.
    """
    again = "if you know that command, run it again yourself"
    try:
        ours = _verified(facts, run, environ)
        restored = _restored(run, environ, own=ours)
    except StorageError as error:
        return f"nothing shows who ran it: {error.message}", error.hint
    seal = facts.get(SEAL)
    at, host, uid = (
        (seal.get("at_utc"), seal.get("host"), seal.get("uid")) if isinstance(seal, dict) else ("", "", None)
    )
    if restored and (not ours or str(at) <= restored):
        return f"it came in with the archive that the run was restored from on {restored}", ""
    if ours:
        return "", ""
    if not isinstance(seal, dict) or not isinstance(seal.get("mac"), str):
        return "nothing shows that you ran it on this machine", again
    if host != os.uname().nodename:
        return f"it was run on another machine, {str(host)!r}", again
    if uid != os.geteuid():
        return f"it was run by another user, number {str(uid)!r}", again
    return (
        "its record was changed, or comes from another run or another user, or the run was moved or copied",
        again,
    )


def mark_made(run: Path, environ: Mapping[str, str]) -> None:
    """Seals that this user made the run. Raises `StorageError`."""
    append_event(run / _EVENTS, MADE, **sealed({"what": MADE}, run, environ))


def is_made_here(run: Path, environ: Mapping[str, str]) -> bool:
    """Whether this user made the run with `dagogy init`, here: a folder, not a symlink to one."""
    return not run.is_symlink() and bool(own_events(run, (MADE,), environ))


def own_events(run: Path, names: Collection[str], environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """The events of those names, in the log of the run, which this user sealed as their `what`; none where
    the log cannot be read.
    """
    try:
        events = [e for e in read_events(run / _EVENTS) if e["event"] in names and SEAL in e]
    except StorageError:
        return []
    facts = [{k: v for k, v in e.items() if k not in _OF_LOG} for e in events]
    return [
        e
        for e, own in zip(events, facts, strict=True)
        if own.get("what") == e["event"] and not foreign(own, run, environ)
    ]


def recovery_account(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """On whose account the command runs, as the recovery that started it put it into the environment; None
    where it is no JSON object.
    """
    try:
        account = json.loads(environ.get("DAGOGY_RECOVERY", ""))
    except (ValueError, RecursionError):
        return None
    return account if isinstance(account, dict) else None


def _verified(facts: Mapping[str, Any], run: Path | None, environ: Mapping[str, str]) -> bool:
    """Whether the facts bear a valid seal. Raises `StorageError` where this user has no key."""
    key = user_key(environ)
    seal = facts.get(SEAL)
    if (
        not isinstance(seal, dict)
        or not isinstance(seal.get("mac"), str)
        or not isinstance(seal.get("at_utc"), str)
    ):
        return False
    try:
        wanted = _mac(key, {k: v for k, v in facts.items() if k != SEAL}, seal, run)
    except (ValueError, RecursionError):
        return False
    return hmac.compare_digest(wanted.encode(), seal["mac"].encode(errors="replace"))


def _mac(key: bytes, facts: Mapping[str, Any], seal: Mapping[str, Any], run: Path | None) -> str:
    place = "" if run is None else os.path.realpath(run)
    about = {"run": place, "facts": dict(facts), **{k: seal.get(k) for k in ("at_utc", "uid", "host")}}
    return hmac.new(
        key, b"dagogy record 1\0" + json.dumps(about, sort_keys=True, default=str).encode(), hashlib.sha256
    ).hexdigest()


def _restored(run: Path, environ: Mapping[str, str], *, own: bool) -> str:
    """When the run was unpacked from an archive the last time; "" when it never was. Raises `StorageError`.

    `own`: for a record of this user, which only an event that this user sealed can bar. For any other it only
    says in words what is known.
    """
    found = [e for e in read_events(run / _EVENTS) if e["event"] == RESTORED]
    times = [sealed_at(e, None, environ) if own else str(e.get("at_utc")) for e in found]
    return max((time for time in times if _TIME.fullmatch(time)), default="")
