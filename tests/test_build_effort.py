"""A build does its work once, and brings in no library that a small review can do without."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from eaa_graph import pipeline, queries, resources, results
from eaa_graph.tables import Table

_IMPORTED = """
import sys
from click.testing import CliRunner
from eaa_graph.cli import main
done = CliRunner().invoke(main, ["build", sys.argv[1], "--out", sys.argv[2]])
assert done.exit_code == 0, done.output
print(",".join(name for name in ("scipy", "openpyxl", "rdflib", "pandas", "owlready2") if name in sys.modules))
"""


def test_no_question_is_worked_out_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    run = queries.run

    def counted(store: object, question: queries.Question, given: object = None, known: object = None) -> Table:
        asked[f"{question.name} {given}"] += 1
        return run(store, question, given, known)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "run", counted)
    built = pipeline.build(resources.example("example_minimal"))
    results.write(built, tmp_path / "build")
    list(results.summary(built, tmp_path / "build", "my-review"))
    # What lies behind a number is asked where a page shows it, each time with other parameters.
    assert asked
    assert max(asked.values()) == 1, asked.most_common(3)
    given = {"by": "none"}
    once = pipeline.answer(built, "occurrence", given)
    assert pipeline.answer(built, "occurrence", {**given, "coder": "preferred"}) is once
    assert pipeline.answer(built, "occurrence", {**given, "role": "outcome"}) is not once


def test_a_small_build_brings_in_no_large_library(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED, str(resources.example("example_minimal")), str(tmp_path / "build")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
