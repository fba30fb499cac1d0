"""Gaps from one theory version to the next: opened, narrowed, widened, closed, and by what.

The evidence is the same on both sides; what changes is what the theory asks of it. A version that adds a context closes
an open slot and may open an untested combination: both are progress, and both should be seen.
"""

from __future__ import annotations

__all__ = ["CHANGES", "PART", "Changed", "compare", "gap_changes"]

from collections.abc import Iterable
from typing import NamedTuple

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.findings import SEVERITIES
from eaa_graph.gaps import GapRule
from eaa_graph.gaps.register import RANKS, Gap, collect
from eaa_graph.gaps.reporting import selection, who
from eaa_graph.model import ROLES, Records, Theory, slot_concepts
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

CHANGES = ("opened", "widened", "narrowed", "closed", "unchanged")
_SHOW = ("changes", "all")


class Changed(NamedTuple):
    """What became of one gap.

    Attributes
    ----------
    change : str
        One of :data:`CHANGES`.
    before, after : Gap or None
        None where there is no such gap.
    """

    change: str
    before: Gap | None
    after: Gap | None

    @property
    def gap(self) -> Gap:
        """The gap as it is now, or as it was last."""
        gap = self.after or self.before
        assert gap is not None  # noqa: S101 (one of the two is there by construction)
        return gap


def _width(gap: Gap) -> tuple[int, int, int]:
    return RANKS[gap.state], SEVERITIES.index(gap.severity), -(gap.count or 0)


def compare(before: Iterable[Gap], after: Iterable[Gap]) -> tuple[Changed, ...]:
    """Return what became of each gap between two registers.

    Parameters
    ----------
    before, after : iterable of Gap
        Of two theory versions, or of two states of one review: ids tell which gap is which.

    Returns
    -------
    tuple of Changed
        In the order of :data:`CHANGES`, then as in the registers. A gap is narrower when its state is, when it is
        less severe, or when more has been found.
    """
    was, now = {g.id: g for g in before}, {g.id: g for g in after}
    found = []
    for name in {**was, **now}:
        old, new = was.get(name), now.get(name)
        if old is None:
            change = "opened"
        elif new is None:
            change = "closed"
        elif _width(new) != _width(old):
            change = "narrowed" if _width(new) < _width(old) else "widened"
        else:
            change = "unchanged"
        found.append(Changed(change, old, new))
    place = {name: number for number, name in enumerate([*now, *(n for n in was if n not in now)])}
    return tuple(sorted(found, key=lambda c: (CHANGES.index(c.change), place[c.gap.id])))


def _pairs(records: Records, before: str | None, after: str | None) -> list[tuple[Theory, Theory]]:
    versions = {t.id: t for t in sorted(records.theories, key=lambda t: t.id)}
    for name in (before, after):
        if name is not None and name not in versions:
            raise UnknownName("theory version", name, versions)
    if before is not None and after is not None:
        return [(versions[before], versions[after])]
    found = [
        (versions[old], new)
        for new in versions.values()
        for old in new.revision_of
        if old in versions and before in (None, old) and after in (None, new.id)
    ]
    if not found:
        raise Refused("no version revises another: name two versions, before=ID and after=ID, to compare them")
    return found


def _holders(records: Records, theory: Theory, gap: Gap) -> list[str]:
    """Return the configurations of a version that hold all concepts of the gap; if none does, some of them."""
    wanted = set(gap.concepts)
    by_id = {
        c.id: {concept for role in ROLES for concept in slot_concepts(c.slot(role))}
        for c in sorted(records.configurations, key=lambda c: c.id)
        if c.id in theory.configurations
    }
    whole = [name for name, concepts in by_id.items() if wanted and wanted <= concepts]
    return whole or [name for name, concepts in by_id.items() if wanted & concepts]


def _why(records: Records, old: Theory, new: Theory, changed: Changed) -> str:
    gap = changed.gap
    if changed.change in ("narrowed", "widened", "unchanged"):
        was, now = changed.before, changed.after
        if was is None or now is None or was.reading == now.reading:
            return ""
        said = was.reading.split(". ")
        return ". ".join(sentence for sentence in now.reading.split(". ") if sentence not in said)
    here, other = (new, old) if changed.change == "opened" else (old, new)
    configuration = next((t.id for t in gap.things if t.kind == "configuration"), None)
    if configuration is not None:
        if configuration in other.configurations:
            return "The slot is filled." if changed.change == "closed" else "The slot was left open."
        recorded = [
            c for c in sorted(records.changes, key=lambda c: c.key)
            if c.theory == new.id and configuration in (c.subject, *c.before, *c.after)
        ]  # fmt: skip
        told = "; ".join(
            f"{c.change}"
            + (f" from {', '.join(c.before)}" if c.before else "")
            + (f" to {', '.join(c.after)}" if c.after else "")
            + (f": {c.reason}" if c.reason else "")
            for c in recorded
        )
        return f"{configuration} is not in {other.id}" + (f" ({told})." if told else "; no change is recorded for it.")
    mine, others = _holders(records, here, gap), _holders(records, other, gap)
    if changed.change == "opened":
        added = [c for c in mine if c not in others]
        return (
            f"{new.id} asks for it with {', '.join(added)}." if added else f"{new.id} no longer joins it to anything."
        )
    if not others:
        return f"{new.id} no longer asks: it holds none of the concepts."
    joined = [c for c in others if c not in mine]
    return f"{', '.join(joined)} of {new.id} now {'joins' if len(joined) == 1 else 'join'} it." if joined else f"{new.id} no longer claims it."  # fmt: skip


def gap_changes(
    incidence: Incidence,
    before: str | None = None,
    after: str | None = None,
    show: str = "changes",
    coder: str = "preferred",
) -> Table:
    """Return which gaps opened, widened, narrowed or closed from one theory version to another.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    before, after : str or None
        Ids of two versions. None: every version and what it revises.
    show : str
        ``changes``, or ``all`` gaps of both.
    coder : str
        Whose codings count.

    Returns
    -------
    Table
        Pair by pair. A gap is about a version when its concepts (themes aside) are in the version's configurations or
        expected by another theory.

    Raises
    ------
    UnknownName
        If there is no such version or coder.
    Refused
        If no version revises another and no two are named.

    References
    ----------
    Wong G et al. (2013). RAMESES publication standards: realist syntheses. BMC Medicine 11:21. doi:10.1186/1741-7015-11-21

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = gap_changes(columns)
    >>> len(table) > 0, table.unit
    (True, 'gaps')
    """
    if show not in _SHOW:
        raise UnknownName("value of show", show, _SHOW)
    records = incidence.records
    rows: list[tuple[Cell, ...]] = []
    shown: list[Gap] = []
    for old, new in _pairs(records, before, after):
        gaps = [collect(incidence, version.id, coder)[0] for version in (old, new)]
        for changed in compare(*gaps):
            if show == "changes" and changed.change == "unchanged":
                continue
            gap = changed.gap
            shown.append(gap)
            rows.append(
                (
                    Thing("theory", old.id, old.label or old.id),
                    Thing("theory", new.id, new.label or new.id),
                    changed.change,
                    gap.id,
                    gap.type,
                    gap.subject,
                    changed.before.state if changed.before else None,
                    changed.after.state if changed.after else None,
                    gap.severity,
                    _why(records, old, new, changed) or None,
                )
            )
    return Table(
        name="gaps-over-versions",
        title="Which gaps opened and closed from one theory version to the next?",
        columns=(
            Column("before", "From version"),
            Column("after", "To version"),
            Column("change", "Change", ", ".join(CHANGES)),
            Column("id", "Gap"),
            Column("type", "Type of gap"),
            Column("subject", "Subject"),
            Column("was", "Was", "State in the first version; empty if it was no gap there."),
            Column("now", "Is", "State in the second version; empty if it is no gap there."),
            Column("severity", "Severity"),
            Column("why", "Why"),
        ),
        rows=tuple(rows),
        unit="gaps",
        denominator=f"all gaps about either version, by {who(selection(incidence, coder))}",
        note=(
            "The evidence is the same on both sides: only what the theory asks of it differs. A gap that closes because "
            "its concept was dropped is not filled, and a gap that opens may be progress: something new can be tested."
        ),
        opens=lambda row, _column: shown[row].behind(),
    )


PART = GapRule(
    "gaps-over-versions",
    "Which gaps opened and closed from one theory version to the next?",
    "For each version and what it revises: gaps opened, widened, narrowed and closed, with the reason recorded or read "
    "off the configurations. It follows the theory, not the evidence.",
    gap_changes,
    (
        Parameter("before", "Id of the earlier version.", None, refers_to="theory"),
        Parameter("after", "Id of the later version.", None, refers_to="theory"),
        Parameter("show", "Only what changed, or all gaps.", "changes", _SHOW),
        Parameter("coder", "Whose codings count: a coder's id, 'preferred' or 'all'.", "preferred"),
    ),
    all_coders=True,
)
