"""A result table as CSV, JSON, Markdown, plain text or a workbook.

What a number counts and out of what goes with it wherever the format has a
place for that; CSV has none, so its columns stay bare for R and spreadsheets.
"""

from __future__ import annotations

__all__ = [
    "cell_text",
    "plain",
    "reading_aid",
    "table_csv",
    "table_json",
    "table_markdown",
    "table_text",
    "tables_xlsx",
]

import datetime
import io
import json
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eaa_graph.errors import Refused
from eaa_graph.tables import Cell, Table, Thing
from eaa_graph.writers.csv_folder import csv_text
from eaa_graph.writers.whole import write_whole
from eaa_graph.writers.xlsx import refuse_too_large

_MARKDOWN = re.compile(r"([\\|`*_<\[\]])")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")


def _finite(cell: Cell) -> Cell:
    """A number that is none is no number: the cell is empty."""
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _things(cell: Cell) -> tuple[Thing, ...]:
    """Return the things of a cell: none, one or several."""
    if isinstance(cell, Thing):
        return (cell,)
    return tuple(thing for thing in cell if isinstance(thing, Thing)) if isinstance(cell, tuple) else ()


def _exact(cell: Cell, of: Callable[[Thing], str] = str) -> str:
    """Return a cell as text that loses nothing but the kind of thing."""
    cell = _finite(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Thing):
        return of(cell)
    if isinstance(cell, tuple):
        return "|".join(of(thing) for thing in _things(cell))
    return repr(cell) if isinstance(cell, float) else str(cell)


def cell_text(cell: Cell) -> str:
    """Return a cell as people read it: fractions to three places, very small ones by their power of ten."""
    if isinstance(cell, float) and math.isfinite(cell):
        if cell == 0 or 0.001 <= abs(cell) < 1e9:
            return f"{cell:.3f}".rstrip("0").rstrip(".")
        return f"{cell:.2e}"
    if isinstance(cell, tuple) and not isinstance(cell, Thing):
        return ", ".join(thing.label for thing in _things(cell))
    return _exact(cell)


def _is_things(table: Table, position: int) -> bool:
    return any(isinstance(row[position], tuple) for row in table.rows)


def _is_number(table: Table, position: int) -> bool:
    cells = [row[position] for row in table.rows if row[position] is not None]
    return bool(cells) and all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in cells)


def plain(table: Table) -> tuple[list[str], list[list[Cell]]]:
    """Return headers and rows of plain values: every column of things has a second one with their ids."""
    names = [column.name for column in table.columns]
    taken = set(names)
    headers: list[str] = []
    pick: list[tuple[int, bool]] = []
    for position, name in enumerate(names):
        headers.append(name)
        pick.append((position, False))
        if _is_things(table, position):
            of_ids = f"{name}_id"
            while of_ids in taken:
                of_ids += "_"
            taken.add(of_ids)
            headers.append(of_ids)
            pick.append((position, True))
    rows: list[list[Cell]] = []
    for row in table.rows:
        cells: list[Cell] = []
        for position, ids in pick:
            cell = row[position]
            if isinstance(cell, tuple):
                cells.append(_exact(cell, (lambda thing: thing.id) if ids else str))
            else:
                cells.append(None if ids else _finite(cell))
        rows.append(cells)
    return headers, rows


def table_csv(table: Table, *, guard_formulas: bool = True) -> str:
    r"""Return a table as CSV: one header row of machine names, commas, ``\n``.

    A column of things becomes two: its labels, and under ``<name>_id`` their ids;
    several things in one cell are joined by ``|``. Booleans are yes and no, empty
    cells are empty, fractions have all their digits.

    Parameters
    ----------
    table : Table
    guard_formulas : bool
        Put an apostrophe and a tab before cells that a spreadsheet would run as a formula.
    """
    headers, rows = plain(table)
    return csv_text(headers, [[_exact(cell) for cell in row] for row in rows], guard_formulas=guard_formulas)


def table_json(table: Table) -> str:
    """Return a table as one JSON object with everything needed to read it.

    Keys: name, title, unit, denominator, note, source, columns (name, title, meaning) and
    rows (one object each, by column name). A thing is ``{"kind", "id", "label"}``, several are
    a list of such; an empty cell is null.
    """

    def value(cell: Cell) -> Any:
        if isinstance(cell, Thing):
            return cell._asdict()
        if isinstance(cell, tuple):
            return [thing._asdict() for thing in _things(cell)]
        return _finite(cell)

    whole = {
        "name": table.name,
        "title": table.title,
        "unit": table.unit,
        "denominator": table.denominator,
        "note": table.note,
        "source": table.source,
        "columns": [column._asdict() for column in table.columns],
        "rows": [{name: value(cell) for name, cell in record.items()} for record in table.records()],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _about(table: Table) -> list[tuple[str, str]]:
    pairs = (
        ("Counted in", table.unit),
        ("Out of", table.denominator),
        ("Note", table.note),
        ("Source", table.source),
    )
    return [(name, text) for name, text in pairs if text]


def reading_aid(table: Table) -> list[str]:
    """Return the lines that belong under a table: what it counts, out of what, what it can show, after whom."""
    return [f"{name}: {' '.join(text.split())}" for name, text in _about(table)]


def table_markdown(table: Table) -> str:
    """Return a table as Markdown (the pipe tables of GitHub and Pandoc), its reading instructions below."""

    def escaped(text: str) -> str:
        return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))

    lines = [f"### {escaped(table.title)}", ""]
    lines.append("| " + " | ".join(escaped(column.title) for column in table.columns) + " |")
    lines.append("|" + "|".join(" ---: " if _is_number(table, i) else " --- " for i in range(len(table.columns))) + "|")
    lines += ["| " + " | ".join(escaped(cell_text(cell)) for cell in row) + " |" for row in table.rows]
    if not table.rows:
        lines += ["", "No rows."]
    for name, text in _about(table):
        lines += ["", f"{name}: {escaped(text)}"]
    return "\n".join(lines) + "\n"


def _width(text: str) -> int:
    """Columns that a terminal gives a text: wide characters take two, combining ones none."""
    if text.isascii() and text.isprintable():  # nearly every text is, and then its length says it
        return len(text)
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) in ("Cf", "Mn", "Me")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def table_text(table: Table) -> str:
    """Return a table as plain text in aligned columns, for terminals and logs."""
    grid = [[column.title for column in table.columns]]
    grid += [[" ".join(cell_text(cell).split()) for cell in row] for row in table.rows]
    widths = [max(_width(row[i]) for row in grid) for i in range(len(table.columns))]
    numbers = [_is_number(table, i) for i in range(len(table.columns))]

    def line(cells: Sequence[str]) -> str:
        padded = []
        for cell, width, number in zip(cells, widths, numbers, strict=True):
            gap = " " * (width - _width(cell))
            padded.append(gap + cell if number else cell + gap)
        return "  ".join(padded).rstrip()

    lines = [table.title, "", line(grid[0]), "  ".join("-" * width for width in widths)]
    lines += [line(row) for row in grid[1:]] or ["(no rows)"]
    about = reading_aid(table)
    return "\n".join([*lines, *([""] if about else []), *about]) + "\n"


def tables_xlsx(tables: Sequence[Table], path: Path) -> Path:
    """Write tables into one workbook: a first sheet says how to read them, then one sheet each.

    Raises
    ------
    Refused
        If there is no table, or one is too large for a sheet.
    StoreUnavailable
        If the file cannot be written.
    """
    from xlsxwriter import Workbook  # several times as fast as openpyxl, which only some commands need

    if not tables:
        raise Refused("there is no table to write into a workbook")
    names = _sheet_names(tables)
    contents: list[list[Cell]] = [
        [name, t.title, len(t), t.unit, t.denominator, t.note, t.source] for name, t in zip(names, tables, strict=True)
    ]
    sheets: list[tuple[str, list[str], list[list[Cell]]]] = [
        ("contents", ["sheet", "title", "rows", "unit", "denominator", "note", "source"], contents)
    ]
    sheets += [(name, *plain(table)) for name, table in zip(names, tables, strict=True)]
    for sheet in sheets:
        refuse_too_large(*sheet)
    made = io.BytesIO()
    workbook = Workbook(made, {"in_memory": True})
    workbook.set_properties({"author": "eaa-graph", "created": _WHEN})
    formats = {
        (bold, quoted): workbook.add_format({"bold": bold, "quote_prefix": quoted})
        for bold in (False, True)
        for quoted in (False, True)
    }
    for name, headers, rows in sheets:
        page = workbook.add_worksheet(name)
        page.freeze_panes(1, 0)
        for position, header in enumerate(headers):
            if name == "contents":
                width = (28, 50, 8, 30, 40, 60, 40)[position]
            else:
                longest = max((_width(_exact(row[position])) for row in rows[:200]), default=0)
                width = min(60, max(10, _width(header) + 2, longest + 2))
            page.set_column(position, position, width)
        grid: list[Sequence[Cell]] = [headers, *rows]
        for number, row in enumerate(grid):
            for position, cell in enumerate(row):
                if isinstance(cell, (int, float)) and not isinstance(cell, bool):
                    page.write_number(number, position, cell)
                elif text := _exact(cell):
                    # With a mark where it would become a formula as soon as somebody edits the cell.
                    look = formats[number == 0, text.startswith(("=", "+", "-", "@", "'"))]
                    page.write_string(number, position, text, look)
    workbook.close()
    return write_whole(path, made.getvalue())


#: The time in a workbook: none, so that the same tables give the same bytes.
_WHEN = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def _sheet_names(tables: Sequence[Table]) -> list[str]:
    """Return names that a workbook allows (31 characters, some forbidden), all different."""
    names: list[str] = []
    taken = {"contents", "history"}
    for table in tables:
        base = _NOT_IN_SHEET_NAMES.sub("-", table.name)[:31].strip() or "table"
        name, number = base, 2
        while name.casefold() in taken:
            tail = f" ({number})"
            name, number = base[: 31 - len(tail)] + tail, number + 1
        taken.add(name.casefold())
        names.append(name)
    return names
