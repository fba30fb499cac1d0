"""What a report is written from: records, findings, the answers of measures, figures, and how they were asked."""

from __future__ import annotations

__all__ = ["Material", "Picture", "fingerprint"]

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from typing import NamedTuple

from eaa_graph.findings import Finding
from eaa_graph.model import Records
from eaa_graph.network import Incidence
from eaa_graph.settings import Settings
from eaa_graph.tables import Table
from eaa_graph.theory.evidence import Bearings, bearings
from eaa_graph.theory.versions import History, Version, history


class Picture(NamedTuple):
    """A figure with the table that it draws.

    Attributes
    ----------
    svg : str
        A whole SVG document that tells itself in words (``desc``).
    table : Table
    """

    svg: str
    table: Table

    @property
    def told(self) -> str:
        """The figure in words, as the chart made them from its data."""
        found = re.search(r"<desc[^>]*>(.*?)</desc>", self.svg, re.DOTALL)
        return " ".join(unescape(found[1]).split()) if found else self.table.title


@dataclass(frozen=True)
class Material:
    """Everything that goes into a report.

    Attributes
    ----------
    records : Records
    findings : tuple of Finding
        About the input and about how the theory is written down.
    incidence : Incidence
        All coders side by side.
    tables : mapping of str to Table
        Answers of questions and measures, by name.
    refused : mapping of str to str
        Questions and measures that could not stand behind an answer, with the reason.
    asked : mapping of str to mapping
        Parameters that were given to them, by name.
    pictures : mapping of str to Picture
        Figures by the name of the chart; differences by ``difference``, the earlier and the later version, with a space.
    settings : Settings
    references : mapping of str to str
        Formatted references by article.
    style : str
        What the references are formatted by.
    """

    records: Records
    findings: tuple[Finding, ...]
    incidence: Incidence
    tables: Mapping[str, Table]
    refused: Mapping[str, str]
    asked: Mapping[str, Mapping[str, str]]
    pictures: Mapping[str, Picture]
    settings: Settings
    references: Mapping[str, str] = field(default_factory=dict)
    style: str = ""

    @cached_property
    def past(self) -> History:
        """The history of the theory."""
        return history(self.records)

    @cached_property
    def told(self) -> History:
        """The history, and as a last version without an id the configurations that no version holds."""
        held = {c.id for version in self.past.versions for c in version.configurations}
        loose = tuple(c for c in self.records.configurations if c.id not in held)
        if not loose:
            return self.past
        apart = Version("", "in no version of the theory", configurations=loose)
        return History((*self.past.versions, apart), self.past.changes, self.past.labels, self.past.findings)

    @cached_property
    def bearings(self) -> Bearings:
        """The passages that bear on every configuration, also those that no version holds."""
        return bearings(self.incidence, self.told, self.settings.coder)

    @property
    def coder(self) -> str:
        """Whose extractions are counted: a coder's id, or ``all``."""
        chosen = self.settings.coder
        return (self.records.review.preferred_coder or "all") if chosen == "preferred" else chosen


def fingerprint(records: Records) -> str:
    """Return the SHA-256 of the records: equal reviews have equal fingerprints, whatever the order of rows."""
    return hashlib.sha256(records.ordered().model_dump_json().encode()).hexdigest()
