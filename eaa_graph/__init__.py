"""eaa-graph: a programme theory one can query, test, draw, argue with and publish.

From the coding sheet of a realist review to a graph of context, mechanism and
outcome configurations. The road is told in :mod:`eaa_graph.pipeline`.

In Python a review is read with :func:`read` and asked through the
:class:`Review` that it gives; what these need is imported when they are first used.
"""

from __future__ import annotations

__all__ = ["Answer", "Figure", "Review", "__version__", "read", "read_example", "read_store"]

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from eaa_graph.api import Answer, Figure, Review, read, read_example, read_store
else:

    def __getattr__(name: str) -> object:
        if name in __all__:
            from importlib import import_module

            return getattr(import_module("eaa_graph.api"), name)
        raise AttributeError(f"module 'eaa_graph' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
