"""The site: every link leads somewhere, everything has a page, hostile texts stay texts, sizes and bytes hold."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import site_of
from hypothesis import given
from hypothesis import strategies as st

from eaa_graph import pipeline, resources, results, site
from eaa_graph.charts import interactive_map
from eaa_graph.errors import Refused
from eaa_graph.gaps import register
from eaa_graph.model import (
    Article,
    Concept,
    Configuration,
    Expectation,
    Extraction,
    Person,
    Records,
    Reported,
    Review,
    Theory,
)
from eaa_graph.site.names import from_name, safe_name
from eaa_graph.site.rendering import amount, environment, shown
from eaa_graph.tables import Column, Table

MEGABYTE = 1_000_000


class Page(HTMLParser):
    """Links, ids and scripts of a page, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.text: list[str] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag if tag in ("script", "style") else self._within
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href" and tag == "a":
                self.links.append(value or "")
            if (name == "src" or (name == "href" and tag == "link")) and value:
                self.loads.append(value)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        (self.inline if self._within == "script" else self.text).append(data)


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pilot")
    return site_of.write(pipeline.check(resources.example("eaa_pilot")).records, folder)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site_of.write(site_of.hostile(), tmp_path_factory.mktemp("hostile"))


def html_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


# --- names ---------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=24))
def test_names_can_be_read_back(id_: str) -> None:
    try:
        id_.encode()
    except UnicodeEncodeError:
        return
    name = safe_name(id_)
    assert re.fullmatch(r"[a-z0-9=~][a-z0-9=~_-]*", name)
    assert len(name) <= 80
    back = from_name(name)
    assert back == id_ or (back is None and len(name) > 60)


@given(st.sets(st.text(alphabet="aAbB-_.é漢 cCoOnN", min_size=1, max_size=5), min_size=2, max_size=20))
def test_no_two_names_are_one_where_case_does_not_count(ids: set[str]) -> None:
    assert len({safe_name(i).casefold() for i in ids}) == len(ids)


@pytest.mark.parametrize(
    "id_",
    ["CON", "con", "nul", "aux", "com1", "LPT9", ".", "..", ".hidden", "_x", "-x", "a.", "a ", "ends/", "x" * 500],
)
def test_names_are_safe_on_windows(id_: str) -> None:
    name = safe_name(id_)
    assert name not in ("con", "nul", "aux", "com1", "lpt9")
    assert name[0] not in "._-"
    assert "." not in name
    assert len(name) <= 80


def test_long_ids_stay_apart() -> None:
    assert safe_name("é" * 200 + "a") != safe_name("é" * 200 + "b")


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (1234567, "1,234,567"), (0.5, "0.5"), (2 / 3, "0.667"), (-1234, "−1,234"), (-0.25, "−0.25"), (1234.5, "1,234"), (float("nan"), ""), (float("inf"), ""), (1e-12, "1.0e-12")])  # fmt: skip
def test_amounts(value: float, said: str) -> None:
    assert amount(value) == said


def test_points_of_a_column_stand_under_each_other_and_small_numbers_do_not_vanish() -> None:
    table = Table(
        "t", "T", (Column("p", "p"), Column("z", "z"), Column("n", "n")),
        ((0.04, -2.5, 7), (0.00001, 0.25, 1200), (1.0, None, 3)),
    )  # fmt: skip
    rows = str(
        environment().filters["rows"](shown(table), "", site.grouping.Grouped(site_of.material(site_of.large(2, 1))))
    )
    assert re.findall(r"<td[^>]*>([^<]*)</td>", rows) == ["0.040", "−2.50", "7", "&lt;0.001", "0.25", "1,200", "1.000", "", "3"]  # fmt: skip


# --- whole sites -----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["pilot", "hostile"])
def test_every_link_leads_to_a_place_that_is_there(which: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(which)
    parsed = {p: Page(p.read_text("utf-8")) for p in html_files(folder)}
    # Files that a build writes beside the site; here only the site is written.
    others = ("tables/", "figures/", "maps/", "findings.json", "tables.xlsx", "graph.trig")
    missing = []
    for path, page in parsed.items():
        for link in page.links + page.loads:
            if re.match(r"https?://", link):
                continue
            assert not re.match(r"[a-z]+:", link, re.IGNORECASE), (path, link)
            to, _, where = link.partition("#")
            to = unquote(to.partition("?")[0])
            target = (path.parent / to).resolve() if to else path
            if target.is_relative_to(folder) and target.relative_to(folder).as_posix().startswith(others):
                continue
            if not target.is_file() or (where and where not in parsed[target].ids):
                missing.append((path.name, link))
    assert not missing, missing[:10]
    for path, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), path


@pytest.mark.parametrize("which", ["pilot", "hostile"])
def test_everything_has_a_page(which: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(which)
    records = pipeline.check(resources.example("eaa_pilot")).records if which == "pilot" else site_of.hostile()
    for things, kinds in (
        (records.articles, ("article",)),
        (records.concepts, ("concept", "theme")),
        (records.configurations, ("configuration",)),
        (records.theories, ("theory",)),
    ):
        for thing in things:
            name = f"{safe_name(thing.id)}.html"  # type: ignore[attr-defined]
            assert any((folder / kind / name).is_file() for kind in kinds), thing
    themes = {e.theme for e in records.extractions if e.theme} | {r.theme for r in records.reported}
    assert all((folder / "theme" / f"{safe_name(t)}.html").is_file() for t in themes)
    gaps, _ = register.collect(site_of.built(records).columns)
    assert gaps
    listed = "".join(p.read_text("utf-8") for p in (folder / "pages").glob("gaps*.html"))
    for gap in gaps:
        assert (folder / "gap" / f"{safe_name(gap.id)}.html").is_file() == (gap.severity == "warning")
        assert gap.severity == "warning" or f'id="gap-{safe_name(gap.id)}"' in listed
    for name in pipeline.answerable():
        assert (folder / "question" / f"{safe_name(name)}.html").is_file()
    for extraction in records.extractions:
        page = Page((folder / "article" / f"{safe_name(extraction.article)}.html").read_text("utf-8"))
        assert f"e-{safe_name(extraction.id)}" in page.ids


def test_nothing_is_loaded_from_elsewhere(pilot: Path, hostile: Path) -> None:
    for folder in (pilot, hostile):
        for path in html_files(folder):
            page = Page(path.read_text("utf-8"))
            assert all(load.startswith(("assets/", "../assets/")) for load in page.loads), path
            assert not page.handlers
            assert not "".join(page.inline).strip()
        assert "http" not in (folder / "assets" / "style.css").read_text("utf-8")


def test_hostile_texts_are_texts(hostile: Path) -> None:
    records = site_of.hostile()
    for article in records.articles:
        page = Page((hostile / "article" / f"{safe_name(article.id)}.html").read_text("utf-8"))
        seen = "".join(page.text)
        assert article.title in seen
        for extraction in records.extractions:
            if extraction.article == article.id:
                assert extraction.quote in seen
    for script in (hostile / "assets").glob("*.js"):
        assert "</script" not in script.read_text("utf-8").lower()


def test_matrix_cells_equal_the_measure_and_open_onto_their_passages(pilot: Path) -> None:
    from eaa_graph.measures.occurrence import occurrence

    built = site_of.built(pipeline.check(resources.example("eaa_pilot")).records)
    table = occurrence(pipeline.incidence(built), role="mechanism")
    html = (pilot / "pages" / "matrix.html").read_text("utf-8")
    part = html[html.index('id="mechanism"') : html.index('id="outcome"')]
    rows = re.findall(r"<tr><th scope=\"row\">.*?(?=<tr>|</tbody>)", part, re.DOTALL)
    cells = [re.findall(r"<td class=\"(?:s\d|empty|none)\">(.*?)(?=<td|</t|$)", row, re.DOTALL) for row in rows]
    numbers = [int(re.sub(r"<.*?>", "", cell)) for row in cells for cell in row]
    assert numbers == list(table.column("count"))
    for number, row in enumerate(table.records()):
        if not row["count"]:
            continue
        page = pilot / "concept" / f"{safe_name(row['concept'].id)}.html"  # type: ignore[union-attr]
        text = page.read_text("utf-8")
        at = text.index(f'id="theme-{safe_name(row["by"].id)}"')  # type: ignore[union-attr]
        end = text.find("<h3 id=", at + 1)
        here = set(re.findall(r'id="e-([^"]+)"', text[at : end if end > 0 else len(text)]))
        assert {safe_name(e) for e in table.opens(number, "count")} <= here


def test_sizes(pilot: Path) -> None:
    engine = pilot / "assets" / "sparql"  # counted apart: see test_the_site_of_the_pilot_is_small
    sizes = {p: p.stat().st_size for p in pilot.rglob("*") if p.is_file() and not p.is_relative_to(engine)}
    assert max(sizes.values()) < 0.3 * MEGABYTE
    assert sum(sizes.values()) < 5 * MEGABYTE


def test_a_review_just_begun_has_a_site(tmp_path: Path) -> None:
    folder = site_of.write(Records(review=Review(id="new", title="Nothing yet")), tmp_path)
    assert "Nothing has been coded yet" in (folder / "index.html").read_text("utf-8")
    assert (folder / "pages" / "explorer.html").is_file()


#: What a review, a table or a picture counts.
_COUNTED = (
    "article|passage|extraction|concept|configuration|mechanism|context|outcome|theme|gap|version|row|column|cell|path|pair|"
    "place|record|finding|change|claim|coder|case|link|reason|document"
)


def test_one_of_a_thing_is_one_and_a_report_without_a_coder_holds_for_all(tmp_path: Path) -> None:
    """One article, one passage, one configuration, one version; the theme report is signed by nobody."""
    records = Records(
        review=Review(id="one", title="One", preferred_coder="me"),
        people=(Person(id="me", name="Me"),),
        articles=(Article(id="a", title="An article"),),
        concepts=tuple(
            Concept(id=i, label=i, listed_as=kind)
            for i, kind in (("c", "context"), ("m", "mechanism"), ("o", "outcome"), ("how", "theme"), ("why", "theme"))
        ),
        extractions=(
            Extraction(
                id="e", article="a", theme="how", contexts=("c",), mechanisms=("m",), outcomes=("o",),
                stance="supports", coder="me",
            ),
        ),
        reported=(Reported(article="a", theme="how", reported=True),),
        configurations=(
            Configuration(
                id="K", contexts=(("c",),), mechanisms=(("m",),), outcomes=(("o",),), supporting=("e",)
            ),
        ),
        theories=(Theory(id="t", label="T", configurations=("K",)),),
        expectations=(Expectation(concept="m", source="Else 2020"),),
    )  # fmt: skip
    target = tmp_path / "built"
    results.write(site_of.built(records), target)
    told = re.compile(rf"(?<![\d.,/–-])1 (?:such |more |other )?(?:{_COUNTED})s\b.{{0,30}}")
    for path in sorted(target.rglob("*")):
        if path.suffix in (".html", ".svg", ".md", ".txt", ".csv") and path.parent.name != "sparql":
            words = re.sub(r"<[^>]*>", "", path.read_text("utf-8"))
            assert not told.findall(words), path.relative_to(target)
    theme = re.sub(r"<[^>]*>", "", (target / "theme" / "how.html").read_text("utf-8"))
    assert "1 of 1 article is said to report it by me, 0 not to" in theme
    assert "the bar is out of the 1 article that reports the theme" in theme
    history = (target / "pages" / "history.html").read_text("utf-8")
    assert "Of 1 configuration: 1 supported." in history


def test_a_theme_that_nobody_noted_is_out_of_all_articles_read(tmp_path: Path) -> None:
    records = Records(
        review=Review(id="two", title="Two"),
        articles=tuple(Article(id=i) for i in "ab"),
        extractions=tuple(
            Extraction(id=f"e{i}", article=i, theme=t, mechanisms=("m",)) for i, t in (("a", "how"), ("b", "why"))
        ),
        concepts=tuple(
            Concept(id=i, label=i, listed_as=k) for i, k in (("how", "theme"), ("why", "theme"), ("m", "mechanism"))
        ),
    )
    folder = site_of.write(records, tmp_path)
    theme = (folder / "theme" / "how.html").read_text("utf-8")
    assert "out of the 2 articles read: nobody recorded which of them report the theme" in theme
    assert 'style="width:50%"' in theme


_DIGEST = """
import hashlib, sys
sys.path.insert(0, {tests!r})
import site_of
from eaa_graph import pipeline, site
from eaa_graph.charts import interactive_map
records = site_of.hostile()
digest = hashlib.sha256()
for path, text in site.files(site_of.material(records)):
    digest.update(path.encode() + text.encode())
built = site_of.built(records)
digest.update(interactive_map.theory_map(pipeline.incidence(built)).encode())
digest.update(interactive_map.cooccurrence_map(pipeline.answer(built, "cooccurrence")).encode())
print(digest.hexdigest())
"""


def test_same_input_same_bytes_whatever_the_hash_seed() -> None:
    found = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", _DIGEST.format(tests=str(Path(__file__).parent))],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert len(found) == 1
    assert len(found.pop()) == hashlib.sha256().digest_size * 2


@pytest.mark.slow
def test_a_large_review_is_quick_and_its_pages_small(tmp_path: Path) -> None:
    import time

    records = site_of.large(2000, 30)
    material = site_of.material(records)
    start = time.process_time()
    largest = (0, "")
    pages = 0
    for path, text in site.files(material):
        pages += 1
        if path.endswith(".html"):
            largest = max(largest, (len(text.encode()), path))
    spent = time.process_time() - start
    assert largest[0] < MEGABYTE, largest
    assert spent < 90, spent
    assert pages > 2000


#: Of the pages of the pilot with their assets and maps, in bytes. Downloads (graph, tables, figures, report) are counted apart, and so is the engine that
#: answers SPARQL in the browser, with the graph that it asks.
_MOST = 4_000_000


def test_the_site_of_the_pilot_is_small(tmp_path: Path) -> None:
    from eaa_graph import results

    results.write(pipeline.build(resources.example("eaa_pilot")), tmp_path / "build")
    found = Counter[str]()
    for path in (tmp_path / "build").rglob("*"):
        if path.is_file():
            name = path.relative_to(tmp_path / "build").as_posix()
            shown = path.suffix in (".html", ".js", ".css") and name != "report.html"
            engine = name.startswith("assets/sparql/")
            found["engine" if engine else "site" if shown else "downloads"] += path.stat().st_size
    assert found["site"] < _MOST, found
    assert found["engine"] < 1.75 * MEGABYTE
    assert found["downloads"] > MEGABYTE


# --- stand-alone maps ---------------------------------------------------------------------------------


def test_maps_ask_nothing_of_anybody_and_escape_their_texts() -> None:
    built = site_of.built(site_of.hostile())
    for html in (
        interactive_map.theory_map(pipeline.incidence(built)),
        interactive_map.cooccurrence_map(pipeline.answer(built, "cooccurrence")),
    ):
        page = Page(html)
        assert not page.loads
        assert "bootstrap" not in html
        assert "sourceMappingURL" not in html
        assert html.count("</script>") == 4
        seen = "".join(page.text)
        assert "<script>window.hacked=1</script>" in seen or '"quoted"' in seen


def test_the_theory_map_counts_articles_that_code_both_ends() -> None:
    built = site_of.built(pipeline.check(resources.example("eaa_pilot")).records)
    html = interactive_map.theory_map(pipeline.incidence(built), "eaa-pilot-1")
    rows = re.findall(
        r"<tr><td><bdi>(.*?)</bdi></td><td><bdi>(.*?)</bdi></td><td><bdi>(.*?)</bdi></td><td class=n>(\d+)</td></tr>",
        html,
    )
    assert len(rows) > 20
    mine = [e for e in built.records.extractions if e.coder == "consensus"]
    labels = {c.label: c.id for c in built.records.concepts}
    for start, end, _, n in rows:
        a, b = labels[start], labels[end]
        articles = {
            e.article
            for e in mine
            if (a in e.contexts and b in e.mechanisms) or (a in e.mechanisms and b in e.outcomes)
        }
        assert len(articles) == int(n), (start, end)


def test_maps_of_nothing_are_refused() -> None:
    built = site_of.built(Records(review=Review(id="new", title="Nothing yet")))
    with pytest.raises(Refused):
        interactive_map.theory_map(pipeline.incidence(built))


def test_a_review_of_hostile_texts_is_built_whole(tmp_path: Path) -> None:
    target = tmp_path / "built"
    written = results.write(site_of.built(site_of.hostile()), target)
    assert (target / "index.html").is_file()
    assert all(re.fullmatch(r"[\w.~=-]+", part) for path in written for part in path.relative_to(target).parts)
    for figure in [*target.glob("figures/*.svg"), *target.glob("report-figures/*.svg")]:
        ET.parse(figure)
    assert any("difference" in path.name for path in target.glob("tables/*.csv"))
