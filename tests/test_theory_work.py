"""What a team does with a theory: reads again after a change, weighs the evidence of versions, lints configurations."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph import pipeline, resources
from eaa_graph.errors import UnknownName, UnreadableFile
from eaa_graph.model import (
    Article,
    Change,
    Claim,
    Concept,
    Configuration,
    Expectation,
    Extraction,
    Person,
    Records,
    Review,
    Theory,
)
from eaa_graph.network import Incidence
from eaa_graph.theory.evidence import (
    bearings,
    evidence_over_versions,
    evidence_side_by_side,
    expectations_over_versions,
    gained_and_lost,
)
from eaa_graph.theory.lint import RULES, lint, rules_table
from eaa_graph.theory.queue import Progress, mark, queue, read_progress, targets, write_progress
from eaa_graph.theory.versions import history

NAMES = ("c", "d", "m", "n", "o", "p", "k")


def passage(name: str, article: str, codes: str, **more: object) -> Extraction:
    """Make an extraction from 'c > m > o' with '+' between concepts."""
    parts = [tuple(x.strip() for x in p.split("+") if x.strip()) for p in codes.split(">")]
    slots = dict(zip(("contexts", "mechanisms", "outcomes"), parts, strict=False))
    return Extraction(id=name, article=article, coder="me", **slots, **more)  # type: ignore[arg-type]


def review(*extractions: Extraction, **more: object) -> Records:
    defaults: dict = {
        "configurations": (
            Configuration(id="x", mechanisms=(("m",),), outcomes=(("o",),)),
            Configuration(id="y", contexts=(("c",),), mechanisms=(("m",),), outcomes=(("o",),)),
        ),
        "theories": (
            Theory(id="t1", configurations=("x",), date="2020"),
            Theory(id="t2", configurations=("y",), date="2021-06", revision_of=("t1",)),
        ),
    }
    return Records(
        review=Review(id="r", title="R"),
        people=(Person(id="me"),),
        articles=tuple(Article(id=f"a{n}") for n in range(1, 7)),
        concepts=tuple(Concept(id=n, label=f"the {n}") for n in NAMES),
        extractions=extractions,
        **(defaults | more),
    ).ordered()


# --- the retroduction queue -------------------------------------------------------------


def test_articles_that_code_the_change_or_are_near_it_are_asked() -> None:
    records = review(
        passage("e1", "a1", "c > m > o"),  # codes the new context
        passage("e2", "a2", "c > n > "),
        passage("e3", "a3", " > n > "),  # n goes with c in a2 and a4 of four articles: near
        passage("e4", "a4", "c > n > "),
        passage("e5", "a5", " > n > "),
        passage("e6", "a6", " > p > "),  # nothing to do with it
    )
    past = history(records)
    (target,) = targets(past.version("t2"), past)
    assert (target.item.id, target.concepts) == ("y", ("c",))
    table = queue(records, past, "t2")
    rows = {row["article"].id: row for row in table.records()}
    assert list(rows) == ["a1", "a2", "a4", "a3", "a5"]
    assert [rows[a]["score"] for a in rows] == [1, 1, 1, 0.5, 0.5]
    assert [rows[a]["why"] for a in rows] == ["codes"] * 3 + ["near"] * 2
    assert (
        rows["a1"]["question"]
        == "y: a1 codes the c, the m and the o: does it show them at work together as the configuration says, or otherwise?"
    )
    assert rows["a2"]["question"] == "y: a2 codes the c: does it also tell of the m as mechanism and the o as outcome?"
    assert rows["a3"]["question"] == (
        "y: a3 codes none of it, but the n goes with the c in 2 of 4 articles: does it tell of the c as context, "
        "the m as mechanism and the o as outcome?"
    )
    assert table.opens(3, "near") == ("e3",)
    assert table.opens(0, "codes") == ("e1",)
    # A stricter eye sees nothing near.
    assert [r["article"].id for r in queue(records, past, "t2", near=0.6).records()] == ["a1", "a2", "a4"]


def test_only_what_was_coded_before_the_version_counts() -> None:
    records = review(
        passage("e1", "a1", "c > m > o", date="2020-01-01"),
        passage("e2", "a2", "c > m > o", date="2021-07-01"),
        passage("e3", "a3", "c > m > o", date="2021"),  # may have been before June
        passage("e4", "a4", "c > m > o"),
    )
    table = queue(records, history(records), "t2")
    assert [r["article"].id for r in table.records()] == ["a1", "a3", "a4"]
    assert "up to 2021-06" in table.denominator


def test_an_article_already_weighed_for_the_configuration_is_left_out() -> None:
    y = Configuration(id="y", contexts=(("c",),), mechanisms=(("m",),), outcomes=(("o",),), challenging=("e1",))
    x = Configuration(id="x", mechanisms=(("m",),), outcomes=(("o",),))
    records = review(passage("e1", "a1", "c > m > o"), passage("e2", "a2", "c > m > o"), configurations=(x, y))
    assert [r["article"].id for r in queue(records, history(records), "t2").records()] == ["a2"]


def test_dropped_configurations_and_claims_are_asked_about() -> None:
    records = review(
        passage("e1", "a1", " > k > p"),
        configurations=(Configuration(id="x", mechanisms=(("k",),), outcomes=(("p",),)),),
        theories=(Theory(id="t1", configurations=("x",)), Theory(id="t2", revision_of=("t1",))),
        claims=(Claim(id="l", theory="t2", from_concepts=("k",), relation="leads to", to_concepts=("n",)),),
    )
    (row,) = queue(records, history(records), "t2").records()
    assert "x: it was dropped, and a1 codes the k and the p: does a1 still speak for it?" in row["question"]
    assert "l: a1 codes the k: does it also tell of the n?" in row["question"]
    assert {t.kind for t in row["configurations"]} == {"configuration", "claim"}


def test_a_queue_without_a_change_says_so() -> None:
    records = review(passage("e1", "a1", "c > m > o"))
    past = history(records)
    assert "revises no version" in queue(records, past, "t1").note
    assert len(queue(records, past, "t1")) == 0
    assert "Nothing of the theory changed" in queue(records, past, "t2", since="t2").note
    with pytest.raises(UnknownName):
        queue(records, past, "t2", coder="nobody")


def test_progress_survives_asking_again(tmp_path: Path) -> None:
    records = review(passage("e1", "a1", "c > m > o"), passage("e2", "a2", "c > > "))
    past, path = history(records), tmp_path / "queue.csv"
    assert read_progress(path) == ((), ())
    write_progress(path, mark((), "a1", "t2", by="me", date="2022-01-01", note='said "no", twice'))
    entries, findings = read_progress(path)
    assert not findings
    rows = list(queue(records, past, "t2", progress=entries).records())
    assert [(r["article"].id, r["done"], r["note"]) for r in rows] == [
        ("a2", False, None),
        ("a1", True, 'said "no", twice'),
    ]
    # Marking it undone keeps what was noted; an article no longer asked about stays in the record.
    again = mark(mark(entries, "a1", "t2", done=False), "a6", "t2")
    write_progress(path, again)
    kept, _ = read_progress(path)
    assert [(p.article, p.done, p.note) for p in kept] == [("a1", "no", 'said "no", twice'), ("a6", "yes", "")]
    assert "a6" in queue(records, past, "t2", progress=kept).note


def test_a_strange_record_of_progress_is_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    path.write_bytes("Article,version,done,room\na1,t2,maybe,12\na1,t2,Yes,\n,t2,,é\n".encode("cp1252"))
    entries, findings = read_progress(path)
    assert [f.rule for f in findings] == [
        "encoding-guessed",
        "progress-unclear",
        "progress-repeated",
        "progress-unclear",
    ]
    assert [str(f.where) for f in findings[1:]] == ["queue.csv:2 (done)", "queue.csv:3", "queue.csv:4"]
    write_progress(path, entries)
    with path.open(encoding="utf-8", newline="") as file:
        assert sorted(r["room"] for r in csv.DictReader(file)) == ["", "12", "é"]
    with pytest.raises(UnreadableFile):
        read_progress(tmp_path)


_cell = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8).map(str.strip)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            Progress,
            _cell.filter(bool),
            _cell.filter(bool),
            st.sampled_from(["yes", "no", ""]),
            _cell,
            _cell,
            _cell,
            st.just(()),
        ),
        max_size=5,
    )
)
def test_progress_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, entries: list[Progress]) -> None:
    path = tmp_path_factory.mktemp("queue") / "queue.csv"
    write_progress(path, entries)
    read, _ = read_progress(path)
    assert sorted(read) == sorted(entries)


# --- evidence over versions ----------------------------------------------------------------


@pytest.fixture
def weighed() -> Records:
    return review(
        passage("e1", "a1", "c > m > o", stance="supports"),
        passage("e2", "a2", " > m > o", stance="supports"),
        passage("e3", "a3", "c > m > o", stance="challenges"),
        passage("e4", "a4", "d > k > p", stance="supports"),
        passage("e5", "a5", " > n > ", stance="refines"),
        configurations=(
            Configuration(id="x", mechanisms=(("m",),), outcomes=(("o",),)),
            Configuration(id="y", contexts=(("c",),), mechanisms=(("m",),), outcomes=(("o",),), supporting=("e5",)),
            Configuration(id="z", contexts=(("d",),), mechanisms=(("k",),), outcomes=(("p",),)),
            Configuration(id="w", mechanisms=(("d",),), outcomes=(("c",),)),
        ),
        theories=(
            Theory(id="t1", configurations=("x", "w")),
            Theory(id="t2", configurations=("y", "z"), revision_of=("t1",)),
            Theory(id="t3", configurations=("w",), revision_of=("t2",)),
        ),
        expectations=(
            Expectation(concept="k", source="Farr"),
            Expectation(concept="n", source="Palmer"),
            Expectation(concept="d", source="Knowles"),
        ),
    )


def test_versions_side_by_side(weighed: Records) -> None:
    incidence, past = Incidence.from_records(weighed), history(weighed)
    found = bearings(incidence, past)
    assert found.passages["x", "supports", "matched"] == ("e1", "e2")
    assert found.passages["y", "supports", "matched"] == ("e1",)
    assert found.passages["y", "supports", "asserted"] == ("e5",)
    assert found.passages["y", "refines", "asserted"] == ("e5",)
    states = {
        (r["version"].id, r["configuration"].id): r["state"] for r in evidence_side_by_side(incidence, past).records()
    }
    assert states == {
        ("t1", "x"): "contested",
        ("t1", "w"): "untested",
        ("t2", "y"): "contested",
        ("t2", "z"): "supported",
        ("t3", "w"): "untested",
    }
    table = evidence_over_versions(incidence, past)
    first, second, _ = table.records()
    assert (first["contested"], first["untested"], first["supports_matched"], first["challenges_matched"]) == (
        1,
        1,
        2,
        1,
    )
    assert (second["supported"], second["supports_asserted"], second["supports_matched"]) == (1, 1, 2)
    assert table.opens(1, "supports_matched") == ("e1", "e4")


def test_what_a_refinement_gained_and_lost(weighed: Records) -> None:
    incidence, past = Incidence.from_records(weighed), history(weighed)
    table = gained_and_lost(incidence, past, past.version("t1"), past.version("t2"))
    rows = {r["what"]: r for r in table.records()}
    matched = rows["Supporting articles, matched"]
    assert (matched["before"], matched["after"], matched["gained"], matched["lost"], matched["kept"]) == (2, 2, 1, 1, 1)
    assert [t.id for t in matched["gained_which"]] == ["a4"]
    assert [t.id for t in matched["lost_which"]] == ["a2"]
    assert [t.id for t in rows["Untested configurations"]["lost_which"]] == ["w"]
    number = [r["what"] for r in table.records()].index("Supporting articles, matched")
    assert table.opens(number, "lost_which") == ("e2",)
    for row in table.records():
        assert row["after"] == row["kept"] + row["gained"]
        assert row["before"] == row["kept"] + row["lost"]


def test_gaps_open_narrow_and_close(weighed: Records) -> None:
    table = expectations_over_versions(Incidence.from_records(weighed), history(weighed))
    steps = {(r["concept"].id, r["version"].id): r["step"] for r in table.records()}
    assert steps == {
        ("k", "t1"): None, ("k", "t2"): "closed", ("k", "t3"): "opened",
        ("n", "t1"): None, ("n", "t2"): "still open", ("n", "t3"): "still open",
        ("d", "t1"): None, ("d", "t2"): "closed", ("d", "t3"): "widened",
    }  # fmt: skip


def test_a_review_without_extractions_or_theory_has_tables(weighed: Records) -> None:
    for bare in (weighed.model_copy(update={"extractions": ()}), weighed.model_copy(update={"theories": ()})):
        incidence, past = Incidence.from_records(bare), history(bare)
        assert len(evidence_over_versions(incidence, past)) == len(bare.theories)
        assert len(evidence_side_by_side(incidence, past)) == sum(len(t.configurations) for t in bare.theories)
        assert all(
            not isinstance(c, float) or c == c for r in expectations_over_versions(incidence, past).rows for c in r
        )


def test_asserted_articles_of_the_pilot_equal_the_sheet() -> None:
    records = pipeline.check(resources.example("eaa_pilot")).records
    incidence, past = Incidence.from_records(records), history(records)
    article = {e.id: e.article for e in records.extractions}
    by_hand = {c.id: {article[e] for e in c.supporting} for c in records.configurations}
    for row in evidence_side_by_side(incidence, past).records():
        assert row["supports_asserted"] == len(by_hand[row["configuration"].id])


# --- lint ---------------------------------------------------------------------------------------

CONCEPTS = (
    Concept(id="training", label="staff training", listed_as="intervention"),
    Concept(id="share", label="sharing power"),
    Concept(id="ward", label="clinical setting", listed_as="context"),
    Concept(id="fund", label="existing funding"),
    Concept(id="trust", label="trust", listed_as="mechanism", definition="People come to rely on each other"),
    Concept(id="space", label="safe space", listed_as="resource"),
    Concept(id="plan", label="action plan"),
    Concept(id="health", label="better health", synonyms=("wellness",)),
)
_GOOD: dict = {
    "contexts": (("ward",),),
    "mechanisms": (("trust",),),
    "outcomes": (("health",),),
    "statement": "Trust brings health.",
}

SLIPS = {
    "context-is-activity": [{"contexts": (("training",),)}, {"contexts": (("share",),)}, {"contexts": (("trust",),), "mechanisms": (("space",),), "reasonings": (("health",),)}],
    "mechanism-is-intervention": [{"mechanisms": (("training",),)}, {"interventions": (("space",),), "resources": (("space",),)}],
    "no-reasoning": [{"mechanisms": ()}, {"mechanisms": (), "resources": (("space",),)}, {"mechanisms": (("space",),)}],
    "outcome-is-plan": [{"outcomes": (("plan",),)}],
    "no-context": [{"contexts": ()}],
    "no-outcome": [{"outcomes": ()}],
    "outcome-is-mechanism": [{"outcomes": (("trust",), ("health",))}],
    "statement-missing": [{"statement": None}],
    "statement-off-concepts": [{"statement": "Weather is changeable."}],
    "only-challenging": [{"challenging": ("e1", "e2")}],
    "single-article": [{"supporting": ("e1",)}],
}  # fmt: skip


def linted(*configurations: Configuration, **more: object) -> list[tuple[str, str]]:
    records = Records(
        review=Review(id="r", title="R"),
        articles=(Article(id="a1"), Article(id="a2")),
        concepts=CONCEPTS,
        extractions=(Extraction(id="e1", article="a1"), Extraction(id="e2", article="a2")),
        configurations=configurations,
        **more,  # type: ignore[arg-type]
    )
    findings = lint(records)
    assert all(f.message and (f.fix or f.severity == "note") for f in findings)
    return [(f.rule, f.severity) for f in findings]


def test_a_sound_configuration_is_left_alone() -> None:
    assert linted(Configuration(id="x", supporting=("e1", "e2"), **_GOOD)) == []
    # Words in -ing that name no activity, echoes of a definition, synonyms and other forms of a word are no slips.
    for change in (
        {"contexts": (("fund",),)},
        {"statement": "They rely on other people."},
        {"statement": "Wellness."},
        {"statement": "It is healthy."},
    ):
        assert linted(Configuration(id="x", **(_GOOD | change))) == []


@pytest.mark.parametrize("rule", [r for r in RULES if r != "duplicate"])
def test_each_rule_finds_its_slip_and_can_be_overruled(rule: str) -> None:
    for change in SLIPS[rule]:
        found = linted(Configuration(id="x", **(_GOOD | change)))
        assert (rule, RULES[rule].severity) in found
        overruled = linted(Configuration(id="x", lint_ok=f"{rule}: we know", **(_GOOD | change)))
        assert (rule, "note") in overruled
        assert {r for r, _ in found} == {r for r, _ in overruled}


def test_the_reason_for_overruling_is_shown() -> None:
    records = Records(
        review=Review(id="r", title="R"),
        configurations=(Configuration(id="x", lint_ok="No_context: left open on purpose | no-outcome: later"),),
    )
    notes = [f.message for f in lint(records) if f.severity == "note"]
    assert any(m.endswith("Overruled: left open on purpose") for m in notes)


def test_overruling_badly_is_told() -> None:
    found = linted(Configuration(id="x", lint_ok="no-contxt: why | no-outcome | duplicate: idle |", **_GOOD))
    assert found == [("overrule-idle", "note"), ("overrule-unknown", "warning"), ("overrule-without-reason", "warning")]


def test_duplicates_within_a_version_only() -> None:
    pair = (Configuration(id="x", **_GOOD), Configuration(id="y", **_GOOD))
    assert linted(*pair) == [("duplicate", "warning")] * 2
    together = (Theory(id="t", configurations=("x", "y")),)
    apart = (Theory(id="t", configurations=("x",)), Theory(id="u", configurations=("y",), revision_of=("t",)))
    assert linted(*pair, theories=together) == [("duplicate", "warning")] * 2
    assert linted(*pair, theories=apart) == []
    hindered = Configuration(id="y", polarity="hindering", **_GOOD)
    assert linted(pair[0], hindered, theories=together) == []


def test_every_rule_is_documented() -> None:
    assert [row[0] for row in rules_table().rows] == list(RULES)
    text = (Path(__file__).parents[1] / "docs" / "theory.md").read_text(encoding="utf-8")
    assert all(f"`{rule}`" in text for rule in RULES)


def test_changes_are_used_as_the_moment_of_an_undated_version() -> None:
    records = review(
        passage("e1", "a1", "c > m > o", date="2020-01-01"),
        passage("e2", "a2", "c > m > o", date="2022-01-01"),
        theories=(Theory(id="t1", configurations=("x",)), Theory(id="t2", configurations=("y",), revision_of=("t1",))),
        changes=(Change(theory="t2", change="reworded", subject="y", before=("x",), after=("y",), date="2021-01-01"),),
    )
    assert [r["article"].id for r in queue(records, history(records), "t2").records()] == ["a1"]
