"""review.toml: what is said of the review as a whole."""

from __future__ import annotations

__all__ = ["REVIEW_FILE", "read_review_file"]

import tomllib
from pathlib import Path
from typing import Any

from eaa_graph.findings import Finding, Where
from eaa_graph.readers.csv_table import decode, file_bytes
from eaa_graph.readers.grid import Findings

REVIEW_FILE = "review.toml"


def read_review_file(folder: Path) -> tuple[dict[str, Any], Where | None, list[Finding]]:
    """Read the review.toml of `folder`.

    Returns
    -------
    contents : dict
        Empty when there is no such file or it is not well-formed.
    where : Where or None
        None when there is no such file.
    findings : list of Finding

    Raises
    ------
    UnreadableFile
        If the file is there and may not be read.
    """
    path = folder / REVIEW_FILE
    if not path.exists():
        return {}, None, []
    where = Where(REVIEW_FILE)
    findings = Findings()
    text = decode(file_bytes(path), where, findings)
    try:
        contents = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        findings.add(
            "bad-review-file",
            where,
            f"review.toml is not well-formed: {error}",
            'write texts in straight quotation marks: title = "..."; eaa-graph new makes a file to start from',
        )
        contents = {}
    return contents, where, findings.all()
