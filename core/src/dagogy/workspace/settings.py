"""Settings: flag beats environment beats file beats default, each value with the place it came from.

The keys of the file (`workspace.config_files`) are the environment variables' names in lower case; the
`rules` table configures rules by id. What a file says of programs, providers and keys counts only once the
user has trusted it (`workspace.trust`).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dagogy.api.errors import ConfigError
from dagogy.workspace.config_files import Ignored, find_file
from dagogy.workspace.known_settings import CORE_SETTINGS, ENVIRONMENT_ONLY, Known
from dagogy.workspace.trust import ConfigFile, TrustStore


@dataclass(eq=False, repr=False)
class Settings:
    """The settings of one command. `environ` and `flags` by variable name; `file` by
    lower-case key, from `path`.

    `source`: the file as it was read, by which it is trusted or not; without one nothing sensitive counts.
    `declared`: the settings of providers that stand in the file, and whether they are sensitive. `skipped`:
    files that were not read at all.
    """

    environ: Mapping[str, str]
    file: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = field(default_factory=Path.cwd)
    source: ConfigFile | None = None
    declared: Mapping[str, bool] = field(default_factory=dict)
    skipped: tuple[Ignored, ...] = ()

    def __post_init__(self) -> None:
        self._missed = False

    @property
    def root(self) -> Path:
        """The workspace root: the folder of the configuration file, else the current one."""
        return self.path.parent if self.path else self.folder

    def is_sensitive(self, key: str) -> bool:
        """Whether what the file says under `key` counts only when the file is trusted."""
        known = CORE_SETTINGS.get(key.upper())
        if known is None:
            return key != "rules" and self.declared.get(key.upper(), True)
        value = self.file.get(key)
        return self._leads_out(value) if known.kind == "path" else known.sensitive or known.spends_more(value)

    def _leads_out(self, text: Any) -> bool:
        if not isinstance(text, str) or "\0" in text:
            return False  # it is refused as a value
        root = os.path.realpath(self.root)
        return text.strip().startswith("~") or not Path(
            os.path.realpath(os.path.join(root, text.strip()))
        ).is_relative_to(root)

    @cached_property
    def objection(self) -> tuple[str, str]:
        """Why the file is not trusted, and the way out; two empty texts where it is."""
        return (
            ("it was not read from a file", "")
            if self.source is None
            else TrustStore(self.environ).objection(self.source)
        )

    @property
    def ignored(self) -> tuple[Ignored, ...]:
        """What does not count though it stands in a file."""
        keys = [key for key, value in self.file.items() if value not in (None, "") and self.is_sensitive(key)]
        if not keys or not self.objection[0]:
            return self.skipped
        path = self.path or self.root
        return (*self.skipped, *(Ignored(key, path, *self.objection) for key in keys))

    @property
    def notices(self) -> list[str]:
        """A line for each file that would have counted, were it not for who can write to it, and one about
        the sensitive settings that were asked for and ignored.
        """
        lines = [
            f"ignored {found.path}: {found.reason}; {found.hint}" for found in self.skipped if found.loud
        ]
        keys = [found.key for found in self.ignored if found.key] if self._missed else []
        if keys:
            reason, hint = self.objection
            lines.append(f"ignored {', '.join(keys)} of {self.path}: {reason}; {hint}")
        return lines

    def raw(self, name: str, *, peek: bool = False) -> tuple[Any, str]:
        """The value of `name` as it was given, and where; `(None, "default")` when nobody gave one. Empty
        text counts as not given.

        A sensitive value of a file that is not trusted counts as not given; unless it was only a `peek`,
        `notices` then tells of it.
        """
        if self.flags.get(name) is not None:
            return self.flags[name], "flag"
        if self.environ.get(name, "").strip():
            return self.environ[name], "environment"
        if self.in_file(name):
            return self.file[name.lower()], str(self.path)
        self._missed = self._missed or (not peek and self.file.get(name.lower()) not in (None, ""))
        return None, "default"

    def in_file(self, name: str) -> bool:
        """Whether the file says something of `name` that counts, were it not for flags and environment."""
        return self.file.get(name.lower()) not in (None, "") and not (
            self.is_sensitive(name.lower()) and self.objection[0]
        )

    def command(self, name: str) -> Any:
        """The value of a setting that holds a command. In one that a file sets, the program and each word
        that begins with `./` or `../` are paths from that file's folder, wherever we were started.

        None where nobody gave one.
        """
        value, source = self.raw(name)
        if self.source is None or source != str(self.path) or not isinstance(value, str):
            return value
        try:
            words = shlex.split(value)
        except ValueError:
            return value  # whoever runs it says what is wrong with it
        folder = self.source.real.parent

        def anchored(word: str, first: bool) -> str:
            relative = (
                os.sep in word and not word.startswith(("/", "-", "~"))
                if first
                else word.startswith(("./", "../"))
            )
            return str(folder / word) if relative else word

        return shlex.join(anchored(word, not number) for number, word in enumerate(words))

    def get(self, name: str, *, peek: bool = False) -> Any:
        """The parsed value of a core setting. Raises `ConfigError` that names the variable, the value and
        what is accepted.
        """
        known = CORE_SETTINGS[name]
        value, source = self.raw(name, peek=peek)
        if value is None:
            return known.default
        if known.kind in ("number", "integer"):
            return _number(known, value, source)
        if not isinstance(value, str) or "\x00" in value:
            raise ConfigError(f"{_named(name, source)} is {value!r}; accepted: {known.accepted()}")
        return value.strip()

    def path_of(self, name: str) -> Path | None:
        """A path setting, absolute; a relative one counts from the current folder, or from the file that sets
        it. None when not set.
        """
        value, source = self.raw(name)
        text = self.get(name)
        if not text:
            return None
        base = self.root if value is not None and source == str(self.path) else self.folder
        try:
            return base / Path(text).expanduser()
        except RuntimeError:
            raise ConfigError(
                f"{_named(name, source)} is '{text}', and there is no such home folder",
                hint="write the path out",
            ) from None

    def check(self) -> None:
        """Parses every core setting that was given; the first wrong one is a `ConfigError`."""
        for name in CORE_SETTINGS:
            self.get(name, peek=True)

    @property
    def runs_dir(self) -> Path:
        return self.path_of("ORCHESTRATION_BASE_DIR") or self.folder / "runs"

    @property
    def archive_dir(self) -> Path:
        return self.path_of("ORCHESTRATION_ARCHIVE_DIR") or self.runs_dir / "archives"

    @property
    def rules(self) -> Mapping[str, Any]:
        """The `rules` table: by rule id `enabled`, `severity` and the rule's own options."""
        table = self.file.get("rules", {})
        if not isinstance(table, dict):
            raise ConfigError(f"rules in {self.path} is {table!r}; a table by rule id is wanted")
        return table


def _named(name: str, source: str) -> str:
    if source == "flag":
        return "--" + name.removeprefix("AGENT_").lower().replace("_", "-")
    return name if source == "environment" else f"{name.lower()} in {source}"


def _number(known: Known, value: Any, source: str) -> float | int:
    wrong = ConfigError(
        f"{_named(known.name, source)} is {value!r}; accepted: {known.accepted()}",
        hint=f"set it to such a number, or unset {known.name}"
        if source == "environment"
        else "give it such a number, or leave it out",
        details={"setting": known.name, "value": str(value), "accepted": known.accepted(), "source": source},
    )
    if isinstance(value, bool):
        raise wrong
    try:
        number = int(str(value).strip()) if known.kind == "integer" else float(value)
    except (ValueError, TypeError, OverflowError):
        raise wrong from None
    if not known.low <= number <= known.high or (known.above and number == known.low):
        raise wrong
    return number


def load_settings(
    environ: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
    *,
    provider_keys: Callable[[], Mapping[str, bool]] = dict,
) -> Settings:
    """Reads the configuration file, if there is one, and checks its keys; `Settings.check` does the values.

    `provider_keys` is asked for the settings that providers declare, each with whether it is sensitive, and
    only when a key is not the core's. Raises `ConfigError`.
    """
    try:
        folder = Path.cwd()
    except OSError as error:
        raise ConfigError(
            f"the current folder cannot be used: {error.strerror}", hint="change to one that exists"
        ) from None
    source, table, skipped = find_file(folder, environ, flags or {})
    path = source.path if source else None
    settings = Settings(environ, table, path, flags or {}, folder, source, {}, skipped)
    own = {name.lower() for name in CORE_SETTINGS if name not in ENVIRONMENT_ONLY} | {"rules"}
    unknown = [key for key in table if key not in own]
    if unknown:
        settings.declared = provider_keys()
        _check_keys(unknown, own | {name.lower() for name in settings.declared}, path)
    return settings


def _check_keys(keys: Iterable[str], known: set[str], path: Path | None) -> None:
    """Raises `ConfigError` for a key of the file that is no setting, or none for a file."""
    from dagogy.contracts.suggest import did_you_mean

    for key in keys:
        if key.upper() in ENVIRONMENT_ONLY:
            raise ConfigError(
                f"'{key}' in {path} cannot stand in a file: it acts before files are read",
                hint=f"set {key.upper()} in the environment",
            )
        if key not in known:
            raise ConfigError(
                f"unknown key '{key}' in {path}",
                hint=did_you_mean(key, known) or f"known: {', '.join(sorted(known))}",
            )
