"""Matrices, tidy tables, networks and the data package."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eaa_graph.errors import Refused
from eaa_graph.model import ROLES, Article, Concept, Extraction, Records, Review
from eaa_graph.readers import matrix as reading
from eaa_graph.readers import opening
from eaa_graph.readers.csv_folder import read_folder
from eaa_graph.validate import validate
from eaa_graph.writers import datapackage, graphs
from eaa_graph.writers import matrix as writing
from eaa_graph.writers.csv_folder import write_folder

ROOT = Path(__file__).resolve().parents[1]
ACTIONABILITY = ROOT.parent / "shared" / "data" / "actionability"


@pytest.fixture(scope="module")
def pilot() -> Records:
    return validate(read_folder(ROOT / "data" / "eaa_pilot")).records


def test_the_pilots_matrix_comes_back(tmp_path: Path, pilot: Records) -> None:
    writing.write_matrix(pilot, tmp_path / "wide.csv")
    back = validate(reading.read(tmp_path / "wide.csv")).records
    assert writing.matrix_carried(back) == writing.matrix_carried(pilot)
    assert [a.id for a in back.articles] == [a.id for a in pilot.articles]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "wide.csv").read_text(encoding="utf-8"))))
    assert sum(int(v) for r in rows for k, v in r.items() if k != "article") == sum(
        len(e.codes(r)) for e in pilot.extractions for r in ROLES
    )


ids = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="|\ufeff\ufffe\uffff\x85"),
    min_size=1,
    max_size=8,
)
ids = ids.map(lambda t: " ".join(t.split())).filter(
    lambda t: t and " / " not in t and not t.startswith(("#", "'", "e.g."))
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_matrix_comes_back(tmp_path: Path, data: st.DataObject) -> None:
    articles = data.draw(st.lists(ids, min_size=1, max_size=3, unique_by=str.casefold))
    concepts = data.draw(st.lists(ids, min_size=1, max_size=4, unique_by=str.casefold))
    pairs = st.tuples(st.sampled_from(articles), st.sampled_from(ROLES), st.sampled_from(concepts))
    extractions = [
        Extraction(id=f"e{n}", article=a, **{r + "s": (c,)})  # type: ignore[arg-type]
        for n, (a, r, c) in enumerate(data.draw(st.lists(pairs, min_size=1, max_size=6)))
    ]
    records = Records(
        review=Review(id="r", title="t"), articles=tuple(Article(id=a) for a in articles),
        concepts=tuple(Concept(id=c, label=c) for c in concepts), extractions=tuple(extractions),
    ).ordered()  # fmt: skip
    writing.write_matrix(records, tmp_path / "wide.csv")
    back = validate(reading.read(tmp_path / "wide.csv")).records
    assert writing.matrix_carried(back) == writing.matrix_carried(records)


CELLS = "Article,Year,C: busy ward,M: dialogue,O: agreement,remarks\nsmith,2019,1,x,yes,long read\njones,2020,0,3,no,\nlee,2021,,perhaps,N,short\nsmith,2018,1,1,1,\n"


def test_every_kind_of_cell_is_read_and_odd_ones_reported(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(CELLS, encoding="utf-8")
    assert opening.reader_for(path).name == "matrix"
    checked = validate(opening.read(path))
    found = {e.article: (e.contexts, e.mechanisms, e.outcomes) for e in checked.records.extractions}
    assert found == {"smith": (("c-busy-ward",), ("m-dialogue",), ("o-agreement",)), "jones": ((), ("m-dialogue",), ())}
    assert {"unclear-cell", "duplicate-id"} <= {f.rule for f in checked.findings}
    assert {a.id: (a.year, dict(a.attributes).get("remarks")) for a in checked.records.articles} == {
        "smith": (2019, "long read"),
        "jones": (2020, None),
        "lee": (2021, "short"),
    }
    assert [e.note for e in checked.records.extractions if e.article == "jones"] == ["M: dialogue: 3"]


@pytest.mark.skipif(not ACTIONABILITY.is_dir(), reason="the shared folder beside the checkout is not there")
def test_a_published_matrix_has_the_margins_it_is_known_for(tmp_path: Path) -> None:
    def table(name: str) -> list[dict[str, str]]:
        with (ACTIONABILITY / name).open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))

    coded = {(r["article_id"], r["code"]) for r in table("article_code.csv")}
    codes = sorted({c for _, c in coded})
    rows = [
        ["article", *codes],
        *([a["article_id"], *("x" * ((a["article_id"], c) in coded) for c in codes)] for a in table("articles.csv")),
    ]
    with (tmp_path / "wide.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    sizes = [len(s.codings) for s in reading.read_project(tmp_path / "wide.csv").sources]
    assert (len(sizes), sum(sizes), sizes.count(6), sizes.count(0)) == (194, 953, 118, 17)


def test_the_tidy_table_has_a_row_for_each_coding(tmp_path: Path, pilot: Records) -> None:
    writing.write_tidy(pilot, tmp_path / "tidy.csv")
    with (tmp_path / "tidy.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = {(e.id, r, c) for e in pilot.extractions for r in ROLES for c in e.codes(r)}
    assert {(r["extraction"], r["role"], r["concept"]) for r in rows if r["role"]} == expected
    assert {r["extraction"] for r in rows} == {e.id for e in pilot.extractions}


def test_a_spreadsheet_is_given_no_formulas(tmp_path: Path) -> None:
    records = Records(
        review=Review(id="r", title="t"),
        articles=(Article(id="=1+1"),),
        concepts=(Concept(id="c", label="c"),),
        extractions=(Extraction(id="e", article="=1+1", contexts=("c",)),),
    )
    writing.write_matrix(records, tmp_path / "wide.csv")
    assert not any(
        line[:1] in "=+-@" or ',"=' in line or ",=" in line
        for line in (tmp_path / "wide.csv").read_text(encoding="utf-8").splitlines()
    )
    assert validate(reading.read(tmp_path / "wide.csv")).records.extractions[0].article == "=1+1"


def test_networks_hold_the_counts(tmp_path: Path, pilot: Records) -> None:
    graphs.write_graphml(pilot, tmp_path / "n.graphml")
    graphs.write_gexf(pilot, tmp_path / "n.gexf")
    graphs.write_kumu(pilot, tmp_path / "n.json")
    graphml = nx.read_graphml(tmp_path / "n.graphml", force_multigraph=True)
    gexf = ElementTree.parse(tmp_path / "n.gexf").getroot()
    kumu = json.loads((tmp_path / "n.json").read_text(encoding="utf-8"))
    nodes = len(pilot.concepts) + len(pilot.configurations)
    assert (
        graphml.number_of_nodes() == len(kumu["elements"]) == nodes == sum(e.tag.endswith("}node") for e in gexf.iter())
    )
    edges = graphml.number_of_edges()
    assert edges == len(kumu["connections"]) == sum(e.tag.endswith("}edge") for e in gexf.iter())
    coded = {
        c: sum(c in {x for r in ROLES for x in e.codes(r)} for e in pilot.extractions)
        for c in ("dialogue", "alignment")
    }
    both = sum({"dialogue", "alignment"} <= {x for r in ROLES for x in e.codes(r)} for e in pilot.extractions)
    assert graphml.nodes["concept/dialogue"]["extractions"] == coded["dialogue"]
    (pair,) = [
        d
        for a, b, d in graphml.edges(data=True)
        if {a, b} == {"concept/alignment", "concept/dialogue"} and d["relation"] == "coded together"
    ]
    assert pair["extractions"] == both
    before = (tmp_path / "n.gexf").read_bytes()
    assert b"lastmodifieddate" not in before
    graphs.write_gexf(pilot, tmp_path / "n.gexf")
    assert (tmp_path / "n.gexf").read_bytes() == before


def test_the_data_package_describes_the_files(tmp_path: Path, pilot: Records) -> None:
    with pytest.raises(Refused):
        datapackage.write(pilot, tmp_path)
    write_folder(pilot, tmp_path)
    (file,) = datapackage.write(pilot, tmp_path)
    package = json.loads(file.read_text(encoding="utf-8"))
    assert {r["name"] for r in package["resources"]} == {p.stem for p in tmp_path.glob("*.csv")} & {
        r["name"] for r in package["resources"]
    }
    assert {"articles", "concepts", "extractions"} <= {r["name"] for r in package["resources"]}
    for resource in package["resources"]:
        with (tmp_path / resource["path"]).open(encoding="utf-8-sig", newline="") as stream:
            assert next(csv.reader(stream)) == [f["name"] for f in resource["schema"]["fields"]]
    keys = {
        k["fields"]: k["reference"]["resource"]
        for r in package["resources"]
        if r["name"] == "extractions"
        for k in r["schema"]["foreignKeys"]
    }
    assert keys["article"] == "articles"
