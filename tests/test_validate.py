"""Checking: golden cases of what goes wrong, and promises that hold whatever is in the cells."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import identifiers, texts

import eaa_graph
from eaa_graph import validate as validating
from eaa_graph.findings import RULES, Finding, Where
from eaa_graph.model import ROLES, SHEETS, ColumnSpec, Record, Records, Row, slot_concepts
from eaa_graph.pipeline import check
from eaa_graph.readers import RawSheet, Reading
from eaa_graph.resources import example
from eaa_graph.validate import Checked, validate

CASES = Path(__file__).parent / "cases"
COLLECTIONS = [name for name in Records.model_fields if name != "review"]


@cache
def cases() -> tuple[str, ...]:
    found = tuple(sorted(p.parent.name for p in (CASES / "checking").glob("*/expected.json")))
    assert len(found) >= 14
    return found


def expected_of(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CASES / "checking" / name / "expected.json").read_text("utf-8"))
    return content


# --- golden cases ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cases())
def test_case(name: str) -> None:
    expected = expected_of(name)
    checked = check(CASES / "checking" / name)
    assert [[f.rule, f.where.file, f.where.row, f.where.column] for f in checked.findings] == expected["findings"]
    assert checked.rows == expected["rows"]
    records = {n: len(getattr(checked.records, n)) for n in COLLECTIONS if getattr(checked.records, n)}
    assert records == expected["records"]


@pytest.mark.parametrize("name", cases())
def test_every_finding_says_what_where_and_how_to_mend_it(name: str) -> None:
    for found in check(CASES / "checking" / name).findings:
        assert found.severity == RULES[found.rule].severity
        assert found.where.file
        assert found.message
        assert found.fix
        assert "\n" not in str(found.where)


def test_every_rule_that_can_be_raised_has_a_case() -> None:
    """Every rule named in the source of checking and of our own readers is expected by a case of one of them."""
    package = Path(eaa_graph.__file__).parent
    sources = ["validate.py", "arithmetic.py"]
    sources += [f"readers/{n}.py" for n in ("csv_folder", "csv_table", "grid", "opening", "review_file", "xlsx")]
    words = {w for s in sources for w in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', (package / s).read_text("utf-8"))}
    raised = words & set(RULES)
    assert len(raised) > 45
    seen = {rule for name in cases() for rule, *_ in expected_of(name)["findings"]}
    for path in (CASES / "reading").glob("*/expected.json"):
        seen |= {rule for rule, _ in json.loads(path.read_text("utf-8")).get("findings", [])}
    assert sorted(raised - seen) == []


def test_rows_set_aside_are_those_that_are_no_records() -> None:
    """The published count of each case comes out: rows read = records made + rows set aside."""
    for name in cases():
        assert_rows_accounted(check(CASES / "checking" / name))


# --- any sheet whatever ---------------------------------------------------------------------------

#: Ids that refer to each other often enough for something to resolve.
FEW = ("a1", "A 1", "a-1", "b", "x1", "m1", "k1", "v1", "me")
AWKWARD = ("|", "a1|", "|b|", "a1|b", "a1 / b", " / ".strip(), "a1|a1", "a1; b", "yes", "no", "suports", "supports", "leads to",
           "2019", "2019-05", "3/5/24", "12", "-1", "1e9", "added", "mechanism", "a1\nb", "a\tb", "\ufeff", "'", "#", "true")  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(FEW), st.sampled_from(AWKWARD), texts(6), st.lists(st.sampled_from(FEW), min_size=2, max_size=3).map("|".join)
)  # fmt: skip


def header(column: ColumnSpec) -> st.SearchStrategy[str]:
    spelt = [column.name, column.name.upper(), f" {column.name} ".strip(), column.name[:-1] or "x", *column.synonyms]
    return st.sampled_from(spelt)


@st.composite
def raw_sheets(draw: st.DrawFn, name: str) -> RawSheet:
    """Draw a sheet with any mix of right, misspelt, doubled and strange headers, and anything in its cells."""
    spec = SHEETS[name]
    chosen = draw(st.lists(st.sampled_from(spec.columns), unique_by=lambda c: c.name, max_size=6))
    chosen += [c for c in spec.columns if c.required and c not in chosen and draw(st.integers(0, 5))]
    headers = [draw(header(c)) for c in chosen] + draw(st.lists(texts(6), max_size=1))
    headers = list(dict.fromkeys(headers))
    where = Where(f"{name}.csv")
    rows = []
    for line in range(2, 2 + draw(st.integers(0, 4))):
        cells = {h: draw(CELLS) for h in headers if draw(st.integers(0, 5))}
        if cells:
            rows.append(Row(where._replace(row=line), cells))
    return RawSheet(name, where, tuple(headers), tuple(rows))


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Draw what a reader may hand over of a folder that nobody looked after."""
    names = draw(st.lists(st.sampled_from(sorted(SHEETS)), unique=True, max_size=4))
    wanted = [n for n in ("articles", "concepts", "extractions") if draw(st.booleans())]
    sheets = tuple(draw(raw_sheets(n)) for n in dict.fromkeys([*wanted, *names]))
    review = draw(st.one_of(st.just({}), review_files()))
    return Reading(draw(identifiers()), sheets, review, Where("review.toml") if review else None)


def review_files() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for anything that TOML can say where a review file is expected."""
    text = st.text(max_size=6)
    value = st.one_of(
        text,
        st.integers(),
        st.booleans(),
        st.floats(),
        st.lists(text, max_size=2),
        st.dictionaries(text, text, max_size=2),
        st.dates(),
    )
    keys = st.one_of(
        st.sampled_from(["id", "title", "language", "base_iri", "heuristic", "preferred_coder", "list_separator", "doi", "kind", "attributes", "role", "reads", "orcid", "reasoning"]),
        text,
    )  # fmt: skip
    entries = st.one_of(value, st.lists(st.one_of(value, st.dictionaries(keys, value, max_size=3)), max_size=3))
    table = st.dictionaries(keys, value, max_size=4)
    parts = st.fixed_dictionaries(
        {}, optional={"review": st.one_of(table, value), "people": entries, "phases": entries}
    )
    return st.tuples(table, parts).map(lambda both: {**both[0], **both[1]})


def made_from_rows(checked: Checked) -> int:
    """Count the records that rows gave: neither those taken as named nor those that review.toml lists."""
    implied = {"concepts": 0, "articles": 0}
    implied["concepts"] = sum(
        c.status == "as-coded" and not c.attributes and c.label == c.id for c in checked.records.concepts
    )
    found = {f.rule for f in checked.findings}
    if "missing-sheet" in found:
        implied["articles"] = len(checked.records.articles)
    sheets = [name for name in COLLECTIONS if name not in ("people", "phases")]
    return sum(len(getattr(checked.records, name)) for name in sheets) - sum(implied.values())


def assert_rows_accounted(checked: Checked) -> None:
    aside = [f.where for f in checked.findings if f.sets_row_aside]
    rows = {(w.file, w.sheet, w.row) for w in aside if w.row}
    entries = [w for w in aside if not w.row]
    assert made_from_rows(checked) == checked.rows + checked.left_by_reader - len(rows) - len(entries)
    assert checked.made == made_from_rows(checked)


@settings(max_examples=250)
@given(readings())
def test_rows_read_are_records_made_plus_rows_set_aside(reading: Reading) -> None:
    # A codebook may say of a code itself that it is "as coded": then it cannot be told from an implied one.
    checked = validate(reading)
    ours = {f.where for f in checked.findings if f.rule == "unknown-sheet"}
    assert checked.rows == sum(len(s.rows) for s in reading.sheets if s.where not in ours)
    assert_rows_accounted(checked)
    for found in checked.findings:
        assert found.rule in RULES
        assert found.message
        assert found.fix


@settings(max_examples=120)
@given(readings())
def test_whatever_is_made_is_a_review_that_every_road_takes(reading: Reading) -> None:
    """Made without pydantic's second look for speed: here it takes one, and every reference resolves."""
    records = validate(reading).records
    assert Records.model_validate(records.model_dump()) == records
    assert records.ordered() == records
    ids = {name: {r.key[0] for r in getattr(records, name)} for name in COLLECTIONS}
    for name, spec in SHEETS.items():
        for record in getattr(records, name):
            for column in spec.columns:
                if column.refers_to:
                    allowed = set().union(*(ids[sheet] for sheet in column.refers_to))
                    assert set(names_in(record, column)) <= allowed


def names_in(record: Record, column: ColumnSpec) -> tuple[str, ...]:
    value = getattr(record, column.field)
    if column.kind == "slot":
        return slot_concepts(value)
    return value if isinstance(value, tuple) else (value,) if value else ()


@settings(max_examples=120)
@given(readings(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters_when_ids_are_unique(reading: Reading, order: random.Random) -> None:
    first = validate(reading)
    if {"duplicate-id", "repeated-row"} & {f.rule for f in first.findings}:
        return
    sheets = []
    for sheet in reading.sheets:
        rows = list(sheet.rows)
        order.shuffle(rows)
        sheets.append(RawSheet(sheet.name, sheet.where, sheet.headers, tuple(rows)))
    order.shuffle(sheets)
    again = validate(Reading(reading.name, tuple(sheets), reading.review, reading.review_where))
    assert again.records == first.records
    assert sorted(again.findings) == sorted(first.findings)


def words_of(record: Record) -> list[str]:
    """Return every text that a record holds, attributes' names apart."""
    found: list[str] = [value for _, value in record.attributes]
    for name, value in record:
        if name == "attributes" or value is None:
            continue
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            found += [str(p) for p in part] if isinstance(part, tuple) else [str(part)]
    return found


@settings(max_examples=250)
@given(readings())
def test_no_cell_of_a_row_that_is_kept_is_lost(reading: Reading) -> None:
    """Each name in each cell is found again in the record or, as written, in its attributes; or a finding names the cell."""
    checked = validate(reading)
    spoken = {(f.where.file, f.where.row, f.where.column) for f in checked.findings}
    aside = {(f.where.file, f.where.row) for f in checked.findings if f.sets_row_aside}
    by_sheet: dict[str, list[Record]] = {name: list(getattr(checked.records, name)) for name in COLLECTIONS}
    for sheet in reading.sheets:
        held: Counter[str] = Counter()
        for record in by_sheet[sheet.name]:
            held.update(set(words_of(record)))
        for row in sheet.rows:
            if (row.where.file, row.where.row) in aside:
                continue
            for column, cell in row.values.items():
                names = [
                    n.strip() for part in re.split(r"(?:^|\s)/(?:\s|$)", cell) for n in part.split("|") if n.strip()
                ]
                told = (row.where.file, row.where.row, column) in spoken
                kept = cell in held or all(name in held for name in names) or folded_in(cell, held)
                assert kept or (told and not names) or (told and relabelled(checked.findings, cell)), (
                    sheet.name,
                    column,
                    cell,
                )


def folded_in(cell: str, held: Counter[str]) -> bool:
    """Words of fixed lists are folded, numbers and flags read: 'Leads-To', '2019.0', 'x'."""
    plain = re.sub(r"[\s_\-]+", "", cell.casefold())
    return any(plain == re.sub(r"[\s_\-]+", "", word.casefold()) for word in held) or cell.casefold() in {
        "yes", "y", "true", "1", "x", "ja", "oui", "sí", "no", "n", "false", "0", "nein", "non"
    } or cell.lstrip("0").removesuffix(".0") in held  # fmt: skip


def relabelled(findings: tuple[Finding, ...], cell: str) -> bool:
    return any(
        f.rule == "matched-by-label" and any(repr(n.strip()) in f.message for n in re.split(r"[|/]", cell))
        for f in findings
    )


# --- particular promises ----------------------------------------------------------------------------


def folder_of(**sheets: list[dict[str, str]]) -> Reading:
    made = []
    for name, rows in sheets.items():
        headers = tuple(dict.fromkeys(h for row in rows for h in row))
        where = Where(f"{name}.csv")
        made.append(RawSheet(name, where, headers, tuple(Row(where._replace(row=i), r) for i, r in enumerate(rows, 2))))
    return Reading("r", tuple(made), {"id": "r", "title": "R"}, Where("review.toml"))


BASIS: dict[str, list[dict[str, str]]] = {
    "articles": [{"id": "a1"}],
    "concepts": [{"id": "m1"}, {"id": "t1"}],
    "extractions": [{"id": "x1", "article": "a1", "mechanisms": "m1"}],
    "reported": [{"article": "a1", "theme": "t1", "reported": "yes"}],
    "appraisals": [{"article": "a1"}],
    "configurations": [{"id": "k1", "mechanisms": "m1"}],
    "theories": [{"id": "v1"}],
    "claims": [{"id": "c1", "theory": "v1", "from": "m1", "relation": "leads to", "to": "t1"}],
    "changes": [{"theory": "v1", "kind": "added", "subject": "k1"}],
    "expectations": [{"concept": "m1", "source": "Farr 2018"}],
    "flow": [{"stage": "search", "outcome": "found", "count": "3"}],
    "figures": [{"id": "f1", "label": "All", "count": "3"}],
}  # fmt: skip
CHOICES = [(name, c) for name, spec in SHEETS.items() for c in spec.columns if c.choices]


def with_cell(name: str, column: str, cell: str) -> Checked:
    sheets = {n: [dict(row) for row in rows] for n, rows in BASIS.items()}
    sheets[name][0][column] = cell
    return validate(folder_of(**sheets))


def test_the_basis_is_sound() -> None:
    checked = validate(folder_of(**BASIS))
    assert {f.rule for f in checked.findings} <= {"no-quote"}
    assert checked.rows == checked.made == 13


@pytest.mark.parametrize(("name", "column"), CHOICES, ids=[f"{n}.{c.name}" for n, c in CHOICES])
def test_a_misspelt_word_of_a_list_asks_did_you_mean(name: str, column: ColumnSpec) -> None:
    for word in column.choices:
        misspelt = word[0] + word[2:] if len(word) > 2 else word + "x"
        checked = with_cell(name, column.name, misspelt)
        found = [f for f in checked.findings if f.where.column == column.name]
        assert len(found) == 1, misspelt
        assert f"did you mean {word!r}?" in found[0].fix
        assert found[0].sets_row_aside == column.required
        if not column.required:
            record = getattr(checked.records, name)[0]
            assert (f"{column.name} (as written)", misspelt) in record.attributes
            assert getattr(record, column.field) is None


@pytest.mark.parametrize(("name", "column"), CHOICES, ids=[f"{n}.{c.name}" for n, c in CHOICES])
def test_words_of_a_list_are_read_however_they_are_cased_and_spaced(name: str, column: ColumnSpec) -> None:
    for word in column.choices:
        for spelling in (word, word.upper(), word.replace(" ", "_"), word.replace("-", " ").title()):
            checked = with_cell(name, column.name, spelling)
            assert getattr(getattr(checked.records, name)[0], column.field) == word


REFERENCES = [(name, c) for name, spec in SHEETS.items() for c in spec.columns if c.refers_to]


@pytest.mark.parametrize(("name", "column"), REFERENCES, ids=[f"{n}.{c.name}" for n, c in REFERENCES])
def test_an_id_that_names_nothing_is_a_finding_in_every_reference(name: str, column: ColumnSpec) -> None:
    checked = with_cell(name, column.name, "nothing-of-that-name")
    found = {f.rule for f in checked.findings}
    taken_as_named = {"concepts": "unlisted-concept", "people": "unlisted-person", "phases": "unlisted-phase"}
    if len(column.refers_to) == 1 and column.refers_to[0] in taken_as_named and column.name != "broader":
        assert taken_as_named[column.refers_to[0]] in found
        assert "nothing-of-that-name" in {r.key[0] for r in getattr(checked.records, column.refers_to[0])}
    else:
        assert found & {"dangling-reference", "unknown-reference"}
        assert "nothing-of-that-name" not in {r.key[0] for n in COLLECTIONS for r in getattr(checked.records, n)}


def test_a_near_miss_is_suggested_by_id_and_by_label() -> None:
    sheets = {**BASIS, "concepts": [{"id": "m1", "label": "dialogue"}, {"id": "t1"}]}
    sheets["extractions"] = [
        {"id": "x1", "article": "a11", "mechanisms": "dialog"},
        {"id": "x2", "article": "a1", "mechanisms": "dialog"},
    ]
    fixes = {f.rule: f.fix for f in validate(folder_of(**sheets)).findings}
    assert fixes["unknown-reference"] == "did you mean 'a1'?"
    assert fixes["unlisted-concept"].startswith("did you mean 'dialogue'?")


def test_a_column_of_the_users_own_is_never_written_over() -> None:
    """Exported and read again, a review may hold 'stance (as written)' as a column: two texts, both kept."""
    row = {"id": "x1", "article": "a1", "stance": "suports", "stance (as written)": "supprts"}
    checked = validate(folder_of(articles=[{"id": "a1"}], extractions=[row]))
    assert dict(checked.records.extractions[0].attributes) == {
        "stance (as written)": "supprts",
        "stance (as written) 2": "suports",
    }


def test_what_a_date_says_beyond_the_day_is_kept_as_written() -> None:
    rows = [{"id": "a1", "year": "2019-05"}, {"id": "a2", "year": "2019"}, {"id": "a3", "year": "2019.0"}]
    dated = [
        {"id": "x1", "article": "a1", "date": "2024-05-03T00:00:00"},
        {"id": "x2", "article": "a1", "date": "2024-05-03 14:30"},
    ]
    records = validate(folder_of(articles=rows, extractions=dated)).records
    assert [a.year for a in records.articles] == [2019, 2019, 2019]
    assert [a.attributes for a in records.articles] == [(("year (as written)", "2019-05"),), (), ()]
    assert [e.attributes for e in records.extractions] == [(), (("date (as written)", "2024-05-03 14:30"),)]
    assert {e.date for e in records.extractions} == {"2024-05-03"}


@pytest.mark.parametrize(
    "review",
    [
        {"id": "a\x7fb", "title": "\x01"},
        {"id": "||", "title": "R", "": "nameless"},
        {"title": "R", "own\x00": "\x02 text"},
        {"people": [{"id": "a|b"}, {"id": "a-b"}], "title": "R"},
        {"people": ["me", "me"], "phases": "one"},
        {"review": "only a title"},
    ],
)
def test_no_text_of_the_review_file_stops_the_check(review: dict[str, Any]) -> None:
    checked = validate(Reading("r", (), review, Where("review.toml")))
    assert checked.made == 0
    assert checked.findings


def test_an_id_that_had_to_be_changed_is_told_and_kept_as_written() -> None:
    checked = validate(Reading("r", (), {"people": [{"id": "a|b"}, {"id": "a-b"}], "title": "R"}, Where("review.toml")))
    assert [p.id for p in checked.records.people] == ["a-b"]
    assert checked.records.people[0].attributes == (("id (as written)", "a|b"),)
    assert [f.rule for f in checked.findings][:2] == ["wrong-value", "duplicate-id"]


@pytest.mark.parametrize("key", ["heuristic", "nature", "reasoning"])
def test_a_misspelt_word_of_the_review_file_asks_did_you_mean(key: str) -> None:
    review: dict[str, Any] = {"title": "R", "heuristic": "IICAMO"}
    review |= {"people": [{"id": "me", "kind": "softwar"}], "phases": [{"id": "p", "kind": "abductiv"}]}
    meant = {"heuristic": "ICAMO", "nature": "software", "reasoning": "abductive"}
    findings = validate(Reading("r", (), review, Where("review.toml"))).findings
    assert [f.fix for f in findings if f.where.column.endswith(key)] == [
        f"did you mean {meant[key]!r}? Correct it in review.toml"
    ]


def test_a_list_separator_of_the_users_own() -> None:
    reading = folder_of(
        articles=[{"id": "a1"}], extractions=[{"id": "x1", "article": "a1", "mechanisms": "one; two;three"}]
    )
    checked = validate(Reading("r", reading.sheets, {"title": "R", "list_separator": ";"}, Where("review.toml")))
    assert checked.records.extractions[0].mechanisms == ("one", "three", "two")


def test_every_role_is_read_from_both_sheets() -> None:
    coded = {"id": "x1", "article": "a1", **{f"{role}s": f"c-{role}" for role in ROLES}}
    held = {"id": "k1", **{f"{role}s": f"c-{role}|d / e" for role in ROLES}}
    records = validate(folder_of(articles=[{"id": "a1"}], extractions=[coded], configurations=[held])).records
    for role in ROLES:
        assert records.extractions[0].codes(role) == (f"c-{role}",)
        assert records.configurations[0].slot(role) == ((f"c-{role}", "d"), ("e",))


def test_the_pilot_is_clean_and_complete() -> None:
    checked = check(example("eaa_pilot"))
    assert checked.made == checked.rows > 2_000
    assert not [f for f in checked.findings if f.severity == "error"]


def test_a_file_full_of_unknown_names_is_read_in_time_in_proportion_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by fuzzing: headers were looked for among all findings, and suggestions sought for every one of them."""
    compared = []
    real = validating.nearest

    def counted(name: str, known: Collection[str]) -> list[str]:
        compared.append(len(known))
        return real(name, known)

    monkeypatch.setattr(validating, "nearest", counted)
    headers = ("id", "title", *(f"column {n}" for n in range(20_000)))
    where = Where("articles.csv")
    sheet = RawSheet("articles", where, headers, (Row(where._replace(row=2), {"id": "a", "title": "A"}),))
    articles = [Row(Where("e.csv", row=n + 2), {"id": f"e{n}", "article": f"b{n}"}) for n in range(3_000)]
    started = time.process_time()
    checked = validate(
        Reading("r", (sheet, RawSheet("extractions", Where("e.csv"), ("id", "article"), tuple(articles))))
    )
    assert time.process_time() - started < 20  # minutes, before
    assert sum(compared) <= 100_000
    told = Counter(f.rule for f in checked.findings)
    assert told["unknown-column"] == 20_000
    assert told["unknown-reference"] == 3_000
