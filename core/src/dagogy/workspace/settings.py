"""Settings: flag beats environment beats file beats default, each value with the place it came from.

The file is `dagogy.toml`, or `[tool.dagogy]` of a `pyproject.toml`, in the current folder or the nearest one above it. Its keys are
the environment variables' names in lower case; the `rules` table configures rules by id.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dagogy.api.errors import ConfigError
from dagogy.contracts.suggest import did_you_mean

Kind = Literal["text", "number", "integer", "path", "list"]


class Known(NamedTuple):
    """A setting of the core. `low` and `high` bound a number, both inclusive unless `above` says more than `low`."""

    name: str
    kind: Kind
    summary: str
    default: Any = ""
    low: float = 0
    high: float = float("inf")
    above: bool = False

    def accepted(self) -> str:
        """What a value may be, for an error message."""
        if self.kind in ("text", "path", "list"):
            return {"text": "any text", "path": "a path", "list": "ids separated by commas"}[self.kind]
        noun = "a whole number" if self.kind == "integer" else "a number"
        upper = "" if self.high == float("inf") else f" and at most {self.high:g}"
        return f"{noun} {'more than' if self.above else 'of at least'} {self.low:g}{upper}"


#: The settings of CONTRACT.md that are not a provider's own. A provider declares the rest in its description.
CORE_SETTINGS = {
    known.name: known
    for known in (
        Known("AGENT_PROVIDER", "text", "id of the provider that proposes and repairs", "internal"),
        Known("AGENT_MODEL", "text", "model the provider asks for; empty: the provider's own choice"),
        Known("AGENT_TIMEOUT_SECONDS", "number", "bound on one answer of the provider; default: the provider's", None, 0, 86_400, above=True),
        Known("AGENT_RETRY_BUDGET", "integer", "how often one call may be tried again", 1, 0, 100),
        Known("AGENT_MAX_ITERATIONS", "integer", "most rounds of the generation loop", 4, 1, 1000),
        Known("AGENT_MAX_ACTIONS_PER_ITERATION", "integer", "most findings handed to the provider in one round", 4, 1, 10_000),
        Known("AGENT_TARGET_SCORE", "number", "score from which a draft without errors is accepted", 82.0, 0, 100),
        Known("AGENT_MAX_CALLS", "integer", "most requests to a service in one command; default: no limit", None, 1, 1_000_000),
        Known("AGENT_MAX_TOKENS", "integer", "most tokens, read and written, in one command; default: no limit", None, 1, 1_000_000_000_000),
        Known("AGENT_SCOPE_TEXT_MAX_CHARS", "integer", "most characters of scope text in a prompt", 12_000, 1, 100_000_000),
        Known("ORCHESTRATION_BASE_DIR", "path", "the runs dir", "runs"),
        Known("ORCHESTRATION_ARCHIVE_DIR", "path", "where archives go; default: archives/ in the runs dir"),
        Known("ORCHESTRATION_TEMPLATE_FILE", "path", "topic spec that 'init' starts from"),
        Known("DAGOGY_DISABLE", "list", "plugins to leave out, by id or distribution"),
        Known("DAGOGY_PLUGINS", "list", "the only plugins to use, by id or distribution"),
    )
}
#: Read from the environment alone: they act before a configuration file or a plugin is looked at.
ENVIRONMENT_ONLY = frozenset({"DAGOGY_DISABLE", "DAGOGY_PLUGINS"})


@dataclass(eq=False, repr=False)
class Settings:
    """The settings of one command. `environ` and `flags` by variable name; `file` by lower-case key, from `path`."""

    environ: Mapping[str, str]
    file: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = field(default_factory=Path.cwd)

    @property
    def root(self) -> Path:
        """The workspace root: the folder of the configuration file, else the current one."""
        return self.path.parent if self.path else self.folder

    def raw(self, name: str) -> tuple[Any, str]:
        """The value of `name` as it was given, and where; `(None, "default")` when nobody gave one. Empty text counts as not given."""
        if self.flags.get(name) is not None:
            return self.flags[name], "flag"
        if self.environ.get(name, "").strip():
            return self.environ[name], "environment"
        value = self.file.get(name.lower())
        return (value, str(self.path)) if value not in (None, "") else (None, "default")

    def get(self, name: str) -> Any:
        """The parsed value of a core setting. Raises `ConfigError` that names the variable, the value and what is accepted."""
        known = CORE_SETTINGS[name]
        value, source = self.raw(name)
        if value is None:
            return known.default
        if known.kind in ("number", "integer"):
            return _number(known, value, source)
        if not isinstance(value, str) or "\x00" in value:
            raise ConfigError(f"{_named(name, source)} is {value!r}; accepted: {known.accepted()}")
        return value.strip()

    def path_of(self, name: str) -> Path | None:
        """A path setting, absolute; a relative one counts from the current folder, or from the file that sets it. None when not set."""
        value, source = self.raw(name)
        text = self.get(name)
        if not text:
            return None
        base = self.root if value is not None and source == str(self.path) else self.folder
        try:
            return base / Path(text).expanduser()
        except RuntimeError:
            raise ConfigError(f"{_named(name, source)} is '{text}', and there is no such home folder", hint="write the path out") from None

    def check(self) -> None:
        """Parses every core setting that was given; the first wrong one is a `ConfigError`."""
        for name in CORE_SETTINGS:
            self.get(name)

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
        hint=f"set it to such a number, or unset {known.name}" if source == "environment" else "give it such a number, or leave it out",
        details={"setting": known.name, "value": str(value), "accepted": known.accepted()},
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
    provider_keys: Callable[[], Iterable[str]] = tuple,
) -> Settings:
    """Reads the configuration file, if there is one, and checks its keys; `Settings.check` does the values.

    `provider_keys` is asked for the settings that providers declare, and only when a key is not the core's. Raises `ConfigError`.
    """
    try:
        folder = Path.cwd()
    except OSError as error:
        raise ConfigError(f"the current folder cannot be used: {error.strerror}", hint="change to one that exists") from None
    path, table = _find_file(folder)
    settings = Settings(environ, table, path, flags or {}, folder)
    own = {name.lower() for name in CORE_SETTINGS if name not in ENVIRONMENT_ONLY} | {"rules"}
    unknown = [key for key in table if key not in own]
    if unknown:
        declared = {name.lower() for name in provider_keys()}
        for key in unknown:
            if key.upper() in ENVIRONMENT_ONLY:
                raise ConfigError(f"'{key}' in {path} cannot stand in a file: it acts before files are read", hint=f"set {key.upper()} in the environment")
            if key not in declared:
                raise ConfigError(f"unknown key '{key}' in {path}", hint=did_you_mean(key, own | declared) or f"known: {', '.join(sorted(own | declared))}")
    return settings


def _find_file(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    for place in (folder, *folder.parents):
        if os.path.exists(place / "dagogy.toml"):
            return place / "dagogy.toml", _read_toml(place / "dagogy.toml")
        if os.path.exists(place / "pyproject.toml"):
            tool = _read_toml(place / "pyproject.toml", quick="tool.dagogy").get("tool", {})
            if isinstance(tool, dict) and isinstance(tool.get("dagogy"), dict):
                return place / "pyproject.toml", tool["dagogy"]
    return None, {}


def _read_toml(path: Path, quick: str = "") -> dict[str, Any]:
    """The TOML file as a mapping; a file that does not even hold the text `quick` is not parsed."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if quick and quick not in text:
            return {}
        import tomllib

        return tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"{path} is not TOML: {error}", hint="mend or remove it") from None
