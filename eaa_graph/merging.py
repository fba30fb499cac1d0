"""Two versions of a review become one: coders' folders merged, imports brought up to date.

Things are the same when their keys are (the user's ids; for reports and appraisals also
whose they are). :func:`merge` overwrites nothing: what only one side says is added, what
both say differently is reported cell by cell, and two codings under one id both stay.
:func:`update` is for importing again: what the file says now replaces what it said.
"""

from __future__ import annotations

__all__ = ["Merged", "merge", "update"]

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import Extraction, Record, Records
from eaa_graph.tables import Cell, Column, Table, Thing

_R = TypeVar("_R", bound=Record)
#: Lists that two people may each add to without contradicting each other.
_JOINED = frozenset({"supporting", "challenging", "synonyms", "close_match", "evidence", "reads"})
#: Fields that hold ids of extractions, by kind of record.
_TO_EXTRACTIONS = {
    "extractions": ("derived_from",),
    "configurations": ("supporting", "challenging"),
    "changes": ("evidence",),
    "appraisals": ("target",),
}


class Merged(NamedTuple):
    """What merging gives.

    Attributes
    ----------
    records : Records
        Everything of both, in canonical order.
    conflicts : Table
        One row for each cell on which both do not agree, with what each says and what was done.
    findings : tuple of Finding
        One for each kind of thing with conflicts, and for what was renamed.
    """

    records: Records
    conflicts: Table
    findings: tuple[Finding, ...]


def merge(a: Records, b: Records, names: tuple[str, str] = ("A", "B")) -> Merged:
    """Merge two reviews by stable ids; nothing is overwritten.

    Parameters
    ----------
    a, b : Records
        Usually the folders of two coders of one review.
    names : tuple of str
        What to call the two in the report.

    Returns
    -------
    Merged
        A record that only one side has is kept. Where both have it, a cell that only one side fills is
        filled; lists of supporting evidence and of synonyms are joined; any other difference keeps the value of `a`
        and is listed with the value of `b`. Two different extractions under one id both stay: that of `b` gets the id
        with ``~2`` after it, and everything in `b` that points to it follows.

    Notes
    -----
    Merging is repeatable: merging the result with `b` again gives the same records (unless extractions derive from
    each other in a circle).
    """
    return _Merge(a, b, names, update=False).run()


def update(old: Records, imported: Records, names: tuple[str, str] = ("before", "the file")) -> Merged:
    """Bring a review up to date with a new import of the file that it came from.

    Parameters
    ----------
    old : Records
        The review as it stands, with whatever was added by hand since.
    imported : Records
        What the file gives now.

    Returns
    -------
    Merged
        Cells that the import fills replace what was there, and are listed; cells it leaves empty, records it does not
        have and everything added by hand stay. Nothing is duplicated: importing the same file twice changes nothing.
    """
    return _Merge(old, imported, names, update=True).run()


class _Merge:
    def __init__(self, a: Records, b: Records, names: tuple[str, str], *, update: bool) -> None:
        self.a = a
        self.b = b
        self.names = names
        self.update = update
        self.rows: list[tuple[Cell, ...]] = []
        self.behind: list[tuple[str, ...]] = []
        self.findings: list[Finding] = []

    def run(self) -> Merged:
        b = self.b if self.update else self._told_apart()
        kinds = [name for name in Records.model_fields if name != "review"]
        merged: dict[str, Any] = {"review": self._both("review", self.a.review, b.review)}
        for kind in kinds:
            ours = {r.key: r for r in getattr(self.a, kind)}
            theirs = {r.key: r for r in getattr(b, kind)}
            merged[kind] = tuple(
                self._both(kind, ours[key], theirs[key])
                if key in ours and key in theirs
                else ours.get(key) or theirs[key]
                for key in sorted({*ours, *theirs})
            )
            gone = [key for key in ours if key not in theirs]
            if self.update and gone and theirs:
                listed = ", ".join("/".join(k) for k in gone[:5]) + (" ..." if len(gone) > 5 else "")
                self.findings.append(
                    finding(
                        "import-gone",
                        Where(self.names[1], kind),
                        f"{len(gone)} {kind} are not in the file (any more): {listed}; they are kept",
                        "Delete them if they are meant to go.",
                    )
                )
        records = Records.model_construct(**merged).ordered()
        self._report()
        return Merged(records, self._table(), tuple(self.findings))

    # --- extractions under one id ------------------------------------------------------

    def _told_apart(self) -> Records:
        """Return `b` with another id for each extraction that is not what `a` has under its id."""
        ours = {e.id: e for e in self.a.extractions}
        theirs = {e.id: e for e in self.b.extractions}
        renamed: dict[str, str] = {}
        for ident in _sources_first(theirs):
            if ident not in ours:
                continue
            # What it derives from has been told apart before, here or in an earlier merge.
            there = _renamed(theirs[ident], ("derived_from",), renamed)
            if not _differ(ours[ident], there):
                continue
            number = 2
            while True:
                new = f"{ident}~{number}"
                # Merged before: the same extraction under the id it got then.
                known = ours.get(new)
                if known is None and new not in theirs:
                    break
                if known is not None and not _differ(known, there):
                    break
                number += 1
            renamed[ident] = new
            self.findings.append(
                finding(
                    "merge-conflict",
                    Where(self.names[1], "extractions", cell=ident),
                    f"{self.names[0]} and {self.names[1]} have different extractions called {ident}; both stay, "
                    f"that of {self.names[1]} as {new}",
                    "Compare the two; a consensus is a third extraction that derives from both.",
                )
            )
            for field in _differ(ours[ident], theirs[ident]):
                self._row(
                    "extractions",
                    ident,
                    field,
                    getattr(ours[ident], field),
                    getattr(theirs[ident], field),
                    f"both kept, the second as {new}",
                    (ident, new),
                )
        if not renamed:
            return self.b
        changed: dict[str, tuple[Record, ...]] = {}
        for kind, fields in _TO_EXTRACTIONS.items():
            changed[kind] = tuple(_renamed(r, fields, renamed) for r in getattr(self.b, kind))
        changed["extractions"] = tuple(
            e.model_copy(update={"id": renamed[e.id]}) if e.id in renamed else e
            for e in changed["extractions"]
            if isinstance(e, Extraction)
        )
        return self.b.model_copy(update=changed)

    # --- two records of one thing ---------------------------------------------------------

    def _both(self, kind: str, ours: Record, theirs: Record) -> Record:
        if ours == theirs:
            return ours
        values: dict[str, Any] = {}
        ident = "/".join(k for k in ours.key if k)
        for field in type(ours).model_fields:
            mine, other = getattr(ours, field), getattr(theirs, field)
            if mine == other or _empty(other):
                continue
            if field == "attributes":
                values[field] = self._attributes(kind, ident, dict(mine), dict(other))
            elif _empty(mine) or (kind == "review" and field in _defaults(ours) and mine == _defaults(ours)[field]):
                values[field] = other
            elif kind == "review" and field in _defaults(ours) and other == _defaults(ours)[field]:
                continue
            elif field in _JOINED and not self.update:
                values[field] = tuple(sorted({*mine, *other}))
                self._row(kind, ident, field, mine, other, "joined")
            elif self.update:
                values[field] = other
                self._row(kind, ident, field, mine, other, "updated")
            else:
                self._row(kind, ident, field, mine, other, f"{self.names[0]} kept")
        return ours.model_copy(update=values) if values else ours

    def _attributes(
        self, kind: str, ident: str, mine: dict[str, str], other: dict[str, str]
    ) -> tuple[tuple[str, str], ...]:
        for name in sorted(mine.keys() & other.keys()):
            if mine[name] != other[name]:
                self._row(
                    kind, ident, name, mine[name], other[name], "updated" if self.update else f"{self.names[0]} kept"
                )
        both = {**mine, **other} if self.update else {**other, **mine}
        return tuple(sorted(both.items()))

    # --- the report --------------------------------------------------------------------------

    def _row(
        self, kind: str, ident: str, field: str, mine: Any, other: Any, done: str, behind: tuple[str, ...] = ()
    ) -> None:
        thing = Thing(_KINDS.get(kind, kind), ident, ident)
        self.rows.append((kind, thing, field, _shown(mine), _shown(other), done))
        self.behind.append(tuple(sorted(behind or ((ident,) if kind == "extractions" else ()))))

    def _report(self) -> None:
        counted: dict[str, int] = {}
        for row in self.rows:
            if row[0] != "extractions" and str(row[5]).endswith("kept"):
                counted[str(row[0])] = counted.get(str(row[0]), 0) + 1
        for kind, count in counted.items():
            self.findings.append(
                finding(
                    "merge-conflict",
                    Where(self.names[1], kind),
                    f"{count} cells of {kind} differ; the value of {self.names[0]} is kept, the other is in the list of conflicts",
                    "Decide, and write the decision into the merged folder.",
                )
            )

    def _table(self) -> Table:
        behind = tuple(self.behind)

        def opens(row: int, column: str) -> tuple[str, ...]:  # noqa: ARG001 - every column opens alike
            return behind[row]

        title = "What importing again changed" if self.update else "Where the two do not agree"
        return Table(
            "conflicts",
            title,
            (
                Column("sheet", "Sheet"),
                Column("thing", "What"),
                Column("column", "Column"),
                Column("first", self.names[0].capitalize(), f"What {self.names[0]} says."),
                Column("second", self.names[1].capitalize(), f"What {self.names[1]} says."),
                Column("done", "Done", "What the merged review holds."),
            ),
            tuple(self.rows),
            unit="cells on which both sides say something different",
            denominator="all cells of the two reviews",
            note="Cells that only one side fills are no conflict: they are filled.",
            opens=opens,
        )


_KINDS = {
    "people": "person",
    "phases": "phase",
    "articles": "article",
    "concepts": "concept",
    "extractions": "extraction",
    "configurations": "configuration",
    "theories": "theory",
    "claims": "claim",
    "figures": "figure",
}


def _empty(value: Any) -> bool:
    return value is None or value == ()


def _defaults(record: Record) -> Mapping[str, Any]:
    return {name: field.default for name, field in type(record).model_fields.items() if not field.is_required()}


def _differ(a: Extraction, b: Extraction) -> list[str]:
    return [f for f in type(a).model_fields if f != "id" and getattr(a, f) != getattr(b, f)]


def _sources_first(extractions: Mapping[str, Extraction]) -> list[str]:
    """Return ids so that an extraction comes after those it derives from; circles in alphabetical order."""
    done: dict[str, None] = {}
    for start in sorted(extractions):
        stack = [(start, False)]
        open_: set[str] = set()
        while stack:
            ident, ready = stack.pop()
            if ready:
                done.setdefault(ident)
            elif ident in extractions and ident not in done and ident not in open_:
                open_.add(ident)
                stack.append((ident, True))
                stack += [(source, False) for source in sorted(extractions[ident].derived_from, reverse=True)]
    return list(done)


def _renamed(record: _R, fields: Iterable[str], renamed: Mapping[str, str]) -> _R:
    values: dict[str, Any] = {}
    for field in fields:
        value = getattr(record, field)
        new = tuple(sorted(renamed.get(v, v) for v in value)) if isinstance(value, tuple) else renamed.get(value, value)
        if new != value:
            values[field] = new
    return record.model_copy(update=values) if values else record


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return (
            " / ".join(_shown(v) for v in value)
            if value and isinstance(value[0], tuple)
            else " | ".join(map(str, value))
        )
    return "" if value is None else str(value)
