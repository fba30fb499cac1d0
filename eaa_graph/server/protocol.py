"""The SPARQL 1.1 protocol, its reading half: which request asks what, and what comes of it.

References
----------
SPARQL 1.1 Protocol, W3C Recommendation, 21 March 2013, https://www.w3.org/TR/sparql11-protocol/
"""

from __future__ import annotations

__all__ = ["Asked", "Refusal", "asked", "read_form", "status_of"]

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl

from eaa_graph.server.negotiation import choose
from eaa_graph.store import GRAPH_TYPES, RESULT_TYPES

#: What clients call a form, beside its own name.
_ALSO = {
    "application/json": "application/sparql-results+json",
    "application/xml": "application/sparql-results+xml",
    "text/xml": "application/sparql-results+xml",
}
_RDF_ALSO = {
    "application/x-turtle": "text/turtle",
    "text/n3": "text/turtle",
    "text/plain": "application/n-triples",
    "application/xml": "application/rdf+xml",
    "application/json": "application/ld+json",
}
_ABSOLUTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*$")
_UPDATES = {"update", "using-graph-uri", "using-named-graph-uri"}
_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"


class Refusal(Exception):
    """A request that gets no answer, with its HTTP status and why."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


class Asked(NamedTuple):
    """What a request asks.

    Attributes
    ----------
    query : str or None
        None where there is none: the service description is wanted.
    dataset : (default graphs, named graphs) or None
    results, rdf : str or None
        Canonical media types for the two kinds of answer; None where the client takes none of them.
    names : tuple of (str, str)
        Canonical media type and what the client called it, where that differs.
    """

    query: str | None
    dataset: tuple[tuple[str, ...], tuple[str, ...]] | None
    results: str | None
    rdf: str | None
    names: tuple[tuple[str, str], ...]


def read_form(encoded: bytes, what: str) -> list[tuple[str, str]]:
    """Read ``name=value&...``; Refusal (400) if it is not UTF-8 behind its percent signs."""
    try:
        return parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=2000, strict_parsing=False
        )
    except UnicodeDecodeError:
        raise Refusal(400, f"{what} is not UTF-8, percent-encoded") from None
    except ValueError as error:
        raise Refusal(400, f"{what} cannot be read: {error}") from None


def _chosen(accept: str | None, own: Iterable[str], also: dict[str, str]) -> tuple[str | None, str | None]:
    best = choose(accept, [*own, *also])
    return (None, None) if best is None else (also.get(best, best), best)


def asked(method: str, query_string: bytes, content_type: str | None, accept: str | None, body: bytes) -> Asked:
    """Read a request of the protocol.

    Parameters
    ----------
    method : str
        GET, HEAD or POST.
    query_string : bytes
        Of the URL, still encoded.
    content_type, accept : str or None
        Headers.
    body : bytes
        Of a POST.

    Raises
    ------
    Refusal
        400 for what cannot be read, 403 for an update, 406 where the client takes no form at all,
        415 for a body of another kind.
    """
    given = read_form(query_string, "the query string")
    texts = [value for name, value in given if name == "query"]
    if method == "POST":
        kind, _, parameters = (content_type or "").partition(";")
        kind = kind.strip().lower()
        charset = re.search(r"charset\s*=\s*\"?([^\";\s]+)", parameters, re.IGNORECASE)
        if charset and charset[1].lower() not in ("utf-8", "utf8"):
            raise Refusal(415, f"send UTF-8, not {charset[1]}")
        if kind == _FORM:
            more = read_form(body, "the form")
            given += more
            texts += [value for name, value in more if name == "query"]
        elif kind == _QUERY:
            try:
                texts.append(body.decode("utf-8"))
            except UnicodeDecodeError:
                raise Refusal(400, "the query is not UTF-8") from None
        elif kind == _UPDATE:
            raise Refusal(403, "this server is read-only: updates are refused")
        else:
            raise Refusal(415, f"send a query as {_FORM} or {_QUERY}", {"Accept-Post": f"{_FORM}, {_QUERY}"})
    if any(name in _UPDATES for name, _ in given):
        raise Refusal(403, "this server is read-only: updates are refused")
    if len(texts) > 1:
        raise Refusal(400, "there is more than one query in the request")
    if not texts and method == "POST":
        raise Refusal(400, "there is no query in the request")
    default = tuple(value for name, value in given if name == "default-graph-uri")
    named = tuple(value for name, value in given if name == "named-graph-uri")
    for one in (*default, *named):
        if not _ABSOLUTE.match(one):
            raise Refusal(400, f"not an absolute IRI: {one[:200]!r}")
    results, results_name = _chosen(accept, RESULT_TYPES, _ALSO)
    rdf, rdf_name = _chosen(accept, GRAPH_TYPES, _RDF_ALSO)
    if texts and results is None and rdf is None:
        raise Refusal(406, f"answers leave as {', '.join((*RESULT_TYPES, *GRAPH_TYPES))}")
    both = ((results, results_name), (rdf, rdf_name))
    names = tuple((own, name) for own, name in both if own and name and own != name)
    return Asked(texts[0] if texts else None, (default, named) if default or named else None, results, rdf, names)


def status_of(outcome: str) -> int:
    """Return the HTTP status for an outcome that is no answer.

    What the client can put right is a 4xx: 422 means that the query was understood and takes more than
    this server gives. A query out of time is a 504, since at a quieter hour it might have been in time.
    """
    return {
        "bad-query": 400,
        "refused": 403,
        "not-acceptable": 406,
        "too-long": 422,
        "memory": 422,
        "died": 422,
        "time": 504,
    }[outcome]
