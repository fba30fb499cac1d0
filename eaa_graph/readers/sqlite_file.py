"""SQLite files of other software, opened so that they can do no harm and come to none."""

from __future__ import annotations

__all__ = ["Database", "has_tables"]

import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from eaa_graph.errors import UnreadableFile

_MAGIC = b"SQLite format 3\x00"
#: Bytes a database inside an archive may unpack to, and one value may have.
LARGEST = 512 << 20
#: Seconds after which a query is given up: no project needs them, a crafted file may.
LONGEST = 120.0


class Database:
    """A database opened for reading only; rows come as dictionaries with every column asked for.

    Parameters
    ----------
    path : Path
        A SQLite file, a folder that holds one called `inner`, or a zip archive that does.
    inner : str
        Name of the database inside a folder or archive.

    Raises
    ------
    UnreadableFile
        If there is no SQLite database there.
    """

    def __init__(self, path: Path, inner: str = "") -> None:
        self.file = path.name
        self.replaced = 0
        self._until = time.monotonic() + LONGEST
        opened = None
        try:
            self.connection = opened = self._open(path, inner)
            self.connection.text_factory = self._text
            self.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
            self.connection.set_progress_handler(self._late, 100_000)
            for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON"):
                self.connection.execute(f"PRAGMA {pragma}")
            # Only tables: a view of a crafted file could compute for ever.
            found = self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        except (sqlite3.Error, OSError, NotImplementedError, UnicodeDecodeError, zipfile.BadZipFile) as error:
            if opened is not None:
                opened.close()  # an open file cannot be moved or deleted on Windows
            raise UnreadableFile(f"{self.file} is not a whole SQLite database: {error}") from None
        self.tables = {name.lower(): name for (name,) in found}
        self.open_elsewhere = any(
            (p := path.with_name(path.name + end)).is_file() and p.stat().st_size for end in ("-wal", "-journal")
        )

    @staticmethod
    def _open(path: Path, inner: str) -> sqlite3.Connection:
        file = path / inner if path.is_dir() else path
        with file.open("rb") as stream:
            start = stream.read(len(_MAGIC))
        if start == _MAGIC:
            # immutable: never write a journal or a lock beside somebody's project.
            return sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1", uri=True)
        if not (start.startswith(b"PK") and inner):
            raise UnreadableFile(f"{path.name} is not an SQLite database (it does not begin like one)")
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if m.filename.rpartition("/")[2] == inner]
            if not members:
                raise UnreadableFile(f"{path.name} is an archive without {inner}")
            if members[0].file_size > LARGEST:
                raise UnreadableFile(f"{path.name}: {inner} would unpack to {members[0].file_size:,} bytes")
            with archive.open(members[0]) as packed:
                data = packed.read(LARGEST + 1)
        if len(data) > LARGEST or not data.startswith(_MAGIC):
            raise UnreadableFile(f"{path.name}: {inner} is not an SQLite database")
        connection = sqlite3.connect(":memory:")
        try:
            connection.deserialize(data)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _text(self, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            self.replaced += 1
            return value.decode("utf-8", "replace")

    def _late(self) -> int:
        return time.monotonic() > self._until

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def rows(self, table: str, *columns: str, order: str = "") -> Iterator[dict[str, Any]]:
        """Yield the rows of `table`, each with `columns`; a column or table that is not there gives None or nothing.

        Raises
        ------
        UnreadableFile
            If the table is damaged, or reading it takes too long.
        """
        name = self.tables.get(table.lower())
        if name is None:
            return
        quoted = '"' + name.replace('"', '""') + '"'
        try:
            with closing(self.connection.execute("SELECT name FROM pragma_table_info(?)", (name,))) as info:
                there = {column.lower() for (column,) in info}
            picked = [c if c.lower() in there else "NULL" for c in columns]
            selected = ", ".join(f'"{c}"' if c != "NULL" else c for c in picked)
            ordering = f' ORDER BY "{order}"' if order.lower() in there else " ORDER BY rowid"
            query = f"SELECT {selected} FROM {quoted}{ordering}"  # noqa: S608 - names come from fixed lists
            with closing(self.connection.execute(query)) as cursor:
                for row in cursor:
                    yield dict(zip(columns, row, strict=True))
        except sqlite3.Error as error:
            raise UnreadableFile(f"{self.file}: table {table} cannot be read: {error}") from None


def has_tables(path: Path, *tables: str, inner: str = "") -> bool:
    """Whether `path` is a database with all these tables; False for anything that cannot be opened."""
    try:
        with Database(path, inner) as database:
            return all(t in database.tables for t in tables)
    except (UnreadableFile, OSError):
        return False
