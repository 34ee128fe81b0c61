"""The entry of the `dagogy` command. It imports nothing at the top, so that Ctrl-C finds a handler as early as can be."""

import sys


def main(argv: "list[str] | None" = None) -> None:
    """Runs one command and leaves with its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments == ["--version"]:
            import os

            # Whoever closed stdout does not want to know.
            if sys.stdout is not None and not os.environ.get("_DAGOGY_COMPLETE"):
                from dagogy import __version__

                print(f"dagogy {__version__}")
                sys.exit(0)
        from dagogy.cli.app import run

        status = run(arguments)
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("[interrupted] stopped before the command began\n")
        status = 130
    sys.exit(status)
