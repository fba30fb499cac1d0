"""The document as Markdown: pipe tables, figures as files beside it."""

from __future__ import annotations

__all__ = ["markdown"]

import re
from collections.abc import Iterable, Mapping

from eaa_graph.report.document import (
    Bullets,
    Cite,
    Document,
    FigureBlock,
    Heading,
    Link,
    Number,
    Paragraph,
    Piece,
    Prompt,
    Ref,
    Strong,
    TableBlock,
    words,
)
from eaa_graph.writers.tables import cell_text

_SPECIAL = re.compile(r"([\\`*_<>\[\]|#])")


def markdown(document: Document, figures: Mapping[str, str]) -> str:
    """Return a document as Markdown (GitHub, Pandoc).

    Parameters
    ----------
    document : Document
    figures : mapping of str to str
        Path of each figure's file, by the figure's name.
    """
    lines = [f"# {_escaped(document.title)}", "", f"*{_escaped(document.subtitle)}*", ""]
    for block in document.blocks:
        if isinstance(block, Heading):
            lines += [f"{'#' * (block.level + 1)} {_inline(document, block.pieces)}", ""]
        elif isinstance(block, Paragraph):
            text = _inline(document, block.pieces)
            lines += [f"> {text}" if block.style == "quote" else text, ""]
        elif isinstance(block, Bullets):
            lines += [*(f"- {_inline(document, item)}" for item in block.items), ""]
        elif isinstance(block, Prompt):
            lines += [f"> **To write:** {_escaped(block.text)}", ""]
        elif isinstance(block, TableBlock):
            lines += [*_table(document, block), ""]
        elif isinstance(block, FigureBlock):
            name = document.anchors[block.anchor].text
            lines += [
                f"![{_escaped(block.alt)}](<{figures[block.name]}>)",
                "",
                f"**{name}.** {_escaped(block.caption)}",
                "",
            ]
    return "\n".join(lines).rstrip() + "\n"


def _escaped(text: str) -> str:
    # A line that begins like a list or a number would become one.
    text = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return re.sub(r"^([-+]|\d+[.)])(?=\s)", r"\\\1", text)


def _spaced(text: str) -> str:
    """Escape a piece of a line; the space at its ends is part of the line, soft hyphens are for other pages."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text.replace("\u00ad", "")))


def _inline(document: Document, pieces: Iterable[Piece]) -> str:
    told = []
    for piece in pieces:
        if isinstance(piece, str):
            told.append(_spaced(piece))
        elif isinstance(piece, Strong):
            bare = piece.text.strip()
            told.append(f"**{_spaced(bare)}**{' ' if piece.text.endswith(' ') else ''}")
        elif isinstance(piece, Number):
            told.append(cell_text(piece.value))
        elif isinstance(piece, Ref):
            told.append(_spaced(document.anchors[piece.target].text))
        elif isinstance(piece, Cite):
            told.append(_spaced(piece.article))
        elif isinstance(piece, Link):
            told.append(f"[{_spaced(piece.text)}](<{piece.address.replace('>', '%3E').replace('<', '%3C')}>)")
        else:
            told.append(_spaced(piece.text))
    return re.sub(r"^([-+]|\d+[.)])(?=\s)", r"\\\1", "".join(told))


def _table(document: Document, block: TableBlock) -> list[str]:
    name = document.anchors[block.anchor].text
    rule = "|".join(" ---: " if block.is_number(n) else " --- " for n in range(len(block.heads)))
    lines = [f"**{name}.** {_escaped(block.caption)}", ""]
    lines.append(f"| {' | '.join(_spaced(c.title) for c in block.heads)} |")
    lines.append(f"|{rule}|")
    lines += [f"| {' | '.join(_escaped(words(cell)) for cell in row)} |" for row in block.body]
    for line in block.small_print:
        lines += ["", _escaped(line)]
    return lines
