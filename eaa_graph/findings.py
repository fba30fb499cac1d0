"""Problems and gaps as data: what was found, where, and what to do about it.

A finding is never raised and never dropped. Each has the code of its rule;
:data:`RULES` says of every rule how severe it is and whether the row it names
was set aside (did not become a record).
"""

from __future__ import annotations

__all__ = ["RULES", "SEVERITIES", "Finding", "Rule", "Where", "finding", "rows_aside", "worst"]

from collections.abc import Iterable
from typing import NamedTuple

#: From the least to the most severe.
SEVERITIES = ("note", "warning", "error")


class Where(NamedTuple):
    """The place a value came from; it travels with the value.

    Attributes
    ----------
    file : str
        File name as the user knows it (``extractions.csv``, ``review.xlsx``).
    sheet : str
        Sheet of a workbook; empty for a file that is one table.
    row : int
        Line of a text file or row of a sheet, counted from 1; 0 for the whole.
    column : str
        Header of the column as written; empty for the whole row.
    cell : str
        Address in a workbook (``B7``), or an identifier inside the file (a GUID).
    """

    file: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    cell: str = ""

    def __str__(self) -> str:
        place = f"{self.file}!{self.sheet}" if self.sheet else self.file
        if self.cell:
            place += f"!{self.cell}"
        elif self.row:
            place += f":{self.row}"
        return f"{place} ({self.column})" if self.column else place


class Finding(NamedTuple):
    """One problem, slip or gap.

    Attributes
    ----------
    rule : str
        Code of the rule (see :data:`RULES`, or the name of a gap rule).
    severity : str
        ``error`` (part of the input could not be used), ``warning`` (used, but look),
        ``note`` (worth knowing).
    where : Where
        File, row and column.
    message : str
        What is the matter, with the value in question.
    fix : str
        What to do about it.
    """

    rule: str
    severity: str
    where: Where
    message: str
    fix: str = ""

    @property
    def sets_row_aside(self) -> bool:
        """Whether the row named did not become a record."""
        rule = RULES.get(self.rule)
        return rule is not None and rule.sets_row_aside


class Rule(NamedTuple):
    """What the findings of one rule have in common."""

    severity: str
    meaning: str
    sets_row_aside: bool = False


#: Every rule of reading and checking. Gap rules live in `gaps/` and `queries/gaps/`.
RULES: dict[str, Rule] = {
    # --- reading -----------------------------------------------------------
    "encoding-guessed": Rule("warning", "The file is not UTF-8; it was read in another encoding."),
    "bytes-replaced": Rule("error", "Some bytes make no sense in the file's encoding; they show as \ufffd."),
    "stray-quote": Rule("warning", "A quotation mark stands where none belongs, or is never closed."),
    "ragged-row": Rule("warning", "The row has more or fewer cells than the header."),
    "blank-header": Rule("warning", "A column has cells but no header; it is kept under its column letter."),
    "duplicate-header": Rule("error", "Two columns have one header or are synonyms; the first is used."),
    "header-matched": Rule("note", "The header is a documented synonym of the column's name."),
    "unknown-column": Rule("note", "The column is not one of ours; its values are kept as attributes."),
    "unknown-sheet": Rule("note", "The file or sheet is not one of ours; it is left alone."),
    "missing-sheet": Rule("error", "A sheet that a review needs is missing."),
    "missing-column": Rule("error", "A column that the sheet needs is missing."),
    "empty-sheet": Rule("warning", "The sheet has no rows."),
    "merged-cells": Rule("warning", "Merged cells: only the top-left cell has a value."),
    "hidden-cells": Rule("warning", "Hidden sheets, rows or columns were read like the others."),
    "cell-comment": Rule("note", "Cells carry comments; these are not part of the data and are left alone."),
    "formula-without-value": Rule("warning", "A formula whose result is not stored in the file reads as empty."),
    "cell-error": Rule("warning", "A cell holds a spreadsheet error such as #REF!; it reads as empty."),
    "control-characters": Rule("warning", "Characters that cannot be printed were replaced by a space."),
    "example-row": Rule("note", "The example row of the template was skipped.", sets_row_aside=True),
    "comment-row": Rule("note", "The row of explanations under the header was skipped.", sets_row_aside=True),
    # --- reading other software's files ---------------------------------------
    "file-damaged": Rule("error", "Part of the file is damaged; what could be read was read."),
    "unsafe-path": Rule("error", "A path inside the file leads outside it; it was not followed."),
    "too-large": Rule("error", "A part of the file unpacks to more than any project needs; it was not read."),
    "unresolved-source": Rule(
        "warning", "A source is named but its text is not in the file; its codings are kept without their words."
    ),
    "text-positions": Rule(
        "warning",
        "Positions in a text were counted otherwise than the standard says; read as the passages' own words show.",
    ),
    "position-outside-text": Rule("error", "A passage lies outside its text; it is kept without its words."),
    "dangling-coding": Rule("error", "Something is coded with, or refers to, a thing that the file does not hold."),
    "duplicate-guid": Rule("warning", "Two things have one GUID; the first is kept."),
    "not-carried": Rule("note", "Part of the file has no place in a review; it stays in the file."),
    "mapping-guessed": Rule(
        "warning", "No mapping.toml says what the codes mean; roles were guessed from their names."
    ),
    "mapping-gap": Rule(
        "warning", "The mapping says nothing of some codes, sources or people, or speaks of some that are not there."
    ),
    "several-themes": Rule(
        "warning", "A passage carries several themes; the first is kept as its theme, all as an attribute."
    ),
    "entry-unreadable": Rule("error", "An entry of the file could not be read.", sets_row_aside=True),
    "article-matched": Rule(
        "note", "An entry is an article that the review already has (same DOI, or same title and year)."
    ),
    "article-doubtful": Rule("warning", "Two entries may be one article; they are kept apart."),
    "unclear-cell": Rule("warning", "A cell of a matrix says neither yes nor no; it is read as no."),
    "sub-heading": Rule("note", "A merged row of a table is a heading, not a configuration.", sets_row_aside=True),
    "sentence-unread": Rule("warning", "A sentence is not of the form 'If C then O because M'.", sets_row_aside=True),
    "needs-confirmation": Rule(
        "warning", "A proposal was made from text; a person has to confirm it before it counts."
    ),
    "merge-conflict": Rule("warning", "Two folders say different things of one thing; neither was overwritten."),
    "import-gone": Rule("note", "Something imported before is no longer in the file; it is kept."),
    # --- rows that cannot become a record -----------------------------------
    "missing-id": Rule("error", "The row has no id.", sets_row_aside=True),
    "bad-id": Rule("error", "The id contains a separator or something that cannot be printed.", sets_row_aside=True),
    "duplicate-id": Rule("error", "The id was used before; the first row is kept.", sets_row_aside=True),
    "repeated-row": Rule("warning", "The row repeats an earlier row exactly.", sets_row_aside=True),
    "missing-value": Rule("error", "A cell that the row cannot do without is empty.", sets_row_aside=True),
    "unknown-reference": Rule("error", "The cell names something that is not there.", sets_row_aside=True),
    "bad-record": Rule("error", "The row breaks a rule of its record.", sets_row_aside=True),
    # --- cells that could not be used, in rows that are kept -----------------
    "wrong-value": Rule(
        "error", "The cell is not one of the allowed values; the row is kept, the cell's text as an attribute."
    ),
    "wrong-date": Rule(
        "error", "The cell is not a date (YYYY-MM-DD); the row is kept, the cell's text as an attribute."
    ),
    "wrong-number": Rule(
        "error", "The cell is not a number of the kind needed; the row is kept, the cell's text as an attribute."
    ),
    "dangling-reference": Rule(
        "error", "One of the ids in a list is not there; the row is kept without it, the cell's text as an attribute."
    ),
    "stray-separator": Rule("warning", "A list has an empty place between, before or after its separators."),
    "repeated-in-list": Rule("warning", "A list names one thing twice; it counts once."),
    "likely-separator": Rule("warning", "A list cell holds ';' or ',' but no '|': it was read as one name."),
    "near-duplicate": Rule("warning", "Two names differ only in case, accents or spaces; they are kept apart."),
    "unlisted-concept": Rule("warning", "A code is used that the codebook does not list; it is taken as coded."),
    "matched-by-label": Rule(
        "note", "A concept is named by its label or a listed synonym; it is read as that concept."
    ),
    "preferred-coder-unused": Rule("warning", "review.toml prefers a coder who coded nothing."),
    "no-codebook": Rule("warning", "There is no sheet of concepts; labels are taken as coded."),
    "unlisted-person": Rule("note", "A coder, author or assessor is not listed in review.toml; taken as named."),
    "unlisted-phase": Rule("note", "A phase is not listed in review.toml; taken as named."),
    "kind-mismatch": Rule("note", "A concept is used in another role than the codebook lists it for."),
    "unknown-key": Rule("warning", "A key of review.toml is not one of ours; it is kept as an attribute."),
    "bad-review-file": Rule("error", "review.toml is not well-formed; nothing of it was used."),
    "no-review-file": Rule("warning", "There is no review.toml; the folder's name serves as title."),
    "no-quote": Rule("note", "Extractions carry no quote: a reader cannot go back to the words."),
    # --- arithmetic and logic across rows ------------------------------------
    "flow-arithmetic": Rule("error", "The counts of the document flow do not add up."),
    "figure-arithmetic": Rule("error", "The parts of a reported figure do not add up to the whole."),
    "revision-cycle": Rule("error", "Theory versions revise each other in a circle."),
    "concept-cycle": Rule("error", "Concepts are broader than each other in a circle."),
    "no-extractions": Rule("note", "There are no coded extractions: only what the review itself reports can be shown."),
    "reported-conflict": Rule(
        "warning", "An extraction codes a theme that the same coder says the article does not report."
    ),
    # --- theory ---------------------------------------------------------------
    "change-not-recorded": Rule("warning", "Two theory versions differ and no change is recorded for it."),
    "change-without-reason": Rule("warning", "A change of the theory is recorded without its reason."),
    "change-shows-no-difference": Rule("warning", "A recorded change shows in no difference between the versions."),
}


def finding(rule: str, where: Where, message: str, fix: str = "") -> Finding:
    """Make a finding of a rule of :data:`RULES`, with that rule's severity.

    Raises
    ------
    KeyError
        If the rule is not in the table: a rule without a meaning cannot be reported.
    """
    return Finding(rule, RULES[rule].severity, where, message, fix)


def rows_aside(findings: Iterable[Finding]) -> int:
    """Return how many rows `findings` set aside; a row with several faults is one row.

    Examples
    --------
    >>> row = Where("articles.csv", row=3)
    >>> rows_aside([finding("missing-id", row, "no id"), finding("missing-value", row._replace(column="year"), "empty")])
    1
    """
    aside = [found.where for found in findings if found.sets_row_aside]
    rows = {(where.file, where.sheet, where.row) for where in aside if where.row}
    return len(rows) + sum(not where.row for where in aside)  # an entry of review.toml has no row


def worst(findings: Iterable[Finding]) -> str:
    """Return the highest severity among `findings`, or ``""`` for none.

    Examples
    --------
    >>> worst([])
    ''
    """
    rank = max((SEVERITIES.index(f.severity) for f in findings), default=-1)
    return SEVERITIES[rank] if rank >= 0 else ""
