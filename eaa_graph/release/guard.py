"""The licence guard: which of the words of an article a release may repeat.

Quotes are the only text in a review that is somebody else's. Whether one may be
published is decided article by article, from the licence that the review notes
for it, and can only be made stricter by whoever publishes. What is held back is
never dropped in silence: each case becomes a :class:`Withheld`, a row of a table
and a finding in the graph.

Nothing here is legal advice. Licences are read as they are usually worded; where
the wording says nothing, nothing is published.
"""

from __future__ import annotations

__all__ = ["CUT_WORDS", "POLICIES", "Decision", "Withheld", "decide", "guard", "reading_of", "withheld_table"]

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from eaa_graph.errors import BadSettings, UnknownName
from eaa_graph.model import PERMISSION_COLUMN, Article, Extraction, Record, Records, folded
from eaa_graph.tables import Column, Table, Thing

#: What may be done with a quote, from the most open to the strictest.
POLICIES = ("whole", "cut", "withhold")

#: Words that are left of a quote that is cut, unless told otherwise.
CUT_WORDS = 25

#: Column of the articles sheet in which a team notes what it is allowed to do (a permission, or a prohibition).
PERMISSION = PERMISSION_COLUMN

#: A run of this many words of a quote counts as a repetition of it.
_RUN = 8

#: Fields in which a team writes freely, and so may have pasted words of an article.
_FREE = ("definition", "lint_ok", "locator", "note", "reason", "source", "statement", "summary", "why")

#: Fields among them that a record cannot do without (an expectation is known by its source).
_NEEDED = {("expectation", "source")}

# Scripts that are written without spaces: each letter counts as a word, or a whole paragraph would count as one.
_SOLID = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SOLID}]|[^\W{_SOLID}]+")

# Order matters: what forbids is looked for before what allows.
_READINGS: tuple[tuple[str, str, str], ...] = (
    (
        r"\ball rights reserved\b|\bcopyright(ed)?\b(?!.*\bcc\b)|©|\bsubscription\b|\bclosed\b|\bpaywall|\bno (re)?use\b|\bconfidential\b|\brestricted\b|\bproprietary\b",
        "withhold",
        "rights are reserved",
    ),
    (
        r"\bnc\b|non-? ?commercial|\bnot? (for )?commercial|\bnd\b|no-? ?deriv",
        "cut",
        "the licence does not allow every use (commercial use, or changes)",
    ),
    (
        # Not every "not" is about the licence: publishers' own wordings of CC BY hold some further on.
        r"\bnot( \w+){0,2} (cc|cc0|creative|public|licen[cs]ed|odc|ogl|open)\b|\?(?=\s|$)|\b(unclear|unsure|unknown)\b"
        r"|\bexcept\b(?! where)|\bunless\b(?! otherwise)",
        "withhold",
        "the licence as noted is in doubt or has exceptions",
    ),
    (
        r"\bcc ?-?0\b|\bcc zero\b|public domain|publicdomain|\bpddl\b|\bunlicense\b",
        "whole",
        "the text is in the public domain",
    ),
    (
        r"\bcc[ -]?by\b|creative commons attribution|creativecommons org licenses by|\bodc[ -]by\b|open government licen[cs]e|\bogl\b|\boga?l? uk\b",
        "whole",
        "the licence allows reuse with attribution",
    ),
)


class Decision(NamedTuple):
    """What may be done with the quotes of one article, and why."""

    policy: str
    why: str


class Withheld(NamedTuple):
    """One text that a release does not repeat, or not in full.

    Attributes
    ----------
    kind, record : str
        What the text belongs to: an extraction, a configuration, an appraisal, ... and its key, joined with spaces.
    article : str
        The article whose words they are.
    field : str
        ``quote``, ``note``, ``reason``, ... or the name of a column of the team's own.
    what : str
        ``withheld`` or ``cut``.
    words, published : int
        Words of the text, and how many of them are published.
    licence : str
        The article's licence as noted; empty when none is.
    why : str
    """

    kind: str
    record: str
    article: str
    field: str
    what: str
    words: int
    published: int
    licence: str
    why: str


def reading_of(licence: str | None) -> Decision:
    """Return what a licence, as somebody noted it, allows a release to do with quotes.

    Examples
    --------
    >>> reading_of("CC BY 4.0").policy, reading_of("CC BY-NC 4.0").policy, reading_of("Open Access").policy
    ('whole', 'cut', 'withhold')
    """
    if not licence or not licence.strip():
        return Decision("withhold", "no licence is noted for the article")
    said = unicodedata.normalize("NFKC", licence).casefold()
    plain = re.sub(r"[/_.:,;()\[\]-]+", " ", said)
    for pattern, policy, why in _READINGS:
        if re.search(pattern, plain) or re.search(pattern, said):
            return Decision(policy, why)
    return Decision("withhold", "the licence as noted says nothing about reuse")


def decide(article: Article | None, setting: str = "whole") -> Decision:
    """Return what a release may do with the quotes of `article`.

    Parameters
    ----------
    article : Article or None
        Its licence decides, unless the team has noted in a column ``publish_quotes`` what it may do (``whole``, ``cut``
        or ``withhold``: a permission that was obtained, or a promise that was made).
    setting : str
        The most that whoever publishes wants to show; it can only make the decision stricter.
    """
    if setting not in POLICIES:
        raise BadSettings(str(UnknownName("way to treat quotes", setting, POLICIES)))
    if article is None:
        decision = Decision("withhold", "the article is not in the review")
    else:
        column = folded(PERMISSION)
        answers = [text.strip().casefold() for name, text in article.attributes if folded(name) == column]
        # Two columns of that name may disagree: the strictest holds, and what nobody understands is stricter than all.
        noted = max(answers, key=lambda a: POLICIES.index(a) if a in POLICIES else len(POLICIES), default="")
        if noted in POLICIES:
            decision = Decision(noted, f"the review notes {PERMISSION} = {noted} for the article")
        elif noted:
            decision = Decision("withhold", f"{PERMISSION} = {noted!r} is none of {', '.join(POLICIES)}")
        else:
            decision = reading_of(article.licence)
    if POLICIES.index(setting) > POLICIES.index(decision.policy):
        return Decision(setting, "whoever published this release asked for it")
    return decision


def _cut(text: str, words: int) -> str:
    found = list(_WORD.finditer(text))
    if len(found) <= words:
        return text
    return text[: found[words - 1].end()] + " …"


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    size = min(_RUN, len(words))
    if size >= 4:  # two or three words are anybody's
        for start in range(len(words) - size + 1):
            yield tuple(words[start : start + size])


def _repeats(text: str, secret: set[tuple[str, ...]]) -> bool:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    sizes = {len(run) for run in secret}
    return any(tuple(words[i : i + size]) in secret for size in sizes for i in range(len(words) - size + 1))


def guard(records: Records, setting: str = "whole", words: int = CUT_WORDS) -> tuple[Records, tuple[Withheld, ...]]:
    """Return the records that may be published, and what was held back of them.

    Beside the quotes themselves, notes and columns of the team's own are looked at: one that repeats eight words in a row
    of what is held back of the same article (or the whole of a shorter passage of at least four) is withheld as well. So is
    every text that a team writes freely in another sheet, when it repeats eight words in a row of what is held back of any
    article and shown of none.

    Parameters
    ----------
    records : Records
    setting : str
        One of :data:`POLICIES`; see :func:`decide`.
    words : int
        How many words are left of a quote that is cut.

    Raises
    ------
    BadSettings
        If `setting` is not a policy, or `words` is less than 1.
    """
    if words < 1:
        raise BadSettings("a quote that is cut keeps at least one word; use 'withhold' to show none")
    articles = {a.id: a for a in records.articles}
    decisions = {a.id: decide(a, setting) for a in records.articles}
    missing = decide(None, setting)
    held: list[Withheld] = []
    secret: dict[str, set[tuple[str, ...]]] = {}
    shown: list[Extraction] = []
    why = "it repeats words of a quote that is held back"

    def hold(e: Extraction, field: str, text: str, what: str, published: int, why: str) -> None:
        licence = articles[e.article].licence if e.article in articles else None
        held.append(
            Withheld(e.kind, e.id, e.article, field, what, len(_WORD.findall(text)), published, licence or "", why)
        )

    for extraction in records.extractions:
        quote = extraction.quote
        decision = decisions.get(extraction.article, missing)
        if quote is None or decision.policy == "whole":
            shown.append(extraction)
            continue
        count = len(_WORD.findall(quote))
        if decision.policy == "cut" and count <= words:
            shown.append(extraction)
            continue
        kept = _cut(quote, words) if decision.policy == "cut" else ""
        gone = quote[len(kept) - 2 :] if kept else quote
        secret.setdefault(extraction.article, set()).update(_runs(gone))
        hold(extraction, "quote", quote, "cut" if kept else "withheld", words if kept else 0, decision.why)
        shown.append(extraction.model_copy(update={"quote": kept or None}))

    def cleaned(extraction: Extraction) -> Extraction:
        hidden = secret.get(extraction.article)
        if not hidden:
            return extraction
        update: dict[str, object] = {}
        if extraction.note and _repeats(extraction.note, hidden):
            hold(extraction, "note", extraction.note, "withheld", 0, why)
            update["note"] = None
        attributes = []
        for name, text in extraction.attributes:
            if _repeats(text, hidden):
                hold(extraction, name, text, "withheld", 0, why)
            else:
                attributes.append((name, text))
        if len(attributes) < len(extraction.attributes):
            update["attributes"] = tuple(attributes)
        return extraction.model_copy(update=update) if update else extraction

    update: dict[str, object] = {"extractions": tuple(cleaned(e) for e in shown)}
    whose = {run: article for article, runs in secret.items() for run in runs if len(run) == _RUN}
    for extraction in shown:  # what one article lets us show is no secret for standing in another too
        for run in _runs(extraction.quote or ""):
            whose.pop(run, None)
    if whose:
        final = records.model_copy(update=update)
        for name in type(records).model_fields:
            if name not in ("review", "people", "phases"):
                update[name] = tuple(_without(record, whose, articles, held, why) for record in getattr(final, name))
    return records.model_copy(update=update), tuple(sorted(held))


def _without(
    record: Record, whose: dict[tuple[str, ...], str], articles: dict[str, Article], held: list[Withheld], why: str
) -> Record:
    """Return `record` without the texts that repeat one of the runs of words of `whose`; they are added to `held`."""

    def hides(field: str, text: str) -> bool:
        article = next((whose[run] for run in _runs(text) if run in whose), None)
        if article is None:
            return False
        licence = articles[article].licence if article in articles else None
        key = " ".join(part for part in record.key if part)
        words = len(_WORD.findall(text))
        held.append(Withheld(record.kind, key, article, field, "withheld", words, 0, licence or "", why))
        return True

    update: dict[str, object] = {}
    for field in _FREE:
        text = getattr(record, field, None)
        if isinstance(text, str) and (record.kind, field) not in _NEEDED and hides(field, text):
            update[field] = None
    attributes = tuple(pair for pair in record.attributes if not hides(*pair))
    if len(attributes) < len(record.attributes):
        update["attributes"] = attributes
    return record.model_copy(update=update) if update else record


def withheld_table(records: Records, held: tuple[Withheld, ...]) -> Table:
    """Return what was held back as a table: one row for each text."""
    labels: dict[str, Record] = {a.id: a for a in records.articles}

    def article(identifier: str) -> Thing:
        known = labels.get(identifier)
        return Thing("article", identifier, (known.title if isinstance(known, Article) else None) or identifier)

    return Table(
        name="withheld",
        title="What this release does not repeat",
        columns=(
            Column("kind", "Kind of record"),
            Column("record", "Record"),
            Column("article", "Article", "whose words they are"),
            Column("field", "Where the words stand"),
            Column("what", "What was done", "withheld: nothing of it is published; cut: its first words are"),
            Column("words", "Words"),
            Column("published", "Words published"),
            Column("licence", "Licence of the article as noted"),
            Column("why", "Why"),
        ),
        rows=tuple(
            (
                w.kind,
                Thing(w.kind, w.record, w.record),
                article(w.article),
                w.field,
                w.what,
                w.words,
                w.published,
                w.licence or None,
                w.why,
            )
            for w in held
        ),
        unit="texts",
        denominator=f"out of {sum(1 for e in records.extractions if e.quote)} quotes in the review",
        note="Decided from the licence that the review notes for each article; not legal advice.",
    )
