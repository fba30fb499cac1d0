"""Agreement: for each code a dot with its interval, beside plain percent agreement."""

from __future__ import annotations

__all__ = ["PART", "draw"]

import math
from typing import Any

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    INK,
    LINE,
    PALE,
    SOFT,
    Sheet,
    label_of,
    many,
    number_of,
    text_width,
    wrapped,
)
from eaa_graph.errors import Refused, UnknownName
from eaa_graph.registry import Parameter
from eaa_graph.tables import Table, Thing

_NAMES = {
    "kappa": "Cohen's kappa",
    "alpha": "Krippendorff's alpha",
    "ac1": "Gwet's AC1",
    "percent": "percent agreement",
}


def draw(table: Table, statistic: str = "alpha", width: str = "174", prefix: str = "") -> str:
    """Return agreement on each code as dots with intervals, an SVG document.

    Parameters
    ----------
    table : Table
        The answer to ``agreement``.
    statistic : str
        ``alpha``, ``kappa``, ``ac1`` or ``percent``: what the dot shows. Percent agreement stands beside it always,
        because chance-corrected figures mislead where a code is rare.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there is nothing to compare.
    """
    if statistic not in _NAMES:
        raise UnknownName("value of statistic", statistic, _NAMES)
    records = list(table.records())
    if not records:
        raise Refused("there is nothing to draw: no two coders read the same articles")
    pairs = list(dict.fromkeys(label_of(r["coders"]) for r in records))
    rows = [(n, r) for n, r in enumerate(records) if label_of(r["coders"]) == pairs[0]]
    rows.sort(key=lambda entry: _place(entry, statistic))
    sheet = Sheet(prefix or "agreement", table.title, width)
    top = sheet.heading(table)
    if len(pairs) > 1:
        more = f"{pairs[0]} only; {many(len(pairs) - 1, 'other pair')} in the table: choose with coders=…"
        top = sheet.text(
            sheet.margin, top + sheet.body * 0.3, wrapped(more, sheet.inner, sheet.small), size=sheet.small
        )
    narrow = sheet.inner < 260
    label = min(
        max(text_width(label_of(r["subject"]), sheet.body) for _, r in rows) + 8,
        sheet.inner * (0.45 if narrow else 0.34),
    )
    values = 0.0 if narrow else text_width("0.00 (0.00 to 0.00)", sheet.small) + 10
    left, right = sheet.margin + label, sheet.margin + sheet.inner - values - sheet.body * 1.4
    lows = [number_of(r[f"{statistic}_low"]) for _, r in rows if r[f"{statistic}_low"] is not None]
    lows += [number_of(r[statistic]) for _, r in rows if r[statistic] is not None]
    least = min(math.floor(min(lows, default=0.0) * 4 + 1e-9) / 4, 0.0)

    def x(value: float) -> float:
        return left + (right - left) * (value - least) / (1 - least)

    step = sheet.body * 1.45
    y = top + sheet.body * 1.6
    bottom = y + step * len(rows) + sheet.body * 0.4
    ticks = [n / 4 for n in range(round(least * 4), 5)]
    if narrow and len(ticks) > 5:
        ticks = [t for t in ticks if (t * 2).is_integer()]
    for tick in ticks:
        sheet.line(x(tick), y - sheet.body * 0.2, x(tick), bottom, stroke=INK if tick == 0 else LINE, weight=0.5)
        text = f"{tick:g}".replace("-", "−")
        sheet.text(x(tick), y - sheet.body * 0.6, text, size=sheet.small, anchor="middle", fill=SOFT)
    if not narrow:
        sheet.text(
            sheet.margin + sheet.inner,
            y - sheet.body * 0.6,
            f"{_NAMES[statistic].split()[-1] if statistic != 'percent' else 'share'} (95% interval)",
            size=sheet.small,
            anchor="end",
            fill=SOFT,
        )
    for place, (number, record) in enumerate(rows):
        _row(sheet, number, record, statistic, y + (place + 0.6) * step, (step, label, narrow), x)
    size = sheet.body * 0.8

    def dot(at: float, middle: float) -> None:
        sheet.line(at, middle, at + size * 2.2, middle, stroke=INK, weight=1.1)
        sheet.circle(at + size * 1.1, middle, size * 0.4, fill=INK)

    def diamond(at: float, middle: float) -> None:
        sheet.shape("diamond", at + size / 2, middle, size * 0.4, fill="#ffffff", stroke=SOFT)

    def warning(at: float, middle: float) -> None:
        sheet.text(at, middle + sheet.small * 0.35, "!", weight=600, size=sheet.small)

    entries = [(size * 2.2, dot, f"{_NAMES[statistic]} with 95% interval")]
    if statistic != "percent":
        entries.append((size, diamond, "percent agreement, as a share"))
    if any(r["beware"] for _, r in rows):
        entries.append((size * 0.6, warning, "read with care: the table says why"))
    sheet.legend(entries, sheet.margin, bottom + sheet.small * 0.7)
    sheet.note(table.note)
    return sheet.svg(_told(rows, statistic, pairs[0]))


def _place(entry: tuple[int, dict[str, Any]], statistic: str) -> tuple[bool, int, bool, float, int]:
    """Put the summary rows first as they come, then codes by role, highest first, those without a figure last."""
    number, record = entry
    if not isinstance(record["subject"], Thing):
        return (False, number, False, 0.0, number)
    return (True, 0, record[statistic] is None, -number_of(record[statistic]), number)


def _row(
    sheet: Sheet,
    number: int,
    record: dict[str, Any],
    statistic: str,
    y: float,
    layout: tuple[float, float, bool],
    x: Any,
) -> None:
    step, label, narrow = layout
    whole = not isinstance(record["subject"], Thing)
    if whole:
        sheet.rect(sheet.margin, y - step / 2, sheet.inner, step, fill=PALE)
        for tick in (0.0, 1.0):
            sheet.line(x(tick), y - step / 2, x(tick), y + step / 2, stroke=LINE, weight=0.5)
    name = wrapped(label_of(record["subject"]), (label - 6) / (1.07 if whole else 1.0), sheet.body, most=1)
    sheet.text(sheet.margin + 2, y + sheet.body * 0.35, name, weight=600 if whole else 400)
    value, low, high = record[statistic], record[f"{statistic}_low"], record[f"{statistic}_high"]
    if low is not None and high is not None:
        sheet.line(
            x(low),
            y,
            x(high),
            y,
            stroke=INK,
            weight=1.1,
            cell=(number, f"{statistic}_low", low),
            tip=f"{low:.2f} to {high:.2f}",
        )
    if statistic != "percent" and record["percent"] is not None:
        share = record["percent"]
        sheet.shape(
            "diamond",
            x(share),
            y,
            sheet.body * 0.32,
            fill="#ffffff",
            stroke=SOFT,
            cell=(number, "percent", share),
            tip=f"percent agreement {share:.0%}",
        )
    if value is not None:
        sheet.circle(x(value), y, sheet.body * 0.34, fill=INK, cell=(number, statistic, value), tip=f"{value:.2f}")
    words = "not defined" if value is None else _figure(value)
    if value is not None and low is not None and high is not None and not narrow:
        words += f" ({_figure(low)} to {_figure(high)})"
    end = sheet.margin + sheet.inner
    if not narrow:
        sheet.text(
            end, y + sheet.small * 0.35, words, size=sheet.small, anchor="end", fill=SOFT if value is None else INK
        )
    elif value is None:
        sheet.text(x(0.0) + 4, y + sheet.small * 0.35, words, size=sheet.small, fill=SOFT)
    if record["beware"]:
        at = end - (text_width("0.00 (0.00 to 0.00)", sheet.small) + 14 if not narrow else 2)
        sheet.text(at, y + sheet.small * 0.35, "!", size=sheet.small, anchor="end", weight=600)


def _figure(value: float) -> str:
    """Return a figure with two places; a true minus, and none before a nought."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def _told(rows: list[tuple[int, dict[str, Any]]], statistic: str, pair: str) -> str:
    summary = [
        f"{label_of(r['subject'])}: {_NAMES[statistic]} {r[statistic]:.2f}, percent agreement {r['percent']:.0%}"
        for _, r in rows
        if not isinstance(r["subject"], Thing) and r[statistic] is not None
    ]
    codes = [r for _, r in rows if isinstance(r["subject"], Thing)]
    known = [r for r in codes if r[statistic] is not None]
    told = f"Agreement of {pair} on {many(len(codes), 'code')}. " + "; ".join(summary) + ". "
    if known:
        told += (
            f"Highest: {label_of(known[0]['subject'])} {known[0][statistic]:.2f}; lowest: "
            f"{label_of(known[-1]['subject'])} {known[-1][statistic]:.2f}."
        )
    return told


PART = Chart(
    name="agreement",
    title="How far the coders agree, code by code",
    description="Agreement on every code with its interval, beside plain percent agreement.",
    table="agreement",
    function=draw,
    parameters=(
        Parameter("statistic", "What the dot shows.", "alpha", tuple(_NAMES)),
        WIDTH,
        PREFIX,
    ),
    given=(("resamples", "200"),),
)
