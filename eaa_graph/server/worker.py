"""The process that answers queries, one at a time, and may be killed at any moment.

Whatever a query does (run for ever, fill the memory, nest so deep that the parser
overflows its stack) happens here and ends with this process. Where the operating
system can fork, a keeper holds the graph and forks workers from it: a fresh one is
there within milliseconds and shares the graph's memory. Elsewhere each worker is a
process of its own that loads the graph for itself.

Run by :mod:`eaa_graph.server.pool` as ``python -m eaa_graph.server.worker``.
"""

from __future__ import annotations

__all__ = ["COMMAND", "HEAD", "REPLY", "TooLong", "serve_alone"]

import contextlib
import gc
import json
import os
import signal
import socket
import struct
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eaa_graph.store import OxigraphStore

#: A message between server and worker: length of its JSON, length of its bytes, then both.
HEAD = struct.Struct("!IQ")
#: What the keeper is told: start one (F, 0) or end one (K, process id) ...
COMMAND = struct.Struct("!cI")
#: ... and what it says: process id, and the wait status of one that ended.
REPLY = struct.Struct("!Ii")

#: Functions whose value changes from one call to the next: their answers are never kept.
_VOLATILE = {"RAND", "NOW", "UUID", "STRUUID", "BNODE"}


class TooLong(Exception):
    """The answer is longer than answers may be; no OSError or ValueError, which would pass for the query's."""


class _Bounded(BytesIO):
    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._most:
            raise TooLong
        return super().write(data)


def _answer(store: OxigraphStore, job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from eaa_graph.errors import BadQuery
    from eaa_graph.store import NotAcceptable, bare_words

    sparql = job["query"]
    words, prefixes = bare_words(sparql)
    # "contains" and "ends": the parser reads keywords without asking for a space before or after them.
    if any("SERVICE" in word for word in words) or any(p.endswith("SERVICE") for p in prefixes):
        return {
            "status": "refused",
            "message": "SERVICE is refused: this server asks no other server. (A prefix whose name ends in "
            "'service' is taken for it: call it something else.)",
        }, b""
    output = _Bounded(job["most"])
    try:
        media = store.protocol_query(sparql, output, job["results"], job["rdf"], job["dataset"], job["base"])
    except NotAcceptable as error:
        return {"status": "not-acceptable", "message": str(error)}, b""
    except BadQuery as error:
        return {"status": "bad-query", "message": str(error)}, b""
    except TooLong:
        return {"status": "too-long", "message": f"the answer is longer than {job['most']:,} bytes"}, b""
    except MemoryError:
        return {"status": "memory", "message": ""}, b""
    return {"status": "ok", "media": media, "volatile": bool(words & _VOLATILE)}, output.getvalue()


def _exactly(channel: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = channel.recv(min(count - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _send(channel: socket.socket, message: dict[str, Any], body: bytes = b"") -> None:
    head = json.dumps(message).encode()
    channel.sendall(HEAD.pack(len(head), len(body)) + head)
    channel.sendall(body)


def _serve(channel: socket.socket, store: OxigraphStore) -> None:
    """Answer until the other side hangs up."""
    at_first = _resident()
    _send(channel, {"status": "ready"})
    while True:
        try:
            head_length, _ = HEAD.unpack(_exactly(channel, HEAD.size))
            job = json.loads(_exactly(channel, head_length))
        except (EOFError, OSError):
            return
        _allow_seconds(job["seconds"])
        reply, body = _answer(store, job)
        # Memory once taken is seldom given back: one that took much makes room for a fresh one.
        reply["tired"] = _resident() - at_first > 256 * 1024 * 1024
        with contextlib.suppress(OSError):
            _send(channel, reply, body)


def _resident() -> int:
    """Return the most memory this process ever held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _allow_seconds(seconds: float) -> None:
    """Have the kernel end this process should nobody be left to do it."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 2
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _address_space() -> int:
    """Return the address space of this process in bytes; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _confine(memory: int) -> None:
    """Take away what no query needs: more memory than allowed, and every further file or connection."""
    import resource

    taken = _address_space()
    if memory and taken:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Descriptors 0 to 3 are open and there is no fourth to be had: not a file, not a socket.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    with contextlib.suppress(OSError):
        os.nice(5)  # pages and quick answers first


def _loaded(path: Path) -> OxigraphStore:
    from eaa_graph.store import OxigraphStore

    store = OxigraphStore()
    store.add_dump(path)
    # What the first query would import or open is imported and opened now.
    warm = {"query": "ASK {}", "results": "text/csv", "rdf": None, "dataset": None, "base": None, "most": 100}
    _answer(store, warm)
    store.protocol_query(
        "SELECT (REGEX('a', 'A', 'i') AS ?x) (RAND() AS ?y) (UUID() AS ?z) (NOW() AS ?n) {}",
        BytesIO(),
        "text/csv",
        None,
    )
    return store


def serve_alone(channel: socket.socket, path: str, memory: int) -> None:
    """Load the graph and answer: a worker where nothing can be forked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    store = _loaded(Path(path))
    if sys.platform != "win32":
        taken = _address_space()
        import resource

        if memory and taken:
            resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
    _serve(channel, store)


if sys.platform != "win32":

    def _keep(control: socket.socket, path: Path, memory: int) -> None:
        """Hold the graph; fork a worker or end one as told; end all when the server goes away."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_IGN)  # the server decides when to stop, and hangs up
        store = _loaded(path)
        gc.collect()
        gc.freeze()  # so that the collector of a fork does not touch, and so copy, what all share
        children: set[int] = set()
        control.sendall(REPLY.pack(0, 0))
        try:
            while True:
                message, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 1, socket.MSG_WAITALL)
                if len(message) < COMMAND.size:
                    return
                command, pid = COMMAND.unpack(message)
                if command == b"F":
                    pid = _fork(descriptors[0], control, store, memory)
                    children.add(pid)
                    control.sendall(REPLY.pack(pid, 0))
                elif pid in children:
                    control.sendall(REPLY.pack(pid, _end(pid)))
                    children.discard(pid)
                else:
                    control.sendall(REPLY.pack(0, 0))
        except OSError:
            return
        finally:
            for child in children:
                _end(child)

    def _end(pid: int) -> int:
        # A child that nobody waited for keeps its number, so this can hit no stranger.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            return os.waitpid(pid, 0)[1]
        return 0

    def _fork(descriptor: int, control: socket.socket, store: OxigraphStore, memory: int) -> int:
        pid = os.fork()
        if pid:
            os.close(descriptor)
            return pid
        try:
            # The number of the control channel is closed before 3 may become the worker's own.
            own = os.dup(descriptor)
            control.detach()
            nothing = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(nothing, standard)
            if own != 3:
                os.dup2(own, 3)
            os.closerange(4, max(own, nothing, descriptor, 64) + 1)
            channel = socket.socket(fileno=3)
            _confine(memory)
            _serve(channel, store)
        finally:
            os._exit(0)


def _main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    with contextlib.suppress(KeyboardInterrupt):
        _keep(control, Path(sys.argv[2]), int(sys.argv[3]))


if __name__ == "__main__" and sys.platform != "win32":
    _main()
