"""Contracts that every part keeps: named, explained, documented, and either answering or refusing with a reason."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click import Context

from eaa_graph import pipeline, queries
from eaa_graph.cli import COMMANDS, main
from eaa_graph.errors import BadSettings, EaaError, Refused, UnknownName
from eaa_graph.findings import RULES, SEVERITIES
from eaa_graph.model import SHEETS
from eaa_graph.readers import Reader
from eaa_graph.registry import Parameter, arguments, find, parts
from eaa_graph.resources import example, examples
from eaa_graph.settings import SETTINGS, Settings
from eaa_graph.tables import Table, Thing
from eaa_graph.writers import Writer

DOCS = Path(__file__).resolve().parents[1] / "docs"
FOLDERS = ("readers", "writers", "measures", "gaps", "charts", "theory")
EVERY = [(folder, name) for folder in FOLDERS for name in parts(folder)]
MEASURED = [(folder, name) for folder, name in EVERY if folder in ("measures", "gaps", "theory")]
QUESTIONS = sorted(queries.questions())


@cache
def documentation() -> str:
    return "\n".join(p.read_text("utf-8") for p in sorted(DOCS.rglob("*.md")))


@cache
def built(name: str) -> pipeline.Built:
    return pipeline.review(example(name), Settings(infer="none"))


def or_reason(work: Callable[[], Any]) -> Any:
    """Return what `work` gives, or None when it refuses with a reason that a reader understands."""
    try:
        return work()
    except Refused as refusal:
        reason = str(refusal)
    assert len(reason) > 30, reason
    return None


def undocumented(names: list[str]) -> list[str]:
    """Return the names that stand in no page, each as a word of its own, however it is cased or hyphenated there."""
    text = documentation().casefold()
    spelt = {n: re.escape(n.casefold()).replace(r"\-", "[- ]") for n in names}
    return [n for n in names if not re.search(rf"(?<![\w-]){spelt[n]}(?![\w-])", text)]


# --- documentation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_part_is_documented_by_name(folder: str) -> None:
    assert undocumented(sorted(parts(folder))) == []


def test_every_question_command_setting_and_rule_is_documented_by_name() -> None:
    missing = {
        "questions": undocumented([*QUESTIONS, *sorted(queries.questions("gaps"))]),
        "commands": undocumented([f"eaa-graph {name}" for name in COMMANDS]),
        "settings": undocumented([f"--{s.name.replace('_', '-')}" for s in SETTINGS]),
        "rules": undocumented(sorted(RULES)),
        "sheets": undocumented(sorted(SHEETS)),
        "columns": undocumented(sorted({c.name for s in SHEETS.values() for c in s.columns})),
        "examples": undocumented(list(examples())),
    }
    assert {kind: names for kind, names in missing.items() if names} == {}


# --- what every part has ------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "name"), EVERY)
def test_part_explains_itself(folder: str, name: str) -> None:
    part = find(folder, name)
    assert part.name == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert part.title
    assert len(part.description) > 30
    if folder in ("measures", "gaps"):
        assert part.title.endswith("?"), "the question it answers"


@pytest.mark.parametrize(("folder", "name"), MEASURED)
def test_a_measure_documents_what_it_takes_and_gives_after_whom_with_an_example(folder: str, name: str) -> None:
    text = inspect.getdoc(find(folder, name).function) or ""
    for heading in ("Parameters", "Returns", "References", "Examples"):
        assert re.search(rf"^{heading}\n-{{{len(heading)}}}$", text, re.MULTILINE), heading
    assert re.search(r"doi:10\.|\(\d{4}\)", text.partition("References")[2]), "whose method is it?"
    assert ">>> " in text


@pytest.mark.parametrize(("folder", "name"), [e for e in EVERY if e[0] not in ("readers", "writers")])
def test_parameters_are_those_of_the_function(folder: str, name: str) -> None:
    part = find(folder, name)
    parameters = getattr(part, "parameters", ())
    accepted = inspect.signature(part.function).parameters
    for parameter in parameters:
        assert isinstance(parameter, Parameter)
        assert parameter.meaning.endswith((".", "?", ")")), parameter.name
        assert parameter.name in accepted, parameter.name
        default = accepted[parameter.name].default
        assert default is inspect.Parameter.empty or (default or None) == (parameter.default or None), parameter.name
        if parameter.choices and parameter.default is not None:
            assert parameter.default in parameter.choices
    optional = {
        n
        for n, p in list(accepted.items())[1:]
        if p.default is inspect.Parameter.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    assert optional <= {p.name for p in parameters}, "nobody can give these"


def test_no_two_things_that_can_be_asked_share_a_name() -> None:
    names = [*QUESTIONS, *queries.questions("gaps"), *(name for _, name in MEASURED)]
    assert len(names) == len(set(names))
    assert set(names) == set(pipeline.answerable())


def test_an_unknown_part_says_which_are_near() -> None:
    for folder, name in EVERY:
        with pytest.raises(UnknownName, match="did you mean"):
            find(folder, name + "x")


def test_text_becomes_what_the_default_is() -> None:
    known = (Parameter("n", "A number.", 3), Parameter("x", "A share.", 0.5), Parameter("b", "Whether.", True), Parameter("t", "A text."), Parameter("c", "One of two.", "a", ("a", "b")))  # fmt: skip
    assert arguments(known, {"n": "7", "x": "0.25", "b": "no", "t": "7", "c": "b"}) == {
        "n": 7,
        "x": 0.25,
        "b": False,
        "t": "7",
        "c": "b",
    }
    for name, text in (("n", "x"), ("x", "y"), ("b", "perhaps"), ("c", "d"), ("m", "1")):
        with pytest.raises(EaaError):
            arguments(known, {name: text})


# --- every measure, on every shipped review ----------------------------------------------------------------


def assert_readable(table: Table) -> None:
    assert table.title
    assert table.unit
    assert table.note, "what the numbers cannot show"
    for number, row in enumerate(table.rows):
        for column, cell in zip(table.columns, row, strict=True):
            for single in cell if isinstance(cell, tuple) and not isinstance(cell, Thing) else (cell,):
                assert single is None or isinstance(single, str | int | float | bool | Thing), (number, column.name)
                assert not isinstance(single, float) or math.isfinite(single), (number, column.name)
                assert type(single).__module__ in ("builtins", "eaa_graph.tables"), (number, column.name, type(single))


#: What a measure cannot be asked without, beside its defaults, on the pilot.
def needed(part: Any, review: str) -> dict[str, str]:
    things = {"concept": "dialogue", "theme": "how", "theory": "eaa-pilot-1", "article": "abma2010a", "configuration": "P02", "person": "coder-a", "outcome": "engagement"}  # fmt: skip
    given = {}
    accepted = inspect.signature(part.function).parameters
    for parameter in part.parameters:
        if (
            parameter.name in accepted
            and accepted[parameter.name].default is inspect.Parameter.empty
            and review == "eaa_pilot"
        ):
            given[parameter.name] = things.get(parameter.refers_to, things.get(parameter.name, ""))
    return given


@pytest.mark.parametrize(("folder", "name"), MEASURED)
def test_part_answers_on_the_pilot_or_refuses_with_a_reason(folder: str, name: str) -> None:
    review = built("eaa_pilot")
    table = or_reason(lambda: pipeline.answer(review, name, needed(find(folder, name), "eaa_pilot")))
    if table is None:
        return
    assert_readable(table)
    known = {e.id for e in review.records.extractions}
    for number in range(0, len(table), max(1, len(table) // 5)):
        for column in table.columns:
            ids = table.opens(number, column.name)
            assert list(ids) == sorted(set(ids)), (number, column.name)
            assert set(ids) <= known, (number, column.name)


@pytest.mark.parametrize("review", ["eaa_published", "example_minimal", "example_messy"])
def test_every_part_answers_or_refuses_on_reviews_that_have_less(review: str) -> None:
    for folder, name in MEASURED:
        try:
            table = or_reason(lambda: pipeline.answer(built(review), name, needed(find(folder, name), review)))  # noqa: B023
        except (UnknownName, BadSettings):
            continue  # it names a thing of the pilot, or needs one named
        if table is not None:
            assert_readable(table)


@pytest.mark.parametrize("name", sorted(parts("charts")))
def test_chart_draws_the_pilot_or_refuses_with_a_reason(name: str) -> None:
    drawing = or_reason(lambda: pipeline.draw(built("eaa_pilot"), name))
    if drawing is None:
        return
    assert drawing.svg.lstrip().startswith(("<svg", "<?xml"))
    assert "<title" in drawing.svg
    assert "NaN" not in drawing.svg.replace("NaNo", "")
    assert drawing.tables
    again = pipeline.draw(built("eaa_pilot"), name)
    assert again.svg == drawing.svg


def test_readers_and_writers_are_what_they_say(tmp_path: Path) -> None:
    for reader in parts("readers").values():
        assert isinstance(reader, Reader)
        assert all(s == "/" or (s.startswith(".") and s == s.lower()) for s in reader.suffixes)
        missing = tmp_path / "missing"
        with pytest.raises(EaaError):
            reader.read(missing)
    for writer in parts("writers").values():
        assert isinstance(writer, Writer)
        assert writer.suffix == "/" or writer.suffix.startswith(".")


@pytest.mark.parametrize("name", sorted(parts("writers")))
def test_writer_writes_the_pilot_twice_alike_or_refuses(name: str, tmp_path: Path) -> None:
    writer = parts("writers")[name]
    made: list[dict[str, bytes]] = []
    for place in (tmp_path / "one", tmp_path / "two"):
        place.mkdir()
        target = place / ("review" if writer.suffix == "/" else f"review{writer.suffix}")
        written = or_reason(lambda: writer.write(built("eaa_pilot").records, target))  # noqa: B023
        if written is None:
            return
        assert written
        assert all(p.is_file() for p in written)
        made.append({p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()})
    assert made[0] == made[1]


# --- settings, rules, commands -------------------------------------------------------------------------------


def test_every_setting_is_an_option_of_a_command() -> None:
    context = Context(main)
    options = set()
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        options |= {o for p in command.params for o in p.opts}
    assert {f"--{s.name.replace('_', '-')}" for s in SETTINGS} - options == set()


def test_every_rule_has_a_severity_and_a_meaning() -> None:
    for name, rule in RULES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert rule.severity in SEVERITIES
        assert rule.meaning.endswith(".")
