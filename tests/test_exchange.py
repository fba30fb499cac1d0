"""Bringing reviews in and putting them together, as the commands do it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from eaa_graph import exchange, pipeline, registry, resources
from eaa_graph.cli import main
from eaa_graph.errors import BadSettings, EaaError
from eaa_graph.model import Records

PILOT = resources.example("eaa_pilot")


@pytest.fixture(scope="module")
def pilot() -> Records:
    return pipeline.check(PILOT).records


@pytest.fixture
def project(tmp_path: Path, pilot: Records) -> Path:
    path = tmp_path / "pilot.qdpx"
    registry.find("writers", "qdpx").write(pilot, path)
    return path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_project_is_imported_and_accounted_for(project: Path, tmp_path: Path, pilot: Records) -> None:
    """Every coding of the file is carried or has a reason, counted on both sides."""
    done = exchange.import_into(project, tmp_path / "review")
    assert len(done.records.extractions) == len(pilot.extractions)
    for row in done.losses.records():
        assert row["found"] == row["carried"] + row["not_carried"]  # type: ignore[operator]
        assert row["why"] or not row["not_carried"]
    assert (tmp_path / "review" / "import" / "losses.csv").is_file()
    assert pipeline.check(tmp_path / "review").records.extractions == done.records.extractions


def test_importing_again_changes_nothing(project: Path, tmp_path: Path) -> None:
    """The second import of one file finds everything there: same bytes, no conflict."""
    folder = tmp_path / "review"
    exchange.import_into(project, folder)
    before = {p.name: p.read_bytes() for p in folder.glob("*.*")}
    again = exchange.import_into(project, folder)
    assert {p.name: p.read_bytes() for p in folder.glob("*.*")} == before
    assert again.conflicts is None or not again.conflicts.rows


def test_a_proposed_mapping_is_never_written_over(project: Path) -> None:
    """A person may have changed the mapping that was proposed."""
    written = exchange.propose(project, project.with_name("mine.toml"))
    assert "[roles]" in written.read_text("utf-8")
    with pytest.raises(BadSettings, match="there already"):
        exchange.propose(project, written)
    assert project.with_name(project.name + ".mapping.toml").is_file()  # our own writer says what its codes mean
    with pytest.raises(BadSettings, match="there already"):
        exchange.propose(project)


def test_references_join_the_articles_that_are_there(tmp_path: Path, pilot: Records) -> None:
    """References with the DOIs of the review's articles fill those articles; none is added twice."""
    folder = tmp_path / "review"
    shutil.copytree(PILOT, folder)
    references = tmp_path / "library.ris"
    registry.find("writers", "ris").write(pilot, references)
    done = exchange.import_into(references, folder)
    assert [a.id for a in done.records.articles] == [a.id for a in pilot.articles]
    assert done.records.extractions == pilot.extractions


def test_two_coders_become_one_review(tmp_path: Path, pilot: Records) -> None:
    """Each coder's folder holds half; together they are the whole, and both codings stay."""
    for coder in ("coder-a", "coder-b"):
        mine = pilot.model_copy(
            update={
                "extractions": tuple(e for e in pilot.extractions if e.coder == coder),
                "reported": tuple(r for r in pilot.reported if r.coder == coder),
                "appraisals": tuple(a for a in pilot.appraisals if a.assessor == coder),
                "configurations": (),
                "theories": (),
                "changes": (),
            }
        )
        registry.find("writers", "csv").write(mine, tmp_path / coder)
    done = exchange.merge_into(tmp_path / "coder-a", tmp_path / "coder-b", tmp_path / "both")
    assert len(done.records.extractions) == 298 + 283
    assert done.records.articles == pilot.articles
    again = pipeline.check(tmp_path / "both").records
    assert again.extractions == done.records.extractions
    with pytest.raises(BadSettings, match="not empty"):
        exchange.merge_into(tmp_path / "coder-a", tmp_path / "coder-b", tmp_path / "both")


def test_the_commands_say_what_came_over(project: Path, tmp_path: Path) -> None:
    """`import` and `merge` print the account and where to go next."""
    runner = CliRunner()
    proposed = runner.invoke(main, ["import", str(project), "--propose", "--out", str(tmp_path / "mine.toml")])
    assert proposed.exit_code == 0, proposed.output
    assert "mine.toml" in proposed.output
    done = runner.invoke(main, ["import", str(project), "--into", str(tmp_path / "a")])
    assert done.exit_code == 0, done.output
    assert "Not carried" in done.output
    assert "eaa-graph build" in done.output
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    merged = runner.invoke(main, ["merge", str(tmp_path / "a"), str(tmp_path / "b"), "--into", str(tmp_path / "c")])
    assert merged.exit_code == 0, merged.output
    nowhere = runner.invoke(main, ["import", str(project)])
    assert nowhere.exit_code == 2
    assert "--into" in nowhere.output


def test_a_file_nobody_knows_is_one_clear_line(tmp_path: Path) -> None:
    """No traceback, exit code 2, the known formats named."""
    strange = tmp_path / "strange.bin"
    strange.write_bytes(bytes(range(256)))
    result = CliRunner().invoke(main, ["import", str(strange), "--into", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()
    with pytest.raises(EaaError):
        exchange.import_into(strange, tmp_path / "x")


def test_no_cell_is_a_formula_for_a_spreadsheet(tmp_path: Path, pilot: Records) -> None:
    """What begins like a formula is marked in every CSV a person may open, and reads back as it was written."""
    first = pilot.extractions[0].model_copy(update={"note": '=cmd|"/C calc"!A0', "locator": "@home"})
    review = pilot.model_copy(update={"extractions": (first, *pilot.extractions[1:])})
    registry.find("writers", "csv").write(review, tmp_path / "review")
    cells = [c for row in _rows(tmp_path / "review" / "extractions.csv") for c in row.values()]
    assert not [c for c in cells if c.startswith(("=", "+", "-", "@"))]
    assert pipeline.check(tmp_path / "review").records.extractions == review.extractions
    made = CliRunner().invoke(
        main, ["ask", str(tmp_path / "review"), "extractions-behind", "coder=all", "--format", "csv"]
    )
    assert made.exit_code == 0, made.output
    assert "'\t=cmd" in made.output


def test_the_help_of_export_names_every_writer() -> None:
    """A format that cannot be found in the help might as well not be there."""
    told = CliRunner().invoke(main, ["export", "--help"]).output
    told = "".join(told.split())  # the help breaks its lines at hyphens too
    missing = [name for name in registry.parts("writers") if name not in told]
    assert missing == []
