"""Shares with their uncertainty."""

from __future__ import annotations

__all__ = ["wilson"]

import math
from statistics import NormalDist


def wilson(count: int, total: int, level: float = 0.95) -> tuple[float, float] | None:
    """Return the Wilson score interval of a share; None when there is nothing to take a share of.

    Parameters
    ----------
    count, total : int
        ``0 <= count <= total``.
    level : float
        Confidence level, between 0 and 1.

    Raises
    ------
    ValueError
        If `count` is not between 0 and `total`, or `level` not between 0 and 1.

    References
    ----------
    Wilson EB (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22(158):209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson(7, 10)
    >>> f"{low:.3f} to {high:.3f}"
    '0.397 to 0.892'
    """
    if not 0 <= count <= total:
        raise ValueError(f"a share needs 0 <= count <= total, not {count} of {total}")
    if not 0 < level < 1:
        raise ValueError("a confidence level lies between 0 and 1")
    if total == 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    # The ends are exactly 0 and 1 there; rounding must not put them outside.
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == total else min(1.0, centre + half)
    return low, high
