"""The heat map: concepts down, themes across, articles in the cells, out of those that report the theme."""

from __future__ import annotations

__all__ = ["PART", "draw", "wide"]

from html import escape

from eaa_graph.charts import Chart
from eaa_graph.errors import Refused
from eaa_graph.tables import Cell, Column, Table, Thing

#: One hue from light to dark, readable in grey: share of the denominator in five steps.
_STEPS = ("#f2f6fa", "#cfe0ef", "#94bedd", "#4a90c2", "#0d5a94")
_CELL_WIDTH, _CELL_HEIGHT, _GAP = 74, 34, 2
_FONT = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"
#: Width of a letter at 13 px, with room to spare for wide ones.
_LETTER = 7.2


def _label(cell: Cell) -> str:
    return cell.label if isinstance(cell, Thing) else str(cell)


def _grid(table: Table) -> tuple[list[Cell], list[Cell], dict[tuple[Cell, Cell], tuple[int, int]]]:
    """Take a long table apart: row things, column things, and (count, out of) of each cell."""
    rows: dict[Cell, None] = {}
    columns: dict[Cell, None] = {}
    cells: dict[tuple[Cell, Cell], tuple[int, int]] = {}
    for row in table.rows:
        down, across, count, out_of = row[:4]
        rows.setdefault(down)
        columns.setdefault(across)
        if isinstance(count, int) and isinstance(out_of, int):
            cells[down, across] = (count, out_of)
    return list(rows), list(columns), cells


def wide(table: Table) -> Table:
    """Return a long table (concept, theme, count, out of, ...) with one column for each theme.

    Parameters
    ----------
    table : Table
        Its first four columns are the two things, the count and its denominator.
    """
    rows, columns, cells = _grid(table)
    heads = [
        Column(f"c{n}", f"{_label(c)} /{max((cells[r, c][1] for r in rows if (r, c) in cells), default=0)}")
        for n, c in enumerate(columns)
    ]
    body: list[tuple[Cell, ...]] = [(r, *(cells[r, c][0] if (r, c) in cells else None for c in columns)) for r in rows]

    def opens(row: int, column: str) -> tuple[str, ...]:
        if not column.startswith("c"):
            return ()
        wanted = (rows[row], columns[int(column[1:])])
        for number, long_row in enumerate(table.rows):
            if (long_row[0], long_row[1]) == wanted:
                return table.opens(number, table.columns[2].name)
        return ()

    return Table(
        name=table.name,
        title=table.title,
        columns=(table.columns[0], *heads),
        rows=tuple(body),
        unit=table.unit,
        denominator=f"after each heading: {table.denominator}" if table.denominator else "",
        note=table.note,
        source=table.source,
        opens=opens,
    )


def draw(table: Table) -> str:
    """Return the heat map of a long table as an SVG document.

    Cells carry their count; colour is the share of the denominator, and a cell
    whose count is zero is hatched, so that emptiness is seen and not just pale.

    Raises
    ------
    Refused
        If the table is empty.
    """
    rows, columns, cells = _grid(table)
    if not rows or not columns:
        raise Refused("there is nothing to draw: the table is empty")
    left = int(max(len(_label(r)) for r in rows) * _LETTER) + 24
    slanted = any(len(_label(c)) > 10 for c in columns)
    top = 92 + (60 if slanted else 0)
    width = max(left + len(columns) * _CELL_WIDTH + 20, 560)
    height = top + len(rows) * _CELL_HEIGHT + 96
    title = f"{table.title}"
    most = max(cells.items(), key=lambda item: (item[1][0], _label(item[0][0])), default=None)
    empty = sum(1 for count, _ in cells.values() if count == 0)
    told = f"{len(rows)} by {len(columns)} cells; {empty} of them empty."
    if most:
        told += f" Most: {_label(most[0][0])} under {_label(most[0][1])}, {most[1][0]} of {most[1][1]}."
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="heatmap-title heatmap-desc" font-family="{_FONT}" font-size="13">',
        f'<title id="heatmap-title">{escape(title)}</title>',
        f'<desc id="heatmap-desc">{escape(told)}</desc>',
        '<defs><pattern id="heatmap-empty" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#fff"/><line x1="0" y1="0" x2="0" y2="6" stroke="#9a9a9a" stroke-width="1.2"/></pattern></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="26" font-size="16" font-weight="600" fill="#1a1a1a">{escape(title)}</text>',
        f'<text x="12" y="46" fill="#4d4d4d">{escape(table.unit)}; {escape(table.denominator)}</text>',
    ]
    for number, column in enumerate(columns):
        x = left + number * _CELL_WIDTH + (_CELL_WIDTH - _GAP) / 2
        denominator = max((cells[r, column][1] for r in rows if (r, column) in cells), default=0)
        turn = f' transform="rotate(-35 {x:g} {top - 22})" text-anchor="start"' if slanted else ' text-anchor="middle"'
        out.append(f'<text x="{x:g}" y="{top - 22}"{turn} fill="#1a1a1a">{escape(_label(column))}</text>')
        out.append(
            f'<text x="{x:g}" y="{top - 7}" text-anchor="middle" font-size="11" fill="#4d4d4d">of {denominator}</text>'
        )
    for number, row in enumerate(rows):
        y = top + number * _CELL_HEIGHT
        middle = y + (_CELL_HEIGHT - _GAP) / 2 + 4.5
        out.append(
            f'<text x="{left - 10}" y="{middle:g}" text-anchor="end" fill="#1a1a1a">{escape(_label(row))}</text>'
        )
        for place, column in enumerate(columns):
            x = left + place * _CELL_WIDTH
            if (row, column) not in cells:
                continue
            count, out_of = cells[row, column]
            share = count / out_of if out_of else 0.0
            step = min(int(share * 5), 4)
            fill = "url(#heatmap-empty)" if count == 0 else _STEPS[step]
            ink = "#fff" if count and step >= 3 else "#1a1a1a"
            tip = f"{_label(row)}, {_label(column)}: {count} of {out_of}"
            out.append(
                f'<g><title>{escape(tip)}</title><rect x="{x}" y="{y}" width="{_CELL_WIDTH - _GAP}" height="{_CELL_HEIGHT - _GAP}" '
                f'fill="{fill}" stroke="#b8c4ce" stroke-width="0.6"/>'
            )
            if count:
                out.append(
                    f'<text x="{x + (_CELL_WIDTH - _GAP) / 2:g}" y="{middle:g}" text-anchor="middle" fill="{ink}">{count}</text>'
                )
            out.append("</g>")
    base = top + len(rows) * _CELL_HEIGHT + 22
    x = float(left)
    for number, colour in enumerate(_STEPS):
        out.append(
            f'<rect x="{x:g}" y="{base}" width="26" height="14" fill="{colour}" stroke="#b8c4ce" stroke-width="0.6"/>'
        )
        label = f"{number * 20}–{number * 20 + 20}%" if number else "up to 20%"
        out.append(f'<text x="{x + 31:g}" y="{base + 11.5}" font-size="11" fill="#1a1a1a">{label}</text>')
        x += 31 + len(label) * 6.4 + 8
    out.append(
        f'<rect x="{left}" y="{base + 22}" width="26" height="14" fill="url(#heatmap-empty)" stroke="#b8c4ce" stroke-width="0.6"/>'
    )
    out.append(
        f'<text x="{left + 31}" y="{base + 33.5}" font-size="11" fill="#1a1a1a">none: a gap to look into, not proof of absence</text>'
    )
    out.append("</svg>")
    return "\n".join(out) + "\n"


PART = Chart(
    name="heatmap",
    title="Concepts by theme",
    description="In how many articles a concept is coded under a theme, out of the articles that report the theme.",
    table="articles-by-mechanism-and-theme",
    function=draw,
)
