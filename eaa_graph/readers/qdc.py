"""REFI-QDA codebooks (`.qdc`): the code tree alone.

References
----------
REFI-QDA Standard 1.5, https://www.qdasoftware.org.
"""

from __future__ import annotations

__all__ = ["PART", "read", "read_project"]

from pathlib import Path

from eaa_graph.coded_project import CodedProject
from eaa_graph.errors import UnreadableFile
from eaa_graph.readers import Reader, Reading
from eaa_graph.readers.mapping import reading_of
from eaa_graph.readers.qdpx import FolderSources, read_stream


def read(path: Path) -> Reading:
    """Read a codebook as the sheet `concepts` (see :func:`eaa_graph.readers.qdpx.read`)."""
    return reading_of(read_project(path), path)


def read_project(path: Path) -> CodedProject:
    """Read a codebook as a project that holds nothing but codes and sets of codes.

    Raises
    ------
    UnreadableFile
        If it is missing, is not well-formed XML, declares a document type, or is not a codebook.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream, FolderSources(None), path.name, path.name, root="CodeBook")
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error}") from None


def _accepts(path: Path) -> bool:
    return path.suffix.lower() == ".qdc"


PART = Reader(
    name="qdc",
    title="REFI-QDA codebook",
    description="A codebook exported by NVivo, ATLAS.ti, MAXQDA, QualCoder or Taguette.",
    suffixes=(".qdc",),
    accepts=_accepts,
    read=read,
)
