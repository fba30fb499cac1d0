"""Wheels, in plain language: an outcome in the hub, and around it what the theory says leads to it."""

from __future__ import annotations

__all__ = ["PART", "draw"]

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    INK,
    LEADING,
    LINE,
    ROLE_COLOURS,
    SHARES,
    SOFT,
    Sheet,
    ink_on,
    key_of,
    label_of,
    listed,
    many,
    number_of,
    sorted_out,
    text_width,
    wrapped,
)
from eaa_graph.errors import Refused
from eaa_graph.tables import Table

#: More wheels, or more sectors in one, than anybody reads.
_MOST, _MOST_SECTORS = 24, 20
#: Share of the wheel that the hub takes: where there are few sectors, and where there are many.
_HUB, _SMALL_HUB = 0.4, 0.365
#: Upper ends of the steps from light to dark, in shares of the most told sector.
_STEPS = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass
class _Sector:
    row: int
    label: str
    count: int


@dataclass
class _Wheel:
    theory: str
    outcome: str
    row: int
    sectors: list[_Sector]


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the wheels as an SVG document.

    Sectors are of equal size, because the theory does not weigh its mechanisms; the number in a sector and its shade
    say how many articles tell of the mechanism and the outcome together.

    Parameters
    ----------
    table : Table
        The answer to ``outcome-mechanisms``.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there is no wheel, or more wheels or sectors than can be read.
    """
    wheels: dict[tuple[str, str], _Wheel] = {}
    for number, record in enumerate(table.records()):
        theory, outcome = label_of(record["theory"]), key_of(record["outcome"])
        wheel = wheels.setdefault((theory, outcome), _Wheel(theory, label_of(record["outcome"]), number, []))
        wheel.sectors.append(_Sector(number, label_of(record["mechanism"]), int(number_of(record["articles"]))))
    if not wheels:
        raise Refused("there is nothing to draw: no configuration joins a mechanism to an outcome")
    if len(wheels) > _MOST:
        raise Refused(f"{len(wheels)} wheels cannot be read in one picture: name one version with theory=…")
    fullest = max(wheels.values(), key=lambda w: len(w.sectors))
    if len(fullest.sectors) > _MOST_SECTORS:
        raise Refused(
            f"the wheel of “{fullest.outcome}” would have {len(fullest.sectors)} sectors: name a version with theory=…"
        )
    sheet = Sheet(prefix or "wheels", table.title, width)
    y = sheet.heading(table)
    most = max((s.count for w in wheels.values() for s in w.sectors), default=0)
    by_theory: dict[str, list[_Wheel]] = {}
    for wheel in wheels.values():
        by_theory.setdefault(wheel.theory, []).append(wheel)
    for theory, own in by_theory.items():
        if theory:
            y = sheet.text(
                sheet.margin, y + sheet.body * 1.1, wrapped(theory, sheet.inner / 1.07, sheet.body, most=3), weight=600
            )
        columns = max(1, min(len(own), 3, int(sheet.inner // (sheet.body * 17))))
        wide = sheet.inner / columns
        if columns == 3 and not all(_size(sheet, wheel, wide)[2] for wheel in own):
            columns, wide = 2, sheet.inner / 2  # names beside a wheel take room
        for start in range(0, len(own), columns):
            line = own[start : start + columns]
            tall = max(_size(sheet, wheel, wide)[1] for wheel in line)
            for place, wheel in enumerate(line):
                _wheel(sheet, wheel, sheet.margin + place * wide, y, wide, tall, most)
            y += tall + sheet.body
    _legend(sheet, y, most, any(not s.count for w in wheels.values() for s in w.sectors))
    sheet.note(table.note)
    return sheet.svg(_told(table, list(wheels.values())))


def _size(sheet: Sheet, wheel: _Wheel, wide: float) -> tuple[float, float, bool]:
    """Return radius, height, and whether the words go into the sectors."""
    count = len(wheel.sectors)
    radius = min(wide * 0.47, sheet.body * 9.2)
    if count <= 6 and all(
        _inside(s.label, (sheet.body, sheet.small), radius, _angle(n, count), count)
        for n, s in enumerate(wheel.sectors)
    ):
        return radius, 2 * radius + sheet.body * 0.6, True
    radius = min(wide * 0.25, sheet.body * 5.5)
    side = math.ceil(count / 2)
    return radius, max(2 * radius, side * sheet.body * sheet.leading * 2.9) + sheet.body * 1.2, False


def _hub(count: int) -> float:
    return _HUB if count < 4 else _SMALL_HUB


def _angle(number: int, count: int) -> float:
    """Return where the middle of a sector points; two sectors stand one above the other, so that words run along."""
    return 2 * math.pi * number / count - math.pi / 2 + (math.pi / count if count > 2 else 0.0)


@lru_cache(maxsize=1024)
def _inside(
    label: str, sizes: tuple[float, float], radius: float, angle: float, count: int
) -> tuple[list[str], float, float, float] | None:
    """Return the words of a sector, their size and the middle of their place from the hub; None if they do not fit."""
    half, hub = math.pi / count, radius * _hub(count)

    def free(x: float, y: float) -> bool:
        away = math.hypot(x, y)
        turn = (math.atan2(y, x) - angle + math.pi) % (2 * math.pi) - math.pi
        side = away * math.sin(half - abs(turn)) if count > 1 and half - abs(turn) < math.pi / 2 else 9.0
        return hub + 2 < away < radius - 2 and abs(turn) < half and side > 1.5

    for size, share in product(sizes, (1.3, 1.0, 0.7)):
        lines = wrapped(label, radius * share, size)
        if len(lines) > 3 or any(line.endswith("-") and line not in label for line in lines):
            continue
        wide = max(text_width(line, size * 1.06) for line in lines)
        high = (len(lines) + 0.8) * size * LEADING
        leading = size * LEADING
        for out in (0.68, 0.7, 0.66, 0.72, 0.64, 0.74, 0.62, 0.76, 0.6):
            x, y = out * radius * math.cos(angle), out * radius * math.sin(angle)
            start = y - high / 2
            tops = [start + len(lines) * leading * n / 4 for n in range(5)]
            if not all(free(x, top) for top in tops):
                continue
            low = far = x
            while all(free(low - 1, top) for top in tops):
                low -= 1
            while all(free(far + 1, top) for top in tops):
                far += 1
            if far - low < wide:
                continue
            middle = min(max(x, low + wide / 2), far - wide / 2)
            if all(free(middle + side * sizes[0] * 0.9, start + high) for side in (1, -1)):
                return lines, size, middle, y
    return None


def _wheel(sheet: Sheet, wheel: _Wheel, x: float, y: float, wide: float, tall: float, most: int) -> None:
    radius, _, inside = _size(sheet, wheel, wide)
    cx, cy = x + wide / 2, y + tall / 2
    count = len(wheel.sectors)
    hub = radius * (_hub(count) if inside else 0.62)
    half = math.pi / count
    labels: list[tuple[_Sector, float]] = []
    for number, sector in enumerate(wheel.sectors):
        angle = _angle(number, count)
        fill = _shade(sector.count, most)
        sheet.path(
            _ring(cx, cy, hub, radius, angle - half, angle + half),
            cy + radius,
            fill=fill if sector.count else sheet.hatch,
            stroke="#ffffff" if sector.count else LINE,
            weight=1.6,
            cell=(sector.row, "articles", sector.count),
            tip=f"{sector.label} and {wheel.outcome}: {many(sector.count, 'article')}",
        )
        ink = ink_on(fill) if sector.count else INK
        placed = _inside(sector.label, (sheet.body, sheet.small), radius, angle, count) if inside else None
        if placed is not None:
            lines, size, dx, dy = placed
            first = cy + dy - (len(lines) + 1) * size * sheet.leading / 2 + size
            halo = not sector.count
            after = sheet.text(cx + dx, first, lines, size=size, anchor="middle", fill=ink, weight=600, halo=halo)
            sheet.text(cx + dx, after, str(sector.count), anchor="middle", fill=ink, halo=halo)
        else:
            tx, ty = (cx + radius * 0.81 * math.cos(angle), cy + radius * 0.81 * math.sin(angle) + sheet.small * 0.35)
            sheet.text(tx, ty, str(sector.count), size=sheet.small, anchor="middle", fill=ink, halo=not sector.count)
            labels.append((sector, angle))
    sheet.circle(cx, cy, radius, fill="none", stroke=LINE, weight=0.6)
    sheet.circle(cx, cy, hub, fill="#ffffff", stroke=ROLE_COLOURS["outcome"], weight=2.2, tip=wheel.outcome)
    lines, size = _hub_words(wheel.outcome, (sheet.body, sheet.small), hub)
    first = cy - (len(lines) - 1) * size * sheet.leading / 2 + size * 0.35
    sheet.text(cx, first, lines, size=size, anchor="middle", weight=600)
    for side in (1, -1):
        _outside(
            sheet,
            [entry for entry in labels if (math.cos(entry[1]) > 1e-9) == (side > 0)],
            side,
            (cx, cy, radius),
            (x, y, wide, tall),
        )


def _hub_words(name: str, sizes: tuple[float, ...], hub: float) -> tuple[list[str], float]:
    """Return the lines and the size in which a name stands in the hub, whole if that can be."""
    for size in sizes:
        for share, most in ((1.72, 2), (1.6, 3), (1.45, 3), (1.25, 4)):
            lines = wrapped(name, hub * share, size * 1.07, most=most)
            if any(line.endswith(("-", "…")) for line in lines):
                continue
            # Lines above and below the middle have less room: every corner has to be inside.
            corners = (
                math.hypot(
                    text_width(line, size) / 2,
                    abs(n - (len(lines) - 1) / 2) * size * LEADING + (size * 0.4 if len(lines) > 1 else 0.0),
                )
                for n, line in enumerate(lines)
            )
            if max(corners) <= hub:
                return lines, size
    return wrapped(name, hub * 1.45, sizes[-1] * 1.07, most=3), sizes[-1]


def _outside(
    sheet: Sheet,
    labels: list[tuple[_Sector, float]],
    side: int,
    circle: tuple[float, float, float],
    box: tuple[float, float, float, float],
) -> None:
    """Write the names beside the wheel, each joined to its sector by a line."""
    if not labels:
        return
    cx, cy, radius = circle
    _, y, wide, tall = box
    labels = sorted(labels, key=lambda entry: (math.sin(entry[1]), entry[0].row))
    reach = radius + sheet.body * 1.3
    room = wide / 2 - reach - 4
    lines = [wrapped(sector.label, room, sheet.small, most=3) for sector, _ in labels]
    leading = sheet.small * sheet.leading
    heights = [len(words) * leading + sheet.small * 0.3 for words in lines]
    wanted = [(cy + radius * 1.05 * math.sin(angle), high) for (_, angle), high in zip(labels, heights, strict=True)]
    for (_, angle), words, middle in zip(labels, lines, sorted_out(wanted, y, y + tall), strict=True):
        px, py = cx + radius * math.cos(angle), cy + radius * math.sin(angle)
        sheet.path(f"M{px:.2f} {py:.2f}L{cx + side * reach:.2f} {middle:.2f}", middle, stroke=LINE, weight=0.7)
        first = middle - (len(words) - 1) * leading / 2 + sheet.small * 0.35
        sheet.text(cx + side * (reach + 2), first, words, size=sheet.small, anchor="start" if side > 0 else "end")


def _ring(cx: float, cy: float, inner: float, outer: float, start: float, end: float) -> str:
    def point(radius: float, angle: float) -> str:
        return f"{cx + radius * math.cos(angle):.2f} {cy + radius * math.sin(angle):.2f}"

    if end - start > 2 * math.pi - 1e-6:  # one sector all around: two half rings
        middle = (start + end) / 2
        halves = (
            f"M{point(r, start)}A{r:.2f} {r:.2f} 0 0 1 {point(r, middle)}A{r:.2f} {r:.2f} 0 0 1 {point(r, end)}Z"
            for r in (outer, inner)
        )
        return "".join(halves)
    large = int(end - start > math.pi + 1e-9)
    return (
        f"M{point(outer, start)}A{outer:.2f} {outer:.2f} 0 {large} 1 {point(outer, end)}"
        f"L{point(inner, end)}A{inner:.2f} {inner:.2f} 0 {large} 0 {point(inner, start)}Z"
    )


def _shade(count: int, most: int) -> str:
    if not count or not most:
        return "#ffffff"
    return SHARES[next(n for n, end in enumerate(_STEPS) if count <= end * most + 1e-9)]


def _legend(sheet: Sheet, y: float, most: int, bare: bool) -> None:
    box = sheet.small * 1.3

    def patch(fill: str) -> Callable[[float, float], None]:
        return lambda x, at: sheet.rect(x, at - box / 2, box * 1.6, box, fill=fill, stroke=LINE, weight=0.4)

    entries: list[tuple[float, Callable[[float, float], object], str]] = []
    low = 1
    for fill, end in zip(SHARES, _STEPS, strict=True):
        high = math.floor(end * most + 1e-9)
        if high >= low:
            words = f"{low} to {high}" if high > low else str(high)
            entries.append((box * 1.6, patch(fill), f"{words} {'article' if high == 1 else 'articles'}"))
            low = high + 1
    if bare:
        entries.append((box * 1.6, patch(sheet.hatch), "not told yet in any article"))
    sheet.line(sheet.margin, y, sheet.margin + sheet.inner, y, stroke=LINE, weight=0.5)
    sheet.legend(entries, sheet.margin, y + sheet.small * 0.5)
    sheet.text(
        sheet.margin,
        sheet.bottom + sheet.small * 1.5,
        wrapped(
            "In the middle of each wheel: what may come about. Around it: what the theory says brings it about. "
            "The order around a wheel has no meaning.",
            sheet.inner,
            sheet.small,
        ),
        size=sheet.small,
        fill=SOFT,
    )
    sheet.bottom -= sheet.small * 0.6


def _told(table: Table, wheels: list[_Wheel]) -> str:
    told = [many(len(wheels), "wheel") + f", one for each outcome; numbers are {table.unit}."]
    for wheel in wheels:
        parts = listed([f"{s.label} ({s.count})" for s in wheel.sectors])
        told.append(f"{wheel.outcome}: {parts}.")
    return " ".join(told)


PART = Chart(
    name="wheels",
    title="What leads to what, as wheels",
    description=(
        "One wheel for each outcome of the theory with the mechanisms that lead to it: the theory in plain language, for people who "
        "read no configurations."
    ),
    table="outcome-mechanisms",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
