"""References as articles: RIS, BibTeX, PubMed's nbib and CSL-JSON; and which of them a review already has.

References
----------
CSL-JSON: https://docs.citationstyles.org; RIS and nbib as Zotero, EndNote and PubMed write them.
"""

from __future__ import annotations

__all__ = ["PARTS", "bare_doi", "match_articles", "read_bibtex", "read_csl", "read_nbib", "read_ris"]

import logging
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from eaa_graph.errors import MissingExtra
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import SHEETS, Article, Row
from eaa_graph.readers import RawSheet, Reader, Reading
from eaa_graph.readers.json_file import load_json
from eaa_graph.readers.text_file import read_text

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class _Entry(NamedTuple):
    """One reference: its line (or number), and its values by column of the sheet articles."""

    line: int
    values: dict[str, str]


def bare_doi(text: str) -> str:
    """Return a DOI without ``https://doi.org/`` or ``doi:`` before it.

    Examples
    --------
    >>> bare_doi("https://doi.org/10.1186/S40900-024-00638-3")
    '10.1186/S40900-024-00638-3'
    """
    return re.sub(r"^(https?://(dx\.)?doi\.org/|doi:?)\s*", "", text.strip(), flags=re.IGNORECASE)


def _year(text: str) -> str:
    match = re.search(r"(?<!\d)([12]\d{3})(?!\d)", text)
    return match.group(1) if match else ""


# --- RIS ---------------------------------------------------------------------------------------------

_RIS = {
    "title": ("title", "primary_title", "translated_title", "short_title"),
    "authors": ("authors", "first_authors"),
    "year": ("year", "publication_year", "date"),
    "journal": (
        "journal_name",
        "alternate_title3",
        "secondary_title",
        "alternate_title1",
        "alternate_title2",
        "publisher",
    ),
    "doi": ("doi",),
    "url": ("urls", "url"),
    "pmcid": ("custom2",),
}
_TAG = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: |$)")


def read_ris(path: Path) -> Reading:
    """Read a RIS file as articles.

    Raises
    ------
    UnreadableFile
        If it cannot be read.
    MissingExtra
        If the library that reads RIS is not installed.
    """
    try:
        import rispy  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise MissingExtra("reading RIS", "formats") from None
    where = Where(path.name)
    text, findings = read_text(path)
    entries: list[_Entry] = []
    faults: list[Finding] = []
    for line, block in _ris_blocks(text):
        # One record at a time, so that a fault in one says where and costs no other.
        try:
            parsed = rispy.loads(block)
        except Exception as error:
            parsed = []
            faults.append(finding("entry-unreadable", where._replace(row=line), f"a record cannot be read: {error}"))
        entries += [_Entry(line, _from_ris(record, block)) for record in parsed]
        if not parsed and not (faults and faults[-1].where.row == line):
            faults.append(finding("entry-unreadable", where._replace(row=line), "a record cannot be read"))
    return _reading(path, entries, (*findings, *faults))


def _ris_blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield each record with the line of its TY, closed by ER whether or not the file closes it."""
    lines: list[str] = []
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        tag = _TAG.match(line.lstrip())
        name = tag.group(1) if tag else ""
        if name == "TY":
            if lines:
                yield start, "\n".join([*lines, "ER  - ", ""])
            lines, start = [line.strip()], number
        elif name == "ER":
            if lines:
                yield start, "\n".join([*lines, "ER  - ", ""])
            lines = []
        elif lines:
            lines.append(line.strip() if name else line)
    if lines:
        yield start, "\n".join([*lines, "ER  - ", ""])


def _from_ris(record: dict[str, Any], block: str) -> dict[str, str]:
    values = {"id": _joined(record.get("id"))}
    for column, keys in _RIS.items():
        values[column] = next((text for key in keys if (text := _joined(record.get(key)))), "")
    if values["url"]:
        # The library cuts addresses at every semicolon.
        address = re.search(r"^(?:UR|L2) {1,2}- (\S.*)$", block, re.MULTILINE)
        values["url"] = address.group(1).strip() if address else values["url"].split("; ")[0]
    if values["pmcid"] and not re.fullmatch(r"PMC\d+", values["pmcid"]):
        values["pmcid"] = ""
    return values


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(v).strip() for v in value if str(v).strip())
    return "" if value is None else str(value).strip()


# --- BibTeX --------------------------------------------------------------------------------------------

_BIBTEX = {
    "title": ("title",),
    "authors": ("author", "editor"),
    "year": ("year", "date"),
    "journal": ("journal", "journaltitle", "booktitle", "publisher", "institution"),
    "doi": ("doi",),
    "url": ("url",),
    "pmcid": ("pmcid",),
}


def read_bibtex(path: Path) -> Reading:
    """Read a BibTeX file as articles; LaTeX in values becomes plain text.

    Raises
    ------
    UnreadableFile
        If it cannot be read.
    MissingExtra
        If the library that reads BibTeX is not installed.
    """
    try:
        import bibtexparser  # noqa: F401 - so that a missing one is noticed here
        from bibtexparser.entrypoint import parse_string
        from bibtexparser.model import DuplicateBlockKeyBlock, Entry
        from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise MissingExtra("reading BibTeX", "formats") from None
    where = Where(path.name)
    text, findings = read_text(path)
    # What the library would print is told as findings instead.
    logging.getLogger("bibtexparser.splitter").addFilter(_quiet)
    try:
        library = parse_string(text)
    finally:
        logging.getLogger("bibtexparser.splitter").removeFilter(_quiet)
    plain = LatexNodes2Text(math_mode="verbatim").latex_to_text
    blocks: list[Any] = list(library.entries)
    faults: list[Finding] = []
    for block in library.failed_blocks:
        line = (block.start_line or 0) + 1
        if isinstance(block, DuplicateBlockKeyBlock) and isinstance(block.ignore_error_block, Entry):
            blocks.append(block.ignore_error_block)
            faults.append(
                finding(
                    "article-doubtful",
                    where._replace(row=line),
                    f"the key {block.key!r} is used twice; both entries are kept",
                )
            )
        else:
            reason = " ".join(str(block.error).split())
            faults.append(finding("entry-unreadable", where._replace(row=line), f"an entry cannot be read: {reason}"))
    blocks.sort(key=lambda b: b.start_line or 0)
    entries = []
    for block in blocks:
        fields = {f.key.lower(): _bibtex_value(f.key.lower(), str(f.value), plain) for f in block.fields}
        values = {"id": fields.get("eaa_id") or str(block.key)}
        for column, keys in _BIBTEX.items():
            values[column] = next((fields[k] for k in keys if fields.get(k)), "")
        values["authors"] = "; ".join(a.strip() for a in re.split(r"\s+and\s+", values["authors"]) if a.strip())
        entries.append(_Entry((block.start_line or 0) + 1, values))
    return _reading(path, entries, (*findings, *faults))


def _quiet(_record: object) -> bool:
    return False


def _bibtex_value(name: str, text: str, plain: Callable[[str], str]) -> str:
    while len(text) > 1 and text[0] + text[-1] in ("{}", '""') and _closes_last(text):
        text = text[1:-1]
    if name in ("doi", "url", "pmcid", "eprint"):
        return re.sub(r"\\([_%&#])", r"\1", text).strip()
    try:
        return " ".join(plain(text).split())
    except Exception:
        return " ".join(text.split())


def _closes_last(text: str) -> bool:
    """Whether the brace that opens `text` closes only at its end: not so in "{A} and {B}"."""
    depth = 0
    for position, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if depth == 0 and text[0] == "{":
            return position == len(text) - 1
    return True


# --- nbib ------------------------------------------------------------------------------------------------

_NBIB = re.compile(r"([A-Z][A-Z0-9]{0,3}) *- (.*)")


def read_nbib(path: Path) -> Reading:
    """Read PubMed's nbib (MEDLINE) format as articles.

    Raises
    ------
    UnreadableFile
        If it cannot be read.
    """
    where = Where(path.name)
    text, findings = read_text(path)
    entries: list[_Entry] = []
    faults: list[Finding] = []
    current: dict[str, list[str]] = {}
    last, start = "", 0

    def finish() -> None:
        if current:
            entries.append(_Entry(start, _from_nbib(current)))

    for number, line in enumerate(text.splitlines(), start=1):
        match = _NBIB.match(line)
        if match:
            tag, value = match.groups()
            if tag == "PMID":
                finish()
                current, start = {}, number
            if not start:
                faults.append(finding("entry-unreadable", where._replace(row=number), "a line before the first PMID"))
                continue
            current.setdefault(tag, []).append(value.strip())
            last = tag
        elif line.startswith("      ") and last and current:
            current[last][-1] += " " + line.strip()
    finish()
    return _reading(path, entries, (*findings, *faults))


def _from_nbib(record: dict[str, list[str]]) -> dict[str, str]:
    doi = next(
        (v[: -len("[doi]")].strip() for tag in ("LID", "AID") for v in record.get(tag, ()) if v.endswith("[doi]")), ""
    )
    pmid = record["PMID"][0]
    return {
        "id": f"pmid{pmid}",
        "title": " ".join(record.get("TI", ()) or record.get("BTI", ())).rstrip("."),
        "authors": "; ".join(record.get("FAU", ()) or record.get("AU", ())),
        "year": next(iter(record.get("DP", ())), ""),
        "journal": next(iter(record.get("JT", ()) or record.get("TA", ())), ""),
        "doi": doi,
        "pmcid": next(iter(record.get("PMC", ())), ""),
        "url": f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        "pmid": pmid,
    }


# --- CSL-JSON -----------------------------------------------------------------------------------------------


def read_csl(path: Path) -> Reading:
    """Read CSL-JSON (Zotero, Mendeley, Crossref) as articles.

    Raises
    ------
    UnreadableFile
        If it is not JSON, or not a list of references.
    """
    content = load_json(path)
    items = content.get("items") if isinstance(content, dict) else content
    entries: list[_Entry] = []
    faults: list[Finding] = []
    for number, item in enumerate(items if isinstance(items, list) else [], start=1):
        if not isinstance(item, dict):
            faults.append(
                finding("entry-unreadable", Where(path.name, cell=f"item {number}"), "an item is not a reference")
            )
            continue
        entries.append(_Entry(number, _from_csl(item)))
    return _reading(path, entries, tuple(faults), numbered=True)


def _from_csl(item: dict[str, Any]) -> dict[str, str]:
    names = []
    authors = item.get("author")
    for author in authors if isinstance(authors, list) else [authors]:
        if isinstance(author, str):
            names.append(author)
        elif isinstance(author, dict):
            family = _joined(author.get("literal")) or _joined(author.get("family"))
            given = _joined(author.get("given"))
            particle = _joined(author.get("non-dropping-particle"))
            full = f"{particle} {family}".strip()
            names.append(f"{full}, {given}" if given else full)
    issued = item.get("issued")
    parts = issued.get("date-parts") if isinstance(issued, dict) else None
    year = ""
    if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0]:
        year = _joined(parts[0][0])
    elif isinstance(issued, dict):
        year = _joined(issued.get("raw") or issued.get("literal"))
    return {
        "id": _joined(item.get("id")) or _joined(item.get("citation-key")),
        "title": _joined(item.get("title")),
        "authors": "; ".join(n for n in names if n),
        "year": year,
        "journal": _joined(item.get("container-title")) or _joined(item.get("publisher")),
        "doi": _joined(item.get("DOI")),
        "url": _joined(item.get("URL")),
        "pmcid": _joined(item.get("PMCID")),
    }


# --- articles ---------------------------------------------------------------------------------------------------


def _reading(path: Path, entries: list[_Entry], findings: tuple[Finding, ...], numbered: bool = False) -> Reading:
    rows: list[Row] = []
    more: list[Finding] = []
    taken: Counter[str] = Counter()
    columns: dict[str, None] = {}
    for entry in entries:
        where = Where(path.name, cell=f"item {entry.line}") if numbered else Where(path.name, row=entry.line)
        values = {k: v for k, raw in entry.values.items() if (v := " ".join(_UNPRINTABLE.sub(" ", raw).split()))}
        if not (values.keys() - {"id", "url"}):
            more.append(finding("entry-unreadable", where, "a reference without a title, author, year or DOI"))
            continue
        if "doi" in values:
            values["doi"] = bare_doi(values["doi"])
        if "year" in values:
            year = _year(values["year"])
            if not year:
                more.append(finding("wrong-number", where, f"the year {values['year']!r} is not one"))
            values["year"] = year
        ident = _id_of(values)
        taken[ident] += 1
        if taken[ident] > 1:
            ident = f"{ident}-{taken[ident]}"
        values = {k: v for k, v in {**values, "id": ident}.items() if v}
        columns.update(dict.fromkeys(values))
        rows.append(Row(where, values))
    more += _twice(rows)
    known = [c.name for c in SHEETS["articles"].columns]
    headers = tuple(sorted(columns, key=lambda c: (known.index(c) if c in known else len(known), c)))
    sheet = RawSheet("articles", Where(path.name), headers, tuple(rows))
    return Reading(path.stem, (sheet,), {}, None, (*findings, *more))


def _id_of(values: dict[str, str]) -> str:
    given = values.get("id", "").replace("|", "-").replace(" / ", "-").strip()
    if given:
        return given
    family = re.split(r"[,;]", values.get("authors", ""))[0].split(" ")[
        -1 if "," not in values.get("authors", "").split(";")[0] else 0
    ]
    first = re.sub(r"[^\w]", "", (family or values.get("title", "").split(" ")[0]).casefold())
    return f"{first or 'article'}{values.get('year', '')}"


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


def _keys(values: dict[str, str]) -> tuple[str, tuple[str, str]]:
    title = _plain(values.get("title", ""))
    return bare_doi(values.get("doi", "")).casefold(), (title, values.get("year", "")) if title else ("", "")


def _twice(rows: list[Row]) -> Iterator[Finding]:
    """Report entries that look like one article; never merge them."""
    by_doi: dict[str, Row] = {}
    by_title: dict[tuple[str, str], Row] = {}
    for row in rows:
        doi, title = _keys(row.values)
        first = by_doi.get(doi) if doi else None
        why = f"the same DOI {doi}"
        if first is None and title[0]:
            first = by_title.get(title)
            why = "the same title and year"
        if first is not None:
            yield finding(
                "article-doubtful",
                row.where,
                f"{row.values['id']} and {first.values['id']} have {why}; both are kept",
                "Delete one of them, or give both the same `study`.",
            )
        if doi:
            by_doi.setdefault(doi, row)
        if title[0]:
            by_title.setdefault(title, row)


def match_articles(reading: Reading, articles: Iterable[Article]) -> Reading:
    """Give references that a review already has the ids they have there.

    A reference is an article of the review if their DOIs are the same; or, where one of them has no DOI, if
    title and year are. The same title with another year or another DOI is reported and kept apart.

    Parameters
    ----------
    reading : Reading
        From one of this module's readers.
    articles : iterable of Article
        The articles that the review has.

    Returns
    -------
    Reading
        With a finding for each match and each doubt. Two references never get one article's id.
    """
    by_doi: dict[str, Article] = {}
    by_title: dict[str, list[Article]] = defaultdict(list)
    ids: set[str] = set()
    for article in sorted(articles, key=lambda a: a.id):
        ids.add(article.id)
        if article.doi:
            by_doi.setdefault(bare_doi(article.doi).casefold(), article)
        if article.title:
            by_title[_plain(article.title)].append(article)
    sheets, findings = [], list(reading.findings)
    for sheet in reading.sheets:
        if sheet.name != "articles":
            sheets.append(sheet)
            continue
        used: set[str] = set()
        rows = []
        for row in sheet.rows:
            found, why = _match(row.values, by_doi, by_title)
            if found is not None and found.id not in used:
                used.add(found.id)
                findings.append(finding("article-matched", row.where, f"{row.values['id']} is {found.id}: {why}"))
                rows.append(replace_id(row, found.id))
                continue
            if found is not None:
                findings.append(
                    finding(
                        "article-doubtful",
                        row.where,
                        f"{row.values['id']} would be {found.id} ({why}), which an earlier entry is already; kept apart",
                    )
                )
            elif why:
                findings.append(finding("article-doubtful", row.where, f"{row.values['id']}: {why}; kept apart"))
            ident, number = row.values["id"], 2
            while ident in ids | used:
                ident, number = f"{row.values['id']}-{number}", number + 1
            used.add(ident)
            rows.append(replace_id(row, ident))
        sheets.append(replace(sheet, rows=tuple(rows)))
    return replace(reading, sheets=tuple(sheets), findings=tuple(findings))


def replace_id(row: Row, ident: str) -> Row:
    """Return `row` under another id."""
    return row._replace(values={**row.values, "id": ident})


def _match(
    values: dict[str, str], by_doi: dict[str, Article], by_title: dict[str, list[Article]]
) -> tuple[Article | None, str]:
    doi, (title, year) = _keys(values)
    if doi and doi in by_doi:
        return by_doi[doi], f"the same DOI {doi}"
    doubt = ""
    for article in by_title.get(title, ()) if title else ():
        theirs = bare_doi(article.doi or "").casefold()
        if doi and theirs and doi != theirs:
            doubt = f"the title of {article.id}, but another DOI"
        elif not year or article.year is None or str(article.year) != year:
            doubt = f"the title of {article.id}, but another year or none"
        else:
            return article, "the same title and year"
    return None, doubt


# --- parts --------------------------------------------------------------------------------------------------------


def _starts(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(4096).decode("utf-8", "replace").lstrip("\ufeff")
    except OSError:
        return ""


def _is_csl(path: Path) -> bool:
    start = _starts(path)
    return bool(re.match(r"\s*[\[{]", start)) and bool(
        re.search(r'"(container-title|issued|DOI|citation-key)"\s*:', start)
    )


PARTS = [
    Reader(
        name="bibtex",
        title="BibTeX",
        description="References from Zotero, JabRef, Google Scholar, as articles.",
        suffixes=(".bib", ".bibtex"),
        accepts=lambda path: bool(re.search(r"@\s*\w+\s*[{(]", _starts(path))),
        read=read_bibtex,
    ),
    Reader(
        name="csl-json",
        title="CSL-JSON",
        description="References from Zotero, Mendeley or Crossref, as articles.",
        suffixes=(".json",),
        accepts=_is_csl,
        read=read_csl,
    ),
    Reader(
        name="nbib",
        title="PubMed nbib",
        description="References saved from PubMed, as articles.",
        suffixes=(".nbib",),
        accepts=lambda path: bool(re.search(r"^PMID *- ", _starts(path), re.MULTILINE)),
        read=read_nbib,
    ),
    Reader(
        name="ris",
        title="RIS",
        description="References from Zotero, EndNote, Mendeley, Covidence, as articles.",
        suffixes=(".ris",),
        accepts=lambda path: bool(re.search(r"^\s*TY {1,2}-", _starts(path), re.MULTILINE)),
        read=read_ris,
    ),
]
