"""REFI-QDA projects out: archives that the standard's schema accepts and our reader gives back.

:func:`write_project` writes a coded project as it is; :func:`write` turns a
review into one: roles become the top of the code tree, concepts its codes,
articles sources, extractions passages. A review holds quotes, not full texts,
so a source's text is the quotes coded in it, one paragraph each. The file
``<name>.mapping.toml`` beside the project ties GUIDs to the review's ids, so
that reading it again gives the same records.
"""

from __future__ import annotations

__all__ = ["PART", "carried", "code_tree", "group_element", "guid_of", "project_of", "write", "write_project"]

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from eaa_graph.coded_project import (
    Case,
    Code,
    CodedProject,
    Coding,
    Group,
    Mapping,
    Note,
    Selection,
    Source,
    User,
    Value,
    Variable,
    derived_guid,
    normal_guid,
)
from eaa_graph.model import ROLES, SHEETS, Article, Concept, Extraction, Person, Records, Review
from eaa_graph.writers import Writer
from eaa_graph.writers.whole import write_whole

_NAMESPACE = "urn:QDA-XML:project:1.0"
_SOFTWARE = "eaa-graph"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLOR = re.compile(r"#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})")
_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](0\d|1[0-3]):[0-5]\d)?"
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WORDS = ("stance", "polarity", "basis", "activation")

# --- XML ---------------------------------------------------------------------------------------


def guid_of(text: str) -> str:
    """Return a GUID as the schema wants it: `text` if it is one, else the one that stands for it."""
    bare = normal_guid(text)
    return bare if _GUID.fullmatch(bare) else derived_guid(text)


def _attributes(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f" {name}={quoteattr(_NOT_XML.sub(' ', value))}" for name, value in pairs if value)


def _text(name: str, text: str) -> str:
    # A bare carriage return would come back as a line feed.
    return f"<{name}>{escape(_NOT_XML.sub(' ', text), {chr(13): '&#13;'})}</{name}>"


def _described(text: str) -> str:
    return _text("Description", text) if text else ""


def _made(user: str, date: str) -> list[tuple[str, str]]:
    return [
        ("creatingUser", guid_of(user) if user else ""),
        ("creationDateTime", date if _TIME.fullmatch(date) else ""),
    ]


def _notes(notes: Iterable[str]) -> str:
    return "".join(f'<NoteRef targetGUID="{guid_of(n)}"/>' for n in notes)


def _codings(codings: Iterable[Coding]) -> Iterator[str]:
    for coding in codings:
        head = _attributes([("guid", guid_of(coding.guid)), *_made(coding.user, coding.date)])
        yield f'<Coding{head}><CodeRef targetGUID="{guid_of(coding.code)}"/>{_notes(coding.notes)}</Coding>'


_SELECTIONS = {
    "text": ("PlainTextSelection", ("startPosition", "endPosition")),
    "pdf": ("PDFSelection", ("page", "firstX", "firstY", "secondX", "secondY")),
    "picture": ("PictureSelection", ("firstX", "firstY", "secondX", "secondY")),
    "audio": ("AudioSelection", ("begin", "end")),
    "video": ("VideoSelection", ("begin", "end")),
    "transcript": ("TranscriptSelection", ("fromSyncPoint", "toSyncPoint")),
    # An arm of a study is no place in a document: its codes go to the source as a whole.
    "arm": ("", ("",)),
    "link": ("", ("",)),
}


def _selection(selection: Selection) -> Iterator[str]:
    element, names = _SELECTIONS[selection.kind]
    places: Iterable[str] = map(str, selection.position)
    if selection.kind == "transcript":
        places = (guid_of(g) for g in selection.sync)
    head = _attributes(
        [
            ("guid", guid_of(selection.guid)),
            ("name", selection.name),
            *zip(names, places, strict=False),
            *_made(selection.user, selection.date),
        ]
    )
    yield f"<{element}{head}>{_described(selection.description)}"
    if selection.kind == "pdf" and selection.quote:
        own = derived_guid(selection.guid, "words")
        yield f'<Representation guid="{own}">{_text("PlainTextContent", selection.quote)}</Representation>'
    yield from _codings(selection.codings)
    yield f"{_notes(selection.notes)}</{element}>"


_VALUES = {
    "Boolean": ("BooleanValue", re.compile(r"true|false|0|1")),
    "Integer": ("IntegerValue", re.compile(r"[+-]?\d+")),
    "Float": ("FloatValue", re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")),
    "Date": ("DateValue", re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])")),
    "DateTime": ("DateTimeValue", re.compile(_TIME.pattern.replace("3[01]", "30").replace("[12]\\d", "1\\d|2[0-8]"))),
}


def _values(values: Iterable[Value], kinds: dict[str, str]) -> Iterator[str]:
    for value in values:
        element, pattern = _VALUES.get(kinds.get(value.variable, ""), ("TextValue", None))
        if pattern is None or not pattern.fullmatch(value.value):
            element = "TextValue"
        reference = f'<VariableRef targetGUID="{guid_of(value.variable)}"/>'
        yield f"<VariableValue>{reference}{_text(element, value.value)}</VariableValue>"


_SOURCES = {
    "text": "TextSource",
    "pdf": "PDFSource",
    "picture": "PictureSource",
    "audio": "AudioSource",
    "video": "VideoSource",
    "representation": "Representation",
    "description": "TextDescription",
    "transcript": "Transcript",
}
_TEXTUAL = frozenset({"text", "representation", "description", "transcript"})


class _Document:
    """Writes the sources of a project, each with what lies in it."""

    def __init__(self, project: CodedProject) -> None:
        self.kinds = {v.guid: v.kind for v in project.variables}
        self.texts: dict[str, list[Source]] = {}
        self.selections: dict[str, list[Selection]] = {}
        for source in project.sources:
            if source.of:
                self.texts.setdefault(source.of, []).append(source)
        for selection in project.selections:
            self.selections.setdefault(selection.source, []).append(selection)

    def source(self, source: Source) -> Iterator[str]:
        element = _SOURCES[source.kind]
        textual = source.kind in _TEXTUAL
        path = source.path
        if textual and source.inline and source.text is not None:
            path = ""
        elif textual and source.text is not None:
            path = f"internal://{guid_of(source.guid)}.txt"
        head = _attributes(
            [
                ("guid", guid_of(source.guid)),
                ("name", source.name),
                ("richTextPath" if textual else "", source.rich_path if textual else ""),
                ("plainTextPath" if textual else "path", path),
                *_made(source.user, source.date),
            ]
        )
        yield f"<{element}{head}>{_described(source.description)}"
        if textual and source.inline and source.text is not None:
            yield _text("PlainTextContent", source.text)
        for point in source.sync_points:
            yield "<SyncPoint{}/>".format(
                _attributes(
                    [
                        ("guid", guid_of(point.guid)),
                        ("timeStamp", "" if point.milliseconds is None else str(point.milliseconds)),
                        ("position", "" if point.position is None else str(point.position)),
                    ]
                )
            )
        selections = self.selections.get(source.guid, [])
        whole = list(source.codings)
        placed = []
        for selection in selections:
            if selection.kind == "transcript" or len(selection.position) == len(_SELECTIONS[selection.kind][1]):
                placed.append(selection)
            else:
                # A passage without a place is not valid: its codes go to the source as a whole.
                whole += selection.codings
        texts = self.texts.get(source.guid, [])
        # The schema wants a PDF's passages before its text, and other sources' texts first.
        parts: list[Iterator[str]] = [self.source(t) for t in texts]
        passages: list[Iterator[str]] = [_selection(s) for s in placed]
        for part in passages + parts if source.kind == "pdf" else parts + passages:
            yield from part
        if source.kind != "transcript":
            yield from _codings(whole)
        yield _notes(source.notes)
        if source.kind != "transcript":
            yield from _values(source.values, self.kinds)
        yield f"</{element}>"


def code_tree(codes: Iterable[Code], notes: bool = True) -> Iterator[str]:
    """Yield the XML of a code tree, parents around children, without recursion."""
    children: dict[str, list[Code]] = {}
    listed = list(codes)
    known = {c.guid for c in listed}
    for code in listed:
        children.setdefault(code.parent if code.parent in known else "", []).append(code)
    stack: list[Code | str] = list(reversed(children.get("", [])))
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
            continue
        head = _attributes(
            [
                ("guid", guid_of(item.guid)),
                ("name", item.name),
                ("isCodable", "true" if item.codable else "false"),
                ("color", item.color if _COLOR.fullmatch(item.color) else ""),
            ]
        )
        if not item.name:
            head += ' name=""'
        yield f"<Code{head}>{_described(item.description)}{_notes(item.notes) if notes else ''}"
        stack.append("</Code>")
        stack += reversed(children.get(item.guid, []))


def _case(case: Case, kinds: dict[str, str]) -> Iterator[str]:
    yield f"<Case{_attributes([('guid', guid_of(case.guid)), ('name', case.name)])}>{_described(case.description)}"
    yield from (f'<CodeRef targetGUID="{guid_of(g)}"/>' for g in case.codes)
    yield from _values(case.values, kinds)
    yield from (f'<SourceRef targetGUID="{guid_of(g)}"/>' for g in case.sources)
    yield from (f'<SelectionRef targetGUID="{guid_of(g)}"/>' for g in case.selections)
    yield "</Case>"


def group_element(group: Group, codebook: bool = False) -> str:
    """Return a set as XML; a codebook's members are named by another attribute than a project's."""
    head = _attributes([("guid", guid_of(group.guid))]) + f" name={quoteattr(_NOT_XML.sub(' ', group.name))}"
    members = "".join(f'<MemberCode {"guid" if codebook else "targetGUID"}="{guid_of(g)}"/>' for g in group.codes)
    members += "".join(f'<MemberSource targetGUID="{guid_of(g)}"/>' for g in group.sources)
    members += "".join(f'<MemberNote targetGUID="{guid_of(g)}"/>' for g in group.notes)
    return f"<Set{head}>{_described(group.description)}{members}</Set>"


def _note(note: Note) -> str:
    head = _attributes([("guid", guid_of(note.guid)), ("name", note.name), *_made(note.user, note.date)])
    return f"<Note{head}>{_described(note.description)}{_text('PlainTextContent', note.text)}</Note>"


_VERTEX = ["guid", "representedGUID", "name", "firstX", "firstY", "secondX", "secondY", "shape", "color"]
_EDGE = ["guid", "representedGUID", "name", "sourceVertex", "targetVertex", "color", "direction", "lineStyle"]


def _stroke(element: str, names: list[str], attributes: tuple[tuple[str, str], ...]) -> str:
    values = dict(attributes)
    return f"<{element}{_attributes((name, values.get(name.lower(), '')) for name in names)}/>"


def _xml(project: CodedProject) -> Iterator[str]:
    kinds = {v.guid: v.kind for v in project.variables}
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    name = quoteattr(_NOT_XML.sub(" ", project.name))
    yield f'<Project xmlns="{_NAMESPACE}" name={name}{_attributes([("origin", project.software)])}>'

    def block(element: str, parts: Iterable[str]) -> Iterator[str]:
        # The schema refuses empty lists.
        first = True
        for part in parts:
            if first:
                yield f"<{element}>"
                first = False
            yield part
        if not first:
            yield f"</{element}>\n"

    yield from block(
        "Users", (f"<User{_attributes([('guid', guid_of(u.guid)), ('name', u.name)])}/>" for u in project.users)
    )
    if project.codes:
        yield "<CodeBook><Codes>"
        yield from code_tree(project.codes)
        yield "</Codes></CodeBook>\n"
    yield from block(
        "Variables",
        (
            f"<Variable{_attributes([('guid', guid_of(v.guid))])} name={quoteattr(_NOT_XML.sub(' ', v.name))}"
            f' typeOfVariable="{v.kind if v.kind in _VALUES else "Text"}">{_described(v.description)}</Variable>'
            for v in project.variables
        ),
    )
    yield from block("Cases", (part for c in project.cases for part in _case(c, kinds)))
    document = _Document(project)
    yield from block("Sources", (part for s in project.sources if not s.of for part in document.source(s)))
    yield from block("Notes", (_note(n) for n in project.notes))
    yield from block(
        "Links",
        (
            "<Link{}/>".format(
                _attributes(
                    [
                        ("guid", guid_of(link.guid)),
                        ("name", link.name),
                        (
                            "direction",
                            link.direction if link.direction in ("Associative", "OneWay", "Bidirectional") else "",
                        ),
                        ("originGUID", guid_of(link.origin) if link.origin else ""),
                        ("targetGUID", guid_of(link.target) if link.target else ""),
                    ]
                )
            )
            for link in project.links
        ),
    )
    yield from block("Sets", (group_element(g) for g in project.groups))
    yield from block(
        "Graphs",
        (
            f"<Graph{_attributes([('guid', guid_of(d.guid)), ('name', d.name)])}>"
            + "".join(_stroke("Vertex", _VERTEX, v) for v in d.vertices)
            + "".join(_stroke("Edge", _EDGE, e) for e in d.edges)
            + "</Graph>"
            for d in project.drawings
        ),
    )
    yield _described(project.description)
    yield _notes(project.notes_of_project)
    yield "</Project>\n"


def write_project(project: CodedProject, path: Path) -> list[Path]:
    """Write a coded project as a REFI-QDA archive.

    Parameters
    ----------
    project : CodedProject
        Its sources' texts are written where ``Source.text`` holds them.
    path : Path
        File to write; replaced as a whole or not at all. The same project gives the same bytes.

    Returns
    -------
    list of Path
        The file written.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(_member("project.qde"), "w") as stream:
            for part in _xml(project):
                stream.write(part.encode("utf-8"))
        for source in project.sources:
            if source.kind in _TEXTUAL and source.text is not None and not source.inline:
                # A text that begins with U+FEFF gets a mark before it: readers take off the first.
                text = "\ufeff" + source.text if source.text.startswith("\ufeff") else source.text
                archive.writestr(_member(f"sources/{guid_of(source.guid)}.txt"), text.encode("utf-8", "replace"))
    write_whole(path, buffer.getvalue())
    return [path]


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


# --- from a review -------------------------------------------------------------------------------


def _roles_of(records: Records) -> dict[str, list[str]]:
    """Return for each concept the roles it needs a code in, in the order of ROLES, with theme and none last."""
    order = [*ROLES, "theme", ""]
    roles: dict[str, set[str]] = {c.id: {c.listed_as or ""} for c in records.concepts}
    for extraction in records.extractions:
        for role in ROLES:
            for coded in extraction.codes(role):
                roles.setdefault(coded, set()).add(role)
        if extraction.theme:
            roles.setdefault(extraction.theme, set()).add("theme")
    by_id = {c.id: c for c in records.concepts}
    for concept in records.concepts:
        # A code can only be nested where its broader code is: that one gets the role too.
        seen = {concept.id}
        above = _broader(concept, by_id)
        while above and above not in seen:
            roles[above] |= roles[concept.id]
            seen.add(above)
            above = _broader(by_id[above], by_id)
    return {c: sorted(r, key=order.index) for c, r in roles.items()}


def _broader(concept: Concept, by_id: dict[str, Concept]) -> str:
    """Return the one broader concept that a tree can show: the first that leads to no circle."""
    for candidate in concept.broader:
        seen = {concept.id}
        todo = [candidate]
        while todo:
            current = todo.pop()
            if current == concept.id:
                break
            if current in by_id and current not in seen:
                seen.add(current)
                todo += by_id[current].broader
        else:
            if candidate in by_id:
                return candidate
    return ""


_HEADINGS = {role: role.capitalize() + "s" for role in (*ROLES, "theme")}


def project_of(records: Records) -> tuple[CodedProject, Mapping]:
    """Return a review as a coded project, and the mapping that turns it back.

    Parameters
    ----------
    records : Records

    Returns
    -------
    tuple of (CodedProject, Mapping)
        GUIDs are made from the review's ids, so the same review always gives the same ones.
    """
    base = records.review.id

    def guid(*parts: str) -> str:
        return derived_guid(base, *parts)

    mapping = Mapping(review=base, title=records.review.title)
    codes = _codes(records, guid, mapping)
    users = []
    for person in records.people:
        users.append(User(guid("person", person.id), person.name or person.id))
        mapping.coders[users[-1].guid] = person.id
    variables = _variables(records, guid)
    sources, selections, notes = [], [], []
    by_article: dict[str, list[Extraction]] = {}
    for extraction in records.extractions:
        by_article.setdefault(extraction.article, []).append(extraction)
    for article in records.articles:
        own = guid("article", article.id)
        mapping.sources[own] = article.id
        text = ""
        for extraction in by_article.get(article.id, ()):
            quote = extraction.quote or ""
            place = (len(text), len(text) + len(quote))
            text += quote + "\n\n"
            made, note = _passage(extraction, own, place, guid, mapping)
            if made.codings:
                selections.append(made)
                notes += note
        values = tuple(Value(guid("variable", name), value) for name, value in _described_by(article))
        sources.append(
            Source(
                own,
                article.title or article.id,
                path=f"internal://{own}.txt",
                resolved=True,
                length=len(text),
                text=text,
                values=values,
            )
        )
    project = CodedProject(
        name=records.review.title,
        software=_SOFTWARE,
        users=tuple(users),
        codes=tuple(codes),
        sources=tuple(sources),
        selections=tuple(selections),
        variables=tuple(variables),
        notes=tuple(notes),
    )
    return project, mapping


_Guid = Callable[..., str]


def _codes(records: Records, guid: _Guid, mapping: Mapping) -> list[Code]:
    codes: list[Code] = []
    by_id = {c.id: c for c in records.concepts}
    roles = _roles_of(records)
    for role in (*ROLES, "theme", ""):
        members = [c for c in records.concepts if role in roles[c.id]]
        if not members:
            continue
        heading = ""
        if role:
            heading = guid("role", role)
            codes.append(Code(heading, _HEADINGS[role], codable=False))
            mapping.roles[heading] = role
        placed: set[str] = set()
        while len(placed) < len(members):
            # Parents before children; each round places one level of the tree.
            for concept in members:
                above = _broader(concept, by_id)
                if concept.id in placed or (above and above not in placed):
                    continue
                placed.add(concept.id)
                own = guid("concept", concept.id, role)
                parent = guid("concept", above, role) if above else heading
                codes.append(Code(own, concept.label, parent, concept.definition or ""))
                mapping.codes[own] = concept.id
                given = roles[concept.id][0] if len(roles[concept.id]) == 1 else ""
                if given != (concept.listed_as or ""):
                    mapping.kinds[own] = concept.listed_as or ""
    for word in _WORDS:
        used = sorted({v for e in records.extractions if (v := getattr(e, word))})
        if used:
            heading = guid("role", word)
            codes.append(Code(heading, word.capitalize(), codable=False))
            mapping.roles[heading] = word
            for value in used:
                codes.append(Code(guid("word", word, value), value, heading))
                mapping.words[codes[-1].guid] = value
    return codes


def _described_by(article: Article) -> Iterator[tuple[str, str]]:
    for column in SHEETS["articles"].columns:
        value = getattr(article, column.field)
        if value is not None and column.name not in ("id", "phase"):
            yield column.name, str(value)
    yield from article.attributes


def _variables(records: Records, guid: _Guid) -> list[Variable]:
    names = sorted({name for article in records.articles for name, _ in _described_by(article)})
    return [Variable(guid("variable", name), name) for name in names]


def _passage(
    extraction: Extraction, source: str, place: tuple[int, int], guid: _Guid, mapping: Mapping
) -> tuple[Selection, list[Note]]:
    user = guid("person", extraction.coder) if extraction.coder else ""
    date = f"{extraction.date}T00:00:00Z" if extraction.date and len(extraction.date) == 10 else ""
    codes = [guid("concept", c, role) for role in ROLES for c in extraction.codes(role)]
    if extraction.theme:
        codes.append(guid("concept", extraction.theme, "theme"))
    codes += [guid("word", word, v) for word in _WORDS if (v := getattr(extraction, word))]
    codings = tuple(Coding(guid("coding", extraction.id, code), code, user, date) for code in codes)
    if codings:
        mapping.extractions[min(c.guid for c in codings)] = extraction.id
    notes = [Note(guid("note", extraction.id), extraction.id, extraction.note)] if extraction.note else []
    selection = Selection(
        guid("extraction", extraction.id),
        source,
        "text",
        place,
        extraction.locator or "",
        extraction.quote,
        user=user,
        date=date,
        codings=codings,
        notes=tuple(n.guid for n in notes),
    )
    return selection, notes


def carried(records: Records) -> Records:
    """Return what of `records` a REFI-QDA project holds: what reading the written file gives back.

    Articles but for their phase; concepts with label, definition, kind and one broader concept; extractions that
    code anything, without phase and the extractions they derive from; people's names. Themes reported, appraisals,
    configurations, theories, claims, changes, expectations, flow and figures have no place in the format.
    """
    by_id = {c.id: c for c in records.concepts}
    extractions = []
    for extraction in records.extractions:
        if any(extraction.codes(r) for r in ROLES) or any(getattr(extraction, w) for w in ("theme", *_WORDS)):
            date = extraction.date if extraction.date and len(extraction.date) == 10 else None
            update = {"phase": None, "derived_from": (), "attributes": (), "date": date}
            extractions.append(extraction.model_copy(update=update))
    return Records(
        review=Review(id=records.review.id, title=records.review.title),
        people=tuple(Person(id=p.id, name=p.name if p.name != p.id else None) for p in records.people),
        articles=tuple(a.model_copy(update={"phase": None}) for a in records.articles),
        concepts=tuple(
            Concept(
                id=c.id,
                label=c.label,
                definition=c.definition,
                listed_as=c.listed_as,
                broader=(above,) if (above := _broader(c, by_id)) else (),
            )
            for c in records.concepts
        ),
        extractions=tuple(extractions),
    ).ordered()


def write(records: Records, path: Path) -> list[Path]:
    """Write a review as a REFI-QDA project, with the mapping that turns it back beside it.

    Parameters
    ----------
    records : Records
    path : Path
        The ``.qdpx`` file; ``<path>.mapping.toml`` is written too.

    Returns
    -------
    list of Path
        The files written. :func:`carried` says what they hold of the review.
    """
    project, mapping = project_of(records)
    beside = path.with_name(path.name + ".mapping.toml")
    return [*write_project(project, path), write_whole(beside, mapping.to_toml())]


PART = Writer(
    name="qdpx",
    title="REFI-QDA project",
    description="For NVivo, ATLAS.ti, MAXQDA, QualCoder: articles as sources made of their quotes, concepts as codes.",
    suffix=".qdpx",
    write=write,
)
