"""What the endpoint can do (SPARQL 1.1 Service Description) and what the data are (VoID), in their own RDF.

References
----------
SPARQL 1.1 Service Description, W3C Recommendation, 21 March 2013.
Describing Linked Datasets with the VoID Vocabulary, W3C Interest Group Note, 3 March 2011.
"""

from __future__ import annotations

__all__ = ["DUMPS", "service", "void"]

from itertools import count
from typing import TYPE_CHECKING

from eaa_graph.vocabulary import DCTERMS, ONTOLOGY, PREFIXES, RDF, XSD, Term, integer, iri, iri_value, literal

if TYPE_CHECKING:
    from eaa_graph.server.documents import Library

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
FOAF = "http://xmlns.com/foaf/0.1/"
_FORMATS = "http://www.w3.org/ns/formats/"

#: Dumps of all data: ending of the address, what the store calls the form, media type, W3C's name for it.
DUMPS: dict[str, tuple[str, str, str]] = {
    "trig": ("trig", "application/trig", "TriG"),
    "nq": ("nq", "application/n-quads", "N-Quads"),
    "ttl": ("ttl", "text/turtle", "Turtle"),
    "nt": ("nt", "application/n-triples", "N-Triples"),
    "rdf": ("rdfxml", "application/rdf+xml", "RDF_XML"),
    "jsonld": ("jsonld", "application/ld+json", "JSON-LD"),
}

Triple = tuple[Term, Term, Term]


class _Written:
    def __init__(self) -> None:
        self.triples: list[Triple] = []
        self._numbers = count(1)

    def node(self) -> Term:
        return Term(f"_:n{next(self._numbers)}")

    def say(self, subject: Term, predicate: str, *values: Term) -> Term:
        self.triples += [(subject, iri(predicate), value) for value in values]
        return subject


def _counts(library: Library) -> dict[str, int]:
    """Return the number of triples of each named graph."""
    rows = library.store.select(
        "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"
    ).rows
    return {iri_value(g): int(n.split('"')[1]) for g, n in rows if g and n}


def _number(library: Library, pattern: str) -> Term:
    ((n,),) = library.store.select(f"SELECT (COUNT({pattern}) AS ?n) WHERE {{ ?s ?p ?o }}").rows
    return n or integer(0)


def service(library: Library, endpoint: str, public: str) -> list[Triple]:
    """Describe the endpoint.

    Parameters
    ----------
    library : Library
    endpoint : str
        Its address, as the client wrote it.
    public : str
        Address of the server, without a slash at its end.
    """
    w = _Written()
    described = w.node()
    w.say(described, RDF + "type", iri(SD + "Service"))
    w.say(described, SD + "endpoint", iri(endpoint))
    w.say(described, SD + "supportedLanguage", iri(SD + "SPARQL10Query"), iri(SD + "SPARQL11Query"))
    w.say(described, SD + "feature", iri(SD + "UnionDefaultGraph"))
    names = ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV", "Turtle",
             "N-Triples", "RDF_XML", "JSON-LD")  # fmt: skip
    w.say(described, SD + "resultFormat", *(iri(_FORMATS + name) for name in names))
    dataset = w.node()
    w.say(described, SD + "defaultDataset", dataset)
    w.say(dataset, RDF + "type", iri(SD + "Dataset"), iri(VOID + "Dataset"))
    w.say(dataset, DCTERMS + "title", literal(library.review.title, library.review.language or ""))
    w.say(dataset, DCTERMS + "isPartOf", iri(f"{public}/.well-known/void#dataset"))
    default = w.node()
    w.say(dataset, SD + "defaultGraph", default)
    w.say(default, RDF + "type", iri(SD + "Graph"))
    w.say(default, VOID + "triples", _number(library, "*"))
    for name, triples in _counts(library).items():
        named, graph = w.node(), w.node()
        w.say(dataset, SD + "namedGraph", named)
        w.say(named, RDF + "type", iri(SD + "NamedGraph"))
        w.say(named, SD + "name", iri(name))
        w.say(named, SD + "graph", graph)
        w.say(graph, RDF + "type", iri(SD + "Graph"))
        w.say(graph, VOID + "triples", integer(triples))
    return w.triples


def void(library: Library, public: str) -> list[Triple]:
    """Describe the data: size, classes, properties, vocabularies, where to get them.

    Parameters
    ----------
    library : Library
    public : str
        Address of the server, without a slash at its end.
    """
    w = _Written()
    review = library.review
    here = f"{public}/.well-known/void"
    dataset = iri(f"{here}#dataset")
    language = review.language or ""
    w.say(iri(here), RDF + "type", iri(VOID + "DatasetDescription"))
    w.say(iri(here), FOAF + "primaryTopic", dataset)
    w.say(dataset, RDF + "type", iri(VOID + "Dataset"))
    w.say(dataset, DCTERMS + "title", literal(review.title, language))
    if review.question:
        w.say(dataset, DCTERMS + "description", literal(review.question, language))
    if library.licence:
        w.say(dataset, DCTERMS + "license", iri(library.licence))
    w.say(dataset, DCTERMS + "subject", iri(library.review_iri))
    w.say(dataset, FOAF + "homepage", iri(f"{public}/about"))
    w.say(dataset, VOID + "sparqlEndpoint", iri(f"{public}/sparql"))
    w.say(dataset, VOID + "uriSpace", literal(library.base))
    w.say(dataset, VOID + "rootResource", iri(library.review_iri))
    w.say(dataset, VOID + "exampleResource", *(iri(v) for v in _examples(library)))
    for ending, (_, _, name) in DUMPS.items():
        w.say(dataset, VOID + "dataDump", iri(f"{public}/data/{library.local[4:-1]}.{ending}"))
        w.say(dataset, VOID + "feature", iri(_FORMATS + name))
    w.say(dataset, VOID + "triples", _number(library, "*"))
    w.say(dataset, VOID + "entities", integer(len(library.things)))
    w.say(dataset, VOID + "distinctSubjects", _number(library, "DISTINCT ?s"))
    w.say(dataset, VOID + "distinctObjects", _number(library, "DISTINCT ?o"))
    properties = library.store.select("SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p ORDER BY ?p").rows
    classes = library.store.select(
        "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a ?c } GROUP BY ?c ORDER BY ?c"
    ).rows
    w.say(dataset, VOID + "properties", integer(len(properties)))
    w.say(dataset, VOID + "classes", integer(len(classes)))
    for p, n in properties:
        part = w.node()
        if p and n:
            w.say(dataset, VOID + "propertyPartition", part)
            w.say(part, VOID + "property", p)
            w.say(part, VOID + "triples", n)
    for c, n in classes:
        part = w.node()
        if c and n and c.startswith("<"):
            w.say(dataset, VOID + "classPartition", part)
            w.say(part, VOID + "class", c)
            w.say(part, VOID + "entities", n)
    used = {namespace for namespace in PREFIXES.values() for p, _ in properties if p and p.startswith(f"<{namespace}")}
    w.say(dataset, VOID + "vocabulary", *(iri(ONTOLOGY if v.startswith(ONTOLOGY) else v) for v in sorted(used - {XSD})))
    for name, triples in _counts(library).items():
        if name.startswith(library.base):
            w.say(dataset, VOID + "subset", iri(name))
            w.say(iri(name), RDF + "type", iri(VOID + "Dataset"))
            w.say(iri(name), VOID + "triples", integer(triples))
    return w.triples


def _examples(library: Library) -> list[str]:
    """Return one thing of each kind that a reader would start from."""
    wanted = ("theory", "configuration", "concept", "article", "extraction")
    first: dict[str, str] = {}
    for value in sorted(library.things):
        kind = library.kind(value)
        if kind in wanted:
            first.setdefault(kind, value)
    return [first[kind] for kind in wanted if kind in first]
