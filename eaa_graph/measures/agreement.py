"""Agreement between coders: on codes, roles, themes and whole configurations, with intervals and every disagreement.

What is compared is what each coder says of the same article (or of the same theme of an article). An article
counts only for coders who read it, that is, who coded a passage of it or judged one of its themes.
"""

from __future__ import annotations

__all__ = ["PARTS", "agreement", "disagreements", "set_agreement"]

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.choosing import PARTS_OF_A_CONFIGURATION, coders_named, coders_who_read, names_in
from eaa_graph.measures.coefficients import masi_distance
from eaa_graph.model import ROLES
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

_ABOUT = ("codes", "roles", "themes", "reported")
_UNITS = ("article", "theme")
_C, _M, _O = (PARTS_OF_A_CONFIGURATION[part] for part in "CMO")

#: A million resamples took two minutes on 51 articles; this keeps a slip of the keyboard from costing that.
_MOST_RESAMPLES = 100_000

#: A coefficient needs at least this share of the resamples to be defined before an interval is given.
_DEFINED_SHARE = 0.95
#: Prevalence index from which kappa is warned about, and how far kappa must lie below percent agreement.
_PREVALENCE, _PARADOX = 0.6, 0.2
_BIAS = 0.2
#: Sets whose distances to all others are held at once.
_BLOCK = 512

_SOURCE = (
    "Cohen 1960 (kappa; the mean over pairs for more than two coders: Light 1971); Krippendorff 2004, 2011 (alpha); "
    "Passonneau 2006 (MASI); Gwet 2008 (AC1); Feinstein & Cicchetti 1990, Byrt et al. 1993 (prevalence and bias)"
)
_NOTE = (
    "Agreement says that two people coded alike, not that they are right. Kappa, alpha and AC1 correct for chance in "
    "different ways; where one answer is rare, kappa and alpha can be low although coders seldom differ: read them beside "
    "percent agreement and AC1. "
)


# --- who is compared -------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Panel:
    """Coders side by side.

    Attributes
    ----------
    coders : tuple of int
        Indices into ``records.people``, m of them.
    read : bool array of shape (articles, m)
        Who read what.
    compared : bool array of length articles
        Read by at least two.
    seat : int32 array of length E
        For each extraction its coder's place among `coders`; -1 for others.
    """

    incidence: Incidence
    coders: tuple[int, ...]
    read: NDArray[np.bool_]
    compared: NDArray[np.bool_]
    seat: Index

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.incidence.records.people[c].id for c in self.coders)

    def thing(self, place: int) -> Thing:
        person = self.incidence.records.people[self.coders[place]]
        return Thing("person", person.id, person.name or person.id)


def _panel(incidence: Incidence, coders: tuple[int, ...]) -> _Panel:
    people = incidence.records.people
    if len(coders) < 2:
        everybody = [people[c].id for c in coders_who_read(incidence)]
        one = f"only one coder ({people[coders[0]].id})" if coders else "no coder"
        raise Refused(
            f"agreement needs two coders, and there is {one} to compare"
            + (
                f"; those who coded are {', '.join(everybody)}: name two or more in 'coders'"
                if len(everybody) > 1
                else ""
            )
        )
    articles = len(incidence.articles)
    read = np.zeros((articles, len(coders)), dtype=np.bool_)
    seat = np.full(len(incidence), -1, dtype=np.int32)
    for place, coder in enumerate(coders):
        read[incidence.article[incidence.coder == coder], place] = True
        read[incidence.reported_article[incidence.reported_coder == coder], place] = True
        seat[incidence.coder == coder] = place
    compared = read.sum(axis=1) >= 2
    if not compared.any():
        raise Refused(
            f"no article was read by two of {', '.join(people[c].id for c in coders)}: nothing can be compared"
        )
    return _Panel(incidence, coders, read, compared, seat)


def _panels(incidence: Incidence, coders: str | None, against: str | None) -> list[_Panel]:
    if not (against or "").strip():
        return [_panel(incidence, coders_named(incidence, coders))]
    index = incidence.coder_index
    name = (against or "").strip()
    if name not in index:
        raise UnknownName("coder", name, index)
    others = [c for c in coders_named(incidence, coders) if c != index[name]]
    if not others:
        raise Refused(f"there is nobody else to compare {name!r} with: name others in 'coders'")
    return [_panel(incidence, (index[name], other)) for other in others]


def _left_out(panel: _Panel, unit: str) -> str:
    incidence = panel.incidence
    once = int(np.count_nonzero(panel.read.sum(axis=1) == 1))
    never = int(np.count_nonzero(panel.read.sum(axis=1) == 0))
    said = [
        f"{many(once, 'article')} that only one of these coders read {'is' if once == 1 else 'are'} left out"
        if once
        else ""
    ]
    said.append(
        f"{many(never, 'article')} that none of them read {'is' if never == 1 else 'are'} left out" if never else ""
    )
    nobody = int(np.count_nonzero(incidence.coder < 0))
    said.append(
        f"{many(nobody, 'passage')} without a coder {'is' if nobody == 1 else 'are'} left out" if nobody else ""
    )
    if unit == "theme":
        bare = int(np.count_nonzero((incidence.theme < 0) & (panel.seat >= 0)))
        said.append(f"{many(bare, 'passage')} without a theme {'is' if bare == 1 else 'are'} left out" if bare else "")
    text = "; ".join(s for s in said if s)
    return f"{text[0].upper()}{text[1:]}. " if text else ""


# --- yes/no per code ---------------------------------------------------------------------


class _Item(NamedTuple):
    """Something that is coded or not: a concept, a concept in a role, a theme."""

    concept: int
    role: str


@dataclass(frozen=True, eq=False)
class _Marks:
    """Who marked what, one line a unit, coder and item, as sorted arrays.

    ``unit`` indexes ``units`` (articles, or articles with a theme), ``unit_article`` says which article each is.
    """

    unit_article: Index
    unit_label: tuple[tuple[int, int], ...]
    unit: Index
    seat: Index
    item: Index
    items: tuple[_Item, ...]
    #: units x coders: whether the coder's answer counts there.
    answered: NDArray[np.bool_]


def _units_of(panel: _Panel, unit: str) -> tuple[Index, tuple[tuple[int, int], ...], Index]:
    """Return the units' articles, their (article, theme) labels, and for each extraction its unit (-1 none)."""
    incidence = panel.incidence
    usable = (panel.seat >= 0) & panel.compared[incidence.article]
    if unit == "article":
        articles = np.flatnonzero(panel.compared).astype(np.int32)
        place = np.full(len(incidence.articles), -1, dtype=np.int32)
        place[articles] = np.arange(len(articles), dtype=np.int32)
        by_article: Index = np.where(usable, place[incidence.article], -1).astype(np.int32)
        return articles, tuple((int(a), -1) for a in articles), by_article
    usable &= incidence.theme >= 0
    width = max(len(incidence.concepts), 1)
    key = incidence.article.astype(np.int64) * width + incidence.theme
    keys = np.unique(key[usable])
    by_theme: Index = np.where(usable, np.searchsorted(keys, key), -1).astype(np.int32)
    owners: Index = (keys // width).astype(np.int32)
    return owners, tuple((int(k // width), int(k % width)) for k in keys), by_theme


def _marks(panel: _Panel, about: str, unit: str) -> _Marks:
    incidence = panel.incidence
    width = max(len(incidence.concepts), 1)
    if about == "reported":
        return _reported_marks(panel)
    articles, labels, of = _units_of(panel, unit)
    if about == "themes":
        rows: Index = np.flatnonzero((of >= 0) & (incidence.theme >= 0)).astype(np.int32)
        code = incidence.theme[rows].astype(np.int64)
        used = {int(c) for c in np.unique(code)} | {
            i for i, c in enumerate(incidence.concepts) if c.listed_as == "theme"
        }
        keys = sorted(used)
        items = tuple(_Item(k, "") for k in keys)
    else:
        coding = of[incidence.coding_extraction] >= 0
        rows = incidence.coding_extraction[coding]
        code = incidence.coding_concept[coding].astype(np.int64)
        if about == "roles":
            code += incidence.coding_role[coding].astype(np.int64) * width
        listed = _listed(incidence, about, width)
        keys = sorted({int(k) for k in np.unique(code)} | listed)
        items = tuple(_Item(k % width, ROLES[k // width] if about == "roles" else "") for k in keys)
    answered = panel.read[articles]
    lines = np.stack([of[rows], panel.seat[rows], np.searchsorted(np.array(keys, dtype=np.int64), code)], axis=1)
    lines = np.unique(lines.astype(np.int64), axis=0).reshape(-1, 3).astype(np.int32)
    return _Marks(articles, labels, lines[:, 0], lines[:, 1], lines[:, 2], items, answered)


def _listed(incidence: Incidence, about: str, width: int) -> set[int]:
    """Return the codes that the codebook offers, used or not: not using one is an answer too."""
    found = set()
    for number, concept in enumerate(incidence.concepts):
        if concept.listed_as in ROLES:
            role = ROLES.index(concept.listed_as) if about == "roles" else 0
            found.add(role * width + number)
    return found


def _reported_marks(panel: _Panel) -> _Marks:
    incidence = panel.incidence
    seat = np.full(len(incidence.records.people) + 1, -1, dtype=np.int32)
    for place, coder in enumerate(panel.coders):
        seat[coder] = place
    chosen = seat[incidence.reported_coder] >= 0
    article, theme = incidence.reported_article[chosen], incidence.reported_theme[chosen]
    seats, value = seat[incidence.reported_coder[chosen]], incidence.reported_value[chosen]
    width = max(len(incidence.concepts), 1)
    keys, of = np.unique(article.astype(np.int64) * width + theme, return_inverse=True)
    answered = np.zeros((len(keys), len(panel.coders)), dtype=np.bool_)
    answered[of, seats] = True
    themes = sorted({int(k % width) for k in keys})
    if not len(keys) or not (answered.sum(axis=1) >= 2).any():
        raise Refused("no theme of an article was judged by two of these coders (sheet 'reported')")
    # One unit an article and theme; the item is the theme, and nobody answers for other themes there.
    item = np.searchsorted(np.array(themes), theme)
    lines = (
        np.unique(np.stack([of, seats, item], axis=1)[value].astype(np.int64), axis=0).reshape(-1, 3).astype(np.int32)
    )
    return _Marks(
        (keys // width).astype(np.int32),
        tuple((int(k // width), int(k % width)) for k in keys),
        lines[:, 0],
        lines[:, 1],
        lines[:, 2],
        tuple(_Item(t, "") for t in themes),
        answered,
    )


#: Sums over units from which every coefficient of yes/no answers follows; six, then four for each pair of coders.
_UNITS_AT, _AGREE, _YES_SHARE, _YES, _NO, _SPLIT, _PAIRS = 0, 1, 2, 3, 4, 5, 6


def _sums(marks: _Marks, coders: int, own_item: bool) -> Numbers:
    """Return per article, item and statistic the sums from which all coefficients follow.

    All coefficients of yes/no answers are functions of sums over units, so a resample of articles is
    a weighted sum of these: no unit is looked at again.

    Parameters
    ----------
    own_item : bool
        Whether each unit answers one item only, that of its label (theme reports).

    Returns
    -------
    array of shape (articles, items, 6 + 4 x pairs)
    """
    pairs = list(combinations(range(coders), 2))
    articles, article_of = np.unique(marks.unit_article, return_inverse=True)
    units, items = len(marks.unit_article), len(marks.items)
    sums = np.zeros((len(articles), items, _PAIRS + 4 * len(pairs)))
    item_of_theme = {item.concept: number for number, item in enumerate(marks.items)}
    own = np.array([item_of_theme.get(label[1], -1) for label in marks.unit_label]) if own_item else None
    order = np.argsort(marks.item, kind="stable")
    bounds = np.searchsorted(marks.item[order], np.arange(items + 1))
    raters_all = marks.answered.sum(axis=1)
    for item in range(items):
        yes = np.zeros((units, coders), dtype=np.bool_)
        rows = order[bounds[item] : bounds[item + 1]]
        yes[marks.unit[rows], marks.seat[rows]] = True
        here = raters_all >= 2
        if own is not None:
            here &= own == item
        yes, answered = yes[here], marks.answered[here]
        yes &= answered
        raters = answered.sum(axis=1)
        said = yes.sum(axis=1)
        unsaid = raters - said
        into = article_of[here]

        def add(
            place: int, values: NDArray[np.float64] | NDArray[np.int64], into: Counts = into, item: int = item
        ) -> None:
            sums[:, item, place] = np.bincount(into, weights=values, minlength=len(articles))

        add(_UNITS_AT, np.ones(len(raters)))
        add(_AGREE, (said * (said - 1) + unsaid * (unsaid - 1)) / (raters * (raters - 1)))
        add(_YES_SHARE, said / raters)
        add(_YES, said)
        add(_NO, unsaid)
        add(_SPLIT, 2 * said * unsaid / (raters - 1))
        for number, (first, second) in enumerate(pairs):
            both = answered[:, first] & answered[:, second]
            a, b = yes[:, first], yes[:, second]
            base = _PAIRS + 4 * number
            for offset, cell in enumerate((a & b, a & ~b, ~a & b, ~a & ~b)):
                add(base + offset, (cell & both).astype(np.float64))
    return sums


def _coefficients(sums: Numbers) -> dict[str, Numbers]:
    """Return percent, kappa, alpha and AC1 from sums (statistics in the last axis); NaN where undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        units = sums[..., _UNITS_AT]
        percent = sums[..., _AGREE] / units
        share = sums[..., _YES_SHARE] / units
        chance = 2 * share * (1 - share)
        ac1 = (percent - chance) / (1 - chance)
        yes, no = sums[..., _YES], sums[..., _NO]
        alpha = np.where(yes * no > 0, 1 - (yes + no - 1) * sums[..., _SPLIT] / (2 * yes * no), np.nan)
        kappas = []
        for base in range(_PAIRS, sums.shape[-1], 4):
            both, first, second, neither = (sums[..., base + i] for i in range(4))
            n = both + first + second + neither
            expected = ((both + first) * (both + second) + (second + neither) * (first + neither)) / n**2
            defined = expected < 1 - 1e-12
            kappas.append(np.where(defined, ((both + neither) / n - expected) / (1 - expected), np.nan))
        kappa = np.mean(kappas, axis=0)
    return {"percent": percent, "kappa": kappa, "alpha": alpha, "ac1": ac1}


def _check_bootstrap(resamples: int, seed: int) -> None:
    if not 0 <= resamples <= _MOST_RESAMPLES:
        raise BadSettings(f"resamples must be from 0 to {_MOST_RESAMPLES:,}; more would keep you waiting for minutes")
    if seed < 0:
        raise BadSettings("seed must be 0 or more")


def _weights(articles: int, resamples: int, seed: int) -> Numbers:
    """Return how often each article is drawn in each resample (resamples x articles)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(articles, np.full(articles, 1 / articles), size=resamples).astype(np.float64)


def _interval(values: Numbers) -> tuple[float | None, float | None]:
    """Return the 2.5 and 97.5 percentiles; (None, None) when too many resamples have no value."""
    defined = values[~np.isnan(values)]
    if not len(values) or len(defined) < _DEFINED_SHARE * len(values):
        return None, None
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _remarks(sums: Numbers, found: dict[str, float | None], resamples: int, open_ended: list[str]) -> str:
    """Return what a reader must know before using a row's numbers."""
    units = sums[_UNITS_AT]
    said = []
    yes, no = sums[_YES], sums[_NO]
    if not yes:
        said.append("nobody gave this code: kappa and alpha are undefined, because disagreement was not possible")
    elif not no:
        said.append(
            "everybody gave this code everywhere: kappa and alpha are undefined, because disagreement was not possible"
        )
    elif found["kappa"] is None:
        said.append("kappa is undefined: two coders gave one and the same answer throughout, or read nothing in common")
    pairs = sums[_PAIRS:].reshape(-1, 4)
    totals = pairs.sum(axis=1)
    if yes and no and found["percent"] is not None:
        seen = totals > 0
        prevalence = float(np.max(np.abs(pairs[seen, 0] - pairs[seen, 3]) / totals[seen], initial=0.0))
        bias = float(np.max(np.abs(pairs[seen, 1] - pairs[seen, 2]) / totals[seen], initial=0.0))
        kappa = found["kappa"]
        if prevalence >= _PREVALENCE and kappa is not None and kappa <= found["percent"] - _PARADOX:
            rare = "yes" if yes < no else "no"
            said.append(
                f"prevalence: '{rare}' is rare (prevalence index {prevalence:.2f}), which pulls kappa and alpha down "
                "though coders seldom differ: read AC1 and percent beside them"
            )
        if bias >= _BIAS:
            said.append(f"bias: one coder gives the code far more often (bias index {bias:.2f})")
        if not sums[_SPLIT]:
            said.append(
                f"no disagreement in {units:.0f} units, so the interval has no width: the true rate may still be up to about "
                f"{min(1.0, 3 / units):.2f} (rule of three)"
            )
        elif open_ended and resamples:
            said.append(
                f"no interval for {', '.join(open_ended)}: too rare, undefined in more than "
                f"{1 - _DEFINED_SHARE:.0%} of the resamples"
            )
    return "; ".join(said)


_COEFFICIENTS = ("percent", "kappa", "alpha", "ac1")
_TITLES = {
    "percent": ("Percent agreement", "Share of pairs of coders who agree, averaged over units."),
    "kappa": (
        "Cohen's kappa",
        "Corrected for chance by each coder's own rate; mean over pairs for more than two coders.",
    ),
    "alpha": ("Krippendorff's alpha", "Corrected for chance by the pooled rate; nominal."),
    "ac1": ("Gwet's AC1", "Corrected for chance in a way that does not collapse when one answer is rare."),
}


def agreement(
    incidence: Incidence,
    about: str = "codes",
    unit: str = "article",
    coders: str | None = None,
    against: str | None = None,
    resamples: int = 1000,
    seed: int = 20240101,
) -> Table:
    """Return how far coders agree on each code, role or theme, and on all of a kind together.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side.
    about : str
        ``codes``: does the unit carry the concept, in whatever role; ``roles``: the concept in this role;
        ``themes``: a passage at this theme; ``reported``: the coders' own yes or no in the sheet `reported`.
    unit : str
        ``article``: each article that two coders read; ``theme``: each theme of such an article at which
        at least one of them coded a passage. Themes and `reported` have units of their own.
    coders : str or None
        People joined by ``|`` or commas; None: all who read for themselves (who adjudicate nobody).
    against : str or None
        Compare this person (a consensus, say) with each of `coders` in turn, instead of all with all.
    resamples : int
        Bootstrap resamples of articles for 95 % percentile intervals; 0 for no intervals.
    seed : int

    Returns
    -------
    Table
        One row for all codes of a kind pooled, then one a code: units, answers, percent agreement, Cohen's
        kappa, Krippendorff's alpha and Gwet's AC1, each with its interval, and what to beware of.

    Raises
    ------
    Refused
        If there are not two coders, or they read no article in common.
    UnknownName
        If a person, unit or subject is not known.

    References
    ----------
    Cohen J. (1960); Light R. J. (1971); Krippendorff K. (2004); Gwet K. L. (2008).
    Feinstein A. R., Cicchetti D. V. (1990). High agreement but low kappa. Journal of Clinical Epidemiology 43, 543-549.
    Byrt T., Bishop J., Carlin J. B. (1993). Bias, prevalence and kappa. Journal of Clinical Epidemiology 46, 423-429.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Person, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     people=(Person(id="ann"), Person(id="bo")),
    ...     articles=(Article(id="a"), Article(id="b")),
    ...     concepts=(Concept(id="list", label="list"), Concept(id="talk", label="talk")),
    ...     extractions=(
    ...         Extraction(id="a1", article="a", mechanisms=("talk",), coder="ann"),
    ...         Extraction(id="a2", article="a", mechanisms=("list", "talk"), coder="bo"),
    ...         Extraction(id="b1", article="b", mechanisms=("list",), coder="ann"),
    ...         Extraction(id="b2", article="b", mechanisms=("list",), coder="bo"),
    ...     ),
    ... )
    >>> table = agreement(Incidence.from_records(records), resamples=0)
    >>> for row in table.records():
    ...     print(row["subject"], row["units"], row["percent"], row["kappa"])
    all codes (2) 4 0.75 0.5
    list 2 0.5 0.0
    talk 2 1.0 1.0
    """
    if about not in _ABOUT:
        raise UnknownName("subject of agreement", about, _ABOUT)
    if unit not in _UNITS:
        raise UnknownName("unit of agreement", unit, _UNITS)
    _check_bootstrap(resamples, seed)
    panels = _panels(incidence, coders, against)
    if about == "themes":
        unit = "article"
    rows: list[tuple[Cell, ...]] = []
    behind: list[tuple[_Panel, str, tuple[_Item, ...], frozenset[int]]] = []
    notes = []
    for panel in panels:
        marks = _marks(panel, about, unit)
        sums = _sums(marks, len(panel.coders), about == "reported")
        seen = frozenset(int(a) for a in marks.unit_article)
        weights = (
            _weights(sums.shape[0], resamples, seed) if resamples and sums.shape[0] else np.zeros((0, sums.shape[0]))
        )
        who = tuple(panel.thing(place) for place in range(len(panel.coders)))
        for label, chosen in _scopes(panel.incidence, marks, about):
            of_scope = sums[:, chosen].sum(axis=1)
            whole = of_scope.sum(axis=0)
            if not whole[_UNITS_AT]:
                continue
            found = {k: _number(float(v)) for k, v in _coefficients(whole).items()}
            resampled = _coefficients(weights @ of_scope) if len(weights) else {}
            intervals = {k: _interval(resampled[k]) if resampled else (None, None) for k in _COEFFICIENTS}
            open_ended = [_TITLES[k][0] for k in _COEFFICIENTS if found[k] is not None and intervals[k][0] is None]
            pairs = whole[_PAIRS:].reshape(-1, 4)
            answers: tuple[Cell, ...] = tuple(int(v) for v in pairs.sum(axis=0)) if len(pairs) == 1 else (None,) * 4
            numbers: list[Cell] = []
            for k in _COEFFICIENTS:
                numbers += [found[k], *intervals[k]]
            rows.append(
                (
                    who,
                    label,
                    marks.items[chosen[0]].role or None if isinstance(label, Thing) else None,
                    int(whole[_UNITS_AT]),
                    float(whole[_YES] / (whole[_YES] + whole[_NO])),
                    *answers,
                    *numbers,
                    _remarks(whole, found, resamples, open_ended),
                )
            )
            behind.append((panel, about, tuple(marks.items[n] for n in chosen), seen))
        notes.append(_left_out(panel, unit))

    def opens(number: int, column: str) -> tuple[str, ...]:
        panel, subject, items, articles = behind[number]
        places = {"first_only": (0,), "second_only": (1,)}.get(column, tuple(range(len(panel.coders))))
        return _passages(panel, subject, items, articles, places)

    compared = sorted({", ".join(p.names) for p in panels})
    articles_ = sorted({int(np.count_nonzero(p.compared)) for p in panels})
    what = {
        "codes": "each code of the codebook or used, in any role",
        "roles": "each code in each role it is listed for or used in",
        "themes": "each theme, by whether a passage was coded at it",
        "reported": "each theme, by the coder's own yes or no",
    }[about]
    if about in ("themes", "reported"):
        cells = "article x theme"
    elif unit == "article":
        cells = "article x code"
    else:
        cells = "article x theme x code, where at least one coder coded that theme"
    return Table(
        name="agreement",
        title=f"Agreement on {about}: {' and '.join(compared)}",
        columns=(
            Column("coders", "Coders"),
            Column("subject", "About", "A code, or all codes of a kind together."),
            Column("role", "Role", "The role, when agreement is about roles."),
            Column("units", "Units compared", "Cells for a pooled row: units x codes."),
            Column("yes_share", "Share of yes", "Share of all answers that are yes."),
            Column("both_yes", "Both yes", "Two coders only."),
            Column("first_only", "First only", "Two coders only."),
            Column("second_only", "Second only", "Two coders only."),
            Column("both_no", "Both no", "Two coders only."),
            *(
                column
                for k in _COEFFICIENTS
                for column in (
                    Column(k, *_TITLES[k]),
                    Column(f"{k}_low", f"{_TITLES[k][0]}, 95 % from"),
                    Column(f"{k}_high", f"{_TITLES[k][0]}, 95 % to"),
                )
            ),
            Column("beware", "Beware", "What to know before using these numbers; why a cell is empty."),
        ),
        rows=tuple(rows),
        unit=f"yes or no for {what}, in cells of {cells}",
        denominator=f"the {' or '.join(map(str, articles_))} {'article' if set(articles_) == {1} else 'articles'} that two of the coders read",
        note=_NOTE
        + (
            f"Intervals: 95 %, percentile bootstrap over articles, {resamples} resamples, seed {seed}. "
            if resamples
            else "No intervals were asked for. "
        )
        + "".join(dict.fromkeys(notes)),
        source=_SOURCE,
        opens=opens,
    )


def _scopes(incidence: Incidence, marks: _Marks, about: str) -> Iterable[tuple[Cell, list[int]]]:
    """Yield (label, item numbers): everything of a kind pooled, then each item."""
    everything = list(range(len(marks.items)))
    if about in ("themes", "reported"):
        yield f"all themes ({len(everything)})", everything
    else:
        kinds = [
            (
                role,
                [n for n, i in enumerate(marks.items) if (i.role or incidence.concepts[i.concept].listed_as) == role],
            )
            for role in ROLES
        ]
        yield f"all codes ({len(everything)})", everything
        for role, numbers in kinds:
            if numbers:
                yield f"all {role}s ({len(numbers)})", numbers

    def key(number: int) -> tuple[int, str]:
        item = marks.items[number]
        kind = item.role or incidence.concepts[item.concept].listed_as
        return (ROLES.index(kind) if kind in ROLES else len(ROLES), incidence.concepts[item.concept].id)

    for number in sorted(everything, key=key):
        yield incidence.concept_thing(marks.items[number].concept), [number]


def _passages(
    panel: _Panel, about: str, items: tuple[_Item, ...], articles: frozenset[int], places: tuple[int, ...]
) -> tuple[str, ...]:
    incidence = panel.incidence
    inside = np.isin(incidence.article, np.array(sorted(articles), dtype=np.int32)) & np.isin(panel.seat, places)
    if about in ("themes", "reported"):
        themes = np.array(sorted({i.concept for i in items}), dtype=np.int32)
        return incidence.ids(np.flatnonzero(inside & np.isin(incidence.theme, themes)).tolist())
    width = max(len(incidence.concepts), 1)
    if about == "roles":
        code = incidence.coding_role.astype(np.int64) * width + incidence.coding_concept
        wanted = np.array([ROLES.index(i.role) * width + i.concept for i in items])
    else:
        code, wanted = incidence.coding_concept.astype(np.int64), np.array([i.concept for i in items])
    rows = incidence.coding_extraction[np.isin(code, wanted)]
    return incidence.ids(rows[inside[rows]].tolist())


# --- whole sets of codes -------------------------------------------------------------------


class _Kind(NamedTuple):
    """One way of gathering what a coder says of a unit into a set of labels."""

    name: str
    meaning: str
    labels: Callable[[list[list[int]]], Iterable[tuple[int, ...]]]


def _product(coded: list[list[int]], *parts: tuple[str, ...]) -> Iterable[tuple[int, ...]]:
    """Yield every combination of one concept from each part of a passage."""
    found: list[tuple[int, ...]] = [()]
    for roles in parts:
        concepts = sorted({c for role in roles for c in coded[ROLES.index(role)]})
        found = [(*one, c) for one in found for c in concepts]
    return found


def _kinds() -> tuple[_Kind, ...]:
    def of_role(*roles: str) -> Callable[[list[list[int]]], Iterable[tuple[int, ...]]]:
        return lambda coded: _product(coded, roles)

    def of_all(coded: list[list[int]]) -> Iterable[tuple[int, ...]]:
        return [(number, concept) for number, concepts in enumerate(coded) for concept in concepts]

    return (
        _Kind("contexts", "the set of contexts", of_role(*_C)),
        _Kind("mechanisms", "the set of mechanisms, resources and reasonings", of_role(*_M)),
        _Kind("outcomes", "the set of outcomes", of_role(*_O)),
        _Kind("roles", "the set of all codes with their roles", of_all),
        _Kind("C-M", "the set of context-mechanism links told in one passage", lambda c: _product(c, _C, _M)),
        _Kind("M-O", "the set of mechanism-outcome links told in one passage", lambda c: _product(c, _M, _O)),
        _Kind("C-M-O", "the set of whole configurations told in one passage", lambda c: _product(c, _C, _M, _O)),
    )


def set_agreement(
    incidence: Incidence,
    unit: str = "article",
    coders: str | None = None,
    against: str | None = None,
    resamples: int = 1000,
    seed: int = 20240101,
) -> Table:
    """Return how far coders agree on whole sets: all contexts of an article, all its configurations, and so on.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side.
    unit, coders, against, resamples, seed
        See :func:`agreement`. Units where no coder gives any label of the kind are left out: there is
        nothing to agree about, and counting them would flatter.

    Returns
    -------
    Table
        One row a kind of set: units, identical sets, mean Jaccard similarity, Krippendorff's alpha with MASI
        distance and its bootstrap interval.

    Raises
    ------
    Refused
        If there are not two coders, or they read no article in common.

    References
    ----------
    Passonneau R. J. (2006). Measuring agreement on set-valued items (MASI) for semantic and pragmatic
    annotation. LREC 2006, 831-836.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Person, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     people=(Person(id="ann"), Person(id="bo")),
    ...     articles=(Article(id="a"), Article(id="b")),
    ...     concepts=(Concept(id="list", label="list"), Concept(id="talk", label="talk")),
    ...     extractions=(
    ...         Extraction(id="a1", article="a", mechanisms=("talk",), coder="ann"),
    ...         Extraction(id="a2", article="a", mechanisms=("list", "talk"), coder="bo"),
    ...         Extraction(id="b1", article="b", mechanisms=("list",), coder="ann"),
    ...         Extraction(id="b2", article="b", mechanisms=("list",), coder="bo"),
    ...     ),
    ... )
    >>> table = set_agreement(Incidence.from_records(records), resamples=0)
    >>> [(row["kind"], row["units"], row["identical"], row["jaccard"]) for row in table.records()][1]
    ('mechanisms', 2, 0.5, 0.75)
    """
    if unit not in _UNITS:
        raise UnknownName("unit of agreement", unit, _UNITS)
    _check_bootstrap(resamples, seed)
    panels = _panels(incidence, coders, against)
    rows: list[tuple[Cell, ...]] = []
    behind: list[tuple[_Panel, tuple[int, ...]]] = []
    for panel in panels:
        articles, _, of = _units_of(panel, unit)
        coded = _coded_lists(panel, of)
        who = tuple(panel.thing(place) for place in range(len(panel.coders)))
        for kind in _kinds():
            found, used = _set_row(panel, articles, of, coded, kind, resamples, seed)
            rows.append((who, kind.name, kind.meaning, *found))
            behind.append((panel, used))

    def opens(number: int, column: str) -> tuple[str, ...]:
        panel, used = behind[number]
        return () if column == "without" else panel.incidence.ids(used)

    articles_ = sorted({int(np.count_nonzero(p.compared)) for p in panels})
    return Table(
        name="set-agreement",
        title=f"Agreement on whole sets of codes: {' and '.join(sorted({', '.join(p.names) for p in panels}))}",
        columns=(
            Column("coders", "Coders"),
            Column("kind", "Kind of set"),
            Column("meaning", "What is compared"),
            Column("units", "Units compared", "Units where at least one coder gives a label of the kind."),
            Column("without", "Units without", "Units where no coder gives any: left out."),
            Column("labels", "Different labels", "How many different labels occur."),
            Column("identical", "Identical sets", "Share of pairs of coders whose sets are the same."),
            Column("jaccard", "Mean overlap", "Jaccard similarity of the coders' sets, averaged over pairs and units."),
            Column("alpha", "Krippendorff's alpha, MASI", "Chance-corrected; partial overlap counts in part."),
            Column("alpha_low", "Alpha, 95 % from"),
            Column("alpha_high", "Alpha, 95 % to"),
            Column("beware", "Beware", "Why a cell is empty."),
        ),
        rows=tuple(rows),
        unit="articles" if unit == "article" else "themes of articles, where at least one coder coded that theme",
        denominator=f"the {' or '.join(map(str, articles_))} {'article' if set(articles_) == {1} else 'articles'} that two of the coders read",
        note=_NOTE
        + "Whole configurations are a hard test: one differing context makes a different configuration, so these values lie below "
        "those for single codes. A passage that codes several concepts in a slot stands for every combination of them. "
        + (
            f"Intervals: 95 %, percentile bootstrap over articles, {resamples} resamples, seed {seed}; the disagreement expected "
            "by chance is held at its value in the whole sample. "
            if resamples
            else "No intervals were asked for. "
        )
        + "".join(dict.fromkeys(_left_out(p, unit) for p in panels)),
        source=_SOURCE,
        opens=opens,
    )


def _coded_lists(panel: _Panel, of: Index) -> dict[int, list[list[int]]]:
    """Return for each usable extraction the concepts of each role."""
    incidence = panel.incidence
    found: dict[int, list[list[int]]] = {int(e): [[] for _ in ROLES] for e in np.flatnonzero(of >= 0)}
    for extraction, role, concept in zip(
        incidence.coding_extraction.tolist(),
        incidence.coding_role.tolist(),
        incidence.coding_concept.tolist(),
        strict=True,
    ):
        if extraction in found:
            found[extraction][role].append(concept)
    return found


def _set_row(
    panel: _Panel,
    articles: Index,
    of: Index,
    coded: dict[int, list[list[int]]],
    kind: _Kind,
    resamples: int,
    seed: int,
) -> tuple[tuple[Cell, ...], tuple[int, ...]]:
    sets: list[list[set[tuple[int, ...]]]] = [[set() for _ in panel.coders] for _ in articles]
    used = []
    for extraction, lists in coded.items():
        labels = list(kind.labels(lists))
        if labels:
            sets[of[extraction]][panel.seat[extraction]].update(labels)
            used.append(extraction)
    # A set is what a coder who read the article says, even when it is empty.
    units = [
        (int(article), [frozenset(s) for s, read in zip(row, panel.read[article].tolist(), strict=True) if read])
        for article, row in zip(articles.tolist(), sets, strict=True)
        if any(row)
    ]
    without = len(articles) - len(units)
    if not units:
        return (0, without, 0, None, None, None, None, None, "nobody coded this kind: there is nothing to compare"), ()
    labels_used = {label for _, row in units for s in row for label in s}
    distinct = sorted({s for _, row in units for s in row}, key=lambda s: (len(s), sorted(s)))
    number = {s: n for n, s in enumerate(distinct)}
    of_article = {a: n for n, a in enumerate(sorted({a for a, _ in units}))}
    # Sums by article: what lies within units, and how often each set is given.
    within = np.zeros(len(of_article))
    counts = np.zeros((len(of_article), len(distinct)))
    same = overlap = pairs = 0.0
    for article, row in units:
        place = of_article[article]
        for s in row:
            counts[place, number[s]] += 1
        for first, second in combinations(row, 2):
            within[place] += 2 * masi_distance(first, second) / (len(row) - 1)
            weight = 2 / (len(row) * (len(row) - 1))
            same += weight * (first == second)
            overlap += weight * (len(first & second) / len(first | second) if first | second else 1.0)
        pairs += 1
    alpha, low, high, why = _set_alpha(distinct, within, counts, resamples, seed)
    return (len(units), without, len(labels_used), same / pairs, overlap / pairs, alpha, low, high, why), tuple(used)


def _set_alpha(
    distinct: list[frozenset[tuple[int, ...]]], within: Numbers, counts: Numbers, resamples: int, seed: int
) -> tuple[float | None, float | None, float | None, str]:
    """Return alpha with MASI distance, its interval, and why either is missing.

    In the resamples the disagreement expected by chance stays what it is in the whole sample (as in
    Krippendorff's own bootstrap): copies of one article would otherwise pass for agreement by chance.
    """
    if len(distinct) < 2:
        return None, None, None, "all sets are the same: alpha is undefined, because disagreement was not possible"
    whole = counts.sum(axis=0)
    total = float(whole.sum())
    expected = 0.0
    for start in range(0, len(distinct), _BLOCK):
        block = _masi_block(distinct, start, min(start + _BLOCK, len(distinct)))
        expected += float(whole[start : start + _BLOCK] @ (block @ whole))
    chance = expected / (total * (total - 1))
    alpha = 1 - float(within.sum()) / total / chance
    if not resamples:
        return alpha, None, None, ""
    weights = _weights(len(within), resamples, seed)
    low, high = _interval(1 - (weights @ within) / (weights @ counts.sum(axis=1)) / chance)
    return alpha, low, high, ""


#: Up to so many cells a table of sets by labels is multiplied as it is.
_DENSE = 1_000_000


def _masi_block(distinct: list[frozenset[tuple[int, ...]]], start: int, end: int) -> Numbers:
    """Return the MASI distances of sets start..end to all sets."""
    labels = {label: n for n, label in enumerate(sorted({label for s in distinct for label in s}))}
    rows = [n for n, s in enumerate(distinct) for _ in s]
    columns = [labels[label] for s in distinct for label in sorted(s)]
    shape = (len(distinct), max(len(labels), 1))
    if shape[0] * shape[1] <= _DENSE:
        held = np.zeros(shape)
        held[rows, columns] = 1.0
        shared = held[start:end] @ held.T
    else:
        from scipy.sparse import csr_array  # 0.27 s to import: only where it is worth it

        sparse = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
        shared = (sparse[start:end] @ sparse.T).toarray()
    size = np.array([len(s) for s in distinct], dtype=np.float64)
    of_block = size[start:end, None]
    union = of_block + size[None, :] - shared
    inside = (shared == np.minimum(of_block, size[None, :])) & (shared > 0)
    factor = np.where(inside, 2 / 3, 1 / 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(shared > 0, 1 - shared / union * factor, 1.0)
    distance[np.arange(end - start), np.arange(start, end)] = 0.0
    return distance


# --- who says what ---------------------------------------------------------------------------


def disagreements(
    incidence: Incidence,
    unit: str = "article",
    coders: str | None = None,
    against: str | None = None,
    concepts: str | None = None,
) -> Table:
    """Return every code that one coder gives and another who read the same article does not.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side.
    unit, coders, against
        See :func:`agreement`. By article, a disagreement is about the article as a whole; by theme, about
        one theme of it.
    concepts : str or None
        Limit to these concepts, joined by ``|`` or commas.

    Returns
    -------
    Table
        One row an article (and theme), concept and role: who says it, who does not, and how they differ: ``code``
        (the others do not give the concept there at all), ``role`` (they give it in another role), ``theme`` (they give
        it at another theme of the article). Opens onto the passages of those who say it; for ``role`` and ``theme``
        also of the others.

    Raises
    ------
    Refused
        If there are not two coders, or they read no article in common.

    References
    ----------
    Krippendorff K (2004). Content Analysis: An Introduction to Its Methodology, 2nd edition. Thousand Oaks: Sage.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Person, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     people=(Person(id="ann"), Person(id="bo")),
    ...     articles=(Article(id="a"), Article(id="b")),
    ...     concepts=(Concept(id="list", label="list"), Concept(id="talk", label="talk")),
    ...     extractions=(
    ...         Extraction(id="a1", article="a", mechanisms=("talk",), coder="ann"),
    ...         Extraction(id="a2", article="a", mechanisms=("list", "talk"), coder="bo"),
    ...         Extraction(id="b1", article="b", mechanisms=("list",), coder="ann"),
    ...         Extraction(id="b2", article="b", mechanisms=("list",), coder="bo"),
    ...     ),
    ... )
    >>> table = disagreements(Incidence.from_records(records))
    >>> for row in table.records():
    ...     print(row["article"], row["concept"], [str(t) for t in row["says"]], [str(t) for t in row["not_said"]], row["differs"])
    a list ['bo'] ['ann'] code
    >>> table.opens(0, "says")
    ('a2',)
    """
    if unit not in _UNITS:
        raise UnknownName("unit of agreement", unit, _UNITS)
    chosen = {incidence.concept(name) for name in names_in(concepts, incidence.concept_index)}
    panels = _panels(incidence, coders, against)
    rows: list[tuple[Cell, ...]] = []
    behind: list[_Difference] = []
    cells = 0
    for panel in panels:
        found, marks = _differences(panel, unit, chosen)
        cells += marks
        for difference in found:
            rows.append(difference.cells)
            behind.append(difference)
    order = sorted(range(len(rows)), key=lambda n: _sort_key(rows[n]))
    rows = [rows[n] for n in order]
    behind = [behind[n] for n in order]

    def opens(number: int, column: str) -> tuple[str, ...]:
        found = behind[number]
        return incidence.ids(
            {"says": found.said, "not_said": found.otherwise}.get(column, (*found.said, *found.otherwise))
        )

    return Table(
        name="disagreements",
        title=f"Disagreements: {' and '.join(sorted({', '.join(p.names) for p in panels}))}",
        columns=(
            Column("article", "Article"),
            Column("theme", "Theme", "Empty when the article as a whole is compared."),
            Column("concept", "Concept"),
            Column("role", "Role"),
            Column("says", "Who says it"),
            Column("not_said", "Who does not"),
            Column("differs", "How they differ", "code, role or theme: see the description."),
        ),
        rows=tuple(rows),
        unit=f"disagreements: one concept in one role in one {'article' if unit == 'article' else 'theme of an article'}",
        denominator=f"{cells} concepts in a role that at least one of the coders gives there",
        note="A disagreement is where to talk, not an error: it may be a slip, an unclear definition or two readings worth "
        "keeping. " + "".join(dict.fromkeys(_left_out(p, unit) for p in panels)),
        source="",
        opens=opens,
    )


class _Difference(NamedTuple):
    """One disagreement: its row, the passages of those who say it, and what the others say instead."""

    cells: tuple[Cell, ...]
    said: tuple[int, ...]
    otherwise: tuple[int, ...]


def _sort_key(row: tuple[Cell, ...]) -> tuple[str, ...]:
    ids = [cell.id if isinstance(cell, Thing) else str(cell or "") for cell in row[:4]]
    names = [
        ",".join(t.id for t in cell) for cell in row[4:6] if isinstance(cell, tuple) and not isinstance(cell, Thing)
    ]
    return (*ids, *names)


def _differences(panel: _Panel, unit: str, chosen: set[int]) -> tuple[list[_Difference], int]:
    incidence = panel.incidence
    articles, labels, of = _units_of(panel, unit)
    # (unit, concept) -> role -> seat -> extractions; and where in the article a coder gives the concept.
    said: dict[tuple[int, int], dict[int, dict[int, list[int]]]] = {}
    elsewhere: dict[tuple[int, int, int], list[int]] = {}
    coding = np.flatnonzero(of[incidence.coding_extraction] >= 0)
    for extraction, role, concept in zip(
        incidence.coding_extraction[coding].tolist(),
        incidence.coding_role[coding].tolist(),
        incidence.coding_concept[coding].tolist(),
        strict=True,
    ):
        if chosen and concept not in chosen:
            continue
        place, seat = int(of[extraction]), int(panel.seat[extraction])
        said.setdefault((place, concept), {}).setdefault(role, {}).setdefault(seat, []).append(extraction)
        elsewhere.setdefault((int(articles[place]), concept, seat), []).append(extraction)
    found = []
    given = 0
    for (place, concept), by_role in sorted(said.items()):
        article, theme = labels[place]
        readers = np.flatnonzero(panel.read[article]).tolist()
        for role, by_seat in sorted(by_role.items()):
            given += 1
            silent = [seat for seat in readers if seat not in by_seat]
            groups: dict[str, list[int]] = {}
            for seat in silent:
                if any(seat in others for r, others in by_role.items() if r != role):
                    groups.setdefault("role", []).append(seat)
                elif theme >= 0 and (article, concept, seat) in elsewhere:
                    groups.setdefault("theme", []).append(seat)
                else:
                    groups.setdefault("code", []).append(seat)
            for differs, seats in sorted(groups.items()):
                otherwise: list[int] = []
                if differs == "role":
                    otherwise = [e for s in seats for r in by_role.values() for e in r.get(s, ())]
                elif differs == "theme":
                    otherwise = [e for s in seats for e in elsewhere[article, concept, s]]
                found.append(
                    _Difference(
                        (
                            incidence.article_thing(article),
                            incidence.concept_thing(theme) if theme >= 0 else None,
                            incidence.concept_thing(concept),
                            ROLES[role],
                            tuple(panel.thing(s) for s in sorted(by_seat)),
                            tuple(panel.thing(s) for s in seats),
                            differs,
                        ),
                        tuple(sorted({e for es in by_seat.values() for e in es})),
                        tuple(sorted(set(otherwise))),
                    )
                )
    return found, given


# --- parts --------------------------------------------------------------------------------------

_WHO = (
    Parameter("unit", "What is compared: whole articles, or each theme of an article.", "article", _UNITS),
    Parameter(
        "coders",
        "People joined by | or commas; not given: all who read for themselves (who adjudicate nobody).",
        refers_to="person",
    ),
    Parameter("against", "Compare this person, a consensus say, with each of the coders in turn.", refers_to="person"),
)
_BOOTSTRAP = (
    Parameter("resamples", "Bootstrap resamples of articles for the intervals; 0 for none.", 1000),
    Parameter("seed", "Seed of the bootstrap.", 20240101),
)

PARTS = (
    Measure(
        name="agreement",
        title="How far do the coders agree?",
        description=(
            "Percent agreement, Cohen's kappa, Krippendorff's alpha and Gwet's AC1 for each code, role or theme and for all of a "
            "kind together, with bootstrap intervals over articles and a warning where kappa misleads."
        ),
        function=agreement,
        parameters=(Parameter("about", "What agreement is about.", "codes", _ABOUT), *_WHO, *_BOOTSTRAP),
        source=_SOURCE,
        all_coders=True,
    ),
    Measure(
        name="set-agreement",
        title="How far do the coders agree on whole sets of codes and whole configurations?",
        description=(
            "Identical sets, mean overlap and Krippendorff's alpha with MASI distance, for contexts, mechanisms, outcomes, links and "
            "whole configurations."
        ),
        function=set_agreement,
        parameters=(*_WHO, *_BOOTSTRAP),
        source=_SOURCE,
        all_coders=True,
    ),
    Measure(
        name="disagreements",
        title="Where do the coders differ, and who says what?",
        description="Every code that one coder gives and another who read the same article does not, with the passages.",
        function=disagreements,
        parameters=(*_WHO, Parameter("concepts", "Limit to these concepts.", refers_to="concept")),
        all_coders=True,
    ),
)
