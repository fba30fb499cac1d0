"""Every shipped question, gap query and measure, asked of every store: the same rows in the same order.

The answers of the store in memory are the measure; what they should be is held by the tests of each question.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import servers
from strategies import few_articles

from eaa_graph import corpus, pipeline
from eaa_graph.encode import encode
from eaa_graph.errors import EaaError, Refused
from eaa_graph.model import Records
from eaa_graph.pipeline import Built, Stored, answer, answerable
from eaa_graph.resources import example
from eaa_graph.settings import Settings
from eaa_graph.store import open_store
from eaa_graph.tables import Table
from eaa_graph.validate import Checked

#: rdflib takes minutes for what the others answer at once, and fewer articles show the same: the whole pilot on request.
ARTICLES = int(os.environ.get("EAA_SAME_ARTICLES", "5"))
REVIEWS = ("eaa_pilot", "eaa_published")
STORES = ("disk", "rdflib", "oxigraph", "virtuoso")
ENGINES = tuple(corpus.ENGINES)
#: What cannot be asked without naming something.
NEEDED = {
    "what-a-coder-says-alone": {"coder": "coder-a", "other": "coder-b"},
    "extractions-of-a-pair": {"mechanism": "dialogue", "with_mechanism": "documentation"},
    "contradiction-contexts": {"mechanism": "dialogue"},
    "evidence-profile": {"configuration": "P02"},
}
#: With random draws or many permutations: fewer of them show the same.
CHEAPER = {"draws": "20", "permutations": "20", "resamples": "20", "replicates": "20"}


@cache
def records(review: str) -> Records:
    whole = pipeline.check(example(review)).records
    return few_articles(whole, ARTICLES) if whole.extractions else whole


@cache
def built(review: str, store: str) -> Built:
    """Return a review whose graph is in that store; from elsewhere nothing but the graph is known."""
    checked = Checked(records(review), (), 0)
    settings = Settings(infer="none")
    if store in ENGINES:
        return Built(checked, Settings(infer="none", engine=store, spark_master="local[2]"))
    if store == "memory":
        return Built(checked, settings)
    if store in ("oxigraph", "virtuoso"):
        place = getattr(servers, store)()
        pipeline.upload(Built(checked, settings), place)
        return pipeline.stored(Settings(store=place, infer="none"), checked.records.review.id)
    place = str(Path(mkdtemp()) / "graph") if store == "disk" else store
    opened = open_store(place)
    opened.add(encode(checked.records))
    return Built(checked, settings, opened)


def given(name: str) -> dict[str, str]:
    accepted = {p[0] for p in answerable()[name].parameters}
    return {**NEEDED.get(name, {}), **{k: v for k, v in CHEAPER.items() if k in accepted}}


def outcome(review: str, store: str, name: str, **more: str) -> tuple[object, ...]:
    """Return the whole answer, or the words in which there is none."""
    try:
        table = answer(built(review, store), name, given(name) | more)
    except (Refused, EaaError) as error:
        return type(error).__name__, str(error)
    return table.columns, table.rows, table.unit, table.denominator, behind(table)


def behind(table: Table) -> list[tuple[str, ...]]:
    """Return the extractions behind a few rows: the way back has to be the same, too."""
    shown = sorted({0, len(table) // 2, len(table) - 1}) if table.rows else []
    return [table.opens(row, table.columns[-1].name) for row in shown]


QUESTIONS = sorted(n for n, a in answerable().items() if a.kind == "question")
MEASURES = sorted(n for n, a in answerable().items() if a.kind == "measure")


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("review", REVIEWS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_the_same_answer_from_every_store(name: str, review: str, store: str) -> None:
    assert outcome(review, store, name) == outcome(review, "memory", name)


@pytest.mark.parametrize("store", ["oxigraph", "virtuoso"])
@pytest.mark.parametrize("review", REVIEWS)
@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_has_the_same_answer_from_what_a_store_elsewhere_holds(name: str, review: str, store: str) -> None:
    """The other stores are made from the records that measures count, so there is nothing to compare."""
    assert isinstance(built(review, store), Stored)
    assert outcome(review, store, name) == outcome(review, "memory", name)


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("review", REVIEWS)
@pytest.mark.parametrize("name", corpus.MEASURES)
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_measure_has_the_same_answer_from_an_engine_for_corpora(
    name: str, review: str, engine: str, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("ibis", reason="the optional part 'scale' is not installed")
    if engine == "spark":
        request.getfixturevalue("spark")  # starts the session that the engine then uses
    # The curveball, which permutes a whole table, stays in memory.
    asked = {"null": "bicm"} if name == "cooccurrence" else {}
    assert outcome(review, engine, name, **asked) == outcome(review, "memory", name, **asked)


def test_most_of_it_has_an_answer() -> None:
    """Equal refusals would be equal, too: almost everything has rows on the pilot."""
    silent = [n for n in (*QUESTIONS, *MEASURES) if not isinstance(outcome("eaa_pilot", "memory", n)[0], tuple)]
    empty = [n for n in (*QUESTIONS, *MEASURES) if n not in silent and not outcome("eaa_pilot", "memory", n)[1]]
    assert len(silent) <= 4, silent
    assert len(empty) <= 0.35 * len((*QUESTIONS, *MEASURES)), empty
