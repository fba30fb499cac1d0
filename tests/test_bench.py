"""The benchmarks: both sides of a comparison do the same, a fallen ratio is seen, and the page says what falls short."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield importlib.import_module("bench")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def sides(bench: ModuleType) -> ModuleType:
    return importlib.import_module("bench_sides")


def test_growth_finds_the_exponent(bench: ModuleType) -> None:
    sizes = [100, 1_000, 10_000]
    assert bench.growth(sizes, [3 * n**1.3 for n in sizes]) == pytest.approx(1.3)
    assert bench.growth(sizes, [2.0, 2.0, 2.0]) == pytest.approx(0.0, abs=1e-12)


def test_only_a_ratio_below_half_has_fallen(bench: ModuleType) -> None:
    assert bench.fallen({"a": 10.0, "b": 10.0, "gone": 3.0}, {"a": 5.0, "b": 4.9, "new": 1.0}) == [
        "b: 4.9 times as fast, recorded 10.0"
    ]


#: Left to the full run: each takes over ten seconds even on a few articles.
_SLOW = {"owlrl", "hermit"}


@pytest.mark.slow
def test_both_sides_of_every_comparison_do_the_same(sides: ModuleType, tmp_path: Path) -> None:
    data = importlib.import_module("bench_data")
    material = data.Material(tmp_path, 12)
    for comparison in sides.COMPARISONS:
        if comparison.name in _SLOW:
            continue
        found = []
        for side in (comparison.ours, comparison.theirs):
            run, same, *ready = side(material)
            found.append(json.dumps(same(run(*(make() for make in ready)))))
        assert found[0] == found[1], comparison.name
        assert found[0] not in ("0", "[]"), f"{comparison.name} compares nothing"


def test_the_page_says_what_falls_short_and_what_does_not_agree(bench: ModuleType) -> None:
    def result(name: str, ours: float, theirs: float, gave: str = "x") -> object:
        return bench.Result(name, 10_000, bench.Side(ours, 10.0, "x"), bench.Side(theirs, 20.0, gave))

    found = bench.Found(
        [result("occurrence", 1.0, 40.0), result("pairs", 1.0, 3.0), result("support", 1.0, 99.0, "y")],
        {"start": [bench.Line("help: pass", 1.0, 2.0, "at most", False, "ms")]},
        {"grow-build": {100: bench.Side(1.0, 100.0, "", 5_000_000), 1_000: bench.Side(10.0, 100.0, "", 50_000_000)}},
        ["No module named 'x'"],
    )
    lines = bench.page(found, [100, 1_000]).splitlines()
    by_what = {line.split(" | ")[0].strip("| "): line for line in lines if line.startswith("|")}
    assert "falls short" not in by_what["`occurrence`, with denominators and intervals"]
    assert "30: **falls short**" in by_what["`cooccurrence` in one extraction, with Fisher's p"]
    assert "**they do not agree**" in by_what["`support` at every level of completeness"]
    assert "**falls short**" in by_what["help: pass"]
    assert "| 1.00 | 0.00 |" in by_what["`build` after reading: counts, graph and columns, as for large reviews"]
    assert any("5.0 MB at 100 articles, 50.0 MB at 1,000 articles" in line for line in lines)
    assert any("No module named 'x'" in line for line in lines)
    assert [found.results[n].short for n in range(3)] == [False, True, True]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_no_ratio_fell_by_half() -> None:
    ran = subprocess.run(
        [sys.executable, "scripts/bench.py", "--check"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}"
    recorded = json.loads((ROOT / "tests" / "cases" / "bench_ratios.json").read_text("utf-8"))["ratios"]
    assert len(recorded) >= 5
    assert all(f"{name:16s}" in ran.stdout for name in recorded)
