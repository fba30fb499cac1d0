"""The command line: parse, call one function, print, exit code.

Exit codes: 0 fine, 1 a finding at or above ``--fail-on``, 2 it could not be done.
Each command lives in a module of its own and is imported only when it runs or
when the list of commands is shown; those modules import nothing heavy either
until they work: help must appear at once.
"""

from __future__ import annotations

__all__ = ["COMMANDS", "main"]

import atexit
import gc
import importlib
import keyword
import sys
from typing import Any

import click

from eaa_graph import __version__
from eaa_graph.errors import EaaError

#: Every command, in the order of the work: name to module.
COMMANDS: dict[str, str] = {
    "new": "reviews",
    "import": "importing",
    "merge": "importing",
    "check": "reviews",
    "build": "reviews",
    "ask": "asking",
    "draw": "drawing",
    "dossier": "asking",
    "query": "asking",
    "theory": "theory",
    "report": "report",
    "export": "reviews",
    "publish": "publishing",
    "serve": "serving",
}


def _attribute(command: str) -> str:
    """Return what a command is called in its module: a word of Python's own gets an underscore."""
    name = command.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


class _Commands(click.Group):
    """Finds commands when they are needed; turns this package's errors into one line and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            importlib.import_module(f"eaa_graph.cli.{COMMANDS[cmd_name]}"), _attribute(cmd_name)
        )
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from eaa_graph.errors import UnknownName

            raise UnknownName("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

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
    # A command makes many records that live until it ends: looking through them for garbage again and again finds none.
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)  # nor at the end, when the process goes and all of it with it
    # Windows consoles may not be able to show every character of a label.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", **({"encoding": "utf-8"} if not stream.isatty() else {}))
