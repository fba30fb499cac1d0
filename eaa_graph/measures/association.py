"""How closely two concepts go together, from four numbers: together, each alone, and out of how many.

Everything here works on whole arrays of pairs. What is not defined (a logarithm of nothing, a concept that is
everywhere or nowhere) is NaN in these arrays and must leave them as an empty cell, never as a number.
"""

from __future__ import annotations

__all__ = ["fisher_exact", "jaccard", "lift", "log_factorials", "phi", "pmi"]

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Tables as likely as the one seen must count with it, though rounding makes them differ in the last digits.
_AS_LIKELY = 1e-7
#: Cells of a block of hypergeometric probabilities: 16 MB.
_BLOCK = 2_000_000


@lru_cache(maxsize=4)
def _log_factorials(most: int) -> Floats:
    return np.fromiter(map(math.lgamma, range(1, most + 2)), dtype=np.float64, count=most + 1)


def log_factorials(most: int) -> Floats:
    """Return log(0!), log(1!), ..., log(most!)."""
    return _log_factorials(most)


def _ratio(above: Floats, below: Floats) -> Floats:
    shape = np.broadcast_shapes(above.shape, below.shape)
    ratio: Floats = np.divide(above, below, out=np.full(shape, np.nan), where=np.broadcast_to(below > 0, shape))
    return ratio


def jaccard(together: NDArray[np.number], first: Counts, second: Counts) -> Floats:
    """Return together / (units with either); NaN where neither occurs.

    References
    ----------
    Jaccard P (1912). The distribution of the flora in the alpine zone. New Phytologist 11(2):37-50.
    doi:10.1111/j.1469-8137.1912.tb05611.x
    """
    either = np.asarray(first + second - together, dtype=np.float64)
    return _ratio(np.asarray(together, dtype=np.float64), either)


def lift(together: NDArray[np.number], first: Counts, second: Counts, units: int) -> Floats:
    """Return how many times as often as if the two had nothing to do with each other; NaN where one never occurs.

    References
    ----------
    Brin S, Motwani R, Ullman JD, Tsur S (1997). Dynamic itemset counting and implication rules for market basket data.
    SIGMOD'97:255-264. doi:10.1145/253260.253325 (there called interest)
    """
    return _ratio(np.asarray(together, dtype=np.float64) * units, np.asarray(first, dtype=np.float64) * second)


def pmi(together: NDArray[np.number], first: Counts, second: Counts, units: int) -> Floats:
    """Return pointwise mutual information in bits, the logarithm of the lift; NaN where they are never together.

    References
    ----------
    Church KW, Hanks P (1990). Word association norms, mutual information, and lexicography. Computational Linguistics
    16(1):22-29.
    """
    ratio = lift(together, first, second, units)
    bits: Floats = np.log2(ratio, out=np.full(ratio.shape, np.nan), where=ratio > 0)
    return bits


def phi(together: NDArray[np.number], first: Counts, second: Counts, units: int) -> Floats:
    """Return the correlation of two yes/no columns, -1 to 1; NaN where one is always or never there.

    References
    ----------
    Yule GU (1912). On the methods of measuring association between two attributes. Journal of the Royal Statistical
    Society 75(6):579-652. doi:10.2307/2340126
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    spread = np.sqrt(a * (units - a) * b * (units - b))
    above = units * np.asarray(together, dtype=np.float64) - a * b
    return _ratio(above, spread)


def fisher_exact(together: Counts, first: Counts, second: Counts, units: int) -> Floats:
    """Return Fisher's exact two-sided p for each pair: the chance of a table no likelier than the one seen.

    Parameters
    ----------
    together, first, second : integer arrays of one length
        Units with both, with the first, with the second.
    units : int
        All units.

    Notes
    -----
    Pairs with equal margins share one row of hypergeometric probabilities, so that 20,000 pairs take well under a second.

    References
    ----------
    Fisher RA (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98(1):39-82.
    doi:10.2307/2342435

    Examples
    --------
    >>> p = fisher_exact(np.array([3]), np.array([4]), np.array([4]), 8)
    >>> round(float(p[0]), 4)
    0.4857
    """
    low, high = np.minimum(first, second), np.maximum(first, second)
    keys, back = np.unique(np.stack([low, high, together], axis=1), axis=0, return_inverse=True)
    p = np.empty(len(keys))
    logs = log_factorials(units)
    widest = int(keys[:, 0].max(initial=0)) + 1
    size = max(1, _BLOCK // widest)
    for start in range(0, len(keys), size):
        r, c, seen = (keys[start : start + size, k][:, None] for k in range(3))
        x = np.arange(int(r.max()) + 1)[None, :]
        possible = (x <= r) & (units - r - c + x >= 0)
        inside = np.where(possible, x, np.maximum(0, r + c - units))
        log_p = (
            logs[r] + logs[units - r] + logs[c] + logs[units - c] - logs[units]
            - logs[inside] - logs[r - inside] - logs[c - inside] - logs[units - r - c + inside]
        )  # fmt: skip
        log_seen = np.take_along_axis(log_p, seen, axis=1)
        counted = possible & (log_p <= log_seen + _AS_LIKELY)
        p[start : start + size] = np.where(counted, np.exp(log_p), 0.0).sum(axis=1)
    result: Floats = np.minimum(p, 1.0)[back.reshape(-1)]
    return result
