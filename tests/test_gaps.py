"""Gaps: hand-worked cases for every type, oracles for every chance, properties, the pilot, dossiers, shipped queries."""

from __future__ import annotations

import html.parser
import itertools
import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph import encode, pipeline, queries, registry, resources
from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.findings import SEVERITIES
from eaa_graph.gaps import TYPES, GapRule
from eaa_graph.gaps.cells import cells, contradictory_cells, empty_and_thin_cells
from eaa_graph.gaps.combinations import claimed_pairs, untested_combinations
from eaa_graph.gaps.dossier import dossier
from eaa_graph.gaps.expectations import expectations
from eaa_graph.gaps.holes import structural_holes, theory_graph
from eaa_graph.gaps.looked_for import not_looked_for
from eaa_graph.gaps.register import collect, find, findings_of, gap_register
from eaa_graph.gaps.surprise import at_most, in_words
from eaa_graph.gaps.versions import compare, gap_changes
from eaa_graph.model import (
    Appraisal,
    Article,
    Change,
    Claim,
    Concept,
    Configuration,
    Expectation,
    Extraction,
    Person,
    Records,
    Reported,
    Review,
    Theory,
)
from eaa_graph.network import Incidence, selected
from eaa_graph.settings import Settings
from eaa_graph.store import open_store
from eaa_graph.tables import Table, Thing


def _concept(name: str, kind: str, **more: object) -> Concept:
    return Concept(id=name, label=more.pop("label", name), listed_as=kind, **more)


CONCEPTS = (
    _concept("why", "theme", position=1),
    _concept("how", "theme", position=2),
    _concept("end", "theme", position=3),
    _concept("talk", "mechanism", status="framework", definition="Talking back and forth"),
    _concept("write", "mechanism", status="framework"),
    _concept("power", "mechanism", status="external"),
    _concept("play", "mechanism", status="external"),
    _concept("shared-power", "mechanism", broader=("power",)),
    _concept("mixed", "context"),
    _concept("ward", "context"),
    _concept("peace", "outcome", status="framework"),
    _concept("plan", "outcome"),
)


def _articles(count: int) -> tuple[Article, ...]:
    return tuple(Article(id=f"a{n}") for n in range(count))


def _records(
    extractions: tuple[Extraction, ...] = (), articles: int = 6, reported: tuple[Reported, ...] = (), **more: object
) -> Records:
    people = more.pop("people", (Person(id="x"),))
    concepts = more.pop("concepts", CONCEPTS)
    return Records(
        review=Review(id="r", title="r", preferred_coder=more.pop("preferred", None)),
        people=people,
        articles=_articles(articles),
        concepts=concepts,
        extractions=extractions,
        reported=reported,
        **more,
    ).ordered()


def _passage(name: str, article: int, theme: str | None = None, **more: object) -> Extraction:
    return Extraction(id=name, article=f"a{article}", theme=theme, coder=more.pop("coder", "x"), **more)


def _says(theme: str, yes: str, no: str = "", coder: str = "x") -> tuple[Reported, ...]:
    return tuple(Reported(article=f"a{n}", theme=theme, reported=True, coder=coder) for n in yes) + tuple(
        Reported(article=f"a{n}", theme=theme, reported=False, coder=coder) for n in no
    )


def _incidence(*args: object, **more: object) -> Incidence:
    return Incidence.from_records(_records(*args, **more))


def _cell(table: Table, concept: str, column: str) -> dict[str, object]:
    return next(r for r in table.records() if (r["concept"].id, r["column"].id) == (concept, column))


WORKED = (
    _passage("p1", 0, "how", mechanisms=("talk",), stance="supports"),
    _passage("p2", 1, "how", mechanisms=("talk",), stance="challenges"),
    _passage("p3", 2, "how", mechanisms=("talk",), stance="supports"),
    _passage("p4", 2, "how", mechanisms=("write",), polarity="hindering"),
    _passage("p5", 0, "why", mechanisms=("talk",), stance="supports"),
    _passage("p6", 1, "why", contexts=("write",)),
    _passage("p7", 3, mechanisms=("talk",)),
)
WORKED_REPORTS = (*_says("why", "0123", "45"), *_says("how", "012", "345"), *_says("end", "", "012"))


# --- how surprising ---------------------------------------------------------------------------


@given(st.integers(1, 60), st.data())
def test_at_most_is_the_lower_tail_of_the_hypergeometric(units: int, data: st.DataObject) -> None:
    from scipy.stats import hypergeom

    marked, drawn = data.draw(st.integers(0, units)), data.draw(st.integers(0, units))
    low, high = max(0, marked + drawn - units), min(marked, drawn)
    seen = np.arange(low, high + 1)
    many = np.full(len(seen), units), np.full(len(seen), marked), np.full(len(seen), drawn)
    np.testing.assert_allclose(at_most(seen, *many), hypergeom.cdf(seen, units, marked, drawn), rtol=1e-9, atol=1e-13)


def test_at_most_holds_for_large_reviews_and_small_tails() -> None:
    from scipy.stats import hypergeom

    units, marked, drawn = 70_000, 3_000, 10_000
    seen = np.array([250, 300, 400, 428, 500, 3_000])
    many = [np.full(len(seen), n) for n in (units, marked, drawn)]
    np.testing.assert_allclose(at_most(seen, *many), hypergeom.cdf(seen, units, marked, drawn), rtol=1e-7)


def test_at_most_counts_every_way_of_drawing() -> None:
    # 3 of 6 marked, 4 drawn: of the 15 ways of drawing, 3 hold only one marked unit.
    ways = [len(set(w) & {0, 1, 2}) for w in itertools.combinations(range(6), 4)]
    for seen in (1, 2, 3):
        expected = sum(w <= seen for w in ways) / len(ways)
        got = at_most(np.array([seen]), np.array([6]), np.array([3]), np.array([4]))
        assert got[0] == pytest.approx(expected)


def test_at_most_refuses_impossible_margins() -> None:
    with pytest.raises(ValueError, match="margins"):
        at_most(np.array([0]), np.array([5]), np.array([4]), np.array([4]))


def test_surprise_in_words_follows_p_and_q() -> None:
    assert in_words(0.001, 0.01) == "surprising"
    assert in_words(0.04, 0.2).startswith("surprising alone")
    assert in_words(0.3, 0.9) == "not surprising"
    assert in_words(None, None) == ""


# --- cells ---------------------------------------------------------------------------------------


def test_every_type_of_cell_by_hand() -> None:
    table = empty_and_thin_cells(_incidence(WORKED, reported=WORKED_REPORTS), show="all", thin=1)
    kinds = {(r["concept"].id, r["column"].id): r["type"] for r in table.records()}
    assert kinds["talk", "how"] == "contradictory"  # p1 and p3 support, p2 challenges
    assert kinds["write", "how"] == "reported absent"  # p4, and only p4, hinders
    assert kinds["talk", "why"] == "thin"  # p5 alone
    assert kinds["write", "why"] == "latent in a theme"  # p6 codes it as context
    assert kinds["power", "why"] == "empty"
    assert kinds["talk", "end"] == "not reported"  # three articles say no, none yes
    assert empty_and_thin_cells(_incidence(WORKED), show="all").records()  # no reports at all: see below


def test_counts_denominators_and_chances_by_hand() -> None:
    from scipy.stats import hypergeom

    table = empty_and_thin_cells(_incidence(WORKED, reported=WORKED_REPORTS), show="all")
    row = _cell(table, "talk", "how")
    # Places: four articles report why, three report how. talk stands in three places of how and one of why.
    assert (row["count"], row["out_of"], row["row_total"]) == (3, 3, 4)
    assert row["expected"] == pytest.approx(4 * 3 / 7)
    assert row["p"] == pytest.approx(hypergeom.cdf(3, 7, 4, 3))
    assert _cell(table, "write", "why")["p"] == pytest.approx(hypergeom.cdf(0, 7, 1, 4))
    none = _cell(table, "talk", "end")
    assert (none["out_of"], none["expected"], none["p"], none["q"]) == (0, None, None, None)
    assert "7 such places" in table.denominator
    assert "1 extraction without a theme" in table.note


def test_a_theme_of_which_nobody_recorded_anything_is_not_looked_for() -> None:
    table = empty_and_thin_cells(_incidence(WORKED[:2], reported=_says("how", "01")), show="all")
    assert _cell(table, "talk", "why")["type"] == "not looked for"
    assert _cell(table, "power", "how")["type"] == "empty"


def test_without_any_theme_report_every_article_read_counts() -> None:
    table = empty_and_thin_cells(_incidence(WORKED), show="all")
    assert {r["out_of"] for r in table.records()} == {4}  # articles 0 to 3 hold passages, 4 and 5 none
    assert "Nobody recorded which themes" in table.note


def test_passages_under_a_theme_said_not_to_be_reported_are_counted_and_told() -> None:
    table = empty_and_thin_cells(_incidence(WORKED[:1], reported=_says("how", "1", "0")), show="all")
    assert _cell(table, "talk", "how")["out_of"] == 2
    assert "said not to be reported" in table.note


def test_cells_open_onto_their_passages() -> None:
    table = empty_and_thin_cells(_incidence(WORKED, reported=WORKED_REPORTS), show="all")
    place = {(r["concept"].id, r["column"].id): n for n, r in enumerate(table.records())}
    talk = place["talk", "how"]
    assert table.opens(talk, "count") == ("p1", "p2", "p3")
    assert table.opens(talk, "supporting") == ("p1", "p3")
    assert table.opens(talk, "challenging") == ("p2",)
    assert table.opens(talk, "row_total") == ("p1", "p2", "p3", "p5")
    assert table.opens(place["write", "why"], "latent") == ("p6",)
    assert table.opens(place["write", "how"], "speaking_against") == ("p4",)
    assert table.opens(talk, "out_of") == ()


def test_q_is_over_all_cells_whichever_are_shown() -> None:
    from scipy.stats import false_discovery_control

    incidence = _incidence(WORKED, reported=WORKED_REPORTS)
    every = list(empty_and_thin_cells(incidence, show="all").records())
    tested = [r for r in every if r["p"] is not None]
    np.testing.assert_allclose([r["q"] for r in tested], false_discovery_control([r["p"] for r in tested]))
    shown = {(r["concept"].id, r["column"].id): r["q"] for r in empty_and_thin_cells(incidence).records()}
    assert shown
    assert all(q == next(r["q"] for r in every if (r["concept"].id, r["column"].id) == key) for key, q in shown.items())


def test_null_coded_spreads_over_what_is_coded() -> None:
    from scipy.stats import hypergeom

    table = empty_and_thin_cells(_incidence(WORKED, reported=WORKED_REPORTS), null="coded", show="all")
    # Five places hold a mechanism: four of how (talk three times, write once), one of why.
    assert _cell(table, "talk", "why")["p"] == pytest.approx(hypergeom.cdf(1, 5, 4, 1))
    assert _cell(table, "talk", "how")["expected"] == pytest.approx(4 * 4 / 5)


def test_studies_count_once() -> None:
    records = _records(WORKED, reported=WORKED_REPORTS)
    joined = tuple(a.model_copy(update={"study": "s"}) if a.id in ("a0", "a1", "a2") else a for a in records.articles)
    incidence = Incidence.from_records(records.model_copy(update={"articles": joined}))
    row = _cell(empty_and_thin_cells(incidence, unit="study", show="all"), "talk", "how")
    assert (row["count"], row["out_of"]) == (1, 1)


def test_concepts_with_concepts_by_article_and_by_passage() -> None:
    from scipy.stats import hypergeom

    passages = (
        _passage("p1", 0, mechanisms=("talk",), outcomes=("peace",)),
        _passage("p2", 1, mechanisms=("talk",)),
        _passage("p3", 1, outcomes=("plan",)),
        _passage("p4", 2, mechanisms=("write",)),
    )
    incidence = _incidence(passages)
    by_article = empty_and_thin_cells(incidence, columns="outcome", show="all")
    row = _cell(by_article, "talk", "plan")
    assert (row["count"], row["out_of"], row["row_total"]) == (1, 1, 2)
    assert row["p"] == pytest.approx(hypergeom.cdf(1, 3, 2, 1))  # three articles were coded
    assert by_article.opens([r["concept"].id for r in by_article.records()].index("talk"), "count") == ("p1",)
    by_passage = empty_and_thin_cells(incidence, columns="outcome", unit="extraction", show="all")
    assert _cell(by_passage, "talk", "plan")["type"] == "untested combination"
    assert _cell(by_passage, "power", "plan")["type"] == "empty"
    pairs = empty_and_thin_cells(incidence, columns="mechanism", show="all")
    assert len(pairs) == 5 * 4 // 2  # five mechanisms, each pair once


def test_curveball_agrees_with_the_exact_tail_where_it_should_and_keeps_its_seed() -> None:
    # With one concept in each place, keeping places adds nothing to keeping totals.
    passages = tuple(
        _passage(f"p{n}", n, "how" if n < 4 else "why", mechanisms=("talk" if n < 2 else "write",)) for n in range(12)
    )
    reports = (
        *_says("how", "0123"),
        *(Reported(article=f"a{n}", theme="why", reported=True, coder="x") for n in range(4, 12)),
    )
    concepts = tuple(c for c in CONCEPTS if c.id in ("how", "why", "talk", "write"))
    incidence = _incidence(passages, articles=12, reported=reports, concepts=concepts)
    exact = cells(incidence)
    drawn = cells(incidence, null="curveball", permutations=4000)
    np.testing.assert_allclose(drawn.p, exact.p, atol=0.03)
    np.testing.assert_allclose(drawn.expected, exact.expected, atol=0.1)
    again = empty_and_thin_cells(incidence, null="curveball", permutations=50, seed=3, show="all")
    assert again.rows == empty_and_thin_cells(incidence, null="curveball", permutations=50, seed=3, show="all").rows
    assert "seed 3" in again.note


def test_nonsense_is_refused_with_a_reason() -> None:
    incidence = _incidence(WORKED, reported=WORKED_REPORTS)
    with pytest.raises(Refused, match="no extraction"):
        empty_and_thin_cells(_incidence())
    with pytest.raises(Refused, match="recorded of articles"):
        empty_and_thin_cells(incidence, unit="extraction")
    with pytest.raises(Refused, match="no concept"):
        empty_and_thin_cells(incidence, rows="actor")
    with pytest.raises(Refused, match="about themes"):
        empty_and_thin_cells(incidence, columns="outcome", null="coded")
    with pytest.raises(Refused, match="no themes"):
        empty_and_thin_cells(
            _incidence((_passage("p", 0, mechanisms=("talk",)),), concepts=(_concept("talk", "mechanism"),))
        )
    with pytest.raises(UnknownName):
        empty_and_thin_cells(incidence, columns="colour")
    with pytest.raises(BadSettings):
        empty_and_thin_cells(incidence, thin=-1)


def test_contradictory_cells_by_hand() -> None:
    passages = (
        _passage("p1", 0, "how", mechanisms=("talk",), outcomes=("peace",), stance="supports", polarity="enabling"),
        _passage("p2", 1, "how", mechanisms=("talk",), stance="challenges", polarity="enabling"),
        _passage("p3", 1, "how", mechanisms=("talk",), stance="supports"),
        _passage("p4", 2, "how", mechanisms=("talk",), stance="refines", polarity="hindering"),
        _passage("p5", 3, "why", mechanisms=("talk",), stance="challenges"),
    )
    incidence = _incidence(passages)
    (row,) = contradictory_cells(incidence).records()
    assert (row["supporting"], row["challenging"], row["both"], row["neither"]) == (2, 1, 1, 1)
    table = contradictory_cells(incidence, by="either")
    assert [r["by"] for r in table.records()] == ["polarity", "stance"]
    assert table.opens(0, "challenging") == ("p4",)
    assert table.opens(1, "reading") == ("p1", "p2", "p3")
    assert not len(contradictory_cells(incidence, columns="outcome"))


# --- looked for or not -----------------------------------------------------------------------------


def test_not_looked_for_and_not_reported_by_hand() -> None:
    reports = (*_says("why", "0", "1"), *_says("how", "01"))
    table = not_looked_for(_incidence((_passage("p", 2, "how", mechanisms=("talk",)),), articles=5, reported=reports))
    rows = [
        (r["type"], r["subject"].id if r["subject"] else None, r["articles"], [t.id for t in r["which"]])
        for r in table.records()
    ]
    assert rows == [
        ("not looked for", None, 2, ["a3", "a4"]),  # nobody read them
        ("not looked for", "why", 1, ["a2"]),
        ("not reported", "why", 1, ["a1"]),
        ("not looked for", "end", 3, ["a0", "a1", "a2"]),
    ]
    detailed = not_looked_for(
        _incidence((_passage("p", 2, "how", mechanisms=("talk",)),), articles=5, reported=reports), detail="articles"
    )
    assert len(detailed) == 2 + 1 + 1 + 3


def test_without_theme_reports_that_is_what_is_said() -> None:
    table = not_looked_for(_incidence(WORKED))
    assert any("Fill the sheet 'reported'" in str(r["reading"]) for r in table.records())


def test_a_code_that_one_coder_never_had() -> None:
    people = (Person(id="x"), Person(id="y"), Person(id="z", reads=("x", "y")))
    passages = (
        _passage("p1", 0, "how", mechanisms=("talk", "play"), coder="x"),
        _passage("p2", 0, "how", mechanisms=("talk",), coder="y"),
        _passage("p3", 1, "how", mechanisms=("play",), coder="x"),
        _passage("p4", 0, "how", mechanisms=("talk",), coder="z"),
    )
    table = not_looked_for(_incidence(passages, people=people, articles=2))
    (row,) = [r for r in table.records() if r["coder"]]
    assert (row["subject"].id, row["coder"].id, row["articles"], row["out_of"]) == ("play", "y", 1, 2)
    assert table.opens(table.rows.index(tuple(row.values())), "articles") == ("p1", "p3")


# --- expectations -------------------------------------------------------------------------------------


def test_what_became_of_each_expectation() -> None:
    concepts = (*CONCEPTS, _concept("care", "mechanism"), _concept("time", "mechanism"), _concept("tone", "mechanism"))
    passages = (
        _passage("p1", 0, "how", mechanisms=("power", "talk")),
        _passage("p2", 1, "power", mechanisms=("talk",)),
        _passage("p3", 1, "how", contexts=("care",)),
        _passage("p4", 2, "time", mechanisms=("talk",)),
        _passage("p5", 3, "why", mechanisms=("play",), activation="none"),
        _passage("p6", 3, "why", mechanisms=("shared-power",)),
    )
    names = ("power", "play", "care", "time", "tone", "talk", "write")
    more = {
        "expectations": tuple(Expectation(concept=n, source="another") for n in names),
        "configurations": (
            Configuration(id="c1", contexts=(("power",),), mechanisms=(("talk",),), outcomes=(("peace",),)),
        ),
        "theories": (Theory(id="t0"), Theory(id="t1", configurations=("c1",))),
    }
    incidence = _incidence(passages, concepts=concepts, **more)
    table = expectations(incidence)
    found = {r["concept"].id: r for r in table.records()}
    states = {name: row["state"] for name, row in found.items()}
    assert states == {
        "tone": "absent",
        "write": "absent",
        "time": "latent in a theme",
        "care": "latent in another role",
        "play": "present, unlinked",
        "power": "present outside the framework",
        "talk": "part of the framework",
    }
    power = found["power"]
    assert (power["articles"], power["extractions"], power["otherwise"]) == (1, 1, 1)
    assert power["framework"] == "talk (1)"
    assert power["other_roles"] == "theme (1)"
    assert [t.id for t in power["configurations"]] == ["c1"]
    assert "also as context" in str(power["reading"])
    assert "Every passage reports it absent" in str(found["play"]["reading"])
    order = [r["concept"].id for r in table.records()]
    assert table.opens(order.index("power"), "articles") == ("p1",)
    assert table.opens(order.index("power"), "otherwise") == ("p2",)
    assert table.opens(order.index("power"), "") == ("p1", "p2")
    before = {r["concept"].id: r["state"] for r in expectations(incidence, theory="t0").records()}
    assert before["power"] == "present, unlinked"
    assert before["talk"] == "part of the framework, unlinked"
    assert len(expectations(incidence, concept="power")) == 1


def test_nearest_codes_of_an_absent_expectation_are_told() -> None:
    incidence = _incidence(
        (_passage("p", 0, "how", mechanisms=("shared-power",)),),
        expectations=(Expectation(concept="power", source="s"),),
    )
    (row,) = expectations(incidence).records()
    assert "Narrower codes that are used: shared-power" in str(row["reading"])


def test_expectations_refuse_what_cannot_be_said() -> None:
    with pytest.raises(Refused, match="nothing is expected"):
        expectations(_incidence(WORKED))
    with pytest.raises(Refused, match="no extraction"):
        expectations(_incidence(expectations=(Expectation(concept="power", source="s"),)))
    with pytest.raises(UnknownName):
        expectations(_incidence(WORKED, expectations=(Expectation(concept="power", source="s"),)), theory="nope")


# --- what the theory joins -----------------------------------------------------------------------------------

THEORY = {
    "configurations": (
        Configuration(
            id="c1", contexts=(("mixed",), ("ward",)), mechanisms=(("talk", "write"),), outcomes=(("peace",),)
        ),
        Configuration(id="c2", contexts=(("mixed",),), resources=(("play",),), reasonings=(("power",),)),
        Configuration(id="c3", mechanisms=(("power",),), outcomes=(("plan",),)),
    ),
    "theories": (
        Theory(id="t1", configurations=("c1",)),
        Theory(id="t2", configurations=("c1", "c2", "c3"), revision_of=("t1",)),
    ),
}


def test_links_that_configurations_claim() -> None:
    pairs = {
        (p.link, p.role, p.concept, p.other_role, p.other): by for p, by in claimed_pairs(_records(**THEORY)).items()
    }
    assert pairs["C-M", "context", "ward", "mechanism", "talk"] == ("c1",)
    assert pairs["M-O", "mechanism", "write", "outcome", "peace"] == ("c1",)
    assert pairs["M+M", "mechanism", "talk", "mechanism", "write"] == ("c1",)
    assert pairs["M+M", "resource", "play", "reasoning", "power"] == ("c2",)
    assert pairs["C-M", "context", "mixed", "resource", "play"] == ("c2",)
    assert len(pairs) == (4 + 2 + 1) + (2 + 1) + 1
    assert len(claimed_pairs(_records(**THEORY), "t1")) == 7


def test_untested_combinations_by_hand() -> None:
    from scipy.stats import hypergeom

    passages = (
        _passage("p1", 0, contexts=("mixed",), mechanisms=("talk",), outcomes=("peace",)),
        _passage("p2", 0, mechanisms=("write",)),
        _passage("p3", 1, contexts=("ward",)),
        _passage("p4", 1, mechanisms=("talk",)),
    )
    incidence = _incidence(passages, **THEORY)
    table = untested_combinations(incidence, theory="t1", among="configurations")
    rows = {(r["link"], r["concept"].id, r["other"].id): r for r in table.records()}
    assert set(rows) == {
        ("C-M", "ward", "talk"),
        ("C-M", "mixed", "write"),
        ("C-M", "ward", "write"),
        ("M-O", "write", "peace"),
        ("M+M", "talk", "write"),
    }
    ward = rows["C-M", "ward", "talk"]
    assert (ward["together"], ward["first"], ward["second"], ward["same_articles"]) == (0, 1, 2, 1)
    assert ward["p"] == pytest.approx(hypergeom.cdf(0, 4, 1, 2))
    assert "different passages" in str(ward["reading"])
    assert table.opens([*rows].index(("C-M", "ward", "talk")), "same_articles") == ("p3", "p4")
    every = untested_combinations(incidence, theory="t1", among="configurations", show="all")
    assert len(every) == 7
    framework = untested_combinations(incidence, among="framework", show="all")
    assert {(r["concept"].id, r["other"].id) for r in framework.records()} == {("talk", "peace"), ("write", "peace")}
    by_article = untested_combinations(incidence, theory="t1", among="configurations", unit="article")
    assert {(r["concept"].id, r["other"].id) for r in by_article.records()} == {("ward", "write")}
    with pytest.raises(Refused, match="no two concepts"):
        untested_combinations(_incidence((_passage("p", 0),)), among="configurations")


def test_structural_holes_by_hand() -> None:
    configurations = (
        Configuration(id="c1", contexts=(("mixed",),), mechanisms=(("talk",),), outcomes=(("peace",),)),
        Configuration(id="c2", contexts=(("mixed",),), mechanisms=(("write",),), outcomes=(("peace",),)),
        Configuration(id="c3", mechanisms=(("power",),), outcomes=(("peace",),)),
        Configuration(id="c4", outcomes=(("plan",),)),
    )
    passages = (_passage("p1", 0, mechanisms=("talk", "write")), _passage("p2", 1, mechanisms=("play",)))
    incidence = _incidence(passages, configurations=configurations)
    table = structural_holes(incidence)
    rows = [(r["kind"], tuple(t.id for t in r["subject"]), r["slot"]) for r in table.records()]
    # talk and write share mixed and peace; power hangs by peace; mixed and peace share talk and write but a context
    # and an outcome are joined through a mechanism only.
    assert rows[0] == ("missing link", ("talk", "write"), None)
    assert [r for r in rows if r[0] == "missing link"] == rows[:1]
    assert [r[1] for r in rows if r[0] == "bridge"] == [("peace",)]
    assert {r[1][0] for r in rows if r[0] == "isolated concept"} == {"play", "plan", "shared-power", "ward"}
    assert [(r[1][0], r[2]) for r in rows if r[0] == "open slot"] == [
        ("c3", "context"),
        ("c4", "context"),
        ("c4", "mechanism"),
    ]
    first = next(iter(table.records()))
    assert (first["shared"], first["articles"]) == (2, 1)
    assert table.opens(0, "articles") == ("p1",)


def test_constraint_and_effective_size_are_burts() -> None:
    configurations = tuple(
        Configuration(id=f"c{n}", contexts=((c,),), mechanisms=(("talk",),)) for n, c in enumerate(("mixed", "ward"))
    )
    bridge = next(
        r for r in structural_holes(_incidence(configurations=configurations)).records() if r["kind"] == "bridge"
    )
    # A star with two arms: each arm is half of the ties and neither knows the other: 2 * (1/2)^2.
    assert bridge["constraint"] == pytest.approx(0.5)
    assert bridge["effective_size"] == pytest.approx(2.0)
    assert bridge["betweenness"] == pytest.approx(1.0)


def test_claims_join_concepts_too() -> None:
    claim = Claim(id="k", theory="t1", from_concepts=("play",), relation="leads to", to_concepts=("plan",))
    records = _records(claims=(claim,), **THEORY)
    assert theory_graph(records, "t1").has_edge("plan", "play")
    assert not theory_graph(records, "t2").has_edge("plan", "play")


def test_a_theory_that_is_not_there_has_no_holes() -> None:
    with pytest.raises(Refused, match="no configuration and no claim"):
        structural_holes(_incidence(WORKED))
    with pytest.raises(BadSettings):
        structural_holes(_incidence(**THEORY), shared=0)


# --- the register, and versions -------------------------------------------------------------------------------


def test_ids_last_while_the_evidence_changes() -> None:
    few = collect(_incidence(WORKED, reported=WORKED_REPORTS))[0]
    more = collect(_incidence((*WORKED, _passage("p8", 3, "why", mechanisms=("power",))), reported=WORKED_REPORTS))[0]
    was = next(g for g in few if g.subject == "power (mechanism) under why")
    now = next(g for g in more if g.subject == "power (mechanism) under why")
    assert (was.id, was.type, now.type) == (now.id, "empty", "thin")
    assert [c.change for c in compare(few, more) if c.gap.id == was.id] == ["narrowed"]
    assert {c.change for c in compare(few, few)} == {"unchanged"}
    assert len({g.id for g in few}) == len(few)


def test_gaps_over_versions_by_hand() -> None:
    configurations = (
        Configuration(id="c1", mechanisms=(("talk",),), outcomes=(("peace",),)),
        Configuration(id="c1b", contexts=(("ward",),), mechanisms=(("talk",),), outcomes=(("peace",),)),
        Configuration(id="c2", contexts=(("mixed",),), mechanisms=(("power",),), outcomes=(("peace",),)),
    )
    theories = (
        Theory(id="t1", configurations=("c1",)),
        Theory(id="t2", configurations=("c1b", "c2"), revision_of=("t1",)),
    )
    change = Change(theory="t2", change="reworded", subject="c1", before=("c1",), after=("c1b",), reason="wards differ")
    passages = (
        _passage("p1", 0, "how", mechanisms=("talk",), outcomes=("peace",)),
        _passage("p2", 0, "how", mechanisms=("power",)),
    )
    incidence = _incidence(
        passages, configurations=configurations, theories=theories, changes=(change,),
        expectations=(Expectation(concept="power", source="s"),),
    )  # fmt: skip
    rows = {r["subject"]: r for r in gap_changes(incidence).records()}
    assert rows["context of c1"]["change"] == "closed"
    assert "wards differ" in rows["context of c1"]["why"]
    assert rows["power, expected by s"]["change"] == "narrowed"
    assert rows["power, expected by s"]["now"] == "present outside the framework"
    assert rows["ward (context) with talk (mechanism)"]["change"] == "opened"
    assert rows["ward (context) with talk (mechanism)"]["why"] == "t2 asks for it with c1b."
    backwards = {r["subject"]: r["change"] for r in gap_changes(incidence, "t2", "t1").records()}
    assert backwards["context of c1"] == "opened"
    assert backwards["power, expected by s"] == "widened"
    with pytest.raises(Refused, match="no version revises"):
        gap_changes(_incidence(WORKED, theories=(Theory(id="t"),)))


def test_register_says_what_could_not_be_asked() -> None:
    table = gap_register(_incidence(WORKED, reported=WORKED_REPORTS))
    assert "Not asked: nothing is expected" in table.note
    assert "no configuration and no claim" in table.note
    with pytest.raises(Refused, match="nothing to look for gaps in"):
        gap_register(Incidence.from_records(Records(review=Review(id="r", title="r"))))
    with pytest.raises(UnknownName):
        find(_incidence(WORKED), "cell-000000000000")
    with pytest.raises(UnknownName):
        gap_register(_incidence(WORKED), type="large")


def test_gaps_as_findings() -> None:
    gaps, _ = collect(_incidence(WORKED, reported=WORKED_REPORTS))
    found = findings_of(gaps)
    assert len(found) == len(gaps)
    assert all(f.severity in SEVERITIES and f.message and f.where.cell for f in found)


# --- properties --------------------------------------------------------------------------------------------


@st.composite
def _reviews(draw: st.DrawFn) -> Records:
    mechanisms, contexts, outcomes = ("talk", "write", "power", "play"), ("mixed", "ward"), ("peace", "plan")
    count = draw(st.integers(1, 5))
    passages = [
        _passage(
            f"p{number:02}",
            draw(st.integers(0, count - 1)),
            draw(st.sampled_from(("why", "how", "end", None))),
            mechanisms=tuple(draw(st.sets(st.sampled_from(mechanisms), max_size=2))),
            contexts=tuple(draw(st.sets(st.sampled_from((*contexts, "power")), max_size=1))),
            outcomes=tuple(draw(st.sets(st.sampled_from(outcomes), max_size=1))),
            stance=draw(st.sampled_from(("supports", "challenges", None))),
            polarity=draw(st.sampled_from(("enabling", "hindering", None))),
            activation=draw(st.sampled_from(("none", "strong", None))),
        )
        for number in range(draw(st.integers(1, 12)))
    ]
    reports = tuple(
        Reported(article=f"a{n}", theme=t, reported=value, coder="x")
        for n in range(count)
        for t in ("why", "how", "end")
        if (value := draw(st.sampled_from((True, False, None)))) is not None
    )
    return _records(
        tuple(passages),
        articles=count,
        reported=reports,
        expectations=(Expectation(concept="power", source="s"),),
        **THEORY,
    )


def _plain(records: Records) -> list[tuple[object, ...]]:
    return [row[:-1] for row in gap_register(Incidence.from_records(records)).rows]


@settings(max_examples=40, deadline=None)
@given(_reviews())
def test_cells_by_brute_force(records: Records) -> None:
    table = empty_and_thin_cells(Incidence.from_records(records), show="all")
    yes = {(r.article, r.theme) for r in records.reported if r.reported}
    coded = {(e.article, e.theme) for e in records.extractions if e.theme}
    if records.reported:
        reports = yes | coded
    else:
        reports = {(e.article, t) for e in records.extractions for t in ("why", "how", "end")}
    for row in table.records():
        mechanism, theme = row["concept"].id, row["column"].id
        here = [e for e in records.extractions if e.theme == theme and mechanism in e.mechanisms]
        assert row["count"] == len({e.article for e in here})
        assert row["out_of"] == sum(t == theme for _, t in reports)
        assert row["supporting"] == len({e.article for e in here if e.stance == "supports"})
        latent = {
            e.article for e in records.extractions if e.theme == theme and mechanism in (*e.contexts, *e.outcomes)
        }
        assert row["latent"] == len(latent)
        against = [e for e in here if e.stance == "challenges" or e.polarity == "hindering" or e.activation == "none"]
        assert row["speaking_against"] == len({e.article for e in against})
        if row["type"] == "reported absent":
            assert here == against
        total = len({(e.article, e.theme) for e in records.extractions if e.theme and mechanism in e.mechanisms})
        assert row["row_total"] == total
        if row["p"] is not None:
            assert row["expected"] == pytest.approx(total * row["out_of"] / len(reports))


@settings(max_examples=25, deadline=None)
@given(_reviews(), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(records: Records, rng: random.Random) -> None:
    def shuffled(items: tuple[object, ...]) -> tuple[object, ...]:
        mixed = list(items)
        rng.shuffle(mixed)
        return tuple(mixed)

    fields = ("articles", "extractions", "reported", "configurations", "theories", "expectations", "concepts")
    mixed = records.model_copy(update={name: shuffled(getattr(records, name)) for name in fields})
    assert gap_register(Incidence.from_records(mixed)).rows == gap_register(Incidence.from_records(records)).rows


@settings(max_examples=25, deadline=None)
@given(_reviews())
def test_relabelling_changes_names_only(records: Records) -> None:
    # Keeps the order of ids, so that rows correspond.
    renamed = records.model_copy(
        update={
            "articles": tuple(a.model_copy(update={"id": f"z{a.id}"}) for a in records.articles),
            "extractions": tuple(
                e.model_copy(update={"id": f"z{e.id}", "article": f"z{e.article}"}) for e in records.extractions
            ),
            "reported": tuple(r.model_copy(update={"article": f"z{r.article}"}) for r in records.reported),
        }
    )
    assert _plain(renamed) == _plain(records)


@settings(max_examples=25, deadline=None)
@given(_reviews())
def test_an_empty_article_changes_only_denominators(records: Records) -> None:
    extra = records.model_copy(update={"articles": (*records.articles, Article(id="zz"))})
    before, after = Incidence.from_records(records), Incidence.from_records(extra)
    assert empty_and_thin_cells(after, show="all").rows == empty_and_thin_cells(before, show="all").rows
    reads = Reported(article="zz", theme="why", reported=True, coder="x")
    read = extra.model_copy(update={"reported": (*records.reported, reads)})
    if records.reported:
        was = empty_and_thin_cells(before, show="all").records()
        now = empty_and_thin_cells(Incidence.from_records(read), show="all").records()
        for a, b in zip(was, now, strict=True):
            assert b["out_of"] == a["out_of"] + (a["column"].id == "why")
            same = ("count", "row_total", "supporting", "challenging", "speaking_against", "latent")
            assert all(a[name] == b[name] for name in same)


@settings(max_examples=25, deadline=None)
@given(_reviews())
def test_every_gap_has_a_dossier_and_every_number_opens(records: Records) -> None:
    incidence = Incidence.from_records(records)
    words = {e.id: (None, None, None) for e in records.extractions}
    known = {e.id for e in records.extractions}
    for gap in collect(incidence)[0]:
        assert gap.type in TYPES
        assert set(gap.behind()) <= known
        if gap.rule == "empty-and-thin-cells":
            assert len({e.article for e in records.extractions if e.id in gap.behind()}) == gap.count
        told = dossier(incidence, words, gap.id)
        assert gap.id in told.markdown()
        assert "nan" not in told.markdown().casefold().split()


def test_limited_columns_are_taken_as_they_are() -> None:
    people = (Person(id="x"), Person(id="y"))
    passages = (*WORKED, _passage("q1", 4, "how", mechanisms=("power",), coder="y"))
    incidence = _incidence(passages, reported=WORKED_REPORTS, people=people)
    mine = [g.id for g in collect(selected(incidence, "x"))[0] if g.rule == "empty-and-thin-cells"]
    assert mine == [g.id for g in collect(incidence, coder="x")[0] if g.rule == "empty-and-thin-cells"]
    assert mine != [g.id for g in collect(incidence, coder="y")[0] if g.rule == "empty-and-thin-cells"]


# --- parts -------------------------------------------------------------------------------------------------


def test_rules_are_found_and_explain_themselves() -> None:
    rules = registry.parts("gaps")
    assert set(rules) == {
        "contradictory-cells", "empty-and-thin-cells", "evidence-map", "expectations", "gap-register", "gaps-over-versions",
        "not-looked-for", "structural-holes", "untested-combinations",
    }  # fmt: skip
    for rule in rules.values():
        assert isinstance(rule, GapRule)
        assert rule.title.endswith("?")
        assert rule.description
        assert all(p.meaning for p in rule.parameters)
        assert not {rule.name} & set(queries.questions())


# --- the pilot ------------------------------------------------------------------------------------------------


@cache
def _pilot() -> pipeline.Built:
    return pipeline.build(resources.example("eaa_pilot"), Settings(infer="none"))


def test_pilot_every_rule_answers_by_name() -> None:
    built = _pilot()
    for name in registry.parts("gaps"):
        table = pipeline.answer(built, name)
        assert len(table)
        assert table.unit
        assert table.denominator
        assert table.note
        for place in range(len(table)):
            assert list(table.opens(place, table.columns[0].name)) == sorted(table.opens(place, table.columns[0].name))
    assert len(pipeline.answer(built, "gap-register", {"severity": "warning"})) < len(
        pipeline.answer(built, "gap-register")
    )


def test_pilot_power_creativity_accountability_agree_with_the_data() -> None:
    built = _pilot()
    coded = [e for e in built.records.extractions if e.coder == "consensus"]
    rows = {r["concept"].id: r for r in pipeline.answer(built, "expectations").records()}
    assert set(rows) == {e.concept for e in built.records.expectations}
    for name, row in rows.items():
        here = [e for e in coded if name in e.mechanisms]
        assert row["extractions"] == len(here)
        assert row["articles"] == len({e.article for e in here})
        assert row["challenging"] == sum(e.stance == "challenges" for e in here)
        by_theme = Counter(t for t, _ in {(e.theme, e.article) for e in here})
        assert (
            Counter({p.rsplit(" (", 1)[0]: int(p[:-1].rsplit("(", 1)[1]) for p in str(row["themes"]).split(", ")})
            == by_theme
        )
        held = [c.id for c in built.records.configurations if any(name in a for a in c.mechanisms)]
        assert [t.id for t in row["configurations"]] == held
        assert row["state"] == ("present outside the framework" if held else "present, unlinked")
    assert (rows["power"]["articles"], rows["creativity"]["articles"], rows["accountability"]["articles"]) == (
        29,
        12,
        4,
    )
    first = {
        r["concept"].id: r["state"] for r in pipeline.answer(built, "expectations", {"theory": "eaa-initial"}).records()
    }
    assert {first[n] for n in ("power", "creativity", "accountability")} == {"present, unlinked"}


def test_pilot_cells_agree_with_the_shipped_question() -> None:
    built = _pilot()
    asked = pipeline.answer(built, "articles-by-mechanism-and-theme")
    by_query = {(r[0].id, r[1].id): (r[2], r[3]) for r in asked.rows}
    table = pipeline.answer(built, "empty-and-thin-cells", {"show": "all"})
    by_rule = {(r["concept"].id, r["column"].id): (r["count"], r["out_of"]) for r in table.records()}
    assert by_rule == by_query


def test_pilot_versions_close_the_open_contexts() -> None:
    rows = {r["subject"]: r["change"] for r in pipeline.answer(_pilot(), "gaps-over-versions").records()}
    assert {rows[f"context of E0{n}"] for n in (1, 2, 3)} == {"closed"}
    assert rows["creativity, expected by Palmer et al. 2019"] == "narrowed"
    assert rows["research governance (context) with accountability (mechanism)"] == "opened"


def test_pilot_answers_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "from eaa_graph import pipeline, registry, resources\n"
        "b = pipeline.build(resources.example('eaa_pilot'))\n"
        "print([pipeline.answer(b, n).rows for n in registry.parts('gaps')])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


class _Outline(html.parser.HTMLParser):
    """Elements, attributes that would fetch something, and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        self.fetched += [str(v) for k, v in attrs if k in ("src", "href", "data", "srcset", "action")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_dossier_of_the_pilot_holds_what_a_reader_needs() -> None:
    built = _pilot()
    words = {e.id: (e.quote, e.note, e.locator) for e in built.records.extractions}
    gap = next(g for g in collect(built.columns)[0] if g.subject == "creativity (mechanism) under why")
    told = dossier(built.columns, words, gap.id)
    text = told.markdown()
    headings = [s.heading for s in told.sections]
    assert headings == [
        "What the gap is", "What was looked for", "Where, and by whom", "Out of how much", "Expected and seen",
        "Nearest evidence", "What would fill it", "Three readings", "What this cannot show",
    ]  # fmt: skip
    assert "0 of 49 articles" in text
    assert "Palmer et al. 2019" in text
    coded = {e.article for e in built.records.extractions if e.coder == "consensus" and "creativity" in e.mechanisms}
    reports = {r.article for r in built.records.reported if r.coder == "consensus" and r.theme == "why" and r.reported}
    fill = next(s for s in told.sections if s.heading == "What would fill it")
    named = [row[0] for b in fill.blocks for row in b.table[1:]]
    assert set(named) <= reports
    assert set(named[: len(coded & reports)]) == coded & reports  # those that code it elsewhere come first
    shown = [p for s in told.sections for b in s.blocks for p in b.passages]
    assert shown
    assert all(words[p.id][1] in p.words and not p.quoted for p in shown)
    outline = _Outline()
    outline.feed(told.html())
    assert not outline.open
    assert not outline.fetched
    assert outline.seen["h1"] == 1
    assert outline.seen["section"] == len(headings)
    assert told.html() == dossier(built.columns, words, gap.id).html()


def test_dossier_escapes_what_people_wrote() -> None:
    nasty = '<script>alert("1")</script> | *x* `y` [z](javascript:0) & more'
    concepts = tuple(
        c.model_copy(update={"label": nasty, "definition": nasty}) if c.id == "talk" else c for c in CONCEPTS
    )
    incidence = _incidence(WORKED, reported=WORKED_REPORTS, concepts=concepts, appraisals=(Appraisal(target="a3", richness=nasty, assessor="x"),))  # fmt: skip
    words = {e.id: (nasty, None, nasty) for e in WORKED}
    for gap in collect(incidence)[0]:
        told = dossier(incidence, words, gap.id)
        outline = _Outline()
        outline.feed(told.html())
        assert not outline.seen["script"]
        assert not outline.fetched
        markdown = told.markdown()
        assert "<script" not in markdown.replace("\\<", "")
        assert "[z](" not in markdown.replace("\\]", "")
        for line in markdown.splitlines():
            if line.startswith("| ") or line.startswith("|-"):
                assert line.endswith("|")


def test_dossier_shows_quotes_where_there_are_any_and_says_where_not() -> None:
    incidence = _incidence(WORKED, reported=WORKED_REPORTS)
    gap = next(g for g in collect(incidence)[0] if g.subject == "talk (mechanism) under how")
    told = dossier(
        incidence, {"p1": ("We talked.", None, "p. 3"), "p2": (None, "They did not.", None)}, gap.id
    ).markdown()
    assert "“We talked.”" in told
    assert "No quote; in the coder's words: They did not." in told
    assert "No quote and no note" in told  # p3
    assert told.index("p2") < told.index("**p1**")  # challenging passages first
    with pytest.raises(BadSettings):
        dossier(incidence, {}, gap.id, most=0)


# --- shipped queries -------------------------------------------------------------------------------------------


def _broken() -> Records:
    """Return a review in which every shipped gap query finds exactly one thing."""
    return Records(
        review=Review(id="r", title="r"),
        people=(Person(id="x"),),
        articles=(Article(id="good", title="Good"), Article(id="bare", title="Bare")),
        concepts=(
            Concept(id="how", label="how", listed_as="theme", definition="d"),
            Concept(id="talk", label="talk", listed_as="mechanism", status="framework", definition="d"),
            Concept(id="idle", label="idle", listed_as="mechanism", status="framework", definition="d"),
            Concept(id="vague", label="vague", listed_as="context"),
            Concept(id="peace", label="peace", listed_as="outcome", definition="d"),
            Concept(id="power", label="power", listed_as="mechanism", status="external", definition="d"),
        ),
        extractions=(
            Extraction(
                id="e1",
                article="good",
                theme="how",
                contexts=("vague",),
                mechanisms=("talk",),
                outcomes=("peace",),
                coder="x",
            ),
            Extraction(id="e2", article="good", theme="how", contexts=("vague",), coder="x"),
            Extraction(id="e3", article="good", mechanisms=("talk",), coder="x"),
        ),
        reported=(Reported(article="good", theme="how", reported=True, coder="x"),),
        appraisals=(Appraisal(target="e1", richness="high", assessor="x"),),
        configurations=(
            Configuration(id="whole", contexts=(("vague",),), mechanisms=(("talk",),), outcomes=(("peace",),)),
            Configuration(id="no-context", mechanisms=(("talk",),), outcomes=(("peace",),)),
            Configuration(id="no-mechanism", contexts=(("vague",),), outcomes=(("peace",),)),
            Configuration(id="no-outcome", contexts=(("vague",),), mechanisms=(("talk",),)),
            Configuration(id="nobody's", contexts=(("vague",),), resources=(("talk",),), outcomes=(("peace",),)),
        ),
        theories=(
            Theory(id="t", configurations=("whole", "no-context", "no-mechanism", "no-outcome")),
            Theory(id="bare-theory", status="rival"),
        ),
        expectations=(Expectation(concept="power", source="Farr 2018"), Expectation(concept="talk", source="Palmer")),
    ).ordered()


FOUND = {
    "article-without-appraisal": ("bare", "Bare"),
    "article-without-extraction": ("bare", "Bare"),
    "article-without-theme-report": ("bare", "Bare"),
    "concept-without-definition": ("vague", "context"),
    "configuration-in-no-theory": ("nobody's", None),
    "configuration-without-context": ("no-context", None),
    "configuration-without-mechanism": ("no-mechanism", None),
    "configuration-without-outcome": ("no-outcome", None),
    "expectation-never-coded": ("power", "Farr 2018"),
    "extraction-without-mechanism": ("e2", "good"),
    "extraction-without-theme": ("e3", "good"),
    "framework-mechanism-in-no-configuration": ("idle", "idle"),
    "theory-without-configurations": ("bare-theory", "rival"),
}


def test_gap_queries_say_what_they_ask() -> None:
    shipped = queries.questions("gaps")
    assert set(shipped) == set(FOUND)
    for question in shipped.values():
        assert question.severity in SEVERITIES
        assert question.fix
        assert question.description
        assert question.unit
        assert [c.name for c in question.columns] == ["thing", "detail"]
        assert "ORDER BY" in question.sparql


@pytest.mark.parametrize("kind", ["memory", "rdflib"])
def test_each_gap_query_finds_its_gap_and_nothing_else(kind: str) -> None:
    store = open_store(kind)
    store.add(encode.encode(_broken()))
    known = queries.names(store)
    for name, (thing, detail) in FOUND.items():
        table = queries.run(store, queries.question(name, "gaps"), None, known)
        told = [(r[0].id, r[1].id if isinstance(r[1], Thing) else r[1]) for r in table.rows]
        assert told == [(thing, detail)], name


@pytest.mark.parametrize(
    "review", [pytest.param("eaa_pilot", marks=pytest.mark.slow), "eaa_published", "example_minimal"]
)
def test_gap_queries_answer_alike_on_both_stores_and_after_inference(review: str) -> None:
    path = resources.example(review)
    built = [pipeline.build(path, Settings(infer="none")), pipeline.build(path, Settings(store="rdflib", infer="none"))]
    built.append(pipeline.build(path, Settings(infer="full")))
    for name in FOUND:
        question = queries.question(name, "gaps")
        rows = [queries.run(b.store, question, None, b.names).rows for b in built]
        assert rows[0] == rows[1] == rows[2], name


# --- speed -----------------------------------------------------------------------------------------------------


def test_ten_thousand_articles_take_less_than_a_second() -> None:
    rng = np.random.default_rng(1)
    articles, count = 10_000, 200_000
    concepts = tuple(
        sorted(
            [*(_concept(f"m{n:02}", "mechanism") for n in range(26)), *(_concept(f"t{n}", "theme") for n in range(7))],
            key=lambda c: c.id,
        )
    )
    base = Incidence.from_records(_records(articles=0, concepts=concepts))
    none = np.full(count, -1, dtype=np.int32)
    article = np.sort(rng.integers(0, articles, count)).astype(np.int32)
    theme = rng.integers(26, 33, count).astype(np.int32)
    made = replace(
        base,
        records=base.records.model_copy(update={"articles": tuple(Article(id=f"a{n:05}") for n in range(articles))}),
        extractions=tuple(f"e{n:06}" for n in range(count)),
        article=article, theme=theme, coder=np.zeros(count, dtype=np.int32), phase=none,
        stance=rng.integers(0, 3, count).astype(np.int32), polarity=rng.integers(0, 3, count).astype(np.int32),
        basis=none, activation=none,
        coding_extraction=np.arange(count, dtype=np.int32), coding_role=np.full(count, 5, dtype=np.int32),
        coding_concept=rng.integers(0, 26, count).astype(np.int32),
        reported_article=np.repeat(np.arange(articles, dtype=np.int32), 7),
        reported_theme=np.tile(np.arange(26, 33, dtype=np.int32), articles),
        reported_coder=np.zeros(articles * 7, dtype=np.int32), reported_value=np.ones(articles * 7, dtype=np.bool_),
        _cache={},
    )  # fmt: skip
    cells(made)  # loads what is imported late
    best = []
    for _ in range(3):
        start = time.perf_counter()
        table = empty_and_thin_cells(made, show="all")
        best.append(time.perf_counter() - start)
    assert len(table) == 26 * 7
    assert min(best) < 1.0
