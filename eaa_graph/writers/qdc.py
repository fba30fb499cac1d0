"""REFI-QDA codebooks out: the code tree alone, as the standard's schema wants it."""

from __future__ import annotations

__all__ = ["PART", "carried", "write", "write_project"]

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

from eaa_graph.coded_project import CodedProject
from eaa_graph.errors import Refused
from eaa_graph.model import Records
from eaa_graph.writers import Writer, qdpx
from eaa_graph.writers.whole import write_whole

_NAMESPACE = "urn:QDA-XML:codebook:1.0"


def _xml(project: CodedProject) -> Iterator[str]:
    origin = f" origin={quoteattr(project.software)}" if project.software else ""
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<CodeBook xmlns="{_NAMESPACE}"{origin}><Codes>'
    yield from qdpx.code_tree(project.codes, notes=False)
    yield "</Codes>"
    groups = [g for g in project.groups if g.codes]
    if groups:
        yield "<Sets>"
        for group in groups:
            yield qdpx.group_element(replace(group, sources=(), notes=()), codebook=True)
        yield "</Sets>"
    yield "</CodeBook>\n"


def write_project(project: CodedProject, path: Path) -> list[Path]:
    """Write the codes of a coded project, and its sets of codes, as a codebook.

    Raises
    ------
    Refused
        If there are no codes: the standard knows no empty codebook.
    """
    if not project.codes:
        raise Refused("there are no codes, and a REFI-QDA codebook cannot be empty")
    return [write_whole(path, "".join(_xml(project)))]


def carried(records: Records) -> Records:
    """Return what of `records` a codebook holds: concepts with label, definition, kind and one broader concept."""
    whole = qdpx.carried(records)
    return Records(review=whole.review, concepts=whole.concepts)


def write(records: Records, path: Path) -> list[Path]:
    """Write the concepts of a review as a codebook, with the mapping that gives them their ids back beside it.

    Raises
    ------
    Refused
        If the review has no concepts.
    """
    project, mapping = qdpx.project_of(records)
    kept = replace(mapping, sources={}, coders={}, extractions={})
    beside = path.with_name(path.name + ".mapping.toml")
    return [*write_project(project, path), write_whole(beside, kept.to_toml())]


PART = Writer(
    name="qdc",
    title="REFI-QDA codebook",
    description="The concepts of a review as a codebook for NVivo, ATLAS.ti, MAXQDA, QualCoder or Taguette.",
    suffix=".qdc",
    write=write,
)
