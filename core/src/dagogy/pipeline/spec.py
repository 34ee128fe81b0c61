"""The topic spec: made from a scope document where the user wrote none, or completed where parts
were left as in the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagogy.api.errors import InternalError, InvalidArgument
from dagogy.api.scope import ScopeDocument, ScopeReading, StatedTime
from dagogy.contracts.documents import decode_topic_spec, is_placeholder, parse_json
from dagogy.workspace.files import to_json

#: Hours of study a concept takes when the document does not say: from skimming it to practising it.
HOURS_A_CONCEPT = (0.5, 3.0)
HOURS_A_WEEK = 5
_CONSTRAINTS = (
    "hours_per_week",
    "total_hours_min",
    "total_hours_max",
    "depth",
    "node_count_min",
    "node_count_max",
    "max_prerequisites_per_node",
)


def synthesise_spec(document: ScopeDocument, reading: ScopeReading, written: bytes, template: bytes) -> bytes:
    """A valid topic spec for what was read, as the bytes of `topic_spec.json`.

    Front matter of the document has the first word, then what the provider read, then sober defaults;
    whatever the user already put in `written` in place of the template's text stays. Raises `InvalidArgument`
    for front matter that breaks the contract.
    """
    spec = _from_document(document, reading)
    for key, value in _kept(written, template).items():
        if key == "constraints" and isinstance(value, dict):
            spec["constraints"].update(value)
        else:
            spec[key] = value
    data = to_json(spec)
    problems = decode_topic_spec(data).problems
    if problems:
        place = problems[0].pointer.rsplit("/", 1)[-1]
        if place in document.front_matter:
            raise InvalidArgument(
                f"front matter of {document.source}: '{place}' {problems[0].message}",
                hint="'dagogy schema topic_spec' shows what is accepted",
            )
        raise InvalidArgument(
            f"no valid topic spec can be made from {document.source}: {problems[0]}",
            hint="correct inputs/topic_spec.json or the document",
        )
    return data


def _from_document(document: ScopeDocument, reading: ScopeReading) -> dict[str, Any]:
    front = document.front_matter
    title = document.title.strip().rstrip(".") or "the subject"
    # A heading such as "TODO tests" is taught all the same; as an item of a spec it would
    # read as work that is left.
    concepts = [c.title for c in reading.concepts if not is_placeholder(c.title)]
    if not concepts:
        raise InternalError(f"the provider read no concept from {document.source} and raised no error")
    # A reading that merged concepts was held to a length; what is made of it is held to the same.
    most = max(ScopeReading.MAX_CONCEPTS, len(concepts)) if any(c.merged for c in reading.concepts) else None
    return {
        "spec_version": "1.0",
        "goal": _text(front, "goal") or reading.goal or f"Explain and apply the concepts of {title}.",
        "audience": _text(front, "audience") or reading.audience or f"Learners who are new to {title}.",
        "prerequisites": _texts(front, "prerequisites") or list(reading.prerequisites),
        "scope_in": concepts,
        "scope_out": _texts(front, "scope_out") or list(reading.scope_out),
        "constraints": _constraints(front, len(concepts), most, reading.time),
        "domain_mode": front.get("domain_mode", "mature"),
        "evidence_mode": front.get("evidence_mode", "minimal"),
        "context_pack": {"domain": title},
    }


def _constraints(
    front: Mapping[str, Any], concepts: int, most: int | None, time: StatedTime
) -> dict[str, Any]:
    """Those of the front matter, else what the text states, else what suits so many concepts. `most`: the
    most nodes, where bounded."""
    return {
        "hours_per_week": HOURS_A_WEEK,
        "total_hours_min": max(1, round(concepts * HOURS_A_CONCEPT[0])),
        "total_hours_max": max(2, round(concepts * HOURS_A_CONCEPT[1])),
        "depth": "practical",
        "max_prerequisites_per_node": 4,
        **({"node_count_max": most} if most is not None else {}),
        **_stated(time),
        **{key: front[key] for key in _CONSTRAINTS if key in front},
    }


#: Of the hours that are stated the spec asks for at least this share: a curriculum in whole minutes meets no
#: exact sum.
_LEAST_PLANNED = 0.9


def _stated(time: StatedTime) -> dict[str, float]:
    """The constraints that the stated time makes. Weeks alone make hours at the pace that is assumed."""
    hours, total, weeks = time.hours_per_week, time.total_hours, time.weeks
    if total is None and weeks is not None:
        total = weeks * (hours if hours is not None else HOURS_A_WEEK)
    if hours is None and total is not None and weeks is not None:
        hours = total / weeks
    out: dict[str, float] = {}
    if hours is not None:
        out["hours_per_week"] = _tidy(hours)
    if total is not None:
        out["total_hours_min"], out["total_hours_max"] = _tidy(_LEAST_PLANNED * total), _tidy(total)
    return out


def _tidy(value: float) -> float:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def assumptions(document: ScopeDocument, reading: ScopeReading) -> list[str]:
    """What of the hours of a synthesised spec neither the front matter nor the text of the document says."""
    said = {*_stated(reading.time), *document.front_matter}
    constraints = _from_document(document, reading)["constraints"]
    out = list(reading.time.assumed)
    if "hours_per_week" not in said:
        out.append(f"{constraints['hours_per_week']} hours a week")
    if "total_hours_min" not in said or "total_hours_max" not in said:
        out.append(f"{constraints['total_hours_min']} to {constraints['total_hours_max']} hours in all")
    return out


def _text(front: Mapping[str, Any], key: str) -> str:
    value = front.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _texts(front: Mapping[str, Any], key: str) -> list[str]:
    value = front.get(key)
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    return [str(v).strip() for v in value if str(v).strip()] if isinstance(value, list) else []


def _kept(written: bytes, template: bytes) -> dict[str, Any]:
    """The parts of the written spec that are the user's: not as in the template, and no placeholder."""
    try:
        document, base = parse_json(written), parse_json(template)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    base = base if isinstance(base, dict) else {}
    kept: dict[str, Any] = {}
    for key, value in document.items():
        if value == base.get(key) or key == "spec_version":
            continue
        if key == "constraints" and isinstance(value, dict):
            kept[key] = _differing(value, base.get(key))
        elif not isinstance(value, list):
            if not _is_blank(value):
                kept[key] = value
        elif mine := [v for v in value if not _is_blank(v)]:
            kept[key] = mine
    return kept


def _differing(values: Mapping[str, Any], base: Any) -> dict[str, Any]:
    """The values that are not as in `base`; all of them where that is no mapping."""
    if not isinstance(base, dict):
        return dict(values)
    return {key: value for key, value in values.items() if value != base.get(key)}


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and is_placeholder(value)
