"""The evidence of theory versions side by side: what a refinement gained, lost and left untested.

Evidence comes from two origins that are never mixed: what a person *asserts* (the columns
``supporting`` and ``challenging``) and what *matches*, because a passage codes everything
that the configuration's filled slots ask for. Challenging evidence stands beside supporting
evidence and is never taken off it.
"""

from __future__ import annotations

__all__ = [
    "ORIGINS",
    "Bearings",
    "bearings",
    "evidence_over_versions",
    "evidence_side_by_side",
    "expectations_over_versions",
    "gained_and_lost",
    "version_table",
]

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from eaa_graph.errors import Refused
from eaa_graph.measures.support import Matcher
from eaa_graph.model import ROLES, STANCES, Configuration, slot_concepts
from eaa_graph.network import Incidence
from eaa_graph.tables import Cell, Column, Table, Thing, many
from eaa_graph.theory.sentences import claim_sentence, sentence
from eaa_graph.theory.versions import History, Version

#: Where evidence comes from: a person says so, or the codes match.
ORIGINS = ("asserted", "matched")
_TITLES = {"supports": "Supporting", "refines": "Refining", "challenges": "Challenging"}
_FULL = 2
_NOTE = (
    "Asserted: passages that a person lists; matched: passages that code every slot the configuration fills (all that "
    "acts together, of one alternative). Refining: passages whose coder recorded that they refine the theory; one that "
    "a person lists as well counts there too. Counts are patterns, not causes, and no judgement of confidence; challenging "
    "evidence is never taken off supporting evidence."
)


@dataclass(frozen=True)
class Bearings:
    """The passages that bear on each configuration, by stance and origin.

    Attributes
    ----------
    passages : mapping
        (configuration, stance, origin) to the ids of extractions, sorted.
    articles : mapping
        Extraction id to article id.
    titles : mapping
        Article id to title.
    any_match : mapping
        Configuration to the passages that match at least its mechanism, in whole or part, whatever their stance.
    who : str
        Whose passages were matched.
    """

    passages: Mapping[tuple[str, str, str], tuple[str, ...]]
    articles: Mapping[str, str]
    titles: Mapping[str, str]
    any_match: Mapping[str, tuple[str, ...]]
    who: str

    def of(self, configurations: Iterable[Configuration], stance: str, origin: str) -> tuple[str, ...]:
        """Return the passages with this bearing on any of the configurations, sorted."""
        found = {e for c in configurations for e in self.passages.get((c.id, stance, origin), ())}
        return tuple(sorted(found))

    def in_articles(self, passages: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of the articles that passages come from, sorted."""
        return tuple(sorted({self.articles[e] for e in passages if e in self.articles}))

    def state(self, configuration: Configuration) -> str:
        """Return ``supported``, ``contested``, ``challenged only``, ``refined only``, ``touched only`` or ``untested``."""
        has = {s: any(self.passages.get((configuration.id, s, o)) for o in ORIGINS) for s in STANCES}
        if has["supports"]:
            return "contested" if has["challenges"] else "supported"
        if has["challenges"]:
            return "challenged only"
        if has["refines"]:
            return "refined only"
        return "touched only" if self.any_match.get(configuration.id) else "untested"

    def article_things(self, articles: Iterable[str]) -> tuple[Thing, ...]:
        """Return articles as table cells."""
        return tuple(Thing("article", a, self.titles.get(a, a)) for a in articles)


def bearings(incidence: Incidence, past: History, coder: str = "preferred") -> Bearings:
    """Return what bears on every configuration of every version.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side: what a person asserts counts whoever coded it.
    past : History
    coder : str
        Whose passages are matched: a coder's id, ``"preferred"`` or ``"all"``.

    Raises
    ------
    UnknownName
        If there is no such coder.
    """
    configurations = {c.id: c for version in past.versions for c in version.configurations}
    articles = {
        e: incidence.articles[a].id for e, a in zip(incidence.extractions, incidence.article.tolist(), strict=True)
    }
    titles = {a.id: a.title or a.id for a in incidence.articles}
    passages: dict[tuple[str, str, str], tuple[str, ...]] = {}
    any_match: dict[str, tuple[str, ...]] = {}
    try:
        matcher = Matcher(incidence, coder)
    except Refused:
        # Nothing is coded (by this coder): what people assert is all there is.
        matcher = None
    chosen = incidence.records.review.preferred_coder or "all" if coder == "preferred" else coder
    who = "all coders" if chosen == "all" else chosen
    index = incidence.extraction_index
    for name, configuration in sorted(configurations.items()):
        recorded = {"supports": configuration.supporting, "challenges": configuration.challenging}
        both = {e for ids in recorded.values() for e in ids if e in index}
        refining = STANCES.index("refines")
        recorded["refines"] = tuple(e for e in both if incidence.stance[index[e]] == refining)
        for stance, ids in recorded.items():
            passages[name, stance, "asserted"] = tuple(sorted({e for e in ids if e in index}))
        if matcher is None:
            continue
        lines = matcher.evidence(configuration)
        # A slot left open (-1) asks for nothing.
        whole = lines.matched & (lines.mechanism == _FULL) & ~lines.outside & lines.own
        for part in (lines.context, lines.outcome):
            whole = whole & ((part == _FULL) | (part < 0))
        for number, stance in enumerate(STANCES):
            rows = lines.extraction[whole & (lines.bearing == number)]
            passages[name, stance, "matched"] = incidence.ids(rows.tolist())
        any_match[name] = incidence.ids(lines.extraction[lines.matched & ~lines.outside].tolist())
    return Bearings(passages, articles, titles, any_match, matcher.who if matcher else who)


# --- versions side by side -------------------------------------------------------------------


def evidence_over_versions(
    incidence: Incidence, past: History, coder: str = "preferred", known: Bearings | None = None
) -> Table:
    """Return one row for each version: its configurations by state, and the articles that bear on them.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side.
    past : History
    coder : str
        Whose passages are matched.
    known : Bearings, optional
        Spares counting them again.
    """
    found = known or bearings(incidence, past, coder)
    states = ("supported", "contested", "challenged only", "refined only", "touched only", "untested")
    rows: list[tuple[Cell, ...]] = []
    behind: list[dict[str, tuple[str, ...]]] = []
    for version in past.versions:
        held = version.configurations
        by_state = {state: [c for c in held if found.state(c) == state] for state in states}
        cells: list[Cell] = [version.thing, len(held), *(len(by_state[state]) for state in states)]
        opens: dict[str, tuple[str, ...]] = {}
        for state in states:
            ids = {e for c in by_state[state] for s in STANCES for o in ORIGINS for e in found.of([c], s, o)}
            ids |= (
                {e for c in by_state[state] for e in found.any_match.get(c.id, ())}
                if state == "touched only"
                else set()
            )
            opens[_name(state)] = tuple(sorted(ids))
        for stance, origin in _BEARINGS:
            passages = found.of(held, stance, origin)
            cells.append(len(found.in_articles(passages)))
            opens[f"{stance}_{origin}"] = passages
        rows.append(tuple(cells))
        behind.append(opens)
    return Table(
        name="evidence_over_versions",
        title="Evidence for each version of the theory",
        columns=(
            Column("version", "Version"),
            Column("configurations", "Configurations"),
            Column("supported", "Supported", "Configurations with supporting and without challenging evidence"),
            Column("contested", "Contested", "With supporting and challenging evidence"),
            Column("challenged_only", "Challenged only"),
            Column("refined_only", "Refined only"),
            Column("touched_only", "Touched only", "Passages code part of it, or all of it without a recorded stance"),
            Column("untested", "Untested", "No evidence at all"),
            *_article_columns(),
        ),
        rows=tuple(rows),
        unit="configurations by state; articles by stance and origin",
        denominator=_denominator(incidence, found),
        note=_NOTE,
        source="Robert et al. 2017, doi 10.1186/s13012-017-0554-3",
        opens=_opener(behind),
    )


def evidence_side_by_side(
    incidence: Incidence, past: History, coder: str = "preferred", known: Bearings | None = None
) -> Table:
    """Return one row for each configuration of each version, with its state and the articles that bear on it."""
    found = known or bearings(incidence, past, coder)
    rows: list[tuple[Cell, ...]] = []
    behind: list[dict[str, tuple[str, ...]]] = []
    for version in past.versions:
        for configuration in version.configurations:
            passages = {f"{s}_{o}": found.of([configuration], s, o) for s, o in _BEARINGS}
            counts = [len(found.in_articles(ids)) for ids in passages.values()]
            rows.append(
                (
                    version.thing,
                    Thing("configuration", configuration.id, configuration.id),
                    found.state(configuration),
                    *counts,
                )
            )
            passages["state"] = tuple(sorted({e for ids in passages.values() for e in ids}))
            behind.append(passages)
    return Table(
        name="configurations_over_versions",
        title="Evidence for each configuration of each version",
        columns=(
            Column("version", "Version"),
            Column("configuration", "Configuration"),
            Column("state", "State"),
            *_article_columns(),
        ),
        rows=tuple(rows),
        unit="articles",
        denominator=_denominator(incidence, found),
        note=_NOTE,
        opens=_opener(behind),
    )


def version_table(
    incidence: Incidence, past: History, version: Version, coder: str = "preferred", known: Bearings | None = None
) -> Table:
    """Return what one version says: each configuration and claim as a sentence, with its evidence.

    The evidence of a claim is not counted: claims list none, and passages are matched with configurations only.
    """
    found = known or bearings(incidence, past, coder)
    rows: list[tuple[Cell, ...]] = []
    behind: list[dict[str, tuple[str, ...]]] = []
    for configuration in version.configurations:
        passages = {f"{s}_{o}": found.of([configuration], s, o) for s, o in _BEARINGS}
        rows.append(
            (
                Thing("configuration", configuration.id, configuration.id),
                sentence(configuration, past.labels),
                configuration.statement,
                configuration.author,
                found.state(configuration),
                *(len(found.in_articles(ids)) for ids in passages.values()),
            )
        )
        passages["state"] = tuple(sorted({e for ids in passages.values() for e in ids}))
        behind.append(passages)
    for claim in version.claims:
        said = (Thing("claim", claim.id, claim.id), claim_sentence(claim, past.labels), claim.statement, claim.source)
        rows.append((*said, None, *(None for _ in _BEARINGS)))
        behind.append({})
    return Table(
        name="theory_version",
        title=f"What {version.label} says",
        columns=(
            Column("what", "Configuration or claim"),
            Column("sentence", "As a sentence", "Made from the slots"),
            Column("statement", "In its author's words"),
            Column("author", "Author or source"),
            Column("state", "State of the evidence"),
            *_article_columns(),
        ),
        rows=tuple(rows),
        unit="articles",
        denominator=_denominator(incidence, found),
        note=_NOTE,
        opens=_opener(behind),
    )


def gained_and_lost(
    incidence: Incidence,
    past: History,
    before: Version,
    after: Version,
    coder: str = "preferred",
    known: Bearings | None = None,
) -> Table:
    """Return what the step from one version to another gained, lost and kept, article by article.

    The last row says which configurations are untested: there "gained" means newly left untested.
    """
    found = known or bearings(incidence, past, coder)
    rows: list[tuple[Cell, ...]] = []
    behind: list[dict[str, tuple[str, ...]]] = []
    for stance, origin in _BEARINGS:
        first = found.of(before.configurations, stance, origin)
        second = found.of(after.configurations, stance, origin)
        old, new = set(found.in_articles(first)), set(found.in_articles(second))
        gained, lost = sorted(new - old), sorted(old - new)
        rows.append(
            (
                f"{_TITLES[stance]} articles, {origin}",
                len(old),
                len(new),
                len(gained),
                len(lost),
                len(old & new),
                found.article_things(gained),
                found.article_things(lost),
            )
        )
        came = tuple(e for e in second if found.articles.get(e) in new - old)
        went = tuple(e for e in first if found.articles.get(e) in old - new)
        stayed = tuple(sorted(e for e in {*first, *second} if found.articles.get(e) in old & new))
        behind.append(
            {
                "before": first,
                "after": second,
                "gained": came,
                "gained_which": came,
                "lost": went,
                "lost_which": went,
                "kept": stayed,
            }
        )
    untested = [{c.id for c in version.configurations if found.state(c) == "untested"} for version in (before, after)]
    came_, went_ = sorted(untested[1] - untested[0]), sorted(untested[0] - untested[1])
    rows.append(
        (
            "Untested configurations",
            len(untested[0]),
            len(untested[1]),
            len(came_),
            len(went_),
            len(untested[0] & untested[1]),
            tuple(Thing("configuration", c, c) for c in came_),
            tuple(Thing("configuration", c, c) for c in went_),
        )
    )
    behind.append({})
    return Table(
        name="gained_and_lost",
        title=f"Evidence gained and lost from {before.label} to {after.label}",
        columns=(
            Column("what", "What"),
            Column("before", "Before", f"In {before.id}"),
            Column("after", "After", f"In {after.id}"),
            Column("gained", "Gained"),
            Column("lost", "Lost"),
            Column("kept", "Kept"),
            Column("gained_which", "Which were gained"),
            Column("lost_which", "Which were lost"),
        ),
        rows=tuple(rows),
        unit="articles; in the last row configurations",
        denominator=_denominator(incidence, found),
        note=_NOTE + " Evidence that a version loses is not gone: it bears on what the version no longer says.",
        opens=_opener(behind),
    )


# --- gaps over versions -----------------------------------------------------------------------

#: How far a version meets an expectation, and what to call it.
_MET = ("not in the theory", "in the theory, without supporting evidence", "in the theory, with supporting evidence")


def expectations_over_versions(
    incidence: Incidence, past: History, coder: str = "preferred", known: Bearings | None = None
) -> Table:
    """Return how each version meets what other theories expect, and which gaps it opened, narrowed or closed.

    A gap is open while no configuration holds the expected concept, narrowed when one does, closed when one of those
    has supporting evidence. A version is compared with the best met of those it revises.
    """
    found = known or bearings(incidence, past, coder)
    sources: dict[str, list[str]] = {}
    for expectation in sorted(incidence.records.expectations, key=lambda e: e.key):
        sources.setdefault(expectation.concept, []).append(expectation.source)
    labels = {c.id: c.label for c in incidence.concepts}
    held: dict[tuple[str, str], list[Configuration]] = {}
    for version in past.versions:
        for configuration in version.configurations:
            for concept in _of(configuration):
                held.setdefault((version.id, concept), []).append(configuration)
    rows: list[tuple[Cell, ...]] = []
    behind: list[dict[str, tuple[str, ...]]] = []
    for concept, expected_by in sorted(sources.items()):
        rank = {v.id: _rank(held.get((v.id, concept), []), found) for v in past.versions}
        for version in past.versions:
            configurations = held.get((version.id, concept), [])
            earlier = [rank[p.id] for p in past.parents(version.id)]
            support = tuple(sorted({e for o in ORIGINS for e in found.of(configurations, "supports", o)}))
            against = tuple(sorted({e for o in ORIGINS for e in found.of(configurations, "challenges", o)}))
            rows.append(
                (
                    Thing("concept", concept, labels.get(concept, concept)),
                    "; ".join(expected_by),
                    version.thing,
                    _MET[rank[version.id]],
                    _step(max(earlier), rank[version.id]) if earlier else None,
                    tuple(Thing("configuration", c.id, c.id) for c in configurations),
                    len(found.in_articles(support)),
                    len(found.in_articles(against)),
                )
            )
            behind.append({"supports": support, "challenges": against, "state": support, "step": support})
    return Table(
        name="expectations_over_versions",
        title="What other theories expect, version by version",
        columns=(
            Column("concept", "Expected concept"),
            Column("source", "Expected by"),
            Column("version", "Version"),
            Column("state", "State"),
            Column("step", "Step", "What became of the gap since the version(s) revised; empty for a first version"),
            Column("configurations", "Configurations that hold it"),
            Column("supports", "Supporting articles", "Of those configurations, asserted or matched"),
            Column("challenges", "Challenging articles", "Of those configurations, asserted or matched"),
        ),
        rows=tuple(rows),
        unit="articles",
        denominator=_denominator(incidence, found),
        note=_NOTE
        + " A gap that is closed here has a configuration with evidence: whether that answers the other theory is for "
        "people to judge.",
        opens=_opener(behind),
    )


def _rank(configurations: list[Configuration], found: Bearings) -> int:
    if not configurations:
        return 0
    return 2 if any(found.of(configurations, "supports", origin) for origin in ORIGINS) else 1


def _step(earlier: int, now: int) -> str:
    if now == earlier:
        return "still open" if now == 0 else "still narrowed" if now == 1 else "still closed"
    if now > earlier:
        return "closed" if now == 2 else "narrowed"
    return "opened" if now == 0 else "widened"


def _of(configuration: Configuration) -> tuple[str, ...]:
    return tuple(dict.fromkeys(c for role in ROLES for c in slot_concepts(configuration.slot(role))))


# --- shared by the tables ----------------------------------------------------------------------

_BEARINGS = tuple((stance, origin) for origin in ORIGINS for stance in STANCES)


def _name(state: str) -> str:
    return state.replace(" ", "_")


def _article_columns() -> tuple[Column, ...]:
    return tuple(Column(f"{s}_{o}", f"{_TITLES[s]} articles, {o}") for s, o in _BEARINGS)


def _denominator(incidence: Incidence, found: Bearings) -> str:
    return f"the {many(len(incidence.articles), 'article')} of the review; matched: passages coded by {found.who}"


def _opener(behind: list[dict[str, tuple[str, ...]]]) -> Callable[[int, str], tuple[str, ...]]:
    return lambda row, column: behind[row].get(column, ())
