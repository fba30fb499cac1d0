"""The document as one HTML page: semantic, printable, nothing is fetched from anywhere."""

from __future__ import annotations

__all__ = ["html"]

import base64
import re
from collections.abc import Iterable
from html import escape

from eaa_graph.report.document import (
    Bullets,
    Cite,
    Document,
    FigureBlock,
    Heading,
    Link,
    Number,
    Own,
    Paragraph,
    Piece,
    Prompt,
    Ref,
    Strong,
    TableBlock,
    things,
)
from eaa_graph.report.layout import layout
from eaa_graph.tables import Cell
from eaa_graph.writers.tables import cell_text

_STYLE = """
:root { color-scheme: light; }
body { font: 11pt/1.45 Arial, 'Liberation Sans', 'Helvetica Neue', sans-serif; color: #1a1a1a; background: #fff; margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
h1, h2, h3, h4 { line-height: 1.2; color: #14304a; break-after: avoid; }
h2 { border-bottom: 1px solid #b4bcc4; padding-bottom: .2rem; margin-top: 2.2rem; }
.subtitle { color: #555; font-size: 1.1rem; margin-top: -.5rem; }
.note, .small { color: #4a4a4a; font-size: .85rem; }
blockquote { margin: .6rem 0; padding: .2rem 1rem; border-left: 3px solid #4a94c8; }
.prompt { background: #fdf3dc; border-left: 3px solid #a66a00; padding: .4rem .8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; border-top: 1.5px solid #1a1a1a; border-bottom: 1.5px solid #1a1a1a; font-size: .85rem; min-width: 40%; }
caption { text-align: left; padding: .4rem 0; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #dde1e5; }
thead th { border-bottom: 1px solid #1a1a1a; vertical-align: bottom; hyphens: manual; }
tbody th { font-weight: normal; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1.5rem 0; break-inside: avoid; }
figure img { max-width: 100%; height: auto; }
.reference { padding-left: 1.5rem; text-indent: -1.5rem; overflow-wrap: anywhere; }
nav ol { columns: 2; }
a { color: #0b5a95; }
:focus-visible { outline: 2px solid #0b5a95; }
@page { size: A4; margin: 20mm; }
@page wide { size: A4 landscape; }
@media print {
  body { font-size: 10pt; } main { max-width: none; padding: 0; }
  nav { display: none; } a { color: inherit; text-decoration: none; }
  thead { display: table-header-group; } tr { break-inside: avoid; }
  .wide { page: wide; } .scroll { overflow: visible; }
}
"""


def html(document: Document) -> str:
    """Return a document as an HTML page that needs nothing beside it.

    Parameters
    ----------
    document : Document
    """
    parts = [
        f'<!doctype html>\n<html lang="{escape(document.language)}">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # The page says so itself: whatever gets into it, nothing is fetched and nothing runs.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">",
        f"<title>{escape(document.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f'<header>\n<h1{_lang(document)}>{escape(document.title)}</h1>\n<p class="subtitle">{escape(document.subtitle)}</p>\n</header>',
        _contents(document),
    ]
    level = 0
    for block in document.blocks:
        if isinstance(block, Heading):
            parts += ["</section>"] * max(0, level - block.level + 1)
            parts += ["<section>"] * max(1, block.level - level)
            level = block.level
        parts.append(_block(document, block))
    parts += ["</section>"] * level
    parts.append("</main>\n</body>\n</html>\n")
    return "\n".join(parts)


def _lang(document: Document) -> str:
    same = document.own_language == document.language
    return "" if same else f' lang="{escape(document.own_language)}"'


def _id(anchor: str) -> str:
    # Ids of the review may hold spaces, which an anchor may not.
    return re.sub(r"[^\w.-]", lambda m: f"_{ord(m[0]):x}_", anchor)


def _contents(document: Document) -> str:
    items: list[str] = []
    for block in document.blocks:
        if isinstance(block, Heading) and block.anchor and block.level <= 2:
            link = f'<a href="#{_id(block.anchor)}">{escape(document.anchors[block.anchor].text)}</a>'
            items.append(f"<li>{link}</li>" if block.level == 1 else f'<li class="small">{link}</li>')
    return '<nav aria-label="Contents">\n<h2>Contents</h2>\n<ol>\n' + "\n".join(items) + "\n</ol>\n</nav>"


def _block(document: Document, block: object) -> str:
    if isinstance(block, Heading):
        tag = f"h{block.level + 1}"
        name = f' id="{_id(block.anchor)}"' if block.anchor else ""
        return f"<{tag}{name}>{_inline(document, block.pieces)}</{tag}>"
    if isinstance(block, Paragraph):
        text = _inline(document, block.pieces)
        if block.style == "quote":
            return f"<blockquote><p>{text}</p></blockquote>"
        name = f' id="{_id(block.anchor)}"' if block.anchor else ""
        style = f' class="{block.style}"' if block.style else ""
        return f"<p{name}{style}>{text}</p>"
    if isinstance(block, Bullets):
        return "<ul>\n" + "\n".join(f"<li>{_inline(document, item)}</li>" for item in block.items) + "\n</ul>"
    if isinstance(block, Prompt):
        return f'<p class="prompt"><strong>To write:</strong> {escape(block.text)}</p>'
    if isinstance(block, TableBlock):
        return _table(document, block)
    if isinstance(block, FigureBlock):
        name = document.anchors[block.anchor].text
        image = base64.b64encode(block.svg.encode()).decode()
        return (
            f'<figure id="{_id(block.anchor)}">\n<img src="data:image/svg+xml;base64,{image}" alt="{escape(block.alt)}">\n'
            f"<figcaption><strong>{name}.</strong> {escape(block.caption)}</figcaption>\n</figure>"
        )
    raise TypeError(f"no way to write {type(block).__name__}")


def _inline(document: Document, pieces: Iterable[Piece]) -> str:
    words = []
    for piece in pieces:
        if isinstance(piece, str):
            words.append(escape(piece))
        elif isinstance(piece, Own):
            words.append(
                f"<span{_lang(document)}>{escape(piece.text)}</span>" if _lang(document) else escape(piece.text)
            )
        elif isinstance(piece, Strong):
            words.append(f"<strong>{escape(piece.text)}</strong>")
        elif isinstance(piece, Number):
            words.append(
                f'<data value="{piece.value}" data-table="{escape(piece.table)}" data-row="{piece.row}" '
                f'data-column="{escape(piece.column)}">{cell_text(piece.value)}</data>'
            )
        elif isinstance(piece, Ref):
            words.append(_to(document, piece.target, document.anchors[piece.target].text))
        elif isinstance(piece, Cite):
            words.append(_to(document, f"article-{piece.article}", piece.article))
        elif isinstance(piece, Link):
            words.append(f'<a href="{escape(piece.address)}" rel="noreferrer">{escape(piece.text)}</a>')
    return "".join(words)


def _to(document: Document, anchor: str, text: str) -> str:
    return f'<a href="#{_id(anchor)}">{escape(text)}</a>' if anchor in document.anchors else escape(text)


def _table(document: Document, block: TableBlock) -> str:
    name = document.anchors[block.anchor].text
    numbers = [block.is_number(n) for n in range(len(block.heads))]
    wide = " wide" if layout(block).landscape else ""
    lines = [
        f'<div class="scroll{wide}" id="{_id(block.anchor)}" tabindex="0" role="region" aria-label="{name}">\n<table>'
    ]
    lines.append(f"<caption><strong>{name}.</strong> {escape(block.caption)}</caption>\n<thead>\n<tr>")
    for n, column in enumerate(block.heads):
        style = ' class="number"' if numbers[n] else ""
        meaning = f' title="{escape(column.meaning)}"' if column.meaning else ""
        lines.append(f'<th scope="col"{style}{meaning}>{escape(column.title)}</th>')
    lines.append("</tr>\n</thead>\n<tbody>")
    for row in block.body:
        cells = []
        for n, cell in enumerate(row):
            style = ' class="number"' if numbers[n] else ""
            tag, scope = ("th", ' scope="row"') if n == 0 else ("td", "")
            cells.append(f"<{tag}{scope}{style}>{_cell(document, cell)}</{tag}>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</tbody>\n</table>")
    lines += [f'<p class="small">{escape(line)}</p>' for line in block.small_print]
    lines.append("</div>")
    return "\n".join(lines)


def _cell(document: Document, cell: Cell) -> str:
    found = things(cell)
    if not found:
        return escape(cell_text(cell))
    words = []
    for thing in found:
        if thing.kind == "section":
            words.append(_to(document, thing.id, thing.label))
        elif thing.kind == "article" and f"article-{thing.id}" in document.anchors:
            words.append(_to(document, f"article-{thing.id}", thing.id))
        elif thing.kind == "configuration" and f"configuration-{thing.id}" in document.anchors:
            words.append(_to(document, f"configuration-{thing.id}", thing.label))
        else:
            words.append(escape(thing.id if thing.kind == "article" else thing.label))
    return ", ".join(words)
