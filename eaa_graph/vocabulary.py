"""IRIs and terms: the only place where an RDF term is written.

A :data:`Term` is a str that holds one RDF term in N-Triples syntax. Only
:func:`iri` and :func:`literal` make one, so that a term is always escaped and
typed, and a quad is written by joining its four terms: no text of a user is
ever glued into RDF or SPARQL.
"""

from __future__ import annotations

__all__ = [
    "CITO",
    "DCTERMS",
    "EAA",
    "FABIO",
    "GRAPHS",
    "ONTOLOGY",
    "OWL",
    "PREFIXES",
    "PROV",
    "RDF",
    "RDFS",
    "SCHEMA",
    "SKOS",
    "XSD",
    "Literal",
    "Quad",
    "Term",
    "boolean",
    "data_iri",
    "enum",
    "enum_value",
    "graph_iri",
    "integer",
    "iri",
    "iri_value",
    "literal",
    "read_term",
    "split_data_iri",
    "year",
]

import re
from typing import NamedTuple, NewType
from urllib.parse import quote, unquote

#: One RDF term in N-Triples syntax.
Term = NewType("Term", str)


class Quad(NamedTuple):
    """A statement and the named graph that says where it comes from."""

    subject: Term
    predicate: Term
    object: Term
    graph: Term


class Literal(NamedTuple):
    """A literal taken apart by :func:`read_term`."""

    value: str
    datatype: str
    language: str


ONTOLOGY = "https://w3id.org/eaa/onto"
EAA = ONTOLOGY + "#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
PROV = "http://www.w3.org/ns/prov#"
DCTERMS = "http://purl.org/dc/terms/"
FABIO = "http://purl.org/spar/fabio/"
CITO = "http://purl.org/spar/cito/"
SCHEMA = "https://schema.org/"
OA = "http://www.w3.org/ns/oa#"

#: Prefixes that every query may use and every serialisation declares.
PREFIXES: dict[str, str] = {
    "eaa": EAA,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "prov": PROV,
    "dcterms": DCTERMS,
    "fabio": FABIO,
    "cito": CITO,
    "schema": SCHEMA,
    "oa": OA,
}

#: The named graphs of a review by provenance; extractions get one for each coder.
GRAPHS: dict[str, str] = {
    "review": "the review, its people and phases",
    "codebook": "concepts, and what other theories expect",
    "articles": "articles, studies, document flow and reported figures",
    "extractions": "one graph for each coder: extractions, themes reported, appraisals",
    "theories": "theory versions, configurations, claims, evidence lines as asserted, refinements",
    "inferred": "one graph for each rule: what follows, with the rule that says so",
    "findings": "what was wrong or missing in the input",
}

#: As stores write them, so that a term is the same text before and after.
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_NEEDS_ESCAPE = re.compile(r'[\\"\x00-\x1f\x7f]')
_NOT_IN_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\]')


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return _ESCAPES.get(char) or f"\\u{ord(char):04X}"


def iri(value: str) -> Term:
    """Return the IRI `value` as a term.

    Raises
    ------
    ValueError
        If a character is not allowed in an IRI.
    """
    if _NOT_IN_IRI.search(value):
        raise ValueError(f"not an IRI: {value!r}")
    return Term(f"<{value}>")


def literal(value: str, language: str = "", datatype: str = "") -> Term:
    r"""Return a literal: plain text, text in a language, or a typed value.

    Examples
    --------
    >>> print(literal('say "yes"', language="en"))
    "say \"yes\""@en
    """
    # Most text needs no escape, and to see that takes a third of what the pattern takes.
    plain = value.isprintable() and '"' not in value and "\\" not in value
    text = value if plain else _NEEDS_ESCAPE.sub(_escape, value)
    if language:
        return Term(f'"{text}"@{language.lower()}')  # case means nothing in it, and stores fold it
    if datatype:
        return Term(f'"{text}"^^<{datatype}>')
    return Term(f'"{text}"')


def integer(value: int) -> Term:
    """Return `value` as an xsd:integer literal."""
    return Term(f'"{value}"^^<{XSD}integer>')


def boolean(value: bool) -> Term:
    """Return `value` as an xsd:boolean literal."""
    return Term(f'"{"true" if value else "false"}"^^<{XSD}boolean>')


def year(value: int) -> Term:
    """Return a year as an xsd:integer literal: xsd:gYear is not among the datatypes of OWL 2."""
    return integer(value)


_UNESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    return chr(int(code, 16)) if code else _UNESCAPES[match.group(3)]


def read_term(term: str) -> str | Literal:
    """Take a term apart: an IRI comes back as its text, a literal as :class:`Literal`.

    Blank nodes come back as written (``_:x``). Inverse of :func:`iri` and :func:`literal`.
    """
    if term.startswith("<"):
        return _ESCAPED.sub(_unescape, term[1:-1])
    if not term.startswith('"'):
        return term
    end = term.rindex('"')
    value = term[1:end]
    if "\\" in value:
        value = _ESCAPED.sub(_unescape, value)
    tail = term[end + 1 :]
    if tail.startswith("@"):
        return Literal(value, RDF + "langString", tail[1:])
    return Literal(value, tail[3:-1] if tail else XSD + "string", "")


def iri_value(term: str) -> str:
    """Return the text of an IRI term (without its angle brackets)."""
    return term[1:-1]


# --- the review's own IRIs -----------------------------------------------------------


def data_iri(base: str, kind: str, *parts: str) -> str:
    """Return the IRI of a thing of a review: percent-encoded from its id, reversible, never rewritten.

    Parameters
    ----------
    base : str
        The review's own base, ending in ``/`` (``base_iri`` + review id + ``/``).
    kind : str
        ``article``, ``concept``, ``extraction``, ...
    *parts : str
        The id, or the parts of a compound key.

    Examples
    --------
    >>> data_iri("https://w3id.org/eaa/id/r/", "concept", "two way/learning")
    'https://w3id.org/eaa/id/r/concept/two%20way%2Flearning'
    """
    return f"{base}{kind}/" + "/".join(_encoded(part) for part in parts)


_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]+").fullmatch


def _encoded(part: str) -> str:
    if _PLAIN(part):  # nothing to encode, as in most ids: three times as fast to see so first
        return part
    # Dots alone would be read as "this folder" by every browser and server; an
    # empty part (no coder) would be lost between two slashes.
    if part.strip(".") == "":
        return "%2E" * len(part) if part else "-"
    if part == "-":
        return "%2D"
    return quote(part, safe="")


def split_data_iri(base: str, value: str) -> tuple[str, tuple[str, ...]] | None:
    """Return ``(kind, parts)`` of a data IRI of this base, or None for any other IRI."""
    if not value.startswith(base):
        return None
    kind, _, rest = value[len(base) :].partition("/")
    if not rest:
        return None
    return kind, tuple("" if part == "-" else unquote(part) for part in rest.split("/"))


def graph_iri(base: str, name: str, *parts: str) -> str:
    """Return the IRI of a named graph of a review (see :data:`GRAPHS`)."""
    return data_iri(base, "graph", name, *parts)


def enum(which: str, value: str) -> Term:
    """Return the individual that stands for one of the field's words.

    Examples
    --------
    >>> print(enum("stance", "challenges"))
    <https://w3id.org/eaa/onto#stance-challenges>
    """
    return Term(f"<{EAA}{which}-{value.replace(' ', '-')}>")


def enum_value(which: str, value: str) -> str:
    """Return the word behind an individual's IRI; inverse of :func:`enum` for words without spaces."""
    return value[len(EAA) + len(which) + 1 :]
