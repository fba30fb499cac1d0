"""The command that serves a review on the web."""

from __future__ import annotations

__all__ = ["serve"]

from pathlib import Path

import click

from eaa_graph.cli.shared import far_away, review_option, review_path, settings_of, settings_options, stages, target
from eaa_graph.errors import BadSettings


@click.command()
@target
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 for every network.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 for any free port.")
@click.option("--root-path", default="", metavar="PATH", help="Path under which a proxy offers the server.")
@click.option(
    "--forwarded-by",
    default="127.0.0.1",
    show_default=True,
    help="Addresses of proxies that may say who asks, and by http or https.",
)
@click.option(
    "--site", type=click.Path(path_type=Path), help="A built site for the front page; FOLDER/build unless named."
)
@click.option(
    "--quotes",
    default=None,
    type=click.Choice(["all", "licence", "cut", "withhold"]),
    help="Which words of articles are served: all that was coded, what each article's licence allows, or less"
    "  [default: all on this machine, licence elsewhere]",
)
@click.option("--seconds", default=10.0, show_default=True, help="How long one query may run.")
@click.option("--memory", default=2048, show_default=True, help="Memory of one query, in MiB (0: no limit).")
@click.option("--result", default=64, show_default=True, help="Longest answer, in MiB.")
@click.option("--body", default=1024, show_default=True, help="Longest request, in KiB.")
@click.option("--workers", type=int, help="Queries at once; twice the number of cores, at least 4, unless given.")
@click.option("--queue", default=256, show_default=True, help="Queries that may wait for a worker.")
@click.option("--cache", default=64, show_default=True, help="Answers and pages kept for the next client, in MiB.")
@review_option
@settings_options("store", "infer")
def serve(
    folder: Path | None,
    example: str | None,
    host: str,
    port: int,
    root_path: str,
    forwarded_by: str,
    site: Path | None,
    quotes: str | None,
    seconds: float,
    memory: int,
    result: int,
    body: int,
    workers: int | None,
    queue: int,
    cache: int,
    review: str,
    store: str,
    infer: str,
) -> None:
    """Serve a review: pages, linked data and a SPARQL endpoint, all of it read-only.

    \b
    Examples:
      eaa-graph serve my-review
      eaa-graph serve --example eaa_pilot --port 8080
      eaa-graph serve my-review --host 0.0.0.0 --root-path /reviews/mine
      eaa-graph serve --store https://example.org/sparql --review eaa-pilot
    """
    from eaa_graph import results, server

    far = far_away(store, folder, example, review)
    if far and folder is not None:
        raise BadSettings(f"this is one word too many: {str(folder)!r}")
    path = None if far else review_path(folder, example)
    chosen = {
        "seconds": seconds,
        "memory_bytes": memory << 20,
        "result_bytes": result << 20,
        "body_bytes": body << 10,
        "queue": queue,
        "cache_bytes": cache << 20,
    }
    limits = server.Limits(**chosen, **({} if workers is None else {"workers": workers}))  # type: ignore[arg-type]
    here = host in ("127.0.0.1", "::1", "localhost")
    quotes = quotes or ("all" if here else "licence")
    with stages() as progress:
        built, held = server.opened(path, settings_of(store=store, infer=infer), quotes, progress, review)
    if path is not None and site is None and quotes == "all":  # the built site repeats every quote
        site = results.default_folder(path, example)
    click.echo(f"serving {built.records.review.title}", err=True)
    if quotes != "all":
        click.echo(f"  {held:,} texts of articles are held back (--quotes {quotes})", err=True)
    if port:
        click.echo(f"  http://{host}:{port}{root_path}/    stop with Ctrl-C", err=True)
    server.serve(built, host, port, limits, root_path, site, forwarded_by)
