"""A review in Python: read it, ask it, draw it, and go on with the graph, the network or data frames.

::

    import eaa_graph as eaa

    review = eaa.read("my-review")
    review.ask("support", configuration="P08")
    review.draw("lanes")

What is asked, counted and drawn is the same as on the command line; only the form of the answers is Python's. Everything
here is reached as ``eaa_graph.read`` and so on, and imported when it is first used.
"""

from __future__ import annotations

__all__ = ["Answer", "Figure", "Review", "read", "read_example", "read_store"]

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eaa_graph import pipeline, resources
from eaa_graph.errors import BadSettings, MissingExtra, UnknownName
from eaa_graph.settings import Settings
from eaa_graph.tables import Column, Table, Thing, many

if TYPE_CHECKING:
    import networkx
    import owlready2
    import pandas
    import polars
    import rdflib

    from eaa_graph.findings import Finding
    from eaa_graph.gaps.dossier import Dossier
    from eaa_graph.model import Records
    from eaa_graph.network import Incidence

#: Rows that an answer shows of itself; all of them are in it.
_SHOWN = 30


@dataclass(frozen=True, repr=False)
class Answer(Table):
    """The answer to a question: a table that shows itself, opens onto its passages, and becomes a data frame.

    Attributes
    ----------
    review : Review or None
        The review that was asked.

    Examples
    --------
    >>> import eaa_graph as eaa
    >>> answer = eaa.read_example("eaa_pilot").ask("occurrence", by="none")
    >>> str(answer.rows[0][0]), answer.column("count")[0]
    ('intentions', 25)
    >>> len(set(answer.why(0).column("article")))
    25
    """

    review: Review | None = field(default=None, compare=False)

    @classmethod
    def of(cls, table: Table, review: Review) -> Answer:
        """Return `table` as an answer of `review`."""
        return cls(**{f.name: getattr(table, f.name) for f in fields(Table)}, review=review)

    def why(self, row: int, column: str = "") -> Answer:
        """Return the passages behind a cell, with their words.

        Parameters
        ----------
        row : int
            Counted from 0, as in a data frame.
        column : str
            Name of the column; left out: the first that holds numbers.

        Raises
        ------
        BadSettings
            If there is no such row.
        UnknownName
            If there is no such column.
        """
        if self.review is None:
            raise BadSettings("this table was not asked of a review, so it has nothing to open onto")
        names = [c.name for c in self.columns]
        if column and column not in names:
            raise UnknownName("column", column, names)
        if not 0 <= row < len(self):
            raise BadSettings(f"rows are counted from 0 to {len(self) - 1}, not {row}")
        ids = self.opens(row, column or self.counted)
        return Answer.of(pipeline.passages(self.review.built, ids, f"behind row {row}"), self.review)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas data frame: a column of things becomes its labels, and under ``<name>_id`` their ids.

        What the numbers count, out of what, and what they can show is in ``frame.attrs``.

        Raises
        ------
        MissingExtra
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtra("a pandas data frame", "notebook") from None
        from eaa_graph.writers.tables import plain

        headers, rows = plain(self)
        frame = pandas.DataFrame(rows, columns=headers).convert_dtypes()
        frame.attrs.update({name: getattr(self, name) for name in ("name", "title", *_READING)})
        return frame

    def to_polars(self) -> polars.DataFrame:
        """Return a polars data frame with the same columns as :meth:`to_pandas`.

        Raises
        ------
        MissingExtra
            If polars is not installed.
        """
        try:
            import polars
        except ImportError:
            raise MissingExtra("a polars data frame", "notebook") from None
        from eaa_graph.writers.tables import plain

        headers, rows = plain(self)
        columns = {name: [row[n] for row in rows] for n, name in enumerate(headers)}
        return polars.DataFrame(columns, strict=False)

    def save(self, path: str | Path) -> Path:
        """Write the table to a file whose suffix says how: .csv, .json, .md, .txt or .xlsx; return its path."""
        from eaa_graph import results

        return results.write_table(self, Path(path))

    def __repr__(self) -> str:
        from eaa_graph.writers.tables import table_text

        more = f"… and {len(self) - _SHOWN} more rows\n" if len(self) > _SHOWN else ""
        return (table_text(self.head(_SHOWN)) + more).rstrip("\n")

    def _repr_html_(self) -> str:
        """Show the table in a notebook; every text of the review is escaped."""
        from eaa_graph.writers.tables import cell_text, reading_aid

        def cell(value: Any) -> str:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            style = ' style="text-align:right"' if number else ""
            return f"<td{style}>{html.escape(cell_text(value))}</td>"

        heads = "".join(f'<th title="{html.escape(c.meaning)}">{html.escape(c.title)}</th>' for c in self.columns)
        rows = "".join(f"<tr><th>{n}</th>{''.join(map(cell, row))}</tr>" for n, row in enumerate(self.rows[:_SHOWN]))
        more = f"<p>… and {len(self) - _SHOWN} more rows.</p>" if len(self) > _SHOWN else ""
        aid = "".join(f"<p><small>{html.escape(line)}</small></p>" for line in reading_aid(self))
        return (
            f"<table><caption>{html.escape(self.title)}</caption><thead><tr><th></th>{heads}</tr></thead>"
            f"<tbody>{rows}</tbody></table>{more}{aid}"
        )


#: What it takes to read a table's numbers.
_READING = ("unit", "denominator", "note", "source")


@dataclass(frozen=True, repr=False)
class Figure:
    """A figure that shows itself in a notebook, with the tables of its numbers.

    Attributes
    ----------
    name : str
    svg : str
    tables : tuple of Answer
        What it was drawn from, the main one first.
    """

    name: str
    svg: str
    tables: tuple[Answer, ...]

    def save(self, path: str | Path) -> list[Path]:
        """Write the figure (.svg, .png or .pdf) and its tables beside it as CSV; return the files."""
        from eaa_graph import results

        out = Path(path)
        return results.write_drawing(self.svg, self.tables, out, out.suffix.removeprefix(".").casefold() or "svg")

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return (
            f"<Figure {self.name}: {len(self.svg):,} characters of SVG from {', '.join(t.name for t in self.tables)}>"
        )


class Review:
    """A review that was read, ready to be asked.

    Parameters
    ----------
    built : pipeline.Built
        What the road from the files has made of it; columns and graph are made when first needed.

    Examples
    --------
    >>> import eaa_graph as eaa
    >>> review = eaa.read_example("eaa_pilot")
    >>> len(review.records.articles), len(review.records.extractions)
    (51, 890)
    >>> review.ask("support", theory="eaa-initial").column("completeness")[:3]
    ['any', 'M-O', 'M']
    >>> review.draw("lanes", theory="eaa-initial").name
    'lanes'
    """

    def __init__(self, built: pipeline.Built) -> None:
        self.built = built

    def __repr__(self) -> str:
        records = self.records
        return f"<Review {records.review.title!r}, {many(len(records.articles), 'article')}, {many(len(records.extractions), 'extraction')}>"

    # --- what was read --------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The review's title."""
        return self.records.review.title

    @property
    def records(self) -> Records:
        """Everything that was written down, as frozen records."""
        return self.built.records

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything a person should know about the input; an empty tuple when nothing is the matter."""
        return self.built.findings

    @property
    def columns(self) -> Incidence:
        """The extractions as integer columns, what every measure counts on."""
        return self.built.columns

    # --- asking ---------------------------------------------------------------------------

    def questions(self, about: str = "") -> Answer:
        """Return what can be asked, with its parameters; `about` keeps what mentions a word."""
        rows = tuple(
            (entry.name, entry.title, entry.kind, ", ".join(f"{n}={d}" if d else n for n, _, d in entry.parameters))
            for entry in pipeline.answerable().values()
            if about.casefold() in f"{entry.name} {entry.title} {' '.join(entry.tags)}".casefold()
        )
        return self._listing("questions", "What can be asked", ("question", "answers", "kind", "parameters"), rows)

    def figures(self, about: str = "") -> Answer:
        """Return what can be drawn; `about` keeps what mentions a word."""
        rows = tuple(
            (chart.name, f"{chart.title}. {chart.description}", chart.table)
            for chart in pipeline.drawable().values()
            if about.casefold() in f"{chart.name} {chart.title} {chart.description}".casefold()
        )
        return self._listing("figures", "What can be drawn", ("figure", "shows", "drawn_from"), rows)

    def _listing(self, name: str, title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Answer:
        heads = tuple(Column(c, c.replace("_", " ").capitalize()) for c in columns)
        return Answer(name, title, heads, rows, review=self)

    def ask(self, question: str, /, **parameters: object) -> Answer:
        """Answer a question or measure by name; :meth:`questions` lists them all.

        Parameters
        ----------
        question : str
        **parameters
            As ``eaa-graph ask`` takes them. Numbers, True and False, things out of another answer, and lists of names are
            understood; None is as if it were left out.

        Raises
        ------
        UnknownName
            If there is no such question, parameter or thing; the message names the nearest.
        Refused
            If the measure cannot stand behind an answer; the message says why.
        """
        given = _as_text(parameters)
        if self.built.settings.coder != "preferred" and any(
            name == "coder" for name, _, _ in pipeline.parameters_of(question)
        ):
            given.setdefault("coder", self.built.settings.coder)
        return Answer.of(pipeline.answer(self.built, question, given), self)

    def query(self, sparql: str) -> Answer | bool | str:
        """Run any SPARQL query; the usual prefixes are declared already.

        Returns
        -------
        Answer, bool or str
            A table for SELECT; True or False for ASK; N-Triples for CONSTRUCT and DESCRIBE.
        """
        found = pipeline.query(self.built, sparql)
        if isinstance(found, Table):
            return Answer.of(found, self)
        return found.strip() == "true" if found.strip() in ("true", "false") else found

    def draw(self, figure: str, /, **parameters: object) -> Figure:
        """Draw a figure by name; :meth:`figures` lists them all.

        Raises
        ------
        UnknownName
            If there is no such figure, parameter or thing.
        Refused
            If there is nothing to draw, or too much for one picture; the message says what helps.
        """
        drawing = pipeline.draw(self.built, figure, _as_text(parameters))
        return Figure(figure, drawing.svg, tuple(Answer.of(table, self) for table in drawing.tables))

    def dossier(self, gap: str) -> Dossier:
        """Return everything about one gap of the register (``ask("gap-register")``); it has `markdown()` and `html()`."""
        return pipeline.dossier(self.built, gap)

    # --- going on with other tools ------------------------------------------------------------

    @cached_property
    def graph(self) -> rdflib.Dataset:
        """The whole graph for rdflib, each provenance a named graph; the default graph is the union of all.

        A copy: what is changed in it changes no answer.
        """
        import rdflib

        data = rdflib.Dataset(default_union=True)
        data.parse(data=self.built.store.dump("nq").decode("utf-8"), format="nquads")
        return data

    def network(self) -> networkx.MultiDiGraph:
        """Return concepts and configurations as a networkx graph.

        Nodes are ``concept/<id>`` and ``configuration/<id>`` with their label; edges have a ``relation``: a role (concept
        to configuration, configuration to its outcomes) or ``coded together`` with the number of extractions and articles.
        """
        from eaa_graph.writers.graphs import as_networkx

        graph: networkx.MultiDiGraph = as_networkx(self.records)
        return graph

    def ontology(self) -> owlready2.Ontology:
        """Return the ontology with this review's individuals, for owlready2; each call gives a world of its own."""
        from eaa_graph.reason import as_owlready

        return as_owlready(self.built.store)

    def write(self, folder: str | Path) -> list[Path]:
        """Write everything that ``eaa-graph build`` writes into `folder`; return the files."""
        from eaa_graph import results

        return results.write(self.built, Path(folder))

    def _repr_html_(self) -> str:
        records = self.records
        counted = (
            (len(records.articles), "articles"),
            (len(records.extractions), "extractions"),
            (len(records.concepts), "concepts"),
            (len(records.configurations), "configurations"),
            (len(records.theories), "theory versions"),
            (len(self.findings), "findings"),
        )
        told = ", ".join(f"{number:,} {what}" for number, what in counted)
        return f"<p><strong>{html.escape(self.title)}</strong><br>{told}</p>"


def _as_text(parameters: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(value) for name, value in parameters.items() if value is not None}


def _text(value: object) -> str:
    """Return the value of a parameter as it is written on the command line.

    Examples
    --------
    >>> _text(True), _text(3), _text(["trust", Thing("concept", "time", "Time")])
    ('yes', '3', 'trust|time')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Thing):
        return value.id
    if isinstance(value, list | tuple):
        return "|".join(_text(each) for each in value)
    return str(value)


def read(path: str | Path, *, coder: str = "preferred", store: str = "memory", infer: bool = False) -> Review:
    """Read a review folder, workbook, or the project of another program.

    Parameters
    ----------
    path : str or Path
    coder : str
        Whose extractions are counted unless a question says otherwise: a coder's id, ``"preferred"`` or ``"all"``.
    store : str
        Where the graph is kept: ``"memory"``, ``"rdflib"``, or a folder.
    infer : bool
        Whether the graph also holds what follows by the rules of inference. No count depends on it.

    Returns
    -------
    Review
        What could not be read is among its findings.

    Raises
    ------
    UnreadableFile
        If nothing at all can be read there.
    """
    if infer:
        return Review(pipeline.build(Path(path), Settings(coder=coder, store=store, infer="full")))
    return Review(pipeline.review(Path(path), Settings(coder=coder, store=store, infer="none")))


def read_store(address: str, review: str = "", *, coder: str = "preferred") -> Review:
    """Open a review that lies in a store at a web address; what is asked is fetched from there.

    Parameters
    ----------
    address : str
        Of any server that speaks SPARQL 1.1; credentials come from the environment (see docs/stores.md).
    review : str
        Which review, where the store holds several.
    coder : str
        As for :func:`read`.

    Raises
    ------
    StoreUnavailable
        If it cannot be reached.
    EaaError
        If there is no such review.
    """
    return Review(pipeline.stored(Settings(coder=coder, store=address, infer="none"), review))


def read_example(name: str, *, coder: str = "preferred", store: str = "memory", infer: bool = False) -> Review:
    """Read a review that is shipped with the package, such as ``"eaa_pilot"``; the rest as for :func:`read`.

    Raises
    ------
    UnknownName
        If no example has that name.
    """
    return read(resources.example(name), coder=coder, store=store, infer=infer)
