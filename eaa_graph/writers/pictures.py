"""Figures as files: SVG as drawn, PNG and PDF from it with the words still words."""

from __future__ import annotations

__all__ = ["FORMATS", "picture"]

import re

from eaa_graph.errors import MissingExtra, UnknownName

#: What a figure can be written as.
FORMATS = ("svg", "png", "pdf")
#: Dots per inch of a PNG: what journals ask of line art with words.
_RESOLUTION = 300


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
        return bytes(vl_convert.svg_to_pdf(_in_points(svg)))
    # Lengths in millimetres are read at 96 to the inch; the factor counts from 72.
    return bytes(vl_convert.svg_to_png(svg, scale=72 / 96, ppi=_RESOLUTION))


def _in_points(svg: str) -> str:
    """Return the figure with its size as plain numbers: a PDF takes them for points, which its view box is in."""
    start, box, rest = re.split(r'viewBox="0 0 ([\d. ]+)"', svg, maxsplit=1)
    wide, high = box.split()
    start = re.sub(r' width="[\d.]+mm" height="[\d.]+mm"', f' width="{wide}" height="{high}"', start)
    return f'{start}viewBox="0 0 {box}"{rest}'
