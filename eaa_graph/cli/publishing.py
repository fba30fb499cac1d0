"""The command that publishes: a review as linked data, in a folder of plain files."""

from __future__ import annotations

__all__ = ["publish"]

from collections import Counter
from pathlib import Path

import click

from eaa_graph.cli.shared import review_path, stages, target


@click.command()
@target
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to write; an earlier release in it is replaced.",
)
@click.option(
    "--date", default="", metavar="YYYY-MM-DD", help="Date of the release  [default: the latest in the review]"
)
@click.option(
    "--url", default="", help="Where the release will stand on the web  [default: release/ under the review's IRIs]"
)
@click.option(
    "--quotes",
    default="whole",
    show_default=True,
    type=click.Choice(["whole", "cut", "withhold"]),
    help="The most that is shown of a quote; the licence of its article can only make it less.",
)
@click.option("--words", default=25, show_default=True, help="Words that are left of a quote that is cut.")
def publish(folder: Path | None, example: str | None, out: Path, date: str, url: str, quotes: str, words: int) -> None:
    """Publish a review as linked data that others can find, check, query and reuse.

    \b
    Examples:
      eaa-graph publish --example eaa_pilot --out release
      eaa-graph publish my-review --out release --url https://example.org/my-review/ --quotes cut
    """
    from eaa_graph import release

    path = review_path(folder, example)
    with stages() as progress:
        done = release.publish(path, out, date=date, url=url, quotes=quotes, words=words, progress=progress)
    click.echo(f"{done.triples:,} statements about {done.things:,} things, in {len(done.files):,} files")
    if done.withheld:
        for (what, why), number in sorted(Counter((w.what, w.why) for w in done.withheld).items()):
            click.echo(f"  {number:,} {'text' if number == 1 else 'texts'} {what}: {why}")
        click.echo(f"  {out / 'withheld.csv'} says which")
    else:
        click.echo("  nothing was withheld")
    click.echo(f"open {out / 'index.html'}")
