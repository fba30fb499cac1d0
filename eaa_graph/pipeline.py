"""Read this first: the road from a coding sheet to answers, one call per stop.

::

    files --read--> rows --validate--> records + findings --encode--> quads --add--> store
          --ask / measure--> tables --draw / render--> pictures, pages, files

:func:`check` goes as far as records and findings, :func:`build` as far as the
store, :func:`answer` to a table, :func:`write` to a folder of results. Nothing
here decides anything: each step is one call into the module that does.
"""

from __future__ import annotations

__all__ = [
    "Answerable",
    "Built",
    "Drawing",
    "Progress",
    "Stored",
    "answer",
    "answerable",
    "build",
    "check",
    "dossier",
    "draw",
    "drawable",
    "incidence",
    "parameters_of",
    "passages",
    "query",
    "review",
    "silent",
    "snapshot",
    "store_of",
    "stored",
    "theory_findings",
    "upload",
]

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from eaa_graph import queries, registry, resources
from eaa_graph.corpus import MEASURES, is_corpus
from eaa_graph.encode import encode, encode_findings, review_base
from eaa_graph.errors import BadSettings, EaaError, Refused, StoreUnavailable, UnknownName, UnreadableFile
from eaa_graph.findings import Finding, rows_aside
from eaa_graph.readers import opening
from eaa_graph.reason import infer
from eaa_graph.settings import Settings
from eaa_graph.store import OxigraphStore, Store, is_address, open_store
from eaa_graph.tables import many
from eaa_graph.validate import Checked, validate
from eaa_graph.vocabulary import ONTOLOGY

if TYPE_CHECKING:
    from eaa_graph.charts import Chart
    from eaa_graph.corpus.counting import Corpus
    from eaa_graph.gaps.dossier import Dossier
    from eaa_graph.measures import Measure
    from eaa_graph.model import Extraction, Records
    from eaa_graph.network import Incidence
    from eaa_graph.store.remote import RemoteStore, Replaced
    from eaa_graph.tables import Table

_T = TypeVar("_T")

#: Told the name of each stage as it begins, and what it gave when it ends.
Progress = Callable[[str, str], None]


def silent(stage: str, result: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Built:
    """A review on the road's far side.

    Attributes
    ----------
    checked : Checked
        Records and findings.
    settings : Settings
    loaded : Store or None
        The graph if it is there already.
    inferred : dict of str to int
        Statements that each rule added; empty when nothing was inferred.
    parquet : Path or None
        Folder of columns in Parquet that stands in the review's place; `checked` then holds what is small.
    """

    checked: Checked
    settings: Settings
    loaded: Store | None = None
    inferred: dict[str, int] = field(default_factory=dict)
    parquet: Path | None = None

    @cached_property
    def store(self) -> Store:
        """The graph: records, findings and ontology; made when first asked for, since measures do without it.

        Raises
        ------
        Refused
            If there are columns only.
        """
        if self.parquet is not None:
            raise Refused(
                f"{self.parquet} holds columns for counting, without a graph: ask the review itself, or name a measure"
            )
        return self.loaded if self.loaded is not None else store_of(self.checked, self.settings)

    @property
    def records(self) -> Records:
        """The records."""
        return self.checked.records

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything a person should know about the input, and about how its theory is written down."""
        return (*self.checked.findings, *theory_findings(self.records))

    @cached_property
    def base(self) -> str:
        """Base of the review's IRIs."""
        return review_base(self.records.review)

    @cached_property
    def names(self) -> queries.Names:
        """What the things of the review are called."""
        return queries.names(self.store)

    @cached_property
    def answered(self) -> dict[tuple[object, ...], Table]:
        """Answers so far, by question and parameters: page, report and figures ask the same of one review."""
        return {}

    @cached_property
    def columns(self) -> Incidence:
        """Incidence columns of every coder."""
        if self.parquet is not None:
            from eaa_graph.corpus.columns import read_columns

            return read_columns(self.parquet)
        from eaa_graph.network import Incidence  # numpy: only when something is measured

        return Incidence.from_records(self.records)

    @cached_property
    def corpus(self) -> Corpus | None:
        """The columns in the engine that the settings name; None where memory counts."""
        engine = self.settings.engine
        if engine == "auto":
            engine = "duckdb" if self.parquet is not None else "memory"
        if engine == "memory":
            return None
        from eaa_graph.corpus import columns, counting

        folder = self.parquet
        if folder is None:
            # A review that was never exported: its columns go through a folder of their own.
            beside = tempfile.mkdtemp(prefix="eaa-graph-")
            weakref.finalize(self, shutil.rmtree, beside, ignore_errors=True)
            folder = Path(beside) / "columns"
            columns.write_columns(self.records, self.columns, folder)
        return counting.open_corpus(folder, engine, self.settings.spark_master)

    @cached_property
    def concept_labels(self) -> dict[str, str]:
        """Label of each concept by its id."""
        return {c.id: c.label for c in self.records.concepts}

    def extractions(self, ids: Iterable[str]) -> dict[str, Extraction]:
        """Return the extractions called `ids`."""
        wanted = set(ids)
        return {e.id: e for e in self.records.extractions if e.id in wanted}


class Stored(Built):
    """A review that lies in a store elsewhere: what is asked is fetched, and no more of it than the answer takes.

    Parameters
    ----------
    store : RemoteStore
        Told which review to look at.
    settings : Settings
    """

    def __init__(self, store: RemoteStore, settings: Settings) -> None:
        # A frozen dataclass sets its attributes like this, too.
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "loaded", store)
        object.__setattr__(self, "inferred", {})
        self._far = store

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _at_one_time(self, read: Callable[[], _T]) -> _T:
        """Read in several requests what belongs together: again if a build was swapped in meanwhile."""
        for _ in range(3):
            before = self._far.version()
            try:
                found = read()
            except EaaError:
                if self._far.version() == before:
                    raise
                continue
            if self._far.version() == before:
                return found
        raise StoreUnavailable("the review is being replaced in the store again and again; ask once more in a while")

    @cached_property
    def checked(self) -> Checked:
        """Every record, fetched whole; no findings, which belong to the files that were read."""
        from eaa_graph.encode import decode

        records = self._at_one_time(lambda: decode(self._far.quads()))
        return Checked(records, (), sum(1 for _ in records.all()))

    @cached_property
    def base(self) -> str:
        """Base of the review's IRIs."""
        return self._far.choose(self._far.review)

    @cached_property
    def columns(self) -> Incidence:
        """Incidence columns of every coder, by one short SELECT for each sheet of them."""
        from eaa_graph.network import Incidence

        return self._at_one_time(lambda: Incidence.from_store(self._far))

    @cached_property
    def concept_labels(self) -> dict[str, str]:
        """Label of each concept by its id."""
        return {t.id: t.label for t in self.names.things.values() if t.kind == "concept"}

    def extractions(self, ids: Iterable[str]) -> dict[str, Extraction]:
        """Return the extractions called `ids`, and fetch no others."""
        from eaa_graph.encode import decode
        from eaa_graph.network import beside_extractions
        from eaa_graph.vocabulary import Quad, data_iri, iri

        names = [iri(data_iri(self.base, "extraction", i)) for i in sorted(set(ids))]

        def read() -> Records:
            quads = list(beside_extractions(self._far))
            for start in range(0, len(names), 200):
                listed = " ".join(names[start : start + 200])
                rows = self._far.select(
                    f"SELECT ?s ?p ?o ?g WHERE {{ VALUES ?s {{ {listed} }} GRAPH ?g {{ ?s ?p ?o }} }}"
                ).rows
                quads += [Quad(s, p, o, g) for s, p, o, g in rows if s and p and o and g]
            return decode(quads)

        return {e.id: e for e in self._at_one_time(read).extractions}


def check(path: Path) -> Checked:
    """Read and check a review folder, workbook or any other file that a reader knows.

    Raises
    ------
    UnreadableFile
        If nothing at all can be read there.
    """
    _is_review(path)
    return validate(opening.read(path))


def _is_review(path: Path) -> None:
    if is_corpus(path):
        raise UnreadableFile(
            f"{path} holds columns for counting (Parquet): ask it with eaa-graph ask; check and build take the review itself"
        )


def store_of(checked: Checked, settings: Settings | None = None, ontology: bool = True) -> Store:
    """Return a store that holds the records, their findings and (unless told not to) the ontology."""
    place = (settings or Settings()).store
    if is_address(place):
        raise BadSettings(
            "a review that is read here gets to a store elsewhere by: eaa-graph build FOLDER --store ADDRESS"
        )
    store = open_store(place)
    # A store on disk may hold an earlier build of this review: it is replaced, not mixed with.
    base = review_base(checked.records.review)
    for graph in store.graphs():
        if graph.startswith(base) or graph == ONTOLOGY:
            store.drop(graph)
    store.add(encode(checked.records))
    store.add(encode_findings(checked.records.review, checked.findings))
    if ontology:
        store.add_file(resources.folder("ontology") / "eaa.ttl", ONTOLOGY)
    return store


#: Above this many quads `infer = auto` leaves inference out: it is for asking why, and no measure needs it.
_INFER_UP_TO = 400_000


def _never(_: Checked) -> bool:
    return False


def build(
    path: Path,
    settings: Settings | None = None,
    progress: Progress = silent,
    enough: Callable[[Checked], bool] = _never,
) -> Built:
    """Go the road from files to a store with everything inferred.

    Parameters
    ----------
    path : Path
        Review folder or file.
    settings : Settings, optional
    progress : callable, optional
        Called as ``progress(stage, "")`` when a stage begins and with a result when it ends.
    enough : callable, optional
        Asked when the records are there: whether the graph need not be made now. It is made when first asked for.

    Raises
    ------
    UnreadableFile
        If nothing at all can be read there.
    """
    settings = settings or Settings()
    _is_review(path)
    if is_address(settings.store):
        from eaa_graph.store.remote import RemoteStore

        RemoteStore(settings.store).version()  # whoever mistyped an address hears of it at once
        # Built here, where it is quick, and sent there whole: nobody sees a store with half a build.
        built = build(path, replace(settings, store="memory"), progress)
        upload(built, settings.store, progress)
        return built
    progress("read", "")
    reading = opening.read(path)
    progress("read", f"{many(sum(len(s.rows) for s in reading.sheets), 'row')} in {many(len(reading.sheets), 'sheet')}")
    progress("check", "")
    checked = validate(reading)
    aside = rows_aside(checked.findings)
    progress(
        "check",
        f"{many(sum(1 for _ in checked.records.all()), 'record')}, {many(aside, 'row')} set aside, "
        f"{many(len(checked.findings), 'finding')}",
    )
    del reading
    if enough(checked):
        return Built(checked, settings)
    progress("graph", "")
    store = store_of(checked, settings)
    size = len(store)
    progress("graph", f"{size:,} statements")
    inferred: dict[str, int] = {}
    if settings.infer == "full" or (settings.infer == "auto" and size <= _INFER_UP_TO):
        progress("infer", "")
        inferred = infer(store, review_base(checked.records.review))
        progress("infer", f"{sum(inferred.values()):,} statements follow")
    return Built(checked, settings, store, inferred)


def review(path: Path, settings: Settings | None = None) -> Built:
    """Read a review for asking: the graph is made only if a question needs it, and nothing is inferred.

    A folder of columns in Parquet is opened without reading more than its codebook.

    Raises
    ------
    UnreadableFile
        If nothing at all can be read there.
    """
    if is_corpus(path):
        from eaa_graph.corpus.columns import read_review

        records, _ = read_review(path)
        return Built(Checked(records, (), 0), settings or Settings(), parquet=path)
    return Built(check(path), settings or Settings())


def stored(settings: Settings, name: str = "", exact: bool = False) -> Stored:
    """Open the review called `name` in the store of the settings, which lies at a web address.

    With `exact` no answer can hold what the server keeps for itself; see :class:`eaa_graph.store.remote.RemoteStore`.

    Raises
    ------
    EaaError
        If there is no review, or several and none is named.
    StoreUnavailable
        If the store cannot be reached.
    """
    from eaa_graph.store.remote import RemoteStore

    store = RemoteStore(settings.store, exact=exact)
    store.choose(name)
    return Stored(store, settings)


def snapshot(settings: Settings, name: str = "", progress: Progress = silent) -> Built:
    """Fetch a review from the store of the settings into memory, as it is now."""
    far = stored(settings, name)
    progress("fetch", "")
    store = OxigraphStore()

    def read() -> OxigraphStore:
        fresh = OxigraphStore()
        fresh.add(far.store.quads())
        return fresh

    store = far._at_one_time(read)
    from eaa_graph.encode import decode

    records = decode(store.quads())
    progress("fetch", f"{len(store):,} statements from {settings.store}")
    return Built(Checked(records, (), sum(1 for _ in records.all())), settings, store)


def upload(built: Built, place: str, progress: Progress = silent) -> Replaced:
    """Swap a build into the store at the web address `place`, where it replaces what is there of the same review.

    Raises
    ------
    StoreUnavailable
        If it cannot be done; the earlier build is then as it was, unless the message says otherwise.
    """
    from eaa_graph.store.remote import RemoteStore

    progress("upload", "")
    store = RemoteStore(place)
    try:
        done = store.replace(built.store, built.base, lambda sent, of: progress(f"upload {sent}/{of}", ""))
    finally:
        store.close()
    told = f"{done.graphs} graphs, {done.same} unchanged, sent in {done.sent} {'part' if done.sent == 1 else 'parts'}"
    told += f", {done.kept} of an earlier try used" if done.kept else ""
    progress("upload", f"{told}: {place}")
    return done


def theory_findings(records: Records) -> tuple[Finding, ...]:
    """Return slips of theorising, and changes from version to version that nobody recorded or gave a reason for."""
    from eaa_graph.theory.difference import diff
    from eaa_graph.theory.lint import lint
    from eaa_graph.theory.versions import history

    past = history(records)
    steps = [(earlier, later) for later in past.versions for earlier in past.parents(later.id)]
    of_steps = (f for earlier, later in steps for f in diff(earlier, later, past).findings)
    return (*past.findings, *dict.fromkeys(of_steps), *lint(records))


def incidence(built: Built, coder: str = "") -> Incidence:
    """Return the columns of the coder(s) chosen by `coder` (or the settings)."""
    from eaa_graph.network import selected

    return selected(built.columns, coder or built.settings.coder)


# --- asking -------------------------------------------------------------------------------


class Answerable(NamedTuple):
    """Anything that can be asked by name: a shipped query or a measure.

    Attributes
    ----------
    name, title, description : str
    parameters : tuple of (name, meaning, default)
    kind : str
        ``question`` (SPARQL) or ``measure``.
    tags : tuple of str
    """

    name: str
    title: str
    description: str
    parameters: tuple[tuple[str, str, str], ...]
    kind: str
    tags: tuple[str, ...]


@cache
def _questions() -> dict[str, queries.Question]:
    """Every shipped query that can be asked: the questions, and the rules that look for gaps in the record."""
    return {**queries.questions(), **queries.questions("gaps")}


@cache
def _measures() -> dict[str, Measure]:
    return {part.name: part for folder in ("measures", "gaps", "theory") for part in registry.parts(folder).values()}


@cache
def answerable() -> dict[str, Answerable]:
    """Return everything that can be asked, by name."""
    found = {
        q.name: Answerable(
            q.name,
            q.summary,
            q.description,
            tuple((p.name, p.meaning, p.default) for p in q.parameters),
            "question",
            q.tags,
        )
        for q in _questions().values()
    }
    for m in _measures().values():
        shown = tuple((p.name, p.meaning, "" if p.default is None else str(p.default)) for p in m.parameters)
        coder = (
            ()
            if m.all_coders or any(p.name == "coder" for p in m.parameters)
            else (("coder", "Whose extractions are counted; 'all' for everybody.", "preferred"),)
        )
        found[m.name] = Answerable(m.name, m.title, m.description, (*shown, *coder), "measure", ())
    return dict(sorted(found.items()))


def parameters_of(name: str) -> tuple[tuple[str, str, str], ...]:
    """Return the parameters of a question as (name, meaning, default); none for a name nobody knows."""
    shipped = _questions()
    if name in shipped:  # without importing every measure
        return tuple((p.name, p.meaning, p.default) for p in shipped[name].parameters)
    known = answerable()
    return known[name].parameters if name in known else ()


def answer(built: Built, name: str, given: Mapping[str, str] | None = None) -> Table:
    """Answer a shipped question or measure by name.

    The same question is worked out once for a `built`.

    Parameters
    ----------
    built : Built
    name : str
    given : mapping of str to str, optional
        Parameters as text.

    Raises
    ------
    UnknownName
        If there is no such question, parameter or thing.
    Refused
        If the measure cannot stand behind an answer; the message says why.
    """
    given = dict(given or {})
    shipped = _questions()
    if name in shipped:
        usual = {p.name: p.default for p in shipped[name].parameters}
        key: tuple[object, ...] = (name, *sorted((k, v) for k, v in given.items() if usual.get(k) != v))
        if key not in built.answered:
            built.answered[key] = queries.run(built.store, shipped[name], given, built.names)
        return built.answered[key]
    known = _measures()
    if name not in known:
        raise UnknownName("question", name, (*shipped, *known))
    measure = known[name]
    if built.settings.engine in ("duckdb", "spark") and name not in MEASURES:
        raise BadSettings(f"{built.settings.engine} counts {', '.join(MEASURES)}; ask {name} with engine memory")
    coder = ""
    if not measure.all_coders:
        coder = given.pop("coder", "") or built.settings.coder
    elif "coder" not in given and any(p.name == "coder" for p in measure.parameters):
        given["coder"] = built.settings.coder
    arguments = registry.arguments(measure.parameters, given)
    fixed = {p.name: p.default for p in measure.parameters}
    # repr, since 1 and True are equal but not the same parameter.
    key = (name, coder, *sorted((k, repr(v)) for k, v in arguments.items() if repr(fixed[k]) != repr(v)))
    if key not in built.answered:
        if name in MEASURES and built.corpus is not None:
            from eaa_graph.corpus import counting

            built.answered[key] = counting.answer(built.corpus, name, {**fixed, **arguments}, coder)
        else:
            columns = built.columns if measure.all_coders else incidence(built, coder)
            built.answered[key] = measure.function(columns, **arguments)
    return built.answered[key]


class Drawing(NamedTuple):
    """A figure and the numbers it shows.

    Attributes
    ----------
    svg : str
    tables : tuple of Table
        What it was drawn from, the main one first.
    """

    svg: str
    tables: tuple[Table, ...]


def drawable() -> dict[str, Chart]:
    """Return every chart that can be drawn, by name."""
    return registry.parts("charts")


def draw(built: Built, name: str, given: Mapping[str, str] | None = None) -> Drawing:
    """Draw a chart by name.

    Parameters
    ----------
    built : Built
    name : str
    given : mapping of str to str, optional
        Parameters as text: of the chart, or of the questions whose answers it draws.

    Raises
    ------
    UnknownName
        If there is no such chart, parameter or thing.
    Refused
        If there is nothing to draw, or too much for one picture; the message says what helps.
    """
    chart: Chart = registry.find("charts", name)
    given = dict(given or {})
    own = {p.name for p in chart.parameters}
    asked = {question: {p[0] for p in parameters_of(question)} for question in (chart.table, *chart.also)}
    known = own.union(*asked.values())
    for parameter in given:
        if parameter not in known:
            raise UnknownName(f"parameter of {name}", parameter, sorted(known))
    tables = []
    for question, accepted in asked.items():
        chosen = {**dict(chart.given), **given}
        if built.settings.coder != "preferred":
            chosen.setdefault("coder", built.settings.coder)
        tables.append(answer(built, question, {k: v for k, v in chosen.items() if k in accepted}))
    told = registry.arguments(chart.parameters, {k: v for k, v in given.items() if k in own})
    return Drawing(chart.function(*tables, **told), tuple(tables))


def passages(built: Built, ids: tuple[str, ...], about: str) -> Table:
    """Return the extractions called `ids` with their words: what every number opens onto.

    Parameters
    ----------
    built : Built
    ids : tuple of str
        Extraction ids; unknown ones are an error of the caller.
    about : str
        What they are behind, for the title.
    """
    from eaa_graph.model import ROLES
    from eaa_graph.tables import Column, Table, Thing

    by_id = built.extractions(ids) if built.parquet is None else _opened(built).passages(ids)
    labels = built.concept_labels
    used = [role for role in ROLES if any(by_id[i].codes(role) for i in ids)]
    rows = []
    for i in sorted(ids):
        e = by_id[i]
        roles = tuple(", ".join(labels[c] for c in e.codes(role)) for role in used)
        words = f"“{e.quote}”" if e.quote else (f"[no quote] {e.note}" if e.note else "[no quote]")
        theme = Thing("concept", e.theme, labels[e.theme]) if e.theme else None
        rows.append(
            (
                Thing("extraction", e.id, e.id),
                Thing("article", e.article, e.article),
                theme,
                *roles,
                e.stance,
                words,
                e.locator,
                e.coder,
            )
        )
    named = ("extraction", "article", "theme", *(f"{r}s" for r in used), "stance", "passage", "locator", "coder")
    return Table(
        name="passages",
        title=f"Extractions {about}",
        columns=tuple(Column(n, n) for n in named),
        rows=tuple(rows),
        unit="extractions",
        note="Where there is no quote, the coder's own paraphrase stands in brackets' place: a reader cannot go back to the words.",
    )


def _opened(built: Built) -> Corpus:
    """Return the columns of a folder of Parquet in an engine, whatever counts."""
    if built.corpus is not None:
        return built.corpus
    from eaa_graph.corpus import counting

    return counting.open_corpus(built.parquet or Path())


def dossier(built: Built, gap: str) -> Dossier:
    """Return everything about one gap of the register.

    Raises
    ------
    UnknownName
        If the register has no such gap.
    Refused
        If there are columns only.
    """
    from eaa_graph.gaps.dossier import dossier as told

    if built.parquet is not None:
        raise Refused(
            f"{built.parquet} holds columns for counting: the dossier of a gap is made from the review itself"
        )
    words = {e.id: (e.quote, e.note, e.locator) for e in built.records.extractions}
    return told(built.columns, words, gap, coder=built.settings.coder)


def query(built: Built, sparql: str, form: str = "") -> Table | str:
    """Run any SPARQL query.

    Returns
    -------
    Table or str
        A table for SELECT; ``true`` or ``false`` for ASK; RDF text for CONSTRUCT and DESCRIBE, in `form`
        (``nt`` unless named).

    Raises
    ------
    BadQuery
        With the line and column that cannot be read.
    """
    from eaa_graph.errors import BadSettings
    from eaa_graph.store import FORMATS, serialise
    from eaa_graph.tables import Column, Table
    from eaa_graph.vocabulary import Quad, Term

    bare = re.sub(r"<[^>\s]*>|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|#[^\n]*", " ", sparql)
    form_of = re.search(r"\b(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", bare, re.IGNORECASE)
    kind = form_of[1].upper() if form_of else "SELECT"
    if kind == "ASK":
        return "true\n" if built.store.ask(sparql) else "false\n"
    if kind in ("CONSTRUCT", "DESCRIBE"):
        triples = built.store.construct(sparql)
        if form not in ("", *FORMATS):
            raise BadSettings(f"RDF leaves as {', '.join(FORMATS)}, not {form!r}")
        return serialise((Quad(*t, Term("")) for t in triples), form or "nt").decode()
    answer = built.store.select(sparql)
    return Table(
        name="query",
        title="Answer",
        columns=tuple(Column(v, v.replace("_", " ")) for v in answer.variables),
        rows=tuple(tuple(queries.to_cell(term, built.names) for term in row) for row in answer.rows),
        unit="rows as the query gives them",
    )
