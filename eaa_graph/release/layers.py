"""Drawings of things in layers, joined by named lines: every name has room of its own, so no two can overlap.

Things stand in rows from top to bottom. A line leaves the lower side of a thing at
a port as wide as the line's name, runs straight beside the name, and bends only
below it; where a line passes a row that it has no business in, room is kept for it.
"""

from __future__ import annotations

__all__ = ["Line", "drawing"]

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

_CHAR, _SMALL = 8.6, 7.0
_HIGH, _NAMES, _BEND = 26.0, 24.0, 34.0
_GAP, _EDGE = 18.0, 12.0


@dataclass(frozen=True)
class Line:
    """A line from one thing to another.

    Attributes
    ----------
    start, end : str
        What it joins; the arrow points at `end`.
    name, link : str
        What is written beside it, and where that leads.
    dashed : bool
    """

    start: str
    end: str
    name: str
    link: str = ""
    dashed: bool = False


@dataclass(eq=False)
class _Place:
    """A thing in its row, or the room that a line needs to pass one."""

    layer: int
    width: float
    thing: str = ""
    x: float = 0.0
    above: list[_Place] = field(default_factory=list)
    below: list[_Place] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def _wanted(place: _Place, sides: Sequence[_Place]) -> float:
    return sum(s.middle for s in sides) / len(sides) if sides else place.middle


def _settle(rows: list[list[_Place]]) -> None:
    """Order each row by its neighbours and move things under one another as far as there is room."""
    for row in rows:
        x = 0.0
        for place in row:
            place.x, x = x, x + place.width + _GAP
    for sweep in range(12):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wanted = {p: _wanted(p, p.above if down else p.below) for p in row}
            if sweep < 6:
                row.sort(key=lambda p: wanted[p])
            groups: list[tuple[list[_Place], float]] = []  # things that touch move as one
            for place in row:
                group, left = [place], wanted[place] - place.width / 2
                while groups:
                    before, start = groups[-1]
                    width = sum(p.width + _GAP for p in before)
                    if start + width <= left:
                        break
                    groups.pop()
                    left = (start * len(before) + (left - width) * len(group)) / (len(before) + len(group))
                    group = before + group
                groups.append((group, left))
            for group, left in groups:
                for place in group:
                    place.x, left = left, left + place.width + _GAP
    least = min(p.x for row in rows for p in row)
    for row in rows:
        for place in row:
            place.x += _EDGE - least


def drawing(
    things: Mapping[str, tuple[str, str]], lines: Sequence[Line], identifier: str, title: str, description: str
) -> str:
    """Return a drawing as SVG to stand in a page; its colours are those of the text around it.

    Parameters
    ----------
    things : mapping of str to (str, str)
        Name and link of each, in reading order: of two things that are joined the earlier stands higher.
    lines : sequence of Line
        A line from a thing to itself is not drawn.
    identifier : str
        Begins the ids inside the drawing.
    title, description : str
    """
    order = {thing: n for n, thing in enumerate(things)}
    drawn = [line for line in lines if line.start != line.end]
    ends = [sorted((line.start, line.end), key=order.__getitem__) for line in drawn]
    layer: dict[str, int] = {}
    for thing in things:
        layer[thing] = max((layer[a] + 1 for a, b in ends if b == thing), default=0)
    ports: dict[str, float] = defaultdict(float)
    wide = [len(line.name) * _SMALL + 16 for line in drawn]
    for (upper, _), width in zip(ends, wide, strict=True):
        ports[upper] += width
    places = {t: _Place(layer[t], max(len(name) * _CHAR + 20, ports[t]), t) for t, (name, _) in things.items()}
    rows: list[list[_Place]] = [[] for _ in range(max(layer.values()) + 1)]
    for place in places.values():
        rows[place.layer].append(place)
    paths: list[list[_Place]] = []
    for upper, lower in ends:
        path = [places[upper]]
        for number in range(layer[upper] + 1, layer[lower]):
            path.append(_Place(number, 8.0))
            rows[number].append(path[-1])
        path.append(places[lower])
        for one, other in pairwise(path):
            one.below.append(other)
            other.above.append(one)
        paths.append(path)
    _settle(rows)

    def top(number: int) -> float:
        return _EDGE + number * (_HIGH + _NAMES + _BEND)

    # Ports stand in the order of where their lines go, so that lines of one thing do not cross.
    leave, arrive = [0.0] * len(drawn), [0.0] * len(drawn)
    for thing, place in places.items():
        going = sorted((n for n, (a, _) in enumerate(ends) if a == thing), key=lambda n: (paths[n][1].middle, n))
        x = place.middle - sum(wide[n] for n in going) / 2
        for n in going:
            leave[n], x = x + 8, x + wide[n]
        coming = sorted((n for n, (_, b) in enumerate(ends) if b == thing), key=lambda n: (paths[n][-2].middle, n))
        for at, n in enumerate(coming, 1):
            arrive[n] = place.x + place.width * at / (len(coming) + 1)
    body = []
    for n, (line, path) in enumerate(zip(drawn, paths, strict=True)):
        x, first = leave[n], path[0]
        y = top(first.layer) + _HIGH
        steps = [f"M{x:.1f} {y:g}"]
        for place in path[1:]:
            to = arrive[n] if place is path[-1] else place.middle
            start, end = top(place.layer - 1) + _HIGH + _NAMES, top(place.layer)
            bend = (start + end) / 2
            steps.append(f"V{start:g}C{x:.1f} {bend:g} {to:.1f} {bend:g} {to:.1f} {end:g}")
            x = to
        up = line.end == first.thing
        tip = f"M{leave[n]:.1f} {y:g}l-4 7h8z" if up else f"M{x:.1f} {top(path[-1].layer):g}l-4 -7h8z"
        dash = ' stroke-dasharray="4 3"' if line.dashed else ""
        text = f'<text x="{leave[n] + 6:.1f}" y="{y + 16:g}" font-size="12">{escape(line.name)}</text>'
        body.append(
            f'<path d="{"".join(steps)}" fill="none" stroke="currentColor" stroke-opacity=".6"{dash}/>'
            f'<path d="{tip}" fill="currentColor"/>'
            + (f'<a href="{escape(line.link)}">{text}</a>' if line.link else text)
        )
    for thing, place in places.items():
        name, link = things[thing]
        y = top(place.layer)
        body.append(
            f'<a href="{escape(link)}"><rect x="{place.x:.1f}" y="{y:g}" width="{place.width:.1f}" height="{_HIGH:g}" rx="3" '
            f'fill="currentColor" fill-opacity=".07" stroke="currentColor"/><text x="{place.middle:.1f}" y="{y + 17:g}" '
            f'text-anchor="middle" font-weight="600">{escape(name)}</text></a>'
        )
    width = max(p.x + p.width for row in rows for p in row) + _EDGE
    height = top(len(rows) - 1) + _HIGH + _EDGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="group" aria-labelledby="{identifier}-t {identifier}-d" font-family="system-ui, Arial, sans-serif" font-size="13" '
        f'fill="currentColor"><title id="{identifier}-t">{escape(title)}</title>'
        f'<desc id="{identifier}-d">{escape(description)}</desc>{"".join(body)}</svg>'
    )
