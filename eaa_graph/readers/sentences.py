"""If-then-because sentences in a controlled form: proposals that a person confirms.

Each line of a text file is one sentence, ``If <contexts> then <outcomes> because <mechanisms>``.
A sentence becomes a configuration only once somebody has put a cross before it::

    [x] If mixed groups | shared past then alignment because dialogue
    [ ] If opposing views stay apart then no agreement because dialogue

``|`` joins things that act together, `` / `` separates alternatives; "and" and "or" are left alone,
because they are as often part of one thing as between two.
"""

from __future__ import annotations

__all__ = ["PART", "Sentence", "parse_sentence", "read"]

import re
from pathlib import Path
from typing import NamedTuple

from eaa_graph.findings import Where, finding
from eaa_graph.model import Row
from eaa_graph.readers import RawSheet, Reader, Reading
from eaa_graph.readers.text_file import read_text

_BOX = re.compile(r"\s*(?:[-*+]|\d+[.)])?\s*(?:\[(?P<box>[ xX✓])\])?\s*(?:(?P<id>[\w.-]+)\s*:\s+)?(?P<rest>\S.*)")
_FORM = re.compile(r"if\s+(?P<c>.+?)[,;]?\s+then\s+(?P<o>.+?)[,;]?\s+because\s+(?P<m>.+?)\s*[.!]?\s*", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Sentence(NamedTuple):
    """One sentence taken apart; `confirmed` says whether a person put a cross before it."""

    id: str
    contexts: str
    outcomes: str
    mechanisms: str
    text: str
    confirmed: bool


def parse_sentence(line: str) -> Sentence | None:
    """Take one line apart; None if it is not of the form.

    Examples
    --------
    >>> parse_sentence("[x] E1: If mixed groups then alignment because dialogue.")
    Sentence(id='E1', contexts='mixed groups', outcomes='alignment', mechanisms='dialogue', text='If mixed groups then alignment because dialogue.', confirmed=True)
    """
    outer = _BOX.fullmatch(line)
    if not outer:
        return None
    form = _FORM.fullmatch(outer["rest"].strip())
    if not form:
        return None
    c, o, m = (_slot(form[k]) for k in "com")
    if not (c and o and m):
        return None
    return Sentence(outer["id"] or "", c, o, m, outer["rest"].strip(), (outer["box"] or " ") not in " ")


def _slot(text: str) -> str:
    alternatives = [" | ".join(" ".join(p.split()) for p in a.split("|") if p.strip()) for a in text.split(" / ")]
    return " / ".join(a for a in alternatives if a)


def read(path: Path) -> Reading:
    """Read confirmed sentences as configurations; the others are findings that show how they were understood.

    Raises
    ------
    UnreadableFile
        If it is no text file.
    """
    text, findings = read_text(path)
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        bare = _UNPRINTABLE.sub(" ", line)
        if not bare.strip() or bare.lstrip().startswith("#"):
            continue
        where = Where(path.name, row=number)
        sentence = parse_sentence(bare)
        if sentence is None:
            findings.append(
                finding(
                    "sentence-unread",
                    where,
                    f"not of the form 'If ... then ... because ...': {' '.join(bare.split())[:80]!r}",
                    "Write: If <contexts> then <outcomes> because <mechanisms>.",
                )
            )
            continue
        if not sentence.confirmed:
            findings.append(
                finding(
                    "needs-confirmation",
                    where,
                    f"understood as contexts: {sentence.contexts}; mechanisms: {sentence.mechanisms}; outcomes: {sentence.outcomes}",
                    "If that is what you mean, write [x] before the sentence; otherwise reword it.",
                )
            )
            continue
        rows.append(
            Row(
                where,
                {
                    "id": sentence.id or f"line-{number}",
                    "contexts": sentence.contexts,
                    "mechanisms": sentence.mechanisms,
                    "outcomes": sentence.outcomes,
                    "statement": sentence.text,
                },
            )
        )
    sheet = RawSheet(
        "configurations", Where(path.name), ("id", "contexts", "mechanisms", "outcomes", "statement"), tuple(rows)
    )
    return Reading(path.stem, (sheet,), {}, None, tuple(findings))


def _accepts(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        start = stream.read(65536).decode("utf-8", "replace")
    return any(parse_sentence(line) for line in start.splitlines())


PART = Reader(
    name="sentences",
    title="If-then-because sentences",
    description="A text with one sentence a line; [x] before a sentence makes it a configuration.",
    suffixes=(".txt", ".md"),
    accepts=_accepts,
    read=read,
)
