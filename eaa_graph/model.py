"""The records of a review and the sheets they come from.

Two things live here, side by side so that they cannot drift apart:

* the **records**: frozen, strict, comparable; one class per sheet. They hold
  what the researcher wrote, never anything computed;
* the **sheets**: for each column its meaning, its kind, its allowed values,
  the other headers it answers to and an example. Reading, checking, the
  template workbook and the documentation all come from :data:`SHEETS`.

A configuration is an object of its own, built over passages: its slots hold
alternatives of concepts that act together. See ``docs/review-folder.md``.
"""

from __future__ import annotations

__all__ = [
    "ACTIVATIONS",
    "BASES",
    "COMMENT_MARK",
    "CONCEPT_KINDS",
    "ESCAPE_MARK",
    "EXAMPLE_MARK",
    "HEURISTICS",
    "POLARITIES",
    "PROGRESS_FILE",
    "ROLES",
    "SHEETS",
    "STANCES",
    "Alternative",
    "Appraisal",
    "Article",
    "Change",
    "Claim",
    "ColumnSpec",
    "Concept",
    "Configuration",
    "Expectation",
    "Extraction",
    "Figure",
    "FlowStep",
    "Person",
    "Phase",
    "Record",
    "Records",
    "Reported",
    "Review",
    "Row",
    "SheetSpec",
    "Slot",
    "Theory",
    "column_letter",
    "example_rows",
    "folded",
    "slot_concepts",
]

import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from eaa_graph.findings import Where

# --- the field's words ---------------------------------------------------------

#: The roles a concept can play in an extraction or a configuration, in the order
#: they are told: who does what, where, what it sets off, what comes of it.
ROLES = ("context", "intervention", "actor", "resource", "reasoning", "mechanism", "outcome")
CONCEPT_KINDS = (*ROLES, "theme")
CONCEPT_STATUSES = ("framework", "external", "emergent", "as-coded")
STANCES = ("supports", "refines", "challenges")
POLARITIES = ("enabling", "hindering", "mixed")
BASES = ("stated", "inferred")
#: A mechanism operates to a degree (Dalkin et al. 2015, doi 10.1186/s13012-015-0237-x).
ACTIVATIONS = ("none", "weak", "partial", "strong", "unknown")
THEORY_STATUSES = ("initial", "refined", "rival")
CHANGE_KINDS = ("added", "dropped", "split", "merged", "reworded", "re-roled")
#: The moves of realist synthesis (Pawson 2006; Robert et al. 2017, doi 10.1186/s13012-017-0554-3).
MOVES = ("juxtapose", "reconcile", "adjudicate", "consolidate", "situate")
PERSON_KINDS = ("person", "software")
PHASE_KINDS = ("inductive", "abductive", "deductive")
CLAIM_RELATIONS = ("leads to", "interacts with", "presupposes", "is pursued with")
#: Which roles a heuristic asks for (De Weger et al. 2020, doi 10.1177/1609406920938577).
HEURISTICS = {
    "CMO": ("context", "mechanism", "outcome"),
    "ICAMO": ("intervention", "context", "actor", "mechanism", "outcome"),
    "SCMO": ("intervention", "context", "mechanism", "outcome"),
    "CIMO": ("context", "intervention", "mechanism", "outcome"),
}

# --- rows ------------------------------------------------------------------------


class Row(NamedTuple):
    """One row as read: cells by header as written, and where each came from.

    Attributes
    ----------
    where : Where
        The row's place, without a column.
    values : dict of str to str
        Header as written to cell text. Blank cells are absent.
    """

    where: Where
    values: dict[str, str]


# --- kinds of value ----------------------------------------------------------------


def _printable(text: str) -> str:
    """Refuse what cannot be written in every format we write (control characters, lone surrogates)."""
    for char in text:
        if char in "\t\n":
            continue
        category = unicodedata.category(char)
        if category in ("Cc", "Cs") or char in "\ufffe\uffff":
            raise ValueError(f"contains the unprintable character U+{ord(char):04X}")
    return text


def _text(text: str) -> str:
    if not text.isprintable():
        _printable(text)
    if not text or text != text.strip():
        raise ValueError("is blank or has space around it")
    return text


def _id(text: str) -> str:
    if not text.isprintable() and ("\n" in text or "\t" in text):
        raise ValueError("an id is one line without tabs")
    if "|" in text or " / " in text:
        raise ValueError("an id cannot contain '|' or ' / ': these separate ids from each other")
    return _text(text)


def _sorted_set(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Order carries no meaning in a list of ids, so that row and cell order never matter."""
    if len(ids) < 2:
        return ids
    return tuple(sorted(set(ids)))


def _attributes(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("an attribute is given twice")
    return tuple(sorted(pairs))


Text = Annotated[str, AfterValidator(_text)]
Id = Annotated[str, AfterValidator(_id)]
Ids = Annotated[tuple[Id, ...], AfterValidator(_sorted_set)]
Attributes = Annotated[tuple[tuple[Text, Text], ...], AfterValidator(_attributes)]
#: YYYY, YYYY-MM or YYYY-MM-DD: as precise as the researcher knows.
Date = Annotated[str, Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
#: Concepts that act together, in the author's order.
Alternative = Annotated[tuple[Id, ...], Field(min_length=1)]
#: Alternatives, one of which is enough; empty when the slot is left open.
Slot = tuple[Alternative, ...]

_STANCE = Annotated[str, Field(pattern="^(supports|refines|challenges)$")]
_POLARITY = Annotated[str, Field(pattern="^(enabling|hindering|mixed)$")]
_BASIS = Annotated[str, Field(pattern="^(stated|inferred)$")]
_ACTIVATION = Annotated[str, Field(pattern="^(none|weak|partial|strong|unknown)$")]


#: Language, script, region, variants (RFC 5646): stores refuse a graph with any other tag.
_LANGUAGE = r"^[A-Za-z]{2,8}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*$"
#: What stores take as the start of an IRI: a host, perhaps a port, a path that ends in a slash.
_BASE_IRI = r"^https?://[\w.~-]+(:[0-9]{1,5})?/([\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$"


def _one_of(*allowed: str) -> Any:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of: {', '.join(allowed)}")
        return value

    return AfterValidator(check)


def slot_concepts(slot: Slot) -> tuple[str, ...]:
    """Return every concept of a slot once, in the order written.

    Examples
    --------
    >>> slot_concepts((("dialogue", "documentation"), ("dialogue",)))
    ('dialogue', 'documentation')
    """
    return tuple(dict.fromkeys(concept for alternative in slot for concept in alternative))


# --- records -------------------------------------------------------------------------


class Record(BaseModel):
    """What every record has: strict fields, attributes kept from columns of the user's own."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    #: Name of the record's kind in IRIs and tables.
    kind: ClassVar[str]
    attributes: Attributes = ()

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this record from the others of its kind."""
        return (self.id,)  # type: ignore[attr-defined]  # the classes without an id override this


class Person(Record):
    """Somebody (or some software) who codes, appraises or decides."""

    kind: ClassVar[str] = "person"
    id: Id
    name: Text | None = None
    orcid: Annotated[str, Field(pattern=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")] | None = None
    #: person or software: readers must be able to tell the two apart.
    nature: Annotated[str, _one_of(*PERSON_KINDS)] | None = None
    role: Text | None = None
    #: Whose codings this person adjudicates.
    reads: Ids = ()


class Phase(Record):
    """A phase of coding: inductive, abductive or deductive."""

    kind: ClassVar[str] = "phase"
    id: Id
    label: Text | None = None
    reasoning: Annotated[str, _one_of(*PHASE_KINDS)] | None = None


class Review(Record):
    """The review itself, from `review.toml`."""

    kind: ClassVar[str] = "review"
    id: Id
    title: Text
    question: Text | None = None
    citation: Text | None = None
    doi: Text | None = None
    based_on: Text | None = None
    licence: Text | None = None
    language: Annotated[str, Field(pattern=_LANGUAGE)] = "en"
    base_iri: Annotated[str, Field(pattern=_BASE_IRI)] = "https://w3id.org/eaa/id/"
    heuristic: Annotated[str, _one_of(*HEURISTICS)] = "CMO"
    preferred_coder: Id | None = None


class Article(Record):
    """A document that was read; several may report one study."""

    kind: ClassVar[str] = "article"
    id: Id
    title: Text | None = None
    authors: Text | None = None
    year: Annotated[int, Field(ge=1000, le=2999)] | None = None
    journal: Text | None = None
    doi: Text | None = None
    pmcid: Text | None = None
    url: Text | None = None
    country: Text | None = None
    field: Text | None = None
    study: Id | None = None
    collection: Text | None = None
    phase: Id | None = None
    reported_concept: Text | None = None
    reported_methods: Text | None = None
    licence: Text | None = None


class Concept(Record):
    """A code of the codebook. Its role is not fixed here: roles belong to configurations."""

    kind: ClassVar[str] = "concept"
    id: Id
    label: Text
    definition: Text | None = None
    #: What the codebook lists it as; evidence may use it otherwise.
    listed_as: Annotated[str, _one_of(*CONCEPT_KINDS)] | None = None
    status: Annotated[str, _one_of(*CONCEPT_STATUSES)] | None = None
    group: Text | None = None
    broader: Ids = ()
    synonyms: Annotated[tuple[Text, ...], AfterValidator(_sorted_set)] = ()
    source: Text | None = None
    close_match: Annotated[tuple[Text, ...], AfterValidator(_sorted_set)] = ()
    #: Place among its kind in lists and pictures; those without one follow, by id.
    position: Annotated[int, Field(ge=0)] | None = None


class Extraction(Record):
    """One coded passage: what one coder saw in one article, in parts or as a whole configuration."""

    kind: ClassVar[str] = "extraction"
    id: Id
    article: Id
    theme: Id | None = None
    contexts: Ids = ()
    interventions: Ids = ()
    actors: Ids = ()
    resources: Ids = ()
    reasonings: Ids = ()
    mechanisms: Ids = ()
    outcomes: Ids = ()
    stance: _STANCE | None = None
    polarity: _POLARITY | None = None
    basis: _BASIS | None = None
    activation: _ACTIVATION | None = None
    quote: Text | None = None
    locator: Text | None = None
    note: Text | None = None
    coder: Id | None = None
    phase: Id | None = None
    date: Date | None = None
    derived_from: Ids = ()

    def codes(self, role: str) -> tuple[str, ...]:
        """Return the concepts coded in `role` (one of :data:`ROLES`)."""
        return getattr(self, role + "s")  # type: ignore[no-any-return]


class Reported(Record):
    """Whether an article reports a theme, in one coder's view: the denominators."""

    kind: ClassVar[str] = "reported"
    article: Id
    theme: Id
    reported: bool
    coder: Id | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this record from the others of its kind."""
        return (self.article, self.theme, self.coder or "")


class Appraisal(Record):
    """Somebody's judgement of an article or extraction; recorded, never computed."""

    kind: ClassVar[str] = "appraisal"
    #: Id of the article or extraction judged.
    target: Id
    relevance: Text | None = None
    richness: Text | None = None
    rigour: Text | None = None
    reason: Text | None = None
    assessor: Id | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this record from the others of its kind."""
        return (self.target, self.assessor or "")


class Configuration(Record):
    """One causal explanation joining context, mechanism and outcome; slots may be open."""

    kind: ClassVar[str] = "configuration"
    id: Id
    contexts: Slot = ()
    interventions: Slot = ()
    actors: Slot = ()
    resources: Slot = ()
    reasonings: Slot = ()
    mechanisms: Slot = ()
    outcomes: Slot = ()
    statement: Text | None = None
    polarity: _POLARITY | None = None
    #: Extractions that a person says support it; matches are computed apart from these.
    supporting: Ids = ()
    challenging: Ids = ()
    note: Text | None = None
    author: Text | None = None
    #: Rules of the lint that a person overrules for it, each with the reason.
    lint_ok: Text | None = None

    def slot(self, role: str) -> Slot:
        """Return the slot of `role` (one of :data:`ROLES`)."""
        return getattr(self, role + "s")  # type: ignore[no-any-return]


class Theory(Record):
    """One version of a programme theory."""

    kind: ClassVar[str] = "theory"
    id: Id
    label: Text | None = None
    date: Date | None = None
    status: Annotated[str, _one_of(*THEORY_STATUSES)] | None = None
    revision_of: Ids = ()
    summary: Text | None = None
    configurations: Ids = ()
    people: Ids = ()
    phase: Id | None = None


class Claim(Record):
    """A direct claim between two concepts that a theory makes beside its configurations."""

    kind: ClassVar[str] = "claim"
    id: Id
    theory: Id
    from_concepts: Ids
    relation: Annotated[str, _one_of(*CLAIM_RELATIONS)]
    to_concepts: Ids
    statement: Text | None = None
    source: Text | None = None


class Change(Record):
    """What changed on the way to a theory version, why, and on what evidence."""

    kind: ClassVar[str] = "change"
    #: The theory version that the change led to.
    theory: Id
    change: Annotated[str, _one_of(*CHANGE_KINDS)]
    subject: Id
    before: Ids = ()
    after: Ids = ()
    reason: Text | None = None
    evidence: Ids = ()
    move: Annotated[str, _one_of(*MOVES)] | None = None
    by: Id | None = None
    date: Date | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this record from the others of its kind."""
        return (self.theory, self.change, self.subject, "|".join(self.before), "|".join(self.after))


class Expectation(Record):
    """A concept that another theory would expect to see."""

    kind: ClassVar[str] = "expectation"
    concept: Id
    source: Text
    why: Text | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this record from the others of its kind."""
        return (self.concept, self.source)


class FlowStep(Record):
    """One count of the document flow: how many went from where to which outcome, and why."""

    kind: ClassVar[str] = "flow"
    stage: Text
    #: Outcomes (or `stage/outcome`) that these documents come from; empty at the start.
    origin: Annotated[tuple[Text, ...], AfterValidator(_sorted_set)] = ()
    outcome: Text
    count: Annotated[int, Field(ge=0)]
    reason: Text | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this record from the others of its kind."""
        return (self.stage, "|".join(self.origin), self.outcome)


class Figure(Record):
    """A number that a publication reports, with its unit and denominator, as worded there."""

    kind: ClassVar[str] = "figure"
    id: Id
    label: Text
    count: Annotated[int, Field(ge=0)]
    unit: Text | None = None
    denominator: Annotated[int, Field(ge=0)] | None = None
    #: The figure this one is a part of.
    part_of: Id | None = None
    #: Whether the parts named are all (`complete`: they add up) or some (`partial`: they do not exceed).
    parts: Annotated[str, _one_of("complete", "partial", "overlapping")] | None = None
    #: The concept counted, if it is one.
    concept: Id | None = None
    source: Text | None = None
    locator: Text | None = None
    note: Text | None = None


class Records(BaseModel):
    """Everything a review holds, each kind in the order of its keys.

    The order is part of the meaning of "same input, same bytes": whatever the
    order of the rows, equal reviews have equal `Records`.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    review: Review
    people: tuple[Person, ...] = ()
    phases: tuple[Phase, ...] = ()
    articles: tuple[Article, ...] = ()
    concepts: tuple[Concept, ...] = ()
    extractions: tuple[Extraction, ...] = ()
    reported: tuple[Reported, ...] = ()
    appraisals: tuple[Appraisal, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    theories: tuple[Theory, ...] = ()
    claims: tuple[Claim, ...] = ()
    changes: tuple[Change, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    flow: tuple[FlowStep, ...] = ()
    figures: tuple[Figure, ...] = ()

    def ordered(self) -> Records:
        """Return the same records, each kind in the order of its keys."""
        update = {
            name: tuple(sorted(getattr(self, name), key=lambda record: record.key))
            for name in type(self).model_fields
            if name != "review"
        }
        return self.model_copy(update=update)

    def all(self) -> Iterator[Record]:
        """Yield the review and every record, kind by kind."""
        yield self.review
        for name in type(self).model_fields:
            if name != "review":
                yield from getattr(self, name)


# --- sheets --------------------------------------------------------------------------


class ColumnSpec(NamedTuple):
    """One column of a sheet.

    Attributes
    ----------
    name : str
        Header, and unless `attribute` says otherwise the record's attribute.
    meaning : str
        One or two sentences in the researcher's words.
    kind : str
        ``id``, ``text``, ``year``, ``count``, ``date``, ``flag`` (yes/no), ``choice``,
        ``ref`` (one id), ``refs`` (ids joined by ``|``), ``texts`` (texts joined by ``|``)
        or ``slot`` (``|`` joins, `` / `` separates alternatives).
    refers_to : tuple of str
        Sheets that a reference may point into.
    choices : tuple of str
        Allowed values of a choice.
    required : bool
        Whether a row cannot do without it.
    synonyms : tuple of str
        Other headers it answers to (compared without case, spaces, ``_`` and ``-``).
    example : str
        For the template's example row.
    attribute : str
        Attribute of the record when it differs from the header.
    """

    name: str
    meaning: str
    kind: str = "text"
    refers_to: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False
    synonyms: tuple[str, ...] = ()
    example: str = ""
    attribute: str = ""

    @property
    def field(self) -> str:
        """The record's attribute that holds the cell."""
        return self.attribute or self.name


class SheetSpec(NamedTuple):
    """One sheet (or CSV file) of a review folder."""

    name: str
    meaning: str
    record: type[Record]
    columns: tuple[ColumnSpec, ...]
    required: bool = False
    synonyms: tuple[str, ...] = ()

    def spec(self, name: str) -> ColumnSpec:
        """Return the column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _c(name: str, meaning: str, kind: str = "text", **more: Any) -> ColumnSpec:
    return ColumnSpec(name, meaning, kind, **more)


def _role_columns(kind: str) -> tuple[ColumnSpec, ...]:
    joined = (
        " Join concepts that act together with |, separate alternatives with ' / '."
        if kind == "slot"
        else " Join several with |."
    )
    meanings = {
        "context": (
            "Conditions that let the mechanism work, block it or shape how far.",
            ("context", "C", "contextual factors"),
            "mixed-groups",
        ),
        "intervention": (
            "What was done or offered: the programme, strategy or activity.",
            ("intervention", "I", "strategy", "strategies"),
            "",
        ),
        "actor": ("Who acts or is acted upon.", ("actor", "A", "agents", "stakeholders"), ""),
        "resource": (
            "The half of the mechanism that the programme offers.",
            ("resource", "mechanism resource", "mechanism resources", "M resource"),
            "",
        ),
        "reasoning": (
            "The half of the mechanism that happens in people: how their reasoning changes.",
            ("reasoning", "mechanism reasoning", "mechanism reasonings", "M reasoning", "response", "responses"),
            "",
        ),
        "mechanism": (
            "The usually hidden process that produces the outcome, where resource and reasoning are not told apart.",
            ("mechanism", "M"),
            "dialogue",
        ),
        "outcome": ("What comes of it: intended or not, near or far.", ("outcome", "O"), "alignment"),
    }
    return tuple(
        _c(role + "s", meaning + joined, kind, refers_to=("concepts",), synonyms=synonyms, example=example)
        for role, (meaning, synonyms, example) in meanings.items()
    )


_PERSON_NOTE = "Ids of people are listed in review.toml."

#: Every sheet of a review folder, in the order a researcher fills them.
SHEETS: dict[str, SheetSpec] = {
    sheet.name: sheet
    for sheet in (
        SheetSpec(
            "articles",
            "The documents read: one row each.",
            Article,
            (
                _c(
                    "id",
                    "Your own short name for the article; other sheets use it.",
                    "id",
                    required=True,
                    synonyms=("article id", "article", "ref", "key", "citekey", "record id", "study id"),
                    example="smith2019",
                ),
                _c("title", "Title.", synonyms=("article title", "name"), example="Talking it through"),
                _c(
                    "authors",
                    "Authors, separated by semicolons.",
                    synonyms=("author", "author(s)"),
                    example="Ana Smith; Bo Jones",
                ),
                _c(
                    "year",
                    "Year of publication.",
                    "year",
                    synonyms=("publication year", "pub year", "date"),
                    example="2019",
                ),
                _c(
                    "journal",
                    "Journal, publisher or site.",
                    synonyms=("source title", "publication", "publication title"),
                ),
                _c("doi", "DOI, without https://doi.org/."),
                _c("pmcid", "PubMed Central identifier.", synonyms=("pmc",)),
                _c("url", "Web address.", synonyms=("link", "web address")),
                _c("country", "Country or countries.", synonyms=("countries", "location")),
                _c("field", "Field of the work.", synonyms=("area", "sector")),
                _c(
                    "study", "Several articles that report one study share its id.", "id", synonyms=("study", "project")
                ),
                _c("collection", "Which search or set it came from."),
                _c("phase", "Phase of the review in which it was read.", "ref", refers_to=("phases",)),
                _c(
                    "reported_concept",
                    "What the authors call their approach (co-design, co-production, ...).",
                    synonyms=("concept used", "term used"),
                ),
                _c("reported_methods", "Methods as the authors report them.", synonyms=("methods", "method")),
                _c("licence", "Licence of the text: decides whether quotes may be published.", synonyms=("license",)),
            ),
            required=True,
            synonyms=("article", "papers", "studies", "documents", "included", "included articles"),
        ),
        SheetSpec(
            "concepts",
            "The codebook: one row for each code, whatever role it plays.",
            Concept,
            (
                _c(
                    "id",
                    "Short name used in the other sheets.",
                    "id",
                    required=True,
                    synonyms=("concept", "concept id", "code", "code id"),
                    example="dialogue",
                ),
                _c(
                    "label",
                    "What people read. Left empty, the id is shown.",
                    synonyms=("name", "code name", "title"),
                    example="dialogue",
                ),
                _c(
                    "definition",
                    "What the code means and when it is used. A label is not a definition.",
                    synonyms=("description", "meaning", "memo"),
                    example="People explore views back and forth",
                ),
                _c(
                    "kind",
                    "The role the codebook lists it for; evidence may use it in another.",
                    "choice",
                    choices=CONCEPT_KINDS,
                    synonyms=("type", "role", "cmo"),
                    example="mechanism",
                    attribute="listed_as",
                ),
                _c(
                    "status",
                    "framework: part of the theory tested; external: expected by other theories; emergent: found in the evidence.",
                    "choice",
                    choices=CONCEPT_STATUSES,
                    synonyms=("origin",),
                    example="framework",
                ),
                _c(
                    "broader",
                    "More general codes, joined with |.",
                    "refs",
                    refers_to=("concepts",),
                    synonyms=("parent", "parent code", "broader concept"),
                ),
                _c("group", "Heading under which it is listed.", synonyms=("category",), example="EAA mechanisms"),
                _c(
                    "synonyms",
                    "Other words for it, joined with |.",
                    "texts",
                    synonyms=("alias", "aliases", "alternative labels"),
                ),
                _c(
                    "source",
                    "Where the definition comes from.",
                    synonyms=("reference", "citation"),
                    example="Masterson et al. 2024",
                ),
                _c(
                    "close_match",
                    "IRIs of similar terms in other vocabularies, joined with |.",
                    "texts",
                    synonyms=("close matches", "exact match"),
                ),
                _c(
                    "position",
                    "Its place among its kind in lists and pictures (1, 2, 3 ...); left empty, by id.",
                    "count",
                    synonyms=("order", "sort", "sequence"),
                    example="1",
                ),
            ),
            synonyms=("concept", "codes", "codebook", "code book", "coding frame", "coding framework"),
        ),
        SheetSpec(
            "extractions",
            "The coded passages: one row for what one coder saw in one place of one article.",
            Extraction,
            (
                _c(
                    "id",
                    "Your own name for the extraction.",
                    "id",
                    required=True,
                    synonyms=("extraction", "extraction id", "row id"),
                    example="smith2019-1",
                ),
                _c(
                    "article",
                    "Id of the article.",
                    "ref",
                    refers_to=("articles",),
                    required=True,
                    synonyms=("article id", "paper", "study", "ref", "source"),
                    example="smith2019",
                ),
                _c(
                    "theme",
                    "Process theme the passage belongs to.",
                    "ref",
                    refers_to=("concepts",),
                    synonyms=("process theme", "process"),
                    example="how",
                ),
                *_role_columns("refs"),
                _c(
                    "stance",
                    "What the passage does to the theory.",
                    "choice",
                    choices=STANCES,
                    synonyms=("bearing", "effect on theory"),
                    example="supports",
                ),
                _c(
                    "polarity",
                    "Whether it helps, hinders or both.",
                    "choice",
                    choices=POLARITIES,
                    synonyms=("direction", "valence"),
                    example="enabling",
                ),
                _c(
                    "basis",
                    "stated in the text, or inferred by the coder.",
                    "choice",
                    choices=BASES,
                    synonyms=("explicitness",),
                    example="stated",
                ),
                _c(
                    "activation",
                    "How strongly the mechanism operated, as far as the text tells.",
                    "choice",
                    choices=ACTIVATIONS,
                    synonyms=("strength",),
                    example="partial",
                ),
                _c(
                    "quote",
                    "The words of the text.",
                    synonyms=("quotation", "text", "passage", "excerpt", "evidence"),
                    example="We kept talking until...",
                ),
                _c("locator", "Page, section or paragraph.", synonyms=("page", "pages", "location"), example="p. 12"),
                _c(
                    "note",
                    "Your paraphrase or remark.",
                    synonyms=("notes", "memo", "comment", "comments", "paraphrase"),
                ),
                _c(
                    "coder",
                    "Who coded it. " + _PERSON_NOTE,
                    "ref",
                    refers_to=("people",),
                    synonyms=("coded by", "reviewer", "extractor"),
                    example="me",
                ),
                _c("phase", "Phase of coding.", "ref", refers_to=("phases",), example=""),
                _c("date", "Day of coding.", "date", synonyms=("date coded", "coded on"), example="2024-05-03"),
                _c(
                    "derived_from",
                    "Extractions that a consensus was made from, joined with |.",
                    "refs",
                    refers_to=("extractions",),
                    synonyms=("derived from", "based on", "from"),
                ),
            ),
            synonyms=("extraction", "coding", "codings", "coding sheet", "data extraction", "coded extractions"),
        ),
        SheetSpec(
            "reported",
            "Which themes each article reports at all: the denominators. A theme nobody looked for is left out. A row "
            "without a coder holds for all coders.",
            Reported,
            (
                _c(
                    "article",
                    "Id of the article.",
                    "ref",
                    refers_to=("articles",),
                    required=True,
                    synonyms=("article id", "paper"),
                    example="smith2019",
                ),
                _c(
                    "theme",
                    "Id of the theme.",
                    "ref",
                    refers_to=("concepts",),
                    required=True,
                    synonyms=("process theme",),
                    example="how",
                ),
                _c("reported", "yes or no.", "flag", required=True, synonyms=("is reported", "present"), example="yes"),
                _c(
                    "coder",
                    "Who judged. " + _PERSON_NOTE,
                    "ref",
                    refers_to=("people",),
                    synonyms=("reviewer",),
                    example="me",
                ),
            ),
            synonyms=("theme reported", "themes reported", "reporting"),
        ),
        SheetSpec(
            "appraisals",
            "Judgements of relevance, richness and rigour (Dada et al. 2023): recorded with their author, never computed.",
            Appraisal,
            (
                _c(
                    "article",
                    "Id of the article, or of one extraction.",
                    "ref",
                    refers_to=("articles", "extractions"),
                    required=True,
                    synonyms=("article id", "extraction", "paper", "target"),
                    example="smith2019",
                    attribute="target",
                ),
                _c("relevance", "How far it contributes to the theory.", example="high"),
                _c(
                    "richness",
                    "Whether it is deep enough for contexts, mechanisms and outcomes to be seen.",
                    example="medium",
                ),
                _c(
                    "rigour",
                    "Whether it is credible enough for the use made of it.",
                    synonyms=("rigor",),
                    example="high",
                ),
                _c("reason", "Why.", synonyms=("rationale", "justification"), example="Interviews with both sides"),
                _c(
                    "assessor",
                    "Who judged. " + _PERSON_NOTE,
                    "ref",
                    refers_to=("people",),
                    synonyms=("appraiser", "coder", "reviewer"),
                    example="me",
                ),
            ),
            synonyms=("appraisal", "quality appraisal"),
        ),
        SheetSpec(
            "configurations",
            "The configurations of the theory: one row each, with slots that may be left open.",
            Configuration,
            (
                _c(
                    "id",
                    "Short name.",
                    "id",
                    required=True,
                    synonyms=("configuration", "cmoc", "cmo", "cmo id"),
                    example="CMO1",
                ),
                *_role_columns("slot"),
                _c(
                    "statement",
                    "The configuration as a sentence, in your words.",
                    synonyms=("cmo statement", "sentence", "explanation", "narrative"),
                    example="In mixed groups, dialogue brings views into line.",
                ),
                _c("polarity", "Whether the outcome is helped, hindered or both.", "choice", choices=POLARITIES),
                _c(
                    "supporting",
                    "Extractions that you say support it, joined with |.",
                    "refs",
                    refers_to=("extractions",),
                    synonyms=("supporting extractions", "supports", "evidence"),
                    example="smith2019-1",
                ),
                _c(
                    "challenging",
                    "Extractions that you say challenge it, joined with |.",
                    "refs",
                    refers_to=("extractions",),
                    synonyms=("challenging extractions", "challenges", "disconfirming"),
                ),
                _c("note", "Remarks.", synonyms=("notes", "comment")),
                _c("author", "Who put it forward.", synonyms=("authors", "proposed by"), example="me"),
                _c(
                    "lint_ok",
                    "Rules of eaa-graph theory lint that you overrule for it, as 'rule: reason', joined with |.",
                ),
            ),
            synonyms=("configuration", "cmocs", "cmos", "cmo", "cmo configurations"),
        ),
        SheetSpec(
            "theories",
            "The versions of the programme theory: initial, refined, rival.",
            Theory,
            (
                _c(
                    "id",
                    "Short name of the version.",
                    "id",
                    required=True,
                    synonyms=("theory", "version"),
                    example="ipt",
                ),
                _c("label", "What people read.", synonyms=("name", "title"), example="Initial programme theory"),
                _c("date", "Day of the version.", "date", example="2024-01-15"),
                _c("status", "initial, refined or rival.", "choice", choices=THEORY_STATUSES, example="initial"),
                _c(
                    "revision_of",
                    "The version(s) it revises, joined with |.",
                    "refs",
                    refers_to=("theories",),
                    synonyms=("revises", "previous", "based on"),
                ),
                _c(
                    "summary",
                    "The theory in a few sentences.",
                    synonyms=("description",),
                    example="Talking leads to agreement",
                ),
                _c(
                    "configurations",
                    "Its configurations, joined with |.",
                    "refs",
                    refers_to=("configurations",),
                    synonyms=("cmocs",),
                    example="CMO1",
                ),
                _c(
                    "people",
                    "Who made it, joined with |. " + _PERSON_NOTE,
                    "refs",
                    refers_to=("people",),
                    synonyms=("authors", "by"),
                ),
                _c("phase", "Phase of the review it came from.", "ref", refers_to=("phases",)),
            ),
            synonyms=("theory", "programme theories", "theory versions"),
        ),
        SheetSpec(
            "claims",
            "Direct claims between concepts that a theory makes beside its configurations.",
            Claim,
            (
                _c("id", "Short name.", "id", required=True, synonyms=("claim",), example="claim1"),
                _c(
                    "theory",
                    "The theory version that makes it.",
                    "ref",
                    refers_to=("theories",),
                    required=True,
                    example="ipt",
                ),
                _c(
                    "from",
                    "Concepts it starts from, joined with |.",
                    "refs",
                    refers_to=("concepts",),
                    required=True,
                    example="dialogue",
                    attribute="from_concepts",
                ),
                _c(
                    "relation",
                    "How they bear on the others.",
                    "choice",
                    choices=CLAIM_RELATIONS,
                    required=True,
                    example="leads to",
                ),
                _c(
                    "to",
                    "Concepts it ends at, joined with |.",
                    "refs",
                    refers_to=("concepts",),
                    required=True,
                    example="alignment",
                    attribute="to_concepts",
                ),
                _c("statement", "The claim as a sentence.", example="Dialogue leads to alignment"),
                _c("source", "Where it is claimed."),
            ),
            synonyms=("claim", "links", "theory links"),
        ),
        SheetSpec(
            "changes",
            "What changed from version to version, why, and on what evidence.",
            Change,
            (
                _c(
                    "theory",
                    "The version that the change led to.",
                    "ref",
                    refers_to=("theories",),
                    required=True,
                    example="ipt",
                ),
                _c(
                    "kind",
                    "What kind of change.",
                    "choice",
                    choices=CHANGE_KINDS,
                    required=True,
                    synonyms=("change", "type"),
                    example="added",
                    attribute="change",
                ),
                _c(
                    "subject",
                    "The configuration or concept changed.",
                    "ref",
                    refers_to=("configurations", "concepts", "claims"),
                    required=True,
                    example="CMO1",
                ),
                _c(
                    "from",
                    "What it was, joined with |.",
                    "refs",
                    refers_to=("configurations", "concepts", "claims"),
                    synonyms=("before",),
                    attribute="before",
                ),
                _c(
                    "to",
                    "What it became, joined with |.",
                    "refs",
                    refers_to=("configurations", "concepts", "claims"),
                    synonyms=("after",),
                    example="CMO1",
                    attribute="after",
                ),
                _c("reason", "Why.", synonyms=("rationale", "why"), example="Seen in three articles"),
                _c(
                    "evidence",
                    "Extractions that moved you, joined with |.",
                    "refs",
                    refers_to=("extractions",),
                    example="smith2019-1",
                ),
                _c(
                    "move",
                    "The move of synthesis.",
                    "choice",
                    choices=MOVES,
                    synonyms=("synthesis move",),
                    example="juxtapose",
                ),
                _c(
                    "by",
                    "Who decided. " + _PERSON_NOTE,
                    "ref",
                    refers_to=("people",),
                    synonyms=("decided by", "author"),
                    example="me",
                ),
                _c("date", "When.", "date", example="2024-06-01"),
            ),
            synonyms=("change", "refinements", "change log"),
        ),
        SheetSpec(
            "expectations",
            "What other theories would expect to see: the yardstick for what is missing.",
            Expectation,
            (
                _c("concept", "The concept expected.", "ref", refers_to=("concepts",), required=True, example="power"),
                _c(
                    "source", "The theory that expects it.", required=True, synonyms=("reference",), example="Farr 2018"
                ),
                _c(
                    "why",
                    "Why it is expected.",
                    synonyms=("reason", "rationale"),
                    example="Named as missing from the reported data",
                ),
            ),
            synonyms=("expectation", "expected"),
        ),
        SheetSpec(
            "flow",
            "The document flow: how many documents went where, and why. The arithmetic is checked.",
            FlowStep,
            (
                _c("stage", "Stage of the review.", required=True, example="screening"),
                _c(
                    "from",
                    "The outcome (or stage/outcome) these documents come from; several joined with |.",
                    "texts",
                    example="found",
                    attribute="origin",
                ),
                _c(
                    "outcome",
                    "What became of them.",
                    required=True,
                    synonyms=("result", "decision"),
                    example="included",
                ),
                _c("count", "How many documents.", "count", required=True, synonyms=("n", "number"), example="12"),
                _c("reason", "Why.", synonyms=("rationale",), example="reports a process of dialogue"),
            ),
            synonyms=("document flow", "prisma"),
        ),
        SheetSpec(
            "figures",
            "Numbers a publication reports, with unit and denominator. Parts are checked against their whole.",
            Figure,
            (
                _c("id", "Short name.", "id", required=True, synonyms=("figure",), example="uk"),
                _c("label", "What is counted.", required=True, synonyms=("name",), example="Articles from the UK"),
                _c(
                    "count",
                    "The number reported.",
                    "count",
                    required=True,
                    synonyms=("n", "value", "number"),
                    example="36",
                ),
                _c("unit", "What is counted in.", example="articles"),
                _c("denominator", "Out of how many.", "count", synonyms=("of", "total"), example="77"),
                _c(
                    "part_of",
                    "The figure this is a part of.",
                    "ref",
                    refers_to=("figures",),
                    synonyms=("part of", "parent"),
                ),
                _c(
                    "parts",
                    "complete: the parts named add up to this figure; partial: there are others; overlapping: one thing may count in several.",
                    "choice",
                    choices=("complete", "partial", "overlapping"),
                ),
                _c("concept", "The concept counted, if it is one.", "ref", refers_to=("concepts",)),
                _c("source", "Publication.", synonyms=("reference",), example="Masterson et al. 2024"),
                _c("locator", "Where in the publication.", synonyms=("page", "section")),
                _c("note", "Remarks.", synonyms=("notes", "comment")),
            ),
            synonyms=("reported figures", "numbers", "characteristics"),
        ),
    )
}

# --- cells: what readers and writers agree on ----------------------------------------------

#: Start of the first cell of a template's row of explanations, which is not read. Longer
#: than a bare `#`, because `#1234` is how some screening tools name their studies.
COMMENT_MARK = "# explained:"
#: Start of the first cell of a template's example row, which is not read until it is removed.
EXAMPLE_MARK = "example:"
#: A file of ours in a review folder that is no sheet: which articles were read again after a change of the theory.
PROGRESS_FILE = "queue.csv"
#: Put before a cell that a spreadsheet or a reader would take for something else (a formula,
#: a mark); readers take it off. No text of a person begins with an apostrophe and a tab.
ESCAPE_MARK = "'\t"

#: Concepts beside the codebook's own example that the other sheets' examples name.
_EXAMPLE_CONCEPTS = (
    {
        "id": "mixed-groups",
        "label": "mixed groups",
        "definition": "Those affected and professionals meet as one group",
        "kind": "context",
        "status": "emergent",
        "group": "contexts",
        "source": "found in the articles",
    },
    {
        "id": "alignment",
        "label": "alignment",
        "definition": "Views and ways of working come into line",
        "kind": "outcome",
        "status": "framework",
        "group": "EAA outcomes",
        "source": "Masterson et al. 2024",
    },
    {
        "id": "how",
        "label": "how",
        "definition": "Ways of working together",
        "kind": "theme",
        "status": "framework",
        "group": "process themes",
        "source": "Masterson et al. 2024",
    },
    {
        "id": "power",
        "label": "power",
        "definition": "Who decides, and who lets others decide",
        "kind": "mechanism",
        "status": "external",
        "group": "expected by other theories",
        "source": "Farr 2018",
    },
)
#: The search before the flow's own example and what was left out after it, so that its counts add up.
_EXAMPLE_FLOW = (
    {"stage": "search", "outcome": "found", "count": "30"},
    {"stage": "screening", "from": "found", "outcome": "excluded", "count": "18", "reason": "reports no dialogue"},
)
_EXAMPLES_BESIDE = {
    "people": ({"id": "me", "name": "Your name", "kind": "person", "role": "coder"},),
    "phases": ({"id": "deductive", "label": "Coding with the codebook", "kind": "deductive"},),
}


def example_rows(sheet: str) -> tuple[dict[str, str], ...]:
    """Return the example rows of a sheet, without :data:`EXAMPLE_MARK`, by column.

    Together the examples of all sheets make a small review that builds: every id
    that one of them names is the id of another.

    Examples
    --------
    >>> example_rows("expectations")[0]["concept"]
    'power'
    """
    if sheet in _EXAMPLES_BESIDE:
        return _EXAMPLES_BESIDE[sheet]
    spec = SHEETS[sheet]
    own = {column.name: column.example for column in spec.columns if column.example}
    if sheet == "flow":
        return (_EXAMPLE_FLOW[0], own, _EXAMPLE_FLOW[1])
    return (own, *_EXAMPLE_CONCEPTS) if sheet == "concepts" else (own,)


#: Column of the articles sheet in which a team notes whether its quotes may be published; kept as an attribute.
PERMISSION_COLUMN = "publish_quotes"


def folded(text: str) -> str:
    """Fold away case, spaces, hyphens and underscores, as people vary headers and names.

    Examples
    --------
    >>> folded("Derived_from ") == folded("derived-from")
    True
    """
    return re.sub(r"[\s_\-]+", "", text.casefold())


def column_letter(number: int) -> str:
    """Return the letters a spreadsheet gives its column `number`, counted from 1.

    Examples
    --------
    >>> column_letter(1), column_letter(28)
    ('A', 'AB')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
