"""The release: one graph in every format, valid in the eyes of others, and not a word more than licences allow."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path

import checkers
import pytest
from rdflib import Dataset, Graph
from rdflib.compare import isomorphic

from eaa_graph import release
from eaa_graph.errors import BadSettings, Refused
from eaa_graph.release import nanopublications, pages
from eaa_graph.release.guard import decide, guard, reading_of
from eaa_graph.resources import example, folder
from eaa_graph.vocabulary import Term

ROOT = Path(__file__).resolve().parents[1]
SECRET = "when the nurses finally asked us what we wanted everything about the ward began to change for good"
OPEN = "the gardeners and the doctors shared one kettle and that was where plans were made"


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A review with an open, a non-commercial, a reserved and an unknown licence, published."""
    here = tmp_path_factory.mktemp("release")
    review = here / "review"
    review.mkdir()
    (review / "review.toml").write_text(
        '[review]\nid = "r"\ntitle = "A <small> review"\nlicence = "CC-BY-4.0"\nlanguage = "en"\n'
        '[[people]]\nid = "ana"\nname = "Ana"\nkind = "person"\n',
        "utf-8",
    )
    (review / "articles.csv").write_text(
        "id,title,licence\nopen,Open one,CC BY 4.0\nnc,Second,CC BY-NC 4.0\nshut,Third,© all rights reserved\nnone,Fourth,\n",
        "utf-8",
    )
    rows = ["id,article,mechanisms,outcomes,quote,note,coder,my column"]
    rows += [
        f'open-1,open,trust,change,"{OPEN}",,ana,',
        f'nc-1,nc,trust,change,"{SECRET}",,ana,',
        f'shut-1,shut,trust,change,"{SECRET}","As they say: {SECRET}.",ana,"{SECRET}"',
        'shut-2,shut,trust,,,"Our own words, not theirs.",ana,kept',
        f'none-1,none,trust,change,"{SECRET}",,ana,',
    ]
    (review / "extractions.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (review / "configurations.csv").write_text(
        "id,mechanism,outcome,supporting,author\nC/1,trust,change,open-1|nc-1,ana\n", "utf-8"
    )
    release.publish(review, here / "out", date="2026-01-02", url="https://example.org/r", words=5)
    return here


@cache
def triples(path: Path, form: str) -> frozenset:
    if form in ("json-ld", "trig"):
        return frozenset((s, p, o) for s, p, o, _ in Dataset().parse(path, format=form).quads())
    return frozenset(Graph().parse(path, format=form))


def formats(out: Path) -> dict[str, Path]:
    return {
        "nt": next((out / "data").glob("*.nt")),
        "turtle": next((out / "data").glob("*.ttl")),
        "xml": next((out / "data").glob("*.rdf")),
        "trig": next((out / "data").glob("*.trig")),
        "json-ld": next((out / "data").glob("*.jsonld")),
    }


def test_every_format_is_the_same_graph(small: Path) -> None:
    read = {form: triples(path, form) for form, path in formats(small / "out").items()}
    assert len(read["nt"]) > 100
    assert len(set(read.values())) == 1
    files = formats(small / "out")
    one, other = (set(Dataset().parse(files[form], format=form).quads()) for form in ("trig", "json-ld"))
    assert {(s, p, o, str(g)) for s, p, o, g in one} == {(s, p, o, str(g)) for s, p, o, g in other}


def test_each_thing_has_files_that_agree_and_a_page_that_holds_them(small: Path) -> None:
    out = small / "out"
    rows = (out / "resource" / "index.csv").read_text("utf-8").splitlines()[1:]
    everything = triples(formats(out)["nt"], "nt")
    seen = set()
    for row in rows:
        thing, name = row.strip('"').split('","')
        turtle = triples(out / f"{name}.ttl", "turtle")
        assert turtle == triples(out / f"{name}.jsonld", "json-ld"), thing
        page = (out / f"{name}.html").read_text("utf-8")
        inside = re.search(r'<script type="application/ld\+json">\n(.*?)</script>', page, re.DOTALL)[1]
        assert frozenset((s, p, o) for s, p, o, _ in Dataset().parse(data=inside, format="json-ld").quads()) == turtle
        seen |= turtle
        for link in re.findall(r'href="(\.\./[^"#]+)"', page):
            assert (out / f"{name}.html").parent.joinpath(link).is_file(), link
    assert seen == everything
    assert any("C~2F1" in row for row in rows), "a slash in an id must not become a folder"


def test_pages_of_things_without_an_id_are_called_in_words_that_people_read(small: Path) -> None:
    titles = {
        page.parent.name: re.findall(r"<h1>([^<]*)</h1>", page.read_text("utf-8"))[0]
        for page in (small / "out" / "resource").rglob("*.html")
    }
    assert titles
    for kind, title in titles.items():
        assert title not in ("", "-"), kind
        assert not re.search(r"%[0-9A-F]{2}", title), (kind, title)
    key = "https://example.org/id/"
    assert pages.label_of((), f"{key}expectation/power/Farr%202018%3B%20Palmer", key) == "power, Farr 2018; Palmer"
    assert pages.label_of((), f"{key}reported/smith2019/how/-", key) == "smith2019, how"


def test_no_two_things_share_a_file() -> None:
    base = "https://example.org/r/"
    things = [
        base + "concept/" + n
        for n in ("a", "A", "con", "index", "x" * 300, "x" * 301, "a%20b", "a~20b", "a/b", "con.txt", "a.")
    ]
    names = pages.file_names(things, base)
    assert len({n.casefold() for n in names.values()}) == len(things)
    assert all(re.fullmatch(r"resource/concept/[A-Za-z0-9._~-]{1,160}", n) for n in names.values())
    assert not {n.rpartition("/")[2].partition(".")[0] for n in names.values()} & {"con", "index"}


def test_texts_of_users_cannot_leave_their_place(small: Path) -> None:
    page = (small / "out" / "index.html").read_text("utf-8")
    assert "A &lt;small&gt; review" in page
    assert "<small>" not in page


# --- the licence guard -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("licence", "policy"),
    [
        ("CC BY 4.0", "whole"),
        ("CC-BY-4.0", "whole"),
        ("https://creativecommons.org/licenses/by/4.0/", "whole"),
        ("Creative Commons Attribution 4.0", "whole"),
        ("CC0", "whole"),
        ("CC0-1.0", "whole"),
        ("public domain", "whole"),
        ("CC BY-SA 4.0", "whole"),
        ("CC BY-NC 4.0", "cut"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/", "cut"),
        ("Creative Commons Attribution-NonCommercial 4.0", "cut"),
        ("CC BY-ND", "cut"),
        ("© The Authors. All rights reserved.", "withhold"),
        ("Open Access", "withhold"),
        ("free to read", "withhold"),
        ("not CC BY", "withhold"),
        ("Not in the public domain", "withhold"),
        ("not licensed under CC BY", "withhold"),
        ("CC BY?", "withhold"),
        ("CC BY 4.0 except quotes", "withhold"),
        ("CC BY, licence unclear", "withhold"),
        ("Creative Commons (no commercial use), CC BY", "cut"),
        ("CC BY, not for commercial use", "cut"),
        ("Except where otherwise noted, CC BY 4.0", "whole"),
        ("If material is not included in the article's Creative Commons licence, CC BY 4.0", "whole"),
        ("", "withhold"),
        (None, "withhold"),
    ],
)
def test_licences_are_read_as_they_are_worded(licence, policy: str) -> None:
    assert reading_of(licence).policy == policy


def unpacked(out: Path, part: str, name: str = "graph.js") -> str:
    """Return what a script of the SPARQL page hands to it."""
    script = (out / "assets" / "sparql" / name).read_text("utf-8")
    (packed,) = re.findall(rf'\["{part}"\]=(".*");', script)
    return zlib.decompress(base64.b85decode(json.loads(packed))).decode("utf-8")


def test_what_may_not_be_repeated_is_nowhere_in_the_release(small: Path) -> None:
    run = " ".join(SECRET.split()[6:12])
    for path in (small / "out").rglob("*"):
        if path.is_file():
            assert run not in path.read_text("utf-8"), path
    graph = unpacked(small / "out", "graph")  # packed in the page that answers in the browser
    assert OPEN in graph
    assert run not in graph
    assert run not in unpacked(small / "out", "things")
    assert run not in unpacked(small / "out", "questions", "questions.js")
    assert "/graph/inferred/" not in graph
    text = (small / "out" / "tables" / "extractions.csv").read_text("utf-8")
    assert OPEN in text
    assert "when the nurses finally asked …" in text
    assert text.count("when the nurses") == 1
    assert "Our own words, not theirs." in text


def test_the_release_says_what_it_withholds_where_and_why(small: Path) -> None:
    import csv

    with (small / "out" / "withheld.csv").open(encoding="utf-8") as stream:
        rows = {(r["record_id"], r["field"]): r for r in csv.DictReader(stream)}
    assert {key: r["what"] for key, r in rows.items()} == {
        ("nc-1", "quote"): "cut",
        ("none-1", "quote"): "withheld",
        ("shut-1", "quote"): "withheld",
        ("shut-1", "note"): "withheld",
        ("shut-1", "my column"): "withheld",
    }
    assert rows["nc-1", "quote"]["published"] == "5"
    assert all(r["why"] for r in rows.values())
    data = Graph().parse(formats(small / "out")["nt"], format="nt")
    found = list(
        data.query(
            'SELECT ?e ?m { ?f <https://w3id.org/eaa/onto#rule> "quote-withheld" ; <http://purl.org/dc/terms/subject> ?e ; '
            "<https://w3id.org/eaa/onto#message> ?m }"
        )
    )
    assert len(found) == len(rows)


@pytest.mark.parametrize("header", ["publish_quotes", "Publish quotes", "PUBLISH-QUOTES", "publishQuotes"])
def test_a_promise_is_kept_however_its_column_is_spelled(header: str, tmp_path: Path) -> None:
    from eaa_graph import pipeline
    from eaa_graph.model import Article

    (tmp_path / "review.toml").write_text('[review]\nid = "r"\ntitle = "R"\nlicence = "CC0"\n', "utf-8")
    (tmp_path / "articles.csv").write_text(f"id,title,licence,{header}\na,A,CC BY 4.0,withhold\n", "utf-8")
    (tmp_path / "extractions.csv").write_text(f'id,article,quote\nx,a,"{OPEN}"\n', "utf-8")
    checked = pipeline.check(tmp_path)
    assert decide(checked.records.articles[0]).policy == "withhold"
    assert not [f for f in checked.findings if f.rule == "unknown-column"], "it is a column that we read"
    twice = Article(id="a", licence="CC0", attributes=(("Publish quotes", "withhold"), ("publish_quotes", "whole")))
    assert decide(twice).policy == "withhold"


def test_a_slip_in_the_column_of_permissions_is_pointed_out(tmp_path: Path) -> None:
    from eaa_graph import pipeline

    (tmp_path / "review.toml").write_text('[review]\nid = "r"\ntitle = "R"\n', "utf-8")
    (tmp_path / "articles.csv").write_text("id,title,publish_quote\na,A,withhold\n", "utf-8")
    (finding,) = [f for f in pipeline.check(tmp_path).findings if f.rule == "unknown-column"]
    assert "publish_quotes" in finding.fix


def test_withheld_words_are_not_published_by_other_sheets(tmp_path: Path) -> None:
    """A configuration's note, an appraisal or a reason for a change may hold the words as well as an extraction does."""
    review = tmp_path / "review"
    review.mkdir()
    (review / "review.toml").write_text('[review]\nid = "r"\ntitle = "R"\nlicence = "CC-BY-4.0"\n', "utf-8")
    sheets = {
        "articles": f'id,title,licence,memo\nshut,Third,© all rights reserved,"{SECRET}"\nopen,Open,CC BY 4.0,\n',
        "extractions": "id,article,mechanisms,outcomes,quote,locator,note\n"
        f'shut-1,shut,trust,change,"{SECRET}","p. 3: {SECRET}",\nopen-1,open,trust,change,"{OPEN}",,"like {SECRET}"\n',
        "configurations": "id,mechanisms,outcomes,statement,note,supporting\n"
        f'C1,trust,change,"Trust brings change, for {SECRET}","{SECRET}",shut-1\n'
        f'C2,trust,change,"Trust brings change.","Seen where {OPEN}",open-1\n',
        "appraisals": f'article,relevance,reason,assessor\nshut,high,"Because {SECRET.upper()}",\n',
        "theories": f'id,label,summary,configurations\nt,T,"{SECRET}",C1|C2\n',
        "changes": f'theory,kind,subject,to,reason,evidence\nt,added,C1,C1,"They said: {SECRET}",shut-1\n',
        "claims": f'id,theory,from,relation,to,statement\nk,t,trust,leads to,change,"{SECRET}"\n',
        "expectations": f'concept,source,why\ntrust,Farr 2018,"{SECRET}"\n',
        "concepts": f'id,label,definition,kind\ntrust,trust,"{SECRET}",mechanism\nchange,change,,outcome\n',
    }
    for name, text in sheets.items():
        (review / f"{name}.csv").write_text(text, "utf-8")
    done = release.publish(review, tmp_path / "out", date="2026-01-02")
    run = " ".join(SECRET.split()[6:12]).casefold()
    leaks = [p for p in (tmp_path / "out").rglob("*") if p.is_file() and run in p.read_text("utf-8").casefold()]
    assert leaks == []
    assert run not in unpacked(tmp_path / "out", "graph").casefold()
    assert {(w.kind, w.record, w.field) for w in done.withheld} == {
        ("article", "shut", "memo"),
        ("extraction", "shut-1", "quote"),
        ("extraction", "shut-1", "locator"),
        ("extraction", "open-1", "note"),
        ("configuration", "C1", "statement"),
        ("configuration", "C1", "note"),
        ("appraisal", "shut", "reason"),
        ("theory", "t", "summary"),
        ("change", "t added C1 C1", "reason"),
        ("claim", "k", "statement"),
        ("expectation", "trust Farr 2018", "why"),
        ("concept", "trust", "definition"),
    }
    kept = (tmp_path / "out" / "tables" / "configurations.csv").read_text("utf-8")
    assert f"Seen where {OPEN}" in kept, "what may be shown is shown"


def test_whoever_publishes_can_only_be_stricter() -> None:
    from eaa_graph.model import Article

    article = Article(id="a", licence="CC BY-NC 4.0")
    assert decide(article, "whole").policy == "cut"
    assert decide(article, "withhold").policy == "withhold"
    granted = Article(id="a", licence="all rights reserved", attributes=(("publish_quotes", "whole"),))
    assert decide(granted).policy == "whole"
    assert decide(granted, "cut").policy == "cut"
    assert decide(Article(id="a", licence="CC0", attributes=(("publish_quotes", "maybe"),))).policy == "withhold"
    with pytest.raises(BadSettings):
        decide(article, "anything")


def test_web_annotations_select_only_words_that_are_published(small: Path) -> None:
    data = Graph().parse(formats(small / "out")["nt"], format="nt")
    exact = {
        str(t).rpartition("/")[2]: str(x)
        for t, x in data.query(
            "PREFIX oa: <http://www.w3.org/ns/oa#> SELECT ?a ?x { ?a oa:hasTarget/oa:hasSelector ?s ; oa:hasBody ?b . "
            "?s a oa:TextQuoteSelector ; oa:exact ?x }"
        )
    }
    assert exact == {"open-1": OPEN, "nc-1": "when the nurses finally asked"}


# --- descriptions, in the eyes of others --------------------------------------------------------


def test_the_crate_can_be_read_again(small: Path) -> None:
    python = Path(checkers.checker("rocrate")).parent / "python"
    code = (
        "import sys; from rocrate.rocrate import ROCrate; c = ROCrate(sys.argv[1]); "
        "print(c.datePublished.date(), len(c.data_entities), c.name, all((c.source / e.id).exists() for e in c.data_entities))"
    )
    done = subprocess.run(
        [python, "-c", code, str(small / "out")], capture_output=True, text=True, check=True, timeout=60
    )
    date, entities, *rest = done.stdout.split()
    assert date == "2026-01-02"
    assert int(entities) >= 10
    assert rest[-1] == "True"


def test_descriptions_agree_with_the_files(small: Path) -> None:
    out = small / "out"
    void = Graph().parse(out / "void.ttl")
    count = [int(o) for s, p, o in void if str(p).endswith("void#triples") and str(s) == "https://example.org/r/"]
    assert count == [len(triples(formats(out)["nt"], "nt"))]
    dcat = Graph().parse(out / "dcat.ttl")
    assert isomorphic(dcat, Graph().parse(out / "dcat.jsonld", format="json-ld"))
    for place, url in dcat.query("SELECT ?d ?u { ?d <http://www.w3.org/ns/dcat#downloadURL> ?u }"):
        content = (out / str(url).removeprefix("https://example.org/r/")).read_bytes()
        value = dcat.value(
            dcat.value(place, next(p for p in dcat.predicates(place) if str(p).endswith("#checksum"))),
            next(p for p in dcat.predicates() if str(p).endswith("checksumValue")),
        )
        assert str(value) == hashlib.sha256(content).hexdigest()
    assert len(Graph().parse(out / "prov.ttl")) > 20


def test_checksums_hold_for_every_file(small: Path) -> None:
    out = small / "out"
    lines = (out / "SHA256SUMS").read_text("utf-8").splitlines()
    listed = dict(reversed(line.split("  ", 1)) for line in lines)
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} - {"SHA256SUMS"}
    assert set(listed) == there
    assert all(hashlib.sha256((out / name).read_bytes()).hexdigest() == digest for name, digest in listed.items())


def test_the_data_package_describes_the_tables(small: Path) -> None:
    package = json.loads((small / "out" / "tables" / "datapackage.json").read_text("utf-8"))
    assert {r["name"] for r in package["resources"]} >= {"articles", "extractions"}
    for resource in package["resources"]:
        content = (small / "out" / "tables" / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def quads_of(path: Path) -> list[tuple[Term, ...]]:
    read = Dataset().parse(path, format="trig").quads()
    return [tuple(Term(f"<{t}>" if i == 3 else t.n3()) for i, t in enumerate(q)) for q in read]


def test_nanopublications_are_well_formed(small: Path) -> None:
    files = sorted((small / "out" / "nanopublications").glob("*.trig"))
    assert len(files) == 1
    quads = quads_of(files[0])
    assert nanopublications.faults(quads) == []
    graphs = {q[3] for q in quads}
    for graph in graphs:  # whichever graph is lost, it shows
        assert nanopublications.faults([q for q in quads if q[3] != graph])
    stray = (*quads[0][:3], Term("<https://example.org/elsewhere>"))
    assert nanopublications.faults([*quads, stray])


def test_the_shapes_find_nothing_amiss(small: Path) -> None:
    pyshacl = pytest.importorskip("pyshacl", reason="pyshacl is not installed")
    data = Graph().parse(formats(small / "out")["nt"], format="nt")
    shapes = Graph().parse(folder("ontology") / "shapes.ttl")
    conforms, _, text = pyshacl.validate(data, shacl_graph=shapes, inference="none")
    assert conforms, text[:3000]


# --- the ontology's files --------------------------------------------------------------------------


def test_the_ontology_is_one_graph_in_every_file_and_in_its_page(small: Path) -> None:
    onto = small / "out" / "onto"
    version = next(p for p in onto.iterdir() if p.is_dir())
    wanted = Graph().parse(folder("ontology") / "eaa.ttl")
    for name, form in (("eaa.ttl", "turtle"), ("eaa.owl", "xml"), ("eaa.nt", "nt"), ("eaa.jsonld", "json-ld")):
        assert isomorphic(Graph().parse(version / name, format=form), wanted), name
    page = (onto / "index.html").read_text("utf-8")
    inside = re.search(r'<script type="application/ld\+json">\n(.*?)</script>', page, re.DOTALL)[1]
    assert isomorphic(Graph().parse(data=inside, format="json-ld"), wanted)
    ids = set(re.findall(r' id="([^"]+)"', page))
    assert len(ids) == len(re.findall(r' id="([^"]+)"', page)), "ids must be unique"
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    for place in (onto, version):
        text = (place / "index.html").read_text("utf-8")
        for link in re.findall(r'href="([^"#:]+)"', text):
            assert (place / link).is_file(), link
    import xml.etree.ElementTree as ET

    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)


# --- being careful ----------------------------------------------------------------------------------


def test_the_same_review_gives_the_same_bytes(small: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from eaa_graph import release; "
        "release.publish(Path(sys.argv[1]), Path(sys.argv[2]), date='2026-01-02', url='https://example.org/r', words=5)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(small / "review"), str(small / "again")],
        check=True,
        env={"PYTHONHASHSEED": "77", "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
    )
    assert (small / "again" / "SHA256SUMS").read_bytes() == (small / "out" / "SHA256SUMS").read_bytes()


def test_a_folder_with_other_files_is_left_alone(small: Path, tmp_path: Path) -> None:
    precious = tmp_path / "thesis.docx"
    precious.write_text("years of work", "utf-8")
    with pytest.raises(Refused, match=r"thesis\.docx"):
        release.publish(small / "review", tmp_path, date="2026-01-02")
    assert precious.read_text("utf-8") == "years of work"


def test_a_release_needs_a_licence_and_a_day(small: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="--date"):
        release.publish(small / "review", tmp_path / "out")
    with pytest.raises(BadSettings, match="YYYY-MM-DD"):
        release.publish(small / "review", tmp_path / "out", date="2026-02-30")
    with pytest.raises(BadSettings, match="web address"):
        release.publish(small / "review", tmp_path / "out", date="2026-02-03", url="not an address")
    bare = tmp_path / "bare"
    shutil.copytree(small / "review", bare)
    toml = bare / "review.toml"
    toml.write_text(toml.read_text("utf-8").replace('licence = "CC-BY-4.0"\n', ""), "utf-8")
    with pytest.raises(BadSettings, match="licence"):
        release.publish(bare, tmp_path / "out", date="2026-02-03")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_pilot_is_published_whole(tmp_path: Path) -> None:
    done = release.publish(example("eaa_pilot"), tmp_path / "out")
    read = {form: triples(path, form) for form, path in formats(tmp_path / "out").items()}
    assert len(set(read.values())) == 1
    assert len(read["nt"]) == done.triples
    assert done.withheld == ()
    made = sorted((tmp_path / "out" / "nanopublications").glob("*.trig"))
    assert len(made) == 15
    for path in made:
        assert nanopublications.faults(quads_of(path)) == [], path.name


def test_a_guard_that_changes_nothing_returns_the_same_records() -> None:
    from eaa_graph import pipeline

    records = pipeline.check(example("eaa_pilot")).records
    assert guard(records)[0] == records
