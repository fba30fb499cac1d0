"""How surprising it is to see so few: exact chances under fixed margins, and their words."""

from __future__ import annotations

__all__ = ["ALPHA", "at_most", "in_words", "number", "share"]

import numpy as np
from numpy.typing import NDArray

from eaa_graph.measures.association import log_factorials

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

#: The usual line between surprising and not; a convention, said wherever it is used.
ALPHA = 0.05
#: Terms summed at once: about 100 MB of temporary arrays.
_AT_ONCE = 2_000_000


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
        Lower tail of the hypergeometric distribution, summed term by term.

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
    logs = log_factorials(int(n.max(initial=0)))
    whole = logs[m] + logs[n - m] + logs[d] + logs[n - d] - logs[n]
    result = np.ones(len(k))
    todo = np.flatnonzero(k < high)  # all possible outcomes together have chance 1
    ends = np.cumsum((k - low)[todo] + 1)
    start = 0
    while start < len(todo):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _AT_ONCE, side="right")))
        cells = todo[start:stop]
        length = (k - low)[cells] + 1
        first = np.cumsum(length) - length
        cell = np.repeat(cells, length)
        x = np.arange(int(length.sum())) - np.repeat(first, length) + low[cell]
        with np.errstate(under="ignore"):
            terms = np.exp(whole[cell] - logs[x] - logs[m[cell] - x] - logs[d[cell] - x] - logs[(n - m - d)[cell] + x])
        result[cells] = np.add.reduceat(terms, first)
        start = stop
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
