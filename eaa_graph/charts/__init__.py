"""Charts: one picture each, made from a table, as SVG that stays legible in print and in grey.

A chart is a :class:`Chart` bound to ``PART`` in its module. It draws numbers and
never makes any: every mark equals a cell of the table that it was given.
"""

from __future__ import annotations

__all__ = ["Chart"]

from collections.abc import Callable
from dataclasses import dataclass

from eaa_graph.registry import Parameter


@dataclass(frozen=True, slots=True)
class Chart:
    """One kind of picture.

    Attributes
    ----------
    name, title, description : str
    table : str
        Name of the question or measure whose answer it draws.
    function : callable
        ``function(table, **parameters) -> str``: an SVG document.
    parameters : tuple of Parameter
    """

    name: str
    title: str
    description: str
    table: str
    function: Callable[..., str]
    parameters: tuple[Parameter, ...] = ()
