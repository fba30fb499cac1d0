"""Writers: one file format each, from records to files."""

from __future__ import annotations

__all__ = ["Writer"]

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eaa_graph.model import Records


@dataclass(frozen=True, slots=True)
class Writer:
    """One format.

    Attributes
    ----------
    name, title, description : str
    suffix : str
        Of the files it writes, with the dot; ``"/"`` for a folder.
    write : callable
        ``write(records, path) -> list of Path`` writes whole files or none, and says which.
    """

    name: str
    title: str
    description: str
    suffix: str
    write: Callable[[Records, Path], list[Path]]
