"""Views of a review for counting: integer-coded incidence columns, sparse matrices, networks.

:class:`Incidence` holds one row per extraction and one row per *coding* (an
extraction codes a concept in a role), as numpy arrays of indices into tuples of
records. Every measure works on it, so that none needs a Python loop over
extractions and each answer opens onto the extractions behind it.
"""

from __future__ import annotations

__all__ = ["Incidence", "beside_extractions", "flags_by_cell", "selected", "set_bits", "units_by_cell"]

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eaa_graph.encode import decode, review_base
from eaa_graph.errors import SharedName, UnknownName
from eaa_graph.model import (
    ACTIVATIONS,
    BASES,
    CONCEPT_KINDS,
    POLARITIES,
    ROLES,
    STANCES,
    Article,
    Concept,
    Person,
    Phase,
    Records,
)
from eaa_graph.tables import Thing
from eaa_graph.vocabulary import EAA, Literal, Quad, Term, enum, iri, read_term, split_data_iri

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from eaa_graph.store import Store

Index = NDArray[np.int32]
_NONE = -1


@dataclass(frozen=True, eq=False)
class Incidence:
    """Who coded what, where: integer columns with the records they index.

    Attributes
    ----------
    records : Records
        The review with everything but the extractions and theme reports, which are the columns below.
        ``records.articles``, ``records.concepts`` and ``records.people`` are what the indices point into.
    extractions : tuple of str
        Ids of the extractions, sorted. E = their number.
    article, theme, coder, phase, stance, polarity, basis, activation : int32 arrays of length E
        Index into ``records.articles``, ``records.concepts``, ``records.people``, ``records.phases``,
        ``STANCES``, ``POLARITIES``, ``BASES``, ``ACTIVATIONS``; -1 for none.
    coding_extraction, coding_role, coding_concept : int32 arrays of length K
        Each coding's extraction, role (index into ``ROLES``) and concept; sorted by (extraction, role, concept).
    reported_article, reported_theme, reported_coder : int32 arrays of length R
        Each theme report; coder -1 for none.
    reported_value : bool array of length R
        Whether the article reports the theme.
    derived : int32 array of shape (D, 2)
        (extraction, the extraction it derives from).
    coders : tuple of int or None
        The coders this selection is limited to (indices into ``records.people``); None for all.
    """

    records: Records
    extractions: tuple[str, ...]
    article: Index
    theme: Index
    coder: Index
    phase: Index
    stance: Index
    polarity: Index
    basis: Index
    activation: Index
    coding_extraction: Index
    coding_role: Index
    coding_concept: Index
    reported_article: Index
    reported_theme: Index
    reported_coder: Index
    reported_value: NDArray[np.bool_]
    derived: Index
    coders: tuple[int, ...] | None = None
    _cache: dict[str, Any] = field(default_factory=dict, repr=False)

    # --- making one ----------------------------------------------------------------

    @classmethod
    def from_records(cls, records: Records) -> Incidence:
        """Return the columns of `records`."""
        articles = {a.id: i for i, a in enumerate(records.articles)}
        concepts = {c.id: i for i, c in enumerate(records.concepts)}
        people = {p.id: i for i, p in enumerate(records.people)}
        phases = {p.id: i for i, p in enumerate(records.phases)}
        extractions = sorted(records.extractions, key=lambda e: e.id)
        position = {e.id: i for i, e in enumerate(extractions)}
        codings: list[tuple[int, int, int]] = []
        for number, extraction in enumerate(extractions):
            for role_number, role in enumerate(ROLES):
                codings += [(number, role_number, concepts[c]) for c in extraction.codes(role)]
        codings.sort()
        coding = np.array(codings, dtype=np.int32).reshape(-1, 3)
        derived = [(position[e.id], position[d]) for e in extractions for d in e.derived_from if d in position]

        def column(values: Iterable[int]) -> Index:
            return np.fromiter(values, dtype=np.int32)

        return cls(
            records=records.model_copy(update={"extractions": (), "reported": ()}),
            extractions=tuple(e.id for e in extractions),
            article=column(articles[e.article] for e in extractions),
            theme=column(concepts[e.theme] if e.theme else _NONE for e in extractions),
            coder=column(people[e.coder] if e.coder else _NONE for e in extractions),
            phase=column(phases[e.phase] if e.phase else _NONE for e in extractions),
            stance=column(_place(STANCES, e.stance) for e in extractions),
            polarity=column(_place(POLARITIES, e.polarity) for e in extractions),
            basis=column(_place(BASES, e.basis) for e in extractions),
            activation=column(_place(ACTIVATIONS, e.activation) for e in extractions),
            coding_extraction=coding[:, 0].copy(),
            coding_role=coding[:, 1].copy(),
            coding_concept=coding[:, 2].copy(),
            reported_article=column(articles[r.article] for r in records.reported),
            reported_theme=column(concepts[r.theme] for r in records.reported),
            reported_coder=column(people[r.coder] if r.coder else _NONE for r in records.reported),
            reported_value=np.fromiter((r.reported for r in records.reported), dtype=np.bool_),
            derived=np.array(sorted(derived), dtype=np.int32).reshape(-1, 2),
        )

    @classmethod
    def from_store(cls, store: Store) -> Incidence:
        """Return the columns of the review in `store`, equal to those of its records.

        For a graph whose files are elsewhere. What is small is decoded; extractions, codings and theme reports,
        of which there may be millions, come by one SELECT each that never joins two of them.

        Parameters
        ----------
        store : Store
            With one review.

        Raises
        ------
        EaaError
            If there is no review in the store, or more than one.
        """
        records = decode(beside_extractions(store))
        base = review_base(records.review)
        known: dict[Term | None, str] = {None: ""}

        def key(term: Term | None) -> str:
            found = known.get(term)
            if found is None:
                parts = split_data_iri(base, str(read_term(term or Term(""))))
                found = known[term] = parts[1][0] if parts else ""
            return found

        def places(things: Iterable[Article | Concept | Person | Phase]) -> dict[str, int]:
            return {"": _NONE, **{thing.id: number for number, thing in enumerate(things)}}

        articles, concepts = places(records.articles), places(records.concepts)
        people, phases = places(records.people), places(records.phases)
        coded = sorted(store.select(_EXTRACTIONS).rows, key=lambda row: key(row[0]))
        extractions = tuple(key(row[0]) for row in coded)
        position = {identifier: number for number, identifier in enumerate(extractions)}
        roles = {iri(EAA + "codes" + role.capitalize()): number for number, role in enumerate(ROLES)}
        codings = sorted(
            (position[key(x)], roles[role], concepts[key(concept)])
            for x, role, concept in store.select(_CODINGS).rows
            if role is not None
        )
        coding = np.array(codings, dtype=np.int32).reshape(-1, 3)
        reports = sorted(
            ((key(a), key(t), key(c), _is_true(value)) for a, t, c, value in store.select(_REPORTS).rows),
            key=lambda row: row[:3],
        )
        derived = [(position[key(x)], position[key(d)]) for x, d in store.select(_DERIVED).rows if key(d) in position]

        def column(values: Iterable[int]) -> Index:
            return np.fromiter(values, dtype=np.int32)

        def words(which: str, allowed: tuple[str, ...], at: int) -> Index:
            numbers: dict[Term | None, int] = {enum(which, word): number for number, word in enumerate(allowed)}
            return column(numbers.get(row[at], _NONE) for row in coded)

        return cls(
            records=records,
            extractions=extractions,
            article=column(articles[key(row[1])] for row in coded),
            theme=column(concepts[key(row[2])] for row in coded),
            coder=column(people[key(row[3])] for row in coded),
            phase=column(phases[key(row[4])] for row in coded),
            stance=words("stance", STANCES, 5),
            polarity=words("polarity", POLARITIES, 6),
            basis=words("basis", BASES, 7),
            activation=words("activation", ACTIVATIONS, 8),
            coding_extraction=coding[:, 0].copy(),
            coding_role=coding[:, 1].copy(),
            coding_concept=coding[:, 2].copy(),
            reported_article=column(articles[row[0]] for row in reports),
            reported_theme=column(concepts[row[1]] for row in reports),
            reported_coder=column(people[row[2]] for row in reports),
            reported_value=np.fromiter((row[3] for row in reports), dtype=np.bool_),
            derived=np.array(sorted(derived), dtype=np.int32).reshape(-1, 2),
        )

    # --- looking things up ------------------------------------------------------------

    @property
    def articles(self) -> tuple[Article, ...]:
        """The articles that ``article`` indexes."""
        return self.records.articles

    @property
    def concepts(self) -> tuple[Concept, ...]:
        """The concepts that ``theme`` and ``coding_concept`` index."""
        return self.records.concepts

    @cached_property
    def article_index(self) -> dict[str, int]:
        """Article id to index."""
        return {a.id: i for i, a in enumerate(self.articles)}

    @cached_property
    def concept_index(self) -> dict[str, int]:
        """Concept id to index."""
        return {c.id: i for i, c in enumerate(self.concepts)}

    @cached_property
    def coder_index(self) -> dict[str, int]:
        """Person id to index."""
        return {p.id: i for i, p in enumerate(self.records.people)}

    @cached_property
    def extraction_index(self) -> dict[str, int]:
        """Extraction id to index."""
        return {e: i for i, e in enumerate(self.extractions)}

    @cached_property
    def study(self) -> Index:
        """For each article the index of its study; an article without a study is one of its own."""
        if not any(a.study for a in self.articles):
            return np.arange(len(self.articles), dtype=np.int32)
        numbers: dict[str, int] = {}
        keys = [f"s{a.study}" if a.study else f"a{a.id}" for a in self.articles]
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int32)

    def concept(self, name: str) -> int:
        """Return the index of the concept with id or label `name`.

        Raises
        ------
        UnknownName
            With the nearest ids.
        SharedName
            If several concepts have that label.
        """
        if name in self.concept_index:
            return self.concept_index[name]
        called = [n for n, concept in enumerate(self.concepts) if concept.label.casefold() == name.casefold()]
        if len(called) > 1:
            raise SharedName("concept", name, (self.concepts[n].id for n in called))
        if called:
            return called[0]
        raise UnknownName("concept", name, self.concept_index)

    def concept_thing(self, number: int) -> Thing:
        """Return concept `number` as a table cell."""
        concept = self.concepts[number]
        return Thing("concept", concept.id, concept.label)

    def article_thing(self, number: int) -> Thing:
        """Return article `number` as a table cell."""
        article = self.articles[number]
        return Thing("article", article.id, article.id)

    def listed(self, kind: str) -> Index:
        """Return the concepts that the codebook lists as `kind`, in codebook order of id.

        Raises
        ------
        UnknownName
            If `kind` is not one of ``CONCEPT_KINDS``.
        """
        if kind not in CONCEPT_KINDS:
            raise UnknownName("kind of concept", kind, CONCEPT_KINDS)
        return np.array([i for i, c in enumerate(self.concepts) if c.listed_as == kind], dtype=np.int32)

    def coded(self, role: str) -> Index:
        """Return the concepts that occur in `role` in this selection, ascending."""
        _, concept = self.in_role(role)
        return np.flatnonzero(np.bincount(concept, minlength=len(self.concepts))).astype(np.int32)

    def in_role(self, role: str) -> tuple[Index, Index]:
        """Return the codings in `role` as (extraction, concept), sorted by both; each is there once.

        They are picked out of all codings when first asked for, and kept: nearly every measure begins with them.
        """
        key = f"network.in_role {role}"
        if key not in self._cache:
            chosen = self.coding_role == ROLES.index(role)
            self._cache[key] = (self.coding_extraction[chosen], self.coding_concept[chosen])
        found: tuple[Index, Index] = self._cache[key]
        return found

    def ids(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Return the extraction ids of extraction indices, sorted, once each."""
        return tuple(self.extractions[i] for i in sorted({int(r) for r in rows}))

    # --- choosing and shaping ------------------------------------------------------------

    def where(self, keep: NDArray[np.bool_]) -> Incidence:
        """Return the columns for the extractions where `keep` (length E) is true."""
        renumber = np.cumsum(keep, dtype=np.int64).astype(np.int32) - 1
        coding = keep[self.coding_extraction]
        derived = (
            keep[self.derived[:, 0]] & keep[self.derived[:, 1]] if len(self.derived) else np.zeros(0, dtype=np.bool_)
        )
        return replace(
            self,
            extractions=tuple(e for e, k in zip(self.extractions, keep.tolist(), strict=True) if k),
            article=self.article[keep],
            theme=self.theme[keep],
            coder=self.coder[keep],
            phase=self.phase[keep],
            stance=self.stance[keep],
            polarity=self.polarity[keep],
            basis=self.basis[keep],
            activation=self.activation[keep],
            coding_extraction=renumber[self.coding_extraction[coding]],
            coding_role=self.coding_role[coding],
            coding_concept=self.coding_concept[coding],
            derived=renumber[self.derived[derived]].reshape(-1, 2),
            _cache={},
        )

    def by_coders(self, coders: tuple[int, ...]) -> Incidence:
        """Return the columns of these coders only, theme reports included; a report without a coder holds for all."""
        chosen = np.isin(self.coder, np.array(coders, dtype=np.int32))
        kept = np.isin(self.reported_coder, np.array((*coders, _NONE), dtype=np.int32))
        return replace(
            self.where(chosen),
            reported_article=self.reported_article[kept],
            reported_theme=self.reported_theme[kept],
            reported_coder=self.reported_coder[kept],
            reported_value=self.reported_value[kept],
            coders=coders,
        )

    def matrix(self, row: Index, column: Index, shape: tuple[int, int]) -> csr_array:
        """Return a 0/1 sparse matrix with a 1 wherever a (row, column) pair occurs at least once."""
        from scipy.sparse import csr_array  # 0.27 s to import: only where used

        pairs = np.unique(row.astype(np.int64) * shape[1] + column)
        ones = np.ones(len(pairs), dtype=np.int32)
        return csr_array((ones, (pairs // max(shape[1], 1), pairs % max(shape[1], 1))), shape=shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self.extractions)

    def __len__(self) -> int:
        return len(self.extractions)


_EXTRACTIONS = """SELECT ?x ?article ?theme ?coder ?phase ?stance ?polarity ?basis ?activation WHERE {
  ?x a eaa:CodedExtraction ; eaa:fromArticle ?article ; eaa:codedBy ?coder .
  OPTIONAL { ?x eaa:atTheme ?theme } OPTIONAL { ?x eaa:inPhase ?phase } OPTIONAL { ?x eaa:stance ?stance }
  OPTIONAL { ?x eaa:polarity ?polarity } OPTIONAL { ?x eaa:basis ?basis } OPTIONAL { ?x eaa:activation ?activation }
}"""
_CODINGS = (
    "SELECT ?x ?role ?concept WHERE { VALUES ?role { "
    + " ".join(f"eaa:codes{role.capitalize()}" for role in ROLES)
    + " } ?x ?role ?concept }"
)
_REPORTS = """SELECT ?article ?theme ?coder ?value WHERE {
  ?report a eaa:ThemeReport ; eaa:fromArticle ?article ; eaa:atTheme ?theme ; eaa:codedBy ?coder ; eaa:isReported ?value .
}"""
_DERIVED = "SELECT ?x ?from WHERE { ?x eaa:derivedFromExtraction ?from }"
#: Appraisals lie beside the extractions and are few.
_APPRAISALS = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s a eaa:Appraisal ; ?p ?o } }"


def beside_extractions(store: Store) -> Iterator[Quad]:
    """Yield every recorded statement but those of extractions and theme reports."""
    for graph in store.graphs():
        if graph.rpartition("/graph/")[2] in ("review", "codebook", "articles", "theories"):
            yield from store.quads(graph)
    for subject, predicate, value, graph_term in store.select(_APPRAISALS).rows:
        if subject and predicate and value and graph_term:
            yield Quad(subject, predicate, value, graph_term)


#: A table of flags of more cells than this is made by sorting instead.
_MOST_FLAGS = 100_000_000
#: How many bits of a byte are set.
_BITS = np.array([n.bit_count() for n in range(256)], dtype=np.uint8)


def units_by_cell(cell: NDArray[np.integer], unit: NDArray[np.integer], cells: int, units: int) -> NDArray[np.int64]:
    """Return for each of `cells` cells in how many different units it occurs.

    Parameters
    ----------
    cell, unit : int arrays of one length
        Where something was found; the same pair may come many times.
    cells, units : int
        How many there are of each.

    Examples
    --------
    >>> units_by_cell(np.array([0, 0, 0, 2]), np.array([1, 1, 0, 1]), cells=3, units=2).tolist()
    [2, 0, 1]
    """
    if not len(cell):
        return np.zeros(cells, dtype=np.int64)
    if cells * (units + 7) <= _MOST_FLAGS:
        return set_bits(flags_by_cell(cell, unit, cells, units))
    there = np.unique(cell * np.int64(units) + unit)
    return np.bincount(there // units, minlength=cells).astype(np.int64)


def flags_by_cell(cell: NDArray[np.integer], unit: NDArray[np.integer], cells: int, units: int) -> NDArray[np.uint8]:
    """Return cells x bytes: one bit for every unit, set where the cell occurs in it; for :func:`set_bits`."""
    width = -(-units // 8) * 8  # each cell's flags fill whole bytes
    flags = np.zeros(cells * width, dtype=np.bool_)
    flags[cell * np.int64(width) + unit] = True
    return np.packbits(flags).reshape(cells, width // 8)


def set_bits(flags: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how many bits are set along the last axis: several times as fast as adding up a bool array."""
    counts: NDArray[np.int64] = _BITS[flags].sum(axis=-1, dtype=np.int64)
    return counts


def _is_true(term: Term | None) -> bool:
    value = read_term(term or Term('""'))
    return isinstance(value, Literal) and value.value in ("true", "1")


def _place(words: tuple[str, ...], word: str | None) -> int:
    return words.index(word) if word is not None else _NONE


def selected(incidence: Incidence, coder: str = "preferred") -> Incidence:
    """Return the columns of the coder(s) meant by `coder`.

    Parameters
    ----------
    incidence : Incidence
    coder : str
        A coder's id; ``"preferred"``: the review's preferred coder, all coders if it names none;
        ``"all"``: everybody side by side (an article counts once, extractions of several coders count each).

    Raises
    ------
    UnknownName
        If nobody has that id.
    """
    if coder == "preferred":
        coder = incidence.records.review.preferred_coder or "all"
    if coder == "all":
        return incidence
    if coder not in incidence.coder_index:
        raise UnknownName("coder", coder, incidence.coder_index)
    key = f"network.selected {coder!r}"
    if key not in incidence._cache:
        # One object for each coder, so that what is worked out on it once is there for every measure.
        incidence._cache[key] = incidence.by_coders((incidence.coder_index[coder],))
    found: Incidence = incidence._cache[key]
    return found
