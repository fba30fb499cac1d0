"""What the build of a very large review leaves behind: graph, counts and columns, and one page that says so.

A site has a page for every article, concept and gap. That is right for reviews that people read; for a hundred thousand
articles it would be gigabytes that nobody opens, and questions in SPARQL would take hours. Above so many extractions a build
therefore writes what can be worked with: the answers of the measures that stay quick at any size, the graph as N-Quads
that any store can load, and the columns in Parquet that :mod:`eaa_graph.corpus` counts.
"""

from __future__ import annotations

__all__ = ["ABOVE", "TABLES", "is_large", "short", "write"]

import gzip
import html
import importlib.util
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from eaa_graph import pipeline
from eaa_graph.encode import encode, encode_findings
from eaa_graph.errors import Refused

if TYPE_CHECKING:
    from eaa_graph.model import Records
    from eaa_graph.pipeline import Built
    from eaa_graph.settings import Settings
    from eaa_graph.tables import Table

#: Extractions above which a build leaves the site and the report out unless told otherwise.
ABOVE = 100_000
#: What is counted, under which name, asked how.
TABLES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("occurrence", "occurrence", {}),
    ("occurrence-of-contexts", "occurrence", {"role": "context"}),
    ("occurrence-of-outcomes", "occurrence", {"role": "outcome"}),
    ("cooccurrence", "cooccurrence", {"null": "bicm"}),
    ("k-way", "k-way", {}),
    ("support", "support", {}),
    ("empty-and-thin-cells", "empty-and-thin-cells", {}),
)
_BATCH = 20_000


def is_large(records: Records, settings: Settings) -> bool:
    """Say whether a build of these records leaves counts only."""
    if settings.contents != "auto":
        return settings.contents == "counts"
    return len(records.extractions) > ABOVE


def write(built: Built, folder: Path) -> None:
    """Write graph, columns, tables, findings and the page into `folder`.

    Parameters
    ----------
    built : Built
    folder : Path
        Empty; the caller moves it into place.
    """
    from eaa_graph.writers import tables as table_files

    tables: dict[str, Table] = {}
    refused: dict[str, str] = {}
    for name, measure, asked in TABLES:
        try:
            tables[name] = pipeline.answer(built, measure, asked)
        except Refused as refusal:
            refused[name] = str(refusal)
    (folder / "tables").mkdir()
    for name, table in tables.items():
        _text(folder / "tables" / f"{name}.csv", table_files.table_csv(table))
    statements = _graph(built, folder / "graph.nq.gz")
    columns = importlib.util.find_spec("pyarrow") is not None
    if columns:
        from eaa_graph.corpus.columns import write_columns

        write_columns(built.records, built.columns, folder / "columns")
    _text(folder / "index.html", _page(built, tables, refused, statements, columns))


def _graph(built: Built, path: Path) -> int:
    """Write every statement straight from the records, without a store in between; return how many."""
    quads = chain(encode(built.records), encode_findings(built.records.review, built.checked.findings))
    statements = 0
    # No time in the file, so that equal reviews give equal bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as file:
        while batch := list(islice(quads, _BATCH)):
            file.write("".join([f"{s} {p} {o} {g} .\n" for s, p, o, g in batch]).encode())
            statements += len(batch)
    return statements


def _text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")


def short(built: Built) -> Iterator[str | Table]:
    """Yield what a build ends with on the screen: where each mechanism is coded."""
    try:
        table = pipeline.answer(built, "occurrence", {"shape": "wide"})
    except Refused:
        return
    yield ""
    yield table


_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}th,td{padding:.2rem .6rem;border-bottom:1px solid #bbb;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}a{color:#0b4f8a}code{background:#f0f0f0;padding:0 .2rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#16181b}a{color:#8cc4ff}code{background:#2a2d31}}"
)
#: Rows of a table shown on the page; all of them are in the file.
_ROWS = 40


def _page(built: Built, tables: dict[str, Table], refused: dict[str, str], statements: int, columns: bool) -> str:
    records, told = built.records, html.escape
    title = told(records.review.title)
    parts = [
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        f"<p>{len(records.articles):,} articles, {len(records.concepts):,} concepts, {len(records.extractions):,} extractions, "
        f"{len(records.configurations):,} configurations, {len(built.findings):,} findings.</p>\n"
        "<p>This build holds counts. A page for each article, concept and gap, the figures and the report were left out because of "
        f"the size (above {ABOVE:,} extractions) or because counts were asked for; <code>eaa-graph build FOLDER --contents all</code> "
        "makes them all the same.</p>\n<h2>Files</h2>\n<ul>\n"
        f'<li><a href="graph.nq.gz">graph.nq.gz</a>: the graph, {statements:,} statements as N-Quads, for any RDF store</li>\n'
    ]
    parts.append(
        "<li>columns/: Parquet for <code>eaa-graph ask columns occurrence</code>, DuckDB, Spark, R and pandas</li>\n"
        if columns
        else '<li>There are no columns in Parquet: <code>pip install "eaa-graph[scale]"</code> and build again.</li>\n'
    )
    parts.append(
        '<li><a href="findings.json">findings.json</a>: what a person should know about the input</li>\n</ul>\n'
    )
    for name, table in tables.items():
        shown = table.head(_ROWS)
        heads = "".join(f'<th scope="col">{told(c.title)}</th>' for c in table.columns)
        rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>\n" for row in shown.rows)
        more = f"The first {_ROWS} of {len(table):,} rows. " if len(table) > _ROWS else ""
        parts.append(
            f'<h2 id="{name}">{told(table.title)}</h2>\n<p>Counted: {told(table.unit)}; out of: {told(table.denominator)}. {more}'
            f'<a href="tables/{name}.csv">All of it</a></p>\n<table tabindex="0" aria-labelledby="{name}">\n'
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n<p>{told(table.note)}</p>\n"
        )
    for name, why in refused.items():
        parts.append(f"<h2>{name}</h2>\n<p>There is no answer: {told(why)}.</p>\n")
    parts.append("</main>\n</body>\n</html>\n")
    return "".join(parts)


def _cell(cell: object) -> str:
    from eaa_graph.writers.tables import cell_text

    numeric = isinstance(cell, int | float) and not isinstance(cell, bool)
    return f"<td{' class=n' if numeric else ''}>{html.escape(cell_text(cell))}</td>"  # type: ignore[arg-type]
