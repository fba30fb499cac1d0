"""Workbooks: every text is a text, nothing is a formula, and the same review gives the same bytes."""

from __future__ import annotations

__all__ = ["PART", "refuse_too_large", "saved", "text_cell", "write_workbook"]

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eaa_graph.errors import Refused
from eaa_graph.model import ESCAPE_MARK, Records, column_letter
from eaa_graph.writers import Writer
from eaa_graph.writers.rows import (
    SheetRows,
    escaped,
    list_separator,
    people_rows,
    phase_rows,
    review_pairs,
    sheet_rows,
)
from eaa_graph.writers.whole import write_whole

#: What a cell, and a sheet, of a workbook can hold at most.
_LONGEST = 32_767
_MOST_ROWS = 1_048_576
#: Spreadsheet programs read _x0041_ as the letter A; its own underscore has to be written so.
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_WHEN = "2000-01-01T00:00:00Z"
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(?=</)")
_WIDTHS = {"id": 18, "text": 28, "year": 8, "count": 8, "date": 12, "flag": 10, "choice": 14, "ref": 18}


def refuse_too_large(name: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Refuse a sheet that a workbook cannot hold, before anything of it is made.

    Raises
    ------
    Refused
        If there are too many rows, or a text is too long (spreadsheet programs would cut it off silently).
    """
    if len(rows) >= _MOST_ROWS:
        raise Refused(f"{name} has {len(rows):,} rows, more than a sheet of a workbook can hold; write CSV instead")
    for number, row in enumerate((headers, *rows), 1):
        for position, cell in enumerate(row, 1):
            if isinstance(cell, str) and len(cell) * 7 > _LONGEST and _units(cell) > _LONGEST:
                raise Refused(
                    f"{name}!{column_letter(position)}{number} holds {len(cell):,} characters, more than a cell of a "
                    f"workbook can ({_LONGEST:,}); write CSV instead"
                )


def _units(text: str) -> int:
    """Length as spreadsheet programs count it, with the escapes and marks that writing adds."""
    return len(_xml(text).encode("utf-16-le")) // 2 + len(ESCAPE_MARK)


def _xml(text: str) -> str:
    """Return `text` as the XML of a workbook holds it."""
    return _LOOKS_ESCAPED.sub("_x005F_", text)


def text_cell(sheet: Any, text: str) -> Any:
    """Return a cell that holds `text` as text, whatever it looks like."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=_xml(text))
    cell.data_type = "s"
    if text.startswith(("=", "+", "-", "@", "'")):
        # Otherwise it would become a formula as soon as somebody edits the cell.
        cell.quotePrefix = True
    return cell


def saved(workbook: Any) -> bytes:
    """Return the bytes of a workbook without the time and the program that made it."""
    workbook.properties.creator = "eaa-graph"
    stream = io.BytesIO()
    workbook.save(stream)
    result = io.BytesIO()
    with zipfile.ZipFile(stream) as made, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>" + _WHEN.encode(), content)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o600 << 16
            fixed.writestr(entry, content)
    return result.getvalue()


def write_workbook(records: Records, path: Path) -> list[Path]:
    """Write a review as one workbook, with sheets `review`, `people` and `phases` in place of review.toml.

    Parameters
    ----------
    records : Records
    path : Path
        The file.

    Returns
    -------
    list of Path
        The file written.

    Raises
    ------
    Refused
        If something cannot be written so that it reads back the same: a text too long for a cell, too many rows.
    StoreUnavailable
        If the file cannot be written.
    """
    from openpyxl import Workbook

    separator = list_separator(records)
    pairs = tuple(review_pairs(records, separator))
    beside = [SheetRows("review", ("key", "value"), pairs, ("id", "text"))]
    beside += [sheet for sheet in (people_rows(records), phase_rows(records)) if sheet.rows]
    sheets = (*beside, *sheet_rows(records, separator))
    for sheet in sheets:
        refuse_too_large(sheet.name, sheet.headers, sheet.rows)
    workbook = Workbook(write_only=True)
    for sheet in sheets:
        _add(workbook, sheet)
    return [write_whole(path, saved(workbook))]


def _add(workbook: Any, sheet: SheetRows) -> None:
    from openpyxl.styles import Font

    page = workbook.create_sheet(sheet.name)
    page.freeze_panes = "B2"
    bold = Font(bold=True)
    header = []
    for number, (name, kind) in enumerate(zip(sheet.headers, sheet.kinds, strict=True), 1):
        page.column_dimensions[column_letter(number)].width = _WIDTHS.get(kind, 24)
        cell = text_cell(page, escaped(name))
        cell.font = bold
        header.append(cell)
    page.append(header)
    numeric = [kind in ("year", "count") for kind in sheet.kinds]
    for row in sheet.rows:
        cells: list[Any] = []
        for position, text in enumerate(row):
            if not text:
                cells.append(None)
            elif numeric[position] and len(text) <= 15:
                cells.append(int(text))
            else:
                cells.append(text_cell(page, escaped(text, first=not position)))
        page.append(cells)


PART = Writer(
    name="xlsx",
    title="Workbook",
    description="One workbook with a sheet for each kind of record; reads back to the same review.",
    suffix=".xlsx",
    write=write_workbook,
)
