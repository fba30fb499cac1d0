"""Inference: each rule on cases made by hand, premises down to what somebody wrote, and two reasoners as oracles."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph, URIRef
from strategies import few_articles

from eaa_graph.encode import decode, encode, review_base
from eaa_graph.errors import EaaError, StoreUnavailable
from eaa_graph.model import Records, Review
from eaa_graph.pipeline import build, check
from eaa_graph.reason import infer, inferred_graph, rules, unsatisfiable, why
from eaa_graph.resources import example, folder
from eaa_graph.settings import Settings
from eaa_graph.store import OxigraphStore, RdflibStore, Store
from eaa_graph.vocabulary import EAA, ONTOLOGY, OWL, RDF, RDFS, Quad, Term, data_iri, graph_iri, iri, literal

BASE = "https://w3id.org/eaa/id/r/"
TYPE = iri(RDF + "type")
Triple = tuple[Term, Term, Term]


def own(name: str) -> Term:
    return iri(data_iri(BASE, "concept", name))


def term(name: str) -> Term:
    return iri("http://a.org/" + name)


def schema(*triples: tuple[Term, str, Term]) -> list[Quad]:
    return [Quad(s, iri(p), o, iri(ONTOLOGY)) for s, p, o in triples]


def said(*triples: Triple) -> list[Quad]:
    return [Quad(*t, iri(graph_iri(BASE, "codebook"))) for t in triples]


def store_with(quads: list[Quad], cls: type[Store] = OxigraphStore) -> Store:
    store = cls()
    store.add(quads)
    return store


def inferred(store: Store, rule: str) -> set[Triple]:
    return {q[:3] for q in store.quads(inferred_graph(BASE, rule))}


@cache
def pilot(count: int) -> Records:
    return few_articles(check(example("eaa_pilot")).records, count)


def reasoned(records: Records) -> tuple[Store, str]:
    store, base = OxigraphStore(), review_base(records.review)
    store.add(encode(records))
    store.add_file(folder("ontology") / "eaa.ttl", ONTOLOGY)
    infer(store, base)
    return store, base


# --- each rule by hand ---------------------------------------------------------------------------

A, B, C = own("a"), own("b"), own("c")
P, Q, R = term("p"), term("q"), term("r")
CLASS, ABOVE, TOP = term("Class"), term("Above"), term("Top")
SUB = RDFS + "subPropertyOf"
CASES = {
    "sub-property": (
        [*schema((P, SUB, Q), (Q, SUB, R)), *said((A, P, B))],
        {(A, Q, B), (A, R, B)},
    ),
    "inverse": (
        [*schema((P, OWL + "inverseOf", Q)), *said((A, P, B), (C, Q, A), (A, P, literal("not a thing")))],
        {(B, Q, A), (A, P, C)},
    ),
    "property-chain": (
        [
            *schema(
                (R, OWL + "propertyChainAxiom", term("list")),
                (term("list"), RDF + "first", P),
                (term("list"), RDF + "rest", term("tail")),
                (term("tail"), RDF + "first", Q),
                (term("tail"), RDF + "rest", iri(RDF + "nil")),
            ),
            *said((A, P, B), (B, Q, C), (C, P, A)),
        ],
        {(A, R, C)},
    ),
    "domain": (
        [*schema((P, RDFS + "domain", CLASS)), *said((A, P, B), (B, P, literal("x")), (A, Q, C))],
        {(A, TYPE, CLASS), (B, TYPE, CLASS)},
    ),
    "range": (
        [
            *schema(
                (P, RDF + "type", iri(OWL + "ObjectProperty")), (P, RDFS + "range", CLASS), (Q, RDFS + "range", CLASS)
            ),
            *said((A, P, B), (A, Q, C)),
        ],
        {(B, TYPE, CLASS)},
    ),
    "sub-class": (
        [
            *schema((CLASS, RDFS + "subClassOf", ABOVE), (ABOVE, RDFS + "subClassOf", TOP)),
            *said((A, TYPE, CLASS), (B, TYPE, ABOVE)),
        ],
        {(A, TYPE, ABOVE), (A, TYPE, TOP), (B, TYPE, TOP)},
    ),
}


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in rules()} == set(CASES)
    for rule in rules():
        assert rule.summary
        assert rule.body.strip()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("cls", [OxigraphStore, RdflibStore])
def test_rule(name: str, cls: type[Store]) -> None:
    quads, follows = CASES[name]
    store = store_with(quads, cls)
    added = infer(store, BASE)
    assert inferred(store, name) == follows
    assert added == {rule.name: len(follows) if rule.name == name else 0 for rule in rules()}
    assert infer(store, BASE) == dict.fromkeys(added, 0), "what follows is known after one run"


def test_what_is_recorded_is_not_inferred_again() -> None:
    quads, _ = CASES["sub-class"]
    store = store_with([*quads, *said((A, TYPE, ABOVE))])
    infer(store, BASE)
    assert inferred(store, "sub-class") == {(A, TYPE, TOP), (B, TYPE, TOP)}
    assert why(store, BASE, (A, TYPE, ABOVE)) == []


def test_why_gives_every_way_in_which_a_statement_follows() -> None:
    quads = [*schema((P, SUB, R), (Q, SUB, R)), *said((A, P, B), (A, Q, B))]
    store = store_with(quads)
    infer(store, BASE)
    assert [e.premises for e in why(store, BASE, (A, R, B))] == [((A, P, B),), ((A, Q, B),)]
    assert why(store, BASE, (A, R, C)) == []


def test_a_chain_is_explained_by_both_its_links() -> None:
    quads, _ = CASES["property-chain"]
    store = store_with(quads)
    infer(store, BASE)
    (only,) = why(store, BASE, (A, R, C))
    assert only.rule == "property-chain"
    assert only.premises == ((A, P, B), (B, Q, C))


def test_nothing_follows_from_nothing() -> None:
    assert set(infer(OxigraphStore(), BASE).values()) == {0}


# --- the same by SPARQL alone ---------------------------------------------------------------------------

THINGS = [own(f"t{n}") for n in range(5)]
LINKS = [term(f"link{n}") for n in range(4)]
CLASSES = [term(f"Class{n}") for n in range(4)]


@st.composite
def an_ontology_and_statements(draw: st.DrawFn) -> list[Quad]:
    """Small and tangled: properties above each other in circles, chains that feed themselves, literals where things belong."""
    link, thing, cls = st.sampled_from(LINKS), st.sampled_from(THINGS), st.sampled_from(CLASSES)
    text = st.sampled_from([literal("x"), literal("y z"), literal("über", language="de")])
    axioms = draw(
        st.lists(
            st.one_of(
                st.tuples(link, st.just(SUB), link),
                st.tuples(link, st.just(OWL + "inverseOf"), link),
                st.tuples(link, st.just(RDFS + "domain"), cls),
                st.tuples(link, st.just(RDFS + "range"), cls),
                st.tuples(link, st.just(RDF + "type"), st.just(iri(OWL + "ObjectProperty"))),
                st.tuples(cls, st.just(RDFS + "subClassOf"), cls),
            ),
            max_size=8,
        )
    )
    for number, (whole, first, second) in enumerate(draw(st.lists(st.tuples(link, link, link), max_size=2))):
        head, tail = term(f"head{number}"), term(f"tail{number}")
        axioms += [
            (whole, OWL + "propertyChainAxiom", head),
            (head, RDF + "first", first),
            (head, RDF + "rest", tail),
            (tail, RDF + "first", second),
            (tail, RDF + "rest", iri(RDF + "nil")),
        ]
    facts = draw(
        st.lists(
            st.one_of(st.tuples(thing, link, st.one_of(thing, thing, text)), st.tuples(thing, st.just(TYPE), cls)),
            max_size=12,
        )
    )
    return [*schema(*axioms), *said(*facts)]


def by_sparql_alone(store: Store) -> None:
    """Run the rules' own queries, each into its graph, until nothing new follows."""
    news = True
    while news:
        news = False
        for rule in rules():
            known = {q[:3] for q in store.quads()}
            about_itself = {q[0] for q in store.quads(ONTOLOGY)}
            fresh = [t for t in store.construct(rule.sparql) if t not in known and t[0] not in about_itself]
            store.add([Quad(*t, iri(inferred_graph(BASE, rule.name))) for t in fresh])
            news = news or bool(fresh)


@given(an_ontology_and_statements())
def test_the_rules_come_to_what_their_queries_come_to(quads: list[Quad]) -> None:
    ours, theirs = store_with(quads), store_with(quads)
    infer(ours, BASE)
    by_sparql_alone(theirs)
    for rule in rules():
        assert inferred(ours, rule.name) == inferred(theirs, rule.name), rule.name


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("sub-property", {"premises": "?subject ?other ?object"}, "does not have the premise"),
        ("sub-property", {"concludes": "?subject ?open ?object"}, "two links"),
        ("sub-property", {"concludes": "?nobody ?general ?object"}, "two links"),
        ("property-chain", {"premises": "?middle ?second ?end . ?start ?first ?middle"}, "two links"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_so(
    name: str, change: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = replace(next(r for r in rules() if r.name == name), **change)
    monkeypatch.setattr("eaa_graph.reason.rules", lambda: (rule,))
    quads, _ = CASES[name]
    with pytest.raises(EaaError, match=f"rule {name}: .*{says}"):
        infer(store_with(quads), BASE)


# --- on real codings --------------------------------------------------------------------------------


def test_every_inferred_statement_goes_back_to_what_somebody_wrote() -> None:
    """Asked why again and again, every statement ends at recorded ones: no premise hangs in the air, none in a circle."""
    store, base = reasoned(pilot(1))
    marks = {rule.name: iri(inferred_graph(base, rule.name)) for rule in rules()}
    recorded = {q[:3] for q in store.quads() if q.graph not in marks.values()}
    grounded: set[Triple] = set(recorded)
    open_: dict[Triple, list[tuple[Triple, ...]]] = {}
    for rule in rules():
        for quad in store.quads(inferred_graph(base, rule.name)):
            found = [e.premises for e in why(store, base, quad[:3])]
            assert found, quad
            open_[quad[:3]] = found
    assert len(open_) > 100
    while news := [t for t, ways in open_.items() if t not in grounded and any(set(w) <= grounded for w in ways)]:
        grounded.update(news)
    assert set(open_) - grounded == set()


def test_a_mechanism_contributes_to_an_outcome_through_its_configuration() -> None:
    store, base = reasoned(pilot(3))
    thing = {i: iri(data_iri(base, "concept", i)) for i in ("dialogue", "alignment")}
    statement = (thing["dialogue"], iri(EAA + "contributesTo"), thing["alignment"])
    found = why(store, base, statement)
    assert found
    configuration = iri(data_iri(base, "configuration", "E02"))
    assert configuration in {p[2] for e in found for p in e.premises[:1]}
    first = found[0].premises[0]
    assert why(store, base, first)[0].rule == "inverse"


def test_inferred_statements_stay_apart_from_recorded_ones() -> None:
    records = pilot(3)
    store, base = reasoned(records)
    recorded = set(encode(records))
    theirs = {q.graph for q in recorded}
    assert {q for q in store.quads() if q.graph in theirs} == recorded
    assert decode(store.quads()) == records
    graphs = {q.graph for q in store.quads()} - theirs - {iri(ONTOLOGY)}
    assert graphs <= {iri(inferred_graph(base, rule.name)) for rule in rules()}
    statements = [q[:3] for q in store.quads() if "/graph/inferred/" in q.graph]
    assert len(statements) == len(set(statements)), "each is the conclusion of one rule"
    assert not {q[:3] for q in recorded} & set(statements)


def test_the_pilot_as_built_is_the_pilot_as_recorded() -> None:
    built = build(example("eaa_pilot"), Settings(infer="full"))
    assert sum(built.inferred.values()) == sum(1 for q in built.store.quads() if "/graph/inferred/" in q.graph) > 10_000
    assert decode(built.store.quads()) == built.records


# --- owlrl, the oracle ----------------------------------------------------------------------------------


def test_owlrl_derives_nothing_in_our_scope_that_the_rules_miss_and_the_rules_nothing_that_owlrl_denies() -> None:
    """Scope: statements whose subject is a thing of the review, and whose predicate (or, for types, whose class) is a
    term of our ontology or one of another vocabulary that our ontology declares and places. Left out, because they say
    nothing about a review: sameness with itself, membership in owl:Thing and in the classes of literals, and what
    follows about the terms of the ontology themselves.
    """
    import owlrl

    records = pilot(3)
    store, base = reasoned(records)
    data = Graph()
    data.parse(folder("ontology") / "eaa.ttl")
    asserted = "\n".join(f"{s} {p} {o} ." for s, p, o, _ in encode(records))
    data.parse(data=asserted, format="nt")
    declared = {
        kind: set(data.subjects(URIRef(RDF + "type"), URIRef(OWL + kind)))
        for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
    }
    classes = declared.pop("Class")
    predicates = set().union(*declared.values())
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(data)

    def in_scope(s: object, p: object, o: object) -> bool:
        if not (isinstance(s, URIRef) and s.startswith(base)):
            return False
        return o in classes if p == URIRef(RDF + "type") else p in predicates

    terms = RdflibStore()
    closure = {(terms._known(s), terms._known(p), terms._known(o)) for s, p, o in data if in_scope(s, p, o)}
    ours = {q[:3] for q in store.quads()}
    assert len(closure) > 1_000
    assert sorted(closure - ours) == []
    everything = {(terms._known(s), terms._known(p), terms._known(o)) for s, p, o in data}
    new = {q[:3] for q in store.quads() if "/graph/inferred/" in q.graph}
    assert sorted(new - everything) == []


# --- HermiT --------------------------------------------------------------------------------------------------

needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs Java")


@needs_java
@pytest.mark.slow
def test_hermit_finds_ontology_and_pilot_consistent() -> None:
    built = build(example("eaa_pilot"), Settings(infer="none"))
    assert unsatisfiable(built.store) == []


@needs_java
def test_hermit_finds_a_planted_contradiction() -> None:
    records = pilot(1)
    store, base = OxigraphStore(), review_base(records.review)
    store.add(encode(records))
    store.add_file(folder("ontology") / "eaa.ttl", ONTOLOGY)
    assert unsatisfiable(store) == []
    article = iri(data_iri(base, "article", records.articles[0].id))
    store.add([Quad(article, TYPE, iri(EAA + "Code"), iri("http://a.org/planted"))])
    assert unsatisfiable(store) == ["inconsistent"]


def test_without_java_the_reasoner_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StoreUnavailable, match="needs Java"):
        unsatisfiable(store_with(list(encode(Records(review=Review(id="r", title="R"))))))
