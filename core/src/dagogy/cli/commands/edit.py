"""`dagogy edit`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagogy.api.errors import InvalidArgument, StorageError
from dagogy.cli.app import App
from dagogy.cli.options import common, run_argument, wait_option
from dagogy.pipeline.report import plural, summary_line

if TYPE_CHECKING:
    from dagogy.api.runs import Run

#: Bytes. A page of 100,000 concepts is shorter.
_LARGEST_PAGE = 2**28
#: The page of a session in an editor, in the run.
_PAGE = "outputs/curriculum/curriculum.md"


@click.command(
    "edit",
    epilog=(
        "\b\nExamples:\n  dagogy edit latest\n  dagogy edit latest -o course.md\n"
        "  dagogy edit latest --from course.md"
    ),
)
@run_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the page to a new file instead of opening an editor.",
)
@click.option(
    "--from",
    "page",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Take over the page in FILE ('-': standard input).",
)
@click.option("--unpin", is_flag=True, help="Let the next generation replace what was edited.")
@wait_option
@common
def edit(
    app: App, reference: str, output: Path | None, page: Path | None, unpin: bool, wait_seconds: float
) -> int:
    """Edits a curriculum as one Markdown page: titles, order, groups, prerequisites, texts and gaps; concepts
    can be added, split, merged and removed.

    Opens the page in VISUAL or EDITOR, or gives it with -o and takes it with --from. What was changed is
    checked and pinned: 'run' puts it into every later curriculum of this run.
    """
    if sum((output is not None, page is not None, unpin)) > 1:
        raise InvalidArgument("-o, --from and --unpin exclude each other", hint="give one of them")
    course = app.open(reference, wait_seconds)
    if unpin:
        pins = course.unpin()
        app.emit(
            {"run_id": course.id, "unpinned": pins},
            f"{plural(pins, 'edit')} let go of; the next 'dagogy run {course.id}' may replace it"
            if pins
            else "nothing is pinned",
        )
        return 0
    if output is not None:
        _written(output, course.page())
        app.emit(
            {"run_id": course.id, "page": str(output)},
            f"wrote {output}; change it, then: dagogy edit {course.id} --from {output}",
        )
        return 0
    return _taken(app, course, _given(page)) if page is not None else _in_editor(app, course)


def _written(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidArgument(f"{path} is there already", hint="choose another name, or remove it") from None
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}", hint="give another place") from error


def _given(path: Path) -> tuple[str, str]:
    """The text of a page, and its name for messages."""
    name = "standard input" if str(path) == "-" else str(path)
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(_LARGEST_PAGE + 1)
        else:
            with path.open("rb") as file:
                data = file.read(_LARGEST_PAGE + 1)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidArgument(f"{name} is not UTF-8", hint="save it as UTF-8") from None
    except OSError as error:
        raise InvalidArgument(
            f"cannot read {name}: {error.strerror}", hint="give the page to --from"
        ) from error
    if len(data) > _LARGEST_PAGE:
        raise InvalidArgument(
            f"{name} is longer than {_LARGEST_PAGE} bytes", hint="give the page of a curriculum"
        )
    return text, name


def _taken(app: App, course: Run, given: tuple[str, str], page: Path | None = None) -> int:
    """Takes over a page. `page`: the file to remove once that is done."""
    from dagogy.pipeline.authoring.edit import summary

    changes, report = course.edit(*given)
    if page is not None:
        page.unlink(missing_ok=True)
    document = {"run_id": course.id, "changed": bool(changes), **changes.as_dict()}
    if report is None:
        app.emit({**document, "report": None}, "nothing was changed")
        return 0
    app.emit(
        {**document, "report": dict(report)},
        f"edited {course.id}: {summary(changes)}",
        f"  validation  {summary_line(report)}",
        f"  next        dagogy {'plan' if report['passed'] else 'validate'} {course.id}",
    )
    report.raise_for_errors()
    return 0


def _in_editor(app: App, course: Run) -> int:
    """Edits the page in the run. It stays there until it was taken over: a mistake in it costs no work."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor or app.json or not sys.stdin.isatty():
        why = (
            "--json is for programs" if app.json else "this is no terminal" if editor else "EDITOR is not set"
        )
        raise InvalidArgument(
            f"no editor can be opened: {why}",
            hint=f"dagogy edit {course.id} -o FILE, change it, then: dagogy edit {course.id} --from FILE",
        )
    path, current = course.path / _PAGE, course.page()
    if path.exists() and not _given(path)[0].startswith(current[: current.index("#")]):
        # Of a curriculum that is no more: kept, since somebody may have written in it.
        old = path.with_name("curriculum.old.md")
        path.replace(old)
        app.remarks.append(f"the page that was left in the run is now {old}")
    if not path.exists():
        _written(path, current)
    click.edit(filename=str(path), editor=editor)
    return _taken(app, course, _given(path), path)


COMMANDS = {"edit": edit}
