"""CMO tables copied from Word documents (`.docx`): each row becomes a configuration.

A table is taken when its header names at least two of context, mechanism and outcome (or
their synonyms). Word repeats the text of merged cells: a row merged across is a heading and not a
configuration whose context, mechanism and outcome are one; a cell merged downwards holds for each of its rows.
"""

from __future__ import annotations

__all__ = ["PART", "read"]

import re
import zipfile
from pathlib import Path
from typing import Any

from eaa_graph.errors import MissingExtra, UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import ROLES, SHEETS, Row, folded
from eaa_graph.readers import RawSheet, Reader, Reading

#: Bytes that the document may unpack to.
LARGEST = 512 << 20
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SLOTS = tuple(role + "s" for role in ROLES)


def _names(sheet: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in SHEETS[sheet].columns:
        for name in (column.name, *column.synonyms):
            found.setdefault(folded(name), column.name)
    return found


_CONFIGURATION = _names("configurations")


def read(path: Path) -> Reading:
    """Read the CMO tables of a Word document as configurations.

    Several paragraphs or bullets of one cell are several concepts that act together.

    Raises
    ------
    UnreadableFile
        If it is no Word document, or unpacks to an unreasonable size.
    MissingExtra
        If the library that reads Word documents is not installed.
    """
    document = _open(path)
    findings: list[Finding] = []
    rows: list[Row] = []
    headers: dict[str, None] = {"id": None}
    taken = 0
    tables = _tables(path, document)
    for number, table in enumerate(tables, start=1):
        made = _table(path.name, number, table, findings)
        if made is None:
            continue
        taken += 1
        for row in made:
            headers.update(dict.fromkeys(row.values))
            rows.append(row)
    if not taken:
        findings.append(
            finding(
                "missing-sheet",
                Where(path.name),
                f"none of {len(tables)} tables has a header that names context, mechanism and outcome",
                "Give the columns these names in the table's first row.",
            )
        )
    sheet = RawSheet("configurations", Where(path.name), tuple(headers), tuple(rows))
    return Reading(path.stem, (sheet,), {}, None, tuple(findings))


def _open(path: Path) -> Any:
    try:
        import docx
    except ImportError:
        raise MissingExtra("reading Word documents", "formats") from None
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(m.file_size for m in archive.infolist()) > LARGEST:
                raise UnreadableFile(f"{path.name} would unpack to more than {LARGEST:,} bytes")
            for member in archive.infolist():
                if (
                    member.filename.endswith((".xml", ".rels"))
                    and member.file_size > (8 << 20)
                    and member.file_size > 300 * max(member.compress_size, 1)
                ):
                    raise UnreadableFile(
                        f"{path.name}: {member.filename} unpacks to {member.file_size:,} bytes; the file is made to harm"
                    )
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as stream:
                        if b"<!DOCTYPE" in stream.read(4096):
                            raise UnreadableFile(
                                f"{path.name}: {member.filename} declares a document type; no document needs one"
                            )
        return docx.Document(str(path))
    except UnreadableFile:
        raise
    except Exception as error:
        raise UnreadableFile(f"{path.name} is not a whole Word document: {_short(error)}") from None


def _tables(path: Path, document: Any) -> list[Any]:
    try:
        return list(document.tables)
    except Exception as error:  # the library takes any XML for Word's, and fails in as many ways as there are others
        raise UnreadableFile(f"{path.name} is not a whole Word document: {_short(error)}") from None


def _short(error: Exception) -> str:
    """Return what is wrong in a line: a broken file can put a whole page into a message."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _cells(row: Any) -> list[tuple[Any, str, list[str]]]:
    """Return each grid cell of a row: the XML cell behind it, its text, and its paragraphs."""
    result = []
    for cell in row.cells:
        paragraphs = [" ".join(_UNPRINTABLE.sub(" ", p.text).split()) for p in cell.paragraphs]
        paragraphs = [re.sub(r"^[•·▪◦*–-]\s+", "", p) for p in paragraphs if p]
        result.append((cell._tc, " ".join(paragraphs), paragraphs))
    return result


def _column(header: str) -> str:
    plain = folded(re.sub(r"\(.*?\)", "", header))
    return _CONFIGURATION.get(plain, "") or _CONFIGURATION.get(folded(header), "")


def _table(file: str, number: int, table: Any, findings: list[Finding]) -> list[Row] | None:
    try:
        lines = [_cells(row) for row in table.rows]
    except Exception as error:
        findings.append(
            finding(
                "file-damaged",
                Where(file, f"table {number}"),
                f"the table is not laid out as Word does it, and was left out: {_short(error)}",
                "Open the document in Word, save it again, and import that.",
            )
        )
        return None
    header: list[str] = []
    start = 0
    for position, line in enumerate(lines[:5]):
        names = [_column(text) for _, text, _ in line]
        if len({n for n in names if n in _SLOTS}) >= 2:
            header = [
                name or text or f"column {place}"
                for place, (name, (_, text, _)) in enumerate(zip(names, line, strict=True), start=1)
            ]
            start = position + 1
            break
    if not header:
        return None
    rows: list[Row] = []
    heading = ""
    held: dict[int, Any] = {}
    merged_down = 0
    for place, line in enumerate(lines[start:], start=start + 1):
        where = Where(file, f"table {number}", place)
        if len({id(cell) for cell, _, _ in line}) == 1 and len(line) > 1:
            heading = line[0][1]
            if heading:
                findings.append(
                    finding(
                        "sub-heading",
                        where,
                        f"the row {heading!r} is merged across: a heading",
                        "Nothing, if it is one.",
                    )
                )
            continue
        values: dict[str, str] = {}
        seen: set[int] = set()
        for spot, (column, (cell, text, paragraphs)) in enumerate(zip(header, line, strict=False)):
            merged_down += held.get(spot) is cell
            held[spot] = cell
            if id(cell) in seen:
                if column in _SLOTS and text:
                    findings.append(
                        finding(
                            "merged-cells",
                            where._replace(column=column),
                            f"{text!r} is merged over several columns; it counts for the first only",
                            "Unmerge the cells.",
                        )
                    )
                continue
            seen.add(id(cell))
            if not text:
                continue
            value = " | ".join(p for p in paragraphs) if column in _SLOTS else text
            values[column] = (
                f"{values[column]} | {value}" if column in values and column in _SLOTS else values.get(column, value)
            )
        if not any(slot in values for slot in _SLOTS):
            continue
        if heading:
            values["heading"] = heading
        values.setdefault("id", f"table{number}-{place}")
        rows.append(Row(where, values))
    if merged_down:
        findings.append(
            finding(
                "merged-cells",
                Where(file, f"table {number}"),
                f"{merged_down} cells are merged downwards; their text holds for each of their rows",
            )
        )
    return rows


def _accepts(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "word/document.xml" in archive.namelist()
    except (OSError, NotImplementedError, zipfile.BadZipFile):
        return path.suffix.lower() == ".docx"


PART = Reader(
    name="docx",
    title="CMO table in a Word document",
    description="Tables with columns for context, mechanism and outcome: each row becomes a configuration.",
    suffixes=(".docx",),
    accepts=_accepts,
    read=read,
)
