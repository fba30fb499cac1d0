"""Linked data in the eyes of others: readers, reasoners and checkers that share no code with us agree on what we publish.

Two reviews are published whole: the pilot, and one whose every text has broken something somewhere.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import checkers
import pyoxigraph as ox
import pytest
import site_of
import strategies
from rdflib import BNode, Dataset, Graph, URIRef
from rdflib.namespace import RDF, SH

from eaa_graph import pipeline, release
from eaa_graph.model import Article, Configuration, Extraction, Records
from eaa_graph.resources import example, folder
from eaa_graph.settings import Settings
from eaa_graph.vocabulary import EAA
from eaa_graph.writers import csv_folder

pytestmark = pytest.mark.slow
CASES = checkers.ROOT / "tests" / "cases"

#: Characters at the edges of what formats can hold.
EDGES = (
    "tab\tand\nline\nbreaks",
    "&amp; &lt; &#65; <!-- --> <![CDATA[ ]]>",
    '"""three""" \'\'\'three\'\'\' \\u0041 \\',
    "\u00a0no-break\u00a0",
    "e\u0301 is not é",
    "\u200d\u200b\u2060\u00ad\ufeffinside",
    "\U0001f9e9\U0010fffd\ue000\ufdd0",
    "@prefix a: <b> . }",
    "_:b0",
    "^^xsd:integer",
)  # fmt: skip


def hostile() -> Records:
    """Return a review in which each kind of text holds each text that has broken a format, and all may be published."""
    records = site_of.hostile()
    texts = [*site_of.HOSTILE, *strategies.AWKWARD, *EDGES]
    texts = [t.strip() for t in texts if t.strip()]
    articles = [a.model_copy(update={"licence": "CC-BY-4.0"}) for a in records.articles]
    articles += [
        Article(id=f"awkward {n}", title=text, licence="CC0-1.0", attributes=((f"own <{n}> & {text[:8].strip()}é%_~", text),))
        for n, text in enumerate(texts)
    ]  # fmt: skip
    mechanism = next(c.id for c in records.concepts if c.listed_as == "mechanism")
    extractions = [
        Extraction(id=f"{text[:20].strip()} {n}".replace("|", "").replace(" / ", "-").replace("\n", " ").replace("\t", " "),
                   article=f"awkward {n}", mechanisms=(mechanism,), quote=text, note=text, locator=text, coder=records.people[0].id)
        for n, text in enumerate(texts)
    ]  # fmt: skip
    more = Configuration(
        id="of all",
        mechanisms=((mechanism,),),
        statement=" ".join(texts),
        supporting=tuple(e.id for e in extractions),
        author=records.people[1].id,
    )
    return records.model_copy(
        update={
            "review": records.review.model_copy(update={"licence": "CC-BY-4.0", "language": "he"}),
            "articles": tuple(articles),
            "extractions": (*records.extractions, *extractions),
            "configurations": (*records.configurations, more),
        }
    ).ordered()


@pytest.fixture(scope="module", params=["pilot", "hostile"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of a review."""
    here = tmp_path_factory.mktemp(request.param)
    if request.param == "pilot":
        release.publish(example("eaa_pilot"), here / "out")
    else:
        records = hostile()
        csv_folder.PART.write(records, here / "review")
        assert pipeline.check(here / "review").records == records, "what is published is what was meant"
        done = release.publish(here / "review", here / "out", date="2026-01-02")
        assert done.withheld == ()
    return here / "out"


def data(out: Path, ending: str) -> Path:
    return next((out / "data").glob(f"*.{ending}"))


# --- one canonical graph ---------------------------------------------------------------------------

#: Of each serialisation: how rapper and rdflib call it, and whether it tells named graphs apart.
SERIALISATIONS = {
    "nt": ("ntriples", "nt", False),
    "ttl": ("turtle", "turtle", False),
    "rdf": ("rdfxml", "xml", False),
    "owl": ("rdfxml", "xml", False),
    "trig": ("trig", "trig", True),
    "jsonld": (None, "json-ld", True),
}


def canonical(quads: bytes) -> tuple[str, ...]:
    """Return N-Quads in the canonical form of the W3C's RDF Dataset Canonicalization."""
    found = ox.Dataset(ox.parse(quads, format=ox.RdfFormat.N_QUADS))
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return tuple(sorted(map(str, found)))


def without_graphs(quads: bytes) -> bytes:
    triples = {quad.triple for quad in ox.parse(quads, format=ox.RdfFormat.N_QUADS)}
    return ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)


def by_rdflib(path: Path) -> bytes:
    _, form, named = SERIALISATIONS[path.suffix[1:]]
    if not named:
        return Graph().parse(path, format=form).serialize(format="nt", encoding="utf-8")
    quads = Dataset().parse(path, format=form).serialize(format="nquads", encoding="utf-8")
    return quads.replace(b" <urn:x-rdflib:default> .\n", b" .\n")


def by_rapper(path: Path) -> bytes | None:
    form, _, _ = SERIALISATIONS[path.suffix[1:]]
    rapper = checkers.program("rapper", "raptor2-utils")
    if form is None:
        return None
    done = subprocess.run([rapper, "-q", "-i", form, "-o", "nquads", str(path)], capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return done.stdout


def by_jena(path: Path) -> bytes:
    command = [*checkers.jena(json_ld=path.suffix == ".jsonld"), "riotcmd.riot", "--out=nq", str(path)]
    done = subprocess.run(command, capture_output=True)
    # It ends with 1 after warnings too; one is given for every text that is not in Unicode's normal form C.
    wrong = [
        line for line in done.stderr.splitlines() if b" ERROR " in line or (b" WARN " in line and b"{W131}" not in line)
    ]
    assert not wrong, wrong[:5]
    return done.stdout


READERS = {"rdflib": by_rdflib, "rapper": by_rapper, "Jena": by_jena}


@pytest.mark.parametrize("reader", READERS)
def test_all_serialisations_are_one_canonical_graph(published: Path, reader: str) -> None:
    wanted = canonical(data(published, "nt").read_bytes())
    graphs = canonical(ox.serialize(ox.parse(path=str(data(published, "trig"))), format=ox.RdfFormat.N_QUADS))
    assert len(graphs) > len(wanted) > 2_000
    read = {}
    for ending in ("nt", "ttl", "rdf", "trig", "jsonld"):
        if (quads := READERS[reader](data(published, ending))) is None:
            continue
        if SERIALISATIONS[ending][2]:
            assert canonical(quads) == graphs, ending
            quads = without_graphs(quads)
        read[ending] = canonical(quads)
        assert read[ending] == wanted, ending
    assert len(read) == (4 if reader == "rapper" else 5)  # rapper knows no JSON-LD


@pytest.mark.parametrize("reader", READERS)
def test_the_ontology_is_one_canonical_graph(published: Path, reader: str) -> None:
    """The same with blank nodes: lists, and axioms about several terms at once."""
    version = next(p for p in (published / "onto").iterdir() if p.is_dir())
    wanted = canonical(ox.serialize(ox.parse(path=str(folder("ontology") / "eaa.ttl")), format=ox.RdfFormat.N_QUADS))
    assert any(line.startswith("_:c14n") for line in wanted)
    for name in ("eaa.ttl", "eaa.owl", "eaa.nt", "eaa.jsonld"):
        if (quads := READERS[reader](version / name)) is not None:
            assert canonical(quads) == wanted, name


def test_the_canonical_form_sees_a_difference_and_overlooks_names_of_blank_nodes() -> None:
    one, other = (f'_:{n} <x:p> "a" .\n_:{n} <x:q> _:{n}2 .\n'.encode() for n in ("b", "other"))
    assert canonical(one) == canonical(other)
    assert canonical(one) != canonical(one.replace(b'"a"', b'"a"@en'))


# --- OWL ---------------------------------------------------------------------------------------------


def hermit_jar() -> Path:
    import owlready2

    return Path(owlready2.__file__).parent / "hermit" / "HermiT.jar"


def profiles(graph: Graph, where: Path) -> tuple[dict[str, bool], str]:
    """Ask the OWL API's profile checkers, which lie in HermiT's jar; also return what they found amiss."""
    java = checkers.program("java", "default-jdk-headless")
    checkers.program("javac", "default-jdk-headless")
    graph.serialize(where / "graph.rdf", format="xml")
    done = subprocess.run(
        [java, "-cp", str(hermit_jar()), str(CASES / "owl" / "Profiles.java"), str(where / "graph.rdf")],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    told = {m[1]: m[2] == "in" for m in re.finditer(r"^(OWL 2 \w+): (in|out)$", done.stdout, re.MULTILINE)}
    return told, done.stdout


def with_ontology(path: Path) -> Graph:
    return Graph().parse(path) + Graph().parse(folder("ontology") / "eaa.ttl")


def test_ontology_and_release_together_are_owl_2_dl_and_rl(published: Path, tmp_path: Path) -> None:
    whole = with_ontology(data(published, "nt"))
    told, output = profiles(whole, tmp_path)
    assert told == {"OWL 2 DL": True, "OWL 2 RL": True}, output[:3000]
    # One statement with a property that nobody declared, and it is out.
    whole.add(
        (next(whole.subjects(RDF.type, URIRef(EAA + "Article"))), URIRef(EAA + "unheardOf"), URIRef(EAA + "Code"))
    )
    assert profiles(whole, tmp_path)[0] == {"OWL 2 DL": False, "OWL 2 RL": False}


def contradictions(graph: Graph) -> list[str]:
    """Return what owlrl finds inconsistent in a graph, which it expands."""
    import owlrl

    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    return [str(o) for _, p, o in graph if p == URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")]


def test_owlrl_finds_ontology_and_pilot_consistent(tmp_path: Path) -> None:
    built = pipeline.build(example("eaa_pilot"), Settings(infer="none"))
    (tmp_path / "data.nt").write_bytes(built.store.dump("nt"))
    whole = with_ontology(tmp_path / "data.nt")
    before = len(whole)
    assert contradictions(whole) == []
    assert len(whole) > before + 10_000


def test_owlrl_would_see_a_contradiction(tmp_path: Path) -> None:
    lines = [f"<x:a> <{RDF.type}> <{EAA}{name}> .\n" for name in ("Article", "Code")]
    (tmp_path / "data.nt").write_text("".join(lines), "utf-8")
    assert any("Disjoint" in found for found in contradictions(with_ontology(tmp_path / "data.nt")))


# --- SHACL -------------------------------------------------------------------------------------------

Result = tuple[str, str, str, str]


def results(report: Graph) -> frozenset[Result]:
    """Return of a SHACL report: where, along which path, what is broken, and by which value."""

    def term(node: object) -> str:
        return "blank" if isinstance(node, BNode) else node.n3() if node is not None else ""

    def path(node: object) -> str:
        inverse = report.value(node, SH.inversePath) if isinstance(node, BNode) else None
        return f"^{term(inverse)}" if inverse is not None else term(node)

    conforms = {str(o) for o in report.objects(None, SH.conforms)}
    found = frozenset(
        (
            term(report.value(one, SH.focusNode)),
            path(report.value(one, SH.resultPath)),
            str(report.value(one, SH.sourceConstraintComponent)).removeprefix(SH._NS),
            term(report.value(one, SH.value)),
        )
        for one in report.objects(None, SH.result)
    )
    assert conforms == {"false" if found else "true"}
    return found


def by_pyshacl(shapes: Path, base: Path | None, files: list[Path], out: Path) -> list[Graph]:
    import pyshacl

    graphs = [Graph().parse(f) + (Graph().parse(base) if base else Graph()) for f in files]
    return [pyshacl.validate(g, shacl_graph=Graph().parse(shapes), inplace=True)[1] for g in graphs]


def by_jena_shacl(shapes: Path, base: Path | None, files: list[Path], out: Path) -> list[Graph]:
    checkers.program("javac", "default-jdk-headless")
    source = checkers.ROOT / "tests" / "checks" / "Shapes.java"
    command = [*checkers.jena(), source, shapes, out, base or "-", *files]
    subprocess.run([str(part) for part in command], check=True, timeout=240)
    return [Graph().parse(out / f"{f.name}.nt") for f in files]


def by_javascript(shapes: Path, base: Path | None, files: list[Path], out: Path) -> list[Graph]:
    checkers.npm("rdf-validate-shacl")
    source = checkers.ROOT / "tests" / "npm" / "shapes.mjs"
    command = [checkers.node(), source, shapes, out, base or "-", *files]
    subprocess.run([str(part) for part in command], check=True, timeout=240)
    return [Graph().parse(out / f"{f.name}.nt") for f in files]


ENGINES = {"pyshacl": by_pyshacl, "Jena": by_jena_shacl, "rdf-validate-shacl": by_javascript}


def as_triples(path: Path, where: Path) -> Path:
    """Write a file as N-Triples, which all engines read."""
    made = where / f"{path.stem}.nt"
    Graph().parse(path).serialize(made, format="nt", encoding="utf-8")
    return made


@cache
def broken() -> list[Path]:
    found = sorted((CASES / "shapes" / "broken").glob("*.ttl"))
    assert len(found) >= 25
    return found


def test_three_engines_find_the_same_in_one_broken_file_for_each_shape(tmp_path: Path) -> None:
    shapes = as_triples(folder("ontology") / "shapes.ttl", tmp_path)
    good = as_triples(CASES / "shapes" / "good" / "whole-review.ttl", tmp_path)
    files = [as_triples(path, tmp_path) for path in broken()]
    found = {}
    for name, engine in ENGINES.items():
        (tmp_path / name).mkdir()
        found[name] = [results(report) for report in engine(shapes, good, files, tmp_path / name)]
    for n, path in enumerate(broken()):
        each = {name: reports[n] for name, reports in found.items()}
        assert len(set(each.values())) == 1, (path.name, each)
        assert each["Jena"], path.name


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engine_finds_nothing_in_a_release(published: Path, tmp_path: Path, engine: str) -> None:
    shapes = as_triples(folder("ontology") / "shapes.ttl", tmp_path)
    good = as_triples(CASES / "shapes" / "good" / "whole-review.ttl", tmp_path)
    # The last file breaks one thing: an engine that looked at nothing would find nothing there either.
    lines = data(published, "nt").read_text("utf-8").splitlines(keepends=True)
    spoilt = tmp_path / "spoilt.nt"
    lost = next(
        n for n, line in enumerate(lines) if "/article/" in line and "<http://purl.org/dc/terms/identifier>" in line
    )
    spoilt.write_text("".join(lines[:lost] + lines[lost + 1 :]), "utf-8")
    reports = ENGINES[engine](shapes, None, [good, data(published, "nt"), spoilt], tmp_path)
    *sound, lost_one = map(results, reports)
    assert sound == [frozenset(), frozenset()]
    assert {(one[1], one[2]) for one in lost_one} == {
        ("<http://purl.org/dc/terms/identifier>", "MinCountConstraintComponent")
    }


# --- descriptions ------------------------------------------------------------------------------------


def test_mlcroissant_accepts_the_description(published: Path, tmp_path: Path) -> None:
    command = [checkers.checker("mlcroissant"), "validate", "--jsonld"]
    done = subprocess.run([*command, str(published / "croissant.json")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    wrong = tmp_path / "croissant.json"
    wrong.write_text((published / "croissant.json").read_text("utf-8").replace("cr:RecordSet", "cr:Unheard"), "utf-8")
    assert subprocess.run([*command, str(wrong)], capture_output=True, timeout=120).returncode == 1


def test_frictionless_finds_every_table_valid(published: Path, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    shutil.copytree(published / "tables", tables)

    def report() -> dict:
        command = [checkers.checker("frictionless"), "validate", "--json", "datapackage.json"]
        return json.loads(subprocess.run(command, cwd=tables, capture_output=True, text=True, timeout=120).stdout)

    found = report()
    assert found["valid"], json.dumps(found)[:3000]
    listed = json.loads((tables / "datapackage.json").read_text("utf-8"))["resources"]
    assert len(found["tasks"]) == len(listed) >= 5
    rows = sum(task["stats"]["rows"] for task in found["tasks"] if task["name"] == "extractions")
    with (tables / "extractions.csv").open(encoding="utf-8", newline="") as stream:
        assert rows == sum(1 for _ in csv.reader(stream)) - 1
    with (tables / "extractions.csv").open("a", encoding="utf-8") as stream:
        stream.write("one more,that,the checksum,does not,know\n")
    assert not report()["valid"]


def test_rocrate_validator_finds_the_crate_valid(published: Path, tmp_path: Path) -> None:
    validator = checkers.checker("rocrate-validator")
    warm = checkers.ROOT / "tests" / "checks" / "warm_crate_cache.py"
    subprocess.run([Path(validator).parent / "python", warm, tmp_path / "cache"], check=True, timeout=120)

    def issues(crate: Path) -> dict[str, str]:
        out = tmp_path / "report.json"
        command = [validator, "--no-interactive", "validate", "--offline", "--cache-path", tmp_path / "cache"]
        command += ["--no-paging", "-l", "recommended", "-f", "json", "-o", out, crate]
        subprocess.run([str(part) for part in command], capture_output=True, timeout=240)
        found = json.loads(out.read_text("utf-8"))
        return {i["check"]["identifier"]: f"{i['severity']}: {i['message']}" for i in found["issues"]}

    found = issues(published)
    # A review may name neither a person as author nor an organisation as publisher, and then we invent none.
    assert all(told.startswith("RECOMMENDED") for told in found.values()), found
    assert all("author" in told or "publisher" in told for told in found.values()), found
    crate = tmp_path / "crate"
    shutil.copytree(published, crate, ignore=shutil.ignore_patterns("resource"))
    assert any(told.startswith("REQUIRED") for told in issues(crate).values()), "a folder that is named is not there"
