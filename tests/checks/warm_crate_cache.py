"""Fill a cache of rocrate-validator's with the JSON-LD context of RO-Crate, so that it can check without a network.

    .venv-checks/bin/python tests/checks/warm_crate_cache.py CACHE
    .venv-checks/bin/rocrate-validator validate --offline --cache-path CACHE ...

The context is the one that the library ``rocrate`` carries (version 1.3, which names all that 1.1 does).
"""

from __future__ import annotations

import importlib.resources
import sys
from typing import Any

import requests
import requests_cache
from requests.adapters import BaseAdapter

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


class _Shelf(BaseAdapter):
    """Answers every request with the same file."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        reply = requests.Response()
        reply.status_code = 200
        reply.url = request.url or ""
        reply.request = request
        reply.headers["content-type"] = "application/ld+json"
        source = importlib.resources.files("rocrate") / "data" / "ro-crate.jsonld"
        reply.raw = requests.packages.urllib3.HTTPResponse(  # type: ignore[attr-defined]
            body=source.open("rb"), status=200, headers=dict(reply.headers), preload_content=False
        )
        return reply

    def close(self) -> None:
        """Nothing is held."""


session = requests_cache.CachedSession(cache_name=sys.argv[1], backend="sqlite", expire_after=-1)
session.mount("https://", _Shelf())
session.get(CONTEXT).raise_for_status()
