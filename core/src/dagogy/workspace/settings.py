"""Settings: flag beats environment beats file beats default, each value with the place it came from.

The file is `dagogy.toml`, or `[tool.dagogy]` of a `pyproject.toml`, in the current folder or the nearest one
above it, up to the root of the repository or the user's home, and never inside a runs dir. Its keys are the
environment variables' names in lower case; the `rules` table configures rules by id. What a file says of
programs, providers and keys counts only once the user has trusted it (`workspace.trust`).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dagogy.api.errors import ConfigError
from dagogy.workspace.trust import ConfigFile, TrustStore, exposure, read_config

Kind = Literal["text", "number", "integer", "path", "list"]


class Known(NamedTuple):
    """A setting of the core. `low` and `high` bound a number, both inclusive unless
    `above` says more than `low`.

    `sensitive`: it counts from a file only when that file is trusted. A path is sensitive where it leads out
    of the file's own folder.
    `costs`: more of it spends more; a file that is not trusted may lower it, and counts only up to `free`
    (the default, where that is a number).
    """

    name: str
    kind: Kind
    summary: str
    default: Any = ""
    low: float = 0
    high: float = float("inf")
    above: bool = False
    sensitive: bool = False
    costs: bool = False
    free: float | None = None

    def spends_more(self, value: Any) -> bool:
        """Whether a value of a setting that `costs` is more than may be spent on the word of
        a file that is not trusted.
        """
        most = self.default if self.free is None else self.free
        if not self.costs or most is None:
            return False
        try:
            return not float(value) <= most
        except (ValueError, TypeError, OverflowError):
            return False  # it is refused as a value

    def accepted(self) -> str:
        """What a value may be, for an error message."""
        if self.kind in ("text", "path", "list"):
            return {"text": "any text", "path": "a path", "list": "ids separated by commas"}[self.kind]
        noun = "a whole number" if self.kind == "integer" else "a number"
        upper = "" if self.high == float("inf") else f" and at most {self.high:g}"
        return f"{noun} {'more than' if self.above else 'of at least'} {self.low:g}{upper}"


#: The settings of CONTRACT.md that are not a provider's own. A provider declares the rest in its description.
#: The model is sensitive like the provider: at a gateway it decides which company gets the text,
#: and anywhere what it costs.
CORE_SETTINGS = {
    known.name: known
    for known in (
        Known(
            "AGENT_PROVIDER",
            "text",
            "id of the provider that proposes and repairs",
            "internal",
            sensitive=True,
        ),
        Known(
            "AGENT_MODEL",
            "text",
            "model the provider asks for; empty: the provider's own choice",
            sensitive=True,
        ),
        Known(
            "AGENT_TIMEOUT_SECONDS",
            "number",
            "bound on one answer of the provider; default: the provider's",
            None,
            0,
            86_400,
            above=True,
            costs=True,
            free=300,
        ),
        Known(
            "AGENT_RETRY_BUDGET", "integer", "how often one call may be tried again", 1, 0, 100, costs=True
        ),
        Known(
            "AGENT_MAX_ITERATIONS", "integer", "most rounds of the generation loop", 4, 1, 1000, costs=True
        ),
        Known(
            "AGENT_MAX_ACTIONS_PER_ITERATION",
            "integer",
            "most findings handed to the provider in one round",
            4,
            1,
            10_000,
            costs=True,
        ),
        Known(
            "AGENT_TARGET_SCORE",
            "number",
            "score from which a draft without errors is accepted",
            82.0,
            0,
            100,
        ),
        Known(
            "AGENT_MAX_CALLS",
            "integer",
            "most requests to a service in one command; default: no limit",
            None,
            1,
            1_000_000,
        ),
        Known(
            "AGENT_MAX_TOKENS",
            "integer",
            "most tokens, read and written, in one command; default: no limit",
            None,
            1,
            1_000_000_000_000,
        ),
        Known(
            "AGENT_FALLBACK_PROVIDERS",
            "list",
            (
                "consent to ask these providers instead, in this order, when the one that was meant cannot "
                "answer"
            ),
            sensitive=True,
        ),
        Known(
            "AGENT_HEAL_ATTEMPTS",
            "integer",
            "with 'run --self-heal': how often the command is run again at most",
            4,
            1,
            100,
            costs=True,
        ),
        Known(
            "AGENT_HEAL_SECONDS",
            "number",
            "with 'run --self-heal': seconds that recovering may take",
            900,
            0,
            604_800,
            above=True,
            costs=True,
        ),
        Known(
            "AGENT_HEAL_CALLS",
            "integer",
            "with 'run --self-heal': most requests to a service while recovering",
            12,
            1,
            1_000_000,
            costs=True,
        ),
        Known(
            "AGENT_SCOPE_TEXT_MAX_CHARS",
            "integer",
            "most characters of scope text in a prompt",
            12_000,
            1,
            100_000_000,
            costs=True,
        ),
        Known("ORCHESTRATION_BASE_DIR", "path", "the runs dir", "runs"),
        Known("ORCHESTRATION_ARCHIVE_DIR", "path", "where archives go; default: archives/ in the runs dir"),
        Known("ORCHESTRATION_TEMPLATE_FILE", "path", "topic spec that 'init' starts from"),
        Known("DAGOGY_DISABLE", "list", "plugins to leave out, by id or distribution"),
        Known("DAGOGY_PLUGINS", "list", "the only plugins to use, by id or distribution"),
    )
}
#: Read from the environment alone: they act before a configuration file or a plugin is looked at.
ENVIRONMENT_ONLY = frozenset({"DAGOGY_DISABLE", "DAGOGY_PLUGINS"})


_FILES = ("dagogy.toml", "pyproject.toml")


class Ignored(NamedTuple):
    """What was not read from a file: a setting by its key there ("" for the whole file), the
    file, why not, and the way out.

    `loud`: every command says so, since the file would have counted, were it not for who can write to it.
    """

    key: str
    path: Path
    reason: str
    hint: str
    loud: bool = False


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


def find_file(
    folder: Path, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None
) -> tuple[ConfigFile | None, dict[str, Any], tuple[Ignored, ...]]:
    """The nearest configuration file from `folder` upwards with its table, and the files that were passed
    over. Raises `ConfigError`.

    The search ends at the root of a repository (a folder with `.git`), and at the user's home. Runs come from
    other people too, so what lies inside a runs dir is none of the user's: a file there is not even read, and
    a `.git` there is no end. Neither is a file that another user owns or that everybody can write to.
    """
    from dagogy.workspace.state import home

    end = os.path.realpath(home(environ))
    skipped: list[Ignored] = []
    for place in (folder, *folder.parents):
        is_repository = os.path.lexists(place / ".git")
        names = [name for name in _FILES if os.path.lexists(place / name)]
        runs_dir = _runs_dir_around(place, folder, environ, flags or {}) if names or is_repository else None
        if runs_dir is None:
            source, table = config_in(place, skipped)
            if source is not None:
                return source, table, tuple(skipped)
        elif "dagogy.toml" in names:
            reason = f"it is inside the runs dir {runs_dir}"
            skipped.append(
                Ignored(
                    "",
                    place / "dagogy.toml",
                    reason,
                    "a configuration file belongs beside or above the runs dir",
                )
            )
        if (is_repository and runs_dir in (None, place)) or str(place) == end:
            break
    return None, {}, tuple(skipped)


def config_in(place: Path, skipped: list[Ignored] | None = None) -> tuple[ConfigFile | None, dict[str, Any]]:
    """The configuration file of one folder with its table; None where it has none. Raises `ConfigError`.

    With `skipped` a file that another user owns, or that everybody can write to, is
    not read, and is noted there.
    """
    for path in (place / "dagogy.toml", place / "pyproject.toml"):
        if not os.path.lexists(path):
            continue
        problem = exposure(path) if skipped is not None else ""
        if problem and skipped is not None:
            if _has_settings(path):
                plain = path.is_file() and not path.is_symlink()
                way = (
                    f"'chmod go-w {shlex.quote(str(path))}'"
                    if "mode" in problem and plain
                    else "put a file of your own in its place"
                )
                skipped.append(Ignored("", path, f"it {problem}", way, loud=True))
            continue
        if path.name == "pyproject.toml" and not path.exists():
            continue
        source = read_config(path)
        table = table_of(source)
        if table is not None:
            return source, table
    return None, {}


def _has_settings(path: Path) -> bool:
    """Whether a file that is not read would be a configuration: a pyproject.toml is one of many tools."""
    if path.name != "pyproject.toml":
        return True
    try:
        return b"tool.dagogy" in read_config(path).data
    except ConfigError:
        return False


def table_of(source: ConfigFile) -> dict[str, Any] | None:
    """The settings in a configuration file; None for a pyproject.toml without any, which need not be parsed
    for that. Raises `ConfigError`.
    """
    if source.path.name != "pyproject.toml":
        return source.table()
    tool = source.table().get("tool", {}) if b"tool.dagogy" in source.data else {}
    return tool["dagogy"] if isinstance(tool, dict) and isinstance(tool.get("dagogy"), dict) else None


def _runs_dir_around(
    place: Path, folder: Path, environ: Mapping[str, str], flags: Mapping[str, Any]
) -> Path | None:
    """The runs dir that `place` is, or lies in: the one that was set, or any folder that holds runs."""
    given = flags.get("ORCHESTRATION_BASE_DIR") or environ.get("ORCHESTRATION_BASE_DIR", "").strip()
    if given:
        configured = Path(os.path.realpath(folder / os.path.expanduser(str(given))))
        if place.is_relative_to(configured):
            return configured
    for above in (place, *place.parents):
        if _is_run(above):
            return above.parent
        try:
            with os.scandir(above) as entries:
                if any(_is_run(Path(entry.path)) for entry in entries):
                    return above
        except OSError:
            continue
    return None


def _is_run(folder: Path) -> bool:
    """Whether it looks like a run. One that came from somewhere else may lack its `run.json`."""
    from dagogy.workspace.runs import is_run_id

    return is_run_id(folder.name) and any(
        os.path.lexists(folder / name) for name in ("run.json", "inputs", "outputs", "logs")
    )
