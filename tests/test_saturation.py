"""Saturation and unseen codes, against hand-worked values, enumeration and permutation."""

from __future__ import annotations

import math
import random
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures.saturation import accumulation, chao2, expected_new, permuted, rarefaction, unseen
from eaa_graph.model import Article, Concept, Extraction, Records, Review
from eaa_graph.network import Incidence, selected


@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=6))
@settings(max_examples=80, deadline=None)
def test_rarefaction_is_the_mean_over_all_choices(articles: list[set[int]]) -> None:
    codes = sorted(set().union(*articles))
    frequencies = np.array([sum(c in a for a in articles) for c in codes], dtype=np.int64)
    curve = rarefaction(frequencies, len(articles))
    for t in range(1, len(articles) + 1):
        sizes = [len(set().union(*chosen)) for chosen in combinations(articles, t)]
        assert curve[t - 1] == pytest.approx(sum(sizes) / len(sizes))


def test_rarefaction_agrees_with_permutations() -> None:
    draw = random.Random(2)
    pairs = sorted({(draw.randrange(40), int(draw.paretovariate(0.8)) % 60) for _ in range(200)})
    unit = np.array([u for u, _ in pairs])
    codes = {c: n for n, c in enumerate(sorted({c for _, c in pairs}))}
    code = np.array([codes[c] for _, c in pairs])
    curves = permuted(unit, code, 40, 2000, seed=5)
    exact = rarefaction(np.bincount(code), 40)
    error = curves.std(axis=0) / math.sqrt(2000)
    assert np.all(np.abs(curves.mean(axis=0) - exact) <= 4.5 * error + 1e-9)
    assert np.all(curves[:, -1] == len(codes))
    assert np.all(np.diff(curves, axis=1) >= 0)


def test_chao2_by_hand() -> None:
    # T = 10, Q1 = 3, Q2 = 2: 6 + 0.9 * 3 * 2 / (2 * 3) = 6.9.
    found = chao2(np.array([1, 1, 1, 2, 2, 5]), 10)
    assert (found.observed, found.once, found.twice) == (6, 3, 2)
    assert found.estimate == pytest.approx(6.9)
    # Variance term by term: 0.9*6/6 + 0.81*3*25/36 + 0.81*9*2*4/324 = 0.9 + 1.6875 + 0.18 = 2.7675.
    spread = math.exp(1.96 * math.sqrt(math.log(1 + 2.7675 / 0.81)))
    assert (found.low, found.high) == pytest.approx((6 + 0.9 / spread, 6 + 0.9 * spread))
    # 12 mentions; 1 - 3/12 * (9*3)/(9*3 + 2*2).
    assert found.coverage == pytest.approx(1 - 0.25 * 27 / 31)
    assert expected_new(3, 10, 0.9, 10) == pytest.approx(0.9 * (1 - 0.75**10))


def test_chao2_says_why_it_has_no_answer() -> None:
    assert "one article" in chao2(np.array([1, 1]), 1).why
    only_once = chao2(np.array([1, 1, 1]), 5)
    assert only_once.estimate is None
    assert "one article only" in only_once.why
    assert chao2(np.zeros(0, dtype=np.int64), 5).estimate is None
    none_once = chao2(np.array([3, 4, 5]), 6)
    assert none_once.estimate == 3
    assert none_once.low == 3
    assert "no sign" in none_once.why
    no_twice = chao2(np.array([1, 1, 3]), 6)
    assert no_twice.estimate == pytest.approx(3 + 5 / 6 * 2 * 1 / 2)
    assert "rests on little" in no_twice.why


@given(st.lists(st.integers(1, 12), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_chao2_lies_in_its_interval_and_above_what_was_seen(frequencies: list[int]) -> None:
    found = chao2(np.array(frequencies), 12)
    if found.estimate is None or found.low is None or found.high is None or found.coverage is None:
        assert found.why
        return
    assert found.observed <= found.low + 1e-9
    assert found.low <= found.estimate + 1e-9 <= found.high + 2e-9
    assert 0 <= found.coverage <= 1
    new = [expected_new(found.once, 12, found.estimate - found.observed, m) for m in (1, 5, 50, 5000)]
    assert new == sorted(new)
    assert new[-1] <= found.estimate - found.observed + 1e-9


def test_expected_new_recovers_a_known_world() -> None:
    # 60 codes, each shown by an article with chance 0.05: what 30 articles predict for 10 more is what happens.
    rng = np.random.default_rng(11)
    predicted, happened = [], []
    for _ in range(300):
        world = rng.random((40, 60)) < 0.05
        counts = world[:30].sum(axis=0)
        seen = counts[counts > 0]
        found = chao2(seen, 30)
        assert found.estimate is not None
        predicted.append(expected_new(found.once, 30, found.estimate - found.observed, 10))
        happened.append(int(np.count_nonzero((counts == 0) & world[30:].any(axis=0))))
    assert np.mean(predicted) == pytest.approx(np.mean(happened), rel=0.1)


# --- measures -------------------------------------------------------------------------------------


def review(order: int = 0, empty: bool = False, prefix: str = "") -> Incidence:
    draw = random.Random(1)
    contexts, mechanisms, outcomes = (tuple(f"{k}{n}" for n in range(5)) for k in "cmo")
    extractions = [
        Extraction(
            id=f"{prefix}e{n:02}",
            article=f"{prefix}a{n % 12:02}",
            contexts=tuple(sorted(draw.sample(contexts, draw.randrange(3)))),
            mechanisms=tuple(sorted(draw.sample(mechanisms, draw.randrange(3)))),
            outcomes=tuple(sorted(draw.sample(outcomes, draw.randrange(2)))),
        )
        for n in range(30)
    ]
    random.Random(order).shuffle(extractions)
    articles = [Article(id=f"{prefix}a{n:02}", study="s" if n < 3 else None) for n in range(12)]
    return Incidence.from_records(
        Records(
            review=Review(id="r", title="R"),
            articles=(*articles, *((Article(id="zz"),) if empty else ())),
            concepts=tuple(Concept(id=c, label=c) for c in (*contexts, *mechanisms, *outcomes)),
            extractions=tuple(extractions),
        ).ordered()
    )


@pytest.mark.parametrize("of", ["codes", "C-M", "C-M-O"])
def test_what_is_counted_is_what_a_loop_finds(of: str) -> None:
    incidence = review()
    held: dict[int, dict[int, set[int]]] = {}
    for e, role, c in zip(
        incidence.coding_extraction.tolist(),
        incidence.coding_role.tolist(),
        incidence.coding_concept.tolist(),
        strict=True,
    ):
        held.setdefault(e, {}).setdefault(role, set()).add(c)
    seen = set()
    for by_role in held.values():
        parts = [by_role.get(0, set()), by_role.get(5, set()), by_role.get(6, set())]
        if of == "codes":
            seen |= {(r, c) for r, cs in by_role.items() for c in cs}
        else:
            seen |= set(product(*parts[: len(of.split("-"))]))
    table = accumulation(incidence, of=of, permutations=20)
    assert table.rows[-1][1] == pytest.approx(len(seen))
    row = {str(r["kind"]): r for r in unseen(incidence).records()}[of]
    assert row["seen"] == len(seen)


def test_nothing_depends_on_row_order_an_empty_article_or_names() -> None:
    plain = accumulation(review(), permutations=30)
    for other in (review(order=4), review(empty=True), review(prefix="x")):
        assert accumulation(other, permutations=30).rows == plain.rows
        assert unseen(other).rows == unseen(review()).rows
    assert "1 more has none" in accumulation(review(empty=True)).denominator
    assert accumulation(review(), permutations=30, seed=3).rows != plain.rows


def test_studies_count_once() -> None:
    assert len(accumulation(review(), unit="study")) == 10


def test_cells_open_onto_their_passages() -> None:
    incidence = review()
    table = unseen(incidence)
    for number, row in enumerate(table.records()):
        assert bool(table.opens(number, "once")) == bool(row["once"])
        assert set(table.opens(number, "once")) <= set(table.opens(number, "seen"))


def test_nonsense_is_refused() -> None:
    incidence = review()
    nothing = incidence.where(np.zeros(len(incidence), dtype=bool))
    with pytest.raises(Refused, match="no passages"):
        accumulation(nothing)
    with pytest.raises(Refused, match="no passages"):
        unseen(nothing)
    with pytest.raises(UnknownName):
        accumulation(incidence, of="M-C")
    with pytest.raises(BadSettings):
        unseen(incidence, ahead=0)
    with pytest.raises(BadSettings, match="seed"):
        accumulation(incidence, seed=-1)
    bare = incidence.where(
        np.array(
            [not (incidence.coding_role[incidence.coding_extraction == e] == 6).any() for e in range(len(incidence))]
        )
    )
    with pytest.raises(Refused, match="no outcomes were coded"):
        accumulation(bare, of="outcomes")


def test_pilot_is_explained_and_has_no_nan() -> None:
    from eaa_graph import resources
    from eaa_graph.readers.csv_folder import read_folder
    from eaa_graph.validate import validate

    pilot = selected(Incidence.from_records(validate(read_folder(resources.example("eaa_pilot"))).records))
    for table in (
        accumulation(pilot, of="C-M-O", permutations=50),
        unseen(pilot),
        unseen(pilot, unit="study", ahead=100),
    ):
        assert not any(isinstance(c, float) and math.isnan(c) for row in table.rows for c in row)
        for row in table.records():
            if any(v is None for v in row.values()):
                assert row["beware"]
    by_kind = {str(r["kind"]): r for r in unseen(pilot).records()}
    assert by_kind["C-M-O"]["coverage"] < by_kind["codes"]["coverage"]
    assert by_kind["C-M-O"]["new_low"] < by_kind["C-M-O"]["new"] < by_kind["C-M-O"]["new_high"]
