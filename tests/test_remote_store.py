"""Stores elsewhere: what servers do to a client, whole builds swapped in, and that nothing secret leaves."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import servers
from click.testing import CliRunner, Result
from strategies import few_articles

from eaa_graph import pipeline, queries
from eaa_graph.cli import main
from eaa_graph.encode import encode
from eaa_graph.errors import BadQuery, BadSettings, EaaError, StoreUnavailable, UnknownName
from eaa_graph.pipeline import check
from eaa_graph.resources import example
from eaa_graph.settings import Settings
from eaa_graph.store import OxigraphStore, open_store
from eaa_graph.store.remote import BOOK, RemoteStore
from eaa_graph.store.web import Web, address_of
from eaa_graph.vocabulary import Quad, Term, integer, iri, literal

BASE = "https://w3id.org/eaa/id/eaa-pilot/"
G, P = iri("http://a.org/g"), iri("http://a.org/p")
JSON = "application/sparql-results+json"


def quads(count: int, graph: Term = G) -> list[Quad]:
    return [Quad(iri(f"http://a.org/s{i:06}"), P, integer(i), graph) for i in range(count)]


# --- a server of our own, as faulty as it is told to be -------------------------------------------------


class Faulty(ThreadingHTTPServer):
    """An Oxigraph behind a door that the test holds: `mood` is asked first, and may do harm instead of answering."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.store = OxigraphStore()
        self.log: list[tuple[str, str, dict[str, str]]] = []
        self.appended: list[str] = []
        self.mood: Callable[[_Door, int], bool] = lambda door, count: False
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Door(BaseHTTPRequestHandler):
    server: Faulty
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def reply(self, status: int, body: bytes = b"", media: str = JSON, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self, after: bytes = b"", media: str = JSON) -> None:
        """Promise more than comes, then hang up."""
        if after:
            self.send_response(200)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(after) + 1000))
            self.end_headers()
            self.wfile.write(after)
        self.close_connection = True
        self.connection.shutdown(2)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = urlsplit(self.path).path
        with self.server.lock:
            self.server.log.append((self.command, path, dict(self.headers)))
            count = sum(1 for method, where, _ in self.server.log if (method, where) == (self.command, path))
        self.form = parse_qs(body.decode()) if path != "/store" else {}
        if self.server.mood(self, count):
            return
        if path == "/store":
            graph = parse_qs(urlsplit(self.path).query)["graph"][0]
            if self.command == "PUT":
                self.server.store.drop(graph)
            else:
                self.server.appended.append(graph)
            lines = body.decode().splitlines()
            self.server.store.add(Quad(*map(Term, line[:-2].split(" ", 2)), iri(graph)) for line in lines)  # type: ignore[arg-type]
            self.reply(204)
        elif path == "/update":
            self.server.store._store.update(self.form["update"][0])
            self.reply(204)
        else:
            from io import BytesIO

            output = BytesIO()
            media = self.server.store.protocol_query(
                self.form["query"][0],
                output,
                JSON,
                "application/n-triples",
                _dataset(self.form),
            )
            self.reply(200, output.getvalue(), media)

    do_GET = do_PUT = do_POST  # noqa: N815


def _dataset(form: dict[str, list[str]]) -> tuple[list[str], list[str]] | None:
    """Return what a strict server takes a query to be about: without a word, an empty default graph."""
    if "FROM" in form["query"][0]:
        return None
    default, named = form.get("default-graph-uri"), form.get("named-graph-uri")
    return (default or [], named or []) if default or named else None if "GRAPH" in form["query"][0] else ([], [])


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    server = Faulty()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def store_at(server: Faulty, **environment: str) -> RemoteStore:
    address = address_of(server.address, {})
    return RemoteStore("", Web(address.query, environment, pause=0.01), address)


def on(path: str, harm: Callable[[_Door], Any], *counts: int, method: str = "POST") -> Callable[[_Door, int], bool]:
    """Do harm to the requests with these numbers (from 1) to a path; to all of them when no number is given."""

    def mood(door: _Door, count: int) -> bool:
        if urlsplit(door.path).path != path or door.command != method or (counts and count not in counts):
            return False
        harm(door)
        return True

    return mood


@pytest.mark.parametrize(
    "harm",
    [
        lambda d: d.drop(),
        lambda d: d.drop(b'{"head":{"vars":["x"]},"results":{"bindings":['),
        lambda d: d.reply(200, b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":'),
        lambda d: d.reply(503, b"busy", "text/plain", Retry_After="0"),
        lambda d: d.reply(429, b"", "text/plain"),
        lambda d: d.reply(502, b"<html>", "text/html"),
        lambda d: d.reply(504, b"<html>", "text/html"),
    ],
    ids=["hangs up", "cut in the body", "half written", "503", "429", "502", "504"],
)
def test_a_query_is_asked_again_when_the_answer_does_not_come(faulty: Faulty, harm: Callable[[_Door], None]) -> None:
    faulty.store.add(quads(3))
    store = store_at(faulty)
    assert len(store.select("SELECT ?s WHERE { ?s ?p ?o }").rows) == 3
    before = len(faulty.log)
    faulty.mood = on("/query", harm, before + 1, before + 2)
    assert len(store.select("SELECT ?s WHERE { ?s ?p ?o }").rows) == 3
    assert len(faulty.log) == before + 3


def test_a_query_gives_up_in_one_line(faulty: Faulty) -> None:
    faulty.mood = on("/query", lambda d: d.drop())
    with pytest.raises(
        StoreUnavailable, match=r"^http://127\.0\.0\.1:\d+/query: the connection was cut \(tried 4 times\)$"
    ):
        store_at(faulty).graphs()
    assert len(faulty.log) == 4


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda d: d.reply(200, b"<html><body>Welcome", "text/html"), "a web page came instead of results"),
        (lambda d: d.reply(200, b"<?xml?>", "application/xml"), "application/xml came instead of"),
        (lambda d: d.reply(200, b"[]"), "no result of a SPARQL query"),
        (lambda d: d.reply(200, b'{"head":{"vars":["x"]},"results":{}}'), "no result of a SELECT"),
        (lambda d: d.reply(200, b'{"head":{"vars":["g"]},"results":{"bindings":[{"g":{"type":"uri","value":"a b> ."}}]}}'), "no result of a SELECT"),
        (lambda d: d.reply(200, b'{"head":{"vars":["g"]},"results":{"bindings":[{"g":{"type":"odd","value":"x"}}]}}'), "no result of a SELECT"),
        (lambda d: d.reply(401, b"", "text/plain"), "asks who you are"),
        (lambda d: d.reply(403, b"no", "text/plain"), r"may not be done by everybody \(403\): no"),
        (lambda d: d.reply(404, b"<html>long page", "text/html"), r"no SPARQL endpoint at this address \(404\)$"),
        (lambda d: d.reply(405, b"", "text/plain"), "does not take such requests"),
        (lambda d: d.reply(413, b"", "text/plain"), r"longer than the store takes \(413\)"),
        (lambda d: d.reply(500, b"boom\nstack", "text/plain"), r"the store failed \(500\): boom$"),
        (lambda d: d.reply(418, b"", "text/plain"), "unexpected status 418"),
        (lambda d: d.reply(503, b"", "text/plain"), r"too busy \(503\) \(tried 4 times\)"),
        (lambda d: d.reply(200, b"{"), "broke off or is no JSON"),
        (lambda d: d.reply(302, b"", "text/plain", Location="http://elsewhere.org/sparql"), "sends on to http://elsewhere.org/sparql; name that"),
        (lambda d: d.reply(307, b"", "text/plain", Location=d.path), "in a circle"),
    ],
)  # fmt: skip
def test_whatever_a_server_says_is_one_clear_line(faulty: Faulty, harm: Callable[[_Door], None], says: str) -> None:
    faulty.mood = on("/query", harm)
    with pytest.raises(StoreUnavailable, match=says) as caught:
        store_at(faulty).graphs()
    assert len(str(caught.value).splitlines()) == 1


def test_a_bad_query_is_said_where(faulty: Faulty) -> None:
    store = store_at(faulty)
    faulty.mood = lambda door, _: "?x ?y" in str(door.form) and not door.reply(400, b"error at 1", "text/plain")
    with pytest.raises(BadQuery, match="line 1, column"):
        store.select("SELECT ?x WHERE { ?x ?y }")
    with pytest.raises(BadQuery, match=r"cannot run this query: error at 1"):
        store.select("SELECT ?x WHERE { ?x ?y ?z }")  # the server's own limit: the query can be read


def test_what_drips_or_stalls_is_left_in_time(faulty: Faulty) -> None:
    def stall(door: _Door) -> None:
        time.sleep(2)
        door.close_connection = True

    def drip(door: _Door) -> None:
        door.send_response(200)
        door.send_header("Content-Type", JSON)
        door.send_header("Content-Length", "100000")
        door.end_headers()
        for _ in range(40):
            door.wfile.write(b" ")
            door.wfile.flush()
            time.sleep(0.05)
        door.close_connection = True

    for harm in (stall, drip):
        faulty.mood = on("/query", harm)
        address = address_of(faulty.address, {})
        web = Web(address.query, {"EAA_STORE_SECONDS": "0.3"}, attempts=2, pause=0.01)
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"no whole answer within 0\.3 seconds .*tried 2 times"):
            RemoteStore("", web, address).graphs()
        assert time.monotonic() - started < 1.9


@pytest.mark.parametrize("harm", [lambda d: d.drop(), lambda d: d.reply(503, b"", "text/plain")], ids=["cut", "503"])
def test_what_adds_is_never_sent_twice_by_itself(faulty: Faulty, harm: Callable[[_Door], None]) -> None:
    store = store_at(faulty)
    faulty.mood = on("/store", harm, 1)
    with pytest.raises(StoreUnavailable, match="may or may not have been done, and is not tried again"):
        store.add(quads(3))
    assert [method for method, path, _ in faulty.log if path == "/store"] == ["POST"]
    faulty.mood = on("/update", harm, 1)
    with pytest.raises(StoreUnavailable, match="may or may not"):
        store.update("INSERT DATA { <urn:a> <urn:b> 1 }")
    assert sum(path == "/update" for _, path, _ in faulty.log) == 1
    assert store.add(quads(3)) == 3
    assert faulty.appended == ["http://a.org/g"]


def test_nobody_listening_is_no_reason_to_doubt(faulty: Faulty) -> None:
    """What was surely never sent may be sent again, whatever it is; then the line says why it failed."""
    port = servers.free_port()
    address = address_of(f"http://127.0.0.1:{port}", {})
    store = RemoteStore("", Web(address.query, {}, attempts=2, pause=0.01), address)
    for act in (lambda: store.add(quads(1)), store.graphs):
        with pytest.raises(StoreUnavailable, match=r"nobody listens there \(connection refused\) \(tried 2 times\)"):
            act()


# --- long answers ----------------------------------------------------------------------------------------


def _cut_at(most: int, header: bool) -> Callable[[_Door, int], bool]:
    """Cut every SELECT at so many rows, with status 200, as public endpoints do."""

    def mood(door: _Door, _: int) -> bool:
        from io import BytesIO

        if "query" not in door.form or "SELECT" not in door.form["query"][0]:
            return False
        output = BytesIO()
        door.server.store.protocol_query(door.form["query"][0], output, JSON, None, _dataset(door.form))
        found = json.loads(output.getvalue())
        cut = len(found["results"]["bindings"]) > most
        found["results"]["bindings"] = found["results"]["bindings"][:most]
        door.reply(200, json.dumps(found).encode(), **({"X_SPARQL_MaxRows": str(most)} if header and cut else {}))
        return True

    return mood


@pytest.mark.parametrize(("most", "header"), [(70, True), (1000, False)])
@pytest.mark.parametrize(
    "sparql",
    [
        "SELECT ?s ?n WHERE { ?s <http://a.org/p> ?n } ORDER BY DESC(?n)",
        "PREFIX a: <http://a.org/> SELECT ?s ?n WHERE { ?s a:p ?n } # LIMIT 3\n",
        "SELECT ?s ?n FROM <http://a.org/g> WHERE { ?s ?p ?n } ORDER BY ?n",
        "SELECT ?s ?n WHERE { ?s ?p ?n } ORDER BY ?n LIMIT 2100",
    ],
)
def test_a_cut_answer_is_fetched_page_by_page(faulty: Faulty, most: int, header: bool, sparql: str) -> None:
    faulty.store.add(quads(2345))
    whole = store_at(faulty).select(sparql)
    faulty.mood = _cut_at(most, header)
    paged = store_at(faulty).select(sparql)
    assert len(whole.rows) in (2345, 2100)
    assert paged.variables == whole.variables
    assert (paged.rows == whole.rows) if "ORDER" in sparql else (sorted(paged.rows) == sorted(whole.rows))  # type: ignore[type-var]


def test_a_round_answer_that_is_whole_stays_as_it_is(faulty: Faulty) -> None:
    faulty.store.add(quads(2000))
    assert len(store_at(faulty).select("SELECT ?s WHERE { ?s ?p ?o }").rows) == 2000


def test_pages_that_do_not_add_up_are_no_answer(faulty: Faulty) -> None:
    faulty.store.add(quads(300))
    cut = _cut_at(100, True)

    def growing(door: _Door, count: int) -> bool:
        faulty.store.add(quads(300 + 7 * count)[300:])
        return cut(door, count)

    faulty.mood = growing
    with pytest.raises(StoreUnavailable, match="do not add up"):
        store_at(faulty).select("SELECT ?s WHERE { ?s ?p ?o }")


# --- whole builds --------------------------------------------------------------------------------------------


def build_of(count: int, first: int = 0) -> OxigraphStore:
    build = OxigraphStore()
    build.add(quads(count + first)[first:] if first else quads(count))
    build.add(quads(5, iri("http://a.org/other")))
    return build


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eaa_graph.store.remote._BATCH", (100, 1 << 20))
    monkeypatch.setattr("eaa_graph.store.remote._INSERT_BATCH", (100, 1 << 20))


def test_an_upload_goes_on_where_it_was_cut(faulty: Faulty, small_batches: None) -> None:
    build, store = build_of(1000), store_at(faulty)
    store.add(quads(3))
    faulty.mood = on(
        "/store", lambda d: d.drop(), *range(6, 30), method="PUT"
    )  # from the sixth on nothing gets through
    with pytest.raises(StoreUnavailable, match="the connection was cut"):
        store.replace(build, "http://a.org/")
    assert set(store.quads()) == set(quads(3)), "the earlier build is as it was, and all that readers see"
    faulty.mood = on("/store", lambda d: d.drop(), 31, 33, method="PUT")  # now and then one is cut
    done = store.replace(build, "http://a.org/")
    assert (done.sent, done.kept) == (6, 5)
    assert set(store.quads()) == set(build.quads())
    assert not [g for g in faulty.store.graphs() if "staging" in g]
    assert faulty.appended == ["http://a.org/g"], "a build is never appended"


@pytest.mark.parametrize("before", [True, False], ids=["before it was done", "after it was done"])
def test_a_cut_swap_is_done_once_more_to_the_same_end(faulty: Faulty, before: bool, small_batches: None) -> None:
    def harm(door: _Door) -> None:
        if not before:
            faulty.store._store.update(door.form["update"][0])
        door.drop()

    faulty.mood = on("/update", harm, 2)  # the first says that something is being loaded
    store = store_at(faulty)
    store.replace(build_of(250), "http://a.org/")
    assert set(store.quads()) == set(build_of(250).quads())


def test_only_what_changed_is_sent(faulty: Faulty, small_batches: None) -> None:
    store = store_at(faulty)
    assert store.replace(build_of(250), "http://a.org/")[:3] == (2, 0, 4)
    version = store.version()
    assert store.replace(build_of(250), "http://a.org/")[:3] == (2, 2, 0)
    assert store.version() == version
    assert store.replace(build_of(251), "http://a.org/")[:3] == (2, 1, 3)
    assert store.version() != version
    smaller = OxigraphStore()
    smaller.add(quads(2))
    done = store.replace(smaller, "http://a.org/")
    assert done.gone == 1
    assert store.graphs() == ["http://a.org/g"]
    faulty.store.add([Quad(iri("http://a.org/x"), P, literal("put there by somebody"), G)])
    assert store.replace(smaller, "http://a.org/").sent == 1
    assert set(store.quads()) == set(smaller.quads())


def test_statements_that_a_store_does_not_keep_are_noticed(faulty: Faulty) -> None:
    store = store_at(faulty)
    store.replace(build_of(10), "http://a.org/")
    faulty.mood = on("/store", lambda d: d.reply(204), method="PUT")  # says so, and does nothing
    with pytest.raises(StoreUnavailable, match=r"kept 0 of the 20 statements .* the earlier build is as it was"):
        store.replace(build_of(20), "http://a.org/")
    assert set(store.quads()) == set(build_of(10).quads())


def test_a_store_without_the_graph_store_protocol_takes_updates(faulty: Faulty, small_batches: None) -> None:
    address = address_of(faulty.address, {"EAA_STORE_GRAPHS": "none"})
    store = RemoteStore("", Web(address.query, {}, pause=0.01), address)
    assert store.replace(build_of(250), "http://a.org/")[:3] == (2, 0, 4)
    store.add(quads(260))
    assert len(store) == 265
    assert not [path for _, path, _ in faulty.log if path == "/store"]


def test_blank_nodes_stay_one(faulty: Faulty, small_batches: None) -> None:
    """Their names hold within one request: what they join is not parted."""
    build = build_of(250)
    for n in range(40):
        node = Term(f"_:b{n}")
        build.add([Quad(iri("http://a.org/s"), P, node, G), Quad(node, P, integer(n), G)])
    store = store_at(faulty)
    store.replace(build, "http://a.org/")
    asked = "SELECT ?n WHERE { <http://a.org/s> ?p ?b . ?b ?q ?n } ORDER BY ?n"
    assert len(store.select(asked).rows) == 40
    assert store.replace(build, "http://a.org/").same == 2, "whatever the blank nodes are called"


# --- credentials and addresses ---------------------------------------------------------------------------------


def test_credentials_go_to_their_host_and_nowhere_else(faulty: Faulty) -> None:
    other = Faulty()
    thread = threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        store = store_at(faulty, EAA_STORE_TOKEN="s3cret")
        faulty.mood = on("/query", lambda d: d.reply(307, b"", "text/plain", Location=f"{other.address}/query"))
        with pytest.raises(StoreUnavailable, match="nothing is sent on to another host") as caught:
            store.graphs()
        assert other.log == []
        assert "s3cret" not in str(caught.value)
        assert faulty.log[0][2]["Authorization"] == "Bearer s3cret"
        # Within the host it is followed, credentials and all.
        faulty.mood = on("/query", lambda d: d.reply(308, b"", "text/plain", Location="/query2"))
        assert store.graphs() == []
        assert [path for _, path, _ in faulty.log[-2:]] == ["/query", "/query2"]
        far = address_of(faulty.address, {"EAA_STORE_UPDATE": f"{other.address}/update"})
        with pytest.raises(StoreUnavailable, match="no credentials go there"):
            RemoteStore("", Web(far.query, {"EAA_STORE_TOKEN": "s3cret"}), far).update("CLEAR ALL")
        assert other.log == []
    finally:
        other.shutdown()
        other.server_close()
        thread.join()


def test_user_and_password(faulty: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc password netrc\n", "utf-8")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    store_at(faulty).graphs()
    assert "Authorization" not in faulty.log[-1][2], "nobody asked for what is in .netrc"
    store_at(faulty, EAA_STORE_USER="ada", EAA_STORE_PASSWORD="pässword").graphs()
    assert faulty.log[-1][2]["Authorization"] == "Basic YWRhOnDDpHNzd29yZA=="
    faulty.mood = on("/query", lambda d: d.reply(401, b"", "text/plain"))
    with pytest.raises(StoreUnavailable, match="does not take these credentials") as caught:
        store_at(faulty, EAA_STORE_USER="ada", EAA_STORE_PASSWORD="pässword").graphs()
    assert "pässword" not in str(caught.value)


def test_digest_is_answered_when_it_is_asked_for(faulty: Faulty) -> None:
    def challenge(door: _Door, _: int) -> bool:
        if door.headers.get("Authorization", "").startswith("Digest"):
            return False
        door.reply(
            401, b"", "text/plain", WWW_Authenticate='Digest realm="SPARQL", nonce="abc", qop="auth", algorithm=MD5'
        )
        return True

    faulty.mood = challenge
    assert store_at(faulty, EAA_STORE_USER="dba", EAA_STORE_PASSWORD="dba").graphs() == []
    assert 'username="dba"' in faulty.log[-1][2]["Authorization"]


def test_a_password_comes_from_the_keyring(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class Ring(KeyringBackend):
        priority = 1  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            return {
                ("eaa-graph " + faulty.address, "ada"): "from-ring",
                ("eaa-graph " + faulty.address, "token"): "t0ken",
            }.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        store_at(faulty, EAA_STORE_USER="ada").graphs()
        assert faulty.log[-1][2]["Authorization"] == "Basic YWRhOmZyb20tcmluZw=="
        store_at(faulty, EAA_STORE_TOKEN="keyring").graphs()
        assert faulty.log[-1][2]["Authorization"] == "Bearer t0ken"
        with pytest.raises(BadSettings, match="keyring set"):
            store_at(faulty, EAA_STORE_USER="bob")
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("https://ada:secret@example.org/sparql", "must not hold a name or password"),
        ("https://secret@example.org/sparql", "must not hold a name or password"),
        ("https://example.org/sparql?access-token=secret", "must end before"),
        ("https://example.org/sparql#secret", "must end before"),
        ("ftp://example.org/secret", "must start with http"),
        ("https:///secret", "name a host"),
        ("https://example.org:port/secret", "no web address"),
        ("https://[secret/", "no web address"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_secrets(place: str, says: str) -> None:
    with pytest.raises(BadSettings, match=says) as caught:
        open_store(place)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"EAA_STORE_TOKEN": "t"}, "everybody on the way could read"),
        ({"EAA_STORE_USER": "u", "EAA_STORE_PASSWORD": "p"}, "everybody on the way could read"),
        ({"EAA_STORE_TOKEN": "t", "EAA_STORE_USER": "u"}, "not both"),
        ({"EAA_STORE_TOKEN": "t\nX: y"}, "line break"),
        ({"EAA_STORE_USER": "u:v", "EAA_STORE_PASSWORD": "p"}, "colon"),
        ({"EAA_STORE_SECONDS": "soon"}, "number of seconds"),
        ({"EAA_STORE_SECONDS": "0"}, "number of seconds"),
    ],
)
def test_settings_that_make_no_sense(environment: dict[str, str], says: str) -> None:
    with pytest.raises(BadSettings, match=says):
        Web("http://example.org/sparql", environment)
    if "everybody" in says:
        Web("http://example.org/sparql", {**environment, "EAA_STORE_PLAIN": "yes"})
        Web("https://example.org/sparql", environment)


@pytest.mark.parametrize(
    ("place", "update", "graphs"),
    [
        ("http://h:7878", "http://h:7878/update", "http://h:7878/store"),
        ("http://h:7878/", "http://h:7878/update", "http://h:7878/store"),
        ("http://h:7878/query", "http://h:7878/update", "http://h:7878/store"),
        ("http://h:8890/sparql", "http://h:8890/sparql", "http://h:8890/sparql-graph-crud"),
        ("http://h:8890/sparql-auth", "http://h:8890/sparql-auth", "http://h:8890/sparql-graph-crud-auth"),
        ("https://h:8182/sparql", "https://h:8182/sparql", "https://h:8182/sparql/gsp/"),
        ("http://h:7200/repositories/r", "http://h:7200/repositories/r/statements", "http://h:7200/repositories/r/rdf-graphs/service"),
        ("http://h:5820/db/query", "http://h:5820/db/update", "http://h:5820/db"),
        ("http://h:3030/ds/query", "http://h:3030/ds/update", "http://h:3030/ds/data"),
        ("http://h:3030/ds/sparql", "http://h:3030/ds/update", "http://h:3030/ds/data"),
        ("http://h:9999/blazegraph/namespace/kb/sparql", "http://h:9999/blazegraph/namespace/kb/sparql", ""),
        ("http://h:7001/api", "http://h:7001/api", "http://h:7001/api"),
    ],
)  # fmt: skip
def test_one_address_tells_the_others(place: str, update: str, graphs: str) -> None:
    found = address_of(place, {})
    assert (found.update, found.graphs) == (update, graphs)
    own = address_of(place, {"EAA_STORE_UPDATE": "https://h/u", "EAA_STORE_GRAPHS": "none"})
    assert (own.query, own.update, own.graphs) == (found.query, "https://h/u", "")


# --- real servers -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["oxigraph", "virtuoso"])
def place(request: pytest.FixtureRequest) -> str:
    return servers.emptied(getattr(servers, request.param)())


def cli(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_a_review_is_built_into_a_store_and_asked_there(place: str, tmp_path: Path) -> None:
    built = cli("build", "--example", "example_minimal", "--store", place, "--out", str(tmp_path / "out"))
    assert built.exit_code == 0, built.stderr
    assert re.search(r"upload  \d+ graphs, 0 unchanged, sent in \d+ parts?", built.stderr)
    for asked in (
        ["who-coded-what"],
        ["occurrence", "by=none", "role=outcome"],
        ["extractions-behind", "--why", "1"],
        ["gap-register"],
    ):
        here = cli("ask", "--example", "example_minimal", *asked, "--format", "csv")
        far = cli("ask", "--store", place, *asked, "--format", "csv")
        assert far.stdout == here.stdout, far.stderr
        assert far.exit_code == 0
    sparql = "SELECT (COUNT(*) AS ?n) FROM <https://w3id.org/eaa/onto> WHERE { ?s ?p ?o }"
    counts = {cli("query", *where, "-e", sparql).stdout for where in (["--example", "eaa_pilot"], ["--store", place])}
    assert len(counts) == 1
    wrong = cli("ask", "--store", place, "--review", "nobody", "dyads")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
    assert "no review in this store is called 'nobody'" in wrong.stderr


@pytest.mark.slow
def test_figures_and_dossiers_are_those_of_the_review_that_was_sent(place: str, tmp_path: Path) -> None:
    assert cli("build", "--example", "eaa_pilot", "--store", place, "--out", str(tmp_path / "out")).exit_code == 0
    drawn = 0
    for name in pipeline.drawable():
        files = []
        for where, words in (("here", ["--example", "eaa_pilot"]), ("far", ["--store", place])):
            told = cli("draw", name, *words, "--out", str(tmp_path / where / f"{name}.svg"))
            written = sorted((tmp_path / where).glob(f"{name}.*"))
            files.append((told.exit_code, told.stderr, [(f.name, f.read_bytes()) for f in written]))
            drawn += told.exit_code == 0
        assert files[0] == files[1], name
    assert drawn > len(pipeline.drawable()), "most figures are drawn from both"
    gap = cli("ask", "--example", "eaa_pilot", "gap-register", "--format", "csv").stdout.splitlines()[1].split(",")
    (named,) = [word for word in gap if re.fullmatch(r"[a-z-]+-[0-9a-f]{12}", word)][:1]
    here, far = (cli("dossier", *words, named) for words in (["--example", "eaa_pilot"], ["--store", place]))
    assert (far.exit_code, far.stdout) == (0, here.stdout)
    odd = cli("dossier", "--store", place, named, "and-more")
    assert (odd.exit_code, odd.stderr.count("\n")) == (2, 1)


def test_several_reviews_lie_in_one_store_without_mixing(place: str) -> None:
    names = ("eaa_published", "example_minimal")
    for name in names:
        pipeline.upload(pipeline.review(example(name)), place)
    with pytest.raises(EaaError, match="holds 2 reviews: name one with --review"):
        pipeline.stored(Settings(store=place))
    for name in names:
        here = pipeline.review(example(name))
        far = pipeline.stored(Settings(store=place), here.records.review.id)
        assert far.records == here.records
        assert far.names.things.keys() == here.names.things.keys()
        for asked in ("theory-versions", "roles-of-a-concept"):
            assert pipeline.answer(far, asked).rows == pipeline.answer(here, asked).rows
        snapshot = pipeline.snapshot(Settings(store=place), here.records.review.id)
        assert snapshot.store.dump("nq", [g for g in snapshot.store.graphs() if "/graph/" in g]) == here.store.dump(
            "nq", [g for g in here.store.graphs() if "/graph/" in g]
        )
    with pytest.raises(UnknownName, match="did you mean"):
        pipeline.stored(Settings(store=place), "example_minimall")


def test_an_empty_store_says_so(place: str) -> None:
    with pytest.raises(EaaError, match="there is no review in this store"):
        pipeline.stored(Settings(store=place))
    for outside in ("SELECT ?s WHERE { ?s ?p ?o }", "SELECT ?g WHERE { GRAPH ?g { ?s ?p ?o } }"):
        assert RemoteStore(place).select(outside).rows == []


def test_long_columns_come_whole(place: str) -> None:
    """More rows than the Virtuoso of the tests gives at once."""
    store = RemoteStore(place)
    many = quads(3 * servers.VIRTUOSO_ROWS + 17)
    store.add(many)
    assert set(store.quads()) == set(many)
    asked = "SELECT ?s ?o WHERE { ?s <http://a.org/p> ?o }"
    assert sorted(store.select(f"{asked} ORDER BY DESC(?o)").rows) == sorted((q.subject, q.object) for q in many)
    assert [r[1] for r in store.select(f"{asked} ORDER BY DESC(?o)").rows] == [q.object for q in reversed(many)]
    assert len(store.select(asked).rows) == len(many)


def half_and_half(place: str, rounds: int) -> tuple[int, set[tuple[int, ...]]]:
    """Swap two builds to and fro while readers look; return how often they looked and what they saw of each graph."""
    builds = []
    for size in (400, 900):
        build = OxigraphStore()
        for name in ("a", "b", "c"):
            build.add(quads(size, iri(f"http://a.org/{name}")))
        builds.append(build)
    writer = RemoteStore(place)
    writer.replace(builds[0], "http://a.org/")
    stop, seen, looks = threading.Event(), set(), [0]
    counted = " ".join(
        f"{{ SELECT (COUNT(*) AS ?{n}) WHERE {{ GRAPH <http://a.org/{n}> {{ ?s ?p ?o }} }} }}" for n in "abc"
    )

    def look() -> None:
        reader = RemoteStore(place, Web(address_of(place, {}).query, {}))
        while not stop.is_set():
            (row,) = reader._rows(f"SELECT ?a ?b ?c WHERE {{ {counted} }}").rows
            seen.add(tuple(int(str(t).split('"')[1]) for t in row))
            looks[0] += 1

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(rounds):
            writer.replace(builds[(number + 1) % 2], "http://a.org/")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return looks[0], seen


def test_readers_of_oxigraph_see_one_build_or_the_other() -> None:
    looks, seen = half_and_half(servers.emptied(servers.oxigraph()), int(os.environ.get("EAA_SWAPS", "8")))
    assert looks > 20
    assert seen <= {(400, 400, 400), (900, 900, 900)}


def test_two_builds_at_once_leave_one_of_them_whole(place: str) -> None:
    builds = [build_of(700), build_of(700, first=300)]
    problems: list[Exception] = []

    def put(build: OxigraphStore) -> None:
        try:
            RemoteStore(place).replace(build, "http://a.org/")
        except StoreUnavailable as error:
            problems.append(error)

    threads = [threading.Thread(target=put, args=(b,)) for b in builds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for build in builds:  # whatever happened: doing it again sets it right
        RemoteStore(place).replace(build, "http://a.org/")
        assert set(RemoteStore(place).quads()) == set(build.quads())
    assert len(problems) < 2


def test_the_book_is_no_part_of_a_review(place: str) -> None:
    build = OxigraphStore()
    build.add(encode(few_articles(check(example("eaa_pilot")).records, 2)))
    store = RemoteStore(place)
    store.replace(build, BASE)
    assert store.choose() == BASE
    assert BOOK not in store.graphs()
    assert len(store) == len(build)
    assert queries.names(store) == queries.names(build)


def test_a_review_is_served_as_it_is_in_the_store(place: str) -> None:
    from eaa_graph import server

    here = pipeline.review(example("example_minimal"))
    pipeline.upload(here, place)
    for quotes in ("all", "withhold"):
        built, held = server.opened(None, Settings(store=place, infer="none"), quotes, lambda stage, result: None)
        assert isinstance(built.store, OxigraphStore), "queries of the public run in workers here, not over there"
        assert built.records.review == here.records.review
        assert bool(held) == (quotes == "withhold")
