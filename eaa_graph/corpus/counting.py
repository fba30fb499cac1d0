"""The heavy counts, expressed once in Ibis: occurrence, pairs and sets, support, empty cells.

An engine counts; the measures tell (:func:`eaa_graph.measures.occurrence.told` and its like), so that a table is the
same wherever it was counted: rows, unit, denominator, and the way back to the passages. What leaves the engine is as
small as the table. Thresholds (`minimum`, `thin`) are looked at after everything has been added up.
"""

from __future__ import annotations

__all__ = ["Corpus", "answer", "open_corpus"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from eaa_graph.corpus import MEASURES, engines
from eaa_graph.corpus.columns import read_review
from eaa_graph.errors import Refused, UnknownName
from eaa_graph.gaps import cells as grids
from eaa_graph.gaps.reporting import in_order, remarks_on, who
from eaa_graph.measures import cooccurrence as pairs
from eaa_graph.measures import occurrence as occurrences
from eaa_graph.measures import support as supports
from eaa_graph.measures.occurrence import in_codebook_order
from eaa_graph.model import ACTIVATIONS, POLARITIES, ROLES, STANCES, Configuration, Extraction, Records, Slot
from eaa_graph.network import Incidence, Index
from eaa_graph.tables import Table, Thing

Counts = pairs.Counts
_EMPTY = np.zeros(0, dtype=np.int64)
_NONE = np.zeros(0, dtype=np.int32)
_SUPPORTS, _CHALLENGES = STANCES.index("supports"), STANCES.index("challenges")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Columns in an engine, with the codebook that they point into.

    Attributes
    ----------
    frame : Incidence
        Codebook, people and theories, without an article or extraction; limited to the coders chosen.
    articles, studies : int
        How many there are in the whole corpus.
    tables : mapping of str to Ibis table
        As :data:`eaa_graph.corpus.columns.TABLES` names them.
    engine : str
        What counts.
    """

    frame: Incidence
    articles: int
    studies: int
    tables: Mapping[str, Any]
    engine: str

    @property
    def extractions(self) -> Any:
        """Extractions of the coders chosen."""
        return self._by_coders("extractions")

    @property
    def codings(self) -> Any:
        """Codings of the coders chosen."""
        return self._by_coders("codings")

    @property
    def reported(self) -> Any:
        """Theme reports of the coders chosen, and those without a coder: they hold for all."""
        return self._by_coders("reported", -1)

    def _by_coders(self, name: str, *others: int) -> Any:
        table = self.tables[name]
        if self.frame.coders is None:
            return table
        return table.filter(table.coder.isin([*self.frame.coders, *others]))

    def selected(self, coder: str) -> Corpus:
        """Return the same for the coder(s) meant by `coder`; see :func:`eaa_graph.network.selected`.

        Raises
        ------
        UnknownName
            If nobody has that id.
        """
        if coder == "preferred":
            coder = self.frame.records.review.preferred_coder or "all"
        if coder == "all":
            return self
        if coder not in self.frame.coder_index:
            raise UnknownName("coder", coder, self.frame.coder_index)
        return replace(self, frame=replace(self.frame, coders=(self.frame.coder_index[coder],), _cache={}))

    def in_role(self, role: str) -> Any:
        """Return the codings in `role`."""
        codings = self.codings
        return codings.filter(codings.role == ROLES.index(role))

    def fetch(self, expression: Any) -> list[tuple[Any, ...]]:
        """Work an expression out and return its rows."""
        with engines.quiet():
            found = expression.to_pyarrow()
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True)) if found.num_columns else []

    def value(self, expression: Any) -> tuple[int, ...]:
        """Work out an expression that gives one row of numbers; what is not there counts as 0."""
        return tuple(int(v or 0) for v in self.fetch(expression)[0])

    @cached_property
    def amounts(self) -> tuple[int, int]:
        """Extractions of the coders chosen, and those of them without a theme."""
        all_, without = self.value(self.extractions.aggregate(n=_count(), without=_sum(self.extractions.theme < 0)))
        return all_, without

    def coded(self, role: str) -> list[int]:
        """Return the concepts coded in `role`."""
        return [int(c) for (c,) in self.fetch(self.in_role(role).select("concept").distinct())]

    def ids(self, extractions: Any) -> tuple[str, ...]:
        """Return the ids of the extractions in a table that has a column `extraction`, sorted."""
        table = self.tables["extractions"]
        wanted = extractions.select("extraction").distinct()
        return tuple(sorted(str(i) for (i,) in self.fetch(table.semi_join(wanted, "extraction").select("id"))))

    def part(self, extractions: Any) -> Incidence:
        """Return the columns of some extractions in memory; the articles themselves stay where they are."""
        names = ("id", "extraction", "article", "theme", "coder", "phase", "stance", "polarity", "basis", "activation")
        wanted = extractions.select("extraction").distinct()
        rows = self.fetch(self.tables["extractions"].semi_join(wanted, "extraction").select(*names).order_by("id"))
        number = {row[1]: place for place, row in enumerate(rows)}
        coded = self.fetch(
            self.tables["codings"].semi_join(wanted, "extraction").select("extraction", "role", "concept")
        )
        coding = np.array(sorted((number[e], r, c) for e, r, c in coded), dtype=np.int32).reshape(-1, 3)
        column: dict[str, Any] = {
            name: np.array([row[at] for row in rows], dtype=np.int32) for at, name in enumerate(names) if name != "id"
        }
        return replace(
            _frame(self.frame.records),
            extractions=tuple(str(row[0]) for row in rows),
            **{name: column[name] for name in names[2:]},
            coding_extraction=coding[:, 0].copy(),
            coding_role=coding[:, 1].copy(),
            coding_concept=coding[:, 2].copy(),
        )

    def passages(self, ids: Iterable[str]) -> dict[str, Extraction]:
        """Return extractions as records with their words, by id, for showing what is behind a number."""
        table, frame = self.tables["extractions"], self.frame
        found = table.filter(table.id.isin(sorted(ids)))
        part = self.part(found)
        words = self.tables["passages"]
        rows = self.fetch(
            found.select("extraction", "id", "article").join(
                words.select("extraction", "quote", "note", "locator"), "extraction"
            )
        )
        articles = self.tables["articles"]
        of = dict(self.fetch(articles.semi_join(found.select("article").distinct(), "article").select("article", "id")))
        codes: dict[int, dict[str, list[str]]] = {}
        for e, r, c in zip(part.coding_extraction, part.coding_role, part.coding_concept, strict=True):
            codes.setdefault(int(e), {}).setdefault(f"{ROLES[r]}s", []).append(frame.concepts[c].id)
        people, made = frame.records.people, {}
        for _, name, article, quote, note, locator in rows:
            place = part.extraction_index[name]
            theme, coder, stance = int(part.theme[place]), int(part.coder[place]), int(part.stance[place])
            made[name] = Extraction(
                id=name,
                article=of[article],
                theme=frame.concepts[theme].id if theme >= 0 else None,
                stance=STANCES[stance] if stance >= 0 else None,
                coder=people[coder].id if coder >= 0 else None,
                quote=quote,
                note=note,
                locator=locator,
                **{role: tuple(found_) for role, found_ in codes.get(place, {}).items()},  # type: ignore[arg-type]
            )
        return made


def _frame(records: Records) -> Incidence:
    """Return columns without a row, for what codebook and people are asked for."""
    return Incidence.from_records(records.model_copy(update={"articles": (), "extractions": (), "reported": ()}))


def open_corpus(folder: Path, engine: str = "duckdb", master: str = "local[*]") -> Corpus:
    """Open a corpus with an engine.

    Parameters
    ----------
    folder : Path
        Written by :func:`eaa_graph.corpus.columns.write_columns`; for a cluster a place that all its machines see.
    engine, master : str
        As for :func:`eaa_graph.corpus.engines.connect`.

    Raises
    ------
    UnreadableFile
        If `folder` is no corpus.
    MissingExtra, StoreUnavailable, UnknownName
        If there is no such engine here.
    """
    records, amounts = read_review(folder)
    tables = engines.read_tables(engines.connect(engine, master), folder)
    return Corpus(_frame(records), amounts["articles"], amounts["studies"], tables, engine)


def answer(corpus: Corpus, name: str, arguments: Mapping[str, Any], coder: str = "preferred") -> Table:
    """Answer one of :data:`eaa_graph.corpus.MEASURES`.

    Parameters
    ----------
    corpus : Corpus
        Of all coders.
    name : str
    arguments : mapping of str
        Every parameter of the measure with its value.
    coder : str
        Whose extractions count, for the measures that do not ask it themselves.

    Raises
    ------
    UnknownName, BadSettings
        If there is no such measure, parameter or value.
    Refused
        If the measure cannot stand behind an answer, or needs everything in one machine's memory.
    """
    if name not in MEASURES:
        raise UnknownName(f"measure of the engine {corpus.engine}", name, MEASURES)
    table: Table = _COUNT[name](corpus if "coder" in arguments else corpus.selected(coder), **arguments)
    return table


# --- small expressions ----------------------------------------------------------------------------


def _ibis() -> Any:
    import ibis

    return ibis


def _count() -> Any:
    return _ibis()._.count()


def _sum(condition: Any) -> Any:
    return condition.cast("int64").sum()


def _unit_of(table: Any, unit: str) -> Any:
    return table[unit]


def _against(table: Any) -> Any:
    return (
        (table.activation == ACTIVATIONS.index("none"))
        | (table.polarity == POLARITIES.index("hindering"))
        | (table.stance == _CHALLENGES)
    )


# --- occurrence -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Occurrence(occurrences.Counted):
    """Counts of concepts by columns, with the way back through the engine."""

    corpus: Corpus
    facts: Any
    belongs: Any
    keys: tuple[Any, ...]

    def behind(self, which: int, at: int) -> tuple[str, ...]:
        facts = self.facts
        here = facts.filter((facts.concept == self.concepts[which]) & (facts.place == self.keys[at]))
        return self.corpus.ids(here)

    def everything(self, at: int) -> tuple[str, ...]:
        return self.corpus.ids(self.belongs.filter(self.belongs.place == self.keys[at]))


def _occurrence(corpus: Corpus, role: str, by: str, unit: str, shape: str) -> Table:
    occurrences.checked(role, by, unit, shape)
    total, without = corpus.amounts
    if not total:
        raise Refused("there are no extractions in this selection")
    frame, ibis = corpus.frame, _ibis()
    concepts = in_codebook_order(frame, {*corpus.coded(role), *frame.listed(role).tolist()})
    if not concepts:
        raise Refused(f"nothing is coded or listed as {role}")
    coded, rows, reported = corpus.in_role(role), corpus.extractions, corpus.reported
    noun = occurrences.UNITS[unit]
    of_reports: set[int] = set()  # themes whose denominator is what is reported
    if by == "theme":
        told = {int(t) for (t,) in corpus.fetch(reported.select("theme").distinct())}
        used = {int(t) for (t,) in corpus.fetch(rows.filter(rows.theme >= 0).select("theme").distinct())}
        themes = in_codebook_order(frame, used | set(frame.listed("theme").tolist()) | told)
        if not themes:
            raise Refused(
                "the review has no themes: count by an attribute of articles or another role (parameter 'by')"
            )
        facts = coded.filter(coded.theme >= 0).mutate(place=ibis._.theme)
        belongs = rows.filter(rows.theme >= 0).mutate(place=ibis._.theme)
        keys: list[Any] = themes
        cells: tuple[Thing | str, ...] = tuple(frame.concept_thing(t) for t in themes)
        names = tuple(frame.concepts[t].id for t in themes)
        if unit == "extraction":
            possible = belongs
            basis = ("extractions at the theme",) * len(themes)
        else:
            of_reports = told
            possible = reported.filter(reported.value).mutate(place=ibis._.theme)
            basis = tuple(f"{noun} that report the theme" if t in told else f"{noun} read" for t in themes)
    elif by == "none":
        facts, belongs = coded.mutate(place=ibis.literal(0)), rows.mutate(place=ibis.literal(0))
        keys, cells, names = [0], ("all",), ("all",)
        possible = belongs if unit == "extraction" else _read(corpus, unit).mutate(place=ibis.literal(0))
        basis = ("extractions of the selection" if unit == "extraction" else f"{noun} read",)
    elif by in ROLES:
        keys = in_codebook_order(frame, {*corpus.coded(by), *frame.listed(by).tolist()})
        if not keys:
            raise Refused(f"nothing is coded or listed as {by}, so there is nothing to count by")
        belongs = possible = corpus.in_role(by).mutate(place=ibis._.concept)
        facts = coded.join(belongs.select("extraction", "place"), "extraction")
        cells = tuple(frame.concept_thing(c) for c in keys)
        names = tuple(frame.concepts[c].id for c in keys)
        basis = (f"{noun} that code this {by}",) * len(keys)
    else:
        attributes = corpus.tables["attributes"]
        if by not in occurrences.ATTRIBUTES:
            own = {n for (n,) in corpus.fetch(attributes.select("name").distinct())} - set(occurrences.ATTRIBUTES)
            if by not in own:
                known = ("theme", *ROLES, *occurrences.ATTRIBUTES, *sorted(own), "none")
                raise UnknownName("attribute to count by", by, known)
        stated = attributes.filter(attributes.name == by).select("article", place="value")
        articles = corpus.tables["articles"].select("article", "study")
        values = (
            articles.left_join(stated, "article")
            .select("article", "study", "place")
            .mutate(place=ibis._.place.fill_null(""))
        )
        read = values.semi_join(_read(corpus, "article"), "article")
        keys = sorted(
            (str(v) for (v,) in corpus.fetch(read.select("place").distinct())), key=lambda value: (value == "", value)
        )
        if keys in ([], [""]):
            raise Refused(f"no article read has a {by}, so there is nothing to count by")
        of = values.select("article", "place")
        facts, belongs = coded.join(of, "article"), rows.join(of, "article")
        possible = belongs if unit == "extraction" else read
        cells = names = tuple(value or "(not stated)" for value in keys)
        what = "extractions" if unit == "extraction" else f"{noun} read"
        basis = (f"{what} with this {by}",) * len(keys)
    shape_of = (len(concepts), len(keys))
    row_of, column_of = {c: n for n, c in enumerate(concepts)}, {k: n for n, k in enumerate(keys)}

    def table(expression: Any) -> Counts:
        found = np.zeros(shape_of, dtype=np.int64)
        grouped = expression.group_by("concept", "place").aggregate(n=_unit_of(expression, unit).nunique())
        for concept, place, n in corpus.fetch(grouped):
            found[row_of[concept], column_of[place]] = n
        return found

    counts = table(facts)
    out_of = np.zeros(len(keys), dtype=np.int64)
    for place, n in corpus.fetch(possible.group_by("place").aggregate(n=_unit_of(possible, unit).nunique())):
        out_of[column_of[place]] = n
    inside = counts
    if by == "theme" and unit != "extraction":
        plain = [at for at, key in enumerate(keys) if key not in of_reports]
        if plain:
            (out_of[plain],) = corpus.value(_read(corpus, unit).aggregate(n=_count()))
        if of_reports:
            inside = table(facts.semi_join(possible.select(unit, "place").distinct(), [unit, "place"]))
            inside[:, plain] = counts[:, plain]
    told_columns = occurrences.Columns(cells, names, (_EMPTY, _EMPTY), np.zeros((0, len(keys)), dtype=np.bool_), basis)
    counted = _Occurrence(
        frame, tuple(concepts), told_columns, counts, inside, out_of, _NONE, _EMPTY, corpus, facts, belongs, tuple(keys)
    )  # fmt: skip
    return occurrences.told(counted, role, by, unit, shape, without if by == "theme" else 0)


def _read(corpus: Corpus, unit: str) -> Any:
    """Return the articles or studies read, once each: those with an extraction or a theme report."""
    return corpus.extractions.select(unit).union(corpus.reported.select(unit)).distinct()


# --- together -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Side(pairs.Side):
    """Concepts of one role; the units that have them stay in the engine."""

    many: Counts

    @property
    def margin(self) -> Counts:
        return self.many

    def table(self, units: int) -> pairs.Flags:  # noqa: ARG002 (as in memory)
        raise Refused(
            "the curveball permutes the whole table in one machine's memory, which an engine for large corpora does not do: "
            "ask with null=bicm or null=none"
        )


@dataclass(frozen=True, eq=False)
class _Together(pairs.Together):
    """Units and concepts that stay in the engine; only counts leave it."""

    corpus: Corpus

    @cached_property
    def counts(self) -> Counts:
        first, second = self.first, self.second
        left = _has(self.corpus, first.role, self.unit)
        right = _has(self.corpus, second.role, self.unit).select("unit", other="concept")
        joined = left.join(right, "unit")
        if not self.crossed:
            joined = joined.filter(joined.concept < joined.other)
        found = np.zeros((len(first.concepts), len(second.concepts)), dtype=np.int64)
        place = [{int(c): n for n, c in enumerate(side.concepts.tolist())} for side in (first, second)]
        for a, b, n in self.corpus.fetch(joined.group_by("concept", "other").aggregate(n=_count())):
            found[place[0][a], place[1][b]] = n
        return found if self.crossed else found + found.T + np.diag(first.margin)

    @cached_property
    def degrees(self) -> tuple[Counts, ...]:
        ibis = _ibis()
        sides = (self.first, self.second) if self.crossed else (self.first,)
        ones = [
            _has(self.corpus, side.role, self.unit).select(
                "unit", **{f"d{n}": ibis.literal(1 if n == at else 0).cast("int32") for n in range(len(sides))}
            )
            for at, side in enumerate(sides)
        ]
        every = ibis.union(*ones) if len(ones) > 1 else ones[0]
        names = [f"d{n}" for n in range(len(sides))]
        each = every.group_by("unit").aggregate(**{name: every[name].sum().cast("int32") for name in names})
        # Units that have as many are alike: what leaves the engine is how many there are of each kind.
        kinds = sorted(self.corpus.fetch(each.group_by(*names).aggregate(n=_count())))
        seen = sum(int(kind[-1]) for kind in kinds)
        kinds.append((*(0 for _ in names), self.units - seen))
        many = [int(kind[-1]) for kind in kinds]
        return tuple(np.repeat([int(kind[at]) for kind in kinds], many).astype(np.int64) for at in range(len(sides)))

    @cached_property
    def left_out(self) -> int:
        return self.corpus.amounts[1] if self.unit == "theme" else 0

    def sets(self, k: int, minimum: int) -> list[tuple[tuple[int, ...], int]]:
        side, corpus = self.first, self.corpus
        # A set is not more frequent than its rarest member.
        frequent = [int(c) for c, n in zip(side.concepts.tolist(), side.margin.tolist(), strict=True) if n >= minimum]
        if len(frequent) < k:
            return []
        has = _has(corpus, side.role, self.unit)
        has = has.filter(has.concept.isin(frequent))
        joined = has.select("unit", c0="concept")
        for at in range(1, k):
            joined = joined.join(has.select("unit", **{f"c{at}": "concept"}), "unit")
            joined = joined.filter(joined[f"c{at - 1}"] < joined[f"c{at}"])
        names = [f"c{at}" for at in range(k)]
        grouped = joined.group_by(*names).aggregate(n=_count())
        found = corpus.fetch(grouped.filter(grouped.n >= minimum).limit(pairs.MOST_SETS + 1))
        if len(found) > pairs.MOST_SETS:
            raise Refused(f"more than {pairs.MOST_SETS:,} sets: raise minimum (now {minimum})")
        place = {int(c): n for n, c in enumerate(side.concepts.tolist())}
        return [(tuple(sorted(place[c] for c in row[:-1])), int(row[-1])) for row in found]

    def behind(self, *asked: tuple[pairs.Side, int]) -> tuple[str, ...]:
        corpus = self.corpus
        chosen = [(side.role, int(side.concepts[place])) for side, place in asked]
        codings = _units(corpus, corpus.codings, self.unit)
        every = [codings.filter((codings.role == ROLES.index(role)) & (codings.concept == c)) for role, c in chosen]
        # Codings of one of them, in units that have them all.
        found = every[0] if len(every) == 1 else _ibis().union(*every)
        for part in every:
            found = found.semi_join(part.select("unit").distinct(), "unit")
        return corpus.ids(found)


def _units(corpus: Corpus, table: Any, unit: str) -> Any:
    """Return a table with the unit that each row belongs to; rows that belong to none are left out."""
    if unit == "theme":
        placed = table.filter(table.theme >= 0)
        return placed.mutate(unit=placed.article.cast("int64") * len(corpus.frame.concepts) + placed.theme)
    return table.mutate(unit=table[unit].cast("int64"))


def _has(corpus: Corpus, role: str, unit: str) -> Any:
    """Return (unit, concept) once each for the concepts coded in `role`."""
    return _units(corpus, corpus.in_role(role), unit).select("unit", "concept").distinct()


def _side(corpus: Corpus, role: str, unit: str) -> _Side:
    margins = dict(corpus.fetch(_has(corpus, role, unit).group_by("concept").aggregate(n=_count())))
    concepts = in_codebook_order(corpus.frame, [int(c) for c in margins])
    many = np.array([int(margins[c]) for c in concepts], dtype=np.int64)
    return _Side(role, np.array(concepts, dtype=np.int32), _EMPTY, _EMPTY, many)


def _together(corpus: Corpus, role: str, with_role: str | None, unit: str) -> _Together:
    pairs.known_roles(role, with_role, unit)
    total, _ = corpus.amounts
    if not total:
        raise Refused("there are no extractions in this selection")
    of = _units(corpus, corpus.extractions, unit)
    (units,) = corpus.value(of.aggregate(n=of.unit.nunique()))
    if not units:
        raise Refused("no extraction names a theme, so none can be together at one: ask with unit=article")
    first = _side(corpus, role, unit)
    second = first if with_role in (None, role) else _side(corpus, with_role or role, unit)
    pairs.enough(first, second)
    return _Together(corpus.frame, unit, _EMPTY, units, first, second, corpus)


def _cooccurrence(
    corpus: Corpus,
    role: str,
    with_role: str | None,
    unit: str,
    minimum: int,
    null: str,
    tail: str,
    permutations: int,
    seed: int,
) -> Table:
    pairs.checked(minimum, null, tail)
    together = _together(corpus, role, with_role, unit)
    if null in ("both", "curveball"):
        together.first.table(together.units)  # refuses, with what to ask for instead, before anything is counted
    return pairs.told(together, unit, minimum, null, tail, permutations, seed)


def _k_way(corpus: Corpus, k: int, role: str, unit: str, minimum: int) -> Table:
    pairs.checked_sets(k, minimum)
    return pairs.told_sets(_together(corpus, role, None, unit), k, minimum)


# --- support --------------------------------------------------------------------------------------

_MECHANISM = ("mechanism", "resource", "reasoning")
_UNSTATED = len(STANCES)
_UNMATCHED = len(supports.LEVELS)


def _support(corpus: Corpus, theory: str | None, back_off: int, conditions: str, coder: str) -> Table:
    supports.checked(back_off, conditions)
    chosen = corpus.selected(coder)
    inside, _ = chosen.amounts
    if not inside:
        raise Refused(f"no extraction by {who(chosen.frame)}: there is nothing to match with the configurations")
    matching = _Matching(corpus, chosen.frame.coders, back_off, supports.CONDITIONS[conditions])
    return supports.told(
        supports.configurations_of(corpus.frame, theory),
        matching.tally,
        matching.conditions,
        back_off,
        supports.denominator(corpus.articles, corpus.studies, inside, who(chosen.frame)),
        matching.behind,
    )


@dataclass(frozen=True, eq=False)
class _Matching:
    """Matches passages with configurations in the engine, by the rules of :class:`eaa_graph.measures.support.Matcher`."""

    corpus: Corpus
    coders: tuple[int, ...] | None
    back_off: int
    conditions: tuple[str, ...]

    def _bearing(self, configuration: Configuration) -> Any:
        """Return one row for each passage that bears on the configuration: what it codes of it, and who says so."""
        ibis, corpus, roles = _ibis(), self.corpus, (*self.conditions, *_MECHANISM, "outcome")
        atoms = [(r, n) for r in roles for n in dict.fromkeys(c for a in configuration.slot(r) for c in a)]
        # A column for each concept that a slot asks for: does the passage code it, or one that counts as it?
        hits = {_flag(*atom): (atom[0], self._numbers(atom[1])) for atom in atoms}
        codings, rows = corpus.tables["codings"], corpus.tables["extractions"]
        of = ("extraction", "article", "study", "coder", "stance")
        said = {"said_for": list(configuration.supporting), "said_against": list(configuration.challenging)}

        def flag(condition: Any) -> Any:
            return condition.cast("int32")

        def holds(role: str, numbers: list[int]) -> Any:
            if not numbers:
                return ibis.literal(value=False)
            return (codings.role == ROLES.index(role)) & codings.concept.isin(numbers)

        zero = ibis.literal(0).cast("int32")
        found = {name: holds(*hit) for name, hit in hits.items()}
        any_ = ibis.literal(value=False)
        for condition in found.values():
            any_ = any_ | condition
        coded = codings.filter(any_).select(
            *of, **{name: flag(c) for name, c in found.items()}, **dict.fromkeys(said, zero)
        )
        listed = [*said["said_for"], *said["said_against"]]
        every = coded
        if listed:
            by_person = rows.filter(rows.id.isin(listed)).select(
                *of,
                **dict.fromkeys(found, zero),
                **{name: flag(rows.id.isin(ids) if ids else ibis.literal(value=False)) for name, ids in said.items()},
            )
            every = coded.union(by_person)
        each = every.group_by(*of).aggregate(**{name: every[name].max() for name in (*found, *said)})
        inside = each.coder.isin(list(self.coders)) if self.coders is not None else ibis.literal(value=True)
        each = each.mutate(inside=inside)
        mechanism = ibis.literal(value=False)
        for role, name in atoms:
            if role in _MECHANISM:
                mechanism = mechanism | (each[_flag(role, name)] > 0)
        bears = each.filter((mechanism & each.inside) | (each.said_for > 0) | (each.said_against > 0))
        parts = {
            part: self._part(bears, configuration, roles_)
            for part, roles_ in (("context", self.conditions), ("mechanism", _MECHANISM), ("outcome", ("outcome",)))
        }
        return bears.mutate(**{f"grade_{part}": grade for part, grade in parts.items()})

    def _numbers(self, name: str) -> list[int]:
        number = self.corpus.frame.concept_index.get(name)
        return [] if number is None else sorted(supports.counting_as(self.corpus.frame, number, self.back_off))

    @staticmethod
    def _slot(table: Any, role: str, slot: Slot) -> Any:
        """Return 2 where one alternative is there as a whole, 1 where some of it is, 0 otherwise."""
        ibis = _ibis()
        whole = some = ibis.literal(value=False)
        for alternative in slot:
            together = ibis.literal(value=True)
            for name in dict.fromkeys(alternative):
                has = table[_flag(role, name)] > 0
                together, some = together & has, some | has
            whole = whole | together
        return whole.cast("int32") + some.cast("int32")

    def _part(self, table: Any, configuration: Configuration, roles: tuple[str, ...]) -> Any:
        ibis = _ibis()
        grades = [self._slot(table, role, configuration.slot(role)) for role in roles if configuration.slot(role)]
        if not grades:
            return ibis.literal(-1).cast("int32")
        if len(grades) == 1:
            return grades[0]
        return ibis.ifelse(ibis.least(*grades) == 2, 2, ibis.least(ibis.greatest(*grades), 1)).cast("int32")

    def tally(self, configuration: Configuration) -> supports.Tally:
        """Count the evidence of one configuration."""
        ibis, t = _ibis(), self._bearing(configuration)
        level = ibis.ifelse(
            t.grade_mechanism <= 0,
            _UNMATCHED,
            3 - 2 * (t.grade_context > 0).cast("int32") - (t.grade_outcome > 0).cast("int32"),
        )
        t = t.mutate(level=level.cast("int32"))
        t = t.mutate(matched=t.level < _UNMATCHED, asserted=(t.said_for > 0) | (t.said_against > 0))
        matched = t.matched & t.inside
        t = t.mutate(
            told0=(matched & (t.stance == 0)) | (t.said_for > 0 if _SUPPORTS == 0 else ibis.literal(value=False)),
            told1=matched & (t.stance == 1),
            told2=(matched & (t.stance == _CHALLENGES)) | (t.said_against > 0),
            told3=matched & (t.stance < 0) & ~t.asserted,
        )
        t = t.mutate(line=t.told0 | t.told1 | t.told2 | t.told3)
        both = t.union(t.mutate(level=ibis.literal(_UNMATCHED + 1).cast("int32")))
        counted: dict[str, Any] = {}
        for b in range(_UNSTATED + 1):
            told = both[f"told{b}"]
            counted[f"articles{b}"] = both.article.nunique(where=told)
            counted[f"full{b}"] = both.article.nunique(where=told & (both.grade_mechanism == 2))
            counted[f"studies{b}"] = both.study.nunique(where=told)
            counted[f"coders{b}"] = both.coder.nunique(where=told & (both.coder >= 0))
            counted[f"extractions{b}"] = _sum(told)
        other = (both.stance >= 0) & (
            ((both.said_for > 0) & (both.stance != _SUPPORTS))
            | ((both.said_against > 0) & (both.stance != _CHALLENGES))
        )
        of_passages = (
            both.line & (both.grade_context == 1),
            both.line & (both.grade_outcome == 1),
            both.said_for > 0,
            both.said_against > 0,
            both.asserted & ~both.matched,
            both.line & ~both.asserted,
            other,
            both.asserted & ~both.inside,
        )
        counted |= {f"passages{n}": _sum(condition) for n, condition in enumerate(of_passages)}
        names = list(counted)
        found = {
            row[0]: dict(zip(names, (int(v or 0) for v in row[1:]), strict=True))
            for row in self.corpus.fetch(both.group_by("level").aggregate(**counted))
        }
        levels = range(_UNMATCHED + 2)

        def table(what: str, width: int) -> Counts:
            rows = [[found.get(level, {}).get(f"{what}{n}", 0) for n in range(width)] for level in levels]
            return np.array(rows, dtype=np.int64)

        units = ("articles", "full", "studies", "coders", "extractions")
        return supports.Tally(
            configuration,
            {unit: table(unit, _UNSTATED + 1) for unit in units},
            table("passages", len(of_passages)),
            self._absent(configuration),
        )

    def _absent(self, configuration: Configuration) -> tuple[str, ...]:
        listed = {*configuration.supporting, *configuration.challenging}
        if not listed:
            return ()
        rows = self.corpus.tables["extractions"]
        there = {str(i) for (i,) in self.corpus.fetch(rows.filter(rows.id.isin(sorted(listed))).select("id"))}
        return tuple(sorted(listed - there))

    def behind(self, configuration: str, level: int, column: str) -> tuple[str, ...]:
        """Return the extractions behind a cell: the passages that bear on it are fetched and matched here."""
        asked = next(c for c in self.corpus.frame.records.configurations if c.id == configuration)
        part = self.corpus.part(self._bearing(asked))
        if not len(part):
            return self._absent(asked) if column == "asserted_absent" and level < 0 else ()
        matcher = supports.Matcher(part, "all", self.back_off)
        matcher.conditions = self.conditions
        if self.coders is not None:
            matcher.coders = self.coders
            matcher.inside = np.isin(part.coder, np.array(self.coders, dtype=np.int32))
        return supports.behind_cell(part, matcher.evidence(asked), level, column)


def _flag(role: str, concept: str) -> str:
    """Return the name of the column that says whether a passage codes a concept; ids may hold anything."""
    return f"has_{role}_{concept.encode().hex()}"


# --- empty and thin cells ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Grid(grids.Grid):
    """Cells counted in the engine, with the way back through it."""

    corpus: Corpus

    def behind(self, row: int, column: int, which: str = "count") -> tuple[str, ...]:
        corpus = self.corpus
        concept, other = int(self.rows[row]), int(self.columns[column])
        mine = corpus.in_role(self.role)
        mine = mine.filter(mine.concept == concept)
        if which == "row_total":
            return corpus.ids(mine.filter(mine.theme >= 0) if self.by_theme else mine)
        if which == "latent":
            codings = corpus.codings
            latent = (codings.concept == concept) & (codings.role != ROLES.index(self.role)) & (codings.theme == other)
            return corpus.ids(codings.filter(latent))
        if self.by_theme:
            if which == "out_of":
                return ()
            here = mine.filter(mine.theme == other)
        else:
            across = corpus.in_role(self.across)
            across = across.filter(across.concept == other)
            if which == "out_of":
                return corpus.ids(across)
            here = mine.semi_join(across.select("extraction").distinct(), "extraction")
        if which == "supporting":
            here = here.filter(here.stance == _SUPPORTS)
        elif which == "challenging":
            here = here.filter(here.stance == _CHALLENGES)
        elif which == "speaking_against":
            here = here.filter(_against(here))
        elif not self.by_theme and self.unit != "extraction":
            units = mine.select(self.unit).intersect(across.select(self.unit))
            here = mine.union(across).semi_join(units, self.unit)
        return corpus.ids(here)


def _cells(
    corpus: Corpus,
    rows: str,
    columns: str,
    unit: str,
    null: str,
    thin: int,
    show: str,
    permutations: int,  # noqa: ARG001 (asked for as in memory; the curveball is refused)
    seed: int,  # noqa: ARG001
) -> Table:
    grids.checked_gaps(thin, show)
    grids.checked(rows, columns, unit, null)
    if not corpus.amounts[0]:
        raise Refused(f"no extraction by {who(corpus.frame)}: an empty cell would say nothing")
    if null == "curveball":
        raise Refused(
            "the curveball permutes the whole table in one machine's memory, which an engine for large corpora does not do: "
            "ask with null=reported"
        )
    grid = (
        _under_themes(corpus, rows, unit, null) if columns == "theme" else _crossed(corpus, rows, columns, unit, null)
    )
    return grids.told(grid, thin, show)


def _looked_for(corpus: Corpus, role: str) -> Index:
    found = in_order(corpus.frame, [*corpus.frame.listed(role).tolist(), *corpus.coded(role)])
    if not len(found):
        raise Refused(f"there is no concept to look for: the codebook lists none as {role}, and none is coded so")
    return found


def _in_cells(corpus: Corpus, facts: Any, unit: str, down: Index, over: Index) -> dict[str, Counts]:
    """Count the units of each cell in all ways; `facts` has a concept and a place for each passage in a cell."""
    row_of = {int(c): n for n, c in enumerate(down.tolist())}
    column_of = {int(c): n for n, c in enumerate(over.tolist())}
    each, against = _unit_of(facts, unit), _against(facts)
    names = ("count", "supporting", "challenging", "speaking_against", "passages", "passages_against")
    counted = facts.group_by("concept", "place").aggregate(
        count=each.nunique(),
        supporting=each.nunique(where=facts.stance == _SUPPORTS),
        challenging=each.nunique(where=facts.stance == _CHALLENGES),
        speaking_against=each.nunique(where=against),
        passages=_count(),
        passages_against=_sum(against),
    )
    found = {name: np.zeros((len(down), len(over)), dtype=np.int64) for name in names}
    for concept, place, *numbers in corpus.fetch(counted):
        for name, n in zip(names, numbers, strict=True):
            found[name][row_of[concept], column_of[place]] = n
    return found


def _under_themes(corpus: Corpus, role: str, unit: str, null: str) -> _Grid:
    if unit == "extraction":
        raise Refused("whether a theme is reported is recorded of articles: count articles or studies under themes")
    ibis, frame = _ibis(), corpus.frame
    down = _looked_for(corpus, role)
    rows, reports, codings = corpus.extractions, corpus.reported, corpus.codings
    placed = rows.filter(rows.theme >= 0)
    used = corpus.fetch(placed.select("theme").union(reports.select("theme")).distinct())
    themes = in_order(frame, [*frame.listed("theme").tolist(), *(int(t) for (t,) in used)])
    if not len(themes):
        raise Refused("there are no themes: the codebook lists none and no passage names one")
    coded = codings.filter(codings.theme >= 0).mutate(place=ibis._.theme)
    counts = _in_cells(corpus, coded.filter(coded.role == ROLES.index(role)), unit, down, themes)
    other = coded.filter((coded.role != ROLES.index(role)) & coded.concept.isin(down.tolist()))
    latent = _in_cells(corpus, other, unit, down, themes)["count"]
    # What is recorded of each theme in each unit: said to be reported, said not to be, coded.
    zero, one = ibis.literal(0).cast("int32"), ibis.literal(1).cast("int32")
    said = reports.select(unit, "theme", yes=reports.value.cast("int32"), no=(~reports.value).cast("int32"), coded=zero)
    every = said.union(placed.select(unit, "theme", yes=zero, no=zero, coded=one))
    each = every.group_by(unit, "theme").aggregate(yes=every.yes.max(), no=every.no.max(), coded=every.coded.max())
    summed = each.group_by("theme").aggregate(
        reported=_sum((each.yes > 0) | (each.coded > 0)),
        denied=_sum(each.no > 0),
        conflicts=_sum((each.no > 0) & (each.yes == 0) & (each.coded > 0)),
        disputed=_sum((each.yes > 0) & (each.no > 0)),
    )
    by_theme = {int(row[0]): tuple(int(v or 0) for v in row[1:]) for row in corpus.fetch(summed)}
    of = np.array([by_theme.get(t, (0, 0, 0, 0)) for t in themes.tolist()], dtype=np.int64)
    (recorded,) = corpus.value(reports.aggregate(n=_count()))
    if recorded:
        out_of = of[:, 0]
    else:
        (read,) = corpus.value(_read(corpus, unit).aggregate(n=_count()))
        out_of = np.full(len(themes), read, dtype=np.int64)
    count = counts["count"]
    row_total, everywhere = count.sum(axis=1), int(out_of.sum())
    asked = np.ones(count.shape, dtype=np.bool_)
    expected, p, q = grids.chance(null, count, row_total, out_of, everywhere, asked & (out_of > 0)[None, :])
    remarks = remarks_on(recorded=bool(recorded), conflicts=int(of[:, 2].sum()), disputed=int(of[:, 3].sum()))
    return _Grid(
        frame, role, "theme", unit, null, down, themes, count, out_of, row_total, everywhere, asked, expected, p, q,
        counts["supporting"], counts["challenging"], counts["speaking_against"], latent,
        (counts["passages"] > 0) & (counts["passages"] == counts["passages_against"]),
        of[:, 1], remarks, corpus.amounts[1], _NONE, _EMPTY, "", corpus,
    )  # fmt: skip


def _crossed(corpus: Corpus, role: str, across: str, unit: str, null: str) -> _Grid:
    if null == "coded":
        raise Refused("null=coded is about themes: use null=reported or null=curveball for concepts with concepts")
    down, over = _looked_for(corpus, role), _looked_for(corpus, across)
    rows = corpus.extractions
    (read,) = corpus.value(rows.aggregate(n=_unit_of(rows, unit).nunique()))
    has = [corpus.in_role(each).select(unit, "concept").distinct() for each in (role, across)]
    place = [{int(c): n for n, c in enumerate(found.tolist())} for found in (down, over)]
    totals = []
    for each, at in zip(has, place, strict=True):
        total = np.zeros(len(at), dtype=np.int64)
        for concept, n in corpus.fetch(each.group_by("concept").aggregate(n=_count())):
            total[at[concept]] = n
        totals.append(total)
    row_total, out_of = totals
    count = np.zeros((len(down), len(over)), dtype=np.int64)
    joined = has[0].join(has[1].select(unit, place="concept"), unit)
    for a, b, n in corpus.fetch(joined.group_by("concept", "place").aggregate(n=_count())):
        count[place[0][a], place[1][b]] = n
    asked = np.ones(count.shape, dtype=np.bool_)
    if role == across:
        asked = np.triu(asked, 1)
        if not asked.any():
            raise Refused(f"only one concept is coded or listed as {role}: there is no pair")
    expected, p, q = grids.chance(null, count, row_total, out_of, read, asked)
    right = corpus.in_role(across).select("extraction", place="concept")
    counts = _in_cells(corpus, corpus.in_role(role).join(right, "extraction"), unit, down, over)
    return _Grid(
        corpus.frame, role, across, unit, null, down, over, count, out_of, row_total, read, asked, expected, p, q,
        counts["supporting"], counts["challenging"], counts["speaking_against"], np.zeros_like(count),
        (counts["passages"] > 0) & (counts["passages"] == counts["passages_against"]),
        np.zeros(len(over), dtype=np.int64), "", 0, _NONE, _EMPTY, "", corpus,
    )  # fmt: skip


_COUNT: dict[str, Any] = {
    "occurrence": _occurrence,
    "cooccurrence": _cooccurrence,
    "k-way": _k_way,
    "support": _support,
    "empty-and-thin-cells": _cells,
}
