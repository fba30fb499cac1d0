"""QualCoder, RQDA, Taguette and EPPI-Reviewer: made here by hand in their own shape, read, mapped, accounted for."""

from __future__ import annotations

import csv
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from eaa_graph.coded_project import tally
from eaa_graph.errors import UnreadableFile
from eaa_graph.readers import eppi, mapping, opening, qualcoder, rqda, taguette
from eaa_graph.validate import validate

TEXT = "The ward was busy.\nWe kept talking, staff and patients. Then we agreed \u2014 \U0001f600 at last.\n"
HBCP = Path(__file__).resolve().parents[2] / "shared" / "data" / "hbcp_physical_activity"


def span(words: str, text: str = TEXT) -> tuple[int, int]:
    begin = text.index(words)
    return begin, begin + len(words)


def make_qualcoder(folder: Path) -> Path:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "data.qda")) as db, db:
        db.executescript(
            """
        create table project (databaseversion text, date text, memo text, about text);
        create table code_cat (catid integer primary key, name text, owner text, date text, memo text, supercatid integer);
        create table code_name (cid integer primary key, name text, memo text, catid integer, owner text, date text, color text);
        create table source (id integer primary key, name text, fulltext text, mediapath text, memo text, owner text, date text);
        create table code_text (ctid integer primary key, cid integer, fid integer, seltext text, pos0 integer, pos1 integer,
            owner text, date text, memo text, important integer);
        create table code_av (avid integer primary key, id integer, pos0 integer, pos1 integer, cid integer, memo text, date text, owner text);
        create table code_image (imid integer primary key, id integer, x1 integer, y1 integer, width integer, height integer,
            cid integer, memo text, date text, owner text);
        create table cases (caseid integer primary key, name text, memo text, owner text, date text);
        create table case_text (id integer primary key, caseid integer, fid integer, pos0 integer, pos1 integer);
        create table attribute_type (name text, date text, owner text, memo text, caseOrFile text, valuetype text);
        create table attribute (attrid integer primary key, name text, attr_type text, value text, id integer);
        create table annotation (anid integer primary key, fid integer, pos0 integer, pos1 integer, memo text, owner text, date text);
        create table journal (jid integer primary key, name text, jentry text, date text, owner text);
        insert into project values ('v7', '2024-01-01 10:00:00', 'about it', '');
        insert into code_cat values (1, 'CMO', 'ann', '', '', null), (2, 'Contexts', 'ann', '', '', 1),
            (3, 'Mechanisms', 'ann', '', '', 1), (4, 'Outcomes', 'ann', '', '', 1);
        insert into code_name values (1, 'busy ward', 'many beds', 2, 'ann', '', '#ff0000'), (2, 'dialogue', '', 3, 'ann', '', ''),
            (3, 'agreement', '', 4, 'ann', '', '');
        insert into source values (1, 'smith.txt', '%s', null, 'read twice', 'ann', '2024-01-02 00:00:00'), (2, 'talk.mp3', null, '/audio/talk.mp3', '', 'ann', ''),
            (3, 'map.png', null, '/images/map.png', '', 'ann', '');
        insert into cases values (1, 'Ward A', '', 'ann', '');
        insert into case_text values (1, 1, 1, 0, 10);
        insert into attribute_type values ('Year', '', '', '', 'file', 'numeric'), ('size', '', '', '', 'case', 'numeric');
        insert into attribute values (1, 'Year', 'file', '2019', 1), (2, 'size', 'case', '24', 1);
        insert into annotation values (1, 1, 0, 3, 'check this', 'ann', '');
        insert into journal values (1, 'day one', 'began', '2024-01-01 10:00:00', 'ann');
        insert into code_av values (1, 2, 1000, 61500, 2, '', '2024-01-03 00:00:00', 'ann');
        insert into code_image values (1, 3, 10, 20, 30, 40, 1, '', '', 'ann');
        """.replace("%s", TEXT)
        )
        talking = span("We kept talking, staff and patients.")
        rows = [
            (1, 1, 1, "The ward was busy.", *span("The ward was busy."), "ann", "2024-01-03 09:00:00", "so full", 0),
            (2, 2, 1, "We kept talking, staff and patients.", *talking, "ann", "2024-01-03 09:01:00", "", 0),
            (3, 3, 1, "We kept talking, staff and patients.", *talking, "ann", "2024-01-03 09:02:00", "", 0),
            (4, 2, 1, "We kept talking, staff and patients.", *talking, "bob", "2024-01-04 09:02:00", "", 0),
        ]
        db.executemany("insert into code_text values (?,?,?,?,?,?,?,?,?,?)", rows)
    db.close()
    return folder


def accounts(project: object) -> dict[str, tuple[int, int]]:
    table = mapping.apply(project, mapping.guess(project)).losses  # type: ignore[arg-type]
    for row in table.records():
        assert row["not_carried"] == row["found"] - row["carried"]
        assert bool(row["why"]) == (row["not_carried"] != 0)
    return {str(r["item"]): (r["found"], r["carried"]) for r in table.records()}  # type: ignore[misc]


def test_qualcoder_folder_file_and_zip_say_the_same(tmp_path: Path) -> None:
    folder = make_qualcoder(tmp_path / "p.qda")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.write(folder / "data.qda", "p.qda/data.qda")
    readings = [validate(qualcoder.read(p)).records for p in (folder, folder / "data.qda", tmp_path / "p.zip")]
    assert readings[0].extractions == readings[1].extractions == readings[2].extractions
    assert len(readings[0].extractions) == 5


def test_qualcoder_codes_passages_and_people(tmp_path: Path) -> None:
    project = qualcoder.read_project(make_qualcoder(tmp_path / "p.qda"))
    held = tally(project)
    assert (held["codes"], held["codings"], held["selections"], held["sources"]) == (7, 6, 4, 3)
    assert accounts(project)["codings"] == (6, 6)
    records = validate(qualcoder.read(tmp_path / "p.qda")).records
    assert {(c.label, c.listed_as) for c in records.concepts} == {
        ("CMO", None),
        ("busy ward", "context"),
        ("dialogue", "mechanism"),
        ("agreement", "outcome"),
    }
    pair = next(e for e in records.extractions if e.outcomes)
    assert (pair.mechanisms, pair.coder, pair.quote, pair.date) == (
        ("dialogue",),
        "ann",
        "We kept talking, staff and patients.",
        "2024-01-03",
    )
    (article,) = [a for a in records.articles if a.id == "smith"]
    assert article.year == 2019
    assert dict(article.attributes)["size"] == "24"
    assert dict(article.attributes)["memo"] == "read twice\n\ncheck this"
    assert {e.locator for e in records.extractions} >= {"00:01.000–01:01.500", "area 10,20–40,60"}
    assert next(e for e in records.extractions if e.contexts and e.quote).note == "so full"


def test_qualcoder_ids_survive_renaming_and_moving(tmp_path: Path) -> None:
    folder = make_qualcoder(tmp_path / "p.qda")
    before = {c.guid: c.name for c in qualcoder.read_project(folder).codes}
    with closing(sqlite3.connect(folder / "data.qda")) as db, db:
        db.execute("update code_name set name = 'talking' where cid = 2")
    db.close()
    after = {c.guid: c.name for c in qualcoder.read_project(folder.rename(tmp_path / "other.qda")).codes}
    assert before.keys() == after.keys()
    assert {(before[g], after[g]) for g in before if before[g] != after[g]} == {("dialogue", "talking")}


def test_qualcoder_says_when_words_and_positions_part(tmp_path: Path) -> None:
    folder = make_qualcoder(tmp_path / "p.qda")
    with closing(sqlite3.connect(folder / "data.qda")) as db, db:
        db.execute("update source set fulltext = 'New first line. ' || fulltext where id = 1")
    db.close()
    project = qualcoder.read_project(folder)
    assert "position-outside-text" in {f.rule for f in project.findings}
    assert "We kept talking, staff and patients." in {s.quote for s in project.selections}


def make_rqda(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("""
        create table project (databaseversion text, date text, dateM text, memo text, about text);
        create table freecode (name text, memo text, owner text, date text, dateM text, id integer, status integer, color text);
        create table codecat (name text, cid integer, catid integer, owner text, date text, dateM text, memo text, status integer);
        create table treecode (cid integer, catid integer, date text, dateM text, memo text, status integer, owner text);
        create table source (name text, id integer, file text, memo text, owner text, date text, dateM text, status integer);
        create table coding (cid integer, fid integer, seltext text, selfirst real, selend real, status integer, owner text, date text, memo text);
        create table cases (name text, memo text, owner text, date text, dateM text, id integer, status integer);
        create table caselinkage (caseid integer, fid integer, selfirst real, selend real, status integer, owner text, date text, memo text);
        create table caseAttr (variable text, value text, caseID integer, date text, dateM text, owner text, status integer);
        insert into project values ('0.2.2', 'Mon Jan  1 10:00:00 2024', '', 'm', '');
        insert into codecat values ('Context', null, 1, 'ann', '', '', '', 1), ('Mechanism', null, 2, 'ann', '', '', '', 1), ('Talk', null, 3, 'ann', '', '', '', 1);
        insert into freecode values ('busy ward', '', 'ann', '', '', 1, 1, ''), ('dialogue', 'talk', 'ann', '', '', 2, 1, ''), ('old', '', 'ann', '', '', 3, 0, '');
        insert into treecode values (1, 1, '', '', '', 1, ''), (2, 2, '', '', '', 1, ''), (2, 3, '', '', '', 1, '');
        insert into cases values ('Ward A', '', '', '', '', 1, 1);
        insert into caselinkage values (1, 1, 0, 5, 1, '', '', '');
        insert into caseAttr values ('country', 'UK', 1, '', '', '', 1);
        """)
        db.execute("insert into source values ('smith', 1, ?, '', 'ann', '', '', 1)", (TEXT,))
        both = span("We kept talking, staff and patients.")
        rows = [
            (1, 1, "We kept talking, staff and patients.", *both, 1, "ann", "Fri Jan 12 10:00:00 2024", "note it"),
            (2, 1, "We kept talking, staff and patients.", *both, 1, "ann", "Fri Jan 12 10:00:01 2024", ""),
            (2, 1, "The ward was busy.", *span("The ward was busy."), 0, "ann", "", ""),
        ]
        db.executemany("insert into coding values (?,?,?,?,?,?,?,?,?)", rows)
    db.close()
    return path


def test_rqda_project(tmp_path: Path) -> None:
    project = rqda.read_project(make_rqda(tmp_path / "p.rqda"))
    assert {"not-carried"} == {f.rule for f in project.findings}
    assert (tally(project)["codes"], tally(project)["codings"]) == (5, 2)
    assert accounts(project)["codings"] == (2, 2)
    (row,) = validate(rqda.read(tmp_path / "p.rqda")).records.extractions
    assert (row.contexts, row.mechanisms, row.note, row.date) == (
        ("busy-ward",),
        ("dialogue",),
        "note it",
        "2024-01-12",
    )
    (article,) = validate(rqda.read(tmp_path / "p.rqda")).records.articles
    assert article.country == "UK"
    assert [g.name for g in project.groups] == ["Talk"]


HTML = "<p>The ward was busy.</p><p>We kept talking &mdash; caf\u00e9 staff &amp; <b>patients</b>.</p>"
PLAIN = "The ward was busy.We kept talking \u2014 caf\u00e9 staff & patients."


def at(words: str) -> tuple[int, int]:
    """Return where `words` are in PLAIN, in bytes as Taguette counts."""
    begin, end = span(words, PLAIN)
    return len(PLAIN[:begin].encode()), len(PLAIN[:end].encode())


def make_taguette(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("""
        create table projects (id integer primary key, name text, description text, created text);
        create table documents (id integer primary key, name text, description text, filename text, created text, project_id integer, text_direction text, contents text);
        create table highlights (id integer primary key, document_id integer, start_offset integer, end_offset integer, snippet text);
        create table tags (id integer primary key, project_id integer, path text, description text);
        create table highlight_tags (highlight_id integer, tag_id integer);
        create table commands (id integer primary key, date text, user_login text, project_id integer, document_id integer, payload text);
        insert into projects values (1, 'Wards', 'about', '2024-01-01 00:00:00'), (2, 'Other', '', '2024-01-01 00:00:00');
        insert into tags values (1, 1, 'Context', ''), (2, 1, 'Context.busy ward', 'many'), (3, 1, 'Mechanism.dialogue', ''), (4, 1, 'Mechanism', ''), (5, 2, 'x', '');
        insert into highlight_tags values (1, 2), (2, 3), (2, 2);
        """)
        db.execute("insert into documents values (1, 'smith', '', 'smith.docx', '', 1, 'LEFT_TO_RIGHT', ?)", (HTML,))
        db.execute("insert into highlights values (1, 1, ?, ?, '<p>The ward</p>')", at("The ward"))
        db.execute("insert into highlights values (2, 1, ?, ?, '<p>staff &amp; <b>pat</b></p>')", at("staff & pat"))
        payload = json.dumps({"type": "highlight_add", "highlight_id": 2})
        db.execute("insert into commands values (1, '2024-02-03 10:11:12.0', 'ann', 1, 1, ?)", (payload,))
    db.close()
    return path


def test_taguette_project(tmp_path: Path) -> None:
    project = taguette.read_project(make_taguette(tmp_path / "p.sqlite3"))
    # Byte positions after an accent and a dash land on the right characters: no finding says otherwise.
    assert [f.message for f in project.findings] == ["the database holds another project, 'Other'; it was not read"]
    assert [(s.quote, PLAIN[slice(*s.position)], s.paragraph) for s in project.selections] == [
        ("The ward",) * 2 + (0,),
        ("staff & pat",) * 2 + (1,),
    ]
    assert accounts(project)["codings"] == (3, 3)
    records = validate(taguette.read(tmp_path / "p.sqlite3")).records
    assert {(c.label, c.listed_as) for c in records.concepts} == {("busy ward", "context"), ("dialogue", "mechanism")}
    (both,) = [e for e in records.extractions if e.mechanisms]
    assert (both.contexts, both.coder, both.date) == (("busy-ward",), "ann", "2024-02-03")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_taguette_highlights(tmp_path: Path, suffix: str) -> None:
    rows = [
        ["id", "document", "content", "tag"],
        ["1", "smith", "The ward", "Context.busy"],
        ["2", "smith", "We talked", "Mechanism.dialogue"],
        ["2", "smith", "We talked", "Context.busy"],
    ]
    path = tmp_path / f"highlights-of-mine{suffix}"
    if suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    else:
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    assert opening.reader_for(path).name == "taguette-highlights"
    records = validate(opening.read(path)).records
    assert sorted((e.quote, dict(e.attributes).get("codes_without_role")) for e in records.extractions) == [
        ("The ward", None if any(c.listed_as for c in records.concepts) else "Context.busy"),
        ("We talked", None if any(c.listed_as for c in records.concepts) else "Mechanism.dialogue; Context.busy"),
    ]  # fmt: skip


@pytest.mark.skipif(not HBCP.is_dir(), reason="the shared folder beside the checkout is not there")
def test_eppi_reviewer_export() -> None:
    path = HBCP / "eppi_export_47_redacted.json"
    project = eppi.read_project(path)
    with (HBCP / "codings.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (HBCP / "codes.csv").open(encoding="utf-8", newline="") as stream:
        codes = list(csv.DictReader(stream))
    # The published table lists 338 attributes; the export holds all of them but one ("per hour").
    assert len(project.codes) == len(codes) - 1 + 2  # and the names of two code sets
    names = {c.guid: c.name for c in project.codes}
    listed = {r["attribute_id"]: r["name"] for r in codes}
    ours = sorted((names[c.code].strip(), s.name) for s in project.selections for c in s.codings)
    assert ours == sorted((listed[r["attribute_id"]].strip(), r["arm_title"].strip()) for r in rows)
    assert len(ours) == 2178
    assert len(project.sources) == 47
    assert accounts(project)["codings"] == (2178, 2178)
    checked = validate(eppi.read(path))
    assert not [f for f in checked.findings if f.severity == "error"]
    assert len(checked.records.articles) == 47
    assert len(checked.records.extractions) == len({(r["item_id"], r["arm_id"]) for r in rows})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "no list References"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"[" * 200_000, "nested deeper|not valid JSON"),
    ],
)
def test_eppi_refuses_what_it_cannot_read(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=says):
        eppi.read_project(path)


def test_every_format_finds_its_reader(tmp_path: Path) -> None:
    names = {
        make_qualcoder(tmp_path / "p.qda"): "qualcoder",
        make_rqda(tmp_path / "p.rqda"): "rqda",
        make_taguette(tmp_path / "p.sqlite3"): "taguette",
    }
    for path, name in names.items():
        assert opening.reader_for(path).name == name
    # The sheets of a review stay the sheets of a review, whatever their columns are called.
    for stem, headers in (
        ("claims", "id,theory,from,relation,to,source"),
        ("extractions", "id,document,tag,content"),
        ("articles", "id,x1,x2,x3"),
    ):
        (tmp_path / f"{stem}.csv").write_text(headers + "\na,1,1,1,1,1\nb,1,1,1,1,1\n", encoding="utf-8")
        assert opening.reader_for(tmp_path / f"{stem}.csv").name == "sheet"
