"""What one query, one request and all of them together may take."""

from __future__ import annotations

__all__ = ["Limits"]

import os
from dataclasses import dataclass, field, fields

from eaa_graph.errors import BadSettings


def _workers() -> int:
    # More than there are cores: a query that waits for its end in one must not keep the quick ones waiting.
    return max(4, 2 * (os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the server; each of them holds whatever a query does.

    Attributes
    ----------
    seconds : float
        How long one query may run before its worker is killed.
    result_bytes, body_bytes : int
        Longest answer, longest request (body or query string).
    memory_bytes : int
        Address space that a query may take beyond what its worker starts with (0: no limit; held
        where the operating system can).
    workers : int
        Queries running at once; one client gets all but one of them.
    queue : int
        Queries that may wait for a worker.
    queue_seconds : float
        How long they wait before they are told to come back later.
    cache_bytes : int
        Answers and pages kept for the next who asks the same; the graph never changes.
    """

    seconds: float = 10.0
    result_bytes: int = 64 * 1024 * 1024
    body_bytes: int = 1024 * 1024
    memory_bytes: int = 2 * 1024 * 1024 * 1024
    workers: int = field(default_factory=_workers)
    queue: int = 256
    queue_seconds: float = 10.0
    cache_bytes: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            least = 0 if one.name in ("memory_bytes", "queue", "cache_bytes") else 1e-3
            if not value >= least:
                raise BadSettings(f"{one.name.replace('_', ' ')} must be {'0 or more' if not least else 'above 0'}")
        if self.workers < 2:
            raise BadSettings("workers must be 2 or more: one slow query must not stop everybody")
