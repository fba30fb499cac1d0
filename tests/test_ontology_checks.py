"""Rules of good form for the ontology, each a query of its own, and each shown to notice a slip."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import checkers
import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS, SKOS

from eaa_graph import queries
from eaa_graph.findings import SEVERITIES
from eaa_graph.resources import folder
from eaa_graph.store import OxigraphStore
from eaa_graph.vocabulary import EAA, ONTOLOGY, PREFIXES, Quad, Term

ROOT = Path(__file__).resolve().parents[1]
HEAD = "".join(f"PREFIX {name}: <{value}>\n" for name, value in PREFIXES.items())
RULES = queries.questions("ontology")
IAO = URIRef("http://purl.obolibrary.org/obo/IAO_0000115")


@cache
def text() -> str:
    return (folder("ontology") / "eaa.ttl").read_text("utf-8")


@cache
def store() -> OxigraphStore:
    made = OxigraphStore()
    made.add_file(folder("ontology") / "eaa.ttl", ONTOLOGY)
    return made


def graph() -> Graph:
    return Graph().parse(data=text(), format="turtle")


def e(name: str) -> URIRef:
    return URIRef(EAA + name)


def added(turtle: str) -> Graph:
    return graph().parse(data=HEAD + turtle, format="turtle")


def without(subject, predicate) -> Graph:
    made = graph()
    made.remove((subject, predicate, None))
    return made


def undisputed() -> Graph:
    made = without(None, OWL.disjointWith)
    for axiom in list(made.subjects(RDF.type, OWL.AllDisjointClasses)):
        made.remove((axiom, None, None))
    return made


def changed(subject, predicate, value) -> Graph:
    made = without(subject, predicate)
    made.add((subject, predicate, value))
    return made


def english(words: str) -> Literal:
    return Literal(words, lang="en")


NEW = "a owl:Class ; rdfs:subClassOf eaa:Code ; rdfs:isDefinedBy <https://w3id.org/eaa/onto>"

#: For each rule an ontology that breaks it.
BROKEN = {
    "label-missing": lambda: without(e("Code"), RDFS.label),
    "label-multiple": lambda: added('eaa:Code rdfs:label "codes"@en .'),
    "label-duplicate": lambda: changed(e("Code"), RDFS.label, english("Outcome")),
    "definition-missing": lambda: without(e("Code"), SKOS.definition),
    "definition-multiple": lambda: added('eaa:Code skos:definition "Another one."@en .'),
    "definition-duplicate": lambda: changed(e("Code"), SKOS.definition, graph().value(e("Outcome"), SKOS.definition)),
    "definition-in-two-voices": lambda: changed(e("Code"), IAO, english("Something else.")),
    "definition-repeats-label": lambda: changed(e("Code"), SKOS.definition, english("Code.")),
    "definition-form": lambda: changed(e("Code"), SKOS.definition, english("a thing without an end")),
    "language-missing": lambda: changed(e("Code"), RDFS.label, Literal("code")),
    "whitespace": lambda: changed(e("Code"), RDFS.label, english("code ")),
    "synonym-is-a-label": lambda: added('eaa:Code skos:altLabel "outcome"@en .'),
    "header-incomplete": lambda: without(URIRef(ONTOLOGY), DCTERMS.title),
    "licence-not-an-address": lambda: changed(URIRef(ONTOLOGY), DCTERMS.license, Literal("CC BY")),
    "version-iri-differs": lambda: changed(URIRef(ONTOLOGY), OWL.versionInfo, Literal("9.9.9")),
    "deprecated-used": lambda: added("eaa:Code owl:deprecated true ."),
    "deprecated-without-successor": lambda: added("eaa:Code owl:deprecated true ."),
    "deprecated-not-boolean": lambda: added('eaa:Code owl:deprecated "yes" .'),
    "superclass-missing": lambda: added("eaa:Lonely a owl:Class ."),
    "sub-class-circle": lambda: added("eaa:RecordedThing rdfs:subClassOf eaa:Code ."),
    "iri-form": lambda: added(f"eaa:bad_name {NEW} ."),
    "home-missing": lambda: without(e("Code"), RDFS.isDefinedBy),
    "term-undeclared": lambda: added("eaa:Code rdfs:seeAlso eaa:Forgotten ."),
    "built-in-redefined": lambda: added("rdfs:label rdfs:domain eaa:Code ."),
    "source-not-an-address": lambda: added('eaa:Code dcterms:source "a book" .'),
    "p04-unconnected": lambda: added("eaa:Lonely a owl:Class ."),
    "p05-wrong-inverse": lambda: added("eaa:codes owl:inverseOf eaa:joins ."),
    "p08-annotations-missing": lambda: without(e("Code"), RDFS.label),
    "p10-no-disjointness": lambda: undisputed(),
    "p11-domain-or-range-missing": lambda: without(e("codes"), RDFS.range),
    "p13-inverse-missing": lambda: without(None, OWL.inverseOf),
    "p19-several-domains-or-ranges": lambda: added("eaa:codes rdfs:range eaa:Article ."),
    "p24-recursive-definition": lambda: added(
        "eaa:Code owl:equivalentClass [ owl:intersectionOf ( eaa:Outcome eaa:Code ) ] ."
    ),
    "p25-inverse-of-itself": lambda: added("eaa:codes owl:inverseOf eaa:codes ."),
    "p26-inverse-of-a-symmetric-property": lambda: added("eaa:codes a owl:SymmetricProperty ."),
    "p27-wrong-equivalent-property": lambda: added("eaa:codes owl:equivalentProperty eaa:joins ."),
    "p28-wrong-symmetric-property": lambda: added("eaa:codes a owl:SymmetricProperty ."),
    "p29-wrong-transitive-property": lambda: added("eaa:codes a owl:TransitiveProperty ."),
    "p31-wrong-equivalent-class": lambda: added(
        "eaa:Code owl:equivalentClass eaa:Article ; owl:disjointWith eaa:Article ."
    ),
    "p34-untyped-class": lambda: without(e("Code"), RDF.type),
    "p35-untyped-property": lambda: without(e("year"), RDF.type),
    "p38-no-ontology": lambda: without(URIRef(ONTOLOGY), RDF.type),
    "p41-no-licence": lambda: without(URIRef(ONTOLOGY), DCTERMS.license),
}


def test_there_is_a_rule_for_each_pitfall_that_a_query_can_see() -> None:
    named = {m[0] for name in RULES if (m := re.match(r"p\d\d(?=-)", name))}
    assert named >= {
        "p04",
        "p05",
        "p08",
        "p10",
        "p11",
        "p13",
        "p19",
        "p24",
        "p25",
        "p26",
        "p27",
        "p28",
        "p29",
        "p31",
        "p34",
        "p35",
        "p38",
        "p41",
    }


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_ontology_keeps_the_rule(name: str) -> None:
    rule = RULES[name]
    assert rule.severity in SEVERITIES
    assert rule.fix
    rows = store().select(rule.sparql).rows
    if rule.severity != "note":
        assert rows == [], rule.summary


def noticed(name: str, ontology: Graph) -> int:
    """Return how many rows the rule has for an ontology."""
    broken = OxigraphStore()
    broken.add(Quad(Term(s.n3()), Term(p.n3()), Term(o.n3()), Term("<urn:broken>")) for s, p, o in ontology)
    return len(broken.select(RULES[name].sparql).rows)


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_rule_notices_a_slip(name: str) -> None:
    assert noticed(name, BROKEN[name]()) > len(store().select(RULES[name].sparql).rows)


HEADER = (
    *(
        DCTERMS[n]
        for n in ("description", "license", "creator", "contributor", "publisher", "created", "issued", "source")
    ),
    *(DCTERMS.bibliographicCitation, OWL.versionIRI, OWL.versionInfo, URIRef("http://purl.org/ontology/bibo/status")),
    *(URIRef(f"http://purl.org/vocab/vann/preferredNamespace{n}") for n in ("Prefix", "Uri")),
)
#: What else breaks a rule that looks at several things: the rule, and an ontology with one slip.
OTHER_SLIPS = [
    *(("header-incomplete", lambda name=name: without(URIRef(ONTOLOGY), name)) for name in HEADER),
    ("label-missing", lambda: without(e("codes"), RDFS.label)),
    ("label-missing", lambda: without(e("stance-supports"), RDFS.label)),
    ("definition-missing", lambda: without(e("year"), SKOS.definition)),
    ("definition-missing", lambda: without(e("stance-supports"), SKOS.definition)),
    ("language-missing", lambda: changed(e("codes"), SKOS.definition, Literal("Says it."))),
    ("whitespace", lambda: changed(e("codes"), SKOS.definition, english("Says  it."))),
    ("deprecated-used", lambda: added("eaa:Mechanism owl:deprecated true .")),
    ("p04-unconnected", lambda: added("eaa:lonely a owl:DatatypeProperty .")),
    ("p11-domain-or-range-missing", lambda: without(e("year"), RDFS.domain)),
    ("p19-several-domains-or-ranges", lambda: added("eaa:year rdfs:domain eaa:Code .")),
    ("p24-recursive-definition", lambda: added("eaa:Code rdfs:subClassOf [ owl:someValuesFrom eaa:Code ] .")),
    ("p24-recursive-definition", lambda: added("eaa:codes owl:propertyChainAxiom ( eaa:joins eaa:codes ) .")),
    ("p34-untyped-class", lambda: added("eaa:Code rdfs:subClassOf eaa:Forgotten .")),
    ("p34-untyped-class", lambda: changed(e("year"), RDFS.domain, e("Forgotten"))),
    ("p34-untyped-class", lambda: changed(e("codes"), RDFS.range, e("Forgotten"))),
    ("p34-untyped-class", lambda: added("eaa:word-x a owl:NamedIndividual, eaa:Forgotten .")),
    ("p31-wrong-equivalent-class", lambda: added("eaa:Mechanism owl:equivalentClass eaa:Code .")),
    ("p35-untyped-property", lambda: added("eaa:codes rdfs:subPropertyOf eaa:forgotten .")),
    ("p35-untyped-property", lambda: added("eaa:codes owl:propertyChainAxiom ( eaa:joins eaa:forgotten ) .")),
    ("sub-class-circle", lambda: added("eaa:Code rdfs:subClassOf eaa:Mechanism .")),
]


@pytest.mark.parametrize("number", range(len(OTHER_SLIPS)), ids=lambda n: f"{OTHER_SLIPS[n][0]}-{n}")
def test_the_rule_notices_other_slips(number: int) -> None:
    name, made = OTHER_SLIPS[number]
    assert noticed(name, made()) > len(store().select(RULES[name].sparql).rows)


def test_properties_without_an_inverse_are_those_that_the_documentation_counts() -> None:
    rows = store().select(RULES["p13-inverse-missing"].sparql).rows
    told = re.search(r"(\d+) object properties have no inverse", (ROOT / "docs" / "ontology.md").read_text("utf-8"))
    assert told is not None
    assert len(rows) == int(told[1])


def test_the_report_items_are_all_there() -> None:
    report = (ROOT / "docs" / "ontology" / "MIRO.md").read_text("utf-8")
    items = re.findall(r"^### ([A-H]\.\d+) ", report, re.MULTILINE)
    wanted = {"A": 6, "B": 3, "C": 3, "D": 3, "E": 10, "F": 3, "G": 0, "H": 0}
    assert len(items) == len(set(items))
    for letter, least in wanted.items():
        assert sum(item.startswith(letter) for item in items) >= least, letter
    assert len(items) == 34


def test_the_report_counts_what_is_there() -> None:
    report = (ROOT / "docs" / "ontology" / "MIRO.md").read_text("utf-8")
    made = graph()
    for what, kind in (
        ("classes", OWL.Class),
        ("object properties", OWL.ObjectProperty),
        ("data properties", OWL.DatatypeProperty),
        ("individuals", OWL.NamedIndividual),
    ):
        own = sum(1 for t in made.subjects(RDF.type, kind) if str(t).startswith(EAA))
        told = re.search(rf"(\d+) {what}", report)
        assert told is not None, what
        assert int(told[1]) == own, what
    told = re.search(r"(\d[\d,]*) triples", report)
    assert told is not None
    assert int(told[1].replace(",", "")) == len(made)


def test_changelog_and_header_name_the_same_version() -> None:
    version = str(graph().value(URIRef(ONTOLOGY), OWL.versionInfo))
    changes = (ROOT / "docs" / "ontology" / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## ([\d.]+)", changes, re.MULTILINE)[1] == version


def test_the_redirects_send_each_kind_of_reader_to_the_right_file() -> None:
    lines = (ROOT / "ontology" / "w3id" / ".htaccess").read_text("utf-8").splitlines()
    rules = [line.split() for line in lines if line.startswith("RewriteRule")]
    assert all(rule[3].startswith("[R=30") and rule[3].endswith(",L]") for rule in rules if "E=" not in rule[3])
    rules = [rule for rule in rules if "E=" not in rule[3]]
    onto = next(rule for rule in rules if re.match(rule[1], "onto/0.1.0/eaa.ttl"))
    assert onto[2].endswith("/onto/$1")


@pytest.mark.slow
def test_sssom_finds_the_matches_valid_and_a_spoilt_file_not(tmp_path: Path) -> None:
    sssom = checkers.checker("sssom")

    def faults(path: Path) -> str:
        done = subprocess.run([sssom, "validate", str(path)], capture_output=True, text=True, timeout=300)
        # It leaves out a row that it cannot read, says so, and ends with 0.
        return done.stderr if done.returncode or "error" in done.stderr.casefold() else ""

    assert faults(folder("ontology") / "eaa.sssom.tsv") == ""
    text = (folder("ontology") / "eaa.sssom.tsv").read_text("utf-8")
    spoilt = tmp_path / "spoilt.sssom.tsv"
    spoilt.write_text(text.replace("semapv:ManualMappingCuration", "semapv:Unheard", 1), "utf-8")
    assert faults(spoilt)
