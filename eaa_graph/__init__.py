"""eaa-graph: a programme theory one can query, test, draw, argue with and publish.

From the coding sheet of a realist review to a graph of context, mechanism and
outcome configurations. The road is told in :mod:`eaa_graph.pipeline`.
"""

__version__ = "0.1.0"
