"""From a grid of cells to a sheet: what every table format has in common.

Which line holds the headers, what a row is called, which cells had to be
cleaned, which rows are the template's own: decided here once, so that a CSV
file and a workbook with the same cells give the same rows.
"""

from __future__ import annotations

__all__ = ["Findings", "clean", "known_sheet", "needs_care", "sheet_of"]

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import (
    COMMENT_MARK,
    ESCAPE_MARK,
    EXAMPLE_MARK,
    SHEETS,
    Row,
    SheetSpec,
    column_letter,
    example_rows,
    folded,
)
from eaa_graph.readers import RawSheet

#: How many findings of one rule a file may have before the rest are told together.
_MANY = 20
#: How many lines are looked through for the headers.
_LOOK_AHEAD = 10
#: Everything `eaa_graph.model` refuses in a text; tab and line break are welcome.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_UNPRINTABLE_BYTES = bytes(set(range(0x20)) - {0x09, 0x0A}) + b"\x7f"
#: The rest of the above in UTF-8; each begins with a plain byte so that the search is fast.
_UNPRINTABLE_WIDE = (rb"\xc2[\x80-\x9f]", rb"\xed[\xa0-\xbf]", rb"\xef\xbf[\xbe\xbf]")

_SHEETS_BY_NAME = {folded(name): spec for spec in SHEETS.values() for name in (*spec.synonyms, spec.name)}
_BESIDE = {"people", "phases", "review"}
_HEADERS_OF = {
    spec.name: frozenset(folded(name) for c in spec.columns for name in (c.name, *c.synonyms))
    for spec in SHEETS.values()
}


class Findings:
    """The findings of one file, in order; many of one kind are told in one."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._count: Counter[str] = Counter()
        self._last: dict[str, Finding] = {}

    def add(self, rule: str, where: Where, message: str, fix: str = "", *, severity: str = "") -> None:
        """Take in one finding that is always told."""
        found = finding(rule, where, message, fix)
        self._found.append(found._replace(severity=severity) if severity else found)

    def add_one_of_many(self, rule: str, where: Where, message: str, fix: str = "") -> None:
        """Take in a finding whose like may come thousands of times: those after the first few are counted."""
        self._count[rule] += 1
        if self._count[rule] <= _MANY:
            self.add(rule, where, message, fix)
        else:
            self._last[rule] = finding(rule, where, message, fix)

    def all(self) -> list[Finding]:
        """Return what was found, ending with one line for each rule that was cut short."""
        rest = [
            last._replace(
                where=last.where._replace(row=0, column="", cell=""),
                message=f"{self._count[rule] - _MANY} more of the same, the last at {last.where}",
            )
            for rule, last in self._last.items()
        ]
        return [*self._found, *rest]


def known_sheet(name: str) -> str:
    """Return the canonical name of a sheet called `name`, or ``""`` for one that is not ours.

    Examples
    --------
    >>> known_sheet("Coding Sheet"), known_sheet("budget")
    ('extractions', '')
    """
    key = folded(name)
    if key in _BESIDE:
        return key
    spec = _SHEETS_BY_NAME.get(key)
    return spec.name if spec else ""


def needs_care(text: str) -> bool:
    """Whether any cell in `text` may need :func:`clean`; one fast look at a whole file."""
    raw = text.encode("utf-8", "surrogatepass")
    return (
        len(raw.translate(None, _UNPRINTABLE_BYTES)) != len(raw)
        or ESCAPE_MARK in text
        or (len(raw) > len(text) and any(re.search(pattern, raw) for pattern in _UNPRINTABLE_WIDE))
    )


def clean(text: str) -> tuple[str, str]:
    r"""Return a cell's text as it is handed over, and the first character that had to be replaced (or ``""``).

    Line ends become ``\n``; what cannot be printed becomes a space; space around
    the text goes; an escape mark before it is taken off.

    Examples
    --------
    >>> clean(" two\r\nlines\x07 ")
    ('two\nlines', '\x07')
    """
    if text.isprintable():
        return text.strip(), ""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    replaced = _UNPRINTABLE.search(text)
    if replaced:
        text = _UNPRINTABLE.sub(" ", text)
    text = text.strip()
    return text.removeprefix(ESCAPE_MARK), replaced.group() if replaced else ""


def _matches(cells: Iterable[str], names: frozenset[str]) -> int:
    return len({folded(cell) for cell in cells if cell} & names)


def header_names(cells: Iterable[str]) -> int:
    """Return how many cells are headers of whichever sheet they fit best."""
    found = {folded(cell) for cell in cells if cell}
    return max(len(found & names) for names in _HEADERS_OF.values())


def sheet_of(
    name: str,
    where: Where,
    lines: Iterable[tuple[int, Sequence[str]]],
    findings: Findings,
    *,
    careful: bool,
    every_column: bool = False,
) -> RawSheet | None:
    """Make a sheet of numbered lines of cells.

    Parameters
    ----------
    name : str
        Name of the sheet as written.
    where : Where
        The file or sheet as a whole.
    lines : iterable of (int, sequence of str)
        Number of the line or row, and its cells.
    findings : Findings
        Takes in what is found.
    careful : bool
        Whether cells may need :func:`clean`.
    every_column : bool
        Keep the place of columns that are empty altogether, so that the position of
        a header is the position of its column (cell addresses of a workbook).

    Returns
    -------
    RawSheet or None
        None when there is not a single cell, or nothing but the template's own rows in a sheet that a review can do
        without.
    """
    numbered = iter(lines)
    header, ahead = _header(name, where, numbered, findings)
    if header is None:
        # Workbooks come with blank sheets of their own, which mean nothing.
        if not where.sheet or known_sheet(name):
            _say_empty(where, findings, "it has not even a line of headers")
        return None
    number, cells = header
    names, blank = _names(where._replace(row=number), cells, findings)
    spec = _SHEETS_BY_NAME.get(folded(name))
    with _uninterrupted():
        rows, extra, skipped = _rows(where, names, blank, chain(ahead, numbered), findings, careful, folded(name), spec)
    if not rows:
        if skipped and known_sheet(name) not in ("", "articles", "extractions"):
            return None
        _say_empty(where, findings, "it has headers but no rows")
    used = set(blank)
    if used:
        filled = {key for row in rows for key in row.values.keys() & used}
        for position, key in enumerate(names):
            if key in filled:
                findings.add(
                    "blank-header",
                    where._replace(row=number, column=key),
                    f"column {column_letter(position + 1)} has cells but no header",
                    "give it a header, or empty it",
                )
        last = max((i for i, key in enumerate(names) if key not in used or key in filled), default=-1)
        names = [key for i, key in enumerate(names) if key not in used or key in filled or (every_column and i < last)]
    return RawSheet(name, where, (*names, *extra), tuple(rows))


def _say_empty(where: Where, findings: Findings, why: str) -> None:
    what = f"the sheet {where.sheet!r}" if where.sheet else where.file
    findings.add(
        "empty-sheet",
        where,
        f"{what} holds nothing: {why}",
        "write headers and rows into it (eaa-graph new makes a template to start from), or remove it",
    )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back the garbage collector: rows are all kept, and looking through them costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _header(
    name: str, where: Where, lines: Iterator[tuple[int, Sequence[str]]], findings: Findings
) -> tuple[tuple[int, list[str]] | None, list[tuple[int, Sequence[str]]]]:
    """Find the line of headers: the first with cells, unless a title stands above the real one."""
    ahead: list[tuple[int, Sequence[str]]] = []
    for line in lines:
        if any(cell.strip() for cell in line[1]):
            ahead.append(line)
            if len(ahead) == _LOOK_AHEAD:
                break
    if not ahead:
        return None, []
    spec = _SHEETS_BY_NAME.get(folded(name))
    at = 0
    if spec is not None:
        fits = [_matches((clean(cell)[0] for cell in cells), _HEADERS_OF[spec.name]) for _, cells in ahead]
        if fits[0] == 0 and max(fits) >= 2:
            at = fits.index(max(fits))
    for number, cells in ahead[:at]:
        text = " ".join(t for t in (clean(cell)[0] for cell in cells) if t)
        findings.add(
            "comment-row",
            where._replace(row=number),
            f"a line above the headers was skipped: {text[:80]!r}",
            "nothing, unless it holds data",
        )
    number, cells = ahead[at]
    headers = []
    for position, cell in enumerate(cells):
        text, replaced = clean(cell)
        if replaced:
            _say_replaced(findings, where._replace(row=number, column=text), position, replaced)
        headers.append(text)
    return (number, headers), ahead[at + 1 :]


def _names(where: Where, cells: list[str], findings: Findings) -> tuple[list[str], list[str]]:
    """Give every column a name of its own; return the names and those that stand for a blank header."""
    names: list[str] = []
    blank: list[str] = []
    taken = set(cells)
    seen: set[str] = set()  # a crafted line may have a hundred thousand headers: look none of them up in a list
    for position, cell in enumerate(cells):
        if not cell:
            name = _free(f"column {column_letter(position + 1)}", taken)
            blank.append(name)
        elif cell in seen:
            name = _free(f"{cell} (column {column_letter(position + 1)})", taken)
            findings.add(
                "duplicate-header",
                where._replace(column=cell),
                f"two columns are headed {cell!r}; the first is used, the other is kept as {name!r}",
                "rename or remove one of the two",
            )
        else:
            name = cell
        names.append(name)
        seen.add(name)
        taken.add(name)
    return names, blank


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free = f"{name} ({number})"
        number += 1
    return free


def _rows(
    where: Where,
    names: list[str],
    blank: list[str],
    lines: Iterable[tuple[int, Sequence[str]]],
    findings: Findings,
    careful: bool,
    sheet: str,
    spec: SheetSpec | None,
) -> tuple[list[Row], list[str], int]:
    """Make the rows; return them, the names of the columns beyond the header, and how many rows were the template's."""
    width = len(names)
    needed = max((i for i, name in enumerate(names, 1) if name not in blank), default=0)
    file, tab = where.file, where.sheet
    beyond: dict[int, str] = {}
    marks = (COMMENT_MARK[0], EXAMPLE_MARK[0], EXAMPLE_MARK[0].upper())
    rows: list[Row] = []
    skipped = 0
    strip = str.strip
    for number, cells in lines:
        if careful:
            values = _careful(where._replace(row=number), names, cells, findings)
        else:
            # map() and zip() run in C: this line is most of what reading a large file costs.
            values = {name: text for name, text in zip(names, map(strip, cells)) if text}  # noqa: B905
        if len(cells) != width:
            _ragged(where._replace(row=number), names, needed, cells, values, beyond, findings)
        if not values:
            continue
        first = cells[0]
        if (
            first
            and (first[0] in marks or first[0] == " ")
            and _is_template_row(where._replace(row=number), first.strip(), values, findings, sheet, spec)
        ):
            skipped += 1
            continue
        rows.append(Row(Where(file, tab, number), values))
    return rows, [beyond[position] for position in sorted(beyond)], skipped


def _careful(where: Where, names: list[str], cells: Sequence[str], findings: Findings) -> dict[str, str]:
    values: dict[str, str] = {}
    for position, (name, cell) in enumerate(zip(names, cells, strict=False)):
        text, replaced = clean(cell)
        if replaced:
            _say_replaced(findings, where._replace(column=name), position, replaced)
        if text:
            values[name] = text
    return values


def _say_replaced(findings: Findings, where: Where, position: int, char: str) -> None:
    if where.sheet:
        where = where._replace(cell=f"{column_letter(position + 1)}{where.row}")
    findings.add_one_of_many(
        "control-characters",
        where,
        f"the cell holds U+{ord(char):04X}, which cannot be printed; it was replaced by a space",
        "retype the cell",
    )


def _ragged(
    where: Where,
    names: list[str],
    needed: int,
    cells: Sequence[str],
    values: dict[str, str],
    beyond: dict[int, str],
    findings: Findings,
) -> None:
    width = len(names)
    if len(cells) < width:
        if values and len(cells) < needed:
            findings.add_one_of_many(
                "ragged-row",
                where,
                f"the row has {len(cells)} cells, the header {needed}; the missing ones read as empty",
                "check that no separator is missing",
            )
        return
    extra: list[str] = []
    taken: set[str] = set()
    for position in range(width, len(cells)):
        text, replaced = clean(cells[position])
        if not text:
            continue
        if position not in beyond:
            taken = taken or {*names, *beyond.values()}  # once a row: a row may have very many cells too many
            beyond[position] = _free(f"column {column_letter(position + 1)}", taken)
            taken.add(beyond[position])
        name = beyond[position]
        if replaced:
            _say_replaced(findings, where._replace(column=name), position, replaced)
        values[name] = text
        extra.append(name)
    if extra:
        findings.add_one_of_many(
            "ragged-row",
            where,
            f"the row has {len(cells)} cells, the header {width}; the others are kept as {', '.join(map(repr, extra))}",
            'put quotation marks around a cell that holds the separator ("a, b"), or give the column a header',
        )


def _is_template_row(
    where: Where, first: str, values: dict[str, str], findings: Findings, sheet: str, spec: SheetSpec | None
) -> bool:
    start = first.casefold()
    if start.startswith(COMMENT_MARK):
        findings.add("comment-row", where, "the row of explanations was skipped", "nothing; you may delete it")
        return True
    if not start.startswith(EXAMPLE_MARK):
        return False
    written = {folded(name): text for name, text in values.items()}
    for name, text in written.items():
        if text.casefold().startswith(EXAMPLE_MARK):
            written[name] = text[len(EXAMPLE_MARK) :].strip()
            break
    kind = spec.name if spec else sheet
    examples = example_rows(kind) if spec or kind in ("people", "phases") else ()
    if any(written.items() <= {folded(k): v for k, v in example.items()}.items() for example in examples):
        findings.add(
            "example-row",
            where,
            "the template's example row was skipped",
            f"delete it, or take {EXAMPLE_MARK!r} off to read it",
        )
    else:
        findings.add(
            "example-row",
            where,
            f"this row was edited but still begins with {EXAMPLE_MARK!r}: it was skipped",
            f"take {EXAMPLE_MARK!r} off its first cell to have it read",
            severity="warning",
        )
    return True
