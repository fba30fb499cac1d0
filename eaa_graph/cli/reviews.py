"""Commands for a review as a whole: new, check, build, export."""

from __future__ import annotations

__all__ = ["build", "check", "export", "new"]

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eaa_graph.cli.shared import (
    built_review,
    echo_table,
    echo_text,
    fails,
    print_findings,
    review_path,
    settings_of,
    settings_options,
    stages,
    target,
)
from eaa_graph.tables import many

if TYPE_CHECKING:
    from eaa_graph.validate import Checked


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--workbook", is_flag=True, help="Write one Excel workbook instead of a folder of CSV files.")
@click.option("--title", default="", help="Title of the review.")
@click.option(
    "--heuristic", default="CMO", type=click.Choice(["CMO", "ICAMO", "SCMO", "CIMO"]), help="The slots your team uses."
)
def new(path: Path, workbook: bool, title: str, heuristic: str) -> None:
    """Start a review: empty sheets with explained columns and an example row.

    \b
    Examples:
      eaa-graph new my-review
      eaa-graph new my-review.xlsx --workbook --heuristic ICAMO
    """
    from eaa_graph.writers import template

    if workbook or path.suffix.lower() == ".xlsx":
        written = template.new_workbook(path, title=title or path.stem, heuristic=heuristic)
    else:
        written = template.new_folder(path, title=title or path.name, heuristic=heuristic)
    for one in written if isinstance(written, list) else [path]:
        click.echo(f"wrote {one}")
    click.echo(f"next: fill in articles and extractions, then: eaa-graph check {path}")


@click.command()
@target
@settings_options("fail_on")
@click.option(
    "--format", "form", default="text", type=click.Choice(["text", "json"]), help="How to print the findings."
)
def check(folder: Path | None, example: str | None, fail_on: str, form: str) -> None:
    """Say what is wrong or missing in a review, where, and what to do about it.

    \b
    Examples:
      eaa-graph check my-review
      eaa-graph check --example example_messy
    """
    from eaa_graph import pipeline, results

    checked = pipeline.check(review_path(folder, example))
    if form == "json":
        click.echo(results.findings_json(checked.findings), nl=False)
    else:
        print_findings(checked.findings)
        rows = checked.rows + checked.left_by_reader
        click.echo(
            f"{many(rows, 'row')} read, {checked.made:,} became {'a record' if checked.made == 1 else 'records'}, "
            f"{rows - checked.made:,} set aside; {many(len(checked.findings), 'finding')}"
        )
    if fails(checked.findings, fail_on):
        raise SystemExit(1)


@click.command()
@target
@click.option("--out", type=click.Path(path_type=Path), help="Where to write; FOLDER/build unless named.")
@click.option("--again", is_flag=True, help="Write everything anew even if nothing changed since the last build.")
@settings_options("store", "coder", "seed", "infer", "contents", "fail_on")
def build(folder: Path | None, example: str | None, out: Path | None, again: bool, fail_on: str, **chosen: Any) -> None:
    """Build everything: graph, tables, findings and a page to read.

    Where the folder holds an earlier build, changes.md there says what is different now.

    \b
    Examples:
      eaa-graph build my-review
      eaa-graph build --example eaa_pilot
    """
    from eaa_graph import large, results

    path = review_path(folder, example)
    target = out or results.default_folder(path, example)
    review = f"--example {example}" if example is not None else f'"{path}"' if " " in str(path) else str(path)
    with stages() as progress:
        from eaa_graph import pipeline

        settings = settings_of(fail_on=fail_on, **chosen)
        standing = False

        def stands(checked: Checked) -> bool:
            nonlocal standing
            standing = not again and results.stands(checked, settings, target)
            # A large graph is written straight from the records; a store would only take memory.
            straight = settings.store == "memory" and settings.infer != "full"
            return standing or (straight and large.is_large(checked.records, settings))

        built = pipeline.build(path, settings, progress, stands)
        if standing:
            progress("write", f"nothing changed: {target} holds what would be written again")
        else:
            results.write(built, target, progress)
    for part in results.summary(built, target, review, brief=standing):
        if isinstance(part, str):
            echo_text(part)
        else:
            echo_table(part)
    if fails(built.findings, fail_on):
        raise SystemExit(1)


#: Said in the help without importing every writer; a test compares it with the writers there are.
_FORMATS = (
    "RDF: trig, ttl, nt, nq, rdfxml, jsonld. Sheets: csv, xlsx, datapackage. Coding software: qdpx, qdc. "
    "Tables: matrix, tidy. References: ris, bibtex, csl-json. Networks: graphml, gexf, kumu. Columns: parquet."
)


@click.command()
@target
@click.option("--format", "form", required=True, help=_FORMATS)
@click.option(
    "--out", type=click.Path(path_type=Path), help="File or folder to write; RDF goes to the screen unless named."
)
@settings_options("infer")
def export(folder: Path | None, example: str | None, form: str, out: Path | None, infer: str) -> None:
    """Take a review out: as linked data, or as a folder of CSV files or a workbook.

    \b
    Examples:
      eaa-graph export --example eaa_pilot --format trig --out pilot.trig
      eaa-graph export my-review --format xlsx --out my-review.xlsx
      eaa-graph export my-review --format parquet --out my-columns
    """
    from eaa_graph import results

    built = built_review(folder, example, settings_of(infer=infer))
    for path in results.export(built, form, out):
        click.echo(f"wrote {path}", err=True)
