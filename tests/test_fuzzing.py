"""A few mutated inputs for each reader and parser; the long run is `python tests/fuzzing.py` (see docs/limits.md).

``EAA_FUZZ_INPUTS`` says how many for each; 40 unless given.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import zipfile
from pathlib import Path

import pytest
from fuzzing import TARGETS, run

from eaa_graph import queries, registry
from eaa_graph.errors import BadQuery, UnreadableFile
from eaa_graph.findings import rows_aside
from eaa_graph.pipeline import check
from eaa_graph.readers import opening, taguette

INPUTS = int(os.environ.get("EAA_FUZZ_INPUTS", "40"))


def test_every_reader_is_fuzzed() -> None:
    assert set(registry.parts("readers")) <= set(TARGETS)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="time limits are held by POSIX signals")
@pytest.mark.parametrize("target", [t for t in TARGETS if t != "~server"])
def test_mutated_inputs_do_no_harm(target: str) -> None:
    for number, failed in run(target, 1, 0, INPUTS):
        pytest.fail(f"{target}, input {number}: {failed}")


def test_a_question_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Found by fuzzing."""
    path = tmp_path / "q.rq"
    path.write_bytes(b"\xff#+ summary: x\n")
    with pytest.raises(BadQuery, match="not UTF-8"):
        queries._read(path)


@pytest.mark.parametrize("encoding", ["null", "shift_jis", "hex"])
def test_xml_in_an_encoding_nobody_reads_is_refused(tmp_path: Path, encoding: str) -> None:
    """Found by fuzzing: the parser of XML raises other errors for these than for XML that is not well-formed."""
    path = tmp_path / "book.qdc"
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?><CodeBook><Codes/></CodeBook>')
    with pytest.raises(UnreadableFile, match="encoding"):
        registry.find("readers", "qdc").read(path)


@pytest.mark.parametrize("suffix", [".qdpx", ".docx", ".xlsx", ".qda", ".bin"])
def test_an_archive_of_a_later_kind_is_refused(tmp_path: Path, suffix: str) -> None:
    """Found by fuzzing: an archive that says it needs a later version of ZIP raises another error than a damaged one."""
    path = tmp_path / f"x{suffix}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
    packed = bytearray(path.read_bytes())
    packed[packed.find(b"PK\x01\x02") + 6] = 99
    path.write_bytes(packed)
    with pytest.raises(UnreadableFile):
        opening.read(path)


def test_messages_stay_short_whatever_the_file_puts_into_them(tmp_path: Path) -> None:
    """Found by fuzzing: the name of an encoding may be as long as the file."""
    path = tmp_path / "book.qdc"
    path.write_text(f'<?xml version="1.0" encoding="{"u" * 70_000}"?><CodeBook><Codes/></CodeBook>')
    with pytest.raises(UnreadableFile) as raised:
        registry.find("readers", "qdc").read(path)
    assert len(str(raised.value)) < 1_000


def test_a_position_that_is_no_number_on_a_page_leaves_the_coding_out(tmp_path: Path) -> None:
    """Found by fuzzing: SQLite keeps infinity where a project has a position."""
    folder = tmp_path / "p.qda"
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / "data.qda")) as db, db:
        db.executescript("""
        create table project (databaseversion text, date text, memo text, about text);
        create table source (id integer primary key, name text, fulltext text, mediapath text, memo text, owner text, date text);
        create table code_cat (catid integer primary key, name text, owner text, date text, memo text, supercatid integer);
        create table code_name (cid integer primary key, name text, memo text, catid integer, owner text, date text, color text);
        create table code_text (ctid integer primary key, cid integer, fid integer, seltext text, pos0 integer, pos1 integer, owner text, date text, memo text, avid integer, important integer);
        insert into project values ('v11', '2024-01-01', '', 'QualCoder');
        insert into source values (1, 'a.txt', 'some words', null, '', 'x', '');
        insert into code_name values (1, 'trust', '', null, 'x', '', '#fff');
        insert into code_text values (1, 1, 1, 'some', 0, 4, 'x', '', '', null, null), (2, 1, 1, 'words', 9e999, 10, 'x', '', '', null, null);
        """)
    reading = opening.read(folder)
    assert [f.rule for f in reading.findings].count("position-outside-text") == 1


def test_a_table_that_word_did_not_make_is_left_out_and_said(tmp_path: Path) -> None:
    """Found by fuzzing: the library that reads Word documents fails on XML of other makes; the other tables are read."""
    docx = pytest.importorskip("docx")
    document = docx.Document()
    for name in ("good", "bad"):
        table = document.add_table(rows=2, cols=3)
        for cell, text in zip(table.rows[0].cells, ("Context", "Mechanism", "Outcome"), strict=True):
            cell.text = text
        for cell in table.rows[1].cells:
            cell.text = name
    path = tmp_path / "cmo.docx"
    document.save(str(path))
    with zipfile.ZipFile(path) as archive:
        members = {m.filename: archive.read(m) for m in archive.infolist()}
    body = members["word/document.xml"].decode()
    start = body.rindex("<w:tr>")
    body = body[:start] + body[start:].replace("<w:tcPr>", '<w:tcPr><w:gridSpan w:val="many"/>', 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, body.encode() if name == "word/document.xml" else content)
    reading = opening.read(path)
    assert [f.rule for f in reading.findings if f.rule == "file-damaged"] == ["file-damaged"]
    assert len(reading.sheets[0].rows) == 1


def test_tags_under_themselves_are_read_once(tmp_path: Path) -> None:
    """Found by fuzzing: two tags without a path, each the parent of the other, were followed for ever."""
    codes = taguette._tree([("a", "", ""), ("b", "", ""), ("c", "x.y", ""), ("d", "x", "")])
    assert sorted(c.guid for c in codes) == ["a", "b", "c", "d"]
    places = {c.guid: n for n, c in enumerate(codes)}
    assert all(not c.parent or places[c.parent] < places[c.guid] for c in codes)


def test_an_article_named_by_what_cannot_be_printed(tmp_path: Path) -> None:
    """Found by fuzzing: without a sheet of articles, the names in extractions stand for them."""
    (tmp_path / "extractions.csv").write_bytes(b'id,article,quote\ne1,"\r",x\ne2,a\x07b,y\ne3,good,z\n')
    checked = check(tmp_path)
    assert "good" in {a.id for a in checked.records.articles}
    assert checked.rows == checked.made + rows_aside(checked.findings) - checked.left_by_reader


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('="XFD1048576"', "reaches to XFD1048576; delete the stray cells"),
        ("='xfd1048576'", "reaches to XFD1048576; delete the stray cells"),
        (" = 'ALM90000'", "reaches to ALM90000; delete the stray cells"),
        ("='XFD000000000900000'", "reaches to XFD900000; delete the stray cells"),
        (f"='E{'5' * 50}'", "where no sheet has any"),
        ("='E55555555555'", "where no sheet has any"),
        ("='AAAAA900000'", "where no sheet has any"),
    ],
)
def test_a_stray_cell_far_away_does_not_end_the_program(tmp_path: Path, written: str, told: str) -> None:
    """Found by fuzzing: all cells between it and the table were to be kept in memory, and the whole process ended."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "articles"
    book.active.append(["id", "title"])
    book.active.append(["a", "A"])
    path = tmp_path / "review.xlsx"
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {m.filename: archive.read(m) for m in archive.infolist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    stray = f"<x:c xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main' r{written} t='inlineStr'><x:is><x:t>x</x:t></x:is></x:c></row>"
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b"</row>", stray.encode(), 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableFile, match=told):
        opening.read(path)


@pytest.mark.parametrize(
    ("author", "told"),
    [(7, ""), ("Dalkin, S.", "Dalkin, S."), (["Pawson, R.", 3, {"family": "Tilley"}], "Pawson, R.; Tilley")],
)
def test_authors_that_are_no_list_of_names(tmp_path: Path, author: object, told: str) -> None:
    """Found by fuzzing; some programs write one author as a text."""
    path = tmp_path / "refs.json"
    path.write_text(json.dumps([{"id": "a", "type": "article", "title": "A", "author": author}]), "utf-8")
    (row,) = registry.find("readers", "csl-json").read(path).sheets[0].rows
    assert row.values.get("authors", "") == told


def test_a_position_without_end_in_rqda_leaves_the_coding_out(tmp_path: Path) -> None:
    """Found by fuzzing."""
    path = tmp_path / "p.rqda"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript("""
        create table project (databaseversion text, date text, dateM text, memo text, about text);
        create table freecode (name text, memo text, owner text, date text, dateM text, id integer, status integer, color text);
        create table source (name text, id integer, file text, memo text, owner text, date text, dateM text, status integer);
        create table coding (cid integer, fid integer, seltext text, selfirst real, selend real, status integer, owner text, date text, memo text);
        insert into freecode values ('trust', '', 'x', '', '', 1, 1, '');
        insert into source values ('a', 1, 'some words', '', 'x', '', '', 1);
        insert into coding values (1, 1, 'some', 0, 4, 1, 'x', '', ''), (1, 1, 'words', 9e999, 10, 1, 'x', '', '');
        """)
    reading = registry.find("readers", "rqda").read(path)
    assert [f.rule for f in reading.findings].count("position-outside-text") == 1


def test_a_message_is_never_as_long_as_the_file_it_speaks_of() -> None:
    """Found by fuzzing: errors of other programs are part of ours, and may hold what they were given."""
    told = str(UnreadableFile(f"x.toml: {'y' * 70_000}; save it again"))
    assert len(told) < 4_000
    assert told.startswith("x.toml: yyy")
    assert told.endswith("; save it again")
