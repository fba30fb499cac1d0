"""The static site: pages that read from disk or any host, without a server, a network or (for reading) JavaScript.

:func:`files` yields every file. It is given records, findings, tables and figures; what it works out itself is only
how they are grouped and linked. Every text of a review is escaped by Jinja2, or by JSON with ``<`` written as an escape.
"""

from __future__ import annotations

__all__ = ["Asked", "File", "Material", "Picture", "files"]

import json
from collections.abc import Iterator
from importlib.resources import files as _resource

from eaa_graph.site.grouping import Asked, File, Material, Picture


def files(material: Material) -> Iterator[tuple[str, str]]:
    """Yield every file of the site as (path, text), in a stable order.

    Parameters
    ----------
    material : Material
        What the site tells.

    Yields
    ------
    tuple of (str, str)
        Path from the top of the site with ``/`` between folders, and the file's text. ``index.html`` is the first.
    """
    from eaa_graph.site import data, pages, sparql
    from eaa_graph.site.grouping import Grouped

    grouped = Grouped(material)
    yield from pages.pages_of(grouped)
    yield from data.scripts(grouped)
    if grouped.queryable is not None:
        yield from sparql.files(grouped.queryable)
    assets = _resource("eaa_graph.site") / "assets"
    for name in ("style.css", "site.js", "search.js", "explorer.js"):
        text = (assets / name).read_text("utf-8")
        if name == "site.js":
            text = text.replace("var entries = [];", f"var entries = {json.dumps(pages.MENU)};")
        yield f"assets/{name}", text
