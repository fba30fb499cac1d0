"""Coded projects of any software: open one, propose a mapping for it, apply one.

The three steps behind `eaa-graph import`: :func:`read_project` reads what is there,
:func:`propose_for` writes the `mapping.toml` that a person then changes, and :func:`import_project`
gives the rows and the loss report.
"""

from __future__ import annotations

__all__ = ["import_project", "is_project", "propose_for", "read_project"]

from collections.abc import Callable
from pathlib import Path

from eaa_graph.coded_project import CodedProject, Mapping
from eaa_graph.errors import BadSettings, UnreadableFile
from eaa_graph.readers import eppi, links, mapping, matrix, qdc, qdpx, qualcoder, rqda, taguette
from eaa_graph.readers.mapping import Imported
from eaa_graph.readers.opening import reader_for

_PROJECTS: dict[str, Callable[[Path], CodedProject]] = {
    "eppi": eppi.read_project,
    "matrix": matrix.read_project,
    "qdc": qdc.read_project,
    "qdpx": qdpx.read_project,
    "qualcoder": qualcoder.read_project,
    "rqda": rqda.read_project,
    "taguette": taguette.read_project,
    "taguette-highlights": taguette.read_highlights_project,
}
#: Formats that say themselves what their codes mean.
_WITH_MAPPING: dict[str, Callable[[Path], tuple[CodedProject, Mapping]]] = {"causal-map": links.read_causal_project}


def is_project(path: Path) -> bool:
    """Whether `path` is a coded project, so that a mapping says what its codes mean.

    Raises
    ------
    UnreadableFile
        If no reader takes it.
    """
    return reader_for(path).name in {*_PROJECTS, *_WITH_MAPPING}


def read_project(path: Path) -> tuple[CodedProject, Mapping]:
    """Read a coded project of any format, with the mapping to use where nobody has made one.

    Raises
    ------
    UnreadableFile
        If it cannot be read or is not a coded project.
    """
    name = reader_for(path).name
    if name in _WITH_MAPPING:
        return _WITH_MAPPING[name](path)
    if name not in _PROJECTS:
        raise UnreadableFile(f"{path.name} is not a coded project: it needs no mapping, import it as it is")
    project = _PROJECTS[name](path)
    return project, mapping.guess(project)


def propose_for(path: Path) -> str:
    """Return the text of a `mapping.toml` for the project at `path`, filled with guesses.

    Raises
    ------
    UnreadableFile
        If it cannot be read or is not a coded project.
    """
    project, default = read_project(path)
    return mapping.propose(project, default)


def import_project(path: Path, mapping_file: Path | None = None) -> Imported:
    """Import a coded project.

    Parameters
    ----------
    path : Path
    mapping_file : Path, optional
        Else ``<file>.mapping.toml`` or ``mapping.toml`` beside it, else what would be proposed.

    Returns
    -------
    Imported
        The rows, and the loss report.

    Raises
    ------
    UnreadableFile
        If the project or the mapping cannot be read.
    """
    project, default = read_project(path)
    file = mapping_file or mapping.beside(path)
    if file is None:
        return Imported(mapping.reading_of(project, path, default), mapping.apply(project, default).losses)
    try:
        chosen = Mapping.from_toml(file.read_text(encoding="utf-8-sig"), file.name)
    except (BadSettings, OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{file.name}: {error}") from None
    return mapping.apply(project, chosen)
