"""The saturation curve: how many different codes are seen as articles are added."""

from __future__ import annotations

__all__ = ["PART", "draw"]

import math

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import INK, LINE, SHARES, SOFT, Sheet, number_of, text_width
from eaa_graph.errors import Refused
from eaa_graph.tables import Table

#: More marks than this on one curve are thinned out; the curve goes through all rows.
_MOST_MARKS = 60


def _ticks(most: float, wanted: int = 5) -> list[float]:
    """Return round numbers from 0 that reach `most`."""
    raw = max(most, 1.0) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw - 1e-9)
    step = max(step, 1.0)  # codes and articles are whole
    return [step * n for n in range(math.ceil(most / step - 1e-9) + 1)]


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the accumulation curve as an SVG document.

    Parameters
    ----------
    table : Table
        The answer to ``saturation``.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there are fewer than two units: a curve needs two points.
    """
    rows = [tuple(number_of(c) for c in row) for row in table.rows]
    if len(rows) < 2:
        raise Refused("there is nothing to draw: a curve needs at least two articles")
    place = {c.name: n for n, c in enumerate(table.columns)}
    sheet = Sheet(prefix or "saturation", table.title, width)
    top = sheet.heading(table, f"out of {table.denominator}" if table.denominator else "") + sheet.body * 1.2
    furthest = max(r[place["units"]] for r in rows)
    across = [t for t in _ticks(furthest, 5 if sheet.inner > 260 else 4) if t <= furthest]
    up = _ticks(max(max(r[place["high"]], r[place["expected"]]) for r in rows))
    left = sheet.margin + text_width(f"{up[-1]:.0f}", sheet.body) + 7
    right = sheet.margin + sheet.inner - sheet.body * 3.2
    high = min((right - left) * 0.42, sheet.body * 28)
    bottom = top + high

    def x(units: float) -> float:
        return left + (right - left) * units / furthest

    def y(codes: float) -> float:
        return bottom - high * codes / up[-1]

    for tick in up:
        sheet.line(left, y(tick), right, y(tick), stroke=LINE if tick else INK, weight=0.4 if tick else 0.8)
        sheet.text(left - 5, y(tick) + sheet.body * 0.35, f"{tick:.0f}", anchor="end", fill=SOFT)
    for tick in across:
        sheet.line(x(tick), bottom, x(tick), bottom + 3, stroke=INK)
        sheet.text(x(tick), bottom + sheet.body * 1.4, f"{tick:.0f}", anchor="middle", fill=SOFT)
    unit = "articles read" if "article" in table.denominator else "units read"
    sheet.text((left + right) / 2, bottom + sheet.body * 2.8, unit, anchor="middle")
    sheet.text(sheet.margin, top - sheet.body * 0.9, table.unit)
    upper = [f"{x(r[place['units']]):.2f} {y(r[place['high']]):.2f}" for r in rows]
    lower = [f"{x(r[place['units']]):.2f} {y(r[place['low']]):.2f}" for r in reversed(rows)]
    sheet.path(f"M{'L'.join(upper)}L{'L'.join(lower)}Z", bottom, fill=SHARES[1])
    curve = [f"{x(r[place['units']]):.2f} {y(r[place['expected']]):.2f}" for r in rows]
    sheet.path(f"M{'L'.join(curve)}", bottom, stroke=INK, weight=1.2)
    for number in _marked(len(rows)):
        row = rows[number]
        sheet.circle(
            x(row[place["units"]]),
            y(row[place["expected"]]),
            1.3,
            fill="#ffffff",
            stroke=INK,
            weight=0.7,
            cell=(number, "expected", table.rows[number][place["expected"]]),
            tip=f"{row[place['units']]:.0f}: {row[place['expected']]:.1f} expected, {row[place['low']]:.0f} to {row[place['high']]:.0f}",
        )
    last = rows[-1]
    sheet.text(
        x(last[place["units"]]) + 5,
        y(last[place["expected"]]) + sheet.body * 0.35,
        f"{last[place['expected']]:.0f}",
        weight=600,
    )
    size = sheet.small
    sheet.legend(
        [
            (
                size * 2,
                lambda at, middle: sheet.line(at, middle, at + size * 2, middle, stroke=INK, weight=1.2),
                "expected, over all orders of reading",
            ),
            (
                size * 2,
                lambda at, middle: sheet.rect(at, middle - size * 0.5, size * 2, size, fill=SHARES[1]),
                "the middle 95% of random orders",
            ),
        ],
        left,
        bottom + sheet.body * 3.4,
    )
    sheet.note(table.note)
    half = next(r for r in rows if r[place["expected"]] >= last[place["expected"]] / 2)
    return sheet.svg(
        f"Curve over {len(rows)} {unit.split(' ', maxsplit=1)[0]}: {last[place['expected']]:.0f} {table.unit} in all, half of "
        f"them after {half[place['units']]:.0f}. The last one read brings {last[place['new']]:.2f} new ones on average; "
        f"the first brings {rows[0][place['expected']]:.1f}."
    )


def _marked(count: int) -> list[int]:
    """Return the rows that get a mark: all, or evenly many, the first and the last always."""
    if count <= _MOST_MARKS:
        return list(range(count))
    return sorted({round(n * (count - 1) / (_MOST_MARKS - 1)) for n in range(_MOST_MARKS)})


PART = Chart(
    name="saturation",
    title="Do further articles still bring new codes?",
    description="How many different codes are seen as articles are added, whatever the order of reading.",
    table="saturation",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
