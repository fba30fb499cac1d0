"""Published figures against what is coded: where a publication's own numbers and its material disagree.

A publication that comes with its data often prints numbers that the data do not give. Which of the two is right cannot be
told from here; that they differ can, article by article.
"""

from __future__ import annotations

__all__ = ["PART", "UNITS", "published_figures"]

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import Refused
from eaa_graph.measures import Measure
from eaa_graph.measures.occurrence import ATTRIBUTES
from eaa_graph.model import Figure
from eaa_graph.network import Incidence
from eaa_graph.tables import Cell, Column, Table, Thing, many

Flags = NDArray[np.bool_]

#: What a figure may be counted in, as the sheet `figures` words it.
UNITS = {
    "": "articles",
    "article": "articles",
    "articles": "articles",
    "papers": "articles",
    "documents": "articles",
    "studies": "studies",
    "study": "studies",
    "extractions": "extractions",
    "passages": "extractions",
}


def _value(incidence: Incidence, article: int, name: str) -> str:
    record = incidence.articles[article]
    value = getattr(record, name) if name in ATTRIBUTES else dict(record.attributes).get(name)
    return "" if value is None else str(value)


def _limits(incidence: Incidence, figure: Figure) -> dict[str, str]:
    """Return the attributes of articles that a figure names in columns of its own, with their values."""
    own = {name for article in incidence.articles for name, _ in article.attributes}
    return {name: str(value) for name, value in figure.attributes if name in own or name in ATTRIBUTES}


def published_figures(incidence: Incidence) -> Table:
    """Return every figure of the sheet `figures` that can be counted here, with the count.

    A figure can be counted if it names a concept, or an attribute of articles: a column of the sheet `figures` that is
    called like a column of the articles (``country``, ``field``, one of the user's own) limits the count to articles with that value.

    Parameters
    ----------
    incidence : Incidence
        Limited to the coder(s) who count.

    Returns
    -------
    Table
        Figures in the order of their ids, those that differ marked.

    Raises
    ------
    Refused
        If there are no figures, none that says what to count, or no extractions.

    References
    ----------
    Wong G et al. (2013). RAMESES publication standards: realist syntheses. BMC Medicine 11:21. doi:10.1186/1741-7015-11-21
    (item 13: the characteristics of the documents are reported)

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Figure, Records, Review
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=(Article(id="a", country="UK"), Article(id="b", country="UK"), Article(id="c")),
    ...     concepts=(Concept(id="trust", label="trust"),),
    ...     extractions=(Extraction(id="x", article="a", mechanisms=("trust",)),),
    ...     figures=(
    ...         Figure(id="uk", label="Articles from the UK", count=2, attributes=(("country", "UK"),)),
    ...         Figure(id="uk-trust", label="with trust", count=2, concept="trust", attributes=(("country", "UK"),)),
    ...     ),
    ... )
    >>> table = published_figures(Incidence.from_records(records))
    >>> for row in table.records():
    ...     print(row["figure"], row["published"], row["counted"], row["difference"])
    Articles from the UK 2 2 0
    with trust 2 1 -1
    >>> table.opens(1, "counted")
    ('x',)
    """
    figures = incidence.records.figures
    if not figures:
        raise Refused(
            "no figures were published, or none are in the sheet 'figures', so there is nothing to compare with"
        )
    if not len(incidence):
        raise Refused(
            "there are no extractions in this selection, so nothing can be counted beside the published figures"
        )
    rows: list[tuple[Cell, ...]] = []
    behind: list[Flags] = []
    left_out: list[str] = []
    article_of = incidence.article
    for figure in figures:
        limits = _limits(incidence, figure)
        unit = UNITS.get((figure.unit or "").strip().casefold())
        if unit is None or (figure.concept is None and not limits):
            left_out.append(figure.id)
            continue
        within = np.array(
            [
                all(_value(incidence, number, name) == value for name, value in limits.items())
                for number in range(len(incidence.articles))
            ],
            dtype=np.bool_,
        )
        passages = within[article_of]
        if figure.concept is not None:
            coded = np.zeros(len(incidence), dtype=np.bool_)
            coded[incidence.coding_extraction[incidence.coding_concept == incidence.concept_index[figure.concept]]] = (
                True
            )
            coded |= incidence.theme == incidence.concept_index[figure.concept]
            passages = passages & coded
            has = np.zeros(len(within), dtype=np.bool_)
            has[article_of[passages]] = True
        else:
            has = within
        counted = {
            "articles": int(has.sum()),
            "studies": len(np.unique(incidence.study[has])),
            "extractions": int(passages.sum()),
        }[unit]
        out_of = {
            "articles": int(within.sum()),
            "studies": len(np.unique(incidence.study[within])),
            "extractions": int(within[article_of].sum()),
        }[unit]
        concept = None if figure.concept is None else incidence.concept_thing(incidence.concept_index[figure.concept])
        rows.append(
            (
                Thing("figure", figure.id, figure.label),
                concept,
                "; ".join(f"{name} = {value}" for name, value in limits.items()) or None,
                unit,
                figure.count,
                counted,
                counted - figure.count,
                figure.denominator,
                out_of,
                "yes" if counted == figure.count else "no",
                figure.source,
            )
        )
        behind.append(passages)
    if not rows:
        raise Refused(
            "none of the figures says what to count here: name a concept, or add a column called like a column of the articles "
            "(country, field, …) that says which articles it is about"
        )
    differ = sum(row[9] == "no" for row in rows)
    told = f" {len(left_out)} figures say nothing that can be counted here and are left out." if left_out else ""
    return Table(
        name="published-figures",
        title="Do the published figures agree with what is coded?",
        columns=(
            Column("figure", "Figure", "As the publication words it."),
            Column("concept", "Concept", "Counted in whatever role, or as theme."),
            Column("among", "Among", "Articles with this value only."),
            Column("counted_in", "Counted in"),
            Column("published", "Published"),
            Column("counted", "Counted", "The same, from what is coded."),
            Column("difference", "Difference", "Counted less published."),
            Column("published_out_of", "Published out of"),
            Column("out_of", "out of", "Articles (studies, extractions) there are."),
            Column("agrees", "Agrees"),
            Column("source", "Source"),
        ),
        rows=tuple(rows),
        unit="articles, studies or extractions, as each row says",
        denominator=f"the {many(len(incidence.articles), 'article')} of the review",
        note=(
            f"{differ} of {len(rows)} figures differ from what is coded here.{told} A difference does not say which of the two is right: the "
            "publication may count other articles, or an earlier state of the coding."
        ),
        source="Wong et al. 2013, doi 10.1186/1741-7015-11-21",
        opens=lambda row, _column: incidence.ids(np.flatnonzero(behind[row])),
    )


PART = Measure(
    "published-figures",
    "Do the published figures agree with what is coded?",
    "Each figure of the sheet figures that names a concept, or has a column called like a column of the articles, beside the same count from what "
    "is coded here. It shows that the two differ; it does not show which of them is right.",
    published_figures,
    (),
    "Wong et al. 2013, doi 10.1186/1741-7015-11-21",
)
