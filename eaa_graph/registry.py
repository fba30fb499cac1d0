"""Parts in folders: how readers, writers, gap rules, measures and charts are found.

A part is a frozen dataclass with a ``name``. A built-in part is a module of the
part's folder that binds one to ``PART`` (or several to ``PARTS``); a plug-in is
the same object behind an entry point of group ``eaa_graph.<folder>``. Both are
found the same way, so adding a part is adding one file.
"""

from __future__ import annotations

__all__ = ["find", "parts"]

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from eaa_graph.errors import EaaError, UnknownName


@cache
def parts(folder: str) -> dict[str, Any]:
    """Return every part of `folder`, by name, in alphabetical order.

    Parameters
    ----------
    folder : str
        A sub-package of ``eaa_graph``: ``"readers"``, ``"measures"``, ...

    Raises
    ------
    EaaError
        If two parts have one name.
    """
    package = importlib.import_module(f"eaa_graph.{folder}")
    found: dict[str, Any] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        module = importlib.import_module(f"eaa_graph.{folder}.{module_info.name}")
        _add(found, folder, getattr(module, "PARTS", None) or [getattr(module, "PART", None)])
    for entry in sorted(entry_points(group=f"eaa_graph.{folder}"), key=lambda e: e.name):
        _add(found, folder, [entry.load()])
    return dict(sorted(found.items()))


def _add(found: dict[str, Any], folder: str, new: list[Any]) -> None:
    for part in new:
        if part is None:
            continue
        if part.name in found:
            raise EaaError(f"two {folder} are called {part.name!r}; uninstall one of the plug-ins")
        found[part.name] = part


def find(folder: str, name: str) -> Any:
    """Return the part of `folder` called `name`.

    Raises
    ------
    UnknownName
        With the nearest names.
    """
    known = parts(folder)
    if name not in known:
        raise UnknownName(folder.rstrip("s"), name, known)
    return known[name]
