"""The graded vocabulary: the form of its files, and what the provider makes of it."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from dagogy_provider_internal.language.terms import vocabulary
from dagogy_provider_internal.ordering.knowledge import needs
from dagogy_provider_internal.ordering.levels import fields

FIELDS = sorted(vocabulary())


@pytest.mark.parametrize("field", FIELDS)
def test_a_term_stands_once_and_has_a_level(field: str) -> None:
    terms = [e.term for e in vocabulary()[field]]
    assert len(terms) == len(set(terms))
    assert all(t == t.strip().lower() and t for t in terms)
    assert all(1 <= e.level <= 9 for e in vocabulary()[field])


@pytest.mark.parametrize("field", FIELDS)
def test_what_a_term_needs_is_known_lower_and_never_itself(field: str) -> None:
    level = {e.term: e.level for e in vocabulary()[field]}
    graph: dict[str, list[str]] = {}
    for term, own, written in vocabulary()[field]:
        if written.startswith("="):
            assert level[written[1:]] == own, f"{term} is another name of {written[1:]}"
        elif written:
            graph[term] = written.split("; ")
            assert len(graph[term]) == len(set(graph[term]))
            for need in graph[term]:
                assert level[need] <= own, f"{term} needs {need}, which comes later"
    names = {e.term for e in vocabulary()[field] if e.needs.startswith("=")}
    assert not names & {n for of in graph.values() for n in of}, "what is needed is named by its main name"
    TopologicalSorter(graph).prepare()


def known(*titles: str) -> set[tuple[str, str]]:
    return {(titles[n.before], titles[n.after]) for n in needs(titles, {"geometry": 1.0})}


def test_a_concept_needs_another_through_terms_that_the_document_leaves_out() -> None:
    assert known("Isosceles triangles", "Rays", "Midpoint") == {("Rays", "Isosceles triangles")}
    (need,) = needs(["Isosceles triangle", "Ray"], {"geometry": 1.0})
    assert need.path[0] == "ray"
    assert need.path[-1] == "isosceles triangle"
    assert len(need.path) > 2
    assert need.value < 1


def test_terms_that_the_document_has_stand_between() -> None:
    titles = ["Ray", "Angle", "Angle bisector"]
    assert ("Ray", "Angle") in known(*titles)
    assert ("Ray", "Angle bisector") not in known(*titles)


def test_no_two_concepts_need_each_other() -> None:
    titles = [e.term for e in vocabulary()["geometry"] if e.needs][:120]
    found = known(*titles)
    assert found
    assert not {(b, a) for a, b in found} & found


def test_names_without_a_term_need_nothing() -> None:
    titles = ["Xyzzy", "Пример", "…"]
    assert needs(titles, fields(titles)) == []
