"""Agreement between coders, against independent packages, hand calculation and brute force."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures.agreement import agreement, disagreements, set_agreement
from eaa_graph.measures.coefficients import (
    cohen_kappa,
    gwet_ac1,
    krippendorff_alpha,
    masi_distance,
    percent_agreement,
)
from eaa_graph.model import Article, Concept, Extraction, Person, Records, Reported, Review
from eaa_graph.network import Incidence
from eaa_graph.tables import Table, Thing

RATINGS = st.integers(2, 4).flatmap(
    lambda m: st.integers(2, 12).flatmap(
        lambda n: st.lists(st.lists(st.integers(-1, 2), min_size=n, max_size=n), min_size=m, max_size=m)
    )
)


# --- the coefficients ---------------------------------------------------------------------------


def alpha_by_definition(ratings: list[list[int]]) -> float | None:
    """Krippendorff's alpha as pairs of values, straight from its definition."""
    units = [[r[u] for r in ratings if r[u] >= 0] for u in range(len(ratings[0]))]
    units = [u for u in units if len(u) >= 2]
    values = [v for u in units for v in u]
    n = len(values)
    if not n:
        return None
    expected = sum(a != b for a, b in permutations(values, 2)) / (n * (n - 1))
    if not expected:
        return None
    observed = sum(sum(a != b for a, b in permutations(u, 2)) / (len(u) - 1) for u in units) / n
    return 1 - observed / expected


@given(RATINGS)
@settings(max_examples=150, deadline=None)
def test_alpha_is_its_definition(ratings: list[list[int]]) -> None:
    ours, theirs = krippendorff_alpha(ratings), alpha_by_definition(ratings)
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert ours == pytest.approx(theirs)


@given(RATINGS)
@settings(max_examples=60, deadline=None)
def test_alpha_agrees_with_the_krippendorff_package(ratings: list[list[int]]) -> None:
    oracle = pytest.importorskip("krippendorff", reason="the package krippendorff is not installed")
    ours = krippendorff_alpha(ratings)
    if ours is None:
        return
    data = np.array([[v if v >= 0 else np.nan for v in r] for r in ratings])
    assert ours == pytest.approx(oracle.alpha(reliability_data=data, level_of_measurement="nominal"))


#: What irrCAC 0.4.4 gives (Gwet's AC1, rounded as it rounds), and for two coders Cohen's kappa (Conger's).
IRRCAC = [
    ([[1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1], [1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1]], 2, 0.67568, 0.65714, 0.83333),
    (
        [[0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2], [0, 0, 1, 0, 0, 1, 1, 2, 1, 2, 2, 0], [0, 0, 0, -1, 0, 1, 1, 1, -1, 2, 2, 2]],
        3, 0.75258, None, 0.83333,
    ),
    ([[0] * 18 + [1, 0], [0] * 18 + [0, 1], [0] * 17 + [1, 1, 0]], 2, 0.88579, None, 0.9),
]  # fmt: skip


@pytest.mark.parametrize(("ratings", "categories", "ac1", "kappa", "percent"), IRRCAC)
def test_coefficients_of_irrcac(
    ratings: list[list[int]], categories: int, ac1: float, kappa: float | None, percent: float
) -> None:
    assert gwet_ac1(ratings, categories) == pytest.approx(ac1, abs=1e-5)
    assert percent_agreement(ratings) == pytest.approx(percent, abs=1e-5)
    if kappa is not None:
        assert cohen_kappa(ratings) == pytest.approx(kappa, abs=1e-5)


def test_kappa_of_cohens_paradox() -> None:
    # Feinstein & Cicchetti (1990): 85 % agreement twice, kappa 0.70 and 0.32.
    def ratings(a: int, b: int, c: int, d: int) -> list[list[int]]:
        return [[1] * (a + b) + [0] * (c + d), [1] * a + [0] * b + [1] * c + [0] * d]

    balanced, skewed = ratings(40, 9, 6, 45), ratings(80, 10, 5, 5)
    assert percent_agreement(balanced) == percent_agreement(skewed) == 0.85
    assert cohen_kappa(balanced) == pytest.approx(0.70, abs=0.005)
    assert cohen_kappa(skewed) == pytest.approx(0.32, abs=0.005)


def test_undefined_is_none_not_a_number() -> None:
    same = [[1, 1, 1], [1, 1, 1]]
    assert cohen_kappa(same) is None
    assert krippendorff_alpha(same) is None
    assert gwet_ac1(same) == 1.0
    assert percent_agreement([[1, -1], [-1, 0]]) is None
    with pytest.raises(Refused, match="at least two coders"):
        cohen_kappa([[1, 0, 1]])


@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_masi_is_a_symmetric_distance(first: set[int], second: set[int]) -> None:
    d = masi_distance(first, second)
    assert 0 <= d <= 1
    assert d == masi_distance(second, first)
    assert (d == 0) == (first == second)


def test_masi_levels() -> None:
    assert masi_distance({1, 2}, {1, 2}) == 0
    assert masi_distance({1}, {1, 2}) == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert masi_distance({1, 2}, {2, 3}) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi_distance({1}, {2}) == 1
    assert masi_distance(set(), set()) == 0


# --- a small review ---------------------------------------------------------------------------------


def review(
    marks: dict[str, dict[str, list[str]]], order: int = 0, extra: tuple[str, ...] = (), rename: str = ""
) -> Incidence:
    """coder -> article -> codes; a code is a mechanism, one in capitals an outcome. A coder with [] judged a theme only."""
    codes = sorted({c for by in marks.values() for held in by.values() for c in held} | {"m1", "m2", "O1"})
    people = [Person(id=c) for c in marks if c != "both"]
    if "both" in marks:
        people.append(Person(id="both", reads=tuple(sorted(c for c in marks if c != "both"))))
    articles = sorted({a for by in marks.values() for a in by} | set(extra))
    extractions, reported = [], []
    for coder, by in marks.items():
        for article, held in by.items():
            reported.append(Reported(article=rename + article, theme="t1", reported=bool(held), coder=coder))
            if held:
                extractions.append(
                    Extraction(
                        id=f"{article}-{coder}",
                        article=rename + article,
                        theme="t1",
                        mechanisms=tuple(sorted(c for c in held if c.islower())),
                        outcomes=tuple(sorted(c for c in held if c.isupper())),
                        coder=coder,
                    )
                )
    random.Random(order).shuffle(extractions)
    concepts = [Concept(id=c, label=c, listed_as="mechanism" if c.islower() else "outcome") for c in codes]
    return Incidence.from_records(
        Records(
            review=Review(id="r", title="R"),
            people=tuple(people),
            articles=tuple(Article(id=rename + a) for a in articles),
            concepts=(*concepts, Concept(id="t1", label="t1", listed_as="theme")),
            extractions=tuple(extractions),
            reported=tuple(reported),
        ).ordered()
    )


SMALL = {
    "a": {"p": ["m1", "O1"], "q": ["m1"], "r": ["m2"], "s": [], "u": ["m1"]},
    "b": {"p": ["m1"], "q": ["m1", "O1"], "r": ["m2"], "s": ["m1"], "v": ["m2"]},
}


def by_subject(table: Table) -> dict[str, dict[str, object]]:
    return {str(r["subject"]): r for r in table.records()}


def test_articles_that_one_coder_read_are_left_out_and_counted() -> None:
    table = agreement(review(SMALL), resamples=50)
    row = by_subject(table)["m1"]
    assert row["units"] == 4
    assert (row["both_yes"], row["first_only"], row["second_only"], row["both_no"]) == (2, 0, 1, 1)
    assert row["percent"] == 0.75
    assert row["kappa"] == pytest.approx(0.5)
    assert "2 articles that only one of these coders read are left out" in table.note
    assert "4 articles" in table.denominator


def test_nothing_depends_on_row_order_an_unread_article_or_article_names() -> None:
    plain = agreement(review(SMALL), resamples=60)
    assert agreement(review(SMALL, order=5), resamples=60).rows == plain.rows
    assert agreement(review(SMALL, extra=("zz",)), resamples=60).rows == plain.rows
    assert agreement(review(SMALL, rename="x-"), resamples=60).rows == plain.rows
    for seen in (disagreements, set_agreement):
        assert seen(review(SMALL, order=5)).rows == seen(review(SMALL)).rows


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    marks = {c: {f"{n:02}": ["m1"] if (n * k) % 5 < 2 else ["m2"] for n in range(30)} for c, k in (("a", 1), ("b", 3))}
    incidence = review(marks)
    first, again, other = (agreement(incidence, resamples=200, seed=s) for s in (1, 1, 2))
    assert first.rows == again.rows
    assert first.rows != other.rows
    for row in first.records():
        if row["kappa_low"] is not None:
            assert row["kappa_low"] <= row["kappa"] <= row["kappa_high"]


def test_bootstrap_is_that_of_resampling_articles_one_by_one() -> None:
    marks = {c: {f"{n:02}": ["m1"] if (n * k) % 7 < 3 else ["m2"] for n in range(24)} for c, k in (("a", 1), ("b", 2))}
    row = by_subject(agreement(review(marks), resamples=400, seed=9))["m1"]
    rng = np.random.default_rng(9)
    weights = rng.multinomial(24, np.full(24, 1 / 24), size=400)
    ratings = np.array([["m1" in marks[c][f"{n:02}"] for n in range(24)] for c in "ab"], dtype=int)
    kappas = [cohen_kappa(np.repeat(ratings, w, axis=1).tolist()) for w in weights]
    low, high = np.percentile([k for k in kappas if k is not None], [2.5, 97.5])
    assert (row["kappa_low"], row["kappa_high"]) == pytest.approx((low, high))


def test_undefined_values_are_explained_in_words() -> None:
    marks = {"a": {"p": ["m1"], "q": ["m1"], "r": ["m1"]}, "b": {"p": ["m1"], "q": ["m1"], "r": ["m1"]}}
    rows = by_subject(agreement(review(marks), resamples=50))
    assert rows["m1"]["kappa"] is None
    assert "everybody gave this code" in rows["m1"]["beware"]
    assert rows["m2"]["kappa"] is None
    assert "nobody gave this code" in rows["m2"]["beware"]


def test_prevalence_and_perfect_agreement_are_warned_about() -> None:
    base = {f"{n:02}": ["m2"] for n in range(40)}
    a, b = dict(base), dict(base)
    a["00"], b["01"] = ["m1", "m2"], ["m1", "m2"]
    a["02"] = b["02"] = ["m1", "m2"]
    rows = by_subject(agreement(review({"a": a, "b": b}), resamples=200))
    assert "prevalence: 'yes' is rare" in rows["m1"]["beware"]
    assert rows["m1"]["kappa"] < 0.6 < rows["m1"]["ac1"]
    same = by_subject(agreement(review({"a": a, "b": a}), resamples=200))
    assert "rule of three" in same["m1"]["beware"]


def test_one_coder_is_refused() -> None:
    with pytest.raises(Refused, match="two coders"):
        agreement(review({"a": {"p": ["m1"]}}))
    with pytest.raises(Refused, match="name two or more"):
        agreement(review({"a": {"p": ["m1"]}, "both": {"p": ["m1"]}}))
    with pytest.raises(Refused, match="no article was read by two"):
        agreement(review({"a": {"p": ["m1"]}, "b": {"q": ["m1"]}}))
    with pytest.raises(UnknownName):
        agreement(review(SMALL), coders="a|c")
    with pytest.raises(Refused, match="nobody else"):
        agreement(review(SMALL), coders="a", against="a")


def test_three_coders_match_the_plain_formulas() -> None:
    draw = random.Random(4)
    marks = {
        c: {
            f"{n:02}": [m for m in ("m1", "m2") if draw.random() < 0.5] or ["m2"]
            for n in range(25)
            if draw.random() < 0.8
        }
        for c in "abc"
    }
    rows = by_subject(agreement(review(marks), resamples=20))
    for code in ("m1", "m2"):
        ratings = [
            [int(code in marks[c][n]) if n in marks[c] else -1 for n in map("{:02}".format, range(25))] for c in "abc"
        ]
        twice = [n for n in range(25) if sum(r[n] >= 0 for r in ratings) >= 2]
        ratings = [[r[n] for n in twice] for r in ratings]
        assert rows[code]["units"] == len(twice)
        assert rows[code]["percent"] == pytest.approx(percent_agreement(ratings))
        assert rows[code]["kappa"] == pytest.approx(cohen_kappa(ratings))
        assert rows[code]["alpha"] == pytest.approx(krippendorff_alpha(ratings))
        assert rows[code]["ac1"] == pytest.approx(gwet_ac1(ratings))


def test_set_alpha_is_its_definition_with_masi() -> None:
    draw = random.Random(8)
    codes = ["m1", "m2", "m3", "m4"]
    marks = {c: {f"{n:02}": [m for m in codes if draw.random() < 0.5] or ["m1"] for n in range(20)} for c in "abc"}
    rows = {r["kind"]: r for r in set_agreement(review(marks), resamples=30).records()}
    units = [[frozenset(marks[c][f"{n:02}"]) for c in "abc"] for n in range(20)]
    values = [s for u in units for s in u]
    n = len(values)
    expected = sum(masi_distance(x, y) for x, y in permutations(values, 2)) / (n * (n - 1))
    observed = sum(sum(masi_distance(x, y) for x, y in permutations(u, 2)) / (len(u) - 1) for u in units) / n
    assert rows["mechanisms"]["alpha"] == pytest.approx(1 - observed / expected)
    identical = [x == y for u in units for x, y in combinations(u, 2)]
    assert rows["mechanisms"]["identical"] == pytest.approx(sum(identical) / len(identical))
    assert rows["C-M-O"]["alpha"] is None
    assert "nobody coded this kind" in rows["C-M-O"]["beware"]


def test_disagreements_name_who_says_what_and_open_onto_it() -> None:
    table = disagreements(review(SMALL))
    found = {(r["article"].id, r["concept"].id): r for r in table.records()}
    assert set(found) == {("p", "O1"), ("q", "O1"), ("s", "m1")}
    row = found["q", "O1"]
    assert [t.id for t in row["says"]] == ["b"]
    assert [t.id for t in row["not_said"]] == ["a"]
    assert row["differs"] == "code"
    number = list(table.records()).index(row)
    assert table.opens(number, "says") == ("q-b",)
    assert len(disagreements(review(SMALL), concepts="m1")) == 1


def test_a_code_in_another_role_or_theme_is_told_apart() -> None:
    people = (Person(id="a"), Person(id="b"))
    concepts = tuple(Concept(id=c, label=c) for c in ("dialogue", "t1", "t2"))
    extractions = (
        Extraction(id="1", article="p", theme="t1", mechanisms=("dialogue",), coder="a"),
        Extraction(id="2", article="p", theme="t1", outcomes=("dialogue",), coder="b"),
        Extraction(id="3", article="q", theme="t1", mechanisms=("dialogue",), coder="a"),
        Extraction(id="4", article="q", theme="t2", mechanisms=("dialogue",), coder="b"),
    )
    incidence = Incidence.from_records(
        Records(
            review=Review(id="r", title="R"),
            people=people,
            articles=(Article(id="p"), Article(id="q")),
            concepts=concepts,
            extractions=extractions,
        )
    )
    whole = [(r["article"].id, r["role"], r["differs"]) for r in disagreements(incidence).records()]
    assert whole == [("p", "mechanism", "role"), ("p", "outcome", "role")]
    by_theme = disagreements(incidence, unit="theme")
    assert [(r["article"].id, r["theme"].id, r["differs"]) for r in by_theme.records()] == [
        ("p", "t1", "role"), ("p", "t1", "role"), ("q", "t1", "theme"), ("q", "t2", "theme"),
    ]  # fmt: skip
    assert by_theme.opens(2, "differs") == ("3", "4")
    assert by_subject(agreement(incidence, resamples=0))["dialogue"]["percent"] == 1.0
    roles = {(str(r["subject"]), r["role"]): r for r in agreement(incidence, about="roles", resamples=0).records()}
    assert roles["dialogue", "mechanism"]["percent"] == 0.5


# --- the pilot --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pilot() -> Incidence:
    from eaa_graph import resources
    from eaa_graph.readers.csv_folder import read_folder
    from eaa_graph.validate import validate

    return Incidence.from_records(validate(read_folder(resources.example("eaa_pilot"))).records)


def answers(pilot: Incidence, coder: str, concept: int) -> list[int]:
    held = {
        int(pilot.article[e])
        for e, c in zip(pilot.coding_extraction.tolist(), pilot.coding_concept.tolist(), strict=True)
        if c == concept and pilot.records.people[pilot.coder[e]].id == coder
    }
    return [int(a in held) for a in range(len(pilot.articles))]


def test_pilot_pooled_kappas_are_those_its_readme_reports(pilot: Incidence) -> None:
    rows = by_subject(agreement(pilot))
    # The README rounds to two places. Contexts come out at 0.784 (168 + 932 of 1,173 cells agree; expected 0.712):
    # 0.78, where the README says 0.79; leaving out the code nobody used gives 0.782, so neither choice rounds up to it.
    assert rows["all mechanisms (17)"]["kappa"] == pytest.approx(0.7165, abs=1e-4)
    assert rows["all outcomes (14)"]["kappa"] == pytest.approx(0.7853, abs=1e-4)
    assert rows["all contexts (23)"]["kappa"] == pytest.approx(0.7839, abs=1e-4)
    for kind in ("context", "mechanism", "outcome"):
        codes = [i for i, c in enumerate(pilot.concepts) if c.listed_as == kind]
        ratings = [[v for c in codes for v in answers(pilot, coder, c)] for coder in ("coder-a", "coder-b")]
        row = rows[f"all {kind}s ({len(codes)})"]
        assert row["units"] == len(ratings[0])
        assert row["kappa"] == pytest.approx(cohen_kappa(ratings))
        assert row["alpha"] == pytest.approx(krippendorff_alpha(ratings))
        assert row["ac1"] == pytest.approx(gwet_ac1(ratings))
        assert row["kappa_low"] < row["kappa"] < row["kappa_high"]


def test_pilot_agreement_per_code_with_intervals(pilot: Incidence) -> None:
    table = agreement(pilot)
    assert table.denominator == "the 51 articles that two of the coders read"
    single = [(n, r) for n, r in enumerate(table.records()) if isinstance(r["subject"], Thing)]
    assert len(single) == sum(c.listed_as in ("context", "mechanism", "outcome") for c in pilot.concepts)
    for number, row in single:
        concept = pilot.concept(row["subject"].id)
        ratings = [answers(pilot, c, concept) for c in ("coder-a", "coder-b")]
        assert row["percent"] == pytest.approx(percent_agreement(ratings))
        kappa = cohen_kappa(ratings)
        assert row["kappa"] == (None if kappa is None else pytest.approx(kappa))
        behind = table.opens(number, "both_yes")
        assert len({pilot.articles[pilot.article[pilot.extraction_index[e]]].id for e in behind}) == (
            row["both_yes"] + row["first_only"] + row["second_only"]
        )
        if row["kappa"] is None or (row["kappa_low"] is None and row["beware"] == ""):
            assert row["beware"]
    assert {p.id for p in single[0][1]["coders"]} == {"coder-a", "coder-b"}


def test_pilot_disagreements_are_the_split_cells(pilot: Incidence) -> None:
    roles = by_subject(agreement(pilot, about="roles", resamples=0))["all codes (54)"]
    assert len(disagreements(pilot)) == roles["first_only"] + roles["second_only"] == 255


def test_pilot_consensus_against_each_coder(pilot: Incidence) -> None:
    table = agreement(pilot, against="consensus", resamples=100)
    pooled = [r for r in table.records() if r["subject"] == "all codes (54)"]
    assert [[p.id for p in r["coders"]] for r in pooled] == [["consensus", "coder-a"], ["consensus", "coder-b"]]
    between = by_subject(agreement(pilot, resamples=0))["all codes (54)"]["kappa"]
    assert all(r["kappa"] > between for r in pooled)
    assert {t.id for r in disagreements(pilot, against="consensus").records() for t in (*r["says"], *r["not_said"])} == {
        "consensus", "coder-a", "coder-b",
    }  # fmt: skip


@pytest.mark.parametrize("about", ["codes", "roles", "themes", "reported"])
@pytest.mark.parametrize("unit", ["article", "theme"])
def test_pilot_never_prints_nan(pilot: Incidence, about: str, unit: str) -> None:
    for table in (
        agreement(pilot, about=about, unit=unit, resamples=40),
        set_agreement(pilot, unit=unit, resamples=40),
    ):
        assert table.rows
        assert not any(isinstance(c, float) and math.isnan(c) for row in table.rows for c in row)
        assert table.unit
        assert table.denominator
        assert table.source
        for number in range(len(table)):
            assert set(table.opens(number, "percent")) <= set(pilot.extractions)


@pytest.mark.parametrize("measure", [agreement, set_agreement])
@pytest.mark.parametrize("odd", [{"seed": -1}, {"resamples": -1}, {"resamples": 1_000_000}])
def test_a_bootstrap_that_cannot_be_run_is_refused(measure: Callable[..., Table], odd: dict[str, int]) -> None:
    with pytest.raises(BadSettings, match=next(iter(odd))):
        measure(Incidence.from_records(Records(review=Review(id="r", title="r"))), **odd)
