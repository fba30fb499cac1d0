"""Who reports which theme: the denominators of every gap, and what is told apart before one is called a gap.

For each unit (article or study) and theme there are four cases: somebody says it is reported; somebody says it is
not, and nobody the opposite; passages are coded under it though no report says yes; nobody recorded anything.
"""

from __future__ import annotations

__all__ = ["Reporting", "in_order", "plural", "remarks_on", "reporting", "selection", "units_of", "who"]

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import UnknownName
from eaa_graph.network import Incidence, Index, selected

Flags = NDArray[np.bool_]


class Reporting(NamedTuple):
    """What is recorded of each theme in each unit; arrays are units by themes.

    Attributes
    ----------
    themes : int32 array
        Concepts, in codebook order.
    yes, no : bool arrays
        Some counted coder says the unit reports the theme; says it does not.
    coded : bool array
        Passages are coded under the theme.
    read : bool array, one a unit
        There is a passage or a theme report.
    recorded : bool
        Whether there is any theme report at all. Without one every unit read counts as reporting every theme.
    """

    themes: Index
    yes: Flags
    no: Flags
    coded: Flags
    read: Flags
    recorded: bool

    @property
    def reported(self) -> Flags:
        """Units that count as reporting the theme: somebody says so, or codes passages under it."""
        if self.recorded:
            return self.yes | self.coded
        return np.repeat(self.read[:, None], len(self.themes), axis=1)

    @property
    def not_reported(self) -> Flags:
        """Units read for the theme that do not report it."""
        return self.no & ~self.yes & ~self.coded

    @property
    def no_record(self) -> Flags:
        """Units of which nobody recorded whether they report the theme."""
        return ~(self.yes | self.no | self.coded)

    @property
    def remarks(self) -> str:
        """What a reader should know of the records, in sentences; empty when all is plain."""
        conflicts, disputed = int((self.no & ~self.yes & self.coded).sum()), int((self.yes & self.no).sum())
        return remarks_on(recorded=self.recorded, conflicts=conflicts, disputed=disputed)


def remarks_on(*, recorded: bool, conflicts: int, disputed: int) -> str:
    """Return what a reader should know of the records of themes, in sentences.

    Parameters
    ----------
    recorded : bool
        Whether there is any theme report.
    conflicts : int
        Places with passages under a theme that is said not to be reported.
    disputed : int
        Places where coders disagree.
    """
    told = ""
    if not recorded:
        told += " Nobody recorded which themes the articles report, so every article read counts for every theme."
    if conflicts:
        told += (
            f" In {plural(conflicts, 'place')} passages are coded under a theme that is said not to be reported: "
            "counted as reported."
        )
    if disputed:
        told += f" In {plural(disputed, 'place')} coders disagree whether the theme is reported: counted as reported."
    return told


def units_of(incidence: Incidence, unit: str) -> tuple[Index, int]:
    """Return for each article the unit it counts as, and how many units there are.

    Raises
    ------
    UnknownName
        If `unit` is neither ``article`` nor ``study``.
    """
    if unit == "article":
        return np.arange(len(incidence.articles), dtype=np.int32), len(incidence.articles)
    if unit == "study":
        return incidence.study, int(incidence.study.max(initial=-1)) + 1
    raise UnknownName("value of unit", unit, ("article", "study"))


def in_order(incidence: Incidence, numbers: Iterable[int]) -> Index:
    """Return concepts once each, in codebook order: by position, those without one after, by id."""
    concepts = incidence.concepts

    def place(number: int) -> tuple[bool, int, str]:
        position = concepts[number].position
        return position is None, position or 0, concepts[number].id

    return np.array(sorted({int(n) for n in numbers}, key=place), dtype=np.int32)


def reporting(incidence: Incidence, unit: str = "article") -> Reporting:
    """Return what the counted coders recorded of each theme in each article or study.

    Nearly every rule for gaps begins with it, so it is kept with the columns.
    """
    key = f"gaps.reporting {unit}"
    if key not in incidence._cache:
        incidence._cache[key] = _reporting(incidence, unit)
    found: Reporting = incidence._cache[key]
    return found


def _reporting(incidence: Incidence, unit: str) -> Reporting:
    of, count = units_of(incidence, unit)
    placed = incidence.theme >= 0
    themes = in_order(
        incidence,
        np.concatenate(
            [
                incidence.listed("theme"),
                *(np.flatnonzero(np.bincount(t)) for t in (incidence.theme[placed], incidence.reported_theme)),
            ]
        ).tolist(),
    )
    column = np.full(len(incidence.concepts), -1, dtype=np.int32)
    column[themes] = np.arange(len(themes), dtype=np.int32)

    def marked(article: Index, theme: Index) -> Flags:
        found = np.zeros((count, len(themes)), dtype=np.bool_)
        found[of[article], column[theme]] = True
        return found

    value = incidence.reported_value
    yes = marked(incidence.reported_article[value], incidence.reported_theme[value])
    no = marked(incidence.reported_article[~value], incidence.reported_theme[~value])
    read = np.zeros(count, dtype=np.bool_)
    read[of[incidence.article]] = True
    read[of[incidence.reported_article]] = True
    return Reporting(
        themes, yes, no, marked(incidence.article[placed], incidence.theme[placed]), read, bool(len(value))
    )


def selection(incidence: Incidence, coder: str) -> Incidence:
    """Return the columns of the coder(s) meant; columns that are limited already are taken as they are."""
    return selected(incidence, coder) if incidence.coders is None else incidence


def who(incidence: Incidence) -> str:
    """Return the selection of coders in words."""
    if incidence.coders is None:
        return "all coders"
    people = incidence.records.people
    return ", ".join(sorted(people[c].id for c in incidence.coders))


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "study"), plural(3, "study"), plural(2, "article")
    ('1 study', '3 studies', '2 articles')
    """
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"
