"""The headers of a table, seen without reading the table: to tell whose format a file is."""

from __future__ import annotations

__all__ = ["headers_of"]

import csv
from pathlib import Path

from eaa_graph.model import SHEETS
from eaa_graph.readers.grid import known_sheet

_WORKBOOKS = (".xlsx", ".xlsm", ".ods")


def headers_of(path: Path) -> tuple[str, ...]:
    """Return the cells of the first line of a CSV file or of a workbook's first sheet.

    Empty for anything that cannot be read, and for the sheets and workbooks of a review, which have their own readers.
    """
    # Only the sheets' own names: "links" may be claims, but is also what other software calls its table.
    if not path.is_file() or path.name.startswith("~$") or path.stem.casefold() in SHEETS:
        return ()
    if path.suffix.casefold() in _WORKBOOKS:
        return _of_workbook(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(65536)
    except OSError:
        return ()
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ()
    encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    lines = start.decode(encoding, "replace").splitlines()
    if not lines:
        return ()
    delimiter = max(",;\t", key=lines[0].count)
    return tuple(cell.strip() for cell in next(csv.reader([lines[0]], delimiter=delimiter), []))


def _of_workbook(path: Path) -> tuple[str, ...]:
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        if not book.sheet_names or any(known_sheet(name) or name.casefold() == "review" for name in book.sheet_names):
            return ()
        rows = book.get_sheet_by_index(0).to_python(nrows=1)
    except Exception:
        return ()
    return tuple(str(cell).strip() for cell in rows[0]) if rows else ()
