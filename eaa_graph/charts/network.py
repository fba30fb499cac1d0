"""The co-occurrence network: concepts on a ring by group, links as wide as they are often."""

from __future__ import annotations

__all__ = ["PART", "draw"]

import math
from collections.abc import Callable
from dataclasses import dataclass

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    INK,
    SHAPES,
    Sheet,
    key_of,
    label_of,
    many,
    number_of,
    text_width,
    wrapped,
)
from eaa_graph.errors import Refused
from eaa_graph.registry import Parameter
from eaa_graph.tables import Table

#: More links, or more concepts, than an eye can follow; and as many as are drawn unasked.
_MOST_LINKS, _MOST_NODES, _UNASKED = 90, 64, 40
#: Fills that go with the shapes of the groups: greys, since colours stand for roles, light enough for a dark edge.
_FILLS = ("#ffffff", "#b4bcc4", "#e1e5e9", "#98a1aa", "#f2f4f6", "#cdd3d9", "#a6aeb6", "#ebeef0")
#: Links are amounts, in the hue in which amounts are drawn throughout.
_LINK = "#4a94c8"


@dataclass
class _Node:
    key: str
    label: str
    units: int
    row: int
    column: str
    group: int = 0
    x: float = 0.0
    y: float = 0.0
    radius: float = 0.0


@dataclass
class _Link:
    row: int
    first: str
    second: str
    count: int


def _read(table: Table, groups: Table | None) -> tuple[dict[str, _Node], list[_Link]]:
    nodes: dict[str, _Node] = {}
    links = []
    for number, record in enumerate(table.records()):
        ends = []
        for side in ("first", "second"):
            key = key_of(record[side])
            column = f"{side}_units"
            nodes.setdefault(key, _Node(key, label_of(record[side]), int(number_of(record[column])), number, column))
            ends.append(key)
        links.append(_Link(number, ends[0], ends[1], int(number_of(record["count"]))))
    for record in groups.records() if groups is not None else ():
        key = key_of(record["concept"])
        if key in nodes:
            nodes[key].group = int(number_of(record["community"]))
    return nodes, sorted(links, key=lambda k: (-k.count, k.first, k.second))


def _least(links: list[_Link]) -> int:
    """Return the smallest count from which on the links can be read."""
    for most in (_UNASKED, _MOST_LINKS):
        for least in sorted({k.count for k in links}):
            if _fits([k for k in links if k.count >= least], most):
                return least
    return links[0].count + 1


def _fits(links: list[_Link], most: int = _MOST_LINKS) -> bool:
    return len(links) <= most and len({e for k in links for e in (k.first, k.second)}) <= _MOST_NODES


def _ring(nodes: dict[str, _Node], links: list[_Link]) -> list[_Node]:
    """Return the nodes in the order of the ring: by group, and within a group so that linked ones are near."""
    near: dict[str, dict[str, int]] = {key: {} for key in nodes}
    for link in links:
        near[link.first][link.second] = link.count
        near[link.second][link.first] = link.count
    ring: list[_Node] = []
    sizes: dict[int, int] = {}
    for node in nodes.values():
        sizes[node.group] = sizes.get(node.group, 0) + 1
    for group in sorted(sizes, key=lambda g: (g == 0, g)):
        left = {n.key for n in nodes.values() if n.group == group}
        placed: list[str] = []
        while left:
            # The next is the one most tied to what has just been placed.
            tie = {k: sum(near[k].get(p, 0) / (n + 1) for n, p in enumerate(reversed(placed[-3:]))) for k in left}
            best = min(left, key=lambda k: (-round(tie[k], 9), -sum(near[k].values()), k))
            placed.append(best)
            left.remove(best)
        ring += [nodes[key] for key in placed]
    return ring


def draw(table: Table, groups: Table | None = None, least: int = 0, width: str = "174", prefix: str = "") -> str:
    """Return the network of co-occurrence as an SVG document.

    Concepts stand on a ring in fixed places, so that names never overlap and the same evidence always gives the same
    picture. The width of a link and the area of a concept are proportional to their counts.

    Parameters
    ----------
    table : Table
        The answer to ``cooccurrence``.
    groups : Table, optional
        The answer to ``communities`` for the same unit and roles.
    least : int
        Least count of a link that is drawn; 0 for as few as can be read. What is left out is counted below.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If nothing occurs together, or so much that it would be a hairball.
    """
    every, links = _read(table, groups)
    if not links:
        raise Refused("there is nothing to draw: no two concepts come up together often enough; ask for minimum=1")
    enough = _least(links)
    chosen = [k for k in links if k.count >= (least or enough)]
    if enough > links[0].count:
        raise Refused(
            f"{len(links)} links, none stronger than the others, would be a hairball: choose another role=… or unit=…"
        )
    if not chosen:
        raise Refused(f"no link counts {least}: ask for least={links[0].count} or fewer")
    if not _fits(chosen):
        kept = sum(k.count >= enough for k in links)
        raise Refused(f"{len(chosen)} links would be a hairball: ask for least={enough}, which leaves {kept}")
    shown = {e for k in chosen for e in (k.first, k.second)}
    nodes = {key: node for key, node in every.items() if key in shown}
    ring = _ring(nodes, chosen)
    sheet = Sheet(prefix or "co-occurrence", table.title, width)
    top = sheet.heading(table)
    _place(sheet, ring, top)
    widest = sheet.body * 0.75
    most = links[0].count
    middle = (sheet.margin + sheet.inner / 2, sum(n.y for n in ring) / len(ring))
    for link in reversed(chosen):
        a, b = nodes[link.first], nodes[link.second]
        # Bent towards the middle, the more the farther apart: neighbours are joined almost straight.
        bend = min(0.6, 0.5 * math.hypot(a.x - b.x, a.y - b.y) / (sheet.inner * 0.45))
        cx, cy = ((p + q) / 2 + bend * (m - (p + q) / 2) for p, q, m in ((a.x, b.x, middle[0]), (a.y, b.y, middle[1])))
        sheet.path(
            f"M{a.x:.2f} {a.y:.2f}Q{cx:.2f} {cy:.2f} {b.x:.2f} {b.y:.2f}",
            max(a.y, b.y),
            stroke=_LINK,
            weight=widest * link.count / most,
            opacity=0.5,
            cell=(link.row, "count", link.count),
            tip=f"{a.label} with {b.label}: {link.count} {table.unit}",
        )
    for node in ring:
        shape, fill = _look(node.group)
        sheet.shape(
            shape,
            node.x,
            node.y,
            node.radius,
            fill=fill,
            stroke=INK,
            cell=(node.row, node.column, node.units),
            tip=f"{node.label}: {node.units} {table.unit}",
        )
    _labels(sheet, ring, middle[0])
    _legend(sheet, table, ring, (widest, most, min(k.count for k in chosen)))
    left_out = len(links) - len(chosen)
    fewest = min(k.count for k in chosen)
    alone = len(every) - len(nodes)
    sheet.note(
        (
            f"Drawn: the {len(chosen)} links of {fewest} or more {table.unit}; {many(left_out, 'weaker link')}"
            + (f" and {many(alone, 'concept')} with weaker links only" if alone else "")
            + " left out. "
            if left_out
            else f"All {len(chosen)} links. "
        )
        + _first_sentence(table.note)
        + (" Groups are found by the links alone and would be found in chance too." if groups is not None else "")
    )
    strongest = chosen[0]
    group_count = len({n.group for n in ring if n.group})
    return sheet.svg(
        f"Network of {len(ring)} concepts with {many(len(chosen), 'link')}"
        + (f" in {many(group_count, 'group')}" if group_count else "")
        + f". Strongest: {nodes[strongest.first].label} with {nodes[strongest.second].label}, {strongest.count} {table.unit}. "
        + "Most often: "
        + ", ".join(f"{n.label} {n.units}" for n in sorted(ring, key=lambda n: (-n.units, n.key))[:5])
        + "."
    )


def _first_sentence(note: str) -> str:
    return note.split(". ")[0].rstrip(".") + "." if note else ""


def _look(group: int) -> tuple[str, str]:
    """Return shape and fill of a group; without a group a white circle."""
    if not group:
        return "circle", "#ffffff"
    return SHAPES[(group - 1) % len(SHAPES)], _FILLS[(group - 1) % len(_FILLS)]


def _place(sheet: Sheet, ring: list[_Node], top: float) -> None:
    """Set the nodes on a ring with equal steps down each side, so that every name has a line of its own."""
    count = len(ring)
    most = max(n.units for n in ring)
    right = ring[: (count + 1) // 2]
    left = list(reversed(ring[(count + 1) // 2 :]))
    side = max(len(right), len(left))
    step = max(sheet.body * sheet.leading * 1.08, min(sheet.inner * 0.75 / max(side, 1), sheet.body * 3.2))
    high = step * side
    largest = min(step * 0.45, sheet.body * 1.3)
    room = sheet.inner - 2 * (min(max(text_width(n.label, sheet.body) for n in ring), sheet.inner * 0.27) + largest + 8)
    across = min(room, max(high * 1.15, sheet.inner * 0.36)) / 2
    middle = sheet.margin + sheet.inner / 2
    for nodes, sign in ((right, 1), (left, -1)):
        offset = (side - len(nodes)) * step / 2
        for number, node in enumerate(nodes):
            node.y = top + offset + (number + 0.5) * step
            at = (node.y - top - high / 2) / (high / 2 + step * 0.3)
            node.x = middle + sign * across * math.sqrt(max(1 - at * at, 0.0))
            node.radius = largest * math.sqrt(node.units / most)


def _labels(sheet: Sheet, ring: list[_Node], middle: float) -> None:
    largest = max(n.radius for n in ring)
    for node in ring:
        outward = 1 if node.x >= middle else -1
        x = node.x + outward * (largest * 1.3 + 3)
        room = sheet.margin + sheet.inner - x if outward > 0 else x - sheet.margin
        label = wrapped(node.label, room, sheet.body, most=1)
        sheet.text(x, node.y + sheet.body * 0.35, label, anchor="start" if outward > 0 else "end", halo=True)


def _legend(sheet: Sheet, table: Table, ring: list[_Node], scale: tuple[float, int, int]) -> None:
    widest, most, fewest = scale

    def stroke(weight: float) -> Callable[[float, float], None]:
        return lambda x, at: sheet.line(x, at, x + sheet.body * 2, at, stroke=_LINK, weight=weight)

    def mark(group: int, radius: float) -> Callable[[float, float], None]:
        shape, fill = _look(group)
        return lambda x, at: sheet.shape(shape, x + radius * 1.2, at, radius, fill=fill, stroke=INK)

    counts = sorted({fewest, most})
    entries: list[tuple[float, Callable[[float, float], object], str]] = [
        (sheet.body * 2, stroke(widest * count / most), f"together in {count} {table.unit}") for count in counts
    ]
    units = [n.units for n in ring]
    biggest = max(n.radius for n in ring)
    for count in sorted({min(units), max(units)}):
        radius = biggest * math.sqrt(count / max(units))
        entries.append((2.4 * radius, mark(0, radius), f"coded in {count}"))
    groups = sorted({n.group for n in ring if n.group})
    entries += [
        (sheet.small * 1.3, mark(group, sheet.small * 0.52), f"group {group}") for group in groups if len(groups) > 1
    ]
    if groups and any(not n.group for n in ring):
        entries.append((sheet.small * 1.3, mark(0, sheet.small * 0.52), "in no group"))
    if len(groups) == 1:
        entries.append((0.0, lambda _x, _at: None, "all concepts form one group"))
    sheet.bottom = max(n.y for n in ring) + sheet.body * 1.4
    sheet.line(sheet.margin, sheet.bottom, sheet.margin + sheet.inner, sheet.bottom, stroke="#dfe3e7", weight=0.5)
    sheet.legend(entries, sheet.margin, sheet.bottom + sheet.small * 0.7, 2 * biggest)


PART = Chart(
    name="co-occurrence",
    title="Which concepts come up together",
    description=(
        "Concepts on a ring, by group; a link is as wide as the number of articles (or passages) that code both. It shows what "
        "was coded together, not what causes what."
    ),
    table="cooccurrence",
    function=draw,
    parameters=(
        Parameter("least", "Least count of a link that is drawn; 0: as few as can be read.", 0),
        WIDTH,
        PREFIX,
    ),
    also=("communities",),
    given=(("null", "none"), ("runs", "10")),
)
