"""From records back to the rows of the sheets they came from."""

from __future__ import annotations

__all__ = [
    "PEOPLE_COLUMNS",
    "PHASE_COLUMNS",
    "SheetRows",
    "escaped",
    "list_separator",
    "people_rows",
    "phase_rows",
    "review_pairs",
    "sheet_rows",
]

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from eaa_graph.errors import Refused
from eaa_graph.model import (
    COMMENT_MARK,
    ESCAPE_MARK,
    EXAMPLE_MARK,
    SHEETS,
    ColumnSpec,
    Record,
    Records,
    Review,
    SheetSpec,
    folded,
)

#: Columns of people and phases, in `review.toml` and in a workbook: header, meaning.
PEOPLE_COLUMNS = (
    ("id", "Short name used in the other sheets."),
    ("name", "Full name."),
    ("kind", "person or software."),
    ("orcid", "ORCID identifier, such as 0000-0002-1825-0097."),
    ("role", "What they do in the review: coder, adjudicator, ..."),
    ("reads", "For an adjudicator: ids of those whose codings are read, joined with |."),
)
PHASE_COLUMNS = (
    ("id", "Short name used in the other sheets."),
    ("label", "What people read."),
    ("kind", "inductive, abductive or deductive."),
)
_RENAMED = {"kind": {"people": "nature", "phases": "reasoning"}}
_BESIDE = {"kind", "list_separator", "people", "phases", "review"}
_SEPARATORS = ("|", ";", "¦", "‖", "§", "¬", "¤")
_FORMULA = ("=", "+", "-", "@")
#: A number with its sign does no harm in a spreadsheet, and marked it would be text in R.
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
#: Ids that a slot cannot hold, because a reader takes their slash for "or".
_SLASH = re.compile(r"(?:^|\s)/(?:\s|$)")


class SheetRows(NamedTuple):
    """One sheet as text, ready to be written.

    Attributes
    ----------
    name : str
    headers : tuple of str
    rows : tuple of tuple of str
        As long as `headers`; a blank cell is ``""``.
    kinds : tuple of str
        Kind of each column (see :class:`eaa_graph.model.ColumnSpec`); ``text`` for a column of the user's own.
    """

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kinds: tuple[str, ...]


def escaped(text: str, *, first: bool = False, guard_formulas: bool = False) -> str:
    r"""Return `text` so that a reader gives it back as it is.

    A text that begins with the escape mark itself, or in a row's first cell with
    a mark of the template, gets an escape mark before it; readers take it off.

    Parameters
    ----------
    text : str
    first : bool
        Whether it is the first cell of its row.
    guard_formulas : bool
        Also mark what a spreadsheet program would take for a formula (``= + - @``).

    Examples
    --------
    >>> escaped("=1+1"), escaped("=1+1", guard_formulas=True)
    ('=1+1', "'\t=1+1")
    """
    formula = guard_formulas and text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    if text.startswith(ESCAPE_MARK) or formula:
        return ESCAPE_MARK + text
    if first and text.casefold().startswith((COMMENT_MARK, EXAMPLE_MARK)):
        return ESCAPE_MARK + text
    return text


def list_separator(records: Records) -> str:
    """Return what may separate the items of a list: ``|`` unless a text in a list holds one."""
    items = {
        item
        for name, spec in SHEETS.items()
        for column in spec.columns
        if column.kind == "texts"
        for record in getattr(records, name)
        for item in getattr(record, column.field)
    }
    if not any("|" in item for item in items):
        return "|"
    for name, spec in SHEETS.items():
        for column in spec.columns:
            if column.kind in ("refs", "slot"):
                for record in getattr(records, name):
                    for member in getattr(record, column.field):
                        items.update((member,) if isinstance(member, str) else member)
    for separator in _SEPARATORS:
        if not any(separator in item for item in items):
            return separator
    raise Refused(f"every one of {' '.join(_SEPARATORS)} occurs in a list of texts; none can separate its items")


def sheet_rows(records: Records, separator: str = "|") -> tuple[SheetRows, ...]:
    """Return the sheets of a review in the order of :data:`eaa_graph.model.SHEETS`.

    Only sheets with rows, and `articles` and `extractions` always. Columns are those that
    hold something or that a row cannot do without; columns of the user's own come last, by name.

    Raises
    ------
    Refused
        If a configuration names a concept whose id a slot cannot hold.
    """
    ordered = records.ordered()
    return tuple(
        _sheet(spec, getattr(ordered, name), separator)
        for name, spec in SHEETS.items()
        if getattr(ordered, name) or spec.name in ("articles", "extractions")
    )


def _sheet(spec: SheetSpec, records: Sequence[Record], separator: str) -> SheetRows:
    own = _own_columns(records)
    answers = {folded(word): column.name for column in spec.columns for word in column.synonyms}
    answers.update({folded(column.name): column.name for column in spec.columns})
    # A column of the user's own that is called like one of ours is only read as his own when ours is there too.
    needed = {answers[folded(name)] for name in own if folded(name) in answers}
    columns = [
        column
        for column in spec.columns
        if not records
        or column.required
        or column.name in needed
        or any(getattr(record, column.field) not in (None, ()) for record in records)
    ]
    headers = [column.name for column in columns]
    headers += _renamed(own, headers)
    rows = []
    for record in records:
        attributes = dict(record.attributes)
        cells = [_cell(record, column, separator) for column in columns]
        rows.append((*cells, *(attributes.get(name, "") for name in own)))
    kinds = (*(column.kind for column in columns), *("text" for _ in own))
    return SheetRows(spec.name, tuple(headers), tuple(rows), kinds)


def _own_columns(records: Iterable[Record]) -> list[str]:
    return sorted({name for record in records for name, _ in record.attributes})


def _renamed(own: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Give a column of the user's own that has the very name of another a name of its own."""
    used = set(taken) | set(own)
    names = []
    reserved = set(taken)
    for name in own:
        new = name
        while new in reserved or (new != name and new in used):
            new += " (attribute)"
        reserved.add(new)
        names.append(new)
    return names


def _cell(record: Record, column: ColumnSpec, separator: str) -> str:
    value = getattr(record, column.field)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, tuple):
        return str(value)
    if column.kind != "slot":
        return separator.join(value)
    for concept in {concept for alternative in value for concept in alternative}:
        if _SLASH.search(concept):
            raise Refused(
                f"the concept id {concept!r} cannot stand in a slot: its '/' would be read as 'or'; rename it"
            )
    return " / ".join(separator.join(alternative) for alternative in value)


# --- what is said of the review as a whole ----------------------------------------------------


def review_pairs(records: Records, separator: str = "|") -> list[tuple[str, str]]:
    """Return the keys and values of the review itself, own attributes last."""
    review = records.review
    pairs = [
        (name, str(value))
        for name in Review.model_fields
        if name != "attributes" and (value := getattr(review, name)) is not None
    ]
    if separator != "|":
        pairs.append(("list_separator", separator))
    own = [name for name, _ in review.attributes]
    taken = {*Review.model_fields, *_BESIDE}
    return pairs + list(zip(_renamed(own, taken), (value for _, value in review.attributes), strict=True))


def people_rows(records: Records) -> SheetRows:
    """Return the people as a sheet."""
    return _beside("people", records.people, [name for name, _ in PEOPLE_COLUMNS])


def phase_rows(records: Records) -> SheetRows:
    """Return the phases as a sheet."""
    return _beside("phases", records.phases, [name for name, _ in PHASE_COLUMNS])


def _beside(sheet: str, records: Sequence[Record], columns: list[str]) -> SheetRows:
    records = sorted(records, key=lambda record: record.key)
    own = _own_columns(records)
    fields = [_RENAMED.get(name, {}).get(sheet, name) for name in columns]
    headers = (*columns, *_renamed(own, {*columns, *fields, "attributes"}))
    rows = []
    for record in records:
        attributes = dict(record.attributes)
        values: list[Any] = [getattr(record, field) for field in fields]
        cells = ["|".join(v) if isinstance(v, tuple) else v or "" for v in values]
        rows.append((*cells, *(attributes.get(name, "") for name in own)))
    return SheetRows(sheet, headers, tuple(rows), ("id", *("text" for _ in headers[1:])))
