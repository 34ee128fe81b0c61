"""dagogy, a curriculum compiler: topic spec in, validated DAG of concepts and week plan out.

In a notebook: `run = dagogy.compile("notes.md")`, `run.plan()`, `run.export("mermaid")`. Both functions are
imported when they are first used, since whoever imports `dagogy.api` must not pay for more; their types are
in `__init__.pyi`.
"""

__version__ = "0.1.0"
_FUNCTIONS = ("compile", "open")


def __getattr__(name: str) -> object:
    if name not in _FUNCTIONS:
        raise AttributeError(f"module 'dagogy' has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module("dagogy.pipeline.runs"), name)
    return found


def __dir__() -> list[str]:
    return [*globals(), *_FUNCTIONS]
