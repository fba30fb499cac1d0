"""How the server holds up: 50 clients at once, pages and queries mixed, beside rdflib-endpoint in the same run.

    .venv/bin/python scripts/bench_server.py                                   ours alone, 60 s
    .venv/bin/python scripts/bench_server.py --peer /path/to/venv/bin/python   and rdflib-endpoint from that environment
    .venv/bin/python scripts/bench_server.py --seconds 10

The peer needs `pip install rdflib-endpoint uvicorn` in an environment of its own. Everything stays on
127.0.0.1. First all must give the same answers to the same queries; then each is asked them, in turns, by
the same clients for the same time: ours once as it is and once without its memory of earlier answers, the
peer in one process, as its own command does, and in one for each core.
Times on a shared machine wander, the ratio within one run less, and the processor time of a request least. With a peer a run takes
seven minutes.
"""

from __future__ import annotations

__all__ = ["Load", "main"]

import argparse
import asyncio
import contextlib
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

EAA = "PREFIX eaa: <https://w3id.org/eaa/onto#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
POINT = EAA + "SELECT ?p ?o WHERE { <https://w3id.org/eaa/id/eaa-pilot/concept/%s> ?p ?o } ORDER BY ?p ?o"
QUERIES = {
    "articles by theme": EAA
    + "SELECT ?theme (COUNT(DISTINCT ?a) AS ?n) WHERE { ?e a eaa:CodedExtraction ; eaa:atTheme ?theme ; eaa:fromArticle ?a } "
    "GROUP BY ?theme ORDER BY ?theme",
    "mechanisms and outcomes": EAA
    + "SELECT ?m ?o (COUNT(DISTINCT ?e) AS ?n) WHERE { ?e eaa:codesMechanism ?m ; eaa:codesOutcome ?o } GROUP BY ?m ?o ORDER BY ?m ?o",
}
PAGES = (
    "/about",
    "/about/concept",
    "/doc/eaa-pilot/review/eaa-pilot.html",
    "/doc/eaa-pilot/review/eaa-pilot.ttl",
    "/onto.ttl",
)
OURS = ("eaa-graph", "eaa-graph, nothing remembered")
#: Each server has its turn this many times.
ROUNDS = 6
PEER = """
import os, rdflib
from rdflib_endpoint import SparqlEndpoint
app = SparqlEndpoint(graph=rdflib.Graph().parse(os.environ["PEER_DATA"], format="nt"), path="/sparql")
"""


@dataclass
class Load:
    """What came of one load: how long each request took, and what went wrong."""

    seconds: float = 0.0
    cpu: float = 0.0
    times: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    def add(self, other: Load) -> None:
        """Take in a further round."""
        self.seconds += other.seconds
        self.times += other.times
        self.wrong += other.wrong

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return len(self.times) / self.seconds

    def quantile(self, part: float) -> float:
        """Return the time within which this part of the requests was answered, in ms."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)] * 1000 if ordered else math.inf


async def _client(port: int, targets: list[str], first: int, until: float, load: Load) -> None:
    """Ask one target after the other over one connection, as a browser would."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = first
    try:
        while time.perf_counter() < until:
            target = targets[number % len(targets)]
            number += 1
            started = time.perf_counter()
            head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/sparql-results+json, */*;q=0.5\r\n\r\n"
            writer.write(head.encode())
            status = (await reader.readline()).decode().split(" ")[1]
            length, chunked = 0, False
            while (line := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode("latin-1").partition(":")
                if name.lower() == "content-length":
                    length = int(value)
                chunked |= name.lower() == "transfer-encoding" and "chunked" in value
            if chunked:
                while size := int(await reader.readline(), 16):
                    await reader.readexactly(size + 2)
                await reader.readline()
            else:
                await reader.readexactly(length)
            load.times.append(time.perf_counter() - started)
            if status != "200":
                load.wrong[status] += 1
    except (OSError, asyncio.IncompleteReadError, IndexError) as error:
        load.wrong[type(error).__name__] += 1
    finally:
        writer.close()


async def _load(port: int, targets: list[str], clients: int, seconds: float) -> Load:
    load = Load()
    started = time.perf_counter()
    await asyncio.gather(*(_client(port, targets, number * 7, started + seconds, load) for number in range(clients)))
    # What was under way at the end was waited for, and so belongs to the time.
    load.seconds = time.perf_counter() - started
    return load


async def _watched(pid: int, loading: Coroutine[Any, Any, Load]) -> tuple[Load, list[float]]:
    """Run a load and note the memory of the server every two seconds."""
    memory = [_memory(pid)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(2)
            memory.append(await asyncio.to_thread(_memory, pid))

    watching = asyncio.create_task(watch())
    load = await loading
    watching.cancel()
    memory.append(_memory(pid))
    return load, memory


def _target(query: str) -> str:
    return "/sparql?" + urllib.parse.urlencode({"query": query})


def _answer(port: int, query: str) -> list[dict[str, str]]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{_target(query)}", headers={"Accept": "application/sparql-results+json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        rows = json.load(reply)["results"]["bindings"]
    return [{name: cell["value"] for name, cell in row.items()} for row in rows]


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextlib.contextmanager
def _server(command: list[str], port: int, ready: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended at once; run it by hand to see why")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=5)
                break
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _tree(pid: int) -> Iterator[Path]:
    """Yield of a process and all below it the folder that Linux keeps about each."""
    waiting = [pid]
    while waiting:
        one = Path(f"/proc/{waiting.pop()}")
        with contextlib.suppress(OSError):
            for task in (one / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
            yield one


def _memory(pid: int) -> float:
    """Return the memory of a process and all below it in MB; a shared page counts by its share."""
    total = 0.0
    for one in _tree(pid):
        with contextlib.suppress(OSError):
            lines = (one / "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))
    return total


def _cpu(pid: int) -> float:
    """Return the seconds of processor time that a process, all below it and those it has buried have used."""
    ticks = 0
    for one in _tree(pid):
        with contextlib.suppress(OSError):
            # After the name in brackets, which may hold anything: the state is the first field.
            fields = (one / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _told(name: str, load: Load) -> None:
    wrong = ", ".join(f"{count} x {what}" for what, count in load.wrong.items()) or "none"
    print(
        f"  {name:<34}{load.rate:10.1f} requests/s   half within {load.quantile(0.5):8.1f} ms, 99 % within "
        f"{load.quantile(0.99):8.1f} ms   errors: {wrong}"
    )


def _commands(folder: Path, peer: Path | None) -> Iterator[tuple[str, list[str], str]]:
    """Yield of each server its name, how it is started, and an address that answers when it is ready."""
    ours = [sys.executable, "-m", "eaa_graph", "serve", "--example", "eaa_pilot", "--site", str(folder)]
    yield OURS[0], ours, "/-/health"
    yield OURS[1], [*ours, "--cache", "0"], "/-/health"
    # As its own command starts it, in one process; and with one for each core, since ours uses them all.
    for workers in sorted({1, os.cpu_count() or 1}) if peer else ():
        command = [str(peer), "-m", "uvicorn", "--app-dir", str(folder), "peer:app", "--log-level", "error"]
        command += ["--host", "127.0.0.1", "--workers", str(workers)]
        yield f"rdflib-endpoint, {workers} process" + "es" * (workers > 1), command, "/sparql"


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each load lasts")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--peer", type=Path, help="a Python that has rdflib-endpoint")
    options = parser.parse_args()

    from eaa_graph import pipeline
    from eaa_graph.resources import example

    built = pipeline.build(example("eaa_pilot"))
    concepts = [c.id for c in built.records.concepts][:40]
    points = [_target(POINT % c) for c in concepts]
    mixed = [
        one for i, point in enumerate(points) for one in (point, _target(list(QUERIES.values())[i % len(QUERIES)]))
    ]
    pages = [one for i, query in enumerate(mixed) for one in (query, PAGES[i % len(PAGES)])]
    asked = [*QUERIES.values(), *(POINT % c for c in concepts[:3])]
    print(f"{options.clients} clients at once, {options.seconds:g} s each, {len(built.store):,} statements")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        (Path(folder) / "data.nt").write_bytes(built.store.dump("nt"))
        (Path(folder) / "peer.py").write_text(PEER, "utf-8")
        ports: dict[str, int] = {}
        answers: dict[str, list[list[dict[str, str]]]] = {}
        processes: dict[str, subprocess.Popen[bytes]] = {}
        for name, command, ready in _commands(Path(folder), options.peer):
            port = ports[name] = _free_port()
            processes[name] = running.enter_context(
                _server([*command, "--port", str(port)], port, ready, PEER_DATA=f"{folder}/data.nt")
            )
            answers[name] = [_answer(port, query) for query in asked]
            if answers[name] != answers[OURS[0]]:
                raise SystemExit(f"{name} gives other answers: the comparison means nothing")
        first = answers[OURS[0]]
        print(f"  all give the same answers to {len(asked)} queries ({sum(map(len, first))} rows)")
        for name in OURS:
            # Whatever is remembered is remembered after the first few seconds; what grows later would not stop.
            asyncio.run(_load(ports[name], pages, options.clients, min(3.0, options.seconds)))
            loading = _load(ports[name], pages, options.clients, options.seconds)
            load, memory = asyncio.run(_watched(processes[name].pid, loading))
            _told("pages and queries: " + name, load)
            steps = [memory[len(memory) * n // ROUNDS] for n in range(ROUNDS)] + memory[-1:]
            print("  memory from start to end, MB: " + ", ".join(f"{one:.0f}" for one in steps))
        # In turns, so that what else the machine does falls on all of them.
        loads = {name: Load() for name in ports}
        for _ in range(ROUNDS):
            for name, port in ports.items():
                before = _cpu(processes[name].pid)
                loads[name].add(asyncio.run(_load(port, mixed, options.clients, options.seconds / ROUNDS)))
                loads[name].cpu += _cpu(processes[name].pid) - before
    for name, load in loads.items():
        _told("queries: " + name, load)
        print(f"  processor time of a request: {1000 * load.cpu / len(load.times):.2f} ms")
    for peer in (name for name in loads if name not in OURS):
        for name in OURS:
            one, other = loads[name], loads[peer]
            work = other.cpu / len(other.times) / max(one.cpu / len(one.times), 1e-9)
            print(
                f"  {name}: {one.rate / other.rate:.1f} times the requests of {peer}; {work:.1f} times per processor second"
            )


if __name__ == "__main__":
    main()
