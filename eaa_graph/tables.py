"""`Table`: the one result type of queries, measures and gap rules.

A table says what it counts (unit), out of what (denominator), what can and
cannot be concluded (note) and where the method comes from (source); and it
opens: any row leads to the extractions behind it.
"""

from __future__ import annotations

__all__ = ["Cell", "Column", "Table", "Thing", "many"]

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from eaa_graph.errors import UnknownName


def many(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: one of a thing is one.

    Parameters
    ----------
    count : int
    noun : str
        The noun for one.
    plural : str
        The noun for several, where it is not the one with an s.

    Examples
    --------
    >>> many(1, "article"), many(1200, "article"), many(2, "study", "studies")
    ('1 article', '1,200 articles', '2 studies')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


class Thing(NamedTuple):
    """A thing of the review in a table cell: an article, a concept, a configuration.

    Attributes
    ----------
    kind : str
        ``article``, ``concept``, ``configuration``, ``extraction``, ``theory``, ``person``, ...
    id : str
        The user's own id.
    label : str
        What people read; the id where there is no label.
    """

    kind: str
    id: str
    label: str

    def __str__(self) -> str:
        return self.label


Cell = str | int | float | bool | Thing | tuple["Thing", ...] | None


class Column(NamedTuple):
    """One column of a table.

    Attributes
    ----------
    name : str
        Machine name: lower case, underscores.
    title : str
        What is printed above it.
    meaning : str
        One sentence, for documentation and tool tips.
    """

    name: str
    title: str
    meaning: str = ""


def _opens_nothing(_row: int, _column: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Table:
    """Rows of named columns with everything needed to read them honestly.

    Attributes
    ----------
    name, title : str
        Machine name and heading.
    columns : tuple of Column
    rows : tuple of tuple of Cell
        One tuple a row, as long as `columns`, in a stated and stable order.
    unit : str
        What the counts count: ``"articles"``, ``"extractions by consensus"``.
    denominator : str
        Out of what: ``"the 51 articles read"``.
    note : str
        What the numbers can and cannot show.
    source : str
        Paper or standard of the method; empty for plain counting.
    opens : callable
        ``opens(row, column)`` gives the ids of the extractions behind a cell, sorted.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    unit: str = ""
    denominator: str = ""
    note: str = ""
    source: str = ""
    opens: Callable[[int, str], tuple[str, ...]] = field(default=_opens_nothing, compare=False, repr=False)

    def __post_init__(self) -> None:
        width = len(self.columns)
        for number, row in enumerate(self.rows):
            if len(row) != width:
                raise ValueError(f"table {self.name}: row {number} has {len(row)} cells for {width} columns")

    def __len__(self) -> int:
        return len(self.rows)

    def index(self, column: str) -> int:
        """Return the position of the column called `column`; UnknownName if there is none."""
        for position, candidate in enumerate(self.columns):
            if candidate.name == column:
                return position
        raise UnknownName("column", column, [c.name for c in self.columns])

    def column(self, name: str) -> list[Cell]:
        """Return the cells of one column, top to bottom."""
        position = self.index(name)
        return [row[position] for row in self.rows]

    @property
    def counted(self) -> str:
        """Name of the column that a row is opened by if none is named: the first with numbers, or else the last."""
        for position, column in enumerate(self.columns):
            if any(isinstance(row[position], int | float) and not isinstance(row[position], bool) for row in self.rows):
                return column.name
        return self.columns[-1].name

    def records(self) -> Iterator[dict[str, Cell]]:
        """Yield each row as a mapping from column name to cell."""
        names = [c.name for c in self.columns]
        for row in self.rows:
            yield dict(zip(names, row, strict=True))

    def head(self, count: int) -> Table:
        """Return the table with its first `count` rows only."""
        return replace(self, rows=self.rows[:count])
