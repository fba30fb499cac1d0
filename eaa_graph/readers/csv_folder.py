"""The review folder: CSV files and review.toml, or a workbook in their place."""

from __future__ import annotations

__all__ = ["PARTS", "read_file", "read_folder"]

from pathlib import Path

from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import PROGRESS_FILE, SHEETS
from eaa_graph.readers import RawSheet, Reader, Reading
from eaa_graph.readers.csv_table import SUFFIXES, read_csv
from eaa_graph.readers.grid import known_sheet
from eaa_graph.readers.review_file import REVIEW_FILE, read_review_file
from eaa_graph.readers.xlsx import SUFFIXES as WORKBOOK_SUFFIXES
from eaa_graph.readers.xlsx import read_workbook

_LOOKED_FOR = (
    f"looked for CSV files ({', '.join(f'{name}.csv' for name in list(SHEETS)[:3])}, ...) or a workbook review.xlsx"
)


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda p: p.name)
    except PermissionError:
        raise UnreadableFile(f"the folder {folder} may not be read; ask for permission to read it") from None
    # Spreadsheet programs leave lock files (~$review.xlsx, .~lock.review.csv#) beside an open file.
    return [
        p for p in entries if p.suffix.casefold() in suffixes and not p.name.startswith(("~$", ".")) and p.is_file()
    ]


def read_folder(path: Path) -> Reading:
    """Read a review folder.

    CSV files win over a workbook when at least one of them has the name of a
    sheet; what is left alone is named in a finding.

    Raises
    ------
    UnreadableFile
        If the folder is missing, holds no table, or one of its tables cannot be read.
    """
    if not path.exists():
        raise UnreadableFile(f"there is no folder {path}; {_LOOKED_FOR}")
    if not path.is_dir():
        raise UnreadableFile(f"{path} is not a folder; {_LOOKED_FOR}")
    tables = _files(path, SUFFIXES)
    workbooks = _files(path, WORKBOOK_SUFFIXES)
    if not tables and not workbooks:
        held = "is empty" if not any(path.iterdir()) else "holds no table"
        raise UnreadableFile(f"the folder {path} {held}; {_LOOKED_FOR}")
    called_review = [w for w in workbooks if w.stem.casefold() == "review"]
    if workbooks and not any(known_sheet(t.stem) for t in tables):
        chosen = called_review or workbooks
        if len(chosen) == 1:
            others = [p for p in (*tables, *workbooks) if p != chosen[0]]
            return _from_workbook(path, chosen[0], others)
        if not tables or called_review:
            raise UnreadableFile(
                f"the folder {path} holds several workbooks ({', '.join(w.name for w in chosen)}); "
                "call the one to be read review.xlsx and move the others away"
            )
    return _from_tables(path, tables, workbooks)


def _left_alone(path: Path, why: str) -> Finding:
    return finding(
        "unknown-sheet", Where(path.name), f"{path.name} was left alone: {why}", "move it away if it is not meant"
    )


def _from_workbook(folder: Path, workbook: Path, others: list[Path]) -> Reading:
    reading = read_workbook(workbook)
    left = tuple(_left_alone(other, f"{workbook.name} is the review's workbook") for other in others)
    return Reading(
        folder.resolve().name, reading.sheets, reading.review, reading.review_where, (*reading.findings, *left)
    )


def _from_tables(folder: Path, tables: list[Path], workbooks: list[Path]) -> Reading:
    review, review_where, findings = read_review_file(folder)
    sheets: list[RawSheet] = []
    for table in tables:
        if table.name == PROGRESS_FILE:
            why = "it keeps which articles were read again; eaa-graph theory queue reads it"
            findings.append(
                finding("unknown-sheet", Where(table.name), f"{table.name} was left alone: {why}", "nothing")
            )
            continue
        try:
            sheet, found = read_csv(table)
        except UnreadableFile as error:
            if known_sheet(table.stem):
                raise
            findings.append(_left_alone(table, str(error)))
            continue
        findings += found.all()
        if sheet is not None:
            sheets.append(sheet)
    findings += [_left_alone(w, "the folder's CSV files are read instead") for w in workbooks]
    return Reading(folder.resolve().name, tuple(sheets), review, review_where, tuple(findings))


def read_file(path: Path) -> Reading:
    """Read one CSV file as a review of one sheet, with the review.toml beside it if there is one.

    Raises
    ------
    UnreadableFile
        If it cannot be read.
    """
    sheet, findings = read_csv(path)
    review, review_where, found = read_review_file(path.parent)
    return Reading(path.stem, (sheet,) if sheet else (), review, review_where, (*found, *findings.all()))


PARTS = [
    Reader(
        name="folder",
        title="Review folder",
        description=f"A folder of CSV files ({', '.join(SHEETS)}) with {REVIEW_FILE}, or with a workbook review.xlsx instead.",
        suffixes=("/",),
        accepts=Path.is_dir,
        read=read_folder,
    ),
    Reader(
        name="sheet",
        title="One sheet of a review, in a file called after it such as extractions.csv",
        description="A single CSV or TSV file; its name says which sheet it is. The review.toml beside it is read too.",
        suffixes=SUFFIXES,
        accepts=lambda path: path.suffix.casefold() in SUFFIXES and known_sheet(path.stem) in SHEETS,
        read=read_file,
    ),
]
