"""Puts queries, ontology and data into the wheel as `eaa_graph/_share`, and nothing else that may lie beside them.

In a checkout they are top-level folders; `eaa_graph/resources.py` finds them in both
places. Hatch's own `force-include` takes whole folders, so the results that somebody
built inside `data/eaa_pilot` would be shipped too: hence a list of files.
"""

from __future__ import annotations

__all__ = ["ShareFolders", "shipped"]

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDERS = ("queries", "ontology", "data")


def shipped(root: Path) -> Iterator[Path]:
    """Yield the files to ship, relative to `root`, in order; results, caches and hidden files stay behind."""
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            # "~$" starts the lock file that Excel leaves beside an open workbook.
            left = any(p.startswith((".", "~$")) or p in ("build", "__pycache__") for p in relative.parts)
            if path.is_file() and not left:
                yield relative


class ShareFolders(BuildHookInterface):  # type: ignore[type-arg,unused-ignore]
    """The build hook that hatchling runs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; an editable install reads the checkout's own folders instead."""
        if version == "editable":
            return
        root = Path(self.root)
        for relative in shipped(root):
            build_data["force_include"][str(root / relative)] = f"eaa_graph/_share/{relative.as_posix()}"
