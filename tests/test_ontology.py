"""The ontology, its shapes, its JSON-LD context and its matches keep what docs/graph.md promises."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyoxigraph
import pytest
from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.compare import isomorphic
from rdflib.namespace import OWL, RDF, RDFS, SH, SKOS, XSD

from eaa_graph import model
from eaa_graph.encode import SHAPES
from eaa_graph.resources import folder

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "cases" / "shapes"
ONTOLOGY = URIRef("https://w3id.org/eaa/onto")
EAA = Namespace("https://w3id.org/eaa/onto#")
SHAPE = Namespace("https://w3id.org/eaa/shapes#")
DCTERMS = Namespace("http://purl.org/dc/terms/")
OBO = Namespace("http://purl.obolibrary.org/obo/")
DOMAIN_INCLUDES = URIRef("https://schema.org/domainIncludes")
PROPERTY_KINDS = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)

#: Each fixed list of words, as the encoder writes it.
WORDS = {
    "role": model.CONCEPT_KINDS,
    "status": model.CONCEPT_STATUSES,
    "stance": model.STANCES,
    "polarity": model.POLARITIES,
    "basis": model.BASES,
    "activation": model.ACTIVATIONS,
    "theory-status": model.THEORY_STATUSES,
    "change": model.CHANGE_KINDS,
    "move": model.MOVES,
    "phase": model.PHASE_KINDS,
    "heuristic": tuple(model.HEURISTICS),
    "relation": model.CLAIM_RELATIONS,
    "parts": ("complete", "partial", "overlapping"),
    "evidence": ("asserted", "matched"),
    "completeness": ("C-M-O", "C-M", "M-O", "M"),
}
#: Class of the things that an IRI of each kind names.
KIND_CLASSES = {shape.kind: shape.cls for shape in SHAPES} | {"study": "Study"}


@cache
def ontology() -> Graph:
    return Graph().parse(folder("ontology") / "eaa.ttl")


@cache
def shapes() -> Graph:
    return Graph().parse(folder("ontology") / "shapes.ttl")


@cache
def context() -> dict:
    return json.loads((folder("ontology") / "context.jsonld").read_text("utf-8"))


def own_terms(graph: Graph) -> list[URIRef]:
    return sorted({s for s in graph.subjects(RDF.type) if isinstance(s, URIRef) and s.startswith(EAA)})


def local(term: URIRef) -> str:
    return str(term).removeprefix(EAA)


def lies_in(term: URIRef, spaces: tuple[str, ...]) -> bool:
    # rdflib's own startswith takes one prefix only and turns a tuple into text.
    return str(term).startswith(spaces)


def above(term: URIRef, predicate: URIRef = RDFS.subClassOf) -> set[URIRef]:
    return set(ontology().transitive_objects(term, predicate))


# --- the file ---------------------------------------------------------------------------


def test_rdflib_and_oxigraph_read_the_same_ontology() -> None:
    read = pyoxigraph.parse(path=str(folder("ontology") / "eaa.ttl"))
    text = pyoxigraph.serialize((quad.triple for quad in read), format=pyoxigraph.RdfFormat.N_TRIPLES)
    assert isomorphic(ontology(), Graph().parse(data=text, format="nt"))


def test_the_header_is_complete() -> None:
    graph = ontology()
    for name in [
        "title",
        "description",
        "license",
        "creator",
        "publisher",
        "created",
        "issued",
        "modified",
        "source",
        "bibliographicCitation",
        "language",
    ]:
        assert list(graph.objects(ONTOLOGY, DCTERMS[name])), name
    version = graph.value(ONTOLOGY, OWL.versionInfo)
    assert graph.value(ONTOLOGY, OWL.versionIRI) == URIRef(f"{ONTOLOGY}/{version}")
    assert graph.value(ONTOLOGY, URIRef("http://purl.org/vocab/vann/preferredNamespaceUri")) == Literal(str(EAA))
    assert not list(graph.objects(None, OWL.imports)), "reused terms are declared here instead"


def test_every_own_term_is_documented() -> None:
    graph = ontology()
    labels = defaultdict(list)
    for term in own_terms(graph):
        english = [o for o in graph.objects(term, RDFS.label) if o.language == "en"]
        assert len(english) == 1, term
        labels[str(english[0]).casefold()].append(local(term))
        definitions = list(graph.objects(term, SKOS.definition))
        assert len(definitions) == 1, term
        assert definitions == list(graph.objects(term, OBO.IAO_0000115)), term
        assert definitions[0].language == "en", term
        assert definitions[0].endswith("."), term
        assert str(definitions[0]).casefold().strip(".") != str(english[0]).casefold(), term
        assert list(graph.objects(term, RDFS.isDefinedBy)) == [ONTOLOGY], term
    # A word of a list may be called like a word of another list, but not like a class or a property.
    doubles = {label: terms for label, terms in labels.items() if len(terms) > 1}
    words = {local(w) for w in graph.subjects(RDF.type, OWL.NamedIndividual)}
    assert {label: terms for label, terms in doubles.items() if not set(terms) <= words} == {}


def test_no_two_terms_share_a_definition() -> None:
    seen = defaultdict(list)
    for term in own_terms(ontology()):
        seen[str(ontology().value(term, SKOS.definition))].append(local(term))
    assert {d: terms for d, terms in seen.items() if len(terms) > 1} == {}


def test_sources_are_dois_of_the_field() -> None:
    known = {
        "10.1186/s13012-015-0237-x",
        "10.1186/s12889-015-1949-1",
        "10.1177/1609406920938577",
        "10.1177/1098214012440030",
        "10.1186/s13012-017-0554-3",
        "10.1002/jrsm.1630",
        "10.1186/1741-7015-11-21",
        "10.1186/s40900-024-00638-3",
        "10.1177/13563890241267732",
        "10.1080/13645579.2021.1918484",
    }
    named = {str(o).removeprefix("https://doi.org/") for o in ontology().objects(None, DCTERMS.source)}
    text = (folder("ontology") / "eaa.ttl").read_text("utf-8")
    assert named | set(re.findall(r"doi (10\.[^\s);]+)", text)) <= known
    for name in ("Mechanism", "Context", "Outcome", "CMOConfiguration", "ProgrammeTheory", "Refinement", "Appraisal"):
        assert ontology().value(EAA[name], DCTERMS.source), name


def test_every_property_has_domain_and_range() -> None:
    graph = ontology()
    for kind in PROPERTY_KINDS[:2]:
        for term in graph.subjects(RDF.type, kind):
            if not term.startswith(EAA):
                continue
            assert len(list(graph.objects(term, RDFS.domain))) == 1, term
            assert len(list(graph.objects(term, RDFS.range))) == 1, term


def test_inverses_mirror_domain_and_range() -> None:
    graph = ontology()
    pairs = list(graph.subject_objects(OWL.inverseOf))
    assert len(pairs) >= 20
    for forwards, backwards in pairs:
        assert graph.value(forwards, RDFS.domain) == graph.value(backwards, RDFS.range), forwards
        assert graph.value(forwards, RDFS.range) == graph.value(backwards, RDFS.domain), forwards


def test_a_wide_domain_names_the_kinds_that_carry_the_property() -> None:
    graph = ontology()
    for term in graph.subjects(RDFS.domain, EAA.RecordedThing):
        carriers = set(graph.objects(term, DOMAIN_INCLUDES))
        assert len(carriers) > 1, term
        assert all(EAA.RecordedThing in above(carrier) for carrier in carriers), term


def test_sub_properties_fit_under_their_own_parents() -> None:
    graph = ontology()
    for below, up in graph.subject_objects(RDFS.subPropertyOf):
        if up.startswith(EAA):
            assert graph.value(up, RDFS.domain) in above(graph.value(below, RDFS.domain)), below
            assert graph.value(up, RDFS.range) in above(graph.value(below, RDFS.range)), below


def test_codes_may_overlap_and_kinds_of_record_may_not() -> None:
    graph = ontology()
    lists = [set(Collection(graph, members)) for members in graph.objects(None, OWL.members)]
    roles = {EAA[n] for n in ["Context", "Intervention", "Actor", "Mechanism", "Outcome", "ProcessTheme"]}
    assert not any(members & roles for members in lists)
    assert not any((role, OWL.disjointWith, None) in graph for role in roles)
    records = next(members for members in lists if EAA.Review in members)
    for shape in SHAPES:
        assert above(EAA[shape.cls]) & records, shape.cls


# --- what the encoder writes ----------------------------------------------------------------


def test_every_term_of_the_graph_contract_is_declared() -> None:
    declared = {local(term) for term in own_terms(ontology())}
    lists = sorted(WORDS, key=len, reverse=True)
    used: set[str] = set()
    prefix = ""
    for span in re.findall(r"`([^`]+)`", (ROOT / "docs" / "graph.md").read_text("utf-8")):
        if match := re.match(rf"eaa:({'|'.join(lists)})-([^ ]+)$", span):
            prefix = match[1]
            used.update(f"{prefix}-{word}" for word in match[2].split("|"))
        elif re.fullmatch(r"-[a-z]+", span):
            used.add(prefix + span)
        else:
            used.update(re.findall(r"eaa:([A-Za-z]\w*)\b(?![-:])(?!<)", span))
    used.discard("")
    assert len(used) > 150
    assert used - declared == set()


def test_fixed_lists_hold_exactly_the_words_of_the_model() -> None:
    graph = ontology()
    individuals = {local(i) for i in graph.subjects(RDF.type, OWL.NamedIndividual)}
    assert individuals == {f"{name}-{word.replace(' ', '-')}" for name, words in WORDS.items() for word in words}
    for name, words in WORDS.items():
        classes = {
            c
            for word in words
            for c in graph.objects(EAA[f"{name}-{word.replace(' ', '-')}"], RDF.type)
            if c != OWL.NamedIndividual
        }
        assert len(classes) == 1, name
        assert EAA.FixedWord in above(classes.pop()), name
    different = {frozenset(Collection(graph, m)) for m in graph.objects(None, OWL.distinctMembers)}
    assert len(different) == len(WORDS)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.cls)
def test_using_a_property_infers_nothing_that_the_record_is_not(shape) -> None:
    graph = ontology()
    for field in shape.fields:
        predicate = URIRef(field.predicate)
        assert (predicate, RDF.type, None) in graph or predicate == RDFS.label, f"{predicate} is not declared"
        if not predicate.startswith(EAA):
            continue
        assert graph.value(predicate, RDFS.domain) in above(EAA[shape.cls]), predicate
        wanted = graph.value(predicate, RDFS.range)
        includes = set(graph.objects(predicate, DOMAIN_INCLUDES))
        assert not includes or EAA[shape.cls] in includes, predicate
        if field.how == "thing":
            for kind in field.of:
                cls = EAA[KIND_CLASSES[kind]]
                # A role makes its concept more special than a code; nothing else may.
                special = cls == EAA.Code and EAA.Code in above(wanted)
                assert wanted in above(cls) or special, (predicate, kind)
        elif field.how == "word":
            word = f"{field.of[0]}-{WORDS[field.of[0]][0]}".replace(" ", "-")
            assert (EAA[word], RDF.type, wanted) in graph, predicate
        else:
            datatype = {"integer": XSD.integer, "year": XSD.integer, "boolean": XSD.boolean}
            assert wanted == {"text": XSD.string, "language": RDF.PlainLiteral, **datatype}[field.how], predicate


def test_nothing_else_in_the_package_uses_an_undeclared_term() -> None:
    declared = {local(term) for term in own_terms(ontology())}
    for path in sorted((folder("queries")).rglob("*.rq")):
        used = set(re.findall(r"\beaa:([A-Za-z][\w-]*)", path.read_text("utf-8")))
        assert used <= declared, f"{path.name}: {sorted(used - declared)}"


# --- OWL 2 DL and RL ------------------------------------------------------------------------

#: The structural vocabulary that we use. All of it is in both profiles as long as it joins named things only.
STRUCTURE = {
    RDF.type,
    RDF.first,
    RDF.rest,
    RDFS.subClassOf,
    RDFS.subPropertyOf,
    RDFS.domain,
    RDFS.range,
    RDFS.label,
    RDFS.comment,
    RDFS.isDefinedBy,
    RDFS.seeAlso,
    OWL.inverseOf,
    OWL.propertyChainAxiom,
    OWL.disjointWith,
    OWL.members,
    OWL.distinctMembers,
    OWL.versionIRI,
    OWL.versionInfo,
    OWL.priorVersion,
    OWL.deprecated,
}
DECLARATIONS = {OWL.Class, *PROPERTY_KINDS, OWL.NamedIndividual, OWL.Ontology}
#: Datatypes that both OWL 2 DL and OWL 2 RL allow (OWL 2 Profiles, section 4.2).
DATATYPES = {RDFS.Literal, RDF.PlainLiteral, RDF.langString} | {
    XSD[name]
    for name in [
        "decimal",
        "integer",
        "nonNegativeInteger",
        "nonPositiveInteger",
        "positiveInteger",
        "negativeInteger",
        "long",
        "int",
        "short",
        "byte",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
        "float",
        "double",
        "string",
        "normalizedString",
        "token",
        "language",
        "Name",
        "NCName",
        "NMTOKEN",
        "boolean",
        "hexBinary",
        "base64Binary",
        "anyURI",
        "dateTime",
        "dateTimeStamp",
    ]
}
RESERVED = tuple(str(space._NS) for space in (RDF, RDFS, OWL, XSD))


def profile_faults(graph: Graph) -> Iterator[str]:
    """Yield everything that would take a graph written as ours is out of OWL 2 DL or OWL 2 RL."""
    kinds: dict[URIRef, set[URIRef]] = defaultdict(set)
    for subject, kind in graph.subject_objects(RDF.type):
        if isinstance(subject, URIRef):
            kinds[subject].add(kind)
        elif kind not in (OWL.AllDisjointClasses, OWL.AllDifferent):
            yield f"anonymous {kind}"
    classes = {t for t, k in kinds.items() if OWL.Class in k}
    objects = {t for t, k in kinds.items() if OWL.ObjectProperty in k}
    data = {t for t, k in kinds.items() if OWL.DatatypeProperty in k}
    annotations = {t for t, k in kinds.items() if OWL.AnnotationProperty in k}
    for term, found in kinds.items():
        if lies_in(term, RESERVED):
            yield f"{term} is reserved and described"
        if len(found & set(PROPERTY_KINDS)) > 1:
            yield f"{term} is two kinds of property"
        if OWL.Class in found and (found & set(PROPERTY_KINDS) or found - {OWL.Class}):
            yield f"{term} is a class and something else"
        if found & set(PROPERTY_KINDS) and found - set(PROPERTY_KINDS):
            yield f"{term} is a property and something else"
        for kind in found - DECLARATIONS:
            if kind not in classes:
                yield f"{term} is of the undeclared class {kind}"
    for s, p, o in graph:
        if lies_in(p, RESERVED) and p not in STRUCTURE:
            yield f"construct {p}"
        elif not lies_in(p, RESERVED) and p not in objects | data | annotations:
            yield f"undeclared property {p}"
        if isinstance(o, Literal) and (o.datatype or XSD.string) not in DATATYPES:
            yield f"datatype of {o!r}"
        if isinstance(o, BNode) and p not in (RDF.rest, OWL.members, OWL.distinctMembers, OWL.propertyChainAxiom):
            yield f"anonymous expression after {p}"
        if p in (RDFS.subClassOf, OWL.disjointWith) and not {s, o} <= classes:
            yield f"{p} between things that are not named classes: {s}, {o}"
        if p == RDFS.domain and o not in classes:
            yield f"domain of {s} is not a named class"
        if p == RDFS.range and s in objects and o not in classes:
            yield f"range of {s} is not a named class"
        if p == RDFS.range and s in data and o not in DATATYPES:
            yield f"range of {s} is not a datatype of both profiles"
        if p == RDFS.range and s not in objects | data | annotations:
            yield f"range of the undeclared {s}"
        if p == RDFS.subPropertyOf and not any({s, o} <= some for some in (objects, data, annotations)):
            yield f"{s} and {o} are different kinds of property"
        if p == OWL.inverseOf and not {s, o} <= objects:
            yield f"inverse of {s}"
        if p == OWL.propertyChainAxiom:
            if not set(Collection(graph, o)) <= objects:
                yield f"chain of {s} holds something that is not a named object property"
            # The regularity of OWL 2 DL: what a chain is made of must not depend on what it makes.
            for step in Collection(graph, o):
                if s in set(graph.transitive_objects(step, RDFS.subPropertyOf)):
                    yield f"chain of {s} is circular"


def test_owl_2_dl_and_rl_by_form() -> None:
    assert sorted(set(profile_faults(ontology()))) == []


@pytest.mark.parametrize(
    "turtle",
    [
        "eaa:Code rdfs:subClassOf [ a owl:Restriction ; owl:onProperty eaa:note ; owl:minCardinality 1 ] .",
        "eaa:note rdfs:domain [ a owl:Class ; owl:unionOf ( eaa:Code eaa:Claim ) ] .",
        "eaa:year rdfs:range xsd:gYear .",
        'eaa:Code rdfs:comment "2026-11-23"^^xsd:date .',
        "eaa:note a owl:AnnotationProperty .",
        "eaa:Code a eaa:Role .",
        "eaa:Code eaa:unheardOf eaa:Claim .",
        "eaa:hasMechanism owl:propertyChainAxiom ( eaa:contributesTo eaa:hasMechanism ) .",
        "eaa:codes rdfs:subPropertyOf eaa:note .",
        "rdfs:label a owl:AnnotationProperty .",
        "eaa:thing a eaa:Unheard .",
        "eaa:codes a owl:FunctionalProperty .",
        "[] a owl:AllDisjointProperties ; owl:members ( eaa:codes eaa:joins ) .",
    ],
)
def test_the_check_by_form_sees_what_leaves_the_profiles(turtle: str) -> None:
    prefixes = "".join(
        f"@prefix {p}: <{ns}> .\n" for p, ns in [("eaa", EAA), ("owl", OWL), ("rdfs", RDFS), ("xsd", XSD)]
    )
    broken = ontology() + Graph().parse(data=prefixes + turtle, format="turtle")
    assert list(profile_faults(broken))


def hermit_jar() -> Path:
    import owlready2

    return Path(owlready2.__file__).parent / "hermit" / "HermiT.jar"


def owlapi_profiles(graph: Graph, where: Path) -> dict[str, bool]:
    """Ask the OWL API's own profile checkers, which owlready2 carries inside HermiT's jar."""
    graph.serialize(where / "graph.rdf", format="xml")
    source = ROOT / "tests" / "cases" / "owl" / "Profiles.java"
    done = subprocess.run(
        ["java", "-cp", str(hermit_jar()), str(source), str(where / "graph.rdf")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return {m[1]: m[2] == "in" for m in re.finditer(r"^(OWL 2 \w+): (in|out)$", done.stdout, re.MULTILINE)}


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK (javac) to compile the call of the OWL API")
def test_owl_2_dl_and_rl_by_the_owl_api(tmp_path: Path) -> None:
    assert owlapi_profiles(ontology(), tmp_path) == {"OWL 2 DL": True, "OWL 2 RL": True}
    broken = ontology() + Graph().parse(
        data=f"<{EAA.Code}> <{RDFS.subClassOf}> [ a <{OWL.Class}> ; <{OWL.unionOf}> ( <{EAA.Claim}> <{EAA.Study}> ) ] .",
        format="turtle",
    )
    assert owlapi_profiles(broken, tmp_path) == {"OWL 2 DL": True, "OWL 2 RL": False}


def hermit(graph: Graph, where: Path) -> list[str] | None:
    """Return the classes that HermiT finds unsatisfiable; None when the whole is inconsistent."""
    import owlready2

    # owlready2 does not read Turtle, and reads a file by its name only once a world.
    graph.serialize(where / "graph.nt", format="nt", encoding="utf-8")
    world = owlready2.World()
    loaded = world.get_ontology((where / "graph.nt").as_uri()).load()
    try:
        with loaded:
            owlready2.sync_reasoner(world, infer_property_values=False, debug=0)
        return sorted({c.iri for c in world.inconsistent_classes()} - {str(OWL.Nothing)})
    except owlready2.OwlReadyInconsistentOntologyError:
        return None
    finally:
        world.close()


needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs Java, which is not on the path")


@needs_java
def test_hermit_finds_the_ontology_consistent_and_every_class_possible(tmp_path: Path) -> None:
    assert hermit(ontology(), tmp_path) == []


@needs_java
def test_hermit_finds_the_good_example_consistent(tmp_path: Path) -> None:
    assert hermit(ontology() + good_review(), tmp_path) == []


@needs_java
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ((EAA.Impossible, RDFS.subClassOf, EAA.Article), [str(EAA.Impossible)]),
        # An article cannot be coded as a mechanism.
        (
            (URIRef("https://example.org/review/x1"), EAA.codesMechanism, URIRef("https://example.org/review/plot")),
            None,
        ),
    ],
)
def test_hermit_would_see_a_mistake(statement, expected, tmp_path: Path) -> None:
    graph = ontology() + good_review()
    graph.add(statement)
    if expected:
        graph.add((EAA.Impossible, RDF.type, OWL.Class))
        graph.add((EAA.Impossible, RDFS.subClassOf, EAA.Study))
    assert hermit(graph, tmp_path) == expected


# --- shapes ---------------------------------------------------------------------------------


@cache
def good_review() -> Graph:
    return Graph().parse(CASES / "good" / "whole-review.ttl")


def path_name(path: URIRef | BNode | None, graph: Graph) -> str:
    if path is None:
        return "-"
    inverse = graph.value(path, SH.inversePath)
    return f"^{path_name(inverse, graph)}" if inverse else graph.namespace_manager.normalizeUri(path)


def violations(data: Graph) -> set[tuple[str, str, str]]:
    """Return shape, path and constraint of every result."""
    import pyshacl

    conforms, report, _ = pyshacl.validate(data, shacl_graph=shapes(), inplace=True)
    found = set()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        source = report.value(result, SH.sourceShape)
        owner = source if isinstance(source, URIRef) else shapes().value(None, SH.property, source)
        path = shapes().value(source, SH.path)
        component = str(report.value(result, SH.sourceConstraintComponent)).removeprefix(SH._NS)
        found.add(
            (str(owner).removeprefix(SHAPE), path_name(path, shapes()), component.removesuffix("ConstraintComponent"))
        )
    assert conforms == (not found)
    return found


def named_shapes() -> list[URIRef]:
    return sorted(shapes().subjects(RDF.type, SH.NodeShape))


def property_shapes() -> list[tuple[URIRef, BNode]]:
    return [(shape, prop) for shape in named_shapes() for prop in shapes().objects(shape, SH.property)]


def test_the_shapes_are_well_formed() -> None:
    import pyshacl

    assert pyshacl.validate(Graph(), shacl_graph=shapes(), meta_shacl=True)[0]


def test_there_is_one_named_shape_for_each_kind_of_record() -> None:
    targets = {shapes().value(shape, SH.targetClass) for shape in named_shapes()}
    kinds = {EAA[shape.cls] for shape in SHAPES}
    assert targets == kinds | {EAA[n] for n in ("Study", "Codebook", "SlotAlternative", "EvidenceLine", "Finding")}
    for shape in named_shapes():
        assert shape == SHAPE[local(shapes().value(shape, SH.targetClass))]
    for _, node in [(s, s) for s in named_shapes()] + property_shapes():
        for needed in (SH.name, SH.message, SH.severity):
            assert len(list(shapes().objects(node, needed))) == 1, (node, needed)
    messages = [str(shapes().value(prop, SH.message)) for _, prop in property_shapes()]
    assert len(set(messages)) == len(messages)


def test_shapes_and_context_use_declared_terms_only() -> None:
    declared = set(ontology().subjects(RDF.type, None))
    mentioned = {term for triple in shapes() for term in triple if isinstance(term, URIRef)}
    outside = (str(SH._NS), str(SHAPE), str(SHAPE)[:-1], *RESERVED)
    licence = URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert {t for t in mentioned if not lies_in(t, outside)} - declared - {licence} == set()
    built_in = {RDFS.label}
    for name in context()["@context"]:
        term = expand(name)
        if term and not name.startswith("@") and not is_prefix(name):
            assert URIRef(term) in declared | built_in, name


@pytest.mark.parametrize("record", SHAPES, ids=lambda record: record.cls)
def test_shapes_ask_for_what_the_encoder_writes(record) -> None:
    graph = shapes()
    by_path = {graph.value(p, SH.path): p for s, p in property_shapes() if s == SHAPE[record.cls]}
    for field in record.fields:
        prop = by_path[URIRef(field.predicate)]
        assert (graph.value(prop, SH.maxCount) is None) == field.many, field
        datatype = graph.value(prop, SH.datatype)
        if field.how == "word":
            allowed = {local(w) for w in Collection(graph, graph.value(prop, SH["in"]))}
            assert allowed == {f"{field.of[0]}-{w.replace(' ', '-')}" for w in WORDS[field.of[0]]}
        elif field.how == "thing":
            either = graph.value(prop, SH["or"])
            asked = (
                [graph.value(n, SH["class"]) for n in Collection(graph, either)]
                if either
                else [graph.value(prop, SH["class"])]
            )
            assert {local(c) for c in asked} == {KIND_CLASSES[kind] for kind in field.of}, field
        else:
            wanted = {"text": XSD.string, "language": RDF.langString, "boolean": XSD.boolean}
            assert datatype == wanted.get(field.how, XSD.integer), field
    # What the record must have, its shape must demand.
    needed = {name for name, info in record.record.model_fields.items() if info.is_required()}
    for field in record.fields:
        assert bool(graph.value(by_path[URIRef(field.predicate)], SH.minCount)) == (
            field.name in needed or (record.cls, field.name) in WITH_DEFAULT
        ), field


#: Fields that the encoder always writes because the record has a value even where the researcher gave none.
WITH_DEFAULT = {("Review", "language"), ("Review", "base_iri"), ("Review", "heuristic")}


def test_the_good_examples_pass() -> None:
    for path in sorted((CASES / "good").glob("*.ttl")):
        assert violations(Graph().parse(path)) == set(), path.name


@pytest.mark.parametrize("path", sorted((CASES / "broken").glob("*.ttl")), ids=lambda path: path.stem)
def test_each_broken_example_is_caught_for_what_it_is(path: Path) -> None:
    text = path.read_text("utf-8")
    shape = re.search(r"^# shape: (\w+)$", text, re.MULTILINE)[1]
    breaks = re.search(r"^# breaks: (.+)$", text, re.MULTILINE)[1]
    expected = {(shape, *one.split(" ")) for one in breaks.split(", ")}
    assert violations(good_review() + Graph().parse(path)) == expected


def test_every_shape_has_a_broken_example() -> None:
    broken = {
        re.search(r"^# shape: (\w+)$", path.read_text("utf-8"), re.MULTILINE)[1]
        for path in (CASES / "broken").glob("*.ttl")
    }
    assert broken == {str(shape).removeprefix(SHAPE) for shape in named_shapes()}


def forward_paths() -> Iterator[tuple[str, BNode, URIRef, URIRef]]:
    for shape, prop in property_shapes():
        path = shapes().value(prop, SH.path)
        if isinstance(path, URIRef):
            yield str(shape).removeprefix(SHAPE), prop, path, shapes().value(shape, SH.targetClass)


def test_the_good_example_has_every_property_of_every_shape() -> None:
    data = good_review()
    for shape, _, path, target in forward_paths():
        assert any((s, path, None) in data for s in data.subjects(RDF.type, target)), (shape, path)


def test_every_requirement_bites() -> None:
    """Take every required value away, then double every single one, then spoil every typed one."""
    without, doubled, spoilt = (Graph() + good_review() for _ in range(3))
    missing, too_many, wrong = set(), set(), set()
    nonsense = URIRef("https://example.org/review/nonsense")
    for shape, prop, path, target in forward_paths():
        focus = next(s for s in sorted(good_review().subjects(RDF.type, target)) if (s, path, None) in good_review())
        name = path_name(path, shapes())
        if shapes().value(prop, SH.minCount):
            without.remove((focus, path, None))
            missing.add((shape, name, "MinCount"))
        if shapes().value(prop, SH.maxCount):
            doubled.add((focus, path, nonsense))
            too_many.add((shape, name, "MaxCount"))
        spoilt.remove((focus, path, None))
        spoilt.add(
            (focus, path, Literal("2024-05-01", datatype=XSD.date) if shapes().value(prop, SH.datatype) else nonsense)
        )
        for predicate, component in (
            (SH.datatype, "Datatype"),
            (SH["class"], "Class"),
            (SH["in"], "In"),
            (SH["or"], "Or"),
        ):
            if shapes().value(prop, predicate):
                wrong.add((shape, name, component))
    assert len(missing) > 40
    assert missing - violations(without) == set()
    assert too_many - violations(doubled) == set()
    assert wrong - violations(spoilt) == set()


# --- JSON-LD context ------------------------------------------------------------------------


def expand(name: str) -> str | None:
    entry = context()["@context"][name]
    compact = entry["@id"] if isinstance(entry, dict) else entry
    if not isinstance(compact, str) or compact.startswith("@"):
        return None
    prefix, _, rest = compact.partition(":")
    return compact if rest.startswith("//") else context()["@context"][prefix] + rest


def is_prefix(name: str) -> bool:
    entry = context()["@context"][name]
    return isinstance(entry, str) and entry.startswith("http") and entry[-1] in "#/"


def test_the_context_covers_every_term() -> None:
    known = {expand(name) for name in context()["@context"] if not name.startswith("@")}
    assert {str(t) for t in own_terms(ontology())} - known == set()
    graph = ontology()
    for term in own_terms(graph):
        entry = context()["@context"][local(term)]
        if (term, RDF.type, OWL.ObjectProperty) in graph:
            is_word = EAA.FixedWord in above(graph.value(term, RDFS.range))
            assert entry["@type"] == ("@vocab" if is_word else "@id"), term
        elif (term, RDF.type, OWL.DatatypeProperty) in graph:
            wanted = graph.value(term, RDFS.range)
            typed = wanted in (XSD.integer, XSD.boolean)
            assert entry.get("@type") == (f"xsd:{wanted.removeprefix(XSD._NS)}" if typed else None), term


def test_json_written_with_the_context_is_the_same_graph() -> None:
    data = good_review()
    text = data.serialize(format="json-ld", context=context()["@context"], auto_compact=False)
    assert '"stance": "stance-challenges"' in text
    assert isomorphic(Graph().parse(data=text, format="json-ld"), data)
    quads = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.JSON_LD)
    triples = pyoxigraph.serialize((quad.triple for quad in quads), format=pyoxigraph.RdfFormat.N_TRIPLES)
    assert isomorphic(Graph().parse(data=triples, format="nt"), data)


# --- matches ----------------------------------------------------------------------------------


def sssom() -> tuple[dict[str, str], list[dict[str, str]]]:
    text = (folder("ontology") / "eaa.sssom.tsv").read_text("utf-8").splitlines()
    header = [line[1:] for line in text if line.startswith("#")]
    start = header.index("curie_map:")
    prefixes = dict(line.strip().split(": ", 1) for line in header[start + 1 :] if line.startswith("  "))
    return prefixes, list(csv.DictReader((line for line in text if not line.startswith("#")), delimiter="\t"))


def test_matches_name_declared_terms_with_their_labels() -> None:
    prefixes, rows = sssom()
    with (folder("data") / "eaa_pilot" / "concepts.csv").open(encoding="utf-8-sig", newline="") as file:
        codes = {row["id"]: row["label"] or row["id"] for row in csv.DictReader(file)}
    assert rows
    for row in rows:
        assert None not in row
        assert all(row.values()), row
        for column in ("subject_id", "predicate_id", "object_id", "mapping_justification"):
            assert row[column].partition(":")[0] in prefixes, row
        prefix, _, name = row["subject_id"].partition(":")
        label = codes[name] if prefix == "eaapilot" else str(ontology().value(EAA[name], RDFS.label))
        assert row["subject_label"] == label, row
        assert row["predicate_id"] in ("skos:closeMatch", "skos:relatedMatch", "skos:broadMatch", "skos:narrowMatch")
        assert row["mapping_justification"] == "semapv:ManualMappingCuration"
    keys = [(row["subject_id"], row["predicate_id"], row["object_id"]) for row in rows]
    assert keys == sorted(set(keys))
    bcio = {row["object_id"] for row in rows if row["object_id"].startswith("BCIO:")}
    numbers = ["006000", "005000", "014000", "015000", "002000", "039000", "044019", "006016", "006110"]
    assert bcio == {f"BCIO:{number}" for number in numbers}


def test_a_broad_match_is_what_the_ontology_says() -> None:
    prefixes, rows = sssom()
    full = {k: prefixes[k] for k in prefixes}
    claimed = set()
    for row in rows:
        if row["predicate_id"] == "skos:broadMatch":
            ends = [row[c].partition(":") for c in ("subject_id", "object_id")]
            claimed.add(tuple(URIRef(full[p] + rest) for p, _, rest in ends))
    stated = {
        (s, o)
        for p in (RDFS.subClassOf, RDFS.subPropertyOf)
        for s, o in ontology().subject_objects(p)
        if s.startswith(EAA) and not o.startswith(EAA)
    }
    assert claimed == stated


# --- the documentation ------------------------------------------------------------------------


def competency_questions() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs" / "ontology.md").read_text("utf-8")
    rows = re.findall(r"^\| (CQ\d+) \| (.+?) \| `([a-z-]+)` \|$", text, re.MULTILINE)
    found = {number: (question, name) for number, question, name in rows}
    assert len(found) == len(rows)
    return found


def test_there_are_competency_questions_each_with_an_answer() -> None:
    questions = competency_questions()
    assert len(questions) >= 20
    assert list(questions) == [f"CQ{n}" for n in range(1, len(questions) + 1)]
    assert len({name for _, name in questions.values()}) == len(questions)
    assert all(question.endswith("?") for question, _ in questions.values())
    shipped = {path.stem for path in (folder("queries") / "ask").glob("*.rq")}
    if not shipped:
        pytest.skip("no question is shipped yet")
    assert {name for _, name in questions.values()} <= shipped


def test_the_documentation_names_every_class_and_no_unknown_term() -> None:
    text = (ROOT / "docs" / "ontology.md").read_text("utf-8")
    named = set(re.findall(r"`eaa:([A-Za-z][\w-]*)`", text))
    declared = {local(t) for t in own_terms(ontology())}
    assert named <= declared, sorted(named - declared)
    classes = {local(t) for t in own_terms(ontology()) if (t, RDF.type, OWL.Class) in ontology()}
    assert classes <= named, sorted(classes - named)
    version = str(ontology().value(ONTOLOGY, OWL.versionInfo))
    assert f"version {version}" in text
