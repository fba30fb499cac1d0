"""Empty, thin and contradictory cells: a concept in a role under each theme, or with each concept of another role.

An empty cell means little by itself: a mechanism seen in four articles leaves most themes empty whatever happens. So
each cell has its denominator (the articles that report the theme), the number to expect if nothing but the margins
mattered, the chance of so few or fewer, and a q that says how that chance looks among all the cells looked at.
"""

from __future__ import annotations

__all__ = [
    "PARTS",
    "Grid",
    "cells",
    "chance",
    "checked",
    "checked_gaps",
    "contradictory_cells",
    "empty_and_thin_cells",
    "told",
]

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.gaps import GapRule
from eaa_graph.gaps.reporting import in_order, plural, reporting, units_of, who
from eaa_graph.gaps.surprise import at_most, in_words, number, share
from eaa_graph.measures.multiplicity import benjamini_hochberg
from eaa_graph.measures.support import passages
from eaa_graph.model import ACTIVATIONS, POLARITIES, ROLES, STANCES
from eaa_graph.network import Incidence, Index, units_by_cell
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

_ACROSS = ("theme", *ROLES)
_UNITS = ("article", "study", "extraction")
_NULLS = ("reported", "coded", "curveball")
_BY = ("stance", "polarity", "either")
_SHOW = ("gaps", "all")
_SOURCE = (
    "Fisher 1935, doi 10.2307/2342435; Benjamini & Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x; "
    "Robinson et al. 2011, doi 10.1016/j.jclinepi.2011.06.009 (why a gap is one)"
)


@dataclass(frozen=True, eq=False)
class Grid:
    """Every cell of concepts in a role by themes, or by concepts in another role.

    R rows, C columns; a *unit* is an article or a study under one theme when the columns are themes, otherwise an
    article, a study or an extraction.

    Attributes
    ----------
    incidence : Incidence
    role, across : str
        What rows and columns are: a role; a role or ``theme``.
    unit, null : str
        As asked for.
    rows, columns : int32 arrays
        Concepts, in codebook order.
    count : int array, R x C
        Units that code the row's concept there.
    out_of : int array of length C
        Units that report the theme; that code the column's concept.
    row_total : int array of length R
        Units that code the row's concept, in all.
    units : int
        All units.
    asked : bool array, R x C
        Cells that are a question at all (one of each pair when rows and columns are of one role).
    expected, p, q : float arrays, R x C
        NaN where nothing can be expected because no unit reports the theme, and where nothing is asked.
    supporting, challenging, speaking_against, latent : int arrays, R x C
        Articles (or studies) with a passage there that supports, that challenges, that reports it absent, hindering
        or challenging, that codes the concept in another role.
    always_against : bool array, R x C
        Whether there are passages and all of them speak against.
    denied : int array of length C
        Units of which somebody says that they do not report the theme; zeros for concepts.
    remarks : str
        What a reader should know of the records of themes, in sentences.
    without_theme : int
        Passages that are in no cell because they name no theme; 0 for concepts.
    extraction, at : int arrays
        Passages in cells (one passage may be in several) and the cell of each, counted row by row.
    told : str
        What the chance model did, for the note.
    """

    incidence: Incidence
    role: str
    across: str
    unit: str
    null: str
    rows: Index
    columns: Index
    count: Counts
    out_of: Counts
    row_total: Counts
    units: int
    asked: Flags
    expected: Floats
    p: Floats
    q: Floats
    supporting: Counts
    challenging: Counts
    speaking_against: Counts
    latent: Counts
    always_against: Flags
    denied: Counts
    remarks: str
    without_theme: int
    extraction: Index
    at: Counts
    told: str

    @property
    def by_theme(self) -> bool:
        """Whether the columns are themes."""
        return self.across == "theme"

    @property
    def noun(self) -> str:
        """What is counted, in the singular."""
        return self.unit

    def type_of(self, row: int, column: int, thin: int) -> str:
        """Return the type of gap of a cell, or an empty text where there is none."""
        if self.by_theme and self.out_of[column] == 0:
            return "not reported" if self.denied[column] else "not looked for"
        if self.supporting[row, column] and self.challenging[row, column]:
            return "contradictory"
        if self.always_against[row, column]:
            return "reported absent"
        if self.count[row, column] == 0:
            if self.latent[row, column]:
                return "latent in a theme"
            both = not self.by_theme and self.row_total[row] and self.out_of[column]
            return "untested combination" if both else "empty"
        return "thin" if self.count[row, column] <= thin else ""

    def behind(self, row: int, column: int, which: str = "count") -> tuple[str, ...]:
        """Return the extractions behind a cell; `which` is the name of a column of the table."""
        incidence = self.incidence
        concept = int(self.rows[row])
        if which == "row_total":
            found = passages(incidence, self.role, concept)
            if self.by_theme:
                found = found[incidence.theme[found] >= 0]
            return incidence.ids(found.tolist())
        if which == "latent":
            coded = (incidence.coding_concept == concept) & (incidence.coding_role != ROLES.index(self.role))
            other = incidence.coding_extraction[coded]
            return incidence.ids(other[incidence.theme[other] == self.columns[column]].tolist())
        here = self.extraction[self.at == row * len(self.columns) + column]
        if which == "supporting":
            here = here[incidence.stance[here] == STANCES.index("supports")]
        elif which == "challenging":
            here = here[incidence.stance[here] == STANCES.index("challenges")]
        elif which == "speaking_against":
            here = here[_against(incidence)[here]]
        elif which == "out_of":
            if self.by_theme:
                return ()  # a denominator of reports, which are not passages
            here = passages(incidence, self.across, int(self.columns[column]))
        elif not self.by_theme and self.unit != "extraction":
            of, _ = units_of(incidence, self.unit)
            pair = [
                passages(incidence, self.role, concept),
                passages(incidence, self.across, int(self.columns[column])),
            ]
            unit = [of[incidence.article[p]] for p in pair]
            both = np.intersect1d(unit[0], unit[1])
            here = np.concatenate([p[np.isin(u, both)] for p, u in zip(pair, unit, strict=True)])
        return incidence.ids(here.tolist())


def _against(incidence: Incidence) -> Flags:
    """Return for each passage whether it reports its mechanism absent, hindering, or against the theory."""
    found: Flags = (
        (incidence.activation == ACTIVATIONS.index("none"))
        | (incidence.polarity == POLARITIES.index("hindering"))
        | (incidence.stance == STANCES.index("challenges"))
    )
    return found


def _concepts(incidence: Incidence, role: str) -> Index:
    found = in_order(incidence, [*incidence.listed(role).tolist(), *incidence.coded(role).tolist()])
    if not len(found):
        raise Refused(f"there is no concept to look for: the codebook lists none as {role}, and none is coded so")
    return found


def _place_of(incidence: Incidence, concepts: Index) -> Index:
    """Return for each concept its place among `concepts`, or -1; the one after the last stands for none (index -1)."""
    place = np.full(len(incidence.concepts) + 1, -1, dtype=np.int32)
    place[concepts] = np.arange(len(concepts), dtype=np.int32)
    return place


def _joined(incidence: Incidence, role: str, across: str) -> tuple[Index, Index, Index]:
    """Return (passage, concept in `role`, concept in `across`) for all that a passage codes together."""
    left, a = incidence.in_role(role)
    right, b = incidence.in_role(across)
    start = np.searchsorted(right, left, side="left")  # codings are sorted by passage
    many = np.searchsorted(right, left, side="right") - start
    which = np.repeat(start - (np.cumsum(many) - many), many) + np.arange(int(many.sum()))
    return np.repeat(left, many), np.repeat(a, many), b[which]


def cells(
    incidence: Incidence,
    rows: str = "mechanism",
    columns: str = "theme",
    unit: str = "article",
    null: str = "reported",
    permutations: int = 1000,
    seed: int = 20240101,
) -> Grid:
    """Count every cell and say what chance would give.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.
    rows : str
        Role of the concepts down the side.
    columns : str
        ``theme``, or the role of the concepts across.
    unit : str
        ``article``, ``study``; ``extraction`` only for concepts with concepts.
    null : str
        Which margins chance keeps: ``reported``: each concept's places, spread as the themes are reported (concepts
        with concepts: units spread at random); ``coded``: spread as everything coded is spread over the themes;
        ``curveball``: in addition, each unit keeps how many concepts it codes.
    permutations, seed : int
        For ``curveball``.

    Raises
    ------
    Refused
        If there is nothing to look for, nowhere to look, or nobody who looked.
    """
    checked(rows, columns, unit, null)
    if not len(incidence):
        raise Refused(f"no extraction by {who(incidence)}: an empty cell would say nothing")
    if columns == "theme":
        return _under_themes(incidence, rows, unit, null, permutations, seed)
    return _together(incidence, rows, columns, unit, null, permutations, seed)


def checked(rows: str, columns: str, unit: str, null: str) -> None:
    """Refuse parameters of :func:`cells` that make no sense whatever the review.

    Raises
    ------
    UnknownName, Refused
    """
    for name, value, known in (("rows", rows, ROLES), ("columns", columns, _ACROSS), ("unit", unit, _UNITS), ("null", null, _NULLS)):  # fmt: skip
        if value not in known:
            raise UnknownName(f"value of {name}", value, known)


def chance(
    null: str, count: Counts, row_total: Counts, out_of: Counts, units: int, asked: Flags
) -> tuple[Floats, Floats, Floats]:
    """Return what chance would put in each cell, the chance of so few or fewer, and its q: exact, from counts alone.

    Parameters
    ----------
    null : str
        ``reported`` or ``coded``.
    count, row_total, out_of, units, asked
        As in a :class:`Grid`; `asked` where a test is made.
    """
    if null == "coded":
        total = count.sum(axis=0)
        expected, p = _exact(count, row_total, total, int(total.sum()))
    else:
        expected, p = _exact(count, row_total, out_of, units)
    return _tested(expected, p, asked)


def _under_themes(incidence: Incidence, role: str, unit: str, null: str, permutations: int, seed: int) -> Grid:
    if unit == "extraction":
        raise Refused("whether a theme is reported is recorded of articles: count articles or studies under themes")
    down = _concepts(incidence, role)
    of, units = units_of(incidence, unit)
    record = reporting(incidence, unit)
    if not len(record.themes):
        raise Refused("there are no themes: the codebook lists none and no passage names one")
    width, size = len(record.themes), len(down) * len(record.themes)
    row_of, column_of = _place_of(incidence, down), _place_of(incidence, record.themes)
    under = column_of[incidence.theme]

    def placed(passage: Index, concept: Index) -> tuple[Index, Counts]:
        row, column = row_of[concept], under[passage]
        if len(row) and min(int(row.min()), int(column.min())) < 0:
            keep = np.flatnonzero((row >= 0) & (column >= 0))
            passage, row, column = passage[keep], row[keep], column[keep]
        return passage, row * np.int64(width) + column

    extraction, at = placed(*incidence.in_role(role))
    elsewhere = np.flatnonzero((row_of >= 0)[incidence.coding_concept] & (incidence.coding_role != ROLES.index(role)))
    other, other_at = placed(incidence.coding_extraction[elsewhere], incidence.coding_concept[elsewhere])
    unit_of_passage = of[incidence.article]

    def counted(passage: Index, where: Counts) -> Counts:
        return units_by_cell(where, unit_of_passage[passage], size, units).reshape(len(down), width)

    def those(keep: Flags) -> Counts:
        chosen = np.flatnonzero(keep)
        return counted(extraction[chosen], at[chosen])

    count = counted(extraction, at)
    reported = record.reported
    out_of = reported.sum(axis=0, dtype=np.int64)
    row_total, everywhere = count.sum(axis=1), int(out_of.sum())
    asked = np.ones(count.shape, dtype=np.bool_)
    told = ""
    if null == "curveball":
        place, theme = np.nonzero(reported)
        where = np.zeros((units, width), dtype=np.int64)
        where[place, theme] = np.arange(len(place))
        table = np.zeros((len(place), len(down)), dtype=np.bool_)
        table[where[unit_of_passage[extraction], at % width], at // width] = True
        expected, p, told = _permuted([table, np.eye(width, dtype=np.bool_)[theme]], permutations, seed)
        expected, p, q = _tested(expected, p, asked & (out_of > 0)[None, :])
    else:
        expected, p, q = chance(null, count, row_total, out_of, everywhere, asked & (out_of > 0)[None, :])
    against = _against(incidence)[extraction]
    stance = incidence.stance[extraction]
    return Grid(
        incidence, role, "theme", unit, null, down, record.themes, count, out_of, row_total, everywhere, asked, expected,
        p, q,
        those(stance == STANCES.index("supports")),
        those(stance == STANCES.index("challenges")),
        those(against),
        counted(other, other_at),
        _always(at, against, size).reshape(count.shape),
        record.no.sum(axis=0, dtype=np.int64), record.remarks, int((incidence.theme < 0).sum()), extraction, at, told,
    )  # fmt: skip


def _held(incidence: Incidence, row: Index, column: Index, shape: tuple[int, int]) -> Any:
    """Return a 0/1 table of what each unit holds: dense while it is small, since sparse ones take 0.1 s to import."""
    if shape[0] * shape[1] > 1_000_000:
        return incidence.matrix(row, column, shape)
    table = np.zeros(shape, dtype=np.int32)
    table[row, column] = 1
    return table


def _dense(table: Any) -> Any:
    return table if isinstance(table, np.ndarray) else table.toarray()


def _together(incidence: Incidence, role: str, across: str, unit: str, null: str, permutations: int, seed: int) -> Grid:
    if null == "coded":
        raise Refused("null=coded is about themes: use null=reported or null=curveball for concepts with concepts")
    down, over = _concepts(incidence, role), _concepts(incidence, across)
    if unit == "extraction":
        unit_of_passage, units = np.arange(len(incidence), dtype=np.int32), len(incidence)
    else:
        of, units = units_of(incidence, unit)
        unit_of_passage = of[incidence.article]
    read = len(np.unique(unit_of_passage))
    row_of, column_of = _place_of(incidence, down), _place_of(incidence, over)
    tables = []
    for which, place, length in ((role, row_of, len(down)), (across, column_of, len(over))):
        passage, concept = incidence.in_role(which)
        tables.append(_held(incidence, unit_of_passage[passage], place[concept], (units, length)))
    count = np.asarray(_dense(tables[0].T @ tables[1]), dtype=np.int64)
    row_total = np.asarray(tables[0].sum(axis=0), dtype=np.int64).reshape(-1)
    out_of = np.asarray(tables[1].sum(axis=0), dtype=np.int64).reshape(-1)
    asked: Flags = np.ones(count.shape, dtype=np.bool_)
    if role == across:
        asked = np.triu(asked, 1)
        if not asked.any():
            raise Refused(f"only one concept is coded or listed as {role}: there is no pair")
    told = ""
    if null == "curveball":
        seen = np.unique(unit_of_passage)
        dense = [np.asarray(_dense(t[seen]), dtype=np.bool_) for t in tables[: 1 if role == across else 2]]
        expected, p, told = _permuted(dense, permutations, seed)
        expected, p, q = _tested(expected, p, asked)
    else:
        expected, p, q = chance(null, count, row_total, out_of, read, asked)
    extraction, a, b = _joined(incidence, role, across)
    at = row_of[a].astype(np.int64) * len(over) + column_of[b]
    size = count.size
    against = _against(incidence)[extraction]
    stance = incidence.stance[extraction]

    def counted(passage: Index, where: Counts) -> Counts:
        return units_by_cell(where, unit_of_passage[passage], size, units).reshape(count.shape)

    def those(keep: Flags) -> Counts:
        chosen = np.flatnonzero(keep)
        return counted(extraction[chosen], at[chosen])

    return Grid(
        incidence, role, across, unit, null, down, over, count, out_of, row_total, read, asked, expected, p, q,
        those(stance == STANCES.index("supports")),
        those(stance == STANCES.index("challenges")),
        those(against),
        np.zeros(count.shape, dtype=np.int64),
        _always(at, against, size).reshape(count.shape),
        np.zeros(len(over), dtype=np.int64), "", 0, extraction, at, told,
    )  # fmt: skip


def _always(at: Counts, against: Flags, size: int) -> Flags:
    some = np.bincount(at, minlength=size)
    found: Flags = (some > 0) & (np.bincount(at[against], minlength=size) == some)
    return found


def _exact(count: Counts, marked: Counts, drawn: Counts, units: int) -> tuple[Floats, Floats]:
    rows = np.broadcast_to(marked[:, None], count.shape)
    columns = np.broadcast_to(drawn[None, :], count.shape)
    expected = rows * columns / units if units else np.zeros(count.shape)
    return expected, at_most(count, np.full(count.shape, units), rows, columns)


def _permuted(tables: list[Flags], permutations: int, seed: int) -> tuple[Floats, Floats, str]:
    from eaa_graph.measures.nullmodels import against

    seen = against(tables, lambda counts: counts.reshape(len(counts), -1), permutations, seed)
    shape = (tables[0].shape[1], tables[-1].shape[1])
    return seen.mean.reshape(shape), seen.p("less").reshape(shape), f" {seen}."


def _tested(expected: Floats, p: Floats, tested: Flags) -> tuple[Floats, Floats, Floats]:
    q = np.full(p.shape, np.nan)
    q[tested] = benjamini_hochberg(p[tested])
    return np.where(tested, expected, np.nan), np.where(tested, p, np.nan), q


# --- telling ----------------------------------------------------------------------------------


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


_SPREAD = {
    "reported": "the themes are reported",
    "coded": "everything coded is spread over the themes",
    "curveball": "chance would spread them, each place keeping how much it codes",
}


def _chance(grid: Grid, row: int, column: int) -> str:
    p, q = _finite(grid.p[row, column]), _finite(grid.q[row, column])
    if p is None or q is None:
        return ""
    total = int(grid.row_total[row])
    label = f"“{grid.incidence.concepts[grid.rows[row]].label}”"
    if not total:
        return f" {label} is coded as {grid.role} nowhere, so no cell of its row can surprise."
    about = number(float(grid.expected[row, column]))
    if grid.by_theme:
        told = f" Were its {plural(total, 'place')} spread as {_SPREAD[grid.null]}, about {about} would fall here"
    else:
        told = f" If the two had nothing to do with each other, about {about} would code both"
    few = "none" if grid.count[row, column] == 0 else "so few"
    return f"{told}; {few} is {in_words(p, q)} (p {share(p)}, q {share(q)})."


def _some(count: int) -> str:
    return f"{count:,}" if count else "None"


def _codes(count: int) -> str:
    return "codes" if count <= 1 else "code"


def _reading(grid: Grid, row: int, column: int, kind: str) -> str:
    incidence = grid.incidence
    concept, other = (f"“{incidence.concepts[n].label}”" for n in (grid.rows[row], grid.columns[column]))
    count, out_of = int(grid.count[row, column]), int(grid.out_of[column])
    noun = grid.noun
    if not grid.by_theme:
        if not grid.row_total[row] or not out_of:
            name, role = (concept, grid.role) if not grid.row_total[row] else (other, grid.across)
            return f"{name} is coded as {role} nowhere, so the two could not be seen together."
        told = f"{_some(count)} of the {plural(grid.units, noun)} with anything coded {_codes(count)} {concept} as {grid.role} and {other} as {grid.across}"
    elif kind == "not looked for":
        return f"Nobody recorded of any {noun} whether it reports {other}, and nothing is coded under it."
    elif kind == "not reported":
        denied = int(grid.denied[column])
        return f"No {noun} is said to report {other} ({plural(denied, noun)} said not to), so {concept} could not be seen there."
    else:
        told = f"{_some(count)} of the {plural(out_of, noun)} that report {other} {_codes(count)} {concept} as {grid.role} under it"
    if kind == "latent in a theme":
        latent = int(grid.latent[row, column])
        return f"{told}; {plural(latent, noun)} {_codes(latent)} it there in another role." + _chance(grid, row, column)
    if kind == "reported absent":
        return f"{told}, and only as absent, hindering or challenging the theory." + _chance(grid, row, column)
    if kind == "contradictory":
        for_, against = int(grid.supporting[row, column]), int(grid.challenging[row, column])
        return f"{told}: {for_} with a passage that supports, {against} with one that challenges."
    return f"{told}." + _chance(grid, row, column)


def _denominator(grid: Grid) -> str:
    if grid.by_theme:
        return (
            f"for each theme, the {plural(2, grid.unit)[2:]} that report it in the view of {who(grid.incidence)}; "
            f"{plural(grid.units, 'such place')} in all"
        )
    return f"the {plural(grid.units, grid.unit)} with anything coded by {who(grid.incidence)}"


def checked_gaps(thin: int, show: str) -> None:
    """Refuse parameters of :func:`empty_and_thin_cells` that make no sense whatever the review.

    Raises
    ------
    BadSettings, UnknownName
    """
    if thin < 0:
        raise BadSettings("thin must be 0 or more")
    if show not in _SHOW:
        raise UnknownName("value of show", show, _SHOW)


def _things(grid: Grid, row: int, column: int) -> tuple[Thing, Thing]:
    return grid.incidence.concept_thing(int(grid.rows[row])), grid.incidence.concept_thing(int(grid.columns[column]))


def empty_and_thin_cells(
    incidence: Incidence,
    rows: str = "mechanism",
    columns: str = "theme",
    unit: str = "article",
    null: str = "reported",
    thin: int = 2,
    show: str = "gaps",
    permutations: int = 1000,
    seed: int = 20240101,
) -> Table:
    """Return the cells that are empty, thin or otherwise a gap, with how surprising so few are.

    Parameters
    ----------
    incidence, rows, columns, unit, null, permutations, seed
        As for :func:`cells`.
    thin : int
        A cell with at most so many units is thin.
    show : str
        ``gaps``, or ``all`` cells.

    Returns
    -------
    Table
        In codebook order, row by row. p and q are over all cells, whichever are shown.

    Raises
    ------
    Refused
        If there is nothing to look for, nowhere to look, or nobody who looked.

    References
    ----------
    Fisher RA (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98(1):39-82.
    doi:10.2307/2342435

    Robinson KA, Saldanha IJ, McKoy NA (2011). Development of a framework to identify research gaps from systematic
    reviews. Journal of Clinical Epidemiology 64(12):1325-1330. doi:10.1016/j.jclinepi.2011.06.009

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = empty_and_thin_cells(columns)
    >>> [(str(row[0]), str(row[1]), row[2], row[3]) for row in table.rows[:2]]
    [('intentions', 'who', 0, 51), ('intentions', 'refine', 2, 27)]
    """
    checked_gaps(thin, show)
    return told(cells(incidence, rows, columns, unit, null, permutations, seed), thin, show)


def told(grid: Grid, thin: int, show: str) -> Table:
    """Return the table of gaps in a grid, wherever it was counted; parameters as for :func:`empty_and_thin_cells`."""
    incidence, rows, columns = grid.incidence, grid.role, grid.across
    expected_by: dict[str, list[str]] = {}
    for expectation in sorted(incidence.records.expectations, key=lambda e: e.key):
        expected_by.setdefault(expectation.concept, []).append(expectation.source)
    body: list[tuple[Cell, ...]] = []
    places: list[tuple[int, int]] = []
    for row, column in np.argwhere(grid.asked).tolist():
        kind = grid.type_of(row, column, thin)
        if show == "gaps" and not kind:
            continue
        concept, other = _things(grid, row, column)
        p, q = _finite(grid.p[row, column]), _finite(grid.q[row, column])
        places.append((row, column))
        body.append(
            (
                concept,
                other,
                int(grid.count[row, column]),
                int(grid.out_of[column]),
                kind or None,
                int(grid.row_total[row]),
                _finite(grid.expected[row, column]),
                p,
                q,
                in_words(p, q) or None,
                int(grid.supporting[row, column]),
                int(grid.challenging[row, column]),
                int(grid.speaking_against[row, column]),
                int(grid.latent[row, column]),
                "; ".join(expected_by.get(concept.id, ())) or None,
                _reading(grid, row, column, kind),
            )
        )
    many = plural(2, grid.unit)[2:]
    without = grid.without_theme
    note = (
        "An empty cell is a place to look, not proof of absence: the mechanism may not apply, not take place, or take "
        f"place unreported. Expected and p keep fixed how often each concept is coded and {_kept(grid)}; p is the chance of "
        "so few or fewer, q the same among all cells looked at (Benjamini-Hochberg)."
        + grid.remarks
        + (f" {plural(without, 'extraction')} without a theme are in no cell." if without else "")
        + grid.told
    )
    return Table(
        name="empty-and-thin-cells",
        title=f"Where is a {rows} not seen, or hardly seen, {'under a theme' if columns == 'theme' else f'with a {columns}'}?",
        columns=(
            Column("concept", rows.capitalize()),
            Column("column", columns.capitalize()),
            Column("count", many.capitalize(), f"{many.capitalize()} that code the two together."),
            Column("out_of", "Out of", "Those that report the theme, or code the concept across."),
            Column("type", "Type of gap", "Empty where there is no gap."),
            Column("row_total", "Coded anywhere", "Places where the concept is coded in this role."),
            Column("expected", "Expected", "What chance would put here, margins kept."),
            Column("p", "p", "Chance of so few or fewer."),
            Column("q", "q", "The same among all cells (Benjamini-Hochberg)."),
            Column("surprise", "Surprise", "p and q in words; the line is 0.05."),
            Column("supporting", "Supporting", f"{many.capitalize()} with a passage here that supports the theory."),
            Column("challenging", "Challenging", f"{many.capitalize()} with a passage here that challenges it."),
            Column("speaking_against", "Absent, hindering or challenging", f"{many.capitalize()} with such a passage."),
            Column("latent", "In another role", f"{many.capitalize()} that code it under the theme in another role."),
            Column("expected_by", "Expected by", "Other theories that would expect the concept."),
            Column("reading", "Reading", "The row in words."),
        ),
        rows=tuple(body),
        unit=many,
        denominator=_denominator(grid),
        note=note,
        source=_SOURCE,
        opens=lambda at, name: grid.behind(*places[at], name),
    )


def _kept(grid: Grid) -> str:
    if grid.null == "curveball":
        return "how many concepts each place codes"
    if grid.null == "coded":
        return "how much is coded under each theme"
    if grid.by_theme:
        return "how many report each theme"
    return "nothing else"


def contradictory_cells(
    incidence: Incidence,
    rows: str = "mechanism",
    columns: str = "theme",
    by: str = "stance",
    unit: str = "article",
) -> Table:
    """Return the cells where some passages speak for and others against.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.
    rows, columns : str
        A role; ``theme`` or a role. Concepts across count when the same passage codes both.
    by : str
        ``stance`` (supports, challenges), ``polarity`` (enabling, hindering) or ``either``.
    unit : str
        ``article``, ``study`` or ``extraction``.

    Returns
    -------
    Table
        One row for each cell in which evidence speaks both ways.

    Raises
    ------
    Refused
        If there is nothing to look for, nowhere to look, or nobody who looked.

    References
    ----------
    Robinson KA et al. (2011). Development of a framework to identify research gaps from systematic reviews. Journal of Clinical
    Epidemiology 64(12):1325-1330. doi:10.1016/j.jclinepi.2011.06.009

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = contradictory_cells(columns)
    >>> table.unit
    'articles'
    """
    if by not in _BY:
        raise UnknownName("value of by", by, _BY)
    grid = cells(incidence, rows, columns, "article" if unit == "extraction" and columns == "theme" else unit)
    if unit == "extraction":
        of = np.arange(len(incidence), dtype=np.int32)
    else:
        per_article, _ = units_of(incidence, unit)
        of = per_article[incidence.article]
    stance, polarity = incidence.stance[grid.extraction], incidence.polarity[grid.extraction]
    sides = {
        "stance": (stance == STANCES.index("supports"), stance == STANCES.index("challenges")),
        "polarity": (polarity == POLARITIES.index("enabling"), polarity == POLARITIES.index("hindering")),
    }
    kinds = ("stance", "polarity") if by == "either" else (by,)
    words = {"stance": ("support", "challenge"), "polarity": ("call it enabling", "call it hindering")}
    rows_: list[tuple[Cell, ...]] = []
    behind: list[tuple[Index, Index]] = []
    size = grid.count.size
    in_cell = np.bincount(grid.at, minlength=size)
    for kind in kinds:
        pro, con = sides[kind]
        both = (np.bincount(grid.at[pro], minlength=size) > 0) & (np.bincount(grid.at[con], minlength=size) > 0)
        for at in np.flatnonzero(both & grid.asked.reshape(-1)).tolist():
            row, column = divmod(at, len(grid.columns))
            here = grid.at == at
            for_, against = grid.extraction[here & pro], grid.extraction[here & con]
            one, other = np.unique(of[for_]), np.unique(of[against])
            neither = int(in_cell[at] - (here & pro).sum() - (here & con).sum())
            shared = len(np.intersect1d(one, other))
            concept, across = _things(grid, row, column)
            a, b = words[kind]
            place = "under" if columns == "theme" else "with"
            behind.append((for_, against))
            rows_.append(
                (
                    concept,
                    across,
                    len(one),
                    len(other),
                    shared,
                    kind,
                    neither,
                    f"“{concept.label}” {place} “{across.label}”: passages in {plural(len(one), unit)} {a}, passages in "
                    f"{len(other):,} {b}; "
                    + (f"{plural(shared, unit)} with both." if shared else f"no {unit} with both."),
                )
            )
    order = sorted(range(len(rows_)), key=lambda n: (_sort(grid, rows_[n]), str(rows_[n][5])))
    rows_, behind = [rows_[n] for n in order], [behind[n] for n in order]
    many = plural(2, unit)[2:]

    def opens(at: int, name: str) -> tuple[str, ...]:
        for_, against = behind[at]
        chosen = {"supporting": [for_], "challenging": [against]}.get(name, [for_, against])
        return incidence.ids(np.concatenate(chosen).tolist())

    return Table(
        name="contradictory-cells",
        title=f"Where do passages on one {rows} speak for and against?",
        columns=(
            Column("concept", rows.capitalize()),
            Column("column", columns.capitalize()),
            Column("supporting", f"{many.capitalize()} for", "Those that support, or call it enabling."),
            Column("challenging", f"{many.capitalize()} against", "Those that challenge, or call it hindering."),
            Column("both", "With both", f"{many.capitalize()} that hold passages of both kinds."),
            Column("by", "By", "stance or polarity."),
            Column("neither", "Passages with neither", "They refine, are mixed, or nobody said."),
            Column("reading", "Reading", "The row in words."),
        ),
        rows=tuple(rows_),
        unit=many,
        denominator=_denominator(grid) if unit != "extraction" else f"the extractions by {who(incidence)}",
        note=(
            "Supporting and challenging passages stand side by side and are never taken off each other. A contradiction "
            "is where a theory grows; what differs between the contexts of the two sides is the place to look. A passage that "
            "codes several concepts speaks of them together, so it may speak against only one of them."
        ),
        source="Pawson 2006 (juxtapose and reconcile); Robert et al. 2017, doi 10.1186/s13012-017-0554-3",
        opens=opens,
    )


def _sort(grid: Grid, row: tuple[Cell, ...]) -> tuple[int, int]:
    index = grid.incidence.concept_index
    ids = [cell.id for cell in row[:2] if isinstance(cell, Thing)]
    return grid.rows.tolist().index(index[ids[0]]), grid.columns.tolist().index(index[ids[1]])


_ROWS = Parameter("rows", "Role of the concepts down the side.", "mechanism", ROLES)
_COLUMNS = Parameter("columns", "What is across: theme, or the role of other concepts.", "theme", _ACROSS)
_UNIT = Parameter("unit", "What is counted.", "article", _UNITS)

PARTS = (
    GapRule(
        "empty-and-thin-cells",
        "Where is a mechanism not seen, or hardly seen?",
        "For every mechanism under every theme (or any role with any other): articles that code it, out of those that "
        "report the theme; what chance would put there; how surprising so few are; and the type of gap. It shows where "
        "to look. It cannot tell whether the thing does not apply, does not take place, or goes unreported.",
        empty_and_thin_cells,
        (
            _ROWS,
            _COLUMNS,
            _UNIT,
            Parameter("null", "Which margins chance keeps: reported, coded or curveball.", "reported", _NULLS),
            Parameter("thin", "A cell with at most so many is thin.", 2),
            Parameter("show", "Only the gaps, or all cells.", "gaps", _SHOW),
            Parameter("permutations", "Tables drawn for null=curveball.", 1000),
            Parameter("seed", "Seed for null=curveball.", 20240101),
        ),
        _SOURCE,
    ),
    GapRule(
        "contradictory-cells",
        "Where do passages speak both for and against?",
        "Cells with passages that support (or enable) and passages that challenge (or hinder), each side counted by "
        "itself. It sets the two sides next to each other; reconciling them is reading.",
        contradictory_cells,
        (
            _ROWS,
            _COLUMNS,
            Parameter("by", "What makes the sides: stance, polarity or either.", "stance", _BY),
            _UNIT,
        ),
        "Robert et al. 2017, doi 10.1186/s13012-017-0554-3",
    ),
)
