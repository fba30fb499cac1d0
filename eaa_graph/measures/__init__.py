"""Measures: what the evidence says, each with unit, denominator, limits and a way back to the passages.

One module is one family. A measure is a :class:`Measure` bound to ``PART`` (or several to
``PARTS``) in its module; the command line, the documentation and the report find it there.
"""

from __future__ import annotations

__all__ = ["Measure"]

from collections.abc import Callable
from dataclasses import dataclass

from eaa_graph.registry import Parameter
from eaa_graph.tables import Table


@dataclass(frozen=True, slots=True)
class Measure:
    """One named measure.

    Attributes
    ----------
    name : str
        As typed after ``eaa-graph ask FOLDER``: lower case with hyphens.
    title : str
        The question it answers, in plain words.
    description : str
        What it counts, how, and what it cannot show.
    function : callable
        ``function(incidence, **parameters) -> Table``; takes a :class:`eaa_graph.network.Incidence`
        (already limited to the chosen coder unless `all_coders`) and the parameters below.
    parameters : tuple of Parameter
    source : str
        Paper or standard of the method.
    all_coders : bool
        Whether it needs everybody's codings side by side (agreement) rather than one selection.
    """

    name: str
    title: str
    description: str
    function: Callable[..., Table]
    parameters: tuple[Parameter, ...] = ()
    source: str = ""
    all_coders: bool = False
