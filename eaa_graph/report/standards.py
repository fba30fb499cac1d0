"""The reporting standards for realist work, item by item, and where in the report each is dealt with.

What each item asks for is said in our own words; the standards themselves give examples and
reasons and should be read: Wong et al. 2013 (realist syntheses, doi 10.1186/1741-7015-11-21) and Wong et al.
2016 (realist evaluations, RAMESES II, doi 10.1186/s12916-016-0643-1).
"""

from __future__ import annotations

__all__ = ["STANDARDS", "Item", "Standard"]

from typing import NamedTuple


class Item(NamedTuple):
    """One item of a standard.

    Attributes
    ----------
    number : int
    part : str
        Part of the paper it belongs to.
    name : str
    asks : str
        What to report, in our words.
    sections : tuple of str
        Anchors of the sections, tables and figures that deal with it.
    """

    number: int
    part: str
    name: str
    asks: str
    sections: tuple[str, ...] = ()


class Standard(NamedTuple):
    """A reporting standard: its name, its paper and its items."""

    name: str
    title: str
    citation: str
    doi: str
    items: tuple[Item, ...]


_SYNTHESIS = (
    Item(1, "Title", "Title", "Call it a realist synthesis or review.", ("title",)),
    Item(
        2, "Abstract", "Abstract", "Sum up question, sources, methods, main findings and what they mean.", ("summary",)
    ),
    Item(
        3,
        "Introduction",
        "Rationale for review",
        "Why it is needed, and what it adds to what is known.",
        ("rationale",),
    ),
    Item(
        4,
        "Introduction",
        "Objectives and focus of review",
        "State the question, and how its focus was found.",
        ("question",),
    ),
    Item(5, "Methods", "Changes in the review process", "Say what was changed on the way, and why.", ("changes",)),
    Item(
        6,
        "Methods",
        "Rationale for using realist synthesis",
        "Why this method suits the question.",
        ("rationale-method",),
    ),
    Item(7, "Methods", "Scoping the literature", "How the literature was first explored.", ("scoping",)),
    Item(
        8, "Methods", "Searching processes", "Sources, terms and dates of each search, and why these.", ("searching",)
    ),
    Item(
        9,
        "Methods",
        "Selection and appraisal of documents",
        "How relevance and rigour were judged, and by whom.",
        ("selection", "appraisal"),
    ),
    Item(
        10,
        "Methods",
        "Data extraction",
        "What was taken from the documents, by whom, and how alike.",
        ("coding", "agreement"),
    ),
    Item(11, "Methods", "Analysis and synthesis processes", "How evidence became theory.", ("analysis", "history")),
    Item(12, "Results", "Document flow diagram", "How many documents went where, and why.", ("flow",)),
    Item(13, "Results", "Document characteristics", "What the documents are like.", ("characteristics",)),
    Item(
        14,
        "Results",
        "Main findings",
        "The findings, as theory: contexts, mechanisms, outcomes.",
        ("configurations", "occurrence", "challenges"),
    ),
    Item(15, "Discussion", "Summary of findings", "The main findings against the question.", ("discussion-summary",)),
    Item(
        16,
        "Discussion",
        "Strengths, limitations and future research directions",
        "Strong and weak points of the review and of its evidence.",
        ("discussion-limits", "gaps"),
    ),
    Item(
        17,
        "Discussion",
        "Comparison with existing literature",
        "Set the findings beside other theories and reviews.",
        ("discussion-comparison", "expectations"),
    ),
    Item(18, "Discussion", "Conclusion and recommendations", "What follows, for whom.", ("discussion-conclusion",)),
    Item(19, "Discussion", "Funding", "Who paid, what part they had, and interests that may conflict.", ("funding",)),
)

_EVALUATION = (
    Item(1, "Title", "Title", "Call it a realist evaluation.", ("title",)),
    Item(
        2,
        "Summary or abstract",
        "Summary or abstract",
        "Sum up programme, setting, question, methods, findings and what they mean.",
        ("summary",),
    ),
    Item(
        3,
        "Introduction",
        "Rationale for evaluation",
        "What the evaluation is for, and how that shaped it.",
        ("rationale",),
    ),
    Item(
        4,
        "Introduction",
        "Programme theory",
        "The initial theory or theories of the programme.",
        ("history", "configurations"),
    ),
    Item(
        5,
        "Introduction",
        "Evaluation questions, objectives and focus",
        "The questions, and what the theory had to do with them.",
        ("question",),
    ),
    Item(
        6, "Introduction", "Ethical approval", "Whether approval was needed and given; if not needed, why.", ("ethics",)
    ),
    Item(
        7,
        "Methods",
        "Rationale for using realist evaluation",
        "Why this approach, and how it was adapted.",
        ("rationale-method",),
    ),
    Item(8, "Methods", "Environment surrounding the evaluation", "Where it took place.", ("environment",)),
    Item(
        9,
        "Methods",
        "Describe the programme policy, initiative or product evaluated",
        "What was evaluated.",
        ("programme",),
    ),
    Item(
        10,
        "Methods",
        "Describe and justify the evaluation design",
        "The design, and why it answers the questions.",
        ("design", "changes"),
    ),
    Item(11, "Methods", "Data collection methods", "Which data were collected, how, and why these.", ("coding",)),
    Item(
        12,
        "Methods",
        "Recruitment process and sampling strategy",
        "Who took part, and how they were found.",
        ("sampling",),
    ),
    Item(
        13,
        "Methods",
        "Data analysis",
        "How data became theory: contexts, mechanisms, outcomes.",
        ("analysis", "agreement"),
    ),
    Item(14, "Results", "Details of participants", "Who took part, or which sources were used.", ("characteristics",)),
    Item(
        15,
        "Results",
        "Main findings",
        "The findings, as theory: contexts, mechanisms, outcomes.",
        ("configurations", "occurrence", "challenges"),
    ),
    Item(16, "Discussion", "Summary of findings", "The main findings against the questions.", ("discussion-summary",)),
    Item(
        17,
        "Discussion",
        "Strengths, limitations and future directions",
        "Strong and weak points of the evaluation and its evidence.",
        ("discussion-limits", "gaps"),
    ),
    Item(
        18,
        "Discussion",
        "Comparison with existing literature",
        "Set the findings beside other theories and studies.",
        ("discussion-comparison", "expectations"),
    ),
    Item(19, "Discussion", "Conclusion and recommendations", "What follows, for whom.", ("discussion-conclusion",)),
    Item(
        20,
        "Discussion",
        "Funding and conflict of interest",
        "Who paid, what part they had, and interests that may conflict.",
        ("funding",),
    ),
)

#: By the name that the command line takes.
STANDARDS: dict[str, Standard] = {
    "synthesis": Standard(
        "RAMESES",
        "RAMESES publication standards for realist syntheses",
        "Wong et al. 2013, BMC Medicine 11:21",
        "10.1186/1741-7015-11-21",
        _SYNTHESIS,
    ),
    "evaluation": Standard(
        "RAMESES II",
        "RAMESES II reporting standards for realist evaluations",
        "Wong et al. 2016, BMC Medicine 14:96",
        "10.1186/s12916-016-0643-1",
        _EVALUATION,
    ),
}
