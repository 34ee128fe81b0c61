"""Who wrote a record of a command: this user on this machine, or somebody else.

What stands in a run folder may come from a stranger: out of an archive, a checkout, another user's hands. A record whose command may be run
again bears a seal, a MAC over all of it, made with a key that no project holds (`workspace.state`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagogy.api.errors import StorageError
from dagogy.workspace.events import read_events, utc_now
from dagogy.workspace.state import user_key

#: The key under which a record has its seal: `at_utc`, `uid`, `host` and `mac`.
SEAL = "seal"
_EVENTS = "logs/events.jsonl"
_TIME = re.compile(r"[0-9TZ:.-]{1,40}")


def sealed(facts: Mapping[str, Any], run: Path, environ: Mapping[str, str], at_utc: str = "") -> dict[str, Any]:
    """`facts` (JSON values) about a command on the run, with a seal. Without one where this user has no key; then nobody runs it again.

    `at_utc`: when the command was started, where that was earlier than now.
    """
    plain = {k: v for k, v in facts.items() if k != SEAL}
    seal = {"at_utc": at_utc or utc_now(), "uid": os.geteuid(), "host": os.uname().nodename}
    try:
        seal["mac"] = _mac(user_key(environ), plain, seal, run)
    except (StorageError, ValueError):
        return plain
    return {**plain, SEAL: seal}


def foreign(facts: Mapping[str, Any], run: Path, environ: Mapping[str, str]) -> str:
    """Why a record, or the facts of an event, cannot be relied on to be this user's own; "" when they can."""
    try:
        restored = _restored(run)
    except StorageError as error:
        return f"nothing shows who ran it: {error.message}"
    seal = facts.get(SEAL)
    if isinstance(seal, dict) and isinstance(seal.get("mac"), str) and isinstance(seal.get("at_utc"), str):
        if seal.get("host") != os.uname().nodename:
            return f"it was run on another machine, {str(seal.get('host'))!r}"
        if seal.get("uid") != os.geteuid():
            return f"it was run by another user, number {str(seal.get('uid'))!r}"
        mac, own = seal["mac"], {k: v for k, v in facts.items() if k != SEAL}
    else:
        seal, mac, own = {}, "", {}
    try:
        wanted = _mac(user_key(environ), own, seal, run)
    except StorageError as error:
        return f"nothing shows who ran it: {error.message}"
    except ValueError:
        wanted = ""
    if restored and (not seal or seal["at_utc"] <= restored):
        return f"it came in with the archive that the run was restored from on {restored}"
    if not seal:
        return "nothing shows that you ran it on this machine"
    ours = bool(wanted) and hmac.compare_digest(wanted.encode(), mac.encode(errors="replace"))
    return "" if ours else "its record was changed, or comes from another run or another user"


def recovery_account(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """On whose account the command runs, as the recovery that started it put it into the environment; None where it is no JSON object."""
    try:
        told = json.loads(environ.get("DAGOGY_RECOVERY", ""))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _mac(key: bytes, facts: Mapping[str, Any], seal: Mapping[str, Any], run: Path) -> str:
    about = {"run": os.path.realpath(run), "facts": dict(facts), **{k: seal.get(k) for k in ("at_utc", "uid", "host")}}
    return hmac.new(key, b"dagogy record 1\0" + json.dumps(about, sort_keys=True, default=str).encode(), hashlib.sha256).hexdigest()


def _restored(run: Path) -> str:
    """When the run was unpacked from an archive the last time; "" when it never was. Raises `StorageError`."""
    times = [str(e.get("at_utc")) for e in read_events(run / _EVENTS) if e["event"] == "restored"]
    return max((time if _TIME.fullmatch(time) else "9999" for time in times), default="")
