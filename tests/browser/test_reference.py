"""The ontology's page in a real browser: nothing for axe or the HTML checker to find, no name over another.

Needs chromium (Debian: ``apt-get install chromium``) and the PyPI package ``playwright``; without them it is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import checkers
import pytest

from eaa_graph.release import reference

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt-get install chromium)"),
]
#: Pairs of names in a drawing that touch, and names that stick out of their box or their drawing.
TOUCHING = """() => [...document.querySelectorAll('figure svg[id], figure svg')].flatMap(svg => {
  const box = e => e.getBoundingClientRect(), all = [...svg.querySelectorAll('text')], found = [], whole = box(svg);
  all.forEach((a, i) => {
    const p = box(a), own = a.parentNode.querySelector('rect'), room = own ? box(own) : whole;
    if (p.left < room.left - 1 || p.right > room.right + 1) found.push('out: ' + a.textContent);
    all.slice(i + 1).forEach(b => {
      const q = box(b);
      if (p.left < q.right && q.left < p.right && p.top + 3 < q.bottom && q.top + 3 < p.bottom)
        found.push(a.textContent + ' / ' + b.textContent);
    });
  });
  return found;
})"""


@pytest.fixture(scope="module")
def onto(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    reference.write(folder)
    return folder / "index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield started
        started.close()


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_axe_finds_nothing_and_the_page_is_no_wider_than_its_window(
    browser: Any, onto: Path, width: int, scheme: str
) -> None:
    axe = (checkers.npm("axe-core") / "axe.min.js").read_text("utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(onto.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false}).then(r => r.violations)")
    assert not found, json.dumps([(v["id"], v["nodes"][0]["html"][:160]) for v in found], indent=1)
    context.close()


def test_names_in_drawings_keep_clear_of_one_another(browser: Any, onto: Path) -> None:
    page = browser.new_page()
    page.goto(onto.as_uri())
    assert page.locator("figure svg").count() > len(reference.PATTERNS)
    assert page.evaluate(TOUCHING) == []
    page.close()


def test_its_html_is_valid(onto: Path) -> None:
    java = checkers.program("java", "default-jre-headless")
    jar = checkers.npm("vnu-jar") / "build" / "dist" / "vnu.jar"
    command = [java, "-jar", str(jar), "--format", "json", "--errors-only", "--stdout", "--exit-zero-always", str(onto)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert json.loads(done.stdout or done.stderr)["messages"] == []
