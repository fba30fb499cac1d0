"""The server's page for queries in a real browser: the editor (YASGUI) shows the rows of the command line, and asks nobody else.

Needs chromium (Debian: ``apt-get install chromium``) and the PyPI package ``playwright``; without them it is skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from serving import Running, running

from eaa_graph import pipeline, queries
from eaa_graph.resources import example
from eaa_graph.vocabulary import EAA, XSD, Literal, Term, read_term

pytest.importorskip("starlette", reason="the server is an optional part")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("query-page")) as found:
        yield found


@pytest.fixture(scope="module")
def built() -> pipeline.Built:
    return pipeline.build(example("eaa_pilot"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield started
        started.close()


def shown(term: Term | None) -> str:
    """Return how YASGUI's table shows a term, white space aside."""
    if term is None:
        return ""
    read = read_term(term)
    if not isinstance(read, Literal):
        # The query declares this prefix, so the editor uses it.
        return "eaa:" + read.removeprefix(EAA) if read.startswith(EAA) else f"<{read}>"
    text = " ".join(read.value.split())
    if read.language:
        return f'"{text}"@{read.language}'
    return text if read.datatype == f"{XSD}string" else f'"{text}"^^<{read.datatype}>'


@pytest.mark.parametrize("name", ["themes-reported", "what-changed", "challenging-evidence", "roles-of-a-concept"])
def test_the_editor_shows_the_rows_of_the_command_line(
    real: Running, built: pipeline.Built, browser: Any, name: str
) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(20_000)
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: asked.append(r.url))
    page.goto(f"{real.url}/query?example={name}")
    page.locator(".yasqe .yasqe_queryButton").click()
    table = page.locator(".yasr_results table.dataTable")
    table.wait_for()
    answer = built.store.select(queries.filled(queries.question(name), {}, built.names))
    headers = [h.strip() for h in table.locator("thead th").all_inner_texts()]
    assert [h for h in headers if h] == list(answer.variables)
    cells = page.evaluate(
        "[...document.querySelectorAll('.yasr_results table.dataTable tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )
    assert len(cells) == min(len(answer.rows), 50) > 3
    for number, (row, wanted) in enumerate(zip(cells, answer.rows, strict=False), 1):
        told = [" ".join(cell.split()) for cell in row]
        assert told == [str(number), *map(shown, wanted)]
    assert f"{len(answer.rows)} results" in page.locator(".yasr_response_chip").inner_text()
    assert {url.split("/", 3)[2] for url in asked if not url.startswith(("data:", "blob:"))} == {real.url.split("/")[2]}
    assert errors == []
    context.close()
