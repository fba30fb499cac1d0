"""The document flow step by step, with what went in and what came out of each stage."""

from __future__ import annotations

__all__ = ["PART", "flow_steps"]

from collections import defaultdict

from eaa_graph.errors import Refused
from eaa_graph.measures import Measure
from eaa_graph.model import FlowStep
from eaa_graph.network import Incidence
from eaa_graph.tables import Cell, Column, Table


def _origin(steps: tuple[FlowStep, ...], name: str) -> list[int]:
    """Return the positions of the steps that an origin names: ``stage/outcome``, an outcome of one stage, or a stage."""
    exact = [n for n, s in enumerate(steps) if f"{s.stage}/{s.outcome}" == name]
    if exact:
        return exact
    outcomes = [n for n, s in enumerate(steps) if s.outcome == name]
    if outcomes:
        return outcomes if len({steps[n].stage for n in outcomes}) == 1 else []
    return [n for n, s in enumerate(steps) if s.stage == name]


def _order(steps: tuple[FlowStep, ...], origins: list[list[int]]) -> list[int]:
    """Return the depth of each step: steps that come from nowhere have 0."""
    depth = [0] * len(steps)
    for _ in steps:  # a circle, which is a finding, stops growing after as many rounds as there are steps
        deeper = [max((depth[o] + 1 for o in before if o != n), default=0) for n, before in enumerate(origins)]
        deeper = [min(d, len(steps)) for d in deeper]
        if deeper == depth:
            break
        depth = deeper
    return depth


def flow_steps(incidence: Incidence) -> Table:
    """Return each count of the document flow with the sums it is part of.

    Parameters
    ----------
    incidence : Incidence

    Returns
    -------
    Table
        One row a count, those that come from nowhere first. ``incoming`` is what its origins count together,
        ``outgoing`` what all counts with these origins at this stage add up to; both are empty at the start and where
        an origin is not counted.

    Raises
    ------
    Refused
        If no flow is recorded.

    References
    ----------
    Wong G et al. (2013). RAMESES publication standards: realist syntheses. BMC Medicine 11:21. doi:10.1186/1741-7015-11-21

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = flow_steps(columns)
    >>> len(table), table.unit
    (5, 'documents')
    """
    steps = incidence.records.flow
    if not steps:
        raise Refused("no document flow is recorded: fill the sheet 'flow'")
    origins = [sorted({o for name in s.origin for o in _origin(steps, name)}) for s in steps]
    known = [all(_origin(steps, name) for name in s.origin) for s in steps]
    totals: dict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
    for step in steps:
        totals[step.stage, step.origin] += step.count
    depth = _order(steps, origins)
    first = {key: n for n, key in reversed(list(enumerate(s.stage for s in steps)))}
    order = sorted(range(len(steps)), key=lambda n: (depth[n], first[steps[n].stage], n))
    number = {n: place + 1 for place, n in enumerate(order)}
    rows: list[tuple[Cell, ...]] = []
    for n in order:
        step = steps[n]
        counted = bool(step.origin) and known[n]
        incoming = sum(steps[o].count for o in origins[n]) if counted else None
        outgoing = totals[step.stage, step.origin] if counted else None
        rows.append(
            (
                number[n],
                step.stage,
                ", ".join(step.origin) or None,
                ", ".join(str(number[o]) for o in origins[n]) or None,
                step.outcome,
                step.count,
                step.reason,
                incoming,
                outgoing,
                None if incoming is None else incoming == outgoing,
            )
        )
    return Table(
        name="flow-steps",
        title="Document flow",
        columns=(
            Column("step", "Step", "Number, from 1."),
            Column("stage", "Stage"),
            Column("from", "From", "Where these documents come from, as recorded."),
            Column("from_steps", "From steps", "Numbers of the steps meant."),
            Column("outcome", "Outcome", "What became of them."),
            Column("documents", "Documents"),
            Column("reason", "Reason"),
            Column("incoming", "In", "What the origins count together."),
            Column("outgoing", "Out", "What all outcomes with these origins at this stage add up to."),
            Column("adds_up", "Adds up", "Whether in equals out."),
        ),
        rows=tuple(rows),
        unit="documents",
        note="Counts as recorded; where they do not add up they are shown as they are, and nothing is corrected.",
        source="RAMESES item 12, Wong et al. 2013, doi 10.1186/1741-7015-11-21",
    )


PART = Measure(
    "flow-steps",
    "How many documents went where, and do the numbers add up?",
    "Every count of the document flow with its reason, what went into its stage and what came out. Numbers are as recorded.",
    flow_steps,
    source="RAMESES item 12, Wong et al. 2013, doi 10.1186/1741-7015-11-21",
    all_coders=True,
)
