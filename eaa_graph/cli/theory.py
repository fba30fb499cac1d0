"""Commands for the programme theory: its versions, what changed, what to read again, slips of theorising."""

from __future__ import annotations

__all__ = ["theory"]

import json
import shutil
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eaa_graph.cli.shared import echo_table, fails, print_findings, review_path, settings_options
from eaa_graph.errors import BadSettings, Refused, UnknownName
from eaa_graph.tables import Thing, many

if TYPE_CHECKING:
    from eaa_graph.findings import Finding
    from eaa_graph.model import Records
    from eaa_graph.tables import Table
    from eaa_graph.theory.versions import History, Version

_F = TypeVar("_F", bound=Callable[..., Any])


def _form(command: _F) -> _F:
    return click.option(
        "--format",
        "form",
        default="table",
        type=click.Choice(["table", "csv", "json", "md"]),
        help="How to print the answer.",
    )(command)


def _example(command: _F) -> _F:
    return click.option("--example", metavar="NAME", help="Use a shipped example review instead of FOLDER.")(command)


@click.group()
def theory() -> None:
    """Look after the programme theory: versions, differences, articles to read again, slips of theorising."""


def _opened(words: tuple[str, ...], example: str | None, named: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """Part the words of a command into the review (unless an example is it) and what comes after it."""
    folder, rest = (None, words) if example is not None else (Path(words[0]) if words else None, words[1:])
    if len(rest) > len(named):
        raise BadSettings(f"this is one word too many: {rest[len(named)]!r}")
    return review_path(folder, example), rest


def _records(path: Path) -> tuple[Records, History]:
    from eaa_graph import pipeline
    from eaa_graph.theory.versions import history

    records = pipeline.check(path).records
    return records, history(records)


def _version(past: History, name: str) -> Version:
    if not past.versions:
        raise Refused("this review has no version of a theory yet: fill the sheet theories")
    return past.version(name)


def _needed(rest: tuple[str, ...], named: tuple[str, ...], past: History) -> tuple[str, ...]:
    if len(rest) < len(named):
        known = ", ".join(v.id for v in past.versions) or "none: fill the sheet theories"
        raise BadSettings(f"name the {' and the '.join(named[len(rest) :])} version; versions here: {known}")
    return rest


def _echo(table: Table, form: str) -> None:
    from eaa_graph.writers import tables

    if form == "table":
        echo_table(table)
    else:
        writers = {"csv": tables.table_csv, "json": tables.table_json, "md": tables.table_markdown}
        click.echo(writers[form](table), nl=False)


def _tell_aside(findings: tuple[Finding, ...], form: str) -> None:
    """Print findings where they do not get into a file of data."""
    for found in findings:
        click.echo(f"{found.severity}: {found.where}: {found.message} {found.fix}".rstrip(), err=form != "table")


# --- list, show ------------------------------------------------------------------------------


@theory.command("list")
@click.argument("words", nargs=-1, metavar="[FOLDER]")
@_example
@_form
def list_(words: tuple[str, ...], example: str | None, form: str) -> None:
    """List the versions of the theory: initial, refined, rivals, in the order in which they descend.

    \b
    Example:
      eaa-graph theory list --example eaa_published
    """
    from eaa_graph.theory.versions import versions_table

    path, _ = _opened(words, example, ())
    _, past = _records(path)
    _echo(versions_table(past), form)
    _tell_aside(past.findings, form)
    if past.cycles:
        circles = "; ".join(" and ".join(c) for c in past.cycles)
        click.echo(f"error: these versions revise each other in a circle: {circles}", err=form != "table")


@theory.command()
@click.argument("words", nargs=-1, metavar="[FOLDER] VERSION")
@_example
@_form
@settings_options("coder")
def show(words: tuple[str, ...], example: str | None, form: str, coder: str) -> None:
    """Show one version: each configuration as a sentence, the author's own beside it, and its evidence.

    \b
    Example:
      eaa-graph theory show --example eaa_pilot eaa-pilot-1
    """
    from eaa_graph.network import Incidence
    from eaa_graph.theory.evidence import version_table

    path, rest = _opened(words, example, ("wanted",))
    records, past = _records(path)
    version = _version(past, _needed(rest, ("wanted",), past)[0])
    table = version_table(Incidence.from_records(records), past, version, coder)
    if form != "table":
        _echo(table, form)
        return
    for line in (*_about(version, past), *_told(table)):
        click.echo(line)


def _told(table: Table) -> Iterator[str]:
    """Tell each configuration and claim as a paragraph: sentences do not fit into columns."""
    from eaa_graph.writers.tables import reading_aid

    counted = table.columns[table.index("state") + 1 :]
    for row in table.records():
        yield ""
        yield f"{row['what']}{': ' + str(row['state']) if row['state'] else ''}"
        yield from _wrapped(str(row["sentence"]))
        if row["statement"]:
            yield from _wrapped(f"{row['author'] or 'Its author'}: “{row['statement']}”")
        counts = [f"{column.title.casefold()}: {row[column.name]}" for column in counted if row[column.name]]
        if counts:
            yield from _wrapped("; ".join(counts))
    yield from ("", *(reading_aid(table) if table.rows else ["It holds no configuration and no claim."]))


def _wrapped(text: str) -> list[str]:
    width = min(shutil.get_terminal_size().columns, 110)
    return textwrap.wrap(
        text, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _about(version: Version, past: History) -> list[str]:
    pairs = (
        ("status", version.status),
        ("date", version.date),
        ("people", ", ".join(version.people)),
        ("phase", version.phase),
        ("revises", ", ".join(v.id for v in past.parents(version.id))),
        ("revised by", ", ".join(v.id for v in past.revisions(version.id))),
        ("beside it", ", ".join(v.id for v in past.beside(version.id))),
        ("summary", version.summary),
    )
    return [f"{version.label} ({version.id})", *(f"  {name:<11}{text}" for name, text in pairs if text)]


# --- diff ---------------------------------------------------------------------------------------


@theory.command()
@click.argument("words", nargs=-1, metavar="[FOLDER] BEFORE AFTER")
@_example
@click.option(
    "--pair",
    "pairs",
    multiple=True,
    metavar="OLD=NEW",
    help="Say what became of what: OLD=NEW, OLD=NEW1|NEW2 (split), OLD= (dropped), =NEW (new). May be repeated.",
)
@_form
def diff(words: tuple[str, ...], example: str | None, pairs: tuple[str, ...], form: str) -> None:
    """Say what changed between any two versions, why, and on what evidence, in words and as a table.

    \b
    Examples:
      eaa-graph theory diff --example eaa_pilot eaa-initial eaa-pilot-1
      eaa-graph theory diff --example eaa_pilot eaa-initial eaa-pilot-1 --pair E02=P05 --format json
    """
    from eaa_graph.theory import difference
    from eaa_graph.writers import tables

    path, rest = _opened(words, example, ("earlier", "later"))
    _, past = _records(path)
    before, after = _needed(rest, ("earlier", "later"), past)
    found = difference.diff(_version(past, before), _version(past, after), past, pairing=_pairing(pairs))
    if form == "json":
        click.echo(json.dumps(found.as_dict() | {"prose": found.prose()}, ensure_ascii=False, indent=1))
        return
    if form == "csv":
        click.echo(tables.table_csv(found.table()), nl=False)
        return
    for line in found.prose():
        click.echo(f"{line}\n" if form == "table" else f"- {line}")
    if form == "md":
        click.echo("")
    _echo(found.table(), form)
    _tell_aside(found.findings, form)


def _pairing(pairs: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    given: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not equals or not (old.strip() or new.strip()):
            raise BadSettings(f"write --pair as OLD=NEW, not {pair!r}")
        ids = tuple(n.strip() for n in new.split("|") if n.strip())
        # Several words about one configuration are one word: it became all of these.
        given[old.strip()] = (*given.get(old.strip(), ()), *ids)
    return given


# --- queue ----------------------------------------------------------------------------------------


@theory.command()
@click.argument("words", nargs=-1, metavar="[FOLDER] VERSION")
@_example
@click.option("--since", metavar="VERSION", help="Compare with this version instead of those that VERSION revises.")
@click.option("--done", "done", multiple=True, metavar="ARTICLE", help="Note that an article was read again.")
@click.option(
    "--undone", "undone", multiple=True, metavar="ARTICLE", help="Note that it has to be read again after all."
)
@click.option("--by", default="", metavar="PERSON", help="Who read it again.")
@click.option("--date", default="", metavar="YYYY-MM-DD", help="When; today unless named.")
@click.option("--note", default="", metavar="TEXT", help="What came of it.")
@click.option(
    "--first", default=10, show_default=True, type=click.IntRange(1), help="How many articles to print in full."
)
@click.option(
    "--progress",
    "file",
    type=click.Path(path_type=Path),
    help="Where progress is kept; queue.csv in the review folder unless named.",
)
@_form
@settings_options("coder")
def queue(
    words: tuple[str, ...],
    example: str | None,
    since: str | None,
    done: tuple[str, ...],
    undone: tuple[str, ...],
    by: str,
    date: str,
    note: str,
    first: int,
    file: Path | None,
    form: str,
    coder: str,
) -> None:
    """List the articles to read again after a change of the theory, with what to ask of each.

    \b
    Examples:
      eaa-graph theory queue --example eaa_pilot eaa-pilot-1
      eaa-graph theory queue my-review refined-2 --done smith2019 --by ada --note "P02 holds there too"
    """
    from eaa_graph.theory import queue as queues

    path, rest = _opened(words, example, ("wanted",))
    records, past = _records(path)
    version = _version(past, _needed(rest, ("wanted",), past)[0])
    if since is not None:
        _version(past, since)
    file = file or _progress_file(path)
    kept, findings = queues.read_progress(file)
    if done or undone:
        if example is not None and file == _progress_file(path):
            raise BadSettings("a shipped example keeps no progress: name a file with --progress")
        kept = _marked(kept, records, version.id, done, undone, {"by": by, "date": date, "note": note})
        queues.write_progress(file, kept)
        click.echo(f"wrote {file}", err=True)
    elif by or date or note:
        raise BadSettings("--by, --date and --note go with --done ARTICLE")
    table = queues.queue(records, past, version.id, since=since, coder=coder, progress=kept)
    if form == "table":
        for line in _to_read(table, first):
            click.echo(line)
    else:
        _echo(table, form)
    _tell_aside(findings, form)


def _to_read(table: Table, first: int) -> Iterator[str]:
    """Tell each article as a paragraph: questions do not fit into columns."""
    from eaa_graph.writers.tables import cell_text, reading_aid

    waiting = [row for row in table.records() if not row["done"]]
    yield table.title
    for row in waiting[:first]:
        article = row["article"]
        yield ""
        yield f"{article.id if isinstance(article, Thing) else article}  score {cell_text(row['score'])}, {row['why']}"
        yield from _wrapped(str(article))
        yield from _wrapped(str(row["question"]))
    if len(waiting) > first:
        yield from ("", f"and {len(waiting) - first} more (--first {len(waiting)}, or --format csv)")
    done = [row for row in table.records() if row["done"]]
    if done:
        yield from ("", "read again:")
    for row in done:
        article = row["article"]
        noted = ", ".join(str(row[name]) for name in ("by", "date", "note") if row[name])
        yield f"  {article.id if isinstance(article, Thing) else article}{'  ' + noted if noted else ''}"
    yield from ("", *reading_aid(table))


def _progress_file(path: Path) -> Path:
    from eaa_graph.model import PROGRESS_FILE

    # Beside a workbook its own name goes first: two workbooks in one folder have two records of progress.
    return path / PROGRESS_FILE if path.is_dir() else path.with_name(f"{path.stem}-{PROGRESS_FILE}")


def _marked(
    kept: tuple[Any, ...],
    records: Records,
    version: str,
    done: tuple[str, ...],
    undone: tuple[str, ...],
    noted: dict[str, str],
) -> tuple[Any, ...]:
    import datetime

    from eaa_graph.theory.queue import mark

    known = {a.id for a in records.articles}
    for article in (*done, *undone):
        if article not in known:
            raise UnknownName("article", article, sorted(known))
    both = sorted({*done} & {*undone})
    if both:
        raise BadSettings(f"{both[0]} cannot be read again and still to read at once")
    try:
        day = datetime.date.fromisoformat(noted["date"]).isoformat() if noted["date"] else ""
    except ValueError:
        raise BadSettings(f"--date takes a day as YYYY-MM-DD, not {noted['date']!r}") from None
    day = day or datetime.datetime.now(tz=datetime.UTC).astimezone().date().isoformat()
    for article in done:
        kept = mark(kept, article, version, done=True, by=noted["by"], date=day, note=noted["note"])
    for article in undone:
        kept = mark(kept, article, version, done=False, by=noted["by"], date=day, note=noted["note"])
    return kept


# --- lint -------------------------------------------------------------------------------------------


@theory.command()
@click.argument("words", nargs=-1, metavar="[FOLDER] [VERSION]")
@_example
@click.option("--rules", is_flag=True, help="List the rules and why each matters.")
@_form
@settings_options("fail_on")
def lint(words: tuple[str, ...], example: str | None, rules: bool, form: str, fail_on: str) -> None:
    """Point to slips of theorising in the configurations: a context that is an activity, a missing reasoning, ...

    A rule is overruled for one configuration in the column lint_ok: "no-context: left open on purpose".

    \b
    Examples:
      eaa-graph theory lint --example eaa_pilot
      eaa-graph theory lint my-review refined-2 --fail-on warning
      eaa-graph theory lint --rules
    """
    from eaa_graph import results
    from eaa_graph.theory import lint as linting

    if rules:
        _echo(linting.rules_table(), form)
        return
    path, rest = _opened(words, example, ("wanted",))
    records, past = _records(path)
    version = _version(past, rest[0]) if rest else None
    findings = linting.lint(records, version)
    if form == "json":
        click.echo(results.findings_json(findings), nl=False)
    elif form == "table":
        print_findings(findings)
        checked = len(version.configurations if version else records.configurations)
        click.echo(f"{many(checked, 'configuration')} looked at; {many(len(findings), 'finding')}")
    else:
        _echo(linting.findings_table(findings), form)
    if fails(findings, fail_on):
        raise SystemExit(1)
