"""Every kind of torture, by name."""

from __future__ import annotations

from torture.archives import archives
from torture.inputs import artifacts, lines, scopes
from torture.kills import KillPoints, KillTimes
from torture.kinds import Kind, Simple
from torture.places import crowd, disks
from torture.planted import controls
from torture.planted_secrets import secrets
from torture.strangers import orders

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        KillPoints(),
        KillTimes(),
        Simple(
            "artifacts",
            "files of a run damaged, replaced by links, pipes and folders; then several commands",
            4,
            artifacts,
        ),
        Simple("scopes", "damaged documents through 'run'", 2, scopes),
        Simple("lines", "hostile command lines and environments", 3, lines),
        Simple("crowd", "64 processes at once, on one run and on one runs dir", 0.02, crowd),
        Simple("disks", "a full disk, a limit on files, a read-only disk, a read-only home", 0.2, disks),
        Simple("archives", "hostile archives through 'init --from'", 0.4, archives),
        Simple(
            "orders",
            "restored runs and configuration files that would start, write, remove or send",
            0.5,
            orders,
        ),
        Simple(
            "controls",
            "planted control characters and CI commands: documents, artifacts, records, answers, typed words",
            0.6,
            controls,
        ),
        Simple(
            "secrets",
            "planted secrets: of the environment and by shape; in answers, logs, records, typed words",
            0.6,
            secrets,
        ),
    )
}
