"""Chains and ripples: worked cases, brute force over all orders of configurations, properties."""

from __future__ import annotations

import random
from itertools import pairwise, permutations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import chains as chains_module
from eaa_graph.measures.chains import chains, ripples
from eaa_graph.model import ROLES, STANCES, Article, Concept, Configuration, Extraction, Person, Records, Review, Theory
from eaa_graph.network import Incidence
from eaa_graph.tables import Thing


def plain(cell: object) -> object:
    if isinstance(cell, Thing):
        return cell.id
    if isinstance(cell, tuple):
        return tuple(thing.id for thing in cell)
    return cell


def dicts(table) -> list[dict[str, object]]:
    return [{k: plain(v) for k, v in record.items()} for record in table.records()]


def slot(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split("|")) for part in text.split(" / ")) if text else ()


def cmo(name: str, c: str = "", m: str = "", o: str = "", **more) -> Configuration:
    return Configuration(id=name, contexts=slot(c), mechanisms=slot(m), outcomes=slot(o), **more)


def passage(name: str, c: str = "", m: str = "", o: str = "", stance: str | None = "supports", **more) -> Extraction:
    return Extraction(
        id=name,
        article=name.partition("-")[0],
        contexts=tuple(c.split()),
        mechanisms=tuple(m.split()),
        outcomes=tuple(o.split()),
        stance=stance,
        **more,
    )


def incidence_of(extractions, configurations, theories=None, studies=None, broader=None) -> Incidence:
    used = {c for e in extractions for role in ROLES for c in e.codes(role)}
    used |= {c for k in configurations for role in ROLES for alt in k.slot(role) for c in alt} | set(broader or {})
    if theories is None:
        theories = [Theory(id="t", configurations=tuple(sorted(k.id for k in configurations)))]
    return Incidence.from_records(
        Records(
            review=Review(id="r", title="R"),
            people=tuple(Person(id=p) for p in sorted({e.coder for e in extractions if e.coder})),
            articles=tuple(
                Article(id=a, study=(studies or {}).get(a)) for a in sorted({e.article for e in extractions})
            ),
            concepts=tuple(Concept(id=c, label=c, broader=(broader or {}).get(c, ())) for c in sorted(used)),
            extractions=tuple(extractions),
            configurations=tuple(configurations),
            theories=tuple(theories),
        ).ordered()
    )


# --- worked by hand ---------------------------------------------------------------------------------

# Trust grows (K1), trust is the context of candour (K2), candour is the mechanism of learning (K3).
KS = [
    cmo("K1", "", "listening", "trust"),
    cmo("K2", "trust", "safety", "candour"),
    cmo("K3", "", "candour", "learning"),
]
TOLD = [
    passage("a-1", "", "listening", "trust"),
    passage("a-2", "trust", "safety", "candour"),
    passage("a-3", "", "candour", "learning"),
    passage("b-1", "", "listening", "trust"),
    passage("b-2", "", "safety", "candour"),
    passage("c-1", "", "listening", "trust"),
    passage("d-1", "", "candour", "learning", stance="challenges"),
    passage("e-1", "", "candour", "", stance="supports"),  # does not tell the outcome of K3
]


def test_a_chain_with_its_weakest_step_and_the_article_that_tells_it():
    table = chains(incidence_of(TOLD, KS))
    (row,) = dicts(table)
    assert row["path"] == ("K1", "K2", "K3")
    assert row["handed_over"] == ("trust", "candour")
    assert row["received_as"] == "context > mechanism"
    assert row["articles_each"] == "3 > 2 > 1"
    assert (row["weakest"], row["weakest_articles"], row["weakest_challenged"]) == (("K3",), 1, 1)
    assert (row["told"], row["told_by"], row["closes"]) == ("one article", ("a",), False)
    assert table.opens(0, "weakest_articles") == ("a-3",)
    assert table.opens(0, "weakest_challenged") == ("d-1",)
    assert table.opens(0, "told_by") == ("a-1", "a-2", "a-3")
    assert table.opens(0, "path") == ("a-1", "a-2", "a-3", "b-1", "b-2", "c-1")
    assert [plain(r[2]) for r in chains(incidence_of(TOLD, KS), paths="all").rows] == [
        ("K1", "K2", "K3"),
        ("K1", "K2"),
        ("K2", "K3"),
    ]
    assert [plain(r[2]) for r in chains(incidence_of(TOLD, KS), longest=2).rows] == [("K1", "K2"), ("K2", "K3")]


def test_stitched_one_study_or_a_step_without_evidence():
    apart = [TOLD[0], passage("b-2", "", "safety", "candour"), passage("d-1", "", "candour", "learning")]
    row = dicts(chains(incidence_of(apart, KS)))[0]
    assert (row["told"], row["told_by"]) == ("stitched", ())
    together = incidence_of(apart, KS, studies={"a": "s", "b": "s", "d": "s"})
    assert dicts(chains(together))[0]["told"] == "one study"
    assert chains(together).opens(0, "told") == ("a-1", "b-2", "d-1")
    row = dicts(chains(incidence_of(apart[:2], KS)))[0]
    assert (row["told"], row["weakest"], row["weakest_articles"]) == ("a step without evidence", ("K3",), 0)


def test_what_a_person_asserts_is_evidence_for_a_step():
    asserted = [KS[0], KS[1], cmo("K3", "", "candour", "learning", supporting=("c-1",))]
    row = dicts(chains(incidence_of([*TOLD[:2], TOLD[5]], asserted)))[0]
    assert row["articles_each"] == "2 > 1 > 1"


def test_full_and_any_link():
    ks = [
        cmo("K1", "", "m", "x / y|z"),
        cmo("K2", "x|w", "n", "o"),
        cmo("K3", "", "y|z", "p"),
        cmo("K4", "z|y|w / z", "q", "r"),
    ]
    e = [passage("a-1", "", "m")]
    assert {r["path"] for r in dicts(chains(incidence_of(e, ks)))} == {("K1", "K3"), ("K1", "K4")}
    anyhow = dicts(chains(incidence_of(e, ks), link="any"))
    assert {r["path"]: r["handed_over"] for r in anyhow} == {
        ("K1", "K2"): ("x",),
        ("K1", "K3"): ("y", "z"),
        ("K1", "K4"): ("y", "z"),
    }
    # Two alternatives of the outcome together do not fill one alternative of the next context.
    split = [cmo("K1", "", "m", "x / y"), cmo("K2", "x|y", "n", "o")]
    assert len(chains(incidence_of(e, split))) == 0


def test_halves_of_the_next_mechanism_receive_too():
    ks = [cmo("K1", "", "m", "x"), Configuration(id="K2", reasonings=(("x",),), contexts=(("x",),), outcomes=(("o",),))]
    assert dicts(chains(incidence_of([passage("a-1", "", "m")], ks)))[0]["received_as"] == "context + reasoning"


def test_back_off_links_a_narrower_outcome_to_a_broader_context():
    ks = [cmo("K1", "", "m", "candid-talk"), cmo("K2", "talk", "n", "o")]
    incidence = incidence_of([passage("a-1", "", "m")], ks, broader={"candid-talk": ("talk",)})
    assert [len(chains(incidence, back_off=n)) for n in (0, 1)] == [0, 1]


def test_circles_are_walked_once_and_marked():
    ks = [cmo("K1", "z", "m", "x"), cmo("K2", "x", "n", "y"), cmo("K3", "y", "o", "z"), cmo("L", "x", "q", "end")]
    table = chains(incidence_of([passage("a-1", "", "m")], ks))
    assert [(r["path"], r["closes"]) for r in dicts(table)] == [
        (("K2", "K3", "K1", "L"), False),
        (("K1", "K2", "K3"), True),
    ]
    itself = [cmo("K1", "", "m", "m")]
    assert len(chains(incidence_of([passage("a-1", "", "m")], itself))) == 0


def test_chains_stay_within_a_theory_version():
    theories = [Theory(id="one", configurations=("K1", "K2")), Theory(id="two", configurations=("K2", "K3"))]
    incidence = incidence_of(TOLD, KS, theories)
    assert [(r["theory"], r["path"]) for r in dicts(chains(incidence))] == [
        ("one", ("K1", "K2")),
        ("two", ("K2", "K3")),
    ]
    assert [r["path"] for r in dicts(chains(incidence, theory="two"))] == [("K2", "K3")]


def test_no_chain_is_said_not_just_empty():
    table = chains(incidence_of(TOLD, [KS[0], KS[2]]))
    assert len(table) == 0
    assert table.note.startswith("No outcome of a configuration is context or mechanism of another")


def test_chains_refuse_nonsense(monkeypatch):
    incidence = incidence_of(TOLD, KS)
    for options in ({"link": "some"}, {"paths": "short"}, {"theory": "T"}, {"coder": "nobody"}):
        with pytest.raises(UnknownName):
            chains(incidence, **options)
    with pytest.raises(BadSettings, match="longest"):
        chains(incidence, longest=1)
    with pytest.raises(BadSettings, match="back_off"):
        chains(incidence, back_off=-1)
    with pytest.raises(Refused, match="no configurations"):
        chains(incidence_of(TOLD, []))
    with pytest.raises(Refused, match="no extraction"):
        chains(incidence_of([], KS))
    monkeypatch.setattr(chains_module, "_TOO_MANY", 2)
    with pytest.raises(Refused, match="more than 2 chains"):
        chains(incidence, paths="all")
    monkeypatch.setattr(chains_module, "_TOO_FAR", 2)
    with pytest.raises(Refused, match="interlinked"):
        chains(incidence)


def test_ripples_in_the_passages():
    e = [
        passage("a-1", "", "m", "trust"),
        passage("a-2", "trust", "n", "learning"),
        passage("b-1", "", "m", "trust"),
        passage("c-1", "", "trust"),
        passage("d-1", "", "learning", "learning"),  # both in one passage: no ripple within it
        passage("e-1", "", "learning"),
    ]
    table = ripples(incidence_of(e, []))
    trust, learning = dicts(table)
    assert trust == {
        "concept": "trust",
        "as_outcome": 2,
        "as_context": 1,
        "as_mechanism": 1,
        "to_context": 1,
        "to_mechanism": 0,
        "told": "one article",
        "told_by": ("a",),
    }
    assert (learning["as_outcome"], learning["as_mechanism"], learning["told"]) == (2, 2, "stitched")
    assert table.opens(0, "to_context") == ("a-1", "a-2")
    assert table.opens(0, "as_outcome") == ("a-1", "b-1")
    assert table.opens(1, "concept") == ("a-2", "d-1", "e-1")
    with pytest.raises(Refused):
        ripples(incidence_of([], []))
    assert ripples(incidence_of(e[:1], [])).note.startswith("No concept is coded both")


# --- brute force -----------------------------------------------------------------------------------

CODES = tuple("uvwxyz")


@st.composite
def reviews(draw: st.DrawFn) -> Records:
    one = st.sampled_from(CODES)
    slots = st.lists(st.lists(one, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple)
    codes = st.lists(one, max_size=2, unique=True).map(lambda x: tuple(sorted(x)))
    articles = tuple(f"A{i}" for i in range(draw(st.integers(1, 3))))
    extractions = tuple(
        Extraction(
            id=f"e{i}",
            article=draw(st.sampled_from(articles)),
            contexts=draw(codes),
            mechanisms=draw(codes),
            outcomes=draw(codes),
            stance=draw(st.sampled_from((None, *STANCES))),
        )
        for i in range(draw(st.integers(1, 6)))
    )
    ids = st.lists(st.sampled_from([e.id for e in extractions]), max_size=1).map(tuple)
    configurations = tuple(
        Configuration(
            id=f"K{i}",
            contexts=draw(slots),
            mechanisms=draw(slots),
            reasonings=draw(slots),
            outcomes=draw(slots),
            supporting=draw(ids),
            challenging=draw(ids),
        )
        for i in range(draw(st.integers(1, 5)))
    )
    return Records(
        review=Review(id="r", title="R"),
        articles=tuple(Article(id=a, study=draw(st.sampled_from((None, "S")))) for a in articles),
        concepts=tuple(Concept(id=c, label=c) for c in CODES),
        extractions=extractions,
        configurations=configurations,
        theories=(Theory(id="t", configurations=tuple(k.id for k in configurations)),),
    )


def feeds(giver: Configuration, taker: Configuration, link: str) -> bool:
    asked = [set(alt) for role in ("context", "resource", "reasoning", "mechanism") for alt in taker.slot(role)]
    if link == "any":
        return any(set(alt) & set(o) for alt in asked for o in giver.outcomes)
    return any(alt <= set(o) for alt in asked for o in giver.outcomes)


def tellers(records: Records, k: Configuration, stance: str, assertions: tuple[str, ...]) -> set[str]:
    found = set()
    for e in records.extractions:
        filled = [r for r in ("mechanism", "resource", "reasoning") if k.slot(r)]
        mechanism = any(c in e.codes(r) for r in filled for alt in k.slot(r) for c in alt)
        outcome = not k.outcomes or any(c in e.outcomes for alt in k.outcomes for c in alt)
        if e.id in assertions or (mechanism and outcome and e.stance == stance):
            found.add(e.id)
    return found


@settings(max_examples=150, deadline=None)
@given(reviews(), st.sampled_from(("full", "any")), st.integers(2, 5), st.sampled_from(("longest", "all")))
def test_chains_equal_brute_force(records, link, longest, paths):
    table = chains(Incidence.from_records(records.ordered()), link=link, longest=longest, paths=paths)
    by_id = {k.id: k for k in records.configurations}
    graph = nx.DiGraph()
    graph.add_nodes_from(by_id)
    graph.add_edges_from((a, b) for a, b in permutations(by_id, 2) if feeds(by_id[a], by_id[b], link))
    every = {
        order
        for size in range(2, longest + 1)
        for order in permutations(sorted(by_id), size)
        if all(graph.has_edge(a, b) for a, b in pairwise(order))
    }
    if paths == "longest":
        every = {
            p
            for p in every
            if len(p) == longest
            or not ((set(graph.successors(p[-1])) - set(p)) or (set(graph.predecessors(p[0])) - set(p)))
        }
    circles = {p for p in every if graph.has_edge(p[-1], p[0])}
    expected = set(every)
    for p in circles:
        first = p.index(min(p))
        if first and p[first:] + p[:first] in every:
            expected.discard(p)
    rows = dicts(table)
    assert {r["path"] for r in rows} == expected
    assert len(rows) == len(expected)
    assert [r["length"] for r in rows] == sorted((r["length"] for r in rows), reverse=True)
    of = {e.id: e.article for e in records.extractions}
    study = {a.id: a.study or f"own {a.id}" for a in records.articles}
    for number, row in enumerate(rows):
        steps = [tellers(records, by_id[k], "supports", by_id[k].supporting) for k in row["path"]]
        articles = [{of[e] for e in step} for step in steps]
        least = min(map(len, articles))
        assert row["articles_each"] == " > ".join(str(len(a)) for a in articles)
        assert row["weakest"] == tuple(k for k, a in zip(row["path"], articles, strict=True) if len(a) == least)
        assert row["weakest_articles"] == least
        against = {
            of[e] for k in row["weakest"] for e in tellers(records, by_id[k], "challenges", by_id[k].challenging)
        }
        assert row["weakest_challenged"] == len(against)
        common = set.intersection(*articles)
        assert row["told_by"] == tuple(sorted(common))
        studies = set.intersection(*({study[a] for a in step} for step in articles))
        assert row["told"] == (
            "one article" if common else "one study" if studies else "stitched" if least else "a step without evidence"
        )
        assert row["closes"] == graph.has_edge(row["path"][-1], row["path"][0])
        assert set(table.opens(number, "path")) == set().union(*steps)


@settings(max_examples=40, deadline=None)
@given(reviews(), st.randoms(use_true_random=False))
def test_order_and_empty_articles_change_nothing_else(records, rng: random.Random):
    def shuffled(items):
        items = list(items)
        rng.shuffle(items)
        return tuple(items)

    kinds = ("articles", "concepts", "extractions", "configurations")
    mixed = records.model_copy(update={kind: shuffled(getattr(records, kind)) for kind in kinds})
    more = records.model_copy(update={"articles": (*records.articles, Article(id="Z-empty"))}).ordered()
    for measure in (chains, ripples):
        table = measure(Incidence.from_records(records.ordered()))
        again = measure(Incidence.from_records(mixed))
        assert again == table
        wider = measure(Incidence.from_records(more))
        assert wider.rows == table.rows
        assert wider.denominator != table.denominator


@settings(max_examples=80, deadline=None)
@given(reviews())
def test_ripples_equal_brute_force(records):
    table = ripples(Incidence.from_records(records.ordered()))
    expected = {}
    for concept in CODES:
        out = {e.id for e in records.extractions if concept in e.outcomes}
        into = {r: {e.id for e in records.extractions if concept in e.codes(r)} for r in ("context", "mechanism")}
        if not out or not (into["context"] | into["mechanism"]):
            continue
        of = {e.id: e.article for e in records.extractions}

        def articles(ids, of=of):
            return {of[i] for i in ids}

        def both(other, out=out, of=of):
            return {of[i] for i in out for j in other if i != j and of[i] == of[j]}

        expected[concept] = (
            len(articles(out)),
            len(articles(into["context"])),
            len(articles(into["mechanism"])),
            len(both(into["context"])),
            len(both(into["mechanism"])),
            tuple(sorted(both(into["context"]) | both(into["mechanism"]))),
        )
    found = {
        r["concept"]: (
            r["as_outcome"],
            r["as_context"],
            r["as_mechanism"],
            r["to_context"],
            r["to_mechanism"],
            r["told_by"],
        )
        for r in dicts(table)
    }
    assert found == expected
