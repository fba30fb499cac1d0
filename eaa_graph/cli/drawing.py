"""The command that draws: figures for a journal or a slide, each with its numbers beside it."""

from __future__ import annotations

__all__ = ["draw"]

from pathlib import Path
from typing import Any

import click

from eaa_graph.cli.shared import (
    echo_entry,
    far_away,
    given_parameters,
    review_option,
    review_path,
    settings_of,
    settings_options,
)
from eaa_graph.errors import BadSettings

_FORMATS = ("svg", "png", "pdf")


@click.command()
@click.argument("name", required=False)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--example", metavar="NAME", help="Use a shipped example review instead of FOLDER.")
@click.option("--list", "listing", is_flag=True, help="List the figures that can be drawn.")
@click.option(
    "--format",
    "form",
    default=None,
    type=click.Choice(_FORMATS),
    help="What to write; left out: what --out ends in, else svg. png and pdf need the extra 'figures'.",
)
@click.option(
    "--width",
    default="174",
    show_default=True,
    type=click.Choice(["85", "114", "174", "slide"]),
    help="Width in millimetres as journals ask for it, or a slide.",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write, or a folder; left out: NAME here.")
@review_option
@settings_options("store", "coder")
def draw(
    name: str | None,
    folder: Path | None,
    parameters: tuple[str, ...],
    example: str | None,
    listing: bool,
    form: str | None,
    width: str,
    out: Path | None,
    review: str,
    **chosen: Any,
) -> None:
    """Draw a figure of a review; the table of its numbers is written beside it as CSV.

    \b
    Examples:
      eaa-graph draw --list
      eaa-graph draw lanes --example eaa_pilot theory=eaa-initial
      eaa-graph draw flow my-review --width 85
      eaa-graph draw co-occurrence --example eaa_pilot role=context --out figures/contexts.svg
      eaa-graph draw lanes --store https://example.org/sparql --review eaa-pilot
    """
    from eaa_graph import pipeline

    if listing:
        _list(name or "")
        return
    if name is None:
        raise BadSettings("name a figure; eaa-graph draw --list shows them all")
    far = far_away(chosen["store"], folder, example, review)
    if (example is not None or far) and folder is not None:  # without a folder the parameters come second
        parameters, folder = (str(folder), *parameters), None
    given = {**given_parameters(parameters), "width": width}
    settings = settings_of(infer="none", **chosen)
    built = pipeline.stored(settings, review) if far else pipeline.review(review_path(folder, example), settings)
    drawing = pipeline.draw(built, name, given)
    for path in _write(drawing, name, form, out):
        click.echo(path)


def _list(about: str) -> None:
    from eaa_graph import pipeline

    for chart in pipeline.drawable().values():
        if about and about.casefold() not in f"{chart.name} {chart.title} {chart.description}".casefold():
            continue
        told = [(p.name, p.meaning, str(p.default)) for p in chart.parameters if p.name not in ("width", "prefix")]
        own = {p.name for p in chart.parameters} | {"coder"}
        for question in (chart.table, *chart.also):
            for parameter_name, meaning, default in pipeline.parameters_of(question):
                if parameter_name not in own:
                    own.add(parameter_name)
                    told.append((parameter_name, meaning, default))
        echo_entry(chart.name, f"{chart.title}. {chart.description}", told)


def _write(drawing: Any, name: str, form: str | None, out: Path | None) -> list[Path]:
    """Write the figure and its tables; return the files."""
    from eaa_graph import results

    ending = out.suffix.removeprefix(".").casefold() if out is not None else ""
    into_folder = out is not None and (out.is_dir() or not ending)
    if ending and not into_folder and ending not in _FORMATS:
        raise BadSettings(f"a figure is written as {', '.join(_FORMATS)}, not as {out.name if out else ''!r}")
    if form and ending and not into_folder and ending != form:
        raise BadSettings(f"--format {form} and --out {out} do not say the same")
    form = form or (ending if ending in _FORMATS and not into_folder else "svg")
    target = (out or Path()) / f"{name}.{form}" if out is None or into_folder else out
    return results.write_drawing(drawing.svg, drawing.tables, target, form)
