"""Boolean minimisation of crisp truth tables: Quine-McCluskey with an exact prime implicant chart.

A row of a truth table over k conditions is an integer below 2**k; bit i (counted from the left, so
that rows sort as they read) says whether condition i is present. An :class:`Implicant` fixes some
conditions and leaves the others open.
"""

from __future__ import annotations

__all__ = ["MOST_CONDITIONS", "MOST_SOLUTIONS", "Implicant", "Minimised", "minimise", "prime_implicants"]

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eaa_graph.errors import Refused

#: More conditions than this are refused: 3**10 = 59 049 expressions are weighed one against another, and a
#: reader cannot follow 1 024 configurations.
MOST_CONDITIONS = 10
#: Tied solutions listed at most.
MOST_SOLUTIONS = 24
#: Steps of the search through the prime implicant chart.
_MOST_STEPS = 400_000


class Implicant(NamedTuple):
    """A conjunction of conditions, some present, some absent, the others left open.

    Attributes
    ----------
    fixed : int
        Bits of the conditions that it speaks of.
    present : int
        Bits of those that are present; a subset of `fixed`.
    """

    fixed: int
    present: int

    def covers(self, row: int) -> bool:
        """Whether the row of the truth table is an instance of it."""
        return row & self.fixed == self.present

    def literals(self, conditions: int) -> tuple[tuple[int, bool], ...]:
        """Return (condition, present) for each condition it speaks of, in the order of the conditions.

        Examples
        --------
        >>> Implicant(0b101, 0b100).literals(3)
        ((0, True), (2, False))
        """
        bits = [(place, 1 << (conditions - 1 - place)) for place in range(conditions)]
        return tuple((place, bool(self.present & bit)) for place, bit in bits if self.fixed & bit)


class Minimised(NamedTuple):
    """What minimisation found.

    Attributes
    ----------
    primes : tuple of Implicant
        Prime implicants that cover at least one row with the outcome.
    essential : tuple of Implicant
        Those that every solution needs.
    solutions : tuple of tuple of Implicant
        Every cover with the fewest terms, in a fixed order.
    complete : bool
        False when there are more tied solutions than are listed.
    """

    primes: tuple[Implicant, ...]
    essential: tuple[Implicant, ...]
    solutions: tuple[tuple[Implicant, ...], ...]
    complete: bool


def prime_implicants(rows: Iterable[int], conditions: int) -> tuple[Implicant, ...]:
    """Return the prime implicants of a set of rows by repeated merging.

    Parameters
    ----------
    rows : iterable of int
        Rows that may be covered (those with the outcome, and remainders where they are assumed).
    conditions : int
        Number of conditions k.

    References
    ----------
    McCluskey E. J. (1956). Minimization of Boolean functions. Bell System Technical Journal 35, 1417-1444.

    Examples
    --------
    >>> prime_implicants([0b10, 0b11], 2)
    (Implicant(fixed=2, present=2),)
    """
    every = (1 << conditions) - 1
    level = {Implicant(every, row) for row in rows}
    primes: list[Implicant] = []
    while level:
        merged: set[Implicant] = set()
        above: set[Implicant] = set()
        for one in level:
            for place in range(conditions):
                bit = 1 << place
                if not one.fixed & bit:
                    continue
                if Implicant(one.fixed, one.present ^ bit) in level:
                    merged.add(one)
                    above.add(Implicant(one.fixed & ~bit, one.present & ~bit))
        primes += level - merged
        level = above
    return tuple(sorted(primes, key=_order))


def _order(one: Implicant) -> tuple[int, int, int]:
    # Fewest literals first; then as a reader meets them: present before absent, first condition first.
    return (one.fixed.bit_count(), -one.fixed, -one.present)


def minimise(positive: Iterable[int], conditions: int, remainders: Iterable[int] = ()) -> Minimised:
    """Return every shortest sum of prime implicants that covers the positive rows.

    Parameters
    ----------
    positive : iterable of int
        Rows with the outcome.
    conditions : int
        Number of conditions k; rows are below 2**k.
    remainders : iterable of int
        Rows that may be covered but need not be: none for the conservative solution, all rows
        without enough cases for the parsimonious one.

    Returns
    -------
    Minimised
        Shortest means fewest terms; solutions with equally many terms are all listed (at most
        :data:`MOST_SOLUTIONS`).

    Raises
    ------
    Refused
        If there is nothing to minimise, there are too many conditions, or the chart is too
        entangled to be solved exactly.

    References
    ----------
    Quine W. V. (1952). The problem of simplifying truth functions. American Mathematical Monthly 59, 521-531.
    Petrick S. R. (1956). A direct determination of the irredundant forms of a Boolean function.

    Examples
    --------
    >>> found = minimise([0b11, 0b10], 2)
    >>> [[term.literals(2) for term in solution] for solution in found.solutions]
    [[((0, True),)]]
    """
    if conditions > MOST_CONDITIONS:
        raise Refused(f"{conditions} conditions are more than {MOST_CONDITIONS}: choose fewer")
    rows = sorted(set(positive))
    if not rows:
        raise Refused("no row of the truth table has the outcome: there is nothing to minimise")
    primes = [p for p in prime_implicants({*rows, *remainders}, conditions) if any(p.covers(row) for row in rows)]
    # The chart, both ways round, as bit sets: which primes cover a row, which rows a prime covers.
    of_row = [sum(1 << number for number, p in enumerate(primes) if p.covers(row)) for row in rows]
    of_prime = [sum(1 << number for number, row in enumerate(rows) if p.covers(row)) for p in primes]
    essential = sorted({bits.bit_length() - 1 for bits in of_row if bits & (bits - 1) == 0})
    covered = 0
    for number in essential:
        covered |= of_prime[number]
    left = [n for n in range(len(rows)) if not covered >> n & 1]
    # A row whose primes include all primes of another row is covered whenever that one is.
    left = [
        n
        for place, n in enumerate(left)
        if not any(
            of_row[m] & of_row[n] == of_row[m] and (of_row[m] != of_row[n] or other < place)
            for other, m in enumerate(left)
            if m != n
        )
    ]
    search = _Search(of_row, of_prime, left)
    covers, complete = search.all_shortest()
    solutions = sorted(
        (tuple(sorted((primes[n] for n in (*essential, *cover)), key=_order)) for cover in covers),
        key=lambda solution: (sum(t.fixed.bit_count() for t in solution), [_order(t) for t in solution]),
    )
    return Minimised(tuple(primes), tuple(primes[n] for n in essential), tuple(solutions), complete)


class _Search:
    """Exact search for every smallest set of primes that covers the rows that are left."""

    def __init__(self, of_row: Sequence[int], of_prime: Sequence[int], left: Sequence[int]) -> None:
        self.of_row = of_row
        self.of_prime = of_prime
        self.left = left
        self.steps = 0
        self.found: list[tuple[int, ...]] = []

    def all_shortest(self) -> tuple[list[tuple[int, ...]], bool]:
        """Return the covers, and whether they are all."""
        uncovered = sum(1 << n for n in self.left)
        size = self._at_least(uncovered, 0)
        while True:
            complete = self._walk(uncovered, size, (), 0)
            if self.found:
                return self.found, complete
            if not complete:
                raise Refused(
                    "the prime implicant chart has too many ways to be covered to find the shortest exactly: "
                    "choose fewer conditions"
                )
            size += 1

    def _at_least(self, uncovered: int, banned: int) -> int:
        # Rows that share no prime need a term each.
        used = 0
        count = 0
        for n in sorted(self.left, key=lambda m: self.of_row[m].bit_count()):
            if uncovered >> n & 1 and not self.of_row[n] & ~banned & used:
                used |= self.of_row[n] & ~banned
                count += 1
        return count

    def _walk(self, uncovered: int, size: int, chosen: tuple[int, ...], banned: int) -> bool:
        self.steps += 1
        if self.steps > _MOST_STEPS:
            return False
        if not uncovered:
            if len(self.found) == MOST_SOLUTIONS:
                return False
            self.found.append(chosen)
            return True
        if self._at_least(uncovered, banned) > size:
            return True
        row = min((n for n in self.left if uncovered >> n & 1), key=lambda n: (self.of_row[n] & ~banned).bit_count())
        choices = self.of_row[row] & ~banned
        while choices:
            number = (choices & -choices).bit_length() - 1
            choices &= choices - 1
            if not self._walk(uncovered & ~self.of_prime[number], size - 1, (*chosen, number), banned):
                return False
            # Each cover is met once: what was tried here is not used in the branches that follow.
            banned |= 1 << number
        return True
