"""Structural holes: where the theory itself has openings, whatever the evidence.

The theory's graph has a node for each concept of its configurations and claims. Two are linked when a
configuration says that one bears on the other (a condition on a mechanism, a mechanism on an outcome), that they act
together, or when a claim joins them. Holes in it are links that one would look for: two concepts with many
neighbours in common and no link of their own, parts of the theory that hang together by one concept only, concepts
that nothing joins, and slots left open.
"""

from __future__ import annotations

__all__ = ["PART", "structural_holes", "theory_graph"]

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.gaps import GapRule
from eaa_graph.gaps.combinations import claimed_pairs
from eaa_graph.gaps.reporting import plural, who
from eaa_graph.measures.support import passages
from eaa_graph.model import HEURISTICS, ROLES, Records, slot_concepts
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

if TYPE_CHECKING:
    import networkx as nx

_CONDITIONS = ("context", "intervention", "actor")
_MECHANISM = ("mechanism", "resource", "reasoning")
_KINDS = ("missing link", "bridge", "isolated concept", "open slot")
_SOURCE = "Burt 1992, Structural Holes (constraint, effective size); Freeman 1977, doi 10.2307/3033543 (betweenness)"


def theory_graph(records: Records, theory: str | None = None) -> nx.Graph:
    """Return the graph of concepts that the theory joins.

    Parameters
    ----------
    records : Records
    theory : str or None
        Id of a version; None for all configurations and claims together.

    Returns
    -------
    networkx.Graph
        Nodes are concept ids with ``roles`` (sorted tuple); edges have ``by``, the sorted ids of the configurations and
        claims that join the two.

    Raises
    ------
    UnknownName
        If no version has that id.
    """
    import networkx as nx

    joined: dict[tuple[str, str], set[str]] = {}
    for pair, by in claimed_pairs(records, theory).items():
        if pair.concept != pair.other:
            joined.setdefault((min(pair.concept, pair.other), max(pair.concept, pair.other)), set()).update(by)
    for claim in records.claims:
        if theory is None or claim.theory == theory:
            for a in claim.from_concepts:
                for b in claim.to_concepts:
                    if a != b:
                        joined.setdefault((min(a, b), max(a, b)), set()).add(claim.id)
    held = _holding(records, theory)
    roles: dict[str, set[str]] = {}
    for configuration in records.configurations:
        if configuration.id in held:
            for role in ROLES:
                for concept in slot_concepts(configuration.slot(role)):
                    roles.setdefault(concept, set()).add(role)
    listed = {c.id: c.listed_as for c in records.concepts}
    for pair_ in joined:
        for name in pair_:
            if name not in roles:
                roles[name] = {listed.get(name) or ""} - {""}
    graph = nx.Graph()
    graph.add_nodes_from((name, {"roles": tuple(sorted(roles[name]))}) for name in sorted(roles))
    graph.add_edges_from((*ends, {"by": tuple(sorted(joined[ends]))}) for ends in sorted(joined))
    return graph


def _holding(records: Records, theory: str | None) -> set[str]:
    names = {c.id for c in records.configurations}
    if theory is None:
        return names
    versions = {t.id: t for t in records.theories}
    if theory not in versions:
        raise UnknownName("theory version", theory, versions)
    return names & set(versions[theory].configurations)


def _of_burt(linked: list[str], neighbours: dict[str, set[str]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return Burt's constraint and effective size of everything that has a neighbour, as networkx counts them.

    Of a graph without weights both are short in matrices; networkx copies the surroundings of every node.
    """
    tied = np.array([[float(other in neighbours[one]) for other in linked] for one in linked])
    if not linked:
        return {}, {}
    degree = tied.sum(axis=1)
    share = tied / degree[:, None]
    constraint = (tied * (share + share @ share) ** 2).sum(axis=1)
    ties_among = ((tied @ tied) * tied).sum(axis=1)
    size = degree - ties_among / degree
    return (
        {n: round(float(c), 12) for n, c in zip(linked, constraint, strict=True)},
        {n: round(float(s), 12) for n, s in zip(linked, size, strict=True)},
    )


def _could_be_linked(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether a configuration could join the two: a mechanism with anything, nothing else directly."""
    return any(r in _MECHANISM for r in one) or any(r in _MECHANISM for r in other)


def structural_holes(incidence: Incidence, theory: str | None = None, shared: int = 2) -> Table:
    """Return missing links, bridges, isolated concepts and open slots of the theory.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count; used to say what the evidence has where the theory has a hole.
    theory : str or None
        Id of a theory version; None for all configurations and claims together.
    shared : int
        How many neighbours two concepts without a link must share to be listed, 1 or more.

    Returns
    -------
    Table
        Missing links (most shared neighbours first), bridges (fewest constraints first), isolated concepts (most coded
        first), open slots.

    Raises
    ------
    Refused
        If the theory joins nothing and holds no configuration.
    BadSettings
        If `shared` is less than 1.

    References
    ----------
    Burt RS (1992). Structural Holes: The Social Structure of Competition. Harvard University Press.

    Freeman LC (1977). A set of measures of centrality based on betweenness. Sociometry 40(1):35-41. doi:10.2307/3033543

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = structural_holes(columns, theory="eaa-pilot-1")
    >>> len(table) > 0, table.unit
    (True, "articles; concepts of the theory's graph")
    """
    import networkx as nx

    if shared < 1:
        raise BadSettings(
            "shared must be 1 or more: two concepts without a common neighbour have nothing to suggest a link"
        )
    records = incidence.records
    held = _holding(records, theory)
    graph = theory_graph(records, theory)
    if not held and not graph.number_of_edges():
        where = f"theory version {theory!r}" if theory is not None else "the review"
        raise Refused(f"{where} holds no configuration and no claim: there is no theory to look for holes in")
    index = incidence.concept_index
    labels = {c.id: c.label for c in incidence.concepts}
    cache: dict[str, tuple[Index, Index]] = {}

    def coded(name: str) -> tuple[Index, Index]:
        """Return the passages that code a concept in any role, and their articles."""
        if name not in cache:
            found = [passages(incidence, role, index[name]) for role in ROLES] if name in index else []
            rows = np.unique(np.concatenate(found)).astype(np.int32) if found else np.zeros(0, dtype=np.int32)
            cache[name] = (rows, np.unique(incidence.article[rows]))
        return cache[name]

    def thing(name: str) -> Thing:
        return Thing("concept", name, labels.get(name, name))

    rows: list[tuple[Cell, ...]] = []
    behind: list[Index] = []

    def add(
        kind: str, subject: tuple[Thing, ...], beside: tuple[Thing, ...], rows_: Index, reading: str,
        common: int | None = None, constraint: float | None = None, size: float | None = None,
        between: float | None = None, slot: str | None = None,
    ) -> None:  # fmt: skip
        articles = len(np.unique(incidence.article[rows_])) if slot is None else None
        rows.append((kind, subject, slot, beside, common, articles, constraint, size, between, reading))
        behind.append(rows_)

    nodes = list(graph.nodes)
    neighbours = {n: set(graph[n]) for n in nodes}
    missing = []
    for one, other in combinations(nodes, 2):
        common = neighbours[one] & neighbours[other]
        if len(common) >= shared and other not in neighbours[one] and _could_be_linked(graph.nodes[one]["roles"], graph.nodes[other]["roles"]):  # fmt: skip
            missing.append((one, other, sorted(common)))
    for one, other, between_them in sorted(missing, key=lambda m: (-len(m[2]), m[0], m[1])):
        both = np.intersect1d(coded(one)[0], coded(other)[0])
        articles = len(np.unique(incidence.article[both]))
        evidence = (
            f"{plural(articles, 'article')} with a passage that codes both" if articles else "no passage codes both"
        )
        add(
            "missing link", (thing(one), thing(other)), tuple(map(thing, between_them)), both,
            f"“{labels.get(one, one)}” and “{labels.get(other, other)}” are both joined to "
            f"{', '.join(labels.get(n, n) for n in between_them)}, never to each other; {evidence}.",
            common=len(between_them),
        )  # fmt: skip
    linked = [n for n in nodes if neighbours[n]]
    constraint, size = _of_burt(linked, neighbours)
    # networkx adds over sets, whose order changes from run to run, and with it the last digits.
    between = {n: round(float(b), 12) for n, b in nx.betweenness_centrality(graph).items()}
    parts = nx.number_connected_components(graph)
    for name in sorted(nx.articulation_points(graph), key=lambda n: (constraint[n], n)):
        without = graph.copy()
        without.remove_node(name)
        left = sorted((sorted(c) for c in nx.connected_components(without)), key=lambda c: (len(c), c))
        apart = [c for c in left if neighbours[name] & set(c)]
        alone = [", ".join(labels.get(n, n) for n in c) for c in apart[:-1]]
        add(
            "bridge", (thing(name),), tuple(map(thing, sorted(neighbours[name]))), coded(name)[0],
            f"“{labels.get(name, name)}” alone holds {plural(len(apart), 'part')} of the theory together: without it "
            f"{'; '.join(alone)} {'would come' if len(alone) == 1 else 'would each come'} apart from the rest.",
            constraint=constraint[name], size=size[name], between=between[name],
        )  # fmt: skip
    isolated = [c for c in records.concepts if c.listed_as in ROLES and not neighbours.get(c.id)]
    for concept in sorted(isolated, key=lambda c: (-len(coded(c.id)[1]), c.id)):
        articles = len(coded(concept.id)[1])
        why = "stands in a configuration by itself" if concept.id in neighbours else "is joined to nothing"
        status = f" ({concept.status})" if concept.status else ""
        add(
            "isolated concept", (thing(concept.id),), (), coded(concept.id)[0],
            f"“{concept.label}”{status} {why} in the theory; {plural(articles, 'article')} with it coded.",
        )  # fmt: skip
    wanted = HEURISTICS[records.review.heuristic]
    for configuration in sorted(records.configurations, key=lambda c: c.id):
        if configuration.id not in held:
            continue
        for role in wanted:
            filled = any(configuration.slot(r) for r in (_MECHANISM if role == "mechanism" else (role,)))
            if not filled:
                filled_by = [c for r in ROLES for c in slot_concepts(configuration.slot(r))]
                add(
                    "open slot", (Thing("configuration", configuration.id, configuration.id),),
                    tuple(thing(c) for c in dict.fromkeys(filled_by)), np.zeros(0, dtype=np.int32),
                    f"{configuration.id} leaves its {role} open, which {records.review.heuristic} asks for.", slot=role,
                )  # fmt: skip
    of = f"theory version {theory}" if theory is not None else "all configurations and claims"
    return Table(
        name="structural-holes",
        title="Where does the theory itself have openings?",
        columns=(
            Column("kind", "Kind", ", ".join(_KINDS)),
            Column("subject", "What", "The concept, the two concepts, or the configuration."),
            Column("slot", "Slot left open"),
            Column("neighbours", "Joined to", "Common neighbours of a missing link; otherwise all neighbours."),
            Column("shared", "Neighbours shared"),
            Column("articles", "Articles", "Articles with a passage that codes it, or both, in whatever role."),
            Column("constraint", "Constraint", "Burt's constraint: low for one who joins what is otherwise apart."),
            Column(
                "effective_size",
                "Effective size",
                "Burt's effective size: neighbours that are not joined to each other.",
            ),
            Column("betweenness", "Betweenness", "Share of shortest paths that lead through it."),
            Column("reading", "Reading", "The row in words."),
        ),
        rows=tuple(rows),
        unit="articles; concepts of the theory's graph",
        denominator=(
            f"{of}: {plural(graph.number_of_nodes(), 'concept')}, {plural(graph.number_of_edges(), 'link')}, "
            f"{plural(parts, 'part')}; articles by {who(incidence)}"
        ),
        note=(
            "These are openings in what the theory says, read off its form. A link that is missing may be missing for "
            "good reason; a bridge is a place where the theory depends on one idea. Nothing here weighs evidence."
        ),
        source=_SOURCE,
        opens=lambda row, _column: incidence.ids(behind[row].tolist()),
    )


PART = GapRule(
    "structural-holes",
    "Where does the theory itself have openings?",
    "Concepts that share many neighbours in the theory and are never joined, concepts that alone hold parts of it "
    "together, concepts that nothing joins, and slots that configurations leave open; with the articles that code them. "
    "It reads the form of the theory, not the strength of its evidence.",
    structural_holes,
    (
        Parameter("theory", "Id of a theory version; left out: all configurations together.", None, refers_to="theory"),
        Parameter("shared", "Neighbours that two concepts must share to be listed.", 2),
    ),
    _SOURCE,
)
