"""Engines that count columns in Parquet: DuckDB on this machine, Spark on a cluster; both behind Ibis."""

from __future__ import annotations

__all__ = ["connect", "quiet", "read_tables", "spark_session"]

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eaa_graph.corpus import ENGINES
from eaa_graph.corpus.columns import TABLES
from eaa_graph.errors import MissingExtra, StoreUnavailable, UnknownName

#: Masters that run inside this machine: they need no address that others can reach.
_LOCAL = "local"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep two remarks off the screen: Spark's about pandas (no frame is used here), and DuckDB's to Ibis."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"pyspark\..*")
        warnings.filterwarnings("ignore", category=DeprecationWarning, message="fetch_arrow_table")
        yield


def connect(engine: str, master: str) -> Any:
    """Return an Ibis connection.

    Parameters
    ----------
    engine : str
        One of :data:`eaa_graph.corpus.ENGINES`.
    master : str
        For Spark: the address of the cluster (``spark://host:7077``, ``yarn``), or ``local[*]``. A session that the
        program around has begun already is used as it is.

    Raises
    ------
    UnknownName
        If there is no such engine.
    MissingExtra
        If it is not installed.
    StoreUnavailable
        If Spark cannot be started or reached.
    """
    if engine not in ENGINES:
        raise UnknownName("engine", engine, ENGINES)
    if engine == "duckdb":
        try:
            import ibis
            import ibis.backends.duckdb
        except ImportError:
            raise MissingExtra("counting with DuckDB", "scale") from None
        return ibis.duckdb.connect()
    with quiet():
        try:
            import ibis
            import ibis.backends.pyspark
            from pyspark.sql import SparkSession
        except ImportError:
            raise MissingExtra("counting with Spark", "spark") from None
        try:
            session = SparkSession.getActiveSession() or spark_session(SparkSession.builder, master)
            return ibis.pyspark.connect(session)
        except Exception as error:  # Py4J and Java raise what they like
            first = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise StoreUnavailable(
                f"Spark could not be started at {master}: {first[0]}. It needs Java 17 or newer, and the cluster must be "
                "reachable from here"
            ) from None


def spark_session(builder: Any, master: str) -> Any:
    """Begin a Spark session, with what is sensible where all of it runs on this machine."""
    made = builder.master(master).appName("eaa-graph")
    if master.startswith(_LOCAL):
        settings = {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            # 200 pieces, the default, are for clusters: here each costs more to begin than to work off.
            "spark.sql.shuffle.partitions": "2",
        }
        for name, value in settings.items():
            made = made.config(name, value)
    session = made.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def read_tables(connection: Any, folder: Path) -> dict[str, Any]:
    """Return the tables of a corpus as Ibis expressions: nothing is read before something is counted.

    Raises
    ------
    StoreUnavailable
        If the engine cannot read the files.
    """
    try:
        with quiet():
            # DuckDB wants the files, Spark the folder.
            files = "/*.parquet" if connection.name == "duckdb" else ""
            return {name: connection.read_parquet(f"{folder.resolve() / name}{files}") for name in TABLES}
    except Exception as error:  # each engine has exceptions of its own
        first = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise StoreUnavailable(f"{folder} cannot be read by {connection.name}: {first[0]}") from None
