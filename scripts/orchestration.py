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


def main() -> None:
    """Runs the command here if this Python has dagogy, else in the project's environment."""
    here = os.path.realpath(sys.prefix) == os.path.realpath(ENVIRONMENT)
    if not here and os.access(PYTHON, os.X_OK):
        try:
            os.execv(PYTHON, [PYTHON, "-m", "dagogy", *sys.argv[1:]])
        except OSError as error:
            fail(f"{PYTHON} cannot be started: {error.strerror}")
    # The folder of this script must not be where modules are looked for.
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != os.path.join(ROOT, "scripts")]
    if importlib.util.find_spec("dagogy") is None:
        fail(f"the project's environment {ENVIRONMENT} is missing, and this Python has no dagogy")
    from dagogy.cli.main import main as dagogy

    dagogy()


def fail(message: str) -> None:
    """The typed error of the command line, without the command line."""
    sys.stderr.write(f"[config_error] {message}\nhint: make -C {ROOT} install\n")
    sys.exit(7)


if __name__ == "__main__":
    main()
