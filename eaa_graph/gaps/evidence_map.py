"""The evidence gap map: how much evidence lies in each cell, how it was appraised, and why a cell is empty."""

from __future__ import annotations

__all__ = ["PART", "evidence_map", "level_rank"]

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.gaps import GapRule
from eaa_graph.gaps import cells as grids
from eaa_graph.model import ROLES
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, many

_FIELDS = ("relevance", "richness", "rigour")
#: The usual words of an appraisal, best first; other words follow in alphabetical order.
_ORDER = ("high", "rich", "thick", "strong", "medium", "moderate", "some", "low", "thin", "weak")
_UNJUDGED = "not appraised"
_DISPUTED = "appraised differently"


def _levels(incidence: Incidence, field: str, assessor: str | None) -> dict[str, str]:
    """Return the level of each article: the assessor's, the preferred coder's, or what all who judged agree on."""
    people = {a.assessor for a in incidence.records.appraisals if a.assessor}
    if assessor is not None and assessor not in people:
        raise UnknownName("assessor", assessor, sorted(people))
    chosen = assessor or incidence.records.review.preferred_coder
    judged: dict[str, dict[str, None]] = {}
    own: dict[str, str] = {}
    for appraisal in sorted(incidence.records.appraisals, key=lambda a: a.key):
        level = getattr(appraisal, field)
        if level is None:
            continue
        judged.setdefault(appraisal.target, {}).setdefault(level.casefold())
        if appraisal.assessor == chosen:
            own[appraisal.target] = level.casefold()
    if assessor is not None:
        return own
    agreed = {target: next(iter(found)) if len(found) == 1 else _DISPUTED for target, found in judged.items()}
    return agreed | own


def evidence_map(
    incidence: Incidence,
    rows: str = "mechanism",
    columns: str = "theme",
    appraisal: str = "rigour",
    assessor: str | None = None,
    thin: int = 2,
) -> Table:
    """Return the articles of every cell by how they were appraised; an empty cell says why it is one.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.
    rows, columns : str
        Role of the concepts down; ``theme`` or the role of the concepts across.
    appraisal : str
        ``relevance``, ``richness`` or ``rigour``.
    assessor : str or None
        Whose judgement; None for the preferred coder's, and where that is missing what all who judged agree on.
    thin : int
        A cell with at most so many articles is thin.

    Returns
    -------
    Table
        In codebook order; in each cell one row for each level that occurs, best first, and one row without a level
        where the cell is empty.

    Raises
    ------
    Refused
        If there is nothing to look for, nowhere to look, or nobody who looked.
    UnknownName
        If a choice or the assessor is not known.

    References
    ----------
    Snilstveit B et al. (2016). Evidence & Gap Maps: a tool for promoting evidence informed policy and strategic research agendas.
    Journal of Clinical Epidemiology 79:120-129. doi:10.1016/j.jclinepi.2016.05.015

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> from eaa_graph.network import selected
    >>> columns = selected(read_example("eaa_pilot").columns, "consensus")
    >>> table = evidence_map(columns)
    >>> len(table) > 0, table.unit
    (True, 'articles')
    """
    if appraisal not in _FIELDS:
        raise UnknownName("value of appraisal", appraisal, _FIELDS)
    levels = _levels(incidence, appraisal, assessor)
    asked = grids.empty_and_thin_cells(incidence, rows, columns, thin=thin, show="all")
    passage = incidence.extraction_index
    body: list[tuple[Cell, ...]] = []
    behind: list[tuple[str, ...]] = []
    for number, record in enumerate(asked.records()):
        ids = asked.opens(number, "count")
        articles: dict[str, list[str]] = {}
        level_of: dict[str, set[int]] = {}
        for name in ids:
            article = int(incidence.article[passage[name]])
            level = levels.get(incidence.articles[article].id, _UNJUDGED)
            articles.setdefault(level, []).append(name)
            level_of.setdefault(level, set()).add(article)
        start = (record["concept"], record["column"])
        end = (record["count"], record["out_of"], record["type"], record["reading"])
        if not articles:
            body.append((*start, None, 0, *end))
            behind.append(())
        for level in sorted(articles, key=level_rank):
            body.append((*start, level, len(level_of[level]), *end))
            behind.append(tuple(sorted(articles[level])))
    if not body:
        raise Refused("there is no cell to show")
    judged = len({a for a in levels if a in incidence.article_index})
    whose = f"by {assessor}" if assessor else "by the preferred coder, or else where all who judged agree"
    return Table(
        name="evidence-map",
        title=f"Evidence gap map: {rows}s by {columns}, by {appraisal} of the articles",
        columns=(
            Column("concept", rows.capitalize()),
            Column("column", columns.capitalize()),
            Column("level", appraisal.capitalize(), "Level of the articles counted; empty for an empty cell."),
            Column("articles", "Articles", "Of this level in the cell."),
            Column("count", "Articles in the cell"),
            Column("out_of", "Out of", "Those that report the theme, or code the concept across."),
            Column("type", "Type of gap", "Empty where there is no gap."),
            Column("reading", "Reading", "The cell in words."),
        ),
        rows=tuple(body),
        unit="articles",
        denominator=asked.denominator,
        note=(
            f"{appraisal.capitalize()} as recorded {whose}: {judged} of {many(len(incidence.articles), 'article')} {'is' if judged == 1 else 'are'} judged. "
            "Judgements are recorded, never computed. An empty cell is a place to look, not proof of absence."
        ),
        source="Robinson et al. 2011, doi 10.1016/j.jclinepi.2011.06.009",
        opens=lambda row, _: behind[row],
    )


def level_rank(level: str) -> tuple[bool, bool, int, str]:
    """Return where a level of an appraisal stands: best first, other words after, then disputed and unjudged ones."""
    place = _ORDER.index(level) if level in _ORDER else len(_ORDER)
    return (level == _UNJUDGED, level == _DISPUTED, place, level)


PART = GapRule(
    "evidence-map",
    "Where is the evidence, how was it appraised, and where is there none?",
    "Articles in every cell of concepts by themes, told apart by a recorded judgement of relevance, richness or rigour; empty "
    "cells say why they are empty. A full cell is not a proven mechanism.",
    evidence_map,
    (
        Parameter("rows", "Role of the concepts down the side.", "mechanism", ROLES),
        Parameter("columns", "theme, or the role of the concepts across.", "theme", ("theme", *ROLES)),
        Parameter("appraisal", "Which judgement tells the bubbles apart.", "rigour", _FIELDS),
        Parameter("assessor", "Whose judgement; left out: the preferred coder's.", None),
        Parameter("thin", "A cell with at most so many articles is thin.", 2),
    ),
    "Robinson et al. 2011, doi 10.1016/j.jclinepi.2011.06.009",
)
