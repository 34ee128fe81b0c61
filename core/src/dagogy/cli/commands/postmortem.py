"""`dagogy postmortem`: the post-incident report."""

from __future__ import annotations

from pathlib import Path

import click

from dagogy.api.errors import InvalidArgument
from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument
from dagogy.workspace.runs import Run


@click.command(
    "postmortem",
    epilog=(
        "\b\nExamples:\n  dagogy postmortem latest --owner ana -o postmortem.md\n"
        "  dagogy postmortem latest --regression-test tests"
    ),
)
@run_argument
@click.option("--owner", default="", metavar="NAME", help="Who sees to the actions.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the Markdown there instead of to stdout.",
)
@click.option(
    "--regression-test",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help=(
        "For a code defect: write a test there, with the failure as a fixture, that fails until the defect "
        "is fixed."
    ),
)
@common
def postmortem(app: App, reference: str, owner: str, output: Path | None, folder: Path | None) -> None:
    """Writes section 6 of the runbook as Markdown: timeline (what was known when), cause,
    prevention, owner and actions.
    """
    from dagogy.api.secrets import redacted
    from dagogy.incidents.postmortem import markdown
    from dagogy.incidents.postmortem import postmortem as report
    from dagogy.pipeline.markdown import document as markdown_document
    from dagogy.workspace.files import export_atomic

    secrets = app.workspace.secrets()
    run = app.find(reference)
    app.record_lost(run)
    document = report(app.host, run, owner)
    test = _regression_test(app, run, document["defect"], folder) if folder is not None else []
    document = redacted({**document, "regression_test": test}, secrets)
    lines = [redacted(line, secrets) for line in markdown(document)]
    if output is not None:
        export_atomic(output, markdown_document(lines).encode())
        lines = [f"wrote {output}"]
    app.emit(document, *lines)
    if test:
        app.note(
            f"wrote {' and '.join(test)}",
            f"next: python -m pytest {test[1]} (it fails until the defect is fixed)",
        )


def _regression_test(app: App, run: Run, defect: str, folder: Path) -> list[str]:
    """The paths of fixture and test. Raises `InvalidArgument` where no defect is suspected (such a
    test would prove nothing), where the record may be a stranger's, and where the command may do
    more than go on with the run."""
    from dagogy.cli.replays import replayable
    from dagogy.incidents.history import history
    from dagogy.incidents.regression import replayed_words, write_regression_test
    from dagogy.workspace.provenance import objection

    last = history(app.host, run).last
    if last is None or not defect:
        raise InvalidArgument(
            f"the last failure of {run.id} is no suspected defect in code: a regression test would not test "
            "anything",
            hint=f"dagogy diagnose {run.id}",
        )
    # The test runs the recorded command with what it named: a stranger's record would
    # command whoever runs the tests.
    stranger, way_out = objection(last.document, run.path, app.settings.environ)
    if stranger:
        raise InvalidArgument(
            f"no regression test is written from {last.record}: {stranger}",
            hint=way_out
            or "run the failed command again yourself, if you know it; its own record can be made a test",
        )
    unsafe, files = replayable(replayed_words(last, run.id), run.id)
    if unsafe:
        raise InvalidArgument(
            f"no regression test is written: it would run '{last.command}', and {unsafe}",
            hint=f"write the test by hand; the record has the facts: {last.record}",
        )
    return [
        str(path)
        for path in write_regression_test(run, last, app.settings, app.workspace.secrets(), folder, files)
    ]


COMMANDS = {"postmortem": postmortem}
