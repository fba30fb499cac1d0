"""Co-occurrence: which concepts come up together, how closely, and whether more than chance would have it.

What *together* means is chosen: in one extraction, at one theme of an article, or anywhere in one article. All numbers
are then counts of such units. The two null models (see :mod:`eaa_graph.measures.nullmodels`) keep how many concepts each
unit has and how many units each concept has, so that a common concept and a richly coded article surprise nobody.
"""

from __future__ import annotations

__all__ = [
    "CLUSTERED",
    "DEFAULT_SEED",
    "MINIMUM",
    "MOST_SETS",
    "NOTE",
    "PARTS",
    "PERMUTATIONS",
    "ROLE",
    "SEED",
    "UNIT",
    "UNITS",
    "WITH_ROLE",
    "Counts",
    "Flags",
    "Floats",
    "Side",
    "Together",
    "checked",
    "checked_sets",
    "cooccurrence",
    "enough",
    "k_way",
    "known_roles",
    "number_cell",
    "one_unit",
    "told",
    "told_sets",
]

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.association import fisher_exact, jaccard, lift, phi, pmi
from eaa_graph.measures.multiplicity import benjamini_hochberg
from eaa_graph.measures.nullmodels import against, fit_bicm, tails, two_tails
from eaa_graph.measures.occurrence import in_codebook_order, named_no_theme
from eaa_graph.model import ROLES
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.settings import Settings
from eaa_graph.tables import Cell, Column, Table, Thing, many

#: What counts as together, and what the units are called.
UNITS = {
    "extraction": "extractions",
    "theme": "themes of articles",
    "article": "articles",
}
_ONE = {"extraction": "extraction", "theme": "theme of an article", "article": "article"}
_NULLS = ("both", "curveball", "bicm", "none")
_TAILS = ("both", "more", "less")
#: Seed unless another is given.
DEFAULT_SEED = Settings().seed

#: A table of more cells than this would not fit beside its copies in a small machine's memory.
_MOST_CELLS = 200_000_000
#: More sets than anybody can read.
MOST_SETS = 200_000

#: Arrays of counts, of numbers, and of yes and no.
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: What every table of what comes up together says of itself.
NOTE = (
    "Co-occurrence is a pattern of what was coded together, not a cause, and not a sign of which came first. "
    "A p says how surprising a count is if only the margins mattered; it is no measure of importance."
)
#: What is added where units of one article were counted apart.
CLUSTERED = (
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
        told = f"the {many(self.units, _ONE[self.unit], UNITS[self.unit])} {held} the selection"
        if self.left_out:
            told += "; " + named_no_theme(self.left_out)
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


def _all_of(count: int, noun: str) -> str:
    return f"the only {noun}" if count == 1 else f"all {many(count, noun)}"


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


def number_cell(value: float) -> float | None:
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
    seed: int = DEFAULT_SEED,
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
        NOTE,
        f"q corrects for {_all_of(len(i), 'pair')} of the concepts coded, shown or not; p of the null models: tail {tail!r}.",
    ]
    nothing = np.full(len(i), np.nan)
    if null in ("both", "curveball"):
        mean, sd, z, p, q = (nothing,) * 5
        try:
            sides = (together.first, together.second) if together.crossed else (together.first,)
            drawn = against([s.table(n) for s in sides], lambda counts: counts[:, i, j], permutations, seed)
        except Refused as reason:
            told.append(_without("curveball", null, reason))
        else:
            mean, sd, z, p = drawn.mean, drawn.sd, drawn.z, drawn.p(tail)
            q = benjamini_hochberg(p)
            told.append(f"Curveball: {drawn}. No p can be below {1 / (permutations + 1):.2g}.")
        numbers += [
            (Column("null_mean", "Mean by chance", "Mean count in tables with the same margins (curveball)."), mean),
            (Column("null_sd", "sd by chance", "Standard deviation there."), sd),
            (Column("z", "z", "Count less mean, in standard deviations; empty: chance always gives this count."), z),
            (Column("p_curveball", "p (curveball)", "Share of such tables at least as extreme, (b + 1) / (B + 1)."), p),
            (Column("q_curveball", "q (curveball)", "Benjamini-Hochberg q of that p."), q),
        ]
    if null in ("both", "bicm"):
        expected, p, q = (nothing,) * 3
        try:
            expected, at_most, at_least = _bicm(together, i, j, a)
        except Refused as reason:
            told.append(_without("bicm", null, reason))
        else:
            p = two_tails(at_least, at_most, tail)
            q = benjamini_hochberg(p)
        numbers += [
            (Column("expected", "Expected (BiCM)", "Expected count when margins are kept on average."), expected),
            (Column("p_bicm", "p (BiCM)", "Exact Poisson-binomial p."), p),
            (Column("q_bicm", "q (BiCM)", "Benjamini-Hochberg q of that p."), q),
        ]
    if unit != "article":
        told.append(CLUSTERED.strip())
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
            *(number_cell(values[k]) for _, values in numbers),
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
        title=f"{names[0].capitalize()}s and {names[1]}s together in one {one_unit(unit)}"
        if together.crossed
        else f"{names[0].capitalize()}s together in one {one_unit(unit)}",
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


def _without(model: str, null: str, reason: Refused) -> str:
    """Return that one of two null models is left out, and why; refuse if it is the one asked for."""
    if null == model:
        raise Refused(f"{reason}; null=none gives the counts without it") from None
    return f"Left out, {model}: {reason}."


def one_unit(unit: str) -> str:
    """Return what one unit is called."""
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
        title=f"Sets of {k} {role}s together in one {one_unit(unit)}",
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
                "q_bicm",
                "q",
                f"Benjamini-Hochberg q over {_all_of(tests, 'set')} of {k}; those not shown count as p = 1.",
            ),
        ),
        rows=rows,
        unit=UNITS[unit],
        denominator=together.denominator,
        note=NOTE
        + " A set is not more than its pairs just because its p is small: pairs tied closely make sets of three frequent too."
        + (CLUSTERED if unit != "article" else ""),
        source="Saracco et al. 2017, doi 10.1088/1367-2630/aa6b38; Benjamini & Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x",
        opens=lambda row, _column: together.behind(*((side, place) for place in sets[row].tolist())),
    )


# --- parts ---------------------------------------------------------------------------------------------

#: Parameters of all measures of what comes up together.
ROLE = Parameter("role", "Role whose concepts are counted.", "mechanism", ROLES)
WITH_ROLE = Parameter("with_role", "Role of the other concept; left out: the same role.", None, ROLES)
UNIT = Parameter(
    "unit",
    "What together means: in one extraction, at one theme of an article, or in one article.",
    "article",
    tuple(UNITS),
)
MINIMUM = Parameter("minimum", "Least number of units in which concepts are together.", 2)
PERMUTATIONS = Parameter("permutations", "Tables drawn by the curveball.", 1000)
SEED = Parameter("seed", "Seed of what is drawn by chance.", DEFAULT_SEED)


PARTS = (
    Measure(
        "cooccurrence",
        "Which concepts come up together, and more than chance would have it?",
        "Pairs of concepts (mechanisms, or a role with another) in the same extraction, theme of an article or article: count, "
        "Jaccard, lift, PMI, phi, Fisher's exact p, and two null models that keep how much each unit and each concept has. It shows "
        "what is coded together; it does not show that one works through the other.",
        cooccurrence,
        (
            ROLE,
            WITH_ROLE,
            UNIT,
            MINIMUM,
            Parameter("null", "Null models: curveball, bicm, both or none (fastest).", "both", _NULLS),
            Parameter("tail", "Of the null models' p: more together than chance, less, or both.", "both", _TAILS),
            PERMUTATIONS,
            SEED,
        ),
        _SOURCE,
    ),
    Measure(
        "k-way",
        "Which sets of three or more concepts come up together?",
        "Sets of k concepts of one role in the same unit, with the count expected by chance and an exact p. It shows sets that are "
        "coded together; it does not show that they form one mechanism.",
        k_way,
        (Parameter("k", "Concepts in a set, 3 or more.", 3), ROLE, UNIT, MINIMUM),
        "Saracco et al. 2017, doi 10.1088/1367-2630/aa6b38",
    ),
)
