"""The alluvial: whole paths from context through mechanism to outcome, each one ribbon from end to end."""

from __future__ import annotations

__all__ = ["PART", "draw"]

from dataclasses import dataclass, field

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import (
    GREY,
    INK,
    ROLE_COLOURS,
    SHARES,
    SOFT,
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

_ROLES = ("context", "mechanism", "outcome")
_OPEN = ("no context coded", "no mechanism coded", "no outcome coded")
#: More ribbons, or more bars in one column, than an eye can follow.
_MOST_PATHS, _MOST_BARS = 90, 24


@dataclass
class _Path:
    row: int
    ends: tuple[str, str, str]
    count: int


@dataclass
class _Bar:
    key: str
    label: str
    total: int
    top: float = 0.0
    middle: float = 0.0
    lines: list[str] = field(default_factory=list)
    room: float = 0.0


def _paths(table: Table) -> tuple[list[_Path], list[dict[str, str]]]:
    names: list[dict[str, str]] = [{}, {}, {}]
    paths = []
    for number, record in enumerate(table.records()):
        ends = []
        for place, role in enumerate(_ROLES):
            cell = record[role]
            key = key_of(cell)
            names[place].setdefault(key, label_of(cell) if cell is not None else _OPEN[place])
            ends.append(key)
        paths.append(_Path(number, (ends[0], ends[1], ends[2]), int(number_of(record["articles"]))))
    return paths, names


def _fits(paths: list[_Path]) -> bool:
    return len(paths) <= _MOST_PATHS and all(len({p.ends[n] for p in paths}) <= _MOST_BARS for n in range(3))


def _least(paths: list[_Path]) -> int:
    """Return the smallest number of articles from which on the paths can be read."""
    for least in sorted({p.count for p in paths}):
        if _fits([p for p in paths if p.count >= least]):
            return least
    return max(p.count for p in paths) + 1


def draw(table: Table, least: int = 0, width: str = "174", prefix: str = "") -> str:
    """Return the paths as ribbons, an SVG document.

    A bar counts pairs of an article and a path, so an article that tells several paths counts several times; the
    heights of bars and ribbons are proportional to that count.

    Parameters
    ----------
    table : Table
        The answer to ``coded-paths``.
    least : int
        Least articles of a path that is drawn; 0 for as few as can be read. What is left out is counted below.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If there is no path, or there are more than can be told apart.
    """
    paths, names = _paths(table)
    if not paths:
        raise Refused("there is nothing to draw: no passage codes a mechanism")
    enough = _least(paths)
    chosen = [p for p in paths if p.count >= (least or enough)]
    if not chosen or not _fits(chosen):
        named = "concept=… (only paths through it)"
        if enough > max(p.count for p in paths):
            raise Refused(
                f"{len(paths)} paths, none told by more articles than the others, would be a tangle: name a {named}"
            )
        if not chosen:
            raise Refused(f"no path is told by {least} articles: ask for least={enough}")
        raise Refused(f"{len(chosen)} paths would be a tangle: ask for least={enough}, or name a {named}")
    sheet = Sheet(prefix or "alluvial", table.title, width)
    all_pairs, shown = sum(p.count for p in paths), sum(p.count for p in chosen)
    top = sheet.heading(table, f"{table.unit}, out of {table.denominator}")
    columns = _columns(chosen, names)
    narrow = sheet.inner < 260
    size = sheet.small if narrow else sheet.body
    number = 0.0 if narrow else text_width("0" * len(str(max(b.total for c in columns for b in c))), size) + 4
    label = min(
        sheet.inner * (0.22 if narrow else 0.25),
        max(text_width(bar.label, size) for n in (0, 2) for bar in columns[n]) + number + 5,
    )
    bar_wide = sheet.body
    lefts = [
        sheet.margin + label,
        sheet.margin + sheet.inner / 2 - bar_wide / 2,
        sheet.margin + sheet.inner - label - bar_wide,
    ]
    rooms = [
        label - number - 5,
        lefts[2] - lefts[1] - bar_wide - 12 - number,
        label - number - 5,
    ]
    for column, room in zip(columns, rooms, strict=True):
        for bar in column:
            bar.lines = wrapped(bar.label, room, size, most=3 if narrow else 2)
            bar.room = (len(bar.lines) + narrow) * size * sheet.leading
    y = top + sheet.body
    sheet.text(lefts[0] + bar_wide, y, "Context", weight=600, anchor="end")
    sheet.text(lefts[1] + bar_wide / 2, y, "Mechanism", weight=600, anchor="middle")
    sheet.text(lefts[2], y, "Outcome", weight=600)
    y += sheet.body * 0.8
    tall = sheet.inner * (1.1 if narrow else 0.5)
    scale, tall = _scale(columns, tall, sheet.body * 0.35)
    for column in columns:
        space = (tall - sum(max(b.total * scale, b.room) for b in column)) / len(column)
        at = y
        for bar in column:
            slot = max(bar.total * scale, bar.room) + space
            bar.top = at + (slot - bar.total * scale) / 2
            bar.middle = at + slot / 2
            at += slot
    _ribbons(sheet, chosen, columns, lefts, bar_wide, scale, names)
    _bars(sheet, columns, lefts, scale, size, number)
    sheet.bottom = max(sheet.bottom, y + tall)
    left_out = len(paths) - len(chosen)
    told_least = min(p.count for p in chosen)
    sheet.note(
        (
            f"Drawn: the {many(len(chosen), 'path')} told by {many(told_least, 'article')} or more, {shown:,} of {many(all_pairs, 'pair')}; "
            f"{many(left_out, 'path')} told by fewer {'is' if left_out == 1 else 'are'} left out. "
            if left_out
            else f"{'The only path' if len(chosen) == 1 else f'All {len(chosen)} paths'}, {many(shown, 'pair')}. "
        )
        + table.note
    )
    strongest = chosen[0]
    words = " to ".join(names[n][strongest.ends[n]] for n in range(3))
    return sheet.svg(
        f"{many(len(chosen), 'path')} from {many(len(columns[0]), 'context')} through {many(len(columns[1]), 'mechanism')} to "
        f"{many(len(columns[2]), 'outcome')}, {shown:,} of {many(all_pairs, 'pair')} of an article and a path. "
        f"Told by most: {words}, {many(strongest.count, 'article')}. Largest bars: "
        + "; ".join(f"{max(c, key=lambda b: b.total).label} {max(b.total for b in c)}" for c in columns)
        + "."
    )


def _columns(paths: list[_Path], names: list[dict[str, str]]) -> list[list[_Bar]]:
    """Return the bars of each column: the middle by size, the others where most of their ribbons go, few crossings."""
    columns: list[list[_Bar]] = []
    for place in range(3):
        totals: dict[str, int] = {}
        for path in paths:
            totals[path.ends[place]] = totals.get(path.ends[place], 0) + path.count
        bars = [_Bar(key, names[place][key], total) for key, total in totals.items()]
        columns.append(sorted(bars, key=lambda b: (not b.key, -b.total, b.key)))
    for _ in range(4):
        for place, other in ((0, 1), (2, 1), (1, 0)):
            others = (0, 2) if place == 1 else (other,)  # the middle is pulled by both sides
            pull: dict[str, float] = {}
            for side in others:
                rank = _centres(columns[side])
                for path in paths:
                    pull[path.ends[place]] = pull.get(path.ends[place], 0.0) + path.count * rank[path.ends[side]]
            weight = {bar.key: bar.total for bar in columns[place]}
            placed = {key: (not key, round(total / weight[key], 6), key) for key, total in pull.items()}
            columns[place].sort(key=lambda b, placed=placed: placed[b.key])  # type: ignore[misc]
    return columns


def _scale(columns: list[list[_Bar]], tall: float, space: float) -> tuple[float, float]:
    """Return points for each pair, and the height, such that every bar and every label has room in its column."""
    tall = max(tall, *(1.15 * sum(b.room for b in c) + space * len(c) for c in columns))
    low, high = 0.0, tall / sum(b.total for b in columns[0])
    for _ in range(40):
        middle = (low + high) / 2
        fits = all(sum(max(b.total * middle, b.room) for b in c) + space * len(c) <= tall for c in columns)
        low, high = (middle, high) if fits else (low, middle)
    return low, tall


def _centres(column: list[_Bar]) -> dict[str, float]:
    found, at = {}, 0.0
    for bar in column:
        found[bar.key] = at + bar.total / 2
        at += bar.total
    return found


def _ribbons(
    sheet: Sheet,
    paths: list[_Path],
    columns: list[list[_Bar]],
    lefts: list[float],
    bar_wide: float,
    scale: float,
    names: list[dict[str, str]],
) -> None:
    order = [{bar.key: n for n, bar in enumerate(column)} for column in columns]
    filled = [{bar.key: bar.top for bar in column} for column in columns]
    tops: dict[int, list[float]] = {p.row: [0.0, 0.0, 0.0] for p in paths}
    # A path keeps its place through the bar in the middle: that is what makes it one ribbon.
    for place, (first, then) in enumerate(((1, 2), (0, 2), (1, 0))):
        placed = {p.row: (order[first][p.ends[first]], order[then][p.ends[then]], p.row) for p in paths}
        for path in sorted(paths, key=lambda p, placed=placed: placed[p.row]):  # type: ignore[misc]
            key = path.ends[place]
            tops[path.row][place] = filled[place][key]
            filled[place][key] += path.count * scale
    for path in sorted(paths, key=lambda p: (-p.count, p.row)):
        high = path.count * scale
        a, b, c = tops[path.row]
        x = [lefts[0] + bar_wide, lefts[1], lefts[1] + bar_wide, lefts[2]]
        m1, m2 = (x[0] + x[1]) / 2, (x[2] + x[3]) / 2
        d = (
            f"M{x[0]:.2f} {a:.2f}C{m1:.2f} {a:.2f} {m1:.2f} {b:.2f} {x[1]:.2f} {b:.2f}H{x[2]:.2f}"
            f"C{m2:.2f} {b:.2f} {m2:.2f} {c:.2f} {x[3]:.2f} {c:.2f}V{c + high:.2f}"
            f"C{m2:.2f} {c + high:.2f} {m2:.2f} {b + high:.2f} {x[2]:.2f} {b + high:.2f}H{x[1]:.2f}"
            f"C{m1:.2f} {b + high:.2f} {m1:.2f} {a + high:.2f} {x[0]:.2f} {a + high:.2f}Z"
        )
        words = " → ".join(names[n][path.ends[n]] for n in range(3))
        sheet.path(
            d,
            max(a, b, c) + high,
            fill=SHARES[1 + order[1][path.ends[1]] % 2],
            stroke="#ffffff",
            weight=0.5,
            opacity=0.8,
            cell=(path.row, "articles", path.count),
            tip=f"{words}: {many(path.count, 'article')}",
        )


def _bars(
    sheet: Sheet, columns: list[list[_Bar]], lefts: list[float], scale: float, size: float, number: float
) -> None:
    """Draw bars and words; where there is no column for the numbers each stands under its words."""
    bar_wide = sheet.body
    for place, (column, left) in enumerate(zip(columns, lefts, strict=True)):
        for bar in column:
            sheet.rect(
                left,
                bar.top,
                bar_wide,
                bar.total * scale,
                fill=ROLE_COLOURS[_ROLES[place]] if bar.key else sheet.hatch,
                stroke="" if bar.key else GREY,
                tip=f"{bar.label}: {many(bar.total, 'pair')} of an article and a path",
            )
            total = str(bar.total)
            lines = bar.lines if number else [*bar.lines, total]
            leading = size * sheet.leading
            start = bar.middle + size * 0.35 - (len(lines) - 1) * leading / 2
            ink, style = (INK, "") if bar.key else (SOFT, "italic")
            anchor = "end" if place == 0 else "start"
            x = left - 4 if place == 0 else left + bar_wide + 4
            over = place == 1
            if not number:
                after = sheet.text(x, start, bar.lines, size=size, anchor=anchor, fill=ink, style=style, halo=over)
                sheet.text(x, after, total, size=size, anchor=anchor, fill=SOFT, halo=over)
            elif place == 0:
                sheet.text(x, bar.middle + size * 0.35, total, size=size, anchor="end", fill=SOFT)
                sheet.text(x - number, start, bar.lines, size=size, anchor="end", fill=ink, style=style)
            else:
                sheet.text(
                    x + number - 4, bar.middle + size * 0.35, total, size=size, anchor="end", fill=SOFT, halo=over
                )
                sheet.text(x + number, start, bar.lines, size=size, fill=ink, style=style, halo=over)


PART = Chart(
    name="alluvial",
    title="Whole paths from context to outcome",
    description=(
        "Context, mechanism and outcome as coded together in passages: each ribbon is one whole path, as wide as the number of "
        "articles that tell it."
    ),
    table="coded-paths",
    function=draw,
    parameters=(
        Parameter("least", "Least articles of a path that is drawn; 0: as few as can be read.", 0),
        WIDTH,
        PREFIX,
    ),
)
