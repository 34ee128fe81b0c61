"""`dagogy postmortem`: the post-incident report."""

from __future__ import annotations

from pathlib import Path

import click

from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument


@click.command("postmortem", epilog="\b\nExample:\n  dagogy postmortem latest --owner ana -o postmortem.md")
@run_argument
@click.option("--owner", default="", metavar="NAME", help="Who sees to the actions.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the Markdown there instead of to stdout.")
@common
def postmortem(app: App, reference: str, owner: str, output: Path | None) -> None:
    """Writes section 6 of the runbook as Markdown: timeline (what was known when), cause, prevention, owner and actions."""
    from dagogy.incidents.postmortem import markdown
    from dagogy.incidents.postmortem import postmortem as report
    from dagogy.incidents.redact import redacted
    from dagogy.workspace.files import write_atomic

    secrets = app.secrets()
    document = redacted(report(app.host, app.find(reference), owner), secrets)
    lines = [redacted(line, secrets) for line in markdown(document)]
    if output is not None:
        write_atomic(output, ("\n".join(lines) + "\n").encode(errors="backslashreplace"))
        lines = [f"wrote {output}"]
    app.emit(document, *lines)


COMMANDS = {"postmortem": postmortem}
