"""Hypothesis strategies for reviews: any printable text, references that resolve, slots left open."""

from __future__ import annotations

__all__ = ["attributes", "dates", "few_articles", "identifiers", "languages", "records", "texts"]

from typing import Any

from hypothesis import strategies as st

from eaa_graph.model import (
    ACTIVATIONS,
    BASES,
    CHANGE_KINDS,
    CLAIM_RELATIONS,
    CONCEPT_KINDS,
    CONCEPT_STATUSES,
    HEURISTICS,
    MOVES,
    PERSON_KINDS,
    PHASE_KINDS,
    POLARITIES,
    ROLES,
    STANCES,
    THEORY_STATUSES,
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
    Records,
    Reported,
    Review,
    Theory,
)

#: Characters that a cell may hold. U+0085 and the rest of Cc are refused by the model.
_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
#: Texts that have broken one format or another.
AWKWARD = (
    "-", ".", "..", "%", "%2D", "a/b", "a?b#c", "~", "_", "a_b", "A", "a", "é", "e\u0301", "\u2028", "<&>", '"', "'", "\\", "\\n",
    "_:b", "@en", "^^", "{}", "]]>", "0", "007", "1.0", "true", "nan", "None", "=1+1", "+", "\u202e", "\U0001f9e9", "\ufeffx", "graph", "x" * 60,
)  # fmt: skip


def _is_text(text: str) -> bool:
    return bool(text) and text == text.strip()


def texts(max_size: int = 12) -> st.SearchStrategy[str]:
    """Return a strategy for what a cell of text may hold, line breaks and tabs included."""
    free = st.text(st.one_of(_CHARACTERS, st.sampled_from("\n\t")), min_size=1, max_size=max_size)
    return st.one_of(st.sampled_from(AWKWARD), free.map(str.strip)).filter(_is_text)


def identifiers(max_size: int = 8) -> st.SearchStrategy[str]:
    """Return a strategy for ids: any printable characters but the two separators."""
    free = st.text(_CHARACTERS, min_size=1, max_size=max_size).map(lambda text: text.replace("|", "/").strip())
    return st.one_of(st.sampled_from(AWKWARD), free).filter(lambda text: _is_text(text) and " / " not in text)


def dates() -> st.SearchStrategy[str]:
    """Return a strategy for years, months and days."""
    return st.dates().flatmap(
        lambda day: st.sampled_from([f"{day.year:04}", f"{day.year:04}-{day.month:02}", day.isoformat()])
    )


def languages() -> st.SearchStrategy[str]:
    """Return a strategy for the language tags that a review may name."""
    return st.sampled_from(["en", "sv", "en-GB", "zh-Hant-TW", "de-1996", "sl-rozaj", "es-419"])


def attributes() -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """Return a strategy for columns of the user's own."""
    return st.one_of(st.just(()), st.dictionaries(texts(6), texts(6), max_size=2).map(lambda d: tuple(d.items())))


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _word(words: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *words])


def _one(pool: list[str]) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *pool])


def _some(pool: list[str], least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    if not pool:
        return st.just(())
    return st.lists(st.sampled_from(pool), unique=True, min_size=least, max_size=2).map(tuple)


def _slot(pool: list[str]) -> st.SearchStrategy[tuple[tuple[str, ...], ...]]:
    if not pool:
        return st.just(())
    alternative = st.lists(st.sampled_from(pool), unique=True, min_size=1, max_size=2).map(tuple)
    return st.lists(alternative, unique=True, max_size=2).map(tuple)


@st.composite
def records(draw: st.DrawFn, most: int = 3) -> Records:
    """Draw a review with up to `most` records of each kind, every reference resolving.

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    most : int
        Largest number of records of one kind.
    """

    def pool(least: int = 0) -> list[str]:
        return draw(st.lists(identifiers(), unique=True, min_size=least, max_size=most))

    people, phases, articles, concepts = pool(), pool(), pool(), pool()
    extractions = pool() if articles else []
    configurations, theories, figures = pool(), pool(), pool()
    claims = pool() if theories and concepts else []
    text, own = _maybe(texts()), attributes()

    def each(record: type[Any], ids: list[str], **fields: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        fields.setdefault("attributes", own)
        return tuple(record(id=i, **draw(st.fixed_dictionaries(fields))) for i in ids)

    def keyed(record: type[Any], possible: bool, **fields: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        if not possible:
            return ()
        fields.setdefault("attributes", own)
        one = st.fixed_dictionaries(fields).map(lambda values: record(**values))
        return tuple(draw(st.lists(one, unique_by=lambda made: made.key, max_size=most)))

    base = st.sampled_from(
        ["https://w3id.org/eaa/id/", "http://localhost:8080/r/", "https://a.org/%C3%A9/graph/inferred/"]
    )
    review = each(
        Review,
        [draw(identifiers())],
        title=texts(),
        question=text,
        citation=text,
        doi=text,
        based_on=text,
        licence=text,
        language=languages(),
        base_iri=base,
        heuristic=st.sampled_from(list(HEURISTICS)),
        preferred_coder=_one(people),
    )[0]
    refs = {role + "s": _some(concepts) for role in ROLES}
    slots = {role + "s": _slot(concepts) for role in ROLES}
    changed = [*configurations, *concepts, *claims]
    # Records decide what a list of ids looks like; the key of a step joins its origins.
    origins = st.lists(texts().filter(lambda t: "|" not in t), max_size=2).map(tuple)
    return Records(
        review=review,
        people=each(
            Person,
            people,
            name=text,
            orcid=_maybe(st.just("0000-0002-1825-009X")),
            nature=_word(PERSON_KINDS),
            role=text,
            reads=_some(people),
        ),
        phases=each(Phase, phases, label=text, reasoning=_word(PHASE_KINDS)),
        articles=each(
            Article,
            articles,
            title=text,
            authors=text,
            year=_maybe(st.integers(1000, 2999)),
            journal=text,
            doi=text,
            url=text,
            country=text,
            study=_maybe(identifiers()),
            phase=_one(phases),
            licence=text,
        ),
        concepts=each(
            Concept,
            concepts,
            label=texts(),
            definition=text,
            listed_as=_word(CONCEPT_KINDS),
            status=_word(CONCEPT_STATUSES),
            group=text,
            broader=_some(concepts),
            synonyms=st.lists(texts(), max_size=2).map(tuple),
            source=text,
            close_match=st.lists(texts(), max_size=2).map(tuple),
            position=_maybe(st.integers(0, 10**12)),
        ),
        extractions=each(
            Extraction,
            extractions,
            article=st.sampled_from(articles or [""]),
            theme=_one(concepts),
            **refs,
            stance=_word(STANCES),
            polarity=_word(POLARITIES),
            basis=_word(BASES),
            activation=_word(ACTIVATIONS),
            quote=_maybe(texts(40)),
            locator=text,
            note=text,
            coder=_one(people),
            phase=_one(phases),
            date=_maybe(dates()),
            derived_from=_some(extractions),
        ),
        reported=keyed(
            Reported,
            bool(articles and concepts),
            article=st.sampled_from(articles or [""]),
            theme=st.sampled_from(concepts or [""]),
            reported=st.booleans(),
            coder=_one(people),
        ),
        appraisals=keyed(
            Appraisal,
            bool(articles),
            target=st.sampled_from([*articles, *extractions] or [""]),
            relevance=text,
            richness=text,
            rigour=text,
            reason=text,
            assessor=_one(people),
        ),
        configurations=each(
            Configuration,
            configurations,
            **slots,
            statement=text,
            polarity=_word(POLARITIES),
            supporting=_some(extractions),
            challenging=_some(extractions),
            note=text,
            author=text,
        ),
        theories=each(
            Theory,
            theories,
            label=text,
            date=_maybe(dates()),
            status=_word(THEORY_STATUSES),
            revision_of=_some(theories),
            summary=text,
            configurations=_some(configurations),
            people=_some(people),
            phase=_one(phases),
        ),
        claims=each(
            Claim,
            claims,
            theory=st.sampled_from(theories or [""]),
            from_concepts=_some(concepts, least=1),
            relation=st.sampled_from(CLAIM_RELATIONS),
            to_concepts=_some(concepts, least=1),
            statement=text,
            source=text,
        ),
        changes=keyed(
            Change,
            bool(theories and changed),
            theory=st.sampled_from(theories or [""]),
            change=st.sampled_from(CHANGE_KINDS),
            subject=st.sampled_from(changed or [""]),
            before=_some(changed),
            after=_some(changed),
            reason=text,
            evidence=_some(extractions),
            move=_word(MOVES),
            by=_one(people),
            date=_maybe(dates()),
        ),
        expectations=keyed(
            Expectation, bool(concepts), concept=st.sampled_from(concepts or [""]), source=texts(), why=text
        ),
        flow=keyed(
            FlowStep, True, stage=texts(), origin=origins, outcome=texts(), count=st.integers(0, 10**12), reason=text
        ),
        figures=each(
            Figure,
            figures,
            label=texts(),
            count=st.integers(0, 10**12),
            unit=text,
            denominator=_maybe(st.integers(0, 10**12)),
            part_of=_one(figures),
            parts=_word(("complete", "partial", "overlapping")),
            concept=_one(concepts),
            source=text,
            locator=text,
            note=text,
        ),
    ).ordered()


def few_articles(review: Records, count: int) -> Records:
    """Return `review` with its first `count` articles and what refers to nothing else: a small piece of a real one.

    Parameters
    ----------
    review : Records
    count : int
        How many articles, in the order of their ids.
    """
    articles = {a.id for a in review.articles[:count]}
    extractions = {e.id for e in review.extractions if e.article in articles}

    def kept(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(i for i in ids if i in extractions)

    return review.model_copy(
        update={
            "articles": tuple(a for a in review.articles if a.id in articles),
            "extractions": tuple(
                e.model_copy(update={"derived_from": kept(e.derived_from)})
                for e in review.extractions
                if e.id in extractions
            ),
            "reported": tuple(r for r in review.reported if r.article in articles),
            "appraisals": tuple(a for a in review.appraisals if a.target in articles | extractions),
            "configurations": tuple(
                c.model_copy(update={"supporting": kept(c.supporting), "challenging": kept(c.challenging)})
                for c in review.configurations
            ),
            "changes": tuple(c.model_copy(update={"evidence": kept(c.evidence)}) for c in review.changes),
        }
    )
