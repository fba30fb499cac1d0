"""The document as a Word file: real headings, captions, cross-references, header rows that repeat, alt texts.

What Word counts (tables, figures, pages) is written as fields with the value already in them, so that
inserting a table of one's own renumbers the rest. The bytes depend on the document alone.
"""

from __future__ import annotations

__all__ = ["FIGURES_MISSING", "word"]

import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from eaa_graph.charts.drawing import for_pixels
from eaa_graph.errors import MissingExtra
from eaa_graph.living import Painted
from eaa_graph.report.document import (
    Block,
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
from eaa_graph.report.layout import LONG, SHORT, Layout, layout
from eaa_graph.tables import Cell
from eaa_graph.writers.tables import cell_text

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_MARGIN = 20.0
_FACE = "Arial"
_INK, _BLUE = "1A1A1A", "14304A"
#: Said in the place of a figure that cannot be drawn into the document.
FIGURES_MISSING = 'The figure is not in this file: drawing it needs an optional part, pip install "eaa-graph[report]". '
#: Bytes must not depend on the day: files inside bear the first day that the format knows.
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def word(document: Document, painted: Painted | None = None) -> bytes:
    """Return a document as the bytes of a .docx file.

    Parameters
    ----------
    document : Document
    painted : Painted, optional
        Images of figures that an earlier build painted.

    Raises
    ------
    MissingExtra
        If the extra ``report`` is not installed.
    """
    try:
        import docx  # noqa: F401
    except ImportError as error:
        raise MissingExtra("writing a Word report", "report") from error
    return _Word(document, painted).bytes()


class _Word:
    """One Word file under construction.

    Styles, pages, pictures and links are python-docx's. Paragraphs and tables are written as text and parsed once:
    element by element, a report takes four times as long.
    """

    def __init__(self, document: Document, painted: Painted | None) -> None:
        import docx

        self.document = document
        self.painted = painted or Painted({})
        self.file: WordDocument = docx.Document()
        self.foreign = document.own_language != document.language
        self.landscape = False
        self.pictures = 0
        self.body: list[str] = []
        self.bookmarks: dict[str, tuple[int, str]] = {
            anchor: (number, f"_Ref{number:09d}") for number, anchor in enumerate(document.anchors, start=1)
        }
        self._styles()
        self.style_ids = {style.name: style.style_id for style in self.file.styles}
        self._page()

    def bytes(self) -> bytes:
        """Write everything and return the file."""
        self._add("Title", self._run(self.document.title, own=True))
        self._add("Subtitle", _run(self.document.subtitle))
        contents = False
        placed = [layout(block) if isinstance(block, TableBlock) else None for block in self.document.blocks]
        lying = _lying(self.document.blocks, [place is not None and place.landscape for place in placed])
        for block, place, lies in zip(self.document.blocks, placed, lying, strict=True):
            if not contents and isinstance(block, Heading):
                self._contents()
                contents = True
            self._turn(lies)
            if isinstance(block, TableBlock) and place is not None:
                self._table(block, place)
            else:
                self._block(block)
        self._properties()
        end = self.file.element.body.sectPr
        for element in _parsed("".join(self.body)):
            end.addprevious(element)
        return _zipped(self.file.part.package)

    # --- styles and pages ------------------------------------------------------------------

    def _styles(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.oxml.ns import qn
        from docx.shared import Mm, Pt, RGBColor

        styles = self.file.styles

        def set_up(
            name: str, size: float, *, bold: bool = False, colour: str = _INK, before: float = 0, after: float = 6
        ) -> Any:
            style = (
                styles[name] if name in [s.name for s in styles] else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            )
            style.font.name, style.font.size, style.font.bold, style.font.italic = _FACE, Pt(size), bold, False
            style.font.color.rgb = RGBColor.from_string(colour)
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for attribute in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
                fonts.attrib.pop(qn(attribute), None)
            for attribute in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
                fonts.set(qn(attribute), _FACE)
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
            spacing = style.element.rPr.find(qn("w:spacing"))
            if spacing is not None:
                style.element.rPr.remove(spacing)
            if name not in ("Normal", "Title", "Subtitle") and not name.startswith(
                ("Heading", "Caption", "List", "Header", "Footer")
            ):
                style.base_style = styles["Normal"]
            return style

        normal = set_up("Normal", 10)
        normal.paragraph_format.line_spacing = 1.15
        set_up("Title", 20, bold=True, colour=_BLUE, after=4)
        borders = styles["Title"].element.pPr.find(qn("w:pBdr"))
        if borders is not None:
            styles["Title"].element.pPr.remove(borders)
        set_up("Subtitle", 12, colour="555555", after=12)
        for level, size in ((1, 16.0), (2, 13.0), (3, 11.0)):
            heading = set_up(f"Heading {level}", size, bold=True, colour=_BLUE, before=18 - 4 * level + 4, after=4)
            heading.paragraph_format.keep_with_next = True
        set_up("Caption", 9.5, before=10, after=4)
        set_up("List Bullet", 10, after=3)
        set_up("Small print", 8.5, colour="4A4A4A", after=3)
        set_up("Table text", 8.5, after=0)
        styles["Table text"].paragraph_format.line_spacing = 1.0
        quote = set_up("Sentence", 10.5, before=2, after=6)
        quote.paragraph_format.left_indent = Mm(6)
        self._bordered(quote.element.get_or_add_pPr(), "4A94C8", "")
        prompt = set_up("Prompt", 10, colour="5A3A00", before=2, after=6)
        prompt.paragraph_format.left_indent = Mm(3)
        self._bordered(prompt.element.get_or_add_pPr(), "A66A00", "FDF3DC")
        reference = set_up("Reference", 9.5, after=4)
        reference.paragraph_format.left_indent, reference.paragraph_format.first_line_indent = Mm(8), Mm(-8)
        defaults = styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
        language = defaults.find(qn("w:lang"))
        if language is None:
            language = defaults.makeelement(qn("w:lang"), {})
            defaults.append(language)
        language.set(qn("w:val"), self.document.language)

    def _bordered(self, properties: Any, border: str, fill: str) -> None:
        from docx.oxml.ns import qn

        edges = properties.makeelement(qn("w:pBdr"), {})
        edges.append(
            edges.makeelement(
                qn("w:left"), {qn("w:val"): "single", qn("w:sz"): "18", qn("w:space"): "6", qn("w:color"): border}
            )
        )
        # The schema wants borders and shading in their place among the properties of a paragraph.
        place = [
            n
            for n, child in enumerate(properties)
            if child.tag in {qn(t) for t in ("w:spacing", "w:ind", "w:jc", "w:outlineLvl", "w:rPr")}
        ]
        properties.insert(place[0] if place else len(properties), edges)
        if fill:
            shade = properties.makeelement(
                qn("w:shd"), {qn("w:val"): "clear", qn("w:color"): "auto", qn("w:fill"): fill}
            )
            edges.addnext(shade)

    def _page(self) -> None:
        from docx.shared import Mm

        section = self.file.sections[0]
        section.page_width, section.page_height = Mm(SHORT + 2 * _MARGIN), Mm(LONG + 2 * _MARGIN)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(_MARGIN)
        section.footer_distance = Mm(10)
        footer = section.footer.paragraphs[0]._p
        pages = f"{self._field('PAGE', '1')}{_run(' / ')}{self._field('NUMPAGES', '1')}"
        counted = self._paragraph("Small print", pages, _RIGHT)
        footer.getparent().replace(footer, _parsed(counted)[0])

    def _turn(self, landscape: bool) -> None:
        """Go on on a page that lies, or that stands."""
        from docx.enum.section import WD_ORIENT, WD_SECTION
        from docx.shared import Mm
        from lxml import etree

        if landscape == self.landscape:
            return
        self.landscape = landscape
        section = self.file.add_section(WD_SECTION.NEW_PAGE)
        # The paragraph that ends the section takes its place among those that are still text.
        last = self.file.element.body.p_lst[-1]
        self.body.append(etree.tostring(last, encoding="unicode", with_tail=False))
        self.file.element.body.remove(last)
        short, long = Mm(SHORT + 2 * _MARGIN), Mm(LONG + 2 * _MARGIN)
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = (long, short) if landscape else (short, long)

    def _properties(self) -> None:
        properties = self.file.core_properties
        properties.title, properties.subject = self.document.title[:255], self.document.subtitle
        properties.author = properties.last_modified_by = "eaa-graph"
        properties.comments = properties.keywords = ""
        properties.language = self.document.language
        properties.revision = 1
        properties.created = properties.modified = datetime.datetime(*_FIRST_DAY[:3], tzinfo=datetime.UTC)

    def _contents(self) -> None:
        """Write a table of contents whose entries lead to their sections; Word adds pages when told to update."""
        self._add("Normal", _run("Contents", bold=True), _spaced(before=_twips(4)))
        entries = [b for b in self.document.blocks if isinstance(b, Heading) and b.anchor and b.level <= 2]
        for place, entry in enumerate(entries):
            content = [
                self._begin('TOC \\o "1-2" \\h \\z') if place == 0 else "",
                self._hyperlink(self.document.anchors[entry.anchor].text, anchor=entry.anchor),
                _GAP,
                self._field(f"PAGEREF {self.bookmarks[entry.anchor][1]} \\h", ""),
                _END if place == len(entries) - 1 else "",
            ]
            self._add("Table text", "".join(content), f'<w:ind w:left="{_twips(5 * (entry.level - 1))}"/>')

    # --- blocks ------------------------------------------------------------------------------

    def _add(self, style: str, content: str, properties: str = "") -> None:
        self.body.append(self._paragraph(style, content, properties))

    def _paragraph(self, style: str, content: str, properties: str = "") -> str:
        # A name that is given out is an identifier: nothing in it needs escaping.
        return f'<w:p><w:pPr><w:pStyle w:val="{self.style_ids[style]}"/>{properties}</w:pPr>{content}</w:p>'

    def _block(self, block: object) -> None:
        if isinstance(block, Heading):
            self._add(f"Heading {block.level}", self._marked(block.anchor, self._inline(block.pieces)))
        elif isinstance(block, Paragraph):
            style = {"quote": "Sentence", "note": "Small print", "reference": "Reference"}.get(block.style, "Normal")
            self._add(style, self._marked(block.anchor, self._inline(block.pieces)))
        elif isinstance(block, Bullets):
            for item in block.items:
                self._add("List Bullet", self._inline(item))
        elif isinstance(block, Prompt):
            self._add("Prompt", _run("To write: ", bold=True) + _run(block.text))
        elif isinstance(block, FigureBlock):
            self._figure(block)

    def _caption(self, block: TableBlock | FigureBlock, *, above: bool) -> None:
        kind, number, _ = self.document.anchors[block.anchor]
        counted = _run(f"{kind} ", bold=True) + self._field(f"SEQ {kind} \\* ARABIC", str(number), bold=True)
        together = _KEEP_WITH_NEXT if above else '<w:keepNext w:val="0"/>'
        self._add("Caption", self._marked(block.anchor, counted) + _run(f". {block.caption}"), together)

    def _figure(self, block: FigureBlock) -> None:
        from docx.shared import Emu, Mm
        from lxml import etree

        image = self.painted.image(block.svg, _png)
        if image is None:
            known = block.table in self.document.anchors
            missing = _run(FIGURES_MISSING + "The same numbers stand in ")
            self._add("Prompt", missing + self._inline([Ref(block.table)] if known else ["the tables"]) + _run("."))
        else:
            inline = self.file.part.new_pic_inline(io.BytesIO(image), width=Mm(SHORT))
            # python-docx looks for the highest id so far; the pictures before this one are text already.
            self.pictures += 1
            inline.docPr.set("id", str(self.pictures))
            size, most = inline.extent, Mm((SHORT if self.landscape else LONG) - 40)
            if size.cy > most:  # a figure longer than the page is made to fit
                size.cx, size.cy = Emu(int(size.cx * most / size.cy)), most
                drawn = inline.graphic.graphicData.pic.spPr
                drawn.cx, drawn.cy = size.cx, size.cy
            properties = inline.docPr
            properties.set("descr", block.alt)
            properties.set("title", block.caption)
            properties.set("name", block.name)
            drawing = etree.tostring(inline, encoding="unicode")
            self._add("Normal", f"<w:r><w:drawing>{drawing}</w:drawing></w:r>", _KEEP_WITH_NEXT)
        self._caption(block, above=False)

    def _table(self, block: TableBlock, placed: Layout) -> None:
        self._caption(block, above=True)
        heads = block.heads
        right = [_RIGHT if block.is_number(n) else "" for n in range(len(heads))]
        width = [f'<w:tc><w:tcPr><w:tcW w:type="dxa" w:w="{_twips(mm)}"/>' for mm in placed.widths]
        # A header never stands alone at the foot of a page.
        head = [w + _edge(6, _INK) + self._opened(_KEEP_WITH_NEXT + r) for w, r in zip(width, right, strict=True)]
        cell = [w + _edge(2, "B4BCC4") + self._opened(r) for w, r in zip(width, right, strict=True)]
        size = placed.size
        rows = [
            "<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>",
            *(f"{o}{_run(c.title, size=size, bold=True)}</w:p></w:tc>" for o, c in zip(head, heads, strict=True)),
            "</w:tr>",
        ]
        for row in block.body:
            rows.append("<w:tr><w:trPr><w:cantSplit/></w:trPr>")
            rows += [f"{o}{self._cell(c, size)}</w:p></w:tc>" for o, c in zip(cell, row, strict=True)]
            rows.append("</w:tr>")
        self.body.append(f"<w:tbl>{_table_properties(block, placed)}{''.join(rows)}</w:tbl>")
        if not block.body:
            self._add("Small print", _run("No rows."))
        lines = [_run(line) for line in block.small_print] or [""]
        for number, line in enumerate(lines):
            before = 60 if number == 0 and block.small_print else None
            self._add("Small print", line, _spaced(before=before, after=200 if number == len(lines) - 1 else None))

    def _opened(self, properties: str) -> str:
        style = self.style_ids["Table text"]
        return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>'

    def _cell(self, cell: Cell, size: float) -> str:
        found = things(cell)
        if not found:
            return _run(cell_text(cell), size=size)
        out = []
        for place, thing in enumerate(found):
            if place:
                out.append(_run(", ", size=size))
            if thing.kind == "page":
                out.append(self._field(f"PAGEREF {self.bookmarks[thing.id][1]} \\h", "", size=size))
            elif thing.kind == "section":
                out.append(self._hyperlink(thing.label, anchor=thing.id, size=size))
            elif thing.kind == "article" and f"article-{thing.id}" in self.bookmarks:
                out.append(self._hyperlink(thing.id, anchor=f"article-{thing.id}", size=size))
            else:
                out.append(_run(thing.id if thing.kind == "article" else thing.label, size=size))
        return "".join(out)

    # --- inside a paragraph ----------------------------------------------------------------------

    def _inline(self, pieces: Iterable[Piece]) -> str:
        return "".join(map(self._piece, pieces))

    def _piece(self, piece: Piece) -> str:
        if isinstance(piece, str):
            return _run(piece)
        if isinstance(piece, Own):
            return self._run(piece.text, own=True)
        if isinstance(piece, Strong):
            return _run(piece.text, bold=True)
        if isinstance(piece, Number):
            return _run(cell_text(piece.value))
        if isinstance(piece, Ref):
            target = self.document.anchors[piece.target]
            if target.kind in ("Table", "Figure"):
                return self._field(f"REF {self.bookmarks[piece.target][1]} \\h", target.text)
            return self._hyperlink(target.text, anchor=piece.target)
        if isinstance(piece, Cite):
            anchor = f"article-{piece.article}"
            if anchor in self.bookmarks:
                return self._hyperlink(piece.article, anchor=anchor)
            return _run(piece.article)
        return self._hyperlink(piece.text, address=piece.address) if isinstance(piece, Link) else ""

    def _run(self, text: str, *, own: bool) -> str:
        """Return a run of text, in the review's own language where that is another one."""
        return _run(text, language=self.document.own_language if own and self.foreign else "")

    def _begin(self, instruction: str, size: float = 0.0) -> str:
        # Pages are known to the program that opens the file only: it is told to look.
        dirty = ' w:dirty="true"' if instruction.startswith("PAGEREF") else ""
        properties = f"<w:rPr>{_sized(size)}</w:rPr>" if size else ""
        return (
            f'<w:r>{properties}<w:fldChar w:fldCharType="begin"{dirty}/></w:r>'
            f'<w:r>{properties}<w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText></w:r>'
            f'<w:r>{properties}<w:fldChar w:fldCharType="separate"/></w:r>'
        )

    def _field(self, instruction: str, value: str, *, bold: bool = False, size: float = 0.0) -> str:
        """Return a field with the value that it has now."""
        return self._begin(instruction, size) + _run(value, bold=bold, size=size) + _END

    def _hyperlink(self, text: str, *, anchor: str = "", address: str = "", size: float = 0.0) -> str:
        if anchor:
            to = f'w:anchor="{self.bookmarks[anchor][1]}"'
        else:
            kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
            to = f'r:id="{self.file.part.relate_to(address, kind, is_external=True)}"'
        return f'<w:hyperlink w:history="1" {to}>{_run(text, size=size, colour="0B5A95")}</w:hyperlink>'

    def _marked(self, anchor: str, content: str) -> str:
        """Return content inside a bookmark, if it has an anchor."""
        if not anchor:
            return content
        number, name = self.bookmarks[anchor]
        return f'<w:bookmarkStart w:id="{number}" w:name="{name}"/>{content}<w:bookmarkEnd w:id="{number}"/>'


_KEEP_WITH_NEXT = "<w:keepNext/>"
_RIGHT = '<w:jc w:val="right"/>'
_GAP = '<w:r><w:t xml:space="preserve">  </w:t></w:r>'
_END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def _twips(millimetres: float) -> int:
    """Return a length as Word counts it: in twentieths of a point, of which an inch has 1,440."""
    return round(millimetres * 1440 / 25.4)


def _sized(points: float) -> str:
    return f'<w:sz w:val="{round(points * 2)}"/>'


def _spaced(before: int | None = None, after: int | None = None) -> str:
    """Return the space before and after a paragraph, in twentieths of a point; None leaves it to the style."""
    told = "".join(f' w:{side}="{n}"' for side, n in (("before", before), ("after", after)) if n is not None)
    return f"<w:spacing{told}/>" if told else ""


def _run(text: str, *, bold: bool = False, size: float = 0.0, colour: str = "", language: str = "") -> str:
    """Return a run of text with what sets it apart, in the order that the schema wants."""
    marks = [
        "<w:b/>" if bold else "",
        f'<w:color w:val="{colour}"/>' if colour else "",
        _sized(size) if size else "",
        f'<w:lang w:val="{_attribute(language)}"/>' if language else "",
    ]
    properties = "".join(marks)
    if properties:
        properties = f"<w:rPr>{properties}</w:rPr>"
    # A soft hyphen is an element of its own; as a character it would be printed.
    parts = [
        f'<w:t xml:space="preserve">{escape(part)}</w:t>' if part else "" for part in _printable(text).split(_SOFT)
    ]
    return f"<w:r>{properties}{'<w:softHyphen/>'.join(parts)}</w:r>"


_SOFT = "\u00ad"


def _edge(size: int, colour: str) -> str:
    """Return the end of a cell's properties, with the line under it."""
    line = f'<w:bottom w:val="single" w:sz="{size}" w:space="0" w:color="{colour}"/>'
    return f"<w:tcBorders>{line}</w:tcBorders></w:tcPr>"


def _table_properties(block: TableBlock, placed: Layout) -> str:
    edges = "".join(f'<w:{e} w:val="single" w:sz="12" w:space="0" w:color="{_INK}"/>' for e in ("top", "bottom"))
    margins = "".join(
        f'<w:{edge} w:w="{twips}" w:type="dxa"/>'
        for edge, twips in (("top", 30), ("left", 70), ("bottom", 30), ("right", 70))
    )
    caption = _attribute(block.caption[:255])
    told = _attribute(" ".join(block.small_print)[:1000]) or caption
    columns = "".join(f'<w:gridCol w:w="{_twips(mm)}"/>' for mm in placed.widths)
    return (
        f'<w:tblPr><w:tblW w:w="{_twips(sum(placed.widths))}" w:type="dxa"/><w:jc w:val="left"/>'
        f'<w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar>'
        '<w:tblLook w:firstColumn="1" w:firstRow="1" w:lastColumn="0" w:lastRow="0" w:noHBand="0" w:noVBand="1" w:val="04A0"/>'
        f'<w:tblCaption w:val="{caption}"/><w:tblDescription w:val="{told}"/></w:tblPr><w:tblGrid>{columns}</w:tblGrid>'
    )


def _parsed(elements: str) -> list[Any]:
    """Return the elements of a text as python-docx holds them."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    return list(parse_xml(f"<w:body {nsdecls('w', 'r', 'wp', 'a', 'pic')}>{elements}</w:body>"))


def _lying(blocks: Sequence[Block], wide: Sequence[bool]) -> list[bool]:
    """Say of each block whether it stands on a page that lies.

    A wide table takes the heading and the words before it along, and what follows it up to the next heading: a page
    turned for one heading or one line would be empty otherwise.
    """
    lying = list(wide)
    for place in [n for n, lies in enumerate(lying) if lies]:
        before = place - 1
        while before >= 0 and isinstance(blocks[before], Paragraph | Prompt | Bullets):
            before -= 1
        while before >= 0 and isinstance(blocks[before], Heading):
            before -= 1
        if isinstance(blocks[before + 1], Heading):
            lying[before + 1 : place] = [True] * (place - before - 1)
        after = place + 1
        while after < len(blocks) and isinstance(blocks[after], Paragraph | Prompt | Bullets):
            lying[after] = True
            after += 1
    return lying


def _printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return _NOT_IN_XML.sub(" ", " ".join(_SPACES.split(text)) if _SPACES.search(text) else text)


#: Runs of white space that are more, or other, than one space.
_SPACES = re.compile(r"\s{2,}|[^\S ]")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _attribute(text: str) -> str:
    return escape(_printable(text))


def _png(svg: str) -> bytes | None:
    """Return a figure as an image for Word, or None where the part that draws it is not installed."""
    try:
        import vl_convert
    except ImportError:
        return None
    # Twice the 96 dots to an inch in which lengths are read: what Word keeps of a picture is little more.
    image: bytes = vl_convert.svg_to_png(for_pixels(svg), scale=2.0)
    return image


def _zipped(package: Any) -> bytes:
    """Return the parts of a Word file as one zip file whose bytes do not depend on the time or the machine."""
    from docx.opc.constants import CONTENT_TYPE
    from docx.opc.packuri import PACKAGE_URI

    parts = list(package.parts)
    for part in parts:
        part.before_marshal()
    kinds = {"rels": CONTENT_TYPE.OPC_RELATIONSHIPS, "xml": CONTENT_TYPE.XML, "png": CONTENT_TYPE.PNG}
    types = "".join(f'<Default Extension="{ending}" ContentType="{kind}"/>' for ending, kind in sorted(kinds.items()))
    types += "".join(
        f'<Override PartName="{_attribute(part.partname)}" ContentType="{_attribute(part.content_type)}"/>'
        for part in sorted(parts, key=lambda part: str(part.partname))
        if kinds.get(part.partname.ext) != part.content_type
    )
    namespace = "http://schemas.openxmlformats.org/package/2006/content-types"
    contents: list[tuple[str, str | bytes]] = [
        ("[Content_Types].xml", f'<?xml version="1.0" encoding="UTF-8"?>\n<Types xmlns="{namespace}">{types}</Types>'),
        (PACKAGE_URI.rels_uri.membername, package.rels.xml),
    ]
    for part in parts:
        contents.append((part.partname.membername, part.blob))
        if len(part.rels):
            contents.append((part.partname.rels_uri.membername, part.rels.xml))
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        for name, content in contents:
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            # An image is nearly as small as it gets.
            file.writestr(entry, content, compresslevel=3 if name.endswith(".png") else 6)
    return raw.getvalue()
