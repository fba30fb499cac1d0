"""The register of gaps: every gap of every rule in one table, with ids that last.

An id is made from the rule and the things the gap is about, never from what is found there: a gap keeps its id while
new evidence makes it thinner or wider, so that it can be discussed, assigned and followed from one state of the review
to the next.
"""

from __future__ import annotations

__all__ = ["PART", "RANKS", "Gap", "collect", "find", "findings_of", "gap_register"]

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.findings import SEVERITIES, Finding, Where
from eaa_graph.gaps import TYPES, GapRule
from eaa_graph.gaps.cells import contradictory_cells, empty_and_thin_cells
from eaa_graph.gaps.combinations import untested_combinations
from eaa_graph.gaps.expectations import STATES, expectations
from eaa_graph.gaps.holes import structural_holes
from eaa_graph.gaps.looked_for import not_looked_for
from eaa_graph.gaps.reporting import plural, selection, who
from eaa_graph.gaps.surprise import ALPHA, in_words
from eaa_graph.model import ROLES, slot_concepts
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

#: How wide a gap stands open by its state; from one version to another a higher rank is wider.
RANKS: dict[str, int] = {
    "not looked for": 7,
    "not reported": 6,
    "empty": 5,
    "untested": 5,
    "absent": 5,
    "latent in a theme": 4,
    "latent in another role": 4,
    "reported absent": 3,
    "present, unlinked": 3,
    "part of the framework, unlinked": 3,
    "isolated concept": 3,
    "open slot": 3,
    "contradictory": 2,
    "missing link": 2,
    "present outside the framework": 2,
    "thin": 1,
}
_MECHANISM = ("mechanism", "resource", "reasoning")
_AT_LEAST = ("note", "warning")


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap.

    Attributes
    ----------
    id : str
        Stable: made from the rule and the things the gap is about.
    type : str
        One of ``TYPES``.
    state : str
        What is found there now; one of :data:`RANKS`.
    rule : str
        Name of the gap rule.
    things : tuple of Thing
        What it is about, in the order of its subject.
    roles : tuple of str
        The role each of `things` is looked at in; ``theme``, or empty where there is none.
    subject : str
        In words.
    count, denominator : int or None
        How much was found, out of how much.
    denominator_of : str
        What the denominator counts.
    expected, p, q : float or None
        What chance would give, and how surprising so little is.
    severity : str
        ``warning``: look at it before drawing conclusions; ``note``: worth knowing. It orders reading.
    reading : str
    behind : callable
        Gives the ids of the extractions found.
    """

    id: str
    type: str
    state: str
    rule: str
    things: tuple[Thing, ...]
    roles: tuple[str, ...]
    subject: str
    count: int | None
    denominator: int | None
    denominator_of: str
    expected: float | None
    p: float | None
    q: float | None
    severity: str
    reading: str
    behind: Callable[[], tuple[str, ...]]

    @property
    def out_of(self) -> str:
        """The denominator in words; empty where there is none."""
        if self.denominator is None:
            return ""
        words = self.denominator_of
        if self.denominator == 1:
            words = re.sub(r"^(article|stud|extraction)(?:ie)?s( that report\b)?", _one, words)
        return f"{self.denominator:,} {words}"

    @property
    def concepts(self) -> tuple[str, ...]:
        """Ids of the concepts it is about, themes left out: what makes it a gap of one theory version or another."""
        return tuple(t.id for t, role in zip(self.things, self.roles, strict=True) if t.kind == "concept" and role != "theme")  # fmt: skip


def _one(found: re.Match[str]) -> str:
    noun = "study" if found[1] == "stud" else found[1]
    return f"{noun}{' that reports' if found[2] else ''}"


def _id(prefix: str, *key: str) -> str:
    # 48 bits: among 10,000 gaps two ids are equal once in five million reviews.
    return f"{prefix}-{hashlib.blake2s(json.dumps([prefix, *key]).encode(), digest_size=6).hexdigest()}"


def _int(cell: Cell) -> int | None:
    return cell if isinstance(cell, int) else None


def _float(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def _thing(cell: Cell) -> Thing:
    if not isinstance(cell, Thing):
        raise TypeError(f"a thing belongs here, not {cell!r}")
    return cell


def _some(cell: Cell) -> tuple[Thing, ...]:
    return cell if isinstance(cell, tuple) and not isinstance(cell, Thing) else ()


def _mechanism_roles(chosen: Incidence) -> tuple[str, ...]:
    """Return the halves of the mechanism that are listed or coded; the whole where nothing is, so that it is refused."""
    used = tuple(role for role in _MECHANISM if len(chosen.listed(role)) or len(chosen.coded(role)))
    return used or ("mechanism",)


def _from_cells(chosen: Incidence, thin: int) -> Iterable[Gap]:
    framework = {c.id for c in chosen.concepts if c.status == "framework"}
    for role in _mechanism_roles(chosen):
        table = empty_and_thin_cells(chosen, rows=role, thin=thin)
        for place, row in enumerate(table.records()):
            kind = str(row["type"])
            if kind in ("not looked for", "not reported"):
                continue  # a gap of the theme, told once by not-looked-for
            concept, theme = _thing(row["concept"]), _thing(row["column"])
            p, q = _float(row["p"]), _float(row["q"])
            grave = kind in ("reported absent", "contradictory") or (
                kind in ("empty", "latent in a theme") and q is not None and q <= ALPHA and concept.id in framework
            )
            yield Gap(
                _id("cell", role, concept.id, theme.id), kind, kind, table.name, (concept, theme), (role, "theme"),
                f"{concept.label} ({role}) under {theme.label}", _int(row["count"]), _int(row["out_of"]),
                f"articles that report {theme.label}", _float(row["expected"]), p, q,
                "warning" if grave else "note", str(row["reading"]), partial(table.opens, place, "count"),
            )  # fmt: skip


def _from_contradictions(chosen: Incidence) -> Iterable[Gap]:
    for role in _mechanism_roles(chosen):
        table = contradictory_cells(chosen, rows=role, columns="outcome")
        for place, row in enumerate(table.records()):
            concept, outcome = _thing(row["concept"]), _thing(row["column"])
            behind = partial(table.opens, place, "reading")
            at = {chosen.extraction_index[e] for e in behind()}
            yield Gap(
                _id("contradiction", role, concept.id, outcome.id), "contradictory", "contradictory", table.name,
                (concept, outcome), (role, "outcome"), f"{concept.label} ({role}) with {outcome.label}",
                len({int(chosen.article[e]) for e in at}), len(np.unique(chosen.article)), "articles with anything coded",
                None, None, None, "warning", str(row["reading"]), behind,
            )  # fmt: skip


def _from_looked_for(incidence: Incidence, coder: str) -> Iterable[Gap]:
    table = not_looked_for(incidence, coder=coder)
    for place, row in enumerate(table.records()):
        kind = str(row["type"])
        subject, person = row["subject"], row["coder"]
        things = tuple(t for t in (subject, person) if isinstance(t, Thing))
        roles = ("code", "") if isinstance(person, Thing) else ("theme",) if things else ()
        if isinstance(person, Thing):
            words = f"{things[0].label}, by {person.id}"
        elif things:
            words = f"{things[0].label} (theme)"
        else:
            words = "articles without any record" if row["articles"] else "which themes the articles report"
        key = (kind, *(f"{t.kind}:{t.id}" for t in things)) if things else (kind, words)
        yield Gap(
            _id("looked", *key), kind, kind, table.name, things, roles, words, _int(row["articles"]), _int(row["out_of"]),
            "articles in which others code it" if isinstance(person, Thing) else "articles of the review",
            None, None, None, "note" if kind == "not reported" or isinstance(person, Thing) else "warning",
            str(row["reading"]), partial(table.opens, place, "articles"),
        )  # fmt: skip


def _from_expectations(chosen: Incidence, theory: str | None) -> Iterable[Gap]:
    table = expectations(chosen, theory=theory)
    read = len(np.unique(chosen.article))
    for place, row in enumerate(table.records()):
        state = str(row["state"])
        if state == STATES[-1]:
            continue  # the framework has it, and joins it to something
        concept, source = _thing(row["concept"]), str(row["source"])
        yield Gap(
            _id("expected", concept.id, source), "expected by another theory", state, table.name, (concept,),
            (str(row["role"]),), f"{concept.label}, expected by {source}", _int(row["articles"]), read,
            "articles with anything coded", None, None, None,
            "note" if state == "present outside the framework" else "warning", str(row["reading"]),
            partial(table.opens, place, ""),
        )  # fmt: skip


def _from_combinations(chosen: Incidence, theory: str | None) -> Iterable[Gap]:
    table = untested_combinations(chosen, theory)
    for place, row in enumerate(table.records()):
        one, other = _thing(row["concept"]), _thing(row["other"])
        role, other_role = str(row["role"]), str(row["other_role"])
        yield Gap(
            _id("untested", str(row["link"]), role, one.id, other_role, other.id), "untested combination", "untested",
            table.name, (one, other), (role, other_role), f"{one.label} ({role}) with {other.label} ({other_role})",
            _int(row["together"]), len(chosen), "extractions", _float(row["expected"]), _float(row["p"]),
            _float(row["q"]), "warning" if row["configurations"] else "note", str(row["reading"]),
            partial(table.opens, place, "same_articles"),
        )  # fmt: skip


def _from_holes(chosen: Incidence, theory: str | None) -> Iterable[Gap]:
    table = structural_holes(chosen, theory)
    status = {c.id: c.status for c in chosen.concepts}
    for place, row in enumerate(table.records()):
        kind, things = str(row["kind"]), _some(row["subject"])
        if kind == "bridge":
            continue  # a place where the theory could break, but nothing is missing there
        articles = _int(row["articles"])
        slot = str(row["slot"]) if row["slot"] else ""
        type_ = "untested combination" if kind == "missing link" and not articles else "unlinked"
        grave = kind == "open slot" or (kind == "isolated concept" and status.get(things[0].id) == "framework")
        words = {
            "missing link": " and ".join(t.label for t in things),
            "isolated concept": things[0].label,
            "open slot": f"{slot} of {things[0].id}",
        }[kind]
        yield Gap(
            _id("hole", kind, slot, *(t.id for t in things)), type_, kind, table.name, things,
            (slot,) if slot else ("",) * len(things), words, articles,
            None if articles is None else len(np.unique(chosen.article)),
            "" if articles is None else "articles with anything coded", None, None, None,
            "warning" if grave else "note", str(row["reading"]), partial(table.opens, place, "articles"),
        )  # fmt: skip


def collect(
    incidence: Incidence, theory: str | None = None, coder: str = "preferred", thin: int = 2
) -> tuple[tuple[Gap, ...], tuple[str, ...]]:
    """Return every gap and what could not be asked.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    theory : str or None
        Only gaps about this version: those whose concepts (themes aside) are in its configurations or expected by
        another theory, and holes of the version itself. None for all.
    coder : str
        Whose codings count.
    thin : int
        A cell with at most so many articles is thin.

    Returns
    -------
    gaps : tuple of Gap
        Warnings first, then by type, subject and id.
    refused : tuple of str
        One sentence for each rule that had nothing to look at.

    Raises
    ------
    UnknownName
        If no version has that id, or nobody is that coder.
    Refused
        If no rule had anything to look at.
    """
    versions = {t.id: t for t in incidence.records.theories}
    if theory is not None and theory not in versions:
        raise UnknownName("theory version", theory, versions)
    key = f"gaps.register {theory!r} {coder!r} {thin}"
    if key not in incidence._cache:
        incidence._cache[key] = _collected(incidence, theory, coder, thin)
    found: tuple[tuple[Gap, ...], tuple[str, ...]] = incidence._cache[key]
    return found


def _collected(
    incidence: Incidence, theory: str | None, coder: str, thin: int
) -> tuple[tuple[Gap, ...], tuple[str, ...]]:
    chosen = selection(incidence, coder)
    found: dict[str, Gap] = {}
    refused: list[str] = []
    rules = (
        partial(_from_cells, chosen, thin),
        partial(_from_contradictions, chosen),
        partial(_from_looked_for, incidence, coder),
        partial(_from_expectations, chosen, theory),
        partial(_from_combinations, chosen, theory),
        partial(_from_holes, chosen, theory),
    )
    for rule in rules:
        try:
            for gap in rule():
                found.setdefault(gap.id, gap)
        except Refused as reason:
            refused.append(str(reason))
    if len(refused) == len(rules):
        raise Refused("there is nothing to look for gaps in: " + "; ".join(dict.fromkeys(refused)))
    gaps = [g for g in found.values() if theory is None or _is_about(incidence, g, theory)]
    types = list(TYPES)
    gaps.sort(key=lambda g: (-SEVERITIES.index(g.severity), types.index(g.type), g.subject, g.id))
    return tuple(gaps), tuple(dict.fromkeys(refused))


def _is_about(incidence: Incidence, gap: Gap, theory: str) -> bool:
    records = incidence.records
    version = next(t for t in records.theories if t.id == theory)
    held = {
        concept
        for c in records.configurations
        if c.id in version.configurations
        for role in ROLES
        for concept in slot_concepts(c.slot(role))
    }
    held |= {
        c for claim in records.claims if claim.theory == theory for c in (*claim.from_concepts, *claim.to_concepts)
    }
    held |= {e.concept for e in records.expectations}
    if gap.state == "isolated concept":
        # The framework is the theory's own list, whatever its configurations have taken up of it.
        held |= {c.id for c in records.concepts if c.status == "framework"}
    return set(gap.concepts) <= held


def find(incidence: Incidence, gap_id: str, theory: str | None = None, coder: str = "preferred", thin: int = 2) -> Gap:
    """Return the gap with this id.

    Raises
    ------
    UnknownName
        With the nearest ids: the gap was never there, or has been closed.
    """
    gaps, _ = collect(incidence, theory, coder, thin)
    by_id = {g.id: g for g in gaps}
    if gap_id not in by_id:
        raise UnknownName("gap", gap_id, by_id)
    return by_id[gap_id]


def gap_register(
    incidence: Incidence,
    theory: str | None = None,
    type: str | None = None,  # noqa: A002 (what the user types)
    severity: str = "note",
    thin: int = 2,
    coder: str = "preferred",
) -> Table:
    """Return all gaps of all rules in one table.

    Parameters
    ----------
    incidence, theory, coder, thin
        As for :func:`collect`.
    type : str or None
        Only gaps of this type.
    severity : str
        Only gaps at least this severe: ``note`` or ``warning``.

    Returns
    -------
    Table
        One row for each gap, gravest first.

    Raises
    ------
    UnknownName
        If there is no such version, type, severity or coder.
    Refused
        If no rule had anything to look at.

    References
    ----------
    Robinson KA et al. (2011). Development of a framework to identify research gaps from systematic reviews. Journal of Clinical
    Epidemiology 64(12):1325-1330. doi:10.1016/j.jclinepi.2011.06.009

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = gap_register(columns)
    >>> [c.name for c in table.columns][:3]
    ['id', 'severity', 'type']
    """
    if type is not None and type not in TYPES:
        raise UnknownName("type of gap", type, TYPES)
    if severity not in _AT_LEAST:
        raise UnknownName("value of severity", severity, _AT_LEAST)
    gaps, refused = collect(incidence, theory, coder, thin)
    least = SEVERITIES.index(severity)
    shown = [g for g in gaps if (type is None or g.type == type) and SEVERITIES.index(g.severity) >= least]
    chosen = selection(incidence, coder)
    note = (
        "A gap is a place to look, not a finding about the world. Severity orders reading: a warning is worth a look "
        "before conclusions are drawn. Expected, p and q are given where chance can be worked out, q among all cells or "
        "pairs of its rule." + (f" Not asked: {'; '.join(refused)}." if refused else "")
    )
    return Table(
        name="gap-register",
        title="Every gap, with its type, denominator and surprise" + (f" ({theory})" if theory else ""),
        columns=(
            Column("id", "Id", "Stays the same while the evidence changes."),
            Column("severity", "Severity", "warning or note."),
            Column("type", "Type of gap", "; ".join(TYPES)),
            Column("state", "State", "What is found there now."),
            Column("subject", "Subject"),
            Column("things", "About", "The concepts, themes, configurations or people it is about."),
            Column("count", "Found"),
            Column("denominator", "Out of"),
            Column("denominator_of", "Of what"),
            Column("expected", "Expected", "What chance would give."),
            Column("p", "p", "Chance of so little or less."),
            Column("q", "q", "The same among all cells or pairs of the rule."),
            Column("surprise", "Surprise", "p and q in words; the line is 0.05."),
            Column("rule", "Rule", "The gap rule that found it; ask it by name for the whole table."),
            Column("reading", "Reading", "The row in words."),
        ),
        rows=tuple(
            (
                g.id,
                g.severity,
                g.type,
                g.state,
                g.subject,
                g.things,
                g.count,
                g.denominator,
                g.denominator_of or None,
                g.expected,
                g.p,
                g.q,
                in_words(g.p, g.q) or None,
                g.rule,
                g.reading,
            )
            for g in shown
        ),
        unit="articles; extractions for untested combinations",
        denominator=f"as each row says; {plural(len(chosen), 'extraction')} by {who(chosen)}",
        note=note,
        source="Robinson et al. 2011, doi 10.1016/j.jclinepi.2011.06.009; rules as named",
        opens=lambda row, _column: shown[row].behind(),
    )


def findings_of(gaps: Iterable[Gap]) -> tuple[Finding, ...]:
    """Return gaps as findings, so that they can stand with everything else that wants attention."""
    return tuple(
        Finding(g.rule, g.severity, Where("gaps", cell=g.id), f"{g.type}: {g.reading}", TYPES[g.type]) for g in gaps
    )


PART = GapRule(
    "gap-register",
    "Which gaps are there, all together?",
    "Every gap of every rule: its stable id, type, subject, denominator, how surprising it is, how severe, and a reading. "
    "It gathers; each rule has more to say when asked by name.",
    gap_register,
    (
        Parameter("theory", "Only gaps about this theory version.", None, refers_to="theory"),
        Parameter("type", "Only gaps of this type.", None, tuple(TYPES)),
        Parameter("severity", "Only gaps at least this severe.", "note", _AT_LEAST),
        Parameter("thin", "A cell with at most so many articles is thin.", 2),
        Parameter("coder", "Whose codings count: a coder's id, 'preferred' or 'all'.", "preferred"),
    ),
    "Robinson et al. 2011, doi 10.1016/j.jclinepi.2011.06.009",
    all_coders=True,
)
