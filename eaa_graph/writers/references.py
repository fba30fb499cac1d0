"""Articles as references: RIS, BibTeX and CSL-JSON."""

from __future__ import annotations

__all__ = ["PARTS", "carried", "csl_items", "write_bibtex", "write_csl", "write_ris"]

import json
import re
from pathlib import Path
from typing import Any

from eaa_graph.model import Article, Records
from eaa_graph.writers import Writer
from eaa_graph.writers.whole import write_whole

#: Characters that no address holds bare and that would end a field.
_NOT_IN_ADDRESS = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C", '"': "%22"})
_KEPT = ("id", "title", "authors", "year", "journal", "doi", "url", "pmcid")


def carried(records: Records) -> Records:
    """Return what of `records` a list of references holds.

    Articles with id, title, authors, year, journal, DOI, address and PMCID. Line ends and runs of spaces in
    these become one space, a PMCID that is none is left out, braces, backslashes and quotation marks in a DOI or address are percent-encoded, and an
    article with nothing but an id is no reference.
    """
    articles = []
    for article in records.articles:
        values: dict[str, Any] = {name: _one_line(getattr(article, name)) for name in _KEPT}
        values["doi"] = (
            re.sub(r"^(https?://(dx\.)?doi\.org/|doi:?)\s*", "", values["doi"] or "", flags=re.IGNORECASE) or None
        )
        for name in ("doi", "url"):
            if values[name]:
                values[name] = values[name].translate(_NOT_IN_ADDRESS)
        values["authors"] = "; ".join(_authors(article)) or None
        if values["pmcid"] and not re.fullmatch(r"PMC\d+", values["pmcid"]):
            values["pmcid"] = None
        if any(values[name] is not None for name in _KEPT if name not in ("id", "url")):
            articles.append(Article(**values))
    return Records(review=records.review, articles=tuple(articles)).ordered()


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) or None if isinstance(value, str) else value


def _authors(article: Article) -> list[str]:
    return [" ".join(a.split()) for a in (article.authors or "").split(";") if a.strip()]


def write_ris(records: Records, path: Path) -> list[Path]:
    """Write the articles as RIS."""
    lines = []
    for article in carried(records).articles:
        pairs: list[tuple[str, str | int | None]] = [("TY", "JOUR"), ("ID", article.id), ("TI", article.title)]
        pairs += [("AU", author) for author in _authors(article)]
        pairs += [("PY", article.year), ("JO", article.journal), ("DO", article.doi)]
        pairs += [("UR", article.url), ("C2", article.pmcid)]
        lines += [f"{tag}  - {value}" for tag, value in pairs if value is not None]
        lines += ["ER  - ", ""]
    return [write_whole(path, "\r\n".join(lines))]


_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\lbrace{}",
    "}": r"\rbrace{}",
    "~": r"\textasciitilde{}",
    **{c: "\\" + c for c in "&%$#_"},
}


#: Two of these beside each other would be read as one sign: --, ``, '', ?`, <<.
_LIGATURES = re.compile(r"(?<=[-`'?!,<>])(?=[-`'?!,<>])")
_VERBATIM = frozenset({"doi", "url", "pmcid", "year"})


def _latex(text: str) -> str:
    return _LIGATURES.sub("{}", "".join(_LATEX.get(c, c) for c in text))


def _value(name: str, value: object) -> str:
    # Addresses are not LaTeX.
    text = str(value)
    return text if name in _VERBATIM else _latex(text)


def write_bibtex(records: Records, path: Path) -> list[Path]:
    """Write the articles as BibTeX; an id that cannot be a key is kept in the field `eaa_id`."""
    blocks = []
    taken: set[str] = set()
    for article in carried(records).articles:
        key = base = re.sub(r"[^A-Za-z0-9_.:+-]+", "-", article.id) or "article"
        number = 2
        while key in taken:
            key, number = f"{base}-{number}", number + 1
        taken.add(key)
        fields = {
            "title": article.title,
            "author": " and ".join(_authors(article)) or None,
            "year": article.year,
            "journal": article.journal,
            "doi": article.doi,
            "url": article.url,
            "pmcid": article.pmcid,
            "eaa_id": article.id if key != article.id else None,
        }
        inside = "".join(
            f",\n  {name} = {{{_value(name, value)}}}" for name, value in fields.items() if value is not None
        )
        blocks.append(f"@article{{{key}{inside}\n}}\n")
    return [write_whole(path, "\n".join(blocks))]


def _csl_name(name: str) -> dict[str, str]:
    # "Smith, Ana" says which part is the family name; "Ana Smith" does not, and is not guessed at.
    family, comma, given = name.partition(", ")
    return {"family": family, "given": given} if comma and family.strip() and given.strip() else {"literal": name}


def csl_items(records: Records) -> list[dict[str, Any]]:
    """Return the articles as items of CSL-JSON."""
    items = []
    for article in carried(records).articles:
        item: dict[str, Any] = {"id": article.id, "type": "article-journal"}
        if article.title:
            item["title"] = article.title
        if article.authors:
            item["author"] = [_csl_name(a) for a in _authors(article)]
        if article.year is not None:
            item["issued"] = {"date-parts": [[article.year]]}
        rest = {"container-title": article.journal, "DOI": article.doi, "URL": article.url, "PMCID": article.pmcid}
        item.update({key: value for key, value in rest.items() if value})
        items.append(item)
    return items


def write_csl(records: Records, path: Path) -> list[Path]:
    """Write the articles as CSL-JSON."""
    items = csl_items(records)
    return [write_whole(path, json.dumps(items, ensure_ascii=False, indent=2) + "\n")]


PARTS = [
    Writer("bibtex", "BibTeX", "The articles as references for LaTeX, JabRef, Zotero.", ".bib", write_bibtex),
    Writer("csl-json", "CSL-JSON", "The articles as references for Zotero, Pandoc, Mendeley.", ".json", write_csl),
    Writer("ris", "RIS", "The articles as references for EndNote, Zotero, Mendeley, Covidence.", ".ris", write_ris),
]
