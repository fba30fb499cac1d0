"""Tables of links: Causal Map (a quote on every link) and Kumu (elements and connections).

A causal link is a claim that one thing leads to another. Causal Map gives the words and the
source of each, so its links are extractions: the cause is read as a mechanism, the effect as an
outcome, which a mapping can change. Kumu gives neither, so its connections are claims of a theory.
"""

from __future__ import annotations

__all__ = ["PARTS", "read_causal_map", "read_causal_project", "read_kumu"]

import re
from pathlib import Path
from typing import Any

from eaa_graph.coded_project import Code, CodedProject, Coding, Mapping, Note, Selection, Source, derived_guid
from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import CONCEPT_KINDS, Row
from eaa_graph.readers import RawSheet, Reader, Reading
from eaa_graph.readers.json_file import load_json
from eaa_graph.readers.mapping import reading_of
from eaa_graph.readers.matrix import sheet_of_file
from eaa_graph.readers.peeking import headers_of

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FROM = ("from", "from_label", "cause", "influence", "from label", "from_factor")
_TO = ("to", "to_label", "effect", "consequence", "to label", "to_factor")
_SOURCE = ("source_id", "source id", "source", "document", "respondent")
_QUOTE = ("quote", "selected_text", "statement", "text", "original_text")
_NOTE = ("memo", "note", "link_memo", "comment")
_NUMBER = ("link_id", "link id", "id")


def _pick(headers: tuple[str, ...], names: tuple[str, ...]) -> str:
    plain = {re.sub(r"[\s_]+", " ", h.casefold()).strip(): h for h in headers}
    return next((plain[n.replace("_", " ")] for n in names if n.replace("_", " ") in plain), "")


def read_causal_map(path: Path) -> Reading:
    """Read a link table of Causal Map (CSV or Excel): each link is an extraction with its quote.

    Without a mapping beside it, causes are read as mechanisms and effects as outcomes, with a finding that says so.

    Raises
    ------
    UnreadableFile
        If it has no columns for cause, effect and source.
    """
    project, default = read_causal_project(path)
    return reading_of(project, path, default)


def read_causal_project(path: Path) -> tuple[CodedProject, Mapping]:
    """Return the links as a coded project, and the mapping of causes and effects to use where there is none.

    Raises
    ------
    UnreadableFile
        If it has no columns for cause, effect and source.
    """
    sheet, found = sheet_of_file(path)
    headers = sheet.headers if sheet else ()
    cause, effect, source = _pick(headers, _FROM), _pick(headers, _TO), _pick(headers, _SOURCE)
    if sheet is None or not (cause and effect and source):
        raise UnreadableFile(f"{path.name} has no columns for cause (from), effect (to) and source")
    quote, memo, number = _pick(headers, _QUOTE), _pick(headers, _NOTE), _pick(headers, _NUMBER)
    findings: list[Finding] = list(found)
    heads = [Code(derived_guid("links", w), w, codable=False) for w in ("Causes", "Effects")]
    codes: dict[str, Code] = {}
    sources: dict[str, Source] = {}
    selections: list[Selection] = []
    notes: list[Note] = []
    ids: dict[str, str] = {}
    for place, row in enumerate(sheet.rows, start=1):
        ends = [" ".join(row.values.get(h, "").split()) for h in (cause, effect)]
        where = " ".join(row.values.get(source, "").split())
        if not all(ends) or not where:
            findings.append(finding("entry-unreadable", row.where, "a link without a cause, an effect or a source"))
            continue
        sources.setdefault(where, Source(derived_guid("links", "source", where), where))
        own = derived_guid("links", where, row.values.get(number, "") if number else str(place), *ends)
        codings = []
        for head, label in zip(heads, ends, strict=True):
            code = derived_guid("links", head.name, label)
            codes.setdefault(code, Code(code, label, head.guid))
            ids[code] = label.replace("|", "-").replace(" / ", "-")
            codings.append(Coding(derived_guid(own, code), code))
        memos: tuple[str, ...] = ()
        if memo and row.values.get(memo):
            notes.append(Note(derived_guid(own, "memo"), "", row.values[memo]))
            memos = (notes[-1].guid,)
        selections.append(
            Selection(
                own,
                sources[where].guid,
                "link",
                quote=row.values.get(quote) if quote else None,
                codings=tuple(codings),
                notes=memos,
            )
        )
    listed = [
        heads[0],
        *(c for c in codes.values() if c.parent == heads[0].guid),
        heads[1],
        *(c for c in codes.values() if c.parent == heads[1].guid),
    ]
    project = CodedProject(
        path.stem,
        path.name,
        "Causal Map",
        codes=tuple(listed),
        sources=tuple(sources.values()),
        selections=tuple(selections),
        notes=tuple(notes),
        findings=tuple(findings),
    )
    # A factor is one concept whether it is a cause here or an effect there.
    roles = {heads[0].guid: "mechanism", heads[1].guid: "outcome"}
    kinds = {c.guid: "" for c in codes.values()}
    return project, Mapping(roles=roles, codes=ids, kinds=kinds)


def read_kumu(path: Path) -> Reading:
    """Read a Kumu map (its JSON, or a table with the columns From and To): elements are concepts, connections claims.

    The claims belong to a theory called after the file. Kumu's types "context", "mechanism" and "outcome" of
    elements become the kinds of concepts.

    Raises
    ------
    UnreadableFile
        If it holds no connections.
    """
    findings: list[Finding] = []
    if path.suffix.lower() == ".json":
        elements, connections = _kumu_json(path)
    else:
        sheet, found = sheet_of_file(path)
        findings += found
        headers = sheet.headers if sheet else ()
        start, end = _pick(headers, ("from",)), _pick(headers, ("to",))
        if sheet is None or not (start and end):
            raise UnreadableFile(f"{path.name} has no columns From and To")
        kind, label, number = _pick(headers, ("type",)), _pick(headers, ("label",)), _pick(headers, ("id",))
        elements = []
        connections = [
            {
                "from": r.values.get(start, ""),
                "to": r.values.get(end, ""),
                "type": r.values.get(kind, ""),
                "label": r.values.get(label, ""),
                "id": r.values.get(number, "") if number else "",
            }
            for r in sheet.rows
        ]
    return _claims(path, elements, connections, findings)


def _kumu_json(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    content = load_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("connections"), list):
        raise UnreadableFile(f"{path.name} has no list of connections: not a Kumu map")
    elements = content.get("elements")
    return (
        [e for e in (elements if isinstance(elements, list) else []) if isinstance(e, dict)],
        [c for c in content["connections"] if isinstance(c, dict)],
    )


def _said(thing: dict[str, Any], *names: str) -> str:
    attributes = thing.get("attributes")
    for name in names:
        value = thing.get(name)
        if value in (None, "") and isinstance(attributes, dict):
            value = attributes.get(name)
        if isinstance(value, str | int | float) and str(value).strip():
            return " ".join(_UNPRINTABLE.sub(" ", str(value)).split())
    return ""


def _ident(text: str) -> str:
    return text.replace("|", "-").replace(" / ", "-").strip()


def _claims(
    path: Path, elements: list[dict[str, Any]], connections: list[dict[str, Any]], findings: list[Finding]
) -> Reading:
    concepts: dict[str, dict[str, str]] = {}
    keys: dict[str, str] = {}
    for element in elements:
        label = _said(element, "label")
        ident = _ident(label or _said(element, "id", "_id"))
        if not ident:
            findings.append(finding("entry-unreadable", Where(path.name, "concepts"), "an element without a label"))
            continue
        kind = _said(element, "type", "element type").casefold()
        keys.update({k: ident for k in (_said(element, "id"), _said(element, "_id"), label) if k})
        row = concepts.setdefault(ident, {"id": ident, "label": label})
        row.update(
            {
                k: v
                for k, v in (
                    ("definition", _said(element, "description")),
                    ("kind", kind if kind in CONCEPT_KINDS else ""),
                )
                if v
            }
        )
    rows: list[Row] = []
    for number, connection in enumerate(connections, start=1):
        where = Where(path.name, "claims", cell=f"connection {number}")
        ends = [_said(connection, "from"), _said(connection, "to")]
        if not all(ends):
            findings.append(finding("entry-unreadable", where, "a connection without both its ends"))
            continue
        start, end = (keys.setdefault(e, _ident(e)) for e in ends)
        for ident in (start, end):
            concepts.setdefault(ident, {"id": ident, "label": ident})
        both = _said(connection, "direction").casefold() in ("mutual", "undirected")
        label = _said(connection, "label") or _said(connection, "type", "connection type")
        values = {
            "id": _ident(_said(connection, "id", "_id")) or f"link-{number}",
            "theory": _ident(path.stem),
            "from": start,
            "relation": "interacts with" if both else "leads to",
            "to": end,
            "statement": label,
        }
        rows.append(Row(where, {k: v for k, v in values.items() if v}))
    file = path.name
    theory = Row(Where(file, "theories"), {"id": _ident(path.stem), "label": path.stem})
    sheets = (
        RawSheet(
            "concepts",
            Where(file, "concepts"),
            ("id", "label", "definition", "kind"),
            tuple(
                Row(Where(file, "concepts", cell=c["id"]), {k: v for k, v in c.items() if v}) for c in concepts.values()
            ),
        ),
        RawSheet("theories", Where(file, "theories"), ("id", "label"), (theory,)),
        RawSheet("claims", Where(file, "claims"), ("id", "theory", "from", "relation", "to", "statement"), tuple(rows)),
    )
    findings.append(
        finding(
            "needs-confirmation",
            Where(file),
            f"{len(rows)} connections were read as claims ('leads to', mutual ones 'interacts with') of the theory {path.stem!r}; they carry no evidence",
            "Check the relation of each claim.",
        )
    )
    return Reading(path.stem, sheets, {}, None, tuple(findings))


def _is_causal(path: Path) -> bool:
    if not path.is_file() or path.suffix.lower() not in (".csv", ".tsv", ".xlsx"):
        return False
    headers = headers_of(path)
    if {"theory", "relation"} <= {h.casefold() for h in headers}:
        return False  # claims of a review
    return bool(_pick(headers, _FROM) and _pick(headers, _TO) and _pick(headers, _SOURCE))


def _is_pair(headers: tuple[str, ...]) -> bool:
    names = {h.casefold() for h in headers}
    return {"from", "to"} <= names and not {"theory", "relation"} <= names


def _is_kumu(path: Path) -> bool:
    if not path.is_file():
        return False
    if path.suffix.lower() == ".json":
        with path.open("rb") as stream:
            return b'"connections"' in stream.read(1 << 20) or b'"connections"' in _end(path)
    return path.suffix.lower() in (".csv", ".xlsx") and _is_pair(headers_of(path)) and not _is_causal(path)


def _end(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - (1 << 20), 0))
        return stream.read()


PARTS = [
    Reader(
        "causal-map",
        "Causal Map links",
        "A table of causal links with source and quote: each link is an extraction.",
        (".csv", ".tsv", ".xlsx"),
        _is_causal,
        read_causal_map,
    ),
    Reader(
        "kumu",
        "Kumu map",
        "Kumu's JSON or its table of connections: concepts and the claims between them.",
        (".json", ".csv", ".xlsx"),
        _is_kumu,
        read_kumu,
    ),
]
