"""A wide matrix: articles down, codes across, and in each cell whether the article has the code.

Cells may be 0 and 1, counts, x and blank, yes and no. Columns called like those of the
sheet `articles` (title, year, DOI, ...) describe the article; columns that hold neither
yes nor no become attributes.
"""

from __future__ import annotations

__all__ = ["PART", "code_guid", "presence", "read", "read_project", "sheet_of_file", "source_guid"]

from pathlib import Path

from eaa_graph.coded_project import Code, CodedProject, Coding, Note, Source, Value, Variable, derived_guid
from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Finding, finding
from eaa_graph.model import SHEETS, Row, folded
from eaa_graph.readers import RawSheet, Reader, Reading
from eaa_graph.readers.csv_table import read_csv
from eaa_graph.readers.mapping import reading_of
from eaa_graph.readers.peeking import headers_of
from eaa_graph.readers.xlsx import read_workbook

_YES = frozenset({"yes", "y", "x", "true", "✓", "✔", "present", "ja", "oui", "sí", "+"})
_NO = frozenset({"no", "n", "false", "-", "–", "absent", "nein", "non", "na", "n/a"})
#: A column is a code when at least this share of its cells say yes or no.
_SHARE = 0.5


def code_guid(header: str) -> str:
    """Return the GUID that always stands for the code of this header."""
    return derived_guid("matrix", "code", header)


def source_guid(article: str) -> str:
    """Return the GUID that always stands for the article of this id."""
    return derived_guid("matrix", "article", article)


def presence(text: str) -> int | None:
    """Return how often a cell says its code is there: 0 for no, None where it says neither.

    Examples
    --------
    >>> presence("x"), presence("3"), presence("No"), presence("perhaps")
    (1, 3, 0, None)
    """
    word = text.strip().casefold()
    if word in _YES:
        return 1
    if not word or word in _NO:
        return 0
    try:
        number = float(word.replace(",", "."))
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 <= number < 1e9 else None


_ARTICLE = {folded(n): c.name for c in SHEETS["articles"].columns for n in (c.name, *c.synonyms)}


def sheet_of_file(path: Path) -> tuple[RawSheet | None, tuple[Finding, ...]]:
    """Return the table of a CSV file, or the first sheet of a workbook, and what is wrong with it."""
    if path.suffix.casefold() in (".xlsx", ".xlsm", ".ods"):
        reading = read_workbook(path)
        return (reading.sheets[0] if reading.sheets else None), ()
    sheet, findings = read_csv(path)
    return sheet, tuple(findings.all())


def _columns(sheet: RawSheet) -> tuple[str, dict[str, str], list[str], list[str]]:
    """Return the header of ids, the headers that describe articles, those of codes, and the rest."""
    described = {h: _ARTICLE[folded(h)] for h in sheet.headers if folded(h) in _ARTICLE}
    first = next((h for h, column in described.items() if column == "id"), sheet.headers[0] if sheet.headers else "")
    described.pop(first, None)
    codes: list[str] = []
    others: list[str] = []
    for header in sheet.headers:
        if header == first or header in described:
            continue
        said = [presence(row.values[header]) for row in sheet.rows if header in row.values]
        clear = sum(s is not None for s in said)
        (codes if not said or clear >= _SHARE * len(said) else others).append(header)
    return first, described, codes, others


def read(path: Path) -> Reading:
    """Read a matrix onto the sheets of a review: one extraction for each article, with all its codes."""
    return reading_of(read_project(path), path)


def read_project(path: Path) -> CodedProject:
    """Read a matrix as a coded project: articles are sources, columns codes, put on the source as a whole.

    Raises
    ------
    UnreadableFile
        If the file cannot be read or has no column of codes.
    """
    sheet, found = sheet_of_file(path)
    if sheet is None:
        raise UnreadableFile(f"{path.name} has no table")
    first, described, codes, others = _columns(sheet)
    if not codes:
        raise UnreadableFile(f"{path.name} has no column whose cells say yes or no, 0 or 1, or count")
    findings = list(found)
    notes: list[Note] = []
    sources: dict[str, Source] = {}
    names = {**described, **{h: h for h in others}}
    for row in sheet.rows:
        article = " ".join(row.values.get(first, "").split())
        if not article:
            findings.append(finding("missing-id", row.where, f"the row has no {first}"))
            continue
        if article in sources:
            findings.append(finding("duplicate-id", row.where, f"{article!r} has a row already; the first is kept"))
            continue
        own = source_guid(article)
        codings = []
        for header in codes:
            count = _count(row, header, findings)
            if not count:
                continue
            guid = derived_guid(own, code_guid(header))
            memo = (derived_guid(guid, "count"),) if count > 1 else ()
            notes += [Note(m, "", f"{header}: {count}") for m in memo]
            codings.append(Coding(guid, code_guid(header), notes=memo))
        values = tuple(Value(derived_guid("matrix", "column", h), row.values[h]) for h in names if h in row.values)
        sources[article] = Source(own, article, resolved=True, values=values, codings=tuple(codings))
    return CodedProject(
        path.stem,
        path.name,
        "matrix",
        codes=tuple(Code(code_guid(h), h) for h in codes),
        sources=tuple(sources.values()),
        variables=tuple(Variable(derived_guid("matrix", "column", h), column) for h, column in names.items()),
        notes=tuple(notes),
        findings=tuple(findings),
    )


def _count(row: Row, header: str, findings: list[Finding]) -> int:
    count = presence(row.values.get(header, ""))
    if count is None:
        findings.append(
            finding(
                "unclear-cell",
                row.where._replace(column=header),
                f"{row.values[header]!r} says neither yes nor no",
                "Write 1 or 0, x or nothing, yes or no.",
            )
        )
    return count or 0


def _accepts(path: Path) -> bool:
    headers = headers_of(path) if path.suffix.casefold() in PART.suffixes else ()
    if len(headers) < 4 or folded(headers[0]) not in _ARTICLE:
        return False
    try:
        sheet, _ = sheet_of_file(path)
    except UnreadableFile:
        return False
    if sheet is None or len(sheet.rows) < 2:
        return False
    first, _, codes, others = _columns(sheet)
    filled = [h for h in codes if any(presence(r.values.get(h, "")) for r in sheet.rows)]
    return folded(first) in _ARTICLE and len(filled) >= 3 and len(codes) > len(others)


PART = Reader(
    name="matrix",
    title="Article by code matrix",
    description="A table with an article in each row and a code in each column: 0/1, counts, x, yes/no.",
    suffixes=(".csv", ".tsv", ".xlsx"),
    accepts=_accepts,
    read=read,
)
