"""Parts in folders: how readers, writers, gap rules, measures and charts are found.

A part is a frozen dataclass with a ``name``. A built-in part is a module of the
part's folder that binds one to ``PART`` (or several to ``PARTS``); a plug-in is
the same object behind an entry point of group ``eaa_graph.<folder>``. Both are
found the same way, so adding a part is adding one file.
"""

from __future__ import annotations

__all__ = ["Parameter", "arguments", "find", "parts"]

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from eaa_graph.errors import BadSettings, EaaError, UnknownName


class Parameter(NamedTuple):
    """One parameter of a part: help texts, checks and documentation come from it.

    Attributes
    ----------
    name : str
        Keyword argument of the part's function.
    meaning : str
        One sentence.
    default : str, int, float, bool or None
        Its type says how text from the command line is read; None means "not given" (text).
    choices : tuple of str
        Allowed values; empty for any.
    refers_to : str
        Kind of thing it names (``"concept"``, ``"theme"``, ``"theory"``, ...), or empty.
    """

    name: str
    meaning: str
    default: str | int | float | bool | None = None
    choices: tuple[str, ...] = ()
    refers_to: str = ""


def arguments(parameters: tuple[Parameter, ...], given: Mapping[str, str]) -> dict[str, Any]:
    """Read parameter values given as text into the types of their defaults.

    Raises
    ------
    UnknownName
        If a name is not a parameter or a value not among the choices.
    BadSettings
        If a number is not one.
    """
    by_name = {p.name: p for p in parameters}
    result: dict[str, Any] = {}
    for name, text in given.items():
        if name not in by_name:
            raise UnknownName("parameter", name, by_name)
        parameter = by_name[name]
        if parameter.choices and text not in parameter.choices:
            raise UnknownName(f"value of {name}", text, parameter.choices)
        result[name] = _typed(parameter, text)
    return result


def _typed(parameter: Parameter, text: str) -> str | int | float | bool:
    default = parameter.default
    try:
        if isinstance(default, bool):
            return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}[text.casefold()]
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
    except (ValueError, KeyError):
        wanted = "yes or no" if isinstance(default, bool) else "a number"
        raise BadSettings(f"{parameter.name} must be {wanted}, not {text!r}") from None
    return text


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
