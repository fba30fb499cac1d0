"""Where the shipped folders are: queries, ontology, data.

In a checkout they are top-level folders beside the package; in an installed
wheel they lie in ``eaa_graph/_share``. The checkout is asked first, so that an
editable install never reads a stale copy.
"""

from __future__ import annotations

__all__ = ["example", "examples", "folder"]

from functools import cache
from pathlib import Path

import eaa_graph
from eaa_graph.errors import UnknownName, UnreadableFile

_FOLDERS = ("queries", "ontology", "data")


@cache
def folder(name: str) -> Path:
    """Return the shipped folder called `name` (``queries``, ``ontology`` or ``data``).

    Raises
    ------
    UnknownName
        If no such folder is shipped.
    UnreadableFile
        If the installation has lost it.
    """
    if name not in _FOLDERS:
        raise UnknownName("shipped folder", name, _FOLDERS)
    package = Path(eaa_graph.__file__).resolve().parent
    checkout = package.parent
    # `pyproject.toml` tells a checkout from site-packages, where a stranger's
    # folder might happen to be called "data".
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    installed = package / "_share" / name
    if installed.is_dir():
        return installed
    raise UnreadableFile(f"the installation is incomplete: its folder {name!r} is missing; install eaa-graph again")


def examples() -> tuple[str, ...]:
    """Return the names of the shipped example reviews."""
    return tuple(sorted(p.parent.name for p in folder("data").glob("*/review.toml")))


def example(name: str) -> Path:
    """Return the folder of the shipped example review `name`.

    Raises
    ------
    UnknownName
        If no example has that name.
    """
    if name not in examples():
        raise UnknownName("example", name, examples())
    return folder("data") / name
