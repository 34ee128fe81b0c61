"""The classifier of the machine and the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dagogy.api.failures import Diagnosis, FailureEvidence, Rank, Signature, SignatureClassifier

from dagogy_incident_environment.remedies import REMEDIES

_ENVIRONMENT, _MEMORY, _STOPPED, _USAGE, _SETTING = (
    "environment_incompatible",
    "out_of_memory",
    "interrupted",
    "cli_usage_error",
    "config_error",
)
#: What the loader says where there is no memory for a library; a reason behind it is another.
_UNMAPPED = r"failed to map segment from shared object(?!: (?:Operation not permitted|Permission denied))"
_US = r"(?:orchestration\.py|dagogy|__main__\.py|python\S* -m dagogy)"


class Environment(SignatureClassifier):
    """Not the work went wrong, but what it runs in, or how it was asked for.

    environment_incompatible:
        What: A module is missing, Python or a package has the wrong version, or the terminal's encoding
        cannot show the text.
        Recognised by: `ModuleNotFoundError`, `ImportError`, "No module named", `UnicodeEncodeError`,
        "requires a different Python".
        What to do: See which Python runs: `python -c "import sys; print(sys.version, sys.prefix)"`; use the
        environment of `make install` or `pip install dagogy-standard`; for encodings set `PYTHONUTF8=1`.
        Retry: Only after the environment is changed.

    out_of_memory:
        What: The process had no memory left, or the system killed it for that. A bare signal 9 that was not
        ours makes it probable, not certain.
        Recognised by: `MemoryError`, `ENOMEM`, "Cannot allocate memory", "JavaScript heap out of memory",
        `OOMKilled`, "Killed"; exit status `137` or signal 9 that we did not send.
        What to do: Look for `oom_kill` in the cgroup's `memory.events` or in `dmesg`; give the process more
        memory, or the command a smaller scope.
        Retry: Once, after the limit or the scope is changed.

    interrupted:
        What: Someone stopped it: Ctrl-C, a cancelled job, a closed terminal, a pipe whose reader went away.
        Recognised by: `SIGINT`, `SIGTERM`, `SIGHUP` and `SIGPIPE` that we did not send, exit status `130` or
        `143`; `KeyboardInterrupt`, `BrokenPipeError`; codex's "turn interrupted".
        What to do: Run the same command again; it goes on from the last stage that was completed.
        Retry: Yes, when it is wanted.

    cli_usage_error:
        What: The command line, or a setting, is invalid: a misspelt command or option, a missing argument, a
        node that the curriculum has not, the wrong folder.
        Recognised by: Our own code `invalid_argument`; the usage errors of our own command line.
        What to do: See `dagogy --help` or `dagogy COMMAND --help` for the form and an example.
        Retry: Only after the command line is corrected.

    config_error:
        What: A setting of dagogy has a value that cannot be used: an environment variable, a flag, a line of
        `dagogy.toml`, or a file that they name.
        Recognised by: Our own code `config_error`, where no other incident (a key that is missing, an address
        that is none, a misspelt key) says more.
        What to do: Correct the setting that the message names; `dagogy config` shows each setting with its
        value and where that comes from, `dagogy doctor` what else is wrong.
        Retry: Only after the setting is corrected.
    """

    remedies = REMEDIES
    signatures = (
        # What it runs in.
        Signature(
            incident=_ENVIRONMENT,
            exception=r"ModuleNotFoundError|ImportError",
            unless=rf"SOCKS|socksio|{_UNMAPPED}",
        ),
        Signature(incident=_ENVIRONMENT, exception=r"UnicodeEncodeError"),
        Signature(
            incident=_ENVIRONMENT,
            exception=r"UnicodeDecodeError",
            message=r"^'(?:charmap|ascii|cp\d+|gbk|shift_jis|latin-1)' codec can't decode",
            unless=r"\.json\b|\.md\b",
        ),
        Signature(
            incident=_ENVIRONMENT,
            exception=r"TypeError",
            message=r"\bClient\.__init__\(\) got an unexpected keyword argument '(?:proxies|proxy|app)'",
        ),
        Signature(
            incident=_ENVIRONMENT,
            exception=r"AttributeError",
            message=(
                r"^(?:partially initialized )?module '(?:openai|httpx2?"
                r"|pydantic|networkx|pluggy|click|asyncio|typing|enum"
                r"|datetime|tomllib)' has no attribute"
            ),
        ),
        Signature(
            incident=_ENVIRONMENT,
            exception=r"(?:\w+\.)*(?:VersionConflict|DistributionNotFound|PackageNotFoundError)",
        ),
        Signature(
            incident=_ENVIRONMENT,
            message=(
                r"\brequires a different Python\b|\bRequires-Python\b"
                r"|\bpython ?\(?>=? ?3\.\d+\)? is required\b|\b(?:requires"
                r"|needs) Python (?:>= ?)?3\.\d+|\bexternally-managed-environment\b"
                r"|\bNo module named '?[\w.]+'?$"
                r"|\bpython3(?:\.\d+)?: (?:command )?not found\b|\bcommand not found: python3(?:\.\d+)?$"
            ),
        ),
        Signature(
            incident=_ENVIRONMENT,
            message=(
                r"\benv: '?python[\d.]*'?: No such file or directory\b"
                r"|\bfailed to get the Python codec of the filesystem encoding\b"
                r"|\bNo pyvenv\.cfg file\b|\bImportError: .*GLIBC"
            ),
            unless=r"codex",
        ),
        # Memory.
        Signature(incident=_MEMORY, typed="io_error", message=r"^out of memory"),
        Signature(incident=_MEMORY, exception=r"(?:\w+\.)*\w*MemoryError", unless=r"cuda|CUDA"),
        Signature(incident=_MEMORY, errno="ENOMEM"),
        Signature(incident=_MEMORY, exception=r"ImportError", message=_UNMAPPED),
        Signature(
            incident=_MEMORY,
            message=(
                r"\bJavaScript heap out of memory\b|\bFatal process OOM\b"
                r"|\bReached heap limit\b|\bFatal (?:JavaScript"
                r"|process) out of memory\b|\bstd::bad_alloc\b"
                r"|\bmemory allocation of \d+ bytes failed\b|\boom-kill"
                r"|\bOut of memory: Kill|\bOOMKilled\b"
                r"|\bCannot allocate memory\b|\bpaging file is too small\b"
            ),
            unless=r"CUDA",
        ),
        Signature(
            incident=_MEMORY, message=r"^(?:\S+: )?(?:line \d+: )?\s*\d* ?Killed\b", exit="", confidence=0.7
        ),
        # Who sent it is not known: probable at best, so whatever was printed says more.
        Signature(incident=_MEMORY, exit="137 -9", rank=Rank.GENERIC, confidence=0.5),
        # Stopped.
        Signature(incident=_STOPPED, typed="interrupted"),
        Signature(
            incident=_STOPPED,
            exception=r"KeyboardInterrupt|(?:\w+\.)*CancelledError|click\.exceptions\.Abort",
        ),
        Signature(incident=_STOPPED, errno="EPIPE"),
        Signature(incident=_STOPPED, exception=r"BrokenPipeError"),
        Signature(
            incident=_STOPPED,
            message=(
                r"^(?:error: )?(?:turn interrupted|turn aborted\b"
                r"|interrupted(?: \(Ctrl-C\)| by (?:the )?(?:user|signal))?[. ]?"
                r"|The operation was cancell?ed\.?|Aborted!|Terminated|Hangup|\^C)"
                r"(?:$|[.:] ?\S)|^(?:error: )?The (?:operation|run"
                r"|runner) (?:was|has) (?:cancell?ed|received a shutdown)"
                r"|\bCaught signal: ?SIG(?:INT|TERM|HUP)\b|^thread interrupted$"
            ),
            unless=r"\bTypeError: terminated",
        ),
        Signature(incident=_STOPPED, exit="130 143 129 141 -2 -15 -1 -13 -1073741510 3221225786"),
        Signature(incident=_STOPPED, killed="user system"),
        # How it was asked for.
        Signature(incident=_USAGE, typed="invalid_argument"),
        Signature(incident=_USAGE, typed="not_found", message=r"^the curriculum has no node\b"),
        Signature(
            incident=_USAGE,
            typed="config_error",
            message=r"; accepted: |\bunknown key\b|\bis not TOML\b",
            rank=None,
        ),
        # What is wrong with it, others say better.
        Signature(incident=_SETTING, typed="config_error", rank=Rank.GENERIC, confidence=0.9),
        Signature(incident=_USAGE, message=rf"^(?:\S*/)?{_US}(?: [\w-]+)*: error: "),
        Signature(
            incident=_USAGE,
            message=(
                r"^(?:dagogy|Usage: dagogy)\b.*\b(?:No such (?:command|option)"
                r"|Missing (?:argument|option|parameter)"
                r"|unexpected extra argument|Invalid value for)"
            ),
        ),
        Signature(
            incident=_USAGE,
            message=r"\bcan't open file '.*orchestration\.py'|\b(?:No such command|there is no command) '",
        ),
    )

    def more(self, evidence: FailureEvidence) -> Iterable[Diagnosis]:
        """A usage error that names the command on one line and what is wrong with it on another."""
        if not re.search(rf"^Usage: {_US}", evidence.text, re.MULTILINE):
            return
        for clue in evidence.clues:
            if re.match(
                r"Error: (?:No such (?:option|command)|Missing (?:option|argument|parameter)"
                r"|Got unexpected extra|Invalid value for)",
                clue.text,
            ):
                yield Diagnosis(
                    incident_id=_USAGE, rank=Rank.PROSE, confidence=0.9, evidence=clue.lines, weight=3
                )
