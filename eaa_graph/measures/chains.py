"""Chains: ripples, where the outcome of one configuration is context or mechanism of the next.

A chain drawn on paper may be told by nobody: each step may rest on other articles. So every chain comes with its
weakest step, and with whether any one article (or study) tells all of it or it is stitched together.
"""

from __future__ import annotations

__all__ = ["PARTS", "chain_steps", "chains", "ripples"]

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.support import Evidence, Matcher, configurations_of, counting_as, passages, title_of
from eaa_graph.model import STANCES, Configuration, Theory
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

_MECHANISM = ("resource", "reasoning", "mechanism")
#: The slots of the next configuration that an outcome may fill.
_RECEIVING = ("context", *_MECHANISM)
_LINKS = ("full", "any")
_PATHS = ("longest", "all")
#: More chains than anybody can read.
_TOO_MANY = 20_000
#: More simple paths than can be walked in reasonable time, listed or not.
_TOO_FAR = 2_000_000


class _Handover(NamedTuple):
    """What one configuration hands to the next, by role there."""

    concepts: tuple[str, ...]
    roles: tuple[str, ...]


def _handover(
    incidence: Incidence, giver: Configuration, taker: Configuration, link: str, back_off: int
) -> _Handover | None:
    """Return what `giver` hands to `taker`, or None if its outcome is neither context nor mechanism there."""
    concepts: set[str] = set()
    roles = []
    for role in _RECEIVING:
        given: set[str] = set()
        for asked in taker.slot(role):
            wanted = {name: _counting(incidence, name, back_off) for name in asked}
            for outcome in giver.outcomes:
                met = {name for name, counting in wanted.items() if not counting.isdisjoint(outcome)}
                if link == "any" or len(met) == len(wanted):
                    given |= met
        if given:
            concepts |= given
            roles.append(role)
    return _Handover(tuple(sorted(concepts)), tuple(roles)) if roles else None


def _counting(incidence: Incidence, name: str, back_off: int) -> set[str]:
    number = incidence.concept_index.get(name)
    if number is None:
        return {name}
    return {incidence.concepts[c].id for c in counting_as(incidence, number, back_off)}


def _paths(after: Mapping[str, Sequence[str]], longest: int) -> Iterator[tuple[str, ...]]:
    """Yield every path of two or more configurations, each at most once in a path, in order of ids."""
    walked = 0
    for start in sorted(after):
        stack: list[tuple[str, ...]] = [(start,)]
        while stack:
            path = stack.pop()
            walked += 1
            if walked > _TOO_FAR:
                raise Refused(
                    f"the configurations are so interlinked that there are more than {_TOO_FAR} paths of up to {longest} "
                    "steps: ask for a smaller `longest`, or link=full"
                )
            if len(path) > 1:
                yield path
            if len(path) < longest:
                stack += [(*path, name) for name in reversed(after[path[-1]]) if name not in path]


def _chosen_paths(after: Mapping[str, Sequence[str]], longest: int, paths: str) -> list[tuple[str, ...]]:
    before: dict[str, list[str]] = {name: [] for name in after}
    for name, followers in after.items():
        for follower in followers:
            before[follower].append(name)

    def extends(path: tuple[str, ...]) -> bool:
        return any(n not in path for n in after[path[-1]]) or any(n not in path for n in before[path[0]])

    chosen: list[tuple[str, ...]] = []
    for path in _paths(after, longest):
        if paths == "longest" and len(path) < longest and extends(path):
            continue
        chosen.append(path)
        if len(chosen) > _TOO_MANY:
            raise Refused(
                f"there are more than {_TOO_MANY} chains of up to {longest} steps: ask for a smaller `longest`, or link=full"
            )
    # A circle reads the same from every configuration in it: keep the reading from the first id.
    listed = set(chosen)
    return [path for path in chosen if not _is_other_reading(path, after, listed)]


def _is_other_reading(path: tuple[str, ...], after: Mapping[str, Sequence[str]], listed: set[tuple[str, ...]]) -> bool:
    if path[0] not in after[path[-1]]:
        return False
    turn = path.index(min(path))
    return turn != 0 and path[turn:] + path[:turn] in listed


class _Step(NamedTuple):
    """The evidence for one configuration as a step of a chain."""

    supporting: Index
    challenging: Index
    articles: frozenset[int]
    studies: frozenset[int]
    challenged_articles: frozenset[int]


def _step(incidence: Incidence, lines: Evidence) -> _Step:
    # A step is told by a passage with mechanism and outcome (where the outcome is stated), or by assertion.
    tells = lines.asserted | (lines.matched & (lines.outcome != 0))
    supporting = lines.extraction[tells & (lines.bearing == STANCES.index("supports"))]
    challenging = lines.extraction[tells & (lines.bearing == STANCES.index("challenges"))]
    articles = incidence.article[supporting]
    return _Step(
        supporting,
        challenging,
        frozenset(articles.tolist()),
        frozenset(incidence.study[articles].tolist()),
        frozenset(incidence.article[challenging].tolist()),
    )


class _Chain(NamedTuple):
    theory: Theory | None
    path: tuple[str, ...]
    steps: tuple[_Step, ...]
    handovers: tuple[_Handover, ...]
    closes: bool

    @property
    def weakest(self) -> list[int]:
        """Positions of the steps with the fewest supporting articles."""
        least = min(len(step.articles) for step in self.steps)
        return [n for n, step in enumerate(self.steps) if len(step.articles) == least]

    @property
    def articles(self) -> frozenset[int]:
        """Articles with evidence for every step."""
        return frozenset.intersection(*(step.articles for step in self.steps))

    @property
    def studies(self) -> frozenset[int]:
        """Studies with evidence for every step."""
        return frozenset.intersection(*(step.studies for step in self.steps))

    @property
    def told(self) -> str:
        """Who tells the chain."""
        if self.articles:
            return "one article"
        if self.studies:
            return "one study"
        if not all(step.articles for step in self.steps):
            return "a step without evidence"
        return "stitched"


_COLUMNS = (
    Column("theory", "Theory version", "Empty for configurations of none."),
    Column("length", "Steps", "Configurations in the chain."),
    Column("path", "Chain", "Configurations, in order."),
    Column("handed_over", "Handed over", "Concepts that are outcome of one and context or mechanism of the next."),
    Column("received_as", "Received as", "The role of what is handed over, step by step."),
    Column("closes", "Closes a circle", "Whether the last outcome feeds the first configuration again."),
    Column("articles_each", "Articles for each step", "Supporting articles, step by step."),
    Column("weakest", "Weakest step", "The configuration(s) with the fewest supporting articles."),
    Column("weakest_articles", "Articles for the weakest step"),
    Column("weakest_challenged", "Articles that challenge the weakest step", "Not taken off the supporting ones."),
    Column("told", "Told by", "one article, one study (in several reports), stitched, or a step without evidence."),
    Column("told_by", "Articles that tell every step"),
)


_NO_CHAIN = (
    "No outcome of a configuration is context or mechanism of another, so there is no chain. Where one configuration is a "
    "condition for another, write the outcome of the first into the context of the second. "
)


def _found(
    incidence: Incidence, theory: str | None, link: str, longest: int, paths: str, back_off: int, coder: str
) -> tuple[Matcher, list[_Chain], int]:
    """Return the matcher, the chains in the order of telling, and how many configurations were looked at."""
    if link not in _LINKS:
        raise UnknownName("value of link", link, _LINKS)
    if paths not in _PATHS:
        raise UnknownName("value of paths", paths, _PATHS)
    if longest < 2:
        raise BadSettings("longest must be 2 or more: one configuration is not a chain")
    matcher = Matcher(incidence, coder, back_off)
    versions: dict[str, tuple[Theory | None, list[Configuration]]] = {}
    for version, configuration in configurations_of(incidence, theory):
        versions.setdefault(version.id if version else "", (version, []))[1].append(configuration)
    steps: dict[str, _Step] = {}
    found: list[_Chain] = []
    for version, configurations in versions.values():
        handovers = {
            (giver.id, taker.id): passed
            for giver in configurations
            for taker in configurations
            if giver.id != taker.id and (passed := _handover(incidence, giver, taker, link, back_off)) is not None
        }
        after: dict[str, list[str]] = {c.id: [] for c in configurations}
        for giver_id, taker_id in sorted(handovers):
            after[giver_id].append(taker_id)
        chosen = _chosen_paths(after, longest, paths)
        used = {name for path in chosen for name in path}
        for configuration in configurations:
            if configuration.id in used and configuration.id not in steps:
                steps[configuration.id] = _step(incidence, matcher.evidence(configuration))
        found += [
            _Chain(
                version,
                path,
                tuple(steps[name] for name in path),
                tuple(handovers[pair] for pair in pairwise(path)),
                path[0] in after[path[-1]],
            )
            for path in sorted(chosen, key=lambda path: (-len(path), path))
        ]
    asked = len({c.id for _, configurations in versions.values() for c in configurations})
    return matcher, found, asked


def chain_steps(
    incidence: Incidence,
    theory: str | None = None,
    link: str = "full",
    longest: int = 5,
    paths: str = "longest",
    back_off: int = 0,
    coder: str = "preferred",
) -> Table:
    """Return the ripple chains step by step: what each hands to the next, and the evidence of each.

    Parameters
    ----------
    incidence, theory, link, longest, paths, back_off, coder
        As for :func:`chains`.

    Returns
    -------
    Table
        One row a step, chains in the order of :func:`chains`.

    Raises
    ------
    BadSettings, Refused, UnknownName
        As for :func:`chains`.

    References
    ----------
    Jagosh J et al. (2015). A realist evaluation of community-based participatory research: partnership synergy, trust building
    and related ripple effects. BMC Public Health 15:725. doi:10.1186/s12889-015-1949-1

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = chain_steps(columns)
    >>> len(table), table.unit
    (0, 'articles')
    """
    matcher, found, asked = _found(incidence, theory, link, longest, paths, back_off, coder)
    rows: list[tuple[Cell, ...]] = []
    behind: list[_Step] = []
    for number, chain in enumerate(found, start=1):
        for place, (name, step) in enumerate(zip(chain.path, chain.steps, strict=True)):
            passed = chain.handovers[place] if place < len(chain.handovers) else None
            rows.append(
                (
                    title_of(chain.theory),
                    number,
                    place + 1,
                    Thing("configuration", name, name),
                    len(step.articles),
                    len(step.challenged_articles),
                    place in chain.weakest,
                    tuple(
                        incidence.concept_thing(incidence.concept_index[c])
                        if c in incidence.concept_index
                        else Thing("concept", c, c)
                        for c in (passed.concepts if passed else ())
                    ),
                    " and ".join(passed.roles) if passed else None,
                    chain.closes,
                    chain.told,
                )
            )
            behind.append(step)

    def opens(row: int, column: str) -> tuple[str, ...]:
        step = behind[row]
        challenging = column == "challenges"
        return incidence.ids((step.challenging if challenging else step.supporting).tolist())

    return Table(
        name="chain-steps",
        title="Ripple chains: the outcome of one configuration is context or mechanism of the next",
        columns=(
            Column("theory", "Theory version", "Empty for configurations of none."),
            Column("chain", "Chain", "Number, from 1."),
            Column("step", "Step", "Place in the chain, from 1."),
            Column("configuration", "Configuration"),
            Column("supports", "Supporting articles"),
            Column("challenges", "Challenging articles", "Not taken off the supporting ones."),
            Column("weakest", "Weakest", "Whether no step of the chain has fewer supporting articles."),
            Column("handed_over", "Handed over", "Concepts that the next step receives; none after the last."),
            Column("received_as", "Received as", "Role in the next step."),
            Column("closes", "Closes a circle", "Whether the last outcome feeds the first configuration again."),
            Column("told", "Told by", "one article, one study, stitched, or a step without evidence."),
        ),
        rows=tuple(rows),
        unit="articles",
        denominator=f"{matcher.denominator}; {many(asked, 'configuration')}",
        note=("" if found else _NO_CHAIN)
        + "A chain follows from how configurations are written: evidence for every step does not mean that anybody reports "
        "one step as leading to the next. Counts are patterns, not causes.",
        source="Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        opens=opens,
    )


def chains(
    incidence: Incidence,
    theory: str | None = None,
    link: str = "full",
    longest: int = 5,
    paths: str = "longest",
    back_off: int = 0,
    coder: str = "preferred",
) -> Table:
    """Return the ripple chains of each theory version, with their weakest step and who tells them.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    theory : str or None
        One version; None for each in turn. Chains never join configurations of two versions.
    link : str
        ``"full"``: the outcome brings every concept of an alternative of the next slot; ``"any"``: one concept is enough.
    longest : int
        Most configurations in a chain, 2 or more.
    paths : str
        ``"longest"``: leave out chains that are part of a longer one; ``"all"``.
    back_off : int
        Steps along `broader` that an outcome, or a coded concept, may be narrower than the one asked for.
    coder : str
        Whose passages are matched; what a person asserts counts whoever coded it.

    Returns
    -------
    Table
        One row a chain: by theory, longest first, then in order of ids. A configuration occurs once in a
        chain; circles are marked and listed once, from their first id.

    Raises
    ------
    BadSettings
        If `longest` is below 2 or `back_off` negative.
    Refused
        If there are no configurations or extractions, or more chains than anybody could read.
    UnknownName
        If a choice, the theory version or the coder is not known.

    References
    ----------
    Jagosh J et al. (2015). A realist evaluation of community-based participatory research: partnership synergy,
    trust building and related ripple effects. BMC Public Health 15:725. doi:10.1186/s12889-015-1949-1

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Configuration, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=(Article(id="a"),),
    ...     concepts=tuple(Concept(id=c, label=c) for c in ("candour", "listening", "safety", "trust")),
    ...     extractions=(Extraction(id="a1", article="a", mechanisms=("listening",), outcomes=("trust",), stance="supports"),),
    ...     configurations=(
    ...         Configuration(id="K1", mechanisms=(("listening",),), outcomes=(("trust",),)),
    ...         Configuration(id="K2", contexts=(("trust",),), mechanisms=(("safety",),), outcomes=(("candour",),)),
    ...     ),
    ... )
    >>> row = next(chains(Incidence.from_records(records)).records())
    >>> [thing.id for thing in row["path"]], row["articles_each"], row["told"]
    (['K1', 'K2'], '1 > 0', 'a step without evidence')
    """
    matcher, found, asked = _found(incidence, theory, link, longest, paths, back_off, coder)
    none = _NO_CHAIN if not found else ""
    return Table(
        name="chains",
        title="Ripple chains: the outcome of one configuration is context or mechanism of the next",
        columns=_COLUMNS,
        rows=tuple(_row(incidence, chain) for chain in found),
        unit="articles",
        denominator=f"{matcher.denominator}; {many(asked, 'configuration')}",
        note=none
        + (
            "A step counts articles with a passage that tells its mechanism with its outcome, or that a person asserts, and that "
            "supports it. A chain follows from how configurations are written: that one article has evidence for every "
            "step does not mean that it reports one step as leading to the next. Counts are patterns, not causes."
        ),
        source="Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        opens=lambda row, column: incidence.ids(_behind(incidence, found[row], column)),
    )


def _row(incidence: Incidence, chain: _Chain) -> tuple[Cell, ...]:
    weakest = chain.weakest
    handed: dict[str, None] = {name: None for handover in chain.handovers for name in handover.concepts}
    return (
        title_of(chain.theory),
        len(chain.path),
        tuple(Thing("configuration", name, name) for name in chain.path),
        tuple(
            incidence.concept_thing(incidence.concept_index[name])
            if name in incidence.concept_index
            else Thing("concept", name, name)
            for name in handed
        ),
        " > ".join(" + ".join(handover.roles) for handover in chain.handovers),
        chain.closes,
        " > ".join(str(len(step.articles)) for step in chain.steps),
        tuple(Thing("configuration", chain.path[n], chain.path[n]) for n in weakest),
        len(chain.steps[weakest[0]].articles),
        len(frozenset.union(*(chain.steps[n].challenged_articles for n in weakest))),
        chain.told,
        tuple(sorted((incidence.article_thing(a) for a in chain.articles), key=lambda thing: thing.id)),
    )


def _behind(incidence: Incidence, chain: _Chain, column: str) -> list[int]:
    weakest = [chain.steps[n] for n in chain.weakest]
    if column in ("weakest", "weakest_articles"):
        return [row for step in weakest for row in step.supporting.tolist()]
    if column == "weakest_challenged":
        return [row for step in weakest for row in step.challenging.tolist()]
    everything: list[int] = [row for step in chain.steps for row in step.supporting.tolist()]
    if column == "told_by":
        return [row for row in everything if int(incidence.article[row]) in chain.articles]
    if column == "told" and not chain.articles and chain.studies:
        return [row for row in everything if int(incidence.study[incidence.article[row]]) in chain.studies]
    return everything


# --- ripples in the passages themselves ------------------------------------------------------

_RIPPLE_COLUMNS = (
    Column("concept", "Concept", "Coded as outcome in one place and as context or mechanism in another."),
    Column("as_outcome", "Articles as outcome"),
    Column("as_context", "Articles as context"),
    Column("as_mechanism", "Articles as mechanism", "Or as one of its halves, resource or reasoning."),
    Column("to_context", "Outcome, and context elsewhere in the article", "In two different passages of one article."),
    Column(
        "to_mechanism", "Outcome, and mechanism elsewhere in the article", "In two different passages of one article."
    ),
    Column("told", "Told by", "one article, or stitched: the roles occur in different articles only."),
    Column("told_by", "Articles with both"),
)


def ripples(incidence: Incidence) -> Table:
    """Return the concepts that passages code as outcome here and as context or mechanism there.

    These are where a chain could be built, whatever the configurations say.

    Parameters
    ----------
    incidence : Incidence

    Returns
    -------
    Table
        One row a concept: those told within most articles first, then by articles as outcome, then by id.

    Raises
    ------
    Refused
        If there are no extractions.

    References
    ----------
    Jagosh J et al. (2015). A realist evaluation of community-based participatory research: partnership synergy, trust building
    and related ripple effects. BMC Public Health 15:725. doi:10.1186/s12889-015-1949-1

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = ripples(columns)
    >>> table.unit
    'articles'
    """
    if not len(incidence):
        raise Refused("there are no extractions to look for ripples in")
    receiving = {role: set(incidence.coded(role).tolist()) for role in _RECEIVING}
    concepts = sorted(set(incidence.coded("outcome").tolist()) & set().union(*receiving.values()))
    found = [_Ripple.of(incidence, concept) for concept in concepts]
    found.sort(key=lambda r: (-len(r.told_by), -r.articles(incidence, "as_outcome"), incidence.concepts[r.concept].id))
    return Table(
        name="ripples",
        title="Concepts that are an outcome here and a context or mechanism there",
        columns=_RIPPLE_COLUMNS,
        rows=tuple(
            (
                incidence.concept_thing(ripple.concept),
                *(ripple.articles(incidence, c) for c in ("as_outcome", "as_context", "as_mechanism")),
                len(ripple.to_context),
                len(ripple.to_mechanism),
                "one article" if ripple.told_by else "stitched",
                tuple(sorted((incidence.article_thing(a) for a in ripple.told_by), key=lambda thing: thing.id)),
            )
            for ripple in found
        ),
        unit="articles",
        denominator=f"the {many(len(incidence.articles), 'article')} of the review",
        note=("No concept is coded both as outcome and as context or mechanism. " if not found else "")
        + (
            "That one article codes a concept as outcome in one passage and as context or mechanism in another makes a ripple "
            "worth looking for there; it does not show that the one led to the other."
        ),
        source="Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        opens=lambda row, column: incidence.ids(found[row].behind(incidence, column)),
    )


class _Ripple(NamedTuple):
    concept: int
    outcome: Index
    context: Index
    mechanism: Index
    to_context: frozenset[int]
    to_mechanism: frozenset[int]

    @classmethod
    def of(cls, incidence: Incidence, concept: int) -> _Ripple:
        outcome, context = (passages(incidence, role, concept) for role in ("outcome", "context"))
        halves = [passages(incidence, role, concept) for role in _MECHANISM]
        mechanism = np.unique(np.concatenate(halves)).astype(np.int32)
        return cls(
            concept,
            outcome,
            context,
            mechanism,
            _elsewhere(incidence, outcome, context),
            _elsewhere(incidence, outcome, mechanism),
        )

    @property
    def told_by(self) -> frozenset[int]:
        return self.to_context | self.to_mechanism

    def articles(self, incidence: Incidence, column: str) -> int:
        return len(np.unique(incidence.article[np.array(self.behind(incidence, column), dtype=np.int32)]))

    def behind(self, incidence: Incidence, column: str) -> list[int]:
        parts = {"as_outcome": (self.outcome,), "as_context": (self.context,), "as_mechanism": (self.mechanism,)}
        if column in parts:
            rows: list[int] = parts[column][0].tolist()
            return rows
        if column == "to_context":
            rows = [*self.outcome.tolist(), *self.context.tolist()]
            return [row for row in rows if int(incidence.article[row]) in self.to_context]
        if column == "to_mechanism":
            rows = [*self.outcome.tolist(), *self.mechanism.tolist()]
            return [row for row in rows if int(incidence.article[row]) in self.to_mechanism]
        if column == "told_by":
            return [*self.behind(incidence, "to_context"), *self.behind(incidence, "to_mechanism")]
        return [*self.outcome.tolist(), *self.context.tolist(), *self.mechanism.tolist()]


def _elsewhere(incidence: Incidence, one: Index, other: Index) -> frozenset[int]:
    """Return the articles with a passage in `one` and a different passage in `other`."""
    shared = np.intersect1d(incidence.article[one], incidence.article[other])
    either = np.union1d(one, other)
    articles, counts = np.unique(incidence.article[either], return_counts=True)
    return frozenset(np.intersect1d(shared, articles[counts > 1]).tolist())


_CHAIN_PARAMETERS = (
    Parameter("theory", "Version whose chains are sought; left out: each in turn.", None, refers_to="theory"),
    Parameter("link", "full: a whole alternative of the next slot; any: one concept is enough.", "full", _LINKS),
    Parameter("longest", "Most configurations in a chain.", 5),
    Parameter("paths", "longest: leave out chains that are part of a longer one; all.", "longest", _PATHS),
    Parameter("back_off", "Steps along 'broader' that a concept may be narrower than the one asked for.", 0),
    Parameter("coder", "Whose passages are matched: a coder's id, 'preferred' or 'all'.", "preferred"),
)

PARTS = (
    Measure(
        "chains",
        "Which configurations ripple into each other, and who tells the whole chain?",
        "Paths of configurations in which the outcome of one is context or mechanism of the next; the step with the least "
        "evidence; and whether one article tells every step or the chain is stitched together from several. It shows what "
        "the theory's wording joins up, and how well each step is evidenced, not that the steps followed each other.",
        chains,
        _CHAIN_PARAMETERS,
        "Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        all_coders=True,
    ),
    Measure(
        "chain-steps",
        "What does each step of a ripple chain hand to the next, and what evidence has it?",
        "The chains step by step, with the concepts handed over, the role in which they are received, and the articles of each "
        "step. It shows what the wording of the theory joins up, not that the steps followed each other.",
        chain_steps,
        _CHAIN_PARAMETERS,
        "Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        all_coders=True,
    ),
    Measure(
        "ripples",
        "Which outcomes turn up again as context or mechanism?",
        "Concepts coded as outcome in one passage and as context or mechanism in another, and whether one article has both. "
        "Places to look for chains; not evidence that one thing led to the other.",
        ripples,
        (),
        "Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
    ),
)
