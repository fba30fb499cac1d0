"""Robustness: flips found by counting once are those found by really leaving each thing out."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.measures.robustness import robustness
from eaa_graph.model import Appraisal, Article, Concept, Configuration, Extraction, Person, Records, Review, Theory
from eaa_graph.network import Incidence


def review(seed: int, order: int = 0, empty: bool = False, coders: tuple[str, ...] = ("a", "b", "c")) -> Incidence:
    draw = random.Random(seed)
    names = {k: tuple(f"{k}{n}" for n in range(3)) for k in "cmo"}

    def some(kind: str, least: int) -> tuple[str, ...]:
        return tuple(sorted(draw.sample(names[kind], draw.randint(least, 2))))

    extractions = [
        Extraction(
            id=f"e{n:02}",
            article=f"p{draw.randrange(8)}",
            contexts=some("c", 0),
            mechanisms=some("m", 0),
            outcomes=some("o", 0),
            stance=draw.choice(("supports", "supports", "challenges", "refines", None)),
            coder=draw.choice(coders),
        )
        for n in range(40)
    ]
    random.Random(order).shuffle(extractions)
    configurations = (
        Configuration(
            id="K1", contexts=(("c0",),), mechanisms=(("m0",),), outcomes=(("o0",),), supporting=("e00", "e01")
        ),
        Configuration(id="K2", mechanisms=(("m0", "m1"), ("m2",)), outcomes=(("o1",), ("o2",))),
        Configuration(id="K3", contexts=(("c1", "c2"),), mechanisms=(("m1",),)),
    )
    return Incidence.from_records(
        Records(
            review=Review(id="r", title="R"),
            people=tuple(Person(id=c) for c in coders),
            articles=(
                *(Article(id=f"p{n}", study="s" if n < 3 else None) for n in range(8)),
                *((Article(id="zz"),) if empty else ()),
            ),
            concepts=tuple(Concept(id=c, label=c) for k in "cmo" for c in names[k]),
            extractions=tuple(extractions),
            configurations=configurations,
            theories=(Theory(id="T", configurations=("K1", "K2")),),
            appraisals=tuple(Appraisal(target=f"p{n}", rigour=("low", "high")[n % 2], assessor="a") for n in range(6)),
        ).ordered()
    )


def supporting(incidence: Incidence, keep: np.ndarray, name: str, stances: set[int]) -> int:
    """Articles with a matching passage, counted without any of the package's matching."""
    records = incidence.records
    configuration = next(c for c in records.configurations if c.id == name)
    found = set()
    for e in np.flatnonzero(keep).tolist():
        if int(incidence.stance[e]) not in stances:
            continue
        held: dict[int, set[str]] = {}
        here = incidence.coding_extraction == e
        for role, concept in zip(
            incidence.coding_role[here].tolist(), incidence.coding_concept[here].tolist(), strict=True
        ):
            held.setdefault(role, set()).add(incidence.concepts[concept].id)
        whole = any(set(alternative) <= held.get(5, set()) for alternative in configuration.mechanisms)
        touched = all(
            not slot or any(c in held.get(role, set()) for alternative in slot for c in alternative)
            for role, slot in ((0, configuration.contexts), (6, configuration.outcomes))
        )
        if whole and touched:
            found.add(int(incidence.article[e]))
    return len(found)


def groups(incidence: Incidence, leave_out: str) -> dict[str, np.ndarray]:
    people, articles = incidence.records.people, incidence.articles
    keys = []
    for e in range(len(incidence)):
        article = articles[incidence.article[e]]
        level = next((a.rigour for a in incidence.records.appraisals if a.target == article.id), None)
        keys.append(
            {
                "article": article.id,
                "study": article.study or article.id,
                "coder": people[incidence.coder[e]].id,
                "appraisal": f"rigour: {level or 'not appraised'}",
            }[leave_out]
        )
    return {k: np.array([key == k for key in keys]) for k in sorted(set(keys))}


@pytest.mark.parametrize("leave_out", ["article", "study", "coder", "appraisal"])
@pytest.mark.parametrize("seed", range(6))
def test_flips_of_support_are_those_of_really_leaving_out(leave_out: str, seed: int) -> None:
    incidence = review(seed)
    table = robustness(incidence, leave_out=leave_out, coder="all")
    left = groups(incidence, leave_out)
    everything = np.ones(len(incidence), dtype=bool)
    checked = 0
    for row in table.records():
        if row["kind"] not in ("support", "challenge"):
            continue
        stances, least = ({0, -1}, 2) if row["kind"] == "support" else ({2}, 1)
        name = row["about"].id
        full = supporting(incidence, everything, name, stances)
        assert row["full"].startswith(f"{'yes' if full >= least else 'no'}: {full} article")
        expected = [
            g for g, out in left.items() if (full >= least) != (supporting(incidence, ~out, name, stances) >= least)
        ]
        assert [t.id for t in row["which"]] == expected
        assert (row["tried"], row["flips"]) == (len(left), len(expected))
        checked += 1
    assert checked == 6


@pytest.mark.parametrize("leave_out", ["article", "study", "coder", "appraisal"])
@pytest.mark.parametrize("seed", range(4))
def test_flips_of_leading_pairs_are_those_of_really_leaving_out(leave_out: str, seed: int) -> None:
    incidence = review(seed)

    def leaders(keep: np.ndarray) -> dict[str, tuple[frozenset[frozenset[int]], int]]:
        part = incidence.where(keep)
        held: dict[int, dict[int, set[int]]] = {}
        for e, role, c in zip(
            part.coding_extraction.tolist(), part.coding_role.tolist(), part.coding_concept.tolist(), strict=True
        ):
            held.setdefault(e, {}).setdefault(role, set()).add(c)
        counts: dict[str, dict[frozenset[int], set[int]]] = {"context": {}, "mechanism-outcome": {}, "pair of": {}}
        by_article: dict[int, set[int]] = {}
        for e, by_role in held.items():
            article = int(part.article[e])
            by_article.setdefault(article, set()).update(by_role.get(5, set()))
            for kind, first, second in (("context", 0, 5), ("mechanism-outcome", 5, 6)):
                for x in by_role.get(first, ()):
                    for y in by_role.get(second, ()):
                        counts[kind].setdefault(frozenset((x, y)), set()).add(article)
        for article, mechanisms in by_article.items():
            for x in mechanisms:
                for y in mechanisms:
                    if x < y:
                        counts["pair of"].setdefault(frozenset((x, y)), set()).add(article)
        result = {}
        for kind, seen in counts.items():
            most = max((len(a) for a in seen.values()), default=0)
            result[kind] = (frozenset(p for p, a in seen.items() if len(a) == most), most)
        return result

    full = leaders(np.ones(len(incidence), dtype=bool))
    without = {g: leaders(~out) for g, out in groups(incidence, leave_out).items()}
    rows = [r for r in robustness(incidence, leave_out=leave_out, coder="all").records() if r["kind"] == "leading pair"]
    assert len(rows) == 3
    for row in rows:
        kind = next(k for k in full if k in row["conclusion"])
        assert f"{full[kind][1]} article" in row["full"]
        assert [t.id for t in row["which"]] == [g for g, found in without.items() if found[kind][0] != full[kind][0]]


def test_nothing_depends_on_row_order_or_an_empty_article() -> None:
    plain = robustness(review(1)).rows
    assert robustness(review(1, order=3)).rows == plain
    assert robustness(review(1, empty=True)).rows == plain


def test_solution_terms_are_minimised_anew() -> None:
    table = robustness(review(2), solution=True, conditions="c0|m0", outcome="o0")
    rows = [r for r in table.records() if r["kind"] == "solution"]
    assert {r["conclusion"] for r in rows} == {
        "Shortest expression for o0, conservative solution",
        "Shortest expression for o0, parsimonious solution",
    }
    assert all(r["tried"] == 8 for r in rows)
    assert any(r["flips"] for r in rows)


def test_opens_onto_what_flips() -> None:
    incidence = review(0)
    table = robustness(incidence, coder="all")
    for number, row in enumerate(table.records()):
        flipping = {
            incidence.articles[incidence.article[incidence.extraction_index[e]]].id
            for e in table.opens(number, "which")
        }
        assert flipping <= {t.id for t in row["which"]}
        assert set(table.opens(number, "which")) <= set(table.opens(number, "full"))


def test_what_cannot_be_left_out_is_refused() -> None:
    with pytest.raises(Refused, match="only one coder who read"):
        robustness(review(0, coders=("a",)), leave_out="coder")
    with pytest.raises(Refused, match="nobody appraised richness"):
        robustness(review(0), leave_out="appraisal", appraisal="richness")
    with pytest.raises(UnknownName):
        robustness(review(0), leave_out="journal")
    with pytest.raises(UnknownName, match="theory"):
        robustness(review(0), theory="X")
    one = review(0)
    with pytest.raises(Refused, match="only one article"):
        robustness(one.where(one.article == one.article[0]))


def test_assertions_of_a_person_count_when_asked_for() -> None:
    incidence = review(0)
    rows = {
        (r["kind"], r["about"].id): r
        for r in robustness(incidence, evidence="asserted", theory="T").records()
        if r["kind"] != "leading pair"
    }
    named = {int(incidence.article[incidence.extraction_index[e]]) for e in ("e00", "e01")}
    assert rows["support", "K1"]["full"].endswith(f"{len(named)} article{'' if len(named) == 1 else 's'}")
    assert rows["support", "K2"]["full"] == "no: 0 articles"
    assert ("support", "K3") not in rows


@pytest.mark.parametrize("leave_out", ["article", "study", "coder", "appraisal"])
def test_pilot(leave_out: str) -> None:
    from eaa_graph import resources
    from eaa_graph.readers.csv_folder import read_folder
    from eaa_graph.validate import validate

    pilot = Incidence.from_records(validate(read_folder(resources.example("eaa_pilot"))).records)
    table = robustness(pilot, leave_out=leave_out)
    assert len([r for r in table.records() if r["kind"] == "support"]) == len(pilot.records.configurations)
    assert not any(isinstance(c, float) and math.isnan(c) for row in table.rows for c in row)
    if leave_out == "coder":
        assert "coder-a, coder-b" in table.denominator
    else:
        assert "consensus" in table.denominator
