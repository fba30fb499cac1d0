"""RQDA projects: a SQLite database `.rqda`."""

from __future__ import annotations

__all__ = ["PART", "read", "read_project"]

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from eaa_graph.coded_project import (
    Case,
    Code,
    CodedProject,
    Coding,
    Group,
    Note,
    Selection,
    Source,
    User,
    Value,
    Variable,
    derived_guid,
)
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.readers import Reader, Reading
from eaa_graph.readers.mapping import reading_of
from eaa_graph.readers.sqlite_file import Database, has_tables
from eaa_graph.readers.text_passages import paragraph_starts

_MONTHS = {
    m: i + 1 for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
}


def read(path: Path) -> Reading:
    """Read an RQDA project onto the sheets of a review (see :mod:`eaa_graph.readers.mapping`)."""
    return reading_of(read_project(path), path)


def read_project(path: Path) -> CodedProject:
    """Read an RQDA project as it is; what was deleted in RQDA (it only marks rows) is left out and counted.

    Raises
    ------
    UnreadableFile
        If it is not an RQDA database.
    """
    with Database(path) as database:
        return _Reader(database).project()


def _date(text: Any) -> str:
    """Return R's "Fri Jan 12 10:00:00 2024" as an ISO time; anything else as it is."""
    match = re.fullmatch(r"\w{3} (\w{3})\s+(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})", str(text or ""))
    if match and match.group(1).lower() in _MONTHS:
        return f"{match.group(4)}-{_MONTHS[match.group(1).lower()]:02d}-{int(match.group(2)):02d}T{match.group(3)}"
    return str(text or "")


class _Reader:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.file = database.file
        head = next(database.rows("project", "databaseversion", "date", "memo", "about"), {})
        self.salt = str(head.get("date") or "")
        self.version = str(head.get("databaseversion") or "")
        self.memo = str(head.get("memo") or "")
        self.users: dict[str, User] = {}
        self.notes: list[Note] = []
        self.findings: list[Finding] = []
        self.deleted = 0

    def rows(self, table: str, *columns: str) -> list[dict[str, Any]]:
        every = list(self.database.rows(table, *columns, "status"))
        alive = [r for r in every if r["status"] in (1, None)]
        self.deleted += len(every) - len(alive)
        return alive

    def guid(self, kind: str, number: Any) -> str:
        text = str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)
        return derived_guid("rqda", self.salt, kind, text)

    def user(self, name: Any) -> str:
        return self.users.setdefault(str(name), User(self.guid("user", name), str(name))).guid if name else ""

    def note(self, kind: str, number: Any, text: Any) -> tuple[str, ...]:
        if not text or not str(text).strip():
            return ()
        self.notes.append(Note(self.guid(f"memo {kind}", number), "", str(text)))
        return (self.notes[-1].guid,)

    def project(self) -> CodedProject:
        codes, groups = self._codes()
        sources, texts = self._sources()
        selections = self._selections(texts)
        variables, cases, sources = self._cases(sources)
        for number, row in enumerate(self.rows("journal", "name", "journal", "date", "owner")):
            self.notes.append(
                Note(
                    self.guid("journal", f"{number} {row['name']}"),
                    str(row["name"] or ""),
                    str(row["journal"] or ""),
                    user=self.user(row["owner"]),
                    date=_date(row["date"]),
                )
            )
        where = Where(self.file)
        if self.deleted:
            self.findings.append(
                finding("not-carried", where, f"{self.deleted} rows were deleted in RQDA and are left out")
            )
        known = {c.guid for c in codes}
        lost = sorted({c.code for s in selections for c in s.codings} - known)
        if lost:
            self.findings.append(
                finding("dangling-coding", where, f"codings use {len(lost)} codes that the project does not list")
            )
            codes += [Code(g, g) for g in lost]
        if self.database.replaced:
            self.findings.append(finding("bytes-replaced", where, f"{self.database.replaced} values are not UTF-8"))
        return CodedProject(
            name=Path(self.file).stem,
            file=self.file,
            software=f"RQDA {self.version}".strip(),
            description=self.memo,
            users=tuple(self.users.values()),
            codes=tuple(codes),
            sources=tuple(sources),
            selections=tuple(selections),
            variables=tuple(variables),
            cases=tuple(cases),
            notes=tuple(self.notes),
            groups=tuple(groups),
            findings=tuple(self.findings),
        )

    def _codes(self) -> tuple[list[Code], list[Group]]:
        categories = self.rows("codecat", "name", "catid", "memo")
        members: dict[Any, list[Any]] = defaultdict(list)
        for row in self.rows("treecode", "cid", "catid"):
            members[row["catid"]].append(row["cid"])
        codes = {r["id"]: r for r in self.rows("freecode", "name", "memo", "id", "color")}
        placed: set[Any] = set()
        result: list[Code] = []
        groups: list[Group] = []
        for category in categories:
            own = self.guid("category", category["catid"])
            result.append(Code(own, str(category["name"] or ""), "", str(category["memo"] or ""), False))
            again = []
            for cid in (c for c in members[category["catid"]] if c in codes):
                if cid in placed:
                    again.append(cid)
                else:
                    placed.add(cid)
                    result.append(self._code(codes[cid], own))
            if again:
                # A code may lie in several categories; the tree shows the first, sets the others.
                groups.append(
                    Group(
                        self.guid("set", category["catid"]),
                        str(category["name"] or ""),
                        codes=tuple(self.guid("code", c) for c in again),
                    )
                )
        result += [self._code(row, "") for cid, row in codes.items() if cid not in placed]
        return result, groups

    def _code(self, row: dict[str, Any], parent: str) -> Code:
        return Code(
            self.guid("code", row["id"]),
            str(row["name"] or ""),
            parent,
            str(row["memo"] or ""),
            True,
            str(row["color"] or ""),
        )

    def _sources(self) -> tuple[list[Source], dict[str, str]]:
        sources, texts = [], {}
        remarks: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for number, row in enumerate(self.rows("annotation", "fid", "position", "annotation")):
            remarks[self.guid("source", row["fid"])] += self.note(
                "annotation", f"{number} {row['fid']} {row['position']}", row["annotation"]
            )
        for row in self.rows("source", "name", "id", "file", "memo", "owner", "date"):
            own = self.guid("source", row["id"])
            text = row["file"] if isinstance(row["file"], str) else None
            if text is not None:
                texts[own] = text
            sources.append(
                Source(
                    own,
                    str(row["name"] or ""),
                    resolved=text is not None,
                    length=None if text is None else len(text),
                    user=self.user(row["owner"]),
                    date=_date(row["date"]),
                    notes=(*self.note("source", row["id"], row["memo"]), *remarks[own]),
                )
            )
        return sources, texts

    def _selections(self, texts: dict[str, str]) -> list[Selection]:
        drafts: dict[tuple[str, int, int], list[Coding]] = defaultdict(list)
        words: dict[tuple[str, int, int], str] = {}
        moved = 0
        for table in ("coding", "coding2"):
            for number, row in enumerate(
                self.rows(table, "cid", "fid", "seltext", "selfirst", "selend", "owner", "date", "memo")
            ):
                try:
                    place = (self.guid("source", row["fid"]), int(row["selfirst"]), int(row["selend"]))
                except (TypeError, ValueError, OverflowError):
                    self.findings.append(
                        finding(
                            "position-outside-text",
                            Where(self.file, cell=f"{table} {number + 1}"),
                            "a coding has no position; it is left out",
                        )
                    )
                    continue
                own = self.guid(table, f"{row['cid']} {place} {row['owner']} {row['date']}")
                drafts[place].append(
                    Coding(
                        own,
                        self.guid("code", row["cid"]),
                        self.user(row["owner"]),
                        _date(row["date"]),
                        self.note(table, own, row["memo"]),
                    )
                )
                if row["seltext"]:
                    words.setdefault(place, str(row["seltext"]))
        starts = {source: paragraph_starts(text) for source, text in texts.items()}
        selections = []
        for (source, begin, end), codings in drafts.items():
            text = texts.get(source)
            there = text[begin:end] if text is not None and 0 <= begin <= end <= len(text) else None
            stored = words.get((source, begin, end))
            moved += bool(stored) and there != stored
            paragraph = max(bisect_right(starts[source], begin) - 1, 0) if there is not None else None
            selections.append(
                Selection(
                    self.guid("passage", (source, begin, end)),
                    source,
                    "text",
                    (begin, end),
                    quote=stored or there,
                    paragraph=paragraph,
                    codings=tuple(codings),
                )
            )
        if moved:
            self.findings.append(
                finding(
                    "position-outside-text",
                    Where(self.file),
                    f"{moved} of {len(drafts)} passages do not stand where their positions say; their words were taken as stored with them",
                )
            )
        return selections

    def _cases(self, sources: list[Source]) -> tuple[list[Variable], list[Case], list[Source]]:
        linked: dict[Any, dict[str, None]] = defaultdict(dict)
        for row in self.rows("caselinkage", "caseid", "fid"):
            linked[row["caseid"]][self.guid("source", row["fid"])] = None
        variables = {
            str(r["name"]): Variable(
                self.guid("attribute", r["name"]),
                str(r["name"]),
                "Float" if r["class"] == "numeric" else "Text",
                str(r["memo"] or ""),
            )
            for r in self.rows("attributes", "name", "class", "memo")
        }
        of_case: dict[Any, list[Value]] = defaultdict(list)
        of_file: dict[str, list[Value]] = defaultdict(list)
        for table, key, holder in (("caseAttr", "caseID", "case"), ("fileAttr", "fileID", "file")):
            for row in self.rows(table, "variable", "value", key):
                if row["value"] in (None, "", "NA"):
                    continue
                name = str(row["variable"])
                variable = variables.setdefault(name, Variable(self.guid("attribute", name), name))
                value = Value(variable.guid, str(row["value"]))
                if holder == "case":
                    of_case[row[key]].append(value)
                else:
                    of_file[self.guid("source", row[key])].append(value)
        cases = [
            Case(
                self.guid("case", r["id"]),
                str(r["name"] or ""),
                str(r["memo"] or ""),
                (),
                tuple(linked[r["id"]]),
                (),
                tuple(of_case[r["id"]]),
            )
            for r in self.rows("cases", "name", "memo", "id")
        ]
        return list(variables.values()), cases, [replace(s, values=tuple(of_file[s.guid])) for s in sources]


def _accepts(path: Path) -> bool:
    return path.is_file() and has_tables(path, "freecode", "coding", "source")


PART = Reader(
    name="rqda",
    title="RQDA project",
    description="The database of an RQDA project.",
    suffixes=(".rqda",),
    accepts=_accepts,
    read=read,
)
