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
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Private RSA key (PEM, no password) that signs the nanopublications; they are unsigned without one.",
)
@click.option(
    "--signer",
    default="",
    metavar="ORCID|PERSON",
    help="Whose key it is  [default: the one person of the review with an ORCID]",
)
def publish(
    folder: Path | None,
    example: str | None,
    out: Path,
    date: str,
    url: str,
    quotes: str,
    words: int,
    key: Path | None,
    signer: str,
) -> None:
    """Publish a review as linked data that others can find, check, query and reuse.

    \b
    Examples:
      eaa-graph publish --example eaa_pilot --out release
      eaa-graph publish my-review --out release --url https://example.org/my-review/ --quotes cut
      eaa-graph publish my-review --out release --key id_rsa.pem --signer 0000-0002-1825-0097
    """
    from eaa_graph import release

    path = review_path(folder, example)
    with stages() as progress:
        done = release.publish(
            path,
            out,
            date=date,
            url=url,
            quotes=quotes,
            words=words,
            key=key,
            signer=signer,
            progress=progress,
        )
    click.echo(f"{done.triples:,} statements about {done.things:,} things, in {len(done.files):,} files")
    if done.signed_by:
        click.echo(f"  nanopublications are signed by {done.signed_by}")
    if done.withheld:
        for (what, why), number in sorted(Counter((w.what, w.why) for w in done.withheld).items()):
            click.echo(f"  {number:,} {'text' if number == 1 else 'texts'} {what}: {why}")
        click.echo(f"  {out / 'withheld.csv'} says which")
    else:
        click.echo("  nothing was withheld")
    click.echo(f"open {out / 'index.html'}")
