"""Files that other software wrote: read where they are, counted by an independent reader of their XML."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from eaa_graph.coded_project import tally
from eaa_graph.readers import mapping, qdpx
from eaa_graph.validate import validate

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
QDA = SHARED / "qda"
pytestmark = pytest.mark.skipif(not QDA.is_dir(), reason="the shared folder beside the checkout is not there")

ATLAS = QDA / "sky-loom_refi-qda" / "TestProject.qdpx"
DEMO = QDA / "cproctor_qualitative-coding" / "demo.qdpx"
NVIVO = QDA / "cproctor_qualitative-coding" / "nvivo_project.qdpx"


def elements(path: Path) -> list[ElementTree.Element]:
    with zipfile.ZipFile(path) as archive:
        inner = next(n for n in archive.namelist() if n.lower().endswith(".qde"))
        return list(ElementTree.fromstring(archive.read(inner)).iter())


def count(path: Path, *ends: str) -> int:
    return sum(e.tag.rpartition("}")[2] in ends for e in elements(path))


@pytest.mark.parametrize("path", [ATLAS, DEMO, NVIVO], ids=lambda p: p.stem)
def test_everything_in_the_xml_is_in_the_project(path: Path) -> None:
    held = tally(qdpx.read_project(path))
    assert held["codes"] == count(path, "Code")
    assert held["codings"] == count(path, "Coding")
    assert held["selections"] == sum(e.tag.endswith("Selection") for e in elements(path))
    assert held["sources"] == count(path, "TextSource", "PDFSource", "PictureSource", "AudioSource", "VideoSource")
    assert held["users"] == count(path, "User")
    assert held["links"] == count(path, "Link")
    assert held["sets"] == count(path, "Set")
    assert held["graphs"] == count(path, "Graph")
    assert held["notes"] == count(path, "Note")


def test_the_counts_the_files_are_known_for() -> None:
    atlas, demo, nvivo = (tally(qdpx.read_project(p)) for p in (ATLAS, DEMO, NVIVO))
    assert (atlas["codes"], atlas["codings"], atlas["sources"]) == (14, 16, 12)
    assert (demo["codes"], demo["codings"], demo["selections"]) == (262, 205, 158)
    assert (nvivo["codes"], nvivo["codings"]) == (262, 0)


def test_codes_are_nested_as_deep_as_they_are() -> None:
    project = qdpx.read_project(DEMO)
    depth: dict[str, int] = {"": 0}
    for code in project.codes:
        depth[code.guid] = depth[code.parent] + 1
    assert max(depth.values()) == 7


def test_unresolved_sources_are_listed_and_not_fatal() -> None:
    project = qdpx.read_project(ATLAS)
    (missing,) = [f for f in project.findings if f.rule == "unresolved-source"]
    assert missing.message.startswith("12 of 12")
    assert not any(s.resolved for s in project.sources if not s.of)


def test_selections_land_on_the_right_characters() -> None:
    project = qdpx.read_project(DEMO)
    with zipfile.ZipFile(DEMO) as archive:
        texts = {n.rpartition("/")[2]: archive.read(n).decode("utf-8") for n in archive.namelist() if n.endswith("txt")}
    by_guid = {s.guid: texts[s.path] for s in project.sources}
    for selection in project.selections:
        text = by_guid[selection.source]
        begin, end = selection.position
        assert selection.quote == text[begin:end]
        # This software codes whole lines.
        assert begin == 0 or text[begin - 1] == "\n"
        assert end == len(text) or "\n" in text[end - 1 : end + 1]


def test_names_that_are_words_serve_where_the_text_is_missing() -> None:
    project = qdpx.read_project(ATLAS)
    quoted = [s for s in project.selections if s.quote and s.kind == "text"]
    assert quoted
    for selection in quoted:
        assert len(selection.quote or "") == selection.position[1] - selection.position[0]
    assert "Oh, that was great. See you tomorrow? Eleven thirty. Mm." in {s.quote for s in quoted}


@pytest.mark.parametrize("path", [ATLAS, DEMO, NVIVO], ids=lambda p: p.stem)
def test_every_import_accounts_for_all_it_found(path: Path) -> None:
    project = qdpx.read_project(path)
    table = mapping.apply(project, mapping.guess(project)).losses
    for row in table.records():
        assert row["found"] - row["carried"] == row["not_carried"] >= 0
        assert bool(row["why"]) == (row["not_carried"] > 0)
    by_item = {row["item"]: row for row in table.records()}
    assert by_item["codes"]["carried"] == len(project.codes)
    if "codings" in by_item:
        assert by_item["codings"]["carried"] == count(path, "Coding")


@pytest.mark.parametrize("path", [ATLAS, DEMO, NVIVO], ids=lambda p: p.stem)
def test_the_rows_become_records(path: Path) -> None:
    checked = validate(qdpx.read(path))
    assert not [f for f in checked.findings if f.severity == "error" or f.sets_row_aside]
    assert "mapping-guessed" in {f.rule for f in checked.findings}
    assert len(checked.records.articles) == tally(qdpx.read_project(path))["sources"]


def test_two_programs_tell_of_the_same_codebook() -> None:
    demo, nvivo = qdpx.read_project(DEMO), qdpx.read_project(NVIVO)
    assert {(c.guid, c.name, c.parent) for c in demo.codes} == {(c.guid, c.name, c.parent) for c in nvivo.codes}
