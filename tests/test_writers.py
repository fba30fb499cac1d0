"""Writing: what is written reads back the same, byte for byte the same each time, and never half."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from eaa_graph.errors import EaaError, Refused, StoreUnavailable, UnknownName
from eaa_graph.model import (
    HEURISTICS,
    ROLES,
    SHEETS,
    Article,
    Concept,
    Configuration,
    Extraction,
    FlowStep,
    Person,
    Phase,
    Records,
    Reported,
    Review,
    example_rows,
    folded,
)
from eaa_graph.readers.csv_table import read_csv
from eaa_graph.readers.opening import read
from eaa_graph.resources import example, examples
from eaa_graph.tables import Column, Table, Thing
from eaa_graph.validate import validate
from eaa_graph.writers import Writer
from eaa_graph.writers.csv_folder import PART as CSV
from eaa_graph.writers.csv_folder import csv_text, toml_text, write_folder
from eaa_graph.writers.rows import escaped, list_separator
from eaa_graph.writers.tables import table_csv, table_json, table_markdown, table_text, tables_xlsx
from eaa_graph.writers.template import new_folder, new_workbook
from eaa_graph.writers.whole import write_whole
from eaa_graph.writers.xlsx import PART as XLSX
from eaa_graph.writers.xlsx import saved, text_cell, write_workbook

QUIET = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
#: Texts that have gone wrong in one spreadsheet, library or language or another.
AWKWARD = (
    *("=1+1", '=HYPERLINK("http://x")', "+49 30 123", "-5", "@name", "'tis", "''", "'\t=1", "'\t'\tx", "'"),
    *("007", "1e5", "7.0", "1/2", "2019-05", "TRUE", "yes", "nan", "NA", "#REF!", "#12", "_x0041_", "_x005F_"),
    *("# explained: not really", "Example: of mine", "sep=;", "two\nlines", "a\tb", 'say "no"', "a;b", "a,b", "a|b"),
    *(
        "😀",
        "👩‍👩‍👧",
        "שלום עולם",
        "\u202emirror\u202c",
        "e\u0301",
        "\u2028",
        "\ufeffmark",
        "ßẞ",
        "ﬁ",
        "<b>&amp;</b>",
        "\\",
    ),
)
PRINTABLE = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff") | st.sampled_from("\n\t")
TEXTS = st.sampled_from(AWKWARD).filter(lambda t: t == t.strip()) | st.text(PRINTABLE, min_size=1, max_size=12).map(
    str.strip
).filter(bool)
IDS = TEXTS.filter(lambda t: "|" not in t and "/" not in t and "\n" not in t and "\t" not in t)
CELLS = st.just("") | TEXTS


def grids() -> st.SearchStrategy[tuple[list[str], list[list[str]]]]:
    """Headers, and rows with at least one cell each."""

    def rows(headers: list[str]) -> st.SearchStrategy[tuple[list[str], list[list[str]]]]:
        row = st.lists(CELLS, min_size=len(headers), max_size=len(headers)).filter(any)
        return st.tuples(st.just(headers), st.lists(row, min_size=1, max_size=5))

    own = st.lists(TEXTS, unique=True, max_size=4)
    return own.map(lambda more: ["id", "title", *(h for h in more if h not in ("id", "title"))]).flatmap(rows)


def table() -> Table:
    things = (Thing("concept", "dialogue", "dialogue | talk"), Thing("concept", "trust", "=trust"))
    return Table(
        "two_things",
        "Things, and *numbers*",
        (
            Column("concept", "Concept", "What it is about."),
            Column("others", "Others"),
            Column("count", "Count"),
            Column("share", "Share"),
            Column("seen", "Seen"),
            Column("note", "Note"),
        ),
        (
            (things[0], things, 3, 0.123456789, True, "two\nlines"),
            (things[1], (), 12, 1e-9, False, None),
            (None, (things[0],), 0, float("nan"), None, "a|b, 'c' <d> 漢字"),
        ),
        unit="articles",
        denominator="the 51 articles read",
        note="Counts are patterns, not causes.",
        source="Nobody 2024",
    )


# --- cells ------------------------------------------------------------------------------------------


@QUIET
@given(grids(), st.booleans())
def test_csv_reads_back_the_same_cells(
    tmp_path: Path, grid: tuple[list[str], list[list[str]]], guard_formulas: bool
) -> None:
    headers, rows = grid
    path = tmp_path / "articles.csv"
    path.write_text(csv_text(headers, rows, guard_formulas=guard_formulas), encoding="utf-8", newline="")
    sheet, findings = read_csv(path)
    assert sheet is not None
    assert [r.values for r in sheet.rows] == [{h: c for h, c in zip(headers, row, strict=True) if c} for row in rows]
    assert sheet.headers == tuple(headers)
    assert findings.all() == []


@QUIET
@given(grids())
def test_workbook_reads_back_the_same_cells(tmp_path: Path, grid: tuple[list[str], list[list[str]]]) -> None:
    headers, rows = grid
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("articles")
    page.append([text_cell(page, escaped(h)) for h in headers])
    for row in rows:
        page.append([text_cell(page, escaped(c, first=not i)) if c else None for i, c in enumerate(row)])
    path = tmp_path / "review.xlsx"
    path.write_bytes(saved(book))
    reading = read(path)
    (sheet,) = reading.sheets
    assert [r.values for r in sheet.rows] == [{h: c for h, c in zip(headers, row, strict=True) if c} for row in rows]
    assert sheet.headers == tuple(headers)
    assert reading.findings == ()


@QUIET
@given(TEXTS)
def test_a_guarded_cell_begins_no_formula(text: str) -> None:
    guarded = escaped(text, guard_formulas=True)
    if guarded.startswith(("=", "+", "-", "@")):
        float(guarded)  # a number with its sign is no formula, and must stay a number for R
    assert escaped(text).removeprefix("'\t") == text or text.startswith("'\t")


@QUIET
@given(TEXTS)
def test_toml_text_is_toml(text: str) -> None:
    line = f"x = {toml_text(text)}"
    assert "\n" not in line
    assert tomllib.loads(line) == {"x": text}


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    """openpyxl, which did read formulas, is the independent witness."""
    articles = tuple(Article(id=f"a{i}", title=text) for i, text in enumerate(AWKWARD) if text == text.strip())
    (path,) = write_workbook(Records(review=Review(id="r", title="R"), articles=articles), tmp_path / "r.xlsx")
    page = openpyxl.load_workbook(path)["articles"]
    cells = [cell for row in page.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    by_id = {row[0].value: row[1] for row in page.iter_rows(min_row=2)}
    for article in articles:
        if "_x00" not in (article.title or ""):
            assert by_id[article.id].value == escaped(article.title or "")
    assert by_id["a0"].quotePrefix
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet2.xml")


# --- reviews ----------------------------------------------------------------------------------------


@st.composite
def reviews(draw: st.DrawFn) -> Records:
    """Small reviews with awkward words in every place a word can be."""

    def some(ids: list[str]) -> tuple[str, ...]:
        return tuple(sorted(draw(st.sets(st.sampled_from(ids), max_size=3)))) if ids else ()

    def one(ids: list[str]) -> str | None:
        return draw(st.none() | st.sampled_from(ids)) if ids else None

    def own() -> tuple[tuple[str, str], ...]:
        names = draw(st.sets(TEXTS, max_size=2)) - {"Title"}
        return tuple((name, draw(TEXTS)) for name in sorted(names))

    def slot() -> tuple[tuple[str, ...], ...]:
        alternatives = draw(st.lists(st.lists(st.sampled_from(codes), min_size=1, max_size=2, unique=True), max_size=2))
        return tuple(dict.fromkeys(tuple(a) for a in alternatives))

    article_ids = draw(st.lists(IDS, unique=True, max_size=3))
    codes = draw(st.lists(IDS, unique=True, min_size=1, max_size=4))
    people = draw(st.lists(IDS, unique=True, max_size=2))
    phases = draw(st.lists(IDS, unique=True, max_size=1))
    articles = tuple(
        Article(id=i, title=draw(st.none() | TEXTS), year=draw(st.none() | st.integers(1000, 2999)), attributes=own())
        for i in article_ids
    )
    concepts = tuple(
        Concept(
            id=i,
            label=draw(TEXTS),
            synonyms=tuple(sorted(draw(st.sets(TEXTS, max_size=2)))),
            broader=some(codes),
            attributes=own(),
        )
        for i in codes
    )
    extraction_ids = draw(st.lists(IDS, unique=True, max_size=3)) if article_ids else []
    extractions = tuple(
        Extraction(
            id=i,
            article=draw(st.sampled_from(article_ids)),
            theme=one(codes),
            contexts=some(codes),
            mechanisms=some(codes),
            outcomes=some(codes),
            quote=draw(st.none() | TEXTS),
            coder=one(people),
            phase=one(phases),
            attributes=own(),
        )
        for i in extraction_ids
    )
    configurations = tuple(
        Configuration(
            id=i,
            contexts=slot(),
            resources=slot(),
            mechanisms=slot(),
            statement=draw(st.none() | TEXTS),
            supporting=some(extraction_ids),
            author=draw(st.none() | TEXTS),
        )
        for i in draw(st.lists(IDS, unique=True, max_size=2))
    )
    reported = tuple(
        Reported(article=a, theme=draw(st.sampled_from(codes)), reported=draw(st.booleans()), coder=one(people))
        for a in article_ids
    )
    return Records(
        review=Review(id="r", title=draw(TEXTS), question=draw(st.none() | TEXTS), attributes=own()),
        people=tuple(Person(id=i, name=draw(st.none() | TEXTS), reads=some(people), attributes=own()) for i in people),
        phases=tuple(Phase(id=i, label=draw(st.none() | TEXTS)) for i in phases),
        articles=articles,
        concepts=concepts,
        extractions=extractions,
        configurations=configurations,
        reported=reported,
        flow=(FlowStep(stage=draw(TEXTS), outcome=draw(TEXTS), count=draw(st.integers(0, 10**9))),),
    ).ordered()


def _clashes(records: Records) -> bool:
    """Whether a column of the user's own is called like one of ours: no sheet can hold such a pair."""
    ours = {folded(h) for sheet in SHEETS.values() for c in sheet.columns for h in (c.name, *c.synonyms)}
    return any(folded(name) in ours for record in records.all() for name, _ in record.attributes)


@QUIET
@given(reviews(), st.booleans())
def test_a_folder_reads_back_to_the_same_review(
    tmp_path_factory: pytest.TempPathFactory, records: Records, guard_formulas: bool
) -> None:
    assume(not _clashes(records))
    path = tmp_path_factory.mktemp("folder")
    write_folder(records, path, guard_formulas=guard_formulas)
    assert validate(read(path)).records == records


@QUIET
@given(reviews())
def test_a_workbook_reads_back_to_the_same_review(tmp_path_factory: pytest.TempPathFactory, records: Records) -> None:
    assume(not _clashes(records))
    (path,) = write_workbook(records, tmp_path_factory.mktemp("workbook") / "review.xlsx")
    assert validate(read(path)).records == records


@pytest.mark.parametrize("name", examples())
def test_every_example_survives_both_formats(tmp_path: Path, name: str) -> None:
    records = validate(read(example(name))).records
    write_folder(records, tmp_path / "folder")
    assert validate(read(tmp_path / "folder")).records == records
    write_workbook(records, tmp_path / "book" / "review.xlsx")
    assert validate(read(tmp_path / "book")).records == records


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """Also under another hash seed, at another time, and with the records the other way round."""
    code = (
        "import sys; from pathlib import Path; from eaa_graph.readers.opening import read;"
        "from eaa_graph.validate import validate; from eaa_graph.resources import example;"
        "from eaa_graph.writers.csv_folder import write_folder; from eaa_graph.writers.xlsx import write_workbook;"
        "r = validate(read(example('example_minimal'))).records; to = Path(sys.argv[1]);"
        "r = r.model_copy(update={n: getattr(r, n)[::-1] for n in ('articles', 'concepts', 'extractions')});"
        "write_folder(r, to / 'folder'); write_workbook(r, to / 'review.xlsx')"
    )
    for name, seed in (("one", "1"), ("two", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True, env=environment)
    records = validate(read(example("example_minimal"))).records
    write_folder(records, tmp_path / "three" / "folder")
    write_workbook(records, tmp_path / "three" / "review.xlsx")
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(files) >= 4
    for file in files:
        contents = {(tmp_path / name / file).read_bytes() for name in ("one", "two", "three")}
        assert len(contents) == 1, file


def test_a_workbook_says_nothing_of_when_it_was_made(tmp_path: Path) -> None:
    (path,) = write_workbook(Records(review=Review(id="r", title="R")), tmp_path / "r.xlsx")
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert core.count("2000-01-01T00:00:00Z") == 2
    stamps = re.findall(r"<dcterms:(?:created|modified)[^>]*>([^<]*)<", core)
    assert stamps == ["2000-01-01T00:00:00Z"] * 2


def test_only_what_the_review_has_is_written(tmp_path: Path) -> None:
    records = Records(review=Review(id="r", title="R"), articles=(Article(id="a", attributes=(("mood", "calm"),)),))
    assert [p.name for p in write_folder(records, tmp_path / "r")] == ["articles.csv", "extractions.csv", "review.toml"]
    assert (tmp_path / "r" / "articles.csv").read_text(encoding="utf-8-sig") == "id,mood\na,calm\n"


def test_a_column_of_the_users_own_called_like_one_of_ours_stays_his(tmp_path: Path) -> None:
    articles = (
        Article(id="a", attributes=(("Year", "the year of the cat"), ("title", "mine"), ("publication year", "x"))),
    )
    records = Records(review=Review(id="r", title="R"), articles=articles)
    write_folder(records, tmp_path / "r")
    back = validate(read(tmp_path / "r")).records.articles[0]
    assert (back.title, back.year) == (None, None)
    assert dict(back.attributes) == {
        "Year": "the year of the cat",
        "title (attribute)": "mine",
        "publication year": "x",
    }


def test_lists_of_texts_with_the_separator_in_them_get_another_one(tmp_path: Path) -> None:
    concepts = (Concept(id="a", label="a", synonyms=("x|y", "z;1")), Concept(id="b;c", label="b", broader=("a",)))
    records = Records(review=Review(id="r", title="R"), concepts=concepts)
    assert list_separator(records) == "¦"
    write_folder(records, tmp_path / "r")
    assert validate(read(tmp_path / "r")).records.concepts == concepts
    write_workbook(records, tmp_path / "review.xlsx")
    assert validate(read(tmp_path / "review.xlsx")).records.concepts == concepts


def test_what_cannot_be_written_truly_is_refused(tmp_path: Path) -> None:
    review = Review(id="r", title="R")
    slash = Records(
        review=review,
        concepts=(Concept(id="/ x", label="x"),),
        configurations=(Configuration(id="c", contexts=(("/ x",),)),),
    )
    with pytest.raises(Refused, match="'/ x' cannot stand in a slot"):
        write_folder(slash, tmp_path / "r")
    long = Records(review=review, articles=(Article(id="a", title="long " * 7000 + "end"),))
    with pytest.raises(Refused, match=r"articles!B2 holds 35,003 characters, more than a cell .* write CSV instead"):
        write_workbook(long, tmp_path / "r.xlsx")
    assert list(tmp_path.iterdir()) == []
    write_folder(long, tmp_path / "r")
    assert validate(read(tmp_path / "r")).records == long


def test_sheets_of_another_review_are_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "theories.csv").write_text("id\nold\n")
    with pytest.raises(EaaError, match=r"already holds theories\.csv"):
        write_folder(Records(review=Review(id="r", title="R")), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["theories.csv"]


def test_the_writers_are_parts() -> None:
    for part in (CSV, XLSX):
        assert isinstance(part, Writer)
        assert part.title
        assert part.description


# --- whole or not at all --------------------------------------------------------------------------------


def test_write_whole_makes_the_folder_and_keeps_line_ends(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a" / "b" / "x.txt", "é\nz\n")
    assert path.read_bytes() == b"\xc3\xa9\nz\n"
    assert [p.name for p in path.parent.iterdir()] == ["x.txt"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_whole(tmp_path / "x.txt", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match=r"x\.txt could not be written: No space left on device; nothing was"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_a_folder_in_the_way_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(StoreUnavailable, match="could not be written"):
        write_whole(tmp_path / "x", "new")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="could not be written"):
        write_whole(tmp_path / "file" / "below", "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "x"]


def test_the_mode_of_a_file_is_kept(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "x", "1")
    assert path.stat().st_mode & 0o444 == 0o444
    path.chmod(0o640)
    assert write_whole(path, "2").stat().st_mode & 0o777 == 0o640


# --- templates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heuristic", HEURISTICS)
def test_a_new_folder_reads_as_an_empty_review(tmp_path: Path, heuristic: str) -> None:
    path = tmp_path / "my review"
    written = new_folder(path, title="Ours — «é»", heuristic=heuristic.lower())
    assert {p.name for p in written} == {"review.toml", *(f"{name}.csv" for name in SHEETS)}
    checked = validate(read(path))
    assert checked.rows == 0
    assert (checked.records.review.title, checked.records.review.id) == ("Ours — «é»", "my-review")
    assert checked.records.review.heuristic == heuristic
    assert {f.rule for f in checked.findings} <= {"comment-row", "example-row", "empty-sheet", "no-extractions"}
    assert {f.where.file for f in checked.findings if f.rule == "empty-sheet"} == {"articles.csv", "extractions.csv"}
    assert {f.severity for f in checked.findings if f.rule == "example-row"} == {"note"}


def test_taking_the_marks_off_gives_a_small_review_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "r"
    new_folder(path)
    for file in path.glob("*.csv"):
        file.write_text(file.read_text(encoding="utf-8").replace("example:", ""), encoding="utf-8")
    checked = validate(read(path))
    assert [f for f in checked.findings if f.severity != "note"] == []
    assert checked.rows == sum(len(example_rows(name)) for name in SHEETS)
    assert len(checked.records.configurations) == 1

    (book,) = new_workbook(tmp_path / "w.xlsx")
    workbook = openpyxl.load_workbook(book)
    for sheet in workbook:
        for (cell,) in sheet.iter_rows(min_row=2, max_col=1):
            if str(cell.value).startswith("example:"):
                cell.value = cell.value.removeprefix("example:")
    workbook.save(book)
    again = validate(read(book))
    assert [f for f in again.findings if f.severity != "note"] == []
    assert again.records.extractions == checked.records.extractions
    assert again.records.people[0].name == "Your name"


@pytest.mark.parametrize("heuristic", HEURISTICS)
def test_a_template_has_the_columns_of_its_heuristic_only(tmp_path: Path, heuristic: str) -> None:
    new_folder(tmp_path / "r", heuristic=heuristic)
    (book,) = new_workbook(tmp_path / "w.xlsx", heuristic=heuristic)
    workbook = openpyxl.load_workbook(book)
    for name in ("extractions", "configurations"):
        with (tmp_path / "r" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            headers = next(csv.reader(stream))
        assert {h for h in headers if h.removesuffix("s") in ROLES} == {r + "s" for r in HEURISTICS[heuristic]}
        assert [cell.value for cell in workbook[name][1]] == headers


def test_a_new_workbook_explains_itself(tmp_path: Path) -> None:
    (book,) = new_workbook(tmp_path / "w.xlsx", title="=Ours")
    workbook = openpyxl.load_workbook(book)
    assert workbook.sheetnames[:2] == ["read me first", "review"]
    assert {"people", "phases", *SHEETS} <= set(workbook.sheetnames)
    for name, spec in SHEETS.items():
        page = workbook[name]
        assert page.freeze_panes == "B2"
        for header in page[1]:
            meaning = spec.spec(header.value).meaning
            assert header.comment.text.startswith(meaning)
        assert page["A2"].value.startswith("# explained: ")
        assert page["A2"].font.italic
        checks = {str(v.sqref).split("3")[0]: v for v in page.data_validations.dataValidation}
        for cell in page[1]:
            column = spec.spec(cell.value)
            check = checks.get(cell.column_letter)
            if column.kind == "choice":
                assert check.formula1 == f'"{",".join(column.choices)}"'
                assert len(check.formula1) <= 257
            elif column.kind in ("ref", "refs", "slot"):
                assert check.formula1.startswith(f"{column.refers_to[0]}!$A$3")
                assert not check.showErrorMessage
            elif column.kind == "flag":
                assert check.formula1 == '"yes,no"'
            else:
                assert check is None
    reading = read(book)
    assert reading.review["title"] == "=Ours"
    assert {f.rule for f in reading.findings} == {"comment-row", "example-row", "empty-sheet"}


def test_a_new_workbook_is_the_same_each_time(tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "w.xlsx", tmp_path / "two" / "w.xlsx"
    new_workbook(one)
    new_workbook(two)
    assert one.read_bytes() == two.read_bytes()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    new_folder(tmp_path / "r")
    before = (tmp_path / "r" / "articles.csv").read_bytes()
    with pytest.raises(EaaError, match="nothing is written over"):
        new_folder(tmp_path / "r")
    assert (tmp_path / "r" / "articles.csv").read_bytes() == before
    new_workbook(tmp_path / "w.xlsx")
    with pytest.raises(EaaError, match="nothing is written over"):
        new_workbook(tmp_path / "w.xlsx")
    with pytest.raises(EaaError, match=r"does not end in \.xlsx"):
        new_workbook(tmp_path / "w.xls")
    with pytest.raises(UnknownName, match="did you mean 'ICAMO'"):
        new_folder(tmp_path / "q", heuristic="ICMAO")
    assert not (tmp_path / "q").exists()


# --- result tables -----------------------------------------------------------------------------------------------


def test_table_csv() -> None:
    rows = list(csv.reader(io.StringIO(table_csv(table(), guard_formulas=False))))
    assert rows == [
        ["concept", "concept_id", "others", "others_id", "count", "share", "seen", "note"],
        [
            "dialogue | talk",
            "dialogue",
            "dialogue | talk|=trust",
            "dialogue|trust",
            "3",
            "0.123456789",
            "yes",
            "two\nlines",
        ],
        ["=trust", "trust", "", "", "12", "1e-09", "no", ""],
        ["", "", "dialogue | talk", "dialogue", "0", "", "", "a|b, 'c' <d> 漢字"],
    ]
    assert "'\t=trust" in table_csv(table(), guard_formulas=True)


def test_table_json_holds_everything() -> None:
    whole = json.loads(table_json(table()))
    assert {k: whole[k] for k in ("unit", "denominator", "note", "source")} == {
        "unit": "articles",
        "denominator": "the 51 articles read",
        "note": "Counts are patterns, not causes.",
        "source": "Nobody 2024",
    }
    assert [c["name"] for c in whole["columns"]] == ["concept", "others", "count", "share", "seen", "note"]
    first, second, third = whole["rows"]
    assert first["concept"] == {"kind": "concept", "id": "dialogue", "label": "dialogue | talk"}
    assert [thing["id"] for thing in first["others"]] == ["dialogue", "trust"]
    assert second["share"] == 1e-9
    assert third["share"] is None
    assert third["concept"] is None


def test_table_markdown_and_text() -> None:
    markdown = table_markdown(table())
    lines = markdown.splitlines()
    assert lines[0] == r"### Things, and \*numbers\*"
    assert lines[3] == "| --- | --- | ---: | ---: | --- | --- |"
    assert lines[4] == r"| dialogue \| talk | dialogue \| talk, =trust | 3 | 0.123 | yes | two lines |"
    assert r"a\|b, 'c' \<d> 漢字" in lines[6]
    assert "Out of: the 51 articles read" in lines
    text = table_text(table())
    assert "nan" not in markdown.casefold()
    assert "nan" not in text.casefold()
    assert "Note: Counts are patterns, not causes." in text
    rows = text.splitlines()[4:7]
    assert [row.index(number) + len(number) for row, number in zip(rows, ("3 ", "12 ", "0 "), strict=True)] == [
        rows[0].index("3 ") + 2
    ] * 3


def test_an_empty_table_says_so() -> None:
    empty = table().head(0)
    assert "No rows." in table_markdown(empty)
    assert "(no rows)" in table_text(empty)
    assert table_csv(empty) == "concept,others,count,share,seen,note\n"
    assert json.loads(table_json(empty))["rows"] == []


def test_tables_in_a_workbook(tmp_path: Path) -> None:
    path = tables_xlsx([table(), table()], tmp_path / "tables.xlsx")
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == ["contents", "two_things", "two_things (2)"]
    page = workbook["two_things"]
    assert [cell.value for cell in page[3]] == ["=trust", "trust", None, None, 12, 1e-9, "no", None]
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n"}
    assert [cell.value for cell in workbook["contents"][2]][2:5] == [3, "articles", "the 51 articles read"]
    before = path.read_bytes()
    assert tables_xlsx([table(), table()], path).read_bytes() == before
    with pytest.raises(Refused):
        tables_xlsx([], tmp_path / "none.xlsx")
