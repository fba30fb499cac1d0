"""Records to quads and back: nothing is lost on the way, in any store, in any format."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rdflib import Dataset, Graph
from rdflib.compare import to_canonical_graph
from strategies import attributes, identifiers, records, texts

from eaa_graph.encode import SHAPES, decode, encode, encode_findings, lines, read_lines, review_base
from eaa_graph.errors import EaaError
from eaa_graph.findings import Where, finding
from eaa_graph.model import Record, Records, Review
from eaa_graph.pipeline import check
from eaa_graph.resources import example
from eaa_graph.store import FORMATS, OxigraphStore, RdflibStore, Store
from eaa_graph.vocabulary import EAA, XSD, Literal, Quad, data_iri, iri, literal, read_term, split_data_iri

SHIPPED = ("eaa_pilot", "eaa_published", "example_minimal", "example_messy")
WITH_GRAPHS = sorted(form for form, (_, named) in FORMATS.items() if named)
WITHOUT_GRAPHS = sorted(form for form, (_, named) in FORMATS.items() if not named)
RDFLIB_NAMES = {"trig": "trig", "nq": "nquads", "jsonld": "json-ld", "ttl": "turtle", "nt": "nt", "rdfxml": "xml"}
#: Anything that RDF itself can carry in a literal.
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@cache
def shipped(name: str) -> Records:
    return check(example(name)).records


def stored(quads: object, cls: type[Store] = OxigraphStore) -> Store:
    store = cls()
    store.add(quads)  # type: ignore[arg-type]
    return store


# --- records ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_reviews_come_back(name: str) -> None:
    review = shipped(name)
    assert decode(encode(review)) == review


@settings(max_examples=80)
@given(records())
def test_any_review_comes_back(review: Records) -> None:
    assert decode(encode(review)) == review


@settings(max_examples=40)
@given(records())
def test_any_review_comes_back_from_oxigraph(review: Records) -> None:
    assert decode(stored(encode(review)).quads()) == review


@settings(max_examples=20)
@given(records(most=2))
def test_any_review_comes_back_from_rdflib(review: Records) -> None:
    assert decode(stored(encode(review), RdflibStore).quads()) == review


def test_the_published_review_comes_back_from_rdflib() -> None:
    review = shipped("eaa_published")
    assert decode(stored(encode(review), RdflibStore).quads()) == review


@settings(max_examples=25)
@given(records(), st.sampled_from(WITH_GRAPHS))
def test_any_review_comes_back_from_formats_with_named_graphs(review: Records, form: str) -> None:
    """Read by rdflib, which shares no code with what wrote it."""
    written = stored(encode(review)).dump(form)
    read = Dataset()
    read.parse(data=written.decode(), format=RDFLIB_NAMES[form])
    back = RdflibStore()
    quads = [
        Quad(back._known(s), back._known(p), back._known(o), iri(str(g)))
        for s, p, o, g in read.quads((None, None, None, None))
        if g is not None
    ]
    assert decode(quads) == review


@settings(max_examples=25)
@given(records(), st.sampled_from(WITHOUT_GRAPHS))
def test_formats_without_named_graphs_hold_the_same_statements(review: Records, form: str) -> None:
    store = stored(encode(review))
    read = Graph().parse(data=store.dump(form).decode(), format=RDFLIB_NAMES[form])
    back = RdflibStore()
    found = {(back._known(s), back._known(p), back._known(o)) for s, p, o in read}
    assert found == {(q.subject, q.predicate, q.object) for q in store.quads()}


@pytest.mark.parametrize("name", SHIPPED[1:])
def test_every_format_is_the_same_graph_to_rdflib(name: str) -> None:
    store = stored(encode(shipped(name)))
    graphs = {}
    for form in FORMATS:
        data = Dataset(default_union=True)
        data.parse(data=store.dump(form).decode(), format=RDFLIB_NAMES[form])
        union = Graph()
        for s, p, o, _ in data.quads((None, None, None, None)):
            union.add((s, p, o))
        graphs[form] = set(to_canonical_graph(union))
    assert graphs["nt"]
    assert [form for form in FORMATS if graphs[form] != graphs["nt"]] == []


def test_the_pilot_is_the_same_in_every_format() -> None:
    """The same as above on the pilot, with Oxigraph's parser, which takes a tenth of the time."""
    import pyoxigraph as ox

    kinds = {
        "trig": ox.RdfFormat.TRIG,
        "nq": ox.RdfFormat.N_QUADS,
        "jsonld": ox.RdfFormat.JSON_LD,
        "ttl": ox.RdfFormat.TURTLE,
        "nt": ox.RdfFormat.N_TRIPLES,
        "rdfxml": ox.RdfFormat.RDF_XML,
    }
    store = stored(encode(shipped("eaa_pilot")))
    found = {form: {str(q.triple) for q in ox.parse(store.dump(form), format=kinds[form])} for form in FORMATS}
    assert len(found["nt"]) > 10_000
    assert [form for form in FORMATS if found[form] != found["nt"]] == []


# --- order -----------------------------------------------------------------------------------


@settings(max_examples=30)
@given(records(), st.randoms(use_true_random=False), st.sampled_from(sorted(FORMATS)))
def test_the_order_of_statements_never_changes_a_byte(review: Records, order: random.Random, form: str) -> None:
    quads = list(encode(review))
    shuffled = quads[:]
    order.shuffle(shuffled)
    assert stored(quads).dump(form) == stored(shuffled).dump(form)
    assert decode(shuffled) == review


@settings(max_examples=30)
@given(records(), st.randoms(use_true_random=False))
def test_the_order_of_records_never_changes_a_statement(review: Records, order: random.Random) -> None:
    update = {}
    for name in Records.model_fields:
        if name != "review":
            shuffled = list(getattr(review, name))
            order.shuffle(shuffled)
            update[name] = tuple(shuffled)
    assert set(encode(review.model_copy(update=update))) == set(encode(review))


# --- what a quad is -----------------------------------------------------------------------------


@settings(max_examples=30)
@given(records())
def test_quads_are_distinct_without_blank_nodes_and_stay_in_the_reviews_graphs(review: Records) -> None:
    quads = list(encode(review))
    base = review_base(review.review)
    assert len(quads) == len(set(quads))
    for quad in quads:
        assert not any(term.startswith("_:") for term in quad)
        assert quad.subject.startswith(f"<{base}")
        assert quad.graph.startswith(f"<{base}graph/")


@settings(max_examples=30)
@given(records())
def test_no_statement_is_in_two_graphs(review: Records) -> None:
    """A store may match a statement once for each graph it is in; so only the names of columns may be said twice."""
    seen: dict[tuple[str, str, str], str] = {}
    for quad in encode(review):
        if "/attribute/" not in quad.subject:
            assert seen.setdefault(quad[:3], quad.graph) == quad.graph


@settings(max_examples=30)
@given(records())
def test_every_thing_pointed_to_is_there(review: Records) -> None:
    """No reference dangles in the graph: whatever stands as an object under the review's base is a subject too."""
    quads = list(encode(review))
    base = f"<{review_base(review.review)}"
    subjects = {q.subject for q in quads}
    assert {q.object for q in quads if q.object.startswith(base)} - subjects == set()


@settings(max_examples=30)
@given(records())
def test_lines_read_back(review: Records) -> None:
    quads = list(encode(review))
    assert list(read_lines(lines(quads))) == quads


def test_comments_and_blank_lines_are_passed_over_and_anything_else_is_named() -> None:
    good = '<http://a/s> <http://a/p> "x"@en <http://a/g> .'
    assert len(list(read_lines(["# a comment", "", good, "_:b <http://a/p> _:c .", f"  {good}  "]))) == 3
    with pytest.raises(EaaError, match="line 2 is not N-Quads"):
        list(read_lines([good, "<http://a/s> is what"]))


def test_every_field_of_every_record_is_written() -> None:
    """The table of shapes forgets no field; those not in it are written apart, and named here."""
    apart = {
        "Person": {"nature"},
        "Configuration": {
            *(f"{r}s" for r in ("context", "intervention", "actor", "resource", "reasoning", "mechanism", "outcome")),
            "supporting",
            "challenging",
        },
    }
    for shape in SHAPES:
        fields = {f.name for f in shape.fields} | apart.get(shape.record.__name__, set()) | {"attributes"}
        assert fields == set(shape.record.model_fields), shape.record.__name__
    assert {shape.record for shape in SHAPES} == set(Record.__subclasses__())


def test_who_coded_without_being_named_is_somebody_and_no_person() -> None:
    review = shipped("eaa_pilot")
    unnamed = review.model_copy(
        update={
            "extractions": tuple(e.model_copy(update={"coder": None}) for e in review.extractions[:3]),
            "reported": (),
            "configurations": (),
            "changes": (),
        }
    )
    quads = list(encode(unnamed))
    nobody = iri(data_iri(review_base(review.review), "person", ""))
    assert sum(q.object == nobody for q in quads) == 3
    assert decode(quads) == unnamed


def test_findings_are_statements_that_no_record_is_made_of() -> None:
    review = shipped("example_minimal")
    found = (
        finding("missing-id", Where("a.csv", row=3), 'says "x"\n|', "add one"),
        finding("no-quote", Where("b.csv"), "none"),
    )
    quads = list(encode_findings(review.review, found))
    assert quads == list(encode_findings(review.review, (*reversed(found), found[0])))
    rules = {read_term(q.object) for q in quads if q.predicate == iri(EAA + "rule")}
    assert {r.value for r in rules if isinstance(r, Literal)} == {"missing-id", "no-quote"}
    assert decode([*encode(review), *quads]) == review


def test_only_one_review_can_be_read_back() -> None:
    with pytest.raises(EaaError, match="0 reviews"):
        decode([])
    two = [Review(id="a", title="A"), Review(id="b", title="B")]
    with pytest.raises(EaaError, match="2 reviews"):
        decode(q for review in two for q in encode(Records(review=review)))


# --- IRIs and terms ---------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.lists(st.one_of(st.just(""), identifiers(), ANY_TEXT), min_size=1, max_size=3))
def test_every_iri_splits_back(parts: list[str]) -> None:
    base = "https://w3id.org/eaa/id/r/"
    value = data_iri(base, "concept", *parts)
    iri(value)
    assert value.isascii()
    assert split_data_iri(base, value) == ("concept", tuple(parts))
    assert split_data_iri("https://elsewhere.org/", value) is None


@settings(max_examples=200)
@given(st.lists(st.lists(ANY_TEXT, min_size=1, max_size=2), min_size=2, max_size=2, unique_by=tuple))
def test_two_ids_never_share_an_iri(keys: list[list[str]]) -> None:
    assert data_iri("https://a/", "x", *keys[0]) != data_iri("https://a/", "x", *keys[1])


@settings(max_examples=300)
@given(ANY_TEXT, st.sampled_from(["", "en", "zh-hant"]))
def test_terms_escape(text: str, language: str) -> None:
    term = literal(text, language)
    assert "\n" not in term
    assert "\r" not in term
    expected = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString" if language else XSD + "string"
    assert read_term(term) == Literal(text, expected, language)
    assert read_term(literal(text, datatype=XSD + "date")) == Literal(text, XSD + "date", "")


@settings(max_examples=150)
@given(ANY_TEXT)
def test_oxigraph_reads_and_writes_terms_as_we_do(text: str) -> None:
    import pyoxigraph as ox

    assume("\x00" not in text)
    parsed = next(
        iter(ox.parse(f"<http://a/s> <http://a/p> {literal(text)} .".encode(), format=ox.RdfFormat.N_TRIPLES))
    )
    assert parsed.object.value == text
    assert literal(text) == str(ox.Literal(text))
    assert literal(text, "en-GB") == str(ox.Literal(text, language="en-GB"))


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=10))
def test_an_iri_that_is_none_is_refused(text: str) -> None:
    if any(c <= " " or c in '<>"{}|^`\\' for c in text):
        with pytest.raises(ValueError, match="not an IRI"):
            iri("http://a/" + text)
    else:
        assert read_term(iri("http://a/" + text)) == "http://a/" + text


@settings(max_examples=60)
@given(attributes(), texts())
def test_columns_of_the_users_own_end_in_names_that_xml_can_write(own: tuple[tuple[str, str], ...], title: str) -> None:
    review = Records(review=Review(id="r", title=title, attributes=own))
    for quad in encode(review):
        if "/attribute/" in quad.predicate:
            local = quad.predicate[1:-1].rpartition("/")[2]
            assert local.startswith("c-")
            assert local.replace("-", "").replace(".", "").replace("_", "").isalnum()
            assert local.isascii()


@pytest.mark.parametrize("language", ["en-a", "en-x", "en-US-u", "e", "en_GB", "englishlanguage", "en-", "12"])
def test_a_language_that_no_graph_can_carry_is_refused(language: str) -> None:
    with pytest.raises(ValueError, match="language"):
        Review(id="r", title="R", language=language)


@pytest.mark.parametrize(
    "base", ["http://[/", "http://a/%zz/", "http://a:b/", "http:///", "http://a/[x]/", "http://a b/", "http://a", "ftp://a/", "http://a/\x7f/", "http://a/?x/"]
)  # fmt: skip
def test_a_base_that_is_no_iri_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="base_iri"):
        Review(id="r", title="R", base_iri=base)


@given(
    st.from_regex(r"https?://[^\s]{1,20}/", fullmatch=True),
    st.from_regex(r"[A-Za-z]{1,9}(-[A-Za-z0-9]{1,9}){0,3}", fullmatch=True),
)
def test_whatever_base_and_language_are_taken_oxigraph_takes_too(base: str, language: str) -> None:
    for field, value in (("base_iri", base), ("language", language)):
        try:
            review = Records(review=Review(**{"id": "r", "title": "R", field: value}))  # type: ignore[arg-type]
        except ValueError:
            continue
        assert decode(stored(encode(review)).quads()) == review
