"""JSON files, read with limits and one clear message when they cannot be."""

from __future__ import annotations

__all__ = ["load_json"]

import json
from pathlib import Path
from typing import Any

from eaa_graph.errors import UnreadableFile

#: Bytes; an EPPI-Reviewer export of ten thousand items with full text details has about a tenth.
LARGEST = 512 << 20


def load_json(path: Path, largest: int = LARGEST) -> Any:
    """Return the contents of a JSON file.

    Raises
    ------
    UnreadableFile
        If it is missing, larger than `largest` bytes, not UTF-8, not JSON or nested too deep.
    """
    try:
        if path.stat().st_size > largest:
            raise UnreadableFile(f"{path.name} is larger than {largest:,} bytes")
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error}") from None
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path.name} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except RecursionError:
        raise UnreadableFile(f"{path.name} is nested deeper than any export") from None
    except ValueError as error:
        raise UnreadableFile(f"{path.name} is not valid JSON: {error}") from None
