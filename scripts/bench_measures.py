"""How fast the co-occurrence measures are beside what one would otherwise use, as ratios within one run.

Run it, or call the functions: each returns (what, own seconds, other seconds) and takes well under a minute.
"""

from __future__ import annotations

__all__ = ["COMPARISONS", "bicm_tails", "curveball", "main", "projection", "pure_curveball"]

import random
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from eaa_graph.measures import cooccurrence as own
from eaa_graph.measures.nullmodels import Curveball, fit_bicm, tails
from eaa_graph.model import Article, Concept, Extraction, Records, Review
from eaa_graph.network import Incidence


def table(units: int, concepts: int, each: float, seed: int = 1) -> np.ndarray:
    """Return a 0/1 table with common and rare concepts, rich and poor units; `each`: concepts of a unit on average."""
    rng = np.random.default_rng(seed)
    rate = np.outer(0.3 + rng.random(units) * 1.4, 1.0 / np.arange(1, concepts + 1) ** 0.5)
    for _ in range(30):  # rates above 1 are cut off: rescale until the mean is right
        rate = np.minimum(rate * (each * units / np.minimum(rate, 1.0).sum()), 1.5)
    return rng.random((units, concepts)) < rate


def columns(cells: np.ndarray) -> Incidence:
    """Return a review in which article i codes the concepts of row i, one extraction each coding."""
    concepts = tuple(Concept(id=f"m{j:04d}", label=f"m{j}") for j in range(cells.shape[1]))
    articles = tuple(Article(id=f"a{i:06d}") for i in range(cells.shape[0]))
    extractions = tuple(
        Extraction(id=f"e{i:06d}-{j:04d}", article=f"a{i:06d}", mechanisms=(f"m{j:04d}",))
        for i, j in np.argwhere(cells).tolist()
    )
    return Incidence.from_records(
        Records(review=Review(id="bench", title="bench"), articles=articles, concepts=concepts, extractions=extractions)
    )


def seconds(run: Callable[[], object], times: int = 3) -> float:
    """Return the fewest CPU seconds of a few runs."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def projection(units: int = 10_000, concepts: int = 200, each: float = 12.0) -> tuple[str, float, float]:
    """Counts of all pairs, from incidence columns, against networkx's bipartite projection from its graph."""
    import networkx as nx

    cells = table(units, concepts, each)
    incidence = columns(cells)
    graph = nx.Graph()
    graph.add_nodes_from(f"m{j:04d}" for j in range(concepts))
    graph.add_edges_from((f"a{i}", f"m{j:04d}") for i, j in np.argwhere(cells).tolist())
    start = time.process_time()
    projected = nx.bipartite.weighted_projected_graph(graph, [f"m{j:04d}" for j in range(concepts)])
    other = time.process_time() - start
    counts = own.Together.of_roles(incidence, "mechanism").counts
    same = sum(d["weight"] for _, _, d in projected.edges(data=True)) == int(np.triu(counts, 1).sum())
    if not same:
        raise SystemExit("projection: the two do not agree")
    mine = seconds(lambda: own.Together.of_roles(incidence, "mechanism").counts, 7)
    return f"pairs, {units:,} x {concepts}: networkx projection", mine, other


def pure_curveball(lines: list[set[int]], trades: int, rng: random.Random) -> None:
    """Trade `trades` times between two random lines, in place: the curveball as one would write it in plain Python."""
    for _ in range(trades):
        i, j = rng.sample(range(len(lines)), 2)
        first, second = lines[i], lines[j]
        both = first & second
        rest = list(first ^ second)
        rng.shuffle(rest)
        cut = len(first) - len(both)
        lines[i], lines[j] = both | set(rest[:cut]), both | set(rest[cut:])


def curveball(
    units: int = 1000, concepts: int = 26, each: float = 6.0, permutations: int = 1000, measured: int = 60
) -> tuple[str, float, float]:
    """Draw tables with fixed margins; plain Python makes as many trades, and is timed on some and scaled up.

    Both trade between the concepts, the fewer lines: five trades a line between tables, as the method's authors do.
    """
    cells = table(units, concepts, each)
    rounds = 10
    trades = rounds * (concepts // 2)

    def draw() -> None:
        for _ in Curveball(cells, 1, rounds).draw(permutations):
            pass

    lines = [set(np.flatnonzero(column).tolist()) for column in cells.T]
    rng = random.Random(1)
    start = time.process_time()
    for _ in range(measured):
        pure_curveball(lines, trades, rng)
    other = (time.process_time() - start) * permutations / measured
    return (
        f"curveball, {permutations:,} x ({units:,} x {concepts}), {trades} trades: plain Python",
        seconds(draw),
        other,
    )


def bicm_tails(units: int = 1000, concepts: int = 26, each: float = 6.0) -> tuple[str, float, float] | None:
    """Fit the model and compute exact p of all pairs, against the package `bicm`; None where that is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from bicm import BipartiteGraph
    except ImportError:
        return None
    cells = table(units, concepts, each)
    i, j = np.triu_indices(concepts, 1)
    counts = (cells.T.astype(np.int64) @ cells)[i, j]

    def mine() -> np.ndarray:
        model = fit_bicm(cells.sum(axis=1), cells.sum(axis=0))
        many = np.bincount(model.row_class, minlength=len(model.classes))
        first, second = model.column_class[i], model.column_class[j]
        return tails((model.classes[:, first] * model.classes[:, second]).T, many, counts)[1]

    def other(of: np.ndarray) -> np.ndarray:
        # In one process it computes nothing unless it may draw its progress bar: that is thrown away.
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            graph = BipartiteGraph()
            graph.set_biadjacency_matrix(of.astype(int))
            graph.solve_tool(print_error=False)
            graph.compute_projection(rows=False, alpha=2, approx_method="poibin", progress_bar=True, threads_num=1)
            return graph.get_projected_pvals_mat(layer="columns")

    other(table(60, 8, 3.0))  # numba compiles on the first call: not counted
    start = time.process_time()
    theirs = other(cells)[i, j]
    took = time.process_time() - start
    together = counts > 0  # it leaves out pairs that are never together
    if not np.allclose(theirs[together], mine()[together], atol=1e-6):
        raise SystemExit("BiCM: the two do not agree")
    return f"BiCM with exact p, {units:,} x {concepts}: bicm", seconds(mine), took


COMPARISONS: tuple[Callable[[], tuple[str, float, float] | None], ...] = (projection, curveball, bicm_tails)


def main() -> None:
    """Print one line a comparison."""
    print(f"{'what':66s}{'own s':>9s}{'other s':>9s}{'ratio':>8s}")
    for compare in COMPARISONS:
        row = compare()
        if row is None:
            print(f"{compare.__name__}: the other is not installed, left out")
            continue
        what, mine, other = row
        print(f"{what:66s}{mine:9.4f}{other:9.3f}{other / mine:7.0f}x")


if __name__ == "__main__":
    main()
