"""Figures as files: SVG as drawn, PNG and PDF from it with the words still words."""

from __future__ import annotations

__all__ = ["FORMATS", "picture"]

import re
from itertools import pairwise

from eaa_graph.errors import MissingExtra, UnknownName

#: What a figure can be written as.
FORMATS = ("svg", "png", "pdf")
#: Dots per inch of a PNG: what journals ask of line art with words.
_RESOLUTION = 300
_REFERENCE = re.compile(rb"(\d+) 0 R\b")


def picture(svg: str, form: str = "svg") -> bytes:
    """Return a figure in a format.

    Parameters
    ----------
    svg : str
        The figure as drawn.
    form : str
        ``svg``, ``png`` (300 dots per inch) or ``pdf`` (text stays text).

    Raises
    ------
    UnknownName
        If the format is none of these.
    MissingExtra
        If PNG or PDF is asked for and the part that makes them is not installed.
    """
    if form not in FORMATS:
        raise UnknownName("format of a figure", form, FORMATS)
    if form == "svg":
        return svg.encode()
    try:
        import vl_convert
    except ImportError:
        raise MissingExtra(f"writing a figure as {form.upper()}", "figures") from None
    if form == "pdf":
        return _in_order(bytes(vl_convert.svg_to_pdf(_in_points(svg))))
    # Lengths in millimetres are read at 96 to the inch; the factor counts from 72.
    return bytes(vl_convert.svg_to_png(svg, scale=72 / 96, ppi=_RESOLUTION))


def _in_order(pdf: bytes) -> bytes:
    """Return the PDF with its objects in the order in which they are named, from the first page on.

    They come as a hash has them, new each time, and so do the lists of fonts and patterns; equal figures have equal
    bytes.
    """
    table = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
    starts = sorted(int(at) for at in re.findall(rb"(?m)^(\d{10}) 00000 n", pdf[table:]))
    objects: dict[bytes, tuple[bytes, bytes]] = {}
    for start, end in pairwise([*starts, table]):
        number, _, body = pdf[start:end].partition(b" 0 obj")
        words, stream, data = body.partition(b"\nstream")
        words = re.sub(
            rb"(?m)(?:^ +/[a-z]+\d+ \d+ 0 R\n){2,}", lambda m: b"".join(sorted(m[0].splitlines(keepends=True))), words
        )
        objects[number] = (words, stream + data)
    trailer = pdf[pdf.rindex(b"trailer") : pdf.rindex(b"startxref")]
    order: list[bytes] = []
    open_: list[bytes] = _REFERENCE.findall(trailer)[::-1]
    while open_:
        number = open_.pop()
        if number not in order:
            order.append(number)
            open_ += _REFERENCE.findall(objects[number][0])[::-1]
    place = {number: b"%d 0 R" % n for n, number in enumerate(order, start=1)}

    def renamed(words: bytes) -> bytes:
        return _REFERENCE.sub(lambda m: place[m[1]], words)

    out = pdf[: starts[0]]
    offsets = []
    for n, number in enumerate(order, start=1):
        words, stream = objects[number]
        offsets.append(len(out))
        out += b"%d 0 obj" % n + renamed(words) + stream
    trailer = re.sub(rb"/Size \d+", b"/Size %d" % (len(order) + 1), renamed(trailer))
    listed = b"".join(b"%010d 00000 n\r\n" % at for at in offsets)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f\r\n" % (len(order) + 1)
        + listed
        + trailer
        + b"startxref\n%d\n%%%%EOF" % len(out)
    )


def _in_points(svg: str) -> str:
    """Return the figure with its size as plain numbers: a PDF takes them for points, which its view box is in."""
    start, box, rest = re.split(r'viewBox="0 0 ([\d. ]+)"', svg, maxsplit=1)
    wide, high = box.split()
    start = re.sub(r' width="[\d.]+mm" height="[\d.]+mm"', f' width="{wide}" height="{high}"', start)
    return f'{start}viewBox="0 0 {box}"{rest}'
