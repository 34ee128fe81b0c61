"""The settings of the core: what each accepts, and which count from a file only where it is trusted."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

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
            "AGENT_CONCURRENCY",
            "integer",
            "most calls of a model under way at the same time",
            4,
            1,
            256,
            costs=True,
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
            "most characters of scope text in one call of a model",
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
