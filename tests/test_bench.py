"""The benchmarks: both sides of a comparison do the same, a fallen ratio is seen, and the page says what falls short."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import rdflib

from eaa_graph.encode import encode
from eaa_graph.vocabulary import EAA, RDF

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


def test_statements_are_compared_in_any_order_and_to_the_last_one(bench: ModuleType) -> None:
    statements = importlib.import_module("bench_clock").statements
    assert statements(["a", "b", "c"]) == statements(iter(["c", "a", "b"]))
    assert statements(["a", "b"]) != statements(["a", "c"])
    assert statements(["a", "b"]) != statements(["a", "b", "b"])
    assert statements([])[0] == 0


def test_only_a_ratio_below_half_has_fallen(bench: ModuleType) -> None:
    assert bench.fallen({"a": 10.0, "b": 10.0, "gone": 3.0}, {"a": 5.0, "b": 4.9, "new": 1.0}) == [
        "b: 4.9 times as fast, recorded 10.0"
    ]


@pytest.fixture
def material(bench: ModuleType, tmp_path: Path) -> Any:
    return importlib.import_module("bench_data").Material(tmp_path, 12)


def _morph(sides: ModuleType) -> Any:
    return next(c for c in sides.COMPARISONS if c.name == "morph-kgc")


def test_the_sheets_as_files_are_the_same_review(sides: ModuleType, material: Any) -> None:
    clock = importlib.import_module("bench_clock")
    run, same = sides._store_from_sheets(material)
    assert same(run()) == clock.statements(" ".join(quad) for quad in material.store.quads())
    assert same(run())[0] > 1_000


def test_the_rml_mapping_knows_every_sheet_column_and_property(material: Any) -> None:
    text = (ROOT / "scripts" / "bench_rml.ttl").read_text("utf-8")
    mapping = rdflib.Graph().parse(data=text, format="turtle")
    rml = rdflib.Namespace("http://w3id.org/rml/")
    queries = [str(query) for query in mapping.objects(None, rml.query)]
    sources = {str(source) for source in mapping.objects(None, rml.source)}
    templates = [str(o) for p in (rml.template, rml.reference) for o in mapping.objects(None, p)]
    for sheet in material.reading.sheets:
        place = f"{sheet.name}.csv"
        assert place in sources
        for column in sheet.headers:
            named = any(f"{{{column}}}" in t or t == column for t in templates)
            asked = any(place in query and re.search(rf"\b{column}\b", query) for query in queries)
            assert named or asked, f"{place}: {column}"
    told = {str(o) for p in (rml.predicate, rml["class"]) for o in mapping.objects(None, p)}
    told |= {f"{EAA}has{role}" for role in ("Context", "Mechanism", "Outcome") if f"{EAA}has{{role}}" in templates}
    for _, predicate, value, _ in encode(material.records):
        term = value if predicate == f"<{RDF}type>" else predicate
        assert term[1:-1] in told


def test_a_peer_that_is_not_installed_is_left_out_and_named(
    bench: ModuleType, sides: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    monkeypatch.setattr(sides.bench_peers, "PLACE", tmp_path / "nowhere")
    with pytest.raises(ImportError, match=r"morph-kgc \(scripts/bench\.py --peers installs it"):
        _morph(sides).theirs.told(None, 1)

    def compare(name: str, *_: object) -> object:
        if name == "morph-kgc":
            raise bench.Missing("morph-kgc (not here)")
        return bench.Result(name, 100, bench.Side(1.0, 1.0, "x"), bench.Side(9.0, 1.0, "x"))

    monkeypatch.setattr(bench, "compare", compare)
    found = bench.run(argparse.Namespace(only=["ingest"], sizes=[100, 1_000], runs=1), tmp_path)
    assert "left out, since it is not installed here: morph-kgc (not here)" in capsys.readouterr().out
    assert {r.name for r in found.results} == {"rdflib-add", "owlready2-load", "bulk-load"}
    told = bench.page(found, [100, 1_000])
    assert "Left out, since it is not installed here: morph-kgc (not here)." in told
    assert "| a folder of CSV files into a store |" not in told
    assert _morph(sides).note not in told

    # A later run that has it fills the gap, and nothing says any more that it is missing.
    found.kept(tmp_path / "found.pickle")
    both = bench.Side(1.0, 1.0, "x")
    later = bench.Found([bench.Result("morph-kgc", 100, both, both)], {}, {}, {}).kept(tmp_path / "found.pickle")
    told = bench.page(later, [100, 1_000])
    assert "Left out" not in told
    assert "| a folder of CSV files into a store |" in told
    assert told.count(_morph(sides).note) == 1


def test_an_environment_of_peers_is_made_once_and_again_when_its_list_changes(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    peers = bench.bench_peers
    assert "morph-kgc" in " ".join(peers.versions())
    listed, made, installs = tmp_path / "peers.txt", [], []
    listed.write_text("# peers\none==1.0\n", "utf-8")
    monkeypatch.setattr(peers, "PLACE", tmp_path / "venv")
    monkeypatch.setattr(peers, "LISTED", listed)
    monkeypatch.setattr(peers.venv, "create", lambda place, **_: (place.mkdir(exist_ok=True), made.append(place)))
    monkeypatch.setattr(peers.subprocess, "run", lambda command, **_: installs.append(command))
    assert peers.versions() == ["one 1.0"]
    assert not peers.made()
    peers.make()
    peers.make()
    assert len(made) == len(installs) == 1
    assert peers.made()
    listed.write_text("one==2.0\n", "utf-8")
    assert not peers.made()

    def fails(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(peers.subprocess, "run", fails)
    with pytest.raises(subprocess.CalledProcessError):
        peers.make()
    assert not (tmp_path / "venv").exists()


@pytest.mark.slow
def test_morph_kgc_makes_the_same_statements_and_a_slip_in_its_mapping_shows(
    sides: ModuleType, material: Any, tmp_path: Path
) -> None:
    if not sides.bench_peers.made():
        pytest.skip("scripts/bench.py --peers makes .venv-peers for morph-kgc")
    run, same = _morph(sides).ours(material)
    wanted = list(same(run()))
    told = _morph(sides).theirs.told(material, 1)
    assert told["gave"] == wanted
    assert told["seconds"] > 0
    assert told["peak"] > 10
    text = (ROOT / "scripts" / "bench_rml.ttl").read_text("utf-8")
    slip = tmp_path / "slip.ttl"
    slip.write_text(text.replace("reported = 'yes'", "reported = 'no'"), "utf-8")
    count, digest = _morph(sides).theirs.told(material, 1, "--mapping", str(slip))["gave"]
    assert count == wanted[0]
    assert digest != wanted[1]


#: Left to the full run: each takes over ten seconds even on a few articles.
_SLOW = {"owlrl", "hermit"}


@pytest.mark.slow
def test_both_sides_of_every_comparison_do_the_same(sides: ModuleType, tmp_path: Path) -> None:
    data = importlib.import_module("bench_data")
    material = data.Material(tmp_path, 12)
    for comparison in sides.COMPARISONS:
        if comparison.name in _SLOW or (comparison.name == "morph-kgc" and not sides.bench_peers.made()):
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
        {"turtle": "No module named 'x'"},
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
