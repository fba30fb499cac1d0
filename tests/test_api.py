"""The way in from Python: the same answers as the command line, shown in notebooks, and nothing imported before it is used."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pandas as pd
import polars as pl
import pytest
from click.testing import CliRunner

import eaa_graph as eaa
from eaa_graph import cli, pipeline
from eaa_graph.errors import BadSettings, EaaError, MissingExtra, Refused, UnknownName
from eaa_graph.model import Article, Concept, Extraction, Records, Review
from eaa_graph.settings import Settings
from eaa_graph.tables import Column, Thing
from eaa_graph.validate import Checked
from eaa_graph.writers.tables import table_csv

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def review() -> eaa.Review:
    return eaa.read_example("eaa_pilot")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys; import eaa_graph; assert 'read' in dir(eaa_graph); "
        "print(sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)), "
        "[m for m in sys.modules if m.startswith('eaa_graph.')])"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = [{str(ROOT)!r}]; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "['__main__', 'eaa_graph'] []"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        _ = eaa.reed  # type: ignore[attr-defined]


def test_answers_are_those_of_the_command_line(review: eaa.Review) -> None:
    for name, parameters in (
        ("occurrence", {"by": "context", "role": "mechanism"}),
        ("configurations-supported", {"configuration": "P08"}),
        ("saturation", {"permutations": "20", "seed": "3"}),
    ):
        words = [f"{key}={value}" for key, value in parameters.items()]
        printed = CliRunner().invoke(cli.main, ["ask", "--example", "eaa_pilot", name, *words, "--format", "csv"])
        assert printed.exit_code == 0, printed.output
        assert table_csv(review.ask(name, **parameters)) == printed.output


def test_parameters_may_be_what_python_has(review: eaa.Review) -> None:
    named = review.ask("truth-table", conditions="dialogue|assets", challenging="no", risk="1")
    typed = review.ask(
        "truth-table", conditions=[Thing("concept", "dialogue", "x"), "assets"], challenging=False, risk=1, outcome=None
    )
    assert typed.rows == named.rows
    with pytest.raises(UnknownName, match="did you mean"):
        review.ask("occurence")
    with pytest.raises(Refused, match="two coders"):
        review.ask("agreement", coders="coder-a")


def test_the_coder_asked_for_counts_everywhere() -> None:
    own = eaa.read_example("eaa_pilot", coder="coder-b")
    base = eaa.read_example("eaa_pilot")
    for question in ("occurrence", "articles-by-mechanism-and-theme"):
        assert own.ask(question).rows == base.ask(question, coder="coder-b").rows
        assert own.ask(question).rows != base.ask(question).rows
        assert own.ask(question, coder="consensus").rows == base.ask(question).rows


def test_why_opens_a_cell(review: eaa.Review) -> None:
    answer = review.ask("occurrence")
    behind = answer.why(0, "count")
    assert [thing.id for thing in behind.column("extraction")] == list(answer.opens(0, "count"))  # type: ignore[union-attr]
    assert answer.why(0).rows == behind.rows, "left out, the column is the first with numbers"
    assert answer.why(0, "denominator").rows != behind.rows
    with pytest.raises(UnknownName, match="denominator"):
        answer.why(0, "denominater")
    for row in (-1, len(answer)):
        with pytest.raises(BadSettings, match="counted from 0"):
            answer.why(row)
    with pytest.raises(BadSettings, match="not asked of a review"):
        eaa.Answer("t", "T", (Column("a", "A"),), ((1,),)).why(0)


def test_a_column_that_is_not_there_names_those_that_are(review: eaa.Review) -> None:
    with pytest.raises(UnknownName, match="no column is called 'artikles'; did you mean 'articles'"):
        review.ask("articles-by-mechanism-and-theme").column("artikles")


def test_data_frames_hold_what_the_csv_holds(review: eaa.Review, tmp_path: Path) -> None:
    answer = review.ask("evidence-profile", configuration="P08")
    frame, other = answer.to_pandas(), answer.to_polars()
    read = pd.read_csv(answer.save(tmp_path / "t.csv"))
    assert list(frame.columns) == other.columns == list(read.columns)
    assert len(frame) == len(other) == len(read) == len(answer) > 0
    counts = review.ask("occurrence").to_pandas()
    assert str(counts["count"].dtype) == "Int64"
    assert str(counts["share"].dtype) == "Float64"
    assert counts.attrs["unit"] == "articles"
    assert counts["count"].sum() == sum(review.ask("occurrence").column("count"))  # type: ignore[arg-type]
    assert review.ask("occurrence").to_polars()["count"].dtype == pl.Int64


@pytest.mark.parametrize(("library", "call"), [("pandas", "to_pandas"), ("polars", "to_polars")])
def test_a_library_that_is_missing_is_named(
    library: str, call: str, review: eaa.Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = review.ask("occurrence")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=r"eaa-graph\[notebook\]"):
        getattr(answer, call)()


def hostile() -> eaa.Review:
    bad = "<script>alert(1)</script>&\"'"
    records = Records(
        review=Review(id="r", title=bad),
        articles=(Article(id="a"),),
        concepts=(Concept(id="m", label=bad),),
        extractions=(Extraction(id="e", article="a", mechanisms=("m",), quote=bad),),
    )
    return eaa.Review(pipeline.Built(Checked(records, (), 0, 0), Settings()))


def test_what_a_notebook_shows_is_escaped() -> None:
    review = hostile()
    answer = review.ask("occurrence", by="none")
    for shown in (review._repr_html_(), answer._repr_html_(), answer.why(0, "count")._repr_html_()):
        assert "<script" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;" in shown


def test_long_answers_show_their_beginning(review: eaa.Review) -> None:
    answer = review.ask("occurrence")
    assert len(answer) == 17 * 7
    assert f"… and {len(answer) - 30} more rows" in answer._repr_html_()
    assert answer._repr_html_().count("<tr>") == 31
    assert repr(answer).endswith(f"… and {len(answer) - 30} more rows")
    assert len(answer.to_pandas()) == len(answer)


def test_a_figure_shows_itself_and_leaves_with_its_numbers(review: eaa.Review, tmp_path: Path) -> None:
    figure = review.draw("lanes", theory="eaa-initial", width=85)
    assert figure._repr_svg_().startswith("<svg")
    assert 'width="85mm"' in figure.svg
    written = figure.save(tmp_path / "figures" / "lanes.svg")
    assert [p.name for p in written] == ["lanes.svg", "lanes.csv"]
    assert written[0].read_text("utf-8") == figure.svg
    assert written[1].read_text("utf-8") == table_csv(figure.tables[0])


def test_the_same_review_for_other_tools(review: eaa.Review) -> None:
    found = review.query("SELECT ?x WHERE { ?x a eaa:CodedExtraction } ORDER BY ?x")
    assert isinstance(found, eaa.Answer)
    assert review.query("ASK { ?x a eaa:NoSuchThing }") is False
    rows = review.graph.query("SELECT ?x WHERE { ?x a <https://w3id.org/eaa/onto#CodedExtraction> }")
    assert len(list(rows)) == len(found) == len(review.records.extractions)
    network = review.network()
    assert isinstance(network, nx.MultiDiGraph)
    assert {n for n in network if n.startswith("configuration/")} == {
        f"configuration/{c.id}" for c in review.records.configurations
    }
    ontology = review.ontology()
    assert len(ontology.CodedExtraction.instances()) == len(review.records.extractions)
    text = review.query("CONSTRUCT { ?x a eaa:Article } WHERE { ?x a eaa:Article }")
    assert isinstance(text, str)
    assert text.count("\n") == len(review.records.articles)


def test_what_follows_is_in_the_graph_when_asked_for(review: eaa.Review) -> None:
    inferred = eaa.read_example("eaa_pilot", infer=True)
    classes = "ASK { ?x a eaa:Mechanism }"
    assert (review.query(classes), inferred.query(classes)) == (False, True)


def test_the_page_shows_what_python_gives() -> None:
    # run as it stands: a page that has gone stale fails here
    found = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False, encoding="utf-8")
    assert found.attempted > 10
    assert found.failed == 0


@pytest.mark.slow
def test_the_tutorial_shows_what_its_cells_give() -> None:
    script = str(ROOT / "scripts" / "run_notebook.py")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}\nif this is meant: scripts/run_notebook.py --write"


@pytest.mark.slow
def test_a_tutorial_that_shows_something_else_is_found(tmp_path: Path) -> None:
    stale = tmp_path / "stale.ipynb"
    text = (ROOT / "docs" / "tutorial.ipynb").read_text("utf-8")
    assert "76 concepts" in text
    stale.write_text(text.replace("76 concepts", "77 concepts"), "utf-8")
    script = str(ROOT / "scripts" / "run_notebook.py")
    ran = subprocess.run([sys.executable, script, str(stale)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 1
    assert "network = review.network()" in ran.stdout


def test_one_of_a_thing_is_one_in_a_review_of_one_article(tmp_path: Path) -> None:
    (tmp_path / "articles.csv").write_text("id,title\na1,One\na2,Uncoded\n", encoding="utf-8")
    (tmp_path / "extractions.csv").write_text(
        "id,article,theme,contexts,mechanisms,outcomes,stance,polarity,coder\n"
        "e1,a1,how,c,m|n|k,o,supports,enabling,me\ne2,a1,,c,m,o,challenges,hindering,you\n",
        encoding="utf-8",
    )
    (tmp_path / "configurations.csv").write_text(
        "id,contexts,mechanisms,outcomes\nK,c,m,o\nL,c,n,o\n", encoding="utf-8"
    )
    (tmp_path / "theories.csv").write_text(
        "id,configurations,revision_of,status\nT,K,,initial\nU,K|L,T,refined\n", encoding="utf-8"
    )
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    review = eaa.read(tmp_path)
    said = [text for found in review.findings for text in (found.message, found.fix)]
    for name in review.questions().column("question"):
        for given in ({}, {"coder": "me"}):
            try:
                answer = review.ask(str(name), **given)
            except EaaError as refused:
                said.append(str(refused))
            else:
                said += [answer.unit, answer.denominator, answer.note]
                said += [text for column in answer.columns for text in (column.title, column.meaning)]
                said += [cell for row in answer.rows for cell in row if isinstance(cell, str)]
    plural = re.compile(
        r"(?<![\d.,/=–-])\b1 (?:\w+ )?(?:articles|studies|extractions|passages|coders|concepts|configurations|rows|labels|pairs|"
        r"places|sets|codes|cases|remainders|claims|are|were|have)\b"
    )
    assert [text for text in said if text and plural.search(text)] == []

    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "articles.csv").write_text("id,title\na1,One\n", encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["check", str(tmp_path / "alone")])
    assert "1 row read, 1 became a record, 0 set aside; 2 findings" in done.output
