"""Tables for other programs: a wide article by code matrix, and a tidy table for R."""

from __future__ import annotations

__all__ = ["PARTS", "matrix_carried", "write_matrix", "write_tidy"]

import csv
import io
from collections import Counter
from pathlib import Path

from eaa_graph.coded_project import Mapping, derived_guid
from eaa_graph.model import ESCAPE_MARK, ROLES, Article, Concept, Extraction, Records
from eaa_graph.writers import Writer
from eaa_graph.writers.whole import write_whole


def _table(rows: list[list[str]], spreadsheet: bool = False) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        # A spreadsheet would run what begins like a formula.
        writer.writerow([ESCAPE_MARK + c if spreadsheet and c[:1] in tuple("=+-@\t\r") else c for c in row])
    return stream.getvalue()


def _counts(records: Records) -> Counter[tuple[str, str, str]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for extraction in records.extractions:
        for role in ROLES:
            counts.update((extraction.article, role, concept) for concept in extraction.codes(role))
    return counts


def write_matrix(records: Records, path: Path) -> list[Path]:
    """Write the matrix of articles by role and concept: in how many extractions (of all coders) each occurs.

    Returns
    -------
    list of Path
        The table, and ``<path>.mapping.toml``, by which the reader gives codes their roles and ids back.
    """
    counts = _counts(records)
    columns = sorted({(ROLES.index(role), concept) for _, role, concept in counts})
    headers = [f"{ROLES[place]}: {concept}" for place, concept in columns]
    rows = [["article", *headers]]
    for article in records.articles:
        cells = [str(counts[article.id, ROLES[place], concept]) for place, concept in columns]
        rows.append([article.id, *cells])
    mapping = Mapping(
        unit="source",
        review=records.review.id,
        title=records.review.title,
        roles={derived_guid("matrix", "code", h): ROLES[place] for h, (place, _) in zip(headers, columns, strict=True)},
        codes={derived_guid("matrix", "code", h): concept for h, (_, concept) in zip(headers, columns, strict=True)},
        sources={derived_guid("matrix", "article", a.id): a.id for a in records.articles},
    )
    beside = path.with_name(path.name + ".mapping.toml")
    return [write_whole(path, _table(rows, spreadsheet=True)), write_whole(beside, mapping.to_toml())]


def matrix_carried(records: Records) -> tuple[tuple[str, str, str], ...]:
    """Return what a matrix holds of a review: which concept is coded in which role in which article."""
    return tuple(sorted(_counts(records)))


def write_tidy(records: Records, path: Path) -> list[Path]:
    """Write one row for each coding (extraction, role, concept), with everything said of it: for R, pandas, Stata.

    Missing values are empty. Texts are written as they are: the table is for programs, not for spreadsheets.
    """
    articles: dict[str, Article] = {a.id: a for a in records.articles}
    concepts: dict[str, Concept] = {c.id: c for c in records.concepts}
    head = "extraction article study year coder phase theme role concept concept_label stance polarity basis activation has_quote"
    rows = [head.split()]
    for extraction in records.extractions:
        article = articles.get(extraction.article)
        codings = [(role, concept) for role in ROLES for concept in extraction.codes(role)] or [("", "")]
        for role, concept in codings:
            rows.append(
                [
                    extraction.id,
                    extraction.article,
                    (article.study if article else None) or extraction.article,
                    str(article.year) if article and article.year else "",
                    extraction.coder or "",
                    extraction.phase or "",
                    extraction.theme or "",
                    role,
                    concept,
                    concepts[concept].label if concept in concepts else concept,
                    *_words(extraction),
                ]
            )
    return [write_whole(path, _table(rows))]


def _words(extraction: Extraction) -> list[str]:
    words = [extraction.stance, extraction.polarity, extraction.basis, extraction.activation]
    return [*(w or "" for w in words), "1" if extraction.quote else "0"]


PARTS = [
    Writer(
        "matrix",
        "Article by code matrix",
        "A wide table: articles down, roles and concepts across, counts of extractions.",
        ".csv",
        write_matrix,
    ),
    Writer(
        "tidy",
        "Tidy table for R",
        "One row for each coding, with article, coder, theme, role and concept.",
        ".csv",
        write_tidy,
    ),
]
