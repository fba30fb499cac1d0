"""Taguette projects: the SQLite database, and the table of highlights that Taguette exports."""

from __future__ import annotations

__all__ = ["PARTS", "read", "read_highlights", "read_highlights_project", "read_project"]

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from eaa_graph.coded_project import Code, CodedProject, Coding, Selection, Source, User, derived_guid
from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import Row
from eaa_graph.readers import Reader, Reading
from eaa_graph.readers.csv_table import read_csv
from eaa_graph.readers.mapping import reading_of
from eaa_graph.readers.peeking import headers_of
from eaa_graph.readers.sqlite_file import Database, has_tables
from eaa_graph.readers.text_passages import HtmlText
from eaa_graph.readers.xlsx import read_workbook


def read(path: Path) -> Reading:
    """Read a Taguette project onto the sheets of a review (see :mod:`eaa_graph.readers.mapping`)."""
    return reading_of(read_project(path), path)


def read_project(path: Path) -> CodedProject:
    """Read a Taguette project as it is.

    Documents are HTML there and positions count bytes of UTF-8; here they are text and characters. A database
    with several projects gives the first, and a finding that names the others.

    Raises
    ------
    UnreadableFile
        If it is not a Taguette database.
    """
    with Database(path) as database:
        return _project(database)


def _project(database: Database) -> CodedProject:
    where = Where(database.file)
    findings: list[Finding] = []
    projects = list(database.rows("projects", "id", "name", "description", "created", order="id"))
    if not projects:
        raise UnreadableFile(f"{database.file} holds no Taguette project")
    chosen = projects[0]
    findings += [
        finding("not-carried", where, f"the database holds another project, {p['name']!r}; it was not read")
        for p in projects[1:]
    ]
    salt = (str(chosen["created"] or ""), str(chosen["id"]))

    def guid(kind: str, number: Any) -> str:
        return derived_guid("taguette", *salt, kind, str(number))

    tags = [
        r
        for r in database.rows("tags", "id", "path", "description", "color", "project_id", "parent_id", order="id")
        if r["project_id"] == chosen["id"]
    ]
    codes = _tree([(guid("tag", r["id"]), str(r["path"] or ""), str(r["description"] or "")) for r in tags])
    authors = _authors(database, chosen["id"])
    users = {login: User(guid("user", login), login) for login in sorted({a for a, _ in authors.values()})}
    marks: dict[Any, list[str]] = defaultdict(list)
    for row in database.rows("highlight_tags", "highlight_id", "tag_id"):
        marks[row["highlight_id"]].append(guid("tag", row["tag_id"]))
    sources: list[Source] = []
    selections: list[Selection] = []
    known = {c.guid for c in codes}
    documents = [
        r["id"] for r in database.rows("documents", "id", "project_id", order="id") if r["project_id"] == chosen["id"]
    ]
    by_document: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in database.rows(
        "highlights", "id", "document_id", "start_offset", "end_offset", "snippet", order="start_offset"
    ):
        by_document[row["document_id"]].append(row)
    total = 0
    for row in database.rows("documents", "id", "name", "description", "filename", "contents", "created", order="id"):
        if row["id"] not in documents:
            continue
        own = guid("document", row["id"])
        html = HtmlText(str(row["contents"] or ""))
        sources.append(
            Source(
                own,
                str(row["name"] or ""),
                path=str(row["filename"] or ""),
                resolved=True,
                length=len(html.text),
                description=str(row["description"] or ""),
            )
        )
        moved = 0
        for mark in by_document[row["id"]]:
            begin, end = (
                html.at_byte(mark[k]) if isinstance(mark[k], int) else 0 for k in ("start_offset", "end_offset")
            )
            words = HtmlText(str(mark["snippet"] or "")).text
            moved += "".join(html.text[begin:end].split()) != "".join(words.split())
            login, date = authors.get(mark["id"], ("", ""))
            user = users[login].guid if login else ""
            codings = tuple(
                Coding(derived_guid(guid("highlight", mark["id"]), code), code, user, date)
                for code in marks[mark["id"]]
                if code in known
            )
            total += len(marks[mark["id"]])
            selections.append(
                Selection(
                    guid("highlight", mark["id"]),
                    own,
                    "text",
                    (begin, end),
                    quote=words or html.text[begin:end],
                    paragraph=max(bisect_right(html.blocks, begin) - 1, 0),
                    user=user,
                    date=date,
                    codings=codings,
                )
            )
        if moved:
            findings.append(
                finding(
                    "position-outside-text",
                    Where(database.file, cell=own),
                    f"{moved} highlights of {row['name']!r} do not stand where their positions say; their words were taken as stored with them",
                )
            )
    if database.replaced:
        findings.append(finding("bytes-replaced", where, f"{database.replaced} values are not UTF-8"))
    return CodedProject(
        name=str(chosen["name"] or Path(database.file).stem),
        file=database.file,
        software="Taguette",
        description=str(chosen["description"] or ""),
        users=tuple(users.values()),
        codes=tuple(codes),
        sources=tuple(sources),
        selections=tuple(selections),
        found=(("codes", len(tags)), ("sources", len(documents)), ("selections", len(selections)), ("codings", total)),
        findings=tuple(findings),
    )


def _tree(tags: list[tuple[str, str, str]]) -> list[Code]:
    """Return tags as a tree: a dot in a tag's path puts it under the tag called by what precedes it."""
    by_path = {path: guid for guid, path, _ in tags}
    codes = []
    for guid, path, description in sorted(tags, key=lambda t: t[1]):
        parent, cut = "", path
        while "." in cut and not parent:
            cut = cut.rpartition(".")[0]
            parent = by_path.get(cut, "")
        name = path[len(cut) + 1 :] if parent else path
        codes.append(Code(guid, name or path, parent, description))
    # A path that sorts before its parent's ("a.b" before "a") still has to follow it.
    ordered: list[Code] = []
    children: dict[str, list[Code]] = defaultdict(list)
    for code in codes:
        children[code.parent].append(code)
    seen: set[str] = set()
    # First what stands at the top; then, as if it did, what a damaged project puts under itself.
    for root in (*children[""], *(replace(code, parent="") for code in codes if code.parent)):
        stack = [root]
        while stack:
            code = stack.pop()
            if code.guid in seen:
                continue
            seen.add(code.guid)
            ordered.append(code)
            stack += reversed(children[code.guid])
    return ordered


def _authors(database: Database, project: Any) -> dict[Any, tuple[str, str]]:
    """Return for each highlight who last set it, and when, from the log of commands."""
    authors: dict[Any, tuple[str, str]] = {}
    for row in database.rows("commands", "id", "date", "user_login", "project_id", "payload", order="id"):
        if row["project_id"] != project or not isinstance(row["payload"], str) or "highlight_add" not in row["payload"]:
            continue
        try:
            payload = json.loads(row["payload"])
        except (ValueError, RecursionError):
            continue
        if isinstance(payload, dict) and payload.get("type") == "highlight_add":
            date = str(row["date"] or "")
            authors[payload.get("highlight_id")] = (
                str(row["user_login"] or ""),
                date[:10] + "T" + date[11:19] if len(date) >= 19 else date,
            )
    return authors


# --- the exported table -----------------------------------------------------------------------------


def read_highlights(path: Path) -> Reading:
    """Read the table of highlights that Taguette exports (CSV or Excel): one row for each highlight and tag.

    The table has no positions: highlights with one number, or with the same words in one document, are one passage.

    Raises
    ------
    UnreadableFile
        If the table cannot be read.
    """
    return reading_of(read_highlights_project(path), path)


def _table(path: Path) -> tuple[list[Row], tuple[str, ...], list[Finding]]:
    if path.suffix.lower() == ".csv":
        sheet, findings = read_csv(path)
        return (list(sheet.rows), sheet.headers, list(findings.all())) if sheet else ([], (), [])
    reading = read_workbook(path)
    if not reading.sheets:
        return [], (), []
    return list(reading.sheets[0].rows), reading.sheets[0].headers, []


def _is_export(headers: Iterable[str]) -> bool:
    names = {h.casefold() for h in headers}
    return {"document", "tag"} <= names and bool(names & {"content", "highlight"})


def read_highlights_project(path: Path) -> CodedProject:
    """Return the exported highlights as a coded project.

    Raises
    ------
    UnreadableFile
        If it has no columns document, tag and content.
    """
    rows, headers, findings = _table(path)
    if not _is_export(headers):
        raise UnreadableFile(f"{path.name} has no columns document, tag and content: not Taguette's highlights")
    file = path.name
    tags: dict[str, None] = {}
    documents: dict[str, None] = {}
    passages: dict[tuple[str, str, str], dict[str, None]] = {}
    for row in rows:
        values = {k.casefold(): v for k, v in row.values.items()}
        document, tag = values.get("document", ""), values.get("tag", "")
        words = values.get("content") or values.get("highlight") or ""
        if not document:
            findings.append(finding("entry-unreadable", row.where, "a highlight without a document"))
            continue
        documents.setdefault(document)
        found = passages.setdefault((document, values.get("id", "") or words, words), {})
        if tag:
            tags.setdefault(tag)
            found.setdefault(tag)

    def guid(*parts: str) -> str:
        return derived_guid("taguette table", *parts)

    codes = _tree([(guid("tag", t), t, "") for t in tags])
    selections = tuple(
        Selection(
            guid("highlight", *key),
            guid("document", key[0]),
            "text",
            quote=key[2] or None,
            codings=tuple(Coding(guid("coding", *key, t), guid("tag", t)) for t in found),
        )
        for key, found in passages.items()
    )
    return CodedProject(
        path.stem,
        file,
        "Taguette export",
        codes=tuple(codes),
        sources=tuple(Source(guid("document", d), d) for d in documents),
        selections=selections,
        found=(
            ("codes", len(tags)),
            ("sources", len(documents)),
            ("selections", len(passages)),
            ("codings", sum(len(p) for p in passages.values())),
        ),
        findings=tuple(findings),
    )


def _accepts(path: Path) -> bool:
    return path.is_file() and has_tables(path, "documents", "highlights", "tags", "highlight_tags")


def _accepts_table(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".xlsx") and _is_export(headers_of(path))


PARTS = [
    Reader(
        name="taguette",
        title="Taguette project",
        description="The database of a Taguette project, as exported or as kept by the desktop version.",
        suffixes=(".sqlite3", ".sqlite", ".db"),
        accepts=_accepts,
        read=read,
    ),
    Reader(
        name="taguette-highlights",
        title="Taguette highlights",
        description="The table of highlights that Taguette exports, as CSV or Excel.",
        suffixes=(".csv", ".xlsx"),
        accepts=_accepts_table,
        read=read_highlights,
    ),
]
