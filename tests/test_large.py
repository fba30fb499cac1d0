"""Builds of very large reviews: counts, graph and columns instead of a page for each thing."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from eaa_graph import large, pipeline, resources, results
from eaa_graph.cli import main
from eaa_graph.settings import Settings
from eaa_graph.store import OxigraphStore
from eaa_graph.vocabulary import ONTOLOGY
from eaa_graph.writers.tables import table_csv

COUNTS = Settings(contents="counts")


@pytest.fixture(scope="module")
def pilot() -> pipeline.Built:
    return pipeline.review(resources.example("eaa_pilot"), COUNTS)


@pytest.fixture(scope="module")
def written(pilot: pipeline.Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large") / "build"
    results.write(pilot, folder)
    return folder


def test_only_large_reviews_are_built_as_counts_unless_asked(
    pilot: pipeline.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = pilot.records
    assert not large.is_large(records, Settings())
    assert large.is_large(records, COUNTS)
    monkeypatch.setattr(large, "ABOVE", len(records.extractions) - 1)
    assert large.is_large(records, Settings())
    assert not large.is_large(records, Settings(contents="all"))


def test_the_graph_is_the_one_that_a_store_would_hold(pilot: pipeline.Built, written: Path) -> None:
    lines = gzip.decompress((written / "graph.nq.gz").read_bytes()).decode().splitlines()
    store = pipeline.store_of(pilot.checked)
    assert isinstance(store, OxigraphStore)
    graphs = [g for g in store.graphs() if g != ONTOLOGY]
    assert sorted(set(lines)) == sorted(store.dump("nq", graphs).decode().splitlines())
    assert len(lines) == len(set(lines))


def test_the_tables_are_the_answers_of_the_measures(pilot: pipeline.Built, written: Path) -> None:
    found = {p.stem for p in (written / "tables").glob("*.csv")}
    assert found == {name for name, _, _ in large.TABLES}
    for name, measure, asked in large.TABLES:
        expected = table_csv(pipeline.answer(pilot, measure, asked))
        assert (written / "tables" / f"{name}.csv").read_text("utf-8") == expected


def test_the_page_names_every_file_and_says_what_was_left_out(written: Path) -> None:
    page = (written / "index.html").read_text("utf-8")
    for name in ("graph.nq.gz", "findings.json", *(f"tables/{name}.csv" for name, _, _ in large.TABLES)):
        assert f'href="{name}"' in page
        assert (written / name).is_file()
    assert "--contents all" in page
    assert "51 articles" in page


def test_the_same_review_gives_the_same_bytes_and_is_not_built_again(tmp_path: Path) -> None:
    def run(*more: str) -> str:
        done = CliRunner().invoke(
            main, ["build", "--example", "eaa_pilot", "--contents", "counts", "--out", str(tmp_path / "one"), *more]
        )
        assert done.exit_code == 0, done.output
        return done.output

    def content() -> dict[str, bytes]:
        root = tmp_path / "one"
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    first = run()
    assert "eaa-graph ask" in first
    before = content()
    assert "nothing changed" in run()
    assert "nothing changed" not in run("--again")
    assert content() == before
    assert set(json.loads(before["build.json"])["files"]) == set(before) - {"build.json"}


def test_columns_of_a_build_can_be_asked(pilot: pipeline.Built, written: Path) -> None:
    pytest.importorskip("ibis", reason="the optional part 'scale' is not installed")
    pytest.importorskip("duckdb", reason="the optional part 'scale' is not installed")
    columns = pipeline.review(written / "columns", replace(pilot.settings, contents="auto"))
    assert pipeline.answer(columns, "support") == pipeline.answer(pilot, "support")


def test_texts_on_the_page_are_not_markup(pilot: pipeline.Built, tmp_path: Path) -> None:
    review = pilot.records.review.model_copy(update={"title": "<script>alert(1)</script>"})
    records = pilot.records.model_copy(update={"review": review})
    built = pipeline.Built(replace(pilot.checked, records=records), COUNTS)
    results.write(built, tmp_path / "build")
    assert "<script" not in (tmp_path / "build" / "index.html").read_text("utf-8")
