"""A review folder: one CSV file for each sheet, and review.toml.

CSV has no way to say "this is text". With `guard_formulas` a cell that a
spreadsheet program would run as a formula (it begins with ``=``, ``+``, ``-``
or ``@``, and is no plain number) is written with an apostrophe and a tab before
it: harmless there, kept when the file is saved again, and taken off by our own
reader. The files are made to be opened in a spreadsheet, so the guard is on
unless it is told not to be.
"""

from __future__ import annotations

__all__ = ["PART", "csv_text", "review_toml", "toml_text", "write_folder"]

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from eaa_graph.errors import EaaError
from eaa_graph.model import SHEETS, Records
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

#: Without it Excel reads accents wrong, and saves them wrong.
_BOM = "\ufeff"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TOML_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def csv_text(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, guard_formulas: bool = False, template: bool = False
) -> str:
    r"""Return a table as CSV: commas, ``\n``, quotation marks only where needed.

    Cells that a reader would take for something else get an escape mark; see
    :func:`eaa_graph.writers.rows.escaped`. In a `template` a mark in the first cell
    of a row is meant, and stays bare.
    """
    stream = io.StringIO()
    # A header with a semicolon or tab in it must not make another separator look likely.
    likely = any(set(";\t") & set(header) for header in headers)
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL if likely else csv.QUOTE_MINIMAL).writerow(
        [escaped(header, guard_formulas=guard_formulas) for header in headers]
    )
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow(
            [
                escaped(cell, first=not i and not template, guard_formulas=guard_formulas) if cell else ""
                for i, cell in enumerate(row)
            ]
        )
    return stream.getvalue()


def toml_text(value: str) -> str:
    r"""Return a text as a TOML string on one line.

    Examples
    --------
    >>> print(toml_text('say "yes"'))
    "say \"yes\""
    """
    return (
        '"'
        + "".join(
            _TOML_ESCAPES.get(c) or (f"\\u{ord(c):04X}" if c < " " or "\x7f" <= c <= "\x9f" else c) for c in value
        )
        + '"'
    )


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else toml_text(name)


def review_toml(records: Records, separator: str = "|") -> str:
    """Return review.toml: the review, its people and its phases."""
    lines = ["[review]", *(f"{_key(name)} = {toml_text(value)}" for name, value in review_pairs(records, separator))]
    for sheet in (people_rows(records), phase_rows(records)):
        for row in sheet.rows:
            lines += ["", f"[[{sheet.name}]]"]
            for name, value in zip(sheet.headers, row, strict=True):
                if value and name == "reads":
                    lines.append(f"reads = [{', '.join(map(toml_text, value.split('|')))}]")
                elif value:
                    lines.append(f"{_key(name)} = {toml_text(value)}")
    return "\n".join(lines) + "\n"


def write_folder(records: Records, path: Path, *, guard_formulas: bool = True) -> list[Path]:
    """Write a review folder.

    Parameters
    ----------
    records : Records
    path : Path
        The folder; made if it is not there.
    guard_formulas : bool
        Whether cells that look like formulas are marked (see the module's description).

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    EaaError
        If the folder holds a sheet that this review has not: reading it back would mix the two.
    Refused
        If something cannot be written so that it reads back the same.
    StoreUnavailable
        If a file cannot be written.
    """
    separator = list_separator(records)
    sheets = sheet_rows(records, separator)
    _refuse_leftovers(path, sheets)
    texts = {f"{s.name}.csv": _BOM + csv_text(s.headers, s.rows, guard_formulas=guard_formulas) for s in sheets}
    texts["review.toml"] = review_toml(records, separator)
    return [write_whole(path / name, text) for name, text in texts.items()]


def _refuse_leftovers(path: Path, sheets: tuple[SheetRows, ...]) -> None:
    own = {sheet.name for sheet in sheets}
    left = [f"{name}.csv" for name in SHEETS if name not in own and (path / f"{name}.csv").exists()]
    if left:
        raise EaaError(
            f"{path} already holds {', '.join(left)}, which this review has not; choose an empty folder, or move them away"
        )


PART = Writer(
    name="csv",
    title="Review folder",
    description="A folder with one CSV file for each sheet and review.toml; reads back to the same review.",
    suffix="/",
    write=write_folder,
)
