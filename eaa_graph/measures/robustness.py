"""Robustness: which conclusions would change if one article, study, coder or level of appraisal were left out.

A conclusion is kept simple enough to be stated in a sentence: a configuration has enough supporting articles; it
is challenged at all; these two codes occur together most often; this is the shortest expression for the outcome.
"""

from __future__ import annotations

__all__ = ["robustness"]

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.choosing import PARTS_OF_A_CONFIGURATION, independent_coders, joined, told
from eaa_graph.measures.configurational import cases_of, expressions
from eaa_graph.measures.support import Evidence, Matcher, configurations_of
from eaa_graph.model import ROLES, STANCES, Appraisal
from eaa_graph.network import Incidence, Index, selected
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LEAVE_OUT = ("article", "study", "coder", "appraisal")
_APPRAISALS = ("relevance", "richness", "rigour")
_EVIDENCE = ("matched", "asserted", "either")
_NOT_APPRAISED = "not appraised"
_FULL, _OPEN = 2, -1
_SUPPORTS, _CHALLENGES, _UNSTATED = STANCES.index("supports"), STANCES.index("challenges"), len(STANCES)
#: Leave-outs up to which expressions are minimised again and again.
_MOST_SOLUTIONS = 500
#: Different answers spelled out at most.
_MOST_TEXTS = 4

_NOTE = (
    "A conclusion that flips when one thing is left out rests on that thing; it is not thereby wrong, and one that never flips is "
    "not thereby right: all articles may share a bias. Leaving evidence out adds none, so 'not supported' and 'not challenged' "
    "cannot flip. Supporting and challenging evidence are looked at apart and never taken off each other. "
)


class _Groups(NamedTuple):
    """What can be left out, one at a time: for each passage its group, and the groups that hold any."""

    of: Index
    things: tuple[Thing, ...]
    remark: str


class _Lines(NamedTuple):
    """What conclusions are drawn from: each line says that an article shows an item, by one passage."""

    item: Counts
    extraction: Index


@dataclass(frozen=True)
class _Tally:
    """In how many articles each item is seen, and how many of these each leave-out takes away."""

    full: Counts
    item: Counts
    group: Counts
    lost: Counts

    def losses(self, item: int) -> tuple[Counts, Counts]:
        """Return the groups whose leaving out takes articles from `item`, and how many."""
        here = self.item == item
        return self.group[here], self.lost[here]


# --- what is left out -------------------------------------------------------------------------


def _groups(incidence: Incidence, leave_out: str, appraisal: str) -> _Groups:
    remark = ""
    if leave_out == "article":
        of = incidence.article.astype(np.int64)
        names = {n: incidence.article_thing(n) for n in np.unique(of).tolist()}
    elif leave_out == "study":
        of = incidence.study[incidence.article].astype(np.int64)
        ids = {int(n): a.study or a.id for a, n in zip(incidence.articles, incidence.study.tolist(), strict=True)}
        names = {n: Thing("study", ids[n], ids[n]) for n in np.unique(of).tolist()}
    elif leave_out == "coder":
        of = incidence.coder.astype(np.int64)
        people = incidence.records.people
        names = {
            n: Thing("person", people[n].id, people[n].name or people[n].id) for n in np.unique(of).tolist() if n >= 0
        }
        nobody = int(np.count_nonzero(of < 0))
        remark = (
            f"{many(nobody, 'passage')} without a coder {'is' if nobody == 1 else 'are'} never left out. "
            if nobody
            else ""
        )
    else:
        levels, remark = _levels(incidence, appraisal)
        words = sorted(set(levels))
        of = np.array([words.index(level) for level in levels], dtype=np.int64)
        names = {n: Thing("appraisal", f"{appraisal}: {word}", f"{appraisal}: {word}") for n, word in enumerate(words)}
    order = sorted(names, key=lambda n: names[n].id)
    if len(order) < 2:
        one = "there is only one" if order else "there is none"
        word = {"coder": "coder who read for themselves", "appraisal": f"level of {appraisal}"}.get(
            leave_out, leave_out
        )
        raise Refused(f"{one} {word} in the selection: leaving it out would leave nothing to compare with")
    place = {n: number for number, n in enumerate(order)}
    return _Groups(
        np.array([place.get(n, -1) for n in of.tolist()], dtype=np.int32), tuple(names[n] for n in order), remark
    )


def _levels(incidence: Incidence, appraisal: str) -> tuple[list[str], str]:
    """Return for each passage the level given to it, or else to its article."""
    given = [a for a in incidence.records.appraisals if getattr(a, appraisal) is not None]
    if not given:
        raise Refused(f"nobody appraised {appraisal}: fill that column of the sheet 'appraisals'")
    assessors = {a.assessor for a in given}
    preferred = incidence.records.review.preferred_coder
    chosen = preferred if preferred in assessors else None
    used = [a for a in given if chosen is None or a.assessor == chosen]
    by_target: dict[str, set[str]] = {}
    for one in used:
        by_target.setdefault(one.target, set()).add(_level(one, appraisal))
    articles = [by_target.get(a.id) for a in incidence.articles]
    levels = []
    differ = 0
    for extraction, article in zip(incidence.extractions, incidence.article.tolist(), strict=True):
        said = by_target.get(extraction) or articles[article]
        differ += said is not None and len(said) > 1
        levels.append(" / ".join(sorted(said)) if said else _NOT_APPRAISED)
    remark = f"Levels are those given by {chosen}. " if chosen else "Levels are those given by anybody. "
    if differ:
        remark += "Where assessors differ, their levels together are a level of their own. "
    return levels, remark


def _level(appraisal: Appraisal, field: str) -> str:
    return str(getattr(appraisal, field))


# --- counting with one thing left out -----------------------------------------------------------


def _tally(incidence: Incidence, lines: _Lines, items: int, groups: _Groups) -> _Tally:
    """Count articles for each item, and what each leave-out takes away.

    An article stops showing an item when every passage by which it shows it belongs to what is left
    out. Each passage belongs to one group, so this holds for at most one group, and no leave-out has
    to be counted anew.
    """
    articles = max(len(incidence.articles), 1)
    key = lines.item * articles + incidence.article[lines.extraction]
    return _tally_of(key, groups.of[lines.extraction].astype(np.int64), items, articles)


def _tally_of(key: Counts, group: Counts, items: int, articles: int) -> _Tally:
    order = np.lexsort((group, key))
    key, group = key[order], group[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    if not len(starts):
        empty = np.zeros(0, dtype=np.int64)
        return _Tally(np.zeros(items, dtype=np.int64), empty, empty, empty)
    item = key[starts] // articles
    ends = np.append(starts[1:], len(key)) - 1
    only = (group[starts] == group[ends]) & (group[starts] >= 0)
    pairs, lost = np.unique(np.stack([item[only], group[starts][only]], axis=1), axis=0, return_counts=True)
    return _Tally(np.bincount(item, minlength=items).astype(np.int64), pairs[:, 0], pairs[:, 1], lost.astype(np.int64))


# --- conclusions ---------------------------------------------------------------------------------


class _Conclusion(NamedTuple):
    kind: str
    about: Cell
    statement: str
    answer: str
    flips: tuple[tuple[int, str], ...]
    behind: tuple[int, ...]


def _bearing(found: Evidence, evidence: str, bearings: tuple[int, ...]) -> Index:
    """Return the passages that bear on the configuration in one of these ways and reach the threshold of a match."""
    reached = (found.mechanism == _FULL) & (found.outcome != 0) & (found.context != 0)
    matched = found.matched & found.own & ~found.outside & reached
    keep = {"matched": matched, "asserted": found.asserted, "either": matched | found.asserted}[evidence]
    chosen: Index = np.unique(found.extraction[keep & np.isin(found.bearing, bearings)])
    return chosen


def _support(
    incidence: Incidence, groups: _Groups, theory: str | None, minimum: int, evidence: str
) -> Iterator[_Conclusion]:
    matcher = Matcher(incidence, "all")
    seen = {c.id: c for _, c in configurations_of(incidence, theory)}
    for name in sorted(seen):
        found = matcher.evidence(seen[name])
        about = Thing("configuration", name, name)
        for kind, bearings, least in (
            ("support", (_SUPPORTS, _UNSTATED), minimum),
            ("challenge", (_CHALLENGES,), 1),
        ):
            rows = _bearing(found, evidence, bearings)
            tally = _tally(incidence, _Lines(np.zeros(len(rows), dtype=np.int64), rows), 1, groups)
            full = int(tally.full[0])
            flips = []
            if full >= least:
                lost_by, lost = tally.losses(0)
                flips = [
                    (int(g), f"no: {full - int(n)} article{'' if full - n == 1 else 's'}")
                    for g, n in zip(lost_by.tolist(), lost.tolist(), strict=True)
                    if full - n < least
                ]
            word = "supporting" if kind == "support" else "challenging"
            statement = f"{name} has at least {least} {word} article{'s' if least > 1 else ''}"
            answer = f"{'yes' if full >= least else 'no'}: {full} article{'' if full == 1 else 's'}"
            yield _Conclusion(kind, about, statement, answer, tuple(flips), tuple(rows.tolist()))


def _pairs(incidence: Incidence, groups: _Groups) -> Iterator[_Conclusion]:
    width = max(len(incidence.concepts), 1)
    articles = max(len(incidence.articles), 1)
    for name, parts in (
        ("context-mechanism pair told in one passage", "CM"),
        ("mechanism-outcome pair told in one passage", "MO"),
    ):
        rows, key = told(incidence, parts)
        keys, item = np.unique(key, return_inverse=True)
        if len(keys):
            tally = _tally(incidence, _Lines(item.astype(np.int64), rows), len(keys), groups)
            leading = _leaders(tally.full)
            behind = np.unique(rows[np.isin(item, leading)])
            yield _leading(incidence, name, keys, width, tally, behind)
    rows_, key, group = _mechanism_pairs(incidence, groups, width)
    keys, item = np.unique(key, return_inverse=True)
    if len(keys):
        tally = _tally_of(item * articles + rows_, group, len(keys), articles)
        tally = _without_either(item, rows_, group, tally)
        behind = _passages_of_pairs(incidence, keys[_leaders(tally.full)], width)
        yield _leading(incidence, "pair of mechanisms coded in one article", keys, width, tally, behind)


def _mechanism_pairs(incidence: Incidence, groups: _Groups, width: int) -> tuple[Counts, Counts, Counts]:
    """Return (article, pair, group) lines: a pair of mechanisms in an article, and what takes either away.

    A pair is gone when one of its two codes is; the group is -1 when no single leave-out takes the code away.
    """
    roles = [ROLES.index(r) for r in PARTS_OF_A_CONFIGURATION["M"]]
    chosen = np.isin(incidence.coding_role, roles)
    extraction = incidence.coding_extraction[chosen]
    code = incidence.article[extraction].astype(np.int64) * width + incidence.coding_concept[chosen]
    group = groups.of[extraction].astype(np.int64)
    order = np.lexsort((group, code))
    code, group = code[order], group[order]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    ends = np.append(starts[1:], len(code)) - 1 if len(starts) else starts
    alone = np.where(group[starts] == group[ends], group[starts], -1) if len(starts) else starts.astype(np.int64)
    codes = code[starts] if len(starts) else np.zeros(0, dtype=np.int64)
    lines = np.stack([codes // width, codes % width], axis=1)
    article, pair = joined(lines[:, 0], lines[:, 1], lines, width)
    kept = pair // width < pair % width
    article, pair = article[kept], pair[kept]
    first = np.searchsorted(codes, article * width + pair // width)
    second = np.searchsorted(codes, article * width + pair % width)
    # Two lines a pair, one for each of its codes.
    return np.tile(article, 2), np.tile(pair, 2), np.concatenate([alone[first], alone[second]])


def _without_either(item: Counts, article: Counts, group: Counts, tally: _Tally) -> _Tally:
    lines = np.unique(np.stack([item, article, group], axis=1), axis=0)
    lines = lines[lines[:, 2] >= 0]
    pairs, lost = np.unique(lines[:, [0, 2]], axis=0, return_counts=True)
    return _Tally(tally.full, pairs[:, 0], pairs[:, 1], lost.astype(np.int64))


def _passages_of_pairs(incidence: Incidence, pairs: Counts, width: int) -> NDArray[np.int32]:
    """Return the passages that code either mechanism of a pair, in articles that code both."""
    roles = [ROLES.index(r) for r in PARTS_OF_A_CONFIGURATION["M"]]
    chosen = np.isin(incidence.coding_role, roles)
    extraction, concept = incidence.coding_extraction[chosen], incidence.coding_concept[chosen]
    article = incidence.article[extraction]
    found = np.zeros(len(incidence), dtype=np.bool_)
    for pair in pairs.tolist():
        first, second = concept == pair // width, concept == pair % width
        both = np.intersect1d(article[first], article[second])
        found[extraction[(first | second) & np.isin(article, both)]] = True
    return np.flatnonzero(found).astype(np.int32)


def _leaders(counts: Counts) -> Counts:
    leaders: Counts = np.flatnonzero(counts == counts.max())
    return leaders


def _leading(
    incidence: Incidence, name: str, keys: Counts, width: int, tally: _Tally, behind: NDArray[np.int32]
) -> _Conclusion:
    leaders = _leaders(tally.full)

    def words(items: Counts, count: int) -> str:
        said = sorted(
            " + ".join(incidence.concepts[c].label for c in (int(keys[i]) // width, int(keys[i]) % width))
            for i in items
        )
        shown = "; ".join(said[:5]) + (f"; and {len(said) - 5} more" if len(said) > 5 else "")
        return f"{shown}: {count} article{'' if count == 1 else 's'}" + (" each" if len(said) > 1 else "")

    flips = []
    order = np.argsort(tally.group, kind="stable")
    groups, starts = np.unique(tally.group[order], return_index=True)
    for group, rows in zip(groups.tolist(), np.split(order, starts[1:]), strict=False):
        counts = tally.full.copy()
        counts[tally.item[rows]] -= tally.lost[rows]
        now = _leaders(counts)
        if not np.array_equal(now, leaders):
            flips.append((int(group), words(now, int(counts.max())) if counts.max() else "none"))
    concepts = sorted({c for i in leaders.tolist() for c in (int(keys[i]) // width, int(keys[i]) % width)})
    return _Conclusion(
        "leading pair",
        tuple(incidence.concept_thing(c) for c in concepts),
        f"The most frequent {name}",
        words(leaders, int(tally.full.max())),
        tuple(flips),
        tuple(behind.tolist()),
    )


def _solutions(
    incidence: Incidence, groups: _Groups, conditions: str | None, outcome: str | None
) -> Iterator[_Conclusion]:
    if len(groups.things) > _MOST_SOLUTIONS:
        raise Refused(
            f"there are {len(groups.things)} things to leave out, and expressions are minimised anew for at most "
            f"{_MOST_SOLUTIONS}: leave out studies or appraisal levels, or ask without 'solution'"
        )
    whole = cases_of(incidence, conditions, outcome)
    named = "|".join(f"{c.role}:{incidence.concepts[c.concept].id}" for c in whole.conditions)
    explained = ("~" if whole.negated else "") + f"outcome:{incidence.concepts[whole.outcome.concept].id}"
    if whole.outcome.role != "outcome":
        explained = (
            "~" if whole.negated else ""
        ) + f"{whole.outcome.role}:{incidence.concepts[whole.outcome.concept].id}"

    def answers(part: Incidence, risk: float) -> dict[str, str]:
        try:
            return expressions(cases_of(part, named, explained, risk=risk))
        except Refused as refused:
            return dict.fromkeys(("conservative", "parsimonious"), f"none: {refused}")

    full = answers(incidence, 1.0)
    without = [answers(incidence.where(groups.of != number), 1.0) for number in range(len(groups.things))]
    behind = tuple(
        incidence.extraction_index[e]
        for e in whole.behind(np.ones(len(whole.things), dtype=np.bool_), (*whole.conditions, whole.outcome))
    )
    for kind in ("conservative", "parsimonious"):
        flips = tuple((number, said[kind]) for number, said in enumerate(without) if said[kind] != full[kind])
        yield _Conclusion(
            "solution",
            incidence.concept_thing(whole.outcome.concept),
            f"Shortest expression for {whole.outcome_name}, {kind} solution",
            full[kind],
            flips,
            behind,
        )


# --- the measure -------------------------------------------------------------------------------------


def robustness(
    incidence: Incidence,
    leave_out: str = "article",
    theory: str | None = None,
    minimum: int = 2,
    evidence: str = "matched",
    appraisal: str = "rigour",
    solution: bool = False,
    conditions: str | None = None,
    outcome: str | None = None,
    coder: str = "preferred",
) -> Table:
    """Return which conclusions flip when one article, study, coder or level of appraisal is left out.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side.
    leave_out : str
        ``article``, ``study``, ``coder`` or ``appraisal``. For ``coder`` the full answer is what all who
        read for themselves say together, unless `coder` names somebody.
    theory : str or None
        Only configurations of this version.
    minimum : int
        A configuration is supported when at least so many articles have a supporting passage (or one
        without a recorded stance) that codes the whole mechanism and, where these slots are not open,
        something of the outcome and of the context. It is challenged when one article has a challenging one.
    evidence : str
        ``matched``: passages whose codes match; ``asserted``: passages that a person named; ``either``.
    appraisal : str
        Which judgement makes the levels: ``relevance``, ``richness`` or ``rigour``.
    solution : bool
        Whether to minimise the truth table anew each time (see the measure `minimisation`).
    conditions, outcome : str or None
        For `solution`.
    coder : str
        Whose passages: an id, ``preferred`` or ``all``.

    Returns
    -------
    Table
        One row a conclusion: the full answer, how many leave-outs were tried, how many flip it, which, and what
        the answer becomes.

    Raises
    ------
    Refused
        If there are not two of the things to leave out, or nothing to conclude.

    References
    ----------
    The jackknife idea: Tukey J. W. (1958). Annals of Mathematical Statistics 29, 614. Leave-one-out in
    meta-analysis: Viechtbauer W., Cheung M. W.-L. (2010). Research Synthesis Methods 1, 112-125.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Configuration, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=(Article(id="a"), Article(id="b"), Article(id="c")),
    ...     concepts=(Concept(id="accord", label="accord"), Concept(id="talk", label="talk")),
    ...     extractions=tuple(
    ...         Extraction(id=a + "1", article=a, mechanisms=("talk",), outcomes=("accord",), stance=s)
    ...         for a, s in (("a", "supports"), ("b", "supports"), ("c", "challenges"))
    ...     ),
    ...     configurations=(Configuration(id="K", mechanisms=(("talk",),), outcomes=(("accord",),)),),
    ... )
    >>> table = robustness(Incidence.from_records(records))
    >>> for row in table.records():
    ...     print(row["conclusion"], "|", row["full"], "|", [t.id for t in row["which"]])
    K has at least 2 supporting articles | yes: 2 articles | ['a', 'b']
    K has at least 1 challenging article | yes: 1 article | ['c']
    The most frequent mechanism-outcome pair told in one passage | talk + accord: 3 articles | []
    """
    if leave_out not in _LEAVE_OUT:
        raise UnknownName("thing to leave out", leave_out, _LEAVE_OUT)
    if evidence not in _EVIDENCE:
        raise UnknownName("kind of evidence", evidence, _EVIDENCE)
    if appraisal not in _APPRAISALS:
        raise UnknownName("appraisal", appraisal, _APPRAISALS)
    if minimum < 1:
        raise BadSettings("minimum must be 1 article or more")
    columns, who = _selection(incidence, leave_out, coder)
    if not len(columns):
        raise Refused(f"no extraction by {who}: there is nothing to conclude from")
    groups = _groups(columns, leave_out, appraisal)
    found: list[_Conclusion] = []
    remarks = [groups.remark]
    if columns.records.configurations:
        found += _support(columns, groups, theory, minimum, evidence)
    else:
        remarks.append("There are no configurations to conclude about. ")
    found += _pairs(columns, groups)
    if solution:
        found += _solutions(columns, groups, conditions, outcome)
    if not found:
        raise Refused("there are no configurations and no two codes occur together: there is nothing to conclude")
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        texts = list(dict.fromkeys(text for _, text in one.flips))
        becomes = " | ".join(texts[:_MOST_TEXTS]) + (
            f" | {len(texts) - _MOST_TEXTS} more" if len(texts) > _MOST_TEXTS else ""
        )
        rows.append(
            (
                one.kind,
                one.about,
                one.statement,
                one.answer,
                len(groups.things),
                len(one.flips),
                tuple(groups.things[g] for g, _ in one.flips),
                becomes or "the same throughout",
            )
        )

    def opens(number: int, column: str) -> tuple[str, ...]:
        one = found[number]
        if column in ("flips", "which", "becomes"):
            flipping = {g for g, _ in one.flips}
            return columns.ids(e for e in one.behind if int(groups.of[e]) in flipping)
        return columns.ids(one.behind)

    what = {"article": "articles", "study": "studies", "coder": "coders", "appraisal": f"levels of {appraisal}"}[
        leave_out
    ]
    how = {
        "matched": "Evidence is matched by codes: the whole mechanism, and something of the outcome and of the context where the "
        "configuration does not leave them open. ",
        "asserted": "Evidence is what a person named in 'supporting' and 'challenging'. ",
        "either": "Evidence is matched by codes (whole mechanism, something of outcome and context) or named by a person. ",
    }[evidence]
    return Table(
        name="robustness",
        title=f"Which conclusions flip when one {'level of appraisal' if leave_out == 'appraisal' else leave_out} is left out",
        columns=(
            Column("kind", "Kind", "support, challenge, leading pair or solution."),
            Column("about", "About"),
            Column("conclusion", "Conclusion"),
            Column("full", "Full answer", "With everything in."),
            Column("tried", "Left out in turn", "How many leave-outs were tried."),
            Column("flips", "Flips", "How many of them change the answer."),
            Column("which", "Which", "Those that change it."),
            Column("becomes", "Becomes", "What the answer becomes, without repeats."),
        ),
        rows=tuple(rows),
        unit="leave-outs that change the answer; answers are counted in articles",
        denominator=f"{len(groups.things)} {what} with passages by {who}, each left out in turn",
        note=_NOTE
        + how
        + f"Supported means {minimum} articles or more; passages without a recorded stance count as supporting. A leading pair "
        "flips when another pair leads, or when a tie arises or ends. " + "".join(remarks),
        source="Leave-one-out (jackknife) sensitivity: Tukey 1958; Viechtbauer & Cheung 2010",
        opens=opens,
    )


def _selection(incidence: Incidence, leave_out: str, coder: str) -> tuple[Incidence, str]:
    """Return the passages concluded from, and whose they are in words."""
    people = incidence.records.people
    if leave_out == "coder" and coder == "preferred":
        independent = independent_coders(incidence)
        return incidence.by_coders(independent), ", ".join(
            people[c].id for c in independent
        ) or "anybody who read for themselves"
    chosen = selected(incidence, coder)
    who = "all coders" if chosen.coders is None else ", ".join(people[c].id for c in chosen.coders)
    return chosen, who


PART = Measure(
    name="robustness",
    title="Which conclusions rest on a single article, study, coder or level of appraisal?",
    description=(
        "Leaves one out at a time and says which conclusions flip: whether each configuration has enough supporting articles and "
        "whether it is challenged, which codes occur together most, and on request the shortest expression for an outcome."
    ),
    function=robustness,
    parameters=(
        Parameter("leave_out", "What is left out, one at a time.", "article", _LEAVE_OUT),
        Parameter("theory", "Only configurations of this theory version.", refers_to="theory"),
        Parameter("minimum", "Articles that a configuration needs to count as supported.", 2),
        Parameter("evidence", "Passages whose codes match, passages a person named, or either.", "matched", _EVIDENCE),
        Parameter("appraisal", "Which judgement makes the levels that are left out.", "rigour", _APPRAISALS),
        Parameter("solution", "Whether the truth table is minimised anew each time.", False),
        Parameter("conditions", "Conditions of that truth table.", refers_to="concept"),
        Parameter("outcome", "Outcome of that truth table.", refers_to="concept"),
        Parameter("coder", "Whose passages: a coder's id, 'preferred' or 'all'.", "preferred", refers_to="person"),
    ),
    source="Tukey 1958; Viechtbauer & Cheung 2010",
    all_coders=True,
)
