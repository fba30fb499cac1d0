"""What the report says, section by section: question, methods, results, discussion, checklist, appendices.

Every section says what the data hold; where they hold nothing it says which sheet would, and what only people
can write is a prompt. No sentence here contains a number: numbers come from tables by
:meth:`~eaa_graph.report.draft.Draft.number`.
"""

from __future__ import annotations

__all__ = ["compose"]

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from eaa_graph import __version__
from eaa_graph.errors import UnknownName
from eaa_graph.model import Claim, Configuration
from eaa_graph.report import counting
from eaa_graph.report.document import (
    Cite,
    Document,
    FigureBlock,
    Heading,
    Link,
    Number,
    Own,
    Paragraph,
    Piece,
    Prompt,
    Ref,
    Strong,
    TableBlock,
)
from eaa_graph.report.draft import Draft, cites
from eaa_graph.report.material import Material, fingerprint
from eaa_graph.report.standards import STANDARDS, Item, Standard
from eaa_graph.tables import Cell, Column, Table, Thing
from eaa_graph.theory.difference import diff
from eaa_graph.theory.evidence import (
    ORIGINS,
    evidence_over_versions,
    evidence_side_by_side,
    expectations_over_versions,
    gained_and_lost,
)
from eaa_graph.theory.sentences import arrow, claim_sentence, sentence
from eaa_graph.theory.versions import Version, versions_table

#: At most so many rows of a list are printed; the whole is in the tables beside the report.
_MOST_ROWS = 25
#: At most so many articles are described in the appendices.
_MOST_ARTICLES = 300
#: At most so many columns of counts fit a page.
_MOST_COLUMNS = 14


def compose(material: Material, standard: str = "synthesis") -> Document:
    """Return the report of a review as a document.

    Parameters
    ----------
    material : Material
    standard : str
        ``synthesis`` (RAMESES) or ``evaluation`` (RAMESES II).

    Raises
    ------
    UnknownName
        If there is no such standard.
    """
    if standard not in STANDARDS:
        raise UnknownName("reporting standard", standard, STANDARDS)
    chosen = STANDARDS[standard]
    draft = Draft()
    _opening(draft, material)
    _summary(draft, material)
    _question(draft, material, standard)
    _methods(draft, material, standard)
    _results(draft, material)
    _discussion(draft, material)
    _checklist(draft, material, chosen)
    _appendices(draft, material, chosen)
    review = material.records.review
    return Document(
        title=review.title,
        subtitle="Realist synthesis: report from the data"
        if standard == "synthesis"
        else "Realist evaluation: report from the data",
        language="en-GB",
        own_language="en-GB" if review.language.casefold().startswith("en") else review.language,
        blocks=tuple(draft.blocks),
        tables=draft.tables,
    )


# --- small things --------------------------------------------------------------------------------


def _labels(material: Material) -> dict[str, str]:
    return {c.id: c.label for c in material.records.concepts}


def _row(table: Table, key: str) -> int:
    return table.column("key").index(key)


def _cut(
    draft: Draft,
    anchor: str,
    caption: str,
    table: Table,
    rows: Sequence[int] | None = None,
    columns: tuple[str, ...] = (),
    most: int = _MOST_ROWS,
) -> None:
    """Add a table of at most `most` rows, and say so where there are more."""
    shown = list(range(len(table)) if rows is None else rows)
    notes: tuple[str, ...] = ()
    if len(shown) > most:
        notes = ("The first rows only; the whole is in the workbook of tables beside this report",)
        shown = shown[:most]
    draft.table(anchor, caption, table, columns=columns, rows=shown, notes=notes)


def _refusal(draft: Draft, material: Material, name: str, what: str) -> None:
    if name in material.refused:
        draft.say(f"{what} is not given here: ", Own(material.refused[name].rstrip(".")), ".")


def _given(material: Material, name: str) -> Table | None:
    table = material.tables.get(name)
    return table if table is not None and table.rows else None


# --- opening, summary, question ------------------------------------------------------------------------


def _opening(draft: Draft, material: Material) -> None:
    review = material.records.review
    if review.citation:
        draft.say(*_strong("Source. "), Own(review.citation), *_doi(review.doi))
    elif review.doi:
        draft.say(*_strong("Source. "), *_doi(review.doi))
    if review.based_on:
        draft.say(*_strong("Based on. "), Own(review.based_on))
    if review.licence:
        draft.say(*_strong("Licence of the data. "), Own(review.licence))
    draft.say(
        "This report was put together from the data of the review. Numbers are those of the data and change with them; "
        "how each was counted stands under its table and in ",
        Ref("how-made"),
        ". Passages that only the team can write are marked as prompts. Articles are cited by the review's own ids; the list of ",
        Ref("references"),
        " says which they are.",
        style="note",
    )


def _strong(text: str) -> tuple[Piece, ...]:
    return (Strong(text),)


def _doi(doi: str | None) -> tuple[Piece, ...]:
    if not doi:
        return ()
    bare = doi.removeprefix("https://doi.org/")
    return (" ", Link(f"doi {bare}", f"https://doi.org/{bare}"))


def _head(material: Material) -> Version | None:
    """Return the version that stands now: the last that nobody revised and that is no rival."""
    heads = [v for v in material.past.heads if v.status != "rival"] or list(material.past.heads)
    # In a circle of revisions nothing is last; the last in the list then has to do.
    return (heads or list(material.past.versions) or [None])[-1]  # type: ignore[list-item]


def _summary(draft: Draft, material: Material) -> None:
    records = material.records
    overview = counting.overview(records, material.coder)
    draft.heading(1, "Plain-language summary", "summary")
    draft.ask("In one or two sentences, without terms of the trade: what this is about, and why it matters to whom.")
    if records.review.question:
        draft.say(Strong("What we asked. "), Own(records.review.question))
    if records.articles:
        draft.say(
            Strong("What we read. "),
            *draft.count(overview, _row(overview, "articles"), "count", "article"),
            "; passages were marked in ",
            draft.number(overview, _row(overview, "coded"), "count"),
            " of them, ",
            *draft.count(overview, _row(overview, "extractions"), "count", "passage"),
            " in all.",
        )
    head = _head(material)
    if head is not None and head.configurations:
        draft.say(Strong("What we found. "), "The theory as it stands, ", Own(head.label), ", says:")
        labels = _labels(material)
        draft.points([[Own(sentence(c, labels))] for c in head.configurations])
        draft.say("What speaks for and against each is told under ", Ref("configurations"), ".")
    elif head is not None and head.claims:
        draft.say(Strong("What we found. "), "The theory as it stands, ", Own(head.label), ", says:")
        draft.points([[Own(claim_sentence(c, _labels(material)))] for c in head.claims])
    elif head is not None and head.summary:
        draft.say(Strong("What we found. "), Own(head.summary))
    else:
        draft.ask("What was found, in a few sentences: there is no version of a theory in the data yet.")
    draft.ask("What this means for people who use, give and pay for services, and what they can do with it.")
    draft.ask("What we do not know yet, and who helped to make this summary.")


def _question(draft: Draft, material: Material, standard: str) -> None:
    records = material.records
    draft.heading(1, "Introduction", "introduction")
    draft.heading(2, "Why it was done", "rationale")
    draft.ask("What is known, what is not, and what this work adds.")
    if standard == "evaluation":
        draft.heading(2, "Ethical approval", "ethics")
        draft.ask("Whether approval was needed and given, by whom, under which number; if it was not needed, why.")
    draft.heading(2, "Question and focus", "question")
    if records.review.question:
        draft.say("The question is: ", Own(records.review.question))
        draft.ask("How the focus was found and narrowed, and who had a say in it.")
    else:
        draft.ask('The question and the focus. A line question = "..." in review.toml puts the question here.')


# --- methods ----------------------------------------------------------------------------------------------


def _methods(draft: Draft, material: Material, standard: str) -> None:
    draft.heading(1, "Methods", "methods")
    draft.heading(2, "Why a realist approach", "rationale-method")
    draft.ask("Why a realist approach suits the question, and how it was adapted.")
    draft.heading(2, "Changes on the way", "changes")
    draft.ask("What was changed against the protocol, and why; changes of the theory itself are told in the results.")
    if standard == "synthesis":
        draft.heading(2, "Scoping the literature", "scoping")
        draft.ask("How the literature was first explored, and what that led to.")
        draft.heading(2, "Searching", "searching")
        draft.ask("Sources, terms and dates of each search, and why these; further searches as the theory grew.")
        draft.heading(2, "Selection of documents", "selection")
        draft.ask(
            "How documents were chosen for what they add to the theory, and by whom. Their flow is told in the results."
        )
    else:
        draft.heading(2, "Environment", "environment")
        draft.ask("Where the evaluation took place.")
        draft.heading(2, "What was evaluated", "programme")
        draft.ask("The programme, policy or initiative: who offers what to whom, since when.")
        draft.heading(2, "Design", "design")
        draft.ask("The design, and why it answers the questions.")
        draft.heading(2, "Recruitment and sampling", "sampling")
        draft.ask("Who took part or which sources were used, and how they were found.")
    _appraisal(draft, material)
    _coding(draft, material)
    _agreement(draft, material)
    _analysis(draft)


def _appraisal(draft: Draft, material: Material) -> None:
    records = material.records
    draft.heading(2, "Appraisal", "appraisal")
    if not records.appraisals:
        draft.ask(
            "How relevance, richness and rigour were judged, and by whom. The sheet appraisals puts the judgements here."
        )
        return
    overview = counting.overview(records, material.coder)
    levels = counting.levels(records, material.coder)
    draft.say(
        "Judgements are recorded for ",
        *_of_articles(draft, overview, "appraised"),
        ", each with the person who made it; none was computed. All of them are listed in ",
        Ref("table-appraisals"),
        ".",
    )
    draft.ask("What was looked for when judging relevance, richness and rigour, and what was done with the judgements.")
    # Judgements in whole sentences do not make levels.
    if levels.rows and all(Counter(levels.column("criterion"))[c] <= 8 for c in set(levels.column("criterion"))):
        draft.table("table-levels", "Judgements of the articles, by level", levels)


def _of_articles(draft: Draft, overview: Table, key: str) -> tuple[Piece, ...]:
    return (
        draft.number(overview, _row(overview, key), "count"),
        " of ",
        *draft.count(overview, _row(overview, "articles"), "count", "article"),
    )


def _coding(draft: Draft, material: Material) -> None:
    records = material.records
    draft.heading(2, "Data extraction", "coding")
    draft.say(
        "Passages were coded for the parts of a configuration (heuristic ",
        Own(records.review.heuristic),
        "): alone, in pairs, or as a whole.",
    )
    people, phases = counting.people(records), counting.phases(records)
    if people.rows:
        draft.table("table-people", "Who coded and judged", people)
    if phases.rows:
        draft.table("table-phases", "Phases of coding", phases)
    if records.extractions:
        overview = counting.overview(records, material.coder)
        draft.say(
            "Of ",
            *draft.count(overview, _row(overview, "extractions"), "count", "passage"),
            f" counted in this report ({_whose(material)}), ",
            draft.number(overview, _row(overview, "quoted"), "count"),
            " quote the words they rest on.",
        )
        draft.ask("How passages were found and coded, what coders were told, and how doubts were settled.")
    else:
        draft.ask("Nothing is coded yet: the sheet extractions is empty. How passages will be found and coded.")


def _whose(material: Material) -> str:
    return "those of all coders side by side" if material.coder == "all" else f"those of {material.coder}"


def _agreement(draft: Draft, material: Material) -> None:
    draft.heading(2, "Agreement between coders", "agreement")
    table = _given(material, "agreement")
    if table is None:
        _refusal(draft, material, "agreement", "Agreement")
        draft.ask(
            "How far coders agreed and how differences were settled; if one person coded, how that was made up for."
        )
        return
    subjects = table.column("subject")
    whole = [n for n, subject in enumerate(subjects) if not isinstance(subject, Thing)]
    draft.say(
        "How far coders coded alike is told in ",
        Ref("table-agreement"),
        ", with intervals; agreement says that people coded alike, not that they are right.",
    )
    draft.table(
        "table-agreement",
        "Agreement between coders on codes",
        table,
        rows=whole or range(min(len(table), _MOST_ROWS)),
        columns=(
            "coders",
            "subject",
            "units",
            "percent",
            "percent_low",
            "percent_high",
            "kappa",
            "alpha",
            "alpha_low",
            "alpha_high",
            "ac1",
        ),
        titles=(
            ("units", "Units"),
            ("percent", "Percent agree\u00adment"),
            ("percent_low", "from"),
            ("percent_high", "to"),
            ("kappa", "Cohen's kappa"),
            ("alpha", "Kripp. alpha"),
            ("alpha_low", "from"),
            ("alpha_high", "to"),
            ("ac1", "Gwet's AC1"),
        ),
    )
    sets = _given(material, "set-agreement")
    if sets is not None:
        draft.table(
            "table-set-agreement",
            "Agreement between coders on whole sets of codes",
            sets,
            columns=(
                "coders",
                "meaning",
                "units",
                "labels",
                "identical",
                "jaccard",
                "alpha",
                "alpha_low",
                "alpha_high",
            ),
            titles=(
                ("units", "Units"),
                ("labels", "Different labels"),
                ("identical", "Identical, share"),
                ("alpha", "Kripp. alpha (MASI)"),
                ("alpha_low", "from"),
                ("alpha_high", "to"),
            ),
            short_note=True,
        )


def _analysis(draft: Draft) -> None:
    draft.heading(2, "Analysis and synthesis", "analysis")
    draft.say(
        "Two kinds of evidence are kept apart. Asserted evidence is what people list as supporting or challenging a "
        "configuration; matched evidence is what the codes show: passages that code every slot which the configuration fills. "
        "Challenging evidence is never taken off supporting evidence. Counts are patterns in what was coded, not causes."
    )
    draft.ask("How evidence became theory: how configurations were drawn up, tested and refined, and by whom.")


# --- results --------------------------------------------------------------------------------------------------


def _results(draft: Draft, material: Material) -> None:
    draft.heading(1, "Results", "results")
    _flow(draft, material)
    _characteristics(draft, material)
    _occurrence(draft, material)
    _history(draft, material)
    _configurations(draft, material)
    _challenges(draft, material)
    _expectations(draft, material)
    _gaps(draft, material)
    _robust(draft, material)
    _figures(draft, material)


def _flow(draft: Draft, material: Material) -> None:
    records = material.records
    draft.heading(2, "Document flow", "flow")
    if not records.flow:
        draft.ask(
            "How many documents went where, and why. The sheet flow puts figure and table here and checks the sums."
        )
        return
    table = material.tables["flow-steps"]
    wrong = [f for f in material.findings if f.rule == "flow-arithmetic"]
    picture = material.pictures.get("flow")
    if wrong:
        draft.say("The counts of the document flow do not add up:")
        draft.points([[Own(f.message), ": ", Own(f.fix)] if f.fix else [Own(f.message)] for f in wrong])
        draft.ask("Why the counts differ, or the counts corrected in the sheet flow.")
    else:
        draft.say(
            "How documents were found and chosen is ",
            *(("shown in ", Ref("figure-flow"), " and ") if picture else ()),
            "told in ",
            Ref("table-flow"),
            ". Wherever a stage says what it comes from, its counts add up to what went in.",
        )
    if picture:
        draft.figure("figure-flow", "Document flow", "document-flow", picture, "table-flow")
    draft.table(
        "table-flow",
        "Document flow",
        table,
        columns=_filled(table, ("stage", "from", "outcome", "documents", "reason", "incoming", "outgoing", "adds_up")),
    )


def _characteristics(draft: Draft, material: Material) -> None:
    records = material.records
    draft.heading(2, "Characteristics of the articles", "characteristics")
    if not records.articles:
        draft.ask(
            "What the documents are like: year, country, field, concept used. The sheet articles puts the counts here."
        )
        return
    overview = counting.overview(records, material.coder)
    table = counting.characteristics(records)
    draft.say(
        "The review lists ",
        *draft.count(overview, _row(overview, "articles"), "count", "article"),
        " that report ",
        *draft.count(overview, _row(overview, "studies"), "count", "study", "studies"),
        ". ",
        *(("What they are like is counted in ", Ref("table-characteristics"), "; ") if table.rows else ()),
        "each is described in ",
        Ref("table-articles"),
        ".",
    )
    if table.rows:
        _characteristics_table(draft, table)
    draft.ask("What readers should know of the documents beyond these counts.")


def _characteristics_table(draft: Draft, table: Table) -> None:
    """Show the values of each characteristic that most articles have; a long tail stays in the workbook."""
    names = table.column("characteristic")
    shown: list[int] = []
    cut = False
    for name in dict.fromkeys(names):
        rows = [n for n, found in enumerate(names) if found == name]
        if len(rows) > _MOST_ROWS:
            cut = True
            rows = sorted(sorted(rows, key=lambda n: (-_whole(table.rows[n][2]), n))[:_MOST_ROWS])
        shown += rows
    notes = ("Only the most frequent values; the whole is in the workbook of tables beside this report",) if cut else ()
    draft.table("table-characteristics", "Characteristics of the articles", table, rows=shown, notes=notes)


def _whole(cell: Cell) -> int:
    return cell if isinstance(cell, int) else 0


def _occurrence(draft: Draft, material: Material) -> None:
    draft.heading(2, "Where mechanisms were seen", "occurrence")
    long = _given(material, "articles-by-mechanism-and-theme")
    overall = _given(material, "occurrence")
    if long is None and overall is None:
        _refusal(draft, material, "occurrence", "How often concepts were coded")
        draft.ask("Where mechanisms were seen. The sheet extractions puts the counts here.")
        return
    reported = _given(material, "themes-reported")
    if reported is not None:
        draft.table("table-themes", "Articles that report each theme: the denominators", reported)
    if long is not None:
        by_theme = material.tables.get("mechanism-by-theme")
        fits = by_theme is not None and len(by_theme.columns) <= _MOST_COLUMNS
        if "heatmap" in material.pictures:
            draft.figure(
                "figure-mechanisms",
                "Mechanisms by theme: articles that code the mechanism under the theme, out of those that report the theme",
                "mechanism-by-theme",
                material.pictures["heatmap"],
                "table-mechanisms",
            )
        if fits and by_theme is not None:
            # Room to break: "refine /49" on two lines reads as a fraction of nothing.
            titles = tuple(
                (c.name, f"{c.title.rpartition(' /')[0]} (of {c.title.rpartition(' /')[2]})")
                for c in by_theme.columns
                if " /" in c.title
            )
            draft.table("table-mechanisms", "Mechanisms by theme", by_theme, titles=titles)
        else:
            _cut(draft, "table-mechanisms", "Mechanisms by theme", long)
    for name, what in (
        ("occurrence", "Mechanisms"),
        ("occurrence-of-contexts", "Contexts"),
        ("occurrence-of-outcomes", "Outcomes"),
    ):
        table = _given(material, name)
        if table is not None:
            draft.table(
                f"table-{name}",
                f"{what}: articles in which each is coded",
                table,
                columns=("concept", "count", "denominator", "share", "low", "high"),
                titles=(("low", "from"), ("high", "to")),
                short_note=name != "occurrence",
            )
    draft.ask("What these patterns mean, and what they do not.")


# --- theory -----------------------------------------------------------------------------------------------------


def _history(draft: Draft, material: Material) -> None:
    past, records = material.past, material.records
    draft.heading(2, "The programme theory and its history", "history")
    if not past.versions:
        draft.say("The data hold no version of a programme theory.")
        draft.ask(
            "How the theory began and how it changed. The sheets theories, configurations and changes put it here."
        )
        return
    table = versions_table(past)
    draft.table(
        "table-versions",
        "Versions of the programme theory",
        table,
        columns=("version", "status", "date", "revises", "configurations", "claims", "changes", "reasons"),
        titles=(("configurations", "Config\u00adurations"), ("reasons", "with a reason")),
    )
    for circle in past.cycles:
        draft.say(
            Strong("A circle. "),
            "These versions are recorded as revising each other, so none comes first: ",
            Own(", ".join(past.version(v).label for v in circle)),
            ". Correct revision_of in the sheet theories.",
        )
    phases = {p.id: p.label or p.id for p in records.phases}
    named = {p.id: p.name or p.id for p in records.people}
    for version in past.versions:
        draft.heading(3, Own(version.label), f"version-{version.id}")
        facts: list[Piece] = []
        if version.status:
            facts += [Own(version.status.capitalize()), " theory. "]
        if version.date:
            facts += ["Dated ", Own(version.date), ". "]
        if version.phase:
            facts += ["From the phase: ", Own(phases.get(version.phase, version.phase)), ". "]
        if version.people:
            facts += ["By ", Own(", ".join(named.get(p, p) for p in version.people)), ". "]
        draft.say(*facts)
        draft.say(*((Own(version.summary),) if version.summary else ()))
        if version.configurations:
            draft.say("It holds the configurations ", Own(", ".join(c.id for c in version.configurations)), ".")
        if version.claims:
            draft.say("It claims:")
            draft.points([_claim(c, _labels(material)) for c in version.claims])
        if not version.configurations and not version.claims:
            draft.say("It holds no configuration and no claim.")
        for earlier in past.parents(version.id):
            step = diff(earlier, version, past)
            draft.say(Strong("What changed. "), Own(step.prose()[0]))
            draft.points([[Own(line)] for line in step.prose()[1:]])
            picture = material.pictures.get(f"difference {earlier.id} {version.id}")
            if picture:
                draft.figure(
                    f"figure-difference-{earlier.id}-{version.id}",
                    f"What changed from {earlier.label} to {version.label}",
                    f"difference-{len(draft.blocks)}",
                    picture,
                )
            owed = [f for f in step.findings if f.rule in ("change-not-recorded", "change-without-reason")]
            if owed:
                draft.ask("Why this changed, and on what evidence; to record: " + _clipped([f.message for f in owed]))
    _evidence_over_versions(draft, material)


def _clipped(messages: list[str]) -> str:
    told = " ".join(messages[:5])
    return told if len(messages) <= 5 else f"{told} And others: eaa-graph theory diff lists them."


def _claim(claim: Claim, labels: dict[str, str]) -> list[Piece]:
    told: list[Piece] = [Own(claim_sentence(claim, labels))]
    if claim.statement:
        told += [" In its author's words: ", Own(f"“{claim.statement}”")]
    if claim.source:
        told += [" (", Own(claim.source), ")"]
    return told


def _evidence_over_versions(draft: Draft, material: Material) -> None:
    past = material.past
    if not any(v.configurations for v in past.versions):
        return
    if not material.records.extractions:
        draft.say("No passage is coded, so nothing can be said of the evidence for these versions.")
        return
    draft.heading(3, "Evidence, version by version")
    over = evidence_over_versions(material.incidence, past, material.settings.coder, material.bearings)
    articles = tuple(f"{stance}_{origin}" for origin in ORIGINS for stance in _STANCE_WORDS)
    draft.table(
        "table-over-versions",
        "Configurations of each version of the theory, by the state of their evidence",
        over,
        columns=tuple(c.name for c in over.columns if c.name not in articles),
        titles=(("configurations", "Config\u00adurations"), ("challenged_only", "Chal\u00adlenged only")),
    )
    draft.table(
        "table-articles-over-versions",
        "Articles that bear on each version of the theory",
        over,
        columns=("version", *articles),
        titles=_short_bearings(),
        short_note=True,
    )
    number = 0
    for version in past.versions:
        for earlier in past.parents(version.id):
            if not earlier.configurations and not version.configurations:
                continue
            number += 1
            lost = gained_and_lost(
                material.incidence, past, earlier, version, material.settings.coder, material.bearings
            )
            named = replace(lost, name=f"gained_and_lost_{number}")
            draft.table(f"table-gained-{number}", lost.title, named, short_note=True)


def _short_bearings() -> tuple[tuple[str, str], ...]:
    words = {"supports": "Support\u00ading", "refines": "Refin\u00ading", "challenges": "Chal\u00adlenging"}
    return tuple((f"{s}_{o}", f"{word} articles, {o}") for o in ORIGINS for s, word in words.items())


def _configurations(draft: Draft, material: Material) -> None:
    records, past, labels = material.records, material.told, _labels(material)
    draft.heading(2, "Configurations and their evidence", "configurations")
    if not records.configurations:
        draft.say("The data hold no configuration of context, mechanism and outcome.")
        draft.ask("The findings as configurations. The sheet configurations puts sentences and evidence here.")
        return
    table = evidence_side_by_side(material.incidence, past, material.settings.coder, material.bearings)
    first: dict[str, int] = {}
    for place, cell in enumerate(table.column("configuration")):
        if isinstance(cell, Thing):
            first.setdefault(cell.id, place)
    draft.say(
        "Each configuration is told as a sentence made from its slots, beside its author's own. How much evidence each has "
        "is counted in ",
        Ref("table-configurations"),
        "; the articles are named with each configuration.",
    )
    if "lanes" in material.pictures:
        draft.figure(
            "figure-lanes",
            "The configurations of the theory as it stands, and the articles that bear on each",
            "configurations",
            material.pictures["lanes"],
            "table-configurations",
        )
    held = {
        c.id: [v for v in material.past.versions if c.id in {x.id for x in v.configurations}]
        for c in records.configurations
    }
    for configuration in records.configurations:
        _configuration(draft, material, configuration, labels, table, first[configuration.id], held[configuration.id])
    draft.table(
        "table-configurations",
        "Evidence for each configuration",
        table,
        rows=sorted(first.values()),
        columns=_filled(table, tuple(c.name for c in table.columns if c.name != "version")),
        titles=_short_bearings(),
    )
    support = _given(material, "support")
    if support is not None:
        whole = [n for n, level in enumerate(support.column("completeness")) if level == "any"]
        rest = [n for n in range(len(support)) if n not in whole]
        draft.say(
            "Most passages tell a part of a configuration only. ",
            Ref("table-support"),
            " counts them by how much they tell; parts by level are in the workbook of tables beside this report."
            if len(rest) > _MOST_ROWS * 3
            else " counts them by how much they tell, down to the mechanism alone.",
        )
        draft.table(
            "table-support",
            "Support by how much of the configuration the passages tell",
            support,
            rows=whole if len(rest) > _MOST_ROWS * 3 else None,
            columns=(
                "configuration",
                "completeness",
                "supports_articles",
                "refines_articles",
                "challenges_articles",
                "supports_full",
                "supports_partial",
                "supports_extractions",
            ),
            titles=(
                ("configuration", "Config\u00aduration"),
                ("completeness", "Told"),
                ("supports_articles", "Supporting articles"),
                ("refines_articles", "Refining articles"),
                ("challenges_articles", "Challenging articles"),
                ("supports_full", "Supporting, whole mechanism"),
                ("supports_partial", "Supporting, part of it"),
                ("supports_extractions", "Supporting passages"),
            ),
        )
    else:
        _refusal(draft, material, "support", "Support by how much of a configuration is told")
    draft.ask("What the configurations say together: the account that a reader should take away.")


_STANCE_WORDS = {"supports": "Supporting", "refines": "Refining", "challenges": "Challenging"}
_ORIGIN_WORDS = {"asserted": "listed by people", "matched": "found by matching codes"}


def _configuration(
    draft: Draft,
    material: Material,
    configuration: Configuration,
    labels: dict[str, str],
    table: Table,
    row: int,
    held: list[Version],
) -> None:
    draft.heading(3, Own(f"{configuration.id}: {arrow(configuration, labels)}"), f"configuration-{configuration.id}")
    draft.say(Own(sentence(configuration, labels)), style="quote")
    if configuration.statement:
        by = f" ({configuration.author})" if configuration.author else ""
        draft.say("In its author's words", Own(by), ": ", Own(f"“{configuration.statement}”"))
    if held:
        part: tuple[Piece, ...] = ("Part of ", Own(", ".join(v.id for v in held)), ". ")
    else:
        part = ("Part of no version of the theory. ",)
    items: list[list[Piece]] = []
    for origin in ORIGINS:
        for stance in _STANCE_WORDS:
            column = f"{stance}_{origin}"
            articles = material.bearings.in_articles(table.opens(row, column))
            if articles:
                items.append(
                    [
                        f"{_STANCE_WORDS[stance]}, {_ORIGIN_WORDS[origin]}: ",
                        *draft.count(table, row, column, "article"),
                        " (",
                        *cites(articles),
                        ")",
                    ]
                )
    state = table.rows[row][table.index("state")]
    draft.say(*part, "State of the evidence: ", Own(str(state)), ".")
    if items:
        draft.points(items)
    touched = material.bearings.in_articles(material.bearings.any_match.get(configuration.id, ()))
    if not items and touched:
        draft.say("Passages of these articles code a part of it: ", *cites(touched), ".")
    if configuration.note:
        draft.say("Note: ", Own(configuration.note), style="note")


def _challenges(draft: Draft, material: Material) -> None:
    draft.heading(2, "Evidence that challenges", "challenges")
    table = _given(material, "challenging-evidence")
    if table is None:
        draft.say("No passage is recorded as challenging the theory.")
        draft.ask("Whether evidence against the theory was looked for, and how.")
    else:
        draft.say("Evidence against the theory stands for itself and is not set off against what supports it.")
        _cut(draft, "table-challenges", "Passages that challenge the theory", table)
    opposed = _given(material, "contradictions")
    if opposed is not None:
        _cut(
            draft,
            "table-contradictions",
            "Same mechanism, opposite results",
            opposed,
            columns=_filled(opposed, ("mechanism", "outcome", "kind", "first", "second", "neither", "separation")),
        )
    draft.ask("What the challenging evidence says about the theory, and what was done about it.")


def _expectations(draft: Draft, material: Material) -> None:
    draft.heading(2, "What other theories would expect", "expectations")
    if not material.records.expectations:
        draft.ask(
            "Which other theories bear on the question, and what they would expect to see. The sheet expectations puts it here."
        )
        return
    table = _given(material, "expectations")
    if table is None:
        table = _given(material, "expected-elsewhere")
        _refusal(draft, material, "expectations", "What became of them")
    elif table.rows:
        draft.table(
            "table-expectations",
            "Concepts that other theories would expect, and where they are",
            table,
            columns=("concept", "source", "state", "articles", "supporting", "challenging", "configurations"),
        )
        table = None
    if table is not None and table.rows:
        # Where nothing is coded, "absent" would say more than anybody knows.
        known = () if material.records.extractions else ("concept", "source")
        draft.table("table-expectations", "Concepts that other theories would expect", table, columns=known)
    if len(material.past.versions) > 1 and any(v.configurations for v in material.past.versions):
        over = expectations_over_versions(material.incidence, material.past, material.settings.coder, material.bearings)
        moved = [n for n, step in enumerate(over.column("step")) if step and not str(step).startswith("still")]
        if moved:
            draft.table(
                "table-expectations-over",
                "Gaps that a version opened, narrowed or closed",
                over,
                rows=moved,
                columns=("concept", "version", "step", "configurations", "supports", "challenges"),
                titles=(("supports", "Supporting articles"), ("challenges", "Challenging articles")),
            )
    draft.ask(
        "What it means that these are there or missing: it does not apply, does not take place, or is not reported."
    )


def _gaps(draft: Draft, material: Material) -> None:
    draft.heading(2, "Gaps", "gaps")
    register = _given(material, "gap-register")
    if register is None:
        _refusal(draft, material, "gap-register", "The register of gaps")
        table = _given(material, "empty-cells")
        if table is not None:
            _cut(draft, "table-empty", "Empty cells: a theme is reported, the mechanism is not coded under it", table)
        draft.ask("What is missing from the evidence, and why that may be.")
        return
    counted = counting.gaps_by_type(register)
    draft.say(
        "Gaps are places to look, told apart by what would fill them. They are counted in ",
        Ref("table-gaps"),
        "; those worth a look first are listed in ",
        Ref("table-gap-list"),
        ".",
    )
    if "gapmap" in material.pictures:
        draft.figure(
            "figure-gaps",
            "Evidence gap map: mechanisms by theme, by appraisal of the articles",
            "gap-map",
            material.pictures["gapmap"],
            "table-gaps",
        )
    draft.table("table-gaps", "Gaps by type", counted)
    first = [n for n, severity in enumerate(register.column("severity")) if severity != "note"] or list(
        range(len(register))
    )
    _cut(draft, "table-gap-list", "Gaps worth a look first", register, first, columns=("type", "subject", "reading"))
    changes = _given(material, "gaps-over-versions")
    if changes is not None:
        _cut(
            draft,
            "table-gap-changes",
            "Gaps that opened and closed from one version to the next",
            changes,
            columns=("change", "type", "subject", "was", "now", "why"),
        )
    draft.ask("Which of these gaps matter, and what it would take to fill them.")


def _robust(draft: Draft, material: Material) -> None:
    unseen, robust = _given(material, "unseen"), _given(material, "robustness")
    if unseen is None and robust is None:
        return
    draft.heading(2, "How much rests on how little", "robustness")
    if unseen is not None:
        draft.table(
            "table-unseen",
            "What may not have been seen yet",
            unseen,
            columns=("meaning", "seen", "once", "estimate", "low", "high", "new"),
            titles=(
                ("once", "In one article only"),
                ("estimate", "Estimated in all"),
                ("low", "from"),
                ("high", "to"),
                ("new", "New in further articles"),
            ),
        )
    if "saturation" in material.pictures:
        draft.figure(
            "figure-saturation",
            "Different codes found as further articles are read, over all orders of reading",
            "saturation",
            material.pictures["saturation"],
            "table-unseen" if unseen is not None else "",
        )
    if robust is not None:
        flips = [n for n, flip in enumerate(robust.column("flips")) if isinstance(flip, int) and flip > 0]
        if flips:
            draft.say(
                "Conclusions that would be another if one article were left out are listed in ",
                Ref("table-robustness"),
                ".",
            )
            _cut(
                draft,
                "table-robustness",
                "Conclusions that rest on single articles",
                robust,
                flips,
                columns=("conclusion", "full", "tried", "flips", "which", "becomes"),
            )
        else:
            draft.say("No conclusion about support or challenge changes when any one article is left out.")


def _figures(draft: Draft, material: Material) -> None:
    table = _given(material, "reported-figures")
    if table is None:
        return
    draft.heading(2, "Numbers that the source itself reports", "figures")
    wrong = [f for f in material.findings if f.rule == "figure-arithmetic"]
    if wrong:
        draft.say("Some of them do not add up; they are given as published:")
        draft.points([[Own(f.message)] for f in wrong])
    draft.table(
        "table-figures",
        "Numbers as published",
        table,
        columns=("label", "count", "unit", "denominator", "part_of", "locator"),
        titles=(("label", "What"), ("count", "Number"), ("denominator", "out of")),
    )


# --- discussion, checklist ---------------------------------------------------------------------------------------


def _discussion(draft: Draft, material: Material) -> None:
    draft.heading(1, "Discussion", "discussion")
    draft.heading(2, "Summary of findings", "discussion-summary")
    draft.ask("The main findings against the question, with the strength of the evidence behind each.")
    draft.heading(2, "Strengths and limitations", "discussion-limits")
    draft.say(
        "What the data can tell of this: how far coders agreed (",
        Ref("agreement"),
        "), what was not seen or not reported (",
        Ref("gaps"),
        "), and what speaks against the theory (",
        Ref("challenges"),
        ").",
    )
    draft.ask("Strong and weak points of the work and of its evidence; what should be studied next.")
    draft.heading(2, "Comparison with what is known", "discussion-comparison")
    rivals = [v for v in material.past.versions if v.status == "rival"]
    if rivals:
        draft.say(
            "Rival and neighbouring theories kept beside this one: ", Own("; ".join(v.label for v in rivals)), "."
        )
    draft.ask("How the findings compare with other theories and reviews.")
    draft.heading(2, "Conclusion and recommendations", "discussion-conclusion")
    draft.ask("What follows, for practice, policy and research, and for whom.")
    draft.heading(2, "Funding and interests", "funding")
    draft.ask("Who paid, what part they had in the work, and interests that may conflict.")


def _checklist(draft: Draft, material: Material, standard: Standard) -> None:
    draft.heading(1, "Reporting checklist", "checklist")
    draft.say(
        f"{standard.title} (",
        Link(standard.citation, f"https://doi.org/{standard.doi}"),
        "). What each item asks for is worded here in short; read the standard itself. The column Reported is a proposal: Y where the "
        "data fill the section, Unclear where prompts are left in it, N where it is all prompts. Change it as you write.",
    )
    known = {b.anchor for b in draft.blocks if isinstance(b, Heading | TableBlock | FigureBlock) and b.anchor}
    rows = []
    for item in standard.items:
        here = [a for a in item.sections if a in known]
        titled = _title_of(material) if item.sections == ("title",) else ""
        rows.append(
            (
                item.number,
                item.part,
                item.name,
                item.asks,
                tuple(Thing("section", a, _section_title(draft, a)) for a in here) or titled or None,
                _reported(draft, material, item),
                Thing("page", here[0], "") if here else None,
            )
        )
    table = Table(
        name="checklist",
        title=standard.title,
        columns=(
            Column("number", "No."),
            Column("part", "Part"),
            Column("item", "Item"),
            Column("asks", "What to report"),
            Column("where", "Where in this document"),
            Column("reported", "Reported in document Y/N/Unclear"),
            Column("page", "Page"),
        ),
        rows=tuple(rows),
        source=f"{standard.citation}, doi {standard.doi}",
    )
    draft.table("table-checklist", standard.title, table)


def _title_of(material: Material) -> str:
    return "the title" if _says_realist(material) else "the title does not say it yet"


def _says_realist(material: Material) -> bool:
    return "realist" in material.records.review.title.casefold()


def _section(draft: Draft, anchor: str) -> list[object]:
    """Return the blocks of a section, its subsections included."""
    found: list[object] = []
    level = 0
    for block in draft.blocks:
        if isinstance(block, Heading):
            if level and block.level <= level:
                break
            if block.anchor == anchor:
                level = block.level
                continue
        if level:
            found.append(block)
    return found


def _section_title(draft: Draft, anchor: str) -> str:
    for block in draft.blocks:
        if isinstance(block, Heading) and block.anchor == anchor:
            return "".join(piece if isinstance(piece, str) else str(piece[0]) for piece in block.pieces)
    return anchor


def _reported(draft: Draft, material: Material, item: Item) -> str:
    if item.sections == ("title",):
        return "Y" if _says_realist(material) else "N"
    blocks = [b for anchor in item.sections for b in _section(draft, anchor)]
    asked = any(isinstance(b, Prompt) for b in blocks)
    filled = any(
        isinstance(b, TableBlock | FigureBlock)
        or (isinstance(b, Paragraph) and any(isinstance(p, Own | Number | Cite) for p in b.pieces))
        for b in blocks
    )
    if not filled:
        return "N"
    return "Unclear" if asked else "Y"


# --- appendices ------------------------------------------------------------------------------------------------------


def _appendices(draft: Draft, material: Material, standard: Standard) -> None:
    records = material.records
    draft.heading(1, "Appendix: how this report was made", "how-made")
    settings = material.settings
    facts: list[tuple[str, str]] = [
        ("Software", f"eaa-graph {__version__}"),
        ("Data, SHA-256 of the records", fingerprint(records)),
        ("Extractions counted", _whose(material).removeprefix("those of ")),
        ("Seed of random procedures", str(settings.seed)),
        ("Reporting standard", f"{standard.title}, {standard.citation}, doi {standard.doi}"),
        ("References formatted as", material.style),
    ]
    draft.table(
        "table-made",
        "What this report was made with",
        Table(
            name="made_with",
            title="What this report was made with",
            columns=(Column("what", "What"), Column("value", "Value")),
            rows=tuple((what, value) for what, value in facts if value),
            note="The same data, settings and version give the same report; it therefore bears no date",
        ),
    )
    asked = [
        (
            name,
            table.title,
            ", ".join(f"{k}={v}" for k, v in sorted(material.asked.get(name, {}).items())) or None,
            len(table),
        )
        for name, table in sorted(material.tables.items())
        if name in material.asked
    ]
    if asked:
        draft.table(
            "table-asked",
            "Questions and measures asked, and the filters used",
            Table(
                name="asked",
                title="Questions and measures asked",
                columns=(
                    Column("name", "Name", "As asked with eaa-graph ask"),
                    Column("title", "What it answers"),
                    Column("parameters", "Filters and settings"),
                    Column("rows", "Rows"),
                ),
                rows=tuple(asked),
                note="Each can be asked again by its name: eaa-graph ask FOLDER NAME. How each is counted is told under its table",
            ),
        )
    if material.refused:
        draft.say("These were asked and gave no answer, for the reason that each gave:")
        draft.points([[Own(name), ": ", Own(reason)] for name, reason in sorted(material.refused.items())])
    checked = counting.data_check(material.findings)
    draft.heading(2, "What checking the data found", "data-check")
    if checked.rows:
        draft.table("table-check", "What checking the data found", checked)
    else:
        draft.say("Checking the data found nothing to report.")
    if records.articles:
        draft.heading(1, "Appendix: the articles", "articles")
        described = counting.articles(records, material.coder)
        _cut(draft, "table-articles", "The articles", described, most=_MOST_ARTICLES)
    if records.appraisals:
        draft.heading(1, "Appendix: appraisal as recorded", "appraisal-list")
        judged = counting.appraisals(records, material.coder)
        _cut(draft, "table-appraisals", "Appraisal as recorded", judged, columns=_filled(judged), most=_MOST_ARTICLES)
    draft.heading(1, "References", "references")
    if material.references:
        for article, reference in material.references.items():
            draft.say(Strong(article), " ", Own(reference), style="reference", anchor=f"article-{article}")
    else:
        draft.say("No article is listed with more than its id.")
        draft.ask("The references.")


def _filled(table: Table, wanted: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return those columns that hold anything; of `wanted`, if it names any."""
    names = wanted or tuple(c.name for c in table.columns)
    return tuple(name for name in names if any(cell not in (None, "", ()) for cell in table.column(name)))
