"""The server: protocol, negotiation, limits; in this process and as a real one on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import gc
import gzip
import html.parser
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("starlette", reason="the server is an optional part")
httpx = pytest.importorskip("httpx2", reason="starlette's test client needs it")

import checkers  # noqa: E402
import rdflib  # noqa: E402
from rdflib.compare import isomorphic  # noqa: E402
from serving import Running, running  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from eaa_graph import pipeline, queries  # noqa: E402
from eaa_graph.errors import BadSettings, MissingExtra  # noqa: E402
from eaa_graph.resources import example, folder  # noqa: E402
from eaa_graph.server import Limits, _listening, opened  # noqa: E402
from eaa_graph.server.application import application  # noqa: E402
from eaa_graph.server.documents import json_ld, licence_iri  # noqa: E402
from eaa_graph.server.negotiation import accepts_gzip, choose  # noqa: E402
from eaa_graph.server.pool import QueryPool  # noqa: E402
from eaa_graph.server.protocol import Refusal, asked  # noqa: E402
from eaa_graph.settings import Settings  # noqa: E402
from eaa_graph.store import GRAPH_TYPES, RESULT_TYPES, OxigraphStore, bare_words  # noqa: E402
from eaa_graph.vocabulary import ONTOLOGY, PREFIXES, Literal, Quad, Term, iri, read_term  # noqa: E402

SHARED = Path(__file__).resolve().parents[2] / "shared" / "w3c"
KASEI = "http://kasei.us/2009/09/sparql/data/"
CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
FORK = sys.platform != "win32"


@pytest.fixture(scope="module")
def built() -> Any:
    made = pipeline.build(example("eaa_pilot"))
    document = f"<{rdflib.RDF.type}>", "<http://xmlns.com/foaf/0.1/Document>"
    for name in ("data1", "data2", "data3"):  # what the W3C's tests ask about
        this = f"{KASEI}{name}.rdf"
        made.store.add([Quad(iri(this), Term(document[0]), Term(document[1]), iri(this))])
    return made


@pytest.fixture(scope="module")
def limits() -> Limits:
    return Limits(
        seconds=1.5,
        memory_bytes=400 << 20,
        result_bytes=2_000_000,
        body_bytes=50_000,
        workers=3,
        queue=4,
        queue_seconds=1,
    )


@pytest.fixture(scope="module")
def client(built: Any, limits: Limits) -> Iterator[TestClient]:
    with TestClient(application(built, limits, logged=False), follow_redirects=False) as found:
        yield found


def ask(client: Any, query: str, accept: str = "application/sparql-results+json", **more: Any) -> Any:
    return client.get("/sparql", params={"query": query, **more}, headers={"accept": accept})


# --- the W3C's tests ------------------------------------------------------------------------


class W3cRequest(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    statuses: set[str]
    boolean: bool | None
    form: str


MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
HT = rdflib.Namespace("http://www.w3.org/2011/http#")
CNT = rdflib.Namespace("http://www.w3.org/2011/content#")


def w3c_protocol() -> dict[str, list[W3cRequest]]:
    path = SHARED / "sparql11-protocol" / "manifest.ttl"
    if not path.is_file():
        return {}
    graph = rdflib.Graph().parse(path)
    found = {}
    for entry in graph.items(next(graph.objects(None, MF.entries))):
        requests = []
        for request in graph.items(graph.value(graph.value(entry, MF.action), HT.requests)):
            headers = {
                str(graph.value(h, HT.fieldName)): str(graph.value(h, HT.fieldValue))
                for h in graph.items(graph.value(request, HT.headers))
            }
            body = graph.value(request, HT.body)
            reply = graph.value(request, HT.resp)
            boolean = graph.value(reply, MF.expectedBoolean)
            requests.append(
                W3cRequest(
                    str(graph.value(request, HT.methodName)),
                    str(graph.value(request, HT.absolutePath)),
                    headers,
                    str(graph.value(body, CNT.chars)).encode(str(graph.value(body, CNT.characterEncoding)))
                    if body
                    else b"",
                    {str(s)[-3] for s in graph.objects(reply, MF.expectedStatus)},
                    None if boolean is None else bool(boolean.toPython()),
                    str(graph.value(reply, MF.expectedFormat) or ""),
                )
            )
        found[str(entry).rpartition("#")[2]] = requests
    return found


W3C = w3c_protocol()
no_w3c = pytest.mark.skipif(
    not W3C, reason="the W3C's tests are in the shared folder beside the checkout, which is absent"
)


def w3c_send(client: TestClient, request: W3cRequest) -> Any:
    return client.request(request.method, request.path, headers=request.headers, content=request.body)


@no_w3c
def test_the_manifest_holds_what_we_think() -> None:
    assert len(W3C) == 34
    assert sum("update" not in name for name in W3C) == 20


@no_w3c
@pytest.mark.parametrize("name", [name for name in W3C if "update" not in name])
def test_w3c_protocol_query(client: TestClient, name: str) -> None:
    for request in W3C[name]:
        reply = w3c_send(client, request)
        assert str(reply.status_code)[0] in request.statuses, reply.text
        media = reply.headers["content-type"].partition(";")[0]
        if request.form == "boolean":
            assert media in RESULT_TYPES[:2]
        elif request.form == "tabular":
            assert media in RESULT_TYPES
        elif request.form == "RDF":
            assert media in GRAPH_TYPES
        if request.boolean is not None:
            assert reply.json()["boolean"] is request.boolean


@no_w3c
@pytest.mark.parametrize("name", [name for name in W3C if "update" in name])
def test_w3c_updates_are_refused(client: TestClient, name: str) -> None:
    before = ask(client, "SELECT (COUNT(*) AS ?n) {?s ?p ?o}").content
    reply = w3c_send(client, W3C[name][0])
    assert 400 <= reply.status_code < 500
    assert ask(client, "SELECT (COUNT(*) AS ?n) {?s ?p ?o}").content == before


@pytest.mark.parametrize("path", ["/sparql", "/sparql/"])
def test_service_description(client: TestClient, path: str) -> None:
    """What the three service description tests of the W3C ask for."""
    sd = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
    found = []
    for accept in (None, *GRAPH_TYPES):
        reply = client.get(path, headers={"accept": accept} if accept else {})
        assert reply.status_code == 200
        assert reply.headers["content-type"].partition(";")[0] == (accept or "text/turtle")
        assert "Accept" in reply.headers["vary"]
        found.append(rdflib.Graph().parse(data=reply.text, format=accept or "text/turtle"))
    assert all(isomorphic(found[0], one) for one in found[1:])
    graph = found[0]
    endpoint = rdflib.URIRef(f"http://testserver{path}")
    (service,) = graph.subjects(sd.endpoint, endpoint)
    # The schema: every property from and to what the vocabulary says.
    assert (service, rdflib.RDF.type, sd.Service) in graph
    for one in graph.objects(service, sd.feature):
        assert one in (sd.UnionDefaultGraph,)
    assert sd.SPARQL11Query in set(graph.objects(service, sd.supportedLanguage))
    assert len(set(graph.objects(service, sd.resultFormat))) == 8
    (dataset,) = graph.objects(service, sd.defaultDataset)
    assert (dataset, rdflib.RDF.type, sd.Dataset) in graph
    (default,) = graph.objects(dataset, sd.defaultGraph)
    assert (default, rdflib.RDF.type, sd.Graph) in graph
    named = list(graph.objects(dataset, sd.namedGraph))
    assert all(isinstance(graph.value(n, sd.name), rdflib.URIRef) and graph.value(n, sd.graph) for n in named)
    counted = ask(client, "SELECT (COUNT(DISTINCT ?g) AS ?n) { GRAPH ?g {?s ?p ?o} }").json()
    assert len(named) == int(counted["results"]["bindings"][0]["n"]["value"])


# --- the protocol beyond them ---------------------------------------------------------------


def test_every_form_says_the_same(client: TestClient) -> None:
    query = "SELECT ?s ?label { ?s a eaa:Code ; skos:prefLabel ?label } ORDER BY ?s LIMIT 7"
    wanted = None
    for media, form in zip(RESULT_TYPES, ("json", "xml", "csv", "tsv"), strict=True):
        reply = ask(client, query, media)
        assert reply.headers["content-type"].partition(";")[0] == media
        rows = [tuple(map(str, row)) for row in rdflib.query.Result.parse(BytesIO(reply.content), format=form)]
        wanted = wanted or rows
        assert len(rows) == 7
        assert rows == wanted
    graphs = [
        rdflib.Graph().parse(data=ask(client, "DESCRIBE eaa:Code", media).text, format=media) for media in GRAPH_TYPES
    ]
    assert len(graphs[0]) > 3
    assert all(isomorphic(graphs[0], g) for g in graphs)


@pytest.mark.parametrize(
    ("query", "accept", "media"),
    [
        ("ASK {}", "text/csv;q=0.3, application/sparql-results+xml;q=0.9", "application/sparql-results+xml"),
        ("ASK {}", "text/turtle, text/csv;q=0.1", "text/csv"),
        ("ASK {}", "application/json", "application/json"),
        ("ASK {}", "application/*;q=0.5, text/csv;q=0.4", "application/sparql-results+json"),
        ("CONSTRUCT WHERE {?s ?p ?o} LIMIT 1", "text/turtle;q=0.2, application/ld+json", "application/ld+json"),
        ("CONSTRUCT WHERE {?s ?p ?o} LIMIT 1", "application/sparql-results+json, */*;q=0.1", "text/turtle"),
        ("ASK {}", "text/turtle", None),
        ("CONSTRUCT WHERE {?s ?p ?o}", "text/csv", None),
        ("ASK {}", "image/png", None),
        ("ASK {}", "*/*;q=0", None),
    ],
)
def test_accept_decides_the_form(client: TestClient, query: str, accept: str, media: str | None) -> None:
    reply = ask(client, query, accept)
    if media is None:
        assert reply.status_code == 406
    else:
        assert reply.status_code == 200
        assert reply.headers["content-type"].partition(";")[0] == media
        assert "Accept" in reply.headers["vary"]


def test_graphs_are_chosen_by_protocol_and_by_from(client: TestClient) -> None:
    one, two = f"{KASEI}data1.rdf", f"{KASEI}data2.rdf"

    def subjects(query: str, **more: Any) -> set[str]:
        rows = ask(client, query, **more).json()["results"]["bindings"]
        return {row["s"]["value"] for row in rows}

    everything = "SELECT ?s { ?s a <http://xmlns.com/foaf/0.1/Document> }"
    assert len(subjects(everything)) == 3
    assert subjects(everything, **{"default-graph-uri": one}) == {one}
    assert subjects(everything, **{"default-graph-uri": [one, two]}) == {one, two}
    assert subjects(everything, **{"named-graph-uri": one}) == set()
    assert subjects(f"SELECT ?s FROM <{two}> {{ ?s ?p ?o }}") == {two}
    assert subjects(f"SELECT ?s FROM <{two}> {{ ?s ?p ?o }}", **{"default-graph-uri": one}) == {one}
    named = f"SELECT ?s FROM NAMED <{two}> {{ GRAPH ?g {{ ?s ?p ?o }} }}"
    assert subjects(named) == {two}
    assert subjects(f"SELECT ?s FROM NAMED <{two}> {{ ?s ?p ?o }}") == set()


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "status"),
    [
        ("GET", "?query=SELEC", {}, b"", 400),
        ("GET", "?query=%FF", {}, b"", 400),
        ("GET", "?query=ASK%7B%7D&default-graph-uri=relative", {}, b"", 400),
        ("GET", "?update=CLEAR%20ALL", {}, b"", 403),
        ("GET", "?query=CLEAR%20ALL", {}, b"", 400),
        ("GET", "?query=INSERT%20DATA%20%7B%3Cx:a%3E%20%3Cx:b%3E%201%7D", {}, b"", 400),
        ("PUT", "", {}, b"", 405),
        ("DELETE", "?query=ASK%7B%7D", {}, b"", 405),
        ("PATCH", "", {}, b"", 405),
        ("POST", "", {"content-type": "application/sparql-update"}, b"CLEAR ALL", 403),
        ("POST", "", {"content-type": "application/x-www-form-urlencoded"}, b"update=CLEAR%20ALL", 403),
        ("POST", "", {"content-type": "application/x-www-form-urlencoded"}, b"nothing=1", 400),
        ("POST", "?query=ASK%7B%7D", {"content-type": "application/sparql-query"}, b"ASK {}", 400),
        ("POST", "", {"content-type": "multipart/form-data; boundary=x"}, b"", 415),
        ("POST", "", {}, b"ASK {}", 415),
        (
            "POST",
            "",
            {"content-type": "application/sparql-query", "content-encoding": "gzip"},
            gzip.compress(b"ASK{}", mtime=0),
            415,
        ),
        ("POST", "", {"content-type": "application/sparql-query; charset=latin1"}, b"ASK {}", 415),
        ("POST", "", {"content-type": "application/sparql-query"}, b"ASK {} # \xff", 400),
        ("POST", "", {"content-type": "application/sparql-query"}, b"#" * 50_001, 413),
        ("GET", "?query=" + "%20" * 20_000, {}, b"", 414),
    ],
)
def test_bad_requests(
    client: TestClient, method: str, target: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    reply = client.request(method, f"/sparql{target}", headers=headers, content=body)
    assert reply.status_code == status, reply.text
    assert len(reply.text) > 5
    if status == 405:
        assert reply.headers["allow"] == "GET, HEAD, POST, OPTIONS"


def test_the_message_shows_the_users_own_line(client: TestClient) -> None:
    reply = ask(client, "SELECT *\nWHERE { ?s ?p }")
    assert reply.status_code == 400
    assert "line 2" in reply.text


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * { SERVICE SILENT <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * { ?s ?p true service <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * { ?s ?p trueSERVICE<http://127.0.0.1:9/> { ?s ?p ?o } }",
        "PREFIX : <http://127.0.0.1:9/> SELECT * { SERVICE:x { ?s ?p ?o } }",
        "SELECT * { ?s ?p 1e0SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
    ],
)
def test_no_other_server_is_asked(client: TestClient, query: str) -> None:
    reply = ask(client, query)
    assert reply.status_code == 403
    assert "SERVICE" in reply.text


def test_a_passage_may_speak_of_service(client: TestClient) -> None:
    query = "ASK { ?s ?p ?service FILTER(CONTAINS(STR(?service), 'SERVICE <x>')) } # SERVICE"
    assert ask(client, query).status_code == 200
    assert "SERVICE" not in bare_words("'''it's a SERVICE''' \"SERVICE\" <x:SERVICE> ex:SERVICE @service #SERVICE")[0]


@pytest.mark.skipif(not FORK, reason="only where workers are forked")
def test_a_worker_can_open_neither_file_nor_connection(tmp_path: Path) -> None:
    """Even if a SERVICE slipped past the look at its words, no socket could be made."""
    code = (
        "import os, socket, sys\n"
        "from eaa_graph.server.worker import _confine\n"
        "os.closerange(3, 64); os.dup2(1, 3)\n"
        "_confine(1 << 30)\n"
        "for what in (lambda: socket.socket(), lambda: open('/etc/hostname')):\n"
        "    try: what(); print('opened')\n"
        "    except OSError as error: print(error.errno == 24)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)})  # fmt: skip
    assert done.stdout.split() == ["True", "True"]


def test_forms_by_post(client: TestClient) -> None:
    form = client.post("/sparql", data={"query": "ASK {}", "default-graph-uri": f"{KASEI}data1.rdf"})
    direct = client.post(
        "/sparql", content="ASK {} # ✓".encode(), headers={"content-type": "application/sparql-query; charset=utf-8"}
    )
    assert form.json() == direct.json() == {"head": {}, "boolean": True}


def test_cors_head_etag_gzip(client: TestClient) -> None:
    query = "SELECT * { ?s a eaa:Article ; ?p ?o } ORDER BY ?s ?p ?o LIMIT 50"
    whole = ask(client, query)
    assert whole.headers["access-control-allow-origin"] == "*"
    assert whole.headers["content-encoding"] == "gzip"  # httpx takes it and unpacks it
    params = {"query": query}
    plain = client.get("/sparql", params=params, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == whole.content
    assert plain.headers["etag"] != whole.headers["etag"]
    for tag in (plain.headers["etag"], whole.headers["etag"], f'W/{plain.headers["etag"]}, "other"', "*"):
        again = client.get("/sparql", params=params, headers={"if-none-match": tag})
        assert again.status_code == 304
        assert again.content == b""
        assert {"etag", "vary", "cache-control"} <= set(again.headers)
    assert client.get("/sparql", params=params, headers={"if-none-match": '"other"'}).status_code == 200
    head = client.head("/sparql", params=params, headers={"accept-encoding": "identity"})
    assert head.content == b""
    assert head.headers["content-length"] == str(len(plain.content))
    assert head.headers["etag"] == plain.headers["etag"]
    before = client.options(
        "/sparql", headers={"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    )
    assert before.status_code == 204
    assert "GET" in before.headers["access-control-allow-methods"]
    assert before.headers["access-control-allow-origin"] == "*"


def test_what_changes_is_not_kept(client: TestClient) -> None:
    one, two = (ask(client, "SELECT (UUID() AS ?x) {}").text for _ in range(2))
    assert one != two


@pytest.mark.parametrize("name", sorted(queries.questions()))
def test_shipped_questions_have_the_rows_of_the_command_line(client: TestClient, built: Any, name: str) -> None:
    question = queries.question(name)
    if any(p.default == "required" for p in question.parameters):
        pytest.skip("needs to be told what about")
    table = queries.run(built.store, question, {}, built.names)
    answer = ask(client, queries.filled(question, {}, built.names)).json()["results"]["bindings"]
    assert len(answer) == len(table.rows)
    for column in table.columns:  # the table may leave out helper columns of the query
        for row, cell in zip(answer, table.column(column.name), strict=True):
            text = row.get(column.name, {}).get("value")
            if cell is None:
                assert text is None
            elif isinstance(cell, int) and not isinstance(cell, bool):
                assert int(text) == cell
            elif isinstance(cell, str) and row[column.name]["type"] != "uri":
                assert text == cell


# --- fuzzing ----------------------------------------------------------------------------------

TYPES = st.sampled_from(
    [None, "", "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update", "text/plain",
     "application/sparql-query; charset=utf-16", "application/x-www-form-urlencoded;charset=\"utf-8\"", ";", "a/b/c"]
) | st.text(max_size=30)  # fmt: skip
NAMES = st.sampled_from(["query", "update", "default-graph-uri", "named-graph-uri", "using-graph-uri", "x"])
FORM = st.lists(st.tuples(NAMES, st.text(max_size=20))).map(lambda pairs: urllib.parse.urlencode(pairs).encode())
BYTES = FORM | st.binary(max_size=80) | st.text(max_size=40).map(lambda t: t.encode("utf-8", "surrogatepass"))


@settings(max_examples=400)
@given(st.sampled_from(["GET", "POST", "HEAD"]), BYTES, TYPES, st.none() | st.text(max_size=60), BYTES)
def test_reading_a_request_never_fails_otherwise(
    method: str, target: bytes, kind: str | None, accept: str | None, body: bytes
) -> None:
    refused = None
    try:
        found = asked(method, target, kind, accept, body)
    except Refusal as refusal:
        refused = refusal
    if refused is not None:
        assert refused.status in (400, 403, 406, 415)
        assert refused.message
        return
    assert found.query is None or isinstance(found.query, str)
    assert found.query is None or found.results or found.rdf
    assert hash(found) is not None
    for names in found.dataset or ():
        assert all(OxigraphStore().ask(f"ASK {{ FILTER(isIRI(<{n}>)) }}") for n in names)


@settings(max_examples=60)
@given(BYTES, TYPES, BYTES, st.sampled_from(["POST", "GET"]))
def test_hostile_requests_get_a_4xx_or_an_answer(
    client: TestClient, target: bytes, kind: Any, body: bytes, method: str
) -> None:
    url = "/sparql?" + urllib.parse.quote_from_bytes(target, safe="=&%+")
    headers = {"content-type": kind.encode("utf-8")} if kind else {}
    with contextlib.suppress(httpx.InvalidURL, ValueError):
        reply = client.request(method, url, content=body, headers=headers)
        assert reply.status_code == 200 or 400 <= reply.status_code < 500, reply.text


WEIGHTS = st.sampled_from(["", ";q=1", ";q=0.5", ";q=0", ";q=0.333", ";q=2", ";q=x", ";charset=utf-8;q=0.7"])
RANGES = st.sampled_from(
    ["*/*", "text/*", "text/turtle", "text/html", "application/*", "a/b", "*", "garbage", "text/csv"]
)


def by_the_book(header: str, offers: list[str]) -> str | None:
    """RFC 9110's rule written another way: the weight of each offer is that of its most exact entry."""
    weights = []
    for offer in offers:
        best: tuple[int, float] = (-1, 0.0)
        for part in header.split(","):
            name, *parameters = part.strip().split(";")
            q = next((p.strip()[2:] for p in parameters if p.strip().startswith("q=")), "1")
            weight = float(q) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", q) else 0.0
            for exactness, fits in enumerate(("*/*", offer.split("/")[0] + "/*", offer)):
                if name == fits:
                    best = max(best, (exactness, weight))
        weights.append(best[1])
    top = max(weights)
    return offers[weights.index(top)] if top > 0 else None


@given(st.lists(st.tuples(RANGES, WEIGHTS).map("".join), min_size=1, max_size=6).map(", ".join))
def test_negotiation_follows_the_rule(header: str) -> None:
    offers = ["text/html", "text/turtle", "text/csv", "application/ld+json"]
    assert choose(header, offers) == by_the_book(header, offers)


@given(st.text(max_size=80))
def test_any_accept_header_can_be_read(header: str) -> None:
    assert choose(header, ["text/html"]) in ("text/html", None)
    assert accepts_gzip(header) in (True, False)


# --- things, documents, pages ------------------------------------------------------------------

REVIEW = "/id/eaa-pilot/review/eaa-pilot"


@pytest.mark.parametrize(
    ("accept", "ending"),
    [
        (None, "html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/turtle", "ttl"),
        ("application/ld+json", "jsonld"),
        ("application/rdf+xml", "rdf"),
        ("application/n-triples", "nt"),
        ("text/html;q=0.4, text/turtle;q=0.6", "ttl"),
        ("application/*", "jsonld"),
        ("text/*;q=0.3, application/rdf+xml;q=0.3", "html"),
        ("application/pdf", None),
        ("text/html;q=0", None),
    ],
)
@pytest.mark.parametrize("path", [REVIEW, "/onto", "/onto/0.1.0"])
def test_303_from_thing_to_document(client: TestClient, path: str, accept: str | None, ending: str | None) -> None:
    reply = client.get(path, headers={"accept": accept} if accept else {})
    assert 'rel="describedby"' in reply.headers["link"]
    assert "Accept" in reply.headers["vary"]
    if ending is None:
        assert reply.status_code == 406
        return
    assert reply.status_code == 303
    assert reply.headers["location"].endswith(f".{ending}")
    document = client.get(reply.headers["location"])
    assert document.status_code == 200
    links = document.headers["link"]
    assert 'rel="cite-as"' in links
    assert 'rel="license"' in links
    assert 'rel="type"' in links
    assert f'.{ending}>; rel="alternate"' not in links
    assert links.count('rel="alternate"') == 4


def things(built: Any) -> list[str]:
    """Return one thing of each kind."""
    found: dict[str, str] = {}
    for (term,) in built.store.select("SELECT DISTINCT ?s { ?s ?p ?o } ORDER BY ?s").rows:
        value = term[1:-1]
        if value.startswith(built.base):
            found.setdefault(value[len(built.base) :].split("/")[0], value)
    sizes = built.store.select("SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?n ?g").rows
    small = [g[1:-1] for g, _ in sizes if g[1:-1].startswith(built.base)][:2]
    return [*found.values(), *small]


def test_every_kind_of_thing_answers_in_every_form(client: TestClient, built: Any) -> None:
    chosen = things(built)
    assert len(chosen) > 20
    for value in chosen:
        local = f"/id/eaa-pilot/{value[len(built.base) :]}"
        graphs = {}
        for media in GRAPH_TYPES:
            reply = client.get(local, headers={"accept": media}, follow_redirects=True)
            assert reply.status_code == 200
            assert reply.headers["content-type"].partition(";")[0] == media
            graphs[media] = rdflib.Graph().parse(data=reply.content, format=media)
        first = graphs["application/n-triples"]
        assert all(isomorphic(first, g) for g in graphs.values()), value
        own = (
            f"GRAPH <{value}> {{ ?s ?p ?o }}"
            if value in built.store.graphs()
            else f"<{value}> ?p ?o BIND(<{value}> AS ?s)"
        )
        asked_for = built.store.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {own} }}")
        wanted = rdflib.Graph().parse(data="".join(f"{s} {p} {o} .\n" for s, p, o in asked_for), format="nt")
        assert len(wanted) > 0
        assert (wanted - first) == rdflib.Graph() or len(wanted - first) == 0
        page = client.get(local, headers={"accept": "text/html"}, follow_redirects=True)
        assert page.status_code == 200
        assert value.replace("&", "&amp;") in page.text
        inside = json_in(page.text)
        if value not in built.store.graphs() and "/review/" not in value:
            embedded = rdflib.Graph().parse(data=json.dumps(inside), format="json-ld")
            assert isomorphic(embedded, first)


class _Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append((tag, told))
        self.inside = tag == "script" and told.get("type") == "application/ld+json"
        if tag == "a" and told.get("href"):
            self.links.append(str(told["href"]))

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found.append(data)


def json_in(text: str) -> Any:
    (data,) = _Page(text).found
    return json.loads(data)


def test_pages_hold_together(client: TestClient) -> None:
    """Every link of a page that leads here leads somewhere; pages have what a screen reader needs."""
    seen, waiting = set(), ["/", "/about", "/about/theory", "/query", REVIEW, "/about/article?page=1"]
    while waiting and len(seen) < 120:
        path = waiting.pop(0)
        address = path.partition("#")[0]
        if address in seen:
            continue
        seen.add(address)
        reply = client.get(address, follow_redirects=True, headers={"accept": "text/html,*/*;q=0.8"})
        assert reply.status_code == 200, path
        if not reply.headers["content-type"].startswith("text/html"):
            continue
        page = _Page(reply.text)
        tags = [tag for tag, _ in page.tags]
        assert tags.count("h1") == 1
        assert tags.count("main") == 1
        assert ("html", {"lang": "en"}) in page.tags
        assert all(told.get("scope") for tag, told in page.tags if tag == "th")
        identifiers = [told["id"] for _, told in page.tags if told.get("id")]
        assert len(identifiers) == len(set(identifiers))
        if "#" in path:
            assert path.partition("#")[2] in identifiers
        own = [link for link in page.links if link.startswith("/") and not link.startswith("/data/")]
        waiting += own[:: max(1, len(own) // 15)]
    assert len(seen) == 120


def test_unknown_things_are_not_found(client: TestClient) -> None:
    for path in ("/id/eaa-pilot/article/nobody", "/id/other/article/x", "/doc/eaa-pilot/article/nobody.ttl", "/id/eaa-pilot/article",
                 "/onto.pdf", "/onto/9.9.9", "/ontology", "/data/eaa-pilot.zip", "/data/other.ttl", "/-/passwd", "/about/nothing",
                 "/nothing", "/id/eaa-pilot/article/%FF", "/about/article?page=99"):  # fmt: skip
        assert client.get(path).status_code == 404, path
    assert client.post(REVIEW).status_code == 405
    assert client.get("/id/eaa-pilot/").headers["location"] == "/about"


def test_addresses_survive_any_encoding(built: Any, limits: Limits) -> None:
    """Ids hold slashes, spaces, dots and letters of any script; their addresses may be encoded more than one way."""
    from eaa_graph.vocabulary import data_iri, literal

    ids = ["a/b c", "ä.ö", "x.ttl", "50%", "-", "..", "<script>alert(1)</script>", "日本"]
    store = OxigraphStore()
    store.add(built.store.quads())
    graph = iri(f"{built.base}graph/articles")
    for one in ids:
        subject = iri(data_iri(built.base, "article", one))
        store.add([Quad(subject, Term("<http://purl.org/dc/terms/title>"), literal(f"about {one}</script>&"), graph)])
    import dataclasses

    other = dataclasses.replace(built, loaded=store)
    with TestClient(application(other, limits, logged=False), follow_redirects=True) as client:
        for one in ids:
            for encoded in (data_iri("", "", one)[1:], urllib.parse.quote(one, safe="~")):
                if one in ("..", "-") and not encoded.startswith("%"):
                    continue  # a dot-segment is cut by the client; a lone "-" is another thing's address
                page = client.get(f"/id/eaa-pilot/article/{encoded}")
                assert page.status_code == 200, (one, encoded)
                assert "<script>alert" not in page.text
                assert json_in(page.text)
                turtle = client.get(f"/id/eaa-pilot/article/{encoded}", headers={"accept": "text/turtle"})
                (title,) = rdflib.Graph().parse(data=turtle.text, format="turtle").objects(None, rdflib.DCTERMS.title)
                assert str(title) == f"about {one}</script>&"


def test_void_describes_the_data(client: TestClient, built: Any) -> None:
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    reply = client.get("/.well-known/void")
    graph = rdflib.Graph().parse(data=reply.text, format="turtle")
    dataset = rdflib.URIRef("http://testserver/.well-known/void#dataset")
    assert graph.value(dataset, void.sparqlEndpoint) == rdflib.URIRef("http://testserver/sparql")
    assert str(graph.value(dataset, void.uriSpace)) == built.base
    assert int(graph.value(dataset, void.triples)) == len(built.store)
    for dump in graph.objects(dataset, void.dataDump):
        assert client.head(str(dump).removeprefix("http://testserver")).status_code == 200
    for example_ in graph.objects(dataset, void.exampleResource):
        path = f"/id/eaa-pilot/{str(example_)[len(built.base) :]}"
        assert client.get(path).status_code == 303
    assert client.get("/.well-known/void", headers={"accept": "text/html"}).status_code == 406


def test_dumps_hold_everything(client: TestClient, built: Any) -> None:
    lines = set(client.get("/data/eaa-pilot.nq").text.splitlines())
    assert lines == set(built.store.dump("nq").decode().splitlines())


def test_the_ontology_is_the_authors_file(client: TestClient) -> None:
    assert client.get("/onto.ttl").content == (folder("ontology") / "eaa.ttl").read_bytes()
    wanted = rdflib.Graph().parse(folder("ontology") / "eaa.ttl")
    for ending, form in (("nt", "nt"), ("jsonld", "json-ld"), ("rdf", "xml")):
        graph = rdflib.Graph().parse(data=client.get(f"/onto.{ending}").content, format=form)
        assert isomorphic(graph, wanted), ending
    page = client.get("/onto.html").text
    identifiers = {told.get("id") for _, told in _Page(page).tags}
    terms = {str(s).partition("#")[2] for s in wanted.subjects() if str(s).startswith(f"{ONTOLOGY}#")}
    assert terms <= identifiers
    drawn = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawn) == 2
    links = {link for svg in drawn for link in re.findall(r'href="#([^"]+)"', svg)}
    assert {"CMOConfiguration", "hasMechanism", "EvidenceLine"} <= links <= identifiers


def test_query_page_works_without_scripts(client: TestClient) -> None:
    page = client.get("/query", params={"query": "SELECT ?a { ?a a eaa:Article } ORDER BY ?a"})
    assert page.status_code == 200
    assert page.text.count("<tr>") == 52
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in client.get("/about").headers["content-security-policy"]
    bad = client.get("/query", params={"query": "SELECT <script>"})
    assert bad.status_code == 400
    assert 'role="alert"' in bad.text
    assert "SELECT <script>" not in bad.text
    examples = re.findall(r"example=([a-z-]+)", page.text)
    assert sorted(examples) == sorted(queries.questions())
    filled = client.get("/query", params={"example": examples[0]}).text
    assert "PREFIX eaa:" in filled
    assert client.get("/query", params={"query": "ASK {}"}).text.count("<p>true</p>") == 1
    assert client.get("/sparql", headers={"accept": "text/html"}).headers["location"] == "/query"


def test_every_reply_has_its_headers_of_safety(client: TestClient) -> None:
    for path in ("/", "/query", "/sparql?query=x", "/nothing", REVIEW, "/-/pages.css", "/-/health"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-request-id"]
    assert client.get("/about", headers={"host": "evil.example/<script>"}).status_code == 400


def test_the_built_site_is_served_and_nothing_beside_it(built: Any, limits: Limits, tmp_path: Path) -> None:
    site = tmp_path / "build"
    (site / "sub").mkdir(parents=True)
    (site / "index.html").write_text("<title>front</title>", "utf-8")
    (site / "sub" / "index.html").write_text("inner", "utf-8")
    (site / ".hidden").write_text("secret", "utf-8")
    (site / "empty").mkdir()
    (tmp_path / "outside.txt").write_text("secret", "utf-8")
    if FORK:
        (site / "link.txt").symlink_to(tmp_path / "outside.txt")
    with TestClient(application(built, limits, folder=site, logged=False), follow_redirects=False) as client:
        assert "front" in client.get("/").text
        assert "wasm-unsafe-eval" in client.get("/").headers["content-security-policy"]
        assert client.get("/sub").status_code == 308
        assert client.get("/sub/").text == "inner"
        for path in (
            "/.hidden",
            "/link.txt",
            "/%2e%2e/outside.txt",
            "/..%2foutside.txt",
            "/sub/..%5c..%5coutside.txt",
            "/empty/",
            "/%00",
        ):
            assert client.get(path).status_code == 404, path
        assert client.get("/about").status_code == 200


def test_behind_a_proxy(built: Any, limits: Limits) -> None:
    """Links carry the root path, whether or not the proxy takes it off before it passes a request on."""
    with TestClient(application(built, limits, "/reviews/eaa/", logged=False), follow_redirects=False) as client:
        for front in ("", "/reviews/eaa"):
            reply = client.get(f"{front}{REVIEW}")
            assert reply.headers["location"] == "/reviews/eaa/doc/eaa-pilot/review/eaa-pilot.html"
            page = client.get(f"{front}/about")
            assert all(link.startswith(("/reviews/eaa/", "http", "#")) for link in _Page(page.text).links)
            assert "http://testserver/reviews/eaa/sparql" in client.get(f"{front}/sparql").text
    with pytest.raises(Exception, match="root path"):
        application(built, limits, "no slash")


def test_json_ld_and_licences() -> None:
    assert licence_iri("CC BY 4.0") == "https://creativecommons.org/licenses/by/4.0/"
    assert licence_iri("all rights reserved") == ""
    assert licence_iri("Apache-2.0") == "https://spdx.org/licenses/Apache-2.0"
    assert licence_iri(None) == ""
    assert json_ld([]) == {"@context": {}, "@graph": []}


# --- limits -----------------------------------------------------------------------------------

HOSTILE = {
    "cross product": (CROSS, (504,)),
    "ordering": ("SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f", (422, 504)),
    "regular expression": (
        'SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(REGEX(CONCAT(STR(?c), STR(?f)), "^(([a-z])+.)+[A-Z]([a-z])+$")) }',
        (504,),
    ),
    "long answer": ("SELECT * { ?a ?b ?c . ?d ?e ?f }", (422,)),
    "deep nesting": ("ASK " + "{" * 15000 + "}" * 15000, (422,)),
    "memory": (
        "SELECT (GROUP_CONCAT(?t) AS ?x) { ?a ?b ?c . ?d ?e ?f BIND(CONCAT(STR(?c), STR(?f)) AS ?t) }",
        (422, 504),
    ),
    "long path": ("SELECT (COUNT(*) AS ?n) { ?a (<x:>|!<x:>)+ ?b . ?b (<x:>|!<x:>)+ ?c }", (422, 504)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_is_cut_and_others_are_served(client: TestClient, limits: Limits, name: str) -> None:
    query, statuses = HOSTILE[name]
    found: dict[str, Any] = {}

    def attack() -> None:
        started = time.perf_counter()
        kind = {"content-type": "application/sparql-query"}
        found["reply"] = client.post("/sparql", content=query.encode(), headers=kind)
        found["seconds"] = time.perf_counter() - started

    attacker = threading.Thread(target=attack)
    attacker.start()
    slowest = 0.0
    served = 0
    for number in itertools.count():
        started = time.perf_counter()
        assert ask(client, f"ASK {{ ?s a eaa:Article }} # {name} {number}").json()["boolean"] is True
        assert client.get("/about").status_code == 200
        slowest = max(slowest, time.perf_counter() - started)
        served += 1
        if not attacker.is_alive():
            break
    attacker.join()
    assert found["reply"].status_code in statuses, found["reply"].text
    assert (
        "limit" in found["reply"].text
        or "cut" in found["reply"].text
        or "longer" in found["reply"].text
        or "nested" in found["reply"].text
    )
    assert found["seconds"] < limits.seconds + 2.5
    assert slowest < limits.seconds
    assert served >= 1


@pytest.mark.slow
def test_too_many_are_told_to_come_back(built: Any) -> None:
    tight = Limits(seconds=1.2, workers=2, queue=1, queue_seconds=0.3)
    with TestClient(application(built, tight, logged=False)) as client:
        replies: list[Any] = []
        threads = [threading.Thread(target=lambda n=n: replies.append(ask(client, f"{CROSS} # {n}"))) for n in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = sorted(r.status_code for r in replies)
        assert 503 in statuses
        assert 504 in statuses
        assert all(r.headers["retry-after"] for r in replies if r.status_code == 503)
        assert ask(client, "ASK {}").status_code == 200


@pytest.mark.filterwarnings("error")
@pytest.mark.skipif(sys.platform == "win32", reason="there workers are not forked")
def test_a_worker_that_is_being_replaced_when_the_server_closes_leaves_no_socket_open() -> None:
    """The server may be told to stop at any moment, also between the death of one worker and the birth of the next."""

    async def stop_in_between() -> None:
        pool = QueryPool(b"", Limits(workers=2))
        await pool.start()

        async def never() -> tuple[int, int]:
            await asyncio.sleep(3600)
            raise AssertionError

        pool._reply = never  # type: ignore[method-assign]
        pool._later(pool._add())
        await asyncio.sleep(0.05)
        await pool.close()

    asyncio.run(stop_in_between())
    gc.collect()  # a socket that nobody closed says so here, and a warning is an error


@pytest.mark.slow
def test_workers_that_load_the_graph_themselves(built: Any) -> None:
    """The way of systems that cannot fork."""
    tight = Limits(seconds=1.0, workers=2, memory_bytes=400 << 20)
    with TestClient(application(built, tight, fork=False, logged=False)) as client:
        assert ask(client, "ASK { ?s a eaa:Article }").json()["boolean"] is True
        assert ask(client, CROSS).status_code == 504
        assert ask(client, "ASK { ?s a eaa:Code }").json()["boolean"] is True


def test_words_that_may_not_be_repeated_are_not_served(limits: Limits, tmp_path: Path) -> None:
    """To other machines goes what each article's licence allows, in whatever form it is asked for."""
    review = tmp_path / "review"
    shutil.copytree(example("eaa_pilot"), review, ignore=shutil.ignore_patterns("build"))
    sheets = {}
    for name in ("articles", "extractions"):
        with (review / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            sheets[name] = list(csv.DictReader(file))
    first, second = (row["id"] for row in sheets["articles"][:2])
    words = "the very words of number {} that stand in an article and nowhere else but there"
    for number, row in enumerate(sheets["extractions"]):
        if row["article"] in (first, second):
            row["quote"] = words.format(number)
    for row in sheets["articles"]:
        row["licence"] = {first: "all rights reserved", second: "CC-BY-4.0"}.get(row["id"], row["licence"])
    for name, rows in sheets.items():
        with (review / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    whole, none = opened(review, Settings(infer="none"), "all", lambda *_: None)
    guarded, held = opened(review, Settings(infer="none"), "licence", lambda *_: None)
    closed, free = ({e.quote for e in whole.records.extractions if e.article == a and e.quote} for a in (first, second))
    assert closed
    assert free
    assert (none, held) == (0, len(closed))
    assert all(q in whole.store.dump("nt").decode() for q in closed | free)
    with TestClient(application(guarded, limits, logged=False)) as client:
        everything = client.get("/data/eaa-pilot.nt").text
        assert not any(q in everything for q in closed)
        rows = ask(client, "SELECT DISTINCT ?q { ?e eaa:quote ?q }").json()["results"]["bindings"]
        assert {row["q"]["value"] for row in rows} == free
    with pytest.raises(BadSettings):
        opened(review, Settings(), "some", lambda *_: None)


def test_limits_make_sense() -> None:
    for wrong in ({"seconds": 0}, {"workers": 1}, {"body_bytes": -1}, {"seconds": float("nan")}):
        with pytest.raises(BadSettings):
            Limits(**wrong)  # type: ignore[arg-type]


def test_without_the_extra_there_is_a_hint(built: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from eaa_graph import server

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtra, match=re.escape("eaa-graph[server]")):
        server.serve(built)


def test_a_taken_port_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadSettings, match="cannot listen"):
            _listening("127.0.0.1", taken.getsockname()[1])


# --- a real server on loopback, and clients of other makers --------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("real"), "--seconds", "2") as found:
        yield found


COUNT = "PREFIX eaa: <https://w3id.org/eaa/onto#> SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { ?a a eaa:Article }"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_sparqlwrapper(real: Running, method: str, form: str) -> None:
    wrapper = pytest.importorskip("SPARQLWrapper")
    client = wrapper.SPARQLWrapper(f"{real.url}/sparql")
    client.setMethod(method)
    client.setReturnFormat(form)
    client.setQuery(COUNT)
    answer = client.query().convert()
    if form == "json":
        assert answer["results"]["bindings"][0]["n"]["value"] == "51"
    elif form == "xml":
        assert "51" in answer.toxml()
    else:
        assert b"51" in answer
    client.setReturnFormat("turtle")
    client.setQuery("CONSTRUCT WHERE { ?s a <https://w3id.org/eaa/onto#Article> }")
    graph = rdflib.Graph().parse(data=client.query().convert(), format="turtle")
    assert len(graph) == 51


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_sparqlstore(real: Running, method: str, form: str) -> None:
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    graph = rdflib.Graph(SPARQLStore(f"{real.url}/sparql", returnFormat=form, method=method))
    ((number,),) = graph.query(COUNT)
    assert int(number) == 51
    article = rdflib.URIRef("https://w3id.org/eaa/onto#Article")
    assert len(set(graph.subjects(rdflib.RDF.type, article))) == 51


@pytest.mark.slow
def test_comunica(real: Running, built: Any) -> None:
    """Comunica takes each query apart, writes it anew and asks; all shipped questions have the same rows as ours."""
    checkers.npm("@comunica/query-sparql")
    head = "".join(f"PREFIX {name}: <{value}>\n" for name, value in PREFIXES.items())
    asked = {
        name: queries.filled(question, {}, built.names)
        for name, question in queries.questions().items()
        if not any(p.default == "required" for p in question.parameters)
    }
    more = {"ask": "ASK { ?a a eaa:Article }", "construct": "CONSTRUCT WHERE { ?a a eaa:Article ; eaa:year ?y }"}
    done = subprocess.run(
        [checkers.node(), str(checkers.ROOT / "tests" / "npm" / "comunica.mjs"), f"{real.url}/sparql"],
        input=json.dumps([head + query for query in (asked | more).values()]),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["asked"] == [real.url]
    answers = dict(zip(asked | more, told["answers"], strict=True))
    assert answers.pop("ask") is True

    def parts(term: Term) -> list[str]:
        read = read_term(term)
        return [read.value, read.language or read.datatype] if isinstance(read, Literal) else [read, ""]

    triples = [[parts(t) for t in triple] for triple in built.store.construct(head + more["construct"])]
    assert len(triples) > 40
    assert sorted(answers.pop("construct")) == sorted(triples)
    assert len(answers) > 20
    for name, rows in answers.items():
        wanted = built.store.select(asked[name])
        assert rows == [
            {v: parts(term) for v, term in zip(wanted.variables, row, strict=True) if term is not None}
            for row in wanted.rows
        ], name


@pytest.mark.skipif(shutil.which("roqet") is None, reason="roqet (Debian: rasqal-utils) is not installed")
def test_roqet(real: Running) -> None:
    done = subprocess.run(
        ["roqet", "-q", "-r", "csv", "-p", f"{real.url}/sparql", "-e", COUNT],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.split()[-1] == "51", done.stderr


def test_signposting_is_understood(real: Running) -> None:
    signposting = pytest.importorskip("signposting", reason="the signposting library is not installed")
    found = signposting.find_signposting_http(f"{real.url}/doc/eaa-pilot/review/eaa-pilot.html")
    assert found.citeAs.target == "https://w3id.org/eaa/id/eaa-pilot/review/eaa-pilot"
    assert str(found.license.target).startswith("https://creativecommons.org/")
    assert {d.type for d in found.describedBy} == set(GRAPH_TYPES)
    assert len(found.items) == 6
    assert "https://schema.org/Dataset" in {str(t.target) for t in found.types}
    article = next(
        link
        for link in _Page(urllib.request.urlopen(f"{real.url}/about/article").read().decode()).links
        if "/article/" in link
    )
    thing = signposting.find_signposting_http(real.url + article.replace("/id/", "/doc/") + ".html")
    assert len(thing.collections) == 1 if hasattr(thing, "collections") else thing.collection


def test_a_real_server_cuts_and_serves_and_logs(real: Running) -> None:
    secret = "PassageNobodyShouldReadInALog"
    url = f"{real.url}/sparql?" + urllib.parse.urlencode({"query": f"ASK {{ ?s ?p '{secret}' }}"})
    assert json.load(urllib.request.urlopen(url, timeout=5))["boolean"] is False
    found: dict[str, Any] = {}

    def attack() -> None:
        try:
            urllib.request.urlopen(f"{real.url}/sparql?" + urllib.parse.urlencode({"query": CROSS}), timeout=20)
        except urllib.error.HTTPError as error:
            found["status"] = error.code

    started = time.perf_counter()
    attackers = [threading.Thread(target=attack) for _ in range(2)]
    for attacker in attackers:
        attacker.start()
    served = 0
    while any(attacker.is_alive() for attacker in attackers):
        assert urllib.request.urlopen(f"{url}%20%23{served}", timeout=2).status == 200
        served += 1
    assert found["status"] == 504
    assert time.perf_counter() - started < 6
    assert served > 10
    told = real.log.read_text()
    assert secret not in told
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert any(line.get("outcome") == "time" and line["status"] == 504 for line in lines)
    assert all("query" not in line or re.fullmatch("[0-9a-f]{16}", line["query"]) for line in lines)


def test_a_client_that_leaves_ends_its_query(real: Running) -> None:
    with socket.create_connection(("127.0.0.1", int(real.url.rpartition(":")[2]))) as channel:
        target = "/sparql?" + urllib.parse.urlencode({"query": f"{CROSS} # leaving"})
        channel.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.5)
    time.sleep(0.7)
    lines = [json.loads(line) for line in real.log.read_text().splitlines() if line.startswith("{")]
    left = [line for line in lines if line.get("status") == 499]
    assert left
    assert left[-1]["ms"] < 1500


@pytest.mark.slow
@pytest.mark.skipif(not FORK, reason="signals and processes of POSIX")
def test_stops_gracefully_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path, "--seconds", "2") as server:
        listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        parents = [(int(pid), int(parent)) for pid, parent in map(str.split, listed.splitlines())]
        keepers = [pid for pid, parent in parents if parent == server.process.pid]
        children = keepers + [pid for pid, parent in parents if parent in keepers]
        assert len(children) >= 5  # the keeper and its workers
        query = "SELECT (COUNT(*) AS ?n) { ?a eaa:fromArticle ?x . ?b eaa:fromArticle ?y }"
        answers: list[int] = []
        url = f"{server.url}/sparql?" + urllib.parse.urlencode({"query": query})

        def slow() -> None:
            try:
                answers.append(urllib.request.urlopen(url, timeout=20).status)
            except urllib.error.HTTPError as error:
                answers.append(error.code)

        asking = threading.Thread(target=slow)
        asking.start()
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) is not None
        asking.join()
        assert answers[0] in (200, 504)  # finished or cut at its limit, not dropped
        for child in children:
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").is_file(), reason="memory is read from Linux's /proc")
def test_fifty_clients_at_once() -> None:
    """The load of scripts/bench_server.py, cut short; LOAD_SECONDS=60 gives the whole."""
    script = checkers.ROOT / "scripts" / "bench_server.py"
    command = [sys.executable, str(script), "--seconds", os.environ.get("LOAD_SECONDS", "4")]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
    loads = re.findall(r"([\d.]+) requests/s .* errors: (.*)", told)
    assert len(loads) == 4, told
    assert all(errors == "none" for _, errors in loads), told
    assert all(float(rate) > 20 for rate, _ in loads), told
    memory = [[int(one) for one in line.split(", ")] for line in re.findall(r"memory .*MB: (.*)", told)]
    assert len(memory) == 2, told
    assert all(steps[-1] < 1.25 * steps[0] for steps in memory), told
