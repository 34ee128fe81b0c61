"""`dagogy escalate`: the evidence leaves in one file."""

from __future__ import annotations

from contextlib import suppress

import click

from dagogy.api.errors import DagogyError
from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument


@click.command(
    "escalate", epilog="\b\nExample:\n  dagogy escalate latest --note 'fails since the update of Monday'"
)
@run_argument
@click.option(
    "--with-artifacts",
    is_flag=True,
    help="Pack inputs, curriculum and plan too; without it only their size and hash are listed.",
)
@click.option("--note", default="", metavar="TEXT", help="A note to put at the top of the report.")
@common
def escalate(app: App, reference: str, with_artifacts: bool, note: str) -> None:
    """Packs what section 5 of the runbook asks for into a .tar.gz in the archive dir: report, failure
    records, diagnosis, events, run metadata.

    Secrets are redacted. Every file is then searched once more, and a secret that is left keeps the bundle
    from being written.
    """
    from dagogy.incidents.escalation import escalate as pack

    run = app.find(reference)
    app.record_lost(run)
    bundle = pack(
        app.host,
        run,
        app.settings.archive_dir,
        app.workspace.secrets(),
        with_artifacts=with_artifacts,
        note=note,
    )
    with suppress(DagogyError):  # a run that cannot be written to is escalated all the same
        run.event("escalated", command=app.command_line(), incident=bundle.incident, bundle=bundle.path.name)
    lines = [
        f"escalated {run.id} ({bundle.incident}): {bundle.path}",
        *(f"  because: {criterion}" for criterion in bundle.criteria),
    ]
    lines.append(f"  {len(bundle.manifest['files'])} files; read report.md in it before you send it")
    app.emit({"run_id": run.id, "bundle": str(bundle.path), "manifest": bundle.manifest}, *lines)


COMMANDS = {"escalate": escalate}
