"""Run docs/tutorial.ipynb from top to bottom and compare what its cells give with what the notebook shows.

.venv/bin/python scripts/run_notebook.py            say where the two differ; exit code 1 if they do
.venv/bin/python scripts/run_notebook.py --write    write what the cells give into the notebook
"""

from __future__ import annotations

__all__ = ["NOTEBOOK", "differences", "main", "run"]

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "tutorial.ipynb"


def run(path: Path) -> Any:
    """Return the notebook as a fresh kernel leaves it: every output made anew, nothing in it that changes from run to run."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    # Which Python ran it is nothing that the notebook tells.
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return notebook


def differences(shown: Any, given: Any) -> list[str]:
    """Return one line for each code cell whose outputs are not those shown."""
    return [
        f"cell {number}: {str(new.source).splitlines()[0]!r} gives something else than the notebook shows"
        for number, (old, new) in enumerate(zip(shown.cells, given.cells, strict=True))
        if new.cell_type == "code" and old.outputs != new.outputs
    ]


def main() -> int:
    """Run the notebook; compare or write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the outputs into the notebook")
    parser.add_argument("notebook", nargs="?", type=Path, default=NOTEBOOK)
    chosen = parser.parse_args()
    given = run(chosen.notebook)
    if chosen.write:
        nbformat.write(given, chosen.notebook)
        return 0
    found = differences(nbformat.read(chosen.notebook, as_version=4), given)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
