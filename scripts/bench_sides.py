"""What scripts/bench.py compares: our way and another way to do one thing, and that both did the same.

A *side* takes the made-up review (:class:`bench_data.Material`), makes ready what it needs without being timed, and returns
two functions: one that does the work, and one that brings what it gave into a form that can be compared with
the other side's. Each side runs in a process of its own.
"""

from __future__ import annotations

__all__ = ["COMPARISONS", "Comparison", "Elsewhere", "Side"]

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench_peers
from bench_clock import statements
from bench_data import ROOT, Material

from eaa_graph.encode import encode, review_base
from eaa_graph.store import OxigraphStore, RdflibStore
from eaa_graph.vocabulary import EAA, ONTOLOGY, RDF

Run = Callable[..., Any]
#: Returns (the work, what it gave in a form to compare), and, if each run needs something fresh, what makes that.
Side = Callable[[Material], tuple[Any, ...]]
PREFIX = f"PREFIX eaa: <{EAA}> "


@dataclass(frozen=True)
class Elsewhere:
    """A side that a script does with the interpreter of `.venv-peers`, and times itself.

    Attributes
    ----------
    package : str
        What is installed there for it.
    script : str
        Its name beside this file; it takes a folder of sheets and a number of runs.
    """

    package: str
    script: str

    def told(self, material: Material, runs: int, *options: str) -> dict[str, Any]:
        """Return what the script tells: CPU `seconds` of its best run, `peak` in MB, and what it `gave`.

        Raises
        ------
        ImportError
            If there is no such environment here, or one of an earlier list.
        """
        if not bench_peers.made():
            raise ImportError(f"{self.package} (scripts/bench.py --peers installs it in an environment of its own)")
        command = [bench_peers.python(), Path(__file__).with_name(self.script), material.sheets, str(runs), *options]
        # Its libraries are its own: ours must not be found first.
        settings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=580,  # less than bench.py waits for a side: nothing is left running
            stdin=subprocess.DEVNULL,
            env=settings,
        )
        if ran.returncode:
            raise RuntimeError(f"{self.script}: {ran.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
        return found

    def __call__(self, material: Material) -> tuple[Any, ...]:
        """Return the work and what it gave, as every side does."""
        return lambda: self.told(material, 1), lambda told: told["gave"]


@dataclass(frozen=True)
class Comparison:
    """One thing done in two ways.

    Attributes
    ----------
    name, part : str
    what : str
        What is done, in words.
    peer : str
        What it is compared with.
    ours, theirs : Side
    wanted : float
        How many times as fast ours should be; 0: nothing is asked.
    sizes : tuple of int
        Articles; sizes at which the other side takes minutes are left out.
    same : str
        In what the two must agree.
    note : str
        What else to know of the two sides, for under the table.
    """

    name: str
    part: str
    what: str
    peer: str
    ours: Side
    theirs: Side
    wanted: float
    sizes: tuple[int, ...]
    same: str
    note: str = ""


def _local(iri: str) -> str:
    return iri.rpartition("/")[2].strip(">")


# --- ingest -----------------------------------------------------------------------------------


def _store_from_records(material: Material) -> tuple[Any, ...]:
    records = material.records

    def run() -> Any:
        store = OxigraphStore()
        store.add(encode(records))
        return store

    return run, len


def _bulk_load(material: Material) -> tuple[Any, ...]:
    import pyoxigraph as ox

    text = material.ntriples.read_bytes()

    def run() -> Any:
        store = ox.Store()
        store.bulk_load(text, format=ox.RdfFormat.N_TRIPLES)
        return store

    return run, len


def _rdflib_add(material: Material) -> tuple[Any, ...]:
    import rdflib

    # rdflib's terms are made beforehand: that is not counted against it.
    ready = list(rdflib.Graph().parse(material.ntriples, format="nt"))

    def run() -> Any:
        graph = rdflib.Graph()
        for triple in ready:
            graph.add(triple)
        return graph

    return run, len


def _owlready_load(material: Material) -> tuple[Any, ...]:
    import owlready2

    iri = material.ntriples.as_uri()

    def run() -> Any:
        world = owlready2.World()
        world.get_ontology(iri).load()
        return world

    # It adds statements of its own about the ontology that it takes every file for.
    nothing = material.folder / "nothing.nt"
    nothing.write_text("", "utf-8")
    own = owlready2.World()
    own.get_ontology(nothing.as_uri()).load()
    return run, lambda world: len(world.graph) - len(own.graph)


def _store_from_sheets(material: Material) -> tuple[Any, ...]:
    from eaa_graph.readers.opening import read
    from eaa_graph.validate import validate

    folder = material.sheets

    def run() -> Any:
        store = OxigraphStore()
        store.add(encode(validate(read(folder)).records))
        return store

    return run, lambda store: statements(" ".join(quad) for quad in store.quads())


#: What it makes of the sheets is told in bench_rml.ttl.
_by_morph = Elsewhere("morph-kgc", "bench_rml.py")
_MORPH_NOTE = (
    "Beside morph-kgc both start from the same folder of CSV files and end with the same statements, named graphs included, in Oxigraph in "
    "memory. Ours also checks every row. What morph-kgc makes of the sheets is told in RML (`scripts/bench_rml.ttl`); lists and slots are "
    "split by queries that DuckDB asks of the files. It has an environment of its own, since it wants an older pyoxigraph. Not counted: its imports, and "
    "reading the mapping, which takes it about as long as a hundred articles. It works in one process: several took more CPU time in all."
)


# --- queries ------------------------------------------------------------------------------------

Q_THEMES = "SELECT ?m ?t (COUNT(DISTINCT ?a) AS ?n) WHERE { ?x eaa:codesMechanism ?m . ?x eaa:atTheme ?t . ?x eaa:fromArticle ?a . } GROUP BY ?m ?t"
Q_TRIPLES = (
    "SELECT ?c ?m ?o (COUNT(DISTINCT ?a) AS ?n) WHERE { ?x eaa:codesContext ?c . ?x eaa:codesMechanism ?m . "
    "?x eaa:codesOutcome ?o . ?x eaa:fromArticle ?a . } GROUP BY ?c ?m ?o"
)
Q_ARTICLE = "SELECT ?x ?m WHERE { ?x eaa:fromArticle <%s> . ?x eaa:codesMechanism ?m . }"


def _one_article(material: Material) -> str:
    return Q_ARTICLE % f"{review_base(material.records.review)}article/a000007"


def _asked_of_ours(query: Callable[[Material], str]) -> Side:
    def side(material: Material) -> tuple[Any, ...]:
        store, text = material.loaded, query(material)
        return lambda: store.select(text).rows, _rows

    return side


def _rows(rows: Any) -> Any:
    return sorted([_value(str(cell)) for cell in row] for row in rows)


def _value(text: str) -> str:
    """Return the last part of an IRI, or the number of a literal, however a library writes it."""
    if text.startswith('"'):
        return text[1:].partition('"')[0]
    return _local(text)


def _asked_of_rdflib(query: Callable[[Material], str]) -> Side:
    def side(material: Material) -> tuple[Any, ...]:
        import rdflib

        graph = rdflib.Graph().parse(material.ntriples, format="nt")
        text = PREFIX + query(material)
        return lambda: list(graph.query(text)), _rows

    return side


def _asked_of_owlready(query: Callable[[Material], str]) -> Side:
    def side(material: Material) -> tuple[Any, ...]:
        import owlready2

        world = owlready2.World()
        world.get_ontology(material.ntriples.as_uri()).load()
        text = PREFIX + query(material)

        def rows(found: Any) -> Any:
            return sorted([_value(getattr(cell, "iri", None) or str(cell)) for cell in row] for row in found)

        return lambda: list(world.sparql(text)), rows

    return side


# --- measures -----------------------------------------------------------------------------------------


def _measured(name: str, given: dict[str, Any], same: Callable[[Any], Any]) -> Side:
    def side(material: Material) -> tuple[Any, ...]:
        from eaa_graph import registry

        columns = material.columns
        measures = {m.name: m for folder in ("measures", "gaps") for m in registry.parts(folder).values()}
        function = measures[name].function
        function(columns, **given)  # what is imported and indexed once is not counted

        # The columns have made their look-ups by role and concept, as the store has made its indexes.
        return lambda: function(columns, **given), same

    return side


def _sparql(*queries: str) -> Side:
    """Ask several queries, the quickest way found to get the same numbers; what joins their rows is not counted."""

    def side(material: Material) -> tuple[Any, ...]:
        store = material.loaded
        return lambda: [store.select(query).rows for query in queries], _joined

    return side


DENOMINATORS = (
    "SELECT ?t (COUNT(?a) AS ?n) WHERE { ?r eaa:isReported true ; eaa:atTheme ?t ; eaa:fromArticle ?a } GROUP BY ?t"
)
COUNTS = "SELECT ?m ?t (COUNT(DISTINCT ?a) AS ?n) WHERE { ?x eaa:codesMechanism ?m ; eaa:atTheme ?t ; eaa:fromArticle ?a } GROUP BY ?m ?t"
PAIRS = "SELECT ?m ?w (COUNT(?x) AS ?n) WHERE { ?x eaa:codesMechanism ?m . ?x eaa:codesMechanism ?w } GROUP BY ?m ?w"
PAIRS_IN_ARTICLES = (
    "SELECT ?m ?w (COUNT(?a) AS ?n) WHERE { { SELECT DISTINCT ?a ?m WHERE { ?x eaa:fromArticle ?a ; eaa:codesMechanism ?m } } "
    "{ SELECT DISTINCT ?a ?w WHERE { ?y eaa:fromArticle ?a ; eaa:codesMechanism ?w } } } GROUP BY ?m ?w"
)
SUPPORT = (
    "SELECT ?c ?s (COUNT(DISTINCT ?a) AS ?n) (COUNT(DISTINCT ?x) AS ?e) WHERE { ?c eaa:hasAlternative ?alternative . "
    "?alternative eaa:inSlot eaa:role-mechanism ; eaa:joins ?m . ?x eaa:codesMechanism ?m ; eaa:fromArticle ?a ; eaa:stance ?s } GROUP BY ?c ?s"
)
EMPTY = (
    "SELECT ?m ?t WHERE { ?m eaa:listedAs eaa:role-mechanism . ?t eaa:listedAs eaa:role-theme "
    "MINUS { ?x eaa:codesMechanism ?m ; eaa:atTheme ?t } }"
)


def _joined(found: list[Any]) -> Any:
    """Return the rows of the first query; a second one gives the denominators of their themes."""
    rows = _rows(found[0])
    if len(found) > 1:
        out_of = dict(_rows(found[1]))
        rows = [[*row, out_of[row[1]]] for row in rows]
    return [row for row in rows if row[0] != row[1]] if len(rows[0]) == 3 and len(found) == 1 else rows


def _cells(table: Any) -> Any:
    return sorted(
        [r["concept"].id, r["by"].id, str(r["count"]), str(r["denominator"])] for r in table.records() if r["count"]
    )


def _both_ways(table: Any) -> Any:
    found = [(r["first"].id, r["second"].id, str(r["count"])) for r in table.records() if r["count"]]
    return sorted([*map(list, found), *([b, a, n] for a, b, n in found)])


def _any_level(table: Any) -> Any:
    found = []
    for r in table.records():
        if r["completeness"] == "any":
            for stance in ("supports", "refines", "challenges"):
                if r[f"{stance}_extractions"]:
                    count = [str(r[f"{stance}_articles"]), str(r[f"{stance}_extractions"])]
                    found.append([r["configuration"].id, f"onto#stance-{stance}", *count])
    return sorted(found)


def _empty_cells(table: Any) -> Any:
    return sorted([r["concept"].id, r["column"].id, str(r["out_of"])] for r in table.records() if not r["count"])


def _frame(material: Material) -> Any:
    """Return codings of mechanisms as a pandas frame of integers, with article and theme of their extraction."""
    import pandas as pd

    columns = material.columns
    extraction, concept = columns.in_role("mechanism")
    return pd.DataFrame(
        {
            "extraction": extraction,
            "mechanism": concept,
            "article": columns.article[extraction],
            "theme": columns.theme[extraction],
        }
    )


def _pandas_cells(material: Material) -> tuple[Any, ...]:
    import pandas as pd

    frame = _frame(material)
    columns = material.columns
    reports = pd.DataFrame(
        {"article": columns.reported_article, "theme": columns.reported_theme, "yes": columns.reported_value}
    )

    def run() -> Any:
        counts = frame.drop_duplicates(["mechanism", "theme", "article"]).groupby(["mechanism", "theme"]).size()
        return counts, reports[reports["yes"]].drop_duplicates(["article", "theme"]).groupby("theme").size()

    def same(found: Any) -> Any:
        names = [c.id for c in columns.concepts]
        counts, out_of = found
        return sorted([names[m], names[t], str(n), str(out_of[t])] for (m, t), n in counts.items())

    return run, same


def _pandas_pairs(material: Material) -> tuple[Any, ...]:
    frame = _frame(material)[["extraction", "mechanism"]]

    def run() -> Any:
        return frame.merge(frame, on="extraction").groupby(["mechanism_x", "mechanism_y"]).size()

    def same(found: Any) -> Any:
        names = [c.id for c in material.columns.concepts]
        return sorted([names[a], names[b], str(n)] for (a, b), n in found.items() if a != b)

    return run, same


# --- reasoning ----------------------------------------------------------------------------------------


def _by_rules(material: Material) -> tuple[Any, ...]:
    from eaa_graph.reason import infer

    records = material.records

    def ready() -> Any:
        store = OxigraphStore()
        store.add(encode(records))
        store.add_file(ROOT / "ontology" / "eaa.ttl", ONTOLOGY)
        return store

    base = review_base(records.review)

    def run(store: Any) -> Any:
        infer(store, base)
        return store

    def same(store: Any) -> Any:
        return sorted({(str(s), str(p), str(o)) for s, p, o, _ in store.quads() if s.startswith(f"<{base}")})

    return run, same, ready


def _by_owlrl(material: Material) -> tuple[Any, ...]:
    import owlrl
    from rdflib import Graph, URIRef

    base = review_base(material.records.review)
    ontology = Graph().parse(ROOT / "ontology" / "eaa.ttl")
    owl = "http://www.w3.org/2002/07/owl#"
    kinds = ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")
    classes = set(ontology.subjects(URIRef(RDF + "type"), URIRef(owl + "Class")))
    known = {p for kind in kinds for p in ontology.subjects(URIRef(RDF + "type"), URIRef(owl + kind))}

    def ready() -> Any:
        data = Graph().parse(material.ntriples, format="nt")
        return data.parse(ROOT / "ontology" / "eaa.ttl")

    def run(data: Any) -> Any:
        owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(data)
        return data

    def same(data: Any) -> Any:
        # Left out, because they say nothing about a review: sameness with itself, owl:Thing, classes of literals.
        asserted = set(Graph().parse(material.ntriples, format="nt"))
        terms = RdflibStore()
        kept = (
            (s, p, o)
            for s, p, o in data
            if isinstance(s, URIRef)
            and s.startswith(base)
            and ((s, p, o) in asserted or (o in classes if p == URIRef(RDF + "type") else p in known))
        )
        return sorted({(str(terms._known(s)), str(terms._known(p)), str(terms._known(o))) for s, p, o in kept})

    return run, same, ready


def _members(classes: dict[str, set[str]]) -> Any:
    return sorted((name, sorted(found)) for name, found in classes.items() if found)


_CLASSES = ("Mechanism", "Context", "Outcome", "CodedExtraction", "Article", "CMOConfiguration")


def _members_by_rules(material: Material) -> tuple[Any, ...]:
    run, _, ready = _by_rules(material)

    def same(store: Any) -> Any:
        found = {
            name: {_local(str(row[0])) for row in store.select(f"SELECT DISTINCT ?x WHERE {{ ?x a eaa:{name} }}").rows}
            for name in _CLASSES
        }
        return _members(found)

    return run, same, ready


def _members_by_hermit(material: Material) -> tuple[Any, ...]:
    import owlready2

    from eaa_graph.reason import as_owlready

    store = OxigraphStore()
    store.add(encode(material.records))
    store.add_file(ROOT / "ontology" / "eaa.ttl", ONTOLOGY)
    ontology = as_owlready(store)

    def run() -> Any:
        with ontology.world.get_ontology(ONTOLOGY + "/inferred"):
            owlready2.sync_reasoner_hermit(ontology.world, debug=0)
        return ontology

    return run, lambda found: _members({n: {_local(i.iri) for i in getattr(found, n).instances()} for n in _CLASSES})


# --- checking -----------------------------------------------------------------------------------------


def _faulty(material: Material) -> dict[str, str]:
    """Return which extractions get a fault, and which: the same on both sides."""
    draw = random.Random(3)
    chosen = draw.sample(range(material.articles * material.rows), max(6, material.articles // 10))
    return {f"e{n:07d}": ("stance", "polarity", "article")[k % 3] for k, n in enumerate(sorted(chosen))}


def _checked_rows(material: Material) -> tuple[Any, ...]:
    from eaa_graph.validate import validate

    faulty = _faulty(material)
    wrong = {"stance": "maybe", "polarity": "maybe", "article": "no-such-article"}
    given = material.reading
    sheets = []
    for sheet in given.sheets:
        if sheet.name == "extractions":
            rows = tuple(
                row._replace(values={**row.values, faulty[row.values["id"]]: wrong[faulty[row.values["id"]]]})
                if row.values["id"] in faulty
                else row
                for row in sheet.rows
            )
            sheets.append(replace(sheet, rows=rows, headers=(*sheet.headers, "polarity")))
        else:
            sheets.append(sheet)
    planted = replace(given, sheets=tuple(sheets))
    line = {
        n: row.values["id"]
        for sheet in planted.sheets
        if sheet.name == "extractions"
        for n, row in enumerate(sheet.rows, 2)
    }

    def same(checked: Any) -> Any:
        return sorted(
            {
                line[f.where.row]
                for f in checked.findings
                if f.where.file.startswith("extractions") and f.severity != "note"
            }
        )

    return lambda: validate(planted), same


def _checked_shapes(material: Material) -> tuple[Any, ...]:
    import pyshacl
    from rdflib import Graph, Namespace, URIRef

    eaa, faulty = Namespace(EAA), _faulty(material)
    base = review_base(material.records.review)
    data = Graph().parse(material.ntriples, format="nt")
    data.parse(ROOT / "ontology" / "eaa.ttl")
    told = {"stance": eaa.stance, "polarity": eaa.polarity, "article": eaa.fromArticle}
    for identifier, what in faulty.items():
        data.set((URIRef(f"{base}extraction/{identifier}"), told[what], URIRef(f"{base}concept/no-such-thing")))
    shapes = Graph().parse(ROOT / "ontology" / "shapes.ttl")

    def same(found: Any) -> Any:
        nodes = found[1].objects(None, URIRef("http://www.w3.org/ns/shacl#focusNode"))
        return sorted({_local(str(node)) for node in nodes if "/extraction/" in str(node)})

    return lambda: pyshacl.validate(data, shacl_graph=shapes, inplace=True), same


# --- writing ------------------------------------------------------------------------------------------


def _written_by_ours(material: Material) -> tuple[Any, ...]:
    import pyoxigraph as ox

    store = material.store

    def same(text: bytes) -> Any:
        return len({str(t) for t in ox.parse(text, format=ox.RdfFormat.TURTLE)})

    return lambda: store.dump("ttl"), same


def _written_by_rdflib(material: Material) -> tuple[Any, ...]:
    import pyoxigraph as ox
    import rdflib

    graph = rdflib.Graph().parse(material.ntriples, format="nt")

    def same(text: str) -> Any:
        return len({str(t) for t in ox.parse(text.encode(), format=ox.RdfFormat.TURTLE)})

    return lambda: graph.serialize(format="turtle"), same


# --- all ----------------------------------------------------------------------------------------------


def _comparisons() -> tuple[Comparison, ...]:
    small, middle, large = (100,), (100, 1_000), (100, 1_000, 10_000)
    statements = "the number of statements"
    rows = "every row"
    themes, triples = (lambda _: Q_THEMES), (lambda _: Q_TRIPLES)
    occurrence = _measured("occurrence", {}, _cells)
    pairs = _measured("cooccurrence", {"unit": "extraction", "null": "none", "minimum": 1}, _both_ways)
    in_articles = _measured("cooccurrence", {"unit": "article", "null": "none", "minimum": 1}, _both_ways)
    support = _measured("support", {"coder": "all"}, _any_level)
    empty = _measured("empty-and-thin-cells", {}, _empty_cells)
    oxigraph = "SPARQL on Oxigraph in memory"
    return (
        Comparison("rdflib-add", "ingest", "records into a store", "rdflib `Graph.add` of ready terms", _store_from_records, _rdflib_add, 4, large, statements),
        Comparison("owlready2-load", "ingest", "records into a store", "owlready2 loading a file of N-Triples", _store_from_records, _owlready_load, 0, large, statements),
        Comparison("bulk-load", "ingest", "records into a store", "Oxigraph `bulk_load` of ready N-Triples (the floor)", _store_from_records, _bulk_load, 0, large, statements),
        Comparison("morph-kgc", "ingest", "a folder of CSV files into a store", "morph-kgc `materialize_oxigraph` with an RML mapping", _store_from_sheets, _by_morph, 0, large, "every statement, with its graph", _MORPH_NOTE),
        Comparison("cells-rdflib", "queries", "articles by mechanism and theme, in SPARQL", "rdflib", _asked_of_ours(themes), _asked_of_rdflib(themes), 0, middle, rows),
        Comparison("cells-owlready2", "queries", "articles by mechanism and theme, in SPARQL", "owlready2", _asked_of_ours(themes), _asked_of_owlready(themes), 0, middle, rows),
        Comparison("triples-rdflib", "queries", "context, mechanism and outcome together, in SPARQL", "rdflib", _asked_of_ours(triples), _asked_of_rdflib(triples), 0, middle, rows),
        Comparison("triples-owlready2", "queries", "context, mechanism and outcome together, in SPARQL", "owlready2", _asked_of_ours(triples), _asked_of_owlready(triples), 0, middle, rows),
        Comparison("article-rdflib", "queries", "mechanisms of one article, in SPARQL", "rdflib", _asked_of_ours(_one_article), _asked_of_rdflib(_one_article), 0, middle, rows),
        Comparison("article-owlready2", "queries", "mechanisms of one article, in SPARQL", "owlready2", _asked_of_ours(_one_article), _asked_of_owlready(_one_article), 0, middle, rows),
        Comparison("occurrence", "measures", "`occurrence`, with denominators and intervals", oxigraph, occurrence, _sparql(COUNTS, DENOMINATORS), 30, large, "counts and denominators of every cell"),
        Comparison("pairs", "measures", "`cooccurrence` in one extraction, with Fisher's p", oxigraph, pairs, _sparql(PAIRS), 30, large, "the count of every pair"),
        Comparison("pairs-articles", "measures", "`cooccurrence` in one article, with Fisher's p", oxigraph, in_articles, _sparql(PAIRS_IN_ARTICLES), 30, large, "the count of every pair"),
        Comparison("support", "measures", "`support` at every level of completeness", oxigraph + ", one level only", support, _sparql(SUPPORT), 30, large, "articles and extractions by configuration and stance"),
        Comparison("empty-cells", "measures", "`empty-and-thin-cells`, with expected counts, p and q", oxigraph, empty, _sparql(EMPTY, DENOMINATORS), 30, large, "every empty cell and its denominator"),
        Comparison("occurrence-pandas", "measures", "`occurrence`, with denominators and intervals", "pandas on the same integers, counts only", occurrence, _pandas_cells, 0, large, "counts and denominators of every cell"),
        Comparison("pairs-pandas", "measures", "`cooccurrence` in one extraction, with Fisher's p", "pandas on the same integers, counts only", pairs, _pandas_pairs, 0, large, "the count of every pair"),
        Comparison("owlrl", "reasoning", "all that follows by the rules", "owlrl (OWL 2 RL)", _by_rules, _by_owlrl, 100, small, "every statement about the review"),
        Comparison("hermit", "reasoning", "membership in classes", "HermiT (OWL 2 DL) through owlready2", _members_by_rules, _members_by_hermit, 0, small, "the members of six classes"),
        Comparison("pyshacl", "checking", "rows checked and made records", "pyshacl on the same review as a graph", _checked_rows, _checked_shapes, 8, middle, "which extractions are at fault, of those with a planted fault (a stance, polarity or article that does not exist)"),
        Comparison("turtle", "writing", "a review as Turtle", "rdflib", _written_by_ours, _written_by_rdflib, 20, middle, "the number of statements read back"),
    )  # fmt: skip


COMPARISONS = _comparisons()
