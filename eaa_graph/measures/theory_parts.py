"""What a theory is made of, part by part, with the evidence for each whole: for pictures of it.

A configuration is told by its slots; a slot left open is a row too, because an open slot is something the theory
says. Beside the theory stand the paths that passages code from context through mechanism to outcome.
"""

from __future__ import annotations

__all__ = ["PARTS", "coded_paths", "configuration_parts", "newest", "outcome_mechanisms"]

import numpy as np

from eaa_graph.errors import BadSettings, Refused
from eaa_graph.measures import Measure
from eaa_graph.measures.support import Evidence, Matcher, configurations_of, passages, title_of
from eaa_graph.model import HEURISTICS, ROLES, STANCES, Configuration, Records, Theory, slot_concepts
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

_MECHANISM = ("resource", "reasoning", "mechanism")
#: The order of telling: who does what, where; what it offers and sets off; what comes of it.
_TOLD = ("intervention", "actor", "context", "resource", "reasoning", "mechanism", "outcome")
_ALL = "all"
_THEORY = Parameter(
    "theory",
    "Id of a version; left out: the newest with configurations; 'all' for every one.",
    None,
    refers_to="theory",
)
_CODER = Parameter("coder", "Whose passages are matched: a coder's id, 'preferred' or 'all'.", "preferred")


def newest(records: Records) -> str | None:
    """Return the id of the theory version that others have led to, or None where none holds configurations.

    Of the versions that hold configurations and are revised by no other such version, rivals come last; then the
    latest date counts, then the id.
    """
    holding = [t for t in records.theories if t.configurations]
    revised = {name for t in holding for name in t.revision_of}
    ends = [t for t in holding if t.id not in revised] or holding
    if not ends:
        return None
    return max(ends, key=lambda t: (t.status != "rival", t.date or "", t.id)).id


def _chosen(incidence: Incidence, theory: str | None) -> list[tuple[Theory | None, Configuration]]:
    wanted = None if theory == _ALL else (theory or newest(incidence.records))
    return list(configurations_of(incidence, wanted))


def _concept(incidence: Incidence, name: str) -> Thing:
    number = incidence.concept_index.get(name)
    return Thing("concept", name, name) if number is None else incidence.concept_thing(number)


def _slots(configuration: Configuration, heuristic: str) -> list[tuple[str, int, str | None]]:
    """Return (role, alternative from 1, concept) of everything a configuration says; (role, 0, None) for an open slot."""
    found: list[tuple[str, int, str | None]] = []
    asked = HEURISTICS[heuristic]
    halves = [role for role in ("resource", "reasoning") if configuration.slot(role)]
    for role in _TOLD:
        slot = configuration.slot(role)
        found += [(role, n, name) for n, alternative in enumerate(slot, start=1) for name in dict.fromkeys(alternative)]
        if slot:
            continue
        # A mechanism told by one half leaves the other half open; told by neither, the whole is open.
        missing_half = role in ("resource", "reasoning") and halves and not configuration.mechanisms
        if missing_half or (role in asked and not (role == "mechanism" and halves)):
            found.append((role, 0, None))
    return found


def _articles(incidence: Incidence, lines: Evidence, stance: str) -> int:
    rows = lines.extraction[lines.bearing == STANCES.index(stance)]
    return len(np.unique(incidence.article[rows]))


def configuration_parts(
    incidence: Incidence, theory: str | None = None, concept: str | None = None, coder: str = "preferred"
) -> Table:
    """Return every part of every configuration, with how many articles support, refine and challenge the whole.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    theory : str or None
        Id of a version; None for the newest one that holds configurations, ``"all"`` for every one.
    concept : str or None
        Only configurations that name this concept (id or label).
    coder : str
        Whose passages are matched; what a person asserts counts whoever coded it.

    Returns
    -------
    Table
        By theory, configuration, role in the order of telling, alternative and the author's order. Concepts with
        one number of alternative act together; another number is another way. A slot left open has alternative 0
        and no concept. The counts are those of the configuration, repeated in each of its rows.

    Raises
    ------
    Refused
        If there are no configurations (with that concept).
    UnknownName
        If the version, the concept or the coder is not known.

    References
    ----------
    Jagosh J et al. (2015). A realist evaluation of community-based participatory research: partnership synergy, trust building
    and related ripple effects. BMC Public Health 15:725. doi:10.1186/s12889-015-1949-1

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = configuration_parts(columns, theory="eaa-initial")
    >>> sorted({str(cell) for cell in table.column("configuration")})
    ['E01', 'E02', 'E03']
    """
    wanted = None if concept is None else incidence.concepts[incidence.concept(concept)].id
    chosen = [
        (version, c)
        for version, c in _chosen(incidence, theory)
        if wanted is None or any(wanted in slot_concepts(c.slot(role)) for role in ROLES)
    ]
    if not chosen:
        raise Refused(f"no configuration names {concept!r}: leave the concept out, or name another theory version")
    matcher = Matcher(incidence, coder) if len(incidence) else None
    found: dict[str, Evidence] = {}
    rows: list[tuple[Cell, ...]] = []
    behind: list[Evidence | None] = []
    for version, configuration in chosen:
        lines = None
        if matcher is not None:
            lines = found.get(configuration.id)
            if lines is None:
                lines = found[configuration.id] = matcher.evidence(configuration)
        counts = [0 if lines is None else _articles(incidence, lines, stance) for stance in STANCES]
        for role, alternative, name in _slots(configuration, incidence.records.review.heuristic):
            rows.append(
                (
                    title_of(version),
                    Thing("configuration", configuration.id, configuration.id),
                    role,
                    alternative,
                    None if name is None else _concept(incidence, name),
                    *counts,
                    configuration.polarity,
                    configuration.statement,
                )
            )
            behind.append(lines)

    def opens(row: int, column: str) -> tuple[str, ...]:
        lines = behind[row]
        if lines is None:
            return ()
        keep = np.ones(len(lines.extraction), dtype=np.bool_)
        if column in STANCES:
            keep = lines.bearing == STANCES.index(column)
        return incidence.ids(lines.extraction[keep].tolist())

    none = "" if matcher is not None else " Nothing has been coded yet, so there is no evidence to count."
    return Table(
        name="configuration-parts",
        title="The configurations of the theory, and the articles that bear on each",
        columns=(
            Column("theory", "Theory version", "Empty for configurations of none."),
            Column("configuration", "Configuration"),
            Column("role", "Role"),
            Column("alternative", "Alternative", "Concepts with one number act together; 0: the slot is left open."),
            Column("concept", "Concept", "Empty where the slot is left open."),
            Column("supports", "Supporting articles", "Of the whole configuration."),
            Column("refines", "Refining articles", "Of the whole configuration."),
            Column("challenges", "Challenging articles", "Of the whole configuration; never taken off the others."),
            Column("polarity", "Polarity"),
            Column("statement", "Statement", "The author's own words."),
        ),
        rows=tuple(rows),
        unit="articles with a passage that bears on the configuration",
        denominator=matcher.denominator
        if matcher is not None
        else f"the {many(len(incidence.articles), 'article')} of the review",
        note=(
            "A passage bears on a configuration when it codes at least part of its mechanism, or when a person says so. "
            "One article may support and challenge: challenges are never taken off supports. Counts are patterns, not causes."
            + none
        ),
        source="Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        opens=opens,
    )


def outcome_mechanisms(incidence: Incidence, theory: str | None = None) -> Table:
    """Return the mechanisms that a theory joins to each outcome, with the articles that tell of the two together.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.
    theory : str or None
        Id of a version; None for the newest one that holds configurations, ``"all"`` for every one.

    Returns
    -------
    Table
        One row for each outcome and mechanism, in the order of the configurations.

    Raises
    ------
    Refused
        If no configuration joins a mechanism to an outcome.

    References
    ----------
    Pawson R, Tilley N (1997). Realistic Evaluation. London: Sage.

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = outcome_mechanisms(columns, theory="eaa-initial")
    >>> [str(cell) for cell in table.rows[0][:2]]
    ['EAA initial programme theory (Masterson et al. 2024)', 'engagement']
    """
    joined: dict[tuple[str, str, str], dict[str, None]] = {}
    versions: dict[str, Theory | None] = {}
    for version, configuration in _chosen(incidence, theory):
        key = version.id if version else ""
        versions[key] = version
        for outcome in slot_concepts(configuration.outcomes):
            for role in _MECHANISM:
                for mechanism in slot_concepts(configuration.slot(role)):
                    joined.setdefault((key, outcome, mechanism), {}).setdefault(configuration.id)
    if not joined:
        raise Refused("no configuration joins a mechanism to an outcome: fill both slots of at least one configuration")
    rows: list[tuple[Cell, ...]] = []
    behind: list[np.ndarray] = []
    for (key, outcome, mechanism), names in joined.items():
        both = np.zeros(0, dtype=np.int32)
        if outcome in incidence.concept_index and mechanism in incidence.concept_index:
            told = passages(incidence, "outcome", incidence.concept_index[outcome])
            set_off = [passages(incidence, role, incidence.concept_index[mechanism]) for role in _MECHANISM]
            both = np.intersect1d(told, np.concatenate(set_off))
        stances = [both[incidence.stance[both] == STANCES.index(stance)] for stance in STANCES]
        rows.append(
            (
                title_of(versions[key]),
                _concept(incidence, outcome),
                _concept(incidence, mechanism),
                tuple(Thing("configuration", name, name) for name in names),
                *(len(np.unique(incidence.article[r])) for r in (both, *stances)),
            )
        )
        behind.append(both)

    def opens(row: int, column: str) -> tuple[str, ...]:
        both = behind[row]
        if column in STANCES:
            both = both[incidence.stance[both] == STANCES.index(column)]
        return incidence.ids(both.tolist())

    order = sorted(range(len(rows)), key=lambda n: _place(joined, versions, n))
    behind = [behind[n] for n in order]
    return Table(
        name="outcome-mechanisms",
        title="What the theory says leads to each outcome",
        columns=(
            Column("theory", "Theory version", "Empty for configurations of none."),
            Column("outcome", "Outcome"),
            Column("mechanism", "Mechanism", "Or one of its halves, resource or reasoning."),
            Column("configurations", "Configurations", "Those that join the two."),
            Column("articles", "Articles", "With a passage that codes both, whatever its stance."),
            Column("supports", "Supporting articles"),
            Column("refines", "Refining articles"),
            Column("challenges", "Challenging articles"),
        ),
        rows=tuple(rows[n] for n in order),
        unit="articles with a passage that tells of both",
        denominator=f"the {many(len(incidence.articles), 'article')} of the review",
        note=(
            "The theory says which mechanism goes with which outcome; the number says how many articles tell of the two in "
            "one passage. A small number may mean that it is seldom reported, not that it seldom happens."
        ),
        opens=opens,
    )


def _place(
    joined: dict[tuple[str, str, str], dict[str, None]], versions: dict[str, Theory | None], number: int
) -> tuple[int, int, int]:
    """Keep the versions in order, the mechanisms of one outcome together, and else the order of the configurations."""
    keys = list(joined)
    outcomes = list(dict.fromkeys((key, outcome) for key, outcome, _ in keys))
    key, outcome, _ = keys[number]
    return (list(versions).index(key), outcomes.index((key, outcome)), number)


def coded_paths(incidence: Incidence, concept: str | None = None, minimum: int = 1) -> Table:
    """Return the paths from context through mechanism to outcome that passages code, by articles.

    A passage that codes two mechanisms between one context and one outcome tells two paths. Where it leaves
    the context or the outcome out, the path says so: nothing is filled in.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.
    concept : str or None
        Only paths through this concept (id or label).
    minimum : int
        Least articles of a path.

    Returns
    -------
    Table
        Paths told by most articles first, then by ids. Each row counts articles, so the sum over rows counts pairs of
        an article and a path.

    Raises
    ------
    BadSettings
        If `minimum` is below 1.
    Refused
        If no passage codes a mechanism.

    References
    ----------
    Jackson SF, Kolla G (2012). A new realistic evaluation analysis method: linked coding of context, mechanism, and
    outcome relationships. American Journal of Evaluation 33(3):339-349. doi:10.1177/1098214012440030

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = coded_paths(columns)
    >>> [str(cell) for cell in table.rows[0]]
    ['mixed stakeholder groups', 'cooperation', 'engagement', '15']
    """
    if minimum < 1:
        raise BadSettings("minimum must be 1 article or more")
    wanted = None if concept is None else incidence.concept(concept)
    by_role: list[dict[int, list[int]]] = []
    for roles in (("context",), _MECHANISM, ("outcome",)):
        codes: dict[int, list[int]] = {}
        keep = np.isin(incidence.coding_role, [ROLES.index(role) for role in roles])
        for extraction, code in zip(
            incidence.coding_extraction[keep].tolist(), incidence.coding_concept[keep].tolist(), strict=True
        ):
            codes.setdefault(extraction, []).append(code)
        by_role.append(codes)
    contexts, mechanisms, outcomes = by_role
    if not mechanisms:
        raise Refused("no passage codes a mechanism, so no path runs through one")
    told: dict[tuple[int, int, int], list[int]] = {}
    for extraction, through in sorted(mechanisms.items()):
        for context in dict.fromkeys(contexts.get(extraction, [-1])):
            for mechanism in dict.fromkeys(through):
                for outcome in dict.fromkeys(outcomes.get(extraction, [-1])):
                    if wanted is None or wanted in (context, mechanism, outcome):
                        told.setdefault((context, mechanism, outcome), []).append(extraction)
    counted = [(len(set(incidence.article[np.array(rows)].tolist())), path, rows) for path, rows in told.items()]

    def name(number: int) -> str:
        return incidence.concepts[number].id if number >= 0 else ""

    kept = sorted((entry for entry in counted if entry[0] >= minimum), key=lambda e: (-e[0], *(name(n) for n in e[1])))
    behind = [rows for _, _, rows in kept]
    articles = len(set(incidence.article.tolist()))
    return Table(
        name="coded-paths",
        title="Paths from context through mechanism to outcome",
        columns=(
            Column("context", "Context", "Empty where the passage codes none."),
            Column("mechanism", "Mechanism", "Or one of its halves, resource or reasoning."),
            Column("outcome", "Outcome", "Empty where the passage codes none."),
            Column("articles", "Articles", "With a passage that codes all of the path."),
        ),
        rows=tuple((*(incidence.concept_thing(n) if n >= 0 else None for n in path), count) for count, path, _ in kept),
        unit="pairs of an article and a path",
        denominator=f"the {many(articles, 'article')} with at least one passage in the selection",
        note=(
            "A path is one context, one mechanism and one outcome coded in one passage; where a passage codes no context or no "
            "outcome the cell is empty, and one that codes no mechanism tells no path. An article counts once for each path, "
            "so it counts several times where it tells several. Coded together does not mean that one led to the other."
        ),
        opens=lambda row, _: incidence.ids(behind[row]),
    )


PARTS = (
    Measure(
        "configuration-parts",
        "What does each configuration join, and how many articles bear on it?",
        "Every slot of every configuration with its alternatives, open slots included, and the articles that support, refine "
        "and challenge the configuration as a whole. It shows the theory as written; the counts do not judge it.",
        configuration_parts,
        (
            _THEORY,
            Parameter("concept", "Only configurations that name this concept.", None, refers_to="concept"),
            _CODER,
        ),
        "Jagosh et al. 2015, doi 10.1186/s12889-015-1949-1",
        all_coders=True,
    ),
    Measure(
        "outcome-mechanisms",
        "What does the theory say leads to each outcome, and how many articles tell of it?",
        "For each outcome of the theory the mechanisms joined to it, and the articles with a passage that codes both. "
        "Seldom told is not seldom true.",
        outcome_mechanisms,
        (_THEORY,),
    ),
    Measure(
        "coded-paths",
        "Which whole paths from context through mechanism to outcome do passages tell?",
        "One context, one mechanism and one outcome coded in one passage, counted in articles. A passage with several codes "
        "tells several paths; where it codes no context or no outcome, the path stays open there.",
        coded_paths,
        (
            Parameter("concept", "Only paths through this concept.", None, refers_to="concept"),
            Parameter("minimum", "Least articles of a path.", 1),
        ),
    ),
)
