"""Every kind of torture, by name."""

from __future__ import annotations

from torture.inputs import artifacts, lines, scopes
from torture.kills import KillPoints, KillTimes
from torture.kinds import Kind, Simple

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        KillPoints(),
        KillTimes(),
        Simple("artifacts", "files of a run damaged, replaced by links, pipes and folders; then several commands", 4, artifacts),
        Simple("scopes", "damaged documents through 'run'", 2, scopes),
        Simple("lines", "hostile command lines and environments", 3, lines),
    )
}
