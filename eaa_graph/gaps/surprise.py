"""How surprising it is to see so few: exact chances under fixed margins, and their words."""

from __future__ import annotations

__all__ = ["ALPHA", "at_most", "in_words", "number", "share"]

import numpy as np
from numpy.typing import NDArray

from eaa_graph.measures.association import tail

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

#: The usual line between surprising and not; a convention, said wherever it is used.
ALPHA = 0.05


def at_most(seen: Counts, units: Counts, marked: Counts, drawn: Counts) -> Floats:
    """Return the chance of `seen` or fewer marked units when `drawn` are drawn from `units` without putting back.

    Parameters
    ----------
    seen, units, marked, drawn : integer arrays of one shape
        Marked units among those drawn; all units; marked ones of these; how many are drawn. Needs
        ``max(0, marked + drawn - units) <= seen <= min(marked, drawn) <= units``.

    Returns
    -------
    float array of the same shape
        Lower tail of the hypergeometric distribution, to the last digits of a floating-point number.

    Raises
    ------
    ValueError
        If a number is outside what the margins allow.

    References
    ----------
    Fisher RA (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98(1):39-82.
    doi:10.2307/2342435

    Examples
    --------
    >>> one = lambda n: np.array([n])
    >>> round(float(at_most(one(0), one(10), one(3), one(5))[0]), 6)
    0.083333
    """
    shape = np.shape(seen)
    k, n, m, d = (np.asarray(a, dtype=np.int64).reshape(-1) for a in (seen, units, marked, drawn))
    low, high = np.maximum(0, m + d - n), np.minimum(m, d)
    if ((k < low) | (k > high) | (m > n) | (d > n) | (m < 0) | (d < 0)).any():
        raise ValueError("the margins do not allow so many")
    result = np.ones(len(k))
    for whole in np.unique(n).tolist():
        todo = np.flatnonzero((n == whole) & (k < high))  # all possible outcomes together have chance 1
        seen, some, taken = k[todo], m[todo], d[todo]
        # The tail that does not hold the most likely count is summed; the other is what is left.
        few = seen <= (some + 1) * (taken + 1) // (whole + 2)
        result[todo[few]] = tail(seen[few], taken[few], some[few], whole, -1)
        result[todo[~few]] = 1.0 - tail(seen[~few] + 1, taken[~few], some[~few], whole, 1)
    return np.minimum(result, 1.0).reshape(shape)


def in_words(p: float | None, q: float | None) -> str:
    """Say how surprising it is: alone, and among all that were looked at.

    Examples
    --------
    >>> in_words(0.01, 0.2)
    'surprising alone, not among so many'
    """
    if p is None or q is None:
        return ""
    if q <= ALPHA:
        return "surprising"
    return "surprising alone, not among so many" if p <= ALPHA else "not surprising"


def number(value: float) -> str:
    """Return an expected count for a sentence.

    Examples
    --------
    >>> number(2.4321), number(0.04), number(0.0)
    ('2.4', 'less than 0.1', '0')
    """
    if value == 0:
        return "0"
    return f"{value:.1f}" if value >= 0.1 else "less than 0.1"


def share(value: float) -> str:
    """Return a p or q for a sentence.

    Examples
    --------
    >>> share(0.0312), share(1e-9)
    ('0.031', 'less than 0.001')
    """
    return f"{value:.2g}" if value >= 0.001 else "less than 0.001"
