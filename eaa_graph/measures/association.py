"""How closely two concepts go together, from four numbers: together, each alone, and out of how many.

Everything here works on whole arrays of pairs. What is not defined (a logarithm of nothing, a concept that is
everywhere or nowhere) is NaN in these arrays and must leave them as an empty cell, never as a number.
"""

from __future__ import annotations

__all__ = ["fisher_exact", "jaccard", "lift", "log_chance", "log_factorials", "phi", "pmi", "tail"]

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Tables as likely as the one seen must count with it, though rounding makes them differ in the last digits.
_AS_LIKELY = 1e-7
#: Cells of a block of hypergeometric probabilities: 16 MB.
_BLOCK = 2_000_000
#: Terms of a tail that are added at once.
_STEP = 128
#: A rest of a sum, as share of the sum, that cannot be seen in its last digit.
_NEGLIGIBLE = 1e-17


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
    The two tails are summed from where they begin outwards, until what is left cannot change the last digit: over 200,000 units a
    pair takes some hundred terms instead of thousands. Chances below the smallest number that a computer can hold are 0.

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
    size = _BLOCK // _STEP
    for start in range(0, len(keys), size):
        p[start : start + size] = _two_sided(keys[start : start + size], units)
    result: Floats = np.minimum(p, 1.0)[back.reshape(-1)]
    return result


def _two_sided(keys: Counts, units: int) -> Floats:
    """Return for each (drawn, marked, seen) the chance of all counts that are no likelier than the one seen."""
    drawn, marked, seen = keys.T
    lowest, highest = np.maximum(0, drawn + marked - units), np.minimum(drawn, marked)
    mode = np.clip((drawn + 1) * (marked + 1) // (units + 2), lowest, highest)

    limit = log_chance(seen, drawn, marked, units) + _AS_LIKELY
    # Up to the mode chances grow, from there they fall: two searches by halving find where the two tails begin.
    left, _ = _halving(
        lowest - 1, mode + 1, lambda x: log_chance(np.clip(x, lowest, mode), drawn, marked, units) <= limit
    )
    _, right = _halving(
        mode, highest + 1, lambda x: log_chance(np.clip(x, mode, highest), drawn, marked, units) > limit
    )
    return tail(left, drawn, marked, units, -1) + tail(right, drawn, marked, units, 1)


def _halving(low: Counts, high: Counts, holds: Callable[[Counts], NDArray[np.bool_]]) -> tuple[Counts, Counts]:
    """Return the last place at which `holds`, and the next; it holds at `low` and not at `high`, and changes once."""
    while (apart := high - low > 1).any():
        middle = (low + high) // 2
        here = holds(middle)
        low, high = np.where(apart & here, middle, low), np.where(apart & ~here, middle, high)
    return low, high


def log_chance(x: Counts, drawn: Counts, marked: Counts, units: int) -> Floats:
    """Return the logarithm of the chance of `x` marked units among those drawn; `x` must be possible."""
    logs = log_factorials(units)
    log: Floats = (
        logs[drawn] + logs[units - drawn] + logs[marked] + logs[units - marked] - logs[units]
        - logs[x] - logs[drawn - x] - logs[marked - x] - logs[units - drawn - marked + x]
    )  # fmt: skip
    return log


def tail(start: Counts, drawn: Counts, marked: Counts, units: int, way: int) -> Floats:
    """Return the chance of `start` marked units or fewer (`way` -1) or more (1); 0 where none is possible.

    `start` must lie on its own side of the most likely count, or next to it: terms then fall faster and faster, and the sum ends
    where what is left cannot change its last digit.

    Parameters
    ----------
    start, drawn, marked : integer arrays of one length
        How many are marked among those drawn; units drawn; units marked.
    units : int
        All units.
    way : int
        -1 or 1.

    Examples
    --------
    >>> one = lambda n: np.array([n])
    >>> round(float(tail(one(0), one(5), one(3), 10, -1)[0]), 6)
    0.083333
    """
    lowest, highest = np.maximum(0, drawn + marked - units), np.minimum(drawn, marked)
    total = np.zeros(len(start))
    todo = np.flatnonzero((start >= lowest) & (start <= highest))
    offset = 0
    while len(todo):
        r, c = drawn[todo][:, None], marked[todo][:, None]
        x = start[todo][:, None] + way * (offset + np.arange(_STEP))[None, :]
        possible = (x >= lowest[todo][:, None]) & (x <= highest[todo][:, None])
        x = np.clip(x, lowest[todo][:, None], highest[todo][:, None])
        with np.errstate(under="ignore"):
            terms = np.exp(log_chance(x, r, c, units))
        terms[~possible] = 0.0
        total[todo] += terms.sum(axis=1)
        # Each term is less than a share of the one before; what is left is less than a geometric row with that share.
        last, before = terms[:, -1], terms[:, -2]
        share = np.divide(last, before, out=np.ones_like(last), where=before > 0)
        left = np.divide(last * share, 1.0 - share, out=np.full_like(last, np.inf), where=share < 1.0)
        todo = todo[possible[:, -1] & (last > 0) & (left > _NEGLIGIBLE * total[todo])]
        offset += _STEP
    return total
