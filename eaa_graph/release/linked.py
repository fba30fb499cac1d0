"""Triples on their way into files: stable names for blank nodes, JSON-LD with its context inside.

References
----------
JSON-LD 1.1, https://www.w3.org/TR/json-ld11/.
"""

from __future__ import annotations

__all__ = ["Triple", "context", "jsonld", "named_blanks", "of_file", "of_graph", "pretty", "turtle"]

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from eaa_graph.resources import folder
from eaa_graph.store import OxigraphStore, Store, serialise
from eaa_graph.vocabulary import PREFIXES, RDF, XSD, Literal, Quad, Term, read_term

#: Subject, predicate and object.
Triple = tuple[Term, Term, Term]

_NO_GRAPH = Term("")


def of_graph(store: Store, graph: str) -> list[Triple]:
    """Return the triples of one named graph, sorted, with stable names for blank nodes."""
    return named_blanks((q.subject, q.predicate, q.object) for q in store.quads(graph))


@cache
def of_file(path: Path) -> tuple[Triple, ...]:
    """Return the triples of a Turtle file, sorted, with stable names for blank nodes."""
    store = OxigraphStore()
    store.add_file(path, "urn:file")
    return tuple(of_graph(store, "urn:file"))


def named_blanks(triples: Iterable[Triple]) -> list[Triple]:
    """Return `triples` sorted, each blank node named after what it says and where it hangs.

    Parsers number blank nodes as they like; two runs would differ. Nodes that hang in trees, as lists and
    the axioms of OWL do, are told apart by their contents and the node above them.
    """
    found = list(triples)
    about: dict[Term, list[tuple[Term, Term]]] = defaultdict(list)
    above: dict[Term, tuple[Term, Term]] = {}
    for s, p, o in found:
        if s.startswith("_:"):
            about[s].append((p, o))
        if o.startswith("_:"):
            above[o] = min(above.get(o, (s, p)), (s, p), key=lambda place: place[1])

    @cache
    def content(node: Term) -> str:
        parts = sorted(f"{p} {content(o) if o.startswith('_:') else o}" for p, o in about[node])
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cache
    def name(node: Term) -> Term:
        s, p = above.get(node, (_NO_GRAPH, _NO_GRAPH))
        place = f"{name(s) if s.startswith('_:') else s} {p} {content(node)}"
        return Term("_:b" + hashlib.sha256(place.encode()).hexdigest()[:16])

    def renamed(term: Term) -> Term:
        return name(term) if term.startswith("_:") else term

    return sorted({(renamed(s), p, renamed(o)) for s, p, o in found})


def turtle(triples: Iterable[Triple], form: str = "ttl") -> bytes:
    """Write triples, sorted, in a format without named graphs."""
    return serialise((Quad(*t, _NO_GRAPH) for t in sorted(set(triples))), form)


_LOCAL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def pretty(graphs: Mapping[str, Iterable[Triple]], prefixes: Mapping[str, str]) -> str:
    """Write graphs as TriG (Turtle, when all is in the graph called ``""``) with prefixes of one's own.

    Parameters
    ----------
    graphs : mapping of str to iterable of Triple
        By IRI, in the order in which they are written.
    prefixes : mapping of str to str
        Beside those every file of ours declares; only what is used is declared.
    """
    known = sorted({**PREFIXES, **prefixes}.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    used: dict[str, str] = {}

    def short(term: str) -> str:
        if term.startswith("<"):
            for name, value in known:
                if term.startswith("<" + value) and _LOCAL.fullmatch(term, len(value) + 1, len(term) - 1):
                    used[name] = value
                    return f"{name}:{term[len(value) + 1 : -1]}"
        elif term.startswith('"') and term.endswith(">"):
            text, _, kind = term.rpartition("^^")
            return f"{text}^^{short(kind)}"
        return term

    parts = []
    for graph, triples in graphs.items():
        by_subject: dict[Term, dict[Term, list[Term]]] = {}
        for s, p, o in sorted(set(triples), key=lambda t: (t[0], t[1] != f"<{RDF}type>", t[1], t[2])):
            by_subject.setdefault(s, {}).setdefault(p, []).append(o)
        blocks = []
        for s, said in by_subject.items():
            pairs = [
                f"{'a' if p == f'<{RDF}type>' else short(p)} {', '.join(short(o) for o in values)}"
                for p, values in said.items()
            ]
            blocks.append(f"{short(s)} " + " ;\n    ".join(pairs) + " .\n")
        body = "\n".join(blocks)
        parts.append(f"{short(f'<{graph}>')} {{\n{body}}}\n" if graph else body)
    head = "".join(f"@prefix {name}: <{value}> .\n" for name, value in sorted(used.items()))
    return f"{head}\n" + "\n".join(parts)


# --- JSON-LD -------------------------------------------------------------------------------------


@cache
def context() -> dict[str, Any]:
    """Return the JSON-LD context of the ontology, as shipped."""
    read: dict[str, Any] = json.loads((folder("ontology") / "context.jsonld").read_text("utf-8"))["@context"]
    return read


class _Compact:
    """Finds the short name that the context has for a property, a class or a word."""

    def __init__(self, extra: Mapping[str, str]) -> None:
        self.context = {**context(), **extra}
        self.prefixes = sorted(
            (
                (value, name)
                for name, value in self.context.items()
                if isinstance(value, str) and value.startswith("http") and value[-1] in "#/"
            ),
            key=lambda pair: (-len(pair[0]), pair),
        )
        #: IRI to the terms that mean it, with the type each gives its values.
        self.terms: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, entry in sorted(self.context.items()):
            if name.startswith("@") or name in ("id", "type"):
                continue
            meant = entry if isinstance(entry, str) else entry.get("@id", "")
            kind = "" if isinstance(entry, str) else entry.get("@type", "")
            if not (isinstance(entry, str) and entry.startswith("http")):
                self.terms[self.expand(meant)].append((name, self.expand(kind) if ":" in kind else kind))
        self.seen: dict[str, str] = {}

    def declared(self, nodes: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the part of the context that `nodes` use."""
        used = {"@version", "id", "type"}

        def note(short: str) -> None:
            used.add(short)
            used.add(short.partition(":")[0])
            entry = self.context.get(short)
            for written in (entry,) if isinstance(entry, str) else (entry or {}).values():
                if isinstance(written, str):
                    used.add(written.partition(":")[0])

        def walk(node: dict[str, Any]) -> None:
            for key, value in node.items():
                if key == "@graph":
                    for inner in value:
                        walk(inner)
                    continue
                note(key)
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, dict):
                        note(str(one.get("@type", "")))
                    elif isinstance(one, str) and (one in self.context or key == "type" or len(one) < 80):
                        note(one)

        for node in nodes:
            walk(node)
        return {name: entry for name, entry in self.context.items() if name in used}

    def expand(self, short: str) -> str:
        prefix, colon, rest = short.partition(":")
        base = self.context.get(prefix)
        return base + rest if colon and not rest.startswith("//") and isinstance(base, str) else short

    def name(self, iri: str) -> str:
        """Return the short name of a class or word: a term, prefix:local, or the whole IRI."""
        if iri not in self.seen:
            plain = [name for name, _ in self.terms.get(iri, ())]
            self.seen[iri] = plain[0] if plain else self._prefixed(iri)
        return self.seen[iri]

    def _prefixed(self, iri: str) -> str:
        for value, name in self.prefixes:
            if iri.startswith(value) and len(iri) > len(value) and not iri[len(value) :].startswith("//"):
                return f"{name}:{iri[len(value) :]}"
        return iri

    def entry(self, predicate: str, value: Term) -> tuple[str, Any]:
        """Return the key and the value that say `predicate value`."""
        terms = self.terms.get(predicate, [])
        read = read_term(value)
        if not isinstance(read, Literal):
            for name, kind in terms:
                if kind == "@id":
                    return name, read
                if kind == "@vocab":
                    return name, self.name(read)
            return self._key(predicate, terms), {"@id": read}
        if read.language:
            return self._key(predicate, terms), {"@value": read.value, "@language": read.language}
        for name, kind in terms:
            if kind == (read.datatype if read.datatype != XSD + "string" else ""):
                return name, read.value
        if read.datatype == XSD + "string":
            return self._key(predicate, terms), (read.value if not terms or not terms[0][1] else {"@value": read.value})
        return self._key(predicate, terms), {"@value": read.value, "@type": self._prefixed(read.datatype)}

    def _key(self, predicate: str, terms: list[tuple[str, str]]) -> str:
        # A value object says its own type, so any term will do; one without a type of its own reads best.
        plain = [name for name, kind in terms if not kind] or [name for name, _ in terms]
        return plain[0] if plain else self._prefixed(predicate)


@cache
def _compact(prefixes: tuple[tuple[str, str], ...]) -> _Compact:
    return _Compact(dict(prefixes))


def _nodes(triples: Iterable[Triple], compact: _Compact) -> list[dict[str, Any]]:
    nodes: dict[str, dict[str, Any]] = {}
    for s, p, o in sorted(set(triples)):
        subject = read_term(s)
        node = nodes.setdefault(str(subject), {"id": str(subject)})
        predicate = str(read_term(p))
        if predicate == RDF + "type" and not o.startswith(("_:", '"')):
            key, value = "type", compact.name(str(read_term(o)))
        else:
            key, value = compact.entry(predicate, o)
        held = node.get(key)
        if held is None:
            node[key] = value
        elif isinstance(held, list):
            held.append(value)
        else:
            node[key] = [held, value]
    return list(nodes.values())


def jsonld(
    triples: Iterable[Triple] = (),
    graphs: Mapping[str, Iterable[Triple]] | None = None,
    prefixes: Mapping[str, str] | None = None,
    indent: int | None = 1,
) -> str:
    """Write triples, and named graphs, as JSON-LD with its context inside: readable with no look-up anywhere.

    Parameters
    ----------
    triples : iterable of Triple
        The default graph.
    graphs : mapping of str to iterable of Triple, optional
        Named graphs by IRI.
    prefixes : mapping of str to str, optional
        Further prefixes for the context.
    indent : int or None
        As for :func:`json.dumps`.

    Notes
    -----
    Numbers and truth values are written as text under a term that gives their type, so that their spelling survives.
    """
    compact = _compact(tuple(sorted((prefixes or {}).items())))
    nodes = _nodes(triples, compact)
    nodes += [{"id": name, "@graph": _nodes(graph, compact)} for name, graph in sorted((graphs or {}).items())]
    document = {"@context": compact.declared(nodes), "@graph": nodes}
    return json.dumps(document, ensure_ascii=False, indent=indent) + "\n"
