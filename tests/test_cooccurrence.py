"""Co-occurrence against scipy, networkx, the package bicm, and every table there is with the same margins."""

from __future__ import annotations

import csv
import itertools
import math
import os
import subprocess
import sys
import warnings
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from eaa_graph import pipeline, registry, resources
from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.gaps.surprise import at_most
from eaa_graph.measures import association, nullmodels
from eaa_graph.measures import cooccurrence as module
from eaa_graph.measures.concept_network import _adjusted_rand, centrality, communities
from eaa_graph.measures.cooccurrence import Side, Together, _counts, cooccurrence, k_way
from eaa_graph.measures.multiplicity import benjamini_hochberg
from eaa_graph.measures.nullmodels import Curveball, against, fit_bicm, has_one_state, tails
from eaa_graph.measures.theory_pairs import pairs_of_theory, theory_pairs
from eaa_graph.model import Article, Concept, Configuration, Extraction, Records, Review, Theory
from eaa_graph.network import Incidence, selected

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "actionability"


def review(cells: np.ndarray, names: list[str] | None = None, **more: object) -> Incidence:
    """Article i codes the mechanisms of row i in one extraction; an empty row is an extraction without a mechanism."""
    names = names or [f"m{j}" for j in range(cells.shape[1])]
    records = Records(
        review=Review(id="r", title="r"),
        articles=tuple(Article(id=f"a{i:03d}") for i in range(len(cells))),
        concepts=tuple(sorted((Concept(id=n, label=n) for n in names), key=lambda c: c.id)),
        extractions=tuple(
            Extraction(id=f"e{i:03d}", article=f"a{i:03d}", mechanisms=tuple(names[j] for j in np.flatnonzero(row)))
            for i, row in enumerate(cells)
        ),
        **more,  # type: ignore[arg-type]
    )
    return Incidence.from_records(records.ordered())


def every_table(table: np.ndarray) -> list[np.ndarray]:
    """All 0/1 tables with these margins, one row after the other."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    choices = [list(itertools.combinations(range(len(columns)), int(k))) for k in rows]
    found = []
    for chosen in itertools.product(*choices):
        candidate = np.zeros(table.shape, dtype=np.uint8)
        for i, places in enumerate(chosen):
            candidate[i, list(places)] = 1
        if (candidate.sum(axis=0) == columns).all():
            found.append(candidate)
    return found


@cache
def pilot() -> Incidence:
    return Incidence.from_records(pipeline.check(resources.example("eaa_pilot")).records)


def consensus() -> Incidence:
    return selected(pilot())


SMALL = arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 4)))
TABLES = arrays(np.bool_, st.tuples(st.integers(2, 9), st.integers(2, 6)))
#: Margins with 90, 36, 22 and 5 tables: square, oblong both ways, an odd line that sits out.
UNIFORM = (
    np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], dtype=bool),
    np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]], dtype=bool),
    np.array([[1, 0, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 1, 1]], dtype=bool),
    np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=bool),
)


# --- association and multiplicity -----------------------------------------------------------------


@pytest.mark.parametrize("units", [1, 7, 51, 400])
def test_fisher_equals_scipy(units: int) -> None:
    rng = np.random.default_rng(units)
    first, second = rng.integers(0, units + 1, 150), rng.integers(0, units + 1, 150)
    low, high = np.maximum(0, first + second - units), np.minimum(first, second)
    together = low + (rng.random(150) * (high - low + 1)).astype(np.int64)
    own = association.fisher_exact(together, first, second, units)
    for k in range(150):
        a, r, c = int(together[k]), int(first[k]), int(second[k])
        assert own[k] == pytest.approx(stats.fisher_exact([[a, r - a], [c - a, units - r - c + a]])[1], rel=1e-9)


def test_fisher_in_many_blocks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(1, 40, 60), rng.integers(1, 40, 60)
    together = np.minimum(first, second) // 2
    whole = association.fisher_exact(together, first, second, 90)
    monkeypatch.setattr(association, "_BLOCK", 50)
    monkeypatch.setattr(association, "_STEP", 4)
    assert association.fisher_exact(together, first, second, 90) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("units", [7, 90, 3_000, 200_000])
def test_fisher_and_its_tails_equal_scipy_at_every_size(units: int) -> None:
    rng = np.random.default_rng(units)
    first, second = rng.integers(0, units + 1, 40), rng.integers(0, units // 3 + 1, 40)
    lowest, highest = np.maximum(0, first + second - units), np.minimum(first, second)
    # Near what chance gives, at both ends, and somewhere between.
    near = np.clip(first * second // units + rng.integers(-3, 4, 40), lowest, highest)
    for together in (lowest, highest, near, rng.integers(lowest, highest + 1)):
        p = association.fisher_exact(together, first, second, units)
        for k, (a, r, c) in enumerate(zip(together.tolist(), first.tolist(), second.tolist(), strict=True)):
            expected = stats.fisher_exact([[a, r - a], [c - a, units - r - c + a]])[1]
            assert p[k] == pytest.approx(expected, rel=2e-7, abs=1e-300)
            below = at_most(np.array([a]), np.array([units]), np.array([r]), np.array([c]))[0]
            assert below == pytest.approx(stats.hypergeom.cdf(a, units, r, c), rel=1e-6, abs=1e-15)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_equals_scipy(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)


def test_benjamini_hochberg_counts_tests_not_given_as_finding_nothing() -> None:
    p = [0.001, 0.02, 0.4]
    assert benjamini_hochberg(p, 5) == pytest.approx(stats.false_discovery_control([*p, 1, 1])[:3])
    with pytest.raises(ValueError, match="fewer tests"):
        benjamini_hochberg(p, 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([float("nan")])


def test_associations_by_hand() -> None:
    one = np.array([3])
    assert association.jaccard(one, np.array([4]), np.array([6]))[0] == pytest.approx(3 / 7)
    assert association.lift(one, np.array([4]), np.array([6]), 12)[0] == pytest.approx(1.5)
    assert association.pmi(one, np.array([4]), np.array([6]), 12)[0] == pytest.approx(math.log2(1.5))
    x, y = [1, 1, 1, 1] + [0] * 8, [1, 1, 1, 0, 1, 1, 1] + [0] * 5
    assert association.phi(one, np.array([4]), np.array([6]), 12)[0] == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert np.isnan(association.phi(one, np.array([3]), np.array([12]), 12)[0])
    assert np.isnan(association.pmi(np.array([0]), np.array([3]), np.array([2]), 12)[0])


# --- margins kept exactly ---------------------------------------------------------------------------


@pytest.mark.parametrize("table", UNIFORM, ids=["90", "36", "22", "5"])
def test_curveball_draws_every_table_equally_often(table: np.ndarray) -> None:
    tables = every_table(table)
    draws = 60 * len(tables)
    # Walks apart from each other, so that the draws are independent.
    chain = Curveball(table, seed=7, rounds=24)
    walks = np.repeat(chain._start[None], draws, axis=0)
    chain._walk(walks, 24)
    seen = Counter(t.tobytes() for t in np.ascontiguousarray(chain._whole(walks)))
    assert set(seen) <= {t.tobytes() for t in tables}
    assert stats.chisquare([seen[t.tobytes()] for t in tables]).pvalue > 1e-3


@settings(deadline=None, max_examples=60)
@given(TABLES, st.integers(0, 2**32))
def test_curveball_keeps_margins(table: np.ndarray, seed: int) -> None:
    if has_one_state(table):
        with pytest.raises(Refused, match="only one table"):
            Curveball(table, seed)
        return
    drawn = np.concatenate(list(Curveball(table, seed, rounds=3).draw(20, at_once=7)))
    assert drawn.shape == (20, *table.shape)
    assert set(np.unique(drawn)) <= {0, 1}
    assert (drawn.sum(axis=1) == table.sum(axis=0)).all()
    assert (drawn.sum(axis=2) == table.sum(axis=1)).all()


@settings(deadline=None, max_examples=80)
@given(SMALL)
def test_what_margins_settle_equals_enumeration(table: np.ndarray) -> None:
    tables = every_table(table)
    mean = np.mean(tables, axis=0)
    free = (mean > 0) & (mean < 1)
    assert has_one_state(table) == (len(tables) == 1)
    assert (nullmodels._free_cells(table) == free).all()
    model = fit_bicm(table.sum(axis=1), table.sum(axis=0))
    p = model.probabilities
    assert (((p > 0) & (p < 1)) == free).all()
    assert p[~free] == pytest.approx(mean[~free])
    assert p.sum(axis=0) == pytest.approx(table.sum(axis=0), abs=1e-8)
    assert p.sum(axis=1) == pytest.approx(table.sum(axis=1), abs=1e-8)


def test_curveball_moments_and_p_equal_enumeration() -> None:
    table = UNIFORM[1]
    i, j = np.triu_indices(4, 1)
    counts = np.array([(t.T.astype(int) @ t)[i, j] for t in every_table(table)])
    drawn = against([table], lambda c: c[:, i, j], permutations=20_000, seed=1)
    seen = (table.T.astype(int) @ table)[i, j]
    assert drawn.mean == pytest.approx(counts.mean(axis=0), abs=0.03)
    assert drawn.sd == pytest.approx(counts.std(axis=0), abs=0.03)
    assert drawn.p("more") == pytest.approx((counts >= seen).mean(axis=0), abs=0.02)
    assert drawn.p("less") == pytest.approx((counts <= seen).mean(axis=0), abs=0.02)
    assert drawn.p("both") == pytest.approx(np.minimum(1, 2 * np.minimum(drawn.p("more"), drawn.p("less"))))
    assert drawn.distinct == 36


def test_z_is_empty_where_chance_always_gives_the_same() -> None:
    # The first concept is in every unit, so its pairs are settled.
    table = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 0]], dtype=bool)
    drawn = against([table], lambda c: c[:, [0, 0, 1], [1, 2, 2]], 50, 1)
    assert np.isnan(drawn.z).tolist() == [True, True, True]
    rows = cooccurrence(review(table), minimum=0, permutations=50).records()
    assert [row["z"] for row in rows] == [None, None, None]


def test_one_seed_one_result_and_another_seed_another() -> None:
    inc = consensus()
    first, again, other = (cooccurrence(inc, permutations=99, seed=s) for s in (5, 5, 6))
    assert first == again
    assert first.column("null_mean") != other.column("null_mean")
    assert "seed 5" in first.note
    assert "mixed" in first.note


def test_mixing_check_tells_a_walk_too_short() -> None:
    rng = np.random.default_rng(0)
    table = rng.random((200, 30)) < 0.3
    short, enough = Curveball(table, 1, rounds=1).mixing, Curveball(table, 1).mixing
    assert not short.mixed
    assert "NOT mixed" in str(short)
    assert enough.mixed
    assert enough.rounds >= 8
    assert enough.equal == pytest.approx(enough.equal_later, abs=0.01)


def test_p_by_chance_is_uniform_even_when_the_walk_is_too_short() -> None:
    # p = (b + 1) / (B + 1) must not depend on mixing: on tables drawn by chance, small p are as rare as they say.
    table = UNIFORM[0]
    tables = every_table(table)
    i, j = np.triu_indices(4, 1)
    weight = np.arange(1, 7) ** 2.0

    def statistic(counts: np.ndarray) -> np.ndarray:
        return (counts[:, i, j] @ weight)[:, None]

    p = [against([tables[k % 90].astype(bool)], statistic, 19, seed=k, rounds=1).p("more")[0] for k in range(720)]
    low = float(np.mean(np.array(p) <= 0.1))
    assert low <= 0.1 + 3 * math.sqrt(0.09 / 720)


# --- margins kept on average ----------------------------------------------------------------------


def distribution(chances: np.ndarray) -> np.ndarray:
    """The distribution of a sum of yes/no draws, one draw after the other."""
    d = np.array([1.0])
    for q in chances:
        d = np.convolve(d, [1 - q, q])
    return d


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_tails_equal_direct_dynamic_programming(seed: int) -> None:
    rng = np.random.default_rng(seed)
    many = rng.integers(1, 60, rng.integers(1, 8))
    chances = rng.random((6, len(many))) ** rng.choice([0.1, 1, 5, 30])
    chances[rng.random(chances.shape) < 0.1] = 0
    chances[rng.random(chances.shape) < 0.05] = 1
    seen = rng.integers(0, many.sum() + 1, 6)
    at_most, at_least = tails(chances, many, seen)
    for k in range(6):
        d = distribution(np.repeat(chances[k], many))
        assert at_most[k] == pytest.approx(d[: seen[k] + 1].sum(), abs=1e-9)
        assert at_least[k] == pytest.approx(d[seen[k] :].sum(), abs=1e-9)
        if 1e-200 < d[seen[k] :].sum() < 0.5:  # far tails keep their digits
            assert at_least[k] == pytest.approx(d[seen[k] :].sum(), rel=1e-9)


def test_tails_of_many_units_are_the_binomial() -> None:
    seen = np.array([0, 20, 50, 90, 400])
    at_most, at_least = tails(np.full((5, 1), 0.005), np.array([10_000]), seen)
    assert at_most == pytest.approx(stats.binom.cdf(seen, 10_000, 0.005), rel=1e-8)
    assert at_least[:4] == pytest.approx(stats.binom.sf(seen[:4] - 1, 10_000, 0.005), rel=1e-8)
    assert 0 <= at_least[4] < 1e-40


def test_bicm_equals_the_package() -> None:
    bicm = pytest.importorskip("bicm", reason="the package bicm is not installed")
    rng = np.random.default_rng(4)
    table = rng.random((60, 9)) < np.outer(0.3 + 0.6 * rng.random(60), np.linspace(0.3, 1, 9))
    with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        graph = bicm.BipartiteGraph()
        graph.set_biadjacency_matrix(table.astype(int))
        graph.solve_tool(print_error=False)
        graph.compute_projection(rows=False, alpha=2, approx_method="poibin", progress_bar=True, threads_num=1)
        p = graph.get_projected_pvals_mat(layer="columns")
        probabilities = graph.get_bicm_matrix()
    assert fit_bicm(table.sum(axis=1), table.sum(axis=0)).probabilities == pytest.approx(probabilities, abs=1e-6)
    own = cooccurrence(review(table), null="bicm", tail="more", minimum=1)
    for row in own.records():
        i, j = int(row["first"].id[1:]), int(row["second"].id[1:])  # type: ignore[union-attr]
        assert row["p_bicm"] == pytest.approx(p[i, j], abs=1e-6)


def test_bicm_of_two_roles_equals_direct_dynamic_programming() -> None:
    inc = consensus()
    own = cooccurrence(inc, role="context", with_role="mechanism", null="bicm", tail="more", minimum=1)
    together = Together.of_roles(inc, "context", "mechanism", "article")
    first, second = (
        fit_bicm(t.sum(axis=1), t.sum(axis=0)).probabilities
        for t in (s.table(together.units) for s in (together.first, together.second))
    )
    names = [[inc.concepts[int(c)].id for c in s.concepts] for s in (together.first, together.second)]
    for row in list(own.records())[::9]:
        i, j = names[0].index(row["first"].id), names[1].index(row["second"].id)  # type: ignore[union-attr]
        d = distribution(first[:, i] * second[:, j])
        assert row["expected"] == pytest.approx((first[:, i] * second[:, j]).sum(), abs=1e-8)
        assert row["p_bicm"] == pytest.approx(d[int(row["count"]) :].sum(), abs=1e-9)  # type: ignore[arg-type]


# --- counts -------------------------------------------------------------------------------------------


def test_counts_equal_networkx_projection() -> None:
    inc = consensus()
    for unit in ("extraction", "theme", "article"):
        graph = nx.Graph()
        for e, r, c in zip(inc.coding_extraction, inc.coding_role, inc.coding_concept, strict=True):
            if r != 5 or (unit == "theme" and inc.theme[e] < 0):
                continue
            key = {"extraction": (e,), "theme": (inc.article[e], inc.theme[e]), "article": (inc.article[e],)}[unit]
            graph.add_edge(("unit", *map(int, key)), inc.concepts[c].id)
        concepts = sorted(n for n in graph if isinstance(n, str))
        projected = nx.bipartite.weighted_projected_graph(graph, concepts)
        own = {
            frozenset((row["first"].id, row["second"].id)): row["count"]  # type: ignore[union-attr]
            for row in cooccurrence(inc, unit=unit, minimum=1, null="none").records()
        }
        assert own == {frozenset((a, b)): w for a, b, w in projected.edges(data="weight")}


def test_pair_numbers_equal_a_naive_count_and_open_onto_their_extractions() -> None:
    inc = consensus()
    records = pipeline.check(resources.example("eaa_pilot")).records
    mine = [e for e in records.extractions if e.coder == "consensus"]
    table = cooccurrence(inc, role="context", with_role="mechanism", unit="theme", minimum=1, null="none")
    units = {(e.article, e.theme) for e in mine if e.theme}
    for number, row in enumerate(table.records()):
        c, m = row["first"].id, row["second"].id  # type: ignore[union-attr]
        with_c = {(e.article, e.theme) for e in mine if e.theme and c in e.contexts}
        with_m = {(e.article, e.theme) for e in mine if e.theme and m in e.mechanisms}
        both = with_c & with_m
        assert (row["count"], row["first_units"], row["second_units"], row["units"]) == (
            len(both),
            len(with_c),
            len(with_m),
            len(units),
        )
        if number % 7 == 0:
            wanted = [e.id for e in mine if (e.article, e.theme) in both and (c in e.contexts or m in e.mechanisms)]
            assert table.opens(number, "count") == tuple(sorted(wanted))
            assert table.opens(number, "first_units") == tuple(
                sorted(e.id for e in mine if c in e.contexts and e.theme)
            )


@pytest.mark.parametrize(
    ("share", "way", "one"),
    [(0.004, "sparse", False), (0.4, "dense", False), (0.4, "dense", True), (0.004, "pairs", True)],
)
def test_counts_are_the_same_whichever_way_is_quickest(
    share: float, way: str, one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import scipy.sparse

    used = []
    sparse, pairs = scipy.sparse.csr_array, module._by_neighbours
    monkeypatch.setattr(scipy.sparse, "csr_array", lambda *a, **k: used.append("sparse") or sparse(*a, **k))
    monkeypatch.setattr(module, "_by_neighbours", lambda *a: used.append("pairs") or pairs(*a))
    table = np.random.default_rng(2).random((9000, 320)) < share
    units, concepts = np.nonzero(table)
    sides = [Side("mechanism", np.arange(320, dtype=np.int32), units, concepts) for _ in range(2)]
    counts = _counts(sides[0], sides[0 if one else 1], 9000)
    assert (counts == table.T.astype(np.float64) @ table).all()
    assert (used[0] if used else "dense") == way


# --- properties -----------------------------------------------------------------------------------


def plain(inc: Incidence) -> dict[frozenset[str], tuple[object, ...]]:
    table = cooccurrence(inc, minimum=0, null="bicm")
    skip = (table.index("first_units"), table.index("second_units"))
    return {
        frozenset((row[0].id, row[1].id)): tuple(  # type: ignore[union-attr]
            round(c, 9) if isinstance(c, float) else c for k, c in enumerate(row[2:], 2) if k not in skip
        )
        for row in table.rows
    }


USABLE = TABLES.filter(lambda t: t.any(axis=0).sum() >= 2)


@settings(deadline=None, max_examples=40)
@given(USABLE, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(table: np.ndarray, random: object) -> None:
    inc = review(table)
    rows = list(range(len(table)))
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert plain(review(table[rows])) == plain(inc)


@settings(deadline=None, max_examples=40)
@given(USABLE, st.permutations(range(6)))
def test_relabelling_relabels_and_pairs_are_symmetric(table: np.ndarray, order: list[int]) -> None:
    width = table.shape[1]
    names = [f"m{k}" for k in [o for o in order if o < width]]
    new = dict(zip([f"m{j}" for j in range(width)], names, strict=True))
    expected = {frozenset(new[c] for c in pair): values for pair, values in plain(review(table)).items()}
    assert plain(review(table, names)) == expected
    together = Together.of_roles(review(table), "mechanism")
    assert (together.counts == together.counts.T).all()
    assert (np.diag(together.counts) == together.first.margin).all()


@settings(deadline=None, max_examples=25)
@given(USABLE)
def test_an_empty_article_changes_nothing(table: np.ndarray) -> None:
    inc = review(table)
    records = Records(
        review=inc.records.review,
        articles=(*inc.records.articles, Article(id="zzz")),
        concepts=inc.records.concepts,
        extractions=tuple(
            Extraction(id=f"e{i:03d}", article=f"a{i:03d}", mechanisms=tuple(f"m{j}" for j in np.flatnonzero(row)))
            for i, row in enumerate(table)
        ),
    )
    more = Incidence.from_records(records.ordered())
    for unit in ("extraction", "article"):
        assert cooccurrence(more, unit=unit, null="bicm") == cooccurrence(inc, unit=unit, null="bicm")


# --- real margins -------------------------------------------------------------------------------------


def test_real_margins_come_out_exactly() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared folder beside the checkout is absent")
    with (SHARED / "articles.csv").open(encoding="utf-8", newline="") as file:
        articles = [row["article_id"] for row in csv.DictReader(file)]
    with (SHARED / "article_code.csv").open(encoding="utf-8", newline="") as file:
        present = [(row["article_id"], row["code"]) for row in csv.DictReader(file)]
    codes = sorted({code for _, code in present})
    table = np.zeros((len(articles), len(codes)), dtype=bool)
    for article, code in present:
        table[articles.index(article), codes.index(code)] = True
    inc = review(table, codes)
    together = Together.of_roles(inc, "mechanism")
    assert (together.units, len(together.first.concepts)) == (194, 6)
    assert int(together.first.margin.sum()) == 953
    each = np.bincount(together.first.unit, minlength=194)
    assert (int((each == 6).sum()), int((each == 0).sum())) == (118, 17)
    pairs = cooccurrence(inc, permutations=200)
    assert len(pairs) == 15
    for row in pairs.records():
        a, b = (codes.index(row[k].id) for k in ("first", "second"))  # type: ignore[union-attr]
        assert row["count"] == int((table[:, a] & table[:, b]).sum())
    six = list(k_way(inc, k=6).records())
    assert [row["count"] for row in six] == [118]


# --- sets, network, groups ----------------------------------------------------------------------------


def test_sets_equal_a_naive_count() -> None:
    inc = consensus()
    together = Together.of_roles(inc, "mechanism", None, "theme")
    table = together.first.table(together.units)
    names = [inc.concepts[int(c)].id for c in together.first.concepts]
    for k in (3, 4):
        naive = {
            frozenset(names[p] for p in chosen): many
            for chosen in itertools.combinations(range(len(names)), k)
            if (many := int(table[:, chosen].all(axis=1).sum())) >= 2
        }
        answer = k_way(inc, k=k, unit="theme", minimum=2)
        assert {frozenset(t.id for t in row["concepts"]): row["count"] for row in answer.records()} == naive  # type: ignore[union-attr]
    model = fit_bicm(table.sum(axis=1), table.sum(axis=0)).probabilities
    answer = k_way(inc, k=3, unit="theme", minimum=2)
    row = next(answer.records())
    places = [names.index(t.id) for t in row["concepts"]]  # type: ignore[union-attr]
    chances = model[:, places].prod(axis=1)
    assert row["expected"] == pytest.approx(chances.sum())
    assert row["p_bicm"] == pytest.approx(distribution(chances)[row["count"] :].sum(), abs=1e-9)  # type: ignore[misc]
    assert len(answer.opens(0, "count")) >= row["count"]  # type: ignore[operator]


def test_centralities_equal_networkx() -> None:
    inc = consensus()
    table = centrality(inc, unit="theme", minimum=3)
    graph = nx.Graph()
    graph.add_nodes_from(row["concept"].id for row in table.records())  # type: ignore[union-attr]
    for row in cooccurrence(inc, unit="theme", minimum=3, null="none").records():
        graph.add_edge(row["first"].id, row["second"].id, weight=row["count"])  # type: ignore[union-attr]
    parts = list(nx.connected_components(graph))
    between = nx.betweenness_centrality(graph)
    for row in table.records():
        name = row["concept"].id  # type: ignore[union-attr]
        assert row["degree"] == graph.degree(name)
        assert row["weighted_degree"] == graph.degree(name, weight="weight")
        assert row["betweenness"] == pytest.approx(between[name])
        part = next(p for p in parts if name in p)
        if len(part) == 1:
            assert row["eigenvector"] is None
        elif len(part) > 2:
            wanted = nx.eigenvector_centrality_numpy(graph.subgraph(part), weight="weight")
            assert row["eigenvector"] == pytest.approx(wanted[name], abs=1e-8)


def test_a_network_in_parts_says_so() -> None:
    table = np.zeros((8, 5), dtype=bool)
    table[:3, :2] = True
    table[3:6, 2:4] = True
    table[6:, 4] = True
    answer = centrality(review(table))
    assert sorted(answer.column("part")) == [1, 1, 2, 2, 3]
    assert "3 parts" in answer.note
    assert [row["eigenvector"] for row in answer.records()][-1] is None


def test_groups_that_are_there_are_found_by_every_seed() -> None:
    table = np.zeros((40, 6), dtype=bool)
    table[:20, :3] = True
    table[20:, 3:] = True
    table[0, 3] = table[1, 3] = True
    answer = communities(review(table), runs=10)
    groups = {row["concept"].id: row["community"] for row in answer.records()}  # type: ignore[union-attr]
    assert len({groups[m] for m in ("m0", "m1", "m2")}) == 1
    assert len({groups[m] for m in ("m3", "m4", "m5")}) == 1
    assert groups["m0"] != groups["m5"]
    assert set(answer.column("stays")) == {1.0}
    assert set(answer.column("strays")) == {0.0}
    assert "adjusted Rand index of 1.000" in answer.note
    assert answer == communities(review(table), runs=10)


def test_adjusted_rand_by_hand() -> None:
    # Hubert & Arabie's formula on a table worked out by hand: sums of pairs 4, 7 and 6 of 15.
    first, second = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2])
    both, a, b = 1, 4, 3
    chance = a * b / 15
    assert _adjusted_rand(first, second) == pytest.approx((both - chance) / ((a + b) / 2 - chance))
    assert _adjusted_rand(first, first) == 1.0


# --- the theory's pairs ----------------------------------------------------------------------------------


def with_theory(table: np.ndarray, joined: tuple[tuple[str, ...], ...], names: list[str] | None = None) -> Incidence:
    configurations = tuple(Configuration(id=f"C{k}", mechanisms=(j,)) for k, j in enumerate(joined))
    theory = Theory(id="t", status="initial", configurations=tuple(c.id for c in configurations))
    return review(table, names, configurations=configurations, theories=(theory,))


def test_pairs_are_those_joined_in_one_alternative() -> None:
    inc = review(
        np.ones((2, 4), dtype=bool),
        configurations=(
            Configuration(id="C1", mechanisms=(("m0", "m1"), ("m2",))),
            Configuration(id="C2", mechanisms=(("m3", "m1", "m0"),)),
        ),
        theories=(Theory(id="t", configurations=("C1", "C2")),),
    )
    assert pairs_of_theory(inc, inc.records.theories[0], "mechanism") == {
        ("m0", "m1"): ("C1", "C2"),
        ("m0", "m3"): ("C2",),
        ("m1", "m3"): ("C2",),
    }


def test_six_mechanisms_in_three_pairs_have_fifteen_namings() -> None:
    answer = theory_pairs(consensus(), permutations=99)
    difference = next(answer.records())
    assert "all 15 ways" in answer.note
    each = {frozenset((r["first"].id, r["second"].id)): r["association"] for r in list(answer.records())[3:]}  # type: ignore[union-attr]
    assert len(each) == 15
    six = sorted({m for pair in each for m in pair})
    named = [
        frozenset(p)
        for p in (("intentions", "assets"), ("dialogue", "documentation"), ("interpretation", "understanding"))
    ]

    def statistic(own: list[frozenset[str]]) -> float:
        rest = [v for pair, v in each.items() if pair not in own]
        return float(np.mean([each[p] for p in own]) - np.mean(rest))  # type: ignore[arg-type]

    matchings = []
    for order in itertools.permutations(six):
        own = [frozenset(order[k : k + 2]) for k in (0, 2, 4)]
        if order[0] < order[1] and order[2] < order[3] and order[4] < order[5] and order[0] < order[2] < order[4]:
            matchings.append(statistic(own))
    assert len(matchings) == 15
    assert difference["association"] == pytest.approx(statistic(named))
    assert difference["p_naming"] == pytest.approx(np.mean(np.array(matchings) >= statistic(named) - 1e-12))
    assert [r["what"] for r in answer.records()].count("pair named") == 3


def test_theory_that_is_right_is_told_from_one_that_is_not() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.random((120, 3)) < 0.4
    table = np.repeat(pairs, 2, axis=1) ^ (rng.random((120, 6)) < 0.1)
    right = theory_pairs(with_theory(table, (("m0", "m1"), ("m2", "m3"), ("m4", "m5"))), permutations=199)
    wrong = theory_pairs(with_theory(table, (("m0", "m2"), ("m1", "m4"), ("m3", "m5"))), permutations=199)
    assert right.rows[0][right.index("p_curveball")] == pytest.approx(1 / 200)
    assert right.rows[0][right.index("p_naming")] == pytest.approx(1 / 15)
    assert wrong.rows[0][wrong.index("p_curveball")] > 0.5  # type: ignore[operator]
    assert right.opens(0, "association")


def test_theory_difference_against_enumeration() -> None:
    table = UNIFORM[0]
    inc = with_theory(table, (("m0", "m1"), ("m2", "m3")))
    answer = theory_pairs(inc, association="count", permutations=5000)
    own = [(0, 1), (2, 3)]
    rest = [p for p in itertools.combinations(range(4), 2) if p not in own]

    def statistic(t: np.ndarray) -> float:
        counts = t.T.astype(int) @ t
        return float(np.mean([counts[p] for p in own]) - np.mean([counts[p] for p in rest]))

    every = np.array([statistic(t) for t in every_table(table)])
    row = next(answer.records())
    assert row["association"] == pytest.approx(statistic(table))
    assert row["null_mean"] == pytest.approx(every.mean(), abs=0.06)
    assert row["p_curveball"] == pytest.approx((every >= statistic(table)).mean(), abs=0.02)


@pytest.mark.parametrize("association_", ["phi", "jaccard", "lift", "count"])
def test_every_association_runs(association_: str) -> None:
    answer = theory_pairs(consensus(), association=association_, unit="extraction", permutations=20)
    assert all(not isinstance(c, float) or math.isfinite(c) for row in answer.rows for c in row)


# --- refusals ---------------------------------------------------------------------------------------


def test_nonsense_is_refused_with_a_reason() -> None:
    nested = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=bool)
    with pytest.raises(Refused, match=r"only one table with these margins.*null=none"):
        cooccurrence(review(nested), null="curveball")
    both = cooccurrence(review(nested), minimum=1)
    assert both.column("count") == [2, 1, 1]
    assert set(both.column("p_curveball")) == set(both.column("null_mean")) == {None}
    assert None not in both.column("p_bicm")
    assert "Left out, curveball: there is only one table with these margins" in both.note
    assert len(cooccurrence(review(nested), null="none", minimum=1)) == 3
    empty = review(np.zeros((0, 2), dtype=bool))
    for measure in (cooccurrence, k_way, centrality, communities):
        with pytest.raises(Refused, match="no extractions"):
            measure(empty)
    with pytest.raises(Refused, match="nothing is coded as context"):
        cooccurrence(review(nested), role="context")
    with pytest.raises(Refused, match="only one concept"):
        cooccurrence(review(np.array([[1, 0]], dtype=bool)))
    with pytest.raises(Refused, match="names a theme"):
        cooccurrence(review(nested), unit="theme")
    with pytest.raises(Refused, match="only 3 concepts"):
        k_way(review(nested), k=4)
    with pytest.raises(Refused, match="lower minimum"):
        centrality(review(np.eye(3, dtype=bool)))
    with pytest.raises(UnknownName, match="role"):
        cooccurrence(review(nested), role="mechanisms")
    with pytest.raises(UnknownName, match="unit"):
        cooccurrence(review(nested), unit="articles")
    for bad in ({"k": 2}, {"minimum": 0}):
        with pytest.raises(BadSettings):
            k_way(consensus(), **bad)
    with pytest.raises(BadSettings):
        cooccurrence(consensus(), permutations=0)
    with pytest.raises(BadSettings):
        communities(consensus(), runs=1)


def test_theories_without_pairs_are_refused_with_a_reason() -> None:
    table = np.random.default_rng(1).random((20, 4)) < 0.5
    with pytest.raises(Refused, match="no theory versions"):
        theory_pairs(review(table))
    with pytest.raises(Refused, match="no initial version names pairs"):
        theory_pairs(with_theory(table, (("m0",), ("m1",))))
    with pytest.raises(Refused, match="names no pairs"):
        theory_pairs(with_theory(table, (("m0",), ("m1",))), theory="t")
    with pytest.raises(Refused, match="every pair"):
        theory_pairs(with_theory(table, (("m0", "m1"),)))
    with pytest.raises(UnknownName, match="theory version"):
        theory_pairs(consensus(), theory="eaa-initail")


# --- what every table has ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cooccurrence", "k-way", "centrality", "communities", "theory-pairs"])
def test_every_table_says_what_it_counts_and_opens(name: str) -> None:
    part = registry.find("measures", name)
    table = part.function(consensus())
    assert table.unit
    assert "51 articles" in table.denominator
    assert "not a cause" in table.note
    assert table.source
    assert part.description
    known = set(consensus().extractions)
    for row in range(0, len(table), max(1, len(table) // 5)):
        behind = table.opens(row, table.columns[2].name)
        assert list(behind) == sorted(behind)
        assert set(behind) <= known
        assert behind
    assert all(not isinstance(c, float) or math.isfinite(c) for row in table.rows for c in row)
    ids = [p.name for p in part.parameters]
    assert len(ids) == len(set(ids))


def test_groups_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "from eaa_graph import pipeline, resources; from eaa_graph.network import *; from eaa_graph.measures.concept_network import *;"
        "from eaa_graph.measures.cooccurrence import *;"
        "i = selected(Incidence.from_records(pipeline.check(resources.example('eaa_pilot')).records));"
        "print(communities(i, unit='extraction', runs=5), centrality(i), cooccurrence(i, permutations=20))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).resolve().parents[1],
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
