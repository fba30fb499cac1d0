"""An empty review to start from: every sheet with its headers, what they mean, and an example.

Under the headers stands a row of explanations, then one or more example rows.
The first cell of either begins with a mark (``# explained:``, ``example:``), and
readers skip it with a finding. The examples of all sheets belong together: taking
``example:`` off the first cell of every one of them gives a small review that builds
without a warning. Writing over an example row without taking the mark off is
told as a warning, so that nobody's first row is lost quietly.
"""

from __future__ import annotations

__all__ = ["new_folder", "new_workbook"]

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eaa_graph.errors import EaaError, UnknownName
from eaa_graph.model import (
    COMMENT_MARK,
    EXAMPLE_MARK,
    HEURISTICS,
    PERSON_KINDS,
    PHASE_KINDS,
    ROLES,
    SHEETS,
    ColumnSpec,
    column_letter,
    example_rows,
)
from eaa_graph.settings import DEFAULT_BASE_IRI
from eaa_graph.writers.csv_folder import csv_text, toml_text
from eaa_graph.writers.rows import PEOPLE_COLUMNS, PHASE_COLUMNS
from eaa_graph.writers.whole import write_whole
from eaa_graph.writers.xlsx import saved

#: Rows of the template's sheets that drop-downs and references reach down to.
_DEPTH = 5000
_FIRST_ROW = 3
_BOM = "\ufeff"

#: Keys of the review itself: name, example, meaning, whether the template fills it in.
_REVIEW_KEYS = (
    ("title", "", "Title of the review."),
    ("id", "my-review", "Short name without spaces; it becomes part of every web address of the review."),
    ("question", "", "The review question."),
    ("citation", "", "How to cite the review, once there is something to cite."),
    ("doi", "", "DOI of its publication, without https://doi.org/."),
    ("based_on", "", "The work whose framework or data it builds on."),
    ("licence", "", "Licence of your codings, such as CC-BY-4.0."),
    ("language", "en", "Language of labels and statements: en, de, ..."),
    ("base_iri", DEFAULT_BASE_IRI, "Where the web addresses of the review begin; must end in /."),
    (
        "heuristic",
        "CMO",
        "Which parts a configuration has: " + "; ".join(f"{k} ({', '.join(v)})" for k, v in HEURISTICS.items()) + ".",
    ),
    (
        "preferred_coder",
        "",
        "Whose codings are counted when several people coded the same articles, such as consensus.",
    ),
)


class _Page(NamedTuple):
    name: str
    meaning: str
    columns: tuple[ColumnSpec, ...]
    examples: tuple[Mapping[str, str], ...]


def _pages(heuristic: str) -> list[_Page]:
    """Return the sheets for `heuristic`: columns of roles it does not use are left out."""
    left_out = {role + "s" for role in ROLES if role not in HEURISTICS[heuristic]}
    return [
        _Page(name, spec.meaning, tuple(c for c in spec.columns if c.name not in left_out), example_rows(name))
        for name, spec in SHEETS.items()
    ]


def _beside() -> list[_Page]:
    choices = {"people": PERSON_KINDS, "phases": PHASE_KINDS}
    return [
        _Page(
            name,
            meaning,
            tuple(
                ColumnSpec(column, text, "id" if column == "id" else "choice", choices=choices[name])
                if column in ("id", "kind")
                else ColumnSpec(column, text)
                for column, text in columns
            ),
            example_rows(name),
        )
        for name, meaning, columns in (
            ("people", "Who codes, appraises or decides.", PEOPLE_COLUMNS),
            ("phases", "The phases of coding.", PHASE_COLUMNS),
        )
    ]


def _checked(heuristic: str) -> str:
    for known in HEURISTICS:
        if heuristic.casefold() == known.casefold():
            return known
    raise UnknownName("heuristic", heuristic, HEURISTICS)


def _explained(page: _Page) -> list[str]:
    texts = []
    for position, column in enumerate(page.columns):
        text = column.meaning
        if column.choices:
            text += f" One of: {', '.join(column.choices)}."
        if column.required:
            text += " Needed."
        texts.append(f"{COMMENT_MARK} {text}" if not position else text)
    return texts


def _examples(page: _Page) -> list[list[str]]:
    rows = []
    for example in page.examples:
        cells = [example.get(column.name, "") for column in page.columns]
        cells[0] = EXAMPLE_MARK + cells[0]
        rows.append(cells)
    return rows


def _review_values(title: str, heuristic: str, name: str) -> dict[str, str]:
    own = "".join(c if c.isalnum() and c.isascii() else "-" for c in name.casefold()).strip("-") or "my-review"
    return {"title": title or name, "id": own, "language": "en", "base_iri": DEFAULT_BASE_IRI, "heuristic": heuristic}


# --- a folder ---------------------------------------------------------------------------------


def new_folder(path: Path, title: str = "", heuristic: str = "CMO") -> list[Path]:
    """Write a review folder to start from.

    Parameters
    ----------
    path : Path
        The folder; it must not be there yet, or be empty.
    title : str
        Title of the review; the folder's name if not given.
    heuristic : str
        A key of :data:`eaa_graph.model.HEURISTICS`; columns of other roles are left out.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    EaaError
        If there is something at `path` already: nothing is ever written over.
    UnknownName
        If there is no such heuristic.
    StoreUnavailable
        If a file cannot be written.
    """
    heuristic = _checked(heuristic)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise EaaError(f"there is something at {path} already, and nothing is written over; choose another name")
    written = [write_whole(path / "review.toml", _review_toml(_review_values(title, heuristic, path.resolve().name)))]
    for page in _pages(heuristic):
        text = csv_text([c.name for c in page.columns], [_explained(page), *_examples(page)], template=True)
        written.append(write_whole(path / f"{page.name}.csv", _BOM + text))
    return written


def _review_toml(values: Mapping[str, str]) -> str:
    lines = [
        "# What eaa-graph is told of the review as a whole. A line that begins with # is not read:",
        "# to use one of the keys below, take its # off and write between the quotation marks.",
        "",
        "[review]",
    ]
    for name, example, meaning in _REVIEW_KEYS:
        lines += [
            f"# {meaning}",
            f"{'' if name in values else '# '}{name} = {toml_text(values.get(name, example))}",
            "",
        ]
    lines += [
        "# What separates the items of a list in the sheets, if not |.",
        '# list_separator = "|"',
        "",
        "# The people (and software) that the sheets name as coder, assessor or author; one block each.",
    ]
    for page, intro in zip(_beside(), ("", "# The phases of coding; one block each."), strict=True):
        lines += [intro] if intro else []
        lines += [f"# [[{page.name}]]"]
        for column in page.columns:
            example = page.examples[0].get(column.name, "")
            value = "[]" if column.name == "reads" else toml_text(example)
            lines.append(f"# {column.name} = {value}    # {column.meaning.replace(', joined with |', '')}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


# --- a workbook -------------------------------------------------------------------------------


def new_workbook(path: Path, title: str = "", heuristic: str = "CMO") -> list[Path]:
    """Write a workbook to start from, with drop-downs for choices and for ids of other sheets.

    Parameters
    ----------
    path : Path
        The file (``.xlsx``); it must not be there yet.
    title : str
        Title of the review; the file's name if not given.
    heuristic : str
        A key of :data:`eaa_graph.model.HEURISTICS`; columns of other roles are left out.

    Returns
    -------
    list of Path
        The file written.

    Raises
    ------
    EaaError
        If there is something at `path` already, or its suffix is not ``.xlsx``.
    UnknownName
        If there is no such heuristic.
    StoreUnavailable
        If the file cannot be written.
    """
    from openpyxl import Workbook

    heuristic = _checked(heuristic)
    if path.suffix.casefold() != ".xlsx":
        raise EaaError(f"{path.name} does not end in .xlsx, as a workbook should")
    if path.exists():
        raise EaaError(f"there is something at {path} already, and nothing is written over; choose another name")
    workbook = Workbook()
    pages = [*_pages(heuristic)[:3], *_beside(), *_pages(heuristic)[3:]]
    _read_me(workbook.active, pages, heuristic)
    name = path.resolve().parent.name if path.stem == "review" else path.stem
    _review_sheet(workbook.create_sheet("review"), _review_values(title, heuristic, name or "review"))
    for page in pages:
        _page(workbook.create_sheet(page.name), page)
    return [write_whole(path, saved(workbook))]


def _put(sheet: Any, row: int, column: int, text: str, **style: Any) -> Any:
    cell = sheet.cell(row, column)
    cell.value = text
    cell.data_type = "s"
    for name, value in style.items():
        setattr(cell, name, value)
    return cell


def _read_me(sheet: Any, pages: Sequence[_Page], heuristic: str) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.title = "read me first"
    sheet.column_dimensions["A"].width = 18
    sheet.column_dimensions["B"].width = 100
    lines = [
        ("", "A workbook for a realist review. This sheet is not read by eaa-graph."),
        ("", f"A configuration here has these parts: {', '.join(HEURISTICS[heuristic])} ({heuristic})."),
        (
            "",
            "Other parts can be added at any time as columns of extractions and configurations: "
            + ", ".join(role + "s" for role in ROLES if role not in HEURISTICS[heuristic])
            + ".",
        ),
        ("", "Only the sheets articles and extractions are needed; delete or leave empty the others."),
        ("", "The second row of each sheet explains the columns. It is not read, and you may delete it."),
        (
            "",
            f"Rows that begin with {EXAMPLE_MARK} show how a row is filled in. They are not read: write your own rows "
            f"below and delete them, or take {EXAMPLE_MARK} off in every sheet to try them out.",
        ),
        ("", "Several ids in one cell are joined with | (mixed-groups|trust); in configurations ' / ' means 'or'."),
        ("", "Columns of your own are welcome: they are kept with their rows."),
        ("", "When you have a few rows: eaa-graph check, then eaa-graph build, with the name of this file."),
        ("", ""),
        *((page.name, page.meaning) for page in pages),
    ]
    for number, (name, text) in enumerate(lines, 1):
        _put(sheet, number, 1, name, font=Font(bold=True))
        _put(sheet, number, 2, text, alignment=Alignment(wrap_text=True, vertical="top"))


def _review_sheet(sheet: Any, values: Mapping[str, str]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.datavalidation import DataValidation

    for column, (name, width) in enumerate((("key", 18), ("value", 60), ("what it means", 90)), 1):
        _put(sheet, 1, column, name, font=Font(bold=True))
        sheet.column_dimensions[column_letter(column)].width = width
    for number, (name, _, meaning) in enumerate(_REVIEW_KEYS, 2):
        _put(sheet, number, 1, name)
        if name in values:
            _put(sheet, number, 2, values[name])
        _put(sheet, number, 3, meaning, font=Font(italic=True), alignment=Alignment(wrap_text=True, vertical="top"))
        if name == "heuristic":
            choice = DataValidation("list", formula1=f'"{",".join(HEURISTICS)}"', allow_blank=True)
            choice.add(f"B{number}")
            sheet.add_data_validation(choice)
    sheet.freeze_panes = "A2"


_WIDTHS = {"id": 20, "year": 8, "count": 9, "date": 12, "flag": 10, "choice": 14, "ref": 20, "refs": 24, "slot": 26}


def _page(sheet: Any, page: _Page) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill

    bold, italic, grey = Font(bold=True), Font(italic=True, color="FF595959"), Font(color="FF595959")
    shade = PatternFill("solid", fgColor="FFE8EEF4")
    explained = _explained(page)
    for position, column in enumerate(page.columns, 1):
        letter = column_letter(position)
        width = _WIDTHS.get(column.kind, 50 if column.name in ("quote", "statement", "definition", "summary") else 28)
        dimension = sheet.column_dimensions[letter]
        dimension.width = width
        # What is typed into these stays as typed: 007, 1e5 and 3/4 are names, not numbers.
        form = {"date": "yyyy-mm-dd", "year": "0", "count": "0"}.get(column.kind, "General")
        if column.kind in ("id", "ref", "refs", "slot", "texts", "choice", "flag"):
            form = "@"
        dimension.number_format = form
        header = _put(sheet, 1, position, column.name, font=bold, fill=shade)
        note = explained[position - 1].removeprefix(COMMENT_MARK).strip()
        header.comment = Comment(note, "eaa-graph", height=110, width=260)
        _put(
            sheet,
            2,
            position,
            explained[position - 1],
            font=italic,
            alignment=Alignment(wrap_text=True, vertical="top"),
        )
    for number, cells in enumerate(_examples(page), _FIRST_ROW):
        for position, text in enumerate(cells, 1):
            if text:
                form = sheet.column_dimensions[column_letter(position)].number_format
                _put(sheet, number, position, text, font=grey, number_format=form)
    sheet.freeze_panes = "B2"
    _drop_downs(sheet, page)


def _drop_downs(sheet: Any, page: _Page) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    for position, column in enumerate(page.columns, 1):
        if column.kind == "choice":
            formula, strict = f'"{",".join(column.choices)}"', True
        elif column.kind == "flag":
            formula, strict = '"yes,no"', True
        elif column.kind in ("ref", "refs", "slot"):
            formula, strict = f"{column.refers_to[0]}!$A${_FIRST_ROW}:$A${_DEPTH}", False
        else:
            continue
        choice = DataValidation("list", formula1=formula, allow_blank=True)
        # A list of ids joined by | is no item of the drop-down, and must be allowed.
        choice.showErrorMessage = strict
        choice.errorTitle, choice.error = column.name, f"Choose one of: {', '.join(column.choices) or 'yes, no'}."
        letter = column_letter(position)
        choice.add(f"{letter}{_FIRST_ROW}:{letter}{_DEPTH}")
        sheet.add_data_validation(choice)
