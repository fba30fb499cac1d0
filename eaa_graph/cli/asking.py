"""Commands that ask: named questions in plain words, and SPARQL."""

from __future__ import annotations

__all__ = ["ask", "dossier", "query"]

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eaa_graph.cli.shared import (
    built_review,
    echo_entry,
    echo_table,
    far_away,
    given_parameters,
    review_option,
    review_path,
    settings_of,
    settings_options,
    target,
)
from eaa_graph.errors import BadSettings, UnreadableFile

if TYPE_CHECKING:
    from eaa_graph.pipeline import Built
    from eaa_graph.tables import Table


@click.command()
@target
@click.argument("question", required=False)
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--list", "listing", is_flag=True, help="List the questions that can be asked.")
@click.option(
    "--why",
    metavar="ROW[:COLUMN]",
    help="Show the extractions behind a row of the answer (rows count from 1); COLUMN left out: the first with numbers.",
)
@click.option(
    "--format",
    "form",
    default="table",
    type=click.Choice(["table", "csv", "json", "md"]),
    help="How to print the answer.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the answer to a file instead: .csv, .json, .md, .txt or .xlsx; truth-table also .R with its CSV.",
)
@review_option
@settings_options("store", "coder", "engine", "spark_master")
def ask(
    folder: Path | None,
    example: str | None,
    question: str | None,
    parameters: tuple[str, ...],
    listing: bool,
    why: str | None,
    form: str,
    out: Path | None,
    review: str,
    **chosen: Any,
) -> None:
    """Ask a review a question in plain words.

    \b
    Examples:
      eaa-graph ask --list
      eaa-graph ask --example eaa_pilot articles-by-mechanism-and-theme
      eaa-graph ask --example eaa_pilot mechanisms-by-context context=creative-methods --format md
      eaa-graph ask --example eaa_pilot configurations-supported --why 2
      eaa-graph ask --example eaa_pilot truth-table --out truth.R
      eaa-graph ask --example eaa_pilot cooccurrence null=bicm --engine duckdb
      eaa-graph ask --store https://example.org/sparql --review eaa-pilot dyads
    """
    from eaa_graph import pipeline, results

    far = not listing and far_away(chosen["store"], folder, example, review)
    if (example is not None or far) and folder is not None:  # without a folder the question comes first
        parameters = (question, *parameters) if question else parameters
        question, folder = str(folder), None
    if listing:
        # A review named all the same is no word to look for: every review can be asked the same.
        _list_questions(question or ("" if folder is None or folder.exists() else str(folder)))
        return
    if question is None:
        raise BadSettings("name a question; eaa-graph ask --list shows them all")
    given = given_parameters(parameters)
    settings = settings_of(infer="none", **chosen)
    built = pipeline.stored(settings, review) if far else pipeline.review(review_path(folder, example), settings)
    if chosen["coder"] != "preferred" and any(name == "coder" for name, _, _ in pipeline.parameters_of(question)):
        given.setdefault("coder", chosen["coder"])
    if out is not None and out.suffix.casefold() == ".r":
        for written in results.qca(built, question, given, out):
            click.echo(f"wrote {written}", err=True)
        return
    table = pipeline.answer(built, question, given)
    if out is not None:
        click.echo(f"wrote {results.write_table(table, out)}", err=True)
    else:
        _print_answer(table, form)
    if why is not None:
        _print_why(built, table, why, form)


def _print_answer(table: Table, form: str) -> None:
    from eaa_graph.writers import tables

    if form == "table":
        echo_table(table)
    else:
        click.echo(
            {"csv": tables.table_csv, "json": tables.table_json, "md": tables.table_markdown}[form](table), nl=False
        )


def _list_questions(about: str) -> None:
    from eaa_graph import pipeline

    for entry in pipeline.answerable().values():
        if about and about.casefold() not in f"{entry.name} {entry.title} {' '.join(entry.tags)}".casefold():
            continue
        echo_entry(entry.name, entry.title, entry.parameters)


def _print_why(built: Built, table: Table, why: str, form: str) -> None:
    row_text, _, column = why.partition(":")
    if not row_text.isdigit() or not 1 <= int(row_text) <= len(table):
        raise BadSettings(f"--why takes a row from 1 to {len(table)}, not {row_text!r}")
    from eaa_graph import pipeline
    from eaa_graph.errors import UnknownName

    names = [c.name for c in table.columns]
    if column and column not in names:
        raise UnknownName("column", column, names)
    behind = pipeline.passages(built, table.opens(int(row_text) - 1, column or table.counted), f"behind row {row_text}")
    _print_answer(behind, form)


@click.command()
@target
@click.argument("gap", required=False)
@click.option("--format", "form", default="md", type=click.Choice(["md", "html"]), help="Markdown or HTML.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; the screen unless named.")
@review_option
@settings_options("store", "coder")
def dossier(
    folder: Path | None, example: str | None, gap: str | None, form: str, out: Path | None, review: str, **chosen: Any
) -> None:
    """Tell everything about one gap: what was looked for, the nearest evidence, what would fill it.

    The ids of gaps are in the answer to the question gap-register.

    \b
    Examples:
      eaa-graph ask --example eaa_pilot gap-register --format csv
      eaa-graph dossier --example eaa_pilot expected-1607f169fc4f
      eaa-graph dossier --store https://example.org/sparql --review eaa-pilot expected-1607f169fc4f
    """
    from eaa_graph import pipeline
    from eaa_graph.writers.whole import write_whole

    far = far_away(chosen["store"], folder, example, review)
    if (example is not None or far) and folder is not None:  # without a folder the gap comes first
        if gap is not None:
            raise BadSettings(f"this is one word too many: {gap!r}")
        gap, folder = str(folder), None
    if gap is None:
        raise BadSettings("name a gap by its id; eaa-graph ask FOLDER gap-register lists them")
    settings = settings_of(infer="none", **chosen)
    built = pipeline.stored(settings, review) if far else pipeline.review(review_path(folder, example), settings)
    told = pipeline.dossier(built, gap)
    text = told.html() if form == "html" else told.markdown()
    if out is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {write_whole(out, text)}", err=True)


@click.command()
@target
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("-e", "--execute", "text", help="The query itself.")
@click.option(
    "--format", "form", default=None, help="table, csv, json, md; for CONSTRUCT and DESCRIBE nt (default), ttl, rdfxml."
)
@review_option
@settings_options("store", "infer")
def query(
    folder: Path | None,
    example: str | None,
    file: Path | None,
    text: str | None,
    form: str | None,
    review: str,
    **chosen: Any,
) -> None:
    """Run a SPARQL query (SELECT, ASK, CONSTRUCT or DESCRIBE) over a review.

    The prefixes eaa, rdf, rdfs, owl, xsd, skos, prov, dcterms, fabio, cito, schema and oa are declared already.

    \b
    Examples:
      eaa-graph query --example eaa_pilot -e "SELECT (COUNT(?e) AS ?n) WHERE { ?e a eaa:CodedExtraction }"
      eaa-graph query my-review my-query.rq --format csv
      eaa-graph query --store https://example.org/sparql --review eaa-pilot my-query.rq
    """
    from eaa_graph import pipeline

    far = far_away(chosen["store"], folder, example, review)
    if (example is not None or far) and folder is not None:
        file, folder = folder, None
    if (text is None) == (file is None):
        raise BadSettings("give the query either as a file or with -e")
    if text is None and file is not None:
        try:
            text = file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFile(f"{file}: {error}") from error
    settings = settings_of(**chosen)
    built = pipeline.stored(settings, review, exact=True) if far else built_review(folder, example, settings)
    click.echo(_query_output(pipeline.query(built, text or "", form or ""), form), nl=False)


def _query_output(answer: Any, form: str | None) -> str:
    from eaa_graph.tables import Table
    from eaa_graph.writers import tables

    if not isinstance(answer, Table):
        return str(answer)
    writers = {
        "csv": tables.table_csv,
        "json": tables.table_json,
        "md": tables.table_markdown,
        "table": tables.table_text,
    }
    if (form or "table") not in writers:
        raise BadSettings(f"a table leaves as {', '.join(sorted(writers))}, not {form!r}")
    return writers[form or "table"](answer)
