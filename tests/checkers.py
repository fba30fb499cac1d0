"""Where the tests find the programs of others that they ask for a second opinion; without one, a test skips and says so.

``scripts/test`` installs them all: Python's into ``.venv-checks``, JavaScript's into ``tests/npm``, the rest from Debian.
"""

from __future__ import annotations

__all__ = ["ROOT", "checker", "jena", "node", "npm", "program"]

import shutil
import sys
import zipfile
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

ROOT = Path(__file__).resolve().parents[1]
_NODE_MODULES = ROOT / "tests" / "npm" / "node_modules"

#: Jars of Debian's libapache-jena-java and of the packages it depends on.
_JENA = """jena-core jena-arq jena-base jena-iri jena-cmds jena-shacl jena-shex jena-rdfconnection jena-tdb jena-tdb2 jena-dboe-base
jena-dboe-storage jena-dboe-index jena-dboe-trans-data jena-dboe-transaction slf4j-api slf4j-simple commons-cli commons-codec commons-compress
commons-csv commons-io commons-lang3 commons-logging dexx.collection gson guava httpclient httpclient-cache httpcore jackson-annotations
jackson-core jackson-databind jsonld-java protobuf thrift titanium-json-ld"""
_JARS = Path("/usr/share/java")


def checker(name: str) -> str:
    """Return a checker written in Python: from the checks' own environment, beside this Python, or on the path."""
    for place in (ROOT / ".venv-checks" / "bin", Path(sys.executable).parent):
        if (place / name).is_file():
            return str(place / name)
    return shutil.which(name) or pytest.skip(f"{name} is not installed: scripts/test makes .venv-checks for it")


def program(name: str, package: str) -> str:
    """Return a program of the system, which Debian keeps in `package`."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")


def npm(name: str) -> Path:
    """Return the folder of a package from npm."""
    folder = _NODE_MODULES / name
    if not (folder / "package.json").is_file():
        pytest.skip(f"{name} is not installed: scripts/test does it (by hand: npm ci --prefix tests/npm)")
    return folder


def node() -> str:
    """Return the program that runs JavaScript."""
    return program("node", "nodejs")


@cache
def _resources_of_xerces() -> Path:
    """Unpack what Debian's Jena 4.5.0 looks for in another place than where it has put it."""
    folder, start = Path(mkdtemp(prefix="jena-")), "org/apache/jena/ext/"
    with zipfile.ZipFile(_JARS / "jena-core.jar") as jar:
        for name in jar.namelist():
            if name.startswith(start + "xerces/") and not name.endswith(("/", ".class")):
                target = folder / name.removeprefix(start)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(jar.read(name))
    return folder


def jena(*, json_ld: bool = False) -> list[str]:
    """Return the start of a command that runs a class of Apache Jena's, or a Java file that uses it.

    Debian has no implementation of the JSON interface that Jena's reader of JSON-LD 1.1 is
    written against; the HTML checker from npm carries one.
    """
    java = program("java", "default-jdk-headless")
    if not (_JARS / "jena-arq.jar").is_file():
        pytest.skip("Jena is not installed (Debian: apt-get install libapache-jena-java)")
    jars = [_JARS / f"{name}.jar" for name in _JENA.split()]
    if json_ld:
        jars.append(npm("vnu-jar") / "build" / "dist" / "vnu.jar")
    path = [_resources_of_xerces(), *(jar for jar in jars if jar.is_file())]
    # Short runs: the second compiler costs more than it saves.
    return [java, "-XX:TieredStopAtLevel=1", "-Xmx1g", "-cp", ":".join(map(str, path))]
