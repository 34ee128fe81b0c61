"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="artifact_missing",
        cause="{path} is not there",
        steps=(
            "See what the folder above it holds, and from which folder the program was started; "
            "correct the path, or put the file back."
        ),
        commands=(
            'ls -la "$(dirname {path})"',
            "pwd",
        ),
        prevention="Give whole paths to programs that other ones start.",
    ),
    Remedy(
        incident="artifact_missing",
        cause="a file is not where it is looked for",
        steps=(
            "See which file the message names and from which folder the program was started; "
            "correct the path, or put the file back."
        ),
        commands=(
            "pwd",
            "ls -la",
        ),
        prevention="Give whole paths to programs that other ones start.",
    ),
    Remedy(
        incident="artifact_corrupt",
        cause="{path} has a byte order mark",
        steps="Keep a copy, and save it as UTF-8 without a mark.",
        when=r"\bBOM\b|utf-8-sig",
        commands=(
            "cp {path} {path}.bad",
            "sed -i '1s/^\\xef\\xbb\\xbf//' {path}",
        ),
        prevention="Write text files as UTF-8 without a byte order mark.",
    ),
    Remedy(
        incident="artifact_corrupt",
        cause="{path} cannot be parsed",
        steps=(
            "Keep a copy, go to the line that the message names, and correct it; or take the "
            "last good version."
        ),
        commands=(
            "cp {path} {path}.bad",
            "git log --oneline -3 -- {path}",
        ),
        prevention="Write files whole: to a temporary name first, then renamed.",
    ),
    Remedy(
        incident="artifact_corrupt",
        cause="a file cannot be parsed",
        steps=(
            "Find which file was read, keep a copy, and correct it at the line and column that "
            "the message names."
        ),
        prevention="Write files whole: to a temporary name first, then renamed.",
    ),
    Remedy(
        incident="workspace_locked",
        cause="the lock {path} is held, or was left behind",
        steps="See which process holds it; remove the lock file only when none does.",
        when=r"EEXIST|File exists|\.lock\b",
        commands=(
            "fuser -v {path}",
            "ls -l {path}",
        ),
        prevention="Let one process at a time work there, or give each a folder of its own.",
    ),
    Remedy(
        incident="workspace_locked",
        cause="a database file is locked",
        steps="See which process has it open and let that one end; then run the program again.",
        when=r"database (?:table )?is locked",
        commands=("lsof | grep -i 'sqlite\\|\\.db'",),
        prevention="Keep transactions short and set a busy timeout; keep the database on a local disk.",
    ),
    Remedy(
        incident="workspace_locked",
        cause="another process holds it",
        steps="See which process it is, let it end, and run the program again.",
        commands=("ps aux --sort=start_time | tail -n 20",),
        prevention="Let one process at a time work there.",
    ),
    Remedy(
        incident="disk_full",
        cause="the inodes are used up, or the disk of {path} is full",
        steps=(
            "See both the free space and the free inodes there, remove what is not needed, and "
            "run the program again."
        ),
        commands=(
            'df -h "$(dirname {path})"',
            'df -i "$(dirname {path})"',
            'du -xsh "$(dirname {path})"/* | sort -h | tail',
        ),
        prevention="Watch the space of this disk, or write elsewhere.",
    ),
    Remedy(
        incident="disk_full",
        cause="the disk is full",
        steps=(
            "See which disk it is: the folder that is written to, the temporary folder and the "
            "cache of the program count. Remove what is not needed, or point TMPDIR to another "
            "disk."
        ),
        commands=(
            'df -h . "${TMPDIR:-/tmp}" "$HOME"',
            'df -i . "${TMPDIR:-/tmp}"',
        ),
        prevention="Watch the space of these disks.",
    ),
    Remedy(
        incident="permission_denied",
        cause="{path} is on a disk that is mounted read-only",
        steps="Find the mount; have it mounted for writing if that is meant, or write elsewhere.",
        when=r"EROFS|Read-only file system|Errno 30",
        commands=("findmnt -T {path}",),
        prevention="Write to a folder that is meant for it, in a container to a volume.",
    ),
    Remedy(
        incident="permission_denied",
        cause="npm installs into {path}, which belongs to the system",
        steps="Do not change its owner and do not use sudo: give npm a prefix of your own.",
        when=(
            r"npm (?:ERR!|error)[\s\S]{0,400}?['\" ](?P<path>/(?:usr|opt"
            r"|var)/[^'\"\s]{1,200})"
        ),
        commands=(
            "ls -ld {path}",
            'npm config set prefix "$HOME/.local"',
        ),
        prevention="Install programs for one user where that user may write.",
    ),
    Remedy(
        incident="permission_denied",
        cause="pip installs into {path}, which belongs to the system",
        steps=("Do not change its owner and do not use sudo: install into an environment of your own."),
        when=(
            r"(?:pip|Could not install packages)[\s\S]{0,400}?['\" ](?P<path>/(?:usr"
            r"|opt|var)/[^'\"\s]{1,200})"
        ),
        commands=(
            "ls -ld {path}",
            "python3 -m venv .venv",
        ),
        prevention="Install packages into an environment.",
    ),
    Remedy(
        incident="permission_denied",
        cause="{path} belongs to the system",
        steps=(
            "Do not change its owner: run the program as the user who may use it, or have it write elsewhere."
        ),
        when=(
            r"['\" :](?P<path>/(?:etc|usr|bin|sbin|lib\w{0,5}|boot|proc"
            r"|sys|dev|root|opt|var/(?:lib|run|log))(?:/[^'\"\s:]{1,200})?)(?=['\"\s:]"
            r"|$)"
        ),
        commands=(
            "ls -ld {path}",
            "id",
        ),
        prevention="Let the program write to a folder of its own.",
    ),
    Remedy(
        incident="permission_denied",
        cause="{path} may not be used by this user",
        steps=(
            "See its owner and mode, and the user that runs the program; have the owner give it "
            "back, or use a folder of your own. Not chmod 777."
        ),
        commands=(
            'ls -ld {path} "$(dirname {path})"',
            "id",
            'sudo chown "$(id -un)" {path}',
        ),
        prevention=(
            "Run the program always as the same user, in a container with the uid that owns the volume."
        ),
    ),
    Remedy(
        incident="permission_denied",
        cause="a file may not be used by this user",
        steps=(
            "See which file the message names, its owner, and the user that runs the program. Not chmod 777."
        ),
        commands=(
            "id",
            "ls -la",
        ),
        prevention="Run the program always as the same user.",
    ),
)
