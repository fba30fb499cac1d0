"""The columns of a review as Parquet files, and back.

The layout, one folder a table, one file for some thousand whole articles::

    corpus.json      codebook, theories, people and all else that is small, as records; how much there is
    articles/        article, study, id, record (the article as JSON)
    attributes/      article, name, value: what concepts can be counted by
    extractions/     extraction, id, article, study, theme, coder, phase, stance, polarity, basis, activation
    codings/         extraction, role, concept, and what they are counted by (article, study, theme, coder, stance, ...)
    reported/        article, study, theme, coder, value
    derived/         extraction, origin
    passages/        extraction, article, quote, note, locator: read only to show what is behind a number

Numbers are those of :class:`eaa_graph.network.Incidence`; -1 for none. All that belongs to an article lies in files of
one number, so that counts of articles from different files add up: nothing is counted twice.
"""

from __future__ import annotations

__all__ = ["TABLES", "read_columns", "read_review", "write_columns"]

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eaa_graph.corpus import LAYOUT, REVIEW_FILE, header, is_corpus
from eaa_graph.errors import BadSettings, MissingExtra, UnreadableFile
from eaa_graph.measures.occurrence import ATTRIBUTES
from eaa_graph.model import Article, Records
from eaa_graph.network import Incidence
from eaa_graph.writers.whole import whole_folder

#: Articles whose columns go into one file.
ARTICLES_A_FILE = 10_000
#: Every table with its columns and their types in Parquet.
TABLES: dict[str, dict[str, str]] = {
    "articles": {"article": "int32", "study": "int32", "id": "string", "record": "string"},
    "attributes": {"article": "int32", "name": "string", "value": "string"},
    "extractions": {
        "extraction": "int32",
        "id": "string",
        "article": "int32",
        "study": "int32",
        "theme": "int32",
        "coder": "int32",
        "phase": "int32",
        "stance": "int32",
        "polarity": "int32",
        "basis": "int32",
        "activation": "int32",
    },
    "codings": {
        "extraction": "int32",
        "role": "int32",
        "concept": "int32",
        "article": "int32",
        "study": "int32",
        "theme": "int32",
        "coder": "int32",
        "stance": "int32",
        "polarity": "int32",
        "activation": "int32",
    },
    "reported": {"article": "int32", "study": "int32", "theme": "int32", "coder": "int32", "value": "bool"},
    "derived": {"extraction": "int32", "article": "int32", "origin": "int32"},
    "passages": {
        "extraction": "int32",
        "article": "int32",
        "quote": "string",
        "note": "string",
        "locator": "string",
    },
}
#: Columns of an extraction, each an array of the same name in `Incidence`.
_OF_EXTRACTION = ("theme", "coder", "phase", "stance", "polarity", "basis", "activation")

Order = NDArray[np.int64]


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("Parquet", "scale") from None
    return pa


def write_columns(
    records: Records, incidence: Incidence, folder: Path, articles_a_file: int = ARTICLES_A_FILE
) -> list[Path]:
    """Write the columns of a review as Parquet, the folder whole or not at all.

    Parameters
    ----------
    records : Records
    incidence : Incidence
        Its columns, of all coders.
    folder : Path
        Made new; an earlier corpus there is replaced.
    articles_a_file : int
        How many articles go into one file of each table.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    MissingExtra
        Without pyarrow.
    BadSettings
        If there is something else at `folder`.
    StoreUnavailable
        If it cannot be written; what was there before is untouched.
    """
    pa = _pyarrow()

    def allowed() -> None:
        if folder.exists() and not is_corpus(folder) and (not folder.is_dir() or any(folder.iterdir())):
            raise BadSettings(f"{folder} holds something else than a corpus; name another folder with --out")

    with whole_folder(folder, allowed) as beside:
        for table, part, columns in _parts(records, incidence, articles_a_file):
            place = beside / table
            place.mkdir(exist_ok=True)
            typed = {name: pa.array(columns[name], type=getattr(pa, kind + "_" if kind == "bool" else kind)()) for name, kind in TABLES[table].items()}  # fmt: skip
            pa.parquet.write_table(pa.table(typed), place / f"part-{part:05d}.parquet", compression="zstd")
        small = records.model_copy(update={"articles": (), "extractions": (), "reported": ()})
        amounts = {
            "articles": len(incidence.articles),
            "studies": int(incidence.study.max(initial=-1)) + 1,
            "extractions": len(incidence),
        }
        told = f'{header()}, "amounts": {json.dumps(amounts)}, "records": {small.model_dump_json()}}}\n'
        (beside / REVIEW_FILE).write_text(told, "utf-8", newline="\n")
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _attributes(article: Article) -> dict[str, str]:
    own = {name: value for name, value in article.attributes if name not in ATTRIBUTES and value is not None}
    built_in = {name: getattr(article, name) for name in ATTRIBUTES}
    return {name: str(value) for name, value in (*own.items(), *built_in.items()) if value is not None}


def _parts(records: Records, inc: Incidence, size: int) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield (table, number of the file, columns): all tables for the first articles, then for the next."""
    coded = {e.id: e for e in records.extractions}

    def words(row: int, name: str) -> str | None:
        # Columns that come from a store elsewhere come without the passages' words.
        extraction = coded.get(inc.extractions[row])
        return None if extraction is None else getattr(extraction, name)

    by_article = np.argsort(inc.article, kind="stable")
    coding_article = inc.article[inc.coding_extraction]
    codings_by_article = np.argsort(coding_article, kind="stable")
    reports_by_article = np.argsort(inc.reported_article, kind="stable")
    derived_article = inc.article[inc.derived[:, 0]]
    derived_by_article = np.argsort(derived_article, kind="stable")

    def those(order: Order, article: NDArray[np.int32], low: int, high: int) -> Order:
        start, end = np.searchsorted(article[order], [low, high])
        return order[start:end]

    for part, low in enumerate(range(0, max(len(inc.articles), 1), size)):
        high = min(low + size, len(inc.articles))
        articles = inc.articles[low:high]
        yield "articles", part, {
            "article": np.arange(low, high, dtype=np.int32),
            "study": inc.study[low:high],
            "id": [a.id for a in articles],
            "record": [a.model_dump_json() for a in articles],
        }  # fmt: skip
        named = [(n, *pair) for n, a in enumerate(articles, low) for pair in _attributes(a).items()]
        yield "attributes", part, {
            "article": [n for n, _, _ in named],
            "name": [name for _, name, _ in named],
            "value": [value for _, _, value in named],
        }  # fmt: skip
        rows = those(by_article, inc.article, low, high)
        yield "extractions", part, {
            "extraction": rows.astype(np.int32),
            "id": [inc.extractions[r] for r in rows.tolist()],
            "article": inc.article[rows],
            "study": inc.study[inc.article[rows]],
            **{name: getattr(inc, name)[rows] for name in _OF_EXTRACTION},
        }  # fmt: skip
        yield "passages", part, {
            "extraction": rows.astype(np.int32),
            "article": inc.article[rows],
            **{name: [words(r, name) for r in rows.tolist()] for name in ("quote", "note", "locator")},
        }  # fmt: skip
        codings = those(codings_by_article, coding_article, low, high)
        of = inc.coding_extraction[codings]
        yield "codings", part, {
            "extraction": of,
            "role": inc.coding_role[codings],
            "concept": inc.coding_concept[codings],
            "article": inc.article[of],
            "study": inc.study[inc.article[of]],
            **{name: getattr(inc, name)[of] for name in ("theme", "coder", "stance", "polarity", "activation")},
        }  # fmt: skip
        reports = those(reports_by_article, inc.reported_article, low, high)
        yield "reported", part, {
            "article": inc.reported_article[reports],
            "study": inc.study[inc.reported_article[reports]],
            "theme": inc.reported_theme[reports],
            "coder": inc.reported_coder[reports],
            "value": inc.reported_value[reports],
        }  # fmt: skip
        derived = those(derived_by_article, derived_article, low, high)
        yield "derived", part, {
            "extraction": inc.derived[derived, 0],
            "article": derived_article[derived],
            "origin": inc.derived[derived, 1],
        }  # fmt: skip


def read_review(folder: Path) -> tuple[Records, dict[str, int]]:
    """Return what is small of a corpus, as records without articles and extractions, and how much there is of the rest.

    Raises
    ------
    UnreadableFile
        If it is no corpus, or one of another layout.
    """
    file = folder / REVIEW_FILE
    try:
        told = json.loads(file.read_text("utf-8"))
        layout, amounts = told["eaa_graph_corpus"], told["amounts"]
        if layout != LAYOUT:
            raise UnreadableFile(f"{file} has layout {layout}; this program reads layout {LAYOUT}: export it again")
        records = Records.model_validate_json(json.dumps(told["records"]))
        return records, {name: int(amounts[name]) for name in ("articles", "studies", "extractions")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableFile(f"{file} is not the file of a corpus, or is damaged: {error}") from None


def read_columns(folder: Path) -> Incidence:
    """Return the columns of a corpus in memory, equal to those of the review that it was written from.

    Raises
    ------
    MissingExtra
        Without pyarrow.
    UnreadableFile
        If a file is missing or damaged.
    """
    pa = _pyarrow()
    records, _ = read_review(folder)

    def read(table: str, *columns: str) -> dict[str, Any]:
        try:
            found = pa.parquet.read_table(folder / table, columns=list(columns))
        except (OSError, ValueError) as error:
            raise UnreadableFile(f"{folder / table} cannot be read: {error}") from None
        return {
            name: found[name].to_pylist()
            if TABLES[table][name] == "string"
            else found[name].to_numpy(zero_copy_only=False)
            for name in columns
        }

    told = read("articles", "article", "record")
    articles = tuple(
        Article.model_validate_json(told["record"][n]) for n in np.argsort(told["article"], kind="stable").tolist()
    )
    rows = read("extractions", "extraction", "id", "article", *_OF_EXTRACTION)
    order = np.argsort(rows["extraction"], kind="stable")
    coded = read("codings", "extraction", "role", "concept")
    by = np.lexsort((coded["concept"], coded["role"], coded["extraction"]))
    reported = read("reported", "article", "theme", "coder", "value")
    derived = read("derived", "extraction", "origin")
    from_origin = np.stack([derived["extraction"], derived["origin"]], axis=1).astype(np.int32).reshape(-1, 2)
    return Incidence(
        records=records.model_copy(update={"articles": articles}),
        extractions=tuple(rows["id"][n] for n in order.tolist()),
        article=rows["article"][order],
        **{name: rows[name][order] for name in _OF_EXTRACTION},
        coding_extraction=coded["extraction"][by],
        coding_role=coded["role"][by],
        coding_concept=coded["concept"][by],
        reported_article=reported["article"],
        reported_theme=reported["theme"],
        reported_coder=reported["coder"],
        reported_value=reported["value"].astype(np.bool_),
        derived=from_origin[np.lexsort((from_origin[:, 1], from_origin[:, 0]))],
    )
