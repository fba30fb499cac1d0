"""Mutated inputs for every reader and for the parsers of the server: one harness for CI and for the long run.

From the project's root::

    python tests/fuzzing.py --inputs 10000 --seed 1 --out /tmp/fuzz            every target
    python tests/fuzzing.py --inputs 10000 --out /tmp/fuzz workbook ris        some of them

A run can be stopped and goes on where it was. Input number N of a target depends on seed, target and N alone, so
``--only N`` makes it again. What must hold for each: an :class:`EaaError` or an answer, never another exception; at most
:data:`SECONDS` of processor time; at most :data:`MEMORY` of address space; rows read = rows made + rows set aside.
"""

from __future__ import annotations

__all__ = ["TARGETS", "case", "run", "try_case"]

import argparse
import contextlib
import faulthandler
import functools
import io
import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from eaa_graph.errors import EaaError  # noqa: E402

#: Processor seconds and bytes of address space that one input may take.
SECONDS = 20
MEMORY = 4 << 30
#: A call that holds the interpreter for so long (wall clock) ends the process; the run notes it and goes on.
STUCK = 300

#: The files of one input; a reader of a folder gets the folder, any other the only file.
Case = dict[str, bytes]

ODD = (
    "", " ", "\0", "\ufeff", "\u202e", "\ud7ff", "\U0001f9ea", "é" * 3, "a" * 70_000, "0", "-1", "1e999", "nan", "inf", "-0.0",
    "9" * 400, "99999999999999999999", "18446744073709551616", "-9223372036854775809", "0x10", "²", "٣", "1_000", "2024-02-30",
    "99999-01-01", "0000-00-00", "TRUE", "=1+1", "=HYPERLINK(\"x\")", "|", "||;|", ";", ",", "\t", "\n", "\r", "\x0b", "\x1b[2J",
    "\x85", "\u2028", '"', '""', "'", "\\", "../../etc/passwd", "http://[", "https://exa mple.org/<>", "urn:x", "%", "%ZZ", "{}", "[]",
    "null", "<b>", "&amp;", "&lol;", "]]>", "<!--", "C1", "a|b|a", "yes", "no", "?", "(none)", "n/a", "#REF!", "#N/A",
)  # fmt: skip


# --- mutations --------------------------------------------------------------------------------


def _bytes(r: random.Random, data: bytes) -> bytes:
    """Flip, cut, double, fill: what a bad disk or cable does, whatever the format."""
    out = bytearray(data)
    for _ in range(r.choice((1, 1, 2, 4, 16))):
        at = r.randrange(len(out) + 1)
        how = r.randrange(8)
        if how == 0 and at < len(out):
            out[at] ^= 1 << r.randrange(8)
        elif how == 1:
            del out[at:]
        elif how == 2:
            del out[at : at + r.choice((1, 4, 64, 1024))]
        elif how == 3:
            out[at:at] = out[at : at + r.choice((1, 16, 512))] * r.choice((1, 2, 50))
        elif how == 4:
            out[at : at + 4] = r.choice(
                (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x01")
            )
        elif how == 5:
            out[at:at] = r.choice(
                (b"\0", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\x1a", b"\r", b"\xef\xbb\xbf")
            )
        elif how == 6:
            out[at:at] = r.randbytes(r.randrange(1, 40))
        elif at < len(out):
            out[at] = r.randrange(256)
    return bytes(out)


def _odd_encoding(r: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    name = r.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1252", "cp437", "cp500", "shift_jis", "utf-7")
    )
    return text.encode(name, "replace")


def _text(r: random.Random, data: bytes) -> bytes:
    """Edit lines, cells and words."""
    how = r.randrange(12)
    if how == 0:
        return _odd_encoding(r, data)
    if how == 1:
        return _bytes(r, data)
    text = data.decode("utf-8", "replace")
    lines = text.split("\n")
    for _ in range(r.choice((1, 1, 2, 5))):
        at = r.randrange(len(lines))
        odd = r.choice(ODD)
        if how in (2, 3):  # one cell or word
            parts = re.split(r"([,;\t:|{}\[\]=\"' ])", lines[at])
            parts[r.randrange(len(parts))] = odd
            lines[at] = "".join(parts)
        elif how == 4:
            lines.insert(at, lines[r.randrange(len(lines))])
        elif how == 5 and len(lines) > 1:
            del lines[at]
        elif how == 6:
            other = r.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif how == 7:
            where = r.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:where] + odd + lines[at][where:]
        elif how == 8:
            lines[at] = r.choice((" ", "\t", "", "  ")) + lines[at] * r.choice((1, 2, 20))
        elif how == 9:
            opening, closing = r.choice(
                (("[", "]"), ("{", "}"), ("(", ")"), ("{a: ", "}"), ("<a>", "</a>"), ("- ", ""), ("[[", "]]"))
            )
            depth = r.choice((3, 100, 3000, 100_000))
            lines[at] += opening * depth + r.choice(("x", "")) + closing * r.choice((0, depth))
        elif how == 10:
            swap = r.choice(
                ((",", ";"), (",", "\t"), ('"', "'"), ("\n", "\r"), (":", ""), ("{", "("), ("=", "=="), ("@", "@@"))
            )
            lines = "\n".join(lines).replace(*swap).split("\n")
        elif how == 11:
            lines[at:at] = [lines[at]] * r.choice((10, 200))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


_ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY lol "lol">]>',
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY lol "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
    b'<!DOCTYPE x [<!ENTITY lol SYSTEM "file:///etc/hostname">]>',
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
)


def _xml(r: random.Random, data: bytes) -> bytes:
    """Edit elements and attributes; now and then add entities or nest without end."""
    how = r.randrange(11)
    if how == 0:
        return _bytes(r, data)
    if how == 1:
        return _odd_encoding(r, data)
    if how == 2:
        head, mark, rest = data.partition(b"?>")
        return head + mark + r.choice(_ENTITIES) + (rest if mark else data) + r.choice((b"", b"&lol;"))
    tags = [m.span() for m in re.finditer(rb"<[^>]*>", data[:500_000])]
    if not tags:
        return _bytes(r, data)
    out = data
    for _ in range(r.choice((1, 1, 3))):
        begin, end = r.choice(tags)
        tag = out[begin:end]
        odd = r.choice(ODD).encode("utf-8", "surrogatepass")
        escaped = odd.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b'"', b"&quot;")
        if how in (3, 4, 5):  # the value of an attribute
            values = list(re.finditer(rb'="([^"]*)"', tag))
            if values:
                value = r.choice(values)
                tag = tag[: value.start(1)] + r.choice((escaped, odd)) + tag[value.end(1) :]
        elif how == 6:  # an attribute gone or renamed
            tag = re.sub(rb'\s[\w:]+="[^"]*"', r.choice((b"", b' x="y"')), tag, count=1)
        elif how == 7:
            tag = b""
        elif how == 8:
            tag = tag * r.choice((2, 3, 500))
        elif how == 9:
            depth = r.choice((10, 1000, 50_000))
            tag = tag + b"<a>" * depth + r.choice((b"</a>" * depth, b""))
        else:
            tag += r.choice((escaped, odd))
        out = out[:begin] + tag + out[end:]
        tags = [m.span() for m in re.finditer(rb"<[^>]*>", out[:500_000])] or [(0, 0)]
    return out


def _odd_value(r: random.Random, deep: bool = True) -> Any:
    values: list[Any] = [
        None,
        True,
        False,
        0,
        -1,
        2**63,
        10**40,
        1.5,
        1e308,
        [],
        {},
        [[]],
        [None],
        {"": None},
        {"a": {"a": []}},
    ]
    found = r.choice([*values, *ODD, r.choice(ODD)])
    if deep and r.randrange(30) == 0:
        for _ in range(r.choice((10, 200, 900))):
            found = [found] if r.randrange(2) else {"a": found}
    return found


def _json(r: random.Random, data: bytes) -> bytes:
    """Change what is said, not how it is spelled; at times the spelling."""
    if r.randrange(5) == 0:
        return _text(r, data)
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return _text(r, data)
    for _ in range(r.choice((1, 1, 2, 6))):
        places: list[tuple[Any, Any]] = []
        queue = [root]
        while queue:
            here = queue.pop()
            keys = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
            for key in keys:
                places.append((here, key))
                queue.append(here[key])
        if not places:
            root = _odd_value(r)
            break
        here, key = r.choice(places)
        how = r.randrange(7)
        if how <= 2:
            here[key] = _odd_value(r)
        elif how == 3:
            del here[key]
        elif how == 4:
            other, place = r.choice(places)
            with contextlib.suppress(KeyError, IndexError):
                here[key] = json.loads(json.dumps(other[place]))
        elif how == 5 and isinstance(here, list):
            here.extend([here[key]] * r.choice((1, 5)))
        elif how == 6 and isinstance(here, dict):
            here[r.choice(ODD)] = here.pop(key)
    try:
        return json.dumps(root, ensure_ascii=bool(r.randrange(2))).encode("utf-8", "surrogatepass")
    except RecursionError:  # deeper than Python writes: _text nests deeper than it reads
        return _text(r, data)


def _zip(r: random.Random, data: bytes) -> bytes:
    """Open the archive, change one member as its kind wants, and close it again."""
    if r.randrange(5) == 0:
        return _bytes(r, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(i.filename, archive.read(i)) for i in archive.infolist()]
    at = r.randrange(len(members))
    name, content = members[at]
    how = r.randrange(14)
    if how == 0:
        del members[at]
    elif how == 1:
        members[at] = (
            r.choice(("../" + name, "/" + name, name.upper(), name + "/", "x", "a" * 300, name.replace("/", "\\"))),
            content,
        )
    elif how == 2:
        members.append((name, _bytes(r, content)))
    elif how == 3:
        members[at] = (name, r.choice((b"", b"\0" * 10, b"PK\x03\x04", b"x" * 100)))
    elif how == 4 and r.randrange(20) == 0:
        members[at] = (
            name,
            content[:200] + r.choice((b"\0", b" ", b"<a>")) * r.choice((1 << 20, 40 << 20)) + content[200:],
        )
    elif how == 5:
        other = r.choice(members)
        members[at] = (name, other[1])
    else:
        members[at] = (name, _by_kind(r, name, content))
    out = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(out, "w", r.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as archive,
    ):
        warnings.simplefilter("ignore")
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    packed = bytearray(out.getvalue())
    if r.randrange(12) == 0:  # sizes, flags and offsets in the headers that lie
        mark = packed.find(b"PK\x01\x02", r.randrange(len(packed)))
        if mark >= 0:
            packed[mark + r.randrange(6, 46)] = r.choice((0, 1, 255, 128, 99))
    return bytes(packed)


def _sqlite(r: random.Random, data: bytes) -> bytes:
    """Change rows, columns and tables of a database."""
    if r.randrange(4) == 0:
        return _bytes(r, data)
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        try:
            db.deserialize(data)
            tables = [
                t
                for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'")
            ]
        except (sqlite3.Error, UnicodeDecodeError):
            tables = []
        if not tables:  # an earlier turn has broken it or left nothing to change
            return _bytes(r, data)
        for _ in range(r.choice((1, 1, 2, 5))):
            table = r.choice(tables)
            try:
                columns = [c[1] for c in db.execute(f"PRAGMA table_info({table})")]
            except (sqlite3.Error, UnicodeDecodeError):
                columns = []
            column = r.choice(columns) if columns else "x"
            value: Any = r.choice([*ODD, None, 0, -1, 2**62, 1.5, 1e308, b"\xff\xfe\x00", b"", "9" * 30, 7, 1, 2, 3])
            how = r.randrange(9)
            statement, given = {
                0: (f"DROP TABLE {table}", ()),
                1: (f"ALTER TABLE {table} RENAME COLUMN {column} TO gone", ()),
                2: (f"DELETE FROM {table} WHERE rowid % 2 = ?", (r.randrange(2),)),
                3: (f"INSERT OR IGNORE INTO {table} SELECT * FROM {table}", ()),
                4: (f"UPDATE {table} SET {column} = randomblob(?)", (r.choice((0, 3, 1000)),)),
                5: (f"CREATE VIEW v{r.randrange(99)} AS SELECT * FROM {table}", ()),
            }.get(how, (f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid % 3 = ?", (value, r.randrange(3))))
            with contextlib.suppress(sqlite3.Error, UnicodeEncodeError, OverflowError):
                db.execute(statement, given)
            if how == 0 and len(tables) > 1:
                tables.remove(table)
        with contextlib.suppress(sqlite3.Error):
            db.commit()
        return db.serialize()


def _by_kind(r: random.Random, name: str, data: bytes) -> bytes:
    """Mutate by what the file is."""
    if not data:
        return r.choice(ODD).encode("utf-8", "surrogatepass")
    if data.startswith(b"PK\x03\x04"):
        try:
            return _zip(r, data)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, zlib.error):
            return _bytes(r, data)  # damaged already
    if data.startswith(b"SQLite format 3\0"):
        return _sqlite(r, data)
    if data[:200].lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<"):
        return _xml(r, data)
    if data[:50].lstrip()[:1] in (b"{", b"[") and not name.endswith((".toml", ".md", ".txt")):
        return _json(r, data)
    return _bytes(r, data) if b"\0" in data[:200] else _text(r, data)


def _mutated(r: random.Random, files: Case) -> Case:
    names = sorted(files)
    out = dict(files)
    for name in r.sample(names, min(len(names), r.choice((1, 1, 2)))):
        how = r.randrange(40) if len(names) > 1 else 39
        if how == 0:
            del out[name]
        elif how == 1:
            out[r.choice((name.upper(), "x" + name, name + ".csv", "extractions.tsv", "a.xlsx"))] = out.pop(name)
        elif how == 2:
            out[name] = out[r.choice(sorted(out))]
        else:
            out[name] = _by_kind(r, name, out[name])
    return out


# --- what is mutated --------------------------------------------------------------------------


def _folder(path: Path) -> Case:
    return {p.name: p.read_bytes() for p in sorted(path.iterdir()) if p.is_file()}


def _small_pilot() -> Case:
    """Return the pilot with the first lines of each sheet: every kind of cell, in little time."""
    files = _folder(ROOT / "data" / "eaa_pilot")
    return {n: b"\n".join(d.split(b"\n")[:12]) if n.endswith(".csv") else d for n, d in files.items()}


@functools.cache
def _written(form: str) -> tuple[Case, ...]:
    """Return files that our own writer makes of the examples."""
    from eaa_graph import pipeline, registry

    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, files in enumerate((_folder(ROOT / "data" / "example_minimal"), _small_pilot())):
            source = Path(temporary) / f"in{number}"
            source.mkdir()
            for name, data in files.items():
                (source / name).write_bytes(data)
            records = pipeline.check(source).records
            suffix = {"bibtex": "bib", "csl-json": "json", "matrix": "csv", "kumu": "json"}.get(form, form)
            place = Path(temporary) / f"out{number}" / f"file.{suffix}"
            registry.find("writers", form).write(records, place)
            found.append({place.name: place.read_bytes()})
    return tuple(found)


def _made(maker: str, name: str) -> Callable[[], tuple[Case, ...]]:
    """Return a corpus of the tiny project that a test module makes."""

    def corpus() -> tuple[Case, ...]:
        import importlib

        module, function = maker.split(":")
        with tempfile.TemporaryDirectory() as temporary:
            made = getattr(importlib.import_module(module), function)(Path(temporary) / name)
            if made.is_dir():
                inner = next(made.rglob("*.qda"), None) or next(p for p in made.rglob("*") if p.is_file())
                return ({name: inner.read_bytes()},)
            return ({made.name: made.read_bytes()},)

    return corpus


def _texts(*pairs: tuple[str, str]) -> Callable[[], tuple[Case, ...]]:
    return lambda: tuple({name: text.encode()} for name, text in pairs)


def _reading_cases() -> tuple[Case, ...]:
    """Return the folders of the tests of reading, and the examples."""
    folders = [
        p for p in (ROOT / "tests" / "cases" / "reading").iterdir() if p.is_dir() and p.name != "workbook_too_vast"
    ]
    folders += [p for p in (ROOT / "tests" / "cases" / "checking").iterdir() if p.is_dir()]
    cases = [_folder(p) for p in sorted(folders)]
    cases += [_folder(ROOT / "data" / n) for n in ("example_minimal", "example_messy", "eaa_published")]
    return tuple(c for c in [*cases, _small_pilot()] if c)


def _sheet_cases() -> tuple[Case, ...]:
    return tuple({n: d} for c in _reading_cases() for n, d in c.items() if n.endswith((".csv", ".tsv")))


def _workbook_cases() -> tuple[Case, ...]:
    inside = [
        {n: d}
        for c in _reading_cases()
        for n, d in c.items()
        if n.endswith((".xlsx", ".ods")) and len(d) > 100 and zipfile.is_zipfile(io.BytesIO(d))
    ]
    return (*inside, *_written("xlsx"))


def _shared(pattern: str, most: int = 300_000) -> tuple[Case, ...]:
    folder = ROOT.parent / "shared" / "data"
    return tuple({p.name: p.read_bytes()} for p in sorted(folder.glob(pattern)) if p.stat().st_size <= most)


def _eppi() -> tuple[Case, ...]:
    whole = {
        "CodeSets": [{"SetName": "Roles", "SetId": 1, "SetType": {"SetTypeName": "Standard"}, "Attributes": {"AttributesList": [
            {"AttributeId": 11, "AttributeName": "Contexts", "AttributeSetDescription": "x", "Attributes": {"AttributesList": [
                {"AttributeId": 12, "AttributeName": "Trust", "AttributeType": "Selectable"}]}}]}}],
        "References": [{"ItemId": 5, "Title": "A study", "Year": "2020", "Authors": "Doe J;", "Codes": [
            {"AttributeId": 12, "AdditionalText": "said so", "ArmId": 0, "ArmTitle": "", "ItemAttributeFullTextDetails": [
                {"ItemDocumentId": 1, "TextFrom": 0, "TextTo": 4, "Text": "said", "DocTitle": "a.pdf"}]}],
            "Outcomes": []}],
    }  # fmt: skip
    return ({"e.json": json.dumps(whole).encode()}, *_shared("hbcp_physical_activity/eppi*.json"))


_NBIB = "PMID- 1\nTI  - Trust in\n      teams\nAU  - Doe J\nDP  - 2020 Jan\nJT  - J\nAID - 10.1/x [doi]\n\nPMID- 2\nTI  - Other\n"
_LINKS = (
    'Cause,Effect,Source,Quote,Tags\nTrust,Talk,A1,they talk,x\nTalk,Change,A2,"it, changed",\nTrust,Change,A1,q,\n'
)
_KUMU = json.dumps({
    "elements": [{"label": "Trust", "type": "Context", "description": "d"}, {"label": "Talk", "type": "Mechanism"}],
    "connections": [{"from": "Trust", "to": "Talk", "type": "causes", "direction": "directed"}],
})  # fmt: skip
_YAML = """id: CMO1
label: Trust leads to talk
theory: T1
contexts: [trust, time]
mechanisms:
  - resource: meetings
    reasoning: safety
outcomes: [talk]
---
id: CMO2
label: Other
contexts: time | place
mechanisms: [x]
outcomes: [y]
"""
_SENTENCES = "If there is trust (C), then teams talk (O) because they feel safe (M).\n\nWhen time is short, staff stop talking, since they fear blame.\n"
_HIGHLIGHTS = "id,document,tag,content\n1,paper.txt,trust,they trust\n2,paper.txt,talk,they talk\n"


class Target(NamedTuple):
    """What is fuzzed.

    Attributes
    ----------
    corpus : callable
        Whole inputs to start from.
    use : callable
        Gets a folder with the files of the case (and a generator); raises if a property does not hold.
    """

    corpus: Callable[[], tuple[Case, ...]]
    use: Callable[[Path, random.Random], None]


def _only(folder: Path) -> Path:
    return next(p for p in sorted(folder.iterdir()))


def _reader(name: str, whole_folder: bool = False) -> Callable[[Path, random.Random], None]:
    def use(folder: Path, r: random.Random) -> None:
        from eaa_graph import registry
        from eaa_graph.readers import projects

        part = registry.find("readers", name)
        path = folder if whole_folder else _only(folder)
        for one in registry.parts("readers").values():  # each of them looks at every file that a user names
            if ("/" in one.suffixes) == whole_folder and (one is part or r.randrange(8) == 0):
                one.accepts(path)
        try:
            reading = part.read(path)
        except EaaError as error:
            _one_line(error)
            return
        _checked(reading, r)
        if r.randrange(10) == 0 and not whole_folder:
            with contextlib.suppress(EaaError):
                projects.propose_for(path)

    return use


def _one_line(error: EaaError) -> None:
    text = str(error)
    assert text.strip(), "an error without a message"
    assert len(text) < 20_000, f"a message of {len(text)} characters"


def _checked(reading: Any, r: random.Random) -> None:
    """Check a reading: every row is a record or set aside with a finding; at times go on to the graph."""
    from eaa_graph.findings import rows_aside
    from eaa_graph.pipeline import store_of
    from eaa_graph.validate import validate

    checked = validate(reading)
    assert 0 <= checked.made <= checked.rows, f"{checked.made} made of {checked.rows} rows"
    assert checked.made + rows_aside(checked.findings) == checked.rows + checked.left_by_reader
    if r.randrange(25) == 0:
        store_of(checked, ontology=False).dump("nq")


def _validate(folder: Path, r: random.Random) -> None:
    """Check sheets whose cells are put together at random, whatever a reader would have made of them."""
    from eaa_graph.readers.csv_folder import read_folder

    try:
        reading = read_folder(folder)
    except EaaError:
        return
    pool = [c for s in reading.sheets for row in s.rows for c in row.values.values()] + list(ODD)
    sheets = []
    for sheet in reading.sheets:
        rows = []
        for row in sheet.rows:
            cells = dict(row.values)
            for header in list(cells):
                if r.randrange(6) == 0:
                    cells[header] = r.choice(pool)
                elif r.randrange(20) == 0:
                    del cells[header]
            rows.append(row._replace(values=cells))
        sheets.append(type(sheet)(sheet.name, sheet.where, sheet.headers, tuple(rows)))
    from dataclasses import replace

    _checked(replace(reading, sheets=tuple(sheets)), r)


def _question(folder: Path, r: random.Random) -> None:
    from eaa_graph import queries

    try:
        queries._read(_only(folder))
    except EaaError as error:
        _one_line(error)


def _mapping(folder: Path, r: random.Random) -> None:
    from eaa_graph.readers import projects

    toml = next((p for p in folder.iterdir() if p.suffix == ".toml"), None)
    file = next((p for p in folder.iterdir() if p.suffix != ".toml"), None)
    if toml is None or file is None:
        return
    try:
        imported = projects.import_project(file, toml)
    except EaaError as error:
        _one_line(error)
        return
    _checked(imported.reading, r)


def _mapping_cases() -> tuple[Case, ...]:
    from eaa_graph.readers import projects

    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for case in (*_written("qdpx"), *_written("matrix")):
            for name, data in case.items():
                path = Path(temporary) / name
                path.write_bytes(data)
                found.append({name: data, "m.toml": projects.propose_for(path).encode()})
    return tuple(found)


def _request(folder: Path, r: random.Random) -> None:
    """Read requests of the protocol: what a client says of itself, and what it asks."""
    from eaa_graph.server.negotiation import accepts_gzip, choose
    from eaa_graph.server.protocol import Refusal, asked

    head, _, body = _only(folder).read_bytes().partition(b"\n\n")
    lines = [line.decode("latin-1") for line in head.split(b"\n")] + [""] * 4
    try:
        asked(r.choice(("GET", "HEAD", "POST", lines[0])), lines[1].encode("latin-1"), lines[2], lines[3], body)
    except Refusal as refusal:
        if not 400 <= refusal.status < 500:
            raise AssertionError(f"status {refusal.status}") from refusal
    choose(lines[3], ["text/html", "text/turtle"])
    accepts_gzip(lines[2])


_REQUESTS = (
    b"GET\nquery=ASK%7B%7D&default-graph-uri=http%3A%2F%2Fa\ngzip;q=0.5, *\ntext/turtle;q=0.3, */*;q=0.1\n\n",
    b"POST\n\napplication/x-www-form-urlencoded; charset=utf-8\napplication/sparql-results+json\n\nquery=SELECT+*%7B%3Fs%3Fp%3Fo%7D&named-graph-uri=urn:a",
    b'POST\nnamed-graph-uri=urn%3Ax\napplication/sparql-query; charset="utf-8"\n*/*\n\nSELECT * { ?s ?p ?o } LIMIT 3',
)


@functools.cache
def _client() -> Any:
    from starlette.testclient import TestClient

    from eaa_graph import pipeline, resources
    from eaa_graph.server.application import application
    from eaa_graph.server.limits import Limits

    built = pipeline.build(resources.example("example_minimal"))
    limits = Limits(seconds=2, workers=2, memory_bytes=512 << 20)
    client = TestClient(application(built, limits, logged=False), follow_redirects=False, raise_server_exceptions=True)
    client.__enter__()
    return client


def _server(folder: Path, r: random.Random) -> None:
    """Send a request to the application itself: its paths, its headers, its bodies, its queries."""
    import httpx2

    head, _, body = _only(folder).read_bytes().partition(b"\n\n")
    lines = [line.decode("latin-1") for line in head.split(b"\n")] + [""] * 5
    method = lines[0] if re.fullmatch("[A-Z]{1,10}", lines[0]) else "GET"
    headers = {k: v.encode("latin-1") for k, v in zip(("content-type", "accept", "accept-encoding", "if-none-match"), lines[2:], strict=False)
               if v and not re.search(r"[\x00-\x1f\x7f]", v)}  # fmt: skip
    try:
        answer = _client().request(method, "/" + lines[1].lstrip("/"), headers=headers, content=body)
    except (httpx2.InvalidURL, UnicodeError, httpx2.UnsupportedProtocol):
        return  # the client itself would not send that
    assert answer.status_code < 500 or answer.status_code in (501, 503, 504), (
        f"status {answer.status_code}: {answer.text[:500]}"
    )


def _server_cases() -> tuple[Case, ...]:
    paths = (
        "sparql",
        "",
        "sparql?query=ASK%7B%7D",
        "index.html",
        "id/article/A1",
        "doc/article/A1.ttl",
        "ask/empty-cells",
        "health",
        "void",
        "search?q=x",
    )
    found = [f"GET\n{p}\n\ntext/html, text/turtle;q=0.5\ngzip\n\n".encode() for p in paths]
    queries = [q.read_bytes() for q in sorted((ROOT / "queries").rglob("*.rq"))[:20]] + [
        b"SELECT * { ?s ?p ?o } LIMIT 5", b"CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 5", b"DESCRIBE <urn:x>", b"ASK { <a> ?p 'x'@en }"]  # fmt: skip
    found += [b"POST\nsparql\napplication/sparql-query\n*/*\n\n\n" + q for q in queries]
    return tuple({"request.txt": f} for f in found)


def _theory_files() -> tuple[Case, ...]:
    return tuple({p.name: p.read_bytes()} for p in sorted((ROOT / "queries").rglob("*.rq")))


def _review_toml() -> tuple[Case, ...]:
    found = [c for c in _reading_cases() if "review.toml" in c]
    return tuple({n: d for n, d in c.items() if n in ("review.toml", "articles.csv")} for c in found)


def _folder_check(folder: Path, r: random.Random) -> None:
    _reader("folder", whole_folder=True)(folder, r)


TARGETS: dict[str, Target] = {
    "bibtex": Target(lambda: _written("bibtex"), _reader("bibtex")),
    "causal-map": Target(_texts(("links.csv", _LINKS)), _reader("causal-map")),
    "csl-json": Target(lambda: _written("csl-json"), _reader("csl-json")),
    "documents": Target(lambda: (*_texts(("t.yaml", _YAML))(), *_texts(("t.json", json.dumps([{"id": "CMO1", "contexts": ["a"], "mechanisms": [{"resource": "x", "reasoning": "y"}], "outcomes": ["b"]}])))()), _reader("documents")),
    "docx": Target(_made("test_formats_prose:word", "t.docx"), _reader("docx")),
    "eppi": Target(_eppi, _reader("eppi")),
    "folder": Target(_reading_cases, _reader("folder", whole_folder=True)),
    "kumu": Target(_texts(("map.json", _KUMU), ("map.csv", "From,To,Type\nTrust,Talk,causes\nTalk,Change,\n")), _reader("kumu")),
    "matrix": Target(lambda: _written("matrix"), _reader("matrix")),
    "nbib": Target(_texts(("p.nbib", _NBIB)), _reader("nbib")),
    "qdc": Target(lambda: _written("qdc"), _reader("qdc")),
    "qdpx": Target(lambda: (*_written("qdpx"), *_shared("qda/**/*.qdpx")), _reader("qdpx")),
    "qualcoder": Target(_made("test_formats_software:make_qualcoder", "p.qda"), _reader("qualcoder")),
    "ris": Target(lambda: _written("ris"), _reader("ris")),
    "rqda": Target(_made("test_formats_software:make_rqda", "p.rqda"), _reader("rqda")),
    "sentences": Target(_texts(("t.txt", _SENTENCES)), _reader("sentences")),
    "sheet": Target(_sheet_cases, _reader("sheet")),
    "taguette": Target(_made("test_formats_software:make_taguette", "p.sqlite3"), _reader("taguette")),
    "taguette-highlights": Target(_texts(("highlights.csv", _HIGHLIGHTS)), _reader("taguette-highlights")),
    "workbook": Target(_workbook_cases, _reader("workbook")),
    "~mapping": Target(_mapping_cases, _mapping),
    "~question": Target(_theory_files, _question),
    "~request": Target(lambda: tuple({"request.txt": q} for q in _REQUESTS), _request),
    "~review-toml": Target(_review_toml, _folder_check),
    "~server": Target(_server_cases, _server),
    "~validate": Target(_reading_cases, _validate),
}  # fmt: skip


# --- running ----------------------------------------------------------------------------------


@functools.cache
def _corpus(target: str) -> tuple[Case, ...]:
    found = TARGETS[target].corpus()
    assert found, f"nothing to start from for {target}"
    return found


def case(target: str, seed: int, number: int) -> tuple[Case, random.Random]:
    """Return input `number` of a target, and the generator to use it with."""
    r = random.Random(f"{seed}:{target}:{number}")
    start = r.choice(_corpus(target))
    files = _mutated(r, start)
    while r.randrange(4) == 0 and files:
        files = _mutated(r, files)
    return files, r


class TooLong(BaseException):
    """An input took more than its processor time."""


def _alarm(*_: object) -> None:
    raise TooLong


def try_case(target: str, files: Case, r: random.Random, place: Path) -> str:
    """Use the files; return how it failed (a traceback), or nothing."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, data in files.items():
        with contextlib.suppress(OSError, ValueError):
            (place / name.replace("/", "_")).write_bytes(data)
    if not any(place.iterdir()):
        return ""
    try:
        TARGETS[target].use(place, r)
    except (Exception, TooLong):
        return traceback.format_exc()
    return ""


def run(target: str, seed: int, first: int, end: int, out: Path | None = None) -> Iterator[tuple[int, str]]:
    """Use inputs `first` to `end`; yield number and traceback of each that failed.

    With `out`, the number under way is noted there, so that a run that dies can be taken up again.
    """
    signal.signal(signal.SIGPROF, _alarm)
    note = out / f"{target}.now" if out is not None else None
    with tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        for number in range(first, end):
            if note is not None:
                note.write_text(str(number))
            files, r = case(target, seed, number)
            if note is not None:
                faulthandler.dump_traceback_later(STUCK, exit=True)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                failed = try_case(target, files, r, Path(temporary) / "case")
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            if failed:
                yield number, failed


def _signature(failed: str) -> str:
    frames = re.findall(r'File "[^"]*/(eaa_graph/[^"]*)", line (\d+)', failed)
    last = failed.strip().splitlines()[-1]
    return f"{frames[-1] if frames else ''} {last.split(':')[0]}"


def _child(target: str, seed: int, first: int, end: int, out: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    faulthandler.enable()
    seen: dict[str, int] = {}
    for number, failed in run(target, seed, first, end, out):
        mark = _signature(failed)
        seen[mark] = seen.get(mark, 0) + 1
        if seen[mark] > 2:
            continue
        kept = out / "found" / f"{target}-{seed}-{number}"
        kept.mkdir(parents=True, exist_ok=True)
        for name, data in case(target, seed, number)[0].items():
            with contextlib.suppress(OSError, ValueError):
                (kept / name.replace("/", "_")).write_bytes(data)
        (kept / "traceback.log").write_text(failed)
        print(f"  {target} {number}: {mark}", flush=True)
    if _client.cache_info().currsize:
        _client().__exit__(None, None, None)
    peak = resource.getrusage(resource.RUSAGE_SELF)
    (out / f"{target}.done").write_text(
        json.dumps(
            {
                "inputs": end,
                "seed": seed,
                "failed": sum(seen.values()),
                "kinds": seen,
                "cpu": peak.ru_utime,
                "peak_kib": peak.ru_maxrss,
            }
        )
    )


def main() -> int:
    """Run the targets one after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all unless named")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="folder for progress and for the inputs that failed")
    parser.add_argument("--only", type=int, help="use this input alone and show what comes")
    parser.add_argument("--from", dest="first", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.first is not None:
        _child(given.targets[0], given.seed, given.first, given.inputs, given.out)
        return 0
    if given.only is not None:
        found = list(run(given.targets[0], given.seed, given.only, given.only + 1))
        print(found[0][1] if found else "it holds")
        return len(found)
    print(f"seed {given.seed}, {given.inputs:,} inputs for each target")
    bad = 0
    for target in given.targets or TARGETS:
        done, note = given.out / f"{target}.done", given.out / f"{target}.now"
        first = 0
        if note.exists():
            first = int(note.read_text() or 0)
        begun = time.time()
        while not done.exists():
            child = subprocess.run(
                [sys.executable, __file__, target, "--inputs", str(given.inputs), "--seed", str(given.seed), "--out", str(given.out), "--from", str(first)],
                check=False,
            )  # fmt: skip
            if not done.exists():
                first = int(note.read_text()) + 1 if note.exists() else given.inputs
                bad += 1
                print(f"  {target}: the process ended with {child.returncode} at input {first - 1}", flush=True)
                if first >= given.inputs or bad > 200:
                    break
        told = json.loads(done.read_text()) if done.exists() else {"failed": "?"}
        bad += told["failed"] if isinstance(told["failed"], int) else 1
        print(f"{target}: {told} in {time.time() - begun:.0f} s", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
