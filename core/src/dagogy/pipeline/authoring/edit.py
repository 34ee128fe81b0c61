"""What `dagogy edit` does to an open run: gives the page, and takes it back."""

from __future__ import annotations

from typing import Any

from dagogy.api.errors import InvalidArgument, StageConflict, ValidationFailed
from dagogy.contracts.documents import json_values
from dagogy.pipeline import operations
from dagogy.pipeline.authoring.changes import Changes, changed
from dagogy.pipeline.authoring.page import page_of
from dagogy.pipeline.authoring.parse import parse_page
from dagogy.pipeline.authoring.pins import PINS, amended, count, pinned, read_pins
from dagogy.pipeline.report import plural
from dagogy.pipeline.session import OpenRun
from dagogy.pipeline.stages.inputs import is_ours, write_spec
from dagogy.workspace.files import content_hash, to_json
from dagogy.workspace.stages import CURRICULUM, SPEC


def page(opened: OpenRun) -> str:
    """The curriculum of a run as a page. Raises `StageConflict` where there is none, `ValidationFailed` where
    it does not meet its schema.
    """
    if not opened.run.exists(CURRICULUM):
        opened.require(CURRICULUM, "edit")
    context = opened.context()
    curriculum = context.curriculum
    return page_of(json_values(curriculum), content_hash(context.curriculum_bytes), curriculum.nodes)


def take_over(opened: OpenRun, text: str, name: str) -> tuple[Changes, dict[str, Any] | None]:
    """Writes what an author changed in the page into the curriculum, pins it, and validates. Returns the
    changes, and the validation report, None where nothing was changed.

    Raises `PageError` for a page that cannot be read, `StageConflict` for one of another curriculum; then
    nothing is written.
    """
    current = page(opened)
    now = parse_page(text, name)
    before = parse_page(current, CURRICULUM)
    pins = read_pins(opened.run)
    values = json_values(opened.context().curriculum)
    document, changes = changed(values, before, now, name, pins["renamed"])
    if not changes:
        return changes, None
    # Taken over already, by a command that was killed before it could say so, it changes nothing.
    if now.sha256 and now.sha256 != before.sha256:
        raise StageConflict(
            f"{name} was made of another curriculum than the one that {opened.run.id} has now",
            hint=f"dagogy edit {opened.run.id} -o FILE gives today's page; write your changes into that",
        )
    pins = pinned(pins, values, document, changes)
    data = to_json(document)
    # The pins first: killed in between, the words of the author are kept all the same.
    opened.run.write_json(PINS, pins)
    if is_ours(opened):
        write_spec(opened, amended(opened.run.read(SPEC), pins))
        opened.refresh()
    opened.run.write(CURRICULUM, data)
    opened.metadata.stamps["curriculum"] = {
        "sha256": content_hash(data),
        "inputs": opened.state.inputs,
        "made_by": "author",
    }
    told = summary(changes)
    opened.metadata.note("edited", told, pinned=count(pins))
    opened.run.event("edited", **opened.session.clean(changes.as_dict(), shapes=False))
    opened.refresh(curriculum=content_hash(data))
    return changes, operations.validate(opened)


def unpin(opened: OpenRun) -> int:
    """Lets go of everything that was pinned; returns how much that was. The curriculum stays as it is."""
    try:
        pins = count(read_pins(opened.run))
    except ValidationFailed:  # a file that is none is let go of as well
        pins = 1
    opened.run.remove(PINS)
    if pins:
        # What an author wrote needs no source; from now on it does.
        opened.metadata.stamps.pop("validation", None)
        opened.metadata.note("unpinned", f"{plural(pins, 'edit')} let go of")
        opened.run.event("unpinned", pins=pins)
        opened.refresh()
    return pins


def summary(changes: Changes) -> str:
    """`4 fields of 2 concepts, 1 concept added, 1 removed, another order`."""
    if not changes:
        raise InvalidArgument("nothing was changed")
    fields = sum(map(len, changes.fields.values()))
    parts = [f"{plural(fields, 'field')} of {plural(len(changes.fields), 'concept')}"] if fields else []
    parts += [f"{plural(len(changes.added), 'concept')} added"] if changes.added else []
    parts += [f"{plural(len(changes.removed), 'concept')} removed"] if changes.removed else []
    parts += ["another order"] if changes.order else []
    parts += ["another topic"] if changes.topic else []
    return ", ".join(parts)
