"""Every kind of torture, by name."""

from __future__ import annotations

from torture.kills import KillPoints, KillTimes
from torture.kinds import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (KillPoints(), KillTimes())}
