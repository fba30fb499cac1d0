"""The SPARQL page in a real browser: from a plain file server and from disk, with the rows of the command line.

Needs chromium (Debian: ``apt-get install chromium``) and the PyPI package ``playwright``; without them it is skipped.
"""

from __future__ import annotations

import csv
import http.server
import io
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import site_of

from eaa_graph import pipeline, queries, release, resources
from eaa_graph.pipeline import Built
from eaa_graph.tables import Table, Thing

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt-get install chromium)"),
]
#: Question and what is chosen in the form, as on the command line; a chosen value is the label read there.
ASKED: tuple[tuple[str, dict[str, str]], ...] = (
    ("mechanisms-together-in-extraction", {}),
    ("mechanisms-together-in-extraction", {"coder": "coder-a"}),
    ("extractions-of-a-pair", {"mechanism": "dialogue", "with_mechanism": "documentation"}),
    ("document-flow", {}),
    ("configuration-without-context", {}),
    ("extraction-without-mechanism", {}),
)
CROSS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . FILTER(?c != ?f) }"


@pytest.fixture(scope="module")
def pilot() -> Built:
    return pipeline.Built(pipeline.check(resources.example("eaa_pilot")), site_of.Settings())


@pytest.fixture(scope="module")
def sites(pilot: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sparql")
    release.publish(resources.example("eaa_pilot"), folder / "release")
    return {
        "pilot": site_of.write(pilot.records, folder / "pilot") / "pages" / "sparql.html",
        "hostile": site_of.write(site_of.hostile(), folder / "hostile") / "pages" / "sparql.html",
        "release": folder / "release" / "sparql.html",
    }


@pytest.fixture(scope="module")
def served(sites: dict[str, Path]) -> Iterator[str]:
    """A plain static file server: Python's own."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *told: Any) -> None:
            super().__init__(*told, directory=str(sites["pilot"].parents[2]))

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield started
        started.close()


class Page:
    """The page, with everything it asks for and complains of on record."""

    def __init__(self, browser: Any, address: str) -> None:
        self.context = browser.new_context(accept_downloads=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.on("console", self._said)
        self.page.on("response", lambda r: self.errors.append(r.url) if self._lacks(r) else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.address = address
        self.page.goto(address)
        self.page.wait_for_selector("#sparql:not([hidden])")

    def _said(self, message: Any) -> None:
        # A browser asks every host for an icon; what else is missing is told by the responses.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    @staticmethod
    def _lacks(response: Any) -> bool:
        return bool(response.status >= 400 and not response.url.endswith("/favicon.ico"))

    def said(self) -> str:
        """Wait for the answer, and return what the page says of it."""
        self.page.wait_for_function("document.getElementById('sparql').getAttribute('aria-busy') === 'false'")
        return str(self.page.inner_text("#said"))

    def ask(self, name: str, given: dict[str, str]) -> list[list[str]]:
        """Fill in the form, ask, and return the rows of the file that the page offers."""
        self.page.evaluate("q => { location.hash = 'question=' + q }", name)
        self.page.wait_for_function(
            "q => document.querySelector('#question').selectedOptions[0].textContent === q",
            arg=pipeline.answerable()[name].title,
        )
        for slot, value in given.items():
            field = self.page.locator(f"[data-slot={slot}]")
            option = field.locator("option").filter(has_text=re.compile(f"^{re.escape(value)}$"))
            field.select_option(option.get_attribute("value"))
        self.page.click("#ask button[type=submit]")
        said = self.said()
        assert re.match(r"[\d,]+ rows?, ", said), said
        if said.startswith("0 rows"):
            return []
        with self.page.expect_download() as download:
            self.page.click("#answer a[download]")
        text = Path(download.value.path()).read_text("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))[1:]

    def close(self) -> None:
        self.context.close()
        start = "file:" if self.address.startswith("file:") else self.address.partition("/pages")[0].rpartition("/")[0]
        assert not [a for a in self.asked if not a.startswith((start, "blob:", "data:"))]
        assert not self.errors, self.errors


def expected(table: Table) -> list[list[str]]:
    def text(cell: Any) -> str:
        if cell is None:
            return ""
        return str(cell).lower() if isinstance(cell, bool) else cell.label if isinstance(cell, Thing) else str(cell)

    return [[text(cell) for cell in row] for row in table.rows]


def chosen(built: Built, given: dict[str, str]) -> dict[str, str]:
    """The form shows the names of people, the command line takes their ids."""
    names = {p.id: p.name or p.id for p in built.records.people}
    return {slot: names.get(value, value) for slot, value in given.items()}


@pytest.mark.parametrize("how", ["file", "http"])
@pytest.mark.parametrize("which", ["pilot", "release"])
def test_the_rows_are_those_of_the_command_line(
    browser: Any, pilot: Built, sites: dict[str, Path], served: str, how: str, which: str
) -> None:
    path = sites[which]
    relative = path.relative_to(sites["pilot"].parents[2]).as_posix()
    page = Page(browser, path.as_uri() if how == "file" else f"{served}/{relative}")
    for name, given in ASKED:
        table = pipeline.answer(pilot, name, given)
        assert page.ask(name, chosen(pilot, given)) == expected(table), (name, given)
        assert table.rows or name == "configuration-without-context"
    page.close()


def test_every_question_that_needs_nothing_chosen(browser: Any, pilot: Built, sites: dict[str, Path]) -> None:
    """Whatever can be asked as it stands gives the rows of the command line, decimals compared as numbers."""
    page = Page(browser, sites["pilot"].as_uri())
    known = {**queries.questions(), **queries.questions("gaps")}
    asked = [name for name, q in known.items() if not any(p.default == "required" for p in q.parameters)]
    assert len(asked) > 30
    for name in asked:
        told = expected(pipeline.answer(pilot, name))
        assert [list(map(number, row)) for row in page.ask(name, {})] == [list(map(number, row)) for row in told], name
    page.close()


def number(cell: str) -> str | float:
    cell = cell.removeprefix("'\t")  # the mark that keeps a spreadsheet from taking words for a formula
    return float(cell) if re.fullmatch(r"-?\d+(\.\d+)?(E\d+)?", cell) else cell


def test_it_holds_every_statement_that_the_command_line_asks(
    browser: Any, pilot: Built, sites: dict[str, Path]
) -> None:
    count = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"
    page = Page(browser, sites["pilot"].as_uri())
    page.page.click("#ask summary")
    page.page.fill("#text", count)
    page.page.click("#run")
    assert page.said().startswith("1 row,")
    assert page.page.inner_text("#answer td") == str(len(site_of.built(pilot.records).store))
    page.close()


def test_the_things_in_an_answer_lead_to_their_pages(browser: Any, sites: dict[str, Path]) -> None:
    for which in ("pilot", "release"):
        page = Page(browser, sites[which].as_uri())
        page.ask("extractions-of-a-pair", {"mechanism": "dialogue", "with_mechanism": "documentation"})
        links = page.page.eval_on_selector_all("#answer td a", "all => all.map(a => a.href)")
        assert len(links) > 10
        for link in {str(a) for a in links}:
            target, _, anchor = link.removeprefix("file://").partition("#")
            assert Path(target).is_file(), link
            assert not anchor or f'id="{anchor}"' in Path(target).read_text("utf-8"), link
        page.close()


def test_a_query_that_never_ends_is_ended_and_the_page_stays_alive(browser: Any, sites: dict[str, Path]) -> None:
    page = Page(browser, sites["pilot"].as_uri())
    page.page.click("#ask summary")
    page.page.fill("#text", CROSS)
    page.page.click("#run")
    page.page.wait_for_function("document.getElementById('said').textContent === 'Working …'")
    # The page answers while the query runs.
    assert page.page.evaluate("new Promise(done => setTimeout(() => done(performance.now()), 50))") > 0
    assert page.page.is_enabled("#stop")
    page.page.click("#stop")
    assert page.said() == "Stopped."
    # By its limit.
    page.page.eval_on_selector("#seconds option", "o => { o.value = '1' }")
    page.page.select_option("#seconds", "1")
    page.page.click("#run")
    assert page.said().startswith("Stopped after 1 seconds")
    page.page.select_option("#seconds", "30")
    # What is too long, wrong, an update, or asks elsewhere is refused in words.
    for query, reason in (
        ("SELECT * WHERE { ?s ?p }", "error at "),
        ("INSERT DATA { <http://a> <http://b> 1 }", "error at "),
        ("SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "not supported"),
    ):
        page.page.fill("#text", query)
        page.page.click("#run")
        assert reason in page.said()
    page.page.fill("#text", "ASK { ?s a eaa:Review }")
    page.page.click("#run")
    assert page.said().startswith("Answer: yes")
    page.page.fill("#text", "CONSTRUCT { ?s a eaa:Review } WHERE { ?s a eaa:Review }")
    page.page.click("#run")
    assert page.said().startswith("RDF in Turtle")
    assert "https://w3id.org/eaa/onto#Review" in page.page.inner_text("#answer pre")
    page.close()


def test_the_editor_is_answered_by_the_page_itself(
    browser: Any, pilot: Built, sites: dict[str, Path], served: str
) -> None:
    for address in (sites["pilot"].as_uri(), f"{served}/pilot/pages/sparql.html"):
        page = Page(browser, address)
        assert not any("yasgui" in a for a in page.asked), "the editor is loaded when it is wanted"
        page.page.click("#ask summary")
        page.page.click("#edit")
        page.page.wait_for_selector("#with-editor:not([hidden])")
        title = pipeline.answerable()["mechanisms-together-in-extraction"].title
        page.page.select_option("#examples", label=title)
        page.page.click(".yasqe_queryButton")
        rows = len(pipeline.answer(pilot, "mechanisms-together-in-extraction"))
        page.page.wait_for_function(f"document.querySelector('.yasr').innerText.includes('{rows} results')")
        page.close()


def test_hostile_labels_are_text(browser: Any, sites: dict[str, Path]) -> None:
    page = Page(browser, sites["hostile"].as_uri())
    for question in ("mechanisms-by-context", "challenging-evidence", "concepts-never-used"):
        page.ask(question, {})
    page.page.click("#ask summary")
    page.page.fill("#text", "SELECT * WHERE { ?s skos:prefLabel ?o }")
    page.page.click("#run")
    assert " rows, " in page.said()
    assert page.page.locator("#answer td").filter(has_text="<script>window.hacked=1</script>").count()
    page.page.click("#edit")
    page.page.wait_for_selector("#with-editor:not([hidden])")
    page.page.evaluate("() => { EAA.yasgui.getTab().setQuery('SELECT * WHERE { ?s ?p ?o }'); }")
    page.page.click(".yasqe_queryButton")
    page.page.wait_for_selector(".yasr table td")
    assert page.page.evaluate("window.hacked") is None
    assert not page.page.eval_on_selector_all(
        "#answer script, #answer img, #editor .yasr img[onerror]", "a => a.length"
    )
    links = page.page.eval_on_selector_all("#answer a, .yasr a", "all => all.map(a => a.getAttribute('href') || '')")
    assert not [a for a in links if a.strip().lower().startswith("javascript:")]
    page.close()
