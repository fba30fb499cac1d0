"""A workbook with the sheets of a review.

Values come from calamine, which is fast. What a workbook hides (merged and
hidden cells, formulas whose result was never stored, errors, comments) is
looked for in the file's own XML, and only in sheets that have any of it.
"""

from __future__ import annotations

__all__ = ["PART", "SUFFIXES", "read_workbook"]

import datetime
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Where
from eaa_graph.model import COMMENT_MARK, EXAMPLE_MARK, column_letter, folded
from eaa_graph.readers import RawSheet, Reader, Reading
from eaa_graph.readers.csv_table import file_bytes
from eaa_graph.readers.grid import Findings, sheet_of
from eaa_graph.readers.review_file import read_review_file

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
#: Sheet of the template that explains the workbook; never data.
_READ_ME = folded("read me first")
#: Cells a sheet may span: values lie in one block of memory, so a stray cell in the last corner costs it all.
_MOST_CELLS = 60_000_000
#: Bytes the parts of a workbook may unpack to.
_MOST_BYTES = 4_000_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PASSWORD = "take the password off in the spreadsheet program (File, Info, Protect Workbook) and save it again"  # noqa: S105 (advice, no password)
#: Any of these in a sheet's XML is reason to look closer.
_WORTH_A_LOOK = re.compile(rb"<(?:\w+:)?(?:f|mergeCell)[ />]|hidden=|t=.e[\"']")
_ADDRESS = re.compile(r"([A-Z]+)(\d+)")


#: What the standard library raises for a damaged file.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    OSError,
    KeyError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


class _Remarks(NamedTuple):
    """What the XML of a sheet says beside its values."""

    merged: list[str]
    hidden_rows: list[int]
    hidden_columns: list[str]
    no_value: list[str]
    errors: list[tuple[str, str]]
    comments: list[str]


def read_workbook(path: Path) -> Reading:
    """Read a workbook, with the review.toml beside it or its own sheet `review`.

    Raises
    ------
    UnreadableFile
        If the file is missing, locked, encrypted, damaged or no workbook, or has no sheet with cells.
    """
    raw = file_bytes(path)
    archive = _archive(path, raw)
    book = _open(path, raw)
    findings = Findings()
    remarks = _remarks(path, archive) if archive else {}
    sheets: list[RawSheet] = []
    own_review: RawSheet | None = None
    for meta in book.sheets_metadata:
        if str(meta.typ) != "SheetTypeEnum.WorkSheet" or folded(meta.name) == _READ_ME:
            continue
        where = Where(path.name, meta.name)
        hidden = str(meta.visible) != "SheetVisibleEnum.Visible"
        try:
            sheet = _sheet(book, where, hidden, remarks.get(meta.name), findings)
        except BaseException as error:
            _refuse_panic(path, error)
            raise
        if sheet is not None and folded(meta.name) == "review":
            own_review = sheet
        elif sheet is not None:
            sheets.append(sheet)
    book.close()
    if not sheets and not any(f.sets_row_aside for f in findings.all()):
        raise UnreadableFile(f"no sheet of {path} has any cells; looked for sheets such as articles and extractions")
    review: dict[str, Any]
    review, review_where, found = read_review_file(path.parent)
    if own_review is not None and review_where is None:
        review, review_where = _review(own_review), own_review.where
    elif own_review is not None:
        findings.add(
            "unknown-sheet",
            own_review.where,
            "the sheet 'review' was left alone: review.toml beside the workbook says it already",
            "keep one of the two",
        )
    return Reading(path.stem, tuple(sheets), review, review_where, (*findings.all(), *found))


# --- opening ------------------------------------------------------------------------------


def _archive(path: Path, raw: bytes) -> zipfile.ZipFile | None:
    """Return the workbook as a zip file if it is one; refuse what could not be a workbook."""
    if raw.startswith(_OLE):
        if _ENCRYPTED in raw:
            raise UnreadableFile(f"{path} is protected by a password; {_PASSWORD}")
        return None
    if not raw:
        raise UnreadableFile(f"{path} is empty (0 bytes); it was probably not saved or not downloaded completely")
    if not raw.startswith(b"PK"):
        raise UnreadableFile(
            f"{path} is not a workbook, whatever its name says; save it as .xlsx in a spreadsheet program, or as CSV"
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise UnreadableFile(f"{path} is damaged; open it in a spreadsheet program and save it again") from None
    if size > _MOST_BYTES:
        raise UnreadableFile(
            f"{path} would unpack to {size:,} bytes, more than any review needs; save its sheets as CSV"
        )
    return archive


def _open(path: Path, raw: bytes) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(raw))
    except CalamineError as error:
        if type(error).__name__ == "PasswordError" or raw.startswith(_OLE):
            raise UnreadableFile(
                f"{path} is protected by a password, or is an old Office file that is damaged; {_PASSWORD} as .xlsx"
            ) from None
        raise UnreadableFile(
            f"{path} cannot be read as a workbook ({error}); open it in a spreadsheet program and save it again as .xlsx"
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} cannot be read as a workbook ({error}); save it again as .xlsx") from None
    except BaseException as error:
        _refuse_panic(path, error)
        raise


def _refuse_panic(path: Path, error: BaseException) -> None:
    """Turn a panic of calamine's, which is no ordinary exception, into one clear line."""
    if type(error).__name__ == "PanicException":
        raise UnreadableFile(f"{path} is damaged; open it in a spreadsheet program and save it again") from None


# --- one sheet -----------------------------------------------------------------------------


def _sheet(book: Any, where: Where, hidden: bool, remarks: _Remarks | None, findings: Findings) -> RawSheet | None:
    from python_calamine import CalamineError

    try:
        grid = book.get_sheet_by_name(where.sheet).to_python(skip_empty_area=False)
    except CalamineError as error:
        findings.add(
            "unknown-sheet",
            where,
            f"the sheet cannot be read ({error}) and was left alone",
            "open the workbook in a spreadsheet program and save it again",
        )
        return None
    if hidden and any(cell != "" for row in grid for cell in row):
        findings.add(
            "hidden-cells",
            where,
            f"the sheet {where.sheet!r} is hidden; it was read like the others",
            "show it and check it, or delete it",
        )
    sheet = sheet_of(where.sheet, where, _lines(grid), findings, careful=True, every_column=True)
    if remarks is not None:
        _tell(where, sheet, remarks, findings)
    return sheet


def _lines(grid: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(grid, 1):
        yield number, [cell if type(cell) is str else _text(cell) for cell in row]


def _text(value: Any) -> str:
    """Return what a person would say the cell holds."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        # Spreadsheets keep every number as a float, exact for whole numbers to 15 digits.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(timespec="seconds")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def _tell(where: Where, sheet: RawSheet | None, remarks: _Remarks, findings: Findings) -> None:
    headers = sheet.headers if sheet else ()

    def at(address: str) -> Where:
        match = _ADDRESS.match(address)
        if match is None:
            return where
        position = _number(match.group(1)) - 1
        column = headers[position] if position < len(headers) else ""
        return where._replace(row=int(match.group(2)), column=column, cell=address)

    for area in remarks.merged:
        findings.add_one_of_many(
            "merged-cells",
            at(area)._replace(cell=area, column=""),
            f"the cells {area} are merged; only the first of them holds the value, the others read as empty",
            "unmerge them and fill in every cell",
        )
    for rows, what in ((_spans(remarks.hidden_rows), "rows"), (remarks.hidden_columns, "columns")):
        if rows:
            findings.add(
                "hidden-cells",
                where,
                f"hidden {what} ({', '.join(rows[:12])}{' and more' if len(rows) > 12 else ''}) were read like the others",
                "show them (and clear filters) and check them, or delete them",
            )
    for address in remarks.no_value:
        findings.add_one_of_many(
            "formula-without-value",
            at(address),
            "the cell holds a formula whose result is not stored in the file; it reads as empty",
            "open the workbook in a spreadsheet program, let it calculate, and save it",
        )
    for address, error in remarks.errors:
        findings.add_one_of_many(
            "cell-error", at(address), f"the cell holds the error {error}; it reads as empty", "correct the formula"
        )
    if remarks.comments:
        shown = ", ".join(remarks.comments[:12]) + (" and more" if len(remarks.comments) > 12 else "")
        findings.add(
            "cell-comment",
            where,
            f"comments on cells ({shown}) are not read",
            "copy what belongs to the review into a column such as note",
        )


def _spans(numbers: list[int]) -> list[str]:
    """Say runs of numbers shortly: 3-7, 9."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(a) if a == b else f"{a}-{b}" for a, b in spans]


def _review(sheet: RawSheet) -> dict[str, Any]:
    """Take a sheet of keys and values for review.toml's."""
    header = tuple(h for h in sheet.headers[:2] if not h.startswith("column "))
    pairs = [] if [folded(h) for h in header] in (["key", "value"], ["setting", "value"]) else [header]
    pairs += [tuple(row.values.get(h, "") for h in sheet.headers[:2]) for row in sheet.rows]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[0] and pair[1]}


# --- what the XML says ------------------------------------------------------------------------


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _remarks(path: Path, archive: zipfile.ZipFile) -> dict[str, _Remarks]:
    """Look through the sheets of an .xlsx file; other zipped workbooks have none of these parts."""
    try:
        parts = {name.casefold(): name for name in archive.namelist()}
        if "xl/workbook.xml" not in parts:
            return {}
        targets = _targets(archive, parts, "xl/workbook.xml")
        found: dict[str, _Remarks] = {}
        for tag, attributes in _elements(archive.read(parts["xl/workbook.xml"])):
            if tag == "sheet":
                relation = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
                part = parts.get(targets.get(relation, ("", ""))[1].casefold())
                if part is not None and attributes.get("name"):
                    found[attributes["name"]] = _look(path, archive, parts, part)
    except _DAMAGED:
        raise UnreadableFile(f"{path} is damaged; open it in a spreadsheet program and save it again") from None
    return found


def _targets(archive: zipfile.ZipFile, parts: dict[str, str], part: str) -> dict[str, tuple[str, str]]:
    """Return what a part of the file refers to: relation to (kind, part)."""
    folder, name = posixpath.split(part)
    relations = parts.get(f"{folder}/_rels/{name}.rels".casefold())
    if relations is None:
        return {}
    return {
        a.get("Id", ""): (
            a.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, a.get("Target", ""))).lstrip("/"),
        )
        for tag, a in _elements(archive.read(relations))
        if tag == "Relationship"
    }


def _look(path: Path, archive: zipfile.ZipFile, parts: dict[str, str], part: str) -> _Remarks:
    remarks = _Remarks([], [], [], [], [], [])
    if part.endswith(".bin"):
        return remarks
    xml = archive.read(part)
    _refuse_vast(path, xml)
    if _WORTH_A_LOOK.search(xml):
        _look_closer(xml, remarks)
    for kind, target in _targets(archive, parts, part).values():
        comments = parts.get(target.casefold())
        if kind == "comments" and comments is not None:
            _comments(archive.read(comments), remarks)
    return remarks


def _refuse_vast(path: Path, xml: bytes) -> None:
    # Every address counts, wherever it stands and however it is written: one that is missed ends the whole program.
    letters = set(re.findall(rb"""\br\s*=\s*["']\s*([A-Za-z]+)\d+\s*["']""", xml))
    numbers = {n.lstrip(b"0") for n in set(re.findall(rb"""\br\s*=\s*["']\s*[A-Za-z]*(\d+)\s*["']""", xml))}
    if any(len(name) > 3 for name in letters) or any(len(n) > 7 for n in numbers):
        raise UnreadableFile(
            f"a sheet of {path} has cells where no sheet has any; save it again in a spreadsheet program"
        )
    rows = max((int(n or b"0") for n in numbers), default=0)
    columns = max((_number(c.decode().upper()) for c in letters), default=0)
    if rows * columns > _MOST_CELLS:
        raise UnreadableFile(
            f"a sheet of {path} reaches to {column_letter(columns)}{rows}; delete the stray cells far from the table and save it again"
        )


def _parser() -> Any:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise ValueError("XML entities have no place in a workbook")

    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    return parser


def _elements(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    parser = _parser()
    parser.StartElementHandler = lambda tag, attributes: found.append((tag.rpartition(":")[2], attributes))
    parser.Parse(xml, True)
    return found


def _look_closer(xml: bytes, remarks: _Remarks) -> None:
    parser = _parser()
    cell = ""
    kind = ""
    formula = False
    inside = ""
    value = ""

    def start(tag: str, a: dict[str, str]) -> None:
        nonlocal cell, kind, formula, inside, value
        tag = tag.rpartition(":")[2]
        if tag == "c":
            cell, kind, formula, value = a.get("r", ""), a.get("t", ""), False, ""
        elif tag == "f":
            formula = True
        elif tag in ("v", "t"):
            inside = tag
        elif tag == "row" and a.get("hidden") in ("1", "true"):
            remarks.hidden_rows.append(int(a.get("r", "0")))
        elif tag == "col" and a.get("hidden") in ("1", "true"):
            first, last = column_letter(int(a["min"])), column_letter(int(a["max"]))
            # Hiding all the columns to the right of the table hides nothing of it.
            if int(a["max"]) < 16384:
                remarks.hidden_columns.append(first if first == last else f"{first}-{last}")
        elif tag == "mergeCell":
            remarks.merged.append(a.get("ref", ""))

    def text(data: str) -> None:
        nonlocal value
        if inside:
            value += data

    def end(tag: str) -> None:
        nonlocal inside
        tag = tag.rpartition(":")[2]
        if tag in ("v", "t"):
            inside = ""
        elif tag == "c":
            if kind == "e":
                remarks.errors.append((cell, value))
            elif formula and not value and kind != "str":
                remarks.no_value.append(cell)

    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.EndElementHandler = end
    parser.Parse(xml, True)


def _comments(xml: bytes, remarks: _Remarks) -> None:
    """Collect the cells with comments, but for the template's own above the columns (row 1)."""
    remarks.comments.extend(
        a["ref"] for tag, a in _elements(xml) if tag == "comment" and not a.get("ref", "").rstrip("1").isalpha()
    )


def _accepts(path: Path) -> bool:
    """Whether this is a workbook by its suffix, or by its content under another one."""
    if path.suffix.casefold() in SUFFIXES:
        return True
    with path.open("rb") as stream:
        if stream.read(2) != b"PK":
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False


PART = Reader(
    name="workbook",
    title="Workbook",
    description=(
        "An Excel or OpenDocument workbook with the sheets of a review; review.toml beside it or as a sheet `review`. "
        f"Rows whose first cell starts with {COMMENT_MARK!r} or {EXAMPLE_MARK!r} are the template's and are skipped."
    ),
    suffixes=SUFFIXES,
    accepts=_accepts,
    read=read_workbook,
)
