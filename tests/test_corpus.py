"""Columns as Parquet, counted by DuckDB and by Spark: the same tables as in memory, and the same way back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from strategies import few_articles, records

from eaa_graph import corpus as columnar
from eaa_graph import pipeline, resources
from eaa_graph.errors import BadSettings, EaaError, Refused, UnknownName, UnreadableFile
from eaa_graph.model import Records
from eaa_graph.network import Incidence
from eaa_graph.settings import Settings
from eaa_graph.tables import Table
from eaa_graph.validate import Checked

pytest.importorskip("ibis", reason="the optional part 'scale' is not installed")
pytest.importorskip("duckdb", reason="the optional part 'scale' is not installed")

from eaa_graph.corpus import columns as files  # noqa: E402
from eaa_graph.corpus import counting  # noqa: E402

#: What is asked of every engine: each measure in each way of counting that it has.
ASKED: tuple[tuple[str, dict[str, str]], ...] = (
    ("occurrence", {}),
    ("occurrence", {"coder": "all", "unit": "study", "shape": "wide"}),
    ("occurrence", {"unit": "extraction"}),
    ("occurrence", {"by": "country", "unit": "study"}),
    ("occurrence", {"by": "year", "role": "context"}),
    ("occurrence", {"by": "field", "unit": "extraction"}),
    ("occurrence", {"by": "outcome"}),
    ("occurrence", {"by": "none", "coder": "all"}),
    ("cooccurrence", {"null": "bicm"}),
    ("cooccurrence", {"null": "none", "unit": "theme", "minimum": "1"}),
    ("cooccurrence", {"null": "bicm", "unit": "extraction", "with_role": "outcome", "minimum": "0", "tail": "more"}),
    ("cooccurrence", {"null": "bicm", "role": "context", "with_role": "mechanism", "coder": "all"}),
    ("k-way", {"minimum": "1"}),
    ("k-way", {"k": "4", "unit": "theme", "minimum": "1"}),
    ("support", {}),
    ("support", {"coder": "all", "conditions": "all", "back_off": "2"}),
    ("empty-and-thin-cells", {}),
    ("empty-and-thin-cells", {"show": "all", "unit": "study", "null": "coded"}),
    ("empty-and-thin-cells", {"columns": "outcome", "show": "all", "unit": "extraction"}),
    ("empty-and-thin-cells", {"columns": "mechanism", "show": "all", "coder": "all", "thin": "5"}),
)  # fmt: skip
#: A few of them, one a measure, where each answer takes seconds.
FEW = tuple(next(asked for asked in ASKED if asked[0] == name) for name in columnar.MEASURES)


def in_memory(records: Records) -> pipeline.Built:
    return pipeline.Built(Checked(records, (), 0), Settings())


def written(records: Records, folder: Path, articles_a_file: int = 7) -> Path:
    files.write_columns(records, Incidence.from_records(records), folder, articles_a_file)
    return folder


def outcome(answer: Any) -> Table | tuple[type, str]:
    """Return the table, or the refusal with its words: both must be the same everywhere."""
    try:
        return answer()
    except EaaError as refusal:
        return type(refusal), str(refusal)


def same(built: pipeline.Built, corpus: counting.Corpus, name: str, asked: dict[str, str], cells: int = 40) -> None:
    """Compare a table in memory with the engine's: every value and word, and what some cells open onto."""
    ours = outcome(lambda: pipeline.answer(built, name, asked))
    theirs = outcome(lambda: counting.answer(corpus, name, asked))
    if not isinstance(ours, Table) or not isinstance(theirs, Table):
        assert ours == theirs
        return
    assert theirs == ours  # rows, columns, title, unit, denominator, note and source
    places = list(itertools.product(range(len(ours)), (c.name for c in ours.columns)))
    for row, column in places[:: max(1, len(places) // cells)] if cells else ():
        assert theirs.opens(row, column) == ours.opens(row, column), (name, asked, row, column)


@pytest.fixture(scope="module", params=["eaa_pilot", "example_messy"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[pipeline.Built, Path]:
    built = pipeline.review(resources.example(request.param))
    return built, written(built.records, tmp_path_factory.mktemp("corpus") / request.param)


@pytest.mark.parametrize(("name", "asked"), ASKED, ids=lambda v: v if isinstance(v, str) else "-".join(v.values()))
def test_duckdb_gives_the_tables_of_memory(
    example: tuple[pipeline.Built, Path], name: str, asked: dict[str, str]
) -> None:
    built, folder = example
    same(built, counting.open_corpus(folder), name, asked)
