"""The sheets of a made-up review into a store by morph-kgc, which reads what to make of them in an RML mapping.

    .venv-peers/bin/python scripts/bench_rml.py FOLDER 2              best of two runs, as scripts/bench.py starts it

Prints the CPU seconds of the best run, the peak of memory, and what is in the store. Imports are not counted, nor is the mapping,
which is read and worked out once beforehand. One process: several took more CPU time in all.
"""

from __future__ import annotations

__all__ = ["main"]

import argparse
import json
import os
from pathlib import Path
from typing import Any

import morph_kgc
from bench_clock import peak, statements, timed
from morph_kgc.args_parser import load_config_from_argument

MAPPING = Path(__file__).with_name("bench_rml.ttl")
_SETTINGS = """
[CONFIGURATION]
logging_level = WARNING
output_format = N-QUADS
number_of_processes = 1
[SHEETS]
mappings = {mapping}
"""


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the sheets as CSV files")
    parser.add_argument("runs", type=int, help="the best counts")
    parser.add_argument("--mapping", type=Path, default=MAPPING, help="what to make of them")
    chosen = parser.parse_args()
    settings = _SETTINGS.format(mapping=chosen.mapping.resolve())
    os.chdir(chosen.folder)  # the mapping names the sheets as files beside each other

    ready = morph_kgc.retrieve_mappings(load_config_from_argument(settings))

    def known(_: Any) -> tuple[Any, ...]:
        return tuple(table.copy() for table in ready)

    morph_kgc.retrieve_mappings = known
    took, store = timed(lambda: morph_kgc.materialize_oxigraph(settings), chosen.runs)
    most = peak()
    gave = statements(f"{q.subject} {q.predicate} {q.object} {q.graph_name}" for q in store)
    print(json.dumps({"seconds": took, "peak": most, "gave": gave}))


if __name__ == "__main__":
    main()
