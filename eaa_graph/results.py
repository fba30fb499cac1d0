"""What a build leaves behind: graph, tables, figures, findings, a page, and a few lines to read.

The folder is made beside its place and then moved there in one step, so that a
build that is cut off leaves the earlier results as they were.
"""

from __future__ import annotations

__all__ = [
    "TABLES",
    "default_folder",
    "export",
    "findings_json",
    "qca",
    "site_material",
    "stands",
    "summary",
    "write",
    "write_drawing",
    "write_table",
]

import contextlib
import hashlib
import inspect
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eaa_graph import large, living, pipeline, registry, reporting
from eaa_graph.errors import BadQuery, BadSettings, Refused, UnknownName
from eaa_graph.findings import rows_aside
from eaa_graph.store import FORMATS
from eaa_graph.tables import Table, many
from eaa_graph.vocabulary import ONTOLOGY
from eaa_graph.writers.whole import whole_folder, write_whole

if TYPE_CHECKING:
    from eaa_graph import site
    from eaa_graph.findings import Finding
    from eaa_graph.pipeline import Built
    from eaa_graph.settings import Settings
    from eaa_graph.validate import Checked

#: The questions whose answers a build writes down, in the order of the page.
TABLES = (
    "articles-by-mechanism-and-theme",
    "configurations-supported",
    "challenging-evidence",
    "mechanisms-together-in-extraction",
    "mechanisms-by-context",
    "outcomes-by-mechanism",
    "empty-cells",
    "expected-elsewhere",
    "configurations-without-evidence",
    "concepts-never-used",
    "dyads",
    "theory-versions",
    "what-changed",
    "document-flow",
    "reported-figures",
)


def default_folder(path: Path, example: str | None) -> Path:
    """Return where the results of a review go: `build` in its folder, or beside its workbook.

    A shipped example may lie where nobody can write, so its results go to the current folder.
    """
    if example is not None:
        return Path(f"{example}-build")
    if path.is_dir():
        return path / "build"
    return path.with_name(f"{path.stem}-build")


def findings_json(findings: tuple[Finding, ...]) -> str:
    """Return findings as JSON, one object each, in the order of the input."""
    entries = [
        {
            "rule": f.rule,
            "severity": f.severity,
            "where": str(f.where),
            **{name: value for name, value in f.where._asdict().items() if value},
            "message": f.message,
            "fix": f.fix,
            "row_set_aside": f.sets_row_aside,
        }
        for f in findings
    ]
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


def answers(built: Built) -> dict[str, Table]:
    """Return the answers to :data:`TABLES` that have rows; a refusal leaves its question out."""
    found: dict[str, Table] = {}
    for name in TABLES:
        try:
            table = pipeline.answer(built, name)
        except Refused:
            continue
        if table.rows:
            found[name] = table
    return found


def write(built: Built, target: Path, progress: pipeline.Progress = pipeline.silent) -> list[Path]:
    """Write all results of `built` into the folder `target`, replacing an earlier build as a whole.

    Parameters
    ----------
    built : Built
    target : Path
    progress : callable, optional
        Called as ``progress(stage, "")`` when a stage begins and with a result when it ends.

    Returns
    -------
    list of Path
        The files written.
    """
    with whole_folder(target, lambda: _spare_the_work_of_people(target)) as beside:
        if large.is_large(built.records, built.settings):
            _counts(built, beside)
        else:
            _everything(built, beside, target, progress)
        progress("write", "")
    written = sorted(p for p in target.rglob("*") if p.is_file())
    progress("write", f"{many(len(written), 'file')} in {target}")
    return written


def _counts(built: Built, beside: Path) -> None:
    """Write what the build of a very large review leaves behind."""
    large.write(built, beside)
    _text(beside / "findings.json", findings_json(built.findings))
    manifest = {"origin": living.origin(built.checked, built.settings), "files": _digests(beside)}
    _text(beside / living.MANIFEST, json.dumps(manifest, indent=1) + "\n")


def _everything(built: Built, beside: Path, target: Path, progress: pipeline.Progress) -> None:
    """Write graph, tables, figures, report and site into `beside`, and what changed since the build in `target`."""
    from eaa_graph import site
    from eaa_graph.site.names import safe_name
    from eaa_graph.writers import tables as table_files

    painted = living.Earlier(target).painted()
    progress("answer", "")
    asked = answers(built)
    progress("answer", many(len(asked), "question"))
    progress("report", "")
    told = {t.name: t for t in reporting.write(built, beside, painted=painted).tables}
    (beside / "tables").mkdir()
    # Where page and report ask the same, the report's answer is of the coder chosen.
    every = {**{t.name: t for t in asked.values()}, **told}
    texts = {name: table_files.table_csv(table) for name, table in every.items()}
    for name, text in texts.items():
        # The names of some hold ids of theory versions, which can be any text.
        _text(beside / "tables" / f"{safe_name(name)}.csv", text)
    table_files.tables_xlsx(list(every.values()), beside / "tables.xlsx")
    progress(
        "report",
        f"{len(every)} tables, report as Word file, page and text"
        if (beside / "report.docx").exists()
        else f"{len(every)} tables, report as page and text",
    )
    progress("draw", "")
    figures = _figures(built, beside / "figures")
    graphs = [g for g in built.store.graphs() if g != ONTOLOGY]
    (beside / "graph.trig").write_bytes(built.store.dump("trig", graphs))
    _text(beside / "findings.json", findings_json(built.findings))
    for name, map_ in _maps(built).items():
        (beside / "maps").mkdir(exist_ok=True)
        _text(beside / "maps" / f"{name}.html", map_)
    maps = sum(1 for _ in (beside / "maps").glob("*"))
    progress("draw", f"{many(len(figures), 'figure')}, {many(maps, 'map')}")
    progress("site", "")
    now = living.seen(built)
    compared = {name: table for name, table in every.items() if name in pipeline.answerable() or name in _COMPARED}
    since = living.compare(target, now, compared, texts)
    pages = 0
    for path, text in site.files(replace(site_material(built, asked, figures, beside), since=since)):
        page = beside / path
        page.parent.mkdir(exist_ok=True)
        _text(page, text)
        pages += page.suffix == ".html"
    progress("site", many(pages, "page"))
    _text(beside / living.SEEN, json.dumps(now, ensure_ascii=False, separators=(",", ":")) + "\n")
    _notes(since, built.records.review.title, target, beside)
    manifest = {
        "origin": living.origin(built.checked, built.settings),
        "painted": {figure: living.digest(image) for figure, image in sorted(painted.used.items())},
        "files": _digests(beside),
    }
    _text(beside / living.MANIFEST, json.dumps(manifest, indent=1) + "\n")


#: Answers in the report under a name of its own, compared with the build before like all others.
_COMPARED = ("occurrence-of-contexts", "occurrence-of-outcomes")


def _notes(since: living.Since | None, title: str, target: Path, beside: Path) -> None:
    """Write what changed since the build in `target`; where nothing did, what that build had to tell stays."""
    if since is not None and not since.lines:
        for name in living.NOTES:
            if (target / name).is_file():
                shutil.copyfile(target / name, beside / name)
    elif since is not None:
        _text(beside / "changes.json", living.note_json(since))
        _text(beside / "changes.md", living.note_markdown(since, title))


def stands(checked: Checked, settings: Settings, target: Path) -> bool:
    """Return whether `target` holds, untouched, what a build of these records would write again.

    Parameters
    ----------
    checked : Checked
    settings : Settings
        A graph on disk is always made anew: what lies there is not looked into.
    target : Path
    """
    if settings.store not in ("memory", "rdflib") or not (target / living.MANIFEST).is_file():
        return False
    earlier = living.Earlier(target)
    if not earlier.is_of(living.origin(checked, settings)):
        return False
    found = _digests(target)
    found.pop(living.MANIFEST, None)
    return found == earlier.manifest.get("files")


#: Figures called otherwise in the folder than on the command line.
_FIGURE_NAMES = {"heatmap": "mechanism-by-theme"}


def _figures(built: Built, folder: Path) -> dict[str, str]:
    """Draw every chart that has something to show into `folder`, each with its numbers, and say why others are missing."""
    from eaa_graph.writers import tables as table_files

    folder.mkdir()
    found: dict[str, str] = {}
    missing: list[str] = []
    for chart in pipeline.drawable():
        try:
            drawing = pipeline.draw(built, chart)
        except Refused as refusal:
            missing.append(f"{chart}: {refusal}")
            continue
        name = _FIGURE_NAMES.get(chart, chart)
        found[name] = drawing.svg
        _text(folder / f"{name}.svg", drawing.svg)
        for number, table in enumerate(drawing.tables):
            beside = f"{name}-{table.name}" if number else name
            _text(folder / f"{beside}.csv", table_files.table_csv(table))
    if missing:
        _text(folder / "not-drawn.txt", "\n".join(missing) + "\n")
    return found


def _maps(built: Built) -> dict[str, str]:
    """Return the stand-alone interactive maps that can be drawn."""
    from eaa_graph.charts import interactive_map

    found: dict[str, str] = {}
    with contextlib.suppress(Refused):
        found["theory"] = interactive_map.theory_map(pipeline.incidence(built))
    with contextlib.suppress(Refused):
        found["co-occurrence"] = interactive_map.cooccurrence_map(pipeline.answer(built, "cooccurrence"))
    return found


#: Questions that list every coding: their answers are the pages of articles and configurations.
_LOOKUPS = {
    "evidence-for-a-configuration": "The pages of the configurations answer it.",
    "extractions-behind": "The pages of articles and concepts answer it, and every number that leads to its passages.",
    "gap-register": "The page Gaps answers it.",
    "what-an-article-says": "The pages of the articles answer it.",
}
#: Above so many extractions only the answers that the site's own pages show are worked out.
_ANSWER_ALL_UP_TO = 5_000
#: Above so many extractions the graph is certainly too large for the page that answers SPARQL in the browser.
_MOST_IN_A_PAGE = 40_000
_SHOWN = (
    *TABLES,
    "agreement",
    "communities",
    "cooccurrence",
    "disagreements",
    "gaps-over-versions",
    "set-agreement",
    "support",
    "theory-pairs",
    "who-coded-what",
)
_ABOUT = {
    ".csv": "the table, for a spreadsheet or for R",
    ".json": "findings about the input, for programs",
    ".svg": "figure, for print; its text stays text",
    ".png": "figure, for slides",
    ".pdf": "figure, for print",
    ".trig": "the whole graph with its provenance, as RDF",
    ".xlsx": "all tables in one workbook",
    ".html": "the report, to read in a browser",
    ".docx": "the report, for Word",
    ".md": "the report, as plain text with marks",
    ".txt": "figures that were not drawn, and why",
}


def _long_tables(tables: Mapping[str, Table], folder: Path) -> None:
    """Write every answer that is too long for its page, unless it is there already."""
    from eaa_graph.site.grouping import LONG
    from eaa_graph.writers import tables as table_files

    for name, table in tables.items():
        if len(table) > LONG and not (folder / f"{name}.csv").exists():
            folder.mkdir(exist_ok=True)
            _text(folder / f"{name}.csv", table_files.table_csv(table))


def site_material(
    built: Built, asked: Mapping[str, Table], figures: Mapping[str, str], folder: Path | None
) -> site.Material:
    """Return what the site tells: answers, figures, and the files written so far into `folder` (None: none)."""
    from eaa_graph import site

    tables, questions = dict(asked), []

    def file(path: Path, about: str) -> site.File:
        return site.File(path.relative_to(folder or path).as_posix(), path.stat().st_size, about)

    small = len(built.records.extractions) <= _ANSWER_ALL_UP_TO
    queryable = len(built.records.extractions) <= _MOST_IN_A_PAGE
    for name, known in pipeline.answerable().items():
        why = _LOOKUPS.get(name, "")
        if name not in tables and not why:
            if small or name in _SHOWN:
                try:
                    tables[name] = pipeline.answer(built, name)
                except (Refused, BadQuery, UnknownName) as reason:
                    why = f"There is no answer here: {reason}."
            else:
                why = "It was not asked when this site was made: the review is large. Ask it on the command line."
        questions.append(site.Asked(name, known.title, known.description, known.parameters, known.kind, why))
    if folder is not None:
        _long_tables(tables, folder / "tables")
    written = sorted(p for p in folder.rglob("*") if p.is_file()) if folder is not None else []
    return site.Material(
        records=built.records,
        columns=built.columns,
        coder=built.settings.coder,
        findings=built.findings,
        tables=tables,
        questions=tuple(questions),
        figures={
            name: site.Picture(name, svg, path if any(p.as_posix().endswith(path) for p in written) else "")
            for name, svg in figures.items()
            for path in (f"figures/{name}.svg",)
        },
        files=tuple(file(p, _ABOUT.get(p.suffix, "")) for p in written if p.parent.name != "maps"),
        maps=tuple(file(p, f"{p.stem} map") for p in written if p.parent.name == "maps"),
        store=built.store if queryable else None,
        names=built.names if queryable else None,
    )


#: Files that systems leave in every folder.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digests(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): _digest(p)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name not in _LITTER
    }


def _spare_the_work_of_people(target: Path) -> None:
    """Refuse to replace a folder that holds what no build wrote, or what was changed since (a report filled in).

    Raises
    ------
    BadSettings
        With the names of the first such files.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise BadSettings(f"{target} is a file; name a folder with --out")
    found = _digests(target)
    found.pop(living.MANIFEST, None)
    try:
        written = json.loads((target / living.MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        written = {}
    foreign = [name for name in found if name not in written]
    changed = [name for name, digest in found.items() if name in written and written[name] != digest]
    for names, what in ((foreign, "holds files that no build wrote"), (changed, "holds files changed since the build")):
        if names:
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise BadSettings(f"{target} {what}: {shown}; move them elsewhere, or name another folder with --out")


def _text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")


def write_table(table: Table, out: Path) -> Path:
    """Write one answer to a file whose suffix says how: .csv, .json, .md, .txt or .xlsx.

    Raises
    ------
    UnknownName
        If the suffix is none of these.
    """
    from eaa_graph.writers import tables as table_files

    forms = {
        ".csv": table_files.table_csv,
        ".json": table_files.table_json,
        ".md": table_files.table_markdown,
        ".txt": table_files.table_text,
    }
    suffix = out.suffix.casefold()
    if suffix == ".xlsx":
        return table_files.tables_xlsx([table], out)
    if suffix not in forms:
        raise UnknownName("kind of file", suffix or out.name, (*forms, ".xlsx"))
    return write_whole(out, forms[suffix](table))


def write_drawing(svg: str, tables: Sequence[Table], out: Path, form: str) -> list[Path]:
    """Write a figure as `form` to `out`, and the tables of its numbers beside it as CSV; return the files.

    Raises
    ------
    UnknownName
        If figures are not written so.
    MissingExtra
        If what makes PNG and PDF is not installed; nothing is written then.
    """
    from eaa_graph.writers import tables as table_files
    from eaa_graph.writers.pictures import picture

    content = picture(svg, form)  # before any file is made
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, content)
    written = [out]
    for number, table in enumerate(tables):
        beside = out.with_suffix(".csv") if not number else out.with_name(f"{out.stem}-{table.name}.csv")
        write_whole(beside, table_files.table_csv(table).encode())
        written.append(beside)
    return written


def qca(built: Built, question: str, given: Mapping[str, str], out: Path) -> list[Path]:
    """Write a truth table for R: a script for the packages QCA and cna, and the cases it reads beside it.

    Raises
    ------
    BadSettings
        If the question is not about a truth table.
    """
    from eaa_graph.measures import configurational

    if question not in ("truth-table", "minimisation", "truth-table-cases"):
        raise BadSettings(f"an R script can be had of truth-table or minimisation, not of {question}")
    part = registry.find("measures", question)
    chosen = dict(given)
    columns = pipeline.incidence(built, chosen.pop("coder", ""))
    arguments = registry.arguments(part.parameters, chosen)
    wanted = inspect.signature(configurational.cases_of).parameters
    cases = configurational.cases_of(columns, **{k: v for k, v in arguments.items() if k in wanted})
    limits = {k: v for k, v in arguments.items() if k in ("minimum", "consistency")}
    data = out.with_suffix(".csv")
    script = configurational.r_script(cases, data.name, **limits)
    return [write_whole(data, configurational.cases_csv(cases)), write_whole(out, script)]


def export(built: Built, form: str, out: Path | None) -> list[Path]:
    """Write a review in a format: RDF to a file (or the screen), or its sheets as CSV folder or workbook.

    Raises
    ------
    UnknownName
        If `form` is none we can write.
    BadSettings
        If a format that needs a place got none.
    """
    if form in FORMATS:
        graphs = [g for g in built.store.graphs() if g != ONTOLOGY]
        content = built.store.dump(form, graphs)
        if out is None:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return []
        write_whole(out, content)
        return [out]
    writers = registry.parts("writers")
    if form not in (*writers, "parquet"):
        raise UnknownName("format", form, (*FORMATS, *writers, "parquet"))
    if out is None:
        raise BadSettings(f"name where to write with --out: {form} is not for the screen")
    if form == "parquet":  # columns, which stand above records
        from eaa_graph.corpus.columns import write_columns

        return write_columns(built.records, built.columns, out)
    written: list[Path] = writers[form].write(built.records, out)
    return written


# --- the lines a build ends with --------------------------------------------------------------


def summary(built: Built, target: Path, review: str, *, brief: bool = False) -> Iterator[str | Table]:
    """Yield what was read, what stands out (as tables), what is different, what needs attention and what to do next.

    Parameters
    ----------
    built : Built
    target : Path
        Where the results are.
    review : str
        How the review is named on the command line.
    brief : bool
        Leave out what stands out: the results are those of before.
    """
    records = built.records
    coders = Counter(e.coder or "not named" for e in records.extractions)
    yield ""
    yield records.review.title
    yield f"  read       {_count(records.articles, 'article')}, {_count(records.concepts, 'concept')}, {_count(records.extractions, 'extraction')}, {_count(records.configurations, 'configuration')} in {_count(records.theories, 'theory version')}"
    if coders:
        yield f"  coded by   {', '.join(f'{name} ({n})' for name, n in sorted(coders.items()))}"
        yield f"  counted    {_whose(built)}"
    aside = rows_aside(built.findings)
    severities = Counter(f.severity for f in built.findings)
    told = ", ".join(many(severities[s], s) for s in ("error", "warning", "note") if severities[s]) or "none"
    yield f"  kept out   {many(aside, 'row')} set aside; findings: {told}"
    if not brief:
        yield from _short(built, review)
    changed = living.Earlier(target).note
    if changed:
        yield ""
        yield "when something last changed:" if brief else "since the last build:"
        yield from (f"  {line}" for line in changed)
        yield f"  all of it: {target / 'changes.md'}"
    yield ""
    yield "next:"
    yield f"  open {target / 'index.html'}"
    if large.is_large(built.records, built.settings):
        yield f"  eaa-graph ask {target / 'columns'} occurrence    count with DuckDB or Spark (docs/scale.md)"
    elif (target / "report.docx").exists():
        yield f"  fill in the prompts of {target / 'report.docx'}"
    else:
        yield '  pip install "eaa-graph[report]"    for the report as a Word file; it is there as report.html and report.md'
    if severities["error"] or severities["warning"]:
        yield f"  eaa-graph check {review}    what is wrong, where, and what to do"
    yield "  eaa-graph ask --list    every question that can be asked"


def _short(built: Built, review: str) -> Iterator[str | Table]:
    if large.is_large(built.records, built.settings):
        yield from large.short(built)
        return
    for name, most in (
        ("articles-by-mechanism-and-theme", 0),
        ("configurations-supported", 20),
        ("expected-elsewhere", 20),
    ):
        try:
            table = pipeline.answer(built, name)
        except (Refused, UnknownName):
            continue
        if not table.rows:
            continue
        yield ""
        if most == 0:
            from eaa_graph.charts import heatmap

            table = heatmap.wide(table)
        yield table.head(most) if most else table
        if most and len(table) > most:
            yield f"The first {most} of {len(table)} rows; all of them: eaa-graph ask {review} {name}"


def _whose(built: Built) -> str:
    chosen = built.settings.coder
    if chosen == "preferred":
        chosen = built.records.review.preferred_coder or "all"
    mine = [e for e in built.records.extractions if chosen in ("all", e.coder)]
    return f"{many(len(mine), 'extraction')} of {many(len({e.article for e in mine}), 'article')} by {'all coders side by side' if chosen == 'all' else chosen}"


def _count(things: tuple[object, ...], name: str) -> str:
    return many(len(things), name)
