"""Patterns: what recurs across articles that no configuration says yet.

Realist reviews look for *demi-regularities*: semi-predictable patterns of context, mechanism and outcome. Here a
pattern is a set of concepts, each in its role, that some passages code together: a C-M-O, C-M or M-O set. Only
*closed* sets are shown: a set is left out when a larger one is found in just as many articles, since the larger one
says it all.

The search is depth-first over projected bit columns (Zaki 2000; Pasquier et al. 1999 for closed sets): each concept in
a role is a row of machine words, one or more words for each article with a bit for each of its passages, so that one
`and` finds the passages with both and counting the words that are not zero counts articles.
"""

from __future__ import annotations

__all__ = ["PART", "closed_sets", "patterns"]

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.support import configurations_of, passages
from eaa_graph.model import POLARITIES, ROLES, STANCES, Configuration, slot_concepts
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

#: Which part of a configuration each role belongs to, mechanism first: a pattern always has one.
_PARTS = (("M", ("resource", "reasoning", "mechanism")), ("C", ("context",)), ("O", ("outcome",)))
_SHAPES = ("C-M-O", "C-M", "M-O")
_UNITS = ("article", "study", "extraction")
_UNIT_WORDS = {"article": "articles", "study": "studies", "extraction": "extractions"}
#: More sets than anybody can read, and about as many as fit in memory comfortably.
_TOO_MANY = 200_000

#: A concept in a role: (part, role, concept), numbers of `_PARTS`, `ROLES` and the codebook.
Item = tuple[int, int, int]


def _unit_of(incidence: Incidence, unit: str) -> tuple[Index, int]:
    """Return for each extraction what it counts as in `unit`, and how many of these there are."""
    if unit not in _UNITS:
        raise UnknownName("value of unit", unit, _UNITS)
    if unit == "extraction":
        return np.arange(len(incidence), dtype=np.int32), len(incidence)
    if unit == "article":
        return incidence.article, len(incidence.articles)
    return incidence.study[incidence.article], int(incidence.study.max(initial=-1)) + 1


def _words(unit: Index) -> tuple[Index, Index, NDArray[np.intp], type[np.unsignedinteger]]:
    """Lay extractions out in machine words so that no word holds passages of two units.

    Returns
    -------
    word, bit : int32 arrays, one element an extraction
        Where its bit is.
    starts : intp array
        First word of each unit that has extractions.
    kind : numpy unsigned integer type
        The narrowest word that holds the passages of every unit, or else 64 bits.
    """
    order = np.argsort(unit, kind="stable")
    _, first, counts = np.unique(unit[order], return_index=True, return_counts=True)
    largest = int(counts.max(initial=1))
    kind: type[np.unsignedinteger] = np.uint64
    width = 64
    for candidate, bits in ((np.uint8, 8), (np.uint16, 16), (np.uint32, 32)):
        if largest <= bits:
            kind, width = candidate, bits
            break
    words_each = -(-counts // width)
    starts = np.concatenate([[0], np.cumsum(words_each)[:-1]]) if len(counts) else np.zeros(0, dtype=np.intp)
    rank = np.arange(len(unit)) - np.repeat(first, counts)
    word = np.empty(len(unit), dtype=np.int32)
    bit = np.empty(len(unit), dtype=np.int32)
    word[order] = np.repeat(starts, counts) + rank // width
    bit[order] = rank % width
    return word, bit, starts.astype(np.intp), kind


def _items(incidence: Incidence) -> list[Item]:
    """Return every concept coded in a role of context, mechanism or outcome, mechanisms first."""
    found: list[Item] = []
    for part, (_, roles) in enumerate(_PARTS):
        for role in roles:
            number = ROLES.index(role)
            found += [(part, number, int(concept)) for concept in incidence.coded(role)]
    return found


def closed_sets(
    incidence: Incidence, unit: str = "article", minimum: int = 3, largest: int = 2
) -> dict[tuple[Item, ...], int]:
    """Return the closed C-M-O, C-M and M-O sets that occur often enough, with their counts.

    Parameters
    ----------
    incidence : Incidence
    unit : str
        ``"article"``, ``"study"`` or ``"extraction"``: what is counted. The set must always be
        coded together in one extraction.
    minimum : int
        Least number of units.
    largest : int
        Most concepts of one part (context, mechanism, outcome) in a set. Sets are closed among those within this size.

    Returns
    -------
    dict
        From the set, a tuple of (part, role, concept) with parts numbered mechanism 0, context 1, outcome 2, to
        its number of units. In no particular order.

    Raises
    ------
    BadSettings
        If `minimum` or `largest` is below 1.
    Refused
        If there are no extractions, or more sets than anybody could read.

    References
    ----------
    Pasquier N, Bastide Y, Taouil R, Lakhal L (1999). Discovering frequent closed itemsets for association rules.
    ICDT'99, LNCS 1540:398-416. doi:10.1007/3-540-49257-7_25

    Zaki MJ (2000). Scalable algorithms for association mining. IEEE Transactions on Knowledge and Data Engineering
    12(3):372-390. doi:10.1109/69.846291
    """
    if minimum < 1:
        raise BadSettings("minimum must be 1 or more: a pattern that nothing shows is not one")
    if largest < 1:
        raise BadSettings("largest must be 1 or more concepts of a part")
    if not len(incidence):
        raise Refused("there are no extractions to look for patterns in")
    of, _ = _unit_of(incidence, unit)
    items = _items(incidence)
    word, bit, starts, kind = _words(of)
    width = int(word.max(initial=0)) + 1
    several_words = len(starts) != width
    owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, width))) if several_words else None
    base = np.zeros((len(items), width), dtype=kind)
    for row, (_, role, concept) in enumerate(items):
        rows = passages(incidence, ROLES[role], concept)
        np.bitwise_or.at(base[row], word[rows], np.left_shift(kind(1), bit[rows].astype(kind)))

    def counted(columns: NDArray[np.unsignedinteger], owners: NDArray[np.intp] | None) -> NDArray[np.intp]:
        if not columns.shape[1]:
            return np.zeros(len(columns), dtype=np.intp)
        if owners is None:
            return np.asarray(np.count_nonzero(columns, axis=1), dtype=np.intp)
        heads = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
        occupied = np.logical_or.reduceat(columns != 0, heads, axis=1)
        return np.asarray(np.count_nonzero(occupied, axis=1), dtype=np.intp)

    frequent: dict[tuple[int, ...], int] = {}

    def grow(
        chosen: tuple[int, ...],
        sizes: tuple[int, ...],
        candidates: NDArray[np.intp],
        columns: NDArray[np.unsignedinteger],
        counts: NDArray[np.intp],
        owners: NDArray[np.intp] | None,
    ) -> None:
        for place, item in enumerate(candidates.tolist()):
            part = items[item][0]
            if not chosen and part != 0:
                return  # without a mechanism there is no pattern; mechanisms come first
            grown = (*chosen, item)
            frequent[grown] = int(counts[place])
            if len(frequent) > _TOO_MANY:
                raise Refused(
                    f"more than {_TOO_MANY} sets occur in at least {many(minimum, unit, _UNIT_WORDS[unit])}: ask for more than "
                    f"minimum={minimum}, or for fewer concepts of a part than largest={largest}"
                )
            grown_sizes = (*sizes[:part], sizes[part] + 1, *sizes[part + 1 :])
            rest = slice(place + 1, None)
            later = candidates[rest]
            allowed = np.array([grown_sizes[items[i][0]] < largest for i in later.tolist()], dtype=np.bool_)
            later = later[allowed]
            if not len(later):
                continue
            here = np.flatnonzero(columns[place])
            kept_owners = owners[here] if owners is not None else None
            projected = columns[rest][allowed][:, here] & columns[place, here]
            totals = counted(projected, kept_owners)
            often = totals >= minimum
            if often.any():
                grow(grown, grown_sizes, later[often], projected[often], totals[often], kept_owners)

    totals = counted(base, owner)
    often = totals >= minimum
    grow((), (0, 0, 0), np.flatnonzero(often), base[often], totals[often], owner)
    return _closed(frequent, items)


def _closed(frequent: dict[tuple[int, ...], int], items: Sequence[Item]) -> dict[tuple[Item, ...], int]:
    # Support falls or stays as sets grow, so a set that is not closed has an equal superset with one more concept.
    not_closed: set[tuple[int, ...]] = set()
    for chosen, count in frequent.items():
        if len(chosen) > 1:
            for left_out in range(len(chosen)):
                smaller = chosen[:left_out] + chosen[left_out + 1 :]
                if frequent.get(smaller) == count:
                    not_closed.add(smaller)
    return {
        tuple(items[i] for i in chosen): count
        for chosen, count in frequent.items()
        if chosen not in not_closed and _shape(tuple(items[i] for i in chosen)) is not None
    }


def _shape(chosen: tuple[Item, ...]) -> str | None:
    parts = {part for part, _, _ in chosen}
    return {frozenset((0, 1, 2)): "C-M-O", frozenset((0, 1)): "C-M", frozenset((0, 2)): "M-O"}.get(frozenset(parts))


# --- what the theory says already ----------------------------------------------------------


def _said_by(incidence: Incidence, configurations: Sequence[Configuration]) -> list[tuple[str, frozenset[Item]]]:
    """Return each configuration with every concept that it names, in its role."""
    said = []
    for configuration in configurations:
        named: set[Item] = set()
        for part, (_, roles) in enumerate(_PARTS):
            for role in roles:
                for name in slot_concepts(configuration.slot(role)):
                    number = incidence.concept_index.get(name)
                    if number is not None:
                        named.add((part, ROLES.index(role), number))
        said.append((configuration.id, frozenset(named)))
    return said


# --- the measure ------------------------------------------------------------------------------

_COLUMNS = (
    Column("shape", "Shape", "Which parts of a configuration the set has: C-M-O, C-M or M-O."),
    Column("contexts", "Contexts"),
    Column("resources", "Resources"),
    Column("reasonings", "Reasonings"),
    Column("mechanisms", "Mechanisms"),
    Column("outcomes", "Outcomes"),
    Column("count", "Found in", "Units with at least one passage that codes the whole set."),
    Column(
        "base",
        "Same context and mechanism in",
        "Units with a passage that codes them, whatever the outcome: what the set is found out of.",
    ),
    Column("challenged", "Counter: challenged in", "Units where such a passage challenges the theory."),
    Column(
        "other_outcome",
        "Counter: another outcome in",
        "Units where such a passage codes outcomes, but not all of these.",
    ),
    Column(
        "no_outcome", "No outcome coded in", "Units where such a passage codes no outcome: silent rather than contrary."
    ),
    Column(
        "prevailing",
        "Prevailing polarity",
        "Of the passages with the whole set: enabling or hindering, whichever is coded in more of them; empty if neither.",
    ),
    Column(
        "adverse",
        "Counter: opposite polarity in",
        "Units where a passage with the same context and mechanism has the opposite polarity; empty if none prevails.",
    ),
    Column("mixed", "Mixed polarity in", "Units where such a passage is coded as mixed."),
    Column("nearest", "Nearest configuration", "The one that names most of the set; empty if none names any of it."),
    Column("not_in_nearest", "Which lacks", "What that configuration does not name in this role."),
)


def patterns(
    incidence: Incidence,
    theory: str | None = None,
    unit: str = "article",
    minimum: int = 3,
    largest: int = 2,
) -> Table:
    """Return the recurring C-M-O, C-M and M-O sets that no configuration says, with their counter-examples.

    A configuration *says* a set when it names every concept of it in the same role (as alternatives or together).

    Parameters
    ----------
    incidence : Incidence
    theory : str or None
        Version whose configurations count as said; None: any configuration of the review.
    unit, minimum, largest
        As for :func:`closed_sets`.

    Returns
    -------
    Table
        One row a set, most frequent first; then C-M-O before C-M before M-O, then by concepts.

    Raises
    ------
    BadSettings, Refused, UnknownName
        As for :func:`closed_sets`; UnknownName also for an unknown theory version.

    References
    ----------
    Pasquier N, Bastide Y, Taouil R, Lakhal L (1999). Discovering frequent closed itemsets for association rules.
    ICDT'99, LNCS 1540:398-416. doi:10.1007/3-540-49257-7_25 (closed sets)

    Robert et al. (2017). doi:10.1186/s13012-017-0554-3 (demi-regularities)

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=tuple(Article(id=a) for a in "abc"),
    ...     concepts=(Concept(id="accord", label="accord"), Concept(id="talk", label="talk")),
    ...     extractions=tuple(
    ...         Extraction(id=a + "1", article=a, mechanisms=("talk",), outcomes=("accord",)) for a in "abc"
    ...     ),
    ... )
    >>> table = patterns(Incidence.from_records(records), minimum=3)
    >>> table.column("shape"), table.column("count"), table.opens(0, "count")
    (['M-O'], [3], ('a1', 'b1', 'c1'))
    """
    found = closed_sets(incidence, unit, minimum, largest)
    said = _said_by(incidence, [c for _, c in _configurations(incidence, theory)])
    said = sorted(dict(said).items())
    of, total = _unit_of(incidence, unit)
    new = [chosen for chosen in found if not any(named.issuperset(chosen) for _, named in said)]
    new.sort(key=lambda chosen: _place(incidence, chosen, found[chosen]))
    search = _Search(incidence)
    rows = tuple(_row(search, chosen, of, said) for chosen in new)
    whose = "" if theory is None else f" of {theory}"
    return Table(
        name="patterns",
        title="Recurring sets of context, mechanism and outcome that no configuration says",
        columns=_COLUMNS,
        rows=rows,
        unit=_UNIT_WORDS[unit],
        denominator=f"the {many(total, unit, _UNIT_WORDS[unit])} of the review"
        if unit != "extraction"
        else f"the {many(total, 'extraction')} selected",
        note=(
            f"Sets of at most {largest} concepts a part, coded together in one passage, in at least {minimum} "
            f"{_UNIT_WORDS[unit]}, closed (no larger set is found in as many), and not named by one configuration{whose}: "
            f"{len(new)} of {len(found)} closed sets. A pattern of coding is a question for theory, not an explanation: it shows "
            "neither cause nor order, and the more codes there are the more sets recur by chance. Counter-examples are counted "
            "beside each other and never taken off."
        ),
        source="Pasquier et al. 1999, doi 10.1007/3-540-49257-7_25; Robert et al. 2017, doi 10.1186/s13012-017-0554-3",
        opens=lambda row, column: incidence.ids(search.behind(new[row], column).tolist()),
    )


def _configurations(incidence: Incidence, theory: str | None) -> list[tuple[object, Configuration]]:
    # A review may have no configuration yet: then every pattern is new. A version that is named must exist.
    if theory is None and not incidence.records.configurations:
        return []
    return list(configurations_of(incidence, theory))


def _place(incidence: Incidence, chosen: tuple[Item, ...], count: int) -> tuple[object, ...]:
    # By id, not by number: the order must not depend on where a concept stands in the codebook.
    named = sorted((ROLES[role], incidence.concepts[concept].id) for _, role, concept in chosen)
    return (-count, _SHAPES.index(_shape(chosen) or "M-O"), named)


class _Search:
    """Finds the passages behind patterns; keeps the last few sets it was asked for."""

    def __init__(self, incidence: Incidence) -> None:
        self.incidence = incidence
        self.with_all = lru_cache(maxsize=4096)(self._with_all)
        self._flags: dict[tuple[int, int], NDArray[np.bool_]] = {}
        codes_outcome = np.zeros(len(incidence), dtype=np.bool_)
        codes_outcome[incidence.coding_extraction[incidence.coding_role == ROLES.index("outcome")]] = True
        self.codes_outcome = codes_outcome

    def _has(self, role: int, concept: int) -> NDArray[np.bool_]:
        if (role, concept) not in self._flags:
            flags = np.zeros(len(self.incidence), dtype=np.bool_)
            flags[passages(self.incidence, ROLES[role], concept)] = True
            self._flags[role, concept] = flags
        return self._flags[role, concept]

    def _with_all(self, chosen: tuple[Item, ...]) -> Index:
        """Return the extractions that code every item, starting from the rarest."""
        lists = {item: passages(self.incidence, ROLES[item[1]], item[2]) for item in chosen}
        first = min(chosen, key=lambda item: (len(lists[item]), item))
        rows = lists[first]
        for item in chosen:
            if item != first:
                rows = rows[self._has(item[1], item[2])[rows]]
        return rows

    def prevailing(self, chosen: tuple[Item, ...]) -> int | None:
        """Return the polarity that more passages with the whole set have, of enabling and hindering."""
        polarity = self.incidence.polarity[self.with_all(chosen)]
        enabling, hindering = (
            int(np.count_nonzero(polarity == POLARITIES.index(p))) for p in ("enabling", "hindering")
        )
        if enabling == hindering:
            return None
        return POLARITIES.index("enabling" if enabling > hindering else "hindering")

    def behind(self, chosen: tuple[Item, ...], column: str) -> Index:
        """Return the extractions behind one cell."""
        whole = self.with_all(chosen)
        base = self.with_all(tuple(item for item in chosen if item[0] != 2))
        incidence = self.incidence
        keep: NDArray[np.bool_]
        if column == "base":
            return base
        if column == "challenged":
            keep = incidence.stance[base] == STANCES.index("challenges")
        elif column in ("other_outcome", "no_outcome"):
            # A C-M set asks for no outcome, so none can be lacking.
            keep = np.isin(base, whole, assume_unique=True, invert=True)
            keep &= self.codes_outcome[base] == (column == "other_outcome")
        elif column == "mixed":
            keep = incidence.polarity[base] == POLARITIES.index("mixed")
        elif column == "adverse":
            prevailing = self.prevailing(chosen)
            if prevailing is None:
                return np.zeros(0, dtype=np.int32)
            opposite = "hindering" if POLARITIES[prevailing] == "enabling" else "enabling"
            keep = incidence.polarity[base] == POLARITIES.index(opposite)
        else:
            return whole
        found: Index = base[keep]
        return found


def _row(
    search: _Search, chosen: tuple[Item, ...], of: Index, said: list[tuple[str, frozenset[Item]]]
) -> tuple[Cell, ...]:
    incidence = search.incidence

    def units(column: str) -> int:
        return int(np.count_nonzero(np.bincount(of[search.behind(chosen, column)])))

    def things(items: Sequence[Item], role: str) -> tuple[Thing, ...]:
        concepts = [incidence.concept_thing(c) for _, r, c in items if ROLES[r] == role]
        return tuple(sorted(concepts, key=lambda thing: thing.id))

    prevailing = search.prevailing(chosen)
    has_outcome = _shape(chosen) != "C-M"
    # Most of the set named; of equals the first by id.
    nearest = max(said, key=lambda pair: len(pair[1].intersection(chosen)), default=None)
    if nearest is not None and not nearest[1].intersection(chosen):
        nearest = None
    lacking = [item for item in chosen if nearest is not None and item not in nearest[1]]
    return (
        _shape(chosen),
        *(things(chosen, role) for role in ("context", "resource", "reasoning", "mechanism", "outcome")),
        units("count"),
        units("base"),
        units("challenged"),
        units("other_outcome") if has_outcome else None,
        units("no_outcome") if has_outcome else None,
        POLARITIES[prevailing] if prevailing is not None else None,
        units("adverse") if prevailing is not None else None,
        units("mixed"),
        Thing("configuration", nearest[0], nearest[0]) if nearest is not None else None,
        tuple(sorted((incidence.concept_thing(c) for _, _, c in lacking), key=lambda thing: thing.id)),
    )


PART = Measure(
    "patterns",
    "What recurs across articles that the theory does not say yet?",
    "Closed sets of context, mechanism and outcome (C-M-O, C-M, M-O) coded together in one passage, in at least so many "
    "articles, that no configuration names; with the passages that speak against each: challenging ones, ones with "
    "another outcome, ones of opposite polarity. It finds questions to take back to the articles; it cannot say which "
    "patterns are more than chance, nor what brings them about.",
    patterns,
    (
        Parameter("theory", "Version whose configurations count as said; left out: any.", None, refers_to="theory"),
        Parameter("unit", "What is counted.", "article", _UNITS),
        Parameter("minimum", "Least number of articles (studies, extractions) that show the set.", 3),
        Parameter("largest", "Most concepts of one part (context, mechanism, outcome) in a set.", 2),
    ),
    "Pasquier et al. 1999, doi 10.1007/3-540-49257-7_25",
)
