"""A store elsewhere that speaks SPARQL 1.1: queries, updates and the graph store protocol.

What is read
    Every query sees the union of the graphs that are its business: those of one review and the ontology, or all but
    what is being loaded. Where a server's default graph is that union already nothing is said; elsewhere the graphs
    are named in each request. Long answers that a server cuts without a word are fetched page by page.
What is written
    :meth:`RemoteStore.replace` loads a whole build into graphs aside, counts what came, and then swaps the build in
    with one update, which a server with transactions does at once for every reader. Each step may be repeated, so a
    cut connection costs a batch and not the build; :data:`BOOK` holds what each graph is made of, so that what is
    there already is not sent again.
"""

from __future__ import annotations

__all__ = ["BOOK", "RemoteStore", "Replaced"]

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from eaa_graph.errors import BadQuery, EaaError, StoreUnavailable, UnknownName
from eaa_graph.store import OxigraphStore, Solutions, Store, bare_words, query_kind, without_prologue
from eaa_graph.store.web import Address, Reply, Web, address_of
from eaa_graph.vocabulary import ONTOLOGY, PREFIXES, RDF, XSD, Literal, Quad, Term, iri, literal, read_term

#: The graph in which a store keeps what each graph of a build is made of.
BOOK = "urn:eaa-graph:builds"
_HOLDS, _CONTENT, _LOADING = "urn:eaa-graph:holds", "urn:eaa-graph:content", "urn:eaa-graph:loading"
#: Graphs that are being loaded: the day, then the digest of what they hold.
_STAGING = "urn:eaa-graph:staging:"
#: An upload that nobody came back to for so long is swept away.
_FORGOTTEN = timedelta(days=2)
#: Graphs that Virtuoso keeps for itself.
_OF_THE_SERVER = re.compile(
    r"http://www\.openlinksw\.com/schemas/|http://www\.w3\.org/ns/ldp#|http://localuriqaserver/"
    r"|https?://[^/]+/DAV/|virtrdf-label$|urn:(?:core|rules)\.|b3s(?:ifp|onto)"
)
#: How Oxigraph's server is asked for the union; others pass over what they do not know.
_UNION = [("union-default-graph", "true")]
_JSON = "application/sparql-results+json"
_NTRIPLES = "application/n-triples"
#: Statements, and bytes, to a request: of the graph store protocol, and of INSERT DATA, which some servers compile.
_BATCH = (50_000, 8 << 20)
_INSERT_BATCH = (1_000, 256 << 10)
#: So many things to a VALUES or a chain of ADD.
_LISTED = 500


_T = TypeVar("_T")


class Replaced(NamedTuple):
    """What :meth:`RemoteStore.replace` did.

    Attributes
    ----------
    graphs : int
        Graphs of the build.
    same : int
        Of these, how many the store held already.
    sent, kept : int
        Batches sent, and batches of an earlier upload that were cut off and are used now.
    gone : int
        Graphs of the earlier build that the new one has no more.
    """

    graphs: int
    same: int
    sent: int
    kept: int
    gone: int


class RemoteStore(Store):
    """A store on the web.

    Parameters
    ----------
    place : str
        Its address; see :func:`eaa_graph.store.web.address_of`.
    web : Web, optional
        How it is asked; made from the environment unless given.
    address : Address, optional
    exact : bool
        Name the graphs in every request, even where the server's default graph seems to be just their union: what
        the server keeps for itself is then in no answer. Questions about a review cannot meet any of that, and
        Virtuoso answers them a hundred times faster without.

    Raises
    ------
    BadSettings
        If the address or the settings in the environment make no sense.
    MissingExtra
        If the optional part is not installed.
    """

    def __init__(self, place: str, web: Web | None = None, address: Address | None = None, exact: bool = False) -> None:
        self._exact = exact
        self._address = address or address_of(place)
        self._web = web or Web(self._address.query)
        self.review = ""
        self._base = ""
        self._graphs: list[str] | None = None
        self._plain: bool | None = None
        self._union: list[tuple[str, str]] = []
        self._state = ""

    def close(self) -> None:
        """Hang up."""
        self._web.close()

    # --- which review ---------------------------------------------------------------------------

    def reviews(self) -> dict[str, str]:
        """Return the reviews of the store: id to base of its IRIs."""
        rows = self._rows(
            "SELECT DISTINCT ?id ?base ?g WHERE { GRAPH ?g { ?review a eaa:Review ; dcterms:identifier ?id ; eaa:baseIri ?base } }"
        ).rows
        found: dict[str, str] = {}
        for identifier, _, graph in rows:
            name = str(read_term(graph or Term("")))
            base, _, last = name.rpartition("/graph/")
            if last == "review":
                found[str(_value(identifier))] = base + "/"
        return dict(sorted(found.items()))

    def choose(self, review: str = "") -> str:
        """Look at one review only, from now on; return the base of its IRIs.

        Raises
        ------
        EaaError
            If there is none, or there are several and none is named.
        UnknownName
            If none is called so.
        """
        known = self.reviews()
        if review and review not in known:
            raise UnknownName("review in this store", review, known)
        if not known:
            raise EaaError("there is no review in this store")
        if not review and len(known) > 1:
            raise EaaError(f"this store holds {len(known)} reviews: name one with --review: {', '.join(known)}")
        self.review = review or next(iter(known))
        self._base = known[self.review]
        self._forget()
        return self._base

    def version(self) -> str:
        """Return a word that changes whenever a build is swapped in; empty if no build of ours was loaded."""
        rows = self._rows(
            f"SELECT ?graph ?content WHERE {{ GRAPH <{BOOK}> {{ ?graph <{_CONTENT}> ?content }} }} ORDER BY ?graph"
        ).rows
        mine = [row for row in rows if not self._base or str(read_term(row[0] or "")).startswith(self._base)]
        return hashlib.sha256(repr(mine).encode()).hexdigest() if mine else ""

    def _forget(self) -> None:
        self._graphs = None
        self._plain = None

    def _in_scope(self) -> list[str]:
        if self._graphs is None:
            held: list[str] = []
            if self._base:
                rows = self._rows(
                    f"SELECT ?g WHERE {{ GRAPH <{BOOK}> {{ {iri(self._base)} <{_HOLDS}> ?g }} }} ORDER BY ?g"
                ).rows
                held = [str(read_term(row[0] or "")) for row in rows]
            self._graphs = held or [
                g for g in self._listed() if not self._base or g.startswith(self._base) or g == ONTOLOGY
            ]
        return self._graphs

    def _listed(self, ours: bool = False) -> list[str]:
        """Return the named graphs, without those of the server and (unless `ours`) those of this module."""
        rows = self._rows("SELECT ?g WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g").rows
        # Grouped, not DISTINCT: the same to every server, and to Virtuoso a thousand times faster.
        names = {str(read_term(row[0] or "")) for row in rows}
        return sorted(
            g for g in names if not _OF_THE_SERVER.match(g) and (ours or not (g == BOOK or g.startswith(_STAGING)))
        )

    def _dataset(self) -> list[tuple[str, str]]:
        """Return the graphs to name in a request; none where the server's own default graph is their union."""
        graphs = self._in_scope()
        if self._plain is None and self._exact:
            self._plain = False
        if self._plain is None:
            # In this order: what is loaded from now on changes the state, and is noticed after the answer.
            self._state = self._state_of_the_book()
            # Virtuoso answers a hundred times faster when no graph is named, Oxigraph six times: worth a look.
            self._union = next((asked for asked in ([], _UNION) if self._is_union(graphs, asked)), [("", "")])
            self._plain = self._union != [("", "")] and set(self._listed(ours=True)) - {BOOK} == set(graphs)
        if self._plain:
            return self._union
        # An empty list would mean "whatever you have": this one names a graph that is not there.
        return [
            (name, graph)
            for graph in (graphs or ["urn:eaa-graph:nothing"])
            for name in ("default-graph-uri", "named-graph-uri")
        ]

    def _state_of_the_book(self) -> str:
        rows = self._rows(f"SELECT ?s ?p ?o WHERE {{ GRAPH <{BOOK}> {{ ?s ?p ?o }} }}").rows
        return hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()

    def _in_its_graphs(self, sparql: str, run: Callable[[list[tuple[str, str]]], _T]) -> _T:
        """Run a query over the graphs that are its business."""
        if "FROM" in bare_words(sparql)[0]:  # it names them itself
            return run([])
        while True:
            dataset = self._dataset()
            found = run(dataset)
            if not self._plain or self._state_of_the_book() == self._state:
                return found
            # No graph was named, and somebody began to load another build or review: look again at what to name.
            self._forget()

    def _is_union(self, graphs: list[str], asked: list[tuple[str, str]]) -> bool:
        """Say whether a statement of each of a few graphs is in the server's default graph, `asked` for like that."""
        looked = False
        for graph in graphs[:3]:
            for subject, predicate in self._rows(
                f"SELECT ?s ?p WHERE {{ GRAPH {iri(graph)} {{ ?s ?p ?o }} FILTER(isIRI(?s)) }} LIMIT 1"
            ).rows:
                looked = True
                if not _truth(self._json(f"ASK {{ {subject} {predicate} ?o }}", asked)):
                    return False
        return looked

    # --- asking -------------------------------------------------------------------------------------

    def _ask_server(self, sparql: str, dataset: list[tuple[str, str]], accept: str) -> Reply:
        reply = self._web.send(
            "POST",
            self._address.query,
            repeatable=True,
            body=[("query", _with_needed_prefixes(sparql)), *dataset],
            headers={"Accept": accept},
        )
        if reply.status != 200:
            raise self._refusal(reply, sparql)
        return reply

    def _refusal(self, reply: Reply, sparql: str = "") -> EaaError:
        """Say in one line what a status means here."""
        where, said = _shown(self._address.query), f": {reply.said}" if reply.said else ""
        if sparql and (
            reply.status == 400 or (reply.status == 500 and re.match(r"Virtuoso \w{5} Error S[PQ]", reply.text))
        ):
            return _misread(sparql) or BadQuery(f"the store cannot run this query{said}")
        if reply.status == 401:
            known = "does not take these credentials" if self._web.signs else "asks who you are"
            return StoreUnavailable(
                f"{where} {known} (401): set EAA_STORE_USER and EAA_STORE_PASSWORD, or EAA_STORE_TOKEN, in the environment"
            )
        meanings = {
            403: "may not be done with these credentials (403)"
            if self._web.signs
            else "may not be done by everybody (403)",
            404: "there is no SPARQL endpoint at this address (404)",
            405: "this address does not take such requests (405): is it for queries only?",
            406: "the store answers in no form that is understood here (406)",
            413: "the request is longer than the store takes (413)",
            415: "the store does not take this kind of data (415)",
            500: "the store failed (500)",
        }
        return StoreUnavailable(f"{where}: {meanings.get(reply.status, f'unexpected status {reply.status}')}{said}")

    def _json(self, sparql: str, dataset: list[tuple[str, str]]) -> dict[str, Any]:
        # Half an answer with status 200 is asked for again: some servers write until they fail.
        for last in (False, False, True):
            reply = self._ask_server(sparql, dataset, _JSON)
            if reply.media not in (_JSON, "application/json"):
                raise self._not_results(reply)
            try:
                found = json.loads(reply.body)
            except ValueError:
                if last:
                    raise StoreUnavailable(
                        f"{_shown(self._address.query)}: the answer broke off or is no JSON; the store may have run out of time or memory"
                    ) from None
                continue
            if isinstance(found, dict) and isinstance(found.get("head"), dict):
                found["cut"] = reply.headers.get("x-sparql-maxrows", "")
                return found
            break
        raise StoreUnavailable(f"{_shown(self._address.query)}: the answer is no result of a SPARQL query")

    def _not_results(self, reply: Reply) -> StoreUnavailable:
        where = _shown(self._address.query)
        if "html" in reply.media:
            return StoreUnavailable(f"{where}: a web page came instead of results; is this the SPARQL endpoint?")
        return StoreUnavailable(f"{where}: {reply.media or 'something without a media type'} came instead of {_JSON}")

    def _rows(self, sparql: str, dataset: list[tuple[str, str]] | None = None) -> Solutions:
        """Run a SELECT over the graphs named, or over whatever the server takes by default."""
        found = self._json(sparql, dataset or [])
        try:
            variables = tuple(str(v) for v in found["head"].get("vars", ()))
            rows = _bindings(found["results"]["bindings"], variables)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreUnavailable(
                f"{_shown(self._address.query)}: the answer is no result of a SELECT ({type(error).__name__})"
            ) from None
        if _may_be_cut(len(rows), str(found["cut"])):
            return self._paged(sparql, dataset or [], Solutions(variables, rows))
        return Solutions(variables, rows)

    def _paged(self, sparql: str, dataset: list[tuple[str, str]], first: Solutions) -> Solutions:
        """Fetch what a server cut page by page; `first` comes back if it did not.

        Raises
        ------
        StoreUnavailable
            If the pages do not add up, because the store changed meanwhile or does not keep its order.
        """
        prologue, body = without_prologue(sparql)
        if "FROM" in bare_words(body)[0]:  # not allowed inside another query
            body, dataset = _from_as_parameters(body, dataset)
        inner = f"{{ {{ {body}\n}} }}"
        size = len(first.rows)
        whole = _number_in(self._json(f"{prologue} SELECT (COUNT(*) AS ?n) WHERE {inner}", dataset))
        if whole <= size:
            return first
        ordered = "ORDER" in bare_words(_tail(body))[0]
        if not ordered:
            keys = " ".join(f"?{v}" for v in first.variables)
            inner = f"{{ {{ SELECT * WHERE {inner} ORDER BY {keys} }} }}"
        for _ in range(2):
            rows: list[tuple[Term | None, ...]] = []
            while len(rows) < whole:
                # The order is made inside and the page cut outside: Virtuoso sorts no more than it would return.
                page = self._json(f"{prologue} SELECT * WHERE {inner} LIMIT {size} OFFSET {len(rows)}", dataset)
                got = _bindings(page["results"]["bindings"], first.variables)
                if not got:
                    break
                rows += got
            distinct = f"{prologue} SELECT (COUNT(*) AS ?n) WHERE {{ {{ SELECT DISTINCT * WHERE {inner} }} }}"
            again = _number_in(self._json(distinct, dataset))
            if len(rows) == whole and len(set(rows)) == again:
                return Solutions(first.variables, rows)
            whole = _number_in(self._json(f"{prologue} SELECT (COUNT(*) AS ?n) WHERE {inner}", dataset))
        raise StoreUnavailable(
            f"{_shown(self._address.query)}: the store cuts answers at {size:,} rows, and the pages do not add up to "
            f"{whole:,}: it is being changed, or the query's ORDER BY leaves rows in no order"
        )

    def select(self, sparql: str) -> Solutions:
        """Run a SELECT query."""
        _must_be(sparql, ("SELECT",), "a SELECT")
        return self._in_its_graphs(sparql, lambda dataset: self._rows(sparql, dataset))

    def ask(self, sparql: str) -> bool:
        """Run an ASK query."""
        _must_be(sparql, ("ASK",), "an ASK")
        answer = self._in_its_graphs(sparql, lambda dataset: _truth(self._json(sparql, dataset)))
        if answer is None:
            raise StoreUnavailable(f"{_shown(self._address.query)}: the answer is no result of an ASK")
        return answer

    def construct(self, sparql: str) -> list[tuple[Term, Term, Term]]:
        """Run a CONSTRUCT or DESCRIBE query."""
        _must_be(sparql, ("CONSTRUCT", "DESCRIBE"), "a CONSTRUCT or DESCRIBE")
        return sorted(set(self._in_its_graphs(sparql, lambda dataset: self._triples(sparql, dataset))))

    def _triples(self, sparql: str, dataset: list[tuple[str, str]]) -> list[tuple[Term, Term, Term]]:
        import pyoxigraph as ox

        for last in (False, False, True):
            reply = self._ask_server(sparql, dataset, f"{_NTRIPLES}, text/turtle;q=0.5")
            if reply.media not in (_NTRIPLES, "text/plain", "text/turtle", "text/n3", "text/rdf+n3"):
                raise self._not_results(reply)
            form = ox.RdfFormat.TURTLE if reply.media != _NTRIPLES else ox.RdfFormat.N_TRIPLES
            try:
                return [
                    (_settled(str(q.subject)), _settled(str(q.predicate)), _settled(str(q.object)))
                    for q in ox.parse(input=reply.body, format=form, lenient=True)
                ]
            except SyntaxError:
                if last:
                    raise StoreUnavailable(
                        f"{_shown(self._address.query)}: the graph that came cannot be read; it may have broken off"
                    ) from None
        raise AssertionError

    def quads(self, graph: str | None = None) -> Iterator[Quad]:
        """Yield the quads of one named graph, or of all in scope."""
        for name in self.graphs() if graph is None else [graph]:
            node = iri(name)
            pattern = f"WHERE {{ GRAPH {node} {{ ?s ?p ?o }} }}"
            triples = self._triples(f"CONSTRUCT {{ ?s ?p ?o }} {pattern}", [])
            if len(triples) != self._count([name])[name]:  # cut, or changed meanwhile
                triples = [(s, p, o) for s, p, o in self._rows(f"SELECT ?s ?p ?o {pattern}").rows if s and p and o]
            for s, p, o in triples:
                yield Quad(s, p, o, node)

    def graphs(self) -> list[str]:
        """Return the IRIs of the named graphs, sorted."""
        return sorted(self._in_scope()) if self._base else self._listed()

    def _count(self, graphs: Iterable[str]) -> dict[str, int]:
        """Return how many statements each of these graphs holds."""
        # One short question for each: Virtuoso takes minutes for a list of graphs in VALUES.
        return {
            graph: _number_in(self._json(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {iri(graph)} {{ ?s ?p ?o }} }}", []))
            for graph in graphs
        }

    def __len__(self) -> int:
        return sum(self._count(self.graphs()).values())

    # --- writing ----------------------------------------------------------------------------------

    def update(self, sparql: str, repeatable: bool = False) -> None:
        """Run an update; `repeatable` if doing it twice is the same as doing it once.

        Raises
        ------
        StoreUnavailable
            If it may not be done, or nobody knows whether it was.
        """
        reply = self._web.send(
            "POST", self._address.update, repeatable=repeatable, body=[("update", sparql)], headers={"Accept": "*/*"}
        )
        self._forget()
        if reply.status not in (200, 201, 204):
            raise self._unwritten(reply, self._address.update)

    def _unwritten(self, reply: Reply, address: str) -> StoreUnavailable:
        if reply.status == 500 and "permission" in reply.text.casefold():
            reply = reply._replace(status=403)
        problem = str(self._refusal(reply)).replace(_shown(self._address.query), _shown(address), 1)
        return StoreUnavailable(problem.replace("there is no SPARQL endpoint", "nothing can be written", 1))

    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads, a batch at a time; a batch whose fate is unknown is not sent again by itself."""
        count = 0
        by_graph: dict[Term, list[str]] = {}
        for s, p, o, g in quads:
            count += 1
            by_graph.setdefault(g, []).append(f"{s} {p} {o} .\n")
        for graph, lines in by_graph.items():
            for batch in self._batches(lines):
                self._insert(graph, batch)
        return count

    def _insert(self, graph: Term, batch: bytes) -> None:
        if not self._address.graphs:
            self.update(f"INSERT DATA {{ GRAPH {graph} {{\n{batch.decode()}}} }}")
            return
        self._graph_store("POST", graph, batch, repeatable=False)

    def _graph_store(self, method: str, graph: Term, body: bytes, repeatable: bool) -> None:
        reply = self._web.send(
            method,
            self._address.graphs,
            repeatable=repeatable,
            parameters={"graph": str(read_term(graph))},
            body=body,
            headers={"Content-Type": _NTRIPLES, "Accept": "*/*"},
        )
        self._forget()
        if reply.status not in (200, 201, 204):
            raise self._unwritten(reply, self._address.graphs)

    def _put(self, graph: Term, batch: bytes) -> None:
        """Make `graph` hold these statements and no others; may be repeated."""
        if self._address.graphs:
            self._graph_store("PUT", graph, batch, repeatable=True)
        else:
            self.update(
                f"DROP SILENT GRAPH {graph} ;\nINSERT DATA {{ GRAPH {graph} {{\n{batch.decode()}}} }}", repeatable=True
            )

    def _batches(self, lines: Iterable[str]) -> Iterator[bytes]:
        """Yield statements in batches; those with blank nodes, whose names hold within one request, go together."""
        most, most_bytes = _BATCH if self._address.graphs else _INSERT_BATCH
        together: list[str] = []
        batch: list[str] = []
        size = 0
        for line in lines:
            if line.startswith("_:") or " _:" in line:
                together.append(line)
                continue
            batch.append(line)
            size += len(line)
            if len(batch) >= most or size >= most_bytes:
                yield "".join(batch).encode()
                batch, size = [], 0
        if together and len(together) + len(batch) <= most:
            together, batch = [], [*together, *batch]
        for rest in (batch, together):
            if rest:
                yield "".join(rest).encode()

    def add_file(self, path: Path, graph: str) -> None:
        """Add a Turtle file to a named graph."""
        aside = OxigraphStore()
        aside.add_file(path, graph)
        self.add(aside.quads())

    def drop(self, graph: str) -> None:
        """Remove a named graph."""
        self.update(f"DROP SILENT GRAPH {iri(graph)}", repeatable=True)

    # --- a whole build ----------------------------------------------------------------------------

    def replace(self, build: Store, base: str, told: Callable[[int, int], None] | None = None) -> Replaced:
        """Swap in a build: every graph of `build` takes the place of what the store has of this review.

        Parameters
        ----------
        build : Store
            The new build, complete.
        base : str
            Base of the review's IRIs: graphs below it that the build has no more are removed.
        told : callable, optional
            Called as ``told(batches done, of how many)``.

        Raises
        ------
        StoreUnavailable
            If it cannot be done; the earlier build is then as it was, unless the message says otherwise.
        """
        names = build.graphs()
        content = {g: build.dump("nt", [g]).decode().splitlines(keepends=True) for g in names}
        digest = {g: _digest(lines) for g, lines in content.items()}
        held, known = self._book(base)
        counts = self._count(names)
        changed = [g for g in names if known.get(g) != digest[g] or counts[g] != len(content[g])]
        everything = self._listed(ours=True)
        gone = [g for g in everything if g.startswith(base) and g not in content]
        batches = {g: list(self._batches(content[g])) for g in changed}
        earlier = {g.rpartition(":")[2]: g for g in everything if g.startswith(_STAGING)}
        staged = {g: [_staging(b, earlier) for b in batches[g]] for g in changed}
        if changed:
            # Said before the first statement comes, for readers whose server makes one graph of all.
            self.update(
                f'INSERT DATA {{ GRAPH <{BOOK}> {{ {iri(base)} <{_LOADING}> "{_digest(sorted(digest.values()))}" }} }}',
                repeatable=True,
            )
        sent, kept = self._stage(batches, staged, everything, told)
        if changed or gone or held != set(names):
            self._swap(base, digest, staged, gone, {g: len(content[g]) for g in changed})
        self._sweep([*(s for names_ in staged.values() for s in names_), *_forgotten(everything)])
        if changed:
            self.update(f"DELETE WHERE {{ GRAPH <{BOOK}> {{ {iri(base)} <{_LOADING}> ?build }} }}", repeatable=True)
        return Replaced(len(names), len(names) - len(changed), sent, kept, len(gone))

    def _book(self, base: str) -> tuple[set[str], dict[str, str]]:
        """Return the graphs that the store is known to hold of a review, and what each is made of."""
        held = {
            str(read_term(g))
            for (g,) in self._rows(f"SELECT ?g WHERE {{ GRAPH <{BOOK}> {{ {iri(base)} <{_HOLDS}> ?g }} }}").rows
            if g
        }
        known: dict[str, str] = {}
        for g, content in self._rows(f"SELECT ?g ?c WHERE {{ GRAPH <{BOOK}> {{ ?g <{_CONTENT}> ?c }} }}").rows:
            value = read_term(content or Term('""'))
            if g and isinstance(value, Literal):
                known[str(read_term(g))] = value.value
        return held, known

    def _stage(
        self,
        batches: Mapping[str, list[bytes]],
        staged: Mapping[str, list[str]],
        everything: list[str],
        told: Callable[[int, int], None] | None,
    ) -> tuple[int, int]:
        """Load every batch into a graph of its own, named for what is in it; use what an earlier try left there."""
        before = set(everything)
        there = self._count([s for names in staged.values() for s in names if s in before])
        of = sum(len(b) for b in batches.values())
        sent = kept = 0
        for graph, parts in batches.items():
            for name, batch in zip(staged[graph], parts, strict=True):
                if there.get(name) == batch.count(b"\n"):
                    kept += 1
                else:
                    self._put(iri(name), batch)
                    sent += 1
                if told is not None:
                    told(sent + kept, of)
        return sent, kept

    def _swap(
        self,
        base: str,
        digest: Mapping[str, str],
        staged: Mapping[str, list[str]],
        gone: list[str],
        sizes: Mapping[str, int],
    ) -> None:
        came = self._count([s for names in staged.values() for s in names])
        for graph, names in staged.items():
            found = sum(came[n] for n in names)
            if found != sizes[graph]:
                raise StoreUnavailable(
                    f"the store kept {found:,} of the {sizes[graph]:,} statements of {graph}; the earlier build is as it "
                    "was (is somebody else loading the same review?)"
                )
        steps = []
        for graph, names in staged.items():
            steps.append(f"DROP SILENT GRAPH {iri(graph)}")
            steps += [f"ADD {iri(name)} TO {iri(graph)}" for name in names]
        steps += [f"DROP SILENT GRAPH {iri(graph)}" for graph in gone]
        # The book last: where it names a new build, the build is there.
        listed = " ".join(iri(g) for g in sorted({*digest, *gone}))
        steps.append(f"DELETE WHERE {{ GRAPH <{BOOK}> {{ {iri(base)} <{_HOLDS}> ?g }} }}")
        steps += (
            [f"DELETE WHERE {{ GRAPH <{BOOK}> {{ {iri(g)} <{_CONTENT}> ?c }} }}" for g in sorted({*digest, *gone})]
            if len(digest) + len(gone) <= 50
            else [
                f"DELETE {{ GRAPH <{BOOK}> {{ ?g <{_CONTENT}> ?c }} }} WHERE {{ VALUES ?g {{ {listed} }} GRAPH <{BOOK}> {{ ?g <{_CONTENT}> ?c }} }}"
            ]
        )
        noted = " ".join(
            f"{iri(base)} <{_HOLDS}> {iri(g)} . {iri(g)} <{_CONTENT}> {literal(c)} ." for g, c in sorted(digest.items())
        )
        steps.append(f"INSERT DATA {{ GRAPH <{BOOK}> {{ {noted} }} }}")
        # What is copied stays where it was, so that all of this may be done again from the start.
        self.update(" ;\n".join(steps), repeatable=True)

    def _sweep(self, graphs: list[str]) -> None:
        left = iter(sorted(set(graphs)))
        while some := list(islice(left, _LISTED)):
            self.update(" ;\n".join(f"DROP SILENT GRAPH {iri(g)}" for g in some), repeatable=True)


# --- what is asked and answered -------------------------------------------------------------------


def _must_be(sparql: str, kinds: tuple[str, ...], named: str) -> None:
    """Refuse anything else before it is sent: Virtuoso takes an update for a query and carries it out."""
    if query_kind(sparql) not in kinds:
        raise _misread(sparql) or BadQuery(f"this is not {named} query")


def _misread(sparql: str) -> BadQuery | None:
    """Let the parser at hand say where a query cannot be read; None if it reads it (or would go elsewhere)."""
    if any("SERVICE" in word for word in bare_words(sparql)[0]):
        return None
    try:
        OxigraphStore().probe(sparql)
    except BadQuery as error:
        return error
    return None


def _with_needed_prefixes(sparql: str) -> str:
    """Declare what a query uses and does not declare itself: not every server takes a prefix twice."""
    _, used = bare_words(sparql)
    declared = {name.upper() for name in re.findall(r"PREFIX\s+([\w.-]*)\s*:", sparql, re.IGNORECASE)}
    return (
        "".join(
            f"PREFIX {name}: <{value}>\n"
            for name, value in PREFIXES.items()
            if name.upper() in used and name.upper() not in declared
        )
        + sparql
    )


def _bindings(found: Any, variables: tuple[str, ...]) -> list[tuple[Term | None, ...]]:
    return [tuple([_term(row[v]) if v in row else None for v in variables]) for row in found]


def _term(binding: Mapping[str, str]) -> Term:
    kind, value = binding["type"], binding["value"]
    if kind == "uri":
        return iri(value)  # ValueError on what would not be one: it may be put into a query later
    if kind == "bnode":
        return Term("_:" + re.sub(r"[^A-Za-z0-9]", "x", value.removeprefix("_:")))
    if kind not in ("literal", "typed-literal"):
        raise ValueError(kind)
    language, datatype = binding.get("xml:lang", ""), binding.get("datatype", "")
    return _written(value, language, "" if language else datatype)


def _written(value: str, language: str, datatype: str) -> Term:
    if datatype == XSD + "string" or datatype == RDF + "langString":
        datatype = ""
    if datatype == XSD + "boolean":  # Virtuoso keeps them as numbers
        value = {"1": "true", "0": "false"}.get(value, value)
    if datatype:
        iri(datatype)
    return literal(value, language, datatype)


def _settled(term: str) -> Term:
    """Return a term of a graph as the other stores write it."""
    value = read_term(term)
    if isinstance(value, Literal):
        return _written(value.value, value.language, "" if value.language else value.datatype)
    return Term(term) if term.startswith("_:") else iri(value)


def _truth(answer: dict[str, Any]) -> bool | None:
    found = answer.get("boolean")
    if found is None and answer["head"].get("vars") == ["__ASK_RETVAL"]:  # Virtuoso
        return bool(answer.get("results", {}).get("bindings"))
    return found if isinstance(found, bool) else None


def _number_in(answer: dict[str, Any]) -> int:
    try:
        return int(answer["results"]["bindings"][0]["n"]["value"])
    except (KeyError, IndexError, TypeError, ValueError):
        raise StoreUnavailable("the store does not count its own answer") from None


def _may_be_cut(rows: int, header: str) -> bool:
    """Say whether an answer may have been cut: the server says so, or it is suspiciously round."""
    if header.isdigit() and rows >= int(header):
        return rows > 0
    return rows >= 1000 and (rows % 500 == 0 or rows & (rows - 1) == 0)


def _tail(body: str) -> str:
    """Return what comes after the last brace of a query: its order and limits."""
    return body.rpartition("}")[2]


def _from_as_parameters(body: str, dataset: list[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    """Take FROM <...> and FROM NAMED <...> out of a query, into parameters of the protocol, which mean the same."""
    found = list(dataset)

    def taken(match: re.Match[str]) -> str:
        found.append(("named-graph-uri" if match[1] else "default-graph-uri", match[2]))
        return " "

    head, brace, rest = body.partition("{")
    return re.sub(r"\bFROM\s+(NAMED\s+)?<([^<>\s]*)>", taken, head, flags=re.IGNORECASE) + brace + rest, found


def _shown(address: str) -> str:
    return address


def _value(term: Term | None) -> str:
    value = read_term(term or Term('""'))
    return value.value if isinstance(value, Literal) else value


_BLANK = re.compile(r"_:[A-Za-z0-9]+")


def _digest(lines: list[str]) -> str:
    """Return what a graph is made of, whatever its blank nodes are called today."""
    named = sorted(_BLANK.sub("_:", line) if line.startswith("_:") or " _:" in line else line for line in lines)
    return hashlib.sha256("".join(named).encode()).hexdigest()


def _staging(batch: bytes, earlier: Mapping[str, str]) -> str:
    digest = hashlib.sha256(batch).hexdigest()
    return earlier.get(digest) or f"{_STAGING}{datetime.now(tz=UTC):%Y%m%d}:{digest}"


def _forgotten(everything: list[str]) -> list[str]:
    """Return the graphs of uploads that nobody will come back to."""
    limit = f"{datetime.now(tz=UTC) - _FORGOTTEN:%Y%m%d}"
    return [g for g in everything if g.startswith(_STAGING) and g[len(_STAGING) :].partition(":")[0] < limit]
