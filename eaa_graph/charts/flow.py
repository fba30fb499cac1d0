"""The document flow: boxes with counts and reasons, arrows between them, sums as recorded."""

from __future__ import annotations

__all__ = ["PART", "draw"]

from dataclasses import dataclass, field

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    GREY,
    INK,
    LINE,
    PALE,
    SOFT,
    WARNING,
    Sheet,
    apart,
    label_of,
    number_of,
    wrapped,
)
from eaa_graph.errors import Refused
from eaa_graph.tables import Table

#: Longest reason in a box, in lines; the table holds it whole.
_REASON_LINES = 5


@dataclass
class _Box:
    """A count of the flow, or (row -1) the way of an arrow past a level."""

    row: int
    step: int
    stage: str
    level: int = 0
    before: list[_Box] = field(default_factory=list)
    goes_on: bool = False
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    lines: tuple[list[str], list[str], list[str]] = field(default_factory=lambda: ([], [], []))

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def _levels(table: Table) -> list[list[_Box]]:
    boxes: dict[int, _Box] = {}
    steps = list(table.records())
    for number, record in enumerate(steps):
        step = int(number_of(record["step"]))
        box = boxes[step] = _Box(number, step, label_of(record["stage"]))
        for name in str(record["from_steps"] or "").split(", "):
            origin = boxes.get(int(name)) if name else None
            if origin is not None:  # a step that comes from a later one is a circle, and a finding
                box.before.append(origin)
                origin.goes_on = True
                box.level = max(box.level, origin.level + 1)
    levels: list[list[_Box]] = [[] for _ in range(max(b.level for b in boxes.values()) + 1)]
    for box in boxes.values():
        levels[box.level].append(box)
    for box in boxes.values():
        for place, origin in enumerate(box.before):
            passing = origin
            for level in range(origin.level + 1, box.level):
                way = _Box(-1, box.step, "", level, [passing], goes_on=True)
                levels[level].append(way)
                passing = way
            box.before[place] = passing
    above: list[_Box] = []
    for row in levels:
        places = {id(b): n for n, b in enumerate(above)}
        stages = list(dict.fromkeys(b.stage for b in row))
        ranks = {id(b): _rank(b, places, stages) for b in row}
        row.sort(key=lambda b, ranks=ranks: ranks[id(b)])  # type: ignore[misc]
        above = row
    return levels


def _rank(box: _Box, places: dict[int, int], stages: list[str]) -> tuple[float, int, bool, int]:
    """Return where a box stands in its level: under where it comes from, stages together, what goes on first."""
    own = [places[id(b)] for b in box.before if id(b) in places]
    centre = sum(own) / len(own) if own else float(len(places))
    return (centre, stages.index(box.stage), not box.goes_on, box.row)


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the document flow as an SVG document.

    Parameters
    ----------
    table : Table
        The answer to ``flow-steps``.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there is no flow, or more boxes stand side by side than the width can bear.
    """
    if not table.rows:
        raise Refused("there is nothing to draw: no document flow is recorded")
    levels = _levels(table)
    sheet = Sheet(prefix or "flow", table.title, width)
    gap, way = sheet.body * 0.9, sheet.body * 1.2
    room = min(
        (sheet.inner - gap * (len(level) - 1) - way * sum(b.row < 0 for b in level))
        / max(sum(b.row >= 0 for b in level), 1)
        for level in levels
    )
    if room < sheet.body * 6:
        most = max(sum(b.row >= 0 for b in level) for level in levels)
        raise Refused(f"{most} boxes side by side do not fit into {width}: choose a wider figure")
    room = min(room, sheet.body * 17)
    y = sheet.heading(table, "Documents, as recorded") + sheet.body * 0.3
    for level in levels:
        x = sheet.margin + (sheet.inner - sum(room if b.row >= 0 else way for b in level) - gap * (len(level) - 1)) / 2
        for box in level:
            box.x, box.width = x, room if box.row >= 0 else way
            x += box.width + gap
    for number, level in enumerate(levels):
        y = _level(sheet, table, level, y)
        if number + 1 < len(levels):
            _arrows(sheet, levels[number + 1], y, y + sheet.body * 2.6)
            y += sheet.body * 2.6
    _sums(sheet, table, y)
    sheet.note(table.note)
    return sheet.svg(_told(table))


def _level(sheet: Sheet, table: Table, level: list[_Box], y: float) -> float:
    """Draw one level from `y` down and return where it ends."""
    size, small = sheet.body, sheet.small
    for box in level:
        if box.row < 0:
            continue
        room = box.width
        record = dict(zip((c.name for c in table.columns), table.rows[box.row], strict=True))
        head = wrapped(label_of(record["outcome"]), room - 8, size, most=3)
        reason = wrapped(label_of(record["reason"]), room - 8, small, most=_REASON_LINES) if record["reason"] else []
        box.lines = (wrapped(box.stage, room - 8, small, most=2), head, reason)
        box.height = (len(head) + 1) * size * sheet.leading + size * 0.9
        box.height += (len(box.lines[0]) + len(reason)) * small * sheet.leading
    tall = max((b.height for b in level), default=0.0)
    for box in level:
        box.y = y
        if box.row < 0:
            sheet.line(box.middle, y, box.middle, y + tall, stroke=SOFT, weight=0.8)
            continue
        box.height = tall
        column = table.index("documents")
        count = table.rows[box.row][column]
        sheet.rect(
            box.x,
            box.y,
            box.width,
            tall,
            fill=PALE if box.goes_on else "#ffffff",
            stroke=INK if box.goes_on else GREY,
            weight=0.9 if box.goes_on else 0.7,
            cell=(box.row, "documents", count),
            tip=label_of(table.rows[box.row][table.index("reason")]),
        )
        stage, head, reason = box.lines
        at = sheet.text(box.x + 4, box.y + small * 1.3, stage, size=small, fill=SOFT, style="italic")
        at = sheet.text(box.x + 4, at + size * 0.15, head)
        at = sheet.text(box.x + 4, at, f"n = {int(number_of(count)):,}", weight=600)
        if reason:
            sheet.text(box.x + 4, at - size * 0.1, reason, size=small, fill=SOFT)
    return y + tall


def _arrows(sheet: Sheet, level: list[_Box], top: float, bottom: float) -> None:
    """Draw the arrows into `level`; those with the same origins share one crossbar, each crossbar its own height."""
    bars: dict[tuple[int, ...], list[_Box]] = {}
    for box in level:
        if box.before:
            bars.setdefault(tuple(id(b) for b in box.before), []).append(box)
    height = bottom - top
    for number, boxes in enumerate(bars.values()):
        y = top + height * (number + 1) / (len(bars) + 1) * 0.85
        ends = [b.middle for b in boxes]
        starts = [b.middle for b in boxes[0].before]
        low, high = min(ends + starts), max(ends + starts)
        straight = high - low < 0.5
        if not straight:
            sheet.line(low, y, high, y, stroke=SOFT, weight=0.8)
        for x in starts:
            sheet.line(x, top, x, y, stroke=SOFT, weight=0.8)
        for box in boxes:
            foot = bottom
            d = f"M{box.middle:.2f} {y:.2f}V{foot:.2f}"
            sheet.path(d, foot, stroke=SOFT, weight=0.8, marker="" if box.row < 0 else "arrow")


def _sums(sheet: Sheet, table: Table, y: float) -> None:
    """Write for every stage what went in and what came out, and say where the two differ."""
    told: dict[tuple[str, str], tuple[float, float, list[int]]] = {}
    documents = {int(number_of(r["step"])): int(number_of(r["documents"])) for r in table.records()}
    sources: dict[tuple[str, str], list[int]] = {}
    for record in table.records():
        if record["incoming"] is None:
            continue
        key = (label_of(record["stage"]), label_of(record["from"]))
        entry = told.setdefault(key, (number_of(record["incoming"]), number_of(record["outgoing"]), []))
        entry[2].append(int(number_of(record["documents"])))
        sources[key] = [documents[int(name)] for name in str(record["from_steps"]).split(", ")]
    if not told:
        return
    y += sheet.small * 1.6
    sheet.line(sheet.margin, y, sheet.margin + sheet.inner, y, stroke=LINE, weight=0.5)
    y += sheet.small * 1.5
    for key, (incoming, outgoing, parts) in told.items():
        came = " + ".join(f"{n:,}" for n in sources[key]) + (f" = {incoming:,.0f}" if len(sources[key]) > 1 else "")
        summed = " + ".join(f"{p:,}" for p in parts) + (f" = {outgoing:,.0f}" if len(parts) > 1 else "")
        right = incoming == outgoing
        words = f"{apart(key[0])}: {came} in; {summed} out"
        if not right:
            gap = abs(incoming - outgoing)
            words += f": {gap:,.0f} {'not accounted for' if outgoing < incoming else 'more than came in'}"
        lines = wrapped(words, sheet.inner - sheet.small * 1.6, sheet.small)
        sheet.sign("=" if right else "-", sheet.margin + sheet.small * 0.5, y - sheet.small * 0.35, sheet.small)
        y = sheet.text(sheet.margin + sheet.small * 1.6, y, lines, size=sheet.small, fill=INK if right else WARNING)
        y += sheet.small * 0.25


def _told(table: Table) -> str:
    steps = [
        f"{label_of(r['stage'])}: {label_of(r['outcome'])} {int(number_of(r['documents'])):,}"
        + (f" ({label_of(r['reason'])})" if r["reason"] else "")
        for r in table.records()
    ]
    wrong = sorted({label_of(r["stage"]) for r in table.records() if r["adds_up"] is False})
    return (
        "Document flow. "
        + "; ".join(steps)
        + ". "
        + (f"The numbers do not add up at {', '.join(wrong)}." if wrong else "Every sum that can be checked adds up.")
    )


PART = Chart(
    name="flow",
    title="Document flow",
    description="How many documents went where, with reasons; every stage says whether its numbers add up.",
    table="flow-steps",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
