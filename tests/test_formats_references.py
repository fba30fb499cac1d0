"""References in and out."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eaa_graph.model import Article, Records, Review
from eaa_graph.readers import references
from eaa_graph.readers.csv_folder import read_folder
from eaa_graph.validate import validate
from eaa_graph.writers import references as writing

ROOT = Path(__file__).resolve().parents[1]
SHARED_RIS = ROOT.parent / "shared" / "data" / "bib" / "bibliography.ris"
PAIRS = [
    (writing.write_ris, references.read_ris, "a.ris"),
    (writing.write_bibtex, references.read_bibtex, "a.bib"),
    (writing.write_csl, references.read_csl, "a.json"),
]
RELAXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff\u2028\u2029\x85"),
    max_size=25,
)
texts = texts.map(lambda t: " ".join(t.split())).filter(bool)
ids = texts.filter(lambda t: "|" not in t and " / " not in t)
names = texts.filter(lambda t: ";" not in t and " and " not in f" {t.casefold()} ")
articles = st.builds(
    Article,
    id=ids,
    title=st.none() | texts,
    authors=st.none() | st.lists(names, min_size=1, max_size=3).map("; ".join),
    year=st.none() | st.integers(1000, 2999),
    journal=st.none() | texts,
    doi=st.none() | texts.filter(lambda t: references.bare_doi(t) == t).map(lambda t: "10.1/" + t),
    url=st.none() | texts.map(lambda t: "https://example.org/" + t.replace("; ", "")),
    pmcid=st.none() | st.sampled_from(["PMC12", "no"]),
    country=st.none() | texts,
)


def printable(article: Article) -> bool:
    return all(
        v is None or not isinstance(v, str) or v == " ".join(v.split())
        for v in (article.id, article.title, article.journal, article.url)
    )


@RELAXED
@given(some=st.lists(articles.filter(printable), max_size=4, unique_by=lambda a: a.id))
@pytest.mark.parametrize(("write", "read", "name"), PAIRS, ids=["ris", "bibtex", "csl"])
def test_references_come_back_but_for_what_is_announced(
    tmp_path: Path, write: Any, read: Any, name: str, some: list[Article]
) -> None:
    records = Records(review=Review(id="a", title="a"), articles=tuple(some)).ordered()
    write(records, tmp_path / name)
    back = validate(read(tmp_path / name)).records
    assert back.articles == writing.carried(records).articles


@pytest.mark.parametrize(("write", "read", "name"), PAIRS, ids=["ris", "bibtex", "csl"])
def test_the_pilots_articles_come_back(tmp_path: Path, write: Any, read: Any, name: str) -> None:
    records = validate(read_folder(ROOT / "data" / "eaa_pilot")).records
    write(records, tmp_path / name)
    back = validate(read(tmp_path / name)).records
    assert back.articles == writing.carried(records).articles
    assert len(back.articles) == len(records.articles)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_ris_records_are_all_read(tmp_path: Path, end: str, mark: str) -> None:
    lines = [
        "TY  - JOUR",
        "TI  - One",
        "AU  - Smith, Ana",
        "PY  - 2019/03/01/",
        "TY  - BOOK",
        "T1  - Two",
        "Y1  - 1999",
        "",
        "ER  -",
        "TY  - JOUR",
        "TI  - Three",
        "DO  - https://doi.org/10.1/X",
    ]
    path = tmp_path / "a.ris"
    path.write_bytes((mark + end.join(lines)).encode())
    rows = references.read_ris(path).sheets[0].rows
    assert [(r.values.get("title"), r.values.get("year"), r.where.row) for r in rows] == [
        ("One", "2019", 1),
        ("Two", "1999", 5),
        ("Three", None, 10),
    ]
    assert rows[0].values["id"] == "smith2019"
    assert rows[2].values["doi"] == "10.1/X"


@pytest.mark.skipif(not SHARED_RIS.is_file(), reason="the shared folder beside the checkout is not there")
def test_the_shared_ris_file() -> None:
    text = SHARED_RIS.read_text(encoding="utf-8-sig")
    rows = references.read_ris(SHARED_RIS).sheets[0].rows
    assert len(rows) == sum(line.startswith("TY  - ") for line in text.splitlines())
    titles = {line[6:].strip() for line in text.splitlines() if line[:6] in ("TI  - ", "T1  - ")}
    assert {r.values["title"] for r in rows} == {" ".join(t.split()) for t in titles}


BIB = r"""@article{smith2019, title = {A {B}ig \& caf\'e}, author = {Smith, Ana and de la Cruz, Bo}, year = 2019, journal = "K"}
@article{smith2019, title = {Another}}
@article{broken, title = {x
@book{ok, title = {Fine}, date = {2020-01-02}}
"""


def test_bibtex_says_what_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.bib").write_text(BIB, encoding="utf-8")
    reading = references.read_bibtex(tmp_path / "a.bib")
    rows = [r.values for r in reading.sheets[0].rows]
    assert [(r["id"], r["title"], r.get("year")) for r in rows] == [
        ("smith2019", "A Big & caf\u00e9", "2019"),
        ("smith2019-2", "Another", None),
        ("ok", "Fine", "2020"),
    ]
    assert rows[0]["authors"] == "Smith, Ana; de la Cruz, Bo"
    assert [(f.rule, f.where.row) for f in reading.findings] == [("article-doubtful", 2), ("entry-unreadable", 3)]


NBIB = """
PMID- 123
DP  - 2019 Mar 4
TI  - A long title that goes
      on over lines.
FAU - Smith, Ana
FAU - Jones, Bo
JT  - Health Expectations
LID - 10.1/abc [doi]
AID - hex.1 [pii]
PMC - PMC99

PMID- 124
TI  - Second
AID - 10.2/def [doi]
"""


def test_nbib(tmp_path: Path) -> None:
    (tmp_path / "a.nbib").write_text(NBIB, encoding="utf-8")
    first, second = validate(references.read_nbib(tmp_path / "a.nbib")).records.articles
    assert (first.id, first.title, first.year, first.doi, first.pmcid) == (
        "pmid123",
        "A long title that goes on over lines",
        2019,
        "10.1/abc",
        "PMC99",
    )
    assert first.authors == "Smith, Ana; Jones, Bo"
    assert second.doi == "10.2/def"


def test_duplicates_are_reported_and_never_merged(tmp_path: Path) -> None:
    items = [
        {"id": "a", "title": "One", "DOI": "10.1/x"},
        {"id": "b", "title": "One!", "DOI": "https://doi.org/10.1/X"},
        {"id": "c", "title": "Two", "issued": {"date-parts": [["2019"]]}},
        {"id": "d", "title": "two.", "issued": {"raw": "May 2019"}},
    ]
    (tmp_path / "a.json").write_text(json.dumps(items), encoding="utf-8")
    reading = references.read_csl(tmp_path / "a.json")
    assert [r.values["id"] for r in reading.sheets[0].rows] == ["a", "b", "c", "d"]
    assert [f.message.split(";")[0] for f in reading.findings] == [
        "b and a have the same DOI 10.1/x",
        "d and c have the same title and year",
    ]


def test_references_are_matched_to_the_articles_of_the_review(tmp_path: Path) -> None:
    ours = [
        Article(id="smith", title="Talking it through", year=2019, doi="10.1/x"),
        Article(id="jones", title="Other words", year=2020),
        Article(id="lee", title="Same name", year=2001, doi="10.9/z"),
    ]
    items = [
        {"id": "r1", "title": "Changed title", "DOI": "10.1/X"},
        {"id": "r2", "title": "Other Words.", "issued": {"date-parts": [[2020]]}},
        {"id": "r3", "title": "Other words", "issued": {"date-parts": [[2021]]}},
        {"id": "r4", "title": "Same name", "DOI": "10.8/other", "issued": {"date-parts": [[2001]]}},
        {"id": "r5", "title": "Talking it through", "issued": {"date-parts": [[2019]]}},
        {"id": "smith", "title": "Unrelated"},
    ]
    (tmp_path / "a.json").write_text(json.dumps(items), encoding="utf-8")
    matched = references.match_articles(references.read_csl(tmp_path / "a.json"), ours)
    assert [r.values["id"] for r in matched.sheets[0].rows] == ["smith", "jones", "r3", "r4", "r5", "smith-2"]
    rules = [f.rule for f in matched.findings]
    assert (rules.count("article-matched"), rules.count("article-doubtful")) == (2, 3)


@pytest.mark.parametrize(
    ("module", "call", "name"), [("rispy", "read_ris", "a.ris"), ("bibtexparser", "read_bibtex", "a.bib")]
)
def test_a_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, call: str, name: str
) -> None:
    import sys

    from eaa_graph.errors import MissingExtra

    blocked: ModuleType | None = None
    monkeypatch.setitem(sys.modules, module, blocked)
    (tmp_path / name).write_text("TY  - JOUR\n", encoding="utf-8")
    with pytest.raises(MissingExtra, match=r"eaa-graph\[formats\]"):
        getattr(references, call)(tmp_path / name)
