"""Expectations: what other theories would expect to see, and where it is if it is anywhere.

A framework finds what it looks for. Concepts that other theories expect are a yardstick from outside: each may be
absent; latent, when it shows only as a theme or in another role; present outside the framework; or coded and joined to
nothing, because no configuration holds it.
"""

from __future__ import annotations

__all__ = ["PART", "STATES", "expectations"]

from collections import Counter
from collections.abc import Iterable

import numpy as np

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.gaps import GapRule
from eaa_graph.gaps.reporting import in_order, plural, who
from eaa_graph.measures.support import counting_as, passages
from eaa_graph.model import ACTIVATIONS, POLARITIES, ROLES, STANCES, Configuration, slot_concepts
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

#: What an expectation can come to, the largest gap first.
STATES = (
    "absent",
    "latent in a theme",
    "latent in another role",
    "present, unlinked",
    "present outside the framework",
    "part of the framework, unlinked",
    "part of the framework",
)
_MECHANISM = ("mechanism", "resource", "reasoning")


def _held_by(incidence: Incidence, theory: str | None) -> dict[str, dict[str, set[str]]]:
    """Return for each concept the configurations (of one version, or all) that hold it, with the roles."""
    names = {c.id for c in incidence.records.configurations}
    if theory is not None:
        versions = {t.id: t for t in incidence.records.theories}
        if theory not in versions:
            raise UnknownName("theory version", theory, versions)
        names &= set(versions[theory].configurations)
    held: dict[str, dict[str, set[str]]] = {}
    for configuration in sorted(incidence.records.configurations, key=lambda c: c.id):
        if configuration.id in names:
            for role in ROLES:
                for concept in slot_concepts(configuration.slot(role)):
                    held.setdefault(concept, {}).setdefault(configuration.id, set()).add(role)
    return held


def _listed(incidence: Incidence, counts: Counter[int], first: Iterable[int] = ()) -> str | None:
    """Return concepts with counts, most first."""
    order = {int(c): n for n, c in enumerate(first)}
    ranked = sorted(
        counts.items(), key=lambda item: (-item[1], order.get(item[0], len(order)), incidence.concepts[item[0]].id)
    )
    return ", ".join(f"{incidence.concepts[c].label} ({n})" for c, n in ranked) or None


def _articles_by(incidence: Incidence, passage: Index, concept: Index) -> Counter[int]:
    """Return for each concept in how many articles these passages carry it."""
    pairs = np.unique(np.stack([concept, incidence.article[passage]], axis=1), axis=0) if len(passage) else np.zeros((0, 2), np.int64)  # fmt: skip
    return Counter(pairs[:, 0].tolist())


def expectations(incidence: Incidence, concept: str | None = None, theory: str | None = None) -> Table:
    """Return each external expectation with what became of it and the evidence nearest to it.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.
    concept : str or None
        Only this concept, by id or label.
    theory : str or None
        Id of a theory version: only its configurations count as links; None for all.

    Returns
    -------
    Table
        One row for each concept and theory that expects it, the largest gap first.

    Raises
    ------
    Refused
        If nothing is expected, or nobody coded anything.
    UnknownName
        If there is no such concept or version.

    References
    ----------
    Robinson KA et al. (2011). Development of a framework to identify research gaps from systematic reviews. Journal of Clinical
    Epidemiology 64(12):1325-1330. doi:10.1016/j.jclinepi.2011.06.009

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = expectations(columns)
    >>> len(table) > 0, table.unit
    (True, 'articles and extractions, as each column says')
    """
    records = incidence.records
    if not records.expectations:
        raise Refused("nothing is expected: name in the sheet 'expectations' what other theories would expect to see")
    if not len(incidence):
        raise Refused(f"no extraction by {who(incidence)}: whether an expectation is met cannot be said")
    wanted = None if concept is None else incidence.concepts[incidence.concept(concept)].id
    held = _held_by(incidence, theory)
    configurations = {c.id: c for c in records.configurations}
    built: list[tuple[tuple[int, str, str], tuple[Cell, ...], dict[str, Index]]] = []
    for expectation in sorted(records.expectations, key=lambda e: e.key):
        if wanted is not None and expectation.concept != wanted:
            continue
        number = incidence.concept_index.get(expectation.concept)
        if number is None:
            continue  # a dangling reference: checking the input has reported it
        key, cells, opened = _row(incidence, number, held, configurations, theory)
        row = (cells[0], expectation.source, *cells[1:-1], expectation.why, cells[-1])
        built.append(((key, expectation.concept, expectation.source), row, opened))
    if not built:
        raise Refused(f"no other theory is recorded as expecting {concept!r}")
    built.sort(key=lambda b: b[0])
    opened_by = [b[2] for b in built]
    return Table(
        name="expectations",
        title="What would other theories expect to see, and where is it?",
        columns=(
            Column("concept", "Expected"),
            Column("source", "By", "The theory that expects it."),
            Column("role", "Expected as", "The role that the codebook lists it for; mechanism if none."),
            Column("state", "What became of it", "; ".join(STATES)),
            Column("articles", "Articles", "Articles that code it in that role."),
            Column("extractions", "Extractions", "Extractions that code it in that role."),
            Column("otherwise", "Articles, otherwise", "Articles that code it only in another role or as a theme."),
            Column("themes", "Under which themes", "With the number of articles."),
            Column("other_roles", "In which other roles", "With the number of articles; 'theme' when it is one."),
            Column("framework", "With which framework mechanisms", "In the same passage; with the number of articles."),
            Column("supporting", "Supporting", "Extractions in that role that support the theory."),
            Column("challenging", "Challenging", "Extractions in that role that challenge it."),
            Column("failing", "Absent or hindering", "Extractions where it is not activated or hinders."),
            Column("configurations", "Configurations", "Those that hold it, in any role."),
            Column("why", "Why it is expected"),
            Column("reading", "Reading", "The row in words."),
        ),
        rows=tuple(b[1] for b in built),
        unit="articles and extractions, as each column says",
        denominator=f"the {plural(len(np.unique(incidence.article)), 'article')} with anything coded by {who(incidence)}",
        note=(
            "An expectation that is not met is a question: it may not apply, may not take place, or may happen and go "
            "unreported. Being coded is not being supported; read the passages."
            + (f" Links are those of theory version {theory}." if theory else "")
        ),
        source="Yardstick: the theories named in the column 'By'",
        opens=lambda row, column: incidence.ids(opened_by[row].get(column, opened_by[row][""]).tolist()),
    )


def _row(
    incidence: Incidence,
    number: int,
    held: dict[str, dict[str, set[str]]],
    configurations: dict[str, Configuration],
    theory: str | None,
) -> tuple[int, tuple[Cell, ...], dict[str, Index]]:
    record = incidence.concepts[number]
    role = record.listed_as if record.listed_as in ROLES else "mechanism"
    family = _MECHANISM if role in _MECHANISM else (role,)

    def of(roles: Iterable[str]) -> Index:
        found = [passages(incidence, r, number) for r in roles]
        return np.unique(np.concatenate(found)).astype(np.int32)

    within = of(family)
    elsewhere = {r: passages(incidence, r, number) for r in ROLES if r not in family}
    as_theme = np.flatnonzero(incidence.theme == number).astype(np.int32)
    beside = np.unique(np.concatenate([*elsewhere.values(), as_theme])).astype(np.int32)
    articles = np.unique(incidence.article[within])
    otherwise = np.setdiff1d(np.unique(incidence.article[beside]), articles)
    near = within if len(within) else beside
    placed = near[(incidence.theme[near] >= 0) & (incidence.theme[near] != number)]
    themes = _articles_by(incidence, placed, incidence.theme[placed])
    chosen = np.isin(incidence.coding_extraction, near) & np.isin(
        incidence.coding_role, [ROLES.index(r) for r in _MECHANISM]
    )
    framework = np.array([n for n, c in enumerate(incidence.concepts) if c.status == "framework" and n != number])
    chosen &= np.isin(incidence.coding_concept, framework)
    with_framework = _articles_by(incidence, incidence.coding_extraction[chosen], incidence.coding_concept[chosen])
    counts = {r: len(np.unique(incidence.article[p])) for r, p in elsewhere.items() if len(p)}
    if len(as_theme):
        counts["theme"] = len(np.unique(incidence.article[as_theme]))
    links = held.get(record.id, {})
    if not len(within):
        state = "absent" if not len(beside) else "latent in another role" if any(map(len, elsewhere.values())) else "latent in a theme"  # fmt: skip
    else:
        inside = record.status == "framework"
        state = ("part of the framework" if inside else "present outside the framework") if links else (
            "part of the framework, unlinked" if inside else "present, unlinked"
        )  # fmt: skip
    stance = incidence.stance[within]
    failing = (incidence.activation[within] == ACTIVATIONS.index("none")) | (
        incidence.polarity[within] == POLARITIES.index("hindering")
    )
    label = f"“{record.label}”"
    told = {
        "absent": f"Nobody codes {label} in any role.",
        "latent in a theme": f"{label} is a theme of {plural(len(otherwise), 'article')}, and nobody codes it as {role}.",
        "latent in another role": f"{label} is coded in {plural(len(otherwise), 'article')}, never as {role}.",
    }.get(state, f"{label} is coded as {role} in {plural(len(articles), 'article')}")
    if len(within):
        told += f", {'within' if record.status == 'framework' else 'outside'} the framework."
        if (failing | (stance == STANCES.index("challenges"))).all():
            told += " Every passage reports it absent, hindering or challenging the theory."
    most = _listed(incidence, with_framework)
    if most:
        told += f" Nearest in the framework: {most}."
    if state == "absent":
        told += _relatives(incidence, number)
    where = f"no configuration of {theory}" if theory else "no configuration"
    if not links:
        told += f" It stands in {where}."
    else:
        other = sorted({r for roles in links.values() for r in roles} - set(family))
        told += f" It stands in {', '.join(links)}" + (f" (also as {', '.join(other)})." if other else ".")
    cells: tuple[Cell, ...] = (
        incidence.concept_thing(number),
        role,
        state,
        len(articles),
        len(within),
        len(otherwise),
        _listed(incidence, themes, in_order(incidence, themes)),
        ", ".join(f"{r} ({n})" for r, n in counts.items()) or None,
        most,
        int((stance == STANCES.index("supports")).sum()),
        int((stance == STANCES.index("challenges")).sum()),
        int(failing.sum()),
        tuple(Thing("configuration", c, c) for c in links if c in configurations),
        told,
    )
    opened = {
        "": np.union1d(within, beside),
        "articles": within,
        "extractions": within,
        "otherwise": beside[np.isin(incidence.article[beside], otherwise)],
        "other_roles": beside,
        "themes": placed,
        "framework": np.unique(incidence.coding_extraction[chosen]),
        "supporting": within[stance == STANCES.index("supports")],
        "challenging": within[stance == STANCES.index("challenges")],
        "failing": within[failing],
        "configurations": np.zeros(0, dtype=np.int32),
    }
    return STATES.index(state), cells, opened


def _relatives(incidence: Incidence, number: int) -> str:
    """Say which broader or narrower concepts of an absent one are coded."""
    used = set(np.unique(incidence.coding_concept).tolist())
    below = [c for c in counting_as(incidence, number, len(incidence.concepts)) if c != number and c in used]
    above = [incidence.concept_index[b] for b in incidence.concepts[number].broader if b in incidence.concept_index]
    told = ""
    for word, found in (("Narrower", below), ("Broader", [c for c in above if c in used])):
        if found:
            told += f" {word} codes that are used: {', '.join(incidence.concepts[c].label for c in in_order(incidence, found))}."
    return told


PART = GapRule(
    "expectations",
    "What would other theories expect to see, and where is it?",
    "For each concept of the sheet 'expectations': absent, latent in a theme or in another role, present outside the "
    "framework, or present and joined to nothing; with the themes and framework mechanisms it is coded with, and the "
    "configurations that hold it. It tells what was coded, not whether the other theory is right.",
    expectations,
    (
        Parameter("concept", "Only this concept.", None, refers_to="concept"),
        Parameter("theory", "Only the configurations of this theory version count as links.", None, refers_to="theory"),
    ),
)
