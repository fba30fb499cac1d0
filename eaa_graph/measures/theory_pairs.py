"""The pairs that a theory names: whether they are tied more closely than others, and more than chance would have it.

A configuration that joins two concepts in one slot says that they act together. Whether they are also coded together
more closely than other pairs is a pattern that the theory leads one to expect.
"""

from __future__ import annotations

__all__ = ["PARTS", "pairs_of_theory", "theory_pairs"]

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.association import jaccard, lift, phi
from eaa_graph.measures.cooccurrence import (
    CLUSTERED,
    DEFAULT_SEED,
    NOTE,
    PERMUTATIONS,
    ROLE,
    SEED,
    UNIT,
    UNITS,
    Counts,
    Floats,
    Together,
    number_cell,
)
from eaa_graph.measures.nullmodels import against
from eaa_graph.model import ROLES, Theory
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

if TYPE_CHECKING:
    pass


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
    seed: int = DEFAULT_SEED,
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
    if association not in _ASSOCIATIONS:
        raise UnknownName("value of association", association, _ASSOCIATIONS)
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
            number_cell(z[k]),
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
            f"{NOTE} One-sided: more closely tied. Curveball over all {len(side.concepts)} concepts coded as {role}: {drawn}. "
            f"Other namings: {said}, so its p cannot be below {1 / (len(namings) + (not every)):.2g}.{left_out} p of single pairs are not "
            f"corrected for their number. A small p does not say that a pair brings about its outcome."
            + (CLUSTERED if unit != "article" else "")
        ),
        source="Strona et al. 2014, doi 10.1038/ncomms5114; Pitman 1937, doi 10.2307/2984124",
        opens=opens,
    )


PARTS = (
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
            ROLE,
            UNIT,
            Parameter("association", "How closely: phi, jaccard, lift or count.", "phi", tuple(_ASSOCIATIONS)),
            PERMUTATIONS,
            SEED,
        ),
        "Strona et al. 2014, doi 10.1038/ncomms5114; Pitman 1937, doi 10.2307/2984124",
    ),
)
