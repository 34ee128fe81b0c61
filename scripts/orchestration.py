#!/usr/bin/env python3
"""The runbook's door: `python3.11 scripts/orchestration.py COMMAND …` does what `dagogy COMMAND …` does.

Started by any Python, it goes on in the project's own environment (`.venv`), which `make install` makes.
"""

import importlib.util
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENVIRONMENT = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(ENVIRONMENT, "bin", "python")
#: Set while one Python hands over to the other, so that it is done once.
HANDED_OVER = "_DAGOGY_DOOR"


def main() -> None:
    """Runs the command here if this is the project's environment or there is none, else
    in the project's environment.
    """
    arrived = os.environ.pop(HANDED_OVER, "") == ENVIRONMENT or os.path.realpath(
        sys.prefix
    ) == os.path.realpath(ENVIRONMENT)
    if not arrived and os.access(PYTHON, os.X_OK):
        hand_over()
    # The folder of this script must not be where modules are looked for.
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != os.path.join(ROOT, "scripts")]
    if importlib.util.find_spec("dagogy") is None:
        what = (
            "has no dagogy in it: it was not finished"
            if arrived
            else "is missing, and this Python has no dagogy"
        )
        fail(f"the project's environment {ENVIRONMENT} {what}")
    from dagogy.cli.main import main as dagogy

    dagogy()


def hand_over() -> None:
    """Becomes the Python of the project's environment; returns only by failing."""
    os.environ[HANDED_OVER] = ENVIRONMENT
    try:
        os.execv(PYTHON, [PYTHON, os.path.abspath(__file__), *sys.argv[1:]])
    except OSError as error:
        fail(f"{PYTHON} cannot be started: {error.strerror}")


def fail(message: str) -> None:
    """The typed error of the command line, without the command line."""
    sys.stderr.write(f"[config_error] {message}\nhint: make -C {ROOT} install\n")
    sys.exit(7)


if __name__ == "__main__":
    main()
