"""The classifier of the workspace's files."""

from __future__ import annotations

from dagogy.api.failures import Signature, SignatureClassifier

from dagogy_incident_workspace.remedies import REMEDIES

_MISSING, _CORRUPT, _LOCKED, _FULL, _DENIED = (
    "artifact_missing",
    "artifact_corrupt",
    "workspace_locked",
    "disk_full",
    "permission_denied",
)
_FILE_ERROR = r"(?:\w+\.)*(?:FileNotFoundError|NotADirectoryError|OSError)"
_PARSING = (
    r"(?:\w+\.)*(?:JSONDecodeError|UnicodeDecodeError|UnicodeError|YAMLError"
    r"|ScannerError|ParserError|TOMLDecodeError|DecodeError|ValidationError)"
)
#: A file of ours by its name, where it is not the run's metadata.
_ARTIFACT = (
    r"^(?!.*\brun\.json).*(?:(?:^|[/\\\s'\"])(?:runs|inputs|outputs|logs"
    r"|curriculum|reviews|plan)[/\\]|\.(?:jsonl?|md|toml|ya?ml|txt|ok)\b)"
)
#: Programs and the system's own folders are no artifacts.
_NOT_OURS = (
    r"['\"/](?:codex[\w-]*|node|npx|git|python[\d.]*|bash|sh|uv|docker|make)['\"]|'/(?:etc|proc|sys|dev|lib|usr|opt|bin|sbin"
    r"|var/lib|var/run)/|\borchestration\.py\b|config\.toml"
)


#: Locks of repositories and package managers.
_OTHERS_LOCK = r"index\.lock|[\\/]\.git[\\/]|dpkg|apt"
#: What package managers call the list of what they installed.
_LOCK_FILE = r"(?:package-lock\.json|(?:yarn|uv|poetry|pdm|Cargo|composer|Gemfile)\.lock)\b"
#: Tools that work on any file.
_TOOL = r"(?:ch(?:mod|own|grp)|mkdir|rmdir|touch|cp|mv|rm|ln|tee|install|mktemp|dd|tar|cat|ls|sed|truncate)"
_FORBIDDEN = r"(?:Permission denied|Read-only file system|Operation not permitted)"


class Workspace(SignatureClassifier):
    """A file or folder that the command needs is missing, damaged, taken, or out of reach.

    artifact_missing:
        What: The run, one of its files, an input, a schema or the folder itself is not where it was looked
        for: a wrong run id, moved, archived.
        Recognised by: Our own code `not_found`; "No such file or directory", `ENOENT`, `FileNotFoundError`
        about a file of the workspace.
        What to do: Look at `dagogy list` for the run's id and into the archives; put the input back. Reports
        can be made again with `dagogy validate RUN`.
        Retry: Only after the file is there.

    artifact_corrupt:
        What: A file of the workspace cannot be parsed: a byte order mark, another encoding,
        conflict marks, half a document.
        Recognised by: `JSONDecodeError`, `UnicodeDecodeError`, `TOMLDecodeError`, "Unexpected UTF-8 BOM",
        conflict marks, where the file is one of the workspace other than the run's metadata.
        What to do: Keep a copy; fix an input by hand (save it as UTF-8, take out the marks); make a derived
        artifact again from its inputs. Never put an empty document in its place.
        Retry: Only after the file is fixed.

    workspace_locked:
        What: Another process is at work on the run, or holds one of its files.
        Recognised by: Our own code `locked`; `EAGAIN` and `BlockingIOError` on a lock; "being used by another
        process" (`WinError 32`); "database is locked"; "could not be acquired".
        What to do: Wait for the other command or add `--wait 60`; look whether the process that holds it is
        alive before anything is broken open.
        Retry: Yes, after a short pause.

    disk_full:
        What: The disk, its quota or its inodes are used up; the temporary folder counts too.
        Recognised by: `ENOSPC`, "No space left on device"; `EDQUOT`, "Disk quota exceeded"; "database or disk
        is full"; "not enough space on the disk".
        What to do: See `df -h` and `df -i` for the runs dir and `TMPDIR`; archive and remove old runs, or
        point `ORCHESTRATION_BASE_DIR` to another disk.
        Retry: Only after there is space.

    permission_denied:
        What: The file belongs to another user, is write-protected, or lies on a read-only disk.
        Recognised by: `EACCES`, `PermissionError`, "Permission denied"; `EPERM`, "Operation not permitted";
        `EROFS`, "Read-only file system"; Windows' "Access is denied".
        What to do: See the owner of the file that the message names with `ls -ld FILE`, and have it given
        back: `sudo chown "$(id -un)" FILE`; or mount the disk for writing. Not `chmod 777`.
        Retry: Only after the owner, the mode or the mount is changed.
    """

    remedies = REMEDIES
    signatures = (
        # Missing.
        Signature(incident=_MISSING, typed="invalid_argument", message=r"^--[a-z-]+-file .* does not exist"),
        Signature(
            incident=_MISSING,
            typed="not_found",
            unless=r"\b(?:plugin|provider|rule|exporter|command|classifier|node)\b",
        ),
        Signature(
            incident=_MISSING,
            errno="ENOENT ENOTDIR",
            exception=_FILE_ERROR,
            path=r"[/\\]|\.(?:jsonl?|md|toml|ya?ml|txt|csv|tar\.gz)$",
            unless=_NOT_OURS,
        ),
        Signature(
            incident=_MISSING,
            errno="ENOENT",
            message=r"^(?:Error: )?Failed to (?:read|open) (?:output schema|last message|image|prompt|input)",
        ),
        Signature(incident=_MISSING, errno="ENOENT", path=_ARTIFACT, unless=_NOT_OURS),
        Signature(
            incident=_MISSING,
            message=(
                r"^(?:error\b[^:]*: ?)?(?:\w+: )?(?:run|run folder|artifact"
                r"|input|topic spec|scope file|schema file) \S+ (?:not found"
                r"|does not exist|is missing)\b|\bno such run\b|\brun not found\b"
            ),
        ),
        # Damaged.
        Signature(
            incident=_CORRUPT,
            exception=_PARSING,
            where=_ARTIFACT,
            unless=r"\bvalidation failed\b|ValidationError",
        ),
        Signature(
            incident=_CORRUPT,
            exception=r"(?:\w+\.)*(?:JSONDecodeError|TOMLDecodeError|YAMLError)",
            path=_ARTIFACT,
        ),
        Signature(
            incident=_CORRUPT,
            exception=_PARSING,
            message=r"\b(?:in|of) \S+\.(?:jsonl?|toml|ya?ml|md)(?:$|\", line \d)",
            unless=r"\brun\.json\b|config\.toml",
        ),
        Signature(
            incident=_CORRUPT, exception=r"(?:\w+\.)*JSONDecodeError", message=r"^Unexpected UTF-8 BOM"
        ),
        Signature(
            incident=_CORRUPT,
            exception=r"UnicodeDecodeError",
            message=r"^'utf-8' codec can't decode byte",
            unless=r"run\.json",
            confidence=0.7,
        ),
        Signature(
            incident=_CORRUPT,
            message=(
                r"\.(?:jsonl?|md|toml|ya?ml)\b.{0,80}\b"
                r"(?:is not valid (?:JSON|TOML|YAML|UTF-8)|is (?:corrupt|truncated|empty)"
                r"|cannot be parsed|contains? (?:a )?(?:NUL|BOM|conflict markers?|merge conflict))"
            ),
            unless=r"\brun\.json\b|config\.toml",
        ),
        Signature(incident=_CORRUPT, message=r"^(?:error: )?\S+\.(?:json|md|toml|ya?ml):\d*:? ?<<<<<<< "),
        # Taken.
        Signature(incident=_LOCKED, typed="locked"),
        Signature(incident=_LOCKED, errno="EAGAIN", exception=r"(?:\w+\.)*BlockingIOError"),
        Signature(
            incident=_LOCKED,
            errno="EAGAIN EACCES EBUSY",
            where=r"\.lock\b|(?<![-.\w])lock\b",
            unless=_LOCK_FILE,
        ),
        Signature(incident=_LOCKED, errno="EAGAIN EBUSY", path=r"\.lock\b"),
        Signature(incident=_LOCKED, errno="EEXIST", path=r"\.lock$", unless=_OTHERS_LOCK),
        Signature(incident=_LOCKED, errno="ELOCKED"),
        Signature(
            incident=_LOCKED,
            exception=r".+",
            message=(
                r"\bdatabase (?:table )?is locked\b|\bThe file lock '.*' could not be acquired\b"
                r"|\bcould not acquire (?:the )?lock\b"
                r"|\bbeing used by another process\b"
            ),
            unless=r"index\.lock|dpkg|apt",
        ),
        Signature(
            incident=_LOCKED,
            message=(
                r"^(?:error: )?(?:\w+: )*(?:run \S+ is (?:locked|held) by"
                r"|workspace is locked|another (?:dagogy "
                r"|orchestration )?(?:process|command|run) (?:is|holds)"
                r"|could not acquire (?:the )?(?:run |workspace )?lock)"
            ),
            unless=r"index\.lock|dpkg|apt",
        ),
        # Full.
        Signature(incident=_FULL, errno="ENOSPC EDQUOT", unless=r"inotify|file watchers"),
        Signature(
            incident=_FULL,
            message=(
                r"\bNo space left on device\b|\bDisk quota exceeded\b"
                r"|\bdatabase or disk is full\b|\bnot enough space on the disk\b"
            ),
            unless=r"inotify|file watchers",
        ),
        # Out of reach.
        Signature(
            incident=_DENIED,
            errno="EACCES EPERM EROFS",
            unless=r"sandbox|bwrap|landlock|\bsocket\b|docker|\bconnect\b",
        ),
        Signature(incident=_DENIED, exception=r"PermissionError", unless=r"docker|WinError 32|sandbox"),
        Signature(
            incident=_DENIED, message=r"\bRead-only file system\b", unless=r"sandbox|bwrap|landlock|docker"
        ),
        Signature(
            incident=_DENIED,
            message=(
                rf"^(?:\S*/)?{_TOOL}: .{{0,300}}: {_FORBIDDEN}$"
                r"|\battempt to write a readonly database\b|^-?(?:ba|da|z)?sh: "
                r"(?:line \d+: )?\S+\.(?:jsonl?|md|toml|ya?ml|txt): Permission denied$"
                r"|^(?:error: )?(?:\w+: )*(?:cannot (?:write|create|touch|remove|move|open|read"
                r"|lock)\b.{0,200}): (?:Permission denied|Read-only file system|Operation not permitted)$"
            ),
        ),
    )
