"""The quad store behind one small class: Oxigraph in memory or on disk, or rdflib.

Nothing above this module knows which store it talks to. Terms go in and come
out as :data:`eaa_graph.vocabulary.Term` (N-Triples syntax); every query sees the
union of all named graphs.
"""

from __future__ import annotations

__all__ = ["FORMATS", "OxigraphStore", "RdflibStore", "Solutions", "Store", "open_store"]

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eaa_graph.encode import lines, read_lines
from eaa_graph.errors import BadQuery, StoreUnavailable, UnknownName, UnreadableFile
from eaa_graph.vocabulary import PREFIXES, Quad, Term, literal

if TYPE_CHECKING:
    import pyoxigraph
    import rdflib

#: RDF formats that can be written: name to (suffix, whether it keeps named graphs).
FORMATS: dict[str, tuple[str, bool]] = {
    "trig": (".trig", True),
    "nq": (".nq", True),
    "jsonld": (".jsonld", True),
    "ttl": (".ttl", False),
    "nt": (".nt", False),
    "rdfxml": (".rdf", False),
}

#: Quads to a batch: large enough to keep the loader busy, small enough to stay in cache.
_BATCH = 20_000


class Solutions(NamedTuple):
    """The answer to a SELECT: variable names and one tuple of terms a row (None where unbound)."""

    variables: tuple[str, ...]
    rows: list[tuple[Term | None, ...]]


class Store(ABC):
    """What every store can do; each implementation passes the same contract tests."""

    @abstractmethod
    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads; return how many were given. Adding a quad twice changes nothing."""

    @abstractmethod
    def add_file(self, path: Path, graph: str) -> None:
        """Add a Turtle file to the named graph `graph`; UnreadableFile if it is not Turtle."""

    @abstractmethod
    def select(self, sparql: str) -> Solutions:
        """Run a SELECT query; BadQuery if it is not one."""

    @abstractmethod
    def ask(self, sparql: str) -> bool:
        """Run an ASK query; BadQuery if it is not one."""

    @abstractmethod
    def construct(self, sparql: str) -> list[tuple[Term, Term, Term]]:
        """Run a CONSTRUCT or DESCRIBE query; return its triples, sorted, once each."""

    @abstractmethod
    def quads(self, graph: str | None = None) -> Iterator[Quad]:
        """Yield the quads of one named graph, or of all; in no particular order."""

    @abstractmethod
    def graphs(self) -> list[str]:
        """Return the IRIs of the named graphs, sorted."""

    @abstractmethod
    def drop(self, graph: str) -> None:
        """Remove a named graph and everything in it."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of quads."""

    def close(self) -> None:  # noqa: B027 (most stores hold nothing open)
        """Let go of files; the store cannot be used afterwards."""

    def dump(self, form: str, graphs: Iterable[str] | None = None) -> bytes:
        """Serialise in a format of :data:`FORMATS`; equal graphs give equal bytes.

        Parameters
        ----------
        form : str
            Formats without named graphs write the union of the graphs.
        graphs : iterable of str, optional
            Which named graphs; all of them when left out.

        Raises
        ------
        UnknownName
            If `form` is not a format.
        """
        if form not in FORMATS:
            raise UnknownName("format", form, FORMATS)
        chosen = self.graphs() if graphs is None else sorted(graphs)
        statements = sorted({line for graph in chosen for line in lines(self.quads(graph))})
        return serialise(read_lines(statements), form)


def serialise(quads: Iterable[Quad], form: str) -> bytes:
    """Write quads in a format of :data:`FORMATS`, in the order given (Turtle-like formats group subjects)."""
    import pyoxigraph as ox

    if form in ("nq", "nt"):
        keep = form == "nq"
        triples = (q if keep else q._replace(graph=Term("")) for q in quads)
        written = dict.fromkeys(f"{s} {p} {o} {g} ." if g else f"{s} {p} {o} ." for s, p, o, g in triples)
        return "".join(f"{line}\n" for line in written).encode()
    named = FORMATS[form][1]
    if named:
        text = "".join(f"{line}\n" for line in lines(quads))
        parsed: Iterable[Any] = ox.parse(input=text.encode(), format=ox.RdfFormat.N_QUADS)
    else:
        text = "".join(f"{line}\n" for line in dict.fromkeys(f"{s} {p} {o} ." for s, p, o, _ in quads))
        parsed = (q.triple for q in ox.parse(input=text.encode(), format=ox.RdfFormat.N_TRIPLES))
    kinds = {
        "trig": ox.RdfFormat.TRIG,
        "ttl": ox.RdfFormat.TURTLE,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
    }
    written_out = ox.serialize(parsed, format=kinds[form], prefixes=PREFIXES) or b""
    return _stable_prefixes(written_out, form)


def _stable_prefixes(text: bytes, form: str) -> bytes:
    """Put the prefixes in alphabetical order: the serialiser's own order changes from run to run."""
    if form in ("ttl", "trig"):
        head, body = [], text.splitlines(keepends=True)
        while body and body[0].startswith(b"@prefix"):
            head.append(body.pop(0))
        return b"".join([*sorted(head), b"\n", *body])
    if form == "rdfxml":
        return re.sub(
            rb"<rdf:RDF([^>]*)>", lambda m: b"<rdf:RDF " + b" ".join(sorted(m[1].split())) + b">", text, count=1
        )
    return text


def _with_prefixes(sparql: str) -> str:
    # In front of the query's own prologue, whose declarations win where they differ.
    return "".join(f"PREFIX {name}: <{value}>\n" for name, value in PREFIXES.items()) + sparql


class OxigraphStore(Store):
    """Oxigraph in this process: in memory, or in a folder on disk.

    Parameters
    ----------
    folder : Path, optional
        Where the database lives; in memory when left out.

    Raises
    ------
    StoreUnavailable
        If the folder cannot be opened (locked by another process, not a database, not writable).
    """

    def __init__(self, folder: Path | None = None) -> None:
        import pyoxigraph as ox

        try:
            if folder is not None:
                folder.parent.mkdir(parents=True, exist_ok=True)
            self._store: pyoxigraph.Store = ox.Store(str(folder)) if folder is not None else ox.Store()
        except (OSError, RuntimeError) as error:
            raise StoreUnavailable(f"cannot open the graph in {folder}: {error}") from error
        self._ox = ox

    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads in batches; the loader runs beside the encoder, which yields the next batch meanwhile."""
        iterator = iter(quads)
        first = list(islice(iterator, _BATCH))
        count = len(first)
        if count < _BATCH:
            self._load(first)
            return count
        with ThreadPoolExecutor(1) as loader:
            waiting: list[Future[None]] = [loader.submit(self._load, first)]
            while batch := list(islice(iterator, _BATCH)):
                count += len(batch)
                waiting.append(loader.submit(self._load, batch))
                if len(waiting) > 4:
                    waiting.pop(0).result()
            for future in waiting:
                future.result()
        return count

    def _load(self, quads: list[Quad]) -> None:
        if quads:
            text = "".join([f"{s} {p} {o} {g} .\n" for s, p, o, g in quads])
            try:
                self._store.bulk_load(text.encode(), format=self._ox.RdfFormat.N_QUADS)
            except OSError as error:
                raise StoreUnavailable(f"the graph could not be written: {error}") from error

    def add_file(self, path: Path, graph: str) -> None:
        """Add a Turtle file to a named graph."""
        try:
            self._store.bulk_load(
                path.read_bytes(), format=self._ox.RdfFormat.TURTLE, to_graph=self._ox.NamedNode(graph)
            )
        except (OSError, SyntaxError) as error:
            raise UnreadableFile(f"{path}: {error}") from error

    def _query(self, sparql: str) -> Any:
        try:
            return self._store.query(_with_prefixes(sparql), use_default_graph_as_union=True)
        except SyntaxError as error:
            raise _syntax(sparql, error) from error
        except (RuntimeError, OSError, ValueError) as error:
            raise BadQuery(f"the query cannot be run: {error}") from error

    def select(self, sparql: str) -> Solutions:
        """Run a SELECT query."""
        answer = self._query(sparql)
        if not isinstance(answer, self._ox.QuerySolutions):
            raise BadQuery("this is not a SELECT query")
        variables = tuple(v.value for v in answer.variables)
        try:
            rows = [tuple([None if t is None else Term(str(t)) for t in row]) for row in answer]
        except (RuntimeError, OSError, ValueError) as error:
            raise BadQuery(f"the query cannot be run: {error}") from error
        return Solutions(variables, rows)

    def ask(self, sparql: str) -> bool:
        """Run an ASK query."""
        answer = self._query(sparql)
        if not isinstance(answer, self._ox.QueryBoolean):
            raise BadQuery("this is not an ASK query")
        return bool(answer)

    def construct(self, sparql: str) -> list[tuple[Term, Term, Term]]:
        """Run a CONSTRUCT or DESCRIBE query."""
        answer = self._query(sparql)
        if not isinstance(answer, self._ox.QueryTriples):
            raise BadQuery("this is not a CONSTRUCT or DESCRIBE query")
        return sorted({(Term(str(t.subject)), Term(str(t.predicate)), Term(str(t.object))) for t in answer})

    def quads(self, graph: str | None = None) -> Iterator[Quad]:
        """Yield the quads of one named graph, or of all."""
        node = self._ox.NamedNode(graph) if graph is not None else None
        for q in self._store.quads_for_pattern(None, None, None, node):
            yield Quad(Term(str(q.subject)), Term(str(q.predicate)), Term(str(q.object)), Term(str(q.graph_name)))

    def graphs(self) -> list[str]:
        """Return the IRIs of the named graphs, sorted."""
        return sorted(str(node)[1:-1] for node in self._store.named_graphs())

    def drop(self, graph: str) -> None:
        """Remove a named graph."""
        self._store.remove_graph(self._ox.NamedNode(graph))

    def __len__(self) -> int:
        return len(self._store)

    def close(self) -> None:
        """Write everything out and let go of the database's lock."""
        self._store.flush()
        del self._store


class RdflibStore(Store):
    """rdflib's dataset: slower, pure Python, the second opinion on every query."""

    def __init__(self) -> None:
        import rdflib

        self._rdflib = rdflib
        self._data: rdflib.Dataset = rdflib.Dataset(default_union=True)

    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads."""
        count = 0
        iterator = iter(quads)
        while batch := list(islice(iterator, _BATCH)):
            count += len(batch)
            self._data.parse(data="".join(f"{line}\n" for line in lines(batch)), format="nquads")
        return count

    def add_file(self, path: Path, graph: str) -> None:
        """Add a Turtle file to a named graph."""
        try:
            self._data.graph(self._rdflib.URIRef(graph)).parse(data=path.read_text("utf-8"), format="turtle")
        except Exception as error:  # rdflib's parsers raise exceptions of many families
            raise UnreadableFile(f"{path}: {error}") from error

    def _query(self, sparql: str) -> rdflib.query.Result:
        try:
            return self._data.query(_with_prefixes(sparql))
        except Exception as error:  # pyparsing's and rdflib's own errors have no common root
            raise _syntax(sparql, error) from error

    def select(self, sparql: str) -> Solutions:
        """Run a SELECT query."""
        answer = self._query(sparql)
        if answer.type != "SELECT":
            raise BadQuery("this is not a SELECT query")
        variables = tuple(str(v) for v in answer.vars or ())
        rows = [tuple(self._term(row[v]) for v in variables) for row in answer]  # type: ignore[call-overload,index]
        return Solutions(variables, rows)

    def ask(self, sparql: str) -> bool:
        """Run an ASK query."""
        answer = self._query(sparql)
        if answer.type != "ASK":
            raise BadQuery("this is not an ASK query")
        return bool(answer.askAnswer)

    def construct(self, sparql: str) -> list[tuple[Term, Term, Term]]:
        """Run a CONSTRUCT or DESCRIBE query."""
        answer = self._query(sparql)
        if answer.type not in ("CONSTRUCT", "DESCRIBE") or answer.graph is None:
            raise BadQuery("this is not a CONSTRUCT or DESCRIBE query")
        return sorted({(self._known(s), self._known(p), self._known(o)) for s, p, o in answer.graph})

    def quads(self, graph: str | None = None) -> Iterator[Quad]:
        """Yield the quads of one named graph, or of all."""
        wanted = self._data.graph(self._rdflib.URIRef(graph)) if graph is not None else None
        for s, p, o, g in self._data.quads((None, None, None, wanted)):
            if g is not None:
                yield Quad(self._known(s), self._known(p), self._known(o), Term(f"<{g}>"))

    def graphs(self) -> list[str]:
        """Return the IRIs of the named graphs, sorted."""
        default = self._rdflib.graph.DATASET_DEFAULT_GRAPH_ID
        return sorted(str(g.identifier) for g in self._data.graphs() if g.identifier != default and len(g))

    def drop(self, graph: str) -> None:
        """Remove a named graph."""
        self._data.remove_graph(self._rdflib.URIRef(graph))

    def __len__(self) -> int:
        return sum(1 for _ in self.quads())

    def _term(self, node: Any) -> Term | None:
        return None if node is None else self._known(node)

    def _known(self, node: Any) -> Term:
        if isinstance(node, self._rdflib.URIRef):
            return Term(f"<{node}>")
        if isinstance(node, self._rdflib.Literal):
            return literal(str(node), node.language or "", "" if node.language else str(node.datatype or ""))
        return Term(f"_:{node}")


def _syntax(sparql: str, error: Exception) -> BadQuery:
    """Say where a query cannot be read, in the user's own lines rather than the parser's grammar."""
    message = str(error)
    place = re.search(r"(?:at |line:)(\d+)(?::|, col:)(\d+)", message)
    if place is None:
        return BadQuery(f"not a SPARQL query: {message.splitlines()[0] if message else type(error).__name__}")
    line, column = max(1, int(place[1]) - len(PREFIXES)), int(place[2])
    written = sparql.splitlines()
    shown = written[line - 1] if line <= len(written) else ""
    return BadQuery(
        f"not a SPARQL query: line {line}, column {column} cannot be read\n  {shown}\n  {' ' * (column - 1)}^"
    )


def open_store(place: str = "memory") -> Store:
    """Open a store: ``memory``, ``rdflib``, or a folder for a graph on disk.

    Raises
    ------
    StoreUnavailable
        If it cannot be opened.
    """
    if place == "memory":
        return OxigraphStore()
    if place == "rdflib":
        return RdflibStore()
    if "://" in place:
        raise StoreUnavailable(f"{place}: stores at a web address cannot be used; name a folder, or 'memory'")
    return OxigraphStore(Path(place))
