"""One frozen object for every setting, and the table that describes each of them.

The command line's options, ``docs/settings.md`` and the checks all come from
:data:`SETTINGS`, so that a setting cannot exist without its explanation.
"""

from __future__ import annotations

__all__ = ["DEFAULT_BASE_IRI", "SETTINGS", "Setting", "Settings"]

from dataclasses import dataclass, fields
from typing import NamedTuple

from eaa_graph.errors import BadSettings, UnknownName

#: Where the things of a review live when `review.toml` names no `base_iri`.
DEFAULT_BASE_IRI = "https://w3id.org/eaa/id/"


class Setting(NamedTuple):
    """What one setting means.

    Attributes
    ----------
    name : str
        Attribute of :class:`Settings`, and with ``-`` for ``_`` the option's name.
    meaning : str
        One sentence for help texts and documentation.
    choices : tuple of str
        Allowed values; empty when any value of the type will do.
    """

    name: str
    meaning: str
    choices: tuple[str, ...] = ()


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "store",
        "Where the graph is kept: 'memory', 'rdflib', a folder for a graph on disk, or the web address of a store.",
    ),
    Setting(
        "engine",
        "What counts the heavy measures: 'memory', 'duckdb' (more than fits into memory) or 'spark' (a cluster); 'auto': duckdb for a folder of Parquet, else memory.",
        ("auto", "memory", "duckdb", "spark"),
    ),
    Setting("spark_master", "For engine spark: address of the cluster, such as spark://host:7077 or yarn."),
    Setting(
        "contents",
        "What a build leaves: 'all'; 'counts': tables, graph and columns, no page for each thing and no report; 'auto': counts above 100,000 extractions.",
        ("auto", "all", "counts"),
    ),
    Setting("coder", "Whose extractions are counted: a coder's id, 'preferred' (review.toml) or 'all'."),
    Setting("seed", "Seed of every random procedure; printed with its results."),
    Setting(
        "infer",
        "Whether what follows is inferred: 'auto' leaves it out of very large graphs.",
        ("auto", "full", "none"),
    ),
    Setting(
        "fail_on",
        "Exit with 1 when a finding is at least this severe; 'never' keeps 0.",
        ("error", "warning", "note", "never"),
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of one run; see :data:`SETTINGS` for what each means.

    Raises
    ------
    BadSettings
        If a value is not among the allowed ones.
    """

    store: str = "memory"
    engine: str = "auto"
    spark_master: str = "local[*]"
    contents: str = "auto"
    coder: str = "preferred"
    seed: int = 20240101
    infer: str = "auto"
    fail_on: str = "never"

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            value = getattr(self, setting.name)
            if setting.choices and value not in setting.choices:
                raise BadSettings(str(UnknownName(f"value of {setting.name}", str(value), setting.choices)))
        if self.seed < 0:
            raise BadSettings("seed must be 0 or more")


assert {f.name for f in fields(Settings)} == {s.name for s in SETTINGS}
