"""The review as a read-only web server: pages, linked data, SPARQL.

=================== =======================================================================
module              what it decides
=================== =======================================================================
``limits``          what one query, one request and all together may take
``worker``          the process in which a query runs, and dies if it must
``pool``            who gets which worker, and for how long
``negotiation``     which of several forms a client gets
``protocol``        the SPARQL 1.1 protocol: request to query, outcome to response
``documents``       what is said about a thing: its statements, as RDF and as a page
``description``     service description and VoID
``replies``         entity tags, compression, headers, the log
``application``     addresses: which request goes where
=================== =======================================================================
"""

from __future__ import annotations

__all__ = ["QUOTES", "Limits", "opened", "serve"]

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from eaa_graph.errors import BadSettings, MissingExtra
from eaa_graph.server.limits import Limits

if TYPE_CHECKING:
    from eaa_graph.pipeline import Built, Progress
    from eaa_graph.settings import Settings

#: What of the articles' words is served: all that was coded, what each article's licence allows, or less.
QUOTES = ("all", "licence", "cut", "withhold")


def opened(
    path: Path | None, settings: Settings, quotes: str, progress: Progress, review: str = ""
) -> tuple[Built, int]:
    """Read a review and make its graph, without the words of articles that may not be repeated.

    Parameters
    ----------
    path : Path or None
        None for a review in the store of the settings, at a web address: it is fetched once and served as it was then.
    settings : Settings
    quotes : str
        One of :data:`QUOTES`. For all but ``all`` the guard of a release decides, article by article; findings are
        left out as well, since they may quote the input.
    progress : callable
        As for :func:`eaa_graph.pipeline.build`.
    review : str
        Which review of the store, where there is no `path`.

    Returns
    -------
    Built
    int
        How many texts were held back.

    Raises
    ------
    BadSettings
        If `quotes` is none of :data:`QUOTES`.
    UnreadableFile
        If nothing at all can be read there.
    """
    from dataclasses import replace

    from eaa_graph import pipeline

    if quotes not in QUOTES:
        raise BadSettings(f"quotes are one of {', '.join(QUOTES)}, not {quotes!r}")
    far = pipeline.snapshot(settings, review, progress) if path is None else None
    if quotes == "all":
        return far or pipeline.build(Path(path or "."), settings, progress), 0
    from eaa_graph.reason import infer
    from eaa_graph.release.guard import guard

    progress("read", "")
    checked = far.checked if far else pipeline.check(Path(path or "."))
    kept, held = guard(checked.records, "whole" if quotes == "licence" else quotes)
    progress("read", f"{len(kept.extractions):,} extractions, {len(held):,} texts held back")
    guarded = replace(checked, records=kept, findings=())
    progress("graph", "")
    store = pipeline.store_of(guarded, replace(settings, store="memory"))
    built = pipeline.Built(guarded, settings, store)
    if settings.infer != "none":
        infer(store, built.base)
    progress("graph", f"{len(store):,} statements")
    return built, len(held)


def serve(
    built: Built,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    root: str = "",
    folder: Path | None = None,
    forwarded_by: str = "127.0.0.1",
) -> None:
    """Serve a review until told to stop (SIGINT, SIGTERM); requests under way are finished first.

    Parameters
    ----------
    built : Built
    host, port : str, int
        Where to listen.
    limits : Limits, optional
    root : str
        Path under which a proxy offers the server.
    folder : Path, optional
        A built site to serve at ``/``.
    forwarded_by : str
        Addresses of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.

    Raises
    ------
    MissingExtra
        If the web server is not installed.
    BadSettings
        If nobody can listen there.
    """
    try:
        import uvicorn

        from eaa_graph.server.application import application
        from eaa_graph.server.replies import log
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "anyio"):
            raise
        raise MissingExtra("serving a review", "server") from error
    limits = limits or Limits()
    config = uvicorn.Config(
        application(built, limits, root, folder),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=True,
        forwarded_allow_ips=forwarded_by,
        limit_concurrency=2000,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(limits.seconds + limits.queue_seconds) + 1,
        h11_max_incomplete_event_size=max(64 * 1024, min(limits.body_bytes, 1024 * 1024)),
    )
    with _listening(host, port) as door:
        log("listening", host=host, port=door.getsockname()[1], root=root)
        uvicorn.Server(config).run(sockets=[door])


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; BadSettings if the place is taken or not ours."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
    except OSError as error:
        door.close()
        raise BadSettings(f"cannot listen at {host}, port {port}: {error.strerror or error}") from error
    return door
