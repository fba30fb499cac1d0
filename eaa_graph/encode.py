"""How a record looks in RDF, and back: the only place that decides it.

One table, :data:`SHAPES`, says for every field of every record which property
carries it and how. :func:`encode` and :func:`decode` both follow that table, so
that they cannot drift apart: decoding what was encoded gives every record back.
The same table in prose is ``docs/graph.md``.
"""

from __future__ import annotations

__all__ = ["SHAPES", "Field", "Shape", "decode", "encode", "encode_findings", "lines", "read_lines", "review_base"]

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote, unquote

from eaa_graph.errors import EaaError
from eaa_graph.findings import Finding
from eaa_graph.model import (
    CLAIM_RELATIONS,
    ROLES,
    Appraisal,
    Article,
    Change,
    Claim,
    Concept,
    Configuration,
    Expectation,
    Extraction,
    Figure,
    FlowStep,
    Person,
    Phase,
    Record,
    Records,
    Reported,
    Review,
    Theory,
    slot_concepts,
)
from eaa_graph.vocabulary import (
    DCTERMS,
    EAA,
    OWL,
    PROV,
    RDF,
    RDFS,
    SKOS,
    Literal,
    Quad,
    Term,
    boolean,
    data_iri,
    enum,
    graph_iri,
    integer,
    iri,
    iri_value,
    literal,
    read_term,
    split_data_iri,
    year,
)


class Field(NamedTuple):
    """How one field of a record is written.

    Attributes
    ----------
    name : str
        The record's attribute.
    predicate : str
        IRI of the property.
    how : str
        ``text``, ``language`` (text in the review's language), ``integer``, ``year``, ``boolean``,
        ``thing`` (the IRI of another record) or ``word`` (an individual for one of the field's words).
    of : tuple of str
        For ``thing``: the kinds of record it may point to; for ``word``: the list the word comes from.
    many : bool
        Whether the field holds any number of values.
    """

    name: str
    predicate: str
    how: str = "text"
    of: tuple[str, ...] = ()
    many: bool = False


class Shape(NamedTuple):
    """How one kind of record is written: its class, its place in IRIs, its graph, its fields."""

    record: type[Record]
    cls: str
    kind: str
    graph: str
    fields: tuple[Field, ...]


_ID = Field("id", DCTERMS + "identifier")


def _e(name: str, local: str, how: str = "text", *of: str, many: bool = False) -> Field:
    return Field(name, EAA + local, how, of, many)


def _roles(verb: str) -> tuple[Field, ...]:
    return tuple(_e(role + "s", verb + role.capitalize(), "thing", "concept", many=True) for role in ROLES)


#: One entry for each kind of record; `docs/graph.md` tells the same in words.
SHAPES: tuple[Shape, ...] = (
    Shape(
        Review,
        "Review",
        "review",
        "review",
        (
            _ID,
            Field("title", DCTERMS + "title", "language"),
            _e("question", "question", "language"),
            Field("citation", DCTERMS + "bibliographicCitation"),
            _e("doi", "doi"),
            _e("based_on", "basedOn"),
            _e("licence", "licence"),
            Field("language", DCTERMS + "language"),
            _e("base_iri", "baseIri"),
            _e("heuristic", "heuristic", "word", "heuristic"),
            _e("preferred_coder", "preferredCoder", "thing", "person"),
        ),
    ),
    Shape(
        Person,
        "Coder",
        "person",
        "review",
        (
            _ID,
            Field("name", RDFS + "label"),
            _e("orcid", "orcid"),
            _e("role", "personRole"),
            _e("reads", "adjudicates", "thing", "person", many=True),
        ),
    ),
    Shape(
        Phase,
        "CodingPhase",
        "phase",
        "review",
        (_ID, Field("label", RDFS + "label"), _e("reasoning", "reasoningMode", "word", "phase")),
    ),
    Shape(
        Article,
        "Article",
        "article",
        "articles",
        (
            _ID,
            Field("title", DCTERMS + "title"),
            _e("authors", "authors"),
            _e("year", "year", "year"),
            _e("journal", "journal"),
            _e("doi", "doi"),
            _e("pmcid", "pmcid"),
            _e("url", "url"),
            _e("country", "country"),
            _e("field", "field"),
            _e("study", "reportsStudy", "thing", "study"),
            _e("collection", "collection"),
            _e("phase", "inPhase", "thing", "phase"),
            _e("reported_concept", "reportedConcept"),
            _e("reported_methods", "reportedMethods"),
            _e("licence", "licence"),
        ),
    ),
    Shape(
        Concept,
        "Code",
        "concept",
        "codebook",
        (
            _ID,
            Field("label", SKOS + "prefLabel", "language"),
            Field("definition", SKOS + "definition", "language"),
            _e("listed_as", "listedAs", "word", "role"),
            _e("status", "conceptStatus", "word", "status"),
            _e("group", "group"),
            Field("broader", SKOS + "broader", "thing", ("concept",), True),
            Field("synonyms", SKOS + "altLabel", "text", (), True),
            _e("source", "definitionSource"),
            _e("close_match", "closeMatch", many=True),
            _e("position", "position", "integer"),
        ),
    ),
    Shape(
        Extraction,
        "CodedExtraction",
        "extraction",
        "extractions",
        (
            _ID,
            _e("article", "fromArticle", "thing", "article"),
            _e("theme", "atTheme", "thing", "concept"),
            *_roles("codes"),
            _e("stance", "stance", "word", "stance"),
            _e("polarity", "polarity", "word", "polarity"),
            _e("basis", "basis", "word", "basis"),
            _e("activation", "activation", "word", "activation"),
            _e("quote", "quote"),
            _e("locator", "locator"),
            _e("note", "note"),
            _e("coder", "codedBy", "thing", "person"),
            _e("phase", "inPhase", "thing", "phase"),
            _e("date", "codedOn"),
            _e("derived_from", "derivedFromExtraction", "thing", "extraction", many=True),
        ),
    ),
    Shape(
        Reported,
        "ThemeReport",
        "reported",
        "extractions",
        (
            _e("article", "fromArticle", "thing", "article"),
            _e("theme", "atTheme", "thing", "concept"),
            _e("reported", "isReported", "boolean"),
            _e("coder", "codedBy", "thing", "person"),
        ),
    ),
    Shape(
        Appraisal,
        "Appraisal",
        "appraisal",
        "extractions",
        (
            _e("target", "appraises", "thing", "article", "extraction"),
            _e("relevance", "relevance"),
            _e("richness", "richness"),
            _e("rigour", "rigour"),
            _e("reason", "reason"),
            _e("assessor", "assessedBy", "thing", "person"),
        ),
    ),
    Shape(
        Configuration,
        "CMOConfiguration",
        "configuration",
        "theories",
        (
            _ID,
            _e("statement", "statement", "language"),
            _e("polarity", "polarity", "word", "polarity"),
            _e("note", "note"),
            _e("author", "proposedBy"),
            _e("lint_ok", "overrules"),
        ),
    ),
    Shape(
        Theory,
        "ProgrammeTheory",
        "theory",
        "theories",
        (
            _ID,
            Field("label", RDFS + "label"),
            _e("date", "dated"),
            _e("status", "theoryStatus", "word", "theory-status"),
            Field("revision_of", PROV + "wasRevisionOf", "thing", ("theory",), True),
            _e("summary", "summary", "language"),
            _e("configurations", "hasConfiguration", "thing", "configuration", many=True),
            _e("people", "madeBy", "thing", "person", many=True),
            _e("phase", "inPhase", "thing", "phase"),
        ),
    ),
    Shape(
        Claim,
        "Claim",
        "claim",
        "theories",
        (
            _ID,
            _e("theory", "claimedBy", "thing", "theory"),
            _e("from_concepts", "claimFrom", "thing", "concept", many=True),
            _e("relation", "claimRelation", "word", "relation"),
            _e("to_concepts", "claimTo", "thing", "concept", many=True),
            _e("statement", "statement", "language"),
            _e("source", "source"),
        ),
    ),
    Shape(
        Change,
        "Refinement",
        "refinement",
        "theories",
        (
            _e("theory", "ledTo", "thing", "theory"),
            _e("change", "changeKind", "word", "change"),
            _e("subject", "subjectOfChange", "thing", "configuration", "concept", "claim"),
            _e("before", "changedFrom", "thing", "configuration", "concept", "claim", many=True),
            _e("after", "changedTo", "thing", "configuration", "concept", "claim", many=True),
            _e("reason", "reason"),
            _e("evidence", "onEvidence", "thing", "extraction", many=True),
            _e("move", "synthesisMove", "word", "move"),
            _e("by", "decidedBy", "thing", "person"),
            _e("date", "dated"),
        ),
    ),
    Shape(
        Expectation,
        "Expectation",
        "expectation",
        "codebook",
        (_e("concept", "expects", "thing", "concept"), _e("source", "source"), _e("why", "reason")),
    ),
    Shape(
        FlowStep,
        "FlowStep",
        "flow",
        "articles",
        (
            _e("stage", "stage"),
            _e("origin", "flowFrom", many=True),
            _e("outcome", "flowOutcome"),
            _e("count", "count", "integer"),
            _e("reason", "reason"),
        ),
    ),
    Shape(
        Figure,
        "ReportedFigure",
        "figure",
        "articles",
        (
            _ID,
            Field("label", RDFS + "label"),
            _e("count", "count", "integer"),
            _e("unit", "unit"),
            _e("denominator", "denominator", "integer"),
            _e("part_of", "partOfFigure", "thing", "figure"),
            _e("parts", "partsRule", "word", "parts"),
            _e("concept", "countsConcept", "thing", "concept"),
            _e("source", "source"),
            _e("locator", "locator"),
            _e("note", "note"),
        ),
    ),
)

_TYPE = iri(RDF + "type")
_LABEL = iri(RDFS + "label")
_NATURES = {"person": iri(PROV + "Person"), "software": iri(PROV + "SoftwareAgent")}
_SLOT_PREDICATES = {role: iri(EAA + "has" + role.capitalize()) for role in ROLES}
_WORDS_WITH_SPACES = {relation.replace(" ", "-"): relation for relation in CLAIM_RELATIONS}
#: Which attribute of `Records` holds which record.
_COLLECTIONS: dict[type[Record], str] = {
    Person: "people",
    Phase: "phases",
    Article: "articles",
    Concept: "concepts",
    Extraction: "extractions",
    Reported: "reported",
    Appraisal: "appraisals",
    Configuration: "configurations",
    Theory: "theories",
    Claim: "claims",
    Change: "changes",
    Expectation: "expectations",
    FlowStep: "flow",
    Figure: "figures",
}
_EVIDENCE = (("supporting", "supports"), ("challenging", "challenges"))


def review_base(review: Review) -> str:
    """Return the base under which everything of `review` lives, ending in ``/``."""
    return data_iri(review.base_iri.removesuffix("/"), "", review.id) + "/"


# --- records to quads -----------------------------------------------------------------


def encode(records: Records) -> Iterator[Quad]:
    """Yield the quads of a review, record by record in the order of `records`.

    Parameters
    ----------
    records : Records
        References must resolve (as :func:`eaa_graph.validate.validate` leaves them).

    Yields
    ------
    Quad
        Without blank nodes; equal records give equal quads.
    """
    return _Encoder(records).quads()


class _Encoder:
    """Carries what encoding needs to know of the whole review: its base, language and ids."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.base = review_base(records.review)
        self.language = records.review.language
        # Concepts, coders and themes recur in every row: each term is written once.
        self.thing = lru_cache(maxsize=65536)(self._thing)
        self.graph = lru_cache(maxsize=None)(self._graph)
        self.attribute = lru_cache(maxsize=None)(self._attribute)
        self.ids = {
            kind: {record.key[0] for record in getattr(records, collection)}
            for kind, collection in (
                ("article", "articles"),
                ("extraction", "extractions"),
                ("configuration", "configurations"),
                ("concept", "concepts"),
                ("claim", "claims"),
            )
        }
        self.declared: set[tuple[str, Term]] = set()

    def _thing(self, kind: str, *parts: str) -> Term:
        return Term(f"<{data_iri(self.base, kind, *parts)}>")

    def _graph(self, name: str, *parts: str) -> Term:
        return Term(f"<{graph_iri(self.base, name, *parts)}>")

    def _attribute(self, name: str) -> Term:
        return Term(f"<{self.base}attribute/{_column_name(name)}>")

    def quads(self) -> Iterator[Quad]:
        yield from self._codebook()
        coded = (self.records.extractions, self.records.reported)
        if any(record.coder is None for records in coded for record in records):
            nobody, graph = self.thing("person", ""), self.graph("review")
            yield Quad(nobody, _TYPE, iri(EAA + "Coder"), graph)
            yield Quad(nobody, _LABEL, literal("coder not named", "en"), graph)
        shapes = {shape.record: shape for shape in SHAPES}
        for record_type, shape in shapes.items():
            collection = _COLLECTIONS.get(record_type)
            records = getattr(self.records, collection) if collection else (self.records.review,)
            if not records:
                continue
            write = self._writer(shape)
            extra = self._EXTRA.get(record_type)
            for record in records:
                graph = self._graph_of(shape, record)
                subject = self._thing(shape.kind, *record.key)
                yield from write(subject, graph, record)
                if extra:
                    yield from extra(self, subject, graph, record)
                if record.attributes:
                    yield from self._attributes(subject, graph, record)

    def _graph_of(self, shape: Shape, record: Record) -> Term:
        if shape.graph != "extractions":
            return self.graph(shape.graph)
        who = record.assessor if isinstance(record, Appraisal) else getattr(record, "coder", None)
        return self.graph("extractions", who or "")

    def _writer(self, shape: Shape) -> Callable[[Term, Term, Record], list[Quad]]:
        """Return a function that writes the plain fields of one kind of record.

        The loop over fields runs for every row of the largest sheet, so what does
        not change from row to row is settled here, once.
        """
        cls = iri(EAA + shape.cls)
        make = tuple.__new__  # what Quad(...) comes to, without its way there
        one: list[tuple[str, Term, Callable[[Any], Term]]] = []
        many: list[tuple[str, Term, Callable[[Any], Term]]] = []
        for field in shape.fields:
            (many if field.many else one).append((field.name, iri(field.predicate), self._value(field)))

        def write(subject: Term, graph: Term, record: Record) -> list[Quad]:
            values = record.__dict__
            quads = [make(Quad, (subject, _TYPE, cls, graph))]
            for name, predicate, value in one:
                cell = values[name]
                # Whoever coded without being named is somebody too: questions ask by coder.
                if cell is None and name == "coder":
                    cell = ""
                if cell is not None:
                    quads.append(make(Quad, (subject, predicate, value(cell), graph)))
            for name, predicate, value in many:
                for item in values[name]:
                    quads.append(make(Quad, (subject, predicate, value(item), graph)))  # noqa: PERF401 (slower as one)
            return quads

        return write

    def _value(self, field: Field) -> Callable[[Any], Term]:
        if field.how == "text":
            return literal
        if field.how == "language":
            return lambda cell: literal(cell, self.language)
        if field.how == "thing":
            if len(field.of) == 1:
                kind, thing = field.of[0], self.thing
                return lambda cell: thing(kind, cell)
            return lambda cell: self.thing(self._kind_of(cell, field.of), cell)
        if field.how == "word":
            which = field.of[0]
            return lru_cache(maxsize=None)(lambda cell: enum(which, cell))
        return {"integer": integer, "year": year, "boolean": boolean}[field.how]

    def _kind_of(self, reference: str, kinds: tuple[str, ...]) -> str:
        for kind in kinds:
            if reference in self.ids[kind]:
                return kind
        return kinds[0]

    # --- what does not fit the table of fields ------------------------------------------

    def _codebook(self) -> Iterator[Quad]:
        codebook, graph = self.thing("codebook", self.records.review.id), self.graph("codebook")
        yield Quad(codebook, _TYPE, iri(EAA + "Codebook"), graph)
        yield Quad(codebook, _LABEL, literal(f"Codebook of {self.records.review.title}", self.language), graph)

    def _concept(self, subject: Term, graph: Term, _: Record) -> Iterator[Quad]:
        yield Quad(subject, iri(SKOS + "inScheme"), self.thing("codebook", self.records.review.id), graph)

    def _person(self, subject: Term, graph: Term, person: Record) -> Iterator[Quad]:
        if isinstance(person, Person) and person.nature:
            yield Quad(subject, _TYPE, _NATURES[person.nature], graph)

    def _study(self, _: Term, graph: Term, article: Record) -> Iterator[Quad]:
        if (
            isinstance(article, Article)
            and article.study
            and ("study", self.thing("study", article.study)) not in self.declared
        ):
            study = self.thing("study", article.study)
            self.declared.add(("study", study))
            yield Quad(study, _TYPE, iri(EAA + "Study"), graph)
            yield Quad(study, iri(DCTERMS + "identifier"), literal(article.study), graph)

    def _configuration(self, subject: Term, graph: Term, record: Record) -> Iterator[Quad]:
        assert isinstance(record, Configuration)  # noqa: S101 (the table of extras says so)
        for role in ROLES:
            slot = record.slot(role)
            for concept in slot_concepts(slot):
                yield Quad(subject, _SLOT_PREDICATES[role], self.thing("concept", concept), graph)
            for position, alternative in enumerate(slot, 1):
                node = self.thing("slot", record.id, role, str(position))
                yield Quad(subject, iri(EAA + "hasAlternative"), node, graph)
                yield Quad(node, _TYPE, iri(EAA + "SlotAlternative"), graph)
                yield Quad(node, iri(EAA + "inSlot"), enum("role", role), graph)
                yield Quad(node, iri(EAA + "position"), integer(position), graph)
                yield Quad(node, iri(EAA + "writtenAs"), literal("|".join(alternative)), graph)
                for concept in dict.fromkeys(alternative):
                    yield Quad(node, iri(EAA + "joins"), self.thing("concept", concept), graph)
        for name, bearing in _EVIDENCE:
            for extraction in getattr(record, name):
                line = self.thing("evidence", record.id, bearing, extraction)
                yield Quad(line, _TYPE, iri(EAA + "EvidenceLine"), graph)
                yield Quad(line, iri(EAA + "evidenceFor"), subject, graph)
                yield Quad(line, iri(EAA + "evidenceFrom"), self.thing("extraction", extraction), graph)
                yield Quad(line, iri(EAA + "bearing"), enum("stance", bearing), graph)
                yield Quad(line, iri(EAA + "evidenceOrigin"), enum("evidence", "asserted"), graph)

    _EXTRA: ClassVar[dict[type[Record], Callable[[_Encoder, Term, Term, Record], Iterator[Quad]]]] = {
        Concept: _concept,
        Person: _person,
        Article: _study,
        Configuration: _configuration,
    }

    def _attributes(self, subject: Term, graph: Term, record: Record) -> Iterator[Quad]:
        for name, value in record.attributes:
            predicate = self.attribute(name)
            if (graph, predicate) not in self.declared:
                self.declared.add((graph, predicate))
                yield Quad(predicate, _TYPE, iri(OWL + "DatatypeProperty"), graph)
                yield Quad(predicate, _LABEL, literal(name), graph)
            yield Quad(subject, predicate, literal(value), graph)


def encode_findings(review: Review, findings: Iterable[Finding]) -> Iterator[Quad]:
    """Yield the quads of findings: problems of the input are part of the record of a review."""
    base = review_base(review)
    graph = iri(graph_iri(base, "findings"))
    for number, found in enumerate(sorted(set(findings)), 1):
        subject = iri(data_iri(base, "finding", str(number)))
        yield Quad(subject, _TYPE, iri(EAA + "Finding"), graph)
        cells = (
            ("rule", found.rule),
            ("severity", found.severity),
            ("place", str(found.where)),
            ("message", found.message),
            ("fix", found.fix),
        )
        for local, text in cells:
            if text:
                yield Quad(subject, iri(EAA + local), literal(text), graph)


# --- N-Quads ----------------------------------------------------------------------------


def lines(quads: Iterable[Quad]) -> Iterator[str]:
    """Yield each quad as one line of N-Quads, without its line end."""
    for subject, predicate, value, graph in quads:
        yield f"{subject} {predicate} {value} {graph} ."


_LINE = re.compile(
    r'(?P<s><[^>]*>|_:\S+)\s+(?P<p><[^>]*>)\s+(?P<o><[^>]*>|_:\S+|"(?:[^"\\]|\\.)*"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>)?)\s*(?P<g><[^>]*>|_:\S+)?\s*\.\s*$'
)


def read_lines(nquads: Iterable[str]) -> Iterator[Quad]:
    """Yield the quads of N-Quads lines; blank lines and comments are passed over.

    Raises
    ------
    EaaError
        If a line is not N-Quads.
    """
    for number, line in enumerate(nquads, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line.strip())
        if match is None:
            raise EaaError(f"line {number} is not N-Quads: {line[:80]!r}")
        yield Quad(Term(match["s"]), Term(match["p"]), Term(match["o"]), Term(match["g"] or ""))


# --- quads to records ---------------------------------------------------------------------

_Properties = dict[str, list[str]]


def decode(quads: Iterable[Quad]) -> Records:
    """Return the records that `quads` were encoded from; inverse of :func:`encode`.

    Statements that no record holds (inferred ones, the ontology, findings) are passed over.

    Raises
    ------
    EaaError
        If there is no review, or more than one, among the quads.
    """
    things: dict[str, _Properties] = defaultdict(lambda: defaultdict(list))
    types: dict[str, set[str]] = defaultdict(set)
    for subject, predicate, value, graph in quads:
        if graph.rpartition("/graph/")[2].startswith("inferred/"):  # the last one: a base may hold these words too
            continue
        if predicate == _TYPE:
            types[subject].add(value)
        else:
            things[subject][iri_value(predicate)].append(value)
    reviews = [s for s, found in types.items() if iri(EAA + "Review") in found]
    if len(reviews) != 1:
        raise EaaError(f"the graph holds {len(reviews)} reviews; exactly one can be read back")
    base_and_review = _decode_review(things[reviews[0]])
    return _Decoder(things, types, *base_and_review).records()


def _decode_review(properties: _Properties) -> tuple[Review, str]:
    shape = SHAPES[0]
    values = _plain(shape, properties, "")
    if EAA + "preferredCoder" in properties:  # its IRI needs the base, which the review itself gives
        values.pop("preferred_coder", None)
    base = review_base(Review(**values))
    values = _plain(shape, properties, base)
    values["attributes"] = _own_columns(properties, base)
    return Review(**values), base


def _plain(shape: Shape, properties: _Properties, base: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in shape.fields:
        terms = properties.get(field.predicate)
        if not terms:
            continue
        cells = [_cell(field, term, base) for term in terms]
        if field.many:
            values[field.name] = tuple(cells)
        elif cells[0] != "":
            values[field.name] = cells[0]
    return values


def _cell(field: Field, term: str, base: str) -> Any:
    value = read_term(term)
    if field.how == "thing":
        parts = split_data_iri(base, value) if isinstance(value, str) else None
        return parts[1][0] if parts else str(value)
    if field.how == "word":
        word = str(value)[len(EAA) + len(field.of[0]) + 1 :]
        return _WORDS_WITH_SPACES.get(word, word)
    assert isinstance(value, Literal)  # noqa: S101 (every other field is a literal)
    if field.how in ("integer", "year"):
        return int(value.value)
    if field.how == "boolean":
        return value.value in ("true", "1")
    return value.value


def _column_name(name: str) -> str:
    """Write a header so that it can end the IRI of a property in RDF/XML, which allows only XML names there."""
    return "c-" + quote(name, safe="").replace("_", "%5F").replace("~", "%7E").replace("%", "_")


def _header(column_name: str) -> str:
    return unquote(column_name[2:].replace("_", "%"))


def _own_columns(properties: _Properties, base: str) -> tuple[tuple[str, str], ...]:
    found = []
    for predicate, terms in properties.items():
        if predicate.startswith(base + "attribute/"):
            value = read_term(terms[0])
            found.append((_header(predicate[len(base) + 10 :]), value.value if isinstance(value, Literal) else value))
    return tuple(sorted(found))


class _Decoder:
    """Rebuilds records from properties grouped by subject."""

    def __init__(self, things: dict[str, _Properties], types: dict[str, set[str]], review: Review, base: str) -> None:
        self.things = things
        self.types = types
        self.review = review
        self.base = base

    def records(self) -> Records:
        by_class: dict[str, list[str]] = defaultdict(list)
        for subject, found in self.types.items():
            for cls in found:
                by_class[cls].append(subject)
        evidence = self._evidence(by_class[iri(EAA + "EvidenceLine")])
        collections: dict[str, tuple[Record, ...]] = {}
        for shape in SHAPES[1:]:
            # A coder without an identifier stands for "not named": no record of its own.
            subjects = [
                s for s in by_class[iri(EAA + shape.cls)] if shape.cls != "Coder" or self.things[s].get(_ID.predicate)
            ]
            collections[_COLLECTIONS[shape.record]] = tuple(self._record(shape, s, evidence) for s in subjects)
        return Records(review=self.review, **collections).ordered()  # type: ignore[arg-type]

    def _record(self, shape: Shape, subject: str, evidence: dict[str, dict[str, list[str]]]) -> Record:
        properties = self.things[subject]
        values = _plain(shape, properties, self.base)
        values["attributes"] = _own_columns(properties, self.base)
        if shape.record is Person:
            natures = [n for n, term in _NATURES.items() if term in self.types[subject]]
            values["nature"] = natures[0] if natures else None
        elif shape.record is Configuration:
            values.update(self._slots(properties))
            for name, bearing in _EVIDENCE:
                values[name] = tuple(evidence[subject][bearing])
        return shape.record(**values)

    def _slots(self, properties: _Properties) -> dict[str, tuple[tuple[str, ...], ...]]:
        found: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        for node in properties.get(EAA + "hasAlternative", []):
            slot = self.things[node]
            role = str(read_term(slot[EAA + "inSlot"][0]))[len(EAA + "role-") :]
            position, written = read_term(slot[EAA + "position"][0]), read_term(slot[EAA + "writtenAs"][0])
            assert isinstance(position, Literal)  # noqa: S101
            assert isinstance(written, Literal)  # noqa: S101
            found[role].append((int(position.value), tuple(written.value.split("|"))))
        return {role + "s": tuple(alternative for _, alternative in sorted(slot)) for role, slot in found.items()}

    def _evidence(self, subjects: list[str]) -> dict[str, dict[str, list[str]]]:
        asserted: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for subject in subjects:
            line = self.things[subject]
            if line.get(EAA + "evidenceOrigin") != [enum("evidence", "asserted")]:
                continue
            bearing = str(read_term(line[EAA + "bearing"][0]))[len(EAA + "stance-") :]
            extraction = split_data_iri(self.base, str(read_term(line[EAA + "evidenceFrom"][0])))
            if extraction:
                asserted[line[EAA + "evidenceFor"][0]][bearing].append(extraction[1][0])
        return asserted
