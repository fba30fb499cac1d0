"""Occurrence against naive counts, with the denominators that the review records."""

from __future__ import annotations

import csv
import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eaa_graph import network, pipeline, registry, resources
from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures.occurrence import occurrence
from eaa_graph.measures.proportions import wilson
from eaa_graph.model import Article, Concept, Extraction, Records, Reported, Review
from eaa_graph.network import Incidence, selected

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "actionability"


@cache
def pilot() -> Records:
    return pipeline.check(resources.example("eaa_pilot")).records


def consensus() -> Incidence:
    return selected(Incidence.from_records(pilot()))


def records(extractions: list[Extraction], reported: tuple[Reported, ...] = (), articles: int = 4) -> Records:
    ids = sorted({c for e in extractions for c in (*e.mechanisms, *e.contexts)})
    return Records(
        review=Review(id="r", title="r"),
        articles=tuple(
            Article(
                id=f"a{i}",
                study="s" if i < 2 else None,
                country="UK" if i % 2 else None,
                attributes=(("setting", f"x{i % 2}"),),
            )
            for i in range(articles)
        ),
        concepts=(
            *(Concept(id=c, label=c) for c in ids),
            Concept(id="how", label="how", listed_as="theme", position=2),
            Concept(id="why", label="why", listed_as="theme", position=1),
        ),
        extractions=tuple(extractions),
        reported=reported,
    ).ordered()


def report(article: str, theme: str, value: bool = True) -> Reported:
    return Reported(article=article, theme=theme, reported=value)


def one(number: int, article: str, theme: str | None, *mechanisms: str, contexts: tuple[str, ...] = ()) -> Extraction:
    return Extraction(id=f"e{number}", article=article, theme=theme, mechanisms=mechanisms, contexts=contexts)


def cells(table: object) -> dict[tuple[str, str], dict[str, object]]:
    return {(r["concept"].id, getattr(r["by"], "id", r["by"])): r for r in table.records()}  # type: ignore[attr-defined]


# --- shares -----------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_equals_scipy(count: int, total: int, level: float) -> None:
    count = min(count, total)
    wanted = stats.binomtest(count, total).proportion_ci(level, method="wilson")
    assert wilson(count, total, level) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_wilson_of_nothing_is_nothing() -> None:
    assert wilson(0, 0) is None
    for bad in ((3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="0 <= count"):
            wilson(*bad)
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, 1.0)


# --- the pilot, against naive counts ---------------------------------------------------------------


@pytest.mark.parametrize("unit", ["article", "study", "extraction"])
def test_themes_equal_a_naive_count(unit: str) -> None:
    everything = pilot()
    mine = [e for e in everything.extractions if e.coder == "consensus"]
    study = {a.id: ("s", a.study) if a.study else ("a", a.id) for a in everything.articles}

    def unit_of(article: str, extraction: str) -> object:
        return {"article": article, "study": study[article], "extraction": extraction}[unit]

    table = occurrence(consensus(), unit=unit)
    for number, row in enumerate(table.records()):
        m, t = row["concept"].id, row["by"].id  # type: ignore[union-attr]
        here = [e for e in mine if e.theme == t and m in e.mechanisms]
        if unit == "extraction":
            possible = {e.id for e in mine if e.theme == t}
        else:
            possible = {
                unit_of(r.article, "")
                for r in everything.reported
                if r.coder == "consensus" and r.theme == t and r.reported
            }
        has = {unit_of(e.article, e.id) for e in here}
        assert (row["count"], row["denominator"]) == (len(has), len(possible))
        assert row["outside"] == len(has - possible)
        assert row["share"] == pytest.approx(len(has & possible) / len(possible))
        assert (row["low"], row["high"]) == pytest.approx(wilson(len(has & possible), len(possible)))
        assert table.opens(number, "count") == tuple(sorted(e.id for e in here))
        assert table.opens(number, "denominator") == tuple(sorted(e.id for e in mine if e.theme == t))


def test_another_role_counts_only_what_one_extraction_codes() -> None:
    mine = [e for e in pilot().extractions if e.coder == "consensus"]
    table = occurrence(consensus(), role="outcome", by="mechanism")
    for (o, m), row in cells(table).items():
        assert row["count"] == len({e.article for e in mine if o in e.outcomes and m in e.mechanisms})
        assert row["denominator"] == len({e.article for e in mine if m in e.mechanisms})


def test_wide_says_the_same_as_long() -> None:
    for by in ("theme", "context", "year", "country", "none"):
        long, wide = (occurrence(consensus(), by=by, shape=s) for s in ("long", "wide"))
        width = len(wide.columns) - 1
        counts = [row["count"] for row in long.records()]
        assert [c for row in wide.rows for c in row[1:]] == counts
        first = wide.columns[1]
        assert first.title.endswith(f"(of {long.rows[0][long.index('denominator')]})")
        assert len({c.name for c in wide.columns}) == width + 1
        for k in range(0, len(long), 7):
            assert wide.opens(k // width, wide.columns[1 + k % width].name) == long.opens(k, "count")


# --- denominators -----------------------------------------------------------------------------------


def test_denominator_is_the_articles_that_report_the_theme() -> None:
    rows = [one(1, "a0", "how", "m"), one(2, "a1", "how", "n"), one(3, "a2", "how", "m")]
    told = (report("a0", "how"), report("a1", "how"), report("a2", "how", False), report("a3", "how"))
    table = occurrence(Incidence.from_records(records(rows, told)))
    cell = cells(table)["m", "how"]
    assert (cell["count"], cell["denominator"], cell["outside"]) == (2, 3, 1)
    assert cell["share"] == pytest.approx(1 / 3)
    assert cell["basis"] == "articles that report the theme"
    # nobody told who reports 'why': all four articles were read
    other = cells(table)["m", "why"]
    assert (other["count"], other["denominator"], other["basis"]) == (0, 4, "articles read")
    assert "Where nobody recorded" in table.note
    assert [t.id for t in dict.fromkeys(table.column("by"))] == ["why", "how"]  # by position in the codebook


def test_without_theme_reports_all_articles_with_an_extraction_count() -> None:
    rows = [one(1, "a0", "how", "m"), one(2, "a1", "why", "m"), one(3, "a2", None, "m")]
    table = occurrence(Incidence.from_records(records(rows)))
    cell = cells(table)["m", "how"]
    assert (cell["count"], cell["denominator"], cell["basis"]) == (1, 3, "articles read")
    assert "1 extraction names no theme" in table.denominator
    by_study = cells(occurrence(Incidence.from_records(records(rows)), unit="study"))["m", "how"]
    assert (by_study["count"], by_study["denominator"]) == (1, 2)


def test_a_theme_nobody_reports_has_no_share() -> None:
    rows = [one(1, "a0", "how", "m")]
    told = (report("a0", "how"), report("a0", "why", False))
    cell = cells(occurrence(Incidence.from_records(records(rows, told))))["m", "why"]
    assert (cell["count"], cell["denominator"], cell["share"], cell["low"]) == (0, 0, None, None)


def test_attributes_of_articles_own_columns_and_missing_values() -> None:
    rows = [one(k, f"a{k}", "how", "m") for k in range(3)]
    inc = Incidence.from_records(records(rows))
    by_country = cells(occurrence(inc, by="country"))
    assert {k: (r["count"], r["denominator"]) for k, r in by_country.items()} == {
        ("m", "UK"): (1, 1),
        ("m", "(not stated)"): (2, 2),  # a3 was not read, so it is not counted
    }
    assert {k[1]: r["count"] for k, r in cells(occurrence(inc, by="setting")).items()} == {"x0": 2, "x1": 1}


# --- properties -----------------------------------------------------------------------------------------

EXTRACTIONS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([None, "how", "why"]), st.sets(st.sampled_from("mnop"), max_size=3)),
    min_size=1,
    max_size=12,
).filter(lambda rows: any(codes for _, _, codes in rows))
REPORTS = st.dictionaries(st.tuples(st.integers(0, 3), st.sampled_from(["how", "why"])), st.booleans())


def made(
    rows: list[tuple[int, str | None, set[str]]],
    told: dict[tuple[int, str], bool],
    rename: dict[str, str] | None = None,
    articles: int = 4,
) -> Incidence:
    new = rename or {}
    return Incidence.from_records(
        records(
            [one(k, f"a{a}", t, *sorted(new.get(c, c) for c in codes)) for k, (a, t, codes) in enumerate(rows)],
            tuple(report(f"a{a}", t, v) for (a, t), v in told.items()),
            articles,
        )
    )


def bare(inc: Incidence, unit: str) -> dict[tuple[str, str], tuple[object, ...]]:
    return {k: tuple(r.values())[2:] for k, r in cells(occurrence(inc, unit=unit)).items()}


@settings(deadline=None, max_examples=50)
@given(EXTRACTIONS, REPORTS, st.sampled_from(["article", "study", "extraction"]), st.randoms(use_true_random=False))
def test_row_order_relabelling_and_empty_articles(
    rows: list[tuple[int, str | None, set[str]]], told: dict[tuple[int, str], bool], unit: str, random: object
) -> None:
    base = bare(made(rows, told), unit)
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert bare(made(shuffled, told), unit) == base
    assert bare(made(rows, told, articles=7), unit) == base
    rename = dict(zip("mnop", "qonm", strict=True))
    assert bare(made(rows, told, rename), unit) == {(rename[c], t): v for (c, t), v in base.items()}
    for count, total, share, low, high, outside, _ in base.values():
        assert 0 <= outside <= count
        assert count - outside <= total
        assert (share is None) == (total == 0)
        assert share is None or low <= share <= high


@settings(deadline=None, max_examples=25)
@given(EXTRACTIONS, REPORTS)
def test_counting_by_flags_and_by_sorting_are_the_same(
    rows: list[tuple[int, str | None, set[str]]], told: dict[tuple[int, str], bool]
) -> None:
    inc = made(rows, told)
    by_flags = occurrence(inc)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_MOST_FLAGS", 0)
        assert occurrence(inc) == by_flags


# --- real margins --------------------------------------------------------------------------------------


def test_real_margins_come_out_exactly() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared folder beside the checkout is absent")
    with (SHARED / "articles.csv").open(encoding="utf-8", newline="") as file:
        articles = list(csv.DictReader(file))
    with (SHARED / "article_code.csv").open(encoding="utf-8", newline="") as file:
        present = list(csv.DictReader(file))
    codes = sorted({row["code"] for row in present})
    of = {a["article_id"]: [r["code"] for r in present if r["article_id"] == a["article_id"]] for a in articles}
    data = Records(
        review=Review(id="actionability", title="Actionability"),
        articles=tuple(Article(id=a["article_id"], field=a["domain"] or None) for a in articles),
        concepts=(
            *(Concept(id=c, label=c, listed_as="mechanism") for c in codes),
            Concept(id="matrix", label="matrix", listed_as="theme"),
        ),
        extractions=tuple(
            Extraction(id=f"x-{a}", article=a, theme="matrix", mechanisms=tuple(sorted(held)))
            for a, held in of.items()
            if held
        ),
        reported=tuple(report(a, "matrix") for a in of),
    ).ordered()
    inc = Incidence.from_records(data)
    table = cells(occurrence(inc))
    assert sum(r["count"] for r in table.values()) == 953  # type: ignore[misc]
    assert {r["denominator"] for r in table.values()} == {194}
    for code in codes:
        assert table[code, "matrix"]["count"] == sum(code in held for held in of.values())
    assert (sum(len(h) == 6 for h in of.values()), sum(not h for h in of.values())) == (118, 17)
    by_field = cells(occurrence(inc, by="field"))
    for (code, field), row in by_field.items():
        mine = [a["article_id"] for a in articles if a["domain"] == field]
        assert row["count"] == sum(code in of[a] for a in mine)
        assert row["denominator"] == len(mine)
    # 194 articles by field: the denominators of one code add up
    assert sum(r["denominator"] for (c, _), r in by_field.items() if c == codes[0]) == 194  # type: ignore[misc]


def test_the_publishers_own_tally_disagrees_with_its_papers() -> None:
    """The articles and codes counted by domain are not what the publisher printed; by how much is held here."""
    tally = SHARED / "raw" / "domains_actionability.csv"
    if not tally.is_file():
        pytest.skip("the shared folder beside the checkout is absent")
    with (SHARED / "articles.csv").open(encoding="utf-8", newline="") as file:
        domain = {row["article_id"]: row["domain"] for row in csv.DictReader(file)}
    with (SHARED / "article_code.csv").open(encoding="utf-8", newline="") as file:
        present = [(row["article_id"], row["code"]) for row in csv.DictReader(file)]
    data = Records(
        review=Review(id="actionability", title="Actionability"),
        articles=tuple(Article(id=a, field=d) for a, d in domain.items()),
        concepts=(
            *(Concept(id=c, label=c, listed_as="mechanism") for c in sorted({c for _, c in present})),
            Concept(id="matrix", label="matrix", listed_as="theme"),
        ),
        extractions=tuple(Extraction(id=f"{a}-{c}", article=a, theme="matrix", mechanisms=(c,)) for a, c in present),
        reported=tuple(report(a, "matrix") for a in domain),  # the articles without any code were read as well
    ).ordered()
    counted = cells(occurrence(Incidence.from_records(data), by="field"))
    differs = {}
    with tally.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            clarity = re.search(r"CL\((\d+)\)", row["Most Common Dimensions"])
            said = [int(row["Number of Papers"]), int(clarity[1]) if clarity else 0]
            ours = counted.get(("CL", row["Domain"]), {"denominator": 0, "count": 0})
            if said != [ours["denominator"], ours["count"]]:
                differs[row["Domain"]] = (*said, ours["denominator"], ours["count"])
    # domain: articles and CL in the publisher's tally, then counted from its papers
    assert differs == {
        "Healthcare / Clinical": (58, 51, 61, 54),
        "Process Mining / BPM": (42, 25, 41, 24),
        "Explainable AI / ML": (34, 32, 32, 30),
        "Computer Science": (1, 1, 0, 0),
        "Data Mining": (1, 1, 0, 0),
    }


# --- refusals -----------------------------------------------------------------------------------------


def test_nonsense_is_refused_with_a_reason() -> None:
    inc = consensus()
    with pytest.raises(Refused, match="no extractions"):
        occurrence(inc.where(np.zeros(len(inc), dtype=np.bool_)))
    with pytest.raises(Refused, match="nothing is coded or listed as actor"):
        occurrence(inc, role="actor")
    with pytest.raises(Refused, match="no article read has a"):
        occurrence(inc, by="phase")
    with pytest.raises(BadSettings, match="by themselves"):
        occurrence(inc, by="mechanism")
    for bad in ({"by": "contry"}, {"unit": "articles"}, {"shape": "tall"}, {"role": "theme"}):
        with pytest.raises(UnknownName):
            occurrence(inc, **bad)


def test_the_table_says_what_it_counts() -> None:
    part = registry.find("measures", "occurrence")
    table = part.function(consensus())
    assert table.unit == "articles"
    assert table.denominator == "articles that report the theme"
    assert "may not be reported" in table.note
    assert "Wilson" in table.source
    assert all(not isinstance(c, float) or math.isfinite(c) for row in table.rows for c in row)
