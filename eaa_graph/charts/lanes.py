"""CMO lanes: one band for each configuration, context on the left, mechanism in the middle, outcome on the right."""

from __future__ import annotations

__all__ = ["PART", "draw"]

from collections.abc import Callable
from dataclasses import dataclass, field

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    GREY,
    INK,
    LINE,
    PALE,
    ROLE_COLOURS,
    SOFT,
    STANCE_SIGNS,
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
from eaa_graph.model import STANCES
from eaa_graph.tables import Table

#: Which lane a role is told in.
_LANES = {
    "intervention": 0,
    "actor": 0,
    "context": 0,
    "resource": 1,
    "reasoning": 1,
    "mechanism": 1,
    "outcome": 2,
}
_HEADS = ("Context", "Mechanism", "Outcome")
#: More bands than anybody reads.
_MOST = 60


@dataclass
class _Box:
    """One alternative of a slot: concepts that act together, or an open slot."""

    role: str
    rows: list[int]
    lines: list[list[str]] = field(default_factory=list)
    height: float = 0.0

    @property
    def open(self) -> bool:
        return not self.lines


@dataclass
class _Band:
    theory: str
    name: str
    first: int
    boxes: list[_Box]


def _bands(table: Table) -> list[_Band]:
    bands: dict[tuple[str, str], _Band] = {}
    boxes: dict[tuple[str, str, str, object], _Box] = {}
    for number, row in enumerate(table.records()):
        theory, name, role = label_of(row["theory"]), label_of(row["configuration"]), str(row["role"])
        band = bands.setdefault((theory, name), _Band(theory, name, number, []))
        key = (theory, name, role, row["alternative"])
        if key not in boxes:
            boxes[key] = _Box(role, [])
            band.boxes.append(boxes[key])
        boxes[key].rows.append(number)
    return list(bands.values())


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the configurations as lanes, an SVG document.

    Parameters
    ----------
    table : Table
        The answer to ``configuration-parts``.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there is no configuration, or there are more than can be read in one picture.
    """
    bands = _bands(table)
    if not bands:
        raise Refused("there is nothing to draw: the theory has no configurations")
    if len(bands) > _MOST:
        raise Refused(
            f"{len(bands)} configurations in one picture cannot be read: name a concept=… (only configurations with it) or "
            "a theory=…"
        )
    sheet = Sheet(prefix or "lanes", table.title, width)
    narrow = sheet.inner < 260
    top = sheet.heading(table)
    names = 0.0 if narrow else min(max(text_width(b.name, sheet.body) * 1.08 for b in bands) + 8, sheet.inner * 0.16)
    beside = 0.0 if narrow else sheet.body * 11.5
    gap = sheet.body * (1.25 if narrow else 2.2)
    lane = (sheet.inner - names - beside - (0 if narrow else 10) - 2 * gap) / 3
    lefts = [sheet.margin + names + n * (lane + gap) for n in range(3)]
    most = max((number_of(table.rows[b.first][table.index(s)]) for b in bands for s in STANCES), default=0.0)
    y = top + sheet.body
    for head, left in zip(_HEADS, lefts, strict=True):
        sheet.text(left, y, head, weight=600, fill=INK)
    if not narrow:
        sheet.text(lefts[2] + lane + 10, y, "Articles", weight=600)
    y += sheet.body * 0.7
    shown = ""
    for band in bands:
        if band.theory and band.theory != shown and len({b.theory for b in bands}) > 1:
            y = sheet.text(
                sheet.margin,
                y + sheet.body * 1.3,
                wrapped(band.theory, sheet.inner / 1.07, sheet.body, most=3),
                weight=600,
            )
            y -= sheet.body * 0.6
        shown = band.theory
        y = _band(sheet, table, band, y, (lefts, lane), most)
    _legend(sheet, bands, y)
    sheet.note(table.note)
    return sheet.svg(_told(table, bands))


def _measure(sheet: Sheet, table: Table, boxes: list[_Box], width: float) -> float:
    """Break the labels of boxes that stand in one column; return the column's height."""
    place = table.index("concept")
    height = 0.0
    for number, box in enumerate(boxes):
        caption = sheet.small * 1.2 if _captioned(box) else 0.0
        box.lines = []
        total = 0.0
        for row in box.rows:
            cell = table.rows[row][place]
            if cell is None:
                continue
            box.lines.append(wrapped(label_of(cell), width - _inset(sheet, box) - 2, sheet.body, most=4))
            total += len(box.lines[-1]) * sheet.body * sheet.leading
        box.height = (total or sheet.body * sheet.leading) + caption + sheet.body * 0.7
        height += box.height
        if number:
            height += _between(sheet, boxes[number - 1], box)
    return height


def _inset(sheet: Sheet, box: _Box) -> float:
    """Return where the words of a box begin: after its bar, and after the + where concepts act together."""
    return sheet.body * (0.75 + (0.75 if len(box.rows) > 1 else 0.0))


def _captioned(box: _Box) -> bool:
    return box.role not in ("context", "mechanism", "outcome")


def _between(sheet: Sheet, above: _Box, below: _Box) -> float:
    """Return the space between two boxes: room for "or" between alternatives of one slot."""
    return sheet.small * 1.5 if above.role == below.role else sheet.small * 0.6


def _band(sheet: Sheet, table: Table, band: _Band, y: float, layout: tuple[list[float], float], most: float) -> float:
    lefts, lane = layout
    narrow = sheet.inner < 260
    pad = sheet.body * 0.6
    columns = [[box for box in band.boxes if _LANES[box.role] == n] for n in range(3)]
    heights = [_measure(sheet, table, boxes, lane) for boxes in columns]
    own = 3 * sheet.body * sheet.leading if not narrow else 0.0
    height = max(*heights, own) + 2 * pad
    start = y
    if narrow:
        y += sheet.body * 1.6
        name = wrapped(band.name, sheet.inner * 0.34, sheet.body, most=1)
        sheet.text(sheet.margin, y, name, weight=600)
        _evidence(sheet, table, band, sheet.margin + sheet.inner * 0.36, y - sheet.body * 0.35, most)
    middle = y + height / 2
    reach: list[tuple[float, float] | None] = []
    sheet.line(sheet.margin, start, sheet.margin + sheet.inner, start, stroke=LINE, weight=0.5)
    if not narrow:
        sheet.text(
            sheet.margin,
            middle + sheet.body * 0.35,
            wrapped(band.name, lefts[0] - sheet.margin - 6, sheet.body, most=2),
            weight=600,
        )
        _evidence(sheet, table, band, lefts[2] + lane + 10, middle, most)
    for left, boxes, tall in zip(lefts, columns, heights, strict=True):
        at = middle - tall / 2
        for number, box in enumerate(boxes):
            if number:
                between = _between(sheet, boxes[number - 1], box)
                if boxes[number - 1].role == box.role:
                    sheet.text(
                        left + lane / 2,
                        at + between / 2 + sheet.small * 0.3,
                        "or",
                        size=sheet.small,
                        anchor="middle",
                        fill=SOFT,
                        style="italic",
                    )
                at += between
            _box(sheet, table, box, left, at, lane)
            at += box.height
        reach.append((left, left + lane) if boxes else None)
    for before, after in ((0, 1), (1, 2)):
        if reach[before] and reach[after]:
            x1, x2 = lefts[before] + lane + 2, lefts[after] - 2
            sheet.path(
                f"M{x1:.2f} {middle:.2f}H{x2:.2f}", middle, stroke=SOFT, weight=sheet.body * 0.12, marker="arrow"
            )
    if not reach[1] and reach[0] and reach[2]:
        sheet.path(
            f"M{lefts[0] + lane + 2:.2f} {middle:.2f}H{lefts[2] - 2:.2f}",
            middle,
            stroke=SOFT,
            weight=sheet.body * 0.12,
            dash="3 2",
            marker="arrow",
        )
    return y + height


def _box(sheet: Sheet, table: Table, box: _Box, x: float, y: float, width: float) -> None:
    place = table.index("concept")
    colour = ROLE_COLOURS[box.role]
    caption = sheet.small * 1.2 if _captioned(box) else 0.0
    if box.open:
        row = box.rows[0]
        sheet.rect(
            x,
            y,
            width,
            box.height,
            fill=sheet.hatch,
            stroke=GREY,
            dash="3 2",
            cell=(row, "alternative", table.rows[row][table.index("alternative")]),
            tip=f"{box.role}: left open",
        )
        word = f"{box.role}: open" if caption else "left open"
        wide = min(text_width(word, sheet.small) + 6, width - 4)
        centre = y + box.height / 2
        sheet.rect(x + (width - wide) / 2, centre - sheet.small * 0.8, wide, sheet.small * 1.5, fill="#ffffff")
        sheet.text(x + width / 2, centre + sheet.small * 0.3, word, size=sheet.small, anchor="middle", fill=SOFT)
        return
    sheet.rect(x, y, width, box.height, fill=PALE, stroke=LINE)
    bar = sheet.body * 0.35
    sheet.rect(x, y, bar, box.height, fill=colour)
    at = y + sheet.body * 0.35
    if caption:
        sheet.text(
            x + sheet.body * 0.75, at + sheet.small * 0.85, box.role, size=sheet.small, fill=SOFT, style="italic"
        )
        at += caption
    for number, (row, lines) in enumerate(zip(box.rows, box.lines, strict=True)):
        tall = len(lines) * sheet.body * sheet.leading
        cell = table.rows[row][place]
        label = label_of(cell)
        # An unseen rectangle carries the cell, so that the words can be pointed at and read back.
        sheet.rect(
            x + bar,
            at,
            width - bar - 1,
            tall,
            fill=PALE,
            cell=(row, "concept", key_of(cell)),
            tip=label if len(" ".join(lines)) < len(label) else "",
        )
        if number:
            sheet.text(x + sheet.body * 0.62, at + sheet.body * 0.95, "+", weight=600, fill=SOFT)
        sheet.text(x + _inset(sheet, box), at + sheet.body * 0.95, lines)
        at += tall


def _evidence(sheet: Sheet, table: Table, band: _Band, x: float, middle: float, most: float) -> None:
    """Draw the articles that support, refine and challenge: sign, bar, number; side by side where it is narrow."""
    narrow = sheet.inner < 260
    size = sheet.body * 0.95
    row = table.rows[band.first]
    step = sheet.body * sheet.leading
    for number, stance in enumerate(STANCES):
        count = int(number_of(row[table.index(stance)]))
        sign = STANCE_SIGNS[stance]
        tip = f"{band.name}: {many(count, 'article')} {stance if count == 1 else stance.rstrip('s')}"
        if narrow:
            at = x + number * sheet.inner * 0.21
            sheet.sign(sign, at + size / 2, middle, size, cell=(band.first, stance, count), tip=tip)
            sheet.text(at + size + 3, middle + sheet.body * 0.35, str(count))
            continue
        y = middle + (number - 1) * step
        sheet.sign(sign, x + size / 2, y, size)
        room = sheet.body * 6.6
        wide = room * count / most if most else 0.0
        fill, edge = {"+": (INK, INK), "~": ("#aab2bb", SOFT), "-": ("#ffffff", "#d55e00")}[sign]
        if count:
            sheet.rect(
                x + size + 4,
                y - sheet.body * 0.28,
                wide,
                sheet.body * 0.56,
                fill=fill,
                stroke=edge,
                weight=0.7,
                cell=(band.first, stance, count),
                tip=tip,
            )
        else:
            sheet.line(
                x + size + 4,
                y - sheet.body * 0.28,
                x + size + 4,
                y + sheet.body * 0.28,
                stroke=GREY,
                weight=0.7,
                cell=(band.first, stance, count),
                tip=tip,
            )
        sheet.text(x + size + 7 + wide, y + sheet.body * 0.34, str(count), fill=INK if count else SOFT)


def _legend(sheet: Sheet, bands: list[_Band], y: float) -> None:
    size = sheet.body * 0.95
    roles = {box.role for band in bands for box in band.boxes}

    def sign(mark: str) -> Callable[[float, float], object]:
        return lambda x, at: sheet.sign(mark, x + size / 2, at, size)

    entries: list[tuple[float, Callable[[float, float], object], str]] = [
        (size, sign("+"), "articles that support"),
        (size, sign("~"), "refine"),
        (size, sign("-"), "challenge the configuration"),
    ]
    entries.append(
        (
            sheet.body * 0.7,
            lambda x, at: sheet.text(x, at + sheet.body * 0.3, "+", weight=600, fill=SOFT),
            "act together",
        )
    )
    if any(_between_alternatives(band) for band in bands):
        entries.append(
            (
                sheet.body,
                lambda x, at: sheet.text(x, at + sheet.small * 0.3, "or", size=sheet.small, fill=SOFT, style="italic"),
                "one is enough",
            )
        )
    if any(box.open for band in bands for box in band.boxes):
        entries.append(
            (
                sheet.body * 1.8,
                lambda x, at: sheet.rect(
                    x,
                    at - sheet.body * 0.45,
                    sheet.body * 1.8,
                    sheet.body * 0.9,
                    fill=sheet.hatch,
                    stroke=GREY,
                    dash="3 2",
                ),
                "left open by the theory",
            )
        )
    if roles & {"resource", "reasoning"}:
        bar = sheet.body * 0.35
        entries.append(
            (
                2.4 * bar,
                lambda x, at: _halves(sheet, x, at, bar),
                "resource and reasoning: the two halves of a mechanism",
            )
        )
    sheet.line(sheet.margin, y, sheet.margin + sheet.inner, y, stroke=LINE, weight=0.5)
    sheet.legend(entries, sheet.margin, y + sheet.small * 0.5)


def _between_alternatives(band: _Band) -> bool:
    """Say whether a slot of the band has alternatives."""
    roles = [box.role for box in band.boxes]
    return len(roles) > len(set(roles))


def _halves(sheet: Sheet, x: float, at: float, bar: float) -> None:
    for number, role in enumerate(("resource", "reasoning")):
        sheet.rect(x + number * 1.4 * bar, at - sheet.body * 0.4, bar, sheet.body * 0.8, fill=ROLE_COLOURS[role])


def _told(table: Table, bands: list[_Band]) -> str:
    told = []
    for band in bands[:12]:
        slots = []
        for lane, head in enumerate(_HEADS):
            names = [
                label_of(table.rows[r][table.index("concept")]) or "left open"
                for box in band.boxes
                if _LANES[box.role] == lane
                for r in box.rows
            ]
            slots.append(f"{head.lower()} {listed(names, 5) if names else 'none'}")
        row = table.rows[band.first]
        counts = ", ".join(f"{int(number_of(row[table.index(s)]))} {s}" for s in STANCES)
        told.append(f"{band.name}: {'; '.join(slots)}; articles: {counts}.")
    if len(bands) > 12:
        told.append(f"And {len(bands) - 12} more.")
    return f"{many(len(bands), 'configuration')} as lanes from context through mechanism to outcome. " + " ".join(told)


PART = Chart(
    name="lanes",
    title="Configurations as lanes",
    description=(
        "Each configuration of the theory from context through mechanism to outcome, with alternatives, open slots and the "
        "articles that support, refine and challenge it."
    ),
    table="configuration-parts",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
