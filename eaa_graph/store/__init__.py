"""The quad store behind one small class: Oxigraph in memory or on disk, rdflib, or a server elsewhere.

Nothing above this module knows which store it talks to. Terms go in and come
out as :data:`eaa_graph.vocabulary.Term` (N-Triples syntax); every query sees the
union of all named graphs.
"""

from __future__ import annotations

__all__ = [
    "FORMATS",
    "GRAPH_TYPES",
    "RESULT_TYPES",
    "NotAcceptable",
    "OxigraphStore",
    "RdflibStore",
    "Solutions",
    "Store",
    "bare_words",
    "is_address",
    "open_store",
    "query_kind",
    "without_prologue",
]

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eaa_graph.encode import lines
from eaa_graph.errors import BadQuery, StoreUnavailable, UnknownName, UnreadableFile
from eaa_graph.vocabulary import PREFIXES, Quad, Term, iri, literal

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

#: Quads to a batch: few enough to stay in cache; on disk each batch is a file, so there many more.
_BATCH = 10_000
_DISK_BATCH = 200_000

#: Media types in which results of SELECT and ASK leave, and those for the graphs of CONSTRUCT and DESCRIBE.
RESULT_TYPES = (
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
)
GRAPH_TYPES = ("text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json")


class NotAcceptable(BadQuery):
    """The client takes no format in which the answer to this kind of query can be written."""


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

    def construct_lines(self, sparql: str) -> set[str]:
        """Run a CONSTRUCT or DESCRIBE query; return its triples as lines of N-Triples without their ends."""
        return {f"{s} {p} {o} ." for s, p, o in self.construct(sparql)}

    def lines(self, graph: str) -> Iterable[str]:
        """Return the statements of a named graph as lines of N-Triples, in no particular order."""
        return [line.decode() for line in self._lines(graph, named=False)]

    def add_lines(self, lines: Iterable[str], graph: str) -> None:
        """Add lines of N-Triples, as :meth:`lines` gives them, to a named graph."""
        self.add(Quad(*_taken_apart(line), iri(graph)) for line in lines)

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
        chosen = self.graphs() if graphs is None else list(graphs)
        if form == "ttl" and (written := _in_order(self._turtle(graph) for graph in chosen)) is not None:
            return written
        named = FORMATS[form][1]
        return _serialised(sorted({line for graph in chosen for line in self._lines(graph, named)}), form)

    def _turtle(self, graph: str) -> bytes:
        """Return a graph as Turtle by Oxigraph, its statements in any order."""
        return _by_oxigraph(b"\n".join([*self._lines(graph, named=False), b""]), "ttl")

    def _lines(self, graph: str, named: bool) -> Iterable[bytes]:
        """Return the statements of a graph as lines of N-Quads, or of N-Triples when not `named`."""
        found = self.quads(graph)
        return [(f"{s} {p} {o} {g} ." if named else f"{s} {p} {o} .").encode() for s, p, o, g in found]


def serialise(quads: Iterable[Quad], form: str) -> bytes:
    """Write quads in a format of :data:`FORMATS`, in the order given (Turtle-like formats group subjects)."""
    named = FORMATS[form][1]
    statements = ((f"{s} {p} {o} {g} ." if named and g else f"{s} {p} {o} .").encode() for s, p, o, g in quads)
    return _serialised(dict.fromkeys(statements), form)


def _serialised(statements: Iterable[bytes], form: str) -> bytes:
    text = b"\n".join([*statements, b""])
    return text if form in ("nq", "nt") else _stable_prefixes(_by_oxigraph(text, form), form)


def _by_oxigraph(text: bytes, form: str) -> bytes:
    """Write lines of N-Quads or N-Triples in another format."""
    import pyoxigraph as ox

    if FORMATS[form][1]:
        parsed: Iterable[Any] = ox.parse(input=text, format=ox.RdfFormat.N_QUADS)
    else:
        parsed = ox.parse(input=text, format=ox.RdfFormat.N_TRIPLES)
    kinds = {
        "trig": ox.RdfFormat.TRIG,
        "ttl": ox.RdfFormat.TURTLE,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
    }
    return ox.serialize(parsed, format=kinds[form], prefixes=PREFIXES) or b""


def _in_order(texts: Iterable[bytes]) -> bytes | None:
    """Return Turtle as Oxigraph writes it, of one graph or several, as one text: sorted, each statement once and on a line of its own.

    Ordering what is written saves reading it: lines of N-Triples, sorted and written anew, take more than twice the time.
    None if a statement is about a statement, which this cannot take apart.
    """
    about: dict[bytes, list[bytes]] = {}
    prefixes: set[bytes] = set()
    for text in texts:
        if b"<<(" in text:
            return None
        end = 0
        while text.startswith(b"@prefix", end):
            end = text.index(b"\n", end) + 1
        prefixes.update(text[:end].splitlines(keepends=True))
        # Line ends inside literals are written as \n: these are Oxigraph's own.
        for block in text[end:].split(b" .\n")[:-1]:
            subject, _, rest = block.partition(b" ")
            links = rest.split(b" ;\n\t")
            if b" , " in rest:
                links = [one for link in links for one in _single(link)]
            if subject in about:
                links = list({*about[subject], *links})
            about[subject] = links
    written = [*sorted(prefixes), b"\n"]
    for subject, links in sorted(about.items()):
        links.sort()
        written += (subject, b" ", b" ;\n\t".join(links), b" .\n")
    return b"".join(written)


_OBJECT = re.compile(rb'"(?:[^"\\]|\\.)*"(?:@[\w-]+|\^\^\S+)?|[^"\s,]\S*')


def _single(link: bytes) -> list[bytes]:
    """Take apart a predicate with several objects; only in a literal can a comma stand for itself."""
    predicate, _, rest = link.partition(b" ")
    objects = _OBJECT.findall(rest) if b'"' in rest else rest.split(b" , ")
    return [predicate + b" " + one for one in objects]


def _stable_prefixes(text: bytes, form: str) -> bytes:
    """Put the prefixes in alphabetical order: the serialiser's own order changes from run to run."""
    if form in ("ttl", "trig"):
        end = 0
        while text.startswith(b"@prefix", end):
            end = text.index(b"\n", end) + 1
        return b"".join([*sorted(text[:end].splitlines(keepends=True)), b"\n", text[end:]])
    if form == "rdfxml":
        return re.sub(
            rb"<rdf:RDF([^>]*)>", lambda m: b"<rdf:RDF " + b" ".join(sorted(m[1].split())) + b">", text, count=1
        )
    return text


def _with_prefixes(sparql: str) -> str:
    # In front of the query's own prologue, whose declarations win where they differ.
    return "".join(f"PREFIX {name}: <{value}>\n" for name, value in PREFIXES.items()) + sparql


_BARE = re.compile(
    r"""
    "{3}(?:"{0,2}(?:[^"\\]|\\.))*"{3} | '{3}(?:'{0,2}(?:[^'\\]|\\.))*'{3}      # long strings
    | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*'                            # strings
    | <(?:[^<>"{}|^`\\\x00-\x20]|\\[uU][0-9A-Fa-f]+)*>                         # IRIs
    | \#[^\n\r]* | [?$]\w+ | @[A-Za-z][A-Za-z0-9-]*                            # comments, variables, languages
    | (?P<prefix>[^\W\d_](?:[\w.-]{0,200}[\w-])?)?:(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)*
    | \d+\.?\d*(?:[eE][+-]?\d+)?                                               # numbers
    | (?P<word>[^\W\d]\w*)
    """,
    re.DOTALL | re.VERBOSE,
)


def bare_words(sparql: str) -> tuple[set[str], set[str]]:
    r"""Return the keywords of a query and the prefixes of its names, both in capitals.

    Strings, IRIs, comments, variables and language tags are passed over, so that a passage that
    speaks of a service is not taken for the keyword.

    Examples
    --------
    >>> sorted(bare_words('ASK { ?s rdfs:label "a SERVICE" # from\n }')[0])
    ['ASK']
    """
    words: set[str] = set()
    prefixes: set[str] = set()
    for match in _BARE.finditer(sparql):
        if match["word"]:
            words.add(match["word"].upper())
        elif match["prefix"]:
            prefixes.add(match["prefix"].upper())
    return words, prefixes


_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
#: Deeper, or longer in a chain, than anybody writes; from a few thousand on the parser runs out of stack and takes
#: the process with it.
_DEEPEST = 250
_LONGEST_CHAIN = 1000
_CHAINED = {"UNION", "OPTIONAL", "MINUS", "FILTER", "EXISTS", "NOT", "GRAPH", "SERVICE", "IF", "BIND"}


def _form(sparql: str) -> re.Match[str] | None:
    return next((m for m in _BARE.finditer(sparql) if m["word"] and m["word"].upper() not in ("PREFIX", "BASE")), None)


def query_kind(sparql: str) -> str:
    r"""Return SELECT, ASK, CONSTRUCT or DESCRIBE; empty for whatever else a text is (an update, say).

    Examples
    --------
    >>> query_kind("PREFIX ask: <http://a.org/select> # DESCRIBE\nASK {}")
    'ASK'
    """
    found = _form(sparql)
    word = found["word"].upper() if found else ""
    return word if word in _FORMS else ""


def without_prologue(sparql: str) -> tuple[str, str]:
    """Part a query into its PREFIX and BASE declarations and the rest."""
    found = _form(sparql)
    return (sparql[: found.start()], sparql[found.start() :]) if found else ("", sparql)


def _not_too_deep(sparql: str) -> None:
    """Refuse a query that would overflow the parser's stack, which nothing could catch."""
    if sum(map(sparql.count, "{([<!&|+-*/^")) < _DEEPEST and len(sparql) < 10_000:
        return
    depth = chained = at = 0
    for match in _BARE.finditer(sparql):
        depth, chained = _deeper(sparql[at : match.start()], depth, chained)
        chained += bool(match["word"]) and match["word"].upper() in _CHAINED
        at = match.end()
    _deeper(sparql[at:], depth, chained)


def _deeper(between: str, depth: int, chained: int) -> tuple[int, int]:
    for char in between:
        if char in "{([":
            depth += 1
        elif char in "})]":
            depth -= 1
        elif char in "!&|+-*/^<":
            chained += 1
        if depth > _DEEPEST:
            raise BadQuery(f"the query is nested more than {_DEEPEST} deep")
    if chained > _LONGEST_CHAIN:
        raise BadQuery(f"the query joins more than {_LONGEST_CHAIN:,} patterns or operators")
    return depth, chained


def _taken_apart(line: str) -> tuple[Term, Term, Term]:
    """Return the terms of a line of N-Triples as Oxigraph writes it: one space between, ' .' at the end."""
    subject, predicate, value = line[:-2].split(" ", 2)
    return Term(subject), Term(predicate), Term(value)


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
            self._on_disk = folder is not None
            self._store: pyoxigraph.Store = ox.Store(str(folder)) if folder is not None else ox.Store()
        except (OSError, RuntimeError) as error:
            raise StoreUnavailable(f"cannot open the graph in {folder}: {error}") from error
        self._ox = ox

    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads, a batch at a time."""
        iterator = iter(quads)
        count = 0
        # In memory a plain load is the faster way in, on disk (where it logs every statement) the slower by far.
        load, size = (self._store.bulk_load, _DISK_BATCH) if self._on_disk else (self._store.load, _BATCH)
        # Text, not quads: ten thousand tuples alive would keep the garbage collector busy.
        while batch := [f"{s} {p} {o} {g} .\n" for s, p, o, g in islice(iterator, size)]:
            count += len(batch)
            try:
                # lenient: every term was checked when it was made (see eaa_graph.vocabulary).
                load("".join(batch).encode(), format=self._ox.RdfFormat.N_QUADS, lenient=True)
            except OSError as error:
                raise StoreUnavailable(f"the graph could not be written: {error}") from error
        return count

    def add_file(self, path: Path, graph: str) -> None:
        """Add a Turtle file to a named graph."""
        try:
            self._store.bulk_load(
                path.read_bytes(), format=self._ox.RdfFormat.TURTLE, to_graph=self._ox.NamedNode(graph)
            )
        except (OSError, SyntaxError) as error:
            raise UnreadableFile(f"{path}: {error}") from error

    def add_dump(self, path: Path) -> None:
        """Add a file of N-Quads, as :meth:`dump` writes it; UnreadableFile if it is none."""
        try:
            self._store.load(path=path, format=self._ox.RdfFormat.N_QUADS)
        except (OSError, SyntaxError) as error:
            raise UnreadableFile(f"{path}: {error}") from error

    def probe(self, sparql: str) -> None:
        """Raise BadQuery if a query cannot be read."""
        self._query(sparql)

    def _query(self, sparql: str) -> Any:
        _not_too_deep(sparql)
        # Asked for the union, Oxigraph passes over FROM without a word.
        union = "FROM" not in bare_words(sparql)[0]
        try:
            return self._store.query(_with_prefixes(sparql), use_default_graph_as_union=union)
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
        return sorted(map(_taken_apart, self.construct_lines(sparql)))

    def construct_lines(self, sparql: str) -> set[str]:
        """Run a CONSTRUCT or DESCRIBE query; return its triples as lines."""
        answer = self._query(sparql)
        if not isinstance(answer, self._ox.QueryTriples):
            raise BadQuery("this is not a CONSTRUCT or DESCRIBE query")
        try:
            written = (answer.serialize(format=self._ox.RdfFormat.N_TRIPLES) or b"").decode()
        except (RuntimeError, OSError, ValueError) as error:
            raise BadQuery(f"the query cannot be run: {error}") from error
        # One text for all is several times faster than three calls for each triple.
        return set(written.split("\n")) - {""}

    def add_lines(self, lines: Iterable[str], graph: str) -> None:
        """Add lines of N-Triples to a named graph, in one piece."""
        load = self._store.bulk_load if self._on_disk else self._store.load
        text = "\n".join([*lines, ""]).encode()
        try:
            load(text, format=self._ox.RdfFormat.N_TRIPLES, to_graph=self._ox.NamedNode(graph), lenient=True)
        except OSError as error:
            raise StoreUnavailable(f"the graph could not be written: {error}") from error

    def protocol_query(
        self,
        sparql: str,
        output: BytesIO,
        results: str | None,
        rdf: str | None,
        dataset: tuple[Iterable[str], Iterable[str]] | None = None,
        base: str | None = None,
    ) -> str:
        """Answer a query as the SPARQL protocol wants it: written out in the form the client takes.

        Parameters
        ----------
        sparql : str
        output : BytesIO
            Where the answer goes. What it raises when written to (because the answer is too long, say) ends the query.
        results, rdf : str or None
            One of :data:`RESULT_TYPES` for SELECT and ASK, one of :data:`GRAPH_TYPES` for CONSTRUCT and
            DESCRIBE; None where the client takes none of them.
        dataset : (default graphs, named graphs), optional
            IRIs of the graphs to query; they win over the query's own FROM. Left out, the query's FROM
            holds, and without one the union of all graphs is the default graph.
        base : str, optional
            What relative IRIs of the query are relative to.

        Returns
        -------
        str
            The media type written: `results` or `rdf`, whichever kind of query it was.

        Raises
        ------
        BadQuery
            If it cannot be read or run; NotAcceptable if the form for its kind is None.
        """
        ox = self._ox
        # Asked for the union, Oxigraph passes over FROM without a word.
        union = dataset is None and "FROM" not in bare_words(sparql)[0]
        try:
            graphs: dict[str, Any] = {"use_default_graph_as_union": union}
            if dataset is not None:
                default, named = ([ox.NamedNode(name) for name in names] for names in dataset)
                graphs |= {"default_graph": default, "named_graphs": named}
            answer = self._store.query(_with_prefixes(sparql), base_iri=base, **graphs)
            if not isinstance(answer, ox.QueryTriples):
                if results is None:
                    raise NotAcceptable(f"results of SELECT and ASK leave as {', '.join(RESULT_TYPES)}")
                form = ox.QueryResultsFormat.from_media_type(results)
                answer.serialize(output, format=form)
                return results
            if rdf is None:
                raise NotAcceptable(f"the graphs of CONSTRUCT and DESCRIBE leave as {', '.join(GRAPH_TYPES)}")
            kind = ox.RdfFormat.from_media_type(rdf)
            if rdf in ("text/turtle", "application/rdf+xml"):  # the forms that people read get prefixes
                name = "ttl" if rdf == "text/turtle" else "rdfxml"
                ox.serialize(answer, output, format=kind, prefixes=PREFIXES)
                stable = _stable_prefixes(output.getvalue(), name)
                output.seek(0)
                output.truncate()
                output.write(stable)
            else:
                answer.serialize(output, format=kind)
            return rdf
        except SyntaxError as error:
            raise _syntax(sparql, error) from error
        except (RuntimeError, OSError, ValueError) as error:
            raise BadQuery(f"the query cannot be run: {error}") from error

    def quads(self, graph: str | None = None) -> Iterator[Quad]:
        """Yield the quads of one named graph, or of all."""
        node = self._ox.NamedNode(graph) if graph is not None else None
        for q in self._store.quads_for_pattern(None, None, None, node):
            yield Quad(Term(str(q.subject)), Term(str(q.predicate)), Term(str(q.object)), Term(str(q.graph_name)))

    def lines(self, graph: str) -> Iterable[str]:
        """Return the statements of a named graph as lines of N-Triples, in no particular order."""
        written = self._store.dump(format=self._ox.RdfFormat.N_TRIPLES, from_graph=self._ox.NamedNode(graph)) or b""
        return written.decode().split("\n")[:-1]

    def _turtle(self, graph: str) -> bytes:
        node = self._ox.NamedNode(graph)
        return self._store.dump(format=self._ox.RdfFormat.TURTLE, from_graph=node, prefixes=PREFIXES) or b""

    def _lines(self, graph: str, named: bool) -> Iterable[bytes]:
        # In one piece rather than statement by statement, several times as fast.
        node = self._ox.NamedNode(graph)
        written = self._store.dump(format=self._ox.RdfFormat.N_TRIPLES, from_graph=node) or b""
        if not named:
            return written.split(b"\n")[:-1]
        end = f"{node} .".encode()
        return [line[:-1] + end for line in written.split(b"\n")[:-1]]

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
        for name in self.graphs() if graph is None else [graph]:
            for s, p, o in self._data.get_context(self._rdflib.URIRef(name)):
                yield Quad(self._known(s), self._known(p), self._known(o), Term(f"<{name}>"))

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


def is_address(place: str) -> bool:
    """Say whether a store's name is a web address rather than a folder."""
    return "://" in place


def open_store(place: str = "memory") -> Store:
    """Open a store: ``memory``, ``rdflib``, a folder for a graph on disk, or the address of a server.

    Raises
    ------
    StoreUnavailable
        If it cannot be opened.
    """
    if place == "memory":
        return OxigraphStore()
    if place == "rdflib":
        return RdflibStore()
    if is_address(place):
        from eaa_graph.store.remote import RemoteStore

        return RemoteStore(place)
    return OxigraphStore(Path(place))
