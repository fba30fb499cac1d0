"""Columns as Parquet, counted by DuckDB and by Spark: the same tables as in memory, and the same way back."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from strategies import few_articles
from strategies import records as reviews

from eaa_graph import corpus as columnar
from eaa_graph import pipeline, resources
from eaa_graph.cli import main
from eaa_graph.errors import BadSettings, EaaError, Refused, StoreUnavailable, UnknownName, UnreadableFile
from eaa_graph.model import Article, Concept, Configuration, Extraction, Person, Records, Reported, Review, Theory
from eaa_graph.network import Incidence
from eaa_graph.settings import Settings
from eaa_graph.tables import Table
from eaa_graph.validate import Checked

pytest.importorskip("ibis", reason="the optional part 'scale' is not installed")
pytest.importorskip("duckdb", reason="the optional part 'scale' is not installed")

from eaa_graph.corpus import columns as files
from eaa_graph.corpus import engines

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
#: One or two a measure, where each answer takes seconds.
FEW = (
    ASKED[0], ASKED[5], ASKED[11], ASKED[8], ASKED[12], ASKED[13], ASKED[15], ASKED[14], ASKED[16], ASKED[18],
)  # fmt: skip


def written(review: Records, folder: Path, articles_a_file: int = 20) -> Path:
    files.write_columns(review, Incidence.from_records(review), folder, articles_a_file)
    return folder


def in_memory(review: Records) -> pipeline.Built:
    return pipeline.Built(Checked(review, (), 0), Settings(engine="memory"))


def in_engine(folder: Path, engine: str = "duckdb", master: str = "local[2]") -> pipeline.Built:
    return pipeline.review(folder, Settings(engine=engine, spark_master=master))


def outcome(answer: Callable[[], Table]) -> Any:
    """Return the table, or the refusal with its words: both must be the same everywhere."""
    try:
        return answer()
    except EaaError as refusal:
        return type(refusal), str(refusal)


def same(one: pipeline.Built, other: pipeline.Built, name: str, asked: dict[str, str], cells: int = 6) -> Any:
    """Compare two tables, every value and word, and what some of their cells open onto."""
    ours = outcome(lambda: pipeline.answer(one, name, asked))
    theirs = outcome(lambda: pipeline.answer(other, name, asked))
    assert theirs == ours, (name, asked)  # rows, columns, title, unit, denominator, note and source
    if isinstance(ours, Table):
        places = list(itertools.product(range(len(ours)), (c.name for c in ours.columns)))
        for row, column in random.Random(len(places)).sample(places, min(cells, len(places))):
            assert theirs.opens(row, column) == ours.opens(row, column), (name, asked, row, column)
    return ours


def names(value: object) -> str:
    return value if isinstance(value, str) else "-".join(value.values()) if isinstance(value, dict) else ""


# --- DuckDB ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["eaa_pilot", "example_messy"])
def example(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pipeline.Built, pipeline.Built]:
    built = in_memory(pipeline.review(resources.example(request.param)).records)
    return built, in_engine(written(built.records, tmp_path_factory.mktemp("corpus") / request.param))


@pytest.mark.parametrize(("name", "asked"), ASKED, ids=names)
def test_duckdb_gives_the_tables_of_memory(
    example: tuple[pipeline.Built, pipeline.Built], name: str, asked: dict[str, str]
) -> None:
    same(*example, name, asked)


def test_every_way_of_asking_has_an_answer_on_a_full_review() -> None:
    """Comparing two refusals shows little: on the pilot's records, enlarged, each question gives rows."""
    built = in_memory(larger(articles=60))
    for name, asked in ASKED:
        assert len(pipeline.answer(built, name, asked)), (name, asked)


def larger(articles: int, seed: int = 5) -> Records:
    """Return a made-up review in which everything occurs: studies, theme reports, disputes, back-off, assertions."""
    draw = random.Random(seed)
    kinds = {"theme": 5, "context": 6, "mechanism": 9, "outcome": 5, "actor": 3}
    concepts = tuple(
        Concept(
            id=f"{kind}-{n}",
            label=f"{kind} {n}",
            listed_as=kind,
            position=None if n % 4 == 3 else 9 - n,
            broader=(f"{kind}-{n // 2}",) if n > 1 and kind != "theme" else (),
        )
        for kind, many in kinds.items()
        for n in range(many)
    )

    def some(kind: str, least: int, most: int) -> tuple[str, ...]:
        return tuple(sorted(draw.sample([f"{kind}-{n}" for n in range(kinds[kind])], draw.randint(least, most))))

    def maybe(*values: str) -> str | None:
        return draw.choice((*values, None))

    extractions = tuple(
        Extraction(
            id=f"x{n * 7919 % 100_003:06d}-{n}",
            article=f"a{draw.randrange(articles):05d}",
            theme=maybe(*(f"theme-{t}" for t in range(4))),
            contexts=some("context", 0, 2),
            mechanisms=some("mechanism", 0, 4),
            outcomes=some("outcome", 0, 2),
            actors=some("actor", 0, 1),
            stance=maybe("supports", "refines", "challenges"),
            polarity=maybe("enabling", "hindering"),
            activation=maybe("none"),
            quote=f"words {n}",
            coder=maybe("ann", "bo"),
        )
        for n in range(articles * 4)
    )
    listed = [e.id for e in extractions]
    configurations = tuple(
        Configuration(
            id=f"c{n}",
            contexts=tuple(some("context", 1, 2) for _ in range(n % 3)),
            mechanisms=tuple(some("mechanism", 1, 2) for _ in range(1 + n % 2)),
            outcomes=tuple(some("outcome", 1, 1) for _ in range((n + 1) % 3)),
            actors=(some("actor", 1, 1),) if n % 2 else (),
            supporting=tuple(sorted(draw.sample(listed, 6))),
            challenging=tuple(sorted(draw.sample(listed, 3))),
        )
        for n in range(6)
    )
    reported = {
        (f"a{draw.randrange(articles):05d}", f"theme-{draw.randrange(4)}", draw.choice(("ann", "bo"))): bool(n % 4)
        for n in range(articles * 3)
    }
    return Records(
        review=Review(id="larger", title="Larger", preferred_coder="ann"),
        people=(Person(id="ann"), Person(id="bo")),
        articles=tuple(
            Article(
                id=f"a{n:05d}",
                study=f"s{n // 3}" if n % 5 else None,
                country=draw.choice(("NL", "UK", None)),
                field=draw.choice(("care", "school", None)),
                year=2000 + n % 7,
            )
            for n in range(articles)
        ),
        concepts=concepts,
        extractions=extractions,
        reported=tuple(Reported(article=a, theme=t, coder=c, reported=v) for (a, t, c), v in reported.items()),
        configurations=configurations,
        theories=(Theory(id="t1", label="First", configurations=tuple(f"c{n}" for n in range(4))),),
    ).ordered()


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory) -> tuple[pipeline.Built, Path]:
    built = in_memory(larger(articles=400))
    return built, written(built.records, tmp_path_factory.mktemp("corpus") / "medium", 50)


def test_duckdb_agrees_on_a_review_in_which_everything_occurs(medium: tuple[pipeline.Built, Path]) -> None:
    built, folder = medium
    engine = in_engine(folder)
    for name, asked in ASKED:
        assert isinstance(same(built, engine, name, asked), Table), (name, asked)


@settings(
    max_examples=int(os.environ.get("EAA_CORPUS_EXAMPLES", "6")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(review=reviews(most=4))
def test_duckdb_agrees_on_any_review(review: Records, tmp_path_factory: pytest.TempPathFactory) -> None:
    """More examples with EAA_CORPUS_EXAMPLES=200."""
    review = review.ordered()
    engine = in_engine(written(review, tmp_path_factory.mktemp("any") / "columns", 2))
    built = in_memory(review)
    for name, asked in FEW:
        same(built, engine, name, asked | {"coder": "all"}, cells=2)


def test_theme_reports_without_a_coder_hold_for_the_coder_asked_about(
    medium: tuple[pipeline.Built, Path], tmp_path: Path
) -> None:
    records = medium[0].records
    reported = {(r.article, r.theme): r.model_copy(update={"coder": None}) for r in records.reported}
    review = records.model_copy(update={"reported": tuple(reported.values())}).ordered()
    engine = in_engine(written(review, tmp_path / "unsigned"))
    coder = next(e.coder for e in records.extractions if e.coder)
    table = same(in_memory(review), engine, "occurrence", {"coder": coder})
    assert isinstance(table, Table)
    assert "articles that report the theme" in {str(row["basis"]) for row in table.records()}


def test_shards_of_whole_articles_add_up(medium: tuple[pipeline.Built, Path], tmp_path: Path) -> None:
    """Counts of articles over files of their own are added; the threshold comes after, and not before."""
    built, _ = medium
    asked = {"null": "none", "minimum": "0", "coder": "all"}
    whole = pipeline.answer(built, "cooccurrence", asked)
    by_pair = {(str(r["first"]), str(r["second"])): r["count"] for r in whole.records()}
    records = built.records
    summed: dict[tuple[str, str], int] = {}
    most = 0
    for start in range(0, 400, 100):
        here = {a.id for a in records.articles[start : start + 100]}
        piece = records.model_copy(
            update={
                "articles": tuple(a for a in records.articles if a.id in here),
                "extractions": tuple(e for e in records.extractions if e.article in here),
                "reported": tuple(r for r in records.reported if r.article in here),
            }
        )
        table = pipeline.answer(in_engine(written(piece, tmp_path / str(start))), "cooccurrence", asked)
        for row in table.records():
            pair, count = (str(row["first"]), str(row["second"])), row["count"]
            assert isinstance(count, int)
            summed[pair] = summed.get(pair, 0) + count
            most = max(most, count)
    assert summed == by_pair
    assert most + 1 < max(by_pair.values()), "asked of each file, a minimum this high would have lost every pair"


# --- files --------------------------------------------------------------------------------------------


def test_columns_come_back_as_they_were(medium: tuple[pipeline.Built, Path]) -> None:
    built, folder = medium
    back, ours = files.read_columns(folder), built.columns
    assert back.extractions == ours.extractions
    assert back.records.articles == ours.records.articles
    assert back.records.concepts == ours.records.concepts
    for name, column in vars(ours).items():
        if isinstance(column, np.ndarray):
            assert np.array_equal(getattr(back, name), column), name
    memory = pipeline.review(folder, Settings(engine="memory"))
    same(built, memory, "centrality", {})  # measures that no engine counts are asked from the same files
    same(built, memory, "occurrence", {"by": "country"})


def test_no_article_lies_in_two_files(medium: tuple[pipeline.Built, Path]) -> None:
    import pyarrow.parquet

    _, folder = medium
    for table in files.TABLES:
        seen: set[int] = set()
        parts = sorted((folder / table).glob("*.parquet"))
        assert len(parts) == 8, table
        for part in parts:
            here = set(pyarrow.parquet.read_table(part, columns=["article"])["article"].to_pylist())
            assert not here & seen, (table, part.name)
            seen |= here


def test_a_corpus_is_replaced_whole_and_nothing_else_is(tmp_path: Path) -> None:
    review = larger(articles=10)
    folder = written(review, tmp_path / "columns")
    before = sorted(p.name for p in folder.rglob("*"))
    written(few_articles(review, 5), folder, 1)
    assert sorted(p.name for p in folder.rglob("*")) != before
    assert [p.name for p in tmp_path.iterdir()] == ["columns"], "nothing is left beside it"
    other = tmp_path / "mine"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(BadSettings, match="something else"):
        written(review, other)
    assert (other / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="folders are not made read-only this way on Windows")
def test_a_disk_that_does_not_take_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = larger(articles=10)
    folder = written(review, tmp_path / "columns")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        written(review, folder)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["columns"]


def test_damaged_and_foreign_folders_are_told(tmp_path: Path) -> None:
    folder = written(larger(articles=10), tmp_path / "columns")
    told = json.loads((folder / columnar.REVIEW_FILE).read_text("utf-8"))
    (folder / columnar.REVIEW_FILE).write_text(json.dumps(told | {"eaa_graph_corpus": 99}))
    with pytest.raises(UnreadableFile, match="layout 99"):
        in_engine(folder)
    (folder / columnar.REVIEW_FILE).write_text('{"eaa_graph_corpus": 1, "amounts": ')
    with pytest.raises(UnreadableFile, match="damaged"):
        in_engine(folder)
    folder = written(larger(articles=10), tmp_path / "again")
    shutil.rmtree(folder / "codings")
    with pytest.raises(StoreUnavailable, match="cannot be read by duckdb"):
        pipeline.answer(in_engine(folder), "occurrence")
    with pytest.raises(UnreadableFile, match="codings"):
        files.read_columns(folder)


# --- asking --------------------------------------------------------------------------------------------


def test_what_an_engine_cannot_do_is_refused_with_a_way_out(medium: tuple[pipeline.Built, Path]) -> None:
    _, folder = medium
    engine = in_engine(folder)
    for name in ("cooccurrence", "empty-and-thin-cells"):
        with pytest.raises(Refused, match="ask with null="):
            pipeline.answer(engine, name, {"null": "curveball"})
    with pytest.raises(BadSettings, match="ask centrality with engine memory"):
        pipeline.answer(engine, "centrality")
    with pytest.raises(Refused, match="without a graph"):
        pipeline.answer(engine, "articles-by-mechanism-and-theme")
    with pytest.raises(UnreadableFile, match="ask it with eaa-graph ask"):
        pipeline.check(folder)
    with pytest.raises(UnreadableFile, match="take the review itself"):
        pipeline.build(folder)
    with pytest.raises(UnknownName):
        engines.connect("abacus", "")


def test_passages_behind_a_number_are_shown_with_their_words(medium: tuple[pipeline.Built, Path]) -> None:
    built, folder = medium
    table = pipeline.answer(built, "occurrence")
    ids = table.opens(next(n for n, row in enumerate(table.records()) if row["count"]), "count")
    assert ids
    assert pipeline.passages(in_engine(folder), ids, "here") == pipeline.passages(built, ids, "here")


def test_from_export_to_answer_on_the_command_line(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    columns = str(tmp_path / "columns")
    run("export", "--example", "eaa_pilot", "--format", "parquet", "--out", columns)
    asked = ("occurrence", "--format", "csv")
    plain = run("ask", "--example", "eaa_pilot", *asked)
    assert run("ask", columns, *asked) == plain
    assert run("ask", columns, *asked, "--engine", "memory") == plain
    assert run("ask", "--example", "eaa_pilot", *asked, "--engine", "duckdb") == plain
    why = ("occurrence", "--why", "1", "--format", "csv")
    assert run("ask", columns, *why) == run("ask", "--example", "eaa_pilot", *why)


def test_without_the_optional_part_the_command_line_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['ibis'] = sys.modules['pyarrow'] = None\n"
        "from eaa_graph.cli import main; main(['ask', '--example', 'eaa_pilot', 'occurrence', '--engine', 'duckdb'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0
    assert 'pip install "eaa-graph[scale]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_the_core_does_without_it() -> None:
    code = (
        "import sys\nfrom eaa_graph import pipeline, resources\n"
        "built = pipeline.review(resources.example('eaa_pilot')); pipeline.answer(built, 'occurrence')\n"
        "print([m for m in ('ibis', 'duckdb', 'pyarrow', 'pyspark', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- Spark ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_spark_gives_the_tables_of_memory(spark: str, tmp_path: Path) -> None:
    """One question for each measure; every way of asking, and what cells open onto, with EAA_SPARK=all (some minutes)."""
    every = os.environ.get("EAA_SPARK") == "all"
    built = in_memory(larger(articles=80))
    engine = in_engine(written(built.records, tmp_path / "columns", 40), "spark", spark)
    for number, (name, asked) in enumerate(ASKED if every else FEW[::2]):
        assert isinstance(same(built, engine, name, asked, cells=every or number == 0), Table)
