"""EPPI-Reviewer's JSON export: code sets, items, and what each item (and arm) is coded with."""

from __future__ import annotations

__all__ = ["PART", "read", "read_project"]

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eaa_graph.coded_project import (
    Code,
    CodedProject,
    Coding,
    Note,
    Selection,
    Source,
    Value,
    Variable,
    derived_guid,
)
from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.readers import Reader, Reading
from eaa_graph.readers.json_file import load_json
from eaa_graph.readers.mapping import reading_of

_COLUMNS = {
    "Title": "title",
    "Authors": "authors",
    "Year": "year",
    "ParentTitle": "journal",
    "DOI": "doi",
    "URL": "url",
    "Country": "country",
    "TypeName": "type",
}
_MARKS = re.compile(r"\[¬[se]\]")


def read(path: Path) -> Reading:
    """Read an EPPI-Reviewer export onto the sheets of a review (see :mod:`eaa_graph.readers.mapping`).

    Unless a mapping says otherwise, all codes of one arm of an item (or of an item without arms) are one extraction.
    """
    return reading_of(read_project(path), path)


def read_project(path: Path) -> CodedProject:
    """Read an EPPI-Reviewer export as it is.

    Each attribute of an item (in an arm) is a passage with one code: its words are the text marked in the
    documents, its note what the coder wrote in the info box.

    Raises
    ------
    UnreadableFile
        If it is not JSON, not EPPI-Reviewer's, or unreasonably large or deep.
    """
    content = load_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("References"), list):
        raise UnreadableFile(f"{path.name} has no list References: not an EPPI-Reviewer export")
    return _Reader(path.name, content).project()


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (v for v in value if isinstance(v, dict))


def _str(value: Any) -> str:
    return "" if value is None else str(value).strip()


class _Reader:
    def __init__(self, file: str, content: dict[str, Any]) -> None:
        self.file = file
        self.content = content
        self.codes: dict[str, Code] = {}
        self.notes: list[Note] = []
        self.findings: list[Finding] = []
        self.total = 0

    def guid(self, kind: str, *numbers: Any) -> str:
        # EPPI-Reviewer's numbers are unique in its database, so they need no salt.
        return derived_guid("eppi", kind, *map(str, numbers))

    def project(self) -> CodedProject:
        attributes = 0
        for book in _dicts(self.content.get("CodeSets")):
            top = self.guid("set", book.get("SetId"))
            self.codes[top] = Code(top, _str(book.get("SetName")), "", _str(book.get("SetDescription")), False)
            stack = [(a, top) for a in reversed(list(self._children(book)))]
            while stack:
                attribute, parent = stack.pop()
                attributes += 1
                own = self.guid("attribute", attribute.get("AttributeId"))
                if own in self.codes:
                    self.findings.append(
                        finding(
                            "duplicate-guid",
                            Where(self.file, cell=_str(attribute.get("AttributeId"))),
                            f"code {_str(attribute.get('AttributeName'))!r} is listed twice",
                        )
                    )
                    continue
                described = _str(attribute.get("AttributeSetDescription")) or _str(
                    attribute.get("AttributeDescription")
                )
                self.codes[own] = Code(own, _str(attribute.get("AttributeName")), parent, described)
                stack += [(a, own) for a in reversed(list(self._children(attribute)))]
        sources: list[Source] = []
        selections: list[Selection] = []
        seen: set[str] = set()
        for item in _dicts(self.content["References"]):
            own = self.guid("item", item.get("ItemId"))
            if own in seen:
                self.findings.append(
                    finding(
                        "duplicate-guid",
                        Where(self.file, cell=_str(item.get("ItemId"))),
                        "an item is listed twice; the first is kept",
                    )
                )
                continue
            seen.add(own)
            values = tuple(Value(self.guid("field", f), _field(f, item.get(f))) for f in _COLUMNS if _str(item.get(f)))
            sources.append(
                Source(own, _str(item.get("ShortTitle")) or _str(item.get("Title")), description="", values=values)
            )
            selections += self._codings(item, own)
        where = Where(self.file)
        listed = len(self.codes)
        lost = sorted({c.code for s in selections for c in s.codings if c.code not in self.codes})
        if lost:
            self.findings.append(
                finding("dangling-coding", where, f"codings use {len(lost)} codes that no code set lists")
            )
            self.codes.update((g, Code(g, g)) for g in lost)
        outcomes = sum(len(list(_dicts(r.get("Outcomes")))) for r in _dicts(self.content["References"]))
        if outcomes:
            self.findings.append(
                finding("not-carried", where, f"{outcomes} outcome records with effect sizes have no place in a review")
            )
        return CodedProject(
            name=Path(self.file).stem,
            file=self.file,
            software="EPPI-Reviewer",
            codes=tuple(self.codes.values()),
            sources=tuple(sources),
            selections=tuple(selections),
            variables=tuple(
                Variable(self.guid("field", f), c)
                for f, c in _COLUMNS.items()
                if any(_str(r.get(f)) for r in _dicts(self.content["References"]))
            ),
            notes=tuple(self.notes),
            found=(("codes", listed), ("sources", len(sources)), ("selections", self.total), ("codings", self.total)),
            findings=tuple(self.findings),
        )

    @staticmethod
    def _children(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
        inside = holder.get("Attributes")
        yield from _dicts(inside.get("AttributesList") if isinstance(inside, dict) else inside)

    def _codings(self, item: dict[str, Any], source: str) -> Iterator[Selection]:
        repeated: dict[tuple[str, str], int] = {}
        for coding in _dicts(item.get("Codes")):
            self.total += 1
            code = self.guid("attribute", coding.get("AttributeId"))
            arm = _str(coding.get("ArmId") or "")
            place = repeated[code, arm] = repeated.get((code, arm), 0) + 1
            own = self.guid(
                "coding", item.get("ItemId"), coding.get("AttributeId"), arm, *([place] if place > 1 else [])
            )
            words = [_MARKS.sub("", _str(d.get("Text"))) for d in _dicts(coding.get("ItemAttributeFullTextDetails"))]
            notes: tuple[str, ...] = ()
            if _str(coding.get("AdditionalText")):
                self.notes.append(Note(derived_guid(own, "info"), "", _str(coding.get("AdditionalText"))))
                notes = (self.notes[-1].guid,)
            quote = " […] ".join(dict.fromkeys(" ".join(w.split()) for w in words if w))
            yield Selection(
                derived_guid(own, "passage"),
                source,
                "arm",
                (),
                _str(coding.get("ArmTitle")),
                quote or None,
                codings=(Coding(own, code, notes=notes),),
            )


def _field(name: str, value: Any) -> str:
    text = _str(value)
    if name == "Authors":
        return "; ".join(a.strip() for a in text.split(";") if a.strip())
    if name == "DOI":
        return re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)\s*", "", text, flags=re.IGNORECASE)
    return text


def _accepts(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            start = stream.read(65536)
    except OSError:
        return False
    return b'"CodeSets"' in start or (b'"References"' in start and b'"ItemId"' in start)


PART = Reader(
    name="eppi",
    title="EPPI-Reviewer export",
    description="The JSON that EPPI-Reviewer exports: code sets, items, codings by arm.",
    suffixes=(".json",),
    accepts=_accepts,
    read=read,
)
