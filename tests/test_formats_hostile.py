"""Files made to harm, or merely broken: one clear error or finding each, in bounded memory and time."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eaa_graph.coded_project import Code, CodedProject, Source, derived_guid
from eaa_graph.errors import EaaError, UnreadableFile
from eaa_graph.readers import eppi, qdc, qdpx, qualcoder, references, rqda, taguette
from eaa_graph.writers import qdpx as writing

A, B = derived_guid("a"), derived_guid("b")
HEAD = '<?xml version="1.0" encoding="utf-8"?>'
BOOK = f'<CodeBook><Codes><Code guid="{A}" name="trust" isCodable="true"/></Codes></CodeBook>'


def project(inside: str = "") -> str:
    return f'{HEAD}<Project name="n">{BOOK}<Sources>{inside}</Sources></Project>'


def qdpx_of(path: Path, members: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(autouse=True)
def _bounded(tmp_path: Path) -> Iterator[None]:
    """Hold every test here to a few seconds and to 200 MB of Python's memory."""
    tracemalloc.start()
    start = time.monotonic()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20
    assert time.monotonic() - start < 30


XML_ATTACKS = {
    "internal entities": '<!DOCTYPE Project [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Project name="&b;"/>',
    "billion laughs": "<!DOCTYPE Project ["
    + '<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{i} "&l{i - 1};&l{i - 1};">' for i in range(1, 40))
    + ']><Project name="&l39;"/>',
    "external entity": '<!DOCTYPE Project [<!ENTITY x SYSTEM "file:///etc/passwd">]><Project name="n"><Description>&x;</Description></Project>',
    "external dtd": '<!DOCTYPE Project SYSTEM "http://192.0.2.1/x.dtd"><Project name="n"/>',
    "parameter entity": '<!DOCTYPE Project [<!ENTITY % p SYSTEM "http://192.0.2.1/p">%p;]><Project name="n"/>',
}


@pytest.mark.parametrize("attack", XML_ATTACKS, ids=str)
@pytest.mark.parametrize("suffix", [".qdpx", ".qde", ".qdc"])
def test_entities_and_document_types_are_refused(tmp_path: Path, attack: str, suffix: str) -> None:
    xml = XML_ATTACKS[attack]
    path = tmp_path / f"x{suffix}"
    if suffix == ".qdpx":
        qdpx_of(path, {"project.qde": xml})
    else:
        path.write_text(xml.replace("Project", "CodeBook") if suffix == ".qdc" else xml, encoding="utf-8")
    with pytest.raises(UnreadableFile, match="document type or entities"):
        (qdc if suffix == ".qdc" else qdpx).read(path)


@pytest.mark.parametrize("name", ["Code", "x", "Description"])
def test_a_hundred_megabytes_of_nested_elements(tmp_path: Path, name: str) -> None:
    count = (100 << 20) // (2 * len(name) + 5)
    path = tmp_path / "x.qde"
    with path.open("wb") as stream:
        stream.write(b'<Project name="n">')
        for _ in range(100):
            stream.write(f"<{name}>".encode() * (count // 100))
    with pytest.raises(UnreadableFile, match="nested more than"):
        qdpx.read(path)


def test_a_zip_bomb_as_project(tmp_path: Path) -> None:
    path = tmp_path / "x.qdpx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("project.qde", "w") as stream:
        stream.write(b'<Project name="n">')
        for _ in range(100):
            stream.write(b" " * (1 << 20))
    with pytest.raises(UnreadableFile, match="would unpack"):
        qdpx.read(path)


def test_a_zip_bomb_as_source_costs_that_source_only(tmp_path: Path) -> None:
    path = tmp_path / "x.qdpx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.qde", project(f'<TextSource guid="{B}" name="s" plainTextPath="internal://b.txt"/>'))
        with archive.open("sources/b.txt", "w") as stream:
            for _ in range(100):
                stream.write(b" " * (1 << 20))
    found = qdpx.read_project(path)
    assert not found.sources[0].resolved
    assert "too-large" in {f.rule for f in found.findings}


@pytest.mark.parametrize(
    "target",
    [
        "../secret.txt",
        "internal://../secret.txt",
        "/etc/passwd",
        "internal:///../../etc/passwd",
        "C:\\secret.txt",
        "..\\secret.txt",
        "sources/../../secret.txt",
        "%2e%2e/secret.txt",
    ],
)
def test_paths_that_lead_outside_are_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret.txt").write_text("do not read", encoding="utf-8")
    inside = tmp_path / "in"
    (inside / "sources").mkdir(parents=True)
    xml = project(f'<TextSource guid="{B}" name="s" plainTextPath="{target}"/>')
    (inside / "x.qde").write_text(xml, encoding="utf-8")
    qdpx_of(
        inside / "x.qdpx",
        {"project.qde": xml, "../secret.txt": "do not read", "/etc/passwd": "do not read", "sources/a.txt": "a"},
    )
    for name in ("x.qde", "x.qdpx"):
        found = qdpx.read_project(inside / name, texts=True)
        assert found.sources[0].text is None
        assert not found.sources[0].resolved
        assert "unsafe-path" in {f.rule for f in found.findings}
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["secret.txt", "x.qde", "x.qdpx"]


def test_absolute_and_relative_schemes_are_listed_as_unresolved(tmp_path: Path) -> None:
    xml = project(f'<TextSource guid="{B}" name="s" plainTextPath="absolute:///etc/passwd"/>')
    found = qdpx.read_project(qdpx_of(tmp_path / "x.qdpx", {"project.qde": xml}), texts=True)
    assert found.sources[0].text is None
    assert [f.rule for f in found.findings] == ["unresolved-source"]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_symbolic_links_beside_a_qde_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("do not read", encoding="utf-8")
    (tmp_path / "in" / "sources").mkdir(parents=True)
    (tmp_path / "in" / "sources" / "b.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "in" / "x.qde").write_text(project(f'<TextSource guid="{B}" plainTextPath="b.txt"/>'), encoding="utf-8")
    assert qdpx.read_project(tmp_path / "in" / "x.qde", texts=True).sources[0].text is None


def a_project(path: Path) -> bytes:
    made = CodedProject(
        "p",
        codes=tuple(Code(derived_guid(str(i)), f"c{i}") for i in range(50)),
        sources=(Source(B, "s", path=f"internal://{B}.txt", text="word " * 400, resolved=True),),
    )
    writing.write_project(made, path)
    return path.read_bytes()


def test_a_truncated_archive_anywhere(tmp_path: Path) -> None:
    whole = a_project(tmp_path / "whole.qdpx")
    path = tmp_path / "x.qdpx"
    for length in range(0, len(whole), max(len(whole) // 60, 1)):
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadableFile):
            qdpx.read(path)


def test_damaged_bytes_anywhere_are_an_error_or_a_finding(tmp_path: Path) -> None:
    whole = a_project(tmp_path / "whole.qdpx")
    rest = qdpx.read_project(tmp_path / "whole.qdpx", texts=True)
    path = tmp_path / "x.qdpx"
    pick = random.Random(7)
    for _ in range(150):
        data = bytearray(whole)
        data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
        path.write_bytes(data)
        try:
            found = qdpx.read_project(path, texts=True)
        except UnreadableFile:
            continue
        # Either nothing that matters was hit, or it is told.
        assert found.findings or [c.name for c in found.codes] == [c.name for c in rest.codes]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a whole"),
        (b"PK\x03\x04", "not a whole"),
        (b"\x00" * 1000, "not a whole"),
        (b"%PDF-1.4", "not a whole"),
        (HEAD.encode(), "not a whole"),
    ],
)
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "x.qdpx").write_bytes(content)
    with pytest.raises(UnreadableFile, match=says):
        qdpx.read(tmp_path / "x.qdpx")


def test_archives_without_a_project(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"without a \.qde"):
        qdpx.read(qdpx_of(tmp_path / "x.qdpx", {"readme.txt": "x"}))
    with pytest.raises(UnreadableFile, match="root element"):
        qdpx.read(qdpx_of(tmp_path / "y.qdpx", {"p.qde": "<html/>"}))
    with pytest.raises(UnreadableFile, match="not well-formed"):
        qdpx.read(qdpx_of(tmp_path / "z.qdpx", {"p.qde": project()[:-20]}))
    with pytest.raises(UnreadableFile):
        qdpx.read(tmp_path / "missing.qdpx")


def test_bytes_that_are_not_utf8_in_the_middle(tmp_path: Path) -> None:
    xml = project().replace("trust", "tr\x00ust").encode().replace(b"\x00", b"\xff\x01")
    found = qdpx.read_project(qdpx_of(tmp_path / "x.qdpx", {"project.qde": xml}))
    assert found.codes[0].name == "tr\ufffd ust"
    assert {f.rule for f in found.findings} == {"bytes-replaced", "control-characters"}
    text = project(f'<TextSource guid="{B}" plainTextPath="b.txt"/>')
    found = qdpx.read_project(
        qdpx_of(tmp_path / "y.qdpx", {"project.qde": text, "sources/b.txt": b"caf\xe9"}), texts=True
    )
    assert found.sources[0].text == "caf\ufffd"
    assert {f.rule for f in found.findings} == {"bytes-replaced"}


def test_a_utf16_project_is_read(tmp_path: Path) -> None:
    xml = project().replace("utf-8", "utf-16").encode("utf-16")
    assert qdpx.read_project(qdpx_of(tmp_path / "x.qdpx", {"project.qde": xml})).codes[0].name == "trust"


# --- SQLite ------------------------------------------------------------------------------------------

DATABASES = [(qualcoder.read, "x.qda"), (rqda.read, "x.rqda"), (taguette.read, "x.sqlite3")]


@pytest.mark.parametrize(("read", "name"), DATABASES, ids=["qualcoder", "rqda", "taguette"])
@pytest.mark.parametrize(
    "content",
    [b"", b"SQLite format 3\x00", b"SQLite format 3\x00" + b"\xff" * 5000, b"not a database", b"PK\x03\x04zip"],
    ids=["empty", "header", "noise", "text", "zip"],
)
def test_sqlite_files_that_are_not(tmp_path: Path, read: Callable[[Path], Any], name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableFile):
        read(path)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_views_of_a_crafted_database_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.rqda"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript("""
        create table freecode (name text, id integer, status integer);
        create view coding as with recursive n(i) as (select 1 union all select i + 1 from n) select i as cid, i as fid, 'x' as seltext, 0 as selfirst, 1 as selend, 1 as status from n;
        create table source (name text, id integer, file text, status integer);
        """)
    db.close()
    assert rqda.read_project(path).selections == ()


def test_a_damaged_database_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "x.rqda"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            "create table freecode (name text, id integer, status integer); create table coding (cid integer); create table source (name text, id integer, file text, status integer);"
        )
        db.executemany("insert into source values (?, ?, ?, 1)", [(f"s{i}", i, "word " * 2000) for i in range(200)])
    db.close()
    data = bytearray(path.read_bytes())
    data[40960:1_200_000] = b"\xfe" * (1_200_000 - 40960)
    path.write_bytes(data)
    with pytest.raises(UnreadableFile):
        rqda.read(path)


# --- whatever bytes, every reader ------------------------------------------------------------------------

READERS: list[tuple[Callable[[Path], Any], str]] = [
    (qdpx.read, "x.qdpx"), (qdpx.read, "x.qde"), (qdc.read, "x.qdc"), (eppi.read, "x.json"), (references.read_ris, "x.ris"),
    (references.read_bibtex, "x.bib"), (references.read_nbib, "x.nbib"), (references.read_csl, "x.json"), *DATABASES,
]  # fmt: skip
pieces = st.sampled_from([b"<Project name='n'>", b"<Code ", b"guid='", b"'>", b"</Project>", b"TY  - JOUR\n", b"ER  - \n", b"@article{a, title={", b"}", b"PMID- 1\n", b"TI  - x\n", b'[{"id":', b'"x"', b"}]", b'{"CodeSets":[{"Attributes":{"AttributesList":[', b'"References":[{"Codes":[null,3,{}]}]', b"\xff", b"\x00", b"\n", b" "])  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(pieces | st.binary(max_size=20), max_size=12).map(b"".join), which=st.integers(0, len(READERS) - 1)
)
def test_any_bytes_give_a_reading_or_one_clear_error(tmp_path: Path, data: bytes, which: int) -> None:
    read, name = READERS[which]
    (tmp_path / name).write_bytes(data)
    try:
        reading = read(tmp_path / name)
    except EaaError as error:
        said = str(error)
    else:
        said = reading.name
    finally:
        (tmp_path / name).unlink()
    assert said
    assert "\n" not in said
    assert not list(tmp_path.iterdir())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda v: (
        st.lists(v, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "CodeSets",
                    "References",
                    "Codes",
                    "Attributes",
                    "AttributesList",
                    "AttributeId",
                    "ItemId",
                    "Outcomes",
                    "ItemAttributeFullTextDetails",
                    "author",
                    "issued",
                    "date-parts",
                    "title",
                    "items",
                ]
            ),
            v,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values)
def test_json_of_any_shape(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text(
        json.dumps({"References": value, "CodeSets": value} if not isinstance(value, dict) else value), encoding="utf-8"
    )
    for read in (eppi.read, references.read_csl):
        with contextlib.suppress(UnreadableFile):
            read(path)


# --- size -----------------------------------------------------------------------------------------------------

MEASURE = """
import resource, sys
from pathlib import Path
from eaa_graph.readers import qdpx
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
project = qdpx.read_project(Path(sys.argv[1]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(project.sources), len(project.selections), sum(len(s.codings) for s in project.selections), after - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux counts it")
def test_two_hundred_megabytes_stream_in_the_memory_of_one_text(tmp_path: Path) -> None:
    assert resource.RUSAGE_SELF == 0
    path = tmp_path / "big.qdpx"
    pick = random.Random(1)
    texts, each, size = 100, 50, 1 << 20
    xml = io.StringIO()
    xml.write(f'{HEAD}<Project name="n">{BOOK}<Sources>')
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(texts):
            own = derived_guid("text", str(number))
            text = pick.randbytes(size).hex()
            archive.writestr(f"sources/{own}.txt", text)
            xml.write(f'<TextSource guid="{own}" plainTextPath="internal://{own}.txt">')
            for place in range(each):
                guid = derived_guid(own, str(place))
                xml.write(
                    f'<PlainTextSelection guid="{guid}" startPosition="{place * 100}" endPosition="{place * 100 + 80}"><Coding guid="{derived_guid(guid)}"><CodeRef targetGUID="{A}"/></Coding></PlainTextSelection>'
                )
            xml.write("</TextSource>")
        xml.write("</Sources></Project>")
        archive.writestr("project.qde", xml.getvalue())
    assert path.stat().st_size > 200 << 20
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    sources, selections, codings, kilobytes = map(int, done.stdout.split())
    assert (sources, selections, codings) == (texts, texts * each, texts * each)
    # One text of 2 MB as bytes and as characters, its reading variants, and 5,000 codings: far below the file.
    assert kilobytes < 40 << 10
