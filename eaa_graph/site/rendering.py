"""How pages are rendered: one Jinja2 environment that escapes every text, and its few filters."""

from __future__ import annotations

__all__ = ["Heading", "Shown", "environment", "shown"]

import math
import os
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape as _escape
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from eaa_graph.site.names import page_name, safe_name
from eaa_graph.tables import Cell, Table, Thing, many

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment
    from markupsafe import Markup

    from eaa_graph.site.grouping import Grouped


class Heading(NamedTuple):
    """One column as shown."""

    name: str
    title: str
    meaning: str
    number: bool
    #: Decimals of every number in it, so that points stand under each other; None for whole numbers.
    decimals: int | None = None


class Shown(NamedTuple):
    """A table as shown: columns in which no row has anything are left out."""

    name: str
    title: str
    counted: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    opens: tuple[tuple[str, ...], ...]
    note: str
    source: str
    more: str = ""
    total: int = 0

    @property
    def linked(self) -> int:
        """How many passages of a row are links: fewer in a long table, so that pages stay small."""
        return 3 if len(self.rows) <= 30 else 1

    @property
    def named(self) -> int:
        """How many passages of a row are named."""
        return max(3, min(12, 400 // max(1, len(self.rows))))


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def shown(
    table: Table,
    columns: Sequence[str] = (),
    start: int = 0,
    stop: int | None = None,
    behind: str | None = None,
    more: str = "",
) -> Shown:
    """Return a table (or some of its columns and rows) ready to be shown.

    Parameters
    ----------
    table : Table
    columns : sequence of str
        Names of the columns to show; none for all.
    start, stop : int
        Rows from and to.
    behind : str or None
        Column whose passages are linked in each row; None for no passages.
    more : str
        Path of a page with the whole table, if this is a part.
    """
    rows = table.rows[start:stop]
    wanted = [n for n, c in enumerate(table.columns) if not columns or c.name in columns]
    kept = [n for n in wanted if any(row[n] not in (None, "", ()) for row in rows)]
    heads = tuple(
        Heading(
            table.columns[n].name,
            table.columns[n].title,
            table.columns[n].meaning,
            any(_is_number(r[n]) for r in rows),
            decimals_of(r[n] for r in rows),
        )
        for n in kept
    )
    opens: tuple[tuple[str, ...], ...] = ()
    if behind is not None:
        opens = tuple(table.opens(start + number, behind) for number in range(len(rows)))
        if not any(opens):
            opens = ()
    return Shown(
        table.name,
        table.title,
        "Counted in: " + ", out of ".join(p for p in (table.unit, table.denominator) if p)
        if table.unit or table.denominator
        else "",
        heads,
        tuple(tuple(row[n] for n in kept) for row in rows),
        opens,
        table.note,
        table.source,
        more,
        len(table),
    )


def decimals_of(cells: Iterable[Cell]) -> int | None:
    """Return how many decimals a column's numbers get: as many as its largest needs for about three digits.

    Examples
    --------
    >>> decimals_of([0.5, 1, None]), decimals_of([12.25, -3]), decimals_of([7, 2.0]), decimals_of([1.6, 0.002])
    (3, 2, None, 3)
    """
    numbers = [abs(c) for c in cells if isinstance(c, int | float) and not isinstance(c, bool) and math.isfinite(c)]
    if all(n == int(n) for n in numbers):
        return None
    largest = max(numbers)
    decimals = 3 if largest <= 1 else 2 if largest < 100 else 1 if largest < 1000 else 0
    least = min((n for n in numbers if n), default=1.0)
    while decimals < 3 and largest < 100 and least < 0.5 * 10**-decimals:
        decimals += 1
    vanishes = largest > 1 and least < 0.5 * 10**-decimals
    return None if vanishes else decimals  # a column of all sorts of numbers: each for itself


def aligned(value: float, decimals: int | None) -> str:
    """Return a number with the decimals of its column; what would vanish at that length says so.

    Examples
    --------
    >>> aligned(0.5, 3), aligned(-2, 2), aligned(0.00002, 3), aligned(1234, None)
    ('0.500', '−2.00', '<0.001', '1,234')
    """
    if decimals is None or not math.isfinite(value):
        return amount(value)
    told = f"{abs(value):,.{decimals}f}"
    if value != 0 and not told.strip("0.,"):
        return f"<{10**-decimals:.{decimals}f}" if value > 0 else told
    return f"−{told}" if value < 0 else told


def amount(value: float) -> str:
    """Return a number as people read it: thousands set apart, three significant digits of a fraction.

    Examples
    --------
    >>> amount(12345), amount(0.12345), amount(3.0), amount(0.0000012)
    ('12,345', '0.123', '3', '0.0000012')
    """
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if value < 0:
        return f"−{amount(-value)}"
    if isinstance(value, int):
        return f"{value:,}"
    if value == 0 or (value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 1e-9:
        return f"{value:.1e}"
    return f"{float(f'{value:.3g}'):.12f}".rstrip("0").rstrip(".")


def shortened(text: str | None, most: int) -> str:
    """Return a text cut at a word, with an ellipsis where something is left out."""
    if not text or len(text) <= most:
        return text or ""
    cut = text[: most - 1]
    if " " in cut[most // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:") + "…"


_NUMERAL = re.compile(r"[<−-]?\d[\d.,]*")


def numeric(table: Sequence[Sequence[str]]) -> list[bool]:
    """Return which columns of a table of words (headings first) hold nothing but numbers.

    Examples
    --------
    >>> numeric([["who", "n"], ["a", "12"], ["b", ""]])
    [False, True]
    """
    columns = zip(*table[1:], strict=True) if len(table) > 1 else [()] * len(table[0])
    return [any(column) and all(not v or bool(_NUMERAL.fullmatch(str(v))) for v in column) for column in columns]


def gist(text: str) -> str:
    """Return what a warning is about: the words before its first colon.

    Examples
    --------
    >>> gist("prevalence: 'yes' is rare"), gist("nobody looked")
    ('prevalence', 'nobody looked')
    """
    return shortened(text.partition(":")[0], 40)


def _bytes(size: int) -> str:
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:,.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:,.1f} MB"


def _extractions(text: str, root: str, grouped: Grouped) -> Markup:
    """Link the ids of extractions that a sentence lists after 'all:'."""
    from markupsafe import Markup, escape

    head, mark, tail = text.rpartition("; all: ")
    if not mark:
        return escape(text)
    names = tail.removesuffix(".").split(", ")
    if not all(name in grouped.extractions for name in names):
        return escape(text)
    first = Markup(", ").join(
        Markup('<a href="{}{}">{}</a>').format(root, grouped.path("extraction", name), name) for name in names[:12]
    )
    rest = Markup('<details class="more"><summary>and {} more</summary>{}</details>').format(
        len(names) - 12, ", ".join(names[12:])
    )
    return escape(head) + "; all: " + first + (rest if len(names) > 12 else "")


def _compiled_templates() -> BytecodeCache | None:
    """Return where compiled templates are kept: where Python keeps compiled modules, and only if it does."""
    import jinja2

    folder = Path(cache_from_source(str(Path(__file__).parent / "templates" / "_.py"))).parent
    if sys.dont_write_bytecode:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    # Jinja2 looks at the template's text and at both versions before it takes what is there.
    return jinja2.FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


class _Cells:
    """Cells of tables as HTML, on pages at one depth.

    In Python, not in a template: tables are most of the site, and a template takes six times as long over a cell.
    """

    def __init__(self, root: str, grouped: Grouped) -> None:
        self.root = root
        self.path = grouped.path

    def thing(self, t: Thing) -> str:
        to = self.path(t.kind, t.id)
        return f'<a href="{self.root}{to}">{_escape(t.label)}</a>' if to else f"<bdi>{_escape(t.label)}</bdi>"

    def cell(self, value: Cell, names_gaps: bool = False, decimals: int | None = None) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return _escape(aligned(value, decimals))
        if isinstance(value, Thing):
            return self.thing(value)
        if isinstance(value, str):
            to = self.path("gap", value) if names_gaps else ""
            return f'<a href="{self.root}{to}">{_escape(value)}</a>' if to else _escape(value)
        return _folded([self.thing(t) for t in value[:12]], [self.thing(t) for t in value[12:]])

    def ids(self, names: Sequence[str], linked: int = 12, named: int = 400) -> str:
        first = [f'<a href="{self.root}{self.path("extraction", i)}">{_escape(i)}</a>' for i in names[:linked]]
        left = len(names) - named
        more = f" and {left} more: the command line lists all." if left > 0 else ""
        return _folded(first, [_escape(i) for i in names[linked:named]], len(names) - len(first), more)

    def rows(self, shown: Shown) -> str:
        classes = [" class=n" if column.number else "" for column in shown.columns]
        gaps = [column.name in ("id", "gap") for column in shown.columns]
        decimals = [column.decimals for column in shown.columns]
        out = []
        for number, row in enumerate(shown.rows):
            cells = [
                f"<td{c}>{self.cell(v, g, d)}</td>" for v, c, g, d in zip(row, classes, gaps, decimals, strict=True)
            ]
            if shown.opens:
                cells.append(f"<td class=ids>{self.ids(shown.opens[number], shown.linked, shown.named)}")
            out.append(f"<tr>{''.join(cells)}\n")
        return "".join(out)


def _folded(first: list[str], rest: list[str], left: int = 0, more: str = "") -> str:
    """Return a list of which only the first are seen until somebody asks for the rest."""
    if not rest:
        return ", ".join(first)
    told = f'<details class="more"><summary>and {left or len(rest)} more</summary>{", ".join(rest)}{more}</details>'
    return ", ".join(first) + told


@cache
def environment() -> Environment:
    """Return the environment: autoescape on, unknown names are errors."""
    import jinja2
    from markupsafe import Markup

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("eaa_graph.site"),
        bytecode_cache=_compiled_templates(),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters["amount"] = amount
    made.filters["many"] = many
    made.filters["shortened"] = shortened
    made.filters["gist"] = gist
    made.filters["numeric"] = numeric
    made.filters["bytes"] = _bytes
    made.filters["page"] = lambda name: page_name(safe_name(name))
    made.filters["extractions"] = _extractions
    # What a mark shows can be read back from the figure's file; on the page nothing reads it.
    made.filters["shown_svg"] = lambda svg: Markup(_READ_BACK.sub("", svg))  # noqa: S704
    # Each escapes what it is given.
    made.filters["rows"] = lambda shown, root, g: Markup(_Cells(root, g).rows(shown))  # noqa: S704
    made.filters["cell"] = lambda value, root, g: Markup(_Cells(root, g).cell(value))  # noqa: S704
    made.filters["ids"] = lambda names, root, g, *most: Markup(_Cells(root, g).ids(names, *most))  # noqa: S704
    made.filters["arrows"] = lambda text: text.replace(" -> ", " → ").replace(" => ", " ⇒ ")
    made.tests["thing"] = lambda value: isinstance(value, Thing)
    return made


_READ_BACK = re.compile(r' data-(?:row|column|value|table)="[^"<>]*"')
_SPACES = re.compile(r"\n[ \t]*\n+")


#: Ends that HTML lets one leave out before what follows: of cells, rows and items.
_LEFT_OUT = re.compile(
    r"</t[dh]>(?=\s*<(?:td|th|/tr)\b)|</li>(?=\s*<(?:li|/ul|/ol)\b)|</tr>(?=\s*<(?:tr|/tbody|/thead)\b)"
)


def tightened(html: str) -> str:
    r"""Return HTML without the blank lines that templates leave, and without ends that say nothing.

    Examples
    --------
    >>> tightened("<ul><li>one</li>\n\n<li>two</li></ul>")
    '<ul><li>one\n<li>two</ul>'
    """
    return _LEFT_OUT.sub("", _SPACES.sub("\n", html))
