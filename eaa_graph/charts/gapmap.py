"""The evidence gap map: bubbles by appraisal; cells without evidence are hatched and say why they are empty."""

from __future__ import annotations

__all__ = ["PART", "draw"]

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    INK,
    LINE,
    SOFT,
    Sheet,
    key_of,
    label_of,
    listed,
    many,
    number_of,
    text_width,
    wrapped,
)
from eaa_graph.errors import Refused
from eaa_graph.gaps.evidence_map import level_rank
from eaa_graph.tables import Table

#: Fill, edge and dash of the bubbles, best level first: from full to hollow, so that grey print keeps the order.
_LOOKS = (
    (INK, INK, ""),
    ("#8a9199", INK, ""),
    ("#ffffff", INK, ""),
    ("#ffffff", SOFT, "1.5 1.2"),
    ("#d5dae0", SOFT, ""),
)
#: What is written into an empty cell, by type of gap, and what it means.
_EMPTY = {
    "empty": ("", "no article: a place to look, not proof of absence"),
    "latent in a theme": ("r", "no article in this role, but coded there in another role"),
    "untested combination": ("u", "both coded, never together: untested"),
    "not reported": ("n", "no article reports the theme"),
    "not looked for": ("?", "nobody looked"),
    "reported absent": ("0", "spoken of only as absent"),
}
_CORNER = {
    "contradictory": ("±", "passages for and against"),
    "reported absent": ("0", "spoken of only as absent, hindering or challenging"),
}


@dataclass
class _Place:
    count: int
    out_of: int
    type: str
    reading: str
    bubbles: list[tuple[str, int, int]] = field(default_factory=list)
    row: int = 0


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the evidence gap map as an SVG document.

    Parameters
    ----------
    table : Table
        The answer to ``evidence-map``.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If the table is empty, or has more columns or levels than the width can bear.
    """
    rows: dict[str, str] = {}
    columns: dict[str, str] = {}
    cells: dict[tuple[str, str], _Place] = {}
    for number, record in enumerate(table.records()):
        down, across = key_of(record["concept"]), key_of(record["column"])
        rows.setdefault(down, label_of(record["concept"]))
        columns.setdefault(across, label_of(record["column"]))
        place = cells.setdefault(
            (down, across),
            _Place(
                int(number_of(record["count"])),
                int(number_of(record["out_of"])),
                str(record["type"] or ""),
                str(record["reading"] or ""),
                row=number,
            ),
        )
        if record["level"] is not None:
            place.bubbles.append((str(record["level"]), int(number_of(record["articles"])), number))
    levels = sorted({level for place in cells.values() for level, _, _ in place.bubbles}, key=level_rank)
    if not cells:
        raise Refused("there is nothing to draw: the table is empty")
    if len(levels) > len(_LOOKS):
        raise Refused(f"{len(levels)} levels of appraisal cannot be told apart: choose another appraisal=…")
    sheet = Sheet(prefix or "gapmap", table.title, width)
    word = max(text_width(part, sheet.body) for r in rows.values() for part in r.split())
    left = min(max(text_width(r, sheet.body) for r in rows.values()) + 8, max(sheet.inner * 0.22, word + 8))
    left = min(left, sheet.inner * 0.34)
    cell_width = min((sheet.inner - left) / len(columns), sheet.body * 9)
    stacked = cell_width < sheet.body * 1.45 * max(len(levels), 2)
    if cell_width < sheet.body * 2.7:
        raise Refused(f"{len(columns)} columns do not fit into {width}: choose a wider figure, or other columns=…")
    marked = sheet.small * 0.9 if any(p.bubbles and p.type in _CORNER for p in cells.values()) else 0.0
    slot = (cell_width - 1.2 - marked) / max(len(levels), 1)
    biggest = max((count for place in cells.values() for _, count, _ in place.bubbles), default=1)
    widest = sheet.body * 1.12 / 2 if stacked else min(slot * 0.92, sheet.body * 2.4) / 2
    cell_height = (
        sheet.body * (1.22 * max(len(levels), 1) + 0.4)
        if stacked
        else 2 * widest + sheet.small * 1.1 + sheet.body * 0.5
    )
    top = sheet.heading(table)
    x0 = sheet.margin + left
    longest = max(text_width(part, 1.0) for label in columns.values() for part in label.split())
    size = sheet.body if longest * sheet.body <= cell_width - 1.5 else sheet.small
    heads = {c: wrapped(label, cell_width - 1.5, size, most=4) for c, label in columns.items()}
    base = top + max(len(h) for h in heads.values()) * size * sheet.leading + sheet.small * 1.6
    for number, column in enumerate(columns):
        middle = x0 + (number + 0.5) * cell_width
        first = base - sheet.small * 1.9 - (len(heads[column]) - 1) * size * sheet.leading
        sheet.text(middle, first, heads[column], size=size, anchor="middle")
        out_of = max((cells[r, column].out_of for r in rows if (r, column) in cells), default=0)
        sheet.text(middle, base - sheet.small * 0.6, f"of {out_of}", size=sheet.small, anchor="middle", fill=SOFT)
    for number, row in enumerate(rows):
        y = base + number * cell_height
        label = wrapped(rows[row], left - 6, sheet.body, most=2)
        start = y + cell_height / 2 + sheet.body * 0.35 - (len(label) - 1) * sheet.body * sheet.leading / 2
        sheet.text(x0 - 6, start, label, anchor="end")
        for at, column in enumerate(columns):
            if (row, column) in cells:
                x = x0 + at * cell_width
                _cell(
                    sheet, cells[row, column], levels, (x, y, cell_width, cell_height), stacked, marked, widest, biggest
                )
    _legend(sheet, levels, list(cells.values()), widest, biggest)
    sheet.note(table.note)
    return sheet.svg(_told(rows, columns, cells, levels))


def _cell(
    sheet: Sheet,
    place: _Place,
    levels: list[str],
    box: tuple[float, float, float, float],
    stacked: bool,
    marked: float,
    widest: float,
    biggest: int,
) -> None:
    x, y, wide, tall = box
    if not place.bubbles:
        sheet.rect(
            x,
            y,
            wide - 1.2,
            tall - 1.2,
            fill=sheet.hatch,
            stroke=LINE,
            weight=0.4,
            cell=(place.row, "articles", 0),
            tip=place.reading,
        )
        mark = _EMPTY.get(place.type, ("", ""))[0]
        if mark:
            middle, half = (x + wide / 2 - 0.6, y + tall / 2 - 0.6), sheet.small * 0.8
            sheet.circle(*middle, half, fill="#ffffff", stroke="#ffffff")
            sheet.text(middle[0], middle[1] + sheet.small * 0.35, mark, size=sheet.small, anchor="middle")
        return
    sheet.rect(x, y, wide - 1.2, tall - 1.2, fill="#ffffff", stroke=LINE, weight=0.4, tip=place.reading)
    for level, count, row in place.bubbles:
        number = levels.index(level)
        radius = widest * math.sqrt(count / biggest)
        if stacked:
            step = (tall - 1.2 - marked * 1.15) / len(levels)
            cx, cy = x + wide * 0.3, y + (number + 0.5) * step
            sheet.text(x + wide * 0.3 + widest + 3, cy + sheet.small * 0.35, str(count), size=sheet.small)
        else:
            slot = (wide - 1.2 - marked) / len(levels)
            cx, cy = x + (number + 0.5) * slot, y + sheet.body * 0.3 + widest
            sheet.text(cx, y + tall - 1.2 - sheet.small * 0.35, str(count), size=sheet.small, anchor="middle", fill=INK)
        _bubble(
            sheet,
            cx,
            cy,
            radius,
            number,
            (row, "articles", count),
            f"{level}: {many(count, 'article')} of the {place.count} in the cell",
        )
    corner = _CORNER.get(place.type, ("", ""))[0]
    if corner:
        at = y + tall - 1.2 - sheet.small * 0.3 if stacked else y + sheet.small * 0.95
        sheet.text(x + wide - 3, at, corner, size=sheet.small, anchor="end", weight=600)


def _bubble(
    sheet: Sheet, x: float, y: float, radius: float, level: int, cell: tuple[int, str, int] | None = None, tip: str = ""
) -> None:
    fill, edge, dash = _LOOKS[level]
    sheet.circle(x, y, radius, fill=fill, stroke=edge, weight=0.7, dash=dash, cell=cell, tip=tip)


def _legend(sheet: Sheet, levels: list[str], places: list[_Place], widest: float, biggest: int) -> None:
    def bubble(level: int, radius: float) -> Callable[[float, float], None]:
        return lambda x, at: _bubble(sheet, x + radius, at, radius, level)

    size = sheet.small * 0.5
    entries: list[tuple[float, Callable[[float, float], object], str]] = [
        (2 * size, bubble(number, size), level) for number, level in enumerate(levels)
    ]
    for count in sorted({1, max(biggest // 2, 1), biggest}):
        radius = widest * math.sqrt(count / biggest)
        entries.append((2 * radius, bubble(2, radius), many(count, "article")))
    box = sheet.small * 1.3

    def hatched(mark: str) -> Callable[[float, float], None]:
        def symbol(x: float, at: float) -> None:
            sheet.rect(x, at - box / 2, box * 1.6, box, fill=sheet.hatch, stroke=LINE, weight=0.4)
            if mark:
                sheet.circle(x + box * 0.8, at, box * 0.45, fill="#ffffff", stroke="#ffffff")
                sheet.text(x + box * 0.8, at + sheet.small * 0.35, mark, size=sheet.small, anchor="middle")

        return symbol

    empty = {place.type for place in places if not place.bubbles}
    entries += [(box * 1.6, hatched(mark), meaning) for kind, (mark, meaning) in _EMPTY.items() if kind in empty]
    full = {place.type for place in places if place.bubbles}

    def corner(mark: str) -> Callable[[float, float], object]:
        return lambda x, at: sheet.text(x, at + sheet.small * 0.35, mark, size=sheet.small, weight=600)

    entries += [(sheet.small * 0.6, corner(mark), meaning) for kind, (mark, meaning) in _CORNER.items() if kind in full]
    sheet.legend(entries, sheet.margin, sheet.bottom + sheet.small * 0.9)


def _told(
    rows: dict[str, str], columns: dict[str, str], cells: dict[tuple[str, str], _Place], levels: list[str]
) -> str:
    empty = [key for key, place in cells.items() if not place.bubbles]
    most = max(cells.items(), key=lambda item: (item[1].count, -item[1].row))
    none = [rows[r] for r in rows if all((r, c) in empty for c in columns if (r, c) in cells)]
    told = (
        f"{many(len(rows), 'row')} by {many(len(columns), 'column')}, {len(empty)} of {many(len(cells), 'cell')} without evidence. "
        f"Most articles: {rows[most[0][0]]} under {columns[most[0][1]]}, {most[1].count} of {most[1].out_of}. "
    )
    if levels:
        totals = {
            level: sum(n for p in cells.values() for name, n, _ in p.bubbles if name == level) for level in levels
        }
        told += f"Places by level: {listed([f'{level} {total}' for level, total in totals.items()])}. "
    if none:
        told += f"Without any evidence: {listed(none, 6)}."
    return told.strip()


PART = Chart(
    name="gapmap",
    title="Evidence gap map",
    description=(
        "Articles in every cell of concepts by themes, as bubbles told apart by a recorded appraisal; empty cells are hatched "
        "and say why they are empty."
    ),
    table="evidence-map",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
