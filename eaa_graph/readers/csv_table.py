"""One CSV or TSV file, however a spreadsheet program, R or a person wrote it.

Encoding, separator, quotation marks and line numbers are settled here; nothing
is dropped on the way. Columns and rows are :mod:`eaa_graph.readers.grid`'s.
"""

from __future__ import annotations

__all__ = ["SUFFIXES", "decode", "file_bytes", "read_csv"]

import csv
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Where
from eaa_graph.readers import RawSheet
from eaa_graph.readers.grid import Findings, header_names, needs_care, sheet_of

SUFFIXES = (".csv", ".tsv", ".tab")

_BOMS = (  # the longer first: UTF-32's begins with UTF-16's
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
#: Contents that are no text, whatever the file is called.
_NOT_TEXT = {
    b"PK\x03\x04": "a workbook or another zipped file",
    b"\xd0\xcf\x11\xe0": "an old or password-protected Office file",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a database",
    b"\x1f\x8b": "a compressed file",
}
_ENCODING_FIX = "save it as 'CSV UTF-8' (Excel) or with 'Unicode (UTF-8)' (LibreOffice), and check names with accents"
_SEP_LINE = re.compile(r'"?sep=(.)"?,*', re.IGNORECASE)

# A quotation can be longer than the 128 KiB that the csv module allows by default.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def file_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    UnreadableFile
        If it is missing, a folder, locked or forbidden.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile(f"there is no file {path}") from None
    except IsADirectoryError:
        raise UnreadableFile(f"{path} is a folder, not a file") from None
    except PermissionError:
        raise UnreadableFile(
            f"{path} may not be read; close it if a spreadsheet program has it open, or ask for permission to read it"
        ) from None
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror or error}") from None


def decode(raw: bytes, where: Where, findings: Findings) -> str:
    r"""Return the text of `raw`, with every line end as ``\n``.

    UTF-8 and any encoding with a byte order mark are read silently; UTF-16
    without a mark, UTF-8 with stray bytes and Windows-1252 are guessed, with a finding.
    """
    text = _decoded(raw, where, findings)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _decoded(raw: bytes, where: Where, findings: Findings) -> str:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return _marked(raw[len(mark) :], encoding, where, findings)
    zeros = raw[:2000]
    if b"\0" in zeros:
        for encoding, start in (("utf-16-le", 1), ("utf-16-be", 0)):
            half = zeros[start::2]
            if half.count(0) > 0.8 * len(half):
                findings.add(
                    "encoding-guessed", where, "the file was read as UTF-16, though it does not say so", _ENCODING_FIX
                )
                return _marked(raw, encoding, where, findings)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _undeclared(raw, where, findings)


def _marked(raw: bytes, encoding: str, where: Where, findings: Findings) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        text = raw.decode(encoding, "replace")
        findings.add(
            "bytes-replaced",
            where._replace(row=text[: error.start].count("\n") + 1 if encoding == "utf-8" else 0),
            f"{text.count(chr(0xFFFD))} places make no sense in {encoding.upper()}; they show as \ufffd",
            _ENCODING_FIX,
        )
        return text


def _undeclared(raw: bytes, where: Where, findings: Findings) -> str:
    try:
        # Halves of characters beyond the first 65,536, as some databases write them: pairs are joined.
        text = raw.decode("utf-8", "surrogatepass")
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    except UnicodeDecodeError as error:
        first = raw[: error.start].count(b"\n") + 1
    escaped = raw.decode("utf-8", "surrogateescape")
    strays = re.findall("[\udc80-\udcff]", escaped)
    wide = sum(1 for char in escaped if char > "\x7f") - len(strays)
    if wide > len(strays):
        text = re.sub("[\udc80-\udcff]", lambda m: _byte(ord(m.group()) - 0xDC00), escaped)
        message = (
            f"the file is UTF-8 but for {len(strays)} bytes, the first on line {first}; these were read as Windows-1252"
        )
    else:
        text = "".join(_byte(b) if b > 127 else chr(b) for b in raw) if _UNDEFINED.search(raw) else raw.decode("cp1252")
        message = "the file is not UTF-8; it was read as Windows-1252 (Western European)"
    findings.add("encoding-guessed", where._replace(row=first), message, _ENCODING_FIX)
    undefined = text.count("\ufffd")
    if undefined:
        line = text[: text.index("\ufffd")].count("\n") + 1
        findings.add(
            "bytes-replaced",
            where._replace(row=line),
            f"{undefined} bytes mean nothing in Windows-1252 either; they show as \ufffd",
            _ENCODING_FIX,
        )
    return text


_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def _byte(value: int) -> str:
    return bytes((value,)).decode("cp1252", "replace")


def read_csv(path: Path, name: str = "", file: str = "") -> tuple[RawSheet | None, Findings]:
    """Read one file into a sheet.

    Parameters
    ----------
    path : Path
    name : str
        What the sheet is called; the file's name without suffix if not given.
    file : str
        What the file is called in findings; its name if not given.

    Returns
    -------
    sheet : RawSheet or None
        None when the file has no cells at all, or only the template's.
    findings : Findings

    Raises
    ------
    UnreadableFile
        If the file cannot be opened, or is no text.
    """
    where = Where(file or path.name)
    findings = Findings()
    raw = file_bytes(path)
    for start, what in _NOT_TEXT.items():
        if raw.startswith(start):
            raise UnreadableFile(f"{path} is not a CSV file but {what}; save its table as CSV under this name")
    text = decode(raw, where, findings)
    del raw
    delimiter, skipped = _delimiter(text, path.suffix.casefold())
    lines = _records(text, delimiter, skipped, where, findings)
    sheet = sheet_of(name or path.stem, where, lines, findings, careful=needs_care(text))
    return sheet, findings


def _delimiter(text: str, suffix: str) -> tuple[str, int]:
    """Return the separator and how many lines to leave out before the table."""
    first = text[:20].split("\n", 1)[0]
    declared = _SEP_LINE.fullmatch(first.strip(" "))
    if declared:
        return declared.group(1), 1
    candidates = ("\t", ",", ";") if suffix in (".tsv", ".tab") else (",", ";", "\t")
    # max() keeps the first of equals, so the order of the candidates decides ties.
    return max(candidates, key=lambda candidate: _fit(text, candidate)), 0


def _fit(text: str, delimiter: str) -> tuple[int, int]:
    best = (0, 0)
    records = csv.reader(io.StringIO(text[:100_000], newline="\n"), delimiter=delimiter)
    for cells, _ in zip(records, range(10), strict=False):
        best = max(best, (header_names(cells), len(cells)))
        if best[0] >= 2:
            break
    return best


def _records(text: str, delimiter: str, skip: int, where: Where, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the physical line it begins on.

    The csv module stops at a quotation mark it cannot place; the record is then
    read from its first line alone, so that one slip cannot swallow the rows below.
    """
    lines = io.StringIO(text, newline="\n").readlines()
    at = skip
    while at < len(lines):
        source = iter(lines)  # a new one: an iterator that has come to its end cannot jump back
        source.__setstate__(at)  # type: ignore[attr-defined]  # list iterators can jump
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        start = at
        try:
            for cells in reader:
                yield start + 1, cells
                start = at + reader.line_num
        except csv.Error:
            yield start + 1, _one_line(lines[start], delimiter, where._replace(row=start + 1), findings)
            at = start + 1
        else:
            return


def _one_line(line: str, delimiter: str, where: Where, findings: Findings) -> list[str]:
    """Read one line by the quotation marks that make sense; the others are part of the text."""
    sep = re.escape(delimiter)
    end = rf"[ ]*(?:{sep}|\Z)"
    # A mark inside a cell neither closes it (no separator follows) nor opens one (none precedes).
    # Possessive, so that no arrangement of marks makes it slow.
    quoted = rf'[ ]*"((?>[^"]|""|(?<!{sep})"(?!{end}))*+)"[ ]*({sep}|\Z)'
    cell = re.compile(rf"{quoted}|([^{sep}]*)({sep}|\Z)")
    cells: list[str] = []
    position = 0
    more = True
    line = line.rstrip("\n")
    while more and (match := cell.match(line, position)):
        text, after, plain, after_plain = match.groups()
        cells.append(plain if text is None else text.replace('""', '"'))
        more = bool(after_plain if text is None else after)
        position = match.end()
    findings.add_one_of_many(
        "stray-quote",
        where,
        "a quotation mark stands in the middle of a cell, or is opened and never closed; "
        "the row was read from this line alone, the mark as part of the text",
        'write a quotation mark inside a cell twice ("") and put the whole cell in quotation marks',
    )
    return cells
