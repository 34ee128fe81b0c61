"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="environment_incompatible",
        cause="this Python belongs to the system (PEP 668), and pip may not install into it",
        steps=(
            "Install into an environment of your own; a program with pipx or uv. Not --break-system-packages."
        ),
        when=r"externally[- ]managed",
        commands=(
            "python3 -m venv .venv && .venv/bin/pip install PACKAGE",
            "pipx install PACKAGE",
            "uv venv && uv pip install PACKAGE",
        ),
        prevention="Install nothing into the Python of the system.",
    ),
    Remedy(
        incident="environment_incompatible",
        cause="the module {module} is not installed in the Python that runs",
        steps="Install it with the very Python that runs the program.",
        when=r"No module named '?(?P<module>[A-Za-z_]\w{0,60})",
        commands=(
            'python3 -c "import sys; print(sys.executable)"',
            "python3 -m pip install {module}",
        ),
        prevention="Pin what the program needs, and start it out of its own environment.",
    ),
    Remedy(
        incident="environment_incompatible",
        cause="Python is older or newer than the package takes",
        steps="Make an environment with a Python that it takes.",
        when=(
            r"requires a different Python|Requires-Python|python[\s_]?(?:requires"
            r"|>=)"
        ),
        commands=(
            "python3 --version",
            "uv venv --python 3.11",
        ),
        prevention="State the version of Python in the project.",
    ),
    Remedy(
        incident="environment_incompatible",
        cause="Node is older or newer than the package takes",
        steps="Use a version of Node that its `engines` names.",
        when=r"EBADENGINE|engine|version of node",
        commands=(
            "node --version",
            "npx --yes node@22 --version",
        ),
        prevention="State the version of Node in the project.",
    ),
    Remedy(
        incident="environment_incompatible",
        cause="the encoding of the terminal or locale lacks a character",
        steps="Use UTF-8.",
        when=r"codec can|UnicodeEncodeError|filesystem encoding",
        commands=(
            "export PYTHONUTF8=1",
            "export LC_ALL=C.UTF-8",
        ),
        prevention="Set a UTF-8 locale where the program runs.",
    ),
    Remedy(
        incident="environment_incompatible",
        cause="the environment lacks what the program needs",
        steps=(
            "See which interpreter runs and what it has installed; make the environment anew "
            "from what the project pins."
        ),
        commands=('python3 -c "import sys; print(sys.executable, sys.version)"',),
        prevention="Pin what the program needs.",
    ),
    Remedy(
        incident="out_of_memory",
        cause="Node reached the limit of its heap",
        steps="Give it a larger heap, or less to hold.",
        when=r"heap out of memory|Reached heap limit",
        commands=("export NODE_OPTIONS=--max-old-space-size=4096",),
        prevention="Set the heap to what the machine has.",
    ),
    Remedy(
        incident="out_of_memory",
        cause="Java reached the limit of its heap",
        steps="Give it a larger heap, or less to hold.",
        when=r"java\.lang\.OutOfMemoryError",
        commands=("export JAVA_TOOL_OPTIONS=-Xmx4g",),
        prevention="Set the heap to what the machine has.",
    ),
    Remedy(
        incident="out_of_memory",
        cause="the process had no memory left, or was killed for it",
        steps=("See whether the system killed it; give the program more memory, or less to do at once."),
        commands=(
            "free -m",
            "cat /sys/fs/cgroup/memory.events",
            'sudo dmesg | grep -i "out of memory"',
        ),
        prevention="Give the job a limit above what it needs.",
    ),
    Remedy(
        incident="interrupted",
        cause="somebody, or the job that it belongs to, stopped it",
        steps="Run it again; where a CI job was cancelled see why there.",
        prevention="Raise the time limit of the job where that stopped it.",
    ),
    Remedy(
        incident="cli_usage_error",
        cause="the command line is not of the form that the program takes",
        steps="See the form and an example.",
        commands=("dagogy --help",),
    ),
)
