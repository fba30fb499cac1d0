"""Rows to records; every problem collected, none raised, no good row lost.

The promise, which a property test holds it to: rows read = records made + rows
that a finding sets aside. What each rule means is in
:data:`eaa_graph.findings.RULES`; what each column takes is in
:data:`eaa_graph.model.SHEETS`.
"""

from __future__ import annotations

__all__ = ["Checked", "validate"]

import datetime
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from eaa_graph.arithmetic import check_arithmetic
from eaa_graph.errors import nearest
from eaa_graph.findings import Finding, Where, finding, rows_aside
from eaa_graph.model import (
    HEURISTICS,
    PERMISSION_COLUMN,
    PERSON_KINDS,
    PHASE_KINDS,
    ROLES,
    SHEETS,
    Article,
    ColumnSpec,
    Concept,
    Person,
    Phase,
    Record,
    Records,
    Review,
    Row,
    SheetSpec,
    column_letter,
    folded,
    slot_concepts,
)
from eaa_graph.readers import RawSheet, Reading
from eaa_graph.tables import many


@dataclass(frozen=True)
class Checked:
    """What checking gave.

    Attributes
    ----------
    records : Records
        Every row that could become a record, in canonical order.
    findings : tuple of Finding
        Everything a person should know about the input, in the order of the input.
    rows : int
        Rows read in sheets of ours.
    left_by_reader : int
        Rows that the reader itself set aside (explanations, examples, unreadable entries), and people and phases
        listed without an id or twice: `rows` leaves them out.
    """

    records: Records
    findings: tuple[Finding, ...]
    rows: int
    left_by_reader: int = 0

    @property
    def made(self) -> int:
        """How many of the rows read became records."""
        return self.rows + self.left_by_reader - rows_aside(self.findings)


#: Names compared in search of what an unknown one may have meant: a second or two; a file can hold a million.
_MOST_COMPARED = 100_000


class _Problem(NamedTuple):
    rule: str
    message: str
    fix: str


_Parse = Callable[[str], tuple[Any, tuple[_Problem, ...]]]
_CAST_OFF = frozenset({"wrong-value", "wrong-date", "wrong-number", "dangling-reference"})
_YES = {"yes", "y", "true", "1", "x", "ja", "oui", "sí"}
_NO = {"no", "n", "false", "0", "nein", "non"}
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T ]\d{2}:\d{2}.*)?")
#: The field's words that review.toml may hold, by the record's attribute.
_REVIEW_WORDS: dict[str, Iterable[str]] = {"heuristic": HEURISTICS, "nature": PERSON_KINDS, "reasoning": PHASE_KINDS}
_REVIEW_KEYS = tuple(name for name in Review.model_fields if name != "attributes")
#: Sheets whose rows may point at rows of the same sheet: checked once all rows are known.
_SELF_REFERENCES = {
    "concepts": "broader",
    "extractions": "derived_from",
    "theories": "revision_of",
    "figures": "part_of",
}


def _skeleton(text: str) -> str:
    """Fold away accents too: what is left the same is probably meant the same."""
    plain = unicodedata.normalize("NFKD", folded(text))
    return "".join(char for char in plain if not unicodedata.combining(char))


def validate(reading: Reading) -> Checked:
    """Turn what was read into records and findings.

    Parameters
    ----------
    reading : Reading
        From any reader.

    Returns
    -------
    Checked
    """
    return _Validation(reading).run()


class _Validation:
    """One run over one reading; the known ids grow sheet by sheet in the order of `SHEETS`."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.findings: list[Finding] = list(reading.findings)
        self.rows = 0
        self.left = rows_aside(reading.findings)
        self.separator = "|"
        self.ids: dict[str, dict[str, None]] = {name: {} for name in (*SHEETS, "people", "phases")}
        self.by_label: dict[str, str] = {}
        self.labels: dict[str, None] = {}
        self.implied: dict[str, dict[str, None]] = defaultdict(dict)
        self.here = Where(reading.name)
        self.compared = 0
        self.nearby: dict[tuple[str, int], list[str]] = {}

    def _near(self, name: str, known: Collection[str]) -> list[str]:
        """Return what a name may have meant; nothing once a file full of unknown names has used up the time for it."""
        seen = self.nearby.get((name, len(known)))
        if seen is None:
            self.compared += len(known)
            if self.compared > _MOST_COMPARED:
                return []
            seen = self.nearby[name, len(known)] = nearest(name, known)
        return seen

    def run(self) -> Checked:
        raw = self._sheets()
        review, people, phases = self._review()
        self.ids["people"] = dict.fromkeys(p.id for p in people)
        self.ids["phases"] = dict.fromkeys(p.id for p in phases)
        self._missing_sheets(raw)
        made: dict[str, list[Record]] = {}
        for name, spec in SHEETS.items():
            made[name] = self._sheet(spec, raw[name]) if name in raw else []
            self.ids[name] = dict.fromkeys(record.key[0] for record in made[name])
            if name == "articles" and name not in raw:
                made[name] = self._implied_articles(raw)
            if name == "concepts":
                self._learn_labels(made[name])
            if name in _SELF_REFERENCES and made[name]:
                made[name] = self._self_references(spec, made[name], raw[name])
        used = {sheet: _usage(made, sheet) for sheet in ("people", "phases", "concepts")}
        for sheet, counts in used.items():
            self._report_implied(sheet, counts, "concepts" in raw)
        made["concepts"] += [
            Concept(id=i, label=i, status="as-coded") for i in self.implied["concepts"] if used["concepts"][i]
        ]
        people += [Person(id=i) for i in self.implied["people"] if used["people"][i]]
        phases += [Phase(id=i) for i in self.implied["phases"] if used["phases"][i]]
        if review.preferred_coder and review.preferred_coder not in {p.id for p in people}:
            people.append(Person(id=review.preferred_coder))
        collections: dict[str, Any] = {name: tuple(found) for name, found in made.items()}
        records = Records.model_construct(
            review=review, people=tuple(people), phases=tuple(phases), **collections
        ).ordered()
        self._across(records, raw)
        places = [raw[name].where if name in raw else self.here for name in ("flow", "figures")]
        self.findings += check_arithmetic(records, *places)
        return Checked(records, tuple(self.findings), self.rows, self.left)

    def _note(self, rule: str, where: Where, message: str, fix: str = "") -> None:
        self.findings.append(finding(rule, where, message, fix))

    # --- which sheet is which -------------------------------------------------------------

    def _sheets(self) -> dict[str, RawSheet]:
        known = {folded(s): spec.name for spec in SHEETS.values() for s in (*spec.synonyms, spec.name)}
        found: dict[str, RawSheet] = {}
        # A sheet called by its own name wins over one called by a synonym.
        for sheet in sorted(self.reading.sheets, key=lambda s: s.name not in SHEETS):
            name = known.get(folded(sheet.name))
            if name is None or name in found:
                if folded(sheet.name) in ("people", "phases", "review"):
                    continue
                why = (
                    f"there is already a sheet of {name}"
                    if name
                    else f"{sheet.name!r} is not a sheet of a review folder"
                )
                near = self._near(sheet.name, SHEETS)
                fix = (
                    f"rename it to {near[0]!r} if it is that"
                    if near and not name
                    else "nothing, unless it was meant to be read"
                )
                self._note(
                    "unknown-sheet",
                    sheet.where,
                    f"{why}; its {many(len(sheet.rows), 'row')} {'was' if len(sheet.rows) == 1 else 'were'} left alone",
                    fix,
                )
                continue
            found[name] = sheet
            if not sheet.rows and not any(
                f.rule == "empty-sheet" and f.where.file == sheet.where.file and f.where.sheet == sheet.where.sheet
                for f in self.findings
            ):
                self._note("empty-sheet", sheet.where, f"{sheet.name} has no rows", "add rows, or remove the sheet")
        return found

    def _missing_sheets(self, raw: dict[str, RawSheet]) -> None:
        if "articles" not in raw and ("extractions" in raw or "reported" in raw):
            self._note(
                "missing-sheet",
                self.here,
                "there is no sheet of articles; articles are taken from the ids that the other sheets use",
                "add articles.csv (or a sheet 'articles') with at least a column 'id'",
            )
        if "extractions" not in raw:
            self._note(
                "no-extractions",
                self.here,
                "there are no coded extractions; only what the review itself reports can be shown",
                "add extractions.csv (or a sheet 'extractions') to see what the evidence says",
            )

    # --- review.toml ------------------------------------------------------------------------

    def _review(self) -> tuple[Review, list[Person], list[Phase]]:
        where = self.reading.review_where or self.here
        contents: dict[str, Any] = dict(self.reading.review)
        if self.reading.review_where is None:
            self._note(
                "no-review-file",
                self.here,
                f"there is no review.toml; the review is called {self.reading.name!r}",
                "add a review.toml with at least a title",
            )
        people = self._entries(Person, contents.pop("people", []), where, "people", {"kind": "nature"})
        phases = self._entries(Phase, contents.pop("phases", []), where, "phases", {"kind": "reasoning"})
        for extra, record, rename, into in (
            ("people", Person, {"kind": "nature"}, people),
            ("phases", Phase, {"kind": "reasoning"}, phases),
        ):
            for sheet in self.reading.sheets:
                if folded(sheet.name) == extra:
                    into += self._entries(record, [dict(r.values) for r in sheet.rows], sheet.where, extra, rename)
        table = contents.pop("review", {})
        merged = {**contents, **(table if isinstance(table, Mapping) else {"title": table})}
        values: dict[str, Any] = {}
        attributes: dict[str, str] = {}
        if "list_separator" in merged:
            self.separator = str(merged.pop("list_separator")) or "|"
        for key, value in merged.items():
            text = self._plain(value, where._replace(column=key))
            if not text:
                continue
            if key in _REVIEW_KEYS:
                values[key] = text
            else:
                near = self._near(key, _REVIEW_KEYS)
                self._note(
                    "unknown-key",
                    where._replace(column=key),
                    f"{key!r} is not a key of review.toml; it is kept as an attribute",
                    f"did you mean {near[0]!r}?" if near else "nothing, if it is your own",
                )
                attributes[key] = text
        values.setdefault("title", _printable(self.reading.name)[0] or "untitled review")
        values.setdefault("id", re.sub(r"[^\w.-]+", "-", self.reading.name.strip()).strip("-") or "review")
        if "heuristic" in values and values["heuristic"].upper() in HEURISTICS:
            values["heuristic"] = values["heuristic"].upper()
        if "base_iri" in values and not values["base_iri"].endswith("/"):
            values["base_iri"] += "/"
        review = self._lenient(Review, values, attributes, where)
        return review, people, phases

    def _plain(self, value: Any, where: Where) -> str:
        """Return a value of review.toml as text that every format can hold."""
        text, replaced = _printable(_toml_text(value))
        if replaced:
            self._note(
                "control-characters",
                where,
                f"U+{ord(replaced):04X} cannot be printed; a space stands for it",
                "take it out of review.toml",
            )
        return text

    def _lenient(self, cls: type[Any], values: dict[str, Any], attributes: dict[str, str], where: Where) -> Any:
        """Make a record of `cls`, moving what does not fit into its attributes, with a finding each."""
        own = {_printable(name)[0] or "(no name)": text for name, text in attributes.items()}
        while True:
            try:
                return cls(**values, attributes=tuple(own.items()))
            except ValidationError as error:
                first = error.errors()[0]
            key = str(first["loc"][0])
            bad = values.pop(key)
            text = bad if isinstance(bad, str) else "|".join(bad)
            near = nearest(text, _REVIEW_WORDS.get(key, ()))
            if key == "id":
                values["id"] = re.sub(r"[|/\s]+", "-", text).strip("-") or cls.kind
            elif key == "title":
                values["title"] = _printable(self.reading.name)[0] or "untitled review"
            own[_free(f"{key} (as written)", own)] = text
            self._note(
                "wrong-value",
                where._replace(column=f"{where.column} {key}".strip()),
                f"{key} = {text!r}: {_reason(first)}"
                + (f"; it is called {values['id']!r} instead" if key == "id" else ""),
                f"did you mean {near[0]!r}? Correct it in review.toml" if near else "correct it in review.toml",
            )

    def _entries(self, cls: type[Any], entries: Any, where: Where, name: str, rename: dict[str, str]) -> list[Any]:
        made: dict[str, Any] = {}
        if not isinstance(entries, list):
            self._note(
                "wrong-value", where._replace(column=name), f"{name} must be a list of tables", f"write [[{name}]]"
            )
            return []
        for number, entry in enumerate(entries, 1):
            place = where._replace(column=f"{name} {number}")
            if isinstance(entry, str):
                entry = {"id": entry}
            if not isinstance(entry, Mapping):
                entry = {}
            values: dict[str, Any] = {}
            attributes: dict[str, str] = {}
            for key, value in entry.items():
                field = rename.get(key, key)
                text = self._plain(value, place._replace(column=f"{place.column} {key}"))
                if not text:
                    continue
                if field == "reads" and field in cls.model_fields:
                    values[field] = tuple(part.strip() for part in text.split("|") if part.strip())
                elif field in cls.model_fields and field != "attributes":
                    values[field] = text.casefold() if field in ("nature", "reasoning") else text
                else:
                    attributes[key] = text
            if "id" not in values:
                self.left += 1
                self._note("missing-value", place, f"entry {number} of {name} has no id", 'give it an id = "..."')
                continue
            record = self._lenient(cls, values, attributes, place)
            if record.id in made:
                self.left += 1
                self._note(
                    "duplicate-id",
                    place,
                    f"{record.id!r} is listed twice among {name}; the first is kept",
                    "give each an id of its own",
                )
                continue
            made[record.id] = record
        return list(made.values())

    # --- one sheet -----------------------------------------------------------------------------

    def _headers(self, spec: SheetSpec, raw: RawSheet) -> dict[str, ColumnSpec]:
        exact = {folded(column.name): column for column in spec.columns}
        synonym = {folded(s): column for column in spec.columns for s in column.synonyms}
        matched: dict[str, ColumnSpec] = {}
        taken: dict[str, str] = {}
        doubled: set[str] = set()
        # Exact names first, so that 'article' beside 'article id' never loses its column to a synonym.
        for by_synonym, names in ((False, exact), (True, synonym)):
            for header in raw.headers:
                column = names.get(folded(header))
                if column is None or header in matched or (by_synonym and folded(header) in exact):
                    continue
                where = raw.where._replace(column=header)
                if column.name in taken:
                    doubled.add(header)
                    self._note(
                        "duplicate-header",
                        where,
                        f"{header!r} means the same as {taken[column.name]!r}, which is used; this column is kept as an attribute",
                        "rename or remove one of the two",
                    )
                    continue
                taken[column.name] = header
                matched[header] = column
                if by_synonym:
                    self._note(
                        "header-matched",
                        where,
                        f"{header!r} is read as {column.name!r}",
                        "rename it if it means something else",
                    )
        for column in spec.columns:
            if column.required and column.name not in taken:
                near = self._near(column.name, [h for h in raw.headers if h not in matched])
                self._note(
                    "missing-column",
                    raw.where,
                    f"{spec.name} has no column {column.name!r}" + (f" (is it {near[0]!r}?)" if near else ""),
                    f"add a column with the header {column.name!r}; see docs/review-folder.md for the other headers it answers to",
                )
        attributes = [PERMISSION_COLUMN] if spec.name == "articles" else []
        for header in raw.headers:
            if header not in matched and header not in doubled and folded(header) not in map(folded, attributes):
                near = self._near(header, [*(c.name for c in spec.columns if c.name not in taken), *attributes])
                self._note(
                    "unknown-column",
                    raw.where._replace(column=header),
                    f"{header!r} is not a column of {spec.name}; its values are kept as attributes",
                    f"rename it to {near[0]!r} if it is that" if near else "nothing, if it is your own",
                )
        return matched

    def _sheet(self, spec: SheetSpec, raw: RawSheet) -> list[Record]:
        columns = self._headers(spec, raw)
        parsers: dict[str, tuple[ColumnSpec, _Parse | None]] = {}
        for header, column in columns.items():
            late = _SELF_REFERENCES.get(spec.name) == column.name
            parsers[header] = (column, None if column.kind == "text" else self._parser(column, late))
        required = [
            (c, next((h for h, found in columns.items() if found is c), c.name)) for c in spec.columns if c.required
        ]
        made: dict[tuple[str, ...], Record] = {}
        firsts: dict[tuple[str, ...], Where] = {}
        for row in raw.rows:
            self.rows += 1
            record = self._row(spec, raw, row, parsers, required)
            if record is None:
                continue
            key = record.key
            if key in made:
                same = made[key] == record
                name = " / ".join(part for part in key if part)
                self._note(
                    "repeated-row" if same else "duplicate-id",
                    row.where,
                    f"{name!r} was already given at {firsts[key]}; "
                    + ("this row says exactly the same" if same else "the first is kept and this row set aside"),
                    "remove one of the two" if same else "give this row an id of its own, or remove it",
                )
                continue
            made[key] = record
            firsts[key] = row.where
        return list(made.values())

    def _row(
        self,
        spec: SheetSpec,
        raw: RawSheet,
        row: Row,
        parsers: dict[str, tuple[ColumnSpec, _Parse | None]],
        required: list[tuple[ColumnSpec, str]],
    ) -> Record | None:
        values: dict[str, Any] = {}
        attributes: dict[str, str] = {}
        written: list[tuple[str, str]] = []
        aside = False
        for header, text in row.values.items():
            known = parsers.get(header)
            if known is None:
                attributes[header] = text
                continue
            column, parse = known
            if parse is None:
                values[column.field] = text
                continue
            value, problems = parse(text)
            if value is not None:
                values[column.field] = value
            if column.kind in ("year", "date") and value is not None and _says_more(text, str(value)):
                written.append((header, text))
            for problem in problems:
                found = finding(problem.rule, self._at(raw, row, header), problem.message, problem.fix)
                self.findings.append(found)
                aside = aside or found.sets_row_aside
                if problem.rule in _CAST_OFF and (header, text) not in written:
                    written.append((header, text))
        for column, header in required:
            if column.field not in values and not aside:
                rule = "missing-id" if column.kind == "id" else "missing-value"
                state = "cannot be used as it is" if header in row.values else "is empty"
                self._note(
                    rule,
                    self._at(raw, row, header),
                    f"{column.name} {state}; the row is set aside",
                    f"fill in {column.name}: {column.meaning}",
                )
                aside = True
        if aside:
            return None
        if spec.record is Concept:
            values.setdefault("label", values["id"])
        for header, text in written:
            attributes[_free(f"{header} (as written)", attributes)] = text
        try:
            return spec.record(**values, attributes=tuple(attributes.items()))
        except ValidationError as error:
            reasons = "; ".join(f"{e['loc'][0] if e['loc'] else 'row'}: {_reason(e)}" for e in error.errors())
            rule = "bad-id" if any(e["loc"] and e["loc"][0] == "id" for e in error.errors()) else "bad-record"
            self._note(rule, row.where, f"{reasons}; the row is set aside", "correct the cell")
            return None

    @staticmethod
    def _at(raw: RawSheet, row: Row, header: str) -> Where:
        where = row.where._replace(column=header)
        if where.sheet and where.row and header in raw.headers:
            where = where._replace(cell=f"{column_letter(raw.headers.index(header) + 1)}{where.row}")
        return where

    # --- one cell --------------------------------------------------------------------------------

    def _parser(self, column: ColumnSpec, late: bool) -> _Parse:
        """Return a function from text to value and problems, remembering what it has seen."""
        seen: dict[str, tuple[Any, tuple[_Problem, ...]]] = {}
        parse = {
            "id": self._id,
            "year": self._year,
            "count": self._count,
            "date": self._date,
            "flag": self._flag,
        }.get(column.kind)
        if column.kind == "choice":
            words = {folded(word): word for word in column.choices}
            parse = lambda text: self._choice(text, column, words)  # noqa: E731
        elif column.kind in ("ref", "refs"):
            many = column.kind == "refs"
            parse = lambda text: self._references(text, column, many, late)  # noqa: E731
        elif column.kind == "texts":
            parse = self._texts
        elif column.kind == "slot":
            parse = lambda text: self._slot(text, column)  # noqa: E731
        assert parse is not None, column.kind  # noqa: S101 (SHEETS has no other kinds)
        if column.kind == "id":
            return parse

        def remembered(text: str) -> tuple[Any, tuple[_Problem, ...]]:
            result = seen.get(text)
            if result is None:
                result = seen[text] = parse(text)
            return result

        return remembered

    def _id(self, text: str) -> tuple[Any, tuple[_Problem, ...]]:
        if "|" in text or " / " in text or "\n" in text or "\t" in text:
            return None, (
                _Problem(
                    "bad-id",
                    f"{text!r} cannot be an id: it holds a separator, a tab or a line break; the row is set aside",
                    "use a short name without | or ' / '",
                ),
            )
        return text, ()

    def _year(self, text: str) -> tuple[Any, tuple[_Problem, ...]]:
        if re.fullmatch(r"[12]\d{3}(\.0)?", text):
            return int(text[:4]), ()
        if re.fullmatch(r"[12]\d{3}-\d{2}(-\d{2})?", text):
            return int(text[:4]), ()
        return None, (_Problem("wrong-number", f"{text!r} is not a year", "write four digits, such as 2019"),)

    def _count(self, text: str) -> tuple[Any, tuple[_Problem, ...]]:
        if re.fullmatch(r"\d{1,15}(\.0)?", text, re.ASCII):
            return int(text.split(".")[0]), ()
        return None, (_Problem("wrong-number", f"{text!r} is not a whole number of 0 or more", "write digits only"),)

    def _date(self, text: str) -> tuple[Any, tuple[_Problem, ...]]:
        match = _DATE.fullmatch(text)
        if match:
            y, m, d = match.groups()
            try:
                datetime.date(int(y), int(m or 1), int(d or 1))
            except ValueError:
                pass
            else:
                return "-".join(part for part in (y, m, d) if part), ()
        return None, (
            _Problem(
                "wrong-date",
                f"{text!r} is not a date that can be read in one way only",
                "write year-month-day, such as 2024-05-03",
            ),
        )

    def _flag(self, text: str) -> tuple[Any, tuple[_Problem, ...]]:
        word = text.casefold()
        if word in _YES:
            return True, ()
        if word in _NO:
            return False, ()
        return None, (
            _Problem("missing-value", f"{text!r} is neither yes nor no; the row is set aside", "write yes or no"),
        )

    def _choice(self, text: str, column: ColumnSpec, words: dict[str, str]) -> tuple[Any, tuple[_Problem, ...]]:
        word = words.get(folded(text))
        if word is not None:
            return word, ()
        near = self._near(text, column.choices)
        advice = f"did you mean {near[0]!r}? " if near else ""
        rule = "missing-value" if column.required else "wrong-value"
        return None, (
            _Problem(
                rule, f"{text!r} is not a value of {column.name}", f"{advice}allowed: {', '.join(column.choices)}"
            ),
        )

    def _split(self, text: str, separator: str) -> tuple[list[str], list[_Problem]]:
        parts = [part.strip() for part in text.split(separator)]
        kept = [part for part in parts if part]
        problems = []
        if len(kept) < len(parts):
            problems.append(
                _Problem(
                    "stray-separator",
                    f"{text!r} has an empty place beside a {separator!r}",
                    "remove the extra separator",
                )
            )
        if len(set(kept)) < len(kept):
            twice = sorted(name for name, count in Counter(kept).items() if count > 1)
            problems.append(
                _Problem(
                    "repeated-in-list",
                    f"{text!r} names {', '.join(map(repr, twice))} more than once; it counts once",
                    "name it once",
                )
            )
            kept = list(dict.fromkeys(kept))
        return kept, problems

    def _texts(self, text: str) -> tuple[Any, tuple[_Problem, ...]]:
        kept, problems = self._split(text, self.separator)
        return tuple(kept) or None, tuple(problems)

    def _references(self, text: str, column: ColumnSpec, many: bool, late: bool) -> tuple[Any, tuple[_Problem, ...]]:
        names, problems = self._split(text, self.separator) if many else ([text], [])
        if late:  # points into its own sheet: resolved when all its rows are known
            if "" not in names and any("|" in name or " / " in name for name in names):
                return None, (*problems, _Problem("wrong-value", f"{text!r} is not one id", "name one id"))
            return (tuple(names) if many else names[0]), tuple(problems)
        resolved: list[str] = []
        for name in names:
            found, problem = self._resolve(name, column, required=column.required and not many)
            if found is not None:
                resolved.append(found)
            problems += problem
        if not resolved:
            return None, tuple(problems)
        return (tuple(resolved) if many else resolved[0]), tuple(problems)

    def _slot(self, text: str, column: ColumnSpec) -> tuple[Any, tuple[_Problem, ...]]:
        problems: list[_Problem] = []
        alternatives: list[tuple[str, ...]] = []
        for written in re.split(r"(?:^|\s)/(?:\s|$)", text):
            names, found = self._split(written, self.separator) if written.strip() else ([], [])
            problems += found
            members: list[str] = []
            for name in names:
                resolved, problem = self._resolve(name, column, required=False)
                problems += problem
                if resolved is not None and resolved not in members:
                    members.append(resolved)
            if members:
                alternatives.append(tuple(members))
            elif not names:
                problems.append(
                    _Problem(
                        "stray-separator", f"{text!r} has an empty alternative beside a '/'", "remove the extra '/'"
                    )
                )
        unique = tuple(dict.fromkeys(alternatives))
        return unique or None, tuple(problems)

    def _resolve(self, name: str, column: ColumnSpec, required: bool) -> tuple[str | None, list[_Problem]]:
        for sheet in column.refers_to:
            if name in self.ids[sheet]:
                return name, []
        if "concepts" in column.refers_to:
            listed = self.by_label.get(folded(name))
            if listed is not None:
                return listed, [] if listed == name else [
                    _Problem(
                        "matched-by-label",
                        f"{name!r} is read as the concept {listed!r}, which has that label or synonym",
                        "use its id, if it is not that concept",
                    )
                ]
        if "|" in name or " / " in name or "\n" in name or "\t" in name:
            return None, [
                _Problem(
                    "wrong-value",
                    f"{name!r} is not one name: it holds a separator, a tab or a line break",
                    "put one name in each place of the list; alternatives with ' / ' belong to configurations",
                )
            ]
        for sheet in ("people", "phases", "concepts"):
            if column.refers_to == (sheet,):
                self.implied[sheet].setdefault(name)
                problems = []
                if (
                    sheet == "concepts"
                    and self.separator == "|"
                    and re.search(r"[;,]\s", name + " ")
                    and "|" not in name
                ):
                    problems.append(
                        _Problem(
                            "likely-separator",
                            f"{name!r} was read as one name",
                            "if it is a list, join its parts with | (or set list_separator in review.toml)",
                        )
                    )
                return name, problems
        known = [i for sheet in column.refers_to for i in self.ids[sheet]]
        near = self._near(name, known)
        rule = "unknown-reference" if required else "dangling-reference"
        what = " or ".join(column.refers_to)
        tail = "the row is set aside" if required else "the row is kept without it"
        return None, [
            _Problem(
                rule,
                f"{column.name} names {name!r}, which is not among the {what}; {tail}",
                f"did you mean {near[0]!r}?" if near else f"add it to {what}, or correct it",
            )
        ]

    # --- across rows ------------------------------------------------------------------------------

    def _learn_labels(self, concepts: list[Record]) -> None:
        """Remember which label or listed synonym means which concept; ambiguous ones mean none."""
        meanings: dict[str, set[str]] = defaultdict(set)
        for concept in concepts:
            if isinstance(concept, Concept):
                self.labels[concept.label] = None
                for word in (concept.id, concept.label, *concept.synonyms):
                    meanings[folded(word)].add(concept.id)
        self.by_label = {word: next(iter(ids)) for word, ids in meanings.items() if len(ids) == 1}

    def _implied_articles(self, raw: dict[str, RawSheet]) -> list[Record]:
        names: dict[str, None] = {}
        for sheet in ("extractions", "reported"):
            if sheet in raw:
                headers = [h for h, c in self._quiet_headers(sheet, raw[sheet]).items() if c.name == "article"]
                for row in raw[sheet].rows:
                    for header in headers:
                        if name := _printable(row.values.get(header, ""))[0]:
                            names.setdefault(name)
        made: list[Record] = []
        for name in names:
            value, problems = self._id(name)
            if value is not None and not problems:
                made.append(Article(id=value))
        self.ids["articles"] = dict.fromkeys(a.key[0] for a in made)
        return made

    def _quiet_headers(self, sheet: str, raw: RawSheet) -> dict[str, ColumnSpec]:
        before = len(self.findings)
        matched = self._headers(SHEETS[sheet], raw)
        del self.findings[before:]
        return matched

    def _self_references(self, spec: SheetSpec, made: list[Record], raw: RawSheet) -> list[Record]:
        column = spec.spec(_SELF_REFERENCES[spec.name])
        known = self.ids[spec.name]
        header = next((h for h, c in self._quiet_headers(spec.name, raw).items() if c is column), column.name)
        places: dict[str, Row] | None = None
        result: list[Record] = []
        for record in made:
            written = getattr(record, column.field)
            names = written if isinstance(written, tuple) else (written,) if written else ()
            good = [n for n in names if n in known or (spec.name == "concepts" and self.by_label.get(folded(n)))]
            if len(good) == len(names) and all(n in known for n in names):
                result.append(record)
                continue
            if places is None:
                id_header = next((h for h, c in self._quiet_headers(spec.name, raw).items() if c.name == "id"), "id")
                places = {}
                for row in raw.rows:
                    places.setdefault(row.values.get(id_header, ""), row)
            row_of = places.get(record.key[0])
            where = self._at(raw, row_of, header) if row_of else raw.where
            for name in names:
                if name not in good:
                    near = self._near(name, known)
                    self._note(
                        "dangling-reference",
                        where,
                        f"{column.name} names {name!r}, which is not among the {spec.name}; the row is kept without it",
                        f"did you mean {near[0]!r}?" if near else "correct it, or add the row it names",
                    )
            final = tuple(sorted({n if n in known else self.by_label[folded(n)] for n in good}))
            update: dict[str, Any] = {
                column.field: final if isinstance(written, tuple) else (final[0] if final else None)
            }
            if len(good) < len(names):
                text = (row_of.values.get(header) if row_of else None) or "|".join(names)
                own = dict(record.attributes)
                own[_free(f"{header} (as written)", own)] = text
                update["attributes"] = tuple(sorted(own.items()))
            result.append(record.model_copy(update=update))
        return result

    def _report_implied(self, sheet: str, used: Counter[str], codebook: bool) -> None:
        # Names that only rows set aside have used are no concern of the review.
        implied = [name for name in self.implied[sheet] if used[name]]
        if sheet == "concepts":
            if implied and not codebook:
                self._note(
                    "no-codebook",
                    self.here,
                    f"there is no sheet of concepts; {many(len(implied), 'label')} {'is' if len(implied) == 1 else 'are'} taken as coded",
                    "add concepts.csv with a row for each code, so that labels get definitions",
                )
            skeletons: dict[str, list[str]] = defaultdict(list)
            for name in (*self.ids["concepts"], *implied):
                skeletons[_skeleton(name)].append(name)
            for name in sorted(implied):
                count = used[name]
                if codebook:
                    near = self._near(name, (*self.ids["concepts"], *self.labels))
                    self._note(
                        "unlisted-concept",
                        self.here,
                        f"{name!r} is used {count} time{'s' if count != 1 else ''} but not listed among the concepts; it is taken as coded",
                        (f"did you mean {near[0]!r}? Otherwise " if near else "") + "add a row for it to concepts",
                    )
            for same in skeletons.values():
                if len(same) > 1 and any(name in implied for name in same):
                    self._note(
                        "near-duplicate",
                        self.here,
                        f"{' and '.join(repr(n) for n in sorted(same))} differ only in case, accents, hyphens or spaces; they are kept apart",
                        "spell them alike if they are one concept",
                    )
            return
        rule = "unlisted-person" if sheet == "people" else "unlisted-phase"
        for name in sorted(implied):
            self._note(
                rule,
                self.here,
                f"{name!r} is not listed among the {sheet} of review.toml; taken as named",
                f"add a [[{sheet}]] entry for it",
            )

    def _across(self, records: Records, raw: dict[str, RawSheet]) -> None:
        self._roles_against_codebook(records)
        self._cycles(records)
        extractions = records.extractions
        if extractions:
            place = raw["extractions"].where
            silent = sum(1 for e in extractions if e.quote is None)
            if silent:
                self._note(
                    "no-quote",
                    place,
                    f"{silent} of {many(len(extractions), 'extraction')} {'carries' if silent == 1 else 'carry'} no quote: a reader cannot go back to the words",
                    "fill in the quote column where the licence allows it",
                )
            coders = {e.coder for e in extractions}
            preferred = records.review.preferred_coder
            if preferred and preferred not in coders:
                self._note(
                    "preferred-coder-unused",
                    self.here,
                    f"review.toml prefers the coder {preferred!r}, who coded nothing",
                    f"name one of: {', '.join(sorted(c for c in coders if c))}"
                    if any(coders)
                    else "fill in the coder column",
                )
        denied = {(r.article, r.theme, r.coder) for r in records.reported if not r.reported}
        conflicts = sorted(
            {(e.article, e.theme or "", e.coder or "") for e in extractions if (e.article, e.theme, e.coder) in denied}
        )
        for article, theme, coder in conflicts:
            self._note(
                "reported-conflict",
                raw["reported"].where,
                f"{coder or 'somebody'} codes passages of {article!r} under {theme!r} but says the article does not report it",
                "correct one of the two",
            )

    def _roles_against_codebook(self, records: Records) -> None:
        listed = {c.id: c.listed_as for c in records.concepts if c.listed_as}
        used: Counter[tuple[str, str]] = Counter()
        for extraction in records.extractions:
            for role in ROLES:
                for concept in extraction.codes(role):
                    if listed.get(concept, role) != role:
                        used[concept, role] += 1
        slots: Counter[tuple[str, str]] = Counter()
        for configuration in records.configurations:
            for role in ROLES:
                for concept in slot_concepts(configuration.slot(role)):
                    if listed.get(concept, role) != role:
                        slots[concept, role] += 1
        for (concept, role), count in sorted((used + slots).items()):
            # A resource or reasoning is half of a mechanism: no mismatch worth a word.
            if listed[concept] == "mechanism" and role in ("resource", "reasoning"):
                continue
            self._note(
                "kind-mismatch",
                self.here,
                f"{concept!r} is listed as {listed[concept]} and used as {role} {count} time{'s' if count != 1 else ''}; both are kept, roles belong to configurations",
                "nothing, if it is meant",
            )

    def _cycles(self, records: Records) -> None:
        for rule, edges, what in (
            ("revision-cycle", {t.id: t.revision_of for t in records.theories}, "theory versions"),
            ("concept-cycle", {c.id: c.broader for c in records.concepts if c.broader}, "concepts"),
        ):
            for circle in _circles(edges):
                self._note(
                    rule,
                    self.here,
                    f"{what} go in a circle: {' -> '.join((*circle, circle[0]))}",
                    "remove one of the links",
                )


def _usage(made: Mapping[str, Iterable[Record]], sheet: str) -> Counter[str]:
    """Count how often records name each thing of `sheet` in columns that refer to that sheet alone."""
    used: Counter[str] = Counter()
    for name, records in made.items():
        columns = [c for c in SHEETS[name].columns if c.refers_to == (sheet,)]
        for record in records:
            for column in columns:
                value = getattr(record, column.field)
                if isinstance(value, str):
                    used[value] += 1
                elif value and column.kind == "slot":
                    used.update(slot_concepts(value))
                elif value:
                    used.update(value)
    return used


def _circles(edges: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Return each elementary circle that a walk along `edges` meets, starting at its smallest name."""
    found: set[tuple[str, ...]] = set()
    done: set[str] = set()
    for start in sorted(edges):
        path: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            node, depth = stack.pop()
            del path[depth:]
            if node in path:
                circle = path[path.index(node) :]
                smallest = circle.index(min(circle))
                found.add(tuple(circle[smallest:] + circle[:smallest]))
                continue
            if node in done:
                continue
            path.append(node)
            stack += [(following, depth + 1) for following in sorted(edges.get(node, ()))]
        done.update(path)
        done.add(start)
    return sorted(found)


def _printable(text: str) -> tuple[str, str]:
    """Return `text` with a space for whatever no format can hold, and the first such character (or ``""``)."""
    if text.isprintable():
        return text.strip(), ""
    kept = [
        " " if (unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n") or c in "\ufffe\uffff" else c for c in text
    ]
    replaced = next((was for was, now in zip(text, kept, strict=True) if was != now), "")
    return "".join(kept).strip(), replaced


def _free(name: str, taken: Mapping[str, str]) -> str:
    """Return `name`, numbered if a column of the user's own is called so already."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _says_more(text: str, value: str) -> bool:
    """Say whether a year or a day was written with more than could be kept of it (a month, an hour)."""
    return text != value and re.fullmatch(re.escape(value) + r"(\.0|[T ]00:00(:00(\.0+)?)?)", text) is None


def _toml_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "|".join(_toml_text(item) for item in value)
    return str(value).strip()


def _reason(error: Mapping[str, Any]) -> str:
    """Say in plain words what pydantic objects to."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        return "it is not written the way this cell needs"
    return message[:1].lower() + message[1:]
