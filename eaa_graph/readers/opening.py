"""Open whatever a person points at: the reader is found by suffix, then by content."""

from __future__ import annotations

__all__ = ["read", "reader_for"]

from pathlib import Path

from eaa_graph.errors import UnreadableFile
from eaa_graph.readers import Reader, Reading, csv_folder
from eaa_graph.registry import parts


def reader_for(path: Path) -> Reader:
    """Return the reader that takes `path`.

    Readers that know its suffix are asked first whether they accept its content;
    then those that do not, in alphabetical order.

    Raises
    ------
    UnreadableFile
        If there is nothing at `path`, or no reader takes it; the formats known are named.
    """
    try:
        # By far the most common case, decided without importing every other reader.
        folder = csv_folder.PARTS[0]
        if not path.suffix and folder.accepts(path):
            return folder
    except PermissionError:
        raise UnreadableFile(f"{path} may not be read; ask for permission to read it") from None
    readers: dict[str, Reader] = parts("readers")
    try:
        if not path.exists():
            raise UnreadableFile(f"there is nothing at {path}; check the spelling and the folder you are in")
        is_folder = path.is_dir()
        suffix = "/" if is_folder else path.suffix.casefold()
        by_suffix = [r for r in readers.values() if suffix in r.suffixes]
        # Some projects are folders with a suffix of their own: their readers come before the one of any folder.
        by_suffix.sort(key=lambda r: path.suffix.casefold() not in r.suffixes)
        for reader in by_suffix:
            if reader.accepts(path):
                return reader
        for reader in readers.values():
            if reader not in by_suffix and ("/" in reader.suffixes) == is_folder and reader.accepts(path):
                return reader
    except PermissionError:
        raise UnreadableFile(f"{path} may not be read; ask for permission to read it") from None
    formats = "; ".join(
        f"{reader.title} ({', '.join('a folder' if s == '/' else s for s in reader.suffixes)})"
        for reader in readers.values()
    )
    raise UnreadableFile(f"no reader takes {path}; known formats: {formats}")


def read(path: Path | str) -> Reading:
    """Read a review from a folder or file of any known format.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Reading

    Raises
    ------
    UnreadableFile
        If nothing can be read; the message names the file and what to do.
    """
    path = Path(path)
    return reader_for(path).read(path)
