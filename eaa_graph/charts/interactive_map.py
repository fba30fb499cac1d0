"""Stand-alone interactive maps: one HTML file each, made with pyvis, that asks nothing of any server.

pyvis brings vis-network and its drawing; what it leaves open is settled here: the page around the map is our own and
escaped, nothing is linked from elsewhere, positions are computed beforehand and physics is off, colours are the
palette's, and a table under the map says the same for those who do not see a canvas. Text reaches the map only as JSON
that cannot end its script, and vis-network draws it on a canvas, where nothing is run.
"""

from __future__ import annotations

__all__ = ["MOST_LINKS", "cooccurrence_map", "theory_map"]

import base64
import json
import math
import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from eaa_graph.charts.drawing import INK, ROLE_COLOURS, SOFT
from eaa_graph.errors import Refused
from eaa_graph.measures.support import configurations_of, passages
from eaa_graph.model import ROLES, slot_concepts
from eaa_graph.network import Incidence
from eaa_graph.tables import Table, Thing, many

#: More links than this are a hairball; the strongest are drawn, and the page says how many are not.
MOST_LINKS = 150
_COLUMNS = (("context", "intervention", "actor"), ("mechanism", "resource", "reasoning"), ("outcome",))
_SHAPES = ("square", "diamond", "dot")
_NAMES = ("Context", "Mechanism", "Outcome")
_LONGEST = 34
#: From one name to the next where names stand beside their marks.
_ROW = 38


class _Node(NamedTuple):
    key: str
    label: str
    tip: str
    x: int
    y: int
    colour: str
    shape: str
    size: int
    #: Where its name stands: left (-1) or right (1) of it; None for below, where vis-network writes it.
    side: int | None = None


class _Link(NamedTuple):
    start: str
    end: str
    tip: str
    width: float
    dashed: bool
    arrow: bool


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def theory_map(incidence: Incidence, theory: str | None = None) -> str:
    """Return the map of a programme theory: contexts left, mechanisms in the middle, outcomes right.

    A line stands where a configuration joins the two; its width is the number of articles with a passage that codes
    both, and it is dashed where there is none.

    Parameters
    ----------
    incidence : Incidence
        Of the coders whose passages count.
    theory : str or None
        A version; None for the latest that nobody has revised.

    Raises
    ------
    Refused
        If there are no configurations.
    UnknownName
        If there is no such version.
    """
    records = incidence.records
    if theory is None:
        revised = {p for t in records.theories for p in t.revision_of}
        heads = sorted((t for t in records.theories if t.id not in revised), key=lambda t: (t.date or "", t.id))
        theory = heads[-1].id if heads else None
    labels = {c.id: c.label for c in records.concepts}
    members: list[dict[str, list[str]]] = [{}, {}, {}]
    links: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    name = ""
    for version, k in configurations_of(incidence, theory):
        name = (version.label or version.id) if version else ""
        held = [list(dict.fromkeys(c for role in roles for c in slot_concepts(k.slot(role)))) for roles in _COLUMNS]
        for column, concepts in enumerate(held):
            for concept in concepts:
                members[column].setdefault(concept, []).append(k.id)
        for m in held[1]:
            for c in held[0]:
                links[0, c, m].append(k.id)
            for o in held[2]:
                links[1, m, o].append(k.id)
    counts = {key: _articles(incidence, key) for key in links}
    drawn = sorted(links, key=lambda key: (-counts[key], key))[:MOST_LINKS]
    position = {c.id: (c.position if c.position is not None else 1 << 30, c.label, c.id) for c in records.concepts}
    tallest = max(len(column) for column in members)
    nodes = []
    for column, found in enumerate(members):
        ordered = sorted(found, key=lambda c: position.get(c, (1 << 30, c, c)))
        gap = _ROW * (tallest - 1) / (len(ordered) - 1) if len(ordered) > 1 else 0
        gap = min(gap, 2 * _ROW)
        for row, concept in enumerate(ordered):
            y = round((row - (len(ordered) - 1) / 2) * gap)
            tip = f"{labels.get(concept, concept)}\n{_NAMES[column].lower()} in {', '.join(found[concept])}"
            nodes.append(_Node(f"{'cmo'[column]} {concept}", labels.get(concept, concept), tip, (column - 1) * 520, y, ROLE_COLOURS[_COLUMNS[column][0]], _SHAPES[column], 11, (-1, 1, 1)[column]))  # fmt: skip
    most = max(counts.values(), default=0) or 1
    lines = [
        _Link(
            f"{'cm'[side]} {start}",
            f"{'mo'[side]} {end}",
            f"{labels.get(start, start)} → {labels.get(end, end)}\nin {', '.join(links[side, start, end])}\n{many(counts[side, start, end], 'article')}",
            1 + 7 * counts[side, start, end] / most,
            not counts[side, start, end],
            True,
        )
        for side, start, end in drawn
    ]
    rows = [
        (labels.get(a, a), labels.get(b, b), ", ".join(links[side, a, b]), str(counts[side, a, b]))
        for side, a, b in sorted(links, key=lambda key: (-counts[key], key))
    ]
    lead = "Contexts stand left (squares), mechanisms in the middle (diamonds), outcomes right (circles). A line joins what a configuration joins; its width is the number of articles with a passage that codes both, and it is dashed where no passage does. Counts are patterns, not causes."
    return _page(f"Theory map{': ' + name if name else ''}", lead, nodes, lines, ("From", "To", "Configurations", "Articles"), rows, len(links) - len(drawn))  # fmt: skip


def _articles(incidence: Incidence, key: tuple[int, str, str]) -> int:
    """Return how many articles have a passage that codes both ends of a link, each in its column's roles."""
    side, start, end = key
    index = incidence.concept_index
    if start not in index or end not in index:
        return 0
    first, second = (
        np.unique(np.concatenate([passages(incidence, role, index[concept]) for role in roles]))
        for concept, roles in ((start, _COLUMNS[side]), (end, _COLUMNS[side + 1]))
    )
    return len(np.unique(incidence.article[np.intersect1d(first, second)]))


def cooccurrence_map(table: Table) -> str:
    """Return the map of what is coded together.

    Parameters
    ----------
    table : Table
        The answer to `cooccurrence`: columns ``first``, ``second``, ``count``, ``jaccard``.

    Raises
    ------
    Refused
        If nothing occurs together.

    References
    ----------
    Gansner ER, Koren Y, North S (2005). Graph drawing by stress majorization. In: Graph Drawing (GD 2004), Lecture
    Notes in Computer Science 3383:239-250. doi:10.1007/978-3-540-31843-9_25
    """
    pairs: list[tuple[Thing, Thing, int, float]] = []
    totals: dict[str, int] = {}
    for row in table.records():
        first, second, count, jaccard = row["first"], row["second"], row["count"], row["jaccard"]
        if isinstance(first, Thing) and isinstance(second, Thing) and isinstance(count, int) and count > 0:
            pairs.append((first, second, count, float(jaccard) if isinstance(jaccard, int | float) else 0.0))
            for thing, column in ((first, "first_units"), (second, "second_units")):
                total = row.get(column)
                totals[thing.id] = total if isinstance(total, int) else 0
    if not pairs:
        raise Refused("there is nothing to draw: no two concepts occur together")
    pairs.sort(key=lambda p: (-p[2], -p[3], p[0].id, p[1].id))
    drawn = pairs[:MOST_LINKS]
    labels = {t.id: t.label for a, b, _, _ in pairs for t in (a, b)}
    shown = sorted({t.id for a, b, _, _ in drawn for t in (a, b)})
    number = {c: n for n, c in enumerate(shown)}
    # Everything has a distance to everything, so that parts without links between them stay on one sheet.
    apart = np.ones((len(shown), len(shown)))
    for first, second, _, jaccard in drawn:
        one, other = number[first.id], number[second.id]
        apart[one, other] = apart[other, one] = 1.0 - 0.75 * jaccard
    places = _laid_out(apart)
    scale = 75 * math.sqrt(len(shown))
    largest = max(totals.values(), default=1) or 1
    # Which role the concepts play is in the table's title; one role, one colour.
    role = next((r for r in ROLES if table.title.casefold().startswith(r)), "mechanism")
    shape = next(s for s, roles in zip(_SHAPES, _COLUMNS, strict=True) if role in roles)
    nodes = [
        _Node(c, labels[c], f"{labels[c]}\n{many(totals[c], 'article')}", round(float(places[n, 0]) * scale * 1.7), round(float(places[n, 1]) * scale), ROLE_COLOURS[role], shape, round(8 + 16 * math.sqrt(totals[c] / largest)))
        for n, c in enumerate(shown)
    ]  # fmt: skip
    most = drawn[0][2]
    lines = [
        _Link(
            a.id,
            b.id,
            f"{a.label} – {b.label}\n{many(n, 'article')}, Jaccard {j:.2f}",
            1 + 7 * (n / most) ** 2,
            dashed=False,
            arrow=False,
        )
        for a, b, n, j in drawn
    ]
    rows = [(a.label, b.label, str(n), f"{j:.2f}") for a, b, n, j in pairs]
    lead = (
        "Concepts near each other are often coded in the same articles; the width of a line is the number of articles, "
        "the size of a mark the articles that code the concept at all. Place and nearness come from a layout and mean "
        "nothing exact. Co-occurrence is a pattern of coding, not a cause."
    )
    return _page(
        table.title, lead, nodes, lines, ("One", "Other", "Articles", "Jaccard"), rows, len(pairs) - len(drawn)
    )


#: The layout has settled when a round makes the misfit smaller by less than this share; it always has before the limit.
_SETTLED, _MOST_ROUNDS = 1e-5, 500


def _laid_out(apart: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return places on a sheet, from -1 to 1, whose distances come as near to those wanted as they can.

    Stress majorization from a circle: each round puts every mark where all others, weighted by the square of how
    near they should be, would have it. (What networkx offers for this loads a second of scipy.)
    """
    count = len(apart)
    around = 2 * np.pi * np.arange(count) / count
    places = np.column_stack([np.cos(around), np.sin(around)])
    if count < 3:
        return places
    weight = apart**-2.0
    np.fill_diagonal(weight, 0.0)
    laplacian = np.diag(weight.sum(axis=1)) - weight
    solved = np.linalg.inv(laplacian[1:, 1:])
    before = np.inf
    for _ in range(_MOST_ROUNDS):
        difference = places[:, None, :] - places[None, :, :]
        distance = np.sqrt((difference**2).sum(axis=2))
        stress = float((weight * (distance - apart) ** 2).sum())
        if before - stress <= _SETTLED * stress:
            break
        before = stress
        pull = weight * apart / np.where(distance > 0, distance, 1.0)
        wanted = (pull[:, :, None] * difference).sum(axis=1)
        # Places are known up to a shift: the first mark is held, then the middle goes to the middle.
        places = np.vstack([np.zeros((1, 2)), solved @ wanted[1:]])
        places -= places.mean(axis=0)
    return np.asarray(places / np.abs(places).max())


_STYLE = (
    ":root{--ink:#1a1f24;--soft:#55606b;--line:#d5dbe1;--paper:#fff;--link:#0b5a95}"
    "*{box-sizing:border-box}body{font:1rem/1.55 system-ui,'Segoe UI','Helvetica Neue',Arial,'Noto Sans',sans-serif;color:var(--ink);"
    "background:var(--paper);max-width:70rem;margin:0 auto;padding:1.25rem;overflow-wrap:anywhere}"
    "h1{font-size:1.75rem;line-height:1.25;margin:.5rem 0}p{max-width:46rem;margin:.4rem 0 .85rem}.soft{color:var(--soft);font-size:.8125rem}"
    "#mynetwork{width:100%;height:min(var(--tall,40rem),85vh);min-height:18rem;border:1px solid var(--line);border-radius:4px;background:#fff}"
    "#told{white-space:pre-line;min-height:4.7em;border-left:3px solid var(--line);padding-left:.9rem}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9375rem;font-variant-numeric:tabular-nums}"
    "th,td{text-align:left;vertical-align:top;padding:.32rem .9rem .32rem 0;border-bottom:1px solid var(--line);overflow-wrap:break-word;max-width:24rem}th{font-size:.8125rem;overflow-wrap:normal}"
    "td.n,th.n{text-align:right}label{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}"
    "input{font:inherit;padding:.3rem .55rem;border:1px solid var(--soft);border-radius:4px;color:inherit;background:var(--paper)}"
    ":focus-visible{outline:2px solid var(--link);outline-offset:2px}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#a3adb7;--line:#39424b;--paper:#14181c;--link:#84c0ee;color-scheme:dark}}"
    "@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff}#mynetwork{height:auto;min-height:0;break-inside:avoid}.vis-network,canvas{width:100%!important;height:auto!important}label,#told{display:none}}"
)
# Plain event handlers: what is under the pointer is told in the page as text, never as markup.
_SCRIPT = """
(function () {
  var told = document.getElementById("told"), find = document.getElementById("find"), ask = told.textContent;
  function tell(ids, set) { var found = ids.map(function (i) { return set.get(i); }).filter(Boolean); return found.map(function (f) { return f.tip; }).join("\\n"); }
  // Names beside their marks, so that no line runs through them; where each stands, so that it can be clicked.
  var sided = nodes.get().filter(function (n) { return n.side; }), boxes = [], FONT = "17px Arial, Helvetica, sans-serif";
  function wide(ctx, n) {
    ctx.font = FONT;
    for (var letters = Array.from(n.name); letters.length > 3 && ctx.measureText(n.name).width > 260; n.name = letters.join("") + "\u2026") letters.pop();
    return ctx.measureText(n.name).width;
  }
  network.on("afterDrawing", function (ctx) {
    var at = network.getPositions(), chosen = network.getSelectedNodes();
    ctx.textBaseline = "middle"; ctx.lineJoin = "round"; ctx.strokeStyle = "#ffffff"; ctx.fillStyle = "#1a1a1a"; ctx.lineWidth = 5; ctx.textAlign = "left"; ctx.direction = "ltr";
    boxes = sided.map(function (n) {
      var w = wide(ctx, n), x = n.side < 0 ? at[n.id].x - 20 - w : at[n.id].x + 20;
      if (chosen.indexOf(n.id) >= 0) ctx.font = "bold " + FONT;
      ctx.strokeText(n.name, x, at[n.id].y); ctx.fillText(n.name, x, at[n.id].y);
      return { id: n.id, l: x, r: x + w, t: at[n.id].y - 12, b: at[n.id].y + 12 };
    });
  });
  function fit() {
    if (!sided.length) return network.fit({ animation: false });
    var ctx = document.createElement("canvas").getContext("2d"), box = network.canvas.body.container, l = 0, r = 0, t = 0, b = 0;
    sided.forEach(function (n) {
      var w = wide(ctx, n) + 34;
      l = Math.min(l, n.x - (n.side < 0 ? w : 20)); r = Math.max(r, n.x + (n.side > 0 ? w : 20)); t = Math.min(t, n.y - 30); b = Math.max(b, n.y + 30);
    });
    // In a narrow window names stay large enough to read: the left comes first, the rest by dragging.
    var scale = Math.max(Math.min(box.clientWidth / (r - l), box.clientHeight / (b - t), 1.15), 0.6), seen = box.clientWidth / scale;
    network.moveTo({ position: { x: seen < r - l ? l + seen / 2 : (l + r) / 2, y: (t + b) / 2 }, scale: scale, animation: false });
  }
  network.on("click", function (p) {
    var c = p.pointer.canvas, on = p.nodes.length ? null : boxes.find(function (x) { return c.x > x.l && c.x < x.r && c.y > x.t && c.y < x.b; });
    if (on) { network.selectNodes([on.id]); p = { nodes: [on.id], edges: [] }; }
    var words = p.nodes.length ? tell(p.nodes, nodes) + "\\n" + tell(network.getConnectedEdges(p.nodes[0]), edges).split("\\n").filter(function (l) { return /[\\u2192\\u2013]/.test(l); }).join("\\n") : tell(p.edges, edges);
    told.textContent = words || ask;
  });
  network.on("hoverNode", function (p) { network.canvas.body.container.style.cursor = "pointer"; });
  network.on("blurNode", function (p) { network.canvas.body.container.style.cursor = ""; });
  function fold(t) { return t.normalize("NFD").replace(/[\\u0300-\\u036f]/g, "").toLowerCase(); }
  find.addEventListener("input", function () {
    var term = fold(find.value.trim()), hit = term ? nodes.get().filter(function (n) { return fold(n.tip).indexOf(term) >= 0; }).map(function (n) { return n.id; }) : [];
    network.selectNodes(hit);
    told.textContent = hit.length ? tell(hit, nodes) : term ? "Nothing is called so." : ask;
    Array.prototype.forEach.call(document.querySelectorAll("tbody tr"), function (r) { r.hidden = Boolean(term) && fold(r.textContent).indexOf(term) < 0; });
  });
  fit();
  document.documentElement.dataset.drawn = "yes";
  window.addEventListener("resize", fit);
})();
"""

# The library is unpacked by the browser; scripts that need it wait until it is there.
_START = """
(async function () {
  function run(code) { var s = document.createElement("script"); s.textContent = code; document.body.appendChild(s); }
  try {
    var packed = atob(document.querySelector("script[type='text/compressed']").textContent), bytes = new Uint8Array(packed.length);
    for (var n = 0; n < packed.length; n++) bytes[n] = packed.charCodeAt(n);
    run(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text());
    document.querySelectorAll("script[type='text/later']").forEach(function (s) { run(s.textContent); });
  } catch (error) {
    document.getElementById("told").textContent = "This browser is too old to draw the map; the table says the same.";
  }
})();
"""


def _page(
    title: str,
    lead: str,
    nodes: Sequence[_Node],
    links: Sequence[_Link],
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    left_out: int,
) -> str:
    number = [head in ("Articles", "Jaccard") for head in heads]
    head = "".join(
        f'<th scope="col"{" class=n" if n else ""}>{escape(h)}</th>' for h, n in zip(heads, number, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{' class=n' if n else ''}>{'' if n else '<bdi>'}{escape(v)}{'' if n else '</bdi>'}</td>"
            for v, n in zip(row, number, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    hidden = (
        f' <span class="soft">{left_out:,} weaker links are not drawn; the table has them all.</span>'
        if left_out
        else ""
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n<p>{escape(lead)}{hidden}</p>\n"
        '<label>Find <input id="find" type="search" autocomplete="off"></label>\n'
        '<p id="told" role="status">Select a mark or a line to read what is behind it. Drag to move, scroll to zoom.</p>\n'
        f'<div id="mynetwork" role="img" aria-label="Map; the table below says the same"{_height(nodes)}></div>\n'
        "<noscript><p>The map needs JavaScript; the table says the same.</p></noscript>\n"
        f'<h2>The same as a table</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="Links">\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n</main>\n'
        "<!-- The first script is vis-network, compressed (zlib, base64): https://visjs.org, Apache-2.0 or MIT. -->\n"
        f'<script type="text/compressed">{_library()}</script>\n'
        f'<script type="text/later">{_drawing(nodes, links)}</script>\n<script type="text/later">{_SCRIPT}</script>\n'
        f"<script>{_START}</script>\n</body>\n</html>\n"
    )


def _height(nodes: Sequence[_Node]) -> str:
    """Return the height that the rows of a map with names beside its marks need, if it is one."""
    sided = [n for n in nodes if n.side is not None]
    tall = max((n.y for n in sided), default=0) - min((n.y for n in sided), default=0)
    return f' style="--tall:{(tall * 0.8 + 80) / 16:.1f}rem"' if sided else ""


@cache
def _library() -> str:
    """Return the vis-network that pyvis brings, at a third of its size: most of a map's bytes are this."""
    import pyvis

    brought = sorted((Path(pyvis.__file__).parent / "lib").glob("vis-9.1*/vis-network.min.js"))
    library = re.sub(r"//# sourceMappingURL=\S*", "", brought[-1].read_text("utf-8")).strip("\n ")
    return base64.b64encode(zlib.compress(library.encode(), 9)).decode()


def _drawing(nodes: Sequence[_Node], links: Sequence[_Link]) -> str:
    """Return the script with which pyvis draws the map."""
    from pyvis.network import Network

    # The page that pyvis makes is not used, nor what it links to: only the script in it.
    made = Network(height="100%", width="100%", directed=True, cdn_resources="remote")
    for n in nodes:
        # No `title`: pyvis turns those that hold "href" into markup. What is told of a mark is in `tip`.
        made.add_node(
            n.key,
            label=_short(n.label) if n.side is None else " ",
            name=_short(n.label),
            side=n.side,
            shape=n.shape,
            x=n.x,
            y=n.y,
            size=n.size,
            tip=n.tip,
            color={"background": n.colour, "border": INK, "highlight": {"background": n.colour, "border": "#000000"}, "hover": {"background": n.colour, "border": "#000000"}},
            font={"size": 17, "color": INK, "face": "Arial, Helvetica, sans-serif", "strokeWidth": 4, "strokeColor": "#ffffff"},
        )  # fmt: skip
    for number, link in enumerate(links):
        made.add_edge(
            link.start,
            link.end,
            id=number,
            width=round(link.width, 2),
            tip=link.tip,
            dashes=link.dashed,
            arrows="to" if link.arrow else "",
            color={"color": SOFT, "opacity": 0.45, "highlight": INK, "hover": INK, "inherit": False},
        )
    options: dict[str, Any] = {
        "physics": {"enabled": False},
        "layout": {"improvedLayout": False, "randomSeed": 1},
        "nodes": {"borderWidth": 1.2, "fixed": False},
        "edges": {"smooth": {"enabled": True, "type": "cubicBezier", "forceDirection": "horizontal", "roundness": 0.45} if any(li.arrow for li in links) else False, "arrowStrikethrough": False, "arrows": {"to": {"scaleFactor": 0.5}}},
        "interaction": {"hover": True, "keyboard": {"enabled": True, "bindToWindow": False}, "multiselect": False},
    }  # fmt: skip
    made.set_options(json.dumps(options))
    html = made.generate_html(notebook=False)
    scripts = [m[1] for m in re.finditer(r"<script(?: type=\"text/javascript\")?>(.*?)</script>", html, re.DOTALL)]
    drawing = next(s for s in scripts if "drawGraph()" in s and "new vis.DataSet" in s)
    return "\n".join(line.strip() for line in drawing.splitlines() if line.strip())
