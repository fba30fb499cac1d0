"""What the commands share: which review, which settings, and how things are printed."""

from __future__ import annotations

__all__ = [
    "built_review",
    "column_widths",
    "console",
    "echo_entry",
    "echo_table",
    "echo_text",
    "fails",
    "far_away",
    "given_parameters",
    "print_findings",
    "review_option",
    "review_path",
    "settings_of",
    "settings_options",
    "stages",
    "target",
]

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eaa_graph.errors import BadSettings

if TYPE_CHECKING:
    from rich.console import Console

    from eaa_graph.findings import Finding
    from eaa_graph.pipeline import Built
    from eaa_graph.settings import Settings
    from eaa_graph.tables import Cell, Table

_F = TypeVar("_F", bound=Callable[..., Any])
_SEVERITY_SIGNS = {"error": "✗", "warning": "!", "note": "·"}
_SEVERITY_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold"}


def target(command: _F) -> _F:
    """Give a command its review: a folder, a workbook, or a shipped example."""
    command = click.option("--example", metavar="NAME", help="Use a shipped example review instead of FOLDER.")(command)
    return click.argument("folder", required=False, type=click.Path(path_type=Path))(command)


def review_option(command: _F) -> _F:
    """Give a command the option that names one of several reviews in a store elsewhere."""
    return click.option("--review", metavar="ID", default="", help="Which review, where --store is a web address.")(
        command
    )


def far_away(store: str, folder: Path | None, example: str | None, review: str) -> bool:
    """Say whether the review lies in a store at a web address, and refuse to name it twice.

    `folder` is whatever came first on the command line: without a review of one's own that is the next word.
    """
    from eaa_graph.store import is_address

    if not is_address(store):
        if review:
            raise BadSettings("--review goes with --store and a web address")
        return False
    if example is not None or (folder is not None and folder.is_dir()):
        raise BadSettings(
            "name either a review here or a store at a web address, not both; eaa-graph build FOLDER --store ADDRESS "
            "puts a review there"
        )
    return True


def review_path(folder: Path | None, example: str | None) -> Path:
    """Return the review that the user names: a path, or a shipped example."""
    if example is not None:
        if folder is not None:
            raise BadSettings("name either a folder or --example, not both")
        from eaa_graph import resources

        return resources.example(example)
    if folder is None:
        raise BadSettings("name the review's folder or workbook, or --example eaa_pilot")
    return folder


def settings_options(*wanted: str) -> Callable[[_F], _F]:
    """Give a command the options of these settings, with their meanings from the table of settings."""
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


def settings_of(**values: Any) -> Settings:
    """Return the settings with these values."""
    from eaa_graph.settings import Settings

    return Settings(**values)


def console(stderr: bool = False) -> Console:
    """Return rich's console, told not to colour numbers of its own accord."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


@contextmanager
def stages() -> Iterator[Callable[[str, str], None]]:
    """Show each stage with its result: live in a terminal, one line each when piped."""
    if not sys.stderr.isatty():
        yield lambda stage, result: click.echo(f"{stage:<8}{result}", err=True) if result else None
        return
    screen = console(stderr=True)
    with screen.status("", spinner="dots") as status:

        def progress(stage: str, result: str) -> None:
            if result:
                screen.print(f"[green]✓[/] {stage:<8}[dim]{result}[/]")
            else:
                status.update(stage)

        yield progress


def built_review(folder: Path | None, example: str | None, settings: Settings, quiet: bool = True) -> Built:
    """Build the review that the user names, in memory."""
    from eaa_graph import pipeline

    path = review_path(folder, example)
    if quiet:
        return pipeline.build(path, settings)
    with stages() as progress:
        return pipeline.build(path, settings, progress)


def echo_entry(name: str, about: str, parameters: Sequence[tuple[str, str, str]]) -> None:
    """Print what can be asked or drawn, with its parameters as (name, meaning, default): laid out in a terminal."""
    told = [(f"{parameter}{'=' + default if default else ''}", meaning) for parameter, meaning, default in parameters]
    if not sys.stdout.isatty():
        click.echo("\n".join([name, f"    {about}", *(f"      {first}  {meaning}" for first, meaning in told)]))
        return
    from rich.padding import Padding
    from rich.table import Table as RichTable
    from rich.text import Text

    screen = console()
    screen.print(Text(name, style="bold"))
    screen.print(Padding(Text(about), (0, 0, 0, 2)))
    if told:
        grid = RichTable.grid(padding=(0, 2, 0, 0))
        grid.add_column(overflow="fold", max_width=max(12, screen.width // 3), style="cyan")
        grid.add_column(style="dim")
        for first, meaning in told:
            grid.add_row(Text(first), Text(meaning))
        screen.print(Padding(grid, (0, 0, 0, 4)))
    screen.print()


#: Between two columns (of which the box takes one); and how long a word may be before it is broken.
_GAP, _LONGEST_WORD = 2, 24


def column_widths(cells: Sequence[Sequence[str]], numeric: Sequence[bool], room: int) -> list[int]:
    """Return how wide to print each column, as many from the left as have room for whole words.

    Parameters
    ----------
    cells : sequence of sequences of str
        Of each column, its heading first.
    numeric : sequence of bool
        Numbers are never broken.
    room : int
        Columns of the terminal.

    Examples
    --------
    >>> column_widths([["concept", "two way learning"], ["articles", "10"]], [False, True], 18)
    [8, 8]
    >>> column_widths([["concept", "two way learning"], ["articles", "10"]], [False, True], 12)
    [12]
    """
    from rich.cells import cell_len

    least, most = [], []
    for column, number in zip(cells, numeric, strict=True):
        words = [
            cell_len(word) for text in column for word in ([text] if number and text != column[0] else text.split())
        ]
        most.append(max((cell_len(text) for text in column), default=1) or 1)
        least.append(min(max(words, default=1) or 1, _LONGEST_WORD, most[-1]))
    kept = 1
    while kept < len(least) and sum(least[: kept + 1]) + _GAP * kept <= room:
        kept += 1
    widths = most[:kept]
    while sum(widths) + _GAP * (kept - 1) > room:
        loose = [n for n in range(kept) if widths[n] > least[n]]
        if not loose:
            widths[0] = room
            break
        widest = max(loose, key=lambda n: widths[n])
        widths[widest] -= 1
    return widths


def echo_text(line: str, style: str = "") -> None:
    """Print a line: broken between words in a terminal, as it is when piped."""
    if not sys.stdout.isatty():
        click.echo(line)
        return
    from rich.padding import Padding
    from rich.text import Text

    words = line.lstrip(" ")
    console().print(Padding(Text(words, style=style), (0, 0, 0, len(line) - len(words))))


def _told(cells: Sequence[Cell]) -> list[str]:
    """Return the texts of a column; its fractions with as many decimals each, so that points stand in line."""
    from eaa_graph.writers import tables

    told = [tables.cell_text(cell) for cell in cells]
    fractions = [text for text, cell in zip(told, cells, strict=True) if isinstance(cell, float)]
    decimals = max((len(text.partition(".")[2]) for text in fractions), default=0)
    if decimals and not any("e" in text or "n" in text for text in fractions):  # small ones, and what is no number
        told = [
            f"{cell:.{decimals}f}" if isinstance(cell, float) else text for text, cell in zip(told, cells, strict=True)
        ]
    return told


def echo_table(table: Table) -> None:
    """Print a table: laid out for the terminal's width, plain when piped."""
    from eaa_graph.writers import tables

    if not sys.stdout.isatty():
        click.echo(tables.table_text(table), nl=False)
        return
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    screen = console()
    columns = [[c.title, *_told(table.column(c.name))] for c in table.columns]
    numeric = [
        any(isinstance(c, int | float) and not isinstance(c, bool) for c in table.column(column.name))
        for column in table.columns
    ]
    widths = column_widths(columns, numeric, screen.width)
    shown = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for cells, number, width in zip(columns, numeric, widths, strict=False):
        shown.add_column(Text(cells[0]), justify="right" if number else "left", overflow="fold", width=width)
    for row in zip(*(cells[1:] for cells in columns[: len(widths)]), strict=True):
        shown.add_row(*(Text(cell) for cell in row))
    screen.print(Text(table.title, style="bold"))
    screen.print()
    screen.print(shown)
    screen.print()
    left = [c.title for c in table.columns[len(widths) :]]
    if left:
        screen.print(
            Text(
                f"No room for: {', '.join(left)}. A wider window shows all, and so does a pipe (| less -S).",
                style="dim",
            )
        )
    for line in tables.reading_aid(table):
        screen.print(Text(line, style="dim"))


def print_findings(findings: tuple[Finding, ...], most: int = 12) -> None:
    """Print findings by rule, worst first, so that forty of one kind do not hide one of another."""
    from collections import Counter

    from eaa_graph.findings import RULES, SEVERITIES

    order = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES))}
    counts = Counter(f.rule for f in findings)
    shown: Counter[str] = Counter()
    for found in sorted(findings, key=lambda f: (order[f.severity], f.rule)):
        shown[found.rule] += 1
        limit = min(most, 3) if found.severity == "note" else most
        if shown[found.rule] > limit:
            if shown[found.rule] == limit + 1:
                echo_text(
                    f"    … and {counts[found.rule] - limit} more of {found.rule} (eaa-graph check --format json)"
                )
            continue
        if shown[found.rule] == 1:
            sign = _SEVERITY_SIGNS[found.severity]
            meaning = RULES[found.rule].meaning if found.rule in RULES else ""
            echo_text(
                f"{sign} {found.severity}: {found.rule} ({counts[found.rule]}) {meaning}",
                _SEVERITY_STYLES[found.severity],
            )
        echo_text(f"    {found.where}: {found.message}")
        if found.fix:
            echo_text(f"      → {found.fix}", "dim")


def fails(findings: tuple[Finding, ...], fail_on: str) -> bool:
    """Say whether a finding is at least as severe as `fail_on`."""
    from eaa_graph.findings import SEVERITIES, worst

    if fail_on == "never" or not findings:
        return False
    return SEVERITIES.index(worst(findings)) >= SEVERITIES.index(fail_on)


def given_parameters(pairs: tuple[str, ...]) -> dict[str, str]:
    """Read NAME=VALUE pairs."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadSettings(f"write parameters as NAME=VALUE, not {pair!r}")
        given[name.strip()] = value.strip()
    return given
