"""Commands that bring reviews in and put them together: import, merge."""

from __future__ import annotations

__all__ = ["import_", "merge"]

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eaa_graph.cli.shared import echo_table, fails, print_findings
from eaa_graph.errors import BadSettings

if TYPE_CHECKING:
    from eaa_graph.exchange import Exchanged

_FAIL_ON = click.Choice(["error", "warning", "note", "never"])


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--propose", is_flag=True, help="Only write a mapping.toml to check and change: what the codes mean.")
@click.option("--mapping", type=click.Path(path_type=Path), help="The mapping to use; else the one beside FILE.")
@click.option("--into", type=click.Path(path_type=Path), help="The review folder to make, or to bring up to date.")
@click.option("--out", type=click.Path(path_type=Path), help="With --propose: where to write the mapping.")
@click.option("--fail-on", default="never", show_default=True, type=_FAIL_ON, help="Exit with 1 at such a finding.")
def import_(file: Path, propose: bool, mapping: Path | None, into: Path | None, out: Path | None, fail_on: str) -> None:
    """Bring in a project of NVivo, ATLAS.ti, MAXQDA, QualCoder, Taguette, RQDA, EPPI-Reviewer, a table or references.

    Importing the same file again updates the folder and duplicates nothing. What was carried, what was not and why
    is printed, and kept in FOLDER/import/.

    \b
    Examples:
      eaa-graph import project.qdpx --propose
      eaa-graph import project.qdpx --into my-review
      eaa-graph import references.ris --into my-review
    """
    from eaa_graph import exchange

    if propose:
        written = exchange.propose(file, out)
        click.echo(f"wrote {written}")
        click.echo(f"next: say there what the codes mean, then: eaa-graph import {file} --into FOLDER")
        return
    if into is None:
        raise BadSettings("name the review folder with --into, or ask for a mapping with --propose")
    done = exchange.import_into(file, into, mapping)
    _tell(done, into)
    if fails(done.findings, fail_on):
        raise SystemExit(1)


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), required=True, help="The new folder.")
@click.option("--fail-on", default="never", show_default=True, type=_FAIL_ON, help="Exit with 1 at such a finding.")
def merge(a: Path, b: Path, into: Path, fail_on: str) -> None:
    """Put two coders' folders together by their ids; nothing is overwritten, every difference is listed.

    \b
    Examples:
      eaa-graph merge review-ana review-bo --into review-both
    """
    from eaa_graph import exchange

    done = exchange.merge_into(a, b, into)
    _tell(done, into)
    if fails(done.findings, fail_on):
        raise SystemExit(1)


def _tell(done: Exchanged, into: Path) -> None:
    echo_table(done.losses)
    if done.conflicts is not None and done.conflicts.rows:
        click.echo("")
        echo_table(done.conflicts)
    click.echo("")
    print_findings(done.findings)
    click.echo(f"wrote {len(done.written)} files in {into}")
    click.echo(f"next: eaa-graph check {into}, then: eaa-graph build {into}")
