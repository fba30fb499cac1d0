"""What chance would give: tables of units by concepts that keep how much each unit and each concept has.

Common concepts meet often and rich passages bring many concepts together, whatever the theory. Both null models
therefore keep the margins of the 0/1 table of units by concepts:

* :class:`Curveball` keeps them exactly: it draws among all tables with the same margins, each equally likely.
* :class:`Bicm` keeps them on average (maximum entropy), which makes exact probabilities computable without sampling.

Arrays are units (rows) by concepts (columns).
"""

from __future__ import annotations

__all__ = ["Against", "Bicm", "Curveball", "against", "fit_bicm", "free_blocks", "has_one_state", "tails"]

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import BadSettings, Refused

Flags = NDArray[np.bool_]
Bits = NDArray[np.uint8]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

# --- which cells are free ---------------------------------------------------------------


class Block(NamedTuple):
    """A part of a table, sorted by falling margins, that its margins do not settle."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


def free_blocks(rows: Counts, columns: Counts) -> tuple[Block, ...]:
    """Return the parts of a 0/1 table whose cells are not settled by its margins.

    Parameters
    ----------
    rows, columns : integer arrays, each falling
        The margins of a table that exists.

    Returns
    -------
    tuple of Block
        Half-open ranges of sorted rows and columns, from the fullest rows down. A cell outside all of them is the same
        in every table with these margins: 1 above and to the left of the blocks, 0 below and to the right.

    Notes
    -----
    The k fullest rows can hold at most sum(min(column, k)) ones. Where they hold exactly that many, every table
    has them there, and the table falls apart into two that do not touch (Gale 1957; Ryser 1957).

    References
    ----------
    Ryser HJ (1957). Combinatorial properties of matrices of zeros and ones. Canadian Journal of Mathematics 9:371-377.
    doi:10.4153/CJM-1957-044-3
    """
    k = np.arange(len(rows) + 1)
    held = np.concatenate([[0], np.cumsum(rows)])
    rising = columns[::-1]
    below = np.concatenate([[0], np.cumsum(rising)])
    at_most = np.searchsorted(rising, k, side="right")
    room = below[at_most] + k * (len(columns) - at_most)
    corners: list[tuple[int, int]] = []
    for tight in np.flatnonzero(held == room).tolist():
        least = int(len(columns) - np.searchsorted(rising, tight, side="left"))
        more = int(len(columns) - np.searchsorted(rising, tight, side="right"))
        corners += [(tight, least), (tight, more)]
    return tuple(
        Block(top, bottom, right, left)
        for (top, left), (bottom, right) in pairwise(corners)
        if bottom > top and left > right
    )


def _sorted_margins(table: Flags) -> tuple[Counts, Counts, Counts, Counts]:
    rows, columns = table.sum(axis=1, dtype=np.int64), table.sum(axis=0, dtype=np.int64)
    row_order, column_order = np.argsort(-rows, kind="stable"), np.argsort(-columns, kind="stable")
    return rows[row_order], columns[column_order], row_order, column_order


def has_one_state(table: Flags) -> bool:
    """Return whether no other table has the margins of this one: then there is nothing to compare it with.

    Examples
    --------
    >>> has_one_state(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=bool))
    True
    >>> has_one_state(np.array([[1, 0], [0, 1]], dtype=bool))
    False
    """
    rows, columns, _, _ = _sorted_margins(table)
    return not free_blocks(rows, columns)


def _free_cells(table: Flags) -> Flags:
    rows, columns, row_order, column_order = _sorted_margins(table)
    free = np.zeros(table.shape, dtype=np.bool_)
    for block in free_blocks(rows, columns):
        here = np.ix_(row_order[block.first_row : block.last_row], column_order[block.first_column : block.last_column])
        free[here] = True
    return free


# --- margins kept exactly ------------------------------------------------------------------

#: Rounds of trades tried before a chain is said not to have mixed.
_ROUNDS = (8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
#: Cells walked at once: enough to make a round's fixed cost small, few enough to stay in the processor's cache.
_AT_ONCE = 32_768
#: Cells that the mixing check looks at: a share good to a fifth of a percent.
_LOOKED_AT = 100_000
#: A chain counts as mixed when twice as many rounds would change less than this share of what can change.
_SETTLED = 0.01
_U1 = np.uint64(1)


class Mixing(NamedTuple):
    """Whether the trades have made a table forget where it started.

    Attributes
    ----------
    rounds : int
        Rounds of trades from one table to the next; in each, every line trades with one other.
    trades : int
        Trades of two lines that this makes.
    equal : float
        Share of the cells that can change which are equal to the start after `rounds`.
    equal_later : float
        The same after twice as many rounds: what is left when nothing is remembered.
    mixed : bool
        Whether the two differ by no more than chance.
    """

    rounds: int
    trades: int
    equal: float
    equal_later: float
    mixed: bool

    def __str__(self) -> str:
        told = (
            f"{self.rounds} rounds ({self.trades:,} trades) between tables; cells equal to the start: "
            f"{self.equal:.1%} after these, {self.equal_later:.1%} after twice as many: "
        )
        return told + ("mixed" if self.mixed else "NOT mixed, so mean, sd and z lean towards the table seen")


class Curveball:
    """Draws 0/1 tables with the same margins as one seen, each equally likely.

    In a round all lines (units or concepts, whichever are fewer) are paired at random and every pair trades: what only
    one of the two has is dealt out again between them. A trade is as likely as its reverse and the pairs of a round do
    not touch, so that in the long run every table is equally likely (Strona et al. 2014; Carstens 2015; Carstens et
    al. 2018); all pairs trade in one vectorised step.

    The tables drawn all start from one *hub*, which is itself reached from the table seen by as many rounds. Since a
    walk is as likely backwards, the table seen and those drawn could have been swapped without anybody noticing if
    chance had made them all: p = (b + 1) / (B + 1) holds however well the walk has mixed (Besag & Clifford 1989).

    Parameters
    ----------
    table : bool array, units by concepts
    seed : int
        0 or more.
    rounds : int
        Rounds of trades between tables; 0: as many as the mixing check finds are needed.
    stream : int
        To draw several tables with one seed, independently.

    Raises
    ------
    Refused
        If no other table has the same margins.

    References
    ----------
    Strona G, Nappo D, Boccacci F, Fattorini S, San-Miguel-Ayanz J (2014). A fast and unbiased procedure to randomize
    ecological binary matrices with fixed row and column totals. Nature Communications 5:4114. doi:10.1038/ncomms5114

    Carstens CJ (2015). Proof of uniform sampling of binary matrices with fixed row sums and column sums for the fast
    Curveball algorithm. Physical Review E 91:042812. doi:10.1103/PhysRevE.91.042812

    Carstens CJ, Berger A, Strona G (2018). A unifying framework for fast randomization of ecological networks with
    fixed (node) degrees. MethodsX 5:773-780. doi:10.1016/j.mex.2018.06.018

    Besag J, Clifford P (1989). Generalized Monte Carlo significance tests. Biometrika 76(4):633-642.
    doi:10.1093/biomet/76.4.633
    """

    def __init__(self, table: Flags, seed: int, rounds: int = 0, stream: int = 0) -> None:
        if seed < 0 or rounds < 0:
            raise BadSettings("seed and rounds must be 0 or more")
        free = _free_cells(table)
        if not free.any():
            raise Refused(
                "there is only one table with these margins (every unit's concepts are among those of each richer unit), "
                "so there is nothing to compare it with by chance"
            )
        self._table = table.astype(np.uint8)
        # Units without a concept, and whatever else the margins settle, need not be walked.
        self._rows, self._columns = np.flatnonzero(free.any(axis=1)), np.flatnonzero(free.any(axis=0))
        part = np.ix_(self._rows, self._columns)
        self._across = len(self._rows) > len(self._columns)
        walked = self._table[part]
        self._start = np.ascontiguousarray(walked.T if self._across else walked)
        self._free = free[part].T if self._across else free[part]
        # Raw words only: numpy keeps these the same from version to version, its distributions it may change.
        self._words = np.random.SFC64(np.random.SeedSequence([seed, stream])).random_raw
        self._rounds = rounds
        self.mixing = self._mixing()

    def draw(self, count: int, at_once: int = 0) -> Iterator[Bits]:
        """Yield the tables drawn, in batches of shape (tables, units, concepts).

        Parameters
        ----------
        count : int
            How many tables.
        at_once : int
            Tables in a batch; 0: as many as are fastest.
        """
        hub = self._start[None].copy()
        self._walk(hub, self.mixing.rounds)
        at_once = at_once or self.at_once
        for done in range(0, count, at_once):
            size = min(at_once, count - done)
            batch = np.repeat(hub, size, axis=0)
            self._walk(batch, self.mixing.rounds)
            yield self._whole(batch)

    def _whole(self, walked: Bits) -> Bits:
        """Return tables of units by concepts, with the cells that the margins settle put back."""
        batch = walked.transpose(0, 2, 1) if self._across else walked
        if batch.shape[1:] == self._table.shape:
            return batch
        whole = np.repeat(self._table[None], len(batch), axis=0)
        whole[:, self._rows[:, None], self._columns] = batch
        return whole

    @property
    def at_once(self) -> int:
        """The fastest number of tables in a batch."""
        return max(1, _AT_ONCE // self._start.size)

    def _walk(self, tables: Bits, rounds: int) -> None:
        for _ in range(rounds):
            self._round(tables)

    def _round(self, tables: Bits) -> None:
        """Let all lines of each table (tables, lines, cells) trade in random pairs, in place."""
        copies, lines, cells = tables.shape
        half = lines // 2
        bits = np.uint64(max(1, (lines - 1).bit_length()))
        # Random words with the line's number in their last bits, sorted: a random order of the lines.
        order = self._words(copies * lines).reshape(copies, lines)
        order <<= bits
        order |= np.arange(lines, dtype=np.uint64)
        order.sort(axis=1)
        order &= (_U1 << bits) - _U1
        paired = order.view(np.int64) + (np.arange(copies) * lines)[:, None]
        left, right = paired[:, :half].ravel(), paired[:, half : 2 * half].ravel()
        by_line, flat = tables.reshape(copies * lines, cells), tables.reshape(-1)
        differ = by_line.take(left, axis=0)
        differ ^= by_line.take(right, axis=0)
        where = np.flatnonzero(differ.view(np.bool_))  # numpy finds flags four times as fast as numbers
        pair = where // cells
        number = np.arange(copies * half) * cells
        at_left = where + (left * cells - number).take(pair)
        at_right = where + (right * cells - number).take(pair)
        # What differs within a pair is put in random order: the pair's number, a random word, the value itself;
        # sorted, the values come out shuffled pair by pair. Words are long enough for ties to be one in a billion.
        keys = self._words(len(where))
        width = np.uint64(max(1, (copies * half - 1).bit_length()))
        keys >>= width
        keys &= ~_U1
        keys |= flat.take(at_left)
        prefix = pair.view(np.uint64)
        prefix <<= np.uint64(64) - width
        keys |= prefix
        keys.sort()
        keys &= _U1
        dealt = keys.astype(np.uint8)
        flat[at_left] = dealt
        dealt ^= 1
        flat[at_right] = dealt

    def _mixing(self) -> Mixing:
        free = self._free
        copies = max(1, min(256, -(-_LOOKED_AT // int(free.sum()))))
        walk = np.repeat(self._start[None], copies, axis=0)
        trades = self._start.shape[0] // 2
        equal = [1.0]

        def share(rounds: int) -> float:
            while len(equal) <= rounds:
                self._round(walk)
                equal.append(float((walk == self._start)[:, free].mean()))
            return equal[rounds]

        for rounds in (self._rounds,) if self._rounds else _ROUNDS:
            now, later = share(rounds), share(2 * rounds)
            noise = 2 * np.sqrt(2 * later * (1 - later) / (copies * free.sum()))
            mixed = now - later <= _SETTLED * (1 - later) + noise
            if mixed:
                break
        return Mixing(rounds, rounds * trades, now, later, bool(mixed))


@dataclass(frozen=True)
class Against:
    """Numbers seen, against the same numbers in tables drawn by chance.

    Attributes
    ----------
    seen, mean, sd : float arrays
        As seen; mean and standard deviation over the tables drawn.
    at_least, at_most : integer arrays
        Tables drawn whose number is at least, at most, the one seen.
    permutations : int
        Tables drawn.
    distinct : int
        Different tables among them.
    mixing : tuple of Mixing
        One for each table permuted.
    seed : int
    """

    seen: Floats
    mean: Floats
    sd: Floats
    at_least: Counts
    at_most: Counts
    permutations: int
    distinct: int
    mixing: tuple[Mixing, ...]
    seed: int

    @cached_property
    def z(self) -> Floats:
        """How many standard deviations above the mean; NaN where chance always gives the same number."""
        # A spread that is only rounding is none.
        varies = self.sd > 1e-12 * (1 + np.abs(self.mean))
        z: Floats = np.divide(self.seen - self.mean, self.sd, out=np.full(self.sd.shape, np.nan), where=varies)
        return z

    def p(self, tail: str = "both") -> Floats:
        """Return (b + 1) / (B + 1), b the tables at least as extreme; ``both``: twice the smaller tail, at most 1.

        References
        ----------
        Davison AC, Hinkley DV (1997). Bootstrap Methods and their Application. Cambridge University Press, section 4.2.
        """
        more = (self.at_least + 1) / (self.permutations + 1)
        less = (self.at_most + 1) / (self.permutations + 1)
        return two_tails(more, less, tail)

    def __str__(self) -> str:
        told = f"{self.permutations:,} permutations ({self.distinct:,} different tables), seed {self.seed}; "
        return told + "; ".join(str(m) for m in self.mixing)


def two_tails(more: Floats, less: Floats, tail: str) -> Floats:
    """Return the p of the tail asked for: ``more``, ``less`` or ``both`` (twice the smaller, at most 1)."""
    if tail == "more":
        return more
    if tail == "less":
        return less
    both: Floats = np.minimum(1.0, 2 * np.minimum(more, less))
    return both


#: From counts of pairs, shape (tables, first concepts, second concepts), to numbers, shape (tables, numbers).
Statistic = Callable[[Floats], Floats]


def against(
    tables: Sequence[Flags], statistic: Statistic, permutations: int = 1000, seed: int = 20240101, rounds: int = 0
) -> Against:
    """Compare numbers made from counts of pairs with what tables with the same margins give.

    Parameters
    ----------
    tables : one or two bool arrays, units by concepts
        One: pairs of its concepts. Two, with the same units: a concept of the first with one of the second; each is
        permuted on its own, and one that has a single state stays as it is.
    statistic : callable
        From counts, shape (tables, first concepts, second concepts), to numbers, shape (tables, numbers).
    permutations, seed, rounds : int
        As for :class:`Curveball`.

    Raises
    ------
    BadSettings
        If there is less than 1 permutation.
    Refused
        If every table has one possible state.
    """
    if permutations < 1:
        raise BadSettings("permutations must be 1 or more")
    chains: list[Curveball | None] = []
    for stream, table in enumerate(tables):
        still = len(tables) > 1 and has_one_state(table)
        chains.append(None if still else Curveball(table, seed, rounds, stream))
    moving = [chain for chain in chains if chain is not None]
    if not moving:
        raise Refused(
            "each of the two tables is the only one with its margins, so there is nothing to compare them with by chance"
        )
    at_once = min(chain.at_once for chain in moving)
    seen = statistic(_pair_counts([table[None] for table in tables]))[0]
    slack = 1e-9 * np.maximum(1.0, np.abs(seen))
    total, squares = np.zeros_like(seen), np.zeros_like(seen)
    at_least, at_most = np.zeros(seen.shape, dtype=np.int64), np.zeros(seen.shape, dtype=np.int64)
    distinct: set[bytes] = set()
    draws = [chain.draw(permutations, at_once) if chain else None for chain in chains]
    for done in range(0, permutations, at_once):
        size = min(at_once, permutations - done)
        batch = [
            next(drawn) if drawn is not None else np.broadcast_to(table.astype(np.uint8), (size, *table.shape))
            for drawn, table in zip(draws, tables, strict=True)
        ]
        # Differences from what was seen: sums of squares of these lose nothing to rounding.
        off = statistic(_pair_counts(batch)) - seen
        total += off.sum(axis=0)
        squares += (off * off).sum(axis=0)
        at_least += (off >= -slack).sum(axis=0)
        at_most += (off <= slack).sum(axis=0)
        if _few(batch):
            packed = [np.packbits(some.reshape(size, -1), axis=1) for some in batch]
            distinct.update(b"".join(p[i].tobytes() for p in packed) for i in range(size))
    mean = total / permutations
    spread = np.maximum(0.0, squares - permutations * mean * mean) / max(1, permutations - 1)
    return Against(
        seen,
        seen + mean,
        np.sqrt(spread),
        at_least,
        at_most,
        permutations,
        len(distinct) or permutations,
        tuple(chain.mixing for chain in moving),
        seed,
    )


#: Above this many cells no two tables drawn are the same, and comparing them would cost more than drawing them.
_WORTH_COMPARING = 4096


def _few(batch: Sequence[Bits]) -> bool:
    return sum(int(tables[0].size) for tables in batch) <= _WORTH_COMPARING


def _pair_counts(tables: Sequence[NDArray[np.generic]]) -> Floats:
    """Return for (tables, units, concepts) the counts of pairs, exactly: small whole numbers do not round."""
    kind = np.float32 if tables[0].shape[1] < 2**24 else np.float64
    first = tables[0].astype(kind)
    second = tables[1].astype(kind) if len(tables) > 1 else first
    counts: Floats = np.matmul(first.transpose(0, 2, 1), second).astype(np.float64)
    return counts


# --- margins kept on average -----------------------------------------------------------------


@dataclass(frozen=True)
class Bicm:
    """The bipartite configuration model of a table: the chance of every cell when margins are kept on average.

    Attributes
    ----------
    row_class, column_class : int arrays
        Units with equally many concepts are alike, and so are concepts with equally many units: the class of each.
    classes : float array, classes of units by classes of concepts
        Probability that a unit of the class has a concept of the class.
    error : float
        The largest difference between a margin seen and expected.
    """

    row_class: Counts
    column_class: Counts
    classes: Floats
    error: float

    @property
    def probabilities(self) -> Floats:
        """Probability of every cell, units by concepts."""
        cells: Floats = self.classes[self.row_class][:, self.column_class]
        return cells


def fit_bicm(rows: Counts, columns: Counts) -> Bicm:
    """Return the maximum-entropy model of 0/1 tables whose expected margins are these.

    Parameters
    ----------
    rows, columns : integer arrays
        Concepts of each unit, units of each concept: the margins of a table that exists, in any order.

    Notes
    -----
    Cells that the margins settle get probability 0 or 1; the others are fitted by Newton's method on one unknown for
    each different margin.

    Raises
    ------
    Refused
        If the fit does not reach the margins (never seen; it would say so rather than go on).

    References
    ----------
    Saracco F, Di Clemente R, Gabrielli A, Squartini T (2015). Randomizing bipartite networks: the case of the World
    Trade Web. Scientific Reports 5:10595. doi:10.1038/srep10595

    Saracco F, Straka MJ, Di Clemente R, Gabrielli A, Caldarelli G, Squartini T (2017). Inferring monopartite projections
    of bipartite networks: an entropy-based approach. New Journal of Physics 19:053022. doi:10.1088/1367-2630/aa6b38
    """
    row_values, row_class, row_many = np.unique(-rows, return_inverse=True, return_counts=True)
    column_values, column_class, column_many = np.unique(-columns, return_inverse=True, return_counts=True)
    row_values, column_values = -row_values, -column_values
    classes = np.zeros((len(row_values), len(column_values)))
    # Where the classes begin among the sorted lines.
    row_at = np.concatenate([[0], np.cumsum(row_many)])
    column_at = np.concatenate([[0], np.cumsum(column_many)])
    # Settled cells are 1 where room is left for nothing else: filled from the blocks' upper left corners.
    blocks = free_blocks(np.repeat(row_values, row_many), np.repeat(column_values, column_many))
    classes[_settled_ones(row_values, column_values, row_at, column_at, blocks)] = 1.0
    for block in blocks:
        r = (row_at[:-1] >= block.first_row) & (row_at[:-1] < block.last_row)
        c = (column_at[:-1] >= block.first_column) & (column_at[:-1] < block.last_column)
        classes[np.ix_(r, c)] = _fit_block(
            (row_values[r] - block.first_column).astype(np.float64),
            (column_values[c] - block.first_row).astype(np.float64),
            row_many[r].astype(np.float64),
            column_many[c].astype(np.float64),
        )
    error = float(
        max(
            np.abs(classes @ column_many - row_values).max(initial=0.0),
            np.abs(row_many @ classes - column_values).max(initial=0.0),
        )
    )
    if error > 1e-6:
        raise Refused(f"the maximum-entropy model did not reach the margins (off by {error:.2g}): leave it out")
    return Bicm(row_class.reshape(-1), column_class.reshape(-1), classes, error)


def _settled_ones(
    row_values: Counts, column_values: Counts, row_at: Counts, column_at: Counts, blocks: tuple[Block, ...]
) -> Flags:
    """Return which classes of cells are 1 in every table with these margins."""
    ones = np.zeros((len(row_values), len(column_values)), dtype=np.bool_)
    for i, held in enumerate(row_values.tolist()):
        block = next((b for b in blocks if b.first_row <= row_at[i] < b.last_row), None)
        # Outside the blocks a row is settled: its ones are the fullest columns.
        ones[i] = column_at[:-1] < (held if block is None else block.first_column)
    return ones


def _fit_block(rows: Floats, columns: Floats, row_many: Floats, column_many: Floats) -> Floats:
    """Return the probabilities of a block by classes, margins strictly inside what is possible."""
    total = float(rows @ row_many)
    a = np.log(rows / np.sqrt(total))
    b = np.log(columns / np.sqrt(total))
    many = np.outer(row_many, column_many)
    gauge = np.concatenate([np.ones(len(a)), -np.ones(len(b))])

    def value(a: Floats, b: Floats) -> float:
        likely = np.logaddexp(0.0, a[:, None] + b[None, :])
        return float((row_many * rows) @ a + (column_many * columns) @ b - (many * likely).sum())

    here = value(a, b)
    for _ in range(200):
        p = 1.0 / (1.0 + np.exp(-(a[:, None] + b[None, :])))
        slope_a = row_many * (rows - p @ column_many)
        slope_b = column_many * (columns - row_many @ p)
        if max(np.abs(slope_a / row_many).max(), np.abs(slope_b / column_many).max()) < 1e-12 * max(1.0, total):
            break
        weight = many * p * (1.0 - p)
        bend = np.block([[np.diag(weight.sum(axis=1)), weight], [weight.T, np.diag(weight.sum(axis=0))]])
        # Adding to all rows what is taken from all columns changes nothing: fix that direction.
        bend += np.outer(gauge, gauge) * (np.trace(bend) / len(bend) ** 2)
        slope = np.concatenate([slope_a, slope_b])
        move = np.linalg.solve(bend, slope)
        gain = float(slope @ move)
        step = 1.0
        while step > 1e-8:
            there = value(a + step * move[: len(a)], b + step * move[len(a) :])
            if there >= here + 1e-4 * step * gain or gain < 1e-9 * max(1.0, abs(here)):
                break
            step /= 2
        a = a + step * move[: len(a)]
        b = b + step * move[len(a) :]
        here = value(a, b)
    fitted: Floats = 1.0 / (1.0 + np.exp(-(a[:, None] + b[None, :])))
    return fitted


# --- exact tails ------------------------------------------------------------------------------

#: Characteristic functions computed at once: complex numbers of about 16 MB.
_BLOCK = 1_000_000
#: The tilt is looked for between odds changed by e to the minus this and e to this.
_MOST_TILT = 700.0


def tails(chances: Floats, many: Counts, seen: Counts) -> tuple[Floats, Floats]:
    """Return the exact probabilities of at most, and of at least, as many successes as seen.

    Parameters
    ----------
    chances : float array, shape (questions, classes)
        Chance of success in each unit of a class.
    many : integer array of length classes
        Units in each class.
    seen : integer array of length questions

    Returns
    -------
    at_most, at_least : float arrays of length questions

    Notes
    -----
    The number of successes is a Poisson-binomial variable; its distribution is the Fourier transform of a product of
    characteristic functions (Hong 2013). All odds are first multiplied by one factor that makes the number seen the
    expected one (exponential tilting; the tilted variable is Poisson-binomial too), and the factor is taken out again
    afterwards. So the transform need only be as long as the tilted distribution is wide, and small tails keep their digits.

    References
    ----------
    Hong Y (2013). On computing the distribution function for the Poisson binomial distribution. Computational Statistics
    & Data Analysis 59:41-51. doi:10.1016/j.csda.2012.10.006

    Butler RW (2007). Saddlepoint Approximations with Applications. Cambridge University Press (tilting, chapter 5).

    Examples
    --------
    >>> at_most, at_least = tails(np.array([[0.5]]), np.array([3]), np.array([2]))
    >>> round(float(at_most[0]), 9), round(float(at_least[0]), 9)
    (0.875, 0.5)
    """
    certain = (chances == 1.0) @ many
    q = np.where(chances == 1.0, 0.0, chances)
    left = seen - certain
    possible = (q > 0) @ many
    at_most, at_least = (left >= 0).astype(np.float64), (left <= possible).astype(np.float64)
    none, every = np.flatnonzero(left == 0), np.flatnonzero((left == possible) & (left > 0))
    at_most[none] = np.exp(np.log1p(-q[none]) @ many)
    at_least[every] = np.exp(np.log(np.where(q[every] > 0, q[every], 1.0)) @ many)
    inner = np.flatnonzero((left > 0) & (left < possible))
    if len(inner):
        tilt, tilted = _tilted(q[inner], many, left[inner])
        variance = (tilted * (1 - tilted)) @ many
        # Bernstein's inequality: outside this many of the number seen lies less than 1e-16.
        reach = 12.3 + np.sqrt(12.3**2 + 73.7 * variance)
        width = 2 ** np.ceil(np.log2(2 * reach + 2)).astype(np.int64)
        for size in np.unique(width).tolist():
            chosen = np.flatnonzero(width == size)
            step = max(1, _BLOCK // size)
            for start in range(0, len(chosen), step):
                some = chosen[start : start + step]
                low, high = _tails(q[inner[some]], tilted[some], tilt[some], many, left[inner[some]], size)
                at_most[inner[some]], at_least[inner[some]] = low, high
    return np.clip(at_most, 0.0, 1.0), np.clip(at_least, 0.0, 1.0)


def _tilted(q: Floats, many: Counts, seen: Counts) -> tuple[Floats, Floats]:
    """Return the change of log odds that makes `seen` the expected number, and the chances after it."""
    with np.errstate(divide="ignore"):
        odds = np.log(q) - np.log1p(-q)
    low, high = np.full(len(q), -_MOST_TILT), np.full(len(q), _MOST_TILT)
    tilt = np.zeros(len(q))
    tilted = q
    for _ in range(200):
        off = tilted @ many - seen
        low, high = np.where(off < 0, tilt, low), np.where(off > 0, tilt, high)
        if np.abs(off).max() < 1e-6:
            break
        slope = (tilted * (1 - tilted)) @ many
        newton = tilt - off / np.maximum(slope, 1e-300)
        # Newton's step where it stays between what is known to be too little and too much, the middle where not.
        tilt = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
        with np.errstate(over="ignore"):
            tilted = 1.0 / (1.0 + np.exp(-(odds + tilt[:, None])))
    return tilt, tilted


def _tails(q: Floats, tilted: Floats, tilt: Floats, many: Counts, seen: Counts, size: int) -> tuple[Floats, Floats]:
    half = size // 2
    angle = 2 * np.pi * np.arange(half + 1) / size
    length, turn = np.zeros((len(q), half + 1)), np.zeros((len(q), half + 1))
    cosine, sine = 1 - np.cos(angle), np.sin(angle)
    with np.errstate(divide="ignore"):
        for k in range(len(many)):
            p = tilted[:, k : k + 1]
            length += (many[k] / 2) * np.log1p(np.maximum(-2 * p * (1 - p) * cosine, -1.0))
            turn += many[k] * np.arctan2(p * sine, 1 - p * cosine)
    turn -= (seen - half)[:, None] * angle
    # numpy's transform has the opposite sign: hence the conjugate. Place `half` is the number seen.
    pmf = np.maximum(0.0, np.fft.irfft(np.exp(length) * (np.cos(turn) - 1j * np.sin(turn)), size, axis=1))
    back = np.exp(-np.abs(tilt)[:, None] * np.arange(half))
    upwards = tilt >= 0
    tail = np.where(upwards[:, None], pmf[:, half:], pmf[:, half:0:-1])
    # log of the factor taken out: of the moment generating function, less what the tilt adds at the number seen.
    factor = np.exp(_log_moment(q, tilt) @ many - tilt * seen)
    extreme = factor * (tail * back).sum(axis=1)
    other = 1.0 - extreme + factor * pmf[:, half]
    return np.where(upwards, other, extreme), np.where(upwards, extreme, other)


def _log_moment(q: Floats, tilt: Floats) -> Floats:
    """Return log(1 - q + q exp(tilt)) without overflow, for each question and class."""
    with np.errstate(divide="ignore"):
        logs: Floats = np.logaddexp(np.log1p(-q), np.log(q) + tilt[:, None])
    return logs
