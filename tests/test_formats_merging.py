"""Two coders' folders become one; importing again updates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph.merging import merge, update
from eaa_graph.model import Appraisal, Article, Concept, Configuration, Extraction, Person, Records, Review
from eaa_graph.readers.csv_folder import read_folder
from eaa_graph.validate import validate

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pilot() -> Records:
    return validate(read_folder(ROOT / "data" / "eaa_pilot")).records


def part(records: Records, coder: str) -> Records:
    return records.model_copy(
        update={
            "extractions": tuple(e for e in records.extractions if e.coder == coder),
            "reported": tuple(r for r in records.reported if r.coder == coder),
            "appraisals": tuple(r for r in records.appraisals if r.assessor == coder),
        }
    )


def test_the_pilots_coders_merge_into_the_pilot(pilot: Records) -> None:
    a, b, c = (part(pilot, p) for p in ("coder-a", "coder-b", "consensus"))
    first = merge(a, b)
    assert (len(first.conflicts), first.findings) == (0, ())
    assert merge(first.records, c).records == pilot


def test_merging_with_itself_changes_nothing(pilot: Records) -> None:
    merged = merge(pilot, pilot)
    assert merged.records == pilot
    assert not merged.conflicts.rows
    assert update(pilot, pilot).records == pilot


words = st.sampled_from(["x", "y", "z"])
some = st.none() | words
refs = st.lists(words, max_size=2, unique=True).map(lambda v: tuple(sorted(v)))


@st.composite
def reviews(draw: st.DrawFn) -> Records:
    ids = st.lists(words, max_size=3, unique=True)
    return Records(
        review=Review(id="r", title=draw(words), question=draw(some)),
        people=tuple(Person(id=i, name=draw(some)) for i in draw(ids)),
        articles=tuple(
            Article(id=i, title=draw(some), attributes=tuple((k, draw(words)) for k in sorted(draw(ids))))
            for i in draw(ids)
        ),
        concepts=tuple(Concept(id=i, label=draw(words), synonyms=draw(refs)) for i in draw(ids)),
        extractions=tuple(
            Extraction(
                id=i,
                article="x",
                contexts=draw(refs),
                quote=draw(some),
                derived_from=tuple(d for d in draw(refs) if d < i),
            )
            for i in draw(ids)
        ),
        appraisals=tuple(Appraisal(target=i, relevance=draw(some), assessor="x") for i in draw(ids)),
        configurations=tuple(Configuration(id=i, supporting=draw(refs), statement=draw(some)) for i in draw(ids)),
    ).ordered()


def cells(records: Records) -> set[tuple[Any, ...]]:
    """Return every filled cell but those that point at extractions, without the ids of extractions."""
    result = set()
    for name in Records.model_fields:
        for record in [records.review] if name == "review" else getattr(records, name):
            key = () if name == "extractions" else record.key
            for field in type(record).model_fields:
                value = getattr(record, field)
                if value in (None, ()) or (name, field) == ("extractions", "id") or field in ("derived_from", "target"):
                    continue
                if name == "appraisals":
                    continue
                values = value if isinstance(value, tuple) else (value,)
                result |= {(name, key, field, v) for v in values}
    return result


@settings(max_examples=150, deadline=None)
@given(a=reviews(), b=reviews())
def test_nothing_is_lost_and_nothing_overwritten(a: Records, b: Records) -> None:
    merged = merge(a, b)
    there = cells(merged.records)
    assert cells(a) <= there
    told = {(str(r["sheet"]), r["column"], r["second"]) for r in merged.conflicts.records()}
    for name, key, field, value in cells(b) - there:
        if field == "supporting":
            # Pointed at an extraction that got another id.
            assert any(
                x[0] == name and x[1] == key and x[2] == field and str(x[3]).startswith(f"{value}~") for x in there
            )
        elif field == "attributes":
            assert (name, value[0], value[1]) in told
        else:
            assert any(
                sheet == name and column == field and str(value) in str(second) for sheet, column, second in told
            )
    assert len({e.id for e in merged.records.extractions}) == len(merged.records.extractions)


@settings(max_examples=150, deadline=None)
@given(a=reviews(), b=reviews())
def test_merging_again_changes_nothing(a: Records, b: Records) -> None:
    once = merge(a, b).records
    assert merge(once, once).records == once
    assert merge(once, a).records == once
    assert merge(once, b).records == once


@settings(max_examples=100, deadline=None)
@given(a=reviews(), b=reviews())
def test_updating_twice_is_updating_once(a: Records, b: Records) -> None:
    once = update(a, b)
    assert cells(b) <= cells(once.records) | {c for c in cells(b) if c[0] == "extractions"}
    again = update(once.records, b)
    assert again.records == once.records
    assert not again.conflicts.rows


def test_two_extractions_under_one_id_both_stay() -> None:
    base = Records(review=Review(id="r", title="t"), articles=(Article(id="x"),))
    a = base.model_copy(update={"extractions": (Extraction(id="e1", article="x", contexts=("c",), coder="ann"),)})
    b = base.model_copy(
        update={
            "extractions": (
                Extraction(id="e1", article="x", contexts=("d",), coder="bob"),
                Extraction(id="e2", article="x", derived_from=("e1",)),
            ),
            "configurations": (Configuration(id="k", supporting=("e1",)),),
            "appraisals": (Appraisal(target="e1", relevance="high"),),
        }
    )
    merged = merge(a, b, ("ann's", "bob's"))
    assert [(e.id, e.contexts, e.derived_from) for e in merged.records.extractions] == [
        ("e1", ("c",), ()),
        ("e1~2", ("d",), ()),
        ("e2", (), ("e1~2",)),
    ]
    assert merged.records.configurations[0].supporting == ("e1~2",)
    assert merged.records.appraisals[0].target == "e1~2"
    assert merged.conflicts.opens(0, "first") == ("e1", "e1~2")
    assert {f.rule for f in merged.findings} == {"merge-conflict"}
    assert merge(merged.records, b).records == merged.records


def test_an_import_that_lost_something_says_so() -> None:
    base = Records(review=Review(id="r", title="t"))
    old = base.model_copy(update={"articles": (Article(id="x", title="by hand"), Article(id="y"))})
    new = base.model_copy(update={"articles": (Article(id="x", year=2019),)})
    merged = update(old, new)
    assert merged.records.articles == (Article(id="x", title="by hand", year=2019), Article(id="y"))
    assert [f.rule for f in merged.findings] == ["import-gone"]
