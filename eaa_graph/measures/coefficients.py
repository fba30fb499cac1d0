"""Coefficients of agreement, for any nominal ratings: percent agreement, kappa, alpha, AC1, and the distance of sets.

They know nothing of reviews; :mod:`eaa_graph.measures.agreement` says what is rated, and by whom.
"""

from __future__ import annotations

__all__ = ["cohen_kappa", "gwet_ac1", "krippendorff_alpha", "masi_distance", "percent_agreement"]

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import Refused

Counts = NDArray[np.int64]


def _tallies(ratings: NDArray[np.int64]) -> tuple[NDArray[np.int64], Counts]:
    """Return for each unit how many raters gave each category (units x categories), for units rated at all."""
    values = np.unique(ratings[ratings >= 0])
    tallies = np.stack([(ratings == v).sum(axis=0) for v in values], axis=1) if len(values) else np.zeros((0, 0), int)
    return values, tallies


def _as_ratings(ratings: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    array = np.asarray(ratings, dtype=np.int64)
    if array.ndim != 2 or array.shape[0] < 2:
        raise Refused("agreement needs the ratings of at least two coders")
    return array


def percent_agreement(ratings: Sequence[Sequence[int]]) -> float | None:
    """Return the share of pairs of coders who agree, averaged over units.

    Parameters
    ----------
    ratings : array of shape (coders, units)
        Categories numbered from 0; -1 where a coder did not read the unit.

    Returns
    -------
    float or None
        None when no unit was read by two.

    Examples
    --------
    >>> percent_agreement([[1, 0, 1, 0], [1, 0, 0, 0]])
    0.75
    """
    _, tallies = _tallies(_as_ratings(ratings))
    raters = tallies.sum(axis=1)
    both = raters >= 2
    if not both.any():
        return None
    agreeing = (tallies[both] * (tallies[both] - 1)).sum(axis=1)
    return float(np.mean(agreeing / (raters[both] * (raters[both] - 1))))


def cohen_kappa(ratings: Sequence[Sequence[int]]) -> float | None:
    """Return Cohen's kappa of two coders, or the mean over all pairs of more coders.

    Parameters
    ----------
    ratings : array of shape (coders, units)
        Categories numbered from 0; -1 where a coder did not read the unit.

    Returns
    -------
    float or None
        None when a pair's chance agreement is complete (both give one and the same answer throughout),
        or when a pair read nothing in common.

    References
    ----------
    Cohen J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement 20, 37-46.
    Light R. J. (1971). Measures of response agreement for qualitative data. Psychological Bulletin 76, 365-377.

    Examples
    --------
    >>> cohen_kappa([[1, 1, 0, 0], [1, 0, 0, 0]])
    0.5
    """
    array = _as_ratings(ratings)
    kappas = []
    for first, second in combinations(array, 2):
        both = (first >= 0) & (second >= 0)
        n = int(both.sum())
        if not n:
            return None
        a, b = first[both], second[both]
        chance = sum(float((a == v).sum()) * float((b == v).sum()) for v in np.unique(np.concatenate([a, b]))) / n**2
        if chance >= 1 - 1e-12:
            return None
        kappas.append((float((a == b).mean()) - chance) / (1 - chance))
    return float(np.mean(kappas))


def krippendorff_alpha(ratings: Sequence[Sequence[int]]) -> float | None:
    """Return Krippendorff's alpha for nominal categories, any number of coders and missing ratings.

    Parameters
    ----------
    ratings : array of shape (coders, units)
        Categories numbered from 0; -1 where a coder did not read the unit.

    Returns
    -------
    float or None
        None when only one category occurs: disagreement was not possible.

    References
    ----------
    Krippendorff K. (2004). Content Analysis, 2nd edition, chapter 11. Sage.

    Examples
    --------
    >>> round(krippendorff_alpha([[1, 1, 0, 0], [1, 0, 0, 0]]), 6)
    0.533333
    """
    _, tallies = _tallies(_as_ratings(ratings))
    raters = tallies.sum(axis=1)
    tallies, raters = tallies[raters >= 2], raters[raters >= 2]
    total = int(raters.sum())
    by_value = tallies.sum(axis=0)
    expected = total**2 - int((by_value**2).sum())
    if not expected:
        return None
    observed = float(((raters**2 - (tallies**2).sum(axis=1)) / (raters - 1)).sum())
    return 1 - (total - 1) * observed / expected


def gwet_ac1(ratings: Sequence[Sequence[int]], categories: int = 2) -> float | None:
    """Return Gwet's AC1.

    Parameters
    ----------
    ratings : array of shape (coders, units)
        Categories numbered from 0; -1 where a coder did not read the unit. Units read by one only are left out.
    categories : int
        Number of categories that could have been given.

    Returns
    -------
    float or None
        None when no unit was read by two.

    References
    ----------
    Gwet K. L. (2008). Computing inter-rater reliability and its variance in the presence of high
    agreement. British Journal of Mathematical and Statistical Psychology 61, 29-48.

    Examples
    --------
    >>> round(gwet_ac1([[1, 1, 0, 0], [1, 0, 0, 0]]), 6)
    0.529412
    """
    _, tallies = _tallies(_as_ratings(ratings))
    raters = tallies.sum(axis=1)
    tallies, raters = tallies[raters >= 2], raters[raters >= 2]
    if not len(raters):
        return None
    share = (tallies / raters[:, None]).mean(axis=0)
    chance = float((share * (1 - share)).sum()) / (categories - 1)
    agreed = float(((tallies * (tallies - 1)).sum(axis=1) / (raters * (raters - 1))).mean())
    return (agreed - chance) / (1 - chance)


def masi_distance(first: AbstractSet[object], second: AbstractSet[object]) -> float:
    """Return the MASI distance of two sets of labels: 1 - Jaccard x monotonicity.

    Monotonicity is 1 for equal sets, 2/3 where one holds the other, 1/3 where they overlap, 0 where
    they share nothing. Two empty sets are equal.

    References
    ----------
    Passonneau R. J. (2006). Measuring agreement on set-valued items (MASI) for semantic and pragmatic
    annotation. LREC 2006, 831-836.

    Examples
    --------
    >>> round(masi_distance({1, 2}, {1, 2, 3, 4}), 4)
    0.6667
    """
    if first == second:
        return 0.0
    shared = len(first & second)
    if not shared:
        return 1.0
    monotonicity = 2 / 3 if first <= second or second <= first else 1 / 3
    return 1 - shared / len(first | second) * monotonicity
