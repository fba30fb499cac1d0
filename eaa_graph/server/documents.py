"""What is said about a thing: its statements and the names of what they lead to, as RDF and as a page."""

from __future__ import annotations

__all__ = ["EXTENSIONS", "MEDIA", "SCHEMA_TYPES", "Library", "json_ld", "licence_iri"]

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from eaa_graph import queries, resources
from eaa_graph.errors import BadQuery
from eaa_graph.store import serialise
from eaa_graph.vocabulary import (
    DCTERMS,
    EAA,
    ONTOLOGY,
    OWL,
    PREFIXES,
    RDF,
    RDFS,
    SKOS,
    XSD,
    Literal,
    Quad,
    Term,
    iri,
    iri_value,
    read_term,
)

if TYPE_CHECKING:
    from eaa_graph.pipeline import Built

#: Forms of a document by the ending of its address, the form most readers want first.
MEDIA: dict[str, str] = {
    "html": "text/html",
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
    "nt": "application/n-triples",
}
EXTENSIONS: dict[str, str] = {media: ending for ending, media in MEDIA.items()}
#: What the store calls the forms.
_FORMS = {"ttl": "ttl", "rdf": "rdfxml", "nt": "nt"}

#: What a thing of each kind is in the words of schema.org.
SCHEMA_TYPES: dict[str, str] = {
    "review": "Dataset",
    "article": "ScholarlyArticle",
    "concept": "DefinedTerm",
    "codebook": "DefinedTermSet",
    "person": "Person",
    "graph": "Dataset",
    "figure": "Observation",
}
_LICENCES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    **{
        f"CC-{part}-{version}": f"https://creativecommons.org/licenses/{part.lower()}/{version}/"
        for part in ("BY", "BY-SA", "BY-NC", "BY-ND", "BY-NC-SA", "BY-NC-ND")
        for version in ("2.0", "3.0", "4.0")
    },
}
#: Values shown for one property before the page says how many more there are (RDF has them all).
_SHOWN = 200


def licence_iri(text: str | None) -> str:
    """Return the address of a licence named by its SPDX identifier or address; empty for anything else.

    Examples
    --------
    >>> licence_iri("CC-BY-4.0")
    'https://creativecommons.org/licenses/by/4.0/'
    """
    text = (text or "").strip()
    if re.fullmatch(r"https?://[^\s<>\"]+", text):
        return text
    for name, address in _LICENCES.items():
        if text.replace(" ", "-").upper() == name:
            return address
    return (
        f"https://spdx.org/licenses/{text}"
        if re.fullmatch(r"[A-Za-z0-9]+[A-Za-z0-9.+]*-[0-9.]+[A-Za-z0-9.+-]*", text)
        else ""
    )


class Value(NamedTuple):
    """One value on a page: its text, where it leads (or empty), its language, where it is said."""

    text: str
    href: str
    language: str
    said_in: str


class Group(NamedTuple):
    """One property on a page with its values."""

    name: str
    href: str
    values: list[Value]
    more: int


def _short(value: str) -> str:
    for prefix, namespace in PREFIXES.items():
        if value.startswith(namespace):
            return f"{prefix}:{value[len(namespace) :]}"
    return value


def _json_value(term: str) -> Any:
    if term.startswith("_:"):
        return {"@id": term}
    value = read_term(term)
    if not isinstance(value, Literal):
        return {"@id": _short(value)}
    if value.language:
        return {"@value": value.value, "@language": value.language}
    if value.datatype == XSD + "string":
        return value.value
    if value.datatype == XSD + "boolean" and value.value in ("true", "false"):
        return value.value == "true"
    if value.datatype == XSD + "integer" and re.fullmatch(r"0|-?[1-9]\d{0,14}", value.value):
        return int(value.value)
    return {"@value": value.value, "@type": _short(value.datatype)}


def json_ld(triples: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Return triples as JSON-LD 1.1 with its context inside: no reader has to fetch one."""
    nodes: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in sorted(set(triples)):
        name = subject if subject.startswith("_:") else _short(iri_value(subject))
        node = nodes.setdefault(name, {"@id": name})
        if predicate == f"<{RDF}type>":
            node.setdefault("@type", []).append(_short(iri_value(value)))
        else:
            node.setdefault(_short(iri_value(predicate)), []).append(_json_value(value))
    used = {p for node in nodes.values() for key in _names_in(node) for p in PREFIXES if key.startswith(f"{p}:")}
    context = {name: PREFIXES[name] for name in sorted(used)}
    # A prefix that ends in neither / nor # would not be taken for one; ours all do.
    return {"@context": context, "@graph": [nodes[name] for name in sorted(nodes)]}


def _names_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            if key in ("@id", "@type"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from _names_in(value)
    elif isinstance(node, list):
        for one in node:
            yield from _names_in(one)


class Library:
    """Everything there is to read: the things of a review and the terms of the ontology.

    Parameters
    ----------
    built : Built
    root : str
        Path under which the server is found, without a slash at its end.
    """

    def __init__(self, built: Built, root: str = "") -> None:
        self.store = built.store
        self.base = built.base
        self.review = built.records.review
        self.people = built.records.people
        self.root = root
        self.names = built.names
        # ".../id/<review>/" whatever the host part of the review's own addresses.
        self.local = f"/id/{self.base.rstrip('/').rpartition('/')[2]}/"
        self.review_iri = next(i for i, thing in self.names.things.items() if thing.kind == "review")
        found = self.store.select("SELECT DISTINCT ?s WHERE { ?s ?p ?o } ORDER BY ?s").rows
        self.things = {v for (s,) in found if s and s.startswith("<") and (v := iri_value(s)).startswith(self.base)}
        self.graphs = self.store.graphs()
        self.things |= {g for g in self.graphs if g.startswith(self.base)}
        named = self.store.select(
            f"SELECT ?s ?label WHERE {{ GRAPH <{ONTOLOGY}> {{ ?s rdfs:label ?label }} }} ORDER BY ?s ?label"
        )
        titled = self.store.select("SELECT ?s ?title WHERE { ?s dcterms:title ?title } ORDER BY ?s ?title").rows
        self.titles = {iri_value(s): _text(title) for s, title in titled if s and title and s.startswith("<")}
        self.labels = {read_term(s): _text(label) for s, label in named.rows if s and label}

    # --- addresses ---------------------------------------------------------------------

    def href(self, value: str) -> str:
        """Return where on this server (or elsewhere) a reader finds what an IRI names; empty if nowhere."""
        if value.startswith(self.base):
            return f"{self.root}{self.local}{value[len(self.base) :]}"
        if value == ONTOLOGY or value.startswith(EAA):
            return f"{self.root}/onto{value[len(ONTOLOGY) :]}"
        return value if re.match(r"^https?://", value) else ""

    def named(self, value: str) -> str:
        """Return what an IRI is called."""
        thing = self.names.things.get(value)
        if thing is not None and thing.label != thing.id:
            return thing.label
        if value in self.titles and value.startswith(self.base):
            return self.titles[value]
        if thing is not None:
            return thing.id
        if value in self.labels:
            return self.labels[value]
        if value.startswith(self.base):
            return unquote(value[len(self.base) :]).replace("/", " / ")
        return _short(value)

    def kind(self, value: str) -> str:
        """Return the kind of a thing of the review: article, concept, ..."""
        return value[len(self.base) :].partition("/")[0]

    @cached_property
    def licence(self) -> str:
        """Address of the review's licence, or empty."""
        return licence_iri(self.review.licence)

    # --- RDF -----------------------------------------------------------------------------

    def triples(self, value: str) -> list[tuple[Term, Term, Term]]:
        """Return the statements about a thing, and the names of what they lead to; a graph's own for a graph."""
        if value in self.graphs:
            return sorted({(q.subject, q.predicate, q.object) for q in self.store.quads(value)})
        term = iri(value)
        return self.store.construct(
            f"CONSTRUCT {{ {term} ?p ?o . ?o ?naming ?name }} WHERE {{ {term} ?p ?o OPTIONAL "
            "{ VALUES ?naming { rdfs:label skos:prefLabel dcterms:title } ?o ?naming ?name } }"
        )

    def rdf(self, value: str, ending: str) -> bytes:
        """Return what is said about a thing in the form of an ending of :data:`MEDIA` other than html."""
        return self.written(self.triples(value), ending)

    def written(self, triples: Iterable[tuple[Term, Term, Term]], ending: str) -> bytes:
        """Write triples in the form of an ending."""
        if ending == "jsonld":
            return (json.dumps(json_ld(triples), ensure_ascii=False, indent=1) + "\n").encode()
        return serialise((Quad(*t, Term("")) for t in sorted(triples)), _FORMS[ending])

    def ontology(self, ending: str) -> bytes:
        """Return the ontology; as Turtle the very file that its authors wrote."""
        if ending == "ttl":
            return (resources.folder("ontology") / "eaa.ttl").read_bytes()
        return self.written([(q.subject, q.predicate, q.object) for q in self.store.quads(ONTOLOGY)], ending)

    # --- pages ---------------------------------------------------------------------------

    def _said_in(self, graph: str) -> str:
        if graph == ONTOLOGY:
            return "the ontology"
        name = unquote(graph[len(self.base) :].removeprefix("graph/"))
        first, _, rest = name.partition("/")
        return {"extractions": f"coding of {rest or 'nobody named'}", "inferred": f"inferred ({rest})"}.get(first, name)

    def statements(self, value: str) -> list[Group]:
        """Return what is said about a thing, by property, with who or what says it."""
        if value in self.graphs:
            return []
        rows = self.store.select(f"SELECT ?p ?o ?g WHERE {{ GRAPH ?g {{ {iri(value)} ?p ?o }} }}").rows
        return self._grouped([(p, o, g) for p, o, g in rows if p and o and g])

    def _grouped(self, rows: list[tuple[Term, Term, Term]]) -> list[Group]:
        by_property: dict[str, dict[Term, set[str]]] = defaultdict(lambda: defaultdict(set))
        for predicate, said_value, graph in rows:
            by_property[iri_value(predicate)][said_value].add(self._said_in(iri_value(graph)))
        groups = []
        for about, by_value in by_property.items():
            shown = [self._value(term, ", ".join(sorted(said))) for term, said in by_value.items()]
            shown.sort(key=lambda v: (v.text.casefold(), v.href))
            name = "is a" if about == RDF + "type" else self.named(about)
            groups.append(Group(name, self.href(about), shown[:_SHOWN], max(0, len(shown) - _SHOWN)))
        # What it is and is called first, what is said of it by the review next, what only follows last.
        return sorted(groups, key=lambda g: (g.name != "is a", _only_inferred(g), g.name.casefold(), g.href))

    def _value(self, term: Term, said: str) -> Value:
        if term.startswith("_:"):
            return Value("(a thing without a name)", "", "", said)
        value = read_term(term)
        if isinstance(value, Literal):
            link = value.value if re.fullmatch(r"https?://[^\s<>\"]+", value.value) else ""
            return Value(value.value, link, value.language, said)
        return Value(self.named(value), self.href(value), "", said)

    def mentions(self, value: str) -> list[Group]:
        """Return what leads to a thing, by property."""
        if value in self.graphs:
            return []
        rows = self.store.select(f"SELECT ?p ?s ?g WHERE {{ GRAPH ?g {{ ?s ?p {iri(value)} }} }} LIMIT 5000").rows
        return self._grouped([(p, s, g) for p, s, g in rows if p and s and g])

    def listing(self) -> Counter[str]:
        """Return how many things there are of each kind."""
        return Counter(self.kind(value) for value in self.things if value != self.review_iri)

    def of_kind(self, kind: str) -> list[tuple[str, str]]:
        """Return (name, address) of all things of a kind, by name."""
        found = [(self.named(v), self.href(v)) for v in self.things if self.kind(v) == kind]
        return sorted(found, key=lambda pair: (pair[0].casefold(), pair[1]))

    def terms(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Return the terms of the ontology for its page: by sort of term, each with what is said of it."""
        rows = self.store.select(
            f"SELECT ?s ?p ?o WHERE {{ GRAPH <{ONTOLOGY}> {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?s), '{EAA}')) }}"
        ).rows
        about: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for s, p, o in rows:
            if s and p and o:
                about[iri_value(s)][iri_value(p)].append(o)
        sorts: dict[str, list[dict[str, Any]]] = {
            n: []
            for n in ("Classes", "Object properties", "Datatype properties", "Other properties", "Words from lists")
        }
        names = {
            OWL + "Class": "Classes",
            OWL + "ObjectProperty": "Object properties",
            OWL + "DatatypeProperty": "Datatype properties",
            OWL + "AnnotationProperty": "Other properties",
        }
        for named in sorted(about, key=str.casefold):
            said = about[named]
            types = [iri_value(t) for t in said[RDF + "type"] if t.startswith("<")]
            sort = next((names[t] for t in types if t in names), "Words from lists")
            lines = [
                (label, [self._value(o, "") for o in sorted(said[p]) if not o.startswith("_:")])
                for p, label in (
                    (RDFS + "subClassOf", "below"),
                    (RDFS + "subPropertyOf", "below"),
                    (RDFS + "domain", "from"),
                    (RDFS + "range", "to"),
                    (OWL + "inverseOf", "inverse"),
                    (DCTERMS + "source", "source"),
                    (SKOS + "example", "example"),
                )
                if said.get(p)
            ]
            definition = next((_text(d) for d in sorted(said.get(SKOS + "definition", []))), "")
            sorts[sort].append(
                {
                    "anchor": named[len(EAA) :],
                    "iri": named,
                    "name": self.named(named),
                    "definition": definition,
                    "lines": [(label, values) for label, values in lines if values],
                }
            )
        return [(name, terms) for name, terms in sorts.items() if terms]


def _only_inferred(group: Group) -> bool:
    return all(v.said_in.startswith("inferred") for v in group.values)


def _text(term: Term) -> str:
    value = read_term(term)
    return value.value if isinstance(value, Literal) else value


def question_examples(built: Built) -> list[dict[str, str]]:
    """Return the shipped questions with their SPARQL filled in and its prefixes declared."""
    found = []
    for asked in queries.questions().values():
        try:
            sparql = queries.filled(asked, {}, built.names)
        except BadQuery:  # it needs to be told what about: shown with its placeholder
            sparql = asked.sparql
        body = "\n".join(line for line in sparql.splitlines() if not line.startswith("#+")).strip()
        used = [f"PREFIX {n}: <{v}>" for n, v in PREFIXES.items() if re.search(rf"\b{n}:", body)]
        found.append({"name": asked.name, "summary": asked.summary, "sparql": "\n".join([*used, "", body, ""])})
    return found
