"""How fast eaa-graph is beside what one would otherwise use: one command, one page, peers in the same run.

    .venv/bin/python scripts/bench.py --write              everything, and the page docs/benchmarks.md (about twenty minutes)
    .venv/bin/python scripts/bench.py --sizes 100          smaller, to the screen only
    .venv/bin/python scripts/bench.py --only measures --only start
    .venv/bin/python scripts/bench.py --peers              first installs the peers of scripts/bench_peers.txt into .venv-peers
    .venv/bin/python scripts/bench.py --check              the small run that the tests make: no ratio may have fallen by half
    .venv/bin/python scripts/bench.py --record             keep the ratios of this small run as those to compare with

Each side of a comparison runs in a process of its own, is timed in CPU seconds, and what the two gave is compared before their times
are. Times on a shared machine wander; ratios within one run wander less. The server beside
rdflib-endpoint has a script of its own, scripts/bench_server.py, and so have 100,000 articles.
"""

from __future__ import annotations

__all__ = ["PARTS", "Line", "fallen", "main", "reading"]

import argparse
import contextlib
import gc
import hashlib
import importlib.metadata
import json
import os
import pickle
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import bench_peers  # noqa: E402
from bench_clock import peak, timed  # noqa: E402
from bench_data import Line, Material, growth, reading  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks.md"
RECORDED = ROOT / "tests" / "cases" / "bench_ratios.json"
#: Comparisons of the small run: what takes long enough at this size to be measured, and not too long for every check.
CHECKED = ("rdflib-add", "cells-rdflib", "occurrence", "pairs-articles", "empty-cells", "pyshacl", "turtle")
CHECKED_SIZE = 200


# --- start-up and the pilot -------------------------------------------------------------------------


def _child_cpu(*command: str) -> tuple[float, float]:
    """Run a program to its end; return its wall-clock and CPU seconds."""
    # As in everybody's shell: what is compiled once is kept.
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before, begin = os.times(), time.perf_counter()
    subprocess.run(command, env=surroundings, check=True, stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT)
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
    """Build all there is of the shipped review of 51 articles, each time into an empty place; then ask it one thing."""
    command = (sys.executable, "-m", "eaa_graph", "build", "data/eaa_pilot", "--out")
    with tempfile.TemporaryDirectory() as temporary:
        spent = min(_child_cpu(*command, f"{temporary}/{n}")[1] for n in range(runs))
        again = min(_child_cpu(*command, f"{temporary}/0")[1] for n in range(runs))
    yield Line("pilot build into an empty place, CPU: the limit", spent, 3.0, "under 3 s", spent < 3)
    yield Line("pilot build again, nothing changed, CPU: the first build", again, spent, "less", again < spent)
    nothing = min(_child_cpu(sys.executable, "-c", "pass")[0] for _ in range(5))
    ask = (sys.executable, "-m", "eaa_graph", "ask", "data/eaa_pilot")
    for question in ("articles-by-mechanism-and-theme", "support"):
        took = min(_child_cpu(*ask, question)[0] for _ in range(runs)) - nothing
        yield Line(f"ask the pilot: {question}", took, 0.5, "under 0.5 s beyond python -c pass", took < 0.5)


# --- sides ------------------------------------------------------------------------------------------------


class Side(NamedTuple):
    """What one side of a comparison took.

    Attributes
    ----------
    seconds : float
        CPU seconds of its best run.
    peak : float
        Megabytes that the process held at most, its data included.
    gave : str
        Digest of what it gave.
    size : int
        Bytes that it wrote; 0 where nothing is written.
    """

    seconds: float
    peak: float
    gave: str
    size: int = 0


class Missing(Exception):
    """A peer that is not installed."""


def _do(name: str, side: str, material: Material, runs: int) -> Side:
    """Do one side here."""
    if name in GROWING:
        took, size = timed(partial(GROWING[name], material))
        return Side(took, peak(), "", size or 0)
    from bench_sides import COMPARISONS, Elsewhere

    (comparison,) = (c for c in COMPARISONS if c.name == name)
    chosen = comparison.ours if side == "ours" else comparison.theirs
    if isinstance(chosen, Elsewhere):
        told = chosen.told(material, runs)
        return Side(told["seconds"], told["peak"], _digest(told["gave"]))
    run, same, *ready = chosen(material)
    gc.collect()
    took, given = timed(run, runs, *ready)
    most = peak()
    return Side(took, most, _digest(same(given)))


def _digest(given: Any) -> str:
    return hashlib.sha256(json.dumps(given).encode()).hexdigest()


def _child(name: str, side: str, material: Material, runs: int, limit: float = 600) -> Side:
    """Do one side in a process of its own."""
    command = [sys.executable, __file__, "--side", name, side, "--folder", str(material.folder)]
    command += ["--sizes", str(material.articles), "--runs", str(runs)]
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=limit,
        stdin=subprocess.DEVNULL,
        env=settings,
    )
    if ran.returncode == 3:
        raise Missing(ran.stderr.strip().splitlines()[-1])
    if ran.returncode:
        raise RuntimeError(f"{name}, {side}, {material.articles} articles: {ran.stderr[-2000:]}")
    return Side(*json.loads(ran.stdout.splitlines()[-1]))


class Result(NamedTuple):
    """One comparison at one size."""

    name: str
    articles: int
    ours: Side
    theirs: Side

    @property
    def comparison(self) -> Any:
        """What was compared."""
        from bench_sides import COMPARISONS

        return next(c for c in COMPARISONS if c.name == self.name)

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        return self.theirs.seconds / self.ours.seconds

    @property
    def same(self) -> bool:
        """Whether both gave the same."""
        return self.ours.gave == self.theirs.gave

    @property
    def short(self) -> bool:
        """Whether it fell short: asked is the largest size at which both can do it."""
        return not self.same or (self.articles == max(self.comparison.sizes) and self.ratio < self.comparison.wanted)


def compare(name: str, material: Material, runs: int) -> Result:
    """Do both sides of a comparison."""
    ours = _child(name, "ours", material, runs)
    theirs = _child(name, "theirs", material, 1 if ours.seconds > 1 else min(runs, 2))
    return Result(name, material.articles, ours, theirs)


# --- how it grows ---------------------------------------------------------------------------------------


def _grow_ingest(material: Material) -> None:
    """Rows to a store in memory, checking included."""
    from eaa_graph import pipeline
    from eaa_graph.validate import validate

    pipeline.store_of(validate(material.reading))


def _grow_columns(material: Material) -> None:
    """Records to integer columns."""
    from eaa_graph.network import Incidence

    Incidence.from_records(material.records)


def _grow_build(material: Material, contents: str = "counts") -> int:
    """All that `eaa-graph build` does after reading, of the same contents at every size; returns the bytes of what it writes."""
    from eaa_graph import pipeline, results
    from eaa_graph.settings import Settings
    from eaa_graph.validate import validate

    checked = validate(material.reading)
    with tempfile.TemporaryDirectory(dir=material.folder) as temporary:
        written = results.write(pipeline.Built(checked, Settings(contents=contents)), Path(temporary) / "build")
        return sum(path.stat().st_size for path in written)


def _grow_measures(material: Material) -> None:
    """The four canned measures, columns at hand."""
    from bench_sides import COMPARISONS

    for comparison in COMPARISONS:
        if comparison.name in ("occurrence", "pairs-articles", "support", "empty-cells"):
            comparison.ours(material)[0]()


GROWING: dict[str, Callable[[Material], int | None]] = {
    "grow-ingest": _grow_ingest,
    "grow-columns": _grow_columns,
    "grow-measures": _grow_measures,
    "grow-build": _grow_build,
    "grow-site": partial(_grow_build, contents="all"),
}
#: A site of more articles than this takes minutes, and nobody makes one: build leaves it out by itself.
_SITE_UP_TO = 1_000


# --- measures of scripts/bench_measures.py ----------------------------------------------------------------

#: How many times faster than their peers the measures of scripts/bench_measures.py should be.
WANTED = {"projection": 80, "curveball": 8, "bicm_tails": 20}


def kernels() -> Iterator[Line]:
    """Return the comparisons of scripts/bench_measures.py."""
    import bench_measures

    for one in bench_measures.COMPARISONS:
        found = one()
        if found is None:
            print(f"  {one.__name__}: the peer is not installed, left out", file=sys.stderr)
            continue
        what, ours, theirs = found[:3]
        yield _at_least(what, ours, theirs, WANTED[one.__name__])


def _at_least(what: str, ours: float, theirs: float, times: float) -> Line:
    return Line(what, ours, theirs, f"at least {times:g} times faster", theirs >= times * ours)


# --- the small run that is checked ---------------------------------------------------------------------------


def ratios(runs: int) -> dict[str, float]:
    """Return the ratio of each comparison of the small run: the median of some runs."""
    with tempfile.TemporaryDirectory() as temporary:
        material = Material(Path(temporary), CHECKED_SIZE)
        assert material.columns is not None
        assert material.ntriples.exists()
        found: dict[str, list[float]] = {name: [] for name in CHECKED}
        for _ in range(runs):
            for name in CHECKED:
                with contextlib.suppress(Missing):
                    result = compare(name, material, 2)
                    if not result.same:
                        raise SystemExit(f"{name}: the two sides do not agree")
                    found[name].append(result.ratio)
    return {name: round(statistics.median(each), 2) for name, each in found.items() if each}


def fallen(recorded: dict[str, float], measured: dict[str, float]) -> list[str]:
    """Return one line for each ratio that is less than half of what was recorded.

    Examples
    --------
    >>> fallen({"a": 10.0, "b": 4.0, "c": 8.0}, {"a": 5.5, "b": 1.9})
    ['b: 1.9 times as fast, recorded 4.0']
    """
    return [
        f"{name}: {measured[name]:.1f} times as fast, recorded {ratio:.1f}"
        for name, ratio in recorded.items()
        if name in measured and measured[name] < ratio / 2
    ]


# --- the page ----------------------------------------------------------------------------------------------

_TITLES = {
    "ingest": "Into the graph",
    "queries": "Queries",
    "measures": "Measures on columns",
    "reasoning": "What follows",
    "checking": "Checking",
    "writing": "Writing",
}


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:,.1f} s"
    return f"{1000 * seconds:,.1f} ms" if seconds >= 0.001 else f"{1e6 * seconds:,.0f} µs"


def _machine() -> list[str]:
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        names = [
            line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")
        ]
        model = names[0].partition(":")[2].strip() if names else model
    memory = ""
    with contextlib.suppress(OSError, ValueError):
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB of memory"
    packages = (
        "numpy",
        "scipy",
        "pyoxigraph",
        "rdflib",
        "owlready2",
        "networkx",
        "pandas",
        "bicm",
        "owlrl",
        "pyshacl",
        "pydantic",
    )
    versions = []
    for name in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return [
        f"{datetime.now(UTC):%Y-%m-%d}; {model}, {os.cpu_count()} cores{memory}; {platform.system()}, Python {platform.python_version()}; "
        + ", ".join(versions)
        + (f"; in an environment of its own: {', '.join(bench_peers.versions())}." if bench_peers.made() else "."),
    ]


class Found(NamedTuple):
    """Everything that a run found; of comparisons whose peer is missing, what is missing."""

    results: list[Result]
    lines: dict[str, list[Line]]
    grown: dict[str, dict[int, Side]]
    missing: dict[str, str]

    def kept(self, path: Path) -> Found:
        """Return this with what earlier runs kept of everything else, and keep the whole."""
        earlier: Found | None = Found(*pickle.loads(path.read_bytes())) if path.exists() else None
        if earlier:
            mine = {(r.name, r.articles) for r in self.results}
            self.results.extend(r for r in earlier.results if (r.name, r.articles) not in mine)
            for name, lines in earlier.lines.items():
                self.lines.setdefault(name, lines)
            for name, grown in earlier.grown.items():
                self.grown[name] = {**grown, **self.grown.get(name, {})}
            self.missing.update({**dict(earlier.missing), **self.missing})
        for name in {r.name for r in self.results} & set(self.missing):  # missing in one run, there in another
            del self.missing[name]
        path.write_bytes(pickle.dumps(tuple(self)))
        return self


def page(found: Found, sizes: list[int]) -> str:
    """Return the page of results."""
    from bench_sides import COMPARISONS

    order = [c.name for c in COMPARISONS]
    out = [
        "# Benchmarks",
        "",
        "*How fast eaa-graph is beside what one would otherwise use, and how it grows. Made by `scripts/bench.py --write`; not written by hand.*",
        "",
        *_machine(),
        "",
        "A made-up review: articles with 20 coded passages each (200 characters, 26 mechanisms, 7 themes, 40 contexts, 30 outcomes, a coder, a "
        "page), themes reported, 12 configurations. Each side runs in a process of its own. Times are CPU seconds, the best of its "
        "runs, without what is made ready beforehand; peaks are of the whole process, its data and libraries included. What both gave is compared "
        "first. Before they are timed, columns have made their look-ups by role and concept as the store has made its indexes. *Asked* is what the project asks of itself at the largest size "
        "shown; — where nothing is asked.",
        "",
    ]
    for part, title in _TITLES.items():
        mine = sorted(
            (r for r in found.results if r.comparison.part == part), key=lambda r: (order.index(r.name), r.articles)
        )
        if not mine:
            continue
        out += [f"## {title}", ""]
        out += ["| what | beside | articles | ours | theirs | times as fast | asked | peak, MB | both agree in |"]
        out += ["|---|---|---:|---:|---:|---:|---:|---:|---|"]
        for r in mine:
            asked = "—"
            if r.comparison.wanted:
                asked = f"{r.comparison.wanted:g}"
                if r.articles == max(r.comparison.sizes):
                    asked += "" if r.ratio >= r.comparison.wanted else ": **falls short**"
            agreed = r.comparison.same if r.same else "**they do not agree**"
            out.append(
                f"| {r.comparison.what} | {r.comparison.peer} | {r.articles:,} | {_time(r.ours.seconds)} | {_time(r.theirs.seconds)} "
                f"| {r.ratio:,.1f} | {asked} | {r.ours.peak:,.0f} / {r.theirs.peak:,.0f} | {agreed} |"
            )
        out += [""]
        for note in dict.fromkeys(r.comparison.note for r in mine if r.comparison.note):
            out += [note, ""]
    if found.lines:
        out += ["## Kernels, start-up and the pilot", ""]
        out += ["| what | ours | theirs or limit | times as fast | asked |", "|---|---:|---:|---:|---|"]
        for line in (line for lines in found.lines.values() for line in lines):
            met = "" if line.met else " **falls short**"
            out.append(
                f"| {line.what} | {line.ours:.3g} {line.unit} | {line.theirs:.3g} {line.unit} | {line.theirs / line.ours:,.1f} | {line.wanted}{met} |"
            )
        out += [""]
    if found.grown:
        told = {
            "grow-ingest": "rows into a store, checking included",
            "grow-columns": "records into integer columns",
            "grow-measures": "occurrence, pairs, support and empty cells on columns",
            "grow-build": "`build` after reading: counts, graph and columns, as for large reviews",
            "grow-site": "`build` after reading, with site, report and figures",
        }
        out += ["## How it grows", ""]
        heads = " | ".join(f"{n:,}" for n in sizes)
        out += [
            f"| CPU (peak MB) at … articles | {heads} | exponent of time | of memory |",
            "|---" + "|---:" * (len(sizes) + 2) + "|",
        ]
        for name, by_size in found.grown.items():
            cells = [
                f"{_time(by_size[n].seconds)} ({by_size[n].peak:,.0f})" if n in by_size else "left out" for n in sizes
            ]
            there = [n for n in sizes if n in by_size]
            exponents = ["—", "—"]
            if len(there) > 1:
                exponents = [
                    f"{growth(there, [getattr(by_size[n], what) for n in there]):.2f}" for what in ("seconds", "peak")
                ]
            out.append(f"| {told[name]} | {' | '.join(cells)} | {' | '.join(exponents)} |")
        for name, what in (("grow-build", "as for large reviews"), ("grow-site", "with site, report and figures")):
            built = found.grown.get(name, {})
            if not built:
                continue
            out += [
                "",
                f"What `build` writes {what}: "
                + ", ".join(f"{s.size / 1e6:,.1f} MB at {n:,} articles" for n, s in built.items())
                + ".",
            ]
        out += ["", "The exponent is fitted by least squares on logarithms: 1 is in proportion to the number of articles. Small sizes hold the fixed cost of "
                "starting, which pulls it below 1."]  # fmt: skip
        out += [""]
    if found.missing:
        out += [
            "Left out, since it is not installed here: " + "; ".join(dict.fromkeys(found.missing.values())) + ".",
            "",
        ]
    return "\n".join(out).rstrip("\n") + "\n"


# --- running ------------------------------------------------------------------------------------------------

PARTS = ("start", "pilot", *_TITLES, "kernels", "growth")


def run(chosen: argparse.Namespace, folder: Path) -> Found:
    """Do all that was asked for, and print a line for each thing as it is found."""
    from bench_sides import COMPARISONS

    found = Found([], {}, {}, {})
    parts = chosen.only or PARTS
    sizes = sorted(chosen.sizes)
    for comparison in COMPARISONS:
        if comparison.part not in parts:
            continue
        for articles in [n for n in sizes if n <= max(comparison.sizes)] or [min(comparison.sizes)]:
            material = Material(folder, articles)
            try:
                result = compare(comparison.name, material, chosen.runs)
            except Missing as missing:
                found.missing[comparison.name] = str(missing)
                print(f"left out, since it is not installed here: {missing}", flush=True)
                break
            found.results.append(result)
            sign = "DIFFERS" if not result.same else "short" if result.short else "ok"
            print(
                f"{sign:7s} {result.ratio:9.1f}x  {_time(result.ours.seconds):>10s} {_time(result.theirs.seconds):>10s}  "
                f"{comparison.name}, {articles:,} articles",
                flush=True,
            )
    makers: dict[str, Callable[[], Iterator[Line]]] = {
        "kernels": kernels,
        "start": partial(start, chosen.runs),
        "pilot": partial(pilot, chosen.runs),
    }
    for name, make in makers.items():
        if name in parts:
            for line in make():
                found.lines.setdefault(name, []).append(line)
                print(
                    f"{'ok' if line.met else 'short':7s} {line.theirs / line.ours:9.1f}x  {line.what}; {line.wanted}",
                    flush=True,
                )
    if "growth" in parts:
        for name in GROWING:
            for articles in sizes:
                if name == "grow-site" and articles > _SITE_UP_TO:
                    break
                try:
                    side = _child(name, "ours", Material(folder, articles), 1)
                except subprocess.TimeoutExpired:
                    print(f"        {name} at {articles:,} articles: took too long, left out", flush=True)
                    break
                found.grown.setdefault(name, {})[articles] = side
                print(f"        {name} at {articles:,}: {_time(side.seconds)}, {side.peak:,.0f} MB", flush=True)
    return found


def main() -> int:
    """Print one line for each comparison; exit with 1 if any falls short."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000], help="articles (100 1000 10000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the best counts (3)")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be given several times")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--peers", action="store_true", help="first install the peers that need .venv-peers")
    parser.add_argument("--check", action="store_true", help="the small run; exit code 1 if a ratio fell by half")
    parser.add_argument("--record", action="store_true", help="keep the ratios of the small run")
    parser.add_argument("--side", nargs=2, metavar=("NAME", "SIDE"), help=argparse.SUPPRESS)
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the made-up reviews and what was found are kept, so that parts can be run one by one",
    )
    chosen = parser.parse_args()
    if chosen.side:
        try:
            print(json.dumps(_do(*chosen.side, Material(chosen.folder, chosen.sizes[0]), chosen.runs)))
        except ImportError as missing:
            print(missing, file=sys.stderr)
            return 3
        return 0
    if chosen.check or chosen.record:
        return _small(chosen.record)
    if chosen.peers:
        bench_peers.make()
    with contextlib.ExitStack() as stack:
        folder = chosen.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        found = run(chosen, folder)
        if chosen.folder:
            found = found.kept(folder / "found.pickle")
    if chosen.write:
        sizes = sorted({*chosen.sizes, *(n for by_size in found.grown.values() for n in by_size)})
        PAGE.write_text(page(found, sizes), "utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return (
        1
        if any(r.short for r in found.results) or not all(line.met for lines in found.lines.values() for line in lines)
        else 0
    )


def _small(record: bool) -> int:
    measured = ratios(3 if record else 1)
    if record:
        RECORDED.write_text(json.dumps({"articles": CHECKED_SIZE, "ratios": measured}, indent=1) + "\n", "utf-8")
        print(f"wrote {RECORDED.relative_to(ROOT)}: {measured}")
        return 0
    recorded = json.loads(RECORDED.read_text("utf-8"))["ratios"]
    found = fallen(recorded, measured)
    if found:  # once more: a machine that is busy with other things must not be taken for a slow program
        again = ratios(2)
        found = fallen(recorded, {name: max(ratio, again.get(name, 0)) for name, ratio in measured.items()})
    for name, ratio in measured.items():
        print(f"{name:16s} {ratio:8.1f}x, recorded {recorded.get(name, float('nan')):8.1f}x")
    for line in found:
        print(f"FELL BY HALF: {line}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
