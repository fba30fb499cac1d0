"""The command line: parse, call one function, print, exit code.

Exit codes: 0 fine, 1 a finding at or above ``--fail-on``, 2 it could not be done.
Every import beyond click happens inside a command: help must appear at once.
"""

from __future__ import annotations

__all__ = ["main"]

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eaa_graph import __version__
from eaa_graph.errors import BadSettings, EaaError, UnreadableFile

if TYPE_CHECKING:
    from rich.console import Console

    from eaa_graph.findings import Finding
    from eaa_graph.pipeline import Built
    from eaa_graph.settings import Settings
    from eaa_graph.tables import Table

_F = TypeVar("_F", bound=Callable[..., Any])
_SEVERITY_SIGNS = {"error": "✗", "warning": "!", "note": "·"}


class _Commands(click.Group):
    """Turns this package's errors into one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EaaError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"eaa-graph: {error}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:  # the reader of a pipe went away: nothing is wrong
            sys.stderr.close()
            ctx.exit(0)
        except OSError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"eaa-graph: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
            ctx.exit(2)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of the work, not of the alphabet


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="eaa-graph")
@click.option("--debug", is_flag=True, help="Show the whole traceback when something goes wrong.")
def main(debug: bool) -> None:
    """Build, question and publish the programme theory of a realist review.

    \b
    Start with the example that comes with eaa-graph:
      eaa-graph build --example eaa_pilot
    or with a review of your own:
      eaa-graph new my-review
    """
    # Windows consoles may not be able to show every character of a label.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", **({"encoding": "utf-8"} if not stream.isatty() else {}))


# --- what the commands share ---------------------------------------------------------------


def _target(command: _F) -> _F:
    """Give a command its review: a folder, a workbook, or a shipped example."""
    command = click.option("--example", metavar="NAME", help="Use a shipped example review instead of FOLDER.")(command)
    return click.argument("folder", required=False, type=click.Path(path_type=Path))(command)


def _review(folder: Path | None, example: str | None) -> Path:
    if example is not None:
        if folder is not None:
            raise BadSettings("name either a folder or --example, not both")
        from eaa_graph import resources

        return resources.example(example)
    if folder is None:
        raise BadSettings("name the review's folder or workbook, or --example eaa_pilot")
    return folder


def _settings_options(*wanted: str) -> Callable[[_F], _F]:
    from eaa_graph.settings import SETTINGS, Settings

    def decorate(command: _F) -> _F:
        for setting in reversed([s for s in SETTINGS if s.name in wanted]):
            default = getattr(Settings, "__dataclass_fields__", {})[setting.name].default
            command = click.option(
                f"--{setting.name.replace('_', '-')}",
                setting.name,
                default=default,
                show_default=True,
                type=click.Choice(setting.choices) if setting.choices else type(default),
                help=setting.meaning,
            )(command)
        return command

    return decorate


def _settings(**values: Any) -> Settings:
    from eaa_graph.settings import Settings

    return Settings(**values)


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


@contextmanager
def _stages() -> Iterator[Callable[[str, str], None]]:
    """Show each stage with its result: live in a terminal, one line each when piped."""
    if not sys.stderr.isatty():
        yield lambda stage, result: click.echo(f"{stage:<8}{result}", err=True) if result else None
        return
    console = _console(stderr=True)
    with console.status("", spinner="dots") as status:

        def progress(stage: str, result: str) -> None:
            if result:
                console.print(f"[green]✓[/] {stage:<8}[dim]{result}[/]")
            else:
                status.update(stage)

        yield progress


def _build(folder: Path | None, example: str | None, settings: Settings, quiet: bool = True) -> Built:
    from eaa_graph import pipeline

    path = _review(folder, example)
    if quiet:
        return pipeline.build(path, settings)
    with _stages() as progress:
        return pipeline.build(path, settings, progress)


def _print_table(table: Table) -> None:
    from eaa_graph.writers import tables

    if not sys.stdout.isatty():
        click.echo(tables.table_text(table), nl=False)
        return
    from rich.table import Table as RichTable
    from rich.text import Text

    console = _console()
    shown = RichTable(
        title=table.title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        show_edge=False,
        pad_edge=False,
    )
    for column in table.columns:
        numeric = any(isinstance(c, int | float) and not isinstance(c, bool) for c in table.column(column.name))
        shown.add_column(column.title, justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(tables.cell_text(cell)) for cell in row))
    console.print(shown)
    for line in tables.reading_aid(table):
        console.print(Text(line, style="dim"))


def _print_findings(findings: tuple[Finding, ...], most: int = 12) -> None:
    """Print findings by rule, worst first, so that forty of one kind do not hide one of another."""
    from collections import Counter

    from eaa_graph.findings import RULES, SEVERITIES

    order = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES))}
    counts = Counter(f.rule for f in findings)
    shown: Counter[str] = Counter()
    for found in sorted(findings, key=lambda f: (order[f.severity], f.rule)):
        shown[found.rule] += 1
        if shown[found.rule] > most:
            if shown[found.rule] == most + 1:
                click.echo(f"    … and {counts[found.rule] - most} more of {found.rule} (all with --format json)")
            continue
        if shown[found.rule] == 1:
            sign = _SEVERITY_SIGNS[found.severity]
            meaning = RULES[found.rule].meaning if found.rule in RULES else ""
            click.echo(f"{sign} {found.severity}: {found.rule} ({counts[found.rule]}) {meaning}")
        click.echo(f"    {found.where}: {found.message}")
        if found.fix:
            click.echo(f"      → {found.fix}")


def _fails(findings: tuple[Finding, ...], fail_on: str) -> bool:
    from eaa_graph.findings import SEVERITIES, worst

    if fail_on == "never" or not findings:
        return False
    return SEVERITIES.index(worst(findings)) >= SEVERITIES.index(fail_on)


def _given(pairs: tuple[str, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadSettings(f"write parameters as NAME=VALUE, not {pair!r}")
        given[name.strip()] = value.strip()
    return given


# --- commands ----------------------------------------------------------------------------------


@main.command()
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


@main.command()
@_target
@_settings_options("fail_on")
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

    checked = pipeline.check(_review(folder, example))
    if form == "json":
        click.echo(results.findings_json(checked.findings), nl=False)
    else:
        aside = sum(f.sets_row_aside for f in checked.findings)
        _print_findings(checked.findings)
        click.echo(
            f"{checked.rows} rows read, {checked.rows - aside} became records, {aside} set aside; {len(checked.findings)} findings"
        )
    if _fails(checked.findings, fail_on):
        raise SystemExit(1)


@main.command()
@_target
@click.option("--out", type=click.Path(path_type=Path), help="Where to write; FOLDER/build unless named.")
@_settings_options("store", "coder", "seed", "infer", "fail_on")
def build(folder: Path | None, example: str | None, out: Path | None, fail_on: str, **chosen: Any) -> None:
    """Build everything: graph, tables, findings and a page to read.

    \b
    Examples:
      eaa-graph build my-review
      eaa-graph build --example eaa_pilot
    """
    from eaa_graph import results

    path = _review(folder, example)
    target = out or results.default_folder(path, example)
    with _stages() as progress:
        from eaa_graph import pipeline

        built = pipeline.build(path, _settings(fail_on=fail_on, **chosen), progress)
        progress("answer", "")
        written = results.write(built, target)
        progress("answer", f"{len(written)} files in {target}")
    for line in results.summary(built, target):
        click.echo(line)
    if _fails(built.findings, fail_on):
        raise SystemExit(1)


@main.command()
@_target
@click.argument("question", required=False)
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--list", "listing", is_flag=True, help="List the questions that can be asked.")
@click.option(
    "--why", metavar="ROW[:COLUMN]", help="Show the extractions behind a row of the answer (rows count from 1)."
)
@click.option(
    "--format",
    "form",
    default="table",
    type=click.Choice(["table", "csv", "json", "md"]),
    help="How to print the answer.",
)
@_settings_options("store", "coder")
def ask(
    folder: Path | None,
    example: str | None,
    question: str | None,
    parameters: tuple[str, ...],
    listing: bool,
    why: str | None,
    form: str,
    **chosen: Any,
) -> None:
    """Ask a review a question in plain words.

    \b
    Examples:
      eaa-graph ask --list
      eaa-graph ask --example eaa_pilot articles-by-mechanism-and-theme
      eaa-graph ask --example eaa_pilot mechanisms-by-context context=creative-methods --format md
      eaa-graph ask my-review configurations-supported --why 2
    """
    from eaa_graph import pipeline

    if example is not None and folder is not None:  # without a folder the question comes first
        parameters = (question, *parameters) if question else parameters
        question, folder = str(folder), None
    if listing:
        _list_questions(str(question or folder or ""))
        return
    if question is None:
        raise BadSettings("name a question; eaa-graph ask --list shows them all")
    given = _given(parameters)
    built = _build(folder, example, _settings(infer="none", **chosen))
    if chosen["coder"] != "preferred" and any(
        p[0] == "coder" for p in pipeline.answerable()[question].parameters if question in pipeline.answerable()
    ):
        given.setdefault("coder", chosen["coder"])
    table = pipeline.answer(built, question, given)
    _print_answer(table, form)
    if why is not None:
        _print_why(built, table, why)


def _print_answer(table: Table, form: str) -> None:
    from eaa_graph.writers import tables

    if form == "table":
        _print_table(table)
    else:
        click.echo(
            {"csv": tables.table_csv, "json": tables.table_json, "md": tables.table_markdown}[form](table), nl=False
        )


def _list_questions(about: str) -> None:
    from eaa_graph import pipeline

    for entry in pipeline.answerable().values():
        if about and about.casefold() not in f"{entry.name} {entry.title} {' '.join(entry.tags)}".casefold():
            continue
        click.echo(f"{entry.name}\n    {entry.title}")
        for name, meaning, default in entry.parameters:
            click.echo(f"      {name}{'=' + default if default else ''}  {meaning}")


def _print_why(built: Built, table: Table, why: str) -> None:
    row_text, _, column = why.partition(":")
    if not row_text.isdigit() or not 1 <= int(row_text) <= len(table):
        raise BadSettings(f"--why takes a row from 1 to {len(table)}, not {row_text!r}")
    from eaa_graph import pipeline

    behind = pipeline.passages(
        built, table.opens(int(row_text) - 1, column or table.columns[-1].name), f"behind row {row_text}"
    )
    _print_table(behind)


@main.command()
@_target
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("-e", "--execute", "text", help="The query itself.")
@click.option(
    "--format", "form", default=None, help="table, csv, json, md; for CONSTRUCT and DESCRIBE nt (default), ttl, rdfxml."
)
@_settings_options("store", "infer")
def query(
    folder: Path | None, example: str | None, file: Path | None, text: str | None, form: str | None, **chosen: Any
) -> None:
    """Run a SPARQL query (SELECT, ASK, CONSTRUCT or DESCRIBE) over a review.

    The prefixes eaa, rdf, rdfs, owl, xsd, skos, prov, dcterms, fabio, cito, schema and oa are declared already.

    \b
    Examples:
      eaa-graph query --example eaa_pilot -e "SELECT (COUNT(?e) AS ?n) WHERE { ?e a eaa:CodedExtraction }"
      eaa-graph query my-review my-query.rq --format csv
    """
    from eaa_graph import pipeline

    if example is not None and folder is not None:
        file, folder = folder, None
    if (text is None) == (file is None):
        raise BadSettings("give the query either as a file or with -e")
    if text is None and file is not None:
        try:
            text = file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableFile(f"{file}: {error}") from error
    built = _build(folder, example, _settings(**chosen))
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


@main.command()
@_target
@click.option("--format", "form", required=True, help="trig, ttl, nt, nq, rdfxml, jsonld, csv, xlsx.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="File or folder to write; RDF goes to the screen unless named."
)
@_settings_options("infer")
def export(folder: Path | None, example: str | None, form: str, out: Path | None, infer: str) -> None:
    """Take a review out: as linked data, or as a folder of CSV files or a workbook.

    \b
    Examples:
      eaa-graph export --example eaa_pilot --format trig --out pilot.trig
      eaa-graph export my-review --format xlsx --out my-review.xlsx
    """
    from eaa_graph import results

    built = _build(folder, example, _settings(infer=infer))
    for path in results.export(built, form, out):
        click.echo(f"wrote {path}", err=True)


if __name__ == "__main__":
    sys.exit(main(prog_name=os.environ.get("EAA_GRAPH_PROGRAM", "eaa-graph")))
