"""Gaps: what the evidence does not say, of what type, out of how much, and how surprising that is.

A gap is an invitation to look, not a finding about the world. Each is typed, because what to do next depends on the
type: a theme that nobody looked for asks for reading, an expected mechanism that is absent asks for thought, an
untested combination asks for new evidence. One module is one family of rules; a rule is a :class:`GapRule` bound to
``PART`` (or several to ``PARTS``) in its module, and is asked by name like a measure.

:mod:`~eaa_graph.gaps.register` gathers all gaps in one table with stable ids, :mod:`~eaa_graph.gaps.versions` says
which opened and closed from one theory version to the next, :mod:`~eaa_graph.gaps.dossier` tells all about one.
"""

from __future__ import annotations

__all__ = ["TYPES", "GapRule"]

from collections.abc import Callable
from dataclasses import dataclass

from eaa_graph.registry import Parameter
from eaa_graph.tables import Table

#: Every type of gap, in the order in which a review can do something about it, with what it means.
TYPES: dict[str, str] = {
    "not looked for": "Nobody recorded whether it is there: reading comes before any conclusion.",
    "not reported": "The articles were read for the theme and do not report it.",
    "empty": (
        "Articles report the theme, none is coded so: it may not apply, not take place, or take place unreported."
    ),
    "latent in a theme": "It is coded under the theme, but in another role than the one asked for.",
    "reported absent": "It is coded only as failing: not activated, hindering, or challenging the theory.",
    "contradictory": "Some passages support it and others challenge it.",
    "thin": "A few articles only.",
    "untested combination": "The theory joins the two, and no passage codes them together.",
    "expected by another theory": "Another theory would expect it, and it has no settled place in this one.",
    "unlinked": "It is coded or listed, and the theory joins it to nothing, or leaves the place open.",
}


@dataclass(frozen=True, slots=True)
class GapRule:
    """One named rule that finds gaps.

    Attributes
    ----------
    name : str
        As typed after ``eaa-graph ask FOLDER``: lower case with hyphens.
    title : str
        The question it answers, in plain words.
    description : str
        What it takes for a gap, out of what, and what it cannot show.
    function : callable
        ``function(incidence, **parameters) -> Table``; takes a :class:`eaa_graph.network.Incidence`
        (already limited to the chosen coder unless `all_coders`) and the parameters below.
    parameters : tuple of Parameter
    source : str
        Paper or standard of the method.
    all_coders : bool
        Whether it needs everybody's codings side by side rather than one selection.
    """

    name: str
    title: str
    description: str
    function: Callable[..., Table]
    parameters: tuple[Parameter, ...] = ()
    source: str = ""
    all_coders: bool = False
