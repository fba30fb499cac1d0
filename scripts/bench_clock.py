"""How the benchmarks measure, with nothing but the standard library: peers in an environment of their own measure by it too."""

from __future__ import annotations

__all__ = ["peak", "seconds", "statements", "timed"]

import contextlib
import gc
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def seconds() -> float:
    """Return the CPU seconds spent so far, those of ended child processes included."""
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


def timed(run: Callable[..., Any], runs: int = 1, ready: Callable[[], Any] | None = None) -> tuple[float, Any]:
    """Return the fewest CPU seconds of some runs, and what the last gave; rubbish is cleared before each.

    CPU time, of all threads and of ended child processes, since others may be at work on the machine: all that is compared
    here keeps one core busy. What takes under a tenth of a second is run several times, to be seen on the clock. With
    `ready`, each run is given what that returns, which is not timed.
    """
    best, given = float("inf"), None
    for _ in range(runs):
        given = None
        spent, times = 0.0, 0
        while not times or (spent < 0.1 and times < (5 if ready else 200)):
            asked = () if ready is None else (ready(),)
            if not times or ready:
                gc.collect()
            begin = seconds()
            given = run(*asked)
            spent += seconds() - begin
            times += 1
        best = min(best, spent / times)
    return best, given


def peak() -> float:
    """Return the most that this process has held, in MB."""
    with contextlib.suppress(OSError):  # Linux: ru_maxrss begins at what the parent held
        for line in Path("/proc/self/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1e3
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def statements(lines: Iterable[str]) -> tuple[int, str]:
    """Return how many lines there are and a digest of them that does not depend on their order; millions need no sorting.

    Examples
    --------
    >>> statements(["a", "b"]) == statements(["b", "a"])
    True
    >>> statements(["a", "b"]) == statements(["a", "c"])
    False
    """
    count, total = 0, 0
    for line in lines:
        count += 1
        total += int.from_bytes(hashlib.sha256(line.encode()).digest())
    return count, f"{total % 2**256:064x}"
