"""The pages that people read: made by Jinja2 from records, findings and tables, every text escaped."""

from __future__ import annotations

__all__ = ["page"]

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from eaa_graph import __version__
from eaa_graph.findings import RULES, SEVERITIES, Finding
from eaa_graph.model import Records
from eaa_graph.tables import Cell, Table, Thing
from eaa_graph.theory.sentences import arrow, sentence

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("eaa_graph.site"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = _cell
    environment.filters["numeric"] = lambda cell: isinstance(cell, int | float) and not isinstance(cell, bool)
    return environment


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.3g}"
    if isinstance(cell, Thing):
        return cell.label
    if isinstance(cell, tuple):
        return ", ".join(str(thing) for thing in cell)
    return str(cell)


def page(
    records: Records, findings: tuple[Finding, ...], tables: Mapping[str, Table], figures: Mapping[str, str]
) -> str:
    """Return one HTML page that tells a review in short.

    Parameters
    ----------
    records : Records
    findings : tuple of Finding
    tables : mapping of str to Table
        Answers by name, in the order of the page.
    figures : mapping of str to str
        SVG documents by name.
    """
    concepts = {c.id: c for c in records.concepts}
    labels = {i: c.label for i, c in concepts.items()}
    told = [
        {
            "configuration": c,
            "sentence": sentence(c, labels),
            "arrow": arrow(c, labels),
            "versions": [t for t in records.theories if c.id in t.configurations],
        }
        for c in records.configurations
    ]
    rank = {severity: place for place, severity in enumerate(reversed(SEVERITIES))}
    by_rule: dict[str, list[Finding]] = {}
    for found in sorted(findings, key=lambda f: (rank[f.severity], f.rule)):
        by_rule.setdefault(found.rule, []).append(found)
    return (
        _environment()
        .get_template("page.html")
        .render(
            records=records,
            review=records.review,
            coders=sorted(Counter(e.coder or "not named" for e in records.extractions).items()),
            quotes=sum(1 for e in records.extractions if e.quote),
            aside=[f for f in findings if f.sets_row_aside],
            findings=by_rule,
            rules=RULES,
            tables=tables,
            figures=figures,
            told=told,
            version=__version__,
        )
    )
