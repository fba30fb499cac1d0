"""The report of a built review: ask what it needs, write it down, say what could not be written and why."""

from __future__ import annotations

__all__ = ["ASKED", "FORMATS", "Written", "gather", "write"]

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from eaa_graph import pipeline, registry
from eaa_graph.errors import BadSettings, MissingExtra, Refused, UnknownName

if TYPE_CHECKING:
    from eaa_graph.living import Painted
    from eaa_graph.pipeline import Built
    from eaa_graph.report.document import Document
    from eaa_graph.report.material import Material, Picture
    from eaa_graph.tables import Table

FORMATS = ("docx", "html", "md")

#: What a report asks, in the order of asking: its name in the report, the question or measure, its parameters.
ASKED: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("agreement", "agreement", {}),
    ("set-agreement", "set-agreement", {}),
    ("flow-steps", "flow-steps", {}),
    ("themes-reported", "themes-reported", {}),
    ("articles-by-mechanism-and-theme", "articles-by-mechanism-and-theme", {}),
    ("occurrence", "occurrence", {"by": "none"}),
    ("occurrence-of-contexts", "occurrence", {"by": "none", "role": "context"}),
    ("occurrence-of-outcomes", "occurrence", {"by": "none", "role": "outcome"}),
    ("support", "support", {}),
    ("challenging-evidence", "challenging-evidence", {}),
    ("contradictions", "contradictions", {}),
    ("expectations", "expectations", {}),
    ("expected-elsewhere", "expected-elsewhere", {}),
    ("gap-register", "gap-register", {}),
    ("gaps-over-versions", "gaps-over-versions", {}),
    ("empty-cells", "empty-cells", {}),
    ("unseen", "unseen", {}),
    ("robustness", "robustness", {}),
    ("reported-figures", "reported-figures", {}),
)


class Written(NamedTuple):
    """What became of a report.

    Attributes
    ----------
    files : tuple of Path
    missing : tuple of str
        What could not be written, with what to do about it.
    tables : tuple of Table
        Every table that the report shows or takes a number from, whole.
    """

    files: tuple[Path, ...]
    missing: tuple[str, ...]
    tables: tuple[Table, ...]


def gather(built: Built, style: Path | None = None) -> Material:
    """Ask a review everything that its report tells.

    Parameters
    ----------
    built : Built
    style : Path, optional
        Citation style (CSL) of the references.

    Returns
    -------
    Material
        What gave no answer is listed with its reason; nothing is left out without a word.
    """
    from eaa_graph.charts import heatmap
    from eaa_graph.report.material import Material
    from eaa_graph.report.references import STYLE, references

    tables: dict[str, Table] = {}
    refused: dict[str, str] = {}
    asked: dict[str, dict[str, str]] = {}
    for name, question, fixed in ASKED:
        try:
            tables[name], asked[name] = _answer(built, question, fixed, name)
        except (Refused, UnknownName) as reason:
            refused[name] = str(reason)
    long = tables.get("articles-by-mechanism-and-theme")
    if long is not None and long.rows:
        tables["mechanism-by-theme"] = replace(heatmap.wide(long), name="mechanism-by-theme")
    pictures: dict[str, Picture] = {}
    for name, chart, given in _figures(built):
        try:
            pictures[name] = _drawn(built, chart, given, f"figure-{name}".replace(" ", "-"))
        except (Refused, UnknownName) as reason:
            refused[f"figure {name}"] = str(reason)
    return Material(
        records=built.records,
        findings=built.findings,
        incidence=built.columns,
        tables=tables,
        refused=refused,
        asked=asked,
        pictures=pictures,
        settings=built.settings,
        references=references(built.records, style),
        style=f"the citation style {style.name}" if style else STYLE,
    )


#: At most so many steps of the theory are drawn, the latest ones; all are told in words.
_MOST_STEPS = 6


def _answer(built: Built, question: str, fixed: Mapping[str, str], name: str) -> tuple[Table, dict[str, str]]:
    """Answer a question as the settings say, under the name that it has in the report; return how it was asked, too."""
    given = dict(fixed)
    known = {parameter for parameter, _, _ in pipeline.parameters_of(question)}
    for setting in ("coder", "seed"):
        if setting in known:
            given[setting] = str(getattr(built.settings, setting))
    return replace(pipeline.answer(built, question, given), name=name), given


def _figures(built: Built) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Yield every figure that a report would show: its name, its chart, and what its question is asked."""
    from eaa_graph.theory.difference import diff
    from eaa_graph.theory.versions import history

    if built.records.flow:
        yield "flow", "flow", {}
    if built.records.extractions:
        yield from ((chart, chart, {}) for chart in ("heatmap", "gapmap", "saturation"))
    past = history(built.records)
    if any(v.configurations for v in past.versions):
        yield "lanes", "lanes", {}
    steps = [(earlier, later) for later in past.versions for earlier in past.parents(later.id)]
    for earlier, later in [(a, b) for a, b in steps if diff(a, b, past).changes][-_MOST_STEPS:]:
        yield f"difference {earlier.id} {later.id}", "difference", {"before": earlier.id, "after": later.id}


def _drawn(built: Built, chart: str, given: Mapping[str, str], name: str) -> Picture:
    from eaa_graph.report.material import Picture

    part = registry.find("charts", chart)
    first, *also = [
        _answer(built, question, {**dict(part.given), **given}, name if place == 0 else f"{name}-{place}")[0]
        for place, question in enumerate((part.table, *part.also))
    ]
    return Picture(part.function(first, *also, prefix=name), first)


def write(
    built: Built,
    folder: Path,
    *,
    name: str = "report",
    formats: tuple[str, ...] = FORMATS,
    standard: str = "synthesis",
    style: Path | None = None,
    painted: Painted | None = None,
) -> Written:
    """Write the report of a review into a folder.

    Parameters
    ----------
    built : Built
    folder : Path
        Is made if it is not there.
    name : str
        Of the files, without their endings.
    formats : tuple of str
        Any of :data:`FORMATS`.
    standard : str
        ``synthesis`` (RAMESES) or ``evaluation`` (RAMESES II).
    style : Path, optional
        Citation style (CSL) of the references.
    painted : Painted, optional
        Images of figures that an earlier build painted.

    Returns
    -------
    Written

    Raises
    ------
    MissingExtra
        If the one format asked for needs an optional part that is not installed.
    """
    from eaa_graph.report.sections import compose

    for form in formats:
        if form not in FORMATS:
            raise UnknownName("report format", form, FORMATS)
    document = compose(gather(built, style), standard)
    if folder.exists() and not folder.is_dir():
        raise BadSettings(f"{folder} is a file; name a folder to write into")
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    missing: list[str] = []
    for form in formats:
        try:
            written += _one(document, folder, name, form, painted)
        except MissingExtra as reason:
            if len(formats) == 1:
                raise
            missing.append(str(reason))
    return Written(tuple(written), tuple(missing), tuple(document.tables.values()))


def _one(document: Document, folder: Path, name: str, form: str, painted: Painted | None) -> list[Path]:
    path = folder / f"{name}.{form}"
    if form == "docx":
        from eaa_graph.report.word import word

        content = word(document, painted)
        path.write_bytes(content)
        return [path]
    if form == "html":
        from eaa_graph.report.web import html

        path.write_text(html(document), "utf-8", newline="\n")
        return [path]
    from eaa_graph.report.document import FigureBlock
    from eaa_graph.report.markdown import markdown

    figures = {block.name: block.svg for block in document.blocks if isinstance(block, FigureBlock)}
    beside = f"{name}-figures"
    written = [path]
    path.write_text(markdown(document, {figure: f"{beside}/{figure}.svg" for figure in figures}), "utf-8", newline="\n")
    for figure, svg in figures.items():
        (folder / beside).mkdir(exist_ok=True)
        drawn = folder / beside / f"{figure}.svg"
        drawn.write_text(svg, "utf-8", newline="\n")
        written.append(drawn)
    return written
