"""Which of several forms a client gets: Accept headers with q-values, read as RFC 9110 says."""

from __future__ import annotations

__all__ = ["accepts_gzip", "choose", "preferences"]

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_RANGE = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+)/([!#$%&'*+.^_`|~0-9A-Za-z-]+)$")
_WEIGHT = re.compile(r"^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$")


class Preference(NamedTuple):
    """One entry of an Accept header."""

    type: str
    subtype: str
    weight: float

    def fits(self, media: str) -> int:
        """Return how exactly this names `media`: 3 by name, 2 by type, 1 as anything, 0 not at all."""
        kind, _, sub = media.partition("/")
        if self.type == kind and self.subtype == sub:
            return 3
        if self.type == kind and self.subtype == "*":
            return 2
        return 1 if self.type == "*" and self.subtype == "*" else 0


@lru_cache(maxsize=1024)
def preferences(header: str | None) -> tuple[Preference, ...]:
    """Read an Accept header; entries that make no sense are passed over.

    Examples
    --------
    >>> [p.weight for p in preferences("text/turtle, */*;q=0.1")]
    [1.0, 0.1]
    """
    found = []
    for entry in (header or "*/*").split(",")[:100]:
        name, *parameters = (part.strip() for part in entry.split(";"))
        match = _RANGE.match(name)
        if match is None:
            continue
        weight = 1.0
        for parameter in parameters:
            key, equals, value = parameter.partition("=")
            if key.strip().lower() == "q" and equals:
                weight = float(value) if _WEIGHT.match(value.strip()) else 0.0
        found.append(Preference(match[1].lower(), match[2].lower(), weight))
    return tuple(found)


def choose(header: str | None, offers: Sequence[str]) -> str | None:
    """Return the offer the client likes best; of equals the first; None if it takes none of them.

    Parameters
    ----------
    header : str or None
        The Accept header; left out (or of nothing but nonsense) it means anything.
    offers : sequence of str
        Media types without parameters, best first.

    Examples
    --------
    >>> choose("text/html;q=0.5, text/turtle", ["text/html", "text/turtle"])
    'text/turtle'
    >>> choose("image/png", ["text/html"]) is None
    True
    """
    wanted = preferences(header)
    if not wanted and not (header or "").strip():
        wanted = preferences(None)
    best, best_weight = None, 0.0
    for offer in offers:
        # The most exact entry counts: "text/*, text/html;q=0" means anything of text but HTML.
        exactness, weight = max(((p.fits(offer), p.weight) for p in wanted), default=(0, 0.0))
        if exactness and weight > best_weight:
            best, best_weight = offer, weight
    return best


def accepts_gzip(header: str | None) -> bool:
    """Say whether an Accept-Encoding header takes gzip."""
    weights: dict[str, float] = {}
    for entry in (header or "").split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        weights[name] = float(weight) if _WEIGHT.match(weight) else 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0
