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
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, cast

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

    The store answers what a rule asks of the ontology (which property lies above
    which, say). What that means for the statements of the review is worked out
    here on pairs of subject and object, and at each of its turns a rule looks
    only at what came since its last one (semi-naive evaluation; Abiteboul, Hull
    and Vianu 1995, *Foundations of Databases*, chapter 13). The rules themselves
    stay SPARQL, which any engine can run; both ways come to the same conclusions.

    Parameters
    ----------
    store : Store
    base : str
        Base of the review's IRIs.

    Raises
    ------
    EaaError
        If the rules do not come to an end.
    """
    plans = {rule.name: _steps(rule, store) for rule in rules()}
    # What the ontology says of itself is not the review's business.
    schema = {line.partition(" ")[0] for line in store.lines(ONTOLOGY)}
    known = _Known((step for steps in plans.values() for step in steps), schema)
    for graph in store.graphs():
        known.read(store.lines(graph))
    found: dict[str, list[str]] = {name: [] for name in plans}
    for _ in range(_MOST_ROUNDS):
        news = 0
        for name, steps in plans.items():
            # All of a rule's conclusions first, then told to the others: within a turn no rule feeds itself.
            concluded: dict[str, list[_Pair]] = {}
            for step in steps:
                concluded.setdefault(step.predicate, []).extend(step.turn(known))
            for predicate, pairs in concluded.items():
                fresh = known.add(predicate, pairs)
                found[name] += [f"{s} {predicate} {o} ." for s, o in fresh]
                news += len(fresh)
        if not news:
            for name, lines in found.items():
                if lines:
                    store.add_lines(lines, inferred_graph(base, name))
            return {name: len(lines) for name, lines in found.items()}
    raise EaaError(f"inference did not come to an end after {_MOST_ROUNDS} rounds: a rule feeds itself")


#: Subject and object, as tokens of N-Triples.
_Pair = tuple[str, str]
#: What a premise looks at: the pairs of a predicate, or those of them with a given object.
_Watch = tuple[str, str | None]


class _Known:
    """What the rules can see, as pairs under their predicates: what is recorded, and what they have concluded so far.

    Attributes
    ----------
    lists : dict from _Watch to list of _Pair
        In the order in which they became known, so that a position in a list says what a rule has seen.
    """

    def __init__(self, steps: Iterable[_Step], schema: Set[str]) -> None:
        self.lists: dict[_Watch, list[_Pair]] = {}
        self._pairs: dict[str, set[_Pair]] = {}
        for step in steps:
            self._pairs[step.predicate] = set()
            for predicate, object_ in step.watches:
                self._pairs[predicate] = set()
                self.lists[predicate, object_] = []
        self._by_object = {predicate for predicate, object_ in self.lists if object_ is not None}
        self._schema = schema

    def read(self, lines: Iterable[str]) -> None:
        """Take in lines of N-Triples; those that no rule asks for are let go."""
        pairs: dict[str, list[_Pair]] = {predicate: [] for predicate in self._pairs}
        for line in lines:
            subject, predicate, object_ = line.split(" ", 2)
            if predicate in pairs:
                pairs[predicate].append((subject, object_[:-2]))
        for predicate, some in pairs.items():
            # A statement in two graphs comes twice, which costs less than looking for those.
            self._pairs[predicate].update(some)
            self._tell(predicate, some)

    def add(self, predicate: str, pairs: Iterable[_Pair]) -> list[_Pair]:
        """Take in what was concluded; return what of it is new and about the review."""
        known, schema = self._pairs[predicate], self._schema
        # A literal is nobody's subject, and a node without a name is not the review's.
        fresh = [
            pair
            for pair in pairs
            if pair not in known and pair[0] not in schema and pair[0][0] != '"' and pair[1][0] != "_"
        ]
        if fresh:
            before = len(known)
            known.update(fresh)
            if len(known) < before + len(fresh):  # concluded twice, which is rare
                fresh = list(dict.fromkeys(fresh))
            self._tell(predicate, fresh)
        return fresh

    def _tell(self, predicate: str, fresh: list[_Pair]) -> None:
        if (predicate, None) in self.lists:
            self.lists[predicate, None] += fresh
        if predicate in self._by_object:
            for pair in fresh:
                watched = self.lists.get((predicate, pair[1]))
                if watched is not None:
                    watched.append(pair)


class _Step:
    """One way in which a rule's pattern is filled by the ontology.

    Parameters
    ----------
    predicate : str
        Of what it concludes.
    gives : tuple of (int or str)
        Subject and object of the conclusion: a place in what the premises bind (start and end of one link; start,
        middle and end of two), or a given term.
    watches : list of _Watch
        One premise, or two of which the second begins where the first ends.
    """

    def __init__(self, predicate: str, gives: tuple[int | str, int | str], watches: list[_Watch]) -> None:
        self.predicate = predicate
        self.watches = watches
        self._gives = gives
        self._seen = [0] * len(watches)
        #: For two premises: the starts by the middle they lead to, and the ends by the middle they come from.
        self._starts: dict[str, list[str]] = {}
        self._ends: dict[str, list[str]] = {}

    def turn(self, known: _Known) -> Iterable[_Pair]:
        """Return what follows from what became known since the last turn."""
        fresh = []
        for number, watch in enumerate(self.watches):
            every = known.lists[watch]
            fresh.append(every[self._seen[number] :])
            self._seen[number] = len(every)
        if len(fresh) == 1:
            return self._concluded(fresh[0])
        return self._concluded(self._joined(*fresh))

    def _joined(self, first: list[_Pair], second: list[_Pair]) -> list[tuple[str, str, str]]:
        found = [(start, middle, end) for start, middle in first for end in self._ends.get(middle, ())]
        for start, middle in first:
            self._starts.setdefault(middle, []).append(start)
        for middle, end in second:
            found += [(start, middle, end) for start in self._starts.get(middle, ())]
            self._ends.setdefault(middle, []).append(end)
        return found

    def _concluded(self, found: Sequence[tuple[str, ...]]) -> Iterable[_Pair]:
        subject, object_ = self._gives
        if (subject, object_) == (0, 1) and len(self.watches) == 1:
            return cast("Sequence[_Pair]", found)
        if isinstance(subject, int) and isinstance(object_, int):
            return [(one[subject], one[object_]) for one in found]
        if isinstance(subject, int):
            # Something with a hundred links is a member of its class once.
            return [(one, cast("str", object_)) for one in dict.fromkeys([each[subject] for each in found])]
        return [(subject, one[object_] if isinstance(object_, int) else object_) for one in found]


def _steps(rule: Rule, store: Store) -> list[_Step]:
    """Return what `rule` comes to under the ontology in `store`: a step for each way in which that fills its pattern."""
    # That no literal is a subject holds for every conclusion (see _Known.add).
    pattern = re.sub(r"FILTER\s*\(\s*!\s*isLITERAL\s*\(\s*\?\w+\s*\)\s*\)", "", rule.body, flags=re.IGNORECASE)
    premises = rule.premises.split(" . ")
    for premise in premises:
        if premise not in pattern:
            raise EaaError(f"rule {rule.name}: its WHERE does not have the premise {premise!r} in these words")
        pattern = re.sub(re.escape(premise) + r"(\s*\.)?", "", pattern, count=1)
    links = [premise.split() for premise in premises]
    concludes = rule.concludes.split()
    asked = sorted({v for v in chain(concludes, *links) if v.startswith("?")} & set(re.findall(r"\?\w+", pattern)))
    rows = store.select(f"SELECT DISTINCT {' '.join(asked)} WHERE {{ {pattern} }} ORDER BY {' '.join(asked)}").rows
    steps = []
    for row in rows:
        given = dict(zip(asked, row, strict=True))
        filled = [
            [place if place[0] == "?" and place not in given else _filled(place, given) for place in link]
            for link in (*links, concludes)
        ]
        *ways, (subject, predicate, object_) = filled
        places = [ways[0][0], *(way[2] for way in ways)]
        followed = all(way[0] == place and place[0] == "?" for way, place in zip(ways, places, strict=False))
        bound = all(place[0] != "?" or place in places for place in (subject, object_))
        if not (followed and bound) or len(ways) > 2 or any(way[1][0] == "?" for way in (*ways, filled[-1])):
            raise EaaError(
                f"rule {rule.name}: what follows must come from a link, or from two links one after the other"
            )
        gives = [places.index(place) if place[0] == "?" else place for place in (subject, object_)]
        watches = [(way[1], None if way[2][0] == "?" else way[2]) for way in ways]
        steps.append(_Step(predicate, (gives[0], gives[1]), watches))
    return steps


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
