"""A real server on loopback, for whoever asks it from outside."""

from __future__ import annotations

__all__ = ["Running", "running"]

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Running(NamedTuple):
    url: str
    process: subprocess.Popen[str]
    log: Path


@contextlib.contextmanager
def running(tmp_path: Path, *options: str) -> Iterator[Running]:
    log = tmp_path / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "eaa_graph",
                "serve",
                "--example",
                "eaa_pilot",
                "--port",
                "0",
                "--site",
                str(tmp_path),
                *options,
            ],
            stderr=errors,
            stdout=subprocess.DEVNULL,
            text=True,
        )
    try:
        for _ in range(600):
            told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
            if any(t["event"] == "started" for t in told):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        port = next(t["port"] for t in told if t["event"] == "listening")
        yield Running(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
