"""A living review: what a build was made of, and what changed in its answers since the one before.

Three questions, asked of the folder that an earlier build left behind. Is it what this input gives anyway? Then nothing
is done again. Which figures are the same? Their images are taken over. What is different? That is the update note.
Digests answer the first two: of the records, the findings, the settings, and of the program itself with
everything that it leans on, so that no file is taken for what it no longer would be.
"""

from __future__ import annotations

__all__ = [
    "MANIFEST",
    "NOTES",
    "SEEN",
    "Earlier",
    "Painted",
    "Since",
    "compare",
    "digest",
    "digest_of",
    "note_json",
    "note_markdown",
    "origin",
    "program",
    "seen",
]

import csv
import hashlib
import io
import json
import platform
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eaa_graph import resources
from eaa_graph.errors import Refused
from eaa_graph.tables import Cell, Column, Table, Thing

if TYPE_CHECKING:
    from eaa_graph.model import Records
    from eaa_graph.pipeline import Built
    from eaa_graph.settings import Settings
    from eaa_graph.validate import Checked

#: What a build wrote, with the digest of each file, and what it was made of.
MANIFEST = "build.json"
#: What the next build is compared with, beside the tables.
SEEN = "seen.json"
#: Where a build says what changed; these files tell of two builds, so the same input does not fix their bytes.
NOTES = ("changes.json", "changes.md", "pages/changes.html")


def digest(*parts: str | bytes) -> str:
    """Return one digest of all parts, each with its length, so that nothing can move from one into the next."""
    return digest_of(parts)


def digest_of(parts: Iterable[str | bytes]) -> str:
    """Return the same for parts that come one by one."""
    made = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        made.update(f"{len(data)} ".encode() + data)
    return made.hexdigest()


@cache
def program() -> str:
    """Return a digest of the program: its files, those it reads, plug-ins, Python, and the libraries it leans on."""
    parts: list[str | bytes] = [
        platform.python_version(),
        platform.system(),
        platform.machine(),
        zlib.ZLIB_RUNTIME_VERSION,
    ]
    places = [Path(__file__).parent, *(resources.folder(name) for name in ("queries", "ontology"))]
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and "vendor" not in path.parts:
                parts += [path.relative_to(place).as_posix(), path.read_bytes()]
    try:
        needed = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in requires("eaa-graph") or ()}
    except PackageNotFoundError:  # run from a checkout that nobody installed
        needed = set()
    needed |= {"lxml", "markupsafe"}  # what others lean on and the bytes depend on
    parts += [f"{name} {_version(name)}" for name in sorted(needed)]
    found: Any = entry_points()
    for group in sorted(g for g in found.groups if g.startswith("eaa_graph.")):
        for plug_in in found.select(group=group):
            made_by = f"{plug_in.dist.name} {plug_in.dist.version}" if plug_in.dist else ""
            parts.append(f"{group} {plug_in.name} {plug_in.value} {made_by}")
    return digest(*parts)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def origin(checked: Checked, settings: Settings) -> str:
    """Return a digest of everything that the results of a review are made of."""
    of_settings = (settings.store, settings.coder, str(settings.seed), settings.infer, settings.contents)
    return digest_of(
        chain(
            (program(), *of_settings, str(checked.rows), str(checked.left_by_reader)),
            (repr(f) for f in checked.findings),
            # One by one: there may be millions.
            (f"{type(r).__name__} {r.model_dump_json()}" for r in checked.records.all()),
        )
    )


# --- the build before ------------------------------------------------------------------------------------------


class Earlier:
    """The build that lies in a folder, if one does.

    Parameters
    ----------
    folder : Path
        Of results; its files have been compared with their digests before anything is taken from it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the build said of itself; empty if there is none."""
        try:
            found = json.loads((self.folder / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def note(self) -> list[str]:
        """What the build said in short about what changed."""
        try:
            told = json.loads((self.folder / NOTES[0]).read_text("utf-8"))["in_short"]
        except (OSError, ValueError, KeyError, TypeError):
            return []
        return [str(line) for line in told]

    def is_of(self, origin_: str) -> bool:
        """Return whether the build was made of the same, so that another would give the same."""
        return self.manifest.get("origin") == origin_

    def painted(self) -> Painted:
        """Return the images of the Word report.

        Painting figures is the longest single piece of a build, and most edits leave most figures as they are.
        """
        of_figure = self.manifest.get("painted", {})
        try:
            with zipfile.ZipFile(self.folder / "report.docx") as file:
                images = [file.read(name) for name in file.namelist() if name.endswith(".png")]
        except (OSError, zipfile.BadZipFile, KeyError):
            return Painted({})
        by_digest = {digest(image): image for image in images}
        return Painted({figure: by_digest[image] for figure, image in of_figure.items() if image in by_digest})


class Painted:
    """Images of figures, each by a digest of the figure and of the program that paints it.

    Parameters
    ----------
    known : mapping of str to bytes
        Those of an earlier build.

    Attributes
    ----------
    used : dict of str to bytes
        Those asked for.
    """

    def __init__(self, known: Mapping[str, bytes]) -> None:
        self.known = known
        self.used: dict[str, bytes] = {}

    def image(self, svg: str, paint: Callable[[str], bytes | None]) -> bytes | None:
        """Return the image of a figure, painted if it is not known; None if it cannot be painted."""
        name = digest(program(), svg)
        image = self.known.get(name) or paint(svg)
        if image is not None:
            self.used[name] = image
        return image


# --- what changed ----------------------------------------------------------------------------------------------


class Since(NamedTuple):
    """What is different from the build before.

    Attributes
    ----------
    lines : tuple of str
        The change in short: one line each on records, numbers, configurations and gaps.
    tables : tuple of Table
        Records, configurations, gaps and numbers that changed, one row each.
    """

    lines: tuple[str, ...]
    tables: tuple[Table, ...]


def seen(built: Built) -> dict[str, Any]:
    """Return what the next build is compared with: digests of records, states of configurations, gaps."""
    from eaa_graph.gaps import register
    from eaa_graph.theory.evidence import bearings
    from eaa_graph.theory.versions import history

    past = history(built.records)
    states: dict[str, str] = {}
    if past.versions:
        found = bearings(built.columns, past, built.settings.coder)
        states = {k.id: found.state(k) for v in past.versions for k in v.configurations}
    gaps: dict[str, list[Cell]] = {}
    try:
        listed, _ = register.collect(built.columns, coder=built.settings.coder)
    except Refused:
        listed = ()
    for gap in listed:
        gaps[gap.id] = [gap.type, gap.subject, gap.severity]
    return {
        "records": _digests_of(built.records),
        "configurations": dict(sorted(states.items())),
        "gaps": dict(sorted(gaps.items())),
    }


def _digests_of(records: Records) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for kind in type(records).model_fields:
        entries = (records.review,) if kind == "review" else getattr(records, kind)
        found[kind] = {}
        for record in entries:
            name = getattr(record, "id", None) or " / ".join(str(part) for part in record.key if part)
            while name in found[kind]:  # keys are unique, but joined they may look the same
                name += " "
            found[kind][name] = hashlib.sha256(record.model_dump_json().encode()).hexdigest()[:16]
    return found


def compare(
    folder: Path, now: Mapping[str, Any], tables: Mapping[str, Table], texts: Mapping[str, str]
) -> Since | None:
    """Return what changed since the build in `folder`; None if there is none to compare with.

    Parameters
    ----------
    folder : Path
        Of the build before.
    now : mapping
        From :func:`seen`.
    tables : mapping of str to Table
        The answers whose numbers are compared, by the name of their file.
    texts : mapping of str to str
        The same tables as CSV.
    """
    try:
        before = json.loads((folder / SEEN).read_text("utf-8"))
        records = {kind: before["records"].get(kind, {}) for kind in now["records"]}
        states, gaps = before["configurations"], before["gaps"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    of_records = _records(records, now["records"])
    flipped = [
        (Thing("configuration", k, k), states.get(k, "not there"), now["configurations"].get(k, "not there"))
        for k in sorted({*states, *now["configurations"]})
        if states.get(k) != now["configurations"].get(k)
    ]
    of_gaps = _gaps(gaps, now["gaps"])
    numbers: list[tuple[Cell, ...]] = []
    for name, table in tables.items():
        try:
            old = (folder / "tables" / f"{name}.csv").read_text("utf-8")
        except OSError:
            continue
        numbers += [(table.title, *row) for row in _numbers(old, texts[name])]
    found = (
        _table("records", "Records", ("kind", "record", "change"), of_records, "records"),
        _table("configurations", "Configurations whose evidence stands differently", ("configuration", "before", "now"), flipped, "configurations"),
        _table("gaps", "Gaps opened, closed or changed", ("gap", "change", "type", "subject"), of_gaps, "gaps"),
        _table("numbers", "Numbers that moved", ("table", "row", "column", "before", "now"), numbers, "cells of the tables"),
    )  # fmt: skip
    return Since(tuple(_lines(of_records, flipped, of_gaps, numbers)), tuple(t for t in found if t.rows))


def _table(name: str, title: str, columns: Sequence[str], rows: Iterable[tuple[Cell, ...]], unit: str) -> Table:
    return Table(
        f"changed-{name}", title, tuple(Column(c, c.capitalize()) for c in columns), tuple(rows), unit,
        note="What is different from the build before; a number that moved says nothing about why.",
    )  # fmt: skip


def _records(before: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]) -> list[tuple[Cell, ...]]:
    found: list[tuple[Cell, ...]] = []
    for kind, after in now.items():
        for name in sorted({*before[kind], *after}):
            if name not in before[kind]:
                found.append((kind, name.rstrip(), "added"))
            elif name not in after:
                found.append((kind, name.rstrip(), "removed"))
            elif before[kind][name] != after[name]:
                found.append((kind, name.rstrip(), "changed"))
    return found


def _gaps(before: Mapping[str, Sequence[str]], now: Mapping[str, Sequence[str]]) -> list[tuple[Cell, ...]]:
    found: list[tuple[Cell, ...]] = []
    for name in sorted({*before, *now}, key=lambda g: (g in before, g in now, g)):
        old, new = before.get(name), now.get(name)
        if old is None and new is not None:
            found.append((Thing("gap", name, name), "opened", new[0], new[1]))
        elif new is None and old is not None:
            found.append((Thing("gap", name, name), "closed", old[0], old[1]))
        elif old is not None and new is not None and old[0] != new[0]:
            found.append((Thing("gap", name, name), f"was {old[0]}", new[0], new[1]))
    return found


def _numbers(before: str, after: str) -> list[tuple[Cell, ...]]:
    """Return (row, column, before, now) of every number of a table that moved, rows found again by their words."""
    old, new = (list(csv.reader(io.StringIO(text))) for text in (before, after))
    if not old or not new or old == new:
        return []
    shared = [name for name in new[0] if name in old[0]]
    bodies = [[dict(zip(rows[0], row, strict=False)) for row in rows[1:]] for rows in (old, new)]
    numeric = {
        name
        for name in shared
        if all(_number(row[name]) is not None or not row[name] for body in bodies for row in body)
    }
    words = [name for name in shared if name not in numeric]
    chosen = _key(words, bodies)
    labels = [name for name in chosen if f"{name}_id" not in chosen] or chosen
    places = [_placed(body, chosen) for body in bodies]
    found: list[tuple[Cell, ...]] = []
    for key, row in places[1].items():
        past = places[0].get(key)
        told = ", ".join(row[name] for name in labels if row[name]) or "the one row"
        if past is None:
            found.append((told, "row", "", "new"))
            continue
        found += [
            (told, name.replace("_", " "), _number(past[name]), _number(row[name]))
            for name in shared
            if name in numeric and past[name] != row[name]
        ]
    for key, row in places[0].items():
        if key not in places[1]:
            found.append((", ".join(row[name] for name in labels if row[name]), "row", "was there", ""))
    return found


def _key(words: Sequence[str], bodies: Sequence[Sequence[Mapping[str, str]]]) -> list[str]:
    """Return the columns of words that tell the rows apart: ids first, then as few others as it takes."""
    chosen = [name for name in words if name.endswith("_id") or name == "id"] or list(words[:1])
    for name in [None, *(w for w in words if w not in chosen and f"{w}_id" not in chosen)]:
        if name is not None:
            chosen.append(name)
        if all(len({tuple(row[c] for c in chosen) for row in body}) == len(body) for body in bodies):
            break
    return chosen


def _placed(body: Sequence[Mapping[str, str]], key: Sequence[str]) -> dict[tuple[str, ...], Mapping[str, str]]:
    found: dict[tuple[str, ...], Mapping[str, str]] = {}
    again: Counter[tuple[str, ...]] = Counter()
    for row in body:
        of_row = tuple(row[name] for name in key)
        again[of_row] += 1
        found[(*of_row, str(again[of_row]))] = row
    return found


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def _lines(
    records: Sequence[tuple[Cell, ...]],
    flipped: Sequence[tuple[Cell, ...]],
    gaps: Sequence[tuple[Cell, ...]],
    numbers: Sequence[tuple[Cell, ...]],
) -> Iterable[str]:
    if records:
        counts = Counter((kind, change) for kind, _, change in records)
        yield "records: " + ", ".join(f"{n:,} of {kind} {change}" for (kind, change), n in counts.items())
    if flipped:
        told = [f"{k} {before} → {now}" for k, before, now in flipped[:6]]
        yield "configurations: " + ", ".join(told) + (f" and {len(flipped) - 6:,} more" if len(flipped) > 6 else "")
    if gaps:
        by = Counter("changed type" if str(change).startswith("was") else str(change) for _, change, _, _ in gaps)
        yield "gaps: " + ", ".join(f"{n:,} {change}" for change, n in sorted(by.items()))
    if numbers:
        tables = {row[0] for row in numbers}
        yield f"numbers: {len(numbers):,} moved in {len(tables):,} {'table' if len(tables) == 1 else 'tables'}"


def note_json(since: Since) -> str:
    """Return the update note for programs."""

    def value(cell: Cell) -> Any:
        return cell.id if isinstance(cell, Thing) else cell

    told = {
        table.name.removeprefix("changed-"): [{k: value(v) for k, v in row.items()} for row in table.records()]
        for table in since.tables
    }
    return json.dumps({"in_short": list(since.lines), **told}, ensure_ascii=False, indent=1) + "\n"


#: Rows of each table in the note that people read; the JSON has all.
_MOST_ROWS = 40


def note_markdown(since: Since, title: str) -> str:
    """Return the update note for people."""
    from eaa_graph.writers.tables import table_markdown

    lines = [f"# Since the last build: {title}", ""]
    lines += [f"- {line}" for line in since.lines] or ["Nothing in the answers changed."]
    for table in since.tables:
        lines += ["", table_markdown(table.head(_MOST_ROWS)).rstrip()]
        if len(table) > _MOST_ROWS:
            lines += ["", f"And {len(table) - _MOST_ROWS:,} more in changes.json."]
    return "\n".join(lines) + "\n"
