"""Charts: one picture each, made from a table, as SVG that stays legible in print and in grey.

A chart is a :class:`Chart` bound to ``PART`` in its module. It draws numbers and
never makes any: every mark equals a cell of the table that it was given.
"""

from __future__ import annotations

__all__ = ["PREFIX", "WIDTH", "Chart"]

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
        ``function(table, *more tables, **parameters) -> str``: an SVG document. Every chart takes ``width`` and
        ``prefix`` (what its ids begin with, so that one page can hold it twice).
    parameters : tuple of Parameter
        Of the drawing; what the question can be asked is not repeated here.
    also : tuple of str
        Names of further answers that it draws with the first, in the order of the function's arguments.
    given : tuple of (str, str)
        What the questions are asked unless the user says otherwise.
    """

    name: str
    title: str
    description: str
    table: str
    function: Callable[..., str]
    parameters: tuple[Parameter, ...] = ()
    also: tuple[str, ...] = ()
    given: tuple[tuple[str, str], ...] = ()


#: What every chart can be told.
WIDTH = Parameter("width", "Width in millimetres, or 'slide'.", "174", ("85", "114", "174", "slide"))
PREFIX = Parameter("prefix", "What the ids in the picture begin with; left out: the chart's name.", "")
