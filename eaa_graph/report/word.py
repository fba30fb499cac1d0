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
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from eaa_graph.errors import MissingExtra
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
    from docx.text.paragraph import Paragraph as WordParagraph

_MARGIN = 20.0
_FACE = "Arial"
_INK, _BLUE = "1A1A1A", "14304A"
#: Said in the place of a figure that cannot be drawn into the document.
FIGURES_MISSING = 'The figure is not in this file: drawing it needs an optional part, pip install "eaa-graph[report]". '
#: Bytes must not depend on the day: files inside bear the first day that the format knows.
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def word(document: Document) -> bytes:
    """Return a document as the bytes of a .docx file.

    Parameters
    ----------
    document : Document

    Raises
    ------
    MissingExtra
        If the extra ``report`` is not installed.
    """
    try:
        import docx  # noqa: F401
    except ImportError as error:
        raise MissingExtra("writing a Word report", "report") from error
    return _Word(document).bytes()


class _Word:
    """One Word file under construction."""

    def __init__(self, document: Document) -> None:
        import docx

        self.document = document
        self.file: WordDocument = docx.Document()
        self.landscape = False
        self.bookmarks: dict[str, tuple[int, str]] = {
            anchor: (number, f"_Ref{number:09d}") for number, anchor in enumerate(document.anchors, start=1)
        }
        self._styles()
        self.style_ids = {style.name: style.style_id for style in self.file.styles}
        self._page()

    def bytes(self) -> bytes:
        """Write everything and return the file."""
        title = self._paragraph("Title")
        self._run(title, self.document.title, own=True)
        self._run(self._paragraph("Subtitle"), self.document.subtitle)
        contents = False
        lying = _lying(self.document.blocks)
        for block, lies in zip(self.document.blocks, lying, strict=True):
            if not contents and isinstance(block, Heading):
                self._contents()
                contents = True
            self._turn(lies)
            self._block(block)
        self._properties()
        raw = io.BytesIO()
        self.file.save(raw)
        return _fixed(raw.getvalue())

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
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Mm

        section = self.file.sections[0]
        section.page_width, section.page_height = Mm(SHORT + 2 * _MARGIN), Mm(LONG + 2 * _MARGIN)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(_MARGIN)
        section.footer_distance = Mm(10)
        footer = section.footer.paragraphs[0]
        footer.style = self.file.styles["Small print"]
        footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        self._field(footer, "PAGE", "1")
        footer.add_run(" / ")
        self._field(footer, "NUMPAGES", "1")

    def _turn(self, landscape: bool) -> None:
        """Go on on a page that lies, or that stands."""
        from docx.enum.section import WD_ORIENT, WD_SECTION
        from docx.shared import Mm

        if landscape == self.landscape:
            return
        self.landscape = landscape
        section = self.file.add_section(WD_SECTION.NEW_PAGE)
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
        from docx.shared import Mm

        heading = self._paragraph("Normal")
        heading.paragraph_format.space_before = Mm(4)
        heading.add_run("Contents").bold = True
        entries = [b for b in self.document.blocks if isinstance(b, Heading) and b.anchor and b.level <= 2]
        for place, entry in enumerate(entries):
            paragraph = self._paragraph("Table text")
            paragraph.paragraph_format.left_indent = Mm(5 * (entry.level - 1))
            if place == 0:
                self._begin(paragraph, 'TOC \\o "1-2" \\h \\z')
            self._hyperlink(paragraph, self.document.anchors[entry.anchor].text, anchor=entry.anchor)
            paragraph.add_run("  ")
            self._field(paragraph, f"PAGEREF {self.bookmarks[entry.anchor][1]} \\h", "")
            if place == len(entries) - 1:
                self._end(paragraph)

    # --- blocks ------------------------------------------------------------------------------

    def _block(self, block: object) -> None:
        if isinstance(block, TableBlock):
            self._table(block)
        elif isinstance(block, Heading):
            paragraph = self._paragraph(f"Heading {block.level}")
            with_mark = self._mark(paragraph, block.anchor)
            self._inline(paragraph, block.pieces)
            with_mark()
        elif isinstance(block, Paragraph):
            style = {"quote": "Sentence", "note": "Small print", "reference": "Reference"}.get(block.style, "Normal")
            paragraph = self._paragraph(style)
            with_mark = self._mark(paragraph, block.anchor)
            self._inline(paragraph, block.pieces)
            with_mark()
        elif isinstance(block, Bullets):
            for item in block.items:
                self._inline(self._paragraph("List Bullet"), item)
        elif isinstance(block, Prompt):
            paragraph = self._paragraph("Prompt")
            paragraph.add_run("To write: ").bold = True
            self._run(paragraph, block.text)
        elif isinstance(block, FigureBlock):
            self._figure(block)

    def _caption(self, block: TableBlock | FigureBlock, *, above: bool) -> None:
        paragraph = self._paragraph("Caption")
        paragraph.paragraph_format.keep_with_next = above
        kind, number, _ = self.document.anchors[block.anchor]
        with_mark = self._mark(paragraph, block.anchor)
        paragraph.add_run(f"{kind} ").bold = True
        self._field(paragraph, f"SEQ {kind} \\* ARABIC", str(number), bold=True)
        with_mark()
        self._run(paragraph, f". {block.caption}")

    def _figure(self, block: FigureBlock) -> None:
        from docx.shared import Emu, Mm

        image = _png(block.svg)
        if image is None:
            paragraph = self._paragraph("Prompt")
            self._run(paragraph, FIGURES_MISSING + "The same numbers stand in ")
            self._inline(paragraph, [Ref(block.table)] if block.table in self.document.anchors else ["the tables"])
            paragraph.add_run(".")
        else:
            paragraph = self._paragraph("Normal")
            paragraph.paragraph_format.keep_with_next = True
            picture = paragraph.add_run().add_picture(io.BytesIO(image), width=Mm(SHORT))
            most = Mm((SHORT if self.landscape else LONG) - 40)
            if picture.height > most:  # a figure longer than the page is made to fit
                picture.width, picture.height = Emu(int(picture.width * most / picture.height)), most
            properties = picture._inline.docPr
            properties.set("descr", block.alt)
            properties.set("title", block.caption)
            properties.set("name", block.name)
        self._caption(block, above=False)

    def _table(self, block: TableBlock) -> None:
        from docx.enum.table import WD_TABLE_ALIGNMENT
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml.ns import qn
        from docx.shared import Mm, Pt

        placed: Layout = layout(block)
        self._caption(block, above=True)
        heads, body = block.heads, block.body
        table = self.file.add_table(rows=0, cols=len(heads))
        table.alignment = WD_TABLE_ALIGNMENT.LEFT
        table.autofit = False
        self._table_properties(table, block, placed)
        numbers = [block.is_number(n) for n in range(len(heads))]
        rows: list[tuple[bool, tuple[Cell, ...]]] = [(True, tuple(c.title for c in heads))]
        rows += [(False, row) for row in body]
        for head, cells in rows:
            made = table.add_row()
            properties = made._tr.get_or_add_trPr()
            properties.append(properties.makeelement(qn("w:cantSplit"), {}))
            if head:
                properties.append(properties.makeelement(qn("w:tblHeader"), {}))
            for n, (cell, width) in enumerate(zip(made.cells, placed.widths, strict=True)):
                cell.width = Mm(width)
                paragraph = cell.paragraphs[0]
                paragraph._p.style = self.style_ids["Table text"]
                if numbers[n]:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                self._cell(paragraph, cells[n], placed.size, bold=head)
                if head:
                    self._edge(cell, "bottom", 6, _INK)
                    # A header never stands alone at the foot of a page.
                    paragraph.paragraph_format.keep_with_next = True
                else:
                    self._edge(cell, "bottom", 2, "B4BCC4")
        if not body:
            self._run(self._paragraph("Small print"), "No rows.")
        last = None
        for number, line in enumerate(block.small_print):
            last = self._paragraph("Small print")
            if number == 0:
                last.paragraph_format.space_before = Pt(3)
            self._run(last, line)
        (last or self._paragraph("Small print")).paragraph_format.space_after = Pt(10)

    def _table_properties(self, table: Any, block: TableBlock, placed: Layout) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Mm

        properties = table._tbl.tblPr
        for child in list(properties):
            if child.tag in {qn("w:tblW"), qn("w:tblBorders"), qn("w:tblStyle")}:
                properties.remove(child)
        total = sum(placed.widths)

        def add(tag: str, **attributes: str) -> Any:
            element = properties.makeelement(qn(tag), {qn(f"w:{k}"): v for k, v in attributes.items()})
            properties.append(element)
            return element

        add("w:tblW", w=str(round(Mm(total).twips)), type="dxa")
        borders = add("w:tblBorders")
        for edge in ("top", "bottom"):
            borders.append(
                borders.makeelement(
                    qn(f"w:{edge}"), {qn("w:val"): "single", qn("w:sz"): "12", qn("w:space"): "0", qn("w:color"): _INK}
                )
            )
        margins = add("w:tblCellMar")
        for edge, twips in (("top", "30"), ("left", "70"), ("bottom", "30"), ("right", "70")):
            margins.append(margins.makeelement(qn(f"w:{edge}"), {qn("w:w"): twips, qn("w:type"): "dxa"}))
        add("w:tblCaption", val=block.caption[:255])
        add("w:tblDescription", val=" ".join(block.small_print)[:1000] or block.caption[:255])
        order = [
            "tblStyle", "tblpPr", "tblOverlap", "bidiVisual", "tblStyleRowBandSize", "tblStyleColBandSize", "tblW", "jc",
            "tblCellSpacing", "tblInd", "tblBorders", "shd", "tblLayout", "tblCellMar", "tblLook", "tblCaption", "tblDescription",
        ]  # fmt: skip
        ranks = {qn(f"w:{name}"): rank for rank, name in enumerate(order)}
        for child in sorted(properties, key=lambda c: ranks[c.tag]):
            properties.append(child)
        for column, width in zip(table.columns, placed.widths, strict=True):
            column.width = Mm(width)

    def _edge(self, cell: Any, edge: str, size: int, colour: str) -> None:
        from docx.oxml.ns import qn

        properties = cell._tc.get_or_add_tcPr()
        borders = properties.makeelement(qn("w:tcBorders"), {})
        borders.append(
            borders.makeelement(
                qn(f"w:{edge}"),
                {qn("w:val"): "single", qn("w:sz"): str(size), qn("w:space"): "0", qn("w:color"): colour},
            )
        )
        properties.append(borders)

    def _cell(self, paragraph: WordParagraph, cell: Cell, size: float, *, bold: bool) -> None:
        found = things(cell)
        if not found:
            self._run(paragraph, cell_text(cell), size=size, bold=bold)
            return
        for place, thing in enumerate(found):
            if place:
                self._run(paragraph, ", ", size=size)
            if thing.kind == "page":
                self._field(paragraph, f"PAGEREF {self.bookmarks[thing.id][1]} \\h", "", size=size)
            elif thing.kind == "section":
                self._hyperlink(paragraph, thing.label, anchor=thing.id, size=size)
            elif thing.kind == "article" and f"article-{thing.id}" in self.bookmarks:
                self._hyperlink(paragraph, thing.id, anchor=f"article-{thing.id}", size=size)
            else:
                self._run(paragraph, thing.id if thing.kind == "article" else thing.label, size=size)

    def _paragraph(self, style: str) -> WordParagraph:
        paragraph = self.file.add_paragraph()
        # By its id: looking a style up by its name for every paragraph takes most of the time.
        paragraph._p.style = self.style_ids[style]
        return paragraph

    # --- inside a paragraph ----------------------------------------------------------------------

    def _inline(self, paragraph: WordParagraph, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, str):
                self._run(paragraph, piece)
            elif isinstance(piece, Own):
                self._run(paragraph, piece.text, own=True)
            elif isinstance(piece, Strong):
                self._run(paragraph, piece.text, bold=True)
            elif isinstance(piece, Number):
                self._run(paragraph, cell_text(piece.value))
            elif isinstance(piece, Ref):
                target = self.document.anchors[piece.target]
                if target.kind in ("Table", "Figure"):
                    self._field(paragraph, f"REF {self.bookmarks[piece.target][1]} \\h", target.text)
                else:
                    self._hyperlink(paragraph, target.text, anchor=piece.target)
            elif isinstance(piece, Cite):
                anchor = f"article-{piece.article}"
                if anchor in self.bookmarks:
                    self._hyperlink(paragraph, piece.article, anchor=anchor)
                else:
                    self._run(paragraph, piece.article)
            elif isinstance(piece, Link):
                self._hyperlink(paragraph, piece.text, address=piece.address)

    def _run(
        self, paragraph: WordParagraph, text: str, *, own: bool = False, bold: bool = False, size: float = 0.0
    ) -> Any:
        from docx.oxml.ns import qn
        from docx.shared import Pt

        run = paragraph.add_run()
        # A soft hyphen is an element of its own; as a character it would be printed.
        for number, part in enumerate(_printable(text).split("\u00ad")):
            if number:
                run._r.append(run._r.makeelement(qn("w:softHyphen"), {}))
            if part:
                run.add_text(part)
        if bold:
            run.bold = True
        if size:
            run.font.size = Pt(size)
        if own and self.document.own_language != self.document.language:
            properties = run._r.get_or_add_rPr()
            properties.append(properties.makeelement(qn("w:lang"), {qn("w:val"): self.document.own_language}))
        return run

    def _begin(self, paragraph: WordParagraph, instruction: str, size: float = 0.0) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Pt

        # Pages are known to the program that opens the file only: it is told to look.
        dirty = {qn("w:dirty"): "true"} if instruction.startswith("PAGEREF") else {}
        for kind in ("begin", "instruction", "separate"):
            run = paragraph.add_run()
            if size:
                run.font.size = Pt(size)
            if kind == "instruction":
                code = run._r.makeelement(
                    qn("w:instrText"), {"{http://www.w3.org/XML/1998/namespace}space": "preserve"}
                )
                code.text = f" {instruction} "
                run._r.append(code)
            else:
                attributes = {qn("w:fldCharType"): kind, **(dirty if kind == "begin" else {})}
                run._r.append(run._r.makeelement(qn("w:fldChar"), attributes))

    def _end(self, paragraph: WordParagraph) -> None:
        from docx.oxml.ns import qn

        run = paragraph.add_run()
        run._r.append(run._r.makeelement(qn("w:fldChar"), {qn("w:fldCharType"): "end"}))

    def _field(
        self, paragraph: WordParagraph, instruction: str, value: str, *, bold: bool = False, size: float = 0.0
    ) -> None:
        """Write a field with the value that it has now."""
        self._begin(paragraph, instruction, size)
        self._run(paragraph, value, bold=bold, size=size)
        self._end(paragraph)

    def _hyperlink(
        self, paragraph: WordParagraph, text: str, *, anchor: str = "", address: str = "", size: float = 0.0
    ) -> None:
        from docx.oxml.ns import qn
        from docx.shared import RGBColor

        link = paragraph._p.makeelement(qn("w:hyperlink"), {qn("w:history"): "1"})
        if anchor:
            link.set(qn("w:anchor"), self.bookmarks[anchor][1])
        else:
            kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
            link.set(qn("r:id"), paragraph.part.relate_to(address, kind, is_external=True))
        run = self._run(paragraph, text, size=size)
        run.font.color.rgb = RGBColor.from_string("0B5A95")
        paragraph._p.remove(run._r)
        link.append(run._r)
        paragraph._p.append(link)

    def _mark(self, paragraph: WordParagraph, anchor: str) -> Any:
        """Begin a bookmark; what is returned ends it."""
        from docx.oxml.ns import qn

        if not anchor:
            return lambda: None
        number, name = self.bookmarks[anchor]
        paragraph._p.append(
            paragraph._p.makeelement(qn("w:bookmarkStart"), {qn("w:id"): str(number), qn("w:name"): name})
        )
        return lambda: paragraph._p.append(paragraph._p.makeelement(qn("w:bookmarkEnd"), {qn("w:id"): str(number)}))


def _lying(blocks: tuple[Block, ...]) -> list[bool]:
    """Say of each block whether it stands on a page that lies.

    A wide table takes the heading and the words before it along, and what follows it up to the next heading: a page
    turned for one heading or one line would be empty otherwise.
    """
    lying = [isinstance(block, TableBlock) and layout(block).landscape for block in blocks]
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
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", " ", re.sub(r"\s+", " ", text))


def _png(svg: str) -> bytes | None:
    """Return a figure as an image for Word, or None where the part that draws it is not installed."""
    try:
        import vl_convert
    except ImportError:
        return None
    image: bytes = vl_convert.svg_to_png(svg, scale=2.0)
    return image


def _fixed(raw: bytes) -> bytes:
    """Return a zip file with the same content whose bytes do not depend on the time or the machine."""
    fixed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(fixed, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            new.writestr(entry, old.read(name), compresslevel=6)
    return fixed.getvalue()
