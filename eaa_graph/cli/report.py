"""The command that writes a review's report."""

from __future__ import annotations

__all__ = ["report"]

from pathlib import Path
from typing import Any

import click

from eaa_graph.cli.shared import (
    built_review,
    far_away,
    review_option,
    review_path,
    settings_of,
    settings_options,
    target,
)
from eaa_graph.errors import BadSettings


@click.command()
@target
@click.option(
    "--format",
    "form",
    default="docx",
    show_default=True,
    type=click.Choice(["docx", "html", "md"]),
    help="Word, one web page, or Markdown.",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write; FOLDER/report.docx unless named.")
@click.option(
    "--standard",
    default="synthesis",
    show_default=True,
    type=click.Choice(["synthesis", "evaluation"]),
    help="Checklist: RAMESES for a realist synthesis, RAMESES II for a realist evaluation.",
)
@click.option("--style", type=click.Path(path_type=Path), help="Citation style of the references, a CSL file.")
@review_option
@settings_options("store", "coder", "seed")
def report(
    folder: Path | None,
    example: str | None,
    form: str,
    out: Path | None,
    standard: str,
    style: Path | None,
    review: str,
    **chosen: Any,
) -> None:
    """Write the report: results from the data, and prompts for what only people can write.

    It holds the characteristics of the articles, the document flow, where mechanisms were seen, the theory and its
    history, each configuration with the articles for and against it, gaps, agreement, appraisal and the RAMESES
    checklist.

    \b
    Examples:
      eaa-graph report --example eaa_pilot --out pilot.docx
      eaa-graph report my-review --format html
      eaa-graph report my-review --standard evaluation --style vancouver.csl
    """
    from eaa_graph import pipeline, reporting
    from eaa_graph.writers.tables import tables_xlsx

    far = far_away(chosen["store"], folder, example, review)
    if far and folder is not None:
        raise BadSettings(f"this is one word too many: {str(folder)!r}")
    path = Path() if far else review_path(folder, example)
    if out is None:
        if example is not None:
            out = Path(f"{example}-report.{form}")
        else:
            out = path / f"report.{form}" if path.is_dir() else path.with_name(f"{path.stem}-report.{form}")
    elif out.is_dir():
        out = out / f"report.{form}"
    elif out.suffix.casefold() != f".{form}":
        raise BadSettings(f"--out {out} does not end in .{form}; name the format with --format, too")
    settings = settings_of(infer="none", **chosen)
    built = pipeline.stored(settings, review) if far else built_review(folder, example, settings)
    written = reporting.write(built, out.parent, name=out.stem, formats=(form,), standard=standard, style=style)
    workbook = tables_xlsx(written.tables, out.with_name(f"{out.stem}-tables.xlsx"))
    for one in (*written.files, workbook):
        click.echo(f"wrote {one}")
