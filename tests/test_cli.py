"""The command line: examples that work, exit codes, plain output, and nothing lost on the way."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from strategies import few_articles

from eaa_graph import __version__, pipeline
from eaa_graph.cli import COMMANDS, main
from eaa_graph.cli.shared import column_widths, echo_entry, echo_table, print_findings
from eaa_graph.model import HEURISTICS, SHEETS, Records
from eaa_graph.pipeline import check
from eaa_graph.registry import parts
from eaa_graph.resources import example, examples
from eaa_graph.store import FORMATS

PROGRAM = [sys.executable, "-m", "eaa_graph"]


@cache
def small() -> Records:
    return few_articles(check(example("eaa_pilot")).records, 6)


def run(*arguments: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(main, list(arguments), catch_exceptions=False, prog_name="eaa-graph")
    assert result.exit_code == expect, f"{arguments}: {result.output}"
    assert "Traceback" not in result.output
    return result


def program(*arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, check=False, timeout=120, **more)  # type: ignore[call-overload,no-any-return]


def folder_of(review: Records, place: Path) -> Path:
    parts("writers")["csv"].write(review, place)
    return place


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- help ------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command and sub-command with the words that call it."""
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                assert found is not None
                yield (name, inner), found
        else:
            yield (name,), command


def shown(command: click.Command) -> list[str]:
    return [line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("eaa-graph ")]


EXAMPLES = [(words, line) for words, command in commands() for line in shown(command)]
EXAMPLES += [((), line) for line in shown(main) if not any(line == other for _, other in EXAMPLES)]


def marked(words: tuple[str, ...], line: str) -> object:
    """Give what builds or prints the whole pilot the mark of slow tests."""
    whole = re.match(r"eaa-graph (build|publish|report) .*eaa_pilot", line)
    return pytest.param(words, line, id=line, marks=[pytest.mark.slow] if whole else [])


@pytest.mark.parametrize(
    ("words", "command"), list(commands()), ids=lambda v: " ".join(v) if isinstance(v, tuple) else ""
)
def test_every_command_explains_itself_with_an_example(words: tuple[str, ...], command: click.Command) -> None:
    text = run(*words, "--help").output
    assert len((command.help or "").splitlines()[0]) > 20
    assert shown(command), "no example"
    assert any(line.startswith(f"eaa-graph {' '.join(words)}") for line in shown(command))
    for line in shown(command):
        assert line in text, "wrapped or lost"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name


def test_the_list_of_commands_is_complete() -> None:
    text = run("--help").output
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", text, re.MULTILINE), name
    assert run("-h").output == text
    assert __version__ in run("--version").output


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has whatever the examples speak of: a small review with those ids, projects, references."""
    place = tmp_path_factory.mktemp("workshop")
    review = folder_of(small(), place / "my-review")
    first = small().articles[0].id
    for path in review.glob("*.csv"):
        text = path.read_text("utf-8")
        path.write_text(text.replace(first, "smith2019").replace("eaa-pilot-1", "refined-2"), "utf-8", newline="\n")
    written = parts("writers")
    for form, name in (("qdpx", "project.qdpx"), ("ris", "references.ris")):
        if form in written:
            written[form].write(small(), place / name)
    for name, coder in (("review-ana", "coder-a"), ("review-bo", "coder-b")):
        mine = tuple(e.model_copy(update={"derived_from": ()}) for e in small().extractions if e.coder == coder)
        alone = {
            "extractions": mine,
            "appraisals": (),
            "changes": (),
            "theories": (),
            "configurations": (),
            "claims": (),
        }
        folder_of(small().model_copy(update=alone), place / name)
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (place / "id_rsa.pem").write_bytes(pem)
    (place / "my-query.rq").write_text("SELECT ?e WHERE { ?e a eaa:CodedExtraction } ORDER BY ?e LIMIT 3\n", "utf-8")
    return place


@pytest.mark.parametrize(("words", "line"), [marked(*each) for each in EXAMPLES])
def test_example(
    words: tuple[str, ...], line: str, workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "serve" in words:
        pytest.skip("a server does not end; it has tests of its own")
    if "https://example.org/sparql" in line:
        pytest.skip("that store is anybody's; stores elsewhere have tests of their own")
    place = tmp_path / "here"
    shutil.copytree(workshop, place)
    monkeypatch.chdir(place)
    arguments = shlex.split(line)[1:]
    if arguments[0] == "new":
        shutil.rmtree(place / "my-review")
    missing = [a for a in arguments if re.fullmatch(r"[\w-]+\.(csl|qdpx|ris)", a) and not (place / a).exists()]
    if missing:
        pytest.skip(f"{missing[0]} cannot be made here")
    if "--propose" in arguments:
        (place / f"{arguments[1]}.mapping.toml").unlink()  # our own projects bring one along
    result = CliRunner().invoke(main, arguments, catch_exceptions=False, prog_name="eaa-graph")
    assert result.exit_code in ((0, 1) if "--fail-on" in arguments else (0,)), result.output
    assert result.output.strip()
    assert "Traceback" not in result.output


# --- a review from the first command to the last ------------------------------------------------------------


@pytest.mark.parametrize("name", ["my-review", "my-review.xlsx"])
@pytest.mark.parametrize("heuristic", sorted(HEURISTICS))
def test_what_new_makes_can_be_checked_and_built(name: str, heuristic: str, here: Path) -> None:
    made = run("new", name, "--heuristic", heuristic, "--title", "Ours").output
    assert f"eaa-graph check {name}" in made
    checked = run("check", name, "--fail-on", "error").output
    assert re.search(r"(\d+) rows read, 0 became records, \1 set aside", checked)
    if heuristic == "CMO":
        built = run("build", name).output
        assert "Ours" in built
        assert list(here.rglob("index.html"))
        assert list(here.rglob("graph.trig"))


def test_new_never_overwrites(here: Path) -> None:
    run("new", "my-review")
    before = {p: p.read_bytes() for p in (here / "my-review").iterdir()}
    again = run("new", "my-review", expect=2)
    assert "my-review" in again.output
    assert {p: p.read_bytes() for p in (here / "my-review").iterdir()} == before


def digests(place: Path) -> dict[str, str]:
    return {
        p.relative_to(place).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(place.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("name", ["example_minimal", pytest.param("six articles", marks=pytest.mark.slow)])
def test_the_same_review_gives_the_same_bytes(name: str, here: Path) -> None:
    """Built by processes with other hash seeds, and from rows in another order: every file is the same."""
    review = small() if name == "six articles" else check(example(name)).records
    for order in ("one", "again", "turned"):
        folder_of(review, here / order / "review")
    for path in (here / "turned" / "review").glob("*.csv"):
        head, *rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
        with path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([head, *reversed(rows)])
    made = []
    for seed, order in (("1", "one"), ("2", "again"), ("3", "turned")):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = program("build", "review", "--out", "built", cwd=here / order, env=env)
        assert done.returncode == 0, done.stderr
        made.append(digests(here / order / "built"))
    assert len(made[0]) > 20
    assert made[1] == made[0]
    # Findings name rows by their place in the file, which is what was turned round.
    different = {f for f in made[0].keys() | made[2].keys() if made[0].get(f) != made[2].get(f)}
    assert {f for f in different if "finding" not in f} <= {"build.json", "graph.trig"}


def test_building_again_changes_nothing(here: Path) -> None:
    folder_of(check(example("example_minimal")).records, here / "review")
    run("build", "review")
    first = digests(here / "review" / "build")
    run("build", "review")
    assert digests(here / "review" / "build") == first
    assert not [p for p in (here / "review").iterdir() if p.name.startswith(".")], "nothing is left beside it"


def test_a_build_never_replaces_the_work_of_people(here: Path) -> None:
    folder_of(check(example("example_minimal")).records, here / "review")
    run("build", "review")
    built = here / "review" / "build"
    (built / ".DS_Store").write_bytes(b"litter of a system is nobody's work")
    run("build", "review")
    (built / "notes.txt").write_text("mine", "utf-8")
    refused = run("build", "review", expect=2)
    assert "holds files that no build wrote: notes.txt" in refused.output
    assert (built / "notes.txt").read_text("utf-8") == "mine"
    (built / "notes.txt").unlink()
    report = built / "report.md"
    report.write_text(report.read_text("utf-8") + "filled in", "utf-8")
    refused = run("build", "review", expect=2)
    assert "changed since the build: report.md" in refused.output
    assert report.read_text("utf-8").endswith("filled in")
    run("build", "review", "--out", "elsewhere")


def test_a_folder_of_somebody_elses_is_left_alone(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "findings.json").write_text("[]", "utf-8")
    assert "no build wrote" in run("build", "--example", "example_minimal", "--out", "mine", expect=2).output
    (here / "file").write_text("x", "utf-8")
    assert "is a file" in run("build", "--example", "example_minimal", "--out", "file", expect=2).output
    (here / "empty").mkdir()
    run("build", "--example", "example_minimal", "--out", "empty")


def test_a_workbook_is_built_beside_itself(here: Path) -> None:
    run("export", "--example", "example_minimal", "--format", "xlsx", "--out", "review.xlsx")
    run("build", "review.xlsx")
    assert (here / "review-build" / "index.html").is_file()


@pytest.mark.parametrize("name", [n for n in examples() if n != "eaa_pilot"])
def test_shipped_examples_build(name: str, here: Path) -> None:
    run("build", "--example", name)
    assert (here / f"{name}-build" / "findings.json").is_file()


# --- asking -----------------------------------------------------------------------------------------------

ASKED = ("ask", "--example", "eaa_pilot", "mechanisms-together-in-extraction")


def test_an_answer_in_each_form_says_the_same() -> None:
    rows = list(csv.reader(io.StringIO(run(*ASKED, "--format", "csv").output)))
    rows = [r for r in rows if r and not r[0].startswith("#")]
    told = json.loads(run(*ASKED, "--format", "json").output)
    markdown = run(*ASKED, "--format", "md").output
    plain = run(*ASKED).output
    assert len(told["rows"]) == len(rows) - 1 == 66
    assert markdown.count("\n|") >= 66
    assert rows[1][0] in plain
    assert "extractions" in plain


def test_why_shows_as_many_passages_as_the_row_counts() -> None:
    count = json.loads(run(*ASKED, "--format", "json").output)["rows"][0]["extractions"]
    both = run(*ASKED, "--format", "csv", "--why", "1").output
    assert len(set(re.findall(r"\b[a-z]+\d{4}[a-z]-c\d+\b", both))) == count
    for wrong in ("0", "67", "x", "-1"):
        assert "takes a row from 1 to 66" in run(*ASKED, f"--why={wrong}", expect=2).output


def test_piped_output_is_plain() -> None:
    done = program(*ASKED)
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr
    assert not set("│┃━─").intersection(done.stdout.decode())
    done = program("check", "--example", "example_messy")
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [("ask", "--list"), ("export", "--example", "example_minimal", "--format", "nt")])
def test_a_reader_who_goes_away_is_no_error(arguments: tuple[str, ...]) -> None:
    with subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(60) in (0, 141)
    assert b"Traceback" not in errors
    assert b"BrokenPipe" not in errors


def test_the_list_of_questions_names_all_and_can_be_narrowed() -> None:
    everything = run("ask", "--list").output
    from eaa_graph.pipeline import answerable

    for name in answerable():
        assert re.search(rf"^{name}$", everything, re.MULTILINE)
    some = run("ask", "--list", "dyads").output
    assert "dyads" in some
    assert len(some) < len(everything)
    assert run("ask", str(example("example_minimal")), "--list").output == everything


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_review_leaves_as_linked_data(form: str, here: Path) -> None:
    done = program("export", "--example", "example_minimal", "--format", form)
    assert done.returncode == 0, done.stderr
    run("export", "--example", "example_minimal", "--format", form, "--out", "review.rdf")
    assert (here / "review.rdf").read_bytes() == done.stdout


def test_queries_of_every_kind(here: Path) -> None:
    base = ("query", "--example", "example_minimal")
    assert run(*base, "-e", "ASK { ?x a eaa:Article }").output == "true\n"
    assert "n" in run(*base, "-e", "SELECT (COUNT(*) AS ?n) WHERE { ?x a eaa:Article }", "--format", "csv").output
    assert run(*base, "-e", "DESCRIBE ?x WHERE { ?x a eaa:Review }").output.count(" .\n") > 3
    turtle = run(*base, "-e", "CONSTRUCT { ?x a eaa:Article } WHERE { ?x a eaa:Article }", "--format", "ttl").output
    assert "eaa:Article" in turtle
    (here / "q.rq").write_text("SELECT ?x WHERE { ?x a eaa:Article", "utf-8")
    assert "cannot be read" in run(*base, "q.rq", expect=2).output


# --- what cannot be done ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("chekc", "x"), "did you mean 'check'"),
        (("check",), "name the review's folder"),
        (("check", "no-such-folder"), "no-such-folder"),
        (("build", "no-such-folder"), "no-such-folder"),
        (("check", "empty"), "empty"),
        (("check", "binary"), "binary"),
        (("check", "binary.xlsx"), "binary.xlsx"),
        (("check", "--example", "eaa_pilto"), "did you mean 'eaa_pilot'"),
        (("check", "empty", "--example", "eaa_pilot"), "not both"),
        (("ask", "--example", "example_minimal"), "name a question"),
        (("ask", "--example", "example_minimal", "dyad"), "did you mean 'dyads'"),
        (("ask", "--example", "example_minimal", "dyads", "coder"), "NAME=VALUE"),
        (("ask", "--example", "example_minimal", "dyads", "codr=all"), "did you mean 'coder'"),
        (("ask", "--example", "example_minimal", "dyads", "--coder", "nobody"), "nobody"),
        (("query", "--example", "example_minimal"), "either as a file or with -e"),
        (("query", "--example", "example_minimal", "-e", "nonsense"), "not a SPARQL query"),
        (("query", "--example", "example_minimal", "no-such.rq"), "no-such.rq"),
        (("query", "--example", "example_minimal", "-e", "SELECT * WHERE { ?s ?p ?o }", "--format", "pdf"), "'pdf'"),
        (("export", "--example", "example_minimal", "--format", "trigg"), "did you mean 'trig'"),
        (("export", "--example", "example_minimal", "--format", "xlsx"), "--out"),
        (("build", "--example", "example_minimal", "--seed", "-1", "--out", "b"), "seed"),
        (
            ("build", "--example", "example_minimal", "--store", "https://me:secret@example.org/sparql", "--out", "b"),
            "must not hold a name or password",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(arguments: tuple[str, ...], says: str, here: Path) -> None:
    (here / "empty").mkdir()
    (here / "binary").write_bytes(bytes(range(256)) * 40)
    (here / "binary.xlsx").write_bytes(bytes(range(256)) * 40)
    result = run(*arguments, expect=2)
    assert says in result.output
    told = [line for line in result.stderr.splitlines() if line.startswith("eaa-graph: ")]
    assert len(told) == 1
    assert result.stdout == ""


def test_the_message_goes_to_standard_error_and_debug_shows_the_traceback() -> None:
    plain = program("check", "no-such-folder")
    assert (plain.returncode, plain.stdout) == (2, b"")
    assert plain.stderr.startswith(b"eaa-graph: ")
    debug = program("--debug", "check", "no-such-folder")
    assert b"Traceback" in debug.stderr
    assert debug.returncode != 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(here: Path) -> None:
    (here / "closed").mkdir(mode=0o000)
    run("check", "closed", expect=2)


@pytest.mark.parametrize(
    ("fail_on", "name", "code"),
    [
        ("never", "example_messy", 0),
        ("error", "example_messy", 1),
        ("note", "example_messy", 1),
        ("error", "eaa_pilot", 0),
        ("note", "eaa_pilot", 1),
    ],
)
def test_exit_code_1_says_that_there_are_findings(fail_on: str, name: str, code: int) -> None:
    run("check", "--example", name, "--fail-on", fail_on, expect=code)


def test_findings_as_json_name_every_place() -> None:
    found = json.loads(run("check", "--example", "example_messy", "--format", "json").output)
    assert len(found) == len(check(example("example_messy")).findings)
    assert {"rule", "severity", "where", "message", "fix", "row_set_aside"} <= set(found[0])


def test_the_counts_of_a_check_add_up() -> None:
    read, became, aside, findings = map(
        int,
        re.search(
            r"([\d,]+) rows read, ([\d,]+) became records, ([\d,]+) set aside; ([\d,]+) findings",
            run("check", "--example", "example_messy").output,
        ).groups(),  # type: ignore[union-attr]
    )
    assert read == became + aside
    assert findings == len(check(example("example_messy")).findings)


def test_a_graph_on_disk_is_kept(here: Path) -> None:
    run("build", "--example", "example_minimal", "--store", "kept", "--out", "built")
    from eaa_graph.store import OxigraphStore

    store = OxigraphStore(here / "kept")
    assert store.ask("ASK { ?x a eaa:Review }")
    store.close()


def test_every_sheet_can_be_checked_alone(here: Path) -> None:
    run("new", "my-review")
    for name in SHEETS:
        (here / "alone").mkdir()
        shutil.copy(here / "my-review" / f"{name}.csv", here / "alone")
        run("check", "alone")
        shutil.rmtree(here / "alone")


# --- looks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [40, 60, 80, 100, 140, 400])
def test_columns_fit_the_terminal_and_break_no_word(room: int) -> None:
    table = pipeline.answer(pipeline.review(example("eaa_pilot")), "expected-elsewhere")
    cells = [[c.title, *(str(cell.label if hasattr(cell, "label") else cell) for cell in table.column(c.name))] for c in table.columns]  # fmt: skip
    numeric = [isinstance(column[1], int) for column in (table.column(c.name) for c in table.columns)]
    widths = column_widths(cells, numeric, room)
    assert sum(widths) + 2 * (len(widths) - 1) <= room
    assert all(len(w) <= width for column, width in zip(cells, widths, strict=False) for t in column for w in t.split())
    if room == 400:
        assert widths == [max(map(len, column)) for column in cells]
    if room == 40:
        assert 1 <= len(widths) < len(cells)


def test_in_a_terminal_tables_are_ruled_and_say_what_they_leave_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    table = pipeline.answer(pipeline.review(example("eaa_pilot")), "cooccurrence", {"null": "none"})
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    echo_table(table)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert lines[0] == table.title
    assert any(set(line.strip()) == {"─"} for line in lines)
    assert max(map(len, lines)) <= 72
    assert any(line.startswith("No room for: ") for line in lines)
    rows = [line for line in lines if line.startswith(("dialogue ", "assets "))]
    points = {tuple(m.start() for m in re.finditer(r"\.", row)) for row in rows}
    assert len(rows) > 5
    assert len(points) == 1, "decimal points stand in line"


def test_in_a_terminal_lists_and_findings_break_between_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    echo_entry("lanes", "Every configuration as a band", [("theory", "A version. " * 9, "two"), ("least", "Few.", "")])
    print_findings(check(example("example_messy")).findings)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[2].startswith("    theory=two  A version.")
    assert lines[3].startswith(" " * len("    theory=two  ") + "A version.")
    told = " ".join(" ".join(lines).split())
    for found in check(example("example_messy")).findings[:3]:
        assert " ".join(found.message.split()) in told


def test_what_to_do_next_names_the_review_as_it_was_named(tmp_path: Path) -> None:
    review = tmp_path / "my review"
    shutil.copytree(example("example_messy"), review)
    told = CliRunner().invoke(main, ["build", str(review), "--out", str(tmp_path / "out")])
    assert f'eaa-graph check "{review}"    what is wrong' in told.output
    told = CliRunner().invoke(main, ["build", "--example", "example_messy", "--out", str(tmp_path / "out")])
    assert "eaa-graph check --example example_messy    what is wrong" in told.output
    assert "FOLDER" not in told.output
