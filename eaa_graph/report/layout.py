"""How wide the columns of a table are, and whether it needs the long side of the page."""

from __future__ import annotations

__all__ = ["LONG", "SHORT", "Layout", "layout"]

from typing import NamedTuple

from eaa_graph.report.document import TableBlock, words

#: Usable width of an A4 page with margins of 20 mm, upright and lying, in millimetres.
SHORT, LONG = 170.0, 257.0
#: Width of a letter at one point of size, in millimetres: generous for a sans-serif face.
_LETTER = 0.2
#: Space beside the text of a cell, both sides together.
_PADDING = 3.0
_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0)
#: Of these, so many read well in print; the others are for what would not fit otherwise.
_READABLE = 3


class Layout(NamedTuple):
    """How a table stands on the page.

    Attributes
    ----------
    widths : tuple of float
        Of the columns, in millimetres; together no more than the page.
    size : float
        Of the letters, in points.
    landscape : bool
    """

    widths: tuple[float, ...]
    size: float
    landscape: bool


def layout(block: TableBlock) -> Layout:
    """Return how a table fits the page: columns no narrower than their longest word, wider where text is long.

    Among the sizes of letters and the two ways to lay the page, the one is taken that needs the fewest pages, where
    small letters and a page that lies count as part of a page more: readers turn neither gladly.
    """
    texts = [[c.title, *(" ".join(words(row[n]).split()) for row in block.body)] for n, c in enumerate(block.heads)]
    longest = [_longest_word(column) for column in texts]
    lengths = [[len(text) for text in column] for column in texts]
    fitting: list[tuple[float, Layout]] = []
    for landscape, page, height in ((False, SHORT, LONG), (True, LONG, SHORT)):
        if block.landscape and not landscape:
            continue
        for number, size in enumerate(_SIZES):
            least = [word * size * _LETTER + _PADDING for word in longest]
            if sum(least) <= page:
                widths = tuple(_spread(lengths, least, size, page))
                pages = _height(lengths, widths, size) / height
                cost = pages * (1 + 0.1 * number) + 0.05 * number + 0.7 * landscape
                fitting.append((cost + 100 * (number >= _READABLE), Layout(widths, size, landscape)))
    if fitting:
        return min(fitting, key=lambda found: found[0])[1]
    # Nothing fits: every column gets its share of the page, and words are broken.
    scale = LONG / sum(least)
    return Layout(tuple(width * scale for width in least), _SIZES[-1], True)


def _height(lengths: list[list[int]], widths: tuple[float, ...], size: float) -> float:
    """Return about how high the table stands, in millimetres."""
    columns = [
        [-(-length * size * _LETTER // (width - _PADDING)) or 1 for length in column]
        for column, width in zip(lengths, widths, strict=True)
    ]
    lines = sum(map(max, zip(*columns, strict=True)))
    return float(lines * size * 0.42 + len(lengths[0]) * 1.2)


def _longest_word(column: list[str]) -> float:
    # Headings are bold, and bold is wider.
    return max(_longest(column[:1]) * 1.12, _longest(column[1:])) + 0.5


def _longest(column: list[str]) -> int:
    # Words can be broken at hyphens, and long ids and addresses anywhere: no column waits for those.
    pieces = (w for text in column for w in text.replace("-", "- ").replace("\u00ad", "- ").split())
    return min(max(map(len, pieces), default=1), 24)


def _spread(lengths: list[list[int]], least: list[float], size: float, page: float) -> list[float]:
    """Share out what is left of the page by how much text each column holds."""
    wanted = []
    for column, width in zip(lengths, least, strict=True):
        longest = max(column, default=0) * size * _LETTER + _PADDING
        mean = sum(column[1:]) / max(len(column) - 1, 1)
        # The wish of a column grows with its usual text, not with one long cell.
        wanted.append(max(min(longest, max(mean * size * _LETTER * 1.15 + _PADDING, width)) - width, 0.0))
    room = page - sum(least)
    total = sum(wanted)
    if total <= room:
        return [width + wish for width, wish in zip(least, wanted, strict=True)]
    return [width + room * wish / total for width, wish in zip(least, wanted, strict=True)]
