"""Text files of other software: decoded whatever their encoding, and the guess is told."""

from __future__ import annotations

__all__ = ["read_text"]

import codecs
from pathlib import Path

from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Finding, Where, finding

#: Bytes; a list of a hundred thousand references has about a fifth.
LARGEST = 512 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_text(path: Path) -> tuple[str, list[Finding]]:
    r"""Return the text of a file with ``\n`` for line ends, and what had to be guessed.

    Raises
    ------
    UnreadableFile
        If it is missing, a folder, not a text, or larger than any list of references.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UnreadableFile(f"{path.name} is larger than {LARGEST:,} bytes")
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error}") from None
    where = Where(path.name)
    findings: list[Finding] = []
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            text = raw.decode(encoding, "replace")
            break
    else:
        if b"\0" in raw[:4096]:
            raise UnreadableFile(f"{path.name} is not a text file")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            text = raw.decode("cp1252", "replace")
            findings.append(
                finding(
                    "encoding-guessed",
                    where._replace(row=raw[: error.start].count(b"\n") + 1),
                    f"{path.name} is not UTF-8; it was read as Windows-1252",
                    "Look at letters with accents; save it as UTF-8.",
                )
            )
    if "\ufffd" in text:
        findings.append(finding("bytes-replaced", where, f"{text.count(chr(0xFFFD))} characters show as \ufffd"))
    return text.replace("\r\n", "\n").replace("\r", "\n"), findings
