"""Support: what evidence each configuration has, how complete it is, and who says so.

Two things are kept apart all the way. A person may *assert* that a passage supports or challenges a
configuration (columns `supporting` and `challenging` of the sheet `configurations`); and a passage may *match* a
configuration, because it codes the same concepts in the same roles. Neither replaces the other, and challenging
evidence is never taken off supporting evidence.

:class:`Matcher` does the matching for the other measures too (chains, robustness, charts).
"""

from __future__ import annotations

__all__ = [
    "CONDITIONS",
    "LEVELS",
    "PARTS",
    "Evidence",
    "Matcher",
    "Tally",
    "behind_cell",
    "checked",
    "configurations_of",
    "counting_as",
    "denominator",
    "evidence_profile",
    "passages",
    "rows_of",
    "support",
    "title_of",
    "told",
]

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.model import ACTIVATIONS, BASES, POLARITIES, ROLES, STANCES, Configuration, Slot, Theory
from eaa_graph.network import Incidence, Index, flags_by_cell, selected, set_bits
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

#: How much of a configuration one passage tells, most complete first.
LEVELS = ("C-M-O", "C-M", "M-O", "M")
#: Level of evidence that a person asserts though its codes do not reach the mechanism.
_UNMATCHED = len(LEVELS)
_LEVEL_NAMES = (*LEVELS, "asserted only")
_ANY = "any"
#: The slots that make up the mechanism: as a whole, or told apart in its two halves (Dalkin et al. 2015).
_MECHANISM = ("mechanism", "resource", "reasoning")
#: What is asked for as the conditions of a configuration.
CONDITIONS = {"context": ("context",), "all": ("context", "intervention", "actor")}
#: Grades of a part of a configuration in one passage.
_OPEN, _NO, _PARTIAL, _FULL = -1, 0, 1, 2
_GRADE_NAMES = {_OPEN: "open", _NO: "no", _PARTIAL: "partial", _FULL: "full"}
#: Bearing of a passage whose coder recorded no stance.
_UNSTATED = len(STANCES)

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]
Grades = NDArray[np.int8]

_NOTE = (
    "Counts of passages are patterns, not causes, and not a judgement of confidence. A passage stands once, at the most "
    "complete level that its codes reach, in full or in part; one that codes context and outcome but no mechanism of "
    "the configuration is not counted. A level that needs a slot which the configuration leaves open is not listed. "
    "Supporting, refining and challenging passages are counted apart and never taken off each other."
)


def checked(back_off: int, conditions: str) -> None:
    """Refuse parameters that make no sense whatever the review.

    Raises
    ------
    BadSettings, UnknownName
    """
    if back_off < 0:
        raise BadSettings("back_off must be 0 or more steps")
    if conditions not in CONDITIONS:
        raise UnknownName("value of conditions", conditions, CONDITIONS)


def denominator(articles: int, studies: int, extractions: int, who: str) -> str:
    """Return in words what the counts are out of."""
    return (
        f"the {many(articles, 'article')} ({many(studies, 'study', 'studies')}) of the review; "
        f"{many(extractions, 'extraction')} by {who}"
    )


def passages(incidence: Incidence, role: str, concept: int) -> Index:
    """Return the extractions that code `concept` in `role`, ascending.

    Parameters
    ----------
    incidence : Incidence
    role : str
        One of ``ROLES``.
    concept : int
        Index into ``incidence.concepts``.
    """
    count = len(incidence.concepts)
    if "support.passages" not in incidence._cache:
        # One sort of all codings by (role, concept): every later look-up is a slice.
        places = len(ROLES) * count
        # Numbers of 16 bits are sorted in a tenth of the time.
        key = (incidence.coding_role * count + incidence.coding_concept).astype(
            np.uint16 if places < 2**16 else np.int64
        )
        order = np.argsort(key, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=places))])
        incidence._cache["support.passages"] = (starts, incidence.coding_extraction[order])
    starts, rows = incidence._cache["support.passages"]
    place = ROLES.index(role) * count + concept
    found: Index = rows[starts[place] : starts[place + 1]]
    return found


def counting_as(incidence: Incidence, concept: int, back_off: int) -> dict[int, int]:
    """Return the concepts that count as `concept`, each with its number of steps down the hierarchy.

    Parameters
    ----------
    incidence : Incidence
    concept : int
        Index into ``incidence.concepts``.
    back_off : int
        0: only the concept itself; n: also concepts that reach it in at most n steps along `broader`.
        Concepts that are broader than each other in a circle are safe: each counts at its fewest steps.
    """
    if back_off == 0:
        return {concept: 0}
    if "support.narrower" not in incidence._cache:
        narrower: dict[int, list[int]] = {}
        for number, record in enumerate(incidence.concepts):
            for name in record.broader:
                if name in incidence.concept_index:
                    narrower.setdefault(incidence.concept_index[name], []).append(number)
        incidence._cache["support.narrower"] = narrower
    below: dict[int, list[int]] = incidence._cache["support.narrower"]
    steps = {concept: 0}
    edge = [concept]
    for step in range(1, back_off + 1):
        edge = sorted({n for c in edge for n in below.get(c, ()) if n not in steps})
        if not edge:
            break
        steps.update(dict.fromkeys(edge, step))
    return steps


def configurations_of(incidence: Incidence, theory: str | None = None) -> Iterator[tuple[Theory | None, Configuration]]:
    """Yield the configurations of each theory version, in the order of their ids.

    Parameters
    ----------
    incidence : Incidence
    theory : str or None
        Id of one version; None for all, and then configurations that no version holds come last, with None.

    Raises
    ------
    UnknownName
        If no version has that id.
    Refused
        If there is no configuration at all.
    """
    records = incidence.records
    by_id = {c.id: c for c in records.configurations}
    versions = sorted(records.theories, key=lambda t: t.id)
    if theory is not None:
        if theory not in {t.id for t in versions}:
            raise UnknownName("theory version", theory, [t.id for t in versions])
        versions = [t for t in versions if t.id == theory]
    pairs: list[tuple[Theory | None, Configuration]] = [
        (version, by_id[name]) for version in versions for name in version.configurations if name in by_id
    ]
    if theory is None:
        held = {c.id for _, c in pairs}
        pairs += [(None, c) for c in sorted(records.configurations, key=lambda c: c.id) if c.id not in held]
    if not pairs:
        where = f"theory version {theory!r}" if theory is not None else "the review"
        raise Refused(f"{where} has no configurations: write at least one in the sheet 'configurations'")
    yield from pairs


def title_of(theory: Theory | None) -> Thing | None:
    """Return a theory version as a table cell; None for configurations that no version holds."""
    return Thing("theory", theory.id, theory.label or theory.id) if theory is not None else None


@dataclass(frozen=True)
class Evidence:
    """What bears on one configuration: one element per line, a line being a passage with one bearing.

    A passage whose coder recorded another stance than a person asserts for it has two lines, so
    that neither is lost. Arrays have one element a line, sorted by passage and bearing.

    Attributes
    ----------
    configuration : Configuration
    extraction : int32 array
        Index into ``incidence.extractions``.
    bearing : int8 array
        Index into ``STANCES``; 3 where no stance was recorded and nobody asserts one.
    level : int8 array
        Index into ``LEVELS``; 4 when a person asserts it but its codes do not reach the mechanism.
    context, mechanism, outcome : int8 arrays
        2 full, 1 partial, 0 no match, -1 the configuration leaves it open.
    asserted, matched : bool arrays
        Whether a person asserts the line; whether the codes match (at any level).
    own : bool array
        Whether the bearing is the one that the passage's coder recorded.
    outside : bool array
        Whether the coder of the passage is outside the selection (then it counts because it is asserted).
    absent : tuple of str
        Passages asserted that the columns do not hold (left out before the question was asked): not counted.
    """

    configuration: Configuration
    extraction: Index
    bearing: Grades
    level: Grades
    context: Grades
    mechanism: Grades
    outcome: Grades
    asserted: Flags
    matched: Flags
    own: Flags
    outside: Flags
    absent: tuple[str, ...]

    @property
    def untested(self) -> bool:
        """Whether there is no evidence at all, asserted or matched."""
        return not len(self.extraction)


class Matcher:
    """Matches passages with configurations.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side: what a person asserts counts whoever coded the passage. Columns
        already limited to some coders are taken as they are, and `coder` is not looked at.
    coder : str
        Whose passages are matched: a coder's id, ``"preferred"`` or ``"all"``.
    back_off : int
        Steps along `broader` that a coded concept may be narrower than the one asked for.
    conditions : str
        ``"context"``: the conditions are the context slot; ``"all"``: intervention and actor slots
        belong to them too, and all that are filled must match for a full match.

    Raises
    ------
    BadSettings
        If `back_off` is negative.
    Refused
        If the selection holds no extraction.
    UnknownName
        If there is no such coder or kind of conditions.
    """

    def __init__(
        self, incidence: Incidence, coder: str = "preferred", back_off: int = 0, conditions: str = "context"
    ) -> None:
        checked(back_off, conditions)
        self.incidence = incidence
        self.back_off = back_off
        self.conditions = CONDITIONS[conditions]
        if incidence.coders is None:
            self.coders = selected(incidence, coder).coders
        else:
            self.coders = incidence.coders
        if self.coders is None or incidence.coders is not None:
            self.inside: Flags = np.ones(len(incidence), dtype=np.bool_)
        else:
            self.inside = np.isin(incidence.coder, np.array(self.coders, dtype=np.int32))
        if not self.inside.any():
            raise Refused(f"no extraction by {self.who}: there is nothing to match with the configurations")

    @property
    def who(self) -> str:
        """The selection in words."""
        if self.coders is None:
            return "all coders"
        people = self.incidence.records.people
        return ", ".join(sorted(people[c].id for c in self.coders))

    @cached_property
    def denominator(self) -> str:
        """What the counts are out of, in words."""
        studies = len(set(self.incidence.study.tolist()))
        return denominator(len(self.incidence.articles), studies, int(self.inside.sum()), self.who)

    def _has(self, role: str, name: str) -> Flags:
        """Return for every extraction whether it codes the concept, or one that counts as it, in `role`."""
        found = np.zeros(len(self.incidence), dtype=np.bool_)
        number = self.incidence.concept_index.get(name)
        if number is not None:
            for concept in counting_as(self.incidence, number, self.back_off):
                found[passages(self.incidence, role, concept)] = True
        return found

    def _any(self, configuration: Configuration, roles: tuple[str, ...]) -> Flags:
        """Return for every extraction whether it codes anything that the slots of these roles name."""
        found = np.zeros(len(self.incidence), dtype=np.bool_)
        for role in roles:
            for name in dict.fromkeys(c for alternative in configuration.slot(role) for c in alternative):
                found |= self._has(role, name)
        return found

    def _slot(self, role: str, slot: Slot, rows: Index) -> Grades:
        whole = np.zeros(len(rows), dtype=np.bool_)
        some = np.zeros(len(rows), dtype=np.bool_)
        for alternative in slot:
            together = np.ones(len(rows), dtype=np.bool_)
            for name in dict.fromkeys(alternative):
                has = self._has(role, name)[rows]
                together &= has
                some |= has
            whole |= together
        return whole.astype(np.int8) + some.astype(np.int8)

    def _part(self, configuration: Configuration, roles: tuple[str, ...], rows: Index) -> Grades:
        """Return the grade of one part (all its filled slots together) for the extractions `rows`."""
        grades = [self._slot(role, configuration.slot(role), rows) for role in roles if configuration.slot(role)]
        if not grades:
            return np.full(len(rows), _OPEN, dtype=np.int8)
        least = np.minimum.reduce(grades)
        most = np.maximum.reduce(grades)
        return np.where(least == _FULL, _FULL, np.minimum(most, _PARTIAL)).astype(np.int8)

    def evidence(self, configuration: Configuration) -> Evidence:
        """Return the lines of evidence that bear on `configuration`."""
        incidence = self.incidence
        lists = (configuration.supporting, configuration.challenging)
        index = incidence.extraction_index if any(lists) else {}  # every id: only where somebody asserts something
        absent = tuple(sorted({e for names in lists for e in names if e not in index}))
        said = [np.array(sorted(index[e] for e in names if e in index), dtype=np.int32) for names in lists]
        bears = self._any(configuration, _MECHANISM) & self.inside
        for numbers in said:
            bears[numbers] = True
        rows = np.flatnonzero(bears).astype(np.int32)
        parts = {
            "context": self._part(configuration, self.conditions, rows),
            "mechanism": self._part(configuration, _MECHANISM, rows),
            "outcome": self._part(configuration, ("outcome",), rows),
        }
        with_context = parts["context"] > _NO
        with_outcome = parts["outcome"] > _NO
        # C-M-O 0, C-M 1, M-O 2, M 3.
        level = np.where(
            parts["mechanism"] <= _NO, _UNMATCHED, 3 - 2 * with_context.astype(np.int8) - with_outcome
        ).astype(np.int8)
        stance = incidence.stance[rows]
        inside = self.inside[rows]
        matched = level < _UNMATCHED
        place, bearing_of, asserted_of = _lines(rows, stance, matched & inside, said)
        recorded = np.where(stance[place] < 0, _UNSTATED, stance[place])
        return Evidence(
            configuration=configuration,
            extraction=rows[place],
            bearing=bearing_of,
            level=level[place],
            context=parts["context"][place],
            mechanism=parts["mechanism"][place],
            outcome=parts["outcome"][place],
            asserted=asserted_of,
            matched=matched[place],
            own=recorded == bearing_of,
            outside=~inside[place],
            absent=absent,
        )

    def matched_by(self, extraction: int, role: str, slot: Slot) -> tuple[tuple[int, ...], int]:
        """Return the concepts by which an extraction matches a slot, and the most steps any of them took.

        Steps are counted for each concept that the slot asks for, at the nearest concept coded.
        """
        coded = set(self._coded(extraction, role))
        by: set[int] = set()
        steps = 0
        for name in dict.fromkeys(c for alternative in slot for c in alternative):
            number = self.incidence.concept_index.get(name)
            if number is None:
                continue
            near = {c: s for c, s in counting_as(self.incidence, number, self.back_off).items() if c in coded}
            by.update(near)
            steps = max(steps, min(near.values(), default=0))
        return tuple(sorted(by)), steps

    def _coded(self, extraction: int, role: str) -> list[int]:
        incidence = self.incidence
        low, high = np.searchsorted(incidence.coding_extraction, [extraction, extraction + 1])
        in_role = incidence.coding_role[low:high] == ROLES.index(role)
        concepts: list[int] = incidence.coding_concept[low:high][in_role].tolist()
        return concepts


def _lines(
    rows: Index, stance: Index, matched: Flags, said: list[Index]
) -> tuple[NDArray[np.intp], NDArray[np.int8], Flags]:
    """Return place among `rows`, bearing, and whether a person asserts it, of each line: by passage, then by bearing.

    What is asserted (`said`: supporting, challenging) is a line with the asserted bearing. What is matched is a line with the
    recorded bearing, unless an assertion fills in for a stance that nobody recorded.
    """
    if not any(len(numbers) for numbers in said):  # nobody asserts anything: one line for each passage matched
        place = np.flatnonzero(matched)
        bearing = np.where(stance[place] < 0, _UNSTATED, stance[place]).astype(np.int8)
        return place, bearing, np.zeros(len(place), dtype=np.bool_)
    asserted = np.zeros((len(rows), _UNSTATED + 1), dtype=np.bool_)
    for name, numbers in zip(("supports", "challenges"), said, strict=True):
        asserted[np.searchsorted(rows, numbers), STANCES.index(name)] = True
    told = asserted.copy()
    by_person = asserted.any(axis=1)
    for number, name in enumerate((*STANCES, "")):
        keep = matched & (stance == (number if name else -1))
        told[:, number] |= keep if name else keep & ~by_person
    place, column = np.nonzero(told)
    return place, column.astype(np.int8), asserted[place, column]


# --- support ---------------------------------------------------------------------------

_STANCE_TITLES = {"supports": "Supporting", "refines": "Refining", "challenges": "Challenging"}
_UNITS = ("articles", "studies", "extractions", "coders")


def _support_columns() -> tuple[Column, ...]:
    columns = [
        Column("theory", "Theory version", "Version of the programme theory; empty for configurations of none."),
        Column("configuration", "Configuration"),
        Column(
            "completeness",
            "Completeness",
            "What the passages tell of it: C-M-O, C-M, M-O, M; 'asserted only' where a person says so and the codes do "
            "not reach the mechanism; 'any' for all together.",
        ),
    ]
    columns += [Column(f"{stance}_articles", f"{_STANCE_TITLES[stance]} articles") for stance in STANCES]
    for stance in STANCES:
        title = _STANCE_TITLES[stance]
        columns += [
            Column(
                f"{stance}_full",
                f"{title} articles, whole mechanism",
                "With a passage that codes all that acts together in the mechanism.",
            ),
            Column(
                f"{stance}_partial",
                f"{title} articles, part of the mechanism",
                "Whose passages all code only part of it, or none.",
            ),
            Column(f"{stance}_studies", f"{title} studies"),
            Column(f"{stance}_extractions", f"{title} extractions"),
            Column(f"{stance}_coders", f"Coders of {title.lower()} extractions", "Named coders only."),
        ]
    columns += [
        Column(
            "unstated_extractions",
            "Extractions without a stance",
            "They match, but nobody recorded what they do to the theory.",
        ),
        Column("context_partial", "Extractions with part of the context"),
        Column("outcome_partial", "Extractions with part of the outcome"),
        Column("asserted_supporting", "Asserted as supporting", "Extractions that a person lists as supporting."),
        Column("asserted_challenging", "Asserted as challenging", "Extractions that a person lists as challenging."),
        Column(
            "asserted_not_matched", "Asserted, not matched", "Listed by a person; the codes do not reach the mechanism."
        ),
        Column("matched_not_asserted", "Matched, not asserted", "The codes match; nobody has said so."),
        Column(
            "stance_differs",
            "Asserted against the recorded stance",
            "The coder recorded another stance: both are counted.",
        ),
        Column("asserted_outside", "Asserted, coder outside the selection"),
        Column(
            "asserted_absent", "Asserted, not in the columns", "Left out before the question was asked: not counted."
        ),
        Column("untested", "Untested", "No evidence at any level, asserted or matched."),
        Column("most_complete", "Most complete match possible", "Given the slots that the configuration fills."),
    ]
    return tuple(columns)


def _most_complete(configuration: Configuration, conditions: tuple[str, ...]) -> tuple[int | None, str]:
    """Return the best level a passage can reach with the filled slots, and the same in words."""
    has_context = any(configuration.slot(role) for role in conditions)
    has_mechanism = any(configuration.slot(role) for role in _MECHANISM)
    has_outcome = bool(configuration.outcomes)
    if not has_mechanism:
        return None, "none: no mechanism stated"
    level = {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}[has_context, has_outcome]
    missing = [word for word, there in (("context", has_context), ("outcome", has_outcome)) if not there]
    return level, LEVELS[level] + (f": no {' and no '.join(missing)} stated" if missing else "")


#: Levels that a configuration can show, by the best it can reach.
_REACHABLE = {0: (0, 1, 2, 3), 1: (1, 3), 2: (2, 3), 3: (3,)}


def _asserted_at_all(incidence: Incidence, lines: Evidence) -> Flags:
    """Return for each line whether a person asserts its passage, with whatever bearing."""
    if not lines.asserted.any():
        return lines.asserted
    asserted = np.zeros(len(incidence), dtype=np.bool_)
    asserted[lines.extraction[lines.asserted]] = True
    return asserted[lines.extraction]


def _by_level(group: NDArray[np.intp], thing: Index, things: int) -> Counts:
    """Return in how many different things each bearing occurs at each level, and last at all levels together."""
    bearings = _UNSTATED + 1
    flags = flags_by_cell(group, thing, (_UNMATCHED + 1) * bearings, things).reshape(_UNMATCHED + 1, bearings, -1)
    return set_bits(np.concatenate([flags, np.bitwise_or.reduce(flags, axis=0)[None]]))


@dataclass(frozen=True, eq=False)
class Tally:
    """The counts of one configuration's evidence.

    Attributes
    ----------
    configuration : Configuration
    counts : dict of str to int array, levels by bearings
        ``articles``, ``studies``, ``coders``, ``full`` (articles with a passage of the whole mechanism) and
        ``extractions``; one row for each of :data:`LEVELS`, one for what is asserted only, one for all together;
        one column for each stance and one for none.
    of_passages : int array, levels by 8
        Passages with part of the context, part of the outcome, asserted as supporting, as challenging, asserted but not
        matched, matched but not asserted, asserted against the recorded stance, asserted with a coder outside.
    absent : tuple of str
        Passages asserted that are not there.
    """

    configuration: Configuration
    counts: dict[str, Counts]
    of_passages: Counts
    absent: tuple[str, ...]


def _tally(incidence: Incidence, lines: Evidence) -> Tally:
    """Count the lines of evidence of one configuration."""
    bearings = _UNSTATED + 1
    group = lines.level.astype(np.intp) * bearings + lines.bearing
    groups = (_UNMATCHED + 1) * bearings
    article = incidence.article[lines.extraction]
    study = incidence.study[article]
    coder = incidence.coder[lines.extraction]
    whole = lines.mechanism == _FULL
    named = coder >= 0
    studies = int(incidence.study.max(initial=-1)) + 1
    counts = {
        "articles": _by_level(group, article, len(incidence.articles)),
        "studies": _by_level(group, study, studies),
        "coders": _by_level(group[named], coder[named], len(incidence.records.people)),
        "full": _by_level(group[whole], article[whole], len(incidence.articles)),
    }
    extractions = np.bincount(group, minlength=groups).reshape(_UNMATCHED + 1, bearings)
    counts["extractions"] = np.concatenate([extractions, extractions.sum(axis=0)[None]])
    own_stance = incidence.stance[lines.extraction]
    differs = lines.asserted & ~lines.own & (own_stance >= 0)
    not_asserted = ~_asserted_at_all(incidence, lines)

    def passages_where(condition: Flags) -> Counts:
        # Lines are in the order of passages, and all lines of one passage are of one level.
        chosen = np.flatnonzero(condition)
        if not len(chosen):
            return np.zeros(_UNMATCHED + 2, dtype=np.int64)
        passage, at = lines.extraction[chosen], lines.level[chosen]
        found = np.bincount(at[np.flatnonzero(np.diff(passage, prepend=-1))], minlength=_UNMATCHED + 1)
        return np.append(found, found.sum())

    of_passages = [
        passages_where(lines.context == _PARTIAL),
        passages_where(lines.outcome == _PARTIAL),
        passages_where(lines.asserted & (lines.bearing == STANCES.index("supports"))),
        passages_where(lines.asserted & (lines.bearing == STANCES.index("challenges"))),
        passages_where(lines.asserted & ~lines.matched),
        passages_where(not_asserted),
        passages_where(differs),
        passages_where(lines.asserted & lines.outside),
    ]
    return Tally(lines.configuration, counts, np.stack(of_passages, axis=1), lines.absent)


def rows_of(tally: Tally, conditions: tuple[str, ...], theory: Theory | None) -> list[tuple[int, tuple[Cell, ...]]]:
    """Return (level or -1 for all, cells) for each row of one configuration; `conditions`: roles that count as such."""
    counts = tally.counts
    best, in_words = _most_complete(tally.configuration, conditions)
    levels = list(_REACHABLE[best]) if best is not None else []
    if counts["extractions"][_UNMATCHED].any():
        levels.append(_UNMATCHED)
    untested = not counts["extractions"][-1].any()
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    for level in (-1, *levels):  # -1: the last of each count, for all levels together
        cells: list[Cell] = [
            title_of(theory),
            Thing("configuration", tally.configuration.id, tally.configuration.id),
            _ANY if level < 0 else _LEVEL_NAMES[level],
        ]
        cells += [int(counts["articles"][level, b]) for b in range(_UNSTATED)]
        for b in range(_UNSTATED):
            full = int(counts["full"][level, b])
            cells += [full, int(counts["articles"][level, b]) - full]
            cells += [int(counts[unit][level, b]) for unit in ("studies", "extractions", "coders")]
        cells += [
            int(counts["extractions"][level, _UNSTATED]),
            *(int(found) for found in tally.of_passages[level]),
            len(tally.absent) if level < 0 else 0,
            untested,
            in_words,
        ]
        rows.append((level, tuple(cells)))
    return rows


def behind_cell(incidence: Incidence, lines: Evidence, level: int, column: str) -> tuple[str, ...]:
    """Return the passages behind one cell of the support table."""
    here = np.ones(len(lines.level), dtype=np.bool_) if level < 0 else lines.level == level
    stance, _, rest = column.partition("_")
    if stance in STANCES:
        here = here & (lines.bearing == STANCES.index(stance))
        if rest in ("full", "partial"):
            article = incidence.article[lines.extraction]
            in_full = here & (lines.mechanism == _FULL)
            here = in_full if rest == "full" else here & ~np.isin(article, article[in_full])
    elif column == "matched_not_asserted":
        here = here & ~_asserted_at_all(incidence, lines)
    elif column == "asserted_absent":
        return lines.absent if level < 0 else ()
    else:
        own_stance = incidence.stance[lines.extraction]
        narrowed = {
            "unstated_extractions": lines.bearing == _UNSTATED,
            "context_partial": lines.context == _PARTIAL,
            "outcome_partial": lines.outcome == _PARTIAL,
            "asserted_supporting": lines.asserted & (lines.bearing == STANCES.index("supports")),
            "asserted_challenging": lines.asserted & (lines.bearing == STANCES.index("challenges")),
            "asserted_not_matched": lines.asserted & ~lines.matched,
            "stance_differs": lines.asserted & ~lines.own & (own_stance >= 0),
            "asserted_outside": lines.asserted & lines.outside,
        }
        if column in narrowed:
            here = here & narrowed[column]
    return incidence.ids(lines.extraction[here].tolist())


def support(
    incidence: Incidence,
    theory: str | None = None,
    back_off: int = 0,
    conditions: str = "context",
    coder: str = "preferred",
) -> Table:
    """Return the evidence for every configuration, at each level of completeness.

    A passage *fully* matches a slot when it codes, in that role, every concept of at least one of the slot's
    alternatives; *partially* when it codes some of them. A slot left open asks for nothing.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    theory : str or None
        Id of one theory version; None for all.
    back_off : int
        Steps along `broader` that a coded concept may be narrower than the one asked for; 0: exact.
    conditions : str
        ``"context"`` or ``"all"`` (intervention and actor slots count with the context).
    coder : str
        Whose passages are matched. What a person asserts counts whoever coded it, and is flagged.

    Returns
    -------
    Table
        For each configuration a row ``any``, a row for each level that it can reach, and a row
        ``asserted only`` if a person asserts passages whose codes do not reach its mechanism.

    Raises
    ------
    Refused
        If there are no configurations, or no extractions in the selection.

    References
    ----------
    Jackson SF, Kolla G (2012). A new realistic evaluation analysis method: linked coding of context, mechanism, and
    outcome relationships. American Journal of Evaluation 33(3):339-349. doi:10.1177/1098214012440030

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Configuration, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=(Article(id="a"), Article(id="b")),
    ...     concepts=(Concept(id="accord", label="accord"), Concept(id="talk", label="talk")),
    ...     extractions=(
    ...         Extraction(id="a1", article="a", mechanisms=("talk",), outcomes=("accord",), stance="supports"),
    ...         Extraction(id="b1", article="b", mechanisms=("talk",), stance="challenges"),
    ...     ),
    ...     configurations=(Configuration(id="K", mechanisms=(("talk",),), outcomes=(("accord",),)),),
    ... )
    >>> table = support(Incidence.from_records(records))
    >>> for row in table.records():
    ...     print(row["completeness"], row["supports_articles"], row["challenges_articles"])
    any 1 1
    M-O 1 0
    M 0 1
    >>> table.opens(2, "challenges_articles")
    ('b1',)
    """
    matcher = Matcher(incidence, coder, back_off, conditions)
    evidence: dict[str, Evidence] = {}

    def tally(configuration: Configuration) -> Tally:
        lines = evidence[configuration.id] = matcher.evidence(configuration)
        return _tally(incidence, lines)

    return told(
        configurations_of(incidence, theory),
        tally,
        matcher.conditions,
        back_off,
        matcher.denominator,
        lambda configuration, level, column: behind_cell(incidence, evidence[configuration], level, column),
    )


def told(
    asked: Iterable[tuple[Theory | None, Configuration]],
    tally: Callable[[Configuration], Tally],
    conditions: tuple[str, ...],
    back_off: int,
    denominator: str,
    behind: Callable[[str, int, str], tuple[str, ...]],
) -> Table:
    """Return the table of the evidence for configurations, wherever it was counted.

    Parameters
    ----------
    asked : iterable of (Theory or None, Configuration)
    tally : callable
        Counts the evidence of one configuration; one kept from one version to the next is counted once.
    conditions : tuple of str
        Roles that count as conditions.
    back_off : int
    denominator : str
    behind : callable
        ``behind(configuration id, level or -1 for all, column)`` gives the ids of extractions.
    """
    tallied: dict[str, Tally] = {}
    rows: list[tuple[Cell, ...]] = []
    places: list[tuple[str, int]] = []
    for version, configuration in asked:
        if configuration.id not in tallied:
            tallied[configuration.id] = tally(configuration)
        for level, cells in rows_of(tallied[configuration.id], conditions, version):
            rows.append(cells)
            places.append((configuration.id, level))
    return Table(
        name="support",
        title="Evidence for each configuration, by how much of it the passages tell",
        columns=_support_columns(),
        rows=tuple(rows),
        unit="articles, studies, extractions and coders, as each column says",
        denominator=denominator,
        note=_NOTE + _how(back_off, conditions),
        source="Jackson & Kolla 2012, doi 10.1177/1098214012440030; Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        opens=lambda row, column: behind(*places[row], column),
    )


def _how(back_off: int, conditions: tuple[str, ...]) -> str:
    how = ""
    if back_off:
        how += f" A coded concept counts for a broader one up to {back_off} step(s) up the codebook."
    if conditions != ("context",):
        how += " Intervention and actor slots count as conditions with the context."
    return how


# --- evidence profile --------------------------------------------------------------------


def _word(words: tuple[str, ...], number: int) -> str | None:
    return words[number] if number >= 0 else None


def _appraisals(incidence: Incidence) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for appraisal in sorted(incidence.records.appraisals, key=lambda a: a.key):
        for aspect in ("relevance", "richness", "rigour"):
            value = getattr(appraisal, aspect)
            if value is not None:
                text = f"{value} ({appraisal.assessor})" if appraisal.assessor else value
                found.setdefault(appraisal.target, {}).setdefault(aspect, []).append(text)
    return found


def evidence_profile(
    incidence: Incidence,
    configuration: str | None = None,
    back_off: int = 0,
    conditions: str = "context",
    coder: str = "preferred",
) -> Table:
    """Return every passage that bears on one configuration, and how.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    configuration : str
        Its id.
    back_off, conditions, coder
        As for :func:`support`.

    Returns
    -------
    Table
        One row for each passage, asserted or matched: most complete first, then by article and passage.

    Raises
    ------
    UnknownName
        If no configuration has that id.
    Refused
        If none is named, or the selection holds no extraction.

    References
    ----------
    Jackson SF, Kolla G (2012). A new realistic evaluation analysis method: linked coding of context, mechanism, and
    outcome relationships. American Journal of Evaluation 33(3):339-349. doi:10.1177/1098214012440030

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = evidence_profile(columns, configuration="P08")
    >>> len(table), table.opens(0, "extraction")
    (52, ('farr2021a-c01',))
    """
    by_id = {c.id: c for c in incidence.records.configurations}
    if configuration is None:
        known = ", ".join(sorted(by_id)[:12])
        raise Refused(f"say which configuration: configuration=ID{f' ({known})' if known else ''}")
    if configuration not in by_id:
        raise UnknownName("configuration", configuration, by_id)
    asked = by_id[configuration]
    matcher = Matcher(incidence, coder, back_off, conditions)
    lines = matcher.evidence(asked)
    appraisals = _appraisals(incidence)
    supporting, challenging = set(asked.supporting), set(asked.challenging)
    _, in_words = _most_complete(asked, matcher.conditions)
    _, first = np.unique(lines.extraction, return_index=True)
    rows: list[tuple[tuple[object, ...], tuple[Cell, ...], str]] = []
    for place in first.tolist():
        number = int(lines.extraction[place])
        name = incidence.extractions[number]
        article = int(incidence.article[number])
        person = int(incidence.coder[number])
        said = [word for word, names in (("supports", supporting), ("challenges", challenging)) if name in names]
        matched = bool(lines.matched[place])
        origin = "asserted and matched" if said and matched else "asserted" if said else "matched"
        by: dict[str, tuple[Thing, ...]] = {}
        steps = 0
        for role in ROLES:
            concepts, taken = matcher.matched_by(number, role, asked.slot(role))
            by[role] = tuple(incidence.concept_thing(c) for c in concepts)
            steps = max(steps, taken)
        record = incidence.articles[article]
        judged = [
            "; ".join(
                [*appraisals.get(record.id, {}).get(aspect, ())]
                + [f"this passage: {text}" for text in appraisals.get(name, {}).get(aspect, ()) if name != record.id]
            )
            or None
            for aspect in ("relevance", "richness", "rigour")
        ]
        level = int(lines.level[place])
        coder_id = incidence.records.people[person].id if person >= 0 else ""
        cells: tuple[Cell, ...] = (
            Thing("extraction", name, name),
            incidence.article_thing(article),
            Thing("person", coder_id, incidence.records.people[person].name or coder_id) if person >= 0 else None,
            _word(STANCES, int(incidence.stance[number])),
            " and ".join(said) or None,
            origin,
            bool(lines.outside[place]),
            _word(POLARITIES, int(incidence.polarity[number])),
            _word(BASES, int(incidence.basis[number])),
            _word(ACTIVATIONS, int(incidence.activation[number])),
            _LEVEL_NAMES[level],
            *(_GRADE_NAMES[int(grade[place])] for grade in (lines.context, lines.mechanism, lines.outcome)),
            *(by[role] for role in ROLES),
            steps,
            *judged,
        )
        rows.append(((level, record.id, name), cells, name))
    rows.sort(key=lambda row: row[0])
    names = [name for _, _, name in rows]
    missing = f" Asserted but not in the columns, so not shown: {', '.join(lines.absent)}." if lines.absent else ""
    return Table(
        name="evidence-profile",
        title=f"What bears on configuration {asked.id}",
        columns=_PROFILE_COLUMNS,
        rows=tuple(cells for _, cells, _ in rows),
        unit="one row for each extraction",
        denominator=matcher.denominator,
        note=(
            "Appraisals are shown as their authors recorded them and are not combined. Where the stance recorded and the "
            f"one asserted differ, both stand. Most complete match possible: {in_words}."
            + missing
            + _how(matcher.back_off, matcher.conditions)
        ),
        source="Jackson & Kolla 2012, doi 10.1177/1098214012440030; Dada et al. 2023, doi 10.1002/jrsm.1630",
        opens=lambda row, _column: (names[row],),
    )


_PROFILE_COLUMNS = (
    Column("extraction", "Extraction"),
    Column("article", "Article"),
    Column("coder", "Coder"),
    Column("stance", "Stance recorded", "What the coder says the passage does to the theory."),
    Column("asserted", "Asserted", "What a person says it does to this configuration."),
    Column("origin", "Origin", "Asserted by a person, matched by its codes, or both."),
    Column("outside", "Coder outside the selection", "Shown because a person asserts it."),
    Column("polarity", "Polarity"),
    Column("basis", "Basis"),
    Column("activation", "Activation"),
    Column("completeness", "Completeness", "How much of the configuration the passage tells."),
    Column("context_match", "Context", "full, partial, no, or open (the configuration leaves it open)."),
    Column("mechanism_match", "Mechanism", "full, partial, no, or open."),
    Column("outcome_match", "Outcome", "full, partial, no, or open."),
    *(
        Column(f"by_{role}", f"Matched by {role}", f"Concepts coded as {role} that the slot asks for.")
        for role in ROLES
    ),
    Column("steps", "Steps of back-off", "The most steps up the codebook that a match took; 0: exact."),
    Column("relevance", "Relevance", "As appraised, with the assessor."),
    Column("richness", "Richness", "As appraised, with the assessor."),
    Column("rigour", "Rigour", "As appraised, with the assessor."),
)

_BACK_OFF = Parameter(
    "back_off", "Steps along 'broader' that a coded concept may be narrower than the one asked for; 0: exact.", 0
)
_CONDITIONS = Parameter(
    "conditions",
    "context: the conditions are the context slot; all: intervention and actor slots count with it.",
    "context",
    tuple(CONDITIONS),
)
_CODER = Parameter("coder", "Whose passages are matched: a coder's id, 'preferred' or 'all'.", "preferred")

PARTS = (
    Measure(
        "support",
        "What evidence does each configuration have?",
        "For every configuration of every theory version: articles, studies, extractions and coders that support, refine "
        "or challenge it, at each level of completeness (C-M-O, C-M, M-O, M), asserted by a person or matched by codes. "
        "It shows where evidence was coded; it does not show that the configuration is true, and it weighs nothing.",
        support,
        (
            Parameter("theory", "Id of a theory version; left out: all of them.", None, refers_to="theory"),
            _BACK_OFF,
            _CONDITIONS,
            _CODER,
        ),
        "Jackson & Kolla 2012, doi 10.1177/1098214012440030",
        all_coders=True,
    ),
    Measure(
        "evidence-profile",
        "Which passages bear on this configuration, and how?",
        "One row for each passage that a person asserts or whose codes match: article, coder, stance, polarity, basis, "
        "activation, completeness, the slots matched and by which concepts, and the appraisals as recorded. It is a list "
        "to read the passages by, not a grade of the configuration.",
        evidence_profile,
        (
            Parameter("configuration", "Id of the configuration.", None, refers_to="configuration"),
            _BACK_OFF,
            _CONDITIONS,
            _CODER,
        ),
        "Jackson & Kolla 2012, doi 10.1177/1098214012440030",
        all_coders=True,
    ),
)
