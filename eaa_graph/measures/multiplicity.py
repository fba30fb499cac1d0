"""Many tests at once: how many of the surprising ones are surprising."""

from __future__ import annotations

__all__ = ["benjamini_hochberg"]

import numpy as np
from numpy.typing import ArrayLike, NDArray


def benjamini_hochberg(p: ArrayLike, tests: int | None = None) -> NDArray[np.float64]:
    """Return the Benjamini-Hochberg q of each p: the share of false alarms to expect if it is taken for a find.

    Parameters
    ----------
    p : array of floats between 0 and 1
    tests : int, optional
        How many tests there were when some are not in `p` because they found nothing: these count as p = 1.

    Raises
    ------
    ValueError
        If a p is not between 0 and 1, or `tests` is less than there are p.

    References
    ----------
    Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate: a practical and powerful approach to multiple
    testing. Journal of the Royal Statistical Society B 57(1):289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError("a p value lies between 0 and 1")
    count = values.size if tests is None else tests
    if count < values.size:
        raise ValueError("there cannot be fewer tests than p values")
    order = np.argsort(values, kind="stable")
    scaled = values[order] * (count / np.arange(1, values.size + 1))
    result = np.empty_like(values)
    result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result
