"""How the road to the graph, and the measures, grow from a thousand articles to a hundred thousand.

    .venv/bin/python scripts/bench_scale.py                          1,000 and 10,000 articles of 20 rows (a minute)
    .venv/bin/python scripts/bench_scale.py 1000 10000 100000        up to two million rows: minutes, and 15 GB of memory
    .venv/bin/python scripts/bench_scale.py --limit 16               gives up rather than use more memory (GB)

Each size has a process of its own, so that peaks of memory are its own. CPU seconds of all threads; the exponent is that of
seconds = a * articles ** b, by least squares on the logarithms.
"""

from __future__ import annotations

__all__ = ["STAGES", "main", "stages"]

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from bench_data import growth, reading  # noqa: E402 (beside this file)

from eaa_graph import pipeline  # noqa: E402 (the checkout's own package)
from eaa_graph.settings import Settings  # noqa: E402
from eaa_graph.validate import validate  # noqa: E402

ROWS = 20
#: What is asked, in memory and of DuckDB.
MEASURES: tuple[tuple[str, dict[str, str]], ...] = (
    ("occurrence", {}),
    ("cooccurrence", {"null": "bicm"}),
    ("k-way", {}),
    ("support", {}),
    ("empty-and-thin-cells", {}),
)
#: Stages that make up the way from rows to a graph in memory.
STAGES = ("check", "graph")


def _peak() -> float:
    # Kilobytes, on a Mac bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def stages(articles: int) -> Iterator[tuple[str, float, float]]:
    """Yield (stage, CPU seconds, peak memory of the process so far in GB)."""
    begin = time.process_time()

    def done(stage: str) -> tuple[str, float, float]:
        nonlocal begin
        told = stage, time.process_time() - begin, _peak()
        begin = time.process_time()
        return told

    # What is imported once is not counted: a review of a few articles goes first.
    small = pipeline.Built(validate(reading(20, ROWS)), Settings(coder="all"))
    assert len(small.store)
    for name, asked in MEASURES:
        pipeline.answer(small, name, asked)
    del small
    done("")
    given = reading(articles, ROWS)
    yield done("made up")
    checked = validate(given)
    del given
    yield done("check")
    built = pipeline.Built(checked, Settings(coder="all", engine="memory"))
    assert len(built.columns) == articles * ROWS
    yield done("columns")
    for name, asked in MEASURES:
        assert len(pipeline.answer(built, name, asked))
        yield done(f"memory {name}")
    yield from _engine(built, done)
    built = replace(built)  # columns and answers are let go
    gc.collect()
    done("")
    assert len(built.store) > articles * ROWS * 9
    yield done("graph")


def _engine(
    built: pipeline.Built, done: Callable[[str], tuple[str, float, float]]
) -> Iterator[tuple[str, float, float]]:
    try:
        from eaa_graph.corpus.columns import write_columns
        from eaa_graph.corpus.counting import open_corpus
    except ImportError:
        return
    with tempfile.TemporaryDirectory() as folder:
        columns = Path(folder) / "columns"
        write_columns(built.records, built.columns, columns)
        yield done("columns to Parquet")
        open_corpus(columns)
        done("")
        asked_of = pipeline.review(columns, replace(built.settings, engine="duckdb"))
        for name, asked in MEASURES:
            assert pipeline.answer(asked_of, name, asked) == pipeline.answer(built, name, asked), name
            yield done(f"duckdb {name}")


def _child(articles: int, limit: float) -> dict[str, tuple[float, float]]:
    command = [sys.executable, str(Path(__file__)), str(articles), "--child", "--limit", str(limit)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {stage: (cpu, peak) for stage, cpu, peak in (json.loads(line) for line in told.splitlines())}


def main() -> int:
    """Print a table: one row a stage, seconds and peak for each size, and the exponent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000, 10_000], help="articles (1000 10000)")
    parser.add_argument("--limit", type=float, default=20, help="GB of memory that a process may address (20)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        most = int(chosen.limit * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        for line in stages(chosen.sizes[0]):
            print(json.dumps(line), flush=True)
        return 0
    found: dict[int, dict[str, tuple[float, float]]] = {}
    for articles in sorted(chosen.sizes):
        found[articles] = _child(articles, chosen.limit)
        print(f"{articles:,} articles: done", file=sys.stderr)
    print(report(found))
    return 0


def report(found: dict[int, dict[str, tuple[float, float]]]) -> str:
    """Return the table in Markdown."""
    sizes = sorted(found)
    heads = " | ".join(f"{n:,}: s | GB" for n in sizes)
    lines = [f"| stage | {heads} | exponent |", "|---|" + "---|" * (2 * len(sizes) + 1)]
    rows: list[tuple[str, list[tuple[float, float]]]] = [(s, [found[n][s] for n in sizes]) for s in found[sizes[0]]]
    rows.append(
        ("rows to graph (check, graph)", [(sum(found[n][s][0] for s in STAGES), found[n]["graph"][1]) for n in sizes])
    )
    for engine in ("memory", "duckdb"):
        named = [s for s in found[sizes[0]] if s.startswith(f"{engine} ")]
        if named:
            rows.append(
                (f"all five measures, {engine}", [(sum(found[n][s][0] for s in named), max(found[n][s][1] for s in named)) for n in sizes])
            )  # fmt: skip
    for stage, spent in rows:
        cells = " | ".join(f"{cpu:.2f} | {peak:.2f}" for cpu, peak in spent)
        exponent = f"{growth(sizes, [cpu for cpu, _ in spent]):.2f}" if len(sizes) > 1 else ""
        lines.append(f"| {stage} | {cells} | {exponent} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
