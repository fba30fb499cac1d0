"""What every chart draws with: a sheet of a journal's width, text that stays text, one palette, one type scale.

Lengths are points (1/72 inch), so that type keeps its size whatever the width:
a figure for a narrow column holds less, it does not shrink its letters. Every
mark can carry the cell of the table that it shows, so that a figure can be read
back and compared with its numbers.
"""

from __future__ import annotations

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "LEADING",
    "LINE",
    "ORANGE",
    "PALE",
    "PURPLE",
    "ROLE_COLOURS",
    "SHAPES",
    "SHARES",
    "SIGNS",
    "SKY",
    "SOFT",
    "STANCE_SIGNS",
    "VERMILION",
    "WARNING",
    "WIDTHS",
    "YELLOW",
    "Cellmark",
    "Sheet",
    "apart",
    "fixed_width",
    "for_pixels",
    "hyphenated",
    "ink_on",
    "key_of",
    "label_of",
    "listed",
    "many",
    "number_of",
    "share_steps",
    "sorted_out",
    "text_width",
    "things_of",
    "wrapped",
]

import hashlib
import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape as _escape
from typing import Any

from eaa_graph.errors import UnknownName
from eaa_graph.tables import Cell, Table, Thing, many

#: Widths a figure can have, in millimetres: one column, one and a half, two columns of a journal; a slide.
WIDTHS = {"85": 85.0, "114": 114.0, "174": 174.0, "slide": 297.0}

#: Okabe & Ito (2008): told apart by people with any colour vision. Kinds are told apart by shape too.
BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
ORANGE, SKY, YELLOW = "#e69f00", "#56b4e9", "#f0e442"
#: Vermilion, dark enough for small words on white.
WARNING = "#a84800"
INK, SOFT, LINE, PALE, GREY = (
    "#1a1a1a",
    "#555555",
    "#b4bcc4",
    "#f2f4f6",
    "#8a9199",
)  #: What fills the place of nothing: hatching, and the same as a gradient for programs that paint a pattern slowly.
_HATCH = (
    'width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="4" height="4" fill="#ffffff"/><path d="M0 0V4" stroke="{GREY}" stroke-width="0.9"/>'
)
_HATCH_AS_GRADIENT = (
    'gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="2.828" y2="2.828" spreadMethod="repeat">'
    f'<stop offset="0.82" stop-color="#ffffff"/><stop offset="0.88" stop-color="{GREY}"/>'
    f'<stop offset="0.94" stop-color="{GREY}"/><stop offset="1" stop-color="#ffffff"/>'
)
#: One colour means one role throughout.
ROLE_COLOURS = {
    "context": ORANGE,
    "intervention": YELLOW,
    "actor": PURPLE,
    "resource": SKY,
    "reasoning": BLUE,
    "mechanism": BLUE,
    "outcome": GREEN,
    "theme": GREY,
}
#: Light to dark in one hue: readable when printed grey.
SHARES = ("#eef4f9", "#c9dff0", "#92c0e0", "#4a94c8", "#0b5a95")

#: What a sign looks like: its fill and the ink of its edge. Signs differ in shape too, so grey print keeps them apart.
SIGNS = {"+": (INK, INK), "~": ("#d5dae0", SOFT), "-": ("#ffffff", VERMILION), "=": ("#ffffff", GREY)}
#: The sign of what a passage does to a theory.
STANCE_SIGNS = {"supports": "+", "refines": "~", "challenges": "-"}
#: Shapes in the order in which groups get them; all are drawn with the same area.
SHAPES = ("circle", "square", "diamond", "triangle", "hexagon", "kite", "cross", "pentagon")

#: Row, column and value of the table cell that a mark shows.
Cellmark = tuple[int, str, Any]

#: Advance widths of Helvetica, which Arial and Liberation Sans share, in thousandths of the type size, from space to ~.
_ADVANCES = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
#: The same of Helvetica Bold.
_BOLD_ADVANCES = (
    *(278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611),
    *(975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556),
    *(333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611),
    *(611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584),
)
#: Signs beyond ASCII that figures use, regular and bold.
_SIGN_ADVANCES = {
    "–": (556, 556), "—": (1000, 1000), "…": (1000, 1000), "·": (278, 278), "“": (333, 500), "”": (333, 500),
    "‘": (222, 278), "’": (222, 278), "→": (1000, 1000), "−": (584, 584), "±": (549, 549), "×": (584, 584),
}  # fmt: skip
#: Room for a reader's font that runs wider.
_LEEWAY = 1.05

#: Helvetica and what is made to its measure; then what runs little wider.
_FONTS = (
    "Arial, 'Helvetica Neue', Helvetica, 'Liberation Sans', Arimo, 'Nimbus Sans', FreeSans, 'Noto Sans', "
    "'DejaVu Sans Condensed', sans-serif"
)

#: From one line of words to the next, in sizes of the type.
LEADING = 1.28

#: Characters that XML 1.0 cannot hold.
_UNFIT = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """Return `text` as XML can hold it."""
    return _escape(_UNFIT.sub("\ufffd", text))


def label_of(cell: Cell) -> str:
    """Return what people read for a cell."""
    if cell is None:
        return ""
    if isinstance(cell, tuple) and not isinstance(cell, Thing):
        return ", ".join(thing.label for thing in cell)
    return cell.label if isinstance(cell, Thing) else str(cell)


def things_of(cell: Cell) -> tuple[Thing, ...]:
    """Return the things in a cell: none, one or several."""
    if isinstance(cell, Thing):
        return (cell,)
    return tuple(thing for thing in cell if isinstance(thing, Thing)) if isinstance(cell, tuple) else ()


def key_of(cell: Cell) -> str:
    """Return what a mark says of a cell that it shows: the id of a thing, the text or number of anything else."""
    return ", ".join(thing.id for thing in things_of(cell)) or ("" if cell is None else str(cell))


def number_of(cell: Cell) -> float:
    """Return the number in a cell; 0 where there is none."""
    return float(cell) if isinstance(cell, int | float) and math.isfinite(cell) else 0.0


def listed(words: Sequence[str], most: int = 0) -> str:
    """Return words as people list them, at most `most` of them by name.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], 2)
    ('a, b and c', 'a, b and 1 more')
    """
    if most and len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def sorted_out(wanted: Iterable[tuple[float, float]], low: float, high: float) -> list[float]:
    """Move labels apart that would overlap, each as little as need be.

    Parameters
    ----------
    wanted : iterable of (float, float)
        Middle and height of each label, in order from the top.
    low, high : float
        Where the first may begin and the last should end.

    Returns
    -------
    list of float
        The middles.
    """
    places: list[float] = []
    edge = low
    sizes = []
    for middle, height in wanted:
        at = max(middle, edge + height / 2)
        places.append(at)
        sizes.append(height)
        edge = at + height / 2
    edge = high
    for number in reversed(range(len(places))):
        top = max(edge - sizes[number] / 2, low + sum(sizes[:number]) + sizes[number] / 2)
        if places[number] <= top:
            break
        places[number] = top
        edge = top - sizes[number] / 2
    return places


def text_width(text: str, size: float) -> float:
    """Return a generous estimate of the width of `text` at `size`, in points, without a font at hand."""
    total = 0.0
    before = ""
    for char in text:
        before, last = char, before
        if " " <= char <= "~":
            total += _ADVANCES[ord(char) - 32] / 1000
            continue
        if last == "\u200d" or unicodedata.category(char) in ("Mn", "Me", "Cf"):  # part of the picture before it
            continue
        base = unicodedata.normalize("NFD", char)[0]
        if " " <= base <= "~":  # an accent adds no width
            total += _ADVANCES[ord(base) - 32] / 1000
        elif unicodedata.east_asian_width(char) in "WF" or ord(char) > 0x1F000:
            total += 1.25
        elif char in "–…—·“”‘’":
            total += 1.0 if char in "…—" else 0.56
        else:
            total += 0.72
    return total * size * _LEEWAY


def fixed_width(text: str, size: float, bold: bool = False) -> float | None:
    """Return how wide `text` is in Helvetica and the fonts made to its measure; None where that is not known.

    A line that carries this as its ``textLength`` keeps to its place in whatever font the reader has.
    """
    advances, which = (_BOLD_ADVANCES, 1) if bold else (_ADVANCES, 0)
    total = 0
    for char in unicodedata.normalize("NFC", text):
        base = unicodedata.normalize("NFD", char)[0]
        if " " <= base <= "~":
            total += advances[ord(base) - 32]
        elif char in _SIGN_ADVANCES:
            total += _SIGN_ADVANCES[char][which]
        else:
            return None
    return total / 1000 * size


#: Ideographs, kana and their full-width signs: scripts that set no spaces and no hyphens.
_UNSPACED = re.compile(
    "[\u2e80-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff]"
)
#: Two letters of a script that knows the hyphen: Latin, Greek, Cyrillic, Armenian.
_HYPHENATES = re.compile("(?:[^\\W\\d_](?<=[A-\u058f\u1e00-\u1fff\uff21-\uff5a])){2}$")
#: What does not begin a line there, beside closing brackets and punctuation.
_NEVER_FIRST = "ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ％"


def _pieces(word: str) -> list[str]:
    """Cut a word where a line may end without a sign: between ideographs, never before what closes or after what opens."""
    pieces = [word[:1]]
    for before, char in itertools.pairwise(word):
        may = _UNSPACED.match(before) or _UNSPACED.match(char)
        held = char in _NEVER_FIRST or unicodedata.category(char) in ("Pe", "Pf", "Po", "Mn", "Me", "Cf")
        if may and not held and unicodedata.category(before) not in ("Ps", "Pi"):
            pieces.append(char)
        else:
            pieces[-1] += char
    return pieces


def apart(text: str) -> str:
    """Return `text` set apart, if it runs from right to left, so that it does not turn what stands around it.

    Examples
    --------
    >>> apart("dialogue"), apart("\u062d\u0648\u0627\u0631") == "\u2068\u062d\u0648\u0627\u0631\u2069"
    ('dialogue', True)
    """
    turned = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text)
    return f"\u2068{text}\u2069" if turned else text


def hyphenated(word: str, width: float, size: float) -> list[str]:
    """Cut a word that is wider than `width` into pieces that are not; a cut between letters gets a hyphen."""
    pieces, piece = [], ""
    for char in word:
        longer = piece + char
        joined = unicodedata.category(char) in ("Mn", "Me", "Cf", "Sk") or piece.endswith("\u200d")
        sign = "-" if _HYPHENATES.search(longer) else ""
        if piece and not joined and text_width(longer + sign, size) > width:
            pieces.append(piece + sign)
            piece = char
        else:
            piece = longer
    if pieces and len(piece) < 3 and pieces[-1].endswith("-") and len(pieces[-1]) > 5:
        moved = 3 - len(piece)  # fewer than three letters are not left alone
        piece = pieces[-1][-1 - moved : -1] + piece
        pieces[-1] = pieces[-1][: -1 - moved] + "-"
    return [*pieces, piece]


def wrapped(text: str, width: float, size: float, most: int = 0) -> list[str]:
    """Break `text` into lines no wider than `width`.

    Parameters
    ----------
    text : str
    width, size : float
        In points.
    most : int
        Most lines; the last one ends in an ellipsis if more is left. 0 for any number.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        gap = " "
        for unit in _pieces(word):
            for number, piece in enumerate(hyphenated(unit, width, size) if text_width(unit, size) > width else [unit]):
                longer = f"{line}{gap}{piece}" if line else piece
                if line and (number or text_width(longer, size) > width):  # what is cut goes on in the next line
                    lines.append(line)
                    line = piece
                else:
                    line = longer
                gap = ""
    if line or not lines:
        lines.append(line)
    if most and len(lines) > most:
        lines = lines[:most]
        while lines[-1] and text_width(lines[-1] + "…", size) > width:
            lines[-1] = lines[-1][:-1]
        lines[-1] += "…"
    return lines


def ink_on(fill: str) -> str:
    """Return black or white, whichever reads better on `fill` (WCAG relative luminance)."""
    channels = [int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.19 else "#ffffff"


def share_steps(highest: float) -> list[float]:
    """Return the upper ends of five equal steps that reach at least `highest` (a share from 0 to 1)."""
    for step in (0.02, 0.04, 0.05, 0.1, 0.15, 0.2):
        if step * 5 >= highest - 1e-9:
            return [step * n for n in range(1, 6)]
    return [0.2, 0.4, 0.6, 0.8, 1.0]


def _ring(count: int, turn: float = 0.0) -> list[tuple[float, float]]:
    return [(math.sin(2 * math.pi * n / count + turn), -math.cos(2 * math.pi * n / count + turn)) for n in range(count)]


_CORNERS: dict[str, list[tuple[float, float]]] = {
    "square": _ring(4, math.pi / 4),
    "diamond": _ring(4),
    "triangle": _ring(3),
    "hexagon": _ring(6),
    "kite": _ring(3, math.pi),
    "pentagon": _ring(5),
    "cross": [
        (x / 3, y / 3)
        for x, y in (
            *((-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1)),
            *((1, 3), (-1, 3), (-1, 1), (-3, 1), (-3, -1), (-1, -1)),
        )
    ],
}


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


@dataclass
class Sheet:
    """A figure under construction.

    Parameters
    ----------
    name : str
        Prefix of every id, so that several figures can share a page.
    title : str
    width : str
        A key of :data:`WIDTHS`.

    Attributes
    ----------
    page : float
        Usable width in points.
    body, small, large : float
        The type scale in points.
    """

    name: str
    title: str
    width: str = "174"
    marks: list[str] = field(default_factory=list)
    bottom: float = 0.0

    def __post_init__(self) -> None:
        if self.width not in WIDTHS:
            raise UnknownName("width", self.width, WIDTHS)
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", self.name)
        if plain != self.name or not plain[:1].isalpha():  # ids of anything can be part of it: they stay apart
            self.name = f"f{hashlib.blake2s(self.name.encode(), digest_size=4).hexdigest()}-{plain[:40]}"
        slide = self.width == "slide"
        self.body, self.small, self.large = (13.0, 11.0, 19.0) if slide else (8.0, 7.0, 10.0)
        self.page = WIDTHS[self.width] / 25.4 * 72
        self.margin = 18.0 if slide else 6.0
        self.leading = LEADING

    @property
    def inner(self) -> float:
        """Width between the margins."""
        return self.page - 2 * self.margin

    # --- marks -------------------------------------------------------------------------

    def add(self, element: str, bottom: float = 0.0) -> None:
        """Add raw SVG that reaches down to `bottom`."""
        self.marks.append(element)
        self.bottom = max(self.bottom, bottom)

    def text(
        self,
        x: float,
        y: float,
        content: str | list[str],
        *,
        size: float = 0.0,
        anchor: str = "start",
        fill: str = INK,
        weight: int = 400,
        style: str = "",
        halo: bool = False,
        strike: bool = False,
    ) -> float:
        """Write text (lines of it) with its first baseline at `y`; return the baseline after the last line.

        A `halo` keeps words readable that stand on lines; `strike` draws through them.
        """
        size = size or self.body
        lines = [content] if isinstance(content, str) else content
        extra = f' font-weight="{weight}"' if weight != 400 else ""
        extra += f' font-style="{style}"' if style else ""
        extra += (
            f' stroke="#ffffff" stroke-width="{_number(size * 0.4)}" stroke-linejoin="round" paint-order="stroke"'
            if halo
            else ""
        )
        extra += ' text-decoration="line-through"' if strike else ""
        start = "" if anchor == "start" else f' text-anchor="{anchor}"'
        for number, line in enumerate(lines):
            at = y + number * size * self.leading
            known = fixed_width(line, size, weight >= 600) if len(line) > 3 else None
            held = f' textLength="{_number(known)}" lengthAdjust="spacingAndGlyphs"' if known else ""
            self.add(
                f'<text x="{_number(x)}" y="{_number(at)}" font-size="{_number(size)}" fill="{fill}"{start}{extra}{held}>{escape(line)}</text>',
                at + size * 0.3,
            )
        return y + len(lines) * size * self.leading

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str,
        stroke: str = "",
        radius: float = 0.0,
        cell: tuple[int, str, Any] | None = None,
        tip: str = "",
        dash: str = "",
        weight: float = 0.6,
    ) -> None:
        """Draw a rectangle; `cell` is (row, column, value) of the table cell that it shows."""
        edge = f' stroke="{stroke}" stroke-width="{_number(weight)}"' if stroke else ""
        edge += f' stroke-dasharray="{dash}"' if dash else ""
        corner = f' rx="{_number(radius)}"' if radius else ""
        self._shape(
            f'rect x="{_number(x)}" y="{_number(y)}" width="{_number(max(width, 0))}" height="{_number(max(height, 0))}" fill="{fill}"{corner}{edge}',
            y + height,
            cell,
            tip,
        )

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        *,
        fill: str,
        stroke: str = INK,
        cell: tuple[int, str, Any] | None = None,
        tip: str = "",
        weight: float = 0.8,
        dash: str = "",
    ) -> None:
        """Draw a circle."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._shape(
            f'circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}" fill="{fill}" stroke="{stroke}" stroke-width="{_number(weight)}"{dashed}',
            y + radius,
            cell,
            tip,
        )

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        stroke: str = LINE,
        weight: float = 0.6,
        dash: str = "",
        cell: tuple[int, str, Any] | None = None,
        tip: str = "",
    ) -> None:
        """Draw a straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._shape(
            f'line x1="{_number(x1)}" y1="{_number(y1)}" x2="{_number(x2)}" y2="{_number(y2)}" stroke="{stroke}" stroke-width="{_number(weight)}"{dashed}',
            max(y1, y2),
            cell,
            tip,
        )

    def path(
        self,
        d: str,
        bottom: float,
        *,
        fill: str = "none",
        stroke: str = "",
        weight: float = 0.8,
        opacity: float = 1.0,
        dash: str = "",
        marker: str = "",
        cell: tuple[int, str, Any] | None = None,
        tip: str = "",
    ) -> None:
        """Draw a path that reaches down to `bottom`."""
        edge = f' stroke="{stroke}" stroke-width="{_number(weight)}"' if stroke else ""
        edge += f' stroke-dasharray="{dash}"' if dash else ""
        edge += f' opacity="{_number(opacity)}"' if opacity < 1 else ""
        edge += f' marker-end="url(#{self.name}-{marker})"' if marker else ""
        self._shape(f'path d="{d}" fill="{fill}"{edge}', bottom, cell, tip)

    def shape(
        self,
        kind: str,
        x: float,
        y: float,
        radius: float,
        *,
        fill: str,
        stroke: str = INK,
        weight: float = 0.8,
        cell: Cellmark | None = None,
        tip: str = "",
    ) -> None:
        """Draw one of :data:`SHAPES` with the area of a circle of `radius`."""
        if kind == "circle":
            self.circle(x, y, radius, fill=fill, stroke=stroke, weight=weight, cell=cell, tip=tip)
            return
        corners = _CORNERS[kind]
        area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1], strict=True))) / 2
        scale = radius * math.sqrt(math.pi / area)
        points = " ".join(f"{_number(x + cx * scale)},{_number(y + cy * scale)}" for cx, cy in corners)
        self._shape(
            f'polygon points="{points}" fill="{fill}" stroke="{stroke}" stroke-width="{_number(weight)}" stroke-linejoin="round"',
            y + radius * 1.6,
            cell,
            tip,
        )

    def sign(self, sign: str, x: float, y: float, size: float, cell: Cellmark | None = None, tip: str = "") -> None:
        """Draw a sign in its shape, `size` wide, with its middle at (`x`, `y`): disc +, diamond ~, square -, ring =."""
        fill, edge = SIGNS[sign]
        half = size / 2
        weight = max(size / 10, 0.7)
        kind = {"+": "circle", "~": "diamond", "-": "square", "=": "circle"}[sign]
        radius = {"circle": half - weight / 2, "square": half * 0.98, "diamond": half * 0.92}[kind]
        self.shape(kind, x, y, radius, fill=fill, stroke=edge, weight=weight, cell=cell, tip=tip)
        ink = "#ffffff" if sign == "+" else edge
        arm = size * 0.24
        d = {
            "+": f"M{_number(x - arm)} {_number(y)}H{_number(x + arm)}M{_number(x)} {_number(y - arm)}V{_number(y + arm)}",
            "-": f"M{_number(x - arm)} {_number(y)}H{_number(x + arm)}",
            "=": f"M{_number(x - arm)} {_number(y - arm / 2)}H{_number(x + arm)}M{_number(x - arm)} {_number(y + arm / 2)}H{_number(x + arm)}",
            "~": f"M{_number(x - arm)} {_number(y + arm / 3)}q{_number(arm / 2)} {_number(-arm * 1.2)} {_number(arm)} {_number(-arm / 3)}t{_number(arm)} {_number(-arm / 3)}",
        }[sign]
        self.path(d, y + half, stroke=ink, weight=max(size / 7, 0.9))

    def legend(
        self,
        entries: Sequence[tuple[float, Callable[[float, float], object], str]],
        x: float,
        y: float,
        tall: float = 0.0,
    ) -> None:
        """Write a legend that breaks into lines where it must.

        Parameters
        ----------
        entries : sequence of (float, callable, str)
            Width of the symbol; ``symbol(x, y)`` that draws it with its left end at x and its middle at y; its meaning.
        x, y : float
            Left end and top of the legend.
        tall : float
            Height of the tallest symbol, where one is taller than a line of words.
        """
        at, line = x, max(self.small * 1.75, tall + 2)
        right = self.margin + self.inner
        y += line / 2
        for width, symbol, meaning in entries:
            room = right - x - width - 4
            lines = wrapped(meaning, room, self.small)
            needed = width + 4 + max(text_width(text, self.small) for text in lines)
            if at > x and at + needed > right:
                at, y = x, y + line
            symbol(at, y)
            self.text(at + width + 4, y + self.small * 0.35, lines, size=self.small)
            y += (len(lines) - 1) * self.small * self.leading
            at += needed + 12

    def _shape(self, inside: str, bottom: float, cell: tuple[int, str, Any] | None, tip: str) -> None:
        data = (
            f' data-row="{cell[0]}" data-column="{escape(str(cell[1]))}" data-value="{escape(str(cell[2]))}"'
            if cell
            else ""
        )
        if tip:
            self.add(f"<{inside}{data}><title>{escape(tip)}</title></{inside.split(' ', 1)[0]}>", bottom)
        else:
            self.add(f"<{inside}{data}/>", bottom)

    @property
    def hatch(self) -> str:
        """Fill for what is empty: seen as empty in colour, in grey and by touch of the eye."""
        return f"url(#{self.name}-hatch)"

    # --- the frame around the marks ----------------------------------------------------------

    def heading(self, table: Table, subtitle: str = "") -> float:
        """Write title and what is counted out of what; return the y where the picture may start."""
        y = self.margin + self.large
        y = self.text(
            self.margin, y, wrapped(self.title, self.inner / 1.07, self.large, most=5), size=self.large, weight=600
        )
        unit, out_of = table.unit, table.denominator
        if unit and out_of.startswith("for ") and ", " in out_of:  # "for each theme, the articles that report it"
            which, _, out_of = out_of.partition(", ")
            unit = f"{unit}, {which}"
        joint = ", " if out_of.startswith(("for ", "after ")) else ", out of "
        below = subtitle or joint.join(part for part in (unit, out_of) if part)
        if below:
            below = below[:1].upper() + below[1:]
            y = self.text(self.margin, y - self.large * 0.1, wrapped(below, self.inner, self.body), fill=SOFT)
        return y + self.body * 0.4

    def note(self, content: str) -> None:
        """Write what can and cannot be concluded under the picture."""
        if content:
            self.text(
                self.margin,
                self.bottom + self.small * 2.0,
                wrapped(content, self.inner, self.small),
                size=self.small,
                fill=SOFT,
            )

    def svg(self, description: str) -> str:
        """Return the finished document.

        Parameters
        ----------
        description : str
            The picture in words, made from its data.
        """
        height = self.bottom + self.margin
        millimetres = height / 72 * 25.4
        definitions = (
            f'<pattern id="{self.name}-hatch" {_HATCH}</pattern>'
            f'<marker id="{self.name}-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto-start-reverse">'
            f'<path d="M0 0L8 4L0 8z" fill="{SOFT}"/></marker>'
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(WIDTHS[self.width])}mm" height="{_number(millimetres)}mm" '
            f'viewBox="0 0 {_number(self.page)} {_number(height)}" role="img" aria-labelledby="{self.name}-title {self.name}-desc" '
            f'font-family="{_FONTS}">\n'
            f'<title id="{self.name}-title">{escape(self.title)}</title>\n<desc id="{self.name}-desc">{escape(description)}</desc>\n'
            f"<defs>{definitions}</defs>\n"
            f'<rect width="{_number(self.page)}" height="{_number(height)}" fill="#ffffff"/>\n'
            + "\n".join(self.marks)
            + "\n</svg>\n"
        )


def for_pixels(svg: str) -> str:
    """Return a figure as a painter of pixels likes it: the same to look at, and painted in a third of the time.

    A figure keeps its pattern elsewhere: not every program that reads SVG or makes PDF repeats a gradient.
    """
    return re.sub(
        r'<pattern (id="[^"]*") ' + re.escape(_HATCH) + "</pattern>",
        rf"<linearGradient \1 {_HATCH_AS_GRADIENT}</linearGradient>",
        svg,
    )
