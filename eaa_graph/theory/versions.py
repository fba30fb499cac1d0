"""Versions of a programme theory as immutable named objects, and their history as a graph.

A history has roots (versions that revise nothing), branches (a version that several
revise), joins (a version that revises several) and rivals. It may even go round in a
circle by mistake; checking the input reports that as ``revision-cycle``, and nothing
here loops over it.
"""

from __future__ import annotations

__all__ = ["History", "Version", "history", "versions_table"]

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from eaa_graph.errors import SharedName, UnknownName
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import ROLES, Change, Claim, Configuration, Records, slot_concepts
from eaa_graph.tables import Cell, Column, Table, Thing, many


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a programme theory with everything it holds.

    Attributes
    ----------
    id, label : str
        The label is the id where none is given.
    status : str
        ``initial``, ``refined``, ``rival`` or empty.
    date : str
        As precise as known; empty if not.
    people : tuple of str
        Ids of those who made it.
    phase : str
        Id of the phase it came from, or empty.
    revision_of : tuple of str
        Ids of the versions it revises.
    summary : str
    configurations : tuple of Configuration
        By id.
    claims : tuple of Claim
        Direct claims between concepts, by id.
    """

    id: str
    label: str
    status: str = ""
    date: str = ""
    people: tuple[str, ...] = ()
    phase: str = ""
    revision_of: tuple[str, ...] = ()
    summary: str = ""
    configurations: tuple[Configuration, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def thing(self) -> Thing:
        """The version as a table cell."""
        return Thing("theory", self.id, self.label)

    def configuration(self, name: str) -> Configuration:
        """Return the configuration with id `name`.

        Raises
        ------
        UnknownName
            With the nearest ids.
        """
        for configuration in self.configurations:
            if configuration.id == name:
                return configuration
        raise UnknownName("configuration", name, (c.id for c in self.configurations))

    def concepts(self) -> dict[str, frozenset[str]]:
        """Return every concept of the version's configurations with the roles it plays there, by id."""
        roles: dict[str, set[str]] = {}
        for configuration in self.configurations:
            for role in ROLES:
                for concept in slot_concepts(configuration.slot(role)):
                    roles.setdefault(concept, set()).add(role)
        return {concept: frozenset(roles[concept]) for concept in sorted(roles)}


@dataclass(frozen=True)
class History:
    """Every version of a review's theory, and how they descend from each other.

    Attributes
    ----------
    versions : tuple of Version
        A version comes after those it revises; otherwise by date (undated last), then by id.
    changes : tuple of Change
        What was recorded on the way, by key.
    labels : mapping
        Label of each concept by id.
    findings : tuple of Finding
        Ids named by a version that are not there.
    """

    versions: tuple[Version, ...]
    changes: tuple[Change, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def version(self, name: str) -> Version:
        """Return the version with id or label `name`.

        Raises
        ------
        UnknownName
            With the nearest ids.
        SharedName
            If several versions have that label.
        """
        if name in self._by_id:
            return self._by_id[name]
        called = [v for v in self.versions if v.label.casefold() == name.casefold()]
        if len(called) > 1:
            raise SharedName("theory version", name, (v.id for v in called))
        if called:
            return called[0]
        raise UnknownName("theory version", name, self._by_id)

    @cached_property
    def _by_id(self) -> dict[str, Version]:
        return {v.id: v for v in self.versions}

    @cached_property
    def _revisions(self) -> dict[str, tuple[Version, ...]]:
        children: dict[str, list[Version]] = {v.id: [] for v in self.versions}
        for version in self.versions:
            for parent in version.revision_of:
                if parent in children:
                    children[parent].append(version)
        return {name: tuple(versions) for name, versions in children.items()}

    def ancestors(self, name: str) -> frozenset[str]:
        """Return the ids of all versions that `name` descends from (itself only in a circle of revisions)."""
        return _reach({v.id: v.revision_of for v in self.versions}, self.version(name).id)

    def descendants(self, name: str) -> frozenset[str]:
        """Return the ids of all versions that descend from `name` (itself only in a circle of revisions)."""
        below = {parent: [c.id for c in children] for parent, children in self._revisions.items()}
        return _reach(below, self.version(name).id)

    def parents(self, name: str) -> tuple[Version, ...]:
        """Return the versions that `name` revises, in the order of the history."""
        wanted = self.version(name).revision_of
        return tuple(v for v in self.versions if v.id in wanted)

    def revisions(self, name: str) -> tuple[Version, ...]:
        """Return the versions that revise `name`, in the order of the history."""
        return self._revisions[self.version(name).id]

    def lineage(self, name: str) -> tuple[Version, ...]:
        """Return `name` and all it descends from, in the order of the history."""
        wanted = self.ancestors(name) | {self.version(name).id}
        return tuple(v for v in self.versions if v.id in wanted)

    def beside(self, name: str) -> tuple[Version, ...]:
        """Return the versions that `name` neither descends from nor leads to: other branches, rivals, neighbours."""
        related = self.ancestors(name) | self.descendants(name) | {self.version(name).id}
        return tuple(v for v in self.versions if v.id not in related)

    @property
    def roots(self) -> tuple[Version, ...]:
        """The versions that revise none that is there."""
        return tuple(v for v in self.versions if not any(p in self._by_id for p in v.revision_of))

    @property
    def heads(self) -> tuple[Version, ...]:
        """The versions that nobody has revised yet."""
        return tuple(v for v in self.versions if not self._revisions[v.id])

    @property
    def branches(self) -> dict[str, tuple[Version, ...]]:
        """Versions that several others revise, with those others."""
        return {v.id: self._revisions[v.id] for v in self.versions if len(self._revisions[v.id]) > 1}

    @property
    def joins(self) -> tuple[Version, ...]:
        """The versions that revise several at once."""
        return tuple(v for v in self.versions if sum(p in self._by_id for p in v.revision_of) > 1)

    @property
    def rivals(self) -> tuple[Version, ...]:
        """The versions marked as rivals."""
        return tuple(v for v in self.versions if v.status == "rival")

    @property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Sets of versions that revise each other in a circle, each sorted; empty when all is well."""
        above = {v.id: self.ancestors(v.id) for v in self.versions}
        circles = {
            tuple(sorted(other for other in above[name] if name in above[other]))
            for name in above
            if name in above[name]
        }
        return tuple(sorted(circles))

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Pairs (version, revision of it), for a drawing of the history."""
        return tuple((parent, child.id) for parent, children in self._revisions.items() for child in children)

    def changes_to(self, name: str) -> tuple[Change, ...]:
        """Return the changes recorded on the way to `name`."""
        wanted = self.version(name).id
        return tuple(c for c in self.changes if c.theory == wanted)


def history(records: Records) -> History:
    """Return the history of the programme theory of a review.

    Parameters
    ----------
    records : Records

    Returns
    -------
    History
        Empty when the review has no theory. A configuration named by a version but not there gives a finding.
    """
    configurations = {c.id: c for c in records.configurations}
    known = {t.id for t in records.theories}
    claims: dict[str, list[Claim]] = {}
    for claim in sorted(records.claims, key=lambda c: c.id):
        claims.setdefault(claim.theory, []).append(claim)
    findings = []
    versions = []
    for theory in sorted(records.theories, key=lambda t: t.id):
        for kind, there, named in (
            ("configuration", configurations, theory.configurations),
            ("theory", known, theory.revision_of),
        ):
            findings += [
                finding(
                    "dangling-reference",
                    Where("theories", cell=theory.id),
                    f"Version {theory.id!r} names the {kind} {missing!r}, which is not there; it is left out.",
                    f"Add {missing!r} or correct its id.",
                )
                for missing in named
                if missing not in there
            ]
        versions.append(
            Version(
                id=theory.id,
                label=theory.label or theory.id,
                status=theory.status or "",
                date=theory.date or "",
                people=theory.people,
                phase=theory.phase or "",
                revision_of=tuple(p for p in theory.revision_of if p in known),
                summary=theory.summary or "",
                configurations=tuple(configurations[c] for c in sorted(theory.configurations) if c in configurations),
                claims=tuple(claims.get(theory.id, ())),
            )
        )
    return History(
        versions=_in_order(versions),
        changes=tuple(sorted(records.changes, key=lambda c: c.key)),
        labels={c.id: c.label for c in records.concepts},
        findings=tuple(findings),
    )


def _reach(links: Mapping[str, Iterable[str]], start: str) -> frozenset[str]:
    """Return what can be reached from `start` by one or more links; circles end the walk."""
    seen: set[str] = set()
    ahead = list(links.get(start, ()))
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += links.get(name, ())
    return frozenset(seen)


def _in_order(versions: list[Version]) -> tuple[Version, ...]:
    """Put every version after those it revises; otherwise by date, then id."""
    by_id = {v.id: v for v in versions}
    above = {v.id: _reach({w.id: w.revision_of for w in versions}, v.id) for v in versions}
    # Within a circle nothing comes first by descent: there, and only there, date decides alone.
    waits = {v.id: {p for p in v.revision_of if p in by_id and v.id not in above[p] | {p}} for v in versions}
    ready = [(v.date or "9999", v.id) for v in versions if not waits[v.id]]
    heapq.heapify(ready)
    ordered: list[Version] = []
    while ready:
        _, name = heapq.heappop(ready)
        ordered.append(by_id[name])
        for other, left in waits.items():
            if name in left:
                left.remove(name)
                if not left:
                    heapq.heappush(ready, (by_id[other].date or "9999", other))
    return tuple(ordered)


def versions_table(past: History) -> Table:
    """Return one row for each version: what it is, what it revises and what it holds.

    Parameters
    ----------
    past : History

    Returns
    -------
    Table
        Cells of counts open onto the extractions that the version's configurations or changes name.
    """
    rows: list[tuple[Cell, ...]] = []
    behind: list[dict[str, tuple[str, ...]]] = []
    for version in past.versions:
        changes = past.changes_to(version.id)
        rows.append(
            (
                version.thing,
                version.id,
                version.status or None,
                version.date or None,
                tuple(Thing("person", p, p) for p in version.people),
                version.phase or None,
                tuple(v.thing for v in past.parents(version.id)),
                len(version.configurations),
                len(version.claims),
                len(changes),
                sum(1 for c in changes if c.reason),
            )
        )
        behind.append(
            {
                "configurations": _ids(e for c in version.configurations for e in (*c.supporting, *c.challenging)),
                "changes": _ids(e for c in changes for e in c.evidence),
                "reasons": _ids(e for c in changes if c.reason for e in c.evidence),
            }
        )
    return Table(
        name="theory_versions",
        title="Versions of the programme theory",
        columns=(
            Column("version", "Version"),
            Column("id", "Id", "By which commands and sheets name it"),
            Column("status", "Status", "initial, refined or rival"),
            Column("date", "Date"),
            Column("people", "People", "Who made it"),
            Column("phase", "Phase", "Phase of the review it came from"),
            Column("revises", "Revises", "The versions it revises"),
            Column("configurations", "Configurations", "Number of its configurations"),
            Column("claims", "Claims", "Number of its direct claims between concepts"),
            Column("changes", "Changes", "Number of changes recorded on the way to it"),
            Column("reasons", "With a reason", "Number of those changes that say why"),
        ),
        rows=tuple(rows),
        unit="configurations, claims and changes, as recorded",
        denominator=f"the {many(len(rows), 'version')} of the theory",
        note="Counts describe what was written down, not how good a theory is.",
        opens=lambda row, column: behind[row].get(column, ()),
    )


def _ids(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ids)))
