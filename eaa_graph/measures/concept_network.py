"""The network of what comes up together: which concepts hold it together, and which form groups.

Concepts are joined where they come up together often enough (see :mod:`eaa_graph.measures.cooccurrence`); a link says
no more than that.
"""

from __future__ import annotations

__all__ = ["PARTS", "centrality", "communities"]

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from eaa_graph.errors import BadSettings, Refused
from eaa_graph.measures import Measure
from eaa_graph.measures.cooccurrence import (
    DEFAULT_SEED,
    MINIMUM,
    NOTE,
    ROLE,
    SEED,
    UNIT,
    UNITS,
    WITH_ROLE,
    Counts,
    Floats,
    Side,
    Together,
    one_unit,
)
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table

if TYPE_CHECKING:
    import networkx as nx


def _network(together: Together, minimum: int) -> tuple[nx.Graph, list[tuple[Side, int]]]:
    """Return the co-occurrence network, nodes numbered, and the concept of each node."""
    import networkx as nx

    if minimum < 1:
        raise BadSettings("minimum must be 1 or more: a link needs something that shows it")
    nodes = [(together.first, place) for place in range(len(together.first.concepts))]
    if together.crossed:
        nodes += [(together.second, place) for place in range(len(together.second.concepts))]
    graph = nx.Graph()
    # Numbers as nodes: whatever iterates over sets of them does so alike in every run.
    graph.add_nodes_from(range(len(nodes)))
    i, j = together.pairs
    a = together.counts[i, j]
    shift = len(together.first.concepts) if together.crossed else 0
    keep = a >= minimum
    graph.add_weighted_edges_from(
        (int(x), int(y) + shift, int(w)) for x, y, w in zip(i[keep], j[keep], a[keep], strict=True)
    )
    if not graph.number_of_edges():
        raise Refused(
            f"no two concepts are together in {minimum} or more {UNITS[together.unit]}"
            + (": lower minimum" if minimum > 1 else "")
        )
    return graph, nodes


def _linked(together: Together, graph: nx.Graph, nodes: list[tuple[Side, int]], node: int) -> tuple[str, ...]:
    """Return the extractions behind a concept's links; for one without links those that code it."""
    near = sorted(graph.neighbors(node))
    if not near:
        return together.behind(nodes[node])
    return tuple(sorted({e for other in near for e in together.behind(nodes[node], nodes[other])}))


def _eigenvector(graph: nx.Graph, component: list[int]) -> Floats:
    """Return the leading eigenvector of one connected component's weights, all positive, of length 1."""
    import networkx as nx

    weights = nx.to_numpy_array(graph, nodelist=component, weight="weight")
    _, vectors = np.linalg.eigh(weights)
    leading: Floats = np.abs(vectors[:, -1])
    return leading


def centrality(
    incidence: Incidence,
    role: str = "mechanism",
    with_role: str | None = None,
    unit: str = "article",
    minimum: int = 2,
) -> Table:
    """Return how central each concept is in the network of what comes up together.

    Parameters
    ----------
    incidence : Incidence
    role, with_role, unit
        As for :func:`cooccurrence`.
    minimum : int
        A link needs at least this many units.

    Returns
    -------
    Table
        One row a concept, most links (by weight) first.

    Raises
    ------
    Refused
        If no two concepts are linked.

    References
    ----------
    Freeman LC (1978). Centrality in social networks: conceptual clarification. Social Networks 1(3):215-239.
    doi:10.1016/0378-8733(78)90021-7

    Bonacich P (1987). Power and centrality: a family of measures. American Journal of Sociology 92(5):1170-1182.
    doi:10.1086/228631

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = centrality(columns, minimum=10)
    >>> [(str(row[0]), row[3]) for row in table.rows[:2]]
    [('cooperation', 9), ('dialogue', 9)]
    """
    import networkx as nx

    together = Together.of_roles(incidence, role, with_role, unit)
    graph, nodes = _network(together, minimum)
    weighted = dict(graph.degree(weight="weight"))
    between = nx.betweenness_centrality(graph)
    components = sorted((sorted(c) for c in nx.connected_components(graph)), key=lambda c: (-len(c), c[0]))
    component_of = {node: number for number, c in enumerate(components, 1) for node in c}
    eigenvector: dict[int, float] = {}
    for component in components:
        if len(component) > 1:
            eigenvector.update(zip(component, _eigenvector(graph, component).tolist(), strict=True))
    order = sorted(graph, key=lambda node: (-weighted[node], node))
    rows: list[tuple[Cell, ...]] = [
        (
            together.thing(*nodes[node]),
            nodes[node][0].role,
            int(nodes[node][0].margin[nodes[node][1]]),
            int(graph.degree(node)),
            int(weighted[node]),
            float(between[node]),
            eigenvector.get(node),
            component_of[node],
        )
        for node in order
    ]
    apart = (
        f" The network falls into {len(components)} parts; eigenvector centrality compares concepts of one part only."
    )
    return Table(
        name="centrality",
        title=f"How central each concept is among what comes up together in one {one_unit(unit)}",
        columns=(
            Column("concept", "Concept"),
            Column("role", "Role"),
            Column("units", "Units", f"{UNITS[unit].capitalize()} that have it."),
            Column("degree", "Links", "Other concepts it is together with often enough."),
            Column(
                "weighted_degree",
                "Weight of links",
                f"Sum of the counts of its links; one of the {UNITS[unit]} may count for several links.",
            ),
            Column(
                "betweenness",
                "Betweenness",
                "Share of shortest paths between two others that pass through it (links unweighted), 0 to 1.",
            ),
            Column(
                "eigenvector",
                "Eigenvector",
                "High when its neighbours' are high (links by weight); length 1 in each part; empty without links.",
            ),
            Column("part", "Part", "Number of the connected part of the network it is in, largest first."),
        ),
        rows=tuple(rows),
        unit=UNITS[unit],
        denominator=together.denominator,
        note=NOTE
        + f" A link needs at least {minimum} {UNITS[unit]}. Concepts that are coded often are central for that reason alone: compare with cooccurrence."
        + (apart if len(components) > 1 else ""),
        source="Freeman 1978, doi 10.1016/0378-8733(78)90021-7; Bonacich 1987, doi 10.1086/228631",
        opens=lambda row, column: (
            together.behind(nodes[order[row]]) if column == "units" else _linked(together, graph, nodes, order[row])
        ),
    )


def _adjusted_rand(first: Counts, second: Counts) -> float:
    """Return how alike two divisions are: 1 the same, 0 as alike as by chance.

    References
    ----------
    Hubert L, Arabie P (1985). Comparing partitions. Journal of Classification 2:193-218. doi:10.1007/BF01908075
    """
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), 1)

    def pairs(x: Floats) -> float:
        return float((x * (x - 1) / 2).sum())

    both, a, b = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    all_pairs = len(first) * (len(first) - 1) / 2
    chance = a * b / all_pairs
    most = (a + b) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def _division(groups: Iterable[Iterable[int]], size: int) -> Counts:
    """Return the group of each node, groups numbered from the largest, ties by their first node."""
    ordered = sorted((sorted(g) for g in groups), key=lambda g: (-len(g), g[0]))
    result = np.zeros(size, dtype=np.int64)
    for number, members in enumerate(ordered):
        result[members] = number
    return result


def communities(
    incidence: Incidence,
    role: str = "mechanism",
    with_role: str | None = None,
    unit: str = "article",
    minimum: int = 2,
    resolution: float = 1.0,
    runs: int = 50,
    seed: int = DEFAULT_SEED,
) -> Table:
    """Return groups of concepts that come up together, and how far another seed gives the same groups.

    Parameters
    ----------
    incidence : Incidence
    role, with_role, unit, minimum
        As for :func:`centrality`.
    resolution : float
        Above 1: more and smaller groups.
    runs : int
        Runs of the Louvain method, with seeds `seed`, `seed` + 1, ...; 2 or more.
    seed : int

    Returns
    -------
    Table
        One row a concept, by group. Groups are those of the run with the highest modularity.

    Raises
    ------
    Refused
        If no two concepts are linked.
    BadSettings
        If `resolution` is not above 0, or there are fewer than 2 runs.

    References
    ----------
    Blondel VD, Guillaume JL, Lambiotte R, Lefebvre E (2008). Fast unfolding of communities in large networks. Journal of
    Statistical Mechanics 2008:P10008. doi:10.1088/1742-5468/2008/10/P10008

    Good BH, de Montjoye YA, Clauset A (2010). Performance of modularity maximization in practical contexts. Physical
    Review E 81:046106. doi:10.1103/PhysRevE.81.046106

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = communities(columns, minimum=10, runs=10)
    >>> sorted({row[2] for row in table.rows})
    [1, 2, 3, 4, 5, 6, 7, 8]
    """
    import networkx as nx

    if not resolution > 0 or runs < 2 or seed < 0:
        raise BadSettings("resolution must be above 0, runs 2 or more, seed 0 or more")
    together = Together.of_roles(incidence, role, with_role, unit)
    graph, nodes = _network(together, minimum)
    divisions: list[Counts] = []
    quality: list[float] = []
    for run in range(runs):
        groups = nx.community.louvain_communities(graph, weight="weight", resolution=resolution, seed=seed + run)
        divisions.append(_division(groups, len(nodes)))
        quality.append(float(nx.community.modularity(graph, groups, weight="weight", resolution=resolution)))
    # Rounded, so that divisions equally good up to the last digit are told apart by what they say.
    best = min(range(runs), key=lambda run: (-round(quality[run], 9), divisions[run].tolist()))
    group = divisions[best]
    stack = np.stack(divisions)
    same = np.zeros((len(nodes), len(nodes)))
    for division in divisions:
        same += division[:, None] == division[None, :]
    same /= runs
    alike = float(np.mean([_adjusted_rand(a, b) for a, b in itertools.combinations(stack, 2)]))
    weighted = dict(graph.degree(weight="weight"))
    order = sorted(graph, key=lambda node: (int(group[node]), -weighted[node], node))
    rows: list[tuple[Cell, ...]] = []
    for node in order:
        mates = (group == group[node]) & (np.arange(len(nodes)) != node)
        rivals = group != group[node]
        rows.append(
            (
                together.thing(*nodes[node]),
                nodes[node][0].role,
                int(group[node]) + 1,
                int(mates.sum()) + 1,
                float(same[node][mates].mean()) if mates.any() else None,
                float(same[node][rivals].max()) if rivals.any() else None,
                int(weighted[node]),
            )
        )
    return Table(
        name="communities",
        title=f"Groups of concepts that come up together in one {one_unit(unit)}",
        columns=(
            Column("concept", "Concept"),
            Column("role", "Role"),
            Column("community", "Group", "Number of its group, largest first."),
            Column("size", "Size", "Concepts in the group."),
            Column(
                "stays",
                "Stays with its group",
                "Share of the runs in which it is with a member of this group, on average; empty when alone.",
            ),
            Column("strays", "Strays", "The largest share of the runs in which it is with a concept of another group."),
            Column("weighted_degree", "Weight of links", "Sum of the counts of its links."),
        ),
        rows=tuple(rows),
        unit=UNITS[unit],
        denominator=together.denominator,
        note=NOTE
        + f" Louvain, {runs} runs with seeds {seed} to {seed + runs - 1}; resolution {resolution:g}; best modularity {quality[best]:.3f} "
        f"(from {min(quality):.3f}); two runs agree by an adjusted Rand index of {alike:.3f} on average (1: the same groups, 0: chance); "
        f"{len({tuple(d.tolist()) for d in divisions})} different divisions. The method finds groups in random networks too: read a group only "
        "where concepts stay with it, and look at what its passages say.",
        source="Blondel et al. 2008, doi 10.1088/1742-5468/2008/10/P10008; Hubert & Arabie 1985, doi 10.1007/BF01908075",
        opens=lambda row, _column: _linked(together, graph, nodes, order[row]),
    )


PARTS = (
    Measure(
        "centrality",
        "Which concepts hold the network of co-occurrence together?",
        "Links, weight of links, betweenness and eigenvector centrality of each concept in the network of what comes up together. "
        "It shows a concept's place in what was coded, not its importance in the programme.",
        centrality,
        (ROLE, WITH_ROLE, UNIT, MINIMUM),
        "Freeman 1978, doi 10.1016/0378-8733(78)90021-7",
    ),
    Measure(
        "communities",
        "Which concepts form groups?",
        "Groups of concepts by the Louvain method, and how far another seed gives the same groups. It proposes a way to read the "
        "network; the method finds groups in random networks too.",
        communities,
        (
            ROLE,
            WITH_ROLE,
            UNIT,
            MINIMUM,
            Parameter("resolution", "Above 1: more and smaller groups.", 1.0),
            Parameter("runs", "Runs, each with its own seed.", 50),
            SEED,
        ),
        "Blondel et al. 2008, doi 10.1088/1742-5468/2008/10/P10008",
    ),
)
