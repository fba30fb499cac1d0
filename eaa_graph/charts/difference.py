"""The theory difference: two versions side by side; + added, - dropped, ~ changed, each with a shape of its own."""

from __future__ import annotations

__all__ = ["PART", "draw"]

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    INK,
    LINE,
    PALE,
    SIGNS,
    SOFT,
    VERMILION,
    Sheet,
    key_of,
    label_of,
    listed,
    many,
    wrapped,
)
from eaa_graph.errors import Refused
from eaa_graph.tables import Cell, Table

_LANES = {
    "intervention": 0,
    "actor": 0,
    "context": 0,
    "from": 0,
    "resource": 1,
    "reasoning": 1,
    "mechanism": 1,
    "relation": 1,
    "outcome": 2,
    "to": 2,
}
_HEADS = ("Context", "Mechanism", "Outcome")
_MEANINGS = {"+": "added", "-": "dropped", "~": "changed", "=": "the same in both"}
#: More pairs than anybody reads in one picture.
_MOST = 60
_SHOWN_PLAIN = ("context", "mechanism", "outcome")


@dataclass
class _Chip:
    row: int
    sign: str
    lines: list[str]
    caption: str
    height: float


@dataclass
class _Pair:
    sign: str
    kind: str
    before: str
    after: str
    reason: str
    thing: str
    rows: list[int] = field(default_factory=list)


def _pairs(table: Table) -> list[_Pair]:
    pairs: dict[Cell, _Pair] = {}
    for number, record in enumerate(table.records()):
        either = record["after"] or record["before"]
        thing = getattr(either, "kind", "configuration")
        pair = pairs.setdefault(
            record["pair"],
            _Pair(
                str(record["pair_sign"]),
                str(record["pair_kind"]),
                key_of(record["before"]),
                key_of(record["after"]),
                label_of(record["reason"]),
                thing,
            ),
        )
        pair.rows.append(number)
    return list(pairs.values())


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the difference of two theory versions as an SVG document.

    Parameters
    ----------
    table : Table
        The answer to ``theory-difference``.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there is nothing to compare, or more than can be read in one picture.
    """
    pairs = _pairs(table)
    if not pairs:
        raise Refused("there is nothing to draw: neither version holds a configuration or a claim")
    if len(pairs) > _MOST:
        raise Refused(f"{len(pairs)} pairs cannot be read in one picture: compare two versions that are nearer")
    sheet = Sheet(prefix or "difference", table.title, width)
    narrow = sheet.inner < 260
    top = sheet.heading(table, table.denominator)
    names = 0.0 if narrow else min(sheet.inner * 0.18, sheet.body * 10)
    gap = sheet.body * 0.9
    lane = (sheet.inner - names - 2 * gap) / 3
    lefts = [sheet.margin + names + n * (lane + gap) for n in range(3)]
    y = top + sheet.body
    for head, left in zip(_HEADS, lefts, strict=True):
        sheet.text(left, y, head, weight=600)
    y += sheet.body * 0.7
    for pair in pairs:
        y = _pair(sheet, table, pair, y, lefts, lane)
    sheet.line(sheet.margin, y, sheet.margin + sheet.inner, y, stroke=LINE, weight=0.5)
    size = sheet.body

    def sign(mark: str) -> Callable[[float, float], None]:
        return lambda x, at: sheet.sign(mark, x + size / 2, at, size)

    sheet.legend([(size, sign(mark), _MEANINGS[mark]) for mark in SIGNS], sheet.margin, y + sheet.small * 0.5)
    sheet.note(table.note)
    return sheet.svg(_told(table, pairs))


def _chips(sheet: Sheet, table: Table, rows: list[int], lane: float) -> list[list[_Chip]]:
    columns: list[list[_Chip]] = [[], [], []]
    for row in rows:
        record: dict[str, Any] = dict(zip((c.name for c in table.columns), table.rows[row], strict=True))
        if record["concept"] is None:
            continue
        role = str(record["role"])
        caption = role if role not in _SHOWN_PLAIN and role not in ("from", "to", "relation") else ""
        if record["was"]:
            caption = f"was {record['was']}"
        lines = wrapped(label_of(record["concept"]), lane - sheet.body * 1.9, sheet.body, most=3)
        height = len(lines) * sheet.body * sheet.leading + sheet.body * 0.6 + (sheet.small * 1.2 if caption else 0)
        columns[_LANES.get(role, 1)].append(_Chip(row, str(record["sign"]), lines, caption, height))
    return columns


def _pair(sheet: Sheet, table: Table, pair: _Pair, y: float, lefts: list[float], lane: float) -> float:
    narrow = sheet.inner < 260
    columns = _chips(sheet, table, pair.rows, lane)
    space = sheet.body * 0.3
    heights = [sum(c.height for c in column) + space * max(len(column) - 1, 0) for column in columns]
    sheet.line(sheet.margin, y, sheet.margin + sheet.inner, y, stroke=LINE, weight=0.5)
    y += sheet.body * 0.55
    size = sheet.body * 1.25
    shared = (pair.rows[0], "pair_sign", pair.sign)
    ids = [pair.before, pair.after] if pair.before and pair.after and pair.before != pair.after else []
    name = " → ".join(ids) or pair.after or pair.before
    start = y
    sheet.sign(pair.sign, sheet.margin + size / 2, y + size / 2, size, cell=shared, tip=f"{name}: {pair.kind}")
    room = (sheet.inner if narrow else lefts[0] - sheet.margin) - size - 8
    kind = f"{pair.kind}{' claim' if pair.thing == 'claim' else ''}"
    lines = wrapped(name, room / 1.07, sheet.body, most=2)
    if narrow:
        lines = wrapped(f"{name}  {kind}", room / 1.07, sheet.body, most=2)
    at = sheet.text(sheet.margin + size + 4, y + sheet.body * 0.95, lines, weight=600)
    if not narrow:
        at = sheet.text(
            sheet.margin + size + 4,
            at - sheet.body * 0.15,
            wrapped(kind, room, sheet.small),
            size=sheet.small,
            fill=SOFT,
        )
    else:
        y = at - sheet.body * 0.2
        start = y
    for left, column in zip(lefts, columns, strict=True):
        place = start
        for chip in column:
            _chip(sheet, table, chip, left, place, lane)
            place += chip.height + space
    y = max(start + max(heights), at - sheet.body * 0.6)
    if pair.sign != "=":
        why = f"Why: {pair.reason}" if pair.reason else "No reason is recorded."
        left = sheet.margin if narrow else lefts[0]
        y = sheet.text(
            left,
            y + sheet.small * 1.35,
            wrapped(why, sheet.margin + sheet.inner - left, sheet.small, most=3),
            size=sheet.small,
            fill=SOFT,
            style="" if pair.reason else "italic",
        )
        y -= sheet.small * 0.8
    return y + sheet.body * 0.6


def _chip(sheet: Sheet, table: Table, chip: _Chip, x: float, y: float, width: float) -> None:
    look: dict[str, tuple[str, str, float, str, str]] = {
        "+": ("#ffffff", INK, 0.9, "", INK),
        "-": ("#ffffff", VERMILION, 0.9, "3 2", SOFT),
        "~": ("#e6e9ed", SOFT, 1.0, "", INK),
        "=": (PALE, "", 0.0, "", INK),
    }
    fill, stroke, weight, dash, ink = look[chip.sign]
    concept = table.rows[chip.row][table.index("concept")]
    sheet.rect(
        x,
        y,
        width,
        chip.height,
        fill=fill,
        stroke=stroke,
        weight=weight,
        dash=dash,
        cell=(chip.row, "concept", key_of(concept)),
        tip=f"{label_of(concept)}: {_MEANINGS[chip.sign]}",
    )
    size = sheet.body * 0.95
    middle = y + chip.height / 2
    if chip.sign != "=":
        sheet.sign(chip.sign, x + 3 + size / 2, middle, size, cell=(chip.row, "sign", chip.sign))
    else:
        sheet.sign(chip.sign, x + 3 + size / 2, middle, size * 0.8, cell=(chip.row, "sign", chip.sign))
    at = y + sheet.body * 1.2
    if chip.caption:
        sheet.text(
            x + sheet.body * 1.6, at - sheet.body * 0.2, chip.caption, size=sheet.small, fill=SOFT, style="italic"
        )
        at += sheet.small * 1.2
    sheet.text(x + sheet.body * 1.6, at, chip.lines, fill=ink, strike=chip.sign == "-")


def _told(table: Table, pairs: list[_Pair]) -> str:
    counts = {mark: sum(p.sign == mark for p in pairs) for mark in SIGNS}
    told = [
        f"{table.title}. " + listed([f"{count} {_MEANINGS[mark]}" for mark, count in counts.items() if count]) + "."
    ]
    place, sign = table.index("concept"), table.index("sign")
    for pair in pairs[:15]:
        if pair.sign == "=":
            continue
        parts = []
        for mark in ("+", "-", "~"):
            names = [
                label_of(table.rows[r][place])
                for r in pair.rows
                if table.rows[r][sign] == mark and table.rows[r][place]
            ]
            if names:
                parts.append(f"{_MEANINGS[mark]} {listed(names, 5)}")
        name = " to ".join(i for i in dict.fromkeys((pair.before, pair.after)) if i)
        told.append(f"{name} {pair.kind}: {'; '.join(parts) or 'other fields'}.")
    if len(pairs) > 15:
        told.append(f"And {many(len(pairs) - 15, 'more pair')}.")
    return " ".join(told)


PART = Chart(
    name="difference",
    title="What changed in the theory",
    description=(
        "Two versions of the programme theory, pair by pair: what was added, dropped and changed, by sign and shape, with the "
        "recorded reason."
    ),
    table="theory-difference",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
