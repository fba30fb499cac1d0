"""What all tests share: where `strategies` is found, and how hypothesis searches; one Spark session for all that ask one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# pytest's importlib mode leaves sys.path alone; the strategies are for every test file.
sys.path.insert(0, str(Path(__file__).parent))

# A noisy machine must not fail a test for being slow, and what a released check finds must be found again.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True)
# For trying things out: the first failure found, not the smallest.
settings.register_profile("unshrunk", parent=settings.get_profile("here"), phases=(Phase.explicit, Phase.generate))
settings.load_profile("ci" if os.environ.get("CI") else "here")


#: Programs that run in environments of their own: not to be imported here in search of examples.
collect_ignore = ["checks", "npm"]


@pytest.fixture(scope="session")
def spark() -> Iterator[str]:
    """Start Spark with two executors in processes of their own, or with two threads where that cannot be."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("the optional part 'spark' is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("there is no Java, which Spark needs")
    pytest.importorskip("ibis.backends.pyspark")
    from pyspark.sql import SparkSession

    from eaa_graph.corpus.engines import spark_session

    session = None
    for master in ("local-cluster[2,1,1024]", "local[2]"):
        try:
            session = spark_session(SparkSession.builder, master)
            session.range(4).count()
            break
        except Exception as error:
            print(f"{master}: {error}")
    assert session is not None
    yield master
    session.stop()
