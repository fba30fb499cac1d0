"""The drawings of the ontology's page show what the ontology says, and nothing else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from rdflib import OWL, RDF, RDFS, SDO, Graph, URIRef

from eaa_graph.release.layers import Line, drawing
from eaa_graph.release.reference import PATTERNS, Ontology, Pattern, pattern_lines, pattern_svg, patterns_html
from eaa_graph.resources import folder
from eaa_graph.vocabulary import EAA

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph().parse(folder("ontology") / "eaa.ttl")


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.key)
def test_every_line_is_in_the_ontology_and_none_is_missing(graph: Graph, pattern: Pattern) -> None:
    """Asked of rdflib: each pair of chosen classes that a property joins is drawn once, in one of its directions."""
    chosen = {URIRef(EAA + name) for name in pattern.classes}
    assert all((c, RDF.type, OWL.Class) in graph for c in chosen)
    stated, kinds = {}, set()
    for p in graph.subjects(RDF.type, OWL.ObjectProperty):
        for c in list(graph.objects(p, SDO.domainIncludes)) or list(graph.objects(p, RDFS.domain)):
            for r in graph.objects(p, RDFS.range):
                if {c, r} <= chosen:
                    stated[(c, p, r)] = {
                        (r, i, c) for i in (*graph.objects(p, OWL.inverseOf), *graph.subjects(OWL.inverseOf, p))
                    }
    for c in chosen:
        kinds |= {(str(c), str(above)) for above in graph.objects(c, RDFS.subClassOf) if above in chosen}
    lines = pattern_lines(Ontology.read(), pattern)
    drawn = {(URIRef(x.start), URIRef(EAA + x.link[1:]), URIRef(x.end)) for x in lines if not x.dashed}
    assert drawn <= set(stated)
    for one, inverses in stated.items():
        assert one in drawn or inverses & drawn, f"{one} is not drawn"
        assert not (one in drawn and inverses & drawn - {one}), f"{one} is drawn in both directions"
    assert {(x.start, x.end) for x in lines if x.dashed} == kinds
    assert len(lines) >= len(pattern.classes) - 1
    joined = {x.start for x in lines} | {x.end for x in lines}
    assert joined == {str(c) for c in chosen}, "a class that nothing joins does not belong in the drawing"


def test_the_core_pattern_is_what_realist_reviews_are_made_of() -> None:
    said = {(x.start[len(EAA) :], x.end[len(EAA) :]) for x in pattern_lines(Ontology.read(), PATTERNS[0])}
    for pair in (
        ("CodedExtraction", "Article"),
        ("CMOConfiguration", "Context"),
        ("CMOConfiguration", "Mechanism"),
        ("CMOConfiguration", "Outcome"),
        ("ProgrammeTheory", "CMOConfiguration"),
        ("Refinement", "ProgrammeTheory"),
    ):
        assert pair in said or pair[::-1] in said, pair


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.key)
def test_a_drawing_says_in_words_what_it_shows(pattern: Pattern) -> None:
    onto = Ontology.read()
    root = ET.fromstring(pattern_svg(onto, pattern))
    assert root.find(f"{SVG}title").text == pattern.title
    told = root.find(f"{SVG}desc").text
    names = [t.text for t in root.iter(f"{SVG}text")]
    for line in pattern_lines(onto, pattern):
        assert f"{onto.label(line.start)} {line.name} {onto.label(line.end)}" in told
        if line.start != line.end:
            assert line.name in names


def test_the_drawing_follows_the_ontology() -> None:
    """Without a property its line goes; without a class, the class and all its lines; without classes, the section."""
    onto, pattern = Ontology.read(), PATTERNS[0]

    def without(*names: str) -> Ontology:
        return Ontology(tuple(t for t in onto.triples if t[0] not in {f"<{EAA}{n}>" for n in names}))

    assert {x.link for x in pattern_lines(onto, pattern)} - {
        x.link for x in pattern_lines(without("codesContext"), pattern)
    } == {"#codesContext"}
    smaller = without("Refinement")
    assert not [x for x in pattern_lines(smaller, pattern) if x.start == f"{EAA}Refinement"]
    assert "refinement" not in pattern_svg(smaller, pattern)
    assert patterns_html(Ontology(())) == ""


def test_layers_hold_for_any_graph() -> None:
    """Boxes of a row stand apart, an earlier thing is above a later one, loops are left out, and nothing is cut off."""
    things = {str(n): (f"thing <{n}>" * (n % 3 + 1), f"#{n}") for n in range(12)}
    lines = [Line(str(a), str(b), f"line {a}-{b}") for a in range(12) for b in range(12) if (a * 7 + b * 5) % 11 == 0]
    root = ET.fromstring(drawing(things, lines, "x", "Title", "Told"))
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = {}
    for link in root.iter(f"{SVG}a"):
        for r in link.iter(f"{SVG}rect"):
            boxes[link.get("href")[1:]] = [float(r.get(k)) for k in ("x", "y", "width", "height")]
    assert set(boxes) == set(things)
    for name, (x, y, w, h) in boxes.items():
        assert x >= 0
        assert x + w <= width
        assert y + h <= height
        for other, (x2, y2, w2, _) in boxes.items():
            assert name == other or y != y2 or x + w <= x2 or x2 + w2 <= x
    for line in lines:
        upper, lower = sorted((line.start, line.end), key=int)
        assert upper == lower or boxes[upper][1] < boxes[lower][1]
    names = [t.text for t in root.iter(f"{SVG}text")]
    assert all((x.name in names) == (x.start != x.end) for x in lines)
    assert not re.search(r"NaN|inf", ET.tostring(root, "unicode"))
