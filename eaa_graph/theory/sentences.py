"""If-then-because sentences, made from the slots of a configuration.

A realist reads a configuration best as a sentence (*if* this context, *then* this
outcome, *because* of this mechanism). The author's own sentence is always kept; the
one made here stands beside it, and says in so many words which half is not
theorised yet.

Labels are the team's own and may be of any grammatical shape: singular or
plural, with or without an article, adjectives, whole clauses. The wording is
therefore free of agreement: verbs are modal ("may come about"), contexts are
complements ("if the context is ..."), and a label that is not a noun phrase is
introduced by a noun of ours ("an outcome may come about, namely that ...").
Labels are never changed but for space and a final stop.
"""

from __future__ import annotations

__all__ = [
    "NOT_YET",
    "Sentence",
    "arrow",
    "claim_sentence",
    "concept_labels",
    "listed",
    "sentence",
    "slot_words",
    "tell",
]

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from eaa_graph.model import ROLES, Claim, Concept, Configuration, Slot

#: What is said of a slot that is left open.
NOT_YET = "not theorised yet"

Labels = Mapping[str, str] | Mapping[str, Concept]


class Sentence(NamedTuple):
    """A configuration told in words: ours beside the author's.

    Attributes
    ----------
    configuration : str
        Its id.
    made : str
        The sentence made from the slots.
    arrow : str
        The slots in one line, context to mechanism to outcome.
    statement : str
        The author's own sentence, as written; empty if there is none.
    author : str
        Who put it forward; empty if nobody is named.
    """

    configuration: str
    made: str
    arrow: str
    statement: str
    author: str


def concept_labels(concepts: Iterable[Concept]) -> dict[str, str]:
    """Return the label of each concept by its id.

    Examples
    --------
    >>> concept_labels([Concept(id="new-knowledge", label="new knowledge")])
    {'new-knowledge': 'new knowledge'}
    """
    return {concept.id: concept.label for concept in concepts}


def tell(configuration: Configuration, labels: Labels) -> Sentence:
    """Return `configuration` in words, the author's own statement kept beside ours.

    Parameters
    ----------
    configuration : Configuration
    labels : mapping
        Concept id to label or :class:`~eaa_graph.model.Concept`; an id that is not in it is read as it is.
    """
    return Sentence(
        configuration.id,
        sentence(configuration, labels),
        arrow(configuration, labels),
        configuration.statement or "",
        configuration.author or "",
    )


# --- the sentence ----------------------------------------------------------------------


def sentence(configuration: Configuration, labels: Labels) -> str:
    """Return the if-then-because sentence of `configuration`.

    Parameters
    ----------
    configuration : Configuration
    labels : mapping
        Concept id to label or :class:`~eaa_graph.model.Concept`; an id that is not in it is read as it is.

    Returns
    -------
    str
        One English sentence. A slot left open is said to be "not theorised yet"; concepts that act together are
        joined, alternatives are separated by "or".

    Examples
    --------
    >>> sentence(Configuration(id="E1", mechanisms=(("intentions", "assets"),), outcomes=(("engagement",),)), {})
    'In a context not theorised yet, engagement may come about, because of intentions together with assets.'
    >>> sentence(Configuration(id="E2", contexts=(("rounds",),), outcomes=(("agreement",),), polarity="hindering"), {})
    'If the context is rounds, then agreement may be held back, through a mechanism not theorised yet.'
    """
    slots = {role: _words(configuration.slot(role), labels) for role in ROLES}
    if not any(slots.values()):
        return "Nothing of this configuration is theorised yet."
    return f"{_if(slots)}{_then(slots['outcome'], configuration.polarity)}{_because(slots)}."


#: A slot in words: alternatives of labels that act together.
_Words = tuple[tuple[str, ...], ...]


def _if(slots: Mapping[str, _Words]) -> str:
    """Open the sentence: where, with what, with whom."""
    conditions = []
    if slots["context"]:
        conditions.append(f"the context is {_one_of(slots['context'], complement=True)}")
    if slots["intervention"]:
        conditions.append(f"the intervention is {_one_of(slots['intervention'], complement=True)}")
    if slots["actor"]:
        conditions.append(f"those involved are {_one_of(slots['actor'], complement=True)}")
    opening = ""
    if not slots["context"]:
        opening = f"In a context {NOT_YET}, "
        if not conditions:
            return opening
    # A condition may itself hold "and" or "or"; the comma keeps conditions apart.
    joined = conditions[0] + "".join(f", and {c}" for c in conditions[1:])
    start = "if " if opening else "If "
    return f"{opening}{start}{joined}, then "


_COMES = {"hindering": "may be held back", "mixed": "may be either helped or held back"}


def _then(outcomes: _Words, polarity: str | None) -> str:
    comes = _COMES.get(polarity or "", "may come about")
    if not outcomes:
        return f"an outcome {NOT_YET} {comes}"
    if _plain(outcomes):
        words = _one_of(outcomes)
        # "either a, or b" would leave the verb hanging after a comma.
        return f"{words}{',' if ',' in words or ';' in words else ''} {comes}"
    return f"an outcome {comes}, namely {_one_of(outcomes, complement=True)}"


def _because(slots: Mapping[str, _Words]) -> str:
    mechanism, resource, reasoning = slots["mechanism"], slots["resource"], slots["reasoning"]
    reasons = []
    if mechanism:
        if _plain(mechanism):
            reasons.append(f"because of {_one_of(mechanism, together=True)}")
        elif all(_shape(label) == "clause" for alternative in mechanism for label in alternative):
            reasons.append(f"because {_one_of(mechanism)}")
        else:
            reasons.append(f"because the mechanism is {_one_of(mechanism, together=True, complement=True)}")
    if resource or reasoning:
        reasons.append(f"because {_halves(resource, reasoning)}")
    if not reasons:
        return f", through a mechanism {NOT_YET}"
    return ", " + ", and ".join(reasons)


def _halves(resource: _Words, reasoning: _Words) -> str:
    """Say what is offered and how people respond to it (Dalkin et al. 2015, doi 10.1186/s13012-015-0237-x)."""
    if not resource:
        if _plain(reasoning):
            return f"people respond with {_one_of(reasoning, together=True)} to a resource {NOT_YET}"
        return f"people's response to a resource {NOT_YET} is {_one_of(reasoning, together=True, complement=True)}"
    offered = _one_of(resource, together=True, complement=not _plain(resource))
    if not reasoning:
        if _plain(resource):
            return f"people who are offered {offered} respond in a way {NOT_YET}"
        return f"what is offered is {offered}, to which people respond in a way {NOT_YET}"
    if _plain(resource) and _plain(reasoning):
        return f"people who are offered {offered} respond with {_one_of(reasoning, together=True)}"
    return (
        f"what is offered is {offered}, to which the response is {_one_of(reasoning, together=True, complement=True)}"
    )


def slot_words(slot: Slot, labels: Labels) -> str:
    """Return one slot in words, or that it is not theorised yet.

    Examples
    --------
    >>> slot_words((("trust", "power"), ("respect",)), {})
    'either trust and power, or respect'
    >>> slot_words((), {})
    'not theorised yet'
    """
    return _one_of(_words(slot, labels)) or NOT_YET


# --- claims ----------------------------------------------------------------------------------

_CLAIMS = {
    "leads to": "may lead to",
    "interacts with": "may interact with",
    "presupposes": "may presuppose",
    "is pursued with": "may be pursued with",
}


def claim_sentence(claim: Claim, labels: Labels) -> str:
    """Return a direct claim between concepts as a sentence.

    Examples
    --------
    >>> claim_sentence(
    ...     Claim(id="c", theory="t", from_concepts=("dialogue",), relation="leads to", to_concepts=("trust",)), {}
    ... )
    'It is claimed that dialogue may lead to trust.'
    """
    start = _together([_label(c, labels) for c in claim.from_concepts], together=True)
    end = _together([_label(c, labels) for c in claim.to_concepts], together=False)
    verb = _CLAIMS.get(claim.relation, claim.relation)
    return f"It is claimed that {start}{',' if ',' in start or ';' in start else ''} {verb} {end}."


# --- the short form --------------------------------------------------------------------------


def arrow(configuration: Configuration, labels: Labels) -> str:
    """Return `configuration` in one line: context, mechanism, outcome.

    ``+`` joins what acts together, ``/`` separates alternatives, ``?`` stands for what is not theorised yet, ``=>``
    leads from a resource to the reasoning it meets. Intervention and actors, where given, stand with the context.

    Examples
    --------
    >>> arrow(Configuration(id="E1", mechanisms=(("intentions", "assets"),), outcomes=(("engagement",),)), {})
    '? -> intentions + assets -> engagement'
    """
    slots = {role: _short(_words(configuration.slot(role), labels)) for role in ROLES}
    left = slots["context"] or "?"
    if slots["intervention"]:
        left += f", intervention {slots['intervention']}"
    if slots["actor"]:
        left += f", with {slots['actor']}"
    middle = [slots["mechanism"]] if slots["mechanism"] else []
    if slots["resource"] or slots["reasoning"]:
        middle.append(f"{slots['resource'] or '?'} => {slots['reasoning'] or '?'}")
    right = slots["outcome"] or "?"
    right += {"hindering": " (held back)", "mixed": " (helped or held back)"}.get(configuration.polarity or "", "")
    return f"{left} -> {', '.join(middle) or '?'} -> {right}"


def _short(words: _Words) -> str:
    return " / ".join(" + ".join(alternative) for alternative in words)


# --- lists and shapes --------------------------------------------------------------------------


def listed(items: Sequence[str], word: str = "and") -> str:
    """Return `items` as an English list.

    Items that hold a comma, "and" or "or" of their own are set apart by semicolons, so that a reader sees
    where one ends.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    >>> listed(["time or money", "b", "c"])
    'time or money; b; and c'
    >>> listed(["time or money", "b"])
    'time or money, and b'
    """
    if len(items) <= 1:
        return "".join(items)
    if any(_compound(item) for item in items):
        if len(items) == 2:
            return f"{items[0]}, {word} {items[1]}"
        return "; ".join(items[:-1]) + f"; {word} {items[-1]}"
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


_COMPOUND = re.compile(r"[,;]|\b(?:and|or|together with)\b", re.IGNORECASE)


def _compound(text: str) -> bool:
    return _COMPOUND.search(text) is not None


def _label(concept: str, labels: Labels) -> str:
    value = labels.get(concept, concept)
    text = value.label if isinstance(value, Concept) else value
    return " ".join(text.split()).rstrip(".;:,") or concept


def _words(slot: Slot, labels: Labels) -> _Words:
    # An alternative written twice is said once; a concept repeated within one, too.
    alternatives = (tuple(dict.fromkeys(_label(c, labels) for c in alternative)) for alternative in slot)
    return tuple(dict.fromkeys(a for a in alternatives if a))


def _together(items: Sequence[str], *, together: bool) -> str:
    """Join concepts that act together."""
    if not together or len(items) < 2:
        return listed(items)
    if len(items) == 2:
        comma = "," if any(_compound(item) for item in items) else ""
        return f"{items[0]}{comma} together with {items[1]}"
    joined = listed(items)
    return f"{joined}{',' if ';' in joined else ''} together"


def _one_of(words: _Words, *, together: bool = False, complement: bool = False) -> str:
    """Join alternatives; `complement` puts "that" before a label that is a clause, as after "is"."""

    def said(label: str) -> str:
        return f"that {label}" if complement and _shape(label) == "clause" else label

    alternatives = [_together([said(label) for label in alternative], together=together) for alternative in words]
    if len(alternatives) > 1 and any(_compound(a) for a in alternatives):
        return "either " + ", or ".join(alternatives)
    return listed(alternatives, "or")


def _plain(words: _Words) -> bool:
    """Whether every label can stand as a noun phrase."""
    return all(_shape(label) == "noun phrase" for alternative in words for label in alternative)


# Finite verbs that are hardly ever nouns or participles before a noun: a label that holds one, outside a relative
# clause, says that something is so ("outcomes are shared early"). Missing one costs style only.
_VERB = re.compile(
    "is|are|was|were|has|have|had|can|cannot|can't|could|would|should|must|does|did|don't|doesn't|didn't|isn't|aren't|"
    "wasn't|weren't|won't|feels|becomes?|became|knows|knew|believes?|thinks|sees|gets?|takes|took|stays|leaves|remains|"
    "remain|learns|understands?|agrees?|disagrees?|speaks?|spoke"
)
#: Words that are verbs as well as nouns or participles: verbs only straight after people.
_MAYBE_VERB = re.compile(
    "do|may|might|will|feel|felt|know|think|thought|believed|see|saw|needs?|needed|wants?|wanted|got|take|stay|stayed|"
    "leave|left|remained|learn|learned|learnt|understood|agreed|disagreed|trust|trusts|trusted|fear|feared|share|shared|"
    "hold|held|own|owned|meet|met|drop|dropped|gain|gained|lack|lacked|lose|lost|talk|work|respond|act|come|came|go|went"
)
#: Those of them that end a noun phrase as readily ("staff trust", "service users' needs").
_NOUN_AT_THE_END = re.compile("will|needs?|wants?|trusts?|fear|share|lack|leave|gain|talk|work")
_PEOPLE = re.compile(
    "people|they|he|she|it|we|you|i|everyone|everybody|someone|somebody|nobody|patients|users|participants|clinicians|"
    "professionals|carers|members|partners|researchers|families|communities|parties|managers|nurses|residents|citizens|"
    "stakeholders|contributors|workers|practitioners|staff"
)
_RELATIVE = re.compile("who|which|that|what|how|when|where|why|whether|whose|whom|if|because|as")
_ADJECTIVE = re.compile(r".*(?:[^e]ed|ful|less|ous|able|ible|friendly|led|based|driven)")
_OPENS_OTHERWISE = re.compile("to|in|on|at|by|with|without|under|through|not|when|if|because|while")


def _shape(label: str) -> str:
    """Guess the grammatical shape of a label: ``noun phrase``, ``clause`` or ``other``.

    A wrong guess costs style, not grammar: "other" is introduced by a noun of ours, which suits noun phrases too.
    """
    words = [w.strip("\"'()").casefold() for w in label.split()] or [""]
    if _OPENS_OTHERWISE.fullmatch(words[0]) or _RELATIVE.fullmatch(words[0]):
        return "other"
    for place, (before, word) in enumerate(pairwise(words), start=2):
        if _RELATIVE.fullmatch(word):
            break
        if _VERB.fullmatch(word):
            return "clause"
        if _PEOPLE.fullmatch(before) and _MAYBE_VERB.fullmatch(word):
            return "noun phrase" if place == len(words) and _NOUN_AT_THE_END.fullmatch(word) else "clause"
    return "other" if _ADJECTIVE.fullmatch(words[-1]) else "noun phrase"
