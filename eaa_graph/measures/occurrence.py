"""Occurrence: what is coded where, how often, and out of how many that could have had it.

A count of articles says little without its denominator: an article that does not report a theme cannot show a
mechanism there. The denominators of themes are therefore the articles said to report the theme (sheet `reported`).
"""

from __future__ import annotations

__all__ = [
    "ATTRIBUTES",
    "PART",
    "SHAPES",
    "UNITS",
    "Columns",
    "Counted",
    "checked",
    "in_codebook_order",
    "named_no_theme",
    "occurrence",
    "told",
]

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.proportions import wilson
from eaa_graph.model import ROLES
from eaa_graph.network import Incidence, Index, units_by_cell
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

#: Columns of the sheet `articles` that concepts can be counted by, beside columns of the user's own.
ATTRIBUTES = ("country", "field", "year", "journal", "collection", "phase", "reported_concept", "licence")
SHAPES = ("long", "wide")
UNITS = {"article": "articles", "study": "studies", "extraction": "extractions"}

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

_NOTE = (
    "A count says where a concept was coded, not how strongly it worked nor why. What is not coded may not apply, may "
    "not have happened, or may not be reported. Shares carry 95 % Wilson intervals"
)


@dataclass(frozen=True, eq=False)
class Columns:
    """What concepts are counted by: one entry a theme, a value or another role's concept.

    Attributes
    ----------
    cells : tuple of Thing or str
        What is printed.
    names : tuple of str
        An id of each, for the columns of the wide table.
    of : int arrays (extraction, place), one element for each time an extraction belongs to a column
    possible : bool array, units by columns
        Units that count in the denominator.
    basis : tuple of str
        What the denominator of each column is made of, in words.
    """

    cells: tuple[Thing | str, ...]
    names: tuple[str, ...]
    of: tuple[Counts, Counts]
    possible: Flags
    basis: tuple[str, ...]


def _units(incidence: Incidence, unit: str) -> tuple[Index, Index, int]:
    """Return the unit of each extraction, of each article, and how many there are.

    With extractions as unit an article has none: -1.
    """
    if unit == "extraction":
        return (
            np.arange(len(incidence), dtype=np.int32),
            np.full(len(incidence.articles), -1, dtype=np.int32),
            len(incidence),
        )
    of_article = (
        np.arange(len(incidence.articles), dtype=np.int32) if unit == "article" else incidence.study.astype(np.int32)
    )
    return of_article[incidence.article], of_article, int(of_article.max(initial=-1)) + 1


def in_codebook_order(incidence: Incidence, concepts: Iterable[int]) -> list[int]:
    """Return concepts in the codebook's order: by position, then those without one, by id."""

    def key(number: int) -> tuple[bool, int, str]:
        concept = incidence.concepts[number]
        return concept.position is None, concept.position or 0, concept.id

    return sorted(concepts, key=key)


def _flags(unit: Index | Counts, column: Index | Counts, shape: tuple[int, int]) -> Flags:
    table = np.zeros(shape, dtype=np.bool_)
    table[unit, column] = True
    return table


def _read(incidence: Incidence) -> Flags:
    """Return which articles were read in this selection: those with an extraction or a theme report."""
    read = np.zeros(len(incidence.articles), dtype=np.bool_)
    read[incidence.article] = True
    read[incidence.reported_article] = True
    return read


def _by_theme(incidence: Incidence, unit: str) -> Columns:
    of_extraction, of_article, units = _units(incidence, unit)
    used = set(incidence.theme[incidence.theme >= 0].tolist())
    themes = in_codebook_order(
        incidence, used | set(incidence.listed("theme").tolist()) | set(incidence.reported_theme.tolist())
    )
    if not themes:
        raise Refused("the review has no themes: count by an attribute of articles or another role (parameter 'by')")
    place = np.full(len(incidence.concepts) + 1, -1, dtype=np.int64)
    place[themes] = np.arange(len(themes))
    at = np.flatnonzero(incidence.theme >= 0)
    of = (at, place[incidence.theme[at]])
    basis: list[str] = []
    if unit == "extraction":
        possible = _flags(of_extraction[of[0]], of[1], (units, len(themes)))
        basis = ["extractions at the theme"] * len(themes)
    else:
        yes = incidence.reported_value
        possible = _flags(
            of_article[incidence.reported_article[yes]], place[incidence.reported_theme[yes]], (units, len(themes))
        )
        told = np.zeros(len(themes), dtype=np.bool_)
        told[place[incidence.reported_theme]] = True
        read = np.zeros(units, dtype=np.bool_)
        read[of_article[_read(incidence)]] = True
        possible[:, ~told] = read[:, None]
        basis = [f"{UNITS[unit]} that report the theme" if t else f"{UNITS[unit]} read" for t in told.tolist()]
    return Columns(
        tuple(incidence.concept_thing(t) for t in themes),
        tuple(incidence.concepts[t].id for t in themes),
        of,
        possible,
        tuple(basis),
    )


def _value(incidence: Incidence, number: int, by: str) -> str:
    article = incidence.articles[number]
    value = getattr(article, by) if by in ATTRIBUTES else dict(article.attributes).get(by)
    return "" if value is None else str(value)


def _by_attribute(incidence: Incidence, unit: str, by: str) -> Columns:
    of_extraction, of_article, units = _units(incidence, unit)
    read = _read(incidence)
    values = [_value(incidence, number, by) for number in range(len(incidence.articles))]
    known = sorted({v for v, r in zip(values, read.tolist(), strict=True) if r}, key=lambda v: (v == "", v))
    if known in ([], [""]):
        raise Refused(f"no article read has a {by}, so there is nothing to count by")
    place_of = {value: place for place, value in enumerate(known)}
    place = np.array([place_of.get(v, -1) for v in values], dtype=np.int64)
    of = (np.arange(len(incidence), dtype=np.int64), place[incidence.article])
    if unit == "extraction":
        possible = _flags(of_extraction, of[1], (units, len(known)))
    else:
        possible = _flags(of_article[read], place[read], (units, len(known)))
    what = "extractions" if unit == "extraction" else f"{UNITS[unit]} read"
    cells = tuple(v or "(not stated)" for v in known)
    return Columns(cells, cells, of, possible, (f"{what} with this {by}",) * len(known))


def _by_role(incidence: Incidence, unit: str, by: str) -> Columns:
    of_extraction, _, units = _units(incidence, unit)
    concepts = in_codebook_order(incidence, set(incidence.coded(by).tolist()) | set(incidence.listed(by).tolist()))
    if not concepts:
        raise Refused(f"nothing is coded or listed as {by}, so there is nothing to count by")
    place = np.full(len(incidence.concepts) + 1, -1, dtype=np.int64)
    place[concepts] = np.arange(len(concepts))
    extraction, concept = incidence.in_role(by)
    of = (extraction.astype(np.int64), place[concept])
    possible = _flags(of_extraction[of[0]], of[1], (units, len(concepts)))
    return Columns(
        tuple(incidence.concept_thing(c) for c in concepts),
        tuple(incidence.concepts[c].id for c in concepts),
        of,
        possible,
        (f"{UNITS[unit]} that code this {by}",) * len(concepts),
    )


def _by_nothing(incidence: Incidence, unit: str) -> Columns:
    of_extraction, of_article, units = _units(incidence, unit)
    of = (np.arange(len(incidence), dtype=np.int64), np.zeros(len(incidence), dtype=np.int64))
    possible = np.zeros((units, 1), dtype=np.bool_)
    possible[of_extraction if unit == "extraction" else of_article[_read(incidence)]] = True
    what = "extractions of the selection" if unit == "extraction" else f"{UNITS[unit]} read"
    return Columns(("all",), ("all",), of, possible, (what,))


def _columns(incidence: Incidence, unit: str, by: str) -> Columns:
    if by == "theme":
        return _by_theme(incidence, unit)
    if by == "none":
        return _by_nothing(incidence, unit)
    if by in ROLES:
        return _by_role(incidence, unit, by)
    own = sorted({name for article in incidence.articles for name, _ in article.attributes})
    if by not in (*ATTRIBUTES, *own):
        raise UnknownName("attribute to count by", by, ("theme", *ROLES, *ATTRIBUTES, *own, "none"))
    return _by_attribute(incidence, unit, by)


def _joined(left: Index, right: tuple[Counts, Counts], extractions: int) -> tuple[NDArray[np.intp], Counts]:
    """Join codings with columns on the extraction: for each match the coding's place and the column."""
    by_extraction, column = right
    if len(by_extraction) < 2 or (by_extraction[1:] > by_extraction[:-1]).all():
        # Each extraction belongs to one column at most, as with themes: one look-up, nothing to sort.
        only = np.full(extractions, -1, dtype=np.int64)
        only[by_extraction] = column
        at = only[left]
        if len(at) and int(at.min()) < 0:
            coding = np.flatnonzero(at >= 0)
            return coding, at[coding]
        return np.arange(len(at)), at
    order = np.argsort(by_extraction, kind="stable")
    many = np.bincount(by_extraction, minlength=extractions)
    starts = np.concatenate([[0], np.cumsum(many)[:-1]])
    each = many[left]
    coding = np.repeat(np.arange(len(left)), each)
    within = np.arange(len(coding)) - np.repeat(np.cumsum(each) - each, each)
    return coding, column[order][starts[left][coding] + within]


@dataclass(frozen=True, eq=False)
class Counted:
    """The counts of concepts (first axis) by columns (second axis), and the codings behind them.

    Attributes
    ----------
    counts, inside : int arrays, concepts by columns
        Units that have it; those of them that are in the denominator.
    possible : int array of length columns
        The denominators.
    extraction, cell : int arrays of one length
        Every coding counted: its extraction, and its cell (concept * columns + column).
    """

    incidence: Incidence
    concepts: tuple[int, ...]
    columns: Columns
    counts: Counts
    inside: Counts
    possible: Counts
    extraction: Index
    cell: Counts

    def behind(self, which: int, at: int) -> tuple[str, ...]:
        """Return the extractions behind the count of a concept in a column."""
        return self.incidence.ids(self.extraction[self.cell == which * len(self.columns.cells) + at].tolist())

    def everything(self, at: int) -> tuple[str, ...]:
        """Return all extractions that belong to a column."""
        extraction, column = self.columns.of
        return self.incidence.ids(extraction[column == at].tolist())


def occurrence(
    incidence: Incidence,
    role: str = "mechanism",
    by: str = "theme",
    unit: str = "article",
    shape: str = "long",
) -> Table:
    """Return how often each concept of a role is coded, by theme, attribute of articles or another role's concepts.

    Parameters
    ----------
    incidence : Incidence
    role : str
        One of ``ROLES``.
    by : str
        ``"theme"``; another role (counted when one extraction codes both); an attribute of articles
        (one of :data:`ATTRIBUTES`, or a column of the user's own); ``"none"``.
    unit : str
        ``"article"``, ``"study"`` or ``"extraction"``. An article without a study is one of its own.
    shape : str
        ``"long"``: one row a cell, with denominator and interval. ``"wide"``: one row a concept, counts only.

    Returns
    -------
    Table
        Concepts and columns in the codebook's order, values in alphabetical order; cells with 0 are there too. Concepts
        are those coded in the role and those that the codebook lists as it.

    Raises
    ------
    Refused
        If there are no extractions, or nothing to count or to count by.
    BadSettings, UnknownName
        If a parameter makes no sense.

    Notes
    -----
    The denominator of a theme is the number of articles (studies) that report it, in the view of at least one coder of
    the selection. A theme nobody reported on has all articles read (with an extraction or a theme report) instead, and the
    column `basis` says so. Evidence from an article that is not said to report the theme is counted, shown in `outside`, and
    left out of the share.

    References
    ----------
    Wilson EB (1927). Journal of the American Statistical Association 22(158):209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = occurrence(columns, by="none")
    >>> [(str(row[0]), row[2], row[3]) for row in table.rows[:2]]
    [('intentions', 25, 51), ('assets', 30, 51)]
    """
    checked(role, by, unit, shape)
    if not len(incidence):
        raise Refused("there are no extractions in this selection")
    concepts = in_codebook_order(incidence, set(incidence.coded(role).tolist()) | set(incidence.listed(role).tolist()))
    if not concepts:
        raise Refused(f"nothing is coded or listed as {role}")
    columns = _columns(incidence, unit, by)
    of_extraction, _, _ = _units(incidence, unit)
    width, depth = len(columns.cells), len(concepts)
    place = np.full(len(incidence.concepts) + 1, -1, dtype=np.int64)
    place[concepts] = np.arange(depth)
    extraction, coded = incidence.in_role(role)
    coding, column = _joined(extraction, columns.of, len(incidence))
    extraction = extraction[coding]
    row = of_extraction[extraction]
    cell = place[coded[coding]] * width + column
    counts, inside = _tally(row, cell, column, columns.possible, depth, width)
    counted = Counted(
        incidence, tuple(concepts), columns, counts, inside, columns.possible.sum(axis=0), extraction, cell
    )
    return told(counted, role, by, unit, shape, int((incidence.theme < 0).sum()) if by == "theme" else 0)


def named_no_theme(extractions: int) -> str:
    """Return in words how many extractions are in no count by theme."""
    if extractions == 1:
        return "1 extraction names no theme and is left out"
    return f"{many(extractions, 'extraction')} name no theme and are left out"


def checked(role: str, by: str, unit: str, shape: str) -> None:
    """Refuse parameters that make no sense whatever the review.

    Raises
    ------
    BadSettings, UnknownName
    """
    if role not in ROLES:
        raise UnknownName("role", role, ROLES)
    if unit not in UNITS:
        raise UnknownName("value of unit", unit, UNITS)
    if shape not in SHAPES:
        raise UnknownName("value of shape", shape, SHAPES)
    if by == role:
        raise BadSettings(f"concepts coded as {role} cannot be counted by themselves; for pairs ask for cooccurrence")


def told(counted: Counted, role: str, by: str, unit: str, shape: str, left_out: int) -> Table:
    """Return the table that tells what was counted, wherever it was counted.

    Parameters
    ----------
    counted : Counted
    role, by, unit, shape : str
        As for :func:`occurrence`.
    left_out : int
        Extractions that name no theme and are in no count.
    """
    columns = counted.columns
    bases = sorted(set(columns.basis))
    denominator = "; ".join(bases) + ("; " + named_no_theme(left_out) if left_out else "")
    note = _NOTE
    if unit == "extraction":
        note += "; these are too narrow for extractions, since those of one article are not independent"
    note += "."
    if by == "theme" and unit != "extraction" and any("read" in b for b in bases):
        note += " Where nobody recorded which articles report a theme, the denominator is all that were read."
    if by in ROLES:
        note += f" A concept counts with a {by} when one extraction codes both."
    title = f"{role.capitalize()}s by {by.replace('_', ' ')}" if by != "none" else f"{role.capitalize()}s, overall"
    frame = Table(
        "occurrence",
        title,
        (),
        (),
        UNITS[unit],
        denominator,
        note,
        "Wilson 1927, doi 10.1080/01621459.1927.10502953",
    )
    return (_wide if shape == "wide" else _long)(counted, frame, role, by)


def _tally(unit: Index, cell: Counts, column: Counts, possible: Flags, depth: int, width: int) -> tuple[Counts, Counts]:
    """Return for each cell the units that have it, and those of them that are in its denominator."""
    units = len(possible)
    counts = units_by_cell(cell, unit, depth * width, units).reshape(depth, width)
    outside = ~possible[unit, column]
    if not outside.any():
        return counts, counts
    without = units_by_cell(cell[outside], unit[outside], depth * width, units).reshape(depth, width)
    return counts, counts - without


def _long(counted: Counted, frame: Table, role: str, by: str) -> Table:
    incidence, columns, counts = counted.incidence, counted.columns, counted.counts
    rows: list[tuple[Cell, ...]] = []
    for which, number in enumerate(counted.concepts):
        for at, cell in enumerate(columns.cells):
            total, share = int(counted.possible[at]), int(counted.inside[which, at])
            interval = wilson(share, total)
            rows.append(
                (
                    incidence.concept_thing(number),
                    cell,
                    int(counts[which, at]),
                    total,
                    share / total if total else None,
                    *(interval or (None, None)),
                    int(counts[which, at]) - share,
                    columns.basis[at],
                )
            )
    width = len(columns.cells)
    return replace(
        frame,
        columns=(
            Column("concept", role.capitalize()),
            Column("by", by.replace("_", " ").capitalize() if by != "none" else "All"),
            Column("count", frame.unit.capitalize(), f"{frame.unit.capitalize()} in which the concept is coded there."),
            Column("denominator", "out of", "How many could have had it; see basis."),
            Column(
                "share",
                "Share",
                "Count (less those outside) out of the denominator; empty: there is nothing to count out of.",
            ),
            Column("low", "95 % from", "Lower end of the Wilson interval."),
            Column("high", "to", "Upper end of the Wilson interval."),
            Column("outside", "Outside", "Counted, but not said to report the theme: in the count, not in the share."),
            Column("basis", "out of which", "What the denominator is made of."),
        ),
        rows=tuple(rows),
        opens=lambda row, column: (
            counted.everything(row % width)
            if column in ("by", "denominator", "basis")
            else counted.behind(row // width, row % width)
        ),
    )


def _wide(counted: Counted, frame: Table, role: str, by: str) -> Table:
    incidence, columns, counts = counted.incidence, counted.columns, counted.counts
    names = _machine_names(columns.names)
    outside = int((counts - counted.inside).sum())
    place = {name: at for at, name in enumerate(names)}

    def opens(row: int, column: str) -> tuple[str, ...]:
        if column in place:
            return counted.behind(row, place[column])
        return tuple(sorted({e for at in range(len(names)) for e in counted.behind(row, at)}))

    return replace(
        frame,
        columns=(
            Column("concept", role.capitalize()),
            *(
                Column(name, f"{cell} (of {int(total)})", basis)
                for name, cell, total, basis in zip(names, columns.cells, counted.possible, columns.basis, strict=True)
            ),
        ),
        rows=tuple(
            (incidence.concept_thing(number), *(int(c) for c in counts[which]))
            for which, number in enumerate(counted.concepts)
        ),
        denominator=f"in the heading of each column, by {by}: {frame.denominator}",
        note=frame.note.replace(" Shares carry 95 % Wilson intervals", " Shares and intervals are in the long table")
        + (f" {outside} counts lie outside their denominator; the long table says which." if outside else ""),
        opens=opens,
    )


def _machine_names(ids: Sequence[str]) -> list[str]:
    """Return column names for ids: lower case and underscores, numbered where two would be the same."""
    names: list[str] = []
    taken = {"concept"}
    for each in ids:
        base = re.sub(r"\W+", "_", each.casefold()).strip("_") or "column"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


PART = Measure(
    "occurrence",
    "Where is each concept coded, and out of how many?",
    "Each concept of a role by theme, by an attribute of articles or by another role's concepts, in articles, studies or extractions, against the "
    "articles that report the theme, with 95 % intervals. It shows where a concept was seen; an empty cell may mean that it does not apply, did not "
    "happen or was not reported.",
    occurrence,
    (
        Parameter("role", "Role whose concepts are counted.", "mechanism", ROLES),
        Parameter(
            "by",
            "What they are counted by: theme, another role, country, field, year or any other column of the articles, or none.",
            "theme",
        ),
        Parameter("unit", "What is counted: articles, studies or extractions.", "article", tuple(UNITS)),
        Parameter(
            "shape", "long: one row a cell, with interval; wide: one row a concept, for printing.", "long", SHAPES
        ),
    ),
    "Wilson 1927, doi 10.1080/01621459.1927.10502953",
)
