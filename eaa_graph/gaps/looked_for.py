"""Not looked for, and not reported: what must be told apart before emptiness means anything.

Three things leave no trace and look alike in a matrix: nobody recorded whether an article reports a theme; the article
was read and does not report it; a coder had no code for it. The first and the last are gaps of the review, not of
the literature.
"""

from __future__ import annotations

__all__ = ["PART", "not_looked_for"]

import numpy as np

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.gaps import GapRule
from eaa_graph.gaps.reporting import in_order, plural, reporting, selection, who
from eaa_graph.measures.choosing import independent_coders
from eaa_graph.network import Incidence
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing

_DETAIL = ("summary", "articles")


def not_looked_for(incidence: Incidence, detail: str = "summary", coder: str = "preferred") -> Table:
    """Return what nobody looked for, what was read and not reported, and codes that one coder never used.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    detail : str
        ``summary``: one row a theme; ``articles``: one row for each article and theme.
    coder : str
        Whose theme reports count. Coders are compared with each other whichever is chosen.

    Returns
    -------
    Table
        Rows of type ``not looked for`` and ``not reported``: articles without any record, then theme by theme, then
        concept by concept the coders who never used a code that others used in articles which they read as well.

    Raises
    ------
    Refused
        If there is no article.

    Notes
    -----
    Nobody records which codebook a coder had. A code that one coder never used, though others used it in the very
    articles that this coder read, is the trace that a missing code leaves; it may also be an honest difference of reading.

    References
    ----------
    Robinson KA et al. (2011). Development of a framework to identify research gaps from systematic reviews. Journal of Clinical
    Epidemiology 64(12):1325-1330. doi:10.1016/j.jclinepi.2011.06.009

    Examples
    --------
    >>> from eaa_graph import read_example
    >>> columns = read_example("eaa_pilot").columns
    >>> table = not_looked_for(columns)
    >>> [c.name for c in table.columns][:4]
    ['type', 'subject', 'coder', 'articles']
    """
    if detail not in _DETAIL:
        raise UnknownName("value of detail", detail, _DETAIL)
    if not incidence.articles:
        raise Refused("there are no articles: nothing could have been looked for")
    chosen = selection(incidence, coder)
    record = reporting(chosen)
    rows: list[tuple[Cell, ...]] = []
    behind: list[tuple[str, ...]] = []
    total = len(incidence.articles)

    def add(kind: str, subject: Thing | None, by: Thing | None, articles: list[int], out_of: int, reading: str) -> None:
        rows.append(
            (kind, subject, by, len(articles), out_of, tuple(incidence.article_thing(a) for a in articles), reading)
        )
        behind.append(())

    unread = np.flatnonzero(~record.read).tolist()
    groups = [[a] for a in unread] if detail == "articles" else [unread] if unread else []
    for group in groups:
        what = f"Article {incidence.articles[group[0]].id}" if len(group) == 1 else plural(len(group), "article")
        add(
            "not looked for", None, None, group, total,
            f"{what} of {total}: no passage and no theme report by {who(chosen)}. Nothing can be said of what is missing there.",
        )  # fmt: skip
    if not record.recorded:
        add(
            "not looked for", None, None, [], total,
            f"{who(chosen)} recorded of no article whether it reports a theme, so 'not reported' cannot be told from "
            "'not looked for'. Fill the sheet 'reported' to tell them apart.",
        )  # fmt: skip
    else:
        no_record, denied = record.no_record, record.not_reported
        for place, theme in enumerate(record.themes.tolist()):
            thing = chosen.concept_thing(theme)
            missing = np.flatnonzero(no_record[:, place] & record.read).tolist()
            said_no = np.flatnonzero(denied[:, place]).tolist()
            for kind, articles in (("not looked for", missing), ("not reported", said_no)):
                for group in [[a] for a in articles] if detail == "articles" else [articles] if articles else []:
                    what = plural(len(group), "article") if detail == "summary" else incidence.articles[group[0]].id
                    told = (
                        f"{what}: read, but nobody recorded whether “{thing.label}” is reported."
                        if kind == "not looked for"
                        else f"{what}: read for “{thing.label}” and said not to report it."
                    )
                    add(kind, thing, None, group, total, told)
    for concept, person, articles, used, others in _unused_codes(incidence):
        thing = incidence.concept_thing(concept)
        record_ = incidence.records.people[person]
        status = incidence.concepts[concept].status
        why = (
            "The codebook does not list it, so they may not have had it."
            if status == "as-coded"
            else "Either they did not have the code, or they read these articles otherwise."
        )
        add(
            "not looked for", thing, Thing("person", record_.id, record_.name or record_.id), articles, used,
            f"{record_.id} never uses “{thing.label}”; others code it in {plural(used, 'article')}, {len(articles)} of which "
            f"{record_.id} read too. {why}",
        )  # fmt: skip
        behind[-1] = others
    return Table(
        name="not-looked-for",
        title="What did nobody look for, and what was looked for and not reported?",
        columns=(
            Column("type", "Type of gap"),
            Column("subject", "Theme or code", "Empty when it is about articles as a whole."),
            Column("coder", "Coder who never used it", "For codes that others used."),
            Column("articles", "Articles"),
            Column("out_of", "Out of", "All articles; for a coder, the articles in which others code it."),
            Column("which", "Which articles"),
            Column("reading", "Reading", "The row in words."),
        ),
        rows=tuple(rows),
        unit="articles",
        denominator=f"the {plural(total, 'article')} of the review; theme reports by {who(chosen)}",
        note=(
            "'Not looked for' is a gap of the review and is closed by reading. 'Not reported' is what the articles show. "
            "Neither says that the thing does not happen." + (record.remarks if record.recorded else "")
        ),
        source="Robinson et al. 2011, doi 10.1016/j.jclinepi.2011.06.009",
        opens=lambda row, _column: behind[row],
    )


def _unused_codes(incidence: Incidence) -> list[tuple[int, int, list[int], int, tuple[str, ...]]]:
    """Return (concept, coder, articles both read where others code it, articles where others do, their passages)."""
    coders = independent_coders(incidence)
    if len(coders) < 2:
        return []
    number = {person: place for place, person in enumerate(coders)}
    place_of = np.full(len(incidence.records.people) + 1, -1, dtype=np.int64)  # the last is for "not named"
    for person, place in number.items():
        place_of[person] = place
    read = np.zeros((len(coders), len(incidence.articles)), dtype=np.bool_)
    for by, article in (
        (incidence.coder, incidence.article),
        (incidence.reported_coder, incidence.reported_article),
    ):
        mine = place_of[by] >= 0
        read[place_of[by][mine], article[mine]] = True
    theme = np.flatnonzero(incidence.theme >= 0)
    passage = np.concatenate([incidence.coding_extraction, theme])
    concept = np.concatenate([incidence.coding_concept, incidence.theme[theme]])
    coded_by = place_of[incidence.coder[passage]]
    keep = coded_by >= 0
    passage, concept, coded_by = passage[keep], concept[keep], coded_by[keep]
    uses = np.zeros((len(coders), len(incidence.concepts)), dtype=np.bool_)
    uses[coded_by, concept] = True
    active = [bool(row.any()) for row in uses]
    found = []
    for code in in_order(incidence, np.flatnonzero(uses.any(axis=0)).tolist()).tolist():
        here = passage[concept == code]
        articles = np.unique(incidence.article[here])
        for place, person in enumerate(coders):
            if uses[place, code] or not active[place]:
                continue
            shared = articles[read[place, articles]].tolist()
            if shared:
                found.append((code, person, shared, len(articles), incidence.ids(here.tolist())))
    return found


PART = GapRule(
    "not-looked-for",
    "What did nobody look for?",
    "Articles without any record, themes that nobody says an article reports or does not report, themes read for and "
    "not reported, and codes that one coder never used though others did in the same articles. It tells a gap of the "
    "review from a gap of the literature.",
    not_looked_for,
    (
        Parameter(
            "detail", "summary: one row a theme; articles: one row for each article and theme.", "summary", _DETAIL
        ),
        Parameter("coder", "Whose theme reports count: a coder's id, 'preferred' or 'all'.", "preferred"),
    ),
    "Robinson et al. 2011, doi 10.1016/j.jclinepi.2011.06.009",
    all_coders=True,
)
