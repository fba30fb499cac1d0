"""A few mutated inputs for each reader and parser; the long run is `python tests/fuzzing.py` (see docs/limits.md).

``EAA_FUZZ_INPUTS`` says how many for each; 40 unless given.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest
from fuzzing import TARGETS, run

from eaa_graph import queries, registry
from eaa_graph.errors import BadQuery, UnreadableFile
from eaa_graph.readers import opening

INPUTS = int(os.environ.get("EAA_FUZZ_INPUTS", "40"))


def test_every_reader_is_fuzzed() -> None:
    assert set(registry.parts("readers")) <= set(TARGETS)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="time limits are held by POSIX signals")
@pytest.mark.parametrize("target", [t for t in TARGETS if t != "~server"])
def test_mutated_inputs_do_no_harm(target: str) -> None:
    for number, failed in run(target, 1, 0, INPUTS):
        pytest.fail(f"{target}, input {number}: {failed}")


def test_a_question_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Found by fuzzing."""
    path = tmp_path / "q.rq"
    path.write_bytes(b"\xff#+ summary: x\n")
    with pytest.raises(BadQuery, match="not UTF-8"):
        queries._read(path)


@pytest.mark.parametrize("encoding", ["null", "shift_jis", "hex"])
def test_xml_in_an_encoding_nobody_reads_is_refused(tmp_path: Path, encoding: str) -> None:
    """Found by fuzzing: the parser of XML raises other errors for these than for XML that is not well-formed."""
    path = tmp_path / "book.qdc"
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?><CodeBook><Codes/></CodeBook>')
    with pytest.raises(UnreadableFile, match="encoding"):
        registry.find("readers", "qdc").read(path)


@pytest.mark.parametrize("suffix", [".qdpx", ".docx", ".xlsx", ".qda", ".bin"])
def test_an_archive_of_a_later_kind_is_refused(tmp_path: Path, suffix: str) -> None:
    """Found by fuzzing: an archive that says it needs a later version of ZIP raises another error than a damaged one."""
    path = tmp_path / f"x{suffix}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
    packed = bytearray(path.read_bytes())
    packed[packed.find(b"PK\x01\x02") + 6] = 99
    path.write_bytes(packed)
    with pytest.raises(UnreadableFile):
        opening.read(path)
