"""Readers: one file format each, from a path to rows that remember where they came from.

A reader never judges: it hands over every cell as text with its address, and
findings about the file itself. :mod:`eaa_graph.validate` turns rows into records.
"""

from __future__ import annotations

__all__ = ["RawSheet", "Reader", "Reading"]

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eaa_graph.findings import Finding, Where
from eaa_graph.model import Row


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One table as read.

    Attributes
    ----------
    name : str
        As written: file name without suffix, or name of the sheet.
    where : Where
        The file or sheet as a whole.
    headers : tuple of str
        As written, in order; a column without a header has its letter.
    rows : tuple of Row
        Every row with at least one non-blank cell.
    """

    name: str
    where: Where
    headers: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a reader found in one place.

    Attributes
    ----------
    name : str
        Name of the folder or file, without suffix.
    sheets : tuple of RawSheet
        By name.
    review : mapping
        Contents of `review.toml` (or what the format says of the project), else empty.
    review_where : Where or None
        Where that was read; None if there was none.
    findings : tuple of Finding
        What is wrong with the files themselves.
    """

    name: str
    sheets: tuple[RawSheet, ...]
    review: Mapping[str, Any] = field(default_factory=dict)
    review_where: Where | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """One format.

    Attributes
    ----------
    name, title, description : str
    suffixes : tuple of str
        Lower case, with the dot; ``("/",)`` for a folder.
    accepts : callable
        ``accepts(path) -> bool`` looks at the content when several readers share a suffix.
    read : callable
        ``read(path) -> Reading``; raises ``UnreadableFile`` only when nothing can be read.
    """

    name: str
    title: str
    description: str
    suffixes: tuple[str, ...]
    accepts: Callable[[Path], bool]
    read: Callable[[Path], Reading]
