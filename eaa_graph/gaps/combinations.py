"""Untested combinations: what a theory joins and no passage tells together.

A configuration claims links: a condition with a mechanism, a mechanism with an outcome, mechanisms that act together.
Each link can be tested by itself; one that nobody ever coded in a single passage is claimed on the strength of other
links only.
"""

from __future__ import annotations

__all__ = ["PART", "claimed_pairs", "untested_combinations"]

from itertools import combinations
from typing import NamedTuple

import numpy as np

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.gaps import GapRule
from eaa_graph.gaps.reporting import plural, units_of, who
from eaa_graph.gaps.surprise import at_most, in_words, number, share
from eaa_graph.measures.multiplicity import benjamini_hochberg
from eaa_graph.measures.support import passages
from eaa_graph.model import ROLES, Configuration, Records, slot_concepts
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

_CONDITIONS = ("context", "intervention", "actor")
_MECHANISM = ("mechanism", "resource", "reasoning")
_LINKS = ("C-M", "M-O", "M+M")
_UNITS = ("extraction", "article", "study")
_AMONG = ("configurations", "framework", "both")
_SHOW = ("untested", "all")


class Pair(NamedTuple):
    """Two concepts in their roles that a theory joins."""

    link: str
    role: str
    concept: str
    other_role: str
    other: str


def _links_of(configuration: Configuration) -> list[Pair]:
    """Return every link that a configuration claims, alternatives one by one."""
    found: list[Pair] = []
    for role in _MECHANISM:
        slot = configuration.slot(role)
        for mechanism in slot_concepts(slot):
            for condition in _CONDITIONS:
                found += [
                    Pair("C-M", condition, c, role, mechanism) for c in slot_concepts(configuration.slot(condition))
                ]
            found += [Pair("M-O", role, mechanism, "outcome", o) for o in slot_concepts(configuration.outcomes)]
        for alternative in slot:
            found += [Pair("M+M", role, a, role, b) for a, b in combinations(sorted(set(alternative)), 2)]
    # A resource and the reasoning it sets off are two halves of one mechanism: they act together as well.
    halves = [[(role, c) for c in slot_concepts(configuration.slot(role))] for role in ("resource", "reasoning")]
    found += [Pair("M+M", *a, *b) for a in halves[0] for b in halves[1]]
    return found


def claimed_pairs(records: Records, theory: str | None = None) -> dict[Pair, tuple[str, ...]]:
    """Return every link that the configurations claim, with the ids of those that claim it.

    Parameters
    ----------
    records : Records
    theory : str or None
        Id of a version; None for every configuration.

    Raises
    ------
    UnknownName
        If no version has that id.
    """
    names = {c.id for c in records.configurations}
    if theory is not None:
        versions = {t.id: t for t in records.theories}
        if theory not in versions:
            raise UnknownName("theory version", theory, versions)
        names &= set(versions[theory].configurations)
    found: dict[Pair, set[str]] = {}
    for configuration in records.configurations:
        if configuration.id in names:
            for pair in _links_of(configuration):
                found.setdefault(pair, set()).add(configuration.id)
    return {pair: tuple(sorted(found[pair])) for pair in sorted(found)}


def _framework_pairs(incidence: Incidence) -> list[Pair]:
    by_role = {
        role: sorted(c.id for c in incidence.concepts if c.status == "framework" and c.listed_as == role)
        for role in ROLES
    }
    found = [Pair("C-M", c, a, m, b) for c in _CONDITIONS for m in _MECHANISM for a in by_role[c] for b in by_role[m]]
    return found + [Pair("M-O", m, a, "outcome", b) for m in _MECHANISM for a in by_role[m] for b in by_role["outcome"]]


def untested_combinations(
    incidence: Incidence,
    theory: str | None = None,
    among: str = "both",
    unit: str = "extraction",
    show: str = "untested",
) -> Table:
    """Return the pairs that the theory joins and nothing coded shows together.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.
    theory : str or None
        Id of a theory version; None for the configurations of all.
    among : str
        ``configurations``: pairs that a configuration joins; ``framework``: every context with every mechanism and
        every mechanism with every outcome that the codebook marks as framework; ``both``.
    unit : str
        ``extraction``: together in one passage; ``article`` or ``study``: somewhere in one.
    show : str
        ``untested``, or ``all`` pairs.

    Returns
    -------
    Table
        Context-mechanism, mechanism-outcome and mechanism-mechanism pairs (those that act together), in that order;
        p and q are over all pairs, whichever are shown.

    Raises
    ------
    Refused
        If there is no pair to test, or nobody coded anything.

    References
    ----------
    Jackson SF, Kolla G (2012). A new realistic evaluation analysis method: linked coding of context, mechanism, and
    outcome relationships. American Journal of Evaluation 33(3):339-349. doi:10.1177/1098214012440030

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = untested_combinations(columns)
    >>> len(table) > 0, table.unit
    (True, 'extractions')
    """
    for name, value, known in (("among", among, _AMONG), ("unit", unit, _UNITS), ("show", show, _SHOW)):
        if value not in known:
            raise UnknownName(f"value of {name}", value, known)
    if not len(incidence):
        raise Refused(f"no extraction by {who(incidence)}: nothing could be told together")
    claimed = claimed_pairs(incidence.records, theory) if among != "framework" else {}
    framework = set(_framework_pairs(incidence)) if among != "configurations" else set()
    known_pairs = [p for p in {*claimed, *framework} if p.concept in incidence.concept_index and p.other in incidence.concept_index]  # fmt: skip
    if not known_pairs:
        raise Refused(
            "no two concepts are joined: no configuration fills two slots"
            + ("" if among == "configurations" else " and the codebook marks no framework that could")
        )
    pairs = sorted(known_pairs, key=lambda p: (_LINKS.index(p.link), *p[1:]))
    if unit == "extraction":
        of, of_article = np.arange(len(incidence), dtype=np.int32), np.zeros(0, dtype=np.int32)
    else:
        of_article, _ = units_of(incidence, unit)
        of = of_article[incidence.article]
    cache: dict[tuple[str, str], tuple[Index, Index, Index]] = {}

    def coded(role: str, name: str) -> tuple[Index, Index, Index]:
        """Return the passages that code a concept in a role, their units and their articles."""
        if (role, name) not in cache:
            found = passages(incidence, role, incidence.concept_index[name])
            cache[role, name] = (found, np.unique(of[found]), np.unique(incidence.article[found]))
        return cache[role, name]

    sides = [(coded(p.role, p.concept), coded(p.other_role, p.other)) for p in pairs]
    together = np.array([len(np.intersect1d(a[1], b[1])) for a, b in sides], dtype=np.int64)
    first = np.array([len(a[1]) for a, _ in sides], dtype=np.int64)
    second = np.array([len(b[1]) for _, b in sides], dtype=np.int64)
    units = len(np.unique(of))
    expected = first * second / units
    p_values = at_most(together, np.full(len(pairs), units), first, second)
    q_values = benjamini_hochberg(p_values)
    rows: list[tuple[Cell, ...]] = []
    kept: list[int] = []
    for place, pair in enumerate(pairs):
        if show == "untested" and together[place]:
            continue
        a, b = sides[place]
        one, other = (incidence.concept_thing(incidence.concept_index[n]) for n in (pair.concept, pair.other))
        same_articles = len(np.intersect1d(a[2], b[2]))
        by = claimed.get(pair, ())
        p, q = float(p_values[place]), float(q_values[place])
        kept.append(place)
        rows.append(
            (
                pair.link,
                one,
                pair.role,
                other,
                pair.other_role,
                int(together[place]),
                int(first[place]),
                int(second[place]),
                same_articles,
                float(expected[place]),
                p,
                q,
                in_words(p, q),
                tuple(Thing("configuration", c, c) for c in by),
                pair in framework,
                _reading(
                    pair, one.label, other.label, int(together[place]), len(a[0]), len(b[0]), same_articles, by, unit
                )
                + (
                    f" If the two had nothing to do with each other, about {number(float(expected[place]))} "
                    f"{plural(2, unit)[2:]} would code both; so few is {in_words(p, q)} (p {share(p)}, q {share(q)})."
                    if first[place] and second[place]
                    else ""
                ),
            )
        )
    many = plural(2, unit)[2:]

    def opens(row: int, column: str) -> tuple[str, ...]:
        a, b = sides[kept[row]]
        if column in ("first", "concept"):
            return incidence.ids(a[0].tolist())
        if column in ("second", "other"):
            return incidence.ids(b[0].tolist())
        units_, where = (a[2], incidence.article) if column == "same_articles" else (a[1], of)
        shared = np.intersect1d(units_, b[2] if column == "same_articles" else b[1])
        return incidence.ids(
            [*a[0][np.isin(where[a[0]], shared)].tolist(), *b[0][np.isin(where[b[0]], shared)].tolist()]
        )

    return Table(
        name="untested-combinations",
        title="What does the theory join that nothing coded shows together?",
        columns=(
            Column("link", "Link", "C-M, M-O, or M+M for what acts together in one mechanism."),
            Column("concept", "From"),
            Column("role", "As"),
            Column("other", "To"),
            Column("other_role", "As"),
            Column("together", "Together", f"{many.capitalize()} that code both."),
            Column("first", "With the first", f"{many.capitalize()} that code the first in its role."),
            Column("second", "With the second", f"{many.capitalize()} that code the second in its role."),
            Column("same_articles", "Articles with both", "In whatever passages."),
            Column("expected", "Expected", f"{many.capitalize()} with both if the two were unrelated."),
            Column("p", "p", "Chance of so few or fewer."),
            Column("q", "q", "The same among all pairs (Benjamini-Hochberg)."),
            Column("surprise", "Surprise", "p and q in words; the line is 0.05."),
            Column("configurations", "Joined by", "Configurations that claim the link."),
            Column("framework", "Framework", "Whether the codebook marks both as framework."),
            Column("reading", "Reading", "The row in words."),
        ),
        rows=tuple(rows),
        unit=many,
        denominator=f"the {plural(units, unit)} with anything coded by {who(incidence)}; {plural(len(pairs), 'pair')} looked at",
        note=(
            "Untested is not refuted. Alternatives of a slot are looked at one by one: one of them may be told while "
            "another is not. A full configuration is rarely told in one passage, so its links are looked at by themselves."
        ),
        source="Jackson & Kolla 2012, doi 10.1177/1098214012440030; Fisher 1935, doi 10.2307/2342435",
        opens=opens,
    )


def _reading(
    pair: Pair,
    one: str,
    other: str,
    together: int,
    first: int,
    second: int,
    shared: int,
    by: tuple[str, ...],
    unit: str,
) -> str:
    said = f"{', '.join(by)} {'joins' if len(by) == 1 else 'join'}" if by else "The framework could join"
    told = f"{said} “{one}” ({pair.role}) and “{other}” ({pair.other_role})"
    if together:
        return f"{told}; {plural(together, unit)} with both."
    never = [
        f"“{name}” as {role}" for name, role, n in ((one, pair.role, first), (other, pair.other_role, second)) if not n
    ]
    if never:
        return f"{told}, and nobody codes {' or '.join(never)} at all."
    in_articles = (
        f"; {plural(shared, 'article')} with both, in different passages" if shared and unit == "extraction" else ""
    )
    return f"{told}, and no {unit} codes both{in_articles}."


PART = GapRule(
    "untested-combinations",
    "What does the theory join that nothing coded shows together?",
    "Every link that a configuration claims (condition with mechanism, mechanism with outcome, mechanisms that act "
    "together) and every pair that the framework could join, when no passage codes both. It shows which claims rest on "
    "other links only; it refutes none.",
    untested_combinations,
    (
        Parameter("theory", "Id of a theory version; left out: the configurations of all.", None, refers_to="theory"),
        Parameter("among", "Which pairs: of configurations, of the framework, or both.", "both", _AMONG),
        Parameter("unit", "Together in one extraction, article or study.", "extraction", _UNITS),
        Parameter("show", "Only untested pairs, or all.", "untested", _SHOW),
    ),
    "Jackson & Kolla 2012, doi 10.1177/1098214012440030",
)
