"""Saturation: how many new codes and configurations each further article brings, and how many may be unseen.

The methods are those that ecologists use for species in samples: an article is a sampling unit, a code (or a
whole configuration) is a species, and only whether an article shows it counts, not how often.
"""

from __future__ import annotations

__all__ = ["Unseen", "accumulation", "chao2", "expected_new", "permuted", "rarefaction", "unseen"]

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.measures import Measure
from eaa_graph.measures.choosing import told
from eaa_graph.network import Incidence, Index
from eaa_graph.registry import Parameter
from eaa_graph.tables import Cell, Column, Table, Thing, many

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

#: What can saturate: name -> what it is.
_OF = {
    "codes": "codes in a role",
    "contexts": "contexts",
    "mechanisms": "mechanisms, resources and reasonings",
    "outcomes": "outcomes",
    "C-M": "context-mechanism links told in one passage",
    "M-O": "mechanism-outcome links told in one passage",
    "C-M-O": "whole configurations (context, mechanism and outcome told in one passage)",
}
#: Points of a curve that are listed at most.
_MOST_POINTS = 200

_SOURCE = (
    "Mao Tau / rarefaction: Colwell, Mao & Chang 2004; Chao2: Chao 1987, bias-corrected, with Chao's log-normal interval; "
    "extrapolation and coverage: Colwell et al. 2012, Chao & Jost 2012"
)
_NOTE = (
    "Few new codes to come means that more articles like these, read in this way, would bring little new; it does not mean that "
    "the theory is complete, nor that the codes are the right ones. The estimate treats articles as a random sample, which a "
    "purposive review is not, so read it as a lower bound for articles of the same kind."
)


# --- the arithmetic ---------------------------------------------------------------------


def rarefaction(frequencies: Counts, units: int) -> Numbers:
    """Return the expected number of different codes in 1, 2, ... `units` articles drawn at random.

    Parameters
    ----------
    frequencies : int array
        For each code seen, how many articles show it.
    units : int
        Number of articles T.

    Returns
    -------
    float array of length T
        The exact mean over all orders of the articles.

    References
    ----------
    Colwell R. K., Mao C. X., Chang J. (2004). Interpolating, extrapolating, and comparing incidence-based
    species accumulation curves. Ecology 85, 2717-2727.

    Examples
    --------
    Two articles, one code in both and one in the first only:

    >>> rarefaction(np.array([2, 1]), 2).tolist()
    [1.5, 2.0]
    """
    values, times = np.unique(frequencies, return_counts=True)
    steps = np.arange(units, dtype=np.float64)
    # The chance that a code of frequency y is in none of t articles: product of (T - y - j) / (T - j), j < t.
    factors = np.clip(units - values[:, None] - steps[None, :], 0, None) / (units - steps[None, :])
    result: Numbers = times.sum() - (times[:, None] * np.cumprod(factors, axis=1)).sum(axis=0)
    return result


def permuted(unit: Counts, code: Counts, units: int, permutations: int, seed: int) -> Counts:
    """Return accumulation curves over articles in random order.

    Parameters
    ----------
    unit, code : int arrays
        One element for each (article, code) pair that occurs; articles and codes numbered from 0.
    units : int
        Number of articles T, those without any code included.
    permutations : int
    seed : int

    Returns
    -------
    int array of shape (permutations, T)
        Different codes seen in the first 1, 2, ... T articles of each order.

    Examples
    --------
    >>> permuted(np.array([0, 1]), np.array([0, 0]), 2, 3, seed=1).tolist()
    [[1, 1], [1, 1], [1, 1]]
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(code, kind="stable")
    unit = unit[order]
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    curves = np.empty((permutations, units), dtype=np.int64)
    for number in range(permutations):
        rank = rng.permutation(units)
        first = np.minimum.reduceat(rank[unit], starts)
        curves[number] = np.cumsum(np.bincount(first, minlength=units))
    return curves


class Unseen(NamedTuple):
    """How many different codes there may be in all.

    Attributes
    ----------
    observed : int
    once, twice : int
        Codes in exactly one and in exactly two articles (Q1, Q2).
    units : int
        Articles (T).
    estimate : float or None
        Chao2, bias-corrected: a lower bound for the number in all; None where `why` says so.
    low, high : float or None
        95 % interval.
    coverage : float or None
        Estimated share of code mentions in a further article that would be of codes seen already.
    why : str
        Why there is no estimate, or what to beware of; empty when there is nothing to say.
    """

    observed: int
    once: int
    twice: int
    units: int
    estimate: float | None
    low: float | None
    high: float | None
    coverage: float | None
    why: str


def chao2(frequencies: Counts, units: int) -> Unseen:
    """Return the bias-corrected Chao2 estimate with its log-normal interval.

    Parameters
    ----------
    frequencies : int array
        For each code seen, how many articles show it.
    units : int
        Number of articles T.

    References
    ----------
    Chao A. (1987). Estimating the population size for capture-recapture data with unequal catchability.
    Biometrics 43, 783-791.
    Colwell R. K. (2013). EstimateS user's guide, appendix B (variances and intervals).

    Examples
    --------
    >>> found = chao2(np.array([1, 1, 1, 2, 2, 5]), 10)
    >>> round(found.estimate, 3)
    6.9
    """
    observed = len(frequencies)
    once = int(np.count_nonzero(frequencies == 1))
    twice = int(np.count_nonzero(frequencies == 2))
    mentions = int(frequencies.sum())

    def without(why: str, coverage: float | None = None) -> Unseen:
        return Unseen(observed, once, twice, units, None, None, None, coverage, why)

    if not observed:
        return without("nothing of the kind was coded")
    if units < 2:
        return without("one article cannot say how often a code comes back")
    if once == observed:
        return without(
            "each was seen in one article only: nothing comes back, so nothing can be said of what is unseen", 0.0
        )
    shrink = (units - 1) / units
    added = shrink * once * (once - 1) / (2 * (twice + 1))
    estimate = observed + added
    why = ""
    if added > 0:
        if twice:
            ratio = 1 / (twice + 1)
            variance = (
                shrink * once * (once - 1) * ratio / 2
                + shrink**2 * once * (2 * once - 1) ** 2 * ratio**2 / 4
                + shrink**2 * once**2 * twice * (once - 1) ** 2 * ratio**4 / 4
            )
        else:
            variance = (
                shrink * once * (once - 1) / 2
                + shrink**2 * once * (2 * once - 1) ** 2 / 4
                - shrink**2 * once**4 / (4 * estimate)
            )
            why = "none was seen in exactly two articles: the estimate rests on little"
        spread = float(np.exp(1.96 * np.sqrt(np.log1p(max(variance, 0.0) / added**2))))
        low, high = observed + added / spread, observed + added * spread
    else:
        missed = float(np.exp(-mentions / observed))
        centre, half = observed / (1 - missed), 1.96 * np.sqrt(observed * missed) / (1 - missed)
        low, high = max(float(observed), centre - half), float(centre + half)
        why = "at most one was seen in one article only: no sign of anything unseen"
    coverage = 1.0
    if once:
        # Chao & Jost (2012); with no code in exactly two articles, their bias-corrected form.
        tail = (
            (units - 1) * once / ((units - 1) * once + 2 * twice)
            if twice
            else (units - 1) * (once - 1) / ((units - 1) * (once - 1) + 2)
        )
        coverage = 1 - once / mentions * tail
    return Unseen(observed, once, twice, units, estimate, low, high, coverage, why)


def expected_new(once: int, units: int, unseen_codes: float, ahead: int) -> float:
    """Return the number of codes expected to be new in `ahead` more articles.

    Parameters
    ----------
    once : int
        Codes in exactly one article (Q1).
    units : int
        Articles read (T).
    unseen_codes : float
        Estimated number of codes not seen yet (Q0).
    ahead : int
        Further articles (m).

    References
    ----------
    Colwell R. K. et al. (2012). Models and estimators linking individual-based and sample-based rarefaction,
    extrapolation and comparison of assemblages. Journal of Plant Ecology 5, 3-21 (equation 18).

    Examples
    --------
    >>> round(expected_new(3, 10, 0.9, 10), 4)
    0.8493
    """
    if once == 0 or unseen_codes <= 0:
        return 0.0
    return float(unseen_codes * (1 - (1 - once / (once + units * unseen_codes)) ** ahead))


def _new_interval(pairs: tuple[Counts, Counts], frequencies: Counts, units: int, ahead: int) -> tuple[float, float]:
    """Return a 95 % interval for :func:`expected_new`: jackknife over articles, not below 0."""
    unit, code = pairs
    # Leaving an article out takes its codes one step down: seen once -> unseen, twice -> once, thrice -> twice.
    held = [np.bincount(unit[frequencies[code] == f], minlength=units) for f in (1, 2, 3)]
    once = np.count_nonzero(frequencies == 1) - held[0] + held[1]
    twice = np.count_nonzero(frequencies == 2) - held[1] + held[2]
    left = units - 1
    missing = (left - 1) / left * once * (once - 1) / (2 * (twice + 1))
    values = np.array([expected_new(int(o), left, float(m), ahead) for o, m in zip(once, missing, strict=True)])
    error = float(np.sqrt(left / units * ((values - values.mean()) ** 2).sum()))
    found = chao2(frequencies, units)
    centre = expected_new(found.once, units, (found.estimate or 0.0) - found.observed, ahead)
    return max(0.0, centre - 1.96 * error), centre + 1.96 * error


# --- what is counted ----------------------------------------------------------------------


class _Seen(NamedTuple):
    """Which unit shows which code: one element a pair, and the passages behind each."""

    unit: Counts
    code: Counts
    extraction: Index
    codes: int

    def pairs(self) -> tuple[Counts, Counts]:
        """Return the distinct (unit, code) pairs."""
        key = np.unique(self.unit * max(self.codes, 1) + self.code)
        return key // max(self.codes, 1), key % max(self.codes, 1)

    def frequencies(self) -> Counts:
        """Return in how many units each code occurs."""
        return np.bincount(self.pairs()[1], minlength=self.codes).astype(np.int64)


def _units(incidence: Incidence, unit: str) -> tuple[Counts, int]:
    """Return for each extraction its sampling unit, numbered from 0, and how many there are.

    Only articles with a passage of the selection are sampling units: that an article was read without
    anything being coded is not recorded in the extractions.
    """
    if unit not in ("article", "study"):
        raise UnknownName("unit", unit, ("article", "study"))
    if not len(incidence):
        raise Refused("the selection holds no passages: there is nothing to accumulate")
    of = incidence.article if unit == "article" else incidence.study[incidence.article]
    # Numbered without gaps, so that a seed gives the same orders whatever else the review holds.
    present, numbered = np.unique(of, return_inverse=True)
    return numbered.astype(np.int64), len(present)


def _seen(incidence: Incidence, of: str, unit: Counts) -> _Seen:
    if of not in _OF:
        raise UnknownName("value of of", of, _OF)
    width = max(len(incidence.concepts), 1)
    role = incidence.coding_role.astype(np.int64)
    concept = incidence.coding_concept.astype(np.int64)
    if of == "codes":
        return _numbered(unit, incidence.coding_extraction, role * width + concept)
    parts = {"contexts": "C", "mechanisms": "M", "outcomes": "O"}.get(of, of).split("-")
    return _numbered(unit, *told(incidence, parts))


def _numbered(unit: Counts, rows: Index, key: Counts) -> _Seen:
    keys, code = np.unique(key, return_inverse=True)
    return _Seen(unit[rows], code.astype(np.int64), rows, len(keys))


def _who(incidence: Incidence, unit: str, units: int) -> str:
    total = len(incidence.articles) if unit == "article" else len(np.unique(incidence.study))
    more = (
        f" ({total - units} more {'has none and is' if total - units == 1 else 'have none and are'} left out)"
        if total > units
        else ""
    )
    return f"the {many(units, unit, 'articles' if unit == 'article' else 'studies')} with at least one passage in the selection{more}"


# --- measures ---------------------------------------------------------------------------------


def accumulation(
    incidence: Incidence,
    of: str = "codes",
    unit: str = "article",
    permutations: int = 500,
    seed: int = 20240101,
) -> Table:
    """Return how many different codes (or configurations) are seen after 1, 2, ... T articles.

    Parameters
    ----------
    incidence : Incidence
    of : str
        ``codes``, ``contexts``, ``mechanisms``, ``outcomes``, ``C-M``, ``M-O`` or ``C-M-O``.
    unit : str
        ``article`` or ``study``.
    permutations : int
        Random orders for the interval.
    seed : int

    Returns
    -------
    Table
        Exact mean over all orders, mean and middle 95 % of the random orders, and new ones brought by the
        last article. Row t opens onto nothing of its own (no single article is meant); the last opens onto all.

    Raises
    ------
    Refused
        If nothing of the kind was coded.

    References
    ----------
    Colwell R. K., Mao C. X., Chang J. (2004). Ecology 85, 2717-2727.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=(Article(id="a"), Article(id="b"), Article(id="c")),
    ...     concepts=(Concept(id="list", label="list"), Concept(id="talk", label="talk")),
    ...     extractions=(
    ...         Extraction(id="a1", article="a", mechanisms=("talk",)),
    ...         Extraction(id="b1", article="b", mechanisms=("list", "talk")),
    ...         Extraction(id="c1", article="c", mechanisms=("talk",)),
    ...     ),
    ... )
    >>> table = accumulation(Incidence.from_records(records))
    >>> [round(row["expected"], 3) for row in table.records()]
    [1.333, 1.667, 2.0]
    """
    if permutations < 1:
        raise BadSettings("permutations must be 1 or more")
    if seed < 0:
        raise BadSettings("seed must be 0 or more")
    units_of, units = _units(incidence, unit)
    seen = _seen(incidence, of, units_of)
    if not seen.codes:
        raise Refused(f"no {_OF[of]} were coded in the selection: there is nothing to accumulate")
    mean = rarefaction(seen.frequencies(), units)
    curves = permuted(*seen.pairs(), units, permutations, seed)
    low, high = np.percentile(curves, [2.5, 97.5], axis=0)
    averaged = curves.mean(axis=0)
    if units <= _MOST_POINTS:
        points = list(range(1, units + 1))
    else:
        points = sorted({int(p) for p in np.linspace(1, units, _MOST_POINTS).round()})
    rows: list[tuple[Cell, ...]] = []
    for t in points:
        before = float(mean[t - 2]) if t > 1 else 0.0
        rows.append(
            (
                t,
                float(mean[t - 1]),
                float(averaged[t - 1]),
                float(low[t - 1]),
                float(high[t - 1]),
                float(mean[t - 1]) - before,
            )
        )
    everything = np.unique(seen.extraction)

    def opens(number: int, column: str) -> tuple[str, ...]:
        # A point of the curve is a mean over orders; only the last is about particular passages.
        return incidence.ids(everything.tolist()) if rows[number][0] == units and column != "units" else ()

    thinned = "" if units <= _MOST_POINTS else f" {len(points)} of {units} points are listed."
    return Table(
        name="saturation",
        title=f"Saturation of {_OF[of]}",
        columns=(
            Column("units", "Articles" if unit == "article" else "Studies", "How many have been read."),
            Column("expected", "Expected", "Exact mean over all orders (Mao Tau)."),
            Column("mean", "Mean of random orders", "A check on the exact mean."),
            Column("low", "95 % of orders from"),
            Column("high", "95 % of orders to"),
            Column("new", "New in the last", "Expected number first seen in the last of them."),
        ),
        rows=tuple(rows),
        unit=f"different {_OF[of]}",
        denominator=_who(incidence, unit, units),
        note=f"{_NOTE} The range is the middle 95 % of {permutations} random orders (seed {seed}): it says how much the order of "
        f"reading matters, and closes at the end because all orders end alike.{thinned}",
        source=_SOURCE,
        opens=opens,
    )


def unseen(incidence: Incidence, unit: str = "article", ahead: int = 10) -> Table:
    """Return how many codes and configurations may be unseen, and how many new ones further articles would bring.

    Parameters
    ----------
    incidence : Incidence
    unit : str
        ``article`` or ``study``.
    ahead : int
        Further articles (or studies) looked ahead to.

    Returns
    -------
    Table
        One row a kind: seen, seen once, seen twice, coverage, Chao2 estimate with interval, expected new ones
        with a jackknife interval.

    Raises
    ------
    Refused
        If the selection is empty.

    References
    ----------
    Chao A. (1987). Biometrics 43, 783-791.
    Colwell R. K. et al. (2012). Journal of Plant Ecology 5, 3-21.
    Chao A., Jost L. (2012). Ecology 93, 2533-2547.

    Examples
    --------
    >>> from eaa_graph.model import Article, Concept, Extraction, Records, Review
    >>> from eaa_graph.network import Incidence
    >>> records = Records(
    ...     review=Review(id="r", title="R"),
    ...     articles=(Article(id="a"), Article(id="b"), Article(id="c")),
    ...     concepts=(Concept(id="list", label="list"), Concept(id="talk", label="talk")),
    ...     extractions=(
    ...         Extraction(id="a1", article="a", mechanisms=("talk",)),
    ...         Extraction(id="b1", article="b", mechanisms=("list", "talk")),
    ...         Extraction(id="c1", article="c", mechanisms=("talk",)),
    ...     ),
    ... )
    >>> table = unseen(Incidence.from_records(records))
    >>> [(row["seen"], row["once"], row["estimate"]) for row in table.records()][0]
    (2, 1, 2.0)
    >>> table.opens(0, "once")
    ('b1',)
    """
    if ahead < 1:
        raise BadSettings("ahead must be 1 article or more")
    units_of, units = _units(incidence, unit)
    rows: list[tuple[Cell, ...]] = []
    behind: list[_Seen] = []
    for of, meaning in _OF.items():
        seen = _seen(incidence, of, units_of)
        found = chao2(seen.frequencies(), units)
        new: tuple[Cell, ...] = (None, None, None, None)
        beware = [found.why] if found.why else []
        if found.estimate is not None:
            missing = found.estimate - found.observed
            centre = expected_new(found.once, units, missing, ahead)
            if missing > 0:
                new = (missing, centre, *_new_interval(seen.pairs(), seen.frequencies(), units, ahead))
            else:
                new = (missing, centre, None, None)
                beware.append("no interval for new ones: the estimate has nothing to vary with")
        if ahead > units and found.estimate is not None:
            beware.append(
                f"looking {ahead} ahead after {units} is further than the method is trusted (twice the sample)"
            )
        rows.append(
            (
                Thing("kind", of, of),
                meaning,
                found.observed,
                found.once,
                found.twice,
                found.coverage,
                found.estimate,
                found.low,
                found.high,
                *new,
                "; ".join(beware),
            )
        )
        behind.append(seen)

    def opens(number: int, column: str) -> tuple[str, ...]:
        seen = behind[number]
        wanted = {"once": 1, "twice": 2}.get(column)
        if wanted is None:
            return incidence.ids(np.unique(seen.extraction).tolist())
        chosen = seen.frequencies() == wanted
        return incidence.ids(np.unique(seen.extraction[chosen[seen.code]]).tolist())

    plural = "articles" if unit == "article" else "studies"
    return Table(
        name="unseen",
        title=f"What may be unseen, and what {ahead} more {plural} would bring",
        columns=(
            Column("kind", "Kind"),
            Column("meaning", "What is counted"),
            Column("seen", "Seen", "Different ones seen."),
            Column("once", f"In one {unit} only"),
            Column("twice", f"In exactly two {plural}"),
            Column("coverage", "Coverage", "Estimated share of what a further one tells that was seen before."),
            Column("estimate", "Estimated in all (Chao2)", "A lower bound for the number in all."),
            Column("low", "95 % from"),
            Column("high", "95 % to"),
            Column("unseen", "Unseen", "Estimated in all, less those seen."),
            Column("new", f"New in the next {ahead}", f"Expected number first seen in the next {ahead} {plural}."),
            Column("new_low", f"New in {ahead}, from", "95 %, jackknife over articles."),
            Column("new_high", f"New in {ahead}, to", "95 %, jackknife over articles."),
            Column("beware", "Beware", "Why a cell is empty, or what to know before using the row."),
        ),
        rows=tuple(rows),
        unit="different codes, links or configurations",
        denominator=_who(incidence, unit, units),
        note=_NOTE,
        source=_SOURCE,
        opens=opens,
    )


_UNIT = Parameter("unit", "What is read one after another.", "article", ("article", "study"))

PARTS = (
    Measure(
        name="saturation",
        title="Do further articles still bring new codes or configurations?",
        description=(
            "Different codes seen after 1, 2, ... articles: exact mean over all orders, and the range over random orders."
        ),
        function=accumulation,
        parameters=(
            Parameter("of", "What accumulates.", "codes", tuple(_OF)),
            _UNIT,
            Parameter("permutations", "Random orders for the range.", 500),
            Parameter("seed", "Seed of the random orders.", 20240101),
        ),
        source=_SOURCE,
    ),
    Measure(
        name="unseen",
        title="How many codes and configurations may we not have seen yet?",
        description=(
            "Chao2 estimate of the number in all with its interval, coverage, and how many new ones the next articles would bring."
        ),
        function=unseen,
        parameters=(_UNIT, Parameter("ahead", "Further articles looked ahead to.", 10)),
        source=_SOURCE,
    ),
)
