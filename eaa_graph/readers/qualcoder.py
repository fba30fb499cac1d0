"""QualCoder projects: a folder (or its zip) with the SQLite database `data.qda`, or that file alone."""

from __future__ import annotations

__all__ = ["PART", "read", "read_project"]

import math
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

_INNER = "data.qda"


def read(path: Path) -> Reading:
    """Read a QualCoder project onto the sheets of a review (see :mod:`eaa_graph.readers.mapping`)."""
    return reading_of(read_project(path), path)


def read_project(path: Path) -> CodedProject:
    """Read a QualCoder project as it is.

    Its numbers become GUIDs made from the project's date and the number, so that they stay the same however
    often the project is read, wherever it lies and whatever its codes are renamed to.

    Raises
    ------
    UnreadableFile
        If there is no QualCoder database there.
    """
    with Database(path, _INNER) as database:
        return _Reader(database, path).project()


def _date(text: Any) -> str:
    value = str(text or "")
    return value[:10] + "T" + value[11:19] if re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value) else value


class _Reader:
    def __init__(self, database: Database, path: Path) -> None:
        self.database = database
        self.file = path.name
        head = next(self.database.rows("project", "databaseversion", "date", "memo"), {})
        self.memo = str(head.get("memo") or "")
        self.version = str(head.get("databaseversion") or "")
        self.salt = str(head.get("date") or "")
        self.users: dict[str, User] = {}
        self.notes: list[Note] = []
        self.findings: list[Finding] = []

    def guid(self, kind: str, number: Any) -> str:
        return derived_guid("qualcoder", self.salt, kind, str(number))

    def user(self, name: Any) -> str:
        if not name:
            return ""
        known = self.users.setdefault(str(name), User(self.guid("user", name), str(name)))
        return known.guid

    def note(self, kind: str, number: Any, text: Any, row: dict[str, Any]) -> tuple[str, ...]:
        if not text or not str(text).strip():
            return ()
        own = self.guid(f"memo {kind}", number)
        self.notes.append(Note(own, "", str(text), user=self.user(row.get("owner")), date=_date(row.get("date"))))
        return (own,)

    def project(self) -> CodedProject:
        codes = self._codes()
        selections, whole = self._selections()
        sources = self._sources(selections)
        cases = self._cases()
        variables, values = self._attributes()
        for row in self.database.rows("journal", "jid", "name", "jentry", "date", "owner"):
            self.notes.append(
                Note(
                    self.guid("journal", row["jid"]),
                    str(row["name"] or ""),
                    str(row["jentry"] or ""),
                    user=self.user(row["owner"]),
                    date=_date(row["date"]),
                )
            )
        listed = len(codes)
        known = {c.guid for c in codes}
        lost = sorted({c.code for s in selections for c in s.codings if c.code not in known})
        if lost:
            self.findings.append(
                finding(
                    "dangling-coding", Where(self.file), f"codings use {len(lost)} codes that the project does not list"
                )
            )
            codes += [Code(g, g) for g in lost]
        if self.database.replaced:
            self.findings.append(
                finding("bytes-replaced", Where(self.file), f"{self.database.replaced} values are not UTF-8")
            )
        if self.database.open_elsewhere:
            self.findings.append(
                finding(
                    "file-damaged",
                    Where(self.file),
                    "the project is open in QualCoder; its last changes may be missing",
                    "Close it there and read it again.",
                )
            )
        codings = sum(len(s.codings) for s in selections)
        counted = {
            "codes": listed,
            "sources": len(sources),
            "selections": len(selections),
            "codings": whole or codings,
        }
        return CodedProject(
            name=re.sub(r"\.(qda|zip)$", "", self.file),
            file=self.file,
            software=f"QualCoder database {self.version}".strip(),
            description=self.memo,
            users=tuple(self.users.values()),
            codes=tuple(codes),
            sources=tuple(Source(**{**s, "values": tuple(values["file", s["guid"]])}) for s in sources),
            selections=tuple(selections),
            variables=tuple(variables),
            cases=tuple(Case(**{**c, "values": tuple(values["case", c["guid"]])}) for c in cases),
            notes=tuple(self.notes),
            found=tuple(counted.items()),
            findings=tuple(self.findings),
        )

    def _codes(self) -> list[Code]:
        children: dict[str, list[Code]] = defaultdict(list)
        categories = list(self.database.rows("code_cat", "catid", "name", "memo", "supercatid", order="catid"))
        there = {row["catid"] for row in categories}
        for row in categories:
            parent = self.guid("category", row["supercatid"]) if row["supercatid"] in there else ""
            children[parent].append(
                Code(self.guid("category", row["catid"]), str(row["name"] or ""), parent, str(row["memo"] or ""), False)
            )
        for row in self.database.rows("code_name", "cid", "name", "memo", "catid", "color", order="cid"):
            parent = self.guid("category", row["catid"]) if row["catid"] in there else ""
            children[parent].append(
                Code(
                    self.guid("code", row["cid"]),
                    str(row["name"] or ""),
                    parent,
                    str(row["memo"] or ""),
                    True,
                    str(row["color"] or ""),
                )
            )
        ordered: list[Code] = []
        stack = list(reversed(children.pop("", [])))
        while stack:
            code = stack.pop()
            ordered.append(code)
            stack += reversed(children.pop(code.guid, []))
        # Categories that lie in each other in a circle are at least kept.
        ordered += [
            Code(c.guid, c.name, "", c.description, c.codable, c.color) for rest in children.values() for c in rest
        ]
        return ordered

    def _selections(self) -> tuple[list[Selection], int]:
        drafts: dict[Any, list[Coding]] = defaultdict(list)
        words: dict[Any, str] = {}
        count = 0
        tables = (
            ("code_text", "text", ("fid", "pos0", "pos1"), "ctid"),
            ("code_av", "av", ("id", "pos0", "pos1"), "avid"),
            ("code_image", "picture", ("id", "x1", "y1", "width", "height"), "imid"),
        )
        for table, kind, places, key in tables:
            columns = (*places, "cid", "owner", "date", "memo", key, "seltext")
            for number, row in enumerate(self.database.rows(table, *columns, order=key)):
                count += 1
                numbers = [row[p] for p in places]
                if any(not isinstance(n, int | float) or not math.isfinite(n) for n in numbers):
                    self.findings.append(
                        finding(
                            "position-outside-text",
                            Where(self.file, cell=f"{table} {row[key]}"),
                            "a coding has no position; it is left out",
                        )
                    )
                    continue
                place = (kind, *(int(n) for n in numbers))
                own = self.guid(
                    table, row[key] if row[key] is not None else f"{row['cid']} {place} {row['owner']} {number}"
                )
                notes = self.note(table, row[key], row["memo"], row)
                drafts[place].append(
                    Coding(own, self.guid("code", row["cid"]), self.user(row["owner"]), _date(row["date"]), notes)
                )
                if row["seltext"]:
                    words.setdefault(place, str(row["seltext"]))
        selections = []
        for place, codings in drafts.items():
            kind, source = str(place[0]), place[1]
            where: list[int] = list(place[2:])
            if kind == "picture":
                where = [where[0], where[1], where[0] + where[2], where[1] + where[3]]
            own = self.guid("passage", place)
            selections.append(
                Selection(
                    own,
                    self.guid("source", source),
                    "video" if kind == "av" else kind,
                    tuple(where),
                    quote=words.get(place),
                    codings=tuple(codings),
                )
            )
        return selections, count

    def _sources(self, selections: list[Selection]) -> list[dict[str, Any]]:
        by_source: dict[str, list[int]] = defaultdict(list)
        for number, selection in enumerate(selections):
            by_source[selection.source].append(number)
        remarks: dict[str, list[str]] = defaultdict(list)
        for row in self.database.rows("annotation", "anid", "fid", "pos0", "pos1", "memo", "owner", "date"):
            remarks[self.guid("source", row["fid"])] += self.note("annotation", row["anid"], row["memo"], row)
        sources = []
        for row in self.database.rows(
            "source", "id", "name", "fulltext", "mediapath", "memo", "owner", "date", order="id"
        ):
            own = self.guid("source", row["id"])
            text = row["fulltext"] if isinstance(row["fulltext"], str) else None
            self._check(own, str(row["name"] or ""), text, selections, by_source[own])
            kind = _kind(str(row["mediapath"] or ""), text)
            sources.append(
                {
                    "guid": own,
                    "name": str(row["name"] or ""),
                    "kind": kind,
                    "path": str(row["mediapath"] or ""),
                    "resolved": text is not None,
                    "length": None if text is None else len(text),
                    "user": self.user(row["owner"]),
                    "date": _date(row["date"]),
                    "notes": (*self.note("source", row["id"], row["memo"], row), *remarks[own]),
                }
            )
        return sources

    def _check(self, own: str, name: str, text: str | None, selections: list[Selection], mine: list[int]) -> None:
        if text is None:
            return
        starts = paragraph_starts(text)
        moved = 0
        for number in mine:
            selection = selections[number]
            if selection.kind != "text":
                continue
            begin, end = selection.position
            words = text[begin:end] if 0 <= begin <= end <= len(text) else None
            # The database keeps the words beside the positions: the words win, the difference is told.
            moved += bool(selection.quote) and words != selection.quote
            paragraph = max(bisect_right(starts, begin) - 1, 0) if words is not None else None
            selections[number] = replace(selection, quote=selection.quote or words, paragraph=paragraph)
        if moved:
            self.findings.append(
                finding(
                    "position-outside-text",
                    Where(self.file, cell=own),
                    f"{moved} of {len(mine)} passages of {name!r} do not stand where their positions say; "
                    "their words were taken as stored with them",
                    "The text was probably edited after coding.",
                )
            )

    def _cases(self) -> list[dict[str, Any]]:
        sources: dict[Any, dict[str, None]] = defaultdict(dict)
        for row in self.database.rows("case_text", "caseid", "fid"):
            sources[row["caseid"]][self.guid("source", row["fid"])] = None
        return [
            {
                "guid": self.guid("case", row["caseid"]),
                "name": str(row["name"] or ""),
                "description": str(row["memo"] or ""),
                "sources": tuple(sources[row["caseid"]]),
            }
            for row in self.database.rows("cases", "caseid", "name", "memo", order="caseid")
        ]

    def _attributes(self) -> tuple[list[Variable], dict[tuple[str, str], list[Value]]]:
        variables = [
            Variable(
                self.guid("attribute", r["name"]),
                str(r["name"]),
                "Float" if r["valuetype"] == "numeric" else "Text",
                str(r["memo"] or ""),
            )
            for r in self.database.rows("attribute_type", "name", "valuetype", "memo", order="name")
        ]
        values: dict[tuple[str, str], list[Value]] = defaultdict(list)
        for row in self.database.rows("attribute", "name", "attr_type", "value", "id"):
            holder = "case" if row["attr_type"] == "case" else "file"
            own = self.guid("case" if holder == "case" else "source", row["id"])
            if row["value"] not in (None, ""):
                values[holder, own].append(Value(self.guid("attribute", row["name"]), str(row["value"])))
        return variables, values


def _kind(path: str, text: str | None) -> str:
    place = path.lower().lstrip("/")
    for start, kind in (("image", "picture"), ("audio", "audio"), ("video", "video")):
        if place.startswith(start):
            return kind
    return "pdf" if place.endswith(".pdf") and text is None else "text"


def _accepts(path: Path) -> bool:
    if path.is_dir() and not (path / _INNER).is_file():
        return False
    return has_tables(path, "code_name", "code_text", "source", inner=_INNER)


PART = Reader(
    name="qualcoder",
    title="QualCoder project",
    description="A QualCoder project folder (.qda), its zip, or its database data.qda.",
    suffixes=(".qda", ".zip", "/"),
    accepts=_accepts,
    read=read,
)
