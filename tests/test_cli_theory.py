"""The commands for theory and report: what they print, what they keep, what they refuse."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eaa_graph import pipeline, resources
from eaa_graph.cli import main
from eaa_graph.settings import Settings

PILOT = ("--example", "eaa_pilot")
PUBLISHED = ("--example", "eaa_published")
COMMANDS = (
    ("theory", "list"),
    ("theory", "show"),
    ("theory", "diff"),
    ("theory", "queue"),
    ("theory", "lint"),
    pytest.param(("report",), marks=pytest.mark.slow),
)


def run(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "review"
    shutil.copytree(resources.example("eaa_pilot"), target)
    return target


# --- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_in_the_help_work(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(resources.example("eaa_pilot"), tmp_path / "my-review")
    monkeypatch.chdir(tmp_path)
    text = run(*command, "--help").output
    examples = [line.strip() for line in text.splitlines() if line.strip().startswith("eaa-graph ")]
    assert examples
    renamed = {"refined-2": "eaa-pilot-1", "smith2019": "boaz2016a"}
    tried = 0
    for line in examples:
        if "vancouver.csl" in line:
            continue
        words = [renamed.get(w, w) for w in shlex.split(line)[1:]]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == (1 if "--fail-on" in words else 0), (line, done.output)
        tried += 1
    assert tried


# --- list, show -----------------------------------------------------------------------------------


def test_list_shows_the_phases_and_the_neighbours() -> None:
    rows = list(csv.DictReader(io.StringIO(run("theory", "list", *PUBLISHED, "--format", "csv").stdout)))
    assert [r["version_id"] for r in rows if r["status"] == "rival"] == ["palmer-2019", "knowles-2021"]
    assert [r["version_id"] for r in rows if r["status"] != "rival"] == [f"eaa-phase-{n}" for n in range(1, 5)]
    assert rows[-1]["claims"] == "10"
    text = run("theory", "list", *PUBLISHED).output
    for word in ("Palmer", "Knowles", "phase 1", "phase 2", "phase 3"):
        assert word in text


@pytest.mark.parametrize("form", ["table", "csv", "json", "md"])
def test_every_form_of_every_command(form: str) -> None:
    for words in (
        ("list", *PILOT),
        ("show", *PILOT, "eaa-pilot-1"),
        ("diff", *PILOT, "eaa-initial", "eaa-pilot-1"),
        ("queue", *PILOT, "eaa-pilot-1"),
        ("lint", *PILOT),
        ("lint", "--rules"),
    ):
        done = run("theory", *words, "--format", form)
        assert done.stdout.strip()
        if form == "json":
            assert json.loads(done.stdout)
        if form == "csv":
            assert len({len(row) for row in csv.reader(io.StringIO(done.stdout))}) == 1
        assert "nan" not in re.findall(r"[a-z]+", done.stdout)


def test_show_tells_both_sentences_and_the_evidence() -> None:
    text = " ".join(run("theory", "show", *PILOT, "eaa-pilot-1").output.split())
    assert "If the context is mixed stakeholder groups, then engagement may come about" in text
    assert "When people who use, give and run a service work in one group" in text
    assert "supporting articles, asserted: 9" in text
    assert "P08: challenged only" in text
    claims = " ".join(run("theory", "show", *PUBLISHED, "knowles-2021").output.split())
    assert "It is claimed that productive tension, trust and two way learning together" in claims
    empty = run("theory", "show", *PUBLISHED, "eaa-phase-1").output
    assert "It holds no configuration and no claim." in empty


def test_counts_of_show_equal_the_measure() -> None:
    rows = json.loads(run("theory", "show", *PILOT, "eaa-pilot-1", "--format", "json").stdout)["rows"]
    with (resources.example("eaa_pilot") / "configurations.csv").open(encoding="utf-8", newline="") as file:
        configurations = {c["id"]: c for c in csv.DictReader(file)}
    with (resources.example("eaa_pilot") / "extractions.csv").open(encoding="utf-8", newline="") as file:
        article = {e["id"]: e["article"] for e in csv.DictReader(file)}
    assert len(rows) == 12
    for row in rows:
        for column, sheet in (("supports_asserted", "supporting"), ("challenges_asserted", "challenging")):
            listed = configurations[row["what"]["id"]][sheet]
            assert row[column] == len({article[e] for e in listed.split("|") if e})


# --- diff ----------------------------------------------------------------------------------------------


def test_diff_tells_prose_and_table() -> None:
    text = run("theory", "diff", *PILOT, "eaa-initial", "eaa-pilot-1").output
    assert "E01 was split into P01 and P11." in text
    assert "Reason recorded: Assets and intentions act in mixed groups" in text
    assert "Paired by" in text
    assert "change-not-recorded" not in text
    assert "no change is recorded" in text


def test_diff_of_a_version_with_itself_is_empty() -> None:
    told = json.loads(run("theory", "diff", *PILOT, "eaa-initial", "eaa-initial", "--format", "json").stdout)
    assert set(told["counts"]) == {"unchanged"}


def test_pairing_by_hand() -> None:
    words = ("theory", "diff", *PILOT, "eaa-initial", "eaa-pilot-1", "--format", "json")
    told = json.loads(run(*words, "--pair", "E02=P05", "--pair", "E03=", "--pair", "=P02|P03").stdout)
    pairs = {
        (tuple(d["before"]), tuple(d["after"])): d["pairing"]
        for d in told["differences"]
        if d["thing"] == "configuration"
    }
    assert pairs[("E02",), ("P05",)] == "given"
    dropped = {d["before"][0] for d in told["differences"] if d["kind"] == "dropped" and d["thing"] == "configuration"}
    added = {d["after"][0] for d in told["differences"] if d["kind"] == "added" and d["thing"] == "configuration"}
    assert "E03" in dropped
    assert {"P02", "P03"} <= added


@pytest.mark.parametrize("pair", ["E02", "=", " = "])
def test_a_pairing_that_says_nothing_is_refused(pair: str) -> None:
    run("theory", "diff", *PILOT, "eaa-initial", "eaa-pilot-1", "--pair", pair, code=2)


def test_a_pairing_of_what_is_not_there_names_what_is() -> None:
    assert "P99" in run("theory", "diff", *PILOT, "eaa-initial", "eaa-pilot-1", "--pair", "E01=P99", code=2).output


# --- queue ---------------------------------------------------------------------------------------------


def test_progress_is_kept_and_harms_no_reading(folder: Path) -> None:
    before = run("check", str(folder)).output
    run(
        "theory",
        "queue",
        str(folder),
        "eaa-pilot-1",
        "--done",
        "boaz2016a",
        "--done",
        "farr2021a",
        "--by",
        "ada",
        "--date",
        "2026-02-03",
        "--note",
        "yes, it does",
    )
    rows = list(csv.DictReader((folder / "queue.csv").read_text("utf-8").splitlines()))
    assert [(r["article"], r["version"], r["done"], r["by"], r["date"], r["note"]) for r in rows] == [
        (a, "eaa-pilot-1", "yes", "ada", "2026-02-03", "yes, it does") for a in ("boaz2016a", "farr2021a")
    ]
    shown = run("theory", "queue", str(folder), "eaa-pilot-1").output
    assert "boaz2016a  ada, 2026-02-03, yes, it does" in shown
    run("theory", "queue", str(folder), "eaa-pilot-1", "--undone", "boaz2016a")
    table = list(
        csv.DictReader(io.StringIO(run("theory", "queue", str(folder), "eaa-pilot-1", "--format", "csv").stdout))
    )
    assert {r["article_id"] for r in table if r["done"] == "yes"} == {"farr2021a"}
    after = run("check", str(folder)).output
    told = set(after.splitlines()) - set(before.splitlines())
    assert any("queue.csv was left alone" in line for line in told)
    errors = [f for f in pipeline.check(folder).findings if f.where.file == "queue.csv"]
    assert [(f.rule, f.severity) for f in errors] == [("unknown-sheet", "note")]


def test_rows_of_the_team_in_the_queue_file_are_kept(folder: Path) -> None:
    (folder / "queue.csv").write_text(
        "article,version,done,by,date,note,shelf\nboaz2016a,eaa-pilot-1,no,,,,top\n,,perhaps,,,odd,\n", "utf-8"
    )
    done = run("theory", "queue", str(folder), "eaa-pilot-1", "--done", "boaz2016a", "--by", "ada")
    assert "names no article or no version" in done.output
    text = (folder / "queue.csv").read_text("utf-8")
    assert "boaz2016a,eaa-pilot-1,yes,ada" in text
    assert ",top" in text
    assert "odd" in text


def test_a_workbook_keeps_its_progress_beside_it(folder: Path, tmp_path: Path) -> None:
    run("export", str(folder), "--format", "xlsx", "--out", str(tmp_path / "team.xlsx"))
    run("theory", "queue", str(tmp_path / "team.xlsx"), "eaa-pilot-1", "--done", "boaz2016a", "--by", "ada")
    assert (tmp_path / "team-queue.csv").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--done", "boaz2016b"), "boaz2016a"),
        (("--done", "boaz2016a", "--date", "yesterday"), "YYYY-MM-DD"),
        (("--done", "boaz2016a", "--undone", "boaz2016a"), "at once"),
        (("--by", "ada"), "--done"),
        (("--since", "nothing"), "no theory version"),
    ],
)
def test_what_cannot_be_noted_is_refused(folder: Path, words: tuple[str, ...], told: str) -> None:
    assert told in run("theory", "queue", str(folder), "eaa-pilot-1", *words, code=2).output
    assert not (folder / "queue.csv").exists()


def test_a_shipped_example_is_not_written_into(tmp_path: Path) -> None:
    words = ("theory", "queue", *PILOT, "eaa-pilot-1", "--done", "boaz2016a", "--by", "ada")
    assert "--progress" in run(*words, code=2).output
    run(*words, "--progress", str(tmp_path / "mine.csv"))
    assert (tmp_path / "mine.csv").is_file()
    assert not (resources.example("eaa_pilot") / "queue.csv").exists()


# --- lint ----------------------------------------------------------------------------------------------


def test_a_rule_is_overruled_in_its_column(folder: Path) -> None:
    path = folder / "configurations.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    for row in rows:
        row["lint_ok"] = "no-context: left open on purpose" if row["id"] == "E01" else ""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    found = json.loads(run("theory", "lint", str(folder), "eaa-initial", "--format", "json").stdout)
    about = {f["cell"]: f for f in found if f["rule"] == "no-context"}
    assert about["E01"]["severity"] == "note"
    assert about["E01"]["message"].endswith("Overruled: left open on purpose")
    assert about["E02"]["severity"] == "warning"
    assert not [f for f in pipeline.check(folder).findings if "lint_ok" in f.message]


def test_lint_fails_only_when_told_to() -> None:
    run("theory", "lint", *PILOT)
    run("theory", "lint", *PILOT, "--fail-on", "warning", code=1)
    run("theory", "lint", *PILOT, "--fail-on", "error")


def test_slips_and_unrecorded_changes_are_among_the_findings_of_a_build() -> None:
    built = pipeline.build(resources.example("eaa_pilot"), Settings(infer="none"))
    rules = {f.rule for f in built.findings}
    assert {"no-context", "only-challenging", "change-not-recorded"} <= rules
    assert not rules & {"no-context", "change-not-recorded"} & {f.rule for f in built.checked.findings}
    assert len(built.findings) == len(set(built.findings))


# --- what is missing -----------------------------------------------------------------------------------


def test_a_review_without_a_theory_is_told_what_to_do(folder: Path) -> None:
    for name in ("theories", "configurations", "changes"):
        (folder / f"{name}.csv").unlink()
    assert "(no rows)" in run("theory", "list", str(folder)).output
    assert "fill the sheet theories" in run("theory", "show", str(folder), "x", code=2).output
    assert "fill the sheet theories" in run("theory", "diff", str(folder), code=2).output
    assert "0 configurations looked at" in run("theory", "lint", str(folder)).output


def test_a_circle_of_revisions_is_told(folder: Path) -> None:
    (folder / "changes.csv").unlink()
    (folder / "theories.csv").write_text(
        "id,label,date,status,revision_of,summary,configurations\na,A,2024,initial,b,,E01\nb,B,2024,refined,a,,E01|P01\n",
        "utf-8",
    )
    assert "in a circle: a and b" in run("theory", "list", str(folder)).output
    for words in (("show", "a"), ("diff", "a", "b"), ("queue", "b")):
        run("theory", words[0], str(folder), *words[1:])
    run("report", str(folder), "--format", "md")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", *PILOT), "eaa-initial"),
        (("diff", *PILOT, "eaa-initial"), "later version"),
        (("show", *PILOT, "eaa-pilot"), "did you mean"),
        (("show", *PILOT, "a", "b"), "too many"),
        (("list",), "--example"),
        (("list", "there-is-no-such-folder"), "nothing at"),
    ],
)
def test_what_is_not_understood_is_answered(words: tuple[str, ...], told: str) -> None:
    done = run("theory", *words, code=2)
    assert told in done.output
    assert "Traceback" not in done.output


# --- report -----------------------------------------------------------------------------------------------


def test_the_report_goes_where_it_is_told(folder: Path, tmp_path: Path) -> None:
    done = run("report", str(folder), "--format", "html")
    assert (folder / "report.html").is_file()
    assert (folder / "report-tables.xlsx").is_file()
    assert "wrote" in done.output
    run("report", str(folder), "--format", "md", "--out", str(tmp_path), "--standard", "evaluation")
    assert "RAMESES II" in (tmp_path / "report.md").read_text("utf-8")
    assert "does not end in .docx" in run("report", str(folder), "--out", str(tmp_path / "x.pdf"), code=2).output
    style = run("report", str(folder), "--format", "md", "--style", str(tmp_path / "none.csl"), code=2)
    assert "no citation style" in style.output


def test_a_report_in_the_folder_does_not_get_into_the_next_reading(folder: Path) -> None:
    before = pipeline.check(folder)
    run("report", str(folder), "--format", "md")
    after = pipeline.check(folder)
    assert after.records == before.records
    assert [f.rule for f in after.findings if f.severity == "error"] == [
        f.rule for f in before.findings if f.severity == "error"
    ]


def test_a_build_writes_the_report_and_its_tables(folder: Path) -> None:
    text = run("build", str(folder)).output
    made = folder / "build"
    assert {"report.docx", "report.html", "report.md", "tables.xlsx"} <= {p.name for p in made.iterdir()}
    assert "report.docx" in text
    assert (made / "tables" / "characteristics.csv").is_file()
    assert (made / "report-figures").is_dir()


@pytest.mark.slow
def test_a_build_without_the_extra_says_how_to_get_the_word_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "docx", None)
    text = run("build", str(folder)).output
    assert 'pip install "eaa-graph[report]"' in text
    assert (folder / "build" / "report.html").is_file()
    assert "eaa-graph[report]" in run("report", str(folder), code=2).output
