"""The document: headings, paragraphs, tables, figures, prompts, in the order of reading.

It is made once and written three times (Word, HTML, Markdown). A number in its prose is
never typed: it is a :class:`Number`, which knows the cell of the table that it came from, so
that a test can hold every number of a report to the measure behind it. Words of the team's
own are :class:`Own`, so that they are told from ours.
"""

from __future__ import annotations

__all__ = [
    "Anchored",
    "Block",
    "Bullets",
    "Cite",
    "Document",
    "FigureBlock",
    "Heading",
    "Link",
    "Number",
    "Own",
    "Paragraph",
    "Piece",
    "Prompt",
    "Ref",
    "Strong",
    "TableBlock",
    "number",
    "plain",
    "things",
    "words",
]

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from eaa_graph.tables import Cell, Column, Table, Thing
from eaa_graph.writers.tables import cell_text

# --- pieces of a paragraph -------------------------------------------------------------------


class Own(NamedTuple):
    """Words of the review itself: a title, a label, a statement, a reason."""

    text: str


class Strong(NamedTuple):
    """Words that stand out."""

    text: str


class Number(NamedTuple):
    """A number with the cell that it came from.

    Attributes
    ----------
    value : int or float
    table : str
        Name of the table.
    row : int
        Place of the row, from 0.
    column : str
        Name of the column.
    """

    value: int | float
    table: str
    row: int
    column: str


class Ref(NamedTuple):
    """A cross-reference to a table, figure or section."""

    target: str


class Cite(NamedTuple):
    """An article, by the review's own id; leads to its reference."""

    article: str


class Link(NamedTuple):
    """An address outside; nothing is fetched from it."""

    text: str
    address: str


Piece = str | Own | Strong | Number | Ref | Cite | Link


def number(table: Table, row: int, column: str) -> Number:
    """Return the number in a cell, with where it came from.

    Raises
    ------
    TypeError
        If the cell holds no number: prose must not count what no measure counted.
    """
    value = table.rows[row][table.index(column)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{table.name}: row {row}, column {column} holds {value!r}, not a number")
    return Number(value, table.name, row, column)


# --- blocks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is a section of the document."""

    level: int
    pieces: tuple[Piece, ...]
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph.

    Attributes
    ----------
    pieces : tuple of Piece
    style : str
        ``""`` running text, ``"quote"`` the author's own sentence, ``"note"`` small print, ``"reference"``,
        ``"subtitle"``.
    anchor : str
        For references.
    """

    pieces: tuple[Piece, ...]
    style: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list without order."""

    items: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True)
class Prompt:
    """What only people can write; stands out until it is replaced."""

    text: str


@dataclass(frozen=True)
class TableBlock:
    """A table, or a choice of its rows and columns, with a caption.

    Attributes
    ----------
    anchor : str
    caption : str
    source : Table
        The answer of a measure or question, whole.
    columns : tuple of str
        Columns shown, in this order; all of them if empty.
    rows : tuple of int or None
        Rows shown; all of them if None.
    titles : tuple of (str, str)
        Shorter headings for the page, by column name.
    notes : tuple of str
        Small print under the table, after what the source says of itself.
    landscape : bool
        Needs the long side of the page.
    short_note : bool
        Leaves out the source's own note because another table of the same section carries it.
    """

    anchor: str
    caption: str
    source: Table
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] | None = None
    titles: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    landscape: bool = False
    short_note: bool = False

    @property
    def heads(self) -> tuple[Column, ...]:
        """The columns shown, under the headings shown."""
        shorter = dict(self.titles)
        chosen = self.columns or tuple(c.name for c in self.source.columns)
        by_name = {c.name: c for c in self.source.columns}
        titles = {n: shorter.get(n, by_name[n].title) for n in chosen}
        return tuple(by_name[n]._replace(title=title[:1].upper() + title[1:]) for n, title in titles.items())

    @property
    def body(self) -> tuple[tuple[Cell, ...], ...]:
        """The cells shown."""
        places = [self.source.index(c.name) for c in self.heads]
        shown = range(len(self.source.rows)) if self.rows is None else self.rows
        return tuple(tuple(self.source.rows[r][p] for p in places) for r in shown)

    def is_number(self, position: int) -> bool:
        """Whether every filled cell of a column shown is a number: set to the right."""
        cells = [row[position] for row in self.body if row[position] is not None]
        return bool(cells) and all(isinstance(c, int | float) and not isinstance(c, bool) for c in cells)

    @property
    def small_print(self) -> tuple[str, ...]:
        """What is counted, out of what, what it can show, after whom; and notes of the document's own."""
        table = self.source
        said = ", out of ".join(part for part in (table.unit, table.denominator) if part)
        lines = [f"Counted in {said}." if said else ""]
        lines += ["" if self.short_note else _stopped(table.note), *(_stopped(n) for n in self.notes)]
        lines += [f"After {table.source}." if table.source and not self.short_note else ""]
        return tuple(line for line in lines if line)


@dataclass(frozen=True)
class FigureBlock:
    """A figure.

    Attributes
    ----------
    anchor, caption : str
    name : str
        Of the file that holds it.
    svg : str
        A whole SVG document.
    alt : str
        The figure in words.
    table : str
        Anchor of the table that says the same in numbers.
    """

    anchor: str
    caption: str
    name: str
    svg: str
    alt: str
    table: str = ""


Block = Heading | Paragraph | Bullets | Prompt | TableBlock | FigureBlock


def _stopped(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "!", "?")) else text + "."


class Anchored(NamedTuple):
    """What a cross-reference leads to: ``Table 3``, ``Figure 1`` or the title of a section."""

    kind: str
    number: int
    text: str


@dataclass(frozen=True)
class Document:
    """A whole document.

    Attributes
    ----------
    title : str
    subtitle : str
    language : str
        Of the text that is not the review's own.
    own_language : str
        Of labels and statements of the review.
    blocks : tuple of Block
    tables : dict of str to Table
        Every table that a number or a table of the document comes from, by name.
    """

    title: str
    subtitle: str
    language: str
    own_language: str
    blocks: tuple[Block, ...]
    tables: dict[str, Table] = field(default_factory=dict)

    @cached_property
    def anchors(self) -> dict[str, Anchored]:
        """What every anchor names, with its number in the order of reading."""
        found: dict[str, Anchored] = {}
        counts = {"Table": 0, "Figure": 0}
        for block in self.blocks:
            if isinstance(block, TableBlock | FigureBlock):
                kind = "Table" if isinstance(block, TableBlock) else "Figure"
                counts[kind] += 1
                found[block.anchor] = Anchored(kind, counts[kind], f"{kind} {counts[kind]}")
            elif isinstance(block, Heading) and block.anchor:
                found[block.anchor] = Anchored("Section", 0, plain(block.pieces))
            elif isinstance(block, Paragraph) and block.anchor:
                found[block.anchor] = Anchored("Reference", 0, plain(block.pieces))
        return found

    def pieces(self) -> Iterator[Piece]:
        """Yield every piece of prose, headings and lists included."""
        for block in self.blocks:
            if isinstance(block, Heading | Paragraph):
                yield from block.pieces
            elif isinstance(block, Bullets):
                for item in block.items:
                    yield from item


def plain(pieces: Iterable[Piece]) -> str:
    """Return pieces as text without marks; a cross-reference shows its target's name only in a document."""
    told = []
    for piece in pieces:
        if isinstance(piece, str):
            told.append(piece)
        elif isinstance(piece, Number):
            told.append(cell_text(piece.value))
        elif isinstance(piece, Cite):
            told.append(piece.article)
        elif isinstance(piece, Ref):
            told.append(piece.target)
        else:
            told.append(piece.text)
    return "".join(told)


def words(cell: Cell) -> str:
    """Return a cell as the report prints it: articles by their ids, as they are cited."""
    found = things(cell)
    if not found:
        return cell_text(cell)
    return ", ".join(t.id if t.kind == "article" else t.label for t in found)


def things(cell: Cell) -> tuple[Thing, ...]:
    """Return the things of a cell: none, one or several."""
    if isinstance(cell, Thing):
        return (cell,)
    return tuple(t for t in cell if isinstance(t, Thing)) if isinstance(cell, tuple) else ()
