"""A document under construction: blocks in the order of reading, and the tables that its numbers come from."""

from __future__ import annotations

__all__ = ["Draft", "cites", "label"]

from collections.abc import Iterable, Sequence

from eaa_graph.report.document import (
    Block,
    Bullets,
    Cite,
    FigureBlock,
    Heading,
    Number,
    Own,
    Paragraph,
    Piece,
    Prompt,
    Strong,
    TableBlock,
    number,
)
from eaa_graph.report.material import Picture
from eaa_graph.tables import Table


class Draft:
    """Collects the blocks of a document.

    Attributes
    ----------
    blocks : list of Block
    tables : dict of str to Table
        Every table used, by name.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.tables: dict[str, Table] = {}

    def heading(self, level: int, text: str | Own, anchor: str = "") -> None:
        """Begin a section."""
        self.blocks.append(Heading(level, (text,), anchor))

    def say(self, *pieces: Piece, style: str = "", anchor: str = "") -> None:
        """Add a paragraph; one without pieces is left out."""
        if pieces:
            self.blocks.append(Paragraph(tuple(pieces), style, anchor))

    def points(self, items: Iterable[Sequence[Piece]]) -> None:
        """Add a list."""
        told = tuple(tuple(item) for item in items)
        if told:
            self.blocks.append(Bullets(told))

    def ask(self, text: str) -> None:
        """Add a prompt for what only people can write."""
        self.blocks.append(Prompt(text))

    def table(
        self,
        anchor: str,
        caption: str,
        source: Table,
        *,
        columns: tuple[str, ...] = (),
        rows: Sequence[int] | None = None,
        titles: tuple[tuple[str, str], ...] = (),
        notes: tuple[str, ...] = (),
        landscape: bool = False,
        short_note: bool = False,
    ) -> None:
        """Add a table."""
        self._known(source)
        shown = None if rows is None else tuple(rows)
        self.blocks.append(TableBlock(anchor, caption, source, columns, shown, titles, notes, landscape, short_note))

    def figure(self, anchor: str, caption: str, name: str, picture: Picture, table: str = "") -> None:
        """Add a figure; `table` is the anchor of the table that says the same in numbers."""
        self._known(picture.table)
        self.blocks.append(FigureBlock(anchor, caption, name, picture.svg, picture.told, table))

    def number(self, table: Table, row: int, column: str) -> Number:
        """Return the number in a cell, and keep the table for whoever wants to look it up."""
        self._known(table)
        return number(table, row, column)

    def count(self, table: Table, row: int, column: str, one: str, many: str = "") -> tuple[Piece, ...]:
        """Return a number with its noun in the right form."""
        found = self.number(table, row, column)
        return (found, f" {one if found.value == 1 else many or one + 's'}")

    def _known(self, table: Table) -> None:
        if self.tables.setdefault(table.name, table) != table:
            raise ValueError(f"two tables of the report are called {table.name!r}")


def cites(articles: Sequence[str]) -> tuple[Piece, ...]:
    """Return articles as citations, separated by commas."""
    pieces: list[Piece] = []
    for place, article in enumerate(articles):
        pieces += [", "] if place else []
        pieces.append(Cite(article))
    return tuple(pieces)


def label(text: str) -> tuple[Piece, ...]:
    """Return the opening words of an item, set apart."""
    return (Strong(text), " ")
