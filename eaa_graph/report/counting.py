"""Tables that a report makes from the records themselves: what there is, and what the articles are like."""

from __future__ import annotations

__all__ = [
    "appraisals",
    "articles",
    "characteristics",
    "data_check",
    "gaps_by_type",
    "levels",
    "overview",
    "people",
    "phases",
]

from collections import Counter, defaultdict
from collections.abc import Callable

from eaa_graph.findings import RULES, SEVERITIES, Finding
from eaa_graph.gaps import TYPES
from eaa_graph.model import Article, Records
from eaa_graph.tables import Cell, Column, Table, Thing, many
from eaa_graph.theory.lint import RULES as SLIPS


def overview(records: Records, coder: str) -> Table:
    """Return how much of everything the review holds.

    Parameters
    ----------
    records : Records
    coder : str
        Whose extractions are counted apart: a coder's id, or ``all``.
    """
    chosen = [e for e in records.extractions if coder in ("all", e.coder)]
    ids = tuple(sorted(e.id for e in chosen))
    quoted = tuple(sorted(e.id for e in chosen if e.quote))
    against = tuple(sorted(e.id for e in chosen if e.stance == "challenges"))
    counted: list[tuple[str, str, int, tuple[str, ...]]] = [
        ("articles", "Articles listed", len(records.articles), ()),
        ("studies", "Studies they report", len({a.study or a.id for a in records.articles}), ()),
        ("coded", "Articles with a passage coded", len({e.article for e in chosen}), ids),
        ("extractions", "Passages coded", len(chosen), ids),
        ("quoted", "Passages coded, with the words quoted", len(quoted), quoted),
        ("challenging", "Passages coded as challenging the theory", len(against), against),
        ("coders", "Coders, all told", len({e.coder for e in records.extractions if e.coder}), ()),
        ("concepts", "Concepts in the codebook", len(records.concepts), ()),
        ("appraised", "Articles appraised", len(_appraised(records)), ()),
        ("configurations", "Configurations", len(records.configurations), ()),
        ("versions", "Versions of the theory", len(records.theories), ()),
        ("claims", "Direct claims between concepts", len(records.claims), ()),
        ("changes", "Recorded changes of the theory", len(records.changes), ()),
    ]
    who = "all coders side by side" if coder == "all" else coder
    return Table(
        name="overview",
        title="What the review holds",
        columns=(
            Column("key", "Key"),
            Column("what", "What", "What is counted"),
            Column("count", "Number"),
        ),
        rows=tuple((key, what, count) for key, what, count, _ in counted),
        unit="as each row says",
        denominator=f"everything recorded; passages by {who}",
        opens=lambda row, column: counted[row][3] if column == "count" else (),
    )


def _appraised(records: Records) -> set[str]:
    source = {e.id: e.article for e in records.extractions}
    known = {a.id for a in records.articles}
    return {t for t in (source.get(a.target, a.target) for a in records.appraisals) if t in known}


_ASKED: tuple[tuple[str, str, Callable[[Article], str]], ...] = (
    ("year", "Year", lambda a: str(a.year) if a.year else ""),
    ("country", "Country", lambda a: a.country or ""),
    ("field", "Field", lambda a: a.field or ""),
    ("reported_concept", "Concept used", lambda a: a.reported_concept or ""),
    ("collection", "Collection", lambda a: a.collection or ""),
)


def characteristics(records: Records) -> Table:
    """Return how many articles are of each year, country, field and concept used, as recorded.

    A characteristic that no article has is left out; articles of which it is not recorded are counted as such.
    """
    behind: dict[str, list[str]] = defaultdict(list)
    for extraction in records.extractions:
        behind[extraction.article].append(extraction.id)
    total = len(records.articles)
    rows: list[tuple[Cell, ...]] = []
    opened: list[tuple[str, ...]] = []
    for name, title, of in _ASKED:
        values: dict[str, list[str]] = defaultdict(list)
        for article in records.articles:
            values[" ".join(of(article).split())].append(article.id)
        if not any(values):
            continue
        # Years in their order, all else by number; what is not recorded comes last.
        told = sorted(values.items(), key=lambda item: (not item[0], 0 if name == "year" else -len(item[1]), item[0]))
        for value, ids in told:
            rows.append((title, value or "not recorded", len(ids), total, len(ids) / total))
            opened.append(tuple(sorted(e for a in ids for e in behind[a])))
    return Table(
        name="characteristics",
        title="Characteristics of the articles",
        columns=(
            Column("characteristic", "Characteristic"),
            Column("value", "Value", "As recorded"),
            Column("articles", "Articles"),
            Column("out_of", "out of"),
            Column("share", "Share"),
        ),
        rows=tuple(rows),
        unit="articles",
        denominator=f"the {many(total, 'article')} of the review",
        note="Values are counted as recorded; spellings that differ are counted apart.",
        opens=lambda row, column: opened[row] if column == "articles" else (),
    )


def articles(records: Records, coder: str) -> Table:
    """Return one row for each article: what is recorded of it, and how many passages were coded."""
    behind: dict[str, list[str]] = defaultdict(list)
    for extraction in records.extractions:
        if coder in ("all", extraction.coder):
            behind[extraction.article].append(extraction.id)
    rows = tuple(
        (
            Thing("article", a.id, a.id),
            a.year,
            a.country,
            a.field,
            a.reported_concept,
            a.reported_methods,
            len(behind[a.id]),
        )
        for a in records.articles
    )
    return Table(
        name="articles",
        title="The articles",
        columns=(
            Column("article", "Article"),
            Column("year", "Year"),
            Column("country", "Country"),
            Column("field", "Field"),
            Column("concept", "Concept used"),
            Column("methods", "Methods, as reported"),
            Column("passages", "Passages coded"),
        ),
        rows=rows,
        unit=f"passages coded by {'all coders' if coder == 'all' else coder}",
        note="As recorded; an empty cell was not recorded.",
        opens=lambda row, column: (
            tuple(sorted(behind[records.articles[row].id])) if column in ("article", "passages") else ()
        ),
    )


def appraisals(records: Records, coder: str) -> Table:
    """Return the judgements of the articles as recorded.

    Where the coder chosen has judged articles too, only that person's judgements are listed; all others stay in the data.
    """
    mine = [a for a in records.appraisals if a.assessor == coder] or list(records.appraisals)
    source = {e.id: e.article for e in records.extractions}
    rows = tuple(
        (
            Thing("article", source.get(a.target, a.target), source.get(a.target, a.target)),
            a.target if a.target in source else None,
            a.relevance,
            a.richness,
            a.rigour,
            a.assessor,
            a.reason,
        )
        for a in mine
    )
    return Table(
        name="appraisals",
        title="Appraisal as recorded",
        columns=(
            Column("article", "Article"),
            Column("passage", "Passage", "Where one passage was judged, not the article"),
            Column("relevance", "Relevance"),
            Column("richness", "Richness"),
            Column("rigour", "Rigour"),
            Column("assessor", "By"),
            Column("reason", "Reason"),
        ),
        rows=rows,
        unit="judgements",
        denominator=f"the {len(records.appraisals)} judgements recorded",
        note="Judgements are recorded with their author, never computed.",
        opens=lambda row, column: (mine[row].target,) if mine[row].target in source and column == "passage" else (),
    )


def levels(records: Records, coder: str) -> Table:
    """Return how many judgements there are of each level, for each criterion."""
    mine = [a for a in records.appraisals if a.assessor == coder] or list(records.appraisals)
    counts = Counter(
        (criterion, a.assessor or "not named", value)
        for a in mine
        for criterion in ("relevance", "richness", "rigour")
        if (value := getattr(a, criterion))
    )
    totals = Counter(key[:2] for key in counts.elements())
    order = sorted(counts, key=lambda key: (key[0], key[1], -counts[key], key[2]))
    return Table(
        name="appraisal_levels",
        title="Judgements by level",
        columns=(
            Column("criterion", "Criterion"),
            Column("assessor", "By"),
            Column("judgement", "Judgement", "As recorded"),
            Column("count", "Judgements"),
            Column("out_of", "out of"),
        ),
        rows=tuple((*key, counts[key], totals[key[:2]]) for key in order),
        unit="judgements",
        denominator="the judgements of the same person on the same criterion",
        note="Judgements are recorded with their author, never computed, and not added up to a score.",
    )


def people(records: Records) -> Table:
    """Return who coded, appraised and decided, and whether it was a person or software."""
    behind: dict[str, list[str]] = defaultdict(list)
    for extraction in records.extractions:
        if extraction.coder:
            behind[extraction.coder].append(extraction.id)
    judged = Counter(a.assessor for a in records.appraisals if a.assessor)
    return Table(
        name="people",
        title="Who coded and judged",
        columns=(
            Column("person", "Name"),
            Column("nature", "Person or software"),
            Column("role", "Role"),
            Column("passages", "Passages coded"),
            Column("judgements", "Judgements"),
        ),
        rows=tuple(
            (Thing("person", p.id, p.name or p.id), p.nature, p.role, len(behind[p.id]), judged[p.id])
            for p in records.people
        ),
        unit="passages coded and judgements of articles",
        opens=lambda row, column: tuple(sorted(behind[records.people[row].id])) if column == "passages" else (),
    )


def phases(records: Records) -> Table:
    """Return the phases of coding, with the articles and passages of each."""
    behind: dict[str, list[str]] = defaultdict(list)
    source = {e.id: e.article for e in records.extractions}
    for extraction in records.extractions:
        if extraction.phase:
            behind[extraction.phase].append(extraction.id)
    rows = tuple(
        (p.id, p.label or p.id, p.reasoning, len({source[e] for e in behind[p.id]}), len(behind[p.id]))
        for p in records.phases
    )
    return Table(
        name="phases",
        title="Phases of coding",
        columns=(
            Column("phase", "Phase"),
            Column("label", "What it was"),
            Column("reasoning", "Reasoning", "inductive, abductive or deductive"),
            Column("articles", "Articles"),
            Column("passages", "Passages"),
        ),
        rows=rows,
        unit="articles and passages of all coders",
        opens=lambda row, column: (
            tuple(sorted(behind[str(rows[row][0])])) if column in ("articles", "passages") else ()
        ),
    )


def gaps_by_type(register: Table) -> Table:
    """Return how many gaps there are of each type and severity.

    Parameters
    ----------
    register : Table
        Answer of ``gap-register``.
    """
    kinds, severities = register.column("type"), register.column("severity")
    counts = Counter(zip(kinds, severities, strict=True))
    behind: dict[str, set[str]] = defaultdict(set)
    for number, kind in enumerate(kinds):
        behind[str(kind)].update(register.opens(number, "count"))
    order = [*TYPES, *sorted({str(k) for k in kinds} - set(TYPES))]
    present = [kind for kind in order if any(counts[kind, s] for s in SEVERITIES)]
    return Table(
        name="gaps_by_type",
        title="Gaps by type",
        columns=(
            Column("type", "Type of gap"),
            Column("meaning", "What it means"),
            Column("warning", "Worth a look first"),
            Column("note", "Others"),
            Column("all", "All"),
        ),
        rows=tuple(
            (
                kind,
                TYPES.get(kind),
                counts[kind, "warning"] + counts[kind, "error"],
                counts[kind, "note"],
                sum(counts[kind, s] for s in SEVERITIES),
            )
            for kind in present
        ),
        unit="gaps",
        denominator=f"the {len(register)} gaps of the register",
        note="A gap is a place to look, not a finding about the world.",
        opens=lambda row, column: tuple(sorted(behind[present[row]])) if column == "all" else (),
    )


def _meaning(rule: str) -> str | None:
    if rule in RULES:
        return RULES[rule].meaning
    return SLIPS[rule].explanation if rule in SLIPS else None


def data_check(findings: tuple[Finding, ...]) -> Table:
    """Return what checking the data found, by rule."""
    counts = Counter((f.rule, f.severity) for f in findings)
    rank = {severity: place for place, severity in enumerate(reversed(SEVERITIES))}
    order = sorted(counts, key=lambda key: (rank[key[1]], key[0]))
    return Table(
        name="data_check",
        title="What checking the data found",
        columns=(
            Column("severity", "Severity"),
            Column("rule", "Rule"),
            Column("meaning", "What it means"),
            Column("count", "Times"),
        ),
        rows=tuple((s, r, _meaning(r), counts[r, s]) for r, s in order),
        unit="findings",
        note="The rows behind each are listed by eaa-graph check and in findings.json.",
    )
