"""Incidence columns against plain loops over the records, and from a store against from the records."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import few_articles, records

from eaa_graph import network
from eaa_graph.encode import encode
from eaa_graph.errors import EaaError, UnknownName
from eaa_graph.model import ACTIVATIONS, BASES, POLARITIES, ROLES, STANCES, Records
from eaa_graph.network import Incidence, selected, units_by_cell
from eaa_graph.pipeline import check, store_of
from eaa_graph.reason import infer
from eaa_graph.resources import example
from eaa_graph.store import OxigraphStore, RdflibStore

COLUMNS = ("article", "theme", "coder", "phase", "stance", "polarity", "basis", "activation", "coding_extraction",
           "coding_role", "coding_concept", "reported_article", "reported_theme", "reported_coder", "reported_value", "derived")  # fmt: skip


@cache
def pilot() -> Records:
    return check(example("eaa_pilot")).records


def assert_same(one: Incidence, other: Incidence) -> None:
    assert one.records == other.records
    assert one.extractions == other.extractions
    for name in COLUMNS:
        left, right = getattr(one, name), getattr(other, name)
        assert left.dtype == right.dtype, name
        assert left.shape == right.shape, name
        assert np.array_equal(left, right), name


# --- against plain loops -----------------------------------------------------------------------


def told_by_columns(columns: Incidence) -> dict[str, dict[str, Any]]:
    """Read the columns back into words, extraction by extraction."""

    def name(things: Any, number: int) -> str | None:
        return None if number == -1 else things[number].id if hasattr(things[number], "id") else things[number]

    told: dict[str, dict[str, Any]] = {}
    r = columns.records
    for i, extraction in enumerate(columns.extractions):
        told[extraction] = {
            "article": name(r.articles, columns.article[i]),
            "theme": name(r.concepts, columns.theme[i]),
            "coder": name(r.people, columns.coder[i]),
            "phase": name(r.phases, columns.phase[i]),
            "stance": name(STANCES, columns.stance[i]),
            "polarity": name(POLARITIES, columns.polarity[i]),
            "basis": name(BASES, columns.basis[i]),
            "activation": name(ACTIVATIONS, columns.activation[i]),
            **{role: [] for role in ROLES},
            "derived_from": [],
        }
    for e, role, concept in zip(columns.coding_extraction, columns.coding_role, columns.coding_concept, strict=True):
        told[columns.extractions[e]][ROLES[role]].append(r.concepts[concept].id)
    for e, source in columns.derived:
        told[columns.extractions[e]]["derived_from"].append(columns.extractions[source])
    return told


def told_by_records(review: Records) -> dict[str, dict[str, Any]]:
    plain = ("article", "theme", "coder", "phase", "stance", "polarity", "basis", "activation")
    return {
        e.id: {
            **{field: getattr(e, field) for field in plain},
            **{role: sorted(e.codes(role)) for role in ROLES},
            "derived_from": sorted(e.derived_from),
        }
        for e in review.extractions
    }


def reports(columns: Incidence) -> list[tuple[str, str, str | None, bool]]:
    r = columns.records
    return [
        (r.articles[a].id, r.concepts[t].id, None if c == -1 else r.people[c].id, bool(v))
        for a, t, c, v in zip(
            columns.reported_article,
            columns.reported_theme,
            columns.reported_coder,
            columns.reported_value,
            strict=True,
        )
    ]


def assert_told(columns: Incidence, review: Records) -> None:
    told = told_by_columns(columns)
    for found in told.values():
        for role in ROLES:
            found[role].sort()
        found["derived_from"].sort()
    assert told == told_by_records(review)
    assert reports(columns) == [(r.article, r.theme, r.coder, r.reported) for r in review.reported]


@settings(max_examples=40)
@given(records(most=4))
def test_columns_say_what_the_records_say(review: Records) -> None:
    columns = Incidence.from_records(review)
    assert_told(columns, review)
    assert list(columns.extractions) == sorted(columns.extractions) == list(columns)
    assert len(columns) == len(review.extractions)
    codings = list(zip(columns.coding_extraction, columns.coding_role, columns.coding_concept, strict=True))
    assert codings == sorted(codings)
    assert columns.records.extractions == columns.records.reported == ()


def test_columns_of_the_pilot_say_what_its_records_say() -> None:
    columns = Incidence.from_records(pilot())
    assert len(columns) == len(pilot().extractions) > 800
    assert_told(columns, pilot())


@settings(max_examples=25)
@given(records(most=4), st.data())
def test_where_keeps_what_it_is_told_to(review: Records, data: st.DataObject) -> None:
    columns = Incidence.from_records(review)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(columns), max_size=len(columns))), dtype=np.bool_)
    kept = {e for e, k in zip(columns.extractions, keep, strict=True) if k}
    left = [
        e.model_copy(update={"derived_from": tuple(d for d in e.derived_from if d in kept)})
        for e in review.extractions
        if e.id in kept
    ]
    smaller = review.model_copy(update={"extractions": tuple(left)})
    assert_same(columns.where(keep), Incidence.from_records(smaller))


@pytest.mark.parametrize("coder", ["coder-a", "coder-b", "consensus"])
def test_the_columns_of_a_coder_are_those_of_a_review_of_their_own(coder: str) -> None:
    mine = [e for e in pilot().extractions if e.coder == coder]
    ids = {e.id for e in mine}
    own = pilot().model_copy(
        update={
            "extractions": tuple(
                e.model_copy(update={"derived_from": tuple(d for d in e.derived_from if d in ids)}) for e in mine
            ),
            "reported": tuple(r for r in pilot().reported if r.coder == coder),
        }
    )
    chosen = selected(Incidence.from_records(pilot()), coder)
    assert_same(chosen, Incidence.from_records(own))
    assert chosen.coders == (chosen.coder_index[coder],)


def test_whose_columns_are_meant() -> None:
    columns = Incidence.from_records(pilot())
    assert_same(selected(columns), selected(columns, "consensus"))
    assert selected(columns, "all") is columns
    nobody = pilot().model_copy(update={"review": pilot().review.model_copy(update={"preferred_coder": None})})
    assert len(selected(Incidence.from_records(nobody))) == len(columns)
    with pytest.raises(UnknownName, match="did you mean 'coder-a'"):
        selected(columns, "coder-aa")


# --- looking up ---------------------------------------------------------------------------------


def test_things_are_found_by_id_and_label() -> None:
    columns = Incidence.from_records(pilot())
    number = columns.concept("mixed-groups") if "mixed-groups" in columns.concept_index else columns.concept("dialogue")
    concept = columns.concepts[number]
    assert columns.concept(concept.label.upper()) == number
    assert columns.concept_thing(number) == ("concept", concept.id, concept.label)
    assert columns.article_thing(0).id == pilot().articles[0].id
    with pytest.raises(UnknownName, match="did you mean 'dialogue'"):
        columns.concept("dialoge")
    with pytest.raises(UnknownName):
        columns.listed("mechanisms")
    assert {columns.concepts[i].id for i in columns.listed("theme")} == {
        c.id for c in pilot().concepts if c.listed_as == "theme"
    }
    assert {columns.concepts[i].id for i in columns.coded("outcome")} == {
        c for e in pilot().extractions for c in e.outcomes
    }
    assert columns.ids([2, 0, 2]) == (columns.extractions[0], columns.extractions[2])


def test_articles_of_one_study_share_its_number() -> None:
    articles = [
        a.model_copy(update={"study": s}) for a, s in zip(pilot().articles, ["x", None, "x", "y", None], strict=False)
    ]
    review = few_articles(pilot(), 5).model_copy(update={"articles": tuple(articles)})
    assert Incidence.from_records(review).study.tolist() == [0, 1, 0, 2, 3]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=20))
def test_a_matrix_has_a_one_wherever_a_pair_occurs(pairs: list[tuple[int, int]]) -> None:
    columns = Incidence.from_records(few_articles(pilot(), 1))
    rows, across = (np.array([p[i] for p in pairs], dtype=np.int32) for i in (0, 1))
    expected = np.zeros((5, 4), dtype=np.int32)
    for row, column in pairs:
        expected[row, column] = 1
    assert np.array_equal(columns.matrix(rows, across, (5, 4)).toarray(), expected)


# --- from a store -----------------------------------------------------------------------------------


@settings(max_examples=30)
@given(records())
def test_columns_from_a_store_equal_those_from_its_records(review: Records) -> None:
    store = OxigraphStore()
    store.add(encode(review))
    assert_same(Incidence.from_store(store), Incidence.from_records(review))


@pytest.mark.parametrize("name", ["eaa_pilot", "eaa_published", "example_minimal", "example_messy"])
def test_columns_from_the_store_of_a_shipped_review(name: str) -> None:
    checked = check(example(name))
    assert_same(Incidence.from_store(store_of(checked)), Incidence.from_records(checked.records))


def test_what_is_inferred_changes_no_column() -> None:
    checked = check(example("eaa_pilot"))
    store = store_of(checked)
    infer(store, "https://w3id.org/eaa/id/eaa-pilot/")
    assert_same(Incidence.from_store(store), Incidence.from_records(checked.records))


def test_columns_from_rdflib() -> None:
    review = few_articles(pilot(), 3)
    store = RdflibStore()
    store.add(encode(review))
    assert_same(Incidence.from_store(store), Incidence.from_records(review))


def test_a_store_without_a_review_says_so() -> None:
    with pytest.raises(EaaError, match="0 reviews"):
        Incidence.from_store(OxigraphStore())


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20))), st.integers(0, 1))
def test_units_by_cell_counts_each_once(pairs: list[tuple[int, int]], most: int) -> None:
    cell = np.array([c for c, _ in pairs], dtype=np.int64)
    unit = np.array([u for _, u in pairs], dtype=np.int32)
    with pytest.MonkeyPatch.context() as patch:
        if most == 0:  # by sorting, as where there are too many cells for flags
            patch.setattr(network, "_MOST_FLAGS", 0)
        found = units_by_cell(cell, unit, 5, 21)
    assert found.tolist() == [len({u for c, u in pairs if c == each}) for each in range(5)]


def test_codings_in_a_role_are_those_of_all_codings() -> None:
    incidence = Incidence.from_records(check(example("eaa_pilot")).records)
    for number, role in enumerate(ROLES):
        extraction, concept = incidence.in_role(role)
        chosen = incidence.coding_role == number
        assert extraction.tolist() == incidence.coding_extraction[chosen].tolist()
        assert concept.tolist() == incidence.coding_concept[chosen].tolist()
        assert incidence.coded(role).tolist() == sorted(set(concept.tolist()))
