"""Inference by CONSTRUCT, rule by rule, each into a named graph of its own; HermiT on demand.

The rules are files in ``queries/infer/``, run in the order of their names until
nothing new follows. An inferred statement never mixes with what a person
recorded: it lies in the graph of the rule that says so, and :func:`why` gives
its premises, which may be inferred themselves and asked again.
"""

from __future__ import annotations

__all__ = ["Explanation", "Rule", "as_owlready", "infer", "inferred_graph", "rules", "unsatisfiable", "why"]

import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from eaa_graph.errors import EaaError, StoreUnavailable
from eaa_graph.resources import folder
from eaa_graph.store import Store
from eaa_graph.vocabulary import ONTOLOGY, PREFIXES, Term, graph_iri, iri

#: A rule that still finds something after this many rounds feeds itself.
_MOST_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Rule:
    """One inference rule.

    Attributes
    ----------
    name : str
        File name without its number and suffix.
    summary : str
        The rule in plain words.
    sparql : str
        The CONSTRUCT query.
    concludes, premises : str
        Triple patterns over the query's variables: what follows, and from what.
    """

    name: str
    summary: str
    sparql: str
    concludes: str
    premises: str

    @property
    def body(self) -> str:
        """The graph pattern between the braces of WHERE."""
        inside = self.sparql[self.sparql.index("WHERE") + 5 :]
        return inside[inside.index("{") + 1 : inside.rindex("}")]


class Explanation(NamedTuple):
    """Why an inferred statement holds: a rule and one set of premises."""

    rule: str
    summary: str
    premises: tuple[tuple[Term, Term, Term], ...]


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules in the order in which they run."""
    found = []
    for path in sorted((folder("queries") / "infer").glob("*.rq")):
        text = path.read_text("utf-8")
        header = dict(re.findall(r"^#\+ ([a-z]+): (.*)$", text, re.MULTILINE))
        try:
            name = path.stem.partition("-")[2]
            found.append(Rule(name, header["summary"], text, header["concludes"], header["premises"]))
        except KeyError as missing:
            raise EaaError(f"{path.name}: the header lacks '#+ {missing.args[0]}:'") from None
    return tuple(found)


def inferred_graph(base: str, rule: str) -> str:
    """Return the IRI of the graph that holds what `rule` infers for the review at `base`."""
    return graph_iri(base, "inferred", rule)


def infer(store: Store, base: str) -> dict[str, int]:
    """Add everything that follows from `store`; return how many statements each rule added.

    The ontology must be in the store. Statements that are recorded already are
    not repeated as inferred.

    Parameters
    ----------
    store : Store
    base : str
        Base of the review's IRIs.
    """
    # Lines of N-Triples throughout: a triple of terms each would take most of the time.
    known = {line for graph in store.graphs() for line in store.lines(graph)}
    # What the ontology says of itself is not the review's business.
    schema = {line.partition(" ")[0] for line in store.lines(ONTOLOGY)}
    added = {rule.name: 0 for rule in rules()}
    for _ in range(_MOST_ROUNDS):
        news = 0
        for rule in rules():
            fresh = [
                line
                for line in store.construct_lines(rule.sparql) - known
                if line.partition(" ")[0] not in schema and not line.split(" ", 2)[2].startswith("_:")
            ]
            known.update(fresh)
            store.add_lines(sorted(fresh), inferred_graph(base, rule.name))
            added[rule.name] += len(fresh)
            news += len(fresh)
        if not news:
            return added
    raise EaaError(f"inference did not come to an end after {_MOST_ROUNDS} rounds: a rule feeds itself")


def why(store: Store, base: str, statement: tuple[Term, Term, Term]) -> list[Explanation]:
    """Return every way in which an inferred statement follows, as rule and premises.

    Parameters
    ----------
    store : Store
        After :func:`infer`.
    base : str
    statement : tuple of three Terms

    Returns
    -------
    list of Explanation
        Empty when the statement is not inferred (recorded, or not there at all).
    """
    found: list[Explanation] = []
    for rule in rules():
        graph = inferred_graph(base, rule.name)
        s, p, o = statement
        if not store.ask(f"ASK {{ GRAPH <{graph}> {{ {s} {p} {o} }} }}"):
            continue
        places = rule.concludes.split()
        bound = [(place, term) for place, term in zip(places, statement, strict=True) if place.startswith("?")]
        fixed = " ".join(f"VALUES {place} {{ {term} }}" for place, term in bound)
        patterns = [pattern.split() for pattern in rule.premises.split(" . ")]
        wanted = sorted({place for pattern in patterns for place in pattern if place.startswith("?")})
        answer = store.select(
            f"SELECT DISTINCT {' '.join(wanted)} WHERE {{ {fixed} {rule.body} }} ORDER BY {' '.join(wanted)}"
        )
        for row in answer.rows:
            values = dict(zip((f"?{v}" for v in answer.variables), row, strict=True))
            premises = tuple((_filled(a, values), _filled(b, values), _filled(c, values)) for a, b, c in patterns)
            if statement not in premises:
                found.append(Explanation(rule.name, rule.summary, premises))
    return found


def _filled(place: str, values: dict[str, Term | None]) -> Term:
    if place.startswith("?"):
        term = values[place]
        if term is None:
            raise EaaError(f"a rule leaves {place} open")
        return term
    prefix, _, local = place.partition(":")
    return iri(PREFIXES[prefix] + local)


def unsatisfiable(store: Store, memory_mb: int = 2000) -> list[str]:
    """Ask HermiT (through owlready2) whether ontology and data agree.

    Parameters
    ----------
    store : Store
        With the ontology loaded.
    memory_mb : int
        Memory for the Java process.

    Returns
    -------
    list of str
        IRIs of classes that can have no member; ``["inconsistent"]`` when nothing can satisfy ontology and data at once.

    Raises
    ------
    StoreUnavailable
        If Java is not installed.
    """
    import shutil

    import owlready2

    if shutil.which("java") is None:
        raise StoreUnavailable("the reasoner HermiT needs Java, which is not installed here")
    owlready2.JAVA_MEMORY = memory_mb
    world = as_owlready(store).world
    try:
        with world.get_ontology(ONTOLOGY + "/inferred"):
            owlready2.sync_reasoner_hermit(world, debug=0)
    except owlready2.OwlReadyInconsistentOntologyError:
        return ["inconsistent"]
    return sorted(str(c.iri) for c in world.inconsistent_classes())


def as_owlready(store: Store) -> Any:
    """Return everything in `store` as an owlready2 ontology in a world of its own."""
    import owlready2

    # owlready2 reads no Turtle; N-Triples it reads only from a file.
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "graph.nt"
        path.write_text("".join(f"{s} {p} {o} .\n" for s, p, o, _ in store.quads()), "utf-8")
        world = owlready2.World()
        world.get_ontology(path.as_uri()).load()
    return world.get_ontology(ONTOLOGY)
