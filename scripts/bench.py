"""How fast eaa-graph is beside what one would otherwise use: one command, one page, peers in the same run.

    .venv/bin/python scripts/bench.py                         everything, at the full size (a few minutes)
    .venv/bin/python scripts/bench.py --articles 2000         smaller
    .venv/bin/python scripts/bench.py --only ingest --only start

Times on a shared machine wander; ratios within one run wander less. Every comparison takes the
best of its runs, and checks first that both sides did the same work.
"""

from __future__ import annotations

__all__ = ["PARTS", "Line", "ingest", "main", "measures", "pilot", "questions", "reading", "start"]

import argparse
import gc
import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from eaa_graph import pipeline  # noqa: E402 (the checkout's own package)
from eaa_graph.encode import encode  # noqa: E402
from eaa_graph.findings import Where  # noqa: E402
from eaa_graph.model import Row  # noqa: E402
from eaa_graph.readers import RawSheet, Reading  # noqa: E402
from eaa_graph.settings import Settings  # noqa: E402
from eaa_graph.store import OxigraphStore  # noqa: E402
from eaa_graph.validate import validate  # noqa: E402


class Line(NamedTuple):
    """One comparison: ours against theirs, in `unit`; `wanted` says what the ratio should be."""

    what: str
    ours: float
    theirs: float
    wanted: str
    met: bool
    unit: str = "s"


# --- a review to read ------------------------------------------------------------------------


def reading(articles: int, rows: int, seed: int = 1) -> Reading:
    """Return a made-up review as a reader would hand it over: `rows` coded passages for each article.

    As many codes as real reviews have: 26 mechanisms, 7 themes, 40 contexts, 30 outcomes; a passage of 200
    characters, a coder, a page.
    """
    draw = random.Random(seed)
    words = [
        "people",
        "talk",
        "about",
        "needs",
        "and",
        "write",
        "down",
        "so",
        "that",
        "others",
        "read",
        "and",
        "answer",
    ]
    passages = [" ".join(draw.choices(words, k=60))[:200].strip() for _ in range(500)]
    kinds = {"theme": 7, "mechanism": 26, "context": 40, "outcome": 30}
    codes = {kind: [f"{kind}-{n:02d}" for n in range(count)] for kind, count in kinds.items()}

    def sheet(name: str, cells: Iterator[dict[str, str]], headers: tuple[str, ...]) -> RawSheet:
        place = f"{name}.csv"
        made = tuple(Row(Where(place, row=n), values) for n, values in enumerate(cells, 2))
        return RawSheet(name, Where(place), headers, made)

    def extractions() -> Iterator[dict[str, str]]:
        for number in range(articles * rows):
            yield {
                "id": f"e{number:07d}",
                "article": f"a{number // rows:06d}",
                "theme": draw.choice(codes["theme"]),
                "contexts": draw.choice(codes["context"]),
                "mechanisms": " | ".join(draw.sample(codes["mechanism"], 1 + number % 2)),
                "outcomes": draw.choice(codes["outcome"]),
                "stance": draw.choice(("supports", "supports", "challenges")),
                "quote": f"{passages[number % 500]} ({number})",
                "locator": f"p. {number % 40 + 1}",
                "coder": f"coder-{number % 2 + 1}",
            }

    def configurations() -> Iterator[dict[str, str]]:
        for number in range(12):
            chosen = {kind: draw.sample(codes[kind], 2) for kind in ("context", "mechanism", "outcome")}
            yield {"id": f"c{number:02d}"} | {f"{kind}s": " / ".join(found) for kind, found in chosen.items()}

    headers = ("id", "article", "theme", "contexts", "mechanisms", "outcomes", "stance", "quote", "locator", "coder")
    sheets = (
        sheet("articles", ({"id": f"a{n:06d}", "title": f"Article {n}"} for n in range(articles)), ("id", "title")),
        sheet(
            "concepts",
            ({"id": code, "label": code, "kind": kind} for kind, found in codes.items() for code in found),
            ("id", "label", "kind"),
        ),
        sheet("extractions", extractions(), headers),
        sheet("configurations", configurations(), ("id", "contexts", "mechanisms", "outcomes")),
        sheet(
            "theories",
            iter([{"id": "first", "configurations": "|".join(f"c{n:02d}" for n in range(12))}]),
            ("id", "configurations"),
        ),
    )
    return Reading("bench", sheets, {"title": "bench"}, Where("review.toml"))


def timed(run: Callable[[], Any], runs: int = 1) -> tuple[float, Any]:
    """Return the fewest CPU seconds of some runs, and what the last gave; rubbish is cleared before each.

    CPU time, of all threads, since others may be at work on the machine: all that is compared here keeps one core busy.
    """
    best, given = float("inf"), None
    for _ in range(runs):
        given = None
        gc.collect()
        begin = time.process_time()
        given = run()
        best = min(best, time.process_time() - begin)
    return best, given


# --- ingest ---------------------------------------------------------------------------------------


def ingest(articles: int, rows: int, runs: int) -> Iterator[Line]:
    """From rows to a store in memory, against the same statements given ready-made to rdflib and to Oxigraph."""
    import pyoxigraph as ox

    given = reading(articles, rows)
    seconds_checking, checked = timed(lambda: validate(given), runs)
    assert checked.made == checked.rows, "the made-up review must be without fault"
    records = checked.records

    def ours() -> OxigraphStore:
        store = OxigraphStore()
        store.add(encode(records))
        return store

    nquads = "".join([f"{s} {p} {o} {g} .\n" for s, p, o, g in encode(records)]).encode()
    ntriples = "".join([f"{s} {p} {o} .\n" for s, p, o, _ in encode(records)]).encode()
    ways: dict[str, Callable[[], Any]] = {
        "ours": ours,
        "N-Quads": partial(_bulk_load, nquads, ox.RdfFormat.N_QUADS),
        "N-Triples": partial(_bulk_load, ntriples, ox.RdfFormat.N_TRIPLES),
    }
    spent: dict[str, float] = dict.fromkeys(ways, float("inf"))
    sizes = set()
    for _ in range(runs):  # in turn, so that what else the machine does falls on all alike
        for name, way in ways.items():
            took, store = timed(way)
            spent[name] = min(spent[name], took)
            sizes.add(len(store))
            del store
    assert len(sizes) == 1, "all must hold the same statements"
    size, seconds_ours = sizes.pop(), spent.pop("ours")
    seconds_rdflib = _rdflib_add(records)
    about = f"{articles:,} articles x {rows} rows, {size:,} statements"
    slack = "at most 1.3 times"
    yield _at_least(f"records to store, {about}: rdflib Graph.add", seconds_ours, seconds_rdflib, 4)
    for name, theirs in spent.items():
        met = seconds_ours <= 1.3 * theirs
        yield Line(f"records to store: Oxigraph bulk_load of ready {name}", seconds_ours, theirs, slack, met)
    whole = seconds_checking + seconds_ours
    yield _at_least("rows to store, checking included: rdflib Graph.add", whole, seconds_rdflib, 2)


def _bulk_load(text: bytes, form: Any) -> Any:
    import pyoxigraph as ox

    store = ox.Store()
    store.bulk_load(text, format=form)
    return store


def _rdflib_add(records: Any) -> float:
    """Return the seconds that Graph.add takes alone: making rdflib's terms is not counted against it."""
    import rdflib
    from rdflib.util import from_n3

    def term(text: str) -> Any:
        return rdflib.URIRef(text[1:-1]) if text.startswith("<") else from_n3(text)

    graph = rdflib.Graph()
    spent = 0.0
    quads = iter(encode(records))
    while batch := [(term(s), term(p), term(o)) for s, p, o, _ in islice(quads, 20_000)]:
        begin = time.process_time()
        for triple in batch:
            graph.add(triple)
        spent += time.process_time() - begin
    return spent


def _at_least(what: str, ours: float, theirs: float, times: float) -> Line:
    return Line(what, ours, theirs, f"at least {times:g} times faster", theirs >= times * ours)


# --- start-up and the pilot -------------------------------------------------------------------------


def _child_cpu(*command: str) -> tuple[float, float]:
    """Run a program to its end; return its wall-clock and CPU seconds."""
    before, begin = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT)
    wall, after = time.perf_counter() - begin, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used


def start(runs: int) -> Iterator[Line]:
    """`eaa-graph --help` against an interpreter that does nothing."""
    module = (sys.executable, "-m", "eaa_graph")
    nothing = min(_child_cpu(sys.executable, "-c", "pass")[0] for _ in range(5 * runs))
    for what, command in (("--help", (*module, "--help")), ("build --help", (*module, "build", "--help"))):
        took = min(_child_cpu(*command)[0] for _ in range(5 * runs))
        more = 1000 * (took - nothing)
        yield Line(
            f"eaa-graph {what}: python -c pass",
            1000 * took,
            1000 * nothing,
            f"at most 100 ms more (is {more:.0f})",
            more <= 100,
            "ms",
        )


def pilot(runs: int) -> Iterator[Line]:
    """Build the shipped review of 51 articles, graph, inference, tables and page; then ask it one thing."""
    with tempfile.TemporaryDirectory() as temporary:
        out = str(Path(temporary) / "build")
        command = (sys.executable, "-m", "eaa_graph", "build", "data/eaa_pilot", "--out", out)
        spent = min(_child_cpu(*command)[1] for _ in range(runs))
    yield Line("pilot build, CPU: the limit", spent, 3.0, "under 3 s", spent < 3)
    nothing = min(_child_cpu(sys.executable, "-c", "pass")[0] for _ in range(5))
    ask = (sys.executable, "-m", "eaa_graph", "ask", "data/eaa_pilot")
    for question in ("articles-by-mechanism-and-theme", "support"):
        took = min(_child_cpu(*ask, question)[0] for _ in range(runs)) - nothing
        yield Line(f"ask the pilot: {question}", took, 0.5, "under 0.5 s beyond python -c pass", took < 0.5)


# --- measures ---------------------------------------------------------------------------------------------


#: Measure and question that count the same thing, each with what it is asked.
SAME_COUNTS: tuple[tuple[str, dict[str, str], str, dict[str, str]], ...] = (
    ("occurrence", {}, "articles-by-mechanism-and-theme", {}),
    ("cooccurrence", {"unit": "extraction", "null": "none"}, "mechanisms-together-in-extraction", {}),
    ("support", {}, "configurations-supported", {}),
    ("empty-and-thin-cells", {}, "empty-cells", {}),
)


def questions(articles: int, rows: int, runs: int) -> Iterator[Line]:
    """Measures on columns against the same questions in SPARQL on the store in memory, both loaded beforehand."""
    checked = validate(reading(articles, rows))
    settings = Settings(coder="all")
    built = pipeline.Built(checked, settings)
    assert built.names.things  # loads the store
    assert len(built.columns)
    about = f"{articles:,} articles x {rows} rows"
    for measure, asked, question, given in SAME_COUNTS:
        pipeline.answer(built, measure, asked)  # what is imported and indexed once is not counted
        ours, table = timed(partial(pipeline.answer, built, measure, asked), runs)
        theirs, other = timed(partial(pipeline.answer, built, question, {"coder": "all", **given}))
        assert len(table), measure
        assert len(other) or question == "empty-cells", question
        yield _at_least(f"{measure}, {about}: {question} in SPARQL", ours, theirs, 25)


#: How many times faster than their peers the measures of scripts/bench_measures.py should be.
WANTED = {"projection": 80, "curveball": 8, "bicm_tails": 20}


def measures() -> Iterator[Line]:
    """Return the comparisons of scripts/bench_measures.py."""
    spec = importlib.util.spec_from_file_location("bench_measures", ROOT / "scripts" / "bench_measures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for compare in module.COMPARISONS:
        found = compare()
        if found is None:
            print(f"  {compare.__name__}: the peer is not installed, left out", file=sys.stderr)
            continue
        what, ours, theirs = found[:3]
        yield _at_least(what, ours, theirs, WANTED[compare.__name__])


PARTS = ("start", "pilot", "ingest", "questions", "measures")


def main() -> int:
    """Print one line for each comparison; exit with 1 if any falls short."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=10_000, help="articles of the made-up review (10,000)")
    parser.add_argument("--rows", type=int, default=20, help="coded passages for each article (20)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the best counts (3)")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be given several times")
    chosen = parser.parse_args()
    parts: dict[str, Callable[[], Iterator[Line]]] = {
        "start": lambda: start(chosen.runs),
        "pilot": lambda: pilot(chosen.runs),
        "ingest": lambda: ingest(chosen.articles, chosen.rows, chosen.runs),
        "questions": lambda: questions(chosen.articles, chosen.rows, chosen.runs),
        "measures": measures,
    }
    print(f"{'ours':>9s} {'theirs':>9s}    {'ratio':>7s}      what is compared, and what is wanted")
    short = 0
    for name in chosen.only or PARTS:
        for line in parts[name]():
            short += not line.met
            sign = "ok " if line.met else "NOT"
            print(
                f"{line.ours:7.3g} {line.unit:<2s}{line.theirs:7.3g} {line.unit:<2s} {line.theirs / line.ours:7.2f}x {sign}  {line.what}; {line.wanted}",
                flush=True,
            )
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
