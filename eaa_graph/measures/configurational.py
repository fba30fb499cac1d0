"""Which combinations of contexts and mechanisms go with an outcome: crisp-set truth table and minimisation.

A case is an article (or a study). It has a condition, or the outcome, when at least one passage of the
selection codes the concept in that role; otherwise the condition is 0, which here means *not seen in the
passages*, not *absent from the service*.
"""

from __future__ import annotations

__all__ = [
    "Cases",
    "Solution",
    "cases_csv",
    "cases_of",
    "cases_table",
    "chance_without_contradiction",
    "expressions",
    "minimisation",
    "r_script",
    "solve",
    "truth_table",
]

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.choosing import Coded, coded_in, names_in
from eaa_graph.measures.minimise import MOST_CONDITIONS, MOST_SOLUTIONS, Implicant, Minimised, minimise
from eaa_graph.model import ROLES, STANCES
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

#: Roles that a condition may be coded in; the outcome is what is explained.
_CONDITION_ROLES = tuple(role for role in ROLES if role != "outcome")
#: Roles from which conditions are chosen when none are named.
_DEFAULT_ROLES = ("context", "resource", "reasoning", "mechanism")
#: Conditions taken when none are named, if the cases can bear them.
_DEFAULT_CONDITIONS = 4
_CHALLENGES = STANCES.index("challenges")

_SOURCE = (
    "Ragin 1987; Ragin 2008 (consistency, coverage); Schneider & Wagemann 2012 (PRI); Marx 2010 and Marx & Dusa 2011 "
    "(doi 10.4256/mio.2010.0037: how many conditions cases can bear); Quine 1952, McCluskey 1956 (minimisation)"
)
_NOT_CAUSES = (
    "A truth table shows which combinations go with the outcome in what was coded: patterns, not the generative "
    "process behind them (doi 10.1177/13563890251317198). 0 means not seen in the passages, which is weaker than absent."
)


# --- cases --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases with their conditions and outcome.

    Attributes
    ----------
    incidence : Incidence
        The passages that were looked at.
    case : str
        ``article`` or ``study``.
    things : tuple of Thing
        One a case, N in number.
    conditions : tuple of Coded
        k of them, in the order of the columns.
    outcome : Coded
    negated : bool
        Whether the absence of the outcome is explained.
    has : bool array of shape (N, k)
    shows : bool array of length N
        Whether the case has what is explained (the outcome, or its absence).
    case_of : int32 array
        For each extraction its case.
    unread : int
        Articles (studies) of the review without any passage in the selection: no cases.
    """

    incidence: Incidence
    case: str
    things: tuple[Thing, ...]
    conditions: tuple[Coded, ...]
    outcome: Coded
    negated: bool
    has: NDArray[np.bool_]
    shows: NDArray[np.bool_]
    case_of: Index
    unread: int

    @cached_property
    def row(self) -> NDArray[np.int64]:
        """For each case the number of its row: conditions read as binary digits."""
        places = 1 << np.arange(len(self.conditions) - 1, -1, -1, dtype=np.int64)
        return self.has.astype(np.int64) @ places

    @property
    def names(self) -> tuple[str, ...]:
        """The conditions' ids, with the role where an id occurs in two roles."""
        return self._named([*self.conditions, self.outcome])[:-1]

    @property
    def outcome_name(self) -> str:
        """The outcome's id, with ``~`` before it when its absence is explained."""
        return ("~" if self.negated else "") + self._named([*self.conditions, self.outcome])[-1]

    def _named(self, coded: list[Coded]) -> tuple[str, ...]:
        ids = [self.incidence.concepts[c.concept].id for c in coded]
        return tuple(f"{c.role}:{i}" if ids.count(i) > 1 else i for c, i in zip(coded, ids, strict=True))

    def label(self, coded: Coded) -> str:
        """Return a concept's label with its role."""
        return f"{self.incidence.concepts[coded.concept].label} ({coded.role})"

    def behind(self, cases: NDArray[np.bool_], coded: tuple[Coded, ...]) -> tuple[str, ...]:
        """Return the extractions of these cases that code any of `coded` in its role."""
        incidence = self.incidence
        chosen = np.zeros(len(incidence.coding_extraction), dtype=np.bool_)
        for role, concept in coded:
            chosen |= (incidence.coding_role == ROLES.index(role)) & (incidence.coding_concept == concept)
        rows = np.unique(incidence.coding_extraction[chosen])
        return incidence.ids(rows[cases[self.case_of[rows]]].tolist())


def chance_without_contradiction(cases: int, conditions: int) -> float:
    """Return the chance that random data show no contradictory row at all.

    Each case falls into one of the 2**conditions rows with equal chance and has the outcome or not
    by the toss of a coin. When this chance is high, a clean truth table says nothing: noise would
    look as clean. Marx (2010) and Marx and Dusa (2011) estimate it by simulation; here it is exact.

    Parameters
    ----------
    cases, conditions : int

    Returns
    -------
    float
        Between 0 and 1.

    References
    ----------
    Marx A., Dusa A. (2011). Crisp-set qualitative comparative analysis, contradictions and consistency
    benchmarks for model specification. Methodological Innovations Online 6(2), 103-148.

    Examples
    --------
    Two cases, one condition: they share a row with chance 1/2 and then agree with chance 1/2.

    >>> chance_without_contradiction(2, 1)
    0.75
    """
    rows = 1 << conditions
    occupied = np.zeros(min(cases, rows) + 2)
    occupied[0] = 1.0
    places = np.arange(len(occupied))
    for _ in range(cases):
        stays = occupied * places / rows * 0.5
        stays[1:] += (occupied * (rows - places) / rows)[:-1]
        occupied = stays
        if occupied.sum() < 1e-12:
            break
    return float(occupied.sum())


def _most_bearable(cases: int, risk: float) -> int:
    """Return the largest number of conditions that `cases` can bear at this risk (0 for none)."""
    return max((k for k in range(1, MOST_CONDITIONS + 1) if chance_without_contradiction(cases, k) <= risk), default=0)


def cases_of(
    incidence: Incidence,
    conditions: str | None = None,
    outcome: str | None = None,
    case: str = "article",
    challenging: bool = True,
    risk: float = 0.1,
) -> Cases:
    """Return the cases with their conditions and outcome.

    Parameters
    ----------
    incidence : Incidence
    conditions : str or None
        Concepts joined by ``|`` or commas, each an id, a label or ``role:concept``. None: the contexts and
        mechanisms that most cases show (of those that tell cases apart), at most four and no more than
        the cases can bear.
    outcome : str or None
        A concept coded as outcome; ``~`` before it explains its absence. None: the outcome that most
        cases show, of those that tell cases apart.
    case : str
        ``article`` or ``study``.
    challenging : bool
        Whether passages that challenge count like the others: they, too, tell of the concept.
    risk : float
        Refuse more conditions than keep :func:`chance_without_contradiction` at or below this.

    Raises
    ------
    Refused
        If there is nothing to compare, or the cases cannot bear the conditions.
    UnknownName
        If a concept or kind of case is not known.
    """
    if case not in ("article", "study"):
        raise UnknownName("kind of case", case, ("article", "study"))
    if not 0 < risk <= 1:
        raise BadSettings("risk is a chance: more than 0 and at most 1")
    looked = incidence if challenging else incidence.where(incidence.stance != _CHALLENGES)
    if not len(looked):
        raise Refused("the selection holds no passages: there are no cases to compare")
    unit, things_of = _units(looked, case)
    present, of_passage = np.unique(unit[looked.article], return_inverse=True)
    things = tuple(things_of(int(number)) for number in present)
    order = np.array(sorted(range(len(things)), key=lambda n: things[n].id), dtype=np.int64)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    case_of: Index = rank[of_passage]
    things = tuple(things[n] for n in order)
    count = len(things)

    def column(coded: Coded) -> NDArray[np.bool_]:
        shown = np.zeros(count, dtype=np.bool_)
        rows = (looked.coding_role == ROLES.index(coded.role)) & (looked.coding_concept == coded.concept)
        shown[case_of[looked.coding_extraction[rows]]] = True
        return shown

    negated = False
    if outcome is None:
        outcome_coded = _most_frequent(looked, ("outcome",), column, 1, count)[:1]
        if not outcome_coded:
            raise Refused("no outcome is coded in some cases and not in others: there is nothing to explain")
        explained = outcome_coded[0]
    else:
        name = outcome.strip()
        if name.startswith("~") and name not in looked.concept_index:
            negated, name = True, name[1:].strip()
        explained = coded_in(looked, name, ("outcome",))
    shows = column(explained) ^ negated
    said = looked.concepts[explained.concept].id
    if not shows.any() or shows.all():
        every = "every case shows" if column(explained).all() else "no case shows"
        raise Refused(f"{every} the outcome {said!r}: there is no difference to explain")
    bearable = _most_bearable(count, risk)
    if conditions is None:
        if not bearable:
            raise Refused(_too_few(count, 1, risk, bearable))
        chosen = _most_frequent(looked, _DEFAULT_ROLES, column, min(bearable, _DEFAULT_CONDITIONS), count)
        if not chosen:
            raise Refused("no context or mechanism is coded in some cases and not in others: name the conditions")
    else:
        chosen = [coded_in(looked, name, _CONDITION_ROLES) for name in names_in(conditions, looked.concept_index)]
        chosen = list(dict.fromkeys(chosen))
        if not chosen:
            raise BadSettings("conditions must name at least one concept")
    if explained in chosen:
        raise Refused(f"{said!r} cannot be both a condition and the outcome in one role")
    if len(chosen) > MOST_CONDITIONS:
        raise Refused(
            f"{len(chosen)} conditions make {2 ** len(chosen):,} possible configurations; "
            f"more than {MOST_CONDITIONS} conditions are refused: choose fewer"
        )
    if len(chosen) > bearable and chance_without_contradiction(count, len(chosen)) > risk:
        raise Refused(_too_few(count, len(chosen), risk, bearable))
    has = np.stack([column(c) for c in chosen], axis=1)
    return Cases(
        incidence=looked,
        case=case,
        things=things,
        conditions=tuple(chosen),
        outcome=explained,
        negated=negated,
        has=has,
        shows=shows,
        case_of=case_of,
        unread=len(np.unique(unit)) - count,
    )


def _units(incidence: Incidence, case: str) -> tuple[Index, Callable[[int], Thing]]:
    if case == "article":
        return np.arange(len(incidence.articles), dtype=np.int32), incidence.article_thing
    names: dict[int, str] = {}
    for article, number in zip(incidence.articles, incidence.study.tolist(), strict=True):
        names.setdefault(number, article.study or article.id)

    def study(number: int) -> Thing:
        return Thing("study", names[number], names[number])

    return incidence.study, study


def _most_frequent(
    incidence: Incidence,
    roles: tuple[str, ...],
    column: Callable[[Coded], NDArray[np.bool_]],
    wanted: int,
    cases: int,
) -> list[Coded]:
    """Return the concepts that most cases show, of those that not all cases show; ties by id."""
    ranked = []
    for role in roles:
        for concept in incidence.coded(role).tolist():
            shown = int(np.count_nonzero(column(Coded(role, concept))))
            if 0 < shown < cases:
                ranked.append((-shown, ROLES.index(role), incidence.concepts[concept].id, Coded(role, concept)))
    chosen = [coded for *_, coded in sorted(ranked, key=lambda r: r[:3])[:wanted]]
    return sorted(chosen, key=lambda c: (ROLES.index(c.role), incidence.concepts[c.concept].id))


def _too_few(cases: int, conditions: int, risk: float, bearable: int) -> str:
    chance = chance_without_contradiction(cases, conditions)
    limit = f"at most {bearable} conditions" if bearable else "no truth table at all"
    return (
        f"{many(conditions, 'condition')} {'make' if conditions > 1 else 'makes'} {2**conditions:,} possible configurations for {cases} "
        f"cases: data made by tossing coins would show no contradiction with chance {chance:.2f}, so a clean table would "
        f"mean nothing. At a risk of {risk:g} these cases bear {limit} (the reasoning of Marx 2010 and Marx & Dusa 2011; "
        "it is disputed, doi 10.1177/1525822X231159458: raise 'risk' if you know why)"
    )


# --- truth table ----------------------------------------------------------------------


class _Row(NamedTuple):
    number: int
    cases: NDArray[np.bool_]
    n: int
    with_outcome: int
    output: str

    @property
    def contradictory(self) -> bool:
        return 0 < self.with_outcome < self.n


def _rows(cases: Cases, minimum: int, consistency: float) -> list[_Row]:
    if minimum < 1:
        raise BadSettings("minimum must be 1 case or more")
    if not 0.5 < consistency <= 1:
        raise BadSettings(
            "consistency must be more than 0.5 and at most 1: below, a row goes with the outcome's absence"
        )
    found = []
    for number in np.unique(cases.row).tolist():
        members = cases.row == number
        n = int(np.count_nonzero(members))
        with_outcome = int(np.count_nonzero(members & cases.shows))
        output = "remainder" if n < minimum else "1" if with_outcome >= consistency * n - 1e-9 else "0"
        found.append(_Row(number, members, n, with_outcome, output))
    rank = {"1": 0, "0": 1, "remainder": 2}
    return sorted(found, key=lambda r: (rank[r.output], -(r.with_outcome / r.n), -r.n, -r.number))


def _column_names(cases: Cases) -> list[str]:
    taken = {
        "n",
        "with_outcome",
        "consistency",
        "pri",
        "coverage",
        "output",
        "contradictory",
        "cases",
        "case",
        "outcome",
    }
    names: list[str] = []
    for name in cases.names:
        base = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "condition"
        unique, number = base, 2
        while unique in taken:
            unique, number = f"{base}_{number}", number + 1
        taken.add(unique)
        names.append(unique)
    return names


def _who(cases: Cases) -> str:
    plural = "articles" if cases.case == "article" else "studies"
    text = f"the {many(len(cases.things), cases.case, plural)} with at least one passage in the selection"
    if cases.unread:
        text += (
            f" ({cases.unread} more {'has none and is no case' if cases.unread == 1 else 'have none and are no cases'})"
        )
    return text


def truth_table(
    incidence: Incidence,
    conditions: str | None = None,
    outcome: str | None = None,
    case: str = "article",
    minimum: int = 1,
    consistency: float = 0.8,
    challenging: bool = True,
    risk: float = 0.1,
) -> Table:
    """Return the crisp truth table: every combination of conditions that cases show.

    Parameters
    ----------
    incidence : Incidence
    conditions, outcome, case, challenging, risk
        See :func:`cases_of`.
    minimum : int
        Rows with fewer cases are dropped and treated as unobserved.
    consistency : float
        Share of a row's cases with the outcome from which its output is 1.

    Returns
    -------
    Table
        One row a configuration with at least `minimum` cases: 1/0 for each condition, cases, cases with the
        outcome, consistency, PRI, coverage (share of all cases with the outcome), output, whether it is
        contradictory, and its cases.

    Raises
    ------
    Refused
        If the cases cannot bear the conditions (see :func:`cases_of`).

    References
    ----------
    Ragin C. C. (1987). The Comparative Method. University of California Press.
    Ragin C. C. (2008). Redesigning Social Inquiry. University of Chicago Press.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> held = {"a": "mo", "b": "mo", "c": "m", "d": "", "e": "", "f": "m", "g": "mo", "h": "mo"}
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=tuple(Article(id=a) for a in held),
    ...     concepts=(Concept(id="accord", label="accord"), Concept(id="place", label="place"), Concept(id="talk", label="talk")),
    ...     extractions=tuple(
    ...         Extraction(
    ...             id=a + "1",
    ...             article=a,
    ...             contexts=("place",),
    ...             mechanisms=("talk",) if "m" in codes else (),
    ...             outcomes=("accord",) if "o" in codes else (),
    ...         )
    ...         for a, codes in held.items()
    ...     ),
    ... )
    >>> table = truth_table(Incidence.from_records(records), conditions="talk", outcome="accord", consistency=0.6)
    >>> for row in table.records():
    ...     print(row["talk"], row["n"], row["with_outcome"], round(row["consistency"], 2), row["output"], row["contradictory"])
    1 6 4 0.67 1 True
    0 2 0 0.0 0 False
    >>> table.opens(0, "with_outcome")
    ('a1', 'b1', 'g1', 'h1')
    """
    cases = cases_of(incidence, conditions, outcome, case, challenging, risk)
    rows = _rows(cases, minimum, consistency)
    kept = [r for r in rows if r.output != "remainder"]
    if not kept:
        raise Refused(f"no configuration has {minimum} cases or more: lower 'minimum' or choose fewer conditions")
    total = int(np.count_nonzero(cases.shows))
    width = len(cases.conditions)
    names = _column_names(cases)
    table_rows: list[tuple[Cell, ...]] = []
    for row in kept:
        bits = [row.number >> (width - 1 - place) & 1 for place in range(width)]
        share = row.with_outcome / row.n
        table_rows.append(
            (
                *bits,
                row.n,
                row.with_outcome,
                share,
                share,
                row.with_outcome / total,
                row.output,
                row.contradictory,
                tuple(t for t, inside in zip(cases.things, row.cases.tolist(), strict=True) if inside),
            )
        )
    dropped = [r for r in rows if r.output == "remainder"]
    explained = _explained(cases)
    unseen, torn = 2**width - len(rows), sum(r.contradictory for r in kept)
    note = (
        f"{2**width} configurations are possible, {len(kept)} {_are(len(kept))} listed, "
        f"{many(unseen, 'logical remainder')} {'was' if unseen == 1 else 'were'} never observed. "
        f"{_dropped(dropped, minimum)}{many(torn, 'listed row')} {_are(torn)} contradictory (some of their cases show {explained}, some do "
        f"not); output is 1 from consistency {consistency:g}. In crisp sets PRI equals consistency, and a row's raw and "
        "unique coverage are one number, because rows share no case. Random data of this size would show no contradiction "
        f"with chance {chance_without_contradiction(len(cases.things), width):.3f}. {_counted(cases, challenging)} {_NOT_CAUSES}"
    )

    def opens(number: int, column: str) -> tuple[str, ...]:
        row = kept[number]
        members = row.cases & cases.shows if column in ("with_outcome", "coverage") else row.cases
        if column in names:
            return cases.behind(members, (cases.conditions[names.index(column)],))
        shown = tuple(c for place, c in enumerate(cases.conditions) if row.number >> (width - 1 - place) & 1)
        return cases.behind(members, (*shown, cases.outcome))

    return Table(
        name="truth-table",
        title=f"Which combinations go with {explained}",
        columns=(
            *(
                Column(name, cases.label(c), "1 when at least one passage of the case codes it in this role.")
                for name, c in zip(names, cases.conditions, strict=True)
            ),
            Column("n", "Cases", "Cases with exactly this configuration."),
            Column("with_outcome", "Cases with the outcome", f"Of these, cases with {explained}."),
            Column("consistency", "Consistency", "Share of the row's cases with the outcome."),
            Column("pri", "PRI", "Proportional reduction in inconsistency; equals consistency in crisp sets."),
            Column("coverage", "Coverage", "Share of all cases with the outcome that are in this row."),
            Column("output", "Output", "1 when consistency reaches the threshold, else 0."),
            Column("contradictory", "Contradictory", "Whether cases of this row differ in the outcome."),
            Column("cases", "Cases", "The cases themselves."),
        ),
        rows=tuple(table_rows),
        unit="articles" if case == "article" else "studies",
        denominator=f"{_who(cases)}; {total} of them with {explained}",
        note=note,
        source=_SOURCE,
        opens=opens,
    )


def _explained(cases: Cases) -> str:
    label = cases.incidence.concepts[cases.outcome.concept].label
    return f"no {label} coded" if cases.negated else label


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _dropped(dropped: list[_Row], minimum: int) -> str:
    if not dropped:
        return ""
    return (
        f"{many(len(dropped), 'configuration')} with {many(sum(r.n for r in dropped), 'case')} "
        f"{'was dropped because it has' if len(dropped) == 1 else 'were dropped because they have'} fewer than {minimum} cases. "
    )


def _counted(cases: Cases, challenging: bool) -> str:
    incidence = cases.incidence
    if not challenging:
        return "Passages that challenge were left out."
    against = int(np.count_nonzero(incidence.stance == _CHALLENGES))
    if not against:
        return ""
    return f"{against} of the {len(incidence)} passages challenge; they count like the others (challenging=no leaves them out)."


# --- minimisation ------------------------------------------------------------------------


class Solution(NamedTuple):
    """One of the two answers of minimisation.

    Attributes
    ----------
    kind : str
        ``conservative`` (no assumption about what was not observed) or ``parsimonious`` (remainders
        may be assumed to go with the outcome where that shortens the answer).
    found : Minimised
    """

    kind: str
    found: Minimised


def solve(cases: Cases, minimum: int = 1, consistency: float = 0.8) -> tuple[Solution, Solution]:
    """Return the conservative and the parsimonious solution.

    Raises
    ------
    Refused
        If no row reaches the consistency threshold.
    """
    rows = _rows(cases, minimum, consistency)
    positive = [r.number for r in rows if r.output == "1"]
    if not positive:
        raise Refused(
            f"no configuration goes with {_explained(cases)!r} at consistency {consistency:g} in {minimum} or more cases: "
            "there is nothing to minimise; look at the truth table's contradictory rows, or choose other conditions"
        )
    negative = {r.number for r in rows if r.output == "0"}
    width = len(cases.conditions)
    remainders = set(range(1 << width)) - negative - set(positive)
    return (
        Solution("conservative", minimise(positive, width)),
        Solution("parsimonious", minimise(positive, width, remainders)),
    )


def _worded(cases: Cases, term: Implicant) -> str:
    names = cases.names
    literals = term.literals(len(cases.conditions))
    if not literals:
        return "always"
    return " * ".join(names[place] if present else f"~{names[place]}" for place, present in literals)


def _members(cases: Cases, term: Implicant) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (cases.row & term.fixed) == term.present
    return inside


def expressions(cases: Cases, minimum: int = 1, consistency: float = 0.8) -> dict[str, str]:
    """Return each solution in one line: terms joined by ``+``, tied models by ``or``.

    Raises
    ------
    Refused
        If no row reaches the consistency threshold.
    """
    return {
        kind: " or ".join(" + ".join(_worded(cases, term) for term in model) for model in found.solutions)
        for kind, found in solve(cases, minimum, consistency)
    }


def minimisation(
    incidence: Incidence,
    conditions: str | None = None,
    outcome: str | None = None,
    case: str = "article",
    minimum: int = 1,
    consistency: float = 0.8,
    challenging: bool = True,
    risk: float = 0.1,
) -> Table:
    """Return the shortest expressions for the configurations that go with the outcome.

    Parameters
    ----------
    incidence : Incidence
    conditions, outcome, case, challenging, risk
        See :func:`cases_of`.
    minimum, consistency
        See :func:`truth_table`.

    Returns
    -------
    Table
        For the conservative and the parsimonious solution, and for each of its models when several are
        equally short: one row a term, then one for the model as a whole, with consistency, PRI, raw
        coverage and unique coverage.

    Raises
    ------
    Refused
        If nothing can be minimised, or the cases cannot bear the conditions.

    References
    ----------
    Quine W. V. (1952). The problem of simplifying truth functions. American Mathematical Monthly 59, 521-531.
    McCluskey E. J. (1956). Minimization of Boolean functions. Bell System Technical Journal 35, 1417-1444.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> held = {"a": "mo", "b": "mo", "c": "m", "d": "", "e": "", "f": "m", "g": "mo", "h": "mo"}
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=tuple(Article(id=a) for a in held),
    ...     concepts=(Concept(id="accord", label="accord"), Concept(id="place", label="place"), Concept(id="talk", label="talk")),
    ...     extractions=tuple(
    ...         Extraction(
    ...             id=a + "1",
    ...             article=a,
    ...             contexts=("place",),
    ...             mechanisms=("talk",) if "m" in codes else (),
    ...             outcomes=("accord",) if "o" in codes else (),
    ...         )
    ...         for a, codes in held.items()
    ...     ),
    ... )
    >>> table = minimisation(Incidence.from_records(records), conditions="talk", outcome="accord", consistency=0.6)
    >>> for row in table.records():
    ...     print(row["solution"], row["part"], row["expression"], row["with_outcome"], row["coverage"])
    conservative term talk 4 1.0
    conservative model talk 4 1.0
    parsimonious term talk 4 1.0
    parsimonious model talk 4 1.0
    """
    cases = cases_of(incidence, conditions, outcome, case, challenging, risk)
    solutions = solve(cases, minimum, consistency)
    rows_seen = _rows(cases, minimum, consistency)
    observed = {r.number for r in rows_seen if r.output != "remainder"}
    total = int(np.count_nonzero(cases.shows))
    rows: list[tuple[Cell, ...]] = []
    behind: list[tuple[NDArray[np.bool_], tuple[Coded, ...]]] = []

    def fit(inside: NDArray[np.bool_]) -> tuple[int, int, float | None]:
        n = int(np.count_nonzero(inside))
        hits = int(np.count_nonzero(inside & cases.shows))
        return n, hits, hits / n if n else None

    for kind, found in solutions:
        for number, model in enumerate(found.solutions, start=1):
            members = [_members(cases, term) for term in model]
            whole = np.logical_or.reduce(members)
            for place, (term, inside) in enumerate(zip(model, members, strict=True)):
                others = np.logical_or.reduce([np.zeros_like(inside), *members[:place], *members[place + 1 :]])
                n, hits, share = fit(inside)
                only = int(np.count_nonzero(inside & ~others & cases.shows))
                things = tuple(t for t, i in zip(cases.things, inside.tolist(), strict=True) if i)
                worded = _worded(cases, term)
                rows.append(
                    (kind, number, "term", worded, n, hits, share, share, hits / total, only / total, None, things)
                )
                said = tuple(cases.conditions[p] for p, present in term.literals(len(cases.conditions)) if present)
                behind.append((inside, said))
            n, hits, share = fit(whole)
            things = tuple(t for t, i in zip(cases.things, whole.tolist(), strict=True) if i)
            assumed = sum(
                1
                for row in range(1 << len(cases.conditions))
                if row not in observed and any(term.covers(row) for term in model)
            )
            worded = " + ".join(_worded(cases, term) for term in model)
            rows.append((kind, number, "model", worded, n, hits, share, share, hits / total, None, assumed, things))
            behind.append((whole, cases.conditions))
    contradictory = sum(r.contradictory for r in rows_seen if r.output != "remainder")
    cut = [s.kind for s in solutions if not s.found.complete]
    tied = [f"{s.kind}: {len(s.found.solutions)}" for s in solutions if len(s.found.solutions) > 1 and s.found.complete]
    note = (
        "'*' joins conditions that act together, '+' alternatives, '~' a condition not seen. The conservative solution assumes "
        "nothing about configurations that nobody observed; the parsimonious one takes for granted whichever unobserved "
        "configurations make the answer shorter (their number is given), so read it beside the other. Directional "
        "expectations (the intermediate solution) are out of scope: use the R script. "
        + (f"Equally short models are all listed ({'; '.join(tied)}). " if tied else "")
        + (f"The {' and '.join(cut)} solution has more tied models than the {MOST_SOLUTIONS} listed. " if cut else "")
        + f"{contradictory} observed rows are contradictory; output is 1 from consistency {consistency:g}. "
        + _dropped([r for r in rows_seen if r.output == "remainder"], minimum)
        + "Cells without a number have none: unique coverage belongs to terms, assumptions to models. "
        + f"{_counted(cases, challenging)} {_NOT_CAUSES}"
    )

    def opens(number: int, column: str) -> tuple[str, ...]:
        inside, said = behind[number]
        if column in ("with_outcome", "coverage", "unique_coverage"):
            inside = inside & cases.shows
        return cases.behind(inside, (*said, cases.outcome))

    return Table(
        name="minimisation",
        title=f"Shortest expressions for {_explained(cases)}",
        columns=(
            Column("solution", "Solution", "Conservative or parsimonious."),
            Column("model", "Model", "Equally short models are numbered."),
            Column("part", "Part", "One term, or the model as a whole."),
            Column("expression", "Expression"),
            Column("n", "Cases", "Cases that the expression covers."),
            Column("with_outcome", "Cases with the outcome", "Of these, cases with the outcome."),
            Column("consistency", "Consistency", "Share of the covered cases with the outcome."),
            Column("pri", "PRI", "Equals consistency in crisp sets."),
            Column("coverage", "Raw coverage", "Share of all cases with the outcome that it covers."),
            Column("unique_coverage", "Unique coverage", "Share that no other term of the model covers."),
            Column("assumed", "Assumptions", "Unobserved configurations that the model takes to go with the outcome."),
            Column("cases", "Cases", "The cases covered."),
        ),
        rows=tuple(rows),
        unit="articles" if case == "article" else "studies",
        denominator=f"{_who(cases)}; {total} of them with {_explained(cases)}",
        note=note,
        source=_SOURCE,
        opens=opens,
    )


# --- leaving for R --------------------------------------------------------------------------


def cases_table(
    incidence: Incidence,
    conditions: str | None = None,
    outcome: str | None = None,
    case: str = "article",
    challenging: bool = True,
    risk: float = 0.1,
) -> Table:
    """Return the 0/1 table of cases that other software for configurational analysis reads.

    Parameters
    ----------
    incidence : Incidence
    conditions, outcome, case, challenging, risk
        As for :func:`truth_table`, whose rows these cases make.

    Returns
    -------
    Table
        One row for each case, in the order of the ids: which conditions it has, and whether it shows the outcome
        (the outcome itself, also when its absence is explained).

    References
    ----------
    Ragin CC (1987). The Comparative Method: Moving Beyond Qualitative and Quantitative Strategies. University of
    California Press.

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = cases_table(columns, conditions="dialogue|assets", outcome="alignment")
    >>> len(table), [c.name for c in table.columns][:3]
    (51, ['case', 'dialogue', 'assets'])
    """
    cases = cases_of(incidence, conditions, outcome, case, challenging, risk)
    names = _column_names(cases)
    shown = cases.shows ^ cases.negated
    every = (*cases.conditions, cases.outcome)

    def opens(number: int, column: str) -> tuple[str, ...]:
        members = np.zeros(len(cases.things), dtype=np.bool_)
        members[number] = True
        if column in names:
            return cases.behind(members, (cases.conditions[names.index(column)],))
        return cases.behind(members, (cases.outcome,) if column == "outcome" else every)

    return Table(
        name="truth-table-cases",
        title="Cases with their conditions and outcome",
        columns=(
            Column("case", "Case"),
            *(Column(n, cases.label(c)) for n, c in zip(names, cases.conditions, strict=True)),
            Column("outcome", cases.label(cases.outcome)),
        ),
        rows=tuple(
            (thing, *(int(v) for v in has), int(out))
            for thing, has, out in zip(cases.things, cases.has.tolist(), shown.tolist(), strict=True)
        ),
        unit="1 when at least one passage of the case codes the concept in that role, else 0",
        denominator=_who(cases),
        note=f"{_counted(cases, challenging)} {_NOT_CAUSES}".strip(),
        source=_SOURCE,
        opens=opens,
    )


def _r_names(cases: Cases) -> list[str]:
    """Return column names that both R packages take: capital letters and digits, unique without case."""
    taken = {"CASE"}
    found = []
    for name in _named_all(cases):
        base = re.sub(r"[^A-Z0-9]", "", name.upper())
        if not re.match(r"[A-Z]", base):
            base = "C" + base
        unique, number = base, 2
        while unique in taken:
            unique, number = f"{base}{number}", number + 1
        taken.add(unique)
        found.append(unique)
    return found


def _named_all(cases: Cases) -> list[str]:
    return [*cases.names, cases.outcome_name.removeprefix("~") if cases.negated else cases.outcome_name]


def cases_csv(cases: Cases) -> str:
    """Return the 0/1 table of cases as CSV, with the column names that :func:`r_script` uses.

    Parameters
    ----------
    cases : Cases
        See :func:`cases_of`.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["CASE", *_r_names(cases)])
    shown = (cases.shows ^ cases.negated).tolist()
    for thing, has, outcome in zip(cases.things, cases.has.tolist(), shown, strict=True):
        writer.writerow([thing.id, *(int(v) for v in has), int(outcome)])
    return out.getvalue()


def r_script(cases: Cases, csv_name: str = "cases.csv", minimum: int = 1, consistency: float = 0.8) -> str:
    """Return an R script that analyses :func:`cases_csv` with the packages QCA and cna.

    Parameters
    ----------
    cases : Cases
        See :func:`cases_of`.
    csv_name : str
        Where the CSV lies, as R sees it from its working directory.
    minimum, consistency
        The thresholds of :func:`truth_table`.
    """
    names = _r_names(cases)
    meaning = "\n".join(
        f"#   {name} = {_one_line(cases.label(coded))}"
        for name, coded in zip(names, (*cases.conditions, cases.outcome), strict=True)
    )
    quoted = csv_name.replace("\\", "/").replace('"', '\\"')
    outcome = names[-1]
    conditions = ", ".join(f'"{n}"' for n in names[:-1])
    qca_outcome = f"~{outcome}" if cases.negated else outcome
    cna_outcome = outcome.lower() if cases.negated else outcome
    return f"""\
# Crisp-set QCA and coincidence analysis of {len(cases.things)} cases (written by eaa-graph).
# 1 = at least one passage of the case codes the concept in this role; 0 = not seen, which is weaker than absent.
{meaning}
# install.packages(c("QCA", "cna"))

data <- read.csv("{quoted}", row.names = "CASE", check.names = FALSE, encoding = "UTF-8")
conditions <- c({conditions})
inclusion <- {consistency:g}   # consistency from which a row counts as sufficient
smallest <- {minimum}      # rows with fewer cases are remainders

library(QCA)
tt <- truthTable(data, outcome = "{qca_outcome}", conditions = conditions,
                 incl.cut = inclusion, n.cut = smallest, complete = TRUE, show.cases = TRUE)
print(tt)
conservative <- minimize(tt, details = TRUE, show.cases = TRUE)
print(conservative)
parsimonious <- minimize(tt, include = "?", details = TRUE, show.cases = TRUE)
print(parsimonious)
# Intermediate solution: state your directional expectations, one of 1, 0 or - for each condition.
# minimize(tt, include = "?", dir.exp = c({", ".join('"-"' for _ in names[:-1])}), details = TRUE)

library(cna)
models <- cna(data, type = "cs", outcome = "{cna_outcome}", con = inclusion, cov = 0.6, details = TRUE)
print(models)
"""


def _one_line(text: str) -> str:
    return " ".join(text.split())


_CASE_PARAMETERS = (
    Parameter(
        "conditions",
        "Contexts and mechanisms, joined by | or commas, each an id, a label or role:concept; not given: the most frequent "
        "few that the cases can bear.",
        refers_to="concept",
    ),
    Parameter(
        "outcome",
        "The outcome; ~ before it explains its absence; not given: the most frequent that tells cases apart.",
        refers_to="concept",
    ),
    Parameter("case", "What a case is.", "article", ("article", "study")),
    Parameter("challenging", "Whether passages that challenge count like the others.", True),
    Parameter("risk", "Most chance that coin tosses would look as clean; raise it to allow more conditions.", 0.1),
)
_ROW_PARAMETERS = (
    Parameter("minimum", "Cases that a configuration needs to be listed.", 1),
    Parameter("consistency", "Share of a row's cases with the outcome from which it counts as going with it.", 0.8),
)

PARTS = (
    Measure(
        name="truth-table",
        title="Which combinations of contexts and mechanisms go with an outcome?",
        description=(
            "A crisp truth table: each combination of the chosen conditions that cases show, with consistency, PRI, coverage "
            "and contradictory rows. It shows patterns in what was coded, not generative processes."
        ),
        function=truth_table,
        parameters=(*_CASE_PARAMETERS, *_ROW_PARAMETERS),
        source=_SOURCE,
    ),
    Measure(
        name="minimisation",
        title="What is the shortest way to say which combinations go with an outcome?",
        description=(
            "Boolean minimisation of the truth table: conservative and parsimonious solutions with every equally short model, "
            "consistency and coverage. Directional expectations are out of scope."
        ),
        function=minimisation,
        parameters=(*_CASE_PARAMETERS, *_ROW_PARAMETERS),
        source=_SOURCE,
    ),
    Measure(
        name="truth-table-cases",
        title="Which case has which conditions and outcome?",
        description="The 0/1 table of cases that R packages such as QCA and cna read.",
        function=cases_table,
        parameters=_CASE_PARAMETERS,
        source=_SOURCE,
    ),
)
