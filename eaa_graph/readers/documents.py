"""YAML or JSON with one document for each article, holding the article and the CMOs found in it.

::

    article: {id: smith2019, title: Talking it through, year: 2019}
    coder: ann
    cmos:
      - contexts: [mixed groups]
        mechanisms: dialogue
        outcomes: alignment
        quote: We kept talking until ...

Names of fields are those of the columns of a review, or their synonyms.
"""

from __future__ import annotations

__all__ = ["PART", "read"]

import re
from collections import Counter
from pathlib import Path
from typing import Any

from eaa_graph.errors import MissingExtra, UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import SHEETS, Row, folded
from eaa_graph.readers import RawSheet, Reader, Reading
from eaa_graph.readers.json_file import load_json
from eaa_graph.readers.text_file import read_text

_LISTS = ("cmos", "cmocs", "extractions", "configurations", "codings", "evidence")
_LARGEST = 64 << 20
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _columns(sheet: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for column in SHEETS[sheet].columns:
        for name in (column.name, *column.synonyms):
            found.setdefault(folded(name), (column.name, column.kind))
    return found


_ARTICLE = _columns("articles")
_EXTRACTION = _columns("extractions")


def read(path: Path) -> Reading:
    """Read documents as articles and extractions.

    An extraction without an id gets its article's id and its number in the document.

    Raises
    ------
    UnreadableFile
        If it is neither YAML nor JSON, or holds no mapping.
    MissingExtra
        If YAML is to be read and the library for it is not installed.
    """
    if path.suffix.lower() == ".json":
        content = load_json(path, _LARGEST)
        documents = content if isinstance(content, list) else [content]
        findings: list[Finding] = []
    else:
        text, findings = read_text(path)
        if len(text) > _LARGEST:
            raise UnreadableFile(f"{path.name} is larger than {_LARGEST:,} characters")
        documents = _yaml(text, path.name)
    work = _Reader(path.name, findings)
    for number, document in enumerate(documents, start=1):
        work.document(number, document)
    return Reading(path.stem, work.sheets(), {}, None, tuple(work.findings))


def _yaml(text: str, name: str) -> list[Any]:
    try:
        import yaml
    except ImportError:
        raise MissingExtra("reading YAML", "formats") from None

    class Plain(yaml.SafeLoader):
        """YAML without aliases (a few lines of them can unfold to gigabytes) and with dates and numbers as written."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", None)
            return super().compose_node(parent, index)

    Plain.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag.endswith((":null", ":merge"))]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return list(yaml.load_all(text, Loader=Plain))
    except yaml.YAMLError as error:
        raise UnreadableFile(f"{name} is not valid YAML: {' '.join(str(error).split())}") from None
    except (RecursionError, ValueError) as error:
        raise UnreadableFile(f"{name} cannot be read as YAML: {type(error).__name__}") from None


class _Reader:
    def __init__(self, file: str, findings: list[Finding]) -> None:
        self.file = file
        self.findings = findings
        self.rows: dict[str, list[Row]] = {"articles": [], "extractions": []}
        self.seen: Counter[str] = Counter()

    def _say(self, rule: str, cell: str, message: str, fix: str = "") -> None:
        self.findings.append(finding(rule, Where(self.file, cell=cell), message, fix))

    def document(self, number: int, document: Any) -> None:
        place = f"document {number}"
        if document is None:
            return
        if not isinstance(document, dict):
            self._say(
                "entry-unreadable", place, "the document is not a list of names and values", "See docs/formats.md."
            )
            return
        about = document.get("article", document)
        values: dict[str, str] = {}
        cmos: list[Any] = []
        common: dict[str, Any] = {}
        for key, value in document.items():
            if folded(str(key)) in _LISTS:
                cmos += value if isinstance(value, list) else [value]
            elif key != "article" and about is not document and folded(str(key)) in _EXTRACTION:
                common[str(key)] = value
        if isinstance(about, str):
            about = {"id": about}
        if isinstance(about, dict):
            skipped = {
                k for k in about if folded(str(k)) in _LISTS or (about is document and folded(str(k)) == "coder")
            }
            common.update({str(k): about[k] for k in skipped if folded(str(k)) == "coder"})
            values = self._values(place, {k: v for k, v in about.items() if k not in skipped}, _ARTICLE)
        if not values.get("id"):
            self._say("missing-id", place, "the document names no article", "Give it article: {id: ...}.")
            return
        self.rows["articles"].append(Row(Where(self.file, "articles", cell=place), values))
        for position, cmo in enumerate(cmos, start=1):
            where = f"{place}, CMO {position}"
            if not isinstance(cmo, dict):
                self._say("entry-unreadable", where, "a CMO is not a list of names and values")
                continue
            row = self._values(where, {**common, **cmo}, _EXTRACTION)
            row.setdefault("id", f"{values['id']}-{position}")
            row["article"] = values["id"]
            self.rows["extractions"].append(Row(Where(self.file, "extractions", cell=where), row))

    def _values(self, where: str, mapping: dict[Any, Any], columns: dict[str, tuple[str, str]]) -> dict[str, str]:
        values: dict[str, str] = {}
        for key, value in mapping.items():
            name, kind = columns.get(folded(str(key)), (str(key), "text"))
            text = self._text(f"{where}, {key}", value, " | " if kind in ("refs", "texts") else "; ")
            if text and name in values:
                self._say("duplicate-header", where, f"{key!r} says {name} a second time; the first is used")
            elif text:
                values[name] = text
        return values

    def _text(self, where: str, value: Any, separator: str) -> str:
        if isinstance(value, dict):
            self._say("not-carried", where, "a nested list of names and values has no place in a cell; it is left out")
            return ""
        if isinstance(value, list):
            items = [self._text(where, item, separator) for item in value]
            return separator.join(i for i in items if i)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return _UNPRINTABLE.sub(" ", str(value).replace("\r\n", "\n")).strip()

    def sheets(self) -> tuple[RawSheet, ...]:
        made = []
        for name, rows in self.rows.items():
            known = [c.name for c in SHEETS[name].columns]
            used = dict.fromkeys(k for row in rows for k in row.values)
            headers = sorted(used, key=lambda h, known=known: (known.index(h) if h in known else len(known), h))  # type: ignore[misc]
            made.append(RawSheet(name, Where(self.file, name), tuple(headers), tuple(rows)))
        return tuple(made)


def _accepts(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        start = stream.read(65536).decode("utf-8", "replace")
    quoted = r'"' if path.suffix.lower() == ".json" else r"(?m:^\s*-?\s*)"
    return bool(re.search(quoted + "(" + "|".join(_LISTS) + r')"?\s*:', start, re.IGNORECASE)) and _is_other(start)


def _is_other(start: str) -> bool:
    return '"CodeSets"' not in start and '"connections"' not in start


PART = Reader(
    name="documents",
    title="One document for each article",
    description="YAML or JSON: each document describes an article and lists the CMOs found in it.",
    suffixes=(".yaml", ".yml", ".json"),
    accepts=_accepts,
    read=read,
)
