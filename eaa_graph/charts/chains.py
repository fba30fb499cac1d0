"""Ripple chains: each step a card with its evidence, each arrow with what one hands to the next."""

from __future__ import annotations

__all__ = ["PART", "draw"]

from collections.abc import Callable
from typing import Any

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    INK,
    LINE,
    PALE,
    SOFT,
    Sheet,
    label_of,
    listed,
    many,
    number_of,
    things_of,
    wrapped,
)
from eaa_graph.errors import Refused
from eaa_graph.tables import Table

#: More chains than anybody reads in one picture.
_MOST = 30

_Step = tuple[int, dict[str, Any]]


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the ripple chains as an SVG document.

    Parameters
    ----------
    table : Table
        The answer to ``chain-steps``.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there is no chain, or more than can be read in one picture.
    """
    chains: dict[object, list[_Step]] = {}
    for number, record in enumerate(table.records()):
        chains.setdefault(record["chain"], []).append((number, record))
    if not chains:
        raise Refused(
            "there is nothing to draw: no outcome of a configuration is context or mechanism of another; where one "
            "configuration is a condition for another, write the outcome of the first into the context of the second"
        )
    if len(chains) > _MOST:
        raise Refused(f"{len(chains)} chains cannot be read in one picture: name a theory=…, or ask for link=full")
    sheet = Sheet(prefix or "chains", table.title, width)
    y = sheet.heading(table)
    card, arrow = sheet.body * 8.5, sheet.body * 9
    per_line = max(1, int((sheet.inner + arrow) // (card + arrow)))
    if per_line == 1:
        card, arrow = sheet.inner * 0.45, sheet.inner * 0.5
    # Cards fill the width, so that short chains do not leave half of it bare.
    longest = max(len(steps) for steps in chains.values())
    fitting = min(per_line, longest)
    arrow = min((sheet.inner - card * fitting) / max(fitting - 1, 1), sheet.body * 14) if fitting > 1 else arrow
    shown = ""
    several = len({label_of(steps[0][1]["theory"]) for steps in chains.values()}) > 1
    for steps in chains.values():
        theory = label_of(steps[0][1]["theory"])
        if several and theory != shown:
            y = sheet.text(
                sheet.margin, y + sheet.body * 1.2, wrapped(theory, sheet.inner / 1.07, sheet.body, most=3), weight=600
            )
            shown = theory
        y = _chain(sheet, steps, y, (card, arrow, per_line))
    size = sheet.body * 0.95

    def sign(mark: str) -> Callable[[float, float], None]:
        return lambda x, at: sheet.sign(mark, x + size / 2, at, size)

    sheet.line(sheet.margin, y, sheet.margin + sheet.inner, y, stroke=LINE, weight=0.5)
    box = sheet.body * 1.8
    sheet.legend(
        [
            (size, sign("+"), "articles that support the step"),
            (size, sign("-"), "articles that challenge it"),
            (
                box,
                lambda x, at: sheet.rect(
                    x, at - size / 2, box, size, fill="#ffffff", stroke=INK, weight=1.3, dash="4 2"
                ),
                "the weakest step: fewest supporting articles",
            ),
        ],
        sheet.margin,
        y + sheet.small * 0.5,
    )
    sheet.note(table.note)
    return sheet.svg(_told(list(chains.values())))


def _chain(sheet: Sheet, steps: list[_Step], y: float, sizes: tuple[float, float, int]) -> float:
    card, arrow, per_line = sizes
    first = steps[0][1]
    sheet.line(sheet.margin, y, sheet.margin + sheet.inner, y, stroke=LINE, weight=0.5)
    told = f"told by {first['told']}" if str(first["told"]).startswith("one") else str(first["told"])
    if first["told"] == "stitched":
        told = "stitched together: no one article tells every step"
    if first["closes"]:
        told += "; closes a circle: the last outcome feeds the first step again"
    y = sheet.text(
        sheet.margin,
        y + sheet.small * 1.5,
        wrapped(f"Chain {first['chain']}: {told}", sheet.inner, sheet.small),
        size=sheet.small,
        fill=SOFT,
    )
    labels = [
        (
            wrapped(", ".join(t.label for t in things_of(r["handed_over"])), arrow - 8, sheet.small, most=3),
            r["received_as"],
        )
        for _, r in steps
    ]
    deepest = max((len(lines) for lines, _ in labels[:-1]), default=1)
    tall = max(sheet.body * 4.4, 2 * deepest * sheet.small * sheet.leading + sheet.small)
    y += sheet.body * 0.1
    start = 0
    while start < len(steps):
        x = sheet.margin
        # A line that goes on from the one above begins with its arrow, so it has room for one card less.
        end = min(start + (per_line if start == 0 or per_line == 1 else per_line - 1), len(steps))
        for number in range(start, end):
            if number:
                _arrow(sheet, labels[number - 1], x, y + tall / 2, arrow)
                x += arrow
            _card(sheet, steps[number], x, y, card, tall)
            x += card
        y += tall + sheet.body * 0.7
        start = end
    return y


def _card(sheet: Sheet, step: _Step, x: float, y: float, wide: float, tall: float) -> None:
    row, record = step
    weak = bool(record["weakest"])
    sheet.rect(
        x,
        y,
        wide,
        tall,
        fill="#ffffff" if weak else PALE,
        stroke=INK if weak else LINE,
        weight=1.3 if weak else 0.8,
        dash="4 2" if weak else "",
        cell=(row, "weakest", record["weakest"]),
    )
    size = sheet.body
    middle = y + tall / 2
    lines = wrapped(label_of(record["configuration"]), (wide - 8) / 1.07, size, most=1)
    sheet.text(x + 5, middle - size * 0.75, lines, weight=600)
    at = x + 5
    for sign, column in (("+", "supports"), ("-", "challenges")):
        count = int(number_of(record[column]))
        noun = "article" if count == 1 else "articles"
        sheet.sign(
            sign, at + size / 2, middle + size * 0.75, size, cell=(row, column, count), tip=f"{count} {noun} {column}"
        )
        sheet.text(at + size + 3, middle + size * 1.1, str(count))
        at += wide * 0.45


def _arrow(sheet: Sheet, label: tuple[list[str], object], x: float, middle: float, wide: float) -> None:
    lines, role = label
    sheet.path(
        f"M{x + 3:.2f} {middle:.2f}H{x + wide - 3:.2f}", middle, stroke=SOFT, weight=sheet.body * 0.14, marker="arrow"
    )
    first = middle - sheet.small * 0.5 - (len(lines) - 1) * sheet.small * sheet.leading
    sheet.text(x + wide / 2, first, lines, size=sheet.small, anchor="middle")
    words = wrapped(f"as {role}", wide - 8, sheet.small, most=2)
    sheet.text(
        x + wide / 2, middle + sheet.small * 1.2, words, size=sheet.small, anchor="middle", fill=SOFT, style="italic"
    )


def _told(chains: list[list[_Step]]) -> str:
    told = [many(len(chains), "ripple chain") + "."]
    for steps in chains[:8]:
        path = " to ".join(label_of(r["configuration"]) for _, r in steps)
        weak = [label_of(r["configuration"]) for _, r in steps if r["weakest"]]
        count = next(int(number_of(r["supports"])) for _, r in steps if r["weakest"])
        told.append(f"{path}: weakest {listed(weak)} with {many(count, 'supporting article')}; {steps[0][1]['told']}.")
    if len(chains) > 8:
        told.append(f"And {len(chains) - 8} more.")
    return " ".join(told)


PART = Chart(
    name="chains",
    title="Ripple chains",
    description=(
        "Configurations whose outcome is context or mechanism of the next, with the evidence of each step and what is handed over."
    ),
    table="chain-steps",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
