"""Workers that answer queries, and the asking of them: each query is cut at its limits, nobody waits for ever."""

from __future__ import annotations

__all__ = ["Busy", "Job", "Outcome", "QueryPool"]

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from eaa_graph.errors import EaaError
from eaa_graph.server.limits import Limits
from eaa_graph.server.worker import COMMAND, HEAD, REPLY, serve_alone

#: A worker (or the keeper) that has not loaded the graph by then never will.
_STARTING_SECONDS = 120.0


class Busy(Exception):
    """Every worker is taken and so is the queue, or the wait for one was too long."""


class Job(NamedTuple):
    """One query as a worker gets it.

    Attributes
    ----------
    query : str
    results, rdf : str or None
        Media types that the client takes for the two kinds of answer.
    dataset : (default graphs, named graphs) or None
        As the protocol's parameters name them.
    base : str
        What relative IRIs are relative to.
    """

    query: str
    results: str | None
    rdf: str | None
    dataset: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    base: str | None = None


class Outcome(NamedTuple):
    """What came of a query.

    Attributes
    ----------
    status : str
        ``ok``, ``bad-query``, ``not-acceptable``, ``refused``, ``too-long`` (the answer), ``time``,
        ``memory`` or ``died`` (nested too deeply, most likely).
    message : str
        For the person who asked.
    media : str
    body : bytes
    volatile : bool
        Whether the same query would answer differently next time (RAND, NOW, ...).
    """

    status: str
    message: str = ""
    media: str = ""
    body: bytes = b""
    volatile: bool = False


@dataclass(eq=False)
class _Worker:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    pid: int = 0
    process: Any = None  # a multiprocessing process where nothing can be forked
    client: str = ""

    async def receive(self) -> tuple[dict[str, Any], bytes]:
        head, body = HEAD.unpack(await self.reader.readexactly(HEAD.size))
        message: dict[str, Any] = json.loads(await self.reader.readexactly(head))
        return message, await self.reader.readexactly(body)

    async def ask(self, job: Job, limits: Limits) -> tuple[dict[str, Any], bytes]:
        message = json.dumps(job._asdict() | {"most": limits.result_bytes, "seconds": limits.seconds}).encode()
        self.writer.write(HEAD.pack(len(message), 0) + message)
        return await self.receive()


@dataclass
class QueryPool:
    """A number of workers over one graph.

    Parameters
    ----------
    graph : bytes
        The graph as N-Quads.
    limits : Limits
    fork : bool
        Whether workers are forked from one process that holds the graph (POSIX) or each load it.
    """

    graph: bytes
    limits: Limits
    fork: bool = sys.platform != "win32"
    _idle: list[_Worker] = field(default_factory=list)
    _all: set[_Worker] = field(default_factory=set)
    _running: Counter[str] = field(default_factory=Counter)
    _waiting: deque[tuple[asyncio.Future[_Worker], str]] = field(default_factory=deque)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _open: bool = False

    async def start(self) -> None:
        """Start the workers; when this returns, queries are answered."""
        self._folder = tempfile.TemporaryDirectory(prefix="eaa-graph-")
        path = Path(self._folder.name) / "graph.nq"
        path.write_bytes(self.graph)
        self._path = path
        self._telling = asyncio.Lock()
        self._open = True
        try:
            if self.fork:
                await self._start_keeper(path)
                path.unlink()  # it is in the keeper's memory now
            await asyncio.gather(*(self._add() for _ in range(self.limits.workers)))
        except BaseException:
            await self.close()
            raise
        self.graph = b""

    async def _start_keeper(self, path: Path) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._keeper = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "eaa_graph.server.worker",
                    str(theirs.fileno()),
                    str(path),
                    str(self.limits.memory_bytes),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # The package as it was found here, wherever the keeper would look for it.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            )
        ours.setblocking(False)
        self._control = ours
        await asyncio.wait_for(self._reply(), _STARTING_SECONDS)

    async def _reply(self) -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        got = b""
        while len(got) < REPLY.size:
            part = await loop.sock_recv(self._control, REPLY.size - len(got))
            if not part:
                raise EaaError("the process that holds the graph for queries has ended; start the server again")
            got += part
        pid, status = REPLY.unpack(got)
        return pid, status

    async def _add(self) -> None:
        """Start one worker and give it to whoever waits longest."""
        ours, theirs = socket.socketpair()
        pid, process, worker = 0, None, None
        try:
            with theirs:
                if self.fork:
                    async with self._telling:
                        socket.send_fds(self._control, [COMMAND.pack(b"F", 0)], [theirs.fileno()])
                        pid, _ = await self._reply()
                else:
                    process = multiprocessing.get_context("spawn").Process(
                        target=serve_alone, args=(theirs, str(self._path), self.limits.memory_bytes), daemon=True
                    )
                    await asyncio.to_thread(process.start)
            ours.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
            worker = _Worker(reader, writer, pid, process)
            self._all.add(worker)
            await asyncio.wait_for(worker.receive(), _STARTING_SECONDS)
        except BaseException as cause:
            # Cut off on the way (the server closes, no process to be had): its end of the line goes with it.
            if worker is None:
                ours.close()
            elif isinstance(cause, Exception):
                await self._end(worker)
            else:
                worker.writer.close()
            raise
        self._free(worker)

    def _free(self, worker: _Worker) -> None:
        self._idle.append(worker)
        self._hand_out()

    def _may(self, client: str) -> bool:
        # All but one for the hungriest client: the last is for everybody else.
        return self._running[client] < self.limits.workers - 1

    def _hand_out(self) -> None:
        for _ in range(len(self._waiting)):
            if not self._idle:
                return
            future, client = self._waiting.popleft()
            if future.done():
                continue
            if self._may(client):
                future.set_result(self._taken(client))
            else:
                self._waiting.append((future, client))

    def _taken(self, client: str) -> _Worker:
        worker = self._idle.pop()
        worker.client = client
        self._running[client] += 1
        return worker

    def _given_back(self, worker: _Worker) -> None:
        self._running[worker.client] -= 1
        if not self._running[worker.client]:
            del self._running[worker.client]

    async def _take(self, client: str) -> _Worker:
        if not self._open:
            raise Busy
        if self._idle and self._may(client):
            return self._taken(client)
        if len(self._waiting) >= self.limits.queue:
            raise Busy
        future: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, client))
        try:
            return await asyncio.wait_for(future, self.limits.queue_seconds)
        except TimeoutError:
            raise Busy from None
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # given one in the very moment of leaving
                worker = future.result()
                self._given_back(worker)
                self._free(worker)
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove((future, client))

    async def run(self, job: Job, client: str = "") -> Outcome:
        """Answer one query.

        Parameters
        ----------
        job : Job
        client : str
            Who asks: no client gets every worker.

        Raises
        ------
        Busy
            If no worker became free in time.
        """
        worker = await self._take(client)
        whole = False
        try:
            message, body = await asyncio.wait_for(worker.ask(job, self.limits), self.limits.seconds)
            whole = not message["tired"]
        except TimeoutError:
            return Outcome("time", f"the query ran longer than {self.limits.seconds:g} seconds and was cut")
        except (asyncio.IncompleteReadError, ConnectionError):
            return await self._post_mortem(worker)
        finally:
            self._given_back(worker)
            if whole:
                self._free(worker)
            else:
                self._later(self._replace(worker))
        if message["status"] == "ok":
            return Outcome("ok", "", message["media"], body, message["volatile"])
        if message["status"] == "memory":
            return self._out_of_memory()
        return Outcome(message["status"], message["message"])

    def _out_of_memory(self) -> Outcome:
        return Outcome("memory", f"the query needed more than {self.limits.memory_bytes:,} bytes of memory and was cut")

    async def _post_mortem(self, worker: _Worker) -> Outcome:
        cause = await self._end(worker)
        if cause == getattr(signal, "SIGXCPU", None):
            return Outcome("time", f"the query ran longer than {self.limits.seconds:g} seconds and was cut")
        if cause in (getattr(signal, "SIGABRT", 6), getattr(signal, "SIGKILL", 9)):
            return self._out_of_memory()
        return Outcome("died", "the query could not be worked through; it may be nested too deeply")

    def _later(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, worker: _Worker) -> None:
        await self._end(worker)
        wait = 0.1
        while self._open:
            try:
                await self._add()
                return
            except (OSError, EaaError, TimeoutError, asyncio.IncompleteReadError):
                # No process to be had at this moment: the others go on, and we try again.
                await asyncio.sleep(wait)
                wait = min(10.0, wait * 2)

    async def _end(self, worker: _Worker) -> int:
        """Kill a worker; return the signal that ended it (its own, where it was dead already)."""
        if worker not in self._all:
            return 0
        self._all.discard(worker)
        worker.writer.close()
        if worker.process is not None:
            worker.process.kill()
            await asyncio.to_thread(worker.process.join)
            code: int = worker.process.exitcode or 0
            worker.process.close()
            return -code
        try:
            async with self._telling:
                self._control.send(COMMAND.pack(b"K", worker.pid))
                _, status = await self._reply()
        except (OSError, EaaError):
            return 0
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0

    @property
    def healthy(self) -> bool:
        """Whether a query would find a worker sooner or later."""
        return self._open and bool(self._all)

    async def close(self) -> None:
        """End all workers; nothing of them stays behind."""
        self._open = False
        for future, _ in self._waiting:
            if not future.done():
                future.set_exception(Busy())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.fork:
            for worker in self._all:
                worker.writer.close()
            if hasattr(self, "_control"):
                self._control.close()  # the keeper ends its workers and itself
            if hasattr(self, "_keeper"):
                try:
                    await asyncio.to_thread(self._keeper.wait, 10)
                except subprocess.TimeoutExpired:
                    self._keeper.kill()
                    await asyncio.to_thread(self._keeper.wait)
        else:
            for worker in list(self._all):
                await self._end(worker)
        self._all.clear()
        self._idle.clear()
        self._folder.cleanup()
