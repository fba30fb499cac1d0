"""REFI-QDA projects: `.qdpx` archives and bare `.qde` files, of any vendor.

The XML is read as a stream, without ever building its tree; document type
definitions, entities and everything external are refused. Nothing is unpacked:
a source's text is read from the archive when its element ends, the passages
are cut from it, and it is dropped, so that memory is bounded by one text and
the codings. Vendors' variants that are read: any name ending in `.qde`, a
missing or partial code book and `Sources`, paths with and without
`internal://`, any namespace, GUIDs in braces or mixed case, byte-order marks,
CRLF, several codes in one coding.

References
----------
REFI-QDA Standard 1.5, https://www.qdasoftware.org.
"""

from __future__ import annotations

__all__ = ["PART", "FolderSources", "read", "read_project", "read_stream"]

import codecs
import re
import zipfile
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, ClassVar
from urllib.parse import unquote
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from eaa_graph.coded_project import (
    Case,
    Code,
    CodedProject,
    Coding,
    Drawing,
    Group,
    Link,
    Note,
    Selection,
    Source,
    SyncPoint,
    User,
    Value,
    Variable,
    derived_guid,
    normal_guid,
)
from eaa_graph.errors import UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.readers import Reader, Reading
from eaa_graph.readers.mapping import reading_of
from eaa_graph.readers.text_passages import paragraph_starts

#: No project nests its elements deeper; more is an attack on the reader's memory.
DEEPEST = 500
#: Bytes that one text, and the project's XML, may unpack to.
LARGEST_TEXT = 512 << 20
LARGEST_XML = 2 << 30
#: A member larger than the first that unpacks to more than the second times its packed size is a zip bomb.
SUSPECT_FROM = 64 << 20
SUSPECT_RATIO = 300
#: The first piece of a stream, and the largest: pieces grow, because expat before 2.6 looks at an unfinished tag again from
#: its start with each piece, and a damaged file can be one tag of many megabytes.
_CHUNK, _LARGEST_CHUNK = 1 << 16, 1 << 24
_LISTED = 5


def read(path: Path) -> Reading:
    """Read a project and map it onto the sheets of a review.

    Parameters
    ----------
    path : Path
        A ``.qdpx`` or ``.qde`` file.

    Returns
    -------
    Reading
        Mapped by ``<file>.mapping.toml`` or ``mapping.toml`` beside the file; without one, by the
        mapping that would be proposed, with a finding that says so.

    Raises
    ------
    UnreadableFile
        If it is not a REFI-QDA project.
    """
    return reading_of(read_project(path), path)


def read_project(path: Path, texts: bool = False) -> CodedProject:
    """Read a REFI-QDA project as it is.

    Parameters
    ----------
    path : Path
        A ``.qdpx`` archive, or a ``.qde`` file with its sources in a folder `sources` beside it.
    texts : bool
        Whether to keep the texts of the sources (then memory holds them all).

    Raises
    ------
    UnreadableFile
        If the file is missing, is no zip archive, is damaged or encrypted, holds no project, is not
        well-formed XML, declares entities or a document type, or unpacks to an unreasonable size.
    """
    try:
        if path.suffix.lower() == ".qde":
            with path.open("rb") as stream:
                return read_stream(stream, FolderSources(path.parent), path.name, path.name, texts)
        with zipfile.ZipFile(path) as archive:
            inner, others = _project_member(archive, path.name)
            sources = _ZipSources(archive, inner.filename)
            with archive.open(inner) as packed:
                return read_stream(packed, sources, path.name, inner.filename, texts, others)
    except zipfile.BadZipFile as error:
        raise UnreadableFile(f"{path.name} is not a whole REFI-QDA archive: {error}; export it again") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error}") from None
    except NotImplementedError as error:
        raise UnreadableFile(f"{path.name} is packed in a way that cannot be read: {error}") from None
    except RuntimeError as error:
        if "password" in str(error) or "encrypted" in str(error):
            raise UnreadableFile(f"{path.name} is encrypted; export it without a password") from None
        raise


def _project_member(archive: zipfile.ZipFile, name: str) -> tuple[zipfile.ZipInfo, list[str]]:
    candidates = [m for m in archive.infolist() if m.filename.lower().endswith(".qde") and not m.is_dir()]
    candidates = [m for m in candidates if not m.filename.startswith("__MACOSX")]
    if not candidates:
        raise UnreadableFile(f"{name} is a zip archive without a .qde file inside: not a REFI-QDA project")
    # The standard's own name first, then the one least deep in folders.
    candidates.sort(key=lambda m: (m.filename.lower() != "project.qde", m.filename.count("/"), m.filename))
    chosen = candidates[0]
    if _is_bomb(chosen) or chosen.file_size > LARGEST_XML:
        raise UnreadableFile(
            f"{name}: {chosen.filename} would unpack from {chosen.compress_size:,} to {chosen.file_size:,} bytes; "
            "no project does: the file is damaged or made to harm"
        )
    return chosen, [m.filename for m in candidates[1:]]


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    return member.file_size > SUSPECT_FROM and member.file_size > SUSPECT_RATIO * max(member.compress_size, 1)


# --- where texts come from ------------------------------------------------------------------


class _MissingError(Exception):
    """A text that is not there; the message says why, the rule how bad it is."""

    def __init__(self, message: str, rule: str = "unresolved-source") -> None:
        super().__init__(message)
        self.rule = rule


def _inner_name(path: str) -> str:
    """Return the name inside the sources folder that a path attribute means."""
    text = path.strip().replace("\\", "/")
    scheme, sign, rest = text.partition("://")
    if sign:
        if scheme.lower() != "internal":
            raise _MissingError(f"{path} lies outside the project file")
        text = rest.lstrip("/")
    parts = PurePosixPath(unquote(text)).parts
    if not parts:
        raise _MissingError("no path is given")
    if ".." in parts or text.startswith("/") or re.match(r"[A-Za-z]:", text):
        raise _MissingError(f"{path} leads outside the project file", "unsafe-path")
    if parts[0].lower() == "sources":
        parts = parts[1:] or parts
    return "/".join(parts)


class _ZipSources:
    """The sources of an archive, found by name whatever the case of letters."""

    def __init__(self, archive: zipfile.ZipFile, project: str) -> None:
        self.archive = archive
        self.members: dict[str, zipfile.ZipInfo] = {}
        self.unsafe: list[str] = []
        root = project.rpartition("/")[0].lower()
        for member in archive.infolist():
            name = member.filename.replace("\\", "/")
            if ".." in name.split("/") or name.startswith("/") or re.match(r"[A-Za-z]:", name):
                self.unsafe.append(member.filename)
                continue
            key = name.lower()
            if root and key.startswith(root + "/"):
                key = key[len(root) + 1 :]
            if not member.is_dir():
                self.members.setdefault(key.removeprefix("sources/"), member)

    def has(self, path: str) -> bool:
        return _inner_name(path).lower() in self.members

    def bytes_of(self, path: str) -> bytes:
        member = self.members.get(_inner_name(path).lower())
        if member is None:
            raise _MissingError(f"{path} is not in the file")
        if _is_bomb(member) or member.file_size > LARGEST_TEXT:
            raise _MissingError(f"{member.filename} would unpack to {member.file_size:,} bytes", "too-large")
        try:
            with self.archive.open(member) as stream:
                data = stream.read(LARGEST_TEXT + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise _MissingError(f"{member.filename} is damaged: {error}", "file-damaged") from None
        if len(data) > LARGEST_TEXT:
            raise _MissingError(f"{member.filename} is larger than it says", "too-large")
        return data


class FolderSources:
    """The sources beside a bare `.qde`: only files directly in its folder `sources`."""

    def __init__(self, folder: Path | None) -> None:
        self.files: dict[str, Path] = {}
        self.unsafe: list[str] = []
        for place in sorted(folder.iterdir(), reverse=True) if folder is not None else ():
            if place.is_dir() and place.name.lower() == "sources":
                self.files.update({f.name.lower(): f for f in place.iterdir() if f.is_file() and not f.is_symlink()})

    def has(self, path: str) -> bool:
        """Whether the file that a path attribute means is there."""
        return _inner_name(path).lower() in self.files

    def bytes_of(self, path: str) -> bytes:
        """Return its bytes."""
        file = self.files.get(_inner_name(path).lower())
        if file is None:
            raise _MissingError(f"{path} is not beside the project file")
        if file.stat().st_size > LARGEST_TEXT:
            raise _MissingError(f"{file.name} is larger than any text", "too-large")
        return file.read_bytes()


_Sources = _ZipSources | FolderSources

# --- the stream of XML ------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]+")


class _Cleaner:
    """Turns the bytes of an XML file into bytes a parser takes, and counts what it had to mend."""

    def __init__(self) -> None:
        self.replaced = 0
        self.controls = 0
        self.decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def clean(self, chunk: bytes, final: bool) -> bytes:
        text = self.decoder.decode(chunk, final)
        text = _CONTROL.sub(self._blank, text)
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError:
            text, count = re.subn("[\udc80-\udcff]", "\ufffd", text)
            self.replaced += count
            return text.encode("utf-8")

    def _blank(self, found: re.Match[str]) -> str:
        # A damaged disk leaves megabytes of zeros: they are taken by the run.
        self.controls += len(found[0])
        return " " * len(found[0])


def read_stream(
    stream: IO[bytes],
    sources: _Sources,
    file: str,
    inner: str,
    texts: bool = False,
    others: list[str] | None = None,
    root: str = "Project",
) -> CodedProject:
    """Read the XML of a project or a codebook from a stream of bytes.

    Parameters
    ----------
    stream : binary file
        Read in pieces; never held as a whole.
    sources : object
        Where the texts are.
    file, inner : str
        Name of the file, and of the part of it that holds the XML, for messages.
    texts : bool
        Whether to keep the texts of the sources.
    others : list of str, optional
        Further projects in the archive, which are not read.
    root : str
        Name of the root element: ``Project`` or ``CodeBook``.

    Raises
    ------
    UnreadableFile
        If the XML is not well-formed, declares a document type, is too deep or too large, or has another root.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.expatreader import DefusedExpatParser

    handler = _Project(sources, file, texts, root)
    # Namespaces are left to the names themselves: files in the wild declare odd ones, or none.
    parser = DefusedExpatParser(namespaceHandling=0, forbid_dtd=True)
    parser.setContentHandler(handler)
    cleaner: _Cleaner | None = None
    total, size = 0, 2 * _CHUNK
    try:
        first = stream.read(_CHUNK)
        if _is_utf8(first):
            cleaner = _Cleaner()
        chunk = first
        while chunk:
            total += len(chunk)
            if total > LARGEST_XML:
                raise UnreadableFile(f"{file}: {inner} is larger than {LARGEST_XML:,} bytes")
            following = stream.read(size)
            size = min(2 * size, _LARGEST_CHUNK)
            parser.feed(cleaner.clean(chunk, not following) if cleaner else chunk)
            chunk = following
        parser.close()
    except DefusedXmlException:
        raise UnreadableFile(
            f"{file}: {inner} declares a document type or entities; no project needs them, and they can be made to harm"
        ) from None
    except SAXParseException as error:
        raise UnreadableFile(
            f"{file}: {inner} is not well-formed XML (line {error.getLineNumber()}: {error.getMessage()[:200]})"
        ) from None
    except (LookupError, ValueError) as error:
        # How expat says that it was told of an encoding it cannot read; errors of our own are not to be hidden.
        if "encoding" not in str(error):
            raise
        raise UnreadableFile(
            f"{file}: {inner} is in an encoding that cannot be read: {str(error)[:200]}; save it as UTF-8"
        ) from None
    if not handler.began:
        raise UnreadableFile(f"{file}: {inner} holds no element {root}: not REFI-QDA")
    where = Where(file)
    if cleaner and cleaner.replaced:
        handler.note("bytes-replaced", where, f"{cleaner.replaced} bytes of {inner} are not UTF-8", "Look for \ufffd.")
    if cleaner and cleaner.controls:
        handler.note("control-characters", where, f"{cleaner.controls:,} control characters in {inner} became spaces")
    for name in others or []:
        handler.note("not-carried", where, f"the archive holds a second project, {name}; only {inner} was read")
    for name in sources.unsafe[:_LISTED]:
        handler.note("unsafe-path", where, f"the archive holds a member called {name!r}", "Export the project again.")
    return handler.project()


def _is_utf8(start: bytes) -> bool:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or start[:4] in (b"<\0?\0", b"\0<\0?"):
        return False
    declared = re.match(rb"\s*(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)", start)
    return declared is None or declared.group(1).lower() in (b"utf-8", b"utf8", b"us-ascii", b"ascii")


class _Frame:
    """An element that is open: its attributes and what was found inside it."""

    __slots__ = ("attributes", "kept", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.kept: dict[str, list[Any]] = {}
        self.text: list[str] | None = None

    def get(self, *names: str) -> str:
        for name in names:
            value = self.attributes.get(name, "")
            if value:
                return value
        return ""

    def add(self, key: str, thing: Any) -> None:
        self.kept.setdefault(key, []).append(thing)

    def all(self, key: str) -> tuple[Any, ...]:
        return tuple(self.kept.get(key, ()))

    def one(self, key: str) -> str:
        found = self.kept.get(key)
        return str(found[0]) if found else ""


_TEXTS = frozenset(
    [
        "description",
        "plaintextcontent",
        "textvalue",
        "booleanvalue",
        "integervalue",
        "floatvalue",
        "datevalue",
        "datetimevalue",
    ]
)
_SELECTIONS = {
    "plaintextselection": ("text", ("startposition", "endposition")),
    "pdfselection": ("pdf", ("page", "firstx", "firsty", "secondx", "secondy")),
    "pictureselection": ("picture", ("firstx", "firsty", "secondx", "secondy")),
    "audioselection": ("audio", ("begin", "end")),
    "videoselection": ("video", ("begin", "end")),
    "transcriptselection": ("transcript", ()),
}
_SOURCES = {
    "textsource": "text",
    "pdfsource": "pdf",
    "picturesource": "picture",
    "audiosource": "audio",
    "videosource": "video",
    "representation": "representation",
    "textdescription": "description",
    "transcript": "transcript",
}
_KNOWN = (
    frozenset(
        [
            "project",
            "users",
            "codebook",
            "codes",
            "variables",
            "cases",
            "sources",
            "notes",
            "links",
            "sets",
            "graphs",
            "user",
            "code",
            "noteref",
            "variable",
            "case",
            "variablevalue",
            "variableref",
            "coderef",
            "sourceref",
            "selectionref",
            "coding",
            "note",
            "link",
            "set",
            "membercode",
            "membersource",
            "membernote",
            "graph",
            "vertex",
            "edge",
            "syncpoint",
        ]
    )
    | _TEXTS
    | set(_SELECTIONS)
    | set(_SOURCES)
)


class _Project(ContentHandler):
    """Builds a project from the stream of elements."""

    def __init__(self, sources: _Sources, file: str, texts: bool, root: str) -> None:
        super().__init__()
        self.files = sources
        self.file = file
        self.texts = texts
        self.root = root
        self.began = False
        self.stack: list[_Frame] = []
        self.counts: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.codes: list[Code] = []
        self.places: dict[str, int] = {}
        self.sources: list[Source] = []
        self.selections: list[Selection] = []
        self.lists: dict[str, list[Any]] = {
            k: [] for k in ("users", "variables", "cases", "notes", "links", "groups", "drawings")
        }
        self.head: dict[str, Any] = {"name": "", "software": "", "description": "", "notes_of_project": ()}
        self.unresolved: list[str] = []
        self.typed = 0

    def note(self, rule: str, where: Where, message: str, fix: str = "") -> None:
        self.findings.append(finding(rule, where, message, fix))

    def at(self, guid: str) -> Where:
        return Where(self.file, cell=guid)

    # --- the stream --------------------------------------------------------------------

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX calls it so
        local = name.rpartition(":")[2].lower()
        if not self.stack:
            if local != self.root.lower():
                raise UnreadableFile(f"{self.file}: the root element is {name}, not {self.root}: not REFI-QDA")
            self.began = True
        if len(self.stack) >= DEEPEST:
            raise UnreadableFile(
                f"{self.file}: elements are nested more than {DEEPEST} deep; no project does that: "
                "the file is damaged or made to harm"
            )
        self.counts[local] += 1
        frame = _Frame(local, {k.rpartition(":")[2].lower(): v for k, v in attrs.items()})
        self.stack.append(frame)
        if local in _TEXTS:
            frame.text = []
            self.typed = 0
        elif local == "code":
            self._open_code(frame)
        elif local not in _KNOWN:
            self.unknown[name.rpartition(":")[2]] += 1

    def characters(self, content: str) -> None:
        text = self.stack[-1].text if self.stack else None
        if text is not None:
            text.append(content)
            self.typed += len(content)
            if self.typed > LARGEST_TEXT:
                raise UnreadableFile(f"{self.file}: one element holds more than {LARGEST_TEXT:,} characters")

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802 - SAX calls it so
        frame = self.stack.pop()
        parent = self.stack[-1] if self.stack else None
        if parent is None:
            self.head = {
                "name": frame.get("name") or Path(self.file).stem,
                "software": frame.get("origin"),
                "description": frame.one("description"),
                "notes_of_project": frame.all("noteref"),
            }
        elif frame.text is not None:
            self._text_value(frame, parent)
        elif frame.name in _SELECTIONS:
            parent.add("selection", self._selection(frame))
        elif frame.name in _SOURCES:
            self._source(frame, parent)
        else:
            close = self._CLOSE.get(frame.name)
            if close is not None:
                close(self, frame, parent)

    def _text_value(self, frame: _Frame, parent: _Frame) -> None:
        text = "".join(frame.text or ())
        if frame.name.endswith("value") and frame.name != "variablevalue":
            parent.add("value", text)
        else:
            parent.add(frame.name, text)

    # --- the code book -------------------------------------------------------------------

    def _open_code(self, frame: _Frame) -> None:
        # Codes are placed when they open, so that parents come before children.
        above = self.stack[-2]
        parent = normal_guid(above.get("guid")) if above.name == "code" else ""
        name = frame.get("name")
        guid = normal_guid(frame.get("guid")) or derived_guid(self.file, "code", parent, name)
        frame.attributes["guid"] = guid
        if guid in self.places:
            self.note("duplicate-guid", self.at(guid), f"code {name!r} has the GUID of an earlier code")
            frame.attributes["again"] = "yes"
            return
        self.places[guid] = len(self.codes)
        codable = frame.get("iscodable").lower() not in ("false", "0")
        self.codes.append(Code(guid, name or guid, parent, codable=codable, color=frame.get("color")))

    def _close_code(self, frame: _Frame, _parent: _Frame) -> None:
        notes = frame.all("noteref")
        description = frame.one("description")
        if frame.get("again") or not (description or notes):
            return
        place = self.places[frame.get("guid")]
        was = self.codes[place]
        self.codes[place] = Code(was.guid, was.name, was.parent, description, was.codable, was.color, notes)

    # --- small things ------------------------------------------------------------------------

    def _guid(self, frame: _Frame, *extra: str) -> str:
        return normal_guid(frame.get("guid")) or derived_guid(
            self.file, frame.name, str(self.counts[frame.name]), *extra
        )

    def _reference(self, frame: _Frame, parent: _Frame) -> None:
        target = normal_guid(frame.get("targetguid", "guid"))
        if target:
            parent.add(frame.name, target)

    def _coding(self, frame: _Frame, parent: _Frame) -> None:
        codes = frame.all("coderef")
        guid = self._guid(frame)
        if not codes:
            self.note("dangling-coding", self.at(guid), "a coding names no code; it is left out")
        for number, code in enumerate(codes):
            own = guid if number == 0 else derived_guid(guid, code)
            user = normal_guid(frame.get("creatinguser", "creatinguserguid"))
            parent.add("coding", Coding(own, code, user, frame.get("creationdatetime"), frame.all("noteref")))

    def _user(self, frame: _Frame, _parent: _Frame) -> None:
        self.lists["users"].append(User(self._guid(frame), frame.get("name", "id")))

    def _variable(self, frame: _Frame, _parent: _Frame) -> None:
        self.lists["variables"].append(
            Variable(
                self._guid(frame), frame.get("name"), frame.get("typeofvariable") or "Text", frame.one("description")
            )
        )

    def _variable_value(self, frame: _Frame, parent: _Frame) -> None:
        if frame.all("variableref") and frame.kept.get("value"):
            parent.add("variablevalue", Value(frame.one("variableref"), frame.one("value")))

    def _case(self, frame: _Frame, _parent: _Frame) -> None:
        self.lists["cases"].append(
            Case(
                self._guid(frame),
                frame.get("name"),
                frame.one("description"),
                frame.all("coderef"),
                frame.all("sourceref"),
                frame.all("selectionref"),
                frame.all("variablevalue"),
            )
        )

    def _memo(self, frame: _Frame, _parent: _Frame) -> None:
        text = frame.one("plaintextcontent")
        path = frame.get("plaintextpath")
        guid = self._guid(frame)
        if not text and path:
            try:
                text = self._decode(self.files.bytes_of(path), guid, path)
            except _MissingError as missing:
                self.note(missing.rule, self.at(guid), f"note {frame.get('name')!r}: {missing}")
        self.lists["notes"].append(
            Note(
                guid,
                frame.get("name"),
                text,
                frame.one("description"),
                normal_guid(frame.get("creatinguser")),
                frame.get("creationdatetime"),
            )
        )

    def _link(self, frame: _Frame, _parent: _Frame) -> None:
        self.lists["links"].append(
            Link(
                self._guid(frame),
                frame.get("name"),
                normal_guid(frame.get("originguid")),
                normal_guid(frame.get("targetguid")),
                frame.get("direction"),
            )
        )

    def _set(self, frame: _Frame, _parent: _Frame) -> None:
        self.lists["groups"].append(
            Group(
                self._guid(frame),
                frame.get("name"),
                frame.one("description"),
                frame.all("membercode"),
                frame.all("membersource"),
                frame.all("membernote"),
            )
        )

    def _point(self, frame: _Frame, parent: _Frame) -> None:
        parent.add(
            "syncpoint", SyncPoint(self._guid(frame), _whole(frame.get("timestamp")), _whole(frame.get("position")))
        )

    def _stroke(self, frame: _Frame, parent: _Frame) -> None:
        parent.add(frame.name, tuple(sorted(frame.attributes.items())))

    def _drawing(self, frame: _Frame, _parent: _Frame) -> None:
        self.lists["drawings"].append(
            Drawing(self._guid(frame), frame.get("name"), frame.all("vertex"), frame.all("edge"))
        )

    _CLOSE: ClassVar[dict[str, Callable[[_Project, _Frame, _Frame], None]]] = {
        "code": _close_code,
        "noteref": _reference,
        "coderef": _reference,
        "sourceref": _reference,
        "selectionref": _reference,
        "variableref": _reference,
        "membercode": _reference,
        "membersource": _reference,
        "membernote": _reference,
        "coding": _coding,
        "user": _user,
        "variable": _variable,
        "variablevalue": _variable_value,
        "case": _case,
        "note": _memo,
        "link": _link,
        "set": _set,
        "syncpoint": _point,
        "vertex": _stroke,
        "edge": _stroke,
        "graph": _drawing,
    }

    # --- passages and sources --------------------------------------------------------------------

    def _selection(self, frame: _Frame) -> Selection:
        kind, names = _SELECTIONS[frame.name]
        guid = self._guid(frame)
        numbers = [_whole(frame.get(name)) for name in names]
        position = tuple(n for n in numbers if n is not None)
        if len(position) != len(names):
            self.note("position-outside-text", self.at(guid), "the passage's position is missing or not a number")
            position = ()
        codings = list(frame.all("coding"))
        user = normal_guid(frame.get("creatinguser", "creatinguserguid"))
        date = frame.get("creationdatetime")
        # Some writers put the reference to the code straight into the passage.
        codings += [Coding(derived_guid(guid, code), code, user, date) for code in frame.all("coderef")]
        sync = tuple(normal_guid(g) for g in (frame.get("fromsyncpoint"), frame.get("tosyncpoint")) if g)
        return Selection(
            guid,
            "",
            kind,
            position,
            frame.get("name"),
            frame.one("words") or None,
            None,
            frame.one("description"),
            user,
            date,
            tuple(codings),
            frame.all("noteref"),
            sync,
        )

    def _source(self, frame: _Frame, parent: _Frame) -> None:
        kind = _SOURCES[frame.name]
        guid = self._guid(frame)
        if kind == "representation" and parent.name == "pdfselection":
            # The text of one passage of a PDF: its words, not a source.
            words = frame.one("plaintextcontent")
            if not words and frame.get("plaintextpath"):
                try:
                    words = self._decode(self.files.bytes_of(frame.get("plaintextpath")), guid, "")
                except _MissingError as missing:
                    self.note(missing.rule, self.at(guid), str(missing))
            parent.add("words", words)
            return
        is_text = kind in ("text", "representation", "description", "transcript")
        path = frame.get("plaintextpath" if is_text else "path")
        text: str | None = None
        inline = False
        resolved = False
        if is_text:
            if frame.all("plaintextcontent"):
                text, inline, resolved = frame.one("plaintextcontent"), True, True
            else:
                text, resolved = self._text_of(path, guid, frame.get("name"))
        elif path:
            try:
                resolved = self.files.has(path)
            except _MissingError as missing:
                if missing.rule != "unresolved-source":
                    self.note(missing.rule, self.at(guid), f"source {frame.get('name')!r}: {missing}")
        if not resolved and kind in ("text", "pdf", "picture", "audio", "video"):
            self.unresolved.append(frame.get("name") or path or guid)
        points = frame.all("syncpoint")
        selections = _place(frame.all("selection"), guid, points)
        if text is not None:
            selections = self._cut(text, selections, guid)
        else:
            # Some software names a passage by its words: exactly as long as the passage, they are its words.
            selections = [
                replace(s, quote=s.name) if s.name and _length(s) == len(s.name) and not s.quote else s
                for s in selections
            ]
        self.selections += selections
        source = Source(
            guid,
            frame.get("name"),
            kind,
            "",
            path,
            frame.get("richtextpath"),
            resolved,
            None if text is None else len(text),
            text if self.texts else None,
            inline,
            frame.one("description"),
            normal_guid(frame.get("creatinguser")),
            frame.get("creationdatetime"),
            frame.all("variablevalue"),
            frame.all("coding"),
            frame.all("noteref"),
            points,
        )
        if kind in ("representation", "description", "transcript") and parent.name in _SOURCES:
            parent.add("texts", source)
            return
        self.sources.append(source)
        self.sources += [_of(child, guid) for child in frame.all("texts")]

    def _text_of(self, path: str, guid: str, name: str) -> tuple[str | None, bool]:
        if not path:
            return None, False
        try:
            return self._decode(self.files.bytes_of(path), guid, path), True
        except _MissingError as missing:
            if missing.rule != "unresolved-source":
                self.note(missing.rule, self.at(guid), f"source {name!r}: {missing}", "Export the project again.")
            return None, False

    def _decode(self, data: bytes, guid: str, path: str) -> str:
        for mark, encoding in (
            (codecs.BOM_UTF8, "utf-8-sig"),
            (codecs.BOM_UTF16_LE, "utf-16"),
            (codecs.BOM_UTF16_BE, "utf-16"),
        ):
            if data.startswith(mark):
                return data.decode(encoding, "replace")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            self.note(
                "bytes-replaced",
                self.at(guid),
                f"{path} is not UTF-8 from byte {error.start}; what makes no sense shows as \ufffd",
                "Export the project again, or save the text as UTF-8.",
            )
            return data.decode("utf-8", "replace")

    def _cut(self, text: str, selections: list[Selection], guid: str) -> list[Selection]:
        own = self.stack[0].get("origin").startswith("eaa-graph")
        counting = _Counting(text, "") if own else _how_counted(text, selections)
        if counting.remark:
            self.note(
                "text-positions", self.at(guid), f"{counting.remark} ({counting.agreeing} passages' own words agree)"
            )
        starts = paragraph_starts(counting.text)
        result = []
        outside = 0
        for selection in selections:
            if len(selection.position) != 2:
                result.append(selection)
                continue
            begin, end = counting.span(selection.position[0], selection.position[1])
            if not 0 <= begin <= end <= len(counting.text):
                outside += 1
                result.append(selection)
                continue
            result.append(_with_words(selection, counting.text[begin:end], max(bisect_right(starts, begin) - 1, 0)))
        if outside:
            self.note(
                "position-outside-text",
                self.at(guid),
                f"{outside} of {len(selections)} passages lie outside the text of {len(text):,} characters",
                "The text may have been edited after it was coded; export the project again.",
            )
        return result

    # --- the whole ---------------------------------------------------------------------------------

    def project(self) -> CodedProject:
        """Return what was read, with findings on what does not hold together."""
        where = Where(self.file)
        if self.unresolved:
            names = ", ".join(self.unresolved[:_LISTED]) + (", ..." if len(self.unresolved) > _LISTED else "")
            total = self.counts["textsource"] + sum(
                self.counts[n] for n in ("pdfsource", "picturesource", "audiosource", "videosource")
            )
            self.note(
                "unresolved-source",
                where,
                f"{len(self.unresolved)} of {total} sources are not in the file: {names}",
                "Export the project with its sources if you need the words of its passages.",
            )
        if self.unknown:
            listed = ", ".join(f"{name} ({count})" for name, count in sorted(self.unknown.items()))
            self.note("not-carried", where, f"elements that REFI-QDA does not know: {listed}")
        self._codes_without_name(where)
        lists: dict[str, Any] = {key: tuple(value) for key, value in self.lists.items()}
        return CodedProject(
            file=self.file,
            codes=tuple(self.codes),
            sources=tuple(self.sources),
            selections=tuple(self.selections),
            found=_found(self.counts),
            findings=tuple(self.findings),
            **lists,
            **self.head,
        )

    def _codes_without_name(self, where: Where) -> None:
        used: Counter[str] = Counter()
        for codings in [s.codings for s in self.selections] + [s.codings for s in self.sources]:
            used.update(c.code for c in codings)
        missing = sorted(code for code in used if code not in self.places)
        if not missing:
            return
        self.note(
            "dangling-coding",
            where,
            f"{sum(used[c] for c in missing)} codings use {len(missing)} codes that the code book does not list; "
            "they are kept under their GUIDs",
            "Export the project with its code book.",
        )
        self.codes += [Code(guid, guid) for guid in missing]


def _found(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    total = {
        "users": counts["user"],
        "codes": counts["code"],
        "sources": sum(counts[n] for n in ("textsource", "pdfsource", "picturesource", "audiosource", "videosource")),
        "selections": sum(counts[n] for n in _SELECTIONS),
        "codings": counts["coding"],
        "variables": counts["variable"],
        "values": counts["variablevalue"],
        "cases": counts["case"],
        "notes": counts["note"],
        "links": counts["link"],
        "sets": counts["set"],
        "graphs": counts["graph"],
    }
    return tuple(total.items())


def _length(selection: Selection) -> int:
    characters = selection.kind in ("text", "transcript") and len(selection.position) == 2
    return selection.position[1] - selection.position[0] if characters else -1


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        try:
            return round(float(text))
        except (ValueError, OverflowError):
            return None


def _of(source: Source, parent: str) -> Source:
    return replace(source, of=parent)


def _with_words(selection: Selection, words: str, paragraph: int) -> Selection:
    return replace(selection, quote=words, paragraph=paragraph)


def _place(selections: tuple[Selection, ...], guid: str, points: tuple[SyncPoint, ...]) -> list[Selection]:
    by_guid = {p.guid: p.position for p in points}
    placed = []
    for selection in selections:
        position = selection.position
        if selection.kind == "transcript" and len(selection.sync) == 2:
            ends = [by_guid.get(g) for g in selection.sync]
            if ends[0] is not None and ends[1] is not None:
                position = (ends[0], ends[1])
        placed.append(replace(selection, source=guid, position=position))
    return placed


# --- how positions are counted -----------------------------------------------------------------


class _Counting:
    """One way of counting characters: the text as counted, and how positions turn into indices."""

    def __init__(self, text: str, remark: str, shift: int = 0, inclusive: bool = False, units: bool = False) -> None:
        self.text = text
        self.remark = remark
        self.shift = shift
        self.inclusive = inclusive
        self.agreeing = 0
        self._starts: list[int] | None = None
        if units:
            # Characters beyond U+FFFF count as two in UTF-16.
            starts, total = [], 0
            for char in text:
                starts.append(total)
                total += 2 if ord(char) > 0xFFFF else 1
            self._starts = [*starts, total]

    def span(self, start: int, end: int) -> tuple[int, int]:
        begin, stop = start + self.shift, end + self.shift + self.inclusive
        if self._starts is not None:
            begin, stop = bisect_right(self._starts, begin) - 1, bisect_right(self._starts, stop) - 1
        return begin, stop


def _ways(text: str) -> Iterator[_Counting]:
    yield _Counting(text, "")
    yield _Counting(text, "the last position of a passage is its last character", inclusive=True)
    yield _Counting(text, "positions count a byte-order mark", shift=-1)
    if "\r\n" in text:
        yield _Counting(text.replace("\r\n", "\n"), "positions count each line end once, the file holds two characters")
    elif "\n" in text:
        yield _Counting(text.replace("\n", "\r\n"), "positions count each line end twice, the file holds one character")
    if not text.isascii() and any(ord(c) > 0xFFFF for c in text):
        yield _Counting(text, "positions count UTF-16 units", units=True)


def _agreement(words: str, name: str) -> int:
    """Return how well a passage agrees with its name: 4 to the character, 1 as its beginning, 0 not at all."""
    if words == name:
        return 4
    plain, named = " ".join(words.split()), " ".join(name.split())
    if plain == named:
        return 3
    # Names are often cut short.
    plain, named = plain.rstrip(".…"), named.rstrip(".…")
    if plain == named:
        return 2
    return 1 if len(named) >= 12 and plain.startswith(named) else 0


def _how_counted(text: str, selections: list[Selection]) -> _Counting:
    """Choose the way of counting that the passages' own names agree with most; the standard's unless beaten."""
    named = [(s.position, s.name) for s in selections if len(s.position) == 2 and len(s.name.strip()) >= 4]
    best: _Counting | None = None
    most = -1
    for way in _ways(text):
        score = 0
        for position, name in named:
            begin, end = way.span(*position)
            if 0 <= begin <= end <= len(way.text):
                agreement = _agreement(way.text[begin:end], name)
                score += agreement
                way.agreeing += agreement > 0
        if best is None or score > most:
            best, most = way, score
        if most == 4 * len(named):
            break
    assert best is not None  # noqa: S101 - _ways yields at least one
    return best


def _accepts(path: Path) -> bool:
    if path.suffix.lower() == ".qde":
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().endswith(".qde") for name in archive.namelist())
    except (OSError, NotImplementedError, zipfile.BadZipFile):
        # A damaged project is still ours to complain about.
        return path.suffix.lower() == ".qdpx"


PART = Reader(
    name="qdpx",
    title="REFI-QDA project",
    description="A project exported by NVivo, ATLAS.ti, MAXQDA, QualCoder, Quirkos, Dedoose or Transana.",
    suffixes=(".qdpx", ".qde"),
    accepts=_accepts,
    read=read,
)
