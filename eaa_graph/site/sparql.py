"""The SPARQL page: the review's graph, its questions, and an engine that runs in the reader's browser.

A page opened from disk may not fetch files, so the graph and the engine are scripts too, packed to be small. The
engine is Oxigraph, the same that answers on the command line, compiled to WebAssembly (see ``vendor/NOTICE.md``).
"""

from __future__ import annotations

__all__ = ["FOLDER", "MOST_QUADS", "Queryable", "files"]

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files as _resource
from typing import Any

from eaa_graph import queries
from eaa_graph.queries import Names, Question
from eaa_graph.resources import folder
from eaa_graph.site.data import script
from eaa_graph.store import Store
from eaa_graph.vocabulary import EAA, ONTOLOGY, PREFIXES, graph_iri, iri

#: Where the page's own files lie in a site.
FOLDER = "assets/sparql"
#: Above so many quads the page is left out: a browser would take long to load them, and the file would be large.
MOST_QUADS = 200_000
_HEADER = re.compile(r"^#\+.*\n", re.MULTILINE)
_OWN = ("page.js", "page.css")
_VENDORED = ("xz.js", "oxigraph.js", "yasgui.js", "NOTICE.md")


@dataclass(frozen=True)
class Queryable:
    """What the page answers from.

    Attributes
    ----------
    store : Store
        With nothing in it that the site must not show: all of it but what was inferred goes into the page.
    names : Names
        What the things in it are called.
    paths : mapping of str to str
        Page about a thing, by the thing's IRI, from the top of the site.
    """

    store: Store
    names: Names
    paths: Mapping[str, str]

    @property
    def graphs(self) -> list[str]:
        """The graphs that the command line asks, too: no count depends on what was inferred."""
        inferred = graph_iri(self.names.base, "inferred")
        return [g for g in self.store.graphs() if not g.startswith(inferred)]

    @property
    def fits(self) -> bool:
        """Whether it is small enough for a browser."""
        return sum(1 for g in self.graphs for _ in self.store.quads(g)) <= MOST_QUADS


def files(asked: Queryable) -> Iterator[tuple[str, str]]:
    """Yield what the page needs beside its HTML, as (path, text): engine, editor, graph, questions, its own script."""
    yield f"{FOLDER}/questions.js", script("questions", _packed(_json(_catalogue(asked.names))))
    yield f"{FOLDER}/graph.js", _graph(asked)
    package = _resource("eaa_graph.site")
    for name in _OWN:
        yield f"{FOLDER}/{name}", (package / "assets" / "sparql" / name).read_text("utf-8")
    for name in _VENDORED:
        yield f"{FOLDER}/{name}", (package / "vendor" / name).read_text("utf-8")


def _packed(content: bytes) -> str:
    """Return bytes as text that JSON and JavaScript leave alone; base 85 is a twelfth shorter than base 64."""
    return base64.b85encode(zlib.compress(content, 9)).decode("ascii")


def _graph(asked: Queryable) -> str:
    base, known = asked.names.base, asked.names.things
    told = {
        name.removeprefix(base): [known[name].label if name in known else "", asked.paths.get(name, "")]
        for name in sorted({*known, *asked.paths})
        if name.startswith(base)
    }
    graphs = asked.graphs
    record = asked.store.dump("trig", [g for g in graphs if g != ONTOLOGY])
    # As its file has it: a store calls blank nodes by other names every time, and equal reviews give equal bytes.
    ontology = (folder("ontology") / "eaa.ttl").read_bytes() if ONTOLOGY in graphs else b""
    return "".join(
        script(name, _packed(content))
        for name, content in (("graph", record), ("ontology", ontology), ("things", _json(told)))
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _catalogue(known: Names) -> dict[str, Any]:
    shipped: dict[str, Question] = {**queries.questions(), **queries.questions("gaps")}
    wanted = {p.kind for q in shipped.values() for p in q.parameters}
    choices: dict[str, list[tuple[str, str]]] = {
        kind: [(iri(f"{EAA}{kind}-{word}"), word) for word in words] for kind, words in queries.WORDS.items()
    }
    for kind in sorted(wanted - {*choices, "text", "number"}):
        named = "concept" if kind == "theme" else kind
        members = [
            (thing.label.casefold(), thing.label, thing.id, name)
            for name, thing in known.things.items()
            if thing.kind == named
        ]
        labels = [label for _, label, _, _ in members]
        choices[kind] = [
            (iri(name), f"{label} ({identifier})" if labels.count(label) > 1 else label)
            for _, label, identifier, name in sorted(members)
        ]
    return {
        "base": known.base,
        "terms": EAA,
        "ontology": ONTOLOGY,
        "prefixes": "".join(f"PREFIX {name}: <{value}>\n" for name, value in PREFIXES.items()),
        "choices": choices,
        "questions": [_told(q, known, q.name in queries.questions("gaps")) for q in shipped.values()],
    }


def _told(asked: Question, known: Names, of_gaps: bool) -> dict[str, Any]:
    def default(kind: str, text: str) -> str:
        if kind == "person" and text == "preferred":
            return iri(known.find("person", known.preferred_coder)) if known.preferred_coder else ""
        return "" if text in ("all", "required") else text

    return {
        "name": asked.name,
        "title": asked.summary,
        "about": asked.description,
        "counted": ", out of ".join(p for p in (asked.unit, asked.denominator) if p),
        "gaps": of_gaps,
        "sparql": _HEADER.sub("", asked.sparql).strip() + "\n",
        "columns": [[c.name, c.title, c.meaning] for c in asked.columns],
        "parameters": [
            {
                "name": p.name,
                "kind": p.kind,
                "meaning": p.meaning,
                "needed": p.default == "required",
                "default": default(p.kind, p.default),
            }
            for p in asked.parameters
        ],
    }
