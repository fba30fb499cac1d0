"""Contradictions: one mechanism, opposite results; and the contexts that might tell the two apart.

In realist synthesis a contradiction is where theory grows: if a mechanism works here and not there, something about
*here* is part of the explanation. The two sides are set side by side (juxtaposed) and never taken off each other.
"""

from __future__ import annotations

__all__ = ["PARTS", "contradiction_contexts", "contradictions"]

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.support import passages
from eaa_graph.model import POLARITIES, ROLES, STANCES
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

_MECHANISM = ("resource", "reasoning", "mechanism")
#: For each kind of contradiction: the side for, the side against, and what is neither.
_SIDES = {
    "polarity": (POLARITIES.index("enabling"), POLARITIES.index("hindering"), POLARITIES.index("mixed")),
    "stance": (STANCES.index("supports"), STANCES.index("challenges"), STANCES.index("refines")),
}
_WORDS = {"polarity": ("enabling", "hindering", "mixed"), "stance": ("supports", "challenges", "refines")}
_SAME = ("mechanism", "mechanism-and-outcome", "mechanism-set")
_BY = ("either", "polarity", "stance")
_UNITS = ("article", "study")
_UNIT_WORDS = {"article": "articles", "study": "studies"}
_CONTEXT = ROLES.index("context")
_OUTCOME = ROLES.index("outcome")


class _Group(NamedTuple):
    """Passages about one mechanism (or set), perhaps with one outcome."""

    #: (role, concept) of the mechanism(s).
    mechanism: tuple[tuple[int, int], ...]
    outcome: int | None
    rows: Index


def _by_mechanism(incidence: Incidence) -> Iterator[_Group]:
    for role in _MECHANISM:
        for concept in incidence.coded(role).tolist():
            yield _Group(((ROLES.index(role), concept),), None, passages(incidence, role, concept))


def _by_mechanism_and_outcome(incidence: Incidence) -> Iterator[_Group]:
    has = np.zeros(len(incidence), dtype=np.bool_)
    groups = list(_by_mechanism(incidence))
    for outcome in incidence.coded("outcome").tolist():
        with_outcome = passages(incidence, "outcome", outcome)
        has[with_outcome] = True
        for group in groups:
            rows = group.rows[has[group.rows]]
            if len(rows):
                yield group._replace(outcome=outcome, rows=rows)
        has[with_outcome] = False


def _by_mechanism_set(incidence: Incidence) -> Iterator[_Group]:
    roles = np.array([ROLES.index(role) for role in _MECHANISM])
    chosen = np.isin(incidence.coding_role, roles)
    if not chosen.any():
        return
    owner = incidence.coding_extraction[chosen]
    code = incidence.coding_role[chosen].astype(np.int64) * len(incidence.concepts) + incidence.coding_concept[chosen]
    # Codings are sorted by (extraction, role, concept): each extraction's set is a run, padded to one width.
    who, first, length = np.unique(owner, return_index=True, return_counts=True)
    padded = np.full((len(who), int(length.max())), -1, dtype=np.int64)
    padded[np.repeat(np.arange(len(who)), length), np.arange(len(owner)) - np.repeat(first, length)] = code
    sets, which = np.unique(padded, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.searchsorted(which.ravel()[order], np.arange(len(sets) + 1))
    for number, codes in enumerate(sets.tolist()):
        mechanism = tuple(divmod(c, len(incidence.concepts)) for c in codes if c >= 0)
        yield _Group(mechanism, None, who[order[ends[number] : ends[number + 1]]].astype(np.int32))


_GROUPS = {
    "mechanism": _by_mechanism,
    "mechanism-and-outcome": _by_mechanism_and_outcome,
    "mechanism-set": _by_mechanism_set,
}


class _Coded(NamedTuple):
    """Contexts coded by some passages: one element a coding."""

    extraction: Index
    context: Index

    @property
    def contexts(self) -> set[int]:
        """Every context that occurs."""
        return set(np.unique(self.context).tolist())

    def where(self, contexts: set[int]) -> Index:
        """Return the extractions that code one of `contexts`."""
        found: Index = self.extraction[np.isin(self.context, np.array(sorted(contexts), dtype=np.int32))]
        return found


class _Sides(NamedTuple):
    """One contradiction: who is on which side, and in what contexts."""

    group: _Group
    kind: str
    first: Index
    second: Index
    neither: Index
    first_contexts: _Coded
    second_contexts: _Coded
    #: Units with both sides, and those of them where each side has contexts and these differ.
    both: Index
    separating: Index


def _contexts(incidence: Incidence, rows: Index) -> _Coded:
    chosen = np.zeros(len(incidence), dtype=np.bool_)
    chosen[rows] = True
    if "contradictions.contexts" not in incidence._cache:
        in_role = incidence.coding_role == _CONTEXT
        incidence._cache["contradictions.contexts"] = (
            incidence.coding_extraction[in_role],
            incidence.coding_concept[in_role],
        )
    extraction, context = incidence._cache["contradictions.contexts"]
    keep = chosen[extraction]
    return _Coded(extraction[keep], context[keep])


def _sides(incidence: Incidence, group: _Group, kind: str, of: Index, minimum: int) -> _Sides | None:
    value = (incidence.polarity if kind == "polarity" else incidence.stance)[group.rows]
    first, second, neither = (group.rows[value == side] for side in _SIDES[kind])
    here, there = np.unique(of[first]), np.unique(of[second])
    if min(len(here), len(there)) < minimum:
        return None
    coded = (_contexts(incidence, first), _contexts(incidence, second))
    # (unit, context) as one number: what is on one side only, in units that have contexts on both.
    wide = max(len(incidence.concepts), 1)
    one, other = (np.unique(of[side.extraction].astype(np.int64) * wide + side.context) for side in coded)
    differing = np.unique(np.setxor1d(one, other, assume_unique=True) // wide)
    with_contexts = np.intersect1d(np.unique(one // wide), np.unique(other // wide), assume_unique=True)
    separating = np.intersect1d(differing, with_contexts, assume_unique=True)
    both = np.intersect1d(here, there, assume_unique=True)
    return _Sides(group, kind, first, second, neither, *coded, both, separating)


def _units(incidence: Incidence, unit: str) -> Index:
    """Return for each extraction the article or study it is in."""
    if unit not in _UNITS:
        raise UnknownName("value of unit", unit, _UNITS)
    return incidence.article if unit == "article" else incidence.study[incidence.article]


def _separation(sides: _Sides, unit: str) -> str:
    here, there = sides.first_contexts.contexts, sides.second_contexts.contexts
    if len(sides.separating):
        return f"within one {unit}"
    if not here or not there:
        return "no context coded on one side" if here or there else "no context coded"
    return "same contexts on both sides" if here == there else f"only between {_UNIT_WORDS[unit]}"


_COLUMNS = (
    Column("mechanism", "Mechanism", "One concept, or the whole set coded together."),
    Column(
        "role",
        "Coded as",
        "mechanism, or one of its halves: resource, reasoning; concept by concept where they differ.",
    ),
    Column("outcome", "Outcome", "Filled when passages are grouped by outcome too."),
    Column("kind", "Opposite in", "polarity: enabling against hindering; stance: supports against challenges."),
    Column("first", "For", "Units with an enabling (supporting) passage."),
    Column("second", "Against", "Units with a hindering (challenging) passage."),
    Column("neither", "In between", "Units with a mixed (refining) passage."),
    Column("only_first", "Contexts only for", "Coded on the side for, never on the side against; most frequent first."),
    Column(
        "only_second", "Contexts only against", "Coded on the side against, never on the side for; most frequent first."
    ),
    Column("shared", "Contexts on both sides"),
    Column("no_context", "Passages without context", "On either side: nothing is coded that could tell them apart."),
    Column("both_sides", "Both sides in one source", "Units with passages on both sides."),
    Column(
        "separated_by", "Which tell the sides apart", "Those of them with contexts on each side, and not the same ones."
    ),
    Column(
        "separation",
        "Separation",
        "Whether contexts differ within one source (the authors saw both), only between sources, or not at all.",
    ),
)

_NOTE = (
    "Each side counts the sources with at least one such passage; a source may be on both. That a context is coded on one "
    "side only does not make it the reason: it is what to look for on re-reading. Contexts that differ within one source "
    "are the stronger lead, since one set of authors saw both sides. The sides are never taken off each other."
)


def contradictions(
    incidence: Incidence, same: str = "mechanism", by: str = "either", unit: str = "article", minimum: int = 1
) -> Table:
    """Return mechanisms with passages on opposite sides, and the contexts that differ between the sides.

    Parameters
    ----------
    incidence : Incidence
    same : str
        What the two sides share: ``"mechanism"`` (one concept), ``"mechanism-and-outcome"`` (a
        concept and an outcome), or ``"mechanism-set"`` (exactly the same mechanisms, coded together).
    by : str
        ``"polarity"``: enabling against hindering; ``"stance"``: supports against challenges; ``"either"``: a row for each.
    unit : str
        ``"article"`` or ``"study"``.
    minimum : int
        Least number of units on each side.

    Returns
    -------
    Table
        Most evenly supported first: by the smaller side, then the larger, then by concept.

    Raises
    ------
    Refused
        If there are no extractions, or `minimum` is below 1 (a side without passages contradicts nothing).
    UnknownName
        If a choice is not known.

    References
    ----------
    Pawson R (2006). Evidence-based policy: a realist perspective. Sage (juxtapose, reconcile, adjudicate).

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=(Article(id="a"), Article(id="b")),
    ...     concepts=tuple(Concept(id=c, label=c) for c in ("clinic", "home", "power")),
    ...     extractions=(
    ...         Extraction(id="a1", article="a", contexts=("home",), mechanisms=("power",), polarity="enabling"),
    ...         Extraction(id="b1", article="b", contexts=("clinic",), mechanisms=("power",), polarity="hindering"),
    ...     ),
    ... )
    >>> row = next(contradictions(Incidence.from_records(records)).records())
    >>> row["only_first"][0].id, row["only_second"][0].id, row["separation"]
    ('home', 'clinic', 'only between articles')
    """
    if same not in _SAME:
        raise UnknownName("value of same", same, _SAME)
    if by not in _BY:
        raise UnknownName("value of by", by, _BY)
    if minimum < 1:
        raise Refused("minimum must be 1 or more: a side without a passage contradicts nothing")
    if not len(incidence):
        raise Refused("there are no extractions to compare")
    of = _units(incidence, unit)
    kinds = ("polarity", "stance") if by == "either" else (by,)
    found = [
        sides
        for group in _GROUPS[same](incidence)
        for kind in kinds
        if (sides := _sides(incidence, group, kind, of, minimum)) is not None
    ]

    def order(sides: _Sides) -> tuple[object, ...]:
        sizes = sorted((len(set(of[sides.first].tolist())), len(set(of[sides.second].tolist()))))
        names = [(incidence.concepts[c].id, r) for r, c in sides.group.mechanism]
        outcome = incidence.concepts[sides.group.outcome].id if sides.group.outcome is not None else ""
        return (-sizes[0], -sizes[1], sorted(names), outcome, sides.kind)

    found.sort(key=order)
    sources = len(incidence.articles) if unit == "article" else len(set(incidence.study.tolist()))
    return Table(
        name="contradictions",
        title="Same mechanism, opposite results: what differs between the two sides",
        columns=_COLUMNS,
        rows=tuple(_row(incidence, sides, of, unit) for sides in found),
        unit=_UNIT_WORDS[unit],
        denominator=f"the {many(sources, unit, _UNIT_WORDS[unit])} of the review",
        note=_NOTE,
        source="Pawson 2006; Robert et al. 2017, doi 10.1186/s13012-017-0554-3",
        opens=lambda row, column: incidence.ids(_behind(found[row], of, column).tolist()),
    )


def _row(incidence: Incidence, sides: _Sides, of: Index, unit: str) -> tuple[Cell, ...]:
    def count(rows: Index) -> int:
        return len(np.unique(of[rows]))

    extraction = np.concatenate([sides.first_contexts.extraction, sides.second_contexts.extraction])
    context = np.concatenate([sides.first_contexts.context, sides.second_contexts.context])

    def by_frequency(keep: set[int]) -> tuple[Thing, ...]:
        chosen = sorted(keep, key=lambda c: (-count(extraction[context == c]), incidence.concepts[c].id))
        return tuple(incidence.concept_thing(c) for c in chosen)

    here, there = sides.first_contexts.contexts, sides.second_contexts.contexts
    mechanism = sorted(sides.group.mechanism, key=lambda pair: (incidence.concepts[pair[1]].id, pair[0]))
    outcome = sides.group.outcome
    return (
        tuple(incidence.concept_thing(c) for _, c in mechanism),
        ", ".join(ROLES[r] for r, _ in (mechanism if len({r for r, _ in mechanism}) > 1 else mechanism[:1])),
        incidence.concept_thing(outcome) if outcome is not None else None,
        sides.kind,
        count(sides.first),
        count(sides.second),
        count(sides.neither),
        by_frequency(here - there),
        by_frequency(there - here),
        by_frequency(here & there),
        len(_without_context(sides)),
        _sources(incidence, sides.both.tolist(), unit),
        _sources(incidence, sides.separating.tolist(), unit),
        _separation(sides, unit),
    )


def _without_context(sides: _Sides) -> Index:
    told = np.concatenate([sides.first_contexts.extraction, sides.second_contexts.extraction])
    return np.setdiff1d(np.concatenate([sides.first, sides.second]), told)


def _sources(incidence: Incidence, units: Sequence[int], unit: str) -> tuple[Thing, ...]:
    if unit == "article":
        return tuple(sorted((incidence.article_thing(u) for u in units), key=lambda thing: thing.id))
    wanted = set(units)
    # An article without a study is a study of its own and goes by its own name.
    things = {
        Thing("study", article.study, article.study)
        if article.study
        else Thing("article", article.id, article.title or article.id)
        for article, number in zip(incidence.articles, incidence.study.tolist(), strict=True)
        if number in wanted
    }
    return tuple(sorted(things, key=lambda thing: (thing.id, thing.kind)))


def _behind(sides: _Sides, of: Index, column: str) -> Index:
    here, there = sides.first_contexts, sides.second_contexts
    on_both = here.contexts & there.contexts
    everything = np.concatenate([sides.first, sides.second])
    if column in ("first", "second", "neither"):
        found: Index = getattr(sides, column)
        return found
    if column == "only_first":
        return here.where(here.contexts - on_both)
    if column == "only_second":
        return there.where(there.contexts - on_both)
    if column == "shared":
        return np.concatenate([here.where(on_both), there.where(on_both)])
    if column == "no_context":
        return _without_context(sides)
    if column in ("both_sides", "separated_by"):
        return everything[np.isin(of[everything], sides.both if column == "both_sides" else sides.separating)]
    return everything


# --- one mechanism, context by context ----------------------------------------------------------

_CONTEXT_COLUMNS = (
    Column("context", "Context", "Empty: no context is coded."),
    *(
        Column(word, word.capitalize(), f"Units with a passage of this {kind}.")
        for kind, words in _WORDS.items()
        for word in words
    ),
    Column("all", "Any", "Units with a passage of the mechanism in this context, whatever its polarity or stance."),
)


def contradiction_contexts(incidence: Incidence, mechanism: str | None = None, unit: str = "article") -> Table:
    """Return, for one mechanism, how it went in each context.

    Parameters
    ----------
    incidence : Incidence
    mechanism : str
        Id or label of a concept coded as mechanism, resource or reasoning.
    unit : str
        ``"article"`` or ``"study"``.

    Returns
    -------
    Table
        One row a context, most frequent first, and a last row for passages without one.

    Raises
    ------
    Refused
        If no mechanism is named, or it is coded as mechanism nowhere.
    UnknownName
        If no concept has that name.

    References
    ----------
    Pawson R, Tilley N (1997). Realistic Evaluation. London: Sage.

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = contradiction_contexts(columns, mechanism="dialogue")
    >>> len(table) > 0, table.unit
    (True, 'articles')
    """
    if mechanism is None:
        raise Refused("say which mechanism: mechanism=ID")
    concept = incidence.concept(mechanism)
    rows = np.unique(np.concatenate([passages(incidence, role, concept) for role in _MECHANISM])).astype(np.int32)
    if not len(rows):
        raise Refused(f"{mechanism!r} is coded as a mechanism in no passage of this selection")
    of = _units(incidence, unit)
    coded = _contexts(incidence, rows)
    ranked = sorted(
        ((c, np.sort(coded.where({c}))) for c in coded.contexts),
        key=lambda pair: (-len(np.unique(of[pair[1]])), incidence.concepts[pair[0]].id),
    )
    groups: list[tuple[int | None, Index]] = list(ranked)
    silent = np.setdiff1d(rows, coded.extraction)
    if len(silent):
        groups.append((None, silent))

    def behind(row: int, column: str) -> Index:
        found = groups[row][1]
        for kind, words in _WORDS.items():
            if column in words:
                value = (incidence.polarity if kind == "polarity" else incidence.stance)[found]
                kept: Index = found[value == _SIDES[kind][words.index(column)]]
                return kept
        return found

    words = [column.name for column in _CONTEXT_COLUMNS[1:]]
    sources = len(incidence.articles) if unit == "article" else len(set(incidence.study.tolist()))
    return Table(
        name="contradiction-contexts",
        title=f"How {incidence.concepts[concept].label} went in each context",
        columns=_CONTEXT_COLUMNS,
        rows=tuple(
            (
                incidence.concept_thing(context) if context is not None else None,
                *(len(np.unique(of[behind(number, word)])) for word in words),
            )
            for number, (context, _) in enumerate(groups)
        ),
        unit=_UNIT_WORDS[unit],
        denominator=f"the {many(sources, unit, _UNIT_WORDS[unit])} of the review",
        note=(
            "A passage with several contexts counts in each of them, so rows do not add up. Polarity and stance are two "
            "codings of the same passages. Counts are patterns, not causes."
        ),
        opens=lambda row, column: incidence.ids(behind(row, column).tolist()),
    )


_UNIT = Parameter("unit", "What is counted, and what may tell the sides apart.", "article", _UNITS)

PARTS = (
    Measure(
        "contradictions",
        "Where does the same mechanism lead to opposite results, and what differs?",
        "Mechanisms with enabling and hindering (or supporting and challenging) passages: how many articles on each side, the "
        "contexts coded on one side only, and whether one article has both sides in different contexts. It points to the "
        "passages to juxtapose and reconcile; it does not show that a context is the reason.",
        contradictions,
        (
            Parameter("same", "What the two sides share.", "mechanism", _SAME),
            Parameter("by", "What is opposite: polarity, stance, or a row for each.", "either", _BY),
            _UNIT,
            Parameter("minimum", "Least number of articles (studies) on each side.", 1),
        ),
        "Pawson 2006; Robert et al. 2017, doi 10.1186/s13012-017-0554-3",
    ),
    Measure(
        "contradiction-contexts",
        "In which contexts did this mechanism help, hinder or do both?",
        "For one mechanism: articles by context, polarity and stance. It shows where passages were coded, not why results differ.",
        contradiction_contexts,
        (Parameter("mechanism", "Id or label of the mechanism.", None, refers_to="concept"), _UNIT),
    ),
)
