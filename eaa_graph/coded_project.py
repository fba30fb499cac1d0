"""A coded project as qualitative software holds it, whatever the software.

REFI-QDA, QualCoder, Taguette, RQDA and EPPI-Reviewer differ in files and words,
not in what they hold: people put codes from a tree on passages of sources. The
readers of these formats give a :class:`CodedProject`; a :class:`Mapping` says
what its codes and sources mean in a realist review; writers start from one.
"""

from __future__ import annotations

__all__ = [
    "PROJECT_ROLES",
    "UNITS",
    "Case",
    "Code",
    "CodedProject",
    "Coding",
    "Drawing",
    "Group",
    "Link",
    "Mapping",
    "Note",
    "Selection",
    "Source",
    "SyncPoint",
    "User",
    "Value",
    "Variable",
    "codings_of",
    "derived_guid",
    "normal_guid",
    "tally",
    "toml_line",
    "toml_text",
]

import re
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from eaa_graph.errors import BadSettings, nearest
from eaa_graph.findings import Finding
from eaa_graph.model import ROLES

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://w3id.org/eaa/id/")


def normal_guid(text: str) -> str:
    """Return a GUID in lower case without braces; other text as it is, stripped.

    Vendors write one GUID in several ways within one file, so they are compared in this form.

    Examples
    --------
    >>> normal_guid("{C32A2BD5-537F-4838-8B17-DF9EFBAFDF4B}")
    'c32a2bd5-537f-4838-8b17-df9efbafdf4b'
    """
    bare = text.strip().strip("{}").lower()
    return bare if _GUID.fullmatch(bare) else text.strip()


def derived_guid(*parts: str) -> str:
    """Return the GUID that always stands for these words: for things that have a number or a name but no GUID.

    Examples
    --------
    >>> derived_guid("code", "7") == derived_guid("code", "7") != derived_guid("code", "8")
    True
    """
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who coded."""

    guid: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """One code; `parent` is the GUID of the code above it, empty at the top."""

    guid: str
    name: str
    parent: str = ""
    description: str = ""
    codable: bool = True
    color: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coding:
    """A code put on a selection (or on a whole source) by somebody."""

    guid: str
    code: str
    user: str = ""
    date: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """A passage.

    Attributes
    ----------
    guid, source : str
        Its own GUID and that of the source (or transcript, or text of a PDF) it lies in.
    kind : str
        ``text``, ``pdf``, ``picture``, ``audio``, ``video``, ``transcript``, ``arm`` (of a study, named by `name`)
        or ``link`` (of a table of links).
    position : tuple of int
        text: first character and the one after the last (code points from 0); audio, video:
        milliseconds; picture: two corners; pdf: page and two corners; transcript: as text where its
        sync points say, else empty.
    quote : str or None
        The words, where the text could be read.
    paragraph : int or None
        Number of the paragraph it begins in, from 0, where the text could be read.
    sync : tuple of str
        GUIDs of the sync points of a transcript's selection.
    """

    guid: str
    source: str
    kind: str
    position: tuple[int, ...] = ()
    name: str = ""
    quote: str | None = None
    paragraph: int | None = None
    description: str = ""
    user: str = ""
    date: str = ""
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    sync: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of cases or sources; `kind` is Text, Boolean, Integer, Float, Date or DateTime."""

    guid: str
    name: str
    kind: str = "Text"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a variable, as written."""

    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class SyncPoint:
    """Where a moment of a recording is in its transcript."""

    guid: str
    milliseconds: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A document, picture or recording.

    Attributes
    ----------
    kind : str
        ``text``, ``pdf``, ``picture``, ``audio``, ``video``; for a text that belongs to another
        source ``representation``, ``description`` or ``transcript``.
    of : str
        GUID of the source this text belongs to; empty for a source of its own.
    path, rich_path : str
        As written: where the file is (the plain text of a text source), and its styled original.
    resolved : bool
        Whether the file (for a text: its plain text) is there.
    length : int or None
        Characters of the text, where it could be read.
    text : str or None
        The text itself; kept only when asked for, so that memory stays bounded.
    inline : bool
        Whether the text is written in the project file itself rather than beside it.
    values : tuple of Value
    codings : tuple of Coding
        Codes put on the source as a whole.
    """

    guid: str
    name: str = ""
    kind: str = "text"
    of: str = ""
    path: str = ""
    rich_path: str = ""
    resolved: bool = False
    length: int | None = None
    text: str | None = None
    inline: bool = False
    description: str = ""
    user: str = ""
    date: str = ""
    values: tuple[Value, ...] = ()
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    sync_points: tuple[SyncPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A person, place or study that sources and selections belong to."""

    guid: str
    name: str = ""
    description: str = ""
    codes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    selections: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A memo."""

    guid: str
    name: str = ""
    text: str = ""
    description: str = ""
    user: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A named link between two things of the project."""

    guid: str
    name: str = ""
    origin: str = ""
    target: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of codes, sources or notes."""

    guid: str
    name: str
    description: str = ""
    codes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph drawn by hand: its vertices and edges with their attributes as written."""

    guid: str
    name: str = ""
    vertices: tuple[tuple[tuple[str, str], ...], ...] = ()
    edges: tuple[tuple[tuple[str, str], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class CodedProject:
    """Everything a coded project holds, in the order of its file.

    Attributes
    ----------
    file : str
        Name of the file it was read from.
    software : str
        What wrote it, as the file says.
    notes_of_project : tuple of str
        GUIDs of the notes on the project as a whole.
    found : tuple of (str, int)
        How many of each thing the file holds, counted apart from reading it; the loss report's left side.
    """

    name: str
    file: str = ""
    software: str = ""
    description: str = ""
    users: tuple[User, ...] = ()
    codes: tuple[Code, ...] = ()
    sources: tuple[Source, ...] = ()
    selections: tuple[Selection, ...] = ()
    variables: tuple[Variable, ...] = ()
    cases: tuple[Case, ...] = ()
    notes: tuple[Note, ...] = ()
    links: tuple[Link, ...] = ()
    groups: tuple[Group, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    notes_of_project: tuple[str, ...] = ()
    found: tuple[tuple[str, int], ...] = ()
    findings: tuple[Finding, ...] = ()


def codings_of(project: CodedProject) -> Iterator[Coding]:
    """Yield every coding of `project`: those of whole sources, then those of passages."""
    for source in project.sources:
        yield from source.codings
    for selection in project.selections:
        yield from selection.codings


def tally(project: CodedProject) -> dict[str, int]:
    """Return how many of each thing `project` holds.

    Returns
    -------
    dict
        ``users``, ``codes``, ``sources``, ``texts of other sources``, ``selections``, ``codings``, ``codings of
        whole sources``, ``variables``, ``values``, ``cases``, ``notes``, ``links``, ``sets``, ``graphs``.
    """
    own = [s for s in project.sources if not s.of]
    return {
        "users": len(project.users),
        "codes": len(project.codes),
        "sources": len(own),
        "texts of other sources": len(project.sources) - len(own),
        "selections": len(project.selections),
        "codings": sum(len(s.codings) for s in project.selections),
        "codings of whole sources": sum(len(s.codings) for s in project.sources),
        "variables": len(project.variables),
        "values": sum(len(s.values) for s in project.sources) + sum(len(c.values) for c in project.cases),
        "cases": len(project.cases),
        "notes": len(project.notes),
        "links": len(project.links),
        "sets": len(project.groups),
        "graphs": len(project.drawings),
    }


# --- what the project's parts mean in a review ---------------------------------------------

#: What a code (and all beneath it) can stand for.
PROJECT_ROLES = (*ROLES, "theme", "stance", "polarity", "basis", "activation", "heading", "ignore")
#: Which of a passage's codes make one extraction.
UNITS = ("selection", "overlap", "paragraph", "source")
_TABLES = ("roles", "words", "kinds", "codes", "sources", "coders", "extractions")


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the codes, sources and people of a project mean in the review (`mapping.toml`).

    Attributes
    ----------
    unit : str
        ``selection``: codes on exactly the same passage; ``overlap``: on passages that overlap, directly or
        through others; ``paragraph``: on passages that begin in the same paragraph; ``source``: in the same source, or the
        same arm of a study. Always by one coder.
    roles : dict
        GUID of a code to the role it and everything beneath it plays; a code further down may say otherwise.
    codes, sources, coders, extractions : dict
        GUID to the id used in the review. An empty id leaves a source out. An extraction is known by the
        GUID of its earliest coding.
    words : dict
        GUID of a code to the word it stands for, for stance, polarity, basis and activation.
    kinds : dict
        GUID of a code to the kind the codebook lists it as, where that is not its role.
    review, title : str
        Id and title of the review; the file's name and the project's name if empty.
    """

    unit: str = "selection"
    roles: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    coders: dict[str, str] = field(default_factory=dict)
    extractions: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    review: str = ""
    title: str = ""

    @classmethod
    def from_toml(cls, text: str, name: str = "mapping.toml") -> Mapping:
        """Read a mapping.

        Raises
        ------
        BadSettings
            If it is not TOML, or names a table, a unit or a role that does not exist.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadSettings(f"{name} is not valid TOML: {error}") from None
        general = content.pop("import", {})
        tables: dict[str, dict[str, str]] = {}
        for key, table in content.items():
            if key not in _TABLES:
                raise BadSettings(f"{name}: no table [{key}]{_near(key, _TABLES)}")
            if not isinstance(table, dict) or any(not isinstance(v, str) for v in table.values()):
                raise BadSettings(f'{name}: [{key}] needs lines of the form "GUID" = "text"')
            tables[key] = {normal_guid(guid): value.strip() for guid, value in table.items()}
        unit = general.get("unit", "selection") if isinstance(general, dict) else ""
        if unit not in UNITS:
            raise BadSettings(f"{name}: unit must be one of {', '.join(UNITS)}, not {unit!r}")
        for guid, role in tables.get("roles", {}).items():
            if role not in PROJECT_ROLES:
                raise BadSettings(
                    f"{name}: {role!r} (code {guid}) is not a role{_near(role, PROJECT_ROLES)}; "
                    f"known: {', '.join(PROJECT_ROLES)}"
                )
        return cls(unit=unit, review=str(general.get("review", "")), title=str(general.get("title", "")), **tables)

    def to_toml(self) -> str:
        """Return the mapping as TOML; :meth:`from_toml` gives it back.

        Examples
        --------
        >>> Mapping.from_toml(Mapping(unit="overlap").to_toml()) == Mapping(unit="overlap")
        True
        """
        lines = ["[import]", f"unit = {toml_text(self.unit)}"]
        if self.review:
            lines.append(f"review = {toml_text(self.review)}")
        if self.title:
            lines.append(f"title = {toml_text(self.title)}")
        for name in _TABLES:
            table = getattr(self, name)
            if table:
                lines += ["", f"[{name}]", *(toml_line(key, value) for key, value in table.items())]
        return "\n".join(lines) + "\n"


def _near(name: str, known: tuple[str, ...]) -> str:
    close = nearest(name, known)
    return f"; did you mean {close[0]!r}?" if close else ""


_TOML_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def toml_text(text: str) -> str:
    """Return `text` as a quoted TOML string, on one line.

    Examples
    --------
    >>> print(toml_text("two-way"))
    "two-way"
    """
    escaped = "".join(_TOML_ESCAPES.get(c) or (f"\\u{ord(c):04X}" if ord(c) < 32 or ord(c) == 127 else c) for c in text)
    return f'"{escaped}"'


def toml_line(key: str, value: str, remark: str = "") -> str:
    """Return one line of a TOML table, with what it is about as a comment."""
    comment = f"  # {' '.join(remark.split())}" if remark else ""
    comment = "".join(c if c.isprintable() else " " for c in comment)
    return f"{toml_text(key)} = {toml_text(value)}{comment}"
