"""REFI-QDA out and in: valid against the standard's schema, and unchanged."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from defusedxml.expatreader import DefusedExpatParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eaa_graph.coded_project import (
    Case,
    Code,
    CodedProject,
    Coding,
    Drawing,
    Group,
    Link,
    Mapping,
    Note,
    Selection,
    Source,
    SyncPoint,
    User,
    Value,
    Variable,
    derived_guid,
)
from eaa_graph.errors import BadSettings, Refused
from eaa_graph.readers import mapping as mapping_module
from eaa_graph.readers import qdc as qdc_reader
from eaa_graph.readers import qdpx as qdpx_reader
from eaa_graph.readers.csv_folder import read_folder
from eaa_graph.validate import validate
from eaa_graph.writers import qdc, qdpx
from eaa_graph.writers.losses import losses

ROOT = Path(__file__).resolve().parents[1]
STANDARD = ROOT.parent / "shared" / "data" / "qda" / "refi-standard"

# --- projects ---------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12)
names = words.map(lambda t: t.strip() or "x")
texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\n\t\r"),
    max_size=60,
)
dates = st.sampled_from(["", "2024-05-03T10:11:12Z", "2023-12-31T23:59:59.5+01:00"])


@st.composite
def projects(draw: st.DrawFn) -> CodedProject:
    """Draw a project of every kind of thing, in the form that the reader gives."""
    number = iter(range(10_000))

    def guid() -> str:
        return derived_guid("test", str(next(number)))

    users = [User(guid(), draw(words)) for _ in range(draw(st.integers(0, 2)))]
    user = st.sampled_from(["", *(u.guid for u in users)])
    notes = [
        Note(guid(), draw(words), draw(texts), draw(words), draw(user), draw(dates))
        for _ in range(draw(st.integers(0, 2)))
    ]
    some_notes = st.lists(st.sampled_from([n.guid for n in notes]), max_size=2).map(tuple) if notes else st.just(())
    codes: list[Code] = []
    for _ in range(draw(st.integers(0, 6))):
        # In the order of a file: a code follows its parent or somebody beneath it.
        chain = [""]
        if codes:
            current: Code | None = codes[-1]
            while current is not None:
                chain.append(current.guid)
                current = next((c for c in codes if current is not None and c.guid == current.parent), None)
        colour = draw(st.sampled_from(["", "#F00082", "#abc"]))
        codes.append(
            Code(
                guid(),
                draw(names),
                draw(st.sampled_from(chain)),
                draw(words),
                draw(st.booleans()),
                colour,
                draw(some_notes),
            )
        )

    def codings() -> tuple[Coding, ...]:
        if not codes:
            return ()
        return tuple(
            Coding(guid(), draw(st.sampled_from(codes)).guid, draw(user), draw(dates), draw(some_notes))
            for _ in range(draw(st.integers(0, 2)))
        )

    variables = [
        Variable(guid(), draw(names), kind, draw(words))
        for kind in draw(
            st.lists(st.sampled_from(["Text", "Boolean", "Integer", "Float", "Date", "DateTime"]), max_size=3)
        )
    ]

    def values() -> tuple[Value, ...]:
        written = st.sampled_from(["true", "7", "-3.5", "2024-02-03", "2024-02-03T01:02:03Z", "anything", ""])
        return tuple(Value(v.guid, draw(written)) for v in variables)

    sources: list[Source] = []
    selections: list[Selection] = []

    def passages(source: str, kind: str, positions: Any, text: str | None = None) -> None:
        for _ in range(draw(st.integers(0, 2))):
            position = draw(positions)
            quote = text[slice(*position)] if text is not None else None
            made = Selection(
                guid(),
                source,
                kind,
                position,
                draw(words),
                quote,
                None,
                draw(words),
                draw(user),
                draw(dates),
                codings(),
                draw(some_notes),
            )
            selections.append(made)

    def text_source(kind: str, of: str) -> Source:
        own = guid()
        text = draw(texts)
        inline = draw(st.booleans())
        pairs = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(lambda p: (min(p), max(p)))
        points: tuple[SyncPoint, ...] = ()
        if kind == "transcript":
            points = (SyncPoint(guid(), 0, 0), SyncPoint(guid(), 900, draw(st.integers(0, len(text)))))
            place = (0, points[1].position or 0)
            selections.append(
                Selection(
                    guid(),
                    own,
                    "transcript",
                    place,
                    "",
                    text[: place[1]],
                    codings=codings(),
                    sync=tuple(p.guid for p in points),
                )
            )
        else:
            passages(own, "text", pairs, text)
        return Source(
            own, draw(words), kind, of, "" if inline else f"internal://{own}.txt", resolved=True, length=len(text), text=text,
            inline=inline, description=draw(words), user=draw(user), date=draw(dates),
            values=() if kind == "transcript" else values(), codings=() if kind == "transcript" else codings(),
            notes=draw(some_notes), sync_points=points,
        )  # fmt: skip

    whole = st.integers(0, 9999)
    for kind in draw(st.lists(st.sampled_from(["text", "pdf", "picture", "audio", "video"]), max_size=3)):
        if kind == "text":
            sources.append(text_source("text", ""))
            continue
        own = guid()
        place = {"pdf": 5, "picture": 4, "audio": 2, "video": 2}[kind]
        before = len(selections)
        passages(own, kind, st.tuples(*[whole] * place))
        mine = selections[before:]
        del selections[before:]
        child = text_source({"pdf": "representation", "picture": "description"}.get(kind, "transcript"), own)
        selections += mine
        sources.append(
            Source(
                own,
                draw(words),
                kind,
                path=f"internal://{own}.bin",
                values=values(),
                codings=codings(),
                notes=draw(some_notes),
            )
        )
        sources.append(child)
    cases = [
        Case(
            guid(),
            draw(words),
            draw(words),
            tuple(c.guid for c in codes[:1]),
            tuple(s.guid for s in sources[:1]),
            tuple(s.guid for s in selections[:1]),
            values(),
        )
        for _ in range(draw(st.integers(0, 1)))
    ]
    links = (
        [Link(guid(), draw(words), codes[0].guid, codes[-1].guid, draw(st.sampled_from(["", "OneWay", "Associative"])))]
        if codes
        else []
    )
    groups = [
        Group(
            guid(),
            draw(words),
            draw(words),
            tuple(c.guid for c in codes[:2]),
            tuple(s.guid for s in sources[:1]),
            tuple(n.guid for n in notes),
        )
    ]
    vertex = (("firstx", "1"), ("firsty", "2"), ("guid", guid()), ("name", draw(names)))
    drawings = [Drawing(guid(), draw(words), (vertex,), ())]
    return CodedProject(
        draw(names), software="eaa-graph test", description=draw(words), users=tuple(users), codes=tuple(codes), sources=tuple(sources),
        selections=tuple(selections), variables=tuple(variables), cases=tuple(cases), notes=tuple(notes), links=tuple(links),
        groups=tuple(groups), drawings=tuple(drawings), notes_of_project=tuple(n.guid for n in notes[:1]),
    )  # fmt: skip


def settled(project: CodedProject) -> CodedProject:
    """Return `project` without what depends on the file and not on what it says."""
    selections = tuple(
        sorted((replace(s, paragraph=None, quote=s.quote or None) for s in project.selections), key=lambda s: s.guid)
    )
    return replace(project, file="", found=(), findings=(), selections=selections)


def schema(name: str) -> Any:
    if not STANDARD.is_dir():
        pytest.skip("the shared folder beside the checkout is not there")
    from lxml import etree

    return etree.XMLSchema(etree.parse(str(STANDARD / name)))


def parsed(data: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(data)


RELAXED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@RELAXED
@given(project=projects())
def test_a_project_comes_back_unchanged(tmp_path: Path, project: CodedProject) -> None:
    path = tmp_path / "p.qdpx"
    qdpx.write_project(project, path)
    back = qdpx_reader.read_project(path, texts=True)
    assert settled(back) == settled(project)
    assert not [f for f in back.findings if f.rule != "unresolved-source"]


@RELAXED
@given(project=projects())
def test_what_is_written_is_valid(tmp_path: Path, project: CodedProject) -> None:
    check = schema("Project.xsd")
    path = tmp_path / "p.qdpx"
    qdpx.write_project(project, path)
    with zipfile.ZipFile(path) as archive:
        document = parsed(archive.read("project.qde"))
    assert check.validate(document), check.error_log
    if project.codes:
        qdc.write_project(project, tmp_path / "p.qdc")
        book = schema("Codebook.xsd")
        assert book.validate(parsed((tmp_path / "p.qdc").read_bytes())), book.error_log


@RELAXED
@given(project=projects())
def test_a_codebook_comes_back_unchanged(tmp_path: Path, project: CodedProject) -> None:
    if not project.codes:
        with pytest.raises(Refused):
            qdc.write_project(project, tmp_path / "p.qdc")
        return
    qdc.write_project(project, tmp_path / "p.qdc")
    back = qdc_reader.read_project(tmp_path / "p.qdc")
    assert back.codes == tuple(replace(c, notes=()) for c in project.codes)
    assert back.groups == tuple(replace(g, sources=(), notes=()) for g in project.groups if g.codes)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    project = CodedProject("p", codes=(Code(derived_guid("a"), "a"),))
    qdpx.write_project(project, tmp_path / "a.qdpx")
    qdpx.write_project(project, tmp_path / "b.qdpx")
    assert (tmp_path / "a.qdpx").read_bytes() == (tmp_path / "b.qdpx").read_bytes()


# --- the pilot review -----------------------------------------------------------------------------


def test_the_pilot_review_comes_back_but_for_what_is_announced(tmp_path: Path) -> None:
    records = validate(read_folder(ROOT / "data" / "eaa_pilot")).records
    for writer, reader, suffix in ((qdpx, qdpx_reader, ".qdpx"), (qdc, qdc_reader, ".qdc")):
        path = tmp_path / f"pilot{suffix}"
        written = writer.write(records, path)
        assert sorted(written) == sorted(p for p in tmp_path.iterdir() if p.name.startswith(path.name))
        back = validate(reader.read(path)).records
        assert back == writer.carried(records)
        table = losses(records, back, "losses")
        for row in table.records():
            assert row["values"] == row["carried"] + row["not_carried"]
        lost = {row["sheet"] for row in table.records() if row["carried"] == 0}
        assert {"configurations", "theories", "appraisals", "reported"} <= lost
    with zipfile.ZipFile(tmp_path / "pilot.qdpx") as archive:
        check = schema("Project.xsd")
        assert check.validate(parsed(archive.read("project.qde"))), check.error_log


def test_reading_again_updates_and_never_duplicates(tmp_path: Path) -> None:
    records = validate(read_folder(ROOT / "data" / "eaa_pilot")).records
    qdpx.write(records, tmp_path / "a.qdpx")
    first = validate(qdpx_reader.read(tmp_path / "a.qdpx")).records
    project = qdpx_reader.read_project(tmp_path / "a.qdpx", texts=True)
    # In the other software a code gets another name; the mapping ties it to its concept all the same.
    renamed = next(c for c in project.codes if c.name == "dialogue")
    changed = replace(
        project, codes=tuple(replace(c, name="two-way talk") if c.guid == renamed.guid else c for c in project.codes)
    )
    qdpx.write_project(changed, tmp_path / "a.qdpx")
    second = validate(qdpx_reader.read(tmp_path / "a.qdpx")).records
    assert [e.id for e in second.extractions] == [e.id for e in first.extractions]
    assert [c.id for c in second.concepts] == [c.id for c in first.concepts]
    assert "two-way talk" in {c.label for c in second.concepts}


# --- variants in the wild -----------------------------------------------------------------------------

A, B, S, T = (derived_guid(x) for x in "abst")


def archive(path: Path, xml: str | bytes, **members: bytes | str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("Some Name.QDE", xml)
        for name, content in members.items():
            made.writestr(name.replace("__", "/"), content)
    return path


def project_xml(inside: str, codes: str = "", attributes: str = 'xmlns="urn:QDA-XML:project:1.0"') -> str:
    book = codes or f'<CodeBook><Codes><Code guid="{A}" name="trust" isCodable="true"/></Codes></CodeBook>'
    return f'<?xml version="1.0"?><Project {attributes} name="n">{book}<Sources>{inside}</Sources></Project>'


def passage(start: int, end: int, name: str = "") -> str:
    return f'<PlainTextSelection guid="{S}" name="{name}" startPosition="{start}" endPosition="{end}"><Coding guid="{T}"><CodeRef targetGUID="{A}"/></Coding></PlainTextSelection>'


@pytest.mark.parametrize(
    "path", ["internal://t.txt", "internal:///t.txt", "t.txt", "sources/t.txt", "Sources\\t.txt", "INTERNAL://T.TXT"]
)
def test_paths_as_vendors_write_them(tmp_path: Path, path: str) -> None:
    xml = project_xml(f'<TextSource guid="{B}" plainTextPath="{path}">{passage(0, 4)}</TextSource>')
    project = qdpx_reader.read_project(
        archive(tmp_path / "p.qdpx", xml, Sources__t__txt="")
        if False
        else archive(tmp_path / "p.qdpx", xml, **{"Sources__t.txt": "Well then"})
    )
    assert project.sources[0].resolved
    assert project.selections[0].quote == "Well"


def test_a_tag_of_many_megabytes_is_not_read_again_for_each_of_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser starts an unfinished tag again with each piece it gets: the pieces must be few."""
    hole = "\0" * (40 << 20)
    pieces = []
    feed = DefusedExpatParser.feed
    monkeypatch.setattr(
        DefusedExpatParser, "feed", lambda *given, **named: (pieces.append(given[1]), feed(*given, **named))[1]
    )
    xml = project_xml(
        "", codes=f'<Code guid="a" name="b{hole}" isCodable="true"/><Code guid="c" name="d\0e" isCodable="true"/>'
    )
    project = qdpx_reader.read_stream(io.BytesIO(xml.encode()), qdpx_reader.FolderSources(None), "file.qde", "file.qde")
    assert [len(code.name) for code in project.codes] == [(40 << 20) + 1, 3]
    assert len(pieces) < 16
    assert any(f"{(40 << 20) + 1:,}" in str(finding) for finding in project.findings)


@pytest.mark.parametrize("attributes", ["", 'xmlns="urn:QDA-XML:project:1.5"', 'xmlns="http://example.org/odd"'])
def test_any_namespace_will_do(tmp_path: Path, attributes: str) -> None:
    xml = project_xml(f'<TextSource guid="{B}"/>', attributes=attributes)
    assert len(qdpx_reader.read_project(archive(tmp_path / "p.qdpx", xml)).codes) == 1


def test_a_prefixed_namespace_will_do(tmp_path: Path) -> None:
    xml = f'<q:Project xmlns:q="urn:QDA-XML:project:1.0" name="n"><q:CodeBook><q:Codes><q:Code guid="{A}" name="trust"/></q:Codes></q:CodeBook></q:Project>'
    assert [c.name for c in qdpx_reader.read_project(archive(tmp_path / "p.qdpx", xml)).codes] == ["trust"]


def test_without_a_codebook_codings_keep_their_guids(tmp_path: Path) -> None:
    xml = f'<Project name="n"><Sources><TextSource guid="{B}"><PlainTextContent>Well then</PlainTextContent>{passage(0, 4)}</TextSource></Sources></Project>'
    project = qdpx_reader.read_project(archive(tmp_path / "p.qdpx", xml))
    assert [c.guid for c in project.codes] == [A]
    assert "dangling-coding" in {f.rule for f in project.findings}


def test_guids_are_one_whatever_their_braces_and_case(tmp_path: Path) -> None:
    xml = project_xml(
        f'<TextSource guid="{B}"><PlainTextContent>Well then</PlainTextContent>{passage(0, 4)}</TextSource>',
        codes=f'<CodeBook><Codes><Code guid="{{{A.upper()}}}" name="trust" isCodable="true"/></Codes></CodeBook>',
    )
    project = qdpx_reader.read_project(archive(tmp_path / "p.qdpx", xml))
    assert project.selections[0].codings[0].code == project.codes[0].guid == A


TALK = "First line.\nPeople came to trust each other.\nLast \U0001f600 line of the talk.\n"
TRUST = "People came to trust each other."


@pytest.mark.parametrize(
    ("content", "start", "end"),
    [
        (TALK, 12, 44),
        ("\ufeff" + TALK, 12, 44),
        ("\ufeff" + TALK, 13, 45),
        (TALK.replace("\n", "\r\n"), 13, 45),
        (TALK.replace("\n", "\r\n"), 12, 44),
        (TALK, 13, 45),
        (TALK, 12, 43),
    ],
    ids=["plain", "mark", "mark counted", "crlf", "crlf counted once", "lf counted twice", "last inclusive"],
)
def test_positions_land_on_the_words_however_they_are_counted(
    tmp_path: Path, content: str, start: int, end: int
) -> None:
    xml = project_xml(
        f'<TextSource guid="{B}" plainTextPath="internal://t.txt">{passage(start, end, TRUST)}</TextSource>'
    )
    project = qdpx_reader.read_project(archive(tmp_path / "p.qdpx", xml, **{"sources__t.txt": content.encode()}))
    assert project.selections[0].quote == TRUST
    standard = content.lstrip("\ufeff")[start:end] == TRUST
    assert ("text-positions" in {f.rule for f in project.findings}) != standard


def test_utf16_units_are_counted_where_the_words_say_so(tmp_path: Path) -> None:
    begin = TALK.index("line of")
    xml = project_xml(
        f'<TextSource guid="{B}" plainTextPath="t.txt">{passage(begin + 1, begin + 17, "line of the talk")}</TextSource>'
    )
    project = qdpx_reader.read_project(archive(tmp_path / "p.qdpx", xml, **{"sources__t.txt": TALK.encode()}))
    assert project.selections[0].quote == "line of the talk"


def test_a_passage_outside_its_text_is_kept_without_words(tmp_path: Path) -> None:
    xml = project_xml(
        f'<TextSource guid="{B}"><PlainTextContent>Short</PlainTextContent>{passage(3, 999)}</TextSource>'
    )
    project = qdpx_reader.read_project(archive(tmp_path / "p.qdpx", xml))
    assert project.selections[0].quote is None
    assert [f.rule for f in project.findings] == ["position-outside-text"]


def test_a_bare_qde_reads_the_sources_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "t.txt").write_text("Well then", encoding="utf-8")
    path = tmp_path / "project.qde"
    path.write_text(
        project_xml(f'<TextSource guid="{B}" plainTextPath="t.txt">{passage(0, 4)}</TextSource>'), encoding="utf-8"
    )
    assert qdpx_reader.read_project(path).selections[0].quote == "Well"


# --- mapping ---------------------------------------------------------------------------------------------


def cmo_project(*positions: tuple[int, int], users: tuple[str, ...] = ()) -> CodedProject:
    """Return a project whose codes C, M, O lie one each on `positions` of one text."""
    heads = [Code(derived_guid(r), r) for r in ("Contexts", "Mechanisms", "Outcomes")]
    leaves = [
        Code(derived_guid(n), n, h.guid) for n, h in zip(("mixed groups", "dialogue", "alignment"), heads, strict=True)
    ]
    text = "".join(chr(97 + i % 26) for i in range(100))
    coders = users or ("u",) * len(positions)
    selections = tuple(
        Selection(derived_guid("s", str(i)), "src", "text", p, quote=text[slice(*p)], paragraph=p[0] // 50,
                  codings=(Coding(derived_guid("c", str(i)), leaves[i % 3].guid, coders[i], f"2024-01-0{i + 1}"),))
        for i, p in enumerate(positions)
    )  # fmt: skip
    return CodedProject(
        "p", "p.qdpx", users=tuple(User(u, u) for u in sorted(set(coders))), codes=tuple(x for pair in zip(heads, leaves, strict=True) for x in pair),
        sources=(Source("src", "smith.txt", length=100, resolved=True),), selections=selections,
    )  # fmt: skip


def extractions(project: CodedProject, unit: str) -> list[dict[str, str]]:
    guessed = replace(mapping_module.guess(project), unit=unit)
    reading = mapping_module.apply(project, guessed).reading
    assert not [f for f in validate(reading).findings if f.severity == "error"]
    return [r.values for s in reading.sheets if s.name == "extractions" for r in s.rows]


def test_the_unit_decides_which_codes_are_one_extraction() -> None:
    project = cmo_project((0, 10), (5, 20), (30, 40))
    assert len(extractions(project, "selection")) == 3
    overlap = extractions(project, "overlap")
    assert [(r.get("contexts"), r.get("mechanisms"), r.get("outcomes")) for r in overlap] == [
        ("mixed-groups", "dialogue", None),
        (None, None, "alignment"),
    ]
    assert overlap[0]["quote"] == "abcdefghijklmnopqrst"
    assert len(extractions(project, "paragraph")) == 1
    same = cmo_project((3, 9), (3, 9), (3, 9))
    (row,) = extractions(same, "selection")
    assert (row["contexts"], row["mechanisms"], row["outcomes"], row["quote"]) == (
        "mixed-groups",
        "dialogue",
        "alignment",
        "defghi",
    )


def test_passages_that_only_touch_do_not_overlap() -> None:
    assert len(extractions(cmo_project((0, 10), (10, 20)), "overlap")) == 2


def test_two_coders_never_share_an_extraction() -> None:
    rows = extractions(cmo_project((3, 9), (3, 9), (3, 9), users=("a", "b", "a")), "overlap")
    assert sorted((r["coder"], r.get("mechanisms", "")) for r in rows) == [("a", ""), ("b", "dialogue")]


def test_an_extraction_keeps_its_id_when_codes_are_added() -> None:
    before = {r["id"] for r in extractions(cmo_project((3, 9)), "selection")}
    after = {r["id"] for r in extractions(cmo_project((3, 9), (3, 9), (50, 60)), "selection")}
    assert before < after


def test_roles_are_guessed_from_the_words_of_the_field() -> None:
    project = cmo_project((0, 5))
    roles = mapping_module.guess(project).roles
    assert sorted(roles.values()) == ["context", "mechanism", "outcome"]
    letters = CodedProject(
        "p", codes=tuple(Code(derived_guid(n), n) for n in ("C: shared past", "M - trust", "O: uptake", "Care homes"))
    )
    assert sorted(mapping_module.guess(letters).roles.values()) == ["context", "mechanism", "outcome"]
    alone = CodedProject("p", codes=(Code(derived_guid("x"), "C: only one"),))
    assert mapping_module.guess(alone).roles == {}


def test_a_proposed_mapping_is_the_guess_and_can_be_read(tmp_path: Path) -> None:
    project = cmo_project((0, 5), (7, 9))
    text = mapping_module.propose(project)
    guessed = mapping_module.guess(project)
    assert Mapping.from_toml(text) == guessed
    for code in project.codes:
        assert code.name in text


def test_a_mapping_beside_the_file_is_used(tmp_path: Path) -> None:
    project = cmo_project((0, 5))
    qdpx.write_project(project, tmp_path / "p.qdpx")
    read = qdpx_reader.read_project(tmp_path / "p.qdpx")
    codes = {c.name: c.guid for c in read.codes}
    changed = Mapping(roles={codes["Contexts"]: "outcome"}, codes={codes["mixed groups"]: "mixed"})
    (tmp_path / "p.qdpx.mapping.toml").write_text(changed.to_toml(), encoding="utf-8")
    records = validate(qdpx_reader.read(tmp_path / "p.qdpx")).records
    assert records.extractions[0].outcomes == ("mixed",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[roles]\nx = 'contxt'", "did you mean 'context'"),
        ("[import]\nunit = 'page'", "unit must be one of"),
        ("[rolls]\nx = 'context'", "did you mean 'roles'"),
        ("not toml", "not valid TOML"),
        ("[roles]\nx = 3", "needs lines of the form"),
    ],
)
def test_a_bad_mapping_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(BadSettings, match=says):
        Mapping.from_toml(text)


def test_codes_without_a_role_are_kept_and_reported() -> None:
    project = cmo_project((0, 5))
    imported = mapping_module.apply(project, Mapping())
    (row,) = [r.values for s in imported.reading.sheets if s.name == "extractions" for r in s.rows]
    assert row["codes_without_role"] == "mixed groups"
    assert "mapping-gap" in {f.rule for f in imported.reading.findings}
    assert {r["item"]: r["carried"] for r in imported.losses.records()}["codings"] == 1


def test_what_the_mapping_leaves_out_is_counted() -> None:
    project = cmo_project((0, 5), (7, 9))
    guessed = mapping_module.guess(project)
    left = replace(guessed, roles={**guessed.roles, derived_guid("Contexts"): "ignore"})
    table = {r["item"]: r for r in mapping_module.apply(project, left).losses.records()}
    assert (table["codings"]["found"], table["codings"]["carried"]) == (2, 1)
    assert "leaves out" in str(table["codings"]["why"])
    assert table["codes"]["not_carried"] == 2
    nowhere = replace(guessed, sources={"src": ""})
    table = {r["item"]: r for r in mapping_module.apply(project, nowhere).losses.records()}
    assert (table["sources"]["carried"], table["codings"]["carried"]) == (0, 0)
