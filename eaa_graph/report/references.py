"""References of the articles, formatted by a citation style (CSL).

The style shipped here is plain: authors (year) title, journal, DOI. A journal's own style is a file
of the Citation Style Language, as Zotero and others use them, and needs the extra ``report``.
The shipped style reads the same with and without it.
"""

from __future__ import annotations

__all__ = ["STYLE", "references"]

import re
from pathlib import Path
from typing import Any

from eaa_graph.errors import MissingExtra, UnreadableFile
from eaa_graph.model import Records
from eaa_graph.writers.references import csl_items

#: The style of a report for which none is named.
STYLE = "authors (year) title, journal, DOI"
_MOST_AUTHORS = 6
_OWN_STYLE = Path(__file__).with_name("references.csl")


def references(records: Records, style: Path | None = None) -> dict[str, str]:
    """Return the reference of each article by its id, in the order of ids.

    Parameters
    ----------
    records : Records
    style : Path, optional
        A CSL file; without it, the shipped style.

    Returns
    -------
    dict of str to str
        Articles of which nothing but the id is recorded are left out.

    Raises
    ------
    MissingExtra
        If a style is named and the extra ``report`` is not installed.
    UnreadableFile
        If the style cannot be read.
    """
    items = csl_items(records)
    if style is None:
        try:
            return _by_citeproc(items, _OWN_STYLE)
        except MissingExtra:
            return {item["id"]: _plain(item) for item in items}
    if not style.is_file():
        raise UnreadableFile(f"there is no citation style {style}")
    return _by_citeproc(items, style)


def _by_citeproc(items: list[dict[str, Any]], style: Path) -> dict[str, str]:
    try:
        from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
        from citeproc.source.json import CiteProcJSON
    except ImportError as error:
        raise MissingExtra("formatting references by a citation style", "report") from error
    # The formatter folds the case of ids, ours do not: numbers stand in for them.
    keyed = [{**item, "id": f"r{number}"} for number, item in enumerate(items)]
    found: dict[str, str] = {}
    try:
        rules = CitationStylesStyle(str(style), validate=False)
        for item, original in zip(keyed, items, strict=True):
            # One at a time: a style may sort, and then could not tell which reference is whose.
            bibliography = CitationStylesBibliography(rules, CiteProcJSON([item]), formatter.plain)
            bibliography.register(Citation([CitationItem(item["id"])]))
            found[original["id"]] = _clean(
                "".join(str(line) for line in bibliography.bibliography()), style != _OWN_STYLE
            )
    except Exception as error:  # the library raises whatever the style's fault leads to
        raise UnreadableFile(f"{style} is not a citation style that can be used: {error}") from error
    return found


def _clean(text: str, may_be_numbered: bool = False) -> str:
    text = " ".join(text.split())
    if may_be_numbered:  # a numeric style puts every reference under number 1, as each is formatted alone
        text = re.sub(r"^(\[1\]|1\.)\s*", "", text)
    return re.sub(r"([?!])\.", r"\1", text)


def _plain(item: dict[str, Any]) -> str:
    """Return a reference in the shipped style without the formatter."""
    names = [a.get("literal") or f"{a['family']}, {a['given']}" for a in item.get("author", ())]
    if len(names) > _MOST_AUTHORS:
        names = [*names[:_MOST_AUTHORS], "et al."]
    year = item.get("issued", {}).get("date-parts", [[None]])[0][0]
    opening = " ".join(part for part in ("; ".join(names), f"({year})" if year else "") if part)
    doi = f"https://doi.org/{item['DOI']}" if item.get("DOI") else ""
    parts = [opening, item.get("title", ""), item.get("container-title", ""), doi]
    text = ""
    for part in (p for p in parts if p):
        text += ("" if not text else " " if text.endswith((".", "?", "!")) else ". ") + part
    return _clean(text)
