"""What the site's few lines of JavaScript read: the search index, the explorer's columns, the words of passages.

A page opened from disk may not fetch files, so these are scripts: each calls ``EAA(name, value)``. Words of
passages are in shards that are loaded only when they are shown or searched.
"""

from __future__ import annotations

__all__ = ["SHARD", "scripts"]

import json
from collections.abc import Iterator
from typing import Any

from eaa_graph.model import STANCES, slot_concepts
from eaa_graph.site.grouping import Grouped
from eaa_graph.theory.sentences import arrow, sentence

#: Passages in one shard: a few hundred kilobytes.
SHARD = 1000
#: Which roles stand in which column of the explorer.
_COLUMNS = (("context", "intervention", "actor"), ("mechanism", "resource", "reasoning"), ("outcome",))


def script(name: str, value: Any) -> str:
    r"""Return a script that hands `value` to the page; nothing in it can end the script or start another.

    Examples
    --------
    >>> script("x", "</script>")
    '(window.EAA=window.EAA||{})["x"]="\\u003c/script>";\n'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"(window.EAA=window.EAA||{{}})[{json.dumps(name)}]={text};\n"


def scripts(g: Grouped) -> Iterator[tuple[str, str]]:
    """Yield every script of data as (path, text)."""
    ordered = sorted(g.records.extractions, key=lambda e: (e.article, e.id))
    shards = -(-len(ordered) // SHARD)
    for number in range(shards):
        members = ordered[number * SHARD : (number + 1) * SHARD]
        yield (
            f"assets/passages-{number}.js",
            script(
                f"passages-{number}",
                [[e.id, e.quote or "", e.note or "", e.locator or "", g.path("extraction", e.id)] for e in members],
            ),
        )
    yield "assets/explorer-data.js", script("explorer", _explorer(g, ordered))
    yield "assets/search-index.js", script("index", {"entries": _index(g), "shards": shards})


def _explorer(g: Grouped, ordered: list[Any]) -> dict[str, Any]:
    concepts = [c.id for c in g.records.concepts]
    place = {c: n for n, c in enumerate(concepts)}
    articles = {a: n for n, a in enumerate(g.articles)}
    coders = sorted({e.coder or "" for e in ordered})
    coder = {c: n for n, c in enumerate(coders)}
    theme = {t: n for n, t in enumerate(g.themes)}
    columns: list[list[list[int]]] = [[], [], []]
    for e in ordered:
        for number, roles in enumerate(_COLUMNS):
            columns[number].append([place[c] for role in roles for c in e.codes(role)])
    order = {c: n for n, c in enumerate(g.in_order(concepts))}
    return {
        "articles": [[a.id, a.title or "", g.path("article", a.id)] for a in g.records.articles],
        "concepts": [[c, g.labels[c], g.path("concept", c), order[c]] for c in concepts],
        "themes": [[t, g.labels[t]] for t in g.themes],
        "coders": coders,
        "counted": coder.get(g.coder, -1),
        "stances": list(STANCES),
        "configurations": [
            [
                k.id,
                sentence(k, g.labels),
                g.path("configuration", k.id),
                [[place[c] for role in roles for c in slot_concepts(k.slot(role)) if c in place] for roles in _COLUMNS],
            ]
            for k in g.records.configurations
        ],
        "theories": [[v.id, v.label, [k.id for k in v.configurations]] for v in g.history.versions],
        "shard": SHARD,
        "x": {
            "a": [articles[e.article] for e in ordered],
            "t": [theme.get(e.theme, -1) if e.theme else -1 for e in ordered],
            "k": [coder[e.coder or ""] for e in ordered],
            "s": [STANCES.index(e.stance) if e.stance else -1 for e in ordered],
            "c": columns[0],
            "m": columns[1],
            "o": columns[2],
        },
    }


def _index(g: Grouped) -> list[list[str]]:
    """Return [kind, title, further words, path] of everything that has a page."""
    records = g.records
    found: list[list[str]] = []
    for c in records.concepts:
        kind = "theme" if c.id in g.only_themes else "concept"
        words = " · ".join(w for w in (c.definition, *c.synonyms, c.group, c.id if c.id != c.label else "") if w)
        found.append([kind, c.label, words, g.path("concept", c.id)])
    found += [
        [
            "configuration",
            k.id,
            " · ".join(w for w in (k.statement, arrow(k, g.labels)) if w),
            g.path("configuration", k.id),
        ]
        for k in records.configurations
    ]
    found += [["theory version", v.label, v.summary, g.path("theory", v.id)] for v in g.history.versions]
    for a in records.articles:
        words = " · ".join(str(w) for w in (a.authors, a.year, a.journal, a.doi, a.id) if w)
        found.append(["article", a.title or a.id, words, g.path("article", a.id)])
    found += [["gap", gap.subject, f"{gap.type} · {gap.id}", g.path("gap", gap.id)] for gap in g.gaps]
    for q in g.material.questions:
        found.append(["question", q.title, q.name, f"question/{q.name}.html"])
    return found
