"""How things leave: entity tags, compression, headers of safety, and the log."""

from __future__ import annotations

__all__ = ["PAGE_POLICY", "QUERY_POLICY", "SITE_POLICY", "Kept", "Reply", "log", "not_modified", "send"]

import gzip
import hashlib
import json
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from eaa_graph.server.negotiation import accepts_gzip

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

#: Pages of the server's own: no script at all.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
#: The query page: the editor's script, from here; it asks nobody but this server. (It sets styles by itself.)
QUERY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: The built site: works from a file as well, so its scripts and styles may stand in the page; nothing from elsewhere.
SITE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_COMPRESSIBLE = ("text/", "application/json", "application/ld+json", "application/rdf+xml", "application/n-",
                 "application/sparql-results", "application/javascript", "application/trig", "application/wasm",
                 "application/xml", "image/svg+xml")  # fmt: skip
_WORTH_IT = 600


@dataclass
class Reply:
    """Something to send: one form of one resource.

    Attributes
    ----------
    body : bytes
    media : str
        With its charset where it is text.
    headers : dict of str to str
    """

    body: bytes
    media: str
    headers: dict[str, str] = field(default_factory=dict)
    tag: str = ""
    small: bytes | None = None

    def __post_init__(self) -> None:
        self.tag = hashlib.sha256(self.media.encode() + b"\0" + self.body).hexdigest()[:32]

    @property
    def compressible(self) -> bool:
        """Whether it is worth compressing."""
        return len(self.body) >= _WORTH_IT and self.media.startswith(_COMPRESSIBLE)

    def compressed(self) -> bytes:
        """Return the body in gzip, made once; the same bytes every time."""
        if self.small is None:
            self.small = gzip.compress(self.body, 5, mtime=0)
        return self.small

    def __len__(self) -> int:
        return len(self.body) + len(self.small or b"") + 500


class Kept:
    """What was sent lately, up to a number of bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._replies: OrderedDict[Any, tuple[int, Reply]] = OrderedDict()

    def get(self, key: Any) -> Reply | None:
        """Return what is kept under `key`."""
        found = self._replies.get(key)
        if found is None:
            return None
        self._replies.move_to_end(key)
        return found[1]

    def put(self, key: Any, reply: Reply) -> Reply:
        """Keep `reply` unless it would take more than an eighth of the room; return it."""
        # Counted as if its compressed form were as long: that comes later.
        size = 2 * len(reply.body) + 1000
        if size * 8 > self._most:
            return reply
        old = self._replies.pop(key, None)
        self._size += size - (old[0] if old else 0)
        self._replies[key] = (size, reply)
        while self._size > self._most:
            _, (gone, _) = self._replies.popitem(last=False)
            self._size -= gone
        return reply


def not_modified(header: str | None, tag: str) -> bool:
    """Say whether an If-None-Match header names this entity tag (weakly, as RFC 9110 wants)."""
    if not header:
        return False
    if header.strip() == "*":
        return True
    return any(one.strip().removeprefix("W/").strip('"').removesuffix("-gz") == tag for one in header.split(","))


def send(request: Request, reply: Reply, status: int = 200, vary: str = "", cache: str = "no-cache") -> Response:
    """Make the response: 304 where the client has it already, gzip where it takes it.

    Parameters
    ----------
    request : Request
    reply : Reply
    status : int
    vary : str
        Request headers that chose this form, beside Accept-Encoding.
    cache : str
        Cache-Control; ``no-cache`` lets caches keep it and ask whether it is still so.
    """
    from starlette.responses import Response

    varies = ", ".join(v for v in (vary, "Accept-Encoding" if reply.compressible else "") if v)
    headers = {"Cache-Control": cache, **({"Vary": varies} if varies else {}), **reply.headers}
    small = reply.compressible and accepts_gzip(request.headers.get("accept-encoding"))
    if status == 200:
        # Each encoding is a representation of its own, and so is its tag.
        headers["ETag"] = f'"{reply.tag}-gz"' if small else f'"{reply.tag}"'
        if request.method in ("GET", "HEAD") and not_modified(request.headers.get("if-none-match"), reply.tag):
            return Response(status_code=304, headers=headers)
    body = reply.body
    if small:
        body = reply.compressed()
        headers["Content-Encoding"] = "gzip"
    if request.method == "HEAD":
        return Response(b"", status, headers | {"Content-Length": str(len(body))}, reply.media)
    return Response(body, status, headers, reply.media)


def log(event: str, stream: TextIO | None = None, **told: Any) -> None:
    """Write one line of JSON to standard error: what happened, never what was asked."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    line = json.dumps({"time": f"{stamp}Z", "event": event, **told}, ensure_ascii=True, default=str)
    print(line, file=stream or sys.stderr, flush=True)
