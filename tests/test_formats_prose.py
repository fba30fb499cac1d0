"""Documents, sentences, links and Word tables."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eaa_graph.errors import MissingExtra, UnreadableFile
from eaa_graph.model import Records
from eaa_graph.readers import documents, docx, links, opening, sentences
from eaa_graph.readers.csv_folder import read_folder
from eaa_graph.validate import validate
from eaa_graph.writers.graphs import write_kumu

ROOT = Path(__file__).resolve().parents[1]

YAML = """\
article: {id: smith2019, title: "Talking: it through", year: 2019}
coder: ann
cmos:
  - contexts: [mixed groups, shared past]
    mechanism: dialogue
    outcome: alignment
    quote: |
      We kept talking
      until no-one disagreed.
    stance: supports
    date: 2024-05-03
  - id: mine
    M: documentation
---
id: jones2020
title: On
extractions:
  - {context: no, mechanism: dialogue}
"""


def test_yaml_documents(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML, encoding="utf-8")
    assert opening.reader_for(tmp_path / "a.yaml").name == "documents"
    checked = validate(opening.read(tmp_path / "a.yaml"))
    assert not [f for f in checked.findings if f.severity == "error"]
    first, second, third = sorted(checked.records.extractions, key=lambda e: e.article + e.id, reverse=True)
    assert (first.id, first.contexts, first.mechanisms, first.outcomes) == (
        "smith2019-1",
        ("mixed groups", "shared past"),
        ("dialogue",),
        ("alignment",),
    )
    assert (first.quote, first.coder, first.stance, first.date) == (
        "We kept talking\nuntil no-one disagreed.",
        "ann",
        "supports",
        "2024-05-03",
    )
    assert (second.id, second.mechanisms) == ("mine", ("documentation",))
    # YAML 1.1 would read "no" as false.
    assert (third.article, third.contexts) == ("jones2020", ("no",))
    assert {a.id: a.title for a in checked.records.articles} == {"smith2019": "Talking: it through", "jones2020": "On"}


def test_json_documents_say_the_same(tmp_path: Path) -> None:
    content = [
        {
            "article": {"id": "smith2019", "year": 2019},
            "cmos": [{"contexts": ["mixed groups"], "outcomes": "alignment", "deep": {"x": 1}}, "odd"],
        },
        {"cmos": []},
        7,
    ]
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    assert opening.reader_for(tmp_path / "a.json").name == "documents"
    reading = opening.read(tmp_path / "a.json")
    assert [f.rule for f in reading.findings] == ["not-carried", "entry-unreadable", "missing-id", "entry-unreadable"]
    (only,) = validate(reading).records.extractions
    assert (only.contexts, only.outcomes) == (("mixed groups",), ("alignment",))


@pytest.mark.parametrize(
    "text",
    ["a: &x [1]\nb: *x\n", "a: !!python/object/apply:os.system ['true']\n", "a: [\n", "[" * 50_000, "\t- x: y\n"],
)
def test_yaml_that_could_harm_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableFile):
        documents.read(tmp_path / "a.yaml")


SENTENCES = """\
# Theory group, May
[x] E1: If mixed groups | shared past then alignment because dialogue / documentation.
- [ ] If opposing views stay apart then no agreement because dialogue
If people are heard, then they come back because trust grows
Somebody should look at power.
"""


def test_sentences_wait_for_a_person(tmp_path: Path) -> None:
    path = tmp_path / "theory.txt"
    path.write_text(SENTENCES, encoding="utf-8")
    assert opening.reader_for(path).name == "sentences"
    reading = opening.read(path)
    assert [(f.rule, f.where.row) for f in reading.findings] == [
        ("needs-confirmation", 3),
        ("needs-confirmation", 4),
        ("sentence-unread", 5),
    ]
    (only,) = validate(reading).records.configurations
    assert (only.id, only.contexts, only.mechanisms, only.outcomes) == (
        "E1",
        (("mixed groups", "shared past"),),
        (("dialogue",), ("documentation",)),
        (("alignment",),),
    )
    path.write_text(SENTENCES.replace("[ ]", "[x]"), encoding="utf-8")
    assert len(validate(opening.read(path)).records.configurations) == 2


parts = st.text(st.sampled_from("abc de"), min_size=1, max_size=8).map(lambda t: " ".join(t.split())).filter(bool)


@settings(max_examples=60, deadline=None)
@given(c=parts, o=parts, m=parts, confirmed=st.booleans())
def test_a_sentence_comes_apart_as_it_was_put_together(c: str, o: str, m: str, confirmed: bool) -> None:
    read = sentences.parse_sentence(f"{'[x] ' if confirmed else ''}If {c}, then {o} because {m}.")
    assert read is not None
    assert (read.contexts, read.outcomes, read.mechanisms, read.confirmed) == (c, o, m, confirmed)


CAUSAL = """\
link_id,from_label,to_label,source_id,quote,memo
1,talking,agreement,smith,"We talked, and agreed",clear
2,agreement,use,smith,So we used it,
3,talking,,smith,broken,
"""


def test_causal_map_links_are_extractions(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_text(CAUSAL, encoding="utf-8")
    assert opening.reader_for(path).name == "causal-map"
    checked = validate(opening.read(path))
    assert {"mapping-guessed", "entry-unreadable"} <= {f.rule for f in checked.findings}
    assert sorted((e.mechanisms, e.outcomes, e.quote, e.note) for e in checked.records.extractions) == [
        (("agreement",), ("use",), "So we used it", None),
        (("talking",), ("agreement",), "We talked, and agreed", "clear"),
    ]  # fmt: skip
    # What is a cause here and an effect there is one concept, listed as neither.
    assert {(c.id, c.listed_as) for c in checked.records.concepts} == {
        ("talking", None),
        ("agreement", None),
        ("use", None),
    }


def test_kumu_connections_are_claims(tmp_path: Path) -> None:
    content = {
        "elements": [
            {"_id": "e1", "attributes": {"label": "dialogue", "element type": "Mechanism"}},
            {"_id": "e2", "label": "alignment"},
        ],
        "connections": [
            {"from": "e1", "to": "e2", "direction": "directed"},
            {"from": "e2", "to": "power", "direction": "mutual", "label": "shapes"},
            {"from": "e1"},
        ],
    }
    path = tmp_path / "map.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert opening.reader_for(path).name == "kumu"
    records = validate(opening.read(path)).records
    assert [(c.from_concepts, c.relation, c.to_concepts, c.statement) for c in records.claims] == [
        (("dialogue",), "leads to", ("alignment",), None),
        (("alignment",), "interacts with", ("power",), "shapes"),
    ]
    assert {(c.id, c.listed_as) for c in records.concepts} == {
        ("dialogue", "mechanism"),
        ("alignment", None),
        ("power", None),
    }
    table = tmp_path / "connections.csv"
    table.write_text("From,To,Type\ndialogue,alignment,helps\n", encoding="utf-8")
    assert opening.reader_for(table).name == "kumu"
    assert [c.statement for c in validate(opening.read(table)).records.claims] == ["helps"]


def test_our_kumu_map_is_read_back(tmp_path: Path) -> None:
    pilot: Records = validate(read_folder(ROOT / "data" / "eaa_pilot")).records
    write_kumu(pilot, tmp_path / "pilot.json")
    assert opening.reader_for(tmp_path / "pilot.json").name == "kumu"
    back = validate(links.read_kumu(tmp_path / "pilot.json")).records
    assert {c.label for c in pilot.concepts} <= {c.label for c in back.concepts}
    assert len(back.claims) == len(json.loads((tmp_path / "pilot.json").read_text(encoding="utf-8"))["connections"])


def word(path: Path) -> Path:
    import docx as library

    document = library.Document()
    document.add_paragraph("Some prose.")
    other = document.add_table(rows=1, cols=2)
    other.cell(0, 0).text = "Name"
    table = document.add_table(rows=6, cols=4)
    for column, text in enumerate(("CMO", "Context (C)", "Mechanism", "Outcomes")):
        table.cell(0, column).text = text
    table.cell(1, 0).merge(table.cell(1, 3)).text = "Theme one: trust"
    rows = [
        ("1", "mixed groups", "dialogue", "alignment"),
        ("2", "", "documentation", "agreement"),
        ("3", "shared past", "hearing", "return"),
    ]
    for place, row in zip((2, 3, 4), rows, strict=True):
        for column, text in enumerate(row):
            if text:
                table.cell(place, column).text = text
    table.cell(2, 1).merge(table.cell(3, 1))
    table.cell(2, 3).add_paragraph("use of the result", style="List Bullet")
    document.save(str(path))
    return path


def test_word_tables_become_configurations(tmp_path: Path) -> None:
    path = word(tmp_path / "paper.docx")
    assert opening.reader_for(path).name == "docx"
    checked = validate(opening.read(path))
    configurations = {c.id: c for c in checked.records.configurations}
    assert sorted(configurations) == ["1", "2", "3"]
    assert configurations["1"].contexts == (("mixed groups",),)
    assert configurations["1"].outcomes == (("alignment", "use of the result"),)
    # A cell merged downwards holds for both rows; a row merged across is no configuration.
    assert configurations["2"].contexts == (("mixed groups",),)
    assert dict(configurations["3"].attributes)["heading"] == "Theme one: trust"
    assert {"sub-heading", "merged-cells"} <= {f.rule for f in checked.findings}
    assert not any("trust" in str(c.mechanisms) for c in configurations.values())


def test_word_files_that_could_harm_are_refused(tmp_path: Path) -> None:
    whole = word(tmp_path / "a.docx")
    for length in (0, 100, whole.stat().st_size // 2):
        (tmp_path / "b.docx").write_bytes(whole.read_bytes()[:length])
        with pytest.raises(UnreadableFile):
            docx.read(tmp_path / "b.docx")
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "c.docx", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "word/document.xml":
                data = data.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1)
            target.writestr(name, data)
    with pytest.raises(UnreadableFile, match="document type"):
        docx.read(tmp_path / "c.docx")


@pytest.mark.parametrize(
    ("module", "read", "name"), [("yaml", documents.read, "a.yaml"), ("docx", docx.read, "a.docx")]
)
def test_a_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, read: object, name: str
) -> None:
    nothing: ModuleType | None = None
    monkeypatch.setitem(sys.modules, module, nothing)
    (tmp_path / name).write_text("x: y\n", encoding="utf-8")
    with pytest.raises(MissingExtra, match=r"eaa-graph\[formats\]"):
        read(tmp_path / name)  # type: ignore[operator]


def test_a_proposal_can_be_made_changed_and_applied(tmp_path: Path) -> None:
    from eaa_graph.coded_project import Mapping
    from eaa_graph.readers import projects

    path = tmp_path / "links.csv"
    path.write_text(CAUSAL, encoding="utf-8")
    assert projects.is_project(path)
    text = projects.propose_for(path)
    before = projects.import_project(path)
    (tmp_path / "mapping.toml").write_text(text, encoding="utf-8")
    after = projects.import_project(path)
    rows = [[r.values for s in i.reading.sheets if s.name == "extractions" for r in s.rows] for i in (before, after)]
    assert rows[0] == rows[1]
    changed = text.replace('"mechanism"', '"context"')
    assert Mapping.from_toml(changed).roles != Mapping.from_toml(text).roles
    (tmp_path / "mapping.toml").write_text(changed, encoding="utf-8")
    (row, *_) = [
        r.values for s in projects.import_project(path).reading.sheets if s.name == "extractions" for r in s.rows
    ]
    assert row["contexts"] == "talking"
    assert {r["item"]: r["carried"] for r in after.losses.records()}["codings"] == 4
    (tmp_path / "mapping.toml").write_text("not toml", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="not valid TOML"):
        projects.import_project(path)
    (tmp_path / "s.txt").write_text(SENTENCES, encoding="utf-8")
    with pytest.raises(UnreadableFile, match="not a coded project"):
        projects.propose_for(tmp_path / "s.txt")
