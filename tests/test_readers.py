"""Reading: golden cases of everything a person may hand over, and properties against independent parsers."""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import shutil
import string
import sys
import time
import tracemalloc
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import RULES, Where
from eaa_graph.model import SHEETS, column_letter, example_rows, folded
from eaa_graph.readers import Reader, Reading
from eaa_graph.readers.csv_folder import read_folder
from eaa_graph.readers.csv_table import read_csv
from eaa_graph.readers.grid import Findings, clean, known_sheet, needs_care
from eaa_graph.readers.opening import read, reader_for
from eaa_graph.readers.xlsx import read_workbook
from eaa_graph.registry import parts
from eaa_graph.resources import example, examples

CASES = Path(__file__).parent / "cases" / "reading"
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
#: Words that may be written into any cell of any format.
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12)


def cases() -> list[str]:
    found = sorted(p.name for p in CASES.iterdir() if p.is_dir())
    assert len(found) > 30
    return found


# --- golden cases -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cases())
def test_case(name: str) -> None:
    expected = json.loads((CASES / name / "expected.json").read_text(encoding="utf-8"))
    path = CASES / name / expected.get("open", ".")
    if "unreadable" in expected:
        with pytest.raises(UnreadableFile) as caught:
            read(path)
        message = str(caught.value)
        assert "\n" not in message
        assert [text for text in expected["unreadable"] if text not in message] == []
        return
    reading = read(path)
    assert [[f.rule, str(f.where)] for f in reading.findings] == expected["findings"]
    rows = {sheet.name: [[row.where.row, row.values] for row in sheet.rows] for sheet in reading.sheets}
    assert rows == expected["rows"]
    assert dict(reading.review) == expected.get("review", {})


@pytest.mark.parametrize("name", cases())
def test_every_finding_says_what_where_and_how_to_mend_it(name: str) -> None:
    expected = json.loads((CASES / name / "expected.json").read_text(encoding="utf-8"))
    if "unreadable" in expected:
        pytest.skip("cannot be read at all")
    for found in read(CASES / name / expected.get("open", ".")).findings:
        assert found.rule in RULES
        assert found.where.file
        assert found.message
        assert found.fix


def test_the_cases_cover_every_rule_of_reading() -> None:
    seen = set()
    for name in cases():
        expected = json.loads((CASES / name / "expected.json").read_text(encoding="utf-8"))
        seen |= {rule for rule, _ in expected.get("findings", [])}
    of_reading = {
        "encoding-guessed",
        "bytes-replaced",
        "stray-quote",
        "ragged-row",
        "blank-header",
        "duplicate-header",
        "unknown-sheet",
        "empty-sheet",
        "merged-cells",
        "hidden-cells",
        "cell-comment",
        "formula-without-value",
        "cell-error",
        "control-characters",
        "example-row",
        "comment-row",
        "bad-review-file",
    }
    assert of_reading <= set(RULES)
    assert of_reading - seen == set()


def test_an_edited_example_row_is_told_louder_than_an_untouched_one() -> None:
    severities = {f.where.row: f.severity for f in read(CASES / "template_rows").findings if f.rule == "example-row"}
    assert severities == {3: "note", 4: "warning"}


# --- the shipped reviews, against plain csv -------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in examples() if name != "example_messy"])
def test_examples_equal_a_plain_csv_reading(name: str) -> None:
    folder = example(name)
    reading = read(folder)
    by_name = {sheet.name: sheet for sheet in reading.sheets}
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8-sig") as stream:
            plain = [{h: v.strip() for h, v in row.items() if v.strip()} for row in csv.DictReader(stream)]
        assert [dict(row.values) for row in by_name[path.stem].rows] == plain


# --- opening ---------------------------------------------------------------------------------------


def test_readers_are_parts_with_unique_names_and_texts() -> None:
    readers = parts("readers")
    assert {"folder", "sheet", "workbook"} <= set(readers)
    for name, reader in readers.items():
        assert isinstance(reader, Reader)
        assert reader.name == name
        assert reader.title
        assert reader.description
        assert all(s == "/" or (s.startswith(".") and s == s.casefold()) for s in reader.suffixes)


def test_nothing_there_and_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"nothing at .*missing"):
        read(tmp_path / "missing")
    strange = tmp_path / "picture.gif"
    strange.write_bytes(b"GIF89a")
    with pytest.raises(UnreadableFile, match=r"known formats: .*Review folder \(a folder\).*Workbook \(\.xlsx"):
        read(strange)


def test_a_workbook_is_known_by_its_content_too(tmp_path: Path) -> None:
    renamed = tmp_path / "review.download"
    shutil.copy(CASES / "workbook_values" / "review.xlsx", renamed)
    assert reader_for(renamed).name == "workbook"
    assert len(read(renamed).sheets) == 2


def test_a_str_and_a_path_are_the_same() -> None:
    assert read(str(CASES / "plain")) == read(CASES / "plain")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_one_clear_line(tmp_path: Path) -> None:
    locked = tmp_path / "articles.csv"
    locked.write_text("id\na\n")
    locked.chmod(0)
    with pytest.raises(UnreadableFile, match=r"articles\.csv may not be read; close it"):
        read(tmp_path)


def test_a_locked_file_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses to open what Excel has open; here the refusal is made by hand."""
    for name in ("articles.csv", "review.xlsx"):
        (tmp_path / name).write_bytes(b"id\n")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UnreadableFile, match=r"articles\.csv may not be read; close it if a spreadsheet program"):
        read_folder(tmp_path)
    with pytest.raises(UnreadableFile, match=r"review\.xlsx may not be read; close it if a spreadsheet program"):
        read_workbook(tmp_path / "review.xlsx")


def test_a_file_given_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UnreadableFile, match="is not a folder"):
        read_folder(tmp_path / "x")
    with pytest.raises(UnreadableFile, match="there is no folder"):
        read_folder(tmp_path / "y")


# --- CSV: whatever the dialect and encoding, the same cells -------------------------------------------

TABLES = st.lists(st.lists(WORDS.map(str.strip), min_size=3, max_size=3), min_size=1, max_size=6)


@QUIET
@given(
    rows=TABLES,
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    line=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_dialect_gives_the_same_cells(
    tmp_path: Path, rows: list[list[str]], delimiter: str, encoding: str, line: str, quoting: int
) -> None:
    rows = [[f"a{i}", *cells[1:]] for i, cells in enumerate(rows)]
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=line, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["id", "title", "year"])
    writer.writerows(rows)
    path = tmp_path / "articles.csv"
    path.write_bytes(stream.getvalue().encode(encoding))
    sheet, findings = read_csv(path)
    assert sheet is not None
    assert findings.all() == []
    names = ("id", "title", "year")
    assert [r.values for r in sheet.rows] == [{n: c for n, c in zip(names, row, strict=True) if c} for row in rows]


@QUIET
@given(st.lists(st.text("ab\n\"', ;", max_size=8).map(str.strip), min_size=1, max_size=8))
def test_line_numbers_are_those_of_an_editor(tmp_path: Path, notes: list[str]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["id", "note"])
    expected = []
    for number, note in enumerate(notes):
        expected.append(stream.getvalue().count("\n") + 1)
        writer.writerow([f"a{number}", note])
    path = tmp_path / "articles.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    sheet, _ = read_csv(path)
    assert sheet is not None
    assert [row.where.row for row in sheet.rows] == expected


@QUIET
@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_one_clear_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "articles.csv"
    path.write_bytes(raw)
    try:
        sheet, findings = read_csv(path)
    except UnreadableFile:
        return
    for found in findings.all():
        assert found.where.file == "articles.csv"
    for row in sheet.rows if sheet else ():
        for name, text in row.values.items():
            assert name in sheet.headers  # type: ignore[union-attr]
            assert text == text.strip() != ""
            assert clean(text) == (text.removeprefix("'\t"), "")


@QUIET
@given(st.lists(st.text('a"', max_size=6), min_size=1, max_size=6), st.integers(0, 5))
def test_a_slip_with_quotation_marks_loses_no_letter_and_no_other_row(
    tmp_path: Path, slips: list[str], good: int
) -> None:
    """Whatever the marks, every letter written is in some cell, and rows without marks are intact."""
    lines = ["id,title,year", *(f"s{i},{slip},x" for i, slip in enumerate(slips))]
    lines += [f"g{i},good,y" for i in range(good)]
    path = tmp_path / "articles.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sheet, findings = read_csv(path)
    assert sheet is not None
    text = "".join(cell for row in sheet.rows for cell in row.values.values())
    assert text.count("a") == sum(slip.count("a") for slip in slips)
    assert text.count("g") == 2 * good
    odd = any(f.rule in ("stray-quote", "ragged-row") for f in findings.all())
    if not odd:
        assert [r.values["id"] for r in sheet.rows][len(sheet.rows) - good :] == [f"g{i}" for i in range(good)]


def test_many_findings_of_one_kind_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "articles.csv"
    path.write_text("id,title\n" + "".join(f"a{i}\n" for i in range(500)), encoding="utf-8")
    sheet, findings = read_csv(path)
    assert sheet is not None
    assert len(sheet.rows) == 500
    told = [f for f in findings.all() if f.rule == "ragged-row"]
    assert len(told) == 21
    assert "480 more of the same, the last at articles.csv:501" in told[-1].message


def test_a_very_long_quotation_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "extractions.csv"
    quote = "so it goes, " * 40_000
    path.write_text(f'id,article,quote\nx1,a1,"{quote}"\n', encoding="utf-8")
    sheet, findings = read_csv(path)
    assert sheet is not None
    assert sheet.rows[0].values["quote"] == quote.strip()
    assert findings.all() == []


def test_extra_cells_never_take_the_name_of_a_role(tmp_path: Path) -> None:
    """Columns C, M and O are synonyms of contexts, mechanisms and outcomes: a bare letter would be read as such."""
    path = tmp_path / "extractions.csv"
    path.write_text("id,article,\nx1,a1,stray\n", encoding="utf-8")
    sheet, _ = read_csv(path)
    assert sheet is not None
    assert sheet.headers == ("id", "article", "column C")
    known = {folded(n) for c in SHEETS["extractions"].columns for n in (c.name, *c.synonyms)}
    assert not {folded(f"column {column_letter(n)}") for n in range(1, 200)} & known


def test_the_garbage_collector_is_left_as_it_was(tmp_path: Path) -> None:
    import gc

    path = tmp_path / "articles.csv"
    path.write_text("id\na\n")
    assert gc.isenabled()
    read_csv(path)
    assert gc.isenabled()
    gc.disable()
    try:
        read_csv(path)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.slow
def test_200_000_extractions_read_at_the_pace_of_the_csv_module(tmp_path: Path) -> None:
    """A ratio within one run, because the machine's own pace varies."""
    path = tmp_path / "extractions.csv"
    headers = [
        "id",
        "article",
        "theme",
        "contexts",
        "mechanisms",
        "outcomes",
        "stance",
        "polarity",
        "basis",
        "quote",
        "coder",
    ]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(headers)
        writer.writerows(
            [f"x{i}", f"a{i // 20}", "how", "c1|c2", "m1", "o1", "supports", "enabling", "stated", "ö" * 150, "me"]
            for i in range(200_000)
        )
    ours, plain = [], []
    for _ in range(3):
        start = time.process_time()
        sheet, _ = read_csv(path)
        ours.append(time.process_time() - start)
        start = time.process_time()
        with path.open(newline="", encoding="utf-8") as stream:
            count = len(list(csv.DictReader(stream)))
        plain.append(time.process_time() - start)
        assert sheet is not None
        assert len(sheet.rows) == count == 200_000
    assert min(ours) < 4 * min(plain)


# --- cleaning -----------------------------------------------------------------------------------------


@QUIET
@given(st.text(max_size=20))
def test_clean_gives_what_the_model_takes_and_is_settled(text: str) -> None:
    cleaned, replaced = clean(text)
    assert not any((c < " " and c not in "\t\n") or "\x7f" <= c <= "\x9f" for c in cleaned)
    assert not any("\ud800" <= c <= "\udfff" or c in "\ufffe\uffff" for c in cleaned)
    assert bool(replaced) == any(
        (c < " " and c not in "\t\n\r") or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff"
        for c in text
    )
    if replaced or cleaned != text.strip():
        assert needs_care(text) or "\r" in text


# --- workbooks ------------------------------------------------------------------------------------------


def _workbook(path: Path, rows: list[list[object]], name: str = "articles") -> Reading:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = name
    for number, row in enumerate(rows, 1):
        for position, value in enumerate(row, 1):
            cell = sheet.cell(number, position)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    book.save(path)
    return read_workbook(path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (-3, "-3"),
        (100000.0, "100000"),
        (123456789012345, "123456789012345"),
        (0.1, "0.1"),
        (True, "yes"),
        (False, "no"),
        (datetime.date(2024, 5, 3), "2024-05-03"),
        (datetime.datetime(2024, 5, 3), "2024-05-03"),
        (datetime.datetime(2024, 5, 3, 10, 30), "2024-05-03T10:30:00"),
        (datetime.time(10, 30), "10:30:00"),
        ("007", "007"),
        ("1e5", "1e5"),
        ("7.0", "7.0"),
        ("=1+1", "=1+1"),
        ("#REF!", "#REF!"),
        ("nan", "nan"),
        (" spaced ", "spaced"),
    ],
)
def test_values_of_a_workbook(tmp_path: Path, value: object, text: str) -> None:
    reading = _workbook(tmp_path / "review.xlsx", [["id", "title"], ["a", value]])
    assert reading.sheets[0].rows[0].values == {"id": "a", "title": text}
    assert reading.findings == ()


def test_the_cell_address_is_that_of_the_spreadsheet(tmp_path: Path) -> None:
    """A table that begins at C5, with an empty column inside: headers stay at the place of their column."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "articles"
    for address, value in {"C5": "id", "E5": "year", "C6": "a1", "E6": "when"}.items():
        sheet[address] = value
    book.save(tmp_path / "review.xlsx")
    raw = read(tmp_path).sheets[0]
    assert raw.rows[0].where == Where("review.xlsx", "articles", 6)
    assert raw.headers.index("id") == 2
    assert raw.headers.index("year") == 4


def test_unprintable_characters_of_a_workbook_have_an_address(tmp_path: Path) -> None:
    """Excel writes a bell as _x0007_, which readers decode."""
    reading = _workbook(tmp_path / "review.xlsx", [["id", "title"], ["a", "be_x0007_ll _x000D_\nnext"]])
    assert reading.sheets[0].rows[0].values["title"] == "be ll \nnext"
    assert [str(f.where) for f in reading.findings] == ["review.xlsx!articles!B2 (title)"]


def test_people_and_phases_may_be_sheets_and_review_toml_wins(tmp_path: Path) -> None:
    shutil.copy(CASES / "workbook_values" / "review.xlsx", tmp_path / "review.xlsx")
    (tmp_path / "review.toml").write_text('title = "From the file"\n', encoding="utf-8")
    reading = read(tmp_path)
    assert reading.name == tmp_path.name
    assert reading.review == {"title": "From the file"}
    assert [s.name for s in reading.sheets] == ["articles", "people"]
    assert [(f.rule, f.where.sheet) for f in reading.findings] == [("unknown-sheet", "review")]


def test_an_open_document_sheet_is_read(tmp_path: Path) -> None:
    """A minimal .ods, written by hand: calamine reads it, and no part of Excel's is looked for."""
    import zipfile

    content = (
        '<?xml version="1.0"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="articles">{}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        f"<table:table-row>{''.join(cell.format(c) for c in row)}</table:table-row>"
        for row in (("id", "title"), ("a1", "One"))
    )
    path = tmp_path / "review.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:x"/>')
        archive.writestr("content.xml", content.format(rows))
    assert read(path).sheets[0].rows[0].values == {"id": "a1", "title": "One"}


def test_an_entity_in_a_workbook_is_refused(tmp_path: Path) -> None:
    import zipfile

    good = CASES / "workbook_features" / "review.xlsx"
    bad = tmp_path / "review.xlsx"
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/workbook.xml":
                content = bomb + content.partition(b"?>")[2] if content.startswith(b"<?xml") else bomb + content
            new.writestr(name, content)
    with pytest.raises(UnreadableFile, match="damaged"):
        read(bad)


@QUIET
@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_flipped_byte_gives_rows_or_one_clear_error(tmp_path: Path, at: int, change: int) -> None:
    raw = bytearray((CASES / "workbook_features" / "review.xlsx").read_bytes())
    raw[(at * 7) % len(raw)] ^= change
    path = tmp_path / "review.xlsx"
    path.write_bytes(raw)
    try:
        reading = read(path)
    except UnreadableFile:
        return
    assert isinstance(reading, Reading)


# --- names, and the template's example rows ------------------------------------------------------------------


def test_sheets_are_known_by_name_and_synonym() -> None:
    for name, spec in SHEETS.items():
        for word in (name, name.upper(), *spec.synonyms):
            assert known_sheet(word) == name
    assert [known_sheet(n) for n in ("People", "phases", "review", "budget")] == ["people", "phases", "review", ""]


def test_every_id_that_an_example_names_is_an_example() -> None:
    ids = {name: {row[SHEETS[name].columns[0].name] for row in example_rows(name)} for name in SHEETS}
    ids |= {name: {row["id"] for row in example_rows(name)} for name in ("people", "phases")}
    for name, spec in SHEETS.items():
        for row in example_rows(name):
            for header, text in row.items():
                column = spec.spec(header)
                if column.refers_to:
                    for one in text.replace(" / ", "|").split("|"):
                        assert any(one in ids[sheet] for sheet in column.refers_to), (name, header, one)
                assert not column.choices or text in column.choices


@pytest.mark.parametrize("number", [1, 26, 27, 52, 53, 702, 703, 16384])
def test_column_letters_equal_openpyxl(number: int) -> None:
    assert column_letter(number) == openpyxl.utils.get_column_letter(number)


def test_findings_keep_their_order() -> None:
    findings = Findings()
    findings.add("empty-sheet", Where("a"), "one", "fix")
    findings.add_one_of_many("ragged-row", Where("a", row=2), "two", "fix")
    findings.add("empty-sheet", Where("b"), "three", "fix")
    assert [f.message for f in findings.all()] == ["one", "two", "three"]


def test_reading_needs_little_more_memory_than_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "extractions.csv"
    path.write_text("id,article\n" + "".join(f"x{i},{string.ascii_letters * 4}\n" for i in range(5000)))
    tracemalloc.start()
    sheet, _ = read_csv(path)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sheet is not None
    assert sys.getsizeof(sheet.rows) > 0
    assert peak < 5 * kept


def test_a_hundred_thousand_headers_take_seconds(tmp_path: Path) -> None:
    """Found by fuzzing: each header was looked up in a list of all before it."""
    (tmp_path / "articles.csv").write_text("id," + ",".join(f"h{n}" for n in range(100_000)) + "\nA1,x\n", "utf-8")
    begun = time.process_time()
    read_folder(tmp_path)
    assert time.process_time() - begun < 10
