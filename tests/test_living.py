"""A living review: what a build leaves standing, what it takes over, and what it says has changed."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from eaa_graph import living, pipeline, resources, results
from eaa_graph.cli import main
from eaa_graph.settings import Settings

#: Edits of a review, one after the other: the file, what is done, and with which row. Builds are compared after every
#: fourth of them, or after each with EAA_EVERY_EDIT=1.
EDITS = (
    ("extractions.csv", "note", 1),
    ("extractions.csv", "remove", 2),
    ("extractions.csv", "twice", 0),
    ("extractions.csv", "stance", 3),
    ("articles.csv", "title", 0),
    ("articles.csv", "remove", 1),
    ("concepts.csv", "label", 9),
    ("reported.csv", "remove", 0),
    ("appraisals.csv", "twice", 0),
    ("configurations.csv", "statement", 0),
    ("configurations.csv", "remove", 1),
    ("theories.csv", "label", 0),
    ("changes.csv", "reason", 0),
    ("expectations.csv", "remove", 0),
    ("flow.csv", "remove", 0),
    ("review.toml", "Which mechanisms", 0),
)


def rows_of(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return list(reader.fieldnames or ()), rows


def put(path: Path, names: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def edit(review: Path, name: str, what: str, number: int) -> None:
    """Change a sheet."""
    path = review / name
    if path.suffix == ".toml":
        path.write_text(path.read_text("utf-8").replace(what, what.upper()), "utf-8")
        return
    names, rows = rows_of(path)
    if what == "remove":
        del rows[number]
    elif what == "twice":
        rows.append({**rows[number], names[0]: f"{rows[number][names[0]]}-again"})
    else:
        rows[number][what] = f"{rows[number][what]} (changed)" if what != "stance" else "challenges"
    put(path, names, rows)


def build(review: Path, target: Path, settings: Settings | None = None) -> None:
    results.write(pipeline.build(review, settings), target)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file but those that tell of the build before."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    manifest = json.loads(found.pop(living.MANIFEST))
    for name in living.NOTES:
        found.pop(name, None)
        manifest["files"].pop(name, None)
    return found | {living.MANIFEST: json.dumps(manifest).encode()}


@pytest.fixture
def review(tmp_path: Path) -> Path:
    """A fifth of the pilot: small, with something in every sheet."""
    made = Path(shutil.copytree(resources.example("eaa_pilot"), tmp_path / "review"))
    kept = {row["id"] for row in rows_of(made / "articles.csv")[1][:10]}
    for name, column in (("articles", "id"), ("extractions", "article"), ("reported", "article")):
        names, rows = rows_of(made / f"{name}.csv")
        put(made / f"{name}.csv", names, [row for row in rows if row[column] in kept])
    left = {row["id"] for row in rows_of(made / "extractions.csv")[1]} | kept
    names, rows = rows_of(made / "appraisals.csv")
    put(made / "appraisals.csv", names, [row for row in rows if row[names[0]] in left])
    names, rows = rows_of(made / "configurations.csv")
    for row in rows:
        for column in ("supporting", "challenging"):
            row[column] = "|".join(e for e in row[column].split("|") if e in left)
    put(made / "configurations.csv", names, rows)
    return made


@pytest.mark.slow
def test_a_build_upon_a_build_is_the_build_that_an_empty_place_would_get(review: Path, tmp_path: Path) -> None:
    upon = tmp_path / "upon"
    build(review, upon)
    for number, (name, what, row) in enumerate(EDITS[:: 1 if os.environ.get("EAA_EVERY_EDIT") else 4]):
        edit(review, name, what, row)
        build(review, upon)
        build(review, tmp_path / f"fresh-{number}")
        assert contents(upon) == contents(tmp_path / f"fresh-{number}"), (name, what)


def test_figures_of_the_build_before_are_taken_over_only_if_they_are_the_same(
    review: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vl_convert = pytest.importorskip("vl_convert")
    painted: list[str] = []
    paint = vl_convert.svg_to_png

    def counted(svg: str, **given: float) -> bytes:
        painted.append(svg)
        return bytes(paint(svg, **given))

    monkeypatch.setattr(vl_convert, "svg_to_png", counted)
    target = tmp_path / "build"
    build(review, target)
    first = len(painted)
    assert first > 1
    edit(review, "extractions.csv", "note", 0)
    build(review, target)
    assert len(painted) == first
    monkeypatch.setattr(living, "program", lambda: "another version")
    build(review, target)
    assert len(painted) == 2 * first


def test_what_would_be_the_same_is_left_as_it_is(review: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "build"
    build(review, target)
    checked = pipeline.check(review)
    assert results.stands(checked, Settings(), target)
    assert not results.stands(checked, Settings(seed=1), target)
    assert not results.stands(checked, Settings(coder="all"), target)
    assert not results.stands(checked, Settings(store=str(tmp_path / "graph")), target)
    assert not results.stands(checked, Settings(), tmp_path / "elsewhere")
    with monkeypatch.context() as other:
        other.setattr(living, "program", lambda: "another version")
        assert not results.stands(checked, Settings(), target)
    page = target / "index.html"
    whole = page.read_bytes()
    page.write_bytes(whole + b" ")
    assert not results.stands(checked, Settings(), target)
    page.write_bytes(whole)
    assert results.stands(checked, Settings(), target)
    for name, what, number in EDITS:
        before = living.origin(pipeline.check(review), Settings())
        edit(review, name, what, number)
        checked = pipeline.check(review)
        assert living.origin(checked, Settings()) != before, (name, what)
        assert not results.stands(checked, Settings(), target)


def test_the_program_s_digest_is_of_its_files_and_of_what_it_leans_on(monkeypatch: pytest.MonkeyPatch) -> None:
    first = living.program.__wrapped__()
    assert living.program.__wrapped__() == first
    with monkeypatch.context() as other:
        other.setattr(living, "_version", lambda name: "0" if name == "numpy" else "1")
        ones = living.program.__wrapped__()
        other.setattr(living, "_version", lambda name: "1")
        assert ones != living.program.__wrapped__()
    with monkeypatch.context() as other:
        reading = Path.read_bytes
        other.setattr(Path, "read_bytes", lambda path: reading(path) + b"\n" * (path.name == "10-sub-property.rq"))
        assert living.program.__wrapped__() != first


def test_the_command_says_that_nothing_changed_and_builds_again_when_told(review: Path, tmp_path: Path) -> None:
    target = tmp_path / "build"
    command = ["build", str(review), "--out", str(target)]
    assert CliRunner().invoke(main, command).exit_code == 0
    written = (target / "index.html").stat().st_mtime_ns
    second = CliRunner().invoke(main, command)
    assert second.exit_code == 0
    assert "nothing changed" in second.output
    assert (target / "index.html").stat().st_mtime_ns == written
    assert CliRunner().invoke(main, [*command, "--again"]).exit_code == 0
    assert (target / "index.html").stat().st_mtime_ns > written


def test_the_note_says_what_moved(review: Path, tmp_path: Path) -> None:
    target = tmp_path / "build"
    build(review, target)
    assert not (target / "changes.md").exists()
    assert "nothing to compare" in (target / "pages" / "changes.html").read_text("utf-8")
    names, rows = rows_of(review / "extractions.csv")
    gone = next(r for r in rows if r["coder"] == "consensus" and r["mechanisms"] and r["theme"])
    alone = [
        m
        for m in gone["mechanisms"].split("|")
        if sum(
            r["coder"] == "consensus"
            and r["article"] == gone["article"]
            and r["theme"] == gone["theme"]
            and m in r["mechanisms"].split("|")
            for r in rows
        )
        == 1
    ]
    table = "articles-by-mechanism-and-theme"

    def counts() -> dict[tuple[str, str], int]:
        return {
            (row["mechanism_id"], row["theme_id"]): int(row["articles"])
            for row in rows_of(target / "tables" / f"{table}.csv")[1]
        }

    before = counts()
    put(review / "extractions.csv", names, [r for r in rows if r["id"] != gone["id"]])
    result = CliRunner().invoke(main, ["build", str(review), "--out", str(target)])
    assert "since the last build" in result.output
    note = json.loads((target / "changes.json").read_text("utf-8"))
    assert {"kind": "extractions", "record": gone["id"], "change": "removed"} in note["records"]
    after = counts()
    for mechanism in alone:
        assert after.get((mechanism, gone["theme"]), 0) == before[mechanism, gone["theme"]] - 1
    moved = {key for key in before if key in after and before[key] != after[key]}
    told = [n for n in note["numbers"] if n["column"] == "articles" and "theme by theme" in n["table"]]
    assert len(told) == len(moved)
    assert sorted((n["before"], n["now"]) for n in told) == sorted((before[k], after[k]) for k in moved)
    for text in ((target / "changes.md").read_text("utf-8"), (target / "pages" / "changes.html").read_text("utf-8")):
        assert gone["id"] in text
    # Nothing new: what was told last time stays.
    told_before = [(target / name).read_bytes() for name in living.NOTES]
    CliRunner().invoke(main, ["build", str(review), "--out", str(target), "--again"])
    assert [(target / name).read_bytes() for name in living.NOTES] == told_before


def test_configurations_flip_and_gaps_open(review: Path, tmp_path: Path) -> None:
    target = tmp_path / "build"
    build(review, target)
    seen = json.loads((target / living.SEEN).read_text("utf-8"))
    names, rows = rows_of(review / "extractions.csv")
    # Without the passages of one stance, nothing is supported any more.
    put(review / "extractions.csv", names, [{**r, "stance": r["stance"].replace("supports", "refines")} for r in rows])
    columns, listed = rows_of(review / "configurations.csv")
    put(review / "configurations.csv", columns, [{**r, "supporting": ""} for r in listed])
    build(review, target)
    note = json.loads((target / "changes.json").read_text("utf-8"))
    now = json.loads((target / living.SEEN).read_text("utf-8"))
    flipped = {k for k in seen["configurations"] if seen["configurations"][k] != now["configurations"][k]}
    assert flipped
    assert {row["configuration"] for row in note["configurations"]} == flipped
    assert all(row["before"] == seen["configurations"][row["configuration"]] for row in note["configurations"])
    opened = set(now["gaps"]) - set(seen["gaps"])
    closed = set(seen["gaps"]) - set(now["gaps"])
    assert {row["gap"] for row in note.get("gaps", []) if row["change"] == "opened"} == opened
    assert {row["gap"] for row in note.get("gaps", []) if row["change"] == "closed"} == closed
