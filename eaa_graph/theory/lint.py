"""A lint for configurations: slips of theorising that realists often point out to each other.

Every rule explains itself and proposes what to do; none is always right. A team
overrules a rule for one configuration in the column ``lint_ok`` of the sheet of
configurations (``rule: reason | rule: reason``): the finding stays, as a note with the reason.
"""

from __future__ import annotations

__all__ = ["OVERRULE", "RULES", "Codebook", "LintRule", "findings_table", "lint", "rules_table"]

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from eaa_graph.errors import nearest
from eaa_graph.findings import Finding, Where
from eaa_graph.model import ROLES, Concept, Configuration, Records, slot_concepts
from eaa_graph.tables import Column, Table, Thing
from eaa_graph.theory.difference import canonical
from eaa_graph.theory.sentences import listed
from eaa_graph.theory.versions import Version

#: Column of the sheet of configurations in which a rule is overruled.
OVERRULE = "lint_ok"

_MECHANISM = ("mechanism", "resource", "reasoning")


@dataclass(frozen=True)
class Codebook:
    """What the rules look things up in.

    Attributes
    ----------
    concepts : mapping
        By id.
    configurations : tuple of Configuration
        All of the review.
    articles : mapping
        Article of each extraction.
    versions : mapping
        Ids of the versions that hold each configuration.
    """

    concepts: Mapping[str, Concept]
    configurations: tuple[Configuration, ...]
    articles: Mapping[str, str]
    versions: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, records: Records) -> Codebook:
        """Return the look-up tables of a review."""
        versions: dict[str, set[str]] = {}
        for theory in records.theories:
            for name in theory.configurations:
                versions.setdefault(name, set()).add(theory.id)
        return cls(
            {c.id: c for c in records.concepts},
            tuple(sorted(records.configurations, key=lambda c: c.id)),
            {e.id: e.article for e in records.extractions},
            {name: frozenset(held) for name, held in versions.items()},
        )

    def label(self, concept: str) -> str:
        """Return the label of a concept, its id where it is not listed."""
        return self.concepts[concept].label if concept in self.concepts else concept

    def listed_as(self, concept: str) -> str:
        """Return what the codebook lists a concept as, or empty."""
        return (self.concepts[concept].listed_as or "") if concept in self.concepts else ""

    @cached_property
    def twins(self) -> dict[str, tuple[str, ...]]:
        """Configurations that say the same as another, with those others."""
        groups: dict[tuple[object, ...], list[str]] = {}
        for configuration in self.configurations:
            fixed = canonical(configuration)
            slots = tuple(fixed.slot(role) for role in ROLES)
            if any(slots):
                groups.setdefault((slots, configuration.polarity or "enabling"), []).append(configuration.id)
        return {
            name: tuple(o for o in group if o != name) for group in groups.values() for name in group if len(group) > 1
        }


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule.

    Attributes
    ----------
    name : str
        As written in the column ``lint_ok``.
    severity : str
        ``warning`` or ``note``: a slip of theorising is never an error of input.
    explanation : str
        Why it matters.
    fix : str
        What to do about it.
    check : callable
        ``check(configuration, codebook)`` yields (slot or column, what is the matter).
    """

    name: str
    severity: str
    explanation: str
    fix: str
    check: Callable[[Configuration, Codebook], Iterator[tuple[str, str]]]


_Slips = Iterator[tuple[str, str]]


def _concepts(configuration: Configuration, roles: Iterable[str]) -> dict[str, str]:
    """Return each concept of these slots with the first role it plays."""
    found: dict[str, str] = {}
    for role in roles:
        for concept in slot_concepts(configuration.slot(role)):
            found.setdefault(concept, role)
    return found


# English words in -ing that name no activity; a label in another language is judged by the codebook alone.
_NO_ACTIVITY = re.compile(
    "setting|funding|wellbeing|well-being|being|feeling|meaning|understanding|building|housing|ongoing|existing|willing|"
    "caring|trusting|working|living|leading|nursing|standing|upbringing|surrounding|morning|evening|spring|king|thing|"
    "something|anything|nothing|everything|ring|string|wing|opening|longstanding|long-standing|aging|ageing|underlying|"
    "missing|lacking|changing|competing|conflicting|differing|varying|pressing|prevailing|finding|failing|backing|standing"
)


def _is_activity(label: str) -> bool:
    words = label.casefold().split()
    if not words:
        return False
    ends = (words[0], words[-1]) if len(words) > 1 else (words[0],)
    return any(w.endswith("ing") and len(w) > 5 and not _NO_ACTIVITY.fullmatch(w) for w in ends)


def _context_is_activity(configuration: Configuration, codebook: Codebook) -> _Slips:
    for concept in slot_concepts(configuration.contexts):
        label, kind = codebook.label(concept), codebook.listed_as(concept)
        if kind in ("intervention", *_MECHANISM):
            yield "contexts", f"{label} is the context here, and the codebook lists it as {kind}"
        elif kind != "context" and _is_activity(label):
            yield "contexts", f"{label} is the context here and reads like an activity"


def _mechanism_is_intervention(configuration: Configuration, codebook: Codebook) -> _Slips:
    interventions = set(slot_concepts(configuration.interventions))
    for concept, role in _concepts(configuration, _MECHANISM).items():
        label = codebook.label(concept)
        if concept in interventions:
            yield role + "s", f"{label} is both the intervention and the {role}"
        elif codebook.listed_as(concept) == "intervention" and role != "resource":
            yield role + "s", f"{label} is the {role} here, and the codebook lists it as an intervention"


def _no_reasoning(configuration: Configuration, codebook: Codebook) -> _Slips:
    if configuration.reasonings or configuration.mechanisms:
        kinds = {codebook.listed_as(c) for c in slot_concepts(configuration.mechanisms)}
        if not configuration.reasonings and kinds == {"resource"}:
            yield "mechanisms", "its mechanism holds resources only: how people respond to them is not said"
        return
    if configuration.resources:
        yield "reasonings", "it says what is offered, not how people's reasoning changes in response"
    else:
        yield "mechanisms", "it states no mechanism at all"


def _no_context(configuration: Configuration, _: Codebook) -> _Slips:
    if not configuration.contexts:
        yield "contexts", "it states no context"


def _no_outcome(configuration: Configuration, _: Codebook) -> _Slips:
    if not configuration.outcomes:
        yield "outcomes", "it states no outcome"


_PLAN = re.compile(
    r"\b(?:plans?|planned|intentions?|strateg(?:y|ies)|proposals?|proposed|aims?|goals?|objectives?|agendas?|"
    r"recommendations?|intended|roadmaps?|blueprints?|commitments? to|pledges?)\b",
    re.IGNORECASE,
)


def _outcome_is_plan(configuration: Configuration, codebook: Codebook) -> _Slips:
    for concept in slot_concepts(configuration.outcomes):
        label = codebook.label(concept)
        if word := _PLAN.search(label.replace("-", " ").replace("_", " ")):
            yield "outcomes", f"the outcome {label} reads like something meant to happen ({word.group()})"


def _outcome_is_mechanism(configuration: Configuration, codebook: Codebook) -> _Slips:
    inside = _concepts(configuration, _MECHANISM)
    for concept in slot_concepts(configuration.outcomes):
        if concept in inside:
            yield "outcomes", f"{codebook.label(concept)} is both {inside[concept]} and outcome"


def _statement_missing(configuration: Configuration, _: Codebook) -> _Slips:
    if not configuration.statement:
        yield "statement", "it has no statement in its author's words"


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def _words(text: str) -> set[str]:
    return {w for w in re.findall(r"\w+", _folded(text)) if len(w) > 3}


def _same_word(first: str, second: str) -> bool:
    """Whether two words share their stem, as far as a long common beginning tells."""
    shorter = min(len(first), len(second))
    return first[: max(4, min(6, shorter - 1))] == second[: max(4, min(6, shorter - 1))]


def _shared(text: str, words: set[str]) -> set[str]:
    """Return the words of `text` that are among `words`, by their stems."""
    return {w for w in _words(text.replace("-", " ").replace("_", " ")) if any(_same_word(w, other) for other in words)}


def _statement_off_concepts(configuration: Configuration, codebook: Codebook) -> _Slips:
    concepts = _concepts(configuration, ROLES)
    if not configuration.statement or not concepts:
        return
    said = _folded(configuration.statement)
    words = _words(configuration.statement)
    for concept in concepts:
        record = codebook.concepts.get(concept)
        names = [codebook.label(concept), concept, *(record.synonyms if record else ())]
        if any(_folded(name) in said for name in names) or _shared(" ".join(names), words):
            return
        # A statement in the author's own words may well echo the definition instead of the label.
        if record and record.definition and len(_shared(record.definition, words)) > 1:
            return
    yield "statement", f"its statement mentions none of its concepts ({listed([codebook.label(c) for c in concepts])})"


def _duplicate(configuration: Configuration, codebook: Codebook) -> _Slips:
    mine = codebook.versions.get(configuration.id, frozenset())
    for other in codebook.twins.get(configuration.id, ()):
        theirs = codebook.versions.get(other, frozenset())
        # Kept on from one version to the next under a new id is history, not repetition.
        if mine & theirs or not (mine and theirs):
            yield "", f"it has the same slots as {other}"


def _only_challenging(configuration: Configuration, _: Codebook) -> _Slips:
    if configuration.challenging and not configuration.supporting:
        count = len(configuration.challenging)
        yield "challenging", f"only challenging evidence is listed ({count} {'passage' if count == 1 else 'passages'})"


def _single_article(configuration: Configuration, codebook: Codebook) -> _Slips:
    passages = (*configuration.supporting, *configuration.challenging)
    articles = sorted({codebook.articles[e] for e in passages if e in codebook.articles})
    if len(articles) == 1:
        yield "supporting", f"all evidence listed comes from one article, {articles[0]}"


RULES: dict[str, LintRule] = {
    rule.name: rule
    for rule in (
        LintRule(
            "context-is-activity",
            "warning",
            "Context is what is there before and around: conditions that let a mechanism work or keep it from working. What a "
            "programme does belongs to the intervention or to the resource it offers.",
            "Move it to interventions or resources, or name the condition that it brings about.",
            _context_is_activity,
        ),
        LintRule(
            "mechanism-is-intervention",
            "warning",
            "A mechanism is what the intervention sets off in people, not the intervention itself: naming the activity again "
            "explains nothing.",
            "Ask how people's reasoning changes when the intervention meets them, and name that.",
            _mechanism_is_intervention,
        ),
        LintRule(
            "no-reasoning",
            "warning",
            "A mechanism has two halves: a resource offered and how people's reasoning changes in response (Dalkin et al. 2015, "
            "doi 10.1186/s13012-015-0237-x). Without the second, the configuration says what happens and not why.",
            "State the response in reasonings (or the whole in mechanisms); leave it open on purpose by overruling this rule.",
            _no_reasoning,
        ),
        LintRule(
            "outcome-is-plan",
            "warning",
            "An outcome is what came of it, intended or not. A plan, aim or strategy says what somebody meant to happen.",
            "Name what changed; if the plan itself is what came out, overrule this rule and say so.",
            _outcome_is_plan,
        ),
        LintRule(
            "no-context",
            "warning",
            "Mechanisms work in some contexts and not in others; a configuration without a context claims to hold everywhere.",
            "State the context, or leave it open on purpose by overruling this rule.",
            _no_context,
        ),
        LintRule(
            "no-outcome",
            "warning",
            "Without an outcome there is nothing that the mechanism explains.",
            "State the outcome.",
            _no_outcome,
        ),
        LintRule(
            "outcome-is-mechanism",
            "warning",
            "A concept may be a mechanism here and an outcome there; in one and the same configuration it would explain itself.",
            "Split it into two configurations, the outcome of one being the context or mechanism of the next.",
            _outcome_is_mechanism,
        ),
        LintRule(
            "statement-missing",
            "note",
            "Slots show the parts of a configuration; the author's own sentence says how they hang together.",
            "Write the configuration as a sentence in statement.",
            _statement_missing,
        ),
        LintRule(
            "statement-off-concepts",
            "note",
            "A statement that names none of the concepts may belong to another row, or the slots may be coded too far from it.",
            "Check that statement and slots belong together; add the words used as synonyms of the concepts.",
            _statement_off_concepts,
        ),
        LintRule(
            "duplicate",
            "warning",
            "Two configurations with the same slots say one thing twice; their evidence is split between them.",
            "Join them, or name the context or polarity that tells them apart.",
            _duplicate,
        ),
        LintRule(
            "only-challenging",
            "warning",
            "Challenging evidence alone: the configuration stands against what was found. Kept on purpose, it is worth a reason.",
            "Refine or drop it, look for supporting passages, or say why it is kept.",
            _only_challenging,
        ),
        LintRule(
            "single-article",
            "note",
            "One article may describe one case well; whether the configuration holds elsewhere is not tested.",
            "Look for further articles, or say that it is a single case.",
            _single_article,
        ),
    )
}


def lint(records: Records, version: Version | None = None) -> tuple[Finding, ...]:
    """Return what the rules find in the configurations of a review, or of one version.

    Parameters
    ----------
    records : Records
    version : Version, optional
        Limits the check to its configurations.

    Returns
    -------
    tuple of Finding
        By configuration, then in the order of :data:`RULES`. An overruled finding is a note that gives the reason.
    """
    codebook = Codebook.of(records)
    chosen = version.configurations if version is not None else codebook.configurations
    findings: list[Finding] = []
    for configuration in sorted(chosen, key=lambda c: c.id):
        overruled, faults = _overruled(configuration)
        for rule in RULES.values():
            slips = list(rule.check(configuration, codebook))
            for column, matter in slips:
                where = Where("configurations", column=column, cell=configuration.id)
                message = f"{configuration.id}: {matter}. {rule.explanation}"
                if rule.name in overruled:
                    text = f"{message} Overruled: {overruled[rule.name]}"
                    findings.append(Finding(rule.name, "note", where, text, ""))
                else:
                    fix = f"{rule.fix} To keep it, write '{rule.name}: your reason' in the column {OVERRULE}."
                    findings.append(Finding(rule.name, rule.severity, where, message, fix))
            if rule.name in overruled and not slips:
                where = Where("configurations", column=OVERRULE, cell=configuration.id)
                message = f"{configuration.id}: {rule.name} is overruled, and finds nothing."
                findings.append(
                    Finding("overrule-idle", "note", where, message, "Take it out if it is not needed any more.")
                )
        findings += faults
    return tuple(findings)


def _overruled(configuration: Configuration) -> tuple[dict[str, str], list[Finding]]:
    """Return the rules overruled for a configuration with the reasons, and what is wrong with how it is written."""
    overruled: dict[str, str] = {}
    faults: list[Finding] = []
    where = Where("configurations", column=OVERRULE, cell=configuration.id)
    for part in (p.strip() for p in (configuration.lint_ok or "").split("|")):
        name, _, reason = (x.strip() for x in part.partition(":"))
        name = name.casefold().replace("_", "-").replace(" ", "-")
        if not part:
            continue
        if name not in RULES:
            near = nearest(name, RULES)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"The rules are {', '.join(RULES)}."
            message = f"{configuration.id}: {name!r} is not a rule; nothing is overruled by it."
            faults.append(Finding("overrule-unknown", "warning", where, message, hint))
        elif not reason:
            message = f"{configuration.id}: {name} is not overruled, because no reason is given."
            faults.append(
                Finding("overrule-without-reason", "warning", where, message, f"Write '{name}: your reason'.")
            )
        else:
            overruled[name] = reason
    return overruled, faults


def rules_table() -> Table:
    """Return the rules with what they mean and what to do, for help pages and documentation."""
    return Table(
        name="lint_rules",
        title="What the lint of configurations looks for",
        columns=(
            Column("rule", "Rule", "As written to overrule it"),
            Column("severity", "Severity"),
            Column("explanation", "Why it matters"),
            Column("fix", "What to do"),
        ),
        rows=tuple((r.name, r.severity, r.explanation, r.fix) for r in RULES.values()),
        unit="rules",
        note="Rules point to slips; they cannot judge a theory. English words are looked for; other languages by the codebook only.",
    )


def findings_table(findings: tuple[Finding, ...]) -> Table:
    """Return what the lint found as a table, one row for each finding."""
    return Table(
        name="lint_findings",
        title="Slips of theorising that the lint points to",
        columns=(
            Column("configuration", "Configuration"),
            Column("rule", "Rule"),
            Column("severity", "Severity", "note where the rule was overruled"),
            Column("column", "Where"),
            Column("message", "What it is about"),
            Column("fix", "What to do"),
        ),
        rows=tuple(
            (
                Thing("configuration", f.where.cell, f.where.cell),
                f.rule,
                f.severity,
                f.where.column or None,
                f.message,
                f.fix or None,
            )
            for f in findings
        ),
        unit="findings",
        note="A rule points to a slip; whether it is one is for people to judge.",
    )
