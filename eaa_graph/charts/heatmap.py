"""The heat map: concepts down, themes across, articles in the cells, out of those that report the theme."""

from __future__ import annotations

__all__ = ["PART", "draw", "wide"]

from eaa_graph.charts import PREFIX, WIDTH, Chart
from eaa_graph.charts.drawing import INK, LINE, SHARES, SOFT, Sheet, ink_on, label_of, share_steps, text_width, wrapped
from eaa_graph.errors import Refused
from eaa_graph.tables import Cell, Column, Table, many


def _grid(table: Table) -> tuple[list[Cell], list[Cell], dict[tuple[Cell, Cell], tuple[int, int, int]]]:
    """Take a long table apart: row things, column things, and (count, out of, table row) of each cell."""
    rows: dict[Cell, None] = {}
    columns: dict[Cell, None] = {}
    cells: dict[tuple[Cell, Cell], tuple[int, int, int]] = {}
    for number, row in enumerate(table.rows):
        down, across, count, out_of = row[:4]
        rows.setdefault(down)
        columns.setdefault(across)
        if isinstance(count, int) and isinstance(out_of, int):
            cells[down, across] = (count, out_of, number)
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
        Column(f"c{n}", f"{label_of(c)} /{max((cells[r, c][1] for r in rows if (r, c) in cells), default=0)}")
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


def draw(table: Table, width: str = "174", prefix: str = "") -> str:
    """Return the heat map of a long table as an SVG document.

    Cells carry their count; colour is the share of the denominator, and a cell
    whose count is zero is hatched, so that emptiness is seen and not just pale.

    Parameters
    ----------
    table : Table
        Its first four columns are the two things, the count and its denominator.
    width : str
        Journal width in millimetres (85, 114, 174) or ``slide``.
    prefix : str
        What the ids in the picture begin with.

    Raises
    ------
    Refused
        If the table is empty, or has more columns than the width can bear.
    """
    rows, columns, cells = _grid(table)
    if not rows or not columns:
        raise Refused("there is nothing to draw: the table is empty")
    sheet = Sheet(prefix or "heatmap", table.title, width)
    left = min(max(text_width(label_of(r), sheet.body) for r in rows) + 8, sheet.inner * 0.34)
    cell_width = min((sheet.inner - left) / len(columns), 62 if width != "slide" else 100)
    if cell_width < sheet.body * 2.1:
        raise Refused(f"{len(columns)} columns do not fit into {width}: choose a wider figure, or fewer columns")
    labels = [wrapped(label_of(r), left - 6, sheet.body, most=2) for r in rows]
    cell_height = max(
        sheet.body * 2.3, max(len(label) for label in labels) * sheet.body * sheet.leading + sheet.body * 0.5
    )
    top = sheet.heading(table)
    x0 = sheet.margin + left
    heads = [wrapped(label_of(c), cell_width - 3, sheet.body, most=5) for c in columns]
    deepest = max(len(h) for h in heads)
    base = top + deepest * sheet.body * sheet.leading + sheet.small * 1.6
    for number, column in enumerate(columns):
        middle = x0 + (number + 0.5) * cell_width
        first = base - sheet.small * 1.9 - (len(heads[number]) - 1) * sheet.body * sheet.leading
        sheet.text(middle, first, heads[number], anchor="middle")
        denominator = max((cells[r, column][1] for r in rows if (r, column) in cells), default=0)
        sheet.text(middle, base - sheet.small * 0.6, f"of {denominator}", size=sheet.small, anchor="middle", fill=SOFT)
    highest = max((count / out_of for count, out_of, _ in cells.values() if out_of), default=0.0)
    ends = share_steps(highest)
    for number, row in enumerate(rows):
        y = base + number * cell_height
        label = labels[number]
        start = y + cell_height / 2 + sheet.body * 0.35 - (len(label) - 1) * sheet.body * sheet.leading / 2
        sheet.text(x0 - 6, start, label, anchor="end")
        for place, column in enumerate(columns):
            if (row, column) not in cells:
                continue
            count, out_of, table_row = cells[row, column]
            share = count / out_of if out_of else 0.0
            fill = (
                sheet.hatch
                if count == 0
                else SHARES[next(n for n, end in enumerate(ends) if share <= end + 1e-9 or n == len(ends) - 1)]
            )
            sheet.rect(
                x0 + place * cell_width,
                y,
                cell_width - 1.2,
                cell_height - 1.2,
                fill=fill,
                stroke=LINE,
                weight=0.4,
                cell=(table_row, table.columns[2].name, count),
                tip=f"{label_of(row)}, {label_of(column)}: {count} of {out_of}",
            )
            if count:
                sheet.text(
                    x0 + (place + 0.5) * cell_width - 0.6,
                    y + cell_height / 2 + sheet.body * 0.32,
                    str(count),
                    anchor="middle",
                    fill=ink_on(fill),
                )
    _legend(sheet, x0, ends)
    sheet.note(table.note)
    empty = sum(1 for count, _, _ in cells.values() if count == 0)
    most = max(cells.items(), key=lambda item: (item[1][0], -item[1][2]))
    told = (
        f"{many(len(rows), 'row')} by {many(len(columns), 'column')}, {empty} of {many(len(cells), 'cell')} empty. "
        f"Most: {label_of(most[0][0])} under {label_of(most[0][1])}, {most[1][0]} of {most[1][1]}."
    )
    return sheet.svg(told)


def _legend(sheet: Sheet, x: float, ends: list[float]) -> None:
    y = sheet.bottom + sheet.small * 1.1
    box = sheet.small * 1.3
    entries = [
        (
            colour,
            f"{'up to ' if not n else ''}{(ends[n - 1] * 100 if n else ends[0] * 100):.0f}{f'–{ends[n] * 100:.0f}' if n else ''}%",
        )
        for n, colour in enumerate(SHARES)
    ]
    entries.append((sheet.hatch, "none: a place to look, not proof of absence"))
    at = x
    for fill, label in entries:
        needed = box * 1.6 + 3 + text_width(label, sheet.small) + 8
        if at > x and at + needed > sheet.margin + sheet.inner:
            at, y = x, y + box * 1.5
        sheet.rect(at, y, box * 1.6, box, fill=fill, stroke=LINE, weight=0.4)
        sheet.text(at + box * 1.6 + 3, y + box * 0.8, label, size=sheet.small, fill=INK)
        at += needed


PART = Chart(
    name="heatmap",
    title="Concepts by theme",
    description="In how many articles a concept is coded under a theme, out of the articles that report the theme.",
    table="articles-by-mechanism-and-theme",
    function=draw,
    parameters=(WIDTH, PREFIX),
)
