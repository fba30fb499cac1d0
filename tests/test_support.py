"""Support and evidence profiles: worked cases, a brute-force oracle, properties, and the pilot's asserted lists."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph import resources
from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures.support import PARTS, Matcher, counting_as, evidence_profile, support
from eaa_graph.model import (
    POLARITIES,
    ROLES,
    STANCES,
    Appraisal,
    Article,
    Concept,
    Configuration,
    Extraction,
    Person,
    Records,
    Review,
    Theory,
)
from eaa_graph.network import Incidence, selected
from eaa_graph.tables import Table, Thing


def plain(cell: object) -> object:
    """Cells as ids, so that tests read like the sheets."""
    if isinstance(cell, Thing):
        return cell.id
    if isinstance(cell, tuple):
        return tuple(thing.id for thing in cell)
    return cell


def row_of(table: Table, configuration: str, completeness: str = "any", theory: str | None = "t") -> dict[str, object]:
    found = [
        {name: plain(cell) for name, cell in record.items()}
        for record in table.records()
        if plain(record["configuration"]) == configuration
        and record["completeness"] == completeness
        and plain(record["theory"]) == theory
    ]
    assert len(found) == 1, f"{len(found)} rows for {configuration} {completeness}"
    return found[0]


def opened(table: Table, configuration: str, column: str, completeness: str = "any") -> set[str]:
    for number, record in enumerate(table.records()):
        if plain(record["configuration"]) == configuration and record["completeness"] == completeness:
            return set(table.opens(number, column))
    raise AssertionError(f"no row {configuration} {completeness}")


def review(
    extractions: list[Extraction],
    configurations: list[Configuration],
    concepts: str = "c1 c2 m1 m2 m3 o1 o2",
    broader: dict[str, tuple[str, ...]] | None = None,
    theories: list[Theory] | None = None,
    studies: dict[str, str] | None = None,
    extra_articles: tuple[str, ...] = (),
    appraisals: tuple[Appraisal, ...] = (),
    preferred: str | None = None,
) -> Incidence:
    studies, broader = studies or {}, broader or {}
    articles = sorted({e.article for e in extractions} | set(extra_articles))
    coders = sorted({e.coder for e in extractions if e.coder} | ({preferred} if preferred else set()))
    if theories is None:
        theories = [Theory(id="t", configurations=tuple(sorted(c.id for c in configurations)))]
    records = Records(
        review=Review(id="r", title="R", preferred_coder=preferred),
        people=tuple(Person(id=c) for c in coders),
        articles=tuple(Article(id=a, study=studies.get(a)) for a in articles),
        concepts=tuple(Concept(id=c, label=c.upper(), broader=broader.get(c, ())) for c in concepts.split()),
        extractions=tuple(extractions),
        configurations=tuple(configurations),
        theories=tuple(theories),
        appraisals=appraisals,
    )
    return Incidence.from_records(records.ordered())


WHOLE = Configuration(id="K", contexts=(("c1",),), mechanisms=(("m1", "m2"),), outcomes=(("o1",), ("o2",)))


# --- worked by hand ---------------------------------------------------------------------------


def test_each_passage_stands_once_at_the_most_complete_level_it_reaches():
    e = [
        # C-M-O with the whole mechanism; second alternative of the outcome.
        Extraction(
            id="a-1",
            article="a",
            contexts=("c1",),
            mechanisms=("m1", "m2"),
            outcomes=("o2",),
            stance="supports",
            coder="x",
        ),
        # C-M-O with part of the mechanism, same article.
        Extraction(
            id="a-2", article="a", contexts=("c1",), mechanisms=("m1",), outcomes=("o1",), stance="supports", coder="x"
        ),
        # M-O, part.
        Extraction(id="b-1", article="b", mechanisms=("m2",), outcomes=("o1",), stance="supports", coder="y"),
        # C-M, whole, challenges.
        Extraction(
            id="b-2", article="b", contexts=("c1",), mechanisms=("m1", "m2", "m3"), stance="challenges", coder="y"
        ),
        # M, part, refines; other context.
        Extraction(id="c-1", article="c", contexts=("c2",), mechanisms=("m1",), stance="refines", coder="x"),
        # No mechanism of the configuration: no evidence, though context and outcome match.
        Extraction(
            id="c-2", article="c", contexts=("c1",), mechanisms=("m3",), outcomes=("o1",), stance="supports", coder="x"
        ),
        # Matches without a stance.
        Extraction(id="d-1", article="d", mechanisms=("m1",), coder="x"),
    ]
    table = support(review(e, [WHOLE], studies={"a": "s", "b": "s"}))
    assert [plain(r[2]) for r in table.rows] == ["any", "C-M-O", "C-M", "M-O", "M"]
    cmo = row_of(table, "K", "C-M-O")
    assert (cmo["supports_articles"], cmo["supports_extractions"], cmo["supports_full"], cmo["supports_partial"]) == (
        1,
        2,
        1,
        0,
    )
    mo = row_of(table, "K", "M-O")
    assert (mo["supports_articles"], mo["supports_full"], mo["supports_partial"]) == (1, 0, 1)
    cm = row_of(table, "K", "C-M")
    assert (cm["supports_articles"], cm["challenges_articles"], cm["challenges_full"]) == (0, 1, 1)
    m = row_of(table, "K", "M")
    assert (m["refines_articles"], m["unstated_extractions"]) == (1, 1)
    everything = row_of(table, "K")
    assert everything["supports_articles"] == 2
    assert everything["supports_studies"] == 1
    assert everything["supports_extractions"] == 3
    assert everything["supports_coders"] == 2
    assert everything["challenges_articles"] == 1
    assert everything["matched_not_asserted"] == 6
    assert everything["untested"] is False
    assert everything["most_complete"] == "C-M-O"
    assert opened(table, "K", "supports_articles") == {"a-1", "a-2", "b-1"}
    assert opened(table, "K", "supports_full", "C-M-O") == {"a-1"}
    assert opened(table, "K", "supports_partial") == {"b-1"}
    assert opened(table, "K", "completeness") == {"a-1", "a-2", "b-1", "b-2", "c-1", "d-1"}
    assert "4 articles (3 studies)" in table.denominator


def test_an_open_context_is_never_called_cmo():
    k = Configuration(id="K", mechanisms=(("m1",),), outcomes=(("o1",),))
    e = [Extraction(id="a-1", article="a", contexts=("c1",), mechanisms=("m1",), outcomes=("o1",), stance="supports")]
    table = support(review(e, [k]))
    assert [r[2] for r in table.rows] == ["any", "M-O", "M"]
    assert row_of(table, "K", "M-O")["supports_articles"] == 1
    assert row_of(table, "K")["most_complete"] == "M-O: no context stated"
    profile = evidence_profile(review(e, [k]), "K")
    assert plain(profile.rows[0][profile.index("context_match")]) == "open"


def test_a_configuration_without_mechanism_can_only_have_asserted_evidence():
    k = Configuration(id="K", contexts=(("c1",),), outcomes=(("o1",),), supporting=("a-1",))
    e = [
        Extraction(id="a-1", article="a", contexts=("c1",), outcomes=("o1",), stance="supports"),
        Extraction(id="b-1", article="b", contexts=("c1",), outcomes=("o1",), stance="supports"),
    ]
    table = support(review(e, [k]))
    assert [r[2] for r in table.rows] == ["any", "asserted only"]
    assert row_of(table, "K")["supports_extractions"] == 1
    assert row_of(table, "K")["most_complete"] == "none: no mechanism stated"


def test_the_halves_of_a_mechanism_are_roles_of_their_own():
    k = Configuration(id="K", resources=(("m1",),), reasonings=(("m2",),))
    e = [
        Extraction(id="a-1", article="a", resources=("m1",), reasonings=("m2",), stance="supports"),
        Extraction(id="b-1", article="b", resources=("m1",), stance="supports"),
        # The same concepts as undivided mechanism, or halves swapped, are not what is asked for.
        Extraction(id="c-1", article="c", mechanisms=("m1", "m2"), stance="supports"),
        Extraction(id="d-1", article="d", resources=("m2",), reasonings=("m1",), stance="supports"),
    ]
    row = row_of(support(review(e, [k])), "K")
    assert (row["supports_articles"], row["supports_full"], row["supports_partial"]) == (2, 1, 1)


def test_asserted_and_matched_are_told_apart():
    k = Configuration(id="K", mechanisms=(("m1",),), supporting=("a-1", "b-1", "c-1"), challenging=("c-1", "d-1"))
    e = [
        Extraction(id="a-1", article="a", mechanisms=("m1",), stance="supports", coder="x"),  # both
        Extraction(id="b-1", article="b", mechanisms=("m2",), stance="supports", coder="x"),  # asserted only
        Extraction(
            id="c-1", article="c", mechanisms=("m1",), stance="refines", coder="x"
        ),  # asserted both ways; coder refines
        Extraction(id="d-1", article="d", mechanisms=("m1",), coder="y"),  # asserted; no stance; coder outside
        Extraction(
            id="e-1", article="e", mechanisms=("m1",), stance="supports", coder="y"
        ),  # matched, outside: not counted
        Extraction(id="f-1", article="f", mechanisms=("m1",), stance="challenges", coder="x"),  # matched only
    ]
    incidence = review(e, [k])
    table = support(incidence, coder="x")
    row = row_of(table, "K")
    assert row["supports_extractions"] == 3  # a, b, c
    assert row["refines_extractions"] == 1  # c, as its coder recorded
    assert row["challenges_extractions"] == 3  # c, d as asserted; f as matched
    assert row["asserted_supporting"] == 3
    assert row["asserted_challenging"] == 2
    assert row["asserted_not_matched"] == 1
    assert row["matched_not_asserted"] == 1
    assert row["stance_differs"] == 1
    assert row["asserted_outside"] == 1
    assert row["unstated_extractions"] == 0  # an assertion fills in for d's missing stance
    assert opened(table, "K", "asserted_not_matched") == {"b-1"}
    assert opened(table, "K", "matched_not_asserted") == {"f-1"}
    assert opened(table, "K", "asserted_outside") == {"d-1"}
    assert opened(table, "K", "stance_differs") == {"c-1"}
    assert row_of(table, "K", "asserted only")["supports_articles"] == 1
    everybody = row_of(support(incidence, coder="all"), "K")
    assert everybody["supports_extractions"] == 4
    assert everybody["asserted_outside"] == 0
    profile = evidence_profile(incidence, "K", coder="x")
    by_id = {plain(r["extraction"]): r for r in profile.records()}
    assert list(by_id) == ["a-1", "c-1", "d-1", "f-1", "b-1"]
    assert [by_id[i]["origin"] for i in by_id] == ["asserted and matched"] * 3 + ["matched", "asserted"]
    assert by_id["c-1"]["asserted"] == "supports and challenges"
    assert by_id["c-1"]["stance"] == "refines"
    assert by_id["d-1"]["outside"] is True
    assert by_id["b-1"]["completeness"] == "asserted only"


def test_columns_already_limited_say_which_assertions_they_lack():
    k = Configuration(id="K", mechanisms=(("m1",),), supporting=("a-1", "b-1"))
    e = [
        Extraction(id="a-1", article="a", mechanisms=("m1",), stance="supports", coder="x"),
        Extraction(id="b-1", article="b", mechanisms=("m1",), stance="supports", coder="y"),
    ]
    table = support(selected(review(e, [k]), "x"))
    row = row_of(table, "K")
    assert (row["asserted_supporting"], row["asserted_absent"]) == (1, 1)
    assert opened(table, "K", "asserted_absent") == {"b-1"}
    assert "b-1" in evidence_profile(selected(review(e, [k]), "x"), "K").note


def test_back_off_counts_narrower_codes_up_to_so_many_steps_and_survives_circles():
    # m3 is narrower than m2, m2 than m1, and (wrongly) m1 than m3.
    broader = {"m3": ("m2",), "m2": ("m1",), "m1": ("m3",)}
    k = Configuration(id="K", mechanisms=(("m1",),))
    e = [
        Extraction(id=f"{a}-1", article=a, mechanisms=(m,), stance="supports")
        for a, m in (("a", "m1"), ("b", "m2"), ("c", "m3"))
    ]
    incidence = review(e, [k], broader=broader)
    counts = [row_of(support(incidence, back_off=n), "K")["supports_articles"] for n in (0, 1, 2, 50)]
    assert counts == [1, 2, 3, 3]
    assert counting_as(incidence, incidence.concept_index["m1"], 50) == {
        incidence.concept_index["m1"]: 0,
        incidence.concept_index["m2"]: 1,
        incidence.concept_index["m3"]: 2,
    }
    profile = evidence_profile(incidence, "K", back_off=2)
    assert [(plain(r["extraction"]), plain(r["by_mechanism"]), r["steps"]) for r in profile.records()] == [
        ("a-1", ("m1",), 0),
        ("b-1", ("m2",), 1),
        ("c-1", ("m3",), 2),
    ]
    # A broader code never counts for a narrower one that is asked for.
    narrow = review(e[:1], [Configuration(id="K", mechanisms=(("m2",),))], broader={"m2": ("m1",)})
    assert row_of(support(narrow, back_off=5), "K")["untested"] is True


def test_untested_means_no_evidence_at_any_level():
    k = Configuration(id="K", mechanisms=(("m2",),))
    e = [Extraction(id="a-1", article="a", mechanisms=("m1",), stance="supports")]
    table = support(review(e, [k]))
    assert all(table.column("untested"))
    assert opened(table, "K", "configuration") == set()
    assert len(evidence_profile(review(e, [k]), "K")) == 0


def test_intervention_and_actor_count_with_the_context_on_request():
    k = Configuration(id="K", contexts=(("c1",),), interventions=(("c2",),), mechanisms=(("m1",),))
    e = [Extraction(id="a-1", article="a", contexts=("c1",), mechanisms=("m1",), stance="supports")]
    incidence = review(e, [k])
    assert row_of(support(incidence), "K", "C-M")["context_partial"] == 0
    assert row_of(support(incidence, conditions="all"), "K", "C-M")["context_partial"] == 1


def test_theory_versions_and_configurations_of_none():
    kept, alone = Configuration(id="K", mechanisms=(("m1",),)), Configuration(id="L", mechanisms=(("m1",),))
    e = [Extraction(id="a-1", article="a", mechanisms=("m1",), stance="supports")]
    theories = [Theory(id="t1", configurations=("K",)), Theory(id="t2", configurations=("K",), revision_of=("t1",))]
    incidence = review(e, [kept, alone], theories=theories)
    table = support(incidence)
    assert [(plain(r[0]), plain(r[1]), r[2]) for r in table.rows] == [
        ("t1", "K", "any"),
        ("t1", "K", "M"),
        ("t2", "K", "any"),
        ("t2", "K", "M"),
        (None, "L", "any"),
        (None, "L", "M"),
    ]
    assert [plain(r[0]) for r in support(incidence, theory="t2").rows] == ["t2", "t2"]


def test_appraisals_are_shown_as_recorded_and_never_combined():
    k = Configuration(id="K", mechanisms=(("m1",),))
    e = [Extraction(id="a-1", article="a", mechanisms=("m1",), stance="supports", coder="x")]
    appraisals = (
        Appraisal(target="a", relevance="high", rigour="low", assessor="x"),
        Appraisal(target="a", relevance="low"),
        Appraisal(target="a-1", richness="thick", assessor="x"),
    )
    profile = evidence_profile(review(e, [k], appraisals=appraisals), "K")
    row = next(profile.records())
    assert row["relevance"] == "low; high (x)"
    assert row["richness"] == "this passage: thick (x)"
    assert row["rigour"] == "low (x)"
    assert profile.opens(0, "rigour") == ("a-1",)


def test_nonsense_is_refused_with_a_reason():
    e = [Extraction(id="a-1", article="a", mechanisms=("m1",), stance="supports", coder="x")]
    incidence = review(e, [WHOLE], preferred="z")
    with pytest.raises(Refused, match="no extraction by z"):
        support(incidence)
    with pytest.raises(Refused, match="no configurations"):
        support(review(e, []))
    with pytest.raises(BadSettings, match="back_off"):
        support(incidence, coder="x", back_off=-1)
    with pytest.raises(UnknownName, match="conditions"):
        support(incidence, coder="x", conditions="some")
    with pytest.raises(UnknownName, match="theory version"):
        support(incidence, coder="x", theory="T")
    with pytest.raises(UnknownName, match="coder"):
        support(incidence, coder="w")
    with pytest.raises(Refused, match="which configuration"):
        evidence_profile(incidence)
    with pytest.raises(UnknownName, match="configuration"):
        evidence_profile(incidence, "Kx")


def test_the_parts_describe_themselves():
    for part in PARTS:
        assert part.all_coders
        assert part.title.endswith("?")
        assert {p.name for p in part.parameters} <= set(part.function.__annotations__)


# --- oracle ------------------------------------------------------------------------------------

CODES = tuple("abcdef")
slots = st.lists(st.lists(st.sampled_from(CODES), min_size=1, max_size=3).map(tuple), max_size=2).map(tuple)
codes = st.lists(st.sampled_from(CODES), max_size=3, unique=True).map(lambda x: tuple(sorted(x)))


@st.composite
def reviews(draw: st.DrawFn) -> Records:
    articles = tuple(f"A{i}" for i in range(draw(st.integers(1, 4))))
    extractions = tuple(
        Extraction(
            id=f"e{i}",
            article=draw(st.sampled_from(articles)),
            **{role + "s": draw(codes) for role in ROLES},
            stance=draw(st.sampled_from((None, *STANCES))),
            polarity=draw(st.sampled_from((None, *POLARITIES))),
            coder=draw(st.sampled_from((None, "x", "y"))),
        )
        for i in range(draw(st.integers(1, 6)))
    )
    ids = st.lists(st.sampled_from([e.id for e in extractions]), max_size=2, unique=True).map(
        lambda x: tuple(sorted(x))
    )
    configurations = tuple(
        Configuration(
            id=f"K{i}", **{role + "s": draw(slots) for role in ROLES}, supporting=draw(ids), challenging=draw(ids)
        )
        for i in range(draw(st.integers(1, 2)))
    )
    broader = {c: tuple(sorted(draw(st.sets(st.sampled_from(CODES), max_size=2)) - {c})) for c in CODES}
    return Records(
        review=Review(id="r", title="R"),
        people=(Person(id="x"), Person(id="y")),
        articles=tuple(Article(id=a, study=draw(st.sampled_from((None, "S")))) for a in articles),
        concepts=tuple(Concept(id=c, label=c, broader=broader[c]) for c in CODES),
        extractions=extractions,
        configurations=configurations,
        theories=(Theory(id="t", configurations=tuple(c.id for c in configurations)),),
    )


def counts_for(records: Records, code: str, asked: str, steps: int) -> bool:
    """Whether `code` counts as `asked`: by walking up, the other way round from the implementation."""
    reached = {code}
    above = {c.id: c.broader for c in records.concepts}
    for _ in range(steps):
        reached |= {b for c in reached for b in above[c]}
    return asked in reached


def grade(
    records: Records, extraction: Extraction, configuration: Configuration, roles: tuple[str, ...], steps: int
) -> int | None:
    """None open, 0 no, 1 partial, 2 full."""
    filled = [r for r in roles if configuration.slot(r)]
    if not filled:
        return None
    full = some = True
    any_slot = False
    for role in filled:
        got = {
            a
            for alt in configuration.slot(role)
            for a in alt
            if any(counts_for(records, c, a, steps) for c in extraction.codes(role))
        }
        full &= any(set(alt) <= got for alt in configuration.slot(role))
        any_slot |= bool(got)
    some = any_slot
    return 2 if full else 1 if some else 0


def lines_by_hand(
    records: Records, configuration: Configuration, steps: int, conditions: str, coder: str
) -> set[tuple[str, str | None, str, int | None, bool]]:
    """(extraction, bearing, level, grade of the mechanism, asserted) for each line of evidence."""
    condition_roles = ("context",) if conditions == "context" else ("context", "intervention", "actor")
    lines = set()
    for e in records.extractions:
        m = grade(records, e, configuration, ("mechanism", "resource", "reasoning"), steps)
        c = grade(records, e, configuration, condition_roles, steps)
        o = grade(records, e, configuration, ("outcome",), steps)
        level = ("C-" if c else "") + "M" + ("-O" if o else "") if m else "asserted only"
        said = {
            s
            for s, ids in (("supports", configuration.supporting), ("challenges", configuration.challenging))
            if e.id in ids
        }
        bearings = set(said)
        if m and (coder == "all" or e.coder == coder) and (e.stance is not None or not said):
            bearings.add(e.stance)
        lines |= {(e.id, b, level, m, b in said) for b in bearings}
    return lines


@settings(max_examples=150, deadline=None)
@given(reviews(), st.integers(0, 3), st.sampled_from(("context", "all")), st.sampled_from(("all", "x")))
def test_support_equals_brute_force(records, steps, conditions, coder):
    incidence = Incidence.from_records(records.ordered())
    if coder == "x" and not any(e.coder == "x" for e in records.extractions):
        with pytest.raises(Refused):
            support(incidence, coder=coder)
        return
    table = support(incidence, back_off=steps, conditions=conditions, coder=coder)
    by_id = {e.id: e for e in records.extractions}
    study = {a.id: a.study or f"own {a.id}" for a in records.articles}
    for configuration in records.configurations:
        lines = lines_by_hand(records, configuration, steps, conditions, coder)
        seen = 0
        for number, record in enumerate(table.records()):
            if plain(record["configuration"]) != configuration.id:
                continue
            level = record["completeness"]
            here = {line for line in lines if level in ("any", line[2])}
            seen += len(here) if level != "any" else 0
            for stance in STANCES:
                passages = {e for e, b, *_ in here if b == stance}
                articles = {by_id[e].article for e in passages}
                full = {by_id[e].article for e, b, _, m, _ in here if b == stance and m == 2}
                assert record[f"{stance}_extractions"] == len(passages)
                assert record[f"{stance}_articles"] == len(articles)
                assert record[f"{stance}_studies"] == len({study[a] for a in articles})
                assert record[f"{stance}_coders"] == len({by_id[e].coder for e in passages} - {None})
                assert (record[f"{stance}_full"], record[f"{stance}_partial"]) == (len(full), len(articles - full))
                assert set(table.opens(number, f"{stance}_studies")) == passages
                assert set(table.opens(number, f"{stance}_partial")) == {
                    e for e in passages if by_id[e].article not in full
                }
            asserted = {e for e, *_, a in here if a}
            assert record["asserted_supporting"] == len({e for e, b, *_, a in here if a and b == "supports"})
            assert record["asserted_challenging"] == len({e for e, b, *_, a in here if a and b == "challenges"})
            assert record["asserted_not_matched"] == len({e for e, _, lv, _, a in here if a and lv == "asserted only"})
            all_asserted = {*configuration.supporting, *configuration.challenging}
            assert record["matched_not_asserted"] == len({e for e, *_ in here} - all_asserted)
            assert record["unstated_extractions"] == len({e for e, b, *_ in here if b is None})
            assert record["asserted_outside"] == len(
                {e for e in asserted if coder != "all" and by_id[e].coder != coder}
            )
            assert record["untested"] == (not lines)
        assert seen == len(lines), "every line of evidence is in exactly one level"


@settings(max_examples=60, deadline=None)
@given(reviews(), st.integers(0, 2), st.randoms(use_true_random=False))
def test_row_order_names_and_empty_articles_change_nothing_else(records, steps, rng: random.Random):
    """Shuffled rows, renamed codes, and an article without passages."""
    table = support(Incidence.from_records(records.ordered()), back_off=steps, coder="all")

    def shuffled(items):
        items = list(items)
        rng.shuffle(items)
        return tuple(items)

    mixed = records.model_copy(
        update={k: shuffled(getattr(records, k)) for k in ("articles", "concepts", "extractions", "people")}
    )
    again = support(Incidence.from_records(mixed), back_off=steps, coder="all")
    assert again == table
    assert [again.opens(n, "configuration") for n in range(len(table))] == [
        table.opens(n, "configuration") for n in range(len(table))
    ]

    name = dict(zip(CODES, ("z", "y", "x", "w", "v", "u"), strict=True))
    text = records.model_dump(mode="python")

    def renamed(value, key=""):
        if isinstance(value, dict):
            return {k: renamed(v, k) for k, v in value.items()}
        if isinstance(value, tuple | list):
            return tuple(renamed(v, key) for v in value)
        return name.get(value, value) if key in {r + "s" for r in ROLES} | {"broader"} else value

    text = renamed(text)
    text["concepts"] = tuple({**c, "id": name[c["id"]]} for c in text["concepts"])
    other = support(Incidence.from_records(Records.model_validate(text).ordered()), back_off=steps, coder="all")
    assert other.rows == table.rows

    more = records.model_copy(update={"articles": (*records.articles, Article(id="Z-empty"))}).ordered()
    wider = support(Incidence.from_records(more), back_off=steps, coder="all")
    assert wider.rows == table.rows
    assert wider.denominator != table.denominator


@settings(max_examples=60, deadline=None)
@given(reviews())
def test_challenges_are_never_taken_off_supports(records):
    """Adding a challenging passage leaves every supporting and refining count as it was."""
    before = support(Incidence.from_records(records.ordered()), coder="all")
    twin = [
        e.model_copy(update={"id": e.id + "-against", "stance": "challenges", "coder": "y"})
        for e in records.extractions
    ]
    after = support(
        Incidence.from_records(records.model_copy(update={"extractions": (*records.extractions, *twin)}).ordered()),
        coder="all",
    )
    kept = [c.name for c in before.columns if c.name.startswith(("supports", "refines"))]
    old = {(plain(r["configuration"]), r["completeness"]): [r[k] for k in kept] for r in before.records()}
    new = {(plain(r["configuration"]), r["completeness"]): [r[k] for k in kept] for r in after.records()}
    assert old == {key: new[key] for key in old}


# --- the pilot --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pilot() -> Incidence:
    return read_pilot(resources.example("eaa_pilot"))


def read_pilot(folder: Path) -> Incidence:
    """The pilot's records straight from its sheets, without the package's own readers."""

    def rows(sheet: str) -> list[dict[str, str]]:
        with (folder / f"{sheet}.csv").open(encoding="utf-8-sig", newline="") as file:
            return [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]

    def joined(text: str | None) -> tuple[str, ...]:
        return tuple((text or "").split("|")) if text else ()

    def slot(text: str | None) -> tuple[tuple[str, ...], ...]:
        return tuple(joined(part) for part in (text or "").split(" / ")) if text else ()

    cmo = ("contexts", "mechanisms", "outcomes")
    return Incidence.from_records(
        Records(
            review=Review(id="pilot", title="Pilot", preferred_coder="consensus"),
            people=tuple(Person(id=p) for p in ("coder-a", "coder-b", "consensus")),
            articles=tuple(Article(id=r["id"], study=r.get("study")) for r in rows("articles")),
            concepts=tuple(Concept(id=r["id"], label=r["label"]) for r in rows("concepts")),
            extractions=tuple(
                Extraction(
                    id=r["id"],
                    article=r["article"],
                    **{k: joined(r.get(k)) for k in cmo},
                    stance=r.get("stance"),
                    polarity=r.get("polarity"),
                    coder=r.get("coder"),
                )
                for r in rows("extractions")
            ),
            configurations=tuple(
                Configuration(
                    id=r["id"],
                    **{k: slot(r.get(k)) for k in cmo},
                    supporting=joined(r.get("supporting")),
                    challenging=joined(r.get("challenging")),
                )
                for r in rows("configurations")
            ),
            theories=tuple(
                Theory(id=r["id"], configurations=joined(r.get("configurations"))) for r in rows("theories")
            ),
        ).ordered()
    )


def test_the_pilots_asserted_evidence_is_what_its_sheet_lists(pilot):
    table = support(pilot)
    for configuration in pilot.records.configurations:
        theory = "eaa-initial" if configuration.id.startswith("E") else "eaa-pilot-1"
        row = row_of(table, configuration.id, theory=theory)
        assert row["asserted_supporting"] == len(configuration.supporting)
        assert row["asserted_challenging"] == len(configuration.challenging)
        assert opened(table, configuration.id, "asserted_supporting") == set(configuration.supporting)
        assert opened(table, configuration.id, "asserted_challenging") == set(configuration.challenging)
        assert row["asserted_outside"] == 0, "the sheet names passages of the consensus only"
        assert row["most_complete"] == ("M-O: no context stated" if configuration.id.startswith("E") else "C-M-O")
    assert row_of(table, "P08", theory="eaa-pilot-1")["asserted_supporting"] == 0


def test_another_coder_keeps_the_assertions_and_flags_them(pilot):
    row = row_of(support(pilot, coder="coder-a"), "P01", theory="eaa-pilot-1")
    assert (row["asserted_supporting"], row["asserted_challenging"], row["asserted_outside"]) == (10, 1, 11)


def test_the_pilots_profiles_add_up_to_its_support(pilot):
    table = support(pilot)
    for configuration in pilot.records.configurations:
        profile = evidence_profile(pilot, configuration.id)
        counted: dict[str, set[str]] = defaultdict(set)
        for record in profile.records():
            for stance in {
                record["stance"] if record["origin"] != "asserted" else None,
                *(record["asserted"] or "").split(" and "),
            }:
                counted[str(stance)].add(plain(record["article"]))
        theory = "eaa-initial" if configuration.id.startswith("E") else "eaa-pilot-1"
        row = row_of(table, configuration.id, theory=theory)
        assert [row[f"{s}_articles"] for s in STANCES] == [len(counted[s]) for s in STANCES]


def test_the_matcher_agrees_with_a_plain_reading_of_the_pilot(pilot):
    """P07: three alternative contexts, one mechanism, one outcome, counted from the sheet by hand rules."""
    folder = resources.example("eaa_pilot")
    with (folder / "extractions.csv").open(encoding="utf-8-sig", newline="") as file:
        expected = {
            r["id"]
            for r in csv.DictReader(file)
            if r["coder"] == "consensus"
            and "power" in r["mechanisms"].split("|")
            and "engagement" in r["outcomes"].split("|")
            and {"lived-experience-leadership", "community-setting", "seldom-heard-group"}
            & set(r["contexts"].split("|"))
        }
    lines = Matcher(pilot).evidence(next(c for c in pilot.records.configurations if c.id == "P07"))
    assert {pilot.extractions[e] for e in lines.extraction[lines.level == 0].tolist()} == expected
