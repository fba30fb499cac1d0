"""The documents are current, their links lead somewhere, and what the README shows is what the program prints."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from eaa_graph import cli, pipeline, queries, resources
from eaa_graph.findings import RULES
from eaa_graph.network import selected
from eaa_graph.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").glob("*/README.md")})


@pytest.fixture(scope="module")
def docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "scripts" / "write_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow  # every command's example is run
def test_what_comes_from_the_code_is_current(docs: ModuleType) -> None:
    assert docs.out_of_date() == [], "run .venv/bin/python scripts/write_docs.py"


def test_a_stale_document_would_be_seen(docs: ModuleType) -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert docs.written(text) == text
    assert docs.written(text.replace("`--seed`", "`--sead`")) == text


def test_every_section_has_its_place(docs: ModuleType) -> None:
    marked = {m["name"] for d in DOCUMENTS for m in docs._MARKS.finditer(d.read_text("utf-8"))}
    assert marked == set(docs.SECTIONS)


def test_every_rule_says_what_to_do(docs: ModuleType) -> None:
    told = [name for remedies in docs.REMEDIES.values() for name in remedies]
    assert sorted(told) == sorted(RULES), "say in scripts/write_docs.py what to do about findings of the rule"


# --- links ----------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a Markdown file, as GitHub makes them."""
    found: dict[str, int] = {}
    result = set()
    for heading in re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number = found.get(slug, 0)
        found[slug] = number + 1
        result.add(f"{slug}-{number}" if number else slug)
    return result


def faulty_links(path: Path) -> list[str]:
    """Return the links of a document that lead nowhere in the checkout; the web is not asked."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
    faulty = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            faulty.append(link)
    return faulty


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    assert faulty_links(path) == []


def test_a_link_that_leads_nowhere_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](gone.md) [b](#here) [c](#there) [d](page.md#here) [e](https://example.org/x)\n", "utf-8"
    )
    assert faulty_links(page) == ["gone.md", "#there"]


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


# --- what is shown runs ------------------------------------------------------------------------------


def shown(path: Path) -> list[tuple[str, list[str]]]:
    """Return the commands of a document's console blocks, each with the output that it shows."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", path.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def fits(lines: list[str], printed: list[str]) -> str:
    """Return the first shown line that was not printed in its place, or nothing; `…` stands for any lines left out."""
    at, skipping = 0, False
    for line in lines:
        if line == "…":
            skipping = True
            continue
        wanted = line.rstrip()
        while at < len(printed) and printed[at].rstrip() != wanted:
            if not skipping:
                return line
            at += 1
        if at == len(printed):
            return line
        at, skipping = at + 1, False
    return ""


def test_what_is_shown_is_compared_line_by_line() -> None:
    printed = ["one", "two", "", "three", "four"]
    assert fits(["…", "two", "", "…", "four"], printed) == ""
    assert fits(["one", "three"], printed) == "three"
    assert fits(["…", "four", "one"], printed) == "one"
    assert fits(["…", "five"], printed) == "five"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_commands_shown_run_and_print_what_is_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = shown(ROOT / name)
    assert commands or name != "README.md"
    for command, lines in commands:
        result = CliRunner().invoke(cli.main, shlex.split(command)[1:], prog_name="eaa-graph")
        assert result.exit_code == 0, f"{command}\n{result.output}"
        wrong = fits(lines, result.output.splitlines())
        assert not wrong, f"{command} does not print {wrong!r}:\n{result.output}"


# --- the worked examples of CONTRIBUTING.md ------------------------------------------------------------


def example(language: str) -> str:
    """Return the code of CONTRIBUTING.md in one language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M | re.S)
    return found


@pytest.fixture(scope="module")
def pilot() -> pipeline.Built:
    return pipeline.build(resources.example("eaa_pilot"), Settings(infer="none"))


def test_the_question_shown_can_be_asked(pilot: pipeline.Built, tmp_path: Path) -> None:
    path = tmp_path / "mechanisms-by-country.rq"
    path.write_text(example("sparql"), "utf-8")
    asked = queries._read(path)
    table = queries.run(pilot.store, asked, {"country": "Canada"})
    articles = {a.id for a in pilot.records.articles if a.country == "Canada"}
    coder = pilot.records.review.preferred_coder
    by_hand: dict[str, set[str]] = {}
    for e in pilot.records.extractions:
        if e.article in articles and e.coder == coder:
            for mechanism in e.mechanisms:
                by_hand.setdefault(mechanism, set()).add(e.article)
    assert by_hand
    assert {row[0].id: row[1] for row in table.rows} == {m: len(found) for m, found in by_hand.items()}
    assert table.opens(0, "articles")


def test_the_measure_shown_measures(pilot: pipeline.Built) -> None:
    space: dict[str, object] = {}
    exec(compile(example("python"), "CONTRIBUTING.md", "exec"), space)
    part = space["PART"]
    chosen = selected(pilot.columns, "consensus")
    table = part.function(chosen)  # type: ignore[attr-defined]
    assert len(table) == 51
    for row, (article, count) in enumerate(table.rows):
        behind = table.opens(row, "extractions")
        mine = {e.id for e in pilot.records.extractions if e.article == article.id and e.coder == "consensus"}
        assert set(behind) == mine
        assert count == len(mine)
