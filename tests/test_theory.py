"""Versions, their difference and the sentences: hand-made pairs for each kind of change, and what must always hold."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eaa_graph import pipeline, resources
from eaa_graph.errors import SharedName, UnknownName
from eaa_graph.model import Change, Claim, Concept, Configuration, Records, Review, Theory
from eaa_graph.network import Incidence
from eaa_graph.theory.difference import KINDS, apply, content, diff
from eaa_graph.theory.sentences import arrow, claim_sentence, concept_labels, listed, sentence, tell
from eaa_graph.theory.side_by_side import theory_difference
from eaa_graph.theory.versions import Version, history, versions_table

CASES = Path(__file__).parent / "cases" / "theory"
REVIEW = Review(id="r", title="A review")


def conf(name: str, text: str = "", **more: object) -> Configuration:
    """Make a configuration from 'C > M > O'; '+' joins, '/' separates alternatives."""
    parts = [p.strip() for p in text.split(">")] if text else []
    slots = {}
    for role, part in zip(("contexts", "mechanisms", "outcomes"), parts, strict=False):
        slots[role] = tuple(tuple(c.strip() for c in a.split("+")) for a in part.split("/")) if part else ()
    return Configuration(id=name, **slots, **more)  # type: ignore[arg-type]


def version(name: str, *configurations: Configuration, claims: tuple[Claim, ...] = (), **more: object) -> Version:
    return Version(id=name, label=name, configurations=configurations, claims=claims, **more)  # type: ignore[arg-type]


def two(
    old: list[Configuration], new: list[Configuration], *changes: Change, claims: tuple[Claim, ...] = ()
) -> Records:
    by_id = {c.id: c for c in (*old, *new)}
    return Records(
        review=REVIEW,
        configurations=tuple(by_id.values()),
        theories=(
            Theory(id="a", configurations=tuple(c.id for c in old)),
            Theory(id="b", configurations=tuple(c.id for c in new), revision_of=("a",)),
        ),
        changes=changes,
        claims=claims,
    ).ordered()


def difference(old: list[Configuration], new: list[Configuration], *changes: Change, **more: object):
    past = history(two(old, new, *changes))
    return diff(past.version("a"), past.version("b"), past, **more)  # type: ignore[arg-type]


# --- each kind of change -----------------------------------------------------------------

KIND_CASES = {
    "unchanged": (conf("x", "c > m > o"), conf("x", "c > m > o"), {"unchanged": 1}),
    "renamed": (conf("x", "c > m > o"), conf("y", "c > m > o"), {"renamed": 1}),
    "order only": (conf("x", "c > m + n / p > o"), conf("x", "c > p / n + m > o"), {"unchanged": 1}),
    "reworded": (conf("x", "c > m > o", statement="S."), conf("y", "c > m > o", statement="T."), {"reworded": 1}),
    "slot added": (conf("x", " > m > o"), conf("y", "c > m > o"), {"slot added": 1}),
    "slot removed": (conf("x", "c > m > o"), conf("y", " > m > o"), {"slot removed": 1}),
    "relinked": (conf("x", "c > m > o"), conf("y", "c > n > o"), {"relinked": 1}),
    "concept added": (conf("x", "c > m > o"), conf("y", "c > m + n > o"), {"concept added": 1}),
    "concept removed": (conf("x", "c > m + n > o"), conf("y", "c > m > o"), {"concept removed": 1}),
    "regrouped": (conf("x", "c > m + n > o"), conf("y", "c > m / n > o"), {"regrouped": 1}),
    "polarity changed": (
        conf("x", "c > m > o", polarity="enabling"),
        conf("y", "c > m > o", polarity="mixed"),
        {"polarity changed": 1},
    ),
    "evidence changed": (
        conf("x", "c > m > o", supporting=("e1",)),
        conf("y", "c > m > o", supporting=("e2",)),
        {"evidence changed": 1},
    ),
    "annotated": (conf("x", "c > m > o", note="N"), conf("y", "c > m > o"), {"annotated": 1}),
    "added and dropped": (conf("x", "c > m > o"), conf("y", "d > n > p"), {"added": 1, "dropped": 1}),
    # Moves within one configuration: a mechanism turns out to be what comes of it.
    "re-roled": (conf("x", "c > m + n > o"), conf("y", "c > m > o + n"), {"re-roled": 1}),
}


@pytest.mark.parametrize("case", KIND_CASES)
def test_each_kind_of_change_is_called_by_its_name(case: str) -> None:
    old, new, expected = KIND_CASES[case]
    # The two need not be in one review: a version is a value.
    found = diff(version("a", old), version("b", new))
    kinds: dict[str, int] = {}
    for d in found.differences:
        if d.thing == "configuration":
            kinds[d.kind] = kinds.get(d.kind, 0) + 1
    assert kinds == expected
    assert content(apply(found, version("a", old))) == content(version("b", new))


def test_a_mechanism_told_apart_in_its_halves_is_re_roled() -> None:
    old = conf("x", "c > offer + trust > o")
    new = Configuration(
        id="x", contexts=(("c",),), resources=(("offer",),), reasonings=(("trust",),), outcomes=(("o",),)
    )
    found = diff(version("a", old), version("b", new))
    moved = {(d.slot, d.old) for d in found.differences if d.kind == "re-roled" and d.thing == "configuration"}
    assert moved == {("mechanism to resource", ("offer",)), ("mechanism to reasoning", ("trust",))}
    assert {d.slot for d in found.differences if d.kind == "slot removed"} == {"mechanism"}
    signs = {(p["role"], p["concept"]): (p["sign"], p["was"]) for p in found.picture()}
    assert signs["resource", "offer"] == ("~", "mechanism")
    assert ("mechanism", "offer") not in signs


def test_split_and_merger_are_seen_from_content() -> None:
    whole = conf("w", "c > m + n > o")
    parts = [conf("p", "c > m > o"), conf("q", "c > n > o")]
    found = difference([whole], parts)
    split = next(d for d in found.differences if d.kind == "split")
    assert (split.before, split.after, split.pairing) == (("w",), ("p", "q"), "content")
    assert any(f.rule == "change-not-recorded" for f in found.findings)
    back = difference(parts, [whole])
    merged = next(d for d in back.differences if d.kind == "merged")
    assert (merged.before, merged.after) == (("p", "q"), ("w",))


def test_a_variant_beside_the_kept_original_is_added_and_no_split() -> None:
    kept = conf("w", "c > m + n > o")
    found = difference([kept], [kept, conf("v", "c > m > o")])
    assert {d.kind for d in found.differences if d.thing == "configuration"} == {"unchanged", "added"}


def test_recorded_changes_pair_and_carry_reason_move_and_evidence() -> None:
    change = Change(
        theory="b",
        change="split",
        subject="x",
        before=("x",),
        after=("y", "z"),
        reason="They act apart",
        evidence=("e1",),
        move="juxtapose",
    )
    found = difference([conf("x", "c > m > o")], [conf("y", "c > m > o"), conf("z", "d > n > p")], change)
    split = next(d for d in found.differences if d.kind == "split")
    assert (split.pairing, split.reason, split.moves, split.evidence) == (
        "recorded",
        "They act apart.",
        ("juxtapose",),
        ("e1",),
    )
    assert not found.findings
    row = [d.kind for d in found.differences].index("split")
    assert found.table().opens(row, "reason") == ("e1",)


def test_an_item_recorded_as_added_is_not_paired_by_likeness() -> None:
    change = Change(theory="b", change="added", subject="y", after=("y",), reason="New")
    found = difference([conf("x", "c > m > o")], [conf("y", "c > m > o")], change)
    assert {d.kind for d in found.differences if d.thing == "configuration"} == {"added", "dropped"}


def test_the_pairing_can_be_overruled() -> None:
    old, new = [conf("x", "c > m > o"), conf("w", "c > m > p")], [conf("y", "c > m > o")]
    by_content = difference(old, new)
    assert [(k.before, k.after, k.pairing) for k in by_content.links] == [("x", "y", "content")]
    by_hand = difference(old, new, pairing={"w": ["y"], "x": []})
    assert [(k.before, k.after, k.pairing) for k in by_hand.links] == [("w", "y", "given")]
    none = difference(old, new, pairing={"": ["y"]})
    assert not none.links
    with pytest.raises(UnknownName, match="no configuration or claim of b is called 'yy'"):
        difference(old, new, pairing={"x": ["yy"]})


def test_what_nobody_recorded_and_what_shows_nowhere_are_findings() -> None:
    past = history(
        two(
            [conf("x", "c > m > o")],
            [conf("x", "c > m > o"), conf("y", "d > n > p"), conf("z", "e > k > q")],
            Change(theory="b", change="reworded", subject="gone", before=("gone",), after=("gone",), reason="R"),
            Change(theory="b", change="added", subject="z", after=("z",)),
        )
    )
    found = diff(past.version("a"), past.version("b"), past)
    assert sorted((f.rule, f.severity) for f in found.findings) == [
        ("change-not-recorded", "warning"),
        ("change-shows-no-difference", "warning"),
        ("change-without-reason", "warning"),
    ]
    assert all(f.fix for f in found.findings)
    assert sum("No reason is recorded." in line for line in found.prose()) == 1
    assert sum("The record gives no reason." in line for line in found.prose()) == 1


def test_changes_over_several_steps_are_followed_both_ways() -> None:
    records = Records(
        review=REVIEW,
        configurations=(conf("x", "c > m > o"), conf("y", "d > n > p"), conf("z", "e > k > q"), conf("s", "f > l > r")),
        theories=(
            Theory(id="root", configurations=("x",)),
            Theory(id="mid", configurations=("y",), revision_of=("root",)),
            Theory(id="late", configurations=("z",), revision_of=("mid",)),
            Theory(id="side", configurations=("s",), revision_of=("root",)),
        ),
        changes=(
            Change(theory="mid", change="reworded", subject="y", before=("x",), after=("y",), reason="One"),
            Change(theory="late", change="reworded", subject="z", before=("y",), after=("z",), reason="Two"),
            Change(theory="side", change="reworded", subject="s", before=("x",), after=("s",), reason="Three"),
        ),
    ).ordered()
    past = history(records)

    def reasons(a: str, b: str) -> set[tuple[str, str, str]]:
        found = diff(past.version(a), past.version(b), past)
        assert not found.findings
        return {(k.before, k.after, " ".join(sorted(c.reason or "" for c in k.recorded))) for k in found.links}

    assert reasons("root", "late") == {("x", "z", "One Two")}
    assert reasons("late", "root") == {("z", "x", "One Two")}
    assert reasons("side", "late") == {("s", "z", "One Three Two")}
    assert reasons("late", "side") == {("z", "s", "One Three Two")}


def test_a_change_recorded_for_a_concept_explains_the_slot() -> None:
    change = Change(theory="b", change="merged", subject="n", before=("m",), after=("n",), reason="One idea")
    found = difference([conf("x", "c > m > o")], [conf("y", "c > n > o")], change)
    relinked = next(d for d in found.differences if d.kind == "relinked")
    assert relinked.reason == "One idea."
    assert not found.findings


def test_claims_are_compared_too() -> None:
    def claim(
        name: str, theory: str, start: tuple[str, ...], end: tuple[str, ...], relation: str = "leads to"
    ) -> Claim:
        return Claim(id=name, theory=theory, from_concepts=start, relation=relation, to_concepts=end)

    old = version("a", claims=(claim("k1", "a", ("m", "n"), ("o",)), claim("k2", "a", ("p",), ("q",))))
    new = version(
        "b",
        claims=(
            claim("k1", "b", ("m", "n"), ("o",), "presupposes"),
            claim("k3", "b", ("p", "r"), ("q",)),
            claim("k4", "b", ("s",), ("t",)),
        ),
    )
    found = diff(old, new)
    kinds = {(d.kind, d.before, d.after) for d in found.differences}
    assert kinds == {
        ("relation changed", ("k1",), ("k1",)),
        ("concept added", ("k2",), ("k3",)),
        ("added", (), ("k4",)),
    }
    assert content(apply(found, old)) == content(new)
    assert any("k4 was added: It is claimed that s may lead to t." in line for line in found.prose())


def test_nothing_compared_with_nothing() -> None:
    found = diff(version("a"), version("b"))
    assert found.differences == ()
    assert found.prose() == ["From a (a) to b (b): nothing changed."]
    assert found.picture() == []
    assert len(found.table()) == 0


# --- what must always hold ----------------------------------------------------------------

_concept = st.sampled_from([f"k{n}" for n in range(6)])
_alternative = st.lists(_concept, min_size=1, max_size=3, unique=True).map(tuple)
_slot = st.lists(_alternative, max_size=2).map(tuple)


@st.composite
def _versions(draw: st.DrawFn, name: str) -> Version:
    ids = draw(st.lists(st.sampled_from("pqrstuv"), max_size=4, unique=True))
    configurations = tuple(
        Configuration(
            id=i,
            contexts=draw(_slot),
            mechanisms=draw(_slot),
            resources=draw(st.just(()) | _slot),
            outcomes=draw(_slot),
            statement=draw(st.sampled_from([None, "One.", "Two."])),
            polarity=draw(st.sampled_from([None, "hindering"])),
            supporting=draw(st.sampled_from([(), ("e1",), ("e1", "e2")])),
        )
        for i in ids
    )
    claims = tuple(
        Claim(
            id=f"c{i}", theory=name, from_concepts=(draw(_concept),), relation="leads to", to_concepts=(draw(_concept),)
        )
        for i in draw(st.lists(st.integers(0, 3), max_size=2, unique=True))
    )
    return version(name, *configurations, claims=claims)


_changes = st.lists(
    st.builds(
        lambda theory, kind, before, after: Change(
            theory=theory, change=kind, subject=(after or before or ("p",))[0], before=tuple(before), after=tuple(after)
        ),
        st.sampled_from("ab"),
        st.sampled_from(["added", "dropped", "split", "merged", "reworded", "re-roled"]),
        st.lists(st.sampled_from("pqrstuv"), max_size=2, unique=True).map(sorted),
        st.lists(st.sampled_from("pqrstuv"), max_size=2, unique=True).map(sorted),
    ),
    max_size=3,
)
_fast = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _past(changes: list[Change]):
    theories = (Theory(id="a"), Theory(id="b", revision_of=("a",)))
    return history(Records(review=REVIEW, theories=theories, changes=tuple(changes)).ordered())


@_fast
@given(_versions("a"))
def test_a_version_does_not_differ_from_itself(a: Version) -> None:
    found = diff(a, a)
    assert {d.kind for d in found.differences} <= {"unchanged"}
    assert not found.findings
    assert found.changes == ()


@_fast
@given(_versions("a"), _versions("b"), _changes)
def test_applying_the_difference_gives_the_second_version(a: Version, b: Version, changes: list[Change]) -> None:
    found = diff(a, b, _past(changes))
    assert content(apply(found, a)) == content(b)
    # No difference is told exactly where there is nothing to replay.
    for link in found.links:
        kinds = {
            d.kind
            for d in found.differences
            if (d.thing, d.before, d.after) == (link.thing, (link.before,), (link.after,))
        }
        assert bool(link.edits) == (not kinds <= {"unchanged", "renamed"})


@_fast
@given(_versions("a"), _versions("b"), _changes)
def test_the_way_back_mirrors_the_way_there(a: Version, b: Version, changes: list[Change]) -> None:
    past = _past(changes)
    there, back = diff(a, b, past), diff(b, a, past)
    assert {KINDS[kind][1]: n for kind, n in there.counts().items()} == back.counts()
    assert {(k.before, k.after) for k in there.links} == {(k.after, k.before) for k in back.links}


@_fast
@given(_versions("a"), _versions("b"), _changes, st.integers(0, 9))
def test_order_never_matters(a: Version, b: Version, changes: list[Change], seed: int) -> None:
    rng = random.Random(seed)

    def shuffled(v: Version) -> Version:
        configurations = [
            c.model_copy(
                update={
                    f"{role}s": tuple(
                        tuple(rng.sample(alternative, len(alternative)))
                        for alternative in rng.sample(c.slot(role), len(c.slot(role)))
                    )
                    for role in ("context", "mechanism", "resource", "outcome")
                }
            )
            for c in rng.sample(v.configurations, len(v.configurations))
        ]
        return version(v.id, *configurations, claims=tuple(rng.sample(v.claims, len(v.claims))))

    first = diff(a, b, _past(changes))
    second = diff(shuffled(a), shuffled(b), _past(rng.sample(changes, len(changes))))
    assert json.dumps(first.as_dict()) == json.dumps(second.as_dict())
    assert first.prose() == second.prose()
    assert first.picture() == second.picture()


# --- versions ---------------------------------------------------------------------------------


def _history(*theories: Theory):
    return history(Records(review=REVIEW, theories=theories).ordered())


def test_history_knows_roots_branches_joins_and_rivals() -> None:
    past = _history(
        Theory(id="b2", revision_of=("a",), date="2021"),
        Theory(id="b1", revision_of=("a",), date="2022-03"),
        Theory(id="a", date="2023"),
        Theory(id="j", revision_of=("b1", "b2")),
        Theory(id="r", status="rival", date="2020"),
    )
    assert [v.id for v in past.versions] == ["r", "a", "b2", "b1", "j"]
    assert [v.id for v in past.roots] == ["r", "a"]
    assert [v.id for v in past.heads] == ["r", "j"]
    assert {k: [v.id for v in vs] for k, vs in past.branches.items()} == {"a": ["b2", "b1"]}
    assert [v.id for v in past.joins] == ["j"]
    assert [v.id for v in past.rivals] == ["r"]
    assert [v.id for v in past.beside("b1")] == ["r", "b2"]
    assert [v.id for v in past.lineage("j")] == ["a", "b2", "b1", "j"]
    assert past.cycles == ()
    assert past.links == (("a", "b2"), ("a", "b1"), ("b2", "j"), ("b1", "j"))
    with pytest.raises(UnknownName, match="'b3'; known: r, a, b2, b1, j"):
        past.version("b3")


def test_a_circle_of_revisions_ends() -> None:
    past = _history(
        Theory(id="a", revision_of=("c",)),
        Theory(id="b", revision_of=("a",)),
        Theory(id="c", revision_of=("b",)),
        Theory(id="d", revision_of=("c",)),
        Theory(id="s", revision_of=("s",)),
    )
    assert past.cycles == (("a", "b", "c"), ("s",))
    assert [v.id for v in past.versions][-1] in ("d", "s")
    assert {v.id for v in past.versions} == set("abcds")
    assert [v.id for v in past.versions].index("d") > [v.id for v in past.versions].index("c")
    assert diff(past.version("a"), past.version("b"), past).differences == ()
    assert len(versions_table(past)) == 5


def test_no_theory_is_an_empty_history() -> None:
    past = _history()
    assert past.versions == past.roots == past.heads == ()
    assert len(versions_table(past)) == 0


def test_names_that_are_not_there_are_findings() -> None:
    records = Records(review=REVIEW, theories=(Theory(id="a", configurations=("nope",), revision_of=("gone",)),))
    past = history(records)
    assert [f.rule for f in past.findings] == ["dangling-reference"] * 2
    assert past.version("a").configurations == ()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12), st.randoms(use_true_random=False))
def test_a_version_follows_those_it_revises(edges: list[tuple[int, int]], rng: random.Random) -> None:
    parents = {n: tuple(str(p) for c, p in edges if c == n) for n in range(7)}
    theories = [Theory(id=str(n), revision_of=ps, date="2020") for n, ps in parents.items()]
    rng.shuffle(theories)
    past = history(Records(review=REVIEW, theories=tuple(theories)))
    order = [v.id for v in past.versions]
    assert sorted(order) == [str(n) for n in range(7)]
    for v in past.versions:
        for parent in v.revision_of:
            if v.id not in past.ancestors(parent) and parent != v.id:
                assert order.index(parent) < order.index(v.id)


# --- sentences -------------------------------------------------------------------------------------

SENTENCES = [
    (
        conf("x", "mixed groups > assets + intentions > engagement"),
        "If the context is mixed groups, then engagement may come about, because of assets together with intentions.",
    ),
    (
        conf("x", " > a + b + c > o"),
        "In a context not theorised yet, o may come about, because of a, b and c together.",
    ),
    (conf("x", "c > > o"), "If the context is c, then o may come about, through a mechanism not theorised yet."),
    (conf("x", "c > m > "), "If the context is c, then an outcome not theorised yet may come about, because of m."),
    (conf("x", "a / b / c > m > o / p"), "If the context is a, b or c, then o or p may come about, because of m."),
    (conf("x", "a + b / c > m > o"), "If the context is either a and b, or c, then o may come about, because of m."),
    (conf("x", "c > m > o", polarity="hindering"), "If the context is c, then o may be held back, because of m."),
    (
        conf("x", "c > m > o", polarity="mixed"),
        "If the context is c, then o may be either helped or held back, because of m.",
    ),
    (
        conf("x", "time or money / rounds > m > o"),
        "If the context is either time or money, or rounds, then o may come about, because of m.",
    ),
    (
        conf("x", "technology centred > people feel heard > better informed"),
        "If the context is technology centred, then an outcome may come about, namely better informed, because people feel heard.",
    ),
    (
        conf("x", "people know each other > to feel heard > o"),
        "If the context is that people know each other, then o may come about, because the mechanism is to feel heard.",
    ),
    (conf("x"), "Nothing of this configuration is theorised yet."),
]


@pytest.mark.parametrize(("configuration", "expected"), SENTENCES, ids=[e[:40] for _, e in SENTENCES])
def test_sentences(configuration: Configuration, expected: str) -> None:
    assert sentence(configuration, {}) == expected


HALVES = [
    (
        {"resources": (("safe space",),), "reasonings": (("trust",),)},
        "because people who are offered safe space respond with trust.",
    ),
    (
        {"resources": (("prototypes",),)},
        "because people who are offered prototypes respond in a way not theorised yet.",
    ),
    ({"reasonings": (("trust",),)}, "because people respond with trust to a resource not theorised yet."),
    (
        {"reasonings": (("people feel heard",),)},
        "because people's response to a resource not theorised yet is that people feel heard.",
    ),
    (
        {"resources": (("space",),), "mechanisms": (("dialogue",),)},
        "because of dialogue, and because people who are offered space respond in a way not theorised yet.",
    ),
]


@pytest.mark.parametrize(("slots", "ending"), HALVES)
def test_halves_of_a_mechanism(slots: dict, ending: str) -> None:
    assert (
        sentence(Configuration(id="x", contexts=(("c",),), outcomes=(("o",),), **slots), {})
        == f"If the context is c, then o may come about, {ending}"
    )


def test_interventions_and_actors_are_worded() -> None:
    full = Configuration(id="x", contexts=(("c",),), interventions=(("training",),), actors=(("nurses",), ("doctors",)))
    assert sentence(full, {}).startswith(
        "If the context is c, and the intervention is training, and those involved are nurses or doctors, then "
    )
    assert sentence(full.model_copy(update={"contexts": ()}), {}).startswith(
        "In a context not theorised yet, if the intervention is training, and "
    )
    assert arrow(full, {}) == "c, intervention training, with nurses / doctors -> ? -> ?"


def test_labels_are_used_and_the_authors_statement_stands_beside() -> None:
    concepts = [Concept(id="new-k", label="New  knowledge."), Concept(id="m", label="Māori leadership")]
    told = tell(conf("x", " > m > new-k", statement="As I said", author="Ana"), {c.id: c for c in concepts})
    assert told.made == "In a context not theorised yet, New knowledge may come about, because of Māori leadership."
    assert (told.arrow, told.statement, told.author) == ("? -> Māori leadership -> New knowledge", "As I said", "Ana")
    assert tell(conf("x", " > m > new-k"), concept_labels(concepts)).made == told.made


def test_lists_and_claims() -> None:
    assert listed([]) == ""
    assert listed(["a", "b and c", "d"]) == "a; b and c; and d"
    claim = Claim(id="k", theory="t", from_concepts=("a", "b"), relation="is pursued with", to_concepts=("c", "d", "e"))
    assert claim_sentence(claim, {}) == "It is claimed that a together with b may be pursued with c, d and e."


@given(
    st.fixed_dictionaries(
        dict.fromkeys(
            ("contexts", "interventions", "actors", "resources", "reasonings", "mechanisms", "outcomes"), _slot
        )
    ),
    st.sampled_from([None, "enabling", "hindering", "mixed"]),
    st.lists(st.text(min_size=1, max_size=30), min_size=6, max_size=6),
)
def test_every_configuration_reads_as_one_sentence(slots: dict, polarity: str | None, texts: list[str]) -> None:
    configuration = Configuration(id="x", polarity=polarity, **slots)
    said = sentence(configuration, {f"k{n}": text for n, text in enumerate(texts)})
    assert said.endswith(".")
    assert said == " ".join(said.split())
    plain = sentence(configuration, {})
    named = {c for slot in slots.values() for alternative in slot for c in alternative}
    assert all(concept in plain for concept in named)
    assert not any(f"k{n}" in plain for n in range(6) if f"k{n}" not in named)


# --- the pilot ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pilot() -> Records:
    return pipeline.check(resources.example("eaa_pilot")).records


def test_the_pilots_refinement_is_told_completely(pilot: Records) -> None:
    past = history(pilot)
    before, after = past.version("eaa-initial"), past.version("eaa-pilot-1")
    found = diff(before, after, past)
    # Every configuration of either version is accounted for, once as added or dropped or at least once in a pair.
    told = {("a", i) for d in found.differences if d.thing == "configuration" for i in d.before}
    told |= {("b", i) for d in found.differences if d.thing == "configuration" for i in d.after}
    assert told == {("a", c.id) for c in before.configurations} | {("b", c.id) for c in after.configurations}
    # Every recorded change is used, and the five additions without a record are named.
    assert {c for d in found.differences for c in d.recorded} == set(past.changes_to("eaa-pilot-1"))
    assert [f.message.split("configuration ")[1][:3] for f in found.findings] == ["P04", "P05", "P09", "P10", "P12"]
    assert content(apply(found, before)) == content(after)
    golden = json.loads((CASES / "pilot.json").read_text(encoding="utf-8"))
    assert {"difference": found.as_dict(), "prose": found.prose(), "picture": found.picture()} == golden


@pytest.mark.parametrize("name", ["eaa_pilot", "eaa_published"])
def test_every_step_of_the_shipped_histories_replays(name: str) -> None:
    past = history(pipeline.check(resources.example(name)).records)
    assert past.links
    for first in past.versions:
        for second in past.versions:
            assert content(apply(diff(first, second, past), first)) == content(second)


def test_a_label_that_two_versions_bear_is_not_guessed_at() -> None:
    rows = tuple(
        Theory(id=name, label=label, configurations=("A1",), revision_of=before)
        for name, label, before in (("t1", "Refined", ()), ("t2", "refined", ("t1",)), ("t3", "Last", ("t2", "t3")))
    )
    concepts = (Concept(id="m", label="m"), Concept(id="o", label="o"))
    configurations = (Configuration(id="A1", mechanisms=(("m",),), outcomes=(("o",),)),)
    records = Records(review=REVIEW, concepts=concepts, configurations=configurations, theories=rows).ordered()
    past = history(records)
    with pytest.raises(
        SharedName, match=r"more than one theory version is called 'REFINED': say which by its id, 't1' or 't2'"
    ):
        past.version("REFINED")
    assert past.version("Last").id == "t3"
    assert [row["id"] for row in versions_table(past).records()] == ["t1", "t2", "t3"]
    incidence = Incidence.from_records(records)
    assert theory_difference(incidence).title == "From refined to Last", (
        "a version that revises itself is not its own past"
    )
    with pytest.raises(UnknownName, match="no theory version is called 'tX'"):
        theory_difference(incidence, before="tX")
    one = theory_difference(incidence, before="t1", after="t3")
    assert one.denominator == "1 configuration in t1, 1 in t3"
