"""Bringing reviews in and putting them together: import, update, merge; each with an account of what came over.

Reading, mapping, merging and writing are done elsewhere; this is the order in
which a person needs them.
"""

from __future__ import annotations

__all__ = ["Exchanged", "import_into", "merge_into", "propose"]

from pathlib import Path
from typing import NamedTuple

from eaa_graph import merging
from eaa_graph.errors import BadSettings, UnreadableFile
from eaa_graph.findings import Finding
from eaa_graph.model import SHEETS, Records
from eaa_graph.readers import Reading, opening, projects
from eaa_graph.readers.references import match_articles
from eaa_graph.tables import Cell, Column, Table
from eaa_graph.validate import Checked, validate
from eaa_graph.writers.csv_folder import write_folder
from eaa_graph.writers.tables import table_csv
from eaa_graph.writers.whole import write_whole

_REFERENCES = frozenset({"bibtex", "csl-json", "nbib", "ris"})


class Exchanged(NamedTuple):
    """What an import or a merge gave.

    Attributes
    ----------
    records : Records
    losses : Table
        What was in the file, what was carried, what was not and why.
    conflicts : Table or None
        Where two sides say different things; None when there was only one side.
    findings : tuple of Finding
    written : list of Path
    """

    records: Records
    losses: Table
    conflicts: Table | None
    findings: tuple[Finding, ...]
    written: list[Path]


def propose(path: Path, out: Path | None = None) -> Path:
    """Write the `mapping.toml` that an import of the coded project at `path` would use; return where.

    Raises
    ------
    BadSettings
        If there is a mapping already: a person may have changed it.
    UnreadableFile
        If `path` is not a coded project.
    """
    target = out or path.with_name(path.name + ".mapping.toml")
    if target.exists():
        raise BadSettings(f"{target} is there already; change it, or name another file with --out")
    return write_whole(target, projects.propose_for(path))


def import_into(path: Path, folder: Path, mapping: Path | None = None) -> Exchanged:
    """Import a file of other software into a review folder; importing it again updates, never duplicates.

    Parameters
    ----------
    path : Path
        The file (or folder) that some reader takes.
    folder : Path
        The review folder; made if it is not there, brought up to date if it is.
    mapping : Path, optional
        A mapping for a coded project; else the one beside it, else a guess that says so.

    Raises
    ------
    UnreadableFile
        If the file, or the review already in `folder`, cannot be read.
    """
    old = validate(opening.read(folder)) if folder.is_dir() and any(folder.iterdir()) else None
    reading, losses = _read(path, mapping)
    if old is not None and opening.reader_for(path).name in _REFERENCES:
        reading = match_articles(reading, old.records.articles)
    checked = validate(reading)
    account = losses or _account(reading, checked)
    if old is None:
        written = write_folder(checked.records, folder)
        return Exchanged(checked.records, account, None, checked.findings, [*written, *_reports(folder, account, None)])
    merged = merging.update(old.records, checked.records, (folder.name, path.name))
    written = write_folder(merged.records, folder)
    written += _reports(folder, account, merged.conflicts)
    return Exchanged(merged.records, account, merged.conflicts, (*checked.findings, *merged.findings), written)


def merge_into(a: Path, b: Path, folder: Path) -> Exchanged:
    """Merge two review folders (two coders of one review) into a third; nothing is overwritten.

    Raises
    ------
    BadSettings
        If `folder` holds anything: merging never writes over work.
    UnreadableFile
        If one of the two cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadSettings(f"{folder} is not empty; name a new folder to merge into")
    sides = [validate(opening.read(path)) for path in (a, b)]
    merged = merging.merge(sides[0].records, sides[1].records, (_name(a), _name(b)))
    account = _merge_account(sides, merged.records, (_name(a), _name(b)))
    written = write_folder(merged.records, folder)
    written += _reports(folder, account, merged.conflicts)
    found = (*sides[0].findings, *sides[1].findings, *merged.findings)
    return Exchanged(merged.records, account, merged.conflicts, found, written)


def _name(path: Path) -> str:
    return path.resolve().name


def _read(path: Path, mapping: Path | None) -> tuple[Reading, Table | None]:
    if projects.is_project(path):
        imported = projects.import_project(path, mapping)
        return imported.reading, imported.losses
    if mapping is not None:
        raise UnreadableFile(f"{path.name} is not a coded project: it needs no mapping, import it without --mapping")
    return opening.read(path), None


def _account(reading: Reading, checked: Checked) -> Table:
    """Count both sides of an import that needs no mapping: rows in the file, records made, rows set aside."""
    aside = [f for f in checked.findings if f.sets_row_aside]
    rows: list[tuple[Cell, ...]] = []
    for sheet in reading.sheets:
        why = sorted({f.rule for f in aside if f.where.sheet == sheet.where.sheet and f.where.file == sheet.where.file})
        lost = sum(1 for f in aside if f.where.sheet == sheet.where.sheet and f.where.file == sheet.where.file)
        known = sheet.name in SHEETS
        carried = len(sheet.rows) - lost if known else 0
        reason = "; ".join(why) if known else "not a sheet of a review"
        rows.append((sheet.name, len(sheet.rows), carried, len(sheet.rows) - carried, reason))
    return Table(
        "losses",
        f"What was carried from {reading.name}",
        (
            Column("item", "Sheet"),
            Column("found", "Rows in the file"),
            Column("carried", "Carried"),
            Column("not_carried", "Not carried"),
            Column("why", "Why"),
        ),
        tuple(rows),
        unit="rows",
        denominator=f"every row of {reading.name}",
    )


def _merge_account(sides: list[Checked], merged: Records, names: tuple[str, str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for sheet in SHEETS:
        counts = [len(getattr(side.records, sheet)) for side in sides]
        if any(counts):
            rows.append((sheet, *counts, len(getattr(merged, sheet))))
    return Table(
        "merged",
        f"{names[0]} and {names[1]} put together",
        (Column("sheet", "Sheet"), Column("a", names[0]), Column("b", names[1]), Column("merged", "Together")),
        tuple(rows),
        unit="records",
        note="What both have under one id counts once; two different extractions under one id both stay.",
    )


def _reports(folder: Path, losses: Table, conflicts: Table | None) -> list[Path]:
    """Write the accounts beside the sheets, in a folder of their own so that no reader takes them for sheets."""
    written = [write_whole(folder / "import" / f"{losses.name}.csv", table_csv(losses))]
    if conflicts is not None and conflicts.rows:
        written.append(write_whole(folder / "import" / "conflicts.csv", table_csv(conflicts)))
    return written
