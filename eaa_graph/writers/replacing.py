"""Write a file whole or not at all."""

from __future__ import annotations

__all__ = ["replace_file"]

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes | str) -> Path:
    """Write `content` to `path`: a reader sees the old file or the new one, never half of it.

    Text is written as UTF-8 with line feeds, on every platform.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
