"""The review as a network: GraphML and GEXF for Gephi, JSON for Kumu.

Nodes are concepts and configurations. A concept is joined to a configuration by the role it
plays there, and to another concept by how many extractions code both: counts, not causes.
"""

from __future__ import annotations

__all__ = ["PARTS", "network", "write_gexf", "write_graphml", "write_kumu"]

import io
import json
import re
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

from eaa_graph.model import ROLES, Records, slot_concepts
from eaa_graph.writers import Writer
from eaa_graph.writers.whole import write_whole


def network(records: Records) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str, dict[str, Any]]]]:
    """Return nodes and edges of a review, in a stable order.

    Returns
    -------
    nodes : dict
        ``concept/<id>`` and ``configuration/<id>`` to label, kind and in how many extractions and articles.
    edges : list of (str, str, dict)
        ``relation`` is a role (concept to configuration: contexts, mechanisms ...; configuration to its outcomes)
        or ``coded together`` with the number of extractions and articles.
    """
    extractions: dict[str, set[str]] = defaultdict(set)
    articles: dict[str, set[str]] = defaultdict(set)
    together: dict[tuple[str, str], set[str]] = defaultdict(set)
    in_articles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for extraction in records.extractions:
        coded = sorted({c for role in ROLES for c in extraction.codes(role)})
        for code in coded:
            extractions[code].add(extraction.id)
            articles[code].add(extraction.article)
        for pair in combinations(coded, 2):
            together[pair].add(extraction.id)
            in_articles[pair].add(extraction.article)
    nodes: dict[str, dict[str, Any]] = {}
    for concept in records.concepts:
        nodes[f"concept/{concept.id}"] = {
            "label": concept.label,
            "type": "concept",
            "kind": concept.listed_as or "",
            "extractions": len(extractions[concept.id]),
            "articles": len(articles[concept.id]),
        }
    edges: list[tuple[str, str, dict[str, Any]]] = []
    for configuration in records.configurations:
        own = f"configuration/{configuration.id}"
        nodes[own] = {
            "label": configuration.statement or configuration.id,
            "type": "configuration",
            "kind": "",
            "extractions": len(configuration.supporting) + len(configuration.challenging),
            "articles": 0,
        }
        for role in ROLES:
            for member in slot_concepts(configuration.slot(role)):
                ends = (own, f"concept/{member}") if role == "outcome" else (f"concept/{member}", own)
                edges.append((*ends, {"relation": role, "extractions": 0, "articles": 0}))
    for pair in sorted(together):
        data = {"relation": "coded together", "extractions": len(together[pair]), "articles": len(in_articles[pair])}
        edges.append((f"concept/{pair[0]}", f"concept/{pair[1]}", data))
    return nodes, edges


def as_networkx(records: Records) -> Any:
    """Return :func:`network` as a networkx MultiDiGraph."""
    import networkx as nx

    graph = nx.MultiDiGraph(name=records.review.title)
    nodes, edges = network(records)
    for node, data in nodes.items():
        graph.add_node(node, **data)
    for number, (start, end, data) in enumerate(edges):
        weight = max(data["extractions"], 1)
        graph.add_edge(start, end, key=number, id=str(number), weight=weight, **data)
    return graph


def write_graphml(records: Records, path: Path) -> list[Path]:
    """Write the network as GraphML (Gephi, yEd, Cytoscape, igraph)."""
    import networkx as nx

    return [write_whole(path, "\n".join(nx.generate_graphml(as_networkx(records))) + "\n")]


def write_gexf(records: Records, path: Path) -> list[Path]:
    """Write the network as GEXF (Gephi). The same review gives the same bytes: no date is written."""
    import networkx as nx

    stream = io.BytesIO()
    nx.write_gexf(as_networkx(records), stream, version="1.2draft")
    text = re.sub(r' lastmodifieddate="[^"]*"', "", stream.getvalue().decode("utf-8"))
    return [write_whole(path, text.rstrip() + "\n")]


def write_kumu(records: Records, path: Path) -> list[Path]:
    """Write the network as Kumu JSON: elements and connections."""
    nodes, edges = network(records)
    definitions = {f"concept/{c.id}": c.definition for c in records.concepts}
    elements = [
        {
            "id": node,
            "label": data["label"],
            "type": data["kind"] or data["type"],
            **({"description": definitions[node]} if definitions.get(node) else {}),
            "extractions": data["extractions"],
            "articles": data["articles"],
        }
        for node, data in nodes.items()
    ]
    connections = [
        {
            "id": str(number),
            "from": start,
            "to": end,
            "type": data["relation"],
            "direction": "mutual" if data["relation"] == "coded together" else "directed",
            "extractions": data["extractions"],
            "articles": data["articles"],
        }
        for number, (start, end, data) in enumerate(edges)
    ]
    content = {"elements": elements, "connections": connections}
    return [write_whole(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")]


PARTS = [
    Writer("gexf", "GEXF", "Concepts and configurations as a network, for Gephi.", ".gexf", write_gexf),
    Writer(
        "graphml",
        "GraphML",
        "Concepts and configurations as a network, for Gephi, yEd, Cytoscape.",
        ".graphml",
        write_graphml,
    ),
    Writer(
        "kumu", "Kumu JSON", "Concepts and configurations as elements and connections, for Kumu.", ".json", write_kumu
    ),
]
