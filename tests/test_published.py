"""Published figures against what is coded, by hand and on a published matrix whose own tally disagrees with it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from eaa_graph import cli, pipeline
from eaa_graph.errors import Refused
from eaa_graph.measures.published import published_figures
from eaa_graph.model import Article, Concept, Extraction, Figure, Records, Review
from eaa_graph.network import Incidence

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "actionability"


def records(*figures: Figure) -> Records:
    return Records(
        review=Review(id="r", title="R"),
        articles=(
            Article(id="a", country="UK", study="s", attributes=(("domain", "health"),)),
            Article(id="b", country="UK", study="s"),
            Article(id="c", country="Canada", attributes=(("domain", "health"),)),
        ),
        concepts=(Concept(id="m", label="m"), Concept(id="t", label="t", listed_as="theme")),
        extractions=(
            Extraction(id="x1", article="a", theme="t", mechanisms=("m",)),
            Extraction(id="x2", article="a", outcomes=("m",)),
            Extraction(id="x3", article="b", contexts=("m",)),
            Extraction(id="x4", article="c"),
        ),
        figures=figures,
    ).ordered()


def asked(*figures: Figure) -> dict[str, tuple[int, int, str]]:
    table = published_figures(Incidence.from_records(records(*figures)))
    return {r["figure"].id: (r["counted"], r["out_of"], r["agrees"]) for r in table.records()}  # type: ignore[union-attr,misc]


def test_each_unit_and_limit_is_counted_by_hand() -> None:
    assert asked(
        Figure(id="1", label="l", count=2, concept="m"),
        Figure(id="2", label="l", count=2, concept="m", unit="Studies"),
        Figure(id="3", label="l", count=3, concept="m", unit="passages"),
        Figure(id="4", label="l", count=1, concept="t"),
        Figure(id="5", label="l", count=2, attributes=(("domain", "health"),)),
        Figure(id="6", label="l", count=1, concept="m", attributes=(("domain", "health"), ("country", "UK"))),
        Figure(id="7", label="l", count=1, attributes=(("country", "France"),)),
        Figure(id="8", label="what nobody can count", count=1),
        Figure(id="9", label="l", count=1, concept="m", unit="countries"),
    ) == {
        "1": (2, 3, "yes"),
        "2": (1, 2, "no"),
        "3": (3, 4, "yes"),
        "4": (1, 3, "yes"),
        "5": (2, 2, "yes"),
        "6": (1, 1, "yes"),
        "7": (0, 0, "no"),
    }


def test_rows_open_and_what_is_left_out_is_said() -> None:
    made = records(Figure(id="1", label="l", count=5, concept="m"), Figure(id="2", label="l", count=1))
    table = published_figures(Incidence.from_records(made))
    assert table.opens(0, "counted") == ("x1", "x2", "x3")
    assert "1 of 1 figures differ" in table.note
    assert "1 figures say nothing" in table.note


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(Refused, match="nothing to compare"):
        asked()
    with pytest.raises(Refused, match="says what to count"):
        asked(Figure(id="1", label="l", count=1))
    nothing = records(Figure(id="1", label="l", count=1, concept="m")).model_copy(update={"extractions": ()})
    with pytest.raises(Refused, match="no extractions"):
        published_figures(Incidence.from_records(nothing))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared folder beside the checkout is absent")
def test_a_publishers_own_tally_disagrees_with_its_papers(tmp_path: Path) -> None:
    """As a user would do it: a review folder from the published files, and one question."""
    with (SHARED / "articles.csv").open(encoding="utf-8", newline="") as file:
        domain = {row["article_id"]: row["domain"] for row in csv.DictReader(file)}
    with (SHARED / "article_code.csv").open(encoding="utf-8", newline="") as file:
        present = [(row["article_id"], row["code"]) for row in csv.DictReader(file)]

    def sheet(name: str, header: list[str], rows: list[list[object]]) -> None:
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([header, *rows])

    (tmp_path / "review.toml").write_text('title = "Actionability"\n', "utf-8")
    sheet("articles", ["id", "domain"], [[a, d] for a, d in domain.items()])
    sheet("concepts", ["id", "label", "kind"], [[c, c, "mechanism"] for c in sorted({c for _, c in present})])
    sheet("extractions", ["id", "article", "mechanisms"], [[f"{a}-{c}", a, c] for a, c in present])
    figures: list[list[object]] = []
    with (SHARED / "raw" / "domains_actionability.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            said = [(f"d{number}", row["Number of Papers"], "")]
            said += [
                (f"d{number}-{c}", n, c) for c, n in re.findall(r"([A-Z]{2})\((\d+)\)", row["Most Common Dimensions"])
            ]
            figures += [[i, row["Domain"], n, c, row["Domain"]] for i, n, c in said]
    sheet("figures", ["id", "label", "count", "concept", "domain"], figures)
    ran = CliRunner().invoke(cli.main, ["ask", str(tmp_path), "published-figures", "--format", "csv"])
    assert ran.exit_code == 0, ran.output
    rows = list(csv.DictReader(ran.output.splitlines()))
    papers = {r["figure"]: (int(r["published"]), int(r["counted"])) for r in rows if not r["concept"]}
    assert {d: n for d, n in papers.items() if n[0] != n[1]} == {
        "Healthcare / Clinical": (58, 61),
        "Process Mining / BPM": (42, 41),
        "Explainable AI / ML": (34, 32),
        "Computer Science": (1, 0),
        "Data Mining": (1, 0),
    }
    clarity = {r["figure"]: (int(r["published"]), int(r["counted"])) for r in rows if r["concept"] == "CL"}
    assert clarity["Healthcare / Clinical"] == (51, 54)
    # The margins themselves come out of the question that counts.
    built = pipeline.review(tmp_path)
    assert len(built.records.extractions) == 953
    held: dict[str, int] = dict.fromkeys(domain, 0)
    for article, _ in present:
        held[article] += 1
    assert (sum(n == 6 for n in held.values()), sum(n == 0 for n in held.values())) == (118, 17)
    overall = pipeline.answer(built, "occurrence", {"by": "domain"})
    assert sum(overall.column("count")) == 953  # type: ignore[arg-type]
