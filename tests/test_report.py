"""The report: its numbers are those of the measures, its articles are named, its files open."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph import pipeline, reporting, resources
from eaa_graph.errors import BadSettings, MissingExtra, UnknownName, UnreadableFile
from eaa_graph.model import Article, Records, Review
from eaa_graph.pipeline import Built
from eaa_graph.report.document import (
    Bullets,
    Cite,
    Document,
    FigureBlock,
    Heading,
    Number,
    Own,
    Paragraph,
    Prompt,
    Ref,
    Strong,
    TableBlock,
    number,
    plain,
    words,
)
from eaa_graph.report.layout import LONG, SHORT, layout
from eaa_graph.report.markdown import markdown
from eaa_graph.report.material import Material, fingerprint
from eaa_graph.report.references import references
from eaa_graph.report.sections import compose
from eaa_graph.report.standards import STANDARDS
from eaa_graph.report.web import html
from eaa_graph.report.word import FIGURES_MISSING, word
from eaa_graph.settings import Settings
from eaa_graph.tables import Column, Table, Thing
from eaa_graph.theory.evidence import evidence_over_versions, evidence_side_by_side
from eaa_graph.theory.versions import history, versions_table

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"


@cache
def built(name: str) -> Built:
    return pipeline.build(resources.example(name), Settings(infer="none"))


@cache
def material(name: str) -> Material:
    return reporting.gather(built(name))


@cache
def document(name: str, standard: str = "synthesis") -> Document:
    return compose(material(name), standard)


@cache
def docx_of(name: str) -> bytes:
    return word(document(name))


def sheet(name: str, of: str = "eaa_pilot") -> list[dict[str, str]]:
    with (resources.example(of) / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def blocks(kind: type, name: str = "eaa_pilot") -> list:
    return [b for b in document(name).blocks if isinstance(b, kind)]


def block(anchor: str, name: str = "eaa_pilot") -> TableBlock:
    return next(b for b in blocks(TableBlock, name) if b.anchor == anchor)


def review(folder: Path, without: tuple[str, ...] = (), **sheets: str) -> Built:
    """Build a copy of the pilot with sheets left out or replaced."""
    target = folder / "review"
    shutil.copytree(resources.example("eaa_pilot"), target)
    for name in without:
        (target / f"{name}.csv").unlink()
    for name, text in sheets.items():
        (target / f"{name}.csv").write_text(text, "utf-8")
    return pipeline.build(target, Settings(infer="none"))


# --- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["eaa_pilot", "eaa_published"])
def test_every_table_that_was_asked_equals_the_answer_to_its_question(name: str) -> None:
    fresh = pipeline.build(resources.example(name), Settings(infer="none"))
    compared = 0
    for shown, question, given_ in reporting.ASKED:
        if shown not in document(name).tables:
            continue
        parameters = dict(given_)
        known = {p for p, _, _ in pipeline.parameters_of(question)}
        if "seed" in known:
            parameters["seed"] = "20240101"
        answer = pipeline.answer(fresh, question, parameters)
        table = document(name).tables[shown]
        assert (table.columns, table.rows, table.unit, table.denominator) == (
            answer.columns,
            answer.rows,
            answer.unit,
            answer.denominator,
        ), shown
        compared += 1
    assert compared >= (12 if name == "eaa_pilot" else 3)


@pytest.mark.parametrize("name", ["eaa_pilot", "eaa_published"])
def test_every_number_in_the_prose_equals_its_cell(name: str) -> None:
    found = [p for p in document(name).pieces() if isinstance(p, Number)]
    assert len(found) > 40 or name != "eaa_pilot"
    for piece in found:
        table = document(name).tables[piece.table]
        assert table.rows[piece.row][table.index(piece.column)] == piece.value


@pytest.mark.parametrize("name", ["eaa_pilot", "eaa_published", "example_minimal", "example_messy"])
def test_no_number_is_typed_into_the_prose(name: str) -> None:
    for piece in document(name).pieces():
        if isinstance(piece, str) or (isinstance(piece, Strong) and piece.text not in article_ids(name)):
            assert not re.search(r"\d", piece if isinstance(piece, str) else piece.text), piece
    for asked in blocks(Prompt, name):
        if not asked.text.startswith("Why this changed"):  # quotes findings, which name the review's own ids
            assert not re.search(r"\d", asked.text), asked.text


def article_ids(name: str) -> set[str]:
    return {a.id for a in built(name).records.articles}


def test_the_overview_equals_a_count_of_the_sheets() -> None:
    overview = dict(
        zip(
            document("eaa_pilot").tables["overview"].column("key"),
            document("eaa_pilot").tables["overview"].column("count"),
            strict=True,
        )
    )
    mine = [e for e in sheet("extractions") if e["coder"] == "consensus"]
    articles = sheet("articles")
    assert overview["articles"] == len(articles)
    assert overview["studies"] == len({a["study"] or a["id"] for a in articles})
    assert overview["coded"] == len({e["article"] for e in mine})
    assert overview["extractions"] == len(mine)
    assert overview["quoted"] == sum(1 for e in mine if e["quote"])
    assert overview["challenging"] == sum(1 for e in mine if e["stance"] == "challenges")
    assert overview["appraised"] == len({a["article"] for a in sheet("appraisals")})
    assert overview["configurations"] == len(sheet("configurations"))
    assert overview["versions"] == len(sheet("theories"))
    assert overview["changes"] == len(sheet("changes"))


def test_characteristics_equal_a_count_of_the_sheet() -> None:
    table = document("eaa_pilot").tables["characteristics"]
    articles = sheet("articles")
    for title, column in (
        ("Year", "year"),
        ("Country", "country"),
        ("Field", "field"),
        ("Concept used", "reported_concept"),
    ):
        expected = Counter(a[column].strip() or "not recorded" for a in articles)
        rows = {str(r[1]): r[2] for r in table.rows if r[0] == title}
        assert rows == dict(expected), title
    assert all(r[3] == len(articles) and r[4] == r[2] / len(articles) for r in table.rows)


def test_judgements_are_those_of_the_sheet() -> None:
    mine = [a for a in sheet("appraisals") if a["assessor"] == "consensus"]
    rows = {(r[0], r[2]): r[3] for r in document("eaa_pilot").tables["appraisal_levels"].rows}
    expected = Counter((c, a[c]) for a in mine for c in ("relevance", "richness", "rigour") if a[c])
    assert rows == dict(expected)
    listed = document("eaa_pilot").tables["appraisals"]
    assert {(words(r[0]), r[2], r[3], r[4]) for r in listed.rows} == {
        (a["article"], a["relevance"], a["richness"], a["rigour"]) for a in mine
    }


def test_the_wide_table_of_mechanisms_holds_the_counts_of_the_long_one() -> None:
    long = pipeline.answer(built("eaa_pilot"), "articles-by-mechanism-and-theme")
    wide = block("table-mechanisms")
    themes = [c.title for c in wide.heads[1:]]
    cells = {(str(row[0]), theme): cell for row in wide.body for theme, cell in zip(themes, row[1:], strict=True)}
    for mechanism, theme, count, out_of in (row[:4] for row in long.rows):
        head = f"{theme} (of {out_of})"
        assert cells[str(mechanism), head[:1].upper() + head[1:]] == count


def test_tables_of_the_theory_are_those_of_the_theory_package() -> None:
    b = built("eaa_pilot")
    past = history(b.records)
    for table in (
        versions_table(past),
        evidence_over_versions(b.columns, past),
        evidence_side_by_side(b.columns, past),
    ):
        assert document("eaa_pilot").tables[table.name].rows == table.rows


def test_a_number_cannot_be_taken_from_words() -> None:
    table = Table("t", "T", (Column("a", "A"), Column("b", "B")), (("words", True),))
    for column in ("a", "b"):
        with pytest.raises(TypeError):
            number(table, 0, column)


def test_two_tables_of_one_name_are_refused() -> None:
    from eaa_graph.report.draft import Draft

    draft = Draft()
    draft.table("one", "One", Table("t", "T", (Column("a", "A"),), ((1,),)))
    with pytest.raises(ValueError, match="two tables"):
        draft.table("two", "Two", Table("t", "T", (Column("a", "A"),), ((2,),)))


# --- evidence names its articles -------------------------------------------------------------------


def evidence_items() -> Iterator[tuple[str, tuple]]:
    current = ""
    for found in document("eaa_pilot").blocks:
        if isinstance(found, Heading):
            current = found.anchor
        elif isinstance(found, Bullets) and current.startswith("configuration-"):
            for item in found.items:
                yield current.removeprefix("configuration-"), item


def test_every_count_of_evidence_names_as_many_articles() -> None:
    found = list(evidence_items())
    assert len(found) > 30
    for _, item in found:
        counted = [p for p in item if isinstance(p, Number)]
        cited = [p.article for p in item if isinstance(p, Cite)]
        assert len(counted) == 1
        assert counted[0].value == len(cited) == len(set(cited)) > 0
        assert set(cited) <= article_ids("eaa_pilot")


def test_asserted_evidence_names_the_articles_of_the_passages_listed() -> None:
    article = {e["id"]: e["article"] for e in sheet("extractions")}
    told = {(c, str(item[0])): {p.article for p in item if isinstance(p, Cite)} for c, item in evidence_items()}
    checked = 0
    for configuration in sheet("configurations"):
        for column, word_ in (("supporting", "Supporting"), ("challenging", "Challenging")):
            expected = {article[e] for e in configuration[column].split("|") if e}
            assert told.get((configuration["id"], f"{word_}, listed by people: "), set()) == expected
            checked += bool(expected)
    assert checked > 10


def test_every_article_cited_has_a_reference() -> None:
    for piece in document("eaa_pilot").pieces():
        if isinstance(piece, Cite):
            assert f"article-{piece.article}" in document("eaa_pilot").anchors


# --- what stands in it -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["eaa_pilot", "eaa_published", "example_minimal", "example_messy"])
@pytest.mark.parametrize("standard", sorted(STANDARDS))
def test_every_reference_leads_somewhere_and_no_anchor_is_used_twice(name: str, standard: str) -> None:
    made = document(name, standard)
    anchors = [
        b.anchor for b in made.blocks if isinstance(b, Heading | TableBlock | FigureBlock | Paragraph) and b.anchor
    ]
    assert len(anchors) == len(set(anchors))
    for piece in made.pieces():
        if isinstance(piece, Ref):
            assert piece.target in made.anchors, piece
    for figure in [b for b in made.blocks if isinstance(b, FigureBlock)]:
        assert figure.alt
        assert not figure.table or figure.table in made.anchors


@pytest.mark.parametrize(("standard", "count"), [("synthesis", 19), ("evaluation", 20)])
def test_the_checklist_has_every_item_and_leads_to_its_section(standard: str, count: int) -> None:
    made = document("eaa_pilot", standard)
    checklist = made.tables["checklist"]
    assert [row[0] for row in checklist.rows] == list(range(1, count + 1))
    assert set(checklist.column("reported")) <= {"Y", "N", "Unclear"}
    for row in checklist.rows:
        where = row[checklist.index("where")]
        assert where, row
        if isinstance(where, tuple) and row[1] != "Title":
            assert all(isinstance(t, Thing) and t.id in made.anchors for t in where)


def test_the_checklist_tells_what_is_filled_from_what_is_only_asked() -> None:
    by_item = {row[2]: row[5] for row in document("eaa_pilot").tables["checklist"].rows}
    assert by_item["Document flow diagram"] == "Y"
    assert by_item["Searching processes"] == "N"
    assert by_item["Main findings"] == "Unclear"
    assert by_item["Title"] == "N"  # the pilot's title does not say realist
    assert {row[2]: row[5] for row in document("eaa_published").tables["checklist"].rows}["Title"] == "Y"


def test_an_unknown_standard_is_named() -> None:
    with pytest.raises(UnknownName, match="reporting standard"):
        compose(material("eaa_pilot"), "prisma")


def test_the_history_of_the_published_theory_shows_its_phases_and_neighbours() -> None:
    headings = [plain(b.pieces) for b in blocks(Heading, "eaa_published") if b.level == 3]
    for words_ in ("phase 1", "phase 2", "phase 3", "as published", "Palmer et al. 2019", "Knowles et al. 2021"):
        assert any(words_ in h for h in headings), words_
    prose = " ".join(plain(b.pieces) for b in blocks(Paragraph, "eaa_published"))
    assert "Rival and neighbouring theories" in prose


def test_the_slip_in_the_published_figures_is_told() -> None:
    told = [plain(i) for b in blocks(Bullets, "eaa_published") for i in b.items]
    assert any("combined methods" in t and "15" in t and "18" in t for t in told)


def test_each_configuration_has_both_sentences() -> None:
    quoted = [plain(b.pieces) for b in blocks(Paragraph) if b.style == "quote"]
    said = " ".join(plain(b.pieces) for b in blocks(Paragraph))
    configurations = sheet("configurations")
    assert len(quoted) == len(configurations)
    for configuration in configurations:
        assert f"“{configuration['statement']}”" in said


def test_reasons_of_changes_stand_in_the_history() -> None:
    told = " ".join(plain(i) for b in blocks(Bullets) for i in b.items)
    for change in sheet("changes"):
        assert change["reason"].rstrip(".") in told


def test_refusals_are_told_with_their_reasons() -> None:
    told = " ".join(plain(i) for b in blocks(Bullets, "eaa_published") for i in b.items)
    assert material("eaa_published").refused
    for name, reason in material("eaa_published").refused.items():
        assert f"{name}: {reason}" in told


# --- reviews that lack things ---------------------------------------------------------------------------


def test_a_review_without_a_theory(tmp_path: Path) -> None:
    b = review(tmp_path, without=("theories", "configurations", "changes"))
    made = compose(reporting.gather(b))
    prose = " ".join(plain(x.pieces) for x in made.blocks if isinstance(x, Paragraph))
    assert "The data hold no version of a programme theory." in prose
    assert "The data hold no configuration" in prose
    assert "table-occurrence" in made.anchors
    assert "table-agreement" in made.anchors
    assert word(made)


def test_configurations_in_no_version_are_told_with_their_evidence(tmp_path: Path) -> None:
    b = review(tmp_path, without=("theories", "changes"))
    made = compose(reporting.gather(b))
    headings = {x.anchor for x in made.blocks if isinstance(x, Heading)}
    assert {f"configuration-{c['id']}" for c in sheet("configurations")} <= headings
    evidence = made.tables["configurations_over_versions"]
    full = document("eaa_pilot").tables["configurations_over_versions"]
    assert [row[1:] for row in evidence.rows] == [row[1:] for row in full.rows]


def test_a_review_with_one_version(tmp_path: Path) -> None:
    only = "id,label,date,status,revision_of,summary,configurations\nipt,First theory,2024,initial,,All of it,E01|E02\n"
    made = compose(reporting.gather(review(tmp_path, without=("changes",), theories=only)))
    assert len(made.tables["theory_versions"]) == 1
    assert not any(name.startswith("gained_and_lost") for name in made.tables)
    assert "version-ipt" in made.anchors


def test_a_circle_of_revisions_is_told_and_harms_nothing(tmp_path: Path) -> None:
    circle = (
        "id,label,date,status,revision_of,summary,configurations\n"
        "a,Version A,2024-01-01,initial,b,,E01\nb,Version B,2024-02-01,refined,a,,E01|P01\n"
    )
    b = review(tmp_path, without=("changes",), theories=circle)
    assert any(f.rule == "revision-cycle" for f in b.findings)
    made = compose(reporting.gather(b))
    prose = " ".join(plain(x.pieces) for x in made.blocks if isinstance(x, Paragraph))
    assert "recorded as revising each other" in prose
    assert "Version A, Version B" in prose
    assert word(made)
    assert html(made)


def test_a_flow_that_does_not_add_up_is_told(tmp_path: Path) -> None:
    wrong = "stage,from,outcome,count,reason\nsearch,,found,100,\nscreening,found,included,60,\nscreening,found,excluded,30,\n"
    made = compose(reporting.gather(review(tmp_path, flow=wrong)))
    told = [plain(i) for b in made.blocks if isinstance(b, Bullets) for i in b.items]
    assert any("60 included" in t and "100 found" in t for t in told)
    by_item = {row[2]: row[5] for row in made.tables["checklist"].rows}
    assert by_item["Document flow diagram"] == "Unclear"


def test_an_empty_review_has_a_report_of_prompts() -> None:
    empty = Records(review=Review(id="r", title="Nothing yet"))
    from eaa_graph.network import Incidence

    made = compose(
        Material(
            records=empty,
            findings=(),
            incidence=Incidence.from_records(empty),
            tables={},
            refused={},
            asked={},
            pictures={},
            settings=Settings(),
        )
    )
    assert sum(isinstance(b, Prompt) for b in made.blocks) > 20
    for written in (word(made), html(made), markdown(made, {})):
        assert written


def test_labels_in_another_language_are_marked_as_such(tmp_path: Path) -> None:
    target = tmp_path / "review"
    shutil.copytree(resources.example("eaa_pilot"), target)
    toml = (target / "review.toml").read_text("utf-8").replace('language = "en"', 'language = "sv"')
    (target / "review.toml").write_text(toml, "utf-8")
    made = compose(reporting.gather(pipeline.build(target, Settings(infer="none"))))
    assert made.own_language == "sv"
    assert '<span lang="sv">' in html(made)
    assert (
        f'<{W}lang {W}val="sv"'.replace(W, "w:")
        in zipfile.ZipFile(io.BytesIO(word(made))).read("word/document.xml").decode()
    )


# --- Word ----------------------------------------------------------------------------------------------------


def body(name: str = "eaa_pilot") -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(docx_of(name))) as archive:
        return ElementTree.fromstring(archive.read("word/document.xml"))


def test_the_word_file_is_whole_and_reads_again() -> None:
    import docx

    for name in ("eaa_pilot", "eaa_published"):
        with zipfile.ZipFile(io.BytesIO(docx_of(name))) as archive:
            assert archive.testzip() is None
            for part in archive.namelist():
                if part.endswith((".xml", ".rels")):
                    ElementTree.fromstring(archive.read(part))
        read = docx.Document(io.BytesIO(docx_of(name)))
        assert len(read.tables) == len(blocks(TableBlock, name))


def test_every_table_in_the_word_file_holds_the_cells_of_its_source() -> None:
    import docx

    read = docx.Document(io.BytesIO(docx_of("eaa_pilot")))
    for shown, expected in zip(read.tables, blocks(TableBlock), strict=True):
        rows = [[c.findall(f".//{W}t") for c in row._tr.findall(f"{W}tc")] for row in shown.rows]
        text = [["".join(t.text or "" for t in cell) for cell in row] for row in rows]
        assert text[0] == [c.title.replace("\u00ad", "") for c in expected.heads]
        for row, cells in zip(text[1:], expected.body, strict=True):
            for found, cell in zip(row, cells, strict=True):
                assert found == " ".join(words(cell).split()), expected.anchor


def test_the_prose_of_the_word_file_is_that_of_the_document() -> None:
    import docx

    read = docx.Document(io.BytesIO(docx_of("eaa_pilot")))
    text = {"".join(t.text or "" for t in p._p.iter(f"{W}t")) for p in read.paragraphs}
    made = document("eaa_pilot")
    for found in made.blocks:
        if isinstance(found, Paragraph):
            shown = "".join(made.anchors[p.target].text if isinstance(p, Ref) else plain([p]) for p in found.pieces)
            assert " ".join(shown.split()) in {" ".join(t.split()) for t in text}


def test_headings_captions_fields_and_links_are_real() -> None:
    root = body()
    styles = Counter(s.get(f"{W}val") for s in root.iter(f"{W}pStyle"))
    headings = Counter(b.level for b in blocks(Heading))
    assert all(styles[f"Heading{level}"] == count for level, count in headings.items())
    instructions = [i.text or "" for i in root.iter(f"{W}instrText")]
    assert sum("SEQ Table" in i for i in instructions) == len(blocks(TableBlock))
    assert sum("SEQ Figure" in i for i in instructions) == len(blocks(FigureBlock))
    names = [b.get(f"{W}name") for b in root.iter(f"{W}bookmarkStart")]
    numbers = [b.get(f"{W}id") for b in root.iter(f"{W}bookmarkStart")]
    assert len(names) == len(set(names)) == len(set(numbers))
    assert sorted(numbers) == sorted(b.get(f"{W}id") for b in root.iter(f"{W}bookmarkEnd"))
    wanted = {i.split()[1] for i in instructions if i.split()[0] in ("REF", "PAGEREF")}
    wanted |= {h.get(f"{W}anchor") for h in root.iter(f"{W}hyperlink") if h.get(f"{W}anchor")}
    assert wanted
    assert wanted <= set(names)
    begun = Counter(c.get(f"{W}fldCharType") for c in root.iter(f"{W}fldChar"))
    assert begun["begin"] == begun["separate"] == begun["end"]


def test_every_table_repeats_its_head_and_fits_its_page() -> None:
    root = body()
    width = 0
    pages = [int(s.find(f"{W}pgSz").get(f"{W}w")) for s in root.iter(f"{W}sectPr")]
    assert pages
    widest = max(pages) - 2 * 1134
    for table in root.iter(f"{W}tbl"):
        first, *others = table.findall(f"{W}tr")
        assert first.find(f"{W}trPr/{W}tblHeader") is not None
        assert all(r.find(f"{W}trPr/{W}tblHeader") is None for r in others)
        width = sum(int(c.get(f"{W}w")) for c in table.findall(f"{W}tblGrid/{W}gridCol"))
        assert 0 < width <= widest + 5
        assert table.find(f"{W}tblPr/{W}tblCaption").get(f"{W}val")


def test_every_figure_has_an_alt_text() -> None:
    pictures = list(body().iter(f"{DRAWING}docPr"))
    assert [p.get("descr") for p in pictures] == [b.alt for b in blocks(FigureBlock)]
    assert all(p.get("descr") for p in pictures)


def test_the_language_and_the_author_of_the_file() -> None:
    with zipfile.ZipFile(io.BytesIO(docx_of("eaa_pilot"))) as archive:
        assert 'w:val="en-GB"' in archive.read("word/styles.xml").decode()
        core = archive.read("docProps/core.xml").decode()
    assert "eaa-graph" in core
    assert "1980-01-01" in core
    assert document("eaa_pilot").title[:40] in core


def test_without_the_extra_there_is_a_report_without_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    done = reporting.write(built("eaa_published"), tmp_path)
    assert {p.name for p in done.files} >= {"report.html", "report.md"}
    assert not (tmp_path / "report.docx").exists()
    assert len(done.missing) == 1
    assert "eaa-graph[report]" in done.missing[0]
    with pytest.raises(MissingExtra):
        reporting.write(built("eaa_published"), tmp_path, formats=("docx",))


def test_without_the_part_that_draws_the_word_file_points_to_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    import docx

    monkeypatch.setitem(sys.modules, "vl_convert", None)
    read = docx.Document(io.BytesIO(word(document("eaa_published"))))
    text = [p.text for p in read.paragraphs]
    assert sum(FIGURES_MISSING.strip() in t for t in text) == len(blocks(FigureBlock, "eaa_published"))
    assert not read.inline_shapes


# --- HTML, Markdown ------------------------------------------------------------------------------------------


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page(made: Document) -> _Page:
    parsed = _Page()
    parsed.feed(html(made))
    assert parsed.open == []
    return parsed


def test_the_page_is_well_formed_and_fetches_nothing() -> None:
    for name in ("eaa_pilot", "eaa_published", "example_minimal"):
        parsed = page(document(name))
        assert not [t for t, _ in parsed.tags if t in ("script", "iframe", "link", "object", "embed")]
        for tag, attributes in parsed.tags:
            for attribute in ("src", "data", "action", "srcset", "poster"):
                if tag != "data" and attributes.get(attribute):
                    assert attributes[attribute].startswith("data:image/svg+xml;base64,")
        assert "url(" not in html(document(name)).split("</style>")[0]
        ids = [a["id"] for _, a in parsed.tags if a.get("id")]
        assert len(ids) == len(set(ids))
        links = {a["href"][1:] for t, a in parsed.tags if t == "a" and (a.get("href") or "").startswith("#")}
        assert links <= set(ids)
        assert all(a.get("alt") for t, a in parsed.tags if t == "img")


def test_every_number_of_the_page_says_where_it_comes_from() -> None:
    made = document("eaa_pilot")
    found = [a for t, a in page(made).tags if t == "data"]
    assert len(found) == sum(isinstance(p, Number) for p in made.pieces())
    for attributes in found:
        table = made.tables[str(attributes["data-table"])]
        cell = table.rows[int(str(attributes["data-row"]))][table.index(str(attributes["data-column"]))]
        assert str(cell) == attributes["value"]


def test_words_of_the_review_cannot_become_markup() -> None:
    from eaa_graph.network import Incidence

    nasty = "<script>alert(1)</script> | `x` *y* \\ [z](q) <img src=x>"
    records = Records(
        review=Review(id="r", title=nasty, question=nasty, citation=nasty),
        articles=(Article(id="a<b> 'c\"d", title=nasty, country=nasty, authors=nasty, journal=nasty),),
    )
    made = compose(
        Material(
            records, (), Incidence.from_records(records), {}, {"x": nasty}, {}, {}, Settings(), references(records), ""
        )
    )
    parsed = page(made)
    assert not [t for t, _ in parsed.tags if t in ("script", "img")]
    assert nasty in "".join(parsed.text)
    text = markdown(made, {})
    assert "<script>" not in text.replace("\\<script\\>", "")
    for line in text.splitlines():
        if line.startswith("| "):
            assert re.search(r"(?<!\\)\|$", line)
    assert word(made)


def test_markdown_tables_have_one_width() -> None:
    text = markdown(document("eaa_pilot"), {b.name: f"{b.name}.svg" for b in blocks(FigureBlock)})
    rows: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            rows[-1].append(line)
        elif rows[-1]:
            rows.append([])
    counted = [t for t in rows if t]
    assert len(counted) == len(blocks(TableBlock))
    for table in counted:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table}) == 1


# --- references -------------------------------------------------------------------------------------------------


def test_references_read_the_same_with_and_without_the_formatter(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("citeproc")
    records = built("eaa_pilot").records
    more = records.model_copy(
        update={
            "articles": (
                *records.articles,
                Article(id="A b", title="Does it?", authors="Ärleskog, C; Someone", year=2021),
                Article(id="no-author", title="Untitled, nearly"),
                Article(id="many", title="T.", authors="; ".join(f"N{i}" for i in range(9)), journal="J."),
                Article(id="only-year", year=1999, journal="J"),
                Article(id="numbered", title="1. A title that begins with a number"),
            )
        }
    ).ordered()
    formatted = references(more)
    monkeypatch.setitem(sys.modules, "citeproc", None)
    assert references(more) == formatted
    assert formatted["numbered"].startswith("1. A title")
    assert formatted["A b"] == "Ärleskog, C; Someone (2021). Does it?"


def test_a_reference_names_what_is_recorded() -> None:
    for article in sheet("articles"):
        reference = references(built("eaa_pilot").records)[article["id"]] if article["id"] == "boaz2016a" else None
        if reference:
            for field in ("title", "year", "journal", "doi"):
                assert article[field] in reference


def test_a_journals_own_style_formats_the_references(tmp_path: Path) -> None:
    pytest.importorskip("citeproc")
    style = tmp_path / "own.csl"
    style.write_text(
        '<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0"><info><title>t</title><id>t</id>'
        "<updated>2026-01-01T00:00:00+00:00</updated></info><citation><layout><text variable='title'/></layout></citation>"
        "<bibliography><layout suffix='.'><text variable='title' text-case='uppercase'/></layout></bibliography></style>",
        "utf-8",
    )
    records = Records(review=Review(id="r", title="R"), articles=(Article(id="a", title="Small words"),))
    assert references(records, style) == {"a": "SMALL WORDS."}
    (tmp_path / "bad.csl").write_text("not xml", "utf-8")
    for name in ("bad.csl", "missing.csl"):
        with pytest.raises(UnreadableFile):
            references(records, tmp_path / name)


# --- bytes ---------------------------------------------------------------------------------------------------------


def test_the_same_data_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    target = tmp_path / "review"
    shutil.copytree(resources.example("eaa_published"), target)
    for path in target.glob("*.csv"):
        head, *rows = csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""))
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *reversed(rows)])
    other = compose(reporting.gather(pipeline.build(target, Settings(infer="none"))))
    assert html(other) == html(document("eaa_published"))
    assert word(other) == docx_of("eaa_published")


def test_the_fingerprint_is_of_the_data_not_of_their_order() -> None:
    records = built("eaa_pilot").records
    shuffled = records.model_copy(update={"articles": records.articles[::-1]})
    assert fingerprint(shuffled) == fingerprint(records)
    changed = records.model_copy(update={"articles": records.articles[1:]})
    assert fingerprint(changed) != fingerprint(records)


@pytest.mark.slow
def test_bytes_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    written = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        script = (
            "import sys; from pathlib import Path; from eaa_graph import pipeline, reporting, resources\n"
            "from eaa_graph.settings import Settings\n"
            "b = pipeline.build(resources.example('eaa_pilot'), Settings(infer='none'))\n"
            "reporting.write(b, Path(sys.argv[1]))\n"
        )
        subprocess.run([sys.executable, "-c", script, str(out)], check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        written.append({p.relative_to(out): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()})
    assert written[0] == written[1]


# --- layout ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(alphabet="abc -", max_size=90), min_size=1, max_size=6), min_size=1, max_size=24))
def test_no_table_is_wider_than_its_page(columns: list[list[str]]) -> None:
    rows = max(len(c) for c in columns)
    table = Table(
        "t",
        "T",
        tuple(Column(f"c{n}", f"Heading {n}") for n in range(len(columns))),
        tuple(tuple(c[r] if r < len(c) else None for c in columns) for r in range(rows)),
    )
    placed = layout(TableBlock("t", "T", table))
    assert sum(placed.widths) <= (LONG if placed.landscape else SHORT) + 1e-6
    assert all(w > 0 for w in placed.widths)
    assert len(placed.widths) == len(columns)


def test_a_table_of_many_columns_lies_and_takes_its_heading_along() -> None:
    from eaa_graph.report.word import _lying

    wide = Table("w", "W", tuple(Column(f"c{n}", f"Considerable {n}") for n in range(14)), (tuple(range(14)),))
    narrow = Table("n", "N", (Column("a", "A"),), ((1,),))
    made = (
        Heading(1, ("One",)),
        Paragraph(("words",)),
        TableBlock("n", "N", narrow),
        Heading(2, ("Two",)),
        Paragraph(("words",)),
        TableBlock("w", "W", wide),
        Prompt("words"),
        Heading(2, ("Three",)),
    )
    lies = [isinstance(block, TableBlock) and layout(block).landscape for block in made]
    assert _lying(made, lies) == [False, False, False, True, True, True, True, False]


# --- on paper -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["eaa_pilot", "eaa_published"])
def test_on_paper_nothing_runs_off_the_page(name: str, tmp_path: Path) -> None:
    office, boxes = shutil.which("soffice"), shutil.which("pdftotext")
    if not office or not boxes:
        pytest.skip("LibreOffice (soffice) and poppler (pdftotext) are needed to lay the report out")
    (tmp_path / "report.docx").write_bytes(docx_of(name))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    subprocess.run(
        [
            office,
            profile,
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            str(tmp_path),
            str(tmp_path / "report.docx"),
        ],
        check=True,
        capture_output=True,
        timeout=240,
    )
    laid = subprocess.run(
        [boxes, "-bbox", str(tmp_path / "report.pdf"), "-"], check=True, capture_output=True, text=True
    )
    pages = re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', laid.stdout, re.DOTALL)
    assert len(pages) > 8
    margin = 20 / 25.4 * 72
    for width, height, inside in pages:
        found = re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">', inside)
        assert found, "an empty page"
        for left, top, right, bottom in found:
            assert float(left) >= margin - 6
            assert float(right) <= float(width) - margin + 6
            assert float(top) >= 0
            assert float(bottom) <= float(height)
    text = re.sub(r"<[^>]+>", " ", laid.stdout)
    for anchored in document(name).anchors.values():
        if anchored.kind in ("Table", "Figure"):
            assert re.search(rf"{anchored.kind}\s+{anchored.number}\s*\.", text), anchored


# --- writing ---------------------------------------------------------------------------------------------------------


def test_what_is_written_and_that_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    done = reporting.write(built("eaa_published"), tmp_path / "out", formats=("md",))
    assert {p.relative_to(tmp_path / "out").as_posix() for p in done.files} >= {
        "report.md",
        "report-figures/document-flow.svg",
    }
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    for path in re.findall(r"\]\(<(report-figures/[^>]+)>\)", text):
        assert (tmp_path / "out" / path).is_file()
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(BadSettings):
        reporting.write(built("eaa_published"), tmp_path / "file")
    with pytest.raises(UnknownName):
        reporting.write(built("eaa_published"), tmp_path, formats=("pdf",))


def test_own_words_are_told_from_ours() -> None:
    labels = {c.label for c in built("eaa_pilot").records.concepts}
    for piece in document("eaa_pilot").pieces():
        if isinstance(piece, str):
            assert piece.strip() not in labels
    assert any(isinstance(p, Own) for p in document("eaa_pilot").pieces())
