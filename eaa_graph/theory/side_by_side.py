"""Two versions of the theory side by side, element by element: what the picture of a difference is drawn from."""

from __future__ import annotations

__all__ = ["PART", "theory_difference"]

from eaa_graph.errors import Refused
from eaa_graph.measures import Measure
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many
from eaa_graph.theory.difference import diff
from eaa_graph.theory.versions import History, history


def _versions(past: History, before: str | None, after: str | None) -> tuple[str, str]:
    """Return the versions meant: the latest that holds configurations and revises one that does, unless named."""
    holding = [v for v in past.versions if v.configurations]
    ids = {v.id for v in holding}
    before, after = (name and past.version(name).id for name in (before, after))
    if after is None:
        revising = [
            v
            for v in holding
            if ids.intersection(v.revision_of) - {v.id} and (before is None or before in v.revision_of)
        ]
        if not revising:
            raise Refused(
                "no version with configurations revises another: name two versions with before=… and after=…, or fill the "
                "column revision_of in the sheet 'theories'"
            )
        after = revising[-1].id
    if before is None:
        parents = [name for name in past.version(after).revision_of if name in ids and name != after]
        if not parents:
            raise Refused(f"{after} revises no version that holds configurations: name the other version with before=…")
        before = parents[0]
    return past.version(before).id, past.version(after).id


def theory_difference(incidence: Incidence, before: str | None = None, after: str | None = None) -> Table:
    """Return every element of two versions of the theory with what became of it.

    Parameters
    ----------
    incidence : Incidence
    before, after : str or None
        Ids of the versions; None for the latest revision and what it revises.

    Returns
    -------
    Table
        One row for each concept in a role of each pair of configurations (or claims); a configuration without
        concepts has one row without a concept. Rows open onto the evidence recorded for the change.

    Raises
    ------
    Refused
        If no version is left to compare with.
    UnknownName
        If a version is not known.

    References
    ----------
    Wong G et al. (2013). RAMESES publication standards: realist syntheses. BMC Medicine 11:21. doi:10.1186/1741-7015-11-21

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = theory_difference(columns)
    >>> [c.name for c in table.columns][:3]
    ['pair', 'pair_sign', 'pair_kind']
    """
    past = history(incidence.records)
    first, second = _versions(past, before, after)
    found = diff(past.version(first), past.version(second), past)
    rows: list[tuple[Cell, ...]] = []
    behind: list[tuple[str, ...]] = []
    for element in found.picture():
        pair = (element["thing"], element["before"], element["after"])
        rows.append(
            (
                element["row"],
                element["row_sign"],
                element["row_kind"],
                Thing(element["thing"], element["before"], element["before"]) if element["before"] else None,
                Thing(element["thing"], element["after"], element["after"]) if element["after"] else None,
                element["role"] or None,
                Thing("concept", element["concept"], element["label"]) if element["concept"] else None,
                element["sign"],
                element["was"] or None,
                element["reason"] or None,
            )
        )
        evidence = {
            e
            for d in found.differences
            if d.thing == pair[0] and pair[1] in (*d.before, "") and pair[2] in (*d.after, "")
            for e in d.evidence
        }
        behind.append(tuple(sorted(evidence)))
    return Table(
        name="theory-difference",
        title=f"From {found.before.label} to {found.after.label}",
        columns=(
            Column("pair", "Pair", "Number of the pair, from 1."),
            Column("pair_sign", "Sign of the pair", "+ added, - dropped, ~ changed, = the same."),
            Column("pair_kind", "What became of it", "split, merged, changed, added, dropped, renamed or unchanged."),
            Column("before", "Before", f"Id in {first}."),
            Column("after", "After", f"Id in {second}."),
            Column("role", "Role", "Slot of the concept; from and to for claims."),
            Column("concept", "Concept"),
            Column("sign", "Sign", "+ added, - dropped, ~ in another role, = the same."),
            Column("was", "Role before", "Where the concept changed its role."),
            Column("reason", "Recorded reason", "Empty where none was recorded."),
        ),
        rows=tuple(rows),
        unit="concepts in the roles of configurations and claims",
        denominator=(
            f"{many(len(found.before.configurations), 'configuration')} in {first}, {len(found.after.configurations)} in {second}"
        ),
        note="What is paired is compared; a pair does not say that one account grew out of the other.",
        opens=lambda row, _: behind[row],
    )


PART = Measure(
    "theory-difference",
    "What was added, dropped and changed between two versions of the theory?",
    "Every concept in every role of two versions of the programme theory, pair by pair, with what became of it and the recorded "
    "reason. It compares how the theory is written, not how well it is evidenced.",
    theory_difference,
    (
        Parameter(
            "before", "Id of the earlier version; left out: what the later one revises.", None, refers_to="theory"
        ),
        Parameter("after", "Id of the later version; left out: the latest revision.", None, refers_to="theory"),
    ),
    all_coders=True,
)
