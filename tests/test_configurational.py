"""Truth tables and Boolean minimisation, against published examples and brute force."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import shutil
import subprocess
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures.configurational import (
    cases_csv,
    cases_of,
    cases_table,
    chance_without_contradiction,
    expressions,
    minimisation,
    r_script,
    truth_table,
)
from eaa_graph.measures.minimise import MOST_CONDITIONS, MOST_SOLUTIONS, Implicant, minimise, prime_implicants
from eaa_graph.model import Article, Concept, Extraction, Records, Review
from eaa_graph.network import Incidence, selected

# --- minimisation against brute force -------------------------------------------------------


def every_implicant(conditions: int) -> list[Implicant]:
    found = []
    for signs in product((None, False, True), repeat=conditions):
        fixed = present = 0
        for place, sign in enumerate(signs):
            bit = 1 << (conditions - 1 - place)
            fixed |= bit if sign is not None else 0
            present |= bit if sign else 0
        found.append(Implicant(fixed, present))
    return found


def brute(positive: set[int], conditions: int, may: set[int]) -> tuple[set[Implicant], set[frozenset[Implicant]]]:
    rows = range(1 << conditions)
    valid = [i for i in every_implicant(conditions) if all(r in may for r in rows if i.covers(r))]
    covers = {i: {r for r in rows if i.covers(r)} for i in valid}
    primes = {i for i in valid if not any(covers[i] < covers[o] for o in valid)}
    useful = sorted(i for i in primes if covers[i] & positive)
    for size in range(1, len(useful) + 1):
        found = {frozenset(c) for c in combinations(useful, size) if positive <= set().union(*(covers[i] for i in c))}
        if found:
            return primes, found
    raise AssertionError("no cover")


@given(
    st.integers(1, 4).flatmap(
        lambda k: st.tuples(st.just(k), st.lists(st.sampled_from("10?"), min_size=1 << k, max_size=1 << k))
    )
)
@settings(max_examples=150, deadline=None)
def test_minimise_finds_what_brute_force_finds(case: tuple[int, list[str]]) -> None:
    conditions, outputs = case
    positive = {n for n, o in enumerate(outputs) if o == "1"}
    remainders = {n for n, o in enumerate(outputs) if o == "?"}
    if not positive:
        with pytest.raises(Refused):
            minimise(positive, conditions, remainders)
        return
    primes, shortest = brute(positive, conditions, positive | remainders)
    assert set(prime_implicants(positive | remainders, conditions)) == primes
    found = minimise(positive, conditions, remainders)
    listed = {frozenset(s) for s in found.solutions}
    assert len(listed) == len(found.solutions)
    if found.complete:
        assert listed == shortest
    else:
        assert len(listed) == MOST_SOLUTIONS
        assert listed < shortest


def test_textbook_function_with_two_equally_short_forms() -> None:
    # f(A,B,C,D) = sum of minterms 4, 8, 10, 11, 12, 15 with 9 and 14 open: the example most textbooks use.
    found = minimise([4, 8, 10, 11, 12, 15], 4, [9, 14])
    written = {frozenset(letters(t) for t in s) for s in found.solutions}
    assert written == {frozenset({"Bcd", "Ab", "AC"}), frozenset({"Bcd", "Ad", "AC"})}
    assert {letters(t) for t in found.essential} == {"Bcd", "AC"}
    assert found.complete


def letters(term: Implicant) -> str:
    return "".join("ABCD"[p] if present else "abcd"[p] for p, present in term.literals(4))


def test_cyclic_chart_has_both_covers() -> None:
    assert len(minimise([0, 1, 2, 5, 6, 7], 3).solutions) == 2


def test_too_many_conditions_are_refused() -> None:
    with pytest.raises(Refused, match="choose fewer"):
        minimise([0], MOST_CONDITIONS + 1)


def test_large_table_is_solved_exactly_or_refused() -> None:
    draw = random.Random(3)
    rows = draw.sample(range(256), 60)
    positive, negative = set(rows[:30]), set(rows[30:])
    found = minimise(positive, 8, set(range(256)) - positive - negative)
    for solution in found.solutions:
        assert all(any(t.covers(r) for t in solution) for r in positive)
        assert not any(t.covers(r) for t in solution for r in negative)


# --- the published example: Lipset's indicators, crisp sets --------------------------------------

#: Facts of the crisp Lipset data (18 countries between the wars): DEV URB LIT IND STB -> SURV.
LIPSET = {
    "AU": "101100", "BE": "111111", "CZ": "111111", "EE": "001010", "FI": "101011", "FR": "101111",
    "DE": "111100", "GR": "000000", "HU": "001000", "IE": "101011", "IT": "000010", "NL": "111111",
    "PL": "001000", "PT": "000000", "RO": "000010", "ES": "000000", "SE": "101111", "UK": "111111",
}  # fmt: skip
FIVE = ("DEV", "URB", "LIT", "IND", "STB")


def lipset(order: int = 0, empty: bool = False) -> Incidence:
    extractions = []
    for country, digits in LIPSET.items():
        held = tuple(sorted(c for c, d in zip(FIVE, digits, strict=False) if d == "1"))
        out = ("SURV",) if digits[5] == "1" else ()
        extractions.append(Extraction(id=f"{country}-1", article=country, contexts=held, outcomes=out, quote="q"))
    random.Random(order).shuffle(extractions)
    names = [*LIPSET, *(["ZZ"] if empty else [])]
    records = Records(
        review=Review(id="lipset", title="Lipset"),
        articles=tuple(Article(id=n) for n in names),
        concepts=tuple(Concept(id=c, label=c.title()) for c in (*FIVE, "SURV")),
        extractions=tuple(extractions),
    ).ordered()
    return Incidence.from_records(records)


def rows_of(incidence: Incidence, **given: object) -> list[dict[str, object]]:
    return list(minimisation(incidence, conditions="|".join(FIVE), outcome="SURV", **given).records())


def test_lipset_truth_table() -> None:
    table = truth_table(lipset(), conditions="DEV,URB,LIT,IND,STB", outcome="SURV")
    seen = {"".join(str(r[c.lower()]) for c in FIVE): (r["n"], r["consistency"], r["output"]) for r in table.records()}
    assert seen == {
        "11111": (4, 1.0, "1"), "10101": (2, 1.0, "1"), "10111": (2, 1.0, "1"), "00000": (3, 0.0, "0"),
        "00001": (2, 0.0, "0"), "00100": (2, 0.0, "0"), "00101": (1, 0.0, "0"), "10110": (1, 0.0, "0"),
        "11110": (1, 0.0, "0"),
    }  # fmt: skip
    assert "32 configurations are possible, 9 are listed, 23 logical remainders" in table.note
    first = next(table.records())
    assert [t.id for t in first["cases"]] == ["BE", "CZ", "NL", "UK"]
    assert table.opens(0, "n") == ("BE-1", "CZ-1", "NL-1", "UK-1")


def test_lipset_solutions_are_the_published_ones() -> None:
    rows = rows_of(lipset())
    terms = {(r["solution"], r["expression"]): r for r in rows if r["part"] == "term"}
    assert set(terms) == {
        ("conservative", "DEV * ~URB * LIT * STB"),
        ("conservative", "DEV * LIT * IND * STB"),
        ("parsimonious", "DEV * STB"),
    }
    first = terms["conservative", "DEV * ~URB * LIT * STB"]
    second = terms["conservative", "DEV * LIT * IND * STB"]
    assert (first["consistency"], first["coverage"], first["unique_coverage"]) == (1.0, 0.5, 0.25)
    assert (second["consistency"], second["coverage"], second["unique_coverage"]) == (1.0, 0.75, 0.5)
    models = {r["solution"]: r for r in rows if r["part"] == "model"}
    assert models["conservative"]["coverage"] == 1.0
    # The package's documentation lists five simplifying assumptions for the parsimonious model.
    assert (models["conservative"]["assumed"], models["parsimonious"]["assumed"]) == (0, 5)


def test_lipset_negated_outcome() -> None:
    rows = list(minimisation(lipset(), conditions="|".join(FIVE), outcome="~SURV").records())
    terms = {
        (r["solution"], r["expression"]): (r["coverage"], r["unique_coverage"]) for r in rows if r["part"] == "term"
    }
    assert terms["parsimonious", "~DEV"] == pytest.approx((0.8, 0.3))
    assert terms["parsimonious", "~STB"] == pytest.approx((0.7, 0.2))
    assert {e for s, e in terms if s == "conservative"} == {"~DEV * ~URB * ~IND", "DEV * LIT * IND * ~STB"}


def test_row_order_and_an_empty_article_change_nothing() -> None:
    plain = rows_of(lipset())
    assert rows_of(lipset(order=7)) == plain
    assert rows_of(lipset(empty=True)) == plain
    assert "1 more has none" in truth_table(lipset(empty=True), conditions="DEV|STB", outcome="SURV").denominator


def test_relabelling_concepts_keeps_every_number() -> None:
    incidence = lipset()
    renamed = incidence.records.model_copy(
        update={"concepts": tuple(c.model_copy(update={"label": f"other {c.id}"}) for c in incidence.records.concepts)}
    )
    other = Incidence(
        **{**{f: getattr(incidence, f) for f in incidence.__dataclass_fields__ if f != "_cache"}, "records": renamed}
    )
    assert rows_of(other) == rows_of(incidence)


def test_minimum_drops_rows_and_says_so() -> None:
    table = truth_table(lipset(), conditions="|".join(FIVE), outcome="SURV", minimum=2)
    assert len(table) == 6
    assert "3 configurations with 3 cases were dropped" in table.note
    with pytest.raises(Refused, match="lower 'minimum'"):
        truth_table(lipset(), conditions="|".join(FIVE), outcome="SURV", minimum=5)


def test_contradictory_row_is_marked() -> None:
    table = truth_table(lipset(), conditions="DEV", outcome="SURV")
    by_bit = {r["dev"]: r for r in table.records()}
    assert by_bit[1]["contradictory"] is True
    assert (by_bit[1]["n"], by_bit[1]["with_outcome"], by_bit[1]["consistency"]) == (10, 8, 0.8)
    assert by_bit[0]["contradictory"] is False
    assert "1 listed row is contradictory" in table.note


# --- refusing what cannot be borne -------------------------------------------------------------


@pytest.mark.parametrize(("cases", "conditions"), [(1, 1), (2, 1), (3, 1), (3, 2), (4, 2)])
def test_chance_without_contradiction_is_what_counting_gives(cases: int, conditions: int) -> None:
    kinds = list(product(range(1 << conditions), (0, 1)))
    clean = sum(
        all(len({o for r, o in draw if r == row}) < 2 for row in range(1 << conditions))
        for draw in product(kinds, repeat=cases)
    )
    assert chance_without_contradiction(cases, conditions) == pytest.approx(clean / len(kinds) ** cases)


def test_more_conditions_than_cases_can_bear_are_refused_with_the_reason() -> None:
    few = lipset().where(np.arange(18) < 9)
    with pytest.raises(Refused, match=r"32 possible configurations for 9 cases.*bear at most 2 conditions"):
        truth_table(few, conditions="|".join(FIVE), outcome="SURV")
    assert len(truth_table(few, conditions="|".join(FIVE), outcome="SURV", risk=1.0)) > 0


def test_nonsense_is_refused() -> None:
    incidence = lipset()
    with pytest.raises(Refused, match="every case shows"):
        truth_table(
            incidence.where(np.array([e in ("BE-1", "CZ-1") for e in incidence.extractions])), "URB", "SURV", risk=1
        )
    with pytest.raises(Refused, match="both a condition and the outcome"):
        truth_table(incidence, conditions="context:DEV", outcome="context:DEV")
    with pytest.raises(UnknownName, match="did you mean"):
        truth_table(incidence, conditions="DEW", outcome="SURV")
    with pytest.raises(Refused, match="no passages"):
        truth_table(incidence.where(np.zeros(18, dtype=bool)))
    with pytest.raises(BadSettings, match="consistency"):
        truth_table(incidence, "DEV", "SURV", consistency=0.3)
    with pytest.raises(Refused, match="nothing to minimise"):
        minimisation(incidence, "URB", "SURV", consistency=0.9)
    with pytest.raises(Refused, match="nobody coded"):
        truth_table(incidence, "SURV", "SURV")


# --- leaving for R ------------------------------------------------------------------------------


def test_csv_and_r_script_speak_of_the_same_columns() -> None:
    cases = cases_of(lipset(), "|".join(FIVE), "~SURV")
    table = list(csv.DictReader(io.StringIO(cases_csv(cases))))
    assert {r["CASE"]: "".join(r[c] for c in (*FIVE, "SURV")) for r in table} == LIPSET
    script = r_script(cases, 'folder\\my "cases".csv', minimum=2, consistency=0.75)
    assert 'read.csv("folder/my \\"cases\\".csv"' in script
    assert 'outcome = "~SURV"' in script
    assert 'outcome = "surv"' in script
    assert "incl.cut = inclusion, n.cut = smallest" in script
    assert re.search(r"^smallest <- 2 ", script, re.M)
    assert 'c("DEV", "URB", "LIT", "IND", "STB")' in script


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed (Debian: r-base-core)")
def test_r_reads_the_script_and_its_table(tmp_path: Path) -> None:
    """R parses the script and finds the columns it names; `QCA` and `cna` are run where they are installed (CRAN only)."""
    cases = cases_of(lipset(), "|".join(FIVE), "SURV")
    table, script = tmp_path / "cases.csv", tmp_path / "truth.R"
    table.write_text(cases_csv(cases), "utf-8")
    script.write_text(r_script(cases, str(table), minimum=1, consistency=0.8), "utf-8")
    probe = (
        f"parsed <- parse(file = {json.dumps(str(script))}); cases <- read.csv({json.dumps(str(table))}, row.names = 1); "
        'cat(length(parsed) > 3, nrow(cases), names(cases), requireNamespace("QCA", quietly = TRUE), '
        'requireNamespace("cna", quietly = TRUE))'
    )
    ran = subprocess.run(["Rscript", "--vanilla", "-e", probe], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    parsed, rows, *names, qca, cna = ran.stdout.split()
    assert (parsed, int(rows), names) == ("TRUE", len(LIPSET), [*FIVE, "SURV"])
    if qca == cna == "TRUE":
        whole = subprocess.run(["Rscript", "--vanilla", str(script)], capture_output=True, text=True, check=False)
        assert whole.returncode == 0, whole.stderr
        assert "DEV" in whole.stdout


def test_r_names_survive_any_id() -> None:
    ids = ("two-way", "two way", "2nd", "вода", 'x"); q("')
    extractions = tuple(
        Extraction(
            id=f"e{n}",
            article=f"a{n}",
            contexts=tuple(sorted(i for k, i in enumerate(ids) if n >> k & 1)),
            outcomes=("out",) if n % 3 else (),
        )
        for n in range(1, 32)
    )
    records = Records(
        review=Review(id="r", title="R"),
        articles=tuple(Article(id=f"a{n}") for n in range(1, 32)),
        concepts=tuple(Concept(id=i, label=i) for i in (*ids, "out")),
        extractions=extractions,
    ).ordered()
    cases = cases_of(Incidence.from_records(records), "|".join(ids), "out")
    header = cases_csv(cases).splitlines()[0].split(",")
    assert len({h.casefold() for h in header}) == len(header) == 7
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]*", h) for h in header)
    code = [line for line in r_script(cases).splitlines() if not line.startswith("#")]
    assert not any("q(" in line for line in code)
    names = [c.name for c in cases_table(Incidence.from_records(records), "|".join(ids), "out").columns]
    assert len(set(names)) == len(names)


# --- the pilot ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pilot() -> Incidence:
    from eaa_graph import resources
    from eaa_graph.readers.csv_folder import read_folder
    from eaa_graph.validate import validate

    return selected(Incidence.from_records(validate(read_folder(resources.example("eaa_pilot"))).records))


def test_pilot_rows_add_up_and_open_onto_their_passages(pilot: Incidence) -> None:
    table = truth_table(pilot, conditions="dialogue|documentation|mixed-stakeholder-groups", outcome="alignment")
    records = list(table.records())
    assert sum(r["n"] for r in records) == 51
    by_hand: dict[tuple[int, ...], list[int]] = {}
    coded: dict[str, set[tuple[int, int]]] = {}
    for e, role, concept in zip(
        pilot.coding_extraction.tolist(), pilot.coding_role.tolist(), pilot.coding_concept.tolist(), strict=True
    ):
        coded.setdefault(pilot.articles[pilot.article[e]].id, set()).add((role, concept))
    wanted = [(5, "dialogue"), (5, "documentation"), (0, "mixed-stakeholder-groups")]
    for held in coded.values():
        bits = tuple(int((role, pilot.concept(c)) in held) for role, c in wanted)
        by_hand.setdefault(bits, []).append(int((6, pilot.concept("alignment")) in held))
    assert {
        (r["dialogue"], r["documentation"], r["mixed_stakeholder_groups"]): (r["n"], r["with_outcome"]) for r in records
    } == {k: (len(v), sum(v)) for k, v in by_hand.items()}
    for number, row in enumerate(records):
        articles = {
            pilot.articles[pilot.article[pilot.extraction_index[e]]].id for e in table.opens(number, "with_outcome")
        }
        if row["with_outcome"]:
            assert articles
        assert articles <= {t.id for t in row["cases"]}


def test_pilot_defaults_say_what_they_chose_and_print_no_nan(pilot: Incidence) -> None:
    for table in (truth_table(pilot), minimisation(pilot), cases_table(pilot), truth_table(pilot, case="study")):
        assert table.unit
        assert table.denominator
        assert table.note
        assert not any(isinstance(c, float) and math.isnan(c) for row in table.rows for c in row)
    assert set(expressions(cases_of(pilot))) == {"conservative", "parsimonious"}
    with pytest.raises(Refused, match="more than 10 conditions are refused"):
        truth_table(
            pilot, conditions="|".join(c.id for c in pilot.concepts if c.listed_as == "context"), outcome="alignment"
        )
