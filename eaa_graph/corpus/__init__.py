"""A corpus larger than a laptop's memory: the columns of a review as Parquet, counted by an engine made for that.

:mod:`~eaa_graph.corpus.columns` writes the columns of :class:`eaa_graph.network.Incidence` as Parquet files, some
thousand whole articles to a file; :mod:`~eaa_graph.corpus.engines` opens them with DuckDB (on this machine) or
Spark (on a cluster); :mod:`~eaa_graph.corpus.counting` expresses the heavy counts once, in Ibis, for both. What the
counts mean is told by the measures themselves, so that a table is the same wherever it was counted.
"""

from __future__ import annotations

__all__ = ["ENGINES", "MEASURES", "is_corpus"]

import json
from pathlib import Path

#: Engines that count outside Python, with what each is for.
ENGINES = {
    "duckdb": "on this machine, from Parquet files, more than fits into memory",
    "spark": "on a cluster (or, for trying, on this machine)",
}
#: The measures that an engine can count.
MEASURES = ("occurrence", "cooccurrence", "k-way", "support", "empty-and-thin-cells")
#: The file by which a folder is known to be a corpus.
REVIEW_FILE = "corpus.json"
#: Version of the layout of the files.
LAYOUT = 1


def is_corpus(path: Path) -> bool:
    """Say whether `path` is a folder of columns written by ``export --format parquet``."""
    try:
        with (path / REVIEW_FILE).open(encoding="utf-8") as file:
            return '"eaa_graph_corpus"' in file.read(200)
    except (OSError, UnicodeDecodeError):
        return False


def header(layout: int = LAYOUT) -> str:
    """Return how the file of a corpus begins."""
    return json.dumps({"eaa_graph_corpus": layout})[:-1]
