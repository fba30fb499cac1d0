"""Write a file whole or not at all."""

from __future__ import annotations

__all__ = ["write_whole"]

import contextlib
import os
import tempfile
from pathlib import Path

from eaa_graph.errors import StoreUnavailable


def write_whole(path: Path, content: bytes | str) -> Path:
    r"""Write `content` to `path` so that a reader sees the old file or the new one, never half of it.

    The folder is made if need be; the content goes to a file beside, reaches the
    disk, and takes the name in one step.

    Parameters
    ----------
    path : Path
    content : bytes or str
        Text is written as UTF-8 with ``\n`` as line end, on every platform.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    StoreUnavailable
        If it cannot be written (full disk, no permission, a folder of that name); what was there before is untouched.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        beside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes private files; a review is meant to be shared like any other file.
        beside.chmod(path.stat().st_mode & 0o777 if path.is_file() else 0o666 & ~_umask())
        beside.replace(path)
    except OSError as error:
        raise StoreUnavailable(
            f"{path} could not be written: {error.strerror or error}; nothing was changed. "
            "Close it if another program has it open, free some space, or choose another folder"
        ) from None
    finally:
        if beside is not None:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    return path


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
