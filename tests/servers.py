"""Real servers for the tests: Oxigraph's and Virtuoso, each started once by whoever needs it first."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _started(command: list[str], port: int, seconds: float, **more: str) -> None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | more,
    )

    def stop() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()

    atexit.register(stop)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    stop()
    pytest.skip(f"{command[0]} did not start on this machine")


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="eaa-graph-server-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def oxigraph() -> str:
    """Return the address of an empty Oxigraph server, by which it tells its endpoints."""
    program = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")
    if program is None:
        pytest.skip("no Oxigraph server here: pip install oxigraph")
    port = free_port()
    _started([program, "serve", "--location", str(_folder() / "data"), "--bind", f"127.0.0.1:{port}"], port, 30)
    return f"http://127.0.0.1:{port}"


#: Fewer rows than the default of 10,000, so that small data show what happens to long answers.
VIRTUOSO_ROWS = 2000
_INI = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
ErrorLogLevel = 3
FileExtend = 200
[TempDatabase]
DatabaseFile = {folder}/temp.db
TransactionFile = {folder}/temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DirsAllowed = {folder}
NumberOfBuffers = 20000
MaxDirtyBuffers = 15000
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 8
[SPARQL]
ResultSetMaxRows = {rows}
"""


@cache
def virtuoso() -> str:
    """Return the address of the SPARQL endpoint of an empty Virtuoso that anybody may change."""
    if shutil.which("virtuoso-t") is None or shutil.which("isql-vt") is None:
        pytest.skip("no Virtuoso here; on Debian: sudo apt-get install virtuoso-opensource-7-bin")
    folder, sql, http = _folder(), free_port(), free_port()
    ini = folder / "virtuoso.ini"
    ini.write_text(_INI.format(folder=folder, sql=sql, http=http, rows=VIRTUOSO_ROWS), "utf-8")
    _started(["virtuoso-t", "-f", "-c", str(ini)], http, 90)
    granted = subprocess.run(
        ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", 'exec=GRANT SPARQL_UPDATE TO "SPARQL";'],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "Done" not in granted.stdout:
        pytest.skip(f"Virtuoso cannot be told to take updates: {granted.stdout[-200:]}{granted.stderr[-200:]}")
    return f"http://127.0.0.1:{http}/sparql"


def emptied(address: str) -> str:
    """Return `address` after removing every graph of ours from its store."""
    from eaa_graph.store.remote import RemoteStore

    store = RemoteStore(address)
    for graph in store._listed(ours=True):
        store.drop(graph)
    store.close()
    return address
