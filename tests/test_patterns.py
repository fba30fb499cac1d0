"""Patterns and contradictions: worked cases, brute force over every subset, properties."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import contradictions as contradictions_module
from eaa_graph.measures import patterns as patterns_module
from eaa_graph.measures.contradictions import contradiction_contexts, contradictions
from eaa_graph.measures.patterns import closed_sets, patterns
from eaa_graph.model import (
    POLARITIES,
    ROLES,
    STANCES,
    Article,
    Concept,
    Configuration,
    Extraction,
    Records,
    Review,
    Theory,
)
from eaa_graph.network import Incidence
from eaa_graph.tables import Thing

PART_OF = {"context": "C", "resource": "M", "reasoning": "M", "mechanism": "M", "outcome": "O"}


def plain(cell: object) -> object:
    if isinstance(cell, Thing):
        return cell.id
    if isinstance(cell, tuple):
        return tuple(thing.id for thing in cell)
    return cell


def dicts(table) -> list[dict[str, object]]:
    return [{k: plain(v) for k, v in record.items()} for record in table.records()]


def passage(name: str, c: str = "", m: str = "", o: str = "", **more: str) -> Extraction:
    return Extraction(
        id=name,
        article=name.partition("-")[0],
        contexts=tuple(c.split()),
        mechanisms=tuple(m.split()),
        outcomes=tuple(o.split()),
        **more,
    )


def incidence_of(extractions, configurations=(), theories=(), studies=None, concepts=None) -> Incidence:
    used = {c for e in extractions for role in ROLES for c in e.codes(role)}
    used |= {c for k in configurations for role in ROLES for alt in k.slot(role) for c in alt}
    return Incidence.from_records(
        Records(
            review=Review(id="r", title="R"),
            articles=tuple(
                Article(id=a, study=(studies or {}).get(a)) for a in sorted({e.article for e in extractions})
            ),
            concepts=tuple(Concept(id=c, label=c) for c in concepts or sorted(used)),
            extractions=tuple(extractions),
            configurations=tuple(configurations),
            theories=tuple(theories),
        ).ordered()
    )


# --- patterns: worked by hand -------------------------------------------------------------------

TALK = [
    passage("a-1", "mixed", "talk", "accord", stance="supports", polarity="enabling"),
    passage("b-1", "mixed", "talk", "accord", stance="supports", polarity="enabling"),
    passage("c-1", "mixed", "talk record", "accord", stance="refines", polarity="mixed"),
    passage("d-1", "mixed", "talk", "quarrel", stance="challenges", polarity="hindering"),
    passage("e-1", "mixed", "talk", polarity="enabling"),
    passage("f-1", "", "talk", "accord", stance="supports", polarity="enabling"),
]


def test_closed_sets_with_their_counter_examples():
    table = patterns(incidence_of(TALK), minimum=3)
    rows = dicts(table)
    assert [(r["shape"], r["contexts"], r["mechanisms"], r["outcomes"], r["count"]) for r in rows] == [
        ("C-M", ("mixed",), ("talk",), (), 5),
        ("M-O", (), ("talk",), ("accord",), 4),
        ("C-M-O", ("mixed",), ("talk",), ("accord",), 3),
    ]
    whole = rows[2]
    assert whole["base"] == 5
    assert (whole["challenged"], whole["other_outcome"], whole["no_outcome"]) == (1, 1, 1)
    assert (whole["prevailing"], whole["adverse"], whole["mixed"]) == ("enabling", 1, 1)
    assert rows[0]["other_outcome"] is None
    assert rows[0]["no_outcome"] is None
    assert table.opens(2, "count") == ("a-1", "b-1", "c-1")
    assert table.opens(2, "base") == ("a-1", "b-1", "c-1", "d-1", "e-1")
    assert table.opens(2, "challenged") == table.opens(2, "other_outcome") == table.opens(2, "adverse") == ("d-1",)
    assert table.opens(2, "no_outcome") == ("e-1",)
    assert "3 of 3 closed sets" in table.note
    assert table.denominator == "the 6 articles of the review"


def test_what_a_configuration_names_is_not_new():
    said = Configuration(
        id="K", contexts=(("mixed",), ("clinic",)), mechanisms=(("talk", "trust"),), outcomes=(("quarrel",),)
    )
    theories = (Theory(id="old"), Theory(id="new", configurations=("K",)))
    incidence = incidence_of(TALK, (said,), theories)
    assert [r["shape"] for r in dicts(patterns(incidence))] == ["M-O", "C-M-O"], "mixed + talk is within the slots of K"
    assert [r["nearest"] for r in dicts(patterns(incidence))] == ["K", "K"]
    assert [r["not_in_nearest"] for r in dicts(patterns(incidence))] == [("accord",), ("accord",)]
    with pytest.raises(Refused, match="no configurations"):
        patterns(incidence, theory="old")
    with pytest.raises(UnknownName):
        patterns(incidence, theory="older")
    # The same concepts in other roles are another pattern.
    turned = Configuration(id="K", contexts=(("talk",),), mechanisms=(("mixed",),), outcomes=(("accord",),))
    assert len(patterns(incidence_of(TALK, (turned,)))) == 3


def test_the_set_must_be_in_one_passage_not_only_in_one_article():
    scattered = [passage(f"{a}-1", "mixed", "talk") for a in "abc"] + [
        passage(f"{a}-2", "", "trust", "accord") for a in "abc"
    ]
    shapes = [(r["shape"], r["mechanisms"]) for r in dicts(patterns(incidence_of(scattered)))]
    assert shapes == [("C-M", ("talk",)), ("M-O", ("trust",))]


def test_units():
    twice = [passage("a-1", "c", "m"), passage("a-2", "c", "m"), passage("b-1", "c", "m")]
    incidence = incidence_of(twice, studies={"a": "s", "b": "s"})
    assert [patterns(incidence, unit=u, minimum=1).rows[0][6] for u in ("article", "study", "extraction")] == [2, 1, 3]


def test_a_polarity_prevails_only_when_it_is_in_more_passages():
    tie = [passage("a-1", "c", "m", polarity="enabling"), passage("b-1", "c", "m", polarity="hindering")]
    row = dicts(patterns(incidence_of(tie), minimum=1))[0]
    assert (row["prevailing"], row["adverse"]) == (None, None)


def test_articles_with_very_many_passages_count_once():
    """More than 64 passages in one article: more than one machine word."""
    many = [passage(f"a-{n:03}", "c" if n % 2 else "d", "m") for n in range(150)] + [
        passage("b-1", "c", "m"),
        passage("b-2", "d", "m"),
    ]
    found = {tuple(i[2] for i in s): n for s, n in closed_sets(incidence_of(many), minimum=1).items()}
    assert set(found.values()) == {2}
    assert len(found) == 2


def test_patterns_refuse_nonsense(monkeypatch):
    incidence = incidence_of(TALK)
    with pytest.raises(BadSettings, match="minimum"):
        patterns(incidence, minimum=0)
    with pytest.raises(BadSettings, match="largest"):
        patterns(incidence, largest=0)
    with pytest.raises(UnknownName, match="unit"):
        patterns(incidence, unit="page")
    with pytest.raises(Refused, match="no extractions"):
        patterns(incidence_of([]))
    monkeypatch.setattr(patterns_module, "_TOO_MANY", 3)
    with pytest.raises(Refused, match="more than 3 sets occur in at least 1 article"):
        patterns(incidence, minimum=1)


# --- patterns: every subset -----------------------------------------------------------------------

CODES = tuple("pqrst")
codes = st.lists(st.sampled_from(CODES), max_size=3, unique=True).map(lambda x: tuple(sorted(x)))


@st.composite
def reviews(draw: st.DrawFn) -> Records:
    articles = tuple(f"A{i}" for i in range(draw(st.integers(1, 4))))
    slots = st.lists(st.lists(st.sampled_from(CODES), min_size=1, max_size=2).map(tuple), max_size=2).map(tuple)
    return Records(
        review=Review(id="r", title="R"),
        articles=tuple(Article(id=a, study=draw(st.sampled_from((None, "S")))) for a in articles),
        concepts=tuple(Concept(id=c, label=c) for c in CODES),
        extractions=tuple(
            Extraction(
                id=f"e{i}",
                article=draw(st.sampled_from(articles)),
                contexts=draw(codes),
                mechanisms=draw(codes),
                resources=draw(st.sampled_from(((), ("p",)))),
                outcomes=draw(codes),
                actors=draw(codes),
                stance=draw(st.sampled_from((None, *STANCES))),
                polarity=draw(st.sampled_from((None, *POLARITIES))),
            )
            for i in range(draw(st.integers(1, 8)))
        ),
        configurations=tuple(
            Configuration(id=f"K{i}", contexts=draw(slots), mechanisms=draw(slots), outcomes=draw(slots))
            for i in range(draw(st.integers(0, 2)))
        ),
    )


def units_of(records: Records, unit: str) -> dict[str, str]:
    study = {a.id: a.study or f"own {a.id}" for a in records.articles}
    return {
        e.id: {"article": e.article, "study": study[e.article], "extraction": e.id}[unit] for e in records.extractions
    }


def by_hand(records: Records, unit: str, minimum: int, largest: int) -> dict[frozenset[tuple[str, str]], int]:
    """Every set within the sizes, by looking at every subset of every passage."""
    of = units_of(records, unit)
    coded = {e.id: [(role, c) for role in PART_OF for c in e.codes(role)] for e in records.extractions}
    where: dict[frozenset[tuple[str, str]], set[str]] = {}
    for name, items in coded.items():
        for size in range(2, len(items) + 1):
            for subset in combinations(items, size):
                parts = [PART_OF[role] for role, _ in subset]
                if all(parts.count(p) <= largest for p in "CMO"):
                    where.setdefault(frozenset(subset), set()).add(of[name])
    shaped = {
        s: len(units)
        for s, units in where.items()
        if len(units) >= minimum and {PART_OF[r] for r, _ in s} in ({"C", "M", "O"}, {"C", "M"}, {"M", "O"})
    }
    return {s: n for s, n in shaped.items() if not any(s < other and n == m for other, m in shaped.items())}


UNIT = st.sampled_from(("article", "study", "extraction"))


@settings(max_examples=120, deadline=None)
@given(reviews(), UNIT, st.integers(1, 3), st.integers(1, 3))
def test_closed_sets_equal_brute_force(records, unit, minimum, largest):
    incidence = Incidence.from_records(records.ordered())
    found = {
        frozenset((ROLES[role], incidence.concepts[c].id) for _, role, c in chosen): n
        for chosen, n in closed_sets(incidence, unit, minimum, largest).items()
    }
    assert found == by_hand(records, unit, minimum, largest)


@settings(max_examples=80, deadline=None)
@given(reviews(), UNIT, st.integers(1, 2))
def test_patterns_and_counter_examples_equal_brute_force(records, unit, minimum):
    incidence = Incidence.from_records(records.ordered())
    table = patterns(incidence, unit=unit, minimum=minimum)
    of = units_of(records, unit)

    def said(chosen):
        return any(all(any(c in alt for alt in k.slot(role)) for role, c in chosen) for k in records.configurations)

    expected = {s for s in by_hand(records, unit, minimum, 2) if not said(s)}
    shown = []
    for number, row in enumerate(dicts(table)):
        chosen = frozenset((role, c) for role in PART_OF for c in row[role + "s"])
        shown.append(chosen)

        def holding(items):
            return [e for e in records.extractions if all(c in e.codes(role) for role, c in items)]

        whole = holding(chosen)
        base = holding([(role, c) for role, c in chosen if role != "outcome"])
        outside = [e for e in base if e not in whole]
        groups = {
            "count": whole,
            "base": base,
            "challenged": [e for e in base if e.stance == "challenges"],
            "mixed": [e for e in base if e.polarity == "mixed"],
        }
        if row["shape"] != "C-M":
            groups["other_outcome"] = [e for e in outside if e.outcomes]
            groups["no_outcome"] = [e for e in outside if not e.outcomes]
        pros, cons = ([e for e in whole if e.polarity == p] for p in ("enabling", "hindering"))
        assert row["prevailing"] == (
            None if len(pros) == len(cons) else "enabling" if len(pros) > len(cons) else "hindering"
        )
        if row["prevailing"]:
            opposite = {"enabling": "hindering", "hindering": "enabling"}[row["prevailing"]]
            groups["adverse"] = [e for e in base if e.polarity == opposite]
        for column, passages in groups.items():
            assert row[column] == len({of[e.id] for e in passages}), column
            assert table.opens(number, column) == tuple(sorted(e.id for e in passages)), column
    assert len(shown) == len(set(shown))
    assert set(shown) == expected
    assert table.column("count") == sorted(table.column("count"), reverse=True)


@settings(max_examples=40, deadline=None)
@given(reviews(), st.randoms(use_true_random=False))
def test_order_and_empty_articles_change_nothing_else(records, rng: random.Random):
    def shuffled(items):
        items = list(items)
        rng.shuffle(items)
        return tuple(items)

    mixed = records.model_copy(
        update={k: shuffled(getattr(records, k)) for k in ("articles", "concepts", "extractions", "configurations")}
    )
    more = records.model_copy(update={"articles": (*records.articles, Article(id="Z-empty"))}).ordered()
    for measure, options in (
        (patterns, {"minimum": 1}),
        (contradictions, {}),
        (contradictions, {"same": "mechanism-set"}),
    ):
        table = measure(Incidence.from_records(records.ordered()), **options)
        again = measure(Incidence.from_records(mixed), **options)
        assert again == table
        assert [again.opens(n, "count") for n in range(len(table))] == [
            table.opens(n, "count") for n in range(len(table))
        ]
        wider = measure(Incidence.from_records(more), **options)
        assert wider.rows == table.rows
        assert wider.denominator != table.denominator


# --- contradictions: worked by hand ----------------------------------------------------------------

POWER = [
    passage("a-1", "warm", "power", "joy", stance="supports", polarity="enabling"),
    passage("a-2", "cold", "power", "joy", stance="supports", polarity="hindering"),
    passage("b-1", "warm wet", "power", "joy", stance="challenges", polarity="enabling"),
    passage("c-1", "wet", "power", "grief", stance="refines", polarity="mixed"),
    passage("d-1", "", "power talk", "grief", polarity="hindering"),
]


def test_both_sides_are_set_out_with_the_contexts_that_differ():
    table = contradictions(incidence_of(POWER))
    rows = dicts(table)
    assert [(r["mechanism"], r["kind"]) for r in rows] == [(("power",), "polarity"), (("power",), "stance")]
    polarity, stance = rows
    assert (polarity["first"], polarity["second"], polarity["neither"]) == (2, 2, 1)
    assert (polarity["only_first"], polarity["only_second"], polarity["shared"]) == (("warm", "wet"), ("cold",), ())
    assert polarity["no_context"] == 1
    assert (polarity["both_sides"], polarity["separated_by"]) == (("a",), ("a",))
    assert polarity["separation"] == "within one article"
    assert table.opens(0, "first") == ("a-1", "b-1")
    assert table.opens(0, "second") == ("a-2", "d-1")
    assert table.opens(0, "neither") == ("c-1",)
    assert table.opens(0, "only_first") == ("a-1", "b-1")
    assert table.opens(0, "only_second") == ("a-2",)
    assert table.opens(0, "no_context") == ("d-1",)
    assert table.opens(0, "separated_by") == ("a-1", "a-2")
    assert table.opens(0, "mechanism") == ("a-1", "a-2", "b-1", "d-1")
    # supports: a (warm, cold) against challenges: b (warm, wet)
    assert (stance["only_first"], stance["only_second"], stance["shared"]) == (("cold",), ("wet",), ("warm",))
    assert stance["separation"] == "only between articles"


def test_studies_separate_what_single_articles_do_not():
    incidence = incidence_of(POWER, studies={"a": "s", "b": "s"})
    row = dicts(contradictions(incidence, by="stance", unit="study"))[0]
    assert (row["both_sides"], row["separated_by"], row["separation"]) == (("s",), ("s",), "within one study")


def test_what_the_two_sides_share_is_chosen():
    by_outcome = dicts(contradictions(incidence_of(POWER), same="mechanism-and-outcome", by="polarity"))
    assert [(r["mechanism"], r["outcome"], r["first"], r["second"]) for r in by_outcome] == [(("power",), "joy", 2, 1)]
    by_set = dicts(contradictions(incidence_of(POWER), same="mechanism-set", by="polarity"))
    assert [(r["mechanism"], r["first"], r["second"]) for r in by_set] == [(("power",), 2, 1)]


@pytest.mark.parametrize(
    ("contexts", "separation"),
    [
        (("warm", "cold"), "only between articles"),
        (("warm", "warm"), "same contexts on both sides"),
        (("warm", ""), "no context coded on one side"),
        (("", ""), "no context coded"),
    ],
)
def test_how_the_sides_are_separated(contexts, separation):
    pair = [
        passage("a-1", contexts[0], "m", polarity="enabling"),
        passage("b-1", contexts[1], "m", polarity="hindering"),
    ]
    assert dicts(contradictions(incidence_of(pair)))[0]["separation"] == separation


def test_an_article_with_a_blank_context_on_one_side_separates_nothing():
    pair = [passage("a-1", "warm", "m", polarity="enabling"), passage("a-2", "", "m", polarity="hindering")]
    row = dicts(contradictions(incidence_of(pair)))[0]
    assert (row["both_sides"], row["separated_by"]) == (("a",), ())


def test_context_by_context():
    table = contradiction_contexts(incidence_of(POWER), "power")
    assert [plain(r[0]) for r in table.rows] == ["warm", "wet", "cold", None]
    first = dicts(table)[0]
    assert [first[w] for w in ("enabling", "hindering", "mixed", "supports", "refines", "challenges", "all")] == [
        2,
        0,
        0,
        1,
        0,
        1,
        2,
    ]
    assert table.opens(0, "enabling") == ("a-1", "b-1")
    assert table.opens(3, "all") == ("d-1",)
    with pytest.raises(Refused, match="coded as a mechanism in no passage"):
        contradiction_contexts(incidence_of(POWER), "joy")
    with pytest.raises(Refused, match="which mechanism"):
        contradiction_contexts(incidence_of(POWER))


def test_contradictions_refuse_nonsense():
    incidence = incidence_of(POWER)
    for options in ({"same": "theme"}, {"by": "colour"}, {"unit": "extraction"}):
        with pytest.raises(UnknownName):
            contradictions(incidence, **options)
    with pytest.raises(Refused, match="minimum"):
        contradictions(incidence, minimum=0)
    with pytest.raises(Refused, match="no extractions"):
        contradictions(incidence_of([]))


# --- contradictions: brute force -----------------------------------------------------------------


@settings(max_examples=120, deadline=None)
@given(
    reviews(), st.sampled_from(("article", "study")), st.sampled_from(contradictions_module._SAME), st.integers(1, 2)
)
def test_contradictions_equal_brute_force(records, unit, same, minimum):
    incidence = Incidence.from_records(records.ordered())
    table = contradictions(incidence, same=same, unit=unit, minimum=minimum)
    of = units_of(records, unit)
    groups: dict[tuple[object, object], list[Extraction]] = {}
    for e in records.extractions:
        mechanisms = [(role, c) for role in ("resource", "reasoning", "mechanism") for c in e.codes(role)]
        if same == "mechanism-set":
            keys = [(frozenset(mechanisms), None)] if mechanisms else []
        elif same == "mechanism":
            keys = [(frozenset([m]), None) for m in mechanisms]
        else:
            keys = [(frozenset([m]), o) for m in mechanisms for o in e.outcomes]
        for key in keys:
            groups.setdefault(key, []).append(e)
    expected = {}
    for (mechanism, outcome), passages in groups.items():
        for kind, pro, con in (("polarity", "enabling", "hindering"), ("stance", "supports", "challenges")):
            here = [e for e in passages if getattr(e, kind) == pro]
            there = [e for e in passages if getattr(e, kind) == con]
            if min(len({of[e.id] for e in here}), len({of[e.id] for e in there})) < minimum:
                continue
            left, right = ({c for e in side for c in e.contexts} for side in (here, there))
            separating = set()
            for u in {of[e.id] for e in here} & {of[e.id] for e in there}:
                one, other = ({c for e in side if of[e.id] == u for c in e.contexts} for side in (here, there))
                if one and other and one != other:
                    separating.add(u)
            pairs = sorted((c, ROLES.index(r)) for r, c in mechanism)
            roles = [ROLES[r] for _, r in pairs]
            key = (tuple(c for c, _ in pairs), ", ".join(roles if len(set(roles)) > 1 else roles[:1]), outcome, kind)
            expected[key] = (
                len({of[e.id] for e in here}),
                len({of[e.id] for e in there}),
                frozenset(left - right),
                frozenset(right - left),
                frozenset(left & right),
                len(separating),
                len([e for e in (*here, *there) if not e.contexts]),
                tuple(sorted(e.id for e in (*here, *there))),
            )
    found = {
        (r["mechanism"], r["role"], r["outcome"], r["kind"]): (
            r["first"],
            r["second"],
            frozenset(r["only_first"]),
            frozenset(r["only_second"]),
            frozenset(r["shared"]),
            len(r["separated_by"]),
            r["no_context"],
            table.opens(n, "mechanism"),
        )
        for n, r in enumerate(dicts(table))
    }
    assert found == expected
    assert len(found) == len(table)
