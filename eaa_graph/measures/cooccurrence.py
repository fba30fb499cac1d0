"""Co-occurrence: which concepts come up together, how closely, and whether more than chance would have it.

What *together* means is chosen: in one extraction, at one theme of an article, or anywhere in one article. All numbers
are then counts of such units. The two null models (see :mod:`eaa_graph.measures.nullmodels`) keep how many concepts each
unit has and how many units each concept has, so that a common concept and a richly coded article surprise nobody.
"""

from __future__ import annotations

__all__ = [
    "MOST_SETS",
    "PARTS",
    "UNITS",
    "Side",
    "Together",
    "centrality",
    "checked",
    "checked_sets",
    "communities",
    "cooccurrence",
    "enough",
    "k_way",
    "known_roles",
    "pairs_of_theory",
    "theory_pairs",
    "told",
    "told_sets",
]

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.association import fisher_exact, jaccard, lift, phi, pmi
from eaa_graph.measures.multiplicity import benjamini_hochberg
from eaa_graph.measures.nullmodels import against, fit_bicm, tails, two_tails
from eaa_graph.measures.occurrence import in_codebook_order
from eaa_graph.model import ROLES, Theory
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.settings import Settings
from eaa_graph.tables import Cell, Column, Table, Thing

if TYPE_CHECKING:
    import networkx as nx

#: What counts as together, and what the units are called.
UNITS = {
    "extraction": "extractions",
    "theme": "themes of articles",
    "article": "articles",
}
_NULLS = ("both", "curveball", "bicm", "none")
_TAILS = ("both", "more", "less")
_SEED = Settings().seed

#: A table of more cells than this would not fit beside its copies in a small machine's memory.
_MOST_CELLS = 200_000_000
#: More sets than anybody can read.
MOST_SETS = 200_000

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NOTE = (
    "Co-occurrence is a pattern of what was coded together, not a cause, and not a sign of which came first. "
    "A p says how surprising a count is if only the margins mattered; it is no measure of importance."
)
_CLUSTERED = (
    " Units of one article are not independent of each other, so these p are too small: look at unit=article as well."
)


# --- units, concepts, and which has which -------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Side:
    """The concepts of one role and the units that have them.

    Attributes
    ----------
    role : str
    concepts : int array
        Indices into ``incidence.concepts``, in the codebook's order.
    unit, concept : int arrays of one length
        Each (unit, place in `concepts`) once, sorted.
    """

    role: str
    concepts: Index
    unit: Counts
    concept: Counts

    @cached_property
    def margin(self) -> Counts:
        """Units that have each concept."""
        return np.bincount(self.concept, minlength=len(self.concepts)).astype(np.int64)

    def degrees(self, units: int) -> Counts:
        """Return how many of the concepts each unit has."""
        return np.bincount(self.unit, minlength=units).astype(np.int64)

    def table(self, units: int) -> Flags:
        """Return the 0/1 table, units by concepts.

        Raises
        ------
        Refused
            If it would not fit in memory.
        """
        if units * len(self.concepts) > _MOST_CELLS:
            raise Refused(
                f"a table of {units:,} units by {len(self.concepts):,} concepts is too large to permute; ask with null=bicm"
            )
        table = np.zeros((units, len(self.concepts)), dtype=np.bool_)
        table[self.unit, self.concept] = True
        return table


@dataclass(frozen=True, eq=False)
class Together:
    """Which concepts of one role (or of two) each unit has.

    Attributes
    ----------
    incidence : Incidence
    unit : str
        One of :data:`UNITS`.
    of : int array of length E
        Unit of each extraction; -1 for none (no theme).
    units : int
        Units with at least one extraction.
    first, second : Side
        The same object when concepts of one role are asked for.
    """

    incidence: Incidence
    unit: str
    of: Counts
    units: int
    first: Side
    second: Side

    @classmethod
    def of_roles(cls, incidence: Incidence, role: str, with_role: str | None = None, unit: str = "article") -> Together:
        """Return the units and concepts of `role`, and of `with_role` if another is named.

        Raises
        ------
        UnknownName
            If there is no such role or unit.
        Refused
            If there is nothing to count.
        """
        known_roles(role, with_role, unit)
        if not len(incidence):
            raise Refused("there are no extractions in this selection")
        of, units = _units(incidence, unit)
        if not units:
            raise Refused("no extraction names a theme, so none can be together at one: ask with unit=article")
        first = _side(incidence, role, of)
        second = first if with_role in (None, role) else _side(incidence, with_role or role, of)
        enough(first, second)
        return cls(incidence, unit, of, units, first, second)

    @property
    def crossed(self) -> bool:
        """Whether pairs join concepts of two roles."""
        return self.second is not self.first

    @cached_property
    def pairs(self) -> tuple[Counts, Counts]:
        """Every pair there could be: places of the first and of the second concept."""
        a, b = len(self.first.concepts), len(self.second.concepts)
        if self.crossed:
            grid = np.indices((a, b)).reshape(2, -1)
            return grid[0], grid[1]
        i, j = np.triu_indices(a, 1)
        return i.astype(np.int64), j.astype(np.int64)

    @cached_property
    def counts(self) -> Counts:
        """Units with both concepts, first by second; within one role the diagonal holds the margins."""
        return _counts(self.first, self.second, self.units)

    @cached_property
    def degrees(self) -> tuple[Counts, ...]:
        """How many concepts each unit has: of the one role, or of each of the two; units in one order."""
        return tuple(s.degrees(self.units) for s in ((self.first, self.second) if self.crossed else (self.first,)))

    @cached_property
    def left_out(self) -> int:
        """Extractions that belong to no unit."""
        return int((self.of < 0).sum())

    def sets(self, k: int, minimum: int) -> list[tuple[tuple[int, ...], int]]:
        """Return the sets of k places of the first role that at least `minimum` units have, with how many.

        Raises
        ------
        Refused
            If there are more than anybody could read.
        """
        packed = np.packbits(self.first.table(self.units), axis=0, bitorder="little").T
        return _sets([int.from_bytes(column.tobytes(), "little") for column in packed], k, minimum)

    @property
    def denominator(self) -> str:
        """What the counts are out of, in words."""
        held = "of" if self.unit == "extraction" else "with at least one extraction in"
        told = f"the {self.units:,} {UNITS[self.unit]} {held} the selection"
        if self.left_out:
            told += f"; {self.left_out:,} extractions name no theme and are left out"
        return told

    def thing(self, side: Side, place: int) -> Thing:
        """Return a concept as a table cell."""
        return self.incidence.concept_thing(int(side.concepts[place]))

    def behind(self, *asked: tuple[Side, int]) -> tuple[str, ...]:
        """Return the extractions that code one of these concepts in its role, in units that have all of them."""
        coding = [self._coding(side, place) for side, place in asked]
        shared = np.ones(self.units, dtype=np.bool_)
        for rows in coding:
            here = np.zeros(self.units, dtype=np.bool_)
            here[self.of[rows]] = True
            shared &= here
        return self.incidence.ids(r for rows in coding for r in rows[shared[self.of[rows]]].tolist())

    def _coding(self, side: Side, place: int) -> Counts:
        inc = self.incidence
        extraction, concept = inc.in_role(side.role)
        rows = extraction[concept == side.concepts[place]].astype(np.int64)
        kept: Counts = rows[self.of[rows] >= 0]
        return kept


def known_roles(role: str, with_role: str | None, unit: str) -> None:
    """Refuse a role or unit that there is not.

    Raises
    ------
    UnknownName
    """
    for asked in (role, with_role or role):
        if asked not in ROLES:
            raise UnknownName("role", asked, ROLES)
    if unit not in UNITS:
        raise UnknownName("value of unit", unit, UNITS)


def enough(first: Side, second: Side) -> None:
    """Refuse where no two concepts could be together.

    Raises
    ------
    Refused
    """
    for side in (first, second):
        if not len(side.concepts):
            raise Refused(f"nothing is coded as {side.role} in this selection")
    if second is first and len(first.concepts) < 2:
        raise Refused(f"only one concept is coded as {first.role} in this selection, so there are no pairs")


def _units(incidence: Incidence, unit: str) -> tuple[Counts, int]:
    if unit == "extraction":
        return np.arange(len(incidence), dtype=np.int64), len(incidence)
    key = incidence.article.astype(np.int64)
    if unit == "theme":
        key = np.where(incidence.theme < 0, -1, key * len(incidence.concepts) + incidence.theme)
    # Only units with an extraction count, so an article nobody coded anything in changes nothing.
    size = int(key.max(initial=-1)) + 1
    there = np.zeros(size + 1, dtype=np.bool_)
    there[key] = True
    there[-1] = False
    number = np.cumsum(there) - 1
    of: Counts = np.where(key < 0, -1, number[key]).astype(np.int64)
    return of, int(there.sum())


def _side(incidence: Incidence, role: str, of: Counts) -> Side:
    extraction, concept = incidence.in_role(role)
    unit = of[extraction]
    if len(unit) and int(unit.min()) < 0:
        concept, unit = concept[unit >= 0], unit[unit >= 0]
    used = np.flatnonzero(np.bincount(concept, minlength=1))
    concepts = np.array(in_codebook_order(incidence, used.tolist()), dtype=np.int32)
    place = np.zeros(len(incidence.concepts) + 1, dtype=np.int64)
    place[concepts] = np.arange(len(concepts))
    at = place[concept]
    key = unit * max(1, len(concepts)) + at
    if (key[1:] > key[:-1]).all():
        return Side(role, concepts, unit, at)  # in order already, each once: nothing to sort
    size = (int(unit.max(initial=-1)) + 1) * len(concepts)
    if size <= 64 * len(key) + 1024:
        # A flag for every cell is quicker than sorting, unless there are far more cells than codings.
        there = np.zeros(size, dtype=np.bool_)
        there[key] = True
        key = np.flatnonzero(there)
    else:
        key = np.unique(key)
    return Side(role, concepts, key // max(1, len(concepts)), key % max(1, len(concepts)))


def _counts(first: Side, second: Side, units: int) -> Counts:
    """Return for each concept of `first` and of `second` the units that have both."""
    a, b = len(first.concepts), len(second.concepts)
    if second is first and len(first.unit):
        # Where units have few concepts each, going through their pairs is less work than any multiplication: a look at a
        # pair costs about thirty times as much as one multiplication in a dense product.
        most = int(np.bincount(first.unit).max())
        if len(first.unit) * float(most) < min(units * float(a) * a / 30, 50_000_000):
            return _by_neighbours(first, most)
    # Multiplications of a dense product against those of a sparse one, which cost about 20 times as much each.
    held = np.bincount(first.unit, minlength=units).astype(np.float64)
    held *= np.bincount(second.unit, minlength=units)
    if units * float(a) * b > 20 * held.sum() and units * float(a + b) > 4_000_000:
        from scipy.sparse import csr_array

        ones = [
            csr_array(
                (np.ones(len(side.unit), dtype=np.int32), (side.unit, side.concept)), shape=(units, len(side.concepts))
            )
            for side in (first, second)
        ]
        return np.asarray((ones[0].T @ ones[1]).toarray(), dtype=np.int64)
    total = np.zeros((a, b), dtype=np.int64)
    # Blocks of units keep the dense table small; float32 holds every count of a block exactly.
    size = max(1, min(units, 16_000_000 // max(1, a + b)))
    for start in range(0, units, size):
        tables = []
        for side in (first, second) if second is not first else (first,):
            low, high = np.searchsorted(side.unit, [start, start + size])
            table = np.zeros((min(size, units - start), len(side.concepts)), dtype=np.float32)
            table[side.unit[low:high] - start, side.concept[low:high]] = 1.0
            tables.append(table)
        total += np.rint(tables[0].T @ tables[-1]).astype(np.int64)
    return total


def _by_neighbours(side: Side, most: int) -> Counts:
    """Return the units that have each two concepts: entry i with entry i + 1, i + 2, ... of the same unit."""
    width = len(side.concepts)
    pairs = []
    for away in range(1, most):
        same = np.flatnonzero(side.unit[away:] == side.unit[:-away])
        pairs.append(side.concept[same] * width + side.concept[same + away])
    found = np.bincount(np.concatenate(pairs) if pairs else (), minlength=width * width).reshape(width, width)
    return np.diag(side.margin) + found + found.T


def _number(value: float) -> float | None:
    """Return a number as a cell; what is not defined is an empty cell."""
    return float(value) if math.isfinite(value) else None


# --- pairs ------------------------------------------------------------------------------------------


def _bicm(together: Together, i: Counts, j: Counts, seen: Counts) -> tuple[Floats, Floats, Floats]:
    """Return expected counts of pairs and the exact chances of at most and at least as many as seen."""
    sides = (together.first, together.second) if together.crossed else (together.first,)
    models = [fit_bicm(degrees, s.margin) for degrees, s in zip(together.degrees, sides, strict=True)]
    a, b = models[0], models[-1]
    # Units alike in both roles' models are one class.
    key = a.row_class.astype(np.int64) * len(b.classes) + b.row_class
    classes, many = np.unique(key, return_counts=True)
    of_a, of_b = a.classes[classes // len(b.classes)], b.classes[classes % len(b.classes)]
    # So are pairs of concepts that are alike: each question is answered once.
    first, second = a.column_class[i].astype(np.int64), b.column_class[j].astype(np.int64)
    if not together.crossed:
        first, second = np.minimum(first, second), np.maximum(first, second)
    asked, back = np.unique(np.stack([first, second, seen], axis=1), axis=0, return_inverse=True)
    chances = (of_a[:, asked[:, 0]] * of_b[:, asked[:, 1]]).T
    at_most, at_least = tails(chances, many.astype(np.int64), asked[:, 2])
    back = back.reshape(-1)
    return (chances @ many)[back], at_most[back], at_least[back]


def cooccurrence(
    incidence: Incidence,
    role: str = "mechanism",
    with_role: str | None = None,
    unit: str = "article",
    minimum: int = 2,
    null: str = "both",
    tail: str = "both",
    permutations: int = 1000,
    seed: int = _SEED,
) -> Table:
    """Return pairs of concepts that come up together, with association, chance and surprise.

    Parameters
    ----------
    incidence : Incidence
    role : str
        Role of the first concept, one of ``ROLES``.
    with_role : str, optional
        Role of the second; left out: the same role.
    unit : str
        What together means: ``"extraction"``, ``"theme"`` (one theme of one article) or ``"article"``.
    minimum : int
        Show pairs found together in at least this many units. All pairs enter the correction for many tests.
    null : str
        ``"curveball"``, ``"bicm"``, ``"both"`` or ``"none"``.
    tail : str
        Of the null models' p: ``"more"`` together than chance, ``"less"``, or ``"both"``.
    permutations, seed : int
        Of the curveball.

    Returns
    -------
    Table
        One row a pair, most frequent first, then in the codebook's order. Fisher's p is always two-sided.

    Raises
    ------
    Refused
        If there is nothing to count, or only one table has these margins.
    BadSettings, UnknownName
        If a parameter makes no sense.

    References
    ----------
    Strona G et al. (2014). A fast and unbiased procedure to randomize ecological binary matrices with fixed row and column totals.
    Nature Communications 5:4114. doi:10.1038/ncomms5114

    Saracco F et al. (2017). Inferring monopartite projections of bipartite networks: an entropy-based approach. New Journal of
    Physics 19:053022. doi:10.1088/1367-2630/aa6b38

    The others are named in :mod:`eaa_graph.measures.association` and :mod:`eaa_graph.measures.nullmodels`.

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = cooccurrence(columns, null="none", minimum=20)
    >>> [(str(row[0]), str(row[1]), row[2]) for row in table.rows[:2]]
    [('dialogue', 'power', 21), ('interpretation', 'cooperation', 21)]
    """
    checked(minimum, null, tail)
    together = Together.of_roles(incidence, role, with_role, unit)
    return told(together, unit, minimum, null, tail, permutations, seed)


def checked(minimum: int, null: str, tail: str) -> None:
    """Refuse parameters that make no sense whatever the review.

    Raises
    ------
    BadSettings, UnknownName
    """
    if minimum < 0:
        raise BadSettings("minimum must be 0 or more")
    _known("value of null", null, _NULLS)
    _known("value of tail", tail, _TAILS)


def told(together: Together, unit: str, minimum: int, null: str, tail: str, permutations: int, seed: int) -> Table:
    """Return the table of pairs, wherever they were counted; parameters as for :func:`cooccurrence`."""
    i, j = together.pairs
    a, r, c, n = together.counts[i, j], together.first.margin[i], together.second.margin[j], together.units
    p_fisher = fisher_exact(a, r, c, n)
    numbers: list[tuple[Column, Floats]] = [
        (Column("jaccard", "Jaccard", "Units with both, out of units with either."), jaccard(a, r, c)),
        (
            Column("lift", "Lift", "How many times as often as if they were independent; 1: just as often."),
            lift(a, r, c, n),
        ),
        (
            Column("pmi", "PMI (bits)", "Logarithm of the lift to base 2; 0: as often as if independent."),
            pmi(a, r, c, n),
        ),
        (Column("phi", "phi", "Correlation of having the one with having the other, -1 to 1."), phi(a, r, c, n)),
        (
            Column("p_fisher", "p (Fisher)", "Fisher's exact two-sided p; keeps the two concepts' counts only."),
            p_fisher,
        ),
        (Column("q_fisher", "q (Fisher)", "Benjamini-Hochberg q of that p."), benjamini_hochberg(p_fisher)),
    ]
    told = [
        _NOTE,
        f"q corrects for all {len(i):,} pairs of the concepts coded, shown or not; p of the null models: tail {tail!r}.",
    ]
    if null in ("both", "curveball"):
        sides = (together.first, together.second) if together.crossed else (together.first,)
        drawn = against([s.table(n) for s in sides], lambda counts: counts[:, i, j], permutations, seed)
        p = drawn.p(tail)
        numbers += [
            (
                Column("null_mean", "Mean by chance", "Mean count in tables with the same margins (curveball)."),
                drawn.mean,
            ),
            (Column("null_sd", "sd by chance", "Standard deviation there."), drawn.sd),
            (
                Column("z", "z", "Count less mean, in standard deviations; empty: chance always gives this count."),
                drawn.z,
            ),
            (Column("p_curveball", "p (curveball)", "Share of such tables at least as extreme, (b + 1) / (B + 1)."), p),
            (Column("q_curveball", "q (curveball)", "Benjamini-Hochberg q of that p."), benjamini_hochberg(p)),
        ]
        told.append(f"Curveball: {drawn}. No p can be below {1 / (permutations + 1):.2g}.")
    if null in ("both", "bicm"):
        expected, at_most, at_least = _bicm(together, i, j, a)
        p = two_tails(at_least, at_most, tail)
        numbers += [
            (Column("expected", "Expected (BiCM)", "Expected count when margins are kept on average."), expected),
            (Column("p_bicm", "p (BiCM)", "Exact Poisson-binomial p."), p),
            (Column("q_bicm", "q (BiCM)", "Benjamini-Hochberg q of that p."), benjamini_hochberg(p)),
        ]
    if unit != "article":
        told.append(_CLUSTERED.strip())
    shown = np.flatnonzero(a >= minimum)
    shown = shown[np.lexsort((j[shown], i[shown], -a[shown]))]
    rows: list[tuple[Cell, ...]] = [
        (
            together.thing(together.first, int(i[k])),
            together.thing(together.second, int(j[k])),
            int(a[k]),
            int(r[k]),
            int(c[k]),
            n,
            *(_number(values[k]) for _, values in numbers),
        )
        for k in shown.tolist()
    ]

    def opens(row: int, column: str) -> tuple[str, ...]:
        k = int(shown[row])
        asked = [(together.first, int(i[k])), (together.second, int(j[k]))]
        if column in ("first", "first_units"):
            return together.behind(asked[0])
        if column in ("second", "second_units"):
            return together.behind(asked[1])
        return together.behind(*asked)

    names = (together.first.role, together.second.role)
    return Table(
        name="cooccurrence",
        title=f"{names[0].capitalize()}s and {names[1]}s together in one {_one(unit)}"
        if together.crossed
        else f"{names[0].capitalize()}s together in one {_one(unit)}",
        columns=(
            Column("first", names[0].capitalize(), "The first concept."),
            Column("second", f"with {names[1]}", "The second concept."),
            Column("count", "Together", f"{UNITS[unit].capitalize()} that have both."),
            Column("first_units", "with the first", f"{UNITS[unit].capitalize()} that have the first."),
            Column("second_units", "with the second", f"{UNITS[unit].capitalize()} that have the second."),
            Column("units", "out of", f"All {UNITS[unit]} with an extraction."),
            *(column for column, _ in numbers),
        ),
        rows=tuple(rows),
        unit=UNITS[unit],
        denominator=together.denominator,
        note=" ".join(told),
        source=_SOURCE,
        opens=opens,
    )


def _one(unit: str) -> str:
    return {"extraction": "extraction", "theme": "theme of one article", "article": "article"}[unit]


def _known(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UnknownName(what, value, known)


_SOURCE = (
    "Fisher 1935, doi 10.2307/2342435; Strona et al. 2014, doi 10.1038/ncomms5114; Besag & Clifford 1989, "
    "doi 10.1093/biomet/76.4.633; Saracco et al. 2017, doi 10.1088/1367-2630/aa6b38; Benjamini & Hochberg 1995, "
    "doi 10.1111/j.2517-6161.1995.tb02031.x"
)


# --- more than two ----------------------------------------------------------------------------------


def _sets(columns: list[int], k: int, minimum: int) -> list[tuple[tuple[int, ...], int]]:
    """Return the sets of k columns (numbers whose bits are units) that share at least `minimum` units, with how many.

    Depth first: a set that is too rare is not made larger, since that cannot make it more frequent.
    """
    found: list[tuple[tuple[int, ...], int]] = []

    def extend(chosen: tuple[int, ...], shared: int) -> None:
        last = len(chosen) + 1 == k
        for place in range(chosen[-1] + 1 if chosen else 0, len(columns) - (k - len(chosen)) + 1):
            both = shared & columns[place]
            many = both.bit_count()
            if many < minimum:
                continue
            if not last:
                extend((*chosen, place), both)
                continue
            found.append(((*chosen, place), many))
            if len(found) > MOST_SETS:
                raise Refused(f"more than {MOST_SETS:,} sets: raise minimum (now {minimum})")

    extend((), -1)
    return found


def k_way(incidence: Incidence, k: int = 3, role: str = "mechanism", unit: str = "article", minimum: int = 2) -> Table:
    """Return sets of k concepts that come up together, with what chance would give.

    Parameters
    ----------
    incidence : Incidence
    k : int
        Concepts in a set, 3 or more.
    role : str
        One of ``ROLES``.
    unit : str
        What together means: ``"extraction"``, ``"theme"`` or ``"article"``.
    minimum : int
        Least number of units, 1 or more.

    Returns
    -------
    Table
        One row a set, most frequent first, then in the codebook's order.

    Raises
    ------
    Refused
        If there are fewer than k concepts, or more sets than anybody could read.
    BadSettings
        If `k` is below 3 or `minimum` below 1.

    References
    ----------
    Saracco F et al. (2017). Inferring monopartite projections of bipartite networks: an entropy-based approach. New
    Journal of Physics 19:053022. doi:10.1088/1367-2630/aa6b38 (there for two)

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = k_way(columns, minimum=15)
    >>> [str(thing) for thing in table.rows[0][0]], table.column("count")[0]
    (['interpretation', 'understanding', 'cooperation'], 15)
    """
    checked_sets(k, minimum)
    return told_sets(Together.of_roles(incidence, role, None, unit), k, minimum)


def checked_sets(k: int, minimum: int) -> None:
    """Refuse parameters of :func:`k_way` that make no sense whatever the review.

    Raises
    ------
    BadSettings
    """
    if k < 3:
        raise BadSettings("k must be 3 or more; for pairs ask for cooccurrence")
    if minimum < 1:
        raise BadSettings("minimum must be 1 or more")


def told_sets(together: Together, k: int, minimum: int) -> Table:
    """Return the table of sets of k concepts, wherever they were counted; parameters as for :func:`k_way`."""
    role, unit = together.first.role, together.unit
    side, n = together.first, together.units
    size = len(side.concepts)
    if size < k:
        raise Refused(f"only {size} concepts are coded as {role}, so there are no sets of {k}")
    found = together.sets(k, minimum)
    found.sort(key=lambda item: (-item[1], item[0]))
    sets = np.array([chosen for chosen, _ in found], dtype=np.int64).reshape(-1, k)
    seen = np.array([many for _, many in found], dtype=np.int64)
    model = fit_bicm(together.degrees[0], side.margin)
    many = np.bincount(model.row_class, minlength=len(model.classes)).astype(np.int64)
    kinds = np.concatenate([np.sort(model.column_class[sets], axis=1), seen[:, None]], axis=1)
    asked, back = np.unique(kinds, axis=0, return_inverse=True)
    back = back.reshape(-1)
    chances = np.ones((len(asked), len(many)))
    for place in range(k):
        chances *= model.classes[:, asked[:, place]].T
    _, at_least = tails(chances, many, asked[:, k])
    expected, p = (chances @ many)[back], at_least[back]
    tests = math.comb(size, k)
    q = benjamini_hochberg(p, tests)
    independent = n * np.prod(side.margin[sets] / n, axis=1)
    rows = tuple(
        (
            tuple(together.thing(side, place) for place in sets[row].tolist()),
            int(seen[row]),
            n,
            float(independent[row]),
            float(expected[row]),
            float(seen[row] / expected[row]),
            float(p[row]),
            float(q[row]),
        )
        for row in range(len(sets))
    )
    return Table(
        name="k-way",
        title=f"Sets of {k} {role}s together in one {_one(unit)}",
        columns=(
            Column("concepts", f"{role.capitalize()}s", "The concepts of the set."),
            Column("count", "Together", f"{UNITS[unit].capitalize()} that have all of them."),
            Column("units", "out of", f"All {UNITS[unit]} with an extraction."),
            Column("independent", "If independent", "Expected count if only the concepts' own counts mattered."),
            Column(
                "expected", "Expected (BiCM)", "Expected count when margins of units and concepts are kept on average."
            ),
            Column("ratio", "Ratio", "Count to expected count (BiCM)."),
            Column("p_bicm", "p (more)", "Exact Poisson-binomial chance of at least this count."),
            Column(
                "q_bicm", "q", f"Benjamini-Hochberg q over all {tests:,} sets of {k}; those not shown count as p = 1."
            ),
        ),
        rows=rows,
        unit=UNITS[unit],
        denominator=together.denominator,
        note=_NOTE
        + " A set is not more than its pairs just because its p is small: pairs tied closely make sets of three frequent too."
        + (_CLUSTERED if unit != "article" else ""),
        source="Saracco et al. 2017, doi 10.1088/1367-2630/aa6b38; Benjamini & Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x",
        opens=lambda row, _column: together.behind(*((side, place) for place in sets[row].tolist())),
    )


# --- the network of concepts ---------------------------------------------------------------------------


def _network(together: Together, minimum: int) -> tuple[nx.Graph, list[tuple[Side, int]]]:
    """Return the co-occurrence network, nodes numbered, and the concept of each node."""
    import networkx as nx

    if minimum < 1:
        raise BadSettings("minimum must be 1 or more: a link needs something that shows it")
    nodes = [(together.first, place) for place in range(len(together.first.concepts))]
    if together.crossed:
        nodes += [(together.second, place) for place in range(len(together.second.concepts))]
    graph = nx.Graph()
    # Numbers as nodes: whatever iterates over sets of them does so alike in every run.
    graph.add_nodes_from(range(len(nodes)))
    i, j = together.pairs
    a = together.counts[i, j]
    shift = len(together.first.concepts) if together.crossed else 0
    keep = a >= minimum
    graph.add_weighted_edges_from(
        (int(x), int(y) + shift, int(w)) for x, y, w in zip(i[keep], j[keep], a[keep], strict=True)
    )
    if not graph.number_of_edges():
        raise Refused(f"no two concepts are together in {minimum} or more {UNITS[together.unit]}: lower minimum")
    return graph, nodes


def _linked(together: Together, graph: nx.Graph, nodes: list[tuple[Side, int]], node: int) -> tuple[str, ...]:
    """Return the extractions behind a concept's links; for one without links those that code it."""
    near = sorted(graph.neighbors(node))
    if not near:
        return together.behind(nodes[node])
    return tuple(sorted({e for other in near for e in together.behind(nodes[node], nodes[other])}))


def _eigenvector(graph: nx.Graph, component: list[int]) -> Floats:
    """Return the leading eigenvector of one connected component's weights, all positive, of length 1."""
    import networkx as nx

    weights = nx.to_numpy_array(graph, nodelist=component, weight="weight")
    _, vectors = np.linalg.eigh(weights)
    leading: Floats = np.abs(vectors[:, -1])
    return leading


def centrality(
    incidence: Incidence,
    role: str = "mechanism",
    with_role: str | None = None,
    unit: str = "article",
    minimum: int = 2,
) -> Table:
    """Return how central each concept is in the network of what comes up together.

    Parameters
    ----------
    incidence : Incidence
    role, with_role, unit
        As for :func:`cooccurrence`.
    minimum : int
        A link needs at least this many units.

    Returns
    -------
    Table
        One row a concept, most links (by weight) first.

    Raises
    ------
    Refused
        If no two concepts are linked.

    References
    ----------
    Freeman LC (1978). Centrality in social networks: conceptual clarification. Social Networks 1(3):215-239.
    doi:10.1016/0378-8733(78)90021-7

    Bonacich P (1987). Power and centrality: a family of measures. American Journal of Sociology 92(5):1170-1182.
    doi:10.1086/228631

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = centrality(columns, minimum=10)
    >>> [(str(row[0]), row[3]) for row in table.rows[:2]]
    [('cooperation', 9), ('dialogue', 9)]
    """
    import networkx as nx

    together = Together.of_roles(incidence, role, with_role, unit)
    graph, nodes = _network(together, minimum)
    weighted = dict(graph.degree(weight="weight"))
    between = nx.betweenness_centrality(graph)
    components = sorted((sorted(c) for c in nx.connected_components(graph)), key=lambda c: (-len(c), c[0]))
    component_of = {node: number for number, c in enumerate(components, 1) for node in c}
    eigenvector: dict[int, float] = {}
    for component in components:
        if len(component) > 1:
            eigenvector.update(zip(component, _eigenvector(graph, component).tolist(), strict=True))
    order = sorted(graph, key=lambda node: (-weighted[node], node))
    rows: list[tuple[Cell, ...]] = [
        (
            together.thing(*nodes[node]),
            nodes[node][0].role,
            int(nodes[node][0].margin[nodes[node][1]]),
            int(graph.degree(node)),
            int(weighted[node]),
            float(between[node]),
            eigenvector.get(node),
            component_of[node],
        )
        for node in order
    ]
    apart = (
        f" The network falls into {len(components)} parts; eigenvector centrality compares concepts of one part only."
    )
    return Table(
        name="centrality",
        title=f"How central each concept is among what comes up together in one {_one(unit)}",
        columns=(
            Column("concept", "Concept"),
            Column("role", "Role"),
            Column("units", "Units", f"{UNITS[unit].capitalize()} that have it."),
            Column("degree", "Links", "Other concepts it is together with often enough."),
            Column(
                "weighted_degree",
                "Weight of links",
                f"Sum of the counts of its links; one of the {UNITS[unit]} may count for several links.",
            ),
            Column(
                "betweenness",
                "Betweenness",
                "Share of shortest paths between two others that pass through it (links unweighted), 0 to 1.",
            ),
            Column(
                "eigenvector",
                "Eigenvector",
                "High when its neighbours' are high (links by weight); length 1 in each part; empty without links.",
            ),
            Column("part", "Part", "Number of the connected part of the network it is in, largest first."),
        ),
        rows=tuple(rows),
        unit=UNITS[unit],
        denominator=together.denominator,
        note=_NOTE
        + f" A link needs at least {minimum} {UNITS[unit]}. Concepts that are coded often are central for that reason alone: compare with cooccurrence."
        + (apart if len(components) > 1 else ""),
        source="Freeman 1978, doi 10.1016/0378-8733(78)90021-7; Bonacich 1987, doi 10.1086/228631",
        opens=lambda row, column: (
            together.behind(nodes[order[row]]) if column == "units" else _linked(together, graph, nodes, order[row])
        ),
    )


def _adjusted_rand(first: Counts, second: Counts) -> float:
    """Return how alike two divisions are: 1 the same, 0 as alike as by chance.

    References
    ----------
    Hubert L, Arabie P (1985). Comparing partitions. Journal of Classification 2:193-218. doi:10.1007/BF01908075
    """
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), 1)

    def pairs(x: Floats) -> float:
        return float((x * (x - 1) / 2).sum())

    both, a, b = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    all_pairs = len(first) * (len(first) - 1) / 2
    chance = a * b / all_pairs
    most = (a + b) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def _division(groups: Iterable[Iterable[int]], size: int) -> Counts:
    """Return the group of each node, groups numbered from the largest, ties by their first node."""
    ordered = sorted((sorted(g) for g in groups), key=lambda g: (-len(g), g[0]))
    result = np.zeros(size, dtype=np.int64)
    for number, members in enumerate(ordered):
        result[members] = number
    return result


def communities(
    incidence: Incidence,
    role: str = "mechanism",
    with_role: str | None = None,
    unit: str = "article",
    minimum: int = 2,
    resolution: float = 1.0,
    runs: int = 50,
    seed: int = _SEED,
) -> Table:
    """Return groups of concepts that come up together, and how far another seed gives the same groups.

    Parameters
    ----------
    incidence : Incidence
    role, with_role, unit, minimum
        As for :func:`centrality`.
    resolution : float
        Above 1: more and smaller groups.
    runs : int
        Runs of the Louvain method, with seeds `seed`, `seed` + 1, ...; 2 or more.
    seed : int

    Returns
    -------
    Table
        One row a concept, by group. Groups are those of the run with the highest modularity.

    Raises
    ------
    Refused
        If no two concepts are linked.
    BadSettings
        If `resolution` is not above 0, or there are fewer than 2 runs.

    References
    ----------
    Blondel VD, Guillaume JL, Lambiotte R, Lefebvre E (2008). Fast unfolding of communities in large networks. Journal of
    Statistical Mechanics 2008:P10008. doi:10.1088/1742-5468/2008/10/P10008

    Good BH, de Montjoye YA, Clauset A (2010). Performance of modularity maximization in practical contexts. Physical
    Review E 81:046106. doi:10.1103/PhysRevE.81.046106

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = communities(columns, minimum=10, runs=10)
    >>> sorted({row[2] for row in table.rows})
    [1, 2, 3, 4, 5, 6, 7, 8]
    """
    import networkx as nx

    if not resolution > 0 or runs < 2 or seed < 0:
        raise BadSettings("resolution must be above 0, runs 2 or more, seed 0 or more")
    together = Together.of_roles(incidence, role, with_role, unit)
    graph, nodes = _network(together, minimum)
    divisions: list[Counts] = []
    quality: list[float] = []
    for run in range(runs):
        groups = nx.community.louvain_communities(graph, weight="weight", resolution=resolution, seed=seed + run)
        divisions.append(_division(groups, len(nodes)))
        quality.append(float(nx.community.modularity(graph, groups, weight="weight", resolution=resolution)))
    # Rounded, so that divisions equally good up to the last digit are told apart by what they say.
    best = min(range(runs), key=lambda run: (-round(quality[run], 9), divisions[run].tolist()))
    group = divisions[best]
    stack = np.stack(divisions)
    same = np.zeros((len(nodes), len(nodes)))
    for division in divisions:
        same += division[:, None] == division[None, :]
    same /= runs
    alike = float(np.mean([_adjusted_rand(a, b) for a, b in itertools.combinations(stack, 2)]))
    weighted = dict(graph.degree(weight="weight"))
    order = sorted(graph, key=lambda node: (int(group[node]), -weighted[node], node))
    rows: list[tuple[Cell, ...]] = []
    for node in order:
        mates = (group == group[node]) & (np.arange(len(nodes)) != node)
        rivals = group != group[node]
        rows.append(
            (
                together.thing(*nodes[node]),
                nodes[node][0].role,
                int(group[node]) + 1,
                int(mates.sum()) + 1,
                float(same[node][mates].mean()) if mates.any() else None,
                float(same[node][rivals].max()) if rivals.any() else None,
                int(weighted[node]),
            )
        )
    return Table(
        name="communities",
        title=f"Groups of concepts that come up together in one {_one(unit)}",
        columns=(
            Column("concept", "Concept"),
            Column("role", "Role"),
            Column("community", "Group", "Number of its group, largest first."),
            Column("size", "Size", "Concepts in the group."),
            Column(
                "stays",
                "Stays with its group",
                "Share of the runs in which it is with a member of this group, on average; empty when alone.",
            ),
            Column("strays", "Strays", "The largest share of the runs in which it is with a concept of another group."),
            Column("weighted_degree", "Weight of links", "Sum of the counts of its links."),
        ),
        rows=tuple(rows),
        unit=UNITS[unit],
        denominator=together.denominator,
        note=_NOTE
        + f" Louvain, {runs} runs with seeds {seed} to {seed + runs - 1}; resolution {resolution:g}; best modularity {quality[best]:.3f} "
        f"(from {min(quality):.3f}); two runs agree by an adjusted Rand index of {alike:.3f} on average (1: the same groups, 0: chance); "
        f"{len({tuple(d.tolist()) for d in divisions})} different divisions. The method finds groups in random networks too: read a group only "
        "where concepts stay with it, and look at what its passages say.",
        source="Blondel et al. 2008, doi 10.1088/1742-5468/2008/10/P10008; Hubert & Arabie 1985, doi 10.1007/BF01908075",
        opens=lambda row, _column: _linked(together, graph, nodes, order[row]),
    )


# --- the theory's own pairs ---------------------------------------------------------------------------


def pairs_of_theory(incidence: Incidence, theory: Theory, role: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the pairs that a theory's configurations say act together, each with the configurations that say it.

    A pair is two concepts joined in one alternative of the slot of `role`.
    """
    by_id = {c.id: c for c in incidence.records.configurations}
    found: dict[tuple[str, str], set[str]] = {}
    for name in theory.configurations:
        if name in by_id:
            for alternative in by_id[name].slot(role):
                for a, b in itertools.combinations(sorted(set(alternative)), 2):
                    found.setdefault((a, b), set()).add(name)
    return {pair: tuple(sorted(names)) for pair, names in sorted(found.items())}


def _theory(incidence: Incidence, name: str | None, role: str) -> Theory:
    versions = {t.id: t for t in sorted(incidence.records.theories, key=lambda t: t.id)}
    if name is not None:
        if name not in versions:
            raise UnknownName("theory version", name, versions)
        if not pairs_of_theory(incidence, versions[name], role):
            raise Refused(
                f"theory version {name!r} names no pairs: none of its configurations joins two concepts as {role} with '|'"
            )
        return versions[name]
    if not versions:
        raise Refused("the review has no theory versions, so no pairs are named (sheet 'theories')")
    initial = [t for t in versions.values() if t.status == "initial"]
    for version in initial:
        if pairs_of_theory(incidence, version, role):
            return version
    others = [t.id for t in versions.values() if pairs_of_theory(incidence, t, role)]
    reason = "no version has status initial" if not initial else f"no initial version names pairs of {role}s"
    raise Refused(f"{reason}; say which with theory=ID" + (f" ({', '.join(others)})" if others else ""))


#: Up to this many concepts every way of naming them otherwise is tried; above, a sample of them.
_ALL_NAMINGS = 8
_SOME_NAMINGS = 9999


def _plain_count(together: Floats, _first: Counts, _second: Counts, _units: int) -> Floats:
    return np.asarray(together, dtype=np.float64)


def _jaccard(together: Floats, first: Counts, second: Counts, _units: int) -> Floats:
    return jaccard(together, first, second)


#: Association of pairs from counts (tables, pairs), margins and units.
_ASSOCIATIONS: dict[str, Callable[[Floats, Counts, Counts, int], Floats]] = {
    "phi": phi,
    "jaccard": _jaccard,
    "lift": lift,
    "count": _plain_count,
}


def _namings(pairs: list[tuple[int, int]], concepts: int, seed: int) -> tuple[list[Counts], bool]:
    """Return the pairs as they would be if the theory had named the concepts otherwise, and whether all are there.

    Each naming is an array of places among all pairs of the concepts (in the order of ``triu_indices``).
    """
    place = np.zeros((concepts, concepts), dtype=np.int64)
    i, j = np.triu_indices(concepts, 1)
    place[i, j] = place[j, i] = np.arange(len(i))
    a, b = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in range(2))
    if concepts <= _ALL_NAMINGS:
        every = np.array(list(itertools.permutations(range(concepts))), dtype=np.int64)
        images = np.unique(np.sort(place[every[:, a], every[:, b]], axis=1), axis=0)
        return list(images), True
    words = np.random.SFC64(np.random.SeedSequence([seed, 2])).random_raw(_SOME_NAMINGS * concepts)
    some = np.argsort(words.reshape(_SOME_NAMINGS, concepts), axis=1, kind="stable")
    return list(place[some[:, a], some[:, b]]), False


def theory_pairs(
    incidence: Incidence,
    theory: str | None = None,
    role: str = "mechanism",
    unit: str = "article",
    association: str = "phi",
    permutations: int = 1000,
    seed: int = _SEED,
) -> Table:
    """Return whether the pairs that a theory names are tied more closely than other pairs of the same concepts.

    The number tested is the mean association of the pairs named less that of all other pairs of the concepts
    named. It is held against two kinds of chance: tables with the same margins (curveball over all concepts of the
    role), and the same number of pairs, joined alike, had the theory named the same concepts otherwise.

    Parameters
    ----------
    incidence : Incidence
    theory : str, optional
        Id of a version; left out: the first with status initial that names pairs.
    role : str
        Role whose slots are looked at.
    unit : str
        What together means: ``"extraction"``, ``"theme"`` or ``"article"``.
    association : str
        ``"phi"``, ``"jaccard"``, ``"lift"`` or ``"count"``.
    permutations, seed : int
        Of the curveball.

    Returns
    -------
    Table
        The difference, the two means, then every pair: those named first, most closely tied first.

    Raises
    ------
    Refused
        If the theory names no pairs, or all there could be, or its concepts are not (or everywhere) in the evidence.

    References
    ----------
    Pitman EJG (1937). Significance tests which may be applied to samples from any populations. Supplement to the Journal
    of the Royal Statistical Society 4(1):119-130. doi:10.2307/2984124

    Strona G et al. (2014). Nature Communications 5:4114. doi:10.1038/ncomms5114

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = theory_pairs(columns, permutations=100)
    >>> table.column("what")[:3], table.column("pairs")[:3]
    (['difference', 'named by the theory', 'other pairs'], [15, 3, 12])
    """
    _known("value of association", association, tuple(_ASSOCIATIONS))
    if role not in ROLES:
        raise UnknownName("role", role, ROLES)
    version = _theory(incidence, theory, role)
    named = pairs_of_theory(incidence, version, role)
    together = Together.of_roles(incidence, role, None, unit)
    side, n = together.first, together.units
    place_of = {incidence.concepts[int(c)].id: place for place, c in enumerate(side.concepts.tolist())}
    asked = sorted({concept for pair in named for concept in pair})
    # A concept that no unit has, or every unit, is tied to nothing: its pairs cannot be judged.
    dropped = [
        c for c in asked if c not in place_of or (association == "phi" and int(side.margin[place_of[c]]) in (0, n))
    ]
    kept = sorted((c for c in asked if c not in dropped), key=place_of.__getitem__)
    local = {c: k for k, c in enumerate(kept)}
    own = sorted(tuple(sorted((local[a], local[b]))) for a, b in named if a in local and b in local)
    i, j = np.triu_indices(len(kept), 1)
    if not own or len(own) == len(i):
        why = f"; not in the evidence, or in all of it: {', '.join(dropped)}" if dropped else ""
        what = (
            "none of the pairs it names can be judged"
            if not own
            else "it names every pair of its concepts, so there are no others"
        )
        raise Refused(f"theory version {version.id!r} cannot be tested: {what}{why}")
    is_own = np.zeros(len(i), dtype=np.bool_)
    for a, b in own:
        is_own |= (i == a) & (j == b)
    places = np.array([place_of[c] for c in kept], dtype=np.int64)
    first, second = places[i], places[j]
    tie = _ASSOCIATIONS[association]

    def ties(counts: Floats) -> Floats:
        return tie(counts[:, first, second], side.margin[first], side.margin[second], n)

    def statistic(counts: Floats) -> Floats:
        each = ties(counts)
        mine, others = each[:, is_own].mean(axis=1), each[:, ~is_own].mean(axis=1)
        return np.concatenate([np.stack([mine - others, mine, others], axis=1), each], axis=1)

    drawn = against([side.table(n)], statistic, permutations, seed)
    p, z = drawn.p("more"), drawn.z
    each = drawn.seen[3:]
    namings, every = _namings([(int(a), int(b)) for a, b in own], len(kept), seed)
    total = each.sum()
    differences = np.array(
        [each[k].mean() - (total - each[k].sum()) / (len(each) - len(own)) for k in namings], dtype=np.float64
    )
    at_least = int((differences >= drawn.seen[0] - 1e-9).sum())
    p_naming = at_least / len(namings) if every else (at_least + 1) / (len(namings) + 1)

    def line(what: str, k: int, pairs: int, **more: Cell) -> tuple[Cell, ...]:
        return (
            what,
            more.get("first"),
            more.get("second"),
            more.get("configurations"),
            pairs,
            more.get("count"),
            float(drawn.seen[k]),
            float(drawn.mean[k]),
            float(drawn.sd[k]),
            _number(z[k]),
            float(p[k]),
            more.get("p_naming"),
        )

    order = np.lexsort((j, i, -np.round(each, 12), ~is_own))
    rows = [
        line("difference", 0, len(i), p_naming=p_naming),
        line("named by the theory", 1, len(own)),
        line("other pairs", 2, len(i) - len(own)),
    ]
    for k in order.tolist():
        a, b = sorted((kept[i[k]], kept[j[k]]))
        rows.append(
            line(
                "pair named" if is_own[k] else "other pair",
                3 + k,
                1,
                first=together.thing(side, int(first[k])),
                second=together.thing(side, int(second[k])),
                configurations=tuple(Thing("configuration", c, c) for c in named.get((a, b), ())) or None,
                count=int(together.counts[first[k], second[k]]),
            )
        )
    members = {0: np.arange(len(i)), 1: np.flatnonzero(is_own), 2: np.flatnonzero(~is_own)}

    def opens(row: int, _column: str) -> tuple[str, ...]:
        chosen = members[row] if row < 3 else [int(order[row - 3])]
        return tuple(
            sorted({e for k in chosen for e in together.behind((side, int(first[k])), (side, int(second[k])))})
        )

    said = (
        f"all {len(namings):,} ways in which the theory could have named as many pairs, joined alike, of these {len(kept)} concepts"
        if every
        else f"{len(namings):,} random ways in which the theory could have named the pairs, seed {seed}"
    )
    left_out = f" Left out because not in the evidence, or in all of it: {', '.join(dropped)}." if dropped else ""
    return Table(
        name="theory-pairs",
        title=f"Are the pairs that {version.label or version.id} names tied more closely than other pairs?",
        columns=(
            Column("what", "What", "The difference tested, the two means, or one pair."),
            Column("first", role.capitalize()),
            Column("second", "with"),
            Column("configurations", "Named by", "Configurations that say these two act together."),
            Column("pairs", "Pairs", "How many pairs the line is about."),
            Column("count", "Together", f"{UNITS[unit].capitalize()} that have both."),
            Column(
                "association", association, "Mean over the pairs of the line; for the difference: named less others."
            ),
            Column("null_mean", "Mean by chance", "The same in tables with the same margins (curveball)."),
            Column("null_sd", "sd by chance"),
            Column("z", "z", "Association less mean by chance, in standard deviations."),
            Column("p_curveball", "p (curveball)", "Share of such tables with at least this much, (b + 1) / (B + 1)."),
            Column(
                "p_naming",
                "p (other namings)",
                "Share of the ways to name pairs of these concepts that give at least this difference.",
            ),
        ),
        rows=tuple(rows),
        unit=f"{association} over {UNITS[unit]}",
        denominator=together.denominator,
        note=(
            f"{_NOTE} One-sided: more closely tied. Curveball over all {len(side.concepts)} concepts coded as {role}: {drawn}. "
            f"Other namings: {said}, so its p cannot be below {1 / (len(namings) + (not every)):.2g}.{left_out} p of single pairs are not "
            f"corrected for their number. A small p does not say that a pair brings about its outcome."
            + (_CLUSTERED if unit != "article" else "")
        ),
        source="Strona et al. 2014, doi 10.1038/ncomms5114; Pitman 1937, doi 10.2307/2984124",
        opens=opens,
    )


# --- parts ---------------------------------------------------------------------------------------------

_ROLE = Parameter("role", "Role whose concepts are counted.", "mechanism", ROLES)
_WITH = Parameter("with_role", "Role of the other concept; left out: the same role.", None, ROLES)
_UNIT = Parameter(
    "unit",
    "What together means: in one extraction, at one theme of an article, or in one article.",
    "article",
    tuple(UNITS),
)
_MINIMUM = Parameter("minimum", "Least number of units in which concepts are together.", 2)
_PERMUTATIONS = Parameter("permutations", "Tables drawn by the curveball.", 1000)
_SEED_PARAMETER = Parameter("seed", "Seed of what is drawn by chance.", _SEED)


def _parts() -> tuple[Measure, ...]:
    network: tuple[Any, ...] = (_ROLE, _WITH, _UNIT, _MINIMUM)
    return (
        Measure(
            "cooccurrence",
            "Which concepts come up together, and more than chance would have it?",
            "Pairs of concepts (mechanisms, or a role with another) in the same extraction, theme of an article or article: count, "
            "Jaccard, lift, PMI, phi, Fisher's exact p, and two null models that keep how much each unit and each concept has. It shows "
            "what is coded together; it does not show that one works through the other.",
            cooccurrence,
            (
                *network,
                Parameter("null", "Null models: curveball, bicm, both or none (fastest).", "both", _NULLS),
                Parameter("tail", "Of the null models' p: more together than chance, less, or both.", "both", _TAILS),
                _PERMUTATIONS,
                _SEED_PARAMETER,
            ),
            _SOURCE,
        ),
        Measure(
            "k-way",
            "Which sets of three or more concepts come up together?",
            "Sets of k concepts of one role in the same unit, with the count expected by chance and an exact p. It shows sets that are "
            "coded together; it does not show that they form one mechanism.",
            k_way,
            (Parameter("k", "Concepts in a set, 3 or more.", 3), _ROLE, _UNIT, _MINIMUM),
            "Saracco et al. 2017, doi 10.1088/1367-2630/aa6b38",
        ),
        Measure(
            "centrality",
            "Which concepts hold the network of co-occurrence together?",
            "Links, weight of links, betweenness and eigenvector centrality of each concept in the network of what comes up together. "
            "It shows a concept's place in what was coded, not its importance in the programme.",
            centrality,
            network,
            "Freeman 1978, doi 10.1016/0378-8733(78)90021-7",
        ),
        Measure(
            "communities",
            "Which concepts form groups?",
            "Groups of concepts by the Louvain method, and how far another seed gives the same groups. It proposes a way to read the "
            "network; the method finds groups in random networks too.",
            communities,
            (
                *network,
                Parameter("resolution", "Above 1: more and smaller groups.", 1.0),
                Parameter("runs", "Runs, each with its own seed.", 50),
                _SEED_PARAMETER,
            ),
            "Blondel et al. 2008, doi 10.1088/1742-5468/2008/10/P10008",
        ),
        Measure(
            "theory-pairs",
            "Are the pairs that the theory names tied more closely than other pairs?",
            "The pairs of concepts that a theory's configurations say act together, against all other pairs of the same concepts, held "
            "against chance in two ways. It tests a pattern that the theory leads one to expect; it does not test that the pairs work.",
            theory_pairs,
            (
                Parameter(
                    "theory",
                    "Id of a version; left out: the first initial one that names pairs.",
                    None,
                    refers_to="theory",
                ),
                _ROLE,
                _UNIT,
                Parameter("association", "How closely: phi, jaccard, lift or count.", "phi", tuple(_ASSOCIATIONS)),
                _PERMUTATIONS,
                _SEED_PARAMETER,
            ),
            "Strona et al. 2014, doi 10.1038/ncomms5114; Pitman 1937, doi 10.2307/2984124",
        ),
    )


PARTS = _parts()
